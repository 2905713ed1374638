/*
 * dns_tlsa_test.c - TLSA records, aliases that are proven, and the probe that
 * tells whether anything is.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

#define LOOPBACK	"127.0.0.1:53"

static struct dns dns;
static struct arena arena;
static char memory[65536];
static struct dns_answer answer;

static void
use_dns(const char *probe)
{
	sim_file("/etc/resolv.conf", "options timeout:1 attempts:1\n");
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(dns_open(&dns), RC_OK);
	dns.want_secure = true;
	dns.probe = span_of(probe);
}

static enum rc
ask(const char *host)
{
	return dns_tlsa(&dns, &arena, span_of(host), 25, &answer);
}

static void
assert_unknown(enum rc rc)
{
	assert_true(rc != RC_OK && rc != RC_NONE && rc != RC_DENY);
}

/* ---- records ------------------------------------------------------------ */

SIM_TEST(records_come_whole_and_with_the_port_in_their_name)
{
	sim_zone("_25._tcp.mx.example TLSA 3 1 1 00ff secure\n"
	    "_25._tcp.mx.example TLSA 2 0 2 abcdef secure\n"
	    "_2525._tcp.mx.example TLSA 3 0 0 01 secure");
	use_dns("");
	assert_int_equal(ask("mx.example"), RC_OK);
	assert_int_equal(answer.n, 2);
	assert_true(span_eq(answer.record[0].data,
	    SPAN("\3\1\1\0\xff")));
	assert_true(span_eq(answer.record[1].data,
	    SPAN("\2\0\2\xab\xcd\xef")));
	assert_int_equal(dns_tlsa(&dns, &arena, SPAN("mx.example"), 2525,
	    &answer), RC_OK);
	assert_true(span_eq(answer.record[0].data, SPAN("\3\0\0\1")));
	assert_string_equal(sim_questions(),
	    LOOPBACK " udp _25._tcp.mx.example TLSA\n"
	    LOOPBACK " udp _2525._tcp.mx.example TLSA\n");
}

SIM_TEST(records_of_any_length_are_records)
{
	sim_zone("_25._tcp.mx.example TLSA \\# 030101 secure\n"
	    "_25._tcp.mx.example TLSA \\# 03 secure\n"
	    "_25._tcp.mx.example TLSA \\# secure");
	use_dns("");
	assert_int_equal(ask("mx.example"), RC_OK);
	assert_int_equal(answer.n, 3);
	assert_int_equal(answer.record[0].data.n, 3);
	assert_int_equal(answer.record[1].data.n, 1);
	assert_int_equal(answer.record[2].data.n, 0);
}

SIM_TEST(records_that_nobody_vouches_for_are_none)
{
	sim_zone("_25._tcp.mx.example TLSA 3 1 1 00ff");
	use_dns("");
	assert_int_equal(ask("mx.example"), RC_NONE);
}

SIM_TEST(records_from_a_server_that_is_not_trusted_are_none)
{
	sim_name_server("192.0.2.53:53");
	sim_zone("_25._tcp.mx.example TLSA 3 1 1 00ff secure");
	use_dns("");
	dns_conf_parse(&dns.conf, SPAN("nameserver 192.0.2.53\n"));
	assert_int_equal(ask("mx.example"), RC_NONE);
	dns_conf_parse(&dns.conf,
	    SPAN("nameserver 192.0.2.53\noptions trust-ad\n"));
	assert_int_equal(ask("mx.example"), RC_OK);
}

SIM_TEST(missing_name_and_missing_type_are_no_records)
{
	sim_zone("_25._tcp.a.example NODATA\n"
	    "_25._tcp.b.example NODATA secure\n"
	    "_25._tcp.c.example NXDOMAIN secure");
	use_dns("");
	assert_int_equal(ask("a.example"), RC_NONE);
	assert_int_equal(ask("b.example"), RC_NONE);
	assert_int_equal(ask("c.example"), RC_NONE);
	assert_int_equal(ask("d.example"), RC_NONE);
}

SIM_TEST(alias_of_the_record_name_is_followed_if_all_secure)
{
	sim_zone("_25._tcp.a.example CNAME t.example secure\n"
	    "_25._tcp.b.example CNAME t.example\n"
	    "_25._tcp.c.example CNAME u.example secure\n"
	    "t.example TLSA 3 1 1 00ff secure\n"
	    "u.example TLSA 3 1 1 00ff");
	use_dns("");
	assert_int_equal(ask("a.example"), RC_OK);
	assert_true(span_eq(answer.record[0].data,
	    SPAN("\3\1\1\0\xff")));
	assert_int_equal(ask("b.example"), RC_NONE);
	assert_int_equal(ask("c.example"), RC_NONE);
}

