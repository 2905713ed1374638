/*
 * app_postsuper.c - `postsuper`: delete, hold, release, requeue messages.
 *
 *	postsuper [-c DIR] [-o NAME=VALUE] [-v] [-d ID] [-h ID] [-H ID] [-r ID]
 *	    [hold | incoming | active | deferred]...
 *
 * An ID of ALL is every message (of the queues named), `-` those that standard
 * input names, a line each.  Only the manager changes the queue, so it is
 * asked; where none runs, this program holds its lock for as long as it works.
 */
#include "applet.h"
#include "list.h"
#include "port.h"
#include "submit.h"

#define REQUESTS_MAX	32

struct deed {
	char letter;
	char request[9];
	char done[20];		/* in the words of Postfix's postsuper */
	char sum[20];
};

static const struct deed deeds[] = {
	{ 'r', "requeue", "requeued", "Requeued" },
	{ 'H', "release", "released from hold", "Released from hold" },
	{ 'h', "hold", "placed on hold", "Placed on hold" },
	{ 'd', "delete", "removed", "Deleted" },
};

struct call {
	struct app *app;
	int lock;		/* -1: a manager runs */
	const struct deed *deed;	/* to be done */
	unsigned count[COUNT(deeds)];
	size_t requests_n;
	struct {
		int letter;
		const char *id;
	} requests[REQUESTS_MAX];
	struct buf active;
	char active_room[4096];
	struct submit_in in;
};

/* ---- one message --------------------------------------------------------- */

/* RC_NONE: no such message, or nothing to be done to it. */
static enum rc
do_ourselves(const struct queue *q, char letter, struct span id)
{
	struct queue_entry e;

	TRY(queue_entry_find(q, id, &e));
	if (letter == 'd')
		return queue_remove(q, e.id);
	if (letter == 'h')
		return e.is_held ? RC_NONE : queue_hold(q, e.id, true);
	if (e.is_held)
		TRY(queue_hold(q, e.id, false));
	else if (letter == 'H')
		return RC_NONE;
	return queue_put_off(q, e.id, port_wall());
}

/* Likewise. */
static enum rc
do_by_manager(const struct call *c, struct span id)
{
	char room[LIST_ANSWER_MAX];
	struct buf answer = BUF(room);
	enum rc rc = list_ask(&c->app->q, c->deed->request, id, &answer);

	if (rc != RC_DENY)
		return rc == RC_NONE ? RC_TIME : rc;
	if (!span_is(buf_span(&answer), "no such message"))
		app_say(c->app, "%s", room);
	return RC_NONE;
}

static enum rc
change(struct call *c, struct span id)
{
	enum rc rc;

	if (!queue_id_is_safe(id)) {
		app_say(c->app, "warning: invalid mail queue id: %.*s",
		    SPAN_ARG(id));
		return RC_OK;
	}
	rc = c->lock < 0 ? do_by_manager(c, id) :
	    do_ourselves(&c->app->q, c->deed->letter, id);
	if (rc == RC_NONE)
		return RC_OK;
	if (rc == RC_OK) {
		c->count[c->deed - deeds]++;
		log_line(&c->app->log, LOG_INFO, "%.*s: %s", SPAN_ARG(id),
		    c->deed->done);
	}
	return rc;
}

/* ---- many ---------------------------------------------------------------- */

/* If it is in one of the queues named. */
static enum rc
change_entry(void *arg, const struct queue_entry *e)
{
	struct call *c = arg;
	const struct app *app = c->app;
	struct queue_head h = { .tries = 0 };
	const char *where;

	if (app->argc == 0)
		return change(c, span_of(e->id));
	if (list_head(&app->q, e, &h) == RC_NONE)
		return RC_OK;
	where = list_where(e, h.tries, buf_span(&c->active));
	for (int i = 0; i < app->argc; i++)
		if (span_is(span_of(app->argv[i]), where))
			return change(c, span_of(e->id));
	return RC_OK;
}

static enum rc
change_all(struct call *c)
{
	c->active = BUF(c->active_room);
	list_ask_active(&c->app->q, &c->active);
	return list_each(&c->app->q, change_entry, c);
}

static enum rc
change_named(struct call *c)
{
	struct span line;
	bool last;
	enum rc rc;

	submit_in_start(&c->in, ENDINGS_ALWAYS, false);
	while ((rc = submit_in_piece(&c->in, &line, &last)) == RC_OK) {
		if (!last)
			return RC_FULL;
		TRY(change(c, span_trim(line)));
	}
	return rc == RC_NONE ? RC_OK : rc;
}

/* All that was asked for by one letter. */
static enum rc
change_each(struct call *c)
{
	for (size_t i = 0; i < c->requests_n; i++) {
		struct span id = span_of(c->requests[i].id);

		if (c->requests[i].letter != c->deed->letter)
			continue;
		TRY(span_is(id, "ALL") ? change_all(c) : span_is(id, "-") ?
		    change_named(c) : change(c, id));
	}
	return RC_OK;
}

static void
tell_sums(const struct call *c)
{
	for (size_t i = 0; i < COUNT(deeds); i++)
		if (app_given(c->app, deeds[i].letter) != NULL)
			app_say(c->app, "%s: %u message%s", deeds[i].sum,
			    c->count[i], c->count[i] == 1 ? "" : "s");
}

/* ---- the run ------------------------------------------------------------- */

static int
take(struct app *app, int letter, const char *value)
{
	struct call *c = app->call;

	if (span_find(SPAN("rHhd"), (char)letter) == 4)
		return EXIT_OK;
	if (c->requests_n == REQUESTS_MAX)
		return app_usage(app, "more than %d ids: give them on"
		    " standard input, with `-`", REQUESTS_MAX);
	c->requests[c->requests_n].letter = letter;
	c->requests[c->requests_n++].id = value;
	return EXIT_OK;
}

int
app_postsuper(struct app *app)
{
	struct call *c = app_start(app, sizeof(*c), "o:c:d:h:H:psr:vS", take);
	enum rc rc = RC_OK;

	if (c == NULL)
		return app->code;
	for (int i = 0; i < app->argc; i++)
		if (span_index(LIST_WHERES, span_of(app->argv[i])) < 0)
			return app_usage(app, "%s: no such queue",
			    app->argv[i]);
	TRY_CODE(app_queue(app, false));
	c->app = app;
	app->log.err_level = LOG_INFO;
	if (queue_lock(&app->q, &c->lock) != RC_OK)
		c->lock = -1;
	for (size_t i = 0; i < COUNT(deeds) && rc == RC_OK; i++) {
		c->deed = &deeds[i];
		rc = change_each(c);
	}
	port_close(c->lock);
	if (rc == RC_OK) {
		tell_sums(c);
		return EXIT_OK;
	}
	app_say(app, "the queue cannot be changed: %s", rc == RC_FULL ?
	    "a line of standard input is no id" : rc == RC_TIME ?
	    "its manager does not answer" : port_error());
	return EXIT_UNAVAILABLE;
}
