/*
 * param_postconf_test.c - the settings as administrators see and change them.
 */
#include <string.h>

#include "../sim/sim.h"
#include "applet.h"
#include "param.h"

/* `postconf -c /cf WORDS`; the exit code. */
static int
postconf(const char *words)
{
	static char text[1024];
	struct buf b = BUF(text);
	char *argv[32], *word;
	int argc = 0;

	buf_fmt(&b, "postconf|-c|/cf|%s", words);
	(void)buf_text(&b);
	assert_false(b.full);
	for (word = strtok(text, "|"); word != NULL; word = strtok(NULL, "|"))
		argv[argc++] = word;
	argv[argc] = NULL;
	return applet_main(argc, argv);
}

static void
main_cf(const char *text)
{
	sim_folder("/cf", true);
	sim_file("/cf/main.cf", text);
}

static const char *
main_cf_now(void)
{
	const char *data;
	size_t n;

	assert_true(sim_file_read("/cf/main.cf", &data, &n));
	return data;
}

SIM_TEST(names_given_are_shown_as_written)
{
	main_cf("smtp_helo_name = $mydomain,\n   x\n");
	assert_int_equal(postconf("smtp_helo_name|lmtp_rcpt_timeout|"
	    "smtp_sasl_path|myhostname|config_directory"), 0);
	assert_string_equal(sim_out(), "smtp_helo_name = $mydomain, x\n"
	    "lmtp_rcpt_timeout = 300s\nsmtp_sasl_path =\n"
	    "myhostname = here.example\nconfig_directory = /cf\n");
}

SIM_TEST(an_unknown_name_is_an_error)
{
	main_cf("no_such = 1\nsmtp_sasl_path = $mine\nmine = 2\n");
	assert_int_equal(postconf("biff|no_such|nor_this|mine"), 1);
	assert_string_equal(sim_out(), "biff = yes\nmine = 2\n");
	assert_non_null(strstr(sim_err(),
	    "postconf: warning: no_such: unknown parameter\n"));
	assert_non_null(strstr(sim_err(),
	    "postconf: warning: nor_this: unknown parameter\n"));
}

SIM_TEST(all_names_are_sorted)
{
	struct span out, line, last = SPAN("");
	size_t n = 0;
	int d;

	main_cf("zz = $yy\nyy = x\n");
	assert_int_equal(postconf(""), 0);
	out = span_of(sim_out());
	for (; span_line(&out, &line); n++, last = line) {
		line = span_head(line, span_find(line, ' '));
		d = memcmp(last.p, line.p, last.n < line.n ? last.n : line.n);
		assert_true(d < 0 || (d == 0 && last.n < line.n));
	}
	assert_true(n > 600);
	assert_non_null(strstr(sim_out(), "2bounce_notice_recipient ="));
	assert_non_null(strstr(sim_out(), "\nyy = x\n"));
	assert_null(strstr(sim_out(), "\nzz = $yy\n"));
}

SIM_TEST(only_what_is_set)
{
	main_cf("smtp_helo_name = a\nbiff = no\nbiff = yes\nno_such = 1\n"
	    "process_name = x\n");
	assert_int_equal(postconf("-n|-o|smtp_sasl_path=q"), 0);
	assert_string_equal(sim_out(),
	    "biff = yes\nsmtp_helo_name = a\nsmtp_sasl_path = q\n");
}

SIM_TEST(defaults_whatever_main_cf_says)
{
	main_cf("smtp_helo_name = a\nwrong\n");
	assert_int_equal(postconf("-d|smtp_helo_name"), 0);
	assert_string_equal(sim_out(), "smtp_helo_name = $myhostname\n");
	assert_string_equal(sim_err(), "");
}

SIM_TEST(values_expanded_and_bare)
{
	main_cf("mydomain = d.example\nsmtp_sasl_path = ${\n"
	    "lmtp_sasl_path = ${\n");
	assert_int_equal(postconf("-xh|mydestination|smtp_tls_protocols"), 0);
	assert_string_equal(sim_out(),
	    "here.example, localhost.d.example, localhost\n>=TLSv1\n");
	assert_int_equal(postconf("-x|lmtp_sasl_path"), 1);
	assert_non_null(strstr(sim_err(), "lmtp_sasl_path: {: a bracket"));
}

SIM_TEST(json_is_escaped)
{
	main_cf("smtp_sasl_path = a\"b\\c\td \xc3\xa9\n"
	    "lmtp_sasl_path = \xe9\n");
	assert_int_equal(postconf("-j|smtp_sasl_path|lmtp_sasl_path|biff"), 0);
	assert_string_equal(sim_out(),
	    "{\"name\":\"smtp_sasl_path\",\"value\":"
	    "\"a\\\"b\\\\c\\u0009d \xc3\xa9\"}\n"
	    "{\"name\":\"lmtp_sasl_path\",\"value\":\"\\u00e9\"}\n"
	    "{\"name\":\"biff\",\"value\":\"yes\"}\n");
}

SIM_TEST(wrong_lines_are_told_and_passed_over)
{
	main_cf("wrong\nmax_use = x\nbiff = no\n");
	assert_int_equal(postconf("-n"), 0);
	assert_string_equal(sim_out(), "biff = no\nmax_use = x\n");
	assert_non_null(strstr(sim_err(), "/cf/main.cf, line 1: wrong: "));
	assert_non_null(strstr(sim_err(), "/cf/main.cf, line 2: max_use"));
}

