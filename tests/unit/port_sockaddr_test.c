/*
 * port_sockaddr_test.c - addresses as the system takes them.
 */
#include "port_test_int.h"
#include "../../port/port_int.h"

static void
ipv4_has_address_and_port(void **state)
{
	static const unsigned char octets[] = { 192, 0, 2, 1 };
	struct port_addr a = { .port = 587 };
	struct sockaddr_storage sa;
	const struct sockaddr_in *in = (const void *)&sa;

	(void)state;
	assert_true(ip_parse(SPAN("192.0.2.1"), &a.ip));
	assert_int_equal(port_sockaddr(&a, &sa), sizeof(*in));
	assert_int_equal(in->sin_family, AF_INET);
	assert_int_equal(ntohs(in->sin_port), 587);
	assert_memory_equal(&in->sin_addr, octets, 4);
}

/* The interface is part of a link-local address: RFC 4007, section 6. */
static void
ipv6_has_its_interface_as_well(void **state)
{
	struct port_addr a = { .port = 25 };
	struct sockaddr_storage sa;
	const struct sockaddr_in6 *in6 = (const void *)&sa;

	(void)state;
	assert_true(ip_parse(SPAN("fe80::1"), &a.ip));
	a.ip.scope = 7;
	assert_int_equal(port_sockaddr(&a, &sa), sizeof(*in6));
	assert_int_equal(in6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(in6->sin6_port), 25);
	assert_int_equal(in6->sin6_scope_id, 7);
	assert_memory_equal(&in6->sin6_addr, a.ip.b, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_has_address_and_port),
		cmocka_unit_test(ipv6_has_its_interface_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
