/*
 * tls_privkey.c - private keys taken apart, and held against certificates.
 *
 * Which of the three forms a key has is told by what is in it and not by its
 * armour: behind the version, 0 or 1, comes an INTEGER (PKCS#1), an OCTET
 * STRING (SEC1) or a SEQUENCE (PKCS#8).
 */
#include <string.h>

#include "tls_int.h"

#define EC_OCTETS_MAX	66	/* of a number, on P-521 */
#define EC_POINT_MAX	(1 + 2 * EC_OCTETS_MAX)

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

/* RFC 8017, A.1.2, from n on: two primes. */
enum { N, E, D, P, Q, DP, DQ, QINV, NUMBERS };

static enum rc
read_rsa(struct span rest, struct own_key *out)
{
	br_rsa_private_key *k = &out->rsa;
	struct span v[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++)
		if (!der_take_unsigned(&rest, &v[i]) || v[i].n == 0)
			return RC_WIRE;
	base_wipe(octets(v[D]), v[D].n);
	if (rest.n > 0 || v[P].n + v[Q].n < v[N].n ||
	    v[P].n + v[Q].n > v[N].n + 1 || v[DP].n > v[P].n ||
	    v[DQ].n > v[Q].n || v[QINV].n > v[P].n)
		return RC_WIRE;
	*k = (br_rsa_private_key){
		.n_bitlen = (uint32_t)(8 * v[N].n),
		.p = octets(v[P]), .plen = v[P].n,
		.q = octets(v[Q]), .qlen = v[Q].n,
		.dp = octets(v[DP]), .dplen = v[DP].n,
		.dq = octets(v[DQ]), .dqlen = v[DQ].n,
		.iq = octets(v[QINV]), .iqlen = v[QINV].n,
	};
	for (unsigned first = octets(v[N])[0]; first < 0x80; first <<= 1)
		k->n_bitlen--;
	/* To be compared with the certificate's. */
	out->pub.key.key.rsa = (br_rsa_public_key){
		octets(v[N]), v[N].n, octets(v[E]), v[E].n
	};
	return RC_OK;
}

/* RFC 5915, 3; the optional curve and point are those of the certificate. */
static enum rc
read_ec(struct span rest, struct own_key *out)
{
	struct span x;

	if (!der_take(&rest, DER_OCTETS, &x, NULL) || x.n == 0 ||
	    x.n > EC_OCTETS_MAX)
		return RC_WIRE;
	out->is_ec = true;
	out->ec = (br_ec_private_key){ .x = octets(x), .xlen = x.n };
	return RC_OK;
}

enum rc
own_key_read(struct buf *der, struct own_key *out)
{
	struct span s = buf_span(der), body, version, ignored;
	bool is_inside = false;

	out->is_ec = false;
	for (;;) {
		if (!der_only(s, DER_SEQUENCE, &body) ||
		    !der_take_unsigned(&body, &version) || version.n > 1 ||
		    (version.n > 0 && version.p[0] != 1))
			return RC_WIRE;
		if (der_at(body, DER_INTEGER) && version.n == 0)
			return read_rsa(body, out);
		if (der_at(body, DER_OCTETS) && version.n > 0)
			return read_ec(body, out);
		/* PKCS#8, once: its octets are one of the others. */
		if (is_inside ||
		    !der_take(&body, DER_SEQUENCE, &ignored, NULL) ||
		    !der_take(&body, DER_OCTETS, &s, NULL))
			return RC_WIRE;
		is_inside = true;
	}
}

static bool
is_same(const unsigned char *a, size_t a_n, const unsigned char *b, size_t b_n)
{
	return a_n == b_n && memcmp(a, b, a_n) == 0;
}

/* The point that belongs to the number is the certificate's. */
static bool
ec_fits(struct own_key *k)
{
	const br_ec_public_key *pub = &k->pub.key.key.ec;
	unsigned char point[EC_POINT_MAX];
	size_t n;

	k->ec.curve = pub->curve;
	n = KEYS_EC->mulgen(point, k->ec.x, k->ec.xlen, pub->curve);
	return is_same(point, n, pub->q, pub->qlen);
}

enum rc
own_key_fits(struct own_key *k)
{
	const struct span der = { (const char *)k->chain[0].data,
	    k->chain[0].data_len };
	const br_rsa_public_key own = k->pub.key.key.rsa;
	const br_rsa_public_key *pub = &k->pub.key.key.rsa;
	struct span spki;

	if (cert_read_spki(der, &spki) != RC_OK ||
	    sign_key(spki, &k->pub) != RC_OK)
		return RC_WIRE;
	if (k->pub.is_ec != k->is_ec)
		return RC_DENY;
	if (k->is_ec)
		return ec_fits(k) ? RC_OK : RC_DENY;
	return is_same(own.n, own.nlen, pub->n, pub->nlen) &&
	    is_same(own.e, own.elen, pub->e, pub->elen) ? RC_OK : RC_DENY;
}
