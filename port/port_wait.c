/*
 * port_wait.c - waiting on one descriptor until an absolute time.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>

#include "port_int.h"

int
port_poll_ms(ms_t until)
{
	ms_t left;

	if (until == MS_NEVER)
		return -1;
	left = until - port_now();
	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

enum rc
port_in_time(ms_t until)
{
	if (port_now() < until)
		return RC_OK;
	port_failed_as(ETIMEDOUT);
	return RC_TIME;
}

enum rc
port_await(int fd, short events, ms_t until)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int ms = port_poll_ms(until);
		int n = poll(&p, 1, ms);

		if (n > 0)
			return RC_OK;
		if (n < 0 && errno != EINTR)
			return port_failed();
		if (n == 0)
			TRY(port_in_time(until));
	}
}

bool
port_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, 0);
	while (n < 0 && errno == EINTR);
	return n > 0;
}
