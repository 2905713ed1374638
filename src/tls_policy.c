/*
 * tls_policy.c - what the administrator demands of TLS with one host: tables,
 * general settings, and the switches of old.
 *
 * Nothing that can't be used may lower the level: whatever is wrong with an
 * entry, or with a setting that it needs, ends in a sentence and no connection.
 */
#include "tls_int.h"

#define SHOWN_MAX	64	/* octets of a bad word, in a sentence */

struct finding {
	struct tls *t;
	struct tls_policy *p;
	struct buf room;	/* over t->policy_room: what the table said */
	struct span key;	/* that is being looked up */
	struct buf *why;
};

static const char *
prefix(const struct finding *f)
{
	return f->p->is_lmtp ? "lmtp_" : "smtp_";
}

/* ---- one lookup --------------------------------------------------------- */

static void
name_entry(struct finding *f, const struct table_list *l)
{
	buf_fmt(f->why, "%s, entry for %.*s: ", l->setting,
	    SPAN_ARG(span_head(f->key, 4 * SHOWN_MAX)));
}

/*
 * RC_NONE: no entry.  The value ends up in room.  RC_OS, RC_WIRE: nobody can
 * tell now, and there is a sentence.
 */
static enum rc
look(struct finding *f, const struct table_list *l, struct span key)
{
	enum rc rc;

	f->key = key;
	f->room = BUF(f->t->policy_room);
	rc = table_find(l, key, TABLE_ANY, &f->room);
	if (rc == RC_OK || rc == RC_NONE)
		return rc;
	name_entry(f, l);
	buf_puts(f->why, rc == RC_FULL ? "it is too long" :
	    "the table can't be read now");
	return rc == RC_FULL ? RC_DENY : rc;
}

/* ---- smtp_tls_policy_maps ----------------------------------------------- */

/* Is it a name, rather than a path, an address, or with brackets or a port? */
static bool
is_name(struct span nexthop)
{
	char room[DNS_NAME_MAX + 1];
	struct buf ascii = BUF(room);

	return dns_to_ascii(nexthop, &ascii) == RC_OK && !ascii.full &&
	    dns_name_check(buf_span(&ascii)) == RC_OK;
}

/*
 * The next hop as it is written, then `.parent`s of a plain name, the nearest
 * first.
 */
static enum rc
find_entry(struct finding *f)
{
	struct span key = f->p->site->nexthop;
	bool has_parents = is_name(key);
	enum rc rc = look(f, &f->t->policy_maps, key);
	size_t said;

	while (rc == RC_NONE && has_parents) {
		key = span_tail(key, 1);
		key = span_tail(key, span_find(key, '.'));
		if (key.n == 0)
			break;
		rc = look(f, &f->t->policy_maps, key);
	}
	if (rc != RC_OK)
		return rc == RC_NONE ? RC_OK : RC_DENY;
	said = f->why->n;
	name_entry(f, &f->t->policy_maps);
	TRY(entry_read(f->p, &f->room, f->why));
	f->why->n = said;
	return RC_OK;
}

/* ---- smtp_tls_per_site -------------------------------------------------- */

/*
 * In the order of precedence: two entries may speak of one host, and then the
 * specific one beats MAY, the stricter one the laxer.
 */
static const struct {
	char name[17];
	uint8_t level;
} words[] = {
	{ "MAY", LEVEL_MAY }, { "NONE", LEVEL_NONE },
	{ "MUST_NOPEERMATCH", LEVEL_ENCRYPT }, { "MUST", LEVEL_VERIFY }
};

/* rank: 0 is "nothing said", else one more than the place in words[]. */
static enum rc
look_at_site(struct finding *f, struct span key, size_t *rank)
{
	enum rc rc = look(f, &f->t->per_site, key);
	struct span value = buf_span(&f->room);
	size_t i = 0;

	if (rc != RC_OK)
		return rc == RC_NONE ? RC_OK : rc;
	while (i < COUNT(words) && !span_is_case(value, words[i].name))
		i++;
	if (i == COUNT(words)) {
		name_entry(f, &f->t->per_site);
		buf_fmt(f->why, "`%.*s' is none of NONE, MAY, "
		    "MUST_NOPEERMATCH, MUST",
		    SPAN_ARG(span_head(value, SHOWN_MAX)));
		return RC_DENY;
	}
	if (*rank < i + 1)
		*rank = i + 1;
	return RC_OK;
}

static enum rc
find_site(struct finding *f)
{
	const struct tls_site *site = f->p->site;
	size_t rank = 0;
	int level;

	TRY(look_at_site(f, site->nexthop, &rank));
	if (!span_eq_case(site->nexthop, site->host))
		TRY(look_at_site(f, site->host, &rank));
	if (rank == 0)
		return RC_OK;
	level = words[rank - 1].level;
	if (level == LEVEL_MAY && f->p->level > LEVEL_MAY)
		return RC_OK;	/* MAY never lowers */
	f->p->level = level;
	f->p->from_table = true;
	return RC_OK;
}

