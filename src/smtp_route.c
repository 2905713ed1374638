/*
 * smtp_route.c - which host is next: destinations in their order, for each its
 * exchangers and their addresses, then the fallback relays.
 *
 * RFC 5321, 5.1; RFC 7505.  Our own address in the list makes everything of
 * its preference and worse unusable, or the mail would travel in circles.
 */
#include <string.h>

#include "dns.h"
#include "smtp_int.h"

void
route_relay(struct buf *b, const struct host *h)
{
	buf_put(b, h->name);
	buf_putc(b, '[');
	if (h->ip.family == IP_NONE)
		buf_put(b, h->path);
	else
		ip_put(b, &h->ip);
	buf_putc(b, ']');
}

/* The host part of a destination; a socket has none. */
static struct span
domain_of(const struct dest *d)
{
	return span_head(d->host, d->is_unix ? 0 : d->host.n);
}

void
route_tls_site(const struct worker *w, const struct host *h,
    struct tls_site *out)
{
	const struct route *r = &w->route;

	*out = (struct tls_site){
		.nexthop = r->dest.text,
		.domain = domain_of(&r->dest),
		.domain_target = r->target,
		.host = h->name,
		.asked = h->asked,
		.target = h->target,
		.ip = h->ip,
		.port = h->port,
		.is_literal = r->dest.ip.family != IP_NONE,
		.mx_secure = r->mx_secure,
		.host_secure = h->is_secure
	};
}

static bool
has_prefix(struct span s, const char *prefix)
{
	return span_is(span_head(s, strlen(prefix)), prefix);
}

/*
 * With LMTP, `inet:` and `unix:` stand ahead of all that there is: the members
 * of a list have none, and a path goes to the end, commas included.
 */
enum rc
route_start(struct worker *w)
{
	struct route *r = &w->route;
	struct span rest = w->job->nexthop, text;
	struct dest d = { .is_lmtp = w->lmtp };
	const char *why = "there is none";

	*r = (struct route){ .fallback = w->set->fallback_relay };
	r->is_path = w->lmtp && has_prefix(rest, "unix:");
	if (r->is_path || (w->lmtp && has_prefix(rest, "inet:")))
		span_skip(&rest, 5);
	r->rest = rest;
	if (r->is_path)
		return RC_OK;
	if (span_word(&rest, LIST_DIVIDERS, &text))
		why = dest_parse(w->set, text, &d);
	if (why == NULL)
		return RC_OK;
	log_line(w->log, LOG_FATAL, "bad destination %.*s: %s",
	    SPAN_ARG(w->job->nexthop), why);
	return RC_DENY;
}

static bool
has_word(struct span list)
{
	struct span word;

	return span_word(&list, LIST_DIVIDERS, &word);
}

static bool
limit_reached(const struct worker *w)
{
	return w->set->mx_session_limit > 0 &&
	    w->route.sessions >= w->set->mx_session_limit;
}

/*
 * Once we turned out to be an exchanger, nobody else is asked: the mail waits
 * for those who are better.  A socket of this machine has nobody instead.
 */
static bool
has_next(const struct route *r)
{
	return !r->we_are_mx && !r->is_path &&
	    (has_word(r->rest) || has_word(r->fallback));
}

bool
route_is_last(const struct worker *w)
{
	const struct route *r = &w->route;

	if (r->now->next != NULL && !limit_reached(w))
		return false;
	return !has_next(r);
}

const struct host *
route_host(struct worker *w)
{
	struct route *r = &w->route;
	struct host *next = r->now == NULL ? r->host : r->now->next;

	if (next == NULL || limit_reached(w))
		return NULL;
	r->now = next;
	w->arena.used = r->used;
	return next;
}

/* ---- the list of hosts -------------------------------------------------- */

/* Does a stand before b?  Preference, then family, then chance or order. */
static bool
is_before(const struct worker *w, const struct host *a, const struct host *b)
{
	uint8_t first = w->set->address_preference == FAMILY_IPV6 ? IP_V6 :
	    IP_V4;

	if (a->preference != b->preference)
		return a->preference < b->preference;
	if (w->set->address_preference != FAMILY_ANY &&
	    a->ip.family != b->ip.family)
		return a->ip.family == first;
	return a->order < b->order;
}

