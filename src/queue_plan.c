/*
 * queue_plan.c - the messages in work, and what is to be done next.
 *
 * Recipients of a message that go to one destination are a group.  A
 * destination has a queue of groups, and a job is the first recipients of the
 * first group; what the job leaves of a group goes behind the others, so that
 * a message with many recipients doesn't make the others wait for all of them.
 */
#include <string.h>

#include "base.h"
#include "queue_int.h"

/* Free recipients and groups without which no reading begins. */
#define ROOM_RCPTS	64
#define ROOM_GROUPS	16
/* Of one message, or one destination, so that the others find some. */
#define RCPTS_SHARE	(PLAN_RCPTS / 4)

void
plan_start(struct plan *p, const struct plan_set *set)
{
	p->set = *set;
	p->rcpt_free = p->group_free = PLAN_NONE;
	p->stalled_on = PLAN_NONE;
	p->horizon = p->next_horizon = p->net_at = MS_NEVER;
	plan_look(p, 0);
}

void
plan_reset(struct plan *p, const struct plan_set *set)
{
	p->set = *set;
	dest_reset(p);
	plan_look(p, 0);
}

bool
plan_is_empty(const struct plan *p)
{
	return p->messages_n == 0 && p->soon_n == 0 && p->fresh_n == 0 &&
		p->horizon == MS_NEVER && !p->is_reading && !p->wants_round &&
		!p->has_passed;
}

void
plan_pause(struct plan *p, ms_t until)
{
	p->paused_until = until;
}

/* ---- places -------------------------------------------------------------- */

static unsigned
rcpt_take(struct plan *p)
{
	unsigned i = p->rcpt_free;

	if (i != PLAN_NONE)
		p->rcpt_free = p->rcpt[i].next;
	else if (p->rcpts_top < PLAN_RCPTS)
		i = p->rcpts_top++;
	else
		return PLAN_NONE;
	p->rcpts_n++;
	return i;
}

static void
rcpt_release(struct plan *p, unsigned i)
{
	p->rcpt[i].next = p->rcpt_free;
	p->rcpt_free = i;
	p->is_tight = false;
	if (--p->rcpts_n == 0) {	/* what was touched may be forgotten */
		p->rcpts_top = 0;
		p->rcpt_free = PLAN_NONE;
	}
}

static unsigned
group_take(struct plan *p)
{
	unsigned i = p->group_free;

	if (i != PLAN_NONE)
		p->group_free = p->group[i].next;
	else if (p->groups_top < PLAN_GROUPS)
		i = p->groups_top++;
	else
		return PLAN_NONE;
	p->groups_n++;
	return i;
}

/*
 * Has it as much as one may have of what is bounded?  The last quarter is for
 * those that have nothing: many slow ones together leave others some, too.
 */
static bool
has_share(const struct plan *p, unsigned dest, unsigned messages)
{
	const struct plan_dest *d = &p->dest[dest];

	return d->groups >= plan_share(p) || d->rcpts >= RCPTS_SHARE ||
		(d->groups > 0 &&
		messages >= p->set.messages - p->set.messages / 4);
}

bool
plan_has_share(const struct plan *p, unsigned dest)
{
	return has_share(p, dest, p->messages_n);
}

/* Messages that were passed over may come, if one has room for them now. */
static void
call_again(struct plan *p)
{
	for (unsigned i = 0; i < p->dests_top; i++) {
		struct plan_dest *d = &p->dest[i];

		if (d->is_full && (d->groups == 0 ||
		    (d->groups <= plan_share(p) / 2 &&
		    d->rcpts <= RCPTS_SHARE / 2 &&
		    p->messages_n <= p->set.messages / 2))) {
			d->is_full = false;
			p->has_passed = true;
		}
	}
}

void
group_release(struct plan *p, unsigned i)
{
	struct plan_group *g = &p->group[i];
	struct plan_dest *d = &p->dest[g->dest];

	if (g->waiting > 0 || g->out > 0)
		return;
	d->groups--;
	call_again(p);
	g->next = p->group_free;
	p->group_free = i;
	p->is_tight = false;
	if (--p->groups_n == 0) {
		p->groups_top = 0;
		p->group_free = PLAN_NONE;
	}
}

/* ---- the queue of a destination ------------------------------------------ */

