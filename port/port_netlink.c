/*
 * port_netlink.c - the kernel's own account of its network (rtnetlink).
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include "port_int.h"

/*
 * A part of the kernel's answer never exceeds 8 KiB less the head of its own
 * buffer (320 octets where it is smallest).
 */
enum { ANSWER_MAX = 7936 };
enum { ANSWER_WAIT_MS = 2000 };

enum rc
port_netlink_part(void *part, size_t n, port_told *told, void *arg)
{
	struct nlmsghdr *h = part;

	while (n >= sizeof *h && h->nlmsg_len >= sizeof *h &&
	    h->nlmsg_len <= n) {
		size_t step = NLMSG_ALIGN(h->nlmsg_len);

		if (h->nlmsg_type == NLMSG_DONE ||
		    h->nlmsg_type == NLMSG_ERROR || !told(arg, h))
			return RC_NONE;
		if (step >= n)
			break;
		n -= step;
		h = (void *)((char *)h + step);
	}
	return RC_OK;
}

enum rc
port_netlink_take(int fd, port_told *told, void *arg)
{
	/* On the stack it would stay with the process for good. */
	void *part = mmap(NULL, ANSWER_MAX, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum rc rc = RC_NONE;
	ssize_t n;

	if (part == MAP_FAILED)
		return RC_NONE;
	do
		n = recv(fd, part, ANSWER_MAX, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		rc = port_netlink_part(part, (size_t)n, told, arg);
	else if (n < 0 && errno == ENOBUFS)
		rc = RC_FULL;
	munmap(part, ANSWER_MAX);
	return rc;
}

static bool
ask(int fd, int kind, int family)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
	} what = {
		.h = {
			.nlmsg_len = NLMSG_LENGTH(kind == RTM_GETADDR ?
				sizeof(struct ifaddrmsg) : sizeof what.m),
			.nlmsg_type = (uint16_t)kind,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		/* Where all such structures have it: at first. */
		.m = { .rtm_family = (unsigned char)family },
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(fd, &what, what.h.nlmsg_len, 0,
		(struct sockaddr *)&kernel, sizeof kernel) >= 0;
}

void
port_netlink_dump(int kind, int family, port_told *told, void *arg)
{
	int fd = port_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ms_t until = port_now() + ANSWER_WAIT_MS;

	if (fd < 0 || !ask(fd, kind, family))
		port_failed();
	else
		while (port_await(fd, POLLIN, until) == RC_OK &&
		    port_netlink_take(fd, told, arg) == RC_OK)
			;
	port_close(fd);
}
