/*
 * sim.c - the world as a whole: its memory, clock, bounds and accidents, and
 * the calls of port.h about clock, entropy and process.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "sim_int.h"

/* User time that one test may take, far above what any needs. */
#define WATCHDOG_S	240

struct sim_world sim;

/* ---- memory ------------------------------------------------------------- */

union scrap {
	struct {
		union scrap *next, **back;
	} l;
	max_align_t align;
};
static union scrap *scraps;

void *
sim_alloc(size_t n)
{
	union scrap *s = calloc(1, sizeof(*s) + n);

	if (s == NULL) {
		fputs("sim: out of memory\n", stderr);
		abort();
	}
	s->l.next = scraps;
	if (scraps != NULL)
		scraps->l.back = &s->l.next;
	s->l.back = &scraps;
	scraps = s;
	return s + 1;
}

void
sim_free(void *p)
{
	union scrap *s = p;

	if (p == NULL)
		return;
	s--;
	*s->l.back = s->l.next;
	if (s->l.next != NULL)
		s->l.next->l.back = s->l.back;
	free(s);
}

static void
free_all(void)
{
	while (scraps != NULL) {
		union scrap *s = scraps;

		scraps = s->l.next;
		free(s);
	}
}

char *
sim_copy(const char *text)
{
	char *p = sim_alloc(strlen(text) + 1);

	strcpy(p, text);
	return p;
}

void
sim_text_put(struct sim_text *t, const void *data, size_t n)
{
	if (t->p == NULL || t->n + n + 1 > t->cap) {
		size_t cap = 2 * (t->n + n) + 64;
		char *p = sim_alloc(cap);

		if (t->n > 0)
			memcpy(p, t->p, t->n);
		t->p = p;
		t->cap = cap;
	}
	if (n > 0)
		memcpy(t->p + t->n, data, n);
	t->n += n;
	t->p[t->n] = '\0';
}

void
sim_text_puts(struct sim_text *t, const char *text)
{
	sim_text_put(t, text, strlen(text));
}

void
sim_text_vfmt(struct sim_text *t, const char *fmt, va_list ap)
{
	char small[512], *big;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < (int)sizeof(small)) {
		sim_text_put(t, small, (size_t)n);
	} else {
		big = sim_alloc((size_t)n + 1);
		vsnprintf(big, (size_t)n + 1, fmt, again);
		sim_text_put(t, big, (size_t)n);
	}
	va_end(again);
}

void
sim_text_fmt(struct sim_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sim_text_vfmt(t, fmt, ap);
	va_end(ap);
}

const char *
sim_text_get(const struct sim_text *t)
{
	return t->p != NULL ? t->p : "";
}

/* ---- one world after the other ------------------------------------------ */

static uint64_t
first_seed(void)
{
	const char *text = getenv("SIM_SEED");

	return text != NULL ? strtoull(text, NULL, 0) : 1;
}

void
sim_begin(void)
{
	sim_begin_nth(0);
}

void
sim_begin_nth(unsigned nth)
{
	sim_proc_home();
	sim_proc_forget();
	free_all();
	memset(&sim, 0, sizeof(sim));
	sim.now = SIM_START;
	sim.time_max = SIM_START + 60 * DAY;
	sim.calls_max = 20u * 1000 * 1000;
	sim.seed = first_seed() + nth;
	sim.random = sim.seed;
	sim.random_ready = SIM_START;
	sim.memory_max = SIZE_MAX;
	sim.out_max = SIZE_MAX;
	sim_hostname("here.example");
	sim_user("user", "A User");
	sim.message_room = 65536;
	sim_proc_begin();
	sim_accounts_begin();
	sim_disk_begin();
	sim_stdin_begin();
	sim_net_begin();
	sim_dns_begin();
}

void
sim_end(void)
{
	sim_net_finish();
	sim.ended = true;
}

static void
watchdog_barks(int signal)
{
	static const char text[] =
	    "sim: a test ran for minutes without an end\n";

	(void)signal;
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(70);
	abort();
}

int
sim_setup(void **state)
{
	struct itimerval limit = { .it_value.tv_sec = WATCHDOG_S };

	(void)state;
	signal(SIGVTALRM, watchdog_barks);
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
	sim_begin();
	return 0;
}

