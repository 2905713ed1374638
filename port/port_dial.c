/*
 * port_dial.c - opening streams, to the network and to sockets of the file
 * system.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "port_int.h"

int
port_socket(int family, int type, int protocol)
{
	return (int)syscall(SYS_socket, family,
		type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

socklen_t
port_sockaddr(const struct port_addr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(out, 0, sizeof *out);
	if (a->ip.family == IP_V6) {
		in6.sin6_port = htons(a->port);
		in6.sin6_scope_id = a->ip.scope;
		memcpy(&in6.sin6_addr, a->ip.b, 16);
		memcpy(out, &in6, sizeof in6);
		return sizeof in6;
	}
	in.sin_port = htons(a->port);
	memcpy(&in.sin_addr, a->ip.b, 4);
	memcpy(out, &in, sizeof in);
	return sizeof in;
}

static void
option(int fd, int level, int name, int value)
{
	/* Without it things work as well, only not as finely tuned. */
	(void)setsockopt(fd, level, name, &value, sizeof value);
}

/*
 * The local port is chosen when connecting, so that one address does not run
 * out of ports while the pairs are still free; Linux before 4.2 can't.
 */
static enum rc
bind_to(int fd, const struct ip *from)
{
	struct port_addr a = { .ip = *from };
	struct sockaddr_storage sa;
	socklen_t n = port_sockaddr(&a, &sa);

	option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (bind(fd, (struct sockaddr *)&sa, n) == 0)
		return RC_OK;
	port_failed();
	return RC_DENY;
}

/*
 * How it ended is asked with connect() again, which says so since Linux has
 * had sockets; SO_ERROR would say the same, but user-mode emulators give the
 * number of the wrong machine there.
 */
static enum rc
start(int fd, const struct sockaddr_storage *sa, socklen_t n, ms_t until)
{
	while (connect(fd, (const struct sockaddr *)sa, n) != 0) {
		/* Reset: it stood, and was dropped at once.  Reading tells. */
		if (errno == EISCONN || errno == ECONNRESET)
			break;
		if (errno == ETIMEDOUT) {
			port_failed();
			return RC_TIME;
		}
		if (errno != EINPROGRESS && errno != EALREADY &&
		    errno != EINTR)
			return port_failed();
		TRY(port_await(fd, POLLOUT, until));
	}
	return RC_OK;
}

enum rc
port_dial(const struct port_addr *to, const struct ip *from, int window,
	ms_t until, int *out)
{
	struct sockaddr_storage sa;
	socklen_t n = port_sockaddr(to, &sa);
	enum rc rc = RC_OK;
	int fd;

	fd = port_socket(sa.ss_family, SOCK_STREAM, IPPROTO_TCP);
	if (fd < 0)
		return port_failed();
	option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (window > 0) {
		option(fd, SOL_SOCKET, SO_SNDBUF, window);
		option(fd, SOL_SOCKET, SO_RCVBUF, window);
	}
	if (from != NULL && from->family != IP_NONE && !ip_is_any(from))
		rc = bind_to(fd, from);
	if (rc == RC_OK)
		rc = start(fd, &sa, n, until);
	if (rc == RC_OK)
		*out = fd;
	else
		port_close(fd);
	return rc;
}

/*
 * A full backlog is EAGAIN here, and poll knows nothing of it: ask again, more
 * and more seldom.
 */
static enum rc
start_path(int fd, const struct sockaddr_un *un, ms_t until)
{
	ms_t pause = 1;

	while (connect(fd, (const struct sockaddr *)un, sizeof *un) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return port_failed();
		TRY(port_in_time(until));
		port_pause(pause, until);
		if (pause < 100)
			pause *= 2;
	}
	return RC_OK;
}

enum rc
port_sockaddr_un(const char *path, struct sockaddr_un *out)
{
	size_t n = strlen(path);

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n >= sizeof out->sun_path)
		return port_failed_as(ENAMETOOLONG);
	memcpy(out->sun_path, path, n);
	return RC_OK;
}

enum rc
port_dial_path(const char *path, int type, ms_t until, int *out)
{
	struct sockaddr_un un;
	enum rc rc;
	int fd;

	TRY(port_sockaddr_un(path, &un));
	fd = port_socket(AF_UNIX, type, 0);
	if (fd < 0)
		return port_failed();
	rc = start_path(fd, &un, until);
	if (rc == RC_OK)
		*out = fd;
	else
		port_close(fd);
	return rc;
}

enum rc
port_dial_unix(const char *path, ms_t until, int *out)
{
	return port_dial_path(path, SOCK_STREAM, until, out);
}
