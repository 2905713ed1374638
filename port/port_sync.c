/*
 * port_sync.c - what a power cut must not take goes to the disk: files, and
 * the folders that hold their names.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "port_int.h"

/* File systems without fsync, for files or only for folders, say EINVAL. */
enum rc
port_sync(int fd)
{
	int n;

	do
		n = fsync(fd);
	while (n != 0 && errno == EINTR);
	return n == 0 || errno == EINVAL ? RC_OK : port_failed();
}

enum rc
port_sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return port_failed();
	rc = port_sync(fd);
	port_close(fd);
	return rc;
}
