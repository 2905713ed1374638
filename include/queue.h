/*
 * queue.h - mail kept on disk until every recipient is decided.  Rank 6.
 *
 * One file per message, in the folder `incoming` below queue_directory, from
 * the moment its submitter hears "ok" until the last recipient is done:
 *
 *	incoming/ID	a message; its mtime is when it is to be tried next,
 *			its mode 0600, or 0400 for one on hold
 *	incoming/.NAME	a draft, not taken yet
 *	drop/NAME	the same files, of users who have no way into incoming;
 *			sticky and write-only (1733)
 *	corrupt/ID	what is no message, kept for a person to look at
 *	lock		held by the manager as long as it runs
 *	control		the manager's socket
 *
 * A file is never moved while mail waits in it, so there is no moment in which
 * a power cut could lose a name.  After submission only the manager changes
 * files, in place (who holds the lock is the manager).  It is a resident
 * `qmgr`, or a runner that some sendmail became; it never meets the network
 * and parses nothing that came from there.  Its children deliver (smtp.h),
 * write notices, and take in what lies in drop.
 */
#ifndef POSTERN_QUEUE_H
#define POSTERN_QUEUE_H

#include "base.h"
#include "log.h"
#include "param.h"
#include "port.h"
#include "report.h"

#define QUEUE_INCOMING	"incoming"
#define QUEUE_DROP	"drop"
#define QUEUE_CORRUPT	"corrupt"
#define QUEUE_CONTROL	"control"
#define QUEUE_LOCK	"lock"

#define QUEUE_ID_MAX	24	/* with NUL */
#define QUEUE_PATH_MAX	512	/* of queue_directory and a name below it */

struct queue {
	const struct settings *set;
	const struct param *param;	/* for TRANSPORT_ settings */
	const struct log *log;
	uint32_t owner;			/* uid of mail_owner */
	bool is_volatile;		/* a restart empties it */
	struct span folder;
	char folder_room[QUEUE_PATH_MAX];
};

/*
 * queue_open - finds the queue that the settings name, and makes the folders
 * that are missing where we may (queue_directory's own parent must be there).
 *
 * RC_OK    we may write to incoming.
 * RC_DENY  there is a queue, but only drop is open to us.
 * RC_NONE  there is none, nor can we make one, or queue_directory is empty.
 * RC_WIRE  it belongs to another mail system (it has a folder `active` or
 *          `maildrop`): nothing is to be put there; logged, with the way out.
 */
MUST_USE enum rc queue_open(struct queue *q, const struct param *param,
	const struct log *log);

/* The uid of mail_owner; a spare one where it has no account, or is root. */
uint32_t queue_owner(const struct settings *set);

/* So many octets must be free for new mail to be taken (queue_cap.c). */
int64_t queue_wants(const struct settings *set, const struct port_space *space);

/* `folder/name` below the queue, or the folder itself for an empty name. */
void queue_path(const struct queue *q, struct buf *b, const char *folder,
	struct span name);
/* The same as text, in `room`; the name is at most 255 octets long. */
const char *queue_at(char room[QUEUE_PATH_MAX], const struct queue *q,
	const char *folder, const char *name);
/* Letters and digits, as ids are: what may be put into a path. */
bool queue_id_is_safe(struct span id);

/* ---- the file of a message ----------------------------------------------- */

/*
 * struct queue_head - the first 512 octets, text in fields of fixed width.
 * Behind it are the content, the envelope (its recipients last), and the trail.
 */
#define QUEUE_HEAD_BYTES	512
#define QUEUE_HOP_MAX		128
#define QUEUE_REASON_MAX	200	/* of the reason of deferral */

enum {	/* queue_head.flags */
	QUEUE_NOTICE = 1,	/* we wrote it: answered by no failure notice
				   of its own, but by one to postmaster */
	QUEUE_UTF8 = 2,		/* submitted with SMTPUTF8 */
	QUEUE_DELAY_TOLD = 4,	/* the sender was told of the delay */
	QUEUE_NETWORK = 8,	/* waits for nothing but the network */
	QUEUE_DOUBLE = 16	/* a report to postmaster: never answered */
};

