/*
 * list.h - the queue as people and programs see it.  Rank 7.
 */
#ifndef POSTERN_LIST_H
#define POSTERN_LIST_H

#include "queue.h"

/* Where a message is, in the words of Postfix's tools. */
enum list_where {
	LIST_INCOMING,		/* not tried yet */
	LIST_ACTIVE,		/* being delivered */
	LIST_DEFERRED,		/* tried, and waits */
	LIST_HOLD
};
const char *list_where_name(enum list_where where);

/*
 * struct list - one pass over the queue.  `print` gets whole lines; what it
 * returns, unless RC_OK, ends the pass.
 */
struct list {
	const struct queue *q;
	bool as_json;
	enum rc (*print)(void *arg, struct span text);
	void *arg;
	unsigned messages;	/* so far */
	int64_t bytes;
	char active[4096];	/* ids in work, each behind a blank */
	struct queue_cursor cursor;
	struct queue_reader reader;
	struct buf out;
	char addr[2 * RCPT_ADDR_MAX + 4];	/* quoted */
	char room[8192];
};

/*
 * list_all - every message, and the line with their sum or that there are none.
 * `l` is zeroed but for q, as_json, print, arg.
 */
MUST_USE enum rc list_all(struct list *l);

/* Asks the manager which messages are in work; none if it doesn't run. */
void list_ask_active(const struct queue *q, struct buf *ids);
enum list_where list_where(const struct queue_entry *e, unsigned tries,
	struct span active);

/* `Sat Nov 21 15:08:33`, local time. */
void list_put_time(struct buf *b, int64_t unix_s);
/* A string of RFC 8259, with its quotes. */
void list_put_json(struct buf *b, struct span s);

/*
 * list_child - the manager's child that shows the queue to a caller who may not
 * read it himself; the order's descriptor is his connection.
 */
int list_child(void *arg, int fd);

#endif
