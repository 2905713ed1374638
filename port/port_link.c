/*
 * port_link.c - is there a way out, and when does one appear?
 *
 * Events say that something has changed, and no more: what there is is asked
 * for each time.  So nothing depends on their being complete, and a kernel that
 * lost some for want of room (ENOBUFS) has told all the same.
 */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "port_int.h"

/* What there was at the last look: a bit for each of `ways`. */
static unsigned known;

static const struct {
	uint8_t kind;
	uint8_t family;
} ways[] = {
	{ RTM_GETROUTE, AF_INET },
	{ RTM_GETROUTE, AF_INET6 },
	{ RTM_GETADDR, AF_INET },
	{ RTM_GETADDR, AF_INET6 },
};

/* To everywhere, and not the kind that only says "no". */
static bool
is_default_route(struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);

	return h->nlmsg_len >= NLMSG_LENGTH(sizeof *m) &&
		m->rtm_dst_len == 0 && m->rtm_type == RTN_UNICAST &&
		(m->rtm_flags & (RTM_F_CLONED | RTNH_F_DEAD |
		RTNH_F_LINKDOWN)) == 0;
}

/* Not while the link is asked whether another has it (RFC 4862, 5.4). */
static bool
is_global_address(struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);

	return h->nlmsg_len >= NLMSG_LENGTH(sizeof *m) &&
		m->ifa_scope == RT_SCOPE_UNIVERSE &&
		(m->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
}

static bool
find(void *arg, struct nlmsghdr *h)
{
	bool *is_found = arg;

	*is_found = (h->nlmsg_type == RTM_NEWROUTE && is_default_route(h)) ||
		(h->nlmsg_type == RTM_NEWADDR && is_global_address(h));
	return !*is_found;
}

static bool
has_way(size_t i)
{
	bool is_found = false;

	port_netlink_dump(ways[i].kind, ways[i].family, find, &is_found);
	return is_found;
}

static unsigned
look(void)
{
	unsigned seen = 0;

	for (size_t i = 0; i < COUNT(ways); i++)
		if (has_way(i))
			seen |= 1u << i;
	return seen;
}

bool
port_has_route(void)
{
	return has_way(0) || has_way(1);
}

/* First to the events, then the look: what comes in between is not missed. */
enum rc
port_links(int *out)
{
	struct sockaddr_nl us = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
			RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
	};
	int fd = port_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0)
		return port_failed();
	if (bind(fd, (struct sockaddr *)&us, sizeof us) != 0) {
		port_failed();
		port_close(fd);
		return RC_OS;
	}
	known = look();
	*out = fd;
	return RC_OK;
}

/*
 * Routes to some place are of no interest; with a routing daemon there are
 * thousands, and a look for each would cost.
 */
static bool
matters(struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);

	switch (h->nlmsg_type) {
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return true;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return h->nlmsg_len >= NLMSG_LENGTH(sizeof *m) &&
			m->rtm_dst_len == 0;
	default:
		return false;
	}
}

static bool
notice(void *arg, struct nlmsghdr *h)
{
	bool *is_changed = arg;

	*is_changed |= matters(h);
	return true;
}

/* Datagrams at a time; if there are more the descriptor stays readable. */
enum { TAKE_MOST = 1000 };

bool
port_link_came(int fd)
{
	unsigned before = known;
	bool is_changed = false;
	enum rc rc = RC_OK;

	for (int i = 0; i < TAKE_MOST && rc != RC_NONE; i++) {
		rc = port_netlink_take(fd, notice, &is_changed);
		is_changed |= rc == RC_FULL;
	}
	if (is_changed)
		known = look();
	return (known & ~before) != 0;
}
