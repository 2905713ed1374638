/*
 * queue_run.c - the manager's loop: what to do next, waiting, time, signals,
 * settings, and the end.
 *
 * It waits in one place.  What it does between two waits is bounded, so that a
 * folder of ten thousand entries doesn't keep what children say from being
 * heard.
 */
#include <stdarg.h>

#include "queue_run_int.h"

#define TURNS		64	/* between two looks at what came */
#define SYNC_PAUSE	SECOND
#define STOP_PAUSE	(20 * SECOND)	/* for jobs in hand, at the end */
#define LOOK_PAUSE	SECOND	/* between two looks at main.cf */
#define SPAWN_PAUSE	SECOND
#define QUIET		SECOND	/* a rest that is worth giving memory back */

/* ---- small things -------------------------------------------------------- */

void
run_clock(struct run *r)
{
	r->t.now = port_now();
	r->t.wall_ms = port_wall_ms();
}

void
run_log(const struct run *r, const char *transport, enum log_level level,
	const char *fmt, ...)
{
	char tag[64];
	struct buf t = BUF(tag);
	struct log log = *r->q->log;
	va_list ap;

	if (!log_wants(&log, level))
		return;
	if (transport != NULL) {	/* `postfix/qmgr`: `postfix/smtp` */
		buf_put_cut(&t, span_head(log.tag,
		    span_find_last(log.tag, '/')));
		buf_putc(&t, '/');
		buf_put_cut(&t, span_of(transport));
		log.tag = buf_span(&t);
	}
	va_start(ap, fmt);
	log_vline(&log, level, fmt, ap);
	va_end(ap);
}

void
run_trouble(const struct run *r, enum log_level level, const char *id,
	const char *what)
{
	run_log(r, NULL, level, "%s: %s: %s", id, what, port_error());
}

void
run_sync_soon(struct run *r)
{
	if (r->sync_at == MS_NEVER)
		r->sync_at = r->t.now + SYNC_PAUSE;
}

static void
sync_folder(struct run *r)
{
	char room[QUEUE_PATH_MAX];

	if (port_sync_folder(queue_at(room, r->q, QUEUE_INCOMING, ""))
	    != RC_OK)
		run_trouble(r, LOG_WARNING, room, "cannot be synced");
}

void
run_sync(struct run *r)
{
	r->sync_at = MS_NEVER;
	for (unsigned i = 0; i < PLAN_MESSAGES; i++) {
		struct run_mail *m = &r->mail[i];

		if (!m->is_open || !m->is_dirty)
			continue;
		if (!m->is_removed && port_sync(m->fd) != RC_OK)
			run_trouble(r, LOG_WARNING, m->id, "cannot be synced");
		m->is_dirty = false;
		fate_synced(r, m);
	}
	if (r->is_folder_dirty)
		sync_folder(r);
	r->is_folder_dirty = false;
}

/* ---- settings ------------------------------------------------------------ */

static struct plan_feedback
read_feedback(const struct param *p, struct span transport,
	enum param_each which)
{
	struct plan_feedback f = { PLAN_ONE, false };
	char room[64];
	struct buf b = BUF(room);

	if (param_each_text(p, transport, which, &b) == RC_OK)
		(void)(plan_feedback_read(buf_span(&b), &f) == RC_OK);
	return f;
}

static void
read_limits(const struct run *r, enum queue_transport which,
	struct plan_limits *out)
{
	const struct param *p = r->q->param;
	struct span name = span_of(queue_transport_name(which)), rest, word;
	int64_t v[EACH_COUNT];

	for (unsigned i = 0; i < EACH_COUNT; i++)
		if (param_each_number(p, name, (enum param_each)i, &v[i])
		    != RC_OK)
			v[i] = 0;	/* a ratio: below */
	*out = (struct plan_limits){
		.initial = (unsigned)v[EACH_INITIAL_CONCURRENCY],
		.window = (unsigned)v[EACH_CONCURRENCY_LIMIT],
		.rcpts = (unsigned)v[EACH_RECIPIENT_LIMIT],
		.up = read_feedback(p, name, EACH_POSITIVE_FEEDBACK),
		.down = read_feedback(p, name, EACH_NEGATIVE_FEEDBACK),
		.cohorts = (unsigned)v[EACH_FAILED_COHORT_LIMIT],
		.dest_delay = v[EACH_DESTINATION_RATE_DELAY],
		.transport_delay = v[EACH_TRANSPORT_RATE_DELAY],
	};
	rest = p->set.defer_transports;
	while (span_word(&rest, LIST_DIVIDERS, &word))
		out->is_deferred |= span_eq(word, name);
}

