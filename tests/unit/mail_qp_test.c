/*
 * mail_qp_test.c - quoted-printable by the rules of RFC 2045, 6.7, whatever the
 * pieces are that a line comes in.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../../src/mail_int.h"

#define ROOM	(64 * 1024)

static char room[ROOM];

/* Lines that end in LF, in pieces of `step` octets. */
static const char *
encode(const char *text, size_t n, size_t step)
{
	struct span rest = { text, n }, line;
	struct buf out = BUF(room);
	struct qp q = { 0 };

	while (rest.n > 0) {
		line = span_head(rest, span_find(rest, '\n'));
		rest = span_tail(rest, line.n + 1);
		while (line.n > step) {
			qp_put(&q, &out, span_head(line, step), false);
			line = span_tail(line, step);
		}
		qp_put(&q, &out, line, true);
	}
	assert_false(out.full);
	return buf_text(&out);
}

static void
expect(const char *text, const char *encoded)
{
	for (size_t step = 1; step < 6; step++)
		assert_string_equal(encode(text, strlen(text), step), encoded);
	assert_string_equal(encode(text, strlen(text), ROOM), encoded);
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ?
	    c - 'A' + 10 : -1;
}

/* A decoder by the letter of 6.7; fails on what the rules don't allow. */
static size_t
decode(const char *p, char *out)
{
	size_t n = 0, column = 0;

	for (; *p != '\0'; p++) {
		assert_true(*p == '\n' || ++column <= 76);
		if (*p == '\n') {
			assert_true(column == 0 || p[-1] > ' ');
			column = 0;
			out[n++] = '\n';
		} else if (*p == '=' && p[1] == '\n') {
			column = 0;
			p++;
		} else if (*p == '=') {
			assert_true(digit(p[1]) >= 0 && digit(p[2]) >= 0);
			out[n++] = (char)(digit(p[1]) * 16 + digit(p[2]));
			column += 2;
			p += 2;
		} else {
			assert_true(*p == '\t' || (*p >= ' ' && *p <= '~'));
			out[n++] = *p;
		}
	}
	return n;
}

SIM_TEST(plain_text_stays_as_it_is)
{
	expect("Hello, world!\n.\n..\nFrom me\n\n",
	    "Hello, world!\n.\n..\nFrom me\n\n");
	expect("~}|{`^_@[]\"#$!\n", "~}|{`^_@[]\"#$!\n");
}

SIM_TEST(equals_signs_and_wide_octets_are_quoted)
{
	expect("a=b\n", "a=3Db\n");
	expect("\xC3\xA4\xFF\x7F\x01\n", "=C3=A4=FF=7F=01\n");
	expect("a\rb\r\n", "a=0Db=0D\n");
}

SIM_TEST(nul_is_an_octet_like_others)
{
	assert_string_equal(encode("a\0b\n", 4, 1), "a=00b\n");
}

SIM_TEST(blank_is_quoted_at_a_lines_end_alone)
{
	expect("a b \n", "a b=20\n");
	expect("a \t\n", "a =09\n");
	expect(" \n", "=20\n");
	expect("  a\n", "  a\n");
	expect("\t\n \n", "=09\n=20\n");
}

SIM_TEST(no_line_is_longer_than_76_octets)
{
	char text[400], back[400];

	for (size_t n = 60; n < 90; n++) {
		memset(text, 'x', n);
		for (size_t at = n - 8; at < n; at++) {
			text[at] = at % 2 == 0 ? '=' : ' ';
			text[n] = '\n';
			assert_int_equal(decode(encode(text, n + 1, 7), back),
			    n + 1);
			assert_memory_equal(back, text, n + 1);
		}
	}
}

SIM_TEST(soft_break_stands_where_postfix_puts_it)
{
	char text[256], want[256];

	memset(text, 'x', 74);
	strcpy(text + 74, "\n");
	memset(want, 'x', 73);
	strcpy(want + 73, "=\nx\n");
	expect(text, want);
	strcpy(text + 72, "\xE4y\n");
	strcpy(want + 72, "=E4=\ny\n");
	expect(text, want);
}

SIM_TEST(any_octets_come_back_from_a_decoder)
{
	static char text[8192], back[8192];

	for (unsigned round = 0; round < 40; round++) {
		size_t n = 1 + sim_random(sizeof(text) - 2);

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(sim_random(4) == 0 ? ' ' :
			    sim_random(256));
		text[n - 1] = '\n';
		assert_int_equal(decode(encode(text, n, 1 + sim_random(300)),
		    back), n);
		assert_memory_equal(back, text, n);
	}
}

SIM_TEST(growth_stays_within_its_bound)
{
	char text[100], out[100 * QP_GROWTH + 8];
	struct buf b = BUF(out);
	struct qp q = { .column = 72, .held = ' ' };

	memset(text, '\xFF', sizeof(text));
	qp_put(&q, &b, (struct span){ text, sizeof(text) }, true);
	assert_false(b.full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(plain_text_stays_as_it_is),
		SIM_RUN(equals_signs_and_wide_octets_are_quoted),
		SIM_RUN(nul_is_an_octet_like_others),
		SIM_RUN(blank_is_quoted_at_a_lines_end_alone),
		SIM_RUN(no_line_is_longer_than_76_octets),
		SIM_RUN(soft_break_stands_where_postfix_puts_it),
		SIM_RUN(any_octets_come_back_from_a_decoder),
		SIM_RUN(growth_stays_within_its_bound),
	};

	return sim_main(tests, COUNT(tests));
}
