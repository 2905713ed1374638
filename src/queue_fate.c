/*
 * queue_fate.c - what becomes of a recipient, and then of its message.
 *
 *	sent	a mark, or the message goes if it was the last
 *	later	the reason into the head, once for each attempt; too old is
 *		never
 *	never	a record of why behind the message, and to the disk, and a mark
 *
 * A message that is over owes its notices first.  Then it is removed, or its
 * next try is set, which is after its last mark, as that is its mtime.  It
 * stays in work until its marks are on the disk, within a second.
 */
#include <string.h>

#include "queue_run_int.h"

/* plan_rcpt.notify of one whose failure is recorded and not yet marked. */
#define IN_TRAIL	0x80
#define RESTING		"delivery temporarily suspended: "

bool
fate_is_gone(const struct run_mail *m)
{
	return m->is_removed || m->is_doomed;
}

static const char *
id_of(const struct run *r, unsigned mail)
{
	return r->plan.message[mail].id;
}

static bool
may_expire(struct run *r, const struct run_mail *m, unsigned flags)
{
	if (!plan_is_expired(&r->plan, &r->t, m->arrived_ms, m->is_null))
		return false;
	/* As long as the network is away nothing was tried. */
	return !(flags & QUEUE_NET_FAULT) || port_has_route();
}

/* ---- the log ------------------------------------------------------------- */

/* What a transport logs, for one in r->rcpt that no process looked at. */
static void
log_read(struct run *r, unsigned mail, unsigned dest,
	const struct queue_saying *s)
{
	const struct run_mail *m = &r->mail[mail];
	struct job job = { .arrived_ms = m->arrived_ms > 0 ? m->arrived_ms :
		r->t.wall_ms, .started = m->started };
	struct verdict v = { .fate = s->fate, .relay = s->relay,
		.text = s->text };
	char room[LOG_LINE_MAX];
	struct buf line = BUF(room), dsn = BUF(v.dsn);

	buf_put(&dsn, s->dsn);
	(void)buf_text(&dsn);
	v.softened = s->level == LOG_WARNING;	/* fate_job() says so */
	report_line(&line, &r->form, &job, &r->rcpt.to, &v);
	run_log(r, dest == PLAN_NONE ? "error" : queue_transport_name(
		(enum queue_transport)r->plan.dest[dest].transport), LOG_INFO,
		"%s: %.*s", id_of(r, mail), SPAN_ARG(buf_span(&line)));
}

/* ---- marks --------------------------------------------------------------- */

static int64_t
place(const struct run_mail *m, const struct plan_rcpt *p)
{
	return QUEUE_HEAD_BYTES + m->body_bytes + p->at;
}

static void
mark(struct run *r, unsigned mail, int64_t at, enum queue_state state)
{
	struct run_mail *m = &r->mail[mail];

	if (queue_mark(m->fd, at, state) != RC_OK)
		run_log(r, NULL, LOG_ERROR, "%s: cannot be marked, and so may "
			"be delivered again: %s", id_of(r, mail), port_error());
	m->is_dirty = true;
	run_sync_soon(r);
}

static void
trail(struct run *r, unsigned mail, unsigned index,
	const struct queue_saying *s)
{
	struct run_mail *m = &r->mail[mail];
	const struct queue_fault f = { .index = index, .fate = s->fate,
		.dsn = s->dsn, .relay = s->relay, .text = s->text };

	m->tells |= RUN_RESULTS;
	if (queue_trail_add(m->fd, &f) != RC_OK)
		run_log(r, NULL, LOG_ERROR, "%s: why it failed cannot be "
			"written: %s", id_of(r, mail), port_error());
}

/* What was recorded in the trail is on the disk ahead of the marks. */
static void
sync_trail(struct run *r, unsigned mail)
{
	if (port_sync(r->mail[mail].fd) != RC_OK)
		run_log(r, NULL, LOG_ERROR, "%s: why it failed cannot be "
			"synced: %s", id_of(r, mail), port_error());
}

