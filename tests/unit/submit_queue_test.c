/*
 * submit_queue_test.c - exit code 0 means that the mail is safe, whatever dies
 * and fails; and where it goes.
 */
#include "submit_world.h"

/* ---- safe, or not taken -------------------------------------------------- */

static const char *
queue_file(void)
{
	static char path[256];

	snprintf(path, sizeof(path), QUEUE "/incoming/%s",
	    submit_only("incoming"));
	return path;
}

SIM_TEST(a_message_costs_two_syncs_and_little_but_its_size)
{
	static char text[300000];
	size_t n = strlen(SMALL);

	memset(text, 'x', sizeof(text));
	memcpy(text, SMALL, n);
	for (size_t i = 100; i < sizeof(text); i += 70)
		text[i] = '\n';
	for (size_t size = n; size < sizeof(text); size = size * 7) {
		uint64_t syncs, written;
		struct port_stat st;

		sim_begin();
		submit_world("message_size_limit = 1000000\n");
		sim_stdin(text, size);
		syncs = sim_syncs();
		written = sim_written();
		assert_int_equal(SENDMAIL("u@dest.example"), EXIT_OK);
		assert_int_equal(sim_syncs() - syncs, 2);
		written = sim_written() - written;
		assert_true(written <= size + 2 * 4096);
		assert_true(sim_file_stat(queue_file(), &st));
		assert_true(written <= (uint64_t)st.size + 512);
		assert_string_equal(sim_err(), "");
	}
}

/* What lies there is whole, or a draft; nothing is told but the truth. */
static void
must_be_true(int code)
{
	unsigned whole = 0;
	const char *p;

	for (p = sim_ls(QUEUE "/incoming"); *p != '\0'; p += strcspn(p, "\n"),
	    p += *p == '\n') {
		char id[64];

		snprintf(id, sizeof(id), "%.*s", (int)strcspn(p, "\n"), p);
		if (id[0] == '.')
			continue;
		submit_read_from("incoming", id);
		HAS("\n\nHello.\n");
		HAS("\nSubject: hello\n");
		RCPTS("u@dest.example  0\n");
		SENDER("user@here.example");
		whole++;
	}
	assert_true(whole <= 1);
	if (code == EXIT_OK)
		assert_int_equal(whole, 1);
}

SIM_TEST(whoever_dies_anywhere_has_lost_nothing_that_was_taken)
{
	uint64_t last;
	int code;

	submit_world("");
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_OK);
	must_be_true(EXIT_OK);
	last = sim_process_calls();
	assert_true(last > 30);
	for (uint64_t at = 1; at <= last; at++) {
		sim_begin();
		submit_world("");
		sim_kill_at(at);
		code = SENDMAIL("u@dest.example");
		sim_note("died at %s: %d", sim_died_at(), code);
		assert_int_not_equal(code, EXIT_OK);
		must_be_true(code);
	}
}

SIM_TEST(a_power_cut_anywhere_loses_nothing_that_was_taken)
{
	uint64_t last;
	unsigned pid;

	submit_world("");
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_OK);
	last = sim_process_calls();
	for (uint64_t at = 1; at <= last + 1; at++) {
		int code;

		sim_begin();
		submit_world("");
		sim_power_at(at);
		pid = submit_start_words((const char *const []){
		    "u@dest.example", NULL });
		sim_run(MS_NEVER);
		code = sim_status(pid);
		assert_int_equal(code == EXIT_OK, at == last + 1);
		sim_note("cut at call %u", (unsigned)at);
		sim_power_cut();
		must_be_true(code);
	}
}

SIM_TEST(a_call_that_fails_is_told_or_does_not_matter)
{
	uint64_t first, last;
	unsigned refused = 0;

	submit_world("");
	first = sim_fallible();
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_OK);
	last = sim_fallible();
	for (uint64_t at = first + 1; at <= last; at++) {
		int code;

		sim_begin();
		submit_world("");
		sim_fail_at(at);
		code = SENDMAIL("u@dest.example");
		sim_fail_at(0);
		sim_note("%s failed: %d", sim_failed_call(), code);
		must_be_true(code);
		if (code == EXIT_OK)
			continue;
		refused++;
		assert_int_not_equal(code, EXIT_USAGE);
		assert_true(sim_err()[0] != '\0');
		if (strcmp(sim_failed_call(), "port_sync_folder") != 0)
			assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	}
	assert_true(refused > 5);
}

SIM_TEST(a_full_disk_keeps_nothing_and_says_75)
{
	for (int64_t room = 0; ; room += 40) {
		int code;

		sim_begin();
		submit_world("queue_minfree = 1\n");
		sim_disk_limit(room);
		code = SENDMAIL("u@dest.example");
		if (code == EXIT_OK)
			break;
		assert_int_equal(code, EXIT_LATER);
		assert_int_equal(sim_count(QUEUE "/incoming"), 0);
		assert_non_null(strstr(sim_err(), "nothing was sent"));
		assert_true(room < 8192);
	}
}

