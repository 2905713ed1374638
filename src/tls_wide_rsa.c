/*
 * tls_wide_rsa.c - RSA (RFC 8017): what everybody can do with a public key,
 * and what only its owner can.
 */
#include <string.h>

#include "tls_int.h"

#define RSA_OCTETS_MAX	(8 * WIDE_WORDS_MAX)

/* BearSSL's own, which its public header leaves out. */
uint32_t br_rsa_pkcs1_sig_unpad(const unsigned char *sig, size_t sig_len,
	const unsigned char *hash_oid, size_t hash_len,
	unsigned char *hash_out);
uint32_t br_rsa_pkcs1_sig_pad(const unsigned char *hash_oid,
	const unsigned char *hash, size_t hash_len, uint32_t n_bitlen,
	unsigned char *x);

uint32_t
wide_rsa(unsigned char *x, size_t xlen, const br_rsa_public_key *pk)
{
	struct wide_mod m;
	uint64_t v[WIDE_WORDS_MAX];
	const unsigned char *n = pk->n;
	size_t nlen = pk->nlen;

	for (; nlen > 0 && *n == 0; nlen--)
		n++;
	if (xlen != nlen || !wide_mod_init(&m, n, nlen)
	    || !wide_load(v, m.words, x, xlen)
	    || !wide_is_less(v, m.n, m.words))
		return 0;
	wide_in(v, v, &m);
	wide_pow(v, pk->e, pk->elen, &m);
	wide_out(v, v, &m);
	wide_store(x, xlen, v);
	return 1;
}

uint32_t
/* NOLINTNEXTLINE(readability-function-size): as BearSSL has it */
wide_rsa_vrfy(const unsigned char *x, size_t xlen,
	const unsigned char *hash_oid, size_t hash_len,
	const br_rsa_public_key *pk, unsigned char *hash_out)
{
	unsigned char plain[RSA_OCTETS_MAX];

	if (xlen > sizeof(plain))
		return 0;
	memcpy(plain, x, xlen);
	return wide_rsa(plain, xlen, pk)
	    && br_rsa_pkcs1_sig_unpad(plain, xlen, hash_oid, hash_len,
	    hash_out);
}

/* ---- the private key ---------------------------------------------------- */

/* Up to 4096 bits, and room for two primes of which each takes half of it. */
struct number {
	uint64_t word[2 * WIDE_WORDS_MAX];
};

/* a modulo m, in the form: part by part, as many words as m has. */
static void
reduce(struct number *d, const struct number *a, const struct wide_mod *m)
{
	uint64_t part[WIDE_WORDS_MAX];
	size_t at = 0;

	memset(d, 0, sizeof(*d));
	while (at < WIDE_WORDS_MAX)
		at += m->words;
	while (at > 0) {
		at -= m->words;
		wide_in(d->word, d->word, m);
		wide_in(part, a->word + at, m);
		wide_add(d->word, d->word, part, m);
	}
	base_wipe(part, sizeof(part));
}

/*
 * a^dp modulo p, a^dq modulo q, and from both a^d (RFC 8017, 5.1.2, 2 b).  What
 * comes last, h * q + a^dq, is less than the modulus of the key: so it is taken
 * modulo R - 1, where a product over R is the product.
 */
static bool
private(struct number *a, const br_rsa_private_key *k)
{
	struct wide_mod p, q, all;
	struct number x, y, t = { { 0 } };
	bool is_good = wide_mod_init(&p, k->p, k->plen)
	    && wide_mod_init(&q, k->q, k->qlen)
	    && p.words + q.words <= WIDE_WORDS_MAX
	    && wide_load(t.word, p.words, k->iq, k->iqlen);

	if (is_good) {
		reduce(&x, a, &p);
		wide_pow_secret(x.word, k->dp, k->dplen, &p);
		reduce(&y, a, &q);
		wide_pow_secret(y.word, k->dq, k->dqlen, &q);
		wide_out(y.word, y.word, &q);
		reduce(a, &y, &p);
		wide_sub(x.word, x.word, a->word, &p);
		wide_mul(x.word, x.word, t.word, &p);	/* h */
		all.words = p.words + q.words;
		all.minus = 1;
		memset(all.n, 0xff, sizeof(all.n));
		memcpy(t.word, q.n, sizeof(q.n));
		wide_mul(a->word, x.word, t.word, &all);
		wide_add(a->word, a->word, y.word, &all);
	}
	base_wipe(&p, sizeof(p));
	base_wipe(&q, sizeof(q));
	base_wipe(&x, sizeof(x));
	base_wipe(&y, sizeof(y));
	base_wipe(&t, sizeof(t));
	return is_good;
}

uint32_t
wide_rsa_sign(const unsigned char *hash_oid, const unsigned char *hash,
	size_t hash_len, const br_rsa_private_key *sk, unsigned char *x)
{
	struct number a;
	size_t n = (sk->n_bitlen + 7) / 8;
	bool is_good = br_rsa_pkcs1_sig_pad(hash_oid, hash, hash_len,
	    sk->n_bitlen, x) && wide_load(a.word, COUNT(a.word), x, n)
	    && n <= RSA_OCTETS_MAX && private(&a, sk);

	if (is_good)
		wide_store(x, n, a.word);
	return is_good;
}
