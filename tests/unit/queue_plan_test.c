/*
 * queue_plan_test.c - who is due and who may go, played through in no time.
 */
#include "queue_plan_model.h"

#define SMTP	(&m.set.limits[QUEUE_SMTP])

/* ---- times --------------------------------------------------------------- */

SIM_TEST(a_due_time_beyond_the_longest_wait_is_due_now)
{
	int64_t wall = SIM_WALL;

	model();
	model_start();
	assert_int_equal(plan_due(&m.p, &m.t, wall - 9), m.t.now);
	assert_int_equal(plan_due(&m.p, &m.t, wall + 9), m.t.now + 9 * SECOND);
	assert_int_equal(plan_due(&m.p, &m.t, wall + 4000),
	    m.t.now + 4000 * SECOND);
	assert_int_equal(plan_due(&m.p, &m.t, wall + 4002), m.t.now);
}

SIM_TEST(the_wait_is_the_age_within_its_bounds_and_some_chance)
{
	static const struct { ms_t age; ms_t least, most; } rows[] = {
		{ 0, 300, 338 }, { 299, 300, 338 }, { 600, 600, 675 },
		{ 2400, 2400, 2700 }, { 3900, 3412, 4000 },
		{ 86400, 3500, 4000 },
	};
	ms_t wait, before = 0;
	unsigned differ = 0;

	model();
	model_start();
	for (unsigned i = 0; i < COUNT(rows); i++)
		for (unsigned k = 0; k < 200; k++) {
			wait = plan_backoff(&m.p, &m.t,
			    m.t.wall_ms - rows[i].age * SECOND,
			    sim_random(1u << 31) * 2 + 1);
			assert_in_range(wait, rows[i].least * SECOND,
			    rows[i].most * SECOND);
			differ += wait != before;
			before = wait;
		}
	assert_true(differ > 500);
}

SIM_TEST(nothing_expires_under_a_clock_that_is_wrong)
{
	int64_t old = m.t.wall_ms;

	model();
	model_start();
	old = m.t.wall_ms - 6 * DAY;
	assert_true(plan_is_expired(&m.p, &m.t, old, false));
	assert_false(plan_is_expired(&m.p, &m.t, m.t.wall_ms - DAY, false));
	assert_false(plan_is_expired(&m.p, &m.t, 0, false));
	assert_false(plan_is_expired(&m.p, &m.t, SIM_BUILT * SECOND - 1,
	    false));
	m.t.wall_ms = (SIM_BUILT - 100) * SECOND;
	assert_false(plan_is_sane(&m.p, &m.t));
	assert_false(plan_is_expired(&m.p, &m.t, old, false));
	assert_false(plan_is_expired(&m.p, &m.t, 1, false));
}

SIM_TEST(a_lifetime_of_nothing_is_one_attempt)
{
	model();
	m.set.bounce_lifetime = 0;
	model_start();
	assert_false(plan_is_expired(&m.p, &m.t, m.t.wall_ms, false));
	assert_true(plan_is_expired(&m.p, &m.t, m.t.wall_ms, true));
	m.set.lifetime = 0;
	plan_reset(&m.p, &m.set);
	assert_true(plan_is_expired(&m.p, &m.t, m.t.wall_ms, false));
}

SIM_TEST(notices_have_the_shorter_of_both_lifetimes)
{
	model();
	m.set.lifetime = 2 * DAY;
	model_start();
	assert_true(plan_is_expired(&m.p, &m.t, m.t.wall_ms - 3 * DAY, true));
	m.set.bounce_lifetime = DAY;
	plan_reset(&m.p, &m.set);
	assert_true(plan_is_expired(&m.p, &m.t, m.t.wall_ms - DAY, true));
	assert_false(plan_is_expired(&m.p, &m.t, m.t.wall_ms - DAY, false));
}

