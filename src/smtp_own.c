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

/* Brackets off an address, and the ipv6: of RFC 5321. */
static bool
parse_address(struct span word, struct ip *out)
{
	if (word.n > 2 && word.p[0] == '[' && word.p[word.n - 1] == ']')
		word = span_part(word, 1, word.n - 2);
	if (span_starts_case(word, "ipv6:"))
		word = span_part(word, 5, word.n);
	return ip_parse(word, out);
}

static void
add_name(struct own *o, struct dns *dns, struct arena *a, struct span name)
{
	struct ip_list list = { 0 };
	size_t i;

	if (dns_addresses(dns, a, name, DNS_V4 | DNS_V6, DNS_BY_HOSTS,
	    port_now() + MINUTE, &list) != RC_OK)
		return;
	for (i = 0; i < list.n; i++)
		add(o, &list.ip[i]);
}

static void
add_loopback(struct own *o, const struct ip *all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ip_is_loopback(&all[i]))
			add(o, &all[i]);
}

/* Is any of what was added since `from` on this machine? */
static bool
any_is_here(const struct own *o, size_t from, const struct ip *all, size_t n)
{
	size_t i, j;

	for (i = from; i < o->n; i++)
		for (j = 0; j < n; j++)
			if (ip_eq(&o->ip[i], &all[j]) ||
			    ip_is_loopback(&o->ip[i]))
				return true;
	return false;
}

static enum rc
add_interfaces(struct own *o, const struct settings *set, struct dns *dns,
    struct arena *a, const struct log *log)
{
	struct span rest = set->inet_interfaces, word;
	struct ip all[OWN_MAX], ip;
	size_t n = port_own_addresses(all, COUNT(all)), i, from;

	n = n < COUNT(all) ? n : COUNT(all);
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		from = o->n;
		if (span_is_case(word, "all"))
			for (i = 0; i < n; i++)
				add(o, &all[i]);
		else if (span_is_case(word, "loopback-only"))
			add_loopback(o, all, n);
		else if (parse_address(word, &ip))
			add(o, &ip);
		else
			add_name(o, dns, a, word);
		if (o->n > from && !span_is_case(word, "all") &&
		    !any_is_here(o, from, all, n)) {
			log_line(log, LOG_FATAL, "inet_interfaces: no "
			    "interface of this machine has %.*s; name one "
			    "that has, or use all", SPAN_ARG(word));
			return RC_DENY;
		}
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
	struct span rest = set->proxy_interfaces, word;
	struct ip ip;
	bool by_list = !span_is_case(set->inet_interfaces, "all") &&
	    !span_is_case(set->inet_interfaces, "loopback-only");

	*o = (struct own){ .families = families_of(set->inet_protocols) };
	TRY(add_interfaces(o, set, dns, a, log));
	if (by_list) {
		bind_to_single(o, IP_V4, &o->bind4);
		bind_to_single(o, IP_V6, &o->bind6);
	}
	if (set->bind_address.family != IP_NONE)
		o->bind4 = set->bind_address;
	if (set->bind_address6.family != IP_NONE)
		o->bind6 = set->bind_address6;
	while (span_word(&rest, LIST_DIVIDERS, &word)) {
		if (parse_address(word, &ip))
			add(o, &ip);
		else
			add_name(o, dns, a, word);
	}
	return RC_OK;
}
