/*
 * queue_ask.c - the manager from outside: one request and its answer, and the
 * lock that says who it is.
 */
#include "queue_int.h"

/* A manager that is about to leave closes its door ahead of reading. */
static enum rc
nobody(enum rc rc)
{
	return rc == RC_GONE ? RC_NONE : rc;
}

static enum rc
take_answer(int fd, struct buf *answer, ms_t until)
{
	int passed = -1;
	size_t n;
	enum rc rc = port_recv(fd, answer->p + answer->n,
	    answer->cap - answer->n - 1, until, &n, &passed);

	port_close(passed);
	if (rc == RC_OK)
		answer->n += n;
	return rc;
}

enum rc
queue_ask(const struct queue *q, struct span request, struct buf *answer)
{
	ms_t until = port_now() + q->set->trigger_timeout;
	char room[QUEUE_PATH_MAX];
	int fd;
	enum rc rc = port_call(queue_at(room, q, QUEUE_CONTROL, ""), until,
	    &fd);

	if (rc != RC_OK)
		return nobody(rc);
	rc = port_send(fd, request, -1, until);
	if (rc == RC_OK && answer != NULL)
		rc = take_answer(fd, answer, until);
	port_close(fd);
	return nobody(rc);
}

enum rc
queue_lock(const struct queue *q, int *fd)
{
	char room[QUEUE_PATH_MAX];

	return port_lock(queue_at(room, q, QUEUE_LOCK, ""), fd);
}
