/*
 * queue_machine.h - a whole machine in a world: sendmail, the manager and all
 * its children as they are, and servers that write down what they took.
 *
 * Each message is a letter with a number; its recipients say in their names
 * what a server makes of them and whose they are (`no3.1@a.example`), so that
 * what came out is compared with what went in without asking the queue.
 */
#ifndef QUEUE_MACHINE_H
#define QUEUE_MACHINE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "applet.h"
#include "queue.h"

#define QUEUE		"/var/spool/q"
#define SERVER		"192.0.2.1:25"
#define MACHINE_USER	2000u
#define LETTERS_MAX	600
#define RCPTS_MAX	4
#define TALKS_MAX	64
#define LOSS_MS		2000	/* what a power cut may undo, and some */

/* What becomes of a recipient: 'a' is taken, 'n' refused, 'g' grey: refused
   for now when it comes first. */
struct letter_rcpt {
	char kind;
	char site;		/* of SITE.example */
	unsigned asked, taken, returned;
	unsigned unsure;	/* taken, and the connection cut */
	int64_t first_at;	/* when it was taken */
	int64_t last_began, last_at;
};

struct letter {
	unsigned pid;
	bool is_user;		/* by way of drop */
	unsigned rcpts_n;
	struct letter_rcpt to[RCPTS_MAX];
	int64_t sent_at;
	char word[RCPTS_MAX + 3][40];
	char *argv[RCPTS_MAX + 4];
};

/* One connection to a server. */
struct talk {
	struct site *site;
	bool is_null, in_data, has_first;
	unsigned rcpts_n, failed_n;
	struct letter_rcpt *to[64], *failed[64], *final;
	struct letter *whose;
	char last[80];
	int64_t began;
};

enum mood {
	WELL, LATER, LATER_ALL, RESETS, MUTE, FORGETS, MOODS
};

/* Somebody got what he had. */
struct repeat {
	const struct letter *l;
	const struct letter_rcpt *r;
	int64_t began, at;	/* the time before, with its transaction */
};

/* A process was ended, or the power cut, some time between the two. */
struct crash {
	int64_t from, to;
};

struct site {
	char name;
	enum mood mood;
};

static struct machine {
	struct letter letter[LETTERS_MAX];
	unsigned letters_n;
	struct talk talk[TALKS_MAX];
	unsigned open_n, most_open;
	unsigned taken, notices, repeats;	/* transactions */
	int64_t jumped_s;		/* of the wall clock */
	int64_t cut_at;			/* by sim_power_at() */
	struct crash crash[500];
	struct repeat repeat[500];
	unsigned crashes, repeat_n;
	unsigned unsure;	/* again, as nobody was told: not in repeat */
	struct site site[4];
	char text[20000];
} mc;

/* Time that goes on through power cuts and whatever the clock says. */
static inline int64_t
machine_time(void)
{
	return port_wall_ms() - SIM_WALL * SECOND - mc.jumped_s * SECOND;
}

static inline void
machine_jump(int64_t by_s)
{
	sim_wall_jump(by_s);
	mc.jumped_s += by_s;
}

/* sim_run(), which may come back early as the power was cut. */
static inline enum sim_ran
machine_run(ms_t until)
{
	enum sim_ran ran = sim_run(until);

	if (ran == SIM_RAN_POWER)
		mc.cut_at = machine_time();
	return ran;
}

static inline void
machine_crashed(int64_t from)
{
	assert_true(mc.crashes < COUNT(mc.crash));
	mc.crash[mc.crashes++] = (struct crash){ from, machine_time() };
}

/* May there have been a crash between the two? */
static inline bool
machine_crash_in(int64_t from, int64_t to)
{
	for (unsigned i = 0; i < mc.crashes; i++)
		if (mc.crash[i].to >= from && mc.crash[i].from <= to)
			return true;
	return false;
}

/* ---- the servers --------------------------------------------------------- */

static inline struct letter_rcpt *
rcpt_of(struct span addr, struct letter **whose)
{
	char text[80], kind[8], site;
	unsigned n, i;

	*whose = NULL;
	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(addr));
	if (sscanf(text, "%7[a-z]%u.%u@%c", kind, &n, &i, &site) != 4)
		return NULL;
	if (n >= mc.letters_n || i >= mc.letter[n].rcpts_n ||
	    mc.letter[n].to[i].kind != kind[0])
		sim_fail("nobody ever wrote to %s", text);
	*whose = &mc.letter[n];
	return &(*whose)->to[i];
}

static inline struct talk *
talk_of(struct sim_conn *c)
{
	return *sim_own(c);
}

static inline void
talk_over(struct talk *t)
{
	t->in_data = t->is_null = t->has_first = false;
	t->rcpts_n = t->failed_n = 0;
	t->whose = NULL;
	t->final = NULL;
	t->last[0] = '\0';
}

