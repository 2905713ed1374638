/*
 * tls_path.c - the way from the leaf to an anchor (RFC 5280, 6.1, without
 * policies), over what the peer sent, in any order, and what our stores have.
 *
 * A search, since names of issuers are ambiguous (keys that were changed,
 * cross-signed authorities): from each certificate to all whose subject is its
 * issuer, anchors first, and back where that fails.  Every step needs a good
 * signature, and signatures are counted, so PATH_SIGNATURES_MAX bounds it all.
 *
 * What holds for an issuer holds for the anchor as well: dates, CA, purpose,
 * constraints.  RFC 5280 takes an anchor as a name and a key; but here they are
 * certificates, and OpenSSL treats them so, but for the dates of one that
 * another authority issued.
 */
#include <string.h>

#include "tls_int.h"

struct walk {
	struct chain *c;
	const struct path_want *want;
	struct buf *why;
	unsigned told;			/* how telling is what `why` says? */
	unsigned signatures;		/* tried */
	uint64_t names;			/* work on name constraints so far */
	bool is_full;			/* there was more than we can look at */
	size_t n;			/* certificates on the way so far */
	uint8_t at[CHAIN_LINKS_MAX];	/* they, by number; the leaf first */
	uint8_t next[CHAIN_LINKS_MAX];	/* which issuer to try there */
	uint32_t asked;			/* bit: its issuer was looked for */
};

_Static_assert(CHAIN_LINKS_MAX <= 32, "a bit each");

/*
 * Constraints are compared with names pair by pair.  Of their octets, this many
 * pairs are looked at for one peer: far more than honest ones need, and less
 * than a second on a slow machine.
 */
#define NAMES_MAX	((uint64_t)1 << 28)

/*
 * How telling a reason is: the further up the better, since the right way is
 * the one that went on; of those at one place, the later kind.
 */
enum kind {
	NO_ISSUER, NOT_SIGNED, FAULT, KINDS
};

void
path_about(const struct cert *c, struct buf *b)
{
	size_t n;

	buf_puts(b, "the certificate of ");
	n = b->n;
	name_common(c, b);
	if (b->n == n)
		buf_puts(b, "somebody without name");
	buf_puts(b, " (issued by ");
	n = b->n;
	name_issuer(c, b);
	buf_puts(b, b->n == n ? "nobody)" : ")");
}

static void
tell(struct walk *w, enum kind kind, const struct cert *c, const char *what)
{
	unsigned weight = KINDS * (unsigned)w->n + kind + 1;
	struct buf *b = w->why;

	if (weight <= w->told)
		return;
	w->told = weight;
	buf_clear(b);
	path_about(c, b);
	/* What sign_check() says has a subject of its own. */
	buf_puts(b, kind == NOT_SIGNED ? ": " : " ");
	buf_puts(b, what);
}

/* ---- one certificate ---------------------------------------------------- */

static bool
is_self_issued(const struct cert *c)
{
	return cert_dn_eq(c->subject, c->issuer);
}

/* What is wrong with it, wherever it stands; NULL: nothing. */
static const char *
fault(const struct cert *c, int64_t now)
{
	if (now < c->from)
		return "is not valid yet";
	if (now > c->until)
		return "has expired";
	if (c->has_purpose && !c->for_servers)
		return "is not meant for servers";
	if (c->odd_critical)
		return "has a critical extension that is not understood";
	return NULL;
}

static const char *
fault_of_leaf(const struct cert *c, int64_t now)
{
	if (c->has_usage && !(c->usage & (CERT_MAY_SIGN | CERT_MAY_ENCIPHER |
	    CERT_MAY_AGREE)))
		return "has a key that is not meant for TLS";
	return fault(c, now);
}

/*
 * Intermediates on the way so far that count: the leaf does not, nor does an
 * authority that issued a certificate to itself.
 */
static int
intermediates(const struct walk *w)
{
	int n = 0;

	for (size_t i = 1; i < w->n; i++)
		if (!is_self_issued(&w->c->link[w->at[i]].cert))
			n++;
	return n;
}

static bool
names_permitted(struct walk *w, const struct cert *issuer)
{
	const struct cert *below;

	if (issuer->constraints.p == NULL)
		return true;
	for (size_t i = 0; i < w->n; i++) {
		below = &w->c->link[w->at[i]].cert;
		if (i > 0 && is_self_issued(below))
			continue;	/* RFC 5280, 6.1.3 (b) */
		w->names += (uint64_t)issuer->constraints.n *
		    (below->alt_names.n + below->subject.n);
		if (w->names > NAMES_MAX)
			w->is_full = true;
		if (w->is_full || !name_permitted(below, issuer))
			return false;
	}
	return true;
}

static const char *
fault_of_issuer(struct walk *w, const struct chain_link *l)
{
	const struct cert *c = &l->cert;

	if (!c->is_ca && !(c->is_v1 && l->is_anchor))
		return "is not one of an authority";
	if (c->has_usage && !(c->usage & CERT_MAY_SIGN_CERTS))
		return "has a key that may not sign certificates";
	if (c->path_max >= 0 && intermediates(w) > c->path_max)
		return "does not allow so many authorities below it";
	if (!l->is_anchor && w->n > (size_t)w->want->depth)
		return "is beyond the depth that settings allow";
	if (!names_permitted(w, c))
		return "does not allow the names below it";
	/* OpenSSL asks for an anchor's dates only if it issued itself. */
	return fault(c, l->is_anchor && !is_self_issued(c) ? c->from :
	    w->want->now);
}

/* ---- the search --------------------------------------------------------- */

static const struct cert *
top(const struct walk *w)
{
	return &w->c->link[w->at[w->n - 1]].cert;
}

