/*
 * port_child.c - processes of our own making.  They are forked and never
 * execute another program; how they are told what to do is port_message.c.
 *
 * We install no handlers of signals and nothing for exit, so that a mask is all
 * there is to undo in a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port_int.h"

/*
 * As fork(), without what libc does for threads and handlers, of which there
 * are none: the kernel's own call, the same on all machines.
 */
static pid_t
split(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* The one descriptor that a child gets. */
enum { CHILD_FD = STDERR_FILENO + 1 };
/* Where the kernel doesn't help: beyond any that we have open. */
enum { CLOSE_MOST = 4096 };

/* Linux before 5.9 has no close_range. */
static void
close_from(int fd)
{
	if (syscall(SYS_close_range, fd, ~0u, 0) != 0)
		while (fd < CLOSE_MOST)
			close(fd++);
}

/*
 * A child's life, from its fork on.  `fd` may be -1.  Its log is opened anew:
 * the number of the parent's may soon be another file's.
 */
static _Noreturn void
live(port_entry *entry, void *arg, int fd)
{
	sigset_t none;

	if (fd >= 0 && fd != CHILD_FD)
		dup2(fd, CHILD_FD);
	close_from(fd >= 0 ? CHILD_FD + 1 : CHILD_FD);
	port_log_forget();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(entry(arg, fd >= 0 ? CHILD_FD : -1));
}

enum rc
port_spawn(port_entry *entry, void *arg, unsigned *pid, int *fd)
{
	int ends[2];
	pid_t child;

	if (syscall(SYS_socketpair, AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return port_failed();
	child = split();
	if (child == 0)
		live(entry, arg, ends[1]);
	if (child < 0)
		port_failed();
	port_close(ends[1]);
	if (child < 0) {
		port_close(ends[0]);
		return RC_OS;
	}
	*pid = (unsigned)child;
	*fd = ends[0];
	return RC_OK;
}

/* As waitpid(2); a child that was never ours is its own answer. */
static pid_t
wait_for(pid_t pid, int *status, int flags)
{
	pid_t n;

	do
		n = waitpid(pid, status, flags);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Between two looks at a child that is about to end, at most. */
enum { REAP_POLL_MS = 50 };

int
port_reap(unsigned pid, ms_t until)
{
	pid_t child = (pid_t)pid, n;
	int flags = until == MS_NEVER ? 0 : WNOHANG;
	int status = 0;
	ms_t pause = 1;

	while ((n = wait_for(child, &status, flags)) == 0) {
		if (port_in_time(until) != RC_OK) {
			kill(child, SIGKILL);
			flags = 0;
			continue;
		}
		port_pause(pause, until);
		if (pause < REAP_POLL_MS)
			pause *= 2;
	}
	if (n > 0 && WIFEXITED(status))
		return WEXITSTATUS(status);
	return 256 + (n > 0 ? WTERMSIG(status) : 0);
}

/* In the first child: its own child is nobody's but init's. */
static int
let_go(port_entry *entry, void *arg, int keep)
{
	pid_t child;

	if (setsid() < 0)
		return errno;
	child = split();
	if (child < 0)
		return errno;
	if (child > 0)
		return 0;
	(void)!chdir("/");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	port_start();			/* occupies them */
	live(entry, arg, keep);
}

enum rc
port_detach(port_entry *entry, void *arg, int keep)
{
	pid_t child = split();
	int code;

	if (child == 0)
		_exit(let_go(entry, arg, keep));
	if (child < 0)
		return port_failed();
	code = port_reap((unsigned)child, MS_NEVER);
	return code == 0 ? RC_OK : port_failed_as(code);
}
