/*
 * port_udp_test.c - datagrams over loopback.
 */
#include "port_test_int.h"

static void
send_to(int from, int fd, const char *text)
{
	struct sockaddr_in in;
	socklen_t n = sizeof in;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	assert_int_equal(sendto(from, text, strlen(text), 0,
		(struct sockaddr *)&in, n), strlen(text));
}

static void
question_and_answer(void **state)
{
	struct port_addr at;
	int server = bound(SOCK_DGRAM, &at);
	char text[16];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(port_udp(&at, &fd), RC_OK);
	assert_int_equal(port_udp_send(fd, SPAN("who?")), RC_OK);
	assert_int_equal(recv(server, text, sizeof text, 0), 4);
	send_to(server, fd, "me");
	assert_int_equal(port_udp_recv(fd, text, sizeof text, SOON, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_memory_equal(text, "me", 2);
	port_close(fd);
	close(server);
}

static void
other_senders_are_not_heard(void **state)
{
	struct port_addr at, elsewhere;
	int server = bound(SOCK_DGRAM, &at);
	int stranger = bound(SOCK_DGRAM, &elsewhere);
	char text[16];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(port_udp(&at, &fd), RC_OK);
	send_to(stranger, fd, "forged");
	send_to(server, fd, "true");
	assert_int_equal(port_udp_recv(fd, text, sizeof text, SOON, &n), RC_OK);
	assert_int_equal(n, 4);
	assert_int_equal(port_udp_recv(fd, text, 16, BRIEFLY, &n), RC_TIME);
	port_close(fd);
	close(server);
	close(stranger);
}

static void
a_long_datagram_is_cut(void **state)
{
	struct port_addr at;
	int server = bound(SOCK_DGRAM, &at);
	char text[4];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(port_udp(&at, &fd), RC_OK);
	send_to(server, fd, "0123456789");
	send_to(server, fd, "next");
	assert_int_equal(port_udp_recv(fd, text, 4, SOON, &n), RC_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(text, "0123", 4);
	assert_int_equal(port_udp_recv(fd, text, 4, SOON, &n), RC_OK);
	assert_memory_equal(text, "next", 4);
	port_close(fd);
	close(server);
}

static void
an_empty_datagram_is_one(void **state)
{
	struct port_addr at;
	int server = bound(SOCK_DGRAM, &at);
	char text[4];
	size_t n = 9;
	int fd;

	(void)state;
	assert_int_equal(port_udp(&at, &fd), RC_OK);
	send_to(server, fd, "");
	assert_int_equal(port_udp_recv(fd, text, 4, SOON, &n), RC_OK);
	assert_int_equal(n, 0);
	port_close(fd);
	close(server);
}

static void
a_closed_port_is_told(void **state)
{
	struct port_addr at;
	int server = bound(SOCK_DGRAM, &at);
	char text[4];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(port_udp(&at, &fd), RC_OK);
	close(server);
	assert_int_equal(port_udp_send(fd, SPAN("who?")), RC_OK);
	assert_int_equal(port_udp_recv(fd, text, 4, SOON, &n), RC_GONE);
	assert_string_equal(port_error(), "Connection refused");
	port_close(fd);
}

static void
nothing_is_received_after_the_deadline(void **state)
{
	struct port_addr at;
	int server = bound(SOCK_DGRAM, &at);
	char text[4];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(port_udp(&at, &fd), RC_OK);
	send_to(server, fd, "late");
	assert_int_equal(port_udp_recv(fd, text, 4, port_now(), &n), RC_TIME);
	assert_int_equal(port_udp_recv(fd, text, 4, SOON, &n), RC_OK);
	port_close(fd);
	close(server);
}

static void
ports_of_questions_differ(void **state)
{
	struct port_addr at;
	int server = bound(SOCK_DGRAM, &at);
	unsigned seen[8];
	int fds[8];

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++) {
		struct sockaddr_in in;
		socklen_t n = sizeof in;

		assert_int_equal(port_udp(&at, &fds[i]), RC_OK);
		getsockname(fds[i], (struct sockaddr *)&in, &n);
		seen[i] = ntohs(in.sin_port);
		assert_int_not_equal(seen[i], 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
	for (size_t i = 0; i < COUNT(fds); i++)
		port_close(fds[i]);
	close(server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_and_answer),
		cmocka_unit_test(other_senders_are_not_heard),
		cmocka_unit_test(a_long_datagram_is_cut),
		cmocka_unit_test(an_empty_datagram_is_one),
		cmocka_unit_test(a_closed_port_is_told),
		cmocka_unit_test(nothing_is_received_after_the_deadline),
		cmocka_unit_test(ports_of_questions_differ),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
