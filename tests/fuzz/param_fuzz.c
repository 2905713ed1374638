/*
 * param_fuzz.c - any octets as main.cf, as an option, and as text with $.
 *
 * The first octet says how the load goes, the second how much of the file each
 * read gives.  The rest is divided by NUL: main.cf, an -o, a text to expand,
 * the file that myorigin names.  What it must hold to: a refusal has a reason,
 * a lenient load is never refused, and reads of any length say the same.
 *
 * The few calls of the port that are needed are here, as the simulator's
 * worlds would take longer to make than the settings to load.
 *
 * covers: src/param_line.c
 * covers: src/param_expand.c
 * covers: src/param_value.c
 * covers: src/param.c
 */
#include <stdlib.h>
#include <string.h>

#include "param.h"
#include "port.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define OPTION_MAX	4096
#define ARENA_MAX	(64 << 10)

enum { LMTP = 1, LENIENT = 2, TIGHT = 4, BARE = 8, NO_DOT = 16, NO_FILE = 32,
	BROKEN = 64, OPTION = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* ---- the world ---------------------------------------------------------- */

static struct {
	struct span main_cf, mailname;
	size_t piece;		/* octets of one read */
	unsigned how;
} world;

enum rc
port_open(const char *path, int *out)
{
	(void)path;
	*out = 3;
	return world.how & NO_FILE ? world.how & BROKEN ? RC_OS : RC_NONE
	    : RC_OK;
}

enum rc
port_pread(int fd, void *out, size_t n, int64_t at, size_t *got)
{
	struct span s = span_part(world.main_cf, (size_t)at, world.piece);

	HOLDS(fd == 3);
	if (world.how & BROKEN && at > 100)
		return RC_OS;
	*got = s.n < n ? s.n : n;
	if (*got > 0)
		memcpy(out, s.p, *got);
	return RC_OK;
}

void
port_close(int fd)
{
	HOLDS(fd == 3);
}

enum rc
port_slurp(const char *path, struct buf *b)
{
	if (strcmp(path, "/none") == 0)
		return RC_NONE;
	if (strcmp(path, "/broken") == 0)
		return RC_OS;
	buf_put(b, world.mailname);
	return b->full ? RC_FULL : RC_OK;
}

const char *
port_error(void)
{
	return "Input/output error";
}

void
port_hostname(struct buf *out)
{
	if (world.how & NO_DOT)
		buf_puts(out, world.how & LMTP ? "router" : "");
	else
		buf_puts(out, "host.example");
}

const char *
port_getenv(const char *name)
{
	(void)name;
	return NULL;
}

unsigned
port_pid(void)
{
	return 4711;
}

void
port_err(struct span text)
{
	HOLDS(text.n > 0);
}

void
port_syslog(int facility, enum port_level level, struct span tag,
	struct span text)
{
	(void)facility;
	(void)level;
	(void)tag;
	(void)text;
}

/* No log file is named here. */
bool
port_log_append(const char *path, struct span head, struct span text)
{
	(void)path;
	(void)head;
	(void)text;
	abort();
}

int64_t
port_wall(void)
{
	return 0;
}

int
port_zone(int64_t unix_s)
{
	(void)unix_s;
	return 0;
}

_Noreturn void
assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	abort();
}

/* ---- the test ----------------------------------------------------------- */

struct load {
	struct param p;
	struct arena a;
	enum rc rc;
	_Alignas(16) char memory[ARENA_MAX];
};

static void
load(struct load *l, const char *option)
{
	static const struct log log = { .to_stderr = true,
	    .err_level = LOG_INFO };
	const struct param_from from = {
		.program = "smtp", .log = &log,
		.options = &option, .options_n = world.how & OPTION ? 1 : 0,
		.is_lmtp = world.how & LMTP, .is_bare = world.how & BARE,
		.is_lenient = world.how & LENIENT,
	};
	char text[1024];
	struct buf why = BUF(text);

	/* tight: room for some octets more than the shortest main.cf needs */
	arena_init(&l->a, l->memory, world.how & TIGHT
	    ? 500 + 2 * world.piece : sizeof(l->memory));
	l->rc = param_load(&l->p, &from, &l->a, &why);
	if (l->rc == RC_OK)
		return;
	HOLDS(l->rc == RC_DENY || l->rc == RC_FULL || l->rc == RC_OS);
	HOLDS(why.n > 0 || why.full);
	HOLDS(l->rc == RC_FULL || !(world.how & LENIENT));
}

/* Both loads found the same. */
static void
compare(const struct load *a, const struct load *b)
{
	const struct param_line *x = NULL, *y = NULL;
	struct span name_x, name_y, x_text, y_text;

	HOLDS(a->rc == b->rc);
	if (a->rc != RC_OK)
		return;
	do {
		x = param_line_next(&a->p, x, &name_x);
		y = param_line_next(&b->p, y, &name_y);
		HOLDS((x == NULL) == (y == NULL));
		if (x == NULL)
			break;
		HOLDS(span_eq(name_x, name_y));
		if (param_find(&a->p, name_x, &x_text) != RC_DENY &&
		    param_find(&b->p, name_y, &y_text) != RC_DENY)
			HOLDS(span_eq(x_text, y_text));
	} while (true);
}

static void
use(const struct param *p, struct span text)
{
	static char out_text[16384];
	struct buf out = BUF(out_text);
	char why_text[512];
	struct buf why = BUF(why_text);
	int64_t v;
	int i;
	enum rc rc;

	rc = param_expand(p, text, &out, &why);
	HOLDS(rc == RC_OK || rc == RC_FULL || (rc == RC_DENY &&
	    (why.n > 0 || why.full)));
	for (i = 0; i < EACH_COUNT; i++) {
		rc = param_each_number(p, span_head(text, 70),
		    (enum param_each)i, &v);
		HOLDS(rc == RC_OK ? v >= 0 : v == v);
	}
	buf_clear(&out);
	param_put_place(p, text, &out);
}

/* Takes what is ahead of the next NUL off. */
static struct span
part(struct span *rest)
{
	size_t n = span_find(*rest, '\0');
	struct span s = span_head(*rest, n);

	*rest = span_tail(*rest, n + 1);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct load whole, pieces;
	struct span rest = { (const char *)data, n }, text;
	char option[OPTION_MAX];
	struct buf b = BUF(option);

	if (n < 2)
		return 0;
	world.how = data[0];
	rest = span_part(rest, 2, n);
	world.main_cf = part(&rest);
	buf_put_cut(&b, part(&rest));
	text = part(&rest);
	world.mailname = rest;
	world.piece = n;
	if (world.how & (TIGHT | BROKEN))
		world.piece = data[1] + 1u;
	load(&whole, buf_text(&b));
	if (!(world.how & (TIGHT | BROKEN))) {
		world.piece = data[1] + 1u;
		load(&pieces, buf_text(&b));
		compare(&whole, &pieces);
	}
	if (whole.rc == RC_OK)
		use(&whole.p, text);
	return 0;
}
