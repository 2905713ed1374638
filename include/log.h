/*
 * log.h - one line per event, in the form of mail logs, to standard error and
 * to the system's log.  Rank 2.
 *
 * The words ahead of a message are those log tools look for: `warning: `,
 * `error: `, `fatal: `; plain information has none.  Text from the network is
 * made printable here, so callers pass it as it came.  Secrets never come here.
 */
#ifndef POSTERN_LOG_H
#define POSTERN_LOG_H

#include "base.h"

#define LOG_LINE_MAX	2048	/* longer ones are cut, as syslog would */

enum log_level { LOG_FATAL, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * struct log - where lines go, and which.  One per process, handed down by
 * pointer, as nothing above port/ has writable statics.
 */
struct log {
	struct span tag;	/* `postfix/smtp`; borrowed */
	int facility;		/* as syslog(3) numbers it */
	enum log_level err_level;	/* least urgent that goes to stderr */
	bool to_syslog;
	bool to_stderr;
	/*
	 * In place of the system's log, which has what cannot be written there:
	 * a file, each line with time and `host`, or as a JSON object with the
	 * members time, host, program, pid, level, message.  NULL: none.
	 */
	const char *file;
	struct span host;
	bool as_json;
	/*
	 * Takes what lines say, made printable, in place of both: for a
	 * process whose parent writes the log.  NULL: there is none.
	 */
	void (*sink)(void *arg, enum log_level level, struct span text);
	void *sink_arg;
};

/* Facility mail, warnings and worse to both, information to the log alone. */
void log_init(struct log *l, struct span tag);
/* `tag[pid]: warning: text` on standard error, and no time of day. */
void log_line(const struct log *l, enum log_level level, const char *fmt, ...)
	PRINTF(3, 4);
/* The same, for who has asked log_wants().  Apart, as most lines are not
   wanted, and need not have the stack for it. */
NOINLINE void log_vline(const struct log *l, enum log_level level,
	const char *fmt, __builtin_va_list ap) PRINTF(3, 0);
/*
 * log_text - information that is fit for display as it is.  The system's log
 * gets it without a copy: a process's stack is part of its budget.
 */
void log_text(const struct log *l, struct span text);
/* Is it worth while to gather what the line would say? */
bool log_wants(const struct log *l, enum log_level level);

#endif
