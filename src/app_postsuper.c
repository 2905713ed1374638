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
#include <string.h>

#include "applet.h"
#include "list.h"
#include "port.h"

#define REQUESTS_MAX	32
#define ANSWER_BYTES	1024
#define INPUT_BYTES	4096

static const char help[] =
	"  -d ID  delete; -h ID  put on hold; -H ID  release; -r ID  requeue\n"
	"         ID: of one message, - for the ids on standard input, or ALL\n"
	"         for all in the queues named behind the options: hold,\n"
	"         incoming, active, deferred (none: every one of them)\n"
	"  -p, -s are accepted; the manager keeps its folders in order\n"
	"  -c DIR, -o NAME=VALUE   settings\n"
	"Exit: 0, whether or not there were such messages; 64 usage; 69 the\n"
	"queue cannot be reached; 78 settings.\n";

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
	struct app_set set;
	struct queue q;
	const char *folder;
	int lock;		/* -1: a manager runs */
	size_t requests_n;
	struct {
		char letter;
		const char *id;
	} requests[REQUESTS_MAX];
	unsigned count[COUNT(deeds)];
	struct queue_cursor cursor;
	char active[4096];
	char input[INPUT_BYTES];
};

/* ---- one message --------------------------------------------------------- */

static enum rc
do_ourselves(struct call *c, char letter, struct span id)
{
	struct queue_entry e;

	TRY(queue_entry_find(&c->q, id, &e));
	switch (letter) {
	case 'd':
		return queue_remove(&c->q, e.id);
	case 'h':
		return e.is_held ? RC_NONE : queue_hold(&c->q, e.id, true);
	case 'H':
		return e.is_held ? queue_hold(&c->q, e.id, false) : RC_NONE;
	default:
		if (e.is_held)
			TRY(queue_hold(&c->q, e.id, false));
		return queue_put_off(&c->q, e.id, port_wall());
	}
}

/* RC_NONE: no such message, or nothing to be done to it. */
static enum rc
do_by_manager(struct call *c, const struct deed *deed, struct span id)
{
	char room[ANSWER_BYTES], words[64];
	struct buf answer = BUF(room), ask = BUF(words);
	struct span text;

	buf_fmt(&ask, "%s %.*s", deed->request, SPAN_ARG(id));
	TRY(queue_ask(&c->q, buf_span(&ask), &answer));
	text = buf_span(&answer);
	if (span_starts_case(text, "ok"))
		return RC_OK;
	if (!span_starts_case(text, "no such"))
		app_say(c->app, "%.*s", SPAN_ARG(span_trim(span_part(text, 3,
		    text.n))));
	return RC_NONE;
}

static enum rc
change(struct call *c, size_t deed, struct span id)
{
	const struct deed *d = &deeds[deed];
	enum rc rc;

	if (!queue_id_is_safe(id)) {
		app_say(c->app, "warning: invalid mail queue id: %.*s",
		    SPAN_ARG(id));
		return RC_OK;
	}
	rc = c->lock >= 0 ? do_ourselves(c, d->letter, id) :
	    do_by_manager(c, d, id);
	if (rc == RC_OK) {
		c->count[deed]++;
		log_line(&c->app->log, LOG_INFO, "%.*s: %s", SPAN_ARG(id),
		    d->done);
	}
	return rc == RC_NONE ? RC_OK : rc;
}

/* ---- many ---------------------------------------------------------------- */

static bool
is_wanted(const struct call *c, const struct queue_entry *e)
{
	const struct app *app = c->app;
	struct queue_head h;
	const char *where;
	int fd;

	if (app->argc == 0)
		return true;
	if (queue_open_mail(&c->q, e->id, &fd) != RC_OK)
		return false;
	if (queue_head_read(fd, &h) != RC_OK)
		h.tries = 0;
	port_close(fd);
	where = list_where_name(list_where(e, h.tries, span_of(c->active)));
	for (int i = 0; i < app->argc; i++)
		if (span_is(span_of(app->argv[i]), where))
			return true;
	return false;
}

static enum rc
change_all(struct call *c, size_t deed)
{
	struct buf active = BUF(c->active);
	struct queue_entry e;
	enum rc rc;

	list_ask_active(&c->q, &active);
	(void)buf_text(&active);
	c->cursor = (struct queue_cursor){ .q = &c->q };
	while ((rc = queue_cursor_next(&c->cursor, &e)) == RC_OK)
		if (is_wanted(c, &e) &&
		    (rc = change(c, deed, span_of(e.id))) != RC_OK)
			break;
	port_list_close(&c->cursor.list);
	return rc == RC_NONE ? RC_OK : rc;
}

