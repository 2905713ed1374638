/*
 * sim_file.c - files, folders, standard input.
 *
 * All that happens to the content of a file goes through disk_put() and
 * disk_replace(): the place where a disk that tears writes, and forgets what
 * was not synced, will stand (see sim.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_int.h"

enum node_kind { NODE_FILE, NODE_FOLDER, NODE_LINK };

struct node {
	struct node *next;
	char *path;			/* NULL: a file without name */
	enum node_kind kind;
	struct sim_text text;		/* of a link: its target */
	uint32_t uid, mode;
	int64_t mtime_s;
	int64_t broken_at;		/* -1: whole */
	bool writable;			/* folders */
};

enum stdin_kind { STDIN_FILE, STDIN_PIPE, STDIN_CLOSED };

struct sim_disk {
	struct node *first;
	int64_t used, most;
	enum stdin_kind in;
	struct node *in_file;		/* content of either kind */
	size_t in_at, in_chunk;
	ms_t in_pace, in_ready;
};

/* ---- the tree ----------------------------------------------------------- */

static struct node *
node_new(const char *path, enum node_kind kind)
{
	struct node *f = sim_alloc(sizeof(*f));

	f->path = path != NULL ? sim_copy(path) : NULL;
	f->kind = kind;
	f->uid = 1000;
	f->mode = kind == NODE_FOLDER ? 0755 : 0644;
	f->mtime_s = SIM_WALL;
	f->broken_at = -1;
	f->next = sim.disk->first;
	sim.disk->first = f;
	return f;
}

static struct node *
find_here(const char *path)
{
	struct node *f;

	for (f = sim.disk->first; f != NULL; f = f->next)
		if (f->path != NULL && strcmp(f->path, path) == 0)
			return f;
	return NULL;
}

/* Links are followed, a few. */
static struct node *
find(const char *path)
{
	struct node *f = find_here(path);
	int left;

	for (left = 8; f != NULL && f->kind == NODE_LINK && left > 0; left--)
		f = find_here(sim_text_get(&f->text));
	return f;
}

static struct node *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = sim_copy(path);

	if (slash == NULL)
		return find("/");
	name[slash == path ? 1 : slash - path] = '\0';
	return find(name);
}

static bool
can_write_in(const struct node *folder)
{
	return folder != NULL && folder->kind == NODE_FOLDER &&
	    folder->writable;
}

void
sim_disk_begin(void)
{
	sim.disk = sim_alloc(sizeof(*sim.disk));
	sim.disk->most = INT64_MAX;
	sim_folder("/", true);
	sim_folder("/tmp", true);
	sim_stdin("", 0);
}

/* ---- the disk ----------------------------------------------------------- */

static enum rc
disk_put(struct node *f, struct span data)
{
	if ((int64_t)data.n > sim.disk->most - sim.disk->used)
		return sim_os(ENOSPC);
	sim.disk->used += (int64_t)data.n;
	sim_text_put(&f->text, data.p, data.n);
	f->mtime_s = SIM_WALL + sim.wall_shift_s +
	    (sim.now - SIM_START) / SECOND;
	return RC_OK;
}

static enum rc
disk_replace(const char *path, struct span data, unsigned mode)
{
	struct node *old = find(path);
	struct node *f = node_new(NULL, NODE_FILE);

	TRY(disk_put(f, data));
	f->mode = mode;
	if (old != NULL) {
		f->mode = old->mode;
		f->path = old->path;
		old->path = NULL;
	} else {
		f->path = sim_copy(path);
	}
	return RC_OK;
}

/* ---- what tests do ------------------------------------------------------ */

void
sim_file_bytes(const char *path, const void *data, size_t n)
{
	struct node *f = find(path);

	if (f == NULL)
		f = node_new(path, NODE_FILE);
	f->text = (struct sim_text){ 0 };
	sim_text_put(&f->text, data, n);
}

void
sim_file(const char *path, const char *text)
{
	sim_file_bytes(path, text, strlen(text));
}

