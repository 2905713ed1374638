/*
 * smtp_dot.c - a message that the server wants: its body, the final dot, and
 * what the replies to that say of each recipient.
 *
 * From the dot to its reply the message may be delivered twice, if the reply is
 * lost (RFC 1047); s->maybe_sent marks that stretch.
 */
#include "smtp_int.h"

/*
 * The reply to the dot.  221 is what QUIT gets: a server that says it now has
 * left out the reply that we wait for, and nobody knows what it did.
 */
static enum rc
dot_reply(struct session *s)
{
	chat_limit(&s->chat, s->set->data_done_timeout);
	TRY(chat_reply(&s->chat, &s->reply));
	return s->reply.code == 221 ? RC_GONE : RC_OK;
}

/* The recipients that this server accepted: what its words mean for them. */
static void
hear_dot_for_all(struct session *s)
{
	if (s->reply.class != 2)
		(void)trouble_message(s, "end of DATA");
	else
		trouble_none_taken(s);
}

/*
 * LMTP: one reply for each, in the order of RCPT (RFC 2033, 4.2).  A line that
 * is no reply may have been meant as one, and then the next reply is another
 * recipient's.  A 2xx that may have come ahead of the dot says nothing, either.
 * heard: the first reply is in s->reply already.
 */
static enum rc
hear_dot_for_each(struct session *s, bool heard)
{
	struct rcpt_at at = { 0 };
	struct rcpt to;

	while (rcpts_next(s->w, &at, RCPT_TAKEN, &to)) {
		bool is_yes;

		if (!heard)
			TRY(dot_reply(s));
		heard = false;
		if (s->reply.odd)
			return RC_GONE;
		is_yes = s->reply.class == 2;
		if (is_yes && s->more_early)
			return RC_GONE;
		if (is_yes)
			trouble_none(s, &to, at.index - 1);
		else
			trouble_rcpt(s, &to, at.index - 1, "end of DATA");
	}
	return RC_OK;
}

/*
 * The server stopped reading in the middle.  If it said why, its word counts,
 * but a 2xx cannot: it has not seen the message.
 */
static enum rc
cut_short(struct session *s, enum rc rc)
{
	if (rc == RC_OS) {		/* our own file failed: no dot now */
		s->w->broken = RC_OS;
		return RC_OS;
	}
	if (rc == RC_DENY) {		/* nothing more can be said in here */
		(void)trouble_local(s);
		s->lost = true;
		s->chat.table_failed = false;
		return RC_DENY;
	}
	if (rc == RC_WIRE)
		return trouble(s->w, AT_HOST, "4.5.0", "the server "
		    "accepted the message before its end: %.*s",
		    SPAN_ARG(s->reply.text));
	if (rc == RC_GONE && chat_reply(&s->chat, &s->reply) == RC_OK &&
	    (s->reply.class == 4 || s->reply.class == 5))
		return trouble_message(s, "end of DATA");
	return trouble_lost(s, rc);
}

static enum rc
pause_ahead_of_dot(struct session *s)
{
	TRY(chat_flush(&s->chat));
	port_push(s->chat.fd);
	port_sleep(port_now() + s->set->pix_workaround_delay_time);
	return RC_OK;
}

/*
 * Words that came before the dot left.  A refusal is one; a 2xx can't be about
 * a message that is not complete, so the server is out of step with us, and
 * nothing it says from now on tells what became of the mail.
 */
static enum rc
hear_early(struct session *s)
{
	TRY(chat_reply(&s->chat, &s->reply));
	s->more_early = chat_has_input(&s->chat);
	return s->reply.class == 2 ? RC_WIRE : RC_OK;
}

static enum rc
send_dot(struct session *s, bool *early)
{
	if (s->delay_dot)
		TRY(pause_ahead_of_dot(s));
	*early = chat_has_input(&s->chat);
	if (*early)
		TRY(hear_early(s));
	session_stage(s, "sending end of data", s->set->data_done_timeout);
	s->maybe_sent = true;
	s->kept = keep_is_due(s);
	TRY(chat_data(&s->chat, s->has & HAS_PIPELINING && !s->kept ?
	    SPAN(".\r\nQUIT\r\n") : SPAN(".\r\n")));
	TRY(chat_flush(&s->chat));
	return s->chat.write_dead ? RC_GONE : RC_OK;
}

static enum rc
hear_dot(struct session *s, bool early)
{
	if (s->w->lmtp)
		return hear_dot_for_each(s, early);
	if (!early)
		TRY(dot_reply(s));
	hear_dot_for_all(s);
	return RC_OK;
}

static enum rc
dot(struct session *s)
{
	bool early = false;
	enum rc rc;

	rc = send_dot(s, &early);
	if (rc != RC_OK)
		return cut_short(s, rc);
	rc = hear_dot(s, early);
	if (rc != RC_OK)
		return trouble_lost(s, rc);
	s->maybe_sent = false;
	if (s->kept && s->reply.class == 2 && !s->reply.odd)
		return RC_OK;
	if (s->has & HAS_PIPELINING && !s->kept)
		hello_hear_quit(s);
	else
		hello_quit(s);
	s->kept = false;
	return RC_OK;
}

enum rc
content_send(struct session *s)
{
	struct rcpt_at at = { 0 };
	struct rcpt to = { 0 };
	enum rc rc;

	(void)rcpt_next(&s->w->job->rcpts, &at, &to);
	session_stage(s, "sending message body",
	    s->set->data_xfer_timeout);
	rc = body_send(s, &to);
	return rc == RC_OK ? dot(s) : cut_short(s, rc);
}
