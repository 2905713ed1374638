/*
 * smtp_play_test.c - plays the dialogues of tests/play, each in a world of its
 * own, and compares wire and verdicts.
 *
 * A play is the script of sim.h (see sim_play()) and, besides, lines or columns
 * of its own:
 *
 *	lmtp                    the protocol; without it, SMTP
 *	to WORDS                recipients as on a command line: b@dest.example
 *				-N never c@dest.example; may be repeated
 *	from ADDRESS            the sender; <> is the null sender
 *	nexthop TEXT            else [192.0.2.1], or inet:192.0.2.1:24
 *	set NAME = VALUE        a setting
 *	body 7bit|8bitmime      what the sender declared
 *	envid TEXT, ret full|hdrs, flags DORX, smtputf8, probe, age TIME
 *	mail: TEXT              a line of the message (TEXT as in scripts);
 *				without any, a small one
 *	zone RECORD             a line of the zone
 *	file PATH: TEXT         a file of one line
 *	refuse|timeout|no-route WHERE	what dialling there comes to
 *	at WHERE                from here on, a session at this address;
 *				without, all is one session at the next hop
 *	expect RCPT sent|later|never [DSN] ["TEXT"]	TEXT is in the reason
 *	expect-rc RC            smtp_deliver() returns this (RC_DENY)
 *	expect-log TEXT         a line of the log holds TEXT
 *	expect-time TIME        it all took so long
 *	expect-dials WHERE...   addresses in the order of dialling
 *
 * Without expect-rc, every recipient must be expected.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"

#define PLAYS		"tests/play"
#define PLAYS_MAX	500
#define LINES_MAX	400
#define SESSIONS_MAX	20
#define WORDS_MAX	100

struct text {
	char p[20000];
	size_t n;
};

struct play {
	const char *name;
	struct sim_job *job;
	const char *words[WORDS_MAX];
	size_t words_n;
	size_t settings_n;
	struct text mail, spare;
	struct text session[SESSIONS_MAX];
	const char *where[SESSIONS_MAX];
	size_t sessions;
	const char *expect[LINES_MAX];	/* whole lines, from the word on */
	size_t expects;
	bool has_rc;
	int line;
};

static struct play *play;		/* the present one */

static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, sizeof(t->p) - t->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(t->p) - t->n)
		sim_fail("%s: too long", play->name);
	t->n += (size_t)n;
}

/* A string of its own for as long as the play lasts. */
static const char *
keep(const char *text)
{
	const char *p = play->spare.p + play->spare.n;

	add(&play->spare, "%s", text);
	play->spare.n++;
	return p;
}

static const char *
after(const char *text, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(text, word, n) != 0)
		return NULL;
	if (text[n] == '\0')
		return text + n;
	return text[n] == ' ' ? text + n + 1 : NULL;
}

static _Noreturn void
bad(const char *what)
{
	sim_fail("%s, line %d: %s", play->name, play->line, what);
}

/* ---- reading a play ----------------------------------------------------- */

static void
read_to(const char *rest)
{
	char *copy = strdup(rest), *at = copy, *word;

	while ((word = strsep(&at, " ")) != NULL)
		if (*word != '\0' && play->words_n < WORDS_MAX)
			play->words[play->words_n++] = keep(word);
	free(copy);
}

/* `name = value` without the blanks around the sign. */
static void
read_set(const char *rest)
{
	const char *sign = strchr(rest, '=');
	char one[1000];
	int n;

	if (sign == NULL || play->settings_n + 1 >=
	    COUNT(play->job->settings))
		bad("set NAME = VALUE");
	n = (int)(sign - rest);
	while (n > 0 && rest[n - 1] == ' ')
		n--;
	snprintf(one, sizeof(one), "%.*s=%s", n, rest,
	    sign + 1 + strspn(sign + 1, " "));
	play->job->settings[play->settings_n++] = keep(one);
}

