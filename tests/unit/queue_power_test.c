/*
 * queue_power_test.c - the power is cut at the calls of the system, and what
 * was not synced is there or not: what sendmail answered 0 to is delivered or
 * returned all the same, and no more is done again than what was done in the
 * last second.
 */
#include "queue_stories.h"

#define STEP	3

static void
cut(const struct story *s, uint64_t n)
{
	sim_note("%s, cut at call %llu", s->name, (unsigned long long)n);
	sim_power_at(n);
	s->begin();
	drain();
	sim_note("it was %s", sim_died_at());
	judge(sim_processes() > 0 ? s->stays : 0);
	judge_repeats(mc.taken + mc.notices, mc.cut_at - LOSS_MS);
}

SIM_TEST(a_power_cut_in_a_runners_world_loses_nothing)
{
	play(&(struct story){ "mail of root", mail_of_root, 0, STEP },
	    cut);
}

SIM_TEST(a_power_cut_beside_a_manager_that_stays_loses_nothing)
{
	play(&(struct story){ "mail to a manager", mail_to_a_manager, 1,
	    STEP }, cut);
}

SIM_TEST(a_power_cut_while_drop_is_worked_off_loses_nothing)
{
	play(&(struct story){ "mail of users", mail_of_users, 0, STEP },
	    cut);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_power_cut_in_a_runners_world_loses_nothing),
		SIM_RUN(a_power_cut_beside_a_manager_that_stays_loses_nothing),
		SIM_RUN(a_power_cut_while_drop_is_worked_off_loses_nothing),
	};

	return sim_main(tests, COUNT(tests));
}
