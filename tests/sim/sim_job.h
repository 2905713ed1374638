/*
 * sim_job.h - deliver a job through smtp_deliver() in the simulated world, and
 * keep what was reported.
 */
#ifndef POSTERN_SIM_JOB_H
#define POSTERN_SIM_JOB_H

#include "report.h"
#include "sim.h"
#include "smtp.h"

#define SIM_VERDICTS_MAX	2000

struct sim_verdict {
	char *to;
	unsigned times;		/* how often it was reported: once is right */
	enum fate fate;
	char dsn[DSN_MAX];
	char *relay, *text;
	unsigned conn_use;	/* of the last report */
};

/*
 * struct sim_job - what to deliver; zero is a small message from
 * a@here.example by SMTP to [192.0.2.1], port 25 (24 for LMTP).
 */
struct sim_job {
	bool lmtp;
	const char *nexthop, *sender;
	const char *settings[32];	/* NAME=VALUE, up to a NULL */
	const char *const *rcpts;	/* words, as report.h has them */
	size_t rcpts_n;
	const char *message;		/* as stored, LF; NULL: SIM_MESSAGE */
	size_t message_n;		/* 0: by strlen() */
	enum job_body body;
	enum job_ret ret;
	const char *envid;
	unsigned flags;
	bool smtputf8, probe;
	ms_t age;			/* the message is so old */
	unsigned jobs;			/* the same again, by the same worker;
					   0 is 1 */
	ms_t gap;			/* between them */
	bool rests;			/* smtp_rest() comes when it is due */
	unsigned report_fails_at;	/* this report: RC_OS; 0: none */

	/* What came out. */
	enum rc rc;			/* of smtp_deliver(), or ahead of it */
	bool tried;			/* smtp_deliver() was called */
	size_t n;
	struct sim_verdict verdict[SIM_VERDICTS_MAX];
	unsigned reports;		/* all, also of unknown recipients */
	size_t pending;			/* as the recipient list has it */
};

#define SIM_MESSAGE \
	"From: a@here.example\nSubject: one\n\nfirst line\n.second\n..\n\nend\n"

/* One for the whole program, emptied: it is large. */
struct sim_job *sim_job(void);
void sim_job_rcpts(struct sim_job *j, const char *const *words, size_t n);
#define SIM_TO(j, ...) \
	sim_job_rcpts((j), (const char *const []){ __VA_ARGS__ }, \
	    COUNT(((const char *const []){ __VA_ARGS__ })))

/*
 * Loads the settings (outside the count of sim_fail_at()), makes a worker,
 * delivers.  A setting that cannot be loaded fails the test.
 */
void sim_deliver(struct sim_job *j);

const struct sim_verdict *sim_verdict_of(const struct sim_job *j,
	const char *to);
/* `sent`, `later`, `never`. */
const char *sim_fate_name(enum fate fate);
/* Fails the test unless everyone was reported, once. */
void sim_check_verdicts(const struct sim_job *j);
/* The message as it must go over the wire, ahead of the lone dot. */
struct span sim_job_wire(const struct sim_job *j);

#endif
