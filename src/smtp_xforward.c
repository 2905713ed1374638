/*
 * smtp_xforward.c - tells a server behind us who the original client was: the
 * XFORWARD extension, in two commands of at most 512 octets each.
 */
#include "smtp_int.h"

/* RFC 5321, 4.5.3.1.4: a command line, with its CR LF. */
#define COMMAND_MAX	512

unsigned
xforward_offered(struct span words)
{
	struct span word;
	unsigned bits = 0;

	while (span_word(&words, " \t", &word))
		bits |= 1u << job_attr_find(word);
	return bits;
}

/* xtext but for the equals sign, which servers take as it is. */
static void
put_value(struct buf *b, struct span value)
{
	size_t n = span_find(value, '=');

	code_xtext(b, span_head(value, n));
	while (n < value.n) {
		span_skip(&value, n + 1);
		n = span_find(value, '=');
		buf_putc(b, '=');
		code_xtext(b, span_head(value, n));
	}
}

/* Where `unknown` stands for nothing; elsewhere it is what the client said. */
static bool
is_known(enum job_attr attr, struct span value)
{
	if (attr == JOB_SOURCE)
		return true;
	if (attr == JOB_HELO || attr == JOB_IDENT)
		return value.n > 0;
	return value.n > 0 && !span_is_case(value, "unknown");
}

/* Adds the attribute, or leaves it out when it doesn't fit: it isn't cut. */
static void
put_attr(struct buf *b, enum job_attr attr, struct span value)
{
	size_t before = b->n;

	buf_fmt(b, " %s=", job_attr_name(attr));
	if (attr == JOB_SOURCE)
		buf_puts(b, span_is_case(value, "remote") ? "REMOTE" :
		    "LOCAL");
	else
		put_value(b, value);
	if (b->full) {
		b->n = before;
		b->full = false;
	}
}

enum rc
xforward_put(struct session *s, unsigned n)
{
	const struct job *j = s->w->job;
	unsigned i = n == 0 ? JOB_NAME : JOB_PROTO;
	unsigned end = n == 0 ? JOB_PROTO : JOB_ATTRS;
	char line[COMMAND_MAX];
	struct buf b = BUF(line);

	buf_puts(&b, "XFORWARD");
	for (; i < end; i++)
		if (s->xforward & 1u << i &&
		    is_known((enum job_attr)i, j->attr[i]))
			put_attr(&b, (enum job_attr)i, j->attr[i]);
	if (b.n == sizeof("XFORWARD") - 1)
		return RC_NONE;
	return chat_put(&s->chat, "%.*s", SPAN_ARG(b));
}
