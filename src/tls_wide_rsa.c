/*
 * tls_wide_rsa.c - what an RSA key does that everybody may have.
 */
#include <string.h>

#include "tls_int.h"

#define RSA_OCTETS_MAX	(8 * WIDE_WORDS_MAX)

/* BearSSL's own, which its public header leaves out. */
uint32_t br_rsa_pkcs1_sig_unpad(const unsigned char *sig, size_t sig_len,
	const unsigned char *hash_oid, size_t hash_len,
	unsigned char *hash_out);

uint32_t
wide_rsa(unsigned char *x, size_t xlen, const br_rsa_public_key *pk)
{
	struct wide_mod m;
	uint64_t v[WIDE_WORDS_MAX], one[WIDE_WORDS_MAX] = { 1 };
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
	wide_mul(v, v, one, &m);
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
