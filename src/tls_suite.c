/*
 * tls_suite.c - cipher suites that BearSSL has, and what the administrator's
 * settings leave of them.
 */
#include <string.h>

#include "tls_int.h"

/* ---- what there is ------------------------------------------------------ */

enum {	/* what a suite is; words of cipher lists ask for one or several */
	IS_ECDHE = 1, IS_KRSA = 2, IS_ECDSA = 4, IS_ARSA = 8,
	IS_AES128 = 0x10, IS_AES256 = 0x20, IS_CHACHA = 0x40,
	IS_GCM = 0x100, IS_CCM = 0x200, IS_CCM8 = 0x400, IS_CBC = 0x800,
	IS_SHA1 = 0x1000, IS_SHA256 = 0x2000, IS_SHA384 = 0x4000,
	IS_SSL3 = 0x8000, IS_TLS10 = 0x10000, IS_TLS12 = 0x20000,
	IS_HIGH = 0x40000, IS_LOW = 0x80000, IS_FIPS = 0x100000,
	IS_RARE = 0x200000	/* not in OpenSSL's DEFAULT */
};

#define IS_AES		(IS_AES128 | IS_AES256)
#define E_ECDSA		(IS_ECDHE | IS_ECDSA)
#define E_RSA		(IS_ECDHE | IS_ARSA)
#define K_RSA		(IS_KRSA | IS_ARSA)
#define GCM		(IS_GCM | IS_TLS12 | IS_HIGH | IS_FIPS)
#define CHACHA		(IS_CHACHA | IS_TLS12 | IS_HIGH)
#define CCM		(IS_CCM | IS_TLS12 | IS_HIGH | IS_RARE)
#define CCM8		(IS_CCM8 | IS_TLS12 | IS_HIGH | IS_RARE)
#define SHA256		(IS_CBC | IS_TLS12 | IS_HIGH | IS_FIPS | IS_SHA256)
#define SHA384		(IS_CBC | IS_TLS12 | IS_HIGH | IS_FIPS | IS_SHA384)
#define SHA		(IS_CBC | IS_SHA1 | IS_HIGH | IS_FIPS)

struct suite {
	uint16_t id;
	uint32_t is;
};

/*
 * In the order that OpenSSL 3 gives to ALL.  3DES is left out, as in Debian's
 * OpenSSL: blocks of 64 bits are too short (RFC 9325).
 */
static const struct suite known[] = {
	{ 0xC02C, E_ECDSA | IS_AES256 | GCM },
	{ 0xC030, E_RSA | IS_AES256 | GCM },
	{ 0xCCA9, E_ECDSA | CHACHA },
	{ 0xCCA8, E_RSA | CHACHA },
	{ 0xC0AF, E_ECDSA | IS_AES256 | CCM8 },
	{ 0xC0AD, E_ECDSA | IS_AES256 | CCM },
	{ 0xC02B, E_ECDSA | IS_AES128 | GCM },
	{ 0xC02F, E_RSA | IS_AES128 | GCM },
	{ 0xC0AE, E_ECDSA | IS_AES128 | CCM8 },
	{ 0xC0AC, E_ECDSA | IS_AES128 | CCM },
	{ 0xC024, E_ECDSA | IS_AES256 | SHA384 },
	{ 0xC028, E_RSA | IS_AES256 | SHA384 },
	{ 0xC023, E_ECDSA | IS_AES128 | SHA256 },
	{ 0xC027, E_RSA | IS_AES128 | SHA256 },
	{ 0xC00A, E_ECDSA | IS_AES256 | IS_TLS10 | SHA },
	{ 0xC014, E_RSA | IS_AES256 | IS_TLS10 | SHA },
	{ 0xC009, E_ECDSA | IS_AES128 | IS_TLS10 | SHA },
	{ 0xC013, E_RSA | IS_AES128 | IS_TLS10 | SHA },
	{ 0x009D, K_RSA | IS_AES256 | GCM },
	{ 0xC0A1, K_RSA | IS_AES256 | CCM8 },
	{ 0xC09D, K_RSA | IS_AES256 | CCM },
	{ 0x009C, K_RSA | IS_AES128 | GCM },
	{ 0xC0A0, K_RSA | IS_AES128 | CCM8 },
	{ 0xC09C, K_RSA | IS_AES128 | CCM },
	{ 0x003D, K_RSA | IS_AES256 | SHA256 },
	{ 0x003C, K_RSA | IS_AES128 | SHA256 },
	{ 0x0035, K_RSA | IS_AES256 | IS_SSL3 | SHA },
	{ 0x002F, K_RSA | IS_AES128 | IS_SSL3 | SHA }
};

