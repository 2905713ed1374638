/*
 * sim_disk.c - the disk.  Everything is there twice: as it is, and as it would
 * be after a power cut: contents by the writes since the last sync, which can
 * be undone, names by what they were (`kept`) and a list of changes (moves).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_disk.h"

/* ---- nodes -------------------------------------------------------------- */

static uint64_t
inode_new(void)
{
	struct sim_disk *d = sim.disk;

	if (d->spares > 0 && sim_random(2) == 0)
		return d->spare[--d->spares];
	return ++d->inodes;
}

static int64_t
wall(void)
{
	return sim_wall_ms() / SECOND;
}

struct node *
node_new(enum node_kind kind)
{
	struct sim_disk *d = sim.disk;
	struct node *f = sim_alloc(sizeof(*f));

	f->kind = kind;
	f->inode = inode_new();
	f->meta.uid = sim_uid_now();
	f->meta.mode = kind == NODE_FOLDER ? 0755 : 0644;
	f->meta.mtime_s = wall();
	f->kept_meta = f->meta;
	f->broken_at = -1;
	f->next = d->nodes;
	if (f->next != NULL)
		f->next->back = &f->next;
	f->back = &d->nodes;
	d->nodes = f;
	return f;
}

void
disk_forget_changes(struct node *f)
{
	struct change *c;

	while ((c = f->last) != NULL) {
		f->last = c->before;
		sim_free(c->data);
		sim_free(c->old);
		sim_free(c);
	}
	f->changes = 0;
}

void
node_hold(struct node *f)
{
	f->refs++;
}

void
node_release(struct node *f)
{
	if (f->links > 0 || f->opens > 0)
		return;
	sim.disk->used -= f->charged;
	f->released += f->charged;
	f->charged = 0;
}

void
node_drop(struct node *f)
{
	struct sim_disk *d = sim.disk;

	if (--f->refs > 0)
		return;
	disk_forget_changes(f);
	d->used -= f->charged;
	if (d->spares < COUNT(d->spare))
		d->spare[d->spares++] = f->inode;
	*f->back = f->next;
	if (f->next != NULL)
		f->next->back = f->back;
	sim_free(f->data);
	sim_free(f);
}

/* ---- content ------------------------------------------------------------ */

void
disk_set_size(struct node *f, size_t n)
{
	char *p;

	if (n > f->room) {
		f->room = n < 4096 ? n : n + n / 2;
		p = sim_alloc(f->room);
		if (f->size > 0)
			memcpy(p, f->data, f->size);
		sim_free(f->data);
		f->data = p;
	}
	if (n > f->size)
		memset(f->data + f->size, 0, n - f->size);
	f->size = n;
}

void
disk_put_octets(struct node *f, size_t at, const char *data, size_t n)
{
	if (at + n > f->size)
		disk_set_size(f, at + n);
	if (n > 0)
		memcpy(f->data + at, data, n);
}

void
node_text(struct node *f, const void *data, size_t n)
{
	disk_forget_changes(f);
	disk_set_size(f, 0);
	disk_put_octets(f, 0, data, n);
}

static char *
part(const char *data, size_t n)
{
	char *p = sim_alloc(n);

	if (n > 0)
		memcpy(p, data, n);
	return p;
}

static void
note_change(struct node *f, size_t at, struct span data)
{
	struct change *c = sim_alloc(sizeof(*c));
	size_t left = at < f->size ? f->size - at : 0;

	c->at = (int64_t)at;
	c->n = data.n;
	c->old_n = data.n < left ? data.n : left;
	c->old_size = f->size;
	c->data = part(data.p, data.n);
	c->old = part(f->data != NULL ? f->data + at : NULL, c->old_n);
	c->before = f->last;
	f->last = c;
	f->changes++;
}

enum rc
disk_write(struct node *f, int64_t at, struct span data)
{
	struct sim_disk *d = sim.disk;
	int64_t more = at + (int64_t)data.n - (int64_t)f->size;

	if (more > 0 && more > d->most - d->used)
		return sim_os(ENOSPC);
	if (more > 0) {
		d->used += more;
		f->charged += more;
	}
	note_change(f, (size_t)at, data);
	disk_put_octets(f, (size_t)at, data.p, data.n);
	d->written += data.n;
	f->meta.mtime_s = wall();
	return RC_OK;
}

