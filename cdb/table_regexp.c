/*
 * table_regexp.c - rules of POSIX regular expressions.
 */
#include <string.h>

#include "port.h"
#include "table_match_int.h"

/* ---- reading a rule ------------------------------------------------------ */

/* i and x switch off what is on without them. */
static const char *
take_flags(struct span *rest, unsigned *flags)
{
	size_t i;

	*flags = REGEX_EXTENDED | REGEX_FOLD;
	for (i = 0; i < rest->n; i++) {
		char c = rest->p[i];

		if (c == ' ' || c == '\t')
			break;
		if (c != 'i' && c != 'm' && c != 'x')
			return "an unknown flag behind the pattern";
		*flags ^= c == 'i' ? REGEX_FOLD : c == 'm' ? REGEX_LINES :
			REGEX_EXTENDED;
	}
	*rest = span_trim(span_tail(*rest, i));
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
	if (r->kind == RULE_MATCH && rules_is_alnum(rest.p[0]))
		return "neither a /pattern/ nor if or endif";
	for (end = 1; end < rest.n && rest.p[end] != rest.p[0]; end++)
		if (rest.p[end] == '\\')
			end++;
	if (end >= rest.n)
		return "the pattern does not end";
	line->p[(size_t)(rest.p - line->p) + end] = '\0';
	r->pattern = rest.p + 1;
	rest = span_tail(rest, end + 1);
	why = take_flags(&rest, &r->flags);
	r->result = rest;
	return why;
}

/* ---- results ------------------------------------------------------------- */

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

	*group = 0;
	if (open == '$') {
		*rest = span_tail(*rest, 1);
		return true;
	}
	while (n < rest->n && (rules_is_alnum(rest->p[n]) || rest->p[n] == '_'))
		n++;
	if (!span_number(span_part(*rest, is_closed, n - is_closed),
	    GROUPS_MAX, group) || *group == 0)
		return false;
	if (is_closed && (n == rest->n || rest->p[n++] !=
	    (open == '{' ? '}' : ')')))
		return false;
	*rest = span_tail(*rest, n);
	return true;
}

/* Without subject: only looks how many groups the result wants. */
static bool
put_result(struct span text, const struct subject *s, struct buf *b,
	size_t *groups)
{
	uint64_t group;

	for (*groups = 0; text.n > 0; ) {
		size_t n = span_find(text, '$');

		if (s != NULL)
			buf_put(b, span_head(text, n));
		if (n == text.n)
			break;
		text = span_tail(text, n + 1);
		if (!take_group(&text, &group))
			return false;
		if (s != NULL)
			buf_put(b, group > 0 ? s->group[group] : SPAN("$"));
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

/*
 * The compiled pattern of a rule, which is kept if there is room.  NULL, or
 * what is wrong.
 */
static const char *
compile(const struct table *t, const struct rule *r, const struct regex **out)
{
	struct rules *p = t->rules;
	uint16_t *known = &p->known[r->number];
	const char *why;
	size_t n;

	if (*known >= RULE_KEPT) {
		*out = (const struct regex *)(p->kept + *known - RULE_KEPT);
		return NULL;
	}
	*out = &p->room.re;
	why = regex_compile(&p->room, r->pattern, r->flags);
	n = regex_bytes(*out) / sizeof(p->kept[0]);
	if (why == NULL && n <= KEPT_WORDS - p->kept_n) {
		memcpy(p->kept + p->kept_n, *out, regex_bytes(*out));
		*known = (uint16_t)(p->kept_n + RULE_KEPT);
		p->kept_n += n;
	}
	return why;
}

static const char *
check(struct table *t, const struct rule *r)
{
	const struct regex *re;
	const char *why;
	size_t wanted = 0;

	if (r->kind == RULE_MATCH && !put_result(r->result, NULL, NULL,
	    &wanted))
		return "the result has a $ without a number: "
		    "write ${1}, or $$ for the sign";
	if (wanted > 0 && r->is_not)
		return "$number in the result of a ! rule";
	why = compile(t, r, &re);
	if (why == NULL && wanted > re->groups)
		why = "the result wants a group that the pattern lacks";
	return why;
}

static enum rc
test(struct table *t, const struct rule *r, struct subject *s)
{
	bool has_groups = r->kind == RULE_MATCH && !r->is_not &&
		span_find(r->result, '$') < r->result.n;
	const struct regex *re;
	enum rc rc;

	if (compile(t, r, &re) != NULL)
		return RC_OS;	/* it was good: the text has just changed */
	rc = regex_match(&t->rules->room, re, s->text, s->group,
		has_groups ? COUNT(s->group) : 0);
	if (rc == RC_FULL) {
		table_warn(t, "/%s/: too many ways to match \\1", r->pattern);
		return RC_WIRE;
	}
	return (rc == RC_OK) != r->is_not ? RC_OK : RC_NONE;
}

static const struct matcher regexp = { parse, check, test, result };

enum rc
regexp_find(struct table *t, struct span key, struct buf *value)
{
	struct subject s;

	s.text = key;
	return rules_find(t, &regexp, &s, value);
}
