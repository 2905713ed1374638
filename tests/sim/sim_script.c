/*
 * sim_script.c - the text form of a peer: read once, then obeyed step by step.
 * The language is described at sim_play() in sim.h.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim_int.h"
#include "sim_tls.h"

enum step_kind {
	STEP_SAY, STEP_TAKE, STEP_BODY, STEP_EOF, STEP_REST, STEP_QUIET,
	STEP_WAIT, STEP_DRIP, STEP_SIP, STEP_SPLIT, STEP_CLOSE, STEP_RESET,
	STEP_HOLE, STEP_WINDOW, STEP_LOOSE, STEP_TLS, STEP_TLS_END,
	STEP_TLS_AGAIN, STEP_TLS_DAMAGE, STEP_CLEAR
};

struct step {
	enum step_kind kind;
	int line;
	char *text;
	size_t n;
	ms_t time;
	size_t in, out;
};

struct sim_script {
	struct step *step;
	size_t n;
};

/* ---- reading ------------------------------------------------------------ */

static struct step *
add(struct sim_script *s, enum step_kind kind, int line)
{
	struct step *all;

	if ((s->n & (s->n - 1)) == 0) {
		all = sim_alloc((2 * s->n + 1) * sizeof(*all));
		if (s->n > 0)
			memcpy(all, s->step, s->n * sizeof(*all));
		s->step = all;
	}
	s->step[s->n].kind = kind;
	s->step[s->n].line = line;
	return &s->step[s->n++];
}

static ms_t
read_time(const char *text, int line)
{
	static const struct {
		const char *unit;
		ms_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", SECOND }, { "", SECOND },
		{ "m", MINUTE }, { "h", HOUR }, { "d", DAY },
	};
	char *end;
	long long n = strtoll(text, &end, 10);
	size_t i;

	for (i = 0; i < COUNT(units); i++)
		if (end != text && strcmp(end, units[i].unit) == 0)
			return (ms_t)n * units[i].ms;
	sim_fail("script, line %d: no time: %s", line, text);
}

static int
hex_of(const char *p)
{
	char two[3] = { p[0], p[0] != '\0' ? p[1] : '\0', '\0' };
	char *end;
	long n = strtol(two, &end, 16);

	return end == two + 2 ? (int)n : -1;
}

/* One octet of TEXT that began with a backslash; moves *p behind it. */
static char
escape(const char **p, int line)
{
	static const char from[] = "rnt0\\", to[] = "\r\n\t\0\\";
	const char *hit = **p != '\0' ? strchr(from, **p) : NULL;
	int n;

	if (hit != NULL) {
		(*p)++;
		return to[hit - from];
	}
	n = **p == 'x' ? hex_of(*p + 1) : -1;
	if (n < 0)
		sim_fail("script, line %d: unknown \\%.3s", line, *p);
	*p += 3;
	return (char)n;
}

static void
read_text(struct step *s, const char *text)
{
	struct sim_text t = { 0 };

	while (*text != '\0') {
		char c = *text++;

		if (c == '\\')
			c = escape(&text, s->line);
		sim_text_put(&t, &c, 1);
	}
	sim_text_put(&t, "", 0);
	s->text = t.p;
	s->n = t.n;
}

static void
add_say(struct sim_script *s, int line, const char *text, const char *tail)
{
	struct sim_text t = { 0 };

	sim_text_puts(&t, text);
	sim_text_puts(&t, tail);
	read_text(add(s, STEP_SAY, line), t.p);
}

/*
 * What the client says stays as it is written, since its \ and * are looked at
 * when it is compared.
 */
static void
add_take(struct sim_script *s, int line, const char *text)
{
	struct step *t = add(s, STEP_TAKE, line);

	t->text = sim_copy(text);
	t->n = strlen(text);
}

static void
add_hello(struct sim_script *s, int line, const char *verb, const char *words)
{
	struct sim_text t = { 0 };
	char *rest = sim_copy(words), *word;
	const char *last = "mx.example";

	add_say(s, line, "220 mx.example ESMTP", "\\r\\n");
	sim_text_fmt(&t, "%s *", verb);
	add_take(s, line, t.p);
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		t = (struct sim_text){ 0 };
		sim_text_fmt(&t, "250-%s", last);
		add_say(s, line, t.p, "\\r\\n");
		last = word;
	}
	t = (struct sim_text){ 0 };
	sim_text_fmt(&t, "250 %s", last);
	add_say(s, line, t.p, "\\r\\n");
}

