/*
 * dns_conf_test.c - what resolv.conf may say.
 */
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

static struct dns_conf conf;

static void
parse(const char *text)
{
	dns_conf_parse(&conf, span_of(text));
}

static void
assert_server(unsigned i, const char *ip)
{
	char text[IP_TEXT_MAX];
	struct buf b = BUF(text);

	assert_true(i < conf.servers);
	ip_put(&b, &conf.server[i].ip);
	assert_string_equal(buf_text(&b), ip);
	assert_int_equal(conf.server[i].port, 53);
}

SIM_TEST(nothing_said_means_a_server_on_this_machine)
{
	parse("");
	assert_int_equal(conf.servers, 1);
	assert_server(0, "127.0.0.1");
	assert_int_equal(conf.timeout, 5 * SECOND);
	assert_int_equal(conf.attempts, 2);
	assert_int_equal(conf.ndots, 1);
	assert_int_equal(conf.searches, 0);
	assert_false(conf.rotate || conf.trust_ad || conf.use_vc
	    || conf.no_edns);
}

SIM_TEST(servers_of_both_families_are_taken_in_order)
{
	parse("nameserver 192.0.2.1\nnameserver 2001:db8::1\n"
	    "nameserver\tfe80::1%3  \n");
	assert_int_equal(conf.servers, 3);
	assert_server(0, "192.0.2.1");
	assert_server(1, "2001:db8::1");
	assert_server(2, "fe80::1%3");
	assert_int_equal(conf.server[2].ip.scope, 3);
}

SIM_TEST(fourth_server_is_left_out)
{
	parse("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
	    "nameserver 192.0.2.3\nnameserver 192.0.2.4\n");
	assert_int_equal(conf.servers, 3);
	assert_server(2, "192.0.2.3");
}

SIM_TEST(server_that_is_no_address_is_left_out)
{
	parse("nameserver dns.example\nnameserver 192.0.2.300\nnameserver\n"
	    "nameserver 192.0.2.1 # home\n");
	assert_int_equal(conf.servers, 1);
	assert_server(0, "192.0.2.1");
}

SIM_TEST(options_are_read_wherever_they_stand)
{
	parse("options timeout:3 attempts:4\nnameserver 192.0.2.1\n"
	    "options ndots:2 rotate trust-ad use-vc\n");
	assert_int_equal(conf.timeout, 3 * SECOND);
	assert_int_equal(conf.attempts, 4);
	assert_int_equal(conf.ndots, 2);
	assert_true(conf.rotate && conf.trust_ad && conf.use_vc);
}

SIM_TEST(options_out_of_bounds_are_held_inside)
{
	parse("options timeout:0 attempts:0 ndots:99\n");
	assert_int_equal(conf.timeout, 1 * SECOND);
	assert_int_equal(conf.attempts, 1);
	assert_int_equal(conf.ndots, 15);
	parse("options timeout:99 attempts:99 ndots:0\n");
	assert_int_equal(conf.timeout, 30 * SECOND);
	assert_int_equal(conf.attempts, 5);
	assert_int_equal(conf.ndots, 0);
}

SIM_TEST(options_that_make_no_sense_change_nothing)
{
	parse("options timeout: timeout:x timeout:-1 attempts ndots:1x\n"
	    "options inet6 no-tld-query debug rotated\noptions\n");
	assert_int_equal(conf.timeout, 5 * SECOND);
	assert_int_equal(conf.attempts, 2);
	assert_int_equal(conf.ndots, 1);
	assert_false(conf.rotate);
}

SIM_TEST(edns_can_be_switched_off_and_on)
{
	parse("options no-edns0\n");
	assert_true(conf.no_edns);
	parse("options no-edns0 edns0\n");
	assert_false(conf.no_edns);
}

