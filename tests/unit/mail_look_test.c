/*
 * mail_look_test.c - what one must know of a message.
 */
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "mail.h"

static struct mail_facts
look_at(struct span text, struct span rcpt)
{
	struct mail_source src = { .size = (int64_t)text.n,
		.ends = MAIL_ENDS_ALWAYS, .replace_stray = true };
	struct mail_facts facts;
	struct mail_reader *r = malloc(sizeof(*r));

	sim_file_bytes("/message", text.p, text.n);
	assert_int_equal(port_open("/message", &src.fd), RC_OK);
	assert_int_equal(mail_look(r, &src, rcpt, &facts), RC_OK);
	port_close(src.fd);
	free(r);
	return facts;
}

#define wire_bytes(literal)	look_at(SPAN(literal), SPAN("")).wire_bytes

SIM_TEST(size_is_that_of_the_wire)
{
	assert_int_equal(wire_bytes(""), 0);
	assert_int_equal(wire_bytes("\n"), 2);
	assert_int_equal(wire_bytes("Subject: cut"), 14);
	assert_int_equal(wire_bytes("Subject: x\n\n1234567\n"), 23);
	assert_int_equal(wire_bytes("Subject: x\r\n\r\n1234567\r\n"), 23);
	assert_int_equal(wire_bytes("Subject: x\n\n."), 17);
	assert_int_equal(wire_bytes("Subject: a\0b\n\n\0\nx\0y\0\n"), 25);
}

SIM_TEST(size_of_a_long_line_counts_one_line_end)
{
	size_t n = 3 * MAIL_PIECE_MAX;
	char *text = malloc(n);

	memset(text, 'x', n);
	assert_int_equal(look_at((struct span){ text, n }, SPAN("")).
	    wire_bytes, n + 2);
	text[n - 1] = '\n';
	assert_int_equal(look_at((struct span){ text, n }, SPAN("")).
	    wire_bytes, n + 1);
	free(text);
}

/* `-`, `h`, `b` or `B` for both: where octets above 127 are. */
static void
check_8bit(struct span text, char expected)
{
	struct mail_facts f = look_at(text, SPAN(""));

	assert_int_equal(f.head_8bit ? f.body_8bit ? 'B' : 'h'
	    : f.body_8bit ? 'b' : '-', expected);
}

SIM_TEST(header_and_body_are_told_apart)
{
	check_8bit(SPAN("A: x\n\ny\n"), '-');
	check_8bit(SPAN("A: \xe9\n\ny\n"), 'h');
	check_8bit(SPAN("A: x\n\n\xe9\n"), 'b');
	check_8bit(SPAN("A: \xe9\n\n\xe9\n"), 'B');
	check_8bit(SPAN("A: x\n \xe9\n\ny\n"), 'h');
	check_8bit(SPAN("A: x\n\t\xe9\n\ny\n"), 'h');
	check_8bit(SPAN("A: x\nB\t : \xe9"), 'h');
}

SIM_TEST(header_ends_with_a_line_that_is_none)
{
	check_8bit(SPAN("\nA: \xe9\n"), 'b');
	check_8bit(SPAN(" A: \xe9\n"), 'b');
	check_8bit(SPAN(": \xe9\n"), 'b');
	check_8bit(SPAN("A: x\nno header line\nB: \xe9\n"), 'b');
	check_8bit(SPAN("A: x\ntwo words: \xe9\n"), 'b');
	check_8bit(SPAN("A: x\n\n y\nB: \xe9\n"), 'b');
	check_8bit(SPAN("A\xe9: x\n"), 'b');
	check_8bit(SPAN("A: x\n.B: \xe9\n"), 'h');
	check_8bit(SPAN("A: x\n \nB: \xe9\n"), 'h');
}

SIM_TEST(separator_of_mailboxes_is_passed_over)
{
	check_8bit(SPAN("From x Thu Jan  1 00:00:00 2026\nA: \xe9\n"), 'h');
	check_8bit(SPAN(">From x\nA: \xe9\n"), 'h');
	check_8bit(SPAN(">>From x\nA: \xe9\n"), 'h');
	check_8bit(SPAN("From x\n \xe9\n"), 'b');
	check_8bit(SPAN("A: x\nFrom x\nB: \xe9\n"), 'b');
	check_8bit(SPAN("From x\nFrom x\nB: \xe9\n"), 'b');
	check_8bit(SPAN("from x\nB: \xe9\n"), 'b');
}

SIM_TEST(a_long_header_line_is_header_to_its_end)
{
	size_t n = 2 * MAIL_PIECE_MAX;
	char *text = malloc(n);

	memset(text, 'x', n);
	memcpy(text, "A: ", 3);
	text[n - 1] = (char)0xe9;
	check_8bit((struct span){ text, n }, 'h');
	memcpy(text, "\nB ", 3);
	check_8bit((struct span){ text, n }, 'b');
	free(text);
}