static void
push_last(struct plan *p, struct plan_dest *d, unsigned group)
{
	p->group[group].next = PLAN_NONE;
	if (d->last == PLAN_NONE)
		d->first = group;
	else
		p->group[d->last].next = (uint16_t)group;
	d->last = group;
}

static void
push_first(struct plan *p, struct plan_dest *d, unsigned group)
{
	p->group[group].next = d->first;
	d->first = group;
	if (d->last == PLAN_NONE)
		d->last = group;
}

static void
unlink_group(struct plan *p, struct plan_dest *d, unsigned group)
{
	unsigned before = PLAN_NONE, i = d->first;

	while (i != group) {
		before = i;
		i = p->group[i].next;
	}
	if (before == PLAN_NONE)
		d->first = p->group[i].next;
	else
		p->group[before].next = p->group[i].next;
	if (d->last == i)
		d->last = before;
}

/* ---- messages ------------------------------------------------------------ */

unsigned
plan_find(const struct plan *p, struct span id)
{
	unsigned left = p->messages_n;

	for (unsigned i = 0; left > 0 && i < PLAN_MESSAGES; i++) {
		if (p->message[i].id[0] == '\0')
			continue;
		if (span_is(id, p->message[i].id))
			return i;
		left--;
	}
	return PLAN_NONE;
}

static unsigned
message_take(struct plan *p, const char *id)
{
	unsigned i = 0;

	ASSERT(p->messages_n < PLAN_MESSAGES);
	while (p->message[i].id[0] != '\0')
		i++;
	p->message[i] = (struct plan_message){ .has_more = true,
		.stuck_on = PLAN_NONE };
	memcpy(p->message[i].id, id, QUEUE_ID_MAX);
	p->messages_n++;
	p->more_n++;
	return i;
}

static bool
is_wanted(const struct plan *p, const struct plan_facts *f)
{
	return (p->modes & PLAN_ALL) ||
		((p->modes & PLAN_NET) && (f->flags & QUEUE_NETWORK)) ||
		((p->modes & PLAN_SITE) && f->is_wanted);
}

enum plan_taken
plan_take(struct plan *p, const struct plan_time *t,
	const struct plan_facts *f, unsigned *message, ms_t *due)
{
	unsigned dest = plan_dest_find(p, f->hop);
	bool by_force = p->source == DUE_FOLDER && is_wanted(p, f);

	if (f->is_held || plan_find(p, span_of(f->id)) != PLAN_NONE)
		return PLAN_NOT_DUE;
	*due = plan_due(p, t, f->next_s);
	if (*due > t->now && !by_force) {
		plan_remember(p, f->id, *due);
		return PLAN_NOT_DUE;
	}
	if (f->hop.n > 0 && dest != PLAN_NONE) {
		if (!f->is_old && plan_is_off(p, t, dest, by_force, due)) {
			plan_remember(p, f->id, *due);
			return PLAN_PUT_OFF;
		}
		if (plan_has_share(p, dest)) {
			due_passed(p, t, f->id, dest);
			return PLAN_PASS;
		}
	}
	due_taken(p, f->id);
	*message = message_take(p, f->id);
	p->message[*message].is_flushed = by_force;
	return PLAN_TAKEN;
}

void
plan_gone(struct plan *p)
{
	p->in_hand = false;
}

/* The group of this message at its destination, or a new one. */
static unsigned
group_for(struct plan *p, unsigned message, unsigned dest)
{
	struct plan_dest *d = &p->dest[dest];
	unsigned i = d->last;

	if (i != PLAN_NONE && p->group[i].message == message)
		return i;
	if ((i = group_take(p)) == PLAN_NONE)
		return PLAN_NONE;
	p->group[i] = (struct plan_group){ .message = (uint16_t)message,
		.dest = (uint16_t)dest, .first = PLAN_NONE,
		.last = PLAN_NONE };
	d->groups++;
	push_last(p, d, i);
	return i;
}

static void
append(struct plan *p, struct plan_group *g, unsigned rcpt)
{
	p->rcpt[rcpt].next = PLAN_NONE;
	if (g->last == PLAN_NONE)
		g->first = (uint16_t)rcpt;
	else
		p->rcpt[g->last].next = (uint16_t)rcpt;
	g->last = (uint16_t)rcpt;
	g->waiting++;
	p->dest[g->dest].rcpts++;
	p->message[g->message].waiting++;
}

