/*
 * mail_dsn.c - the text of a notice.
 *
 * People read the first part and want three things of it: which message, who
 * did not get it, and what was said.  Programs read the second.  The words of a
 * remote server are given as they came, and nothing of theirs can begin a field
 * or a part, since a verdict's text has no line ends.
 */
#include <stdarg.h>

#include "mail.h"
#include "mail_dsn.h"

#define LINE_BYTES	4096	/* an address in its fields, or a text */
#define TEXT_COLUMNS	72

struct words {
	const char *subject;
	const char *postmaster;		/* subject, for him */
	const char *intro;
	const char *part;		/* the original's description */
};

static const struct words words[] = {
	[MAIL_DSN_FAILED] = {
		"Your mail could not be delivered",
		"Mail could not be delivered",
		"The message was not delivered to the recipients below, and\n"
		"will not be tried again.  Why, stands behind each of them.\n"
		"It follows at the end, whole or its header.\n",
		"Undelivered Message" },
	[MAIL_DSN_DELAYED] = {
		"Your mail is delayed",
		"Mail is delayed",
		"The message has not been delivered yet to the recipients\n"
		"below.  There is no need to send it again: it is kept here\n"
		"and will be tried",
		"Delayed Message" },
	[MAIL_DSN_DONE] = {
		"Your mail was delivered",
		"Mail was delivered",
		"As its sender asked to be told: it was passed on to the\n"
		"recipients below, or to a server that gives no notices\n"
		"itself.\n",
		"Delivered Message" },
};

static void
put(struct mail_dsn *d, struct span text)
{
	if (d->rc == RC_OK)
		d->rc = d->put(d->arg, text);
}

/* Octets above 127 stand in no notice but one that is in UTF-8. */
static void
put_foreign(struct mail_dsn *d, struct span text)
{
	size_t n;

	for (; text.n > 0 && !d->is_utf8; text = span_tail(text, n)) {
		for (n = 0; n < text.n && (text.p[n] & 0x80) == 0; n++)
			;
		put(d, span_head(text, n));
		if (n < text.n) {
			put(d, SPAN("?"));
			n++;
		}
	}
	put(d, text);
}

static void PRINTF(2, 3)
say(struct mail_dsn *d, const char *fmt, ...)
{
	char room[LINE_BYTES];
	struct buf b = BUF(room);
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt_cut(&b, fmt, ap);
	va_end(ap);
	put_foreign(d, buf_span(&b));
}

static void
say_date(struct mail_dsn *d, const char *name, int64_t at_s)
{
	char room[64];
	struct buf b = BUF(room);

	civil_put_mail(&b, at_s, d->zone_s);
	say(d, "%s: %s\n", name, buf_text(&b));
}

/* `NAME: addr` in the form that headers and log lines have it. */
static void
say_addr(struct mail_dsn *d, const char *name, struct span addr)
{
	char room[LINE_BYTES / 2];
	struct buf b = BUF(room);

	if (addr.n > 0)
		mail_addr_show(&b, addr);
	else
		buf_puts(&b, "<>");
	say(d, "%s%s\n", name, buf_text(&b));
}

/* ---- the header, and what people read ------------------------------------ */

/* `ID.SECONDS/HOST`: no other part of any message has it. */
static void
say_boundary(struct mail_dsn *d, const char *before, const char *after)
{
	say(d, "%s%.*s.%lld/%.*s%s", before, SPAN_ARG(d->notice_id),
	    (long long)d->now_s, SPAN_ARG(d->host), after);
}

static void
say_8bit(struct mail_dsn *d, bool is_8bit)
{
	if (is_8bit || d->is_utf8)
		put(d, SPAN("Content-Transfer-Encoding: 8bit\n"));
}

static void
say_header(struct mail_dsn *d)
{
	const struct words *w = &words[d->kind];

	say_date(d, "Date", d->now_s);
	say(d, "From: Mail Delivery System <%.*s>\n", SPAN_ARG(d->from));
	say_addr(d, "To: ", d->to);
	say(d, "Subject: %s%s\n", d->is_double ? "Nobody was told: " : "",
	    d->to_postmaster ? w->postmaster : w->subject);
	say(d, "Message-ID: <%.*s.%lld@%.*s>\n", SPAN_ARG(d->notice_id),
	    (long long)d->now_s, SPAN_ARG(d->host));
	put(d, SPAN("Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"));
	say_boundary(d, "\tboundary=\"", "\"\n");
	say_8bit(d, d->is_8bit);
	put(d, SPAN("\nThis is a notice in several parts (MIME).\n\n"));
}

void
mail_dsn_start(struct mail_dsn *d)
{
	char room[64];
	struct buf until = BUF(room);

	say_header(d);
	say_boundary(d, "--", "\n");
	say(d, "Content-Description: Notification\n"
	    "Content-Type: text/plain; charset=%s\n",
	    d->is_utf8 ? "utf-8" : "us-ascii");
	say_8bit(d, false);
	say(d, "\nThis is the mail system of %.*s.\n\n", SPAN_ARG(d->host));
	if (d->to_postmaster) {
		say_addr(d, "For the postmaster: a message of ", d->sender);
		put(d, d->is_double ? SPAN("was not delivered, nor could its "
		    "sender be told.\n") : SPAN("is the subject of this "
		    "notice to its sender:\n"));
		put(d, SPAN("\n"));
	}
	put(d, span_of(words[d->kind].intro));
	if (d->kind == MAIL_DSN_DELAYED) {
		civil_put_mail(&until, d->until_s, d->zone_s);
		say(d, " until\n%s.\n", buf_text(&until));
	}
}

