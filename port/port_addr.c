/*
 * port_addr.c - which addresses and families this machine has.
 *
 * The kernel is asked directly (rtnetlink, RTM_GETADDR): getifaddrs() would
 * want the heap, and all links besides.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

#include "port_int.h"

/*
 * A part of the kernel's answer never exceeds 8 KiB less the head of its own
 * buffer (320 octets where it is smallest).
 */
enum { ANSWER_MAX = 7936 };
enum { ANSWER_WAIT_MS = 2000 };

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

/* RC_NONE: that was the last part. */
static enum rc
take_part(struct found *f, void *part, size_t n)
{
	struct nlmsghdr *h = part;

	while (n >= sizeof *h && h->nlmsg_len >= sizeof *h &&
	    h->nlmsg_len <= n) {
		size_t step = NLMSG_ALIGN(h->nlmsg_len);

		if (h->nlmsg_type == NLMSG_DONE ||
		    h->nlmsg_type == NLMSG_ERROR)
			return RC_NONE;
		if (h->nlmsg_type == RTM_NEWADDR &&
		    h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)))
			take_address(f, h);
		if (step >= n)
			break;
		n -= step;
		h = (void *)((char *)h + step);
	}
	return RC_OK;
}

static enum rc
ask_addresses(int fd)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
	} ask = {
		.h = {
			.nlmsg_len = sizeof ask,
			.nlmsg_type = RTM_GETADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(fd, &ask, sizeof ask, 0, (struct sockaddr *)&kernel,
	    sizeof kernel) < 0)
		return port_failed();
	return RC_OK;
}

static void
take_answer(int fd, struct found *f)
{
	_Alignas(struct nlmsghdr) char part[ANSWER_MAX];
	ms_t until = port_now() + ANSWER_WAIT_MS;
	ssize_t n;

	do {
		if (port_await(fd, POLLIN, until) != RC_OK)
			return;
		n = recv(fd, part, sizeof part, 0);
		if (n <= 0)
			return;
	} while (take_part(f, part, (size_t)n) == RC_OK);
}

size_t
port_own_addresses(struct ip *out, size_t most)
{
	struct found f = { .out = out, .most = most };
	int fd = port_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0) {
		port_failed();
		return 0;
	}
	if (ask_addresses(fd) == RC_OK)
		take_answer(fd, &f);
	port_close(fd);
	return f.n;
}