static enum rc
change_named(struct call *c, size_t deed)
{
	struct buf all = { .p = c->input, .cap = sizeof(c->input) };
	struct span rest, line;
	size_t n;
	enum rc rc;

	while ((rc = port_read(PORT_STDIN, all.p + all.n, all.cap - all.n,
	    MS_NEVER, &n)) == RC_OK) {
		all.n += n;
		rest = buf_span(&all);
		while (span_find(rest, '\n') < rest.n) {
			span_line(&rest, &line);
			TRY(change(c, deed, span_trim(line)));
		}
		if (rest.n == all.cap)
			return RC_FULL;
		memmove(all.p, rest.p, rest.n);
		all.n = rest.n;
	}
	rest = span_trim(buf_span(&all));
	if (rc == RC_GONE && rest.n > 0)
		TRY(change(c, deed, rest));
	return rc == RC_GONE ? RC_OK : rc;
}

static enum rc
change_one(struct call *c, size_t deed)
{
	for (size_t i = 0; i < c->requests_n; i++) {
		struct span id = span_of(c->requests[i].id);

		if (c->requests[i].letter != deeds[deed].letter)
			continue;
		if (span_is(id, "ALL"))
			TRY(change_all(c, deed));
		else if (span_is(id, "-"))
			TRY(change_named(c, deed));
		else
			TRY(change(c, deed, id));
	}
	return RC_OK;
}

/* ---- the run ------------------------------------------------------------- */

static bool
is_deed(char letter)
{
	for (size_t i = 0; i < COUNT(deeds); i++)
		if (deeds[i].letter == letter)
			return true;
	return false;
}

static int
take(struct call *c, int letter, const char *value)
{
	if (span_find(SPAN("psvS"), (char)letter) < 4)
		return EXIT_OK;
	if (!is_deed((char)letter))
		return app_set_take(&c->set, c->app, &c->folder, letter,
		    value);
	if (c->requests_n == REQUESTS_MAX)
		return app_usage(c->app, "more than %d ids: give them on"
		    " standard input, with `-`", REQUESTS_MAX);
	c->requests[c->requests_n].letter = (char)letter;
	c->requests[c->requests_n++].id = value;
	return EXIT_OK;
}

static int
sum_up(struct call *c)
{
	char room[128];

	for (size_t i = 0; i < COUNT(deeds); i++) {
		struct buf b = BUF(room);
		bool asked = false;

		for (size_t k = 0; k < c->requests_n; k++)
			asked |= c->requests[k].letter == deeds[i].letter;
		if (!asked)
			continue;
		buf_fmt(&b, "%s: %u message%s", deeds[i].sum, c->count[i],
		    c->count[i] == 1 ? "" : "s");
		app_say(c->app, "%s", buf_text(&b));
	}
	return EXIT_OK;
}

static int
run(struct call *c)
{
	enum rc rc;

	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	c->app->log.err_level = LOG_INFO;
	rc = queue_open(&c->q, &c->set.param, &c->app->log);
	if (rc != RC_OK) {
		app_say(c->app, rc == RC_DENY ? "use of this command is"
		    " reserved for the superuser" : "there is no queue in"
		    " queue_directory");
		return EXIT_UNAVAILABLE;
	}
	if (queue_lock(&c->q, &c->lock) != RC_OK)
		c->lock = -1;
	for (size_t i = 0; i < COUNT(deeds) && rc == RC_OK; i++)
		rc = change_one(c, i);
	port_close(c->lock);
	if (rc == RC_OK)
		return sum_up(c);
	app_say(c->app, "the queue cannot be changed: %s", rc == RC_FULL ?
	    "a line of standard input is no id" : port_error());
	return EXIT_UNAVAILABLE;
}

int
app_postsuper(struct app *app)
{
	struct call *c = app_memory(app, sizeof(*c));
	const char *value = NULL;
	int letter;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	while ((letter = app_option(app, "c:d:h:H:o:psr:vS", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app, help);
		TRY_CODE(take(c, letter, value));
	}
	return run(c);
}
