/*
 * smtp_fault_test.c - every call of the port fails in turn, and from each on;
 * memory, arenas, files and reports run out.  Nobody is called sent who is not,
 * nobody is forgotten: without a verdict only where smtp_deliver() says that
 * it could not finish.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"
#include "../sim/sim_smtp.h"

struct kind {
	const char *name;
	bool lmtp;
	const char *words, *nexthop;
	const char *where[2];
	const char *setting;
};

static const struct kind kinds[] = {
	{ "SMTP to an address", false, "", "[192.0.2.1]",
	    { "192.0.2.1:25" }, NULL },
	{ "SMTP, pipelined, QUIT awaited", false, "PIPELINING,SIZE,DSN",
	    "[192.0.2.1]", { "192.0.2.1:25" },
	    "smtp_skip_quit_response=no" },
	{ "SMTP by MX, two hosts", false, "PIPELINING", "dest.example",
	    { "192.0.2.1:25", "192.0.2.2:25" }, NULL },
	{ "SMTP by MX, fallback", false, "", "gone.dest.example",
	    { "192.0.2.1:25" }, "smtp_fallback_relay=[mx1.dest.example]" },
	{ "SMTP from a bound address", false, "", "[mx1.dest.example]",
	    { "192.0.2.1:25" }, "smtp_bind_address=192.0.2.99" },
	{ "SMTP with native lookup", false, "", "[mx1.dest.example]:mailport",
	    { "192.0.2.1:2525" }, "smtp_host_lookup=native" },
	{ "LMTP, pipelined", true, "PIPELINING", "inet:192.0.2.1:24",
	    { "192.0.2.1:24" }, NULL },
	{ "LMTP to a socket", true, "", "unix:/run/lmtp.sock",
	    { "/run/lmtp.sock" }, NULL },
};

static const char zone[] =
	"dest.example MX 10 mx1.dest.example\n"
	"dest.example MX 20 mx2.dest.example\n"
	"mx1.dest.example A 192.0.2.1\n"
	"mx1.dest.example AAAA 2001:db8::1\n"
	"mx2.dest.example A 192.0.2.2\n";

/* Two recipients are taken, one is refused; the first host is not at ease. */
static const char *
some_refused(enum sim_stage stage, const char *to)
{
	return stage == SIM_RCPT && to[0] == 'c' ? "450 4.2.1 not now\r\n" :
	    NULL;
}

static struct sim_smtp *
start(const struct kind *k, struct sim_job **job)
{
	struct sim_job *j = sim_job();
	struct sim_smtp *first, *second;

	sim_begin();
	sim_note("%s", k->name);
	sim_zone(zone);
	sim_file("/etc/hosts", "192.0.2.1 mx1.dest.example\n");
	sim_file("/etc/services", "mailport 2525/tcp\n");
	sim_file("/etc/resolv.conf", "nameserver 127.0.0.1\n");
	sim_own_address("192.0.2.99");
	first = sim_smtp_open(k->where[0]);
	first->lmtp = j->lmtp = k->lmtp;
	first->words = k->words;
	first->say_to = some_refused;
	if (k->where[1] != NULL) {
		second = sim_smtp_open(k->where[1]);
		second->words = k->words;
		first->next = second;
	}
	j->nexthop = k->nexthop;
	j->settings[0] = k->setting;
	SIM_TO(j, "b@dest.example", "c@dest.example", "d@dest.example");
	*job = j;
	return first;
}

/*
 * A job that ended early (RC_OS) may leave recipients open; all others have
 * their verdict, and nobody is refused for good over trouble of our own.
 */
static void
check(const struct sim_smtp *s, const struct sim_job *j)
{
	size_t i;

	if (j->rc != RC_OK && j->rc != RC_OS && j->rc != RC_DENY)
		sim_fail("smtp_deliver() said rc %d", j->rc);
	sim_smtp_check(s, j);
	for (i = 0; i < j->n; i++)
		if (j->verdict[i].times > 0 &&
		    j->verdict[i].fate == FATE_NEVER)
			sim_fail("%s is refused for good: %s",
			    j->verdict[i].to, j->verdict[i].text);
	if (port_now() - SIM_START > 2 * HOUR)
		sim_fail("it took %lld s",
		    (long long)(port_now() - SIM_START) / SECOND);
}

