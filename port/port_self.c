/*
 * port_self.c - where the running program is, and where it runs.
 */
#include <limits.h>
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

	if (getcwd(path, sizeof(path)) == NULL)
		return port_failed();
	buf_puts(out, path);
	return out->full ? RC_FULL : RC_OK;
}
