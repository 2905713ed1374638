/*
 * submit_smtp.c - SMTP on standard input and output, for programs that speak
 * it with sendmail -bs instead of a server.  RFC 5321, 1870, 2034, 2920, 3461,
 * 6152, 6531.
 *
 * Each message goes the way of all others (submit_take(), submit_queue()), so
 * 250 behind the dot means what exit code 0 does.  Everybody who can start us
 * may send mail anyway, so nobody is asked who he is, and no mail is relayed
 * for anybody else.
 */
#include <stdarg.h>
#include <string.h>

#include "mail.h"
#include "port.h"
#include "submit.h"

#define REPLY_MAX	512	/* RFC 5321, 4.5.3.1.5 */

struct session {
	struct submit *s;
	struct submit_in *in;
	bool has_sender, is_over;
	size_t rcpts;
	char why[REPLY_MAX];
	char envid[RCPT_ADDR_MAX];
};

/* ---- replies ------------------------------------------------------------- */

/* What was said goes out once there is nothing more to answer. */
static enum rc
flush(struct session *c)
{
	return app_flush(c->s->app) ? RC_OK : RC_GONE;
}

static void PRINTF(2, 3)
say(struct session *c, const char *fmt, ...)
{
	struct buf *out = app_out(c->s->app), b = *out;
	va_list ap;

	b.cap = b.n + REPLY_MAX - 1;
	va_start(ap, fmt);
	buf_vfmt_cut(&b, fmt, ap);
	va_end(ap);
	text_mask(&b, out->n);
	out->n = b.n;
	buf_puts(out, "\r\n");
}

/* Why a message, or its sender, isn't taken. */
static const char *
put_why(struct session *c, int code)
{
	const struct submit *s = c->s;
	struct buf b = BUF(c->why);
	int64_t most = s->set->message_size_limit;

	buf_puts(&b, most > 0 && s->size > most ? "552 5.3.4 " :
		code == EXIT_USAGE ? "501 5.1.7 " :
		code == EXIT_LATER || code == EXIT_CONFIG ? "451 4.3.0 " :
		"554 5.6.0 ");
	buf_put_cut(&b, buf_span(&s->why));
	return buf_text(&b);
}

/* ---- arguments ----------------------------------------------------------- */

/* Behind `from:` or `to:`: a path in brackets, quotes in it as they may be. */
static bool
take_path(struct span *rest, struct buf *addr)
{
	struct span s = span_trim(*rest), path;
	bool quoted = false;
	size_t n = 1;

	if (s.n < 2 || s.p[0] != '<')
		return false;
	for (; n < s.n && (quoted || s.p[n] != '>'); n++) {
		quoted ^= s.p[n] == '"';
		n += s.p[n] == '\\';
	}
	if (n >= s.n)
		return false;
	path = span_part(s, 1, n - 1);
	*rest = span_tail(s, n + 1);
	if (path.n > 0 && path.p[0] == '@')	/* a route: RFC 5321, C */
		path = span_tail(path, span_find(path, ':') + 1);
	return mail_addr_unquote(addr, path) == RC_OK && !addr->full;
}

/* The next NAME=VALUE, or NAME. */
static bool
take_word(struct span *rest, struct span *name, struct span *value)
{
	struct span word;
	size_t n;

	if (!span_word(rest, " \t", &word))
		return false;
	n = span_find(word, '=');
	*name = span_head(word, n);
	*value = span_tail(word, n + 1);
	return true;
}

#define BAD_WORD	"555 5.5.4 what stands behind the address is not" \
	" understood"

