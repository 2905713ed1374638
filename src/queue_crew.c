/*
 * queue_crew.c - the manager's children: starting them, what they are to do,
 * what they say, and their ends.
 *
 * Nothing that a child says is believed beyond its order: recipients that were
 * not in it are passed over.  What it said nothing about when it ends is tried
 * later, and is nobody's fault but ours.
 *
 * One that would go says so, and ends when its socket does; another that is to
 * go may have to say goodbye to a server first, so it is not waited for: its
 * place is kept until it was reaped.
 */
#include <string.h>

#include "queue_run_int.h"

#define TELLERS_MAX	4
#define LISTERS_MAX	2
/* Until one that was let go is ended by force. */
#define LEAVE_PAUSE	(5 * SECOND)
#define REAP_PAUSE	(5 * SECOND)	/* its socket is closed already */
#define END_PAUSE	SECOND		/* for all of them */
#define HURRY_PAUSE	((ms_t)20)	/* somebody needs its place */
#define SEND_PAUSE	(5 * SECOND)
#define PICKUP_PAUSE	(5 * MINUTE)	/* what can't be taken is tried anew */

uint64_t
crew_hash(struct span s)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; s.n > 0; s.p++, s.n--)
		h = (h ^ (unsigned char)*s.p) * 1099511628211u;
	return h;
}

unsigned
crew_busy(const struct run *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RUN_CHILDREN; i++)
		n += r->child[i].pid != 0 && r->child[i].is_busy;
	return n;
}

static unsigned
count_of(const struct run *r, enum queue_task task)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RUN_CHILDREN; i++)
		n += r->child[i].pid != 0 && r->child[i].task == task;
	return n;
}

/* ---- the end of a child ------------------------------------------------- */

static void
log_end(struct run *r, const struct run_child *c, int status)
{
	static const char names[QUEUE_TASKS][8] = { "deliver", "tell",
		"pickup", "list" };

	/* One that is leaving was in no hurry. */
	if (status == 0 || (status > 256 && c->is_leaving))
		return;
	run_log(r, NULL, LOG_WARNING, "process %u (%s) %s %d", c->pid,
		names[c->task], status > 256 ? "was ended by signal" :
		"ended with status", status & 255);
}

/* The job of one that ended without a word. */
static void
lose_job(struct run *r, struct run_child *c)
{
	const struct queue_saying s = { .fate = FATE_LATER,
		.flags = QUEUE_BUG_FAULT,
		.dsn = SPAN("4.3.0"), .relay = SPAN("none"),
		.text = SPAN("the process that delivers ended too soon") };

	c->is_busy = false;
	if (fate_decide_rest(r, c->mail, &c->job, &s) > 0)
		c->faults = PLAN_DIED;
	fate_job_over(r, c->mail, &c->job, c->faults);
}

/* What stays can't be taken now; `more` was too much for once. */
static void
pickup_over(struct run *r, bool more)
{
	plan_look(r->plan, 0);
	r->wants_pickup |= more;
	if (run_has_drop(r->q))
		r->pickup_at = r->t.now + PICKUP_PAUSE;
}

/* What it was at is undone; its place is free. */
static void
is_gone(struct run *r, struct run_child *c, int status)
{
	struct run_child was = *c;

	*c = (struct run_child){ .pid = 0, .fd = -1 };
	log_end(r, &was, status);
	if (!was.is_busy)
		return;
	if (was.task == QUEUE_DELIVER)
		lose_job(r, &was);
	else if (was.task == QUEUE_TELL)
		fate_told(r, was.mail, was.faults, false);
	else if (was.task == QUEUE_PICKUP)
		pickup_over(r, false);
}

static void
reap(struct run *r, struct run_child *c, ms_t until)
{
	port_close(c->fd);
	c->fd = -1;
	is_gone(r, c, port_reap(c->pid, until));
}

/* ---- its beginning ---------------------------------------- */

