/*
 * mail_world.h - a message that is changed on its way out, in one line.
 */
#ifndef MAIL_WORLD_H
#define MAIL_WORLD_H

#include <stdio.h>
#include <string.h>

#include "../../src/mail_int.h"
#include "../sim/sim.h"

#define MAIL_OUT_MAX	(4 * 1024 * 1024)

struct mail_world {
	struct log log;
	struct arena arena;
	struct table_env env;
	struct table_list header, mime, nested, body, generic;
	struct mail_map map;
	struct mail_change change;
	struct mail_source src;
	struct mail_reader reader;
	struct mail_content *content;	/* NULL: anew for each message */
	struct span lead;
	int64_t broken_at;		/* it can't be read there; 0: it can */
	enum rc rc;			/* what ended the last message */
	size_t n;			/* octets of out */
	char out[MAIL_OUT_MAX];
	char room[64 * 1024];
};

/* A static of the test: the tests of a file run one after the other. */
static struct mail_world mw;

/* SIM_TEST with nothing to be changed, that closes its tables. */
#define MAIL_TEST(name) \
	static void name##_looks(void); \
	SIM_TEST(name) \
	{ \
		mail_world(); \
		name##_looks(); \
		mail_world_end(); \
	} \
	static void name##_looks(void)

static inline void
mail_world(void)
{
	struct mail_world *w = &mw;

	memset(w, 0, offsetof(struct mail_world, out));
	log_init(&w->log, SPAN("postern/test"));
	w->log.err_level = LOG_INFO;
	arena_init(&w->arena, w->room, sizeof(w->room));
	w->env = (struct table_env){ .arena = &w->arena, .log = &w->log };
	w->map = (struct mail_map){ .tables = &w->generic,
		.origin = SPAN("here.example") };
	w->change = (struct mail_change){ .header = &w->header,
		.mime = &w->mime, .nested = &w->nested, .body = &w->body,
		.generic = &w->map, .header_max = 102400,
		.boundary_max = 2048, .domain = SPAN("here.example"),
		.log = &w->log };
	w->src = (struct mail_source){ .replace_stray = true };
}

static inline void
mail_world_end(void)
{
	table_close(&mw.header);
	table_close(&mw.mime);
	table_close(&mw.nested);
	table_close(&mw.body);
	table_close(&mw.generic);
}

/* The file that a regexp table is of. */
static inline void
patterns(struct table_list *l, const char *path, const char *text)
{
	char room[100];
	struct buf b = BUF(room);

	sim_file(path, text);
	buf_fmt(&b, "regexp:%s", path);
	table_close(l);
	assert_int_equal(table_open(l, &mw.env, "x_checks", buf_span(&b), 0),
	    RC_OK);
}

/* `inline:{...}` and the like. */
static inline void
generic(const char *text)
{
	table_close(&mw.generic);
	assert_int_equal(table_open(&mw.generic, &mw.env, "x_maps",
	    span_of(text), 0), RC_OK);
}

static inline void
take_out(struct span piece, bool last)
{
	ASSERT(mw.n + piece.n + 2 < sizeof(mw.out));
	if (piece.n > 0)
		memcpy(mw.out + mw.n, piece.p, piece.n);
	mw.n += piece.n;
	if (last)
		mw.out[mw.n++] = '\n';
}

/* What comes out, each line with LF behind it. */
static inline const char *
pass_bytes(const char *text, size_t n)
{
	struct mail_content *c = mw.content;
	struct span piece;
	bool last = true;
	int fd;

	sim_file_bytes("/message", text, n);
	if (mw.broken_at > 0)
		sim_file_broken("/message", mw.broken_at);
	assert_int_equal(port_open("/message", &fd), RC_OK);
	mw.src.fd = fd;
	mw.src.size = (int64_t)n;
	if (c == NULL)
		c = port_memory(mail_content_bytes());
	mw.n = 0;
	mw.rc = mail_content_start(c, &mw.reader, &mw.src, &mw.change,
	    mw.lead);
	while (mw.rc == RC_OK) {
		mw.rc = mail_content_read(c, &piece, &last);
		if (mw.rc == RC_OK)
			take_out(piece, last);
	}
	assert_true(last || mw.rc != RC_NONE);
	port_close(fd);
	mw.out[mw.n] = '\0';
	return mw.out;
}

static inline const char *
pass(const char *text)
{
	const char *out = pass_bytes(text, strlen(text));

	assert_int_equal(mw.rc, RC_NONE);
	return out;
}

#define BECOMES(in, want)	assert_string_equal(pass(in), (want))
#define STAYS(in)		BECOMES(in, in)

static inline void
says(const char *text)
{
	if (strstr(sim_err(), text) == NULL)
		sim_fail("the log lacks: %s", text);
}

static inline unsigned
times_said(const char *text)
{
	const char *p = sim_err();
	unsigned n = 0;

	while ((p = strstr(p, text)) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
}

#endif