static inline void
talk_open(struct sim_conn *c, void *arg)
{
	struct talk *t = &mc.talk[sim_conn_number(c) % TALKS_MAX];

	memset(t, 0, sizeof(*t));
	t->site = arg;
	*sim_own(c) = t;
	if (++mc.open_n > mc.most_open)
		mc.most_open = mc.open_n;
	if (t->site->mood == MUTE)
		sim_hole(c);
	else if (t->site->mood == LATER_ALL) {
		sim_say(c, "421 4.3.2 closed today");
		sim_close(c);
	} else
		sim_say(c, "220 mx.example ESMTP");
}

static inline void
talk_close(struct sim_conn *c, void *arg)
{
	(void)c, (void)arg;
	mc.open_n--;
}

static inline void
talk_rcpt(struct sim_conn *c, struct talk *t, struct span addr)
{
	struct letter *whose;
	struct letter_rcpt *r;

	addr = span_part(addr, 0, span_find(addr, '>'));
	r = rcpt_of(addr, &whose);
	if (t->site->mood == LATER) {
		sim_say(c, "451 4.3.0 not today");
		return;
	}
	if (r != NULL && r->kind == 'n') {
		sim_say(c, "550 5.1.1 no such user");
		return;
	}
	if (r != NULL && r->kind == 'g' && r->asked++ == 0) {
		sim_say(c, "450 4.2.0 come again");
		return;
	}
	if (r != NULL && t->whose != NULL && t->whose != whose)
		sim_fail("two letters in one");
	if (r != NULL)
		t->whose = whose;
	t->to[t->rcpts_n++] = r;
	sim_say(c, "250 2.1.5 ok");
}

static inline bool
starts(struct span *text, const char *with)
{
	size_t n = strlen(with);

	if (!span_starts_case(*text, with))
		return false;
	*text = span_part(*text, n, text->n);
	return true;
}

/* A line of a notice: whose failure it is about. */
static inline void
talk_notice(struct talk *t, struct span text)
{
	struct letter *whose;

	if (starts(&text, "Final-Recipient: rfc822; ")) {
		t->final = rcpt_of(text, &whose);
		t->whose = whose;
	} else if (starts(&text, "Action: failed") && t->final != NULL)
		t->failed[t->failed_n++] = t->final;
}

/* Is it whole? */
static inline void
talk_check(const struct talk *t)
{
	char last[80];
	size_t n = strlen(t->last);

	if (t->is_null) {
		if (n < 5 || strncmp(t->last, "--", 2) != 0 ||
		    strcmp(t->last + n - 2, "--") != 0)
			sim_fail("half a notice, up to `%s'", t->last);
		return;
	}
	if (t->whose == NULL)
		sim_fail("a message to nobody");
	snprintf(last, sizeof(last), "last %u",
	    (unsigned)(t->whose - mc.letter));
	if (!t->has_first || strcmp(t->last, last) != 0)
		sim_fail("half a letter, up to `%s'", t->last);
}

static inline void
count(struct talk *t, struct letter_rcpt *r, unsigned *taken, bool *again)
{
	int64_t now = machine_time();

	if (r->taken + r->returned == 0)
		r->first_at = now;
	else {
		*again = true;
		if (mc.repeat_n == COUNT(mc.repeat))
			sim_fail("too many repetitions");
		if (r->unsure > 0)
			mc.unsure++;
		else
			mc.repeat[mc.repeat_n++] = (struct repeat){ t->whose,
				r, r->last_began, r->last_at };
	}
	(*taken)++;
	r->unsure += t->site->mood == FORGETS;
	r->last_began = t->began;
	r->last_at = now;
}

static inline void
talk_take(struct talk *t)
{
	bool again = false;

	talk_check(t);
	for (unsigned i = 0; i < t->rcpts_n; i++)
		if (t->to[i] != NULL)
			count(t, t->to[i], &t->to[i]->taken, &again);
	for (unsigned i = 0; i < t->failed_n; i++)
		count(t, t->failed[i], &t->failed[i]->returned, &again);
	if (t->is_null)
		mc.notices++;
	else
		mc.taken++;
	mc.repeats += again;
}

static inline void
talk_data(struct sim_conn *c, struct talk *t, struct span text)
{
	if (!span_is(text, ".")) {
		if (text.n > 0)
			snprintf(t->last, sizeof(t->last), "%.*s",
			    SPAN_ARG(text));
		t->has_first |= span_starts_case(text, "first ");
		if (t->is_null)
			talk_notice(t, text);
		return;
	}
	talk_take(t);
	talk_over(t);
	if (t->site->mood == FORGETS)
		sim_reset(c);
	else
		sim_say(c, "250 2.0.0 taken");
}

