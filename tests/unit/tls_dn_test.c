/*
 * tls_dn_test.c - which names of X.501 are the same.
 */
#include "../../src/tls_int.h"
#include "tls_make.h"

static struct span
text_name(unsigned tag, const char *text)
{
	return MAKE(0x30, make_rdn(OID_CN, tag, span_of(text)));
}

static bool
same(unsigned tag_a, const char *a, unsigned tag_b, const char *b)
{
	struct span x = text_name(tag_a, a), y = text_name(tag_b, b);

	assert_true(cert_dn_eq(x, y) == cert_dn_eq(y, x));
	return cert_dn_eq(x, y);
}

SIM_TEST(case_and_blanks_do_not_tell_names_apart)
{
	assert_true(same(0x13, "Good CA", 0x13, "good cA"));
	assert_true(same(0x13, "Good CA", 0x13, "  Good   CA "));
	assert_true(same(0x13, "", 0x13, "  "));
	assert_false(same(0x13, "Good CA", 0x13, "GoodCA"));
	assert_false(same(0x13, "Good CA", 0x13, "Good CA 2"));
	assert_false(same(0x13, "Good CA 2", 0x13, "Good CA"));
	assert_false(same(0x13, "Good CA", 0x13, "Good CB"));
	assert_false(same(0x13, "[", 0x13, "{"));
	assert_false(same(0x0c, "\xc3\x84", 0x0c, "\xc3\xa4"));
}

SIM_TEST(kinds_of_text_do_not_tell_names_apart)
{
	assert_true(same(0x13, "Good CA", 0x0c, "Good CA"));
	assert_true(same(0x16, "a", 0x14, "a"));
	assert_true(same(0x1a, "a", 0x0c, "a"));
	assert_false(same(0x1e, "a", 0x0c, "a"));
	assert_true(same(0x1e, "a", 0x1e, "a"));
	assert_false(same(0x1e, "a", 0x1e, "A"));
	assert_false(same(0x04, "a", 0x04, "A"));
}

SIM_TEST(names_have_the_same_parts_in_the_same_order)
{
	struct span cn = make_rdn(OID_CN, 0x13, SPAN("a"));
	struct span o = make_rdn(OID_O, 0x13, SPAN("a"));
	struct span both = MAKE(0x30, cn, o);

	assert_true(cert_dn_eq(both, MAKE(0x30, cn,
	    make_rdn(OID_O, 0x13, SPAN("A")))));
	assert_false(cert_dn_eq(both, MAKE(0x30, o, cn)));
	assert_false(cert_dn_eq(both, MAKE(0x30, cn)));
	assert_false(cert_dn_eq(MAKE(0x30, cn), both));
	assert_false(cert_dn_eq(MAKE(0x30, cn), MAKE(0x30, o)));
	assert_true(cert_dn_eq(MAKE(0x30, NOTHING), MAKE(0x30, NOTHING)));
	assert_false(cert_dn_eq(MAKE(0x30, NOTHING), MAKE(0x30, cn)));
}

/* Two RDNs are not one RDN of two attributes. */
SIM_TEST(sets_of_attributes_are_compared_as_sets)
{
	struct span cn = MAKE(0x30, MAKE(6, OID_CN), MAKE(0x13, SPAN("a")));
	struct span o = MAKE(0x30, MAKE(6, OID_O), MAKE(0x13, SPAN("b")));
	struct span o2 = MAKE(0x30, MAKE(6, OID_O), MAKE(0x0c, SPAN("B")));
	struct span one = MAKE(0x30, MAKE(0x31, cn, o));
	struct span two = MAKE(0x30, MAKE(0x31, cn), MAKE(0x31, o));

	assert_false(cert_dn_eq(one, two));
	assert_true(cert_dn_eq(one, MAKE(0x30, MAKE(0x31, cn, o2))));
	assert_false(cert_dn_eq(one, MAKE(0x30, MAKE(0x31, cn))));
	assert_false(cert_dn_within(one, MAKE(0x30, MAKE(0x31, cn))));
}

SIM_TEST(a_subtree_is_a_beginning)
{
	struct span o = make_rdn(OID_O, 0x13, SPAN("Test"));
	struct span cn = make_rdn(OID_CN, 0x0c, SPAN("a"));
	struct span both = MAKE(0x30, o, cn);

	assert_true(cert_dn_within(both, both));
	assert_true(cert_dn_within(both, MAKE(0x30,
	    make_rdn(OID_O, 0x0c, SPAN("test")))));
	assert_true(cert_dn_within(both, MAKE(0x30, NOTHING)));
	assert_false(cert_dn_within(both, MAKE(0x30, cn)));
	assert_false(cert_dn_within(MAKE(0x30, o), both));
}

SIM_TEST(malformed_names_are_equal_to_none_but_themselves)
{
	struct span cn = make_rdn(OID_CN, 0x13, SPAN("a"));
	struct span more = MAKE(0x30, MAKE(0x31, MAKE(0x30, MAKE(6, OID_CN),
	    MAKE(0x13, SPAN("a")), SPAN("\5\0"))));
	struct span cut = SPAN("\x30\4\x31\3\x30\1");

	assert_false(cert_dn_eq(more, MAKE(0x30, cn)));
	assert_false(cert_dn_eq(MAKE(0x30, cn), more));
	assert_false(cert_dn_within(cut, MAKE(0x30, cn)));
	assert_false(cert_dn_within(MAKE(0x30, cn), cut));
	assert_false(cert_dn_eq(MAKE(0x31, cn), MAKE(0x30, cn)));
}

/* As a whole certificate says. */
static enum rc
read_subject(struct span name)
{
	struct cert c;

	return cert_read(make_cert(&(struct parts){ .subject = name }), &c);
}

SIM_TEST(malformed_names_make_a_certificate_malformed)
{
	struct span cn = MAKE(0x30, MAKE(6, OID_CN), MAKE(0x13, SPAN("a")));

	assert_int_equal(read_subject(MAKE(0x30, NOTHING)), RC_OK);
	assert_int_equal(read_subject(MAKE(0x30, MAKE(0x31, cn, cn))), RC_OK);
	assert_int_equal(read_subject(MAKE(0x30, MAKE(0x31, NOTHING))), RC_OK);
	assert_int_equal(read_subject(MAKE(0x30, cn)), RC_WIRE);
	assert_int_equal(read_subject(MAKE(0x30, MAKE(0x31, cn,
	    SPAN("\5\0")))), RC_WIRE);
	assert_int_equal(read_subject(MAKE(0x30, MAKE(0x31, MAKE(0x30,
	    MAKE(6, OID_CN))))), RC_WIRE);
	assert_int_equal(read_subject(SPAN("\x30\4\x31\3\x30\1")), RC_WIRE);
	assert_int_equal(read_subject(SPAN("\x30\1\x31")), RC_WIRE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(case_and_blanks_do_not_tell_names_apart),
		SIM_RUN(kinds_of_text_do_not_tell_names_apart),
		SIM_RUN(names_have_the_same_parts_in_the_same_order),
		SIM_RUN(sets_of_attributes_are_compared_as_sets),
		SIM_RUN(a_subtree_is_a_beginning),
		SIM_RUN(malformed_names_are_equal_to_none_but_themselves),
		SIM_RUN(malformed_names_make_a_certificate_malformed),
	};
	return sim_main(tests, COUNT(tests));
}