static void
report_text(struct sim_text *t, const char *title, const struct sim_text *what)
{
	const size_t most = 4000;
	size_t n = what->n;

	if (n == 0)
		return;
	sim_text_fmt(t, "  %s:\n", title);
	sim_text_put(t, what->p + (n > most ? n - most : 0),
	    n > most ? most : n);
	if (what->p[n - 1] != '\n')
		sim_text_puts(t, "\n");
}

/* The state of a world in which a test failed, for people. */
static void
report(void)
{
	struct sim_text t = { 0 };

	sim_text_fmt(&t, "sim: SIM_SEED=%llu, after %lld ms and %llu calls",
	    (unsigned long long)sim.seed, (long long)(sim.now - SIM_START),
	    (unsigned long long)sim.calls);
	if (sim.failed_call != NULL)
		sim_text_fmt(&t, ", %s was made to fail", sim.failed_call);
	sim_text_puts(&t, "\n");
	report_text(&t, "notes", &sim.notes);
	if (sim.died_at != NULL)
		sim_text_fmt(&t, "  ended at %s\n", sim.died_at);
	if (sim.procs_n > 1)
		sim_text_fmt(&t, "  processes, %llu calls:\n%s",
		    (unsigned long long)sim.proc_calls, sim_ps());
	if (sim.net != NULL)
		sim_net_report(&t);
	report_text(&t, "standard output", &sim.out);
	report_text(&t, "standard error", &sim.err);
	report_text(&t, "log", &sim.syslog);
	fputs(sim_text_get(&t), stderr);
}

int
sim_teardown(void **state)
{
	struct itimerval none = { .it_value.tv_sec = 0 };

	(void)state;
	sim_proc_home();
	if (!sim.ended)
		report();
	sim_proc_forget();
	free_all();
	memset(&sim, 0, sizeof(sim));
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	return 0;
}

int
sim_main_(const struct CMUnitTest *tests, size_t n, const char *file)
{
	const char *name = strrchr(file, '/');
	const char *only = getenv("SIM_ONLY");	/* a pattern of test names */

	if (only != NULL)
		cmocka_set_test_filter(only);
	return _cmocka_run_group_tests(name != NULL ? name + 1 : file, tests,
	    n, NULL, NULL);
}

void
sim_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sim_text_puts(&sim.notes, "    ");
	sim_text_vfmt(&sim.notes, fmt, ap);
	sim_text_puts(&sim.notes, "\n");
	va_end(ap);
}

void
sim_fail(const char *fmt, ...)
{
	struct sim_text t = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sim_text_vfmt(&t, fmt, ap);
	va_end(ap);
	if (sim.me != sim.test)
		sim_proc_fail(sim_text_get(&t));
	if (sim.fail_to != NULL) {
		sim.failure = sim_text_get(&t);
		longjmp(*sim.fail_to, 1);
	}
	fail_msg("%s", sim_text_get(&t));
	abort();		/* fail_msg() does not come back */
}

const char *
sim_failure_of(void (*f)(void *arg), void *arg)
{
	jmp_buf here;

	sim.failure = NULL;
	sim.fail_to = &here;
	if (setjmp(here) == 0)
		f(arg);
	sim.fail_to = NULL;
	sim.test->in_world = 0;
	sim.test->state = SIM_GOES;
	sim.may_idle = false;
	return sim.failure;
}

void
assert_failed(const char *file, int line)
{
	sim_fail("ASSERT does not hold: %s:%d", file, line);
}

/* ---- bounds, failures --------------------------------------------------- */

void
sim_bound(ms_t time, uint64_t calls)
{
	if (time > 0)
		sim.time_max = SIM_START + time;
	if (calls > 0)
		sim.calls_max = calls;
}

void
sim_call_in(const char *name)
{
	sim.me->call = name;
	if (++sim.calls > sim.calls_max)
		sim_fail("more than %llu calls of the port: an endless loop?",
		    (unsigned long long)sim.calls_max);
	sim_proc_call();
}

bool
sim_call_fails(const char *name)
{
	sim_call_in(name);
	sim.fallible++;
	if (sim.fallible != sim.fail_at &&
	    (sim.fail_from == 0 || sim.fallible < sim.fail_from))
		return false;
	if (sim.failed_call == NULL)
		sim.failed_call = name;
	sim.error = EIO;
	return true;
}

enum rc
sim_os(int error)
{
	sim.error = error;
	return RC_OS;
}

void
sim_fail_at(uint64_t n)
{
	sim.fail_at = n;
}

