/*
 * submit_queue.c - a message that was taken goes into the queue, and the
 * manager hears of it.
 *
 * Where a table of addresses can't tell, the message waits in drop as it is:
 * an address that was not rewritten must not leave, and a caller who is told
 * to come again later often doesn't.  The manager tries what lies there anew.
 */
#include "port.h"
#include "submit.h"

/* ---- publication --------------------------------------------------------- */

enum rc
submit_list_put(const struct submit_list *l, struct queue_draft *d)
{
	for (size_t i = 0; i < l->n; i++) {
		struct rcpt to;

		submit_list_rcpt(l, i, &to);
		TRY(queue_draft_rcpt(d, &to, to.given));
	}
	return RC_OK;
}

static void
fill_head(struct submit *s)
{
	struct queue_head *h = &s->draft.head;

	h->flags = s->smtputf8 ? QUEUE_UTF8 : 0;
	h->body = s->body;
	h->ret = s->ret;
	h->uid = s->uid;
	/* The age of mail from before the clock was set is not known. */
	h->arrived_ms = s->arrived_ms / SECOND < port_built() ? 0 :
		s->arrived_ms;
}

static enum rc
publish(struct submit *s, const struct submit_list *l)
{
	const struct queue_envelope e = {
		.sender = s->is_stuck ? s->sender : s->from,
		.envid = s->envid,
	};

	fill_head(s);
	TRY(queue_draft_envelope(&s->draft, &e));
	TRY(submit_list_put(l, &s->draft));
	s->draft.is_drop |= s->is_stuck;
	return queue_draft_publish(&s->draft);
}

/* ---- the manager --------------------------------------------------------- */

/* Whoever looks after drop is to be told, or the user that nobody does. */
static void
wake(struct submit *s)
{
	char text[QUEUE_ID_MAX + sizeof("new ")];
	struct buf b = BUF(text);

	if (s->draft.is_drop)
		buf_puts(&b, "drop");
	else
		buf_fmt(&b, "new %s", s->id);
	if (queue_ask(s->queue, buf_span(&b), NULL) != RC_NONE)
		return;
	if (s->to_drop)
		app_fail(s->app, "no queue manager runs: the mail is kept in"
			" %.*s/drop until root's next sendmail or `postern"
			" qmgr` takes it", SPAN_ARG(s->queue->folder));
	else if (s->start_manager != NULL)
		s->start_manager(s);
}

/* ---- all of it ----------------------------------------------------------- */

void
submit_drop(struct submit *s)
{
	if (s->queue != NULL) {
		queue_draft_drop(&s->draft);
		return;
	}
	port_close(s->mail.fd);
	s->mail.fd = -1;
}

/* What enters the queue is logged as by `pickup`: there programs that read
   logs look for it. */
static void
log_it(const struct submit *s, size_t n)
{
	char tag[64];
	struct buf b = BUF(tag);
	struct log log = s->app->log;

	if (s->is_stuck)
		log_line(&log, LOG_WARNING, "%s: a table of addresses cannot"
			" tell now: kept in drop", s->id);
	buf_fmt(&b, "%.*s/pickup", (int)span_find_last(log.tag, '/'),
		log.tag.p);
	if (!s->draft.is_drop && !b.full)
		log.tag = buf_span(&b);
	log_line(&log, LOG_INFO, "%s: uid=%u from=<%.*s> (%s: size=%lld,"
		" nrcpt=%zu)", s->id, (unsigned)s->uid, SPAN_ARG(s->from),
		s->draft.is_drop ? "kept in drop" : "queued",
		(long long)s->size, n);
}

int
submit_queue(struct submit *s)
{
	struct submit_list l;
	int code = submit_gather(s, &l);

	if (l.bad > 0)
		submit_say_bad(s);
	if (code != EXIT_OK) {
		submit_drop(s);
		return code;
	}
	submit_look_for_utf8(s, &l);
	if (publish(s, &l) != RC_OK)
		return submit_fail(s, EXIT_LATER, "the message cannot be kept"
			" in the queue: %s", port_error());
	log_it(s, l.n);
	wake(s);
	return l.bad > 0 ? EXIT_BOUNCED : EXIT_OK;
}
