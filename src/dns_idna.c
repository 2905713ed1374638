/*
 * dns_idna.c - names of hosts: are they valid, and what are they in A-labels?
 * RFC 5890, 5891; the encoding is Punycode, RFC 3492.
 *
 * A name is taken label by label.  Each is mapped, brought into composed form,
 * checked, and written in ASCII; the result must satisfy dns_name_check().
 */
#include "dns_int.h"

/*
 * Characters of one label while it is worked on.  A label that fits 63 octets
 * has at most 59; taken apart, letters with two marks make three of one.
 */
#define CHARS_MAX	160

#define PREFIX		"xn--"

struct label {
	size_t n;
	uint32_t c[CHARS_MAX];
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Underscores are no part of host names, but of names that are in use. */
static bool
is_label(struct span s)
{
	if (s.n == 0 || s.n > DNS_LABEL_MAX)
		return false;
	if (s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-'
		    && s.p[i] != '_')
			return false;
	return true;
}

static bool
is_numeric(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return true;
}

enum rc
dns_name_check(struct span name)
{
	if (name.n == 0 || name.n > DNS_NAME_MAX
	    || name.p[name.n - 1] == '.' || is_numeric(name))
		return RC_DENY;
	while (name.n > 0) {
		size_t dot = span_find(name, '.');

		if (!is_label(span_head(name, dot)))
			return RC_DENY;
		span_skip(&name, dot + 1);
	}
	return RC_OK;
}

/* ---- Punycode ------------------------------------------------------------ */

enum {
	BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700,
	INITIAL_BIAS = 72, INITIAL_N = 128
};

/* RFC 3492, 6.1. */
static uint32_t
adapt(uint32_t delta, uint32_t points, bool is_first)
{
	uint32_t k = 0;

	delta = is_first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
		delta /= BASE - T_MIN;
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void
put_digit(struct buf *out, uint32_t digit)
{
	buf_putc(out, (char)(digit < 26 ? 'a' + digit : '0' + digit - 26));
}

/* A number in digits of varying base, the least one first. */
static void
put_delta(struct buf *out, uint32_t q, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? T_MIN
		    : k >= bias + T_MAX ? T_MAX : k - bias;

		if (q < t)
			break;
		put_digit(out, t + (q - t) % (BASE - t));
		q = (q - t) / (BASE - t);
	}
	put_digit(out, q);
}

static size_t
put_basic(struct buf *out, const struct label *l)
{
	size_t basic = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->c[i] < INITIAL_N) {
			buf_putc(out, (char)l->c[i]);
			basic++;
		}
	return basic;
}

/* The least character that is not below n; there is one. */
static uint32_t
least_from(const struct label *l, uint32_t n)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < l->n; i++)
		if (l->c[i] >= n && l->c[i] < least)
			least = l->c[i];
	return least;
}

/*
 * RFC 3492, 6.3.  Nothing can overflow: with CHARS_MAX characters below
 * 0x110000, delta stays under 2^28.
 */
static void
put_punycode(struct buf *out, const struct label *l)
{
	uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS;
	size_t basic = put_basic(out, l), done = basic;

	if (basic > 0)
		buf_putc(out, '-');
	while (done < l->n) {
		uint32_t m = least_from(l, n);

		delta += (m - n) * (uint32_t)(done + 1);
		n = m;
		for (size_t i = 0; i < l->n; i++) {
			if (l->c[i] < n)
				delta++;
			if (l->c[i] != n)
				continue;
			put_delta(out, delta, bias);
			bias = adapt(delta, (uint32_t)done + 1,
			    done == basic);
			delta = 0;
			done++;
		}
		delta++;
		n++;
	}
}

/* ---- one label ----------------------------------------------------------- */

static bool
push(struct label *l, uint32_t c)
{
	if (l->n == CHARS_MAX)
		return false;
	l->c[l->n++] = c;
	return true;
}

/* Adds c in its parts, as a later mark may belong ahead of them. */
static bool
push_parts(struct label *l, uint32_t c)
{
	uint32_t marks[4];
	size_t n = 0;

	while (n < COUNT(marks) && idna_decompose(c, &c, &marks[n]))
		n++;
	if (!push(l, c))
		return false;
	while (n > 0)
		if (!push(l, marks[--n]))
			return false;
	return true;
}

