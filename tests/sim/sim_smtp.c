/*
 * sim_smtp.c - the server with replaceable replies, and the judge.
 *
 * The server believes its own words: a recipient is accepted if it said 2xx,
 * a message is taken if it said 3xx to DATA.  The judge goes by these records
 * and by how much the client has read, never by anything of src/.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim_int.h"
#include "sim_smtp.h"

/* One connection. */
struct talk {
	struct sim_transaction *now;	/* MAIL was accepted */
	bool in_data;
	size_t body_from;		/* where the message begins in sent */
};

static const char *const stage_names[SIM_STAGES] = {
	"greeting", "EHLO", "HELO", "XFORWARD", "MAIL", "RCPT", "DATA", "dot",
	"RSET", "QUIT"
};

const char *
sim_stage_name(enum sim_stage stage)
{
	return stage_names[stage];
}

/* ---- saying ------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The code of a line of a reply, or -1; c is what stands behind the code. */
static int
line_code(const char *text, size_t n, char *c)
{
	if (n < 3 || !is_digit(text[0]) || !is_digit(text[1]) ||
	    !is_digit(text[2]) || (n > 3 && text[3] != ' ' && text[3] != '-'))
		return -1;
	*c = n > 3 ? text[3] : ' ';
	return 100 * (text[0] - '0') + 10 * (text[1] - '0') + (text[2] - '0');
}

/* The code of the first line that ends a reply; 0: there is none. */
static int
code_of(const char *text, bool *muddled)
{
	*muddled = false;
	while (*text != '\0') {
		size_t n = strcspn(text, "\r\n");
		char c = ' ';
		int code = line_code(text, n, &c);

		if (code >= 0 && c == ' ')
			return code;
		*muddled |= code < 0;
		text += n;
		text += *text == '\r';
		text += *text == '\n';
	}
	return 0;
}

/* What to say instead of the usual. */
static const char *
instead(struct sim_smtp *s, enum sim_stage stage, const char *to)
{
	const char *text = NULL;
	unsigned at = ++s->times[stage];

	if (to != NULL && s->say_to != NULL)
		text = s->say_to(stage, to);
	if (text == NULL && (s->say_at[stage] == 0 || s->say_at[stage] == at))
		text = s->say[stage];
	return text;
}

/* Returns the code that was said. */
static int
say(struct sim_conn *c, struct sim_smtp *s, enum sim_stage stage,
	const char *to, const char *usual)
{
	struct talk *t = *sim_own(c);
	struct sim_answer *a = sim_alloc(sizeof(*a));
	const char *text = instead(s, stage, to);
	bool muddled;

	if (text == NULL)
		text = usual;
	a->conn = sim_conn_number(c);
	a->stage = stage;
	a->to = to;
	a->about = t->now;
	a->code = code_of(text, &muddled);
	if (stage == SIM_DOT && a->about != NULL)
		a->about->muddled |= muddled || a->code == 221;
	a->end = sim_heard_bytes(a->conn) + strlen(text);
	*s->last_answer = a;
	s->last_answer = &a->next;
	if (stage >= s->slow_from) {
		sim_drip(c, s->drip);
		sim_sip(c, s->sip);
	}
	sim_put(c, text, strlen(text));
	if (a->code == 421 && !s->stay)
		sim_close(c);
	return a->code;
}

/* ---- the server --------------------------------------------------------- */

static void
on_open(struct sim_conn *c, void *arg)
{
	struct sim_smtp *s = arg;

	*sim_own(c) = sim_alloc(sizeof(struct talk));
	if (s->window_in > 0)
		sim_window(c, s->window_in, s->window_out);
	say(c, s, SIM_GREETING, NULL, "220 mx.example ESMTP\r\n");
}

static void
hello(struct sim_conn *c, struct sim_smtp *s)
{
	struct sim_text t = { 0 };
	char *rest = sim_copy(s->words != NULL ? s->words : ""), *word;
	const char *last = "mx.example";

	while ((word = strsep(&rest, ",")) != NULL) {
		if (*word == '\0')
			continue;
		sim_text_fmt(&t, "250-%s\r\n", last);
		last = word;
	}
	sim_text_fmt(&t, "250 %s\r\n", last);
	say(c, s, SIM_EHLO, NULL, t.p);
}

