/*
 * report_line_test.c - the line that tells what became of a recipient.
 */
#include <string.h>

#include "../sim/sim.h"
#include "report.h"

/* A job that arrived and began `ago` milliseconds ago. */
static struct job
a_job(ms_t ago)
{
	return (struct job){
		.arrived_ms = port_wall_ms() - ago,
		.started = port_now() - ago
	};
}

static struct verdict
a_verdict(void)
{
	return (struct verdict){
		.fate = FATE_SENT,
		.dsn = "2.0.0",
		.relay = SPAN("mx.b.example[192.0.2.1]:25"),
		.text = SPAN("250 2.0.0 Ok"),
		.conn_use = 1
	};
}

static void
check_line(const struct report_form *f, const struct job *j,
	struct span addr, const struct verdict *v, const char *expected)
{
	struct rcpt to = { .addr = addr };
	char room[500];
	struct buf b = BUF(room);

	report_line(&b, f, j, &to, v);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), expected);
}

static const struct report_form usual = { .external = true, .digits = 2 };

SIM_TEST(a_line_has_the_form_that_log_tools_read)
{
	struct job j = a_job(0);
	struct verdict v = a_verdict();

	j.arrived_ms -= 120;
	j.started -= 111;
	v.sending = port_now() - 61;
	check_line(&usual, &j, SPAN("a@b.example"), &v,
	    "to=<a@b.example>, relay=mx.b.example[192.0.2.1]:25, delay=0.12, "
	    "delays=0.01/0/0.05/0.06, dsn=2.0.0, status=sent (250 2.0.0 Ok)");
}

SIM_TEST(a_connection_used_again_is_told)
{
	struct job j = a_job(0);
	struct verdict v = a_verdict();

	v.conn_use = 3;
	check_line(&usual, &j, SPAN("a@b"), &v,
	    "to=<a@b>, relay=mx.b.example[192.0.2.1]:25, conn_use=3, "
	    "delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)");
}

SIM_TEST(addresses_are_shown_quoted_or_as_they_are)
{
	struct report_form f = usual;
	struct job j = a_job(0);
	struct verdict v = a_verdict();

	v.relay = SPAN("none");
	v.text = SPAN("x");
	check_line(&f, &j, SPAN("a\tb@x"), &v, "to=<\"a?b\"@x>, relay=none, "
	    "delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)");
	check_line(&f, &j, SPAN("jos\xc3\xa9@x"), &v,
	    "to=<jos\xc3\xa9@x>, relay=none, "
	    "delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)");
	check_line(&f, &j, SPAN("@r:u@x"), &v, "to=<@r:u@x>, relay=none, "
	    "delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)");
	f.external = false;
	check_line(&f, &j, SPAN("a b@x"), &v, "to=<a b@x>, relay=none, "
	    "delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)");
	f.ascii_only = true;
	check_line(&f, &j, SPAN("jos\xc3\xa9@x"), &v,
	    "to=<jos??@x>, relay=none, "
	    "delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (x)");
}

static void
check_status(enum fate fate, bool softened, bool probe, const char *word)
{
	struct job j = a_job(0);
	struct verdict v = a_verdict();
	struct rcpt to = { .addr = SPAN("a@b") };
	char room[300], expected[100];
	struct buf b = BUF(room), e = BUF(expected);

	j.probe = probe;
	v.fate = fate;
	v.softened = softened;
	report_line(&b, &usual, &j, &to, &v);
	buf_fmt(&e, ", dsn=2.0.0, status=%s (250 2.0.0 Ok)", word);
	assert_non_null(strstr(buf_text(&b), buf_text(&e)));
}

SIM_TEST(each_fate_has_its_word)
{
	check_status(FATE_SENT, false, false, "sent");
	check_status(FATE_LATER, false, false, "deferred");
	check_status(FATE_NEVER, false, false, "bounced");
	check_status(FATE_LATER, true, false, "SOFTBOUNCE");
	check_status(FATE_SENT, false, true, "deliverable");
	check_status(FATE_LATER, false, true, "undeliverable");
	check_status(FATE_NEVER, false, true, "undeliverable");
	check_status(FATE_LATER, true, true, "undeliverable");
}

static void
check_delay(int64_t ms, int digits, const char *expected)
{
	struct report_form f = { .digits = digits };
	struct job j = a_job((ms_t)ms);
	struct verdict v = a_verdict();
	struct rcpt to = { .addr = SPAN("a@b") };
	char room[300], want[100];
	struct buf b = BUF(room), e = BUF(want);

	report_line(&b, &f, &j, &to, &v);
	buf_fmt(&e, ", delay=%s, delays=0/0/%s/0, ", expected, expected);
	assert_non_null(strstr(buf_text(&b), buf_text(&e)));
}

