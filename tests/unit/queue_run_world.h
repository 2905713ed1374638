/*
 * queue_run_world.h - a manager in a world of its own, with children that do
 * what the next hop says, and write down what they were told.
 *
 * Next hops of the transport smtp: `well`, `dead` (not reached, after 30 s),
 * `grey` (later), `no` (refused), `crash`, `mute` (done without a word), `hang`
 * (never answers), `login`, `away` (no network), `slow` (well, after a minute),
 * all as recipients' domains, with `.example` behind.
 */
#ifndef QUEUE_RUN_WORLD_H
#define QUEUE_RUN_WORLD_H

#include "queue_world.h"

#define IDLE	(2 * SECOND)

static struct run_world {
	struct queue_crew crew;
	char cf[2048];
	char memory[65536];
	struct arena arena;
	char log[65536];	/* `ID rcpt@domain\n`, as delivered */
	char told[4096];	/* `ID transport\n` */
	unsigned orders, more, workers, reloads, pickups;
	unsigned stay_in_drop, left_in_drop;	/* pickups that take nothing,
						   and what they say is left */
	bool tell_fails, tell_crashes, is_ready;
	enum rc ended;
	ms_t well_at;		/* from then on all is well */
} rw;

static inline void
note(char *log, size_t room, const char *fmt, const char *a, struct span b)
{
	size_t n = strlen(log);

	assert_true(n + 200 < room);
	snprintf(log + n, room - n, fmt, a, SPAN_ARG(b));
}

/* ---- children ------------------------------------------------------------ */

struct child {
	struct queue_order order;
	struct queue_head head;
	struct queue_envelope env;
	struct queue_reader reader;
	char message[PORT_MESSAGE_MAX];
};

static inline enum rc
child_say(struct child *c, int fd, const struct queue_saying *s)
{
	struct buf b = BUF(c->message);

	queue_saying_put(&b, s);
	return port_send(fd, buf_span(&b), -1, port_now() + MINUTE);
}

/* What a server called so would say. */
static inline void
child_mood(struct span hop, struct queue_saying *s)
{
	static const struct {
		const char *name;
		enum fate fate;
		unsigned flags;
		const char *dsn, *text;
	} moods[] = {
		{ "dead", FATE_LATER, QUEUE_HOST_FAULT, "4.4.1", "refused" },
		{ "grey", FATE_LATER, 0, "4.2.0", "come again" },
		{ "no", FATE_NEVER, 0, "5.1.1", "no such user" },
		{ "login", FATE_LATER, QUEUE_LOGIN_FAULT, "4.7.8", "password" },
		{ "away", FATE_LATER, QUEUE_NET_FAULT, "4.4.3", "no network" },
	};
	s->fate = FATE_SENT;
	s->dsn = SPAN("2.0.0");
	s->text = SPAN("taken");
	if (rw.well_at > 0 && port_now() >= rw.well_at)
		return;
	for (unsigned i = 0; i < COUNT(moods); i++)
		if (span_starts_case(hop, moods[i].name)) {
			s->fate = moods[i].fate;
			s->flags = moods[i].flags;
			s->dsn = span_of(moods[i].dsn);
			s->text = span_of(moods[i].text);
		}
}

static inline enum rc
child_answer(struct child *c, int fd)
{
	struct queue_saying s = { .word = QUEUE_SAYS_RCPT,
		.relay = SPAN("mx[192.0.2.1]:25") };
	char line[3000];
	struct queue_rcpt r;

	child_mood(c->order.nexthop, &s);
	for (unsigned i = 0; i < c->order.rcpts; i++) {
		do
			assert_int_equal(queue_rcpt_next(&c->reader, &r),
			    RC_OK);
		while (r.index < c->order.index[i]);
		assert_int_equal(r.index, c->order.index[i]);
		assert_int_equal(r.state, QUEUE_WAITS);
		if (s.fate == FATE_SENT)
			note(rw.log, sizeof(rw.log), "%s %.*s\n",
			    c->order.id, r.to.addr);
		s.index = r.index;
		snprintf(line, sizeof(line), "to=<%.*s>, relay=mx[192.0.2.1]"
		    ":25, delay=0, delays=0/0/0/0, dsn=%.*s, status=%s (%.*s)",
		    SPAN_ARG(r.to.addr), SPAN_ARG(s.dsn),
		    s.fate == FATE_SENT ? "sent" : s.fate == FATE_NEVER ?
		    "bounced" : "deferred", SPAN_ARG(s.text));
		s.line = span_of(line);
		TRY(child_say(c, fd, &s));
	}
	return RC_OK;
}

