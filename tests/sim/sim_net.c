/*
 * sim_net.c - addresses, connections, and the peers at their other end.
 *
 * A peer is driven from here: whenever the code under test waits, each peer
 * does what it can (net_settle), then the clock jumps to the next moment at
 * which one of them can do more.  ready_at is a peer's own clock: it writes,
 * takes and waits on it, as a server with blocking calls would.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_int.h"
#include "sim_tls.h"

#define WINDOW		65536	/* octets in a buffer, unless told otherwise */
#define KERNEL_WAIT	(130 * SECOND)	/* until connect(2) itself gives up */

struct session {		/* what waits for a connection */
	struct session *next;
	struct sim_script *script;
};

struct cut {
	struct cut *next;
	unsigned session;
	enum sim_side side;
	uint64_t bytes;
	enum sim_end how;
};

struct fault {
	struct fault *next;
	enum sim_dial what;
	unsigned times;		/* 0: always */
};

struct place {			/* an address */
	struct place *next;
	char *where;
	struct session *first, **last;
	const struct sim_service *svc;
	void *svc_arg;
	struct cut *cuts;
	struct fault *faults, **last_fault;
	ms_t dial_delay;
	unsigned conns;
	bool placed;		/* something was */
};

/* What the server sent in one go: octet k leaves at `at` + (k + 1) * each. */
struct segment {
	struct segment *next;
	size_t from;
	ms_t at, each;
	bool split;
};

struct mark {			/* one port_write() */
	size_t from;
	ms_t at;
};

struct sim_conn {
	struct sim_conn *next_active;	/* of those not done */
	unsigned number;
	struct place *place;
	char *from;
	int window;

	struct sim_text sent;	/* by the client */
	struct mark *mark;
	size_t marks;
	size_t taken, line_from;
	size_t in_max, out_max;
	bool client_closed, close_told, write_broken;

	struct sim_text said;	/* by the server */
	struct segment *seg, **seg_last;
	size_t read;
	ms_t drip, sip;
	bool split;

	ms_t ready_at;
	bool ended;
	enum sim_end end;
	ms_t end_at;

	const struct sim_script *script;
	size_t script_at;
	bool loose, opened, busy;
	const struct cut *cut;
	void *own;
	struct sim_tls *tls;	/* what follows is inside */
};

struct sim_net {
	struct place *places;
	struct sim_conn *active, **last;
	struct sim_conn **all;		/* by number */
	unsigned conns, depth;
	size_t chop;
	struct sim_text dials;
	struct ip own[64];
	size_t owns;
	bool no_v4, no_v6;
};

void
sim_net_begin(void)
{
	sim.net = sim_alloc(sizeof(*sim.net));
	sim.net->last = &sim.net->active;
}

/* ---- addresses ---------------------------------------------------------- */

static char *
put_where(const struct in6_addr *six, const struct in_addr *four,
	uint32_t scope, unsigned port)
{
	char text[INET6_ADDRSTRLEN], all[100], zone[16] = "";

	if (scope != 0)
		snprintf(zone, sizeof(zone), "%%%u", scope);
	if (six != NULL)
		inet_ntop(AF_INET6, six, text, sizeof(text));
	else
		inet_ntop(AF_INET, four, text, sizeof(text));
	snprintf(all, sizeof(all), six != NULL ? "[%s%s]:%u" : "%s%s:%u",
	    text, zone, port);
	return sim_copy(all);
}

char *
sim_where(const char *text)
{
	struct in_addr four;
	struct in6_addr six;
	char host[100], *end;
	const char *colon = strrchr(text, ':');
	unsigned port;

	if (text[0] == '/')
		return sim_copy(text);
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		sim_fail("no address with port: %s", text);
	port = (unsigned)strtoul(colon + 1, &end, 10);
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (*end == '\0' && inet_pton(AF_INET, host, &four) == 1)
		return put_where(NULL, &four, 0, port);
	end = host + strlen(host) - 1;
	if (host[0] == '[' && *end == ']') {
		*end = '\0';
		if (inet_pton(AF_INET6, host + 1, &six) == 1)
			return put_where(&six, NULL, 0, port);
	}
	sim_fail("no address: %s", text);
}

