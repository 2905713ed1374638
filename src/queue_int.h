/*
 * queue_int.h - what the files of the queue share among themselves.
 *
 *	queue_file.c	one file's format: head, envelope, marks, trail
 *	queue_draft.c	a message on its way in
 *	queue_cap.c	how much there may be
 *	queue_dir.c	folders, ids, cursor, what is no message
 *	queue_route.c	transport and next hop of a recipient
 *	queue_plan.c	messages in work and their recipients, without any I/O
 *	queue_dest.c	destinations, their windows and rests, likewise
 *	queue_due.c	who is due, rounds of the folder, lifetimes, likewise
 *	queue_run.c	the manager's loop; queue_run_int.h has its other files
 *	queue_ask.c	the manager from outside
 *	queue_word.c	orders and sayings as messages
 */
#ifndef POSTERN_QUEUE_INT_H
#define POSTERN_QUEUE_INT_H

#include "queue.h"

/* ---- folders (queue_dir.c) ----------------------------------------------- */

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

/* ---- the plan (queue_plan.c, queue_dest.c, queue_due.c) ------------------ */

/*
 * struct plan - who is due and who may go.  Times are handed in, and nothing is
 * read or written, so that a year can be played in a second.
 *
 * The manager asks plan_turn() for the next thing to do until that is to rest:
 *
 *	PLAN_READ   look at the next entry of the folder: plan_see(), or
 *		    plan_round_over() behind the last one
 *	PLAN_OPEN   open this message: plan_take(), or plan_gone(); then read
 *		    its recipients: plan_dest(), plan_want() for each,
 *		    plan_read_on() where it had to stop
 *	PLAN_MORE   read on in a message whose recipients did not all fit
 *	PLAN_SEND   start this job: plan_decide() for each of it, plan_done()
 *	PLAN_SHED   these recipients wait for a destination that rests: put them
 *		    off; the same calls
 *	PLAN_REST   wait until turn.until, or for something to happen
 *
 * A destination is a transport, a next hop and a key (0, or of the recipient
 * where a job has only one).  It has a window of jobs, moved by Postfix's
 * feedback rules, and rests when too many in a row could not reach it.  It is
 * tried by itself: what it holds of the bounded sets is limited, so that it
 * delays no other.
 *
 * Bounds, all of this file's memory: messages in work, their recipients in
 * memory (messages with more are worked off in parts), destinations known,
 * messages that were just told of, entries that will be due soon.  What did not
 * fit is found by reading the folder again; reads are spaced so that cost stays
 * linear in what is there.
 */
#define PLAN_MESSAGES	128	/* in work; 20 at a time keep an uplink busy */
#define PLAN_GROUPS	256	/* a message's recipients of one destination */
#define PLAN_RCPTS	1024
#define PLAN_DESTS	64
#define PLAN_SOON	256
#define PLAN_FRESH	64
/* Jobs at a time, whatever default_process_limit says: 128 KiB each. */
#define PLAN_PROCESSES	32
#define PLAN_NONE	0xffffu	/* no such place in one of the above */

enum queue_transport {
	QUEUE_SMTP, QUEUE_RELAY, QUEUE_LMTP, QUEUE_LOCAL, QUEUE_ERROR,
	QUEUE_RETRY, QUEUE_DISCARD, QUEUE_TRANSPORTS
};
/* Its name; QUEUE_TRANSPORTS: there is none that is called so. */
const char *queue_transport_name(enum queue_transport t);
enum queue_transport queue_transport_find(struct span name);

/* number, number/number: PLAN_ONE parts; number/concurrency: per_window. */
#define PLAN_ONE	720720	/* what 1 to 16 divide */
struct plan_feedback {
	int share;
	bool per_window;
};
MUST_USE enum rc plan_feedback_read(struct span ratio,
	struct plan_feedback *out);

/* The settings of a transport. */
struct plan_limits {
	unsigned initial, window;	/* jobs at a time; window 0: any */
	unsigned rcpts;			/* of one job; 0: any */
	struct plan_feedback up, down;
	unsigned cohorts;		/* 0: never rests */
	ms_t dest_delay, transport_delay;
	bool is_deferred;		/* defer_transports */
};

