/*
 * smtp_reply_fuzz.c - any octets as the replies of a server.
 *
 * The first octet says in which pieces they arrive and how they end.  Each
 * reply is compared with what a second reading of the same octets, by means of
 * C strings, makes of them.  The few calls of the port are here, as a world of
 * the simulator would take longer to make than a reply to read.
 *
 * covers: src/smtp_chat.c next_octet read_line is_reply reply_dsn add_text
 * covers: src/smtp_chat.c find_dsn reply_clear chat_reply_line chat_reply
 * covers: src/smtp_chat.c chat_has_input chat_limit deadline
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_reply.h"

#define NOW		((ms_t)5000)
#define END		(NOW + HOUR)

enum { TIME_OUT = 8, WHOLE = 16, DEBUG = 32, LATE = 64 };

/* ---- the world ---------------------------------------------------------- */

static struct {
	struct span rest;	/* not read yet */
	size_t piece;
	unsigned how;
} world;

ms_t
port_now(void)
{
	return NOW;
}

enum rc
port_read(int fd, void *out, size_t n, ms_t until, size_t *got)
{
	struct span s = span_head(world.rest, world.piece);

	HOLDS(fd == 3 && n > 0);
	HOLDS(until == (world.how & LATE ? END : NOW + MINUTE));
	if (s.n > n)
		s.n = n;
	if (s.n == 0)
		return world.how & TIME_OUT ? RC_TIME : RC_GONE;
	memcpy(out, s.p, s.n);
	world.rest = span_tail(world.rest, s.n);
	*got = s.n;
	return RC_OK;
}

enum rc
port_write(int fd, const void *data, size_t n, ms_t until, size_t *put)
{
	(void)fd;
	(void)data;
	(void)n;
	(void)until;
	(void)put;
	abort();		/* replies are only read here */
}

bool
port_readable(int fd)
{
	HOLDS(fd == 3);
	return world.rest.n > 0;
}

void
port_close(int fd)
{
	HOLDS(fd == 3);
}

unsigned
port_pid(void)
{
	return 4711;
}

/* Nothing that a server says may steer a terminal or start a new line. */
void
port_err(struct span text)
{
	HOLDS(text.n > 0 && text.n <= LOG_LINE_MAX);
	for (size_t i = 0; i + 1 < text.n; i++)
		HOLDS((unsigned char)text.p[i] >= ' ' && text.p[i] != 127);
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

/* Nor is there TLS, nor a table. */
enum rc
tls_wire_read(struct tls_wire *w, void *out, size_t n, ms_t until, size_t *got)
{
	(void)w;
	(void)out;
	(void)n;
	(void)until;
	(void)got;
	abort();
}

enum rc
tls_wire_write(struct tls_wire *w, const void *data, size_t n, ms_t until,
	size_t *put)
{
	(void)w;
	(void)data;
	(void)n;
	(void)until;
	(void)put;
	abort();
}

bool
tls_wire_readable(struct tls_wire *w)
{
	(void)w;
	abort();
}

void
tls_wire_close(struct tls_wire *w, ms_t until)
{
	(void)w;
	(void)until;
	abort();
}

void
tls_wire_drop(struct tls_wire *w)
{
	(void)w;
	abort();
}

enum rc
table_find(const struct table_list *l, struct span key, unsigned kinds,
	struct buf *value)
{
	(void)l;
	(void)key;
	(void)kinds;
	(void)value;
	abort();
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
	fprintf(stderr, "ASSERT does not hold: %s:%d\n", file, line);
	abort();
}

/* ---- the other reading -------------------------------------------------- */

struct wanted {
	int code;
	bool odd;
	char dsn[DSN_MAX];
	char room[REPLY_TEXT_MAX];
	struct buf text;
};

static void
wanted_dsn(struct wanted *w, const char *text)
{
	const char *p = text + strspn(text, " ");
	size_t a, b;

	snprintf(w->dsn, sizeof(w->dsn), "%c.0.0", '0' + w->code / 100);
	if (p[0] != w->dsn[0] || p[1] != '.')
		return;
	a = strspn(p + 2, DIGITS);
	if (a < 1 || a > 3 || p[2 + a] != '.')
		return;
	b = strspn(p + 3 + a, DIGITS);
	if (b >= 1 && b <= 3 && strchr(" ", p[3 + a + b]))
		snprintf(w->dsn, sizeof(w->dsn), "%.*s", (int)(3 + a + b), p);
}

static bool
next_wanted(struct span *rest, struct wanted *w)
{
	char line[CHAT_LINE_MAX + 1];

	w->odd = false;
	w->text = BUF(w->room);
	while (fuzz_line(rest, line)) {
		if (w->text.n > 0)
			buf_put_cut(&w->text, SPAN(" "));
		text_printable(&w->text, span_of(line));
		if (!fuzz_is_reply(line)) {
			w->odd = true;
			continue;
		}
		w->code = atoi((char [4]){ line[0], line[1], line[2], 0 });
		if (line[3] == '-')
			continue;
		wanted_dsn(w, line[3] != '\0' ? line + 4 : "");
		return true;
	}
	return false;
}

/* ---- the test ----------------------------------------------------------- */

static void
compare(const struct reply *r, const struct wanted *w)
{
	HOLDS(r->code == w->code);
	HOLDS(r->odd == w->odd);
	HOLDS(strcmp(r->dsn, w->dsn) == 0);
	HOLDS(span_eq(buf_span(&r->text), buf_span(&w->text)));
	HOLDS(r->text.n >= 3 && !r->text.full);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100, 4095, 4096, 65536 };
	static struct chat chat;
	static struct reply reply;
	struct log log = { .to_stderr = true, .err_level = LOG_INFO };
	struct span all;
	struct wanted w;
	enum rc rc;

	if (n == 0)
		return 0;
	world.how = data[0];
	world.piece = pieces[data[0] & 7];
	all = world.rest = (struct span){ (const char *)data + 1, n - 1 };
	if (world.how & DEBUG)
		log.err_level = LOG_DEBUG;
	chat.log = &log;
	chat_open(&chat, 3, world.how & WHOLE, END);
	chat_limit(&chat, world.how & LATE ? 2 * HOUR : MINUTE);
	while ((rc = chat_reply(&chat, &reply)) == RC_OK) {
		HOLDS(next_wanted(&all, &w));
		compare(&reply, &w);
		HOLDS(chat_has_input(&chat) == (all.n > 0));
	}
	HOLDS(rc == (world.how & TIME_OUT ? RC_TIME : RC_GONE));
	HOLDS(!next_wanted(&all, &w));
	chat_close(&chat, false);
	return 0;
}
