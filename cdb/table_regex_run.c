/*
 * table_regex_run.c - regular expressions: does the pattern fit, and where?
 *
 * All ways through the program are followed together, octet by octet: a thread
 * is a place in the program, and no place has two.  That finds the whole match.
 * Its groups are found one after the other, each by one more run through the
 * part of the program and the part of the text that are in question: where does
 * the first of two parts that follow each other end; where does the last round
 * of a repetition begin?  Whoever passes from the one part to the other (from
 * round to round) as late as he can wins, since an earlier part that is longer
 * counts for more than all that follows.  So threads are kept in the order of
 * how late they passed, and one that passes goes behind those with which he was
 * on a par.  v is where a thread passed last.
 */
#include <string.h>

#include "table_regex_int.h"

#define UNSET		UINT32_MAX
/* Of patterns with \1: some 10 ms. */
#define STEPS_MAX	500000

struct run {
	struct regex_room *room;
	const struct regex_word *word;
	unsigned flags;
	unsigned n, which;	/* threads, and which of the two lists */
	unsigned to, pass;	/* words: the end, and where they pass */
	bool searches;		/* the longest that begins first */
	bool found;
	bool passes, is_passing;
	uint32_t pos, stop;	/* in the text */
	uint32_t from, end;	/* what was found: v, and its end */
	struct span text;
};

/* What one round of looking for groups is about. */
struct part {
	unsigned at, end;	/* words */
	uint32_t from, to;	/* text */
};

static bool
is_word(const struct run *r, uint32_t pos)
{
	uint8_t c = pos < r->text.n ? (uint8_t)r->text.p[pos] : 0;
	uint8_t letter = c | 32;

	return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
		c == '_';
}

/* Does an anchor hold here?  Before the text, pos - 1 is beyond its end. */
static bool
holds(const struct run *r, unsigned op)
{
	bool before = is_word(r, r->pos - 1), after = is_word(r, r->pos);

	switch (op) {
	case LINE_START:
		return r->pos == 0 || (r->flags & REGEX_LINES &&
			r->text.p[r->pos - 1] == '\n');
	case LINE_END:
		return r->pos == r->text.n || (r->flags & REGEX_LINES &&
			r->text.p[r->pos] == '\n');
	case WORD_START: return !before && after;
	case WORD_END: return before && !after;
	case EDGE: return before != after;
	default: return before == after;
	}
}

static bool
takes(const struct run *r, const struct regex_word *w, uint8_t c)
{
	if (w->op == CHAR)
		return c == w->c || c == w->x;
	if (w->op == SET)
		return ((const uint8_t *)(w + 1))[c / 8] >> c % 8 & 1;
	return w->op == ANY && (c != '\n' || !(r->flags & REGEX_LINES));
}

static unsigned
width(const struct regex_word *w)
{
	return w->op == SET ? 1 + SET_WORDS : 1;
}

static unsigned
target(const struct run *r, unsigned pc)
{
	return pc + (unsigned)(int16_t)r->word[pc].x;
}

/* ---- all ways together --------------------------------------------------- */

static void
put(struct run *r, unsigned pc, uint32_t v)
{
	uint8_t *seen = &r->room->seen[pc / 8], bit = (uint8_t)(1u << pc % 8);

	if (pc == r->pass && !r->is_passing) {
		r->passes = true;
		return;
	}
	if (*seen & bit || (r->found && v > r->from))
		return;
	*seen |= bit;
	if (pc != r->to) {
		r->room->thread[2 * r->n++ + r->which] = (struct regex_thread){
			.pc = (uint16_t)pc, .v = v };
	} else if (r->searches || r->pos == r->stop) {
		r->found = true;
		r->from = v;
		r->end = r->pos;
	}
}

/* Threads from the kth on go where they can without taking text. */
static void
spread(struct run *r, unsigned k)
{
	for (; k < r->n; k++) {
		struct regex_thread t = r->room->thread[2 * k + r->which];
		unsigned op = r->word[t.pc].op;

		if (op >= ALT)
			put(r, target(r, t.pc), t.v);
		if ((op >= CLOSE && op < JUMP) ||
		    (op >= LINE_START && op < CLOSE && holds(r, op)))
			put(r, t.pc + 1u, t.v);
	}
}

/* Those from the kth on are on a par; if one of them passes, he goes behind. */
static void
settle(struct run *r, unsigned k)
{
	spread(r, k);
	if (!r->passes)
		return;
	r->passes = false;
	k = r->n;
	r->is_passing = true;
	put(r, r->pass, r->pos);
	spread(r, k);
	r->is_passing = false;
}

static void
start(struct run *r, unsigned pc, uint32_t v)
{
	unsigned k = r->n;

	r->is_passing = pc == r->pass;
	put(r, pc, v);
	r->is_passing = false;
	settle(r, k);
}

static void
forget(struct run *r)
{
	r->n = 0;
	memset(r->room->seen, 0, r->to / 8 + 1);
}

