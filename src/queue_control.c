/*
 * queue_control.c - requests from outside: who may ask for what, and what is
 * done then.
 *
 *	new ID, drop		anybody: there is something new
 *	flush, flush-id ID,	whom authorized_flush_users has
 *	flush-site DOMAIN
 *	status, active,		whom authorized_mailq_users has
 *	list, list -j
 *	hold, release, requeue,	root, mail_owner, and the manager's own user
 *	delete, each with IDs,
 *	reload, stop
 *
 * Each gets one message back, but `list`, whose answer a child writes: `ok` and
 * maybe lines, or `no` and a sentence, or `no such message`.  What `status`
 * tells, a line each, NAME VALUE:
 *
 *	since		when the manager began, s since 1970
 *	pid
 *	messages	in the queue at the latest look at all of it
 *	active		messages in work
 *	jobs		deliveries that go on now
 *	processes	children
 *	sent, deferrals,	recipients, since it began
 *	bounced
 *	removed		messages that are done, since it began
 *	next		when the next is due, s since 1970; 0: none is known
 *	rests		ROUTE SECONDS REASON, for each destination that is left
 *			alone for so long
 *
 * A caller gets a short time, and there are few places: whoever comes then
 * waits until one is free.
 */
#include <string.h>

#include "queue_run_int.h"
#include "table.h"

#define CALL_PAUSE	(5 * SECOND)	/* to say what is wanted */
#define REQUEST_MAX	1024

enum right { ANYBODY, FLUSHERS, READERS, MASTERS };

struct call {
	struct run *r;
	int fd;
	struct span rest;	/* words behind the first */
	struct buf out;
};

enum rc
control_open(struct run *r)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);

	queue_path(r->q, &path, QUEUE_CONTROL, SPAN(""));
	return port_listen(buf_text(&path), 0666, &r->control);
}

void
control_close(struct run *r)
{
	char room[QUEUE_PATH_MAX];
	struct buf path = BUF(room);

	for (unsigned i = 0; i < RUN_CALLERS; i++)
		port_close(r->caller[i].fd);
	if (r->control < 0)
		return;
	queue_path(r->q, &path, QUEUE_CONTROL, SPAN(""));
	if (port_remove(buf_text(&path)) == RC_OS)
		run_log(r, NULL, LOG_WARNING, "%s cannot be removed: %s",
			buf_text(&path), port_error());
	port_close(r->control);
}

/* ---- who may ------------------------------------------------------------- */

static bool
is_listed(struct run *r, const char *setting, struct span list, uint32_t uid)
{
	char name_room[256];
	struct buf name = BUF(name_room);
	struct table_names names;
	struct arena arena;
	const struct table_env env = { .arena = &arena, .log = r->q->log };
	enum rc rc;

	if (span_is(list, "static:anyone"))
		return true;
	r->read_mail = PLAN_NONE;
	memset(r->reader.envelope, 0, sizeof(r->reader.envelope));
	arena_init(&arena, r->reader.envelope, sizeof(r->reader.envelope));
	if (table_names_open(&names, &env, setting, list, 0) != RC_OK)
		return false;
	if (port_login(uid, &name) != RC_OK) {
		buf_clear(&name);
		buf_puts(&name, "unknown");
	}
	rc = table_names_has(&names, buf_span(&name), NULL);
	table_names_close(&names);
	return rc == RC_OK;
}

static bool
may(struct run *r, enum right right, uint32_t uid)
{
	if (right == ANYBODY || uid == 0 || uid == r->q->owner ||
	    uid == port_uid())
		return true;
	if (right == FLUSHERS)
		return is_listed(r, "authorized_flush_users",
			r->q->set->authorized_flush_users, uid);
	return right == READERS && is_listed(r, "authorized_mailq_users",
		r->q->set->authorized_mailq_users, uid);
}

/* ---- requests ------------------------------------------------------------ */

static void
ok(struct call *c)
{
	buf_puts(&c->out, "ok\n");
}

static void
no(struct call *c, const char *why)
{
	buf_fmt(&c->out, "no %s\n", why);
}

/* Does f to each of the ids that the request names.  RC_NONE of f: there is
   nothing to be done to it. */
static void
each(struct call *c, enum rc (*f)(struct call *c, struct queue_entry *e))
{
	struct queue_entry e;
	struct span id;

	ok(c);
	while (span_word(&c->rest, " \n", &id)) {
		enum rc rc = queue_entry_find(c->r->q, id, &e);

		if (rc == RC_OK)
			rc = f(c, &e);
		if (rc == RC_OK)
			continue;
		buf_clear(&c->out);
		if (rc == RC_OS)
			buf_fmt(&c->out, "no change: %s\n", port_error());
		else
			no(c, "such message");
	}
}

