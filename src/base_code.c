/*
 * base_code.c - xtext, base64, hexadecimal: text made fit for a protocol.
 *
 * Each is added whole or not at all.
 */
#include <string.h>

#include "base.h"
#include "base_int.h"

static const char upper_digits[] = "0123456789ABCDEF";

/* The octets that xtext leaves as they are. */
static bool
is_xchar(unsigned char c)
{
	return c >= 33 && c <= 126 && c != '+' && c != '=';
}

void
code_xtext(struct buf *b, struct span s)
{
	struct buf out = buf_attempt(b);

	for (size_t i = 0; i < s.n && !out.full; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_xchar(c)) {
			buf_putc(&out, s.p[i]);
			continue;
		}
		buf_putc(&out, '+');
		buf_putc(&out, upper_digits[c >> 4]);
		buf_putc(&out, upper_digits[c & 15]);
	}
	buf_settle(b, &out);
}

/* `\x{20}`, `\x{E9}`, `\x{1F600}`: two digits at least. */
static void
put_point(struct buf *b, uint32_t point)
{
	unsigned shift = 4;

	while (shift < 28 && point >> shift > 15)
		shift += 4;
	buf_puts(b, "\\x{");
	for (;; shift -= 4) {
		buf_putc(b, upper_digits[point >> shift & 15]);
		if (shift == 0)
			break;
	}
	buf_putc(b, '}');
}

void
code_utf8_xtext(struct buf *b, struct span s)
{
	struct buf out = buf_attempt(b);
	uint32_t point;
	size_t n;

	for (; s.n > 0 && !out.full; s = span_tail(s, n)) {
		n = base_utf8(s, &point);
		if (n == 0) {
			n = 1;
			point = 0xfffd;
		}
		if (n == 1 && point != '\\' && point < 128
		    && is_xchar((unsigned char)point))
			buf_putc(&out, s.p[0]);
		else
			put_point(&out, point);
	}
	buf_settle(b, &out);
}

bool
code_unxtext(struct buf *b, struct span s)
{
	struct buf out = buf_attempt(b);
	int high, low;

	for (size_t i = 0; i < s.n; i++) {
		if (is_xchar((unsigned char)s.p[i])) {
			buf_putc(&out, s.p[i]);
			continue;
		}
		if (s.p[i] != '+' || s.n - i < 3)
			return false;
		high = base_hex_digit(s.p[i + 1]);
		low = base_hex_digit(s.p[i + 2]);
		if (high < 0 || low < 0)
			return false;
		buf_putc(&out, (char)(high * 16 + low));
		i += 2;
	}
	buf_settle(b, &out);
	return true;
}

void
code_hex(struct buf *b, struct span s)
{
	struct buf out = buf_attempt(b);

	for (size_t i = 0; i < s.n && !out.full; i++)
		buf_fmt(&out, "%02x", (unsigned)(unsigned char)s.p[i]);
	buf_settle(b, &out);
}

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	"abcdefghijklmnopqrstuvwxyz0123456789+/";

void
code_base64(struct buf *b, struct span s)
{
	struct buf out = buf_attempt(b);
	char four[4];

	while (s.n > 0 && !out.full) {
		size_t n = s.n < 3 ? s.n : 3;
		uint32_t v = 0;

		for (size_t i = 0; i < 3; i++)
			v = v << 8 | (i < n ? (unsigned char)s.p[i] : 0U);
		for (size_t i = 0; i < 4; i++)
			four[i] = i <= n ? digits64[v >> (18 - 6 * i) & 63]
			    : '=';
		buf_put(&out, (struct span){ four, 4 });
		s = span_tail(s, n);
	}
	buf_settle(b, &out);
}

/*
 * What the digits from `+` to `z` stand for; 64: no digit.  Files of
 * certificates are read through this at every session, and comparing octets
 * takes five times as long.
 */
static const unsigned char values64[] = {
	62, 64, 64, 64, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64,
	64, 64, 64, 64, 64, 64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	64, 64, 64, 64, 64, 64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
	36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
};

static uint32_t
value64(char c)
{
	unsigned i = (unsigned char)c - (unsigned)'+';

	return i < sizeof(values64) ? values64[i] : 64;
}

/* Three octets out of four digits; false: one is none. */
static bool
take_three(const char *four, char *three)
{
	uint32_t a = value64(four[0]), b = value64(four[1]);
	uint32_t c = value64(four[2]), d = value64(four[3]);
	uint32_t v = a << 18 | b << 12 | c << 6 | d;

	three[0] = (char)(v >> 16 & 255);
	three[1] = (char)(v >> 8 & 255);
	three[2] = (char)(v & 255);
	return (a | b | c | d) < 64;
}

bool
code_unbase64(struct buf *b, struct span s)
{
	size_t left = b->cap > b->n ? b->cap - b->n - 1 : 0;
	size_t pads = 0, n = s.n / 4 * 3;
	char four[4], three[3], *to = three;

	if (s.n == 0 || s.n % 4 != 0)
		return s.n == 0;
	if (s.p[s.n - 1] == '=')
		pads = s.p[s.n - 2] == '=' ? 2 : 1;
	n -= pads;
	if (n <= left)
		to = b->p + b->n;
	for (size_t i = 0; i + (pads > 0 ? 4 : 0) < s.n; i += 4) {
		if (!take_three(s.p + i, to))
			return false;
		to += n <= left ? 3 : 0;
	}
	if (pads > 0) {
		for (size_t i = 0; i < 4; i++)
			four[i] = i < 4 - pads ? s.p[s.n - 4 + i] : 'A';
		if (!take_three(four, three))
			return false;
	}
	if (n > left) {
		b->full = true;
		return true;
	}
	if (pads > 0)
		memcpy(to, three, 3 - pads);
	b->n += n;
	return true;
}

void
code_json(struct buf *b, struct span s, bool is_utf8)
{
	struct buf t = buf_attempt(b);

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_putc(&t, '\\');
		if (c < ' ' || (c > 126 && !is_utf8))
			buf_fmt(&t, "\\u%04x", c);
		else
			buf_putc(&t, (char)c);
	}
	buf_settle(b, &t);
}