struct queue_head {
	unsigned flags;
	enum job_body body;
	enum job_ret ret;
	int64_t arrived_ms;	/* 0: under a clock that was wrong */
	unsigned tries;
	uint32_t uid;		/* of the submitter */
	int64_t body_bytes;	/* content, from QUEUE_HEAD_BYTES on */
	int64_t env_bytes;	/* envelope, behind it */
	unsigned rcpts;		/* in all */
	char dsn[DSN_MAX];	/* of the latest deferral; empty: never tried */
	/* `transport:nexthop` of the first recipient that waits; may be empty
	   or, if it doesn't fit, cut: for a guess at when to try, no more. */
	char hop[QUEUE_HOP_MAX];
	char reason[QUEUE_REASON_MAX];
};

/*
 * queue_head_read - RC_WIRE: it is no message, or not whole (its parts do not
 * add up to at most the file's size).  RC_OS: it cannot be read.
 */
MUST_USE enum rc queue_head_read(int fd, struct queue_head *out);
/* In place; one write of less than a sector. */
MUST_USE enum rc queue_head_write(int fd, const struct queue_head *h);

/* What becomes of a recipient: one octet in the file, changed in place. */
enum queue_state {
	QUEUE_WAITS = '-',
	QUEUE_SENT = 's',	/* done */
	QUEUE_SENT_TELL = 'S',	/* sent; the sender wants to be told so */
	QUEUE_NEVER = 'N',	/* failed; the trail says why; to be returned */
	QUEUE_RETURNED = 'n',	/* done: it was, or need not be */
};

/* The fields that only the envelope has, ahead of the recipients. */
#define QUEUE_FIELDS	(2 + JOB_ATTRS)
struct queue_envelope {
	union {
		struct {
			struct span sender;	/* unquoted; empty: null */
			struct span envid;	/* not in xtext */
			struct span attr[JOB_ATTRS];
		};
		struct span field[QUEUE_FIELDS];
	};
};

struct queue_rcpt {
	struct rcpt to;
	struct span given;	/* as the submitter wrote it; empty: as `to` */
	enum queue_state state;
	unsigned index;		/* from 0 */
	int64_t at;		/* of its state in the file */
};

/*
 * struct queue_reader - one pass over the envelope.  queue_reader_start() gives
 * its fields, queue_rcpt_next() the recipients in their order; the texts live
 * until the next call, those of the envelope as long as the reader.
 *
 * RC_WIRE: not as it must be.  RC_NONE: there are no more.
 * queue_rcpt_seek - goes on at a recipient that was seen before: its place
 * (`at`) and index.
 */
#define QUEUE_ENVELOPE_BYTES	4096	/* of all fields but recipients */
#define QUEUE_RCPT_BYTES	4700	/* one recipient, three addresses */
struct queue_reader {
	int fd;
	int64_t at, end;
	unsigned index, rcpts;
	size_t from, n;
	char envelope[QUEUE_ENVELOPE_BYTES];
	char data[QUEUE_RCPT_BYTES];
};
MUST_USE enum rc queue_reader_start(struct queue_reader *r, int fd,
	const struct queue_head *h, struct queue_envelope *out);
MUST_USE enum rc queue_rcpt_next(struct queue_reader *r,
	struct queue_rcpt *out);
void queue_rcpt_seek(struct queue_reader *r, int64_t at, unsigned index);

MUST_USE enum rc queue_mark(int fd, int64_t at, enum queue_state state);

/*
 * The trail: what failed for good and why, appended to the file and synced
 * ahead of the mark, and read again for the notice.  A record that is torn is
 * passed over.
 */
struct queue_fault {
	unsigned index;		/* of the recipient */
	enum fate fate;		/* FATE_SENT: for a notice of success */
	struct span dsn;
	struct span relay;	/* as of struct verdict */
	struct span text;
};
#define QUEUE_FAULT_BYTES	2560	/* longer texts are cut */
#define QUEUE_RELAY_MAX		400
/* One write; the caller syncs, once for all the records of a round, and then
   marks the recipients. */
MUST_USE enum rc queue_trail_add(int fd, const struct queue_fault *f);
struct queue_trail {
	int fd;
	int64_t at;
	char data[QUEUE_FAULT_BYTES];
};
void queue_trail_start(struct queue_trail *t, int fd,
	const struct queue_head *h);