static void
remove_file(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];

	if (m->is_removed)
		return;
	if (queue_remove(r->q, span_of(id_of(r, mail))) == RC_OS) {
		run_log(r, NULL, LOG_ERROR, "%s: cannot be removed: %s",
			id_of(r, mail), port_error());
		return;
	}
	m->is_removed = true;
	m->is_dirty = false;
	r->is_folder_dirty = true;
	r->removed++;
	run_sync_soon(r);
	run_log(r, NULL, LOG_INFO, "%s: removed", id_of(r, mail));
}

/* ---- one recipient ------------------------------------------------------- */

/* The first reason of an attempt stands for all. */
static void
write_reason(struct run *r, unsigned mail, const struct queue_saying *s)
{
	struct run_mail *m = &r->mail[mail];
	struct buf dsn, reason;

	if (m->has_reason || m->is_removed)
		return;
	m->has_reason = true;
	if (queue_head_read(m->fd, &r->head) != RC_OK)
		return;
	dsn = BUF(r->head.dsn);
	reason = BUF(r->head.reason);
	buf_put_cut(&dsn, s->dsn);
	(void)buf_text(&dsn);
	buf_put_cut(&reason, s->text);
	(void)buf_text(&reason);
	if (queue_head_write(m->fd, &r->head) != RC_OK)
		run_log(r, NULL, LOG_WARNING, "%s: the reason cannot be "
			"written: %s", id_of(r, mail), port_error());
}

static void
is_later(struct run *r, unsigned mail, unsigned dest,
	const struct queue_saying *s)
{
	struct run_mail *m = &r->mail[mail];

	write_reason(r, mail, s);
	m->has_later = true;
	if (!(s->flags & QUEUE_NET_FAULT))
		m->not_network = true;
	if (!m->has_hop)
		m->hop = (uint16_t)dest;
	else if (m->hop != dest)
		m->hop = PLAN_NONE;
	m->has_hop = true;
}

/* Is this recipient all that keeps the message? */
static bool
is_last(const struct run *r, unsigned mail)
{
	const struct plan_message *p = &r->plan.message[mail];
	const struct run_mail *m = &r->mail[mail];

	return p->waiting + p->out == 1 && !p->has_more && !m->has_later &&
		m->tells == 0;
}

/* LATER that has been so for too long is never. */
static enum fate
fate_of(struct run *r, unsigned mail, const struct queue_saying *s)
{
	struct run_mail *m = &r->mail[mail];
	enum fate fate = s->fate;

	if (fate == FATE_LATER && may_expire(r, m, s->flags)) {
		m->is_expired = true;
		fate = FATE_NEVER;
	}
	r->sent += fate == FATE_SENT;
	r->deferred += fate == FATE_LATER;
	r->bounced += fate == FATE_NEVER;
	return fate;
}

static void
is_sent(struct run *r, unsigned mail, const struct plan_rcpt *p,
	const struct queue_saying *s)
{
	struct run_mail *m = &r->mail[mail];
	bool asks = (p->notify & JOB_NOTIFY_SUCCESS) && !m->is_null &&
		!(s->flags & QUEUE_TOLD);

	if (!asks && is_last(r, mail))
		remove_file(r, mail);
	if (fate_is_gone(m))
		return;
	if (asks)
		trail(r, mail, p->index, s);
	mark(r, mail, place(m, p), asks ? QUEUE_SENT_TELL : QUEUE_SENT);
}

void
fate_decide(struct run *r, unsigned mail, struct plan_job *j, unsigned rcpt,
	const struct queue_saying *s)
{
	struct plan_rcpt *p = &r->plan.rcpt[rcpt];
	struct queue_saying final = *s;

	final.fate = fate_of(r, mail, s);
	if (final.fate == FATE_SENT)
		is_sent(r, mail, p, s);
	else if (final.fate == FATE_LATER)
		is_later(r, mail, r->plan.group[j->group].dest, s);
	else if (!fate_is_gone(&r->mail[mail])) {
		trail(r, mail, p->index, &final);
		p->notify |= IN_TRAIL;	/* the end of the job marks them all */
		return;
	}
	plan_decide(&r->plan, j, rcpt);
}

