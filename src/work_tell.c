/*
 * work_tell.c - the manager's child that writes the notices a message owes.
 *
 * Who is told of what (RFC 3461, 5.2; RFC 5321, 6.1):
 *
 *	failed for good		the sender, unless NOTIFY says otherwise, and
 *				postmaster with notify_classes = bounce
 *	the same, no sender	postmaster, with notify_classes = 2bounce
 *	a report of ours	nobody: it is logged, and that ends every loop
 *	delayed			the sender, once, and postmaster with delay
 *	delivered		the sender who asked for it
 *	password refused	postmaster, once for a relay
 *
 * A notice is on the disk before the manager hears that it was written, and
 * only then does it strike the recipient off: a crash in between may repeat a
 * notice, and never lose one.
 */
#include <string.h>

#include "applet.h"
#include "mail.h"
#include "mail_dsn.h"
#include "port.h"
#include "queue.h"
#include "work.h"

#define ADDR_BYTES	1100
#define COPY_BYTES	4096

struct tell {
	/* The notice that is written. */
	enum mail_dsn_kind kind;
	bool to_postmaster;
	bool is_double;
	bool is_login;			/* of no message, but of a password */
	const char *name;		/* for the log */
	struct span to;

	int fd;				/* of the original */
	struct work_child *child;
	const struct queue_order *order;
	const struct work *work;
	const struct settings *set;
	int64_t *fault;			/* in the trail, by index; 0: none */
	struct mail_dsn dsn;
	struct queue_envelope env;
	struct queue_head head;
	struct queue q;
	struct queue_draft draft;
	struct queue_trail trail;
	struct queue_reader reader;
};

/* ---- which recipients ---------------------------------------------------- */

static bool
wants(unsigned notify, unsigned bit)
{
	return notify == 0 || (notify & bit) != 0;
}

/* Does this one belong into a notice of this kind? */
static bool
is_concerned(enum mail_dsn_kind kind, const struct queue_rcpt *r)
{
	if (kind == MAIL_DSN_FAILED)
		return r->state == QUEUE_NEVER &&
		    wants(r->to.notify, JOB_NOTIFY_FAILURE);
	if (kind == MAIL_DSN_DELAYED)
		return r->state == QUEUE_WAITS &&
		    wants(r->to.notify, JOB_NOTIFY_DELAY);
	return r->state == QUEUE_SENT_TELL;
}

static enum rc
first(struct tell *t)
{
	return queue_reader_start(&t->reader, t->fd, &t->head, &t->env);
}

/* The next one concerned. */
static enum rc
next(struct tell *t, struct queue_rcpt *out)
{
	do
		TRY(queue_rcpt_next(&t->reader, out));
	while (!is_concerned(t->kind, out));
	return RC_OK;
}

/* Where the latest word on each recipient stands in the trail. */
static enum rc
read_trail(struct tell *t)
{
	struct queue_fault f;
	int64_t at;
	enum rc rc;

	t->fault = port_memory(((size_t)t->head.rcpts + 1) * sizeof(*t->fault));
	if (t->fault == NULL)
		return RC_OS;
	queue_trail_start(&t->trail, t->fd, &t->head);
	for (at = t->trail.at; (rc = queue_trail_next(&t->trail, &f)) == RC_OK;
	    at = t->trail.at)
		if (f.index < t->head.rcpts)
			t->fault[f.index] = at;
	return rc == RC_NONE ? RC_OK : rc;
}

/* What the notice says of one: the trail's word, or why it waits. */
static void
describe(struct tell *t, const struct queue_rcpt *r,
	struct mail_dsn_rcpt *out)
{
	struct queue_fault f;

	*out = (struct mail_dsn_rcpt){
		.addr = r->to.addr,
		.orcpt = r->to.orcpt,
		.dsn = span_of(t->head.dsn),
		.relay = SPAN("none"),
		.text = span_of(t->head.reason),
	};
	if (t->kind == MAIL_DSN_DELAYED || t->fault[r->index] == 0)
		return;
	t->trail.at = t->fault[r->index];
	if (queue_trail_next(&t->trail, &f) != RC_OK)
		return;
	out->dsn = f.dsn;
	out->relay = f.relay;
	out->relayed = !span_is(f.relay, WORK_LOCAL_RELAY);
	out->text = f.text;
}

