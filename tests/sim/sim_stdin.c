/*
 * sim_stdin.c - standard input: a file, a pipe, or nothing.
 */
#include <errno.h>
#include <string.h>

#include "sim_disk.h"

enum stdin_kind { STDIN_FILE, STDIN_PIPE, STDIN_CLOSED };

struct sim_stdin {
	enum stdin_kind kind;
	struct node *file;		/* content of either kind */
	size_t at, chunk;
	ms_t pace, ready;
};

static struct sim_stdin *
stdin_new(enum stdin_kind kind)
{
	struct sim_stdin *in = sim_alloc(sizeof(*in));

	in->kind = kind;
	in->chunk = SIZE_MAX;
	in->file = node_new(NODE_FILE);
	node_hold(in->file);
	return in;
}

/* For the test, and for whom it starts from now on: each call makes another. */
static struct sim_stdin *
stdin_set(enum stdin_kind kind)
{
	return sim.in = sim.test->in = stdin_new(kind);
}

struct sim_stdin *
sim_stdin_none(void)
{
	return stdin_new(STDIN_CLOSED);
}

void
sim_stdin(const void *data, size_t n)
{
	node_text(stdin_set(STDIN_FILE)->file, data, n);
}

void
sim_stdin_pipe(const void *data, size_t n, size_t chunk, ms_t pace)
{
	struct sim_stdin *in = stdin_set(STDIN_PIPE);

	node_text(in->file, data, n);
	in->chunk = chunk;
	in->pace = pace;
}

void
sim_stdin_closed(void)
{
	stdin_set(STDIN_CLOSED);
}

void
sim_stdin_begin(void)
{
	sim_stdin("", 0);
}

/* Times of the old clock mean nothing. */
void
sim_stdin_power_cut(void)
{
	sim.in->ready = 0;
}

struct node *
sim_stdin_node(void)
{
	const struct sim_stdin *in = sim.me->in;

	if (in->kind == STDIN_FILE)
		return in->file;
	sim.error = in->kind == STDIN_PIPE ? ESPIPE : EBADF;
	return NULL;
}

int64_t
sim_stdin_tell(void)
{
	const struct sim_stdin *in = sim.me->in;

	return in->kind == STDIN_FILE ? (int64_t)in->at : 0;
}

ms_t
sim_stdin_next(void *arg)
{
	const struct sim_stdin *in = arg;

	return in->ready;
}

bool
sim_stdin_is_ready(void *arg)
{
	return sim.now >= sim_stdin_next(arg);
}

/* port_read() of standard input: from its own place, as read(2) does. */
enum rc
sim_stdin_get_some(void *out, size_t n, ms_t until, size_t *got)
{
	struct sim_stdin *in = sim.me->in;

	if (in->kind == STDIN_CLOSED)
		return sim_os(EBADF);
	if (!sim_wait_for(sim_stdin_is_ready, sim_stdin_next, in, until))
		return RC_TIME;
	if (n > in->chunk)
		n = in->chunk;
	TRY(node_read(in->file, out, n, (int64_t)in->at, got));
	in->at += *got;
	in->ready = sim.now + in->pace;
	if (*got > 0)
		return RC_OK;
	sim.error = 0;
	return RC_GONE;
}
