/*
 * sim_place.c - files as tests place them, and look at them.
 */
#include <stdlib.h>
#include <string.h>

#include "sim_disk.h"

void
sim_disk_begin(void)
{
	sim.disk = sim_alloc(sizeof(*sim.disk));
	sim.disk->most = INT64_MAX;
	disk_begin();
	sim_folder("/", true);
	sim_folder("/tmp", true);
	sim_file_mode("/tmp", 0, 01777);
}

/* ---- what tests do ------------------------------------------------------ */

void
sim_file_bytes(const char *path, const void *data, size_t n)
{
	struct node *f = find(path);

	if (f == NULL) {
		f = node_new(NODE_FILE);
		disk_place(path, f);
	}
	node_text(f, data, n);
}

void
sim_file_append(const char *path, struct span data)
{
	struct node *f = find(path);

	if (f == NULL) {
		f = node_new(NODE_FILE);
		disk_place(path, f);
	}
	disk_put_octets(f, f->size, data.p, data.n);
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

	f->meta.uid = f->kept_meta.uid = uid;
	f->meta.mode = f->kept_meta.mode = mode;
}

void
sim_file_mtime(const char *path, int64_t mtime_s)
{
	struct node *f = must_find(path);

	f->meta.mtime_s = f->kept_meta.mtime_s = mtime_s;
}

void
sim_file_remove(const char *path)
{
	must_find(path);
	disk_place(path, NULL);
}

void
sim_folder(const char *path, bool writable)
{
	struct node *f = find_here(path);

	if (f == NULL) {
		f = node_new(NODE_FOLDER);
		disk_place(path, f);
	}
	f->writable = writable;
}

void
sim_symlink(const char *path, const char *target)
{
	struct node *f = node_new(NODE_LINK);

	node_text(f, target, strlen(target) + 1);
	disk_place(path, f);
}

void
sim_fifo(const char *path)
{
	disk_place(path, node_new(NODE_FIFO));
}

void
sim_hard_link(const char *path, const char *of)
{
	disk_place(path, must_find(of));
}

void
sim_volatile(const char *folder)
{
	must_find(folder)->is_volatile = true;
}

void
sim_file_broken(const char *path, int64_t at)
{
	must_find(path)->broken_at = at;
}

void
sim_disk_limit(int64_t bytes)
{
	sim.disk->most = bytes;
}

void
sim_disk_size(int64_t bytes)
{
	sim.disk->all = bytes;
}

void
sim_disk_free(int64_t bytes)
{
	sim.disk->most = sim.disk->used + bytes;
}

uint64_t
sim_syncs(void)
{
	return sim.disk->syncs;
}

uint64_t
sim_written(void)
{
	return sim.disk->written;
}

/* ---- what tests see ----------------------------------------------------- */

bool
sim_file_read(const char *path, const char **data, size_t *n)
{
	struct node *f = find_here(path);
	char *p = f != NULL ? sim_alloc(f->size + 1) : NULL;

	if (p != NULL && f->size > 0)
		memcpy(p, f->data, f->size);
	*data = p;
	*n = f != NULL ? f->size - (f->kind == NODE_LINK) : 0;
	return f != NULL;
}

void
node_stat(const struct node *f, struct port_stat *out)
{
	*out = (struct port_stat){
		.size = (int64_t)f->size,
		.mtime_s = f->meta.mtime_s,
		.inode = f->inode,
		.links = f->links,
		.uid = f->meta.uid,
		.mode = f->meta.mode,
		.is_file = f->kind == NODE_FILE,
		.is_folder = f->kind == NODE_FOLDER,
		.is_pipe = f->kind == NODE_FIFO || f->kind == NODE_SOCKET,
	};
}

bool
sim_file_stat(const char *path, struct port_stat *out)
{
	struct node *f = find_here(path);

	if (f != NULL)
		node_stat(f, out);
	return f != NULL;
}

bool
sim_file_exists(const char *path)
{
	return find_here(path) != NULL;
}

static int
by_name(const void *a, const void *b)
{
	const struct name *const *x = a, *const *y = b;

	return strcmp((*x)->last, (*y)->last);
}

/* Ended by NULL. */
static struct name **
sorted(const char *folder)
{
	struct node *f = find(folder);
	struct name *n, **all;
	size_t count = 0;

	if (f == NULL || f->kind != NODE_FOLDER)
		sim_fail("the test looks into no folder: %s", folder);
	for (n = f->names; n != NULL; n = n->next)
		count += n->now != NULL;
	all = sim_alloc((count + 1) * sizeof(struct name *));
	count = 0;
	for (n = f->names; n != NULL; n = n->next)
		if (n->now != NULL)
			all[count++] = n;
	if (count > 1)
		qsort(all, count, sizeof(struct name *), by_name);
	return all;
}

const char *
sim_ls(const char *folder)
{
	struct name **all = sorted(folder), **n;
	struct sim_text t = { 0 };

	for (n = all; *n != NULL; n++)
		sim_text_fmt(&t, "%s\n", (*n)->last);
	sim_free(all);
	return sim_text_get(&t);
}

unsigned
sim_count(const char *folder)
{
	struct name **all = sorted(folder);
	unsigned n = 0;

	while (all[n] != NULL)
		n++;
	sim_free(all);
	return n;
}

static void
list_all(struct sim_text *t, const char *folder)
{
	struct name **all = sorted(folder), **n;

	for (n = all; *n != NULL; n++) {
		const struct node *f = (*n)->now;

		sim_text_fmt(t, "%s %zu %o %u %lld\n", (*n)->path, f->size,
		    f->meta.mode, f->meta.uid, (long long)f->meta.mtime_s);
		if (f->kind == NODE_FOLDER)
			list_all(t, (*n)->path);
	}
	sim_free(all);
}

const char *
sim_ls_all(const char *folder)
{
	struct sim_text t = { 0 };

	list_all(&t, folder);
	return sim_text_get(&t);
}
