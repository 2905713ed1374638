/*
 * app_option_test.c - options as getopt(3) reads them, and which applet runs.
 */
#include <string.h>

#include "../sim/sim.h"
#include "applet.h"

#define WORDS_MAX	8

/*
 * Reads `line`, words divided by one blank, and writes what was seen: the
 * letters, values behind them in parentheses, then the operands.
 */
static void
expect(const char *line, const char *seen)
{
	char text[128], out[256], *words[WORDS_MAX] = { NULL };
	struct buf b = BUF(out);
	struct app app = { .name = "sendmail", .argv = words };
	const char *value;
	int letter;

	strcpy(text, line);
	for (char *w = strtok(text, " "); w != NULL;
	    w = strtok(NULL, " "))
		words[app.argc++] = strcmp(w, "''") == 0 ? w + 2 : w;
	while ((letter = app_option(&app, "ab:c", &value)) != 0 &&
	    letter != '?' && letter != APP_HELP) {
		buf_putc(&b, (char)letter);
		if (letter == 'b')
			buf_fmt(&b, "(%s)", value);
	}
	if (letter == APP_HELP)
		buf_puts(&b, " help");
	if (letter == '?')
		buf_fmt(&b, " bad %s", value);
	else
		for (int i = 0; i < app.argc; i++)
			buf_fmt(&b, " %s", app.argv[i]);
	assert_string_equal(buf_text(&b), seen);
}

static void
options_are_read_as_getopt_does(void **state)
{
	(void)state;
	expect("-a -c x y", "ac x y");
	expect("-ac x", "ac x");
	expect("-bv -b v x", "b(v)b(v) x");
	expect("-abv x", "ab(v) x");
	expect("-ab v x", "ab(v) x");
	expect("-b -a x", "b(-a) x");
	expect("-b '' x", "b() x");
	expect("x -a", " x -a");
	expect("-a -- -c", "a -c");
	expect("-a - x", "a - x");
	expect("", "");
}

static void
what_is_unknown_or_lacks_its_value_is_named(void **state)
{
	(void)state;
	expect("-a -z x", "a bad -z");
	expect("-az x", "a bad -az");
	expect("-a -b", "a bad -b");
	expect("-ab", "a bad -ab");
	expect("-:", " bad -:");
	expect("-a --help", "a help --help");
	expect("--hel", " bad --hel");
}

static int
run(const char *a, const char *b, const char *c)
{
	char text[3][32], *words[4] = { NULL };
	const char *given[3] = { a, b, c };
	int n = 0;

	while (n < 3 && given[n] != NULL) {
		strcpy(text[n], given[n]);
		words[n] = text[n];
		n++;
	}
	return applet_main(n, words);
}

SIM_TEST(the_name_or_the_first_word_picks_the_applet)
{
	assert_int_equal(run("/usr/sbin/sendmail", "--help", NULL), EXIT_OK);
	assert_non_null(strstr(sim_out(), "usage: postern sendmail "));
	assert_int_equal(run("sendmail", "smtp", NULL), EXIT_BOUNCED);
	assert_non_null(strstr(sim_err(), "to=<smtp@here.example>"));
	sim_begin();
	assert_int_equal(run("postern", "lmtp", "--help"), EXIT_OK);
	assert_non_null(strstr(sim_out(), "usage: postern lmtp "));
	sim_begin();
	assert_int_equal(run("postern-mips", "--version", NULL), EXIT_OK);
	assert_non_null(strstr(sim_out(), "postern "));
	assert_int_equal(run("postern", "nothing", NULL), EXIT_USAGE);
	assert_int_equal(run("postern", NULL, NULL), EXIT_USAGE);
	assert_int_equal(applet_main(0, NULL), EXIT_USAGE);
}

SIM_TEST(links_lead_to_the_running_program)
{
	const char *target;
	size_t n;

	sim_folder("/bin", true);
	sim_file("/bin/lmtp", "not ours");
	assert_int_equal(run("postern", "--install", "/bin"),
		EXIT_CANT_CREATE);
	assert_non_null(strstr(sim_err(), "/bin/lmtp is in the way"));
	assert_true(sim_file_read("/bin/smtp", &target, &n));
	assert_memory_equal(target, "/sbin/postern", n);
	assert_null(strstr(sim_out(), "lmtp"));
	assert_non_null(strstr(sim_out(), "/bin/sendmail\n"));
}

SIM_TEST(a_failed_call_is_told_by_install)
{
	sim_folder("/bin", true);
	assert_int_equal(run("postern", "--install", "/bin"), EXIT_OK);
	for (uint64_t last = sim_fallible(), i = 1; i <= last; i++) {
		sim_begin();
		sim_folder("/bin", true);
		sim_fail_at(i);
		assert_int_equal(run("postern", "--install", "/bin"),
			EXIT_CANT_CREATE);
		assert_true(sim_err()[0] != '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read_as_getopt_does),
		cmocka_unit_test(what_is_unknown_or_lacks_its_value_is_named),
		SIM_RUN(the_name_or_the_first_word_picks_the_applet),
		SIM_RUN(links_lead_to_the_running_program),
		SIM_RUN(a_failed_call_is_told_by_install),
	};

	return sim_main(tests, COUNT(tests));
}
