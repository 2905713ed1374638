/*
 * queue_word.c - orders and sayings, as the messages between the manager and
 * its children.
 *
 * Both ends are one process that forked, so numbers go as they lie in memory.
 * And yet what a child says may have been made by whoever took it over: lengths
 * and numbers are compared with what there is.
 *
 *	order	struct queue_order up to its texts, an index for each recipient,
 *		transport and next hop, a line each
 *	saying	struct queue_saying up to its texts, the length of each of them,
 *		and the texts
 */
#include <string.h>

#include "queue_int.h"

/* What is left of a message for a text, however long the line. */
#define TEXT_LEAST	512
#define ORDER_HEAD	offsetof(struct queue_order, transport)
#define SAYING_HEAD	offsetof(struct queue_saying, part)

static void
put(struct buf *b, const void *p, size_t n)
{
	buf_put(b, (struct span){ p, n });
}

/* n octets off the front of what is left; false: there are less. */
static bool
take(struct span *rest, void *out, size_t n)
{
	if (rest->n < n)
		return false;
	if (n > 0)
		memcpy(out, rest->p, n);
	*rest = span_tail(*rest, n);
	return true;
}

/* ---- orders -------------------------------------------------------------- */

enum rc
queue_order_put(struct buf *b, const struct queue_order *o)
{
	put(b, o, ORDER_HEAD);
	put(b, o->index, o->rcpts * sizeof(*o->index));
	buf_fmt(b, "%.*s\n%.*s\n", SPAN_ARG(o->transport),
	    SPAN_ARG(o->nexthop));
	return b->full ? RC_FULL : RC_OK;
}

static bool
is_rising(const struct queue_order *o)
{
	for (unsigned i = 1; i < o->rcpts; i++)
		if (o->index[i] <= o->index[i - 1])
			return false;
	return true;
}

enum rc
queue_order_take(struct span message, struct queue_order *out)
{
	size_t hop, end;

	if (!take(&message, out, ORDER_HEAD) || out->task >= QUEUE_TASKS ||
	    memchr(out->id, '\0', sizeof(out->id)) == NULL ||
	    out->rcpts > QUEUE_JOB_RCPTS ||
	    !take(&message, out->index, out->rcpts * sizeof(*out->index)) ||
	    !is_rising(out))
		return RC_WIRE;
	hop = span_find(message, '\n') + 1;
	end = span_find_last(message, '\n');
	if (hop > end || end + 1 != message.n || end >= sizeof(out->room))
		return RC_WIRE;
	memcpy(out->room, message.p, end);
	out->transport = (struct span){ out->room, hop - 1 };
	out->nexthop = (struct span){ out->room + hop, end - hop };
	return RC_OK;
}

/* ---- sayings ------------------------------------------------------------- */

void
queue_saying_put(struct buf *b, const struct queue_saying *s)
{
	size_t most[QUEUE_TEXTS] = { DSN_MAX - 1, QUEUE_RELAY_MAX };
	uint16_t n[QUEUE_TEXTS];
	size_t left = b->cap - b->n - 1 - SAYING_HEAD - sizeof(n);

	most[QUEUE_A_LINE] = left - DSN_MAX - QUEUE_RELAY_MAX - TEXT_LEAST;
	most[QUEUE_A_TEXT] = left;
	for (unsigned i = 0; i < QUEUE_TEXTS; i++) {
		if (most[i] > left)
			most[i] = left;
		n[i] = (uint16_t)span_head(s->part[i], most[i]).n;
		left -= n[i];
	}
	put(b, s, SAYING_HEAD);
	put(b, n, sizeof(n));
	for (unsigned i = 0; i < QUEUE_TEXTS; i++)
		put(b, s->part[i].p, n[i]);
}

enum rc
queue_saying_take(struct span message, struct queue_saying *out)
{
	uint16_t n[QUEUE_TEXTS];

	if (!take(&message, out, SAYING_HEAD) ||
	    !take(&message, n, sizeof(n)) || out->word > QUEUE_SAYS_BYE ||
	    out->fate > FATE_NEVER || out->level > LOG_DEBUG ||
	    n[QUEUE_A_DSN] >= DSN_MAX)
		return RC_WIRE;
	for (unsigned i = 0; i < QUEUE_TEXTS; i++) {
		out->part[i] = span_head(message, n[i]);
		if (out->part[i].n < n[i])
			return RC_WIRE;
		message = span_tail(message, n[i]);
	}
	return message.n == 0 ? RC_OK : RC_WIRE;
}
