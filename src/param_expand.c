/*
 * param_expand.c - the $ forms of values.
 *
 * The house rule against recursion on input is broken here: a value refers to
 * values, and forms stand within forms, so the code that says this as it is
 * beats a stack of our own.  DEPTH_MAX bounds it, and STEPS_MAX what a main.cf
 * that doubles itself at every level can cost.
 */
#include <string.h>

#include "param_int.h"
#include "port.h"
#include "version.h"

#define DEPTH_MAX	40	/* Postfix's defaults need 4 */
#define STEPS_MAX	5000	/* references in one value */
#define SHOWN_MAX	60	/* octets of a form in messages */

struct expand {
	const struct param *p;
	struct buf *out;
	struct buf *why;
	unsigned depth, steps;
};

/* The names that are being replaced, innermost first. */
struct within {
	const struct within *up;
	struct span name;
};

static enum rc put_text(struct expand *x, const struct within *in,
	struct span text);
static enum rc put_name(struct expand *x, const struct within *in,
	struct span name);

static enum rc
deny(struct expand *x, const char *what, struct span form)
{
	buf_fmt(x->why, "%.*s: %s", SPAN_ARG(span_head(form, SHOWN_MAX)),
	    what);
	return RC_DENY;
}

static bool
is_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') ||
	    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static struct span
left_trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_tail(s, 1);
	return s;
}

/* s begins with `open`: index of the bracket that closes it, or s.n. */
static size_t
closing(struct span s, char open, char close)
{
	size_t i, depth = 0;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == open)
			depth++;
		else if (s.p[i] == close && --depth == 0)
			break;
	}
	return i;
}

/* Takes a {text} off *rest; blanks outside the brackets do not count. */
static bool
take_braced(struct span *rest, struct span *text)
{
	struct span s = left_trim(*rest);
	size_t n;

	if (s.n == 0 || s.p[0] != '{')
		return false;
	n = closing(s, '{', '}');
	if (n == s.n)
		return false;
	*text = span_part(s, 1, n - 1);
	*rest = left_trim(span_tail(s, n + 1));
	return true;
}

/* The text behind ? or :, which takes all there is if it has no braces. */
static void
take_branch(struct span *rest, struct span *text)
{
	if (take_braced(rest, text))
		return;
	*text = *rest;
	rest->n = 0;
}

/* rest is `?{one}:{other}`, `?one`, `:{other}` or `:other`. */
static enum rc
choose(struct expand *x, const struct within *in, bool yes, struct span rest)
{
	struct span form = rest, one = SPAN(""), other = SPAN("");

	if (rest.p[0] == '?') {
		rest = span_tail(rest, 1);
		take_branch(&rest, &one);
	}
	if (rest.n > 0 && rest.p[0] == ':') {
		rest = span_tail(rest, 1);
		take_branch(&rest, &other);
	}
	if (rest.n > 0)
		return deny(x, "text behind the closing brace", form);
	return put_text(x, in, yes ? one : other);
}

static int
order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
plain_order(struct span a, struct span b)
{
	uint64_t x, y;
	int d = 0;

	if (span_number(a, UINT64_MAX, &x) && span_number(b, UINT64_MAX, &y))
		return order(x, y);
	if (a.n > 0 && b.n > 0)
		d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return d != 0 ? d : order(a.n, b.n);
}

static bool
release_order(struct span a, struct span b, int *out)
{
	uint64_t x[3], y[3];
	int i, d = 0;

	if (!release_parse(a, x) || !release_parse(b, y))
		return false;
	for (i = 0; i < 3 && d == 0; i++)
		d = order(x[i], y[i]);
	*out = d;
	return true;
}

/* What makes an operator true. */
enum { LESS = 1, EQUAL = 2, MORE = 4, BY_LEVEL = 8 };

/* Takes an operator off *rest; 0: there is none. */
static unsigned
take_operator(struct span *rest)
{
	static const struct {
		char text[3];
		uint8_t holds;
	} all[] = {	/* `<=` ahead of `<` */
		{ "==", EQUAL }, { "!=", LESS | MORE },
		{ "<=", LESS | EQUAL }, { ">=", EQUAL | MORE },
		{ "<", LESS }, { ">", MORE },
	};
	struct span s = left_trim(*rest);
	size_t i;

	for (i = 0; i < COUNT(all); i++) {
		if (!span_starts_case(s, all[i].text))
			continue;
		s = span_tail(s, strlen(all[i].text));
		*rest = s;
		if (!span_starts_case(s, "level"))
			return all[i].holds;
		*rest = span_tail(s, sizeof("level") - 1);
		return all[i].holds | BY_LEVEL;
	}
	return 0;
}

