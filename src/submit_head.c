/*
 * submit_head.c - the header of a message that is taken.
 *
 * A Received line goes on top, as every taker of mail puts one (RFC 5321, 4.4);
 * hops are counted by it.  What the header lacks goes to its end, where it is
 * known to be missing: From, Date, Message-ID, and a To for mail that shows no
 * recipient at all.  Once a Resent- field is there, it is those that are added.
 * message_drop_headers (Bcc, Return-Path...) are left out.
 *
 * Fields with addresses are gathered, up to header_size_limit, and have these
 * rewritten; others pass through in pieces, so a field may have any length.
 * Mail of a gateway (-G) is no mail of this machine: its header stays.
 *
 * Where postern_from takes the place of a From, that shows who it was, as in
 * `root on router <alerts@provider.example>`, ahead of which X-Original-From
 * has the field as it came.  There is no Reply-To: root@router could not be
 * reached by it.
 */
#include "mail_content.h"
#include "submit.h"

enum {
	F_FROM = 1, F_DATE = 2, F_ID = 4,
	F_TO = 8,		/* a field that shows a recipient */
	F_RESENT = 16,		/* ...of a message that is sent on */
	F_RCPT = 32,		/* -t takes recipients from it */
	F_HOP = 64
};

static const char fields[] = "From Date Message-Id To Cc Bcc Resent-From "
	"Resent-Date Resent-Message-Id Resent-To Resent-Cc Resent-Bcc "
	"Resent-Sender Received Apparently-To";
static const unsigned char are[] = {
	F_FROM, F_DATE, F_ID, F_TO | F_RCPT, F_TO | F_RCPT, F_RCPT,
	F_RESENT | F_FROM, F_RESENT | F_DATE, F_RESENT | F_ID,
	F_RESENT | F_TO | F_RCPT, F_RESENT | F_TO | F_RCPT, F_RESENT | F_RCPT,
	F_RESENT, F_HOP, F_TO
};

/* ---- rewriting ----------------------------------------------------------- */

/* Who it was, as words of a phrase: `root on router`. */
static void
show(struct submit_head *h, struct span was)
{
	struct span host = h->s->set->myhostname;
	char text[sizeof(h->room) / 2];
	struct buf b = BUF(text);

	buf_put(&b, mail_addr_local(was));
	buf_fmt(&b, " on %.*s", (int)span_find(host, '.'), host.p);
	h->is_ours = true;
	if (!b.full && (h->field & F_FROM) != 0)
		mail_phrase(&h->shown, buf_span(&b));
}

static enum rc
map_header(void *arg, struct span addr, struct buf *out)
{
	struct submit_head *h = arg;
	size_t from = out->n;
	enum rc rc = submit_map(h->s, h->where, addr, out);
	struct span now = span_tail(buf_span(out), from);

	if (rc == RC_OK && h->where == ADDRESS_HEADER_SENDER &&
	    span_eq(now, h->s->set->postern_from))
		show(h, addr);
	return rc;
}

/* A whole field, without its LF: to be kept. */
static void
put_field(struct submit_head *h, struct span text)
{
	struct buf *anew = &h->s->anew;
	const struct mail_change change = {
		.map = map_header, .arg = h, .shown = &h->shown,
	};
	enum rc rc = RC_NONE;

	h->is_ours = false;
	buf_clear(anew);
	if (!h->s->is_stuck)
		rc = mail_rewrite_field(&change, text, anew);
	if (rc == RC_DENY)
		h->s->is_stuck = true;
	if (rc == RC_OK && h->is_ours && (h->field & F_FROM) != 0) {
		h->put(h, SPAN("X-Original-From:"));
		h->put(h, span_tail(text, span_find(text, ':') + 1));
		h->put(h, SPAN("\n"));
	}
	h->put(h, rc == RC_OK ? buf_span(anew) : text);
	h->put(h, SPAN("\n"));
}

