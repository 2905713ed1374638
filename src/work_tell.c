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
	const struct work *work;
	const struct settings *set;
	struct queue q;
	struct queue_order order;
	int fd;				/* of the original */
	struct queue_head head;
	struct queue_envelope env;
	int64_t *fault;			/* in the trail, by index; 0: none */
	struct queue_reader reader;
	struct queue_trail trail;
	struct queue_draft draft;
	char answer[PORT_MESSAGE_MAX];
};

/* One notice: of what kind, for whom. */
struct notice {
	enum mail_dsn_kind kind;
	const char *name;		/* for the log */
	bool to_postmaster;
	bool is_double;
	bool is_login;			/* of no message, but of a password */
	struct span to;
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
	switch (kind) {
	case MAIL_DSN_FAILED:
		return r->state == QUEUE_NEVER &&
		    wants(r->to.notify, JOB_NOTIFY_FAILURE);
	case MAIL_DSN_DELAYED:
		return r->state == QUEUE_WAITS &&
		    wants(r->to.notify, JOB_NOTIFY_DELAY);
	default:
		return r->state == QUEUE_SENT_TELL;
	}
}

static enum rc
first(struct tell *t)
{
	return queue_reader_start(&t->reader, t->fd, &t->head, &t->env);
}

/* The next one concerned. */
static enum rc
next(struct tell *t, enum mail_dsn_kind kind, struct queue_rcpt *out)
{
	do
		TRY(queue_rcpt_next(&t->reader, out));
	while (!is_concerned(kind, out));
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
describe(struct tell *t, const struct queue_rcpt *r, enum mail_dsn_kind kind,
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
	if (kind == MAIL_DSN_DELAYED || t->fault[r->index] == 0)
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

/* The end of its header, behind the blank line, or the whole. */
static enum rc
header_end(const struct tell *t, int64_t *end)
{
	char room[COPY_BYTES], last = '\n';
	int64_t at = 0;
	size_t got;

	for (; at < t->head.body_bytes; at += (int64_t)got) {
		TRY(port_pread(t->fd, room, sizeof(room),
		    QUEUE_HEAD_BYTES + at, &got));
		if (got == 0)
			return RC_WIRE;
		for (size_t i = 0; i < got; last = room[i++])
			if (room[i] == '\n' && last == '\n') {
				*end = at + (int64_t)i + 1;
				if (*end < t->head.body_bytes)
					return RC_OK;
			}
	}
	*end = t->head.body_bytes;
	return RC_OK;
}

/* `put` gets each piece of it; NULL: only *is_8bit is wanted. */
static enum rc
walk_original(struct tell *t, int64_t end, struct mail_dsn *d, bool *is_8bit)
{
	char room[COPY_BYTES];
	size_t got, n;

	for (int64_t at = 0; at < end; at += (int64_t)got) {
		n = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		TRY(port_pread(t->fd, room, n, QUEUE_HEAD_BYTES + at, &got));
		if (got == 0)
			return RC_WIRE;
		if (d != NULL)
			TRY(d->put(d->arg, (struct span){ room, got }));
		*is_8bit |= span_has_8bit((struct span){ room, got });
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

static enum rc
write_parts(struct tell *t, const struct notice *n, struct mail_dsn *d)
{
	struct queue_rcpt r;
	struct mail_dsn_rcpt told;
	enum rc rc;

	mail_dsn_start(d);
	TRY(first(t));
	while ((rc = next(t, n->kind, &r)) == RC_OK) {
		describe(t, &r, n->kind, &told);
		mail_dsn_tell(d, &told);
	}
	if (rc != RC_NONE)
		return rc;
	mail_dsn_status(d);
	TRY(first(t));
	while ((rc = next(t, n->kind, &r)) == RC_OK) {
		describe(t, &r, n->kind, &told);
		mail_dsn_fields(d, &told);
	}
	return rc == RC_NONE ? d->rc : rc;
}

static enum rc
write_original(struct tell *t, struct mail_dsn *d, int64_t end)
{
	bool is_8bit = false;

	mail_dsn_original(d);
	TRY(d->rc);
	TRY(walk_original(t, end, d, &is_8bit));
	mail_dsn_end(d);
	return d->rc;
}

/*
 * RFC 3461, 4.3: RET is about failures; the rest return the header.  Of a
 * notice that bounced postmaster gets all: nobody else will see what it held.
 */
static bool
returns_whole(const struct tell *t, const struct notice *n)
{
	return n->kind == MAIL_DSN_FAILED &&
	    (!n->to_postmaster || n->is_double) &&
	    t->head.ret != JOB_RET_HDRS &&
	    t->head.body_bytes <= t->set->bounce_size_limit;
}

static struct mail_dsn
settle(struct tell *t, const struct notice *n, struct buf *from)
{
	const struct settings *set = t->set;
	int64_t arrived_s = t->head.arrived_ms / 1000;
	ms_t life = t->env.sender.n > 0 ? set->maximal_queue_lifetime :
	    set->bounce_queue_lifetime;

	buf_fmt(from, "MAILER-DAEMON@%.*s", SPAN_ARG(set->myhostname));
	return (struct mail_dsn){
		.kind = n->kind,
		.to_postmaster = n->to_postmaster,
		.is_double = n->is_double,
		.is_utf8 = (t->head.flags & QUEUE_UTF8) != 0,
		.whole = returns_whole(t, n),
		.host = set->myhostname,
		.product = set->mail_name,
		.from = buf_span(from),
		.to = n->to,
		.id = span_of(t->order.id),
		.notice_id = span_of(t->draft.id),
		.sender = t->env.sender,
		.envid = t->env.envid,
		.now_s = port_wall(),
		.zone_s = port_zone(port_wall()),
		.arrived_s = arrived_s,
		.until_s = arrived_s + life / SECOND,
		.put = put,
		.arg = t,
	};
}

/* Its content; what it is like goes to the draft's head. */
static enum rc
compose(struct tell *t, const struct notice *n)
{
	char room[ADDR_BYTES];
	struct buf from = BUF(room);
	struct mail_dsn d = settle(t, n, &from);
	int64_t end = t->head.body_bytes;

	if (!d.whole)
		TRY(header_end(t, &end));
	TRY(walk_original(t, end, NULL, &d.is_8bit));
	t->draft.head.arrived_ms = port_wall_ms();
	t->draft.head.uid = port_uid();
	t->draft.head.flags = n->to_postmaster ? QUEUE_DOUBLE : QUEUE_NOTICE;
	if (d.is_utf8)
		t->draft.head.flags |= QUEUE_UTF8;
	t->draft.head.body = d.is_8bit || d.is_utf8 ? JOB_BODY_8BITMIME :
	    JOB_BODY_NONE;
	TRY(write_parts(t, n, &d));
	return write_original(t, &d, end);
}

/*
 * A relay that refuses our password holds up all mail for it, and one notice
 * is enough.  It may have to wait for that relay itself; the log has it, too.
 */
static enum rc
compose_login(struct tell *t, const struct notice *n)
{
	const struct settings *set = t->set;
	struct buf b = BUF(t->answer);
	int64_t now = port_wall();

	t->draft.head.arrived_ms = port_wall_ms();
	t->draft.head.uid = port_uid();
	t->draft.head.flags = QUEUE_DOUBLE;
	buf_puts(&b, "Date: ");
	civil_put_mail(&b, now, port_zone(now));
	buf_fmt(&b, "\nFrom: Mail Delivery System <MAILER-DAEMON@%.*s>\nTo: ",
	    SPAN_ARG(set->myhostname));
	mail_addr_show(&b, n->to);
	buf_fmt(&b, "\nSubject: Password refused by %.*s: mail waits\n"
	    "Message-ID: <%s.%lld@%.*s>\nAuto-Submitted: auto-generated\n\n",
	    SPAN_ARG(t->order.nexthop), t->draft.id, (long long)now,
	    SPAN_ARG(set->myhostname));
	buf_fmt(&b, "This is the mail system of %.*s.  %.*s refused its"
	    " password:\n\n    %s\n\nMail that goes there is kept and tried"
	    " again later.  Put the right user and\npassword into"
	    " smtp_sasl_password_maps; postqueue -f then tries at once.\n",
	    SPAN_ARG(set->myhostname), SPAN_ARG(t->order.nexthop),
	    t->head.reason);
	return b.full ? RC_FULL : queue_draft_put(&t->draft, buf_span(&b));
}

static enum rc
address(struct tell *t, const struct notice *n)
{
	char room[ADDR_BYTES];
	struct buf from = BUF(room);
	struct queue_envelope e = { .sender = SPAN("") };

	if (n->to_postmaster) {
		buf_put(&from, t->set->double_bounce_sender);
		if (!mail_addr_has_domain(buf_span(&from)))
			buf_fmt(&from, "@%.*s", SPAN_ARG(t->set->myorigin));
		e.sender = buf_span(&from);
	}
	TRY(queue_draft_envelope(&t->draft, &e));
	return work_address(t->work, &t->draft, n->to);
}

static enum rc
write_notice(struct tell *t, const struct notice *n)
{
	char room[QUEUE_ID_MAX + 8];
	struct buf ask = BUF(room);
	enum rc rc;

	TRY(queue_draft_open(&t->draft, &t->q, false));
	rc = n->is_login ? compose_login(t, n) : compose(t, n);
	if (rc == RC_OK)
		rc = address(t, n);
	if (rc != RC_OK) {
		queue_draft_drop(&t->draft);
		return rc;
	}
	TRY(queue_draft_publish(&t->draft));
	log_line(t->work->log, LOG_INFO, "%s: %s notification: %s",
	    t->order.id, n->name, t->draft.id);
	buf_fmt(&ask, "new %s", t->draft.id);
	if (queue_ask(&t->q, buf_span(&ask), NULL) != RC_OK)
		log_line(t->work->log, LOG_DEBUG, "%s: nobody to be told",
		    t->draft.id);	/* it is found at the next round */
	return RC_OK;
}

/* ---- who is told --------------------------------------------------------- */

static enum rc
write_to(struct tell *t, enum mail_dsn_kind kind, const char *name,
	struct span to)
{
	struct notice n = { .kind = kind, .name = name, .to = to };

	return write_notice(t, &n);
}

/* A setting's address, which may lack its domain. */
static enum rc
write_to_postmaster(struct tell *t, struct notice n, struct span to)
{
	char room[ADDR_BYTES];
	struct buf b = BUF(room);

	n.to_postmaster = true;
	buf_put(&b, to);
	if (!mail_addr_has_domain(to))
		buf_fmt(&b, "@%.*s", SPAN_ARG(t->set->myorigin));
	n.to = buf_span(&b);
	return b.full ? RC_FULL : write_notice(t, &n);
}

static enum rc
tell_failed(struct tell *t)
{
	unsigned classes = t->set->notify_classes;
	struct notice n = { .kind = MAIL_DSN_FAILED,
	    .name = "postmaster non-delivery" };

	if ((t->head.flags & QUEUE_DOUBLE) != 0) {
		log_line(t->work->log, LOG_WARNING, "%s: a report to postmaster"
		    " could not be delivered, and is dropped", t->order.id);
		return RC_OK;
	}
	if (t->env.sender.n > 0) {
		TRY(write_to(t, MAIL_DSN_FAILED, "sender non-delivery",
		    t->env.sender));
		if ((classes & NOTIFY_BOUNCE) == 0)
			return RC_OK;
		return write_to_postmaster(t, n,
		    t->set->bounce_notice_recipient);
	}
	n.is_double = true;
	if ((classes & (NOTIFY_BOUNCE | NOTIFY_2BOUNCE)) != 0)
		return write_to_postmaster(t, n,
		    t->set->double_bounce_notice_recipient);
	log_line(t->work->log, LOG_WARNING, "%s: it could not be delivered,"
	    " and has no sender to be told: dropped", t->order.id);
	return RC_OK;
}

static enum rc
tell_delayed(struct tell *t)
{
	const struct notice n = { .kind = MAIL_DSN_DELAYED,
	    .name = "postmaster delay" };

	if (t->env.sender.n == 0 || (t->head.flags & QUEUE_DOUBLE) != 0)
		return RC_OK;
	TRY(write_to(t, MAIL_DSN_DELAYED, "sender delay", t->env.sender));
	if ((t->set->notify_classes & NOTIFY_DELAY) == 0)
		return RC_OK;
	return write_to_postmaster(t, n, t->set->delay_notice_recipient);
}

static enum rc
tell_login(struct tell *t)
{
	const struct notice n = { .is_login = true,
	    .name = "postmaster password" };

	return write_to_postmaster(t, n, t->set->error_notice_recipient);
}

static enum rc
tell_done(struct tell *t)
{
	return t->env.sender.n == 0 ? RC_OK : write_to(t, MAIL_DSN_DONE,
	    "sender delivery status", t->env.sender);
}

/* Is there anybody it would be about? */
static enum rc
tell_kind(struct tell *t, enum mail_dsn_kind kind,
	enum rc (*tell)(struct tell *t))
{
	struct queue_rcpt r;

	TRY(first(t));
	switch (next(t, kind, &r)) {
	case RC_OK: return tell(t);
	case RC_NONE: return RC_OK;
	default: return RC_WIRE;
	}
}

static enum rc
tell_all(struct tell *t)
{
	TRY(queue_head_read(t->fd, &t->head));
	TRY(first(t));
	if (span_is(t->order.transport, QUEUE_TELL_LOGIN))
		return tell_login(t);
	if (span_is(t->order.transport, QUEUE_TELL_DELAY))
		return tell_kind(t, MAIL_DSN_DELAYED, tell_delayed);
	TRY(read_trail(t));
	TRY(tell_kind(t, MAIL_DSN_FAILED, tell_failed));
	return tell_kind(t, MAIL_DSN_DONE, tell_done);
}

/* ---- the child ----------------------------------------------------------- */

static enum rc
say_done(struct tell *t, int fd, enum rc rc)
{
	struct queue_saying s = { .word = QUEUE_SAYS_DONE };
	struct buf b = BUF(t->answer);

	if (rc != RC_OK) {
		s.flags = QUEUE_BUG_FAULT;
		s.text = span_of(port_error());
	}
	queue_saying_put(&b, &s);
	return port_send(fd, buf_span(&b), -1, port_now() + MINUTE);
}

static enum rc
take_order(struct tell *t, int fd)
{
	size_t n;

	TRY(port_recv(fd, t->answer, sizeof(t->answer), MS_NEVER, &n, &t->fd));
	return queue_order_take((struct span){ t->answer, n }, &t->order);
}

int
work_tell(void *arg, int fd)
{
	struct tell *t = port_memory(sizeof(*t));

	if (t == NULL)
		return EXIT_LATER;
	t->work = arg;
	t->set = &t->work->param->set;
	if (take_order(t, fd) != RC_OK ||
	    queue_open(&t->q, t->work->param, t->work->log) != RC_OK)
		return EXIT_LATER;
	return say_done(t, fd, tell_all(t)) == RC_OK ? EXIT_OK : EXIT_LATER;
}
