/*
 * tls_cert_test.c - what cert_read() finds in a certificate, and what it does
 * not let pass.
 */
#include "../../src/tls_int.h"
#include "tls_make.h"

static struct cert c;

static enum rc
read_parts(struct parts p)
{
	return cert_read(make_cert(&p), &c);
}

#define READ(...)	read_parts((struct parts){ __VA_ARGS__ })

/* One extension alone. */
static enum rc
read_one(unsigned id, struct span value)
{
	return READ(.extensions = make_extension(id, value));
}

SIM_TEST(fields_are_found_where_they_are)
{
	struct span der;
	struct parts p = { .issuer = make_cn("CA"), .serial = SPAN("\2\2\1\2"),
	    .spki = SPAN("\x30\4\4\2ab") };

	der = make_cert(&p);
	assert_int_equal(cert_read(der, &c), RC_OK);
	assert_true(c.der.p == der.p && c.der.n == der.n);
	assert_true(c.tbs.p == der.p + (der.n > 129 ? 3 : 2));
	assert_true(span_eq(c.serial, SPAN("\1\2")));
	assert_true(span_eq(c.issuer, make_cn("CA")));
	assert_true(span_eq(c.subject, make_cn("a.example")));
	assert_true(span_eq(c.spki, p.spki));
	assert_int_equal((unsigned char)c.algorithm.p[0], DER_SEQUENCE);
	assert_int_equal(c.algorithm.n, 12);
	assert_true(span_eq(c.signature, SPAN("ab")));
	assert_true(c.tbs.p + c.tbs.n == c.algorithm.p);
	assert_false(c.is_v1 || c.is_ca || c.has_usage || c.has_purpose
	    || c.odd_critical || c.alt_names.p || c.constraints.p);
	assert_int_equal(c.path_max, -1);
}

SIM_TEST(nothing_stands_around_a_certificate)
{
	struct span der = make_cert(&(struct parts){ 0 });
	struct span behind = MAKE(0x30, der, SPAN("\5\0"));

	behind = (struct span){ behind.p + behind.n - der.n - 2, der.n + 2 };
	assert_int_equal(cert_read(der, &c), RC_OK);
	assert_int_equal(cert_read(behind, &c), RC_WIRE);
	assert_int_equal(READ(.tail = SPAN("\5\0")), RC_WIRE);
	assert_int_equal(READ(.after = SPAN("\5\0")), RC_WIRE);
	assert_int_equal(cert_read(SPAN(""), &c), RC_WIRE);
	assert_int_equal(cert_read((struct span){ NULL, 0 }, &c), RC_WIRE);
}

SIM_TEST(no_certificate_is_cut_anywhere)
{
	struct span der = make_cert(&(struct parts){
	    .extensions = make_extension(19, SPAN("\x30\3\1\1\xff")) });
	char room[1024];

	assert_int_equal(cert_read(der, &c), RC_OK);
	for (size_t n = 0; n < der.n; n++) {
		assert_int_equal(cert_read(span_head(der, n), &c), RC_WIRE);
		/* The same with a length that fits what is left of it. */
		memcpy(room, der.p, n);
		if (n < 130)
			continue;
		assert_int_equal((unsigned char)room[1], 0x81);
		room[2] = (char)(n - 3);
		assert_int_equal(cert_read((struct span){ room, n }, &c),
		    RC_WIRE);
	}
}

SIM_TEST(a_certificate_has_its_size)
{
	static char big[CERT_BYTES_MAX];
	struct span value = { big, CERT_BYTES_MAX - 300 };

	assert_int_equal(read_one(99, value), RC_OK);
	value.n = CERT_BYTES_MAX;
	assert_int_equal(read_one(99, value), RC_FULL);
	assert_int_equal(cert_read_spki(c.der, &value), RC_FULL);
}

