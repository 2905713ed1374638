/*
 * smtp_many_test.c - a thousand recipients, small buffers, odd messages: one
 * verdict each, no deadlock, no growth, nothing but CR LF on the wire.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"
#include "../sim/sim_smtp.h"

#define MANY	1000

struct kind {
	bool lmtp;
	const char *words, *where;
};
static const struct kind kinds[] = {
	{ false, "", "192.0.2.1:25" },
	{ false, "PIPELINING,DSN", "192.0.2.1:25" },
	{ true, "", "192.0.2.1:24" },
	{ true, "PIPELINING", "192.0.2.1:24" },
};

static struct sim_smtp *
start(const struct kind *k, struct sim_job **job, size_t n)
{
	static char names[MANY][40];
	static const char *words[MANY];
	struct sim_job *j = sim_job();
	struct sim_smtp *s;
	size_t i;

	sim_begin();
	sim_note("%s, %s, %zu recipients", k->lmtp ? "LMTP" : "SMTP",
	    k->words, n);
	s = sim_smtp_open(k->where);
	s->lmtp = j->lmtp = k->lmtp;
	s->words = k->words;
	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "r%zu@dest.example", i);
		words[i] = names[i];
	}
	sim_job_rcpts(j, words, n);
	*job = j;
	return s;
}

static void
deliver(const struct sim_smtp *s, struct sim_job *j)
{
	sim_deliver(j);
	if (j->rc != RC_OK)
		sim_fail("smtp_deliver() said rc %d", j->rc);
	sim_smtp_check(s, j);
}

static size_t
count(const struct sim_job *j, enum fate fate)
{
	size_t i, n = 0;

	for (i = 0; i < j->n; i++)
		n += j->verdict[i].fate == fate;
	return n;
}

SIM_TEST(thousand_recipients_are_sent)
{
	size_t k, one;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j, 1);

		deliver(s, j);
		one = sim_memory_used();
		s = start(&kinds[k], &j, MANY);
		deliver(s, j);
		assert_int_equal(count(j, FATE_SENT), MANY);
		assert_int_equal(s->first->n, MANY);
		assert_null(s->first->next);
		/* an octet for each, as report.h says */
		assert_true(sim_memory_used() - one <= MANY);
		sim_end();
	}
}

/* The last digit decides, so that kinds of answers are mixed. */
static const char *
by_digit(enum sim_stage stage, const char *to)
{
	char c = to[strcspn(to, "@") - 1];

	if (stage == SIM_RCPT)
		return c == '3' ? "550 5.1.1 unknown\r\n" :
		    c == '5' ? "450-4.2.1 first\r\n450 4.2.1 later\r\n" : NULL;
	return c == '7' ? "452 4.2.2 full\r\n" :
	    c == '8' ? "554 5.6.0 no\r\n" : NULL;
}

SIM_TEST(thousand_recipients_have_thousand_fates)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j, MANY);

		s->say_to = by_digit;
		deliver(s, j);
		assert_int_equal(count(j, FATE_NEVER), kinds[k].lmtp ? 200 :
		    100);
		assert_int_equal(count(j, FATE_LATER), kinds[k].lmtp ? 200 :
		    100);
		assert_int_equal(count(j, FATE_SENT), kinds[k].lmtp ? 600 :
		    800);
		sim_end();
	}
}

static const char *
nobody(enum sim_stage stage, const char *to)
{
	(void)to;
	return stage == SIM_RCPT ? "550 5.1.1 unknown\r\n" : NULL;
}

SIM_TEST(thousand_recipients_are_refused)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j, MANY);

		s->say_to = nobody;
		deliver(s, j);
		assert_int_equal(count(j, FATE_NEVER), MANY);
		sim_end();
	}
}

/* The server closes after some: the rest is for later, or for another host. */
SIM_TEST(thousand_recipients_are_cut_short)
{
	size_t k, at;

	for (k = 0; k < COUNT(kinds); k++)
		for (at = 100; at < 40000; at += 2111) {
			struct sim_job *j;
			struct sim_smtp *s = start(&kinds[k], &j, MANY);

			sim_note("cut at %zu", at);
			s->say_to = by_digit;
			sim_cut(kinds[k].where, 0, SIM_TAKEN, at,
			    at % 2 ? SIM_CLOSE : SIM_RESET);
			deliver(s, j);
			sim_end();
		}
}

/* ---- buffers ------------------------------------------------------------ */

static char chatty[600];

static const char *
at_length(enum sim_stage stage, const char *to)
{
	(void)stage;
	(void)to;
	return chatty;
}

/*
 * Buffers of 4 KiB, and replies that are much longer than the commands: who
 * writes without reading would wait for ever (RFC 2920, 3.1).
 */
