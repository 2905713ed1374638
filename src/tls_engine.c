/*
 * tls_engine.c - BearSSL set up as our client: which algorithms there are, and
 * whose code does them.
 *
 * BearSSL's own profiles are not used: they bring a judge of certificates with
 * them, and code that we never run.
 */
#include <string.h>

#include "tls_int.h"

bool
engine_has_aes(void)
{
	return br_aes_x86ni_ctr_get_vtable() != NULL;
}

static void
add_hashes(br_ssl_engine_context *e)
{
	static const br_hash_class *const hash[] = {
		&br_md5_vtable, &br_sha1_vtable, NULL, &br_sha256_vtable,
		&br_sha384_vtable, &br_sha512_vtable
	};

	/*
	 * MD5 is for the handshake of TLS 1.1 and below, and nothing else.
	 * With each of them all of the handshake is hashed; SHA-224, which
	 * nobody has alone, is not worth that.
	 */
	for (int id = br_md5_ID; id <= br_sha512_ID; id++)
		br_ssl_engine_set_hash(e, id, hash[id - 1]);
	br_ssl_engine_set_prf10(e, br_tls10_prf);
	br_ssl_engine_set_prf_sha256(e, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(e, br_tls12_sha384_prf);
}

/* ---- AES ---------------------------------------------------------------- */

/*
 * Bit by bit, so that time tells nothing.  What processors have for AES serves
 * GCM, which servers choose: a mail of 1 MiB takes less than half the time.
 */
#define AES_CTR		(IS_WIDE ? &br_aes_ct64_ctr_vtable \
			    : &br_aes_ct_ctr_vtable)
#define AES_CBC		(IS_WIDE ? &br_aes_ct64_cbcenc_vtable \
			    : &br_aes_ct_cbcenc_vtable)

/*
 * For CCM, of the two above: BearSSL's own does both at once, and is as long as
 * all of AES.  Keys of all modes look the same, but for the class.
 */
static const br_block_ctrcbc_class ctrcbc;

static void
ctrcbc_init(const br_block_ctrcbc_class **ctx, const void *key, size_t n)
{
	union {
		const br_block_ctrcbc_class **ctrcbc;
		const br_block_ctr_class **ctr;
	} keys = { .ctrcbc = ctx };

	AES_CTR->init(keys.ctr, key, n);
	*ctx = &ctrcbc;
}

/* The counter is its last four octets; in CCM only three of them move. */
static void
ctrcbc_ctr(const br_block_ctrcbc_class *const *ctx, void *ctr, void *data,
	size_t n)
{
	unsigned char *last = (unsigned char *)ctr + 12;
	uint32_t count = (uint32_t)last[0] << 24 | (uint32_t)last[1] << 16
	    | (uint32_t)last[2] << 8 | last[3];

	count = AES_CTR->run((const br_block_ctr_class *const *)(const void *)
	    ctx, ctr, count, data, n);
	for (int i = 3; i >= 0; i--, count >>= 8)
		last[i] = (unsigned char)count;
}

/* The last block of the ciphertext, which nobody wants else. */
static void
ctrcbc_mac(const br_block_ctrcbc_class *const *ctx, void *mac,
	const void *data, size_t n)
{
	unsigned char block[16];

	for (size_t i = 0; i < n; i += sizeof(block)) {
		memcpy(block, (const char *)data + i, sizeof(block));
		AES_CBC->run((const br_block_cbcenc_class *const *)
		    (const void *)ctx, mac, block, sizeof(block));
	}
}

/* The MAC is of what leaves here, as BearSSL has it: CCM calls the other. */
static void
ctrcbc_encrypt(const br_block_ctrcbc_class *const *ctx, void *ctr, void *mac,
	void *data, size_t n)
{
	ctrcbc_ctr(ctx, ctr, data, n);
	ctrcbc_mac(ctx, mac, data, n);
}

static void
ctrcbc_decrypt(const br_block_ctrcbc_class *const *ctx, void *ctr, void *mac,
	void *data, size_t n)
{
	ctrcbc_mac(ctx, mac, data, n);
	ctrcbc_ctr(ctx, ctr, data, n);
}

static const br_block_ctrcbc_class ctrcbc = {
	sizeof(br_aes_gen_ctrcbc_keys), 16, 4, ctrcbc_init, ctrcbc_encrypt,
	ctrcbc_decrypt, ctrcbc_ctr, ctrcbc_mac
};

/* ---- all ciphers -------------------------------------------------------- */

static void
add_gcm(br_ssl_engine_context *e)
{
	const br_block_ctr_class *fast = br_aes_x86ni_ctr_get_vtable();

	br_ssl_engine_set_gcm(e, &br_sslrec_in_gcm_vtable,
	    &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_aes_ctr(e, fast != NULL ? fast : AES_CTR);
	br_ssl_engine_set_ghash(e, IS_WIDE ? br_ghash_ctmul64
	    : br_ghash_ctmul);
}

/* For servers that have nothing better. */
static void
add_cbc_and_ccm(br_ssl_engine_context *e)
{
	br_ssl_engine_set_cbc(e, &br_sslrec_in_cbc_vtable,
	    &br_sslrec_out_cbc_vtable);
	br_ssl_engine_set_aes_cbc(e, AES_CBC, IS_WIDE
	    ? &br_aes_ct64_cbcdec_vtable : &br_aes_ct_cbcdec_vtable);
	br_ssl_engine_set_ccm(e, &br_sslrec_in_ccm_vtable,
	    &br_sslrec_out_ccm_vtable);
	br_ssl_engine_set_aes_ctrcbc(e, &ctrcbc);
}

/*
 * All of it takes the same time for any data.  Where it is a matter of some
 * 500 MB/s or some 1000, the shorter code is taken: the network is slower.
 */
static void
add_ciphers(br_ssl_engine_context *e)
{
	add_gcm(e);
	add_cbc_and_ccm(e);
	br_ssl_engine_set_chapol(e, &br_sslrec_in_chapol_vtable,
	    &br_sslrec_out_chapol_vtable);
	br_ssl_engine_set_chacha20(e, br_chacha20_ct_run);
	br_ssl_engine_set_poly1305(e, br_poly1305_ctmul_run);
}

void
engine_init(br_ssl_client_context *cc, const struct suites *s)
{
	br_ssl_engine_context *e = &cc->eng;

	br_ssl_client_zero(cc);
	br_ssl_engine_set_versions(e, s->min, s->max);
	br_ssl_engine_set_suites(e, s->suite, s->n);
	br_ssl_client_set_rsapub(cc, KEYS_RSA);
	br_ssl_engine_set_rsavrfy(e, KEYS_RSA_VRFY);
	br_ssl_engine_set_ec(e, KEYS_EC);
	br_ssl_engine_set_ecdsa(e, KEYS_ECDSA);
	add_hashes(e);
	add_ciphers(e);

	/*
	 * A server that wants another handshake is told no: RFC 5246, 7.4.1.1.
	 * BearSSL would lose the session if data came before it.
	 */
	br_ssl_engine_add_flags(e, BR_OPT_NO_RENEGOTIATION);
}
