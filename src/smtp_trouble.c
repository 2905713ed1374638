/*
 * smtp_trouble.c - the only judge of who suffers from a failure.
 *
 * What is certain for a recipient is reported at once.  What is not, waits in
 * w->why: another host may take the mail, and if none does, the last failure
 * is what everyone left over is told.  In doubt, later.
 */
#include "port.h"
#include "smtp_int.h"

static void
set_dsn(char dsn[DSN_MAX], const char *text)
{
	struct buf b;

	buf_init(&b, dsn, DSN_MAX);
	buf_puts(&b, text);
	(void)buf_text(&b);
}

/* Class 5 becomes class 4 under soft_bounce, whoever made it. */
static void
why_start(struct worker *w, enum fate fate, const char *dsn)
{
	struct why *y = &w->why;

	y->fate = fate;
	y->softened = false;
	y->reach = 0;
	set_dsn(y->dsn, dsn);
	y->relay = BUF(y->relay_room);
	y->text = BUF(w->rooms.why);
	if (fate == FATE_NEVER && w->set->soft_bounce) {
		y->fate = FATE_LATER;
		y->softened = true;
		y->dsn[0] = '4';
	}
}

void
trouble_start(struct worker *w)
{
	why_start(w, FATE_LATER, "4.3.0");
	buf_puts(&w->why.relay, "none");
}

/* Said of a server we reached, or failed to: `name[address]`. */
static void
put_peer(struct session *s, struct buf *b)
{
	route_relay(b, s->host, false);
}

static void
relay_is_peer(struct session *s)
{
	route_relay(&s->w->why.relay, s->host, true);
}

static NOINLINE enum rc
put_filtered(struct worker *w, const struct rcpt *to,
    const struct verdict *v)
{
	struct verdict told = *v;
	char text[TABLE_VALUE_MAX];
	struct buf room = BUF(text);

	filter_status(w, &told, &room);
	return w->report->put(w->report, w->job, to, &told);
}

static void
report_one(struct worker *w, const struct rcpt *to, size_t index,
    const struct verdict *v)
{
	struct rcpt_list *l = &w->job->rcpts;

	if (l->state[index] == RCPT_DONE || w->broken != RC_OK)
		return;
	w->broken = w->filters.status.first == NULL ?
	    w->report->put(w->report, w->job, to, v) : put_filtered(w, to, v);
	if (w->broken != RC_OK)
		return;
	l->state[index] = RCPT_DONE;
	l->pending--;
}

static struct verdict
verdict_of_why(struct worker *w)
{
	const struct session *s = &w->session;
	struct verdict v = {
		.fate = w->why.fate,
		.softened = w->why.softened,
		.reach = w->why.reach,
		.relay = buf_span(&w->why.relay),
		.text = w->why.text.n > 0 ? buf_span(&w->why.text) :
		    SPAN("nothing was tried"),
		.conn_use = s->uses,
		.connected = s->connected,
		.sending = s->sending,
	};

	set_dsn(v.dsn, w->why.dsn);
	return v;
}

void
rcpts_reopen(struct rcpt_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->state[i] != RCPT_DONE)
			l->state[i] = RCPT_PENDING;
}

void
trouble_settle(struct worker *w)
{
	const struct rcpt_list *l = &w->job->rcpts;
	struct verdict v = verdict_of_why(w);
	struct rcpt_at at = { 0 };
	struct rcpt to;

	while (rcpt_next(l, &at, &to))
		if (l->state[at.index - 1] != RCPT_REFUSED)
			report_one(w, &to, at.index - 1, &v);
}

/*
 * Decided for every recipient, or left for the next host.  One that this host
 * refused for now is not part of the transaction any more: it has another
 * chance in any case.
 */
static enum rc
all_suffer(struct worker *w)
{
	if (w->why.fate == FATE_NEVER) {
		trouble_settle(w);
	} else {
		log_line(w->log, LOG_INFO, "%.*s",
		    SPAN_ARG(buf_span(&w->why.text)));
	}
	return RC_DENY;
}

