/*
 * tls_pem_test.c - text armour, as people's files have it.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

#define FILE_	"/etc/x.pem"
#define BEGIN	"-----BEGIN CERTIFICATE-----\n"
#define END	"-----END CERTIFICATE-----\n"

static char room[400];
static struct buf der;
static struct pem pem;
static enum pem_kind kind;

/* Takes what is open at the end of the test before, too. */
static void
given_bytes(const void *data, size_t n)
{
	int fd;

	sim_file_bytes(FILE_, data, n);
	assert_int_equal(port_open(FILE_, &fd), RC_OK);
	pem_start(&pem, fd);
	buf_init(&der, room, sizeof(room));
}

static void
given(const char *text)
{
	given_bytes(text, strlen(text));
}

static void
next_is(enum pem_kind k, struct span data)
{
	assert_int_equal(pem_next(&pem, &kind, &der), RC_OK);
	assert_int_equal(kind, k);
	assert_true(span_eq(buf_span(&der), data));
}

static void
next_fails(enum rc rc, unsigned line)
{
	assert_int_equal(pem_next(&pem, &kind, &der), rc);
	assert_int_equal(pem.line, line);
}

static void
no_more(void)
{
	assert_int_equal(pem_next(&pem, &kind, &der), RC_NONE);
	assert_int_equal(pem_next(&pem, &kind, &der), RC_NONE);
	port_close(pem.fd);
}

SIM_TEST(objects_come_in_their_order_with_their_kinds)
{
	given("-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"
	    "-----BEGIN X509 CERTIFICATE-----\nYg==\n"
	    "-----END X509 CERTIFICATE-----\n"
	    "-----BEGIN PUBLIC KEY-----\nYw==\n-----END PUBLIC KEY-----\n"
	    "-----BEGIN PRIVATE KEY-----\nZA==\n-----END PRIVATE KEY-----\n"
	    "-----BEGIN RSA PRIVATE KEY-----\nZQ==\n"
	    "-----END RSA PRIVATE KEY-----\n"
	    "-----BEGIN EC PRIVATE KEY-----\nZg==\n"
	    "-----END EC PRIVATE KEY-----\n"
	    "-----BEGIN EC PARAMETERS-----\nZw==\n"
	    "-----END EC PARAMETERS-----\n");
	next_is(PEM_CERTIFICATE, SPAN("a"));
	next_is(PEM_CERTIFICATE, SPAN("b"));
	next_is(PEM_PUBLIC_KEY, SPAN("c"));
	next_is(PEM_PRIVATE_KEY, SPAN("d"));
	next_is(PEM_RSA_KEY, SPAN("e"));
	next_is(PEM_EC_KEY, SPAN("f"));
	next_is(PEM_OTHER, SPAN("g"));
	no_more();
}

SIM_TEST(text_between_objects_is_passed_over)
{
	given("# a: comment\nYWFh\n-----BEGIN\n-----BEGIN X-----more\n\n"
	    " CN = x\n" BEGIN "YWJj\n" END "trailer\n-----END X-----\n"
	    BEGIN "ZGVm\n" END "no line end");
	next_is(PEM_CERTIFICATE, SPAN("abc"));
	assert_int_equal(pem.begun, 7);
	assert_int_equal(pem.line, 9);
	next_is(PEM_CERTIFICATE, SPAN("def"));
	assert_int_equal(pem.begun, 12);
	no_more();
}

SIM_TEST(line_ends_and_blanks_beside_them_do_not_matter)
{
	given("\xef\xbb\xbf-----BEGIN CERTIFICATE----- \r\nYWJj \r\n\tZGVm\r\n"
	    "\r\n-----END CERTIFICATE-----");
	next_is(PEM_CERTIFICATE, SPAN("abcdef"));
	no_more();
}

SIM_TEST(a_file_of_three_octets_has_nothing)
{
	given("\xef\xbb\xbf");
	no_more();
	given("");
	no_more();
}

SIM_TEST(lines_break_anywhere)
{
	given(BEGIN "Y\nWJj\nZG\nV\nmZw\n=\n=\n" END);
	next_is(PEM_CERTIFICATE, SPAN("abcdefg"));
	no_more();
}

