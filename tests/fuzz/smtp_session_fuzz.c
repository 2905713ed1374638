/*
 * smtp_session_fuzz.c - any octets as all that a server says in deliveries.
 *
 * The first octet says how to deliver (FUZZ_LMTP, FUZZ_SETTINGS, FUZZ_TWO_HOPS)
 * and how the server goes about it, the second what there is to deliver.  The
 * server takes its replies off the input:
 *
 *	BY_REPLY	one complete reply for each command, as servers do
 *	BY_STOP		all up to the next octet 1 for each command: what comes
 *			may be no reply, or several, ahead of their time
 *	AT_ONCE		everything, to each connection
 *	IN_DRIPS	as BY_REPLY, but octet by octet, a second apart
 *
 * and ends the connection where they end.  However it goes: everyone has one
 * verdict; no message is ended by a dot before its last line; who is called
 * sent was in a transaction that went 2xx to its end; and where client and
 * server are in step (BY_REPLY, IN_DRIPS), those are exactly the recipients
 * that the server took the mail for, if the client has read that it did.
 *
 * covers: src/smtp_mail.c
 * covers: src/smtp_command.c
 * covers: src/smtp_dot.c
 * covers: src/smtp_chat.c
 * covers: src/smtp_body.c
 * covers: src/smtp_xforward.c
 * covers: src/smtp_hello.c
 * covers: src/smtp_trouble.c
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_smtp.h"

#define HOPS_MAX	2

enum { MODES = 0x30, BY_REPLY = 0, BY_STOP = 0x10, AT_ONCE = 0x20,
	IN_DRIPS = 0x30 };
enum { ENDS = 0xc0, END_CLOSE = 0, END_RESET = 0x40, END_HOLE = 0x80,
	END_QUIET = 0xc0 };

/* What the server knows; the second part is about one connection. */
static struct {
	struct span all, rest;
	unsigned how;
	bool probe;
	struct {
		unsigned conn;
		size_t end;		/* of the reply that says so; 0: none */
	} took[FUZZ_RCPTS];

	/*
	 * Octets said on each connection when the write began that had the
	 * dot behind the last line; SIZE_MAX: none came.
	 */
	size_t ahead_of_dot[HOPS_MAX];

	unsigned write;			/* the latest, as sim_sent_write() */
	size_t ahead_of_write;
	bool in_data;
	bool open;			/* MAIL was accepted */
	unsigned order[FUZZ_RCPTS];	/* that RCPT was accepted for */
	unsigned accepted;
	bool whole;			/* the line was a message's last */
} server;

/* Do client and server mean the same reply by the same words? */
static bool
is_in_step(void)
{
	return (server.how & MODES) == BY_REPLY ||
	    (server.how & MODES) == IN_DRIPS;
}

/* ---- saying ------------------------------------------------------------- */

static void
end(struct sim_conn *c)
{
	switch (server.how & ENDS) {
	case END_CLOSE:
		sim_close(c);
		break;
	case END_RESET:
		sim_reset(c);
		break;
	case END_HOLE:
		sim_hole(c);
		break;
	default:		/* it listens, and says nothing more */
		break;
	}
}

static void
put(struct sim_conn *c, struct span text)
{
	if (text.n > 0)
		sim_put(c, text.p, text.n);
}

/* All up to the next stop; what its first reply is counts for the server. */
static bool
say_to_stop(struct sim_conn *c, struct fuzz_reply *r)
{
	size_t n = span_find(server.rest, 1);
	struct span text = span_head(server.rest, n);
	bool was_last = n == server.rest.n;

	put(c, text);
	server.rest = span_tail(server.rest, n + 1);
	if (was_last)
		end(c);
	return fuzz_reply(&text, r);
}

/* false: what was said is no reply. */
static bool
say(struct sim_conn *c, struct fuzz_reply *r)
{
	unsigned mode = server.how & MODES;

	r->code = 0;
	if (mode == AT_ONCE)
		return false;
	if (mode == BY_STOP)
		return say_to_stop(c, r);
	if (fuzz_reply(&server.rest, r)) {
		put(c, r->all);
		return true;
	}
	put(c, server.rest);
	server.rest.n = 0;
	end(c);
	return false;
}

/* ---- hearing ------------------------------------------------------------ */

static void
on_open(struct sim_conn *c, void *arg)
{
	struct fuzz_reply r;

	(void)arg;
	HOLDS(sim_conn_number(c) < HOPS_MAX);
	server.in_data = server.open = server.whole = false;
	server.accepted = 0;
	server.write = UINT32_MAX;
	if ((server.how & MODES) == IN_DRIPS)
		sim_drip(c, SECOND);
	if ((server.how & MODES) == AT_ONCE) {
		put(c, server.all);
		end(c);
	}
	(void)say(c, &r);
}

/* Has it taken the mail for this one, and does the client know? */
static bool
is_taken(unsigned rcpt)
{
	size_t end = server.took[rcpt].end;

	return end > 0 && sim_heard_read(server.took[rcpt].conn) >= end;
}

/* It takes the mail for this one, if it says so in a way to be believed. */
static void
take(struct sim_conn *c, unsigned rcpt, const struct fuzz_reply *r)
{
	unsigned conn = sim_conn_number(c);

	if (!server.open || !server.whole || r->code / 100 != 2 ||
	    r->code == 221)
		return;
	HOLDS(!is_in_step() || !is_taken(rcpt));
	server.took[rcpt].conn = conn;
	server.took[rcpt].end = sim_heard_bytes(conn);
}