static unsigned
least(unsigned a, int b)
{
	return b > 0 && (unsigned)b < a ? (unsigned)b : a;
}

void
run_settings(struct run *r, struct plan_set *out)
{
	const struct settings *set = r->q->set;

	for (unsigned i = 0; i < QUEUE_TRANSPORTS; i++)
		read_limits(r, (enum queue_transport)i, &out->limits[i]);
	out->least_wait = set->minimal_backoff_time;
	out->most_wait = set->maximal_backoff_time;
	if (out->most_wait < out->least_wait)
		out->most_wait = out->least_wait;
	out->lifetime = set->maximal_queue_lifetime;
	out->bounce_lifetime = set->bounce_queue_lifetime;
	out->warn_after = set->delay_warning_time;
	out->run_delay = set->queue_run_delay;
	out->messages = least(PLAN_MESSAGES, set->qmgr_message_active_limit);
	out->processes = least(PLAN_PROCESSES, set->default_process_limit);
	out->built_s = port_built();
	r->form = (struct report_form){
		.external = set->info_log_address_format == FORMAT_EXTERNAL,
		.ascii_only = !set->smtputf8_enable,
		.digits = set->delay_logging_resolution_limit,
	};
}

/* Has main.cf changed since the latest look? */
static bool
conf_changed(struct run *r)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);
	struct port_stat st = { 0 };
	bool changed;

	buf_fmt(&path, "%.*s/main.cf", SPAN_ARG(r->q->param->folder));
	if (path.full || port_stat_path(buf_text(&path), &st) == RC_OS)
		return false;
	changed = st.mtime_s != r->conf_mtime || st.size != r->conf_size ||
		st.inode != r->conf_inode;
	r->conf_mtime = st.mtime_s;
	r->conf_size = st.size;
	r->conf_inode = st.inode;
	return changed;
}

static void
open_routes(struct run *r)
{
	if (queue_routes_open(r->routes, r->q) != RC_OK)
		run_log(r, NULL, LOG_WARNING, "the tables that say where mail "
			"goes cannot be used: mail waits");
}

bool
run_reload(struct run *r)
{
	struct plan_set set;

	(void)conf_changed(r);		/* it is read now, whoever asked */
	if (!r->crew->reload(r->crew->arg))
		return false;
	run_log(r, NULL, LOG_INFO, "the settings were read anew");
	r->generation++;
	run_settings(r, &set);
	plan_reset(r->plan, &set);
	open_routes(r);
	crew_let_go(r, r->generation);
	return true;
}

static void
look_at_conf(struct run *r)
{
	if (r->t.now < r->looked + LOOK_PAUSE)
		return;
	r->looked = r->t.now;
	if (conf_changed(r))
		(void)run_reload(r);
}

/* ---- what the plan says -------------------------------------------------- */

/* Once, when it binds. */
static void
tell_cap(struct run *r)
{
	int limit = r->q->set->default_process_limit;

	if (r->is_capped || limit <= PLAN_PROCESSES ||
	    r->plan->jobs_n < PLAN_PROCESSES)
		return;
	r->is_capped = true;
	run_log(r, NULL, LOG_INFO, "default_process_limit = %d: at most %d"
		" deliver at a time, for want of memory", limit,
		PLAN_PROCESSES);
}

static void
send(struct run *r, struct run_mail *m, const struct plan_turn *turn)
{
	struct plan_job j = turn->job;
	enum rc rc;

	if (r->plan->dest[turn->dest].transport >= QUEUE_ERROR) {
		fate_job(r, m, turn);
		return;
	}
	rc = crew_send(r, m, turn);
	if (rc == RC_OK) {
		r->has_spawn_trouble = false;
		tell_cap(r);
		return;
	}
	plan_undo(r->plan, &j);
	if (rc == RC_NONE) {		/* somebody removed its file */
		m->is_removed = true;
		fate_withdraw(r, m);
		return;
	}
	if (rc == RC_OS && !r->has_spawn_trouble) {
		run_log(r, NULL, LOG_WARNING, "no process for a delivery: %s; "
			"mail waits", port_error());
		r->has_spawn_trouble = true;
	}
	plan_pause(r->plan, r->t.now + SPAWN_PAUSE);
}

