/*
 * smtp_own.c - which addresses are ours: for loop detection (RFC 5321, 5.1),
 * and for the source address of connections.
 */
#include "dns.h"
#include "port.h"
#include "smtp_int.h"

bool
own_has(const struct own *o, const struct ip *ip)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (ip_eq(&o->ip[i], ip))
			return true;
	return false;
}

static void
add(struct own *o, const struct ip *ip)
{
	if (o->n < COUNT(o->ip) && !own_has(o, ip))
		o->ip[o->n++] = *ip;
}

/* What names and addresses are looked for, and where they go. */
struct search {
	struct own *own;
	struct dns *dns;
	struct arena *arena;
	const struct log *log;
};

static bool
is_wanted(const struct own *o, const struct ip *ip)
{
	return o->families & (ip->family == IP_V6 ? DNS_V6 : DNS_V4);
}

static bool
parse_address(struct span word, struct ip *out)
{
	if (word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']')
		word = span_part(word, 1, word.n - 2);
	return ip_parse(word, out);
}

static enum rc
add_name(const struct search *s, struct span name)
{
	struct ip_list list = { 0 };
	enum rc rc;
	size_t i;

	s->dns->until = port_now() + MINUTE;
	rc = dns_addresses(s->dns, s->arena, name, DNS_BY_HOSTS, &list);
	s->dns->until = MS_NEVER;
	if (rc != RC_OK)
		return rc;
	for (i = 0; i < list.n; i++)
		add(s->own, &list.ip[i]);
	return RC_OK;
}

/*
 * Addresses and names.  One that cannot be found is a mistake that would let
 * mail go in circles some day: nothing works until it is mended.
 */
static enum rc
add_list(const struct search *s, const char *setting, struct span list)
{
	struct span word;
	struct ip ip;

	while (span_word(&list, LIST_DIVIDERS, &word)) {
		if (parse_address(word, &ip) && is_wanted(s->own, &ip))
			add(s->own, &ip);
		else if (add_name(s, word) != RC_OK) {
			log_line(s->log, LOG_FATAL, "%s: %.*s is neither an "
			    "address nor a host that can be found", setting,
			    SPAN_ARG(word));
			return RC_DENY;
		}
	}
	return RC_OK;
}

/* Is all of what inet_interfaces gave on this machine? */
static enum rc
check_here(const struct search *s, const struct ip *all, size_t n)
{
	char text[IP_TEXT_MAX];
	struct buf b = BUF(text);
	size_t i, j;

	for (i = 0; i < s->own->n; i++) {
		for (j = 0; j < n && !ip_eq(&s->own->ip[i], &all[j]); j++)
			;
		if (j < n || ip_is_loopback(&s->own->ip[i]))
			continue;
		ip_put(&b, &s->own->ip[i]);
		log_line(s->log, LOG_FATAL, "inet_interfaces: no interface "
		    "of this machine has %.*s; name one that has, or use all",
		    SPAN_ARG(b));
		return RC_DENY;
	}
	return RC_OK;
}

/*
 * The single address of a family in inet_interfaces is the source of our
 * connections as well; loopback would not get anywhere.
 */
static void
bind_to_single(struct own *o, int family, struct ip *out)
{
	size_t i, n = 0;

	for (i = 0; i < o->n; i++)
		if (o->ip[i].family == family) {
			*out = o->ip[i];
			n++;
		}
	if (n != 1 || ip_is_loopback(out))
		*out = (struct ip){ 0 };
}

static enum rc
add_interfaces(const struct search *s, struct span list)
{
	bool is_all = span_is(list, "all");
	struct ip all[OWN_MAX];
	size_t n = port_own_addresses(all, COUNT(all)), i;

	n = n < COUNT(all) ? n : COUNT(all);
	if (!is_all && !span_is(list, "loopback-only")) {
		TRY(add_list(s, "inet_interfaces", list));
		bind_to_single(s->own, IP_V4, &s->own->bind4);
		bind_to_single(s->own, IP_V6, &s->own->bind6);
		return check_here(s, all, n);
	}
	for (i = 0; i < n; i++)
		if (is_all || ip_is_loopback(&all[i]))
			add(s->own, &all[i]);
	return RC_OK;
}

static unsigned
families_of(unsigned protocols)
{
	unsigned f = 0;

	if (protocols & INET_IPV4 && port_has_family(IP_V4))
		f |= DNS_V4;
	if (protocols & INET_IPV6 && port_has_family(IP_V6))
		f |= DNS_V6;
	return f;
}

enum rc
own_init(struct own *o, const struct settings *set, struct dns *dns,
    struct arena *a, const struct log *log)
{
	struct search s = { o, dns, a, log };

	*o = (struct own){ .families = families_of(set->inet_protocols) };
	dns->families = o->families;
	TRY(add_interfaces(&s, set->inet_interfaces));
	if (set->bind_address.family != IP_NONE)
		o->bind4 = set->bind_address;
	if (set->bind_address6.family != IP_NONE)
		o->bind6 = set->bind_address6;
	return add_list(&s, "proxy_interfaces", set->proxy_interfaces);
}
