/*
 * port_link_test.c - ways out of the machine come and go, in a network
 * namespace of the test's own.
 *
 * port_link.c is built in once more, so that messages cut short can be tried.
 */
#include <sched.h>

#include "port_test_int.h"

#define port_links	tested_links
#define port_link_came	tested_link_came
#define port_has_route	tested_has_route
enum rc tested_links(int *);
bool tested_link_came(int);
bool tested_has_route(void);
#include "../../port/port_link.c"

/* Are there namespaces, and may we? */
static bool is_apart;

static void
do_ip(const char *arguments)
{
	char command[200];

	snprintf(command, sizeof command, "ip %s", arguments);
	assert_int_equal(system(command), 0);
}

/* All there is to be read, in a moment: events are there when ip has ended. */
static bool
came(int fd)
{
	bool is = tested_link_came(fd);

	assert_false(port_readable(fd));
	return is;
}

/* In a moment: a new IPv6 address is not usable in the same instant. */
static bool
comes(int fd)
{
	ms_t until = SOON;
	bool is = false;

	while (!is && port_now() < until) {
		struct port_watch w = { .fd = fd };

		assert_int_equal(port_wait(&w, 1, until), RC_OK);
		is = tested_link_came(fd);
	}
	return is;
}

/* A user of a namespace of his own is its root, and so are his programs. */
static bool
leave(void)
{
	char map[32];
	uid_t uid = getuid();

	if (uid == 0)
		return unshare(CLONE_NEWNET) == 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	snprintf(map, sizeof map, "0 %u 1", (unsigned)uid);
	write_file("/proc/self/uid_map", map);
	return true;
}

static int
set_up(void **state)
{
	(void)state;
	is_apart = leave();
	if (is_apart)
		is_apart = system("ip link set lo up && ip link add va type "
			"veth peer name vb && ip link set va up && "
			"ip link set vb up") == 0;
	return 0;
}

static void
a_default_route_comes_once(void **state)
{
	int fd;

	(void)state;
	if (!is_apart)
		skip();
	do_ip("addr add 192.0.2.1/24 dev va");
	assert_false(tested_has_route());
	assert_int_equal(tested_links(&fd), RC_OK);
	assert_false(came(fd));
	do_ip("route add default via 192.0.2.2");
	assert_true(port_readable(fd));
	assert_true(came(fd));
	assert_true(tested_has_route());
	/* A second one is nothing new, and one of two that goes is no end. */
	do_ip("route add default via 192.0.2.3 metric 10");
	assert_false(came(fd));
	do_ip("route del default via 192.0.2.2");
	assert_false(came(fd));
	assert_true(tested_has_route());
	do_ip("route del default via 192.0.2.3");
	assert_false(came(fd));
	assert_false(tested_has_route());
	do_ip("route add default via 192.0.2.2");
	assert_true(came(fd));
	do_ip("addr flush dev va scope global");
	assert_false(came(fd));
	port_close(fd);
}

static void
what_is_there_at_first_has_not_come(void **state)
{
	int fd;

	(void)state;
	if (!is_apart)
		skip();
	do_ip("addr add 192.0.2.1/24 dev va");
	do_ip("route add default via 192.0.2.2");
	assert_int_equal(tested_links(&fd), RC_OK);
	do_ip("route add default via 192.0.2.3 metric 10");
	do_ip("addr add 192.0.2.9/24 dev vb");
	assert_false(came(fd));
	do_ip("addr flush dev va scope global");
	do_ip("addr flush dev vb scope global");
	assert_false(came(fd));
	port_close(fd);
}