static enum plan_wanted
no_room(struct plan *p, struct plan_message *m, unsigned dest, bool is_tight)
{
	m->stuck_on = dest;
	p->is_tight = is_tight;
	return PLAN_NO_ROOM;
}

enum plan_wanted
plan_want(struct plan *p, const struct plan_time *t, unsigned message,
	unsigned dest, const struct plan_rcpt *r)
{
	struct plan_message *m = &p->message[message];
	unsigned rcpt, group;
	ms_t due;

	if (dest == PLAN_NONE || p->rcpts_n == PLAN_RCPTS)
		return no_room(p, m, PLAN_NONE, true);
	if (plan_is_off(p, t, dest, m->is_flushed, &due)) {
		m->is_begun = true;
		return PLAN_RESTS;
	}
	if (!m->is_begun && has_share(p, dest, p->messages_n - 1))
		return PLAN_HAS_SHARE;
	if (m->waiting >= RCPTS_SHARE)
		return no_room(p, m, PLAN_NONE, false);
	if (p->dest[dest].rcpts >= RCPTS_SHARE)
		return no_room(p, m, dest, false);
	if ((group = group_for(p, message, dest)) == PLAN_NONE)
		return no_room(p, m, PLAN_NONE, true);
	m->is_begun = true;
	rcpt = rcpt_take(p);
	p->rcpt[rcpt] = *r;
	append(p, &p->group[group], rcpt);
	p->dest[dest].used = t->now;
	return PLAN_WANTED;
}

void
plan_read_on(struct plan *p, unsigned message, bool has_more)
{
	struct plan_message *m = &p->message[message];

	if (m->has_more && !has_more)
		p->more_n--;
	if (!m->has_more && has_more)
		p->more_n++;
	m->has_more = has_more;
}

bool
plan_message_is_over(const struct plan *p, unsigned message)
{
	const struct plan_message *m = &p->message[message];

	return m->waiting == 0 && m->out == 0 && !m->has_more;
}

/* Lets go of what waits in a group. */
static void
empty(struct plan *p, unsigned group)
{
	struct plan_group *g = &p->group[group];
	unsigned next;

	for (unsigned i = g->first; i != PLAN_NONE; i = next) {
		next = p->rcpt[i].next;
		rcpt_release(p, i);
		p->message[g->message].waiting--;
		p->dest[g->dest].rcpts--;
	}
	g->first = g->last = PLAN_NONE;
	g->waiting = 0;
	unlink_group(p, &p->dest[g->dest], group);
	group_release(p, group);
}

void
plan_stop(struct plan *p, unsigned message)
{
	unsigned next;

	plan_read_on(p, message, false);
	for (unsigned d = 0; d < p->dests_top; d++)
		for (unsigned i = p->dest[d].first; i != PLAN_NONE; i = next) {
			next = p->group[i].next;
			if (p->group[i].message == message)
				empty(p, i);
		}
}

void
plan_close(struct plan *p, unsigned message)
{
	ASSERT(plan_message_is_over(p, message));
	p->message[message].id[0] = '\0';
	p->messages_n--;
	p->is_tight = false;
	call_again(p);
}

void
plan_pass(struct plan *p, const struct plan_time *t, unsigned message,
	unsigned dest)
{
	char id[QUEUE_ID_MAX];

	memcpy(id, p->message[message].id, sizeof(id));
	plan_stop(p, message);
	plan_close(p, message);
	due_passed(p, t, id, dest);
}

/* ---- jobs ---------------------------------------------------------------- */

/* The first n recipients of a destination's first group. */
static void
job_take(struct plan *p, struct plan_dest *d, unsigned n, struct plan_job *j)
{
	unsigned group = d->first, i;
	struct plan_group *g = &p->group[group];

	j->group = group;
	j->first = g->first;
	j->n = n < g->waiting ? n : g->waiting;
	i = g->first;
	for (n = 1; n < j->n; n++)
		i = p->rcpt[i].next;
	g->first = p->rcpt[i].next;
	p->rcpt[i].next = PLAN_NONE;
	g->waiting = (uint16_t)(g->waiting - j->n);
	g->out = (uint16_t)(g->out + j->n);
	p->message[g->message].waiting -= j->n;
	p->message[g->message].out += j->n;
	d->rcpts -= j->n;
	unlink_group(p, d, group);
	if (g->waiting > 0)
		push_last(p, d, group);
	else
		g->last = PLAN_NONE;
}