/*
 * What a refusal by this code comes to.  A code of another class than 4 and 5
 * has no business here: the server is out of step, and will be next time.
 */
static enum fate
fate_of(const struct reply *r, const char **dsn)
{
	*dsn = r->dsn;
	if (r->code / 100 == 4)
		return FATE_LATER;
	if (r->code / 100 != 5)
		*dsn = "5.5.0";
	return FATE_NEVER;
}

static void
why_said(struct session *s, const struct reply *r, const char *command)
{
	struct why *y = &s->w->why;
	const char *dsn;
	enum fate fate = fate_of(r, &dsn);

	why_start(s->w, fate, dsn);
	relay_is_peer(s);
	if (r->code / 100 == 2)
		buf_puts(&y->text, "Protocol error: ");
	buf_puts(&y->text, "host ");
	put_peer(s, &y->text);
	buf_fmt(&y->text, " said: %.*s (in reply to %s command)",
	    SPAN_ARG(buf_span(&r->text)), command);
}

/* Decided for one recipient, or left for the next host. */
static void
one_suffers(struct session *s, const struct rcpt *to, size_t index)
{
	struct verdict v = verdict_of_why(s->w);

	if (v.fate == FATE_NEVER || s->last)
		report_one(s->w, to, index, &v);
	else
		s->w->job->rcpts.state[index] = RCPT_REFUSED;
}

void
trouble_rcpt(struct session *s, const struct rcpt *to, size_t index,
    const struct reply *r, const char *command)
{
	why_said(s, r, command);
	one_suffers(s, to, index);
}

void
trouble_rcpt_own(struct session *s, const struct rcpt *to, size_t index,
    const char *dsn, const char *text)
{
	why_start(s->w, FATE_NEVER, dsn);
	relay_is_peer(s);
	buf_puts(&s->w->why.text, text);
	one_suffers(s, to, index);
}

enum rc
trouble_message(struct session *s, const struct reply *r, const char *command)
{
	why_said(s, r, command);
	return all_suffer(s->w);
}

enum rc
trouble_own(struct session *s, enum fate fate, const char *dsn,
    const char *fmt, ...)
{
	struct why *y = &s->w->why;
	__builtin_va_list ap;

	why_start(s->w, fate, dsn);
	if (s->sending == 0)
		y->reach = REACH_HOST;
	relay_is_peer(s);
	__builtin_va_start(ap, fmt);
	buf_vfmt(&y->text, fmt, ap);
	__builtin_va_end(ap);
	return all_suffer(s->w);
}

enum rc
trouble_refused(struct session *s, const struct reply *r)
{
	struct why *y = &s->w->why;
	const char *dsn;
	enum fate fate = fate_of(r, &dsn);

	why_start(s->w, fate, dsn);
	y->reach = REACH_HOST;
	relay_is_peer(s);
	buf_puts(&y->text, "host ");
	put_peer(s, &y->text);
	buf_fmt(&y->text, " refused to talk to me: %.*s",
	    SPAN_ARG(buf_span(&r->text)));
	return all_suffer(s->w);
}

enum rc
trouble_starttls(struct session *s, const struct reply *r)
{
	struct why *y = &s->w->why;
	const char *dsn;
	enum fate fate = fate_of(r, &dsn);

	why_start(s->w, fate, dsn);
	y->reach = REACH_HOST;
	relay_is_peer(s);
	buf_puts(&y->text, "TLS is required, but host ");
	put_peer(s, &y->text);
	buf_fmt(&y->text, " refused to start TLS: %.*s",
	    SPAN_ARG(buf_span(&r->text)));
	return all_suffer(s->w);
}

enum rc
trouble_login(struct session *s, const struct reply *r, bool remembered)
{
	struct why *y = &s->w->why;
	char dsn[DSN_MAX];
	const char *code;
	enum fate fate = fate_of(r, &code);

	set_dsn(dsn, code);
	if (fate == FATE_NEVER && s->w->set->sasl_auth_soft_bounce) {
		fate = FATE_LATER;
		dsn[0] = '4';
	}
	why_start(s->w, fate, dsn);
	y->reach = REACH_LOGIN;
	relay_is_peer(s);
	buf_fmt(&y->text, "SASL %sauthentication failed; server ",
	    remembered ? "[CACHED] " : "");
	put_peer(s, &y->text);
	buf_fmt(&y->text, " said: %.*s", SPAN_ARG(buf_span(&r->text)));
	return all_suffer(s->w);
}

