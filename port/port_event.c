/*
 * port_event.c - waiting for many things at once, signals among them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

/* poll's own form of what is watched. */
static void
put_watched(const struct port_watch *w, size_t n, struct pollfd *p)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = w[i].fd, .events = POLLIN };
}

enum rc
port_wait(struct port_watch *w, size_t n, ms_t until)
{
	struct pollfd p[PORT_WATCH_MAX];
	int ready;

	ASSERT(n <= PORT_WATCH_MAX);
	put_watched(w, n, p);
	for (;;) {
		ready = poll(p, n, port_poll_ms(until));
		if (ready < 0 && errno != EINTR)
			return port_failed();
		for (size_t i = 0; i < n; i++)
			w[i].is_ready = ready > 0 && p[i].revents != 0;
		if (ready > 0)
			return RC_OK;
		TRY(port_in_time(until));
	}
}

enum rc
port_signals(int *out)
{
	sigset_t ours;
	int fd;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	fd = (int)syscall(SYS_signalfd4, -1, &ours, _NSIG / 8,
		SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return port_failed();
	sigprocmask(SIG_BLOCK, &ours, NULL);
	*out = fd;
	return RC_OK;
}

unsigned
port_signal_next(int fd)
{
	struct signalfd_siginfo s;
	unsigned came = 0;

	while (read(fd, &s, sizeof s) == sizeof s)
		came |= s.ssi_signo == SIGHUP ? PORT_SIGNAL_RELOAD :
			PORT_SIGNAL_STOP;
	return came;
}
