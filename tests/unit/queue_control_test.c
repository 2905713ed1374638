/*
 * queue_control_test.c - what the manager does when it is asked, and for whom.
 */
#include "queue_run_world.h"

/* A manager, and a message that waits. */
static const char *
waiting(void)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example");
	pass(MINUTE);
	assert_int_equal(rw.orders, 1);
	rw.well_at = port_now();
	return id;
}

static const char *
ask_of(const char *word, const char *id)
{
	char room[64];

	snprintf(room, sizeof(room), "%s %s", word, id);
	return ask(room);
}

SIM_TEST(a_flush_tries_what_waits)
{
	waiting();
	assert_string_equal(ask("flush"), "ok\n");
	pass(5 * SECOND);
	assert_int_equal(delivered("a@grey.example"), 1);
}

SIM_TEST(a_flush_wakes_who_rests)
{
	run_world("");
	for (unsigned i = 0; i < 40; i++)
		queue_submit("me@here.test", "a@dead.example", "x\n");
	sim_process(resident, NULL);
	pass(100 * SECOND);
	rw.well_at = port_now();
	ask("flush");
	pass(5 * SECOND);
	assert_int_equal(delivered("a@dead.example"), 40);
}

SIM_TEST(one_message_can_be_flushed)
{
	const char *id;
	char other[QUEUE_ID_MAX];

	waiting();
	memcpy(other, qw.id, sizeof(other));
	rw.well_at = 0;
	id = post("me@here.test", "b@grey.example");
	pass(MINUTE);
	rw.well_at = port_now();
	assert_string_equal(ask_of("flush-id", id), "ok\n");
	pass(5 * SECOND);
	assert_int_equal(delivered("b@grey.example"), 1);
	assert_true(is_there(other));
	assert_string_equal(ask_of("flush-id", "NONE"), "no such message\n");
}

SIM_TEST(one_domain_can_be_flushed)
{
	run_world("relayhost = grey.test\n");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@one.example");
	post("me@here.test", "a@two.example");
	pass(MINUTE);
	rw.well_at = port_now();
	assert_string_equal(ask("flush-site Two.example"), "ok\n");
	pass(5 * SECOND);
	assert_int_equal(delivered("a@two.example"), 1);
	assert_int_equal(delivered("a@one.example"), 0);
}

SIM_TEST(held_mail_waits_until_it_is_released)
{
	const char *id = waiting();
	struct queue_entry e;

	assert_string_equal(ask_of("hold", id), "ok\n");
	ask("flush");
	pass(2 * HOUR);
	assert_int_equal(delivered("a@grey.example"), 0);
	assert_int_equal(queue_entry_find(&qw.q, span_of(id), &e), RC_OK);
	assert_true(e.is_held);
	assert_string_equal(ask_of("release", id), "ok\n");
	pass(5 * SECOND);
	assert_int_equal(delivered("a@grey.example"), 1);
}

SIM_TEST(requeued_mail_is_tried_at_once)
{
	const char *id = waiting();

	assert_string_equal(ask_of("hold", id), "ok\n");
	assert_string_equal(ask_of("requeue", id), "ok\n");
	pass(5 * SECOND);
	assert_int_equal(delivered("a@grey.example"), 1);
}

SIM_TEST(deleted_mail_is_gone)
{
	const char *id = waiting();

	assert_string_equal(ask_of("delete", id), "ok\n");
	assert_false(is_there(id));
	assert_string_equal(ask_of("delete", id), "no such message\n");
	pass(DAY);
	assert_int_equal(delivered("a@grey.example"), 0);
}

SIM_TEST(mail_on_its_way_is_deleted_behind_its_job)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@slow.example b@slow.example");
	pass(SECOND);
	assert_non_null(strstr(ask("active"), id));
	assert_string_equal(ask_of("delete", id), "ok\n");
	pass(2 * MINUTE);
	assert_false(is_there(id));
	assert_int_equal(delivered("a@slow.example"), 1);
	assert_string_equal(ask("active"), "ok\n\n");
}

SIM_TEST(mail_on_its_way_is_held_behind_its_job)
{
	const char *id;

	run_world("smtp_destination_recipient_limit = 2\n"
	    "initial_destination_concurrency = 1\n"
	    "smtp_destination_concurrency_limit = 1\n");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@slow.example b@slow.example "
	    "c@slow.example");
	pass(SECOND);
	assert_string_equal(ask_of("hold", id), "ok\n");
	pass(HOUR);
	assert_string_equal(states_of(id), "ss-");
}

SIM_TEST(the_status_is_a_line_for_each_word)
{
	const char *s;

	run_world("");
	for (unsigned i = 0; i < 10; i++)
		queue_submit("me@here.test", "a@dead.example b@well.example",
		    "x\n");
	sim_process(resident, NULL);
	pass(100 * SECOND);
	s = ask("status");
	assert_int_equal(strncmp(s, "ok\nsince 17672", 14), 0);
	assert_non_null(strstr(s, "\nactive 0\n"));
	assert_non_null(strstr(s, "\nmessages 10\n"));
	assert_non_null(strstr(s, "\nsent 10\n"));
	assert_non_null(strstr(s, "\nrests smtp:dead.example 2"));
	assert_non_null(strstr(s, " refused\n"));
}

