/*
 * smtp_ehlo_fuzz.c - any octets as all that a server says from its greeting to
 * the end of EHLO, LHLO or HELO.
 *
 * The first octet says how: FUZZ_LMTP, FUZZ_SETTINGS and what is below.  What
 * the session took to be offered is compared with a second reading.
 *
 * covers: src/smtp_hello.c
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz_smtp.h"

enum { OTHER_PORT = 8, NOT_BEST = 16, CHOPPED = 32, RESET = 64, HOLE = 128 };

static struct {
	struct span all;	/* that it says, at once */
	unsigned how;
	unsigned replies;	/* in it, and not asked for yet */
} server;

/* ---- the server --------------------------------------------------------- */

/* It goes when there is no reply left for what the client said last. */
static void
take_reply(struct sim_conn *c)
{
	if (server.replies > 0)
		server.replies--;
	else if (server.how & RESET)
		sim_reset(c);
	else if (server.how & HOLE)
		sim_hole(c);
	else
		sim_close(c);
}

static void
on_open(struct sim_conn *c, void *arg)
{
	(void)arg;
	if (server.all.n > 0)
		sim_put(c, server.all.p, server.all.n);
	take_reply(c);
}

static void
on_line(struct sim_conn *c, struct span line, void *arg)
{
	(void)line;
	(void)arg;
	take_reply(c);
}

static void
start_server(const uint8_t *data, size_t n)
{
	static const struct sim_service svc = {
		.open = on_open, .line = on_line
	};
	struct fuzz_reply r;
	struct span rest;

	server.how = data[0];
	server.all = rest = (struct span){ (const char *)data + 1, n - 1 };
	server.replies = 0;
	while (fuzz_reply(&rest, &r))
		server.replies++;
	sim_serve("192.0.2.1:25", &svc, NULL);
	if (server.how & CHOPPED)
		sim_chop(1);
}

/* ---- the other reading -------------------------------------------------- */

struct wanted {
	unsigned has;
	int64_t size_limit;
	bool own;		/* our own name is in its first line */
};

static const struct {
	const char *name;
	unsigned bit;
} offers[] = {
	{ "pipelining", HAS_PIPELINING }, { "size", HAS_SIZE },
	{ "8bitmime", HAS_8BITMIME }, { "dsn", HAS_DSN },
	{ "smtputf8", HAS_SMTPUTF8 }, { "xforward", HAS_XFORWARD },
	{ "starttls", HAS_STARTTLS }, { "auth", HAS_AUTH },
	{ "enhancedstatuscodes", HAS_ENHANCED },
};

/* Behind the keyword and one octet; what is no number leaves it alone. */
static void
wanted_size(struct wanted *w, const char *text)
{
	const char *p = text + strspn(text, " ");
	size_t n = strcspn(p, " ");
	unsigned long long v;

	errno = 0;
	v = strtoull(p, NULL, 10);
	if (n > 0 && strspn(p, DIGITS) == n && errno == 0 && v <= INT64_MAX)
		w->size_limit = (int64_t)v;
}

static void
wanted_line(struct wanted *w, const char *text)
{
	const char *p = text + strspn(text, " =");
	size_t n = strcspn(p, " =");

	for (size_t i = 0; i < COUNT(offers); i++) {
		if (strlen(offers[i].name) != n ||
		    strncasecmp(p, offers[i].name, n) != 0 ||
		    (offers[i].bit == HAS_DSN &&
		    (server.how & FUZZ_SETTINGS) == FUZZ_DISCARDS))
			continue;
		w->has |= offers[i].bit;
		if (offers[i].bit == HAS_SIZE)
			wanted_size(w, p + n + (p[n] != '\0'));
	}
}

static bool
is_own(const char *text)
{
	const char *p = text + strspn(text, " ");
	size_t n = strcspn(p, " ");

	return n == strlen("here.example") &&
	    strncasecmp(p, "here.example", n) == 0;
}

/* What a reply offers; lines behind so many octets do not count. */
static void
wanted_of(struct wanted *w, struct span reply)
{
	char line[CHAT_LINE_MAX + 1], room[REPLY_TEXT_MAX];
	struct buf text = BUF(room);
	bool named = false;	/* the line with the server's name was there */

	*w = (struct wanted){ 0 };
	while (fuzz_line(&reply, line)) {
		const char *behind = strlen(line) > 3 ? line + 4 : "";

		if (!fuzz_is_reply(line))
			continue;
		if (!named)
			w->own = is_own(behind);
		else if (text.n + 1 < REPLY_TEXT_MAX)
			wanted_line(w, behind);
		named |= behind[strspn(behind, " \t\r\n")] != '\0';
		if (text.n > 0)
			buf_put_cut(&text, SPAN(" "));
		text_printable(&text, span_of(line));
	}
}

