/*
 * tls_index_test.c - FILE.cdb: how it is made, and when it is used.
 */
#include "tls_bundle.h"

#define INDEX	CAFILE ".cdb"

static struct tls_index made_index;
static char why_room[512];
static struct buf why;

static enum rc
make_index(const char *file)
{
	buf_init(&why, why_room, sizeof(why_room));
	return tls_index_make(file, &info, &made_index, &why);
}

/* Of what is in pem; and then the file is opened. */
static void
with_index(void)
{
	sim_folder("/etc", true);
	sim_file(CAFILE, buf_text(&pem));
	assert_int_equal(make_index(CAFILE), RC_OK);
	set.tls_CAfile = SPAN(CAFILE);
	assert_int_equal(open_them(), RC_OK);
}

static void
made_is(unsigned certificates, unsigned duplicates, unsigned bad)
{
	assert_int_equal(made_index.certificates, certificates);
	assert_int_equal(made_index.duplicates, duplicates);
	assert_int_equal(made_index.bad, bad);
}

/* Nothing of CAFILE is read any more. */
static void
index_is_used(void)
{
	assert_int_equal(anchors.file[0].fd, -1);
	assert_int_equal(sim_open_fds(), 0);
	assert_null(strstr(sim_err(), "without an index"));
}

static void
index_is_not_used(const char *reason)
{
	char text[200];
	struct buf b = BUF(text);

	assert_int_equal(open_them(), RC_OK);
	assert_true(anchors.file[0].fd >= 0);
	buf_fmt(&b, CAFILE " is read without an index (%s): `postern cacert "
	    CAFILE "` makes one", reason);
	if (strstr(sim_err(), buf_text(&b)) == NULL)
		fail_msg("%s", sim_err());
	assert_null(strstr(sim_err(), "warning"));
	done();
}

/* ---- made --------------------------------------------------------------- */

SIM_TEST(an_index_gives_what_its_file_gives)
{
	struct span a[3], b, c;
	size_t at = 0;

	begin();
	a[0] = put_named("A", "1");
	b = put_named("B", "1");
	a[1] = put_named(" a ", "2");
	c = put_named("C", "1");
	a[2] = put_named("A", "3");
	with_index();
	made_is(5, 0, 0);
	index_is_used();
	for (size_t i = 0; i < 3; i++)
		next_is(make_cn("A"), &at, a[i]);
	no_more(make_cn("A"), &at);
	only_is("b", b);
	only_is("C", c);
	none_is("D");
	assert_int_equal(arena.used, 0);	/* it is mapped */
}

SIM_TEST(many_certificates_are_all_found)
{
	struct span der[300];
	char name[16];

	begin();
	for (unsigned i = 0; i < COUNT(der); i++) {
		struct buf b = BUF(name);

		buf_fmt(&b, "Root %u", i);
		der[i] = put_named(buf_text(&b), "1");
	}
	with_index();
	made_is(COUNT(der), 0, 0);
	index_is_used();
	for (unsigned i = 0; i < COUNT(der); i++) {
		struct buf b = BUF(name);

		buf_fmt(&b, "ROOT  %u", i);
		only_is(buf_text(&b), der[i]);
	}
}

SIM_TEST(duplicates_are_left_out_and_counted)
{
	struct span a;

	begin();
	a = put_named("A", "1");
	put_named("B", "1");
	put_pem("CERTIFICATE", a);
	put_pem("X509 CERTIFICATE", a);
	with_index();
	made_is(2, 2, 0);
	only_is("A", a);
}

SIM_TEST(bad_entries_are_told_by_line_and_the_others_taken)
{
	static char large[CERT_BYTES_MAX], text[4096];
	struct span a, z;

	begin();
	buf_puts(&pem, "one line\n");
	put_pem("CERTIFICATE", SPAN("\x30\3\2\1\1"));		/* at 2 */
	buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n!\n!\n!\n!\n"
	    "-----END CERTIFICATE-----\n");			/* at 8 */
	put_pem("TRUSTED CERTIFICATE", SPAN("passed over"));	/* to 13 */
	put_pem("CERTIFICATE", make_cert(&(struct parts){	/* at 14 */
	    .subject = make_rdn(OID_CN, 0x0c, SPAN("A")) }));
	a = put_named("A", "1");
	memset(text, 'x', sizeof(text));
	put_pem("CERTIFICATE", make_named(MAKE(0x30, make_rdn(OID_CN, 0x0c,
	    (struct span){ text, sizeof(text) })), "1"));
	put_pem("CERTIFICATE", make_cert(&(struct parts){
	    .after = { large, sizeof(large) } }));
	z = put_named("Z", "1");
	with_index();
	made_is(2, 0, 5);
	only_is("A", a);
	only_is("Z", z);
	assert_non_null(strstr(sim_err(), "warning: " CAFILE ", line 2: "
	    "the certificate is malformed; left out"));
	assert_non_null(strstr(sim_err(), CAFILE ", line 9: "
	    "the text of the certificate is malformed"));
	assert_non_null(strstr(sim_err(), ", line 14: the certificate is "));
	assert_non_null(strstr(sim_err(), "has too long a name"));
	assert_non_null(strstr(sim_err(), ": too large; left out"));
}

