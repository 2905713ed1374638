/*
 * queue_word.c - orders and sayings, as the messages between the manager and
 * its children.
 *
 * Both ends are of one program and one build, and yet what a child says may
 * have been made by whoever took it over: lengths and numbers are compared with
 * what there is.  Numbers are little-endian; texts have their length ahead of
 * them, in two octets.
 *
 *	order	task 1, more 1, started 8, rcpts 2, id, transport, nexthop,
 *		then an index for each recipient, 4
 *	saying	word 1, flags 1, fate 1, level 1, index 4, dsn, relay, line,
 *		text
 */
#include <string.h>

#include "queue_int.h"

/* What is left of a message for texts that may be cut. */
#define LINE_LEAST	512

static void
put_int(struct buf *b, uint64_t v, unsigned bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_putc(b, (char)(v & 0xff));
}

static void
put_text(struct buf *b, struct span s)
{
	put_int(b, s.n, 2);
	buf_put(b, s);
}

static bool
take_int(struct span *rest, uint64_t *out, unsigned bytes)
{
	if (rest->n < bytes)
		return false;
	*out = 0;
	for (unsigned i = bytes; i > 0; i--)
		*out = *out << 8 | (unsigned char)rest->p[i - 1];
	*rest = span_part(*rest, bytes, rest->n);
	return true;
}

/* A number below `end`, as those of an enum or a set of flags are. */
static bool
take_small(struct span *rest, unsigned end, unsigned *out)
{
	uint64_t v;

	if (!take_int(rest, &v, 1) || v >= end)
		return false;
	*out = (unsigned)v;
	return true;
}

static bool
take_text(struct span *rest, struct span *out)
{
	uint64_t n;

	if (!take_int(rest, &n, 2) || n > rest->n)
		return false;
	*out = span_part(*rest, 0, (size_t)n);
	*rest = span_part(*rest, (size_t)n, rest->n);
	return true;
}

/* ---- orders -------------------------------------------------------------- */

enum rc
queue_order_put(struct buf *b, const struct queue_order *o)
{
	put_int(b, o->task, 1);
	put_int(b, o->more, 1);
	put_int(b, (uint64_t)o->started, 8);
	put_int(b, o->rcpts, 2);
	put_text(b, span_of(o->id));
	put_text(b, o->transport);
	put_text(b, o->nexthop);
	for (unsigned i = 0; i < o->rcpts; i++)
		put_int(b, o->index[i], 4);
	return b->full ? RC_FULL : RC_OK;
}

/* A text into the order's own memory. */
static bool
keep_text(struct span *rest, struct buf *room, struct span *out)
{
	size_t from = room->n;
	struct span s;

	if (!take_text(rest, &s))
		return false;
	buf_put(room, s);
	*out = span_part(buf_span(room), from, s.n);
	return !room->full;
}

static bool
take_indexes(struct span *rest, struct queue_order *o)
{
	uint64_t v;

	if (o->rcpts > QUEUE_JOB_RCPTS)
		return false;
	for (unsigned i = 0; i < o->rcpts; i++) {
		if (!take_int(rest, &v, 4) ||
		    (i > 0 && v <= o->index[i - 1]))
			return false;
		o->index[i] = (uint32_t)v;
	}
	return rest->n == 0;
}

enum rc
queue_order_take(struct span message, struct queue_order *out)
{
	struct buf room = BUF(out->room);
	unsigned task, more;
	uint64_t started, rcpts;
	struct span id;

	if (!take_small(&message, QUEUE_TASKS, &task) ||
	    !take_small(&message, 2, &more) ||
	    !take_int(&message, &started, 8) ||
	    !take_int(&message, &rcpts, 2) || !take_text(&message, &id) ||
	    id.n >= sizeof(out->id))
		return RC_WIRE;
	out->task = (enum queue_task)task;
	out->more = more;
	out->started = (ms_t)started;
	out->rcpts = (unsigned)rcpts;
	memset(out->id, 0, sizeof(out->id));
	if (id.n > 0)
		memcpy(out->id, id.p, id.n);
	return keep_text(&message, &room, &out->transport)
	    && keep_text(&message, &room, &out->nexthop)
	    && take_indexes(&message, out) ? RC_OK : RC_WIRE;
}

/* ---- sayings ------------------------------------------------------------- */

/* No more than leaves `keep` octets of room. */
static void
put_cut(struct buf *b, struct span s, size_t keep)
{
	size_t left = b->cap - b->n - 1;

	left = left > keep + 2 ? left - keep - 2 : 0;
	put_text(b, span_part(s, 0, left));
}

void
queue_saying_put(struct buf *b, const struct queue_saying *s)
{
	put_int(b, s->word, 1);
	put_int(b, s->flags, 1);
	put_int(b, s->fate, 1);
	put_int(b, s->level, 1);
	put_int(b, s->index, 4);
	put_text(b, span_part(s->dsn, 0, DSN_MAX - 1));
	put_cut(b, span_part(s->relay, 0, QUEUE_RELAY_MAX), 4);
	put_cut(b, s->line, s->text.n < LINE_LEAST ? s->text.n + 2
	    : LINE_LEAST);
	put_cut(b, s->text, 0);
}

enum rc
queue_saying_take(struct span message, struct queue_saying *out)
{
	unsigned word, fate, level;
	uint64_t flags, index;

	if (!take_small(&message, QUEUE_SAYS_BYE + 1, &word) ||
	    !take_int(&message, &flags, 1) ||
	    !take_small(&message, FATE_NEVER + 1, &fate) ||
	    !take_small(&message, LOG_DEBUG + 1, &level) ||
	    !take_int(&message, &index, 4) ||
	    !take_text(&message, &out->dsn) || out->dsn.n >= DSN_MAX ||
	    !take_text(&message, &out->relay) ||
	    !take_text(&message, &out->line) ||
	    !take_text(&message, &out->text) || message.n > 0)
		return RC_WIRE;
	out->word = (enum queue_word)word;
	out->flags = (unsigned)flags;
	out->index = (unsigned)index;
	out->fate = (enum fate)fate;
	out->level = (enum log_level)level;
	return RC_OK;
}
