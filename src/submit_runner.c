/*
 * submit_runner.c - the queue manager that a sendmail starts.
 *
 * The seam to the manager: nothing is started yet, the mail waits for `postern
 * qmgr`.
 */
#include "submit.h"

void
submit_runner(struct submit *s)
{
	log_line(&s->app->log, LOG_DEBUG, "%s: no queue manager runs", s->id);
}

int
submit_flush(struct submit *s, struct span request)
{
	return submit_fail(s, EXIT_BOUNCED, "%.*s: no queue manager runs",
		SPAN_ARG(request));
}
