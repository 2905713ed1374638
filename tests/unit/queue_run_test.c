/*
 * queue_run_test.c - the manager, with children that behave as their next hop
 * is called (queue_run_world.h).
 */
#include "queue_run_world.h"

SIM_TEST(a_message_goes_out_and_its_file_is_gone)
{
	unsigned pid;
	const char *id;

	run_world("");
	pid = sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@well.example");
	pass(5 * SECOND);
	assert_int_equal(delivered("a@well.example"), 1);
	assert_false(is_there(id));
	assert_int_equal(queue_names("incoming"), 0);
	assert_non_null(strstr(sim_syslog(), "from=<me@here.test>, size=17, "
	    "nrcpt=1 (queue active)"));
	assert_non_null(strstr(sim_syslog(), "status=sent (taken)"));
	assert_non_null(strstr(sim_syslog(), ": removed"));
	sim_signal(pid, PORT_SIGNAL_STOP);
	assert_int_equal(sim_run_process(pid), 0);
	assert_int_equal(sim_processes(), 0);
}

SIM_TEST(a_runner_leaves_when_the_queue_is_empty)
{
	unsigned pid;

	run_world("");
	queue_submit("me@here.test", "a@well.example b@well.example", "x\n");
	queue_submit("me@here.test", "c@well.example", "x\n");
	pid = sim_process(runner, NULL);
	assert_int_equal(sim_run_process(pid), 0);
	assert_int_equal(rw.ended, RC_NONE);
	assert_int_equal(queue_names("incoming"), 0);
	assert_int_equal(times("\n", rw.log), 3);
	assert_true(queue_is_empty(&qw.q));
	assert_true(port_now() < SIM_START + 20 * SECOND);
}

SIM_TEST(a_runner_stays_as_long_as_mail_waits)
{
	unsigned pid;

	run_world("");
	queue_submit("me@here.test", "a@grey.example", "x\n");
	pid = sim_process(runner, NULL);
	pass(DAY);
	assert_int_equal(sim_status(pid), SIM_RUNNING);
	rw.well_at = port_now();
	pass(2 * HOUR);
	assert_int_equal(sim_status(pid), 0);
	assert_int_equal(delivered("a@grey.example"), 1);
}

SIM_TEST(two_managers_cannot_run)
{
	unsigned one, two;

	run_world("");
	one = sim_process(resident, NULL);
	pass(SECOND);
	two = sim_process(resident, NULL);
	assert_int_equal(sim_run_process(two), 69);
	assert_int_equal(sim_status(one), SIM_RUNNING);
}

SIM_TEST(an_idle_manager_makes_no_calls)
{
	uint64_t before;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@well.example");
	pass(MINUTE);
	before = sim_process_calls();
	pass(HOUR);
	assert_int_equal(sim_process_calls(), before);
}

SIM_TEST(deferred_mail_costs_one_wake_up_for_each_due_time)
{
	uint64_t before, after;
	unsigned orders;

	run_world("minimal_backoff_time = 1000\nmaximal_backoff_time = 1000\n");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@grey.example");
	pass(500 * SECOND);
	before = sim_process_calls();
	orders = rw.orders;
	pass(400 * SECOND);
	assert_int_equal(sim_process_calls(), before);
	pass(110 * SECOND);
	assert_int_equal(rw.orders, orders + 1);
	after = sim_process_calls();
	assert_true(after < before + 150);
}

SIM_TEST(one_dead_destination_delays_no_other)
{
	run_world("");
	for (unsigned i = 0; i < 60; i++)
		queue_submit("me@here.test", "a@dead.example", "x\n");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "b@well.example");
	pass(SECOND);
	assert_int_equal(delivered("b@well.example"), 1);
	pass(100 * SECOND);
	assert_in_range(rw.orders, 5, 8);	/* a cohort, and b */
	assert_int_equal(queue_names("incoming"), 60);
	assert_non_null(strstr(sim_syslog(), "smtp:dead.example rests for 300"
	    " s: refused"));
	assert_non_null(strstr(sim_syslog(), "dsn=4.4.1, status=deferred "
	    "(delivery temporarily suspended: refused)"));
}

