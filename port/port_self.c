/*
 * port_self.c - where the running program is, and where it runs.
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

enum rc
port_self(struct buf *out)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	if (n < 0)
		return port_failed();
	buf_put(out, (struct span){ path, (size_t)n });
	return out->full ? RC_FULL : RC_OK;
}

enum rc
port_here(struct buf *out)
{
	char path[PATH_MAX];

	/* getcwd(3) might want a heap.  Where we are may be out of reach. */
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		return port_failed();
	if (path[0] != '/')
		return port_failed_as(ENOENT);
	buf_puts(out, path);
	return out->full ? RC_FULL : RC_OK;
}