/* Whoever can make a lookup fail must not switch DANE off. */
SIM_TEST(failure_is_never_taken_for_none)
{
	static const char *const faults[] = {
		"SERVFAIL", "REFUSED", "NOTIMP", "FORMERR", "SILENT",
		"CNAME _25._tcp.mx.example secure", "CNAME -bad.example secure"
	};
	char text[100];

	for (size_t i = 0; i < COUNT(faults); i++) {
		sim_begin();
		sim_note("%s", faults[i]);
		snprintf(text, sizeof(text), "_25._tcp.mx.example %s",
		    faults[i]);
		sim_zone(text);
		sim_zone("-bad.example NODATA secure");
		use_dns("");
		assert_unknown(ask("mx.example"));
		assert_int_equal(arena.used, 0);
		assert_string_equal(dns.fault_name, "_25._tcp.mx.example");
		assert_int_equal(dns.fault_type, DNS_TLSA);
	}
}

SIM_TEST(servers_out_of_reach_are_never_taken_for_none)
{
	use_dns("");
	sim_name_server_state(LOOPBACK, SIM_NS_UNREACHABLE);
	assert_unknown(ask("mx.example"));
}

SIM_TEST(full_arena_is_never_taken_for_none)
{
	sim_zone("_25._tcp.mx.example TLSA 3 1 1 00ff secure");
	use_dns("");
	arena_init(&arena, memory, 16);
	assert_int_equal(ask("mx.example"), RC_FULL);
}

SIM_TEST(truncated_answer_is_asked_again_over_tcp)
{
	sim_zone("_25._tcp.mx.example TLSA 3 1 1 00ff secure\n"
	    "_25._tcp.mx.example TRUNCATED");
	use_dns("");
	assert_int_equal(ask("mx.example"), RC_OK);
	assert_int_equal(sim_question_count(), 2);
}

/* Labels of 61 octets, and a last one that makes it `n` octets in all. */
static const char *
long_name(size_t n)
{
	static char text[300];

	memset(text, 'a', n);
	text[n] = '\0';
	for (size_t i = 61; i + 1 < n; i += 62)
		text[i] = '.';
	return text;
}

SIM_TEST(name_without_room_for_the_prefix_has_no_records)
{
	use_dns("");
	assert_int_equal(ask(long_name(253)), RC_NONE);
	assert_int_equal(ask(long_name(245)), RC_NONE);
	assert_int_equal(sim_question_count(), 0);
	assert_int_equal(ask(long_name(244)), RC_NONE);
	assert_int_equal(sim_question_count(), 1);
}

/* ---- aliases ------------------------------------------------------------ */

static enum rc
alias(const char *name)
{
	return dns_alias(&dns, &arena, span_of(name));
}

SIM_TEST(alias_is_proven_by_its_own_record_wherever_it_leads)
{
	sim_zone("a.example CNAME x.example secure\n"
	    "b.example CNAME x.example\n"
	    "c.example A 192.0.2.1 secure\n"
	    "x.example A 192.0.2.1");
	use_dns("");
	assert_int_equal(alias("a.example"), RC_OK);
	assert_int_equal(alias("b.example"), RC_NONE);
	assert_int_equal(alias("c.example"), RC_NONE);
	assert_int_equal(alias("d.example"), RC_NONE);
	assert_int_equal(arena.used, 0);
	assert_string_equal(sim_questions(),
	    LOOPBACK " udp a.example CNAME\n"
	    LOOPBACK " udp b.example CNAME\n"
	    LOOPBACK " udp c.example CNAME\n"
	    LOOPBACK " udp d.example CNAME\n");
}

SIM_TEST(alias_that_cannot_be_looked_up_is_unknown)
{
	sim_zone("a.example SERVFAIL CNAME");
	use_dns("");
	assert_unknown(alias("a.example"));
}

/* ---- the probe ---------------------------------------------------------- */

static void
ask_address(const char *name)
{
	struct ip_list list;

	dns.families = DNS_V4;
	(void)dns_addresses(&dns, &arena, span_of(name), DNS_BY_DNS, &list);
}

SIM_TEST(answer_without_proof_is_followed_by_the_probe_once)
{
	sim_zone("a.example A 192.0.2.1\n. NS a.root.example secure");
	use_dns("ns:.");
	ask_address("a.example");
	ask_address("a.example");
	assert_string_equal(sim_questions(),
	    LOOPBACK " udp a.example A\n" LOOPBACK " udp . NS\n"
	    LOOPBACK " udp a.example A\n");
	assert_int_equal(dns.proof, DNS_PROVEN);
}

SIM_TEST(probe_without_proof_raises_doubts_once)
{
	sim_zone("a.example A 192.0.2.1\n. NS a.root.example");
	use_dns("ns:.");
	assert_int_equal(dns.proof, DNS_UNPROVEN);
	ask_address("a.example");
	assert_int_equal(dns.proof, DNS_DOUBTED);
	ask_address("a.example");
	assert_int_equal(sim_question_count(), 3);
}

SIM_TEST(probe_that_fails_raises_doubts)
{
	sim_zone("a.example A 192.0.2.1\nprobe.example SERVFAIL");
	use_dns("MX:probe.example");
	ask_address("a.example");
	assert_string_equal(sim_questions(),
	    LOOPBACK " udp a.example A\n" LOOPBACK " udp probe.example MX\n");
	assert_int_equal(dns.proof, DNS_DOUBTED);
}

