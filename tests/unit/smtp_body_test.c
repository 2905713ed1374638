/*
 * smtp_body_test.c - lines longer than the reader's pieces: what is put in for
 * the sake of the protocol goes to the beginning of a line and nowhere else.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"
#include "../sim/sim_smtp.h"

/* A line of n octets, then dots that begin no line. */
static void
check(size_t n)
{
	static char line[2 * MAIL_PIECE_MAX], wire[2 * MAIL_PIECE_MAX];
	struct sim_job *j = sim_job();
	struct sim_smtp *s;

	sim_begin();
	sim_note("%zu octets ahead of the dots", n);
	s = sim_smtp_open("192.0.2.1:25");
	s->words = "8BITMIME";	/* so nothing is parsed */
	memset(line, 'x', n);
	memcpy(line + n, "..\n", 4);
	memset(wire, 'x', n);
	memcpy(wire + n, "..\r\n", 5);
	SIM_TO(j, "b@dest.example");
	j->settings[0] = "smtp_line_length_limit=0";
	j->message = line;
	sim_deliver(j);
	assert_int_equal(sim_verdict_of(j, "b@dest.example")->fate, FATE_SENT);
	assert_true(span_is(s->first->message, wire));
	sim_end();
}

SIM_TEST(dots_inside_a_long_line_are_left_alone)
{
	for (size_t n = MAIL_PIECE_MAX - 4; n < MAIL_PIECE_MAX + 4; n++)
		check(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(dots_inside_a_long_line_are_left_alone),
	};

	return sim_main(tests, COUNT(tests));
}
