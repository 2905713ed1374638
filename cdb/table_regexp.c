/*
 * table_regexp.c - rules of POSIX regular expressions, as musl has them.
 *
 * Without a locale they work on octets.  musl allocates for compiling and for
 * matching, from the one heap of the process that port/ bounds, so compiled
 * patterns are kept only as long as there is plenty left.
 */
#include <string.h>

#include "port.h"
#include "table_match_int.h"

/* Octets that must stay free when a pattern is kept. */
#define HEAP_RESERVE	((size_t)96 * 1024)

/* ---- reading a rule ------------------------------------------------------ */

/* Behind a bracket expression that begins at p[i]; or the end. */
static size_t
skip_brackets(const char *p, size_t i)
{
	i++;
	if (p[i] == '^')
		i++;
	if (p[i] == ']')
		i++;
	while (p[i] != '\0' && p[i] != ']') {
		char kind = p[i + 1];
		bool is_class = kind == ':' || kind == '.' || kind == '=';

		if (p[i] != '[' || !is_class) {
			i++;
			continue;
		}
		for (i += 2; p[i] != '\0' && (p[i] != kind || p[i + 1] != ']');)
			i++;
		if (p[i] != '\0')
			i += 2;
	}
	return p[i] != '\0' ? i + 1 : i;
}

/*
 * In extended expressions musl takes \1 for the letter 1, where others refer
 * to the first group.  Nobody means the letter.
 */
static bool
refers_back(const char *p)
{
	size_t i = 0;

	while (p[i] != '\0') {
		if (p[i] == '[') {
			i = skip_brackets(p, i);
		} else if (p[i] == '\\' && p[i + 1] != '\0') {
			if (p[i + 1] >= '1' && p[i + 1] <= '9')
				return true;
			i += 2;
		} else {
			i++;
		}
	}
	return false;
}

/* i and x switch off what is on without them. */
static const char *
take_flags(struct span *rest, int *flags)
{
	size_t i;

	*flags = REG_EXTENDED | REG_ICASE;
	for (i = 0; i < rest->n; i++) {
		char c = rest->p[i];

		if (c == ' ' || c == '\t')
			break;
		if (c != 'i' && c != 'm' && c != 'x')
			return "an unknown flag behind the pattern";
		*flags ^= c == 'i' ? REG_ICASE : c == 'm' ? REG_NEWLINE :
			REG_EXTENDED;
	}
	*rest = span_trim(span_part(*rest, i, rest->n));
	return NULL;
}

/* `/pattern/flags result`; any other character may divide. */
static const char *
parse(struct buf *line, struct rule *r)
{
	struct span rest = buf_span(line);
	const char *why = rules_word(&rest, r);
	size_t end;

	if (why != NULL || r->kind == RULE_ENDIF)
		return why;
	if (r->kind == RULE_MATCH && ((rest.p[0] >= 'a' && rest.p[0] <= 'z') ||
	    (rest.p[0] >= 'A' && rest.p[0] <= 'Z') ||
	    (rest.p[0] >= '0' && rest.p[0] <= '9')))
		return "neither a /pattern/ nor if or endif";
	for (end = 1; end < rest.n && rest.p[end] != rest.p[0]; end++)
		if (rest.p[end] == '\\')
			end++;
	if (end >= rest.n)
		return "the pattern does not end";
	line->p[(size_t)(rest.p - line->p) + end] = '\0';
	r->pattern = rest.p + 1;
	rest = span_part(rest, end + 1, rest.n);
	why = take_flags(&rest, &r->flags);
	r->result = rest;
	return why;
}

/* ---- results ------------------------------------------------------------- */

static bool
is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_';
}

/*
 * Takes what follows a `$` off *rest: `$`, `1`, `{1}` or `(1)`.  *group is 0
 * for `$`.  false: neither.
 */
static bool
take_group(struct span *rest, uint64_t *group)
{
	char open = rest->n > 0 ? rest->p[0] : '\0';
	bool is_closed = open == '{' || open == '(';
	size_t n = is_closed;
	struct span name;

	*group = 0;
	if (open == '$') {
		*rest = span_part(*rest, 1, rest->n);
		return true;
	}
	while (n < rest->n && is_name_char(rest->p[n]))
		n++;
	name = span_part(*rest, is_closed, n - is_closed);
	if (is_closed && (n == rest->n || rest->p[n++] !=
	    (open == '{' ? '}' : ')')))
		return false;
	*rest = span_part(*rest, n, rest->n);
	return span_number(name, GROUPS_MAX, group) && *group > 0;
}

static void
put_group(struct buf *b, const struct subject *s, size_t group)
{
	regmatch_t m = s->group[group];

	if (m.rm_so >= 0)
		buf_put(b, (struct span){ s->text + m.rm_so,
			(size_t)(m.rm_eo - m.rm_so) });
}

