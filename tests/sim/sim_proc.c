/*
 * sim_proc.c - processes as coroutines: who goes on, how one begins and ends.
 *
 * There is no scheduler of its own: whoever waits looks for the next one and
 * goes over to its stack (sim_proc_switch).  sim.me is always the one whose
 * stack is in use.  The sanitizer is told of every change.  getcontext() and
 * setcontext() and not swapcontext(): that one it takes for its own business,
 * and wipes its notes about the whole stack each time.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "sim_int.h"

/* Faults are built in without it (tests/bite). */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED
#endif
#endif
#if !defined(IS_WATCHED) && !defined(__SANITIZE_ADDRESS__)
#define __sanitizer_start_switch_fiber(fake, low, bytes)	((void)0)
#define __sanitizer_finish_switch_fiber(fake, low, bytes)	((void)0)
#endif

#define STACK_BYTES	(1024 * 1024)	/* the sanitizer's frames are big */
/* Of a stack that was left: what children may still look at. */
#define STACK_KEPT	(256 * 1024)
#define HOP		8

struct stack {
	struct stack *next;
	const char *low;
	size_t bytes;
	ucontext_t at;
	void *fake;		/* the sanitizer's */
	bool is_used;
};
static struct stack *stacks;	/* they survive the worlds */
static struct stack test_stack;	/* its bounds are known once it was left */

struct piece {
	struct piece *next;
	max_align_t align[];
};

/* Stays until the children, who know of it, have gone. */
struct sim_own {
	struct sim_own *parent;
	unsigned refs;
	struct piece *pieces;
	struct stack *stack;
};

/* ---- stacks and memory -------------------------------------------------- */

static struct stack *
stack_get(void)
{
	struct stack *s;
	char *p;

	for (s = stacks; s != NULL && s->is_used; s = s->next)
		continue;
	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		p = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (s == NULL || p == MAP_FAILED ||
		    mprotect(p, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) < 0)
			sim_fail("no memory for another stack");
		s->low = p;
		s->bytes = STACK_BYTES;
		s->next = stacks;
		stacks = s;
	}
	/* Whoever was killed on it left its frames marked. */
	ASAN_UNPOISON_MEMORY_REGION(s->low, s->bytes);
	s->is_used = true;
	return s;
}

static struct sim_own *
own_new(struct sim_own *parent)
{
	struct sim_own *o = sim_alloc(sizeof(*o));

	o->refs = 1;
	o->stack = stack_get();
	o->parent = parent;
	if (parent != NULL)
		parent->refs++;
	return o;
}

static void
own_drop(struct sim_own *o)
{
	while (o != NULL && --o->refs == 0) {
		struct sim_own *parent = o->parent;
		struct piece *p;

		while ((p = o->pieces) != NULL) {
			o->pieces = p->next;
			sim_free(p);
		}
		o->stack->is_used = false;
		sim_free(o);
		o = parent;
	}
}

void *
sim_proc_alloc(size_t n)
{
	struct sim_own *o = sim.me->own;
	struct piece *p;

	if (o == NULL)			/* the test's: as long as the world */
		return sim_alloc(n);
	p = sim_alloc(sizeof(*p) + n);
	p->next = o->pieces;
	o->pieces = p;
	return p->align;
}

static struct stack *
stack_of(const struct sim_proc *p)
{
	return p == sim.test ? &test_stack : p->own->stack;
}

/* ---- going over --------------------------------------------------------- */

/* Back on this stack; from is the one that was left, as the sanitizer says. */
static void
arrive(void *fake)
{
	const void *low = NULL;
	size_t bytes = 0;

	__sanitizer_finish_switch_fiber(fake, &low, &bytes);
	if (test_stack.bytes == 0) {	/* the first one to be left at all */
		test_stack.low = low;
		test_stack.bytes = bytes;
	}
}

static void
go_to(struct sim_proc *p, void **fake)
{
	struct stack *to = stack_of(p);

	sim.me = p;
	sim.error = p->error;
	__sanitizer_start_switch_fiber(fake, to->low, to->bytes);
	if (setcontext(&to->at) != 0)
		abort();
}