/* ---- the original -------------------------------------------------------- */

/* How much of this piece is header, up to the blank line. */
static size_t
header_in(struct span piece, char *last)
{
	size_t i = 0;

	while (i < piece.n && (piece.p[i] != '\n' || *last != '\n'))
		*last = piece.p[i++];
	return i < piece.n ? i + 1 : i;
}

/*
 * The original, or its header.  Looked at first: it has to be known ahead of it
 * what octets there are.
 */
static enum rc
walk_original(struct tell *t, bool looks)
{
	struct mail_dsn *d = &t->dsn;
	char room[COPY_BYTES], last = '\n';
	int64_t end = t->head.body_bytes;
	struct span piece;
	size_t got, n;

	for (int64_t at = 0; at < end; at += (int64_t)n) {
		n = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		TRY(port_pread(t->fd, room, n, QUEUE_HEAD_BYTES + at, &got));
		if (got == 0)
			return RC_WIRE;
		piece = (struct span){ room, got };
		n = d->whole ? got : header_in(piece, &last);
		piece.n = n;
		if (n < got)
			end = at + (int64_t)n;
		if (looks)
			d->is_8bit |= span_has_8bit(piece);
		else
			TRY(d->put(d->arg, piece));
	}
	return RC_OK;
}

/* ---- one notice ---------------------------------------------------------- */

static enum rc
put(void *arg, struct span text)
{
	struct tell *t = arg;

	return queue_draft_put(&t->draft, text);
}

/* Of each that is concerned. */
static enum rc
write_each(struct tell *t, void (*write)(struct mail_dsn *d,
	const struct mail_dsn_rcpt *r))
{
	struct queue_rcpt r;
	struct mail_dsn_rcpt told;
	enum rc rc;

	TRY(first(t));
	while ((rc = next(t, &r)) == RC_OK) {
		describe(t, &r, &told);
		write(&t->dsn, &told);
	}
	return rc == RC_NONE ? RC_OK : rc;
}

/*
 * RFC 3461, 4.3: RET is about failures; the rest return the header.  Of a
 * notice that bounced postmaster gets all: nobody else will see what it held.
 */
static bool
returns_whole(const struct tell *t)
{
	return t->kind == MAIL_DSN_FAILED &&
	    (!t->to_postmaster || t->is_double) &&
	    t->head.ret != JOB_RET_HDRS &&
	    t->head.body_bytes <= t->set->bounce_size_limit;
}

static void
settle(struct tell *t, struct buf *from)
{
	const struct settings *set = t->set;
	int64_t now_s = port_wall();
	int64_t arrived_s = t->head.arrived_ms / 1000;
	ms_t life = t->env.sender.n > 0 ? set->maximal_queue_lifetime :
	    set->bounce_queue_lifetime;

	buf_fmt(from, "MAILER-DAEMON@%.*s", SPAN_ARG(set->myhostname));
	t->dsn = (struct mail_dsn){
		.kind = t->kind,
		.to_postmaster = t->to_postmaster,
		.is_double = t->is_double,
		.is_utf8 = (t->head.flags & QUEUE_UTF8) != 0,
		.whole = returns_whole(t),
		.host = set->myhostname,
		.product = set->mail_name,
		.from = buf_span(from),
		.to = t->to,
		.id = span_of(t->order->id),
		.notice_id = span_of(t->draft.id),
		.sender = t->env.sender,
		.envid = t->env.envid,
		.now_s = now_s,
		.zone_s = port_zone(now_s),
		.arrived_s = arrived_s,
		.until_s = arrived_s + life / SECOND,
		.put = put,
		.arg = t,
	};
}