SIM_TEST(last_of_search_and_domain_counts)
{
	parse("domain a.example\nsearch b.example c.example.\n");
	assert_int_equal(conf.searches, 2);
	assert_string_equal(conf.search[0], "b.example");
	assert_string_equal(conf.search[1], "c.example");
	parse("search b.example c.example\ndomain a.example x.example\n");
	assert_int_equal(conf.searches, 1);
	assert_string_equal(conf.search[0], "a.example");
	parse("search a.example\nsearch .\n");
	assert_int_equal(conf.searches, 0);
}

SIM_TEST(seventh_search_domain_is_left_out)
{
	parse("search a b c d e f g\n");
	assert_int_equal(conf.searches, DNS_SEARCH_MAX);
	assert_string_equal(conf.search[5], "f");
}

SIM_TEST(search_domain_that_is_too_long_is_left_out)
{
	char text[400] = "search ";

	memset(text + 7, 'a', 254);
	strcpy(text + 7 + 254, " b.example\n");
	parse(text);
	assert_int_equal(conf.searches, 1);
	assert_string_equal(conf.search[0], "b.example");
}

SIM_TEST(comments_and_unknown_words_are_passed_over)
{
	parse("# nameserver 192.0.2.1\n;nameserver 192.0.2.2\n"
	    "sortlist 192.0.2.0\nnameservers 192.0.2.3\n\n   \n"
	    "Nameserver 192.0.2.4\nnameserver 192.0.2.5");
	assert_int_equal(conf.servers, 1);
	assert_server(0, "192.0.2.5");
}

SIM_TEST(lines_may_end_in_cr_lf)
{
	parse("nameserver 192.0.2.1\r\noptions rotate\r\n");
	assert_server(0, "192.0.2.1");
	assert_true(conf.rotate);
}

SIM_TEST(resolver_opens_without_resolv_conf)
{
	struct dns d;

	assert_int_equal(dns_open(&d), RC_OK);
	assert_int_equal(d.conf.servers, 1);
	assert_true(ip_is_loopback(&d.conf.server[0].ip));
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(last_line_needs_no_newline)
{
	struct dns d;

	sim_file("/etc/resolv.conf", "options rotate\nnameserver 192.0.2.1");
	assert_int_equal(dns_open(&d), RC_OK);
	assert_true(d.conf.rotate);
	conf = d.conf;
	assert_server(0, "192.0.2.1");
}

SIM_TEST(resolver_opens_with_an_unreadable_resolv_conf)
{
	struct dns d;

	sim_file("/etc/resolv.conf", "nameserver 192.0.2.1\n");
	sim_file_broken("/etc/resolv.conf", 0);
	assert_int_equal(dns_open(&d), RC_OK);
	assert_true(ip_is_loopback(&d.conf.server[0].ip));
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(resolver_without_memory_is_told)
{
	struct dns d;

	sim_memory_limit(100);
	assert_int_equal(dns_open(&d), RC_OS);
}

static const struct CMUnitTest tests[] = {
	SIM_RUN(nothing_said_means_a_server_on_this_machine),
	SIM_RUN(servers_of_both_families_are_taken_in_order),
	SIM_RUN(fourth_server_is_left_out),
	SIM_RUN(server_that_is_no_address_is_left_out),
	SIM_RUN(options_are_read_wherever_they_stand),
	SIM_RUN(options_out_of_bounds_are_held_inside),
	SIM_RUN(options_that_make_no_sense_change_nothing),
	SIM_RUN(edns_can_be_switched_off_and_on),
	SIM_RUN(last_of_search_and_domain_counts),
	SIM_RUN(seventh_search_domain_is_left_out),
	SIM_RUN(search_domain_that_is_too_long_is_left_out),
	SIM_RUN(comments_and_unknown_words_are_passed_over),
	SIM_RUN(lines_may_end_in_cr_lf),
	SIM_RUN(resolver_opens_without_resolv_conf),
	SIM_RUN(last_line_needs_no_newline),
	SIM_RUN(resolver_opens_with_an_unreadable_resolv_conf),
	SIM_RUN(resolver_without_memory_is_told),
};

int
main(void)
{
	return sim_main(tests, COUNT(tests));
}
