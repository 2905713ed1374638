/*
 * smtp.h - deliver jobs to one destination, over SMTP or LMTP.  Rank 6.
 * RFC 5321, 2033, 2920, 1870, 6152, 3461, 2034, 6531.
 */
#ifndef POSTERN_SMTP_H
#define POSTERN_SMTP_H

#include "base.h"
#include "log.h"
#include "param.h"
#include "report.h"

struct worker;

/* How much memory smtp_worker() wants; only a part of it is ever touched. */
size_t smtp_worker_bytes(void);

/*
 * smtp_worker - make a worker, for one protocol (lmtp says which) and its
 * settings, loaded for that protocol.
 *
 * w  zeroed memory of smtp_worker_bytes(), as port_memory() gives.
 *
 * set, log and report must outlive it.  RC_DENY: the settings are unusable, and
 * the log says which; RC_OS: no memory.
 */
MUST_USE enum rc smtp_worker(struct worker *w, const struct settings *set,
	const struct log *log, struct report *report, bool lmtp);

/*
 * smtp_prepare - reads and opens ahead of walls what would otherwise be when it
 * is needed first, and may not be everybody's to read: keys, authorities.  What
 * is wrong with them is told by the deliveries that it concerns.
 */
void smtp_prepare(struct worker *w);

/*
 * smtp_deliver - try one job, over all its next hops, hosts and fallbacks.
 *
 * RC_OK    every recipient has been reported, once.
 * RC_NONE  this host is the best exchanger, and best_mx_transport names the
 *          one who takes what is left of the job.
 * RC_DENY  the next hop is no destination: nothing was tried or reported, the
 *          log says why (configuration).
 * RC_OS    the message could not be read or a report not be written; what was
 *          not reported is still to be delivered.
 */
MUST_USE enum rc smtp_deliver(struct worker *w, struct job *job);

/*
 * smtp_rest - no job for some time: says QUIT on a connection that was kept.
 * To be called after the last job, and when smtp_kept_until() comes ahead of
 * the next one.
 */
void smtp_rest(struct worker *w);
/* MS_NEVER: no connection is kept. */
ms_t smtp_kept_until(const struct worker *w);

#endif
