/*
 * app_postqueue.c - `mailq` and `postqueue`: look at the queue, and have it
 * tried now.
 *
 *	mailq [-C FILE] [-v]			postqueue -p
 *	postqueue [-c DIR] [-o NAME=VALUE] -p | -j | -f | -i ID | -s SITE
 *
 * Users who may not read the queue ask the manager, which looks whether
 * authorized_mailq_users and authorized_flush_users allow it.
 */
#include "applet.h"
#include "list.h"
#include "port.h"
#include "runner.h"

#define ANSWER_BYTES	1024

static const char help[] =
	"  -p       list the queue; mailq does the same\n"
	"  -j       the same as JSON, a line for each message\n"
	"  -f       try all mail now\n"
	"  -i ID    try this message now\n"
	"  -s SITE  try mail for this domain now\n"
	"  -c DIR, -o NAME=VALUE   settings\n"
	"In a list, * behind an ID: being delivered; !: on hold.\n"
	"Exit: 0; 64 usage; 69 not done, and why; 78 settings.\n";

struct call {
	struct app *app;
	struct app_set set;
	struct queue q;
	const char *folder;
	int mode;			/* a letter; 0: none yet */
	const char *value;
	struct list list;
};

static enum rc
print(void *arg, struct span text)
{
	const struct app *app = arg;

	return app_print(app, text) ? RC_OK : RC_GONE;
}

/* What the manager's child sends is printed as it comes. */
static int
show_stranger(struct call *c)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	int fd, passed = -1;
	struct span text;
	size_t n;
	enum rc rc;

	queue_path(&c->q, &path, QUEUE_CONTROL, SPAN(""));
	if (port_call(buf_text(&path), port_now() +
	    c->q.set->trigger_timeout, &fd) != RC_OK) {
		app_say(c->app, "only root may read the queue, and no queue"
		    " manager runs that could be asked");
		return EXIT_UNAVAILABLE;
	}
	rc = port_send(fd, c->mode == 'j' ? SPAN("list -j") : SPAN("list"), -1,
	    port_now() + c->q.set->trigger_timeout);
	while (rc == RC_OK) {
		rc = port_recv(fd, c->list.room, sizeof(c->list.room),
		    port_now() + MINUTE, &n, &passed);
		port_close(passed);
		text = (struct span){ c->list.room, n };
		if (rc == RC_OK && span_starts_case(text, "no ")) {
			app_say(c->app, "%.*s", SPAN_ARG(span_trim(text)));
			rc = RC_DENY;
		} else if (rc == RC_OK && !app_print(c->app, text)) {
			return EXIT_CANT_CREATE;
		}
	}
	port_close(fd);
	return rc == RC_GONE ? EXIT_OK : EXIT_UNAVAILABLE;
}

static int
show(struct call *c, enum rc access)
{
	enum rc rc;

	if (access == RC_DENY)
		return show_stranger(c);
	c->list.q = &c->q;
	c->list.as_json = c->mode == 'j';
	c->list.print = print;
	c->list.arg = c->app;
	rc = list_all(&c->list);
	if (rc == RC_OK)
		return EXIT_OK;
	if (rc == RC_GONE)		/* said already */
		return EXIT_CANT_CREATE;
	app_say(c->app, "the queue cannot be read: %s", port_error());
	return EXIT_UNAVAILABLE;
}

/* No manager runs: one that we start tries all that is there. */
static int
start(struct call *c, enum rc access)
{
	if (access == RC_OK && c->mode == 'f' &&
	    runner_start(c->app, &c->set, &c->q, c->folder, RUNNER_FLUSHES)
	    == RC_OK)
		return EXIT_OK;
	app_say(c->app, "no queue manager runs; start `postern qmgr`, or let"
	    " root run `postqueue -f`");
	return EXIT_UNAVAILABLE;
}

static int
flush(struct call *c, enum rc access)
{
	char room[ANSWER_BYTES], words[ANSWER_BYTES];
	struct buf answer = BUF(room), ask = BUF(words);

	if (c->mode == 'f')
		buf_puts(&ask, "flush");
	else
		buf_fmt(&ask, "flush-%s %s", c->mode == 'i' ? "id" : "site",
		    c->value);
	if (c->mode == 'i' && !queue_id_is_safe(span_of(c->value))) {
		app_say(c->app, "bad mail queue id: %s", c->value);
		return EXIT_UNAVAILABLE;
	}
	switch (queue_ask(&c->q, buf_span(&ask), &answer)) {
	case RC_OK:
		break;
	case RC_NONE:
		return start(c, access);
	default:
		app_say(c->app, "the queue manager does not answer");
		return EXIT_UNAVAILABLE;
	}
	if (span_starts_case(buf_span(&answer), "ok"))
		return EXIT_OK;
	app_say(c->app, "%.*s", SPAN_ARG(span_trim(buf_span(&answer))));
	return EXIT_UNAVAILABLE;
}

static int
take(struct call *c, int letter, const char *value)
{
	switch (letter) {
	case 'c': case 'o': case '?':
		return app_set_take(&c->set, c->app, &c->folder, letter,
		    value);
	case 'v':
		return EXIT_OK;
	default:
		if (c->mode != 0)
			return app_usage(c->app, "one of -p, -j, -f, -i, -s");
		c->mode = letter;
		c->value = value;
		return EXIT_OK;
	}
}

static int
run(struct call *c)
{
	enum rc access;

	if (c->app->argc > 0)
		return app_usage(c->app, "%s: no operands are wanted",
		    c->app->argv[0]);
	TRY_CODE(app_set_load(&c->set, c->app, c->folder, false));
	access = queue_open(&c->q, &c->set.param, &c->app->log);
	if (access != RC_OK && access != RC_DENY) {
		app_say(c->app, "there is no queue in queue_directory = %.*s",
		    SPAN_ARG(c->set.param.set.queue_directory));
		return EXIT_UNAVAILABLE;
	}
	return c->mode == 'p' || c->mode == 'j' ? show(c, access) :
	    flush(c, access);
}

int
app_postqueue(struct app *app)
{
	struct call *c = app_memory(app, sizeof(*c));
	const char *value = NULL;
	int letter;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	while ((letter = app_option(app, "c:fi:jo:ps:v", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app, help);
		TRY_CODE(take(c, letter, value));
	}
	if (c->mode == 0)
		return app_usage(app, "one of -p, -j, -f, -i ID, -s SITE");
	return run(c);
}

int
app_mailq(struct app *app)
{
	struct call *c = app_memory(app, sizeof(*c));
	const char *value = NULL;
	int letter;

	if (c == NULL)
		return EXIT_LATER;
	c->app = app;
	c->mode = 'p';
	while ((letter = app_option(app, "C:c:jo:v", &value)) != 0) {
		if (letter == APP_HELP)
			return app_help(app, help);
		if (letter == 'j')
			c->mode = 'j';
		else
			TRY_CODE(take(c, letter == 'C' ? 'c' : letter, value));
	}
	return run(c);
}
