/*
 * port_temp.c - files without a name, gone with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "port_int.h"

enum rc
port_scratch_name(struct buf *path)
{
	/* Only to be free: O_EXCL is what protects from planted files. */
	buf_fmt(path, "%08x%08x", port_random_u32(), port_random_u32());
	return path->full ? port_failed_as(ENAMETOOLONG) : RC_OK;
}

/* By name where O_TMPFILE is not known: Linux before 3.11, overlayfs, NFS. */
static enum rc
temp_in(const char *folder, int *out)
{
	char path[SCRATCH_PATH_MAX];
	struct buf name = BUF(path);

	if (folder == NULL || folder[0] == '\0')
		return RC_NONE;
	*out = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (*out >= 0)
		return RC_OK;
	buf_fmt(&name, "%s/postern.", folder);
	TRY(port_scratch_name(&name));
	*out = open(buf_text(&name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		0600);
	if (*out < 0)
		return RC_OS;
	unlink(buf_text(&name));
	return RC_OK;
}

enum rc
port_temp(const char *folder, int *out)
{
	const char *common[] = { port_getenv("TMPDIR"), "/tmp", "/var/tmp" };

	if (folder != NULL)
		common[0] = folder;
	for (size_t i = 0; i < (folder != NULL ? 1 : COUNT(common)); i++)
		if (temp_in(common[i], out) == RC_OK)
			return RC_OK;
	*out = memfd_create("postern", MFD_CLOEXEC);
	return *out >= 0 ? RC_OK : port_failed();
}

enum rc
port_append(int fd, struct span data)
{
	return port_write_all(fd, data, MS_NEVER);
}
