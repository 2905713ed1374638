/*
 * smtp_site_test.c - what a route tells TLS of its hosts: names, and which of
 * the answers that led to them were validated.
 */
#include <stdio.h>
#include <string.h>

#include "../../src/smtp_int.h"
#include "../sim/sim.h"

static struct param param;
static struct arena arena;
static char memory[256 * 1024];
static struct log mail_log;
static struct worker *worker;
static struct job job;
static struct tls_site site;

static void
load(const char *const *options, size_t n, bool lmtp)
{
	char room[500];
	struct buf why = BUF(room);
	struct param_from from = {
		.options = options, .options_n = n,
		.program = lmtp ? "lmtp" : "smtp", .is_lmtp = lmtp,
		.log = &mail_log
	};

	log_init(&mail_log, SPAN("postfix/test"));
	arena_init(&arena, memory, sizeof(memory));
	if (param_load(&param, &from, &arena, &why) != RC_OK)
		sim_fail("settings: %s", buf_text(&why));
}

/* A worker for this next hop, with one setting more if it is not NULL. */
static void
begin(const char *nexthop, bool lmtp, const char *setting)
{
	static const char *options[3];

	options[0] = lmtp ? "lmtp_dns_support_level=dnssec"
	    : "smtp_dns_support_level=dnssec";
	options[1] = "smtp_fallback_relay=[relay.example]:2525";
	options[2] = setting;
	load(options, setting != NULL ? 3 : 2, lmtp);
	worker = port_memory(smtp_worker_bytes());
	assert_int_equal(smtp_worker(worker, &param.set, &mail_log, NULL,
	    lmtp), RC_OK);
	job = (struct job){ .nexthop = span_of(nexthop) };
	worker->job = &job;
	assert_int_equal(route_start(worker), RC_OK);
}

static void
next_host(void)
{
	const struct host *h = route_host(worker);

	assert_non_null(h);
	route_tls_site(worker, h, &site);
}

static void
go(const char *nexthop)
{
	begin(nexthop, false, NULL);
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
}

/* All names of the site, and 1 or 0 for each proof. */
static const char *
facts(void)
{
	static char text[2000];
	struct buf b = BUF(text);

	buf_fmt(&b, "%.*s %.*s %.*s ", SPAN_ARG(site.nexthop),
	    SPAN_ARG(site.domain), SPAN_ARG(site.domain_target));
	buf_fmt(&b, "%.*s %.*s %.*s ", SPAN_ARG(site.host),
	    SPAN_ARG(site.asked), SPAN_ARG(site.target));
	buf_fmt(&b, "%u %d%d%d", site.port, site.is_literal, site.mx_secure,
	    site.host_secure);
	return buf_text(&b);
}

SIM_TEST(host_of_a_secure_domain_is_known_by_one_name)
{
	sim_zone("d.example MX 10 mx.example secure\n"
	    "mx.example A 192.0.2.1 secure");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example d.example "
	    "mx.example mx.example mx.example 25 011");
	assert_int_equal(site.ip.b[3], 1);
}

SIM_TEST(mx_and_address_are_proven_apart)
{
	sim_zone("d.example MX 10 mx.example secure\nmx.example A 192.0.2.1\n"
	    "e.example MX 10 mx.e.example\nmx.e.example A 192.0.2.1 secure\n"
	    ". NS a.root.example secure");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example d.example "
	    "mx.example mx.example mx.example 25 010");
	go("e.example");
	assert_string_equal(facts(), "e.example e.example e.example "
	    "mx.e.example mx.e.example mx.e.example 25 001");
}

SIM_TEST(each_host_has_its_own_proof)
{
	sim_zone("d.example MX 10 a.example secure\n"
	    "d.example MX 20 b.example secure\n"
	    "a.example A 192.0.2.1\nb.example A 192.0.2.2 secure");
	go("d.example");
	assert_true(span_is(site.host, "a.example"));
	assert_false(site.host_secure);
	next_host();
	assert_true(span_is(site.host, "b.example"));
	assert_true(site.host_secure);
}

/* As recorded: relay= keeps the name of the MX record. */
SIM_TEST(secure_alias_of_a_host_is_its_target_and_not_its_name)
{
	sim_zone("d.example MX 10 mx.example secure\n"
	    "mx.example CNAME real.example secure\n"
	    "real.example A 192.0.2.1 secure");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example d.example "
	    "mx.example mx.example real.example 25 011");
}

SIM_TEST(alias_is_as_secure_as_all_of_its_way)
{
	sim_zone("d.example MX 10 mx.example secure\n"
	    "mx.example CNAME real.example secure\n"
	    "real.example A 192.0.2.1");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example d.example "
	    "mx.example mx.example real.example 25 010");
}