static void
narrow(const struct kind *k, size_t in, size_t out, size_t reply)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j, 300);

	sim_note("buffers %zu, %zu, replies of %zu", in, out, reply);
	memset(chatty, 'x', reply);
	memcpy(chatty, "250 2.0.0 ", 10);
	strcpy(chatty + reply, "\r\n");
	s->say_to = at_length;
	s->window_in = in;
	s->window_out = out;
	deliver(s, j);
	assert_int_equal(count(j, FATE_SENT), 300);
	assert_true(port_now() - SIM_START == 0);
	sim_end();
}

SIM_TEST(small_buffers_do_not_block)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		narrow(&kinds[k], 4096, 4096, 20);
		narrow(&kinds[k], 4096, 4096, 500);
		narrow(&kinds[k], 4096, 1000, 500);
		narrow(&kinds[k], 8192, 100, 590);
	}
}

/* ---- line ends and dots ------------------------------------------------- */

/*
 * Messages as they may be stored: no CR or LF alone, one final dot, nothing of
 * the message taken for a command, and the text as sim_job_wire() has it.
 */
static void
odd_message(const struct kind *k, const char *text, size_t n)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j, 2);

	j->settings[0] = "disable_mime_output_conversion=yes";
	j->message = text;
	j->message_n = n;
	deliver(s, j);
	if (count(j, FATE_SENT) != 2)
		sim_fail("not sent: %s", j->verdict[0].text);
	assert_true(s->first->complete && s->first->next == NULL);
	sim_end();
}

static void
odd_everywhere(const char *text, size_t n)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++)
		odd_message(&kinds[k], text, n);
}

/* Lines of 50, so that none is folded. */
static void
make_lines(char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		text[i] = i % 50 == 49 ? '\n' : 'x';
}

SIM_TEST(stray_line_ends_never_reach_the_wire)
{
	static const char *const tails[] = {
		"", "\r", "\n", "\r\n", "\r\r", "\n\n", "\n\r", ".", "\n.",
		"\n.\n", "\n.\nx\n", "\r.\r", "\r\n.\r\n", "\n.\r\nx",
		"\r.\nx", "\n.\rx", "\r\n.\r", "\r\r\n.\r\r\n", "x\r.\r\ny",
		"\n..\n", "\n...", "\n.\n.\n.\n", "\r\n.\nMAIL FROM:<x@y>\n",
		"\n.\r\nRSET\r\nQUIT\r\n", "\r.\rQUIT\r", "a\rb\rc",
	};
	static char text[9000];
	size_t i, pad, n;

	/* The reader works in pieces of 4 KiB: around its end, and at zero. */
	for (pad = 0; pad < 8300; pad = pad == 8 ? 4080 : pad == 4100 ? 8180 :
	    pad + 1)
		for (i = 0; i < COUNT(tails); i++) {
			make_lines(text, pad);
			strcpy(text + pad, tails[i]);
			n = pad + strlen(tails[i]);
			if (n > 0)
				odd_everywhere(text, n);
		}
}

SIM_TEST(random_line_ends_never_reach_the_wire)
{
	static const char letters[] = "\r\n.\r\n.xy";
	static char text[600];
	unsigned round, i, n;
	uint64_t seed = sim_seed();

	for (round = 0; round < 1500; round++) {
		n = 1 + (unsigned)((seed + round * 7919u) % 500);
		for (i = 0; i < n; i++)
			text[i] = letters[sim_random(8)];
		odd_message(&kinds[round % COUNT(kinds)], text, n);
	}
}

/* NULs and octets above 127, in header and body. */
SIM_TEST(any_octet_passes)
{
	static char text[2560];
	size_t i, k;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 63 ? '\n' : (char)(i * 7);
	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j, 1);

		s->words = "PIPELINING,8BITMIME";
		j->message = text;
		j->message_n = sizeof(text);
		deliver(s, j);
		assert_int_equal(j->verdict[0].fate, FATE_SENT);
		sim_end();
	}
}

/* Longer than any line may be: folded, but never split at a dot or a CR. */
SIM_TEST(endless_line_is_folded)
{
	static char text[70000];
	size_t k, i, n;
	const char *p;

	memset(text, '.', sizeof(text));
	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j, 1);

		j->message = text;
		j->message_n = sizeof(text);
		sim_deliver(j);
		sim_check_verdicts(j);
		assert_int_equal(j->verdict[0].fate, FATE_SENT);
		assert_null(s->odd);
		p = s->first->message.p;
		for (i = n = 0; i < s->first->message.n; i++) {
			n = p[i] == '\n' ? 0 : n + 1;
			assert_true(n <= 1000);
		}
		assert_true(s->first->message.n >= sizeof(text));
		sim_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(thousand_recipients_are_sent),
		SIM_RUN(thousand_recipients_have_thousand_fates),
		SIM_RUN(thousand_recipients_are_refused),
		SIM_RUN(thousand_recipients_are_cut_short),
		SIM_RUN(small_buffers_do_not_block),
		SIM_RUN(stray_line_ends_never_reach_the_wire),
		SIM_RUN(random_line_ends_never_reach_the_wire),
		SIM_RUN(any_octet_passes),
		SIM_RUN(endless_line_is_folded),
	};

	return sim_main(tests, COUNT(tests));
}
