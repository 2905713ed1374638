/*
 * queue_ask.c - a request to the manager, through its socket.
 */
#include "queue_int.h"

enum rc
queue_ask(const struct queue *q, struct span request, struct buf *answer)
{
	char room[QUEUE_PATH_MAX], got[PORT_MESSAGE_MAX];
	struct buf path = BUF(room);
	ms_t until = port_now() + q->set->trigger_timeout;
	size_t n = 0;
	int fd, passed;
	enum rc rc;

	queue_path(q, &path, "control", SPAN(""));
	if (path.full)
		return RC_NONE;
	TRY(port_call(buf_text(&path), until, &fd));
	rc = port_send(fd, request, -1, until);
	if (rc == RC_OK && answer != NULL)
		rc = port_recv(fd, got, sizeof(got), until, &n, &passed);
	if (rc == RC_OK && answer != NULL)
		buf_put(answer, (struct span){ got, n });
	port_close(fd);
	return rc == RC_GONE ? RC_NONE : rc;
}
