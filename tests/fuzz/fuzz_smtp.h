/*
 * fuzz_smtp.h - a job in a fresh world, and a worker for it that needs not be
 * made again for every input: settings take longer to load than a session.
 */
#ifndef POSTERN_FUZZ_SMTP_H
#define POSTERN_FUZZ_SMTP_H

#include "../sim/sim.h"
#include "fuzz_reply.h"

/* How to deliver; the bits of FUZZ_SETTINGS choose one of four. */
enum { FUZZ_LMTP = 1, FUZZ_SETTINGS = 6, FUZZ_TWO_HOPS = 8 };
#define FUZZ_DISCARDS	2	/* DSN is one that is to be overlooked */
#define FUZZ_FOLDS	4	/* long lines are folded */
#define FUZZ_HELO	6	/* never EHLO */

/* What to deliver. */
enum { FUZZ_UTF8 = 1, FUZZ_BODY = 6, FUZZ_DSN = 8, FUZZ_PROBE = 16,
	FUZZ_ATTRS = 32, FUZZ_TRACE = 64, FUZZ_LARGE = 128 };

#define FUZZ_RCPTS	4
#define FUZZ_LAST_LINE	"the end"	/* of every message */

struct fuzz_job {
	struct worker *w;
	struct job job;
	/* What was reported, in the order of the recipients. */
	unsigned times[FUZZ_RCPTS];
	enum fate fate[FUZZ_RCPTS];
};

/*
 * fuzz_job - begins a world, with a job whose next hop is 192.0.2.1, port 25
 * or 24 for LMTP, then 192.0.2.2 if there are to be two.
 */
void fuzz_job(struct fuzz_job *f, unsigned how, unsigned what);

/* Which recipient is it?  The address may be cut at its end. */
unsigned fuzz_rcpt_index(struct span addr);

/* Nothing is left open, and CR and LF reached the wire as CR LF alone. */
void fuzz_check_wire(void);

#endif
