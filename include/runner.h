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
 * runner_start - a manager in the background, with these settings, that leaves
 * when the queue is empty; the caller goes on at once.
 *
 * flush  try all there is, due or not.
 *
 * RC_OK    it runs.  RC_DENY: another one does already.
 */
MUST_USE enum rc runner_start(struct app *app, struct app_set *set,
	struct queue *q, const char *folder, bool flush);

#endif
