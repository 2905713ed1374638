/*
 * queue_dest.c - destinations: how many jobs at a time, and when to leave one
 * alone.  The rules are those of Postfix's SCHEDULER_README; shares are whole
 * numbers of PLAN_ONE parts, rounded up, so that N times 1/N is one.
 */
#include <string.h>

#include "base.h"
#include "queue_int.h"

static const char names[QUEUE_TRANSPORTS][8] = { "smtp", "relay", "lmtp",
	"local", "error", "retry", "discard" };

const char *
queue_transport_name(enum queue_transport t)
{
	return names[t];
}

enum queue_transport
queue_transport_find(struct span name)
{
	enum queue_transport t = QUEUE_SMTP;

	while (t < QUEUE_TRANSPORTS && !span_is(name, names[t]))
		t++;
	return t;
}

/* ---- feedback as a setting ----------------------------------------------- */

#define NUMBER_MAX	999999	/* so that products stay in 64 bits */

/* 0.25, 1, 1.0, with six decimals at most, as so many of so small parts. */
static bool
read_decimal(struct span s, uint64_t *n, uint64_t *parts)
{
	size_t dot = span_find(s, '.');
	struct span part = span_part(s, dot + 1, 6);
	uint64_t whole = 0, rest = 0;

	if (dot > 0 && !span_number(span_head(s, dot), NUMBER_MAX, &whole))
		return false;
	if (part.n > 0 && !span_number(part, NUMBER_MAX, &rest))
		return false;
	*parts = 1;
	for (size_t i = 0; i < part.n; i++)
		*parts *= 10;
	*n = whole * *parts + rest;
	return true;
}

enum rc
plan_feedback_read(struct span ratio, struct plan_feedback *out)
{
	size_t slash = span_find(ratio, '/');
	struct span over = span_trim(span_head(ratio, slash));
	struct span under = span_trim(span_tail(ratio, slash + 1));
	uint64_t n, parts, by = 1;

	out->per_window = span_is(under, "concurrency");
	if (!read_decimal(over, &n, &parts) || (slash < ratio.n &&
	    !out->per_window && !span_number(under, NUMBER_MAX, &by)))
		return RC_WIRE;
	parts *= by;
	if (n > parts || parts == 0)
		return RC_WIRE;
	out->share = (int)((n * PLAN_ONE + parts - 1) / parts);
	return RC_OK;
}

/* ---- which there are ----------------------------------------------------- */

static const struct plan_limits *
limits(const struct plan *p, const struct plan_dest *d)
{
	return &p->set.limits[d->transport];
}

unsigned
plan_share(const struct plan *p)
{
	return p->set.messages >= 4 ? p->set.messages / 4 : 1;
}

static bool
is_used(const struct plan_dest *d)
{
	return d->groups > 0 || d->busy > 0;
}

/*
 * The one that is missed least: longest unused, and rather one that doesn't
 * rest; one whose login is wrong would be told of again.
 */
static unsigned
place_of_new(const struct plan *p, const struct plan_time *t)
{
	unsigned best = PLAN_NONE, best_worth = 3;

	if (p->dests_top < PLAN_DESTS)
		return p->dests_top;
	for (unsigned i = 0; i < PLAN_DESTS; i++) {
		const struct plan_dest *d = &p->dest[i];
		unsigned worth = !plan_rests(d, t) ? 0 :
			d->rest == PLAN_LOGIN ? 2 : 1;

		if (is_used(d) || worth > best_worth)
			continue;
		if (worth < best_worth || d->used < p->dest[best].used) {
			best = i;
			best_worth = worth;
		}
	}
	return best;
}

static void
fresh_window(const struct plan *p, struct plan_dest *d)
{
	d->window = limits(p, d)->initial < PLAN_PROCESSES ?
		limits(p, d)->initial : PLAN_PROCESSES;
	d->success = d->failure = d->cohorts = 0;
}