struct plan_set {
	ms_t least_wait, most_wait;	/* minimal_, maximal_backoff_time */
	ms_t lifetime, bounce_lifetime, warn_after, run_delay;
	unsigned messages, processes;	/* within our bounds */
	int64_t built_s;		/* a clock before it is wrong */
	struct plan_limits limits[QUEUE_TRANSPORTS];
};

struct plan_time {
	ms_t now;			/* never goes back */
	int64_t wall_ms;		/* may do anything */
};

/* Why a destination rests. */
enum plan_rest {
	PLAN_AWAKE, PLAN_DEAD, PLAN_NETWORK, PLAN_LOGIN, PLAN_LOCAL
};

struct plan_dest {
	uint32_t key;
	uint8_t transport;
	uint8_t rest;			/* enum plan_rest */
	bool is_full;			/* something was passed over for it */
	bool is_told;			/* of its login */
	unsigned window, busy;
	unsigned groups;		/* here, waiting or in jobs */
	unsigned rcpts;			/* that wait */
	unsigned first, last;		/* groups that have some waiting */
	int32_t success, failure, cohorts;	/* in PLAN_ONE parts */
	ms_t resting_until, not_before, used;
	ms_t stalled;		/* how long this round waited for it */
	char route[QUEUE_ROUTE_MAX];	/* `transport:nexthop` */
};

struct plan_rcpt {
	uint32_t index;
	uint32_t at;		/* of its state, behind the content */
	uint16_t next;
	uint8_t notify;
};

struct plan_group {
	uint16_t message;
	uint16_t dest;
	uint16_t next;		/* in its destination, or free */
	uint16_t first, last;	/* recipients that wait */
	uint16_t waiting, out;
};

struct plan_message {
	char id[QUEUE_ID_MAX];	/* empty: free */
	unsigned waiting, out;
	unsigned stuck_on;	/* destination with no room for more of it */
	bool has_more;		/* recipients that were not read */
	bool is_begun;		/* some were read */
	bool is_flushed;	/* goes even by a deferred transport */
};

struct plan_entry {
	char id[QUEUE_ID_MAX];
	ms_t due;
};

/* Some recipients of a message on their way, the first of a chain. */
struct plan_job {
	unsigned group;
	unsigned first;
	unsigned n;
	bool is_sent;		/* it counts for its destination */
};

enum {	/* which messages a reading of the folder is for, besides those due */
	PLAN_ALL = 1,		/* every one: a flush */
	PLAN_NET = 2,		/* those that wait for the network */
	PLAN_SITE = 4		/* those of a domain; the manager knows which */
};

enum plan_step {
	PLAN_REST, PLAN_READ, PLAN_OPEN, PLAN_MORE, PLAN_SEND, PLAN_SHED
};

struct plan_turn {
	enum plan_step step;
	bool from_start;	/* PLAN_READ: it is a new round */
	char id[QUEUE_ID_MAX];	/* PLAN_OPEN */
	unsigned message;	/* PLAN_MORE, PLAN_SEND, PLAN_SHED */
	unsigned dest;		/* PLAN_SEND, PLAN_SHED */
	struct plan_job job;	/* PLAN_SEND, PLAN_SHED */
	ms_t until;		/* PLAN_REST */
};

