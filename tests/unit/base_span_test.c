/*
 * base_span_test.c - borrowed text.
 */
#include <string.h>

#include "../sim/sim.h"
#include "base.h"

#define assert_span(s, text)	assert_true(span_is((s), (text)))

SIM_TEST(part_is_clamped_to_what_there_is)
{
	struct span s = SPAN("abcdef");

	assert_span(span_head(s, 6), "abcdef");
	assert_span(span_part(s, 2, 3), "cde");
	assert_span(span_part(s, 4, 100), "ef");
	assert_span(span_tail(s, 4), "ef");
	assert_int_equal(span_part(s, 6, 1).n, 0);
	assert_int_equal(span_tail(s, SIZE_MAX).n, 0);
	assert_int_equal(span_head((struct span){ NULL, 0 }, 1).n, 0);
}

SIM_TEST(skip_takes_no_more_than_there_is)
{
	struct span s = SPAN("abcd");

	span_skip(&s, 0);
	assert_true(span_is(s, "abcd"));
	span_skip(&s, 3);
	assert_true(span_is(s, "d"));
	span_skip(&s, 2);
	assert_int_equal(s.n, 0);
}

SIM_TEST(trim_takes_white_space_off_both_ends_only)
{
	assert_span(span_trim(SPAN(" \t\r\na b\r\n\t ")), "a b");
	assert_span(span_trim(SPAN("x")), "x");
	assert_span(span_trim(SPAN(" \n ")), "");
	assert_span(span_trim((struct span){ NULL, 0 }), "");
}

SIM_TEST(texts_are_equal_with_length_and_nul)
{
	assert_true(span_eq(SPAN("a\0b"), SPAN("a\0b")));
	assert_false(span_eq(SPAN("a\0b"), SPAN("a\0c")));
	assert_false(span_eq(SPAN("ab"), SPAN("a")));
	assert_true(span_eq((struct span){ NULL, 0 }, SPAN("")));
	assert_false(span_is(SPAN("a\0"), "a"));
	assert_false(span_is(SPAN("A"), "a"));
}

SIM_TEST(only_ascii_letters_lose_their_case)
{
	assert_true(span_eq_case(SPAN("MaIl@[`{"), SPAN("mAiL@[`{")));
	assert_false(span_eq_case(SPAN("["), SPAN("{")));
	assert_false(span_eq_case(SPAN("@"), SPAN("`")));
	assert_false(span_eq_case(SPAN("\xc4"), SPAN("\xe4")));
	assert_false(span_eq_case(SPAN("abc"), SPAN("abcd")));
	assert_true(span_is_case(SPAN("EHLO"), "ehlo"));
	assert_true(span_starts_case(SPAN("mail FROM:<>"), "MAIL from:"));
	assert_true(span_starts_case(SPAN("x"), ""));
	assert_false(span_starts_case(SPAN("MAI"), "MAIL"));
}

SIM_TEST(octets_above_127_are_seen)
{
	assert_false(span_has_8bit(SPAN("abc\x7f")));
	assert_true(span_has_8bit(SPAN("abc\x80")));
	assert_true(span_has_8bit(SPAN("\xff")));
	assert_false(span_has_8bit(SPAN("")));
}

SIM_TEST(octets_are_found_from_either_end)
{
	struct span s = SPAN("a@b@c");

	assert_int_equal(span_find(s, '@'), 1);
	assert_int_equal(span_find_last(s, '@'), 3);
	assert_int_equal(span_find(s, 'x'), 5);
	assert_int_equal(span_find_last(s, 'x'), 5);
	assert_int_equal(span_find_last(s, 'a'), 0);
	assert_int_equal(span_find((struct span){ NULL, 0 }, 'x'), 0);
	assert_int_equal(span_find(SPAN("a\0b"), '\0'), 1);
}

