/*
 * port_stream_test.c - octets over loopback, pipes and deadlines.
 */
#include "port_test_int.h"

static void
what_is_there_is_read(void **state)
{
	char text[16];
	size_t n = 0;
	int us, they;

	(void)state;
	connection(&us, &they);
	assert_int_equal(write(they, "220 hello", 9), 9);
	assert_int_equal(port_read(us, text, 4, SOON, &n), RC_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(text, "220 ", 4);
	assert_true(port_readable(us));
	assert_int_equal(port_read(us, text, sizeof text, SOON, &n), RC_OK);
	assert_int_equal(n, 5);
	assert_false(port_readable(us));
	port_close(us);
	close(they);
}

static void
silence_meets_the_deadline(void **state)
{
	char octet;
	size_t n = 99;
	int us, they;

	(void)state;
	connection(&us, &they);
	assert_int_equal(port_read(us, &octet, 1, BRIEFLY, &n), RC_TIME);
	assert_string_equal(port_error(), "Connection timed out");
	assert_int_equal(n, 99);
	port_close(us);
	close(they);
}

static void
nothing_is_read_after_the_deadline(void **state)
{
	char octet;
	size_t n;
	int us, they;

	(void)state;
	connection(&us, &they);
	assert_int_equal(write(they, "x", 1), 1);
	while (!port_readable(us))
		port_sleep(port_now() + 1);
	assert_int_equal(port_read(us, &octet, 1, port_now(), &n), RC_TIME);
	assert_int_equal(port_read(us, &octet, 1, MS_NEVER, &n), RC_OK);
	port_close(us);
	close(they);
}

static void
the_end_is_not_a_reset(void **state)
{
	char octet;
	size_t n;
	int us, they;

	(void)state;
	connection(&us, &they);
	close(they);
	assert_int_equal(port_read(us, &octet, 1, SOON, &n), RC_GONE);
	assert_string_equal(port_error(), "Connection closed");
	port_close(us);
}

static void
a_reset_is_told(void **state)
{
	struct linger now = { .l_onoff = 1 };
	char octet;
	size_t n;
	int us, they;

	(void)state;
	connection(&us, &they);
	assert_int_equal(setsockopt(they, SOL_SOCKET, SO_LINGER, &now,
		sizeof now), 0);
	close(they);
	assert_int_equal(port_read(us, &octet, 1, SOON, &n), RC_GONE);
	assert_string_equal(port_error(), "Connection reset by peer");
	port_close(us);
}

static void
writing_to_nobody_is_a_result_not_a_signal(void **state)
{
	size_t n;
	int us, they, turns = 0;
	enum rc rc = RC_OK;

	(void)state;
	connection(&us, &they);
	close(they);
	while (rc == RC_OK && turns++ < 1000) {
		rc = port_write(us, "x", 1, SOON, &n);
		port_sleep(port_now() + 1);
	}
	assert_int_equal(rc, RC_GONE);
	port_close(us);
}

static void
a_peer_that_does_not_read_meets_the_deadline(void **state)
{
	static char block[65536];
	size_t n, sum = 0;
	int us, they;
	enum rc rc = RC_OK;

	(void)state;
	connection(&us, &they);
	while (rc == RC_OK && sum < 256 * sizeof block) {
		rc = port_write(us, block, sizeof block, BRIEFLY, &n);
		if (rc == RC_OK)
			sum += n;
	}
	assert_int_equal(rc, RC_TIME);
	assert_true(sum > 0);
	port_push(us);		/* must come back, too */
	port_close(us);
	close(they);
}

static void
all_that_was_written_arrives(void **state)
{
	static char block[300000], back[300000];
	size_t out = 0, in = 0, n;
	int us, they;

	(void)state;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i * 7 >> 3);
	connection(&us, &they);
	while (in < sizeof block) {
		if (out < sizeof block &&
		    port_write(us, block + out, sizeof block - out, BRIEFLY,
		    &n) == RC_OK)
			out += n;
		port_push(us);
		assert_int_equal(port_read(they, back + in, sizeof back - in,
			SOON, &n), RC_OK);
		in += n;
	}
	assert_memory_equal(block, back, sizeof block);
	port_close(us);
	close(they);
}

static void
a_blocking_pipe_meets_the_deadline(void **state)
{
	char octet;
	size_t n;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(port_read(fds[0], &octet, 1, BRIEFLY, &n), RC_TIME);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(port_read(fds[0], &octet, 1, SOON, &n), RC_OK);
	close(fds[1]);
	assert_int_equal(port_read(fds[0], &octet, 1, SOON, &n), RC_GONE);
	close(fds[0]);
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void
signals_do_not_end_a_wait(void **state)
{
	struct sigaction a = { .sa_handler = count_alarm };
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, off = { 0 };
	char octet;
	size_t n;
	int us, they;

	(void)state;
	connection(&us, &they);
	assert_int_equal(sigaction(SIGALRM, &a, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(port_read(us, &octet, 1, BRIEFLY, &n), RC_TIME);
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_true(alarms > 0);
	port_close(us);
	close(they);
}

static void
a_closed_descriptor_is_our_own_failure(void **state)
{
	char octet;
	size_t n;

	(void)state;
	port_close(-1);
	assert_int_equal(port_read(999, &octet, 1, SOON, &n), RC_OS);
	assert_int_equal(port_write(999, "x", 1, SOON, &n), RC_OS);
	assert_string_equal(port_error(), "Bad file descriptor");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_read),
		cmocka_unit_test(silence_meets_the_deadline),
		cmocka_unit_test(nothing_is_read_after_the_deadline),
		cmocka_unit_test(the_end_is_not_a_reset),
		cmocka_unit_test(a_reset_is_told),
		cmocka_unit_test(writing_to_nobody_is_a_result_not_a_signal),
		cmocka_unit_test(a_peer_that_does_not_read_meets_the_deadline),
		cmocka_unit_test(all_that_was_written_arrives),
		cmocka_unit_test(a_blocking_pipe_meets_the_deadline),
		cmocka_unit_test(signals_do_not_end_a_wait),
		cmocka_unit_test(a_closed_descriptor_is_our_own_failure),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
