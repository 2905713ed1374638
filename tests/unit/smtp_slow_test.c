/*
 * smtp_slow_test.c - peers that are slow, silent or deaf: nothing lasts longer
 * than the limits of a session allow.
 *
 * Limits hold for each read and write, or with smtp_per_request_deadline for a
 * whole command and its reply; for the message with smtp_min_data_rate.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"
#include "../sim/sim_smtp.h"

#define DEADLINE	"smtp_per_request_deadline=yes"
#define LMTP_DEADLINE	"lmtp_per_request_deadline=yes"

struct kind {
	bool lmtp;
	const char *words, *where;
	const char *deadline;
};
static const struct kind kinds[] = {
	{ false, "", "192.0.2.1:25", DEADLINE },
	{ false, "PIPELINING", "192.0.2.1:25", DEADLINE },
	{ true, "", "192.0.2.1:24", LMTP_DEADLINE },
	{ true, "PIPELINING", "192.0.2.1:24", LMTP_DEADLINE },
};

static struct sim_smtp *
start(const struct kind *k, struct sim_job **job)
{
	struct sim_job *j = sim_job();
	struct sim_smtp *s;

	sim_begin();
	sim_note("%s, %s", k->lmtp ? "LMTP" : "SMTP", k->words);
	s = sim_smtp_open(k->where);
	s->lmtp = j->lmtp = k->lmtp;
	s->words = k->words;
	SIM_TO(j, "b@dest.example", "c@dest.example");
	*job = j;
	return s;
}

static void
deliver(struct sim_smtp *s, struct sim_job *j, ms_t most)
{
	sim_deliver(j);
	if (j->rc != RC_OK)
		sim_fail("smtp_deliver() said rc %d", j->rc);
	sim_smtp_check(s, j);
	if (port_now() - SIM_START > most)
		sim_fail("it took %lld s, more than %lld",
		    (long long)(port_now() - SIM_START) / SECOND,
		    (long long)most / SECOND);
}

/* ---- an octet a minute -------------------------------------------------- */

SIM_TEST(octet_a_minute_is_progress_without_a_deadline)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j);

		s->drip = MINUTE;
		deliver(s, j, 10 * HOUR);
		assert_int_equal(j->verdict[0].fate, FATE_SENT);
		assert_int_equal(j->verdict[1].fate, FATE_SENT);
		assert_true(port_now() - SIM_START >
		    (ms_t)(sim_heard_read(0) - 1) * MINUTE);
		sim_end();
	}
}

/* The limits of postconf(5): 300 s each, DATA 120 s, the dot 600 s. */
static ms_t
limit_of(enum sim_stage stage)
{
	return stage == SIM_DATA ? 2 * MINUTE : stage == SIM_DOT ?
	    10 * MINUTE : 5 * MINUTE;
}

/*
 * The reply of this stage, and all later ones, take longer than any limit.  No
 * limit but the stage's own may pass, except that of QUIT.
 */
static void
drip_from(const struct kind *k, enum sim_stage stage, bool refuse)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j);

	sim_note("from %s on", sim_stage_name(stage));
	j->settings[0] = k->deadline;
	s->drip = MINUTE;
	s->slow_from = stage;
	s->say[stage] = refuse ? "550 5.0.0 no, and that is my last word\r\n" :
	    NULL;
	if (stage == SIM_HELO)
		s->say[SIM_EHLO] = "502 5.5.1 unknown\r\n";
	deliver(s, j, limit_of(stage) + 5 * MINUTE);
	if (stage < SIM_RSET) {
		assert_int_equal(j->verdict[0].fate, FATE_LATER);
		assert_int_equal(j->verdict[1].fate, FATE_LATER);
		assert_true(port_now() - SIM_START >= limit_of(stage));
	}
	sim_end();
}