static unsigned
find(const struct plan *p, struct span route, uint32_t key)
{
	unsigned i;

	for (i = 0; i < p->dests_top; i++)
		if (p->dest[i].key == key && span_is(route, p->dest[i].route))
			return i;
	return PLAN_NONE;
}

unsigned
plan_dest_find(const struct plan *p, struct span route)
{
	return find(p, route, 0);
}

unsigned
plan_dest(struct plan *p, const struct plan_time *t, struct span route,
	uint32_t key)
{
	unsigned i = find(p, route, key);
	enum queue_transport transport = queue_transport_find(
		span_head(route, span_find(route, ':')));
	struct plan_dest *d;

	if (i != PLAN_NONE)
		return i;
	if (route.n >= QUEUE_ROUTE_MAX || transport == QUEUE_TRANSPORTS ||
	    (i = place_of_new(p, t)) == PLAN_NONE)
		return PLAN_NONE;
	d = &p->dest[i];
	if (i == p->dests_top)
		p->dests_top++;
	if (p->stalled_on == i)
		p->stalled_on = PLAN_NONE;
	memset(d, 0, sizeof(*d));
	memcpy(d->route, route.p, route.n);
	d->key = key;
	d->transport = (uint8_t)transport;
	d->first = d->last = PLAN_NONE;
	d->used = t->now;
	fresh_window(p, d);
	return i;
}

struct span
plan_nexthop(const struct plan_dest *d)
{
	struct span s = span_of(d->route);

	return span_tail(s, span_find(s, ':') + 1);
}

/* ---- who may go ---------------------------------------------------------- */

bool
plan_rests(const struct plan_dest *d, const struct plan_time *t)
{
	return d->rest != PLAN_AWAKE && d->resting_until > t->now;
}

bool
plan_is_off(const struct plan *p, const struct plan_time *t, unsigned dest,
	bool is_flushed, ms_t *due)
{
	const struct plan_dest *d = &p->dest[dest];

	*due = d->resting_until;
	if (plan_rests(d, t))
		return true;
	*due = t->now + p->set.most_wait;
	return limits(p, d)->is_deferred && !is_flushed;
}

static unsigned
window_of(const struct plan *p, const struct plan_dest *d)
{
	const struct plan_limits *l = limits(p, d);

	if (l->dest_delay > 0)
		return 1;
	return l->window > 0 && l->window < d->window ? l->window : d->window;
}

/*
 * The last quarter of the processes is for destinations that have none: many
 * that wait for one dead host leave the others some.
 */
static bool
has_process(const struct plan *p, const struct plan_dest *d)
{
	unsigned most = p->set.processes;

	if (d->busy > 0)
		most -= most / 4;
	return p->jobs_n < most;
}

bool
plan_may_send(const struct plan *p, const struct plan_time *t, unsigned dest,
	ms_t *when)
{
	const struct plan_dest *d = &p->dest[dest];
	const struct plan_limits *l = limits(p, d);
	ms_t at = p->paused_until;

	if (d->first == PLAN_NONE || d->busy >= window_of(p, d) ||
	    !has_process(p, d))
		return false;
	if (l->transport_delay > 0 && p->transport[d->transport].busy > 0)
		return false;
	if (at < d->not_before)
		at = d->not_before;
	if (at < p->transport[d->transport].not_before)
		at = p->transport[d->transport].not_before;
	if (at > t->now && at < *when)
		*when = at;
	return at <= t->now;
}

/* ---- what became of a job ------------------------------------------------ */

static int
share_of(const struct plan_feedback *f, unsigned window)
{
	if (!f->per_window || window == 0)
		return f->share;
	return (f->share + (int)window - 1) / (int)window;
}

