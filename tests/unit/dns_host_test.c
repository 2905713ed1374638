/*
 * dns_host_test.c - exchangers of a domain, addresses of a host.
 */
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

#define BOTH	(DNS_V4 | DNS_V6)

static struct dns dns;
static struct arena arena;
static char memory[65536];
static struct mx_list mx;
static struct ip_list ips;

static void
use_conf(const char *text)
{
	sim_file("/etc/resolv.conf", text);
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(dns_open(&dns), RC_OK);
}

static enum rc
ask_mx(const char *domain)
{
	dns.until = port_now() + MINUTE;
	return dns_mx(&dns, &arena, span_of(domain), &mx);
}

static enum rc
ask_ips(const char *host, unsigned families, unsigned ways)
{
	dns.until = port_now() + MINUTE;
	dns.families = families;
	return dns_addresses(&dns, &arena, span_of(host), ways, &ips);
}

/* All addresses, a blank behind each. */
static const char *
list(void)
{
	static char text[4000];
	struct buf b = BUF(text);

	for (size_t i = 0; i < ips.n; i++) {
		ip_put(&b, &ips.ip[i]);
		buf_putc(&b, ' ');
	}
	return buf_text(&b);
}

static bool
is_later(enum rc rc)
{
	return rc != RC_OK && rc != RC_NONE && rc != RC_DENY;
}

/* ---- exchangers --------------------------------------------------------- */

SIM_TEST(exchangers_come_best_first_and_equals_as_answered)
{
	sim_zone("d.example MX 20 b.example\nd.example MX 10 z.example\n"
	    "d.example MX 20 a.example\nd.example MX 0 Q.example");
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_OK);
	assert_int_equal(mx.n, 4);
	assert_true(span_is(mx.mx[0].exchanger, "Q.example"));
	assert_true(span_is(mx.mx[1].exchanger, "z.example"));
	assert_true(span_is(mx.mx[2].exchanger, "b.example"));
	assert_true(span_is(mx.mx[3].exchanger, "a.example"));
	assert_int_equal(mx.mx[3].preference, 20);
	assert_true(span_is(mx.domain, "d.example"));
}

SIM_TEST(null_mx_means_no_mail_at_any_preference_and_beside_others)
{
	sim_zone("a.example MX 0 .\nb.example MX 10 .\n"
	    "c.example MX 10 mx.example\nc.example MX 20 .");
	use_conf("");
	assert_int_equal(ask_mx("a.example"), RC_DENY);
	assert_int_equal(dns.fault, DNS_NULL_MX);
	assert_int_equal(ask_mx("b.example"), RC_DENY);
	assert_int_equal(dns.fault, DNS_NULL_MX);
	assert_int_equal(ask_mx("c.example"), RC_DENY);
	assert_int_equal(dns.fault, DNS_NULL_MX);
	assert_string_equal(dns.fault_name, "c.example");
}

SIM_TEST(invalid_exchanger_names_are_left_out)
{
	sim_zone("d.example MX 10 ma!l.example\nd.example MX 20 mx.example\n"
	    "d.example MX 30 -x.example\nd.example MX 40 1.2.3");
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_OK);
	assert_int_equal(mx.n, 1);
	assert_true(span_is(mx.mx[0].exchanger, "mx.example"));
}

SIM_TEST(invalid_exchanger_names_alone_are_no_use)
{
	sim_zone("d.example MX 10 ma!l.example");
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_DENY);
	assert_int_equal(dns.fault, DNS_BAD_RECORDS);
}

static void
put_odd_label(struct sim_question *q, void *arg)
{
	struct sim_message *m = sim_dns_message();

	(void)arg;
	m->n = 0;
	sim_dns_head(m, q->id, 0x8180, 1, 3, 0, 0);
	sim_dns_ask(m, q->name, q->type);
	sim_dns_record(m, q->name, DNS_MX, "\0\12\3a.b\7example", 15);
	sim_dns_record(m, q->name, DNS_MX, "\0\12\3m\303\274\7example", 15);
	sim_dns_record(m, q->name, DNS_MX, "\0\12\2m\0\7example", 14);
	sim_dns_use(q, m);
}

