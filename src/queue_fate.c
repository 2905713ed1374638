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

static bool
is_gone(const struct run_mail *m)
{
	return m->is_removed || m->is_doomed;
}

static bool
may_expire(struct run *r, const struct run_mail *m, unsigned flags)
{
	if (!plan_is_expired(r->plan, &r->t, m->arrived_ms, m->is_null))
		return false;
	/* As long as the network is away nothing was tried. */
	return !(flags & QUEUE_NET_FAULT) || port_has_route();
}

/* ---- the log ------------------------------------------------------------- */

/* What a transport logs, for one in r->rcpt that no process looked at. */
static void
log_read(struct run *r, const struct run_mail *m, unsigned dest,
	const struct queue_saying *s)
{
	struct job job = { .arrived_ms = m->arrived_ms > 0 ? m->arrived_ms :
		r->t.wall_ms, .started = m->started };
	struct verdict v = { .fate = s->fate, .relay = s->relay,
		.text = s->text };
	char room[LOG_LINE_MAX];
	struct buf line = BUF(room);

	span_copy(s->dsn, v.dsn, sizeof(v.dsn));
	v.softened = s->level == LOG_WARNING;	/* fate_job() says so */
	report_line(&line, &r->form, &job, &r->rcpt.to, &v);
	run_log(r, dest == PLAN_NONE ? "error" : queue_transport_name(
		(enum queue_transport)r->plan->dest[dest].transport), LOG_INFO,
		"%s: %s", m->id, buf_text(&line));
}

/* ---- marks --------------------------------------------------------------- */

static void
mark(struct run *r, struct run_mail *m, int64_t at, enum queue_state state)
{
	if (queue_mark(m->fd, at, state) != RC_OK)
		run_trouble(r, LOG_ERROR, m->id, "cannot be marked, and so may "
			"be delivered again");
	m->is_dirty = true;
	run_sync_soon(r);
}

/* The same of one in memory. */
static void
mark_known(struct run *r, struct run_mail *m, const struct plan_rcpt *p,
	enum queue_state state)
{
	mark(r, m, QUEUE_HEAD_BYTES + m->body_bytes + p->at, state);
}

static void
trail(struct run *r, struct run_mail *m, unsigned index,
	const struct queue_saying *s, enum fate fate)
{
	const struct queue_fault f = { .index = index, .fate = fate,
		.dsn = s->dsn, .relay = s->relay, .text = s->text };

	m->tells |= RUN_RESULTS;
	if (queue_trail_add(m->fd, &f) != RC_OK)
		run_trouble(r, LOG_ERROR, m->id, "why it failed cannot be "
			"written");
}

/* What was recorded in the trail is on the disk ahead of the marks. */
static void
sync_trail(struct run *r, const struct run_mail *m)
{
	if (port_sync(m->fd) != RC_OK)
		run_trouble(r, LOG_ERROR, m->id, "why it failed cannot be "
			"synced");
}

static void
remove_file(struct run *r, struct run_mail *m)
{
	if (m->is_removed)
		return;
	if (queue_remove(r->q, m->id) == RC_OS) {
		run_trouble(r, LOG_ERROR, m->id, "cannot be removed");
		return;
	}
	m->is_removed = true;
	m->is_dirty = false;
	r->is_folder_dirty = true;
	r->removed++;
	run_sync_soon(r);
	run_log(r, NULL, LOG_INFO, "%s: removed", m->id);
}

/* ---- one recipient ------------------------------------------------------- */

void
fate_write_head(struct run *r, const struct run_mail *m)
{
	if (queue_head_write(m->fd, &r->head) != RC_OK)
		run_trouble(r, LOG_WARNING, m->id, "what became of it cannot "
			"be written");
}

/* The first reason of an attempt stands for all. */
static void
write_reason(struct run *r, struct run_mail *m, const struct queue_saying *s)
{
	if (m->has_reason || m->is_removed)
		return;
	m->has_reason = true;
	if (queue_head_read(m->fd, &r->head) != RC_OK)
		return;
	span_copy(s->dsn, r->head.dsn, sizeof(r->head.dsn));
	span_copy(s->text, r->head.reason, sizeof(r->head.reason));
	fate_write_head(r, m);
}

