/*
 * mail_head.c - fields of a header: their names, and display names in them.
 */
#include "mail_head.h"

/* Of an encoded word, RFC 2047, section 2; its text a multiple of 3 octets. */
#define ENCODED_TEXT_MAX	45

struct span
mail_field_name(struct span line)
{
	size_t n = 0, end;

	while (n < line.n && line.p[n] > ' ' && line.p[n] < 127 &&
	       line.p[n] != ':')
		n++;
	for (end = n; end < line.n; end++)
		if (line.p[end] != ' ' && line.p[end] != '\t')
			break;
	if (end == line.n || line.p[end] != ':')
		n = 0;
	return span_head(line, n);
}

bool
mail_is_mailbox_line(struct span line)
{
	while (line.n > 0 && line.p[0] == '>')
		span_skip(&line, 1);
	return span_is(span_head(line, 5), "From ");
}

/*
 * May it stand without quotes?  Blanks between atoms: RFC 5322, 3.2.5.  % and !
 * are atoms, but routing to readers that some mail still meets.
 */
static bool
is_plain(struct span name)
{
	const struct span specials = SPAN("()<>[]:;@\\,.\"%!");

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c < ' ' || c >= 127)
			return false;
		if (span_find(specials, name.p[i]) < specials.n)
			return false;
	}
	return name.n > 0;
}

/* With a backslash ahead of the octets that are special where it stands. */
static void
put_escaped(struct buf *b, struct span s, struct span special)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((unsigned char)c < ' ' || c == 127)
			c = ' ';	/* no line may be broken here */
		else if (span_find(special, c) < special.n)
			buf_putc(b, '\\');
		buf_putc(b, c);
	}
}

/* How much of s fits into one encoded word without cutting a character. */
static size_t
encoded_part(struct span s, bool is_utf8)
{
	size_t n = s.n < ENCODED_TEXT_MAX ? s.n : ENCODED_TEXT_MAX;

	if (is_utf8 && n < s.n)
		while (n > 1 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
			n--;
	return n;
}

static void
put_encoded(struct buf *b, struct span name)
{
	bool is_utf8 = text_is_utf8(name);

	while (name.n > 0) {
		size_t n = encoded_part(name, is_utf8);

		buf_puts(b, is_utf8 ? "=?UTF-8?B?" : "=?ISO-8859-1?B?");
		code_base64(b, span_head(name, n));
		buf_puts(b, "?=");
		span_skip(&name, n);
		if (name.n > 0)
			buf_puts(b, "\n ");
	}
}

void
mail_phrase(struct buf *b, struct span name)
{
	if (span_has_8bit(name)) {
		put_encoded(b, name);
	} else if (is_plain(name)) {
		buf_put(b, name);
	} else {
		buf_putc(b, '"');
		put_escaped(b, name, SPAN("\"\\"));
		buf_putc(b, '"');
	}
}

void
mail_comment(struct buf *b, struct span text)
{
	if (span_has_8bit(text))
		put_encoded(b, text);
	else
		put_escaped(b, text, SPAN("()\\"));
}