SIM_TEST(a_delay_is_told_from_that_age_on)
{
	model();
	model_start();
	assert_false(plan_is_delayed(&m.p, &m.t, m.t.wall_ms - DAY));
	m.set.warn_after = 4 * HOUR;
	plan_reset(&m.p, &m.set);
	assert_true(plan_is_delayed(&m.p, &m.t, m.t.wall_ms - 4 * HOUR));
	assert_false(plan_is_delayed(&m.p, &m.t, m.t.wall_ms - 3 * HOUR));
	assert_false(plan_is_delayed(&m.p, &m.t, 0));
}

SIM_TEST(feedback_is_a_number_a_ratio_or_by_concurrency)
{
	struct plan_feedback f;

	assert_int_equal(plan_feedback_read(SPAN("1"), &f), RC_OK);
	assert_int_equal(f.share, PLAN_ONE);
	assert_int_equal(plan_feedback_read(SPAN("0.25"), &f), RC_OK);
	assert_int_equal(f.share, PLAN_ONE / 4);
	assert_int_equal(plan_feedback_read(SPAN(".5"), &f), RC_OK);
	assert_int_equal(f.share, PLAN_ONE / 2);
	assert_int_equal(plan_feedback_read(SPAN("1/3"), &f), RC_OK);
	assert_int_equal(f.share, PLAN_ONE / 3);
	assert_false(f.per_window);
	assert_int_equal(plan_feedback_read(SPAN("1/concurrency"), &f), RC_OK);
	assert_int_equal(f.share, PLAN_ONE);
	assert_true(f.per_window);
	assert_int_equal(plan_feedback_read(SPAN("2"), &f), RC_WIRE);
	assert_int_equal(plan_feedback_read(SPAN("4/3"), &f), RC_WIRE);
	assert_int_equal(plan_feedback_read(SPAN("many"), &f), RC_WIRE);
}

/* ---- destinations -------------------------------------------------------- */

SIM_TEST(a_new_destination_gets_the_initial_window)
{
	model();
	for (unsigned i = 0; i < 30; i++)
		add_mail(0, 1, 1);
	model_start();
	go(50);
	assert_int_equal(m.site[0].now, 5);
	assert_int_equal(left(), 30);
}

SIM_TEST(success_widens_the_window_up_to_its_limit)
{
	model();
	for (unsigned i = 0; i < 300; i++)
		add_mail(0, 1, 1);
	model_start();
	go(150);
	assert_int_equal(m.site[0].now, 10);
	go(10 * SECOND);
	assert_int_equal(m.site[0].most, 20);
	assert_int_equal(left(), 0);
}

SIM_TEST(success_by_concurrency_widens_by_one_a_round)
{
	model();
	SMTP->up.per_window = true;
	for (unsigned i = 0; i < 300; i++)
		add_mail(0, 1, 1);
	model_start();
	go(150);
	assert_int_equal(dest_of(0)->window, 6);
	go(100);
	assert_int_equal(dest_of(0)->window, 7);
}

SIM_TEST(a_limit_below_the_initial_window_holds)
{
	model();
	SMTP->window = 2;
	for (unsigned i = 0; i < 50; i++)
		add_mail(0, 1, 1);
	model_start();
	go(MINUTE);
	assert_int_equal(m.site[0].most, 2);
	assert_int_equal(left(), 0);
}

SIM_TEST(failure_narrows_at_the_beginning_of_a_sequence)
{
	model();
	SMTP->down.share = PLAN_ONE / 5;
	SMTP->cohorts = 10;
	m.site[0].mood = DEAD;
	for (unsigned i = 0; i < 5; i++)
		add_mail(0, 1, 1);
	model_start();
	go(150);
	assert_int_equal(dest_of(0)->window, 4);
	assert_int_equal(m.site[0].jobs, 5);
}

