/*
 * queue_draft.c - a message on its way into the queue.
 *
 * It is written under a name with a dot in front, which nobody takes for a
 * message, and gets its own name when all of it is on the disk.  What fits into
 * the buffer as a whole leaves with one write, head and all; of what is longer
 * the head is written over at the end.
 */
#include "queue_int.h"

#define NAME_TRIES	8

/* ---- writing ------------------------------------------------------------- */

static enum rc
flush(struct queue_draft *d)
{
	struct span s = buf_span(&d->out);

	buf_clear(&d->out);
	d->put += (int64_t)s.n;
	return port_append(d->fd, s);
}

enum rc
queue_draft_put(struct queue_draft *d, struct span content)
{
	d->head.body_bytes += (int64_t)content.n;
	if (content.n >= d->out.cap - d->out.n)
		TRY(flush(d));
	if (content.n >= d->out.cap) {
		d->put += (int64_t)content.n;
		return port_append(d->fd, content);
	}
	buf_put(&d->out, content);
	return RC_OK;
}

/*
 * A part of the envelope: its fields, or else a recipient.  If there is no room
 * for it, that may be only for what was there before.
 */
static enum rc
add(struct queue_draft *d, const struct queue_envelope *e,
	const struct rcpt *to, struct span given)
{
	size_t before = d->out.n;
	struct buf b = d->out;
	enum rc rc = e != NULL ? queue_envelope_put(&b, e) :
	    queue_rcpt_put(&b, to, given);

	if (rc == RC_FULL && before > 0) {
		TRY(flush(d));
		return add(d, e, to, given);
	}
	if (rc == RC_OK) {
		d->head.env_bytes += (int64_t)(b.n - before);
		d->out.n = b.n;
	}
	return rc;
}

enum rc
queue_draft_envelope(struct queue_draft *d, const struct queue_envelope *e)
{
	static const struct rcpt nobody;

	return add(d, e, &nobody, SPAN(""));
}

enum rc
queue_draft_rcpt(struct queue_draft *d, const struct rcpt *to,
	struct span given)
{
	TRY(add(d, NULL, to, given));
	d->head.rcpts++;
	return RC_OK;
}

/* ---- names --------------------------------------------------------------- */

static const char *
folder_of(const struct queue_draft *d)
{
	return d->is_drop ? QUEUE_DROP : QUEUE_INCOMING;
}

static enum rc
make_file(struct queue_draft *d)
{
	char room[QUEUE_ID_MAX];
	struct buf name;
	enum rc rc = RC_DENY;

	for (int left = NAME_TRIES; rc == RC_DENY && left > 0; left--) {
		name = BUF(room);
		buf_fmt(&name, ".%x%08x", port_pid(), port_random_u32());
		rc = port_create(queue_at(d->name, d->q, folder_of(d),
		    buf_text(&name)), 0600, &d->fd);
	}
	return rc == RC_DENY ? RC_OS : rc;
}

/*
 * Its id, from its inode.  A file that came from a backup may have the name of
 * another inode, so it is looked whether there is one.
 */
static enum rc
name_message(struct queue_draft *d)
{
	struct queue_entry other;
	struct buf id = BUF(d->id);
	struct port_stat st;

	if (port_stat_fd(d->fd, &st) != RC_OK)
		return RC_OS;
	for (int left = NAME_TRIES; left > 0; left--) {
		buf_clear(&id);
		queue_id_make(&id, st.inode, port_wall_ms(),
		    d->q->set->enable_long_queue_ids);
		buf_text(&id);
		if (d->is_drop || queue_entry_find(d->q, buf_span(&id),
		    &other) == RC_NONE)
			return RC_OK;
	}
	return RC_OS;
}

enum rc
queue_draft_open(struct queue_draft *d, const struct queue *q, bool to_drop)
{
	enum rc rc;

	*d = (struct queue_draft){ .q = q, .fd = -1, .is_drop = to_drop };
	d->out = BUF(d->room);
	TRY(queue_cap_allows(q));
	TRY(make_file(d));
	rc = name_message(d);
	if (rc != RC_OK)
		queue_draft_drop(d);
	/* The place of the head, until its numbers are known. */
	queue_head_put(&d->out, &d->head);
	return rc;
}

static void
drop(struct queue_draft *d, const char *name)
{
	if (d->fd < 0)
		return;
	if (port_remove(name) != RC_OK)
		log_line(d->q->log, LOG_WARNING, "%s: not removed: %s", name,
		    port_error());
	port_close(d->fd);
	d->fd = -1;
}

void
queue_draft_drop(struct queue_draft *d)
{
	drop(d, d->name);
}

/* ---- publication --------------------------------------------------------- */

/* All that is left, and the head: in place if nothing of it has left yet. */
static enum rc
finish(struct queue_draft *d)
{
	struct buf head = buf_over(d->room, QUEUE_HEAD_BYTES + 1);
	bool is_whole = d->put == 0;

	if (is_whole)
		queue_head_put(&head, &d->head);
	TRY(flush(d));
	return is_whole ? RC_OK : queue_head_write(d->fd, &d->head);
}

/*
 * A folder of which nobody may know the names can't be synced by those who may
 * not; on the usual file systems the file's own sync after its renaming does
 * what is wanted.
 */
static enum rc
sync_name(struct queue_draft *d)
{
	char room[QUEUE_PATH_MAX];
	enum rc rc = port_sync_folder(queue_at(room, d->q, folder_of(d), ""));

	return rc != RC_OK && d->is_drop ? port_sync(d->fd) : rc;
}

enum rc
queue_draft_publish(struct queue_draft *d)
{
	char path[QUEUE_PATH_MAX];
	enum rc rc = finish(d);

	if (rc == RC_OK && !d->is_drop && port_uid() == 0)
		rc = port_give(d->fd, d->q->owner);
	if (rc == RC_OK)
		rc = port_sync(d->fd);
	if (rc == RC_OK)
		rc = port_rename(d->name, queue_at(path, d->q, folder_of(d),
		    d->id));
	if (rc != RC_OK) {
		queue_draft_drop(d);
		return rc;
	}
	rc = sync_name(d);
	if (rc != RC_OK) {
		drop(d, path);
		return rc;
	}
	port_close(d->fd);
	d->fd = -1;
	if (!d->is_drop)
		queue_cap_came(d->q, d->put);
	return RC_OK;
}
