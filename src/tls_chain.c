/*
 * tls_chain.c - what the peer sent as its certificates, collected while the
 * handshake goes on.
 *
 * Nothing is judged here: a handshake fails for the certificate only if there
 * is no key in the first one that we could use.  What doesn't fit our bounds
 * or can't be read is left out, and if it was needed, no path will be found.
 */
#include <string.h>

#include "tls_int.h"

/* The peer leaves this much for what our own stores have to say. */
#define BYTES_KEPT	CERT_BYTES_MAX

static const br_x509_class chain_class;

static struct chain *
chain_of(const br_x509_class **ctx)
{
	return (struct chain *)(void *)ctx;	/* the first member */
}

void
chain_start(struct chain *c, void *room)
{
	*c = (struct chain){ .vtable = &chain_class };
	arena_init(&c->arena, room, CHAIN_BYTES_MAX);
}

static struct chain_link *
find(struct chain *c, struct span der)
{
	for (size_t i = 0; i < c->n; i++)
		if (span_eq(c->link[i].cert.der, der))
			return &c->link[i];
	return NULL;
}

enum rc
chain_add(struct chain *c, struct span der, struct chain_link **out)
{
	struct chain_link *l = find(c, der);

	if (l == NULL) {
		if (c->n == CHAIN_LINKS_MAX)
			return RC_FULL;
		l = &c->link[c->n];
		*l = (struct chain_link){ .is_readable = true };
		TRY(cert_read(der, &l->cert));
		c->n++;
	}
	*out = l;
	return l->is_readable ? RC_OK : RC_WIRE;
}

/* ---- the class: what BearSSL's engine calls ----------------------------- */

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct chain *c = chain_of(ctx);

	(void)server_name;	/* whom it must name is decided elsewhere */
	chain_start(c, c->arena.p);
}

/* Marks the certificate that is coming in as one that is left out. */
static void
leave_out(struct chain *c)
{
	if (c->open_at != SIZE_MAX)
		c->arena.used = c->open_at;
	c->open_at = SIZE_MAX;
	c->is_cut = true;
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct chain *c = chain_of(ctx);

	c->open_at = c->arena.used;
	/* If the leaf was left out, what follows is none. */
	if (length > CERT_BYTES_MAX || c->n == CHAIN_SENT_MAX ||
	    (c->n == 0 && c->is_cut))
		leave_out(c);
}

static void
append(const br_x509_class **ctx, const unsigned char *data, size_t n)
{
	struct chain *c = chain_of(ctx);

	if (c->open_at == SIZE_MAX)
		return;
	if (n > CERT_BYTES_MAX - (c->arena.used - c->open_at) ||
	    n > c->arena.cap - BYTES_KEPT - c->arena.used) {
		leave_out(c);
		return;
	}
	memcpy(c->arena.p + c->arena.used, data, n);
	c->arena.used += n;
}

/*
 * Even one that can't be read has a fingerprint, and maybe a key: level may
 * asks no more of it, and DANE and fingerprints ask for nothing else.
 */
static void
take_leaf(struct chain *c, struct span der)
{
	struct chain_link *l = &c->link[0];
	struct span spki = { NULL, 0 };

	*l = (struct chain_link){ .is_sent = true };
	l->is_readable = cert_read(der, &l->cert) == RC_OK;
	if (!l->is_readable) {
		if (cert_read_spki(der, &spki) != RC_OK)
			spki.n = 0;
		l->cert = (struct cert){ .der = der, .spki = spki };
	}
	if (sign_key(l->cert.spki, &c->leaf_key) != RC_OK)
		c->leaf_key = (struct pub_key){ .is_ec = false };
	c->n = 1;
}

static void
end_cert(const br_x509_class **ctx)
{
	struct chain *c = chain_of(ctx);
	struct chain_link *l;
	struct span der;
	size_t n = c->n;

	if (c->open_at == SIZE_MAX)
		return;
	der = (struct span){ c->arena.p + c->open_at,
	    c->arena.used - c->open_at };
	if (n == 0) {
		take_leaf(c, der);
		return;
	}
	/* Sent twice, or of no use: the room is for others. */
	if (chain_add(c, der, &l) != RC_OK || c->n == n)
		c->arena.used = c->open_at;
	else
		l->is_sent = true;
}

static unsigned
end_chain(const br_x509_class **ctx)
{
	const struct chain *c = chain_of(ctx);

	if (c->n == 0)
		return c->is_cut ? BR_ERR_X509_LIMIT_EXCEEDED
		    : BR_ERR_X509_EMPTY_CHAIN;
	if (c->leaf_key.key.key_type != 0)
		return 0;
	return c->link[0].cert.spki.n == 0 ? BR_ERR_X509_INVALID_VALUE
	    : BR_ERR_X509_UNSUPPORTED;
}

/*
 * What the key may be used for, as OpenSSL sees it: an EC key that may not sign
 * signs no handshake; RSA keys do both, whatever their certificate says, since
 * too many of those that sign in ECDHE suites were made for the other use.
 */
static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct chain *c = (const struct chain *)(const void *)ctx;
	const struct cert *leaf = &c->link[0].cert;

	if (c->leaf_key.key.key_type == 0)
		return NULL;
	if (usages != NULL) {
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
		if (c->leaf_key.is_ec && leaf->has_usage &&
		    !(leaf->usage & CERT_MAY_SIGN))
			*usages = BR_KEYTYPE_KEYX;
	}
	return &c->leaf_key.key;
}

static const br_x509_class chain_class = {
	sizeof(struct chain), start_chain, start_cert, append, end_cert,
	end_chain, get_pkey
};
