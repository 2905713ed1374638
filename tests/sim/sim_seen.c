/*
 * sim_seen.c - what connections saw, whether scripts came to their end, and
 * reports of both.
 */
#include "sim_net.h"
#include "sim_tls.h"

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
