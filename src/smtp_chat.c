/*
 * smtp_chat.c - lines and replies over a stream, each wait under a limit.
 *
 * Nothing here knows what a command means.  Commands are put into a window and
 * leave together; replies are read one by one, in order.
 */
#include <string.h>

#include "port.h"
#include "smtp_int.h"

void
chat_open(struct chat *c, int fd, bool whole, ms_t end)
{
	c->fd = fd;
	c->tls = NULL;
	c->table_failed = false;
	c->whole = whole;
	c->write_dead = false;
	c->limit = MINUTE;
	c->until = 0;
	c->end = end;
	c->out = BUF(c->out_room);
	c->in_from = c->in_n = 0;
}

static ms_t
deadline(const struct chat *c)
{
	ms_t until = c->whole ? c->until : port_now() + c->limit;

	return until < c->end ? until : c->end;
}

void
chat_close(struct chat *c, bool lost)
{
	if (c->tls != NULL && lost)
		tls_wire_drop(c->tls);
	else if (c->tls != NULL)
		tls_wire_close(c->tls, deadline(c));
	c->tls = NULL;
	port_close(c->fd);
	c->fd = -1;
}

void
chat_secure(struct chat *c, struct tls_wire *tls)
{
	if (c->in_n > 0)
		log_line(c->log, LOG_WARNING, "%zu octets that came in clear "
		    "ahead of TLS are thrown away", c->in_n);
	c->in_from = c->in_n = 0;
	c->tls = tls;
}

void
chat_limit(struct chat *c, ms_t limit)
{
	c->limit = limit;
	c->until = port_now() + limit;
}

void
chat_more_time(struct chat *c, ms_t more, ms_t most)
{
	ms_t ceiling = port_now() + most;

	c->until += more;
	if (c->until > ceiling)
		c->until = ceiling;
}

static enum rc
write_all(struct chat *c, struct span data)
{
	size_t put;
	enum rc rc = RC_OK;

	while (data.n > 0 && rc == RC_OK) {
		rc = c->tls != NULL ? tls_wire_write(c->tls, data.p, data.n,
		    deadline(c), &put) :
		    port_write(c->fd, data.p, data.n, deadline(c), &put);
		if (rc == RC_OK)
			span_skip(&data, put);
	}
	return rc;
}

/* ---- commands ----------------------------------------------------------- */

struct buf
chat_line(const struct chat *c)
{
	return buf_attempt(&c->out);
}

enum rc
chat_put_line(struct chat *c, struct buf *line)
{
	buf_puts(line, "\r\n");
	if (line->full)
		return RC_FULL;
	log_line(c->log, LOG_DEBUG, "> %.*s",
	    (int)(line->n - c->out.n) - 2, c->out.p + c->out.n);
	c->out.n = line->n;
	return RC_OK;
}

enum rc
chat_put(struct chat *c, const char *fmt, ...)
{
	struct buf line = chat_line(c);
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	buf_vfmt(&line, fmt, ap);
	__builtin_va_end(ap);
	return chat_put_line(c, &line);
}

enum rc
chat_flush(struct chat *c)
{
	enum rc rc;

	if (c->write_dead || c->out.n == 0)
		return RC_OK;
	rc = write_all(c, buf_span(&c->out));
	buf_clear(&c->out);
	if (rc == RC_TIME)
		return RC_TIME;

	/*
	 * A server that hangs up early has mostly said why.  Reading gives
	 * those words first, and then RC_GONE.
	 */
	c->write_dead = rc != RC_OK;
	return RC_OK;
}

enum rc
chat_send_secret(struct chat *c, const char *shown, struct span secret)
{
	enum rc rc;

	ASSERT(c->out.n == 0);
	log_line(c->log, LOG_DEBUG, "> %s***", shown);
	buf_puts(&c->out, shown);
	buf_put(&c->out, secret);
	buf_puts(&c->out, "\r\n");
	rc = c->out.full ? RC_FULL : chat_flush(c);
	base_wipe(c->out_room, sizeof(c->out_room));
	buf_clear(&c->out);
	return rc;
}

enum rc
chat_data(struct chat *c, struct span data)
{
	while (data.n > 0) {
		size_t room = c->out.cap - 1 - c->out.n;
		struct span part = span_head(data, room);

		buf_put(&c->out, part);
		span_skip(&data, part.n);
		if (data.n > 0) {
			TRY(chat_flush(c));
			if (c->write_dead)
				return RC_GONE;
		}
	}
	return RC_OK;
}

/* ---- replies ------------------------------------------------------------ */

static enum rc
fill(struct chat *c)
{
	c->in_from = 0;
	return c->tls != NULL ? tls_wire_read(c->tls, c->in, sizeof(c->in),
	    deadline(c), &c->in_n) :
	    port_read(c->fd, c->in, sizeof(c->in), deadline(c), &c->in_n);
}

