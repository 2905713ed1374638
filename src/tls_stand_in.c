/*
 * tls_stand_in.c - in place of modules that other branches bring.
 */
#include <string.h>

#include "tls_int.h"

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

enum rc
keys_read(struct own_keys *k, const struct settings *set, bool is_lmtp,
	const struct log *log)
{
	(void)k;
	(void)set;
	(void)is_lmtp;
	(void)log;
	return RC_OK;
}