/* `word rest`: is this that word?  Then its rest. */
static const char *
after(const char *step, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(step, word, n) != 0)
		return NULL;
	if (step[n] == '\0')
		return step + n;
	return step[n] == ' ' ? step + n + 1 : NULL;
}

static bool
read_plain(struct sim_script *s, int line, const char *step)
{
	static const struct {
		const char *word;
		enum step_kind kind;
	} plain[] = {
		{ "body", STEP_BODY }, { "eof", STEP_EOF },
		{ "rest", STEP_REST }, { "quiet", STEP_QUIET },
		{ "split", STEP_SPLIT }, { "close", STEP_CLOSE },
		{ "reset", STEP_RESET }, { "hole", STEP_HOLE },
		{ "loose", STEP_LOOSE }, { "tls-end", STEP_TLS_END },
		{ "tls-again", STEP_TLS_AGAIN },
		{ "tls-damage", STEP_TLS_DAMAGE },
	}, timed[] = {
		{ "wait", STEP_WAIT }, { "drip", STEP_DRIP },
		{ "sip", STEP_SIP },
	};
	size_t i;
	const char *rest;

	for (i = 0; i < COUNT(plain); i++)
		if (strcmp(step, plain[i].word) == 0)
			return add(s, plain[i].kind, line) != NULL;
	for (i = 0; i < COUNT(timed); i++) {
		rest = after(step, timed[i].word);
		if (rest == NULL)
			continue;
		add(s, timed[i].kind, line)->time = read_time(rest, line);
		return true;
	}
	return false;
}

static void
read_window(struct sim_script *s, int line, const char *rest)
{
	struct step *t = add(s, STEP_WINDOW, line);
	char *end;

	t->in = strtoul(rest, &end, 10);
	t->out = strtoul(end, &end, 10);
	if (*end != '\0' || t->in == 0 || t->out == 0)
		sim_fail("script, line %d: window IN OUT", line);
}

static void
read_step(struct sim_script *s, int line, const char *step)
{
	const char *rest;

	if (read_plain(s, line, step))
		return;
	if ((rest = after(step, "S:")) != NULL)
		add_say(s, line, rest, "\\r\\n");
	else if ((rest = after(step, "raw:")) != NULL)
		add_say(s, line, rest, "");
	else if ((rest = after(step, "C:")) != NULL)
		add_take(s, line, rest);
	else if ((rest = after(step, "hello")) != NULL)
		add_hello(s, line, "EHLO", rest);
	else if ((rest = after(step, "lhlo")) != NULL)
		add_hello(s, line, "LHLO", rest);
	else if ((rest = after(step, "clear:")) != NULL)
		read_text(add(s, STEP_CLEAR, line), rest);
	else if ((rest = after(step, "tls")) != NULL)
		add(s, STEP_TLS, line)->text = sim_copy(rest);
	else if ((rest = after(step, "window")) != NULL)
		read_window(s, line, rest);
	else
		sim_fail("script, line %d: unknown step: %s", line, step);
}

/* The steps of a line are divided by two or more blanks, or by tabs. */
static void
read_line(struct sim_script *s, int line, char *text)
{
	for (;;) {
		char *end;

		text += strspn(text, " \t\r");
		if (*text == '\0' || *text == '#')
			return;
		for (end = text; *end != '\0'; end++)
			if (*end == '\t' || (end[0] == ' ' && end[1] == ' '))
				break;
		if (*end != '\0')
			*end++ = '\0';
		read_step(s, line, text);
		text = end;
	}
}

struct sim_script *
sim_script_parse(const char *text)
{
	struct sim_script *s = sim_alloc(sizeof(*s));
	char *rest = sim_copy(text), *line;
	int number = 0;

	while ((line = strsep(&rest, "\n")) != NULL)
		read_line(s, ++number, line);
	return s;
}

/* ---- obeying ------------------------------------------------------------ */

/* Does the line match?  * in the pattern is anything; \ as in TEXT. */
static bool
matches(const char *pattern, struct span line, int number)
{
	while (*pattern != '\0' && *pattern != '*') {
		char c = *pattern++;

		if (c == '\\' && *pattern == '*')
			c = *pattern++;
		else if (c == '\\')
			c = escape(&pattern, number);
		if (line.n == 0 || *line.p != c)
			return false;
		line.p++;
		line.n--;
	}
	if (*pattern == '\0')
		return line.n == 0;
	for (;; line.p++, line.n--) {
		if (matches(pattern + 1, line, number))
			return true;
		if (line.n == 0)
			return false;
	}
}