/* One thing to do.  false: nothing, until *until. */
static bool
step(struct run *r, ms_t *until)
{
	struct plan_turn turn = { .message = 0 };
	struct run_mail *m;

	plan_turn(r->plan, &r->t, &turn);
	m = &r->mail[turn.message];
	switch (turn.step) {
	case PLAN_READ:
		take_read_folder(r, turn.from_start);
		break;
	case PLAN_OPEN:
		take_open(r, &turn);
		break;
	case PLAN_MORE:
		take_more(r, m);
		break;
	case PLAN_SEND:
		send(r, m, &turn);
		break;
	case PLAN_SHED:
		fate_shed(r, m, &turn);
		break;
	case PLAN_REST:
		*until = turn.until;
		return false;
	}
	return true;
}

/* Messages that wait for their notices, or hold places for want of a sync. */
static void
finish_some(struct run *r)
{
	bool is_full = r->plan->messages_n >= r->plan->set.messages;

	for (unsigned i = 0; r->plan->messages_n > 0 && i < PLAN_MESSAGES; i++)
		if (r->mail[i].phase == RUN_TELLS)
			fate_settle(r, &r->mail[i]);
	if (is_full && r->sync_at != MS_NEVER)
		run_sync(r);
}

static void
work(struct run *r, ms_t *until)
{
	run_clock(r);
	if (r->is_stopping)
		return;
	look_at_conf(r);
	if (r->wants_pickup || r->pickup_at <= r->t.now)
		crew_pickup(r);
	finish_some(r);
	for (unsigned i = 0; i < TURNS; i++) {
		if (!step(r, until))
			return;
		run_clock(r);
	}
	*until = r->t.now;		/* there is more */
}

/* ---- waiting ------------------------------------------------------------- */

static void
sooner(ms_t *until, ms_t at)
{
	if (at < *until)
		*until = at;
}

static void
watch_all(struct run *r)
{
	bool has_seat = false;

	for (unsigned i = 0; i < RUN_CALLERS; i++) {
		r->watch[WATCH_CALLERS + i].fd = r->caller[i].fd;
		has_seat |= r->caller[i].fd < 0;
	}
	r->watch[WATCH_CONTROL].fd = has_seat ? r->control : -1;
	r->watch[WATCH_SIGNALS].fd = r->signals;
	r->watch[WATCH_LINKS].fd = r->links;
	for (unsigned i = 0; i < RUN_CHILDREN; i++)
		r->watch[WATCH_CHILDREN + i].fd =
			r->child[i].pid != 0 ? r->child[i].fd : -1;
}

/*
 * What is touched only while there is work goes back to the system: the
 * recipients in memory, and the buffers of reading and talking.
 */
static void
give_back(struct run *r)
{
	char *from = (char *)&r->head, *to = (char *)(r + 1);

	if (!r->was_busy || r->plan->messages_n > 0 || crew_busy(r) > 0)
		return;
	r->was_busy = false;
	r->reading = NULL;
	port_memory_forget(from, (size_t)(to - from));
	port_memory_forget(r->plan->group, sizeof(r->plan->group) +
		sizeof(r->plan->rcpt));
}

static void
on_signal(struct run *r)
{
	unsigned bits = port_signal_next(r->signals);

	if (bits & PORT_SIGNAL_STOP)
		run_stop(r);
	if (bits & PORT_SIGNAL_RELOAD)
		(void)run_reload(r);
}

static void
on_event(struct run *r, unsigned i)
{
	if (i == WATCH_CONTROL)
		control_accept(r);
	else if (i == WATCH_SIGNALS)
		on_signal(r);
	else if (i == WATCH_LINKS) {
		if (port_link_came(r->links))
			plan_network(r->plan, &r->t, port_random_u32());
	} else if (i < WATCH_CHILDREN)
		control_heard(r, &r->caller[i - WATCH_CALLERS]);
	else
		crew_heard(r, &r->child[i - WATCH_CHILDREN]);
}

static enum rc
wait(struct run *r, ms_t until)
{
	enum rc rc;

	watch_all(r);
	if (until > r->t.now + QUIET)
		give_back(r);
	rc = port_wait(r->watch, WATCHES, until);
	run_clock(r);
	if (rc != RC_OK)
		return rc == RC_TIME ? RC_OK : rc;
	r->was_busy = true;
	for (unsigned i = 0; i < WATCHES; i++)
		if (r->watch[i].fd >= 0 && r->watch[i].is_ready)
			on_event(r, i);
	return RC_OK;
}

