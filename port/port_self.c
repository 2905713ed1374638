/*
 * port_self.c - where the running program is, and where it runs.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

/* What a call of the system added to `out`, if n tells no failure. */
static enum rc
added(struct buf *out, long n)
{
	if (n < 0 && errno != ERANGE)
		return port_failed();
	if (n < 0 || (size_t)n >= out->cap - out->n)
		return RC_FULL;
	out->n += (size_t)n;
	return RC_OK;
}

enum rc
port_self(struct buf *out)
{
	return added(out, readlink("/proc/self/exe", out->p + out->n,
		out->cap - out->n));
}

/* getcwd(3) might want a heap.  Out of reach is what does not begin with /. */
enum rc
port_here(struct buf *out)
{
	char *here = out->p + out->n;
	long n = syscall(SYS_getcwd, here, out->cap - out->n);

	if (n > 0 && here[0] != '/')
		return port_failed_as(ENOENT);
	return added(out, n > 0 ? n - 1 : n);
}