static void
test_goes_on(void)
{
	const char *text = sim.failing;

	sim.failing = NULL;
	if (text != NULL)
		sim_fail("%s", text);
	if (sim.power_due)
		sim_power_cut();
}

void
sim_proc_switch(struct sim_proc *p)
{
	struct sim_proc *me = sim.me;
	volatile bool is_back = false;
	struct stack *own;

	if (me->state == SIM_HAS_ENDED)
		go_to(p, NULL);
	own = stack_of(me);
	me->error = sim.error;
	getcontext(&own->at);
	if (!is_back) {
		is_back = true;
		go_to(p, &own->fake);
	}
	arrive(own->fake);
	if (me == sim.test)
		test_goes_on();
}

void
sim_proc_to_test(void)
{
	sim_proc_switch(sim.test);
	abort();
}

void
sim_proc_fail(const char *text)
{
	struct sim_text t = { 0 };

	sim_text_fmt(&t, "%s (process %u, %s)", text, sim.me->pid,
	    sim.me->name);
	sim.failing = sim_text_get(&t);
	sim_proc_to_test();
}

/*
 * An assertion of cmocka's in another process jumped from its stack to the
 * test's: tell the sanitizer, who also still sees the frames that were there.
 */
void
sim_proc_home(void)
{
	char here;

	if (sim.me == sim.test || sim.me == NULL)
		return;
	__sanitizer_start_switch_fiber(NULL, test_stack.low, test_stack.bytes);
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
	sim.me = sim.test;
	if (&here - test_stack.low > STACK_KEPT)
		ASAN_UNPOISON_MEMORY_REGION(&here - STACK_KEPT, STACK_KEPT);
}

/* ---- who is next -------------------------------------------------------- */

static bool
can_go(const struct sim_proc *p)
{
	if (p == sim.test && sim.may_idle && sim.run_over)
		return true;
	return p->state == SIM_GOES || sim.now >= p->until ||
	    (p->ready != NULL && p->ready(p->wait_arg));
}

/* A test in sim_run() comes last. */
static struct sim_proc *
choose(void)
{
	struct sim_proc *p, *best = NULL;
	unsigned n = 0;

	for (p = sim.live; p != NULL; p = p->next)
		if ((p != sim.test || !sim.may_idle || sim.run_over) &&
		    can_go(p) && (n++ == 0 || sim_random(n) == 0))
			best = p;
	return n == 0 && sim.may_idle && can_go(sim.test) ? sim.test : best;
}

static ms_t
next_event(void)
{
	ms_t t = sim_net_next(), own;
	const struct sim_proc *p;

	for (p = sim.live; p != NULL; p = p->next) {
		own = p->wait_next != NULL ? p->wait_next(p->wait_arg) :
		    MS_NEVER;
		if (own < t)
			t = own;
		if (p->until < t)
			t = p->until;
	}
	return t;
}

/* Returns if that is what the test wanted to know. */
static void
nothing_will_happen(void)
{
	if (!sim.may_idle)
		sim_fail("the code waits, for ever, for something that will "
		    "never happen");
	sim.ran = SIM_RAN_IDLE;
	sim.run_over = true;
}

/* What peers can do now, they have done: sim_net_settle(). */
static void
let_others(void)
{
	struct sim_proc *p;
	ms_t t;

	while ((p = choose()) == NULL) {
		t = next_event();
		if (t == MS_NEVER)
			nothing_will_happen();
		else
			sim_set_clock(t);
		sim_net_settle();
	}
	if (p != sim.me)
		sim_proc_switch(p);
}

static void
wait_in_line(bool (*ready)(void *arg), ms_t (*next)(void *arg), void *arg,
	ms_t until)
{
	struct sim_proc *me = sim.me;

	me->ready = ready;
	me->wait_next = next;
	me->wait_arg = arg;
	me->until = until;
	me->state = SIM_WAITS;
	me->is_fresh = false;
	let_others();
	me->state = SIM_GOES;
}

bool
sim_wait_for(bool (*ready)(void *arg), ms_t (*next)(void *arg), void *arg,
	ms_t until)
{
	for (;;) {
		sim_net_settle();
		if (ready != NULL && ready(arg))
			return true;
		if (sim.now >= until)
			return false;
		wait_in_line(ready, next, arg, until);
	}
}

