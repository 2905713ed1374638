/*
 * port_file.c - files that are there: looking at them, reading them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port_int.h"

/* What descriptor 0 holds was put there by port_start(). */
static bool stdin_was_closed;

void
port_stdin_was_closed(void)
{
	stdin_was_closed = true;
}

enum rc
port_failed_file(void)
{
	port_failed();
	return port_error_is_missing() ? RC_NONE : RC_OS;
}

enum rc
port_open(const char *path, int *out)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return port_failed_file();
	*out = fd;
	return RC_OK;
}

static void
stat_of(const struct stat *s, struct port_stat *out)
{
	*out = (struct port_stat){
		.size = s->st_size,
		.mtime_s = s->st_mtime,
		.inode = s->st_ino,
		.uid = s->st_uid,
		.links = (uint32_t)s->st_nlink,
		.mode = s->st_mode & 07777,
		.is_file = S_ISREG(s->st_mode),
		.is_folder = S_ISDIR(s->st_mode),
	};
	out->is_pipe = !out->is_file && !out->is_folder;
}

enum rc
port_stat_fd(int fd, struct port_stat *out)
{
	struct stat s;

	if (fd == PORT_STDIN && stdin_was_closed)
		return RC_NONE;
	if (fstat(fd, &s) != 0)
		return port_failed();
	stat_of(&s, out);
	return RC_OK;
}

enum rc
port_stat_path(const char *path, struct port_stat *out)
{
	struct stat s;

	if (stat(path, &s) != 0)
		return port_failed_file();
	stat_of(&s, out);
	return RC_OK;
}

int64_t
port_tell(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR);

	return at > 0 ? (int64_t)at : 0;
}

enum rc
port_pread(int fd, void *out, size_t n, int64_t at, size_t *got)
{
	ssize_t r;

	do
		r = pread(fd, out, n, (off_t)at);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return port_failed();
	*got = (size_t)r;
	return RC_OK;
}

static enum rc
map_fd(int fd, struct span *out)
{
	struct stat s;
	void *p;

	if (fstat(fd, &s) != 0)
		return port_failed();
	if (!S_ISREG(s.st_mode))
		return port_failed_as(S_ISDIR(s.st_mode) ? EISDIR : EINVAL);
	if (s.st_size > PTRDIFF_MAX)
		return port_failed_as(EFBIG);
	*out = (struct span){ NULL, 0 };
	if (s.st_size == 0)
		return RC_OK;
	p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return port_failed();
	*out = (struct span){ p, (size_t)s.st_size };
	return RC_OK;
}

enum rc
port_map(const char *path, struct span *out)
{
	enum rc rc;
	int fd;

	TRY(port_open(path, &fd));
	rc = map_fd(fd, out);
	port_close(fd);
	return rc;
}

/* Into what b has left, its place for NUL excepted. */
static enum rc
slurp_fd(int fd, struct buf *b)
{
	for (;;) {
		char beyond;
		size_t left = b->cap - b->n - 1;
		ssize_t r = read(fd, left > 0 ? b->p + b->n : &beyond,
			left > 0 ? left : 1);

		if (r == 0)
			return RC_OK;
		if (r < 0 && errno != EINTR)
			return port_failed();
		if (r > 0 && left == 0)
			return RC_FULL;
		if (r > 0)
			b->n += (size_t)r;
	}
}

enum rc
port_slurp(const char *path, struct buf *b)
{
	size_t before = b->n;
	enum rc rc;
	int fd;

	if (b->cap == 0)
		return RC_FULL;
	TRY(port_open(path, &fd));
	rc = slurp_fd(fd, b);
	port_close(fd);
	if (rc != RC_OK)
		b->n = before;
	return rc;
}

bool
port_folder_is_writable(const char *path)
{
	struct port_stat s;

	if (port_stat_path(path, &s) != RC_OK)
		return false;
	if (s.is_folder && access(path, W_OK | X_OK) == 0)
		return true;
	port_failed_as(s.is_folder ? errno : ENOTDIR);
	return false;
}