/* An unused place; the longest idle one of another destination goes for it. */
static struct run_child *
free_place(struct run *r)
{
	struct run_child *idle = NULL;

	for (unsigned i = 0; i < RUN_CHILDREN; i++) {
		struct run_child *c = &r->child[i];

		if (c->pid == 0)
			return c;
		if (!c->is_busy && !c->is_leaving &&
		    (idle == NULL || c->since < idle->since))
			idle = c;
	}
	if (idle != NULL) {
		idle->is_leaving = true;
		reap(r, idle, r->t.now + HURRY_PAUSE);
	}
	return idle;
}

static enum rc
start(struct run *r, enum queue_task task, struct run_child **out)
{
	struct run_child *c = free_place(r);
	unsigned pid;
	int fd;

	if (r->crew->task[task] == NULL)
		return RC_OS;
	if (c == NULL)
		return RC_FULL;
	TRY(port_spawn(r->crew->task[task], r->crew->arg, &pid, &fd));
	*c = (struct run_child){ .pid = pid, .fd = fd, .task = (uint8_t)task,
		.generation = r->generation, .dest = PLAN_NONE,
		.since = r->t.now };
	*out = c;
	return RC_OK;
}

static void
let_go(struct run *r, struct run_child *c)
{
	/* Its socket stays, as its end tells when the place is free. */
	if (port_send(c->fd, span_of(QUEUE_GO), -1, r->t.now) != RC_OK) {
		port_close(c->fd);
		c->fd = -1;
	}
	c->is_leaving = true;
	c->is_busy = false;
	c->since = r->t.now;
}

/* ---- orders -------------------------------------------------------------- */

static enum rc
give_order(struct run *r, struct run_child *c, int pass)
{
	struct buf b = BUF(r->message);

	r->order.task = c->task;
	TRY(queue_order_put(&b, &r->order));
	TRY(port_send(c->fd, buf_span(&b), pass, r->t.now + SEND_PAUSE));
	c->is_busy = true;
	c->since = r->t.now;
	return RC_OK;
}

static void
write_order(struct run *r, const struct run_mail *m)
{
	struct queue_order *o = &r->order;

	memcpy(o->id, m->id, sizeof(o->id));
	o->transport = o->nexthop = SPAN("");
	o->more = false;
	o->started = m->started;
	o->rcpts = 0;
}

/* One that serves this route already, and waits; else a new one. */
static enum rc
find_worker(struct run *r, uint64_t route, struct run_child **out)
{
	for (unsigned i = 0; i < RUN_CHILDREN; i++) {
		struct run_child *c = &r->child[i];

		if (c->pid != 0 && c->task == QUEUE_DELIVER && !c->is_busy &&
		    !c->is_leaving && c->route == route &&
		    c->generation == r->generation) {
			*out = c;
			return RC_OK;
		}
	}
	TRY(start(r, QUEUE_DELIVER, out));
	(*out)->route = route;
	return RC_OK;
}

/* An idle one may have gone meanwhile: then a new one is asked. */
static enum rc
order_somebody(struct run *r, uint64_t route, int pass,
	struct run_child **out)
{
	enum rc rc = RC_GONE;

	for (int i = 0; i < 3 && rc == RC_GONE; i++) {
		TRY(find_worker(r, route, out));
		rc = give_order(r, *out, pass);
		if (rc != RC_OK)
			reap(r, *out, r->t.now);
	}
	return rc;
}

enum rc
crew_send(struct run *r, struct run_mail *m, const struct plan_turn *turn)
{
	const struct plan_dest *d = &r->plan->dest[turn->dest];
	struct queue_order *o = &r->order;
	struct run_child *c;
	unsigned i;
	int fd;
	enum rc rc;

	write_order(r, m);
	o->transport = span_of(queue_transport_name(
		(enum queue_transport)d->transport));
	o->nexthop = plan_nexthop(d);
	/* One that is served by several will have more for each: what they
	   leave is read and sent too soon to be seen waiting here. */
	o->more = d->first != PLAN_NONE || d->busy > 1;
	for (i = turn->job.first; i != PLAN_NONE; i = r->plan->rcpt[i].next)
		o->index[o->rcpts++] = r->plan->rcpt[i].index;
	TRY(queue_open_mail(r->q, m->id, &fd));
	rc = order_somebody(r, crew_hash(span_of(d->route)), fd, &c);
	port_close(fd);
	if (rc != RC_OK)
		return rc;
	c->mail = m;
	c->dest = (uint16_t)turn->dest;
	c->job = turn->job;
	c->faults = 0;
	c->has_success = false;
	m->was_tried = true;
	return RC_OK;
}

