/*
 * tls_anchor_test.c - certificates found in bundles, folders and lists.
 */
#include "tls_bundle.h"

/* ---- CAfile ------------------------------------------------------------- */

SIM_TEST(certificates_are_found_by_subject)
{
	struct span a, b, c;

	begin();
	buf_puts(&pem, "# three\n");
	a = put_named("A", "1");
	put_pem("PUBLIC KEY", a);
	b = put_named("B", "2");
	put_pem("TRUSTED CERTIFICATE", make_named(make_cn("B"), "9"));
	c = put_named("C", "3");
	with_cafile();
	only_is("A", a);
	only_is("B", b);
	only_is("C", c);
	only_is(" c", c);		/* RFC 5280, 7.1 */
	none_is("D");
	assert_string_equal(anchors.why, "");
	done();
}

SIM_TEST(all_of_one_subject_come_in_their_order)
{
	struct span a1, a2, a3;
	size_t at = 0;

	begin();
	a1 = put_named("A", "1");
	put_named("B", "1");
	a2 = put_named("A", "2");
	a3 = put_named("A", "3");
	put_named("B", "2");
	with_cafile();
	next_is(make_cn("A"), &at, a1);
	next_is(make_cn("A"), &at, a2);
	next_is(make_cn("A"), &at, a3);
	no_more(make_cn("A"), &at);
	done();
}

SIM_TEST(a_search_leaves_nothing_of_the_others_in_the_arena)
{
	struct span a;
	size_t at = 0, used;

	begin();
	for (int i = 0; i < 100; i++)
		put_named("B", "1");
	a = put_named("A", "1");
	with_cafile();
	next_is(make_cn("A"), &at, a);
	used = arena.used;
	assert_true(used <= a.n + 16);
	no_more(make_cn("A"), &at);
	assert_int_equal(arena.used, used);
	done();
}

SIM_TEST(bad_entries_are_left_out_and_told_once)
{
	struct span a, b;

	begin();
	a = put_named("A", "1");
	put_pem("CERTIFICATE", SPAN("\x30\3\2\1\1"));
	buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n!\n"
	    "-----END CERTIFICATE-----\n");
	b = put_named("B", "1");
	with_cafile();
	only_is("A", a);
	only_is("B", b);
	none_is("C");
	assert_int_equal(count(sim_err(), "left out"), 1);
	assert_non_null(strstr(sim_err(), "warning: " CAFILE ", line "));
	done();
}

SIM_TEST(text_without_line_ends_will_do)
{
	struct span a;
	char name[200];

	begin();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	a = make_named(make_cn(name), "1");
	assert_true(a.n > 256);
	buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n");
	code_base64(&pem, a);
	buf_puts(&pem, "\n-----END CERTIFICATE-----\n");
	with_cafile();
	only_is(name, a);
	done();
}

SIM_TEST(a_certificate_beyond_all_bounds_is_left_out)
{
	static char large[CERT_BYTES_MAX];
	struct span b, der;
	size_t at = 0;

	begin();
	put_pem("CERTIFICATE", make_cert(&(struct parts){
	    .subject = make_cn("A"), .after = { large, sizeof(large) } }));
	b = put_named("B", "1");
	with_cafile();
	only_is("B", b);
	none_is("A");
	assert_int_equal(count(sim_err(), "left out"), 1);

	/* Where there is less room, it might have been the one. */
	arena_init(&arena, arena_memory, 600);
	next_is(make_cn("B"), &at, b);
	at = 0;
	assert_int_equal(anchors_find(&anchors, make_cn("C"), &at, &arena,
	    &der), RC_FULL);
	arena_init(&arena, arena_memory, 10);
	assert_int_equal(anchors_find(&anchors, make_cn("B"), &at, &arena,
	    &der), RC_FULL);
	assert_int_equal(arena.used, 0);
	done();
}

