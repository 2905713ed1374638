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
	struct queue_entry e;	/* of the id that is at hand */
	struct buf out;
};

enum rc
control_open(struct run *r)
{
	char room[QUEUE_PATH_MAX];

	return port_listen(queue_at(room, r->q, QUEUE_CONTROL, ""), 0666,
		&r->control);
}

void
control_close(struct run *r)
{
	char room[QUEUE_PATH_MAX];

	for (unsigned i = 0; i < RUN_CALLERS; i++)
		port_close(r->caller[i].fd);
	if (r->control < 0)
		return;
	if (port_remove(queue_at(room, r->q, QUEUE_CONTROL, "")) == RC_OS)
		run_trouble(r, LOG_WARNING, room, "cannot be removed");
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
	r->reading = NULL;
	memset(r->reader.envelope, 0, sizeof(r->reader.envelope));
	arena_init(&arena, r->reader.envelope, sizeof(r->reader.envelope));
	if (table_names_open(&names, &env, setting, list, 0) != RC_OK)
		return false;
	rc = table_names_has(&names, port_login(uid, &name) == RC_OK ?
		buf_span(&name) : SPAN("unknown"), NULL);
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

/* In place of what was answered so far. */
static void
no(struct call *c, const char *why)
{
	buf_clear(&c->out);
	buf_fmt(&c->out, "no %s\n", why);
}

static struct run_mail *
in_work(const struct call *c)
{
	unsigned mail = plan_find(c->r->plan, span_of(c->e.id));

	return mail == PLAN_NONE ? NULL : &c->r->mail[mail];
}

static enum rc
on_new(struct call *c)
{
	struct run *r = c->r;

	if (!c->e.is_held && plan_due(r->plan, &r->t, c->e.next_s) <= r->t.now)
		plan_fresh(r->plan, c->e.id);
	return RC_OK;
}

static enum rc
on_drop(struct call *c)
{
	c->r->wants_pickup = true;
	return RC_OK;
}

/* Those of these modes, wherever they go. */
static void
look(struct run *r, unsigned modes)
{
	plan_wake(r->plan, PLAN_AWAKE);
	plan_look(r->plan, modes);
}

static enum rc
on_flush(struct call *c)
{
	look(c->r, PLAN_ALL);
	c->r->wants_pickup |= run_has_drop(c->r->q);
	return RC_OK;
}

/* Due now, wherever it goes. */
static enum rc
make_due(struct call *c)
{
	struct run *r = c->r;
	const struct run_mail *m = in_work(c);

	if (m != NULL && m->phase == RUN_ACTIVE)
		return RC_OK;		/* it is being tried */
	TRY(queue_put_off(r->q, c->e.id, r->t.wall_ms / SECOND));
	plan_fresh(r->plan, c->e.id);
	return RC_OK;
}

static enum rc
on_flush_id(struct call *c)
{
	plan_wake(c->r->plan, PLAN_AWAKE);
	return make_due(c);
}

static enum rc
on_flush_site(struct call *c)
{
	struct run *r = c->r;
	struct span site;

	if (!span_word(&c->rest, " \n", &site) || site.n >= sizeof(r->site)) {
		no(c, "domain is given");
		return RC_OK;
	}
	span_copy(site, r->site, sizeof(r->site));
	look(r, PLAN_SITE);
	return RC_OK;
}

static enum rc
on_hold(struct call *c)
{
	struct run_mail *m = in_work(c);

	if (c->e.is_held)
		return RC_NONE;
	TRY(queue_hold(c->r->q, c->e.id, true));
	if (m != NULL)
		fate_withdraw(c->r, m);
	return RC_OK;
}

static enum rc
on_requeue(struct call *c)
{
	if (c->e.is_held)
		TRY(queue_hold(c->r->q, c->e.id, false));
	return make_due(c);
}

static enum rc
on_release(struct call *c)
{
	return c->e.is_held ? on_requeue(c) : RC_NONE;
}

static enum rc
on_delete(struct call *c)
{
	struct run *r = c->r;
	struct run_mail *m = in_work(c);

	if (m == NULL) {
		r->is_folder_dirty = true;
		run_sync_soon(r);
		return queue_remove(r->q, c->e.id);
	}
	fate_doom(r, m);
	return RC_OK;
}

static enum rc
on_active(struct call *c)
{
	const struct plan_message *m = c->r->plan->message;

	for (unsigned i = 0; i < PLAN_MESSAGES; i++)
		if (m[i].id[0] != '\0' && m[i].out > 0)
			buf_fmt(&c->out, "%s ", m[i].id);
	buf_putc(&c->out, '\n');
	return RC_OK;
}

static void
put_resting(struct call *c)
{
	const struct run *r = c->r;

	for (unsigned i = 0; i < r->plan->dests_top; i++) {
		const struct plan_dest *d = &r->plan->dest[i];

		if (plan_rests(d, &r->t))
			buf_fmt(&c->out, "rests %s %lld %s\n", d->route,
				(long long)((d->resting_until - r->t.now) /
				SECOND), r->note[i].text + RUN_RESTING_N);
	}
}

static int64_t
next_due(const struct run *r)
{
	ms_t due = r->plan->horizon;

	for (unsigned i = 0; i < r->plan->soon_n; i++)
		if (r->plan->soon[i].due < due)
			due = r->plan->soon[i].due;
	return due == MS_NEVER ? 0 : plan_mtime(&r->t, due);
}

static enum rc
on_status(struct call *c)
{
	const struct run *r = c->r;
	unsigned processes = 0;

	for (unsigned i = 0; i < RUN_CHILDREN; i++)
		processes += r->child[i].pid != 0;
	buf_fmt(&c->out, "since %lld\npid %u\nmessages %u\nactive %u\n"
		"jobs %u\nprocesses %u\nsent %u\ndeferrals %u\nbounced %u\n"
		"removed %u\nnext %lld\n", (long long)r->since_s, port_pid(),
		r->plan->seen, r->plan->messages_n, r->plan->jobs_n, processes,
		r->decided[FATE_SENT], r->decided[FATE_LATER],
		r->decided[FATE_NEVER], r->removed, (long long)next_due(r));
	put_resting(c);
	return RC_OK;
}

/* The answer comes from a child. */
static enum rc
on_list(struct call *c)
{
	struct span word = SPAN("");

	(void)span_word(&c->rest, " \n", &word);
	if (crew_list(c->r, span_is(word, "-j") ? SPAN("json") : SPAN(""),
	    c->fd) == RC_OK)
		buf_clear(&c->out);
	else
		no(c, "process can be made for it now: try again");
	return RC_OK;
}

static enum rc
on_reload(struct call *c)
{
	if (!run_reload(c->r))
		no(c, "change: main.cf is bad, see the log");
	return RC_OK;
}

static enum rc
on_stop(struct call *c)
{
	run_stop(c->r);
	return RC_OK;
}

static const struct request {
	char word[11];
	bool is_each;			/* for each of the ids that follow */
	char right;
	enum rc (*does)(struct call *c);
} requests[] = {
	{ "new", true, ANYBODY, on_new },
	{ "drop", false, ANYBODY, on_drop },
	{ "flush", false, FLUSHERS, on_flush },
	{ "flush-id", true, FLUSHERS, on_flush_id },
	{ "flush-site", false, FLUSHERS, on_flush_site },
	{ "status", false, READERS, on_status },
	{ "active", false, READERS, on_active },
	{ "list", false, READERS, on_list },
	{ "hold", true, MASTERS, on_hold },
	{ "release", true, MASTERS, on_release },
	{ "requeue", true, MASTERS, on_requeue },
	{ "delete", true, MASTERS, on_delete },
	{ "reload", false, MASTERS, on_reload },
	{ "stop", false, MASTERS, on_stop },
};

/* ---- callers ------------------------------------------------------------- */

static void
obey(struct call *c, const struct request *q)
{
	struct span id;

	buf_puts(&c->out, "ok\n");
	if (!q->is_each)
		(void)q->does(c);
	while (q->is_each && span_word(&c->rest, " \n", &id)) {
		enum rc rc = queue_entry_find(c->r->q, id, &c->e);

		if (rc == RC_OK)
			rc = q->does(c);
		if (rc == RC_OK)
			continue;
		buf_clear(&c->out);
		if (rc == RC_OS)
			buf_fmt(&c->out, "no change: %s\n", port_error());
		else
			no(c, "such message");
	}
}

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
		obey(c, &requests[i]);
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
