/*
 * base_buf_test.c - owned text, and scraps.
 */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "base.h"

SIM_TEST(buf_keeps_one_octet_for_the_nul)
{
	char room[4];
	struct buf b = BUF(room);

	buf_puts(&b, "abc");
	assert_false(b.full);
	assert_string_equal(buf_text(&b), "abc");
	buf_putc(&b, 'd');
	assert_true(b.full);
	assert_string_equal(buf_text(&b), "abc");
}

SIM_TEST(what_does_not_fit_changes_nothing_but_full)
{
	char room[6];
	struct buf b = BUF(room);

	buf_puts(&b, "ab");
	buf_puts(&b, "cdef");
	assert_true(b.full);
	assert_true(span_is(buf_span(&b), "ab"));
	buf_puts(&b, "cde");
	assert_true(b.full);		/* only buf_clear() takes it back */
	assert_true(span_is(buf_span(&b), "abcde"));
	buf_clear(&b);
	assert_false(b.full);
	assert_int_equal(buf_span(&b).n, 0);
}

SIM_TEST(empty_text_always_fits)
{
	struct buf none;
	char room[1];
	struct buf one = BUF(room);

	buf_init(&none, NULL, 0);
	buf_puts(&none, "");
	buf_put(&none, (struct span){ NULL, 0 });
	buf_puts(&one, "");
	assert_false(none.full);
	assert_false(one.full);
	assert_string_equal(buf_text(&none), "");
	assert_string_equal(buf_text(&one), "");
	buf_putc(&none, 'x');
	buf_putc(&one, 'x');
	assert_true(none.full);
	assert_true(one.full);
}

SIM_TEST(nul_is_an_octet_like_others)
{
	char room[8];
	struct buf b = BUF(room);

	buf_put(&b, SPAN("a\0b"));
	buf_putc(&b, '\0');
	assert_true(span_eq(buf_span(&b), SPAN("a\0b\0")));
}

SIM_TEST(cutting_adds_what_fits_and_says_nothing)
{
	char room[6];
	struct buf b = BUF(room);

	buf_put_cut(&b, SPAN("abc"));
	buf_put_cut(&b, SPAN("defgh"));
	buf_put_cut(&b, SPAN("ijk"));
	assert_false(b.full);
	assert_string_equal(buf_text(&b), "abcde");
}

SIM_TEST(a_copy_is_cut_and_ends_in_nul)
{
	char room[4] = "xxx";

	span_copy(SPAN("ab"), room, sizeof(room));
	assert_string_equal(room, "ab");
	span_copy(SPAN("abcd"), room, sizeof(room));
	assert_string_equal(room, "abc");
	span_copy((struct span){ 0 }, room, sizeof(room));
	assert_string_equal(room, "");
}

SIM_TEST(an_attempt_is_settled_as_a_whole_or_not_at_all)
{
	char room[6];
	struct buf b = BUF(room), try;

	buf_puts(&b, "a");
	try = buf_attempt(&b);
	buf_puts(&try, "bc");
	buf_settle(&b, &try);
	assert_string_equal(buf_text(&b), "abc");

	try = buf_attempt(&b);
	buf_puts(&try, "d");
	buf_puts(&try, "efgh");
	buf_settle(&b, &try);
	assert_true(b.full);
	assert_string_equal(buf_text(&b), "abc");

	try = buf_attempt(&b);		/* one failure before is no other */
	assert_false(try.full);
	buf_puts(&try, "de");
	buf_settle(&b, &try);
	assert_true(b.full);
	assert_string_equal(buf_text(&b), "abcde");
}

SIM_TEST(arena_gives_aligned_zeros_until_it_is_full)
{
	const size_t align = _Alignof(max_align_t), cap = 1001;
	char *memory = malloc(cap);
	struct arena a;
	unsigned taken = 0;
	char *p;

	memset(memory, 0xff, cap);
	arena_init(&a, memory + 1, cap - 1);
	while ((p = arena_take(&a, 24)) != NULL) {
		assert_int_equal((uintptr_t)p % align, 0);
		assert_true(p > memory && p + 24 <= memory + cap);
		for (size_t i = 0; i < 24; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xee, 24);
		taken++;
	}
	assert_true(taken >= 30);
	arena_empty(&a);
	p = arena_take(&a, 24);
	assert_non_null(p);
	assert_int_equal(p[0], 0);
	free(memory);
}

