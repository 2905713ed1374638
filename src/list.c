/*
 * list.c - the queue as people and programs see it, in the forms of Postfix's
 * mailq and `postqueue -j`, which scripts read.
 */
#include "applet.h"
#include "list.h"
#include "mail.h"
#include "port.h"
#include "work.h"

#define REASON_COLUMNS	76	/* reasons end in this column, where they fit */

enum rc
list_each(const struct queue *q, enum rc (*each)(void *arg,
	const struct queue_entry *e), void *arg)
{
	struct queue_cursor cursor = { .q = q };
	struct queue_entry e;
	enum rc rc;

	do {
		rc = queue_cursor_next(&cursor, &e);
		if (rc == RC_OK)
			rc = each(arg, &e);
	} while (rc == RC_OK);
	port_list_close(&cursor.list);
	return rc == RC_NONE ? RC_OK : rc;
}

enum rc
list_head(const struct queue *q, const struct queue_entry *e,
	struct queue_head *out)
{
	enum rc rc;
	int fd;

	TRY(queue_open_mail(q, e->id, &fd));
	rc = queue_head_read(fd, out);
	port_close(fd);
	return rc;
}

void
list_put_time(struct buf *b, int64_t unix_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	int zone_s = port_zone(unix_s);
	struct civil c;

	civil_of(unix_s + zone_s, &c);
	buf_fmt(b, "%.*s ", 3, days + 3 * c.weekday);
	civil_put_log(b, unix_s, zone_s);
}

void
list_ask_active(const struct queue *q, struct buf *ids)
{
	if (queue_ask(q, SPAN("active"), ids) != RC_OK)
		buf_clear(ids);
}

enum rc
list_ask(const struct queue *q, const char *what, struct span of,
	struct buf *answer)
{
	char words[LIST_ANSWER_MAX];
	struct buf ask = BUF(words);

	buf_fmt(&ask, "%s %.*s", what, SPAN_ARG(of));
	TRY(queue_ask(q, span_trim(buf_span(&ask)), answer));
	answer->n = span_find(buf_span(answer), '\n');
	(void)buf_text(answer);
	return answer->p[0] == 'o' ? RC_OK : RC_DENY;
}

static bool
has_word(struct span words, struct span word)
{
	struct span w;

	while (span_word(&words, " \n", &w))
		if (span_eq(w, word))
			return true;
	return false;
}

const char *
list_where(const struct queue_entry *e, unsigned tries, struct span active)
{
	if (e->is_held)
		return "hold";
	if (has_word(active, span_of(e->id)))
		return "active";
	return tries > 0 ? "deferred" : "incoming";
}

/* ---- as text ------------------------------------------------------------- */

static void
fill(struct buf *b, size_t from, size_t columns)
{
	while (b->n - from < columns && !b->full)
		buf_putc(b, ' ');
}

/* With the quotes that it needs; and what stands for the null sender. */
static struct span
name_of(struct list *l, struct span addr)
{
	struct buf b = BUF(l->addr);

	mail_addr_quote(&b, addr);
	return addr.n > 0 ? buf_span(&b) : SPAN("MAILER-DAEMON");
}

/* Ahead of the recipients; `where` as of list_where(). */
static void
put_message(struct list *l, const struct queue_entry *e,
	const struct queue_head *h, const char *where, struct span sender)
{
	struct buf *b = &l->out;
	bool is_long = l->q->set->enable_long_queue_ids;
	size_t from, reason = span_of(h->reason).n;

	if (l->messages == 1)
		buf_puts(b, is_long ? "----Queue ID----- --Size-- "
		    "---Arrival Time---- --Sender/Recipient------\n" :
		    "-Queue ID-  --Size-- ----Arrival Time---- "
		    "-Sender/Recipient-------\n");
	from = b->n;
	buf_puts(b, e->id);
	if (where[0] == 'a' || where[0] == 'h')
		buf_putc(b, where[0] == 'a' ? '*' : '!');
	fill(b, from, is_long ? 17 : 11);
	buf_fmt(b, is_long ? " %8lld " : " %7lld ", (long long)h->body_bytes);
	list_put_time(b, h->arrived_ms / 1000);
	buf_puts(b, is_long ? " " : "  ");
	text_printable(b, sender);
	buf_putc(b, '\n');
	if (reason == 0)
		return;
	from = b->n;
	fill(b, from, REASON_COLUMNS > reason ? REASON_COLUMNS - reason : 0);
	buf_putc(b, '(');
	text_printable(b, span_of(h->reason));
	buf_puts(b, ")\n");
}

static void
put_rcpt(struct list *l, struct span addr)
{
	size_t from = l->out.n;

	fill(&l->out, from, l->q->set->enable_long_queue_ids ? 47 : 41);
	text_printable(&l->out, addr);
	buf_putc(&l->out, '\n');
}

/* ---- as JSON, RFC 8259 --------------------------------------------------- */

