/*
 * queue_draft_test.c - mail is taken whole and for good, or not at all.
 */
#include "queue_world.h"

/* A message of some length; false: it was not taken. */
static bool
take(size_t bytes)
{
	static char body[20000];
	struct queue_envelope e = { .sender = SPAN("s@x") };
	struct span rest;

	memset(body, 'b', sizeof(body));
	if (queue_draft_open(&qw.draft, &qw.q, false) != RC_OK)
		return false;
	for (; bytes > 0; bytes -= rest.n) {
		rest = (struct span){ body,
		    bytes < sizeof(body) ? bytes : sizeof(body) };
		if (queue_draft_put(&qw.draft, rest) != RC_OK)
			goto failed;
	}
	if (queue_draft_envelope(&qw.draft, &e) != RC_OK ||
	    queue_draft_rcpt(&qw.draft, &(struct rcpt){ .addr = SPAN("r@x") },
	    SPAN("given@x")) != RC_OK)
		goto failed;
	return queue_draft_publish(&qw.draft) == RC_OK;
failed:
	queue_draft_drop(&qw.draft);
	return false;
}

static void
must_be_whole(size_t bytes)
{
	int fd = queue_fd(qw.draft.id);

	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	assert_int_equal(qw.head.body_bytes, bytes);
	assert_int_equal(queue_reader_start(&qw.reader, fd, &qw.head, &qw.env),
	    RC_OK);
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_OK);
	assert_true(span_is(qw.rcpt.to.addr, "r@x"));
	assert_true(span_is(qw.rcpt.given, "given@x"));
	assert_int_equal(queue_rcpt_next(&qw.reader, &qw.rcpt), RC_NONE);
	port_close(fd);
}

SIM_TEST(messages_of_any_length_are_whole)
{
	static const size_t sizes[] = { 0, 1, 3500, 4000, 4090, 4100, 4186,
		4187, 4188, 4699, 4700, 4701, 9400, 20000, 100000 };

	queue_world_open();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		assert_true(take(sizes[i]));
		must_be_whole(sizes[i]);
	}
	assert_int_equal(queue_names("incoming"), COUNT(sizes));
}

SIM_TEST(a_draft_that_is_dropped_leaves_nothing)
{
	queue_world_open();
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	assert_int_equal(queue_names("incoming"), 1);
	assert_int_equal(queue_draft_put(&qw.draft, SPAN("x")), RC_OK);
	queue_draft_drop(&qw.draft);
	queue_draft_drop(&qw.draft);
	assert_int_equal(queue_names("incoming"), 0);
	assert_int_equal(sim_open_fds(), 0);
}

/* Whatever fails, the answer and the folder agree. */
SIM_TEST(every_call_that_fails_takes_no_mail)
{
	uint64_t first, last;

	queue_world_open();
	first = sim_fallible();
	assert_true(take(5000));
	last = sim_fallible();
	for (uint64_t at = first + 1; at <= last; at++) {
		bool taken;

		sim_begin();
		queue_world_open();
		sim_fail_at(at);
		taken = take(5000);
		sim_fail_at(0);
		sim_note("call %s", sim_failed_call());
		assert_int_equal(sim_open_fds(), 0);
		if (taken)
			must_be_whole(5000);
		else if (strcmp(sim_failed_call(), "port_remove") != 0)
			assert_int_equal(queue_names("incoming"), 0);
	}
}

static int
submit(void *arg, int fd)
{
	(void)arg;
	(void)fd;
	return take(5000) ? 0 : 75;
}

/* All that has a name is whole. */
static void
look_at_all(void)
{
	struct queue_cursor c = { .q = &qw.q };
	struct queue_entry entry;

	while (queue_cursor_next(&c, &entry) == RC_OK) {
		memcpy(qw.draft.id, entry.id, sizeof(entry.id));
		must_be_whole(5000);
	}
}

/*
 * The power is cut ahead of call `at`, or when all is done; the disk makes of
 * it what chance says.  false: it was done.
 */
static bool
cut_at(uint64_t at, unsigned chance)
{
	unsigned pid;
	bool was_cut;

	sim_begin();
	while (chance-- > 0)
		(void)sim_random(2);
	queue_world_open();
	pid = sim_process(submit, NULL);
	sim_power_at(at);
	was_cut = sim_run(MS_NEVER) == SIM_RAN_POWER;
	if (!was_cut) {
		assert_int_equal(sim_status(pid), 0);
		sim_power_cut();
		must_be_whole(5000);
	}
	look_at_all();
	return was_cut;
}

/* What has a name is whole; what was said to be taken has one. */
SIM_TEST(what_was_taken_outlives_a_power_cut)
{
	uint64_t at;

	for (unsigned chance = 0; chance < 20; chance++) {
		for (at = 1; cut_at(at, chance); at++)
			;
		assert_true(at > 10);
	}
}

SIM_TEST(a_submission_costs_two_syncs)
{
	uint64_t written, syncs;

	queue_world_open();
	written = sim_written();
	syncs = sim_syncs();
	assert_true(take(3000));
	assert_int_equal(sim_syncs() - syncs, 2);
	assert_true(sim_written() - written < 3000 + 2 * 512);
	assert_true(take(50000));
	assert_int_equal(sim_syncs() - syncs, 4);
}

SIM_TEST(a_full_disk_is_told_before_the_message_is_taken)
{
	queue_world_open();
	qw.param.set.message_size_limit = 1000;
	sim_disk_free(1500);
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	queue_draft_drop(&qw.draft);
	sim_disk_free(1499);
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_FULL);
	qw.param.set.queue_minfree = 1000;
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	queue_draft_drop(&qw.draft);
	sim_disk_free(999);
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_FULL);
	assert_non_null(strstr(sim_err(), "queue_minfree"));
}

