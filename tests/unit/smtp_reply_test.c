/*
 * smtp_reply_test.c - every kind of reply at every stage: one verdict for each
 * recipient, `sent` only where the server took the mail (sim_smtp_check()),
 * and the class of the reply decides between later and never.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"
#include "../sim/sim_smtp.h"

struct variant {
	const char *name;
	bool lmtp;
	const char *words;
	const char *where;
	const char *setting;
};

static const struct variant variants[] = {
	{ "SMTP", false, "", "192.0.2.1:25", NULL },
	{ "SMTP, pipelined", false, "PIPELINING,SIZE,8BITMIME,DSN",
	    "192.0.2.1:25", NULL },
	{ "LMTP", true, "", "192.0.2.1:24", NULL },
	{ "LMTP, pipelined", true, "PIPELINING", "192.0.2.1:24", NULL },
	{ "SMTP, waiting for QUIT", false, "PIPELINING", "192.0.2.1:25",
	    "smtp_skip_quit_response=no" },
	{ "SMTP, no 5xx greeting skipped", false, "", "192.0.2.1:25",
	    "smtp_skip_5xx_greeting=no" },
};

static struct sim_smtp *
start(const struct variant *v, struct sim_job **job)
{
	struct sim_job *j = sim_job();
	struct sim_smtp *s;

	sim_begin();
	sim_note("%s", v->name);
	s = sim_smtp_open(v->where);
	s->lmtp = j->lmtp = v->lmtp;
	s->words = v->words;
	j->settings[0] = v->setting;
	SIM_TO(j, "b@dest.example", "c@dest.example", "d@dest.example");
	*job = j;
	return s;
}

/* The longest that a session of these tests may last. */
static void
check_time(void)
{
	if (port_now() - SIM_START > HOUR)
		sim_fail("it took %lld s",
		    (long long)(port_now() - SIM_START) / SECOND);
}

static void
deliver(struct sim_smtp *s, struct sim_job *j)
{
	sim_deliver(j);
	if (j->rc != RC_OK)
		sim_fail("smtp_deliver() said rc %d", j->rc);
	sim_smtp_check(s, j);
	check_time();
}

/* ---- codes -------------------------------------------------------------- */

static const char never_ended[] = "250-never ended";
static const char *const replies[] = {
	"100 x", "150 x", "199 x", "200 x", "211 x", "220 x", "221 x",
	"250 x", "250 2.1.5 x", "250", "250 ", "250-x\r\n250 y",
	"250-2.1.5 x\r\n250 2.1.5 y", "251 x", "252 x", "299 x", "300 x",
	"334 x", "354 x", "354", "399 x", "400 x", "421 x", "421 4.3.2 x",
	"450 x", "450 4.2.1 x", "450-4.2.1 x\r\n450 4.2.1 y", "451 x",
	"452 x", "454 x", "499 x", "500 x", "501 x", "502 x", "503 x",
	"530 x", "535 x", "550 x", "550 5.1.1 x",
	"550-5.1.1 x\r\n550-5.1.1 y\r\n550 5.1.1 z", "551 x", "552 x",
	"552 5.2.2 x", "553 x", "554 x", "555 x", "599 x", "600 x", "666 x",
	"700 x", "800 x", "900 x", "999 x", "000 x", "001 x", "050 x",
	"099 x",
	/* codes and enhanced codes that disagree */
	"250 4.0.0 x", "250 5.0.0 x", "450 2.0.0 x", "450 5.1.1 x",
	"550 2.0.0 x", "550 4.0.0 x", "550 5.1234.1 x", "250 2.0 x",
	/* lines of a reply that disagree: the last counts */
	"250-x\r\n550 y", "550-x\r\n250 y", "450-x\r\n550 y",
	"550-x\r\n450 y", "250-x\r\n450 y", "354-x\r\n550 y",
	/* no reply at all, and one behind it */
	"", "hello", "25", "2", "2500 x", "250x", "25O ok", " 250 ok",
	"-250 ok", "+OK", "250\tok", "\x80\xff\x01", "250_ok",
	"hello\r\n250 x", "hello\r\n450 x", "hello\r\n550 x",
	"\r\n\r\n250 x", "999-x\r\nhello\r\n250 y", never_ended,
};

