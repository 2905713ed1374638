/*
 * mail_addr.c - addresses between their bare form, which we keep, and the
 * quoted one of protocols and headers.
 */
#include <string.h>

#include "base.h"
#include "mail.h"

/* addr.n when there is none. */
static size_t
last_at(struct span addr)
{
	return span_find_last(addr, '@');
}

struct span
mail_addr_local(struct span addr)
{
	return span_head(addr, last_at(addr));
}

struct span
mail_addr_domain(struct span addr)
{
	return span_tail(addr, last_at(addr) + 1);
}

bool
mail_addr_has_domain(struct span addr)
{
	return mail_addr_domain(addr).n > 0;
}

bool
mail_addr_is_safe(struct span addr)
{
	return span_find(addr, '\r') == addr.n
	    && span_find(addr, '\n') == addr.n
	    && span_find(addr, '\0') == addr.n;
}

/*
 * What may stand in an atom: RFC 5321, 4.1.2, with octets beyond ASCII (RFC
 * 6531, 3.3), whether or not they are UTF-8.
 */
static bool
is_atext(char c)
{
	unsigned char u = (unsigned char)c;

	return u > 32 && u != 127 && strchr("()<>[]:;@\\,\".", c) == NULL;
}

/* Atoms with single dots between them. */
static bool
is_dot_string(struct span s)
{
	bool in_atom = false;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_atext(s.p[i]) && !(s.p[i] == '.' && in_atom))
			return false;
		in_atom = s.p[i] != '.';
	}
	return in_atom;
}

/*
 * CR and LF would end a command and NUL a string.  Callers sort such addresses
 * out (mail_addr_is_safe); here they merely must do no harm.
 */
static void
put_safe(struct buf *b, struct span s, bool escapes)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (escapes && (c == '"' || c == '\\'))
			buf_putc(b, '\\');
		buf_putc(b, c == '\r' || c == '\n' || c == '\0' ? '?' : c);
	}
}

static void
put_quoted(struct buf *b, struct span s)
{
	buf_putc(b, '"');
	put_safe(b, s, true);
	buf_putc(b, '"');
}

void
mail_addr_quote(struct buf *b, struct span addr)
{
	struct buf out = buf_attempt(b);
	size_t at = last_at(addr);
	struct span local = span_head(addr, at);

	if (addr.n == 0)
		return;
	if (is_dot_string(local))
		buf_put(&out, local);
	else
		put_quoted(&out, local);
	put_safe(&out, span_tail(addr, at), false);
	buf_settle(b, &out);
}

/* Octets of a leading route, `@one,@two:`; 0 if there is none. */
static size_t
route_of(struct span addr)
{
	size_t end = span_find(addr, ':');

	if (addr.n == 0 || addr.p[0] != '@' || end == addr.n)
		return 0;
	return end + 1;
}

void
mail_addr_show(struct buf *b, struct span addr)
{
	struct buf out = buf_attempt(b);
	size_t n = route_of(addr);

	put_safe(&out, span_head(addr, n), false);
	mail_addr_quote(&out, span_tail(addr, n));
	buf_settle(b, &out);
}

/*
 * Where the domain begins, with its @, in an address that may have quotes.
 * False: quotes or backslashes have no partner.
 */
static bool
find_domain(struct span s, size_t *at)
{
	bool in_quotes = false;

	*at = s.n;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\' && ++i == s.n)
			return false;
		if (c == '"')
			in_quotes = !in_quotes;
		if (c == '@' && !in_quotes)
			*at = i;
	}
	return !in_quotes;
}

enum rc
mail_addr_unquote(struct buf *b, struct span quoted)
{
	struct buf out = buf_attempt(b);
	size_t at;

	if (!find_domain(quoted, &at))
		return RC_WIRE;
	for (size_t i = 0; i < at; i++) {
		if (quoted.p[i] == '"')
			continue;
		if (quoted.p[i] == '\\')
			i++;
		buf_putc(&out, quoted.p[i]);
	}
	buf_put(&out, span_tail(quoted, at));
	buf_settle(b, &out);
	return RC_OK;
}