/* The latest record of a recipient counts.  RC_NONE: no more.  RC_OS. */
MUST_USE enum rc queue_trail_next(struct queue_trail *t,
	struct queue_fault *out);

/* ---- submission ---------------------------------------------------------- */

/*
 * struct queue_draft - a message that is being written.  Order: open; content
 * with queue_draft_put(); queue_draft_envelope(); a queue_draft_rcpt() for each
 * recipient; publish or drop.
 *
 * head  flags, body, ret, arrived_ms and uid are the caller's to fill ahead of
 *       publish; the rest is made here.
 */
struct queue_draft {
	const struct queue *q;
	struct queue_head head;
	int fd;
	bool is_drop;
	char name[QUEUE_PATH_MAX];
	char id[QUEUE_ID_MAX];	/* known at open, for Received */
	int64_t put;		/* octets in the file */
	struct buf out;
	char room[QUEUE_RCPT_BYTES];
};

/*
 * to_drop  into drop instead of incoming.
 *
 * RC_FULL: the file system has less room than queue_minfree or, without that,
 * one and a half times message_size_limit want, or the queue its caps
 * (postern_queue_bytes, postern_queue_count; see queue_cap.c).
 */
MUST_USE enum rc queue_draft_open(struct queue_draft *d,
	const struct queue *q, bool to_drop);
MUST_USE enum rc queue_draft_put(struct queue_draft *d, struct span content);
/* RC_WIRE: NUL, CR or LF in a text.  RC_FULL: too long (RCPT_ADDR_MAX, and
   QUEUE_ENVELOPE_BYTES in all). */
MUST_USE enum rc queue_draft_envelope(struct queue_draft *d,
	const struct queue_envelope *e);
MUST_USE enum rc queue_draft_rcpt(struct queue_draft *d,
	const struct rcpt *to, struct span given);	/* as above */
/*
 * queue_draft_publish - to the disk and under its id: fsync, rename, fsync of
 * the folder.  Only after RC_OK may anybody be told that the mail was taken.
 * On any other result it is as after queue_draft_drop().
 */
MUST_USE enum rc queue_draft_publish(struct queue_draft *d);
void queue_draft_drop(struct queue_draft *d);

/* ---- looking at the queue ------------------------------------------------ */

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

/* Its file, for reading.  RC_NONE: there is no such message. */
MUST_USE enum rc queue_open_mail(const struct queue *q, const char *id,
	int *fd);

/* For whoever holds the lock; RC_NONE: there is no such message. */
MUST_USE enum rc queue_remove(const struct queue *q, const char *id);
MUST_USE enum rc queue_put_off(const struct queue *q, const char *id,
	int64_t next_s);
MUST_USE enum rc queue_hold(const struct queue *q, const char *id, bool hold);

/*
 * queue_set_aside - out of incoming or drop, into corrupt, and says so, with
 * the reason.  False: it is still there.
 */
bool queue_set_aside(const struct queue *q, const char *folder,
	const char *name, const char *why);

/* ---- the manager from outside -------------------------------------------- */

/*
 * queue_ask - one request to the manager, and its answer.
 *
 * Requests are words: `new ID`, `drop` (something lies there), `flush`,
 * `flush-id ID`, `flush-site DOMAIN`, `hold ID`, `release ID`, `requeue ID`,
 * `delete ID`, `active` (which are being delivered now), `list` and `list -j`
 * (for users who may not read the queue), `status`, `reload`, `stop`.
 *
 * answer  the manager's words: the first line is `ok`, or `no` and a sentence;
 *         what follows is as queue_control.c says for each request.  NULL: not
 *         waited for.
 *
 * RC_NONE: no manager runs.  RC_TIME: it didn't answer within
 * trigger_timeout.
 */
MUST_USE enum rc queue_ask(const struct queue *q, struct span request,
	struct buf *answer);

/*
 * queue_lock - become the manager.  RC_DENY: another process is.  The lock is
 * *fd, and goes with it.
 */
MUST_USE enum rc queue_lock(const struct queue *q, int *fd);

/* ---- the manager --------------------------------------------------------- */

/*
 * What a child is for; its entry gets it as the first message on its socket,
 * a deliverer one for each job.
 */
