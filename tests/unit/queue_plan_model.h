/*
 * queue_plan_model.h - a folder of messages, destinations that behave as they
 * are told, and a manager that does what the plan says, with no port at all.
 */
#ifndef QUEUE_PLAN_MODEL_H
#define QUEUE_PLAN_MODEL_H

#include <stdio.h>
#include <string.h>

#include "../../src/queue_int.h"
#include "../sim/sim.h"

#define MOST_MESSAGES	4000
#define MOST_RCPTS	1200
#define MOST_SITES	80
#define MOST_JOBS	64

enum mood { WELL, DEAD, REFUSES, LOGIN, AWAY, CRASHES };

struct site {
	enum mood mood;
	ms_t takes;
	unsigned jobs, rcpts, most, now;
	ms_t first, last;		/* of its jobs */
};

struct mail {
	bool is_there;
	bool is_held;
	char id[QUEUE_ID_MAX];
	int64_t next_s, arrived_ms;
	unsigned rcpts, left, read;	/* rcpts >= 1 */
	unsigned site;			/* rcpt i: site + i % sites */
	unsigned sites;
	unsigned flags, tries;
	unsigned in_plan;		/* place, while in work */
	bool was_tried, net;
	ms_t off_until;
	unsigned opened;
	bool done[MOST_RCPTS];
};

struct running {
	bool on;
	struct plan_job job;
	unsigned mail, site;
	ms_t ends;
};

static struct model {
	struct plan p;
	struct plan_set set;
	struct plan_time t;
	struct site site[MOST_SITES];
	struct mail *mail;
	unsigned mails, cursor, working;
	struct running job[MOST_JOBS];
	unsigned reads, opens, shed, rounds, news;
	char order[4096];	/* ids in the order of their first job */
	bool traced;
} m;

static struct mail mails[MOST_MESSAGES];

static inline struct plan_limits
usual(void)
{
	return (struct plan_limits){ .initial = 5, .window = 20, .rcpts = 50,
		.up = { PLAN_ONE, false }, .down = { PLAN_ONE, false },
		.cohorts = 1 };
}

static inline void
model(void)
{
	memset(&m, 0, sizeof(m));
	memset(mails, 0, sizeof(mails));
	m.mail = mails;
	m.t = (struct plan_time){ SIM_START, SIM_WALL * SECOND };
	for (unsigned i = 0; i < QUEUE_TRANSPORTS; i++)
		m.set.limits[i] = usual();
	m.set.least_wait = 300 * SECOND;
	m.set.most_wait = 4000 * SECOND;
	m.set.run_delay = 300 * SECOND;
	m.set.lifetime = m.set.bounce_lifetime = 5 * DAY;
	m.set.messages = PLAN_MESSAGES;
	m.set.processes = PLAN_PROCESSES;
	m.set.built_s = SIM_BUILT;
	for (unsigned i = 0; i < MOST_SITES; i++)
		m.site[i].takes = 100;
}

static inline void
model_start(void)
{
	plan_start(&m.p, &m.set);
}

/* A message of that many recipients for `site` and the sites behind it. */
static inline struct mail *
add_mail(unsigned site, unsigned rcpts, unsigned sites)
{
	struct mail *x = &m.mail[m.mails];

	assert_true(m.mails < MOST_MESSAGES && rcpts <= MOST_RCPTS);
	*x = (struct mail){ .is_there = true, .rcpts = rcpts, .left = rcpts,
		.site = site, .sites = sites, .in_plan = PLAN_NONE,
		.arrived_ms = m.t.wall_ms };
	x->next_s = m.t.wall_ms / SECOND;
	snprintf(x->id, sizeof(x->id), "M%u", m.mails++);
	return x;
}

static inline void
route_of(unsigned site, char *out, size_t n)
{
	snprintf(out, n, "smtp:site%u.example", site);
}

static inline struct mail *
mail_of(const char *id)
{
	unsigned i = 0;

	if (sscanf(id, "M%u", &i) != 1 || i >= m.mails || !mails[i].is_there)
		return NULL;
	return &mails[i];
}

