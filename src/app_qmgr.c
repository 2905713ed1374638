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

struct qmgr {
	struct app *app;
	struct app_set set;
	struct queue q;
	const char *folder;
	bool may_leave, goes_back;
};

static void
introduce(const struct qmgr *m)
{
	const struct log *log = &m->app->log;

	log_line(log, LOG_INFO, "daemon started -- version %s, queue %.*s",
	    POSTERN_VERSION, SPAN_ARG(m->q.folder));
	if (m->q.is_volatile)
		log_line(log, LOG_WARNING, "the queue is in memory, so a"
		    " restart loses what waits: set queue_directory to a"
		    " folder on flash or disk");
	if (!port_has_route())
		log_line(log, LOG_INFO, "there is no default route: mail"
		    " waits until there is one");
	if (m->set.param.set.soft_bounce)
		log_line(log, LOG_WARNING, "soft_bounce = yes: nothing is"
		    " returned, however it fails, until it is too old");
}

static int
refuse(const struct qmgr *m, enum rc rc)
{
	if (rc == RC_WIRE)	/* said already */
		return EXIT_UNAVAILABLE;
	if (rc == RC_DENY)
		app_fail(m->app, "the queue in %.*s belongs to another user;"
		    " root, or the user that mail_owner names, runs its"
		    " manager", SPAN_ARG(m->q.folder));
	else
		app_fail(m->app, "queue_directory = %.*s cannot be made: %s",
		    SPAN_ARG(m->set.param.set.queue_directory),
		    port_error());
	return EXIT_UNAVAILABLE;
}

static int
run(struct qmgr *m)
{
	enum rc rc;
	int lock = -1;

	TRY_CODE(app_set_load(&m->set, m->app, m->folder, false));
	rc = queue_open(&m->q, &m->set.param, &m->app->log);
	if (rc != RC_OK)
		return refuse(m, rc);
	if (m->goes_back)
		rc = runner_start(m->app, &m->set, &m->q, m->folder,
		    RUNNER_STAYS);
	else
		rc = queue_lock(&m->q, &lock);
	if (rc == RC_DENY) {
		app_fail(m->app, "a queue manager of %.*s runs already",
		    SPAN_ARG(m->q.folder));
		return EXIT_UNAVAILABLE;
	}
	if (rc == RC_OK)
		introduce(m);
	if (rc == RC_OK && !m->goes_back) {
		rc = runner_stay(m->app, &m->set, &m->q, m->folder,
		    !m->may_leave);
		port_close(lock);
	}
	if (rc == RC_OK || rc == RC_NONE)
		return EXIT_OK;
	app_fail(m->app, "the queue manager cannot go on: %s", port_error());
	return EXIT_LATER;
}

int
app_qmgr(struct app *app)
{
	struct qmgr *m = app_memory(app, sizeof(*m));
	const char *value = NULL;
	int letter;

	if (m == NULL)
		return EXIT_LATER;
	m->app = app;
	while ((letter = app_option(app, "bc:eo:v", &value)) != 0) {
		switch (letter) {
		case APP_HELP: return app_help(app);
		case 'b': m->goes_back = true; break;
		case 'e': m->may_leave = true; break;
		case 'v': app->log.err_level = LOG_DEBUG; break;
		default: TRY_CODE(app_set_take(&m->set, app, &m->folder, letter,
		    value));
		}
	}
	if (app->argc > 0)
		return app_usage(app, "%s: no operands are wanted",
		    app->argv[0]);
	return run(m);
}