SIM_TEST(a_failed_cohort_lets_a_destination_rest)
{
	model();
	m.site[0].mood = DEAD;
	for (unsigned i = 0; i < 100; i++)
		add_mail(0, 1, 1);
	model_start();
	go(10 * SECOND);
	assert_int_equal(dest_of(0)->rest, PLAN_DEAD);
	assert_in_range(dest_of(0)->resting_until, SIM_START + 300 * SECOND,
	    SIM_START + 301 * SECOND);
	assert_int_equal(m.site[0].jobs, 5);
	assert_int_equal(m.news, 1);
	go(200 * SECOND);
	assert_int_equal(m.site[0].jobs, 5);
}

SIM_TEST(after_its_rest_a_destination_starts_anew)
{
	model();
	m.site[0].mood = DEAD;
	for (unsigned i = 0; i < 100; i++)
		add_mail(0, 1, 1);
	model_start();
	go(10 * SECOND);
	m.site[0].mood = WELL;
	go(350 * SECOND);
	assert_int_equal(dest_of(0)->rest, PLAN_AWAKE);
	assert_true(left() < 6);
	go(HOUR);
	assert_int_equal(left(), 0);
}

SIM_TEST(no_limit_of_cohorts_never_rests)
{
	model();
	SMTP->cohorts = 0;
	m.site[0].mood = DEAD;
	for (unsigned i = 0; i < 40; i++)
		add_mail(0, 1, 1);
	model_start();
	go(10 * SECOND);
	assert_int_equal(m.site[0].jobs, 40);
	assert_int_equal(dest_of(0)->rest, PLAN_AWAKE);
	assert_int_equal(dest_of(0)->window, 1);
}

SIM_TEST(what_waits_for_a_resting_destination_gets_its_time_unread)
{
	model();
	m.site[0].mood = DEAD;
	for (unsigned i = 0; i < 400; i++)
		add_mail(0, 1, 1)->tries = 1;
	model_start();
	go(20 * SECOND);
	for (unsigned i = 0; i < 400; i++)
		assert_in_range(mails[i].next_s, SIM_WALL + 300,
		    SIM_WALL + 345);
	assert_int_equal(m.site[0].jobs, 5);
	assert_true(m.opens < 450);
}

SIM_TEST(refused_recipients_are_no_failure_of_a_destination)
{
	model();
	m.site[0].mood = REFUSES;
	for (unsigned i = 0; i < 60; i++)
		add_mail(0, 1, 1);
	model_start();
	go(10 * SECOND);
	assert_int_equal(m.site[0].jobs, 60);
	assert_int_equal(dest_of(0)->window, 20);
}

SIM_TEST(the_death_of_a_worker_is_no_failure_of_a_destination)
{
	model();
	m.site[0].mood = CRASHES;
	for (unsigned i = 0; i < 60; i++)
		add_mail(0, 1, 1);
	model_start();
	go(10 * SECOND);
	assert_int_equal(m.site[0].jobs, 60);
	assert_int_equal(dest_of(0)->window, 5);
}

SIM_TEST(a_wrong_password_is_told_once_and_rests_long)
{
	model();
	m.site[0].mood = LOGIN;
	for (unsigned i = 0; i < 60; i++)
		add_mail(0, 1, 1);
	model_start();
	go(DAY);
	assert_int_equal(m.news, 1);
	assert_true(m.site[0].jobs <= 5 * 24);
	assert_int_equal(dest_of(0)->rest, PLAN_LOGIN);
	m.site[0].mood = WELL;
	plan_reset(&m.p, &m.set);
	assert_int_equal(dest_of(0)->rest, PLAN_AWAKE);
	go(2 * HOUR);
	assert_int_equal(left(), 0);
}

SIM_TEST(a_rate_delay_makes_it_one_at_a_time_with_pauses)
{
	model();
	SMTP->dest_delay = 20 * SECOND;
	for (unsigned i = 0; i < 10; i++) {
		add_mail(0, 1, 1);
		add_mail(1, 1, 1);
	}
	model_start();
	go(HOUR);
	assert_int_equal(left(), 0);
	assert_int_equal(m.site[0].most, 1);
	assert_int_equal(m.site[0].last - m.site[0].first, 9 * 20100);
	assert_int_equal(m.site[1].last - m.site[1].first, 9 * 20100);
}

