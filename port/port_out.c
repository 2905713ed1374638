/*
 * port_out.c - the standard streams.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "port_int.h"

enum rc
port_write_all(int fd, struct span data, ms_t until)
{
	while (data.n > 0) {
		ssize_t n = write(fd, data.p, data.n);

		if (n >= 0)
			data = span_tail(data, (size_t)n);
		else if (errno == EAGAIN)	/* we inherited it so */
			TRY(port_await(fd, POLLOUT, until));
		else if (errno != EINTR)
			return port_failed();
	}
	return RC_OK;
}

enum rc
port_out(struct span text)
{
	return port_write_all(STDOUT_FILENO, text, MS_NEVER);
}

/* Nobody may be held up because nobody reads his complaints. */
enum { ERR_WAIT_MS = 1000 };

void
port_err(struct span text)
{
	(void)!port_write_all(STDERR_FILENO, text, port_now() + ERR_WAIT_MS);
}