SIM_TEST(override_changes_the_name_and_not_what_was_asked_for)
{
	sim_zone("d.example MX 10 mx.example secure\n"
	    "mx.example CNAME real.example secure\n"
	    "real.example A 192.0.2.1 secure");
	begin("d.example", false, "smtp_cname_overrides_servername=yes");
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_string_equal(facts(), "d.example d.example d.example "
	    "real.example mx.example real.example 25 011");
}

SIM_TEST(target_of_a_domain_is_as_secure_as_its_mx_records)
{
	sim_zone("d.example CNAME e.example secure\n"
	    "e.example MX 10 mx.example secure\n"
	    "f.example CNAME e.example\n"
	    "mx.example A 192.0.2.1 secure");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example e.example "
	    "mx.example mx.example mx.example 25 011");
	go("f.example");
	assert_string_equal(facts(), "f.example f.example e.example "
	    "mx.example mx.example mx.example 25 001");
}

SIM_TEST(without_mx_the_domain_is_the_host_and_nobody_named_it)
{
	sim_zone("d.example A 192.0.2.1 secure");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example d.example "
	    "d.example d.example d.example 25 011");
}

SIM_TEST(ignored_failure_of_mx_records_leaves_nothing_proven)
{
	sim_zone("d.example A 192.0.2.1 secure\nd.example SERVFAIL MX\n"
	    ". NS a.root.example secure");
	begin("d.example", false, "ignore_mx_lookup_error=yes");
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_string_equal(facts(), "d.example d.example d.example "
	    "d.example d.example d.example 25 000");
}

SIM_TEST(bracketed_host_is_named_by_the_next_hop)
{
	sim_zone("mx.example A 192.0.2.1 secure");
	go("[mx.example]:587");
	assert_string_equal(facts(), "[mx.example]:587 mx.example mx.example "
	    "mx.example mx.example mx.example 587 011");
}

SIM_TEST(literal_address_has_no_proof)
{
	go("[192.0.2.1]");
	assert_string_equal(facts(), "[192.0.2.1] 192.0.2.1 192.0.2.1 "
	    "192.0.2.1 192.0.2.1 192.0.2.1 25 110");
	go("[ipv6:2001:db8::1]");
	assert_true(site.is_literal);
	assert_int_equal(site.ip.family, IP_V6);
	assert_int_equal(sim_question_count(), 0);
}

