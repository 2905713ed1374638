/*
 * queue_dir_test.c - the folders of the queue and the names in them.
 */
#include "queue_world.h"

static struct queue_entry entry;

static void
mode_is(const char *name, uint32_t uid, unsigned mode)
{
	struct port_stat st;
	char path[QUEUE_PATH_MAX];

	snprintf(path, sizeof(path), QUEUE "%s", name);
	assert_int_equal(port_stat_path(path, &st), RC_OK);
	assert_true(st.is_folder);
	assert_int_equal(st.uid, uid);
	assert_int_equal(st.mode, mode);
}

SIM_TEST(a_queue_that_is_missing_is_made)
{
	queue_world();
	sim_uid(0);
	qw.param.set.queue_directory = SPAN(QUEUE "/");
	qw.param.set.mail_owner = SPAN("77");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	assert_true(span_is(qw.q.folder, QUEUE));
	assert_int_equal(qw.q.owner, 77);
	assert_false(qw.q.is_volatile);
	mode_is("", 0, 0755);
	mode_is("/incoming", 77, 0700);
	mode_is("/drop", 77, 01733);
	mode_is("/corrupt", 77, 0700);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	assert_string_equal(sim_err(), "");
}

SIM_TEST(who_may_not_write_to_incoming_has_drop)
{
	queue_world();
	sim_uid(0);
	qw.param.set.mail_owner = SPAN("77");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	sim_uid(SIM_UID);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_DENY);
	sim_uid(77);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
}

SIM_TEST(without_a_parent_or_a_name_there_is_no_queue)
{
	static char many[600];

	queue_world();
	qw.param.set.queue_directory = SPAN("");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_NONE);
	qw.param.set.queue_directory = SPAN("/none/spool");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_NONE);
	assert_string_equal(sim_err(), "");
	memset(many, 'q', sizeof(many));
	qw.param.set.queue_directory = (struct span){ many, sizeof(many) };
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_NONE);
	assert_non_null(strstr(sim_err(), "queue_directory"));
}

SIM_TEST(a_queue_of_postfix_is_left_alone)
{
	queue_world();
	sim_folder(QUEUE, true);
	sim_folder(QUEUE "/maildrop", true);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_WIRE);
	assert_non_null(strstr(sim_err(), "queue_directory = " QUEUE
	    " belongs to Postfix; set queue_directory = "
	    "/var/spool/postern in main.cf"));
	assert_false(sim_file_exists(QUEUE "/incoming"));
	sim_begin();
	queue_world();
	sim_folder(QUEUE, true);
	sim_folder(QUEUE "/active", true);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_WIRE);
}

static uint32_t
owner_of(const char *name)
{
	qw.param.set.mail_owner = span_of(name);
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	return qw.q.owner;
}

SIM_TEST(the_owner_is_never_root_or_nobody)
{
	queue_world();
	assert_int_equal(owner_of("1234"), 1234);
	assert_int_equal(owner_of("0"), 5321);
	assert_int_equal(owner_of("65534"), 5321);
	assert_int_equal(owner_of("nosuchaccount"), 5321);
}

SIM_TEST(a_queue_in_memory_is_known)
{
	queue_world();
	sim_volatile("/var/spool");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	assert_true(qw.q.is_volatile);
}

/* ---- ids ----------------------------------------------------------------- */

SIM_TEST(ids_are_of_time_and_inode)
{
	char room[QUEUE_ID_MAX];
	struct buf b = BUF(room);

	queue_id_make(&b, 0xabc123, 1767225600999, false);
	assert_true(b.n == 5 + 6 && !b.full);
	assert_memory_equal(room + 5, "ABC123", 6);
	assert_memory_equal(room, "F3", 2);	/* 999000 to 999999 */
	buf_clear(&b);
	queue_id_make(&b, 51 * 51 - 1, 1767225600000, true);
	assert_int_equal(b.n, 6 + 4 + 1 + 2);
	assert_memory_equal(room + 10, "zyy", 3);
	buf_clear(&b);
	queue_id_make(&b, UINT64_MAX, INT64_MAX, true);
	assert_true(queue_id_is_safe(buf_span(&b)) || b.full);
	buf_clear(&b);
	queue_id_make(&b, UINT64_MAX, 1767225600000, true);
	assert_true(queue_id_is_safe(buf_span(&b)));
}

SIM_TEST(what_could_lead_elsewhere_is_no_id)
{
	static const char *const bad[] = { "", ".", "..", ".ab", "a/b", "a b",
		"a.b", "a-b", "\xc3\xa4", "012345678901234567890123" };

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(queue_id_is_safe(span_of(bad[i])));
	assert_false(queue_id_is_safe(SPAN("a\0b")));
	assert_true(queue_id_is_safe(SPAN("01234567890123456789012")));
	assert_true(queue_id_is_safe(SPAN("4C0b2zZ9")));
}

/* ---- the cursor ---------------------------------------------------------- */