static void
read_file(const char *rest)
{
	const char *colon = strstr(rest, ": ");
	char path[300], text[1000];

	if (colon == NULL)
		bad("file PATH: TEXT");
	snprintf(path, sizeof(path), "%.*s", (int)(colon - rest), rest);
	snprintf(text, sizeof(text), "%s\n", colon + 2);
	sim_file(path, text);
}

static int
hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *hit = c != '\0' ? strchr(digits, c) : NULL;

	if (hit == NULL)
		bad("\\xHH has small hexadecimal digits");
	return (int)(hit - digits);
}

static void
read_mail(const char *rest)
{
	for (; *rest != '\0'; rest++) {
		char c = *rest;

		if (c == '\\' && rest[1] == 'x') {
			c = (char)(16 * hex(rest[2]) + hex(rest[3]));
			rest += 3;
		} else if (c == '\\') {
			rest++;
			c = *rest == 'r' ? '\r' : *rest == 'n' ? '\n' :
			    *rest == 't' ? '\t' : *rest;
		}
		if (play->mail.n + 2 >= sizeof(play->mail.p))
			bad("the message is too long");
		play->mail.p[play->mail.n++] = c;
	}
	play->mail.p[play->mail.n++] = '\n';
}

static void
read_flags(const char *rest)
{
	static const char letters[] = "DORX";

	for (; *rest != '\0'; rest++) {
		const char *hit = strchr(letters, *rest);

		if (hit == NULL)
			bad("flags DORX");
		play->job->flags |= 1u << (hit - letters);
	}
}

static ms_t
read_time(const char *text)
{
	char *end;
	ms_t n = strtoll(text, &end, 10);

	return strcmp(end, "ms") == 0 ? n : strcmp(end, "m") == 0 ?
	    n * MINUTE : strcmp(end, "h") == 0 ? n * HOUR :
	    strcmp(end, "d") == 0 ? n * DAY : n * SECOND;
}

static bool
read_job_word(const char *text)
{
	struct sim_job *j = play->job;
	const char *rest;

	if (strcmp(text, "lmtp") == 0)
		j->lmtp = true;
	else if (strcmp(text, "smtputf8") == 0)
		j->smtputf8 = true;
	else if (strcmp(text, "probe") == 0)
		j->probe = true;
	else if ((rest = after(text, "from")) != NULL)
		j->sender = keep(strcmp(rest, "<>") == 0 ? "" : rest);
	else if ((rest = after(text, "nexthop")) != NULL)
		j->nexthop = keep(rest);
	else if ((rest = after(text, "envid")) != NULL)
		j->envid = keep(rest);
	else if (strcmp(text, "body 7bit") == 0)
		j->body = JOB_BODY_7BIT;
	else if (strcmp(text, "body 8bitmime") == 0)
		j->body = JOB_BODY_8BITMIME;
	else if ((rest = after(text, "ret")) != NULL)
		j->ret = strcmp(rest, "full") == 0 ? JOB_RET_FULL :
		    JOB_RET_HDRS;
	else if ((rest = after(text, "age")) != NULL)
		j->age = read_time(rest);
	else
		return false;
	return true;
}

static bool
read_world_word(const char *text)
{
	const char *rest;

	if ((rest = after(text, "to")) != NULL)
		read_to(rest);
	else if ((rest = after(text, "set")) != NULL)
		read_set(rest);
	else if ((rest = after(text, "mail:")) != NULL)
		read_mail(rest);
	else if ((rest = after(text, "flags")) != NULL)
		read_flags(rest);
	else if ((rest = after(text, "zone")) != NULL)
		sim_zone(rest);
	else if ((rest = after(text, "file")) != NULL)
		read_file(rest);
	else if ((rest = after(text, "refuse")) != NULL)
		sim_dial(rest, SIM_REFUSED, 1);
	else if ((rest = after(text, "timeout")) != NULL)
		sim_dial(rest, SIM_TIMEOUT, 1);
	else if ((rest = after(text, "no-route")) != NULL)
		sim_dial(rest, SIM_NO_ROUTE, 1);
	else
		return false;
	return true;
}