static struct node *
must_find(const char *path)
{
	struct node *f = find_here(path);

	if (f == NULL)
		sim_fail("the test names a file that is not there: %s", path);
	return f;
}

void
sim_file_mode(const char *path, uint32_t uid, uint32_t mode)
{
	struct node *f = must_find(path);

	f->uid = uid;
	f->mode = mode;
}

void
sim_file_mtime(const char *path, int64_t mtime_s)
{
	must_find(path)->mtime_s = mtime_s;
}

void
sim_file_remove(const char *path)
{
	must_find(path)->path = NULL;
}

void
sim_folder(const char *path, bool writable)
{
	struct node *f = find_here(path);

	if (f == NULL)
		f = node_new(path, NODE_FOLDER);
	f->writable = writable;
}

void
sim_file_broken(const char *path, int64_t at)
{
	must_find(path)->broken_at = at;
}

bool
sim_file_read(const char *path, const char **data, size_t *n)
{
	struct node *f = find_here(path);

	*data = f != NULL ? sim_text_get(&f->text) : NULL;
	*n = f != NULL ? f->text.n : 0;
	return f != NULL;
}

void
sim_disk_limit(int64_t bytes)
{
	sim.disk->most = bytes;
}

void
sim_stdin(const void *data, size_t n)
{
	struct node *f = node_new(NULL, NODE_FILE);

	sim_text_put(&f->text, data, n);
	sim.disk->in = STDIN_FILE;
	sim.disk->in_file = f;
	sim.disk->in_at = 0;
	sim.disk->in_chunk = SIZE_MAX;
}

void
sim_stdin_pipe(const void *data, size_t n, size_t chunk, ms_t pace)
{
	sim_stdin(data, n);
	sim.disk->in = STDIN_PIPE;
	sim.disk->in_chunk = chunk;
	sim.disk->in_pace = pace;
}

void
sim_stdin_closed(void)
{
	sim.disk->in = STDIN_CLOSED;
}

/* ---- reading ------------------------------------------------------------ */

static enum rc
look_up(const char *path, struct node **out)
{
	*out = find(path);
	if (*out != NULL)
		return RC_OK;
	sim.error = ENOENT;
	return RC_NONE;
}

static enum rc
look_up_file(const char *path, struct node **out)
{
	TRY(look_up(path, out));
	if ((*out)->kind == NODE_FOLDER)
		return sim_os(EISDIR);
	if ((*out)->mode == 0)
		return sim_os(EACCES);
	return RC_OK;
}

enum rc
port_open(const char *path, int *out)
{
	struct node *f;

	if (sim_call_fails("port_open"))
		return RC_OS;
	TRY(look_up_file(path, &f));
	*out = sim_fd_new(SIM_FD_FILE, f);
	return RC_OK;
}

static void
stat_node(const struct node *f, struct port_stat *out)
{
	*out = (struct port_stat){
		.size = (int64_t)f->text.n,
		.mtime_s = f->mtime_s,
		.uid = f->uid,
		.mode = f->mode,
		.is_file = f->kind == NODE_FILE,
		.is_folder = f->kind == NODE_FOLDER,
	};
}

enum rc
port_stat_path(const char *path, struct port_stat *out)
{
	struct node *f;

	if (sim_call_fails("port_stat_path"))
		return RC_OS;
	TRY(look_up(path, &f));
	stat_node(f, out);
	return RC_OK;
}

/* The file behind a descriptor; NULL: a pipe, or closed (errno in error). */
static struct node *
node_of(int fd)
{
	if (fd != PORT_STDIN)
		return sim_fd_of(fd, SIM_FD_FILE);
	if (sim.disk->in == STDIN_FILE)
		return sim.disk->in_file;
	sim.error = sim.disk->in == STDIN_PIPE ? ESPIPE : EBADF;
	return NULL;
}

enum rc
port_stat_fd(int fd, struct port_stat *out)
{
	struct node *f;

	if (sim_call_fails("port_stat_fd"))
		return RC_OS;
	f = node_of(fd);
	if (f == NULL && sim.error == EBADF)
		return RC_OS;
	if (f != NULL)
		stat_node(f, out);
	else
		*out = (struct port_stat){ .is_pipe = true, .mode = 0600 };
	return RC_OK;
}