static enum rc
see_new(struct call *c, struct queue_entry *e)
{
	struct run *r = c->r;

	if (!e->is_held && plan_due(&r->plan, &r->t, e->next_s) <= r->t.now)
		plan_fresh(&r->plan, e->id);
	return RC_OK;
}

static void
on_new(struct call *c)
{
	each(c, see_new);
}

static void
on_drop(struct call *c)
{
	c->r->wants_pickup = true;
	ok(c);
}

static void
on_flush(struct call *c)
{
	plan_wake(&c->r->plan, PLAN_AWAKE);
	plan_look(&c->r->plan, PLAN_ALL);
	c->r->wants_pickup |= run_has_drop(c->r->q);
	ok(c);
}

/* Due now, wherever it goes. */
static enum rc
make_due(struct call *c, struct queue_entry *e)
{
	struct run *r = c->r;
	unsigned mail = plan_find(&r->plan, span_of(e->id));

	if (mail != PLAN_NONE && r->mail[mail].phase == RUN_ACTIVE)
		return RC_OK;		/* it is being tried */
	TRY(queue_put_off(r->q, span_of(e->id), r->t.wall_ms / SECOND));
	plan_fresh(&r->plan, e->id);
	return RC_OK;
}

static void
on_flush_id(struct call *c)
{
	plan_wake(&c->r->plan, PLAN_AWAKE);
	each(c, make_due);
}

static void
on_flush_site(struct call *c)
{
	struct run *r = c->r;
	struct buf site = BUF(r->site);
	struct span word = SPAN("");

	(void)span_word(&c->rest, " \n", &word);
	buf_put(&site, word);
	if (word.n == 0 || site.full) {
		no(c, "domain is given");
		return;
	}
	(void)buf_text(&site);
	plan_wake(&r->plan, PLAN_AWAKE);
	plan_look(&r->plan, PLAN_SITE);
	ok(c);
}

static enum rc
hold(struct call *c, struct queue_entry *e)
{
	struct run *r = c->r;
	unsigned mail = plan_find(&r->plan, span_of(e->id));

	if (e->is_held)
		return RC_NONE;
	TRY(queue_hold(r->q, span_of(e->id), true));
	if (mail != PLAN_NONE)
		fate_withdraw(r, mail);
	return RC_OK;
}

static void
on_hold(struct call *c)
{
	each(c, hold);
}

static enum rc
release(struct call *c, struct queue_entry *e)
{
	if (!e->is_held)
		return RC_NONE;
	TRY(queue_hold(c->r->q, span_of(e->id), false));
	return make_due(c, e);
}

static void
on_release(struct call *c)
{
	each(c, release);
}

static enum rc
requeue(struct call *c, struct queue_entry *e)
{
	if (e->is_held)
		TRY(queue_hold(c->r->q, span_of(e->id), false));
	return make_due(c, e);
}

static void
on_requeue(struct call *c)
{
	each(c, requeue);
}

static enum rc
delete(struct call *c, struct queue_entry *e)
{
	struct run *r = c->r;
	unsigned mail = plan_find(&r->plan, span_of(e->id));

	if (mail == PLAN_NONE) {
		r->is_folder_dirty = true;
		run_sync_soon(r);
		return queue_remove(r->q, span_of(e->id));
	}
	fate_doom(r, mail);
	return RC_OK;
}

static void
on_delete(struct call *c)
{
	each(c, delete);
}

static void
on_active(struct call *c)
{
	const struct plan *p = &c->r->plan;

	ok(c);
	for (unsigned i = 0; i < PLAN_MESSAGES; i++)
		if (p->message[i].id[0] != '\0' && p->message[i].out > 0)
			buf_fmt(&c->out, "%s ", p->message[i].id);
	buf_putc(&c->out, '\n');
}

static void
put_resting(struct call *c)
{
	const struct run *r = c->r;

	for (unsigned i = 0; i < r->plan.dests_top; i++) {
		const struct plan_dest *d = &r->plan.dest[i];

		if (plan_rests(d, &r->t))
			buf_fmt(&c->out, "rests %s %lld %s\n", d->route,
				(long long)((d->resting_until - r->t.now) /
				SECOND), r->note[i].text);
	}
}