static unsigned
one_round(struct queue_cursor *c)
{
	unsigned n = 0;
	enum rc rc;

	while ((rc = queue_cursor_next(c, &entry)) == RC_OK)
		n++;
	assert_int_equal(rc, RC_NONE);
	return n;
}

SIM_TEST(the_cursor_goes_round_and_round)
{
	struct queue_cursor c = { .q = &qw.q };

	queue_world_open();
	assert_int_equal(one_round(&c), 0);
	for (int i = 0; i < 200; i++)
		queue_submit("s@x", "r@x", "b\n");
	assert_int_equal(one_round(&c), 200);
	assert_int_equal(one_round(&c), 200);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(an_entry_tells_of_its_next_try_and_of_hold)
{
	struct queue_cursor c = { .q = &qw.q };

	queue_world_open();
	queue_submit("s@x", "r@x", "b\n");
	assert_int_equal(queue_put_off(&qw.q, qw.id, 1767230000),
	    RC_OK);
	assert_int_equal(queue_cursor_next(&c, &entry), RC_OK);
	assert_string_equal(entry.id, qw.id);
	assert_int_equal(entry.next_s, 1767230000);
	assert_false(entry.is_held);
	assert_int_equal(queue_hold(&qw.q, qw.id, true), RC_OK);
	assert_int_equal(queue_entry_find(&qw.q, span_of(qw.id), &entry),
	    RC_OK);
	assert_true(entry.is_held);
	assert_int_equal(queue_hold(&qw.q, qw.id, false), RC_OK);
	assert_int_equal(queue_entry_find(&qw.q, span_of(qw.id), &entry),
	    RC_OK);
	assert_false(entry.is_held);
	assert_int_equal(queue_remove(&qw.q, qw.id), RC_OK);
	assert_int_equal(queue_entry_find(&qw.q, span_of(qw.id), &entry),
	    RC_NONE);
	assert_int_equal(queue_entry_find(&qw.q, SPAN("../drop"), &entry),
	    RC_NONE);
	port_list_close(&c.list);
}

SIM_TEST(drafts_are_passed_over_and_removed_when_forgotten)
{
	struct queue_cursor c = { .q = &qw.q };

	queue_world_open();
	sim_file(QUEUE "/incoming/.old", "x");
	sim_file_mtime(QUEUE "/incoming/.old", SIM_WALL - 37 * 3600);
	sim_file(QUEUE "/incoming/.new", "x");
	sim_file_mtime(QUEUE "/incoming/.new", SIM_WALL - 35 * 3600);
	assert_int_equal(one_round(&c), 0);
	assert_false(sim_file_exists(QUEUE "/incoming/.old"));
	assert_true(sim_file_exists(QUEUE "/incoming/.new"));
}

SIM_TEST(what_is_no_message_is_set_aside_and_named)
{
	struct queue_cursor c = { .q = &qw.q };

	queue_world_open();
	queue_submit("s@x", "r@x", "b\n");
	sim_file(QUEUE "/incoming/not-mine", "x");
	sim_fifo(QUEUE "/incoming/pipe");
	assert_int_equal(one_round(&c), 1);
	assert_true(sim_file_exists(QUEUE "/corrupt/not-mine"));
	assert_true(sim_file_exists(QUEUE "/corrupt/pipe"));
	assert_non_null(strstr(sim_err(), "not-mine: not the name of a "
	    "message; set aside as " QUEUE "/corrupt/not-mine"));
	queue_set_aside(&qw.q, QUEUE_INCOMING, qw.id, "torn");
	assert_int_equal(one_round(&c), 0);
	assert_non_null(strstr(sim_err(), ": torn; set aside as "));
}

SIM_TEST(a_folder_that_cannot_be_read_is_no_empty_one)
{
	struct queue_cursor c = { .q = &qw.q };

	queue_world_open();
	sim_file_mode(QUEUE "/incoming", 5, 0);
	sim_uid(SIM_UID);
	assert_int_equal(queue_cursor_next(&c, &entry), RC_OS);
	sim_file_mode(QUEUE "/incoming", SIM_UID, 0700);
	assert_int_equal(queue_cursor_next(&c, &entry), RC_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_queue_that_is_missing_is_made),
		SIM_RUN(who_may_not_write_to_incoming_has_drop),
		SIM_RUN(without_a_parent_or_a_name_there_is_no_queue),
		SIM_RUN(a_queue_of_postfix_is_left_alone),
		SIM_RUN(the_owner_is_never_root_or_nobody),
		SIM_RUN(a_queue_in_memory_is_known),
		SIM_RUN(ids_are_of_time_and_inode),
		SIM_RUN(what_could_lead_elsewhere_is_no_id),
		SIM_RUN(the_cursor_goes_round_and_round),
		SIM_RUN(an_entry_tells_of_its_next_try_and_of_hold),
		SIM_RUN(drafts_are_passed_over_and_removed_when_forgotten),
		SIM_RUN(what_is_no_message_is_set_aside_and_named),
		SIM_RUN(a_folder_that_cannot_be_read_is_no_empty_one),
	};
	return sim_main(tests, COUNT(tests));
}