/* `busy` still counts the job. */
static void
went_well(const struct plan *p, struct plan_dest *d)
{
	const struct plan_limits *l = limits(p, d);
	unsigned most = l->window > 0 && l->window < PLAN_PROCESSES ?
		l->window : PLAN_PROCESSES;

	d->cohorts = 0;
	d->rest = PLAN_AWAKE;
	d->is_told = false;
	/* Success of a window that isn't used tells nothing. */
	if (d->window >= d->busy + l->initial)
		return;
	d->success += share_of(&l->up, d->window);
	for (; d->success >= PLAN_ONE; d->success -= PLAN_ONE) {
		d->window++;
		d->failure = 0;
	}
	if (d->window > most)
		d->window = most;
}

static void
shrink(const struct plan *p, struct plan_dest *d)
{
	d->failure -= share_of(&limits(p, d)->down, d->window);
	for (; d->failure < 0; d->failure += PLAN_ONE) {
		if (d->window > 1)
			d->window--;
		d->success = 0;
	}
}

static bool
rest(const struct plan *p, const struct plan_time *t, struct plan_dest *d,
	enum plan_rest why)
{
	bool is_news = !plan_rests(d, t) && !(why == PLAN_LOGIN && d->is_told);

	d->rest = (uint8_t)why;
	/* A password that is refused again and again may cost the account. */
	d->resting_until = t->now + (why == PLAN_LOGIN ? p->set.most_wait :
		p->set.least_wait);
	if (why == PLAN_LOGIN)
		d->is_told = true;
	fresh_window(p, d);
	return is_news;
}

static bool
went_wrong(const struct plan *p, const struct plan_time *t,
	struct plan_dest *d, unsigned faults)
{
	unsigned cohorts = limits(p, d)->cohorts;
	int window = d->window > 0 ? d->window : 1;

	if (faults & QUEUE_LOGIN_FAULT)
		return rest(p, t, d, PLAN_LOGIN);
	if (d->cohorts < INT32_MAX - PLAN_ONE)
		d->cohorts += (PLAN_ONE + window - 1) / window;
	if (cohorts > 0 && cohorts < INT32_MAX / PLAN_ONE &&
	    d->cohorts > (int)cohorts * PLAN_ONE)
		return rest(p, t, d, faults & QUEUE_NET_FAULT ? PLAN_NETWORK :
			faults & QUEUE_BUG_FAULT ? PLAN_LOCAL : PLAN_DEAD);
	shrink(p, d);
	return false;
}

bool
plan_done(struct plan *p, const struct plan_time *t, struct plan_job *j,
	unsigned faults)
{
	struct plan_group *g = &p->group[j->group];
	struct plan_dest *d = &p->dest[g->dest];
	const struct plan_limits *l = limits(p, d);
	bool is_news = false;

	ASSERT(j->n == 0);
	if (j->is_sent) {
		if (faults == 0)
			went_well(p, d);
		else if (faults != PLAN_DIED && !plan_rests(d, t))
			is_news = went_wrong(p, t, d, faults);
		d->busy--;
		d->not_before = t->now + l->dest_delay;
		p->jobs_n--;
		p->transport[d->transport].busy--;
		p->transport[d->transport].not_before = t->now +
			l->transport_delay;
	}
	d->used = t->now;
	group_release(p, j->group);
	return is_news;
}

static void
wake(struct plan_dest *d)
{
	d->rest = PLAN_AWAKE;
	d->resting_until = 0;
}

void
plan_wake(struct plan *p, enum plan_rest why)
{
	for (unsigned i = 0; i < p->dests_top; i++)
		if (why == PLAN_AWAKE || p->dest[i].rest == why)
			wake(&p->dest[i]);
}

void
dest_reset(struct plan *p)
{
	for (unsigned i = 0; i < p->dests_top; i++) {
		struct plan_dest *d = &p->dest[i];

		fresh_window(p, d);
		if (d->rest == PLAN_LOGIN || d->rest == PLAN_LOCAL) {
			wake(d);
			d->is_told = false;
		}
	}
}
