/*
 * sim_job.c - one delivery from settings to verdicts.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "param.h"
#include "sim_int.h"
#include "sim_job.h"

/* The catcher of reports; `report` must be first. */
struct catcher {
	struct report report;
	struct sim_job *job;
};

/*
 * Settings are the same for thousands of worlds, and live outside of them all:
 * the last ones are kept.
 */
struct loaded {
	struct param param;
	struct arena arena;
	struct log log;
	bool lmtp;
	char key[4096];		/* the settings they were made of */
	char room[256 * 1024];
};
static struct loaded *loaded;

struct sim_job *
sim_job(void)
{
	static struct sim_job job;

	memset(&job, 0, sizeof(job));
	return &job;
}

void
sim_job_rcpts(struct sim_job *j, const char *const *words, size_t n)
{
	const char **copy = sim_alloc(n * sizeof(*copy));
	size_t i;

	for (i = 0; i < n; i++)
		copy[i] = sim_copy(words[i]);
	j->rcpts = copy;
	j->rcpts_n = n;
}

const char *
sim_fate_name(enum fate fate)
{
	return fate == FATE_SENT ? "sent" : fate == FATE_LATER ? "later" :
	    fate == FATE_NEVER ? "never" : "?";
}

/* ---- settings ----------------------------------------------------------- */

static void
make_key(const struct sim_job *j, char *key, size_t cap)
{
	size_t i, n = 0;

	for (i = 0; j->settings[i] != NULL; i++) {
		size_t more = strlen(j->settings[i]) + 1;

		if (n + more >= cap)
			sim_fail("too many settings for one test");
		memcpy(key + n, j->settings[i], more);
		key[n + more - 1] = '\n';
		n += more;
	}
	key[n] = '\0';
}

static void
load(const struct sim_job *j)
{
	struct param_from from = {
		.options = j->settings,
		.program = j->lmtp ? "lmtp" : "smtp",
		.is_lmtp = j->lmtp,
		.log = &loaded->log,
	};
	char why_room[500];
	struct buf why = BUF(why_room);

	while (j->settings[from.options_n] != NULL)
		from.options_n++;
	log_init(&loaded->log, SPAN("postfix/test"));
	loaded->log.err_level = LOG_INFO;
	arena_init(&loaded->arena, loaded->room, sizeof(loaded->room));
	arena_empty(&loaded->arena);
	if (param_load(&loaded->param, &from, &loaded->arena, &why) != RC_OK)
		sim_fail("settings: %s", buf_text(&why));
}

/*
 * The options are borrowed for as long as the settings live, so they are
 * copied where no world takes them away.
 */
static void
borrow(struct sim_job *j, char *room)
{
	size_t i;

	for (i = 0; j->settings[i] != NULL; i++) {
		size_t n = strlen(j->settings[i]) + 1;

		memcpy(room, j->settings[i], n);
		j->settings[i] = room;
		room += n;
	}
}

/* Loads what is not loaded yet, without a trace in the world. */
static void
settle_settings(struct sim_job *j)
{
	static char options[4096];
	char key[sizeof(loaded->key)];
	struct sim_world now = sim;
	size_t memory = sim.me->memory;

	make_key(j, key, sizeof(key));
	if (loaded == NULL) {
		loaded = calloc(1, sizeof(*loaded));
		ASSERT(loaded != NULL);
	} else if (loaded->lmtp == j->lmtp && strcmp(key, loaded->key) == 0) {
		return;
	}
	strcpy(loaded->key, "not loaded");
	borrow(j, options);
	sim.fail_at = sim.fail_from = 0;
	load(j);
	sim.calls = now.calls;
	sim.fallible = now.fallible;
	sim.fail_at = now.fail_at;
	sim.fail_from = now.fail_from;
	sim.me->memory = memory;
	strcpy(loaded->key, key);
	loaded->lmtp = j->lmtp;
}

/* ---- verdicts ----------------------------------------------------------- */

static char *
copy_span(struct span s)
{
	char *p = sim_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

static struct sim_verdict *
slot_of(struct sim_job *j, struct span to)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (span_is(to, j->verdict[i].to))
			return &j->verdict[i];
	return NULL;
}

static enum rc
catch(struct report *r, const struct job *job, const struct rcpt *to,
	const struct verdict *v)
{
	struct sim_job *j = ((struct catcher *)(void *)r)->job;
	struct sim_verdict *slot = slot_of(j, to->addr);

	(void)job;
	if (++j->reports == j->report_fails_at)
		return RC_OS;
	if (slot == NULL)
		sim_fail("a verdict on someone else: %.*s",
		    SPAN_ARG(to->addr));
	slot->times++;
	slot->fate = v->fate;
	slot->conn_use = v->conn_use;
	memcpy(slot->dsn, v->dsn, sizeof(slot->dsn));
	slot->relay = copy_span(v->relay);
	slot->text = copy_span(v->text);
	return RC_OK;
}

