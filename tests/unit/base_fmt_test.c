/*
 * base_fmt_test.c - our printf, beside the libc's.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "base.h"

/* Both say the same about the same arguments. */
#define assert_fmt(...) \
	do { \
		char ours_[300], theirs_[300]; \
		struct buf b_ = BUF(ours_); \
		buf_fmt(&b_, __VA_ARGS__); \
		snprintf(theirs_, sizeof(theirs_), __VA_ARGS__); \
		assert_false(b_.full); \
		assert_string_equal(buf_text(&b_), theirs_); \
	} while (0)

SIM_TEST(numbers_come_out_as_printf_has_them)
{
	static const int ints[] = { 0, 1, -1, 9, 10, -10, 12345, INT_MAX,
		INT_MIN };

	for (size_t i = 0; i < COUNT(ints); i++) {
		int v = ints[i];

		assert_fmt("%d|%i|%u|%x", v, v, (unsigned)v, (unsigned)v);
		assert_fmt("%1d|%5d|%05d|%12d|%012d|%20i", v, v, v, v, v, v);
		assert_fmt("%03u|%11u|%02x|%08x", (unsigned)v, (unsigned)v,
		    (unsigned)v, (unsigned)v);
	}
}

SIM_TEST(long_numbers_come_out_as_printf_has_them)
{
	assert_fmt("%ld %ld %ld", LONG_MIN, LONG_MAX, -1L);
	assert_fmt("%lld %lld %lld", LLONG_MIN, LLONG_MAX, -1LL);
	assert_fmt("%lu %llu %zu", ULONG_MAX, ULLONG_MAX, SIZE_MAX);
	assert_fmt("%lx %llx %zx", ULONG_MAX, ULLONG_MAX, SIZE_MAX);
	assert_fmt("%040lld|%40lld|%063llu", LLONG_MIN, LLONG_MIN,
	    ULLONG_MAX);
}

SIM_TEST(texts_come_out_as_printf_has_them)
{
	assert_fmt("plain");
	assert_fmt("%%|100%%");
	assert_fmt("%c%c", 'x', 'y');
	assert_fmt("[%s][%s]", "", "some text");
	assert_fmt("[%.*s][%.*s][%.*s]", 0, "abc", 2, "abc", 3, "abc");
}

SIM_TEST(span_with_nul_is_put_whole)
{
	char room[20];
	struct buf b = BUF(room);
	struct span s = SPAN("a\0b"), none = { NULL, 0 };

	buf_fmt(&b, "<%.*s><%.*s>", SPAN_ARG(s), SPAN_ARG(none));
	assert_true(span_eq(buf_span(&b), SPAN("<a\0b><>")));
}

SIM_TEST(a_line_that_does_not_fit_is_not_begun)
{
	char room[8];
	struct buf b = BUF(room);

	buf_puts(&b, "ab");
	buf_fmt(&b, "cd%s%d", "efg", 1);
	assert_true(b.full);
	assert_string_equal(buf_text(&b), "ab");
	buf_clear(&b);
	buf_fmt(&b, "%s%d", "abcde", 12);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), "abcde12");
}

static void PRINTF(2, 3)
cut(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt_cut(b, fmt, ap);
	va_end(ap);
}

SIM_TEST(a_line_may_be_cut_anywhere)
{
	static const char whole[] = "abc-def12345%x!00ff";

	for (size_t cap = 1; cap <= sizeof(whole) + 1; cap++) {
		char room[sizeof(whole) + 1];
		struct buf b;

		buf_init(&b, room, cap);
		cut(&b, "abc%s%.*s%d%%%c!%04x", "-", 3, "defg", 12345, 'x',
		    255u);
		assert_false(b.full);
		assert_int_equal(b.n, cap - 1 < sizeof(whole) - 1 ? cap - 1
		    : sizeof(whole) - 1);
		assert_memory_equal(b.p, whole, b.n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(numbers_come_out_as_printf_has_them),
		SIM_RUN(long_numbers_come_out_as_printf_has_them),
		SIM_RUN(texts_come_out_as_printf_has_them),
		SIM_RUN(span_with_nul_is_put_whole),
		SIM_RUN(a_line_that_does_not_fit_is_not_begun),
		SIM_RUN(a_line_may_be_cut_anywhere),
	};
	return sim_main(tests, COUNT(tests));
}
