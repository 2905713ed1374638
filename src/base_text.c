/*
 * base_text.c - numbers, UTF-8, and text fit for a log.
 */
#include <string.h>

#include "base.h"
#include "base_int.h"

bool
span_number(struct span s, uint64_t most, uint64_t *out)
{
	uint64_t v = 0;
	unsigned digit;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		digit = (unsigned)(s.p[i] - '0');
		if (v > UINT64_MAX / 10 || v * 10 > UINT64_MAX - digit)
			return false;
		v = v * 10 + digit;
	}
	if (v > most)
		return false;
	*out = v;
	return true;
}

int
base_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* How many octets a lead octet announces, and what it gives; 0: it is none. */
static size_t
lead(unsigned char c, uint32_t *point)
{
	if (c < 0x80) {
		*point = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		*point = c & 0x1fU;
		return 2;
	}
	if (c >= 0xe0 && c <= 0xef) {
		*point = c & 0x0fU;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		*point = c & 0x07U;
		return 4;
	}
	return 0;
}

size_t
base_utf8(struct span s, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t v;
	size_t n;

	if (s.n == 0)
		return 0;
	n = lead((unsigned char)s.p[0], &v);
	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (c & 0x3fU);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*point = v;
	return n;
}

bool
text_is_utf8(struct span s)
{
	uint32_t point;
	size_t n;

	for (; s.n > 0; s = span_tail(s, n)) {
		n = base_utf8(s, &point);
		if (n == 0)
			return false;
	}
	return true;
}

/* U+0080 to U+009F steer terminals just as the ASCII ones do. */
static bool
is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

/* The octets at the beginning of s that belong together; are they fit? */
static size_t
glyph(struct span s, bool *is_fit)
{
	uint32_t point;
	size_t n = base_utf8(s, &point);

	*is_fit = n > 0 && !is_control(point);
	return n > 0 ? n : 1;
}

void
text_printable(struct buf *b, struct span s)
{
	struct buf rest = *b;
	bool is_fit;
	size_t n;

	rest.full = false;	/* what does not fit is cut, which is no news */
	for (; s.n > 0 && !rest.full; s = span_tail(s, n)) {
		n = glyph(s, &is_fit);
		buf_put(&rest, is_fit ? span_head(s, n)
		    : span_head(SPAN("??"), n));
	}
	b->n = rest.n;
}

void
text_mask(struct buf *b, size_t from)
{
	bool is_fit;
	size_t n;

	for (; from < b->n; from += n) {
		n = glyph(span_tail(buf_span(b), from), &is_fit);
		if (!is_fit)
			memset(b->p + from, '?', n);
	}
}
