/*
 * queue_run_int.h - what the files of the manager share among themselves.
 *
 *	queue_run.c	the loop: waiting, time, signals, settings, the end
 *	queue_take.c	taking messages up, reading their recipients
 *	queue_fate.c	what becomes of a recipient, and of a message
 *	queue_crew.c	children: orders, sayings, deaths
 *	queue_control.c	requests from outside
 */
#ifndef POSTERN_QUEUE_RUN_INT_H
#define POSTERN_QUEUE_RUN_INT_H

#include "queue_int.h"

/* Beside those that deliver: one writes notices, one takes in what lies in
   drop, and some are on their way out. */
#define RUN_CHILDREN	(PLAN_PROCESSES + 8)
#define RUN_CALLERS	4
#define RUN_PLACE_MAX	160	/* a path below the queue, or main.cf */
#define RUN_REASON_MAX	100	/* why a destination rests */

/* How far a message in work is. */
enum run_phase {
	RUN_ACTIVE,		/* recipients wait, or are out */
	RUN_TELLS,		/* notices are to be written, or are */
	RUN_SYNCS		/* over, but its marks are not synced */
};

/* Notices that a message owes. */
enum {				/* in their order */
	RUN_RESULTS = 1,	/* what failed; what was sent, if asked for */
	RUN_LOGIN = 2,		/* a password was refused */
	RUN_DELAY = 4
};

/* A message in work, beside its struct plan_message. */
struct run_mail {
	const char *id;
	bool is_open;		/* false: none is in work here */
	uint16_t n;		/* its place in the plan */
	int fd;			/* for marks */
	uint32_t next_at;	/* where reading goes on, behind the content */
	uint32_t next_index;
	int64_t body_bytes, arrived_ms;
	ms_t started;
	ms_t off_until;		/* when the first one that was put off may go */
	uint16_t hop;		/* destination of all that wait; PLAN_NONE */
	uint16_t login;		/* destination that refused the password */
	uint8_t phase, tells;
	bool is_null;		/* the sender is empty: it is a notice */
	bool was_tried;
	bool has_later;		/* some wait for another attempt */
	bool has_hop;		/* `hop` is of somebody */
	bool not_network;	/* some wait for other reasons */
	bool has_reason;	/* this attempt's is in the head */
	bool is_warned;		/* the sender knows of the delay */
	bool is_expired;	/* and that was not logged yet */
	bool is_dirty;		/* marks that are not synced */
	bool is_removed;	/* the file is */
	bool is_doomed;		/* to be removed: somebody asked for it */
	bool has_mute;		/* notices could not be written: none now */
	bool is_told;		/* an order for its notices is out */
	bool is_introduced;	/* logged, with sender and size */
};

struct run_child {
	unsigned pid;		/* 0: none */
	int fd;
	uint8_t task;		/* enum queue_task */
	bool is_busy, is_leaving;
	bool has_success;	/* of the job: somebody was answered for */
	uint16_t dest;
	unsigned generation;	/* of the settings */
	unsigned jobs;
	unsigned faults;	/* of the job, QUEUE_HOST_FAULT... */
	struct run_mail *mail;
	uint64_t route;		/* hash of where it goes */
	struct plan_job job;
	ms_t since;		/* the job, or the rest */
};

struct run_caller {
	int fd;
	uint32_t uid;
	ms_t until;
};

/* Why a destination rests, for the log and `status`. */
#define RUN_RESTING	"delivery temporarily suspended: "
#define RUN_RESTING_N	(sizeof(RUN_RESTING) - 1)
struct run_note {
	char dsn[DSN_MAX];
	char text[RUN_RESTING_N + RUN_REASON_MAX];	/* that ahead of it */
};

enum { WATCH_CONTROL, WATCH_SIGNALS, WATCH_LINKS, WATCH_CALLERS,
	WATCH_CHILDREN = WATCH_CALLERS + RUN_CALLERS,
	WATCHES = WATCH_CHILDREN + RUN_CHILDREN };

struct run {
	struct queue *q;
	const struct queue_crew *crew;
	struct queue_routes *routes;
	struct plan *plan;
	struct plan_time t;
	const struct run_mail *reading;	/* the reader is at it; NULL */
	ms_t sync_at, stop_at;
	ms_t pickup_at;		/* something stays in drop */
	bool stay;
	bool is_stopping;
	bool wants_pickup;
	bool is_folder_dirty;	/* names were removed */
	bool is_capped;		/* was told of default_process_limit */
	bool has_spawn_trouble;
	bool was_busy;		/* since memory was given back */
	int control, signals, links;
	unsigned generation;
	struct report_form form;
	/* main.cf, as of the latest look */
	ms_t looked;
	int64_t conf_mtime, conf_size;
	uint64_t conf_inode;
	/* what `status` tells */
	int64_t since_s;
	unsigned decided[FATE_NEVER + 1], removed;
	char site[256];		/* of flush-site */
	struct run_caller caller[RUN_CALLERS];
	struct run_child child[RUN_CHILDREN];
	struct run_mail mail[PLAN_MESSAGES];
	struct run_note note[PLAN_DESTS];
	struct port_watch watch[WATCHES];
	struct queue_cursor cursor;
	/* From here on nothing is kept while there is nothing to do. */
	struct queue_head head;
	struct queue_envelope env;
	struct queue_rcpt rcpt;
	struct queue_order order;
	struct queue_reader reader;
	char message[PORT_MESSAGE_MAX];
};