static bool
is_class(const char *text, char class)
{
	return text[0] == class && strlen(text) >= 3 &&
	    strspn(text, "0123456789") == 3 &&
	    (text[3] == ' ' || text[3] == '\0') && text[4] != '\t';
}

/*
 * What a single plain 4xx or 5xx at these stages must come to.  Greeting: 5xx
 * is taken for 4xx unless told otherwise.  EHLO's own refusal is answered by
 * HELO; RSET and QUIT come too late to matter.
 */
static void
check_class(const struct variant *v, const struct sim_job *j,
	enum sim_stage stage, const char *text)
{
	bool never = is_class(text, '5'), later = is_class(text, '4');
	enum fate want;
	size_t i;

	if (!never && !later)
		return;
	if (stage == SIM_GREETING && v->setting == NULL)
		never = false;
	if (stage >= SIM_RSET || stage == SIM_XFORWARD ||
	    (stage == SIM_EHLO && !v->lmtp && strncmp(text, "421", 3) != 0))
		return;
	if (stage == SIM_GREETING && strstr(v->name, "QUIT"))
		never = false;
	want = never ? FATE_NEVER : FATE_LATER;
	for (i = 0; i < j->n; i++)
		if (j->verdict[i].fate != want)
			sim_fail("%s: expected %s, have %s (%s)",
			    j->verdict[i].to, sim_fate_name(want),
			    sim_fate_name(j->verdict[i].fate),
			    j->verdict[i].text);
}

static void
reply_at(const struct variant *v, enum sim_stage stage, const char *text,
	unsigned time)
{
	struct sim_job *j;
	struct sim_smtp *s = start(v, &j);
	char line[200];

	sim_note("%s, time %u: %s", sim_stage_name(stage), time, text);
	snprintf(line, sizeof(line), "%s\r\n", text);
	s->say[stage] = line;
	s->say_at[stage] = time;
	if (stage == SIM_HELO)
		s->say[SIM_EHLO] = "502 5.5.1 unknown\r\n";
	deliver(s, j);
	if (time == 0)
		check_class(v, j, stage, text);
	sim_end();
}

/*
 * LMTP has no HELO.  A first line of a reply, followed by the answer for the
 * next recipient, is one reply to whoever reads it: nobody could tell.
 */
static bool
makes_no_sense(const struct variant *v, enum sim_stage stage, const char *text,
	unsigned time)
{
	return v->lmtp && (stage == SIM_HELO || (stage == SIM_DOT &&
	    time > 0 && text == never_ended));
}

static void
replies_at(enum sim_stage stage, unsigned time)
{
	size_t v, r;

	for (v = 0; v < COUNT(variants); v++)
		for (r = 0; r < COUNT(replies); r++)
			if (!makes_no_sense(&variants[v], stage, replies[r],
			    time))
				reply_at(&variants[v], stage, replies[r],
				    time);
}

#define REPLIES(name, stage, time) \
	SIM_TEST(name) \
	{ \
		replies_at(stage, time); \
	}

REPLIES(any_reply_may_be_the_greeting, SIM_GREETING, 0)
REPLIES(any_reply_may_answer_ehlo_or_lhlo, SIM_EHLO, 0)
REPLIES(any_reply_may_answer_helo, SIM_HELO, 0)
REPLIES(any_reply_may_answer_mail, SIM_MAIL, 0)
REPLIES(any_reply_may_answer_every_rcpt, SIM_RCPT, 0)
REPLIES(any_reply_may_answer_the_first_rcpt, SIM_RCPT, 1)
REPLIES(any_reply_may_answer_the_second_rcpt, SIM_RCPT, 2)
REPLIES(any_reply_may_answer_the_last_rcpt, SIM_RCPT, 3)
REPLIES(any_reply_may_answer_data, SIM_DATA, 0)
REPLIES(any_reply_may_answer_the_dot, SIM_DOT, 0)
REPLIES(any_reply_may_answer_the_first_dot, SIM_DOT, 1)
REPLIES(any_reply_may_answer_the_second_dot, SIM_DOT, 2)
REPLIES(any_reply_may_answer_the_last_dot, SIM_DOT, 3)
REPLIES(any_reply_may_answer_quit, SIM_QUIT, 0)

