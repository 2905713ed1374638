/*
 * base_pack_test.c - texts as toolchains/pack.c packs them.
 */
#include <string.h>

#include "../sim/sim.h"

/* Octets a to z; ` is the end. */
static const uint8_t dict[] = {
	'{', 256 - 27, 2,
	'a', 'b',		/* { is ab */
	'{', 'c',		/* | is abc */
	'd', '`',		/* } is d and the end */
};
static const uint8_t texts[] = { '|', 'x', '}', '`', '{', '{', '`' };

static struct span
unpacked(const uint8_t **at)
{
	static char text[16];
	struct buf b = BUF(text);

	*at = pack_put(&b, dict, *at);
	return buf_span(&b);
}

SIM_TEST(pairs_of_pairs_are_unpacked_up_to_the_end)
{
	const uint8_t *at = texts;

	assert_true(span_is(unpacked(&at), "abcxd"));
	assert_true(span_is(unpacked(&at), ""));
	assert_true(span_is(unpacked(&at), "abab"));
	assert_ptr_equal(at, texts + sizeof(texts));
}

SIM_TEST(a_text_is_passed_over_unread)
{
	const uint8_t *at = pack_skip(dict, texts);

	assert_ptr_equal(at, texts + 3);
	assert_ptr_equal(pack_skip(dict, at), texts + 4);
	assert_ptr_equal(pack_skip(dict, at + 1), texts + sizeof(texts));
}

SIM_TEST(a_text_is_only_itself)
{
	assert_true(pack_is(dict, texts, SPAN("abcxd")));
	assert_false(pack_is(dict, texts, SPAN("abcx")));
	assert_false(pack_is(dict, texts, SPAN("abcxdd")));
	assert_false(pack_is(dict, texts, SPAN("abcxe")));
	assert_false(pack_is(dict, texts, SPAN("")));
	assert_true(pack_is(dict, texts + 3, SPAN("")));
	assert_false(pack_is(dict, texts + 3, SPAN("a")));
	assert_false(pack_is(dict, texts + 4, SPAN("ab")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(pairs_of_pairs_are_unpacked_up_to_the_end),
		SIM_RUN(a_text_is_passed_over_unread),
		SIM_RUN(a_text_is_only_itself),
	};
	return sim_main(tests, COUNT(tests));
}
