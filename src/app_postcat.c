/*
 * app_postcat.c - `postcat`: what is in the file of a message.
 *
 *	postcat [-behq] [-c DIR] [-o NAME=VALUE] FILE|ID...
 *
 * The parts, in the form of Postfix's postcat: envelope, content (header and
 * body), and the trail of what failed.  Files are named, or with -q messages of
 * the queue.
 */
#include "applet.h"
#include "list.h"
#include "port.h"

static const char help[] =
	"  -q        the names are ids of messages in the queue\n"
	"  -e -h -b  only envelope, header, body; together: those\n"
	"  -c DIR, -o NAME=VALUE   settings\n"
	"Exit: 0; 1 a file is not there or is no message; 64 usage.\n";

#define COPY_BYTES	4096

enum { PART_ENVELOPE = 1, PART_HEAD = 2, PART_BODY = 4, PART_ALL = 7 };

struct call {
	struct app *app;
	struct app_set set;
	struct queue q;
	const char *folder;
	bool from_queue;
	unsigned parts;
	struct queue_reader reader;
	struct queue_trail trail;
	char room[COPY_BYTES];
	struct buf out;
	char line[COPY_BYTES + 64];
};

static bool
flush(struct call *c)
{
	bool done = app_print(c->app, buf_span(&c->out));

	buf_clear(&c->out);
	return done;
}

static void
put_time(struct call *c, const char *name, int64_t at_s)
{
	struct civil date;

	civil_of(at_s + port_zone(at_s), &date);
	buf_fmt(&c->out, "%s: ", name);
	list_put_time(&c->out, at_s);
	buf_fmt(&c->out, " %d\n", date.year);
}

static void
put_text(struct call *c, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_puts(&c->out, name);
	text_printable(&c->out, value);
	buf_putc(&c->out, '\n');
}

/* ---- envelope ------------------------------------------------------------ */

static void
put_head(struct call *c, const struct queue_head *h,
	const struct queue_envelope *env)
{
	struct buf *b = &c->out;

	buf_fmt(b, "message_size: %lld\nrecipient_count: %u\n",
	    (long long)h->body_bytes, h->rcpts);
	if (h->arrived_ms != 0)
		put_time(c, "message_arrival_time", h->arrived_ms / 1000);
	buf_fmt(b, "submitter_uid: %u\ntries: %u\n", h->uid, h->tries);
	put_text(c, "last_status: ", span_of(h->dsn));
	put_text(c, "last_reason: ", span_of(h->reason));
	put_text(c, "next_hop: ", span_of(h->hop));
	put_text(c, "dsn_envelope_id: ", env->envid);
	buf_puts(b, "sender: ");
	text_printable(b, env->sender);
	buf_putc(b, '\n');
}

static enum rc
put_rcpts(struct call *c)
{
	struct queue_rcpt r;
	enum rc rc;

	while ((rc = queue_rcpt_next(&c->reader, &r)) == RC_OK) {
		put_text(c, "named_attribute: dsn_orig_rcpt=", r.to.orcpt);
		put_text(c, "original_recipient: ", r.given);
		put_text(c, r.state == QUEUE_WAITS ? "recipient: " :
		    r.state == QUEUE_NEVER ? "failed_recipient: " :
		    "done_recipient: ", r.to.addr);
		if (!flush(c))
			return RC_GONE;
	}
	return rc == RC_NONE ? RC_OK : rc;
}

static enum rc
put_trail(struct call *c, int fd, const struct queue_head *h)
{
	struct queue_fault f;
	enum rc rc;

	queue_trail_start(&c->trail, fd, h);
	while ((rc = queue_trail_next(&c->trail, &f)) == RC_OK) {
		buf_fmt(&c->out, "outcome: recipient %u, dsn=%.*s, "
		    "relay=%.*s, ", f.index, SPAN_ARG(f.dsn),
		    SPAN_ARG(f.relay));
		text_printable(&c->out, f.text);
		buf_putc(&c->out, '\n');
		if (!flush(c))
			return RC_GONE;
	}
	return rc == RC_NONE ? RC_OK : rc;
}

/* ---- content ------------------------------------------------------------- */