static void
check_line(struct sim_conn *c, const struct step *s, struct span line)
{
	struct sim_text t = { 0 };

	if (sim_conn_is_loose(c))
		return;
	if (line.n == 0 || line.p[line.n - 1] != '\r')
		sim_conn_fail(c, s->line, "the client ended a line with LF "
		    "alone: %.*s", SPAN_ARG(line));
	line.n--;
	if (s->text == NULL || matches(s->text, line, s->line))
		return;
	sim_show(&t, line.p, line.n, 300);
	sim_conn_fail(c, s->line, "awaited from the client:\n      %s\n"
	    "    it said:\n      %s", s->text, t.p);
}

/* Steps that need the client: true when done. */
static bool
step_line(struct sim_conn *c, const struct step *s)
{
	struct span line;

	if (sim_conn_eof(c) && !sim_conn_is_loose(c))
		sim_conn_fail(c, s->line, "the client closed, awaited: %s",
		    s->text != NULL ? s->text : "the message");
	while (sim_conn_line(c, &line)) {
		check_line(c, s, line);
		if (s->kind == STEP_TAKE || span_is(line, ".\r"))
			return true;
	}
	return false;
}

static bool
step_eof(struct sim_conn *c, const struct step *s)
{
	struct sim_text t = { 0 };
	size_t n = sim_conn_waiting(c);
	struct span line;

	if (s->kind == STEP_REST || sim_conn_is_loose(c)) {
		sim_conn_skip(c);
	} else if (n > 0 && sim_conn_line(c, &line)) {
		sim_show(&t, line.p, line.n, 300);
		sim_conn_fail(c, s->line, "awaited the client's close, but it "
		    "said:\n      %s", t.p);
	}
	return sim_conn_eof(c);
}

/* Steps that need TLS to be there. */
static bool
obey_tls(struct sim_conn *c, const struct step *s)
{
	struct sim_tls *t = sim_conn_inside(c, s->line);

	if (s->kind == STEP_TLS_END)
		sim_tls_end(t, c);
	else if (s->kind == STEP_TLS_AGAIN)
		sim_tls_again(t, c);
	else
		sim_tls_damage(t);
	return true;
}

static bool
obey(struct sim_conn *c, const struct step *s)
{
	switch (s->kind) {
	case STEP_SAY:
		sim_put(c, s->text, s->n);
		return true;
	case STEP_TAKE:
	case STEP_BODY:
		return step_line(c, s);
	case STEP_EOF:
	case STEP_REST:
		return step_eof(c, s);
	case STEP_QUIET:
		if (sim_conn_waiting(c) > 0 && !sim_conn_is_loose(c))
			sim_conn_fail(c, s->line, "the client did not wait "
			    "for the reply");
		return true;
	case STEP_WAIT:
		sim_wait(c, s->time);
		return true;
	case STEP_DRIP:
		sim_drip(c, s->time);
		return true;
	case STEP_SIP:
		sim_sip(c, s->time);
		return true;
	case STEP_SPLIT:
		sim_split(c);
		return true;
	case STEP_CLOSE:
		sim_close(c);
		return true;
	case STEP_RESET:
		sim_reset(c);
		return true;
	case STEP_HOLE:
		sim_hole(c);
		return true;
	case STEP_WINDOW:
		sim_window(c, s->in, s->out);
		return true;
	case STEP_LOOSE:
		sim_conn_loose(c);
		return true;
	case STEP_TLS:
		return sim_conn_tls(c, s->text, s->line);
	case STEP_TLS_END:
	case STEP_TLS_AGAIN:
	case STEP_TLS_DAMAGE:
		return obey_tls(c, s);
	case STEP_CLEAR:
		sim_put_clear(c, s->text, s->n);
		return true;
	}
	return true;
}

/* The end of a script is the client's close. */
static const struct step the_end = { .kind = STEP_EOF, .line = 0 };

bool
sim_script_step(struct sim_conn *c, const struct sim_script *s, size_t *at)
{
	const struct step *step = *at < s->n ? &s->step[*at] : &the_end;

	if (*at > s->n || !obey(c, step))
		return false;
	++*at;
	return true;
}

bool
sim_script_done(const struct sim_script *s, size_t at)
{
	return at > s->n || (at == s->n && s->n > 0 &&
	    (s->step[s->n - 1].kind == STEP_EOF ||
	    s->step[s->n - 1].kind == STEP_REST));
}

int
sim_script_line(const struct sim_script *s, size_t at)
{
	return at < s->n ? s->step[at].line : 0;
}