enum queue_task {
	QUEUE_DELIVER,		/* some recipients of one message, by SMTP or
				   LMTP or to a maildir */
	QUEUE_TELL,		/* write the notices that a message owes */
	QUEUE_PICKUP,		/* take in what lies in drop */
	QUEUE_LIST,		/* show the queue to a caller */
	QUEUE_TASKS
};

/*
 * struct queue_crew - the code of the children, given by the applet, as it
 * ranks above this module.  `arg` is handed through.
 */
struct queue_crew {
	port_entry *task[QUEUE_TASKS];
	/* Reads main.cf anew; false: it is bad, which was logged, and the
	   settings in use stay. */
	bool (*reload)(void *arg);
	void *arg;
};

/*
 * queue_run - be the manager, until it is told to stop or, unless `stay`, the
 * queue is empty.  The caller holds the lock.
 *
 * RC_OK    it was told to stop.
 * RC_NONE  the queue is empty: whoever started a runner gives up the lock, and
 *          then looks at the queue once more (queue_is_empty()).
 */
MUST_USE enum rc queue_run(struct queue *q, const struct queue_crew *crew,
	bool stay);
/* Nothing in incoming that could be tried, and nothing in drop. */
bool queue_is_empty(const struct queue *q);

/* ---- between manager and children ---------------------------------------- */

#define QUEUE_JOB_RCPTS		1000	/* most in one job */
/* In place of an order: it has done enough, and is to say goodbye. */
#define QUEUE_GO		"-"

/* The order that comes with the descriptor of a message (read-only). */
struct queue_order {
	ms_t started;		/* when the manager took the message up */
	uint16_t rcpts;
	uint8_t task;		/* enum queue_task */
	uint8_t more;		/* another job for the same next hop waits */
	char id[QUEUE_ID_MAX];
	struct span transport;
	struct span nexthop;
	char room[512];		/* where the texts are */
	uint32_t index[QUEUE_JOB_RCPTS];	/* rising */
};
MUST_USE enum rc queue_order_put(struct buf *b, const struct queue_order *o);
MUST_USE enum rc queue_order_take(struct span message,
	struct queue_order *out);

/* What a child says back, one message each. */
enum queue_word {
	QUEUE_SAYS_RCPT,	/* a recipient is decided for now */
	QUEUE_SAYS_LOG,		/* a line for the log */
	QUEUE_SAYS_DONE,	/* that was the order; the next may come */
	QUEUE_SAYS_BYE,		/* no order for a while: would go, if let */
};
enum {	/* queue_saying.flags: what a verdict said of its reach */
	QUEUE_HOST_FAULT = REACH_HOST,	/* negative feedback */
	QUEUE_NET_FAULT = REACH_NET,
	QUEUE_LOGIN_FAULT = REACH_LOGIN,
	QUEUE_BUG_FAULT = REACH_OURS,
	QUEUE_TOLD = REACH_TOLD
};
/*
 * In place of a transport in orders of QUEUE_TELL; else it is for what is
 * marked QUEUE_NEVER and QUEUE_SENT_TELL.
 */
#define QUEUE_TELL_DELAY	"delay"	/* its sender */
#define QUEUE_TELL_LOGIN	"login"	/* postmaster: nexthop refuses our
					   password, why is in the head */
enum { QUEUE_A_DSN, QUEUE_A_RELAY, QUEUE_A_LINE, QUEUE_A_TEXT, QUEUE_TEXTS };
struct queue_saying {
	uint8_t word;		/* enum queue_word */
	uint8_t flags;
	uint8_t fate;		/* enum fate */
	uint8_t level;		/* of a line: enum log_level */
	uint32_t index;		/* of the recipient */
	union {
		struct {
			struct span dsn;
			struct span relay;
			struct span line;	/* report_line() of it */
			struct span text;	/* of a verdict, or the log */
		};
		struct span part[QUEUE_TEXTS];
	};
};
/* Cuts text and line rather than fail: b must hold PORT_MESSAGE_MAX. */
void queue_saying_put(struct buf *b, const struct queue_saying *s);
MUST_USE enum rc queue_saying_take(struct span message,
	struct queue_saying *out);

#endif
