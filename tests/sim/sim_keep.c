/*
 * sim_keep.c - files that outlive a crash: made, renamed and removed by name,
 * synced, listed and locked.
 */
#include <errno.h>
#include <string.h>

#include "sim_disk.h"

/* ---- files and names ---------------------------------------------------- */

enum rc
port_create(const char *path, unsigned mode, int *out)
{
	struct node *f;

	if (sim_call_fails("port_create"))
		return RC_OS;
	if (find_here(path) != NULL)
		return RC_DENY;
	TRY(may_change_in(path));
	f = node_new(NODE_FILE);
	f->meta.mode = f->kept_meta.mode = mode;
	disk_name(path, f);
	*out = node_open_rw(f, true);
	return RC_OK;
}

/* Who may not read a folder can't sync it: what he has is the usual file
   systems' promise for a file that is synced behind its renaming. */
static void
keep_name(const struct node *f)
{
	const struct move *m;

	for (m = sim.disk->moves; m != NULL; m = m->next)
		if (m->node == f && m->to != NULL && m->to->folder != NULL &&
		    !may(m->to->folder, 4)) {
			disk_sync_folder(m->to->folder);
			return;
		}
}

enum rc
port_sync(int fd)
{
	struct node *f;

	if (sim_call_fails("port_sync"))
		return RC_OS;
	f = sim_fd_of(fd, SIM_FD_FILE);
	disk_sync(f);
	keep_name(f);
	return RC_OK;
}

enum rc
port_sync_folder(const char *path)
{
	struct node *f;

	if (sim_call_fails("port_sync_folder"))
		return RC_OS;
	f = find(path);
	if (f == NULL)
		return sim_os(ENOENT);
	if (f->kind != NODE_FOLDER)
		return sim_os(ENOTDIR);
	if (!may(f, 4))
		return sim_os(EACCES);
	disk_sync_folder(f);
	return RC_OK;
}

/* RC_NONE where there is none. */
static enum rc
is_there(const char *path)
{
	if (find_here(path) != NULL)
		return RC_OK;
	sim.error = ENOENT;
	return RC_NONE;
}

enum rc
port_rename(const char *from, const char *to)
{
	if (sim_call_fails("port_rename"))
		return RC_OS;
	TRY(is_there(from));
	if (find_here(from)->kind == NODE_FOLDER)
		sim_fail("port_rename() of a folder is not simulated: %s",
		    from);
	TRY(may_take_away(from));
	TRY(may_take_away(to));
	if (find_here(to) != NULL && find_here(to)->kind == NODE_FOLDER)
		return sim_os(EISDIR);
	disk_rename(from, to);
	return RC_OK;
}

enum rc
port_remove(const char *path)
{
	if (sim_call_fails("port_remove"))
		return RC_OS;
	TRY(is_there(path));
	TRY(may_take_away(path));
	if (find_here(path)->kind == NODE_FOLDER)
		return sim_os(EISDIR);
	disk_unname(path);
	return RC_OK;
}

static enum rc
own_file(const char *path, struct node **out)
{
	sim_jail_check(sim.me->call, path);
	TRY(is_there(path));
	*out = find(path);
	if (*out == NULL)
		return sim_os(ELOOP);
	if (sim.modes_count && sim_uid_now() != 0 &&
	    sim_uid_now() != (*out)->meta.uid)
		return sim_os(EPERM);
	return RC_OK;
}

enum rc
port_set_mtime(const char *path, int64_t mtime_s)
{
	struct node *f;

	if (sim_call_fails("port_set_mtime"))
		return RC_OS;
	TRY(own_file(path, &f));
	f->meta.mtime_s = mtime_s;
	return RC_OK;
}

enum rc
port_set_mode(const char *path, unsigned mode)
{
	struct node *f;

	if (sim_call_fails("port_set_mode"))
		return RC_OS;
	TRY(own_file(path, &f));
	f->meta.mode = mode;
	return RC_OK;
}

enum rc
port_set_owner(const char *path, uint32_t uid)
{
	struct node *f;

	if (sim_call_fails("port_set_owner"))
		return RC_OS;
	TRY(own_file(path, &f));
	f = find_here(path);		/* of a link, the link's own */
	if (uid != f->meta.uid && sim_uid_now() != 0)
		return sim_os(EPERM);
	f->meta.uid = uid;
	return RC_OK;
}

enum rc
port_give(int fd, uint32_t uid)
{
	struct node *f = sim_fd_of(fd, SIM_FD_FILE);

	if (sim_call_fails("port_give"))
		return RC_OS;
	if (uid != f->meta.uid && sim_uid_now() != 0)
		return sim_os(EPERM);
	f->meta.uid = uid;
	return RC_OK;
}

