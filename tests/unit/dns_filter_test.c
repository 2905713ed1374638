/*
 * dns_filter_test.c - records that a table takes out of answers.
 */
#include "../../src/dns_int.h"
#include "table_world.h"

static struct dns dns;

/* What the table says of a record: stays, goes, or nobody knows. */
static char
ask(const char *owner, const struct dns_record *r)
{
	enum rc rc;

	dns.filter = &tw.list;
	rc = dns_filter(&dns, span_of(owner), r);
	return rc == RC_OK ? 's' : rc == RC_NONE ? 'g' : '?';
}

/* A pattern that must fit the record's text from one end to the other. */
static void
looks_like(const char *text, const struct dns_record *r)
{
	char line[2000];
	struct buf b = BUF(line);

	buf_fmt(&b, "/^%s$/ IGNORE\n", text);
	sim_file("/map", buf_text(&b));
	tables("regexp:/map");
	if (ask("mx.example", r) != 'g')
		sim_fail("the record is not %s", text);
}

TABLE_TEST(record_is_shown_as_dig_has_it)
{
	struct dns_record r = { .ttl_s = 3600 };

	r.type = DNS_A;
	assert_true(ip_parse(SPAN("192.0.2.1"), &r.ip));
	looks_like("mx[.]example[.] 3600 IN A 192[.]0[.]2[.]1", &r);
	r.type = DNS_AAAA;
	assert_true(ip_parse(SPAN("2001:db8::1"), &r.ip));
	looks_like("mx[.]example[.] 3600 IN AAAA 2001:db8::1", &r);
	r.type = DNS_MX;
	r.preference = 10;
	r.name = SPAN("a.example");
	looks_like("mx[.]example[.] 3600 IN MX 10 a[.]example[.]", &r);
	r.type = DNS_SRV;
	r.weight = 20;
	r.port = 25;
	looks_like("mx[.]example[.] 3600 IN SRV 10 20 25 a[.]example[.]", &r);
	r.type = DNS_CNAME;
	looks_like("mx[.]example[.] 3600 IN CNAME a[.]example[.]", &r);
	r.type = DNS_NS;
	looks_like("mx[.]example[.] 3600 IN NS a[.]example[.]", &r);
	r.type = DNS_TLSA;
	r.data = (struct span){ "\3\1\1\xAB\xCD", 5 };
	looks_like("mx[.]example[.] 3600 IN TLSA 3 1 1 abcd", &r);
	r.data.n = 2;
	looks_like("mx[.]example[.] 3600 IN TLSA ", &r);
	r.type = DNS_TXT;
	r.data = SPAN("a\n\xFF" "b");
	looks_like("mx[.]example[.] 3600 IN TXT a[?][?]b", &r);
}

TABLE_TEST(record_that_is_not_in_the_table_stays)
{
	struct dns_record r = { .type = DNS_MX, .name = SPAN("a") };

	tables("regexp:/none");
	sim_file("/none", "/^x/ IGNORE\n");
	tables("regexp:/none");
	assert_int_equal(ask("mx.example", &r), 's');
}

TABLE_TEST(without_a_table_all_stay)
{
	struct dns_record r = { .type = DNS_MX, .name = SPAN("a") };

	tables("");
	assert_int_equal(ask("mx.example", &r), 's');
	dns.filter = NULL;
	assert_int_equal(dns_filter(&dns, SPAN("a"), &r), RC_OK);
}

TABLE_TEST(ignore_is_the_only_action)
{
	struct dns_record r = { .type = DNS_MX, .name = SPAN("a") };

	tables("static:ignore");
	assert_int_equal(ask("x", &r), 'g');
	tables("static:{IGNORE it}");
	assert_int_equal(ask("x", &r), 'g');
	tables("static:DUNNO");
	assert_int_equal(ask("x", &r), '?');
	tables("static:IGNORED");
	assert_int_equal(ask("x", &r), '?');
	tables("fail:always");
	assert_int_equal(ask("x", &r), '?');
}

TABLE_TEST(domain_that_takes_no_mail_cannot_be_made_to)
{
	struct dns_record r = { .type = DNS_MX };

	tables("static:IGNORE");
	assert_int_equal(ask("x", &r), 's');
	r.type = DNS_CNAME;
	assert_int_equal(ask("x", &r), 'g');
}

TABLE_TEST(record_longer_than_a_key_does_no_harm)
{
	static char data[5000];
	struct dns_record r = { .type = DNS_TLSA, .data = { data,
	    sizeof(data) } };

	tables("static:IGNORE");
	assert_int_equal(ask("x", &r), 'g');
	r.type = DNS_TXT;
	assert_int_equal(ask("x", &r), 'g');
}

TABLE_TEST(filtered_answers_are_as_if_they_had_not_been)
{
	static char memory[65536];
	struct arena a;
	struct mx_list mx;

	sim_zone("dest.example MX 10 bad.example\n"
	    "dest.example MX 20 good.example\n"
	    "none.example MX 10 bad.example\n");
	sim_file("/map", "/MX 10 bad[.]example[.]$/ IGNORE\n");
	tables("regexp:/map");
	sim_file("/etc/resolv.conf", "");
	arena_init(&a, memory, sizeof(memory));
	assert_int_equal(dns_open(&dns), RC_OK);
	dns.until = port_now() + MINUTE;
	dns.filter = &tw.list;
	assert_int_equal(dns_mx(&dns, &a, SPAN("dest.example"), &mx), RC_OK);
	assert_int_equal(mx.n, 1);
	assert_true(dns_mx(&dns, &a, SPAN("none.example"), &mx) != RC_OK);
	assert_int_equal(dns.fault, DNS_FILTERED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(record_is_shown_as_dig_has_it),
		SIM_RUN(record_that_is_not_in_the_table_stays),
		SIM_RUN(without_a_table_all_stay),
		SIM_RUN(ignore_is_the_only_action),
		SIM_RUN(domain_that_takes_no_mail_cannot_be_made_to),
		SIM_RUN(record_longer_than_a_key_does_no_harm),
		SIM_RUN(filtered_answers_are_as_if_they_had_not_been),
	};

	return sim_main(tests, COUNT(tests));
}