struct plan {
	/* Rounds of the folder. */
	unsigned modes, next_modes;	/* PLAN_ALL..., of this round */
	bool is_reading;
	bool from_start;	/* the cursor has to go back first */
	bool wants_round;
	bool has_passed;	/* what was passed over may come now */
	bool in_hand;		/* `hand` is to be opened */
	bool just_read;		/* the latest turn was PLAN_READ */
	bool is_tight;		/* no room, until something is done */
	bool was_fresh;		/* the latest to be opened */
	uint8_t source;		/* of what is being opened */
	unsigned rcpt_free, group_free;
	unsigned turn;		/* destination to be asked first */
	unsigned seen;		/* entries of this round, held ones too */
	ms_t round_from;	/* no round of its own accord before */
	ms_t round_ended;
	ms_t horizon;		/* when the first forgotten entry is due */
	ms_t next_horizon;	/* the same, of this round */
	unsigned stalled_on;	/* destination `hand` waits for, since: */
	ms_t stalled;
	ms_t net_at, net_last;	/* when to look for PLAN_NET, did last */
	ms_t paused_until;	/* no processes can be made */
	/* What is in work; places are used from 0 up. */
	unsigned messages_n, jobs_n, rcpts_n, groups_n;
	unsigned rcpts_top, groups_top, dests_top;
	unsigned more_n;	/* messages that have more */
	unsigned soon_n, fresh_n, fresh_at;
	char hand[QUEUE_ID_MAX];
	struct plan_set set;
	struct {
		ms_t not_before;
		unsigned busy;
	} transport[QUEUE_TRANSPORTS];
	/* The big ones, in the order of how long they are needed. */
	struct plan_dest dest[PLAN_DESTS];
	char fresh[PLAN_FRESH][QUEUE_ID_MAX];
	struct plan_entry soon[PLAN_SOON];
	struct plan_message message[PLAN_MESSAGES];
	struct plan_group group[PLAN_GROUPS];
	struct plan_rcpt rcpt[PLAN_RCPTS];
};

/* p is zeroed memory; reads the folder first. */
void plan_start(struct plan *p, const struct plan_set *set);
/* New settings: whoever rests for want of good ones is awake. */
void plan_reset(struct plan *p, const struct plan_set *set);
void plan_turn(struct plan *p, const struct plan_time *t,
	struct plan_turn *out);
/* Nothing is in work, nor known to wait. */
bool plan_is_empty(const struct plan *p);

/* ---- entries and times (queue_due.c) ---- */

bool plan_is_sane(const struct plan *p, const struct plan_time *t);
/*
 * When an entry is due: a time further ahead than maximal_backoff_time is none
 * that we set, but of a clock that was wrong.
 */
ms_t plan_due(const struct plan *p, const struct plan_time *t,
	int64_t next_s);
/* A time to come as the mtime of a file. */
int64_t plan_mtime(const struct plan_time *t, ms_t due);
/*
 * How long to wait after a failed attempt: the age of the message within the
 * bounds, and an eighth of it by chance.  arrived_ms 0: not known.
 */
ms_t plan_backoff(const struct plan *p, const struct plan_time *t,
	int64_t arrived_ms, uint32_t random);
/*
 * Is it too old to be tried again?  To be asked after an attempt; never true
 * under a clock that is wrong, unless the lifetime is 0: one attempt.
 */
bool plan_is_expired(const struct plan *p, const struct plan_time *t,
	int64_t arrived_ms, bool is_null);
/* Is its sender to be told of the delay? */
bool plan_is_delayed(const struct plan *p, const struct plan_time *t,
	int64_t arrived_ms);

void plan_see(struct plan *p, const struct plan_time *t,
	const struct queue_entry *e);
void plan_round_over(struct plan *p, const struct plan_time *t);
/* Somebody told of a message. */
void plan_fresh(struct plan *p, const char *id);
/* A message that is not in work will be due. */
void plan_remember(struct plan *p, const char *id, ms_t due);
/* Read the folder: now, with every message (PLAN_ALL), or some. */
void plan_look(struct plan *p, unsigned modes);
/*
 * plan_network - the network came back: at once, but not twice in ten seconds,
 * and not to the second.
 */
void plan_network(struct plan *p, const struct plan_time *t, uint32_t random);
/* No jobs until then: there are no processes. */
void plan_pause(struct plan *p, ms_t until);

enum { DUE_FOLDER, DUE_SOON, DUE_FRESH };	/* struct plan, source */
/* Begins a round if it is time; *until: when to ask again. */
void due_round(struct plan *p, const struct plan_time *t, ms_t *until);
/* PLAN_OPEN or PLAN_READ; false: neither, until out->until. */
bool due_open(struct plan *p, const struct plan_time *t,
	struct plan_turn *out);
/* It is in work, ahead of its time: nobody need wake up for it then. */
void due_taken(struct plan *p, const char *id);
/* What was opened must wait, as this destination has its share. */
void due_passed(struct plan *p, const struct plan_time *t, const char *id,
	unsigned dest);

