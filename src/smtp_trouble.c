/*
 * smtp_trouble.c - the only judge of who suffers from a failure.
 *
 * What is certain for a recipient is reported at once.  What is not, waits in
 * w->why: another host may take the mail, and if none does, the last failure
 * is what everyone left over is told.  In doubt, later.
 */
#include <string.h>

#include "port.h"
#include "smtp_int.h"

static void
copy_dsn(char to[DSN_MAX], const char *dsn)
{
	memcpy(to, dsn, strlen(dsn) + 1);
}

/*
 * The class of the status tells whether it is for good.  5 becomes 4 under
 * soft_bounce, whoever made it.
 */
static void
why_start(struct worker *w, const char *dsn, const char *relay, unsigned reach)
{
	struct why *y = &w->why;

	copy_dsn(y->dsn, dsn);
	y->softened = dsn[0] == '5' && w->set->soft_bounce;
	if (y->softened)
		y->dsn[0] = '4';
	y->fate = y->dsn[0] == '5' ? FATE_NEVER : FATE_LATER;
	y->reach = reach;
	y->relay = relay;
	buf_init(&y->text, w->rooms.why, sizeof(w->rooms.why));
}

void
trouble_start(struct worker *w)
{
	why_start(w, "4.3.0", "none", 0);
}

