/*
 * runner.c - a manager in the background that leaves when nothing is left.
 *
 * The lock decides who it is.  A message that is published while the runner is
 * about to leave finds the lock still held, and nobody who reads its poke; so
 * the runner, when it has given up the lock, looks at the queue once more.
 */
#include "list.h"
#include "port.h"
#include "runner.h"
#include "work.h"

#define POKE_EVERY	(20 * (ms_t)1)
#define FOLDER_MAX	512
#define POKE_FOR	(2 * SECOND)

struct runner {
	struct work work;		/* first: reload() gets it */
	struct app *app;
	struct app_set *set;
	struct app_set *spare;		/* for settings read anew */
	struct queue *q;
	bool stays;			/* also when the queue is empty */
	char room[FOLDER_MAX];
};

/* Settings that are bad stay unused, which app_set_load() has said. */
static bool
reload(void *arg)
{
	struct runner *r = arg;
	struct app_set *fresh = r->spare;

	if (fresh == NULL && (fresh = port_memory(sizeof(*fresh))) == NULL)
		return false;
	fresh->options_n = r->set->options_n;
	fresh->options = r->set->options;
	r->spare = fresh;
	if (app_set_load(fresh, r->app, r->work.folder, false) != EXIT_OK)
		return false;
	r->spare = r->set;
	r->set = fresh;
	r->work.param = r->q->param = &fresh->param;
	r->q->set = &fresh->param.set;
	return true;
}

static struct runner *
make(struct app *app, struct app_set *set, struct queue *q,
	const char *folder)
{
	struct runner *r = port_memory(sizeof(*r));

	if (r == NULL)
		return NULL;
	r->work.param = &set->param;
	r->work.log = &app->log;
	r->work.folder = folder;
	r->work.options = set->options;
	r->work.options_n = set->options_n;
	r->app = app;
	r->set = set;
	r->q = q;
	return r;
}

static enum rc
manage(struct runner *r, bool stay)
{
	const struct queue_crew crew = {
		.task = {
			[QUEUE_DELIVER] = work_deliver,
			[QUEUE_TELL] = work_tell,
			[QUEUE_PICKUP] = work_pickup,
			[QUEUE_LIST] = list_child,
		},
		.reload = reload,
		.arg = r,
	};

	work_walls(&r->work);
	return queue_run(r->q, &crew, stay);
}

enum rc
runner_stay(struct app *app, struct app_set *set, struct queue *q,
	const char *folder, bool stay)
{
	struct runner *r = make(app, set, q, folder);

	return r == NULL ? RC_OS : manage(r, stay);
}

/* What a runner is started with; its process has a copy. */
static int
live(void *arg, int lock)
{
	struct runner *r = arg;
	enum rc rc;

	r->app->log.to_stderr = false;	/* the caller's is closed */
	r->app->name = "qmgr";
	app_set_tag(r->set, r->app);
	do {
		rc = manage(r, r->stays);
		port_close(lock);
	} while (rc == RC_NONE && !queue_is_empty(r->q) &&
	    queue_lock(r->q, &lock) == RC_OK);
	if (rc == RC_OK || rc == RC_NONE)
		return EXIT_OK;
	log_line(&r->app->log, LOG_ERROR, "the queue manager gives up: %s",
	    port_error());
	return EXIT_LATER;
}

/* As soon as it listens. */
static void
poke(const struct queue *q, const char *request)
{
	ms_t until = port_now() + POKE_FOR;

	while (queue_ask(q, span_of(request), NULL) == RC_NONE &&
	    port_now() < until)
		port_sleep(port_now() + POKE_EVERY);
}

/*
 * A runner is in the root folder, where a name without a slash is another one:
 * mail would go by the defaults.
 */
static enum rc
make_absolute(struct runner *r)
{
	struct span folder = r->set->param.folder;
	struct buf b = BUF(r->room);

	if (folder.n == 0 || folder.p[0] == '/')
		return RC_OK;
	TRY(port_here(&b));
	buf_fmt(&b, "/%.*s", SPAN_ARG(folder));
	r->work.folder = buf_text(&b);
	return b.full ? RC_FULL : RC_OK;
}

enum rc
runner_start(struct app *app, struct app_set *set, struct queue *q,
	const char *folder, enum runner_how how)
{
	struct runner *r = make(app, set, q, folder);
	enum rc rc;
	int lock;

	if (r == NULL)
		return RC_OS;
	r->stays = how == RUNNER_STAYS;
	TRY(make_absolute(r));
	TRY(queue_lock(q, &lock));
	rc = port_detach(live, r, lock);
	port_close(lock);
	if (rc == RC_OK && how == RUNNER_FLUSHES)
		poke(q, "flush");
	return rc;
}
