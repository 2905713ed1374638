/*
 * list.h - the queue as people and programs see it.  Rank 7.
 */
#ifndef POSTERN_LIST_H
#define POSTERN_LIST_H

#include "queue.h"

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
	struct buf out;
	struct buf active;	/* ids in work, each behind a blank */
	char active_room[4096];
	char addr[2 * RCPT_ADDR_MAX + 4];	/* quoted */
	struct queue_reader reader;
	char room[8192];
};

/*
 * list_all - every message, and the line with their sum or that there are none.
 * `l` is zeroed but for q, as_json, print, arg.
 */
MUST_USE enum rc list_all(struct list *l);

/*
 * list_each - tells `each` of every message, until that returns something else
 * than RC_OK.
 */
MUST_USE enum rc list_each(const struct queue *q, enum rc (*each)(void *arg,
	const struct queue_entry *e), void *arg);
/* The head of its file.  RC_NONE: there is no such message any more. */
MUST_USE enum rc list_head(const struct queue *q,
	const struct queue_entry *e, struct queue_head *out);

/* Asks the manager which messages are in work; none if it doesn't run. */
void list_ask_active(const struct queue *q, struct buf *ids);
/*
 * list_ask - a request to the manager, about `of` unless that is empty, which
 * he answers by ok or no.  RC_DENY: no; his answer, a line, is a text.  Else as
 * queue_ask().
 */
#define LIST_ANSWER_MAX	1024
MUST_USE enum rc list_ask(const struct queue *q, const char *what,
	struct span of, struct buf *answer);
/*
 * Where a message is, in the words of Postfix's tools: hold, active (it is
 * being delivered), deferred (tried, and waits), incoming (not tried yet).
 */
#define LIST_WHERES	"hold active deferred incoming"
const char *list_where(const struct queue_entry *e, unsigned tries,
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