SIM_TEST(a_message_beyond_the_limit_or_in_circles_keeps_nothing)
{
	static char hops[4096];

	submit_world("message_size_limit = 400\nhopcount_limit = 5\n");
	memset(hops, 'x', 1000);
	sim_stdin(hops, 1000);
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_LATER);
	assert_non_null(strstr(sim_err(), "message_size_limit = 400"));
	strcpy(hops, "Received: a\nReceived: b\nReceived: c\nReceived: d\n"
	    "Received: e\n\n");
	sim_stdin(hops, strlen(hops));
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_BOUNCED);
	assert_non_null(strstr(sim_err(), "hopcount_limit = 5"));
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
}

/* ---- what is in the file ------------------------------------------------- */

SIM_TEST(the_envelope_has_what_the_caller_said)
{
	submit_world("");
	TAKES("Subject: x\nTo: a@dest.example, A@dest.example\n"
	    "Bcc: b@dest.example\n\nx\n", "-t", "-i", "-f", "me@here.example",
	    "-N", "success,delay", "-R", "hdrs", "-V", "id+1", "-B",
	    "8bitmime");
	submit_read();
	RCPTS("a@dest.example  10\nb@dest.example  10\n");
	SENDER("me@here.example");
	assert_true(span_is(sw.env.envid, "id+1"));
	assert_int_equal(sw.head.ret, JOB_RET_HDRS);
	assert_int_equal(sw.head.body, JOB_BODY_8BITMIME);
	assert_int_equal(sw.head.uid, SIM_UID);
	assert_int_equal(sw.head.arrived_ms / 1000, SIM_WALL);
	LACKS("Bcc");
}

SIM_TEST(the_header_begins_with_received_and_the_queue_id)
{
	char line[256];

	submit_world("mail_name = Postern\n");
	TAKES(SMALL, "-f", "", "root");
	submit_read();
	snprintf(line, sizeof(line), "Received: by here.example (Postern, from"
	    " userid %d)\n\tid %s; Thu, 01 Jan 2026 00:00:00 +0000\n"
	    "Subject: hello\nFrom: A User <MAILER-DAEMON@here.example>\n"
	    "Date: ", SIM_UID, sw.id);
	assert_int_equal(strncmp(sw.content, line, strlen(line)), 0);
	snprintf(line, sizeof(line), "Message-ID: <20260101000000.%s@here."
	    "example>\nTo: undisclosed-recipients:;\n\nHello.\n", sw.id);
	HAS(line);
	SENDER("");
	RCPTS("root@here.example root 0\n");
}

SIM_TEST(an_arrival_under_a_wrong_clock_is_not_known)
{
	submit_world("");
	sim_wall_jump(SIM_BUILT - SIM_WALL - 1);
	TAKES(SMALL, "u@dest.example");
	submit_read();
	assert_int_equal(sw.head.arrived_ms, 0);
}

SIM_TEST(stray_carriage_returns_are_blanks_in_the_queue)
{
	submit_world("");
	TAKES("Subject: x\r\n\r\na\rb\n.\r\r\nc\n", "-i", "u@dest.example");
	submit_read();
	HAS("\n\na b\n. \nc\n");
}

SIM_TEST(what_is_no_address_is_said_and_the_others_are_queued)
{
	submit_world("");
	assert_int_equal(SENDMAIL("--", "-x@dest.example", "u@dest.example"),
	    EXIT_BOUNCED);
	assert_non_null(strstr(sim_err(), "to=<-x@dest.example>"));
	submit_read();
	RCPTS("u@dest.example  0\n");
	submit_empty("incoming");
	assert_int_equal(SENDMAIL("--", "-x@dest.example"), EXIT_BOUNCED);
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
}

/* ---- where it goes ------------------------------------------------------- */

SIM_TEST(a_bad_main_cf_stops_no_mail)
{
	submit_world("");
	submit_config("smtp_helo_timeout = soon\n");
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_OK);
	assert_non_null(strstr(sim_err(), "line 5: smtp_helo_timeout = soon"));
	submit_read();
	RCPTS("u@dest.example  0\n");
	submit_config("no equals sign\n");
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_OK);
	assert_int_equal(sim_count(QUEUE "/incoming"), 2);
}

SIM_TEST(a_bad_main_cf_sends_nothing_from_here)
{
	submit_world("");
	sim_file("/etc/postern/main.cf", "queue_directory =\n"
	    "smtp_tls_security_level = encrpt\n");
	assert_int_equal(SENDMAIL("u@dest.example"), EXIT_CONFIG);
	assert_non_null(strstr(sim_err(), "encrpt"));
	assert_string_equal(sim_dials(), "");
}

/* Nobody listens at the server, so what is sent at once is told to wait. */
static bool
is_sent_from_here(const char *option)
{
	int code = option == NULL ? SENDMAIL("u@[192.0.2.1]") :
	    SENDMAIL(option, "u@[192.0.2.1]");
	bool dialled = strstr(sim_dials(), "192.0.2.1:25") != NULL;

	assert_int_equal(code, dialled ? EXIT_LATER : EXIT_OK);
	return dialled;
}

