/*
 * smtp_mail.c - one message: who is it for, and does the server want it?
 * The window from MAIL to DATA, and what follows when nobody is accepted.
 *
 * Two cursors go over the same steps: `ask` puts commands into the window as
 * long as they fit, `hear` takes as many replies.  Without PIPELINING the
 * window holds one command (RFC 2920, 3.1).
 */
#include "smtp_int.h"

enum step {
	STEP_XFORWARD, STEP_XFORWARD_MORE, STEP_MAIL, STEP_RCPT, STEP_DATA,
	STEP_END
};

struct cursor {
	enum step step;
	struct rcpt_at at;
};

struct mailing {
	struct session *s;
	struct cursor ask, hear;
	unsigned in_window;	/* commands put and not heard of */
	unsigned skipped;	/* XFORWARD steps that say nothing: bits */
	size_t taken;		/* recipients accepted */
	bool refused;		/* MAIL or DATA was: nothing else matters */
	bool data_asked;
	bool go_on;		/* DATA got its 354 */
};

/* ---- what must be known before MAIL ------------------------------------- */

/* The whole message, also when those whose names need it are done with. */
static bool
needs_utf8(const struct worker *w)
{
	struct rcpt_at at = { 0 };
	struct rcpt to;

	if (!w->job->smtputf8)
		return false;
	if (w->facts.head_8bit || span_has_8bit(w->job->sender))
		return true;
	while (rcpt_next(&w->job->rcpts, &at, &to))
		if (span_has_8bit(to.addr))
			return true;
	return false;
}

static enum rc
check(struct session *s)
{
	const struct mail_facts *f = &s->w->facts;

	if (s->size_limit > 0 && f->wire_bytes > s->size_limit)
		return trouble(s->w, AT_HOST, "5.3.4", "message size %lld "
		    "exceeds size limit %lld of server %.*s",
		    (long long)f->wire_bytes, (long long)s->size_limit,
		    PEER_ARG(s));
	if (!(s->has & HAS_SMTPUTF8) && needs_utf8(s->w)) {
		(void)trouble(s->w, AT_HOST, "5.6.7", "SMTPUTF8 is needed "
		    "for this message, and host %.*s does not offer it",
		    PEER_ARG(s));
		hello_quit(s);
		return RC_DENY;
	}
	return RC_OK;
}

/* ---- asking ------------------------------------------------------------- */

static enum rc
ask_xforward(struct mailing *m)
{
	unsigned n = m->ask.step == STEP_XFORWARD ? 0 : 1;
	enum rc rc = RC_NONE;

	if (m->s->set->send_xforward_command && m->s->has & HAS_XFORWARD)
		rc = xforward_put(m->s, n);
	if (rc == RC_NONE)
		m->skipped |= 1u << n;
	if (rc != RC_FULL)
		m->ask.step++;
	return rc;
}

/*
 * An address too long for any command line: no server will ever take it, so
 * it is this recipient's trouble alone.
 */
static enum rc
too_long(struct mailing *m, const struct rcpt *to, size_t index)
{
	trouble_rcpt_own(m->s, to, index, "5.1.3",
	    "the recipient address is too long for a command");
	return RC_NONE;
}

static enum rc
ask_rcpt(struct mailing *m)
{
	struct rcpt_list *l = &m->s->w->job->rcpts;
	struct rcpt_at before = m->ask.at;
	struct rcpt to;
	enum rc rc;

	if (!rcpts_next(m->s->w, &m->ask.at, RCPT_PENDING, &to)) {
		m->ask.step = STEP_DATA;
		return RC_NONE;
	}
	rc = command_rcpt(m->s, &to);
	if (rc == RC_OK)
		l->state[m->ask.at.index - 1] = RCPT_ASKED;
	else if (rc == RC_FULL && m->in_window == 0)
		return too_long(m, &to, m->ask.at.index - 1);
	else
		m->ask.at = before;
	return rc;
}

static bool
probe_ends_here(const struct worker *w)
{
	return w->job->probe && w->set->address_verify_target != TARGET_DATA;
}

/* RC_OK: one command more in the window; RC_NONE: a step without one. */
static enum rc
ask(struct mailing *m)
{
	enum rc rc;

	switch (m->ask.step) {
	case STEP_XFORWARD:
	case STEP_XFORWARD_MORE:
		return ask_xforward(m);
	case STEP_MAIL:
		rc = command_mail(m->s);
		if (rc == RC_OK)
			m->ask.step++;
		return rc;
	case STEP_RCPT:
		return ask_rcpt(m);
	case STEP_DATA:
		/* A probe ends with what it has been told, and not ahead. */
		if (m->in_window > 0 && probe_ends_here(m->s->w))
			return RC_FULL;
		/* Every reply is in, and nobody wants the message. */
		if (m->in_window == 0 && (m->taken == 0 ||
		    probe_ends_here(m->s->w))) {
			m->ask.step = STEP_END;
			m->hear.step = STEP_END;
			return RC_NONE;
		}
		rc = chat_put(&m->s->chat, "DATA");
		m->data_asked = rc == RC_OK;
		if (rc == RC_OK)
			m->ask.step++;
		return rc;
	default:
		return RC_NONE;
	}
}

/* Fills the window and lets it go. */
static enum rc
ask_window(struct mailing *m)
{
	struct session *s = m->s;
	unsigned most = s->has & HAS_PIPELINING ? UINT32_MAX : 1;
	enum rc rc = RC_OK;

	while (m->in_window < most && m->ask.step != STEP_END) {
		rc = ask(m);
		if (rc != RC_OK && rc != RC_NONE)
			break;
		if (rc == RC_OK)
			m->in_window++;
	}
	if (rc == RC_OS)	/* a table could not tell an address */
		return trouble_lost(s, rc);
	if (rc == RC_FULL && m->in_window == 0)
		return trouble(s->w, AT_HOST, "5.1.7",
		    "the sender address is too long for a command");
	rc = chat_flush(&s->chat);
	return rc == RC_OK ? RC_OK : trouble_lost(s, rc);
}

