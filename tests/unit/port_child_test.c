/*
 * port_child_test.c - processes of our own: what they have, and their ends.
 */
#include <sys/mman.h>
#include <sys/prctl.h>

#include "port_test_int.h"

static int
answer(void *arg, int fd)
{
	char text[64];
	size_t n;
	int passed;

	if (port_recv(fd, text, sizeof text, SOON, &n, &passed) != RC_OK ||
	    port_send(fd, (struct span){ text, n }, -1, SOON) != RC_OK)
		return 1;
	return *(const int *)arg;
}

static void
a_child_hears_answers_and_tells_its_status(void **state)
{
	int status = 42, fd, passed;
	char text[64];
	unsigned pid;
	size_t n;

	(void)state;
	assert_int_equal(port_spawn(answer, &status, &pid, &fd), RC_OK);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(port_send(fd, SPAN("hello"), -1, SOON), RC_OK);
	assert_int_equal(port_recv(fd, text, sizeof text, SOON, &n, &passed),
		RC_OK);
	assert_int_equal(n, 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(port_recv(fd, text, sizeof text, SOON, &n, &passed),
		RC_GONE);
	assert_int_equal(port_reap(pid, SOON), 42);
	port_close(fd);
}

/* How many of the pages that it is told of are not there. */
static int
look_for_pages(void *arg, int fd)
{
	size_t page = (size_t)getpagesize();
	char *p = *(char **)arg;
	unsigned char is_there;
	int missing = 0;

	(void)fd;
	for (size_t i = 0; i < 4; i++)
		missing += mincore(p + i * page, page, &is_there) != 0;
	return missing;
}

static void
what_is_our_own_is_no_part_of_children(void **state)
{
	size_t page = (size_t)getpagesize();
	char *p = port_memory(4 * page);
	unsigned pid;
	int fd;

	(void)state;
	assert_non_null(p);
	memset(p, 'x', 4 * page);
	assert_int_equal(port_spawn(look_for_pages, &p, &pid, &fd), RC_OK);
	assert_int_equal(port_reap(pid, SOON), 0);
	port_close(fd);
	port_memory_own(p + 1, 4 * page - 2);	/* two whole pages */
	assert_int_equal(port_spawn(look_for_pages, &p, &pid, &fd), RC_OK);
	assert_int_equal(port_reap(pid, SOON), 2);
	port_close(fd);
	for (size_t i = 0; i < 4 * page; i++)
		assert_int_equal(p[i], 'x');
}

/* Bits of what is wrong. */
static int
look_around(void *arg, int fd)
{
	sigset_t mask;
	int wrong = 0;

	(void)arg;
	for (int i = 0; i < 2000; i++)
		if (i > 2 && i != fd && fcntl(i, F_GETFD) >= 0)
			wrong |= 1;
	for (int i = 0; i <= 2; i++)
		if (fcntl(i, F_GETFD) < 0)
			wrong |= 2;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int i = 1; i < 32; i++)
		if (sigismember(&mask, i) == 1)
			wrong |= 4;
	if (fcntl(fd, F_GETFD) < 0)
		wrong |= 8;
	return wrong;
}

