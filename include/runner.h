/*
 * runner.h - becoming the queue manager.  Rank 7.
 */
#ifndef POSTERN_RUNNER_H
#define POSTERN_RUNNER_H

#include "applet.h"
#include "queue.h"

/*
 * runner_start - a manager in the background, with these settings, that leaves
 * when the queue is empty; the caller goes on at once.
 *
 * flush  try all there is, due or not.
 *
 * RC_OK    it runs.  RC_DENY: another one does already.
 */
MUST_USE enum rc runner_start(const struct app *app, struct app_set *set,
	struct queue *q, bool flush);

#endif