SIM_TEST(what_waits_tells_why_in_its_head)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example");
	pass(MINUTE);
	assert_string_equal(head_of(id)->dsn, "4.2.0");
	assert_string_equal(head_of(id)->reason, "come again");
	assert_string_equal(head_of(id)->hop, "smtp:grey.example");
	assert_int_equal(head_of(id)->tries, 1);
	assert_int_equal(head_of(id)->flags & QUEUE_NETWORK, 0);
}

SIM_TEST(a_message_for_many_names_no_one_hop)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example b@dead.example");
	pass(MINUTE);
	assert_string_equal(head_of(id)->hop, "");
}

SIM_TEST(a_next_try_is_set_behind_the_last_mark)
{
	struct queue_entry e;
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example b@well.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "-s");
	assert_int_equal(queue_entry_find(&qw.q, span_of(id), &e), RC_OK);
	assert_in_range(e.next_s, SIM_WALL + 300, SIM_WALL + 345);
}

SIM_TEST(what_a_dead_worker_left_is_tried_later)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@crash.example b@well.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "-s");
	assert_non_null(strstr(sim_syslog(), "(deliver) ended with status 1"));
	assert_non_null(strstr(sim_syslog(), "to=<a@crash.example>, "
	    "relay=none"));
	assert_string_equal(head_of(id)->dsn, "4.3.0");
	rw.well_at = port_now();
	pass(10 * MINUTE);
	assert_int_equal(delivered("a@crash.example"), 1);
	assert_int_equal(delivered("b@well.example"), 1);
	assert_false(is_there(id));
}

SIM_TEST(a_worker_that_was_killed_is_named_with_its_signal)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@hang.example");
	pass(10 * SECOND);
	sim_kill(4713);
	pass(SECOND);
	assert_non_null(strstr(sim_syslog(), "(deliver) was ended by signal "
	    "9"));
	assert_int_equal(queue_names("incoming"), 1);
}

SIM_TEST(who_says_done_without_a_word_did_nothing)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@mute.example");
	pass(MINUTE);
	assert_true(is_there(id));
	assert_string_equal(states_of(id), "-");
}

SIM_TEST(a_worker_without_progress_is_ended)
{
	run_world("daemon_timeout = 1000\n");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@hang.example");
	pass(990 * SECOND);
	assert_int_equal(sim_processes(), 2);
	pass(20 * SECOND);
	assert_int_equal(sim_processes(), 1);
	assert_non_null(strstr(sim_syslog(), "said nothing for "
	    "daemon_timeout"));
}

SIM_TEST(a_worker_goes_after_max_use_orders_and_no_mail_waits)
{
	run_world("max_use = 3\n");
	sim_process(resident, NULL);
	pass(SECOND);
	for (unsigned i = 0; i < 9; i++) {
		post("me@here.test", "a@well.example");
		pass(100);
	}
	assert_int_equal(delivered("a@well.example"), 9);
	assert_int_equal(rw.workers, 3);
	assert_int_equal(sim_processes(), 1);
}

SIM_TEST(a_connection_is_kept_while_others_go_to_the_same_place)
{
	run_world("");
	for (unsigned i = 0; i < 3; i++)
		post("me@here.test", "a@slow.example");
	sim_process(resident, NULL);
	pass(SECOND);
	assert_int_equal(rw.orders, 3);
	assert_int_equal(rw.more, 2);	/* the first couldn't know */
}

SIM_TEST(workers_are_used_again_and_then_leave)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	for (unsigned i = 0; i < 10; i++) {
		post("me@here.test", "a@well.example");
		pass(SECOND);
	}
	assert_int_equal(delivered("a@well.example"), 10);
	assert_int_equal(rw.workers, 1);
	pass(MINUTE);
	assert_int_equal(sim_processes(), 1);
	assert_int_equal(sim_zombies(), 0);
}

/* ---- notices ------------------------------------------------------------- */

