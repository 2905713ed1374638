/*
 * submit_in_test.c - lines of standard input, however a pipe cuts them.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "submit.h"

/* All lines, each ended by `|`. */
static void
read_all(int ends, bool dot_ends, struct buf *b)
{
	struct submit_in *in = malloc(sizeof(*in));
	struct span piece;
	bool last = true;
	enum rc rc;

	submit_in_start(in, ends, dot_ends);
	while ((rc = submit_in_piece(in, &piece, &last)) == RC_OK) {
		buf_put(b, piece);
		if (last)
			buf_putc(b, '|');
	}
	assert_int_equal(rc, RC_NONE);
	assert_true(last);
	assert_int_equal(submit_in_piece(in, &piece, &last), RC_NONE);
	free(in);
}

/* For every size of what a read gives. */
static void
expect(int ends, bool dot_ends, const char *text, const char *lines)
{
	for (size_t chunk = 1; chunk <= strlen(text) + 1; chunk++) {
		char seen[512];
		struct buf b = BUF(seen);

		sim_begin();
		sim_note("pieces of %zu", chunk);
		sim_stdin_pipe(text, strlen(text), chunk, 0);
		read_all(ends, dot_ends, &b);
		assert_string_equal(buf_text(&b), lines);
	}
}

SIM_TEST(lines_end_where_they_end)
{
	expect(ENDINGS_ALWAYS, true, "one\ntwo\n\nfour", "one|two||four|");
	expect(ENDINGS_ALWAYS, true, "one\r\ntwo\r\n", "one|two|");
	expect(ENDINGS_ALWAYS, true, "", "");
	expect(ENDINGS_ALWAYS, true, "\n", "|");
}

SIM_TEST(cr_is_part_of_the_line_unless_it_ends_it)
{
	expect(ENDINGS_ALWAYS, true, "a\rb\r\r\nc\r", "a\rb\r|c\r|");
	expect(ENDINGS_NEVER, true, "a\r\nb\n", "a\r|b|");
	expect(ENDINGS_STRICT, true, "a\r\nb\r\nc\n", "a|b|c|");
	expect(ENDINGS_STRICT, true, "a\nb\r\n", "a|b\r|");
}

SIM_TEST(a_single_dot_ends_it_all)
{
	expect(ENDINGS_ALWAYS, true, "a\n.\nb\n", "a|");
	expect(ENDINGS_ALWAYS, true, "a\r\n.\r\nb\r\n", "a|");
	expect(ENDINGS_ALWAYS, true, ".", "");
	expect(ENDINGS_ALWAYS, true, "a\n..\n.b\n. \nab.\n",
		"a|..|.b|. |ab.|");
	expect(ENDINGS_NEVER, true, "a\n.\r\nb\n", "a|.\r|b|");
	expect(ENDINGS_ALWAYS, false, "a\n.\nb\n", "a|.|b|");
}

SIM_TEST(a_line_that_fits_is_one_piece)
{
	struct submit_in *in = malloc(sizeof(*in));
	struct span piece;
	bool last;

	sim_stdin_pipe("Subject: x\n", 11, 2, SECOND);
	submit_in_start(in, ENDINGS_ALWAYS, true);
	assert_int_equal(submit_in_piece(in, &piece, &last), RC_OK);
	assert_true(last && span_is(piece, "Subject: x"));
	free(in);
}

/* A dot that follows 4096 octets of a line begins no line. */
SIM_TEST(a_line_is_longer_than_the_buffer)
{
	for (size_t n = MAIL_PIECE_MAX - 4; n < MAIL_PIECE_MAX + 4; n++) {
		char *text = malloc(2 * n + 8), *seen = malloc(2 * n + 8);
		struct buf b;

		memset(text, 'x', 2 * n);
		memcpy(text + n, "\n", 1);
		memcpy(text + 2 * n, ".\r\n", 4);
		sim_begin();
		sim_stdin(text, 2 * n + 3);
		buf_init(&b, seen, 2 * n + 8);
		read_all(ENDINGS_ALWAYS, true, &b);
		text[n] = '|';
		memcpy(text + 2 * n, ".|", 3);
		assert_string_equal(buf_text(&b), text);
		free(text);
		free(seen);
	}
}

SIM_TEST(a_failed_read_is_no_end)
{
	struct submit_in *in = malloc(sizeof(*in));
	struct span piece;
	bool last;

	sim_stdin_pipe("one\ntwo\n", 8, 4, 0);
	sim_fail_at(2);
	submit_in_start(in, ENDINGS_ALWAYS, true);
	assert_int_equal(submit_in_piece(in, &piece, &last), RC_OK);
	assert_int_equal(submit_in_piece(in, &piece, &last), RC_OS);
	free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(lines_end_where_they_end),
		SIM_RUN(cr_is_part_of_the_line_unless_it_ends_it),
		SIM_RUN(a_single_dot_ends_it_all),
		SIM_RUN(a_line_that_fits_is_one_piece),
		SIM_RUN(a_line_is_longer_than_the_buffer),
		SIM_RUN(a_failed_read_is_no_end),
	};

	return sim_main(tests, COUNT(tests));
}