/* Marks those whose failure is in the trail; out of memory with them. */
static void
bury(struct run *r, unsigned mail, struct plan_job *j)
{
	bool is_synced = false;
	unsigned next;

	for (unsigned i = j->first; i != PLAN_NONE; i = next) {
		const struct plan_rcpt *p = &r->plan.rcpt[i];

		next = p->next;
		if (!(p->notify & IN_TRAIL))
			continue;
		if (!is_synced)
			sync_trail(r, mail);
		is_synced = true;
		mark(r, mail, place(&r->mail[mail], p), QUEUE_NEVER);
		plan_decide(&r->plan, j, i);
	}
}

void
fate_decide_read(struct run *r, unsigned mail, unsigned dest,
	const struct queue_saying *s)
{
	struct queue_saying final = *s;

	log_read(r, mail, dest, s);
	final.fate = fate_of(r, mail, s);
	if (final.fate == FATE_LATER) {
		is_later(r, mail, dest, s);
		return;
	}
	trail(r, mail, r->rcpt.index, &final);
	sync_trail(r, mail);
	mark(r, mail, r->rcpt.at, QUEUE_NEVER);
}

unsigned
fate_decide_rest(struct run *r, unsigned mail, struct plan_job *j,
	const struct queue_saying *s)
{
	unsigned next, n = 0;

	for (unsigned i = j->first; i != PLAN_NONE; i = next) {
		next = r->plan.rcpt[i].next;
		if (r->plan.rcpt[i].notify & IN_TRAIL)
			continue;
		if (take_rcpt(r, mail, &r->plan.rcpt[i]) == RC_OK)
			log_read(r, mail, r->plan.group[j->group].dest, s);
		fate_decide(r, mail, j, i, s);
		n++;
	}
	return n;
}

static void
close_mail(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];

	if (r->read_mail == mail)
		r->read_mail = PLAN_NONE;
	port_close(m->fd);
	m->is_open = false;
	plan_close(&r->plan, mail);
}

/* ---- jobs without a process ---------------------------------------------- */

/* `5.7.1 Text`: the status, if it is one of the class; else the default. */
static struct span
split_status(struct span *text, char class, struct span fallback)
{
	struct span rest = *text, word;
	unsigned dots = 0;

	if (!span_word(&rest, " \t", &word) || word.n >= DSN_MAX ||
	    word.n < 5 || word.p[0] != class)
		return fallback;
	for (size_t i = 0; i < word.n; i++) {
		dots += word.p[i] == '.';
		if (word.p[i] != '.' && (word.p[i] < '0' || word.p[i] > '9'))
			return fallback;
	}
	if (dots != 2)
		return fallback;
	*text = span_trim(rest);
	return word;
}

void
fate_job(struct run *r, const struct plan_turn *turn)
{
	const struct plan_dest *d = &r->plan.dest[turn->dest];
	struct queue_saying s = { .word = QUEUE_SAYS_RCPT, .level = LOG_INFO,
		.relay = SPAN("none"), .text = plan_nexthop(d) };
	struct plan_job j = turn->job;

	if (d->transport == QUEUE_DISCARD) {
		s.fate = FATE_SENT;
		s.dsn = split_status(&s.text, '2', SPAN("2.0.0"));
	} else if (d->transport == QUEUE_RETRY) {
		s.fate = FATE_LATER;
		s.dsn = split_status(&s.text, '4', SPAN("4.0.0"));
	} else {
		s.fate = FATE_NEVER;
		s.dsn = split_status(&s.text, '5', SPAN("5.0.0"));
	}
	if (s.fate == FATE_NEVER && r->q->set->soft_bounce) {
		s.fate = FATE_LATER;
		s.level = LOG_WARNING;
		s.dsn = SPAN("4.0.0");
	}
	if (s.text.n == 0)
		s.text = SPAN("mail is not accepted");
	r->mail[turn->message].was_tried = true;
	(void)fate_decide_rest(r, turn->message, &j, &s);
	fate_job_over(r, &j, turn->message, 0);
}

