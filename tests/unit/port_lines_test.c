/*
 * port_lines_test.c - system files by lines, and what is looked up in them.
 *
 * Services, users and addresses are compared with what glibc says of the same
 * machine.
 */
#include <ifaddrs.h>
#include <netdb.h>
#include <pwd.h>

#include "../../port/port_int.h"
#include "port_test_int.h"

#define port_service	tested_service
enum rc tested_service(const char *, uint16_t *);
#include "../../port/port_service.c"
#undef port_service

/* The lines of in_folder("l"), each in brackets. */
static void
assert_lines(const char *expected)
{
	char text[2048];
	struct buf b = BUF(text);
	struct lines l;
	struct span line;

	assert_int_equal(lines_open(&l, in_folder("l")), RC_OK);
	while (lines_next(&l, &line))
		buf_fmt(&b, "[%.*s]", SPAN_ARG(line));
	assert_int_equal(l.fd, -1);
	assert_false(lines_next(&l, &line));
	assert_string_equal(buf_text(&b), expected);
}

static void
lines_come_one_by_one(void **state)
{
	struct lines l;

	(void)state;
	write_file(in_folder("l"), "one\n\ntwo words\nno end");
	assert_lines("[one][][two words][no end]");
	write_file(in_folder("l"), "");
	assert_lines("");
	write_file(in_folder("l"), "\n");
	assert_lines("[]");
	assert_int_equal(lines_open(&l, in_folder("none")), RC_NONE);
}

/* n octets of x between two short lines. */
static void
write_long(size_t n, const char *end)
{
	char text[5000];

	memset(text, 'x', n);
	strcpy(text + n, end);
	memcpy(text, "a\n", 2);
	write_file(in_folder("l"), text);
}

static void
too_long_lines_are_left_out_whole(void **state)
{
	(void)state;
	for (size_t n = 1027; n < 4200; n += 7) {
		write_long(n, "\nb\n");
		assert_lines("[a][b]");
		write_long(n, "\nb");
		assert_lines("[a][b]");
		write_long(n, "");
		assert_lines("[a]");
	}
}

static void
a_line_across_two_reads_is_whole(void **state)
{
	char text[1100], expected[1110];

	(void)state;
	for (size_t n = 1000; n < 1024; n++) {
		memset(text, 'x', n);
		strcpy(text + n, "\ntail\n");
		snprintf(expected, sizeof expected, "[%.*s][tail]", (int)n,
			text);
		write_file(in_folder("l"), text);
		assert_lines(expected);
	}
}

static void
services_are_those_of_the_file(void **state)
{
	struct servent *s;
	uint16_t port;
	int n = 0;

	(void)state;
	setservent(1);
	while ((s = getservent()) != NULL) {
		struct servent *first;
		unsigned wanted;

		if (strcmp(s->s_proto, "tcp") != 0)
			continue;
		wanted = ntohs((uint16_t)s->s_port);
		for (char **alias = s->s_aliases; *alias != NULL; alias++) {
			assert_int_equal(port_service(*alias, &port), RC_OK);
			n++;
		}
		assert_int_equal(port_service(s->s_name, &port), RC_OK);
		first = NULL;
		if (port != wanted)	/* the name is there twice */
			first = getservbyname(s->s_name, "tcp");
		assert_true(port == wanted || (first != NULL &&
			port == ntohs((uint16_t)first->s_port)));
	}
	endservent();
	assert_int_equal(port_service("no-such-service", &port), RC_NONE);
	assert_int_equal(port_service("", &port), RC_NONE);
}

static void
mail_has_its_ports_without_a_file(void **state)
{
	uint16_t port = 0;

	(void)state;
	assert_int_equal(port_service("smtp", &port), RC_OK);
	assert_int_equal(port, 25);
	assert_int_equal(port_service("lmtp", &port), RC_OK);
	assert_int_equal(port, 24);
	assert_int_equal(port_service("submission", &port), RC_OK);
	assert_int_equal(port, 587);
	assert_int_equal(port_service("submissions", &port), RC_OK);
	assert_int_equal(port, 465);
}