SIM_TEST(who_was_refused_is_told_of_and_struck_off)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@no.example b@grey.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "n-");
	assert_int_equal(times(id, rw.told), 1);
	rw.well_at = port_now();
	pass(10 * MINUTE);
	assert_false(is_there(id));
	assert_int_equal(times(id, rw.told), 1);
}

SIM_TEST(a_message_whose_last_was_told_of_is_gone)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@no.example");
	pass(MINUTE);
	assert_int_equal(times("\n", rw.told), 1);
	assert_int_equal(queue_names("incoming"), 0);
}

/* A message whose recipients asked for a notice of success. */
static const char *
ask_for_success(const char *rcpt)
{
	const struct queue_envelope e = { .sender = SPAN("me@here.test") };
	const struct rcpt to = { .addr = span_of(rcpt),
		.notify = JOB_NOTIFY_SUCCESS };

	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_OK);
	assert_int_equal(queue_draft_rcpt(&qw.draft, &to, SPAN("")), RC_OK);
	assert_int_equal(queue_draft_publish(&qw.draft), RC_OK);
	memcpy(qw.id, qw.draft.id, sizeof(qw.id));
	return qw.id;
}

SIM_TEST(who_asked_is_told_of_success)
{
	const char *id;
	unsigned pid;

	run_world("");
	rw.tell_fails = true;
	id = ask_for_success("a@well.example");
	pid = sim_process(runner, NULL);
	pass(MINUTE);
	assert_string_equal(states_of(id), "S");
	rw.tell_fails = false;
	assert_int_equal(sim_run_process(pid), 0);
	assert_int_equal(times(id, rw.told), 1);
	assert_int_equal(delivered("a@well.example"), 1);
	assert_int_equal(queue_names("incoming"), 0);
}

static void
keeps_what_it_owes(void)
{
	const char *id;

	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@no.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "N");
	assert_string_equal(rw.told, "");
	rw.tell_fails = rw.tell_crashes = false;
	pass(10 * MINUTE);
	assert_int_equal(times(id, rw.told), 1);
	assert_false(is_there(id));
}

SIM_TEST(a_notice_that_cannot_be_written_is_owed)
{
	run_world("");
	rw.tell_fails = true;
	keeps_what_it_owes();
}

SIM_TEST(a_notice_whose_writer_died_is_owed)
{
	run_world("");
	rw.tell_crashes = true;
	keeps_what_it_owes();
}

SIM_TEST(without_a_writer_of_notices_nothing_is_lost)
{
	const char *id;

	run_world("");
	rw.crew.task[QUEUE_TELL] = NULL;
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@no.example b@well.example");
	pass(DAY);
	assert_string_equal(states_of(id), "Ns");
}

SIM_TEST(mail_that_is_too_old_fails_with_its_last_reason)
{
	struct queue_fault f = { 0 };
	struct queue_trail trail;
	const char *id;
	int fd;

	run_world("maximal_queue_lifetime = 1h\n");
	rw.tell_fails = true;
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example");
	pass(50 * MINUTE);
	assert_string_equal(states_of(id), "-");
	pass(2 * HOUR);
	assert_string_equal(states_of(id), "N");
	assert_int_equal(times("status=expired, returned to sender",
	    sim_syslog()), 1);
	fd = queue_fd(id);
	queue_trail_start(&trail, fd, head_of(id));
	assert_int_equal(queue_trail_next(&trail, &f), RC_OK);
	assert_true(span_is(f.dsn, "4.2.0"));
	assert_true(span_is(f.text, "come again"));
	port_close(fd);
}

SIM_TEST(nothing_expires_while_there_is_no_network)
{
	const char *id;

	run_world("maximal_queue_lifetime = 1h\n");
	sim_route(false);
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@away.example");
	pass(3 * DAY);
	assert_string_equal(states_of(id), "-");
	sim_route(true);
	pass(2 * HOUR);
	assert_false(is_there(id));
	assert_int_equal(times(id, rw.told), 1);
}