SIM_TEST(versions_are_1_to_3_and_only_3_has_extensions)
{
	struct span ext = make_extension(19, SPAN("\x30\0"));

	assert_int_equal(READ(.is_v1 = true), RC_OK);
	assert_true(c.is_v1);
	assert_int_equal(READ(.version = SPAN("\2\1\0")), RC_OK);
	assert_true(c.is_v1);
	assert_int_equal(READ(.version = SPAN("\2\1\1")), RC_OK);
	assert_true(c.is_v1);
	assert_int_equal(READ(.version = SPAN("\2\1\2")), RC_OK);
	assert_false(c.is_v1);
	assert_int_equal(READ(.version = SPAN("\2\1\3")), RC_WIRE);
	assert_int_equal(READ(.version = SPAN("\2\1\xff")), RC_WIRE);
	assert_int_equal(READ(.version = SPAN("\2\2\1\2")), RC_WIRE);
	assert_int_equal(READ(.version = SPAN("\2\1\2\5\0")), RC_WIRE);
	assert_int_equal(READ(.is_v1 = true, .extensions = ext), RC_WIRE);
	assert_int_equal(READ(.version = SPAN("\2\1\1"), .extensions = ext),
	    RC_WIRE);
}

SIM_TEST(serial_numbers_are_anything_but_empty)
{
	assert_int_equal(READ(.serial = SPAN("\2\0")), RC_WIRE);
	assert_int_equal(READ(.serial = SPAN("\2\1\0")), RC_OK);
	assert_int_equal(READ(.serial = SPAN("\2\1\xff")), RC_OK);
	assert_int_equal(READ(.serial = SPAN("\4\1\1")), RC_WIRE);
}

SIM_TEST(unique_ids_are_passed_by)
{
	assert_int_equal(READ(.ids = SPAN("\x81\2\0\1\x82\2\0\1"),
	    .extensions = make_extension(19, SPAN("\x30\3\1\1\xff"))), RC_OK);
	assert_true(c.is_ca);
	assert_int_equal(READ(.ids = SPAN("\x82\2\0\1\x81\2\0\1")), RC_WIRE);
}

SIM_TEST(both_names_of_the_algorithm_are_the_same)
{
	struct span rsa = SPAN("\x30\x0d\6\x09\x2a\x86\x48\x86\xf7\x0d\1\1\x0b"
	    "\5\0");

	assert_int_equal(READ(.inner = rsa, .outer = rsa), RC_OK);
	assert_int_equal(READ(.inner = rsa), RC_WIRE);
	assert_int_equal(READ(.outer = rsa), RC_WIRE);
}

/* ---- dates -------------------------------------------------------------- */

static bool
date_is(unsigned tag, const char *text, int64_t expected)
{
	struct span from = MAKE(tag, span_of(text));
	struct span until = MAKE(0x18, SPAN("99991231235959Z"));

	if (READ(.validity = MAKE(0x30, from, until)) != RC_OK)
		return false;
	assert_true(c.until == INT64_C(253402300799));
	assert_true(c.from == expected);
	return true;
}

SIM_TEST(dates_are_seconds_of_greenwich)
{
	assert_true(date_is(0x17, "700101000000Z", 0));
	assert_true(date_is(0x17, "691231235959Z", -1));
	assert_true(date_is(0x17, "491231235959Z", INT64_C(2524607999)));
	assert_true(date_is(0x17, "500101000000Z", INT64_C(-631152000)));
	assert_true(date_is(0x17, "240229123456Z", 1709210096));
	assert_true(date_is(0x17, "000229000000Z", 951782400));
	assert_true(date_is(0x18, "20240229123456Z", 1709210096));
	assert_true(date_is(0x18, "20500101000000Z", INT64_C(2524608000)));
	assert_true(date_is(0x18, "19000301000000Z", INT64_C(-2203891200)));
	assert_true(date_is(0x18, "00010101000000Z", INT64_C(-62135596800)));
}

