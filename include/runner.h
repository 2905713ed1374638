/*
 * runner.h - being the queue manager: in this process, or in the background.
 * Rank 7.
 */
#ifndef POSTERN_RUNNER_H
#define POSTERN_RUNNER_H

#include "applet.h"
#include "queue.h"

/*
 * runner_stay - is the manager, in this process, until it is told to stop or,
 * unless `stay`, the queue is empty.  The caller holds the lock.
 *
 * set     loaded; read anew from `folder` (-c, or NULL) when main.cf changes.
 */
MUST_USE enum rc runner_stay(struct app *app, struct app_set *set,
	struct queue *q, const char *folder, bool stay);

/*
 * runner_start - a manager in the background, with these settings; the caller
 * goes on at once.
 *
 * RC_OK    it runs.  RC_DENY: another one does already.
 */
enum runner_how {
	RUNNER_LEAVES,		/* when the queue is empty */
	RUNNER_FLUSHES,		/* it does, and tries all there is at first */
	RUNNER_STAYS
};
MUST_USE enum rc runner_start(struct app *app, struct app_set *set,
	struct queue *q, const char *folder, enum runner_how how);

#endif
