/*
 * tls_name_test.c - which names a certificate bears.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "tls_make.h"

static bool
covers(const char *in_cert, const char *pattern)
{
	return name_covers(span_of(in_cert), span_of(pattern));
}

SIM_TEST(a_name_is_itself_in_any_case)
{
	assert_true(covers("mx.dest.example", "mx.dest.example"));
	assert_true(covers("MX.dest.Example", "mx.DEST.example"));
	assert_true(covers("xn--bcher-kva.example", "XN--BCHER-KVA.example"));
	assert_true(covers("localhost", "localhost"));
	assert_true(covers("_a.dest.example", "_a.dest.example"));
	assert_false(covers("mx.dest.example", "mx2.dest.example"));
	assert_false(covers("mx.dest.example", "dest.example"));
	assert_false(covers("dest.example", "mx.dest.example"));
}

SIM_TEST(an_asterisk_is_one_whole_label)
{
	assert_true(covers("*.dest.example", "mx.dest.example"));
	assert_true(covers("*.DEST.example", "MX.dest.EXAMPLE"));
	assert_true(covers("*.dest.example", "xn--bcher-kva.dest.example"));
	assert_false(covers("*.dest.example", "a.mx.dest.example"));
	assert_false(covers("*.dest.example", "dest.example"));
	assert_false(covers("*.dest.example", "mx.other.example"));
	assert_false(covers("*.dest.example", "mx_1.dest.example"));
	assert_false(covers("*.dest.example", "mxdest.example"));
}

SIM_TEST(an_asterisk_elsewhere_is_none)
{
	assert_false(covers("m*.dest.example", "mx.dest.example"));
	assert_false(covers("*x.dest.example", "mx.dest.example"));
	assert_false(covers("*x.dest.example", "*x.dest.example"));
	assert_false(covers("mx.*.example", "mx.dest.example"));
	assert_false(covers("*.*.example", "mx.dest.example"));
	assert_false(covers("*", "localhost"));
	assert_false(covers("*.", "localhost."));
	assert_false(covers("*.example", "dest.example"));
	assert_false(covers("*..example", "dest..example"));
}

SIM_TEST(a_suffix_is_for_all_that_is_below)
{
	assert_true(covers("mx.dest.example", ".dest.example"));
	assert_true(covers("a.mx.dest.example", ".DEST.example"));
	assert_true(covers("*.dest.example", ".dest.example"));
	assert_false(covers("dest.example", ".dest.example"));
	assert_false(covers(".dest.example", ".dest.example"));
	assert_false(covers("mxdest.example", ".dest.example"));
	assert_false(covers("mx.dest.example", "."));
	assert_false(covers("mx.dest.example", ""));
	assert_false(covers("", ""));
}

SIM_TEST(odd_octets_match_nothing)
{
	static const char nul[] = "mx.dest.example\0.evil.example";
	struct span whole = { nul, sizeof(nul) - 1 };
	char label[300];

	assert_false(name_covers(whole, SPAN("mx.dest.example")));
	assert_false(name_covers(whole, whole));
	assert_false(name_covers(whole, SPAN(".evil.example")));
	assert_false(covers("mx.dest.example.", "mx.dest.example."));
	assert_false(covers(" mx.dest.example", " mx.dest.example"));
	assert_false(covers("mx.dest.example\n", "mx.dest.example\n"));
	assert_false(covers("b\xc3\xbc.example", "b\xc3\xbc.example"));
	assert_false(covers("b\xfc.example", "b\xfc.example"));
	assert_false(covers("mx..example", "mx..example"));
	assert_false(covers("mx,dest.example", "mx,dest.example"));
	memset(label, 'a', sizeof(label));
	assert_true(name_covers((struct span){ label, 255 },
	    (struct span){ label, 255 }));
	assert_false(name_covers((struct span){ label, 256 },
	    (struct span){ label, 256 }));
}

/* ---- a whole certificate ------------------------------------------------ */

