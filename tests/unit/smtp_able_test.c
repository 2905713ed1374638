/*
 * smtp_able_test.c - what this version cannot honour is refused, and nothing
 * is sent.
 */
#include <stdio.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"

static const char *const demands[] = {
	"dns_reply_filter=regexp:/x",
};

static void
deliver_with(struct sim_job *j, bool lmtp, const char *prefix,
    const char *setting)
{
	static char text[100];

	*j = (struct sim_job){ .lmtp = lmtp };
	snprintf(text, sizeof(text), "%s_%s", prefix, setting);
	j->settings[0] = text;
	SIM_TO(j, "b@dest.example");
	sim_note("%s", text);
	sim_deliver(j);
}

SIM_TEST(demand_for_what_is_missing_stops_everything)
{
	struct sim_job *j = sim_job();
	size_t i;
	int lmtp;

	for (i = 0; i < COUNT(demands); i++)
		for (lmtp = 0; lmtp < 2; lmtp++) {
			deliver_with(j, lmtp, lmtp ? "lmtp" : "smtp",
			    demands[i]);
			assert_int_equal(j->rc, RC_DENY);
			assert_int_equal(j->reports, 0);
			assert_false(j->tried);
		}
}

SIM_TEST(demand_of_the_other_protocol_stops_nothing)
{
	struct sim_job *j = sim_job();
	size_t i;

	for (i = 0; i < COUNT(demands); i++) {
		deliver_with(j, false, "lmtp", demands[i]);
		assert_int_equal(j->rc, RC_OK);
		sim_check_verdicts(j);
	}
}

SIM_TEST(tls_that_may_be_missing_is_missed_in_silence)
{
	struct sim_job *j = sim_job();

	deliver_with(j, false, "smtp", "tls_security_level=may");
	assert_int_equal(j->rc, RC_OK);
	deliver_with(j, false, "smtp", "tls_security_level=none");
	assert_int_equal(j->rc, RC_OK);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		SIM_RUN(demand_for_what_is_missing_stops_everything),
		SIM_RUN(demand_of_the_other_protocol_stops_nothing),
		SIM_RUN(tls_that_may_be_missing_is_missed_in_silence),
	};

	return sim_main(tests, COUNT(tests));
}