SIM_TEST(a_missing_bundle_is_named_with_its_setting)
{
	uint64_t calls;

	begin();
	set.tls_CAfile = SPAN("/none.pem");
	assert_int_equal(open_them(), RC_DENY);
	why_has("smtp_tls_CAfile = /none.pem: No such file or directory; ");
	why_has("it must be a file of certificates");
	calls = sim_calls();
	assert_int_equal(open_them(), RC_DENY);		/* asked once */
	assert_int_equal(sim_calls(), calls);
	none_is("A");

	begin();
	sim_file(SYSTEM, "");
	set.tls_CAfile = SPAN("/none.pem");
	assert_int_equal(anchors_open(&anchors, &set, true, &info), RC_DENY);
	why_has("lmtp_tls_CAfile = /none.pem: ");
	why_has("; this machine's own authorities are in " SYSTEM);
}

SIM_TEST(a_bundle_without_a_certificate_is_refused)
{
	begin();
	set.tls_CAfile = SPAN(CAFILE);
	put_pem("PUBLIC KEY", put_named("A", "1"));
	sim_file(CAFILE, "nothing here\n");
	assert_int_equal(open_them(), RC_DENY);
	why_has("smtp_tls_CAfile = " CAFILE
	    ": there is no certificate in it; ");
	done();

	begin();
	set.tls_CAfile = SPAN(CAFILE);
	put_pem("PUBLIC KEY", make_named(make_cn("A"), "1"));
	put_pem("CERTIFICATE", SPAN("no DER"));
	sim_file(CAFILE, buf_text(&pem));
	assert_int_equal(open_them(), RC_DENY);
	done();
}

SIM_TEST(a_bundle_that_cannot_be_read_is_no_empty_one)
{
	struct span der;
	size_t at = 0;

	begin();
	put_named("A", "1");
	with_cafile();
	put_named("B", "1");
	sim_file(CAFILE, buf_text(&pem));
	sim_file_broken(CAFILE, 100);
	assert_int_equal(anchors_find(&anchors, make_cn("B"), &at, &arena,
	    &der), RC_OS);
	assert_non_null(strstr(sim_err(), CAFILE ": Input/output error"));
	done();

	begin();
	set.tls_CAfile = SPAN(CAFILE);
	sim_file_broken(CAFILE, 0);
	assert_int_equal(open_them(), RC_DENY);
	why_has(": Input/output error");
	done();
}

SIM_TEST(nothing_set_means_nobody_and_advice)
{
	begin();
	assert_int_equal(open_them(), RC_OK);
	assert_string_equal(anchors.why, "no authority is trusted: set "
	    "smtp_tls_CAfile = FILE, a file of certificates of authorities");
	none_is("A");
	done();

	begin();
	sim_file(SYSTEM, "");
	assert_int_equal(open_them(), RC_OK);
	assert_string_equal(anchors.why, "no authority is trusted: set "
	    "smtp_tls_CAfile = " SYSTEM);
	done();
	assert_string_equal(sim_err(), "");
}

SIM_TEST(what_was_never_opened_has_nobody)
{
	begin();
	none_is("A");
}

/* ---- tls_append_default_CA ---------------------------------------------- */

SIM_TEST(the_systems_bundle_is_searched_behind_ones_own)
{
	struct span own, theirs, other;
	size_t at = 0;

	begin();
	theirs = put_named("A", "2");
	other = put_named("B", "1");
	sim_file(SYSTEM, buf_text(&pem));
	buf_clear(&pem);
	own = put_named("A", "1");
	set.tls_append_default_CA = true;
	with_cafile();
	next_is(make_cn("A"), &at, own);
	next_is(make_cn("A"), &at, theirs);
	no_more(make_cn("A"), &at);
	only_is("B", other);
	done();

	/* Without it, it is not. */
	memset(&anchors, 0, sizeof(anchors));
	set.tls_append_default_CA = false;
	assert_int_equal(open_them(), RC_OK);
	none_is("B");
	done();
}

SIM_TEST(the_systems_bundle_does_alone)
{
	struct span a;

	begin();
	a = put_named("A", "1");
	sim_file("/etc/ssl/cert.pem", buf_text(&pem));
	set.tls_append_default_CA = true;
	assert_int_equal(open_them(), RC_OK);
	assert_string_equal(anchors.why, "");
	only_is("A", a);
	done();
}