/* A child for one order, which is in r->order; RC_FULL, RC_OS. */
static enum rc
order_one(struct run *r, enum queue_task task, int pass,
	struct run_child **out)
{
	enum rc rc = start(r, task, out);

	if (rc == RC_OK) {
		rc = give_order(r, *out, pass);
		if (rc != RC_OK)
			reap(r, *out, r->t.now);
	} else if (rc == RC_FULL)
		return RC_FULL;
	return rc == RC_OK ? RC_OK : RC_OS;
}

enum rc
crew_tell(struct run *r, struct run_mail *m, unsigned notice)
{
	struct run_child *c;
	int fd;
	enum rc rc;

	if (count_of(r, QUEUE_TELL) >= TELLERS_MAX)
		return RC_FULL;
	write_order(r, m);
	if (notice == RUN_LOGIN) {
		r->order.transport = SPAN(QUEUE_TELL_LOGIN);
		r->order.nexthop = plan_nexthop(&r->plan->dest[m->login]);
	} else if (notice == RUN_DELAY)
		r->order.transport = SPAN(QUEUE_TELL_DELAY);
	if (queue_open_mail(r->q, m->id, &fd) != RC_OK)
		return RC_OS;
	rc = order_one(r, QUEUE_TELL, fd, &c);
	port_close(fd);
	if (rc != RC_OK)
		return rc;
	c->mail = m;
	c->faults = notice;		/* which it is, until it is done */
	return RC_OK;
}

/* One that is about no message. */
static enum rc
order_plain(struct run *r, enum queue_task task, struct span form, int pass)
{
	struct run_child *c;

	r->order = (struct queue_order){ .started = r->t.now,
		.transport = form };
	return order_one(r, task, pass, &c);
}

void
crew_pickup(struct run *r)
{
	enum rc rc;

	if (count_of(r, QUEUE_PICKUP) > 0)
		return;
	rc = order_plain(r, QUEUE_PICKUP, SPAN(""), -1);
	r->wants_pickup = rc == RC_FULL;
	r->pickup_at = rc == RC_OS ? r->t.now + PICKUP_PAUSE : MS_NEVER;
}

enum rc
crew_list(struct run *r, struct span form, int fd)
{
	return count_of(r, QUEUE_LIST) >= LISTERS_MAX ? RC_FULL :
		order_plain(r, QUEUE_LIST, form, fd);
}

/* ---- sayings ------------------------------------------------------------- */

static const char *
transport_of(const struct run *r, const struct run_child *c)
{
	return c->dest == PLAN_NONE ? NULL : queue_transport_name(
		(enum queue_transport)r->plan->dest[c->dest].transport);
}

/* Why a destination may rest from now on. */
static void
note_fault(struct run *r, const struct run_child *c,
	const struct queue_saying *s)
{
	struct run_note *n = &r->note[c->dest];

	memcpy(n->text, RUN_RESTING, RUN_RESTING_N);
	span_copy(s->text, n->text + RUN_RESTING_N, RUN_REASON_MAX);
	span_copy(s->dsn, n->dsn, sizeof(n->dsn));
}

static void
take_fate(struct run *r, struct run_child *c, const struct queue_saying *s)
{
	unsigned rcpt, faults = s->flags & ~(unsigned)QUEUE_TOLD;

	if (c->task != QUEUE_DELIVER || !c->is_busy)
		return;
	rcpt = plan_job_find(r->plan, &c->job, s->index);
	if (rcpt == PLAN_NONE)
		return;
	run_log(r, transport_of(r, c), LOG_INFO, "%s: %.*s", c->mail->id,
		SPAN_ARG(s->line));
	if (s->fate == FATE_LATER && faults != 0) {
		c->faults |= faults;
		note_fault(r, c, s);
	} else
		c->has_success = true;
	fate_decide(r, c->mail, &c->job, rcpt, s);
}

