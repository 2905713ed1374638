/*
 * tls_version.c - lists of protocols: smtp_tls_protocols and its kin.
 *
 * Words mean what they mean to Postfix and OpenSSL.
 */
#include "tls_int.h"

/* In order; SSLv2 has a number of its own time. */
static const struct version {
	char name[8];
	uint16_t number;
} versions[] = {
	{ "SSLv2", 0x0002 }, { "SSLv3", 0x0300 }, { "TLSv1", BR_TLS10 },
	{ "TLSv1.1", BR_TLS11 }, { "TLSv1.2", BR_TLS12 }, { "TLSv1.3", 0x0304 }
};

enum { AT_SSL3 = 1, AT_TLS10 = 2, AT_TLS12 = 4, AT_TLS13 = 5, AT_NONE = 6 };

const char *
suite_version(unsigned version)
{
	return version >= BR_TLS10 && version <= BR_TLS12
	    ? versions[AT_TLS10 + version - BR_TLS10].name : "?";
}

#define NUMBER_MAX	INT32_MAX

struct range {
	unsigned without, only;	/* sets of versions, by place */
	uint32_t floor, ceiling;	/* 0: none */
};

static size_t
find(struct span word)
{
	size_t i = 0;

	while (i < COUNT(versions) && !span_is_case(word, versions[i].name))
		i++;
	return i;
}

/* Digits, maybe none at all, which is 0. */
static bool
hex(struct span s, uint32_t *out)
{
	uint64_t v = 0;

	if (span_starts_case(s, "0x"))
		s = span_tail(s, 2);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i] | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (unsigned)(c - 'a' + 10);
		else
			return false;
		if (v > NUMBER_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return true;
}

static bool
bound(struct span word, uint32_t *out)
{
	size_t i = find(word);

	if (i == AT_NONE)
		return hex(word, out);
	*out = versions[i].number;
	return true;
}

static bool
read_word(struct range *r, struct span word)
{
	bool is_not = word.p[0] == '!';
	size_t i;

	if (span_starts_case(word, ">="))
		return bound(span_tail(word, 2), &r->floor);
	if (span_starts_case(word, "<="))
		return bound(span_tail(word, 2), &r->ceiling);
	i = find(is_not ? span_tail(word, 1) : word);
	if (i == AT_NONE)
		return false;
	*(is_not ? &r->without : &r->only) |= 1u << i;
	return true;
}

static bool
allows(const struct range *r, size_t i)
{
	return !(r->without >> i & 1) && (r->only == 0 || r->only >> i & 1) &&
	    versions[i].number >= r->floor &&
	    (r->ceiling == 0 || versions[i].number <= r->ceiling);
}

/*
 * A number that is no version is no bound, as in OpenSSL: true, and the caller
 * should know.
 */
static bool
drop(uint32_t *bound)
{
	bool is_odd = *bound != 0 && (*bound < versions[AT_SSL3].number ||
	    *bound > versions[AT_TLS13].number);

	if (is_odd)
		*bound = 0;
	return is_odd;
}

enum rc
version_range(struct span list, unsigned *min, unsigned *max, struct buf *why)
{
	struct range r = { 0 };
	struct span word;
	size_t low = AT_TLS10, high;
	bool is_odd;

	while (span_word(&list, LIST_DIVIDERS ":", &word)) {
		if (!read_word(&r, word)) {
			buf_fmt(why, "`%.*s' is no version of TLS",
			    SPAN_ARG(span_head(word, 64)));
			return RC_DENY;
		}
	}
	is_odd = drop(&r.floor);
	is_odd = drop(&r.ceiling) || is_odd;
	while (low < AT_NONE && !allows(&r, low))
		low++;
	if (low >= AT_TLS13) {
		buf_puts(why, low == AT_TLS13 ?
		    "that leaves TLS 1.3 only, and this program ends at 1.2" :
		    "that leaves no version of TLS");
		return RC_DENY;
	}
	for (high = low; high < AT_TLS12 && allows(&r, high + 1); high++)
		;
	*min = versions[low].number;
	*max = versions[high].number;
	if (is_odd)
		buf_puts(why, "a number is no version of TLS, so the bound "
		    "does nothing");
	return RC_OK;
}
