/*
 * sasl_mech_test.c - mechanisms: which one is taken, and what it says.
 */
#include <string.h>

#include "../sim/sim.h"
#include "sasl.h"

static struct sasl who;
static char room[SASL_LINE_MAX];
static struct buf said;

static void
start(const char *entry, enum sasl_mech mech)
{
	assert_int_equal(sasl_start(&who, span_of(entry)), RC_OK);
	who.mech = mech;
	who.authzid = false;
	said = BUF(room);
}

static enum rc
choose(const char *offered, unsigned options, bool certificate)
{
	return sasl_choose(&who, span_of(offered), options, certificate);
}

static unsigned
options(const char *words)
{
	struct span bad = { 0 };
	unsigned bits = 0;

	assert_int_equal(sasl_options(span_of(words), &bits, &bad), RC_OK);
	return bits;
}

/* What is said, out of its base64. */
static struct span
plain_text(void)
{
	static char text[2 * SASL_LINE_MAX];
	static struct buf b;

	b = BUF(text);
	assert_true(code_unbase64(&b, buf_span(&said)));
	return buf_span(&b);
}

/* ---- the RFCs' own examples --------------------------------------------- */

SIM_TEST(cram_md5_is_that_of_rfc_2195)
{
	start("tim:tanstaaftanstaaf", SASL_CRAM_MD5);
	assert_int_equal(sasl_initial(&who, &said), RC_NONE);
	assert_int_equal(sasl_answer(&who, SPAN("PDE4OTYuNjk3MTcwOTUyQHBvc3R"
	    "vZmZpY2UucmVzdG9uLm1jaS5uZXQ+"), &said), RC_OK);
	assert_string_equal(buf_text(&said),
	    "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
}

SIM_TEST(plain_is_that_of_rfc_4616)
{
	start("tim:tanstaaftanstaaf", SASL_PLAIN);
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_true(span_eq(plain_text(), SPAN("\0tim\0tanstaaftanstaaf")));
}

SIM_TEST(plain_names_the_identity_to_act_as_if_told_so)
{
	start("tim:x", SASL_PLAIN);
	who.authzid = true;
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_true(span_eq(plain_text(), SPAN("tim\0tim\0x")));
}

SIM_TEST(login_says_the_user_then_the_password)
{
	start("joe:se:cret", SASL_LOGIN);
	assert_int_equal(sasl_initial(&who, &said), RC_NONE);
	assert_int_equal(sasl_answer(&who, SPAN("VXNlcm5hbWU6"), &said),
	    RC_OK);
	assert_true(span_eq(plain_text(), SPAN("joe")));
	buf_clear(&said);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_OK);
	assert_true(span_eq(plain_text(), SPAN("se:cret")));
	assert_int_equal(sasl_answer(&who, SPAN("Pz8="), &said), RC_WIRE);
}

SIM_TEST(external_names_nobody_or_the_user)
{
	start(":", SASL_EXTERNAL);
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_string_equal(buf_text(&said), "=");
	start("joe", SASL_EXTERNAL);
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_true(span_eq(plain_text(), SPAN("joe")));
}

/* ---- what servers do wrong ---------------------------------------------- */

SIM_TEST(challenge_that_is_no_base64_ends_it)
{
	start("a:b", SASL_CRAM_MD5);
	assert_int_equal(sasl_answer(&who, SPAN("hello!"), &said), RC_WIRE);
	assert_int_equal(said.n, 0);
}

SIM_TEST(challenge_after_plain_ends_it)
{
	start("a:b", SASL_PLAIN);
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_WIRE);
}

SIM_TEST(second_challenge_of_cram_md5_ends_it)
{
	start("a:b", SASL_CRAM_MD5);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_OK);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_WIRE);
}

SIM_TEST(challenge_of_any_length_does_no_harm)
{
	static char long_one[8192];

	memset(long_one, 'A', sizeof(long_one));
	start("a:b", SASL_CRAM_MD5);
	assert_int_equal(sasl_answer(&who,
	    (struct span){ long_one, sizeof(long_one) }, &said), RC_WIRE);
}

/* ---- entries ------------------------------------------------------------ */

SIM_TEST(entry_without_colon_has_an_empty_password)
{
	start("joe", SASL_PLAIN);
	assert_int_equal(who.password.n, 0);
	assert_true(span_is(buf_span(&who.user), "joe"));
}

SIM_TEST(longest_entry_fits_one_line)
{
	static char entry[SASL_USER_MAX + 1 + SASL_PASSWORD_MAX + 1];

	memset(entry, 'x', sizeof(entry) - 1);
	entry[SASL_USER_MAX] = ':';
	start(entry, SASL_PLAIN);
	who.authzid = true;
	assert_int_equal(sasl_initial(&who, &said), RC_NONE);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_OK);
	assert_int_equal(plain_text().n,
	    2 * SASL_USER_MAX + SASL_PASSWORD_MAX + 2);
}

/* `x' and so many octets of a password */
static void
start_long(size_t n)
{
	static char entry[SASL_PASSWORD_MAX];

	memset(entry, 'x', n + 2);
	entry[1] = ':';
	entry[n + 2] = '\0';
	start(entry, SASL_PLAIN);
}

/* 372 octets are 496 in base64, and with `AUTH PLAIN ' and CRLF 509. */
SIM_TEST(what_the_auth_line_cannot_take_waits_to_be_asked_for)
{
	start_long(369);
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_int_equal(said.n, 496);
	start_long(370);
	memset(room, 0, sizeof(room));
	assert_int_equal(sasl_initial(&who, &said), RC_NONE);
	assert_int_equal(said.n, 0);
	assert_null(memchr(room, 'e', sizeof(room)));	/* of xxx: eHh4 */
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_OK);
	assert_int_equal(plain_text().n, 373);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_WIRE);
}

