/*
 * port_event_test.c - waiting for many things, and for signals.
 */
#include "port_test_int.h"

static void
what_can_be_read_is_marked(void **state)
{
	int a[2], b[2], c[2];
	struct port_watch w[4];

	(void)state;
	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	assert_int_equal(pipe(c), 0);
	w[0] = (struct port_watch){ .fd = a[0], .is_ready = true };
	w[1] = (struct port_watch){ .fd = -1, .is_ready = true };
	w[2] = (struct port_watch){ .fd = b[0] };
	w[3] = (struct port_watch){ .fd = c[0] };
	assert_int_equal(write(b[1], "x", 1), 1);
	close(c[1]);
	assert_int_equal(port_wait(w, 4, SOON), RC_OK);
	assert_false(w[0].is_ready);
	assert_false(w[1].is_ready);
	assert_true(w[2].is_ready);
	assert_true(w[3].is_ready);
	assert_int_equal(port_wait(w, 2, BRIEFLY), RC_TIME);
	/* A look without waiting. */
	assert_int_equal(port_wait(w, 4, 0), RC_OK);
	assert_true(w[2].is_ready);
	assert_int_equal(port_wait(w, 1, 0), RC_TIME);
	w[2].is_ready = true;
	assert_int_equal(port_wait(w + 1, 1, BRIEFLY), RC_TIME);
	close(a[0]);
	close(a[1]);
	close(b[0]);
	close(b[1]);
	close(c[0]);
}

static void
no_mark_stays_when_time_is_over(void **state)
{
	struct port_watch w = { .is_ready = true };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	w.fd = ends[0];
	assert_int_equal(port_wait(&w, 1, BRIEFLY), RC_TIME);
	assert_false(w.is_ready);
	close(ends[0]);
	close(ends[1]);
}

static void
signals_are_events(void **state)
{
	static const struct {
		int number;
		unsigned bit;
	} known[] = {
		{ SIGTERM, PORT_SIGNAL_STOP },
		{ SIGINT, PORT_SIGNAL_STOP },
		{ SIGHUP, PORT_SIGNAL_RELOAD },
	};
	struct port_watch w;
	int fd;

	(void)state;
	assert_int_equal(port_signals(&fd), RC_OK);
	w.fd = fd;
	assert_int_equal(port_wait(&w, 1, 0), RC_TIME);
	assert_int_equal(port_signal_next(fd), 0);
	for (size_t i = 0; i < COUNT(known); i++) {
		kill(getpid(), known[i].number);
		assert_int_equal(port_wait(&w, 1, SOON), RC_OK);
		assert_int_equal(port_signal_next(fd), known[i].bit);
		assert_int_equal(port_signal_next(fd), 0);
	}
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGTERM);
	assert_int_equal(port_signal_next(fd),
		PORT_SIGNAL_STOP | PORT_SIGNAL_RELOAD);
	port_close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_read_is_marked),
		cmocka_unit_test(no_mark_stays_when_time_is_over),
		cmocka_unit_test(signals_are_events),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
