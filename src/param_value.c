/*
 * param_value.c - expanded text to typed values.
 */
#include <string.h>

#include "param_int.h"

#define HOST_MAX	255	/* octets of a host name: RFC 1035, 2.3.4 */
#define LABEL_MAX	63

/* Which word of the set is it?  -1: none. */
static int
word_index(int set, struct span word, bool (*same)(struct span, struct span))
{
	char text[ROW_WORDS_MAX];
	struct buf all = BUF(text);
	struct span rest;
	size_t n;
	int i;

	row_put_words(set, &all);
	rest = buf_span(&all);
	for (i = 0;; i++) {
		n = span_find(rest, '|');
		if (same(span_part(rest, 0, n), word))
			return i;
		if (n == rest.n)
			return -1;
		rest = span_part(rest, n + 1, rest.n);
	}
}

static void
put_words(int set, struct buf *why)
{
	char text[ROW_WORDS_MAX];
	struct buf all = BUF(text);
	struct span rest, word;
	const char *sep = "";

	row_put_words(set, &all);
	rest = buf_span(&all);
	while (span_word(&rest, "|", &word)) {
		buf_fmt(why, "%s%.*s", sep, SPAN_ARG(word));
		sep = ", ";
	}
}

static enum rc
parse_enum(const struct kind *k, struct span s, int *out, struct buf *why)
{
	*out = word_index(k->least, s, span_eq_case);
	if (*out >= 0)
		return RC_OK;
	buf_puts(why, "write one of ");
	put_words(k->least, why);
	return RC_DENY;
}

static enum rc
parse_flags(const struct kind *k, struct span s, unsigned *out,
	struct buf *why)
{
	struct span rest = s, word;
	int i, n = 0;

	*out = 0;
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		i = word_index(k->least, word, span_eq);
		if (i < 0) {
			buf_fmt(why, "%.*s is not one of ",
			    SPAN_ARG(span_part(word, 0, 40)));
			put_words(k->least, why);
			return RC_DENY;
		}
		*out |= 1u << i;
		n++;
	}
	if (n >= k->most)
		return RC_OK;
	buf_puts(why, "empty; write some of ");
	put_words(k->least, why);
	return RC_DENY;
}

static enum rc
parse_bool(struct span s, bool *out, struct buf *why)
{
	*out = span_is_case(s, "yes");
	if (*out || span_is_case(s, "no"))
		return RC_OK;
	buf_puts(why, "write yes or no");
	return RC_DENY;
}

