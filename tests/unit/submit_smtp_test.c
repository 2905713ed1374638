/*
 * submit_smtp_test.c - sendmail -bs: a session, and what cannot be smuggled
 * through it.
 */
#include "submit_world.h"

/* What it answers to this, without the greeting. */
static const char *
session(const char *more, const char *said)
{
	const char *out;

	submit_world(more);
	sim_stdin(said, strlen(said));
	assert_int_equal(SENDMAIL("-bs"), EXIT_OK);
	out = strchr(sim_out(), '\n');
	assert_non_null(out);
	return out + 1;
}

#define ENVELOPE "MAIL FROM:<me@here.example>\r\nRCPT TO:<u@dest.example>\r\n"
#define TAKEN	"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n" \
	"354 end with a line of a single dot\r\n250 2.0.0 Ok: queued as "

SIM_TEST(a_session_queues_a_message)
{
	const char *out = session("", "EHLO x\r\nMAIL FROM:<me@here.example> "
	    "SIZE=100 BODY=8BITMIME RET=HDRS ENVID=a+2Bb SMTPUTF8\r\n"
	    "RCPT TO:<\"a b\"@dest.example> NOTIFY=SUCCESS,DELAY "
	    "ORCPT=rfc822;x+40y.example\r\nRCPT TO:<root>\r\nDATA\r\n"
	    "Subject: x\r\n\r\n..dotted\r\n.\r\nQUIT\r\n");

	assert_non_null(strstr(out, "250-8BITMIME\r\n"));
	assert_non_null(strstr(out, "250-DSN\r\n"));
	assert_non_null(strstr(out, "250 PIPELINING\r\n250 2.1.0 Ok\r\n"));
	assert_non_null(strstr(out, "\r\n221 2.0.0 Bye\r\n"));
	submit_read();
	HAS("\n\n.dotted\n");
	SENDER("me@here.example");
	RCPTS("a b@dest.example  10 rfc822;x@y.example\n"
	    "root@here.example root 0\n");
	assert_true(span_is(sw.env.envid, "a+b"));
	assert_int_equal(sw.head.ret, JOB_RET_HDRS);
	assert_int_equal(sw.head.body, JOB_BODY_8BITMIME);
}

SIM_TEST(each_message_of_a_session_is_one)
{
	session("", ENVELOPE "DATA\r\nSubject: 1\r\n\r\n1\r\n.\r\n"
	    "MAIL FROM:<>\r\nRCPT TO:<v@dest.example>\r\nDATA\r\n"
	    "Subject: 2\r\n\r\n2\r\n.\r\nQUIT\r\n");
	assert_int_equal(sim_count(QUEUE "/incoming"), 2);
	for (const char *p = sim_ls(QUEUE "/incoming"); *p != '\0'; ) {
		char id[QUEUE_ID_MAX] = "";

		strncat(id, p, strcspn(p, "\n"));
		p = strchr(p, '\n') + 1;
		submit_read_from("incoming", id);
		if (strstr(sw.content, "Subject: 1") != NULL) {
			RCPTS("u@dest.example  0\n");
		} else {
			SENDER("");
			RCPTS("v@dest.example  0\n");
		}
	}
}

SIM_TEST(no_content_of_a_session_ends_a_message_early)
{
	const char *out = session("", ENVELOPE "DATA\r\nSubject: x\r\n\r\na\n."
	    "\r\nb\r\n.\nc\r.\r\nd\r\n.\r\r\nMAIL FROM:<evil@x>\r\n.\r\n"
	    "QUIT\r\n");

	assert_int_equal(strncmp(out, TAKEN, strlen(TAKEN)), 0);
	assert_int_equal(sim_count(QUEUE "/incoming"), 1);
	submit_read();
	HAS("\n\na .\nb\n c .\nd\n \nMAIL FROM:<evil@x>\n");
}

SIM_TEST(a_client_that_knows_lf_alone_is_understood)
{
	const char *out = session("", "HELO x\nMAIL FROM:<me>\n"
	    "RCPT TO:<u@dest.example>\nDATA\nSubject: x\n\n..a\n.\nQUIT\n");

	assert_int_equal(strncmp(out, "250 2.0.0 Ok\r\n" TAKEN,
	    strlen("250 2.0.0 Ok\r\n" TAKEN)), 0);
	submit_read();
	HAS("\n\n.a\n");
}

SIM_TEST(half_a_message_is_none)
{
	session("", ENVELOPE "DATA\r\nSubject: x\r\n\r\nhalf\r\n.");
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	sim_begin();
	session("", ENVELOPE "DATA\r\nSubject: x\r\n\r\nhalf\r\n.\r");
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
}