static void
a_child_has_nothing_but_its_socket(void **state)
{
	int signals, fd, other, high, file;
	unsigned pid, second;
	sigset_t before;

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(port_signals(&signals), RC_OK);
	file = open("/", O_RDONLY);
	high = fcntl(file, F_DUPFD, 700);
	assert_true(high >= 700);
	assert_int_equal(port_spawn(look_around, NULL, &pid, &fd), RC_OK);
	assert_int_equal(port_spawn(look_around, NULL, &second, &other),
		RC_OK);
	assert_int_equal(port_reap(pid, SOON), 0);
	assert_int_equal(port_reap(second, SOON), 0);
	port_close(fd);
	port_close(other);
	port_close(high);
	port_close(file);
	port_close(signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* A socket of the child's under the number that was the parent's log. */
static int
log_elsewhere(void *arg, int fd)
{
	int number = *(const int *)arg, ends[2];

	(void)fd;
	do
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
			return 1;
	while (ends[0] < number && ends[1] < number);
	port_syslog(2, PORT_DEBUG, SPAN("postern/test"), SPAN("a child"));
	return port_readable(ends[0]) || port_readable(ends[1]) ? 2 : 0;
}

static void
a_child_opens_a_log_of_its_own(void **state)
{
	int other = open("/", O_RDONLY);	/* 3 is the child's socket */
	int number = dup(0), fd;
	unsigned pid;

	(void)state;
	close(number);
	port_syslog(2, PORT_DEBUG, SPAN("postern/test"), SPAN("a parent"));
	assert_true(fcntl(number, F_GETFD) >= 0);
	assert_true(number > 3);
	assert_int_equal(port_spawn(log_elsewhere, &number, &pid, &fd),
		RC_OK);
	assert_int_equal(port_reap(pid, SOON), 0);
	port_close(fd);
	port_close(other);
}

static int
die(void *arg, int fd)
{
	(void)fd;
	signal(*(const int *)arg, SIG_DFL);
	raise(*(const int *)arg);
	return 0;
}

static void
a_signal_that_ended_a_child_is_told(void **state)
{
	int code = SIGTERM, fd;
	unsigned pid;

	(void)state;
	assert_int_equal(port_spawn(die, &code, &pid, &fd), RC_OK);
	assert_int_equal(port_reap(pid, MS_NEVER), 256 + SIGTERM);
	port_close(fd);
}

static int
stay(void *arg, int fd)
{
	char text[8];
	size_t n;
	int passed;

	(void)arg;
	while (port_recv(fd, text, sizeof text, MS_NEVER, &n, &passed) !=
	    RC_GONE)
		;
	port_sleep(SOON);
	return 0;
}

static void
a_child_that_stays_is_ended(void **state)
{
	unsigned pid;
	ms_t before;
	int fd;

	(void)state;
	assert_int_equal(port_spawn(stay, NULL, &pid, &fd), RC_OK);
	before = port_now();
	assert_int_equal(port_reap(pid, before + 30), 256 + SIGKILL);
	assert_true(port_now() >= before + 30);
	assert_true(port_now() < before + 10 * SECOND);
	port_close(fd);
}

static int
spawn_where_ends_are_ignored(void)
{
	int status = 7, fd;
	unsigned pid;

	signal(SIGCHLD, SIG_IGN);
	port_start();
	if (port_spawn(answer, &status, &pid, &fd) != RC_OK ||
	    port_send(fd, SPAN("x"), -1, SOON) != RC_OK)
		return 1;
	return port_reap(pid, SOON);
}

static void
a_caller_that_ignores_ends_takes_none_from_us(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(spawn_where_ends_are_ignored());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void
no_process_is_left_is_told(void **state)
{
	struct rlimit before, none = { 0, 0 };
	unsigned pid;
	int fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(port_spawn(stay, NULL, &pid, &fd), RC_OS);
	assert_string_equal(port_error(), "Too many open files");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

struct around {
	pid_t pid, parent, session;
	bool has_streams, has_others, is_in_root, has_input;
};

/* Writes what it sees to what it keeps, in a while. */
static int
tell(void *arg, int fd)
{
	struct around a = { .pid = getpid(), .session = getsid(0) };
	struct port_stat s;
	char text[256];

	(void)arg;
	for (int i = 0; i < 2000; i++)
		if (i > 2 && i != fd && fcntl(i, F_GETFD) >= 0)
			a.has_others = true;
	a.has_streams = write(1, "x", 1) == 1 || write(2, "x", 1) == 1;
	a.has_input = port_stat_fd(PORT_STDIN, &s) != RC_NONE;
	a.is_in_root = getcwd(text, sizeof text) != NULL &&
		strcmp(text, "/") == 0;
	a.parent = getppid();
	return write(fd, &a, sizeof a) != sizeof a;
}

static void
a_detached_process_is_alone(void **state)
{
	struct around a;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(port_detach(tell, NULL, ends[1]), RC_OK);
	close(ends[1]);
	assert_int_equal(read(ends[0], &a, sizeof a), sizeof a);
	assert_false(a.has_streams);
	assert_false(a.has_others);
	assert_false(a.has_input);
	assert_true(a.is_in_root);
	assert_int_not_equal(a.parent, getpid());
	assert_int_not_equal(a.session, getsid(0));
	assert_int_not_equal(a.session, a.pid);	/* gets no terminal */
	/* It has ended when its end of the pipe is closed; not our child. */
	assert_int_equal(read(ends[0], &a, 1), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	close(ends[0]);
}

static int lock_held;

static int
keep_for_a_while(void *arg, int fd)
{
	(void)arg;
	return fd != 3 || port_stat_fd(fd, &(struct port_stat){ 0 }) != RC_OK;
}

static void
a_lock_goes_with_a_detached_process(void **state)
{
	enum rc rc = RC_DENY;
	int again;

	(void)state;
	assert_int_equal(port_lock(in_folder("lock"), &lock_held), RC_OK);
	assert_int_equal(port_detach(keep_for_a_while, NULL, lock_held),
		RC_OK);
	port_close(lock_held);
	for (int i = 0; i < 3000 && rc == RC_DENY; i++) {
		rc = port_lock(in_folder("lock"), &again);
		if (rc == RC_DENY)
			port_sleep(port_now() + 10);
	}
	assert_int_equal(rc, RC_OK);
	port_close(again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_hears_answers_and_tells_its_status),
		cmocka_unit_test(what_is_our_own_is_no_part_of_children),
		cmocka_unit_test(a_child_has_nothing_but_its_socket),
		cmocka_unit_test(a_child_opens_a_log_of_its_own),
		cmocka_unit_test(a_signal_that_ended_a_child_is_told),
		cmocka_unit_test(a_child_that_stays_is_ended),
		cmocka_unit_test(
		    a_caller_that_ignores_ends_takes_none_from_us),
		cmocka_unit_test(no_process_is_left_is_told),
		cmocka_unit_test(a_detached_process_is_alone),
		cmocka_unit_test(a_lock_goes_with_a_detached_process),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