/* What the message is to be treated like.  The reply if it can't. */
static const char *
take_mail_words(struct session *c, struct span rest)
{
	struct submit *s = c->s;
	struct buf envid = BUF(c->envid);
	int64_t most = s->set->message_size_limit;
	struct span name, value;
	uint64_t size;

	s->body = JOB_BODY_NONE;
	s->ret = JOB_RET_NONE;
	s->smtputf8 = false;
	while (take_word(&rest, &name, &value))
		switch (span_index("SIZE BODY RET SMTPUTF8 ENVID", name)) {
		case 0:
			if (!span_number(value, INT64_MAX, &size))
				return "501 5.5.4 SIZE is no number";
			if (most > 0 && size > (uint64_t)most)
				return "552 5.3.4 longer than"
					" message_size_limit allows";
			break;
		case 1:
			if (!job_body_find(value, &s->body))
				s->body = JOB_BODY_7BIT;
			break;
		case 2:
			if (!job_ret_find(value, &s->ret))
				s->ret = JOB_RET_FULL;
			break;
		case 3:
			s->smtputf8 = s->set->smtputf8_enable;
			break;
		case 4:
			if (envid.n == 0 && code_unxtext(&envid, value) &&
			    !envid.full)
				break;
			return BAD_WORD;
		default:
			return BAD_WORD;
		}
	s->envid = buf_span(&envid);
	return mail_addr_is_safe(s->envid) ? NULL : "501 5.5.4 odd ENVID";
}

static const char *
take_rcpt_words(struct span rest, struct rcpt *to, struct buf *orcpt)
{
	struct span name, value;

	while (take_word(&rest, &name, &value))
		if (span_is_case(name, "NOTIFY")) {
			if (!rcpt_parse_notify(value, &to->notify))
				return "501 5.5.4 NOTIFY: NEVER, or some of"
					" SUCCESS,FAILURE,DELAY";
		} else if (!span_is_case(name, "ORCPT") || orcpt->n > 0 ||
		    !code_unxtext(orcpt, value) || orcpt->full ||
		    !rcpt_parse_orcpt(buf_span(orcpt), &to->orcpt)) {
			return BAD_WORD;
		}
	return NULL;
}

/* ---- commands ------------------------------------------------------------ */

static void
reset(struct session *c)
{
	c->has_sender = false;
	c->rcpts = 0;
}

static void
ehlo(struct session *c)
{
	const struct settings *set = c->s->set;

	reset(c);
	say(c, "250-%.*s", SPAN_ARG(set->myhostname));
	say(c, "250-SIZE %lld", (long long)set->message_size_limit);
	if (c->s->queue != NULL)
		say(c, "250-DSN");
	if (set->smtputf8_enable)
		say(c, "250-SMTPUTF8");
	say(c, "250-8BITMIME");
	say(c, "250-ENHANCEDSTATUSCODES");
	say(c, "250 PIPELINING");
}

/* The reply. */
static const char *
mail(struct session *c, struct span rest)
{
	char room[RCPT_ADDR_MAX + 1];
	struct buf addr = BUF(room);
	const char *bad;
	int code;

	if (c->has_sender)
		return "503 5.5.1 there is a sender already";
	if (!take_path(&rest, &addr))
		return "501 5.1.7 write MAIL FROM:<address>";
	bad = take_mail_words(c, rest);
	if (bad != NULL)
		return bad;
	code = submit_from(c->s, buf_span(&addr), false);
	if (code != EXIT_OK)
		return put_why(c, code);
	reset(c);
	c->has_sender = true;
	return "250 2.1.0 Ok";
}

static const char *
rcpt(struct session *c, struct span rest)
{
	char room[RCPT_ADDR_MAX + 1], full[RCPT_ADDR_MAX + 1];
	char orcpt_text[RCPT_ADDR_MAX];
	struct buf addr = BUF(room), whole = BUF(full);
	struct buf orcpt = BUF(orcpt_text);
	struct rcpt to = { .notify = 0 };
	const char *bad;

	if (!c->has_sender)
		return "503 5.5.1 who sends it? MAIL comes first";
	if (!take_path(&rest, &addr) || addr.n == 0)
		return "501 5.1.3 write RCPT TO:<address>";
	bad = take_rcpt_words(rest, &to, &orcpt);
	if (bad != NULL)
		return bad;
	submit_complete(c->s, &whole, buf_span(&addr),
		mail_addr_has_domain(buf_span(&addr)));
	to.addr = buf_span(&whole);
	to.given = buf_span(&addr);
	if (whole.full || !submit_rcpt_put(c->s, &to))
		return "501 5.1.3 this is no address";
	if (c->s->rcpt_text.full)
		return "452 4.5.3 too many recipients";
	c->rcpts++;
	return "250 2.1.5 Ok";
}

