/*
 * sim_net.h - addresses and connections, for the files that make them: the
 * client's end (sim_net.c), the peer's (sim_peer.c), and what is told of them
 * in the end (sim_seen.c).
 */
#ifndef POSTERN_SIM_NET_H
#define POSTERN_SIM_NET_H

#include "sim_int.h"

struct session {		/* what waits for a connection */
	struct session *next;
	struct sim_script *script;
};

struct cut {
	struct cut *next;
	unsigned session;
	enum sim_side side;
	uint64_t bytes;
	enum sim_end how;
};

struct fault {
	struct fault *next;
	enum sim_dial what;
	unsigned times;		/* 0: always */
};

struct place {			/* an address */
	struct place *next;
	char *where;
	struct session *first, **last;
	const struct sim_service *svc;
	void *svc_arg;
	struct cut *cuts;
	struct fault *faults, **last_fault;
	ms_t dial_delay;
	unsigned conns;
	bool placed;		/* something was */
};

/* What the server sent in one go: octet k leaves at `at` + (k + 1) * each. */
struct segment {
	struct segment *next;
	size_t from;
	ms_t at, each;
	bool split;
};

struct mark {			/* one port_write() */
	size_t from;
	ms_t at;
};

struct sim_conn {
	struct sim_conn *next_active;	/* of those not done */
	unsigned number;
	struct place *place;
	char *from;
	int window;

	struct sim_text sent;	/* by the client */
	struct mark *mark;
	size_t marks;
	size_t taken, line_from;
	size_t in_max, out_max;
	bool client_closed, close_told, write_broken;

	struct sim_text said;	/* by the server */
	struct segment *seg, **seg_last;
	size_t read;
	ms_t drip, sip;
	bool split;

	ms_t ready_at;
	bool ended;
	enum sim_end end;
	ms_t end_at;

	const struct sim_script *script;
	size_t script_at;
	bool loose, opened, busy;
	const struct cut *cut;
	void *own;
	struct sim_tls *tls;	/* what follows is inside */
};

struct sim_net {
	struct place *places;
	struct sim_conn *active, **last;
	struct sim_conn **all;		/* by number */
	unsigned conns, depth;
	size_t chop;
	struct sim_text dials;
	struct ip own[64];
	size_t owns;
	bool no_v4, no_v6;
};

struct place *sim_place_find(const char *where);

/* Octets of the client that nobody has taken off the wire. */
static inline size_t
untaken(const struct sim_conn *c)
{
	return c->sent.n - c->taken;
}

#endif