static bool
delivered(const char *text, const char *rcpt)
{
	return look_at(span_of(text), span_of(rcpt)).delivered_here;
}

SIM_TEST(delivered_to_is_compared_without_case)
{
	assert_true(delivered("Delivered-To: user@dest.example\nS: x\n\nb\n",
	    "user@dest.example"));
	assert_true(delivered("A: y\nDELIVERED-TO: User@DEST.example\n\n",
	    "user@dest.EXAMPLE"));
	assert_true(delivered("Delivered-To: \t u@d\nS: x\n", "u@d"));
	assert_true(delivered("Delivered-To:u@d", "u@d"));
	assert_true(delivered("Delivered-To: u@d\n x\n\n", "u@d"));
	assert_true(delivered("Delivered-To: a@d\nDelivered-To: u@d\n\n",
	    "u@d"));
}

SIM_TEST(delivered_to_of_others_is_no_loop)
{
	assert_false(delivered("Delivered-To: uu@d\n\n", "u@d"));
	assert_false(delivered("Delivered-To: u@d x\n\n", "u@d"));
	assert_false(delivered("X-Delivered-To: u@d\n\n", "u@d"));
	assert_false(delivered("Delivered-Too: u@d\n\n", "u@d"));
	assert_false(delivered("Delivered-To: \"u@d\n\n", "u@d"));
	assert_false(delivered("Delivered-To:\n\n", ""));
	assert_false(delivered("Delivered-To:\n\n", "u@d"));
}

SIM_TEST(delivered_to_in_the_body_is_no_loop)
{
	assert_false(delivered("S: x\n\nDelivered-To: u@d\n", "u@d"));
	assert_false(delivered("text\nDelivered-To: u@d\n", "u@d"));
}

SIM_TEST(delivered_to_that_nobody_adds_is_no_loop)
{
	assert_false(delivered("Delivered-To : u@d\n", "u@d"));
	assert_false(delivered("Delivered-To: u@d \n", "u@d"));
	assert_false(delivered("Delivered-To:\n u@d\n", "u@d"));
	assert_false(delivered("From x\nDelivered-To: u@d\n", "u@d"));
}

SIM_TEST(delivered_to_is_compared_with_its_quotes)
{
	assert_true(delivered("Delivered-To: \"a b\"@d\n\n", "a b@d"));
	assert_false(delivered("Delivered-To: \"u\"@d\n\n", "u@d"));
	assert_false(delivered("Delivered-To: a b@d\n\n", "a b@d"));
	assert_false(delivered("Delivered-To: \"a b\"@d\n\n", "\"a b\"@d"));
}

SIM_TEST(endless_delivered_to_is_no_loop)
{
	size_t n = 9000;
	char *text = malloc(n + 1), *rcpt = malloc(n + 1);

	memset(text, 'x', n);
	memcpy(text, "Delivered-To: ", 14);
	text[n] = '\0';
	strcpy(rcpt, text + 14);
	assert_false(delivered(text, rcpt));
	text[900] = rcpt[900 - 14] = '\0';
	assert_true(delivered(text, rcpt));
	free(text);
	free(rcpt);
}

SIM_TEST(a_message_that_cannot_be_read_has_no_facts)
{
	struct mail_source src = { .size = 4 };
	struct mail_reader r;
	struct mail_facts facts;

	sim_file("/message", "a\nb\n");
	assert_int_equal(port_open("/message", &src.fd), RC_OK);
	sim_file_broken("/message", 2);
	assert_int_equal(mail_look(&r, &src, SPAN(""), &facts), RC_OS);
	port_close(src.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(size_is_that_of_the_wire),
		SIM_RUN(size_of_a_long_line_counts_one_line_end),
		SIM_RUN(header_and_body_are_told_apart),
		SIM_RUN(header_ends_with_a_line_that_is_none),
		SIM_RUN(separator_of_mailboxes_is_passed_over),
		SIM_RUN(a_long_header_line_is_header_to_its_end),
		SIM_RUN(delivered_to_is_compared_without_case),
		SIM_RUN(delivered_to_of_others_is_no_loop),
		SIM_RUN(delivered_to_in_the_body_is_no_loop),
		SIM_RUN(delivered_to_that_nobody_adds_is_no_loop),
		SIM_RUN(delivered_to_is_compared_with_its_quotes),
		SIM_RUN(endless_delivered_to_is_no_loop),
		SIM_RUN(a_message_that_cannot_be_read_has_no_facts),
	};
	return sim_main(tests, COUNT(tests));
}