/* Room and arena may be full: what is in the list by then will do. */
static void
add_host(struct worker *w, const struct host *facts, const struct ip *ip)
{
	struct route *r = &w->route;
	struct host *h, **at = &r->host;

	if (r->hosts >= HOSTS_MAX)
		return;
	h = arena_take(&w->arena, sizeof(*h));
	if (h == NULL)
		return;
	*h = *facts;
	h->ip = *ip;
	h->port = r->dest.port;
	h->order = w->set->randomize_addresses ? port_random_u32() :
	    (uint32_t)r->hosts;
	while (*at != NULL && !is_before(w, h, *at))
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	r->hosts++;
}

static bool
family_is_on(const struct worker *w, const struct ip *ip)
{
	return w->own.families &
	    (ip->family == IP_V6 ? DNS_V6 : DNS_V4);
}

static unsigned
lookup_ways(const struct worker *w, bool *mx)
{
	int level = w->set->dns_support_level;

	if (level == SUPPORT_UNSET)
		level = w->set->disable_dns_lookups ? SUPPORT_DISABLED :
		    SUPPORT_ENABLED;
	*mx = level != SUPPORT_DISABLED;
	if (!*mx)
		return DNS_BY_HOSTS;
	return (w->set->host_lookup & LOOKUP_DNS ? DNS_BY_DNS : 0) |
	    (w->set->host_lookup & LOOKUP_NATIVE ? DNS_BY_HOSTS : 0);
}

/*
 * The addresses of one host.  That its aliases are secure changes nothing about
 * its name in relay=; what TLS makes of them is its own affair.
 */
static enum rc
add_addresses(struct worker *w, struct span name, uint16_t preference)
{
	struct host h = {
		.name = name, .asked = name, .preference = preference
	};
	struct ip_list list = { 0 };
	unsigned ways;
	size_t i;
	bool mx;

	ways = lookup_ways(w, &mx);
	TRY(dns_addresses(&w->dns, &w->arena, name, ways, &list));
	if (list.is_alias && w->set->cname_overrides_servername)
		h.name = list.canonical;
	h.target = list.canonical;
	h.is_secure = list.is_secure;
	for (i = 0; i < list.n; i++)
		add_host(w, &h, &list.ip[i]);
	return RC_OK;
}

/* ---- what a failed lookup comes to -------------------------------------- */

static enum rc
site_failed(struct worker *w, const char *dsn, const char *what)
{
	char text[DNS_NAME_MAX + 128];
	struct buf b = BUF(text);

	dns_fault_put(&b, &w->dns);
	return trouble(w, AT_SITE, dsn, "%s: %.*s", what, SPAN_ARG(b));
}

static bool
is_for_now(enum rc rc)
{
	return rc != RC_NONE && rc != RC_DENY;
}

/* Did the name service fail, be it for good, rather than the name? */
static bool
is_service(const struct worker *w, enum rc rc)
{
	return is_for_now(rc) ||
	    (rc == RC_DENY && w->dns.fault == DNS_BAD_QUESTION);
}

/* Of a lookup that failed for now: policy, or the service (RFC 3463). */
static const char *
later_dsn(const struct worker *w)
{
	return w->dns.fault == DNS_FILTERED ? "4.7.0" : "4.4.3";
}

static enum rc
host_failed(struct worker *w, enum rc rc)
{
	if (is_for_now(rc))
		return site_failed(w, later_dsn(w),
		    "Host or domain name not found for now");
	return site_failed(w, is_service(w, rc) ? "5.4.3" : "5.4.4",
	    "Host or domain name not found");
}

/*
 * No exchanger has an address.  If one of them could not be looked up for now,
 * another time may find it; the last lookup decides which code says so.
 */
static enum rc
exchangers_failed(struct worker *w, bool for_now, bool is_last_service)
{
	if (for_now || w->set->defer_if_no_mx_address_found)
		return site_failed(w,
		    is_last_service ? later_dsn(w) : "4.4.4",
		    "No exchanger has an address for now");
	return site_failed(w, is_last_service ? "5.4.3" : "5.4.4",
	    "No exchanger has an address");
}

/* ---- finding ------------------------------------------------------------ */

static enum rc
find_single(struct worker *w)
{
	enum rc rc = add_addresses(w, w->route.dest.host, 0);

	return rc == RC_OK ? RC_OK : host_failed(w, rc);
}

/*
 * Nobody knows whether the domain is its own exchanger, and whoever made the
 * lookup fail would like it so: nothing about its addresses is proven then.
 */
static enum rc
find_regardless(struct worker *w)
{
	struct host *h;
	enum rc rc = find_single(w);

	w->route.mx_secure = false;
	for (h = w->route.host; h != NULL; h = h->next)
		h->is_secure = false;
	return rc;
}

