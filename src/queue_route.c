/*
 * queue_route.c - by which transport and to which next hop a recipient's mail
 * goes.
 *
 * First the class of the recipient's domain tells:
 *
 *	own address, mydestination	local_transport
 *	virtual_alias_domains		error: no alias knew the recipient
 *	relay_domains			relay_transport
 *	any other			an entry of sender_dependent_default_
 *					transport_maps, or default_transport
 *
 * and where the last two name no next hop, a sender_dependent_relayhost_maps
 * entry, relayhost, or the domain itself is it.  Then transport_maps may change
 * transport, next hop, or both.
 *
 * A table that can't be asked means later, never another route: what is behind
 * it may be the only way that a password or a policy is good for.
 */
#include "mail_map.h"
#include "queue_int.h"

#define NO_ALIAS	"5.1.1 User unknown in virtual alias table"
/* Tables, words of lists and what is in their files. */
#define ROUTES_BYTES	8192
#define OWN_MAX		64	/* addresses of this machine */

enum { TRANSPORTS, RELAYHOSTS, DEFAULTS, MAPS };

struct queue_routes {
	const struct settings *set;
	struct table_list map[MAPS];
	struct table_names own, alias, relay;
	bool parents_match;		/* transport_maps: without the dot */
	struct arena arena;
	char room[ROUTES_BYTES];
};

/* What is being found out. */
struct route {
	struct queue_routes *r;
	struct span sender, rcpt, domain;
	struct buf transport, hop, *why;
};

size_t
queue_routes_bytes(void)
{
	return sizeof(struct queue_routes);
}

/* ---- opening ------------------------------------------------------------- */

/* Does parent_domain_matches_subdomains name the setting? */
static bool
parents_match(const struct settings *set, const char *setting)
{
	struct span word, rest = set->parent_domain_matches_subdomains;

	while (span_word(&rest, LIST_DIVIDERS, &word))
		if (span_is(word, setting))
			return true;
	return false;
}

enum rc
queue_routes_open(struct queue_routes *r, const struct queue *q)
{
	const struct settings *set = q->set;
	struct table_env env = { .arena = &r->arena, .log = q->log };

	r->set = set;
	arena_init(&r->arena, r->room, sizeof(r->room));
	r->parents_match = parents_match(set, "transport_maps");
	TRY(table_open(&r->map[TRANSPORTS], &env, "transport_maps",
	    set->transport_maps, 0));
	TRY(table_open(&r->map[RELAYHOSTS], &env,
	    "sender_dependent_relayhost_maps",
	    set->sender_dependent_relayhost_maps, 0));
	TRY(table_open(&r->map[DEFAULTS], &env,
	    "sender_dependent_default_transport_maps",
	    set->sender_dependent_default_transport_maps, 0));
	TRY(table_names_open(&r->own, &env, "mydestination",
	    set->mydestination, parents_match(set, "mydestination") ?
	    TABLE_LIST_PARENT : TABLE_LIST_DOMAIN));
	TRY(table_names_open(&r->alias, &env, "virtual_alias_domains",
	    set->virtual_alias_domains, 0));
	return table_names_open(&r->relay, &env, "relay_domains",
	    set->relay_domains, parents_match(set, "relay_domains") ?
	    TABLE_LIST_PARENT : TABLE_LIST_DOMAIN);
}

void
queue_routes_close(struct queue_routes *r)
{
	for (size_t i = 0; i < MAPS; i++)
		table_close(&r->map[i]);
	table_names_close(&r->own);
	table_names_close(&r->alias);
	table_names_close(&r->relay);
}

/* ---- addresses of this machine ------------------------------------------- */

static bool
is_listed(struct span list, const struct ip *ip)
{
	struct span word;
	struct ip own;

	while (span_word(&list, LIST_DIVIDERS, &word)) {
		if (word.p[0] == '[')
			word = span_part(word, 1, word.n - 2);
		if (ip_parse(word, &own) && ip_eq(&own, ip))
			return true;
	}
	return false;
}