/* Its content; what it is like goes to the draft's head. */
static enum rc
compose(struct tell *t)
{
	char room[ADDR_BYTES];
	struct buf from = BUF(room);
	struct mail_dsn *d = &t->dsn;

	settle(t, &from);
	TRY(walk_original(t, true));
	if (d->is_utf8)
		t->draft.head.flags |= QUEUE_UTF8;
	if (d->is_8bit || d->is_utf8)
		t->draft.head.body = JOB_BODY_8BITMIME;
	mail_dsn_start(d);
	TRY(write_each(t, mail_dsn_tell));
	mail_dsn_status(d);
	TRY(write_each(t, mail_dsn_fields));
	mail_dsn_original(d);
	TRY(d->rc);
	TRY(walk_original(t, false));
	mail_dsn_end(d);
	return d->rc;
}

/*
 * A relay that refuses our password holds up all mail for it, and one notice
 * is enough.  It may have to wait for that relay itself; the log has it, too.
 */
static enum rc
compose_login(struct tell *t)
{
	const struct settings *set = t->set;
	struct buf b = BUF(t->child->message);
	int64_t now = port_wall();

	buf_puts(&b, "Date: ");
	civil_put_mail(&b, now, port_zone(now));
	buf_fmt(&b, "\nFrom: Mail Delivery System <MAILER-DAEMON@%.*s>\nTo: ",
	    SPAN_ARG(set->myhostname));
	mail_addr_show(&b, t->to);
	buf_fmt(&b, "\nSubject: Password refused by %.*s: mail waits\n"
	    "Message-ID: <%s.%lld@%.*s>\nAuto-Submitted: auto-generated\n\n"
	    "This is the mail system of %.*s.  %.*s refused its"
	    " password:\n\n    %s\n\nMail that goes there is kept and tried"
	    " again later.  Put the right user and\npassword into"
	    " smtp_sasl_password_maps; postqueue -f then tries at once.\n",
	    SPAN_ARG(t->order->nexthop), t->draft.id, (long long)now,
	    SPAN_ARG(set->myhostname), SPAN_ARG(set->myhostname),
	    SPAN_ARG(t->order->nexthop), t->head.reason);
	return b.full ? RC_FULL : queue_draft_put(&t->draft, buf_span(&b));
}

/* A setting's address, which may lack its domain. */
static struct span
complete(const struct tell *t, struct buf *room, struct span addr)
{
	buf_put(room, addr);
	if (!mail_addr_has_domain(addr))
		buf_fmt(room, "@%.*s", SPAN_ARG(t->set->myorigin));
	return buf_span(room);
}

static enum rc
address(struct tell *t)
{
	char room[ADDR_BYTES];
	struct buf from = BUF(room);
	struct queue_envelope e = { .sender = SPAN("") };

	if (t->to_postmaster)
		e.sender = complete(t, &from, t->set->double_bounce_sender);
	TRY(queue_draft_envelope(&t->draft, &e));
	return work_address(t->work, &t->draft, t->to);
}

static enum rc
write_notice(struct tell *t)
{
	const struct log *log = t->work->log;
	char room[QUEUE_ID_MAX + 8];
	struct buf ask = BUF(room);
	struct queue_head *h = &t->draft.head;
	enum rc rc;

	TRY(queue_draft_open(&t->draft, &t->q, false));
	h->arrived_ms = port_wall_ms();
	h->uid = port_uid();
	h->flags = t->to_postmaster ? QUEUE_DOUBLE : QUEUE_NOTICE;
	rc = t->is_login ? compose_login(t) : compose(t);
	if (rc == RC_OK)
		rc = address(t);
	if (rc != RC_OK) {
		queue_draft_drop(&t->draft);
		return rc;
	}
	TRY(queue_draft_publish(&t->draft));
	log_line(log, LOG_INFO, "%s: %s notification: %s", t->order->id,
	    t->name, t->draft.id);
	buf_fmt(&ask, "new %s", t->draft.id);
	if (queue_ask(&t->q, buf_span(&ask), NULL) != RC_OK)
		log_line(log, LOG_DEBUG, "%s: nobody to be told",
		    t->draft.id);	/* it is found at the next round */
	return RC_OK;
}