SIM_TEST(proven_absence_answers_the_probe)
{
	sim_zone("a.example A 192.0.2.1\nprobe.example NXDOMAIN secure");
	use_dns("tlsa:probe.example");
	ask_address("a.example");
	assert_int_equal(dns.proof, DNS_PROVEN);
}

SIM_TEST(nothing_is_probed_after_any_proof)
{
	sim_zone("a.example A 192.0.2.1 secure\nb.example A 192.0.2.1");
	use_dns("ns:.");
	ask_address("a.example");
	ask_address("b.example");
	assert_int_equal(sim_question_count(), 2);
	assert_int_equal(dns.proof, DNS_PROVEN);
}

SIM_TEST(failed_question_is_probed_after_and_keeps_its_fault)
{
	char text[300];
	struct buf b = BUF(text);

	sim_zone("a.example SERVFAIL\n. NS a.root.example secure");
	use_dns("ns:.");
	assert_unknown(dns_ask(&dns, &arena, SPAN("a.example"), DNS_MX,
	    &answer));
	assert_int_equal(sim_question_count(), 2);
	dns_fault_put(&b, &dns);
	assert_string_equal(buf_text(&b), "name=a.example type=MX: "
	    "the name server failed, try again");
}

SIM_TEST(silent_server_is_not_probed)
{
	sim_zone("a.example SILENT");
	use_dns("ns:.");
	ask_address("a.example");
	assert_int_equal(dns.proof, DNS_UNPROVEN);
	assert_null(strstr(sim_questions(), " NS"));
}

SIM_TEST(answer_survives_the_probe_that_follows_it)
{
	sim_zone("a.example TXT some text\n. NS a.root.example secure");
	use_dns("ns:.");
	assert_int_equal(dns_ask(&dns, &arena, SPAN("a.example"), DNS_TXT,
	    &answer), RC_OK);
	assert_int_equal(sim_question_count(), 2);
	assert_true(span_eq(answer.record[0].data, SPAN("\11some text")));
	assert_true(span_is(answer.canonical, "a.example"));
	assert_false(answer.is_secure);
}

SIM_TEST(nothing_is_probed_where_nothing_need_be_secure)
{
	sim_zone("a.example A 192.0.2.1");
	use_dns("ns:.");
	dns.want_secure = false;
	ask_address("a.example");
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(empty_probe_is_never_sent)
{
	sim_zone("a.example A 192.0.2.1");
	use_dns("");
	ask_address("a.example");
	ask_address("a.example");
	assert_int_equal(sim_question_count(), 2);
	assert_int_equal(dns.proof, DNS_UNPROVEN);
}

SIM_TEST(probe_that_makes_no_sense_is_told_and_not_sent)
{
	static const char *const probes[] = {
		"ns", "ns:", ":.", "nx:.", "?:.", "ns.", "n:s:."
	};

	for (size_t i = 0; i < COUNT(probes); i++) {
		sim_begin();
		sim_note("%s", probes[i]);
		sim_zone("a.example A 192.0.2.1");
		use_dns(probes[i]);
		ask_address("a.example");
		assert_int_equal(dns.proof, DNS_BAD_PROBE);
		assert_int_equal(sim_question_count(), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(records_come_whole_and_with_the_port_in_their_name),
		SIM_RUN(records_of_any_length_are_records),
		SIM_RUN(records_that_nobody_vouches_for_are_none),
		SIM_RUN(records_from_a_server_that_is_not_trusted_are_none),
		SIM_RUN(missing_name_and_missing_type_are_no_records),
		SIM_RUN(alias_of_the_record_name_is_followed_if_all_secure),
		SIM_RUN(failure_is_never_taken_for_none),
		SIM_RUN(servers_out_of_reach_are_never_taken_for_none),
		SIM_RUN(full_arena_is_never_taken_for_none),
		SIM_RUN(truncated_answer_is_asked_again_over_tcp),
		SIM_RUN(name_without_room_for_the_prefix_has_no_records),
		SIM_RUN(alias_is_proven_by_its_own_record_wherever_it_leads),
		SIM_RUN(alias_that_cannot_be_looked_up_is_unknown),
		SIM_RUN(answer_without_proof_is_followed_by_the_probe_once),
		SIM_RUN(probe_without_proof_raises_doubts_once),
		SIM_RUN(probe_that_fails_raises_doubts),
		SIM_RUN(proven_absence_answers_the_probe),
		SIM_RUN(nothing_is_probed_after_any_proof),
		SIM_RUN(failed_question_is_probed_after_and_keeps_its_fault),
		SIM_RUN(silent_server_is_not_probed),
		SIM_RUN(answer_survives_the_probe_that_follows_it),
		SIM_RUN(nothing_is_probed_where_nothing_need_be_secure),
		SIM_RUN(empty_probe_is_never_sent),
		SIM_RUN(probe_that_makes_no_sense_is_told_and_not_sent),
	};

	return sim_main(tests, COUNT(tests));
}