/* One attempt is over. */
static inline void
close_mail(struct mail *x)
{
	ms_t due;

	plan_close(&m.p, x->in_plan);
	x->in_plan = PLAN_NONE;
	m.working--;
	if (x->left == 0) {
		x->is_there = false;
		return;
	}
	x->tries++;
	x->flags = x->net ? QUEUE_NETWORK : 0;
	due = x->was_tried ? m.t.now + plan_backoff(&m.p, &m.t, x->arrived_ms,
	    sim_random(1u << 31)) : x->off_until;
	x->next_s = plan_mtime(&m.t, due);
	plan_remember(&m.p, x->id, due);
}

static inline void
settle(struct mail *x)
{
	if (x->in_plan != PLAN_NONE && plan_message_is_over(&m.p, x->in_plan))
		close_mail(x);
}

static inline void
read_mail(struct mail *x)
{
	char route[64];
	ms_t due;

	for (; x->read < x->rcpts; x->read++) {
		struct plan_rcpt r = { .index = x->read, .at = x->read };
		unsigned dest;

		if (x->done[x->read])
			continue;
		route_of(x->site + x->read % x->sites, route, sizeof(route));
		dest = plan_dest(&m.p, &m.t, span_of(route), 0);
		switch (plan_want(&m.p, &m.t, x->in_plan, dest, &r)) {
		case PLAN_NO_ROOM:
			plan_read_on(&m.p, x->in_plan, true);
			return;
		case PLAN_HAS_SHARE:
			plan_pass(&m.p, &m.t, x->in_plan, dest);
			x->in_plan = PLAN_NONE;
			m.working--;
			return;
		case PLAN_RESTS:
			assert_true(plan_is_off(&m.p, &m.t, dest, false,
			    &due));
			m.shed++;
			x->off_until = due;
			break;
		case PLAN_WANTED:
			break;
		}
	}
	plan_read_on(&m.p, x->in_plan, false);
	settle(x);
}

static inline void
open_mail(const char *id)
{
	struct mail *x = mail_of(id);
	struct plan_facts f = { .id = id };
	char route[64] = "";
	ms_t due;

	m.opens++;
	if (x == NULL) {
		plan_gone(&m.p);
		return;
	}
	x->opened++;
	if (x->sites == 1 && x->tries > 0)
		route_of(x->site, route, sizeof(route));
	f.hop = span_of(route);
	f.flags = x->flags;
	f.next_s = x->next_s;
	f.is_held = x->is_held;
	switch (plan_take(&m.p, &m.t, &f, &x->in_plan, &due)) {
	case PLAN_TAKEN:
		m.working++;
		assert_true(m.working <= m.set.messages);
		x->read = 0;
		x->was_tried = x->net = false;
		x->off_until = 0;
		read_mail(x);
		return;
	case PLAN_PUT_OFF:
		x->next_s = plan_mtime(&m.t, due);
		return;
	case PLAN_NOT_DUE:
	case PLAN_PASS:
		return;
	}
}

static inline void
read_folder(bool from_start)
{
	struct queue_entry e = { .id = "" };

	m.reads++;
	if (from_start) {
		m.cursor = 0;
		m.rounds++;
	}
	while (m.cursor < m.mails && !mails[m.cursor].is_there)
		m.cursor++;
	if (m.cursor == m.mails) {
		plan_round_over(&m.p, &m.t);
		return;
	}
	memcpy(e.id, mails[m.cursor].id, sizeof(e.id));
	e.next_s = mails[m.cursor].next_s;
	e.is_held = mails[m.cursor].is_held;
	m.cursor++;
	plan_see(&m.p, &m.t, &e);
}

static inline void
send_job(const struct plan_turn *turn)
{
	struct mail *x = mail_of(m.p.message[turn->message].id);
	struct running *r = m.job;
	struct site *s;
	unsigned site;

	assert_int_equal(sscanf(m.p.dest[turn->dest].route,
	    "smtp:site%u.example", &site), 1);
	while (r->on)
		r++;
	assert_true(r < m.job + MOST_JOBS);
	s = &m.site[site];
	*r = (struct running){ true, turn->job, (unsigned)(x - mails), site,
		m.t.now + s->takes };
	if (x->opened == 1 && !x->was_tried && m.traced &&
	    strlen(m.order) + 10 < sizeof(m.order)) {
		strcat(m.order, x->id);
		strcat(m.order, " ");
	}
	x->was_tried = true;
	if (s->jobs == 0)
		s->first = m.t.now;
	s->last = m.t.now;
	s->jobs++;
	s->rcpts += turn->job.n;
	s->now++;
	if (s->now > s->most)
		s->most = s->now;
}