SIM_TEST(a_system_without_a_bundle_is_warned_of)
{
	begin();
	set.tls_append_default_CA = true;
	assert_int_equal(open_them(), RC_OK);
	assert_non_null(strstr(sim_err(), "warning: tls_append_default_CA: "));
	why_has("no authority is trusted");
	none_is("A");
	done();
}

/* ---- CApath ------------------------------------------------------------- */

/* What `openssl x509 -subject_hash` says of certificates it made. */
SIM_TEST(names_have_the_hashes_that_openssl_gives_them)
{
	static const struct {
		const char *hash;
		struct span name;
	} known[] = {
		{ "d690c6b5", SPAN("071\x0b" "0\x09\x06\x03U\x04\x06\x13\x02US"
		    "1\x14" "0\x12\x06\x03U\x04\x0a\x0c\x0bTest  Org  "
		    "1\x12" "0\x10\x06\x03U\x04\x03\x0c\x09 Root X1 ") },
		/* BMPString and T61String have the hash of their UTF-8. */
		{ "07cbde43", SPAN("021\x17" "0\x15\x06\x03U\x04\x0a\x1e\x0e"
		    "\0K\0\xe4\0s\0e\0 \0A\0G1\x17" "0\x15\x06\x03U\x04\x03"
		    "\x1e\x0e\0G\0r\0\xf6\0\xdf\0e\0 \x20\xac") },
		{ "e06e31c8", SPAN("0!1\x10" "0\x0e\x06\x03U\x04\x0a\x14\x07"
		    "K\xe4se AG1\x0d" "0\x0b\x06\x03U\x04\x03\x14\x04" "A  B"
		    ) },
		{ "e06e31c8", SPAN("0\"1\x11" "0\x0f\x06\x03U\x04\x0a\x0c\x08"
		    "K\xc3\xa4se AG1\x0d" "0\x0b\x06\x03U\x04\x03\x0c\x04"
		    "A  B") },
		/* Two attributes in one RDN. */
		{ "b4d7a7a0", SPAN("0\"1\x0a" "0\x08\x06\x03U\x04\x03\x0c\x01"
		    "b1\x14" "0\x08\x06\x03U\x04\x03\x0c\x01" "a0\x08\x06\x03"
		    "U\x04\x0a\x0c\x01z") },
	};
	unsigned char hash[DN_HASH_BYTES];
	char text[9];

	for (size_t i = 0; i < COUNT(known); i++) {
		struct buf b = BUF(text);

		assert_true(dn_hash(known[i].name, hash));
		for (int k = 4; k-- > 0;)
			buf_fmt(&b, "%02x", (unsigned)hash[k]);
		assert_string_equal(buf_text(&b), known[i].hash);
	}
}

/* The long forms of lengths, and numbers that no text is made of. */
SIM_TEST(long_names_and_other_values_have_openssls_hashes_too)
{
	unsigned char hash[DN_HASH_BYTES];
	char x[64], y[64], z[64], q[128];

	made_begin();
	memset(x, 'x', sizeof(x));
	memset(y, 'y', sizeof(y));
	memset(z, 'z', sizeof(z));
	memset(q, 'Q', sizeof(q));
	assert_true(dn_hash(MAKE(0x30,
	    make_rdn(OID_O, 0x13, (struct span){ x, 64 }),
	    make_rdn(SPAN("\x55\4\x0b"), 0x13, (struct span){ y, 64 }),
	    make_rdn(OID_CN, 0x13, (struct span){ z, 64 }),
	    make_rdn(SPAN("\x55\4\7"), 0x13, (struct span){ q, 128 })),
	    hash));
	assert_memory_equal(hash, "\x27\x31\x3a\xc1", 4);

	/* A NumericString is no text to OpenSSL: its blanks count. */
	assert_true(dn_hash(MAKE(0x30, make_rdn(OID_CN, 0x12, SPAN("1 "))),
	    hash));
	assert_memory_equal(hash, "\x4c\x1f\x5e\xbb", 4);
}

