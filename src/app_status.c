/*
 * app_status.c - `status`: what the queue is doing, in a few lines for people,
 * or with -j as one JSON object for a monitor.
 *
 *	status [-j] [-c DIR] [-o NAME=VALUE]
 *
 * How much waits is counted in the queue itself; what was sent, deferred and
 * bounced since its start is what the manager says, so without one there is
 * nothing of that.
 *
 * Exit: 0 all is well; 1 something waits and no manager runs, or lies in drop
 * or corrupt; 69 there is no queue.
 */
#include "applet.h"
#include "list.h"
#include "port.h"

#define ANSWER_BYTES	8192

static const char help[] =
	"  -j   one JSON object, for monitors\n"
	"  -c DIR, -o NAME=VALUE   settings\n"
	"Exit: 0 well; 1 mail waits for somebody to act; 64 usage; 69 there\n"
	"is no queue; 78 settings.\n";

struct counts {
	unsigned fresh, deferred, held, network, drop, corrupt;
	int64_t bytes, oldest_s, next_s;	/* 0: none */
};

struct call {
	struct app *app;
	struct app_set set;
	struct queue q;
	const char *folder;
	bool as_json;
	bool has_manager;
	struct counts n;
	struct queue_cursor cursor;
	struct port_list list;
	struct buf out;
	char text[ANSWER_BYTES + 2048];
	char answer[ANSWER_BYTES];
};

/* ---- counting ------------------------------------------------------------ */

static void
count_one(struct call *c, const struct queue_entry *e,
	const struct queue_head *h)
{
	struct counts *n = &c->n;
	int64_t arrived_s = h->arrived_ms / 1000;

	n->bytes += h->body_bytes;
	if (arrived_s > 0 && (n->oldest_s == 0 || arrived_s < n->oldest_s))
		n->oldest_s = arrived_s;
	if (e->is_held) {
		n->held++;
		return;
	}
	if (h->tries == 0)
		n->fresh++;
	else
		n->deferred++;
	if ((h->flags & QUEUE_NETWORK) != 0)
		n->network++;
	if (n->next_s == 0 || e->next_s < n->next_s)
		n->next_s = e->next_s;
}

static void
count_queue(struct call *c)
{
	struct queue_entry e;
	struct queue_head h;
	int fd;

	c->cursor.q = &c->q;
	while (queue_cursor_next(&c->cursor, &e) == RC_OK) {
		if (queue_open_mail(&c->q, e.id, &fd) != RC_OK)
			continue;
		if (queue_head_read(fd, &h) == RC_OK)
			count_one(c, &e, &h);
		port_close(fd);
	}
	port_list_close(&c->cursor.list);
}

static unsigned
count_folder(struct call *c, const char *folder)
{
	char room[QUEUE_PATH_MAX], name[256];
	struct buf path = BUF(room);
	unsigned n = 0;

	queue_path(&c->q, &path, folder, SPAN(""));
	if (port_list_open(&c->list, buf_text(&path)) != RC_OK)
		return 0;
	for (;;) {
		struct buf b = BUF(name);

		if (port_list_next(&c->list, &b) != RC_OK)
			break;
		n += b.n > 0 && b.p[0] != '.' ? 1 : 0;
	}
	port_list_close(&c->list);
	return n;
}

/* ---- telling ------------------------------------------------------------- */

static void
put_time(struct call *c, const char *name, int64_t at_s)
{
	if (at_s == 0)
		return;
	buf_fmt(&c->out, "%s ", name);
	list_put_time(&c->out, at_s);
	buf_putc(&c->out, '\n');
}