static char *
text_of(struct span s)
{
	char *p = sim_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

static void
mail(struct sim_conn *c, struct sim_smtp *s, struct span line)
{
	struct talk *t = *sim_own(c);

	t->now = NULL;
	if (say(c, s, SIM_MAIL, NULL, "250 2.1.0 ok\r\n") / 100 != 2)
		return;
	t->now = sim_alloc(sizeof(*t->now));
	t->now->conn = sim_conn_number(c);
	t->now->sender = text_of(span_tail(line, 10));
	*s->last = t->now;
	s->last = &t->now->next;
}

static void
rcpt(struct sim_conn *c, struct sim_smtp *s, struct span line)
{
	struct talk *t = *sim_own(c);
	struct span to = span_tail(line, 9);
	const char *text = text_of(span_head(to, span_find(to, '>')));

	if (say(c, s, SIM_RCPT, text, "250 2.1.5 ok\r\n") / 100 != 2 ||
	    t->now == NULL)
		return;
	ASSERT(t->now->n < COUNT(t->now->to));
	t->now->to[t->now->n++] = text;
}

static void
data(struct sim_conn *c, struct sim_smtp *s)
{
	struct talk *t = *sim_own(c);
	unsigned number = sim_conn_number(c);
	int code = say(c, s, SIM_DATA, NULL, t->now != NULL && t->now->n > 0 ?
	    "354 go\r\n" : "503 5.5.1 no recipients\r\n");

	t->in_data = code / 100 == 3;
	t->body_from = sim_taken_bytes(number);
}

/*
 * SMTP: one answer for all; LMTP: one for each that was accepted, and one in
 * all where there is none (RFC 2033, 4.2 leaves that open).
 */
static void
dot(struct sim_conn *c, struct sim_smtp *s)
{
	struct talk *t = *sim_own(c);
	unsigned number = sim_conn_number(c);
	size_t i;

	t->in_data = false;
	if (t->now != NULL) {
		t->now->complete = true;
		t->now->message.p = sim_sent(number) + t->body_from;
		t->now->message.n = sim_taken_bytes(number) - 3 -
		    t->body_from;
	}
	if (t->now == NULL || !s->lmtp)
		say(c, s, SIM_DOT, NULL, t->now != NULL && t->now->n > 0 ?
		    "250 2.0.0 queued\r\n" : "554 5.5.1 nobody\r\n");
	else
		for (i = 0; i < t->now->n; i++)
			say(c, s, SIM_DOT, t->now->to[i],
			    "250 2.1.5 kept\r\n");
	t->now = NULL;
}

static void
rset(struct sim_conn *c, struct sim_smtp *s)
{
	struct talk *t = *sim_own(c);

	t->now = NULL;
	say(c, s, SIM_RSET, NULL, "250 2.0.0 ok\r\n");
}

static void
command(struct sim_conn *c, struct sim_smtp *s, struct span line)
{
	if (span_starts_case(line, s->lmtp ? "LHLO " : "EHLO ")) {
		hello(c, s);
	} else if (span_starts_case(line, "HELO ") && !s->lmtp) {
		say(c, s, SIM_HELO, NULL, "250 mx.example\r\n");
	} else if (span_starts_case(line, "XFORWARD ")) {
		say(c, s, SIM_XFORWARD, NULL, "250 ok\r\n");
	} else if (span_starts_case(line, "MAIL FROM:<")) {
		mail(c, s, line);
	} else if (span_starts_case(line, "RCPT TO:<")) {
		rcpt(c, s, line);
	} else if (span_is(line, "DATA")) {
		data(c, s);
	} else if (span_is(line, "RSET")) {
		rset(c, s);
	} else if (span_is(line, "QUIT")) {
		say(c, s, SIM_QUIT, NULL, "221 2.0.0 bye\r\n");
		sim_close(c);
	} else {
		s->odd = text_of(line);
		sim_say(c, "500 5.5.2 what?");
	}
}

static void
on_line(struct sim_conn *c, struct span line, void *arg)
{
	struct talk *t = *sim_own(c);

	if (!t->in_data)
		command(c, arg, line);
	else if (span_is(line, "."))
		dot(c, arg);
}

struct sim_smtp *
sim_smtp_open(const char *where)
{
	static const struct sim_service svc = {
		.open = on_open, .line = on_line
	};
	struct sim_smtp *s = sim_alloc(sizeof(*s));

	s->where = sim_where(where);
	s->last = &s->first;
	s->last_answer = &s->answers;
	sim_serve(where, &svc, s);
	return s;
}

/* ---- the judge ---------------------------------------------------------- */

static bool
holds(const struct sim_transaction *t, const char *to)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->to[i], to) == 0)
			return true;
	return false;
}

