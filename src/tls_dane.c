/*
 * tls_dane.c - TLSA records against what the peer sent.  RFC 7671, 5.1, 5.2;
 * RFC 7672, 3.1.
 *
 * Usage 3 speaks of the server's own certificate, or of its key, and proves all
 * there is to prove: no name, date or issuer counts.  Usage 2 speaks of an
 * issuer, and never of the server's own certificate, even if that is one.
 */
#include "tls_int.h"

/* What a selector takes of a certificate, and the digest it had last. */
struct face {
	struct span whole;	/* empty: could not be read */
	unsigned made;		/* enum digest; DIGESTS: none yet */
	size_t n;
	unsigned char value[DIGEST_MAX];
};

static bool
fits(struct face *f, const struct tlsa *r)
{
	if (f->whole.n == 0)
		return false;
	if (r->digest == DIGESTS)
		return span_eq(f->whole, r->data);
	if (f->made != r->digest) {
		f->made = r->digest;
		f->n = digest_of(r->digest, f->whole, f->value);
	}
	return span_eq((struct span){ (const char *)f->value, f->n },
	    r->data);
}

/* After agility there is one digest for each face: made once, as a rule. */
static bool
link_fits(const struct chain_link *l, const struct tlsa_set *set,
	unsigned usage)
{
	struct face face[] = {
		[TLSA_CERT] = { .whole = l->cert.der, .made = DIGESTS },
		[TLSA_SPKI] = { .whole = l->cert.spki, .made = DIGESTS }
	};

	for (size_t i = 0; i < set->n; i++)
		if (set->record[i].usage == usage
		    && fits(&face[set->record[i].selector], &set->record[i]))
			return true;
	return false;
}

static bool
mark_sent(struct chain *c, const struct tlsa_set *set)
{
	bool any = false;

	for (size_t i = 1; i < c->n; i++) {
		struct chain_link *l = &c->link[i];

		if (!l->is_sent || !l->is_readable)
			continue;
		l->is_anchor = link_fits(l, set, TLSA_TA);
		any |= l->is_anchor;
	}
	return any;
}

/* The record is the issuer: it need not be sent. */
static bool
add_cert(struct chain *c, struct span der)
{
	struct chain_link *l;

	if (chain_add(c, der, &l) != RC_OK || l == &c->link[0])
		return false;
	l->is_anchor = true;
	return true;
}

/* Dates count where there are any: a certificate with this key goes first. */
static bool
add_key(struct chain *c, struct span spki)
{
	for (size_t i = 1; i < c->n; i++)
		if (c->link[i].is_anchor
		    && span_eq(c->link[i].cert.spki, spki))
			return true;
	if (c->keys == CHAIN_KEYS_MAX)
		return false;
	c->key[c->keys++] = spki;
	return true;
}

static bool
add_whole(struct chain *c, const struct tlsa_set *set)
{
	bool any = false;

	for (size_t i = 0; i < set->n; i++) {
		const struct tlsa *r = &set->record[i];

		if (r->usage != TLSA_TA || r->digest != DIGESTS)
			continue;
		if (r->selector == TLSA_CERT ? add_cert(c, r->data)
		    : add_key(c, r->data))
			any = true;
	}
	return any;
}

enum rc
dane_marks(struct chain *c, const struct tlsa_set *set)
{
	bool sent, added;

	if (c->n == 0)
		return RC_DENY;
	if (link_fits(&c->link[0], set, TLSA_EE))
		return RC_OK;
	sent = mark_sent(c, set);
	added = add_whole(c, set);
	return sent || added ? RC_NONE : RC_DENY;
}
