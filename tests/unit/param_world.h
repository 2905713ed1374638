/*
 * param_world.h - load a main.cf in the simulator, for the tests of param.
 */
#ifndef PARAM_WORLD_H
#define PARAM_WORLD_H

#include "../sim/sim.h"
#include "param.h"

struct world {
	struct param p;
	struct param_from from;		/* for changes ahead of load() */
	struct log log;
	struct arena a;
	struct buf why;			/* what is wrong with it */
	char why_text[1024];
	_Alignas(16) char memory[65536];
};

static struct world w;

/* For changes of w.from; load() of a text does this by itself. */
static void
set_up(void)
{
	w.log = (struct log){ .to_stderr = true, .err_level = LOG_INFO };
	w.from = (struct param_from){ .folder = "/cf", .program = "smtp",
	    .log = &w.log };
}

static enum rc
load_again(void)
{
	arena_init(&w.a, w.memory, sizeof(w.memory));
	w.why = BUF(w.why_text);
	return param_load(&w.p, &w.from, &w.a, &w.why);
}

static enum rc
load(const char *main_cf)
{
	set_up();
	sim_file("/cf/main.cf", main_cf);
	return load_again();
}

#endif
