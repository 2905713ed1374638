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
		if (!span_number(span_head(s, n), 255, &v))
			return false;
		out[i] = (uint8_t)v;
		s = span_tail(s, n + 1);
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

/* The last group may be dotted; `::` stands for one group at least. */
static bool
parse_v6(struct span s, uint8_t out[16])
{
	size_t n = 0, gap = 16, end;

	if (s.n > 1 && s.p[0] == ':' && s.p[1] == ':') {
		gap = 0;
		s = span_tail(s, 2);
	}
	while (s.n > 0) {
		end = span_find(s, ':');
		if (end == s.n && n <= 12 && parse_v4(s, out + n)) {
			n += 4;
			break;
		}
		if (n == 16 || !parse_group(span_head(s, end), out + n))
			return false;
		n += 2;
		if (end == s.n)
			break;
		s = span_tail(s, end + 1);
		if (s.n == 0 || (s.p[0] == ':' && gap < 16))
			return false;
		if (s.p[0] == ':') {
			gap = n;
			s = span_tail(s, 1);
		}
	}
	if (gap == 16 || n == 16)
		return gap == 16 && n == 16;
	memmove(out + 16 - (n - gap), out + gap, n - gap);
	memset(out + gap, 0, 16 - n);
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
	if (!parse_v6(span_head(s, scope), a.b))
		return false;
	if (scope < s.n) {
		if (!is_link_local(&a) || !span_number(span_tail(s, scope + 1),
		    UINT32_MAX, &v))
			return false;
		a.scope = (uint32_t)v;
	}
	*out = a;
	return true;
}

static unsigned
group_of(const uint8_t *b, int i)
{
	return (unsigned)b[2 * i] << 8 | b[2 * i + 1];
}

static void
put_v6(struct buf *b, const struct ip *a)
{
	int from = PARTS, n = 1, run = 0, i;

	/* The longest run of two or more zero groups, the first of equals. */
	for (i = 0; i < PARTS; i++) {
		run = group_of(a->b, i) == 0 ? run + 1 : 0;
		if (run > n) {
			n = run;
			from = i + 1 - run;
		}
	}
	for (i = 0; i < PARTS; i++) {
		if (i == from) {
			buf_puts(b, "::");
			i += n - 1;
			continue;
		}
		buf_fmt(b, i > 0 && i != from + n ? ":%x" : "%x",
		    group_of(a->b, i));
	}
}

static void
put_v4(struct buf *b, const uint8_t *v4)
{
	buf_fmt(b, "%u.%u.%u.%u", v4[0], v4[1], v4[2], v4[3]);
}

void
ip_put(struct buf *b, const struct ip *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct buf out = buf_attempt(b);

	if (a->family == IP_V4)
		put_v4(&out, a->b);
	else if (a->family == IP_V6 && memcmp(a->b, mapped, 12) == 0) {
		buf_puts(&out, "::ffff:");
		put_v4(&out, a->b + 12);
	} else if (a->family == IP_V6)
		put_v6(&out, a);
	if (a->family == IP_V6 && a->scope != 0)
		buf_fmt(&out, "%%%lu", (unsigned long)a->scope);
	buf_settle(b, &out);
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