/* I with a dot above is the one capital whose small letter is two. */
static bool
push_mapped(struct label *l, uint32_t c)
{
	if (c == 0x130)
		return push(l, 'i') && push(l, 0x307);
	return push_parts(l, idna_map(c));
}

/* Marks of one letter by their class, equal ones in the order as given. */
static void
sort_marks(struct label *l)
{
	for (size_t i = 1; i < l->n; i++) {
		uint32_t c = l->c[i];
		unsigned class = idna_class(c);
		size_t j = i;

		for (; class > 0 && j > 0 && idna_class(l->c[j - 1]) > class;
		    j--)
			l->c[j] = l->c[j - 1];
		l->c[j] = c;
	}
}

/* Unicode 3.11, D117: marks join the letter unless one stands between. */
static void
compose(struct label *l)
{
	size_t n = 0, base = 0;
	unsigned last = 0;

	for (size_t i = 0; i < l->n; i++) {
		uint32_t c = l->c[i], whole = 0;
		unsigned class = idna_class(c);

		if (n > 0 && (n == base + 1 || last < class))
			whole = idna_compose(l->c[base], c);
		if (whole != 0) {
			l->c[base] = whole;
			continue;
		}
		if (class == 0)
			base = n;
		last = class;
		l->c[n++] = c;
	}
	l->n = n;
}

static bool
is_ascii(const struct label *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->c[i] >= 0x80)
			return false;
	return true;
}

/* RFC 5891, 4.2.3: the first character, hyphens, what is not for names. */
static bool
is_valid(const struct label *l)
{
	if (idna_is_mark(l->c[0]) || l->c[0] == '-' || l->c[l->n - 1] == '-')
		return false;
	if (l->n >= 4 && l->c[2] == '-' && l->c[3] == '-')
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (!idna_is_allowed(l->c[i]))
			return false;
	return true;
}

static enum rc
put_label(struct buf *out, struct label *l)
{
	char text[DNS_LABEL_MAX + 1];
	struct buf b = BUF(text);

	sort_marks(l);
	compose(l);
	if (is_ascii(l)) {
		put_basic(&b, l);
	} else {
		if (!is_valid(l))
			return RC_DENY;
		buf_puts(&b, PREFIX);
		put_punycode(&b, l);
	}
	if (b.full)
		return RC_DENY;
	buf_put(out, buf_span(&b));
	return RC_OK;
}

/* ---- names --------------------------------------------------------------- */

/* The next character of valid UTF-8; *s is not empty. */
static uint32_t
next_char(struct span *s)
{
	unsigned char first = (unsigned char)s->p[0];
	size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1
	    : first < 0xF0 ? 2 : 3;
	uint32_t c = more == 0 ? first : first & (0x3Fu >> more);

	for (size_t i = 1; i <= more; i++)
		c = c << 6 | ((unsigned char)s->p[i] & 0x3F);
	span_skip(s, more + 1);
	return c;
}

static enum rc
put_labels(struct buf *out, struct span name)
{
	struct label l;

	for (;;) {
		uint32_t c = 0;

		l.n = 0;
		while (name.n > 0 && !idna_is_stop(c = next_char(&name)))
			if (!push_mapped(&l, c))
				return RC_DENY;
		TRY(put_label(out, &l));
		if (!idna_is_stop(c))
			return RC_OK;
		buf_putc(out, '.');
	}
}

enum rc
dns_to_ascii(struct span name, struct buf *out)
{
	char text[DNS_NAME_MAX + 1];
	struct buf b = BUF(text);

	if (!span_has_8bit(name))
		buf_put(&b, name);
	else if (text_is_utf8(name))
		TRY(put_labels(&b, name));
	else
		return RC_DENY;
	if (b.full || dns_name_check(buf_span(&b)) != RC_OK)
		return RC_DENY;
	buf_put(out, buf_span(&b));
	return out->full ? RC_FULL : RC_OK;
}