SIM_TEST(dates_that_do_not_exist_are_malformed)
{
	static const char *const utc[] = {
		"250229000000Z", "250431000000Z", "251301000000Z",
		"250001000000Z", "250100000000Z", "250132000000Z",
		"250101240000Z", "250101006000Z", "250101000060Z",
		"2501010000Z", "250101000000", "250101000000+0000",
		"250101000000z", "25 101000000Z", "-50101000000Z", "",
		"20250101000000Z",
	};
	static const char *const general[] = {
		"250101000000Z", "20250101000000.5Z", "20250101000000",
		"19000229000000Z", "20250101000000ZZ", "2025010100000Z",
		"99999999999999Z",
	};

	for (size_t i = 0; i < COUNT(utc); i++)
		assert_false(date_is(0x17, utc[i], 0));
	for (size_t i = 0; i < COUNT(general); i++)
		assert_false(date_is(0x18, general[i], 0));
	assert_false(date_is(0x13, "250101000000Z", 0));
	assert_int_equal(READ(.validity = MAKE(0x30,
	    MAKE(0x17, SPAN("250101000000Z")))), RC_WIRE);
	assert_int_equal(READ(.validity = MAKE(0x30,
	    MAKE(0x17, SPAN("250101000000Z")),
	    MAKE(0x17, SPAN("250101000000Z")), SPAN("\5\0"))), RC_WIRE);
}

/* ---- extensions --------------------------------------------------------- */

SIM_TEST(basic_constraints_tell_a_ca)
{
	assert_int_equal(read_one(19, SPAN("\x30\0")), RC_OK);
	assert_true(!c.is_ca && c.path_max == -1);
	assert_int_equal(read_one(19, SPAN("\x30\3\1\1\0")), RC_OK);
	assert_false(c.is_ca);
	assert_int_equal(read_one(19, SPAN("\x30\3\1\1\xff")), RC_OK);
	assert_true(c.is_ca && c.path_max == -1);
	assert_int_equal(read_one(19, SPAN("\x30\6\1\1\xff\2\1\0")), RC_OK);
	assert_true(c.is_ca && c.path_max == 0);
	assert_int_equal(read_one(19, SPAN("\x30\6\1\1\xff\2\1\7")), RC_OK);
	assert_int_equal(c.path_max, 7);
	assert_int_equal(read_one(19, SPAN("\x30\7\1\1\xff\2\2\0\xf0")),
	    RC_OK);
	assert_int_equal(c.path_max, 0xf0);
	assert_int_equal(read_one(19, SPAN("\x30\x08\1\1\xff\2\3\1\0\0")),
	    RC_OK);
	assert_true(c.path_max > CHAIN_LINKS_MAX);
}

SIM_TEST(odd_basic_constraints_are_malformed)
{
	assert_int_equal(read_one(19, SPAN("")), RC_WIRE);
	assert_int_equal(read_one(19, SPAN("\1\1\xff")), RC_WIRE);
	assert_int_equal(read_one(19, SPAN("\x30\3\1\1\xff\0")), RC_WIRE);
	assert_int_equal(read_one(19, SPAN("\x30\4\1\2\xff\xff")), RC_WIRE);
	assert_int_equal(read_one(19, SPAN("\x30\6\1\1\xff\2\1\xff")),
	    RC_WIRE);
	assert_int_equal(read_one(19, SPAN("\x30\x08\1\1\xff\2\1\0\5\0")),
	    RC_WIRE);
	assert_int_equal(read_one(19, SPAN("\x30\6\2\1\0\1\1\xff")), RC_WIRE);
}

SIM_TEST(key_usage_is_in_the_first_octet)
{
	assert_int_equal(read_one(15, SPAN("\3\2\7\x80")), RC_OK);
	assert_true(c.has_usage && c.usage == CERT_MAY_SIGN);
	assert_int_equal(read_one(15, SPAN("\3\2\5\xa0")), RC_OK);
	assert_int_equal(c.usage, CERT_MAY_SIGN | CERT_MAY_ENCIPHER);
	assert_int_equal(read_one(15, SPAN("\3\2\3\x08")), RC_OK);
	assert_int_equal(c.usage, CERT_MAY_AGREE);
	assert_int_equal(read_one(15, SPAN("\3\2\1\6")), RC_OK);
	assert_int_equal(c.usage, CERT_MAY_SIGN_CERTS);
	assert_int_equal(read_one(15, SPAN("\3\3\7\4\x80")), RC_OK);
	assert_int_equal(c.usage, CERT_MAY_SIGN_CERTS);
	assert_int_equal(read_one(15, SPAN("\3\2\3\4")), RC_OK);
	assert_true(c.has_usage && c.usage == 0);	/* bits not in use */
	assert_int_equal(read_one(15, SPAN("\3\1\0")), RC_OK);
	assert_true(c.has_usage && c.usage == 0);
}

