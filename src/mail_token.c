/*
 * mail_token.c - words and quoted strings of structured header fields.
 */
#include <string.h>

#include "mail_int.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 2045, 5.1, without the slash, which divides type and subtype anyway. */
static bool
is_special(char c)
{
	return c != '\0' && strchr("()<>@,;:\\\"/[]?=", c) != NULL;
}

/* Behind its opening parenthesis; comments may stand in comments. */
static size_t
comment_end(struct span s, size_t at)
{
	size_t depth = 1;

	for (; at < s.n && depth > 0; at++)
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == '(')
			depth++;
		else if (s.p[at] == ')')
			depth--;
	return at < s.n ? at : s.n;
}

static struct span
skip(struct span s)
{
	size_t at = 0;

	while (at < s.n && (is_blank(s.p[at]) || s.p[at] == '('))
		at = s.p[at] == '(' ? comment_end(s, at + 1) : at + 1;
	return span_part(s, at, s.n);
}

/* Behind its opening quote; folds inside are blanks. */
static size_t
quoted(struct span s, size_t at, struct buf *out)
{
	for (; at < s.n && s.p[at] != '"'; at++) {
		if (s.p[at] == '\\' && at + 1 < s.n)
			at++;
		else if (s.p[at] == '\n')
			continue;
		buf_putc(out, s.p[at]);
	}
	return at < s.n ? at + 1 : at;
}

bool
token_next(struct span *rest, struct buf *out, char *special)
{
	struct span s = skip(*rest);
	size_t at = 0;

	*special = '\0';
	buf_clear(out);
	if (s.n == 0)
		return false;
	if (s.p[0] == '"') {
		at = quoted(s, 1, out);
	} else if (is_special(s.p[0])) {
		*special = s.p[0];
		at = 1;
	} else {
		while (at < s.n && !is_special(s.p[at]) && !is_blank(s.p[at]))
			at++;
		buf_put(out, span_part(s, 0, at));
	}
	*rest = span_part(s, at, s.n);
	return true;
}