static bool
read_expect(const char *text)
{
	if (strncmp(text, "expect", 6) != 0)
		return false;
	if (play->expects == LINES_MAX)
		bad("too many");
	play->has_rc |= after(text, "expect-rc") != NULL;
	play->expect[play->expects++] = keep(text);
	return true;
}

/* Sessions keep the line numbers of the play, for messages. */
static void
open_session(const char *where)
{
	int i;

	if (play->sessions == SESSIONS_MAX)
		bad("too many sessions");
	play->where[play->sessions] = keep(where);
	for (i = 1; i < play->line; i++)
		add(&play->session[play->sessions], "\n");
	play->sessions++;
}

static void
read_column(char *text)
{
	const char *rest;

	if (read_expect(text) || read_job_word(text) || read_world_word(text))
		return;
	if ((rest = after(text, "at")) != NULL) {
		open_session(rest);
		return;
	}
	if (play->sessions == 0)
		open_session(play->job->lmtp ? "192.0.2.1:24" :
		    "192.0.2.1:25");
	add(&play->session[play->sessions - 1], "%s\t", text);
}

/* Lines of the message may hold any blanks, and so may quoted texts. */
static void
read_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	while (*text != '\0') {
		char *end = text + strcspn(text, "\t");
		char *wide = strstr(text, "  ");

		if (wide != NULL && wide < end)
			end = wide;
		if (strncmp(text, "mail:", 5) == 0)
			end = text + strlen(text);
		if (*end != '\0')
			*end++ = '\0';
		if (*text == '#')
			break;
		if (*text != '\0')
			read_column(text);
		text = end + strspn(end, " \t");
	}
	if (play->sessions > 0)
		add(&play->session[play->sessions - 1], "\n");
}

static void
read_play(const char *name)
{
	char path[500], line[2000];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", PLAYS, name);
	f = fopen(path, "r");
	if (f == NULL)
		sim_fail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f) != NULL) {
		play->line++;
		read_line(line);
	}
	fclose(f);
}

/* ---- what is expected --------------------------------------------------- */

static void
check_verdict(const char *rest)
{
	char to[300], fate[20], dsn[DSN_MAX] = "";
	const struct sim_verdict *v;
	const char *text = strstr(rest, " \"");

	if (sscanf(rest, "%299s %19s %11[0-9.]", to, fate, dsn) < 2)
		sim_fail("%s: expect RCPT FATE", play->name);
	v = sim_verdict_of(play->job, to);
	if (v->times != 1)
		sim_fail("%s: %s was reported %u times", play->name, to,
		    v->times);
	if (strcmp(sim_fate_name(v->fate), fate) != 0 ||
	    (dsn[0] != '\0' && strcmp(dsn, v->dsn) != 0))
		sim_fail("%s: expected for %s: %s %s, have: %s %s (%s)",
		    play->name, to, fate, dsn, sim_fate_name(v->fate), v->dsn,
		    v->text);
	if (text == NULL)
		return;
	text += 2;
	snprintf(to, sizeof(to), "%.*s", (int)strcspn(text, "\""), text);
	if (strstr(v->text, to) == NULL)
		sim_fail("%s: expected `%s', have: %s", play->name, to,
		    v->text);
}

static void
check_rc(const char *rest)
{
	static const char *const names[] = {
		[RC_OK] = "RC_OK", [RC_NONE] = "RC_NONE", [RC_OS] = "RC_OS",
		[RC_DENY] = "RC_DENY",
	};
	enum rc rc = play->job->rc;

	if (rc >= COUNT(names) || names[rc] == NULL ||
	    strcmp(names[rc], rest) != 0)
		sim_fail("%s: expected %s, have rc %d", play->name, rest, rc);
}

