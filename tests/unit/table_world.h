/*
 * table_world.h - tables of a setting, asked in one line.
 */
#ifndef TABLE_WORLD_H
#define TABLE_WORLD_H

#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "table.h"

struct table_world {
	struct log log;
	struct arena arena;
	struct table_env env;
	struct table_list list;
	char answer[TABLE_VALUE_MAX];
	char room[64 * 1024];
};

/* A static of the test: the tests of a file run one after the other. */
static struct table_world tw;

/* SIM_TEST that closes its tables. */
#define TABLE_TEST(name) \
	static void name##_asks(void); \
	SIM_TEST(name) \
	{ \
		tw.list.first = NULL; \
		name##_asks(); \
		table_close(&tw.list); \
	} \
	static void name##_asks(void)

static inline enum rc
tables_flags(const char *text, unsigned flags)
{
	table_close(&tw.list);
	log_init(&tw.log, SPAN("postern/test"));
	arena_init(&tw.arena, tw.room, sizeof(tw.room));
	tw.env = (struct table_env){ .arena = &tw.arena, .log = &tw.log };
	return table_open(&tw.list, &tw.env, "x_maps", span_of(text), flags);
}

static inline void
tables(const char *text)
{
	assert_int_equal(tables_flags(text, 0), RC_OK);
}

/* The value, or `-` if it is not there, `?` if nobody can tell. */
static inline const char *
look_up_kinds(struct span key, unsigned kinds)
{
	struct buf b = BUF(tw.answer);
	enum rc rc;

	buf_puts(&b, "=");
	rc = table_find(&tw.list, key, kinds, &b);
	if (rc == RC_OK)
		return buf_text(&b) + 1;
	assert_int_equal(b.n, 1);
	return rc == RC_NONE ? "-" : rc == RC_FULL ? "full" : "?";
}

static inline const char *
look_up(const char *key)
{
	return look_up_kinds(span_of(key), TABLE_ANY);
}

#define FINDS(key, value)	assert_string_equal(look_up(key), (value))

static inline void
says(const char *text)
{
	if (strstr(sim_err(), text) == NULL)
		sim_fail("the log lacks: %s", text);
}

static inline void
says_nothing(void)
{
	assert_string_equal(sim_err(), "");
}

#endif
