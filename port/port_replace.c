/*
 * port_replace.c - new content, or a new link, under a name that may be in
 * use: whoever looks sees the old or the new one, whatever happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>		/* rename */
#include <sys/stat.h>
#include <unistd.h>

#include "port_int.h"

/* File systems without fsync, for files or only for folders, say EINVAL. */
static enum rc
sync_fd(int fd)
{
	int n;

	do
		n = fsync(fd);
	while (n != 0 && errno == EINTR);
	return n == 0 || errno == EINVAL ? RC_OK : port_failed();
}

static enum rc
sync_folder_of(const char *path)
{
	char text[SCRATCH_PATH_MAX];
	struct buf b = BUF(text);
	struct span s = span_of(path);
	size_t slash = span_find_last(s, '/');
	enum rc rc;
	int fd;

	if (slash == s.n)
		buf_putc(&b, '.');
	else	/* with its slash: the root is a folder, too */
		buf_put(&b, span_part(s, 0, slash + 1));
	if (b.full)
		return port_failed_as(ENAMETOOLONG);
	fd = open(buf_text(&b), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return port_failed();
	rc = sync_fd(fd);
	port_close(fd);
	return rc;
}

/* A file that is there keeps owner (if we may) and mode. */
static enum rc
take_over_mode(const char *path, int fd, unsigned mode)
{
	struct stat old;

	if (stat(path, &old) == 0) {
		(void)!fchown(fd, old.st_uid, old.st_gid);
		mode = old.st_mode & 07777;
	}
	return fchmod(fd, mode) == 0 ? RC_OK : port_failed();
}

static enum rc
fill(const char *path, int fd, struct span data, unsigned mode)
{
	TRY(port_write_all(fd, data, MS_NEVER));
	TRY(take_over_mode(path, fd, mode));
	return sync_fd(fd);
}

/* Beside `path`, in the same file system: only so can it be renamed. */
static enum rc
name_beside(const char *path, struct buf *out)
{
	buf_fmt(out, "%s.", path);
	return port_scratch_name(out);
}

enum rc
port_replace(const char *path, struct span data, unsigned mode)
{
	char text[SCRATCH_PATH_MAX];
	struct buf temp = BUF(text);
	enum rc rc;
	int fd;

	TRY(name_beside(path, &temp));
	fd = open(buf_text(&temp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		0600);
	if (fd < 0)
		return port_failed();
	rc = fill(path, fd, data, mode);
	if (close(fd) != 0 && rc == RC_OK && errno != EINTR)
		rc = port_failed();	/* network file systems report here */
	if (rc == RC_OK && rename(buf_text(&temp), path) != 0)
		rc = port_failed();
	if (rc != RC_OK) {
		unlink(buf_text(&temp));
		return rc;
	}
	return sync_folder_of(path);
}

static enum rc
replace_link(const char *target, const char *path)
{
	char text[SCRATCH_PATH_MAX];
	struct buf temp = BUF(text);

	TRY(name_beside(path, &temp));
	if (symlink(target, buf_text(&temp)) != 0)
		return port_failed();
	if (rename(buf_text(&temp), path) == 0)
		return RC_OK;
	port_failed();
	unlink(buf_text(&temp));
	return RC_OS;
}

enum rc
port_link(const char *target, const char *path)
{
	struct stat s;

	if (symlink(target, path) == 0)
		return RC_OK;
	if (errno != EEXIST)
		return port_failed();
	port_failed();
	if (lstat(path, &s) == 0 && !S_ISLNK(s.st_mode))
		return RC_DENY;
	return replace_link(target, path);
}