static struct cert c;

static void
bear(struct span subject, struct span alt_names)
{
	struct parts p = { .subject = subject };

	if (alt_names.n > 0)
		p.extensions = make_extension(17, MAKE(0x30, alt_names));
	assert_int_equal(cert_read(make_cert(&p), &c), RC_OK);
}

/* The name that matched, or `none`. */
static const char *
match_of(const char *one, const char *other, const char *address)
{
	struct span patterns[] = { span_of(one), span_of(other) };
	static char room[300];
	struct buf found = BUF(room);
	struct ip ip = { 0 };

	assert_true(*address == '\0' || ip_parse(span_of(address), &ip));
	if (!name_matches(&c, patterns, 2, *address ? &ip : NULL, &found)) {
		assert_int_equal(found.n, 0);
		return "none";
	}
	return buf_text(&found);
}

#define dns(text)	MAKE(0x82, SPAN(text))

static struct span
two(struct span a, struct span b)
{
	struct span both = MAKE(0, a, b);

	return span_tail(both, both.n - a.n - b.n);
}

SIM_TEST(any_dns_name_may_match_any_pattern)
{
	bear(NOTHING, two(dns("a.example"), dns("*.Dest.example")));
	assert_string_equal(match_of("x.example", "mx.dest.example", ""),
	    "*.Dest.example");
	assert_string_equal(match_of("a.example", "mx.dest.example", ""),
	    "a.example");
	assert_string_equal(match_of("x.example", "y.example", ""), "none");
}

SIM_TEST(a_dns_name_shuts_out_the_common_name)
{
	bear(make_cn("mx.example"), NOTHING);
	assert_string_equal(match_of("mx.example", "", ""), "mx.example");
	bear(make_cn("mx.example"), dns("a.example"));
	assert_string_equal(match_of("mx.example", "", ""), "none");
	bear(make_cn("mx.example"), two(SPAN("\x87\4\1\2\3\4"),
	    SPAN("\x82\0")));
	assert_string_equal(match_of("mx.example", "", ""), "none");
}

SIM_TEST(other_alternative_names_do_not)
{
	bear(make_cn("mx.example"), SPAN("\x87\4\xc0\0\2\1"));
	assert_string_equal(match_of("mx.example", "", ""), "mx.example");
	assert_string_equal(match_of("mx.example", "", "192.0.2.1"),
	    "192.0.2.1");
	bear(make_cn("mx.example"), two(SPAN("\x81\3a@b"),
	    SPAN("\x86\4x://")));
	assert_string_equal(match_of("mx.example", "", ""), "mx.example");
	/* A host's name in another form is none. */
	bear(make_cn("a b"), SPAN("\x86\x0amx.example\x81\x0amx.example"));
	assert_string_equal(match_of("mx.example", "", ""), "none");
	/* Nor is a name in pieces. */
	bear(make_cn("a b"), SPAN("\xa2\x0c\x82\x0amx.example"));
	assert_string_equal(match_of("mx.example", "", ""), "none");
}

SIM_TEST(any_common_name_may_match)
{
	struct span first = make_rdn(OID_CN, 0x13, SPAN("a.example"));
	struct span last = make_rdn(OID_CN, 0x14, SPAN("*.b.example"));
	struct span o = make_rdn(OID_O, 0x0c, SPAN("o.example"));

	bear(MAKE(0x30, first, o, last), NOTHING);
	assert_string_equal(match_of("a.example", "", ""), "a.example");
	assert_string_equal(match_of("x.b.example", "", ""), "*.b.example");
	assert_string_equal(match_of("o.example", "", ""), "none");
	/* Only as text. */
	bear(MAKE(0x30, make_rdn(OID_CN, 4, SPAN("a.example"))), NOTHING);
	assert_string_equal(match_of("a.example", "", ""), "none");
	bear(MAKE(0x30, make_rdn(OID_CN, 0x0c, SPAN("a.example\0"))), NOTHING);
	assert_string_equal(match_of("a.example", "", ""), "none");
}

