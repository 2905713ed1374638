/*
 * tls_lookup.c - levels dane and dane-only: what the host's own zone demands of
 * the connection.  RFC 7672, 2.2 and 2.2.3.
 *
 * Level dane gets lower where nobody vouches for anything (may), or for nothing
 * that we can use (encrypt); dane-only does not.  A lookup that failed is
 * neither: somebody on the path could make it fail.
 */
#include "tls_int.h"

#define NO_MX_PROOF	"the MX records that name it are not validated"

/* One host being looked up. */
struct lookup {
	struct tls *t;
	struct dns *dns;
	struct arena *a;
	struct tls_policy *p;
	struct buf *why;
	struct span base;	/* what the records below belong to */
	struct dns_answer answer;
};

/* ---- names -------------------------------------------------------------- */

static bool
is_an_address(const struct tls_site *s)
{
	struct ip ip;

	return s->is_literal || ip_parse(s->asked, &ip);
}

static enum rc
ask_at(struct lookup *l, struct span base)
{
	l->base = base;
	return dns_tlsa(l->dns, l->a, base, l->p->site->port, &l->answer);
}

/*
 * The host's own name, as it is in the MX record.  If the way to its addresses
 * is not secure it may still be an alias that is, out of a signed zone.  Other
 * hosts have no records, and asking for them confuses some servers.
 */
static enum rc
ask_itself(struct lookup *l, bool is_alias)
{
	const struct tls_site *s = l->p->site;

	if (!s->host_secure
	    && !l->t->set->tls_force_insecure_host_tlsa_lookup) {
		if (!is_alias)
			return RC_NONE;
		TRY(dns_alias(l->dns, l->a, s->asked));
	}
	return ask_at(l, s->asked);
}

/* The end of secure aliases first, then the name that they began with. */
static enum rc
ask_names(struct lookup *l)
{
	const struct tls_site *s = l->p->site;
	bool is_alias = s->target.n > 0 && !span_eq_case(s->asked, s->target);
	enum rc rc;

	if (is_an_address(s))
		return RC_NONE;
	if (is_alias && s->host_secure) {
		rc = ask_at(l, s->target);
		if (rc != RC_NONE)
			return rc;
	}
	return ask_itself(l, is_alias);
}

/* ---- what it comes to --------------------------------------------------- */

/* Level dane becomes another; dane-only cannot. */
static enum rc
settle(struct lookup *l, int level, const char *reason)
{
	struct tls_policy *p = l->p;

	if (p->level == LEVEL_DANE_ONLY) {
		buf_fmt(l->why, "level dane-only cannot be met by %.*s: %s",
		    SPAN_ARG(p->site->host), reason);
		return RC_DENY;
	}
	log_line(l->t->log, level == LEVEL_ENCRYPT ? LOG_INFO : LOG_DEBUG,
	    "level dane becomes %s for %.*s: %s", level == LEVEL_ENCRYPT ?
	    "encrypt" : "may", SPAN_ARG(p->site->host), reason);
	p->level = level;
	return RC_OK;
}

static enum rc
lookup_failed(struct lookup *l, enum rc rc)
{
	const struct tls_site *s = l->p->site;
	struct buf more;

	if (rc == RC_FULL)
		buf_fmt(l->why, "no memory for the TLSA records of %.*s:%u",
		    SPAN_ARG(s->host), s->port);
	else
		buf_fmt(l->why, "TLSA lookup error for %.*s:%u",
		    SPAN_ARG(s->host), s->port);
	more = buf_attempt(l->why);
	buf_puts(&more, ": ");
	dns_fault_put(&more, l->dns);
	if (rc != RC_FULL && !more.full)
		buf_settle(l->why, &more);
	return rc;
}

/* RC_NONE: there are records, and not one of them is usable. */
static enum rc
take_records(const struct lookup *l, const struct dane_digests *digests,
	struct tlsa_set **out)
{
	const struct dns_answer *from = &l->answer;
	struct tlsa_set *set = arena_take(l->a, sizeof(*set));

	if (set == NULL)
		return RC_FULL;
	set->base = l->base;
	set->record = arena_take(l->a, from->n * sizeof(*set->record));
	if (set->record == NULL)
		return RC_FULL;
	for (size_t i = 0; i < from->n; i++)
		if (dane_usable(digests, from->record[i].data,
		    &set->record[set->n]))
			set->n++;
	dane_agile(set);
	*out = set;
	return set->n > 0 ? RC_OK : RC_NONE;
}

static enum rc
use_records(struct lookup *l, const struct dane_digests *digests)
{
	struct tls_policy *p = l->p;
	struct tlsa_set *set;
	enum rc rc = take_records(l, digests, &set);

	if (rc == RC_NONE)
		return settle(l, LEVEL_ENCRYPT, "no TLSA record is usable");
	if (rc != RC_OK)
		return lookup_failed(l, rc);
	if (!p->site->mx_secure
	    && l->t->set->tls_dane_insecure_mx_policy == INSECURE_ENCRYPT)
		return settle(l, LEVEL_ENCRYPT, NO_MX_PROOF);
	p->half_dane = !p->site->mx_secure;
	p->servername = set->base;
	p->tlsa = set;
	return RC_OK;
}

/* ---- whether to look ---------------------------------------------------- */

static bool
has_dnssec(const struct settings *set)
{
	return set->dns_support_level == SUPPORT_DNSSEC
	    && (set->host_lookup & LOOKUP_DNS) != 0;
}

static enum rc
no_dnssec(struct lookup *l)
{
	struct tls *t = l->t;
	const char *prefix = t->is_lmtp ? "lmtp" : "smtp";

	if (!t->said_no_dnssec)
		log_line(t->log, LOG_WARNING, "TLS levels dane and dane-only "
		    "need %s_dns_support_level = dnssec, and dns in "
		    "%s_host_lookup", prefix, prefix);
	t->said_no_dnssec = true;
	return settle(l, LEVEL_MAY, "DNS lookups are not validated");
}

static enum rc
find(struct lookup *l)
{
	const struct settings *set = l->t->set;
	const struct tls_policy *p = l->p;
	struct dane_digests digests;
	struct span bad;
	enum rc rc;

	if (!has_dnssec(set))
		return no_dnssec(l);
	if (dane_digests_read(&digests, set->tls_dane_digests, &bad)
	    != RC_OK) {
		buf_fmt(l->why, "tls_dane_digests: `%.*s' is no digest, or "
		    "its matching type is another's", SPAN_ARG(bad));
		return RC_DENY;
	}
	if (!p->site->mx_secure && (p->level == LEVEL_DANE_ONLY
	    || set->tls_dane_insecure_mx_policy == INSECURE_MAY))
		return settle(l, LEVEL_MAY, NO_MX_PROOF);
	rc = ask_names(l);
	if (rc == RC_NONE)
		return settle(l, LEVEL_MAY, "no TLSA records");
	return rc == RC_OK ? use_records(l, &digests) : lookup_failed(l, rc);
}

enum rc
tls_dane_find(struct tls *t, struct dns *dns, struct arena *a,
	struct tls_policy *p, struct buf *why)
{
	struct lookup l = {
		.t = t, .dns = dns, .a = a, .p = p, .why = why
	};
	size_t used = a->used;
	enum rc rc;

	p->tlsa = NULL;
	if (p->level != LEVEL_DANE && p->level != LEVEL_DANE_ONLY)
		return RC_OK;
	rc = find(&l);
	if (p->tlsa == NULL)
		a->used = used;
	dns_rest(dns);
	return rc;
}