SIM_TEST(octet_a_minute_ends_at_the_deadline_of_each_stage)
{
	size_t k;
	int stage;

	for (k = 0; k < COUNT(kinds); k++)
		for (stage = 0; stage < SIM_STAGES; stage++) {
			if (stage == SIM_XFORWARD || stage == SIM_RSET ||
			    (stage == SIM_HELO && kinds[k].lmtp))
				continue;
			drip_from(&kinds[k], (enum sim_stage)stage, false);
			drip_from(&kinds[k], (enum sim_stage)stage, true);
		}
}

/* ---- a reply that never ends -------------------------------------------- */

/*
 * As fast as it may: a line a second.  The reply is longer than any bound, so
 * something of ours has to end it.
 */
static void
chatter_open(struct sim_conn *c, void *arg)
{
	const char *line = arg;
	size_t i;

	sim_drip(c, MINUTE);
	for (i = 0; i < 5000; i++)
		sim_put(c, line, strlen(line));
}

static void
ignore_line(struct sim_conn *c, struct span line, void *arg)
{
	(void)c;
	(void)line;
	(void)arg;
}

static void
chatter(const char *line, const char *setting, ms_t most)
{
	static const struct sim_service svc = {
		.open = chatter_open, .line = ignore_line
	};
	struct sim_job *j = sim_job();
	char text[100];

	sim_begin();
	sim_note("%s: %s", setting != NULL ? setting : "no deadline", line);
	strcpy(text, line);
	sim_serve("192.0.2.1:25", &svc, text);
	j->settings[0] = setting;
	SIM_TO(j, "b@dest.example");
	deliver(NULL, j, most);
	assert_int_equal(j->verdict[0].fate, FATE_LATER);
}

static const char *const endless[] = {
	"220-never\r\n", "x", "hello\r\n", "\r\n", "220-", "2",
};

SIM_TEST(endless_reply_ends_at_the_deadline)
{
	size_t i;

	for (i = 0; i < COUNT(endless); i++)
		chatter(endless[i], DEADLINE, 10 * MINUTE);
}

/* Postfix's own last resort is its daemon_timeout, five hours. */
SIM_TEST(endless_reply_is_given_up_without_a_deadline)
{
	size_t i;

	for (i = 0; i < COUNT(endless); i++)
		chatter(endless[i], NULL, DAY);
}

/* ---- silence ------------------------------------------------------------ */

static const char *
nothing(enum sim_stage stage, const char *to)
{
	(void)to;
	return stage == SIM_DOT ? "" : NULL;
}

SIM_TEST(silence_at_each_stage_ends_at_its_limit)
{
	size_t k;
	int stage;

	for (k = 0; k < COUNT(kinds); k++)
		for (stage = 0; stage <= SIM_DOT; stage++) {
			struct sim_job *j;
			struct sim_smtp *s;

			if (stage == SIM_XFORWARD || stage == SIM_HELO)
				continue;
			s = start(&kinds[k], &j);
			sim_note("%s", sim_stage_name((enum sim_stage)stage));
			s->drip = DAY;
			s->slow_from = (enum sim_stage)stage;
			deliver(s, j, limit_of((enum sim_stage)stage) +
			    5 * MINUTE);
			assert_int_equal(j->verdict[0].fate, FATE_LATER);
			assert_string_equal(j->verdict[0].dsn, "4.4.2");
			sim_end();
		}
}

/* Two recipients, neither answered for: ten minutes each, not for ever. */
SIM_TEST(silence_after_the_dot_may_mean_two_copies)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j);

		s->say_to = nothing;
		s->drip = DAY;
		s->slow_from = SIM_DOT;
		deliver(s, j, 30 * MINUTE);
		assert_non_null(strstr(j->verdict[0].text,
		    "may be sent more than once"));
		sim_end();
	}
}

/* ---- a peer that does not take what we write ---------------------------- */

#define BIG_BYTES	(200 * 1000)
static char big[BIG_BYTES + 1];

