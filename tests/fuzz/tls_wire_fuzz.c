/*
 * tls_wire_fuzz.c - any octets as what a TLS server sends.
 *
 * The first octet says which server it is, in what pieces octets come, how much
 * is logged, and what the rest of the input does:
 *
 *	AS_IT_IS	it is all that the server sends
 *	AS_EDITS	a server of BearSSL speaks, and each three octets are a
 *			place in its stream (two of them) and what to XOR there
 *
 * However it goes: it ends in time, what is read was said by the server, from
 * its first octet on, and a handshake with octets as they are never succeeds.
 *
 * covers: src/tls_wire.c put_some put_all get_some closed trace trace_step
 * covers: src/tls_wire.c deadline shake put_fault begin prepare judge offer
 * covers: src/tls_wire.c tls_wire_start is_settled move tls_wire_read
 * covers: src/tls_wire.c tls_wire_write tls_wire_readable skip say_goodbye
 * covers: src/tls_wire.c remember tls_wire_close forget forget_chain clear
 * covers: src/tls_engine.c
 * covers: src/tls_fault.c word_of put_alert fault_put
 */
#include <stdlib.h>

#include "../unit/tls_world.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define STEPS_MAX	40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { AS_EDITS = 1, RSA = 2, SLOW_GOODBYE = 4, PIECES = 8, CACHE = 16,
	LOGS = 0xe0 };

static const char said[] = "220 mx.example\r\n250-mx.example\r\n250 SIZE\r\n";

struct input {
	const uint8_t *data;
	size_t n;
};

/* ---- servers ------------------------------------------------------------ */

static void
on_open(struct sim_conn *c, void *arg)
{
	const struct input *in = arg;

	sim_put(c, in->data, in->n);
	sim_close(c);
}

static size_t
on_data(struct sim_conn *c, struct span bytes, void *arg)
{
	(void)c;
	(void)arg;
	return bytes.n;
}

static void
edit(unsigned char *p, size_t n, size_t at, void *arg)
{
	const struct input *in = arg;
	size_t i;

	for (i = 0; i + 3 <= in->n; i += 3) {
		size_t place = (size_t)in->data[i] << 8 | in->data[i + 1];

		if (place >= at && place - at < n)
			p[place - at] ^= in->data[i + 2];
	}
}

static void
place_server(struct input *in, unsigned how)
{
	static const struct sim_service raw = {
		.open = on_open, .data = on_data
	};

	if (!(how & AS_EDITS)) {
		sim_serve(WHERE, &raw, in);
		return;
	}
	sim_tls_edit(edit, in);
	sim_play(WHERE, how & RSA ? "loose  tls rsa fails keep  "
	    "S: 220 mx.example  S: 250-mx.example  tls-again  S: 250 SIZE" :
	    "loose  tls fails keep ask  S: 220 mx.example  "
	    "S: 250-mx.example  split  S: 250 SIZE  tls-end");
}

/* ---- the client --------------------------------------------------------- */

static void
talk(void)
{
	char room[sizeof(said) + 1];
	size_t have = 0, got, put;
	unsigned i;

	for (i = 0; i < STEPS_MAX; i++) {
		if (i % 3 == 0)
			(void)!tls_wire_write(w.wire, "EHLO x\r\n", 8,
			    port_now() + SECOND, &put);
		if (i % 2 == 0)
			(void)tls_wire_readable(w.wire);
		if (tls_wire_read(w.wire, room, 1 + i % sizeof(room),
		    port_now() + SECOND, &got) != RC_OK)
			break;
		HOLDS(got > 0 && have + got < sizeof(said));
		HOLDS(memcmp(room, said + have, got) == 0);
		have += got;
	}
}

static void
connect_once(struct input *in, unsigned how)
{
	bool matched;
	enum rc rc;

	place_server(in, how);
	rc = start();
	HOLDS(port_now() <= SIM_START + 10 * MINUTE);
	if (rc != RC_OK) {
		HOLDS(w.why.n > 0 && !w.why.full);
		return;
	}
	HOLDS(how & AS_EDITS);
	(void)tls_wire_trust(w.wire, &matched, &w.why);
	HOLDS(matched);
	talk();
	end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { data + 1, n - 1 };
	unsigned how;

	if (n == 0)
		return 0;
	how = data[0];
	sim_begin();
	begin();
	w.set.tls_loglevel = (how & LOGS) >> 5;
	w.set.tls_fast_shutdown_enable = (how & SLOW_GOODBYE) == 0;
	if (how & CACHE) {
		w.set.tls_session_cache_database = SPAN("btree:/tmp/c");
		w.set.tls_session_cache_timeout = HOUR;
	}
	if (how & PIECES)
		sim_chop(SIM_ANY);
	connect_once(&in, how);
	if (how & CACHE)	/* the same octets to one who remembers */
		connect_once(&in, how);
	HOLDS(sim_open_fds() == 0);
	return 0;
}