SIM_TEST(what_is_refused_is_refused_with_its_reason)
{
	static const struct {
		const char *said, *answer;
	} all[] = {
		{ "RCPT TO:<a@b>", "503 5.5.1" },
		{ "DATA", "503 5.5.1" },
		{ "MAIL FROM:me", "501 5.1.7" },
		{ "MAIL FROM:<me", "501 5.1.7" },
		{ "MAIL FROM:<-me@b>", "501 5.1.7" },
		{ "MAIL FROM:<me> SIZE=x", "501 5.5.4" },
		{ "MAIL FROM:<me> SIZE=99999999", "552 5.3.4" },
		{ "MAIL FROM:<me> ENVID=a+0Ab", "501 5.5.4" },
		{ "MAIL FROM:<me> ENVID=a+", "555 5.5.4" },
		{ "MAIL FROM:<me> FOO", "555 5.5.4" },
		{ "MAIL FROM:<me>\r\nMAIL FROM:<me>", "503 5.5.1" },
		{ "MAIL FROM:<me>\r\nRCPT TO:<>", "501 5.1.3" },
		{ "MAIL FROM:<me>\r\nRCPT TO:<-a@b>", "501 5.1.3" },
		{ "MAIL FROM:<me>\r\nRCPT TO:<a@b> NOTIFY=NEVER,DELAY",
		    "501 5.5.4" },
		{ "MAIL FROM:<me>\r\nRCPT TO:<a@b> ORCPT=a", "555 5.5.4" },
		{ "EXPN x", "502 5.5.2" },
		{ "DATAX", "502 5.5.2" },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		const char *out, *last;

		sim_begin();
		sim_note("%s", all[i].said);
		out = session("", all[i].said);
		last = strrchr(out, '\n');
		assert_non_null(last);
		while (last > out && last[-1] != '\n')
			last--;
		assert_int_equal(strncmp(last, all[i].answer,
		    strlen(all[i].answer)), 0);
	}
}

SIM_TEST(a_refused_message_leaves_the_session_usable)
{
	static char big[3000];
	const char *out;

	strcpy(big, ENVELOPE "DATA\r\nSubject: x\r\n\r\n");
	memset(big + strlen(big), 'x', 2000);
	strcat(big, "\r\n.\r\n" ENVELOPE "DATA\r\nSubject: y\r\n\r\ny\r\n"
	    ".\r\nQUIT\r\n");
	out = session("message_size_limit = 1000\n", big);
	assert_non_null(strstr(out, "\r\n552 5.3.4 "));
	assert_non_null(strstr(out, "\r\n250 2.0.0 Ok: queued as "));
	submit_read();
	HAS("Subject: y");
}

SIM_TEST(a_full_queue_is_a_reason_to_come_again)
{
	const char *text = ENVELOPE "DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
	    "QUIT\r\n";

	submit_world("message_size_limit = 10000\n");
	sim_disk_free(5000);
	sim_stdin(text, strlen(text));
	assert_int_equal(SENDMAIL("-bs"), EXIT_OK);
	assert_non_null(strstr(sim_out(), "\r\n451 4.3.0 "));
	assert_non_null(strstr(sim_out(), "\r\n221 2.0.0 Bye"));
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
}

SIM_TEST(whoever_dies_in_a_session_has_confirmed_what_is_safe)
{
	const char *text = ENVELOPE "DATA\r\nSubject: x\r\n\r\nx\r\n.\r\n"
	    "QUIT\r\n";
	uint64_t last;

	session("", text);
	last = sim_process_calls();
	for (uint64_t at = 1; at <= last; at++) {
		bool confirmed;

		sim_begin();
		submit_world("");
		sim_stdin(text, strlen(text));
		sim_kill_at(at);
		SENDMAIL("-bs");
		confirmed = strstr(sim_out(), "queued as") != NULL;
		sim_note("died at %s", sim_died_at());
		sim_power_cut();
		if (confirmed) {
			submit_read();
			HAS("\n\nx\n");
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_session_queues_a_message),
		SIM_RUN(each_message_of_a_session_is_one),
		SIM_RUN(no_content_of_a_session_ends_a_message_early),
		SIM_RUN(a_client_that_knows_lf_alone_is_understood),
		SIM_RUN(half_a_message_is_none),
		SIM_RUN(what_is_refused_is_refused_with_its_reason),
		SIM_RUN(a_refused_message_leaves_the_session_usable),
		SIM_RUN(a_full_queue_is_a_reason_to_come_again),
		SIM_RUN(whoever_dies_in_a_session_has_confirmed_what_is_safe),
	};

	return sim_main(tests, COUNT(tests));
}
