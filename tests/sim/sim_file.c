/*
 * sim_file.c - files as programs read them, and make new ones in one go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_disk.h"

/* ---- reading ------------------------------------------------------------ */

static enum rc
look_up(const char *path, struct node **out)
{
	struct node *folder = folder_of(path);

	if (folder != NULL && sim.modes_count && !may(folder, 1))
		return sim_os(EACCES);
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
	if (!may(*out, 4))
		return sim_os(EACCES);
	if ((*out)->kind == NODE_FIFO)
		sim_fail("%s() of a FIFO waits for ever: %s", sim.me->call,
		    path);
	return (*out)->kind == NODE_FILE ? RC_OK : sim_os(ENXIO);
}

static void
file_end(struct sim_open *o)
{
	struct node *f = o->p;

	if (f->lock == o)
		f->lock = NULL;
	f->opens--;
	node_release(f);
	node_drop(f);
}

static const struct sim_fd_ops file_ops = { .kind = SIM_FD_FILE,
	.end = file_end };

int
node_open(struct node *f)
{
	node_hold(f);
	f->opens++;
	return sim_fd_new(&file_ops, f);
}

int
node_open_rw(struct node *f, bool can_append)
{
	int fd = node_open(f);

	sim_fd_get(fd)->can_write = true;
	sim_fd_get(fd)->can_append = can_append;
	return fd;
}

enum rc
port_open(const char *path, int *out)
{
	struct node *f;

	if (sim_call_fails("port_open"))
		return RC_OS;
	TRY(look_up_file(path, &f));
	*out = node_open(f);
	return RC_OK;
}

enum rc
port_open_update(const char *path, int *out)
{
	struct node *f;

	if (sim_call_fails("port_open_update"))
		return RC_OS;
	sim_jail_check("port_open_update", path);
	TRY(look_up_file(path, &f));
	if (!may(f, 2))
		return sim_os(EACCES);
	*out = node_open_rw(f, false);
	return RC_OK;
}

enum rc
port_open_strange(const char *path, int *out)
{
	struct node *f;

	if (sim_call_fails("port_open_strange"))
		return RC_OS;
	TRY(look_up(path, &f));
	f = find_here(path);
	if (f->kind != NODE_FILE)
		return RC_DENY;
	if (!may(f, 4))
		return sim_os(EACCES);
	*out = node_open(f);
	return RC_OK;
}

enum rc
port_stat_path(const char *path, struct port_stat *out)
{
	struct node *f;

	if (sim_call_fails("port_stat_path"))
		return RC_OS;
	TRY(look_up(path, &f));
	node_stat(f, out);
	return RC_OK;
}

/* The file behind a descriptor; NULL: a pipe, or closed (errno in error). */
static struct node *
node_of(int fd)
{
	return fd == PORT_STDIN ? sim_stdin_node() :
	    sim_fd_of(fd, SIM_FD_FILE);
}

enum rc
port_stat_fd(int fd, struct port_stat *out)
{
	struct node *f;

	if (sim_call_fails("port_stat_fd"))
		return RC_OS;
	f = node_of(fd);
	if (f == NULL && sim.error == EBADF)
		return RC_NONE;
	if (f != NULL)
		node_stat(f, out);
	else
		*out = (struct port_stat){ .is_pipe = true, .mode = 0600 };
	return RC_OK;
}

/* As many octets at a place as may be had; RC_OS where the disk is broken. */
enum rc
node_read(const struct node *f, void *out, size_t n, int64_t at, size_t *got)
{
	int64_t left = (int64_t)f->size - at;

	if (f->broken_at >= 0 && at >= f->broken_at)
		return sim_os(EIO);
	if (f->broken_at >= 0 && left > f->broken_at - at)
		left = f->broken_at - at;
	if (left < 0)
		left = 0;
	*got = (int64_t)n < left ? n : (size_t)left;
	if (*got > 0)
		memcpy(out, f->data + at, *got);
	return RC_OK;
}