SIM_TEST(odd_key_usage_is_malformed)
{
	assert_int_equal(read_one(15, SPAN("\3\0")), RC_WIRE);
	assert_int_equal(read_one(15, SPAN("\3\1\1")), RC_WIRE);
	assert_int_equal(read_one(15, SPAN("\3\2\x08\x80")), RC_WIRE);
	assert_int_equal(read_one(15, SPAN("\4\2\0\x80")), RC_WIRE);
	assert_int_equal(read_one(15, SPAN("\3\2\0\x80\0")), RC_WIRE);
}

SIM_TEST(purposes_are_for_servers_or_not)
{
	struct span server = SPAN("\6\x08\x2b\6\1\5\5\7\3\1");
	struct span client = SPAN("\6\x08\x2b\6\1\5\5\7\3\2");
	struct span any = SPAN("\6\4\x55\x1d\x25\0");

	assert_int_equal(read_one(37, MAKE(0x30, client)), RC_OK);
	assert_true(c.has_purpose && !c.for_servers);
	assert_int_equal(read_one(37, MAKE(0x30, client, server)), RC_OK);
	assert_true(c.has_purpose && c.for_servers);
	assert_int_equal(read_one(37, MAKE(0x30, any)), RC_OK);
	assert_true(c.has_purpose && c.for_servers);
	assert_int_equal(read_one(37, SPAN("\x30\0")), RC_OK);
	assert_true(c.has_purpose && !c.for_servers);
	assert_int_equal(read_one(37, MAKE(0x30, server, SPAN("\5\0"))),
	    RC_WIRE);
	assert_int_equal(read_one(37, server), RC_WIRE);
}

SIM_TEST(names_and_constraints_are_kept_as_they_are)
{
	struct span names = SPAN("\x82\1a\x87\4\1\2\3\4");

	assert_int_equal(read_one(17, MAKE(0x30, names)), RC_OK);
	assert_true(span_eq(c.alt_names, names));
	assert_int_equal(read_one(17, SPAN("\x30\0")), RC_OK);
	assert_true(c.alt_names.p && c.alt_names.n == 0);
	assert_int_equal(read_one(17, SPAN("\x30\3\x82\2a")), RC_WIRE);
	assert_int_equal(read_one(17, names), RC_WIRE);
	assert_int_equal(read_one(30, MAKE(0x30, SPAN("\xa0\0"))), RC_OK);
	assert_true(span_eq(c.constraints, SPAN("\xa0\0")));
	assert_int_equal(read_one(30, SPAN("\x30\1\xa0")), RC_WIRE);
}

SIM_TEST(an_extension_stands_once)
{
	struct span basic = make_extension(19, SPAN("\x30\0"));
	struct span usage = make_extension(15, SPAN("\3\2\7\x80"));
	struct span odd = make_extension(98, SPAN(""));
	struct span two = MAKE(0x30, basic, usage, odd);
	struct span again = MAKE(0x30, basic, usage, basic);
	struct span odd_again = MAKE(0x30, odd, usage, odd);

	assert_int_equal(READ(.extensions = span_tail(two, 2)), RC_OK);
	assert_int_equal(READ(.extensions = span_tail(again, 2)),
	    RC_WIRE);
	assert_int_equal(READ(.extensions = span_part(odd_again, 2, 99)),
	    RC_WIRE);
}

SIM_TEST(only_so_many_extensions_are_read)
{
	struct span list = { NULL, 0 };
	char room[2000];
	struct buf b = BUF(room);

	for (unsigned id = 100; id < 164; id++)
		buf_put(&b, make_extension(id, SPAN("")));
	list = buf_span(&b);
	assert_int_equal(READ(.extensions = list), RC_OK);
	buf_put(&b, make_extension(164, SPAN("")));
	assert_int_equal(READ(.extensions = buf_span(&b)), RC_WIRE);
}