/* user@[192.0.2.1], user@[IPv6:2001:db8::1] with an address of ours. */
static bool
is_own_address(const struct settings *set, struct span domain)
{
	struct ip all[OWN_MAX], ip;
	size_t n;

	if (domain.n < 3 || domain.p[0] != '[' ||
	    domain.p[domain.n - 1] != ']')
		return false;
	domain = span_part(domain, 1, domain.n - 2);
	if (span_starts_case(domain, "IPv6:"))
		domain = span_tail(domain, 5);
	if (!ip_parse(domain, &ip))
		return false;
	if (is_listed(set->proxy_interfaces, &ip) ||
	    is_listed(set->inet_interfaces, &ip) || ip_is_loopback(&ip))
		return true;
	if (!span_is(set->inet_interfaces, "all"))
		return false;
	n = port_own_addresses(all, COUNT(all));
	for (size_t i = 0; i < n && i < COUNT(all); i++)
		if (ip_eq(&all[i], &ip))
			return true;
	return false;
}

/* ---- results of tables --------------------------------------------------- */

static enum rc
not_now(struct route *t, const char *setting)
{
	buf_fmt(t->why, "%s cannot be looked up now", setting);
	return RC_TIME;
}

/*
 * `transport:nexthop`.  A transport without a next hop resets that to `hop`;
 * what is empty changes nothing.
 */
static void
obey(struct route *t, struct span value, struct span hop)
{
	size_t n = span_find(value, ':');
	struct span transport = span_trim(span_head(value, n));

	value = span_trim(span_tail(value, n + 1));
	if (transport.n > 0) {
		buf_clear(&t->transport);
		buf_put(&t->transport, transport);
	}
	if (value.n > 0)
		hop = value;
	else if (transport.n == 0)
		return;
	buf_clear(&t->hop);
	buf_put(&t->hop, hop);
}

/*
 * What a table has for the sender; RC_NONE: nothing, or DUNNO.  `empty` is the
 * key of the null sender.
 */
static enum rc
find_sender(struct route *t, size_t which, struct span empty,
	struct buf *value)
{
	const struct table_list *map = &t->r->map[which];
	struct mail_map m = { .tables = map,
		.delimiters = t->r->set->recipient_delimiter,
		.origin = t->r->set->myorigin, .local = &t->r->own };
	struct span ext;
	enum rc rc;

	if (map->first == NULL)
		return RC_NONE;
	rc = t->sender.n == 0 ? table_find(map, empty, TABLE_ANY, value)
	    : mail_map_find(&m, t->sender, value, &ext);
	if (rc == RC_OK && span_is_case(buf_span(value), "dunno"))
		rc = RC_NONE;
	return rc == RC_OK || rc == RC_NONE ? rc : not_now(t, map->setting);
}

/* ---- classes ------------------------------------------------------------- */

/* For these the next hop is a sentence. */
static bool
has_reason(const struct route *t)
{
	enum queue_transport which = queue_transport_find(
	    buf_span(&t->transport));

	return which >= QUEUE_ERROR && which <= QUEUE_DISCARD;
}

/* Where a transport names no next hop. */
static enum rc
find_hop(struct route *t)
{
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	enum rc rc;

	if (t->hop.n > 0 || has_reason(t))
		return RC_OK;
	rc = find_sender(t, RELAYHOSTS,
	    t->r->set->empty_address_relayhost_maps_lookup_key, &value);
	if (rc == RC_OK)
		buf_put(&t->hop, span_trim(buf_span(&value)));
	else if (rc == RC_NONE)
		buf_put(&t->hop, t->r->set->relayhost.n > 0 ?
		    t->r->set->relayhost : t->domain);
	return rc == RC_NONE ? RC_OK : rc;
}

static enum rc
by_default(struct route *t)
{
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	const struct span none = { 0 };
	enum rc rc;

	rc = find_sender(t, DEFAULTS,
	    t->r->set->empty_address_default_transport_maps_lookup_key,
	    &value);
	if (rc == RC_TIME)
		return rc;
	obey(t, t->r->set->default_transport, none);
	if (rc == RC_OK)
		obey(t, buf_span(&value), none);
	return find_hop(t);
}

/* RC_OK: it is one of these domains. */
static enum rc
is_in(struct route *t, const struct table_names *list)
{
	enum rc rc = table_names_has(list, t->domain, NULL);

	return rc == RC_OK || rc == RC_NONE ? rc : not_now(t, list->setting);
}

static enum rc
by_class(struct route *t)
{
	const struct settings *set = t->r->set;
	const struct span none = { 0 };
	enum rc rc;

	rc = t->domain.n == 0 || is_own_address(set, t->domain) ? RC_OK
	    : is_in(t, &t->r->own);
	if (rc == RC_OK)
		obey(t, set->local_transport, t->domain);
	if (rc != RC_NONE)
		return rc;
	rc = is_in(t, &t->r->alias);
	if (rc == RC_OK)
		obey(t, SPAN("error:" NO_ALIAS), none);
	if (rc != RC_NONE)
		return rc;
	rc = is_in(t, &t->r->relay);
	if (rc == RC_NONE)
		return by_default(t);
	if (rc != RC_OK)
		return rc;
	obey(t, set->relay_transport, none);
	return find_hop(t);
}