/* OpenSSL's names of them, in the same order. */
static const char names[] =
    "ECDHE-ECDSA-AES256-GCM-SHA384\0" "ECDHE-RSA-AES256-GCM-SHA384\0"
    "ECDHE-ECDSA-CHACHA20-POLY1305\0" "ECDHE-RSA-CHACHA20-POLY1305\0"
    "ECDHE-ECDSA-AES256-CCM8\0" "ECDHE-ECDSA-AES256-CCM\0"
    "ECDHE-ECDSA-AES128-GCM-SHA256\0" "ECDHE-RSA-AES128-GCM-SHA256\0"
    "ECDHE-ECDSA-AES128-CCM8\0" "ECDHE-ECDSA-AES128-CCM\0"
    "ECDHE-ECDSA-AES256-SHA384\0" "ECDHE-RSA-AES256-SHA384\0"
    "ECDHE-ECDSA-AES128-SHA256\0" "ECDHE-RSA-AES128-SHA256\0"
    "ECDHE-ECDSA-AES256-SHA\0" "ECDHE-RSA-AES256-SHA\0"
    "ECDHE-ECDSA-AES128-SHA\0" "ECDHE-RSA-AES128-SHA\0"
    "AES256-GCM-SHA384\0" "AES256-CCM8\0" "AES256-CCM\0"
    "AES128-GCM-SHA256\0" "AES128-CCM8\0" "AES128-CCM\0"
    "AES256-SHA256\0" "AES128-SHA256\0" "AES256-SHA\0" "AES128-SHA\0";

#define KNOWN		COUNT(known)
_Static_assert(KNOWN == TLS_SUITES_MAX, "room for all of them");
_Static_assert(KNOWN < 32, "a set of suites is a word of 32 bits");

/* Words that select by what a suite is: any of these, in the same order. */
static const char words[] =
    "ALL\0" "HIGH\0" "LOW\0" "FIPS\0" "kRSA\0" "RSA\0" "aRSA\0" "kECDHE\0"
    "kEECDH\0" "ECDHE\0" "EECDH\0" "ECDH\0" "aECDSA\0" "ECDSA\0" "AES\0"
    "AES128\0" "AES256\0" "AESGCM\0" "AESCCM\0" "AESCCM8\0" "CHACHA20\0"
    "CBC\0" "SHA1\0" "SHA\0" "SHA256\0" "SHA384\0" "SSLv3\0" "TLSv1\0"
    "TLSv1.0\0" "TLSv1.2\0" "COMPLEMENTOFDEFAULT\0";
static const uint32_t select[] = {
	UINT32_MAX, IS_HIGH, IS_LOW, IS_FIPS, IS_KRSA, IS_KRSA, IS_ARSA,
	IS_ECDHE, IS_ECDHE, IS_ECDHE, IS_ECDHE, IS_ECDHE, IS_ECDSA, IS_ECDSA,
	IS_AES, IS_AES128, IS_AES256, IS_GCM, IS_CCM | IS_CCM8, IS_CCM8,
	IS_CHACHA, IS_CBC, IS_SHA1, IS_SHA1, IS_SHA256, IS_SHA384, IS_SSL3,
	IS_TLS10, IS_TLS10, IS_TLS12, IS_RARE
};

/* The text at place k of a list. */
static const char *
text_at(const char *list, size_t k)
{
	for (; k > 0; k--)
		list += strlen(list) + 1;
	return list;
}

/* Where it stands in the list; n, which is how many there are: nowhere. */
static size_t
find(const char *list, size_t n, struct span word)
{
	size_t k = 0;

	while (k < n && !span_is(word, text_at(list, k)))
		k++;
	return k;
}

static size_t
place_of(uint16_t id)
{
	size_t k = 0;

	while (k < KNOWN && known[k].id != id)
		k++;
	return k;
}

const char *
suite_name(uint16_t suite)
{
	size_t k = place_of(suite);

	return k < KNOWN ? text_at(names, k) : "?";
}

static unsigned
bits_at(size_t k)
{
	return known[k].is & IS_AES128 ? 128 : 256;
}

unsigned
suite_bits(uint16_t suite)
{
	size_t k = place_of(suite);

	return k < KNOWN ? bits_at(k) : 0;
}

/* ---- sets --------------------------------------------------------------- */

static uint32_t
set_of(uint32_t is)
{
	uint32_t set = 0;

	for (size_t k = 0; k < KNOWN; k++)
		if (known[k].is & is)
			set |= 1u << k;
	return set;
}

uint32_t
suite_set(struct span word)
{
	size_t k = find(words, COUNT(select), word);

	if (k < COUNT(select))
		return set_of(select[k]);
	k = find(names, KNOWN, word);
	return k < KNOWN ? 1u << k : 0;
}

uint32_t
suite_set_bits(unsigned bits)
{
	uint32_t set = 0;

	for (size_t k = 0; k < KNOWN; k++)
		if (bits_at(k) == bits)
			set |= 1u << k;
	return set;
}

/* ---- grades and exclusions ---------------------------------------------- */

#define SHOWN_MAX	64	/* of a bad word, in a sentence */

/* A text, and where it stands. */
struct source {
	const struct tls_policy *p;
	const char *word;	/* the attribute of a table's entry */
	const char *more;	/* behind it in the name of the setting */
	bool is_table, is_mandatory;
	struct span text;
};

