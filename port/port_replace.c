/*
 * port_replace.c - new content, or a new link, under a name that may be in
 * use: whoever looks sees the old or the new one, whatever happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>		/* rename */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

static enum rc
sync_folder_of(const char *path)
{
	char text[SCRATCH_PATH_MAX];
	struct buf b = BUF(text);
	struct span s = span_of(path);
	size_t slash = span_find_last(s, '/');

	if (slash == s.n)
		buf_putc(&b, '.');
	else	/* with its slash: the root is a folder, too */
		buf_put(&b, span_head(s, slash + 1));
	if (b.full)
		return port_failed_as(ENAMETOOLONG);
	return port_sync_folder(buf_text(&b));
}

/* If we may. */
static void
set_owner(int fd, const struct stat *like)
{
	(void)!syscall(SYS_fchown, fd, like->st_uid, like->st_gid);
}

/* A file that is there keeps owner (if we may) and mode. */
static enum rc
take_over_mode(const char *path, int fd, unsigned mode)
{
	struct stat old;

	if (stat(path, &old) == 0) {
		set_owner(fd, &old);
		mode = old.st_mode & 07777;
	}
	return syscall(SYS_fchmod, fd, mode) == 0 ? RC_OK : port_failed();
}

/* Beside `path`, in the same file system: only so can it be renamed. */
static enum rc
name_beside(const char *path, struct buf *out)
{
	buf_fmt(out, "%s.", path);
	return port_scratch_name(out);
}

enum rc
port_draft_open(const char *path, struct port_draft *out)
{
	struct buf name = BUF(out->name);

	TRY(name_beside(path, &name));
	out->fd = open(buf_text(&name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		0600);
	return out->fd >= 0 ? RC_OK : port_failed();
}

void
port_draft_drop(struct port_draft *d)
{
	unlink(d->name);
	port_close(d->fd);
	d->fd = -1;
}

enum rc
port_write_at(int fd, struct span data, int64_t at)
{
	while (data.n > 0) {
		ssize_t n = pwrite(fd, data.p, data.n, (off_t)at);

		if (n < 0 && errno != EINTR)
			return port_failed();
		if (n > 0) {
			data = span_tail(data, (size_t)n);
			at += n;
		}
	}
	return RC_OK;
}

/* Its content and mode are settled. */
static enum rc
publish(struct port_draft *d, const char *path)
{
	enum rc rc = port_sync(d->fd);

	/* Network file systems report here what they could not write. */
	if (close(d->fd) != 0 && rc == RC_OK && errno != EINTR)
		rc = port_failed();
	d->fd = -1;
	if (rc == RC_OK && rename(d->name, path) != 0)
		rc = port_failed();
	if (rc != RC_OK) {
		unlink(d->name);
		return rc;
	}
	return sync_folder_of(path);
}

enum rc
port_draft_publish(struct port_draft *d, const char *path, unsigned mode,
	int like)
{
	struct stat s;

	if (like >= 0 && fstat(like, &s) == 0)
		set_owner(d->fd, &s);
	if (syscall(SYS_fchmod, d->fd, mode) != 0) {
		port_failed();
		port_draft_drop(d);
		return RC_OS;
	}
	return publish(d, path);
}

enum rc
port_replace(const char *path, struct span data, unsigned mode)
{
	struct port_draft d;
	enum rc rc;

	TRY(port_draft_open(path, &d));
	rc = port_write_all(d.fd, data, MS_NEVER);
	if (rc == RC_OK)
		rc = take_over_mode(path, d.fd, mode);
	if (rc == RC_OK)
		return publish(&d, path);
	port_draft_drop(&d);
	return rc;
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