static void
a_global_address_comes_others_do_not(void **state)
{
	int fd;

	(void)state;
	if (!is_apart)
		skip();
	assert_int_equal(tested_links(&fd), RC_OK);
	do_ip("addr add 169.254.1.1/16 dev va scope link");
	do_ip("addr add 127.0.0.2/8 dev lo scope host");
	assert_false(came(fd));
	do_ip("addr add 192.0.2.1/24 dev va");
	assert_true(came(fd));
	do_ip("addr add 198.51.100.1/24 dev va");
	assert_false(came(fd));
	do_ip("-6 addr add 2001:db8::1/64 dev va nodad");
	assert_true(comes(fd));
	do_ip("-6 route add default via 2001:db8::2");
	assert_true(comes(fd));
	assert_true(tested_has_route());
	do_ip("-6 route del default");
	do_ip("addr del 169.254.1.1/16 dev va");
	do_ip("addr flush dev va scope global");
	assert_false(came(fd));
	assert_false(tested_has_route());
	port_close(fd);
}

static void
routes_that_say_no_or_lead_elsewhere_are_no_way_out(void **state)
{
	int fd;

	(void)state;
	if (!is_apart)
		skip();
	do_ip("addr add 192.0.2.1/24 dev va");
	assert_int_equal(tested_links(&fd), RC_OK);
	do_ip("route add unreachable default");
	do_ip("-6 route add blackhole default");
	do_ip("route add 198.51.100.0/24 via 192.0.2.2");
	assert_false(came(fd));
	assert_false(tested_has_route());
	do_ip("route del unreachable default");
	do_ip("-6 route del blackhole default");
	do_ip("addr flush dev va scope global");
	assert_false(came(fd));
	port_close(fd);
}

static void
lost_events_mean_to_look_again(void **state)
{
	int fd, least = 1;

	(void)state;
	if (!is_apart)
		skip();
	do_ip("addr add 192.0.2.1/24 dev va");
	assert_int_equal(tested_links(&fd), RC_OK);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least,
		sizeof least), 0);
	/* These fill it and are of no interest, so the route's is lost. */
	do_ip("route add 198.51.100.0/24 via 192.0.2.2");
	assert_int_equal(system("for i in $(seq 50); do echo route add "
		"203.0.113.$i/32 via 192.0.2.2; done | ip -batch -"), 0);
	do_ip("route add default via 192.0.2.2");
	assert_true(came(fd));
	do_ip("addr flush dev va scope global");
	came(fd);
	port_close(fd);
}

/* The sanitizer watches: nothing beyond the cut is looked at. */
static void
cut_messages_are_nothing(void **state)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg m;
	} route = { .h = { .nlmsg_type = RTM_NEWROUTE },
		.m = { .rtm_type = RTN_UNICAST } };
	bool is_found, is_changed;

	(void)state;
	for (uint32_t n = sizeof route.h; n <= sizeof route; n++) {
		char *copy = malloc(n);

		route.h.nlmsg_len = n;
		memcpy(copy, &route, n);
		is_found = is_changed = false;
		port_netlink_part(copy, n, find, &is_found);
		assert_int_equal(is_found, n == sizeof route);
		port_netlink_part(copy, n, notice, &is_changed);
		assert_int_equal(is_changed, n == sizeof route);
		free(copy);
	}
}

static void
an_address_on_trial_is_none_yet(void **state)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
	} address = { .h = { .nlmsg_type = RTM_NEWADDR,
		.nlmsg_len = sizeof address } };
	bool is_found = false;

	(void)state;
	address.m.ifa_flags = IFA_F_TENTATIVE;
	port_netlink_part(&address, sizeof address, find, &is_found);
	assert_false(is_found);
	address.m.ifa_flags = IFA_F_PERMANENT;
	port_netlink_part(&address, sizeof address, find, &is_found);
	assert_true(is_found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_default_route_comes_once),
		cmocka_unit_test(what_is_there_at_first_has_not_come),
		cmocka_unit_test(a_global_address_comes_others_do_not),
		cmocka_unit_test(
		    routes_that_say_no_or_lead_elsewhere_are_no_way_out),
		cmocka_unit_test(lost_events_mean_to_look_again),
		cmocka_unit_test(cut_messages_are_nothing),
		cmocka_unit_test(an_address_on_trial_is_none_yet),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
