/*
 * tls_sign.c - public keys, and what was signed with them.
 *
 * RSA with PKCS#1 padding and ECDSA on the three curves of NIST; RSASSA-PSS and
 * Edwards curves are not there in BearSSL.  Digests begin with SHA-224: whoever
 * can make two texts with one MD5 or SHA-1 can have one signed, and show the
 * other.
 */
#include <string.h>

#include "tls_int.h"

#define OID_RSA		"\x2a\x86\x48\x86\xf7\x0d\1\1"	/* RFC 8017, C */
#define OID_RSA_KEY	OID_RSA "\1"
#define OID_EC_KEY	"\x2a\x86\x48\xce\x3d\2\1"	/* RFC 5480, 2.1.1 */
#define OID_ECDSA	"\x2a\x86\x48\xce\x3d\4\3"	/* RFC 5758, 3.2 */
#define OID_ECDSA_SHA1	"\x2a\x86\x48\xce\x3d\4\1"	/* RFC 3279, 2.2.3 */
#define OID_P256	"\x2a\x86\x48\xce\x3d\3\1\7"
#define OID_P384	"\x2b\x81\4\0\x22"
#define OID_P521	"\x2b\x81\4\0\x23"

#define RSA_OCTETS_MAX	512	/* BearSSL's own bound */
#define RSA_BITS_LEAST	1024	/* of who signs; OpenSSL's at level 1 */
/* The work grows with the exponent, which hardly ever has more than three. */
#define RSA_POWER_OCTETS_MAX	8

/* ---- keys --------------------------------------------------------------- */

/* BearSSL's keys are not const, though it never writes to them. */
static unsigned char *
octets(struct span s)
{
	union {
		const char *theirs;
		unsigned char *ours;
	} p = { .theirs = s.p };

	return p.ours;
}

static enum rc
rsa_key(struct span key, br_rsa_public_key *out)
{
	struct span numbers, n, e;

	if (!der_only(key, DER_SEQUENCE, &numbers)
	    || !der_take_unsigned(&numbers, &n)
	    || !der_take_unsigned(&numbers, &e) || numbers.n > 0
	    || n.n == 0 || e.n == 0)
		return RC_WIRE;
	if (n.n > RSA_OCTETS_MAX || e.n > RSA_POWER_OCTETS_MAX)
		return RC_DENY;
	*out = (br_rsa_public_key){ octets(n), n.n, octets(e), e.n };
	return RC_OK;
}

/* X9.62: 4, x, y. The short forms have 2 or 3 and x; nobody sends them. */
static enum rc
ec_key(struct span curve, struct span point, br_ec_public_key *out)
{
	size_t n;

	if (span_eq(curve, SPAN(OID_P256))) {
		out->curve = BR_EC_secp256r1;
		n = 1 + 2 * 32;
	} else if (span_eq(curve, SPAN(OID_P384))) {
		out->curve = BR_EC_secp384r1;
		n = 1 + 2 * 48;
	} else if (span_eq(curve, SPAN(OID_P521))) {
		out->curve = BR_EC_secp521r1;
		n = 1 + 2 * 66;
	} else {
		return RC_DENY;
	}
	if (point.n < 1 || (point.p[0] == 4 && point.n != n))
		return RC_WIRE;
	if (point.p[0] != 4)
		return RC_DENY;
	out->q = octets(point);
	out->qlen = point.n;
	return RC_OK;
}

enum rc
sign_key(struct span spki, struct pub_key *out)
{
	struct span body, algorithm, id, key, curve;

	if (!der_only(spki, DER_SEQUENCE, &body)
	    || !der_take(&body, DER_SEQUENCE, &algorithm, NULL)
	    || !der_take(&algorithm, DER_OID, &id, NULL)
	    || !der_take_bits(&body, &key) || body.n > 0)
		return RC_WIRE;
	out->is_ec = span_eq(id, SPAN(OID_EC_KEY));
	if (out->is_ec) {
		out->key.key_type = BR_KEYTYPE_EC;
		return der_only(algorithm, DER_OID, &curve)
		    ? ec_key(curve, key, &out->key.key.ec) : RC_DENY;
	}
	out->key.key_type = BR_KEYTYPE_RSA;
	return span_eq(id, SPAN(OID_RSA_KEY))
	    ? rsa_key(key, &out->key.key.rsa) : RC_DENY;
}

