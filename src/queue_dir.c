/*
 * queue_dir.c - the folders of the queue, and the names in them.
 */
#include <string.h>

#include "queue_int.h"

/* Where mail_owner has no account; never root or nobody, whom others use. */
#define OWNER_SPARE	5321
#define OWNER_NOBODY	65534
/* Below the queue: a folder, and a name of 255 octets. */
#define BELOW_MAX	(sizeof(QUEUE_INCOMING) + 257)
/* In seconds; nobody writes for so long. */
#define DRAFT_AGE	(36 * 3600)
#define NAME_MAX_BYTES	256

/* ---- paths and ids ------------------------------------------------------- */

void
queue_path(const struct queue *q, struct buf *b, const char *folder,
	struct span name)
{
	buf_put(b, q->folder);
	if (folder[0] != '\0')
		buf_fmt(b, "/%s", folder);
	if (name.n > 0)
		buf_fmt(b, "/%.*s", SPAN_ARG(name));
	buf_text(b);
}

/* There is room: queue_open() saw to it. */
const char *
queue_at(char room[QUEUE_PATH_MAX], const struct queue *q, const char *folder,
	const char *name)
{
	struct buf b = buf_over(room, QUEUE_PATH_MAX);

	queue_path(q, &b, folder, span_of(name));
	return room;
}

/* No vowels, so that ids are never words. */
static const char letters[] =
    "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";

bool
queue_id_is_safe(struct span id)
{
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z')))
			return false;
	}
	return id.n > 0 && id.n < QUEUE_ID_MAX;
}

static void
put_digits(struct buf *b, uint64_t v, unsigned base, size_t least)
{
	const char *digits = base == 16 ? "0123456789ABCDEF" : letters;
	char room[16];
	size_t at = sizeof(room);

	do {
		room[--at] = digits[v % base];
		v /= base;
	} while (v > 0 || sizeof(room) - at < least);
	buf_put(b, (struct span){ room + at, sizeof(room) - at });
}

void
queue_id_make(struct buf *b, uint64_t inode, int64_t wall_ms, bool is_long)
{
	/* The clock has no microseconds for us: chance has. */
	uint64_t ms = wall_ms > 0 ? (uint64_t)wall_ms : 0;
	unsigned us = (unsigned)(ms % 1000) * 1000 + port_random_u32() % 1000;

	if (!is_long) {
		put_digits(b, us, 16, 5);
		put_digits(b, inode, 16, 1);
		return;
	}
	put_digits(b, ms / 1000, 52, 6);
	put_digits(b, us, 52, 4);
	buf_putc(b, 'z');
	put_digits(b, inode, 51, 1);
}

/* ---- opening ------------------------------------------------------------- */

uint32_t
queue_owner(const struct settings *set)
{
	uint32_t uid;

	if (port_account(set->mail_owner, &uid) != RC_OK || uid == 0 ||
	    uid == OWNER_NOBODY)
		return OWNER_SPARE;
	return uid;
}

static bool
has_folder(const struct queue *q, const char *name)
{
	char room[QUEUE_PATH_MAX];
	struct port_stat st;

	return port_stat_path(queue_at(room, q, name, ""), &st) == RC_OK &&
	    st.is_folder;
}

/* The name of a folder outlives a power cut as its mail does. */
static enum rc
sync_above(struct buf *path)
{
	size_t slash = span_find_last(buf_span(path), '/');

	path->n = slash > 0 && slash < path->n ? slash : 1;
	return port_sync_folder(buf_text(path));
}

/* A folder of ours; false: it isn't there, and can't be made. */
static bool
ensure(const struct queue *q, const char *name, unsigned mode)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);

	if (has_folder(q, name))
		return true;
	queue_path(q, &path, name, SPAN(""));
	if (port_folder_make(buf_text(&path), mode) != RC_OK)
		return has_folder(q, name);	/* maybe made just now */
	/* Above it is a folder that stays ours. */
	if (name[0] != '\0' && port_uid() == 0 &&
	    port_set_owner(buf_text(&path), q->owner) != RC_OK)
		log_line(q->log, LOG_WARNING, "%s: not given to uid %u: %s",
		    buf_text(&path), q->owner, port_error());
	return sync_above(&path) == RC_OK;
}

static bool
may_write(const struct queue *q, const char *name)
{
	char room[QUEUE_PATH_MAX];

	return port_folder_is_writable(queue_at(room, q, name, ""));
}

static enum rc
open_folders(struct queue *q)
{
	struct port_space space;

	if (!ensure(q, "", 0755))
		return RC_NONE;
	if (has_folder(q, "active") || has_folder(q, "maildrop")) {
		log_line(q->log, LOG_ERROR, "queue_directory = %.*s belongs to "
		    "Postfix; set queue_directory = /var/spool/postern in "
		    "main.cf", SPAN_ARG(q->folder));
		return RC_WIRE;
	}
	if (!ensure(q, QUEUE_INCOMING, 0700) || !ensure(q, QUEUE_DROP, 01733)
	    || !ensure(q, QUEUE_CORRUPT, 0700))
		return RC_NONE;
	if (port_space(q->folder_room, &space) == RC_OK)
		q->is_volatile = space.is_volatile;
	if (may_write(q, QUEUE_INCOMING))
		return RC_OK;
	return may_write(q, QUEUE_DROP) ? RC_DENY : RC_NONE;
}