SIM_TEST(editing_leaves_the_rest_as_it_is)
{
	main_cf("# head\n\nrelayhost = [a]\n# within\n  , [b]\n"
	    "smtp_helo_name=x   # no comment\n\n# relayhost = c\n"
	    "relayhost = d\n  e\nbiff = no");
	assert_int_equal(postconf("-e|relayhost = [new] , x|max_use=7|"
	    "smtp_sasl_path="), 0);
	assert_string_equal(main_cf_now(), "# head\n\nrelayhost = [new] , x\n"
	    "# within\nsmtp_helo_name=x   # no comment\n\n# relayhost = c\n"
	    "biff = no\nmax_use = 7\nsmtp_sasl_path =\n");
	assert_string_equal(sim_out(), "");
}

SIM_TEST(editing_needs_no_option_and_no_file)
{
	sim_folder("/cf", true);
	assert_int_equal(postconf("biff=no|biff=yes"), 0);
	assert_string_equal(main_cf_now(), "biff = yes\n");
}

SIM_TEST(a_wrong_value_is_told_when_it_is_written)
{
	main_cf("");
	assert_int_equal(postconf("-e|max_use=x"), 0);
	assert_string_equal(main_cf_now(), "max_use = x\n");
	assert_non_null(strstr(sim_err(), "/cf/main.cf, line 1: max_use = x: "
	    "not a decimal number"));
}

SIM_TEST(what_is_no_setting_is_not_written)
{
	main_cf("biff = no\n");
	assert_int_equal(postconf("-e|max_use=1|biff"), EXIT_USAGE);
	assert_int_equal(postconf("-e|a b=1"), EXIT_USAGE);
	assert_int_equal(postconf("-e|=1"), EXIT_USAGE);
	assert_int_equal(postconf("-e|#a=1"), EXIT_USAGE);
	assert_int_equal(postconf("-e|a=1\nb=2"), EXIT_USAGE);
	assert_string_equal(main_cf_now(), "biff = no\n");
}

SIM_TEST(a_failing_port_leaves_the_old_file)
{
	uint64_t n, calls;
	int code;

	main_cf("biff = no\n");
	assert_int_equal(postconf("-e|biff=yes"), 0);
	calls = sim_fallible();
	for (n = 1; n <= calls; n++) {
		sim_begin();
		main_cf("biff = no\n");
		sim_fail_at(n);
		code = postconf("-e|biff=yes");
		sim_note("call %u, %s", (unsigned)n, sim_failed_call());
		if (code != EXIT_OK)
			assert_string_equal(main_cf_now(), "biff = no\n");
		else
			assert_string_equal(main_cf_now(), "biff = yes\n");
	}
}

SIM_TEST(help_and_wrong_options)
{
	assert_int_equal(postconf("--help"), 0);
	assert_non_null(strstr(sim_out(), "-o NAME=VALUE"));
	assert_int_equal(postconf("-q"), EXIT_USAGE);
	assert_int_equal(postconf("-o"), EXIT_USAGE);
}

SIM_TEST(standard_output_that_is_full_is_an_error)
{
	main_cf("");
	sim_out_limit(100);
	assert_int_equal(postconf(""), EXIT_CANT_CREATE);
	assert_non_null(strstr(sim_err(), "cannot be written"));
	assert_null(strstr(strstr(sim_err(), "cannot be written") + 1,
	    "cannot be written"));
}

SIM_TEST(a_continuation_is_no_setting_of_its_own)
{
	main_cf("mynetworks =\n  biff = no\n");
	assert_int_equal(postconf("-e|biff=yes"), 0);
	assert_string_equal(main_cf_now(),
	    "mynetworks =\n  biff = no\nbiff = yes\n");
}

SIM_TEST(without_a_folder_editing_says_what_to_make)
{
	assert_int_equal(postconf("-e|biff=yes"), EXIT_CANT_CREATE);
	assert_non_null(strstr(sim_err(), "/cf/main.cf cannot be changed: "
	    "No such file or directory; make its folder"));
}

/* Of 600 octets; the others must not vanish behind it. */
SIM_TEST(a_name_of_any_length_hides_no_other)
{
	char text[700] = "aa = $bb\n";

	memset(text + 9, 'a', 600);
	strcpy(text + 609, " = 1\nbb = 2\n");
	main_cf(text);
	assert_int_equal(postconf("-n|-o|ab=$aa"), 0);
	assert_non_null(strstr(sim_out(), "aa = $bb\n"));
	assert_non_null(strstr(sim_out(), "bb = 2\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(names_given_are_shown_as_written),
		SIM_RUN(an_unknown_name_is_an_error),
		SIM_RUN(all_names_are_sorted),
		SIM_RUN(only_what_is_set),
		SIM_RUN(defaults_whatever_main_cf_says),
		SIM_RUN(values_expanded_and_bare),
		SIM_RUN(json_is_escaped),
		SIM_RUN(wrong_lines_are_told_and_passed_over),
		SIM_RUN(editing_leaves_the_rest_as_it_is),
		SIM_RUN(editing_needs_no_option_and_no_file),
		SIM_RUN(a_wrong_value_is_told_when_it_is_written),
		SIM_RUN(what_is_no_setting_is_not_written),
		SIM_RUN(a_failing_port_leaves_the_old_file),
		SIM_RUN(help_and_wrong_options),
		SIM_RUN(standard_output_that_is_full_is_an_error),
		SIM_RUN(a_continuation_is_no_setting_of_its_own),
		SIM_RUN(without_a_folder_editing_says_what_to_make),
		SIM_RUN(a_name_of_any_length_hides_no_other),
	};
	return sim_main(tests, COUNT(tests));
}
