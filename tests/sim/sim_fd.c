/*
 * sim_fd.c - descriptors, and the open files behind them: a descriptor is one
 * process's, an open file may be shared by those to whom it was given.
 */
#include "sim_int.h"

#define FIRST	100	/* not to be mistaken for a count, or a standard one */

struct sim_fd {
	struct sim_fd *next, **back;	/* of its process */
	int number;
	const struct sim_proc *owner;
	struct sim_open *open;		/* NULL: closed */
};

void
sim_open_hold(struct sim_open *o)
{
	o->refs++;
}

void
sim_open_drop(struct sim_open *o)
{
	if (--o->refs > 0)
		return;
	if (o->ops->end != NULL)
		o->ops->end(o);
	sim_free(o);
}

static void
remember(struct sim_fd *f)
{
	struct sim_fd **all;
	unsigned i;

	if ((sim.fds & (sim.fds - 1)) == 0) {
		all = sim_alloc((2 * sim.fds + 1) * sizeof(struct sim_fd *));
		for (i = 0; i < sim.fds; i++)
			all[i] = sim.fd[i];
		sim_free(sim.fd);
		sim.fd = all;
	}
	sim.fd[sim.fds++] = f;
}

int
sim_fd_add(struct sim_proc *p, struct sim_open *o)
{
	struct sim_fd *f = sim_alloc(sizeof(*f));

	f->number = FIRST + (int)sim.fds;
	f->owner = p;
	f->open = o;
	sim_open_hold(o);
	f->next = p->fds;
	if (f->next != NULL)
		f->next->back = &f->next;
	f->back = &p->fds;
	p->fds = f;
	remember(f);
	return f->number;
}

struct sim_open *
sim_open_new(const struct sim_fd_ops *ops, void *p)
{
	struct sim_open *o = sim_alloc(sizeof(*o));

	o->ops = ops;
	o->p = p;
	return o;
}

int
sim_fd_new(const struct sim_fd_ops *ops, void *p)
{
	return sim_fd_add(sim.me, sim_open_new(ops, p));
}

static struct sim_fd *
get(int number)
{
	struct sim_fd *f;

	if (number < FIRST || (unsigned)(number - FIRST) >= sim.fds)
		sim_fail("descriptor %d was never opened", number);
	f = sim.fd[number - FIRST];
	if (f->open == NULL)
		sim_fail("descriptor %d is used after it was closed", number);
	if (f->owner != sim.me)
		sim_fail("descriptor %d belongs to another process", number);
	return f;
}

struct sim_open *
sim_fd_get(int number)
{
	return get(number)->open;
}

void *
sim_fd_of(int number, enum sim_fd_kind kind)
{
	struct sim_open *o = sim_fd_get(number);

	if (o->ops->kind != kind)
		sim_fail("descriptor %d is of another kind", number);
	return o->p;
}

static unsigned
count(const struct sim_proc *p)
{
	unsigned n = 0;
	const struct sim_fd *f;

	for (f = p->fds; f != NULL; f = f->next)
		n++;
	return n;
}

unsigned
sim_open_fds(void)
{
	return count(sim.test);
}

unsigned
sim_open_fds_of(unsigned pid)
{
	return count(sim_proc_get(pid));
}

static void
shut(struct sim_fd *f)
{
	struct sim_open *o = f->open;

	f->open = NULL;
	*f->back = f->next;
	if (f->next != NULL)
		f->next->back = f->back;
	sim_open_drop(o);
}

void
sim_fd_close_all(struct sim_proc *p)
{
	while (p->fds != NULL)
		shut(p->fds);
}

void
sim_fd_abandon_all(struct sim_proc *p)
{
	while (p->fds != NULL) {
		sim_open_hold(p->fds->open);
		shut(p->fds);
	}
}

void
port_close(int fd)
{
	sim_call();
	if (fd != -1 && fd != PORT_STDIN)
		shut(get(fd));
}
