/*
 * app_qmgr.c - `qmgr`: the queue manager, in the foreground, as an init system
 * wants it.
 *
 *	qmgr [-b] [-e] [-v] [-c DIR] [-o NAME=VALUE]
 *
 * It makes the folders of its queue, tells how it finds the machine, and works
 * until SIGTERM.  SIGHUP, and a main.cf that changes, are read without losing
 * work.  A log file may be moved away at any time.
 */
#include "applet.h"
#include "port.h"
#include "runner.h"
#include "version.h"

static void
introduce(const struct app *app)
{
	const struct log *log = &app->log;

	log_line(log, LOG_INFO, "daemon started -- version %s, queue %.*s",
	    POSTERN_VERSION, SPAN_ARG(app->q.folder));
	if (app->q.is_volatile)
		log_line(log, LOG_WARNING, "the queue is in memory, so a"
		    " restart loses what waits; set queue_directory to a"
		    " folder on flash or disk");
	if (!port_has_route())
		log_line(log, LOG_INFO, "there is no default route: mail"
		    " waits until there is one, unless its server is on this"
		    " network");
	if (app->set.param.set.soft_bounce)
		log_line(log, LOG_WARNING, "soft_bounce = yes: nothing is"
		    " returned, however it fails, until it is too old");
}

static int
refuse(const struct app *app, enum rc rc)
{
	if (rc == RC_DENY)
		app_fail(app, "the queue in %.*s belongs to another user;"
		    " root, or the user that mail_owner names, runs its"
		    " manager", SPAN_ARG(app->q.folder));
	else if (rc != RC_WIRE)		/* which was said */
		app_fail(app, "queue_directory = %.*s cannot be made: %s",
		    SPAN_ARG(app->set.param.set.queue_directory),
		    port_error());
	return EXIT_UNAVAILABLE;
}

int
app_qmgr(struct app *app)
{
	enum rc rc;
	bool goes_back;
	int lock = -1;

	if (app_start(app, 0, "o:bc:ev", NULL) == NULL)
		return app->code;
	TRY_CODE(app_no_words(app));
	goes_back = app_given(app, 'b') != NULL;
	if (app_given(app, 'v') != NULL)
		app->log.err_level = LOG_DEBUG;
	TRY_CODE(app_load(app));
	rc = queue_open(&app->q, &app->set.param, &app->log);
	if (rc != RC_OK)
		return refuse(app, rc);
	rc = goes_back ? runner_start(app, &app->set, &app->q,
	    app_given(app, 'c'), RUNNER_STAYS) : queue_lock(&app->q, &lock);
	if (rc == RC_DENY) {
		app_fail(app, "a queue manager of %.*s runs already",
		    SPAN_ARG(app->q.folder));
		return EXIT_UNAVAILABLE;
	}
	if (rc == RC_OK)
		introduce(app);
	if (rc == RC_OK && !goes_back) {
		rc = runner_stay(app, &app->set, &app->q, app_given(app, 'c'),
		    app_given(app, 'e') == NULL);
		port_close(lock);
	}
	if (rc == RC_OK || rc == RC_NONE)
		return EXIT_OK;
	app_fail(app, "the queue manager cannot go on: %s", port_error());
	return EXIT_LATER;
}