/* RSET is only sent where nobody was accepted. */
SIM_TEST(any_reply_may_answer_rset)
{
	size_t v, r;

	for (v = 0; v < COUNT(variants); v++)
		for (r = 0; r < COUNT(replies); r++) {
			struct sim_job *j;
			struct sim_smtp *s = start(&variants[v], &j);
			char line[200];

			sim_note("RSET: %s", replies[r]);
			snprintf(line, sizeof(line), "%s\r\n", replies[r]);
			s->say[SIM_RSET] = line;
			s->say[SIM_RCPT] = "550 5.1.1 no\r\n";
			deliver(s, j);
			assert_int_equal(j->verdict[0].fate, FATE_NEVER);
			sim_end();
		}
}

/* ---- 421, with and without a close behind it ---------------------------- */

SIM_TEST(server_that_stays_after_421_gets_nothing_wrong)
{
	size_t v;
	int stage;

	for (v = 0; v < COUNT(variants); v++)
		for (stage = 0; stage < SIM_STAGES; stage++) {
			struct sim_job *j;
			struct sim_smtp *s = start(&variants[v], &j);

			sim_note("421 to %s", sim_stage_name(stage));
			s->say[stage] = "421 4.3.2 later\r\n";
			s->stay = true;
			deliver(s, j);
			sim_end();
		}
}

/* ---- a server that is out of step --------------------------------------- */

/*
 * One reply too many, at each stage.  What arrives ahead of the dot cannot be
 * its answer; nobody may be called sent who was refused.
 */
static void
one_more(const struct variant *v, enum sim_stage stage, const char *usual,
	const char *more)
{
	struct sim_job *j;
	struct sim_smtp *s = start(v, &j);
	char text[200];

	sim_note("%s: %s + %s", sim_stage_name(stage), usual, more);
	snprintf(text, sizeof(text), "%s\r\n%s\r\n", usual, more);
	s->say[stage] = text;
	s->say_at[stage] = 1;
	s->say[SIM_DOT] = "554 5.6.0 no\r\n";
	sim_deliver(j);
	if (j->rc != RC_OK)
		sim_fail("smtp_deliver() said rc %d", j->rc);
	sim_check_verdicts(j);
	if (j->verdict[0].fate == FATE_SENT || j->verdict[2].fate == FATE_SENT)
		sim_fail("called sent: %s", j->verdict[0].text);
	check_time();
	sim_end();
}

SIM_TEST(reply_too_many_is_not_taken_for_the_answer_to_the_dot)
{
	static const struct {
		enum sim_stage stage;
		const char *usual;
	} at[] = {
		{ SIM_GREETING, "220 hi" }, { SIM_EHLO, "250 hi" },
		{ SIM_MAIL, "250 ok" }, { SIM_RCPT, "250 ok" },
		{ SIM_DATA, "354 go" },
	};
	static const char *const more[] = { "250 ok", "354 go", "550 no" };
	size_t v, i, k;

	for (v = 0; v < COUNT(variants); v++)
		for (i = 0; i < COUNT(at); i++)
			for (k = 0; k < COUNT(more); k++)
				one_more(&variants[v], at[i].stage,
				    at[i].usual, more[k]);
}

/* ---- long and many ------------------------------------------------------ */

static char big[300 * 1024];

/* `code` lines: n of them, each this long, the last one ending the reply. */
static void
make_big(const char *code, size_t lines, size_t length)
{
	size_t used = 0, i;

	for (i = 0; i < lines; i++) {
		used += (size_t)sprintf(big + used, "%s%c", code,
		    i + 1 < lines ? '-' : ' ');
		memset(big + used, 'x', length);
		used += length;
		used += (size_t)sprintf(big + used, "\r\n");
	}
}

