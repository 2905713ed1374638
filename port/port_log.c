/*
 * port_log.c - records to the system's log, in the form of RFC 3164 with local
 * time; and the last words of a process.
 *
 * Best effort: no daemon, no record.  The socket stays open, since a worker
 * that has locked itself in could not open it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "port_int.h"

/* A daemon that lags that far behind loses records, not we our time. */
enum { LOG_WAIT_MS = 200 };
/* Beyond this daemons cut a line anyway. */
enum { LOG_TEXT_MAX = 2048 };
enum { EXIT_SOFTWARE = 70 };	/* EX_SOFTWARE of sysexits.h */

static int log_fd = -1;

void
port_log_forget(void)
{
	log_fd = -1;
}

static bool
log_connect(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };

	if (log_fd < 0)
		log_fd = port_socket(AF_UNIX, SOCK_DGRAM, 0);
	return log_fd >= 0 &&
		connect(log_fd, (struct sockaddr *)&un, sizeof un) == 0;
}

/* struct iovec knows no const. */
static struct iovec
part_of(struct span s)
{
	union {
		const char *from;
		void *base;
	} p = { s.p };

	return (struct iovec){ p.base, s.n };
}

/* false: the daemon that was there is there no more (or never was). */
static bool
log_send(struct span head, struct span text)
{
	struct iovec parts[] = { part_of(head), part_of(text) };
	ssize_t n;

	do
		n = writev(log_fd, parts, (int)COUNT(parts));
	while (n < 0 && (errno == EINTR || (errno == EAGAIN &&
	    port_await(log_fd, POLLOUT, port_now() + LOG_WAIT_MS) == RC_OK)));
	return n >= 0 || errno == EAGAIN;
}

void
port_syslog(int facility, enum port_level level, struct span tag,
	struct span text)
{
	static const int severity[] = {
		[PORT_ERR] = 3, [PORT_WARNING] = 4,
		[PORT_INFO] = 6, [PORT_DEBUG] = 7,
	};
	int64_t now = port_wall();
	char head[128];
	struct buf b = BUF(head);

	buf_fmt(&b, "<%d>", facility * 8 + severity[level]);
	civil_put_log(&b, now, port_zone(now));
	buf_putc(&b, ' ');
	buf_put_cut(&b, tag);
	buf_fmt(&b, "[%u]: ", port_pid());
	text = span_head(text, LOG_TEXT_MAX);
	if ((log_fd < 0 && !log_connect()) || !log_send(buf_span(&b), text))
		if (log_connect())
			log_send(buf_span(&b), text);
}

bool
port_log_append(const char *path, struct span head, struct span text)
{
	char end = '\n';
	struct iovec parts[] = {
		part_of(head), part_of(text), { &end, 1 }
	};
	size_t all = head.n + text.n + 1;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		O_NOCTTY | O_NONBLOCK, 0640);
	ssize_t n;

	if (fd < 0) {
		port_failed();
		return false;
	}
	do
		n = writev(fd, parts, (int)COUNT(parts));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		port_failed();
	close(fd);
	return n >= 0 && (size_t)n == all;
}

void
assert_failed(const char *file, int line)
{
	char text[256];
	struct buf b = BUF(text);

	buf_fmt(&b, "panic: %s:%d", file, line);
	port_syslog(2, PORT_ERR, SPAN("postern"), buf_span(&b));
	buf_putc(&b, '\n');
	port_err(buf_span(&b));
	_exit(EXIT_SOFTWARE);
}
