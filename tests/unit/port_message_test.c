/*
 * port_message_test.c - messages between processes, and who calls.
 */
#include "port_test_int.h"

static void
pair(int *a, int *b)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK,
		0, ends), 0);
	*a = ends[0];
	*b = ends[1];
}

static void
assert_gets(int fd, const char *text)
{
	char got[64];
	size_t n;
	int passed;

	assert_int_equal(port_recv(fd, got, sizeof got, SOON, &n, &passed),
		RC_OK);
	assert_int_equal(passed, -1);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static unsigned
open_descriptors(void)
{
	char text[32];
	struct buf name = BUF(text);
	struct port_list l;
	unsigned n = 0;

	assert_int_equal(port_list_open(&l, "/proc/self/fd"), RC_OK);
	while (port_list_next(&l, &name) == RC_OK) {
		buf_clear(&name);
		n++;
	}
	port_list_close(&l);
	return n;
}

static void
messages_stay_apart_and_in_order(void **state)
{
	static char most[PORT_MESSAGE_MAX], back[PORT_MESSAGE_MAX];
	size_t n;
	int a, b, passed;

	(void)state;
	pair(&a, &b);
	assert_int_equal(port_send(a, SPAN("one"), -1, SOON), RC_OK);
	assert_int_equal(port_send(a, SPAN("two"), -1, SOON), RC_OK);
	assert_gets(b, "one");
	assert_gets(b, "two");
	memset(most, 'm', sizeof most);
	assert_int_equal(port_send(b, (struct span){ most, sizeof most }, -1,
		SOON), RC_OK);
	assert_int_equal(port_recv(a, back, sizeof back, SOON, &n, &passed),
		RC_OK);
	assert_int_equal(n, sizeof most);
	assert_memory_equal(back, most, n);
	port_close(a);
	port_close(b);
}

static void
what_is_no_message_is_not_sent(void **state)
{
	static char more[PORT_MESSAGE_MAX + 1];
	int a, b;

	(void)state;
	pair(&a, &b);
	assert_int_equal(port_send(a, SPAN(""), -1, SOON), RC_OS);
	assert_string_equal(port_error(), "Invalid argument");
	assert_int_equal(port_send(a, (struct span){ more, sizeof more }, -1,
		SOON), RC_OS);
	assert_string_equal(port_error(), "Message too long");
	assert_false(port_readable(b));
	port_close(a);
	port_close(b);
}

static void
a_descriptor_goes_with_a_message(void **state)
{
	char text[8];
	int a, b, file, passed;
	size_t n;

	(void)state;
	pair(&a, &b);
	assert_int_equal(port_temp(our_folder, &file), RC_OK);
	assert_int_equal(port_append(file, SPAN("text")), RC_OK);
	assert_int_equal(port_send(a, SPAN("job"), file, SOON), RC_OK);
	port_close(file);
	assert_int_equal(port_recv(b, text, sizeof text, SOON, &n, &passed),
		RC_OK);
	assert_int_equal(n, 3);
	assert_true(passed >= 0);
	assert_int_not_equal(fcntl(passed, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(port_pread(passed, text, sizeof text, 0, &n), RC_OK);
	assert_int_equal(n, 4);
	port_close(passed);
	port_close(a);
	port_close(b);
}

/* As a stranger may: `count` descriptors in `parts` pieces. */
static void
send_many(int fd, const char *text, size_t n, int count)
{
	struct iovec v = { (char *)(uintptr_t)text, n };
	_Alignas(struct cmsghdr) char beside[CMSG_SPACE(16 * sizeof(int))];
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = beside,
		.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	memset(beside, 0, sizeof beside);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	for (int i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int),
			&(int){ 1 }, sizeof(int));
	assert_int_equal(sendmsg(fd, &m, 0), (ssize_t)n);
}

static void
more_descriptors_than_one_are_closed(void **state)
{
	char text[8];
	int a, b, passed;
	unsigned before;
	size_t n;

	(void)state;
	pair(&a, &b);
	before = open_descriptors();
	for (int count = 1; count <= 16; count *= 2) {
		send_many(a, "text", 4, count);
		assert_int_equal(port_recv(b, text, sizeof text, SOON, &n,
			&passed), RC_OK);
		assert_true(passed >= 0);
		assert_int_equal(open_descriptors(), before + 1);
		port_close(passed);
	}
	port_close(a);
	port_close(b);
}

static void
a_long_message_is_a_broken_one(void **state)
{
	char text[4];
	int a, b, passed;
	unsigned before;
	size_t n;

	(void)state;
	pair(&a, &b);
	before = open_descriptors();
	send_many(a, "abcde", 5, 1);
	assert_int_equal(port_send(a, SPAN("next"), -1, SOON), RC_OK);
	assert_int_equal(port_recv(b, text, sizeof text, SOON, &n, &passed),
		RC_WIRE);
	assert_int_equal(passed, -1);
	assert_int_equal(open_descriptors(), before);
	assert_gets(b, "next");
	port_close(a);
	port_close(b);
}

static void
an_end_is_told_after_the_last_message(void **state)
{
	char text[8];
	int a, b, passed;
	size_t n;

	(void)state;
	pair(&a, &b);
	assert_int_equal(port_send(a, SPAN("last"), -1, SOON), RC_OK);
	/* Not read by a: the system says reset before it says "last". */
	assert_int_equal(port_send(b, SPAN("unread"), -1, SOON), RC_OK);
	port_close(a);
	assert_gets(b, "last");
	assert_int_equal(port_recv(b, text, sizeof text, SOON, &n, &passed),
		RC_GONE);
	assert_true(port_error_is_end());
	assert_int_equal(passed, -1);
	assert_int_equal(port_send(b, SPAN("x"), -1, SOON), RC_GONE);
	assert_string_equal(port_error(), "Broken pipe");
	port_close(b);
}

static void
no_message_is_a_matter_of_time(void **state)
{
	char text[8];
	int a, b, passed;
	size_t n, sent = 0;

	(void)state;
	pair(&a, &b);
	assert_int_equal(port_recv(b, text, sizeof text, BRIEFLY, &n, &passed),
		RC_TIME);
	assert_int_equal(passed, -1);
	assert_int_equal(port_send(a, SPAN("there"), -1, SOON), RC_OK);
	assert_int_equal(port_recv(b, text, sizeof text, 0, &n, &passed),
		RC_OK);
	while (sent < 100000 &&
	    port_send(a, SPAN("again"), -1, 0) == RC_OK)
		sent++;
	assert_true(sent > 0 && sent < 100000);
	assert_int_equal(port_send(a, SPAN("again"), -1, BRIEFLY), RC_TIME);
	while (sent-- > 0)
		assert_gets(b, "again");
	assert_int_equal(port_send(a, SPAN("room"), -1, SOON), RC_OK);
	assert_gets(b, "room");
	port_close(a);
	port_close(b);
}

static void
callers_are_known(void **state)
{
	const char *path = in_folder("socket");
	uint32_t uid = 12345;
	int listener, ours, theirs;
	struct stat s;

	(void)state;
	write_file(path, "in the way");
	assert_int_equal(port_listen(path, 0622, &listener), RC_OK);
	assert_int_equal(stat(path, &s), 0);
	assert_true(S_ISSOCK(s.st_mode));
	assert_int_equal(s.st_mode & 0777, 0622);
	assert_int_equal(port_accept(listener, &theirs, &uid), RC_NONE);
	assert_int_equal(port_call(path, SOON, &ours), RC_OK);
	assert_true(port_readable(listener));
	assert_int_equal(port_accept(listener, &theirs, &uid), RC_OK);
	assert_int_equal(uid, geteuid());
	assert_int_equal(port_send(ours, SPAN("hello"), -1, SOON), RC_OK);
	assert_gets(theirs, "hello");
	port_close(ours);
	port_close(theirs);
	port_close(listener);
}

static void
a_name_without_a_listener_is_none(void **state)
{
	const char *path = in_folder("old");
	char text[200];
	int fd;

	(void)state;
	assert_int_equal(port_call(path, SOON, &fd), RC_NONE);
	assert_int_equal(port_listen(path, 0600, &fd), RC_OK);
	port_close(fd);
	assert_int_equal(port_call(path, SOON, &fd), RC_NONE);
	assert_int_equal(port_listen(path, 0600, &fd), RC_OK);
	port_close(fd);
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	assert_int_equal(port_listen(text, 0600, &fd), RC_OS);
	assert_string_equal(port_error(), "File name too long");
	assert_int_equal(port_call(text, SOON, &fd), RC_OS);
	assert_string_equal(port_error(), "File name too long");
	assert_int_equal(port_listen(in_folder("no/socket"), 0600, &fd),
		RC_OS);
}

static void
a_call_that_nobody_takes_has_an_end(void **state)
{
	const char *path = in_folder("busy");
	int fds[200], listener, n = 0;
	enum rc rc = RC_OK;

	(void)state;
	assert_int_equal(port_listen(path, 0600, &listener), RC_OK);
	while (n < 200 && rc == RC_OK) {
		rc = port_call(path, BRIEFLY, &fds[n]);
		n += rc == RC_OK;
	}
	assert_int_equal(rc, RC_TIME);
	while (n > 0)
		port_close(fds[--n]);
	port_close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_stay_apart_and_in_order),
		cmocka_unit_test(what_is_no_message_is_not_sent),
		cmocka_unit_test(a_descriptor_goes_with_a_message),
		cmocka_unit_test(more_descriptors_than_one_are_closed),
		cmocka_unit_test(a_long_message_is_a_broken_one),
		cmocka_unit_test(an_end_is_told_after_the_last_message),
		cmocka_unit_test(no_message_is_a_matter_of_time),
		cmocka_unit_test(callers_are_known),
		cmocka_unit_test(a_name_without_a_listener_is_none),
		cmocka_unit_test(a_call_that_nobody_takes_has_an_end),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