static inline void
talk_line(struct sim_conn *c, struct span text, void *arg)
{
	struct talk *t = talk_of(c);

	(void)arg;
	if (t->in_data)
		talk_data(c, t, text);
	else if (starts(&text, "EHLO")) {
		sim_say(c, "250-mx.example");
		sim_say(c, "250 PIPELINING");
	} else if (starts(&text, "MAIL FROM:")) {
		talk_over(t);
		t->began = machine_time();
		t->is_null = span_starts_case(text, "<>");
		sim_say(c, "250 2.1.0 ok");
	} else if (starts(&text, "RCPT TO:<"))
		talk_rcpt(c, t, text);
	else if (starts(&text, "DATA") && t->rcpts_n == 0)
		sim_say(c, "554 5.5.1 no valid recipients");
	else if (span_is(text, "") && t->site->mood == RESETS)
		sim_reset(c);
	else if (span_starts_case(text, "QUIT")) {
		sim_say(c, "221 2.0.0 bye");
		sim_close(c);
	} else if (text.n == 0) {	/* the rest of DATA */
		t->in_data = true;
		sim_say(c, "354 go on");
	} else
		sim_say(c, "250 2.0.0 ok");
}

static const struct sim_service machine_service = {
	.open = talk_open, .line = talk_line, .close = talk_close
};

/* ---- the machine --------------------------------------------------------- */

#define MACHINE_CF	"queue_directory = " QUEUE "\nmail_owner = 1000\n" \
	"myhostname = here.test\nmydestination =\nalias_maps =\n" \
	"compatibility_level = 3.6\nmaillog_file =\n"

static inline void
machine_place(const char *settings)
{
	static char text[4096];

	memset(&mc, 0, sizeof(mc));
	sim_uid(0);
	sim_folder("/etc", true);
	sim_folder("/etc/postern", true);
	sim_folder("/var", true);
	sim_folder("/var/spool", true);
	sim_folder("/var/lib", true);
	snprintf(text, sizeof(text), "%s%s", MACHINE_CF, settings);
	sim_file("/etc/postern/main.cf", text);
	sim_account("someone", MACHINE_USER);
}

/* One server for all, and no questions to name servers. */
static inline void
machine_world(void)
{
	machine_place("relayhost = [192.0.2.1]\n");
	mc.site[0].name = 'a';
	sim_serve(SERVER, &machine_service, &mc.site[0]);
}

/* The queue as it is once root has been there; else a user's sendmail has
   none, and delivers the mail itself. */
static inline void
machine_queue(void)
{
	static const struct {
		const char *path;
		uint32_t mode;
	} folders[] = {
		{ QUEUE, 0755 }, { QUEUE "/incoming", 0700 },
		{ QUEUE "/drop", 01733 }, { QUEUE "/corrupt", 0700 },
	};

	for (unsigned i = 0; i < COUNT(folders); i++) {
		sim_folder(folders[i].path, true);
		sim_file_mode(folders[i].path, 1000, folders[i].mode);
	}
}

static inline int
program(void *arg, int fd)
{
	char **argv = arg;
	int argc = 0;

	(void)fd;
	while (argv[argc] != NULL)
		argc++;
	return applet_main(argc, argv);
}

static inline unsigned
manager(const char *option)
{
	static char name[] = "qmgr", stay[] = "-v", leave[] = "-e";
	static char *argv_stay[] = { name, stay, NULL };
	static char *argv_leave[] = { name, leave, NULL };

	sim_uid(0);
	return sim_process(program, option == NULL ? argv_stay : argv_leave);
}

static inline unsigned
flush_queue(void)
{
	static char name[] = "postqueue", option[] = "-f";
	static char *argv[] = { name, option, NULL };

	sim_uid(0);
	return sim_process(program, argv);
}

static inline const char *
letter_text(unsigned n, unsigned bytes)
{
	size_t k = (size_t)snprintf(mc.text, sizeof(mc.text),
	    "Subject: letter %u\n\nfirst %u\n", n, n);

	while (k < bytes && k + 100 < sizeof(mc.text))
		k += (size_t)snprintf(mc.text + k, sizeof(mc.text) - k,
		    "and on it goes, line by line, up to octet %zu\n", k);
	snprintf(mc.text + k, sizeof(mc.text) - k, "last %u\n", n);
	return mc.text;
}