/* As many octets at a place as may be had; RC_OS where the disk is broken. */
static enum rc
read_at(const struct node *f, void *out, size_t n, int64_t at, size_t *got)
{
	int64_t left = (int64_t)f->text.n - at;

	if (f->broken_at >= 0 && at >= f->broken_at)
		return sim_os(EIO);
	if (f->broken_at >= 0 && left > f->broken_at - at)
		left = f->broken_at - at;
	if (left < 0)
		left = 0;
	*got = (int64_t)n < left ? n : (size_t)left;
	if (*got > 0)
		memcpy(out, f->text.p + at, *got);
	return RC_OK;
}

int64_t
port_tell(int fd)
{
	sim_call();
	return fd == PORT_STDIN && sim.disk->in == STDIN_FILE ?
	    (int64_t)sim.disk->in_at : 0;
}

enum rc
port_pread(int fd, void *out, size_t n, int64_t at, size_t *got)
{
	struct node *f;

	if (sim_call_fails("port_pread"))
		return RC_OS;
	f = node_of(fd);
	return f != NULL ? read_at(f, out, n, at, got) : RC_OS;
}

/* A whole file into a copy of its very size, so that ASan sees overreads. */
static enum rc
whole(const char *path, struct span *out)
{
	struct node *f;
	char *p;

	TRY(look_up_file(path, &f));
	*out = (struct span){ 0 };
	if (f->broken_at >= 0)
		return sim_os(EIO);
	if (f->text.n == 0)
		return RC_OK;
	p = sim_alloc(f->text.n);
	memcpy(p, f->text.p, f->text.n);
	*out = (struct span){ p, f->text.n };
	return RC_OK;
}

enum rc
port_map(const char *path, struct span *out)
{
	if (sim_call_fails("port_map"))
		return RC_OS;
	return whole(path, out);
}

enum rc
port_slurp(const char *path, struct buf *b)
{
	struct span text;

	if (sim_call_fails("port_slurp"))
		return RC_OS;
	TRY(whole(path, &text));
	buf_put(b, text);
	return b->full ? RC_FULL : RC_OK;
}

static ms_t
stdin_next(void *arg)
{
	(void)arg;
	return sim.disk->in_ready;
}

static bool
stdin_ready(void *arg)
{
	(void)arg;
	return sim.now >= sim.disk->in_ready;
}

/* port_read() of standard input: from its own place, as read(2) does. */
enum rc
sim_stdin_get_some(void *out, size_t n, ms_t until, size_t *got)
{
	struct sim_disk *d = sim.disk;

	if (d->in == STDIN_CLOSED)
		return sim_os(EBADF);
	if (!sim_wait_for(stdin_ready, stdin_next, NULL, until))
		return RC_TIME;
	if (n > d->in_chunk)
		n = d->in_chunk;
	TRY(read_at(d->in_file, out, n, (int64_t)d->in_at, got));
	d->in_at += *got;
	d->in_ready = sim.now + d->in_pace;
	if (*got > 0)
		return RC_OK;
	sim.error = 0;
	return RC_GONE;
}

/* ---- writing ------------------------------------------------------------ */

enum rc
port_temp(const char *folder, int *out)
{
	if (sim_call_fails("port_temp"))
		return RC_OS;
	if (folder != NULL && find(folder) == NULL)
		return sim_os(ENOENT);
	if (folder != NULL && !can_write_in(find(folder)))
		return sim_os(EROFS);
	*out = sim_fd_new(SIM_FD_FILE, node_new(NULL, NODE_FILE));
	return RC_OK;
}

enum rc
port_append(int fd, struct span data)
{
	struct node *f;

	if (sim_call_fails("port_append"))
		return RC_OS;
	f = sim_fd_of(fd, SIM_FD_FILE);
	if (f->path != NULL)
		sim_fail("port_append() to a file that port_open() gave: %s",
		    f->path);
	return disk_put(f, data);
}

