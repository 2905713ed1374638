/*
 * smtp_cut_test.c - the connection is lost at every octet of a session, in
 * either direction, in three ways, with and without another host to go to.
 * What must hold is in sim_smtp_check(); besides, nothing may last longer than
 * the limits of the session allow, and a host that takes the mail gets it.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"
#include "../sim/sim_smtp.h"

struct kind {
	bool lmtp;
	const char *words, *first, *second;
	const char *nexthop;
	const char *setting;
};

static const struct kind plain = {
	false, "SIZE,8BITMIME", "192.0.2.1:25", NULL, NULL, NULL
};
static const struct kind piped = {
	false, "PIPELINING,SIZE", "192.0.2.1:25", NULL, NULL, NULL
};
static const struct kind patient = {
	false, "PIPELINING,DSN", "192.0.2.1:25", NULL, NULL,
	"smtp_skip_quit_response=no"
};
static const struct kind lmtp_plain = {
	true, "", "192.0.2.1:24", NULL, NULL, NULL
};
static const struct kind lmtp_piped = {
	true, "PIPELINING", "192.0.2.1:24", NULL, NULL, NULL
};
static const struct kind two_hosts = {
	false, "", "192.0.2.1:25", "192.0.2.2:25",
	"[192.0.2.1], [192.0.2.2]", NULL
};
static const struct kind two_hosts_piped = {
	false, "PIPELINING", "192.0.2.1:25", "192.0.2.2:25",
	"[192.0.2.1], [192.0.2.2]", NULL
};
static const struct kind lmtp_two_hosts = {
	true, "PIPELINING", "192.0.2.1:24", "192.0.2.2:24",
	"inet:192.0.2.1, 192.0.2.2", NULL
};

static const char *const how_names[] = {
	[SIM_CLOSE] = "close", [SIM_RESET] = "reset", [SIM_HOLE] = "hole"
};

static struct sim_smtp *
open_server(const struct kind *k, const char *where)
{
	struct sim_smtp *s = sim_smtp_open(where);

	s->lmtp = k->lmtp;
	s->words = k->words;
	return s;
}

/* The second recipient is refused, so that not all is the same. */
static const char *
refuse_c(enum sim_stage stage, const char *to)
{
	return stage == SIM_RCPT && to[0] == 'c' ? "550 5.1.1 no\r\n" : NULL;
}

static struct sim_smtp *
start(const struct kind *k, struct sim_job **job)
{
	struct sim_job *j = sim_job();
	struct sim_smtp *s;

	sim_begin();
	s = open_server(k, k->first);
	s->say_to = refuse_c;
	if (k->second != NULL)
		s->next = open_server(k, k->second);
	j->lmtp = k->lmtp;
	j->nexthop = k->nexthop;
	j->settings[0] = k->setting;
	SIM_TO(j, "b@dest.example", "c@dest.example", "d@dest.example");
	*job = j;
	return s;
}

/*
 * With a hole, each wait ends at its limit: none above ten minutes (the reply
 * to the dot).  Both hosts, and one QUIT each, are far below an hour.
 */
static void
check_time(enum sim_end how)
{
	ms_t most = how == SIM_HOLE ? 30 * MINUTE : 0;

	if (port_now() - SIM_START > most)
		sim_fail("it took %lld s",
		    (long long)(port_now() - SIM_START) / SECOND);
}

/*
 * The other host takes whatever the first one did not keep or refuse for good.
 * (Nobody is left out, and the mail may be there twice only if the first one's
 * answer to the dot was lost.)
 */
static void
check_second(const struct sim_job *j)
{
	if (sim_verdict_of(j, "b@dest.example")->fate != FATE_SENT ||
	    sim_verdict_of(j, "d@dest.example")->fate != FATE_SENT)
		sim_fail("the second host was not used: %s",
		    j->verdict[0].text);
}

static void
cut_at(const struct kind *k, enum sim_side side, uint64_t bytes,
	enum sim_end how)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j);

	sim_note("%s after %llu octets %s", how_names[how],
	    (unsigned long long)bytes, side == SIM_SENT ? "sent" : "taken");
	sim_cut(k->first, 0, side, bytes, how);
	sim_deliver(j);
	if (j->rc != RC_OK)
		sim_fail("smtp_deliver() said rc %d", j->rc);
	sim_smtp_check(s, j);
	check_time(how);
	if (k->second != NULL)
		check_second(j);
	sim_end();
}

/* A whole session gives the numbers of octets; then one world for each. */
static void
cut_everywhere(const struct kind *k)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j);
	uint64_t sent, taken, n;
	int how;

	sim_deliver(j);
	sim_smtp_check(s, j);
	assert_int_equal(sim_verdict_of(j, "b@dest.example")->fate, FATE_SENT);
	sent = sim_heard_bytes(0);
	taken = sim_sent_bytes(0);
	assert_true(sent > 100 && taken > 150);
	for (how = SIM_CLOSE; how <= SIM_HOLE; how++) {
		for (n = 0; n <= sent; n++)
			cut_at(k, SIM_SENT, n, (enum sim_end)how);
		for (n = 0; n <= taken; n++)
			cut_at(k, SIM_TAKEN, n, (enum sim_end)how);
	}
}

SIM_TEST(smtp_is_cut_at_every_octet)
{
	cut_everywhere(&plain);
}

SIM_TEST(pipelined_smtp_is_cut_at_every_octet)
{
	cut_everywhere(&piped);
}

SIM_TEST(smtp_that_awaits_quit_is_cut_at_every_octet)
{
	cut_everywhere(&patient);
}

SIM_TEST(lmtp_is_cut_at_every_octet)
{
	cut_everywhere(&lmtp_plain);
}

SIM_TEST(pipelined_lmtp_is_cut_at_every_octet)
{
	cut_everywhere(&lmtp_piped);
}

SIM_TEST(second_host_takes_what_a_cut_left_over)
{
	cut_everywhere(&two_hosts);
	cut_everywhere(&two_hosts_piped);
	cut_everywhere(&lmtp_two_hosts);
}

/* ---- octets in any portions --------------------------------------------- */

static void
chop(const struct kind *k, size_t most)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j);

	sim_note("at most %zu octets", most);
	sim_chop(most);
	sim_deliver(j);
	sim_smtp_check(s, j);
	assert_int_equal(sim_verdict_of(j, "b@dest.example")->fate, FATE_SENT);
	assert_int_equal(sim_verdict_of(j, "c@dest.example")->fate,
	    FATE_NEVER);
	assert_int_equal(sim_verdict_of(j, "d@dest.example")->fate, FATE_SENT);
	sim_end();
}

SIM_TEST(portions_of_reads_and_writes_do_not_matter)
{
	static const struct kind *const kinds[] = {
		&plain, &piped, &lmtp_plain, &lmtp_piped
	};
	size_t i, most;

	for (i = 0; i < COUNT(kinds); i++) {
		for (most = 1; most < 30; most++)
			chop(kinds[i], most);
		chop(kinds[i], SIM_ANY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(smtp_is_cut_at_every_octet),
		SIM_RUN(pipelined_smtp_is_cut_at_every_octet),
		SIM_RUN(smtp_that_awaits_quit_is_cut_at_every_octet),
		SIM_RUN(lmtp_is_cut_at_every_octet),
		SIM_RUN(pipelined_lmtp_is_cut_at_every_octet),
		SIM_RUN(second_host_takes_what_a_cut_left_over),
		SIM_RUN(portions_of_reads_and_writes_do_not_matter),
	};

	return sim_main(tests, COUNT(tests));
}