SIM_TEST(delays_have_two_significant_digits)
{
	check_delay(0, 2, "0");
	check_delay(4, 2, "0");
	check_delay(5, 2, "0.01");
	check_delay(14, 2, "0.01");
	check_delay(99, 2, "0.1");
	check_delay(123, 2, "0.12");
	check_delay(994, 2, "0.99");
	check_delay(995, 2, "1");
	check_delay(1000, 2, "1");
	check_delay(1049, 2, "1");
	check_delay(1050, 2, "1.1");
	check_delay(9949, 2, "9.9");
	check_delay(9950, 2, "10");
	check_delay(10499, 2, "10");
	check_delay(10500, 2, "11");
	check_delay(99499, 2, "99");
	check_delay(123456, 2, "123");
	check_delay(3600000, 2, "3600");
}

SIM_TEST(delays_below_the_resolution_are_nothing)
{
	check_delay(4, 3, "0.004");
	check_delay(1, 6, "0.001");
	check_delay(99, 3, "0.099");
	check_delay(101, 3, "0.1");
	check_delay(49, 1, "0");
	check_delay(51, 1, "0.1");
	check_delay(3210, 1, "3.2");
	check_delay(499, 0, "0");
	check_delay(501, 0, "1");
	check_delay(4600, 0, "5");
}

SIM_TEST(a_wall_clock_that_was_set_back_gives_no_nonsense)
{
	struct job j = a_job(2000);
	struct verdict v = a_verdict();

	j.arrived_ms += 3600 * 1000;
	v.sending = port_now() - 500;
	check_line(&usual, &j, SPAN("a@b"), &v,
	    "to=<a@b>, relay=mx.b.example[192.0.2.1]:25, delay=2, "
	    "delays=0/0/1.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)");
}

SIM_TEST(a_text_too_long_is_cut_and_closed)
{
	struct job j = a_job(0);
	struct verdict v = a_verdict();
	struct rcpt to = { .addr = SPAN("a@b") };
	char room[160], text[300];
	struct buf b = BUF(room);

	memset(text, 'x', sizeof(text));
	v.text = (struct span){ text, sizeof(text) };
	report_line(&b, &usual, &j, &to, &v);
	assert_false(b.full);
	assert_int_equal(b.n, sizeof(room) - 1);
	assert_int_equal(room[b.n - 1], ')');
	assert_int_equal(room[b.n - 2], 'x');
}

SIM_TEST(a_line_without_room_is_full)
{
	struct job j = a_job(0);
	struct verdict v = a_verdict();
	struct rcpt to = { .addr = SPAN("a@b") };
	char room[60];
	struct buf b = BUF(room);

	report_line(&b, &usual, &j, &to, &v);
	assert_true(b.full);
}

SIM_TEST(a_line_is_added_behind_what_is_there)
{
	struct job j = a_job(0);
	struct verdict v = a_verdict();
	struct rcpt to = { .addr = SPAN("a@b") };
	char room[300];
	struct buf b = BUF(room);

	buf_puts(&b, "\xc3\xa9\t: ");
	report_line(&b, &(struct report_form){ .ascii_only = true }, &j, &to,
	    &v);
	assert_memory_equal(room, "\xc3\xa9\t: to=<a@b>, ", 15);
}

SIM_TEST(what_the_sender_wrote_stands_behind_the_recipient)
{
	struct report_form f = { .external = true };
	struct job j = { .started = port_now(), .arrived_ms = port_wall_ms() };
	struct rcpt to = { .addr = SPAN("a b@c"), .given = SPAN("root") };
	struct verdict v = { .dsn = "2.0.0", .fate = FATE_SENT,
		.relay = SPAN("none"), .text = SPAN("ok") };
	char room[REPORT_LINE_MAX];
	struct buf b = BUF(room);

	report_line(&b, &f, &j, &to, &v);
	assert_string_equal(buf_text(&b), "to=<\"a b\"@c>, orig_to=<root>, "
	    "relay=none, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent "
	    "(ok)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_line_has_the_form_that_log_tools_read),
		SIM_RUN(a_connection_used_again_is_told),
		SIM_RUN(addresses_are_shown_quoted_or_as_they_are),
		SIM_RUN(each_fate_has_its_word),
		SIM_RUN(delays_have_two_significant_digits),
		SIM_RUN(delays_below_the_resolution_are_nothing),
		SIM_RUN(a_wall_clock_that_was_set_back_gives_no_nonsense),
		SIM_RUN(a_text_too_long_is_cut_and_closed),
		SIM_RUN(a_line_without_room_is_full),
		SIM_RUN(a_line_is_added_behind_what_is_there),
		SIM_RUN(what_the_sender_wrote_stands_behind_the_recipient),
	};
	return sim_main(tests, COUNT(tests));
}