SIM_TEST(a_transport_delay_is_for_all_destinations_together)
{
	model();
	SMTP->transport_delay = 20 * SECOND;
	for (unsigned i = 0; i < 5; i++) {
		add_mail(0, 1, 1);
		add_mail(1, 1, 1);
	}
	model_start();
	go(HOUR);
	assert_int_equal(left(), 0);
	assert_int_equal(m.site[1].last - m.site[0].first, 9 * 20100);
}

SIM_TEST(a_job_has_no_more_recipients_than_allowed)
{
	model();
	add_mail(0, 120, 1);
	model_start();
	go(50);
	assert_int_equal(m.site[0].jobs, 3);
	assert_int_equal(m.site[0].rcpts, 120);
	go(SECOND);
	assert_int_equal(left(), 0);
}

SIM_TEST(a_recipient_may_be_a_destination_of_its_own)
{
	unsigned a, b;

	model();
	model_start();
	a = plan_dest(&m.p, &m.t, SPAN("relay:[one.example]"), 17);
	b = plan_dest(&m.p, &m.t, SPAN("relay:[one.example]"), 18);
	assert_int_not_equal(a, b);
	assert_int_equal(plan_dest(&m.p, &m.t, SPAN("relay:[one.example]"),
	    17), a);
	assert_int_equal(m.p.dest[a].transport, QUEUE_RELAY);
	assert_true(span_is(plan_nexthop(&m.p.dest[a]), "[one.example]"));
}

SIM_TEST(a_deferred_transport_waits_for_a_flush)
{
	model();
	SMTP->is_deferred = true;
	add_mail(0, 1, 1);
	add_mail(1, 2, 2);
	model_start();
	go(DAY);
	assert_int_equal(m.site[0].jobs + m.site[1].jobs, 0);
	assert_int_equal(left(), 2);
	plan_look(&m.p, PLAN_ALL);
	go(MINUTE);
	assert_int_equal(left(), 0);
}

SIM_TEST(destinations_that_are_in_use_are_never_forgotten)
{
	unsigned busy, i;
	char route[64];

	model();
	m.site[0].takes = DAY;
	add_mail(0, 1, 1);
	model_start();
	go(SECOND);
	busy = plan_dest_find(&m.p, SPAN("smtp:site0.example"));
	for (i = 1; i < 500; i++) {
		route_of(i, route, sizeof(route));
		m.t.now++;
		assert_int_not_equal(plan_dest(&m.p, &m.t, span_of(route), 0),
		    busy);
	}
	assert_int_equal(m.p.dest[busy].busy, 1);
}

/* ---- who has to wait for whom -------------------------------------------- */

SIM_TEST(a_dead_destination_delays_no_other)
{
	model();
	m.site[0] = (struct site){ .mood = DEAD, .takes = 30 * SECOND };
	for (unsigned i = 0; i < 1000; i++)
		add_mail(0, 1, 1);
	model_start();
	for (unsigned i = 0; i < 20; i++) {
		go(50 * SECOND);
		add_mail(1, 1, 1);
		plan_fresh(&m.p, mails[m.mails - 1].id);
		go(SECOND);
		assert_int_equal(left(), 1000);
	}
}

SIM_TEST(what_lies_behind_a_dead_one_in_the_folder_goes_soon)
{
	model();
	m.site[0] = (struct site){ .mood = DEAD, .takes = 30 * SECOND };
	for (unsigned i = 0; i < 1000; i++)
		add_mail(0, 1, 1);
	add_mail(1, 1, 1);
	model_start();
	go(12 * SECOND);
	assert_int_equal(left(), 1000);
}

SIM_TEST(a_slow_destination_leaves_the_others_room)
{
	model();
	m.site[0].takes = MINUTE;
	for (unsigned i = 0; i < 500; i++)
		add_mail(0, 1, 1);
	for (unsigned i = 0; i < 300; i++)
		add_mail(1, 1, 1);
	model_start();
	go(30 * SECOND);
	assert_int_equal(m.site[1].rcpts, 300);
	assert_true(dest_of(0)->groups <= PLAN_MESSAGES / 4);
	go(DAY);
	assert_int_equal(left(), 0);
}