static inline void
decide_all(struct mail *x, struct plan_job *j, bool sent)
{
	while (j->n > 0) {
		unsigned i = j->first;

		if (sent) {
			assert_false(x->done[m.p.rcpt[i].index]);
			x->done[m.p.rcpt[i].index] = true;
			x->left--;
		}
		plan_decide(&m.p, j, i);
	}
}

static inline void
end_job(struct running *r)
{
	struct mail *x = &mails[r->mail];
	static const unsigned faults[] = { [DEAD] = QUEUE_HOST_FAULT,
		[LOGIN] = QUEUE_LOGIN_FAULT, [AWAY] = QUEUE_NET_FAULT,
		[CRASHES] = PLAN_DIED };
	enum mood mood = m.site[r->site].mood;

	r->on = false;
	m.site[r->site].now--;
	x->net |= mood == AWAY;
	decide_all(x, &r->job, mood == WELL);
	m.news += plan_done(&m.p, &m.t, &r->job,
	    mood == WELL || mood == REFUSES ? 0 : faults[mood]);
	settle(x);
}

static inline void
put_off_job(struct plan_turn *turn)
{
	struct mail *x = mail_of(m.p.message[turn->message].id);
	ms_t due;

	assert_true(plan_is_off(&m.p, &m.t, turn->dest, false, &due));
	m.shed += turn->job.n;
	x->off_until = due;
	decide_all(x, &turn->job, false);
	(void)plan_done(&m.p, &m.t, &turn->job, 0);
	settle(x);
}

/* Bounds that hold at any time. */
static inline void
check_bounds(void)
{
	unsigned jobs = 0;

	for (unsigned i = 0; i < MOST_JOBS; i++)
		jobs += m.job[i].on;
	assert_int_equal(jobs, m.p.jobs_n);
	assert_true(jobs <= m.set.processes);
	assert_true(m.p.rcpts_n <= PLAN_RCPTS && m.p.soon_n <= PLAN_SOON);
	for (unsigned i = 0; i < m.p.dests_top; i++) {
		const struct plan_dest *d = &m.p.dest[i];

		assert_true(d->window >= 1 && d->window <= 20);
		assert_true(d->groups <= PLAN_GROUPS);
	}
}

/* false: it would rest for ever. */
static inline bool
step(ms_t end)
{
	struct plan_turn turn;
	ms_t until;

	check_bounds();
	for (unsigned i = 0; i < MOST_JOBS; i++)
		if (m.job[i].on && m.job[i].ends <= m.t.now) {
			end_job(&m.job[i]);
			break;
		}
	plan_turn(&m.p, &m.t, &turn);
	switch (turn.step) {
	case PLAN_READ:
		read_folder(turn.from_start);
		return true;
	case PLAN_OPEN:
		open_mail(turn.id);
		return true;
	case PLAN_MORE:
		read_mail(mail_of(m.p.message[turn.message].id));
		return true;
	case PLAN_SEND:
		send_job(&turn);
		return true;
	case PLAN_SHED:
		put_off_job(&turn);
		return true;
	case PLAN_REST:
		break;
	}
	until = turn.until;
	assert_true(until > m.t.now);
	for (unsigned i = 0; i < MOST_JOBS; i++)
		if (m.job[i].on && m.job[i].ends < until)
			until = m.job[i].ends;
	if (until > end)
		return false;
	m.t.wall_ms += until - m.t.now;
	m.t.now = until;
	return true;
}

/* Until nothing is left to do, or so long. */
static inline void
go(ms_t how_long)
{
	ms_t end = m.t.now + how_long;
	uint64_t steps = 0;

	while (step(end))
		if (steps++ > 20000000)
			sim_fail("the plan goes round and round");
	if (how_long != MS_NEVER - m.t.now && end > m.t.now) {
		m.t.wall_ms += end - m.t.now;
		m.t.now = end;
	}
}

static inline unsigned
left(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m.mails; i++)
		n += mails[i].is_there;
	return n;
}

static inline const struct plan_dest *
dest_of(unsigned site)
{
	char route[64];
	unsigned i;

	route_of(site, route, sizeof(route));
	i = plan_dest_find(&m.p, span_of(route));
	assert_int_not_equal(i, PLAN_NONE);
	return &m.p.dest[i];
}

#endif