SIM_TEST(words_are_taken_without_empty_ones)
{
	struct span rest = SPAN(" ,a\tbc,,\n d ,"), word;

	assert_true(span_word(&rest, LIST_DIVIDERS, &word));
	assert_span(word, "a");
	assert_true(span_word(&rest, LIST_DIVIDERS, &word));
	assert_span(word, "bc");
	assert_true(span_word(&rest, LIST_DIVIDERS, &word));
	assert_span(word, "d");
	assert_false(span_word(&rest, LIST_DIVIDERS, &word));
	assert_span(word, "d");
	assert_int_equal(rest.n, 0);
	assert_false(span_word(&rest, LIST_DIVIDERS, &word));
}

SIM_TEST(nul_divides_no_words)
{
	struct span rest = SPAN("a\0b c"), word;

	assert_true(span_word(&rest, " ", &word));
	assert_int_equal(word.n, 3);
}

SIM_TEST(word_has_its_place_in_a_list)
{
	const char list[] = "one two Three";

	assert_int_equal(span_index(list, SPAN("one")), 0);
	assert_int_equal(span_index(list, SPAN("THREE")), 2);
	assert_int_equal(span_index(list, SPAN("tw")), -1);
	assert_int_equal(span_index(list, SPAN("two Three")), -1);
	assert_int_equal(span_index(list, SPAN("")), -1);
	assert_int_equal(span_index("", SPAN("one")), -1);
}

SIM_TEST(lines_end_in_lf_or_cr_lf)
{
	struct span rest = SPAN("one\r\n\ntwo\rx\nlast\r"), line;

	assert_true(span_line(&rest, &line));
	assert_span(line, "one");
	assert_true(span_line(&rest, &line));
	assert_span(line, "");
	assert_true(span_line(&rest, &line));
	assert_span(line, "two\rx");
	assert_true(span_line(&rest, &line));
	assert_span(line, "last\r");
	assert_false(span_line(&rest, &line));
	assert_span(line, "last\r");
}

SIM_TEST(line_end_at_the_end_opens_no_further_line)
{
	struct span rest = SPAN("x\n\r\n"), line;

	assert_true(span_line(&rest, &line));
	assert_true(span_line(&rest, &line));
	assert_span(line, "");
	assert_false(span_line(&rest, &line));
}

SIM_TEST(numbers_are_digits_within_bounds)
{
	uint64_t v = 7;

	assert_true(span_number(SPAN("0"), 0, &v));
	assert_int_equal(v, 0);
	assert_true(span_number(SPAN("00065535"), 65535, &v));
	assert_int_equal(v, 65535);
	assert_true(span_number(SPAN("18446744073709551615"), UINT64_MAX,
	    &v));
	assert_true(v == UINT64_MAX);

	v = 7;
	assert_false(span_number(SPAN("65536"), 65535, &v));
	assert_false(span_number(SPAN("18446744073709551616"), UINT64_MAX,
	    &v));
	assert_false(span_number(SPAN("99999999999999999999"), UINT64_MAX,
	    &v));
	assert_false(span_number(SPAN("184467440737095516150"), UINT64_MAX,
	    &v));
	assert_false(span_number(SPAN(""), 9, &v));
	assert_false(span_number(SPAN("-1"), 9, &v));
	assert_false(span_number(SPAN("+1"), 9, &v));
	assert_false(span_number(SPAN(" 1"), 9, &v));
	assert_false(span_number(SPAN("1x"), 9, &v));
	assert_int_equal(v, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(part_is_clamped_to_what_there_is),
		SIM_RUN(skip_takes_no_more_than_there_is),
		SIM_RUN(trim_takes_white_space_off_both_ends_only),
		SIM_RUN(texts_are_equal_with_length_and_nul),
		SIM_RUN(only_ascii_letters_lose_their_case),
		SIM_RUN(octets_above_127_are_seen),
		SIM_RUN(octets_are_found_from_either_end),
		SIM_RUN(words_are_taken_without_empty_ones),
		SIM_RUN(nul_divides_no_words),
		SIM_RUN(word_has_its_place_in_a_list),
		SIM_RUN(lines_end_in_lf_or_cr_lf),
		SIM_RUN(line_end_at_the_end_opens_no_further_line),
		SIM_RUN(numbers_are_digits_within_bounds),
	};
	return sim_main(tests, COUNT(tests));
}