/* A line longer than what is read at once, and a file of many such pieces. */
SIM_TEST(lines_of_any_length_are_read)
{
	static char text[9000], data[3000];
	size_t at;

	memset(text, 'x', sizeof(text));
	strcpy(text + 3000, "-----BEGIN CERTIFICATE-----\n");
	at = strlen(text);
	for (size_t i = 0; i < 100; i++, at += 40)
		strcpy(text + at, "YWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJj");
	strcpy(text + at, "\n" END);
	/* The mark is inside a long line: it is none. */
	given(text);
	no_more();

	text[2999] = '\n';
	given(text);
	buf_init(&der, data, sizeof(data));
	assert_int_equal(pem_next(&pem, &kind, &der), RC_FULL);
	port_close(pem.fd);
	at -= 40;
	strcpy(text + at, "\n" END);
	given(text);
	buf_init(&der, data, sizeof(data));
	assert_int_equal(pem_next(&pem, &kind, &der), RC_OK);
	assert_int_equal(der.n, 2970);
	for (size_t i = 0; i < der.n; i++)
		assert_int_equal(der.p[i], "abc"[i % 3]);
	no_more();
}

SIM_TEST(what_is_malformed_is_told_by_line_and_passed_over)
{
	given("text\n" BEGIN "YWJj\nZ-Vm\n" END	/* a foreign octet */
	    BEGIN "YWJj\nZG Vm\n" END		/* a blank inside */
	    BEGIN "YQ==\nYWJj\n" END		/* behind padding */
	    BEGIN "YWJjZ\n" END			/* half a group */
	    BEGIN "YWJj\n-----END PUBLIC KEY-----\n"
	    BEGIN "YWJj\n" BEGIN "ZGVm\n" END	/* no end */
	    BEGIN "YWJj\n");
	next_fails(RC_WIRE, 4);
	next_fails(RC_WIRE, 8);
	next_fails(RC_WIRE, 12);
	next_fails(RC_WIRE, 16);
	next_fails(RC_WIRE, 19);
	next_fails(RC_WIRE, 21);
	next_is(PEM_CERTIFICATE, SPAN("def"));
	next_fails(RC_WIRE, 26);
	no_more();
}

SIM_TEST(an_encrypted_key_is_told_from_a_plain_one)
{
	given("-----BEGIN ENCRYPTED PRIVATE KEY-----\nYWJj\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n"
	    "-----BEGIN RSA PRIVATE KEY-----\n"
	    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nYWJj\n"
	    "-----END RSA PRIVATE KEY-----\n"
	    "-----BEGIN EC PRIVATE KEY-----\nComment: mine\n\nYWJj\n"
	    "-----END EC PRIVATE KEY-----\n"
	    BEGIN "YWJj\nProc-Type: 4,ENCRYPTED\n" END);
	next_is(PEM_ENCRYPTED, SPAN("abc"));
	next_is(PEM_ENCRYPTED, SPAN("abc"));
	next_is(PEM_EC_KEY, SPAN("abc"));
	next_fails(RC_WIRE, 17);	/* headers come first */
	no_more();
}

SIM_TEST(too_large_an_object_is_left_out)
{
	char text[5];

	given(BEGIN "YWJj\nZGVm\n" END BEGIN "YWJj\n" END BEGIN "YQ==\n" END);
	buf_init(&der, text, 4);
	assert_int_equal(pem_next(&pem, &kind, &der), RC_FULL);
	assert_int_equal(pem.begun, 1);
	next_is(PEM_CERTIFICATE, SPAN("abc"));
	buf_init(&der, text, 1);
	assert_int_equal(pem_next(&pem, &kind, &der), RC_FULL);
	no_more();
}

SIM_TEST(a_file_that_cannot_be_read_is_no_end)
{
	given(BEGIN "YWJj\n" END BEGIN "YWJj\n" END);
	sim_file_broken(FILE_, 70);
	next_is(PEM_CERTIFICATE, SPAN("abc"));
	assert_int_equal(pem_next(&pem, &kind, &der), RC_OS);
	port_close(pem.fd);
	sim_file(FILE_, BEGIN);
	sim_file_broken(FILE_, 10);
	assert_int_equal(port_open(FILE_, &pem.fd), RC_OK);
	pem_start(&pem, pem.fd);
	assert_int_equal(pem_next(&pem, &kind, &der), RC_OS);
	port_close(pem.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(objects_come_in_their_order_with_their_kinds),
		SIM_RUN(text_between_objects_is_passed_over),
		SIM_RUN(line_ends_and_blanks_beside_them_do_not_matter),
		SIM_RUN(a_file_of_three_octets_has_nothing),
		SIM_RUN(lines_break_anywhere),
		SIM_RUN(lines_of_any_length_are_read),
		SIM_RUN(what_is_malformed_is_told_by_line_and_passed_over),
		SIM_RUN(an_encrypted_key_is_told_from_a_plain_one),
		SIM_RUN(too_large_an_object_is_left_out),
		SIM_RUN(a_file_that_cannot_be_read_is_no_end),
	};

	return sim_main(tests, COUNT(tests));
}
