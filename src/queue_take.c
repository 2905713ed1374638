/*
 * queue_take.c - taking messages up: entries of the folder, heads, recipients
 * and where they go.
 */
#include <string.h>

#include "queue_run_int.h"

static uint32_t
hash(struct span s)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h | 1;
}

void
take_read_folder(struct run *r, bool from_start)
{
	struct queue_entry e;
	enum rc rc;

	if (from_start)
		port_list_close(&r->cursor.list);
	rc = queue_cursor_next(&r->cursor, &e);
	if (rc == RC_OK) {
		plan_see(&r->plan, &r->t, &e);
		return;
	}
	if (rc != RC_NONE)
		run_log(r, NULL, LOG_ERROR, "the queue cannot be read: %s",
			port_error());
	plan_round_over(&r->plan, &r->t);
}

/* ---- a message and its head ---------------------------------------------- */

static enum rc
open_file(struct run *r, struct span id, int *fd)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);

	queue_path(r->q, &path, QUEUE_INCOMING, id);
	return port_open_update(buf_text(&path), fd);
}

/* What cannot be used goes out of the way, or waits, and is told of. */
static void
give_up(struct run *r, const char *id, int fd, enum rc rc)
{
	port_close(fd);
	plan_gone(&r->plan);
	if (rc == RC_WIRE)
		queue_set_aside(r->q, span_of(id), "it is damaged");
	else if (rc != RC_NONE) {
		run_log(r, NULL, LOG_ERROR, "%s: cannot be read: %s", id,
			port_error());
		plan_remember(&r->plan, id, r->t.now + r->plan.set.least_wait);
	}
}

/* An arrival under a wrong clock counts from the first right one on. */
static void
set_arrival(struct run *r, int fd)
{
	int64_t built_ms = r->plan.set.built_s * SECOND;

	if (r->head.arrived_ms >= built_ms ||
	    !plan_is_sane(&r->plan, &r->t))
		return;
	r->head.arrived_ms = r->t.wall_ms;
	if (queue_head_write(fd, &r->head) != RC_OK)
		run_log(r, NULL, LOG_WARNING, "an arrival cannot be written: "
			"%s", port_error());
}

/* Is any that waits of the domain that is to be flushed? */
static bool
is_of_site(struct run *r, int fd)
{
	struct span site = span_of(r->site);

	if (queue_reader_start(&r->reader, fd, &r->head, &r->env) != RC_OK)
		return false;
	while (queue_rcpt_next(&r->reader, &r->rcpt) == RC_OK)
		if (r->rcpt.state == QUEUE_WAITS && span_eq_case(site,
		    mail_addr_domain(r->rcpt.to.addr)))
			return true;
	return false;
}

static enum rc
read_head(struct run *r, const char *id, int *fd, struct plan_facts *f)
{
	struct port_stat st;

	*f = (struct plan_facts){ .id = id };
	r->read_mail = PLAN_NONE;
	TRY(open_file(r, span_of(id), fd));
	TRY(port_stat_fd(*fd, &st));
	TRY(queue_head_read(*fd, &r->head));
	f->hop = span_of(r->head.hop);
	f->flags = r->head.flags;
	f->next_s = st.mtime_s;
	f->is_held = (st.mode & 0200) == 0;
	f->is_old = plan_is_expired(&r->plan, &r->t, r->head.arrived_ms,
		(r->head.flags & (QUEUE_NOTICE | QUEUE_DOUBLE)) != 0);
	if (r->plan.modes & PLAN_SITE)
		f->is_wanted = is_of_site(r, *fd);
	return RC_OK;
}

/* ---- its recipients ------------------------------------------------------ */

/* The reader at this message; the rest of it is not read yet. */
static enum rc
start_reader(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];

	if (r->read_mail == mail)
		return RC_OK;
	r->read_mail = PLAN_NONE;
	TRY(queue_head_read(m->fd, &r->head));
	TRY(queue_reader_start(&r->reader, m->fd, &r->head, &r->env));
	r->read_mail = mail;
	return RC_OK;
}

enum rc
take_rcpt(struct run *r, unsigned mail, const struct plan_rcpt *rcpt)
{
	const struct run_mail *m = &r->mail[mail];

	TRY(start_reader(r, mail));
	queue_rcpt_seek(&r->reader, QUEUE_HEAD_BYTES + m->body_bytes +
		rcpt->at, rcpt->index);
	return queue_rcpt_next(&r->reader, &r->rcpt);
}

