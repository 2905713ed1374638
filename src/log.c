/*
 * log.c - one event, one line, whatever text it holds.
 */
#include <stdarg.h>

#include "base.h"
#include "log.h"
#include "port.h"

#define FACILITY_MAIL	2	/* as syslog(3) numbers it */

/* In the order of enum log_level. */
static const char names[][8] = { "fatal", "error", "warning", "info", "debug" };

/* Ahead of what needs attention. */
static void
put_word(struct buf *b, enum log_level level)
{
	if (level <= LOG_WARNING)
		buf_fmt(b, "%s: ", names[level]);
}

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

static NOINLINE bool
put_json(const struct log *l, enum log_level level, struct span text)
{
	char line[2 * LOG_LINE_MAX];
	struct buf b = BUF(line), inner;
	int64_t now = port_wall();

	buf_puts(&b, "{\"time\": \"");
	civil_put_iso(&b, now, port_zone(now));
	buf_puts(&b, "\", \"host\": \"");
	code_json(&b, l->host, true);
	buf_puts(&b, "\", \"program\": \"");
	code_json(&b, l->tag, true);
	buf_fmt(&b, "\", \"pid\": %u, \"level\": \"%s\", \"message\": \"",
	    port_pid(), names[level]);
	inner = b;
	inner.cap -= 2;
	code_json(&inner, text, true);
	if (inner.full)		/* as much of it as surely fits */
		code_json(&b, span_head(text, LOG_LINE_MAX / 8), false);
	else
		b.n = inner.n;
	buf_puts(&b, "\"}");
	return port_log_append(l->file, buf_span(&b), SPAN(""));
}

/* false: the file takes nothing. */
static NOINLINE bool
put_file(const struct log *l, enum log_level level, struct span text)
{
	char head[256];
	struct buf b = BUF(head);
	int64_t now = port_wall();

	if (l->as_json)
		return put_json(l, level, text);
	civil_put_log(&b, now, port_zone(now));
	buf_putc(&b, ' ');
	buf_put_cut(&b, l->host);
	buf_putc(&b, ' ');
	buf_put_cut(&b, l->tag);
	buf_fmt(&b, "[%u]: ", port_pid());
	put_word(&b, level);
	return port_log_append(l->file, buf_span(&b), text);
}

/* To the log, wherever that is; text without its word. */
static void
put_log(const struct log *l, enum log_level level, struct span with_word,
	struct span text)
{
	if (l->file == NULL || !put_file(l, level, text))
		port_syslog(l->facility, level <= LOG_ERROR ? PORT_ERR :
		    (enum port_level)(level - LOG_ERROR), l->tag, with_word);
}

void
log_vline(const struct log *l, enum log_level level, const char *fmt,
	va_list ap)
{
	char line[LOG_LINE_MAX];
	struct buf b = BUF(line);
	size_t text_at, said_at;

	b.cap--;		/* for the newline */
	buf_put_cut(&b, l->tag);
	buf_fmt(&b, "[%u]: ", port_pid());
	text_at = b.n;
	put_word(&b, level);
	said_at = b.n;
	buf_vfmt_cut(&b, fmt, ap);
	text_mask(&b, 0);

	if (l->sink != NULL) {
		l->sink(l->sink_arg, level, span_tail(buf_span(&b), said_at));
		return;
	}
	if (syslog_wants(l, level))
		put_log(l, level, span_tail(buf_span(&b), text_at),
		    span_tail(buf_span(&b), said_at));
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
	log_vline(l, level, fmt, ap);
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
		put_log(l, LOG_INFO, text, text);
	err.to_syslog = false;
	log_line(&err, LOG_INFO, "%.*s", SPAN_ARG(text));
}