/* ---- who is told --------------------------------------------------------- */

static enum rc
write_to_sender(struct tell *t, const char *name)
{
	t->name = name;
	t->to = t->env.sender;
	return write_notice(t);
}

static enum rc
write_to_postmaster(struct tell *t, const char *name, struct span to)
{
	char room[ADDR_BYTES];
	struct buf b = BUF(room);

	t->name = name;
	t->to_postmaster = true;
	t->to = complete(t, &b, to);
	return b.full ? RC_FULL : write_notice(t);
}

static enum rc
tell_failed(struct tell *t)
{
	const struct settings *set = t->set;
	const char *lost;

	if ((t->head.flags & QUEUE_DOUBLE) != 0)
		lost = "a report to postmaster could not be delivered, and is";
	else if (t->env.sender.n > 0) {
		TRY(write_to_sender(t, "sender non-delivery"));
		if ((set->notify_classes & NOTIFY_BOUNCE) == 0)
			return RC_OK;
		return write_to_postmaster(t, "postmaster non-delivery",
		    set->bounce_notice_recipient);
	} else if ((set->notify_classes & (NOTIFY_BOUNCE | NOTIFY_2BOUNCE))) {
		t->is_double = true;
		return write_to_postmaster(t, "postmaster non-delivery",
		    set->double_bounce_notice_recipient);
	} else
		lost = "it could not be delivered, and has no sender to be"
		    " told:";
	log_line(t->work->log, LOG_WARNING, "%s: %s dropped", t->order->id,
	    lost);
	return RC_OK;
}

static enum rc
tell_delayed(struct tell *t)
{
	if (t->env.sender.n == 0 || (t->head.flags & QUEUE_DOUBLE) != 0)
		return RC_OK;
	TRY(write_to_sender(t, "sender delay"));
	if ((t->set->notify_classes & NOTIFY_DELAY) == 0)
		return RC_OK;
	return write_to_postmaster(t, "postmaster delay",
	    t->set->delay_notice_recipient);
}

static enum rc
tell_done(struct tell *t)
{
	return t->env.sender.n == 0 ? RC_OK : write_to_sender(t,
	    "sender delivery status");
}

/* Is there anybody it would be about? */
static enum rc
tell_kind(struct tell *t, enum mail_dsn_kind kind,
	enum rc (*tell)(struct tell *t))
{
	struct queue_rcpt r;
	enum rc rc;

	t->kind = kind;
	t->to_postmaster = false;
	TRY(first(t));
	rc = next(t, &r);
	return rc == RC_OK ? tell(t) : rc == RC_NONE ? RC_OK : RC_WIRE;
}

static enum rc
tell_all(struct tell *t)
{
	TRY(queue_head_read(t->fd, &t->head));
	TRY(first(t));
	t->is_login = span_is(t->order->transport, QUEUE_TELL_LOGIN);
	if (t->is_login)
		return write_to_postmaster(t, "postmaster password",
		    t->set->error_notice_recipient);
	if (span_is(t->order->transport, QUEUE_TELL_DELAY))
		return tell_kind(t, MAIL_DSN_DELAYED, tell_delayed);
	TRY(read_trail(t));
	TRY(tell_kind(t, MAIL_DSN_FAILED, tell_failed));
	return tell_kind(t, MAIL_DSN_DONE, tell_done);
}

/* ---- the child ----------------------------------------------------------- */

int
work_tell(void *arg, int fd)
{
	struct tell *t = port_memory(sizeof(*t));
	struct work_child *c = work_child(arg, fd);

	if (t == NULL || c == NULL)
		return EXIT_LATER;
	t->child = c;
	t->order = &c->order;
	t->work = c->work;
	t->set = &t->work->param->set;
	if (work_hear(c, MS_NEVER, &t->fd) != RC_OK ||
	    queue_open(&t->q, t->work->param, t->work->log) != RC_OK)
		return EXIT_LATER;
	return work_done(c, tell_all(t), 0) == RC_OK ? EXIT_OK : EXIT_LATER;
}
