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
		if (same(span_head(rest, n), word))
			return i;
		if (n == rest.n)
			return -1;
		rest = span_tail(rest, n + 1);
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
deny(struct buf *why, const char *what)
{
	buf_puts(why, what);
	return RC_DENY;
}

static enum rc
deny_words(struct buf *why, const char *what, int set)
{
	buf_puts(why, what);
	put_words(set, why);
	return RC_DENY;
}

static enum rc
parse_enum(const struct kind *k, struct span s, int *out, struct buf *why)
{
	*out = word_index(k->least, s, span_eq_case);
	return *out >= 0 ? RC_OK : deny_words(why, "write one of ", k->least);
}

static enum rc
parse_flags(const struct kind *k, struct span s, unsigned *out,
	struct buf *why)
{
	struct span word;
	int i;

	*out = 0;
	while (span_word(&s, LIST_DIVIDERS, &word)) {
		i = word_index(k->least, word, span_eq);
		if (i < 0) {
			buf_put(why, span_head(word, 40));
			return deny_words(why, " is not one of ", k->least);
		}
		*out |= 1u << i;
	}
	return *out != 0 || k->most == 0 ? RC_OK
	    : deny_words(why, "empty; write some of ", k->least);
}

static enum rc
parse_bool(struct span s, bool *out, struct buf *why)
{
	*out = span_is_case(s, "yes");
	return *out || span_is_case(s, "no") ? RC_OK
	    : deny(why, "write yes or no");
}

/* A decimal number with or without a sign. */
static bool
parse_number(struct span s, int64_t *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (minus || (s.n > 0 && s.p[0] == '+'))
		s = span_tail(s, 1);
	if (!span_number(s, INT64_MAX, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

/* Seconds of a unit; 0: there is no such unit. */
static int
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
		    (i > 0 || (s->p[i] != '+' && s->p[i] != '-'))) {
			unit = s->p[i];
			break;
		}
	s->n = i;
	return unit;
}

/* unit: of a time that names none; NUL: it is no time. */
static enum rc
parse_scaled(const struct kind *k, struct span s, char unit, int64_t *out,
	struct buf *why)
{
	int scale = unit == '\0' ? 1 : unit_seconds(cut_unit(&s, unit));
	int64_t v;

	if (scale == 0 || !parse_number(s, &v))
		return deny(why, unit == '\0' ? "not a decimal number" :
		    "not a time; write a number and s, m, h, d or w");
	if (unit != '\0') {	/* clamped, so that nothing overflows */
		v = v > MOST ? (int64_t)MOST + 1 :
		    v < LEAST / scale ? LEAST / scale : v;
		v *= scale;
	}
	if (v < k->least || (v > k->most &&
	    (k->type != T_SIZE || k->most != MOST))) {
		buf_fmt(why, "too %s %d%s", v < k->least ? "small, at least"
		    : "large, at most", v < k->least ? k->least : k->most,
		    unit == '\0' ? "" : "s");
		return RC_DENY;
	}
	*out = unit == '\0' ? v : v * SECOND;
	return RC_OK;
}

static enum rc
parse_int(const struct kind *k, struct span s, int *out, struct buf *why)
{
	int64_t v;

	TRY(parse_scaled(k, s, '\0', &v, why));
	*out = (int)v;
	return RC_OK;
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
	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' ||
	    s.p[s.n - 1] == '-')
		return false;
	while (s.n > 0 && is_label_char(s.p[s.n - 1]))
		s.n--;
	return s.n == 0;
}

static bool
is_host(struct span s)
{
	struct ip ip;
	size_t n;

	if (s.n > HOST_MAX || ip_parse(s, &ip))
		return false;
	for (;; s = span_tail(s, n + 1)) {
		n = span_find(s, '.');
		if (!is_label(span_head(s, n)))
			return false;
		if (n == s.n)
			return true;
	}
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
		s = span_tail(s, 5);
	if (ip_parse(s, out) && out->family == family)
		return RC_OK;
	*out = (struct ip){ 0 };
	buf_fmt(why, "not an IPv%d address", family);
	return RC_DENY;
}

bool
release_parse(struct span text, uint64_t out[3])
{
	size_t n;
	int i;

	out[0] = out[1] = out[2] = 0;
	for (i = 0; i < 3; i++) {
		n = span_find(text, '.');
		if (!span_number(span_head(text, n), INT32_MAX, &out[i]))
			return false;
		if (n == text.n)
			return true;
		text = span_tail(text, n + 1);
	}
	return false;
}

/* A number from 0 to 1 without exponent, as `0.25`. */
static bool
is_fraction(struct span s)
{
	size_t dot = span_find(s, '.');
	uint64_t whole, part = 0;

	return span_number(span_head(s, dot), 1, &whole) && (dot == s.n ||
	    (span_number(span_tail(s, dot + 1), UINT64_MAX, &part) &&
	    (whole == 0 || part == 0)));
}

static bool
is_ratio(struct span s)
{
	size_t slash = span_find(s, '/');
	struct span over = span_trim(span_head(s, slash));
	struct span under = span_trim(span_tail(s, slash + 1));
	uint64_t a, b;

	if (slash == s.n || span_is(under, "concurrency"))
		return is_fraction(over);
	return span_number(over, INT32_MAX, &a) &&
	    span_number(under, INT32_MAX, &b) && a <= b && b > 0;
}

/* What is wrong with a text of this kind; NULL: nothing. */
static const char *
text_fault(const struct kind *k, struct span s)
{
	uint64_t v[3];

	switch (k->type) {
	case T_HOST:
		return is_host(s) ? NULL : "not a host name; write one such "
		    "as host.example.com";
	case T_RELEASE:
		return release_parse(s, v) ? NULL : "not a compatibility "
		    "level; write one such as 3.6";
	case T_RATIO:
		return is_ratio(s) ? NULL : "not a ratio; write a number from "
		    "0 to 1, 1/5 or 1/concurrency";
	default:
		return s.n >= (size_t)k->least ? NULL : "must not be empty";
	}
}

enum rc
value_parse(const struct kind *k, struct span s, void *out, struct buf *why)
{
	const char *fault;

	switch (k->type) {
	case T_BOOL:
		return parse_bool(s, out, why);
	case T_INT:
		return parse_int(k, s, out, why);
	case T_SIZE:
		return parse_scaled(k, s, '\0', out, why);
	case T_TIME:
		return parse_scaled(k, s, 's', out, why);
	case T_HOURS:
		return parse_scaled(k, s, 'h', out, why);
	case T_DAYS:
		return parse_scaled(k, s, 'd', out, why);
	case T_ENUM:
		return parse_enum(k, s, out, why);
	case T_FLAGS:
		return parse_flags(k, s, out, why);
	case T_IPV4:
		return parse_ip(s, IP_V4, out, why);
	case T_IPV6:
		return parse_ip(s, IP_V6, out, why);
	default:
		*(struct span *)out = s;
		fault = text_fault(k, s);
		return fault == NULL ? RC_OK : deny(why, fault);
	}
}