static void
begin(struct run *r, unsigned pc, uint32_t pos, uint32_t v)
{
	r->pos = pos;
	r->found = false;
	forget(r);
	start(r, pc, v);
}

static void
step(struct run *r)
{
	uint8_t c = (uint8_t)r->text.p[r->pos++];
	unsigned n = r->n, old = r->which, k = 0;

	r->which ^= 1;
	forget(r);
	while (k < n) {
		unsigned first = r->n;
		uint32_t v = r->room->thread[2 * k + old].v;

		for (; k < n && r->room->thread[2 * k + old].v == v; k++) {
			unsigned pc = r->room->thread[2 * k + old].pc;

			if (takes(r, r->word + pc, c))
				put(r, pc + width(r->word + pc), v);
		}
		settle(r, first);
	}
}

/* Do the words of a part take all of its text?  Passing at `pass`: r->from. */
static bool
follow(struct run *r, const struct part *p, unsigned pass)
{
	r->to = p->end;
	r->pass = pass;
	r->stop = p->to;
	begin(r, p->at, p->from, pass > p->at ? UNSET : p->from);
	while (r->pos < r->stop && r->n > 0)
		step(r);
	return r->found;
}

/* The whole match, as r->from and r->end. */
static bool
search(struct run *r, bool is_enough)
{
	bool is_fixed = r->word[1].op == LINE_START &&
		!(r->flags & REGEX_LINES);

	r->searches = true;
	begin(r, 1, 0, 0);
	while (r->pos < r->text.n && !(r->found && is_enough) &&
	    (r->n > 0 || !(r->found || is_fixed))) {
		step(r);
		if (!r->found && !is_fixed)
			start(r, 1, r->pos);
	}
	r->searches = false;
	return r->found;
}

/* ---- groups -------------------------------------------------------------- */

/* The first GROUP in the part, or its end. */
static unsigned
next_group(const struct run *r, const struct part *p)
{
	unsigned at = p->at;

	while (at < p->end && r->word[at].op != GROUP)
		at += width(r->word + at);
	return at;
}

/* A group, and those in it, which may have matched in an earlier round. */
static void
note(const struct run *r, struct part p, struct span *group, size_t n)
{
	unsigned c = r->word[p.at].c;

	if (c < n)
		group[c] = (struct span){ r->text.p + p.from,
			p.to - p.from };
	for (p.at++; (p.at = next_group(r, &p)) < p.end; p.at++)
		if (r->word[p.at].c < n)
			group[r->word[p.at].c].p = NULL;
}

/* A part that is one item becomes what that is about: its last round. */
static void
enter(struct run *r, struct part *p)
{
	const struct regex_word *w = &r->word[p->at++];

	if (w->op == PLUS) {
		if (follow(r, p, p->at))
			p->from = r->from;
		p->end--;
	} else if (w->op == OPT && p->from == p->to &&
	    (w->c != 0 || !follow(r, p, 0))) {
		p->at = p->end;
	}
}

/* Cuts the first item off the part: *p becomes what follows it. */
static struct part
cut(struct run *r, struct part *p)
{
	const struct regex_word *w = r->word + p->at;
	struct part first = *p;

	first.end = p->at + (w->op >= GROUP ? w->x : width(w));
	if (first.end < p->end) {
		if (w->op < GROUP)
			p->from += w->op < LINE_START;
		else if (follow(r, p, first.end))
			p->from = r->from;
		first.to = p->from;
	}
	p->at = first.end;
	return first;
}

static void
find_groups(struct run *r, struct part p, struct span *group, size_t n)
{
	struct part later[REGEX_DEPTH_MAX + 1], rest;
	unsigned depth = 0;

	for (;;) {
		const struct regex_word *w = r->word + p.at;

		if (next_group(r, &p) == p.end) {
			if (depth == 0)
				return;
			p = later[--depth];
			continue;
		}
		rest = p;
		if (w->op == ALT) {
			rest.at++;
			rest.end = p.at + w->x - 1u;
			p.at += w->x;
			if (follow(r, &rest, 0))
				p = rest;
		} else {
			p = cut(r, &rest);
			if (next_group(r, &p) == p.end) {
				p = rest;
				continue;
			}
			if (next_group(r, &rest) < rest.end)
				later[depth++] = rest;
			if (w->op == GROUP)
				note(r, p, group, n);
			enter(r, &p);
		}
	}
}

/* ---- one way after the other: patterns with \1 --------------------------- */

#define GROUPS_MAX	32	/* that are remembered */
#define IS_MARK		0x8000u
#define IS_ROUND	0x4000u

struct walk {
	struct run *r;
	unsigned steps, depth;	/* of what there is to come back to */
	bool is_full;
	uint32_t mark[2 * GROUPS_MAX];	/* of each group: where it is */
	uint32_t best[2 * GROUPS_MAX];
};

/*
 * A place to come back to, with IS_ROUND where LOOP went back; or IS_MARK and
 * what that mark was.
 */
