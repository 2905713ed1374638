/*
 * port_udp.c - datagrams to and from one server.
 *
 * The socket is connected, so the system drops what others send, and tells us
 * when the server's port is closed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>

#include "port_int.h"

enum rc
port_udp(const struct port_addr *to, int *out)
{
	struct sockaddr_storage sa;
	socklen_t n = port_sockaddr(to, &sa);
	int fd;

	fd = port_socket(sa.ss_family, SOCK_DGRAM, IPPROTO_UDP);
	if (fd < 0)
		return port_failed();
	if (connect(fd, (struct sockaddr *)&sa, n) != 0) {
		port_failed();
		port_close(fd);
		return RC_OS;
	}
	*out = fd;
	return RC_OK;
}

enum rc
port_udp_send(int fd, struct span data)
{
	ssize_t n;

	do
		n = send(fd, data.p, data.n, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return RC_OK;
	port_failed();
	/* The answer to an earlier datagram; this one was not sent. */
	return errno == ECONNREFUSED ? RC_GONE : RC_OS;
}

enum rc
port_udp_recv(int fd, void *out, size_t n, ms_t until, size_t *got)
{
	/* As with port_read(): forged answers must not stretch a limit. */
	TRY(port_in_time(until));
	for (;;) {
		ssize_t r;

		TRY(port_await(fd, POLLIN, until));
		r = recv(fd, out, n, 0);
		if (r >= 0) {
			*got = (size_t)r;
			return RC_OK;
		}
		if (errno == EINTR || errno == EAGAIN)
			continue;	/* a wrong checksum looks like this */
		port_failed();
		return errno == ECONNREFUSED ? RC_GONE : RC_OS;
	}
}
