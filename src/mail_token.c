/*
 * mail_token.c - words, quoted strings and comments of structured header
 * fields.
 */
#include <string.h>

#include "mail_int.h"

/* RFC 2045, 5.1, without the slash, which divides type and subtype anyway. */
#define SPECIALS	"()<>@,;:\\\"/[]?="

bool
token_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_one_of(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Behind the quote that closes it. */
static size_t
end_of_quotes(struct span s)
{
	size_t at;

	for (at = 1; at < s.n && s.p[at] != '"'; at++)
		at += s.p[at] == '\\';
	return at + 1;
}

/* Comments may stand in comments. */
static size_t
end_of_comment(struct span s)
{
	size_t at, depth = 0;

	for (at = 0; at < s.n; at++) {
		if (s.p[at] == '\\')
			at++;
		else if (s.p[at] == '(')
			depth++;
		else if (s.p[at] == ')' && --depth == 0)
			break;
	}
	return at + 1;
}

enum token
token_take(struct span *rest, const char *specials, struct span *item)
{
	struct span s = *rest;
	enum token kind = TOKEN_WORD;
	size_t n = 1;
	char c = s.p[0];

	if (token_is_blank(c)) {
		kind = TOKEN_BLANK;
		while (n < s.n && token_is_blank(s.p[n]))
			n++;
	} else if (c == '(') {
		kind = TOKEN_COMMENT;
		n = end_of_comment(s);
	} else if (c == '"') {
		n = end_of_quotes(s);
	} else if (is_one_of(specials, c)) {
		kind = TOKEN_SPECIAL;
	} else if (c == '[') {
		n = span_find(s, ']') + 1;
	} else {
		while (n < s.n && !token_is_blank(s.p[n]) &&
		    !is_one_of("(\"[", s.p[n]) &&
		    !is_one_of(specials, s.p[n]))
			n++;
	}
	*item = span_head(s, n);
	*rest = span_tail(s, n);
	return kind;
}

/* What is inside the quotes; folds are blanks. */
static void
put_unquoted(struct buf *out, struct span s)
{
	size_t at;

	for (at = 1; at < s.n && s.p[at] != '"'; at++) {
		if (s.p[at] == '\\' && at + 1 < s.n)
			at++;
		else if (s.p[at] == '\n')
			continue;
		buf_putc(out, s.p[at]);
	}
}

bool
token_next(struct span *rest, struct buf *out, char *special)
{
	struct span item;
	enum token kind;

	*special = '\0';
	buf_clear(out);
	do {
		if (rest->n == 0)
			return false;
		kind = token_take(rest, SPECIALS, &item);
	} while (kind == TOKEN_BLANK || kind == TOKEN_COMMENT);
	if (kind == TOKEN_SPECIAL)
		*special = item.p[0];
	else if (item.p[0] == '"')
		put_unquoted(out, item);
	else
		buf_put(out, item);
	return true;
}