/* ---- the test ----------------------------------------------------------- */

static void
start(struct session *s, struct worker *w, struct job *job)
{
	static struct host host = {
		.name = { "mx.dest.example", 15 }, .preference = 10,
	};
	struct port_addr to = { .port = 25 };
	int fd = -1;

	HOLDS(ip_parse(SPAN("192.0.2.1"), &host.ip));
	host.port = server.how & OTHER_PORT ? 26 : 25;
	w->job = job;
	w->route.dest.host = SPAN("dest.example");
	w->route.best = server.how & NOT_BEST ? 5 : 10;
	session_start(s, w, &host);
	s->stage = "";
	to.ip = host.ip;
	HOLDS(port_dial(&to, NULL, 0, MS_NEVER, &fd) == RC_OK);
	s->chat.log = w->log;
	chat_open(&s->chat, fd, w->set->per_request_deadline,
	    port_now() + DAY);
}

/* What the client said; returns whether HELO was the last it tried. */
static bool
check_said(bool lmtp, unsigned *tries)
{
	char line[CHAT_LINE_MAX + 1];
	struct span rest = { sim_sent(0), sim_sent_bytes(0) };
	bool quit = false, helo = false;

	*tries = 0;
	while (fuzz_line(&rest, line)) {
		HOLDS(!quit);
		quit = strcmp(line, "QUIT") == 0;
		helo |= strcmp(line, "HELO here.example") == 0;
		HOLDS(quit || strcmp(line + 1, "HLO here.example") == 0 ||
		    (!lmtp && helo));
		HOLDS(quit || helo || line[0] == (lmtp ? 'L' : 'E'));
		*tries += !quit;
	}
	HOLDS(rest.n == 0 && *tries <= 2);
	return helo;
}

/* The session stands: this is what it must have found. */
static void
check_open(const struct session *s, bool helo, const struct wanted *greeting,
	const struct wanted *hello, int code)
{
	bool own = !s->w->lmtp &&
	    (greeting->own || (!helo && hello->own));

	HOLDS(code / 100 == 2 && s->reply.code == code);
	HOLDS(!own || s->host->port != 25);
	HOLDS(s->has == (helo ? 0 : hello->has));
	HOLDS(s->size_limit == (helo ? 0 : hello->size_limit));
	HOLDS(s->xforward >> (JOB_ATTRS + 1) == 0);
}

static void
check(const struct fuzz_job *f, const struct session *s, enum rc rc)
{
	struct span rest = server.all;
	struct fuzz_reply r = { 0 };
	struct wanted greeting = { 0 }, hello = { 0 };
	unsigned tries, i;
	bool helo = check_said(f->w->lmtp, &tries);
	int codes[3] = { -1, -1, -1 };

	for (i = 0; i <= tries && fuzz_reply(&rest, &r); i++) {
		wanted_of(i == 0 ? &greeting : &hello, r.all);
		codes[i] = r.code;
	}
	HOLDS(tries == 0 || codes[0] / 100 == 2);
	HOLDS(tries < 2 || (codes[1] >= 0 && codes[1] / 100 != 2));
	if (rc == RC_OK)
		check_open(s, helo, &greeting, &hello, codes[tries]);
	else
		HOLDS(rc == RC_DENY && f->w->why.text.n > 0);
	/* Every one of these has its reason to be refused. */
	if (rc != RC_OK && tries > 0 && codes[tries] / 100 == 2)
		HOLDS(greeting.own || (!helo && hello.own));
	for (i = 0; i < FUZZ_RCPTS; i++) {
		HOLDS(f->times[i] == (rc != RC_OK &&
		    f->w->why.fate == FATE_NEVER));
		HOLDS(f->times[i] == 0 || f->fate[i] == FATE_NEVER);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct fuzz_job f;
	struct session *s;
	enum rc rc;

	if (n == 0)
		return 0;
	fuzz_job(&f, data[0] & (FUZZ_LMTP | FUZZ_SETTINGS), 0);
	start_server(data, n);
	s = &f.w->session;
	start(s, f.w, &f.job);
	rc = hello_session(s);
	check(&f, s, rc);
	chat_close(&s->chat, false);
	fuzz_check_wire();
	return 0;
}
