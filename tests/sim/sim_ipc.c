/*
 * sim_ipc.c - messages between processes, sockets with a name, and waiting for
 * several descriptors.
 */
#include <errno.h>
#include <string.h>

#include "sim_disk.h"

#define CALLERS_MAX	64	/* who wait to be accepted */

struct message {
	struct message *next;
	struct sim_open *pass;
	size_t n;
	char data[];
};

/* One end of a socket; what was sent to it waits here. */
struct end {
	struct end *peer;		/* NULL: closed */
	struct message *first, **last;
	size_t bytes;
};

struct caller {
	struct caller *next;
	struct sim_open *end;
	uint32_t uid;
};

struct listener {
	struct node *node;
	struct caller *first, **last;
	unsigned n;
};

/* ---- messages ----------------------------------------------------------- */

void
sim_message_room(size_t bytes)
{
	sim.message_room = bytes;
}

static struct message *
take(struct end *e)
{
	struct message *m = e->first;

	e->first = m->next;
	if (e->first == NULL)
		e->last = &e->first;
	e->bytes -= m->n;
	return m;
}

static void
message_free(struct message *m)
{
	if (m->pass != NULL)
		sim_open_drop(m->pass);
	sim_free(m);
}

static void
end_end(struct sim_open *o)
{
	struct end *e = o->p;

	if (e->peer != NULL)
		e->peer->peer = NULL;
	while (e->first != NULL)
		message_free(take(e));
	sim_free(e);
}

static bool
end_ready(void *p)
{
	const struct end *e = p;

	return e->first != NULL || e->peer == NULL;
}

static const struct sim_fd_ops end_ops = { SIM_FD_MESSAGES, end_end,
	end_ready, NULL };

void
sim_message_pair(struct sim_open **out)
{
	struct end *e[2];
	int i;

	for (i = 0; i < 2; i++) {
		e[i] = sim_alloc(sizeof(*e[i]));
		e[i]->last = &e[i]->first;
		out[i] = sim_open_new(&end_ops, e[i]);
	}
	e[0]->peer = e[1];
	e[1]->peer = e[0];
}

/* An empty queue takes any message. */
static bool
has_room(void *p)
{
	const struct end *to = ((const struct end *)p)->peer;

	return to == NULL || to->bytes == 0 || to->bytes < sim.message_room;
}

enum rc
port_send(int fd, struct span message, int pass, ms_t until)
{
	struct end *e;
	struct message *m;

	if (sim_call_fails("port_send"))
		return RC_OS;
	if (message.n == 0 || message.n > PORT_MESSAGE_MAX)
		return sim_os(message.n == 0 ? EINVAL : EMSGSIZE);
	e = sim_fd_of(fd, SIM_FD_MESSAGES);
	if (pass != -1)
		sim_fd_get(pass);
	if (!sim_wait_for(has_room, NULL, e, until))
		return RC_TIME;
	if (e->peer == NULL) {
		sim.error = EPIPE;
		return RC_GONE;
	}
	m = sim_alloc(sizeof(*m) + message.n);
	m->n = message.n;
	memcpy(m->data, message.p, message.n);
	if (pass != -1) {
		m->pass = sim_fd_get(pass);
		sim_open_hold(m->pass);
	}
	*e->peer->last = m;
	e->peer->last = &m->next;
	e->peer->bytes += m->n;
	return RC_OK;
}

enum rc
port_recv(int fd, void *out, size_t n, ms_t until, size_t *got, int *passed)
{
	struct end *e;
	struct message *m;
	enum rc rc = RC_OK;

	if (sim_call_fails("port_recv"))
		return RC_OS;
	*passed = -1;
	e = sim_fd_of(fd, SIM_FD_MESSAGES);
	if (!sim_wait_for(end_ready, NULL, e, until))
		return RC_TIME;
	if (e->first == NULL) {
		sim.error = 0;
		return RC_GONE;
	}
	m = take(e);
	if (m->n <= n) {
		memcpy(out, m->data, m->n);
		*got = m->n;
		if (m->pass != NULL)
			*passed = sim_fd_add(sim.me, m->pass);
	} else {
		rc = RC_WIRE;
	}
	message_free(m);
	return rc;
}

/* ---- sockets with a name ------------------------------------------------ */

static void
listener_end(struct sim_open *o)
{
	struct listener *l = o->p;
	struct caller *c;

	while ((c = l->first) != NULL) {
		l->first = c->next;
		sim_open_drop(c->end);
		sim_free(c);
	}
	l->node->listener = NULL;
	node_drop(l->node);
	sim_free(l);
}

static bool
listener_ready(void *p)
{
	const struct listener *l = p;

	return l->first != NULL;
}

static const struct sim_fd_ops listener_ops = { SIM_FD_CALLERS, listener_end,
	listener_ready, NULL };

