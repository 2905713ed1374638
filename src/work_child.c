/*
 * work_child.c - what the manager's children have in common: orders that they
 * hear, what they say, and the log, which goes by way of the manager.
 */
#include "port.h"
#include "work.h"

enum rc
work_say(struct work_child *c, const struct queue_saying *s)
{
	struct buf b = BUF(c->message);
	enum rc rc;

	queue_saying_put(&b, s);
	rc = port_send(c->fd, buf_span(&b), -1, port_now() +
	    c->work->param->set.ipc_timeout);
	c->has_failed |= rc != RC_OK;
	return rc;
}

enum rc
work_done(struct work_child *c, enum rc rc, unsigned left)
{
	struct queue_saying s = { .word = QUEUE_SAYS_DONE, .index = left };

	if (rc != RC_OK) {
		s.flags = QUEUE_BUG_FAULT;
		s.text = span_of(port_error());
	}
	return work_say(c, &s);
}

static void
sink(void *arg, enum log_level level, struct span text)
{
	struct queue_saying s = { .word = QUEUE_SAYS_LOG,
	    .level = (uint8_t)level, .text = text };

	if (work_say(arg, &s) != RC_OK)
		port_err(text);		/* nobody else is left to hear it */
}

enum rc
work_hear(struct work_child *c, ms_t until, int *passed)
{
	struct span message = { .p = c->message };

	TRY(port_recv(c->fd, c->message, sizeof(c->message), until,
	    &message.n, passed));
	return span_is(message, QUEUE_GO) ? RC_GONE :
	    queue_order_take(message, &c->order);
}

struct work_child *
work_child(void *arg, int fd)
{
	struct work_child *c = port_memory(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->work = arg;
	c->fd = fd;
	c->log = *c->work->log;
	c->log.sink = sink;
	c->log.sink_arg = c;
	return c;
}