struct queue_saying
fate_resting(struct run *r, unsigned mail, unsigned dest, struct buf *text)
{
	const struct plan_dest *d = &r->plan.dest[dest];
	const struct run_note *n = &r->note[dest];
	struct queue_saying s = { .word = QUEUE_SAYS_RCPT, .fate = FATE_LATER,
		.relay = SPAN("none"), .dsn = span_of(n->dsn) };
	ms_t due;

	(void)plan_is_off(&r->plan, &r->t, dest, false, &due);
	if (due < r->mail[mail].off_until)
		r->mail[mail].off_until = due;
	buf_clear(text);
	if (plan_rests(d, &r->t)) {
		buf_puts(text, RESTING);
		buf_put_cut(text, span_of(n->text));
		if (d->rest == PLAN_NETWORK)
			s.flags = QUEUE_NET_FAULT;
	} else {
		s.dsn = SPAN("4.3.2");
		buf_puts(text, "deferred transport");
	}
	s.text = buf_span(text);
	return s;
}

void
fate_shed(struct run *r, const struct plan_turn *turn)
{
	struct plan_job j = turn->job;
	char room[QUEUE_REASON_MAX];
	struct buf text = BUF(room);
	struct queue_saying s = fate_resting(r, turn->message, turn->dest,
		&text);

	(void)fate_decide_rest(r, turn->message, &j, &s);
	fate_job_over(r, &j, turn->message, 0);
}

void
fate_doom(struct run *r, unsigned mail)
{
	r->mail[mail].is_doomed = true;
	plan_stop(&r->plan, mail);
	if (r->mail[mail].phase == RUN_SYNCS) {
		remove_file(r, mail);
		close_mail(r, mail);
		return;
	}
	fate_settle(r, mail);
}

void
fate_withdraw(struct run *r, unsigned mail)
{
	const struct plan_message *p = &r->plan.message[mail];

	if (p->waiting > 0 || p->has_more)
		r->mail[mail].has_later = r->mail[mail].not_network = true;
	plan_stop(&r->plan, mail);
	fate_settle(r, mail);
}

/* ---- one message --------------------------------------------------------- */

void
fate_job_over(struct run *r, struct plan_job *j, unsigned mail,
	unsigned faults)
{
	unsigned dest = r->plan.group[j->group].dest;
	const struct plan_dest *d = &r->plan.dest[dest];
	bool is_news;

	bury(r, mail, j);
	is_news = plan_done(&r->plan, &r->t, j, faults);
	if (is_news && d->rest != PLAN_AWAKE)
		run_log(r, NULL, LOG_WARNING, "%s rests for %lld s: %s",
			d->route, (long long)((d->resting_until - r->t.now) /
			SECOND), r->note[dest].text);
	if (is_news && d->rest == PLAN_LOGIN) {
		r->mail[mail].tells |= RUN_LOGIN;
		r->mail[mail].login = (uint16_t)dest;
	}
	fate_settle(r, mail);
}

void
fate_synced(struct run *r, unsigned mail)
{
	if (r->mail[mail].phase == RUN_SYNCS)
		close_mail(r, mail);
}

/* The attempt is over: what the head has to say, and the next try. */
static void
write_attempt(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];
	struct buf hop;

	r->read_mail = PLAN_NONE;
	if (queue_head_read(m->fd, &r->head) != RC_OK)
		return;
	r->head.tries++;
	r->head.flags &= ~(unsigned)(QUEUE_NETWORK | QUEUE_DELAY_TOLD);
	if (!m->not_network)
		r->head.flags |= QUEUE_NETWORK;
	if (m->is_warned)
		r->head.flags |= QUEUE_DELAY_TOLD;
	/* One that is cut would be another; with several there is no one. */
	hop = BUF(r->head.hop);
	buf_clear(&hop);
	if (m->hop != PLAN_NONE && r->plan.dest[m->hop].key == 0)
		buf_puts(&hop, r->plan.dest[m->hop].route);
	(void)buf_text(&hop);
	if (queue_head_write(m->fd, &r->head) != RC_OK)
		run_log(r, NULL, LOG_WARNING, "%s: the attempt cannot be "
			"written: %s", id_of(r, mail), port_error());
}