/*
 * Both sides are expanded behind what is in `out` already, compared, and taken
 * away again.
 */
static enum rc
compare(struct expand *x, const struct within *in, struct span sides[2],
	unsigned operator, bool *yes)
{
	size_t from = x->out->n, middle;
	struct span all, a, b;
	uint64_t v[3];
	int d;

	TRY(put_text(x, in, sides[0]));
	middle = x->out->n;
	TRY(put_text(x, in, sides[1]));
	all = buf_span(x->out);
	a = span_part(all, from, middle - from);
	b = span_tail(all, middle);
	if ((operator & BY_LEVEL) == 0)
		d = plain_order(a, b);
	else if (!release_order(a, b, &d))
		return deny(x, "not a compatibility level, such as 3.6",
		    release_parse(a, v) ? b : a);
	*yes = (operator & (d < 0 ? LESS : d > 0 ? MORE : EQUAL)) != 0;
	x->out->n = from;
	return RC_OK;
}

/* body is `{a} OP {b} ? {one} : {other}`. */
static enum rc
put_comparison(struct expand *x, const struct within *in, struct span body)
{
	struct span rest = body, sides[2];
	unsigned operator;
	bool yes = false;

	if (!take_braced(&rest, &sides[0]) ||
	    (operator = take_operator(&rest)) == 0 ||
	    !take_braced(&rest, &sides[1]))
		return deny(x, "not a comparison, such as {a} == {b}", body);
	TRY(compare(x, in, sides, operator, &yes));
	if (rest.n == 0) {
		buf_puts(x->out, yes ? "true" : "");
		return RC_OK;
	}
	if (rest.p[0] != '?' && rest.p[0] != ':')
		return deny(x, "no ? or : behind the comparison", body);
	return choose(x, in, yes, rest);
}

/* body is what stands between the brackets of ${...}. */
static enum rc
put_bracketed(struct expand *x, const struct within *in, struct span body)
{
	struct span name = left_trim(body), rest;
	size_t n = 0, from = x->out->n;
	bool yes = false;

	if (name.n > 0 && name.p[0] == '{')
		return put_comparison(x, in, name);
	/* names of transports may have hyphens, so those of settings do */
	while (n < name.n && (is_name(name.p[n]) || name.p[n] == '-' ||
	    name.p[n] == '.'))
		n++;
	rest = left_trim(span_tail(name, n));
	name = span_head(name, n);
	if (n == 0 || (rest.n > 0 && rest.p[0] != '?' && rest.p[0] != ':'))
		return deny(x, "not a name, with ? or : behind it at most",
		    body);
	TRY(put_name(x, in, name));
	if (rest.n == 0)
		return RC_OK;
	yes = x->out->n > from;
	x->out->n = from;
	return choose(x, in, yes, rest);
}

/* *rest begins behind a $; takes the form off. */
static enum rc
put_form(struct expand *x, const struct within *in, struct span *rest)
{
	struct span s = *rest, body;
	char open = s.n > 0 ? s.p[0] : ' ';
	size_t n = 0;

	if (open == '$') {
		buf_putc(x->out, '$');
		*rest = span_tail(s, 1);
		return RC_OK;
	}
	if (open == '{' || open == '(') {
		n = closing(s, open, open == '{' ? '}' : ')');
		if (n == s.n)
			return deny(x, "a bracket behind $ is not closed", s);
		body = span_part(s, 1, n - 1);
		*rest = span_tail(s, n + 1);
		return put_bracketed(x, in, body);
	}
	while (n < s.n && is_name(s.p[n]))
		n++;
	if (n == 0)
		return deny(x, "no name behind $; write $$ for a dollar sign",
		    s);
	*rest = span_tail(s, n);
	return put_name(x, in, span_head(s, n));
}

static enum rc
put_text(struct expand *x, const struct within *in, struct span text)
{
	enum rc rc = RC_OK;
	size_t at;

	if (++x->depth > DEPTH_MAX)
		return deny(x, "$ forms too deep within each other", text);
	while (rc == RC_OK && text.n > 0) {
		at = span_find(text, '$');
		buf_put(x->out, span_head(text, at));
		if (at == text.n)
			break;
		text = span_tail(text, at + 1);
		rc = put_form(x, in, &text);
		if (rc == RC_OK && x->out->full)
			rc = RC_FULL;
	}
	x->depth--;
	return rc == RC_OK && x->out->full ? RC_FULL : rc;
}

/* ---- names -------------------------------------------------------------- */

