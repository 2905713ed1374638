/*
 * sim_net.c - addresses, and the client's end of connections: the calls of the
 * port.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_net.h"

#define WINDOW		65536	/* octets in a buffer, unless told otherwise */
#define KERNEL_WAIT	(130 * SECOND)	/* until connect(2) itself gives up */

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

struct place *
sim_place_find(const char *where)
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
	return sim_place_find(sim_where(where));
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
	struct place *p = sim_place_find(where);

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

/* ---- the client's side -------------------------------------------------- */

int
sim_dial_fault(const char *where)
{
	struct place *p = sim_place_find(where);
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
	struct place *p = sim_place_find(where);
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

static bool
is_empty(const char *path)
{
	const struct place *p = sim_place_find(path);

	return !p->placed && p->faults == NULL;
}

enum rc
port_dial_unix(const char *path, ms_t until, int *out)
{
	if (strlen(path) >= 108)
		sim_fail("port_dial_unix() with a path that is too long");
	if (sim_call_fails("port_dial_unix"))
		return RC_OS;
	if (is_empty(path)) {
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
