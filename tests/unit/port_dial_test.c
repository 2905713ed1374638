/*
 * port_dial_test.c - opening streams over loopback and in the file system.
 */
#include <netinet/tcp.h>

#include "port_test_int.h"

static int
int_option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof value;

	assert_int_equal(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

static void
a_listener_is_reached(void **state)
{
	struct port_addr at;
	int server = listening(1, &at);
	int fd = -1;

	(void)state;
	assert_int_equal(port_dial(&at, NULL, 0, SOON, &fd), RC_OK);
	assert_true(fd > 2);
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(int_option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	port_close(fd);
	close(server);
}

static void
an_ipv6_listener_is_reached(void **state)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct port_addr at = { .ip = { .family = IP_V6 } };
	socklen_t n = sizeof in6;
	int server, fd = -1;

	(void)state;
	if (!port_has_family(IP_V6))
		skip();
	server = socket(AF_INET6, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&in6, n) != 0)
		skip();		/* the loopback link has no ::1 */
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&in6, &n), 0);
	at.ip.b[15] = 1;
	at.port = ntohs(in6.sin6_port);
	assert_int_equal(port_dial(&at, NULL, 0, SOON, &fd), RC_OK);
	port_close(fd);
	close(server);
}

static void
a_closed_port_refuses(void **state)
{
	struct port_addr at;
	int keeper = closed_port(&at);
	int fd = -1;

	(void)state;
	assert_int_equal(port_dial(&at, NULL, 0, SOON, &fd), RC_OS);
	assert_string_equal(port_error(), "Connection refused");
	assert_false(port_error_is_network());
	assert_int_equal(fd, -1);
	close(keeper);
}

static void
a_silent_host_meets_the_deadline(void **state)
{
	struct port_addr at;
	int server = listening(0, &at);
	int fds[8];
	size_t n = 0;
	enum rc rc = RC_OK;

	(void)state;
	/* Who finds the backlog full is not answered at all. */
	while (n < COUNT(fds) && rc == RC_OK) {
		rc = port_dial(&at, NULL, 0, BRIEFLY, &fds[n]);
		n += rc == RC_OK;
	}
	assert_int_equal(rc, RC_TIME);
	assert_string_equal(port_error(), "Connection timed out");
	while (n > 0)
		port_close(fds[--n]);
	close(server);
}

static void
the_local_address_is_taken(void **state)
{
	struct port_addr at;
	struct sockaddr_in peer;
	socklen_t size = sizeof peer;
	int server = listening(1, &at);
	struct ip from = loopback(0).ip;
	int fd, theirs;

	(void)state;
	from.b[3] = 77;
	assert_int_equal(port_dial(&at, &from, 0, SOON, &fd), RC_OK);
	theirs = accept(server, (struct sockaddr *)&peer, &size);
	assert_int_equal(ntohl(peer.sin_addr.s_addr), 0x7f00004d);
	port_close(fd);
	close(theirs);
	close(server);
}

static void
a_foreign_local_address_is_denied(void **state)
{
	struct port_addr at;
	int server = listening(1, &at);
	struct ip from = { .family = IP_V4, .b = { 192, 0, 2, 200 } };
	int fd;

	(void)state;
	assert_int_equal(port_dial(&at, &from, 0, SOON, &fd), RC_DENY);
	assert_string_equal(port_error(), "Cannot assign requested address");
	close(server);
}

static void
the_any_address_leaves_the_choice(void **state)
{
	struct port_addr at;
	int server = listening(2, &at);
	struct ip any = { .family = IP_V4 }, none = { .family = IP_NONE };
	int fd;

	(void)state;
	assert_int_equal(port_dial(&at, &any, 0, SOON, &fd), RC_OK);
	port_close(fd);
	assert_int_equal(port_dial(&at, &none, 0, SOON, &fd), RC_OK);
	port_close(fd);
	close(server);
}

static void
the_window_is_set(void **state)
{
	struct port_addr at;
	int server = listening(1, &at);
	int fd;

	(void)state;
	assert_int_equal(port_dial(&at, NULL, 20000, SOON, &fd), RC_OK);
	/* Linux doubles it, for its own heads. */
	assert_int_equal(int_option(fd, SOL_SOCKET, SO_SNDBUF), 40000);
	assert_int_equal(int_option(fd, SOL_SOCKET, SO_RCVBUF), 40000);
	port_close(fd);
	close(server);
}

static int
listening_unix(const char *path, int backlog)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(strlen(path) < sizeof un.sun_path);
	strcpy(un.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
a_unix_listener_is_reached(void **state)
{
	int server = listening_unix(in_folder("stream"), 1);
	char octet;
	size_t n;
	int fd, theirs;

	(void)state;
	assert_int_equal(port_dial_unix(in_folder("stream"), SOON, &fd), RC_OK);
	theirs = accept(server, NULL, NULL);
	assert_int_equal(write(theirs, "x", 1), 1);
	assert_int_equal(port_read(fd, &octet, 1, SOON, &n), RC_OK);
	assert_int_equal(octet, 'x');
	port_close(fd);
	close(theirs);
	close(server);
}

static void
a_full_unix_backlog_meets_the_deadline(void **state)
{
	int server = listening_unix(in_folder("full"), 0);
	int fds[8];
	size_t n = 0;
	enum rc rc = RC_OK;

	(void)state;
	while (n < COUNT(fds) && rc == RC_OK) {
		rc = port_dial_unix(in_folder("full"), BRIEFLY, &fds[n]);
		n += rc == RC_OK;
	}
	assert_int_equal(rc, RC_TIME);
	while (n > 0)
		port_close(fds[--n]);
	close(server);
}

static void
a_missing_unix_socket_is_missing(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(port_dial_unix(in_folder("none"), SOON, &fd), RC_OS);
	assert_true(port_error_is_missing());
}

static void
a_path_of_108_octets_is_too_long(void **state)
{
	char path[109];
	int fd;

	(void)state;
	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[108] = '\0';
	assert_int_equal(port_dial_unix(path, SOON, &fd), RC_OS);
	assert_string_equal(port_error(), "File name too long");
	path[107] = '\0';
	assert_int_equal(port_dial_unix(path, SOON, &fd), RC_OS);
	assert_string_equal(port_error(), "No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_reached),
		cmocka_unit_test(an_ipv6_listener_is_reached),
		cmocka_unit_test(a_closed_port_refuses),
		cmocka_unit_test(a_silent_host_meets_the_deadline),
		cmocka_unit_test(the_local_address_is_taken),
		cmocka_unit_test(a_foreign_local_address_is_denied),
		cmocka_unit_test(the_any_address_leaves_the_choice),
		cmocka_unit_test(the_window_is_set),
		cmocka_unit_test(a_unix_listener_is_reached),
		cmocka_unit_test(a_full_unix_backlog_meets_the_deadline),
		cmocka_unit_test(a_missing_unix_socket_is_missing),
		cmocka_unit_test(a_path_of_108_octets_is_too_long),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
