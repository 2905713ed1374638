/*
 * tls_stand_in.c - in place of modules that other branches bring.
 */
#include <string.h>

#include "tls_int.h"

enum rc
suite_choose(const struct tls_policy *p, const struct settings *set,
	bool aes_is_fast, struct suites *out, struct buf *why)
{
	static const uint16_t list[] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
		BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		BR_TLS_RSA_WITH_AES_128_CBC_SHA,
	};

	(void)set;
	(void)aes_is_fast;
	if (span_is(p->protocols, "bad")) {
		buf_puts(why, "bad protocols");
		return RC_DENY;
	}
	out->min = BR_TLS10;
	out->max = span_is(p->protocols, "TLSv1") ? BR_TLS10 : BR_TLS12;
	memcpy(out->suite, list, sizeof(list));
	out->n = COUNT(list);
	return RC_OK;
}

const char *
suite_name(uint16_t suite)
{
	return suite == BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 ?
	    "ECDHE-ECDSA-AES256-GCM-SHA384" : "?";
}

unsigned
suite_bits(uint16_t suite)
{
	return suite == BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 ? 256 : 0;
}

const char *
suite_version(unsigned version)
{
	return version == BR_TLS12 ? "TLSv1.2" : version == BR_TLS11 ?
	    "TLSv1.1" : "TLSv1";
}

static void
nothing(const br_ssl_client_certificate_class **ctx)
{
	((struct key_choice *)(void *)ctx)->was_asked = true;
}

static void
nothing_n(const br_ssl_client_certificate_class **ctx, size_t n)
{
	(void)ctx;
	(void)n;
}

static void
nothing_data(const br_ssl_client_certificate_class **ctx,
	const unsigned char *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
}

static void
choose(const br_ssl_client_certificate_class **ctx,
	const br_ssl_client_context *cc, uint32_t types,
	br_ssl_client_certificate *out)
{
	(void)ctx;
	(void)cc;
	(void)types;
	*out = (br_ssl_client_certificate){ 0 };
}

static const br_ssl_client_certificate_class choice_class = {
	sizeof(struct key_choice), nothing, nothing_n, nothing_data, nothing,
	nothing, choose, NULL, NULL
};

void
key_choice_init(struct key_choice *c, const struct own_keys *keys)
{
	(void)keys;
	*c = (struct key_choice){ .vtable = &choice_class };
}

enum tls_trust
check_peer(struct tls *t, struct chain *c, const struct tls_policy *p,
	bool *matched, struct buf *why)
{
	(void)t;
	(void)c;
	(void)why;
	*matched = p->level < LEVEL_VERIFY;
	return TLS_UNTRUSTED;
}

static struct chain *
chain_of(const br_x509_class **ctx)
{
	return (struct chain *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *name)
{
	(void)ctx;
	(void)name;
}

static void
start_cert(const br_x509_class **ctx, uint32_t n)
{
	struct chain *c = chain_of(ctx);

	(void)n;
	c->open_at = c->arena.used;
}

static void
append(const br_x509_class **ctx, const unsigned char *data, size_t n)
{
	struct chain *c = chain_of(ctx);

	if (n > c->arena.cap - c->arena.used)
		return;
	memcpy(c->arena.p + c->arena.used, data, n);
	c->arena.used += n;
}

static void
end_cert(const br_x509_class **ctx)
{
	struct chain *c = chain_of(ctx);

	if (c->n < CHAIN_SENT_MAX)
		c->link[c->n++].cert.der = (struct span){
		    c->arena.p + c->open_at, c->arena.used - c->open_at };
}

static unsigned char *
keep(struct chain *c, const unsigned char *p, size_t n)
{
	unsigned char *to = arena_take(&c->arena, n);

	memcpy(to, p, n);
	return to;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	struct chain *c = chain_of(ctx);
	br_x509_decoder_context d;
	br_x509_pkey *k = &c->leaf_key.key;

	if (c->n == 0)
		return BR_ERR_X509_EMPTY_CHAIN;
	br_x509_decoder_init(&d, NULL, NULL);
	br_x509_decoder_push(&d, c->link[0].cert.der.p,
	    c->link[0].cert.der.n);
	if (br_x509_decoder_get_pkey(&d) == NULL)
		return BR_ERR_X509_UNSUPPORTED;
	*k = *br_x509_decoder_get_pkey(&d);
	if (k->key_type == BR_KEYTYPE_RSA) {
		k->key.rsa.n = keep(c, k->key.rsa.n, k->key.rsa.nlen);
		k->key.rsa.e = keep(c, k->key.rsa.e, k->key.rsa.elen);
	} else {
		k->key.ec.q = keep(c, k->key.ec.q, k->key.ec.qlen);
	}
	return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct chain *c = (const struct chain *)(const void *)ctx;

	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return &c->leaf_key.key;
}

static const br_x509_class chain_class = {
	sizeof(struct chain), start_chain, start_cert, append, end_cert,
	end_chain, get_pkey
};

void
chain_start(struct chain *c, void *room)
{
	*c = (struct chain){ .vtable = &chain_class };
	arena_init(&c->arena, room, CHAIN_BYTES_MAX);
}
