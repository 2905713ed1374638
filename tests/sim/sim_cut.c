/*
 * sim_cut.c - what gets to the disk, and what is found on it after the power
 * was cut.
 */
#include <string.h>

#include "sim_disk.h"

#define SECTOR	512	/* is written as a whole, or not */

/* ---- what is on the disk ------------------------------------------------ */

static void
keep_added(struct move *m)
{
	if (m->to != NULL && !m->added)
		name_set_kept(m->to, m->node);
	m->added = true;
}

static void
keep_whole(struct move *m)
{
	keep_added(m);
	if (m->from != NULL)
		name_set_kept(m->from, NULL);
}

static struct node *
folder_from(const struct move *m)
{
	return (m->from != NULL ? m->from : m->to)->folder;
}

static struct node *
folder_to(const struct move *m)
{
	return (m->to != NULL ? m->to : m->from)->folder;
}

/*
 * Between two folders the new name may be on the disk without the old one being
 * gone; the other way round nobody does it.
 */
void
disk_sync_folder(struct node *folder)
{
	struct move **p = &sim.disk->moves;

	sim.disk->syncs++;
	while (*p != NULL && folder->pending > 0) {
		if (folder_from(*p) == folder) {
			keep_whole(*p);
			disk_move_drop(p);
			continue;
		}
		if (folder_to(*p) == folder)
			keep_added(*p);
		p = &(*p)->next;
	}
}

/* ---- power cut ---------------------------------------------------------- */

enum { ALL_LOST, ALL_KEPT, SOME_KEPT, FATES = 4 };

static void
cut_names(void)
{
	struct sim_disk *d = sim.disk;
	unsigned fate = sim_random(FATES);
	struct move *m;

	while ((m = d->moves) != NULL) {
		bool kept = fate == ALL_KEPT ||
		    (fate >= SOME_KEPT && sim_random(2) == 0);

		if (kept)
			keep_added(m);
		if (kept && (folder_from(m) == folder_to(m) ||
		    sim_random(2) == 0))
			keep_whole(m);
		disk_move_drop(&d->moves);
	}
}

bool
disk_is_volatile(const char *path)
{
	const struct node *f = find_here(path);
	bool hit = f != NULL && f->is_volatile;
	char *up;

	if (hit || strcmp(path, "/") == 0)
		return hit;
	up = disk_folder_path(path);
	hit = disk_is_volatile(up);
	sim_free(up);
	return hit;
}

static bool
is_in_memory(const struct name *n)
{
	char *up = disk_folder_path(n->path);
	bool hit = strcmp(n->path, "/") != 0 && disk_is_volatile(up);

	sim_free(up);
	return hit;
}

/* A name in a folder that is not there any more can't be found. */
static bool
is_lost(const struct name *n)
{
	return n->folder != NULL && n->folder->links == 0;
}

static bool
settle_names(void)
{
	struct sim_disk *d = sim.disk;
	bool again = false;
	struct name *n;
	size_t i;

	for (i = 0; i < d->buckets; i++)
		for (n = d->hash[i]; n != NULL; n = n->hash_next) {
			if (n->kept != NULL && is_lost(n))
				name_set_kept(n, NULL);
			if (n->kept == n->now)
				continue;
			again |= n->kept == NULL;
			name_set_now(n, n->kept);
		}
	return again;
}

static void
empty_volatile(void)
{
	struct sim_disk *d = sim.disk;
	struct name *n;
	size_t i;

	for (i = 0; i < d->buckets; i++)
		for (n = d->hash[i]; n != NULL; n = n->hash_next)
			if (n->kept != NULL && is_in_memory(n))
				name_set_kept(n, NULL);
}

/* Turn the list round: the writes, in their order. */
static struct change *
undo(struct node *f)
{
	struct change *c, *first = NULL;

	while ((c = f->last) != NULL) {
		if (c->old_n > 0)
			memcpy(f->data + c->at, c->old, c->old_n);
		f->size = c->old_size;
		f->last = c->before;
		c->before = first;
		first = c;
	}
	return first;
}

/* All of them as one stream of octets, cut anywhere. */
static void
redo_prefix(struct node *f, const struct change *c)
{
	const struct change *each;
	size_t all = 0, left;

	for (each = c; each != NULL; each = each->before)
		all += each->n;
	for (left = sim_random((unsigned)all + 1); left > 0; c = c->before) {
		size_t n = left < c->n ? left : c->n;

		disk_put_octets(f, (size_t)c->at, c->data, n);
		left -= n;
	}
}

/*
 * Each sector for itself, with its writes up to some moment.  How long the file
 * is may be known where what is in it was not written.
 */
static void
redo_sectors(struct node *f, const struct change *c, size_t size)
{
	unsigned *until = sim_alloc((size / SECTOR + 1) * sizeof(*until));
	unsigned number;
	size_t i;

	for (i = 0; i <= size / SECTOR; i++)
		until[i] = sim_random(f->changes + 1);
	for (number = 0; c != NULL; c = c->before, number++)
		for (i = 0; i < c->n; ) {
			size_t at = (size_t)c->at + i;
			size_t n = SECTOR - at % SECTOR;

			if (n > c->n - i)
				n = c->n - i;
			if (number < until[at / SECTOR])
				disk_put_octets(f, at, c->data + i, n);
			i += n;
		}
	if (f->size < size && sim_random(2) == 0)
		disk_set_size(f, size);
	sim_free(until);
}

static void
cut_file(struct node *f)
{
	unsigned fate = sim_random(FATES);
	size_t size = f->size;
	struct change *c;

	if (fate != ALL_KEPT && f->last != NULL) {
		c = undo(f);
		if (fate == SOME_KEPT)
			redo_prefix(f, c);
		else if (fate != ALL_LOST)
			redo_sectors(f, c, size);
		f->last = c;
	}
	if (sim_random(2) == 0)
		f->meta = f->kept_meta;
	f->kept_meta = f->meta;
	disk_forget_changes(f);
	if (f->charged > (int64_t)f->size) {
		sim.disk->used -= f->charged - (int64_t)f->size;
		f->charged = (int64_t)f->size;
	}
}

void
sim_disk_power_cut(void)
{
	struct node *f;

	cut_names();
	for (f = sim.disk->nodes; f != NULL; f = f->next) {
		cut_file(f);
		f->lock = f->listener = NULL;
		f->opens = 0;
	}
	empty_volatile();
	while (settle_names())
		continue;
	for (f = sim.disk->nodes; f != NULL; f = f->next)
		if (f->links > 0) {
			sim.disk->used += f->released;
			f->charged += f->released;
			f->released = 0;
		}
}
