/*
 * sim_life.c - processes as the port makes them and waits for them, and as
 * tests look at them.
 */
#include "sim_int.h"

/* ---- the calls of the port ---------------------------------------------- */

/* As fork(2) leaves it: a child has what its parent has. */
static struct sim_proc *
fork_me(port_entry *entry, void *arg)
{
	struct sim_text name = { 0 };
	struct sim_proc *me = sim.me, *p;

	sim_text_fmt(&name, "%s+", me->name);
	p = sim_proc_start(sim_text_get(&name), entry, arg, me->own);
	p->is_fresh = true;
	p->uid = me->uid;
	p->in = me->in;
	p->streams = me->streams;
	return p;
}

enum rc
port_spawn(port_entry *entry, void *arg, unsigned *pid, int *fd)
{
	struct sim_open *end[2];
	struct sim_proc *p;

	if (sim_call_fails("port_spawn"))
		return RC_OS;
	sim_jail_check("port_spawn", NULL);
	sim_message_pair(end);
	p = fork_me(entry, arg);
	p->parent = sim.me;
	*fd = sim_fd_add(sim.me, end[0]);
	p->fd = sim_fd_add(p, end[1]);
	*pid = p->pid;
	sim_proc_switch(p);
	return RC_OK;
}

enum rc
port_detach(port_entry *entry, void *arg, int keep)
{
	struct sim_proc *p;

	if (sim_call_fails("port_detach"))
		return RC_OS;
	sim_jail_check("port_detach", NULL);
	p = fork_me(entry, arg);
	p->streams = sim_alloc(sizeof(*p->streams));
	p->streams->closed = true;
	p->in = sim_stdin_none();
	if (keep != -1)
		p->fd = sim_fd_add(p, sim_fd_get(keep));
	sim_proc_switch(p);
	return RC_OK;
}

static bool
has_ended(void *arg)
{
	const struct sim_proc *p = arg;

	return p->state == SIM_HAS_ENDED;
}

int
port_reap(unsigned pid, ms_t until)
{
	struct sim_proc *p;

	sim_call();
	p = sim_proc_get(pid);
	if (p->parent != sim.me)
		sim_fail("port_reap(%u): no child of process %u", pid,
		    sim.me->pid);
	if (p->reaped)
		sim_fail("port_reap(%u): this child was reaped before", pid);
	if (!sim_wait_for(has_ended, NULL, p, until))
		sim_proc_end(p, 256 + 9);
	p->reaped = true;
	return p->status;
}

unsigned
port_pid(void)
{
	sim_call();
	return sim.me->pid;
}

void
port_exit(int status)
{
	if (sim.me->exit_to != NULL) {
		sim.me->exit_status = status;
		longjmp(*sim.me->exit_to, 1);
	}
	if (sim.me == sim.test)
		sim_fail("port_exit(%d) was called", status);
	sim_proc_leave(status & 255);
}

int
sim_exit_of(void (*f)(void *arg), void *arg)
{
	struct sim_proc *me = sim.me;
	jmp_buf here;

	me->exit_status = -1;
	me->exit_to = &here;
	if (setjmp(here) == 0)
		f(arg);
	me->exit_to = NULL;
	return me->exit_status;
}

/* ---- what tests do ------------------------------------------------------ */

struct sim_proc *
sim_proc_get(unsigned pid)
{
	if (pid < SIM_PID || pid - SIM_PID >= sim.procs_n)
		sim_fail("there never was a process %u", pid);
	return sim.procs[pid - SIM_PID];
}

int
sim_run_process(unsigned pid)
{
	struct sim_proc *p = sim_proc_get(pid);

	sim_only_the_test("sim_run_process");
	sim_wait_for(has_ended, NULL, p, MS_NEVER);
	return p->status;
}

int
sim_status(unsigned pid)
{
	const struct sim_proc *p = sim_proc_get(pid);

	return p->state == SIM_HAS_ENDED ? p->status : SIM_RUNNING;
}

unsigned
sim_processes(void)
{
	const struct sim_proc *p;
	unsigned n = 0;

	for (p = sim.live; p != NULL; p = p->next)
		n += p != sim.test;
	return n;
}

unsigned
sim_zombies(void)
{
	unsigned i, n = 0;

	for (i = 0; i < sim.procs_n; i++) {
		const struct sim_proc *p = sim.procs[i];

		n += p->state == SIM_HAS_ENDED && p->parent != NULL &&
		    !p->reaped && p->parent->state != SIM_HAS_ENDED;
	}
	return n;
}

static void
put_ps(struct sim_text *t, const struct sim_proc *p)
{
	sim_text_fmt(t, "%u %u %s: ", p->pid,
	    p->parent != NULL ? p->parent->pid : 1, p->name);
	if (p->state == SIM_GOES)
		sim_text_fmt(t, "goes on, after %s\n",
		    p->call != NULL ? p->call : "nothing");
	else if (p->until == MS_NEVER)
		sim_text_fmt(t, "waits in %s\n", p->call);
	else
		sim_text_fmt(t, "waits in %s for %lld ms more\n", p->call,
		    (long long)(p->until - sim.now));
}

const char *
sim_out_of(unsigned pid)
{
	return sim_text_get(&sim_proc_get(pid)->streams->out);
}

const char *
sim_err_of(unsigned pid)
{
	return sim_text_get(&sim_proc_get(pid)->streams->err);
}

const char *
sim_ps(void)
{
	struct sim_text t = { 0 };
	unsigned i;

	for (i = 1; i < sim.procs_n; i++)
		if (sim.procs[i]->state != SIM_HAS_ENDED)
			put_ps(&t, sim.procs[i]);
	return sim_text_get(&t);
}
