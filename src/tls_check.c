/*
 * tls_check.c - what a peer's certificates prove, for a policy and its site.
 *
 * None of this fails a handshake.  Where the level demands nothing of the
 * certificate (may, encrypt), trust is a word for the log and no more.
 */
#include <string.h>

#include "tls_int.h"

/* One question about one peer. */
struct check {
	struct tls *t;
	struct chain *c;
	const struct tls_policy *p;
	struct buf *why;
};

static const struct cert *
leaf_of(const struct check *k)
{
	return &k->c->link[0].cert;
}

/* ---- log lines ---------------------------------------------------------- */

static void
put_peer(const struct tls_site *site, struct buf *b)
{
	buf_put_cut(b, site->host);
	buf_puts(b, "[");
	if (site->ip.family == IP_NONE) {
		buf_put_cut(b, site->nexthop);
		buf_puts(b, "]");
		return;
	}
	ip_put(b, &site->ip);
	buf_fmt(b, "]:%u", site->port);
}

static void
say(const struct check *k, const char *what, struct span text)
{
	char room[512];
	struct buf peer = BUF(room);

	put_peer(k->p->site, &peer);
	log_line(k->t->log, LOG_INFO, "%.*s: %s%.*s",
	    SPAN_ARG(buf_span(&peer)), what, SPAN_ARG(text));
}

/* ---- fingerprints ------------------------------------------------------- */

static bool
is_listed(struct span list, const unsigned char *digest, size_t n)
{
	unsigned char listed[DIGEST_MAX];
	struct span word;

	while (span_word(&list, LIST_DIVIDERS "|", &word))
		if (digest_read(word, listed) == n
		    && memcmp(listed, digest, n) == 0)
			return true;
	return false;
}

static void
put_digest(struct buf *b, const unsigned char *digest, size_t n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(b, ':');
		buf_putc(b, digits[digest[i] >> 4]);
		buf_putc(b, digits[digest[i] & 15]);
	}
}

/* Both, as smtp_tls_fingerprint_cert_match wants them. */
static void
say_fingerprints(const struct check *k)
{
	enum digest d = digest_find(k->t->set->tls_fingerprint_digest);
	unsigned char digest[DIGEST_MAX];
	char room[3 * DIGEST_MAX + 1];
	struct buf b = BUF(room);

	if (d == DIGESTS)
		return;
	put_digest(&b, digest, digest_of(d, leaf_of(k)->der, digest));
	say(k, "fingerprint of the certificate: ", buf_span(&b));
	buf_clear(&b);
	put_digest(&b, digest, digest_of(d, leaf_of(k)->spki, digest));
	say(k, "fingerprint of its key: ", buf_span(&b));
}

static bool
fingerprint_does(const struct check *k)
{
	enum digest d = digest_find(k->t->set->tls_fingerprint_digest);
	const struct span of[] = { leaf_of(k)->der, leaf_of(k)->spki };
	unsigned char digest[DIGEST_MAX];

	for (size_t i = 0; i < COUNT(of) && d != DIGESTS; i++)
		if (of[i].n > 0 && is_listed(k->p->match, digest,
		    digest_of(d, of[i], digest)))
			return true;
	buf_puts(k->why, "neither the certificate nor its key has a "
	    "fingerprint that is listed");
	if (k->t->set->tls_loglevel == 1)
		say_fingerprints(k);
	return false;
}

/* ---- names -------------------------------------------------------------- */

static bool
is_named(const struct check *k, struct span name, const struct ip *ip)
{
	char room[256];
	struct buf found = BUF(room);

	if (!name_matches(leaf_of(k), &name, name.n > 0 ? 1 : 0, ip, &found))
		return false;
	if (k->t->set->tls_loglevel >= 2)
		say(k, "it bears the name ", buf_span(&found));
	return true;
}

/*
 * One word of a match list.  tried  gets the name that it stands for.
 *
 * A next hop that is an address has no name: what stands for it is the address
 * in the certificate.
 */
static bool
word_does(const struct check *k, struct span word, struct buf *tried)
{
	const struct tls_site *site = k->p->site;
	/* Next to a UNIX socket there is no domain, but a name all the same. */
	struct span nexthop = site->domain.n > 0 ? site->domain : site->host;
	bool is_dotted = span_is_case(word, "dot-nexthop");
	bool is_nexthop = is_dotted || span_is_case(word, "nexthop");
	bool is_host = span_is_case(word, "hostname");
	char room[DNS_NAME_MAX + 2];
	struct buf name = BUF(room);

	buf_puts(&name, is_dotted ? "." : "");
	buf_put(&name, is_nexthop ? nexthop : is_host ? site->host : word);
	if (name.full)
		return false;
	buf_puts(tried, " ");
	buf_put_cut(tried, buf_span(&name));
	if (site->is_literal && (is_nexthop || is_host))
		return !is_dotted && is_named(k, SPAN(""), &site->ip);
	return is_named(k, buf_span(&name), NULL);
}

static bool
names_do(const struct check *k)
{
	struct span list = k->p->match, word;
	char room[256];
	struct buf tried = BUF(room);

	/* A colon divides, as in policy tables. */
	while (span_word(&list, LIST_DIVIDERS ":", &word))
		if (word_does(k, word, &tried))
			return true;
	path_about(leaf_of(k), k->why);
	buf_puts(k->why, tried.n > 0 ? " bears no name that would do:"
	    : " can't match: there are no names to match");
	buf_put_cut(k->why, buf_span(&tried));
	return false;
}