SIM_TEST(mail_for_a_resting_destination_grows_too_old_as_well)
{
	run_world("maximal_queue_lifetime = 2h\n");
	for (unsigned i = 0; i < 40; i++)
		queue_submit("me@here.test", "a@dead.example", "x\n");
	sim_process(resident, NULL);
	pass(5 * HOUR);
	assert_int_equal(queue_names("incoming"), 0);
	assert_int_equal(times("\n", rw.told), 40);
}

SIM_TEST(an_arrival_under_a_wrong_clock_counts_from_the_first_right_one)
{
	const char *id;

	run_world("maximal_queue_lifetime = 1h\n");
	sim_wall_jump(-50LL * 365 * 24 * 3600);
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example");
	pass(4 * HOUR);
	assert_true(is_there(id));
	sim_wall_jump(50LL * 365 * 24 * 3600);
	pass(80 * MINUTE);
	assert_true(is_there(id));
	assert_true(head_of(id)->arrived_ms > SIM_BUILT * SECOND);
	pass(3 * HOUR);
	assert_false(is_there(id));
}

SIM_TEST(a_delay_is_told_once)
{
	const char *id;

	run_world("delay_warning_time = 1h\n");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example");
	pass(30 * MINUTE);
	assert_string_equal(rw.told, "");
	pass(DAY);
	assert_int_equal(times(" delay\n", rw.told), 1);
	assert_int_not_equal(head_of(id)->flags & QUEUE_DELAY_TOLD, 0);
}

/* How often the sender hears of mail that was late by two hours. */
static int
told_of_late_mail(const char *main_cf)
{
	const char *id;

	run_world(main_cf);
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@grey.example");
	pass(2 * HOUR);
	assert_int_equal(times(" delay\n", rw.told), 1);
	rw.well_at = port_now();
	pass(2 * HOUR);
	assert_int_equal(delivered("a@grey.example"), 1);
	assert_int_equal(queue_names("incoming"), 0);
	return times(id, rw.told);
}

SIM_TEST(the_end_of_a_delay_is_not_told)
{
	assert_int_equal(told_of_late_mail("delay_warning_time = 1h\n"), 1);
}

SIM_TEST(the_end_of_a_delay_is_told_where_that_is_wanted)
{
	assert_int_equal(told_of_late_mail("delay_warning_time = 1h\n"
	    "confirm_delay_cleared = yes\n"), 2);
}

SIM_TEST(a_refused_password_is_told_once_for_all_messages)
{
	run_world("");
	for (unsigned i = 0; i < 40; i++)
		queue_submit("me@here.test", "a@login.example", "x\n");
	sim_process(resident, NULL);
	pass(6 * HOUR);
	assert_int_equal(times(" login\n", rw.told), 1);
	assert_int_equal(times("\n", rw.told), 1);
	assert_true(rw.orders < 40);
	assert_int_equal(queue_names("incoming"), 40);
}

/* ---- routes without a process -------------------------------------------- */

SIM_TEST(the_error_transport_returns_mail_by_itself)
{
	run_world("default_transport = error:5.7.1 not from here\n");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@x.example");
	pass(MINUTE);
	assert_int_equal(rw.workers, 0);
	assert_int_equal(times("\n", rw.told), 1);
	assert_non_null(strstr(sim_syslog(), "to=<a@x.example>, relay=none,"));
	assert_non_null(strstr(sim_syslog(), "dsn=5.7.1, status=bounced (not "
	    "from here)"));
}

SIM_TEST(soft_bounce_makes_it_later)
{
	const char *id;

	run_world("default_transport = error:5.7.1 not from here\n"
	    "soft_bounce = yes\n");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@x.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "-");
	assert_non_null(strstr(sim_syslog(), "status=SOFTBOUNCE (not from"));
}

SIM_TEST(the_retry_and_discard_transports_need_no_process)
{
	const char *id;

	run_world("default_transport = retry:4.9.9 not now\n"
	    "transport_maps = inline:{ { b.example = discard:gone } }\n");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@x.example c@b.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "-s");
	assert_int_equal(rw.workers, 0);
	assert_string_equal(head_of(id)->dsn, "4.9.9");
	assert_non_null(strstr(sim_syslog(), "status=sent (gone)"));
}