enum rc
queue_open(struct queue *q, const struct param *param, const struct log *log)
{
	struct buf b;

	*q = (struct queue){ .set = &param->set, .param = param, .log = log };
	b = BUF(q->folder_room);
	buf_put(&b, param->set.queue_directory);
	while (b.n > 1 && b.p[b.n - 1] == '/')
		b.n--;
	buf_text(&b);
	q->folder = buf_span(&b);
	if (b.full || b.cap - b.n < BELOW_MAX) {
		log_line(log, LOG_ERROR, "queue_directory: longer than %zu "
		    "octets", sizeof(q->folder_room) - BELOW_MAX);
		return RC_NONE;
	}
	if (b.n == 0)
		return RC_NONE;
	q->owner = queue_owner(q->set);
	return open_folders(q);
}

/* ---- messages ------------------------------------------------------------ */

enum rc
queue_open_mail(const struct queue *q, const char *id, int *fd)
{
	char room[QUEUE_PATH_MAX];

	return port_open(queue_at(room, q, QUEUE_INCOMING, id), fd);
}

enum rc
queue_entry_find(const struct queue *q, struct span id,
	struct queue_entry *out)
{
	char room[QUEUE_PATH_MAX];
	struct buf copy = BUF(out->id);
	struct port_stat st;

	if (!queue_id_is_safe(id))
		return RC_NONE;
	buf_put(&copy, id);
	TRY(port_stat_path(queue_at(room, q, QUEUE_INCOMING, buf_text(&copy)),
	    &st));
	out->next_s = st.mtime_s;
	out->is_held = (st.mode & 0200) == 0;
	return st.is_file ? RC_OK : RC_WIRE;
}

enum rc
queue_remove(const struct queue *q, const char *id)
{
	char room[QUEUE_PATH_MAX];

	return port_remove(queue_at(room, q, QUEUE_INCOMING, id));
}

enum rc
queue_put_off(const struct queue *q, const char *id, int64_t next_s)
{
	char room[QUEUE_PATH_MAX];

	return port_set_mtime(queue_at(room, q, QUEUE_INCOMING, id), next_s);
}

enum rc
queue_hold(const struct queue *q, const char *id, bool hold)
{
	char room[QUEUE_PATH_MAX];

	return port_set_mode(queue_at(room, q, QUEUE_INCOMING, id),
	    hold ? 0400 : 0600);
}

bool
queue_set_aside(const struct queue *q, const char *folder, const char *name,
	const char *why)
{
	char from[QUEUE_PATH_MAX], to[QUEUE_PATH_MAX];
	enum rc rc = port_rename(queue_at(from, q, folder, name),
	    queue_at(to, q, QUEUE_CORRUPT, name));

	if (rc != RC_NONE)
		log_line(q->log, LOG_ERROR, "%s%s: %s; %sset aside%s %s",
		    span_is(span_of(folder), QUEUE_DROP) ? "drop/" : "", name,
		    why, rc == RC_OK ? "" : "not ", rc == RC_OK ? " as" : ":",
		    rc == RC_OK ? to : port_error());
	return rc == RC_OK;
}

/* What is no message: drafts, and what somebody else put there. */
static void
pass_over(const struct queue *q, const char *name)
{
	char room[QUEUE_PATH_MAX];
	struct port_stat st;

	if (name[0] != '.')
		queue_set_aside(q, QUEUE_INCOMING, name,
		    "not the name of a message");
	else if (port_stat_path(queue_at(room, q, QUEUE_INCOMING, name), &st)
	    == RC_OK && st.is_file && port_wall() - st.mtime_s > DRAFT_AGE &&
	    port_remove(room) == RC_OK)
		log_line(q->log, LOG_INFO, "%s: a forgotten draft, removed",
		    name);
}

/* The entry of a name; RC_NONE: it is none of interest, or went. */
static enum rc
take_entry(const struct queue *q, struct buf *name, struct queue_entry *out)
{
	const char *text = buf_text(name);
	enum rc rc;

	if (!queue_id_is_safe(buf_span(name))) {
		pass_over(q, text);
		return RC_NONE;
	}
	rc = queue_entry_find(q, buf_span(name), out);
	if (rc != RC_WIRE)
		return rc;
	queue_set_aside(q, QUEUE_INCOMING, text, "not a regular file");
	return RC_NONE;
}

static enum rc
begin_round(struct queue_cursor *c)
{
	char room[QUEUE_PATH_MAX];

	return port_list_open(&c->list, queue_at(room, c->q, QUEUE_INCOMING,
	    "")) == RC_OK ? RC_OK : RC_OS;
}

enum rc
queue_cursor_next(struct queue_cursor *c, struct queue_entry *out)
{
	char room[NAME_MAX_BYTES];
	struct buf name;
	enum rc rc, found;

	if (c->list.fd == 0)
		TRY(begin_round(c));
	do {
		name = BUF(room);
		found = RC_NONE;
		rc = port_list_next(&c->list, &name);
		if (rc == RC_OK)
			found = take_entry(c->q, &name, out);
	} while (rc == RC_OK && found == RC_NONE);
	if (rc == RC_OK)
		return found;
	port_list_close(&c->list);
	return rc;
}