/* RFC 7672, 3.2.2; only for TLSA usage 2. */
static bool
dane_names_do(const struct check *k)
{
	const struct tls_site *site = k->p->site;
	const struct span names[] = { k->p->tlsa->base, site->domain,
	    site->domain_target };

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].n > 0 && is_named(k, names[i], NULL))
			return true;
	path_about(leaf_of(k), k->why);
	buf_puts(k->why, " bears the name neither of the host nor of the "
	    "domain: ");
	buf_put_cut(k->why, k->p->tlsa->base);
	return false;
}

/* ---- chains ------------------------------------------------------------- */

/*
 * Is there a path to what the chain has as anchors, or besides to CAfile and
 * CApath?  Without a clock nobody can tell: dates are a part of it.
 */
static bool
path_does(const struct check *k, struct anchors *anchors)
{
	struct path_want want = {
		.anchors = anchors, .now = port_wall(),
		.depth = (int)k->t->set->tls_scert_verifydepth,
		.sha1_will_do = k->p->level <= LEVEL_ENCRYPT
	};

	if (want.now < port_built()) {
		buf_clear(k->why);
		buf_puts(k->why, "the clock of this machine is wrong, so that "
		    "dates of certificates can't be checked; it says ");
		civil_put_mail(k->why, want.now, 0);
		return false;
	}
	return path_find(k->c, &want, k->why) == RC_OK;
}

/* CAfile and CApath. */
static bool
authorities_do(const struct check *k)
{
	struct anchors *a = &k->t->anchors;
	enum rc rc = anchors_open(a, k->t->set, k->t->is_lmtp, k->t->log);

	/*
	 * That nobody is trusted is said there, too.  It is the usual case at
	 * level may, and no signature needs to be looked at.
	 */
	if (rc != RC_OK || a->why[0] != '\0') {
		buf_puts(k->why, a->why);
		return false;
	}
	return path_does(k, a);
}

/*
 * What trust anchor files hold is trusted wherever it stands, but as the leaf
 * only if that signed itself.
 */
static enum rc
add_anchors(struct chain *c, const struct anchor_list *list)
{
	const struct anchor *a;
	struct chain_link *l;
	enum rc rc;

	for (size_t i = 0; i < list->n; i++) {
		a = &list->p[i];
		if (a->der.n == 0) {
			if (c->keys == CHAIN_KEYS_MAX)
				return RC_FULL;
			c->key[c->keys++] = a->spki;
			continue;
		}
		rc = chain_add(c, a->der, &l);
		if (rc == RC_WIRE)
			continue;
		TRY(rc);
		l->is_anchor = true;
		l->is_leaf_anchor = l == &c->link[0] &&
		    cert_dn_eq(l->cert.subject, l->cert.issuer);
	}
	return RC_OK;
}

static bool
tafile_does(const struct check *k)
{
	struct anchor room[CHAIN_LINKS_MAX];
	struct anchor_list list = { .p = room, .most = COUNT(room) };

	if (anchors_each(k->p->tafile, &k->c->arena, &list, k->why) != RC_OK)
		return false;
	if (add_anchors(k->c, &list) != RC_OK) {
		buf_puts(k->why, "there are too many trust anchors: ");
		buf_put_cut(k->why, k->p->tafile);
		return false;
	}
	return path_does(k, NULL);
}

static bool
dane_does(const struct check *k)
{
	switch (dane_marks(k->c, k->p->tlsa)) {
	case RC_OK:	/* neither names nor dates: RFC 7671, 5.1 */
		return true;
	case RC_NONE:
		return path_does(k, NULL) && dane_names_do(k);
	default:
		buf_puts(k->why, "no TLSA record fits the certificates");
		return false;
	}
}

/* ---- the verdict -------------------------------------------------------- */

/* Levels that demand something of the certificate: did they get it? */
static bool
demand_is_met(const struct check *k)
{
	switch (k->p->level) {
	case LEVEL_FINGERPRINT:
		return fingerprint_does(k);
	case LEVEL_DANE:
	case LEVEL_DANE_ONLY:
		if (k->p->tlsa != NULL)
			return dane_does(k);
		buf_puts(k->why, "there are no TLSA records");
		return false;
	case LEVEL_VERIFY:
	case LEVEL_SECURE:
		return (k->p->tafile.n > 0 ? tafile_does(k)
		    : authorities_do(k)) && names_do(k);
	default:	/* no level of ours */
		return false;
	}
}

enum tls_trust
check_peer(struct tls *t, struct chain *c, const struct tls_policy *p,
	bool *matched, struct buf *why)
{
	const struct check k = { t, c, p, why };
	bool is_demanding = p->level > LEVEL_ENCRYPT;

	*matched = !is_demanding;
	buf_clear(why);
	if (c->n == 0) {
		buf_puts(why, "the server has no certificate");
		return TLS_ANONYMOUS;
	}
	if (t->set->tls_loglevel >= 2)
		say_fingerprints(&k);
	if (!is_demanding) {
		if (!authorities_do(&k))
			return TLS_UNTRUSTED;
		buf_clear(why);
		return TLS_TRUSTED;
	}
	*matched = demand_is_met(&k);
	if (!*matched) {
		if (t->set->tls_loglevel >= 1)
			say(&k, "certificate verification failed: ",
			    buf_span(why));
		return TLS_UNTRUSTED;
	}
	buf_clear(why);
	return p->half_dane ? TLS_TRUSTED : TLS_VERIFIED;
}