/* Without subject: only looks how many groups the result wants. */
static bool
put_result(struct span text, const struct subject *s, struct buf *b,
	size_t *groups)
{
	uint64_t group;

	*groups = 0;
	while (text.n > 0) {
		size_t n = span_find(text, '$');

		if (s != NULL)
			buf_put(b, span_part(text, 0, n));
		if (n == text.n)
			break;
		text = span_part(text, n + 1, text.n);
		if (!take_group(&text, &group))
			return false;
		if (s != NULL && group == 0)
			buf_putc(b, '$');
		else if (s != NULL)
			put_group(b, s, (size_t)group);
		if (group > *groups)
			*groups = (size_t)group;
	}
	return true;
}

static void
result(const struct rule *r, const struct subject *s, struct buf *value)
{
	size_t groups;

	(void)put_result(r->result, s, value, &groups);
}

/* ---- patterns ------------------------------------------------------------ */

/* regerror() would bring all of printf with it. */
static const char *
trouble(int error)
{
	switch (error) {
	case REG_ESPACE: return "no memory for the pattern";
	case REG_EBRACK: return "the pattern has an open [";
	case REG_EPAREN: return "the pattern has an open ( or )";
	case REG_EBRACE:
	case REG_BADBR: return "the pattern has a bad {count}; at most 255";
	case REG_BADRPT: return "nothing to repeat ahead of * + ? or {";
	default: return "the pattern is malformed";
	}
}

/* 0, or an error of regcomp(). */
static int
compile(const struct rule *r, regex_t *re)
{
	bool has_groups = r->kind == RULE_MATCH && !r->is_not &&
		span_find(r->result, '$') < r->result.n;

	return regcomp(re, r->pattern, r->flags | (has_groups ? 0 :
		REG_NOSUB));
}

/* The slot of a rule, if it has one. */
static struct slot *
slot_of(const struct table *t, const struct rule *r)
{
	return r->number < t->rules->slots ? &t->rules->slot[r->number] : NULL;
}

/* Keeps a compiled pattern, or gives it back. */
static void
keep(const struct table *t, const struct rule *r, regex_t *re)
{
	struct slot *slot = slot_of(t, r);

	if (slot != NULL && port_heap_room() >= HEAP_RESERVE)
		*slot = (struct slot){ .is_used = true, .re = *re };
	else
		regfree(re);
}

static const char *
check(struct table *t, const struct rule *r)
{
	regex_t re;
	size_t groups, wanted = 0;
	int error;

	if (r->flags & REG_EXTENDED && refers_back(r->pattern))
		return "a reference like \\1 in an extended expression: "
		    "use flag x and \\( \\)";
	if (r->kind == RULE_MATCH && !put_result(r->result, NULL, NULL,
	    &wanted))
		return "the result has a $ without a number: "
		    "write ${1}, or $$ for the sign";
	if (wanted > 0 && r->is_not)
		return "$number in the result of a ! rule";
	error = compile(r, &re);
	if (error == REG_ESPACE)
		return NULL;	/* test() will say that nobody can tell */
	if (error != 0)
		return trouble(error);
	groups = re.re_nsub;
	keep(t, r, &re);
	return wanted > groups ?
		"the result wants a group that the pattern lacks" : NULL;
}

static enum rc
run(const struct table *t, const struct rule *r, const regex_t *re,
	struct subject *s)
{
	int n = regexec(re, s->text, COUNT(s->group), s->group, 0);

	if (n != 0 && n != REG_NOMATCH) {
		table_warn(t, "/%s/: %s", r->pattern, trouble(REG_ESPACE));
		return RC_WIRE;
	}
	return (n == 0) != r->is_not ? RC_OK : RC_NONE;
}

static enum rc
test(struct table *t, const struct rule *r, struct subject *s)
{
	struct slot *slot = slot_of(t, r);
	regex_t re;
	enum rc rc;
	int error;

	if (slot != NULL && slot->is_used)
		return run(t, r, &slot->re, s);
	error = compile(r, &re);
	if (error != 0) {
		table_warn(t, "/%s/: %s", r->pattern, trouble(error));
		return RC_WIRE;
	}
	rc = run(t, r, &re, s);
	keep(t, r, &re);
	return rc;
}

static const struct matcher regexp = { parse, check, test, result };

/* Most keys; what is longer, such as a folded header, gets memory once. */
#define KEY_ROOM	1024

/* The key with the NUL that regexec() wants, in `room` or memory of t. */
static const char *
terminated(struct table *t, struct span key, struct buf *room)
{
	struct rules *r = t->rules;
	size_t n = key.n + 1;

	if (n > room->cap && n > r->key_bytes) {
		size_t bytes = n < KEY_ROOM * 16 ? KEY_ROOM * 16 : n * 2;

		r->key_bytes = 0;
		r->key = port_memory(bytes);
		if (r->key == NULL)
			return NULL;
		r->key_bytes = bytes;
	}
	if (n > room->cap)
		buf_init(room, r->key, n);
	buf_put(room, key);
	return buf_text(room);
}

enum rc
regexp_find(struct table *t, struct span key, struct buf *value)
{
	char room[KEY_ROOM];
	struct buf b = BUF(room);
	struct subject s;
	enum rc rc;

	s.text = terminated(t, key, &b);
	if (s.text == NULL)
		return table_fails(t, "no memory for the key");
	rc = rules_find(t, &regexp, &s, value);
	if (s.text != room)
		port_memory_forget(t->rules->key, t->rules->key_bytes);
	return rc;
}
