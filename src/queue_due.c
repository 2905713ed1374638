/*
 * queue_due.c - when messages are due, and when the folder is to be read.
 *
 * Inside, times are those of a clock that never goes back; only the mtime of a
 * file and the arrival of a message come from one that may.
 */
#include <string.h>

#include "base.h"
#include "queue_int.h"

/* A reading of the folder may wait so long for one destination, in all and at
   a time. */
#define STALL		(10 * SECOND)
#define STALL_ONCE	SECOND
/*
 * Readings are as far apart as this many entries for each millisecond want it,
 * so that they cost a small part of one processor at most: those for entries
 * that will be due are looked at, those for what was passed over are opened,
 * but somebody waits for them.
 */
#define SEEN_PER_MS	1
#define PASSED_PER_MS	10
/* Between two readings because of the network; and how much is chance. */
#define NET_PAUSE	(10 * SECOND)
#define NET_CHANCE	(2 * SECOND)

/* ---- clocks -------------------------------------------------------------- */

bool
plan_is_sane(const struct plan *p, const struct plan_time *t)
{
	return t->wall_ms >= p->set.built_s * SECOND;
}

ms_t
plan_due(const struct plan *p, const struct plan_time *t, int64_t next_s)
{
	int64_t wall_s = t->wall_ms / SECOND;

	if (next_s <= wall_s || next_s - wall_s > p->set.most_wait / SECOND + 1)
		return t->now;
	return t->now + next_s * SECOND - t->wall_ms;
}

int64_t
plan_mtime(const struct plan_time *t, ms_t due)
{
	ms_t ahead = due > t->now ? due - t->now : 0;

	return (t->wall_ms + ahead + SECOND - 1) / SECOND;
}

/* -1: not known, as one of the clocks was wrong. */
static ms_t
age_of(const struct plan *p, const struct plan_time *t, int64_t arrived_ms)
{
	if (arrived_ms < p->set.built_s * SECOND || t->wall_ms < arrived_ms)
		return -1;
	return t->wall_ms - arrived_ms;
}

ms_t
plan_backoff(const struct plan *p, const struct plan_time *t,
	int64_t arrived_ms, uint32_t random)
{
	ms_t least = p->set.least_wait, most = p->set.most_wait;
	ms_t wait = age_of(p, t, arrived_ms), chance;

	if (wait < least)
		wait = least;
	if (wait > most)
		wait = most;
	chance = wait / 8 * (ms_t)(random >> 16) / 65536;
	if (wait + chance <= most)
		return wait + chance;
	return wait - chance > least ? wait - chance : least;
}

bool
plan_is_expired(const struct plan *p, const struct plan_time *t,
	int64_t arrived_ms, bool is_null)
{
	ms_t most = p->set.lifetime, age = age_of(p, t, arrived_ms);

	if (is_null && p->set.bounce_lifetime < most)
		most = p->set.bounce_lifetime;
	return most == 0 || age >= most;
}

bool
plan_is_delayed(const struct plan *p, const struct plan_time *t,
	int64_t arrived_ms)
{
	return p->set.warn_after > 0 &&
		age_of(p, t, arrived_ms) >= p->set.warn_after;
}

/* ---- what will be due ---------------------------------------------------- */

/* The place of an id, or that of the latest. */
static unsigned
soon_place(const struct plan *p, const char *id)
{
	unsigned last = 0;

	for (unsigned i = 0; i < p->soon_n; i++) {
		if (strcmp(p->soon[i].id, id) == 0)
			return i;
		if (p->soon[i].due > p->soon[last].due)
			last = i;
	}
	return p->soon_n < PLAN_SOON ? p->soon_n : last;
}

static void
forget(struct plan *p, ms_t due)
{
	if (due < p->horizon)
		p->horizon = due;
	if (due < p->next_horizon)
		p->next_horizon = due;
}

