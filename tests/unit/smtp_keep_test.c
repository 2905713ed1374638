/*
 * smtp_keep_test.c - one connection for several jobs, and when it isn't used
 * again.
 */
#include "../sim/sim.h"
#include "../sim/sim_job.h"

#define HELLO	"S: 220 hi\nC: EHLO *  S: 250-hi  S: 250 PIPELINING\n"
#define MAIL	"C: MAIL *  S: 250 ok\nC: RCPT *  S: 250 ok\n" \
	"C: DATA  S: 354 go\nbody\nS: 250 taken\n"
#define RSET	"C: RSET  S: 250 ok\n"
#define QUIT	"C: QUIT  S: 221 bye\n"

static struct sim_job *
jobs(unsigned n)
{
	struct sim_job *j = sim_job();

	j->jobs = n;
	SIM_TO(j, "b@dest.example");
	return j;
}

static void
check_all_sent(const struct sim_job *j)
{
	assert_int_equal(j->rc, RC_OK);
	assert_int_equal(j->reports, j->jobs);
	assert_int_equal(j->verdict[0].fate, FATE_SENT);
}

SIM_TEST(connection_is_used_for_all_jobs_that_wait)
{
	struct sim_job *j = jobs(3);

	sim_play("192.0.2.1:25", HELLO MAIL RSET MAIL RSET MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 3);
}

SIM_TEST(last_job_is_no_reason_to_wait)
{
	struct sim_job *j = jobs(1);

	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 1);
}

SIM_TEST(listed_destination_is_kept_without_another_job)
{
	struct sim_job *j = jobs(1);

	j->settings[0] = "smtp_connection_cache_destinations=192.0.2.1";
	sim_play("192.0.2.1:25", HELLO MAIL "quiet\n" QUIT);
	sim_deliver(j);
	check_all_sent(j);
}

SIM_TEST(nothing_is_kept_if_the_setting_says_no)
{
	struct sim_job *j = jobs(2);

	j->settings[0] = "smtp_connection_cache_on_demand=no";
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 1);
}

SIM_TEST(idle_connection_is_closed_after_its_time)
{
	struct sim_job *j = jobs(2);

	j->gap = 3 * SECOND;
	j->rests = true;
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 1);
}

SIM_TEST(connection_past_its_time_is_not_used)
{
	struct sim_job *j = jobs(2);

	j->gap = 3 * SECOND;
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 1);
}

SIM_TEST(old_connection_is_not_used_again)
{
	struct sim_job *j = jobs(3);

	j->settings[0] = "smtp_connection_reuse_time_limit=3s";
	j->settings[1] = "smtp_connection_cache_time_limit=1h";
	j->gap = 2 * SECOND;
	sim_play("192.0.2.1:25", HELLO MAIL RSET MAIL QUIT);
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 1);
}

SIM_TEST(connection_is_used_again_so_often_and_no_more)
{
	struct sim_job *j = jobs(3);

	j->settings[0] = "smtp_connection_reuse_count_limit=1";
	sim_play("192.0.2.1:25", HELLO MAIL RSET MAIL QUIT);
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
}

SIM_TEST(refused_rset_counts_against_nobody)
{
	struct sim_job *j = jobs(2);

	sim_play("192.0.2.1:25", HELLO MAIL "C: RSET  S: 500 no\neof\n");
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 1);
}

SIM_TEST(server_that_said_something_meanwhile_is_left)
{
	struct sim_job *j = jobs(2);

	j->gap = SECOND;
	sim_play("192.0.2.1:25", HELLO MAIL "S: 421 idle\n" "rest\n");
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
}

SIM_TEST(server_that_went_away_meanwhile_is_asked_anew)
{
	struct sim_job *j = jobs(2);

	j->gap = SECOND;
	sim_play("192.0.2.1:25", HELLO MAIL "close\n");
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
}

SIM_TEST(message_that_failed_ends_the_connection)
{
	struct sim_job *j = jobs(2);

	sim_play("192.0.2.1:25", HELLO "C: MAIL *  S: 250 ok\n"
	    "C: RCPT *  S: 250 ok\nC: DATA  S: 354 go\nbody\n"
	    "S: 554 no\n" QUIT);
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
}

SIM_TEST(loss_on_a_kept_connection_is_tried_anew_at_once)
{
	struct sim_job *j = jobs(2);

	sim_play("192.0.2.1:25", HELLO MAIL RSET "C: MAIL *\nclose\n");
	sim_play("192.0.2.1:25", HELLO MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
}

SIM_TEST(lmtp_keeps_its_connection_too)
{
	struct sim_job *j = jobs(2);

	j->lmtp = true;
	sim_play("192.0.2.1:24", "S: 220 hi\nC: LHLO *  S: 250 hi\n" MAIL
	    RSET MAIL QUIT);
	sim_deliver(j);
	check_all_sent(j);
	assert_int_equal(j->verdict[0].conn_use, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(connection_is_used_for_all_jobs_that_wait),
		SIM_RUN(last_job_is_no_reason_to_wait),
		SIM_RUN(listed_destination_is_kept_without_another_job),
		SIM_RUN(nothing_is_kept_if_the_setting_says_no),
		SIM_RUN(idle_connection_is_closed_after_its_time),
		SIM_RUN(connection_past_its_time_is_not_used),
		SIM_RUN(old_connection_is_not_used_again),
		SIM_RUN(connection_is_used_again_so_often_and_no_more),
		SIM_RUN(refused_rset_counts_against_nobody),
		SIM_RUN(server_that_said_something_meanwhile_is_left),
		SIM_RUN(server_that_went_away_meanwhile_is_asked_anew),
		SIM_RUN(message_that_failed_ends_the_connection),
		SIM_RUN(loss_on_a_kept_connection_is_tried_anew_at_once),
		SIM_RUN(lmtp_keeps_its_connection_too),
	};
	return sim_main(tests, COUNT(tests));
}