SIM_TEST(a_slow_list_leaves_the_others_room)
{
	model();
	SMTP->dest_delay = MINUTE;
	for (unsigned i = 0; i < 8; i++)
		add_mail(0, 1000, 1);
	for (unsigned i = 1; i < 20; i++)
		add_mail(i, 1, 1);
	model_start();
	go(30 * SECOND);
	for (unsigned i = 1; i < 20; i++)
		assert_int_equal(m.site[i].rcpts, 1);
	go(DAY);
	assert_int_equal(left(), 0);
}

SIM_TEST(a_list_lets_other_mail_of_its_destination_between)
{
	model();
	SMTP->window = 1;
	add_mail(0, 1000, 1);
	add_mail(0, 1, 1);
	model_start();
	go(350);
	assert_int_equal(left(), 1);
}

SIM_TEST(many_that_hang_leave_processes_for_others)
{
	model();
	SMTP->initial = 20;
	for (unsigned i = 0; i < 10; i++) {
		m.site[i].takes = HOUR;
		for (unsigned k = 0; k < 20; k++)
			add_mail(i, 1, 1);
	}
	model_start();
	go(SECOND);
	add_mail(70, 1, 1);
	plan_fresh(&m.p, mails[m.mails - 1].id);
	go(SECOND);
	assert_int_equal(m.site[70].jobs, 1);
}

SIM_TEST(new_mail_and_old_take_turns)
{
	model();
	m.set.messages = 1;
	m.traced = true;
	for (unsigned i = 0; i < 6; i++)
		add_mail(0, 1, 1);
	model_start();
	go(50);
	for (unsigned i = 0; i < 3; i++) {
		add_mail(1, 1, 1);
		plan_fresh(&m.p, mails[m.mails - 1].id);
	}
	go(10 * SECOND);
	assert_string_equal(m.order, "M0 M6 M1 M7 M2 M8 M3 M4 M5 ");
}

SIM_TEST(more_new_mail_than_can_be_remembered_is_found)
{
	model();
	m.set.messages = 2;
	m.site[0].takes = MINUTE;
	model_start();
	go(SECOND);
	for (unsigned i = 0; i < 3 * PLAN_FRESH; i++) {
		add_mail(i % 10, 1, 1);
		plan_fresh(&m.p, mails[m.mails - 1].id);
	}
	go(HOUR);
	assert_int_equal(left(), 0);
}

SIM_TEST(more_due_times_than_can_be_remembered_are_kept)
{
	unsigned late = 0;

	model();
	for (unsigned i = 0; i < 2000; i++)
		add_mail(i % 40, 1, 1)->next_s += 10 + i % 3900;
	model_start();
	for (unsigned k = 0; k < 400; k++) {
		go(10 * SECOND);
		for (unsigned i = 0; i < 2000; i++)
			late += mails[i].is_there &&
				mails[i].next_s + 5 < m.t.wall_ms / SECOND;
	}
	assert_int_equal(late, 0);
	assert_int_equal(left(), 0);
	assert_true(m.rounds < 40);
}

SIM_TEST(draining_costs_the_same_for_each_message)
{
	unsigned reads = 0, opens = 0;

	for (unsigned n = 400; n <= 4000; n *= 10) {
		model();
		m.site[0].takes = 20;
		for (unsigned i = 0; i < n; i++)
			add_mail(0, 1, 1);
		model_start();
		go(HOUR);
		assert_int_equal(left(), 0);
		if (n == 4000) {
			assert_true(m.reads < 12 * reads);
			assert_true(m.opens < 12 * opens);
		}
		reads = m.reads;
		opens = m.opens;
	}
}

