/*
 * port_error_test.c - words for what went wrong.
 *
 * These programs are linked with glibc, whose words we promise: it is asked.
 */
#include "../../port/port_int.h"
#include "port_test_int.h"

static void
words_are_those_of_glibc(void **state)
{
	int known = 0;

	(void)state;
	for (int code = 0; code < 134; code++) {
		assert_int_equal(port_failed_as(code), RC_OS);
		if (strncmp(port_error(), "error ", 6) == 0)
			continue;
		assert_string_equal(port_error(), strerror(code));
		known++;
	}
	assert_true(known > 50);
}

static void
an_unknown_one_is_a_number(void **state)
{
	(void)state;
	port_failed_as(4711);
	assert_string_equal(port_error(), "error 4711");
	port_failed_as(-2);
	assert_string_equal(port_error(), "error -2");
}

static void
streams_die_of_what_the_peer_does(void **state)
{
	(void)state;
	assert_int_equal(port_failed_stream(ECONNRESET), RC_GONE);
	assert_int_equal(port_failed_stream(EPIPE), RC_GONE);
	assert_int_equal(port_failed_stream(ETIMEDOUT), RC_GONE);
	assert_int_equal(port_failed_stream(EHOSTUNREACH), RC_GONE);
	assert_int_equal(port_failed_stream(EBADF), RC_OS);
	assert_int_equal(port_failed_stream(ENOMEM), RC_OS);
}

static void
kinds_are_told_apart(void **state)
{
	(void)state;
	port_failed_as(ENETUNREACH);
	assert_true(port_error_is_network());
	assert_false(port_error_is_missing());
	port_failed_as(ECONNREFUSED);
	assert_false(port_error_is_network());
	port_failed_as(ENOENT);
	assert_true(port_error_is_missing());
	port_failed_as(EACCES);
	assert_false(port_error_is_missing());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_those_of_glibc),
		cmocka_unit_test(an_unknown_one_is_a_number),
		cmocka_unit_test(streams_die_of_what_the_peer_does),
		cmocka_unit_test(kinds_are_told_apart),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