SIM_TEST(a_small_disk_takes_mail_as_long_as_a_part_is_free)
{
	queue_world_open();
	qw.param.set.message_size_limit = 10240000;
	sim_disk_size(8000000);
	sim_disk_free(1000000);
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	queue_draft_drop(&qw.draft);
	sim_disk_free(999999);
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_FULL);
}

SIM_TEST(a_disk_that_fills_up_meanwhile_takes_no_mail)
{
	queue_world_open();
	sim_disk_free(3000);
	assert_false(take(10000));
	assert_int_equal(queue_names("incoming"), 0);
}

SIM_TEST(what_goes_to_drop_stays_there)
{
	struct queue_envelope e = { 0 };

	queue_world_open();
	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, true), RC_OK);
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_OK);
	assert_int_equal(queue_draft_publish(&qw.draft), RC_OK);
	assert_int_equal(queue_names("incoming"), 0);
	assert_int_equal(queue_names("drop"), 1);
}

SIM_TEST(what_root_submits_belongs_to_the_owner_of_the_queue)
{
	struct port_stat st;

	queue_world();
	sim_uid(0);
	qw.param.set.mail_owner = SPAN("77");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	assert_true(take(10));
	assert_int_equal(port_stat_path(queue_file("incoming", qw.draft.id),
	    &st), RC_OK);
	assert_int_equal(st.uid, 77);
	assert_int_equal(st.mode, 0600);
}

SIM_TEST(two_messages_never_have_one_id)
{
	queue_world_open();
	queue_submit("s@x", "r@x", "");
	for (int i = 0; i < 20; i++) {
		/* What a backup brought back has whatever name it had. */
		assert_true(take(10));
		sim_file(queue_file("incoming", qw.draft.id), "old");
	}
	assert_int_equal(queue_names("incoming"), 21);
}

/* ---- caps ---------------------------------------------------------------- */

/* How many of `n` are taken. */
static unsigned
take_many(unsigned n, size_t bytes)
{
	unsigned taken = 0;

	while (n-- > 0)
		taken += take(bytes);
	return taken;
}

SIM_TEST(a_small_cap_on_messages_holds_to_the_letter)
{
	queue_world_open();
	qw.param.set.postern_queue_count = 20;
	assert_int_equal(take_many(30, 10), 20);
	assert_non_null(strstr(sim_err(), "postern_queue_count"));
	assert_int_equal(queue_names("incoming"), 21);	/* and the mark */
}

SIM_TEST(a_large_cap_is_noticed_soon)
{
	unsigned taken;

	queue_world_open();
	qw.param.set.postern_queue_count = 1000;
	taken = take_many(1500, 10);
	assert_in_range(taken, 1000, 1400);
	assert_int_equal(take_many(5, 10), 0);
}

SIM_TEST(room_that_comes_back_is_used)
{
	struct queue_cursor c = { .q = &qw.q };
	struct queue_entry entry;

	queue_world_open();
	qw.param.set.postern_queue_count = 20;
	assert_int_equal(take_many(30, 10), 20);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(queue_cursor_next(&c, &entry), RC_OK);
		assert_int_equal(queue_remove(&qw.q, entry.id),
		    RC_OK);
	}
	port_list_close(&c.list);
	assert_int_equal(take_many(30, 10), 5);
}

SIM_TEST(a_cap_on_octets_is_noticed_soon)
{
	unsigned taken;

	queue_world_open();
	qw.param.set.postern_queue_bytes = 1000000;
	taken = take_many(400, 10000);
	assert_in_range(taken, 90, 110);
	assert_int_equal(take_many(5, 10), 0);
}

SIM_TEST(counting_costs_no_more_with_a_longer_queue)
{
	uint64_t calls, first, second;

	queue_world_open();
	qw.param.set.postern_queue_count = 100000;
	calls = sim_calls();
	assert_int_equal(take_many(500, 10), 500);
	first = sim_calls() - calls;
	assert_int_equal(take_many(1500, 10), 1500);
	calls = sim_calls();
	assert_int_equal(take_many(500, 10), 500);
	second = sim_calls() - calls;
	assert_true(second < first + first / 2 + 4000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(messages_of_any_length_are_whole),
		SIM_RUN(a_draft_that_is_dropped_leaves_nothing),
		SIM_RUN(every_call_that_fails_takes_no_mail),
		SIM_RUN(what_was_taken_outlives_a_power_cut),
		SIM_RUN(a_submission_costs_two_syncs),
		SIM_RUN(a_full_disk_is_told_before_the_message_is_taken),
		SIM_RUN(a_small_disk_takes_mail_as_long_as_a_part_is_free),
		SIM_RUN(a_disk_that_fills_up_meanwhile_takes_no_mail),
		SIM_RUN(what_goes_to_drop_stays_there),
		SIM_RUN(what_root_submits_belongs_to_the_owner_of_the_queue),
		SIM_RUN(two_messages_never_have_one_id),
		SIM_RUN(a_small_cap_on_messages_holds_to_the_letter),
		SIM_RUN(a_large_cap_is_noticed_soon),
		SIM_RUN(room_that_comes_back_is_used),
		SIM_RUN(a_cap_on_octets_is_noticed_soon),
		SIM_RUN(counting_costs_no_more_with_a_longer_queue),
	};
	return sim_main(tests, COUNT(tests));
}
