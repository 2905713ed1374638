/*
 * base_text_test.c - UTF-8, and text fit for a log.
 */
#include <string.h>

#include "../sim/sim.h"
#include "base.h"

SIM_TEST(utf8_is_what_rfc_3629_has)
{
	static const char *const good[] = { "", "abc\x7f", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"a\xc3\xa9z" };
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xc2\x41", "\xc2\xc2", "\xe0\x80\x80",
		"\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82\x41", "\xe2\x28\xa1",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf0\x9f\x98", "\xfe", "\xff", "ok\xff", "\xc3\xa9\xa9" };

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(text_is_utf8(span_of(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_is_utf8(span_of(bad[i])));
	assert_true(text_is_utf8(SPAN("a\0b")));
}

/* text_printable() and text_mask() agree about what is fit. */
static void
check_printable(struct span in, const char *expected)
{
	char added[100], masked[100];
	struct buf a = BUF(added), m = BUF(masked);

	buf_puts(&a, "\x01");
	text_printable(&a, in);
	assert_false(a.full);
	assert_string_equal(buf_text(&a) + 1, expected);

	buf_puts(&m, "\x01");
	buf_put(&m, in);
	text_mask(&m, 1);
	assert_string_equal(buf_text(&m) + 1, expected);
	assert_int_equal(m.p[0], 1);
}

SIM_TEST(control_characters_become_question_marks)
{
	check_printable(SPAN("a\001b\033[31mc\177d\te"), "a?b?[31mc?d?e");
	check_printable(SPAN("x\r\ny\0z"), "x??y?z");
	check_printable(SPAN("\xc2\x80\xc2\x9b\xc2\x9f"), "??????");
	check_printable(SPAN("\xc2\xa0 ~"), "\xc2\xa0 ~");
}

SIM_TEST(octets_that_are_no_utf8_become_question_marks)
{
	check_printable(SPAN("Empf\xe4nger"), "Empf?nger");
	check_printable(SPAN("Empf\xc3\xa4nger"), "Empf\xc3\xa4nger");
	check_printable(SPAN("\xe2\x82\xac\xe2\x82"), "\xe2\x82\xac??");
	check_printable(SPAN("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
	check_printable(SPAN("\xed\xa0\x80"), "???");
}

SIM_TEST(printable_text_is_cut_between_characters)
{
	char room[7];
	struct buf b = BUF(room);

	text_printable(&b, SPAN("abcde\xc3\xa4x"));
	assert_false(b.full);
	assert_string_equal(buf_text(&b), "abcde");
	text_printable(&b, SPAN("\x07x"));
	assert_string_equal(buf_text(&b), "abcde?");
	text_printable(&b, SPAN("more"));
	assert_string_equal(buf_text(&b), "abcde?");
	assert_false(b.full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(utf8_is_what_rfc_3629_has),
		SIM_RUN(control_characters_become_question_marks),
		SIM_RUN(octets_that_are_no_utf8_become_question_marks),
		SIM_RUN(printable_text_is_cut_between_characters),
	};
	return sim_main(tests, COUNT(tests));
}
