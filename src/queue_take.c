/*
 * queue_take.c - taking messages up: entries of the folder, heads, recipients
 * and where they go.
 */
#include <string.h>

#include "queue_run_int.h"

void
take_read_folder(struct run *r, bool from_start)
{
	struct queue_entry e;
	enum rc rc;

	if (from_start)
		port_list_close(&r->cursor.list);
	rc = queue_cursor_next(&r->cursor, &e);
	if (rc == RC_OK) {
		plan_see(r->plan, &r->t, &e);
		return;
	}
	if (rc != RC_NONE)
		run_log(r, NULL, LOG_ERROR, "the queue cannot be read: %s",
			port_error());
	plan_round_over(r->plan, &r->t);
}

/* ---- a message and its head ---------------------------------------------- */

/* What cannot be used goes out of the way, or waits, and is told of. */
static void
give_up(struct run *r, const char *id, int fd, enum rc rc)
{
	port_close(fd);
	plan_gone(r->plan);
	if (rc == RC_WIRE)
		queue_set_aside(r->q, QUEUE_INCOMING, id, "it is damaged");
	else if (rc != RC_NONE) {
		run_trouble(r, LOG_ERROR, id, "cannot be read");
		plan_remember(r->plan, id, r->t.now + r->plan->set.least_wait);
	}
}

/* An arrival under a wrong clock counts from the first right one on. */
static void
set_arrival(struct run *r, struct run_mail *m)
{
	int64_t built_ms = r->plan->set.built_s * SECOND;

	if (r->head.arrived_ms < built_ms && plan_is_sane(r->plan, &r->t)) {
		r->head.arrived_ms = r->t.wall_ms;
		fate_write_head(r, m);
	}
	m->arrived_ms = r->head.arrived_ms;
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
	char path[QUEUE_PATH_MAX];
	struct port_stat st;

	*f = (struct plan_facts){ .id = id };
	r->reading = NULL;
	TRY(port_open_update(queue_at(path, r->q, QUEUE_INCOMING, id), fd));
	TRY(port_stat_fd(*fd, &st));
	TRY(queue_head_read(*fd, &r->head));
	f->hop = span_of(r->head.hop);
	f->flags = r->head.flags;
	f->next_s = st.mtime_s;
	f->is_held = (st.mode & 0200) == 0;
	f->is_old = plan_is_expired(r->plan, &r->t, r->head.arrived_ms,
		(r->head.flags & (QUEUE_NOTICE | QUEUE_DOUBLE)) != 0);
	if (r->plan->modes & PLAN_SITE)
		f->is_wanted = is_of_site(r, *fd);
	return RC_OK;
}

/* ---- its recipients ------------------------------------------------------ */

enum rc
take_read(struct run *r, const struct run_mail *m)
{
	r->reading = NULL;
	TRY(queue_head_read(m->fd, &r->head));
	return queue_reader_start(&r->reader, m->fd, &r->head, &r->env);
}

enum rc
take_rcpt(struct run *r, const struct run_mail *m,
	const struct plan_rcpt *rcpt)
{
	if (r->reading != m)
		TRY(take_read(r, m));
	r->reading = m;
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
	which = queue_transport_find(span_head(buf_span(&b),
	    span_find(buf_span(&b), ':')));
	if (r->plan->set.limits[which].rcpts == 1)
		key = (uint32_t)crew_hash(r->rcpt.to.addr) | 1;
	*dest = plan_dest(r->plan, &r->t, buf_span(&b), key);
	return RC_OK;
}

/* Without a route: later, whatever is wrong. */
static void
no_route(struct run *r, struct run_mail *m, enum rc rc, struct span why)
{
	struct queue_saying s = {
		.fate = FATE_LATER,
		.flags = QUEUE_BUG_FAULT, .relay = SPAN("none"),
		.dsn = rc == RC_DENY ? SPAN("4.3.5") : SPAN("4.3.0"),
		.text = why,
	};

	m->was_tried = true;
	fate_decide_read(r, m, PLAN_NONE, &s);
}

/* Once for each attempt, ahead of what becomes of the recipients. */
static void
introduce(struct run *r, struct run_mail *m)
{
	char room[RCPT_ADDR_MAX * 2 + 8];
	struct buf b = BUF(room);

	if (m->is_introduced || !log_wants(r->q->log, LOG_INFO))
		return;
	m->is_introduced = true;
	if (r->form.external)
		mail_addr_show(&b, r->env.sender);
	else
		buf_put(&b, r->env.sender);
	run_log(r, NULL, LOG_INFO, "%s: from=<%s>, size=%lld, nrcpt=%u "
		"(queue active)", m->id, buf_text(&b),
		(long long)r->head.body_bytes, r->head.rcpts);
}

/* Where r->rcpt stands, behind the content. */
static uint32_t
place(const struct run *r, const struct run_mail *m)
{
	return (uint32_t)(r->rcpt.at - QUEUE_HEAD_BYTES - m->body_bytes);
}

enum go { GO_ON, GO_LATER, GO_AWAY };