/* The machine's name, with the domain that was set, if it has none. */
static enum rc
put_myhostname(struct expand *x, const struct within *in)
{
	char text[256];
	struct buf name = BUF(text);
	struct span domain = SPAN("mydomain");

	port_hostname(&name);
	if (name.n == 0)
		buf_puts(&name, "localhost");
	buf_put(x->out, buf_span(&name));
	if (span_find(buf_span(&name), '.') < name.n)
		return RC_OK;
	buf_putc(x->out, '.');
	if (line_of_name(x->p, domain) != NULL)
		return put_name(x, in, domain);
	buf_puts(x->out, "localdomain");
	return RC_OK;
}

/* What is behind the first dot of $myhostname. */
static enum rc
put_mydomain(struct expand *x, const struct within *in)
{
	size_t from = x->out->n, n;
	struct span host;

	TRY(put_name(x, in, SPAN("myhostname")));
	if (x->out->full)
		return RC_FULL;	/* half a name is none */
	host = span_tail(buf_span(x->out), from);
	n = span_find(host, '.');
	x->out->n = from;
	host = span_tail(host, n + 1);
	if (host.n == 0)
		buf_puts(x->out, "localdomain");
	else
		memmove(x->out->p + from, host.p, host.n);
	x->out->n += host.n;
	return RC_OK;
}

bool
expand_is_special(unsigned row)
{
	switch (row) {
	case ROW_process_id:
	case ROW_process_name:
	case ROW_service_name:
	case ROW_config_directory:
	case ROW_mail_version:
	case ROW_myhostname:
	case ROW_mydomain:
	case ROW_myorigin:
		return true;
	default:
		return false;
	}
}

/*
 * Values that no text in main.cf or param.def makes.  RC_NONE: it is an
 * ordinary one after all.
 */
static enum rc
put_special(struct expand *x, const struct within *in, unsigned row,
	bool is_assigned)
{
	struct span text;

	switch (row) {
	case ROW_process_id:
		buf_fmt(x->out, "%u", port_pid());
		return RC_OK;
	case ROW_process_name:
	case ROW_service_name:
		text = x->p->program;
		break;
	case ROW_config_directory:
		text = x->p->folder;
		break;
	case ROW_mail_version:
		text = SPAN(POSTERN_VERSION);
		break;
	case ROW_myorigin:
		text = x->p->origin;
		if (text.n == 0)
			return RC_NONE;
		break;
	case ROW_myhostname:
		return is_assigned ? RC_NONE : put_myhostname(x, in);
	case ROW_mydomain:
		return is_assigned ? RC_NONE : put_mydomain(x, in);
	default:
		return RC_NONE;
	}
	buf_put(x->out, text);
	return RC_OK;
}

static bool
is_within(const struct within *in, struct span name)
{
	for (; in != NULL; in = in->up)
		if (span_eq(in->name, name))
			return true;
	return false;
}

static enum rc
deny_loop(struct expand *x, const struct within *in, struct span name)
{
	buf_fmt(x->why, "%.*s refers to itself", SPAN_ARG(name));
	if (!span_eq(in->name, name))
		buf_fmt(x->why, " through %.*s", SPAN_ARG(in->name));
	return RC_DENY;
}

/* A default, which is unpacked here and not in the frames of all levels. */
static NOINLINE enum rc
put_default(struct expand *x, const struct within *in, const uint8_t *value)
{
	char text[ROW_VALUE_MAX];
	struct buf b = BUF(text);

	row_put_value(value, &b);
	return put_text(x, in, buf_span(&b));
}

static enum rc
put_name(struct expand *x, const struct within *in, struct span name)
{
	struct within here = { in, name };
	const struct param_line *line;
	struct name_info info;
	enum rc rc;

	if (is_within(in, name))
		return deny_loop(x, in, name);
	if (++x->steps > STEPS_MAX)
		return deny(x, "too many $ forms", name);
	row_find(name, &info);
	line = line_of_info(x->p, name, &info);
	rc = info.key == KEY_NONE ? RC_NONE
	    : put_special(x, &here, KEY_ROW(info.key), line != NULL);
	if (rc != RC_NONE)
		return rc;
	return line != NULL ? put_text(x, &here, line->value)
	    : put_default(x, &here, info.value);
}

enum rc
expand_name(const struct param *p, struct span name, struct buf *out,
	struct buf *why)
{
	struct expand x = { p, out, why, 0, 0 };

	TRY(put_name(&x, NULL, name));
	return out->full ? RC_FULL : RC_OK;
}

enum rc
param_expand(const struct param *p, struct span text, struct buf *out,
	struct buf *why)
{
	struct expand x = { p, out, why, 0, 0 };
	size_t from = out->n;
	enum rc rc = put_text(&x, NULL, text);

	if (rc != RC_OK)
		out->n = from;
	return rc;
}
