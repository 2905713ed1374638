/*
 * table_regex.c - regular expressions: from the pattern to its program.
 *
 * One walk over the pattern writes the program behind it.  What comes to stand
 * ahead of something that is there already (ALT, OPT, PLUS) moves that up; this
 * costs nothing but time, since all distances are relative.  The x of a GROUP
 * still open is where the one around it is.
 */
#include <string.h>

#include "table_regex_int.h"

#define COUNT_MAX	255	/* POSIX: RE_DUP_MAX */
#define COUNT_ANY	(COUNT_MAX + 1)
#define NO_ATOM		REGEX_WORDS_MAX
#define TOO_LARGE	"the pattern is too large"

struct compiler {
	const char *p;			/* the rest of the pattern */
	const char *why;		/* what is wrong; NULL: nothing yet */
	struct regex *re;
	struct regex_word *word;
	unsigned n, atom;		/* words; what could be repeated */
	unsigned open, depth;		/* the innermost open GROUP */
	bool is_basic;
};

static void
refuse(struct compiler *c, const char *why)
{
	if (c->why == NULL)
		c->why = why;
}

/*
 * Makes room for n words at `at`, and fills the first.  If there is none, the
 * caller may still write to them: see REGEX_ROOM_WORDS.
 */
static void
insert(struct compiler *c, unsigned at, unsigned n, unsigned op, unsigned ch)
{
	struct regex_word *w = c->word + at;

	if (n > REGEX_WORDS_MAX - c->n) {
		refuse(c, TOO_LARGE);
		return;
	}
	memmove(w + n, w, (c->n - at) * sizeof(*w));
	memset(w, 0, n * sizeof(*w));
	*w = (struct regex_word){ .op = (uint8_t)op, .c = (uint8_t)ch };
	c->n += n;
}

static void
emit(struct compiler *c, unsigned op, unsigned ch)
{
	c->atom = c->n;
	insert(c, c->n, 1, op, ch);
}

/* From the word at `at` to the end. */
static void
reach(struct compiler *c, unsigned at)
{
	c->word[at].x = (uint16_t)(c->n - at);
}

/* ---- sets ---------------------------------------------------------------- */

static void
set_add(uint8_t *set, unsigned from, unsigned to)
{
	for (; from <= to; from++)
		set[from / 8] |= (uint8_t)(1u << from % 8);
}

/* Names, each followed by its ranges. */
static const char classes[] = "alnum\0" "09AZaz\0" "alpha\0" "AZaz\0"
	"blank\0" "\t\t  \0" "cntrl\0" "\1\x1f\x7f\x7f\0" "digit\0" "09\0"
	"graph\0" "!~\0" "lower\0" "az\0" "print\0" " ~\0"
	"punct\0" "!/:@[`{~\0" "space\0" "\t\r  \0" "upper\0" "AZ\0"
	"xdigit\0" "09AFaf\0";

/* false: there is no such class. */
static bool
set_add_class(uint8_t *set, struct span name)
{
	for (const char *s = classes; *s != '\0'; s += strlen(s) + 1) {
		bool is_it = span_is(name, s);

		for (s += strlen(s) + 1; is_it; s += 2) {
			if (*s == '\0')
				return true;
			set_add(set, (uint8_t)s[0], (uint8_t)s[1]);
		}
	}
	return false;
}

/* Case is folded first, as everybody does: /[^a]/i does not fit A. */
static void
set_finish(struct compiler *c, uint8_t *set, bool is_not)
{
	if (c->re->flags & REGEX_FOLD) {
		/* 'A' and 'a' are bit 1 of octets 8 and 12, 'Z' bit 2. */
		for (unsigned ch = 'A'; ch <= 'Z'; ch++) {
			uint8_t both = (uint8_t)((set[ch / 8] |
				set[ch / 8 + 4]) & 1u << ch % 8);

			set[ch / 8] |= both;
			set[ch / 8 + 4] |= both;
		}
	}
	for (unsigned i = 0; is_not && i < SET_WORDS * 4; i++)
		set[i] = (uint8_t)~set[i];
	if (is_not && c->re->flags & REGEX_LINES)
		set['\n' / 8] &= (uint8_t)~(1u << '\n' % 8);
}

/* Where the bits of a new set are. */
static uint8_t *
set_start(struct compiler *c)
{
	c->atom = c->n;
	insert(c, c->n, 1 + SET_WORDS, SET, 0);
	return (uint8_t *)(c->word + c->atom + 1);
}

/* A character in brackets, or [.x.] or [=x=]. */
static unsigned
element(struct compiler *c)
{
	const char *p = c->p;
	bool is_named = p[0] == '[' && (p[1] == '.' || p[1] == '=');

	if (!is_named) {
		c->p += *p != '\0';
		return (uint8_t)*p;
	}
	if (p[2] == '\0' || p[3] != p[1] || p[4] != ']') {
		refuse(c, "the pattern has [. or [= with more than a "
			"character");
		return 0;
	}
	c->p += 5;
	return (uint8_t)p[2];
}