void
disk_write_part(struct node *f, int64_t at, struct span data)
{
	size_t n = sim_random((unsigned)data.n + 1);

	if (n > 0 && disk_write(f, at, (struct span){ data.p, n }) != RC_OK)
		return;		/* what finds no room isn't written */
}

void
disk_sync(struct node *f)
{
	disk_forget_changes(f);
	f->kept_meta = f->meta;
	sim.disk->syncs++;
}

/* ---- names -------------------------------------------------------------- */

static size_t
hash(const char *path)
{
	uint64_t h = 1469598103934665603u;

	while (*path != '\0')
		h = (h ^ (unsigned char)*path++) * 1099511628211u;
	return (size_t)((h ^ (h >> 29)) & (sim.disk->buckets - 1));
}

static void
hash_grow(void)
{
	struct sim_disk *d = sim.disk;
	size_t was = d->buckets, i;
	struct name **all = d->hash, *n, *next;

	d->buckets = was > 0 ? 4 * was : 64;
	d->hash = sim_alloc(d->buckets * sizeof(struct name *));
	for (i = 0; i < was; i++)
		for (n = all[i]; n != NULL; n = next) {
			next = n->hash_next;
			n->hash_next = d->hash[hash(n->path)];
			d->hash[hash(n->path)] = n;
		}
	sim_free(all);
}

void
disk_begin(void)
{
	hash_grow();
}

static struct name *
name_find(const char *path)
{
	struct name *n = sim.disk->hash[hash(path)];

	while (n != NULL && strcmp(n->path, path) != 0)
		n = n->hash_next;
	return n;
}

struct node *
find_here(const char *path)
{
	struct name *n = name_find(path);

	return n != NULL ? n->now : NULL;
}

/* Links are followed, a few. */
struct node *
find(const char *path)
{
	struct node *f = find_here(path);
	int left;

	for (left = 8; f != NULL && f->kind == NODE_LINK && left > 0; left--)
		f = find_here(f->data);
	return f;
}

char *
disk_folder_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *p = sim_alloc(strlen(path) + 2);

	strcpy(p, path);
	if (slash == NULL)
		strcpy(p, "/");
	else
		p[slash == path ? 1 : slash - path] = '\0';
	return p;
}

struct node *
folder_of(const char *path)
{
	char *p = disk_folder_path(path);
	struct node *f = find(p);

	sim_free(p);
	return f;
}

static void
name_enlist(struct name *n)
{
	if (n->back != NULL || n->folder == NULL)
		return;
	n->back = &n->folder->names;
	n->next = n->folder->names;
	if (n->next != NULL)
		n->next->back = &n->next;
	n->folder->names = n;
}

static void
name_delist(struct name *n)
{
	if (n->back == NULL || n->now != NULL || n->kept != NULL)
		return;
	*n->back = n->next;
	if (n->next != NULL)
		n->next->back = n->back;
	n->back = NULL;
}

/* Held: one that was lost, or removed by the test, still has its names. */
static void
set_folder(struct name *n, struct node *folder)
{
	if (folder != NULL)
		node_hold(folder);
	if (n->folder != NULL)
		node_drop(n->folder);
	n->folder = folder;
}

static struct name *
name_of(const char *path)
{
	struct sim_disk *d = sim.disk;
	struct name *n = name_find(path);
	const char *slash = strrchr(path, '/');

	if (n == NULL) {
		if (d->names_n++ >= d->buckets)
			hash_grow();
		n = sim_alloc(sizeof(*n));
		n->path = sim_copy(path);
		n->last = slash != NULL ? n->path + (slash - path) + 1 :
		    n->path;
		n->hash_next = d->hash[hash(path)];
		d->hash[hash(path)] = n;
	}
	if (n->now == NULL && n->kept == NULL && *n->last != '\0')
		set_folder(n, folder_of(path));
	return n;
}

void
name_set_now(struct name *n, struct node *f)
{
	struct node *was = n->now;

	if (f != NULL) {
		node_hold(f);
		f->links++;
		n->born = ++sim.disk->births;
	}
	n->now = f;
	if (was != NULL) {
		was->links--;
		node_release(was);
		node_drop(was);
	}
	name_enlist(n);
	name_delist(n);
}

void
name_set_kept(struct name *n, struct node *f)
{
	struct node *was = n->kept;

	if (f != NULL)
		node_hold(f);
	n->kept = f;
	if (was != NULL)
		node_drop(was);
	name_enlist(n);
	name_delist(n);
}