SIM_TEST(addresses_match_as_addresses)
{
	struct span v6 = SPAN("\x87\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");

	bear(NOTHING, v6);
	assert_string_equal(match_of("", "", "2001:db8::1"), "2001:db8::1");
	assert_string_equal(match_of("", "", "2001:db8::2"), "none");
	assert_string_equal(match_of("", "", "32.1.13.184"), "none");
	bear(NOTHING, SPAN("\x87\4\xc0\0\2\1"));
	assert_string_equal(match_of("", "", "192.0.2.1"), "192.0.2.1");
	assert_string_equal(match_of("", "", "192.0.2.2"), "none");
	assert_string_equal(match_of("", "", ""), "none");
	bear(NOTHING, SPAN("\x87\5\xc0\0\2\1\0\x87\3\xc0\0\2\x87\0"));
	assert_string_equal(match_of("", "", "192.0.2.1"), "none");
	/* Text is no address. */
	bear(make_cn("192.0.2.1"), NOTHING);
	assert_string_equal(match_of("", "", "192.0.2.1"), "none");
}

SIM_TEST(no_address_matches_no_octets)
{
	struct ip none = { .family = IP_NONE };
	char room[8];
	struct buf found = BUF(room);

	bear(NOTHING, SPAN("\x87\0"));
	assert_false(name_matches(&c, NULL, 0, &none, &found));
}

/* ---- for the log -------------------------------------------------------- */

static const char *
shown(void (*put)(const struct cert *, struct buf *))
{
	static char room[64];
	struct buf b = BUF(room);

	put(&c, &b);
	return buf_text(&b);
}

SIM_TEST(the_log_gets_the_last_common_name)
{
	struct span first = make_rdn(OID_CN, 0x13, SPAN("a.example"));
	struct span last = make_rdn(OID_CN, 0x0c, SPAN("B \n\x1b \xc3\xa4"));

	bear(MAKE(0x30, first, last, make_rdn(OID_O, 0x13, SPAN("o"))),
	    NOTHING);
	assert_string_equal(shown(name_common), "B ?? \xc3\xa4");
	bear(MAKE(0x30, make_rdn(OID_O, 0x13, SPAN("o"))), NOTHING);
	assert_string_equal(shown(name_common), "");
}

SIM_TEST(the_log_gets_who_issued_it)
{
	struct span cn = make_rdn(OID_CN, 0x13, SPAN("A CA"));
	struct span o = make_rdn(OID_O, 0x13, SPAN("An Org"));

	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .issuer = MAKE(0x30, cn, o) }), &c), RC_OK);
	assert_string_equal(shown(name_issuer), "A CA");
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .issuer = MAKE(0x30, o) }), &c), RC_OK);
	assert_string_equal(shown(name_issuer), "An Org");
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .issuer = MAKE(0x30, NOTHING) }), &c), RC_OK);
	assert_string_equal(shown(name_issuer), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_name_is_itself_in_any_case),
		SIM_RUN(an_asterisk_is_one_whole_label),
		SIM_RUN(an_asterisk_elsewhere_is_none),
		SIM_RUN(a_suffix_is_for_all_that_is_below),
		SIM_RUN(odd_octets_match_nothing),
		SIM_RUN(any_dns_name_may_match_any_pattern),
		SIM_RUN(a_dns_name_shuts_out_the_common_name),
		SIM_RUN(other_alternative_names_do_not),
		SIM_RUN(any_common_name_may_match),
		SIM_RUN(addresses_match_as_addresses),
		SIM_RUN(no_address_matches_no_octets),
		SIM_RUN(the_log_gets_the_last_common_name),
		SIM_RUN(the_log_gets_who_issued_it),
	};
	return sim_main(tests, COUNT(tests));
}