SIM_TEST(arena_that_is_full_says_so_whatever_is_asked)
{
	_Alignas(16) char memory[64];
	struct arena a;

	arena_init(&a, memory, sizeof(memory));
	assert_null(arena_take(&a, SIZE_MAX));
	assert_null(arena_take(&a, 65));
	assert_non_null(arena_take(&a, 64));
	assert_null(arena_take(&a, 1));
	arena_empty(&a);
	assert_non_null(arena_take(&a, 63));
	assert_null(arena_take(&a, 1));
	arena_init(&a, NULL, 0);
	assert_null(arena_take(&a, 1));
}

SIM_TEST(what_is_built_in_an_arena_is_kept_where_it_stands)
{
	alignas(max_align_t) char memory[64];
	struct arena a;
	struct buf b;

	arena_init(&a, memory, sizeof(memory));
	assert_non_null(arena_take(&a, 3));
	b = arena_room(&a);
	buf_puts(&b, "0123456789012345");
	assert_false(b.full);
	assert_ptr_equal(arena_room(&a).p, b.p);	/* not taken yet */
	arena_keep(&a, &b);
	assert_ptr_equal(b.p, memory + 3);
	assert_true((char *)arena_take(&a, 32) >= b.p + 17);
	assert_memory_equal(b.p, "0123456789012345", 16);

	assert_int_equal(a.used, 64);
	b = arena_room(&a);
	assert_int_equal(b.cap, 0);
	buf_putc(&b, 'x');
	assert_true(b.full);
}

SIM_TEST(wiped_memory_is_zero_and_no_more_of_it)
{
	char memory[4] = "abc";

	base_wipe(memory, 0);
	base_wipe(NULL, 0);
	assert_memory_equal(memory, "abc", 4);
	base_wipe(memory, 2);
	assert_memory_equal(memory, "\0\0c", 4);
}

SIM_TEST(copy_in_an_arena_ends_in_nul)
{
	_Alignas(16) char memory[32];
	struct arena a;
	struct span out = SPAN("old");

	arena_init(&a, memory, sizeof(memory));
	memset(memory, 'x', sizeof(memory));
	assert_int_equal(arena_copy(&a, SPAN("a\0b"), &out), RC_OK);
	assert_true(span_eq(out, SPAN("a\0b")));
	assert_int_equal(out.p[3], 0);
	assert_int_equal(arena_copy(&a, (struct span){ NULL, 0 }, &out),
	    RC_OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(out.p[0], 0);

	out = SPAN("old");
	assert_int_equal(arena_copy(&a, SPAN("0123456789abcdef"), &out),
	    RC_FULL);
	assert_true(span_is(out, "old"));
	assert_int_equal(arena_copy(&a, (struct span){ "", SIZE_MAX }, &out),
	    RC_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(buf_keeps_one_octet_for_the_nul),
		SIM_RUN(what_does_not_fit_changes_nothing_but_full),
		SIM_RUN(empty_text_always_fits),
		SIM_RUN(nul_is_an_octet_like_others),
		SIM_RUN(cutting_adds_what_fits_and_says_nothing),
		SIM_RUN(a_copy_is_cut_and_ends_in_nul),
		SIM_RUN(an_attempt_is_settled_as_a_whole_or_not_at_all),
		SIM_RUN(arena_gives_aligned_zeros_until_it_is_full),
		SIM_RUN(arena_that_is_full_says_so_whatever_is_asked),
		SIM_RUN(what_is_built_in_an_arena_is_kept_where_it_stands),
		SIM_RUN(wiped_memory_is_zero_and_no_more_of_it),
		SIM_RUN(copy_in_an_arena_ends_in_nul),
	};
	return sim_main(tests, COUNT(tests));
}