const struct sim_verdict *
sim_verdict_of(const struct sim_job *j, const char *to)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (strcmp(j->verdict[i].to, to) == 0)
			return &j->verdict[i];
	sim_fail("the job has no recipient %s", to);
}

void
sim_check_verdicts(const struct sim_job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (j->verdict[i].times != 1)
			sim_fail("%s was reported %u times", j->verdict[i].to,
			    j->verdict[i].times);
}

/* ---- delivery ----------------------------------------------------------- */

/*
 * What has to leave for a stored message: LF, or CR LF, ends a line, another CR
 * is a blank (design: stray line ends), a leading dot is doubled.  Three times
 * as long at most.  Lines above smtp_line_length_limit are not modelled.
 */
struct span
sim_job_wire(const struct sim_job *j)
{
	const char *p = j->message != NULL ? j->message : SIM_MESSAGE;
	size_t n = j->message_n > 0 ? j->message_n : strlen(p), i;
	char *out = sim_alloc(3 * n + 4), *to = out;
	bool begins = true;

	for (i = 0; i < n; i++) {
		if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
			continue;
		if (p[i] == '.' && begins)
			*to++ = '.';
		begins = p[i] == '\n';
		if (begins)
			*to++ = '\r';
		*to++ = p[i] == '\r' ? ' ' : p[i];
	}
	if (!begins) {
		*to++ = '\r';
		*to++ = '\n';
	}
	return (struct span){ out, (size_t)(to - out) };
}

static enum rc
start_job(struct sim_job *j, struct job *job)
{
	const char *text = j->message != NULL ? j->message : SIM_MESSAGE;
	const char *sender = j->sender != NULL ? j->sender : "a@here.example";
	const char *hop = j->nexthop != NULL ? j->nexthop : j->lmtp ?
	    "inet:192.0.2.1:24" : "[192.0.2.1]";
	size_t n = j->message_n > 0 ? j->message_n : strlen(text), bad;
	char **words = sim_alloc((j->rcpts_n + 1) * sizeof(*words));
	size_t i;

	for (i = 0; i < j->rcpts_n; i++)
		words[i] = sim_copy(j->rcpts[i]);
	sim_stdin(text, n);
	*job = (struct job){
		.sender = span_of(sim_copy(sender)),
		.nexthop = span_of(sim_copy(hop)),
		.envid = span_of(j->envid != NULL ? j->envid : ""),
		.body = j->body, .ret = j->ret, .flags = j->flags,
		.smtputf8 = j->smtputf8, .probe = j->probe,
		.arrived_ms = SIM_WALL * SECOND + sim.now - SIM_START -
		    j->age,
		.started = sim.now,
		.mail = { .fd = PORT_STDIN, .size = (int64_t)n,
			.replace_stray = true },
	};
	return rcpt_list_open(&job->rcpts, words, j->rcpts_n, &bad);
}

static void
make_slots(struct sim_job *j, const struct job *job)
{
	struct rcpt_at at = { 0 };
	struct rcpt to;

	j->n = 0;
	while (rcpt_next(&job->rcpts, &at, &to)) {
		ASSERT(j->n < SIM_VERDICTS_MAX);
		j->verdict[j->n] = (struct sim_verdict){
			.to = copy_span(to.addr)
		};
		j->n++;
	}
}

/* As a queue manager would: the last job is told that no more will come. */
static void
deliver_all(struct sim_job *j, struct worker *w, struct job *job)
{
	unsigned left = j->jobs > 0 ? j->jobs : 1;

	for (;;) {
		job->more = --left > 0;
		j->rc = smtp_deliver(w, job);
		if (left == 0 || j->rc != RC_OK)
			break;
		if (j->rests && smtp_kept_until(w) < sim.now + j->gap) {
			port_sleep(smtp_kept_until(w));
			smtp_rest(w);
		}
		port_sleep(sim.now + j->gap);
		if (start_job(j, job) != RC_OK)
			break;
	}
	smtp_rest(w);
}

/* An applet leaves with 75 where this returns early; here it is the rc. */
void
sim_deliver(struct sim_job *j)
{
	struct catcher catcher = { .report.put = catch, .job = j };
	struct job *job = sim_alloc(sizeof(*job));
	struct worker *w;
	unsigned tables;	/* that are read from their files, in use */

	settle_settings(j);
	j->tried = false;
	j->reports = 0;
	j->n = 0;
	j->rc = start_job(j, job);
	if (j->rc != RC_OK)
		return;
	make_slots(j, job);
	w = port_memory(smtp_worker_bytes());
	j->rc = w != NULL ? smtp_worker(w, &loaded->param.set, &loaded->log,
	    &catcher.report, j->lmtp) : RC_OS;
	if (j->rc != RC_OK)
		return;
	j->tried = true;
	tables = sim_open_fds();
	deliver_all(j, w, job);
	j->pending = job->rcpts.pending;
	if (sim_open_fds() > tables)
		sim_fail("%u descriptors were left open", sim_open_fds() -
		    tables);
}
