/*
 * port_proc.c - the process: how it starts and ends, its surroundings, memory.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "port_int.h"

/*
 * A standard stream that was closed must not become a socket or a file of
 * ours, or a message to the user would go there.  "/" can be opened even where
 * there are no devices yet, and neither be read nor written: who writes to a
 * closed standard output has to learn it.  Open gives the lowest that is free.
 */
static void
occupy_closed(void)
{
	int fd;

	while ((fd = open("/", O_RDONLY)) >= 0 && fd <= STDERR_FILENO)
		if (fd == PORT_STDIN)
			port_stdin_was_closed();
	port_close(fd);
}

/*
 * A limit of one octet, soft and hard: where cores go to files, none is that
 * short; where they are piped to a collector, the kernel takes 1, but not 0,
 * for "don't".  If it may not be raised to 1, it was 0.  Not PR_SET_DUMPABLE:
 * that would hide the process from those who measure its memory.  And not
 * setrlimit(), for which musl brings 2 KiB that stop all threads.
 */
static void
forbid_core(void)
{
	struct rlimit least = { 1, 1 };

	(void)!prlimit(0, RLIMIT_CORE, &least, NULL);
}

/*
 * Straight to the kernel, since a libc's call is mostly about handlers and we
 * have none.  All of the kernel's structure is zero but for one word.
 */
static void
set_signal(int number, sighandler_t what)
{
	unsigned long action[20] = { 0 };
#ifdef __mips__
	const int at = 1;
#else
	const int at = 0;
#endif

	action[at] = (unsigned long)what;
	syscall(SYS_rt_sigaction, number, action, NULL, _NSIG / 8);
}

void
port_start(void)
{
	occupy_closed();
	forbid_core();
	/* Inherited as ignored, it would take our children's ends from us. */
	set_signal(SIGCHLD, SIG_DFL);
	set_signal(SIGPIPE, SIG_IGN);
	set_signal(SIGXFSZ, SIG_IGN);
}

unsigned
port_pid(void)
{
	return (unsigned)getpid();
}

const char *
port_getenv(const char *name)
{
	return getenv(name);
}

void
port_hostname(struct buf *out)
{
	struct utsname u;

	/* "(none)" is the kernel's word for a name that was never set. */
	if (uname(&u) == 0 && strcmp(u.nodename, "(none)") != 0)
		buf_puts(out, u.nodename);
}

/* exit, not _exit: sanitizers and coverage tools report from there. */
void
port_exit(int status)
{
	exit(status);
}

/*
 * What is left of the last page of an earlier request: who wants little gets
 * it, and touches no page of its own.
 */
static char *rest;
static size_t rest_bytes;

void *
port_memory(size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	size_t page = (size_t)getpagesize();
	size_t used = bytes / align * align + (bytes % align ? align : 0);
	char *p = rest;

	if (bytes > 0 && bytes <= rest_bytes) {
		used = used < rest_bytes ? used : rest_bytes;
		rest += used;
		rest_bytes -= used;
		return p;
	}
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		port_failed();
		return NULL;
	}
	if (used % page != 0 && page - used % page > rest_bytes) {
		rest = p + used;
		rest_bytes = page - used % page;
	}
	return p;
}

/* Of whole pages. */
static void
advise(void *p, size_t bytes, int advice)
{
	size_t page = (size_t)getpagesize();
	size_t over = (uintptr_t)p % page, skip = over > 0 ? page - over : 0;

	if (skip < bytes && (bytes - skip) / page > 0)
		madvise((char *)p + skip, (bytes - skip) / page * page,
		    advice);
}

void
port_memory_forget(void *p, size_t bytes)
{
	advise(p, bytes, MADV_DONTNEED);
}

void
port_memory_own(void *p, size_t bytes)
{
	advise(p, bytes, MADV_DONTFORK);
}
