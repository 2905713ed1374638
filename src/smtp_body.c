/*
 * smtp_body.c - the octets of a message on their way to the wire: header lines
 * that flags ask for, dots stuffed (RFC 5321, 4.5.2), long lines folded, every
 * line ended by CR LF.
 */
#include "smtp_int.h"

struct body {
	struct session *s;
	size_t limit;		/* octets of a line; SIZE_MAX: any number */
	size_t column;		/* octets of the present line on the wire */
};

/*
 * smtp_min_data_rate: a whole request's limit moves with what has been sent,
 * so that a slow but steady link is not cut off.
 */
static void
earn_time(struct body *o, size_t octets)
{
	const struct settings *set = o->s->set;

	if (set->per_request_deadline && set->min_data_rate > 0)
		chat_more_time(&o->s->chat, (ms_t)octets * SECOND /
		    set->min_data_rate, set->data_xfer_timeout);
}

static enum rc
put(struct body *o, struct span text)
{
	TRY(chat_data(&o->s->chat, text));
	earn_time(o, text.n);
	return RC_OK;
}

/* A line that is too long goes on behind CR LF and a blank. */
static enum rc
fold(struct body *o)
{
	if (o->column < o->limit)
		return RC_OK;
	o->column = 1;
	return put(o, SPAN("\r\n "));
}

/* Part of a line. */
static enum rc
put_piece(struct body *o, struct span piece)
{
	struct span part;

	if (o->column == 0 && piece.n > 0 && piece.p[0] == '.')
		TRY(put(o, SPAN(".")));
	while (piece.n > 0) {
		TRY(fold(o));
		part = span_head(piece, o->limit - o->column);
		TRY(put(o, part));
		o->column += part.n;
		span_skip(&piece, part.n);
	}
	return RC_OK;
}

static enum rc
end_line(struct body *o)
{
	o->column = 0;
	return put(o, SPAN("\r\n"));
}

/* A field of ours, its address mapped as in the envelope. */
static enum rc
add_field(struct body *o, struct buf *lead, const char *name,
    struct span addr, bool brackets)
{
	char room[RCPT_ADDR_MAX + 1], field_room[CHAT_OUT_MAX];
	struct buf mapped = BUF(room), field = BUF(field_room);

	if (change_address(o->s, addr, &mapped) == RC_OS)
		return RC_DENY;
	buf_fmt(&field, "%s: %s", name, brackets ? "<" : "");
	mail_addr_show(&field, buf_span(&mapped));
	buf_puts(&field, brackets ? ">\n" : "\n");
	if (!field.full && !mapped.full)	/* else it is no trace */
		buf_put(lead, buf_span(&field));
	return RC_OK;
}

/* Final delivery's trace, newest on top (RFC 5321, 4.4). */
static enum rc
make_trace(struct body *o, const struct rcpt *to, struct buf *lead)
{
	const struct job *j = o->s->w->job;

	if (j->flags & JOB_FLAG_R)
		TRY(add_field(o, lead, "Return-Path", j->sender, true));
	if (j->flags & JOB_FLAG_O)
		TRY(add_field(o, lead, "X-Original-To", to->addr, false));
	if (j->flags & JOB_FLAG_D)
		TRY(add_field(o, lead, "Delivered-To", to->addr, false));
	return RC_OK;
}

/*
 * A fold adds a blank, so below two octets a line would never come to its end.
 */
static size_t
line_limit(const struct settings *set)
{
	if (set->line_length_limit <= 0)
		return SIZE_MAX;
	return set->line_length_limit < 2 ? 2 :
	    (size_t)set->line_length_limit;
}

/* Line by line; c is NULL where nothing is to be changed. */
static enum rc
send_lines(struct body *o, struct mail_content *c)
{
	struct span piece;
	bool last;
	enum rc rc;

	while ((rc = c != NULL ? mail_content_read(c, &piece, &last) :
	    mail_read(&o->s->w->reader, &piece, &last)) == RC_OK) {
		TRY(put_piece(o, piece));
		if (last)
			TRY(end_line(o));
	}
	if (rc != RC_NONE)
		return rc == RC_DENY ? RC_DENY : RC_OS;
	return o->column > 0 ? end_line(o) : RC_OK;
}

/* The message as it is, behind the trace. */
static enum rc
send_plain(struct body *o, struct span lead)
{
	struct span line;

	while (span_line(&lead, &line)) {
		TRY(put_piece(o, line));
		TRY(end_line(o));
	}
	mail_read_start(&o->s->w->reader, &o->s->w->job->mail);
	return send_lines(o, NULL);
}

static enum rc
send_with(struct body *o, struct span lead)
{
	struct worker *w = o->s->w;
	struct mail_change change;
	struct mail_content *c;

	change_for(o->s, &change);
	if (!mail_change_is_any(&change))
		return send_plain(o, lead);
	c = change_room(w);
	if (c == NULL)
		return RC_OS;
	TRY(mail_content_start(c, &w->reader, &w->job->mail, &change, lead));
	return send_lines(o, c);
}

static NOINLINE enum rc
send_traced(struct body *o, const struct rcpt *to)
{
	char room[3 * CHAT_OUT_MAX];
	struct buf lead = BUF(room);

	TRY(make_trace(o, to, &lead));
	return send_with(o, buf_span(&lead));
}

enum rc
body_send(struct session *s, const struct rcpt *to)
{
	const unsigned trace = JOB_FLAG_D | JOB_FLAG_O | JOB_FLAG_R;
	struct body o = { .s = s, .limit = line_limit(s->set) };

	return s->w->job->flags & trace ? send_traced(&o, to) :
	    send_with(&o, (struct span){ 0 });
}
