/*
 * tls_subtree_test.c - who keeps to the name constraints of an issuer.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "tls_make.h"

#define SUBTREE(tag, base)	MAKE(0x30, MAKE((tag), base))
#define PERMIT(...)		MAKE(0xa0, __VA_ARGS__)
#define EXCLUDE(...)		MAKE(0xa1, __VA_ARGS__)

static struct cert issuer, below;

static void
limit_both(struct span permitted, struct span excluded)
{
	assert_int_equal(cert_read(make_cert(&(struct parts){ .extensions =
	    make_extension(30, MAKE(0x30, permitted, excluded)) }),
	    &issuer), RC_OK);
}

static void
limit(struct span constraints)
{
	limit_both(constraints, NOTHING);
}

/* Alternative names, and a subject that no constraint here is about. */
static bool
names_keep(struct span alt_names)
{
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .subject = make_cn("somebody"),
	    .extensions = make_extension(17, MAKE(0x30, alt_names)) }),
	    &below), RC_OK);
	return name_permitted(&below, &issuer);
}

static bool
subject_keeps(struct span subject)
{
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .subject = subject }), &below), RC_OK);
	return name_permitted(&below, &issuer);
}

static bool
keeps(unsigned tag, const char *text)
{
	return names_keep(MAKE(tag, span_of(text)));
}

SIM_TEST(without_constraints_all_is_permitted)
{
	assert_int_equal(cert_read(make_cert(&(struct parts){ 0 }), &issuer),
	    RC_OK);
	assert_true(keeps(0x82, "mx.dest.example"));
	limit(NOTHING);
	assert_true(keeps(0x82, "mx.dest.example"));
}

SIM_TEST(dns_names_are_permitted_at_and_below_the_base)
{
	limit(PERMIT(SUBTREE(0x82, SPAN("dest.example"))));
	assert_true(keeps(0x82, "dest.example"));
	assert_true(keeps(0x82, "mx.DEST.example"));
	assert_true(keeps(0x82, "*.dest.example"));
	assert_true(keeps(0x82, "a.b.dest.example"));
	assert_false(keeps(0x82, "mxdest.example"));
	assert_false(keeps(0x82, "other.example"));
	assert_false(keeps(0x82, "example"));
	assert_false(keeps(0x82, ""));
	limit(PERMIT(SUBTREE(0x82, SPAN(".dest.example"))));
	assert_true(keeps(0x82, "mx.dest.example"));
	assert_false(keeps(0x82, "dest.example"));
	assert_false(keeps(0x82, "mxdest.example"));
	limit(PERMIT(SUBTREE(0x82, NOTHING)));
	assert_true(keeps(0x82, "mx.dest.example"));
}

SIM_TEST(all_names_must_be_permitted_by_one_subtree)
{
	limit(PERMIT(SUBTREE(0x82, SPAN("a.example")),
	    SUBTREE(0x82, SPAN("b.example"))));
	assert_true(keeps(0x82, "x.a.example"));
	assert_true(keeps(0x82, "x.b.example"));
	assert_true(names_keep(SPAN("\x82\x09" "a.example"
	    "\x82\x09" "b.example")));
	assert_false(names_keep(SPAN("\x82\x09" "a.example"
	    "\x82\x09" "c.example")));
	assert_false(names_keep(SPAN("\x82\x09" "c.example"
	    "\x82\x09" "a.example")));
	/* Constraints on one form say nothing about others. */
	assert_true(names_keep(SPAN("\x87\4\1\2\3\4")));
}

SIM_TEST(excluded_wins_over_permitted)
{
	limit_both(PERMIT(SUBTREE(0x82, SPAN("dest.example"))),
	    EXCLUDE(SUBTREE(0x82, SPAN("x.dest.example"))));
	assert_true(keeps(0x82, "mx.dest.example"));
	assert_false(keeps(0x82, "x.dest.example"));
	assert_false(keeps(0x82, "a.x.dest.example"));
	assert_true(keeps(0x82, "ax.dest.example"));
	assert_false(keeps(0x82, "x.example"));
	limit(EXCLUDE(SUBTREE(0x82, NOTHING)));
	assert_false(keeps(0x82, "mx.dest.example"));
	assert_true(keeps(0x81, "a@dest.example"));
}