/* One recipient that waits. */
static enum go
want(struct run *r, struct run_mail *m)
{
	const struct plan_rcpt p = {
		.index = r->rcpt.index,
		.at = place(r, m),
		.notify = (uint8_t)r->rcpt.to.notify,
	};
	char room[QUEUE_REASON_MAX];
	struct buf why = BUF(room);
	struct queue_saying s;
	unsigned dest = PLAN_NONE;
	enum plan_wanted wanted;
	enum rc rc = route(r, &why, &dest);

	if (rc != RC_OK) {
		introduce(r, m);
		no_route(r, m, rc, buf_span(&why));
		return GO_ON;
	}
	wanted = plan_want(r->plan, &r->t, m->n, dest, &p);
	if (wanted == PLAN_HAS_SHARE) {
		port_close(m->fd);
		m->is_open = false;
		plan_pass(r->plan, &r->t, m->n, dest);
		return GO_AWAY;
	}
	introduce(r, m);
	if (wanted == PLAN_RESTS) {
		fate_resting(r, m, dest, &s);
		fate_decide_read(r, m, dest, &s);
	}
	return wanted == PLAN_NO_ROOM ? GO_LATER : GO_ON;
}

/*
 * What cannot be read is not known to be done.  RC_WIRE: it never will be, and
 * the file goes out of the way; else it is kept for another attempt.
 */
static void
unreadable(struct run *r, struct run_mail *m, enum rc rc)
{
	if (rc == RC_WIRE) {
		queue_set_aside(r->q, QUEUE_INCOMING, m->id,
			"its envelope is damaged");
		m->is_removed = true;
	} else {
		run_trouble(r, LOG_ERROR, m->id, "its recipients cannot be "
			"read");
		m->was_tried = m->has_later = true;
	}
	fate_withdraw(r, m);
}

/* From where the reader stands to the end, or to where there is no room. */
static void
read_on(struct run *r, struct run_mail *m)
{
	enum go go = GO_ON;
	enum rc rc = RC_OK;

	while (go == GO_ON &&
	    (rc = queue_rcpt_next(&r->reader, &r->rcpt)) == RC_OK)
		if (r->rcpt.state == QUEUE_WAITS)
			go = want(r, m);
		else if (r->rcpt.state == QUEUE_NEVER ||
		    r->rcpt.state == QUEUE_SENT_TELL)	/* of an earlier run */
			m->tells |= RUN_RESULTS;
	r->reading = NULL;		/* the next pass is from elsewhere */
	if (go == GO_AWAY)
		return;
	plan_read_on(r->plan, m->n, go == GO_LATER);
	if (go == GO_LATER) {
		m->next_at = place(r, m);
		m->next_index = r->rcpt.index;
	} else if (rc != RC_NONE)
		unreadable(r, m, rc);
	else
		fate_settle(r, m);
}

void
take_more(struct run *r, struct run_mail *m)
{
	const struct plan_rcpt next = { .at = m->next_at,
		.index = m->next_index };
	enum rc rc;

	r->reading = NULL;
	rc = take_rcpt(r, m, &next);
	if (rc != RC_OK) {
		unreadable(r, m, rc);
		return;
	}
	queue_rcpt_seek(&r->reader, r->rcpt.at, r->rcpt.index);
	read_on(r, m);
}

/* ---- all of it ----------------------------------------------------------- */

static void
begin(struct run *r, unsigned mail, int fd)
{
	struct run_mail *m = &r->mail[mail];
	enum rc rc;

	*m = (struct run_mail){
		.id = r->plan->message[mail].id,
		.n = (uint16_t)mail,
		.is_open = true,
		.fd = fd,
		.body_bytes = r->head.body_bytes,
		.started = r->t.now,
		.off_until = MS_NEVER,
		.hop = PLAN_NONE,
		.login = PLAN_NONE,
		.is_warned = (r->head.flags & QUEUE_DELAY_TOLD) != 0,
	};
	set_arrival(r, m);
	rc = queue_reader_start(&r->reader, fd, &r->head, &r->env);
	if (rc != RC_OK) {
		unreadable(r, m, rc);
		return;
	}
	m->is_null = r->env.sender.n == 0;
	read_on(r, m);
}

void
take_open(struct run *r, const struct plan_turn *turn)
{
	struct plan_facts f;
	enum plan_taken taken;
	unsigned mail;
	int fd = -1;
	ms_t due;
	enum rc rc = read_head(r, turn->id, &fd, &f);

	if (rc != RC_OK) {
		give_up(r, turn->id, fd, rc);
		return;
	}
	taken = plan_take(r->plan, &r->t, &f, &mail, &due);
	if (taken == PLAN_TAKEN) {
		begin(r, mail, fd);
		return;
	}
	port_close(fd);
	/* Its destination rests: nobody looks at it before that wakes. */
	if (taken == PLAN_PUT_OFF && queue_put_off(r->q, turn->id,
	    plan_mtime(&r->t, due)) == RC_OS)
		run_trouble(r, LOG_WARNING, turn->id, "its time cannot be "
			"set");
}