/* Header up to the empty line, body from there on; either may be left out. */
static enum rc
put_content(struct call *c, int fd, const struct queue_head *h)
{
	bool in_head = true;
	char last = '\n';
	size_t got, from;

	for (int64_t at = 0; at < h->body_bytes; at += (int64_t)got) {
		int64_t left = h->body_bytes - at;

		TRY(port_pread(fd, c->room, left < COPY_BYTES ? (size_t)left :
		    COPY_BYTES, QUEUE_HEAD_BYTES + at, &got));
		if (got == 0)
			return RC_WIRE;
		for (from = 0; in_head && from < got; last = c->room[from++])
			if (c->room[from] == '\n' && last == '\n')
				break;
		if ((c->parts & PART_HEAD) != 0 && in_head &&
		    !app_print(c->app, (struct span){ c->room, from }))
			return RC_GONE;
		if (!in_head)
			from = 0;
		in_head = in_head && from == got;
		if ((c->parts & PART_BODY) != 0 && from < got &&
		    !app_print(c->app, (struct span){ c->room + from,
		    got - from }))
			return RC_GONE;
	}
	return RC_OK;
}

static void
put_title(struct call *c, const char *title, const char *name)
{
	if ((c->parts & PART_ENVELOPE) != 0)
		buf_fmt(&c->out, "*** %s %s ***\n", title, name);
}

static enum rc
show_open(struct call *c, int fd, const char *name)
{
	struct queue_head h;
	struct queue_envelope env;

	TRY(queue_head_read(fd, &h));
	TRY(queue_reader_start(&c->reader, fd, &h, &env));
	put_title(c, "ENVELOPE RECORDS", name);
	if ((c->parts & PART_ENVELOPE) != 0) {
		put_head(c, &h, &env);
		TRY(put_rcpts(c));
	}
	put_title(c, "MESSAGE CONTENTS", name);
	if (!flush(c))
		return RC_GONE;
	if ((c->parts & (PART_HEAD | PART_BODY)) != 0)
		TRY(put_content(c, fd, &h));
	put_title(c, "MESSAGE OUTCOMES", name);
	if ((c->parts & PART_ENVELOPE) != 0)
		TRY(put_trail(c, fd, &h));
	put_title(c, "MESSAGE FILE END", name);
	return flush(c) ? RC_OK : RC_GONE;
}

static int
show(struct call *c, const char *name)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	enum rc rc;
	int fd;

	if (c->from_queue && !queue_id_is_safe(span_of(name))) {
		app_say(c->app, "bad mail queue id: %s", name);
		return EXIT_ERROR;
	}
	if (c->from_queue)
		queue_path(&c->q, &path, QUEUE_INCOMING, span_of(name));
	else
		buf_puts(&path, name);
	rc = path.full ? RC_FULL : port_open(buf_text(&path), &fd);
	if (rc != RC_OK) {
		app_say(c->app, "open queue file %s: %s", name, port_error());
		return EXIT_ERROR;
	}
	rc = show_open(c, fd, c->from_queue ? buf_text(&path) +
	    c->q.folder.n + 1 : name);
	port_close(fd);
	if (rc == RC_OK)
		return EXIT_OK;
	if (rc == RC_GONE)		/* said already */
		return EXIT_CANT_CREATE;
	app_say(c->app, "%s: %s", name, rc == RC_WIRE ?
	    "this is no message of a queue, or a part of one" : port_error());
	return EXIT_ERROR;
}

/* ---- the run ------------------------------------------------------------- */

static int
take(struct call *c, int letter, const char *value)
{
	switch (letter) {
	case 'b': c->parts |= PART_BODY; break;
	case 'e': c->parts |= PART_ENVELOPE; break;
	case 'h': c->parts |= PART_HEAD; break;
	case 'q': c->from_queue = true; break;
	case 'd': case 'n': case 'v': break;	/* of Postfix's */
	default: return app_set_take(&c->set, c->app, &c->folder, letter,
	    value);
	}
	return EXIT_OK;
}

static int
run(struct call *c)
{
	enum rc rc;
	int code = EXIT_OK, one;

	if (c->app->argc == 0)
		return app_usage(c->app, "which message?");
	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	rc = queue_open(&c->q, &c->set.param, &c->app->log);
	if (c->from_queue && rc != RC_OK) {
		app_say(c->app, rc == RC_DENY ? "the queue is closed to this"
		    " user" : "there is no queue in queue_directory");
		return EXIT_ERROR;
	}
	for (int i = 0; i < c->app->argc; i++) {
		one = show(c, c->app->argv[i]);
		if (one == EXIT_CANT_CREATE)
			return one;
		if (one != EXIT_OK)
			code = one;
	}
	return code;
}

int
app_postcat(struct app *app)
{
	struct call *c = app_memory(app, sizeof(*c));
	const char *value = NULL;
	int letter;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	c->out = BUF(c->line);
	while ((letter = app_option(app, "bc:dehno:qv", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app, help);
		TRY_CODE(take(c, letter, value));
	}
	if (c->parts == 0)
		c->parts = PART_ALL;
	return run(c);
}
