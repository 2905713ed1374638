/*
 * sim_event.c - events of descriptors: signals, and links that come; jails.
 */
#include <errno.h>
#include <string.h>

#include "sim_int.h"

/* ---- signals ------------------------------------------------------------ */

static bool
signals_ready(void *p)
{
	const struct sim_proc *who = p;

	return who->signals != 0;
}

static const struct sim_fd_ops signal_ops = { SIM_FD_SIGNALS, NULL,
	signals_ready, NULL };

enum rc
port_signals(int *out)
{
	if (sim_call_fails("port_signals"))
		return RC_OS;
	sim.me->takes_signals = true;
	*out = sim_fd_new(&signal_ops, sim.me);
	return RC_OK;
}

unsigned
port_signal_next(int fd)
{
	struct sim_proc *p;
	unsigned bits;

	sim_call();
	p = sim_fd_of(fd, SIM_FD_SIGNALS);
	bits = p->signals;
	p->signals = 0;
	return bits;
}

/* ---- links -------------------------------------------------------------- */

struct sim_links {
	struct sim_links *next, **back;
	bool told, came;
};

static void
links_end(struct sim_open *o)
{
	struct sim_links *l = o->p;

	*l->back = l->next;
	if (l->next != NULL)
		l->next->back = l->back;
	sim_free(l);
}

static bool
links_ready(void *p)
{
	const struct sim_links *l = p;

	return l->told;
}

static const struct sim_fd_ops links_ops = { SIM_FD_LINKS, links_end,
	links_ready, NULL };

enum rc
port_links(int *out)
{
	struct sim_links *l;

	if (sim_call_fails("port_links"))
		return RC_OS;
	if (sim.no_links)
		return sim_os(EPERM);
	l = sim_alloc(sizeof(*l));
	l->next = sim.links;
	if (l->next != NULL)
		l->next->back = &l->next;
	l->back = &sim.links;
	sim.links = l;
	*out = sim_fd_new(&links_ops, l);
	return RC_OK;
}

bool
port_link_came(int fd)
{
	struct sim_links *l;
	bool came;

	sim_call();
	l = sim_fd_of(fd, SIM_FD_LINKS);
	came = l->came;
	l->told = l->came = false;
	return came;
}

bool
port_has_route(void)
{
	sim_call();
	return !sim.no_route;
}

static void
tell(bool came)
{
	struct sim_links *l;

	for (l = sim.links; l != NULL; l = l->next) {
		l->told = true;
		l->came |= came;
	}
}

void
sim_route(bool there)
{
	if (there == !sim.no_route)
		return;
	sim.no_route = !there;
	tell(there);
}

void
sim_link_came(void)
{
	sim.no_route = false;
	tell(true);
}

void
sim_link_changed(void)
{
	tell(false);
}

void
sim_link_silent(bool silent)
{
	sim.no_links = silent;
}

/* ---- jails -------------------------------------------------------------- */

enum rc
port_jail(const struct port_jail *j, struct buf *lacks)
{
	struct sim_proc *me = sim.me;

	(void)lacks;
	if (sim_call_fails("port_jail"))
		return RC_OS;
	if (me->is_jailed)
		sim_fail("port_jail() of a process that is in one");
	if (me->uid == 0 && j->uid == 0)
		return sim_os(EPERM);
	if (me->uid == 0)
		me->uid = j->uid;
	me->is_jailed = true;
	me->jail_network = j->network;
	me->jail_writable = j->writable != NULL ? sim_copy(j->writable) : NULL;
	return RC_OK;
}

void
sim_jail_check(const char *call, const char *path)
{
	const char *free = sim.me->jail_writable;
	size_t n;

	if (!sim.me->is_jailed)
		return;
	n = free != NULL ? strlen(free) : 0;
	if (path == NULL || n == 0 || strncmp(path, free, n) != 0 ||
	    path[n] != '/')
		sim_fail("%s(%s) in a jail", call, path != NULL ? path : "");
}

void
sim_jail_check_network(const char *call)
{
	if (sim.me->is_jailed && !sim.me->jail_network)
		sim_fail("%s() in a jail without network", call);
}

bool
sim_is_jailed(unsigned pid)
{
	return sim_proc_get(pid)->is_jailed;
}
