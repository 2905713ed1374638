/*
 * log_line_test.c - one event, one line.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "log.h"

static struct log
a_log(void)
{
	struct log l;

	log_init(&l, SPAN("postfix/smtp"));
	return l;
}

/* Standard error has this text behind `tag[pid]: `. */
static void
check_err(const char *text)
{
	char room[100];
	struct buf b = BUF(room);

	buf_fmt(&b, "postfix/smtp[%u]: %s", port_pid(), text);
	assert_string_equal(sim_err(), buf_text(&b));
}

SIM_TEST(levels_have_the_words_that_log_tools_look_for)
{
	struct log l = a_log();

	l.to_stderr = false;
	log_line(&l, LOG_FATAL, "a");
	log_line(&l, LOG_ERROR, "b");
	log_line(&l, LOG_WARNING, "c");
	log_line(&l, LOG_INFO, "d");
	assert_string_equal(sim_syslog(), "postfix/smtp: fatal: a\n"
	    "postfix/smtp: error: b\n"
	    "postfix/smtp: warning: c\n"
	    "postfix/smtp: d\n");
	assert_string_equal(sim_err(), "");
}

SIM_TEST(information_is_for_the_log_and_warnings_for_both)
{
	struct log l = a_log();

	log_line(&l, LOG_DEBUG, "step %d", 1);
	log_line(&l, LOG_INFO, "step %d", 2);
	log_line(&l, LOG_WARNING, "step %d", 3);
	assert_string_equal(sim_syslog(), "postfix/smtp: step 2\n"
	    "postfix/smtp: warning: step 3\n");
	check_err("warning: step 3\n");
	assert_true(log_wants(&l, LOG_INFO));
	assert_false(log_wants(&l, LOG_DEBUG));
}

SIM_TEST(debugging_goes_to_both_when_asked_for)
{
	struct log l = a_log();

	l.err_level = LOG_DEBUG;
	log_line(&l, LOG_DEBUG, "detail");
	assert_string_equal(sim_syslog(), "postfix/smtp: detail\n");
	check_err("detail\n");
}

SIM_TEST(a_log_that_goes_nowhere_is_silent)
{
	struct log l = a_log();

	l.to_syslog = false;
	log_line(&l, LOG_INFO, "x");
	assert_false(log_wants(&l, LOG_INFO));
	l.to_stderr = false;
	log_line(&l, LOG_FATAL, "x");
	assert_string_equal(sim_err(), "");
	assert_string_equal(sim_syslog(), "");
}

SIM_TEST(text_of_others_stays_within_its_line)
{
	struct log l = a_log();

	l.err_level = LOG_INFO;
	log_line(&l, LOG_INFO, "said: %s",
	    "a\nfatal: b\r\n\033[1m\xff\xc3\xa9");
	assert_string_equal(sim_syslog(),
	    "postfix/smtp: said: a?fatal: b???[1m?\xc3\xa9\n");
	check_err("said: a?fatal: b???[1m?\xc3\xa9\n");
}

SIM_TEST(a_line_too_long_is_cut_and_still_ends)
{
	struct log l = a_log();
	char text[3 * LOG_LINE_MAX];
	size_t n;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_line(&l, LOG_WARNING, "%s", text);
	n = strlen(sim_err());
	assert_in_range(n, LOG_LINE_MAX - 8, LOG_LINE_MAX);
	assert_int_equal(sim_err()[n - 1], '\n');
	assert_int_equal(sim_err()[n - 2], 'x');
	assert_non_null(strstr(sim_err(), ": warning: xxx"));
	assert_ptr_equal(strchr(sim_err(), '\n'), sim_err() + n - 1);
}

SIM_TEST(a_file_takes_the_place_of_the_systems_log)
{
	struct log l = a_log();
	const char *data;
	size_t n;

	sim_folder("/var", true);
	l.file = "/var/maillog";
	l.host = SPAN("here");
	log_line(&l, LOG_INFO, "one");
	log_line(&l, LOG_WARNING, "two");
	log_text(&l, SPAN("three"));
	assert_true(sim_file_read("/var/maillog", &data, &n));
	assert_int_equal(n, strlen(data));
	assert_string_equal(data,
	    "Jan  1 00:00:00 here postfix/smtp[4711]: one\n"
	    "Jan  1 00:00:00 here postfix/smtp[4711]: warning: two\n"
	    "Jan  1 00:00:00 here postfix/smtp[4711]: three\n");
	assert_string_equal(sim_syslog(), "");
}

SIM_TEST(a_file_that_takes_nothing_leaves_it_to_the_systems_log)
{
	struct log l = a_log();

	l.file = "/nowhere/maillog";
	sim_fail_from(1);
	log_line(&l, LOG_INFO, "one");
	assert_string_equal(sim_syslog(), "postfix/smtp: one\n");
}

SIM_TEST(lines_of_the_file_may_be_json)
{
	struct log l = a_log();
	const char *data;
	size_t n;

	sim_folder("/var", true);
	l.file = "/var/maillog";
	l.host = SPAN("here");
	l.as_json = true;
	log_line(&l, LOG_ERROR, "said \"%s\"", "a\nb");
	assert_true(sim_file_read("/var/maillog", &data, &n));
	assert_string_equal(data, "{\"time\": \"2026-01-01T00:00:00+00:00\", "
	    "\"host\": \"here\", \"program\": \"postfix/smtp\", "
	    "\"pid\": 4711, \"level\": \"error\", "
	    "\"message\": \"said \\\"a?b\\\"\"}\n");
}

struct sunk {
	enum log_level level;
	char text[LOG_LINE_MAX];
};

static void
sink(void *arg, enum log_level level, struct span text)
{
	struct sunk *s = arg;

	s->level = level;
	memcpy(s->text, text.p, text.n);
	s->text[text.n] = '\0';
}

SIM_TEST(a_sink_gets_what_is_said_and_nobody_else_does)
{
	struct log l = a_log();
	struct sunk s = { 0 };

	l.sink = sink;
	l.sink_arg = &s;
	log_line(&l, LOG_WARNING, "%s", "a\nb");
	assert_int_equal(s.level, LOG_WARNING);
	assert_string_equal(s.text, "a?b");
	log_text(&l, SPAN("whole"));
	assert_int_equal(s.level, LOG_INFO);
	assert_string_equal(s.text, "whole");
	log_line(&l, LOG_DEBUG, "detail");
	assert_string_equal(s.text, "whole");
	assert_false(log_wants(&l, LOG_DEBUG));
	assert_string_equal(sim_err(), "");
	assert_string_equal(sim_syslog(), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(levels_have_the_words_that_log_tools_look_for),
		SIM_RUN(information_is_for_the_log_and_warnings_for_both),
		SIM_RUN(debugging_goes_to_both_when_asked_for),
		SIM_RUN(a_log_that_goes_nowhere_is_silent),
		SIM_RUN(text_of_others_stays_within_its_line),
		SIM_RUN(a_line_too_long_is_cut_and_still_ends),
		SIM_RUN(a_file_takes_the_place_of_the_systems_log),
		SIM_RUN(a_file_that_takes_nothing_leaves_it_to_the_systems_log),
		SIM_RUN(lines_of_the_file_may_be_json),
		SIM_RUN(a_sink_gets_what_is_said_and_nobody_else_does),
	};
	return sim_main(tests, COUNT(tests));
}