static bool
is_rewritten(const struct submit_head *h, struct span name)
{
	return h->keeps && !h->s->to_drop && !h->s->is_gateway &&
		mail_is_address_field(name);
}

/* ---- fields of our own --------------------------------------------------- */

void
submit_head_received(struct submit_head *h)
{
	const struct submit *s = h->s;
	char text[SUBMIT_LINE_MAX];
	struct buf b = BUF(text);
	int64_t now = port_wall();

	if (s->to_drop)
		return;
	buf_fmt(&b, "Received: by %.*s (%.*s, from userid %u)\n\tid %s; ",
		SPAN_ARG(s->set->myhostname), SPAN_ARG(s->set->mail_name),
		(unsigned)s->uid, s->id);
	civil_put_mail(&b, now, port_zone(now));
	buf_putc(&b, '\n');
	h->put(h, buf_span(&b));
}

/* `Ann <a@b.example>`, or the older `a@b.example (Ann)`. */
static void
put_author(const struct submit *s, struct buf *b)
{
	struct span name = s->full_name;
	bool is_old = s->set->header_from_format == FROM_OBSOLETE;

	if (name.n > 0 && !is_old) {
		mail_phrase(b, name);
		buf_puts(b, " <");
	}
	mail_addr_quote(b, s->sender);
	if (s->sender.n == 0)
		buf_fmt(b, "MAILER-DAEMON@%.*s", SPAN_ARG(s->set->myorigin));
	if (name.n == 0)
		return;
	if (is_old) {
		buf_puts(b, " (");
		mail_comment(b, name);
	}
	buf_putc(b, is_old ? ')' : '>');
}

static void
put_id(const struct submit *s, struct buf *b)
{
	struct civil c;

	buf_putc(b, '<');
	if (s->queue == NULL || !s->set->enable_long_queue_ids) {
		civil_of(s->arrived_ms / SECOND, &c);
		buf_fmt(b, "%04d%02d%02d%02d%02d%02d.", c.year, c.month,
			c.day, c.hour, c.minute, c.second);
	}
	buf_fmt(b, "%s@%.*s>", s->id, SPAN_ARG(s->set->myhostname));
}

static void
put_missing(struct submit_head *h)
{
	const struct submit *s = h->s;
	const char *resent = s->is_resent ? "Resent-" : "";
	unsigned seen = s->is_resent ? h->seen_resent : h->seen;
	char text[SUBMIT_LINE_MAX];
	struct buf b = BUF(text);
	int64_t now = s->arrived_ms / SECOND;

	if (s->is_gateway && !s->set->always_add_missing_headers)
		return;
	if ((seen & F_FROM) == 0) {
		buf_fmt(&b, "%sFrom: ", resent);
		put_author(s, &b);
		h->field = F_FROM;
		h->where = ADDRESS_HEADER_SENDER;
		put_field(h, buf_span(&b));
		buf_clear(&b);
	}
	if ((seen & F_DATE) == 0) {
		buf_fmt(&b, "%sDate: ", resent);
		civil_put_mail(&b, now, port_zone(now));
		buf_putc(&b, '\n');
	}
	if ((seen & F_ID) == 0) {
		buf_fmt(&b, "%sMessage-ID: ", resent);
		put_id(s, &b);
		buf_putc(&b, '\n');
	}
	if (((h->seen | h->seen_resent) & F_TO) == 0)
		buf_puts(&b, "To: undisclosed-recipients:;\n");
	h->put(h, buf_span(&b));
}

/* ---- the fields that come ------------------------------------------------ */

static enum submit_origin
origin(const struct submit_head *h)
{
	return (h->field & F_RESENT) != 0 ? SUBMIT_RESENT : SUBMIT_FIELD;
}

static bool
gives_rcpts(const struct submit_head *h)
{
	return h->in_field && h->s->from_fields && (h->field & F_RCPT) != 0;
}

/* What was gathered goes as it is: it became too long. */
static void
let_go(struct submit_head *h)
{
	h->put(h, buf_span(&h->s->held));
	h->holds = false;
}