void
plan_remember(struct plan *p, const char *id, ms_t due)
{
	unsigned i = soon_place(p, id);
	struct plan_entry *e = &p->soon[i];

	if (i == p->soon_n)
		p->soon_n++;
	else if (strcmp(e->id, id) != 0) {
		forget(p, e->due > due ? e->due : due);
		if (e->due <= due)
			return;
	}
	memcpy(e->id, id, QUEUE_ID_MAX);
	e->due = due;
}

void
due_taken(struct plan *p, const char *id)
{
	for (unsigned i = 0; i < p->soon_n; i++)
		if (strcmp(p->soon[i].id, id) == 0) {
			p->soon[i] = p->soon[--p->soon_n];
			return;
		}
}

void
plan_fresh(struct plan *p, const char *id)
{
	for (unsigned i = 0; i < p->fresh_n; i++)
		if (strcmp(p->fresh[(p->fresh_at + i) % PLAN_FRESH], id) == 0)
			return;
	if (p->fresh_n == PLAN_FRESH) {
		p->has_passed = true;
		return;
	}
	memcpy(p->fresh[(p->fresh_at + p->fresh_n++) % PLAN_FRESH], id,
		QUEUE_ID_MAX);
}

/* ---- rounds -------------------------------------------------------------- */

void
plan_look(struct plan *p, unsigned modes)
{
	p->wants_round = true;
	p->round_from = 0;
	p->next_modes |= modes;
	/* Entries that the present one has behind it are to be seen, too. */
	if (p->is_reading && (modes & ~p->modes) != 0) {
		p->is_reading = false;
		p->in_hand = false;
		p->next_modes |= p->modes;
	}
}

void
plan_network(struct plan *p, const struct plan_time *t, uint32_t random)
{
	ms_t at = t->now + NET_CHANCE * (ms_t)(random >> 16) / 65536;

	if (p->net_at != MS_NEVER)
		return;
	if (p->net_last != 0 && at < p->net_last + NET_PAUSE)
		at = p->net_last + NET_PAUSE;
	p->net_at = at;
}

void
plan_see(struct plan *p, const struct plan_time *t,
	const struct queue_entry *e)
{
	ms_t due = plan_due(p, t, e->next_s);

	p->seen++;
	if (e->is_held || plan_find(p, span_of(e->id)) != PLAN_NONE)
		return;
	if (due > t->now && p->modes == 0) {
		plan_remember(p, e->id, due);
		return;
	}
	memcpy(p->hand, e->id, QUEUE_ID_MAX);
	p->in_hand = true;
	p->stalled_on = PLAN_NONE;
}

void
plan_round_over(struct plan *p, const struct plan_time *t)
{
	p->is_reading = false;
	p->modes = 0;
	p->horizon = p->next_horizon;
	p->round_ended = t->now;
	p->round_from = t->now + (ms_t)p->seen / SEEN_PER_MS;
}

static void
begin_round(struct plan *p)
{
	p->wants_round = false;
	p->has_passed = false;
	p->modes = p->next_modes;
	p->next_modes = 0;
	p->is_reading = true;
	p->from_start = true;
	p->seen = 0;
	p->next_horizon = MS_NEVER;
	for (unsigned i = 0; i < p->dests_top; i++) {
		p->dest[i].is_full = false;
		p->dest[i].stalled = 0;
	}
}

static void
sooner(ms_t *until, ms_t at)
{
	if (at < *until)
		*until = at;
}

void
due_round(struct plan *p, const struct plan_time *t, ms_t *until)
{
	if (p->net_at <= t->now) {
		p->net_at = MS_NEVER;
		p->net_last = t->now;
		plan_wake(p, PLAN_NETWORK);
		plan_look(p, PLAN_NET);
	}
	sooner(until, p->net_at);
	if (p->is_reading)
		return;
	if (p->has_passed) {
		ms_t at = p->round_ended + (ms_t)p->seen / PASSED_PER_MS;

		if (at <= t->now)
			plan_look(p, 0);
		else
			sooner(until, at);
	}
	if (p->horizon <= t->now)
		p->wants_round = true;
	if (p->wants_round && p->round_from <= t->now)
		begin_round(p);
	else
		sooner(until, p->wants_round ? p->round_from : p->horizon);
}

