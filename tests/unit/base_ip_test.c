/*
 * base_ip_test.c - IP addresses as text and back, beside the libc's.
 */
#include <arpa/inet.h>
#include <string.h>

#include "../sim/sim.h"
#include "base.h"

static void
check_ip(const char *in, const char *expected)
{
	char room[IP_TEXT_MAX];
	struct buf b = BUF(room);
	struct ip a;

	assert_true(ip_parse(span_of(in), &a));
	ip_put(&b, &a);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), expected);
}

SIM_TEST(ipv4_is_four_plain_numbers)
{
	struct ip a;

	check_ip("0.0.0.0", "0.0.0.0");
	check_ip("127.0.0.1", "127.0.0.1");
	check_ip("255.255.255.255", "255.255.255.255");
	assert_true(ip_parse(SPAN("192.0.2.7"), &a));
	assert_int_equal(a.family, IP_V4);
	assert_memory_equal(a.b, "\xc0\x00\x02\x07", 4);
}

/* RFC 5952, section 4, and what it recommends in 5. */
SIM_TEST(ipv6_is_written_in_its_short_form)
{
	check_ip("::", "::");
	check_ip("::1", "::1");
	check_ip("1::", "1::");
	check_ip("2001:0DB8:0:0:0:0:0:0001", "2001:db8::1");
	check_ip("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	check_ip("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	check_ip("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	check_ip("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
	check_ip("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
	check_ip("1:2:3:4:5:6::", "1:2:3:4:5:6::");
	check_ip("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0");
	check_ip("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8");
	check_ip("::ffff:192.0.2.1", "::ffff:192.0.2.1");
	check_ip("::ffff:c000:201", "::ffff:192.0.2.1");
	check_ip("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
	check_ip("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304");
	check_ip("FE80::ABCD", "fe80::abcd");
}

SIM_TEST(link_local_addresses_have_a_scope)
{
	struct ip a;

	check_ip("fe80::1%3", "fe80::1%3");
	check_ip("febf::1%4294967295", "febf::1%4294967295");
	assert_true(ip_parse(SPAN("fe80::1%3"), &a));
	assert_int_equal(a.scope, 3);
	assert_false(ip_parse(SPAN("fe80::1%4294967296"), &a));
	assert_false(ip_parse(SPAN("fe80::1%eth0"), &a));
	assert_false(ip_parse(SPAN("fe80::1%"), &a));
	assert_false(ip_parse(SPAN("2001:db8::1%3"), &a));
	assert_false(ip_parse(SPAN("127.0.0.1%3"), &a));
}

SIM_TEST(malformed_addresses_are_refused)
{
	static const char *const bad[] = { "", ".", "1", "1.2.3", "1.2.3.4.5",
		"1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "1.2.3.256",
		"01.2.3.4", "1.2.3.04", "1.2.3.0x4", "1.2.3.4 ", " 1.2.3.4",
		"-1.2.3.4", "1.2.3.1000", ":", ":::", "1", "1:2", ":1",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:8:9",
		":1:2:3:4:5:6:7", "1::2::3", "1:::2", "12345::", "g::", "::g",
		"::1 ", "[::1]", "1:2:3:4:5:6:7::8", "::1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.256", "1.2.3.4::",
		"::1.2.3.4:5", "1:2:3:4:5:1.2.3.4", "::1%1%1" };
	struct ip a = { .family = 99 };

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(ip_parse(span_of(bad[i]), &a));
	assert_false(ip_parse(SPAN("1.2.3.4\0"), &a));
	assert_int_equal(a.family, 99);
}

/* Whatever is random gives the libc's octets, and its text gives ours. */
SIM_TEST(random_ipv6_is_read_as_the_libc_reads_it)
{
	static const char digits[] = "0:1f:.:2";
	char text[30], room[IP_TEXT_MAX];
	unsigned char theirs[16];
	unsigned agreed = 0;

	for (unsigned round = 0; round < 200000; round++) {
		size_t n = 2 + sim_random(sizeof(text) - 3);
		struct buf b = BUF(room);
		struct ip a, back;
		bool ok;

		for (size_t i = 0; i < n; i++)
			text[i] = digits[sim_random(sizeof(digits) - 1)];
		text[n] = '\0';
		ok = ip_parse((struct span){ text, n }, &a);
		if (strchr(text, ':') == NULL)
			continue;
		assert_int_equal(ok, inet_pton(AF_INET6, text, theirs) == 1);
		if (!ok)
			continue;
		agreed++;
		assert_memory_equal(a.b, theirs, 16);
		ip_put(&b, &a);
		assert_true(ip_parse(buf_span(&b), &back));
		assert_true(ip_eq(&a, &back));
		assert_int_equal(inet_pton(AF_INET6, buf_text(&b), theirs),
		    1);
		assert_memory_equal(a.b, theirs, 16);
	}
	assert_true(agreed > 100);
}

static struct ip
ip_of(const char *text)
{
	struct ip a = { .family = IP_NONE };

	assert_true(*text == '\0' || ip_parse(span_of(text), &a));
	return a;
}

static bool
same(const char *a, const char *b)
{
	struct ip x = ip_of(a), y = ip_of(b);

	memset(x.b + (x.family == IP_V4 ? 4 : 16), 0xaa,
	    x.family == IP_V4 ? 12 : 0);	/* IPv4 uses four only */
	return ip_eq(&x, &y);
}

SIM_TEST(addresses_are_compared_within_their_family)
{
	assert_true(same("192.0.2.1", "192.0.2.1"));
	assert_false(same("192.0.2.1", "192.0.2.2"));
	assert_true(same("::1", "0::1"));
	assert_false(same("::1", "::2"));
	assert_false(same("192.0.2.1", "::ffff:192.0.2.1"));
	assert_false(same("fe80::1%1", "fe80::1%2"));
	assert_true(same("fe80::1%2", "fe80::1%2"));
	assert_true(same("", ""));
	assert_false(same("", "::"));
}

SIM_TEST(loopback_and_any_are_known)
{
	struct ip a;

	a = ip_of("127.255.0.9");
	assert_true(ip_is_loopback(&a));
	assert_false(ip_is_any(&a));
	a = ip_of("128.0.0.1");
	assert_false(ip_is_loopback(&a));
	a = ip_of("::1");
	assert_true(ip_is_loopback(&a));
	a = ip_of("::2");
	assert_false(ip_is_loopback(&a));
	a = ip_of("0.0.0.0");
	assert_true(ip_is_any(&a));
	a = ip_of("0.0.0.1");
	assert_false(ip_is_any(&a));
	a = ip_of("::");
	assert_true(ip_is_any(&a));
	a = ip_of("::1:0");
	assert_false(ip_is_any(&a));
	a = ip_of("");
	assert_false(ip_is_any(&a));
	assert_false(ip_is_loopback(&a));
}

SIM_TEST(address_without_family_has_no_text)
{
	char room[IP_TEXT_MAX];
	struct buf b = BUF(room);
	struct ip a = ip_of("");

	ip_put(&b, &a);
	assert_int_equal(b.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(ipv4_is_four_plain_numbers),
		SIM_RUN(ipv6_is_written_in_its_short_form),
		SIM_RUN(link_local_addresses_have_a_scope),
		SIM_RUN(malformed_addresses_are_refused),
		SIM_RUN(random_ipv6_is_read_as_the_libc_reads_it),
		SIM_RUN(addresses_are_compared_within_their_family),
		SIM_RUN(loopback_and_any_are_known),
		SIM_RUN(address_without_family_has_no_text),
	};
	return sim_main(tests, COUNT(tests));
}