/* ---- hearing ------------------------------------------------------------ */

static void
hear_rcpt(struct mailing *m, const struct rcpt *to, size_t index)
{
	struct rcpt_list *l = &m->s->w->job->rcpts;
	struct reply *r = &m->s->reply;

	if (r->class == 2) {
		l->state[index] = RCPT_TAKEN;
		m->taken++;
		if (probe_ends_here(m->s->w))
			trouble_none(m->s, to, index);
	} else {
		trouble_rcpt(m->s, to, index, "RCPT TO");
	}
}

static bool
asked_are_left(const struct mailing *m)
{
	struct rcpt_at at = m->hear.at;
	struct rcpt to;

	return rcpts_next(m->s->w, &at, RCPT_ASKED, &to);
}

static void
hear_data(struct mailing *m)
{
	m->go_on = m->s->reply.class == 3;
	if (!m->go_on && m->taken > 0) {
		(void)trouble_message(m->s, "DATA");
		m->refused = true;
	}
	m->hear.step = STEP_END;
}

/* Which step the next reply belongs to, with its stage and time limit. */
static void
settle_step(struct mailing *m)
{
	struct session *s = m->s;
	const struct settings *set = s->set;

	while (m->hear.step <= STEP_XFORWARD_MORE &&
	    m->skipped & 1u << m->hear.step)
		m->hear.step++;
	if (m->hear.step == STEP_RCPT && !asked_are_left(m))
		m->hear.step = STEP_DATA;
	switch (m->hear.step) {
	case STEP_XFORWARD:
	case STEP_XFORWARD_MORE:
		session_stage(s, "sending XFORWARD", set->xforward_timeout);
		break;
	case STEP_MAIL:
		session_stage(s, "sending MAIL FROM", set->mail_timeout);
		break;
	case STEP_RCPT:
		session_stage(s, "sending RCPT TO", set->rcpt_timeout);
		break;
	default:
		session_stage(s, "sending DATA command",
		    set->data_init_timeout);
		break;
	}
}

/* One reply; a stage that is refused makes the others void. */
static enum rc
hear(struct mailing *m)
{
	struct session *s = m->s;
	struct rcpt to;
	enum rc rc;

	settle_step(m);
	rc = chat_reply(&s->chat, &s->reply);
	if (rc != RC_OK)
		return trouble_lost(s, rc);
	m->in_window--;
	switch (m->hear.step) {
	case STEP_XFORWARD:
	case STEP_XFORWARD_MORE:
		if (s->reply.class != 2)
			log_line(s->w->log, LOG_WARNING, "XFORWARD refused: "
			    "%.*s", SPAN_ARG(s->reply.text));
		m->hear.step++;
		break;
	case STEP_MAIL:
		m->hear.step = STEP_RCPT;
		if (s->reply.class != 2) {
			m->refused = true;
			return trouble_message(s, "MAIL FROM");
		}
		break;
	case STEP_RCPT:
		if (!rcpts_next(s->w, &m->hear.at, RCPT_ASKED, &to))
			ASSERT(!"a reply to no recipient");
		hear_rcpt(m, &to, m->hear.at.index - 1);
		break;
	default:
		hear_data(m);
		break;
	}
	return RC_OK;
}

/*
 * After MAIL was refused the window still holds commands.  Their replies are
 * of no interest, but that to DATA: a server that says 354 now must get a dot.
 */
static enum rc
drain(struct mailing *m)
{
	enum rc rc;

	while (m->in_window > 0) {
		rc = chat_reply(&m->s->chat, &m->s->reply);
		if (rc != RC_OK)
			return rc;
		m->in_window--;
	}
	m->go_on |= m->data_asked && m->s->reply.class == 3;
	return RC_OK;
}

static enum rc
hear_window(struct mailing *m)
{
	enum rc rc;

	while (m->in_window > 0) {
		rc = hear(m);
		if (m->refused)
			return drain(m);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc
envelope(struct mailing *m)
{
	struct session *s = m->s;

	session_stage(s, "sending MAIL FROM", s->set->mail_timeout);
	while (m->ask.step != STEP_END && !m->refused) {
		TRY(ask_window(m));
		TRY(hear_window(m));
	}
	return RC_OK;
}

/* ---- the whole of it ----------------------------------------------------- */

/*
 * Nobody takes the message: back to the start of a transaction, and QUIT.  A
 * DATA that got its 354 all the same is ended by a lone dot (RFC 2920, 3.1),
 * which ends the transaction, too.
 */
static enum rc
give_up(struct mailing *m)
{
	struct session *s = m->s;
	bool ahead = s->has & HAS_PIPELINING;

	chat_limit(&s->chat, s->set->rset_timeout);
	TRY(chat_put(&s->chat, m->go_on ? "." : "RSET"));
	if (ahead)
		TRY(hello_put_quit(s));
	TRY(chat_flush(&s->chat));
	TRY(chat_reply(&s->chat, &s->reply));
	if (ahead)
		hello_hear_quit(s);
	else
		hello_quit(s);
	return RC_OK;
}

enum rc
message_send(struct session *s)
{
	struct mailing m = { .s = s };

	s->sending = port_now();
	TRY(check(s));
	TRY(envelope(&m));
	if (s->w->job->probe && m.go_on) {
		/* It asks and goes: leaving takes the DATA back. */
		trouble_none_taken(s);
		return RC_OK;
	}
	if (m.refused || m.taken == 0 || !m.go_on)
		return give_up(&m);
	return content_send(s);
}