/* What stands between brackets: a class, a range or a character. */
static void
bracket_term(struct compiler *c, uint8_t *set, bool is_first)
{
	const char *p = c->p;
	unsigned from, to;

	if (p[0] == '[' && p[1] == ':') {
		size_t n = strcspn(p + 2, ":");

		if (p[n + 2] == '\0' || p[n + 3] != ']' ||
		    !set_add_class(set, (struct span){ p + 2, n }))
			refuse(c, "the pattern has an unknown [:class:]");
		else
			c->p += n + 4;
		return;
	}
	from = to = element(c);
	if (c->p[0] == '-' && c->p[1] != ']' && c->p[1] != '\0') {
		c->p++;
		to = element(c);
	}
	/* [a-z-9] is no range, nor is it anything else. */
	if (to < from || (from == '-' && p[0] == '-' && !is_first &&
	    p[1] != ']' && to == from))
		refuse(c, "the pattern has a bad range in brackets");
	set_add(set, from, to);
}

static void
bracket(struct compiler *c)
{
	uint8_t *set = set_start(c);
	bool is_not = *c->p == '^';
	const char *start = c->p += is_not;

	while (c->why == NULL && (*c->p != ']' || c->p == start)) {
		if (*c->p == '\0')
			refuse(c, "the pattern has an open [");
		else
			bracket_term(c, set, c->p == start);
	}
	c->p++;
	set_finish(c, set, is_not);
}

/* ---- one character ------------------------------------------------------- */

static void
literal(struct compiler *c, char ch)
{
	bool is_letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
	unsigned other = (uint8_t)ch;

	emit(c, CHAR, other);
	if (is_letter && c->re->flags & REGEX_FOLD)
		other ^= 32;
	c->word[c->atom].x = (uint16_t)other;
}

/* Something that takes no text, and is not repeated. */
static void
anchor(struct compiler *c, unsigned op)
{
	emit(c, op, 0);
	c->atom = NO_ATOM;
}

/* \w and its like: a class, or all others. */
static void
class_letter(struct compiler *c, char ch)
{
	uint8_t *set = set_start(c);
	char letter = (char)(ch | 32);

	(void)set_add_class(set, letter == 'w' ? SPAN("alnum") :
		letter == 's' ? SPAN("space") : SPAN("digit"));
	if (letter == 'w')
		set_add(set, '_', '_');
	set_finish(c, set, ch != letter);
}

/* Behind a backslash. */
static void
escape(struct compiler *c)
{
	static const char anchors[] = "<>bB", letters[] = "tnrfae",
		meant[] = "\t\n\r\f\a\033";
	char ch = *c->p++;
	const char *at;

	if (ch == '\0') {
		refuse(c, "the pattern ends with a backslash");
	} else if (ch >= '1' && ch <= '9') {
		if (ch - '0' > c->re->groups)
			refuse(c, "the pattern refers to a group that is not "
				"there");
		c->re->flags |= REGEX_REFERS;
		emit(c, BACK, (unsigned)(ch - '0'));
	} else if ((at = strchr(anchors, ch)) != NULL) {
		anchor(c, WORD_START + (unsigned)(at - anchors));
	} else if (strchr("wWsSdD", ch) != NULL) {
		class_letter(c, ch);
	} else {
		at = strchr(letters, ch);
		literal(c, at != NULL ? meant[at - letters] : ch);
	}
}

/* ---- what is made of several --------------------------------------------- */

static void
open_group(struct compiler *c)
{
	unsigned around = c->open;

	if (c->re->groups == UINT8_MAX || c->depth++ == REGEX_DEPTH_MAX)
		refuse(c, "the pattern has too many parentheses");
	c->open = c->n;
	emit(c, GROUP, c->n > 0 ? ++c->re->groups : 0);
	c->word[c->open].x = (uint16_t)around;
	c->atom = NO_ATOM;
}

/* Where the last branch of the open group begins; ends the others, if asked. */
static unsigned
last_branch(struct compiler *c, bool ends)
{
	unsigned at = c->open + 1;

	while (at < c->n && c->word[at].op == ALT) {
		at += c->word[at].x;
		if (ends)
			reach(c, at - 1);
	}
	return at;
}

static void
close_group(struct compiler *c)
{
	unsigned around = c->word[c->open].x;

	(void)last_branch(c, true);
	emit(c, CLOSE, c->word[c->open].c);
	reach(c, c->open);
	c->atom = c->open;
	c->open = around;
	c->depth--;
}

static void
next_branch(struct compiler *c)
{
	unsigned at = last_branch(c, false);

	insert(c, at, 1, ALT, 0);
	emit(c, JUMP, 0);
	reach(c, at);
	c->atom = NO_ATOM;
}