SIM_TEST(dots_and_other_octets_inside_a_label_make_no_name)
{
	sim_dns_hook(put_odd_label, NULL);
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_DENY);
	assert_int_equal(dns.fault, DNS_BAD_RECORDS);
}

SIM_TEST(address_as_exchanger_is_taken)
{
	sim_zone("d.example MX 10 192.0.2.1");
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_OK);
	assert_true(span_is(mx.mx[0].exchanger, "192.0.2.1"));
	assert_int_equal(ask_ips("192.0.2.1", BOTH, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(alias_of_a_domain_leads_to_its_exchangers)
{
	sim_zone("d.example CNAME e.example\ne.example MX 10 mx.example");
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_OK);
	assert_true(span_is(mx.domain, "e.example"));
	assert_int_equal(mx.n, 1);
}

SIM_TEST(domain_without_exchangers_is_told_from_no_domain)
{
	sim_zone("d.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask_mx("d.example"), RC_NONE);
	assert_int_equal(dns.fault, DNS_NO_DATA);
	assert_int_equal(ask_mx("e.example"), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
}

SIM_TEST(search_list_is_not_for_exchangers)
{
	sim_zone("d.example MX 10 mx.example");
	use_conf("search example\n");
	dns.defnames = dns.dnsrch = true;
	assert_int_equal(ask_mx("d"), RC_DENY);
}

/* ---- addresses ---------------------------------------------------------- */

SIM_TEST(addresses_of_both_families_come_v4_first)
{
	sim_zone("h.example AAAA 2001:db8::1\nh.example A 192.0.2.2\n"
	    "h.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "192.0.2.2 192.0.2.1 2001:db8::1 ");
	assert_true(span_is(ips.canonical, "h.example"));
}

SIM_TEST(family_that_is_not_wanted_is_not_asked_for)
{
	sim_zone("h.example AAAA 2001:db8::1\nh.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask_ips("h.example", DNS_V6, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "2001:db8::1 ");
	assert_int_equal(sim_question_count(), 1);
	assert_int_equal(ask_ips("192.0.2.1", DNS_V6, DNS_BY_DNS), RC_NONE);
	assert_int_equal(ips.n, 0);
}

SIM_TEST(one_family_is_enough_whatever_the_other_says)
{
	sim_zone("a.example A 192.0.2.1\na.example SERVFAIL AAAA\n"
	    "b.example AAAA 2001:db8::1\nb.example SERVFAIL A");
	use_conf("");
	assert_int_equal(ask_ips("a.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
	assert_int_equal(ask_ips("b.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "2001:db8::1 ");
}

SIM_TEST(failure_that_may_pass_speaks_for_the_host)
{
	sim_zone("a.example NODATA\na.example SERVFAIL A\n"
	    "b.example NODATA\nb.example SERVFAIL AAAA\n"
	    "c.example SERVFAIL");
	use_conf("");
	assert_true(is_later(ask_ips("a.example", BOTH, DNS_BY_DNS)));
	assert_int_equal(dns.fault, DNS_SERVER_FAILED);
	assert_int_equal(dns.fault_type, DNS_A);
	assert_true(is_later(ask_ips("b.example", BOTH, DNS_BY_DNS)));
	assert_int_equal(dns.fault_type, DNS_AAAA);
	assert_true(is_later(ask_ips("c.example", BOTH, DNS_BY_DNS)));
	assert_int_equal(dns.fault_type, DNS_AAAA);
}

SIM_TEST(host_without_addresses_is_certain)
{
	sim_zone("a.example NODATA");
	use_conf("");
	assert_int_equal(ask_ips("a.example", BOTH, DNS_BY_DNS), RC_NONE);
	assert_int_equal(dns.fault, DNS_NO_DATA);
	assert_int_equal(ask_ips("b.example", BOTH, DNS_BY_DNS), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
	assert_string_equal(dns.fault_name, "b.example");
	assert_int_equal(dns.fault_type, DNS_AAAA);
}

SIM_TEST(host_is_secure_only_if_all_its_addresses_are)
{
	sim_zone("a.example A 192.0.2.1 secure\n"
	    "a.example AAAA 2001:db8::1 secure\n"
	    "b.example A 192.0.2.1 secure\nb.example AAAA 2001:db8::1\n"
	    "c.example A 192.0.2.1\nc.example AAAA 2001:db8::1 secure");
	use_conf("");
	dns.want_secure = true;
	assert_int_equal(ask_ips("a.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_true(ips.is_secure);
	assert_int_equal(ask_ips("b.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_false(ips.is_secure);
	assert_int_equal(ask_ips("c.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_false(ips.is_secure);
}

SIM_TEST(alias_of_a_host_is_told)
{
	sim_zone("a.example CNAME h.example\nh.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask_ips("a.example", BOTH, DNS_BY_DNS), RC_OK);
	assert_true(ips.is_alias);
	assert_true(span_is(ips.canonical, "h.example"));
}

/* ---- the hosts file ----------------------------------------------------- */

SIM_TEST(hosts_file_is_not_looked_at_by_default)
{
	sim_file("/etc/hosts", "192.0.2.9 h.example\n");
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_DNS), RC_DENY);
}

SIM_TEST(hosts_file_alone_comes_ahead_of_servers)
{
	sim_file("/etc/hosts", "192.0.2.9 h.example\n");
	sim_zone("h.example A 192.0.2.1\ng.example A 192.0.2.2");
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.9 ");
	assert_int_equal(sim_question_count(), 0);
	assert_int_equal(ask_ips("g.example", BOTH, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.2 ");
	assert_false(ips.is_secure);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(hosts_file_behind_servers_serves_what_they_lack)
{
	sim_file("/etc/hosts", "192.0.2.9 h.example g.example s.example\n");
	sim_zone("h.example A 192.0.2.1\ns.example SERVFAIL");
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH,
	    DNS_BY_DNS | DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
	assert_int_equal(ask_ips("g.example", BOTH,
	    DNS_BY_DNS | DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.9 ");
	assert_true(is_later(ask_ips("s.example", BOTH,
	    DNS_BY_DNS | DNS_BY_HOSTS)));
	assert_int_equal(ask_ips("x.example", BOTH,
	    DNS_BY_DNS | DNS_BY_HOSTS), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
}

SIM_TEST(hosts_file_may_be_missing_or_broken)
{
	sim_zone("h.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_HOSTS), RC_OK);
	sim_file("/etc/hosts", "192.0.2.9 h.example\n");
	sim_file_broken("/etc/hosts", 0);
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(hosts_file_may_be_longer_than_memory)
{
	static char text[60000];
	struct buf b = BUF(text);

	buf_puts(&b, "192.0.2.8 H.example\n");
	while (b.n < 30000)
		buf_fmt(&b, "0.0.0.0 ads%u.example\n", (unsigned)b.n);
	buf_puts(&b, "192.0.2.9 x h.example # more\n");
	while (b.n < 59000)
		buf_fmt(&b, "0.0.0.0 ads%u.example\n", (unsigned)b.n);
	buf_puts(&b, "2001:db8::9 h.example");
	sim_file("/etc/hosts", buf_text(&b));
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.8 192.0.2.9 2001:db8::9 ");
	assert_int_equal(ask_ips("h.example", DNS_V6, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "2001:db8::9 ");
}

SIM_TEST(hosts_line_longer_than_memory_is_left_out_whole)
{
	static char text[30000];
	struct buf b = BUF(text);

	buf_puts(&b, "192.0.2.1 a.example\n192.0.2.2");
	while (b.n < 20000)
		buf_puts(&b, " 192.0.2.3 h.example");
	buf_puts(&b, "\n192.0.2.4 h.example\n192.0.2.5");
	while (b.n < 29000)
		buf_puts(&b, " 192.0.2.3 h.example");
	sim_file("/etc/hosts", buf_text(&b));
	use_conf("");
	assert_int_equal(ask_ips("h.example", BOTH, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.4 ");
}

static enum rc
find(const char *text, const char *host)
{
	ips = (struct ip_list){ 0 };
	arena_init(&arena, memory, sizeof(memory));
	return dns_hosts_find(&arena, span_of(text), span_of(host), BOTH,
	    &ips);
}

SIM_TEST(hosts_lines_are_read_with_all_their_oddities)
{
	static const char text[] =
	    "# 192.0.2.1 a.example\n"
	    "\n"
	    "192.0.2.2\n"
	    "192.0.2.300 a.example\n"
	    "a.example 192.0.2.3\n"
	    "\t192.0.2.4\tb.example  A.Example\r\n"
	    "192.0.2.5 b.example # a.example\n"
	    "192.0.2.6 a.example.\n"
	    "fe80::1%2 a.example";

	assert_int_equal(find(text, "a.example"), RC_OK);
	assert_string_equal(list(), "192.0.2.4 fe80::1%2 ");
	assert_int_equal(find(text, "example"), RC_NONE);
	assert_int_equal(ips.n, 0);
}

/* ---- the search list ---------------------------------------------------- */

SIM_TEST(defnames_adds_the_first_domain_to_a_name_without_dot)
{
	sim_zone("h.two.example A 192.0.2.2\nh.one.example A 192.0.2.1");
	use_conf("search one.example two.example\n");
	assert_int_equal(ask_ips("h", DNS_V4, DNS_BY_DNS), RC_DENY);
	dns.defnames = true;
	assert_int_equal(ask_ips("h", DNS_V4, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
	assert_int_equal(ask_ips("g", DNS_V4, DNS_BY_DNS), RC_DENY);
	assert_string_equal(dns.fault_name, "g");
	assert_string_equal(sim_questions(),
	    "127.0.0.1:53 udp h A\n"
	    "127.0.0.1:53 udp h.one.example A\n"
	    "127.0.0.1:53 udp g.one.example A\n"
	    "127.0.0.1:53 udp g A\n");
}

SIM_TEST(defnames_leaves_names_with_a_dot_alone)
{
	sim_zone("h.g.example A 192.0.2.1");
	use_conf("search example\n");
	dns.defnames = true;
	assert_int_equal(ask_ips("h.g", DNS_V4, DNS_BY_DNS), RC_DENY);
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(dnsrch_tries_names_with_dots_in_every_domain)
{
	sim_zone("h.g.two.example A 192.0.2.1");
	use_conf("search one.example two.example\n");
	dns.dnsrch = true;
	assert_int_equal(ask_ips("h.g", DNS_V4, DNS_BY_DNS), RC_OK);
	assert_string_equal(sim_questions(),
	    "127.0.0.1:53 udp h.g A\n"
	    "127.0.0.1:53 udp h.g.one.example A\n"
	    "127.0.0.1:53 udp h.g.two.example A\n");
}

SIM_TEST(ndots_puts_the_search_list_first)
{
	sim_zone("h.g A 192.0.2.9\nh.g.one.example A 192.0.2.1");
	use_conf("search one.example\noptions ndots:2\n");
	dns.dnsrch = true;
	assert_int_equal(ask_ips("h.g", DNS_V4, DNS_BY_DNS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
}

SIM_TEST(search_that_failed_for_now_is_no_proof)
{
	sim_zone("h.one.example SERVFAIL");
	use_conf("search one.example two.example\n");
	dns.defnames = dns.dnsrch = true;
	assert_true(is_later(ask_ips("h", DNS_V4, DNS_BY_DNS)));
	assert_int_equal(dns.fault, DNS_SERVER_FAILED);
	assert_string_equal(dns.fault_name, "h");
}

SIM_TEST(name_that_failed_for_now_is_not_looked_for_elsewhere)
{
	sim_zone("h.g SERVFAIL\nh.g.one.example A 192.0.2.1");
	use_conf("search one.example\n");
	dns.dnsrch = true;
	assert_true(is_later(ask_ips("h.g", DNS_V4, DNS_BY_DNS)));
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(native_lookup_uses_the_search_list)
{
	sim_zone("h.one.example A 192.0.2.1");
	use_conf("search one.example\n");
	assert_int_equal(ask_ips("h", DNS_V4, DNS_BY_HOSTS), RC_OK);
	assert_string_equal(list(), "192.0.2.1 ");
}

SIM_TEST(name_too_long_with_its_domain_is_not_asked_for)
{
	char host[253], conf[300] = "search ";

	memset(host, 'a', sizeof(host));
	for (int i = 60; i < 250; i += 61)
		host[i] = '.';
	host[250] = '\0';
	strcat(conf, "one.example\n");
	use_conf(conf);
	dns.dnsrch = true;
	assert_int_equal(ask_ips(host, DNS_V4, DNS_BY_DNS), RC_DENY);
	assert_int_equal(sim_question_count(), 1);
}

/* ---- memory ------------------------------------------------------------- */

SIM_TEST(full_arena_is_told_at_every_size)
{
	bool fits = false;

	sim_zone("d.example MX 10 h.example\nh.example A 192.0.2.1\n"
	    "h.example AAAA 2001:db8::1");
	sim_file("/etc/hosts", "192.0.2.9 i.example\n");
	use_conf("");
	for (size_t n = 0; n < 4096 && !fits; n += 8) {
		enum rc a, b, c;

		arena_init(&arena, memory, n);
		a = ask_mx("d.example");
		arena_init(&arena, memory, n);
		b = ask_ips("h.example", BOTH, DNS_BY_DNS);
		arena_init(&arena, memory, n);
		c = ask_ips("i.example", BOTH, DNS_BY_HOSTS);
		fits = a == RC_OK && b == RC_OK && c == RC_OK;
		assert_true(a == RC_OK || a == RC_FULL);
		assert_true(b == RC_OK || b == RC_FULL);
		assert_true(c == RC_OK || c == RC_FULL);
	}
	assert_true(fits);
}

static const struct CMUnitTest tests[] = {
	SIM_RUN(exchangers_come_best_first_and_equals_as_answered),
	SIM_RUN(null_mx_means_no_mail_at_any_preference_and_beside_others),
	SIM_RUN(invalid_exchanger_names_are_left_out),
	SIM_RUN(invalid_exchanger_names_alone_are_no_use),
	SIM_RUN(dots_and_other_octets_inside_a_label_make_no_name),
	SIM_RUN(address_as_exchanger_is_taken),
	SIM_RUN(alias_of_a_domain_leads_to_its_exchangers),
	SIM_RUN(domain_without_exchangers_is_told_from_no_domain),
	SIM_RUN(search_list_is_not_for_exchangers),
	SIM_RUN(addresses_of_both_families_come_v4_first),
	SIM_RUN(family_that_is_not_wanted_is_not_asked_for),
	SIM_RUN(one_family_is_enough_whatever_the_other_says),
	SIM_RUN(failure_that_may_pass_speaks_for_the_host),
	SIM_RUN(host_without_addresses_is_certain),
	SIM_RUN(host_is_secure_only_if_all_its_addresses_are),
	SIM_RUN(alias_of_a_host_is_told),
	SIM_RUN(hosts_file_is_not_looked_at_by_default),
	SIM_RUN(hosts_file_alone_comes_ahead_of_servers),
	SIM_RUN(hosts_file_behind_servers_serves_what_they_lack),
	SIM_RUN(hosts_file_may_be_missing_or_broken),
	SIM_RUN(hosts_file_may_be_longer_than_memory),
	SIM_RUN(hosts_line_longer_than_memory_is_left_out_whole),
	SIM_RUN(hosts_lines_are_read_with_all_their_oddities),
	SIM_RUN(defnames_adds_the_first_domain_to_a_name_without_dot),
	SIM_RUN(defnames_leaves_names_with_a_dot_alone),
	SIM_RUN(dnsrch_tries_names_with_dots_in_every_domain),
	SIM_RUN(ndots_puts_the_search_list_first),
	SIM_RUN(search_that_failed_for_now_is_no_proof),
	SIM_RUN(name_that_failed_for_now_is_not_looked_for_elsewhere),
	SIM_RUN(native_lookup_uses_the_search_list),
	SIM_RUN(name_too_long_with_its_domain_is_not_asked_for),
	SIM_RUN(full_arena_is_told_at_every_size),
};

int
main(void)
{
	return sim_main(tests, COUNT(tests));
}