SIM_TEST(what_waits_answers_an_empty_challenge_alone)
{
	start_long(400);
	assert_int_equal(sasl_initial(&who, &said), RC_NONE);
	assert_int_equal(sasl_answer(&who, SPAN("VXNlcg=="), &said), RC_WIRE);
	assert_int_equal(said.n, 0);
}

SIM_TEST(next_login_has_nothing_that_waits)
{
	start_long(400);
	assert_int_equal(sasl_initial(&who, &said), RC_NONE);
	start(":", SASL_EXTERNAL);
	assert_int_equal(sasl_initial(&who, &said), RC_OK);
	assert_int_equal(sasl_answer(&who, SPAN(""), &said), RC_WIRE);
}

SIM_TEST(entry_beyond_that_is_refused)
{
	static char entry[SASL_USER_MAX + 3];

	memset(entry, 'x', sizeof(entry) - 1);
	entry[SASL_USER_MAX + 1] = ':';
	assert_int_equal(sasl_start(&who, span_of(entry)), RC_FULL);
}

SIM_TEST(end_leaves_no_secret)
{
	static const struct sasl empty;

	start("joe:secret", SASL_PLAIN);
	sasl_end(&who);
	assert_memory_equal(&who, &empty, sizeof(who));
}

/* ---- choice ------------------------------------------------------------- */

SIM_TEST(strongest_mechanism_is_taken_whatever_the_order)
{
	start("a:b", SASL_MECHS);
	assert_int_equal(choose("LOGIN PLAIN CRAM-MD5", 0, false), RC_OK);
	assert_int_equal(who.mech, SASL_CRAM_MD5);
	assert_int_equal(choose("login plain", 0, false), RC_OK);
	assert_int_equal(who.mech, SASL_PLAIN);
	assert_int_equal(choose("LOGIN", 0, false), RC_OK);
	assert_int_equal(who.mech, SASL_LOGIN);
	assert_int_equal(choose("SCRAM-SHA-1 NTLM", 0, false), RC_NONE);
	assert_int_equal(choose("", 0, false), RC_NONE);
}

SIM_TEST(noplaintext_leaves_cram_md5_and_tells_what_it_bars)
{
	unsigned o = options("noplaintext, noanonymous");

	start("a:b", SASL_MECHS);
	assert_int_equal(choose("PLAIN CRAM-MD5", o, false), RC_OK);
	assert_int_equal(who.mech, SASL_CRAM_MD5);
	assert_int_equal(choose("PLAIN LOGIN", o, false), RC_DENY);
	assert_int_equal(choose("NTLM", o, false), RC_NONE);
}

SIM_TEST(no_mechanism_of_ours_meets_the_strict_options)
{
	static const char *const words[] = {
		"noactive", "nodictionary", "mutual_auth", "forward_secrecy"
	};
	size_t i;

	start("a:b", SASL_MECHS);
	for (i = 0; i < COUNT(words); i++)
		assert_int_equal(choose("PLAIN LOGIN CRAM-MD5",
		    options(words[i]), false), RC_NONE);
}

SIM_TEST(external_needs_a_certificate_and_no_password)
{
	start("joe", SASL_MECHS);
	assert_int_equal(choose("EXTERNAL", 0, true), RC_OK);
	assert_int_equal(who.mech, SASL_EXTERNAL);
	assert_int_equal(choose("EXTERNAL", 0, false), RC_NONE);
	start("joe:secret", SASL_MECHS);
	assert_int_equal(choose("EXTERNAL PLAIN", 0, true), RC_OK);
	assert_int_equal(who.mech, SASL_PLAIN);
}

SIM_TEST(unknown_option_is_named)
{
	struct span bad = { 0 };
	unsigned bits = 0;

	assert_int_equal(sasl_options(SPAN("noplaintext, nothing"), &bits,
	    &bad), RC_DENY);
	assert_true(span_is(bad, "nothing"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(cram_md5_is_that_of_rfc_2195),
		SIM_RUN(plain_is_that_of_rfc_4616),
		SIM_RUN(plain_names_the_identity_to_act_as_if_told_so),
		SIM_RUN(login_says_the_user_then_the_password),
		SIM_RUN(external_names_nobody_or_the_user),
		SIM_RUN(challenge_that_is_no_base64_ends_it),
		SIM_RUN(challenge_after_plain_ends_it),
		SIM_RUN(second_challenge_of_cram_md5_ends_it),
		SIM_RUN(challenge_of_any_length_does_no_harm),
		SIM_RUN(entry_without_colon_has_an_empty_password),
		SIM_RUN(longest_entry_fits_one_line),
		SIM_RUN(what_the_auth_line_cannot_take_waits_to_be_asked_for),
		SIM_RUN(what_waits_answers_an_empty_challenge_alone),
		SIM_RUN(next_login_has_nothing_that_waits),
		SIM_RUN(entry_beyond_that_is_refused),
		SIM_RUN(end_leaves_no_secret),
		SIM_RUN(strongest_mechanism_is_taken_whatever_the_order),
		SIM_RUN(noplaintext_leaves_cram_md5_and_tells_what_it_bars),
		SIM_RUN(no_mechanism_of_ours_meets_the_strict_options),
		SIM_RUN(external_needs_a_certificate_and_no_password),
		SIM_RUN(unknown_option_is_named),
	};
	return sim_main(tests, COUNT(tests));
}
