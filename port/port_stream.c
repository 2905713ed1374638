/*
 * port_stream.c - octets over a connected stream, under a deadline.
 *
 * Reads ask poll first: a peer that never stops talking must meet the limit
 * too, and a pipe that we were given may be a blocking one.  Writes try first,
 * as they nearly always succeed at once.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

enum rc
port_read(int fd, void *out, size_t n, ms_t until, size_t *got)
{
	TRY(port_in_time(until));
	for (;;) {
		ssize_t r;

		TRY(port_await(fd, POLLIN, until));
		r = read(fd, out, n);
		if (r > 0) {
			*got = (size_t)r;
			return RC_OK;
		}
		if (r == 0)
			return port_failed_stream(PORT_END_OF_STREAM);
		if (errno != EINTR && errno != EAGAIN)
			return port_failed_stream(errno);
	}
}

enum rc
port_write(int fd, const void *data, size_t n, ms_t until, size_t *put)
{
	TRY(port_in_time(until));
	for (;;) {
		ssize_t w = write(fd, data, n);

		if (w >= 0) {
			*put = (size_t)w;
			return RC_OK;
		}
		if (errno == EAGAIN)
			TRY(port_await(fd, POLLOUT, until));
		else if (errno != EINTR)
			return port_failed_stream(errno);
	}
}

/*
 * Nagle's algorithm is off for all our streams, so what was written has gone
 * already, unless the peer's window or congestion holds some of it back.  That
 * is given half a second to move on: longer would not be "now" any more.
 */
enum { PUSH_TURNS = 50, PUSH_TURN_MS = 10 };

void
port_push(int fd)
{
	int unsent = 0;

	for (int i = 0; i < PUSH_TURNS; i++) {
		if (syscall(SYS_ioctl, fd, SIOCOUTQNSD, &unsent) != 0 ||
		    unsent == 0)
			return;
		port_sleep(port_now() + PUSH_TURN_MS);
	}
}

void
port_close(int fd)
{
	/* Linux has closed it even if it says EINTR: never try again. */
	if (fd >= 0)
		close(fd);
}
