/*
 * work_address.c - who gets mail that we write ourselves.
 */
#include "submit.h"
#include "work.h"

enum rc
work_address(const struct work *w, struct queue_draft *d, struct span addr)
{
	struct submit *s = submit_new(w->param, w->log, NULL);
	const struct rcpt to = { .addr = addr };
	struct submit_list l;

	if (s == NULL)
		return RC_OS;
	s->is_notice = true;
	if (!submit_rcpt_put(s, &to))
		return RC_DENY;
	TRY(submit_list_make(s, false, &l));
	return submit_list_put(&l, d);
}