/* The present field is complete. */
static void
end_field(struct submit_head *h)
{
	struct span text = buf_span(&h->s->held);

	if (gives_rcpts(h) && mail_list_end(&h->list))
		submit_rcpt_add(h->s, origin(h), &h->list);
	if (h->in_field && h->holds)
		put_field(h, span_head(text, text.n - 1));
	h->in_field = h->holds = false;
}

static bool
is_dropped(const struct submit_head *h, struct span name)
{
	struct span rest = h->s->set->message_drop_headers, word;

	while (span_word(&rest, LIST_DIVIDERS, &word))
		if (span_eq_case(word, name))
			return true;
	return false;
}

static void
begin_field(struct submit_head *h, struct span name)
{
	int i;

	end_field(h);
	h->in_field = true;
	h->keeps = !is_dropped(h, name);
	h->holds = is_rewritten(h, name);
	i = span_index(fields, name);
	h->field = i < 0 ? 0 : are[i];
	h->where = (h->field & (F_TO | F_RCPT)) != 0 ?
		ADDRESS_HEADER_RECIPIENT : ADDRESS_HEADER_SENDER;
	if ((h->field & F_HOP) != 0)
		h->hops++;
	if ((h->field & F_RESENT) != 0) {
		h->s->is_resent = true;
		h->seen_resent |= h->field;
	} else {
		h->seen |= h->field;
	}
	mail_list_start(&h->list);
	buf_clear(&h->s->held);
}

/* A piece of the present field, its name and colon not among it. */
static void
read_rcpts(struct submit_head *h, struct span s)
{
	while (s.n > 0) {
		s = span_tail(s, mail_list_feed(&h->list, s));
		if (h->list.is_ready)
			submit_rcpt_add(h->s, origin(h), &h->list);
	}
}

static void
keep(struct submit_head *h, struct span text)
{
	if (h->holds) {
		buf_put(&h->s->held, text);
		if (!h->s->held.full)
			return;
		let_go(h);
	}
	h->put(h, text);
}

/* A line of the present field, from its first piece to its end. */
static enum rc
take_line(struct submit_head *h, struct span piece, size_t skip, bool last)
{
	for (;;) {
		if (gives_rcpts(h))
			read_rcpts(h, span_tail(piece, skip));
		if (h->keeps) {
			h->s->head_8bit |= span_has_8bit(piece);
			keep(h, piece);
		}
		if (last)
			break;
		skip = 0;
		TRY(h->out_rc);
		TRY(submit_in_piece(h->in, &piece, &last));
	}
	if (h->keeps)
		keep(h, SPAN("\n"));
	return RC_OK;
}

static enum rc
skip_line(struct submit_head *h, bool last)
{
	struct span piece;

	while (!last)
		TRY(submit_in_piece(h->in, &piece, &last));
	return RC_OK;
}

static enum rc
take_fields(struct submit_head *h, struct span *piece, bool *last)
{
	bool any = false;

	for (;;) {
		struct span name;

		TRY(h->out_rc);		/* it need not end by itself */
		TRY(submit_in_piece(h->in, piece, last));
		name = mail_field_name(*piece);
		if (!any && name.n == 0 && mail_is_mailbox_line(*piece)) {
			TRY(skip_line(h, *last));
		} else if (h->in_field && piece->n > 0 &&
		    (piece->p[0] == ' ' || piece->p[0] == '\t')) {
			TRY(take_line(h, *piece, 0, *last));
		} else if (name.n > 0) {
			any = true;
			begin_field(h, name);
			TRY(take_line(h, *piece,
				span_find(*piece, ':') + 1, *last));
		} else {
			return RC_OK;
		}
	}
}

enum rc
submit_head(struct submit_head *h, struct span *piece, bool *last)
{
	enum rc rc = take_fields(h, piece, last);

	end_field(h);
	if (rc == RC_OK || rc == RC_NONE) {
		put_missing(h);
		h->put(h, SPAN("\n"));
	}
	return rc;
}