int64_t
port_tell(int fd)
{
	sim_call();
	return fd == PORT_STDIN ? sim_stdin_tell() : 0;
}

enum rc
port_pread(int fd, void *out, size_t n, int64_t at, size_t *got)
{
	struct node *f;

	if (sim_call_fails("port_pread"))
		return RC_OS;
	f = node_of(fd);
	return f != NULL ? node_read(f, out, n, at, got) : RC_OS;
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
	if (f->size == 0)
		return RC_OK;
	p = sim_proc_alloc(f->size);
	memcpy(p, f->data, f->size);
	*out = (struct span){ p, f->size };
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
	struct node *f;

	if (sim_call_fails("port_slurp"))
		return RC_OS;
	TRY(look_up_file(path, &f));
	if (f->broken_at >= 0)
		return sim_os(EIO);
	buf_put(b, (struct span){ f->data, f->size });
	return b->full ? RC_FULL : RC_OK;
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
	*out = node_open_rw(node_new(NODE_FILE), true);
	return RC_OK;
}

static struct node *
node_to_write(const char *call, int fd, bool append)
{
	struct node *f = sim_fd_of(fd, SIM_FD_FILE);
	struct sim_open *o = sim_fd_get(fd);

	if (!o->can_write)
		sim_fail("%s() to a file that is open for reading", call);
	if (append && !o->can_append)
		sim_fail("%s() to a file that is there already", call);
	return f;
}

enum rc
port_append(int fd, struct span data)
{
	struct node *f;

	if (sim_proc_dies_next()) {
		f = node_to_write("port_append", fd, true);
		disk_write_part(f, (int64_t)f->size, data);
	}
	if (sim_call_fails("port_append"))
		return RC_OS;
	f = node_to_write("port_append", fd, true);
	return disk_write(f, (int64_t)f->size, data);
}

enum rc
port_write_at(int fd, struct span data, int64_t at)
{
	struct node *f = node_to_write("port_write_at", fd, false);

	if (at < 0 || at > (int64_t)f->size)
		sim_fail("port_write_at() beyond what is there");
	if (sim_proc_dies_next())
		disk_write_part(f, at, data);
	return sim_call_fails("port_write_at") ? RC_OS :
	    disk_write(f, at, data);
}

enum rc
port_replace(const char *path, struct span data, unsigned mode)
{
	struct node *old, *f;
	enum rc rc;

	if (sim_call_fails("port_replace"))
		return RC_OS;
	TRY(may_change_in(path));
	old = find_here(path);
	f = node_new(NODE_FILE);
	f->meta.mode = mode;
	if (old != NULL)
		f->meta.mode = old->meta.mode;
	node_hold(f);
	rc = disk_write(f, 0, data);
	if (rc == RC_OK)
		disk_publish(path, f);
	node_drop(f);
	return rc;
}

enum rc
port_draft_open(const char *path, struct port_draft *out)
{
	if (sim_call_fails("port_draft_open"))
		return RC_OS;
	TRY(may_change_in(path));
	out->fd = node_open_rw(node_new(NODE_FILE), true);
	return RC_OK;
}

enum rc
port_draft_publish(struct port_draft *d, const char *path, unsigned mode,
	int like)
{
	struct node *f = sim_fd_of(d->fd, SIM_FD_FILE);

	if (sim_call_fails("port_draft_publish")) {
		port_close(d->fd);
		return RC_OS;
	}
	f->meta.mode = mode;
	if (like >= 0)
		f->meta.uid =
		    ((struct node *)sim_fd_of(like, SIM_FD_FILE))->meta.uid;
	disk_publish(path, f);
	port_close(d->fd);
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
	struct node *f;

	if (sim_call_fails("port_link"))
		return RC_OS;
	TRY(may_change_in(path));
	f = find_here(path);
	if (f != NULL && f->kind != NODE_LINK)
		return RC_DENY;
	f = node_new(NODE_LINK);
	node_text(f, target, strlen(target) + 1);
	disk_name(path, f);
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
