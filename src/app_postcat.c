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

#define COPY_BYTES	4096

enum { PART_ENVELOPE = 1, PART_HEAD = 2, PART_BODY = 4, PART_ALL = 7 };

struct call {
	struct app *app;
	unsigned parts;
	struct queue_reader reader;
	struct queue_trail trail;
	char room[COPY_BYTES];
};

/* A line, if there is something to be said in it. */
static void
put_text(struct buf *b, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_puts(b, name);
	text_printable(b, value);
	buf_putc(b, '\n');
}

/* ---- envelope ------------------------------------------------------------ */

static void
put_head(struct buf *b, const struct queue_head *h,
	const struct queue_envelope *env)
{
	int64_t at_s = h->arrived_ms / 1000;
	struct civil date;

	buf_fmt(b, "message_size: %lld\nrecipient_count: %u\n",
	    (long long)h->body_bytes, h->rcpts);
	if (at_s != 0) {
		civil_of(at_s + port_zone(at_s), &date);
		buf_puts(b, "message_arrival_time: ");
		list_put_time(b, at_s);
		buf_fmt(b, " %d\n", date.year);
	}
	buf_fmt(b, "submitter_uid: %u\ntries: %u\n", h->uid, h->tries);
	put_text(b, "last_status: ", span_of(h->dsn));
	put_text(b, "last_reason: ", span_of(h->reason));
	put_text(b, "next_hop: ", span_of(h->hop));
	put_text(b, "dsn_envelope_id: ", env->envid);
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
		struct buf *b = app_out(c->app);

		put_text(b, "named_attribute: dsn_orig_rcpt=", r.to.orcpt);
		put_text(b, "original_recipient: ", r.given);
		put_text(b, r.state == QUEUE_WAITS ? "recipient: " :
		    r.state == QUEUE_NEVER ? "failed_recipient: " :
		    "done_recipient: ", r.to.addr);
	}
	return rc;
}

static enum rc
put_trail(struct call *c, int fd, const struct queue_head *h)
{
	struct queue_fault f;
	enum rc rc;

	queue_trail_start(&c->trail, fd, h);
	while ((rc = queue_trail_next(&c->trail, &f)) == RC_OK) {
		struct buf *b = app_out(c->app);

		buf_fmt(b, "outcome: recipient %u, dsn=%.*s, relay=%.*s, ",
		    f.index, SPAN_ARG(f.dsn), SPAN_ARG(f.relay));
		text_printable(b, f.text);
		buf_putc(b, '\n');
	}
	return rc;
}

/* ---- content ------------------------------------------------------------- */

/* Header up to the empty line, body from there on; either may be left out. */
static enum rc
put_content(struct call *c, int fd, const struct queue_head *h)
{
	bool in_head = true;
	char last = '\n';
	size_t got, n;

	for (int64_t at = 0; at < h->body_bytes; at += (int64_t)got) {
		struct span all = { c->room, 0 };
		int64_t left = h->body_bytes - at;

		TRY(port_pread(fd, c->room, left < COPY_BYTES ? (size_t)left :
		    COPY_BYTES, QUEUE_HEAD_BYTES + at, &got));
		if (got == 0)
			return RC_WIRE;
		all.n = got;
		for (n = 0; in_head && n < got; n += in_head) {
			in_head = all.p[n] != '\n' || last != '\n';
			last = all.p[n];
		}
		if ((c->parts & PART_HEAD) != 0)
			buf_put(app_out(c->app), span_head(all, n));
		if ((c->parts & PART_BODY) != 0)
			buf_put(app_out(c->app), span_part(all, n, got));
	}
	return RC_OK;
}

static enum rc
show_open(struct call *c, int fd, const char *name)
{
	static const char titles[][17] = {
		"ENVELOPE RECORDS", "MESSAGE CONTENTS", "MESSAGE OUTCOMES",
		"MESSAGE FILE END"
	};
	struct queue_head h;
	struct queue_envelope env;
	enum rc rc;

	TRY(queue_head_read(fd, &h));
	TRY(queue_reader_start(&c->reader, fd, &h, &env));
	for (size_t i = 0; i < COUNT(titles); i++) {
		rc = RC_NONE;
		if ((c->parts & PART_ENVELOPE) != 0) {
			buf_fmt(app_out(c->app), "*** %s %s ***\n", titles[i],
			    name);
			if (i == 0) {
				put_head(&c->app->out, &h, &env);
				rc = put_rcpts(c);
			} else if (i == 2) {
				rc = put_trail(c, fd, &h);
			}
		}
		if (i == 1 && (c->parts & (PART_HEAD | PART_BODY)) != 0)
			TRY(put_content(c, fd, &h));
		if (rc != RC_NONE)
			return rc;
	}
	return RC_OK;
}

static int
show(struct call *c, const char *name)
{
	const struct app *app = c->app;
	bool from_queue = app_given(app, 'q') != NULL;
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	enum rc rc;
	int fd;

	if (from_queue && !queue_id_is_safe(span_of(name))) {
		app_say(app, "bad mail queue id: %s", name);
		return EXIT_ERROR;
	}
	if (from_queue)
		queue_path(&app->q, &path, QUEUE_INCOMING, span_of(name));
	else
		buf_puts(&path, name);
	rc = path.full ? RC_FULL : port_open(buf_text(&path), &fd);
	if (rc != RC_OK) {
		app_say(app, "open queue file %s: %s", name, port_error());
		return EXIT_ERROR;
	}
	rc = show_open(c, fd, from_queue ? path.p + app->q.folder.n + 1 :
	    name);
	port_close(fd);
	if (rc == RC_OK)
		return EXIT_OK;
	app_say(app, "%s: %s", name, rc == RC_WIRE ?
	    "this is no message of a queue, or a part of one" : port_error());
	return EXIT_ERROR;
}

int
app_postcat(struct app *app)
{
	struct call *c = app_start(app, sizeof(*c), "o:bc:dehnqv", NULL);
	int code = EXIT_OK;

	if (c == NULL)
		return app->code;
	if (app->argc == 0)
		return app_usage(app, "which message?");
	c->app = app;
	if (app_given(app, 'e') != NULL)
		c->parts |= PART_ENVELOPE;
	if (app_given(app, 'h') != NULL)
		c->parts |= PART_HEAD;
	if (app_given(app, 'b') != NULL)
		c->parts |= PART_BODY;
	if (c->parts == 0)
		c->parts = PART_ALL;
	TRY_CODE(app_given(app, 'q') != NULL ? app_queue(app, false) :
	    app_load(app));
	for (int i = 0; i < app->argc; i++)
		code |= show(c, app->argv[i]);
	return code;
}
