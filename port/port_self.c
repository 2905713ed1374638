/*
 * port_self.c - where the running program is.
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
