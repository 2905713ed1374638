/*
 * tls_der_test.c - elements of DER, good and bad.
 */
#include <string.h>

#include "../../src/tls_int.h"
#include "../sim/sim.h"

static bool
next_of(struct span s, size_t body_n, size_t left)
{
	struct span rest = s, body, whole;
	unsigned tag;

	if (!der_next(&rest, &tag, &body, &whole)) {
		assert_true(rest.p == s.p && rest.n == s.n);
		return false;
	}
	assert_int_equal(tag, (unsigned char)s.p[0]);
	assert_int_equal(body.n, body_n);
	assert_true(body.p + body.n == rest.p);
	assert_true(whole.p == s.p && whole.p + whole.n == rest.p);
	assert_int_equal(rest.n, left);
	return true;
}

static struct span
zeros(const char *head, size_t head_n, size_t n)
{
	static char room[70000];

	memset(room, 0, sizeof(room));
	memcpy(room, head, head_n);
	return (struct span){ room, head_n + n };
}

SIM_TEST(an_element_ends_where_its_length_says)
{
	assert_true(next_of(SPAN("\4\0"), 0, 0));
	assert_true(next_of(SPAN("\4\2ab"), 2, 0));
	assert_true(next_of(SPAN("\4\2abcd"), 2, 2));
	assert_true(next_of(zeros("\4\x7f", 2, 0x7f), 0x7f, 0));
	assert_true(next_of(zeros("\4\x81\x80", 3, 0x80), 0x80, 0));
	assert_true(next_of(zeros("\4\x81\xff", 3, 0x100), 0xff, 1));
	assert_true(next_of(zeros("\4\x82\1\0", 4, 0x100), 0x100, 0));
	assert_true(next_of(zeros("\4\x83\1\0\0", 5, 0x10000), 0x10000, 0));
}

SIM_TEST(an_element_may_not_be_longer_than_what_is_there)
{
	assert_false(next_of(SPAN(""), 0, 0));
	assert_false(next_of(SPAN("\4"), 0, 0));
	assert_false(next_of(SPAN("\4\1"), 0, 0));
	assert_false(next_of(SPAN("\4\3ab"), 0, 0));
	assert_false(next_of(SPAN("\4\x81"), 0, 0));
	assert_false(next_of(SPAN("\4\x82\1"), 0, 0));
	assert_false(next_of(zeros("\4\x81\x80", 3, 0x7f), 0, 0));
	assert_false(next_of(zeros("\4\x82\1\0", 4, 0xff), 0, 0));
	assert_false(next_of(SPAN("\4\x83\xff\xff\xff"), 0, 0));
}

SIM_TEST(a_length_is_definite_and_as_short_as_can_be)
{
	assert_false(next_of(SPAN("\4\x80\0\0"), 0, 0));
	assert_false(next_of(SPAN("\4\x81\1a"), 0, 0));
	assert_false(next_of(zeros("\4\x81\x7f", 3, 0x7f), 0, 0));
	assert_false(next_of(zeros("\4\x82\0\xff", 4, 0xff), 0, 0));
	assert_false(next_of(zeros("\4\x83\0\1\0", 5, 0x100), 0, 0));
	assert_false(next_of(zeros("\4\x84\0\1\0\0", 6, 0x10000), 0, 0));
	assert_false(next_of(zeros("\4\xff", 2, 300), 0, 0));
}

SIM_TEST(a_tag_is_one_octet)
{
	assert_true(next_of(SPAN("\xbe\0"), 0, 0));
	assert_false(next_of(SPAN("\x1f\x81\1\0"), 0, 0));
	assert_false(next_of(SPAN("\xbf\1\0"), 0, 0));
}

SIM_TEST(another_tag_is_left_where_it_is)
{
	struct span s = SPAN("\2\1\7\4\0"), body;

	assert_false(der_take(&s, DER_OCTETS, &body, NULL));
	assert_int_equal(s.n, 5);
	assert_true(der_at(s, DER_INTEGER));
	assert_true(der_take(&s, DER_INTEGER, &body, NULL));
	assert_true(span_eq(body, SPAN("\7")));
	assert_false(der_at(s, DER_INTEGER));
	assert_true(der_only(s, DER_OCTETS, &body));
	assert_false(der_at((struct span){ NULL, 0 }, 0));
}

SIM_TEST(only_one_element_means_nothing_behind_it)
{
	struct span body;

	assert_true(der_only(SPAN("\4\1a"), DER_OCTETS, &body));
	assert_false(der_only(SPAN("\4\1ab"), DER_OCTETS, &body));
	assert_false(der_only(SPAN(""), DER_OCTETS, &body));
}

static bool
is_unsigned(struct span s, struct span expected)
{
	struct span out;

	return der_take_unsigned(&s, &out) && s.n == 0
	    && span_eq(out, expected);
}

SIM_TEST(a_number_comes_without_its_leading_zero)
{
	assert_true(is_unsigned(SPAN("\2\1\0"), SPAN("")));
	assert_true(is_unsigned(SPAN("\2\1\x7f"), SPAN("\x7f")));
	assert_true(is_unsigned(SPAN("\2\2\0\x80"), SPAN("\x80")));
	assert_true(is_unsigned(SPAN("\2\2\1\0"), SPAN("\1\0")));
	assert_false(is_unsigned(SPAN("\2\0"), SPAN("")));
	assert_false(is_unsigned(SPAN("\2\1\x80"), SPAN("\x80")));
	assert_false(is_unsigned(SPAN("\2\2\0\x7f"), SPAN("\x7f")));
	assert_false(is_unsigned(SPAN("\4\1\1"), SPAN("\1")));
}

SIM_TEST(bits_are_whole_octets)
{
	struct span s = SPAN("\3\3\0ab"), odd = SPAN("\3\2\1\2"), out;
	struct span none = SPAN("\3\1\0"), bare = SPAN("\3\0");

	assert_true(der_take_bits(&s, &out));
	assert_true(span_eq(out, SPAN("ab")) && s.n == 0);
	assert_true(der_take_bits(&none, &out));
	assert_int_equal(out.n, 0);
	assert_false(der_take_bits(&odd, &out));
	assert_int_equal(odd.n, 4);
	assert_false(der_take_bits(&bare, &out));
}

static bool
is_bool(struct span s, bool expected)
{
	bool out = !expected;

	return der_take_bool(&s, &out) && s.n == 0 && out == expected;
}

SIM_TEST(true_is_any_octet_but_zero)
{
	assert_true(is_bool(SPAN("\1\1\xff"), true));
	assert_true(is_bool(SPAN("\1\1\1"), true));
	assert_true(is_bool(SPAN("\1\1\0"), false));
	assert_false(is_bool(SPAN("\1\0"), false));
	assert_false(is_bool(SPAN("\1\2\0\0"), false));
	assert_false(is_bool(SPAN("\2\1\0"), false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(an_element_ends_where_its_length_says),
		SIM_RUN(an_element_may_not_be_longer_than_what_is_there),
		SIM_RUN(a_length_is_definite_and_as_short_as_can_be),
		SIM_RUN(a_tag_is_one_octet),
		SIM_RUN(another_tag_is_left_where_it_is),
		SIM_RUN(only_one_element_means_nothing_behind_it),
		SIM_RUN(a_number_comes_without_its_leading_zero),
		SIM_RUN(bits_are_whole_octets),
		SIM_RUN(true_is_any_octet_but_zero),
	};
	return sim_main(tests, COUNT(tests));
}