static void
tell(struct call *c, struct span answer)
{
	const struct counts *n = &c->n;
	struct buf *b = &c->out;

	buf_fmt(b, "queue %.*s%s\n", SPAN_ARG(c->q.folder), c->q.is_volatile ?
	    ", in memory: a restart loses what waits" : "");
	buf_fmt(b, "manager %s\n", c->has_manager ? "runs" : "does not run");
	buf_fmt(b, "waiting %u new, %u deferred (%u for the network), %u on"
	    " hold, %lld KiB\n", n->fresh, n->deferred, n->network, n->held,
	    (long long)(n->bytes / 1024));
	if (n->drop > 0)
		buf_fmt(b, "drop %u not taken in yet: a manager of root does"
		    "\n", n->drop);
	if (n->corrupt > 0)
		buf_fmt(b, "corrupt %u set aside: look at %.*s/corrupt\n",
		    n->corrupt, SPAN_ARG(c->q.folder));
	put_time(c, "oldest", n->oldest_s);
	put_time(c, "next-try", n->next_s);
	buf_put(b, answer);
}

/* `name value` lines become members; the answer has numbers and words. */
static void
put_members(struct buf *b, struct span answer)
{
	struct span line, value;
	uint64_t number;

	while (span_line(&answer, &line)) {
		size_t blank = span_find(line, ' ');

		value = span_part(line, blank + 1, line.n);
		if (value.n == 0)
			continue;
		buf_fmt(b, ", \"%.*s\": ", (int)blank, line.p);
		if (span_number(value, INT64_MAX, &number))
			buf_put(b, value);
		else
			list_put_json(b, value);
	}
}

static void
tell_json(struct call *c, struct span answer)
{
	const struct counts *n = &c->n;
	struct buf *b = &c->out;

	buf_puts(b, "{\"queue\": ");
	list_put_json(b, c->q.folder);
	buf_fmt(b, ", \"volatile\": %s, \"manager\": %s, \"incoming\": %u, "
	    "\"deferred\": %u, \"network\": %u, \"hold\": %u, \"drop\": %u, "
	    "\"corrupt\": %u, \"bytes\": %lld, \"oldest\": %lld, "
	    "\"next_try\": %lld", c->q.is_volatile ? "true" : "false",
	    c->has_manager ? "true" : "false", n->fresh, n->deferred,
	    n->network, n->held, n->drop, n->corrupt, (long long)n->bytes,
	    (long long)n->oldest_s, (long long)n->next_s);
	put_members(b, answer);
	buf_puts(b, "}\n");
}

static int
run(struct call *c)
{
	struct buf answer = BUF(c->answer);
	struct span words;
	enum rc rc;

	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	rc = queue_open(&c->q, &c->set.param, &c->app->log);
	if (rc != RC_OK) {
		app_say(c->app, rc == RC_DENY ? "only root may read the queue"
		    : "there is no queue: sendmail delivers at once, and what"
		    " fails is the caller's");
		return EXIT_UNAVAILABLE;
	}
	c->has_manager = queue_ask(&c->q, SPAN("status"), &answer) == RC_OK;
	words = c->has_manager ? buf_span(&answer) : SPAN("");
	words = span_part(words, span_find(words, '\n') + 1, words.n);
	count_queue(c);
	c->n.drop = count_folder(c, QUEUE_DROP);
	c->n.corrupt = count_folder(c, QUEUE_CORRUPT);
	(c->as_json ? tell_json : tell)(c, words);
	if (!app_print(c->app, buf_span(&c->out)))
		return EXIT_CANT_CREATE;
	return c->n.corrupt > 0 || (!c->has_manager && c->n.drop +
	    c->n.fresh + c->n.deferred > 0) ? EXIT_ERROR : EXIT_OK;
}

int
app_status(struct app *app)
{
	struct call *c = app_memory(app, sizeof(*c));
	const char *value = NULL;
	int letter;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	c->out = BUF(c->text);
	while ((letter = app_option(app, "c:jo:", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app, help);
		if (letter == 'j')
			c->as_json = true;
		else
			TRY_CODE(app_set_take(&c->set, app, &c->folder,
			    letter, value));
	}
	return run(c);
}