SIM_TEST(a_wildcard_over_something_excluded_is_excluded)
{
	limit(EXCLUDE(SUBTREE(0x82, SPAN("x.dest.example"))));
	assert_false(keeps(0x82, "*.dest.example"));
	assert_false(keeps(0x82, "*.x.dest.example"));
	assert_true(keeps(0x82, "*.other.example"));
	limit(PERMIT(SUBTREE(0x82, SPAN("x.dest.example"))));
	assert_false(keeps(0x82, "*.dest.example"));
	assert_true(keeps(0x82, "*.x.dest.example"));
}

SIM_TEST(odd_bases_of_dns_permit_nothing)
{
	limit(PERMIT(SUBTREE(0x82, SPAN("*.dest.example"))));
	assert_false(keeps(0x82, "*.dest.example"));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(EXCLUDE(SUBTREE(0x82, SPAN("dest.example\0"))));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(EXCLUDE(SUBTREE(0x82, SPAN("dest.example."))));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(EXCLUDE(SUBTREE(0x82, SPAN("."))));
	assert_false(keeps(0x82, "mx.dest.example"));
}

SIM_TEST(addresses_are_compared_under_the_mask)
{
	struct span net = SPAN("\xc0\0\2\x80\xff\xff\xff\x80");

	limit(PERMIT(SUBTREE(0x87, net)));
	assert_true(names_keep(SPAN("\x87\4\xc0\0\2\x81")));
	assert_true(names_keep(SPAN("\x87\4\xc0\0\2\xff")));
	assert_false(names_keep(SPAN("\x87\4\xc0\0\2\x7f")));
	assert_false(names_keep(SPAN("\x87\4\xc0\0\3\x81")));
	assert_false(names_keep(SPAN("\x87\x10\xc0\0\2\x81"
	    "\0\0\0\0\0\0\0\0\0\0\0\0")));
	limit(EXCLUDE(SUBTREE(0x87, net)));
	assert_false(names_keep(SPAN("\x87\4\xc0\0\2\x81")));
	assert_true(names_keep(SPAN("\x87\4\xc0\0\2\x7f")));
	assert_false(names_keep(SPAN("\x87\3\xc0\0\2")));
	assert_false(names_keep(SPAN("\x87\0")));
	limit(EXCLUDE(SUBTREE(0x87, SPAN("\xc0\0\2\1"))));
	assert_false(names_keep(SPAN("\x87\4\xc0\0\2\2")));
	limit(PERMIT(SUBTREE(0x87, SPAN("\0\0\0\0\0\0\0\0"))));
	assert_true(names_keep(SPAN("\x87\4\xc0\0\2\2")));
}

/* O=Good, CN=text */
static struct span
person(const char *organisation, const char *name)
{
	return MAKE(0x30, make_rdn(OID_O, 0x13, span_of(organisation)),
	    make_rdn(OID_CN, 0x0c, span_of(name)));
}

SIM_TEST(subjects_and_directory_names_begin_with_the_base)
{
	struct span base = MAKE(0x30, make_rdn(OID_O, 0x13, SPAN("Good")));

	limit(PERMIT(SUBTREE(0xa4, base)));
	assert_true(subject_keeps(person("GOOD", "somebody")));
	assert_false(subject_keeps(person("Bad", "somebody")));
	assert_true(subject_keeps(MAKE(0x30, NOTHING)));
	assert_true(subject_keeps(base));
	assert_false(subject_keeps(make_cn("Good")));
	/* The subject may be empty, and the same be said elsewhere. */
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .subject = MAKE(0x30, NOTHING), .extensions = make_extension(17,
	    MAKE(0x30, MAKE(0xa4, person("Bad", "x")))) }), &below), RC_OK);
	assert_false(name_permitted(&below, &issuer));
	limit(EXCLUDE(SUBTREE(0xa4, base)));
	assert_false(subject_keeps(person("Good", "somebody")));
	assert_true(subject_keeps(person("Bad", "somebody")));
	assert_true(names_keep(MAKE(0xa4, person("Bad", "x"))));
	assert_false(names_keep(MAKE(0xa4, person("Good", "x"))));
	assert_false(names_keep(MAKE(0xa4, SPAN("\x30\1x"))));
	limit(EXCLUDE(SUBTREE(0xa4, SPAN("\x30\2\x31\5"))));
	assert_false(subject_keeps(person("Bad", "somebody")));
}