static void
count_pending(const struct move *m, int by)
{
	struct node *from = m->from != NULL ? m->from->folder : NULL;
	struct node *to = m->to != NULL ? m->to->folder : NULL;

	if (from != NULL)
		from->pending += (unsigned)by;
	if (to != NULL && to != from)
		to->pending += (unsigned)by;
}

static void
move_add(struct name *from, struct name *to, struct node *f)
{
	struct sim_disk *d = sim.disk;
	struct move *m = sim_alloc(sizeof(*m));

	m->from = from;
	m->to = to;
	m->node = f;
	node_hold(f);
	if (d->last_move == NULL)
		d->last_move = &d->moves;
	*d->last_move = m;
	d->last_move = &m->next;
	count_pending(m, 1);
}

/* Take this one off the list; the next stands in *p then. */
void
disk_move_drop(struct move **p)
{
	struct move *m = *p;

	count_pending(m, -1);
	*p = m->next;
	if (*p == NULL)
		sim.disk->last_move = p;
	node_drop(m->node);
	sim_free(m);
}

void
disk_name(const char *path, struct node *f)
{
	struct name *n = name_of(path);

	name_set_now(n, f);
	move_add(NULL, n, f);
}

void
disk_unname(const char *path)
{
	struct name *n = name_of(path);

	move_add(n, NULL, n->now);
	name_set_now(n, NULL);
}

void
disk_rename(const char *from, const char *to)
{
	struct name *a = name_of(from), *b = name_of(to);
	struct node *f = a->now;

	if (f == b->now)
		return;		/* as rename(2): two names of one file stay */
	move_add(a, b, f);
	name_set_now(b, f);
	name_set_now(a, NULL);
}

/* Files that were placed before their folder was. */
static void
adopt(struct node *folder)
{
	struct sim_disk *d = sim.disk;
	struct name *n;
	size_t i;

	for (i = 0; i < d->buckets; i++)
		for (n = d->hash[i]; n != NULL; n = n->hash_next)
			if (n->folder == NULL && *n->last != '\0' &&
			    folder_of(n->path) == folder) {
				set_folder(n, folder);
				name_enlist(n);
				name_delist(n);
			}
}

/* No change that is still on its way may come back to this name. */
static void
moves_forget(const struct name *n)
{
	struct move **p = &sim.disk->moves;

	while (*p != NULL) {
		if ((*p)->to == n && (*p)->from != NULL)
			name_set_kept((*p)->from, NULL);
		if ((*p)->to == n || (*p)->from == n)
			disk_move_drop(p);
		else
			p = &(*p)->next;
	}
}

void
disk_place(const char *path, struct node *f)
{
	struct name *n = name_of(path);

	moves_forget(n);
	name_set_now(n, f);
	name_set_kept(n, f);
	if (f != NULL && f->kind == NODE_FOLDER)
		adopt(f);
}

void
disk_publish(const char *path, struct node *f)
{
	disk_sync(f);
	disk_name(path, f);
	if (folder_of(path) != NULL)
		disk_sync_folder(folder_of(path));
}

/* ---- permissions -------------------------------------------------------- */

bool
may(const struct node *f, unsigned bits)
{
	uint32_t uid = sim_uid_now();
	unsigned mode = f->meta.mode;

	if (!sim.modes_count)
		return mode != 0;
	if (uid == 0)
		return true;
	return ((uid == f->meta.uid ? mode >> 6 : mode) & bits) == bits;
}

bool
can_write_in(const struct node *folder)
{
	return folder != NULL && folder->kind == NODE_FOLDER &&
	    folder->writable && (!sim.modes_count || may(folder, 3));
}

enum rc
may_change_in(const char *path)
{
	const struct node *folder = folder_of(path);

	sim_jail_check(sim.me->call, path);
	if (folder == NULL)
		return sim_os(ENOENT);
	if (folder->kind != NODE_FOLDER)
		return sim_os(ENOTDIR);
	return can_write_in(folder) ? RC_OK : sim_os(EACCES);
}

enum rc
may_take_away(const char *path)
{
	const struct node *folder = folder_of(path), *f = find_here(path);
	uint32_t uid = sim_uid_now();

	TRY(may_change_in(path));
	if (sim.modes_count && (folder->meta.mode & 01000) != 0 && uid != 0 &&
	    uid != folder->meta.uid && f != NULL && uid != f->meta.uid)
		return sim_os(EPERM);
	return RC_OK;
}
