/*
 * queue_days_test.c - ten days of a machine on which all goes wrong: a link
 * that fails, name servers and servers that die, a full disk, a clock that
 * jumps, kills and power cuts.  At the end all is mended, and each recipient of
 * what sendmail answered 0 to has it, or its sender a notice: once, or again
 * where something explains it.
 *
 * QUEUE_DAYS=n: n seeds instead of a few.
 */
#include <time.h>

#include "queue_machine.h"

#define SEEDS		3
#define SITES		3
#define MINUTES		((ms_t)MINUTE)
#define LIFE_MS		(5 * (int64_t)DAY)
#define JUMP_S		86400

static const char *const places[SITES] = {
	"192.0.2.1:25", "192.0.2.2:25", "192.0.2.3:25"
};

static struct days {
	bool has_route;
	unsigned name_trouble;		/* 0, or how: */
	unsigned resident;
	const char *died;
	int64_t looked;
	unsigned kills, cuts, submits;
	unsigned refused, ended;	/* sendmails: with 75, by a crash */
} days;
enum { FAILS = 1, SILENT };

static void
trouble(struct sim_question *q, void *arg)
{
	(void)arg;
	if (days.name_trouble == SILENT)
		q->drop = true;
	else if (days.name_trouble == FAILS) {
		memset(q->answer + 6, 0, 6);	/* nothing in it */
		q->answer[3] = (unsigned char)((q->answer[3] & 0xf0) | 2);
		q->answer[5] = 1;
		if (q->answer_n > 12 + strlen(q->name) + 6)
			q->answer_n = 12 + strlen(q->name) + 6;
	}
}

static void
begin(unsigned nth)
{
	char zone[200];

	sim_begin_nth(nth);
	sim_bound(60 * DAY, (uint64_t)200 * 1000 * 1000);
	memset(&days, 0, sizeof(days));
	days.has_route = true;
	machine_place("bounce_queue_lifetime = 50d\n");
	for (unsigned i = 0; i < SITES; i++) {
		mc.site[i].name = (char)('a' + i);
		sim_serve(places[i], &machine_service, &mc.site[i]);
		snprintf(zone, sizeof(zone), "%c.example MX 10 mx.%c.example\n"
		    "mx.%c.example A 192.0.2.%u\n", 'a' + i, 'a' + i, 'a' + i,
		    1 + i);
		sim_zone(zone);
	}
	sim_dns_hook(trouble, NULL);
	machine_queue();
}

/* ---- what goes wrong ----------------------------------------------------- */

static void
submit(bool is_user)
{
	char kinds[2 * RCPTS_MAX + 1] = "";
	unsigned n = 1 + sim_random(3);

	for (unsigned i = 0; i < n; i++) {
		unsigned k = sim_random(10);

		kinds[2 * i] = k < 2 ? 'n' : k < 4 ? 'g' : 'a';
		kinds[2 * i + 1] = (char)('a' + sim_random(SITES));
	}
	letter_send(kinds, is_user, sim_random(5) == 0 ? sim_random(9000) : 0);
	days.submits++;
}

static void
change_link(bool there)
{
	if (there && !days.has_route) {
		sim_route(true);
		sim_link_came();
	} else if (!there)
		sim_route(false);
	days.has_route = there;
}

static void
change_disk(bool full)
{
	sim_disk_free(full ? (int64_t)sim_random(3000) : (int64_t)1 << 40);
}

static void
power_off(void)
{
	machine_crashed(machine_time());
	sim_power_cut();
	if (sim_random(2) == 0)		/* no battery behind its clock */
		machine_jump(60 - port_wall());
	days.cuts++;
}

/* Whoever it hits; the name is at the end of the line's number. */
static void
kill_somebody(void)
{
	const char *p = sim_ps();
	unsigned pid = 0, n = 0;

	for (; *p != '\0'; p += strcspn(p, "\n") + 1)
		if (sim_random(++n) == 0)
			pid = (unsigned)strtoul(p, NULL, 10);
	if (pid == 0)
		return;
	machine_crashed(machine_time());
	sim_kill(pid);
	days.kills++;
}

static void
mishap(void)
{
	switch (sim_random(12)) {
	case 0:
		mc.site[sim_random(SITES)].mood = sim_random(MOODS);
		break;
	case 1: case 2:
		mc.site[sim_random(SITES)].mood = WELL;
		break;
	case 3:
		change_link(!days.has_route);
		break;
	case 4:
		days.name_trouble = days.name_trouble > 0 ? 0 :
		    1 + sim_random(2);
		break;
	case 5:
		change_disk(sim_random(4) == 0);
		break;
	case 6:
		machine_jump((int)sim_random(2 * JUMP_S) - JUMP_S);
		break;
	case 7:
		machine_jump(-mc.jumped_s);
		break;
	case 8:
		kill_somebody();
		break;
	case 9:
		sim_kill_at(sim_process_calls() + 1 + sim_random(800));
		submit(false);
		break;
	case 10:
		power_off();
		break;
	case 11:
		sim_power_at(sim_process_calls() + 1 + sim_random(800));
		submit(sim_random(2) == 0);
		break;
	}
}

/* ---- time ---------------------------------------------------------------- */

static void
let_pass(ms_t by)
{
	days.looked = machine_time();
	if (sim_run(port_now() + by) == SIM_RAN_POWER)
		days.cuts++;
	if (sim_died_at() != days.died) {
		days.died = sim_died_at();
		machine_crashed(days.looked);
		days.kills++;
	}
	/* init starts it again; before, for a while, nobody does */
	if ((days.resident == 0 || sim_status(days.resident) != SIM_RUNNING) &&
	    sim_random(4) > 0)
		days.resident = manager(NULL);
}

