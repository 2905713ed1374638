/*
 * mail_take_test.c - the message of standard input.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "mail.h"

static char *
big(size_t n)
{
	char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 7 + i / 251);
	return p;
}

static void
check_content(const struct mail_source *src, const char *data, size_t n)
{
	char *copy = malloc(n + 1);
	size_t got = 1, at = 0;

	assert_int_equal(src->size, n);
	assert_int_equal(src->start, 0);
	for (; got > 0 && at <= n; at += got)
		assert_int_equal(port_pread(src->fd, copy + at, n + 1 - at,
		    (int64_t)at, &got), RC_OK);
	assert_int_equal(at, n);
	assert_memory_equal(copy, data, n);
	free(copy);
}

SIM_TEST(a_file_is_used_in_place)
{
	struct mail_source src = { .ends = MAIL_ENDS_STRICT,
		.replace_stray = true };

	sim_stdin("Subject: x\n", 11);
	assert_int_equal(mail_take(11, &src), RC_OK);
	assert_int_equal(src.fd, PORT_STDIN);
	check_content(&src, "Subject: x\n", 11);
	assert_int_equal(src.ends, MAIL_ENDS_STRICT);
	assert_true(src.replace_stray);
	assert_int_equal(mail_take(0, &src), RC_OK);
	assert_int_equal(mail_take(10, &src), RC_FULL);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(what_another_read_of_the_file_is_no_part_of_it)
{
	struct mail_source src = { 0 };
	char line[11];
	size_t got;

	sim_stdin("not for us\nSubject: x\n", 22);
	assert_int_equal(port_read(PORT_STDIN, line, 11, MS_NEVER, &got),
	    RC_OK);
	assert_int_equal(got, 11);
	assert_int_equal(mail_take(11, &src), RC_OK);
	assert_int_equal(src.start, 11);
	assert_int_equal(src.size, 11);
}

SIM_TEST(an_empty_file_is_a_message)
{
	struct mail_source src = { 0 };

	assert_int_equal(mail_take(0, &src), RC_OK);
	assert_int_equal(src.size, 0);
}

SIM_TEST(a_pipe_is_copied_whatever_its_pieces)
{
	static const size_t chunks[] = { 1, 4095, 4096, 4097, 100000 };
	size_t n = 3 * 4096 + 5;
	char *data = big(n);

	for (size_t i = 0; i < COUNT(chunks); i++) {
		struct mail_source src = { 0 };

		sim_stdin_pipe(data, n, chunks[i], 0);
		assert_int_equal(mail_take((int64_t)n, &src), RC_OK);
		assert_int_not_equal(src.fd, PORT_STDIN);
		check_content(&src, data, n);
		port_close(src.fd);
	}
	free(data);
}

SIM_TEST(a_slow_pipe_is_waited_for)
{
	struct mail_source src = { 0 };

	sim_stdin_pipe("hello\n", 6, 1, HOUR);
	assert_int_equal(mail_take(0, &src), RC_OK);
	check_content(&src, "hello\n", 6);
	port_close(src.fd);
}

SIM_TEST(an_empty_pipe_is_an_empty_message)
{
	struct mail_source src = { 0 };

	sim_stdin_pipe("", 0, 1, 0);
	assert_int_equal(mail_take(0, &src), RC_OK);
	assert_int_equal(src.size, 0);
	port_close(src.fd);
}

SIM_TEST(a_pipe_that_gives_too_much_is_left)
{
	struct mail_source src = { 0 };
	char *data = big(5000);

	sim_stdin_pipe(data, 5000, 700, 0);
	assert_int_equal(mail_take(4999, &src), RC_FULL);
	assert_int_equal(src.fd, -1);
	assert_int_equal(sim_open_fds(), 0);
	sim_stdin_pipe(data, 5000, 700, 0);
	assert_int_equal(mail_take(5000, &src), RC_OK);
	port_close(src.fd);
	free(data);
}

SIM_TEST(a_full_disk_is_told)
{
	struct mail_source src = { 0 };
	char *data = big(9000);

	sim_disk_limit(5000);
	sim_stdin_pipe(data, 9000, 4096, 0);
	assert_int_equal(mail_take(0, &src), RC_DENY);
	assert_int_equal(sim_open_fds(), 0);
	free(data);
}

SIM_TEST(closed_standard_input_is_no_message)
{
	struct mail_source src = { 0 };

	sim_stdin_closed();
	assert_int_equal(mail_take(0, &src), RC_NONE);
}

SIM_TEST(no_failure_of_the_port_leaves_a_file_open)
{
	uint64_t calls = 0;

	for (uint64_t i = 0; i <= calls; i++) {
		struct mail_source src = { .fd = -1 };
		uint64_t before;
		enum rc rc;

		sim_begin();
		sim_stdin_pipe("some text", 9, 4, 0);
		before = sim_fallible();
		if (i > 0)
			sim_fail_at(before + i);
		rc = mail_take(0, &src);
		if (i == 0)
			calls = sim_fallible() - before;
		assert_true(i == 0 ? rc == RC_OK : rc != RC_OK);
		if (rc == RC_OK)
			port_close(src.fd);
		assert_int_equal(sim_open_fds(), 0);
	}
	assert_true(calls >= 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_file_is_used_in_place),
		SIM_RUN(what_another_read_of_the_file_is_no_part_of_it),
		SIM_RUN(an_empty_file_is_a_message),
		SIM_RUN(a_pipe_is_copied_whatever_its_pieces),
		SIM_RUN(a_slow_pipe_is_waited_for),
		SIM_RUN(an_empty_pipe_is_an_empty_message),
		SIM_RUN(a_pipe_that_gives_too_much_is_left),
		SIM_RUN(a_full_disk_is_told),
		SIM_RUN(closed_standard_input_is_no_message),
		SIM_RUN(no_failure_of_the_port_leaves_a_file_open),
	};
	return sim_main(tests, COUNT(tests));
}