enum rc
port_listen(const char *path, unsigned mode, int *out)
{
	struct listener *l;

	if (sim_call_fails("port_listen"))
		return RC_OS;
	TRY(may_change_in(path));
	TRY(may_take_away(path));
	if (find_here(path) != NULL && find_here(path)->kind == NODE_FOLDER)
		return sim_os(EISDIR);
	if (find_here(path) != NULL)
		disk_unname(path);
	l = sim_alloc(sizeof(*l));
	l->last = &l->first;
	l->node = node_new(NODE_SOCKET);
	node_hold(l->node);
	l->node->meta.mode = l->node->kept_meta.mode = mode;
	l->node->listener = l;
	disk_name(path, l->node);
	*out = sim_fd_new(&listener_ops, l);
	return RC_OK;
}

enum rc
port_accept(int fd, int *out, uint32_t *uid)
{
	struct listener *l;
	struct caller *c;

	if (sim_call_fails("port_accept"))
		return RC_OS;
	l = sim_fd_of(fd, SIM_FD_CALLERS);
	c = l->first;
	if (c == NULL)
		return RC_NONE;
	l->first = c->next;
	if (l->first == NULL)
		l->last = &l->first;
	l->n--;
	*out = sim_fd_add(sim.me, c->end);
	*uid = c->uid;
	sim_open_drop(c->end);
	sim_free(c);
	return RC_OK;
}

/* The node is held: its listener may go meanwhile. */
static bool
is_answered(void *p)
{
	const struct node *f = p;
	const struct listener *l = f->listener;

	return l == NULL || l->n < CALLERS_MAX;
}

static void
call(struct listener *l, int *out)
{
	struct caller *c = sim_alloc(sizeof(*c));
	struct sim_open *end[2];

	sim_message_pair(end);
	*out = sim_fd_add(sim.me, end[0]);
	c->end = end[1];
	sim_open_hold(c->end);
	c->uid = sim_uid_now();
	*l->last = c;
	l->last = &c->next;
	l->n++;
}

enum rc
port_call(const char *path, ms_t until, int *out)
{
	struct node *f;
	enum rc rc = RC_OK;

	if (sim_call_fails("port_call"))
		return RC_OS;
	f = find(path);
	if (f == NULL || f->kind != NODE_SOCKET || f->listener == NULL) {
		sim.error = f == NULL ? ENOENT : ECONNREFUSED;
		return RC_NONE;
	}
	if (!may(f, 2))
		return sim_os(EACCES);
	node_hold(f);
	if (!sim_wait_for(is_answered, NULL, f, until)) {
		rc = RC_TIME;
	} else if (f->listener == NULL) {
		sim.error = ECONNREFUSED;
		rc = RC_NONE;
	} else {
		call(f->listener, out);
	}
	node_drop(f);
	return rc;
}

/* ---- waiting for several ------------------------------------------------ */

static bool
fd_ready(int fd)
{
	const struct sim_open *o;

	if (fd == PORT_STDIN)
		return sim_stdin_is_ready(sim.me->in);
	o = sim_fd_get(fd);
	return o->ops->ready == NULL || o->ops->ready(o->p);
}

/* Looked up once: those who look later are others than the one who waits. */
struct wanted {
	size_t n;
	struct {
		bool (*ready)(void *p);
		ms_t (*next)(void *p);
		void *p;
	} of[];
};

static bool
any_ready(void *arg)
{
	const struct wanted *x = arg;
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->of[i].ready == NULL || x->of[i].ready(x->of[i].p))
			return true;
	return false;
}

static ms_t
any_next(void *arg)
{
	const struct wanted *x = arg;
	ms_t t = MS_NEVER, own;
	size_t i;

	for (i = 0; i < x->n; i++) {
		own = x->of[i].next != NULL ? x->of[i].next(x->of[i].p) :
		    MS_NEVER;
		if (own < t)
			t = own;
	}
	return t;
}

static void
want(struct wanted *x, int fd)
{
	const struct sim_open *o;

	if (fd == PORT_STDIN) {
		x->of[x->n].ready = sim_stdin_is_ready;
		x->of[x->n].next = sim_stdin_next;
		x->of[x->n++].p = sim.me->in;
		return;
	}
	o = sim_fd_get(fd);
	x->of[x->n].ready = o->ops->ready;
	x->of[x->n].next = o->ops->next;
	x->of[x->n++].p = o->p;
}

enum rc
port_wait(struct port_watch *w, size_t n, ms_t until)
{
	struct wanted *x;
	bool any;
	size_t i;

	if (sim_call_fails("port_wait"))
		return RC_OS;
	if (n > PORT_WATCH_MAX)
		sim_fail("port_wait() for %zu descriptors", n);
	x = sim_alloc(sizeof(*x) + n * sizeof(x->of[0]));
	for (i = 0; i < n; i++) {
		w[i].is_ready = false;
		if (w[i].fd != -1)
			want(x, w[i].fd);
	}
	any = sim_wait_for(any_ready, any_next, x, until);
	sim_free(x);
	if (!any)
		return RC_TIME;
	for (i = 0; i < n; i++)
		w[i].is_ready = w[i].fd != -1 && fd_ready(w[i].fd);
	return RC_OK;
}

bool
port_readable(int fd)
{
	sim_call();
	sim_net_settle();
	return fd_ready(fd);
}