SIM_TEST(mail_addresses_are_mailboxes_hosts_or_domains)
{
	limit(PERMIT(SUBTREE(0x81, SPAN("a@dest.example")),
	    SUBTREE(0x81, SPAN("host.example")),
	    SUBTREE(0x81, SPAN(".domain.example"))));
	assert_true(keeps(0x81, "a@DEST.example"));
	assert_false(keeps(0x81, "A@dest.example"));
	assert_false(keeps(0x81, "b@dest.example"));
	assert_true(keeps(0x81, "b@host.example"));
	assert_false(keeps(0x81, "b@x.host.example"));
	assert_true(keeps(0x81, "b@x.domain.example"));
	assert_false(keeps(0x81, "b@domain.example"));
	assert_false(keeps(0x81, "host.example"));
	limit(EXCLUDE(SUBTREE(0x81, NOTHING)));
	assert_false(keeps(0x81, "a@dest.example"));
}

SIM_TEST(mail_addresses_in_the_subject_count)
{
	struct span mail = MAKE(0x30, make_rdn(OID_MAIL, 0x16,
	    SPAN("a@dest.example")));

	limit(PERMIT(SUBTREE(0x81, SPAN("dest.example"))));
	assert_true(subject_keeps(mail));
	limit(PERMIT(SUBTREE(0x81, SPAN("other.example"))));
	assert_false(subject_keeps(mail));
}

SIM_TEST(uris_are_judged_by_their_host)
{
	limit(PERMIT(SUBTREE(0x86, SPAN("host.example")),
	    SUBTREE(0x86, SPAN(".domain.example"))));
	assert_true(keeps(0x86, "http://host.example/a"));
	assert_true(keeps(0x86, "http://HOST.example"));
	assert_true(keeps(0x86, "http://user@host.example:80?x"));
	assert_true(keeps(0x86, "http://x.domain.example#y"));
	assert_false(keeps(0x86, "http://domain.example/"));
	assert_false(keeps(0x86, "http://x.host.example/"));
	assert_false(keeps(0x86, "http://evil.example/@host.example"));
	assert_false(keeps(0x86, "http://host.example@evil.example/"));
	assert_false(keeps(0x86, "http://host.example:x@evil.example/"));
	assert_false(keeps(0x86, "http:///host.example"));
	assert_false(keeps(0x86, "host.example"));
	assert_false(keeps(0x86, "urn:host.example"));
	limit(EXCLUDE(SUBTREE(0x86, SPAN("host.example"))));
	assert_false(keeps(0x86, "http://host.example/"));
	assert_false(keeps(0x86, "http://[::1]/"));
	assert_true(keeps(0x86, "http://other.example/"));
}

/* ---- common names ------------------------------------------------------- */

SIM_TEST(a_common_name_that_could_be_a_host_is_judged)
{
	limit(PERMIT(SUBTREE(0x82, SPAN("dest.example"))));
	assert_true(subject_keeps(make_cn("mx.dest.example")));
	assert_false(subject_keeps(make_cn("mx.other.example")));
	assert_false(subject_keeps(make_cn("*.other.example")));
	assert_true(subject_keeps(make_cn("Other Example CA")));
	assert_true(subject_keeps(make_cn("localhost")));
	assert_false(subject_keeps(MAKE(0x30,
	    make_rdn(OID_CN, 0x13, SPAN("mx.other.example")),
	    make_rdn(OID_CN, 0x13, SPAN("mx.dest.example")))));
	/* An address does not shut it out, as with matching. */
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .subject = make_cn("mx.other.example"), .extensions =
	    make_extension(17, SPAN("\x30\6\x87\4\1\2\3\4")) }), &below),
	    RC_OK);
	assert_false(name_permitted(&below, &issuer));
}

SIM_TEST(a_common_name_beside_dns_names_is_not_judged)
{
	limit(PERMIT(SUBTREE(0x82, SPAN("dest.example"))));
	assert_int_equal(cert_read(make_cert(&(struct parts){
	    .subject = make_cn("mx.other.example"), .extensions =
	    make_extension(17, MAKE(0x30, MAKE(0x82, SPAN("dest.example"))))
	    }), &below), RC_OK);
	assert_true(name_permitted(&below, &issuer));
}

