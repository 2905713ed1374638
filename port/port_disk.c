/*
 * port_disk.c - files that outlive us: making, naming and removing them, whose
 * they are, and how many more there may be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>		/* rename */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "port_int.h"

/* RC_DENY where the name is taken. */
static enum rc
make_failed(void)
{
	port_failed();
	return errno == EEXIST ? RC_DENY : RC_OS;
}

/* The mode that is asked for holds, whatever mask our caller had. */
enum rc
port_create(const char *path, unsigned mode, int *out)
{
	mode_t mask = umask(0);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	umask(mask);
	if (fd < 0)
		return make_failed();
	*out = fd;
	return RC_OK;
}

enum rc
port_folder_make(const char *path, unsigned mode)
{
	mode_t mask = umask(0);
	int n = mkdir(path, mode);

	umask(mask);
	return n == 0 ? RC_OK : make_failed();
}

enum rc
port_open_update(const char *path, int *out)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return port_failed_file();
	*out = fd;
	return RC_OK;
}

/*
 * Looked at before it is opened, since opening alone moves some devices; and
 * after, since it may have been exchanged.
 */
enum rc
port_open_strange(const char *path, int *out)
{
	struct stat s;
	int fd;

	if (lstat(path, &s) != 0)
		return port_failed_file();
	if (!S_ISREG(s.st_mode))
		return RC_DENY;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		O_CLOEXEC);
	if (fd < 0)
		return port_failed_file();
	if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode)) {
		port_close(fd);
		return RC_DENY;
	}
	*out = fd;
	return RC_OK;
}

static enum rc
done(int n)
{
	return n == 0 ? RC_OK : port_failed_file();
}

enum rc
port_rename(const char *from, const char *to)
{
	return done(rename(from, to));
}

enum rc
port_remove(const char *path)
{
	return done(unlink(path));
}

enum rc
port_set_mtime(const char *path, int64_t mtime_s)
{
	struct timespec t[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)mtime_s },
	};

	return done(utimensat(AT_FDCWD, path, t, 0));
}

enum rc
port_set_mode(const char *path, unsigned mode)
{
	return done(chmod(path, mode));
}

enum rc
port_set_owner(const char *path, uint32_t uid)
{
	return done(lchown(path, uid, (gid_t)-1));
}

enum rc
port_give(int fd, uint32_t uid)
{
	return done((int)syscall(SYS_fchown, fd, uid, -1));
}

/* Of linux/magic.h. */
#define MAGIC_TMPFS	0x01021994u
#define MAGIC_RAMFS	0x858458f6u

enum rc
port_space(const char *path, struct port_space *out)
{
	struct statfs s;
	uint64_t unit;

	if (statfs(path, &s) != 0)
		return port_failed_file();
	unit = (uint64_t)(s.f_frsize > 0 ? s.f_frsize : s.f_bsize);
	*out = (struct port_space){
		.free_bytes = INT64_MAX,
		.all_bytes = INT64_MAX,
		.is_volatile = (uint32_t)s.f_type == MAGIC_TMPFS ||
			(uint32_t)s.f_type == MAGIC_RAMFS,
	};
	/* ramfs, and tmpfs without a limit, have no blocks to count. */
	if (s.f_blocks > 0 && unit > 0 &&
	    (uint64_t)s.f_bavail <= (uint64_t)INT64_MAX / unit)
		out->free_bytes = (int64_t)(s.f_bavail * unit);
	if (s.f_blocks > 0 && unit > 0 &&
	    (uint64_t)s.f_blocks <= (uint64_t)INT64_MAX / unit)
		out->all_bytes = (int64_t)(s.f_blocks * unit);
	return RC_OK;
}

enum rc
port_lock(const char *path, int *out)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	int n;

	if (fd < 0)
		return port_failed();
	do
		n = flock(fd, LOCK_EX | LOCK_NB);
	while (n != 0 && errno == EINTR);
	if (n == 0) {
		*out = fd;
		return RC_OK;
	}
	port_failed();
	n = errno;
	port_close(fd);
	return n == EWOULDBLOCK ? RC_DENY : RC_OS;
}