void
list_put_json(struct buf *b, struct span s)
{
	buf_putc(b, '"');
	code_json(b, s, text_is_utf8(s));
	buf_putc(b, '"');
}

static void
put_json_message(struct list *l, const struct queue_entry *e,
	const struct queue_head *h, const char *where, struct span sender)
{
	struct buf *b = &l->out;

	buf_fmt(b, "{\"queue_name\": \"%s\", \"queue_id\": \"%s\", "
	    "\"arrival_time\": %lld, \"message_size\": %lld, "
	    "\"forced_expire\": false, \"sender\": ", where, e->id,
	    (long long)(h->arrived_ms / 1000), (long long)h->body_bytes);
	list_put_json(b, sender);
	buf_puts(b, ", \"recipients\": [");
}

static void
put_json_rcpt(struct list *l, struct span addr, const char *reason,
	bool is_first)
{
	struct buf *b = &l->out;

	buf_fmt(b, "%s{\"address\": ", is_first ? "" : ", ");
	list_put_json(b, addr);
	if (reason[0] != '\0') {
		buf_puts(b, ", \"delay_reason\": ");
		list_put_json(b, span_of(reason));
	}
	buf_putc(b, '}');
}

/* ---- one message --------------------------------------------------------- */

static enum rc
flush(struct list *l)
{
	enum rc rc = l->print(l->arg, buf_span(&l->out));

	buf_clear(&l->out);
	return rc;
}

static enum rc
show_rcpts(struct list *l, const char *reason)
{
	struct queue_rcpt r;
	bool is_first = true;
	enum rc rc;

	while ((rc = queue_rcpt_next(&l->reader, &r)) == RC_OK) {
		if (r.state != QUEUE_WAITS)
			continue;
		r.to.addr = name_of(l, r.to.addr);
		if (l->as_json)
			put_json_rcpt(l, r.to.addr, reason, is_first);
		else
			put_rcpt(l, r.to.addr);
		is_first = false;
		if (l->out.n > sizeof(l->room) / 2)
			TRY(flush(l));
	}
	buf_puts(&l->out, l->as_json ? "]}\n" : "\n");
	TRY(flush(l));
	return rc == RC_NONE ? RC_OK : rc;
}

static enum rc
show_open(struct list *l, int fd, const struct queue_entry *e)
{
	struct queue_head h;
	struct queue_envelope env;

	TRY(queue_head_read(fd, &h));
	TRY(queue_reader_start(&l->reader, fd, &h, &env));
	l->messages++;
	l->bytes += h.body_bytes;
	(l->as_json ? put_json_message : put_message)(l, e, &h,
		list_where(e, h.tries, buf_span(&l->active)),
		name_of(l, env.sender));
	return show_rcpts(l, h.reason);
}

/* What has gone meanwhile, or is no message, is not listed. */
static enum rc
show(void *arg, const struct queue_entry *e)
{
	struct list *l = arg;
	enum rc rc;
	int fd;

	if (queue_open_mail(l->q, e->id, &fd) != RC_OK)
		return RC_OK;
	rc = show_open(l, fd, e);
	port_close(fd);
	return rc == RC_WIRE ? RC_OK : rc;
}

static enum rc
show_sum(struct list *l)
{
	if (l->as_json)
		return RC_OK;
	if (l->messages == 0)
		buf_puts(&l->out, "Mail queue is empty\n");
	else
		buf_fmt(&l->out, "-- %lld Kbytes in %u Request%s.\n",
		    (long long)(l->bytes / 1024), l->messages,
		    l->messages == 1 ? "" : "s");
	return flush(l);
}

enum rc
list_all(struct list *l)
{
	l->out = BUF(l->room);
	l->active = BUF(l->active_room);
	list_ask_active(l->q, &l->active);
	TRY(list_each(l->q, show, l));
	return show_sum(l);
}

/* ---- for those who may not read it --------------------------------------- */

static enum rc
send_text(void *arg, struct span text)
{
	const int *fd = arg;

	return port_send(*fd, text, -1, port_now() + MINUTE);
}

int
list_child(void *arg, int fd)
{
	const struct work *w = arg;
	struct list *l = port_memory(sizeof(*l));
	struct queue q;
	struct queue_order *o = port_memory(sizeof(*o));
	int caller;
	size_t n;

	if (l == NULL || o == NULL || port_recv(fd, l->room, sizeof(l->room),
	    MS_NEVER, &n, &caller) != RC_OK)
		return EXIT_LATER;
	if (queue_order_take((struct span){ l->room, n }, o) != RC_OK ||
	    queue_open(&q, w->param, w->log) != RC_OK)
		return EXIT_LATER;
	l->q = &q;
	l->as_json = span_is(o->transport, "json");
	l->print = send_text;
	l->arg = &caller;
	return list_all(l) == RC_OK ? EXIT_OK : EXIT_LATER;
}
