/*
 * smtp_command.c - MAIL and RCPT with their parameters: SIZE (RFC 1870), BODY
 * (RFC 6152), ENVID, RET, ORCPT, NOTIFY (RFC 3461), SMTPUTF8 (RFC 6531).
 */
#include "smtp_int.h"

static void
put_quoted(const struct worker *w, struct buf *b, struct span addr)
{
	if (w->set->quote_rfc821_envelope)
		mail_addr_quote(b, addr);
	else
		buf_put(b, addr);
}

static NOINLINE enum rc
put_mapped(struct session *s, struct buf *b, struct span addr)
{
	char room[CHAT_OUT_MAX];
	struct buf mapped = BUF(room);

	TRY(change_address(s, addr, &mapped));
	put_quoted(s->w, b, buf_span(&mapped));
	return RC_OK;
}

static enum rc
put_address(struct session *s, struct buf *b, struct span addr)
{
	if (s->w->changes.generic.first != NULL)
		return put_mapped(s, b, addr);
	put_quoted(s->w, b, addr);
	return RC_OK;
}

/*
 * Conversion would change the size, so a message that might be converted for
 * this server goes without it (RFC 1870, 6 allows that).
 */
static bool
size_is_known(const struct session *s)
{
	return !change_converts(s);
}

enum rc
command_mail(struct session *s)
{
	const struct job *j = s->w->job;
	struct buf b = chat_line(&s->chat);

	buf_puts(&b, "MAIL FROM:<");
	TRY(put_address(s, &b, j->sender));
	buf_putc(&b, '>');
	if (s->has & HAS_SIZE && size_is_known(s))
		buf_fmt(&b, " SIZE=%lld", (long long)s->w->facts.wire_bytes);
	if (s->has & HAS_8BITMIME && j->body != JOB_BODY_NONE)
		buf_fmt(&b, " BODY=%s", j->body == JOB_BODY_7BIT ? "7BIT" :
		    "8BITMIME");
	if (s->has & HAS_DSN && j->envid.n > 0) {
		buf_puts(&b, " ENVID=");
		code_xtext(&b, j->envid);
	}
	if (s->has & HAS_DSN && j->ret != JOB_RET_NONE)
		buf_fmt(&b, " RET=%s", j->ret == JOB_RET_FULL ? "FULL" :
		    "HDRS");
	if (s->has & HAS_SMTPUTF8 && j->smtputf8)
		buf_puts(&b, " SMTPUTF8");
	if (s->logged_in && s->set->send_dummy_mail_auth)
		buf_puts(&b, " AUTH=<>");	/* RFC 4954, 5 */
	return chat_put_line(&s->chat, &b);
}

/*
 * ORCPT as it was given, or made of the recipient in its quoted form, so that
 * a notice from further on names the address that we know (RFC 3461, 4.2).
 */
static NOINLINE void
put_orcpt(struct buf *b, const struct rcpt *to)
{
	char room[CHAT_OUT_MAX / 2];	/* the address itself has the rest */
	struct buf whole = BUF(room);

	buf_put(&whole, to->orcpt);
	if (whole.n == 0) {
		buf_puts(&whole, span_has_8bit(to->addr) ? "utf-8;" :
		    "rfc822;");
		mail_addr_show(&whole, to->addr);
	}
	buf_puts(b, " ORCPT=");
	if (span_is_case(span_head(buf_span(&whole), 6), "utf-8;"))
		code_utf8_xtext(b, buf_span(&whole));
	else
		code_xtext(b, buf_span(&whole));
	b->full |= whole.full;
}

enum rc
command_rcpt(struct session *s, const struct rcpt *to)
{
	struct buf b = chat_line(&s->chat);

	buf_puts(&b, "RCPT TO:<");
	TRY(put_address(s, &b, to->addr));
	buf_putc(&b, '>');
	if (s->has & HAS_DSN) {
		put_orcpt(&b, to);
		if (to->notify != 0)
			buf_puts(&b, " NOTIFY=");
		rcpt_put_notify(&b, to->notify);
	}
	return chat_put_line(&s->chat, &b);
}
