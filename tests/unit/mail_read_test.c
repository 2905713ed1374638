/*
 * mail_read_test.c - stored messages as lines.
 *
 * The oracle reads a whole message from memory, octet by octet, and knows
 * nothing of pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "mail.h"

static struct mail_source
a_source(const void *data, size_t n, enum mail_ends ends, bool replace)
{
	struct mail_source src = { .size = (int64_t)n, .ends = ends,
		.replace_stray = replace };

	sim_file_bytes("/message", data, n);
	assert_int_equal(port_open("/message", &src.fd), RC_OK);
	return src;
}

/* Every line with `|` behind it; `+` between the pieces of a line. */
static void
read_all(const struct mail_source *src, struct buf *out)
{
	struct mail_reader *r = malloc(sizeof(*r));
	struct span piece;
	bool last;
	enum rc rc;

	mail_read_start(r, src);
	while ((rc = mail_read(r, &piece, &last)) == RC_OK) {
		assert_in_range(piece.n, 0, MAIL_PIECE_MAX);
		buf_put(out, piece);
		buf_putc(out, last ? '|' : '+');
	}
	assert_int_equal(rc, RC_NONE);
	assert_int_equal(mail_read(r, &piece, &last), RC_NONE);
	assert_false(out->full);
	free(r);
}

static void
check_lines(struct span in, enum mail_ends ends, bool replace,
	struct span expected)
{
	struct mail_source src = a_source(in.p, in.n, ends, replace);
	char room[200];
	struct buf b = BUF(room);

	read_all(&src, &b);
	assert_string_equal(buf_text(&b), expected.p);
	assert_true(span_eq(buf_span(&b), expected));
	port_close(src.fd);
}

SIM_TEST(lines_end_in_lf_and_the_last_may_lack_it)
{
	check_lines(SPAN("a\n\nb\n"), MAIL_ENDS_ALWAYS, true, SPAN("a||b|"));
	check_lines(SPAN("a\nb"), MAIL_ENDS_ALWAYS, true, SPAN("a|b|"));
	check_lines(SPAN("\n"), MAIL_ENDS_ALWAYS, true, SPAN("|"));
	check_lines(SPAN("."), MAIL_ENDS_ALWAYS, true, SPAN(".|"));
}

SIM_TEST(an_empty_message_has_no_lines)
{
	check_lines(SPAN(""), MAIL_ENDS_ALWAYS, true, SPAN(""));
	check_lines(SPAN(""), MAIL_ENDS_STRICT, false, SPAN(""));
}

SIM_TEST(cr_lf_ends_lines_by_default_and_other_crs_are_blanks)
{
	check_lines(SPAN("a\r\nb\rc\r\r\n\rd\n\r\n"), MAIL_ENDS_ALWAYS, true,
	    SPAN("a|b c | d||"));
	check_lines(SPAN("a\n.\r\nb\n.\r.\r"), MAIL_ENDS_ALWAYS, true,
	    SPAN("a|.|b|. . |"));
	check_lines(SPAN("\r"), MAIL_ENDS_ALWAYS, true, SPAN(" |"));
	check_lines(SPAN("\r\n"), MAIL_ENDS_ALWAYS, true, SPAN("|"));
}

SIM_TEST(stray_crs_stay_if_they_are_not_to_be_replaced)
{
	check_lines(SPAN("a\r\nb\rc\r\r\n"), MAIL_ENDS_ALWAYS, false,
	    SPAN("a|b\rc\r|"));
	check_lines(SPAN("a\r\nb\r"), MAIL_ENDS_ALWAYS, false,
	    SPAN("a|b\r|"));
}

SIM_TEST(strict_believes_the_first_line)
{
	check_lines(SPAN("a\r\nb\r\nc\n"), MAIL_ENDS_STRICT, true,
	    SPAN("a|b|c|"));
	check_lines(SPAN("a\nb\r\nc\n"), MAIL_ENDS_STRICT, true,
	    SPAN("a|b |c|"));
	check_lines(SPAN("a\nb\r\nc\n"), MAIL_ENDS_STRICT, false,
	    SPAN("a|b\r|c|"));
	check_lines(SPAN("\rx\r\nb\r\n"), MAIL_ENDS_STRICT, true,
	    SPAN(" x|b|"));
	check_lines(SPAN("x\r"), MAIL_ENDS_STRICT, false, SPAN("x\r|"));
}