static uint64_t
count_calls(const struct kind *k)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j);

	sim_deliver(j);
	assert_int_equal(j->rc, RC_OK);
	check(s, j);
	assert_int_equal(sim_verdict_of(j, "b@dest.example")->fate, FATE_SENT);
	assert_int_equal(sim_verdict_of(j, "c@dest.example")->fate,
	    k->where[1] != NULL ? FATE_SENT : FATE_LATER);
	return sim_fallible();
}

static void
let_fail(const struct kind *k, uint64_t n, bool all_later)
{
	struct sim_job *j;
	struct sim_smtp *s = start(k, &j);

	sim_note("call %llu%s", (unsigned long long)n,
	    all_later ? " and all behind it" : "");
	if (all_later)
		sim_fail_from(n);
	else
		sim_fail_at(n);
	sim_deliver(j);
	if (sim_failed_call() == NULL)
		sim_fail("no call failed");
	check(s, j);
	sim_end();
}

SIM_TEST(each_call_of_the_port_may_fail)
{
	size_t k;
	uint64_t n, last;

	for (k = 0; k < COUNT(kinds); k++) {
		last = count_calls(&kinds[k]);
		assert_true(last > 15 && last < 1000);
		for (n = 1; n <= last; n++)
			let_fail(&kinds[k], n, false);
	}
}

SIM_TEST(each_call_and_all_behind_it_may_fail)
{
	size_t k;
	uint64_t n, last;

	for (k = 0; k < COUNT(kinds); k++) {
		last = count_calls(&kinds[k]);
		for (n = 1; n <= last; n++)
			let_fail(&kinds[k], n, true);
	}
}

/* ---- reports ------------------------------------------------------------ */

/* What was reported stays; what was not is still to be delivered. */
SIM_TEST(each_report_may_fail)
{
	size_t k, i;
	unsigned at, done;

	for (k = 0; k < COUNT(kinds); k++)
		for (at = 1; at <= 3; at++) {
			struct sim_job *j;

			start(&kinds[k], &j);
			j->report_fails_at = at;
			sim_deliver(j);
			assert_int_equal(j->rc, RC_OS);
			assert_int_equal(j->reports, at);
			for (i = 0, done = 0; i < j->n; i++)
				done += j->verdict[i].times;
			assert_int_equal(done, at - 1);
			assert_int_equal(j->pending, 3 - done);
			sim_end();
		}
}

/* ---- the message -------------------------------------------------------- */

#define BIG_BYTES	20000
static char big[BIG_BYTES + 1];

static void
make_big(struct sim_job *j)
{
	size_t i;

	for (i = 0; i < BIG_BYTES; i++)
		big[i] = i % 61 == 60 ? '\n' : i % 61 == 0 ? '.' : 'x';
	memcpy(big, "Subject: x\n\n", 12);
	big[BIG_BYTES - 1] = '\n';
	j->message = big;
	j->message_n = BIG_BYTES;
}

/*
 * The disk fails while the message is looked at or sent: no dot may follow
 * (sim_smtp_check() compares), and everybody is left for later.  It is read
 * twice, in pieces of 4 KiB; other files may be read by the same call.
 */
static unsigned
break_each_read(const struct kind *k, uint64_t calls)
{
	unsigned ended = 0;
	uint64_t n;

	for (n = 1; n <= calls; n++) {
		struct sim_job *j;
		struct sim_smtp *s = start(k, &j);

		make_big(j);
		sim_note("call %llu", (unsigned long long)n);
		sim_fail_at(n);
		sim_deliver(j);
		check(s, j);
		if (strcmp(sim_failed_call(), "port_pread") == 0 &&
		    j->rc == RC_OS)
			ended++;
		sim_end();
	}
	return ended;
}

SIM_TEST(message_that_cannot_be_read_gets_no_dot)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j);

		make_big(j);
		sim_deliver(j);
		sim_smtp_check(s, j);
		assert_true(break_each_read(&kinds[k], sim_fallible()) >=
		    2 * (BIG_BYTES / 4096));
	}
}

/* ---- memory ------------------------------------------------------------- */

SIM_TEST(any_amount_of_memory_will_do_or_ends_the_job)
{
	size_t k, limit, most;

	for (k = 0; k < COUNT(kinds); k++) {
		count_calls(&kinds[k]);
		most = sim_memory_used();
		assert_true(most > 0);
		for (limit = 0; limit < most; limit += 1 + most / 100) {
			struct sim_job *j;
			struct sim_smtp *s = start(&kinds[k], &j);

			sim_note("%zu octets of memory", limit);
			sim_memory_limit(limit);
			sim_deliver(j);
			check(s, j);
			sim_end();
		}
	}
}