/* The text broken at blanks, as people's programs show long lines badly. */
static void
say_folded(struct mail_dsn *d, const char *first, struct span text)
{
	struct span rest = text, word;
	size_t column = TEXT_COLUMNS;

	put_foreign(d, span_of(first));
	while (span_word(&rest, " ", &word)) {
		if (column + word.n >= TEXT_COLUMNS) {
			put(d, SPAN("\n    "));
			column = 4;
		} else {
			put(d, SPAN(" "));
			column++;
		}
		put_foreign(d, word);
		column += word.n;
	}
	put(d, SPAN("\n"));
}

void
mail_dsn_tell(struct mail_dsn *d, const struct mail_dsn_rcpt *r)
{
	char room[LINE_BYTES / 2];
	struct buf b = BUF(room);

	buf_puts(&b, "\n<");
	mail_addr_show(&b, r->addr);
	buf_puts(&b, ">:");
	say_folded(d, buf_text(&b), r->text);
}

/* ---- what programs read: RFC 3464 ---------------------------------------- */

/* A word of letters, digits and hyphens, for names of fields. */
static void
put_token(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9');

		buf_putc(b, plain ? c : '-');
	}
}

/* The type of an address in these fields: RFC 6533, section 4. */
static const char *
type_of(const struct mail_dsn *d, struct span addr)
{
	return d->is_utf8 && span_has_8bit(addr) ? "utf-8" : "rfc822";
}

void
mail_dsn_status(struct mail_dsn *d)
{
	char room[128];
	struct buf token = BUF(room);

	put_token(&token, d->product);
	say_boundary(d, "\n--", "\n");
	say(d, "Content-Description: Delivery report\n"
	    "Content-Type: message/%sdelivery-status\n",
	    d->is_utf8 ? "global-" : "");
	say_8bit(d, false);
	say(d, "\nReporting-MTA: dns; %.*s\n", SPAN_ARG(d->host));
	if (d->envid.n > 0)
		say(d, "Original-Envelope-Id: %.*s\n", SPAN_ARG(d->envid));
	say(d, "X-%s-Queue-ID: %.*s\n", buf_text(&token), SPAN_ARG(d->id));
	say(d, "X-%s-Sender: %s; ", buf_text(&token),
	    type_of(d, d->sender));
	say_addr(d, "", d->sender);
	if (d->arrived_s > 0)
		say_date(d, "Arrival-Date", d->arrived_s);
}

/* What is behind the first of these words; empty: it is not there. */
static struct span
behind(struct span text, const char *word)
{
	size_t n = span_of(word).n;

	while (text.n > 0 && !span_is(span_head(text, n), word))
		text = span_tail(text, 1);
	return span_tail(text, n);
}

/*
 * What a server said, out of `host N[A] said: REPLY (in reply to C command)`;
 * empty: the text is our own.
 */
static struct span
reply_in(struct span text)
{
	static const char tail[] = " (in reply to ";
	struct span reply = behind(text, " said: "), rest = reply, more;

	if (!span_starts_case(text, "host "))
		return SPAN("");
	for (; (more = behind(rest, tail)).n > 0; rest = more)
		reply.n = (size_t)(more.p - reply.p) - (sizeof(tail) - 1);
	return reply;
}

static const char *
action(const struct mail_dsn *d, const struct mail_dsn_rcpt *r)
{
	switch (d->kind) {
	case MAIL_DSN_FAILED: return "failed";
	case MAIL_DSN_DELAYED: return "delayed";
	default: return r->relayed ? "relayed" : "delivered";
	}
}

static void
say_diagnosis(struct mail_dsn *d, const struct mail_dsn_rcpt *r)
{
	struct span reply = reply_in(r->text);
	char room[128];
	struct buf b = BUF(room);

	if (d->kind == MAIL_DSN_DONE && r->relay.n > 0 &&
	    !span_is(r->relay, "none"))
		reply = r->text;	/* as it is: the server's */
	if (reply.n > 0) {
		say(d, "Remote-MTA: dns; %.*s\n", SPAN_ARG(span_head(
		    r->relay, span_find(r->relay, '['))));
		say_folded(d, "Diagnostic-Code: smtp;", reply);
		return;
	}
	buf_puts(&b, "Diagnostic-Code: X-");
	put_token(&b, d->product);
	buf_puts(&b, ";");
	say_folded(d, buf_text(&b), r->text);
}

void
mail_dsn_fields(struct mail_dsn *d, const struct mail_dsn_rcpt *r)
{
	char room[LINE_BYTES / 2];
	struct buf b = BUF(room);

	buf_fmt(&b, "\nFinal-Recipient: %s; ", type_of(d, r->addr));
	say_addr(d, buf_text(&b), r->addr);
	if (r->orcpt.n > 0)
		say(d, "Original-Recipient: %.*s\n", SPAN_ARG(r->orcpt));
	say(d, "Action: %s\nStatus: %.*s\n", action(d, r), SPAN_ARG(r->dsn));
	say_diagnosis(d, r);
	if (d->kind == MAIL_DSN_DELAYED)
		say_date(d, "Will-Retry-Until", d->until_s);
}

/* ---- the original -------------------------------------------------------- */

void
mail_dsn_original(struct mail_dsn *d)
{
	const char *type = "text/rfc822-headers";

	if (d->is_utf8)
		type = d->whole ? "message/global" : "message/global-headers";
	else if (d->whole)
		type = "message/rfc822";
	say_boundary(d, "\n--", "\n");
	say(d, "Content-Description: %s%s\nContent-Type: %s\n",
	    words[d->kind].part, d->whole ? "" : " Headers", type);
	say_8bit(d, d->is_8bit);
	put(d, SPAN("\n"));
}

void
mail_dsn_end(struct mail_dsn *d)
{
	say_boundary(d, "\n--", "--\n");
}