/* `WHERE WHERE` against the first words of the lines of sim_dials(). */
static void
check_dials(const char *rest)
{
	char have[2000] = "";
	const char *p = sim_dials();

	while (*p != '\0') {
		size_t n = strlen(have);

		snprintf(have + n, sizeof(have) - n, "%s%.*s",
		    n > 0 ? " " : "", (int)strcspn(p, " "), p);
		p = strchr(p, '\n') + 1;
	}
	if (strcmp(have, rest) != 0)
		sim_fail("%s: expected to be dialled: %s, have: %s",
		    play->name, rest, have);
}

static void
check_expect(const char *text)
{
	const char *rest;

	if ((rest = after(text, "expect")) != NULL) {
		check_verdict(rest);
	} else if ((rest = after(text, "expect-rc")) != NULL) {
		check_rc(rest);
	} else if ((rest = after(text, "expect-dials")) != NULL) {
		check_dials(rest);
	} else if ((rest = after(text, "expect-log")) != NULL) {
		if (strstr(sim_syslog(), rest) == NULL &&
		    strstr(sim_err(), rest) == NULL)
			sim_fail("%s: not in the log: %s", play->name, rest);
	} else if ((rest = after(text, "expect-time")) != NULL) {
		if (port_now() - SIM_START != read_time(rest))
			sim_fail("%s: expected to take %s, have %lld ms",
			    play->name, rest,
			    (long long)(port_now() - SIM_START));
	} else {
		sim_fail("%s: unknown: %s", play->name, text);
	}
}

static bool
is_expected(const char *to)
{
	size_t i, n = strlen(to);

	for (i = 0; i < play->expects; i++) {
		const char *rest = after(play->expect[i], "expect");

		if (rest != NULL && strncmp(rest, to, n) == 0 &&
		    rest[n] == ' ')
			return true;
	}
	return false;
}

static void
check_all(void)
{
	size_t i;

	for (i = 0; i < play->expects; i++)
		check_expect(play->expect[i]);
	if (play->has_rc)
		return;
	if (play->job->rc != RC_OK)
		sim_fail("%s: smtp_deliver() said rc %d", play->name,
		    play->job->rc);
	for (i = 0; i < play->job->n; i++)
		if (!is_expected(play->job->verdict[i].to))
			sim_fail("%s: nothing is expected for %s", play->name,
			    play->job->verdict[i].to);
}

/* ---- plays as tests ----------------------------------------------------- */

static void
run_play(void **state)
{
	static struct play room;
	const char *name = *state;
	size_t i;

	memset(&room, 0, sizeof(room));
	play = &room;
	play->name = name;
	play->job = sim_job();
	sim_begin();
	read_play(name);
	for (i = 0; i < play->sessions; i++)
		sim_play(play->where[i], play->session[i].p);
	if (play->mail.n > 0) {
		play->job->message = play->mail.p;
		play->job->message_n = play->mail.n;
	}
	sim_job_rcpts(play->job, play->words, play->words_n);
	sim_deliver(play->job);
	check_all();
	sim_end();
}

/* sim_setup() leaves the state of the test alone. */
static size_t
find_plays(struct CMUnitTest *tests)
{
	static struct dirent **all;	/* the names stay in use */
	int n = scandir(PLAYS, &all, NULL, alphasort), i;
	size_t found = 0;

	for (i = 0; i < n; i++) {
		const char *end = strrchr(all[i]->d_name, '.');

		if (end == NULL || strcmp(end, ".play") != 0)
			continue;
		if (found == PLAYS_MAX) {
			fputs("more plays than PLAYS_MAX\n", stderr);
			exit(1);
		}
		tests[found++] = (struct CMUnitTest){
			.name = all[i]->d_name,
			.test_func = run_play,
			.setup_func = sim_setup,
			.teardown_func = sim_teardown,
			.initial_state = all[i]->d_name,
		};
	}
	return found;
}

int
main(void)
{
	static struct CMUnitTest tests[PLAYS_MAX];
	size_t n = find_plays(tests);

	if (n == 0) {
		fputs("no plays in " PLAYS ": run this from the top of the "
		    "tree\n", stderr);
		return 1;
	}
	return sim_main(tests, n);
}