static enum rc
next_octet(struct chat *c, char *out)
{
	if (c->in_n == 0)
		TRY(fill(c));
	*out = c->in[c->in_from++];
	c->in_n--;
	return RC_OK;
}

bool
chat_has_input(const struct chat *c)
{
	return c->in_n > 0 || (c->tls != NULL ? tls_wire_readable(c->tls) :
	    port_readable(c->fd));
}

/*
 * A line without its end, cut at CHAT_LINE_MAX and at a NUL.  Its length and
 * the number of lines are the server's affair; time is what is limited.
 */
static enum rc
read_line(struct chat *c, struct span *out)
{
	size_t n = 0;
	char o;

	for (;;) {
		TRY(next_octet(c, &o));
		if (o == '\n')
			break;
		if (n < sizeof(c->line))
			c->line[n++] = o;
	}
	while (n > 0 && c->line[n - 1] == '\r')
		n--;
	*out = (struct span){ c->line, n };
	*out = span_head(*out, span_find(*out, '\0'));
	return RC_OK;
}

/* smtp_reply_filter: another line in place of what the server said. */
static enum rc
filter_line(struct chat *c, struct span *line)
{
	struct buf b;
	enum rc rc;

	if (c->filter == NULL || c->filter->first == NULL)
		return RC_OK;
	buf_init(&b, c->filtered, CHAT_LINE_MAX);
	rc = table_find(c->filter, *line, TABLE_ANY, &b);
	if (rc == RC_NONE)
		return RC_OK;
	if (rc != RC_OK) {
		c->table_failed = true;
		return RC_OS;
	}
	log_line(c->log, LOG_DEBUG, "< %.*s, filtered", SPAN_ARG(*line));
	*line = buf_span(&b);
	return RC_OK;
}

/* Three digits, and behind them a blank, a hyphen or nothing. */
static bool
is_reply(struct span line)
{
	size_t i;

	if (line.n < 3)
		return false;
	for (i = 0; i < 3; i++)
		if (line.p[i] < '0' || line.p[i] > '9')
			return false;
	return line.n == 3 || line.p[3] == ' ' || line.p[3] == '-';
}

bool
reply_dsn(struct span *text, char dsn[DSN_MAX])
{
	size_t n, dots = 0, digits = 0;

	for (n = 0; n < text->n && text->p[n] != ' '; n++) {
		char o = text->p[n];

		if (o == '.' && digits > 0 && dots < 2) {
			dots++;
			digits = 0;
		} else if (o < '0' || o > '9' ||
		    ++digits > (dots == 0 ? 1 : 3)) {
			return false;
		}
	}
	if (dots < 2 || digits == 0)
		return false;
	memcpy(dsn, text->p, n);
	dsn[n] = '\0';
	span_skip(text, n);
	return true;
}

/* An enhanced code of the reply's own class (RFC 2034, 4), or X.0.0. */
static void
find_dsn(struct reply *r, struct span text)
{
	char class = (char)('0' + r->class);

	while (text.n > 0 && text.p[0] == ' ')
		span_skip(&text, 1);
	if (text.n > 0 && text.p[0] == class && reply_dsn(&text, r->dsn))
		return;
	memcpy(r->dsn, "X.0.0", sizeof("X.0.0"));
	r->dsn[0] = class;
}

void
reply_clear(struct reply *r)
{
	r->code = r->class = 0;
	r->odd = false;
	r->dsn[0] = '\0';
	r->text = BUF(r->room);
}

static void
add_text(struct reply *r, struct span line)
{
	if (r->text.n > 0)
		buf_put_cut(&r->text, SPAN(" "));
	text_printable(&r->text, line);
}

enum rc
chat_reply_line(struct chat *c, struct reply *r, struct span *text,
    bool *last)
{
	struct span line;

	for (;;) {
		TRY(read_line(c, &line));
		TRY(filter_line(c, &line));
		log_line(c->log, LOG_DEBUG, "< %.*s", SPAN_ARG(line));
		if (is_reply(line))
			break;
		r->odd = true;
		add_text(r, line);
		log_line(c->log, LOG_INFO, "no reply of RFC 5321, ignored: "
		    "%.*s", SPAN_ARG(span_head(line, 100)));
	}
	r->class = line.p[0] - '0';
	r->code = r->class * 100 + (line.p[1] - '0') * 10 + line.p[2] - '0';
	*text = span_tail(line, 4);
	*last = line.n == 3 || line.p[3] == ' ';
	if (*last)
		find_dsn(r, *text);
	add_text(r, line);
	return RC_OK;
}

enum rc
chat_reply(struct chat *c, struct reply *r)
{
	struct span text;
	bool last;

	reply_clear(r);
	do
		TRY(chat_reply_line(c, r, &text, &last));
	while (!last);
	return RC_OK;
}

enum rc
chat_ask(struct chat *c, const char *command, struct reply *r)
{
	TRY(chat_put(c, "%s", command));
	TRY(chat_flush(c));
	return chat_reply(c, r);
}