SIM_TEST(never_takes_every_cr_for_data)
{
	check_lines(SPAN("a\r\nb\rc\r\r\n"), MAIL_ENDS_NEVER, false,
	    SPAN("a\r|b\rc\r\r|"));
	check_lines(SPAN("a\r\nb\rc\r\r\n"), MAIL_ENDS_NEVER, true,
	    SPAN("a |b c  |"));
}

SIM_TEST(nul_and_8_bit_are_data)
{
	check_lines(SPAN("a\0b\n\0\n\xff\x80\n"), MAIL_ENDS_ALWAYS, true,
	    SPAN("a\0b|\0|\xff\x80|"));
}

/* n octets of `fill`, then `tail`; expects the pieces of the long line. */
static void
check_long(size_t n, const char *tail, const char *expected_tail)
{
	char *in = malloc(n + 16), *out = malloc(n + 64);
	struct mail_source src;
	struct span text;
	struct buf b;
	size_t x = 0;

	memset(in, 'x', n);
	strcpy(in + n, tail);
	src = a_source(in, n + strlen(tail), MAIL_ENDS_ALWAYS, true);
	buf_init(&b, out, n + 64);
	read_all(&src, &b);
	for (size_t i = 0; i < b.n; i++)
		x += out[i] == 'x';
	assert_int_equal(x, n);
	text = span_tail(buf_span(&b), span_find_last(buf_span(&b), 'x') + 1);
	assert_true(span_is(text, expected_tail));
	port_close(src.fd);
	free(in);
	free(out);
}

SIM_TEST(line_ends_around_the_border_of_a_piece_are_line_ends)
{
	check_long(MAIL_PIECE_MAX - 2, "\r\ny", "|y|");
	check_long(MAIL_PIECE_MAX - 1, "\r\ny", "+|y|");
	check_long(MAIL_PIECE_MAX, "\r\ny", "+|y|");
	check_long(MAIL_PIECE_MAX + 1, "\r\ny", "|y|");
	check_long(MAIL_PIECE_MAX - 1, "\ny", "|y|");
	check_long(MAIL_PIECE_MAX, "\ny", "+|y|");
	check_long(MAIL_PIECE_MAX - 1, "\r\r\ny", "+ |y|");
	check_long(MAIL_PIECE_MAX - 1, "\ry", "+ y|");
	check_long(MAIL_PIECE_MAX - 1, "\r", " |");
	check_long(MAIL_PIECE_MAX, "\r", "+ |");
	check_long(MAIL_PIECE_MAX, "", "|");
	check_long(MAIL_PIECE_MAX + 1, "", "|");
	check_long(5 * MAIL_PIECE_MAX, "\n", "+|");
}

/* What a message means, told the slow way. */
static void
oracle(struct span in, enum mail_ends ends, bool replace, struct buf *out)
{
	size_t first = span_find(in, '\n');
	bool crlf = ends == MAIL_ENDS_ALWAYS || (ends == MAIL_ENDS_STRICT
	    && first < in.n && first > 0 && in.p[first - 1] == '\r');
	char c = '\n';

	for (size_t i = 0; i < in.n; i++) {
		c = in.p[i];
		if (crlf && c == '\r' && i + 1 < in.n && in.p[i + 1] == '\n')
			continue;
		buf_putc(out, c == '\n' ? '|' : c == '\r' && replace ? ' '
		    : c);
	}
	if (c != '\n')
		buf_putc(out, '|');
}

/* Runs of ordinary octets around the size of a piece, and trouble between. */
static size_t
make_up(char *in, size_t most)
{
	size_t n = 0, run;

	while (n + 1 < most && sim_random(20) > 0) {
		run = sim_random(3) > 0 ? sim_random(4)
		    : MAIL_PIECE_MAX - 4 + sim_random(8);
		for (; run > 0 && n + 1 < most; run--)
			in[n++] = 'x';
		in[n++] = "\r\r\n\n.\0"[sim_random(6)];
	}
	return n;
}

