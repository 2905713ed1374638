/*
 * dns_ask_test.c - one question: servers, time, belief, aliases.
 */
#include <string.h>

#include "../sim/sim.h"
#include "dns.h"

#define LOOPBACK	"127.0.0.1:53"
#define FIRST		"192.0.2.53:53"
#define ANOTHER		"192.0.2.54:53"

static struct dns dns;
static struct arena arena;
static char memory[65536];
static struct dns_answer answer;

static void
use_conf(const char *text)
{
	sim_file("/etc/resolv.conf", text);
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(dns_open(&dns), RC_OK);
}

static void
use_two_servers(const char *options)
{
	char text[200];
	struct buf b = BUF(text);

	sim_name_server(FIRST);
	sim_name_server(ANOTHER);
	buf_fmt(&b, "nameserver 192.0.2.53\nnameserver 192.0.2.54\n%s\n",
	    options);
	use_conf(buf_text(&b));
}

static enum rc
ask(const char *name, enum dns_type type)
{
	dns.until = port_now() + 5 * MINUTE;
	return dns_ask(&dns, &arena, span_of(name), type, &answer);
}

static void
assert_address(const char *ip)
{
	char text[IP_TEXT_MAX];
	struct buf b = BUF(text);

	assert_int_equal(answer.n, 1);
	ip_put(&b, &answer.record[0].ip);
	assert_string_equal(buf_text(&b), ip);
}

/* Nothing was learned: neither an answer, nor that there is none. */
static void
assert_later(enum rc rc)
{
	if (rc == RC_OK || rc == RC_NONE || rc == RC_DENY)
		sim_fail("result %d is certain", rc);
}

/* ---- the hook: what a test makes of answers ----------------------------- */

static void
drop_edns(struct sim_question *q, void *arg)
{
	(void)arg;
	q->drop = q->edns;
}

/* ---- tests -------------------------------------------------------------- */

SIM_TEST(answer_comes_over_udp_to_a_question_with_edns)
{
	sim_zone("a.example A 192.0.2.1");
	use_conf("nameserver 127.0.0.1\n");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
	assert_string_equal(sim_questions(), LOOPBACK " udp a.example A\n");
	assert_int_equal(sim_open_fds(), 0);
}

static void
note_question(struct sim_question *q, void *arg)
{
	struct sim_question *copy = arg;

	*copy = *q;
}