SIM_TEST(an_idle_plan_rests_for_ever)
{
	struct plan_turn turn;

	model();
	add_mail(0, 3, 3);
	model_start();
	assert_false(plan_is_empty(&m.p));
	go(HOUR);
	assert_true(plan_is_empty(&m.p));
	plan_turn(&m.p, &m.t, &turn);
	assert_int_equal(turn.step, PLAN_REST);
	assert_true(turn.until == MS_NEVER);
}

SIM_TEST(what_is_deferred_keeps_the_plan_from_being_empty)
{
	struct plan_turn turn;

	model();
	m.site[0].mood = REFUSES;
	add_mail(0, 1, 1);
	model_start();
	go(MINUTE);
	assert_false(plan_is_empty(&m.p));
	plan_turn(&m.p, &m.t, &turn);
	assert_int_equal(turn.step, PLAN_REST);
	assert_in_range(turn.until, SIM_START + 300 * SECOND,
	    SIM_START + 340 * SECOND);
}

SIM_TEST(held_mail_is_left_alone)
{
	model();
	add_mail(0, 1, 1)->is_held = true;
	model_start();
	go(DAY);
	assert_int_equal(m.site[0].jobs, 0);
	assert_true(plan_is_empty(&m.p));
}

/* ---- the network --------------------------------------------------------- */

SIM_TEST(the_network_wakes_only_what_waits_for_it)
{
	model();
	m.site[0].mood = AWAY;
	m.site[1].mood = REFUSES;
	for (unsigned i = 0; i < 50; i++) {
		add_mail(0, 1, 1);
		add_mail(1, 1, 1);
	}
	model_start();
	go(MINUTE);
	assert_int_equal(dest_of(0)->rest, PLAN_NETWORK);
	m.site[0].mood = WELL;
	m.site[1].jobs = 0;
	plan_network(&m.p, &m.t, sim_random(1u << 31));
	go(5 * SECOND);
	assert_int_equal(m.site[1].jobs, 0);
	for (unsigned i = 0; i < 100; i += 2)
		if (mails[i].is_there)
			assert_int_equal(mails[i].flags, 0);
	go(HOUR);
	assert_int_equal(left(), 50);
}

SIM_TEST(nobody_wakes_up_for_what_the_network_let_go_early)
{
	model();
	m.site[0].mood = AWAY;
	for (unsigned i = 0; i < 4; i++)
		add_mail(0, 1, 1);
	model_start();
	go(MINUTE);
	m.site[0].mood = WELL;
	plan_network(&m.p, &m.t, sim_random(1u << 31));
	go(5 * SECOND);
	assert_int_equal(left(), 0);
	assert_true(plan_is_empty(&m.p));
}

SIM_TEST(the_network_is_answered_at_most_once_in_ten_seconds)
{
	unsigned before;

	model();
	m.site[0].mood = AWAY;
	add_mail(0, 1, 1);
	model_start();
	go(MINUTE);
	before = m.site[0].jobs;
	for (unsigned i = 0; i < 100; i++) {
		plan_network(&m.p, &m.t, sim_random(1u << 31));
		go(SECOND);
	}
	assert_in_range(m.site[0].jobs - before, 7, 11);
}

SIM_TEST(a_flush_tries_everything_and_wakes_everybody)
{
	model();
	m.site[0].mood = DEAD;
	m.site[1].mood = REFUSES;
	for (unsigned i = 0; i < 200; i++)
		add_mail(i % 2, 1, 1);
	model_start();
	go(MINUTE);
	m.site[0].mood = m.site[1].mood = WELL;
	plan_wake(&m.p, PLAN_AWAKE);
	plan_look(&m.p, PLAN_ALL);
	go(MINUTE);
	assert_int_equal(left(), 0);
}

SIM_TEST(no_jobs_while_there_are_no_processes)
{
	model();
	add_mail(0, 1, 1);
	model_start();
	plan_pause(&m.p, m.t.now + 5 * SECOND);
	go(4 * SECOND);
	assert_int_equal(m.site[0].jobs, 0);
	go(2 * SECOND);
	assert_int_equal(left(), 0);
}