SIM_TEST(any_message_reads_as_if_it_came_in_one_piece)
{
	enum { MOST = 5 * MAIL_PIECE_MAX };
	char *in = malloc(MOST), *got = malloc(2 * MOST),
	    *want = malloc(2 * MOST);

	for (unsigned round = 0; round < 3000; round++) {
		enum mail_ends ends = (enum mail_ends)sim_random(3);
		bool replace = sim_random(2) > 0;
		size_t n = make_up(in, MOST), kept = 0;
		struct mail_source src = a_source(in, n, ends, replace);
		struct buf g, w;

		buf_init(&g, got, 2 * MOST);
		buf_init(&w, want, 2 * MOST);
		read_all(&src, &g);
		oracle((struct span){ in, n }, ends, replace, &w);
		for (size_t i = 0; i < g.n; i++)	/* joins the pieces */
			if (got[i] != '+')
				got[kept++] = got[i];
		assert_int_equal(kept, w.n);
		assert_memory_equal(got, want, kept);
		port_close(src.fd);
	}
	free(in);
	free(got);
	free(want);
}

SIM_TEST(a_message_may_begin_and_end_inside_a_file)
{
	static const char file[] = "envelope\0Subject: x\n\nbody\nbehind\n";
	struct mail_source src = a_source(file, sizeof(file) - 1,
	    MAIL_ENDS_ALWAYS, true);
	char room[100];
	struct buf b = BUF(room);

	src.start = 9;
	src.size = 17;
	read_all(&src, &b);
	assert_string_equal(buf_text(&b), "Subject: x||body|");
	port_close(src.fd);
}

SIM_TEST(a_file_cut_short_is_not_the_message)
{
	struct mail_source src = a_source("a\nb\n", 4, MAIL_ENDS_ALWAYS,
	    true);
	struct mail_reader r;
	struct span piece;
	bool last;

	src.size = 5;
	mail_read_start(&r, &src);
	assert_int_equal(mail_read(&r, &piece, &last), RC_OK);
	assert_int_equal(mail_read(&r, &piece, &last), RC_OK);
	assert_int_equal(mail_read(&r, &piece, &last), RC_OS);
	port_close(src.fd);
}

SIM_TEST(a_disk_that_fails_is_told)
{
	struct mail_source src = a_source("abc\ndef\n", 8, MAIL_ENDS_ALWAYS,
	    true);
	struct mail_reader r;
	struct span piece;
	bool last;

	sim_file_broken("/message", 5);
	mail_read_start(&r, &src);
	assert_int_equal(mail_read(&r, &piece, &last), RC_OK);
	assert_true(span_is(piece, "abc"));
	assert_int_equal(mail_read(&r, &piece, &last), RC_OS);
	port_close(src.fd);
}

SIM_TEST(any_number_of_passes_gives_the_same)
{
	struct mail_source src = a_source("a\r\nb\n", 5, MAIL_ENDS_STRICT,
	    true);

	for (int pass = 0; pass < 3; pass++) {
		char room[20];
		struct buf b = BUF(room);

		read_all(&src, &b);
		assert_string_equal(buf_text(&b), "a|b|");
	}
	port_close(src.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(lines_end_in_lf_and_the_last_may_lack_it),
		SIM_RUN(an_empty_message_has_no_lines),
		SIM_RUN(cr_lf_ends_lines_by_default_and_other_crs_are_blanks),
		SIM_RUN(stray_crs_stay_if_they_are_not_to_be_replaced),
		SIM_RUN(strict_believes_the_first_line),
		SIM_RUN(never_takes_every_cr_for_data),
		SIM_RUN(nul_and_8_bit_are_data),
		SIM_RUN(line_ends_around_the_border_of_a_piece_are_line_ends),
		SIM_RUN(any_message_reads_as_if_it_came_in_one_piece),
		SIM_RUN(a_message_may_begin_and_end_inside_a_file),
		SIM_RUN(a_file_cut_short_is_not_the_message),
		SIM_RUN(a_disk_that_fails_is_told),
		SIM_RUN(any_number_of_passes_gives_the_same),
	};
	return sim_main(tests, COUNT(tests));
}