/* ---- what to open -------------------------------------------------------- */

static bool
open_fresh(struct plan *p, struct plan_turn *out)
{
	if (p->fresh_n == 0)
		return false;
	memcpy(out->id, p->fresh[p->fresh_at], QUEUE_ID_MAX);
	p->fresh_at = (p->fresh_at + 1) % PLAN_FRESH;
	p->fresh_n--;
	p->source = DUE_FRESH;
	return true;
}

static bool
open_soon(struct plan *p, const struct plan_time *t, struct plan_turn *out)
{
	unsigned first = 0;

	for (unsigned i = 1; i < p->soon_n; i++)
		if (p->soon[i].due < p->soon[first].due)
			first = i;
	if (p->soon_n == 0)
		return false;
	if (p->soon[first].due > t->now) {
		sooner(&out->until, p->soon[first].due);
		return false;
	}
	memcpy(out->id, p->soon[first].id, QUEUE_ID_MAX);
	p->soon[first] = p->soon[--p->soon_n];
	p->source = DUE_SOON;
	/* We are awake: what nobody told of can be looked for. */
	if (t->now >= p->round_ended + p->set.run_delay)
		p->wants_round = true;
	return true;
}

/*
 * The entry in hand waits for its destination, as what is behind it is likely
 * to be of the same; but not for long, as it may be not.
 */
static bool
is_stalled(struct plan *p, const struct plan_time *t, ms_t *until)
{
	struct plan_dest *d;
	ms_t since = t->now - p->stalled;

	if (p->stalled_on == PLAN_NONE)
		return false;
	d = &p->dest[p->stalled_on];
	if (!plan_has_share(p, p->stalled_on) || plan_rests(d, t)) {
		d->stalled += since;
		p->stalled_on = PLAN_NONE;
		return false;
	}
	if (since < STALL_ONCE) {
		sooner(until, p->stalled + STALL_ONCE);
		return true;
	}
	d->stalled = STALL;
	d->is_full = true;
	p->in_hand = false;
	return false;
}

/* PLAN_OPEN and PLAN_READ, the folder and what was put off. */
static bool
open_old(struct plan *p, const struct plan_time *t, struct plan_turn *out)
{
	if (open_soon(p, t, out))
		return true;
	if (p->in_hand && is_stalled(p, t, &out->until))
		return false;
	if (p->in_hand) {
		memcpy(out->id, p->hand, QUEUE_ID_MAX);
		p->in_hand = false;
		p->source = DUE_FOLDER;
		return true;
	}
	if (p->is_reading) {
		out->step = PLAN_READ;
		out->from_start = p->from_start;
		p->from_start = false;
		return true;
	}
	return false;
}

bool
due_open(struct plan *p, const struct plan_time *t, struct plan_turn *out)
{
	bool found;

	out->step = PLAN_OPEN;
	/* One new, one old; an entry that came to nothing was its turn, too. */
	if (p->was_fresh && (p->in_hand || !p->just_read))
		found = open_old(p, t, out) || open_fresh(p, out);
	else
		found = open_fresh(p, out) || open_old(p, t, out);
	p->just_read = found && out->step == PLAN_READ;
	if (found && !p->just_read)
		p->was_fresh = p->source == DUE_FRESH;
	return found;
}

void
due_passed(struct plan *p, const struct plan_time *t, const char *id,
	unsigned dest)
{
	if (p->source == DUE_FOLDER && p->is_reading &&
	    p->dest[dest].stalled < STALL) {
		memcpy(p->hand, id, QUEUE_ID_MAX);
		p->in_hand = true;
		p->stalled_on = dest;
		p->stalled = t->now;
		return;
	}
	p->dest[dest].is_full = true;
}
