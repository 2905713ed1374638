/*
 * log.c - one event, one line, whatever text it holds.
 */
#include <stdarg.h>

#include "base.h"
#include "log.h"
#include "port.h"

#define FACILITY_MAIL	2	/* as syslog(3) numbers it */

static const struct {
	const char *word;
	enum port_level level;
} levels[] = {
	[LOG_FATAL] = { "fatal: ", PORT_ERR },
	[LOG_ERROR] = { "error: ", PORT_ERR },
	[LOG_WARNING] = { "warning: ", PORT_WARNING },
	[LOG_INFO] = { "", PORT_INFO },
	[LOG_DEBUG] = { "", PORT_DEBUG }
};

void
log_init(struct log *l, struct span tag)
{
	*l = (struct log){
		.tag = tag,
		.facility = FACILITY_MAIL,
		.err_level = LOG_WARNING,
		.to_syslog = true,
		.to_stderr = true
	};
}

static bool
err_wants(const struct log *l, enum log_level level)
{
	return l->to_stderr && level <= l->err_level;
}

/* The system's log keeps debugging out unless it was asked for. */
static bool
syslog_wants(const struct log *l, enum log_level level)
{
	return l->to_syslog
	    && (level <= LOG_INFO || l->err_level == LOG_DEBUG);
}

bool
log_wants(const struct log *l, enum log_level level)
{
	if (l->sink != NULL)
		return level <= LOG_INFO || l->err_level == LOG_DEBUG;
	return err_wants(l, level) || syslog_wants(l, level);
}

/* Apart, as most lines are not wanted, and need not have the stack for it. */
static NOINLINE void
put_line(const struct log *l, enum log_level level, const char *fmt,
	va_list ap)
{
	char line[LOG_LINE_MAX];
	struct buf b = BUF(line);
	size_t text_at, said_at;

	b.cap--;		/* for the newline */
	buf_put_cut(&b, l->tag);
	buf_fmt(&b, "[%u]: ", port_pid());
	text_at = b.n;
	buf_put_cut(&b, span_of(levels[level].word));
	said_at = b.n;
	buf_vfmt_cut(&b, fmt, ap);
	text_mask(&b, 0);

	if (l->sink != NULL) {
		l->sink(l->sink_arg, level, span_part(buf_span(&b), said_at,
		    b.n));
		return;
	}
	if (syslog_wants(l, level))
		port_syslog(l->facility, levels[level].level, l->tag,
		    span_part(buf_span(&b), text_at, b.n));
	b.cap++;
	buf_putc(&b, '\n');
	if (err_wants(l, level))
		port_err(buf_span(&b));
}

void
log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!log_wants(l, level))
		return;
	va_start(ap, fmt);
	put_line(l, level, fmt, ap);
	va_end(ap);
}

void
log_text(const struct log *l, struct span text)
{
	struct log err = *l;

	if (l->sink != NULL) {
		l->sink(l->sink_arg, LOG_INFO, text);
		return;
	}
	if (syslog_wants(l, LOG_INFO))
		port_syslog(l->facility, PORT_INFO, l->tag, text);
	err.to_syslog = false;
	log_line(&err, LOG_INFO, "%.*s", SPAN_ARG(text));
}
