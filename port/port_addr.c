/*
 * port_addr.c - which addresses and families this machine has.
 *
 * The kernel is asked directly (RTM_GETADDR): getifaddrs() would want the heap,
 * and all links besides.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "port_int.h"

struct found {
	struct ip *out;
	size_t most;
	size_t n;
};

bool
port_has_family(int family)
{
	int fd = port_socket(family == IP_V6 ? AF_INET6 : AF_INET,
		SOCK_DGRAM, 0);

	port_close(fd);
	/* No descriptor is left, no memory: says nothing about the family. */
	return fd >= 0 || errno != EAFNOSUPPORT;
}

static void
keep(struct found *f, const struct ifaddrmsg *m, const void *octets)
{
	struct ip a = { .family = IP_V4 };

	if (m->ifa_family == AF_INET6) {
		a.family = IP_V6;
		memcpy(a.b, octets, 16);
		if (a.b[0] == 0xfe && (a.b[1] & 0xc0) == 0x80)
			a.scope = m->ifa_index;
	} else {
		memcpy(a.b, octets, 4);
	}
	if (f->n < f->most)
		f->out[f->n] = a;
	f->n++;
}

/* One address.  On a point-to-point link IFA_ADDRESS is the other end. */
static void
take_address(struct found *f, struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	const char *p = (const char *)m + NLMSG_ALIGN(sizeof *m);
	const char *end = (const char *)h + h->nlmsg_len;
	const void *local = NULL, *address = NULL;
	size_t want = m->ifa_family == AF_INET6 ? 16 : 4;

	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return;
	while (end - p >= (ptrdiff_t)sizeof(struct rtattr)) {
		struct rtattr a;

		memcpy(&a, p, sizeof a);
		if (a.rta_len < sizeof a || a.rta_len > end - p)
			return;
		if (a.rta_len == sizeof a + want) {
			if (a.rta_type == IFA_LOCAL)
				local = p + sizeof a;
			if (a.rta_type == IFA_ADDRESS)
				address = p + sizeof a;
		}
		p += RTA_ALIGN(a.rta_len);
	}
	if (local != NULL || address != NULL)
		keep(f, m, local != NULL ? local : address);
}

static bool
take(void *arg, struct nlmsghdr *h)
{
	if (h->nlmsg_type == RTM_NEWADDR &&
	    h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
		take_address(arg, h);
	return true;
}

size_t
port_own_addresses(struct ip *out, size_t most)
{
	struct found f = { .out = out, .most = most };

	port_netlink_dump(RTM_GETADDR, AF_UNSPEC, take, &f);
	return f.n;
}