void
sim_only_the_test(const char *call)
{
	if (sim.me != sim.test)
		sim_fail("%s() is for the test itself", call);
}

enum sim_ran
sim_run(ms_t until)
{
	sim_only_the_test("sim_run");
	sim.ran = SIM_RAN_TIME;
	sim.run_over = false;
	sim.may_idle = true;
	sim_net_settle();
	wait_in_line(NULL, NULL, NULL, until);
	sim.may_idle = false;
	return sim.ran;
}

void
sim_hop(unsigned calls)
{
	sim.hop = calls;
	sim.hop_in = 1;
}

/* The child that a process has just made goes first. */
void
sim_proc_hop(void)
{
	struct sim_proc *me = sim.me;

	if (sim.hop == 0 || me == sim.test || me->is_fresh ||
	    me->in_world > 0 || --sim.hop_in > 0)
		return;
	sim.hop_in = 1 + sim_random(2 * sim.hop - 1);
	let_others();
}

/* ---- beginning and end -------------------------------------------------- */

static void
enlist(struct sim_proc *p)
{
	struct sim_proc **all;
	unsigned i, n = sim.procs_n;

	if ((n & (n - 1)) == 0) {
		all = sim_alloc((2 * n + 1) * sizeof(struct sim_proc *));
		for (i = 0; i < n; i++)
			all[i] = sim.procs[i];
		sim_free(sim.procs);
		sim.procs = all;
	}
	p->pid = SIM_PID + n;
	sim.procs[sim.procs_n++] = p;
	p->next = sim.live;
	if (p->next != NULL)
		p->next->back = &p->next;
	p->back = &sim.live;
	sim.live = p;
}

static struct sim_proc *
proc_new(const char *name)
{
	struct sim_proc *p = sim_alloc(sizeof(*p));

	p->name = sim_copy(name);
	p->streams = sim_alloc(sizeof(*p->streams));
	p->uid = sim.uid;
	p->in = sim.in;
	p->fd = -1;
	enlist(p);
	return p;
}

void
sim_proc_begin(void)
{
	sim.hop = HOP;
	sim.hop_in = 1;
	sim.uid = SIM_UID;
	sim.me = sim.test = proc_new("test");
}

void
sim_proc_forget(void)
{
	struct stack *s;

	for (s = stacks; s != NULL; s = s->next)
		s->is_used = false;
}

/*
 * Below what the process had on its stack, which nobody touches: ahead of a
 * call that is known not to come back, the sanitizer would, thus the pointer.
 */
static void (*volatile leave)(int status) = sim_proc_leave;

static void __attribute__((noinline, no_sanitize("address", "undefined")))
leave_below(int status)
{
	char *volatile kept = __builtin_alloca(STACK_KEPT);

	(void)kept;
	leave(status);
}

static void
begin(void)
{
	arrive(NULL);
	leave_below(sim.me->entry(sim.me->arg, sim.me->fd) & 255);
}

struct sim_proc *
sim_proc_start(const char *name, port_entry *entry, void *arg,
	struct sim_own *parent)
{
	struct sim_proc *p = proc_new(name);
	ucontext_t *at;

	p->entry = entry;
	p->arg = arg;
	p->own = own_new(parent);
	at = &p->own->stack->at;
	getcontext(at);
	at->uc_stack.ss_sp = (void *)(uintptr_t)p->own->stack->low;
	at->uc_stack.ss_size = p->own->stack->bytes;
	at->uc_link = NULL;
	makecontext(at, begin, 0);
	return p;
}

unsigned
sim_process_(const char *name, port_entry *entry, const void *arg)
{
	return sim_proc_start(name, entry, (void *)(uintptr_t)arg, NULL)->pid;
}

void
sim_proc_end(struct sim_proc *p, int status)
{
	if (p->state == SIM_HAS_ENDED)
		return;
	p->state = SIM_HAS_ENDED;
	p->status = status;
	*p->back = p->next;
	if (p->next != NULL)
		p->next->back = p->back;
	sim_fd_close_all(p);
	own_drop(p->own);
}

void
sim_proc_leave(int status)
{
	sim_proc_end(sim.me, status);
	sim_net_settle();
	let_others();
	abort();
}