/* Some domains have an address in their MX record; it is tried. */
SIM_TEST(address_as_exchanger_is_used_without_proof)
{
	sim_zone("d.example MX 10 192.0.2.7 secure");
	go("d.example");
	assert_string_equal(facts(), "d.example d.example d.example "
	    "192.0.2.7 192.0.2.7 192.0.2.7 25 010");
	assert_int_equal(site.ip.b[3], 7);
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(address_as_exchanger_of_a_family_that_is_off_is_left_out)
{
	sim_zone("d.example MX 10 2001:db8::7\nd.example MX 20 192.0.2.7\n"
	    ". NS a.root.example secure");
	begin("d.example", false, "inet_protocols=ipv4");
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_true(span_is(site.host, "192.0.2.7"));
	assert_null(route_host(worker));
}

SIM_TEST(fallback_relay_is_a_next_hop_of_its_own)
{
	sim_zone("d.example MX 10 mx.example\nmx.example A 192.0.2.1\n"
	    "relay.example A 192.0.2.9 secure\n. NS a.root.example secure");
	go("d.example");
	assert_false(site.mx_secure);
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_string_equal(facts(), "[relay.example]:2525 relay.example "
	    "relay.example relay.example relay.example relay.example "
	    "2525 011");
}

SIM_TEST(next_of_several_destinations_forgets_the_one_before)
{
	sim_zone("d.example CNAME e.example secure\n"
	    "e.example MX 10 mx.example\nmx.example A 192.0.2.1\n"
	    "f.example A 192.0.2.2 secure\n. NS a.root.example secure");
	go("d.example, f.example");
	assert_string_equal(facts(), "d.example d.example e.example "
	    "mx.example mx.example mx.example 25 000");
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_string_equal(facts(), "f.example f.example f.example "
	    "f.example f.example f.example 25 011");
}

SIM_TEST(socket_has_no_domain_and_is_named_after_this_host)
{
	begin("unix:/run/lmtp", true, NULL);
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_true(span_is(site.nexthop, "/run/lmtp"));
	assert_int_equal(site.domain.n, 0);
	assert_int_equal(site.domain_target.n, 0);
	assert_true(span_is(site.host, "here.example"));
	assert_int_equal(site.ip.family, IP_NONE);
	assert_false(site.host_secure);
}

SIM_TEST(hosts_file_proves_nothing)
{
	sim_file("/etc/hosts", "192.0.2.3 mx.example\n");
	sim_zone(". NS a.root.example secure");
	begin("[mx.example]", false, "smtp_host_lookup=dns native");
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_int_equal(site.ip.b[3], 3);
	assert_false(site.host_secure);
}

SIM_TEST(nothing_is_secure_unless_dnssec_is_asked_for)
{
	sim_zone("d.example MX 10 mx.example secure\n"
	    "mx.example A 192.0.2.1 secure");
	begin("d.example", false, "smtp_dns_support_level=enabled");
	assert_int_equal(route_site(worker), RC_OK);
	next_host();
	assert_false(site.mx_secure);
	assert_false(site.host_secure);
	assert_null(strstr(sim_questions(), " NS"));
}

/* ---- the warning -------------------------------------------------------- */

static unsigned
warnings(const char *words)
{
	const char *at = sim_err();
	unsigned n = 0;

	for (; (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

SIM_TEST(resolver_that_validates_nothing_is_warned_of_once)
{
	sim_zone("d.example MX 10 mx.example\nmx.example A 192.0.2.1\n"
	    ". NS a.root.example");
	go("d.example, d.example");
	assert_int_equal(route_site(worker), RC_OK);
	assert_int_equal(warnings("warning: no DNS answer is validated"), 1);
	assert_string_equal(sim_questions(),
	    "127.0.0.1:53 udp d.example MX\n127.0.0.1:53 udp . NS\n"
	    "127.0.0.1:53 udp mx.example A\n"
	    "127.0.0.1:53 udp mx.example AAAA\n"
	    "127.0.0.1:53 udp d.example MX\n127.0.0.1:53 udp mx.example A\n"
	    "127.0.0.1:53 udp mx.example AAAA\n");
}

SIM_TEST(failed_lookup_is_followed_by_the_warning_too)
{
	sim_zone("d.example SERVFAIL\n. NS a.root.example");
	begin("d.example", false, NULL);
	assert_int_equal(route_site(worker), RC_DENY);
	assert_int_equal(warnings("warning: no DNS answer is validated"), 1);
}

SIM_TEST(senseless_probe_is_warned_of)
{
	sim_zone("d.example MX 10 mx.example\nmx.example A 192.0.2.1\n");
	begin("d.example", false, "dnssec_probe=ns");
	assert_int_equal(route_site(worker), RC_OK);
	assert_int_equal(warnings("warning: dnssec_probe = ns is no"), 1);
}

SIM_TEST(signed_domain_earns_no_warning)
{
	sim_zone("d.example MX 10 mx.example secure\nmx.example A 192.0.2.1\n");
	go("d.example");
	assert_int_equal(warnings("warning"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(host_of_a_secure_domain_is_known_by_one_name),
		SIM_RUN(mx_and_address_are_proven_apart),
		SIM_RUN(each_host_has_its_own_proof),
		SIM_RUN(secure_alias_of_a_host_is_its_target_and_not_its_name),
		SIM_RUN(alias_is_as_secure_as_all_of_its_way),
		SIM_RUN(override_changes_the_name_and_not_what_was_asked_for),
		SIM_RUN(target_of_a_domain_is_as_secure_as_its_mx_records),
		SIM_RUN(without_mx_the_domain_is_the_host_and_nobody_named_it),
		SIM_RUN(ignored_failure_of_mx_records_leaves_nothing_proven),
		SIM_RUN(bracketed_host_is_named_by_the_next_hop),
		SIM_RUN(literal_address_has_no_proof),
		SIM_RUN(address_as_exchanger_is_used_without_proof),
		SIM_RUN(
		    address_as_exchanger_of_a_family_that_is_off_is_left_out),
		SIM_RUN(fallback_relay_is_a_next_hop_of_its_own),
		SIM_RUN(next_of_several_destinations_forgets_the_one_before),
		SIM_RUN(socket_has_no_domain_and_is_named_after_this_host),
		SIM_RUN(hosts_file_proves_nothing),
		SIM_RUN(nothing_is_secure_unless_dnssec_is_asked_for),
		SIM_RUN(resolver_that_validates_nothing_is_warned_of_once),
		SIM_RUN(failed_lookup_is_followed_by_the_warning_too),
		SIM_RUN(senseless_probe_is_warned_of),
		SIM_RUN(signed_domain_earns_no_warning),
	};

	return sim_main(tests, COUNT(tests));
}