/* ---- signatures --------------------------------------------------------- */

/* Is id that of `family` and one octet more?  *last gets it. */
static bool
is_of(struct span id, struct span family, unsigned *last)
{
	if (id.n != family.n + 1 || memcmp(id.p, family.p, family.n) != 0)
		return false;
	*last = (unsigned char)id.p[family.n];
	return true;
}

/* DIGESTS, or DIGEST_SHA1: none that proves anything; *why tells. */
static enum digest
digest_behind(struct span algorithm, bool *is_ec, const char **why)
{
	struct span body, id;
	unsigned last;

	*why = "its signature is of a kind that is not supported";
	if (!der_only(algorithm, DER_SEQUENCE, &body)
	    || !der_take(&body, DER_OID, &id, NULL)
	    || (body.n > 0 && !span_eq(body, SPAN("\5\0"))))
		return DIGESTS;
	*is_ec = is_of(id, SPAN(OID_ECDSA), &last);
	if (*is_ec && last >= 1 && last <= 4)
		return DIGEST_SHA224 + last - 1;
	if (is_of(id, SPAN(OID_RSA), &last)) {
		if (last == 14)
			return DIGEST_SHA224;
		if (last >= 11 && last <= 13)
			return DIGEST_SHA256 + last - 11;
		if (last >= 2 && last <= 4)
			*why = "its signature uses MD5, which proves nothing";
		if (last != 5)
			return DIGESTS;
	} else {
		*is_ec = span_eq(id, SPAN(OID_ECDSA_SHA1));
		if (!*is_ec)
			return DIGESTS;
	}
	*why = "its signature uses SHA-1, which proves nothing";
	return DIGEST_SHA1;
}

static bool
is_too_short(const br_rsa_public_key *key)
{
	size_t bits = 8 * key->nlen;

	for (unsigned first = key->n[0]; first < 0x80; first <<= 1)
		bits--;
	return bits < RSA_BITS_LEAST;
}

static bool
rsa_fits(const br_rsa_public_key *key, enum digest d, struct span digest,
	struct span signature)
{
	unsigned char signed_digest[DIGEST_MAX] = { 0 };

	return KEYS_RSA_VRFY(octets(signature), signature.n, digest_oid(d),
	    digest.n, key, signed_digest) == 1
	    && memcmp(signed_digest, digest.p, digest.n) == 0;
}

/* least: digests before it prove nothing. */
static enum rc
check(const struct cert *c, struct span spki, enum digest least,
	const char **why)
{
	char room[DIGEST_MAX];
	struct span digest = { room, 0 };
	struct pub_key k;
	bool is_ec, fits;
	enum digest d = digest_behind(c->algorithm, &is_ec, why);

	if (d == DIGESTS || d < least)
		return RC_DENY;
	*why = "its issuer's key is of a kind that is not supported";
	if (sign_key(spki, &k) != RC_OK)
		return RC_DENY;
	*why = "its issuer's key is shorter than 1024 bits";
	if (!k.is_ec && is_too_short(&k.key.key.rsa))
		return RC_DENY;
	*why = "its issuer did not sign it";
	if (is_ec != k.is_ec)
		return RC_DENY;
	digest.n = digest_of(d, c->tbs, (unsigned char *)room);
	fits = is_ec ? KEYS_ECDSA(KEYS_EC,
	    digest.p, digest.n, &k.key.key.ec, c->signature.p,
	    c->signature.n) == 1
	    : rsa_fits(&k.key.key.rsa, d, digest, c->signature);
	return fits ? RC_OK : RC_DENY;
}

enum rc
sign_check(const struct cert *c, struct span spki, const char **why)
{
	return check(c, spki, DIGEST_SHA224, why);
}

enum rc
sign_check_lax(const struct cert *c, struct span spki, const char **why)
{
	return check(c, spki, DIGEST_SHA1, why);
}