/* false: without an answer. */
static inline bool
child_waits(const struct child *c)
{
	struct span hop = c->order.nexthop;

	if (rw.well_at > 0 && port_now() >= rw.well_at)
		return true;
	if (span_starts_case(hop, "crash"))
		port_exit(1);
	if (span_starts_case(hop, "hang"))
		port_sleep(port_now() + 30 * DAY);
	if (span_starts_case(hop, "dead"))
		port_sleep(port_now() + 30 * SECOND);
	if (span_starts_case(hop, "slow"))
		port_sleep(port_now() + MINUTE);
	return !span_starts_case(hop, "mute");
}

static inline enum rc
child_obey(struct child *c, int fd, int file)
{
	static const struct queue_saying done = { .word = QUEUE_SAYS_DONE };

	rw.orders++;
	rw.more += c->order.more;
	assert_int_equal(queue_head_read(file, &c->head), RC_OK);
	assert_int_equal(queue_reader_start(&c->reader, file, &c->head,
	    &c->env), RC_OK);
	if (child_waits(c))
		TRY(child_answer(c, fd));
	return child_say(c, fd, &done);
}

static inline enum rc
child_order(struct child *c, int fd, ms_t until, int *file)
{
	size_t n;

	TRY(port_recv(fd, c->message, sizeof(c->message), until, &n, file));
	if (span_is((struct span){ c->message, n }, QUEUE_GO))
		return RC_GONE;
	assert_int_equal(queue_order_take((struct span){ c->message, n },
	    &c->order), RC_OK);
	return RC_OK;
}

static inline int
deliverer(void *arg, int fd)
{
	static const struct queue_saying bye = { .word = QUEUE_SAYS_BYE };
	struct child *c = port_memory(sizeof(*c));
	int file;
	enum rc rc;

	(void)arg;
	assert_non_null(c);
	rw.workers++;
	for (;;) {
		rc = child_order(c, fd, port_now() + IDLE, &file);
		if (rc == RC_TIME) {
			if (child_say(c, fd, &bye) != RC_OK)
				return 0;
			rc = child_order(c, fd, MS_NEVER, &file);
		}
		if (rc != RC_OK)
			return rc == RC_GONE ? 0 : 1;
		assert_int_equal(c->order.task, QUEUE_DELIVER);
		rc = child_obey(c, fd, file);
		port_close(file);
		if (rc != RC_OK)
			return 1;
	}
}

static inline int
teller(void *arg, int fd)
{
	struct queue_saying done = { .word = QUEUE_SAYS_DONE };
	struct child *c = port_memory(sizeof(*c));
	int file;

	(void)arg;
	assert_non_null(c);
	if (child_order(c, fd, MS_NEVER, &file) != RC_OK)
		return 1;
	assert_int_equal(c->order.task, QUEUE_TELL);
	if (rw.tell_crashes)
		port_exit(3);
	if (rw.tell_fails)
		done.flags = QUEUE_BUG_FAULT;
	else
		note(rw.told, sizeof(rw.told), "%s %.*s\n", c->order.id,
		    c->order.transport);
	port_close(file);
	return child_say(c, fd, &done) == RC_OK ? 0 : 1;
}

static inline int
picker(void *arg, int fd)
{
	struct queue_saying done = { .word = QUEUE_SAYS_DONE };
	struct child *c = port_memory(sizeof(*c));
	int file;

	(void)arg;
	if (child_order(c, fd, MS_NEVER, &file) != RC_OK)
		return 1;
	assert_int_equal(c->order.task, QUEUE_PICKUP);
	rw.pickups++;
	done.index = rw.left_in_drop;
	if (rw.stay_in_drop == 0)
		sim_file_remove(QUEUE "/drop/dropped");
	else if (--rw.stay_in_drop == 0)
		rw.left_in_drop = 0;
	return child_say(c, fd, &done) == RC_OK ? 0 : 1;
}