SIM_TEST(an_unknown_transport_keeps_the_mail)
{
	const char *id;

	run_world("default_transport = uucp:far\n");
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@x.example");
	pass(MINUTE);
	assert_string_equal(states_of(id), "-");
	assert_string_equal(head_of(id)->dsn, "4.3.5");
}

/* ---- bounds -------------------------------------------------------------- */

SIM_TEST(more_recipients_than_fit_in_memory_all_get_it)
{
	static char rcpts[60000];
	unsigned n = 0;

	run_world("");
	for (unsigned i = 0; i < 2500; i++)
		n += (unsigned)snprintf(rcpts + n, sizeof(rcpts) - n,
		    "u%u@well.example ", i);
	queue_submit("me@here.test", rcpts, "x\n");
	assert_int_equal(sim_run_process(sim_process(runner, NULL)), 0);
	assert_int_equal(times("\n", rw.log), 2500);
	assert_int_equal(delivered("u0@well.example"), 1);
	assert_int_equal(delivered("u2499@well.example"), 1);
	assert_true(rw.workers <= 20);
}

SIM_TEST(a_damaged_message_is_set_aside_and_the_others_go)
{
	run_world("");
	queue_submit("me@here.test", "a@well.example", "x\n");
	sim_file(QUEUE "/incoming/BAD", "nothing of ours");
	sim_file_mode(QUEUE "/incoming/BAD", SIM_UID, 0600);
	assert_int_equal(sim_run_process(sim_process(runner, NULL)), 0);
	assert_int_equal(delivered("a@well.example"), 1);
	assert_int_equal(queue_names("incoming"), 0);
	assert_int_equal(queue_names("corrupt"), 1);
}

SIM_TEST(recipients_that_cannot_be_read_are_not_done)
{
	static char rcpts[12000];
	unsigned n = 0;
	const char *id;

	run_world("");
	for (unsigned i = 0; i < 400; i++)
		n += (unsigned)snprintf(rcpts + n, sizeof(rcpts) - n,
		    "u%u@well.example ", i);
	id = queue_submit("me@here.test", rcpts, "x\n");
	sim_file_broken(queue_file("incoming", id), 5600);
	sim_process(resident, NULL);
	pass(MINUTE);
	assert_true(is_there(id));
	sim_file_broken(queue_file("incoming", id), -1);
	pass(HOUR);
	assert_false(is_there(id));
	assert_int_equal(times("\n", rw.log), 400);
}

SIM_TEST(what_lies_in_drop_is_taken_in)
{
	run_world("");
	sim_file(QUEUE "/drop/dropped", "x");
	assert_int_equal(sim_run_process(sim_process(runner, NULL)), 0);
	assert_int_equal(rw.pickups, 1);
}

SIM_TEST(a_draft_in_drop_keeps_no_runner)
{
	run_world("");
	sim_file(QUEUE "/drop/.draft", "x");
	assert_true(queue_is_empty(&qw.q));
	assert_int_equal(sim_run_process(sim_process(runner, NULL)), 0);
	assert_int_equal(rw.pickups, 0);
}

SIM_TEST(what_stays_in_drop_is_tried_again_but_not_at_once)
{
	unsigned pid;

	run_world("");
	sim_file(QUEUE "/drop/dropped", "x");
	rw.stay_in_drop = 3;
	pid = sim_process(runner, NULL);
	pass(HOUR);
	assert_int_equal(rw.pickups, 4);
	assert_int_equal(sim_status(pid), 0);
	assert_false(sim_file_exists(QUEUE "/drop/dropped"));
}

SIM_TEST(what_was_too_much_for_one_pickup_is_taken_by_the_next)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	sim_file(QUEUE "/drop/dropped", "x");
	rw.stay_in_drop = 3;
	rw.left_in_drop = 1;
	assert_string_equal(ask("drop"), "ok\n");
	pass(SECOND);
	assert_int_equal(rw.pickups, 4);
	assert_false(sim_file_exists(QUEUE "/drop/dropped"));
}