SIM_TEST(a_job_that_was_not_started_is_offered_again)
{
	struct plan_turn turn;
	unsigned first;

	model();
	m.set.limits[QUEUE_SMTP].rcpts = 3;
	add_mail(0, 5, 1);
	model_start();
	for (;;) {
		plan_turn(&m.p, &m.t, &turn);
		if (turn.step == PLAN_SEND)
			break;
		if (turn.step == PLAN_READ)
			read_folder(turn.from_start);
		else
			open_mail(turn.id);
	}
	first = m.p.rcpt[turn.job.first].index;
	plan_undo(&m.p, &turn.job);
	assert_int_equal(m.p.jobs_n, 0);
	plan_turn(&m.p, &m.t, &turn);
	assert_int_equal(turn.step, PLAN_SEND);
	assert_int_equal(m.p.rcpt[turn.job.first].index, first);
	assert_int_equal(turn.job.n, 3);
	plan_undo(&m.p, &turn.job);
	go(MINUTE);
	assert_int_equal(left(), 0);
	assert_int_equal(m.site[0].rcpts, 5);
}

SIM_TEST(a_message_that_is_stopped_sends_nothing_more)
{
	model();
	SMTP->window = 1;
	add_mail(0, 500, 1);
	model_start();
	go(150);
	plan_stop(&m.p, mails[0].in_plan);
	go(SECOND);
	assert_int_equal(m.site[0].jobs, 2);
	assert_int_equal(mails[0].left, 400);
	assert_int_equal(m.p.rcpts_n, 0);
}

/* ---- anything ------------------------------------------------------------ */

static void
random_world(void)
{
	unsigned sites = 1 + sim_random(MOST_SITES - 1);

	model();
	m.set.messages = 1 + sim_random(PLAN_MESSAGES);
	m.set.processes = 1 + sim_random(PLAN_PROCESSES);
	SMTP->initial = 1 + sim_random(8);
	SMTP->window = sim_random(20) + 1;
	SMTP->rcpts = sim_random(60);
	SMTP->up.per_window = sim_random(2) == 0;
	SMTP->down.share = PLAN_ONE / (1 + (int)sim_random(5));
	SMTP->cohorts = sim_random(4);
	SMTP->dest_delay = sim_random(4) == 0 ? SECOND : 0;
	SMTP->transport_delay = sim_random(8) == 0 ? 100 : 0;
	for (unsigned i = 0; i < sites; i++) {
		m.site[i].takes = 10 + sim_random(30000);
		m.site[i].mood = (enum mood)sim_random(6);
	}
	for (unsigned n = sim_random(300); n > 0; n--) {
		unsigned many = sim_random(20) == 0 ?
			1 + sim_random(MOST_RCPTS) : 1 + sim_random(3);
		unsigned first = sim_random(sites);

		add_mail(first, many, 1 + sim_random(sites - first));
		mails[m.mails - 1].tries = sim_random(2);
	}
	model_start();
	for (unsigned n = sim_random(60); n > 0; n--) {
		go(sim_random(400) * SECOND);
		if (sim_random(3) == 0)
			m.site[sim_random(sites)].mood =
				(enum mood)sim_random(6);
		if (sim_random(10) == 0)
			plan_network(&m.p, &m.t, sim_random(1u << 31));
		if (sim_random(20) == 0)
			plan_look(&m.p, PLAN_ALL);
		if (sim_random(20) == 0)
			m.t.wall_ms += (int64_t)sim_random(200000) * SECOND -
				100000 * SECOND;
		if (sim_random(3) == 0) {
			add_mail(sim_random(sites), 1 + sim_random(3), 1);
			plan_fresh(&m.p, mails[m.mails - 1].id);
		}
	}
	for (unsigned i = 0; i < sites; i++)
		m.site[i].mood = WELL;
}