unsigned
plan_job_find(const struct plan *p, const struct plan_job *j, uint32_t index)
{
	unsigned i = j->first;

	while (i != PLAN_NONE && p->rcpt[i].index != index)
		i = p->rcpt[i].next;
	return i;
}

void
plan_decide(struct plan *p, struct plan_job *j, unsigned rcpt)
{
	struct plan_group *g = &p->group[j->group];
	unsigned before = PLAN_NONE, i = j->first;

	while (i != rcpt) {
		before = i;
		i = p->rcpt[i].next;
	}
	if (before == PLAN_NONE)
		j->first = p->rcpt[i].next;
	else
		p->rcpt[before].next = p->rcpt[i].next;
	j->n--;
	g->out--;
	p->message[g->message].out--;
	rcpt_release(p, rcpt);
}

void
plan_undo(struct plan *p, struct plan_job *j)
{
	struct plan_group *g = &p->group[j->group];
	struct plan_dest *d = &p->dest[g->dest];
	unsigned last = j->first;

	while (p->rcpt[last].next != PLAN_NONE)
		last = p->rcpt[last].next;
	p->rcpt[last].next = g->first;
	if (g->waiting == 0) {
		g->last = (uint16_t)last;
		push_first(p, d, j->group);
	}
	g->first = j->first;
	g->waiting = (uint16_t)(g->waiting + j->n);
	g->out = (uint16_t)(g->out - j->n);
	p->message[g->message].waiting += j->n;
	p->message[g->message].out -= j->n;
	d->rcpts += j->n;
	d->busy--;
	p->jobs_n--;
	p->transport[d->transport].busy--;
}

/* ---- what is next -------------------------------------------------------- */

static void
send(struct plan *p, unsigned dest, struct plan_turn *out)
{
	struct plan_dest *d = &p->dest[dest];
	unsigned n = p->set.limits[d->transport].rcpts;

	job_take(p, d, n > 0 && n < QUEUE_JOB_RCPTS ? n : QUEUE_JOB_RCPTS,
		&out->job);
	out->job.is_sent = true;
	d->busy++;
	p->jobs_n++;
	p->transport[d->transport].busy++;
	p->turn = (dest + 1);
	out->step = PLAN_SEND;
}

static bool
next_job(struct plan *p, const struct plan_time *t, struct plan_turn *out)
{
	ms_t unused;

	for (unsigned k = 0; k < p->dests_top; k++) {
		unsigned i = (p->turn + k) % p->dests_top;
		struct plan_dest *d = &p->dest[i];

		out->dest = i;
		if (d->first == PLAN_NONE)
			continue;
		out->message = p->group[d->first].message;
		if (plan_is_off(p, t, i, p->message[out->message].is_flushed,
		    &unused)) {
			job_take(p, d, PLAN_RCPTS, &out->job);
			out->job.is_sent = false;
			out->step = PLAN_SHED;
			return true;
		}
		if (plan_may_send(p, t, i, &out->until)) {
			send(p, i, out);
			return true;
		}
	}
	return false;
}

static bool
has_room(const struct plan *p)
{
	return !p->is_tight && p->rcpts_n + ROOM_RCPTS <= PLAN_RCPTS &&
		p->groups_n + ROOM_GROUPS <= PLAN_GROUPS;
}

static bool
may_go_on(const struct plan *p, const struct plan_message *m)
{
	return m->id[0] != '\0' && m->has_more && m->waiting == 0 &&
		(m->stuck_on == PLAN_NONE ||
		p->dest[m->stuck_on].rcpts < RCPTS_SHARE / 2);
}

static bool
next_more(struct plan *p, struct plan_turn *out)
{
	for (unsigned i = 0; p->more_n > 0 && i < PLAN_MESSAGES; i++)
		if (may_go_on(p, &p->message[i])) {
			out->step = PLAN_MORE;
			out->message = i;
			p->message[i].stuck_on = PLAN_NONE;
			return true;
		}
	return false;
}

void
plan_turn(struct plan *p, const struct plan_time *t, struct plan_turn *out)
{
	out->until = MS_NEVER;
	if (next_job(p, t, out))
		return;
	if (has_room(p) && next_more(p, out))
		return;
	due_round(p, t, &out->until);
	if (has_room(p) && p->messages_n < p->set.messages &&
	    due_open(p, t, out))
		return;
	out->step = PLAN_REST;
}
