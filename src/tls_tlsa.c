/*
 * tls_tlsa.c - TLSA records as DNS has them: which of them say something that
 * we can hold a peer to.  RFC 6698, 2.1; RFC 7671, 5 and 9.
 *
 * What is not usable here lowers what is demanded of the peer.  So only what
 * nobody could match is unusable, and not what we happen to lack: a key of an
 * unknown algorithm is usable, and will not fit.
 */
#include "tls_int.h"

#define SHA256_MATCHING	1	/* RFC 6698, 7.4: SHA2-256, SHA2-512 */
#define SHA512_MATCHING	2
#define MATCHING_MAX	255
#define FIXED		3	/* usage, selector, matching type */

/* ---- tls_dane_digests --------------------------------------------------- */

/* The matching type that everybody has for a digest; 0: none is registered. */
static unsigned
registered(enum digest d)
{
	if (d == DIGEST_SHA256)
		return SHA256_MATCHING;
	return d == DIGEST_SHA512 ? SHA512_MATCHING : 0;
}

/*
 * `sha512`, `sha512=2`, or, for a digest that nobody has registered yet, its
 * name with a number that is still free.
 */
static bool
read_word(struct dane_digests *d, struct span word)
{
	size_t sign = span_find(word, '=');
	enum digest digest = digest_find(span_head(word, sign));
	unsigned char scratch[DIGEST_MAX];
	uint64_t n = registered(digest);

	if (digest == DIGESTS || d->n == DANE_DIGESTS_MAX)
		return false;
	if (sign < word.n && !span_number(span_tail(word, sign + 1),
	    MATCHING_MAX, &n))
		return false;
	if (registered(digest) != (n <= SHA512_MATCHING ? n : 0) || n == 0)
		return false;
	d->known[d->n].matching = (uint8_t)n;
	d->known[d->n].digest = (uint8_t)digest;
	d->known[d->n].bytes = (uint8_t)digest_of(digest, SPAN(""), scratch);
	d->n++;
	return true;
}

enum rc
dane_digests_read(struct dane_digests *d, struct span words, struct span *bad)
{
	d->n = 0;
	*bad = words;
	while (span_word(&words, LIST_DIVIDERS, bad))
		if (!read_word(d, *bad))
			return RC_DENY;
	return d->n > 0 ? RC_OK : RC_DENY;
}

/* ---- one record --------------------------------------------------------- */

/* A SubjectPublicKeyInfo: an algorithm, and the bits of a key. */
static bool
is_key(struct span der)
{
	struct span body, part;

	return der_only(der, DER_SEQUENCE, &body)
	    && der_take(&body, DER_SEQUENCE, &part, NULL)
	    && der_take_bits(&body, &part) && body.n == 0;
}

/* RC_FULL: longer than we would look at, so nobody knows that it is none. */
static bool
is_cert(struct span der)
{
	struct span spki;
	enum rc rc = cert_read_spki(der, &spki);

	return rc == RC_OK ? is_key(spki) : rc == RC_FULL;
}

static bool
digest_usable(const struct dane_digests *d, struct tlsa *out)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->known[i].matching == out->matching) {
			out->digest = d->known[i].digest;
			out->rank = (uint8_t)i;
			return out->data.n == d->known[i].bytes;
		}
	return false;
}

bool
dane_usable(const struct dane_digests *d, struct span data, struct tlsa *out)
{
	if (data.n <= FIXED)
		return false;
	*out = (struct tlsa){
		.usage = (uint8_t)data.p[0], .selector = (uint8_t)data.p[1],
		.matching = (uint8_t)data.p[2],
		.digest = DIGESTS, .data = span_tail(data, FIXED)
	};
	if ((out->usage != TLSA_TA && out->usage != TLSA_EE)
	    || out->selector > TLSA_SPKI)
		return false;
	if (out->matching > 0)
		return digest_usable(d, out);
	return out->selector == TLSA_CERT ? is_cert(out->data)
	    : is_key(out->data);
}

/* ---- all of them -------------------------------------------------------- */

void
dane_agile(struct tlsa_set *set)
{
	uint8_t best[2][2] = {	/* rank, by usage and selector */
		{ DANE_DIGESTS_MAX, DANE_DIGESTS_MAX },
		{ DANE_DIGESTS_MAX, DANE_DIGESTS_MAX }
	};
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct tlsa *r = &set->record[i];
		uint8_t *b = &best[r->usage - TLSA_TA][r->selector];

		if (r->digest != DIGESTS && r->rank < *b)
			*b = r->rank;
	}
	for (size_t i = 0; i < set->n; i++) {
		const struct tlsa *r = &set->record[i];

		if (r->digest == DIGESTS
		    || r->rank == best[r->usage - TLSA_TA][r->selector])
			set->record[kept++] = *r;
	}
	set->n = kept;
}