/* ---- who may ------------------------------------------------------------- */

static int
ask_in_turn(void *arg, int fd)
{
	static const char *const words[] = { "delete ID", "hold ID",
		"release ID", "requeue ID", "reload", "stop" };
	char room[256];
	struct buf b;

	(void)arg, (void)fd;
	for (unsigned i = 0; i < COUNT(words); i++) {
		b = BUF(room);
		assert_int_equal(queue_ask(&qw.q, span_of(words[i]), &b),
		    RC_OK);
		if (strcmp(buf_text(&b), "no right of yours allows this\n"))
			return 1;
	}
	b = BUF(room);
	assert_int_equal(queue_ask(&qw.q, SPAN("flush"), &b), RC_OK);
	return strncmp(buf_text(&b), "ok", 2) == 0 ? 3 : 4;
}

SIM_TEST(strangers_may_flush_and_not_change)
{
	unsigned pid;

	waiting();
	sim_uid(4000);
	pid = sim_process(ask_in_turn, NULL);
	assert_int_equal(sim_run_process(pid), 3);
	sim_uid(SIM_UID);
	assert_int_equal(rw.reloads, 0);
}

SIM_TEST(who_may_flush_is_a_setting)
{
	unsigned pid;

	run_world("authorized_flush_users = !user, root\n");
	sim_process(resident, NULL);
	pass(SECOND);
	sim_uid(4000);
	pid = sim_process(ask_in_turn, NULL);
	assert_int_equal(sim_run_process(pid), 4);
}

SIM_TEST(root_may_all)
{
	const char *id = waiting();

	sim_uid(0);
	assert_string_equal(ask_of("delete", id), "ok\n");
}

/* ---- callers ------------------------------------------------------------- */

SIM_TEST(what_is_no_request_is_answered_so)
{
	waiting();
	assert_string_equal(ask("dance"), "no such request\n");
	assert_string_equal(ask("new ../../etc/passwd"), "no such message\n");
	assert_string_equal(ask(" "), "no such request\n");
	assert_string_equal(ask("flush-site"), "no domain is given\n");
}

SIM_TEST(callers_that_say_nothing_keep_nobody_out)
{
	int fd[8];

	waiting();
	for (unsigned i = 0; i < COUNT(fd); i++)
		assert_int_equal(port_call(QUEUE "/control", port_now() +
		    SECOND, &fd[i]), RC_OK);
	pass(SECOND);
	pass(20 * SECOND);
	assert_int_equal(strncmp(ask("status"), "ok\n", 3), 0);
	for (unsigned i = 0; i < COUNT(fd); i++)
		port_close(fd[i]);
}

SIM_TEST(a_caller_that_takes_no_answer_harms_nobody)
{
	int fd;

	waiting();
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(port_call(QUEUE "/control", port_now() +
		    SECOND, &fd), RC_OK);
		assert_int_equal(port_send(fd, SPAN("status"), -1,
		    port_now() + SECOND), RC_OK);
		port_close(fd);
	}
	assert_int_equal(strncmp(ask("status"), "ok\n", 3), 0);
}

SIM_TEST(stop_and_reload_can_be_asked_for)
{
	run_world("");
	{
		unsigned pid = sim_process(resident, NULL);

		pass(SECOND);
		assert_string_equal(ask("reload"), "ok\n");
		assert_int_equal(rw.reloads, 1);
		assert_string_equal(ask("stop"), "ok\n");
		pass(SECOND);
		assert_int_equal(sim_status(pid), 0);
	}
	assert_int_equal(queue_ask(&qw.q, SPAN("status"), NULL), RC_NONE);
}

SIM_TEST(something_in_drop_is_taken_in_when_told)
{
	waiting();
	sim_file(QUEUE "/drop/dropped", "x");
	assert_string_equal(ask("drop"), "ok\n");
	pass(SECOND);
	assert_int_equal(rw.pickups, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_flush_tries_what_waits),
		SIM_RUN(a_flush_wakes_who_rests),
		SIM_RUN(one_message_can_be_flushed),
		SIM_RUN(one_domain_can_be_flushed),
		SIM_RUN(held_mail_waits_until_it_is_released),
		SIM_RUN(requeued_mail_is_tried_at_once),
		SIM_RUN(deleted_mail_is_gone),
		SIM_RUN(mail_on_its_way_is_deleted_behind_its_job),
		SIM_RUN(mail_on_its_way_is_held_behind_its_job),
		SIM_RUN(the_status_is_a_line_for_each_word),
		SIM_RUN(strangers_may_flush_and_not_change),
		SIM_RUN(who_may_flush_is_a_setting),
		SIM_RUN(root_may_all),
		SIM_RUN(what_is_no_request_is_answered_so),
		SIM_RUN(callers_that_say_nothing_keep_nobody_out),
		SIM_RUN(a_caller_that_takes_no_answer_harms_nobody),
		SIM_RUN(stop_and_reload_can_be_asked_for),
		SIM_RUN(something_in_drop_is_taken_in_when_told),
	};

	return sim_main(tests, COUNT(tests));
}
