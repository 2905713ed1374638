/*
 * submit_take.c - standard input into a spool, the header completed.
 *
 * A Received line goes on top, as every taker of mail puts one (RFC 5321, 4.4);
 * hops are counted by it.  What the header lacks goes to its end, where it is
 * known to be missing: From, Date, Message-ID, and a To for mail that shows no
 * recipient at all.  Once a Resent- field is there, it is those that are added.
 * message_drop_headers (Bcc, Return-Path...) never reach the spool.
 *
 * A field is looked at in pieces, so it may have any length.
 */
#include "port.h"
#include "submit.h"

enum {
	F_FROM = 1, F_DATE = 2, F_ID = 4,
	F_TO = 8,		/* a field that shows a recipient */
	F_RESENT = 16,		/* ...of a message that is sent on */
	F_RCPT = 32,		/* -t takes recipients from it */
	F_HOP = 64
};

struct field {
	const char *name;
	unsigned is;
};

static const struct field fields[] = {
	{ "From", F_FROM }, { "Date", F_DATE }, { "Message-Id", F_ID },
	{ "To", F_TO | F_RCPT }, { "Cc", F_TO | F_RCPT }, { "Bcc", F_RCPT },
	{ "Resent-From", F_RESENT | F_FROM },
	{ "Resent-Date", F_RESENT | F_DATE },
	{ "Resent-Message-Id", F_RESENT | F_ID },
	{ "Resent-To", F_RESENT | F_TO | F_RCPT },
	{ "Resent-Cc", F_RESENT | F_TO | F_RCPT },
	{ "Resent-Bcc", F_RESENT | F_RCPT },
	{ "Resent-Sender", F_RESENT }, { "Received", F_HOP },
};

struct take {
	struct submit *s;
	unsigned seen, seen_resent;	/* F_, of either kind */
	unsigned field;			/* F_ of the present one */
	bool in_field;			/* there is a present one */
	bool keeps;			/* ...which goes to the spool */
	int hops;
	int64_t size;			/* of the message, at the spool */
	enum rc out_rc;			/* of the spool: the first failure */
	struct buf out;
	struct mail_list list;
	struct submit_in in;
	char out_text[MAIL_PIECE_MAX];
};

static void
flush(struct take *t)
{
	if (t->out.n > 0 && t->out_rc == RC_OK)
		t->out_rc = port_append(t->s->mail.fd, buf_span(&t->out));
	buf_clear(&t->out);
}

static void
put(struct take *t, struct span s)
{
	int64_t most = t->s->set->message_size_limit;

	t->size += (int64_t)s.n;
	if (most > 0 && t->size > most && t->out_rc == RC_OK)
		t->out_rc = RC_FULL;
	if (t->out.cap - t->out.n <= s.n)
		flush(t);
	if (s.n < t->out.cap)
		buf_put(&t->out, s);
	else if (t->out_rc == RC_OK)
		t->out_rc = port_append(t->s->mail.fd, s);
}

/* ---- fields of our own --------------------------------------------------- */

static void
put_received(struct take *t)
{
	const struct submit *s = t->s;
	char text[SUBMIT_LINE_MAX];
	struct buf b = BUF(text);
	int64_t now = port_wall();

	buf_puts(&b, "Received: by ");
	buf_put(&b, s->set->myhostname);
	buf_puts(&b, " (postern, from user ");
	port_user(&b);
	buf_fmt(&b, ")\n\tid %s; ", s->id);
	civil_put_mail(&b, now, port_zone(now));
	buf_putc(&b, '\n');
	put(t, buf_span(&b));
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
	if (s->sender.n > 0) {
		mail_addr_quote(b, s->sender);
	} else {
		buf_puts(b, "MAILER-DAEMON@");
		buf_put(b, s->set->myorigin);
	}
	if (name.n > 0 && !is_old) {
		buf_putc(b, '>');
	} else if (name.n > 0) {
		buf_puts(b, " (");
		mail_comment(b, name);
		buf_putc(b, ')');
	}
}

static void
put_id(const struct submit *s, struct buf *b)
{
	struct civil c;

	civil_of(s->arrived_ms / SECOND, &c);
	buf_fmt(b, "<%04d%02d%02d%02d%02d%02d.%s@", c.year, c.month, c.day,
		c.hour, c.minute, c.second, s->id);
	buf_put(b, s->set->myhostname);
	buf_putc(b, '>');
}