static void
big_at(size_t lines, size_t length, const char *code, enum fate fate)
{
	static const enum sim_stage stages[] = {
		SIM_GREETING, SIM_EHLO, SIM_MAIL, SIM_RCPT, SIM_DOT, SIM_QUIT
	};
	size_t v, i;

	make_big(code, lines, length);
	for (v = 0; v < COUNT(variants); v++)
		for (i = 0; i < COUNT(stages); i++) {
			struct sim_job *j;
			struct sim_smtp *s = start(&variants[v], &j);

			sim_note("%zu lines of %zu octets, %s", lines, length,
			    sim_stage_name(stages[i]));
			s->say[stages[i]] = big;
			deliver(s, j);
			if (stages[i] >= SIM_RCPT && stages[i] != SIM_QUIT)
				assert_int_equal(j->verdict[0].fate, fate);
			sim_end();
		}
}

SIM_TEST(replies_of_any_size_are_understood)
{
	big_at(1, 600, "250", FATE_SENT);
	big_at(1, 5000, "250", FATE_SENT);
	big_at(1, 100000, "250", FATE_SENT);
	big_at(1, 100000, "550", FATE_NEVER);
	big_at(1000, 80, "250", FATE_SENT);
	big_at(1000, 80, "450", FATE_LATER);
	big_at(50, 5000, "550", FATE_NEVER);
}

/* ---- mixed recipients --------------------------------------------------- */

/* The recipient's own name says how it is treated. */
static const char *
by_name(enum sim_stage stage, const char *to)
{
	if (stage == SIM_RCPT)
		return to[0] == 't' ? "450 4.2.1 later\r\n" :
		    to[0] == 'n' ? "550 5.1.1 never\r\n" : NULL;
	return to[0] == 'q' ? "452 4.2.2 full\r\n" :
	    to[0] == 'r' ? "554 5.6.0 refused\r\n" : NULL;
}

SIM_TEST(each_recipient_has_the_fate_of_its_own_reply)
{
	static const char *const to[] = {
		"t1@x.example", "y1@x.example", "n1@x.example", "q1@x.example",
		"r1@x.example", "y2@x.example", "n2@x.example", "t2@x.example",
	};
	size_t v, i;

	for (v = 0; v < COUNT(variants); v++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&variants[v], &j);

		s->say_to = by_name;
		sim_job_rcpts(j, to, COUNT(to));
		deliver(s, j);
		for (i = 0; i < COUNT(to); i++) {
			char c = to[i][0];
			enum fate want = c == 't' ? FATE_LATER : c == 'n' ?
			    FATE_NEVER : FATE_SENT;

			if (variants[v].lmtp && c == 'q')
				want = FATE_LATER;
			if (variants[v].lmtp && c == 'r')
				want = FATE_NEVER;
			assert_int_equal(sim_verdict_of(j, to[i])->fate, want);
		}
		sim_end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(any_reply_may_be_the_greeting),
		SIM_RUN(any_reply_may_answer_ehlo_or_lhlo),
		SIM_RUN(any_reply_may_answer_helo),
		SIM_RUN(any_reply_may_answer_mail),
		SIM_RUN(any_reply_may_answer_every_rcpt),
		SIM_RUN(any_reply_may_answer_the_first_rcpt),
		SIM_RUN(any_reply_may_answer_the_second_rcpt),
		SIM_RUN(any_reply_may_answer_the_last_rcpt),
		SIM_RUN(any_reply_may_answer_data),
		SIM_RUN(any_reply_may_answer_the_dot),
		SIM_RUN(any_reply_may_answer_the_first_dot),
		SIM_RUN(any_reply_may_answer_the_second_dot),
		SIM_RUN(any_reply_may_answer_the_last_dot),
		SIM_RUN(any_reply_may_answer_rset),
		SIM_RUN(any_reply_may_answer_quit),
		SIM_RUN(server_that_stays_after_421_gets_nothing_wrong),
		SIM_RUN(reply_too_many_is_not_taken_for_the_answer_to_the_dot),
		SIM_RUN(replies_of_any_size_are_understood),
		SIM_RUN(each_recipient_has_the_fate_of_its_own_reply),
	};

	return sim_main(tests, COUNT(tests));
}