/* ---- transport_maps ------------------------------------------------------ */

static enum rc
find_domain(const struct queue_routes *r, struct span domain,
	struct buf *value)
{
	const struct table_list *map = &r->map[TRANSPORTS];
	enum rc rc = RC_NONE;
	size_t dot;

	while (rc == RC_NONE && domain.n > 0) {
		rc = table_find(map, domain, TABLE_FIXED, value);
		/* A dot at the beginning is one that was looked for. */
		dot = span_find(span_tail(domain, 1), '.') + 1;
		domain = span_tail(domain, dot + (r->parents_match ? 1 : 0));
	}
	return rc == RC_NONE ? table_find(map, SPAN("*"), TABLE_FIXED, value)
	    : rc;
}

static enum rc
find_rcpt(const struct queue_routes *r, struct span local,
	struct span domain, struct buf *value)
{
	const struct table_list *map = &r->map[TRANSPORTS];
	struct span ext = mail_map_split(local, r->set->recipient_delimiter);
	enum rc rc;

	rc = mail_map_try(map, local, domain, TABLE_ANY, value);
	if (rc == RC_NONE && ext.n > 0)
		rc = mail_map_try(map, span_head(local, local.n - ext.n),
		    domain, TABLE_FIXED, value);
	return rc == RC_NONE ? find_domain(r, domain, value) : rc;
}

static enum rc
by_map(struct route *t)
{
	const struct queue_routes *r = t->r;
	char room[TABLE_VALUE_MAX];
	struct buf value = BUF(room);
	enum rc rc;

	if (r->map[TRANSPORTS].first == NULL)
		return RC_OK;
	rc = t->rcpt.n == 0 ? find_rcpt(r, r->set->empty_address_recipient,
	    r->set->myhostname, &value)
	    : find_rcpt(r, mail_addr_local(t->rcpt), t->domain, &value);
	if (rc == RC_OK)
		obey(t, buf_span(&value), t->domain);
	return rc == RC_OK || rc == RC_NONE ? RC_OK
	    : not_now(t, "transport_maps");
}

/* ---- all of it ----------------------------------------------------------- */

/* Reasons that nobody gave: the domain alone would be none. */
static void
give_reason(struct route *t)
{
	if (t->hop.n > 0 && !span_eq(buf_span(&t->hop), t->domain))
		return;
	buf_clear(&t->hop);
	buf_fmt(&t->hop, "mail for %.*s is not sent from here (transport "
	    "\"%.*s\")", SPAN_ARG(t->domain),
	    SPAN_ARG(buf_span(&t->transport)));
}

static enum rc
check(struct route *t)
{
	struct span transport = buf_span(&t->transport);

	if (queue_transport_find(transport) == QUEUE_TRANSPORTS) {
		buf_fmt(t->why, "there is no transport \"%.*s\": main.cf may "
		    "name smtp, relay, lmtp, local, error, retry and discard",
		    SPAN_ARG(transport));
		return RC_DENY;
	}
	if (has_reason(t))
		give_reason(t);
	if (!t->hop.full && t->hop.n > 0)
		return RC_OK;
	buf_fmt(t->why, "no next hop, or one that is too long, for transport "
	    "\"%.*s\"", SPAN_ARG(transport));
	return RC_DENY;
}

enum rc
queue_route(struct queue_routes *r, struct span sender, struct span rcpt,
	struct buf *route, struct buf *why)
{
	char transport[QUEUE_ROUTE_MAX], hop[QUEUE_ROUTE_MAX];
	struct route t = { .r = r, .sender = sender, .rcpt = rcpt,
		.domain = mail_addr_domain(rcpt), .transport = BUF(transport),
		.hop = BUF(hop), .why = why };

	TRY(by_class(&t));
	TRY(by_map(&t));
	TRY(check(&t));
	buf_fmt(route, "%.*s:%.*s", SPAN_ARG(buf_span(&t.transport)),
	    SPAN_ARG(buf_span(&t.hop)));
	if (!route->full)
		return RC_OK;
	buf_puts(why, "the next hop is too long");
	return RC_DENY;
}