/* Certificates can't be shorter than in a file made of nothing else. */
SIM_TEST(an_index_has_room_for_the_smallest_certificates)
{
	struct span empty = SPAN("\x30\0");

	begin();
	for (unsigned i = 0; i < 2000; i++) {
		char n[] = { (char)(1 + i / 100), (char)(1 + i % 100), 0 };

		put_pem("CERTIFICATE", make_cert(&(struct parts){
		    .subject = empty, .issuer = empty,
		    .signature = SPAN("\3\1\0"),
		    .serial = MAKE(2, span_of(n)) }));
		made_begin();
	}
	with_index();
	made_is(2000, 0, 0);
}

SIM_TEST(what_cannot_be_indexed_is_told_and_the_old_index_stays)
{
	const char *data;
	size_t n;

	begin();
	sim_folder("/etc", true);
	sim_file(INDEX, "old");
	assert_int_equal(make_index(CAFILE), RC_DENY);
	assert_string_equal(buf_text(&why), CAFILE
	    ": No such file or directory");
	sim_file(CAFILE, "nothing\n");
	assert_int_equal(make_index(CAFILE), RC_DENY);
	assert_string_equal(buf_text(&why), CAFILE
	    ": there is no certificate in it");
	assert_int_equal(make_index("/etc"), RC_DENY);

	put_named("A", "1");
	sim_file(CAFILE, buf_text(&pem));
	sim_file_broken(CAFILE, 50);
	assert_int_equal(make_index(CAFILE), RC_DENY);
	assert_string_equal(buf_text(&why), CAFILE ": Input/output error");
	sim_file(CAFILE, buf_text(&pem));
	sim_file_broken(CAFILE, -1);
	sim_memory_limit(sim_memory_used() + 10);
	assert_int_equal(make_index(CAFILE), RC_FULL);
	sim_memory_limit(SIZE_MAX);
	sim_folder("/etc", false);
	assert_int_equal(make_index(CAFILE), RC_OS);
	assert_non_null(strstr(buf_text(&why), INDEX ": "));
	assert_true(sim_file_read(INDEX, &data, &n));
	assert_true(span_is((struct span){ data, n }, "old"));
	assert_int_equal(sim_open_fds(), 0);
}

/* Each call of the port fails in turn: a whole index, or the old one. */
SIM_TEST(an_index_is_made_whole_or_not_at_all)
{
	bool was_changed = false;	/* FILE, as far as can be told */
	const char *data;
	uint64_t first;
	size_t n;
	enum rc rc;

	begin();
	sim_folder("/etc", true);
	put_named("A", "1");
	sim_file(CAFILE, buf_text(&pem));
	first = sim_fallible();
	assert_int_equal(make_index(CAFILE), RC_OK);
	for (uint64_t i = 1; i <= 40; i++) {
		sim_file(INDEX, "old");
		first = sim_fallible();
		sim_fail_at(first + i);
		rc = make_index(CAFILE);
		assert_true(sim_file_read(INDEX, &data, &n));
		assert_true(rc == RC_OK ? n > 2048 : n == 3 && why.n > 0);
		was_changed |= strstr(buf_text(&why), "was changed") != NULL;
		if (sim_fallible() < first + i) {
			assert_int_equal(rc, RC_OK);
			assert_true(was_changed);
			return;
		}
	}
	sim_fail("more calls than expected");
}

/* ---- used --------------------------------------------------------------- */

SIM_TEST(a_missing_index_is_noted_once)
{
	begin();
	put_named("A", "1");
	sim_file(CAFILE, buf_text(&pem));
	set.tls_CAfile = SPAN(CAFILE);
	index_is_not_used("there is none");
	assert_int_equal(open_them(), RC_OK);
	assert_int_equal(count(sim_err(), "without an index"), 1);
}

SIM_TEST(an_index_is_used_unless_its_file_is_newer)
{
	begin();
	put_named("A", "1");
	with_index();
	index_is_used();

	memset(&anchors, 0, sizeof(anchors));
	sim_file_mtime(CAFILE, SIM_WALL + 1);
	sim_file_mtime(INDEX, SIM_WALL + 1);
	assert_int_equal(open_them(), RC_OK);
	index_is_used();

	memset(&anchors, 0, sizeof(anchors));
	sim_file_mtime(CAFILE, SIM_WALL + 2);
	index_is_not_used("it is older");
}