static void
mend(void)
{
	sim_kill_at(0);
	sim_power_at(0);
	for (unsigned i = 0; i < SITES; i++)
		mc.site[i].mood = WELL;
	days.name_trouble = 0;
	change_disk(false);
	machine_jump(-mc.jumped_s);
	change_link(true);
}

static void
drain_days(void)
{
	for (int i = 0; i < 40; i++) {
		let_pass(2 * HOUR);
		if (is_drained())
			return;
		(void)sim_run_process(flush_queue());
	}
	sim_fail("it isn't drained:\n%s", sim_ls_all(QUEUE));
}

/* ---- the judge ----------------------------------------------------------- */

static void
judge_one(const struct letter *l)
{
	bool is_in = sim_status(l->pid) == 0;

	days.refused += sim_status(l->pid) == EXIT_LATER;
	days.ended += sim_status(l->pid) > 255;
	for (unsigned i = 0; i < l->rcpts_n; i++)
		is_in |= l->to[i].taken + l->to[i].returned > 0;
	for (unsigned i = 0; i < l->rcpts_n; i++) {
		const struct letter_rcpt *r = &l->to[i];
		unsigned n = (unsigned)(l - mc.letter);

		if (is_in && r->taken + r->returned == 0)
			sim_fail("letter %u of status %d: recipient %u is "
			    "lost", n, sim_status(l->pid), i);
		if (r->kind == 'n' && r->taken > 0)
			sim_fail("letter %u: recipient %u was refused", n, i);
		if (r->kind != 'n' && r->returned > 0 &&
		    r->last_at - l->sent_at < LIFE_MS - 3 * (int64_t)DAY)
			sim_fail("letter %u: recipient %u came back after "
			    "%lld h", n, i, (long long)
			    ((r->last_at - l->sent_at) / HOUR));
	}
}

/* How many of them only a notice or pickup that was done again explains. */
static unsigned
judge_again(void)
{
	unsigned weak = 0;

	for (unsigned i = 0; i < mc.repeat_n; i++) {
		const struct repeat *a = &mc.repeat[i];

		if (machine_crash_in(a->began, a->at + LOSS_MS))
			continue;
		weak++;
		if ((a->l != NULL && a->l->is_user) || a->r->kind == 'n' ||
		    a->r->returned > 0)
			continue;
		sim_fail("letter %u: a recipient has it again, and nothing "
		    "explains it", (unsigned)(a->l - mc.letter));
	}
	return weak;
}

static void
live(unsigned nth)
{
	unsigned weak;
	clock_t t = clock();

	begin(nth);
	while (machine_time() < 10 * (int64_t)DAY) {
		let_pass(MINUTES * (1 + sim_random(90)) - sim_random(MINUTE));
		if (sim_random(3) == 0)
			submit(sim_random(3) == 0);
		else
			mishap();
	}
	mend();
	drain_days();
	for (unsigned i = 0; i < mc.letters_n; i++)
		judge_one(&mc.letter[i]);
	weak = judge_again();
	if (weak > mc.crashes)
		sim_fail("%u repetitions after %u crashes", weak, mc.crashes);
	if (names_in(QUEUE "/corrupt") > 0)
		sim_fail("set aside:\n%s", sim_ls(QUEUE "/corrupt"));
	print_message("seed %llu: %u messages, %u refused, %u sendmails"
	    " killed; %u kills, %u cuts; again: %u unsure, %u by crashes,"
	    " %u of steps; %llu calls, %.1f s\n",
	    (unsigned long long)sim_seed(), days.submits, days.refused,
	    days.ended, days.kills, days.cuts, mc.unsure, mc.repeat_n - weak,
	    weak,
	    (unsigned long long)sim_process_calls(),
	    (double)(clock() - t) / CLOCKS_PER_SEC);
}

SIM_TEST(after_ten_bad_days_all_mail_is_delivered_or_returned)
{
	const char *more = getenv("QUEUE_DAYS");
	unsigned seeds = more != NULL ? (unsigned)atoi(more) : SEEDS;

	for (unsigned i = 0; i < seeds; i++)
		live(i);
}

/* ---- rest ---------------------------------------------------------------- */

SIM_TEST(an_idle_manager_sleeps)
{
	uint64_t calls;

	begin(0);
	days.resident = manager(NULL);
	letter_send("aanb", false, 0);
	letter_send("ac", true, 0);
	(void)sim_run(port_now() + HOUR);
	assert_true(is_drained());
	calls = sim_process_calls();
	(void)sim_run(port_now() + DAY);
	assert_int_equal(sim_process_calls() - calls, 0);
}

/* A message that waits costs a few hundred calls for each of its tries. */
SIM_TEST(deferred_mail_makes_no_storm)
{
	uint64_t calls;

	begin(0);
	days.resident = manager(NULL);
	mc.site[0].mood = LATER;
	mc.site[1].mood = LATER_ALL;
	for (unsigned i = 0; i < 20; i++)
		letter_send(i % 2 == 0 ? "aa" : "ab", i % 3 == 0, 0);
	(void)sim_run(port_now() + DAY);
	calls = sim_process_calls();
	(void)sim_run(port_now() + DAY);
	calls = (sim_process_calls() - calls) / 24;
	print_message("%llu calls an hour with 20 messages\n",
	    (unsigned long long)calls);
	assert_true(calls < 20 * 600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(after_ten_bad_days_all_mail_is_delivered_or_returned),
		SIM_RUN(an_idle_manager_sleeps),
		SIM_RUN(deferred_mail_makes_no_storm),
	};

	return sim_main(tests, COUNT(tests));
}
