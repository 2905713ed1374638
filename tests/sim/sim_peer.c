/*
 * sim_peer.c - the peers at the other end of connections.
 *
 * A peer is driven from here: whenever the code under test waits, each peer
 * does what it can (sim_net_settle), then the clock jumps to the next moment at
 * which one of them can do more.  ready_at is a peer's own clock: it writes,
 * takes and waits on it, as a server with blocking calls would.
 */
#include <string.h>

#include "sim_net.h"
#include "sim_tls.h"

/* ---- what the server does ----------------------------------------------- */

static void
end_conn(struct sim_conn *c, enum sim_end how)
{
	if (c->ended)
		return;
	c->ended = true;
	c->end = how;
	c->end_at = c->ready_at > sim.now ? c->ready_at : sim.now;
}

static bool
cut_is_due(const struct sim_conn *c)
{
	if (c->cut == NULL || c->ended)
		return false;
	return (c->cut->side == SIM_SENT ? c->said.n : c->taken) >=
	    c->cut->bytes;
}

static void
cut_if_due(struct sim_conn *c)
{
	if (!cut_is_due(c))
		return;
	c->loose = true;
	end_conn(c, c->cut->how);
}

void
sim_put(struct sim_conn *c, const void *data, size_t n)
{
	if (c->tls != NULL)
		sim_tls_put(c->tls, c, data, n);
	else
		sim_put_clear(c, data, n);
}

void
sim_put_clear(struct sim_conn *c, const void *data, size_t n)
{
	struct segment *g;

	if (c->ended || c->client_closed)
		return;
	if (c->cut != NULL && c->cut->side == SIM_SENT &&
	    n > c->cut->bytes - c->said.n)
		n = c->cut->bytes - c->said.n;
	g = sim_alloc(sizeof(*g));
	if (c->ready_at < sim.now)
		c->ready_at = sim.now;
	g->from = c->said.n;
	g->at = c->ready_at;
	g->each = c->drip;
	g->split = c->split;
	c->split = false;
	*c->seg_last = g;
	c->seg_last = &g->next;
	sim_text_put(&c->said, data, n);
	c->ready_at += (ms_t)n * c->drip;
	if (c->cut != NULL && c->cut->side == SIM_SENT)
		cut_if_due(c);
}

void
sim_say(struct sim_conn *c, const char *fmt, ...)
{
	struct sim_text t = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sim_text_vfmt(&t, fmt, ap);
	va_end(ap);
	sim_text_puts(&t, "\r\n");
	sim_put(c, t.p, t.n);
}

void
sim_wait(struct sim_conn *c, ms_t by)
{
	if (c->ready_at < sim.now)
		c->ready_at = sim.now;
	c->ready_at += by;
}

void
sim_drip(struct sim_conn *c, ms_t each)
{
	c->drip = each;
}

void
sim_sip(struct sim_conn *c, ms_t each)
{
	c->sip = each;
}

void
sim_split(struct sim_conn *c)
{
	c->split = true;
}

void
sim_window(struct sim_conn *c, size_t in, size_t out)
{
	c->in_max = in;
	c->out_max = out;
}

void
sim_close(struct sim_conn *c)
{
	end_conn(c, SIM_CLOSE);
}

void
sim_reset(struct sim_conn *c)
{
	end_conn(c, SIM_RESET);
}

void
sim_hole(struct sim_conn *c)
{
	end_conn(c, SIM_HOLE);
}

void **
sim_own(struct sim_conn *c)
{
	return &c->own;
}

unsigned
sim_conn_number(const struct sim_conn *c)
{
	return c->number;
}

/* May it go on?  It may not while its own output has no room. */
static bool
can_act(const struct sim_conn *c)
{
	return !c->ended && c->ready_at <= sim.now &&
	    c->said.n - c->read <= c->out_max;
}

/* Take an octet; false: there is none, or not yet. */
static bool
take(struct sim_conn *c)
{
	if (untaken(c) == 0 || cut_is_due(c))
		return false;
	c->taken++;
	if (c->sip > 0)
		sim_wait(c, c->sip);
	if (c->tls != NULL)
		sim_tls_take(c->tls, c, c->sent.p[c->taken - 1]);
	return true;
}

size_t
sim_conn_waiting(struct sim_conn *c)
{
	if (c->tls == NULL)
		return untaken(c);
	while (can_act(c) && take(c))
		continue;
	return sim_tls_inside(c->tls)->n - *sim_tls_taken(c->tls);
}

bool
sim_conn_eof(const struct sim_conn *c)
{
	return c->client_closed && untaken(c) == 0 && (c->tls == NULL ||
	    sim_tls_inside(c->tls)->n == *sim_tls_taken(c->tls));
}

static bool
line_inside(struct sim_conn *c, struct span *line)
{
	struct sim_text *t = sim_tls_inside(c->tls);
	size_t *from = sim_tls_taken(c->tls);

	for (;;) {
		const char *end = t->n > *from ?
		    memchr(t->p + *from, '\n', t->n - *from) : NULL;

		if (end != NULL) {
			line->p = t->p + *from;
			line->n = (size_t)(end - line->p);
			*from += line->n + 1;
			return true;
		}
		if (!can_act(c) || !take(c))
			return false;
	}
}

/* The next line, without its LF; octets are taken one by one until then. */
bool
sim_conn_line(struct sim_conn *c, struct span *line)
{
	if (c->tls != NULL)
		return line_inside(c, line);
	while (can_act(c) && take(c))
		if (c->sent.p[c->taken - 1] == '\n') {
			line->p = c->sent.p + c->line_from;
			line->n = c->taken - 1 - c->line_from;
			c->line_from = c->taken;
			return true;
		}
	return false;
}