/* A table of ours could not tell; the server is innocent. */
enum rc
trouble_local(struct session *s)
{
	struct why *y = &s->w->why;

	why_start(s->w, FATE_LATER, "4.3.0");
	y->reach = REACH_OURS;
	relay_is_peer(s);
	buf_puts(&y->text, "local data error while talking to ");
	put_peer(s, &y->text);
	return all_suffer(s->w);
}

enum rc
trouble_lost(struct session *s, enum rc rc)
{
	struct why *y = &s->w->why;

	if (s->chat.table_failed)
		return trouble_local(s);
	s->lost = true;
	why_start(s->w, FATE_LATER, "4.4.2");
	if (s->sending == 0)
		y->reach = REACH_HOST;
	relay_is_peer(s);
	buf_puts(&y->text, rc == RC_TIME ? "conversation with " :
	    "lost connection with ");
	put_peer(s, &y->text);
	buf_fmt(&y->text, "%s while %s%s", rc == RC_TIME ? " timed out" : "",
	    s->stage, s->maybe_sent ?
	    " -- message may be sent more than once" : "");
	return all_suffer(s->w);
}

enum rc
trouble_connect(struct worker *w, const struct host *h, const char *dsn,
    const char *reason)
{
	bool network = port_error_is_network();

	why_start(w, FATE_LATER, dsn);
	w->why.reach = REACH_HOST | (network ? REACH_NET : 0);
	buf_puts(&w->why.relay, "none");
	buf_puts(&w->why.text, "connect to ");
	route_relay(&w->why.text, h, true);
	buf_fmt(&w->why.text, ": %s", reason);
	return all_suffer(w);
}

enum rc
trouble_site(struct worker *w, enum fate fate, const char *dsn,
    const char *fmt, ...)
{
	__builtin_va_list ap;

	why_start(w, fate, dsn);
	/* No answer of name servers: with them, the network is away. */
	w->why.reach = REACH_HOST | (span_is(span_of(dsn), "4.4.3") ?
	    REACH_NET : 0);
	buf_puts(&w->why.relay, "none");
	__builtin_va_start(ap, fmt);
	buf_vfmt(&w->why.text, fmt, ap);
	__builtin_va_end(ap);
	log_line(w->log, LOG_INFO, "%.*s", SPAN_ARG(buf_span(&w->why.text)));
	return RC_DENY;
}

enum rc
trouble_job(struct worker *w, enum fate fate, const char *dsn,
    const char *fmt, ...)
{
	__builtin_va_list ap;

	why_start(w, fate, dsn);
	w->why.reach = REACH_OURS;
	buf_puts(&w->why.relay, w->lmtp ? "lmtp" : "smtp");
	__builtin_va_start(ap, fmt);
	buf_vfmt(&w->why.text, fmt, ap);
	__builtin_va_end(ap);
	w->stop = true;
	return RC_DENY;
}

void
trouble_none(struct session *s, const struct rcpt *to, size_t index,
    const struct reply *r)
{
	char relay[RELAY_MAX];
	struct buf b = BUF(relay);
	struct verdict v = {
		.fate = FATE_SENT,
		/* It heard of NOTIFY, and sees to it: RFC 3461, 5.2. */
		.reach = s->has & HAS_DSN ? REACH_TOLD : 0,
		.text = buf_span(&r->text),
		.conn_use = s->uses,
		.connected = s->connected,
		.sending = s->sending,
	};

	/* A probe may end at DATA's 354; RFC 3463 knows no class 3. */
	set_dsn(v.dsn, r->dsn[0] == '2' ? r->dsn : "2.0.0");
	route_relay(&b, s->host, true);
	v.relay = buf_span(&b);
	report_one(s->w, to, index, &v);
}
