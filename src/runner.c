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
	struct queue *q;
	const char *folder;
	struct app_set *spare;		/* for settings read anew */
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
	if (app_set_load(fresh, r->app, r->folder, false) != EXIT_OK)
		return false;
	r->spare = r->set;
	r->set = fresh;
	r->work.param = r->q->param = &fresh->param;
	r->q->set = &fresh->param.set;
	return true;
}

enum rc
runner_stay(struct app *app, struct app_set *set, struct queue *q,
	const char *folder, bool stay)
{
	struct runner r = {
		.work = {
			.param = &set->param,
			.log = &app->log,
			.folder = folder,
			.options = set->options,
			.options_n = set->options_n,
		},
		.app = app,
		.set = set,
		.q = q,
		.folder = folder,
	};
	const struct queue_crew crew = {
		.task = {
			[QUEUE_DELIVER] = work_deliver,
			[QUEUE_TELL] = work_tell,
			[QUEUE_PICKUP] = work_pickup,
			[QUEUE_LIST] = list_child,
		},
		.reload = reload,
		.arg = &r,
	};

	work_walls(&r.work);
	return queue_run(q, &crew, stay);
}

/* What a runner is started with; its process has a copy. */
struct start {
	struct app *app;
	struct app_set *set;
	struct queue *q;
	const char *folder;
	bool stays;
	char room[FOLDER_MAX];
};

static int
live(void *arg, int lock)
{
	const struct start *s = arg;
	enum rc rc;

	s->app->log.to_stderr = false;	/* the caller's is closed */
	s->app->name = "qmgr";
	app_set_tag(s->set, s->app);
	do {
		rc = runner_stay(s->app, s->set, s->q, s->folder,
		    s->stays);
		port_close(lock);
	} while (rc == RC_NONE && !queue_is_empty(s->q) &&
	    queue_lock(s->q, &lock) == RC_OK);
	if (rc == RC_OK || rc == RC_NONE)
		return EXIT_OK;
	log_line(&s->app->log, LOG_ERROR, "the queue manager gives up: %s",
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
make_absolute(struct start *s)
{
	struct span folder = s->set->param.folder;
	struct buf b = BUF(s->room);

	if (folder.n == 0 || folder.p[0] == '/')
		return RC_OK;
	TRY(port_here(&b));
	buf_putc(&b, '/');
	buf_put(&b, folder);
	s->folder = buf_text(&b);
	return b.full ? RC_FULL : RC_OK;
}

enum rc
runner_start(struct app *app, struct app_set *set, struct queue *q,
	const char *folder, enum runner_how how)
{
	struct start *s = port_memory(sizeof(*s));
	enum rc rc;
	int lock;

	if (s == NULL)
		return RC_OS;
	*s = (struct start){ .app = app, .set = set, .q = q,
		.folder = folder, .stays = how == RUNNER_STAYS };
	TRY(make_absolute(s));
	TRY(queue_lock(q, &lock));
	rc = port_detach(live, s, lock);
	port_close(lock);
	if (rc == RC_OK && how == RUNNER_FLUSHES)
		poke(q, "flush");
	return rc;
}
