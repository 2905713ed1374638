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

struct call {
	struct list list;
	unsigned modes;			/* given: one is wanted */
};

/* ---- looking ------------------------------------------------------------- */

static enum rc
print(void *arg, struct span text)
{
	return app_print(arg, text) ? RC_OK : RC_OS;
}

/* What the manager's child sends is printed as it comes. */
static int
show_stranger(struct app *app, struct list *l)
{
	const ms_t wait = app->q.set->trigger_timeout;
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	int fd, passed = -1;
	struct span text;
	size_t n;
	enum rc rc;

	queue_path(&app->q, &path, QUEUE_CONTROL, SPAN(""));
	if (port_call(buf_text(&path), port_now() + wait, &fd) != RC_OK) {
		app_say(app, "only root may read the queue, and no queue"
		    " manager runs that could be asked");
		return EXIT_UNAVAILABLE;
	}
	rc = port_send(fd, span_of(l->as_json ? "list -j" : "list"), -1,
	    port_now() + wait);
	while (rc == RC_OK) {
		rc = port_recv(fd, l->room, sizeof(l->room),
		    port_now() + MINUTE, &n, &passed);
		port_close(passed);
		text = (struct span){ l->room, n };
		if (rc == RC_OK && span_starts_case(text, "no ")) {
			app_say(app, "%.*s", SPAN_ARG(span_trim(text)));
			rc = RC_DENY;
		} else if (rc == RC_OK) {
			rc = print(app, text);
		}
	}
	port_close(fd);
	return rc == RC_GONE ? EXIT_OK : EXIT_UNAVAILABLE;
}

static int
show(struct app *app)
{
	struct list *l = &((struct call *)app->call)->list;

	TRY_CODE(app_queue(app, true));
	l->as_json = app_given(app, 'j') != NULL;
	if (app->is_stranger)
		return show_stranger(app, l);
	l->q = &app->q;
	l->print = print;
	l->arg = app;
	if (list_all(l) == RC_OK || app->is_lost)	/* that was said */
		return EXIT_OK;
	app_say(app, "the queue cannot be read: %s", port_error());
	return EXIT_UNAVAILABLE;
}

/* ---- trying -------------------------------------------------------------- */

static int
flush(struct app *app)
{
	const char *id = app_given(app, 'i'), *site = app_given(app, 's');
	char room[LIST_ANSWER_MAX];
	struct buf answer = BUF(room);

	if (id != NULL && !queue_id_is_safe(span_of(id))) {
		app_say(app, "bad mail queue id: %s", id);
		return EXIT_UNAVAILABLE;
	}
	TRY_CODE(app_queue(app, true));
	switch (list_ask(&app->q, id != NULL ? "flush-id" : site != NULL ?
	    "flush-site" : "flush", span_of(id != NULL ? id : site != NULL ?
	    site : ""), &answer)) {
	case RC_OK:
		return EXIT_OK;
	case RC_NONE:
		/* One that we start tries all that is there. */
		if (!app->is_stranger && id == NULL && site == NULL &&
		    runner_start(app, &app->set, &app->q, app_given(app, 'c'),
		    RUNNER_FLUSHES) == RC_OK)
			return EXIT_OK;
		app_say(app, "no queue manager runs; start `postern qmgr`, or"
		    " let root run `postqueue -f`");
		break;
	case RC_DENY:
		app_say(app, "%s", room);
		break;
	default:
		app_say(app, "the queue manager does not answer");
	}
	return EXIT_UNAVAILABLE;
}

static int
take(struct app *app, int letter, const char *value)
{
	struct call *c = app->call;

	(void)value;
	c->modes += span_find(SPAN("fijps"), (char)letter) < 5;
	return EXIT_OK;
}

int
app_postqueue(struct app *app)
{
	struct call *c = app_start(app, sizeof(*c), "o:c:fi:jps:v", take);

	if (c == NULL)
		return app->code;
	if (c->modes != 1)
		return app_usage(app, "one of -p, -j, -f, -i ID, -s SITE");
	TRY_CODE(app_no_words(app));
	if (app_given(app, 'p') != NULL || app_given(app, 'j') != NULL)
		return show(app);
	return flush(app);
}

int
app_mailq(struct app *app)
{
	if (app_start(app, sizeof(struct call), "o:C:c:jv", NULL) == NULL)
		return app->code;
	if (app_given(app, 'C') != NULL)
		app->given['c' - 'A'] = app_given(app, 'C');
	TRY_CODE(app_no_words(app));
	return show(app);
}