/* After a line that is no reply, LMTP's replies are not to be believed. */
static void
dot(struct sim_conn *c)
{
	struct fuzz_reply r;
	bool sound = true;
	unsigned i;

	server.in_data = false;
	HOLDS(!is_in_step() || server.whole || !server.open ||
	    server.accepted == 0);
	if (!(server.how & FUZZ_LMTP) || !server.open || server.accepted == 0)
		sound = say(c, &r);
	for (i = 0; i < server.accepted; i++) {
		if (server.how & FUZZ_LMTP)
			sound = sound && say(c, &r) && !r.odd && r.code != 221;
		if (sound)
			take(c, server.order[i], &r);
	}
	server.open = false;
	server.accepted = 0;
}

static void
command(struct sim_conn *c, struct span line)
{
	struct fuzz_reply r;
	bool good = say(c, &r) && r.code / 100 == 2;

	if (span_starts_case(line, "MAIL FROM:<")) {
		server.open = good;
		server.accepted = 0;
	} else if (span_starts_case(line, "RCPT TO:<")) {
		HOLDS(!is_in_step() || server.accepted < FUZZ_RCPTS);
		if (good && server.open && server.accepted < FUZZ_RCPTS)
			server.order[server.accepted++] =
			    fuzz_rcpt_index(span_tail(line, 9));
	} else if (span_is(line, "DATA")) {
		server.in_data = r.code / 100 == 3;
	} else if (span_is(line, "RSET")) {
		server.open = false;
	} else {
		HOLDS(!is_in_step() || span_is(line, "QUIT") ||
		    span_starts_case(line, "XFORWARD ") ||
		    span_is(span_tail(line, 2), "LO here.example"));
	}
}

/* What the server had said when the client wrote this line's end. */
static void
note_write(struct sim_conn *c)
{
	unsigned conn = sim_conn_number(c);
	unsigned write = sim_sent_write(conn, sim_taken_bytes(conn) - 1);

	if (write == server.write)
		return;
	server.write = write;
	server.ahead_of_write = sim_heard_bytes(conn);
}

static void
on_line(struct sim_conn *c, struct span line, void *arg)
{
	bool is_dot = span_is(line, ".");

	(void)arg;
	note_write(c);
	if (is_dot && server.whole)
		server.ahead_of_dot[sim_conn_number(c)] =
		    server.ahead_of_write;
	if ((server.how & MODES) != AT_ONCE) {
		if (!server.in_data)
			command(c, line);
		else if (is_dot)
			dot(c);
	}
	server.whole = span_is(line, FUZZ_LAST_LINE);
}

static void
start_server(const uint8_t *data, size_t n)
{
	static const struct sim_service svc = {
		.open = on_open, .line = on_line
	};
	bool lmtp = data[0] & FUZZ_LMTP;

	memset(&server, 0, sizeof(server));
	server.how = data[0];
	server.probe = data[1] & FUZZ_PROBE;
	server.all = (struct span){ (const char *)data + 2, n - 2 };
	server.rest = server.all;
	for (size_t i = 0; i < HOPS_MAX; i++)
		server.ahead_of_dot[i] = SIZE_MAX;
	sim_serve(lmtp ? "192.0.2.1:24" : "192.0.2.1:25", &svc, NULL);
	sim_serve(lmtp ? "192.0.2.2:24" : "192.0.2.2:25", &svc, NULL);
}

/* ---- the judge ---------------------------------------------------------- */

/*
 * Greeting, EHLO, MAIL and RCPT were accepted, DATA as well, and the dot at
 * last, by words that came after it; a probe ends earlier.
 */
static bool
has_heard(unsigned conn)
{
	const char *want = server.probe ? "2222" : "222232";
	struct span rest = { sim_heard(conn), sim_heard_read(conn) };
	size_t ahead = server.ahead_of_dot[conn];
	struct fuzz_reply r;

	/* It hung up without taking the dot that had been written: whether
	   its words were earlier, nobody can tell. */
	if (ahead == SIZE_MAX &&
	    strstr(sim_sent(conn), FUZZ_LAST_LINE "\r\n.\r\n") != NULL)
		ahead = 0;

	while (*want != '\0' && fuzz_reply(&rest, &r)) {
		size_t end = (size_t)(rest.p - sim_heard(conn));

		if (want[1] == '\0' && !server.probe &&
		    end <= ahead)
			continue;
		want += r.code / 100 == *want - '0';
	}
	return *want == '\0';
}

static bool
may_be_sent(void)
{
	for (unsigned i = 0; i < sim_conns(); i++)
		if (has_heard(i))
			return true;
	return false;
}

static void
judge(const struct fuzz_job *f)
{
	for (unsigned i = 0; i < FUZZ_RCPTS; i++) {
		bool sent = f->fate[i] == FATE_SENT;

		HOLDS(f->times[i] == 1);
		HOLDS(f->job.rcpts.state[i] == RCPT_DONE);
		HOLDS(!sent || may_be_sent());
		if (is_in_step() && !server.probe)
			HOLDS(sent == is_taken(i));
	}
	HOLDS(f->job.rcpts.pending == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct fuzz_job f;

	if (n < 2)
		return 0;
	fuzz_job(&f, data[0], data[1]);
	start_server(data, n);
	HOLDS(smtp_deliver(f.w, &f.job) == RC_OK);
	judge(&f);
	fuzz_check_wire();
	HOLDS(port_now() - SIM_START < DAY);
	return 0;
}