static void
make_big(struct sim_job *j)
{
	size_t i;

	for (i = 0; i < BIG_BYTES; i++)
		big[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
	memcpy(big, "Subject: x\n\n", 12);
	j->message = big;
	j->message_n = BIG_BYTES;
}

/*
 * Each write waits a minute for room.  The buffer is so small that what is in
 * it at the end of a command is gone before the limit of the reply.
 */
SIM_TEST(octet_taken_a_minute_is_progress_without_a_deadline)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j);

		s->sip = MINUTE;
		s->window_in = 1;
		s->window_out = 64;
		deliver(s, j, 10 * HOUR);
		assert_int_equal(j->verdict[0].fate, FATE_SENT);
		sim_end();
	}
}

SIM_TEST(octet_taken_a_minute_ends_at_the_deadline)
{
	size_t k;
	int stage;

	for (k = 0; k < COUNT(kinds); k++)
		for (stage = SIM_GREETING; stage <= SIM_DATA; stage++) {
			struct sim_job *j;
			struct sim_smtp *s;

			if (stage == SIM_HELO || stage == SIM_XFORWARD)
				continue;
			s = start(&kinds[k], &j);
			sim_note("from %s on",
			    sim_stage_name((enum sim_stage)stage));
			j->settings[0] = kinds[k].deadline;
			make_big(j);
			s->slow_from = (enum sim_stage)stage;
			s->sip = MINUTE;
			s->window_in = s->window_out = 64;
			deliver(s, j, 30 * MINUTE);
			assert_int_equal(j->verdict[0].fate, FATE_LATER);
			sim_end();
		}
}

SIM_TEST(peer_that_stops_taking_the_message_is_left)
{
	size_t k;
	int with;

	for (with = 0; with < 2; with++)
		for (k = 0; k < COUNT(kinds); k++) {
			struct sim_job *j;
			struct sim_smtp *s = start(&kinds[k], &j);

			if (with)
				j->settings[0] = kinds[k].deadline;
			make_big(j);
			s->sip = DAY;
			s->slow_from = SIM_DATA;
			deliver(s, j, 15 * MINUTE);
			assert_int_equal(j->verdict[0].fate, FATE_LATER);
			assert_int_equal(j->verdict[1].fate, FATE_LATER);
			sim_end();
		}
}

/* A server that answers late, but within each limit, is not given up. */
SIM_TEST(late_answers_within_their_limits_are_awaited)
{
	sim_play("192.0.2.1:25",
	    "wait 4m    hello PIPELINING\n"
	    "C: MAIL *    wait 4m    S: 250 ok\n"
	    "C: RCPT *    wait 4m    S: 250 ok\n"
	    "C: DATA    wait 110s    S: 354 go\n"
	    "body    wait 9m    S: 250 ok\n"
	    "C: QUIT    S: 221 bye\n");
	struct sim_job *j = sim_job();

	j->settings[0] = DEADLINE;
	SIM_TO(j, "b@dest.example");
	sim_deliver(j);
	sim_check_verdicts(j);
	assert_int_equal(j->verdict[0].fate, FATE_SENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(octet_a_minute_is_progress_without_a_deadline),
		SIM_RUN(octet_a_minute_ends_at_the_deadline_of_each_stage),
		SIM_RUN(endless_reply_ends_at_the_deadline),
		SIM_RUN(endless_reply_is_given_up_without_a_deadline),
		SIM_RUN(silence_at_each_stage_ends_at_its_limit),
		SIM_RUN(silence_after_the_dot_may_mean_two_copies),
		SIM_RUN(octet_taken_a_minute_is_progress_without_a_deadline),
		SIM_RUN(octet_taken_a_minute_ends_at_the_deadline),
		SIM_RUN(peer_that_stops_taking_the_message_is_left),
		SIM_RUN(late_answers_within_their_limits_are_awaited),
	};

	return sim_main(tests, COUNT(tests));
}