SIM_TEST(a_flush_takes_in_what_lies_in_drop)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	sim_file(QUEUE "/drop/dropped", "x");
	pass(DAY);
	assert_int_equal(rw.pickups, 0);
	assert_string_equal(ask("flush"), "ok\n");
	pass(SECOND);
	assert_int_equal(rw.pickups, 1);
}

SIM_TEST(no_processes_means_later_and_no_loss)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	rw.crew.task[QUEUE_DELIVER] = NULL;
	post("me@here.test", "a@well.example");
	pass(10 * SECOND);
	assert_int_equal(times("no process for a delivery", sim_syslog()), 1);
	rw.crew.task[QUEUE_DELIVER] = deliverer;
	pass(5 * SECOND);
	assert_int_equal(delivered("a@well.example"), 1);
}

/* ---- events -------------------------------------------------------------- */

SIM_TEST(the_network_coming_back_wakes_what_waits_for_it)
{
	const char *id;

	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "b@grey.example");
	id = post("me@here.test", "a@away.example");
	pass(MINUTE);
	assert_int_not_equal(head_of(id)->flags & QUEUE_NETWORK, 0);
	rw.well_at = port_now();
	sim_link_came();
	pass(5 * SECOND);
	assert_int_equal(delivered("a@away.example"), 1);
	assert_int_equal(delivered("b@grey.example"), 0);
}

SIM_TEST(a_stopped_manager_ends_jobs_in_hand_and_takes_no_more)
{
	unsigned pid;

	run_world("initial_destination_concurrency = 1\n");
	pid = sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@hang.example");
	post("me@here.test", "b@well.example");
	pass(SECOND / 2);
	post("me@here.test", "c@well.example");
	sim_signal(pid, PORT_SIGNAL_STOP);
	assert_int_equal(sim_run_process(pid), 0);
	assert_true(port_now() < SIM_START + 30 * SECOND);
	assert_int_equal(sim_processes(), 0);
	assert_int_equal(sim_zombies(), 0);
	assert_true(queue_names("incoming") >= 1);
}

SIM_TEST(a_stopped_manager_waits_for_a_slow_job)
{
	unsigned pid;

	run_world("");
	pid = sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@slow.example");
	pass(45 * SECOND);
	sim_signal(pid, PORT_SIGNAL_STOP);
	assert_int_equal(sim_run_process(pid), 0);
	assert_int_equal(delivered("a@slow.example"), 1);
	assert_int_equal(queue_names("incoming"), 0);
}

SIM_TEST(a_changed_main_cf_is_read_at_the_next_wake_up)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	settings("default_transport = discard:all\n");
	sim_file_mtime("/cf/main.cf", SIM_WALL + 9);
	pass(HOUR);
	assert_int_equal(rw.reloads, 0);
	post("me@here.test", "a@well.example");
	pass(MINUTE);
	assert_int_equal(rw.reloads, 1);
	assert_int_equal(rw.workers, 0);
	assert_int_equal(queue_names("incoming"), 0);
}

SIM_TEST(a_bad_main_cf_leaves_the_old_settings)
{
	unsigned pid;

	run_world("");
	pid = sim_process(resident, NULL);
	pass(SECOND);
	settings("minimal_backoff_time = soon\n");
	sim_signal(pid, PORT_SIGNAL_RELOAD);
	pass(SECOND);
	assert_int_equal(rw.reloads, 1);
	settings("");
	sim_signal(pid, PORT_SIGNAL_RELOAD);
	post("me@here.test", "a@well.example");
	pass(MINUTE);
	assert_int_equal(delivered("a@well.example"), 1);
}

/* ---- crashes ------------------------------------------------------------- */

