/*
 * port_log_test.c - records to a log daemon that the test plays.
 *
 * port_log.c is built in once more, over a connect() that finds the daemon in
 * the test's folder.
 */
#include <poll.h>
#include <sys/time.h>
#include <time.h>

#include "port_test_int.h"

static int test_connect(int, const struct sockaddr *, socklen_t);
#define connect		test_connect
#define port_syslog	tested_syslog
#define assert_failed	tested_assert_failed
#define port_log_forget	tested_log_forget
#define port_log_append	tested_log_append
void tested_syslog(int, enum port_level, struct span, struct span);
bool tested_log_append(const char *, struct span, struct span);
_Noreturn void tested_assert_failed(const char *, int);
#include "../../port/port_log.c"
#undef connect
#undef assert_failed
#undef port_log_forget
#undef port_log_append

static struct sockaddr_un
daemon_address(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	strcpy(un.sun_path, in_folder("log"));
	return un;
}

static int
test_connect(int fd, const struct sockaddr *sa, socklen_t n)
{
	struct sockaddr_un un = daemon_address();

	assert_string_equal(((const struct sockaddr_un *)(const void *)sa)
		->sun_path, "/dev/log");
	assert_int_equal(n, sizeof un);
	return connect(fd, (struct sockaddr *)&un, sizeof un);
}

static int
daemon_start(void)
{
	struct sockaddr_un un = daemon_address();
	struct timeval most = { .tv_sec = 10 };	/* for what never comes */
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most,
		sizeof most), 0);
	unlink(un.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	return fd;
}

/* The next record, without its stamp, which must look like one. */
static void
assert_record(int fd, const char *pri, const char *tag, const char *rest)
{
	char text[4096], expected[4096];
	struct tm t;
	ssize_t n = recv(fd, text, sizeof text - 1, 0);
	char *stamp = text + strlen(pri);

	assert_true(n > 0);
	text[n] = '\0';
	assert_memory_equal(text, pri, strlen(pri));
	memset(&t, 0, sizeof t);
	assert_ptr_equal(strptime(stamp, "%b %e %H:%M:%S ", &t), stamp + 16);
	snprintf(expected, sizeof expected, "%s[%d]: %s", tag, (int)getpid(),
		rest);
	assert_string_equal(stamp + 16, expected);
}

static void
no_daemon_is_no_trouble(void **state)
{
	(void)state;
	unlink(in_folder("log"));
	tested_syslog(2, PORT_INFO, SPAN("postern/smtp"), SPAN("lost"));
}

static void
a_record_has_level_stamp_tag_and_pid(void **state)
{
	int fd = daemon_start();

	(void)state;
	tested_syslog(2, PORT_INFO, SPAN("postern/smtp"), SPAN("hello"));
	assert_record(fd, "<22>", "postern/smtp", "hello");
	tested_syslog(2, PORT_ERR, SPAN("p"), SPAN("x"));
	assert_record(fd, "<19>", "p", "x");
	tested_syslog(16, PORT_WARNING, SPAN("p"), SPAN("x"));
	assert_record(fd, "<132>", "p", "x");
	tested_syslog(2, PORT_DEBUG, SPAN("p"), SPAN("x"));
	assert_record(fd, "<23>", "p", "x");
	close(fd);
}

static void
a_daemon_that_was_restarted_is_found(void **state)
{
	int fd = daemon_start();

	(void)state;
	tested_syslog(2, PORT_INFO, SPAN("p"), SPAN("before"));
	assert_record(fd, "<22>", "p", "before");
	close(fd);
	tested_syslog(2, PORT_INFO, SPAN("p"), SPAN("lost"));
	fd = daemon_start();
	tested_syslog(2, PORT_INFO, SPAN("p"), SPAN("after"));
	assert_record(fd, "<22>", "p", "after");
	close(fd);
}

static void
a_daemon_that_hangs_holds_nobody_up(void **state)
{
	int fd = daemon_start();

	(void)state;
	/* More than its queue takes: those beyond are dropped. */
	for (int i = 0; i < 3; i++)
		while (send(log_fd, "x", 1, MSG_DONTWAIT) == 1)
			;
	tested_syslog(2, PORT_INFO, SPAN("p"), SPAN("dropped"));
	close(fd);
}

static void
the_stamp_is_local_time(void **state)
{
	char text[64], expected[64];
	struct buf b = BUF(text);
	time_t now;
	struct tm t;
	int turns = 0;

	(void)state;
	setenv("TZ", "TST-5:30", 1);
	tzset();
	do {			/* unless the second ends in between */
		now = time(NULL);
		buf_clear(&b);
		civil_put_log(&b, now, port_zone(now));
		localtime_r(&now, &t);
		strftime(expected, sizeof expected, "%b %e %H:%M:%S", &t);
	} while (strcmp(buf_text(&b), expected) != 0 && turns++ < 3);
	assert_string_equal(buf_text(&b), expected);
	unsetenv("TZ");
	tzset();
}

static void
a_log_file_grows_by_lines(void **state)
{
	char path[] = "/tmp/port-log-XXXXXX", got[64];
	int fd = mkstemp(path);
	ssize_t n;

	(void)state;
	assert_true(tested_log_append(path, SPAN("one: "), SPAN("two")));
	assert_true(tested_log_append(path, SPAN("three"), SPAN("")));
	n = read(fd, got, sizeof got);
	assert_int_equal(n, 15);
	assert_memory_equal(got, "one: two\nthree\n", 15);
	close(fd);
	unlink(path);
	assert_false(tested_log_append("/nowhere/log", SPAN("x"), SPAN("")));
}

static void
long_text_is_cut(void **state)
{
	static char text[5000];
	char record[8000];
	int fd = daemon_start();
	ssize_t n;

	(void)state;
	memset(text, 'x', sizeof text);
	tested_syslog(2, PORT_INFO, SPAN("p"),
		(struct span){ text, sizeof text });
	n = recv(fd, record, sizeof record, 0);
	assert_true(n >= LOG_TEXT_MAX && n < LOG_TEXT_MAX + 200);
	close(fd);
}

static void
a_panic_says_where_and_ends_with_70(void **state)
{
	int server = daemon_start();
	int ends[2], status;
	char text[256];
	ssize_t n;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], 2);
		tested_assert_failed("src/some.c", 12);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
	n = read(ends[0], text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "panic: src/some.c:12\n");
	n = recv(server, text, sizeof text - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "]: panic: src/some.c:12"));
	close(ends[0]);
	close(ends[1]);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_daemon_is_no_trouble),
		cmocka_unit_test(a_record_has_level_stamp_tag_and_pid),
		cmocka_unit_test(a_daemon_that_was_restarted_is_found),
		cmocka_unit_test(a_daemon_that_hangs_holds_nobody_up),
		cmocka_unit_test(the_stamp_is_local_time),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(a_panic_says_where_and_ends_with_70),
		cmocka_unit_test(a_log_file_grows_by_lines),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
