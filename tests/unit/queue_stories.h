/*
 * queue_stories.h - what is told again and again: without a fault, and then
 * with one at each of its calls.
 */
#ifndef QUEUE_STORIES_H
#define QUEUE_STORIES_H

#include <time.h>

#include "queue_machine.h"

#define CALLS	10000		/* more than any story has */

struct story {
	const char *name;
	void (*begin)(void);
	unsigned stays;		/* processes, when all is done */
	unsigned step;
};

/* ---- stories ------------------------------------------------------------- */

/* Nothing but sendmail: the first one makes the queue, and a runner. */
static inline void
mail_of_root(void)
{
	machine_world();
	letter_send("aa", false, 0);
	letter_send("aanaaa", false, 0);
	letter_send("naga", false, 6000);
}

static inline void
mail_to_a_manager(void)
{
	machine_world();
	machine_queue();
	(void)manager(NULL);
	(void)machine_run(port_now() + SECOND);
	letter_send("aana", false, 0);
	letter_send("aa", true, 0);
	(void)machine_run(port_now() + 3 * SECOND);
	letter_send("gaaa", true, 5000);
}

/* Users' mail waits in drop until root has some. */
static inline void
mail_of_users(void)
{
	machine_world();
	machine_queue();
	letter_send("aa", false, 0);
	(void)machine_run(port_now() + MINUTE);
	letter_send("aana", true, 0);
	letter_send("aa", true, 5000);
	(void)machine_run(port_now() + SECOND);
	letter_send("na", false, 0);
}

/* ---- how it is without --------------------------------------------------- */

static inline uint64_t
count_calls(const struct story *s)
{
	sim_begin();
	s->begin();
	drain();
	judge(s->stays);
	judge_repeats(0, 0);
	return sim_process_calls();
}

/* Once for each call, or each `step` of them. */
static inline void
play(const struct story *s, void (*end)(const struct story *s, uint64_t n))
{
	uint64_t calls = count_calls(s);
	unsigned points = 0;
	clock_t t = clock();

	for (uint64_t n = 1; n <= calls; n += s->step, points++) {
		sim_begin();
		sim_bound(0, 20 * CALLS);
		end(s, n);
	}
	print_message("%s: %u points of %llu calls, seed %llu, %.1f s\n",
	    s->name, points, (unsigned long long)calls,
	    (unsigned long long)sim_seed(),
	    (double)(clock() - t) / CLOCKS_PER_SEC);
}

#endif
