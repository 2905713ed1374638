/*
 * tls_ccert.c - what BearSSL asks when a server wants a certificate of ours.
 *
 * BearSSL's own class for RSA sends the certificate though no signature of ours
 * would be taken, and so breaks a handshake that would have gone on without.
 * The names of authorities that a server lists are not looked at: OpenSSL's
 * clients send what they have, too.
 */
#include <string.h>

#include "tls_int.h"

#define HASH_MD5SHA1	0	/* TLS 1.0 and 1.1: both, and no name of them */
#define ECDSA_OCTETS_MAX	139	/* of a signature, on P-521 */

static struct key_choice *
choice_of(const br_ssl_client_certificate_class **ctx)
{
	return (struct key_choice *)(void *)ctx;
}

static void
start_names(const br_ssl_client_certificate_class **ctx)
{
	choice_of(ctx)->was_asked = true;
}

static void
start_name(const br_ssl_client_certificate_class **ctx, size_t n)
{
	(void)ctx;
	(void)n;
}

static void
add_name(const br_ssl_client_certificate_class **ctx, const unsigned char *p,
	size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
}

static void
end_name(const br_ssl_client_certificate_class **ctx)
{
	(void)ctx;
}

/* The best of the hashes whose bits are set; HASH_MD5SHA1: there is none. */
static int
best_hash(uint32_t bits)
{
	static const unsigned char best[] = { br_sha256_ID, br_sha384_ID,
		br_sha512_ID, br_sha1_ID };

	for (size_t i = 0; i < sizeof(best); i++)
		if (bits >> best[i] & 1)
			return best[i];
	return HASH_MD5SHA1;
}

static void
choose(const br_ssl_client_certificate_class **ctx,
	const br_ssl_client_context *cc, uint32_t types,
	br_ssl_client_certificate *out)
{
	struct key_choice *c = choice_of(ctx);
	int hash;

	*out = (br_ssl_client_certificate){ 0 };
	c->was_asked = true;
	c->chosen = NULL;
	if (c->keys->ec.is_set && (hash = best_hash(types >> 8)) != 0) {
		c->chosen = &c->keys->ec;
		c->hash = br_multihash_getimpl(&cc->eng.mhash, hash);
		out->auth_type = BR_AUTH_ECDSA;
	} else if (c->keys->rsa.is_set && ((hash = best_hash(types)) != 0 ||
	    types & 1)) {
		c->chosen = &c->keys->rsa;
		out->auth_type = BR_AUTH_RSA;
	} else {
		return;
	}
	out->hash_id = hash;
	out->chain = c->chosen->chain;
	out->chain_len = c->chosen->chain_n;
}

/*
 * A signature made with a damaged prime would tell the other one to whoever
 * sees it, so it is looked at before it goes out.
 */
static size_t
sign_rsa(const struct own_key *k, int hash, struct span digest,
	unsigned char *out, size_t room)
{
	const unsigned char *oid = hash == HASH_MD5SHA1 ? NULL
	    : digest_oid((enum digest)(hash - br_sha1_ID + DIGEST_SHA1));
	const unsigned char *value = (const unsigned char *)digest.p;
	unsigned char again[DIGEST_MAX] = { 0 };
	size_t n = (k->rsa.n_bitlen + 7) / 8;

	if (n <= room && KEYS_RSA_SIGN(oid, value, digest.n,
	    &k->rsa, out) == 1 &&
	    KEYS_RSA_VRFY(out, n, oid, digest.n,
	    &k->pub.key.key.rsa, again) == 1 &&
	    memcmp(again, value, digest.n) == 0)
		return n;
	base_wipe(out, room);
	return 0;
}

static size_t
do_sign(const br_ssl_client_certificate_class **ctx, int hash, size_t n,
	unsigned char *data, size_t room)
{
	const struct key_choice *c = choice_of(ctx);
	char digest[DIGEST_MAX];

	if (n > sizeof(digest))
		return 0;
	memcpy(digest, data, n);
	if (!c->chosen->is_ec)
		return sign_rsa(c->chosen, hash, (struct span){ digest, n },
		    data, room);
	if (c->hash == NULL || room < ECDSA_OCTETS_MAX)
		return 0;
	return KEYS_ECDSA_SIGN(KEYS_EC, c->hash, digest,
	    &c->chosen->ec, data);
}

void
key_choice_init(struct key_choice *c, const struct own_keys *keys)
{
	static const br_ssl_client_certificate_class class = {
		sizeof(struct key_choice), start_names, start_name, add_name,
		end_name, end_name, choose, NULL /* static ECDH */, do_sign
	};

	*c = (struct key_choice){ .vtable = &class, .keys = keys };
}