static enum rc
find_exchangers(struct worker *w, const struct mx_list *list)
{
	bool for_now = false, last = false;
	enum rc rc;
	size_t i;

	for (i = 0; i < list->n; i++) {
		rc = add_addresses(w, list->mx[i].exchanger,
		    list->mx[i].preference);
		last = rc != RC_OK && is_service(w, rc);
		for_now |= rc != RC_OK && is_for_now(rc);
	}
	if (w->route.hosts > 0)
		return RC_OK;
	return exchangers_failed(w, for_now, last);
}

/*
 * An MX question that failed leaves the domain's own address alone: it may be
 * anything but a mail host (RFC 5321, 5.1), unless the user says otherwise.
 * NXDOMAIN is a different matter: some servers say it of names that have
 * addresses, and the address question clears that up.
 */
static enum rc
find_domain(struct worker *w)
{
	struct mx_list list = { 0 };
	enum rc rc;

	rc = dns_mx(&w->dns, &w->arena, w->route.dest.host, &list);
	if (rc == RC_OK) {
		w->route.mx_secure = list.is_secure;
		w->route.target = list.domain;
		return find_exchangers(w, &list);
	}
	if (rc == RC_DENY && w->dns.fault == DNS_NULL_MX)
		return trouble(w, AT_SITE, "5.1.0",
		    "Domain %.*s does not accept mail (nullMX)",
		    SPAN_ARG(w->route.dest.host));
	if (rc == RC_NONE || w->dns.fault == DNS_NO_NAME)
		return find_single(w);
	return w->set->ignore_mx_lookup_error ? find_regardless(w) :
	    host_failed(w, rc);
}

static enum rc
find_unix(struct worker *w)
{
	struct host h = {
		.name = w->set->myhostname, .asked = w->set->myhostname,
		.target = w->set->myhostname, .path = w->route.dest.host
	};
	struct ip none = { 0 };

	add_host(w, &h, &none);
	return RC_OK;
}

static enum rc
find(struct worker *w)
{
	const struct dest *d = &w->route.dest;
	bool mx;

	(void)lookup_ways(w, &mx);
	if (d->is_unix)
		return find_unix(w);
	if (w->own.families == 0)
		return trouble(w, AT_SITE, "4.4.4",
		    "all network protocols are disabled");
	if (d->ip.family != IP_NONE && !family_is_on(w, &d->ip))
		return trouble(w, AT_SITE, "5.4.4",
		    "inet_protocols leaves out the address %.*s",
		    SPAN_ARG(d->host));
	return d->no_mx || !mx ? find_single(w) : find_domain(w);
}

/* Once in a worker's life: afterwards its resolver counts as proven. */
static void
warn_unproven(struct worker *w)
{
	struct span probe = w->set->dnssec_probe;

	if (w->dns.proof == DNS_BAD_PROBE)
		log_line(w->log, LOG_WARNING, "dnssec_probe = %.*s is no "
		    "type:name with a type that can be asked for",
		    SPAN_ARG(probe));
	if (w->dns.proof == DNS_DOUBTED)
		log_line(w->log, LOG_WARNING, "no DNS answer is validated, "
		    "not even that to dnssec_probe = %.*s: without a "
		    "validating resolver on this machine (or trust-ad in "
		    "resolv.conf) there is no DANE", SPAN_ARG(probe));
	if (w->dns.proof != DNS_UNPROVEN)
		w->dns.proof = DNS_PROVEN;
}

/* ---- loops -------------------------------------------------------------- */

static enum rc
loops(struct worker *w)
{
	const struct route *r = &w->route;

	if (r->at_fallback)
		return trouble(w, AT_SITE, "4.3.5",
		    "the fallback relay %.*s is this host",
		    SPAN_ARG(r->dest.text));
	w->stop = true;
	if (w->set->best_mx_transport.n > 0) {
		w->handover = true;
		return RC_DENY;
	}
	return trouble(w, AT_SITE, "5.4.6",
	    "mail for %.*s loops back to myself", SPAN_ARG(r->dest.host));
}

/*
 * Hosts as good as we are, or worse, would give the mail to us.  On ports that
 * are not SMTP's the same address may be another program's, such as a filter;
 * and who takes LMTP delivers.
 */