void
run_stop(struct run *r)
{
	if (r->is_stopping) {		/* asked twice: at once */
		r->stop_at = r->t.now;
		return;
	}
	r->is_stopping = true;
	r->stop_at = r->t.now + STOP_PAUSE;
	r->generation++;		/* none is of the next one */
	crew_let_go(r, r->generation);
}

/* Has it ended, one way or the other? */
static bool
is_over(struct run *r)
{
	if (r->is_stopping)
		return crew_busy(r) == 0 || r->t.now >= r->stop_at;
	return !r->stay && !r->wants_pickup && r->pickup_at == MS_NEVER &&
		plan_is_empty(r->plan) && crew_busy(r) == 0 &&
		r->sync_at == MS_NEVER;
}

static enum rc
loop(struct run *r)
{
	ms_t until;

	for (;;) {
		until = MS_NEVER;
		work(r, &until);
		if (r->sync_at <= r->t.now)
			run_sync(r);
		crew_watch(r, &until);
		control_watch(r, &until);
		if (is_over(r))
			return r->is_stopping ? RC_OK : RC_NONE;
		if (r->is_stopping)
			sooner(&until, r->stop_at);
		sooner(&until, r->sync_at);
		if (!r->is_stopping)
			sooner(&until, r->pickup_at);
		TRY(wait(r, until));
	}
}

/* ---- beginning and end --------------------------------------------------- */

/* Drafts are not counted: their writers are at them, or were. */
bool
run_has_drop(const struct queue *q)
{
	char room[QUEUE_PATH_MAX];
	struct port_list l = { 0 };
	struct buf name;
	enum rc rc = port_list_open(&l, queue_at(room, q, QUEUE_DROP, ""));

	while (rc == RC_OK) {
		name = BUF(room);
		rc = port_list_next(&l, &name);
		if (rc == RC_OK && room[0] != '.')
			break;
	}
	port_list_close(&l);
	return rc == RC_OK || rc == RC_FULL;
}

bool
queue_is_empty(const struct queue *q)
{
	struct queue_cursor c = { .q = q };
	struct queue_entry e;
	enum rc rc;

	do
		rc = queue_cursor_next(&c, &e);
	while (rc == RC_OK && e.is_held);
	port_list_close(&c.list);
	return rc != RC_OK && !run_has_drop(q);
}

static enum rc
start(struct run *r)
{
	struct plan_set set;

	for (unsigned i = 0; i < RUN_CALLERS; i++)
		r->caller[i].fd = -1;
	r->control = r->signals = r->links = -1;
	r->sync_at = MS_NEVER;
	r->cursor.q = r->q;
	TRY(port_signals(&r->signals));	/* before anything that takes time */
	run_clock(r);
	r->since_s = r->t.wall_ms / SECOND;
	run_settings(r, &set);
	plan_start(r->plan, &set);
	r->wants_pickup = run_has_drop(r->q);
	r->pickup_at = MS_NEVER;
	(void)conf_changed(r);
	r->looked = r->t.now;
	open_routes(r);
	if (port_links(&r->links) != RC_OK)
		run_log(r, NULL, LOG_INFO, "the system doesn't tell when the "
			"network comes: %s", port_error());
	return control_open(r);
}

static void
end(struct run *r)
{
	crew_end(r);
	run_sync(r);
	control_close(r);
	port_list_close(&r->cursor.list);
	for (unsigned i = 0; i < PLAN_MESSAGES; i++)
		if (r->mail[i].is_open)
			port_close(r->mail[i].fd);
	port_close(r->signals);
	port_close(r->links);
}

/* None of the children's. */
static void *
own_memory(size_t bytes)
{
	void *p = port_memory(bytes);

	if (p != NULL)
		port_memory_own(p, bytes);
	return p;
}

enum rc
queue_run(struct queue *q, const struct queue_crew *crew, bool stay)
{
	struct run *r = own_memory(sizeof(*r));
	enum rc rc;

	if (r == NULL)
		return RC_OS;
	/* Field by field: what is zero stays untouched. */
	r->q = q;
	r->crew = crew;
	r->stay = stay;
	r->routes = own_memory(queue_routes_bytes());
	r->plan = own_memory(sizeof(*r->plan));
	if (r->routes == NULL || r->plan == NULL)
		return RC_OS;
	rc = start(r);
	if (rc == RC_OK)
		rc = loop(r);
	end(r);
	return rc;
}