char *
sim_where_of(const struct port_addr *a)
{
	struct in_addr four;
	struct in6_addr six;

	if (a->ip.family == IP_V6) {
		memcpy(&six, a->ip.b, 16);
		return put_where(&six, NULL, a->ip.scope, a->port);
	}
	memcpy(&four, a->ip.b, 4);
	return put_where(NULL, &four, 0, a->port);
}

static struct place *
find_place(const char *where)
{
	struct place *p;

	for (p = sim.net->places; p != NULL; p = p->next)
		if (strcmp(p->where, where) == 0)
			return p;
	p = sim_alloc(sizeof(*p));
	p->where = sim_copy(where);
	p->last = &p->first;
	p->last_fault = &p->faults;
	p->next = sim.net->places;
	sim.net->places = p;
	return p;
}

static struct place *
place_at(const char *where)
{
	return find_place(sim_where(where));
}

void
sim_play(const char *where, const char *script)
{
	struct place *p = place_at(where);
	struct session *s = sim_alloc(sizeof(*s));

	s->script = sim_script_parse(script);
	if (p->first == NULL)	/* all so far were used */
		p->last = &p->first;
	*p->last = s;
	p->last = &s->next;
	p->placed = true;
}

void
sim_serve(const char *where, const struct sim_service *svc, void *arg)
{
	struct place *p = place_at(where);

	p->svc = svc;
	p->svc_arg = arg;
	p->placed = true;
}

void
sim_dial(const char *where, enum sim_dial what, unsigned times)
{
	struct place *p = place_at(where);
	struct fault *f = sim_alloc(sizeof(*f));

	f->what = what;
	f->times = times;
	*p->last_fault = f;
	p->last_fault = &f->next;
}

/* As if no fault had been placed there. */
void
sim_dial_fine(const char *where)
{
	struct place *p = find_place(where);

	p->faults = NULL;
	p->last_fault = &p->faults;
}

void
sim_dial_delay(const char *where, ms_t by)
{
	place_at(where)->dial_delay = by;
}

void
sim_cut(const char *where, unsigned session, enum sim_side side,
	uint64_t bytes, enum sim_end how)
{
	struct place *p = place_at(where);
	struct cut *c = sim_alloc(sizeof(*c));

	*c = (struct cut){ p->cuts, session, side, bytes, how };
	p->cuts = c;
}

void
sim_chop(size_t most)
{
	sim.net->chop = most;
}

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