SIM_TEST(settings_for_one_message_are_not_for_the_queue)
{
	submit_world("");
	assert_false(is_sent_from_here(NULL));
	assert_false(is_sent_from_here("-oqueue_directory=" QUEUE));
	assert_int_equal(sim_count(QUEUE "/incoming"), 2);
	assert_true(is_sent_from_here("-osmtp_helo_timeout=3s"));
	sim_begin();
	submit_world("");
	assert_true(is_sent_from_here("-S192.0.2.1"));
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
}

SIM_TEST(without_a_queue_mail_is_sent_from_here)
{
	submit_world("");
	submit_config("queue_directory =\n");
	assert_true(is_sent_from_here(NULL));
	sim_begin();
	submit_world("");
	submit_config("queue_directory = /nowhere/q\n");
	assert_true(is_sent_from_here(NULL));
	sim_begin();
	submit_world("");
	sim_folder(QUEUE "/maildrop", true);
	assert_true(is_sent_from_here(NULL));
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
}

/* ---- the manager --------------------------------------------------------- */

static char asked[1024];

static int
manager(void *arg, int fd)
{
	int caller, listener, passed;
	char text[128];
	uint32_t uid;
	size_t n;

	(void)arg;
	(void)fd;
	if (port_listen(QUEUE "/control", 0666, &listener) != RC_OK)
		return 1;
	for (;;) {
		struct port_watch w = { .fd = listener };

		if (port_wait(&w, 1, MS_NEVER) != RC_OK ||
		    port_accept(listener, &caller, &uid) != RC_OK)
			continue;
		if (port_recv(caller, text, sizeof(text), MS_NEVER, &n,
		    &passed) == RC_OK) {
			strncat(asked, text, n);
			strcat(asked, "\n");
		}
		port_close(caller);
	}
}

SIM_TEST(the_manager_is_told_which_message_is_new)
{
	char line[64];

	submit_world("");
	asked[0] = '\0';
	sim_process(manager, NULL);
	sim_run(port_now() + SECOND);
	TAKES(SMALL, "u@dest.example");
	sim_run(port_now() + SECOND);
	submit_read();
	snprintf(line, sizeof(line), "new %s\n", sw.id);
	assert_string_equal(asked, line);
}

SIM_TEST(a_manager_that_does_not_listen_keeps_nobody_waiting)
{
	ms_t began;

	submit_world("");
	asked[0] = '\0';
	began = port_now();
	TAKES(SMALL, "u@dest.example");
	assert_true(port_now() - began < SECOND);
}

SIM_TEST(users_without_a_way_in_leave_mail_in_drop)
{
	submit_world("");
	sim_uid(2000);
	TAKES("Subject: x\nTo: root, a@dest.example\n\nx\n", "-t", "-f",
	    "someone");
	assert_non_null(strstr(sim_err(), QUEUE "/drop"));
	assert_non_null(strstr(sim_err(), "no queue manager runs"));
	sim_uid(SIM_UID);
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	assert_int_equal(sim_count(QUEUE "/drop"), 1);
	sim_uid(0);
	submit_read_from("drop", submit_only("drop"));
	LACKS("Received");
	HAS("\nTo: root, a@dest.example\n");
	SENDER("someone@here.example");
	RCPTS("root@here.example root 0\na@dest.example  0\n");
}

SIM_TEST(a_manager_is_told_of_mail_in_drop)
{
	submit_world("");
	asked[0] = '\0';
	sim_process(manager, NULL);
	sim_run(port_now() + SECOND);
	sim_uid(2000);
	TAKES(SMALL, "u@dest.example");
	sim_run(port_now() + SECOND);
	assert_string_equal(sim_err(), "");
	assert_string_equal(asked, "drop\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_message_costs_two_syncs_and_little_but_its_size),
		SIM_RUN(whoever_dies_anywhere_has_lost_nothing_that_was_taken),
		SIM_RUN(a_power_cut_anywhere_loses_nothing_that_was_taken),
		SIM_RUN(a_call_that_fails_is_told_or_does_not_matter),
		SIM_RUN(a_full_disk_keeps_nothing_and_says_75),
		SIM_RUN(a_message_beyond_the_limit_or_in_circles_keeps_nothing),
		SIM_RUN(the_envelope_has_what_the_caller_said),
		SIM_RUN(the_header_begins_with_received_and_the_queue_id),
		SIM_RUN(an_arrival_under_a_wrong_clock_is_not_known),
		SIM_RUN(stray_carriage_returns_are_blanks_in_the_queue),
		SIM_RUN(what_is_no_address_is_said_and_the_others_are_queued),
		SIM_RUN(a_bad_main_cf_stops_no_mail),
		SIM_RUN(a_bad_main_cf_sends_nothing_from_here),
		SIM_RUN(settings_for_one_message_are_not_for_the_queue),
		SIM_RUN(without_a_queue_mail_is_sent_from_here),
		SIM_RUN(the_manager_is_told_which_message_is_new),
		SIM_RUN(a_manager_that_does_not_listen_keeps_nobody_waiting),
		SIM_RUN(users_without_a_way_in_leave_mail_in_drop),
		SIM_RUN(a_manager_is_told_of_mail_in_drop),
	};

	return sim_main(tests, COUNT(tests));
}