/* Where r->rcpt goes; PLAN_NONE: nowhere, and *why says why. */
static enum rc
route(struct run *r, struct buf *why, unsigned *dest)
{
	char room[QUEUE_ROUTE_MAX];
	struct buf b = BUF(room);
	enum queue_transport which;
	uint32_t key = 0;
	enum rc rc = queue_route(r->routes, r->env.sender, r->rcpt.to.addr,
		&b, why);

	if (rc != RC_OK)
		return rc;
	which = queue_transport_find(span_part(buf_span(&b), 0,
		span_find(buf_span(&b), ':')));
	if (b.full || which == QUEUE_TRANSPORTS) {
		buf_puts(why, "mail transport unavailable");
		return RC_DENY;
	}
	if (r->plan.set.limits[which].rcpts == 1)
		key = hash(r->rcpt.to.addr);
	*dest = plan_dest(&r->plan, &r->t, buf_span(&b), key);
	return RC_OK;
}

/* Without a route: later, whatever is wrong. */
static void
no_route(struct run *r, unsigned mail, enum rc rc, struct span why)
{
	struct queue_saying s = {
		.word = QUEUE_SAYS_RCPT, .fate = FATE_LATER,
		.flags = QUEUE_BUG_FAULT, .relay = SPAN("none"),
		.dsn = rc == RC_DENY ? SPAN("4.3.5") : SPAN("4.3.0"),
		.text = why,
	};

	r->mail[mail].was_tried = true;
	fate_decide_read(r, mail, PLAN_NONE, &s);
}

/* Once for each attempt, ahead of what becomes of the recipients. */
static void
introduce(struct run *r, unsigned mail)
{
	char room[RCPT_ADDR_MAX * 2 + 8];
	struct buf b = BUF(room);

	if (r->mail[mail].is_introduced || !log_wants(r->q->log, LOG_INFO))
		return;
	r->mail[mail].is_introduced = true;
	if (r->form.external)
		mail_addr_show(&b, r->env.sender);
	else
		buf_put(&b, r->env.sender);
	run_log(r, NULL, LOG_INFO, "%s: from=<%.*s>, size=%lld, nrcpt=%u "
		"(queue active)", r->plan.message[mail].id,
		SPAN_ARG(buf_span(&b)), (long long)r->head.body_bytes,
		r->head.rcpts);
}

enum go { GO_ON, GO_LATER, GO_AWAY };

/* One recipient that waits. */
static enum go
want(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];
	struct plan_rcpt p = {
		.index = r->rcpt.index,
		.at = (uint32_t)(r->rcpt.at - QUEUE_HEAD_BYTES -
			m->body_bytes),
		.notify = (uint8_t)r->rcpt.to.notify,
	};
	char room[QUEUE_REASON_MAX];
	struct buf why = BUF(room);
	struct queue_saying s;
	unsigned dest = PLAN_NONE;
	enum plan_wanted wanted;
	enum rc rc = route(r, &why, &dest);

	if (rc != RC_OK) {
		introduce(r, mail);
		no_route(r, mail, rc, buf_span(&why));
		return GO_ON;
	}
	wanted = plan_want(&r->plan, &r->t, mail, dest, &p);
	if (wanted != PLAN_HAS_SHARE)
		introduce(r, mail);
	switch (wanted) {
	case PLAN_HAS_SHARE:
		port_close(m->fd);
		m->is_open = false;
		plan_pass(&r->plan, &r->t, mail, dest);
		return GO_AWAY;
	case PLAN_NO_ROOM:
		return GO_LATER;
	case PLAN_RESTS:
		s = fate_resting(r, mail, dest, &why);
		fate_decide_read(r, mail, dest, &s);
		return GO_ON;
	case PLAN_WANTED:
		break;
	}
	return GO_ON;
}

/* What the state of r->rcpt says. */
static enum go
look_at(struct run *r, unsigned mail)
{
	switch (r->rcpt.state) {
	case QUEUE_WAITS:
		return want(r, mail);
	case QUEUE_NEVER:
	case QUEUE_SENT_TELL:		/* of an earlier run */
		r->mail[mail].tells |= RUN_RESULTS;
		return GO_ON;
	case QUEUE_SENT:
	case QUEUE_RETURNED:
		break;
	}
	return GO_ON;
}

