/*
 * queue_world.h - a queue in a world of its own, and messages put into it in a
 * line.
 */
#ifndef QUEUE_WORLD_H
#define QUEUE_WORLD_H

#include <stdio.h>
#include <string.h>

#include "../../src/queue_int.h"
#include "../sim/sim.h"

#define QUEUE	"/var/spool/q"

struct queue_world {
	struct log log;
	struct param param;
	struct queue q;
	struct queue_head head;
	struct queue_reader reader;
	struct queue_envelope env;
	struct queue_rcpt rcpt;
	struct queue_draft draft;
	char id[QUEUE_ID_MAX];
	char path[QUEUE_PATH_MAX];
};

/* A static of the test: the tests of a file run one after the other. */
static struct queue_world qw;

/* The settings, and no folder below /var/spool. */
static inline void
queue_world(void)
{
	memset(&qw, 0, sizeof(qw));
	log_init(&qw.log, SPAN("postern/test"));
	qw.log.err_level = LOG_INFO;
	sim_folder("/var", true);
	sim_folder("/var/spool", true);
	qw.param.set.queue_directory = SPAN(QUEUE);
	qw.param.set.mail_owner = SPAN("1000");
}

static inline void
queue_world_open(void)
{
	queue_world();
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
}

/* Publishes; `rcpts` divided by blanks.  Returns its id. */
static inline const char *
queue_submit(const char *sender, const char *rcpts, const char *content)
{
	struct queue_envelope e = { .sender = span_of(sender) };
	struct span rest = span_of(rcpts), word;

	assert_int_equal(queue_draft_open(&qw.draft, &qw.q, false), RC_OK);
	assert_int_equal(queue_draft_put(&qw.draft, span_of(content)), RC_OK);
	assert_int_equal(queue_draft_envelope(&qw.draft, &e), RC_OK);
	while (span_word(&rest, " ", &word))
		assert_int_equal(queue_draft_rcpt(&qw.draft,
		    &(struct rcpt){ .addr = word }, SPAN("")), RC_OK);
	assert_int_equal(queue_draft_publish(&qw.draft), RC_OK);
	memcpy(qw.id, qw.draft.id, sizeof(qw.id));
	return qw.id;
}

static inline const char *
queue_file(const char *folder, const char *id)
{
	snprintf(qw.path, sizeof(qw.path), QUEUE "/%s/%s", folder, id);
	return qw.path;
}

static inline int
queue_fd(const char *id)
{
	int fd;

	assert_int_equal(port_open_update(queue_file("incoming", id), &fd),
	    RC_OK);
	return fd;
}

/* How many names there are in a folder of the queue. */
static inline unsigned
queue_names(const char *folder)
{
	char path[QUEUE_PATH_MAX], room[256];
	struct port_list list;
	struct buf name;
	unsigned n = 0;

	snprintf(path, sizeof(path), QUEUE "/%s", folder);
	assert_int_equal(port_list_open(&list, path), RC_OK);
	for (;; n++) {
		name = BUF(room);
		if (port_list_next(&list, &name) != RC_OK)
			break;
	}
	port_list_close(&list);
	return n;
}

#endif
