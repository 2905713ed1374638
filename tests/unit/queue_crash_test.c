/*
 * queue_crash_test.c - death at every call of the system: the process that
 * makes it is killed there, and what sendmail answered 0 to is delivered or
 * returned all the same.
 */
#include "queue_stories.h"

#define STEP	2

/* What was under way is done again, by one process of each kind or several
   that deliver, and nothing else. */
static void
die(const struct story *s, uint64_t n)
{
	sim_note("%s, killed at call %llu", s->name, (unsigned long long)n);
	sim_kill_at(n);
	s->begin();
	drain();
	sim_note("it was %s", sim_died_at());
	judge(sim_processes() > 0 ? s->stays : 0);
	judge_repeats(mc.most_open + 2, INT64_MIN);
}

SIM_TEST(a_death_in_a_runners_world_loses_nothing)
{
	play(&(struct story){ "mail of root", mail_of_root, 0, STEP },
	    die);
}

SIM_TEST(a_death_beside_a_manager_that_stays_loses_nothing)
{
	play(&(struct story){ "mail to a manager", mail_to_a_manager, 1,
	    STEP }, die);
}

SIM_TEST(a_death_while_drop_is_worked_off_loses_nothing)
{
	play(&(struct story){ "mail of users", mail_of_users, 0, STEP },
	    die);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_death_in_a_runners_world_loses_nothing),
		SIM_RUN(a_death_beside_a_manager_that_stays_loses_nothing),
		SIM_RUN(a_death_while_drop_is_worked_off_loses_nothing),
	};

	return sim_main(tests, COUNT(tests));
}