static void
is_later(struct run *r, struct run_mail *m, unsigned dest,
	const struct queue_saying *s)
{
	write_reason(r, m, s);
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
is_last(const struct run *r, const struct run_mail *m)
{
	const struct plan_message *p = &r->plan->message[m->n];

	return p->waiting + p->out == 1 && !p->has_more && !m->has_later &&
		m->tells == 0;
}

/* LATER that has been so for too long is never. */
static enum fate
fate_of(struct run *r, struct run_mail *m, const struct queue_saying *s)
{
	enum fate fate = s->fate;

	if (fate == FATE_LATER && may_expire(r, m, s->flags)) {
		m->is_expired = true;
		fate = FATE_NEVER;
	}
	r->decided[fate]++;
	return fate;
}

/* Whoever was told of a delay may be told of its end, too. */
static bool
wants_success(const struct run *r, const struct run_mail *m, unsigned notify)
{
	return (notify & JOB_NOTIFY_SUCCESS) ||
		(m->is_warned && r->q->set->confirm_delay_cleared &&
		(notify == 0 || (notify & JOB_NOTIFY_DELAY)));
}

static void
is_sent(struct run *r, struct run_mail *m, const struct plan_rcpt *p,
	const struct queue_saying *s)
{
	bool asks = wants_success(r, m, p->notify) && !m->is_null &&
		!(s->flags & QUEUE_TOLD);

	if (!asks && is_last(r, m))
		remove_file(r, m);
	if (is_gone(m))
		return;
	if (asks)
		trail(r, m, p->index, s, FATE_SENT);
	mark_known(r, m, p, asks ? QUEUE_SENT_TELL : QUEUE_SENT);
}

void
fate_decide(struct run *r, struct run_mail *m, struct plan_job *j,
	unsigned rcpt, const struct queue_saying *s)
{
	struct plan_rcpt *p = &r->plan->rcpt[rcpt];
	enum fate fate = fate_of(r, m, s);

	if (fate == FATE_SENT)
		is_sent(r, m, p, s);
	else if (fate == FATE_LATER)
		is_later(r, m, r->plan->group[j->group].dest, s);
	else if (!is_gone(m)) {
		trail(r, m, p->index, s, fate);
		p->notify |= IN_TRAIL;	/* the end of the job marks them all */
		return;
	}
	plan_decide(r->plan, j, rcpt);
}

/* Marks those whose failure is in the trail; out of memory with them. */
static void
bury(struct run *r, struct run_mail *m, struct plan_job *j)
{
	bool is_synced = false;
	unsigned next;

	for (unsigned i = j->first; i != PLAN_NONE; i = next) {
		const struct plan_rcpt *p = &r->plan->rcpt[i];

		next = p->next;
		if (!(p->notify & IN_TRAIL))
			continue;
		if (!is_synced)
			sync_trail(r, m);
		is_synced = true;
		mark_known(r, m, p, QUEUE_NEVER);
		plan_decide(r->plan, j, i);
	}
}

void
fate_decide_read(struct run *r, struct run_mail *m, unsigned dest,
	const struct queue_saying *s)
{
	log_read(r, m, dest, s);
	if (fate_of(r, m, s) == FATE_LATER) {
		is_later(r, m, dest, s);
		return;
	}
	trail(r, m, r->rcpt.index, s, FATE_NEVER);
	sync_trail(r, m);
	mark(r, m, r->rcpt.at, QUEUE_NEVER);
}

unsigned
fate_decide_rest(struct run *r, struct run_mail *m, struct plan_job *j,
	const struct queue_saying *s)
{
	unsigned next, n = 0;

	for (unsigned i = j->first; i != PLAN_NONE; i = next) {
		const struct plan_rcpt *p = &r->plan->rcpt[i];

		next = p->next;
		if (p->notify & IN_TRAIL)
			continue;
		if (take_rcpt(r, m, p) == RC_OK)
			log_read(r, m, r->plan->group[j->group].dest, s);
		fate_decide(r, m, j, i, s);
		n++;
	}
	return n;
}

static void
close_mail(struct run *r, struct run_mail *m)
{
	if (r->reading == m)
		r->reading = NULL;
	port_close(m->fd);
	m->is_open = false;
	plan_close(r->plan, m->n);
}

/* ---- jobs without a process ---------------------------------------------- */

/* `5.7.1 Text`: the status, if it is one of the fallback's class. */
static struct span
split_status(struct span *text, struct span fallback)
{
	struct span rest = *text, word;
	unsigned dots = 0;

	if (!span_word(&rest, " \t", &word) || word.n >= DSN_MAX ||
	    word.n < 5 || word.p[0] != fallback.p[0])
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
fate_job(struct run *r, struct run_mail *m, const struct plan_turn *turn)
{
	static const struct {
		char fate, dsn[6];
	} ends[] = {
		[0] = { FATE_NEVER, "5.0.0" },
		[QUEUE_RETRY - QUEUE_ERROR] = { FATE_LATER, "4.0.0" },
		[QUEUE_DISCARD - QUEUE_ERROR] = { FATE_SENT, "2.0.0" },
	};
	const struct plan_dest *d = &r->plan->dest[turn->dest];
	unsigned i = d->transport - QUEUE_ERROR;
	struct queue_saying s = { .fate = (enum fate)ends[i].fate,
		.level = LOG_INFO, .relay = SPAN("none"),
		.text = plan_nexthop(d) };
	struct plan_job j = turn->job;

	s.dsn = split_status(&s.text, span_of(ends[i].dsn));
	if (s.fate == FATE_NEVER && r->q->set->soft_bounce) {
		s.fate = FATE_LATER;
		s.level = LOG_WARNING;
		s.dsn = SPAN("4.0.0");
	}
	if (s.text.n == 0)
		s.text = SPAN("mail is not accepted");
	m->was_tried = true;
	(void)fate_decide_rest(r, m, &j, &s);
	fate_job_over(r, m, &j, 0);
}

void
fate_resting(struct run *r, struct run_mail *m, unsigned dest,
	struct queue_saying *s)
{
	const struct plan_dest *d = &r->plan->dest[dest];
	const struct run_note *n = &r->note[dest];
	ms_t due;

	*s = (struct queue_saying){ .fate = FATE_LATER,
		.relay = SPAN("none"), .dsn = SPAN("4.3.2"),
		.text = SPAN("deferred transport") };
	(void)plan_is_off(r->plan, &r->t, dest, false, &due);
	if (due < m->off_until)
		m->off_until = due;
	if (!plan_rests(d, &r->t))
		return;
	s->dsn = span_of(n->dsn);
	s->text = span_of(n->text);
	if (d->rest == PLAN_NETWORK)
		s->flags = QUEUE_NET_FAULT;
}

void
fate_shed(struct run *r, struct run_mail *m, const struct plan_turn *turn)
{
	struct plan_job j = turn->job;
	struct queue_saying s;

	fate_resting(r, m, turn->dest, &s);
	(void)fate_decide_rest(r, m, &j, &s);
	fate_job_over(r, m, &j, 0);
}

void
fate_doom(struct run *r, struct run_mail *m)
{
	m->is_doomed = true;
	plan_stop(r->plan, m->n);
	if (m->phase == RUN_SYNCS) {
		remove_file(r, m);
		close_mail(r, m);
		return;
	}
	fate_settle(r, m);
}

void
fate_withdraw(struct run *r, struct run_mail *m)
{
	const struct plan_message *p = &r->plan->message[m->n];

	if (p->waiting > 0 || p->has_more)
		m->has_later = m->not_network = true;
	plan_stop(r->plan, m->n);
	fate_settle(r, m);
}

/* ---- one message --------------------------------------------------------- */

void
fate_job_over(struct run *r, struct run_mail *m, struct plan_job *j,
	unsigned faults)
{
	unsigned dest = r->plan->group[j->group].dest;
	const struct plan_dest *d = &r->plan->dest[dest];

	bury(r, m, j);
	if (plan_done(r->plan, &r->t, j, faults)) {
		run_log(r, NULL, LOG_WARNING, "%s rests for %lld s: %s",
			d->route, (long long)((d->resting_until - r->t.now) /
			SECOND), r->note[dest].text + RUN_RESTING_N);
		if (d->rest == PLAN_LOGIN) {
			m->tells |= RUN_LOGIN;
			m->login = (uint16_t)dest;
		}
	}
	fate_settle(r, m);
}

void
fate_synced(struct run *r, struct run_mail *m)
{
	if (m->phase == RUN_SYNCS)
		close_mail(r, m);
}

/* The attempt is over: what the head has to say, and the next try. */
static void
write_attempt(struct run *r, const struct run_mail *m)
{
	struct span hop = { 0 };

	if (queue_head_read(m->fd, &r->head) != RC_OK)
		return;
	r->head.tries++;
	r->head.flags &= ~(unsigned)(QUEUE_NETWORK | QUEUE_DELAY_TOLD);
	if (!m->not_network)
		r->head.flags |= QUEUE_NETWORK;
	if (m->is_warned)
		r->head.flags |= QUEUE_DELAY_TOLD;
	/* One that is cut would be another; with several there is no one. */
	if (m->hop != PLAN_NONE && r->plan->dest[m->hop].key == 0)
		hop = span_of(r->plan->dest[m->hop].route);
	if (hop.n >= sizeof(r->head.hop))
		hop.n = 0;
	span_copy(hop, r->head.hop, sizeof(r->head.hop));
	fate_write_head(r, m);
}

static ms_t
next_try(struct run *r, const struct run_mail *m)
{
	if (!m->was_tried && m->off_until != MS_NEVER)
		return m->off_until;
	return r->t.now + plan_backoff(r->plan, &r->t, m->arrived_ms,
		port_random_u32());
}

static void
put_off(struct run *r, const struct run_mail *m)
{
	ms_t due = next_try(r, m);

	write_attempt(r, m);
	if (queue_put_off(r->q, m->id, plan_mtime(&r->t, due)) == RC_OS)
		run_trouble(r, LOG_WARNING, m->id, "its next try cannot be "
			"set");
	plan_remember(r->plan, m->id, due);
}

/* Which notice is next; 0: none. */
static unsigned
next_notice(struct run *r, struct run_mail *m)
{
	if (m->has_mute || is_gone(m))
		return 0;
	/* While the network is away the notice could not leave, either. */
	if (m->has_later && !m->is_warned && !m->is_null && m->not_network &&
	    plan_is_delayed(r->plan, &r->t, m->arrived_ms))
		m->tells |= RUN_DELAY;
	return m->tells & -m->tells;	/* in their order */
}

static void
finish(struct run *r, struct run_mail *m)
{
	if (!m->has_later || m->is_doomed)
		remove_file(r, m);
	if (!m->is_removed)
		put_off(r, m);
	if (m->is_dirty && !m->is_removed) {
		m->phase = RUN_SYNCS;
		return;
	}
	close_mail(r, m);
}

static void
log_expired(struct run *r, struct run_mail *m)
{
	m->is_expired = false;
	if (take_read(r, m) == RC_OK)
		run_log(r, NULL, LOG_INFO, "%s: from=<%.*s>, status=expired, "
			"returned to sender", m->id, SPAN_ARG(r->env.sender));
}

void
fate_settle(struct run *r, struct run_mail *m)
{
	unsigned notice;
	enum rc rc;

	if (!m->is_open || m->phase == RUN_SYNCS || m->is_told ||
	    !plan_message_is_over(r->plan, m->n))
		return;
	if (m->is_expired && !is_gone(m))
		log_expired(r, m);
	notice = next_notice(r, m);
	if (notice == 0) {
		finish(r, m);
		return;
	}
	m->phase = RUN_TELLS;
	rc = crew_tell(r, m, notice);
	m->is_told = rc == RC_OK;
	if (rc == RC_OS)
		fate_told(r, m, notice, false);
}

/* ---- notices ------------------------------------------------------------- */

/* Those that were told of are done. */
static void
strike_off(struct run *r, struct run_mail *m)
{
	/* Else the file goes, and all marks. */
	if (!m->has_later || take_read(r, m) != RC_OK)
		return;
	while (queue_rcpt_next(&r->reader, &r->rcpt) == RC_OK)
		if (r->rcpt.state == QUEUE_NEVER)
			mark(r, m, r->rcpt.at, QUEUE_RETURNED);
		else if (r->rcpt.state == QUEUE_SENT_TELL)
			mark(r, m, r->rcpt.at, QUEUE_SENT);
}

void
fate_told(struct run *r, struct run_mail *m, unsigned notice, bool well)
{
	m->is_told = false;
	m->tells &= (uint8_t)~notice;
	if (!well) {		/* nothing is struck off: another time */
		m->has_mute = m->has_later = true;
		m->not_network = m->was_tried = true;
	} else if (notice == RUN_RESULTS)
		strike_off(r, m);
	else if (notice == RUN_DELAY)
		m->is_warned = true;
	fate_settle(r, m);
}
