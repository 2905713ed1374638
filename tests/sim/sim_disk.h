/*
 * sim_disk.h - what files are, and the names they have in folders: as the
 * running system sees them, and as they would be found after a power cut.
 * The calls of the port stand upon it: sim_file.c, sim_keep.c.
 */
#ifndef POSTERN_SIM_DISK_H
#define POSTERN_SIM_DISK_H

#include "sim_int.h"

enum node_kind { NODE_FILE, NODE_FOLDER, NODE_LINK, NODE_FIFO, NODE_SOCKET };

struct meta {
	uint32_t uid, mode;
	int64_t mtime_s;
};

/* What every file is, with or without a name; gone when nothing refers to it:
   no name, now or on the disk, no descriptor, nobody who holds it. */
struct node {
	struct node *next, **back;
	enum node_kind kind;
	uint64_t inode;
	unsigned refs, links, opens;	/* links: names now */
	char *data;			/* of a symbolic link: its target */
	size_t size, room;
	int64_t charged;		/* octets of the limited space... */
	int64_t released;		/* ...and when none can see it */
	struct meta meta, kept_meta;	/* now, and as of the last sync */
	struct change *last;		/* writes since then, newest first */
	unsigned changes;
	int64_t broken_at;		/* -1: whole */
	bool writable, is_volatile;	/* folders */
	struct name *names;		/* folders: in them, some gone */
	unsigned pending;		/* folders: name changes not synced */
	void *lock;			/* the open file that holds it */
	void *listener;			/* NODE_SOCKET */
};

/* A name that was ever used; it stays until the world ends. */
struct name {
	struct name *hash_next;
	struct name *next, **back;	/* in its folder, or back is NULL */
	char *path;
	const char *last;		/* behind the last slash */
	struct node *folder;		/* NULL: the test made none */
	struct node *now, *kept;	/* kept: after a power cut */
	uint64_t born;			/* grows with every use */
};

/* A write, with what was there before. */
struct change {
	struct change *before;
	int64_t at;
	size_t n, old_n, old_size;
	char *data, *old;
};

/* A change of names: from NULL: a new one; to NULL: a removal. */
struct move {
	struct move *next;
	struct name *from, *to;
	struct node *node;
	bool added;		/* `to` is on the disk, `from` is, too */
};

struct sim_disk {
	struct node *nodes;
	struct name **hash;
	size_t buckets, names_n;
	struct move *moves, **last_move;	/* of names, not synced */
	uint64_t inodes, births;
	uint64_t spare[64];		/* inode numbers that became free */
	unsigned spares;
	int64_t used, most, all;
	uint64_t syncs, written;
};

void disk_begin(void);
/* A file without a name; hold it, or give it one, before the next call. */
struct node *node_new(enum node_kind kind);
void node_hold(struct node *f);
void node_drop(struct node *f);
/* When it lost a name, or a descriptor: does it still take space? */
void node_release(struct node *f);
void node_text(struct node *f, const void *data, size_t n);

/* A descriptor for it: for reading; for writing as well. */
int node_open(struct node *f);
int node_open_rw(struct node *f, bool can_append);
enum rc node_read(const struct node *f, void *out, size_t n, int64_t at,
	size_t *got);

void node_stat(const struct node *f, struct port_stat *out);

/* NULL: no such name.  Symbolic links are followed by the second. */
struct node *find_here(const char *path);
struct node *find(const char *path);
struct node *folder_of(const char *path);

/* May the process?  Bits of 7; sim_uid() tells what counts. */
bool may(const struct node *f, unsigned bits);
bool can_write_in(const struct node *folder);
/* RC_OS, with the reason, where no name can be made; or taken away. */
enum rc may_change_in(const char *path);
enum rc may_take_away(const char *path);

/* Octets at a place up to the end; RC_OS: no space.  The modification time
   follows. */
enum rc disk_write(struct node *f, int64_t at, struct span data);
/* As disk_write() but some octets of it, as by one who dies meanwhile. */
void disk_write_part(struct node *f, int64_t at, struct span data);
void disk_sync(struct node *f);
void disk_sync_folder(struct node *folder);

/* Names, as processes change them; then as tests do, for good. */
void disk_name(const char *path, struct node *f);
void disk_unname(const char *path);
void disk_rename(const char *from, const char *to);
void disk_place(const char *path, struct node *f);	/* NULL: none */
/* What port_replace() does in the end: all of it is on the disk. */
void disk_publish(const char *path, struct node *f);

/* Kept in memory: this folder, or one above it. */
bool disk_is_volatile(const char *path);
/* What sim_disk.c and sim_cut.c do for each other. */
void disk_forget_changes(struct node *f);
void disk_set_size(struct node *f, size_t n);
void disk_put_octets(struct node *f, size_t at, const char *data, size_t n);
char *disk_folder_path(const char *path);	/* for sim_free() */
void name_set_now(struct name *n, struct node *f);
void name_set_kept(struct name *n, struct node *f);
/* Take this one off the list; the next stands in *p then. */
void disk_move_drop(struct move **p);

#endif