static void
put_missing(struct take *t)
{
	const struct submit *s = t->s;
	const char *resent = s->is_resent ? "Resent-" : "";
	unsigned seen = s->is_resent ? t->seen_resent : t->seen;
	char text[SUBMIT_LINE_MAX];
	struct buf b = BUF(text);
	int64_t now = s->arrived_ms / SECOND;

	if (s->is_gateway && !s->set->always_add_missing_headers)
		return;
	if ((seen & F_FROM) == 0) {
		buf_fmt(&b, "%sFrom: ", resent);
		put_author(s, &b);
		buf_putc(&b, '\n');
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
	if (((t->seen | t->seen_resent) & F_TO) == 0)
		buf_puts(&b, "To: undisclosed-recipients:;\n");
	put(t, buf_span(&b));
}

/* ---- the fields that come ------------------------------------------------ */

static enum submit_origin
origin(const struct take *t)
{
	return (t->field & F_RESENT) != 0 ? SUBMIT_RESENT : SUBMIT_FIELD;
}

static bool
gives_rcpts(const struct take *t)
{
	return t->in_field && t->s->from_fields && (t->field & F_RCPT) != 0;
}

/* The present field is complete. */
static void
end_field(struct take *t)
{
	if (gives_rcpts(t) && mail_list_end(&t->list))
		submit_rcpt_add(t->s, origin(t), &t->list);
	t->in_field = false;
}

static bool
is_dropped(const struct take *t, struct span name)
{
	struct span rest = t->s->set->message_drop_headers, word;

	while (span_word(&rest, LIST_DIVIDERS, &word))
		if (span_eq_case(word, name))
			return true;
	return false;
}

static void
begin_field(struct take *t, struct span name)
{
	end_field(t);
	t->in_field = true;
	t->keeps = !is_dropped(t, name);
	t->field = 0;
	for (size_t i = 0; i < COUNT(fields); i++)
		if (span_is_case(name, fields[i].name))
			t->field = fields[i].is;
	if ((t->field & F_HOP) != 0)
		t->hops++;
	if ((t->field & F_RESENT) != 0) {
		t->s->is_resent = true;
		t->seen_resent |= t->field;
	} else {
		t->seen |= t->field;
	}
	mail_list_start(&t->list);
}

/* A piece of the present field, its name and colon not among it. */
static void
read_rcpts(struct take *t, struct span s)
{
	while (s.n > 0) {
		s = span_part(s, mail_list_feed(&t->list, s), s.n);
		if (t->list.is_ready)
			submit_rcpt_add(t->s, origin(t), &t->list);
	}
}

/* A line of the present field, from its first piece to its end. */
static enum rc
take_field_line(struct take *t, struct span piece, size_t skip, bool last)
{
	for (;;) {
		if (gives_rcpts(t))
			read_rcpts(t, span_part(piece, skip, piece.n));
		if (t->keeps) {
			t->s->head_8bit |= span_has_8bit(piece);
			put(t, piece);
		}
		if (last)
			break;
		skip = 0;
		TRY(t->out_rc);
		TRY(submit_in_piece(&t->in, &piece, &last));
	}
	if (t->keeps)
		put(t, SPAN("\n"));
	return RC_OK;
}

static enum rc
skip_line(struct take *t, bool last)
{
	struct span piece;

	while (!last)
		TRY(submit_in_piece(&t->in, &piece, &last));
	return RC_OK;
}

/*
 * The header, up to and with the empty line; RC_NONE: nothing comes behind it.
 * A first line that is no field is the body's: *piece and *last are it.
 */
static enum rc
take_head(struct take *t, struct span *piece, bool *last)
{
	bool any = false;

	for (;;) {
		struct span name;

		TRY(t->out_rc);		/* it need not end by itself */
		TRY(submit_in_piece(&t->in, piece, last));
		name = mail_field_name(*piece);
		if (!any && name.n == 0 && mail_is_mailbox_line(*piece)) {
			TRY(skip_line(t, *last));
		} else if (t->in_field && piece->n > 0 &&
		    (piece->p[0] == ' ' || piece->p[0] == '\t')) {
			TRY(take_field_line(t, *piece, 0, *last));
		} else if (name.n > 0) {
			any = true;
			begin_field(t, name);
			TRY(take_field_line(t, *piece,
				span_find(*piece, ':') + 1, *last));
		} else {
			return RC_OK;
		}
	}
}

static enum rc
take_body(struct take *t, struct span piece, bool last)
{
	enum rc rc = RC_OK;

	if (piece.n == 0 && last)	/* it was the empty line */
		rc = submit_in_piece(&t->in, &piece, &last);
	while (rc == RC_OK && t->out_rc == RC_OK) {
		put(t, piece);
		if (last)
			put(t, SPAN("\n"));
		rc = submit_in_piece(&t->in, &piece, &last);
	}
	return rc;
}

static enum rc
take_all(struct take *t)
{
	struct span piece;
	bool last;
	enum rc rc;

	put_received(t);
	rc = take_head(t, &piece, &last);
	end_field(t);
	if (rc != RC_OK && rc != RC_NONE)
		return rc;
	put_missing(t);
	put(t, SPAN("\n"));
	if (rc == RC_OK)
		rc = take_body(t, piece, last);
	flush(t);
	return rc == RC_NONE ? RC_OK : rc;
}

/* ---- what is said of it -------------------------------------------------- */

/* The message is not taken; why, and the exit code. */
static int
refuse_spool(const struct take *t)
{
	const struct app *app = t->s->app;

	if (t->out_rc == RC_FULL) {
		app_fail(app, "the message is longer than message_size_limit ="
			" %lld allows; nothing was sent",
			(long long)t->s->set->message_size_limit);
		return EXIT_LATER;
	}
	app_fail(app, "the message cannot be kept while it is sent: %s;"
		" nothing was sent, try again when there is room in TMPDIR",
		port_error());
	return EXIT_LATER;
}

static int
judge(const struct take *t, enum rc rc)
{
	const struct app *app = t->s->app;

	if (t->out_rc != RC_OK)
		return refuse_spool(t);
	if (rc != RC_OK) {
		app_fail(app, "the message cannot be read from standard input:"
			" %s; nothing was sent", port_error());
		return EXIT_DATA;
	}
	if (t->s->rcpt_text.full) {
		app_fail(app, "there are more recipients than fit (%zu KiB of"
			" addresses); nothing was sent, divide the list",
			SUBMIT_RCPT_BYTES / 1024);
		return EXIT_DATA;
	}
	if (t->hops >= t->s->set->hopcount_limit) {
		app_fail(app, "the message goes in circles: it has %d Received"
			" fields (hopcount_limit = %d); nothing was sent",
			t->hops, t->s->set->hopcount_limit);
		return EXIT_BOUNCED;
	}
	return EXIT_OK;
}

/* The spool that is about to be filled. */
static int
open_spool(struct submit *s)
{
	s->mail = (struct mail_source){
		.fd = -1,
		.ends = MAIL_ENDS_NEVER,	/* submit_in.c saw to them */
		.replace_stray = s->set->cleanup_replace_stray_cr_lf,
	};
	if (port_temp(NULL, &s->mail.fd) == RC_OK)
		return EXIT_OK;
	app_fail(s->app, "there is no place to keep the message while it is"
		" sent: %s; nothing was sent, TMPDIR can name a folder",
		port_error());
	return EXIT_LATER;
}

int
submit_take(struct submit *s)
{
	struct take *t;
	struct port_stat st;
	int code;

	if (port_stat_fd(PORT_STDIN, &st) != RC_OK) {
		app_fail(s->app, "standard input is closed, so there is no"
			" message; nothing was sent");
		return EXIT_DATA;
	}
	if ((code = open_spool(s)) != EXIT_OK)
		return code;
	if ((t = port_memory(sizeof(*t))) == NULL) {
		app_fail(s->app, "out of memory; nothing was sent");
		return EXIT_LATER;
	}
	t->s = s;
	t->out = BUF(t->out_text);
	t->out_rc = RC_OK;
	submit_in_start(&t->in, s->set->sendmail_fix_line_endings,
		!s->dot_is_text);
	code = judge(t, take_all(t));
	s->mail.size = t->size;
	return code;
}

int
submit_probe(struct submit *s)
{
	s->is_probe = true;
	return open_spool(s);
}
