/*
 * sim_smtp.h - an SMTP or LMTP server of the simulated world, whose every reply
 * can be replaced, and the judge of what a client may say about its mail.
 */
#ifndef POSTERN_SIM_SMTP_H
#define POSTERN_SIM_SMTP_H

#include "sim.h"
#include "sim_job.h"

enum sim_stage {
	SIM_GREETING, SIM_EHLO, SIM_HELO, SIM_XFORWARD, SIM_MAIL, SIM_RCPT,
	SIM_DATA, SIM_DOT, SIM_RSET, SIM_QUIT, SIM_STAGES
};
const char *sim_stage_name(enum sim_stage stage);

/* One reply that the server gave, and where it stands in its stream. */
struct sim_answer {
	struct sim_answer *next;
	unsigned conn;
	enum sim_stage stage;
	const char *to;			/* RCPT, and the dot in LMTP */
	struct sim_transaction *about;	/* NULL: none is open */
	int code;			/* of its last line; 0: it is none */
	bool muddled;			/* not all its lines are reply lines */
	size_t end;			/* octets of the stream up to its end */
};

struct sim_transaction {
	struct sim_transaction *next;
	unsigned conn;
	const char *sender;		/* with all that follows MAIL FROM: */
	const char *to[SIM_VERDICTS_MAX];	/* that were accepted */
	size_t n;
	bool complete;			/* the dot was taken */
	struct span message;		/* ahead of the lone dot, as sent */
};

/*
 * struct sim_smtp - settings of the server, then what it saw.  Zero is a
 * server that accepts everything and offers nothing.
 */
struct sim_smtp {
	struct sim_smtp *next;		/* others, for sim_smtp_check() */
	const char *where;		/* set by sim_smtp_open() */
	bool lmtp;
	const char *words;		/* of EHLO: "PIPELINING,SIZE 1000" */
	/* Instead of the usual reply: octets as they are, CR LF included. */
	const char *say[SIM_STAGES];
	unsigned say_at[SIM_STAGES];	/* only the n-th time; 0: always */
	/* For one recipient (NULL: as usual); stage SIM_RCPT or SIM_DOT. */
	const char *(*say_to)(enum sim_stage stage, const char *to);
	bool stay;			/* do not close after 421 */
	ms_t drip, sip;			/* from this stage's reply on */
	enum sim_stage slow_from;
	size_t window_in, window_out;

	struct sim_answer *answers, **last_answer;
	struct sim_transaction *first, **last;
	unsigned times[SIM_STAGES];
	const char *odd;		/* a command nobody understands */
};

/* A server of the world's own memory, at this address. */
struct sim_smtp *sim_smtp_open(const char *where);

/*
 * May this recipient be called sent?  Only if a server's 2xx to the dot of a
 * transaction that it had accepted the recipient for was read to its last
 * octet.
 */
bool sim_smtp_has(const struct sim_smtp *s, const char *to);

/*
 * sim_smtp_check - fails the test unless
 *	everyone has exactly one verdict (at most one if the job ended early),
 *	`sent` is said of those of sim_smtp_has(), and of nobody else (where
 *	the answer was muddled by lines that are no reply, it need not be),
 *	nobody has the message twice that is known to have it,
 *	the wire holds no CR or LF but in CR LF, and nothing unknown,
 *	every message that was ended by a dot is the job's message, or an empty
 *	one for nobody.
 * `s` and all linked to it are looked at.
 */
void sim_smtp_check(const struct sim_smtp *s, const struct sim_job *j);

#endif