SIM_TEST(question_has_edns_and_asks_for_recursion)
{
	static struct sim_question seen;

	sim_dns_hook(note_question, &seen);
	sim_zone("a.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask("A.Example", DNS_A), RC_OK);
	assert_true(seen.rd);
	assert_true(seen.edns);
	assert_false(seen.ad);
	assert_false(seen.dnssec_ok);
	assert_int_equal(seen.udp_bytes, DNS_UDP_MAX);
	assert_string_equal(seen.name, "A.Example");
}

SIM_TEST(secure_question_has_do_and_ad)
{
	static struct sim_question seen;

	sim_dns_hook(note_question, &seen);
	sim_zone("a.example A 192.0.2.1");
	use_conf("");
	dns.want_secure = true;
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_true(seen.ad);
	assert_true(seen.dnssec_ok);
}

static void
note_ids(struct sim_question *q, void *arg)
{
	uint16_t *ids = arg;

	ids[q->number] = q->id;
}

SIM_TEST(every_question_has_an_id_of_its_own)
{
	uint16_t ids[8];
	unsigned same = 0;

	sim_dns_hook(note_ids, ids);
	use_conf("");
	for (int i = 0; i < 8; i++)
		(void)ask("a.example", DNS_A);
	for (int i = 1; i < 8; i++)
		same += ids[i] == ids[i - 1] || ids[i] == ids[i - 1] + 1;
	assert_true(same < 3);
}

SIM_TEST(truncated_answer_is_asked_again_over_tcp)
{
	sim_zone("big.example TRUNCATED\nbig.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask("big.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
	assert_string_equal(sim_questions(),
	    LOOPBACK " udp big.example A\n"
	    LOOPBACK " tcp big.example A\n");
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(tcp_answer_may_come_octet_by_octet)
{
	sim_zone("big.example TRUNCATED\nbig.example A 192.0.2.1");
	sim_chop(1);
	use_conf("");
	assert_int_equal(ask("big.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
}

SIM_TEST(use_vc_asks_over_tcp_alone)
{
	sim_zone("a.example A 192.0.2.1");
	use_conf("options use-vc\n");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_string_equal(sim_questions(), LOOPBACK " tcp a.example A\n");
}

SIM_TEST(use_vc_works_with_a_server_that_refuses_edns)
{
	sim_zone("a.example A 192.0.2.1\na.example NOEDNS");
	use_conf("options use-vc\n");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
}

/* ---- lies --------------------------------------------------------------- */

/* A lie: the question's answer with evil data; `what` is made different. */
enum lie { LIE_ID, LIE_NAME, LIE_TYPE, LIE_CLASS, LIE_QUERY, LIE_COUNT };

static void
lie_first(struct sim_question *q, void *arg)
{
	static const unsigned char evil[] = { 203, 0, 113, 66 };
	enum lie what = *(enum lie *)arg;
	struct sim_message *m = sim_dns_message();

	m->n = 0;
	sim_dns_head(m, (uint16_t)(q->id ^ (what == LIE_ID)),
	    what == LIE_QUERY ? 0x0180 : 0x8180,
	    what == LIE_COUNT ? 2 : 1, 1, 0, 0);
	sim_dns_ask(m, what == LIE_NAME ? "xa.example" : "a.example",
	    what == LIE_TYPE ? DNS_TXT : DNS_A);
	if (what == LIE_CLASS)
		m->p[m->n - 1] = 3;
	sim_dns_record(m, "a.example", DNS_A, evil, sizeof(evil));
	sim_dns_send(m->p, m->n, 0);
	q->delay = 100;
}

static void
assert_lie_is_ignored(enum lie what)
{
	sim_dns_hook(lie_first, &what);
	sim_zone("a.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(answer_with_another_id_is_ignored)
{
	assert_lie_is_ignored(LIE_ID);
}

SIM_TEST(answer_to_another_name_is_ignored)
{
	assert_lie_is_ignored(LIE_NAME);
}

SIM_TEST(answer_to_another_type_is_ignored)
{
	assert_lie_is_ignored(LIE_TYPE);
}

SIM_TEST(answer_to_another_class_is_ignored)
{
	assert_lie_is_ignored(LIE_CLASS);
}

SIM_TEST(question_that_comes_back_is_ignored)
{
	assert_lie_is_ignored(LIE_QUERY);
}

SIM_TEST(answer_to_two_questions_is_ignored)
{
	assert_lie_is_ignored(LIE_COUNT);
}

static void
lie_for_ever(struct sim_question *q, void *arg)
{
	enum lie id = LIE_ID;

	(void)arg;
	for (ms_t t = 0; t < 10 * SECOND; t += 10) {
		lie_first(q, &id);
		sim_dns_send(sim_dns_message()->p, sim_dns_message()->n, t);
	}
	q->drop = true;
}

SIM_TEST(flood_of_lies_ends_in_time)
{
	ms_t begun;

	sim_dns_hook(lie_for_ever, NULL);
	use_conf("options timeout:2 attempts:1\n");
	begun = port_now();
	assert_int_equal(ask("a.example", DNS_A), RC_TIME);
	assert_true(port_now() - begun <= 2 * SECOND + 20);
	assert_int_equal(dns.fault, DNS_SILENT);
}

/* ---- EDNS0 -------------------------------------------------------------- */

SIM_TEST(server_that_refuses_edns_is_asked_without_at_once)
{
	sim_zone("a.example A 192.0.2.1\na.example NOEDNS");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
	assert_int_equal(port_now(), SIM_START);
	assert_int_equal(sim_question_count(), 2);
	/* And that is remembered. */
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(sim_question_count(), 3);
}

static void
answer_edns_with_a_bare_header(struct sim_question *q, void *arg)
{
	(void)arg;
	if (!q->edns)
		return;
	memset(q->answer + 2, 0, 10);
	q->answer[2] = 0x80;
	q->answer[3] = 1;
	q->answer_n = 12;
}

SIM_TEST(edns_may_be_refused_by_a_bare_header)
{
	sim_dns_hook(answer_edns_with_a_bare_header, NULL);
	sim_zone("a.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
}

SIM_TEST(server_that_drops_edns_is_asked_without_after_a_while)
{
	sim_dns_hook(drop_edns, NULL);
	sim_zone("a.example A 192.0.2.1");
	use_conf("options timeout:4 attempts:1\n");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(port_now(), SIM_START + 2 * SECOND);
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(port_now(), SIM_START + 2 * SECOND);
}

static void
delay_edns_and_drop_others(struct sim_question *q, void *arg)
{
	(void)arg;
	q->drop = !q->edns;
	q->delay = 3 * SECOND;
}

SIM_TEST(slow_answer_to_the_first_form_still_counts)
{
	sim_dns_hook(delay_edns_and_drop_others, NULL);
	sim_zone("a.example A 192.0.2.1");
	use_conf("options timeout:4 attempts:1\n");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
}

SIM_TEST(security_survives_a_server_that_drops_edns)
{
	sim_dns_hook(drop_edns, NULL);
	sim_zone("a.example A 192.0.2.1 secure");
	use_conf("");
	dns.want_secure = true;
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_true(answer.is_secure);
}

/* ---- several servers ---------------------------------------------------- */

static void
first_says(struct sim_question *q, void *arg)
{
	if (strcmp(q->server, FIRST) == 0)
		q->answer[3] = (unsigned char)((q->answer[3] & 0xF0)
		    | *(int *)arg);
}

static void
assert_second_is_asked(int rcode)
{
	sim_dns_hook(first_says, &rcode);
	sim_zone("a.example A 192.0.2.1");
	use_two_servers("");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
	assert_int_equal(port_now(), SIM_START);
}

SIM_TEST(server_that_fails_is_left_for_the_next)
{
	assert_second_is_asked(2);
}

SIM_TEST(server_that_refuses_is_left_for_the_next)
{
	assert_second_is_asked(5);
}

SIM_TEST(server_that_does_not_implement_is_left_for_the_next)
{
	assert_second_is_asked(4);
}

static void
first_refers(struct sim_question *q, void *arg)
{
	(void)arg;
	if (strcmp(q->server, FIRST) != 0)
		return;
	q->answer[2] &= 0xFB;		/* not authoritative */
	q->answer[3] &= 0x7F;		/* no recursion here */
	memset(q->answer + 6, 0, 2);
}

SIM_TEST(server_that_only_refers_is_left_for_the_next)
{
	sim_dns_hook(first_refers, NULL);
	sim_zone("a.example A 192.0.2.1");
	use_two_servers("");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
}

SIM_TEST(server_that_is_not_there_is_left_at_once)
{
	sim_zone("a.example A 192.0.2.1");
	use_two_servers("");
	sim_name_server_state(FIRST, SIM_NS_UNREACHABLE);
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(port_now(), SIM_START);
}

SIM_TEST(nobody_there_is_found_out_at_once)
{
	use_two_servers("");
	sim_name_server_state(FIRST, SIM_NS_UNREACHABLE);
	sim_name_server_state(ANOTHER, SIM_NS_UNREACHABLE);
	assert_later(ask("a.example", DNS_A));
	assert_int_equal(dns.fault, DNS_SILENT);
	assert_int_equal(port_now(), SIM_START);
}

SIM_TEST(silent_server_costs_one_try)
{
	sim_zone("a.example A 192.0.2.1");
	use_two_servers("options timeout:3\n");
	sim_name_server_state(FIRST, SIM_NS_SILENT);
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(port_now(), SIM_START + 3 * SECOND);
}

SIM_TEST(silence_lasts_timeout_by_attempts_by_servers)
{
	use_two_servers("options timeout:3 attempts:2\n");
	sim_name_server_state(FIRST, SIM_NS_SILENT);
	sim_name_server_state(ANOTHER, SIM_NS_SILENT);
	assert_int_equal(ask("a.example", DNS_A), RC_TIME);
	assert_int_equal(dns.fault, DNS_SILENT);
	assert_int_equal(port_now(), SIM_START + 12 * SECOND);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(callers_deadline_is_stronger_than_the_settings)
{
	use_conf("options timeout:30 attempts:5\n");
	sim_name_server_state(LOOPBACK, SIM_NS_SILENT);
	dns.until = port_now() + 7 * SECOND;
	assert_int_equal(dns_ask(&dns, &arena, SPAN("a.example"), DNS_A,
	    &answer), RC_TIME);
	assert_int_equal(port_now(), SIM_START + 7 * SECOND);
}

SIM_TEST(deadline_that_has_passed_asks_nobody)
{
	use_conf("");
	dns.until = port_now();
	assert_int_equal(dns_ask(&dns, &arena, SPAN("a.example"), DNS_A,
	    &answer), RC_TIME);
	assert_int_equal(sim_question_count(), 0);
}

SIM_TEST(rotate_begins_with_another_server_each_time)
{
	sim_zone("a.example A 192.0.2.1");
	use_two_servers("options rotate\n");
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_string_equal(sim_questions(),
	    FIRST " udp a.example A\n"
	    ANOTHER " udp a.example A\n"
	    FIRST " udp a.example A\n");
}

SIM_TEST(name_error_is_an_answer)
{
	int nxdomain = 3;

	sim_dns_hook(first_says, &nxdomain);
	sim_zone("a.example A 192.0.2.1");
	use_two_servers("");
	assert_int_equal(ask("a.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(format_error_without_edns_is_an_answer)
{
	sim_zone("a.example FORMERR");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_BAD_QUESTION);
}

SIM_TEST(failure_of_all_servers_is_for_later)
{
	sim_zone("s.example SERVFAIL\nr.example REFUSED\nn.example NOTIMP");
	use_two_servers("");
	assert_later(ask("s.example", DNS_A));
	assert_int_equal(dns.fault, DNS_SERVER_FAILED);
	assert_later(ask("r.example", DNS_A));
	assert_int_equal(dns.fault, DNS_SERVER_FAILED);
	assert_later(ask("n.example", DNS_A));
	assert_int_equal(dns.fault, DNS_SERVER_FAILED);
	assert_int_equal(port_now(), SIM_START);
}

SIM_TEST(server_that_failed_is_not_asked_again)
{
	sim_zone("s.example SERVFAIL");
	use_two_servers("options attempts:5 no-edns0\n");
	assert_later(ask("s.example", DNS_A));
	assert_string_equal(sim_questions(),
	    FIRST " udp s.example A\n"
	    ANOTHER " udp s.example A\n");
}

SIM_TEST(name_without_the_type_is_told_from_no_name)
{
	sim_zone("a.example NODATA");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_NONE);
	assert_int_equal(dns.fault, DNS_NO_DATA);
	assert_int_equal(ask("b.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
	assert_string_equal(dns.fault_name, "b.example");
}

/* ---- TCP ---------------------------------------------------------------- */

static void
drip_over_tcp(struct sim_conn *c, void *arg)
{
	(void)arg;
	sim_drip(c, MINUTE);
	sim_put(c, "\0\100", 2);
	for (int i = 0; i < 64; i++)
		sim_put(c, "x", 1);
}

static size_t
take_all(struct sim_conn *c, struct span bytes, void *arg)
{
	(void)c;
	(void)arg;
	return bytes.n;
}

SIM_TEST(server_that_sends_an_octet_a_minute_is_left_in_time)
{
	static const struct sim_service drip = {
		.open = drip_over_tcp, .data = take_all
	};

	sim_serve("192.0.2.55:53", &drip, NULL);
	use_conf("nameserver 192.0.2.55\n"
	    "options use-vc timeout:5 attempts:1\n");
	assert_int_equal(ask("a.example", DNS_A), RC_TIME);
	assert_int_equal(port_now(), SIM_START + 5 * SECOND);
	assert_int_equal(sim_open_fds(), 0);
}

static void
change_tcp(struct sim_question *q, void *arg)
{
	const int *lengths = arg;

	if (!q->tcp)
		return;
	q->tcp_length = lengths[0];
	if (lengths[1] >= 0)
		q->tcp_cut = (size_t)lengths[1];
}

static void
assert_tcp_is_for_later(int length, int cut)
{
	int lengths[2] = { length, cut };

	sim_begin();
	sim_note("length %d, cut at %d", length, cut);
	sim_dns_hook(change_tcp, lengths);
	sim_zone("big.example TRUNCATED\nbig.example A 192.0.2.1");
	use_conf("options timeout:1 attempts:1\n");
	assert_later(ask("big.example", DNS_A));
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(tcp_answer_cut_at_every_octet_is_for_later)
{
	for (int cut = 0; cut < 45; cut++)
		assert_tcp_is_for_later(-1, cut);
}

SIM_TEST(tcp_length_that_lies_is_for_later)
{
	assert_tcp_is_for_later(0, -1);
	assert_tcp_is_for_later(11, -1);
	assert_tcp_is_for_later(20, -1);
	assert_tcp_is_for_later(65535, -1);
}

/* ---- whom to believe that it is secure ---------------------------------- */

static bool
is_secure_with(const char *server, const char *conf)
{
	sim_name_server(server);
	sim_zone("a.example A 192.0.2.1 secure");
	use_conf(conf);
	dns.want_secure = true;
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	return answer.is_secure;
}

SIM_TEST(loopback_server_is_believed)
{
	assert_true(is_secure_with(LOOPBACK, "nameserver 127.0.0.1\n"));
}

SIM_TEST(distant_server_is_not_believed)
{
	assert_false(is_secure_with(FIRST, "nameserver 192.0.2.53\n"));
}

SIM_TEST(distant_server_is_believed_with_trust_ad)
{
	assert_true(is_secure_with(FIRST,
	    "nameserver 192.0.2.53\noptions trust-ad\n"));
}

SIM_TEST(nothing_is_secure_that_was_not_asked_for)
{
	sim_zone("a.example A 192.0.2.1 secure");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_false(answer.is_secure);
}

static void
set_ad(struct sim_question *q, void *arg)
{
	(void)arg;
	q->answer[3] |= 0x20;
}

SIM_TEST(failure_is_never_secure)
{
	sim_zone("sick.example SERVFAIL");
	use_conf("options timeout:1 attempts:1\n");
	dns.want_secure = true;
	assert_later(ask("sick.example", DNS_A));
	assert_false(answer.is_secure);
	assert_int_equal(ask("a..b", DNS_A), RC_DENY);
	assert_false(answer.is_secure);
	sim_name_server_state(LOOPBACK, SIM_NS_SILENT);
	assert_later(ask("a.example", DNS_A));
	assert_false(answer.is_secure);
}

SIM_TEST(absence_may_be_proven)
{
	sim_dns_hook(set_ad, NULL);
	sim_zone("a.example NODATA");
	use_conf("");
	dns.want_secure = true;
	assert_int_equal(ask("a.example", DNS_TLSA), RC_NONE);
	assert_true(answer.is_secure);
	assert_int_equal(ask("b.example", DNS_TLSA), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
	assert_true(answer.is_secure);
}

static void
clear_ad_of_first(struct sim_question *q, void *arg)
{
	(void)arg;
	if (q->number == 0)
		q->answer[3] &= 0xDF;
	else
		q->answer[3] |= 0x20;
}

/* Keeps the first record of an answer: one alias at a time. */
static void
keep_first_record(struct sim_question *q, void *arg)
{
	(void)arg;
	if (q->answer[7] > 1)
		q->answer[7] = 1;
}

static void
one_by_one_and_first_insecure(struct sim_question *q, void *arg)
{
	keep_first_record(q, arg);
	clear_ad_of_first(q, arg);
}

SIM_TEST(every_answer_on_the_way_must_be_secure)
{
	sim_dns_hook(one_by_one_and_first_insecure, NULL);
	sim_zone("a.example CNAME b.example\nb.example A 192.0.2.1");
	use_conf("");
	dns.want_secure = true;
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(sim_question_count(), 2);
	assert_true(answer.is_alias);
	assert_false(answer.is_secure);
}

/* ---- aliases ------------------------------------------------------------ */

/* c0.example is an alias of c1 and so on; the last one has an address. */
static void
chain(unsigned aliases)
{
	char text[100];

	for (unsigned i = 0; i < aliases; i++) {
		struct buf b = BUF(text);

		buf_fmt(&b, "c%u.example CNAME c%u.example", i, i + 1);
		sim_zone(buf_text(&b));
	}
	{
		struct buf b = BUF(text);

		buf_fmt(&b, "c%u.example A 192.0.2.1", aliases);
		sim_zone(buf_text(&b));
	}
}

SIM_TEST(nine_aliases_one_by_one_are_followed)
{
	sim_dns_hook(keep_first_record, NULL);
	chain(9);
	use_conf("");
	assert_int_equal(ask("c0.example", DNS_A), RC_OK);
	assert_address("192.0.2.1");
	assert_true(answer.is_alias);
	assert_true(span_is(answer.canonical, "c9.example"));
	assert_int_equal(sim_question_count(), 10);
}

SIM_TEST(ten_aliases_one_by_one_are_too_many)
{
	sim_dns_hook(keep_first_record, NULL);
	chain(10);
	use_conf("");
	assert_int_equal(ask("c0.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_ALIAS_LOOP);
	assert_string_equal(dns.fault_name, "c0.example");
	assert_int_equal(sim_question_count(), 10);
}

/* A whole chain in one answer, the last alias first. */
static void
answer_with_chain(struct sim_question *q, void *arg)
{
	static const unsigned char ip[] = { 192, 0, 2, 7 };
	unsigned aliases = *(unsigned *)arg;
	struct sim_message *m = sim_dns_message();
	char owner[20], target[30];

	m->n = 0;
	sim_dns_head(m, q->id, 0x8180, 1, aliases + 1, 0, 0);
	sim_dns_ask(m, q->name, q->type);
	for (unsigned i = aliases + 1; i-- > 0;) {
		struct buf o = BUF(owner), t = BUF(target);
		struct sim_message name;

		buf_fmt(&o, "c%u.example", i);
		buf_fmt(&t, "C%u.example", i + 1);
		name.n = 0;
		sim_dns_name(&name, buf_text(&t));
		if (i == aliases)
			sim_dns_record(m, buf_text(&o), DNS_A, ip, 4);
		else
			sim_dns_record(m, buf_text(&o), DNS_CNAME, name.p,
			    name.n);
	}
	sim_dns_use(q, m);
}

SIM_TEST(chain_in_one_answer_may_be_in_any_order)
{
	unsigned aliases = DNS_ALIASES_MAX;

	sim_dns_hook(answer_with_chain, &aliases);
	use_conf("");
	assert_int_equal(ask("c0.example", DNS_A), RC_OK);
	assert_address("192.0.2.7");
	assert_true(span_is(answer.canonical, "C16.example"));
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(chain_in_one_answer_has_a_bound)
{
	unsigned aliases = DNS_ALIASES_MAX + 1;

	sim_dns_hook(answer_with_chain, &aliases);
	use_conf("");
	assert_int_equal(ask("c0.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_ALIAS_LOOP);
}

static void
answer_with_loop(struct sim_question *q, void *arg)
{
	struct sim_message *m = sim_dns_message();

	(void)arg;
	m->n = 0;
	sim_dns_head(m, q->id, 0x8180, 1, 2, 0, 0);
	sim_dns_ask(m, q->name, q->type);
	sim_dns_record(m, "a.example", DNS_CNAME, "\1b\7example", 11);
	sim_dns_record(m, "b.example", DNS_CNAME, "\1a\7example", 11);
	sim_dns_use(q, m);
}

SIM_TEST(aliases_that_go_round_are_given_up)
{
	sim_dns_hook(answer_with_loop, NULL);
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_ALIAS_LOOP);
}

SIM_TEST(alias_of_nothing_is_no_name)
{
	sim_zone("a.example CNAME b.example");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
	assert_string_equal(dns.fault_name, "a.example");
}

SIM_TEST(alias_asked_for_is_not_followed)
{
	sim_zone("a.example CNAME b.example\nb.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_CNAME), RC_OK);
	assert_int_equal(answer.n, 1);
	assert_true(span_is(answer.record[0].name, "b.example"));
	assert_false(answer.is_alias);
}

static void
answer_with_odd_alias(struct sim_question *q, void *arg)
{
	struct sim_message *m = sim_dns_message();

	(void)arg;
	m->n = 0;
	sim_dns_head(m, q->id, 0x8180, 1, 1, 0, 0);
	sim_dns_ask(m, q->name, q->type);
	sim_dns_record(m, "a.example", DNS_CNAME, "\3b.c\7example", 13);
	sim_dns_use(q, m);
}

SIM_TEST(alias_of_what_is_no_host_name_is_not_followed)
{
	sim_dns_hook(answer_with_odd_alias, NULL);
	sim_zone("b.c.example A 192.0.2.1");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_BAD_RECORDS);
	assert_int_equal(sim_question_count(), 1);
}

/* ---- records ------------------------------------------------------------ */

struct raw {
	const char *owner;
	unsigned type;
	const char *data;
	size_t n;
	unsigned class;
};

/* Answers with the records of an array of struct raw; owner NULL ends it. */
static void
answer_with_records(struct sim_question *q, void *arg)
{
	const struct raw *r = arg;
	struct sim_message *m = sim_dns_message();
	unsigned n = 0;

	while (r[n].owner != NULL)
		n++;
	m->n = 0;
	sim_dns_head(m, q->id, 0x8180, 1, n, 0, 0);
	sim_dns_ask(m, q->name, q->type);
	for (; r->owner != NULL; r++) {
		sim_dns_record(m, r->owner, r->type, r->data, r->n);
		if (r->class != 0)
			m->p[m->n - r->n - 7] = (unsigned char)r->class;
	}
	sim_dns_use(q, m);
}

static enum rc
ask_for_records(const struct raw *r, enum dns_type type)
{
	struct raw copy[8];

	memcpy(copy, r, sizeof(copy));
	sim_dns_hook(answer_with_records, copy);
	use_conf("");
	return ask("a.example", type);
}

SIM_TEST(records_of_other_names_are_left_out)
{
	static const struct raw r[8] = {
		{ "b.example", DNS_A, "\1\1\1\1", 4, 0 },
		{ "A.EXAMPLE", DNS_A, "\2\2\2\2", 4, 0 },
		{ "x.a.example", DNS_A, "\3\3\3\3", 4, 0 }
	};

	assert_int_equal(ask_for_records(r, DNS_A), RC_OK);
	assert_address("2.2.2.2");
}

SIM_TEST(records_of_other_names_alone_prove_nothing)
{
	static const struct raw r[8] = {
		{ "b.example", DNS_A, "\1\1\1\1", 4, 0 }
	};

	assert_later(ask_for_records(r, DNS_A));
	assert_int_equal(dns.fault, DNS_BROKEN);
}

SIM_TEST(records_of_other_types_mean_no_data)
{
	static const struct raw r[8] = {
		{ "a.example", DNS_TXT, "\1x", 2, 0 },
		{ "a.example", 46, "xxxx", 4, 0 }
	};

	assert_int_equal(ask_for_records(r, DNS_A), RC_NONE);
}

SIM_TEST(records_of_another_class_are_left_out)
{
	static const struct raw r[8] = {
		{ "a.example", DNS_A, "\1\1\1\1", 4, 3 },
		{ "a.example", DNS_A, "\2\2\2\2", 4, 0 }
	};

	assert_int_equal(ask_for_records(r, DNS_A), RC_OK);
	assert_address("2.2.2.2");
}

SIM_TEST(malformed_record_does_not_spoil_the_others)
{
	static const struct raw r[8] = {
		{ "a.example", DNS_A, "\1\1\1", 3, 0 },
		{ "a.example", DNS_A, "\2\2\2\2", 4, 0 },
		{ "a.example", DNS_A, "\3\3\3\3\3", 5, 0 },
		{ "a.example", DNS_A, "", 0, 0 }
	};

	assert_int_equal(ask_for_records(r, DNS_A), RC_OK);
	assert_address("2.2.2.2");
}

SIM_TEST(malformed_records_alone_are_for_later)
{
	static const struct raw mx[8] = {
		{ "a.example", DNS_MX, "\0\1", 2, 0 },
		{ "a.example", DNS_MX, "\0", 1, 0 },
		{ "a.example", DNS_MX, "", 0, 0 },
		{ "a.example", DNS_MX, "\0\1\3abc", 6, 0 },
		{ "a.example", DNS_MX, "\0\1\0\0", 4, 0 },
		{ "a.example", DNS_MX, "\0\1\300\377", 4, 0 }
	};
	static const struct raw srv[8] = {
		{ "a.example", DNS_SRV, "\0\1\0\1\0\1", 6, 0 },
		{ "a.example", DNS_SRV, "\0\1\0\1\0", 5, 0 }
	};

	assert_later(ask_for_records(mx, DNS_MX));
	assert_int_equal(dns.fault, DNS_BROKEN);
	assert_later(ask_for_records(srv, DNS_SRV));
	assert_int_equal(dns.fault, DNS_BROKEN);
}

SIM_TEST(mx_records_keep_order_preference_and_letters)
{
	sim_zone("a.example MX 20 MX2.Example\na.example MX 10 mx1.example");
	use_conf("");
	assert_int_equal(ask("a.example", DNS_MX), RC_OK);
	assert_int_equal(answer.n, 2);
	assert_int_equal(answer.record[0].preference, 20);
	assert_true(span_is(answer.record[0].name, "MX2.Example"));
	assert_int_equal(answer.record[1].preference, 10);
	assert_int_equal(answer.record[1].ttl_s, 300);
}

SIM_TEST(srv_records_have_all_their_numbers)
{
	sim_zone("_s._tcp.example SRV 1 2 2525 mx.example");
	use_conf("");
	assert_int_equal(ask("_s._tcp.example", DNS_SRV), RC_OK);
	assert_int_equal(answer.record[0].preference, 1);
	assert_int_equal(answer.record[0].weight, 2);
	assert_int_equal(answer.record[0].port, 2525);
	assert_true(span_is(answer.record[0].name, "mx.example"));
}

SIM_TEST(tlsa_and_text_records_come_as_they_are)
{
	sim_zone("_25._tcp.mx.example TLSA 3 1 1 00ff10\nt.example TXT abc");
	use_conf("");
	assert_int_equal(ask("_25._tcp.mx.example", DNS_TLSA), RC_OK);
	assert_int_equal(answer.record[0].data.n, 6);
	assert_memory_equal(answer.record[0].data.p, "\3\1\1\0\377\20", 6);
	assert_int_equal(ask("t.example", DNS_TXT), RC_OK);
	assert_int_equal(answer.record[0].data.n, 4);
	assert_memory_equal(answer.record[0].data.p, "\3abc", 4);
}

SIM_TEST(empty_record_data_are_no_accident)
{
	static const struct raw r[8] = {
		{ "a.example", DNS_TLSA, "", 0, 0 }
	};

	assert_int_equal(ask_for_records(r, DNS_TLSA), RC_OK);
	assert_int_equal(answer.record[0].data.n, 0);
}

/* An address for each of `n` records. */
static void
answer_with_many(struct sim_question *q, void *arg)
{
	unsigned n = *(unsigned *)arg;
	struct sim_message *m = sim_dns_message();

	m->n = 0;
	sim_dns_head(m, q->id, 0x8180, 1, n, 0, 0);
	sim_dns_ask(m, q->name, q->type);
	for (unsigned i = 0; i < n; i++)
		sim_dns_record(m, "a.example", DNS_A, "\1\2\3\4", 4);
	sim_dns_use(q, m);
}

SIM_TEST(list_of_records_has_a_bound)
{
	unsigned n = 1000;

	sim_dns_hook(answer_with_many, &n);
	use_conf("options use-vc\n");
	assert_int_equal(ask("a.example", DNS_A), RC_OK);
	assert_int_equal(answer.n, DNS_RECORDS_MAX);
}

SIM_TEST(names_that_cannot_be_asked_for_are_refused)
{
	char label[80], name[300];

	memset(label, 'a', 64);
	strcpy(label + 64, ".x");
	use_conf("");
	assert_int_equal(ask(label, DNS_A), RC_DENY);
	assert_int_equal(ask("a..b", DNS_A), RC_DENY);
	assert_int_equal(ask(".a", DNS_A), RC_DENY);
	assert_int_equal(ask("a.", DNS_A), RC_DENY);
	memset(name, 'a', sizeof(name));
	for (int i = 50; i < 254; i += 51)
		name[i] = '.';
	name[254] = '\0';
	assert_int_equal(ask(name, DNS_A), RC_DENY);
	assert_int_equal(sim_question_count(), 0);
	name[253] = '\0';
	assert_int_equal(ask(name, DNS_A), RC_DENY);
	assert_int_equal(dns.fault, DNS_NO_NAME);
	assert_int_equal(sim_question_count(), 1);
}

SIM_TEST(root_can_be_asked_for)
{
	static struct sim_question seen;

	sim_dns_hook(note_question, &seen);
	use_conf("");
	(void)ask(".", DNS_NS);
	assert_int_equal(sim_question_count(), 1);
	assert_string_equal(seen.name, "");
}

/* ---- nothing left to chance --------------------------------------------- */

struct cut {
	size_t at;
	size_t whole;	/* length without the additional section */
};

static void
cut_answer(struct sim_question *q, void *arg)
{
	struct cut *cut = arg;

	if (q->edns)
		cut->whole = q->answer_n - 11;	/* an OPT record */
	if (cut->at < q->answer_n)
		q->answer_n = cut->at;
}

SIM_TEST(answer_cut_at_every_octet_is_for_later)
{
	struct cut cut = { 0, 1 };

	for (cut.at = 0; cut.at < cut.whole; cut.at++) {
		enum rc rc;

		sim_begin();
		sim_note("cut at %zu", cut.at);
		sim_dns_hook(cut_answer, &cut);
		sim_zone("a.example CNAME b.example\n"
		    "b.example MX 10 mx.b.example\n"
		    "b.example MX 20 mx2.b.example");
		use_conf("options timeout:1 attempts:1\n");
		rc = ask("a.example", DNS_MX);
		assert_later(rc);
		assert_int_equal(sim_open_fds(), 0);
	}
	assert_true(cut.whole > 80);
}

/* Any octets behind a header and question that are right. */
static void
answer_with_junk(struct sim_question *q, void *arg)
{
	const size_t *n = arg;

	memcpy(q->answer, q->bytes, 12);
	q->answer[2] = 0x80;
	q->answer[3] = 0x80;
	memset(q->answer + 6, 0xff, 6);
	q->answer_n = 12 + 11 + 4;
	memcpy(q->answer + 12, q->bytes + 12, q->answer_n - 12);
	while (q->answer_n < *n)
		q->answer[q->answer_n++] = (unsigned char)
		    (sim_random(3) == 0 ? 0xC0 : sim_random(256));
}

SIM_TEST(junk_of_any_length_is_for_later)
{
	for (size_t n = 27; n <= 65535; n = n * 5 / 4 + 1) {
		size_t all = n * 5 / 4 + 1 > 65535 ? 65535 : n;

		sim_dns_hook(answer_with_junk, &all);
		use_conf("options use-vc timeout:1 attempts:1\n");
		assert_later(ask("a.example", DNS_A));
	}
	assert_int_equal(sim_open_fds(), 0);
}

/* Names that point to themselves, forwards, at each other, past the end. */
SIM_TEST(compression_loops_come_to_an_end)
{
	static const struct {
		size_t n;
		const char *bytes;
	} tails[] = {
		{ 2, "\300\62" },			/* itself, at 50 */
		{ 2, "\300\64" },			/* forwards */
		{ 4, "\300\64\300\62" },		/* each other */
		{ 3, "\1a\300" },			/* half a pointer */
		{ 4, "\1a\300\62" },			/* its own beginning */
		{ 2, "\377\377" },			/* past the end */
		{ 2, "\300\0" },			/* the header */
		{ 2, "\100\0" },			/* a reserved kind */
		{ 2, "\200\0" },
		{ 2, "\77a" }			/* a label past the end */
	};

	for (size_t i = 0; i < COUNT(tails); i++) {
		struct raw r[2] = { { "a.example", DNS_MX, NULL, 0, 0 } };
		char data[8] = { 0, 10 };

		sim_begin();
		sim_note("tail %zu", i);
		memcpy(data + 2, tails[i].bytes, tails[i].n);
		r[0].data = data;
		r[0].n = tails[i].n + 2;
		sim_dns_hook(answer_with_records, r);
		use_conf("options timeout:1 attempts:1\n");
		assert_later(ask("a.example", DNS_MX));
	}
}

/* RFC 1035, 4.1.4: a pointer is to a prior occurrence. */
SIM_TEST(pointer_to_a_later_name_is_refused)
{
	static const struct raw r[8] = {
		{ "a.example", DNS_MX, "\0\12\300\111", 4, 0 },
		{ "a.example", DNS_TXT, "\2mx\0", 4, 0 }	/* data at 73 */
	};

	assert_later(ask_for_records(r, DNS_MX));
	assert_int_equal(dns.fault, DNS_BROKEN);
}

static void
damage(struct sim_question *q, void *arg)
{
	(void)arg;
	for (unsigned n = 1 + sim_random(4); n > 0; n--)
		q->answer[2 + sim_random((unsigned)q->answer_n - 2)] =
		    (unsigned char)sim_random(256);
}

SIM_TEST(damaged_answers_do_no_harm)
{
	sim_dns_hook(damage, NULL);
	sim_zone("a.example CNAME b.example\nb.example MX 10 mx.example\n"
	    "b.example MX 20 .\nb.example A 192.0.2.1");
	use_conf("options timeout:1 attempts:1\n");
	for (int i = 0; i < 2000; i++) {
		arena_empty(&arena);
		(void)ask("a.example", i % 2 == 0 ? DNS_MX : DNS_A);
	}
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(any_failing_call_is_for_later)
{
	uint64_t calls = 1;

	for (uint64_t i = 1; i <= calls; i++) {
		enum rc rc;

		sim_begin();
		sim_note("call %u", (unsigned)i);
		sim_zone("big.example TRUNCATED\nbig.example A 192.0.2.1");
		use_conf("options timeout:1 attempts:1\n");
		sim_fail_at(sim_fallible() + i);
		rc = ask("big.example", DNS_A);
		if (sim_failed_call() == NULL)
			return;
		calls++;
		if (rc != RC_OK)
			assert_later(rc);
		assert_int_equal(sim_open_fds(), 0);
	}
}

SIM_TEST(full_arena_is_told)
{
	sim_zone("a.example MX 10 mx.example");
	use_conf("");
	for (size_t n = 0; n < 4096; n += 16) {
		enum rc rc;

		arena_init(&arena, memory, n);
		rc = ask("a.example", DNS_MX);
		if (rc == RC_OK)
			return;
		assert_int_equal(rc, RC_FULL);
	}
	sim_fail("never enough");
}

SIM_TEST(failure_is_put_in_words)
{
	char text[400];
	struct buf b = BUF(text);

	use_conf("");
	assert_int_equal(ask("gone.example", DNS_MX), RC_DENY);
	dns_fault_put(&b, &dns);
	assert_string_equal(buf_text(&b),
	    "name=gone.example type=MX: no such name");
}

static const struct CMUnitTest tests[] = {
	SIM_RUN(answer_comes_over_udp_to_a_question_with_edns),
	SIM_RUN(question_has_edns_and_asks_for_recursion),
	SIM_RUN(secure_question_has_do_and_ad),
	SIM_RUN(every_question_has_an_id_of_its_own),
	SIM_RUN(truncated_answer_is_asked_again_over_tcp),
	SIM_RUN(tcp_answer_may_come_octet_by_octet),
	SIM_RUN(use_vc_asks_over_tcp_alone),
	SIM_RUN(use_vc_works_with_a_server_that_refuses_edns),
	SIM_RUN(answer_with_another_id_is_ignored),
	SIM_RUN(answer_to_another_name_is_ignored),
	SIM_RUN(answer_to_another_type_is_ignored),
	SIM_RUN(answer_to_another_class_is_ignored),
	SIM_RUN(question_that_comes_back_is_ignored),
	SIM_RUN(answer_to_two_questions_is_ignored),
	SIM_RUN(flood_of_lies_ends_in_time),
	SIM_RUN(server_that_refuses_edns_is_asked_without_at_once),
	SIM_RUN(edns_may_be_refused_by_a_bare_header),
	SIM_RUN(server_that_drops_edns_is_asked_without_after_a_while),
	SIM_RUN(slow_answer_to_the_first_form_still_counts),
	SIM_RUN(security_survives_a_server_that_drops_edns),
	SIM_RUN(server_that_fails_is_left_for_the_next),
	SIM_RUN(server_that_refuses_is_left_for_the_next),
	SIM_RUN(server_that_does_not_implement_is_left_for_the_next),
	SIM_RUN(server_that_only_refers_is_left_for_the_next),
	SIM_RUN(server_that_is_not_there_is_left_at_once),
	SIM_RUN(nobody_there_is_found_out_at_once),
	SIM_RUN(silent_server_costs_one_try),
	SIM_RUN(silence_lasts_timeout_by_attempts_by_servers),
	SIM_RUN(callers_deadline_is_stronger_than_the_settings),
	SIM_RUN(deadline_that_has_passed_asks_nobody),
	SIM_RUN(rotate_begins_with_another_server_each_time),
	SIM_RUN(name_error_is_an_answer),
	SIM_RUN(format_error_without_edns_is_an_answer),
	SIM_RUN(failure_of_all_servers_is_for_later),
	SIM_RUN(server_that_failed_is_not_asked_again),
	SIM_RUN(name_without_the_type_is_told_from_no_name),
	SIM_RUN(server_that_sends_an_octet_a_minute_is_left_in_time),
	SIM_RUN(tcp_answer_cut_at_every_octet_is_for_later),
	SIM_RUN(tcp_length_that_lies_is_for_later),
	SIM_RUN(loopback_server_is_believed),
	SIM_RUN(distant_server_is_not_believed),
	SIM_RUN(distant_server_is_believed_with_trust_ad),
	SIM_RUN(nothing_is_secure_that_was_not_asked_for),
	SIM_RUN(failure_is_never_secure),
	SIM_RUN(absence_may_be_proven),
	SIM_RUN(every_answer_on_the_way_must_be_secure),
	SIM_RUN(nine_aliases_one_by_one_are_followed),
	SIM_RUN(ten_aliases_one_by_one_are_too_many),
	SIM_RUN(chain_in_one_answer_may_be_in_any_order),
	SIM_RUN(chain_in_one_answer_has_a_bound),
	SIM_RUN(aliases_that_go_round_are_given_up),
	SIM_RUN(alias_of_nothing_is_no_name),
	SIM_RUN(alias_asked_for_is_not_followed),
	SIM_RUN(alias_of_what_is_no_host_name_is_not_followed),
	SIM_RUN(records_of_other_names_are_left_out),
	SIM_RUN(records_of_other_names_alone_prove_nothing),
	SIM_RUN(records_of_other_types_mean_no_data),
	SIM_RUN(records_of_another_class_are_left_out),
	SIM_RUN(malformed_record_does_not_spoil_the_others),
	SIM_RUN(malformed_records_alone_are_for_later),
	SIM_RUN(mx_records_keep_order_preference_and_letters),
	SIM_RUN(srv_records_have_all_their_numbers),
	SIM_RUN(tlsa_and_text_records_come_as_they_are),
	SIM_RUN(empty_record_data_are_no_accident),
	SIM_RUN(list_of_records_has_a_bound),
	SIM_RUN(names_that_cannot_be_asked_for_are_refused),
	SIM_RUN(root_can_be_asked_for),
	SIM_RUN(answer_cut_at_every_octet_is_for_later),
	SIM_RUN(junk_of_any_length_is_for_later),
	SIM_RUN(compression_loops_come_to_an_end),
	SIM_RUN(pointer_to_a_later_name_is_refused),
	SIM_RUN(damaged_answers_do_no_harm),
	SIM_RUN(any_failing_call_is_for_later),
	SIM_RUN(full_arena_is_told),
	SIM_RUN(failure_is_put_in_words),
};

int
main(void)
{
	return sim_main(tests, COUNT(tests));
}