static enum rc
drop_from_own(struct worker *w)
{
	struct route *r = &w->route;
	struct host *h, **at = &r->host;
	uint16_t own = 0;

	r->best = r->host->preference;
	if (w->lmtp)
		return RC_OK;
	for (h = r->host; h != NULL; h = h->next)
		if (h->port == 25 && own_has(&w->own, &h->ip)) {
			own = h->preference;
			break;
		}
	if (h == NULL)
		return RC_OK;
	r->we_are_mx = true;
	while (*at != NULL && (*at)->preference < own)
		at = &(*at)->next;
	*at = NULL;
	return r->host == NULL ? loops(w) : RC_OK;
}

/* ---- the address limit -------------------------------------------------- */

static size_t
count(const struct route *r, uint8_t family)
{
	const struct host *h;
	size_t n = 0;

	for (h = r->host; h != NULL; h = h->next)
		n += h->ip.family == family;
	return n;
}

/* Keeps the first v4 of one family and the first v6 of the other. */
static void
keep(struct route *r, size_t v4, size_t v6)
{
	struct host **at = &r->host;

	while (*at != NULL) {
		size_t *left = (*at)->ip.family == IP_V6 ? &v6 : &v4;

		if (*left == 0) {
			*at = (*at)->next;
			continue;
		}
		(*left)--;
		at = &(*at)->next;
	}
}

/*
 * smtp_mx_address_limit.  Balanced, half of the places belong to each family,
 * as far as it has addresses to fill them: a dead family must not use up all.
 */
static void
cut_to_limit(struct worker *w)
{
	struct route *r = &w->route;
	size_t limit = w->set->mx_address_limit > 0 ?
	    (size_t)w->set->mx_address_limit : 0;
	size_t v4 = count(r, IP_V4), v6 = count(r, IP_V6), half = limit / 2;
	struct host *h;

	if (limit == 0 || v4 + v6 <= limit)
		return;
	if (w->set->balance_inet_protocols && limit > 1 && v4 > 0 && v6 > 0) {
		if (v4 <= half)
			keep(r, v4, limit - v4);
		else if (v6 <= half)
			keep(r, limit - v6, v6);
		else if (r->host->ip.family == IP_V6)
			keep(r, half, limit - half);
		else
			keep(r, limit - half, half);
		return;
	}
	for (h = r->host; h->next != NULL && --limit > 0; h = h->next)
		;
	h->next = NULL;
}

/* ---- destinations ------------------------------------------------------- */

/*
 * One that cannot be read is a mistake in the settings.  Found first, it stops
 * everything; found after others were tried, it only defers what is left.
 */
static enum rc
bad_destination(struct worker *w, struct span text, const char *why)
{
	log_line(w->log, LOG_ERROR, "bad destination %.*s: %s",
	    SPAN_ARG(text), why);
	return trouble(w, AT_SITE, "4.3.5",
	    "bad destination %.*s: %s", SPAN_ARG(text), why);
}

static bool
next_text(struct route *r, struct span *text)
{
	if (r->we_are_mx)
		return false;
	if (span_word(&r->rest, LIST_DIVIDERS, text))
		return true;
	r->at_fallback = true;
	return span_word(&r->fallback, LIST_DIVIDERS, text);
}

static enum rc
next_dest(struct worker *w)
{
	struct route *r = &w->route;
	const char *why;
	struct span text;

	if (r->is_path) {
		if (r->dest.is_unix)
			return RC_NONE;
		dest_unix(r->rest, &r->dest);
		return RC_OK;
	}
	if (!next_text(r, &text))
		return RC_NONE;
	r->dest.is_lmtp = w->lmtp;
	why = dest_parse(w->set, text, &r->dest);
	return why == NULL ? RC_OK : bad_destination(w, text, why);
}

enum rc
route_site(struct worker *w)
{
	struct route *r = &w->route;
	enum rc rc;

	arena_empty(&w->arena);
	r->host = r->now = NULL;
	r->hosts = 0;
	r->sessions = 0;
	TRY(next_dest(w));
	r->mx_secure = true;
	r->target = domain_of(&r->dest);
	rc = find(w);
	warn_unproven(w);
	if (rc != RC_OK)
		return rc;
	if (r->host == NULL)	/* lists of addresses filled the arena */
		return trouble(w, AT_SITE, "4.3.0",
		    "no memory for the hosts of %.*s", SPAN_ARG(r->dest.text));
	TRY(drop_from_own(w));
	cut_to_limit(w);
	r->used = w->arena.used;
	dns_rest(&w->dns);
	return RC_OK;
}