/* ---- settings ------------------------------------------------------------ */

/* `queue_world.h` has the rest of the settings in qw.param. */
static inline bool
load_settings(void)
{
	const struct param_from from = { .folder = "/cf", .program = "qmgr",
		.log = &qw.log };
	char text[512];
	struct buf why = BUF(text);

	arena_init(&rw.arena, rw.memory, sizeof(rw.memory));
	return param_load(&qw.param, &from, &rw.arena, &why) == RC_OK;
}

static inline bool
reload(void *arg)
{
	(void)arg;
	rw.reloads++;
	return load_settings();
}

static inline void
settings(const char *more)
{
	snprintf(rw.cf, sizeof(rw.cf), "queue_directory = " QUEUE "\n"
	    "mail_owner = 1000\nmyhostname = here.test\nmydestination =\n"
	    "compatibility_level = 3.6\n%s", more);
	sim_file("/cf/main.cf", rw.cf);
}

static inline void
run_world(const char *more)
{
	memset(&rw, 0, sizeof(rw));
	queue_world();
	settings(more);
	assert_true(load_settings());
	qw.param.set.mail_owner = SPAN("1000");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	rw.crew = (struct queue_crew){ .task = { deliverer, teller, picker,
		picker }, .reload = reload };
	sim_route(true);
}

/* ---- the manager --------------------------------------------------------- */

static inline int
manage(bool stay)
{
	int lock;
	enum rc rc = queue_lock(&qw.q, &lock);

	if (rc != RC_OK)
		return 69;
	rw.ended = queue_run(&qw.q, &rw.crew, stay);
	port_close(lock);
	return rw.ended == RC_OK || rw.ended == RC_NONE ? 0 : 75;
}

static inline int
resident(void *arg, int fd)
{
	(void)arg, (void)fd;
	return manage(true);
}

static inline int
runner(void *arg, int fd)
{
	(void)arg, (void)fd;
	return manage(false);
}

static inline void
pass(ms_t by)
{
	(void)sim_run(port_now() + by);
}

/* A message for the manager that runs. */
static inline const char *
post(const char *sender, const char *rcpts)
{
	const char *id = queue_submit(sender, rcpts, "Subject: a\n\nbody\n");
	char room[40];

	snprintf(room, sizeof(room), "new %s", id);
	(void)!queue_ask(&qw.q, span_of(room), NULL);
	return id;
}

static inline bool
is_there(const char *id)
{
	struct queue_entry e;

	return queue_entry_find(&qw.q, span_of(id), &e) == RC_OK;
}

/* How often the text is in it. */
static inline unsigned
times(const char *text, const char *in)
{
	unsigned n = 0;

	for (; (in = strstr(in, text)) != NULL; in++)
		n++;
	return n;
}

static inline unsigned
delivered(const char *rcpt)
{
	char room[200];

	snprintf(room, sizeof(room), " %s\n", rcpt);
	return times(room, rw.log);
}

static inline const struct queue_head *
head_of(const char *id)
{
	int fd = queue_fd(id);

	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	port_close(fd);
	return &qw.head;
}

/* The states of its recipients, one octet each. */
static inline const char *
states_of(const char *id)
{
	static char text[64];
	int fd = queue_fd(id);
	unsigned n = 0;

	assert_int_equal(queue_head_read(fd, &qw.head), RC_OK);
	assert_int_equal(queue_reader_start(&qw.reader, fd, &qw.head,
	    &qw.env), RC_OK);
	while (queue_rcpt_next(&qw.reader, &qw.rcpt) == RC_OK &&
	    n + 1 < sizeof(text))
		text[n++] = (char)qw.rcpt.state;
	text[n] = '\0';
	port_close(fd);
	return text;
}

static inline const char *
ask(const char *request)
{
	static char text[PORT_MESSAGE_MAX];
	struct buf b = BUF(text);

	assert_int_equal(queue_ask(&qw.q, span_of(request), &b), RC_OK);
	return buf_text(&b);
}

#endif