/* ---- queue_run.c ---- */

void run_clock(struct run *r);
/* A line for the log as a transport would write it; NULL: as the manager. */
void run_log(const struct run *r, const char *transport,
	enum log_level level, const char *fmt, ...) PRINTF(4, 5);
/* `ID: WHAT: why the port failed`. */
void run_trouble(const struct run *r, enum log_level level, const char *id,
	const char *what);
bool run_has_drop(const struct queue *q);
void run_settings(struct run *r, struct plan_set *out);
/* The settings are read anew; false: they are bad and the old ones stay. */
bool run_reload(struct run *r);
void run_stop(struct run *r);
/* Marks and names to the disk: now. */
void run_sync(struct run *r);
/* The same, within a second. */
void run_sync_soon(struct run *r);

/* ---- queue_take.c ---- */

void take_open(struct run *r, const struct plan_turn *turn);
void take_more(struct run *r, struct run_mail *m);
void take_read_folder(struct run *r, bool from_start);
/* Head and sender, and the reader at the first recipient. */
MUST_USE enum rc take_read(struct run *r, const struct run_mail *m);
/*
 * The record of a recipient that is in memory: r->rcpt, until the next call.
 */
MUST_USE enum rc take_rcpt(struct run *r, const struct run_mail *m,
	const struct plan_rcpt *rcpt);

/* ---- queue_fate.c ---- */

/* What was said of one recipient of a job: log, file, memory. */
void fate_decide(struct run *r, struct run_mail *m, struct plan_job *j,
	unsigned rcpt, const struct queue_saying *s);
/* The same of one that is not in memory, as r->rcpt. */
void fate_decide_read(struct run *r, struct run_mail *m, unsigned dest,
	const struct queue_saying *s);
/* All that are left in a job, for a reason of ours; how many. */
unsigned fate_decide_rest(struct run *r, struct run_mail *m,
	struct plan_job *j, const struct queue_saying *s);
/* A job of a transport that needs no process: error, retry, discard. */
void fate_job(struct run *r, struct run_mail *m,
	const struct plan_turn *turn);
/* Recipients of a destination that rests. */
void fate_shed(struct run *r, struct run_mail *m,
	const struct plan_turn *turn);
/* Why nothing of a message goes to this destination now. */
void fate_resting(struct run *r, struct run_mail *m, unsigned dest,
	struct queue_saying *s);
/* It is removed as soon as nothing of it is out. */
void fate_doom(struct run *r, struct run_mail *m);
/* Nothing more of it is sent in this attempt; it is kept. */
void fate_withdraw(struct run *r, struct run_mail *m);
/* The job is over; its message may be, too. */
void fate_job_over(struct run *r, struct run_mail *m, struct plan_job *j,
	unsigned faults);
/* If it is over: notices, the next try, or its end. */
void fate_settle(struct run *r, struct run_mail *m);
/* An order for notices (RUN_RESULTS...) was carried out, or not. */
void fate_told(struct run *r, struct run_mail *m, unsigned notice, bool well);
/* Its marks are on the disk. */
void fate_synced(struct run *r, struct run_mail *m);
/* The head that was read and changed. */
void fate_write_head(struct run *r, const struct run_mail *m);

/* ---- queue_crew.c ---- */

/* For what is not to be kept itself. */
uint64_t crew_hash(struct span s);
/* RC_FULL, RC_OS: not now. */
MUST_USE enum rc crew_send(struct run *r, struct run_mail *m,
	const struct plan_turn *turn);
/* Of RUN_RESULTS...; RC_FULL: when others are done, RC_OS: it cannot be. */
MUST_USE enum rc crew_tell(struct run *r, struct run_mail *m,
	unsigned notice);
/* Shows the queue on this connection. */
MUST_USE enum rc crew_list(struct run *r, struct span form, int fd);
void crew_pickup(struct run *r);
/* Something came, or the end did.  Apart, as sayings are large, and the loop's
   frame is below all that it calls. */
NOINLINE void crew_heard(struct run *r, struct run_child *c);
/* Those with nothing to do, of other settings than these, go. */
void crew_let_go(struct run *r, unsigned generation);
/* Makes no progress for too long: its end.  *until: when to ask again. */
void crew_watch(struct run *r, ms_t *until);
unsigned crew_busy(const struct run *r);
/* Every child, by force. */
void crew_end(struct run *r);

/* ---- queue_control.c ---- */

MUST_USE enum rc control_open(struct run *r);
void control_close(struct run *r);
void control_accept(struct run *r);
void control_heard(struct run *r, struct run_caller *c);
/* Callers that said nothing go.  *until: when to ask again. */
void control_watch(struct run *r, ms_t *until);

#endif