SIM_TEST(a_cdb_of_something_else_is_no_index)
{
	begin();
	put_named("A", "1");
	with_index();

	/* The file became another one, of an old date. */
	memset(&anchors, 0, sizeof(anchors));
	put_named("B", "1");
	sim_file(CAFILE, buf_text(&pem));
	sim_file_mtime(CAFILE, 5);
	index_is_not_used("it is of another file");

	memset(&anchors, 0, sizeof(anchors));
	sim_file_bytes(INDEX, "", 0);
	index_is_not_used("it is of another file");
}

SIM_TEST(an_index_that_cannot_be_read_is_as_good_as_none)
{
	uint64_t first;

	begin();
	put_named("A", "1");
	with_index();
	memset(&anchors, 0, sizeof(anchors));
	first = sim_fallible();
	sim_fail_at(first + 2);		/* its stat, behind the file's open */
	index_is_not_used("Input/output error");
}

/* The text would do, but nobody should go on with half a list unnoticed. */
SIM_TEST(a_damaged_index_is_told_and_tells_nothing)
{
	static char bytes[8192];
	const char *data;
	struct span der;
	size_t n, at = 0;

	begin();
	put_named("A", "1");
	with_index();
	assert_true(sim_file_read(INDEX, &data, &n));
	assert_true(n < sizeof(bytes));
	memcpy(bytes, data, n);
	memset(bytes + 2048 + 4, 0xff, 4);	/* length of the first value */
	sim_file_bytes(INDEX, bytes, n);
	memset(&anchors, 0, sizeof(anchors));
	assert_int_equal(open_them(), RC_OK);
	assert_int_equal(anchors_find(&anchors, make_cn("A"), &at, &arena,
	    &der), RC_OS);
	assert_non_null(strstr(sim_err(), INDEX " is damaged: `postern cacert "
	    CAFILE "` makes it anew"));
}

SIM_TEST(a_value_that_is_no_such_certificate_is_passed_over)
{
	static char bytes[8192];
	const char *data;
	size_t n, at = 2048;

	begin();
	put_named("A", "1");
	with_index();
	assert_true(sim_file_read(INDEX, &data, &n));
	memcpy(bytes, data, n);
	while (memcmp(bytes + at, "\x0c\1A", 3) != 0)
		at++;
	bytes[at + 2] = 'B';			/* somebody else */
	sim_file_bytes(INDEX, bytes, n);
	memset(&anchors, 0, sizeof(anchors));
	assert_int_equal(open_them(), RC_OK);
	none_is("A");
	memset(bytes + 2048 + 8 + DN_HASH_BYTES, 'x', 40);	/* nobody */
	sim_file_bytes(INDEX, bytes, n);
	memset(&anchors, 0, sizeof(anchors));
	assert_int_equal(open_them(), RC_OK);
	none_is("A");
}

SIM_TEST(the_systems_bundle_may_have_an_index_too)
{
	struct span a;

	begin();
	sim_folder("/etc/ssl/certs", true);
	a = put_named("A", "1");
	sim_file(SYSTEM, buf_text(&pem));
	assert_int_equal(make_index(SYSTEM), RC_OK);
	set.tls_append_default_CA = true;
	assert_int_equal(open_them(), RC_OK);
	assert_string_equal(anchors.why, "");
	assert_int_equal(sim_open_fds(), 0);
	only_is("A", a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(an_index_gives_what_its_file_gives),
		SIM_RUN(many_certificates_are_all_found),
		SIM_RUN(duplicates_are_left_out_and_counted),
		SIM_RUN(bad_entries_are_told_by_line_and_the_others_taken),
		SIM_RUN(an_index_has_room_for_the_smallest_certificates),
		SIM_RUN(what_cannot_be_indexed_is_told_and_the_old_index_stays),
		SIM_RUN(an_index_is_made_whole_or_not_at_all),
		SIM_RUN(a_missing_index_is_noted_once),
		SIM_RUN(an_index_is_used_unless_its_file_is_newer),
		SIM_RUN(a_cdb_of_something_else_is_no_index),
		SIM_RUN(an_index_that_cannot_be_read_is_as_good_as_none),
		SIM_RUN(a_damaged_index_is_told_and_tells_nothing),
		SIM_RUN(a_value_that_is_no_such_certificate_is_passed_over),
		SIM_RUN(the_systems_bundle_may_have_an_index_too),
	};

	return sim_main(tests, COUNT(tests));
}