enum rc
port_folder_make(const char *path, unsigned mode)
{
	struct node *f;

	if (sim_call_fails("port_folder_make"))
		return RC_OS;
	if (find_here(path) != NULL)
		return RC_DENY;
	TRY(may_change_in(path));
	f = node_new(NODE_FOLDER);
	f->meta.mode = f->kept_meta.mode = mode;
	f->writable = true;
	disk_name(path, f);
	return RC_OK;
}

/* ---- lists -------------------------------------------------------------- */

/*
 * The names at the beginning in a random order; of those that went meanwhile,
 * and of those that came, some are told.
 */
struct listing {
	struct node *folder;
	struct name **all;
	size_t n, at;
	uint64_t began;
	bool tells_new;
};

static void
listing_end(struct sim_open *o)
{
	struct listing *l = o->p;

	node_drop(l->folder);
	sim_free(l->all);
	sim_free(l);
}

static const struct sim_fd_ops listing_ops = { .kind = SIM_FD_LIST,
	.end = listing_end };

static void
listing_fill(struct listing *l)
{
	struct name *n;
	size_t i;

	for (n = l->folder->names; n != NULL; n = n->next)
		l->n += n->now != NULL;
	l->all = sim_alloc(l->n * sizeof(struct name *));
	for (n = l->folder->names, i = 0; n != NULL; n = n->next)
		if (n->now != NULL) {
			size_t to = sim_random((unsigned)i + 1);

			l->all[i++] = l->all[to];
			l->all[to] = n;
		}
}

enum rc
port_list_open(struct port_list *l, const char *path)
{
	struct listing *own;
	struct node *f;

	memset(l, 0, sizeof(*l));
	if (sim_call_fails("port_list_open"))
		return RC_OS;
	f = find(path);
	if (f == NULL) {
		sim.error = ENOENT;
		return RC_NONE;
	}
	if (f->kind != NODE_FOLDER)
		return sim_os(ENOTDIR);
	if (!may(f, 4))
		return sim_os(EACCES);
	own = sim_alloc(sizeof(*own));
	own->folder = f;
	node_hold(f);
	own->began = sim.disk->births;
	own->tells_new = sim_random(2) == 0;
	listing_fill(own);
	l->fd = 1 + sim_fd_new(&listing_ops, own);
	return RC_OK;
}

static bool
was_there(const struct listing *l, const struct name *n)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->all[i] == n)
			return true;
	return false;
}

/* One that came after the list began, and after the last that was told. */
static const struct name *
newcomer(struct listing *l)
{
	const struct name *n, *best = NULL;

	for (n = l->folder->names; n != NULL; n = n->next)
		if (n->now != NULL && n->born > l->began &&
		    (best == NULL || n->born < best->born) && !was_there(l, n))
			best = n;
	if (best != NULL)
		l->began = best->born;
	return best;
}

enum rc
port_list_next(struct port_list *l, struct buf *name)
{
	struct listing *own;
	const struct name *n = NULL;

	if (sim_call_fails("port_list_next"))
		return RC_OS;
	own = sim_fd_of(l->fd - 1, SIM_FD_LIST);
	while (n == NULL && own->at < own->n) {
		n = own->all[own->at++];
		if (n->now == NULL && sim_random(2) == 0)
			n = NULL;
	}
	if (n == NULL && own->tells_new)
		n = newcomer(own);
	if (n == NULL)
		return RC_NONE;
	buf_puts(name, n->last);
	return name->full ? RC_FULL : RC_OK;
}

void
port_list_close(struct port_list *l)
{
	port_close(l->fd - 1);
	l->fd = 0;
}

/* ---- space, locks ------------------------------------------------------- */

enum rc
port_space(const char *path, struct port_space *out)
{
	const struct node *f;

	if (sim_call_fails("port_space"))
		return RC_OS;
	f = find(path);
	if (f == NULL) {
		sim.error = ENOENT;
		return RC_NONE;
	}
	out->free_bytes = sim.disk->most == INT64_MAX ? INT64_MAX :
	    sim.disk->most - sim.disk->used;
	out->all_bytes = sim.disk->all > 0 ? sim.disk->all : INT64_MAX;
	out->is_volatile = disk_is_volatile(path);
	return RC_OK;
}

static enum rc
lock_file(const char *path, struct node **out)
{
	struct node *f = find(path);

	if (f == NULL) {
		TRY(may_change_in(path));
		f = node_new(NODE_FILE);
		f->meta.mode = f->kept_meta.mode = 0600;
		disk_name(path, f);
	}
	if (f->kind != NODE_FILE)
		return sim_os(EISDIR);
	if (!may(f, 6))
		return sim_os(EACCES);
	*out = f;
	return RC_OK;
}

enum rc
port_lock(const char *path, int *out)
{
	struct node *f;

	if (sim_call_fails("port_lock"))
		return RC_OS;
	TRY(lock_file(path, &f));
	if (f->lock != NULL)
		return RC_DENY;
	*out = node_open(f);
	f->lock = sim_fd_get(*out);
	return RC_OK;
}