/* Whatever becomes of it, commands follow behind the dot. */
static enum rc
data(struct session *c)
{
	struct submit_in *in = c->in;
	struct span piece;
	bool last;
	int code;

	say(c, "354 end with a line of a single dot");
	TRY(flush(c));
	in->dot_ends = true;
	in->wants_crlf = in->had_cr;
	in->saw_dot = false;
	code = submit_take(c->s, in);
	while (!in->saw_dot && submit_in_piece(in, &piece, &last) == RC_OK)
		;
	if (!in->saw_dot)
		return RC_GONE;
	in->dot_ends = in->wants_crlf = in->is_over = false;
	reset(c);
	if (code == EXIT_OK)
		code = c->s->queue != NULL ? submit_queue(c->s) :
			submit_send(c->s);
	if (code == EXIT_OK)
		say(c, "250 2.0.0 Ok: queued as %s", c->s->id);
	else
		say(c, "%s", put_why(c, code));
	return RC_OK;
}

/* Is it this command?  Then *line is what stands behind it. */
static bool
is_command(struct span *line, const char *name)
{
	size_t n = strlen(name);

	if (!span_starts_case(*line, name) || (line->n > n &&
	    name[n - 1] != ':' && line->p[n] != ' '))
		return false;
	span_skip(line, n);
	return true;
}

/* The reply to all other commands. */
static const char *
answer(struct session *c, struct span line)
{
	struct span rest = line, word = line;

	if (is_command(&line, "MAIL FROM:"))
		return mail(c, line);
	if (is_command(&line, "RCPT TO:"))
		return rcpt(c, line);
	span_word(&rest, " ", &word);
	switch (span_index("NOOP VRFY HELO RSET QUIT", word)) {
	case 0:
		return "250 2.0.0 Ok";
	case 1:
		return "252 2.0.0 send it, and see";
	case 4:
		c->is_over = true;
		return "221 2.0.0 Bye";
	case 2: case 3:
		reset(c);
		return "250 2.0.0 Ok";
	default:
		return "502 5.5.2 not understood";
	}
}

static enum rc
command(struct session *c, struct span line)
{
	if (is_command(&line, "DATA")) {
		if (c->rcpts > 0)
			return data(c);
		say(c, "503 5.5.1 nobody is to get it");
	} else if (is_command(&line, "EHLO")) {
		ehlo(c);
	} else {
		say(c, "%s", answer(c, line));
	}
	return RC_OK;
}

static enum rc
converse(struct session *c)
{
	const struct settings *set = c->s->set;
	struct span piece;
	bool last, is_long = false;

	say(c, "220 %.*s ESMTP %.*s", SPAN_ARG(set->myhostname),
		SPAN_ARG(set->mail_name));
	while (!c->is_over) {
		if (c->in->from == c->in->n)
			TRY(flush(c));
		TRY(submit_in_piece(c->in, &piece, &last));
		if (last && is_long)
			say(c, "500 5.5.2 too long");
		else if (last)
			TRY(command(c, piece));
		is_long = !last;
	}
	return RC_OK;
}

int
submit_smtp(struct submit *s, struct submit_in *in)
{
	struct session *c = port_memory(sizeof(*c));

	if (c == NULL)
		return submit_fail(s, EXIT_LATER, "out of memory");
	c->s = s;
	c->in = in;
	submit_in_start(in, ENDINGS_ALWAYS, false);
	in->replace_stray = s->set->cleanup_replace_stray_cr_lf;
	in->is_smtp = true;
	if (converse(c) == RC_OS)
		return submit_fail(s, EXIT_DATA, "the session broke off: %s",
			port_error());
	buf_clear(&s->why);	/* the client was told */
	return EXIT_OK;
}
