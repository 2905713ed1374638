/*
 * port_message.c - messages between processes of this machine, with now and
 * then a descriptor: sockets that keep what is sent apart (SOCK_SEQPACKET).
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "port_int.h"

/*
 * Room for what travels beside a message.  One descriptor is all that we send;
 * strangers may send more, of which the kernel closes what has no room here.
 */
enum { STRAY_MOST = 4 };
union beside {
	char octets[CMSG_SPACE(STRAY_MOST * sizeof(int))];
	struct cmsghdr align;
};

enum rc
port_send(int fd, struct span message, int pass, ms_t until)
{
	struct iovec text = { .iov_len = message.n };
	union beside b = { { 0 } };
	struct msghdr m = { .msg_iov = &text, .msg_iovlen = 1 };

	if (message.n == 0)		/* would look like the end */
		return port_failed_as(EINVAL);
	if (message.n > PORT_MESSAGE_MAX)
		return port_failed_as(EMSGSIZE);
	/* It is only read; iovec, used both ways, knows no const. */
	memcpy(&text.iov_base, &message.p, sizeof message.p);
	if (pass >= 0) {
		b.align.cmsg_level = SOL_SOCKET;
		b.align.cmsg_type = SCM_RIGHTS;
		b.align.cmsg_len = CMSG_LEN(sizeof pass);
		memcpy(CMSG_DATA(&b.align), &pass, sizeof pass);
		m.msg_control = &b;
		m.msg_controllen = CMSG_SPACE(sizeof pass);
	}
	for (;;) {
		if (syscall(SYS_sendmsg, fd, &m,
		    MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return RC_OK;
		if (errno == EAGAIN)
			TRY(port_await(fd, POLLOUT, until));
		else if (errno != EINTR)
			return port_failed_stream(errno);
	}
}

/* The first descriptor is the caller's, others nobody's. */
static void
take_passed(struct msghdr *m, int *passed)
{
	struct cmsghdr *c;

	*passed = -1;
	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (*passed < 0)
				*passed = fd;
			else
				close(fd);
		}
	}
}

/*
 * A peer that has gone without reading all we sent leaves ECONNRESET, once,
 * ahead of its own last messages, and those count.
 */
static ssize_t
receive(int fd, struct msghdr *m, ms_t until, enum rc *rc)
{
	for (;;) {
		ssize_t n = syscall(SYS_recvmsg, fd, m,
			MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

		*rc = RC_OK;
		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			*rc = port_await(fd, POLLIN, until);
		else if (errno != EINTR && errno != ECONNRESET)
			*rc = port_failed_stream(errno);
		if (*rc != RC_OK)
			return -1;
	}
}

/* Six parameters, since what comes is two things. */
enum rc		/* NOLINTNEXTLINE(readability-function-size) */
port_recv(int fd, void *out, size_t n, ms_t until, size_t *got, int *passed)
{
	struct iovec text = { out, n };
	union beside b;
	struct msghdr m = { .msg_iov = &text, .msg_iovlen = 1,
		.msg_control = &b, .msg_controllen = sizeof b };
	enum rc rc;
	ssize_t r = receive(fd, &m, until, &rc);

	*passed = -1;
	if (r < 0)
		return rc;
	take_passed(&m, passed);
	if (r > 0 && (m.msg_flags & MSG_TRUNC) == 0) {
		*got = (size_t)r;
		return RC_OK;
	}
	port_close(*passed);
	*passed = -1;
	if (r > 0)
		return RC_WIRE;
	return port_failed_stream(PORT_END_OF_STREAM);
}

/* Callers that wait; more are told to try again. */
enum { CALLERS_MOST = 64 };

/* Its mode is right from the first moment on. */
static enum rc
listen_as(int fd, const struct sockaddr_un *un, unsigned mode)
{
	mode_t mask = umask(0777 & ~mode);
	int n = bind(fd, (const struct sockaddr *)un, sizeof *un);

	umask(mask);
	if (n != 0 || listen(fd, CALLERS_MOST) != 0)
		return port_failed();
	return RC_OK;
}

enum rc
port_listen(const char *path, unsigned mode, int *out)
{
	struct sockaddr_un un;
	enum rc rc;
	int fd;

	TRY(port_sockaddr_un(path, &un));
	fd = port_socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (fd < 0)
		return port_failed();
	unlink(path);
	rc = listen_as(fd, &un, mode);
	if (rc == RC_OK)
		*out = fd;
	else
		port_close(fd);
	return rc;
}

enum rc
port_accept(int fd, int *out, uint32_t *uid)
{
	struct ucred who;
	socklen_t n = sizeof who;
	int caller = (int)syscall(SYS_accept4, fd, NULL, NULL,
		SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (caller < 0) {
		port_failed();
		return errno == EAGAIN || errno == EINTR ||
			errno == ECONNABORTED ? RC_NONE : RC_OS;
	}
	if (getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0) {
		port_failed();
		port_close(caller);
		return RC_OS;
	}
	*out = caller;
	*uid = who.uid;
	return RC_OK;
}

enum rc
port_call(const char *path, ms_t until, int *out)
{
	enum rc rc = port_dial_path(path, SOCK_SEQPACKET, until, out);

	if (rc == RC_OS && (port_error_is_missing() ||
	    port_error_is_refused()))
		return RC_NONE;
	return rc;
}