SIM_TEST(unknown_critical_extensions_are_noted)
{
	static const unsigned known[] = { 31, 32, 33, 36, 54 };

	assert_int_equal(read_one(99, SPAN("x")), RC_OK);
	assert_false(c.odd_critical);
	assert_int_equal(READ(.extensions = make_critical(99, SPAN("x"))),
	    RC_OK);
	assert_true(c.odd_critical);
	assert_int_equal(READ(.extensions = make_critical(19,
	    SPAN("\x30\3\1\1\xff"))), RC_OK);
	assert_true(!c.odd_critical && c.is_ca);
	for (size_t i = 0; i < COUNT(known); i++) {
		assert_int_equal(READ(.extensions = make_critical(known[i],
		    SPAN("\x30\0"))), RC_OK);
		assert_false(c.odd_critical);
	}
	/* 2.5.30.19, and 2.5.29.19.1 */
	assert_int_equal(READ(.extensions =
	    SPAN("\x30\x0a\6\3\x55\x1e\x13\1\1\xff\4\0")), RC_OK);
	assert_true(c.odd_critical);
	assert_int_equal(READ(.extensions =
	    SPAN("\x30\x0b\6\4\x55\x1d\x13\1\1\1\xff\4\0")), RC_OK);
	assert_true(c.odd_critical);
}

SIM_TEST(an_extension_says_its_default_or_not)
{
	assert_int_equal(READ(.extensions =
	    SPAN("\x30\x0a\6\3\x55\x1d\x63\1\1\0\4\0")), RC_OK);
	assert_false(c.odd_critical);
	assert_int_equal(READ(.extensions =
	    SPAN("\x30\x09\6\3\x55\x1d\x63\4\0\5\0")), RC_WIRE);
	assert_int_equal(READ(.extensions =
	    SPAN("\x30\x05\6\3\x55\x1d\x63")), RC_WIRE);
}

/* ---- key alone ---------------------------------------------------------- */

SIM_TEST(the_key_of_a_malformed_certificate_can_be_had)
{
	struct span spki, key = SPAN("\x30\4\4\2ab");
	struct parts p = { .spki = key, .validity = SPAN("\x30\2\5\0"),
	    .after = SPAN("\x99"), .tail = SPAN("\5\0") };

	assert_int_equal(READ(.spki = key, .validity = p.validity), RC_WIRE);
	assert_int_equal(cert_read_spki(make_cert(&p), &spki), RC_OK);
	assert_true(span_eq(spki, key));
	p.spki = SPAN("\4\2ab");
	assert_int_equal(cert_read_spki(make_cert(&p), &spki), RC_WIRE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(fields_are_found_where_they_are),
		SIM_RUN(nothing_stands_around_a_certificate),
		SIM_RUN(no_certificate_is_cut_anywhere),
		SIM_RUN(a_certificate_has_its_size),
		SIM_RUN(versions_are_1_to_3_and_only_3_has_extensions),
		SIM_RUN(serial_numbers_are_anything_but_empty),
		SIM_RUN(unique_ids_are_passed_by),
		SIM_RUN(both_names_of_the_algorithm_are_the_same),
		SIM_RUN(dates_are_seconds_of_greenwich),
		SIM_RUN(dates_that_do_not_exist_are_malformed),
		SIM_RUN(basic_constraints_tell_a_ca),
		SIM_RUN(odd_basic_constraints_are_malformed),
		SIM_RUN(key_usage_is_in_the_first_octet),
		SIM_RUN(odd_key_usage_is_malformed),
		SIM_RUN(purposes_are_for_servers_or_not),
		SIM_RUN(names_and_constraints_are_kept_as_they_are),
		SIM_RUN(an_extension_stands_once),
		SIM_RUN(only_so_many_extensions_are_read),
		SIM_RUN(unknown_critical_extensions_are_noted),
		SIM_RUN(an_extension_says_its_default_or_not),
		SIM_RUN(the_key_of_a_malformed_certificate_can_be_had),
	};
	return sim_main(tests, COUNT(tests));
}