/* Starts a sendmail; kinds as of struct letter_rcpt, a site behind each. */
static inline struct letter *
letter_send(const char *kinds, bool is_user, unsigned bytes)
{
	unsigned n = mc.letters_n++;
	struct letter *l = &mc.letter[n];
	const char *text;

	assert_true(n < LETTERS_MAX);
	memset(l, 0, sizeof(*l));
	l->is_user = is_user;
	l->sent_at = machine_time();
	snprintf(l->word[0], sizeof(l->word[0]), "sendmail");
	snprintf(l->word[1], sizeof(l->word[1]), "-fback%u@a.example", n);
	for (; *kinds != '\0'; kinds += 2) {
		struct letter_rcpt *r = &l->to[l->rcpts_n];

		r->kind = kinds[0];
		r->site = kinds[1];
		snprintf(l->word[2 + l->rcpts_n], sizeof(l->word[0]),
		    "%s%u.%u@%c.example", r->kind == 'n' ? "no" :
		    r->kind == 'g' ? "grey" : "a", n, l->rcpts_n, r->site);
		l->rcpts_n++;
	}
	for (unsigned i = 0; i < l->rcpts_n + 2; i++)
		l->argv[i] = l->word[i];
	text = letter_text(n, bytes);
	sim_stdin(text, strlen(text));
	sim_uid(is_user ? MACHINE_USER : 0);
	l->pid = sim_process(program, l->argv);
	sim_uid(0);
	return l;
}

/* Names of messages, drafts not counted. */
static inline unsigned
names_in(const char *folder)
{
	unsigned n = 0;

	if (!sim_file_exists(folder))
		return 0;
	for (const char *p = sim_ls(folder); *p != '\0';
	    p += strcspn(p, "\n") + 1)
		n += *p != '.';
	return n;
}

static inline bool
is_drained(void)
{
	return names_in(QUEUE "/incoming") == 0 &&
	    names_in(QUEUE "/drop") == 0;
}

static inline void
drain(void)
{
	for (int i = 0; i < 20; i++) {
		(void)machine_run(MS_NEVER);
		if (is_drained())
			return;
		(void)sim_run_process(flush_queue());
	}
	sim_fail("it isn't drained:\n%s", sim_ls_all(QUEUE));
}

/* ---- the judge ----------------------------------------------------------- */

static inline void
judge_rcpt(const struct letter *l, const struct letter_rcpt *r, bool is_in)
{
	unsigned n = (unsigned)(l - mc.letter), i = (unsigned)(r - l->to);

	if (r->kind == 'n' ? r->taken > 0 : r->returned > 0)
		sim_fail("letter %u: recipient %u was taken and returned", n,
		    i);
	if (is_in && r->taken + r->returned == 0)
		sim_fail("letter %u of status %d: recipient %u is lost", n,
		    sim_status(l->pid), i);
}

/* Is it all there?  What sendmail gave up may be there or not, as a whole. */
static inline void
judge_letter(const struct letter *l)
{
	bool is_in = sim_status(l->pid) == 0;

	if (sim_status(l->pid) == SIM_RUNNING)
		sim_fail("a sendmail that never ends:\n%s", sim_ps());
	for (unsigned i = 0; i < l->rcpts_n; i++)
		is_in |= l->to[i].taken + l->to[i].returned > 0;
	for (unsigned i = 0; i < l->rcpts_n; i++)
		judge_rcpt(l, &l->to[i], is_in);
}

/*
 * Each step that was under way at a crash may be done again: one delivery; that
 * of a notice, and the notice; what was taken from drop.
 */
static inline unsigned
copies_of(const struct letter *l, const struct letter_rcpt *r)
{
	return 2 + (r->kind == 'n') + l->is_user;
}

/* How often somebody got what he had, at most; none that had it before. */
static inline void
judge_repeats(unsigned most, int64_t since)
{
	if (mc.repeats > most)
		sim_fail("%u repetitions, not %u", mc.repeats, most);
	for (unsigned i = 0; i < mc.letters_n; i++)
		for (unsigned k = 0; k < mc.letter[i].rcpts_n; k++) {
			const struct letter_rcpt *r = &mc.letter[i].to[k];

			if (r->taken + r->returned >
			    copies_of(&mc.letter[i], r))
				sim_fail("letter %u: recipient %u has it %u "
				    "times", i, k, r->taken + r->returned);
			if (r->taken + r->returned > 1 &&
			    r->first_at < since)
				sim_fail("letter %u: recipient %u had it %lld "
				    "ms ahead of the crash", i, k,
				    (long long)(since - r->first_at));
		}
}

static inline void
judge(unsigned processes)
{
	for (unsigned i = 0; i < mc.letters_n; i++)
		judge_letter(&mc.letter[i]);
	if (names_in(QUEUE "/corrupt") > 0)
		sim_fail("set aside:\n%s", sim_ls(QUEUE "/corrupt"));
	if (sim_processes() != processes)
		sim_fail("processes that stay:\n%s", sim_ps());
}

#endif
