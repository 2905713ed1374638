/*
 * port_proc_test.c - the process, its clock and its standard streams.
 */
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>

#include "port_test_int.h"

/* Runs f in a process of its own; its exit status. */
static int
status_of(int (*f)(void))
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(f());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
start_without_streams(void)
{
	struct port_stat s;

	close(0);
	close(1);
	close(2);
	port_start();
	if (port_stat_fd(PORT_STDIN, &s) != RC_NONE)
		return 1;
	if (fcntl(0, F_GETFD) < 0 || fcntl(1, F_GETFD) < 0 ||
	    fcntl(2, F_GETFD) < 0)
		return 2;
	if (dup(0) < 3)
		return 3;
	return port_out(SPAN("lost\n")) == RC_OS ? 0 : 4;
}

static void
closed_streams_are_occupied(void **state)
{
	struct port_stat s;

	(void)state;
	assert_int_equal(status_of(start_without_streams), 0);
	assert_int_equal(port_stat_fd(PORT_STDIN, &s), RC_OK);
}

static int
start_where_cores_are_welcome(void)
{
	struct rlimit core;

	if (getrlimit(RLIMIT_CORE, &core) != 0)
		return 1;
	core.rlim_cur = core.rlim_max;
	if (setrlimit(RLIMIT_CORE, &core) != 0)
		return 2;
	port_start();
	if (getrlimit(RLIMIT_CORE, &core) != 0)
		return 3;
	return core.rlim_cur <= 1 && core.rlim_max <= 1 ? 0 : 4;
}

static void
no_core_is_left(void **state)
{
	(void)state;
	assert_int_equal(status_of(start_where_cores_are_welcome), 0);
}

static int
exit_with_42(void)
{
	port_exit(42);
}

static void
the_exit_status_is_told(void **state)
{
	(void)state;
	assert_int_equal(status_of(exit_with_42), 42);
}

static int
append_beyond_a_limit(void)
{
	struct rlimit none = { 0, 0 };
	int fd;

	port_start();
	if (port_temp(NULL, &fd) != RC_OK || setrlimit(RLIMIT_FSIZE, &none))
		return 1;
	if (port_append(fd, SPAN("text\n")) != RC_OS)
		return 2;
	return strcmp(port_error(), "File too large") == 0 ? 0 : 3;
}

static void
a_file_beyond_its_limit_is_a_result(void **state)
{
	(void)state;
	assert_int_equal(status_of(append_beyond_a_limit), 0);
}

static int
families_without_descriptors(void)
{
	struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_NOFILE, &none) != 0)
		return 1;
	return port_has_family(IP_V4) && port_has_family(IP_V6) ? 0 : 2;
}

static void
a_lack_of_descriptors_is_no_lack_of_families(void **state)
{
	(void)state;
	assert_int_equal(status_of(families_without_descriptors), 0);
}

static int
write_to_closed_pipe(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		return 1;
	dup2(ends[1], 1);
	dup2(ends[1], 2);
	close(ends[0]);
	port_err(SPAN("nobody hears it\n"));
	if (port_out(SPAN("text\n")) != RC_OS)
		return 2;
	return strcmp(port_error(), "Broken pipe") == 0 ? 0 : 3;
}

static void
output_that_nobody_reads_is_a_result(void **state)
{
	(void)state;
	assert_int_equal(status_of(write_to_closed_pipe), 0);
}

static int pipe_ends[2];

/* More than a pipe holds, and the pipe is a non-blocking one. */
static int
write_much(void)
{
	static char text[300000];

	close(pipe_ends[0]);
	dup2(pipe_ends[1], 1);
	fcntl(1, F_SETFL, O_NONBLOCK);
	memset(text, 'x', sizeof text);
	return port_out((struct span){ text, sizeof text }) == RC_OK ? 0 : 1;
}

/* Then the writer has been told to wait, or will be in a moment. */
static void
wait_until_full(int fd)
{
	int held = 0;

	for (int i = 0; i < 10000 && held < 65536; i++) {
		assert_int_equal(ioctl(fd, FIONREAD, &held), 0);
		port_sleep(port_now() + 1);
	}
	port_sleep(port_now() + 20);
}

