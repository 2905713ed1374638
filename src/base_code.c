/*
 * base_code.c - xtext, base64, hexadecimal: text made fit for a protocol.
 *
 * Each is added whole or not at all.
 */
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

	for (; s.n > 0 && !out.full; s = span_part(s, n, s.n)) {
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
		s = span_part(s, n, s.n);
	}
	buf_settle(b, &out);
}

/* Three octets out of four digits of which the last `pads` are `=`. */
static bool
put_three(struct buf *b, const char *four, size_t pads)
{
	const struct span digits = { digits64, sizeof(digits64) - 1 };
	char three[3];
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		size_t at = i < 4 - pads ? span_find(digits, four[i]) : 0;

		if (at == digits.n)
			return false;
		v = v << 6 | (uint32_t)at;
	}
	for (size_t i = 0; i < 3; i++)
		three[i] = (char)(v >> (16 - 8 * i) & 255);
	buf_put(b, (struct span){ three, 3 - pads });
	return true;
}

bool
code_unbase64(struct buf *b, struct span s)
{
	struct buf out = buf_attempt(b);

	if (s.n % 4 != 0)
		return false;
	for (size_t i = 0; i < s.n; i += 4) {
		size_t pads = 0;

		if (i + 4 == s.n && s.p[i + 3] == '=')
			pads = s.p[i + 2] == '=' ? 2 : 1;
		if (!put_three(&out, s.p + i, pads))
			return false;
	}
	buf_settle(b, &out);
	return true;
}
