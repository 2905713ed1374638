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

struct counts {
	unsigned fresh, deferred, held, network, drop, corrupt;
	int64_t bytes, oldest_s, next_s;	/* 0: none */
};

/* ---- counting ------------------------------------------------------------ */

/* The app is what the list hands over, and the counts are its own. */
static enum rc
count(void *arg, const struct queue_entry *e)
{
	const struct app *app = arg;
	struct counts *n = app->call;
	struct queue_head h;
	int64_t arrived_s;

	if (list_head(&app->q, e, &h) != RC_OK)
		return RC_OK;
	n->bytes += h.body_bytes;
	arrived_s = h.arrived_ms / 1000;
	if (arrived_s > 0 && (n->oldest_s == 0 || arrived_s < n->oldest_s))
		n->oldest_s = arrived_s;
	if (e->is_held) {
		n->held++;
		return RC_OK;
	}
	*(h.tries == 0 ? &n->fresh : &n->deferred) += 1;
	if ((h.flags & QUEUE_NETWORK) != 0)
		n->network++;
	if (n->next_s == 0 || e->next_s < n->next_s)
		n->next_s = e->next_s;
	return RC_OK;
}

static unsigned
count_folder(const struct app *app, const char *folder)
{
	char room[QUEUE_PATH_MAX], name[256];
	struct buf path = BUF(room), b = BUF(name);
	struct port_list list;
	unsigned n = 0;

	queue_path(&app->q, &path, folder, SPAN(""));
	if (port_list_open(&list, buf_text(&path)) != RC_OK)
		return 0;
	while (port_list_next(&list, &b) == RC_OK) {
		n += name[0] != '.';
		buf_clear(&b);
	}
	port_list_close(&list);
	return n;
}

/* ---- telling ------------------------------------------------------------- */

static void
put_time(struct buf *b, const char *name, int64_t at_s)
{
	if (at_s == 0)
		return;
	buf_puts(b, name);
	list_put_time(b, at_s);
	buf_putc(b, '\n');
}

static void
tell(const struct queue *q, const struct counts *n, bool has_manager,
	struct buf *b)
{
	buf_fmt(b, "queue %.*s%s\nmanager %s\nwaiting %u new, %u deferred (%u"
	    " for the network), %u on hold, %lld KiB\n", SPAN_ARG(q->folder),
	    q->is_volatile ? ", in memory: a restart loses what waits" : "",
	    has_manager ? "runs" : "does not run", n->fresh, n->deferred,
	    n->network, n->held, (long long)(n->bytes / 1024));
	if (n->drop > 0)
		buf_fmt(b, "drop %u not taken in yet: a manager of root does"
		    "\n", n->drop);
	if (n->corrupt > 0)
		buf_fmt(b, "corrupt %u set aside: look at %.*s/corrupt\n",
		    n->corrupt, SPAN_ARG(q->folder));
	put_time(b, "oldest ", n->oldest_s);
	put_time(b, "next-try ", n->next_s);
}

/* The manager's lines, with times as people have them. */
static void
put_lines(struct buf *b, struct span answer)
{
	struct span line;
	uint64_t at;

	while (span_line(&answer, &line)) {
		bool is_since = span_starts_case(line, "since ");

		if ((is_since || span_starts_case(line, "next ")) &&
		    span_number(span_tail(line, span_find(line, ' ') + 1),
		    INT64_MAX, &at))
			put_time(b, is_since ? "since " : "next ", (int64_t)at);
		else
			buf_fmt(b, "%.*s\n", SPAN_ARG(line));
	}
}

/* `name value` lines become members; the answer has numbers and words, and
   ends with what rests, a list. */
static void
put_members(struct buf *b, struct span answer)
{
	struct span line, value;
	bool has_rests = false;
	uint64_t number;

	while (span_line(&answer, &line)) {
		size_t blank = span_find(line, ' ');

		value = span_tail(line, blank + 1);
		if (value.n == 0)
			continue;
		if (!has_rests)
			buf_fmt(b, ", \"%.*s\": ", (int)blank, line.p);
		if (span_starts_case(line, "rests ")) {
			buf_puts(b, has_rests ? ", " : "[");
			has_rests = true;
		}
		if (span_number(value, INT64_MAX, &number))
			buf_put(b, value);
		else
			list_put_json(b, value);
	}
	if (has_rests)
		buf_putc(b, ']');
}

static void
tell_json(const struct queue *q, const struct counts *n, bool has_manager,
	struct buf *b)
{
	buf_puts(b, "{\"queue\": ");
	list_put_json(b, q->folder);
	buf_fmt(b, ", \"volatile\": %s, \"manager\": %s, \"incoming\": %u, "
	    "\"deferred\": %u, \"network\": %u, \"hold\": %u, \"drop\": %u, "
	    "\"corrupt\": %u, \"bytes\": %lld, \"oldest\": %lld, "
	    "\"next_try\": %lld", q->is_volatile ? "true" : "false",
	    has_manager ? "true" : "false", n->fresh, n->deferred,
	    n->network, n->held, n->drop, n->corrupt, (long long)n->bytes,
	    (long long)n->oldest_s, (long long)n->next_s);
}

int
app_status(struct app *app)
{
	struct counts *n = app_start(app, sizeof(*n), "o:c:j", NULL);
	char room[ANSWER_BYTES];
	struct buf b = BUF(room);
	struct span answer;
	bool has_manager;

	if (n == NULL)
		return app->code;
	TRY_CODE(app_no_words(app));
	TRY_CODE(app_queue(app, false));
	/* One that doesn't answer in time is one. */
	has_manager = queue_ask(&app->q, SPAN("status"), &b) != RC_NONE;
	answer = span_tail(buf_span(&b), span_find(buf_span(&b), '\n') + 1);
	if (list_each(&app->q, count, app) != RC_OK)
		app_say(app, "the queue cannot be read: %s", port_error());
	n->drop = count_folder(app, QUEUE_DROP);
	n->corrupt = count_folder(app, QUEUE_CORRUPT);
	if (app_given(app, 'j') != NULL) {
		tell_json(&app->q, n, has_manager, app_out(app));
		put_members(&app->out, answer);
		buf_puts(&app->out, "}\n");
	} else {
		tell(&app->q, n, has_manager, app_out(app));
		put_lines(&app->out, answer);
	}
	return n->corrupt > 0 || (!has_manager && n->drop + n->fresh +
	    n->deferred > 0) ? EXIT_ERROR : EXIT_OK;
}