/* Did we look for an issuer of that name before? */
static bool
was_asked(const struct walk *w, struct span issuer)
{
	for (size_t i = 0; i < w->c->n; i++)
		if (w->asked >> i & 1 &&
		    cert_dn_eq(w->c->link[i].cert.issuer, issuer))
			return true;
	return false;
}

/*
 * A store's certificate joins the chain, if it is not there already.  It is an
 * anchor if it issued itself; others lead on to their issuers.
 */
static void
add_from_store(struct walk *w, struct span der, size_t used)
{
	struct chain_link *l;
	size_t n = w->c->n;
	enum rc rc = chain_add(w->c, der, &l);

	if (rc == RC_FULL)
		w->is_full = true;
	if (rc == RC_OK && is_self_issued(&l->cert)) {
		l->is_anchor = true;
		if (l == &w->c->link[0])
			l->is_leaf_anchor = true;
	}
	if (w->c->n == n)
		w->c->arena.used = used;
}

static void
ask_stores(struct walk *w)
{
	struct span issuer = top(w)->issuer, der;
	size_t used, at = 0;
	enum rc rc;

	if (w->want->anchors == NULL || was_asked(w, issuer))
		return;
	w->asked |= (uint32_t)1 << w->at[w->n - 1];
	while (!w->is_full) {
		used = w->c->arena.used;
		rc = anchors_find(w->want->anchors, issuer, &at, &w->c->arena,
		    &der);
		if (rc != RC_OK) {
			w->c->arena.used = used;
			w->is_full = rc == RC_FULL;
			if (rc == RC_OS)
				tell(w, FAULT, top(w), "has an issuer "
				    "that nobody knows, as the trusted "
				    "certificates can't be read now");
			return;
		}
		add_from_store(w, der, used);
	}
}

static bool
is_signed(struct walk *w, struct span spki)
{
	const char *what = "";
	enum rc rc;

	if (++w->signatures > PATH_SIGNATURES_MAX)
		return false;
	rc = w->want->sha1_will_do ? sign_check_lax(top(w), spki, &what)
	    : sign_check(top(w), spki, &what);
	if (rc == RC_OK)
		return true;
	tell(w, NOT_SIGNED, top(w), what);
	return false;
}

/* Goes up to a link. */
static void
enter(struct walk *w, size_t i)
{
	w->at[w->n] = (uint8_t)i;
	w->next[w->n++] = 0;
	ask_stores(w);
}

static bool
is_on_the_way(const struct walk *w, size_t i)
{
	return memchr(w->at, (int)i, w->n) != NULL;
}

/* The next that may have issued the top; anchors first.  NULL: no more. */
static struct chain_link *
next_issuer(struct walk *w)
{
	uint8_t *next = &w->next[w->n - 1];
	struct chain_link *l;
	size_t i;
	bool for_anchors;

	while (*next < 2 * CHAIN_LINKS_MAX) {
		for_anchors = *next < CHAIN_LINKS_MAX;
		i = (*next)++ % CHAIN_LINKS_MAX;
		l = &w->c->link[i];
		if (i < w->c->n && l->is_anchor == for_anchors &&
		    l->is_readable && !is_on_the_way(w, i) &&
		    cert_dn_eq(l->cert.subject, top(w)->issuer))
			return l;
	}
	return NULL;
}

/* Is the top signed by a bare key that is an anchor? */
static bool
is_signed_by_key(struct walk *w)
{
	for (size_t i = 0; i < w->c->keys; i++)
		if (is_signed(w, w->c->key[i]))
			return true;
	return false;
}

/* RC_OK: arrived.  RC_NONE: went on, up or back. */
static enum rc
step(struct walk *w)
{
	struct chain_link *l;
	const char *what;

	if (w->next[w->n - 1] == 0 && is_signed_by_key(w))
		return RC_OK;
	l = next_issuer(w);
	if (l == NULL) {
		tell(w, NO_ISSUER, top(w), is_self_issued(top(w))
		    ? "has no issuer but itself"
		    : "has an issuer that we don't know");
		w->n--;
		return RC_NONE;
	}
	what = fault_of_issuer(w, l);
	if (what != NULL) {
		tell(w, FAULT, &l->cert, what);
		return RC_NONE;
	}
	if (!is_signed(w, l->cert.spki))
		return RC_NONE;
	if (l->is_anchor)
		return RC_OK;
	enter(w, (size_t)(l - w->c->link));
	return RC_NONE;
}

static enum rc
search(struct walk *w)
{
	enter(w, 0);
	if (w->c->link[0].is_leaf_anchor)
		return RC_OK;
	while (w->n > 0) {
		if (step(w) == RC_OK)
			return RC_OK;
		if (w->signatures > PATH_SIGNATURES_MAX) {
			w->is_full = true;
			break;
		}
	}
	return w->is_full || w->c->is_cut ? RC_FULL : RC_DENY;
}

enum rc
path_find(struct chain *c, const struct path_want *want, struct buf *why)
{
	struct walk w = { .c = c, .want = want, .why = why };
	const char *what;
	enum rc rc;

	buf_clear(why);
	if (c->n == 0 || !c->link[0].is_readable) {
		buf_puts(why, c->n == 0 ? "there is no certificate"
		    : "the certificate is malformed");
		return RC_DENY;
	}
	what = fault_of_leaf(&c->link[0].cert, want->now);
	if (what != NULL) {
		tell(&w, FAULT, &c->link[0].cert, what);
		return RC_DENY;
	}
	rc = search(&w);
	if (rc == RC_OK)
		buf_clear(why);
	else if (rc == RC_FULL)
		buf_puts(why, ", among more certificates than we look at");
	return rc;
}
