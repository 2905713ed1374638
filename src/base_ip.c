/*
 * base_ip.c - IP addresses as text and back.
 */
#include <string.h>

#include "base.h"
#include "base_int.h"

#define PARTS	8		/* groups of 16 bits in an IPv6 address */

/*
 * Leading zeros are refused: some read them as octal, and an address that two
 * programs read differently helps nobody but an attacker.
 */
static bool
parse_v4(struct span s, uint8_t out[4])
{
	uint64_t v;

	for (size_t i = 0; i < 4; i++) {
		size_t n = span_find(s, '.');

		if ((i < 3) == (n == s.n))
			return false;
		if (n > 3 || (n > 1 && s.p[0] == '0'))
			return false;
		if (!span_number(span_part(s, 0, n), 255, &v))
			return false;
		out[i] = (uint8_t)v;
		s = span_part(s, n + 1, s.n);
	}
	return true;
}

static bool
parse_group(struct span s, uint8_t out[2])
{
	unsigned v = 0;

	if (s.n < 1 || s.n > 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int digit = base_hex_digit(s.p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)(v & 255);
	return true;
}

/*
 * Groups divided by colons, up to `most` of them, the last of which may be
 * dotted if `dotted`; returns how many 16-bit parts came out, -1: malformed.
 */
static int
parse_groups(struct span s, bool dotted, uint8_t *out, int most)
{
	int n = 0;

	if (s.n == 0)
		return 0;
	for (;;) {
		size_t end = span_find(s, ':');
		struct span group = span_part(s, 0, end);

		if (dotted && end == s.n && n + 2 <= most
		    && parse_v4(group, out + 2 * n))
			return n + 2;
		if (n == most || !parse_group(group, out + 2 * n))
			return -1;
		n++;
		if (end == s.n)
			return n;
		s = span_part(s, end + 1, s.n);
	}
}

/* Where `::` stands, or s.n. */
static size_t
find_gap(struct span s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (s.p[i] == ':' && s.p[i + 1] == ':')
			return i;
	return s.n;
}

static bool
parse_v6(struct span s, uint8_t out[16])
{
	size_t gap = find_gap(s);
	uint8_t tail[16];
	int ahead, behind;

	memset(out, 0, 16);
	if (gap == s.n)
		return parse_groups(s, true, out, PARTS) == PARTS;

	/* The gap stands for one group at least. */
	ahead = parse_groups(span_part(s, 0, gap), false, out, PARTS - 1);
	if (ahead < 0)
		return false;
	behind = parse_groups(span_part(s, gap + 2, s.n), true, tail,
	    PARTS - 1 - ahead);
	if (behind < 0)
		return false;
	memcpy(out + 16 - 2 * behind, tail, (size_t)behind * 2);
	return true;
}

static bool
is_link_local(const struct ip *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool
ip_parse(struct span s, struct ip *out)
{
	struct ip a = { .family = IP_V4 };
	size_t scope = span_find(s, '%');
	uint64_t v;

	if (span_find(s, ':') == s.n) {
		if (!parse_v4(s, a.b))
			return false;
		*out = a;
		return true;
	}
	a.family = IP_V6;
	if (!parse_v6(span_part(s, 0, scope), a.b))
		return false;
	if (scope < s.n) {
		if (!is_link_local(&a) || !span_number(span_part(s, scope + 1,
		    s.n), UINT32_MAX, &v))
			return false;
		a.scope = (uint32_t)v;
	}
	*out = a;
	return true;
}

static unsigned
group_of(const struct ip *a, int i)
{
	return (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
}

/* The longest run of two or more zero groups, the first of equals. */
static void
find_zeros(const struct ip *a, int *from, int *n)
{
	int run = 0;

	*from = PARTS;
	*n = 1;
	for (int i = 0; i < PARTS; i++) {
		run = group_of(a, i) == 0 ? run + 1 : 0;
		if (run > *n) {
			*n = run;
			*from = i + 1 - run;
		}
	}
}

static void
put_v6(struct buf *b, const struct ip *a)
{
	int from, n;

	find_zeros(a, &from, &n);
	for (int i = 0; i < PARTS; i++) {
		if (i == from) {
			buf_puts(b, "::");
			i += n - 1;
			continue;
		}
		if (i > 0 && i != from + n)
			buf_putc(b, ':');
		buf_fmt(b, "%x", group_of(a, i));
	}
}

void
ip_put(struct buf *b, const struct ip *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[IP_TEXT_MAX];
	struct buf out = BUF(text);
	const uint8_t *v4 = a->b;

	if (a->family == IP_V6 && memcmp(a->b, mapped, 12) == 0) {
		buf_puts(&out, "::ffff:");
		v4 = a->b + 12;
	} else if (a->family == IP_V6) {
		put_v6(&out, a);
	}
	if (v4 != a->b || a->family == IP_V4)
		buf_fmt(&out, "%u.%u.%u.%u", (unsigned)v4[0],
		    (unsigned)v4[1], (unsigned)v4[2], (unsigned)v4[3]);
	if (a->family == IP_V6 && a->scope != 0)
		buf_fmt(&out, "%%%lu", (unsigned long)a->scope);
	buf_put(b, buf_span(&out));
}

bool
ip_eq(const struct ip *a, const struct ip *b)
{
	size_t n = a->family == IP_V4 ? 4 : 16;

	if (a->family != b->family)
		return false;
	if (a->family == IP_NONE)
		return true;
	return memcmp(a->b, b->b, n) == 0
	    && (a->family == IP_V4 || a->scope == b->scope);
}

bool
ip_is_loopback(const struct ip *a)
{
	static const struct ip one = { .family = IP_V6, .b = { [15] = 1 } };

	if (a->family == IP_V4)
		return a->b[0] == 127;
	return ip_eq(a, &one);
}

bool
ip_is_any(const struct ip *a)
{
	static const uint8_t zero[16];

	if (a->family == IP_NONE)
		return false;
	return memcmp(a->b, zero, a->family == IP_V4 ? 4 : 16) == 0;
}