void
sim_fail_from(uint64_t n)
{
	sim.fail_from = n;
}

uint64_t
sim_fallible(void)
{
	return sim.fallible;
}

const char *
sim_failed_call(void)
{
	return sim.failed_call;
}

uint64_t
sim_calls(void)
{
	return sim.calls;
}

const char *
port_error(void)
{
	return sim.error != 0 ? strerror(sim.error) : "Connection closed";
}

bool
port_error_is_missing(void)
{
	return sim.error == ENOENT || sim.error == ENOTDIR;
}

bool
port_error_is_end(void)
{
	return sim.error == 0;
}

bool
port_error_is_network(void)
{
	return sim.error == ENETUNREACH || sim.error == EHOSTUNREACH ||
	    sim.error == ENETDOWN || sim.error == EADDRNOTAVAIL;
}

/* ---- clock -------------------------------------------------------------- */

void
sim_set_clock(ms_t to)
{
	if (to > sim.time_max)
		sim_fail("more than %lld s of virtual time: a hang?",
		    (long long)((sim.time_max - SIM_START) / SECOND));
	sim.now = to;
}

void
sim_let(ms_t until)
{
	sim_wait_for(NULL, NULL, NULL, until);
}

void
sim_advance(ms_t by)
{
	if (sim.me != sim.test)		/* in a peer's call-back */
		sim_let(sim.now + by);
	else
		sim_run(sim.now + by);
}

void
sim_wall_jump(int64_t by_s)
{
	sim.wall_shift += by_s * SECOND;
}

void
sim_zone_offset(int seconds)
{
	sim.zone_s = seconds;
}

ms_t
port_now(void)
{
	sim_call();
	return sim.now;
}

ms_t
sim_wall_ms(void)
{
	return SIM_WALL * SECOND + sim.wall_shift + (sim.now - SIM_START);
}

ms_t
port_wall_ms(void)
{
	sim_call();
	return sim_wall_ms();
}

int64_t
port_wall(void)
{
	return port_wall_ms() / SECOND;
}

int64_t
port_built(void)
{
	return SIM_BUILT;
}

int
port_zone(int64_t unix_s)
{
	(void)unix_s;
	sim_call();
	return sim.zone_s;
}

void
port_sleep(ms_t until)
{
	sim_call();
	sim_let(until);
}

/* ---- entropy, memory ---------------------------------------------------- */

/* Splitmix64: any seed will do, zero too. */
static uint64_t
random_64(void)
{
	uint64_t z = (sim.random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
sim_seed(void)
{
	return sim.seed;
}

unsigned
sim_random(unsigned below)
{
	return below > 0 ? (unsigned)(random_64() % below) : 0;
}

void
sim_random_delay(ms_t by)
{
	sim.random_delay = by;
	sim.random_ready = SIM_START + by;
}

enum rc
port_random(void *out, size_t n, ms_t until)
{
	unsigned char *p = out;

	if (sim_call_fails("port_random"))
		return RC_OS;
	if (sim.now < sim.random_ready) {
		sim_let(until < sim.random_ready ? until : sim.random_ready);
		if (sim.now < sim.random_ready)
			return RC_TIME;
	}
	while (n-- > 0)
		*p++ = (unsigned char)random_64();
	return RC_OK;
}

uint32_t
port_random_u32(void)
{
	sim_call();
	return (uint32_t)random_64();
}

void
sim_memory_limit(size_t bytes)
{
	sim.memory_max = bytes;
}

size_t
sim_memory_used(void)
{
	return sim.test->memory;
}

size_t
sim_memory_of(unsigned pid)
{
	return sim_proc_get(pid)->memory;
}

size_t
sim_memory_most(void)
{
	return sim.memory_most;
}

void *
port_memory(size_t bytes)
{
	struct sim_proc *me = sim.me;

	if (sim_call_fails("port_memory"))
		return NULL;
	if (bytes > sim.memory_max - me->memory) {
		sim.error = ENOMEM;
		return NULL;
	}
	me->memory += bytes;
	if (me != sim.test && me->memory > sim.memory_most)
		sim.memory_most = me->memory;
	return sim_proc_alloc(bytes);
}

/* Nobody may read what was there: let it be noticed. */
void
port_memory_forget(void *p, size_t bytes)
{
	memset(p, 0x5a, bytes);
}

void
port_memory_own(void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
}