/* ---- messages (queue_plan.c) ---- */

/* What the head and the file of a message say. */
struct plan_facts {
	const char *id;
	struct span hop;
	unsigned flags;		/* of struct queue_head */
	int64_t next_s;
	bool is_held;
	bool is_wanted;		/* of the domain that is flushed */
	bool is_old;		/* beyond its lifetime: not to be put off */
};
enum plan_taken {
	PLAN_TAKEN,
	PLAN_NOT_DUE,		/* leave it alone; it is remembered */
	PLAN_PASS,		/* its destination has its share: leave it */
	PLAN_PUT_OFF		/* its destination rests: until *due */
};
enum plan_taken plan_take(struct plan *p, const struct plan_time *t,
	const struct plan_facts *f, unsigned *message, ms_t *due);
bool plan_has_share(const struct plan *p, unsigned dest);
/* What was to be opened is no more. */
void plan_gone(struct plan *p);
/* In work under this id; PLAN_NONE: it isn't. */
unsigned plan_find(const struct plan *p, struct span id);

enum plan_wanted {
	PLAN_WANTED,
	PLAN_NO_ROOM,		/* stop reading; PLAN_MORE says when to go on */
	PLAN_HAS_SHARE,		/* plan_pass() and leave the whole message */
	PLAN_RESTS		/* put off: the destination rests */
};
enum plan_wanted plan_want(struct plan *p, const struct plan_time *t,
	unsigned message, unsigned dest, const struct plan_rcpt *r);
/* All (false) or not all of its recipients were read. */
void plan_read_on(struct plan *p, unsigned message, bool has_more);
/* Takes back plan_take(), as plan_want() said. */
void plan_pass(struct plan *p, const struct plan_time *t, unsigned message,
	unsigned dest);
/* Nothing waits any more, nothing is out, all was read. */
bool plan_message_is_over(const struct plan *p, unsigned message);
/* Forgets what waits of a message; what is out comes in. */
void plan_stop(struct plan *p, unsigned message);
/* It must be over. */
void plan_close(struct plan *p, unsigned message);

/* Takes the recipient of this index out of a job; PLAN_NONE: not in it. */
unsigned plan_job_find(const struct plan *p, const struct plan_job *j,
	uint32_t index);
void plan_decide(struct plan *p, struct plan_job *j, unsigned rcpt);
/* The job was not started after all. */
void plan_undo(struct plan *p, struct plan_job *j);

/* ---- destinations (queue_dest.c) ---- */

/* Of this route, `key` as above; PLAN_NONE: all places are in use. */
unsigned plan_dest(struct plan *p, const struct plan_time *t,
	struct span route, uint32_t key);
/* One that is known, with key 0; PLAN_NONE. */
unsigned plan_dest_find(const struct plan *p, struct span route);
struct span plan_nexthop(const struct plan_dest *d);
bool plan_rests(const struct plan_dest *d, const struct plan_time *t);
/* Does it take none of this message now?  *due: when it may. */
bool plan_is_off(const struct plan *p, const struct plan_time *t,
	unsigned dest, bool is_flushed, ms_t *due);
unsigned plan_share(const struct plan *p);	/* a quarter of the messages */
bool plan_may_send(const struct plan *p, const struct plan_time *t,
	unsigned dest, ms_t *when);
/*
 * plan_done - a job is over, all its recipients decided.
 *
 * faults  QUEUE_HOST_FAULT... that were told; 0 is a success, which the end of
 *	   a process is not: PLAN_DIED.
 * Returns true if the destination rests from now on for what it did not before.
 */
#define PLAN_DIED	0x100u
bool plan_done(struct plan *p, const struct plan_time *t, struct plan_job *j,
	unsigned faults);
/* Whoever rests (for this reason; PLAN_AWAKE: for any) doesn't any more. */
void plan_wake(struct plan *p, enum plan_rest why);
void dest_reset(struct plan *p);	/* the settings are new */
/* Frees a group that has nobody any more (queue_plan.c). */
void group_release(struct plan *p, unsigned i);

#endif