static int64_t
next_due(const struct run *r)
{
	ms_t due = r->plan.horizon;

	for (unsigned i = 0; i < r->plan.soon_n; i++)
		if (r->plan.soon[i].due < due)
			due = r->plan.soon[i].due;
	return due == MS_NEVER ? 0 : plan_mtime(&r->t, due);
}

static void
on_status(struct call *c)
{
	const struct run *r = c->r;
	unsigned processes = 0;

	for (unsigned i = 0; i < RUN_CHILDREN; i++)
		processes += r->child[i].pid != 0;
	ok(c);
	buf_fmt(&c->out, "since %lld\npid %u\nmessages %u\nactive %u\n"
		"jobs %u\nprocesses %u\n", (long long)r->since_s, port_pid(),
		r->plan.seen, r->plan.messages_n, r->plan.jobs_n, processes);
	buf_fmt(&c->out, "sent %u\ndeferrals %u\nbounced %u\nremoved %u\n"
		"next %lld\n", r->sent, r->deferred, r->bounced, r->removed,
		(long long)next_due(r));
	put_resting(c);
}

/* The answer comes from a child. */
static void
on_list(struct call *c)
{
	struct span word = SPAN("");

	(void)span_word(&c->rest, " \n", &word);
	if (crew_list(c->r, span_is(word, "-j") ? SPAN("json") : SPAN(""),
	    c->fd) != RC_OK)
		no(c, "process can be made for it now: try again");
}

static void
on_reload(struct call *c)
{
	if (run_reload(c->r))
		ok(c);
	else
		no(c, "change: main.cf is bad, see the log");
}

static void
on_stop(struct call *c)
{
	run_stop(c->r);
	ok(c);
}

static const struct request {
	const char *word;
	enum right right;
	void (*does)(struct call *c);
} requests[] = {
	{ "new", ANYBODY, on_new },
	{ "drop", ANYBODY, on_drop },
	{ "flush", FLUSHERS, on_flush },
	{ "flush-id", FLUSHERS, on_flush_id },
	{ "flush-site", FLUSHERS, on_flush_site },
	{ "status", READERS, on_status },
	{ "active", READERS, on_active },
	{ "list", READERS, on_list },
	{ "hold", MASTERS, on_hold },
	{ "release", MASTERS, on_release },
	{ "requeue", MASTERS, on_requeue },
	{ "delete", MASTERS, on_delete },
	{ "reload", MASTERS, on_reload },
	{ "stop", MASTERS, on_stop },
};

/* ---- callers ------------------------------------------------------------- */

static void
answer(struct call *c, uint32_t uid)
{
	struct span word = SPAN("");
	size_t i = 0;

	(void)span_word(&c->rest, " \n", &word);
	while (i < COUNT(requests) && !span_is(word, requests[i].word))
		i++;
	if (i == COUNT(requests))
		no(c, "such request");
	else if (!may(c->r, requests[i].right, uid))
		no(c, "right of yours allows this");
	else
		requests[i].does(c);
	/* Who doesn't want it has gone, and who doesn't read it gets none. */
	if (c->out.n > 0)
		(void)(port_send(c->fd, buf_span(&c->out), -1, c->r->t.now)
			== RC_OK);
}

static void
hang_up(struct run_caller *c)
{
	port_close(c->fd);
	c->fd = -1;
}

void
control_heard(struct run *r, struct run_caller *caller)
{
	char room[REQUEST_MAX], out[PORT_MESSAGE_MAX / 2];
	struct call c = { .r = r, .fd = caller->fd, .out = BUF(out) };
	int passed = -1;
	size_t n;
	enum rc rc = port_recv(caller->fd, room, sizeof(room), r->t.now, &n,
		&passed);

	port_close(passed);
	if (rc == RC_TIME)
		return;
	if (rc == RC_OK) {
		c.rest = (struct span){ room, n };
		answer(&c, caller->uid);
	}
	hang_up(caller);
}

void
control_accept(struct run *r)
{
	struct run_caller *c = r->caller;

	while (c->fd >= 0)
		if (++c == r->caller + RUN_CALLERS)
			return;
	if (port_accept(r->control, &c->fd, &c->uid) != RC_OK) {
		c->fd = -1;
		return;
	}
	c->until = r->t.now + CALL_PAUSE;
	control_heard(r, c);
}

void
control_watch(struct run *r, ms_t *until)
{
	for (unsigned i = 0; i < RUN_CALLERS; i++) {
		struct run_caller *c = &r->caller[i];

		if (c->fd < 0)
			continue;
		if (c->until <= r->t.now)
			hang_up(c);
		else if (c->until < *until)
			*until = c->until;
	}
}