/* `most` may be COUNT_ANY. */
static void
repeat(struct compiler *c, unsigned least, unsigned most)
{
	unsigned at = c->atom, n = c->n - at;
	unsigned times = most < COUNT_ANY ? most : least > 0 ? least : 1;
	unsigned first = at + (least == 0), last = first;

	if (times == 0) {
		c->n = at;
		return;
	}
	/* All that comes below, or more. */
	if (times * (n + 1) + 3 > REGEX_WORDS_MAX - c->n + n) {
		refuse(c, TOO_LARGE);
		return;
	}
	if (least == 0)
		insert(c, at, 1, OPT, 0);
	for (unsigned i = 1; i < times; i++) {
		if (i >= least)
			insert(c, c->n, 1, OPT, 1);
		last = c->n;
		memcpy(c->word + last, c->word + first, n * sizeof(*c->word));
		c->n += n;
	}
	if (most == COUNT_ANY) {
		insert(c, last, 1, PLUS, 0);
		insert(c, c->n, 1, LOOP, 0);
		c->word[c->n - 1].x = (uint16_t)(last + 2 - c->n);
		reach(c, last);
	}
	last = at + least * n;
	for (unsigned i = least; i < times; i++, last += n + 1)
		reach(c, last);
	if (times > 1) {
		insert(c, at, 1, PART, 0);
		reach(c, at);
	}
}

/* A number, or `none` where there is no digit. */
static unsigned
count(struct compiler *c, unsigned none)
{
	unsigned n = 0;
	const char *start = c->p;

	while (*c->p >= '0' && *c->p <= '9' && n <= COUNT_MAX)
		n = n * 10 + (unsigned)(*c->p++ - '0');
	return c->p == start ? none : n;
}

/* Behind a {. */
static void
repeat_counted(struct compiler *c)
{
	const char *start = c->p;
	unsigned least = count(c, 0), most = least;
	bool is_bad = c->p == start && *start != ',';

	if (*c->p == ',') {
		c->p++;
		most = count(c, COUNT_ANY);
		is_bad |= most == COUNT_ANY && c->p[-1] != ',';
	}
	c->p += c->is_basic && *c->p == '\\';
	is_bad |= least > COUNT_MAX || most > COUNT_ANY || most < least;
	if (is_bad || *c->p++ != '}' || (c->is_basic && c->p[-2] != '\\'))
		refuse(c, "the pattern has a bad {count}; at most 255");
	else
		repeat(c, least, most);
}

/* ---- the pattern --------------------------------------------------------- */

/* The operator that the pattern goes on with, taken off it; or 0. */
static char
operator(struct compiler *c)
{
	bool is_quoted = *c->p == '\\';
	char ch = c->p[is_quoted];
	bool is_one = ch == '*' ? !is_quoted && (!c->is_basic ||
		c->atom != NO_ATOM) : ch != '\0' &&
		strchr("()|{+?", ch) != NULL && is_quoted == c->is_basic;

	/* A lonely ) of an extended one is a character. */
	if (!is_one || (ch == ')' && c->open == 0 && !c->is_basic))
		return '\0';
	c->p += 1 + is_quoted;
	return ch;
}

static void
operate(struct compiler *c, char op)
{
	if (op == '(')
		open_group(c);
	else if (op == ')' && c->open == 0)
		refuse(c, "the pattern has a ) without (");
	else if (op == ')')
		close_group(c);
	else if (op == '|')
		next_branch(c);
	else if (c->atom == NO_ATOM)
		refuse(c, "nothing to repeat ahead of * + ? or {");
	else if (op == '{')
		repeat_counted(c);
	else
		repeat(c, op == '+', op == '?' ? 1 : COUNT_ANY);
}

/* Basic ones know anchors at the ends of a branch only. */
static bool
ends_branch(const char *p)
{
	return p[0] == '\0' || (p[0] == '\\' && (p[1] == ')' || p[1] == '|'));
}

static void
atom(struct compiler *c)
{
	char ch = *c->p++;

	if (ch == '[')
		bracket(c);
	else if (ch == '\\')
		escape(c);
	else if (ch == '.')
		emit(c, ANY, 0);
	else if (ch == '^' && (!c->is_basic || c->n == last_branch(c, false)))
		anchor(c, LINE_START);
	else if (ch == '$' && (!c->is_basic || ends_branch(c->p)))
		anchor(c, LINE_END);
	else
		literal(c, ch);
}

const char *
regex_compile(struct regex_room *room, const char *pattern, unsigned flags)
{
	struct compiler c = {
		.p = pattern,
		.re = &room->re,
		.word = room->word,
		.is_basic = !(flags & REGEX_EXTENDED),
	};

	room->re = (struct regex){ .flags = (uint8_t)flags };
	open_group(&c);
	while (c.why == NULL && *c.p != '\0') {
		char op = operator(&c);

		if (op != '\0')
			operate(&c, op);
		else
			atom(&c);
	}
	if (c.open > 0)
		refuse(&c, "the pattern has an open (");
	if (c.why == NULL)
		close_group(&c);
	room->re.words = (uint16_t)c.n;
	return c.why;
}

size_t
regex_bytes(const struct regex *re)
{
	return sizeof(*re) + re->words * sizeof(struct regex_word);
}
