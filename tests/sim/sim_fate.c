/*
 * sim_fate.c - death at a chosen call, signals, and the power cut.
 */
#include <signal.h>

#include "sim_int.h"

void
sim_kill_at(uint64_t n)
{
	sim.kill_at = n;
}

void
sim_power_at(uint64_t n)
{
	sim.power_at = n;
}

uint64_t
sim_process_calls(void)
{
	return sim.proc_calls;
}

const char *
sim_died_at(void)
{
	return sim.died_at;
}

static bool
is_counted(void)
{
	return sim.me != sim.test && sim.me->in_world == 0;
}

bool
sim_proc_dies_next(void)
{
	uint64_t n = sim.proc_calls + 1;

	return is_counted() && (n == sim.kill_at || n == sim.power_at);
}

static void
note_death(void)
{
	struct sim_text t = { 0 };

	sim_text_fmt(&t, "%u %s: %s", sim.me->pid, sim.me->name, sim.me->call);
	sim.died_at = sim_text_get(&t);
}

void
sim_proc_call(void)
{
	if (sim.procs_n == 1)
		return;
	if (is_counted()) {
		sim.proc_calls++;
		if (sim.proc_calls == sim.power_at) {
			note_death();
			sim.power_due = true;
			sim_proc_to_test();
		}
		if (sim.proc_calls == sim.kill_at) {
			note_death();
			sim_proc_leave(256 + SIGKILL);
		}
	}
	sim_proc_hop();
}

void
sim_kill(unsigned pid)
{
	struct sim_proc *p = sim_proc_get(pid);

	if (p == sim.test || p == sim.me)
		sim_fail("sim_kill() of the one who calls it, or of the test");
	sim_proc_end(p, 256 + SIGKILL);
}

void
sim_signal(unsigned pid, unsigned bits)
{
	struct sim_proc *p = sim_proc_get(pid);

	if (p->state == SIM_HAS_ENDED)
		return;
	p->signals |= bits;
	if (p->takes_signals)
		return;
	if (p == sim.test || p == sim.me)
		sim_fail("a signal would end the one who sends it");
	sim_proc_end(p, 256 + ((bits & PORT_SIGNAL_STOP) != 0 ? SIGTERM :
	    SIGHUP));
}

/*
 * The test may stand in a call of the port meanwhile: its open files can't be
 * used any more, but stay in memory.
 */
void
sim_power_cut(void)
{
	ms_t past = sim.now - SIM_START;
	struct sim_proc *p, *next;

	if (sim.me != sim.test)
		sim_fail("sim_power_cut() is for the test itself");
	sim.power_due = false;
	sim_net_power_cut();
	for (p = sim.live; p != NULL; p = next) {
		next = p->next;
		if (p != sim.test)
			sim_proc_end(p, SIM_POWERLESS);
	}
	sim_fd_abandon_all(sim.test);
	sim_disk_power_cut();
	sim_stdin_power_cut();
	sim.wall_shift += past;
	sim.time_max -= past;
	sim.now = SIM_START;
	sim.random_ready = SIM_START + sim.random_delay;
	sim.ran = SIM_RAN_POWER;
	sim.run_over = true;
}