/*
 * More exchangers, longer names, more addresses than fit into a worker.  The
 * mail goes to one of those that do, or it is kept.
 */
static void
crowd(unsigned exchangers, unsigned addresses, unsigned length)
{
	struct sim_job *j = sim_job();
	struct sim_smtp *s;
	char row[600], label[64];
	unsigned i, k;

	sim_begin();
	sim_note("%u exchangers with %u addresses, names of %u", exchangers,
	    addresses, length);
	memset(label, 'x', sizeof(label));
	label[length < 60 ? length : 60] = '\0';
	for (i = 0; i < exchangers; i++) {
		snprintf(row, sizeof(row), "crowd.example MX %u "
		    "m%u.%s.%s.%s.example", i, i, label, label, label);
		sim_zone(row);
		for (k = 0; k < addresses; k++) {
			snprintf(row, sizeof(row),
			    "m%u.%s.%s.%s.example A 198.51.%u.%u", i, label,
			    label, label, i % 256, k % 256);
			sim_zone(row);
		}
	}
	s = sim_smtp_open("198.51.0.0:25");
	j->nexthop = "crowd.example";
	j->settings[0] = "smtp_mx_address_limit=0";
	j->settings[1] = "smtp_mx_session_limit=0";
	SIM_TO(j, "b@crowd.example");
	sim_deliver(j);
	assert_int_equal(j->rc, RC_OK);
	check(s, j);
	sim_end();
}

SIM_TEST(route_that_does_not_fit_is_cut_or_kept_for_later)
{
	crowd(1, 1, 1);
	crowd(1, 300, 1);
	crowd(20, 20, 60);
	crowd(60, 3, 60);
	crowd(100, 30, 30);
	crowd(130, 1, 60);
	crowd(200, 2, 10);
	crowd(300, 5, 5);
}

/* ---- addresses that do not fit ------------------------------------------ */

static char long_addr[70000];

static const char *
addr_of(size_t length)
{
	ASSERT(length + 20 < sizeof(long_addr));
	memset(long_addr, 'x', length);
	strcpy(long_addr + length, "@dest.example");
	return long_addr;
}

static void
long_one(size_t length, bool is_sender)
{
	size_t k;

	for (k = 0; k < COUNT(kinds); k++) {
		struct sim_job *j;
		struct sim_smtp *s = start(&kinds[k], &j);

		sim_note("a %s of %zu octets", is_sender ? "sender" :
		    "recipient", length);
		if (is_sender)
			j->sender = addr_of(length);
		else
			SIM_TO(j, "b@dest.example", addr_of(length),
			    "d@dest.example");
		sim_deliver(j);
		if (!is_sender && strlen(long_addr) > RCPT_ADDR_MAX) {
			assert_int_equal(j->rc, RC_WIRE);
			assert_false(j->tried);
			sim_end();
			continue;
		}
		assert_int_equal(j->rc, RC_OK);
		sim_smtp_check(s, j);
		if (!is_sender) {
			assert_int_equal(j->verdict[0].fate, FATE_SENT);
			assert_int_equal(j->verdict[2].fate, FATE_SENT);
		}
		sim_end();
	}
}

SIM_TEST(address_of_any_length_has_a_verdict_or_is_refused)
{
	static const size_t lengths[] = {
		64, 255, 500, 900, 986, 987, 988, 1000, 1020, 1025, 1100,
		2000, 2040, 2050, 3000, 4000, 4050, 4060, 4070, 4080, 4081,
		4082, 4083, 4084, 4085, 4086, 4090, 4095, 4096, 4100, 5000,
		65000
	};
	size_t i;

	for (i = 0; i < COUNT(lengths); i++) {
		long_one(lengths[i], false);
		long_one(lengths[i], true);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(each_call_of_the_port_may_fail),
		SIM_RUN(each_call_and_all_behind_it_may_fail),
		SIM_RUN(each_report_may_fail),
		SIM_RUN(message_that_cannot_be_read_gets_no_dot),
		SIM_RUN(any_amount_of_memory_will_do_or_ends_the_job),
		SIM_RUN(route_that_does_not_fit_is_cut_or_kept_for_later),
		SIM_RUN(address_of_any_length_has_a_verdict_or_is_refused),
	};

	return sim_main(tests, COUNT(tests));
}