SIM_TEST(malformed_and_endless_names_have_no_hash)
{
	static char long_text[5000];
	unsigned char hash[DN_HASH_BYTES];

	made_begin();
	memset(long_text, 'a', sizeof(long_text));
	assert_false(dn_hash(SPAN(""), hash));
	assert_false(dn_hash(SPAN("\x30\2\x31\1"), hash));
	assert_false(dn_hash(MAKE(0x30, MAKE(0x31, SPAN("\x30\1\6"))), hash));
	assert_false(dn_hash(MAKE(0x30, make_rdn(OID_CN, 0x0c,
	    (struct span){ long_text, sizeof(long_text) })), hash));
	assert_true(dn_hash(MAKE(0x30, NOTHING), hash));
}

/* CN=Root X1, as `openssl rehash` would call its files. */
#define ROOT_X1	"/cas/b6f290eb."

static void
with_folder(void)
{
	sim_folder("/cas", true);
	set.tls_CApath = SPAN("/cas");
	assert_int_equal(open_them(), RC_OK);
}

SIM_TEST(a_folder_is_searched_by_hash_and_number)
{
	struct span first, second;
	size_t at = 0;

	begin();
	first = put_named("Root X1", "1");
	sim_file(ROOT_X1 "0", buf_text(&pem));
	buf_clear(&pem);
	put_named("another of the same hash", "1");
	sim_file(ROOT_X1 "1", buf_text(&pem));
	second = put_named("Root X1", "2");
	sim_file(ROOT_X1 "2", buf_text(&pem));
	sim_file(ROOT_X1 "4", buf_text(&pem));	/* none is number 3 */
	with_folder();
	next_is(make_cn("Root X1"), &at, first);
	next_is(make_cn("root x1"), &at, second);
	no_more(make_cn("Root X1"), &at);
	none_is("another of the same hash");
	assert_string_equal(anchors.why, "");
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(a_folder_comes_behind_the_bundle)
{
	struct span first, second;
	size_t at = 0;

	begin();
	second = put_named("Root X1", "2");
	sim_folder("/cas", true);
	sim_file(ROOT_X1 "0", buf_text(&pem));
	set.tls_CApath = SPAN("/cas");
	buf_clear(&pem);
	first = put_named("Root X1", "1");
	with_cafile();
	next_is(make_cn("Root X1"), &at, first);
	next_is(make_cn("Root X1"), &at, second);
	no_more(make_cn("Root X1"), &at);
	done();
}

SIM_TEST(a_missing_folder_is_warned_of_and_nothing_is_in_it)
{
	begin();
	set.tls_CApath = SPAN("/none");
	assert_int_equal(open_them(), RC_OK);
	assert_non_null(strstr(sim_err(), "warning: smtp_tls_CApath = /none: "
	    "there is no such folder"));
	none_is("Root X1");
	done();
}

SIM_TEST(a_file_of_a_folder_that_fails_is_passed_over)
{
	struct span a;

	begin();
	a = put_named("Root X1", "1");
	sim_file(ROOT_X1 "0", buf_text(&pem));
	sim_file(ROOT_X1 "1", buf_text(&pem));
	with_folder();
	sim_fail_at(sim_fallible() + 1);
	only_is("Root X1", a);
	assert_non_null(strstr(sim_err(), "warning: " ROOT_X1 "0: "));
}

/* ---- files of trust anchors --------------------------------------------- */

static char why_room[512];
static struct buf why;
static struct anchor list[4];
static struct anchor_list all = { list, COUNT(list), 0 };

static enum rc
each(const char *files)
{
	buf_init(&why, why_room, sizeof(why_room));
	return anchors_each(span_of(files), &arena, &all, &why);
}

static void
each_fails(const char *files, const char *text)
{
	assert_int_equal(each(files), RC_DENY);
	assert_int_equal(all.n, 0);
	if (strstr(buf_text(&why), text) == NULL)
		fail_msg("%s", buf_text(&why));
	assert_int_equal(sim_open_fds(), 0);
}

static struct span
make_ec_key(void)
{
	char point[65] = { 4 };

	return MAKE(0x30, MAKE(0x30, MAKE(6, SPAN("\x2a\x86\x48\xce\x3d\2\1")),
	    MAKE(6, SPAN("\x2a\x86\x48\xce\x3d\3\1\7"))),
	    MAKE(3, NOTHING, SPAN("\0"), { point, sizeof(point) }));
}

SIM_TEST(certificates_and_bare_keys_of_all_files_are_anchors)
{
	struct span a, b, key, spki = SPAN("\x30\3\2\1\1");

	begin();
	a = put_named("A", "1");
	put_pem("RSA PRIVATE KEY", SPAN("is passed over"));
	key = make_ec_key();
	put_pem("PUBLIC KEY", key);
	sim_file("/a.pem", buf_text(&pem));
	buf_clear(&pem);
	b = put_named("B", "1");
	sim_file("/b.pem", buf_text(&pem));
	assert_int_equal(each("/a.pem, /b.pem"), RC_OK);
	assert_int_equal(all.n, 3);
	assert_true(span_eq(list[0].der, a) && span_eq(list[0].spki, spki));
	assert_true(list[1].der.n == 0 && span_eq(list[1].spki, key));
	assert_true(span_eq(list[2].der, b) && span_eq(list[2].spki, spki));
	assert_int_equal(each(""), RC_OK);
	assert_int_equal(all.n, 0);
}

SIM_TEST(what_is_wrong_with_a_file_of_anchors_is_told)
{
	begin();
	each_fails("/none.pem", "trust anchor file /none.pem: No such file");
	sim_file("/a.pem", "nothing\n");
	each_fails("/a.pem", "/a.pem has no certificate and no public key");
	put_named("A", "1");
	sim_file("/b.pem", buf_text(&pem));
	each_fails("/b.pem /a.pem", "/a.pem has no certificate");
	buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n!\n");
	sim_file("/c.pem", buf_text(&pem));
	each_fails("/b.pem /c.pem", "/c.pem, line 7: malformed");
	sim_file("/d.pem", "-----BEGIN PUBLIC KEY-----\nMAMCAQE=\n"
	    "-----END PUBLIC KEY-----\n");
	each_fails("/d.pem", "/d.pem, line 3: a kind of key that can't");
	sim_file("/e.pem", "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n"
	    "-----END CERTIFICATE-----\n");
	each_fails("/e.pem", "/e.pem, line 3: the certificate is malformed");
	each_fails("/b.pem /b.pem /b.pem /b.pem /b.pem",
	    "/b.pem, line 5: there are too many trust anchors");
	arena_init(&arena, arena_memory, 100);
	each_fails("/b.pem", "line 4: there is no room for it");
	sim_file_broken("/b.pem", 10);
	each_fails("/b.pem", ": Input/output error");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(certificates_are_found_by_subject),
		SIM_RUN(all_of_one_subject_come_in_their_order),
		SIM_RUN(a_search_leaves_nothing_of_the_others_in_the_arena),
		SIM_RUN(bad_entries_are_left_out_and_told_once),
		SIM_RUN(text_without_line_ends_will_do),
		SIM_RUN(a_certificate_beyond_all_bounds_is_left_out),
		SIM_RUN(a_missing_bundle_is_named_with_its_setting),
		SIM_RUN(a_bundle_without_a_certificate_is_refused),
		SIM_RUN(a_bundle_that_cannot_be_read_is_no_empty_one),
		SIM_RUN(nothing_set_means_nobody_and_advice),
		SIM_RUN(what_was_never_opened_has_nobody),
		SIM_RUN(the_systems_bundle_is_searched_behind_ones_own),
		SIM_RUN(the_systems_bundle_does_alone),
		SIM_RUN(a_system_without_a_bundle_is_warned_of),
		SIM_RUN(names_have_the_hashes_that_openssl_gives_them),
		SIM_RUN(long_names_and_other_values_have_openssls_hashes_too),
		SIM_RUN(malformed_and_endless_names_have_no_hash),
		SIM_RUN(a_folder_is_searched_by_hash_and_number),
		SIM_RUN(a_folder_comes_behind_the_bundle),
		SIM_RUN(a_missing_folder_is_warned_of_and_nothing_is_in_it),
		SIM_RUN(a_file_of_a_folder_that_fails_is_passed_over),
		SIM_RUN(certificates_and_bare_keys_of_all_files_are_anchors),
		SIM_RUN(what_is_wrong_with_a_file_of_anchors_is_told),
	};

	return sim_main(tests, COUNT(tests));
}