static void
is_done(struct run *r, struct run_child *c, const struct queue_saying *s)
{
	unsigned notice = c->faults;

	if (!c->is_busy)
		return;
	c->is_busy = false;
	c->since = r->t.now;
	c->jobs++;
	if (c->task == QUEUE_DELIVER) {
		if (c->has_success)	/* of a host that does answer */
			c->faults = 0;
		lose_job(r, c);
		/* It can't say so itself: its next order is on its way. */
		if (c->jobs >= (unsigned)r->q->set->max_use)
			let_go(r, c);
		return;
	}
	if (c->task == QUEUE_TELL)
		fate_told(r, c->mail, notice, s->flags == 0);
	else if (c->task == QUEUE_PICKUP)
		pickup_over(r, s->index > 0);
}

/* false: it goes. */
static bool
take_saying(struct run *r, struct run_child *c, struct span message)
{
	struct queue_saying s;

	if (queue_saying_take(message, &s) != RC_OK) {
		run_log(r, NULL, LOG_ERROR, "process %u said what is nothing",
			c->pid);
		reap(r, c, r->t.now);
		return false;
	}
	switch (s.word) {
	case QUEUE_SAYS_RCPT:
		take_fate(r, c, &s);
		return true;
	case QUEUE_SAYS_LOG:
		run_log(r, transport_of(r, c), s.level, "%.*s",
			SPAN_ARG(s.text));
		return true;
	case QUEUE_SAYS_DONE:
		is_done(r, c, &s);
		return c->is_busy;	/* idle: what it says next can wait */
	case QUEUE_SAYS_BYE:
		if (!c->is_busy)
			reap(r, c, r->t.now + REAP_PAUSE);
		return false;
	}
	return true;
}

void
crew_heard(struct run *r, struct run_child *c)
{
	bool goes_on = true;
	int passed = -1;
	size_t n;
	enum rc rc;

	while (goes_on && c->pid != 0 && c->fd >= 0) {
		rc = port_recv(c->fd, r->message, sizeof(r->message), r->t.now,
			&n, &passed);
		port_close(passed);
		if (rc == RC_TIME)
			return;
		if (rc == RC_OK) {
			c->since = r->t.now;
			goes_on = take_saying(r, c,
				(struct span){ r->message, n });
			continue;
		}
		reap(r, c, rc == RC_GONE ? r->t.now + REAP_PAUSE : r->t.now);
		return;
	}
}

/* ---- time ---------------------------------------------------------------- */

void
crew_let_go(struct run *r, unsigned generation)
{
	for (unsigned i = 0; i < RUN_CHILDREN; i++) {
		struct run_child *c = &r->child[i];

		if (c->pid != 0 && !c->is_busy && !c->is_leaving &&
		    c->generation != generation)
			let_go(r, c);
	}
}

void
crew_watch(struct run *r, ms_t *until)
{
	for (unsigned i = 0; i < RUN_CHILDREN; i++) {
		struct run_child *c = &r->child[i];
		ms_t at = c->since;

		if (c->pid == 0 || (!c->is_busy && !c->is_leaving))
			continue;
		at += c->is_leaving ? LEAVE_PAUSE : r->q->set->daemon_timeout;
		if (at > r->t.now) {
			if (at < *until)
				*until = at;
			continue;
		}
		if (!c->is_leaving)
			run_log(r, NULL, LOG_WARNING, "process %u said nothing "
				"for daemon_timeout, and is ended", c->pid);
		reap(r, c, r->t.now);
	}
}

void
crew_end(struct run *r)
{
	for (unsigned i = 0; i < RUN_CHILDREN; i++)
		if (r->child[i].pid != 0)
			reap(r, &r->child[i], r->child[i].is_busy ? r->t.now :
				r->t.now + END_PAUSE);
}