SIM_TEST(notices_owed_since_a_crash_are_written)
{
	const char *id;

	run_world("");
	id = queue_submit("me@here.test", "a@no.example b@x.example", "x\n");
	{
		int fd = queue_fd(id);

		assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
		assert_int_equal(queue_reader_start(&qw.reader, fd, &qw.head,
		    &qw.env), RC_OK);
		assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt),
		    RC_OK);
		assert_int_equal(queue_mark(fd, qw.rcpt.at, QUEUE_NEVER),
		    RC_OK);
		port_close(fd);
	}
	assert_int_equal(sim_run_process(sim_process(runner, NULL)), 0);
	assert_int_equal(times(id, rw.told), 1);
	assert_int_equal(delivered("b@x.example"), 1);
	assert_int_equal(delivered("a@no.example"), 0);
}

SIM_TEST(what_was_removed_a_second_ago_stays_so_without_power)
{
	run_world("");
	sim_process(resident, NULL);
	pass(SECOND);
	post("me@here.test", "a@well.example");
	post("me@here.test", "b@well.example c@grey.example");
	pass(3 * SECOND);
	assert_int_equal(times("\n", rw.log), 2);
	sim_power_cut();
	assert_int_equal(queue_names("incoming"), 1);
	assert_string_equal(states_of(qw.id), "s-");
}

SIM_TEST(a_failure_is_on_the_disk_ahead_of_its_mark)
{
	struct queue_fault f = { 0 };
	struct queue_trail trail;
	const char *id;
	int fd;

	run_world("");
	rw.tell_fails = true;
	sim_process(resident, NULL);
	pass(SECOND);
	id = post("me@here.test", "a@no.example");
	pass(100);
	sim_power_cut();
	fd = queue_fd(id);
	queue_trail_start(&trail, fd, head_of(id));
	assert_int_equal(queue_trail_next(&trail, &f), RC_OK);
	assert_int_equal(f.fate, FATE_NEVER);
	port_close(fd);
}

/* As sendmail does it: publish, and run the queue or poke who does. */
static int
sender(void *arg, int fd)
{
	const char *rcpt = arg;
	struct queue_draft *d = port_memory(sizeof(*d));
	const struct queue_envelope e = { .sender = SPAN("me@here.test") };
	struct rcpt to = { .addr = span_of(rcpt) };
	char room[40];
	int lock;

	(void)fd;
	assert_int_equal(queue_draft_open(d, &qw.q, false), RC_OK);
	assert_int_equal(queue_draft_put(d, SPAN("x\n")), RC_OK);
	assert_int_equal(queue_draft_envelope(d, &e), RC_OK);
	assert_int_equal(queue_draft_rcpt(d, &to, SPAN("")), RC_OK);
	assert_int_equal(queue_draft_publish(d), RC_OK);
	snprintf(room, sizeof(room), "new %s", d->id);
	if (queue_lock(&qw.q, &lock) != RC_OK) {
		(void)!queue_ask(&qw.q, span_of(room), NULL);
		return 0;
	}
	do {
		assert_int_equal(queue_run(&qw.q, &rw.crew, false), RC_NONE);
		port_close(lock);
	} while (!queue_is_empty(&qw.q) && queue_lock(&qw.q, &lock) == RC_OK);
	return 0;
}