static void
output_is_whole_even_if_it_would_block(void **state)
{
	static char text[65536];
	size_t sum = 0;
	ssize_t n;
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	child = fork();
	if (child == 0)
		_exit(write_much());
	close(pipe_ends[1]);
	wait_until_full(pipe_ends[0]);
	while ((n = read(pipe_ends[0], text, sizeof text)) > 0)
		sum += (size_t)n;
	close(pipe_ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(sum, 300000);
}

static void
clocks_go_forward(void **state)
{
	ms_t before = port_now(), wall = port_wall_ms();
	time_t now = time(NULL);

	(void)state;
	port_sleep(before + 5);
	assert_true(port_now() >= before + 5);
	port_sleep(before);		/* comes back at once */
	assert_true(port_wall_ms() > wall);
	assert_true(port_wall() >= now && port_wall() < now + 600);
}

static void
zones_are_ahead_or_behind(void **state)
{
	const int64_t winter = 1767268800, summer = 1782907200; /* 2026 */

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_int_equal(port_zone(winter), 3600);
	assert_int_equal(port_zone(summer), 7200);
	setenv("TZ", "NST3:30", 1);
	tzset();
	assert_int_equal(port_zone(winter), -12600);
	setenv("TZ", "UTC0", 1);
	tzset();
	assert_int_equal(port_zone(winter), 0);
	unsetenv("TZ");
	tzset();
}

static void
the_surroundings_are_known(void **state)
{
	char text[256];
	struct buf b = BUF(text);
	struct utsname u;

	(void)state;
	assert_int_equal(uname(&u), 0);
	port_hostname(&b);
	assert_string_equal(buf_text(&b),
		strcmp(u.nodename, "(none)") == 0 ? "" : u.nodename);
	assert_int_equal(port_pid(), getpid());
	setenv("POSTERN_TEST", "x", 1);
	assert_string_equal(port_getenv("POSTERN_TEST"), "x");
	unsetenv("POSTERN_TEST");
	assert_null(port_getenv("POSTERN_TEST"));
}

static bool
is_all(const unsigned char *p, size_t n, unsigned char octet)
{
	while (n > 0 && p[n - 1] == octet)
		n--;
	return n == 0;
}

static void
little_memory_is_zeroed_and_nobody_elses(void **state)
{
	unsigned char *p[40];

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		p[i] = port_memory(i * 100 + 1);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
		assert_true(is_all(p[i], i * 100 + 1, 0));
		memset(p[i], (int)i + 1, i * 100 + 1);
	}
	for (size_t i = 0; i < 40; i++)
		assert_true(is_all(p[i], i * 100 + 1, (unsigned char)(i + 1)));
}

static void
forgotten_memory_is_empty_and_its_neighbours_are_not(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p = port_memory(3 * page);

	(void)state;
	assert_non_null(p);
	memset(p, 1, 3 * page);
	port_memory_forget(p + 10, 2 * page);	/* one whole page is in it */
	assert_true(is_all(p, page, 1));
	assert_true(is_all(p + page, page, 0));
	assert_true(is_all(p + 2 * page, page, 1));
	port_memory_forget(p, page - 1);
	port_memory_forget(p + 10, 10);
	assert_true(is_all(p, page, 1));
	port_memory_forget(p, 3 * page);
	assert_true(is_all(p, 3 * page, 0));
	memset(p, 2, 3 * page);
}

static void
memory_is_zeroed_and_has_an_end(void **state)
{
	unsigned char *p = port_memory(10000);

	(void)state;
	assert_non_null(p);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(p[i], 0);
	p[9999] = 1;
	assert_null(port_memory(SIZE_MAX / 2));
	assert_string_equal(port_error(), "Cannot allocate memory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_streams_are_occupied),
		cmocka_unit_test(no_core_is_left),
		cmocka_unit_test(the_exit_status_is_told),
		cmocka_unit_test(a_file_beyond_its_limit_is_a_result),
		cmocka_unit_test(a_lack_of_descriptors_is_no_lack_of_families),
		cmocka_unit_test(output_that_nobody_reads_is_a_result),
		cmocka_unit_test(output_is_whole_even_if_it_would_block),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(zones_are_ahead_or_behind),
		cmocka_unit_test(the_surroundings_are_known),
		cmocka_unit_test(memory_is_zeroed_and_has_an_end),
		cmocka_unit_test(little_memory_is_zeroed_and_nobody_elses),
		cmocka_unit_test(
		    forgotten_memory_is_empty_and_its_neighbours_are_not),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