enum rc
port_replace(const char *path, struct span data, unsigned mode)
{
	if (sim_call_fails("port_replace"))
		return RC_OS;
	if (folder_of(path) == NULL)
		return sim_os(ENOENT);
	if (!can_write_in(folder_of(path)))
		return sim_os(EACCES);
	return disk_replace(path, data, mode);
}

enum rc
port_draft_open(const char *path, struct port_draft *out)
{
	if (sim_call_fails("port_draft_open"))
		return RC_OS;
	if (folder_of(path) == NULL)
		return sim_os(ENOENT);
	if (!can_write_in(folder_of(path)))
		return sim_os(EACCES);
	out->fd = sim_fd_new(SIM_FD_FILE, node_new(NULL, NODE_FILE));
	return RC_OK;
}

enum rc
port_write_at(int fd, struct span data, int64_t at)
{
	struct node *f;

	if (sim_call_fails("port_write_at"))
		return RC_OS;
	f = sim_fd_of(fd, SIM_FD_FILE);
	if (f->path != NULL || at < 0 || at > (int64_t)f->text.n ||
	    data.n > f->text.n - (size_t)at)
		sim_fail("port_write_at() outside what was appended");
	memcpy(f->text.p + at, data.p, data.n);
	return RC_OK;
}

enum rc
port_draft_publish(struct port_draft *d, const char *path, unsigned mode,
	int like)
{
	struct node *f = sim_fd_of(d->fd, SIM_FD_FILE);
	struct node *old = find_here(path);

	port_close(d->fd);
	if (sim_call_fails("port_draft_publish"))
		return RC_OS;
	f->mode = mode;
	if (like >= 0)
		f->uid = ((struct node *)sim_fd_of(like, SIM_FD_FILE))->uid;
	if (old != NULL)
		old->path = NULL;
	f->path = sim_copy(path);
	return RC_OK;
}

void
port_draft_drop(struct port_draft *d)
{
	port_close(d->fd);
}

enum rc
port_link(const char *target, const char *path)
{
	struct node *f = find_here(path);

	if (sim_call_fails("port_link"))
		return RC_OS;
	if (folder_of(path) == NULL)
		return sim_os(ENOENT);
	if (!can_write_in(folder_of(path)))
		return sim_os(EACCES);
	if (f != NULL && f->kind != NODE_LINK)
		return RC_DENY;
	if (f == NULL)
		f = node_new(path, NODE_LINK);
	f->text = (struct sim_text){ 0 };
	sim_text_puts(&f->text, target);
	return RC_OK;
}

bool
port_folder_is_writable(const char *path)
{
	sim_call();
	return can_write_in(find(path));
}

/* ---- services ----------------------------------------------------------- */

/* /etc/services, a name and its other names; TCP only. */
static bool
service_line(char *line, const char *name, uint16_t *out)
{
	char *own, *place, *slash, *word;
	bool hit;

	line[strcspn(line, "#")] = '\0';
	own = strtok(line, " \t");
	place = strtok(NULL, " \t");
	slash = place != NULL ? strchr(place, '/') : NULL;
	if (slash == NULL || strcmp(slash, "/tcp") != 0)
		return false;
	hit = strcmp(own, name) == 0;
	while ((word = strtok(NULL, " \t")) != NULL)
		hit |= strcmp(word, name) == 0;
	if (hit)
		*out = (uint16_t)atoi(place);
	return hit;
}

enum rc
port_service(const char *name, uint16_t *out)
{
	const char *data;
	size_t n;
	char *text, *line, *rest;

	if (sim_call_fails("port_service"))
		return RC_OS;
	if (!sim_file_read("/etc/services", &data, &n))
		return RC_NONE;
	text = sim_copy(data);
	for (line = text; line != NULL; line = rest) {
		rest = strchr(line, '\n');
		if (rest != NULL)
			*rest++ = '\0';
		if (service_line(line, name, out))
			return RC_OK;
	}
	return RC_NONE;
}