static void
complain_of(const struct source *s, struct buf *why)
{
	buf_puts(why, s->p->is_lmtp ? "lmtp_tls_" : "smtp_tls_");
	if (s->is_table)
		buf_fmt(why, "policy_maps, entry for %.*s: %s: ",
		    SPAN_ARG(s->p->site->nexthop), s->word);
	else
		buf_fmt(why, "%s%s%s: ", s->is_mandatory ? "mandatory_" : "",
		    s->word, s->more);
}

/* What the table says, else a general setting. */
static struct source
pick(const struct tls_policy *p, const char *word, const struct span *table,
	const struct span *may, const struct span *mandatory)
{
	struct source s = { .p = p, .word = word, .more = "" };

	s.is_table = table->p != NULL;
	s.is_mandatory = p->level > LEVEL_MAY;
	s.text = s.is_table ? *table : s.is_mandatory ? *mandatory : *may;
	return s;
}

static bool
list_of_grade(const struct settings *set, struct span grade, struct span *list)
{
	static const struct {
		char name[7];
		uint16_t at;
	} grades[] = {
		{ "high", offsetof(struct settings, tls_high_cipherlist) },
		{ "medium", offsetof(struct settings, tls_medium_cipherlist) },
		{ "low", offsetof(struct settings, tls_low_cipherlist) },
		{ "export", offsetof(struct settings, tls_export_cipherlist) },
		{ "null", offsetof(struct settings, tls_null_cipherlist) }
	};

	for (size_t i = 0; i < COUNT(grades); i++)
		if (span_is_case(grade, grades[i].name)) {
			memcpy(list, (const char *)set + grades[i].at,
			    sizeof(*list));
			return true;
		}
	return false;
}

static enum rc
choose_grade(const struct source *s, const struct settings *set,
    struct ciphers *o, struct buf *why)
{
	struct span list, bad;

	if (!list_of_grade(set, s->text, &list)) {
		complain_of(s, why);
		buf_puts(why, "grades are high, medium, low, export and null");
		return RC_DENY;
	}
	if (cipher_obey(o, list, &bad))
		return RC_OK;
	buf_fmt(why, "tls_%.*s_cipherlist: `%.*s' can't be obeyed",
	    SPAN_ARG(s->text), SPAN_ARG(span_head(bad, SHOWN_MAX)));
	return RC_DENY;
}

static enum rc
exclude(const struct source *s, struct ciphers *o, struct buf *why)
{
	struct span list = s->text, word;

	while (span_word(&list, LIST_DIVIDERS ":", &word)) {
		if (cipher_exclude(o, word))
			continue;
		complain_of(s, why);
		buf_fmt(why, "`%.*s' is neither a cipher nor a class",
		    SPAN_ARG(span_head(word, SHOWN_MAX)));
		return RC_DENY;
	}
	return RC_OK;
}

static enum rc
exclude_all(const struct tls_policy *p, const struct settings *set,
    struct ciphers *o, struct buf *why)
{
	struct source s = pick(p, "exclude", &p->exclude,
	    &set->tls_exclude_ciphers, &set->tls_exclude_ciphers);
	bool is_mandatory = s.is_mandatory && !s.is_table;

	s.more = "_ciphers";
	s.is_mandatory = false;
	TRY(exclude(&s, o, why));
	if (!is_mandatory)
		return RC_OK;
	s.is_mandatory = true;
	s.text = set->tls_mandatory_exclude_ciphers;
	return exclude(&s, o, why);
}

/* Suites of TLS 1.2 say nothing to a server that is kept below it. */
static void
settle(const struct ciphers *o, struct suites *out)
{
	uint32_t set = o->on;

	if (out->max < BR_TLS12)
		set &= ~set_of(IS_TLS12);
	out->n = 0;
	for (size_t i = 0; i < o->n; i++)
		if (set >> o->at[i] & 1)
			out->suite[out->n++] = known[o->at[i]].id;
}

enum rc
suite_choose(const struct tls_policy *p, const struct settings *set,
    bool aes_is_fast, struct suites *out, struct buf *why)
{
	struct source protocols = pick(p, "protocols", &p->protocols,
	    &set->tls_protocols, &set->tls_mandatory_protocols);
	struct source grade = pick(p, "ciphers", &p->grade, &set->tls_ciphers,
	    &set->tls_mandatory_ciphers);
	size_t at = why->n, said;
	struct ciphers o;

	cipher_start(&o, aes_is_fast);
	TRY(choose_grade(&grade, set, &o, why));
	TRY(exclude_all(p, set, &o, why));
	complain_of(&protocols, why);
	said = why->n;
	TRY(version_range(protocols.text, &out->min, &out->max, why));
	if (why->n == said)
		why->n = at;	/* nothing to complain of */
	settle(&o, out);
	if (out->n > 0)
		return RC_OK;
	why->n = at;
	complain_of(&grade, why);
	buf_fmt(why, "with what is excluded, no cipher of ours is left for "
	    "%s to %s", suite_version(out->min), suite_version(out->max));
	return RC_DENY;
}