/* It is about the server of this session. */
static void
why_host(struct session *s, const char *dsn)
{
	why_start(s->w, dsn, s->relay, s->sending == 0 ? REACH_HOST : 0);
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

/* Its fate and text are the caller's. */
static void
verdict_start(const struct session *s, struct verdict *v, const char *dsn,
    const char *relay)
{
	*v = (struct verdict){
		.relay = span_of(relay),
		.conn_use = s->uses,
		.connected = s->connected,
		.sending = s->sending,
	};
	copy_dsn(v->dsn, dsn);
}

static void
verdict_of_why(struct worker *w, struct verdict *v)
{
	const struct why *y = &w->why;

	verdict_start(&w->session, v, y->dsn, y->relay);
	v->fate = y->fate;
	v->softened = y->softened;
	v->reach = y->reach;
	v->text = y->text.n > 0 ? buf_span(&y->text) :
	    SPAN("nothing was tried");
}

bool
rcpts_next(const struct worker *w, struct rcpt_at *at, enum rcpt_state state,
    struct rcpt *to)
{
	const struct rcpt_list *l = &w->job->rcpts;

	while (rcpt_next(l, at, to))
		if (l->state[at->index - 1] == state)
			return true;
	return false;
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
	struct rcpt_at at = { 0 };
	struct verdict v;
	struct rcpt to;

	verdict_of_why(w, &v);
	while (rcpt_next(l, &at, &to))
		if (l->state[at.index - 1] != RCPT_REFUSED)
			report_one(w, &to, at.index - 1, &v);
}

static void
log_why(struct worker *w)
{
	log_line(w->log, LOG_INFO, "%.*s", SPAN_ARG(w->why.text));
}

/*
 * Decided for every recipient, or left for the next host.  One that this host
 * refused for now is not part of the transaction any more: it has another
 * chance in any case.
 */
static enum rc
all_suffer(struct worker *w)
{
	if (w->why.fate == FATE_NEVER)
		trouble_settle(w);
	else
		log_why(w);
	return RC_DENY;
}

/* Decided for one recipient, or left for the next host. */
static void
one_suffers(struct session *s, const struct rcpt *to, size_t index)
{
	struct verdict v;

	verdict_of_why(s->w, &v);
	if (v.fate == FATE_NEVER || s->last)
		report_one(s->w, to, index, &v);
	else
		s->w->job->rcpts.state[index] = RCPT_REFUSED;
}

/* ---- what the server said ------------------------------------------------ */

/*
 * A code of another class than 4 and 5 has no business here: the server is out
 * of step, and will be next time.
 */
static void
why_said(struct session *s, const char *ahead, const char *behind)
{
	const struct reply *r = &s->reply;
	bool odd = r->class != 4 && r->class != 5;

	why_host(s, odd ? "5.5.0" : r->dsn);
	buf_fmt(&s->w->why.text, "%s%.*s %s: %.*s", ahead, PEER_ARG(s), behind,
	    SPAN_ARG(r->text));
}

static void
why_command(struct session *s, const char *command)
{
	why_said(s, s->reply.class == 2 ? "Protocol error: host " :
	    "host ", "said");
	buf_fmt(&s->w->why.text, " (in reply to %s command)", command);
}

void
trouble_rcpt(struct session *s, const struct rcpt *to, size_t index,
    const char *command)
{
	why_command(s, command);
	one_suffers(s, to, index);
}

enum rc
trouble_message(struct session *s, const char *command)
{
	why_command(s, command);
	return all_suffer(s->w);
}

enum rc
trouble_refused(struct session *s)
{
	why_said(s, "host ", "refused to talk to me");
	return all_suffer(s->w);
}

enum rc
trouble_starttls(struct session *s)
{
	why_said(s, "TLS is required, but host ", "refused to start TLS");
	return all_suffer(s->w);
}

enum rc
trouble_login(struct session *s, bool remembered)
{
	struct why *y = &s->w->why;

	why_said(s, remembered ?
	    "SASL [CACHED] authentication failed; server " :
	    "SASL authentication failed; server ", "said");
	y->reach = REACH_LOGIN;
	if (s->set->sasl_auth_soft_bounce) {
		y->fate = FATE_LATER;
		y->softened = false;
		y->dsn[0] = '4';
	}
	return all_suffer(s->w);
}

/* ---- what we say ourselves ----------------------------------------------- */

void
trouble_rcpt_own(struct session *s, const struct rcpt *to, size_t index,
    const char *dsn, const char *text)
{
	why_host(s, dsn);
	buf_puts(&s->w->why.text, text);
	one_suffers(s, to, index);
}

enum rc
trouble_local(struct session *s)
{
	why_start(s->w, "4.3.0", s->relay, REACH_OURS);
	buf_fmt(&s->w->why.text, "local data error while talking to %.*s",
	    PEER_ARG(s));
	return all_suffer(s->w);
}

enum rc
trouble_lost(struct session *s, enum rc rc)
{
	bool late = rc == RC_TIME;

	if (s->chat.table_failed)
		return trouble_local(s);
	s->lost = true;
	why_host(s, "4.4.2");
	buf_fmt(&s->w->why.text, "%s with %.*s%s while %s%s",
	    late ? "conversation" : "lost connection", PEER_ARG(s),
	    late ? " timed out" : "", s->stage, s->maybe_sent ?
	    " -- message may be sent more than once" : "");
	return all_suffer(s->w);
}

enum rc
trouble_connect(struct session *s, const char *dsn, const char *reason)
{
	why_start(s->w, dsn, "none", REACH_HOST |
	    (port_error_is_network() ? REACH_NET : 0));
	buf_fmt(&s->w->why.text, "connect to %s: %s", s->relay, reason);
	return all_suffer(s->w);
}

/* No answer of name servers: with them, the network is away. */
static void
why_site(struct worker *w, const char *dsn)
{
	bool is_net = strcmp(dsn, "4.4.3") == 0;

	/* A bad fallback relay is the administrator's affair. */
	if (w->route.at_fallback && dsn[0] == '5')
		dsn = "4.3.5";
	why_start(w, dsn, "none", REACH_HOST | (is_net ? REACH_NET : 0));
}

enum rc
trouble(struct worker *w, enum trouble_at at, const char *dsn,
    const char *fmt, ...)
{
	__builtin_va_list ap;

	if (at == AT_HOST)
		why_host(&w->session, dsn);
	else if (at == AT_SITE)
		why_site(w, dsn);
	else
		why_start(w, dsn, w->protocol, REACH_OURS);
	__builtin_va_start(ap, fmt);
	buf_vfmt(&w->why.text, fmt, ap);
	__builtin_va_end(ap);
	if (at == AT_HOST)
		return all_suffer(w);
	if (at == AT_SITE)
		log_why(w);
	else
		w->stop = true;
	return RC_DENY;
}

/* ---- no trouble ---------------------------------------------------------- */

void
trouble_none(struct session *s, const struct rcpt *to, size_t index)
{
	const struct reply *r = &s->reply;
	struct verdict v;

	/* A probe may end at DATA's 354; RFC 3463 knows no class 3. */
	verdict_start(s, &v, r->dsn[0] == '2' ? r->dsn : "2.0.0", s->relay);
	v.fate = FATE_SENT;
	/* It heard of NOTIFY, and sees to it: RFC 3461, 5.2. */
	v.reach = s->has & HAS_DSN ? REACH_TOLD : 0;
	v.text = buf_span(&r->text);
	report_one(s->w, to, index, &v);
}

void
trouble_none_taken(struct session *s)
{
	struct rcpt_at at = { 0 };
	struct rcpt to;

	while (rcpts_next(s->w, &at, RCPT_TAKEN, &to))
		trouble_none(s, &to, at.index - 1);
}
