/*
 * queue_int.h - what the files of the queue share among themselves.
 *
 *	queue_file.c	one file's format: head, envelope, marks, trail
 *	queue_draft.c	a message on its way in
 *	queue_cap.c	how much there may be
 *	queue_dir.c	folders, ids, cursor, what is no message
 *	queue_route.c	transport and next hop of a recipient
 *	queue_plan.c	who is due and who may go, without any I/O
 *	queue_run.c	the manager: children, reports, marks, time
 *	queue_control.c	requests from outside, and queue_ask()
 *	queue_word.c	orders and sayings as messages
 */
#ifndef POSTERN_QUEUE_INT_H
#define POSTERN_QUEUE_INT_H

#include "queue.h"

/* ---- folders (queue_dir.c) ----------------------------------------------- */

#define QUEUE_INCOMING	"incoming"
#define QUEUE_DROP	"drop"
#define QUEUE_CORRUPT	"corrupt"

/* A message as its folder tells, unopened. */
struct queue_entry {
	char id[QUEUE_ID_MAX];
	int64_t next_s;		/* mtime: when it is to be tried */
	bool is_held;
};

/*
 * struct queue_cursor - goes round the folder without end, one entry a call;
 * drafts are passed over, and removed when they are forgotten (older than a
 * day and a half).
 *
 * RC_NONE: this round is over; the next call begins another.
 */
struct queue_cursor {
	const struct queue *q;
	struct port_list list;
};
MUST_USE enum rc queue_cursor_next(struct queue_cursor *c,
	struct queue_entry *out);
/* One entry by its id.  RC_NONE: there is no such message. */
MUST_USE enum rc queue_entry_find(const struct queue *q, struct span id,
	struct queue_entry *out);
/* Sets a file aside and says so, with the reason. */
void queue_set_aside(const struct queue *q, struct span id, const char *why);
MUST_USE enum rc queue_remove(const struct queue *q, struct span id);
MUST_USE enum rc queue_put_off(const struct queue *q, struct span id,
	int64_t next_s);
MUST_USE enum rc queue_hold(const struct queue *q, struct span id, bool hold);

/*
 * queue_id_make - from the inode and the time, as enable_long_queue_ids has
 * it; different from that of any other message in the same file system.
 */
void queue_id_make(struct buf *b, uint64_t inode, int64_t wall_ms,
	bool is_long);

/* ---- parts of a file (queue_file.c) -------------------------------------- */

/* QUEUE_HEAD_BYTES octets. */
void queue_head_put(struct buf *b, const struct queue_head *h);
/* RC_WIRE, RC_FULL: as of queue_draft_envelope(), or of b; b is undefined. */
MUST_USE enum rc queue_envelope_put(struct buf *b,
	const struct queue_envelope *e);
MUST_USE enum rc queue_rcpt_put(struct buf *b, const struct rcpt *to,
	struct span given);

/* ---- caps (queue_cap.c) -------------------------------------------------- */

/* RC_FULL: no new mail now; logged. */
MUST_USE enum rc queue_cap_allows(const struct queue *q);
/* A message of so many octets has come into incoming. */
void queue_cap_came(const struct queue *q, int64_t bytes);

/* ---- routes (queue_route.c) ---------------------------------------------- */

/*
 * struct queue_routes - the tables that decide where mail goes.  Opened once
 * per load of the settings.
 */
struct queue_routes;
size_t queue_routes_bytes(void);
MUST_USE enum rc queue_routes_open(struct queue_routes *r,
	const struct queue *q);
/* Lets go of files and patterns, before they are opened anew. */
void queue_routes_close(struct queue_routes *r);

#define QUEUE_ROUTE_MAX	256	/* of a transport and its next hop */
/*
 * queue_route - adds `transport:nexthop` for one recipient (transport(5),
 * relayhost and the classes of domains).  The transport is one of smtp, relay,
 * lmtp, local, error, retry, discard.
 *
 * RC_OK    so it is.
 * RC_TIME  a table could not be read: later; *why is a sentence.
 * RC_DENY  no such transport, or a next hop that is none: later (4.3.5), too.
 */
MUST_USE enum rc queue_route(struct queue_routes *r, struct span sender,
	struct span rcpt, struct buf *route, struct buf *why);

/* ---- the plan (queue_plan.c) --------------------------------------------- */

/*
 * struct queue_plan - who is due and who may go; times are handed in, and
 * nothing is read or written, so that a year can be played in a second.
 *
 * The manager feeds it: entries that were seen (plan_see), messages taken up
 * with their recipients' destinations (plan_take, plan_want), results
 * (plan_result, plan_decided).  And asks: what to take up next (plan_due), who
 * may be sent now (plan_go), how long to sleep (plan_next).
 *
 * Bounds, all of this file's memory: messages in work, destinations known,
 * recipients in memory, entries remembered because they will be due soon.  When
 * the last is full the folder is read again in time.
 */
#define PLAN_MESSAGES	128	/* in work; 20 at a time keep a uplink busy */
#define PLAN_DESTS	64
#define PLAN_RCPTS	1024
#define PLAN_SOON	256

#endif