void
sim_conn_skip(struct sim_conn *c)
{
	while (can_act(c) && take(c))
		c->line_from = c->taken;
	if (c->tls != NULL)
		*sim_tls_taken(c->tls) = sim_tls_inside(c->tls)->n;
}

/* ---- TLS ---------------------------------------------------------------- */

void
sim_tls(struct sim_conn *c, const char *words)
{
	c->tls = sim_tls_new(words, c->number);
}

/* Is the handshake done, or as it should be?  It goes on as octets come. */
bool
sim_conn_tls(struct sim_conn *c, const char *words, int line)
{
	int error;

	if (c->tls == NULL)
		sim_tls(c, words);
	while (!sim_tls_is_open(c->tls)) {
		if (sim_tls_is_over(c->tls, &error)) {
			if (!sim_tls_may_fail(c->tls) && !c->loose)
				sim_conn_fail(c, line, "the TLS handshake "
				    "failed, error %d", error);
			return true;
		}
		if (c->client_closed && untaken(c) == 0 && !c->loose &&
		    !sim_tls_may_fail(c->tls))
			sim_conn_fail(c, line, "the client closed in the TLS "
			    "handshake");
		if (!can_act(c) || !take(c))
			return c->client_closed && untaken(c) == 0;
	}
	return true;
}

struct sim_tls *
sim_conn_inside(struct sim_conn *c, int line)
{
	if (c->tls == NULL)
		sim_conn_fail(c, line, "not inside TLS");
	return c->tls;
}

void
sim_conn_loose(struct sim_conn *c)
{
	c->loose = true;
}

bool
sim_conn_is_loose(const struct sim_conn *c)
{
	return c->loose;
}

/* Services get whole lines; the CR goes only with its LF. */
static bool
serve_line(struct sim_conn *c, const struct place *p)
{
	struct span line;

	if (!sim_conn_line(c, &line))
		return false;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	p->svc->line(c, line, p->svc_arg);
	return true;
}

static bool
serve_data(struct sim_conn *c, const struct place *p)
{
	struct span all;
	size_t used;

	while (take(c))
		if (c->sip > 0)
			break;
	all.n = c->taken - c->line_from;
	if (all.n == 0)
		return false;
	all.p = c->sent.p + c->line_from;
	used = p->svc->data(c, all, p->svc_arg);
	c->line_from += used;
	return used > 0;
}

static bool
serve(struct sim_conn *c)
{
	const struct place *p = c->place;

	if (!c->opened) {
		c->opened = true;
		if (p->svc->open != NULL)
			p->svc->open(c, p->svc_arg);
		return true;
	}
	if (sim_conn_eof(c)) {
		if (!c->close_told && p->svc->close != NULL)
			p->svc->close(c, p->svc_arg);
		c->close_told = true;
		return false;
	}
	return p->svc->line != NULL ? serve_line(c, p) : serve_data(c, p);
}

/* All that one peer can do now; was it anything? */
static bool
act(struct sim_conn *c)
{
	bool any = false;

	while (can_act(c)) {
		bool more = c->script != NULL ?
		    sim_script_step(c, c->script, &c->script_at) : serve(c);

		if (!more) {
			cut_if_due(c);
			break;
		}
		any = true;
	}
	return any;
}

/* Nothing will come of it any more, whoever waits. */
static bool
is_done(const struct sim_conn *c)
{
	if (c->busy || c->ended || !c->client_closed)
		return c->ended && !c->busy;
	return c->script != NULL ? sim_script_done(c->script, c->script_at) :
	    c->close_told;
}

static void
drop_done(void)
{
	struct sim_conn **at = &sim.net->active;

	while (*at != NULL)
		if (is_done(*at))
			*at = (*at)->next_active;
		else
			at = &(*at)->next_active;
	sim.net->last = at;
}

/*
 * One pass is enough, as no peer acts upon another; not re-entered when a
 * service's call-back calls something that waits.
 */
void
sim_net_settle(void)
{
	struct sim_proc *me = sim.me;
	struct sim_conn *c;
	bool any = false;

	sim.net->depth++;
	for (c = sim.net->active; c != NULL; c = c->next_active) {
		if (c->busy || c->ended)
			continue;
		c->busy = true;
		me->in_world++;
		act(c);
		me->in_world--;
		c->busy = false;
		any |= is_done(c);
	}
	if (--sim.net->depth == 0 && any)
		drop_done();
}

ms_t
sim_net_next(void)
{
	ms_t t = sim_udp_next();
	const struct sim_conn *c;

	for (c = sim.net->active; c != NULL; c = c->next_active)
		if (!c->ended && c->ready_at > sim.now && c->ready_at < t)
			t = c->ready_at;
	return t;
}

/*
 * Octets that were on their way are lost, and so are the connections; what a
 * server could take at once, it took.
 */
void
sim_net_power_cut(void)
{
	struct sim_conn *c;

	sim_net_settle();
	for (c = sim.net->active; c != NULL; c = c->next_active) {
		if (c->ended)
			continue;
		c->loose = c->ended = true;
		c->end = SIM_HOLE;
		if (!c->close_told && c->place->svc != NULL &&
		    c->place->svc->close != NULL)
			c->place->svc->close(c, c->place->svc_arg);
		c->close_told = true;
	}
	if (sim.net->depth == 0)
		drop_done();
}