static void
leave(struct walk *w, unsigned pc, uint32_t v)
{
	if (w->depth == COUNT(w->r->room->thread))
		w->is_full = true;
	else
		w->r->room->thread[w->depth++] = (struct regex_thread){
			.pc = (uint16_t)pc, .v = v };
}

static void
mark(struct walk *w, unsigned i, uint32_t v)
{
	if (i >= COUNT(w->mark))
		return;
	leave(w, IS_MARK | i, w->mark[i]);
	w->mark[i] = v;
}

/* Is there what a group matched? */
static bool
repeats(struct walk *w, unsigned group)
{
	struct run *r = w->r;
	uint32_t from = w->mark[2 * group], n = w->mark[2 * group + 1] - from;
	struct span was = span_part(r->text, from, n),
		is = span_part(r->text, r->pos, n);

	if (w->mark[2 * group + 1] == UNSET)
		return false;
	r->pos += n;
	return r->flags & REGEX_FOLD ? span_eq_case(was, is) :
		span_eq(was, is);
}

/* Did the round that ends here take text?  The first need not. */
static bool
advanced(struct walk *w, unsigned pc)
{
	for (unsigned k = w->depth; k-- > 0; w->steps++)
		if (w->r->room->thread[k].pc == (pc | IS_ROUND))
			return w->r->room->thread[k].v != w->r->pos;
	return true;
}

/* One word; false: this way ends here. */
static bool
walk_word(struct walk *w, unsigned *pc)
{
	struct run *r = w->r;
	const struct regex_word *word = r->word + *pc;
	unsigned there = target(r, *pc);

	*pc += width(word);
	switch (word->op) {
	case BACK:
		return repeats(w, word->c);
	case GROUP:
		mark(w, 2u * word->c, r->pos);
		mark(w, 2u * word->c + 1, UNSET);
		return true;
	case CLOSE:
		mark(w, 2u * word->c + 1, r->pos);
		return true;
	case PART:
	case PLUS:
		return true;
	case ALT:
	case OPT:
		leave(w, there, r->pos);
		return true;
	case LOOP:
		if (!advanced(w, *pc))
			return false;
		leave(w, *pc | IS_ROUND, r->pos);
		*pc = there;
		return true;
	case JUMP:
		*pc = there;
		return true;
	default:
		if (word->op >= LINE_START)
			return holds(r, word->op);
		return r->pos < r->text.n && takes(r, word,
			(uint8_t)r->text.p[r->pos++]);
	}
}

/* Back to the last place to come back to; false: there is none. */
static bool
go_back(struct walk *w, unsigned *pc)
{
	while (w->depth > 0) {
		const struct regex_thread *t =
			&w->r->room->thread[--w->depth];

		if (!(t->pc & IS_MARK)) {
			*pc = t->pc & ~IS_ROUND;
			w->r->pos = t->v;
			return true;
		}
		w->mark[t->pc & ~IS_MARK] = t->v;
	}
	return false;
}

/* The longest match that begins at r->pos. */
static bool
walk_from(struct walk *w, unsigned words)
{
	bool found = false;
	unsigned pc = 0;

	memset(w->mark, 0xff, sizeof(w->mark));
	do {
		while (pc < words && walk_word(w, &pc) && !w->is_full)
			w->is_full = ++w->steps > STEPS_MAX;
		if (pc == words && (!found || w->r->pos > w->best[1])) {
			found = true;
			memcpy(w->best, w->mark, sizeof(w->best));
		}
	} while (!w->is_full && go_back(w, &pc));
	return found;
}

static enum rc
walk(struct run *r, unsigned words, struct span *group, size_t n)
{
	struct walk w = { .r = r };
	bool found = false;

	for (uint32_t at = 0; at <= r->text.n && !found && !w.is_full; at++) {
		r->pos = at;
		found = walk_from(&w, words);
	}
	for (size_t i = 0; found && i < n && i < GROUPS_MAX; i++)
		if (w.best[2 * i + 1] != UNSET)
			group[i] = (struct span){ r->text.p + w.best[2 * i],
				w.best[2 * i + 1] - w.best[2 * i] };
	return w.is_full ? RC_FULL : found ? RC_OK : RC_NONE;
}

/* ---- both ---------------------------------------------------------------- */

enum rc
regex_match(struct regex_room *room, const struct regex *re, struct span text,
	struct span *group, size_t n)
{
	struct run r = {
		.room = room,
		.word = (const struct regex_word *)(re + 1),
		.flags = re->flags,
		.to = re->words - 1u,
		.text = text.p != NULL ? text : SPAN(""),
	};

	for (size_t i = 0; i < n; i++)
		group[i] = (struct span){ NULL, 0 };
	if (re->flags & REGEX_REFERS)
		return walk(&r, re->words, group, n);
	if (!search(&r, n == 0))
		return RC_NONE;
	if (n > 0)
		find_groups(&r, (struct part){ 0, re->words, r.from, r.end },
			group, n);
	return RC_OK;
}
