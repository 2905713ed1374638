/*
 * base_code_test.c - xtext, base64, hexadecimal.
 */
#include <string.h>

#include "../sim/sim.h"
#include "base.h"

typedef void encoder(struct buf *b, struct span s);

static void
check_code(encoder *code, struct span in, const char *expected)
{
	char room[200];
	struct buf b = BUF(room);

	code(&b, in);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), expected);

	/* One octet less, and it is not begun. */
	if (b.n == 0)
		return;
	buf_init(&b, room, strlen(expected));
	code(&b, in);
	assert_true(b.full);
	assert_int_equal(b.n, 0);
}

SIM_TEST(xtext_hides_blanks_plus_and_equal_signs)
{
	check_code(code_xtext, SPAN("a+b=c@dest.example"),
	    "a+2Bb+3Dc@dest.example");
	check_code(code_xtext, SPAN("\"a b\"@x"), "\"a+20b\"@x");
	check_code(code_xtext, SPAN("!~\"\\\x7f\x00\xe9\n"),
	    "!~\"\\+7F+00+E9+0A");
	check_code(code_xtext, SPAN(""), "");
}

SIM_TEST(utf8_xtext_names_characters)
{
	check_code(code_utf8_xtext, SPAN("\"jos\xc3\xa9 b\"@dest.example"),
	    "\"jos\\x{E9}\\x{20}b\"@dest.example");
	check_code(code_utf8_xtext, SPAN("a+b=c\\d"),
	    "a\\x{2B}b\\x{3D}c\\x{5C}d");
	check_code(code_utf8_xtext, SPAN("\x05\x7f\xe2\x82\xac"),
	    "\\x{05}\\x{7F}\\x{20AC}");
	check_code(code_utf8_xtext, SPAN("\xc4\x80\xf0\x9f\x98\x80"),
	    "\\x{100}\\x{1F600}");
	check_code(code_utf8_xtext, SPAN("\xf4\x8f\xbf\xbf\xff"),
	    "\\x{10FFFF}\\x{FFFD}");
}

SIM_TEST(hex_is_lower_case)
{
	check_code(code_hex, SPAN("\x00\x0f\xa5\xff"), "000fa5ff");
}

/* The vectors of RFC 4648, section 10, and the other two digits. */
SIM_TEST(base64_has_its_vectors)
{
	check_code(code_base64, SPAN(""), "");
	check_code(code_base64, SPAN("f"), "Zg==");
	check_code(code_base64, SPAN("fo"), "Zm8=");
	check_code(code_base64, SPAN("foo"), "Zm9v");
	check_code(code_base64, SPAN("foob"), "Zm9vYg==");
	check_code(code_base64, SPAN("fooba"), "Zm9vYmE=");
	check_code(code_base64, SPAN("foobar"), "Zm9vYmFy");
	check_code(code_base64, SPAN("\xfb\xff\xbf\x00"), "+/+/AA==");
}

typedef bool decoder(struct buf *b, struct span s);

static void
check_decode(decoder *decode, struct span in, struct span expected)
{
	char room[100];
	struct buf b = BUF(room);

	assert_true(decode(&b, in));
	assert_false(b.full);
	assert_true(span_eq(buf_span(&b), expected));
	if (expected.n == 0)
		return;
	buf_init(&b, room, expected.n);
	assert_true(decode(&b, in));
	assert_true(b.full);
	assert_int_equal(b.n, 0);
}

static void
check_refused(decoder *decode, struct span in)
{
	char room[100];
	struct buf b = BUF(room);

	assert_false(decode(&b, in));
	assert_false(b.full);
	assert_int_equal(b.n, 0);
}

SIM_TEST(base64_is_read_back)
{
	check_decode(code_unbase64, SPAN(""), SPAN(""));
	check_decode(code_unbase64, SPAN("Zg=="), SPAN("f"));
	check_decode(code_unbase64, SPAN("Zm8="), SPAN("fo"));
	check_decode(code_unbase64, SPAN("Zm9vYmFy"), SPAN("foobar"));
	check_decode(code_unbase64, SPAN("+/+/AA=="),
	    SPAN("\xfb\xff\xbf\x00"));
}

