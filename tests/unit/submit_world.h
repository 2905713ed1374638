/*
 * submit_world.h - sendmail in a world with a queue, and what it left there.
 */
#ifndef SUBMIT_WORLD_H
#define SUBMIT_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sim/sim.h"
#include "applet.h"
#include "queue.h"
#include "submit.h"
#include "work.h"

#define QUEUE	"/var/spool/q"
#define SMALL	"Subject: hello\n\nHello.\n"
#define CF	"queue_directory = " QUEUE "\nmail_owner = 1000\n" \
	"myhostname = here.example\nalias_maps =\n"

struct submit_world {
	struct log log;
	struct param param;
	struct arena arena;
	struct queue q;
	int lock;
	struct queue_head head;
	struct queue_reader reader;
	struct queue_envelope env;
	char settings[65536];
	char id[QUEUE_ID_MAX];
	char content[65536], rcpts[65536];
};
static struct submit_world sw;

/* Lines of main.cf that stand behind CF. */
static inline void
submit_config(const char *more)
{
	static char text[8192];

	snprintf(text, sizeof(text), "%s%s", CF, more);
	sim_file("/etc/postern/main.cf", text);
}

static inline void
submit_load(void)
{
	struct param_from from = { .program = "sendmail", .log = &sw.log };
	char why[512];
	struct buf b = BUF(why);

	arena_init(&sw.arena, sw.settings, sizeof(sw.settings));
	if (param_load(&sw.param, &from, &sw.arena, &b) != RC_OK)
		sim_fail("%s", buf_text(&b));
}

/*
 * A queue whose manager is the test: it has the lock, so nobody starts another
 * one, and says nothing.
 */
static inline void
submit_world(const char *more)
{
	memset(&sw, 0, sizeof(sw));
	log_init(&sw.log, SPAN("postern/test"));
	sim_folder("/etc", true);
	sim_folder("/etc/postern", true);
	sim_folder("/var", true);
	sim_folder("/var/spool", true);
	submit_config(more);
	submit_load();
	assert_int_equal(queue_open(&sw.q, &sw.param, &sw.log), RC_OK);
	assert_int_equal(queue_lock(&sw.q, &sw.lock), RC_OK);
	sim_stdin(SMALL, strlen(SMALL));
}

static inline int
submit_entry(void *arg, int fd)
{
	char **argv = arg;
	int argc = 0;

	(void)fd;
	while (argv[argc] != NULL)
		argc++;
	return applet_main(argc, argv);
}

/* sendmail with these words, as the present user. */
static inline unsigned
submit_start_words(const char *const *words)
{
	static char text[16][256];
	static char *argv[17];
	size_t n = 1;

	snprintf(text[0], sizeof(text[0]), "sendmail");
	argv[0] = text[0];
	for (; *words != NULL; n++) {
		snprintf(text[n], sizeof(text[n]), "%s", *words++);
		argv[n] = text[n];
	}
	argv[n] = NULL;
	return sim_process(submit_entry, argv);
}

#define SENDMAIL(...) \
	sim_run_process(submit_start_words((const char *const []){ \
	    __VA_ARGS__, NULL }))
#define TAKES(message, ...) \
	do { \
		sim_stdin(message, strlen(message)); \
		assert_int_equal(SENDMAIL(__VA_ARGS__), EXIT_OK); \
	} while (0)

/* The one message in a folder; its name, read into sw. */
static inline const char *
submit_only(const char *folder)
{
	char path[512];
	const char *names;
	size_t n;

	snprintf(path, sizeof(path), QUEUE "/%s", folder);
	names = sim_ls(path);
	n = strcspn(names, "\n");
	if (sim_count(path) != 1 || n >= sizeof(sw.id))
		sim_fail("in %s is:\n%s", path, names);
	memcpy(sw.id, names, n);
	sw.id[n] = '\0';
	return sw.id;
}

/*
 * Reads a message of the queue: sw.head, sw.env, sw.content, and in sw.rcpts a
 * line for each recipient: address, as it was given, NOTIFY, ORCPT.
 */
static inline void
submit_read_from(const char *folder, const char *id)
{
	char path[512];
	struct buf b = BUF(sw.rcpts);
	struct queue_rcpt r;
	size_t got;
	enum rc rc;
	int fd;

	snprintf(path, sizeof(path), QUEUE "/%s/%s", folder, id);
	assert_int_equal(port_open(path, &fd), RC_OK);
	assert_int_equal(queue_head_read(fd, &sw.head), RC_OK);
	assert_true((size_t)sw.head.body_bytes < sizeof(sw.content));
	assert_int_equal(port_pread(fd, sw.content,
	    (size_t)sw.head.body_bytes, QUEUE_HEAD_BYTES, &got), RC_OK);
	sw.content[got] = '\0';
	assert_int_equal(queue_reader_start(&sw.reader, fd, &sw.head, &sw.env),
	    RC_OK);
	while ((rc = queue_rcpt_next(&sw.reader, &r)) == RC_OK) {
		buf_fmt(&b, "%.*s %.*s %u", SPAN_ARG(r.to.addr),
		    SPAN_ARG(r.given), r.to.notify);
		if (r.to.orcpt.n > 0)
			buf_fmt(&b, " %.*s", SPAN_ARG(r.to.orcpt));
		buf_putc(&b, '\n');
	}
	assert_int_equal(rc, RC_NONE);
	buf_text(&b);
	port_close(fd);
}

/* The one that is there. */
static inline void
submit_read(void)
{
	submit_read_from("incoming", submit_only("incoming"));
}

static inline void
submit_empty(const char *folder)
{
	char path[512];

	snprintf(path, sizeof(path), QUEUE "/%s", folder);
	for (const char *p = sim_ls(path); *p != '\0'; p = sim_ls(path)) {
		snprintf(path, sizeof(path), QUEUE "/%s/%.*s", folder,
		    (int)strcspn(p, "\n"), p);
		sim_file_remove(path);
		snprintf(path, sizeof(path), QUEUE "/%s", folder);
	}
}

#define HAS(text)	assert_non_null(strstr(sw.content, text))
#define LACKS(text)	assert_null(strstr(sw.content, text))
#define RCPTS(text)	assert_string_equal(sw.rcpts, text)
#define SENDER(text)	assert_true(span_is(sw.env.sender, text))

#endif