static bool
settles(const struct sim_answer *a, const char *to)
{
	return a->stage == SIM_DOT && a->code / 100 == 2 && a->about != NULL &&
	    (a->to == NULL || strcmp(a->to, to) == 0) &&
	    a->about->complete && holds(a->about, to) &&
	    sim_heard_read(a->conn) >= a->end;
}

static unsigned
times_had(const struct sim_smtp *s, const char *to)
{
	const struct sim_answer *a;
	unsigned n = 0;

	for (; s != NULL; s = s->next)
		for (a = s->answers; a != NULL; a = a->next)
			n += settles(a, to);
	return n;
}

/* Are the answers so odd that they need not be believed? */
static bool
is_muddled(const struct sim_smtp *s, const char *to)
{
	const struct sim_answer *a;

	for (; s != NULL; s = s->next)
		for (a = s->answers; a != NULL; a = a->next)
			if (settles(a, to) && a->about->muddled)
				return true;
	return false;
}

bool
sim_smtp_has(const struct sim_smtp *s, const char *to)
{
	return times_had(s, to) > 0;
}

static void
check_verdict(const struct sim_smtp *s, const struct sim_job *j,
	const struct sim_verdict *v)
{
	unsigned had = times_had(s, v->to);

	if (v->times > 1 || (v->times == 0 && j->rc == RC_OK))
		sim_fail("%s was reported %u times", v->to, v->times);
	if (v->times == 1 && v->fate == FATE_SENT && had == 0)
		sim_fail("%s is called sent, and no server said so", v->to);
	if (v->times == 1 && v->fate != FATE_SENT && had > 0 &&
	    !is_muddled(s, v->to))
		sim_fail("%s is called %s, but was accepted: %s", v->to,
		    sim_fate_name(v->fate), v->text);
	if (had > 1)
		sim_fail("%s has the message %u times", v->to, had);
}

static void
check_wire(unsigned conn)
{
	const char *p = sim_sent(conn);
	size_t n = sim_sent_bytes(conn), i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
			sim_fail("connection %u: LF alone at %zu", conn, i);
		if (p[i] == '\r' && i + 1 < n && p[i + 1] != '\n')
			sim_fail("connection %u: CR alone at %zu", conn, i);
	}
}

static void
check_message(const struct sim_transaction *t, const struct sim_job *j)
{
	struct span wire = sim_job_wire(j);
	struct sim_text text = { 0 };

	if (!t->complete || (t->n == 0 && t->message.n == 0))
		return;
	if (t->n > 0 && t->message.n == wire.n &&
	    memcmp(t->message.p, wire.p, wire.n) == 0)
		return;
	sim_show(&text, t->message.p, t->message.n, 500);
	sim_fail("a dot was sent after another message, for %zu recipients:\n"
	    "      %s", t->n, text.p);
}

void
sim_smtp_check(const struct sim_smtp *first, const struct sim_job *j)
{
	const struct sim_smtp *s;
	const struct sim_transaction *t;
	unsigned conn;
	size_t i;

	for (s = first; s != NULL; s = s->next) {
		if (s->odd != NULL)
			sim_fail("the server does not know: %s", s->odd);
		for (t = s->first; t != NULL; t = t->next)
			check_message(t, j);
	}
	for (conn = 0; conn < sim_conns(); conn++)
		check_wire(conn);
	for (i = 0; i < j->n; i++)
		check_verdict(first, j, &j->verdict[i]);
}