SIM_TEST(malformed_base64_is_refused)
{
	check_refused(code_unbase64, SPAN("Z"));
	check_refused(code_unbase64, SPAN("Zg"));
	check_refused(code_unbase64, SPAN("Zg="));
	check_refused(code_unbase64, SPAN("Z==="));
	check_refused(code_unbase64, SPAN("===="));
	check_refused(code_unbase64, SPAN("Zg==Zg=="));
	check_refused(code_unbase64, SPAN("Z=g="));
	check_refused(code_unbase64, SPAN("Zm9v\nZm9"));
	check_refused(code_unbase64, SPAN("Zm9-"));
	check_refused(code_unbase64, SPAN("Zm\0v"));
	check_refused(code_unbase64, SPAN("Zm9\xff"));
}

SIM_TEST(only_64_octets_are_base64_in_any_place)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	char four[] = "AAAA", room[4];

	for (unsigned i = 0; i < 4 * 256; i++) {
		struct buf b = BUF(room);
		char c = (char)(i / 4);
		bool good = c != '\0' && strchr(digits, c) != NULL;

		if (c == '=' && i % 4 == 3)
			continue;
		four[i % 4] = c;
		assert_int_equal(code_unbase64(&b, (struct span){ four, 4 }),
		    good);
		four[i % 4] = 'A';
	}
}

SIM_TEST(xtext_is_read_back)
{
	check_decode(code_unxtext, SPAN("a+2Bb+3dc+00"), SPAN("a+b=c\0"));
	check_decode(code_unxtext, SPAN(""), SPAN(""));
}

SIM_TEST(malformed_xtext_is_refused)
{
	check_refused(code_unxtext, SPAN("a+"));
	check_refused(code_unxtext, SPAN("a+2"));
	check_refused(code_unxtext, SPAN("a+2G"));
	check_refused(code_unxtext, SPAN("a+G2"));
	check_refused(code_unxtext, SPAN("a=b"));
	check_refused(code_unxtext, SPAN("a b"));
	check_refused(code_unxtext, SPAN("a\xe9"));
}

SIM_TEST(random_octets_survive_both_ways)
{
	char in[64], text[256], out[128];

	for (unsigned round = 0; round < 2000; round++) {
		struct buf t = BUF(text), o = BUF(out);
		struct span s = { in, sim_random(sizeof(in)) };

		for (size_t i = 0; i < s.n; i++)
			in[i] = (char)sim_random(256);
		code_base64(&t, s);
		assert_true(code_unbase64(&o, buf_span(&t)));
		assert_true(span_eq(buf_span(&o), s));

		buf_clear(&t);
		buf_clear(&o);
		code_xtext(&t, s);
		assert_true(code_unxtext(&o, buf_span(&t)));
		assert_true(span_eq(buf_span(&o), s));
	}
}

SIM_TEST(json_escapes_what_would_end_a_string)
{
	char room[64];
	struct buf b = BUF(room);

	code_json(&b, SPAN("a\"b\\c\n\xc3\xbc"), true);
	assert_string_equal(buf_text(&b), "a\\\"b\\\\c\\u000a\xc3\xbc");
	buf_clear(&b);
	code_json(&b, SPAN("\xfc\x7f"), false);
	assert_string_equal(buf_text(&b), "\\u00fc\\u007f");
	b.cap = 4;
	buf_clear(&b);
	code_json(&b, SPAN("abc\n"), true);
	assert_true(b.full && b.n == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(xtext_hides_blanks_plus_and_equal_signs),
		SIM_RUN(utf8_xtext_names_characters),
		SIM_RUN(hex_is_lower_case),
		SIM_RUN(base64_has_its_vectors),
		SIM_RUN(base64_is_read_back),
		SIM_RUN(malformed_base64_is_refused),
		SIM_RUN(only_64_octets_are_base64_in_any_place),
		SIM_RUN(xtext_is_read_back),
		SIM_RUN(malformed_xtext_is_refused),
		SIM_RUN(random_octets_survive_both_ways),
		SIM_RUN(json_escapes_what_would_end_a_string),
	};
	return sim_main(tests, COUNT(tests));
}