SIM_TEST(whatever_happens_everybody_is_tried_in_the_end)
{
	for (unsigned n = 0; n < 150; n++) {
		sim_note("world %u", n);
		random_world();
		go(12 * HOUR);
		if (left() > 0)
			sim_fail("%u of %u messages are left", left(),
			    m.mails);
		assert_int_equal(m.p.rcpts_n + m.p.groups_n + m.p.messages_n +
		    m.p.more_n, 0);
		assert_true(plan_is_empty(&m.p));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_due_time_beyond_the_longest_wait_is_due_now),
		SIM_RUN(the_wait_is_the_age_within_its_bounds_and_some_chance),
		SIM_RUN(nothing_expires_under_a_clock_that_is_wrong),
		SIM_RUN(a_lifetime_of_nothing_is_one_attempt),
		SIM_RUN(notices_have_the_shorter_of_both_lifetimes),
		SIM_RUN(a_delay_is_told_from_that_age_on),
		SIM_RUN(feedback_is_a_number_a_ratio_or_by_concurrency),
		SIM_RUN(a_new_destination_gets_the_initial_window),
		SIM_RUN(success_widens_the_window_up_to_its_limit),
		SIM_RUN(success_by_concurrency_widens_by_one_a_round),
		SIM_RUN(a_limit_below_the_initial_window_holds),
		SIM_RUN(failure_narrows_at_the_beginning_of_a_sequence),
		SIM_RUN(a_failed_cohort_lets_a_destination_rest),
		SIM_RUN(after_its_rest_a_destination_starts_anew),
		SIM_RUN(no_limit_of_cohorts_never_rests),
		SIM_RUN(
		    what_waits_for_a_resting_destination_gets_its_time_unread),
		SIM_RUN(refused_recipients_are_no_failure_of_a_destination),
		SIM_RUN(the_death_of_a_worker_is_no_failure_of_a_destination),
		SIM_RUN(a_wrong_password_is_told_once_and_rests_long),
		SIM_RUN(a_rate_delay_makes_it_one_at_a_time_with_pauses),
		SIM_RUN(a_transport_delay_is_for_all_destinations_together),
		SIM_RUN(a_job_has_no_more_recipients_than_allowed),
		SIM_RUN(a_recipient_may_be_a_destination_of_its_own),
		SIM_RUN(a_deferred_transport_waits_for_a_flush),
		SIM_RUN(destinations_that_are_in_use_are_never_forgotten),
		SIM_RUN(a_dead_destination_delays_no_other),
		SIM_RUN(what_lies_behind_a_dead_one_in_the_folder_goes_soon),
		SIM_RUN(a_slow_destination_leaves_the_others_room),
		SIM_RUN(a_slow_list_leaves_the_others_room),
		SIM_RUN(a_list_lets_other_mail_of_its_destination_between),
		SIM_RUN(many_that_hang_leave_processes_for_others),
		SIM_RUN(new_mail_and_old_take_turns),
		SIM_RUN(more_new_mail_than_can_be_remembered_is_found),
		SIM_RUN(more_due_times_than_can_be_remembered_are_kept),
		SIM_RUN(draining_costs_the_same_for_each_message),
		SIM_RUN(an_idle_plan_rests_for_ever),
		SIM_RUN(what_is_deferred_keeps_the_plan_from_being_empty),
		SIM_RUN(held_mail_is_left_alone),
		SIM_RUN(the_network_wakes_only_what_waits_for_it),
		SIM_RUN(nobody_wakes_up_for_what_the_network_let_go_early),
		SIM_RUN(the_network_is_answered_at_most_once_in_ten_seconds),
		SIM_RUN(a_flush_tries_everything_and_wakes_everybody),
		SIM_RUN(no_jobs_while_there_are_no_processes),
		SIM_RUN(a_job_that_was_not_started_is_offered_again),
		SIM_RUN(a_message_that_is_stopped_sends_nothing_more),
		SIM_RUN(whatever_happens_everybody_is_tried_in_the_end),
	};

	return sim_main(tests, COUNT(tests));
}