static ms_t
next_try(struct run *r, const struct run_mail *m)
{
	if (!m->was_tried && m->off_until != MS_NEVER)
		return m->off_until;
	return r->t.now + plan_backoff(&r->plan, &r->t, m->arrived_ms,
		port_random_u32());
}

static void
put_off(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];
	ms_t due = next_try(r, m);
	struct span id = span_of(id_of(r, mail));

	write_attempt(r, mail);
	if (queue_put_off(r->q, id, plan_mtime(&r->t, due)) == RC_OS)
		run_log(r, NULL, LOG_WARNING, "%s: its next try cannot be set:"
			" %s", id.p, port_error());
	plan_remember(&r->plan, id.p, due);
}

/* Which notice is next; 0: none. */
static unsigned
next_notice(struct run *r, struct run_mail *m)
{
	static const unsigned order[] = { RUN_RESULTS, RUN_LOGIN, RUN_DELAY };

	if (m->has_mute || fate_is_gone(m))
		return 0;
	/* While the network is away the notice could not leave, either. */
	if (m->has_later && !m->is_warned && !m->is_null && m->not_network &&
	    plan_is_delayed(&r->plan, &r->t, m->arrived_ms))
		m->tells |= RUN_DELAY;
	for (unsigned i = 0; i < COUNT(order); i++)
		if (m->tells & order[i])
			return order[i];
	return 0;
}

static void
finish(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];

	if (!m->has_later || m->is_doomed)
		remove_file(r, mail);
	if (!m->is_removed)
		put_off(r, mail);
	if (m->is_dirty && !m->is_removed) {
		m->phase = RUN_SYNCS;
		return;
	}
	close_mail(r, mail);
}

static void
log_expired(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];

	m->is_expired = false;
	r->read_mail = PLAN_NONE;
	if (queue_head_read(m->fd, &r->head) != RC_OK ||
	    queue_reader_start(&r->reader, m->fd, &r->head, &r->env) != RC_OK)
		return;
	run_log(r, NULL, LOG_INFO, "%s: from=<%.*s>, status=expired, returned "
		"to sender", id_of(r, mail), SPAN_ARG(r->env.sender));
}

void
fate_settle(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];
	unsigned notice;
	enum rc rc;

	if (!m->is_open || m->phase == RUN_SYNCS || m->is_told ||
	    !plan_message_is_over(&r->plan, mail))
		return;
	if (m->is_expired && !fate_is_gone(m))
		log_expired(r, mail);
	notice = next_notice(r, m);
	if (notice == 0) {
		finish(r, mail);
		return;
	}
	m->phase = RUN_TELLS;
	rc = crew_tell(r, mail, notice);
	m->is_told = rc == RC_OK;
	if (rc == RC_OS)
		fate_told(r, mail, notice, false);
}

/* ---- notices ------------------------------------------------------------- */

/* Those that were told of are done. */
static void
strike_off(struct run *r, unsigned mail)
{
	struct run_mail *m = &r->mail[mail];

	r->read_mail = PLAN_NONE;
	if (!m->has_later)		/* the file goes, and all marks */
		return;
	if (queue_head_read(m->fd, &r->head) != RC_OK ||
	    queue_reader_start(&r->reader, m->fd, &r->head, &r->env) != RC_OK)
		return;
	while (queue_rcpt_next(&r->reader, &r->rcpt) == RC_OK)
		if (r->rcpt.state == QUEUE_NEVER)
			mark(r, mail, r->rcpt.at, QUEUE_RETURNED);
		else if (r->rcpt.state == QUEUE_SENT_TELL)
			mark(r, mail, r->rcpt.at, QUEUE_SENT);
}

void
fate_told(struct run *r, unsigned mail, unsigned notice, bool well)
{
	struct run_mail *m = &r->mail[mail];

	m->is_told = false;
	m->tells &= (uint8_t)~notice;
	if (!well) {		/* nothing is struck off: another time */
		m->has_mute = m->has_later = true;
		m->not_network = m->was_tried = true;
	} else if (notice == RUN_RESULTS)
		strike_off(r, mail);
	else if (notice == RUN_DELAY)
		m->is_warned = true;
	fate_settle(r, mail);
}