/* ---- general settings --------------------------------------------------- */

static bool
is_pki(int level)
{
	return level == LEVEL_VERIFY || level == LEVEL_SECURE;
}

static int
general_level(const struct settings *set)
{
	if (set->tls_security_level != LEVEL_UNSET)
		return set->tls_security_level;
	if (set->enforce_tls)
		return set->tls_enforce_peername ? LEVEL_VERIFY :
		    LEVEL_ENCRYPT;
	return set->use_tls ? LEVEL_MAY : LEVEL_NONE;
}

/* Ends a sentence about a general setting. */
static enum rc
bad_setting(struct finding *f, const char *setting, struct span text,
    const char *what)
{
	buf_fmt(f->why, "%s%s: `%.*s' %s", prefix(f), setting,
	    SPAN_ARG(span_head(text, SHOWN_MAX)), what);
	return RC_DENY;
}

/*
 * The words hostname and nexthop stand for names, in lower case only, as in
 * Postfix.  An address is no server name (RFC 6066, section 3).
 */
static enum rc
settle_servername(struct finding *f)
{
	const struct settings *set = f->t->set;
	const struct tls_site *site = f->p->site;
	struct span *name = &f->p->servername;
	struct ip ip;

	if (name->p == NULL) {
		*name = set->tls_servername;
		if (name->n > 0 && dns_name_check(*name) != RC_OK)
			return bad_setting(f, "tls_servername", *name,
			    "is no valid host name");
	}
	if (span_is(*name, "nexthop") && site->domain.n > 0)
		*name = site->domain;
	else if (span_is(*name, "nexthop") || span_is(*name, "hostname"))
		*name = site->host;
	if (ip_parse(*name, &ip))
		*name = (struct span){ 0 };
	return RC_OK;
}

static bool
has_digest(struct span list, const char *dividers)
{
	unsigned char digest[DIGEST_MAX];
	struct span word;

	while (span_word(&list, dividers, &word))
		if (digest_read(word, digest) > 0)
			return true;
	return false;
}

static enum rc
settle_digests(struct finding *f)
{
	struct span general = f->t->set->tls_fingerprint_cert_match;

	if (has_digest(f->p->match, "|"))
		return RC_OK;
	f->p->match = general;
	return has_digest(general, LIST_DIVIDERS) ? RC_OK :
	    bad_setting(f, "tls_fingerprint_cert_match", general,
	    "has no digest to compare with at level fingerprint");
}

/* Reads them to see if they are any good; who needs them does it again. */
static enum rc
try_anchors(struct finding *f)
{
	struct anchor anchor[CHAIN_LINKS_MAX];
	struct anchor_list list = { .p = anchor, .most = COUNT(anchor) };
	struct tls *t = f->t;
	struct arena a;

	if (t->chain_room == NULL)
		t->chain_room = port_memory(CHAIN_BYTES_MAX);
	if (t->chain_room == NULL)
		return RC_OS;
	arena_init(&a, t->chain_room, CHAIN_BYTES_MAX);
	return anchors_each(f->p->tafile, &a, &list, f->why);
}

static enum rc
settle_names(struct finding *f)
{
	const struct settings *set = f->t->set;
	struct tls_policy *p = f->p;

	if (p->match.p == NULL)
		p->match = p->level == LEVEL_VERIFY ?
		    set->tls_verify_cert_match : set->tls_secure_cert_match;
	if (p->tafile.p == NULL)
		p->tafile = set->tls_trust_anchor_file;
	return p->tafile.n > 0 ? try_anchors(f) : RC_OK;
}

static enum rc
settle(struct finding *f)
{
	struct tls_policy *p = f->p;

	if (p->site->ip.family == IP_NONE) {
		/* TLS for its own sake is for networks */
		if (p->level == LEVEL_MAY && !p->wrapper)
			p->level = LEVEL_NONE;
		if (p->level == LEVEL_DANE || p->level == LEVEL_DANE_ONLY) {
			buf_fmt(f->why, "%.*s is a socket of this machine: "
			    "there is no DANE for it",
			    SPAN_ARG(p->site->nexthop));
			return RC_DENY;
		}
	}
	if (p->level == LEVEL_NONE)
		return RC_OK;
	TRY(settle_servername(f));
	if (p->level == LEVEL_FINGERPRINT)
		return settle_digests(f);
	return is_pki(p->level) ? settle_names(f) : RC_OK;
}

enum rc
tls_policy_find(struct tls *t, const struct tls_site *site,
    struct tls_policy *out, struct buf *why)
{
	struct finding f = { .t = t, .p = out, .why = why };

	*out = (struct tls_policy){ .site = site, .is_lmtp = t->is_lmtp,
	    .level = general_level(t->set), .wrapper = t->set->tls_wrappermode,
	    .reuse = t->set->tls_connection_reuse };
	if (t->policy_maps.first != NULL)
		TRY(find_entry(&f));
	else if (t->per_site.first != NULL)
		TRY(find_site(&f));
	return settle(&f);
}
