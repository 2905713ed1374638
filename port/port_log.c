/*
 * port_log.c - records to the system's log, in the form of RFC 3164 with local
 * time; and the last words of a process.
 *
 * Best effort: no daemon, no record.  The socket stays open, since a worker
 * that has locked itself in could not open it again.
 */
#include <errno.h>
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
	struct msghdr record = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t n;

	do
		n = sendmsg(log_fd, &record, MSG_NOSIGNAL);
	while (n < 0 && (errno == EINTR || (errno == EAGAIN &&
	    port_wait(log_fd, POLLOUT, port_now() + LOG_WAIT_MS) == RC_OK)));
	return n >= 0 || errno == EAGAIN;
}

static void
put_stamp(struct buf *b)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t now = port_wall();
	struct civil c;

	civil_of(now + port_zone(now), &c);
	buf_put(b, span_part(span_of(months), (size_t)(c.month - 1) * 3, 3));
	buf_fmt(b, " %s%d %02d:%02d:%02d ", c.day < 10 ? " " : "", c.day,
		c.hour, c.minute, c.second);
}

void
port_syslog(int facility, enum port_level level, struct span tag,
	struct span text)
{
	static const int severity[] = {
		[PORT_ERR] = 3, [PORT_WARNING] = 4,
		[PORT_INFO] = 6, [PORT_DEBUG] = 7,
	};
	char head[128];
	struct buf b = BUF(head);

	buf_fmt(&b, "<%d>", facility * 8 + severity[level]);
	put_stamp(&b);
	buf_put_cut(&b, tag);
	buf_fmt(&b, "[%u]: ", port_pid());
	text = span_part(text, 0, LOG_TEXT_MAX);
	if ((log_fd < 0 && !log_connect()) || !log_send(buf_span(&b), text))
		if (log_connect())
			log_send(buf_span(&b), text);
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