SIM_TEST(no_wake_up_is_lost_while_a_runner_leaves)
{
	static const char *const rcpts[] = { "a@well.example",
		"b@well.example", "c@well.example" };

	for (unsigned n = 0; n < 150; n++) {
		sim_begin();
		sim_note("world %u", n);
		run_world("");
		sim_hop(1 + n % 3);
		for (unsigned i = 0; i < COUNT(rcpts); i++) {
			sim_process(sender, rcpts[i]);
			pass(sim_random(4) == 0 ? (ms_t)sim_random(4000) :
			    (ms_t)sim_random(10));
		}
		pass(MINUTE);
		assert_int_equal(sim_processes(), 0);
		for (unsigned i = 0; i < COUNT(rcpts); i++)
			assert_int_equal(delivered(rcpts[i]), 1);
		assert_int_equal(queue_names("incoming"), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_message_goes_out_and_its_file_is_gone),
		SIM_RUN(a_runner_leaves_when_the_queue_is_empty),
		SIM_RUN(a_runner_stays_as_long_as_mail_waits),
		SIM_RUN(two_managers_cannot_run),
		SIM_RUN(an_idle_manager_makes_no_calls),
		SIM_RUN(deferred_mail_costs_one_wake_up_for_each_due_time),
		SIM_RUN(one_dead_destination_delays_no_other),
		SIM_RUN(what_waits_tells_why_in_its_head),
		SIM_RUN(a_message_for_many_names_no_one_hop),
		SIM_RUN(a_next_try_is_set_behind_the_last_mark),
		SIM_RUN(what_a_dead_worker_left_is_tried_later),
		SIM_RUN(a_worker_that_was_killed_is_named_with_its_signal),
		SIM_RUN(who_says_done_without_a_word_did_nothing),
		SIM_RUN(a_worker_without_progress_is_ended),
		SIM_RUN(a_worker_goes_after_max_use_orders_and_no_mail_waits),
		SIM_RUN(a_connection_is_kept_while_others_go_to_the_same_place),
		SIM_RUN(workers_are_used_again_and_then_leave),
		SIM_RUN(who_was_refused_is_told_of_and_struck_off),
		SIM_RUN(a_message_whose_last_was_told_of_is_gone),
		SIM_RUN(who_asked_is_told_of_success),
		SIM_RUN(a_notice_that_cannot_be_written_is_owed),
		SIM_RUN(a_notice_whose_writer_died_is_owed),
		SIM_RUN(without_a_writer_of_notices_nothing_is_lost),
		SIM_RUN(mail_that_is_too_old_fails_with_its_last_reason),
		SIM_RUN(nothing_expires_while_there_is_no_network),
		SIM_RUN(mail_for_a_resting_destination_grows_too_old_as_well),
		SIM_RUN(
		an_arrival_under_a_wrong_clock_counts_from_the_first_right_one),
		SIM_RUN(a_delay_is_told_once),
		SIM_RUN(the_end_of_a_delay_is_not_told),
		SIM_RUN(the_end_of_a_delay_is_told_where_that_is_wanted),
		SIM_RUN(a_refused_password_is_told_once_for_all_messages),
		SIM_RUN(the_error_transport_returns_mail_by_itself),
		SIM_RUN(soft_bounce_makes_it_later),
		SIM_RUN(the_retry_and_discard_transports_need_no_process),
		SIM_RUN(an_unknown_transport_keeps_the_mail),
		SIM_RUN(more_recipients_than_fit_in_memory_all_get_it),
		SIM_RUN(a_damaged_message_is_set_aside_and_the_others_go),
		SIM_RUN(recipients_that_cannot_be_read_are_not_done),
		SIM_RUN(what_lies_in_drop_is_taken_in),
		SIM_RUN(a_draft_in_drop_keeps_no_runner),
		SIM_RUN(what_stays_in_drop_is_tried_again_but_not_at_once),
		SIM_RUN(what_was_too_much_for_one_pickup_is_taken_by_the_next),
		SIM_RUN(a_flush_takes_in_what_lies_in_drop),
		SIM_RUN(no_processes_means_later_and_no_loss),
		SIM_RUN(the_network_coming_back_wakes_what_waits_for_it),
		SIM_RUN(
		    a_stopped_manager_ends_jobs_in_hand_and_takes_no_more),
		SIM_RUN(a_stopped_manager_waits_for_a_slow_job),
		SIM_RUN(a_changed_main_cf_is_read_at_the_next_wake_up),
		SIM_RUN(a_bad_main_cf_leaves_the_old_settings),
		SIM_RUN(notices_owed_since_a_crash_are_written),
		SIM_RUN(what_was_removed_a_second_ago_stays_so_without_power),
		SIM_RUN(a_failure_is_on_the_disk_ahead_of_its_mark),
		SIM_RUN(no_wake_up_is_lost_while_a_runner_leaves),
	};

	return sim_main(tests, COUNT(tests));
}