/* A decimal number with or without a sign. */
static bool
parse_number(struct span s, int64_t *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (minus || (s.n > 0 && s.p[0] == '+'))
		s = span_part(s, 1, s.n);
	if (!span_number(s, INT64_MAX, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

/* unit: what the bounds are in, for the message. */
static enum rc
check_bounds(const struct kind *k, int64_t v, const char *unit,
	struct buf *why)
{
	if (v < k->least) {
		buf_fmt(why, "too small, at least %d%s", k->least, unit);
		return RC_DENY;
	}
	if (v > k->most) {
		buf_fmt(why, "too large, at most %d%s", k->most, unit);
		return RC_DENY;
	}
	return RC_OK;
}

static enum rc
parse_int(const struct kind *k, struct span s, int *out, struct buf *why)
{
	int64_t v;

	if (!parse_number(s, &v)) {
		buf_puts(why, "not a decimal number");
		return RC_DENY;
	}
	TRY(check_bounds(k, v, "", why));
	*out = (int)v;
	return RC_OK;
}

static enum rc
parse_size(const struct kind *k, struct span s, int64_t *out, struct buf *why)
{
	if (!parse_number(s, out)) {
		buf_puts(why, "not a decimal number of octets");
		return RC_DENY;
	}
	if (k->most == MOST && *out >= k->least)
		return RC_OK;
	return check_bounds(k, *out, "", why);
}

/* Seconds of a unit; 0: there is no such unit. */
static int64_t
unit_seconds(char c)
{
	switch (c) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/*
 * The unit behind the number, if any, is cut off with what follows it: of
 * `1m30s` Postfix takes a minute.
 */
static char
cut_unit(struct span *s, char unit)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if ((s->p[i] < '0' || s->p[i] > '9') &&
		    (i > 0 || (s->p[i] != '+' && s->p[i] != '-')))
			break;
	if (i < s->n)
		unit = s->p[i];
	*s = span_part(*s, 0, i);
	return unit;
}

static enum rc
parse_time(const struct kind *k, struct span s, char unit, ms_t *out,
	struct buf *why)
{
	int64_t v, seconds = unit_seconds(cut_unit(&s, unit));

	if (seconds == 0 || !parse_number(s, &v)) {
		buf_puts(why, "not a time; write a number and s, m, h, d or "
		    "w");
		return RC_DENY;
	}
	/* clamped, so that nothing overflows ahead of the check */
	if (v > MOST / seconds)
		v = MOST / seconds + 1;
	if (v < LEAST / seconds)
		v = LEAST / seconds;
	TRY(check_bounds(k, v * seconds, "s", why));
	*out = v * seconds * SECOND;
	return RC_OK;
}

static enum rc
parse_text(const struct kind *k, struct span s, struct span *out,
	struct buf *why)
{
	*out = s;
	if (s.n >= (size_t)k->least)
		return RC_OK;
	buf_puts(why, "must not be empty");
	return RC_DENY;
}

static bool
is_label_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

static bool
is_label(struct span s)
{
	size_t i;

	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' ||
	    s.p[s.n - 1] == '-')
		return false;
	for (i = 0; i < s.n; i++)
		if (!is_label_char(s.p[i]))
			return false;
	return true;
}

static enum rc
parse_host(struct span s, struct span *out, struct buf *why)
{
	struct span rest = s;
	struct ip ip;
	size_t n;

	*out = s;
	if (s.n > HOST_MAX || ip_parse(s, &ip))
		goto bad;
	do {
		n = span_find(rest, '.');
		if (!is_label(span_part(rest, 0, n)))
			goto bad;
		if (n == rest.n)
			return RC_OK;
		rest = span_part(rest, n + 1, rest.n);
	} while (true);
bad:
	buf_puts(why, "not a host name; write one such as host.example.com");
	return RC_DENY;
}

static enum rc
parse_ip(struct span s, int family, struct ip *out, struct buf *why)
{
	*out = (struct ip){ 0 };
	if (s.n == 0)
		return RC_OK;
	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = span_part(s, 1, s.n - 2);
	if (span_starts_case(s, "ipv6:"))
		s = span_part(s, 5, s.n);
	if (ip_parse(s, out) && out->family == family)
		return RC_OK;
	*out = (struct ip){ 0 };
	buf_fmt(why, "not an IPv%d address", family);
	return RC_DENY;
}

bool
release_parse(struct span text, uint64_t out[3])
{
	struct span rest = text;
	size_t n;
	int i;

	out[0] = out[1] = out[2] = 0;
	for (i = 0; i < 3; i++) {
		n = span_find(rest, '.');
		if (!span_number(span_part(rest, 0, n), INT32_MAX, &out[i]))
			return false;
		if (n == rest.n)
			return true;
		rest = span_part(rest, n + 1, rest.n);
	}
	return false;
}

static enum rc
parse_release(struct span s, struct span *out, struct buf *why)
{
	uint64_t v[3];

	*out = s;
	if (release_parse(s, v))
		return RC_OK;
	buf_puts(why, "not a compatibility level; write one such as 3.6");
	return RC_DENY;
}

/* A number from 0 to 1 without exponent, as `0.25`. */
static bool
is_fraction(struct span s)
{
	size_t dot = span_find(s, '.');
	uint64_t whole, part = 0;

	if (!span_number(span_part(s, 0, dot), 1, &whole))
		return false;
	if (dot == s.n)
		return true;
	return span_number(span_part(s, dot + 1, s.n), UINT64_MAX, &part) &&
	    (whole == 0 || part == 0);
}

static enum rc
parse_ratio(struct span s, struct span *out, struct buf *why)
{
	size_t slash = span_find(s, '/');
	struct span over = span_trim(span_part(s, 0, slash));
	struct span under = span_trim(span_part(s, slash + 1, s.n));
	uint64_t a, b;

	*out = s;
	if (slash == s.n || span_is(under, "concurrency")) {
		if (is_fraction(over))
			return RC_OK;
	} else if (span_number(over, INT32_MAX, &a) &&
	    span_number(under, INT32_MAX, &b) && a <= b && b > 0)
		return RC_OK;
	buf_puts(why, "not a ratio; write a number from 0 to 1, 1/5 or "
	    "1/concurrency");
	return RC_DENY;
}

enum rc
value_parse(const struct kind *k, struct span s, void *out, struct buf *why)
{
	switch (k->type) {
	case T_BOOL:
		return parse_bool(s, out, why);
	case T_INT:
		return parse_int(k, s, out, why);
	case T_SIZE:
		return parse_size(k, s, out, why);
	case T_TIME:
		return parse_time(k, s, 's', out, why);
	case T_HOURS:
		return parse_time(k, s, 'h', out, why);
	case T_DAYS:
		return parse_time(k, s, 'd', out, why);
	case T_ENUM:
		return parse_enum(k, s, out, why);
	case T_FLAGS:
		return parse_flags(k, s, out, why);
	case T_TEXT: case T_LIST: case T_MAPS: case T_FILE: case T_RAW:
		return parse_text(k, s, out, why);
	case T_HOST:
		return parse_host(s, out, why);
	case T_IPV4:
		return parse_ip(s, IP_V4, out, why);
	case T_IPV6:
		return parse_ip(s, IP_V6, out, why);
	case T_RELEASE:
		return parse_release(s, out, why);
	case T_RATIO:
		return parse_ratio(s, out, why);
	case T_COUNT:
		break;
	}
	ASSERT(false);
	return RC_DENY;
}