/* ---- what is not understood --------------------------------------------- */

SIM_TEST(other_forms_are_a_no_if_such_a_name_is_there)
{
	limit(PERMIT(SUBTREE(0xa0, SPAN("\6\1\1\xa0\0"))));
	assert_true(keeps(0x82, "mx.dest.example"));
	assert_false(names_keep(SPAN("\xa0\5\6\1\1\xa0\0")));
	limit(EXCLUDE(SUBTREE(0x88, SPAN("\1"))));
	assert_true(keeps(0x82, "mx.dest.example"));
	assert_false(keeps(0x88, "\2"));
}

SIM_TEST(a_minimum_or_maximum_is_a_no_where_it_applies)
{
	struct span base = MAKE(0x82, SPAN("dest.example"));

	limit(PERMIT(MAKE(0x30, base, SPAN("\x80\1\0"))));
	assert_true(keeps(0x82, "mx.dest.example"));
	limit(PERMIT(MAKE(0x30, base, SPAN("\x80\1\1"))));
	assert_false(keeps(0x82, "mx.dest.example"));
	assert_true(keeps(0x81, "a@b.example"));
	limit(EXCLUDE(MAKE(0x30, base, SPAN("\x81\1\5"))));
	assert_false(keeps(0x82, "mx.other.example"));
}

SIM_TEST(malformed_constraints_permit_nothing)
{
	struct span base = MAKE(0x82, SPAN("dest.example"));

	limit_both(EXCLUDE(MAKE(0x30, base)), PERMIT(MAKE(0x30, base)));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(PERMIT(base));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(PERMIT(SUBTREE(0xa2, SPAN("dest.example"))));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(EXCLUDE(SUBTREE(0xa2, SPAN("dest.example"))));
	assert_false(keeps(0x82, "mx.other.example"));
	limit(EXCLUDE(SUBTREE(0x89, NOTHING)));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(EXCLUDE(MAKE(0x30, NOTHING)));
	assert_false(keeps(0x82, "mx.dest.example"));
	limit(SPAN("\x82\0"));
	assert_false(keeps(0x82, "mx.dest.example"));
}

SIM_TEST(names_and_subtrees_are_compared_only_so_often)
{
	static char names[20000], trees[20000];
	struct span subtree = SUBTREE(0x82, SPAN("a"));
	struct buf n = BUF(names), t = BUF(trees);

	for (int i = 0; i < 400; i++)
		buf_put(&t, subtree);
	limit(EXCLUDE(buf_span(&t)));
	for (int i = 0; i < 162; i++)
		buf_put(&n, SPAN("\x82\1b"));
	/* The subject is one more. */
	assert_true(names_keep(buf_span(&n)));
	buf_put(&n, SPAN("\x82\1b"));
	assert_false(names_keep(buf_span(&n)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(without_constraints_all_is_permitted),
		SIM_RUN(dns_names_are_permitted_at_and_below_the_base),
		SIM_RUN(all_names_must_be_permitted_by_one_subtree),
		SIM_RUN(excluded_wins_over_permitted),
		SIM_RUN(a_wildcard_over_something_excluded_is_excluded),
		SIM_RUN(odd_bases_of_dns_permit_nothing),
		SIM_RUN(addresses_are_compared_under_the_mask),
		SIM_RUN(subjects_and_directory_names_begin_with_the_base),
		SIM_RUN(mail_addresses_are_mailboxes_hosts_or_domains),
		SIM_RUN(mail_addresses_in_the_subject_count),
		SIM_RUN(uris_are_judged_by_their_host),
		SIM_RUN(a_common_name_that_could_be_a_host_is_judged),
		SIM_RUN(a_common_name_beside_dns_names_is_not_judged),
		SIM_RUN(other_forms_are_a_no_if_such_a_name_is_there),
		SIM_RUN(a_minimum_or_maximum_is_a_no_where_it_applies),
		SIM_RUN(malformed_constraints_permit_nothing),
		SIM_RUN(names_and_subtrees_are_compared_only_so_often),
	};
	return sim_main(tests, COUNT(tests));
}
