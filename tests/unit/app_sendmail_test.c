/*
 * app_sendmail_test.c - from a program's call to the server, with a call of
 * the system failing in turn: what exit code 0 says is true, and no server
 * gets a message twice.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "applet.h"

#define SERVER	"192.0.2.1:25"

/* A server that takes everything, and counts. */
struct taken {
	unsigned messages;
	bool in_data;
};

static void
greet(struct sim_conn *c, void *arg)
{
	((struct taken *)arg)->in_data = false;
	sim_say(c, "220 mx.example ESMTP");
}

static void
answer(struct sim_conn *c, struct span text, void *arg)
{
	struct taken *t = arg;

	if (t->in_data) {
		if (!span_is(text, "."))
			return;
		t->in_data = false;
		t->messages++;
		sim_say(c, "250 2.0.0 taken");
	} else if (span_is(text, "DATA")) {
		t->in_data = true;
		sim_say(c, "354 go on");
	} else if (span_is(text, "QUIT")) {
		sim_say(c, "221 2.0.0 bye");
		sim_close(c);
	} else if (span_starts_case(text, "EHLO")) {
		sim_say(c, "250-mx.example");
		sim_say(c, "250 PIPELINING");
	} else {
		sim_say(c, "250 2.0.0 ok");
	}
}

static const struct sim_service service = { .open = greet, .line = answer };

static const char message[] =
	"Subject: hello\nTo: a@dest.example\nBcc: b@dest.example\n\nHello.\n";

/* A world with a server, a folder for the spool, and the message. */
static void
world(struct taken *t)
{
	memset(t, 0, sizeof(*t));
	sim_begin();
	sim_serve(SERVER, &service, t);
	sim_stdin_pipe(message, sizeof(message) - 1, 7, 0);
}

static int
run(const char *option)
{
	char words[6][64] = { "sendmail", "-t", "-f", "me@here.example",
		"-orelayhost=[192.0.2.1]", "" };
	char *argv[7] = { words[0], words[1], words[2], words[3], words[4] };
	int argc = 5;

	if (option != NULL) {
		strcpy(words[5], option);
		argv[argc++] = words[5];
	}
	return applet_main(argc, argv);
}

SIM_TEST(a_message_in_small_pieces_is_sent_once)
{
	struct taken t;

	world(&t);
	assert_int_equal(run(NULL), EXIT_OK);
	assert_int_equal(t.messages, 1);
	assert_string_equal(sim_err(), "");
	assert_string_equal(sim_out(), "");
	assert_non_null(strstr(sim_sent(0), "RCPT TO:<b@dest.example>"));
	assert_null(strstr(sim_sent(0), "Bcc"));
}

SIM_TEST(a_failed_call_is_never_success_without_delivery)
{
	struct taken t;
	uint64_t last;

	world(&t);
	assert_int_equal(run(NULL), EXIT_OK);
	last = sim_fallible();
	for (uint64_t i = 1; i <= last; i++) {
		int code;

		world(&t);
		sim_note("call %llu fails", (unsigned long long)i);
		sim_fail_at(i);
		code = run(NULL);
		assert_true(t.messages <= 1);
		if (code == EXIT_OK)
			assert_int_equal(t.messages, 1);
		else
			assert_true(sim_err()[0] != '\0');
	}
}

/* The same when nothing works any more from one call on. */
SIM_TEST(a_dying_machine_is_never_success_without_delivery)
{
	struct taken t;
	uint64_t last;

	world(&t);
	assert_int_equal(run(NULL), EXIT_OK);
	last = sim_fallible();
	for (uint64_t i = 1; i <= last; i++) {
		int code;

		world(&t);
		sim_note("calls fail from %llu", (unsigned long long)i);
		sim_fail_from(i);
		code = run(NULL);
		assert_true(t.messages <= 1);
		if (code == EXIT_OK)
			assert_int_equal(t.messages, 1);
		else
			assert_true(code == EXIT_LATER ||
				code == EXIT_DATA || code == EXIT_CONFIG);
	}
}

SIM_TEST(a_full_disk_sends_nothing)
{
	struct taken t;

	for (int64_t room = 0; ; room++) {
		int code;

		world(&t);
		sim_disk_limit(room);
		code = run(NULL);
		if (code == EXIT_OK)
			break;
		assert_int_equal(code, EXIT_LATER);
		assert_int_equal(sim_conns(), 0);
		assert_non_null(strstr(sim_err(), "nothing was sent"));
		assert_true(room < 4096);
	}
	assert_int_equal(t.messages, 1);
}

SIM_TEST(a_session_cut_anywhere_is_sent_or_said)
{
	struct taken t;
	size_t all;

	world(&t);
	assert_int_equal(run(NULL), EXIT_OK);
	all = sim_heard_bytes(0);
	for (size_t at = 0; at < all; at++) {
		int code;

		world(&t);
		sim_note("cut behind %zu octets of the server", at);
		sim_cut(SERVER, 0, SIM_SENT, at, SIM_CLOSE);
		code = run(NULL);
		assert_true(t.messages <= 1);
		if (code == EXIT_OK) {
			assert_int_equal(t.messages, 1);
			continue;
		}
		assert_int_equal(code, EXIT_LATER);
		assert_non_null(strstr(sim_err(), "to=<a@dest.example>"));
		assert_non_null(strstr(sim_err(), "to=<b@dest.example>"));
	}
}

SIM_TEST(every_option_of_sendmail_has_a_meaning)
{
	static const char *const taken[] = { "-i", "-oi", "-oem", "-odb",
		"-v", "-bm", "-em", "-m", "-n", "-U", "-x", "-G", "-d0.1",
		"-OTimeout=1", "-Ltag", "-B7bit" };
	struct taken t;

	for (size_t i = 0; i < COUNT(taken); i++) {
		world(&t);
		sim_note("%s", taken[i]);
		assert_int_equal(run(taken[i]), EXIT_OK);
		assert_int_equal(t.messages, 1);
	}
	world(&t);
	assert_int_equal(run("-Bauto"), EXIT_USAGE);
	assert_int_equal(sim_conns(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_message_in_small_pieces_is_sent_once),
		SIM_RUN(a_failed_call_is_never_success_without_delivery),
		SIM_RUN(a_dying_machine_is_never_success_without_delivery),
		SIM_RUN(a_full_disk_sends_nothing),
		SIM_RUN(a_session_cut_anywhere_is_sent_or_said),
		SIM_RUN(every_option_of_sendmail_has_a_meaning),
	};

	return sim_main(tests, COUNT(tests));
}
