/*
 * report.h - a job, and what became of it.  Rank 5.  Made by whoever has mail
 * (an applet, the queue manager), read by whoever delivers (smtp.h).
 */
#ifndef POSTERN_REPORT_H
#define POSTERN_REPORT_H

#include "base.h"
#include "mail.h"
#include "param.h"

enum job_body { JOB_BODY_NONE, JOB_BODY_7BIT, JOB_BODY_8BITMIME };
enum job_ret { JOB_RET_NONE, JOB_RET_FULL, JOB_RET_HDRS };
/* By their names in MAIL (RFC 6152, 3461), in any case. */
MUST_USE bool job_body_find(struct span name, enum job_body *out);
MUST_USE bool job_ret_find(struct span name, enum job_ret *out);
enum {	/* NOTIFY, RFC 3461, 4.1 */
	JOB_NOTIFY_NEVER = 1, JOB_NOTIFY_SUCCESS = 2, JOB_NOTIFY_FAILURE = 4,
	JOB_NOTIFY_DELAY = 8
};
enum {	/* flags= of a service */
	JOB_FLAG_D = 1,		/* Delivered-To in front, and a loop check */
	JOB_FLAG_O = 2,		/* X-Original-To in front */
	JOB_FLAG_R = 4,		/* Return-Path in front */
	JOB_FLAG_X = 8		/* this is final delivery */
};
/* The original client, for XFORWARD; the order is that of the command. */
enum job_attr {
	JOB_NAME, JOB_ADDR, JOB_PORT, JOB_PROTO, JOB_HELO, JOB_IDENT,
	JOB_SOURCE, JOB_ATTRS
};

const char *job_attr_name(enum job_attr attr);	/* in capitals */
/* By its name, in any case; JOB_ATTRS: nothing is called so. */
enum job_attr job_attr_find(struct span name);

/*
 * Octets of an address.  RFC 5321, 4.5.3.1, has 64 and 255 for its parts; more
 * than this would fit neither into a command nor into a log line.
 */
#define RCPT_ADDR_MAX	1500

/* A recipient, as long as it is looked at. */
struct rcpt {
	struct span addr;	/* unquoted */
	struct span orcpt;	/* `type;address`, not in xtext; or empty */
	unsigned notify;	/* JOB_NOTIFY_, 0: nothing was said */
	struct span given;	/* what the sender wrote, if it is another */
};

/* NOTIFY, RFC 3461, 4.1: a list without blanks, or NEVER alone. */
MUST_USE bool rcpt_parse_notify(struct span s, unsigned *out);
void rcpt_put_notify(struct buf *b, unsigned notify);	/* 0: nothing */
/* ORCPT, not in xtext: `type;address`. */
MUST_USE bool rcpt_parse_orcpt(struct span s, struct span *out);

/*
 * Recipients are not kept as structs, as there may be thousands: `words` is
 * the text they came in, one or more C strings for each ([-N NOTIFY]
 * [-O ORCPT] [-G GIVEN] [--] RCPT, where options may have their word glued),
 * and `state` has one octet for each.
 */
enum rcpt_state {
	RCPT_PENDING,		/* no word on it yet */
	RCPT_ASKED,		/* offered to the present server */
	RCPT_TAKEN,		/* accepted by the present server */
	RCPT_REFUSED,		/* refused for now by the present server */
	RCPT_DONE		/* answered for: never touched again */
};

struct rcpt_list {
	char *const *words;
	size_t words_n;
	unsigned char *state;	/* enum rcpt_state */
	size_t n;
	size_t pending;		/* how many are not RCPT_DONE */
};

/* A place in the list; all zero is the beginning. */
struct rcpt_at {
	size_t word, index;
};

/*
 * rcpt_list_open - counts and checks the words, takes memory for the states.
 * The words are borrowed.  None at all make an empty list.
 * RC_WIRE: a word that is no recipient; *bad is its index.  RC_OS: no memory.
 */
MUST_USE enum rc rcpt_list_open(struct rcpt_list *l, char *const *words,
	size_t n, size_t *bad);

/*
 * rcpt_next - the next recipient, whose state is l->state[at->index - 1]
 * afterwards.  false: there are no more.
 */
bool rcpt_next(const struct rcpt_list *l, struct rcpt_at *at,
	struct rcpt *out);

struct job {
	struct span sender;	/* unquoted; empty is the null sender */
	struct span nexthop;
	struct span envid;	/* not in xtext; empty: none */
	struct span attr[JOB_ATTRS];	/* empty: not known */
	struct span queue_id;	/* for the log; may be empty */
	enum job_body body;
	enum job_ret ret;
	unsigned flags;		/* JOB_FLAG_ */
	bool smtputf8;		/* it was submitted with SMTPUTF8 */
	bool probe;		/* stop ahead of the content */
	bool more;		/* another job for this next hop waits */
	int64_t arrived_ms;	/* port_wall_ms() at arrival */
	ms_t started;		/* port_now() when the work on it began */
	struct mail_source mail;
	struct rcpt_list rcpts;
};

/* LATER is zero: what nobody decided is tried again. */
enum fate { FATE_LATER, FATE_SENT, FATE_NEVER };

#define DSN_MAX		12	/* `5.999.999` and its NUL */

/*
 * Whom a failure is about, besides the recipient, for whoever plans the next
 * try.
 */
enum {
	REACH_HOST = 1,		/* not reached, or its handshake failed */
	REACH_NET = 2,		/* the network was away, not the server */
	REACH_LOGIN = 4,	/* our password was refused */
	REACH_OURS = 8,		/* settings, or trouble of this machine */
	REACH_TOLD = 16		/* of success: NOTIFY was passed on, and whoever
				   took the mail sees to it */
};

/* What becomes of one recipient, and why. */
struct verdict {
	enum fate fate;
	char dsn[DSN_MAX];	/* RFC 3463 */
	struct span relay;	/* `none`, `host[address]:port` */
	struct span text;	/* made printable already */
	bool softened;		/* soft_bounce made it so */
	unsigned reach;		/* REACH_ */
	unsigned conn_use;	/* messages on this connection, 1: fresh */
	ms_t connected;		/* port_now() at these points; 0: not reached */
	ms_t sending;		/* the session stood and MAIL could be said */
};

/*
 * struct report - where verdicts go.  `put` is called once for each recipient
 * of a job, and has written it down when it returns RC_OK.
 */
struct report {
	enum rc (*put)(struct report *r, const struct job *j,
		const struct rcpt *to, const struct verdict *v);
};

/*
 * report_line - `to=<...>, relay=..., delay=..., delays=a/b/c/d, dsn=...,
 * status=... (...)`, no newline.  orig_to=<...> stands behind to= if something
 * else was given, conn_use= behind relay= if it is more than 1.  A text that
 * does not fit in b is cut, to keep the closing `)`.
 *
 * external  show addresses quoted (info_log_address_format).
 * digits    delay_logging_resolution_limit.
 */
#define REPORT_LINE_MAX	4096	/* holds any address, quoted, and a text */
struct report_form {
	bool external;
	bool ascii_only;	/* smtputf8_enable = no: `?` beyond ASCII */
	int digits;
};
struct report_form report_form_of(const struct settings *set);
void report_line(struct buf *b, const struct report_form *f,
	const struct job *j, const struct rcpt *to, const struct verdict *v);

#endif