/* Octets of the client that nobody has taken off the wire. */
static size_t
untaken(const struct sim_conn *c)
{
	return c->sent.n - c->taken;
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

/* ---- the client's side -------------------------------------------------- */

int
sim_dial_fault(const char *where)
{
	struct place *p = find_place(where);
	struct fault *f = p->faults;

	if (f == NULL)
		return -1;
	if (f->times > 0 && --f->times == 0) {
		p->faults = f->next;
		if (p->faults == NULL)
			p->last_fault = &p->faults;
	}
	return (int)f->what;
}

static enum rc
note_dial(const char *where, const char *what, enum rc rc)
{
	sim_text_fmt(&sim.net->dials, "%s %s\n", where, what);
	return rc;
}

static enum rc
dial_silence(const char *where, ms_t until)
{
	ms_t gives_up = sim.now + KERNEL_WAIT;

	note_dial(where, "timeout", RC_TIME);
	sim_let(until < gives_up ? until : gives_up);
	return until < gives_up ? RC_TIME : sim_os(ETIMEDOUT);
}

static enum rc
dial_fault(const char *where, int fault, ms_t until)
{
	switch (fault) {
	case SIM_TIMEOUT:
		return dial_silence(where, until);
	case SIM_NO_ROUTE:
		return note_dial(where, "no route", sim_os(EHOSTUNREACH));
	case SIM_NET_DOWN:
		return note_dial(where, "net down", sim_os(ENETUNREACH));
	case SIM_BAD_FROM:
		sim.error = EADDRNOTAVAIL;
		return note_dial(where, "bad from", RC_DENY);
	default:
		return note_dial(where, "refused", sim_os(ECONNREFUSED));
	}
}

static void
remember(struct sim_conn *c)
{
	struct sim_conn **all;
	unsigned n = c->number;

	if ((n & (n - 1)) == 0) {
		all = sim_alloc((2 * n + 1) * sizeof(struct sim_conn *));
		if (n > 0)
			memcpy(all, sim.net->all,
			    n * sizeof(struct sim_conn *));
		sim_free(sim.net->all);
		sim.net->all = all;
	}
	sim.net->all[n] = c;
}

static struct sim_conn *
conn_new(struct place *p, const struct ip *from, int window)
{
	struct sim_conn *c = sim_alloc(sizeof(*c));
	struct port_addr local = { .port = 0 };

	c->number = sim.net->conns++;
	c->place = p;
	c->window = window;
	c->in_max = c->out_max = WINDOW;
	c->seg_last = &c->seg;
	c->ready_at = sim.now;
	c->from = sim_copy("");
	if (from != NULL && from->family != IP_NONE) {
		local.ip = *from;
		c->from = sim_where_of(&local);
		*strrchr(c->from, ':') = '\0';
	}
	*sim.net->last = c;
	sim.net->last = &c->next_active;
	remember(c);
	return c;
}

/* Which script or accident belongs to this connection of its address? */
static void
conn_cast(struct sim_conn *c, struct place *p)
{
	unsigned session = p->conns++;
	struct cut *cut;

	for (cut = p->cuts; cut != NULL; cut = cut->next)
		if (cut->session == session)
			c->cut = cut;
	if (p->svc != NULL)
		return;
	if (p->first == NULL)
		sim_fail("connection %u to %s was not expected", session + 1,
		    p->where);
	c->script = p->first->script;
	p->first = p->first->next;
}

static void
conn_end(struct sim_open *o)
{
	struct sim_conn *c = o->p;

	c->client_closed = true;
	sim_net_settle();
}

/*
 * Segment of octet `at`; the list's head moves with the reader, so that this
 * stays cheap.
 */
static const struct segment *
segment_of(struct sim_conn *c, size_t at)
{
	while (c->seg->next != NULL && c->seg->next->from <= at)
		c->seg = c->seg->next;
	return c->seg;
}

/* When may the client read its next octet, or the end? */
static ms_t
conn_next(void *arg)
{
	struct sim_conn *c = arg;
	const struct segment *g;

	if (c->read < c->said.n) {
		g = segment_of(c, c->read);
		return g->at + (ms_t)(c->read - g->from + 1) * g->each;
	}
	if (c->ended && c->end != SIM_HOLE)
		return c->end_at;
	return MS_NEVER;
}

static bool
conn_ready(void *arg)
{
	return conn_next(arg) <= sim.now;
}

static const struct sim_fd_ops conn_ops = { SIM_FD_CONN, conn_end, conn_ready,
	conn_next };

static enum rc
dial(char *where, const struct ip *from, int window, ms_t until, int *out)
{
	struct place *p = find_place(where);
	int fault = sim_dial_fault(where);
	struct sim_conn *c;

	if (fault >= 0)
		return dial_fault(where, fault, until);
	if (!p->placed)
		return dial_fault(where, SIM_REFUSED, until);
	if (until < sim.now + p->dial_delay)
		return dial_silence(where, until);
	sim_let(sim.now + p->dial_delay);
	c = conn_new(p, from, window);
	conn_cast(c, p);
	note_dial(where, "ok", RC_OK);
	*out = sim_fd_new(&conn_ops, c);
	sim_net_settle();
	return RC_OK;
}

enum rc
port_dial(const struct port_addr *to, const struct ip *from, int window,
	ms_t until, int *out)
{
	if (to->ip.family != IP_V4 && to->ip.family != IP_V6)
		sim_fail("port_dial() to an address of no family");
	if (from != NULL && from->family != IP_NONE &&
	    from->family != to->ip.family)
		sim_fail("port_dial() from an address of the other family");
	if (sim_call_fails("port_dial"))
		return RC_OS;
	sim_jail_check_network("port_dial");
	if (!sim_has_family(to->ip.family))
		return sim_os(EAFNOSUPPORT);
	if (sim_is_cut_off(&to->ip))
		return dial_fault(sim_where_of(to), SIM_NET_DOWN, until);
	return dial(sim_where_of(to), from, window, until, out);
}

enum rc
port_dial_unix(const char *path, ms_t until, int *out)
{
	if (strlen(path) >= 108)
		sim_fail("port_dial_unix() with a path that is too long");
	if (sim_call_fails("port_dial_unix"))
		return RC_OS;
	if (!find_place(path)->placed && find_place(path)->faults == NULL) {
		note_dial(path, "missing", RC_OS);
		return sim_os(ENOENT);
	}
	return dial(sim_copy(path), NULL, 0, until, out);
}

static size_t
chopped(size_t n)
{
	size_t most = sim.net->chop;

	if (most == SIM_ANY)
		most = 1 + sim_random(n < 100 ? (unsigned)n : 100);
	return most > 0 && n > most ? most : n;
}

/* What has arrived, up to n octets, not over a split. */
static size_t
conn_take(struct sim_conn *c, char *out, size_t n)
{
	size_t got = 0;

	n = chopped(n);
	while (got < n && c->read < c->said.n && conn_ready(c)) {
		const struct segment *g = segment_of(c, c->read);

		if (got > 0 && g->split && g->from == c->read)
			break;
		out[got++] = c->said.p[c->read++];
	}
	return got;
}

static enum rc
conn_gone(struct sim_conn *c)
{
	sim.error = c->end == SIM_RESET || c->write_broken ? ECONNRESET : 0;
	return RC_GONE;
}

enum rc
port_read(int fd, void *out, size_t n, ms_t until, size_t *got)
{
	struct sim_conn *c;

	if (sim_call_fails("port_read"))
		return RC_OS;
	if (n == 0)
		sim_fail("port_read() of no octets");
	if (fd == PORT_STDIN)
		return sim_stdin_get_some(out, n, until, got);
	c = sim_fd_of(fd, SIM_FD_CONN);
	if (!sim_wait_for(conn_ready, conn_next, c, until))
		return RC_TIME;
	*got = conn_take(c, out, n);
	return *got > 0 ? RC_OK : conn_gone(c);
}

static bool
conn_is_down(const struct sim_conn *c)
{
	return c->ended && c->end != SIM_HOLE && c->end_at <= sim.now;
}

/* Room in the buffer towards the server, or an error to be had at once. */
static bool
conn_writable(void *arg)
{
	const struct sim_conn *c = arg;

	return conn_is_down(c) || untaken(c) < c->in_max;
}

static void
conn_record(struct sim_conn *c, const void *data, size_t n)
{
	struct mark *all;

	if ((c->marks & (c->marks - 1)) == 0) {
		all = sim_alloc((2 * c->marks + 1) * sizeof(*all));
		if (c->marks > 0)
			memcpy(all, c->mark, c->marks * sizeof(*all));
		c->mark = all;
	}
	c->mark[c->marks++] = (struct mark){ c->sent.n, sim.now };
	sim_text_put(&c->sent, data, n);
}

/* What one who dies meanwhile has written. */
static void
write_part(struct sim_conn *c, const void *data, size_t n)
{
	if (conn_is_down(c) || untaken(c) >= c->in_max)
		return;
	if (n > c->in_max - untaken(c))
		n = c->in_max - untaken(c);
	n = sim_random((unsigned)n + 1);
	if (n > 0)
		conn_record(c, data, n);
	sim_net_settle();
}

/*
 * After an orderly end the first write is taken, and answered by a reset that
 * the second one meets; after a reset no write is.
 */
enum rc
port_write(int fd, const void *data, size_t n, ms_t until, size_t *put)
{
	struct sim_conn *c;
	bool down;

	if (sim_proc_dies_next())
		write_part(sim_fd_of(fd, SIM_FD_CONN), data, n);
	if (sim_call_fails("port_write"))
		return RC_OS;
	if (n == 0)
		sim_fail("port_write() of no octets");
	c = sim_fd_of(fd, SIM_FD_CONN);
	if (!sim_wait_for(conn_writable, NULL, c, until))
		return RC_TIME;
	down = conn_is_down(c);
	if (down && (c->end == SIM_RESET || c->write_broken)) {
		sim.error = c->write_broken ? EPIPE : ECONNRESET;
		c->write_broken = true;
		return RC_GONE;
	}
	c->write_broken = down;
	*put = chopped(n);
	if (!down && *put > c->in_max - untaken(c))
		*put = c->in_max - untaken(c);
	conn_record(c, data, *put);
	sim_net_settle();
	return RC_OK;
}

void
port_push(int fd)
{
	sim_call();
	sim_fd_of(fd, SIM_FD_CONN);
}

/* ---- the machine's own addresses ---------------------------------------- */

void
sim_own_address(const char *ip)
{
	struct ip *a = &sim.net->own[sim.net->owns++];

	ASSERT(sim.net->owns <= COUNT(sim.net->own));
	if (inet_pton(AF_INET, ip, a->b) == 1)
		a->family = IP_V4;
	else if (inet_pton(AF_INET6, ip, a->b) == 1)
		a->family = IP_V6;
	else
		sim_fail("no address: %s", ip);
}

bool
sim_is_cut_off(const struct ip *ip)
{
	static const uint8_t self[16] = { [15] = 1 };

	if (!sim.no_route)
		return false;
	return ip->family == IP_V4 ? ip->b[0] != 127 :
	    memcmp(ip->b, self, 16) != 0;
}

void
sim_family(int family, bool there)
{
	if (family == IP_V4)
		sim.net->no_v4 = !there;
	else
		sim.net->no_v6 = !there;
}

size_t
port_own_addresses(struct ip *out, size_t most)
{
	size_t i;

	sim_call();
	for (i = 0; i < most && i < sim.net->owns; i++)
		out[i] = sim.net->own[i];
	return sim.net->owns;
}

bool
sim_has_family(int family)
{
	return family == IP_V4 ? !sim.net->no_v4 : !sim.net->no_v6;
}

bool
port_has_family(int family)
{
	sim_call();
	return sim_has_family(family);
}

/* ---- what was seen ------------------------------------------------------ */

static struct sim_conn *
conn_get(unsigned number)
{
	if (number >= sim.net->conns)
		sim_fail("the test asks for connection %u; there are %u",
		    number, sim.net->conns);
	return sim.net->all[number];
}

unsigned
sim_conns(void)
{
	return sim.net->conns;
}

const char *
sim_conn_where(unsigned number)
{
	return conn_get(number)->place->where;
}

const char *
sim_sent(unsigned number)
{
	return sim_text_get(&conn_get(number)->sent);
}

size_t
sim_sent_bytes(unsigned number)
{
	return conn_get(number)->sent.n;
}

const char *
sim_inside(unsigned number)
{
	const struct sim_conn *c = conn_get(number);

	return c->tls != NULL ? sim_text_get(sim_tls_inside(c->tls)) : "";
}

const char *
sim_heard(unsigned number)
{
	return sim_text_get(&conn_get(number)->said);
}

size_t
sim_heard_bytes(unsigned number)
{
	return conn_get(number)->said.n;
}

size_t
sim_heard_read(unsigned number)
{
	return conn_get(number)->read;
}

size_t
sim_taken_bytes(unsigned number)
{
	return conn_get(number)->taken;
}

unsigned
sim_sent_write(unsigned number, size_t offset)
{
	const struct sim_conn *c = conn_get(number);
	unsigned i = 0;

	if (offset >= c->sent.n)
		sim_fail("the client wrote no octet %zu", offset);
	while (i + 1 < c->marks && c->mark[i + 1].from <= offset)
		i++;
	return i;
}

ms_t
sim_sent_at(unsigned number, size_t offset)
{
	return conn_get(number)->mark[sim_sent_write(number, offset)].at;
}

bool
sim_conn_closed(unsigned number)
{
	return conn_get(number)->client_closed;
}

const char *
sim_conn_from(unsigned number)
{
	return conn_get(number)->from;
}

int
sim_conn_window(unsigned number)
{
	return conn_get(number)->window;
}

const char *
sim_dials(void)
{
	return sim_text_get(&sim.net->dials);
}

/* ---- the end, and reports ----------------------------------------------- */

void
sim_conn_fail(const struct sim_conn *c, int line, const char *fmt, ...)
{
	struct sim_text t = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sim_text_vfmt(&t, fmt, ap);
	va_end(ap);
	sim_fail("%s, connection %u, line %d: %s", c->place->where, c->number,
	    line, sim_text_get(&t));
}

/* A script that the test wants to see at its end, and is not there. */
static bool
is_unfinished(const struct sim_conn *c)
{
	return c->script != NULL && !c->loose && !c->ended &&
	    !sim_script_done(c->script, c->script_at);
}

static void
finish_conn(struct sim_conn *c)
{
	while (is_unfinished(c) && c->ready_at > sim.now)
		sim_let(c->ready_at);
	if (is_unfinished(c))
		sim_conn_fail(c, sim_script_line(c->script, c->script_at),
		    "the script did not come to its end");
}

void
sim_net_finish(void)
{
	struct place *p;
	unsigned i;

	sim_net_settle();
	for (i = 0; i < sim.net->conns; i++)
		finish_conn(sim.net->all[i]);
	for (p = sim.net->places; p != NULL; p = p->next)
		if (p->first != NULL)
			sim_fail("%s: a session of the script did not happen",
			    p->where);
}

void
sim_show(struct sim_text *t, const char *p, size_t n, size_t most)
{
	size_t i;

	if (n > most)
		sim_text_puts(t, "...");
	for (i = n > most ? n - most : 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '\n')
			sim_text_puts(t, i + 1 < n ? "\\n\n      " : "\\n");
		else if (c == '\r')
			sim_text_puts(t, "\\r");
		else if (c < ' ' || c > 126)
			sim_text_fmt(t, "\\x%02x", c);
		else
			sim_text_put(t, &p[i], 1);
	}
	sim_text_puts(t, "\n");
}

static void
report_conn(struct sim_text *t, const struct sim_conn *c)
{
	sim_text_fmt(t, "  connection %u to %s, %s%s\n", c->number,
	    c->place->where, c->ended ? "ended by the server, " : "",
	    c->client_closed ? "closed by the client" : "still open");
	sim_text_fmt(t, "    server sent %zu octets, client read %zu:\n      ",
	    c->said.n, c->read);
	sim_show(t, c->said.p, c->said.n, 800);
	sim_text_fmt(t, "    client sent %zu octets, server took %zu:\n      ",
	    c->sent.n, c->taken);
	sim_show(t, c->sent.p, c->sent.n, 800);
}

void
sim_net_report(struct sim_text *t)
{
	unsigned i = sim.net->conns > 6 ? sim.net->conns - 6 : 0;

	if (sim.net->dials.n > 0)
		sim_text_fmt(t, "  dialled:\n%s",
		    sim_text_get(&sim.net->dials));
	for (; i < sim.net->conns; i++)
		report_conn(t, sim.net->all[i]);
}