/*
 * What cannot be read is not known to be done.  RC_WIRE: it never will be, and
 * the file goes out of the way; else it is kept for another attempt.
 */
static void
unreadable(struct run *r, unsigned mail, enum rc rc)
{
	const char *id = r->plan.message[mail].id;

	if (rc == RC_WIRE) {
		queue_set_aside(r->q, span_of(id), "its envelope is damaged");
		r->mail[mail].is_removed = true;
	} else {
		run_log(r, NULL, LOG_ERROR, "%s: its recipients cannot be "
			"read: %s", id, port_error());
		r->mail[mail].was_tried = r->mail[mail].has_later = true;
	}
	fate_withdraw(r, mail);
}

/* From where the reader stands to the end, or to where there is no room. */
static void
read_on(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];
	enum go go = GO_ON;
	enum rc rc;

	while ((rc = queue_rcpt_next(&r->reader, &r->rcpt)) == RC_OK) {
		go = look_at(r, mail);
		if (go != GO_ON)
			break;
	}
	r->read_mail = PLAN_NONE;	/* the next pass is from elsewhere */
	if (go == GO_AWAY)
		return;
	if (go == GO_LATER) {
		m->next_at = (uint32_t)(r->rcpt.at - QUEUE_HEAD_BYTES -
			m->body_bytes);
		m->next_index = r->rcpt.index;
		plan_read_on(&r->plan, mail, true);
		return;
	}
	plan_read_on(&r->plan, mail, false);
	if (rc != RC_NONE)
		unreadable(r, mail, rc);
	else
		fate_settle(r, mail);
}

void
take_more(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];
	const struct plan_rcpt next = { .at = m->next_at,
		.index = m->next_index };
	enum rc rc;

	r->read_mail = PLAN_NONE;
	rc = take_rcpt(r, mail, &next);
	if (rc != RC_OK) {
		unreadable(r, mail, rc);
		return;
	}
	queue_rcpt_seek(&r->reader, r->rcpt.at, r->rcpt.index);
	read_on(r, mail);
}

/* ---- all of it ----------------------------------------------------------- */

static void
begin(struct run *r, unsigned mail, int fd)
{
	enum rc rc;

	r->mail[mail] = (struct run_mail){
		.is_open = true,
		.fd = fd,
		.body_bytes = r->head.body_bytes,
		.started = r->t.now,
		.off_until = MS_NEVER,
		.hop = PLAN_NONE,
		.login = PLAN_NONE,
		.is_warned = (r->head.flags & QUEUE_DELAY_TOLD) != 0,
	};
	set_arrival(r, fd);
	r->mail[mail].arrived_ms = r->head.arrived_ms;
	rc = queue_reader_start(&r->reader, fd, &r->head, &r->env);
	r->read_mail = PLAN_NONE;
	if (rc != RC_OK) {
		unreadable(r, mail, rc);
		return;
	}
	r->mail[mail].is_null = r->env.sender.n == 0;
	read_on(r, mail);
}

/* Its destination rests, so nobody looks at it before that wakes. */
static void
put_off(struct run *r, const char *id, int fd, ms_t due)
{
	port_close(fd);
	if (queue_put_off(r->q, span_of(id), plan_mtime(&r->t, due)) == RC_OS)
		run_log(r, NULL, LOG_WARNING, "%s: its time cannot be set: %s",
			id, port_error());
}

void
take_open(struct run *r, const struct plan_turn *turn)
{
	struct plan_facts f;
	unsigned mail;
	int fd = -1;
	ms_t due;
	enum rc rc = read_head(r, turn->id, &fd, &f);

	if (rc != RC_OK) {
		give_up(r, turn->id, fd, rc);
		return;
	}
	switch (plan_take(&r->plan, &r->t, &f, &mail, &due)) {
	case PLAN_TAKEN:
		begin(r, mail, fd);
		return;
	case PLAN_PUT_OFF:
		put_off(r, turn->id, fd, due);
		return;
	case PLAN_NOT_DUE:
	case PLAN_PASS:
		break;
	}
	port_close(fd);
}