static void
lines_of_services_are_understood(void **state)
{
	uint16_t port = 0;

	(void)state;
	write_file(in_folder("l"),
		"# smtp 1/tcp\n"
		"smtp 2/udp\n"
		"smtp\n"
		"smtp 65536/tcp\n"
		"smtp x/tcp\n"
		"smtp 3/tcpmux\n"
		"mail\t\t 4/tcp\tpost  smtp # a comment\n"
		"smtp 5/tcp\n"
		"last 6/tcp # other");
	assert_int_equal(find_in_file(in_folder("l"), SPAN("smtp"), &port),
		RC_OK);
	assert_int_equal(port, 4);
	assert_int_equal(find_in_file(in_folder("l"), SPAN("post"), &port),
		RC_OK);
	assert_int_equal(port, 4);
	assert_int_equal(find_in_file(in_folder("l"), SPAN("last"), &port),
		RC_OK);
	assert_int_equal(port, 6);
	assert_int_equal(find_in_file(in_folder("l"), SPAN("other"), &port),
		RC_NONE);
	assert_int_equal(find_in_file(in_folder("l"), SPAN("SMTP"), &port),
		RC_NONE);
}

static void
the_user_is_who_calls(void **state)
{
	char name[256], full[256], digits[16];
	struct buf n = BUF(name), f = BUF(full);
	struct passwd *p = getpwuid(getuid());

	(void)state;
	port_user(&n);
	port_user_full(&f);
	snprintf(digits, sizeof digits, "%u", (unsigned)getuid());
	if (p == NULL) {
		assert_string_equal(buf_text(&n),
			getuid() == 0 ? "root" : digits);
		assert_int_equal(f.n, 0);
	} else {
		size_t wanted = strcspn(p->pw_gecos, ",");

		assert_string_equal(buf_text(&n), p->pw_name);
		if (strchr(p->pw_gecos, '&') == NULL) {
			assert_int_equal(f.n, wanted);
			assert_memory_equal(f.p, p->pw_gecos, wanted);
		}
	}
}

static bool
is_among(const struct ip *a, const struct ip *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ip_eq(a, &list[i]) && a->scope == list[i].scope)
			return true;
	return false;
}

/* An address of the system's list as ours; IP_NONE for other families. */
static struct ip
ip_of(const struct sockaddr *sa)
{
	struct ip a = { .family = IP_NONE };

	if (sa != NULL && sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		a.family = IP_V4;
		memcpy(a.b, &in.sin_addr, 4);
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		a.family = IP_V6;
		memcpy(a.b, &in6.sin6_addr, 16);
		a.scope = in6.sin6_scope_id;
	}
	return a;
}

static void
our_addresses_are_those_of_the_system(void **state)
{
	struct ip ours[64];
	size_t n = port_own_addresses(ours, COUNT(ours)), seen = 0;
	struct ifaddrs *all, *one;
	struct ip local = loopback(0).ip;

	(void)state;
	assert_true(n <= COUNT(ours));
	assert_true(is_among(&local, ours, n));
	assert_int_equal(getifaddrs(&all), 0);
	for (one = all; one != NULL; one = one->ifa_next) {
		struct ip a = ip_of(one->ifa_addr);

		if (a.family == IP_NONE)
			continue;
		assert_true(is_among(&a, ours, n));
		seen++;
	}
	freeifaddrs(all);
	assert_int_equal(n, seen);
	assert_int_equal(port_own_addresses(ours, 0), n);
}

static void
families_are_there_or_not(void **state)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)state;
	assert_true(port_has_family(IP_V4));
	assert_int_equal(port_has_family(IP_V6), fd >= 0);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_by_one),
		cmocka_unit_test(too_long_lines_are_left_out_whole),
		cmocka_unit_test(a_line_across_two_reads_is_whole),
		cmocka_unit_test(services_are_those_of_the_file),
		cmocka_unit_test(mail_has_its_ports_without_a_file),
		cmocka_unit_test(lines_of_services_are_understood),
		cmocka_unit_test(the_user_is_who_calls),
		cmocka_unit_test(our_addresses_are_those_of_the_system),
		cmocka_unit_test(families_are_there_or_not),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
