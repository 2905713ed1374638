/*
 * smtp_xforward.c - tells a server behind us who the original client was: the
 * XFORWARD extension, in two commands of at most 512 octets each.
 */
#include "smtp_int.h"

/* RFC 5321, 4.5.3.1.4: a command line, with its CR LF. */
#define COMMAND_MAX	512

static const char *const attr_name[JOB_ATTRS] = {
	"NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"
};

/* The attributes of each command: NAME to PORT, PROTO to SOURCE. */
static const unsigned attr_from[] = { JOB_NAME, JOB_PROTO, JOB_ATTRS };

static void
put_value(struct buf *b, unsigned attr, struct span value)
{
	if (attr == JOB_SOURCE)
		buf_puts(b, span_is_case(value, "remote") ? "REMOTE" :
		    "LOCAL");
	else
		code_xtext(b, value);
}

enum rc
xforward_put(struct session *s, unsigned n)
{
	const struct job *j = s->w->job;
	char line[COMMAND_MAX];
	struct buf b = BUF(line);
	unsigned i;

	for (i = attr_from[n]; i < attr_from[n + 1]; i++) {
		size_t before = b.n;

		if (!(s->xforward & 1u << i) ||
		    (j->attr[i].n == 0 && i != JOB_SOURCE))
			continue;
		buf_fmt(&b, " %s=", attr_name[i]);
		put_value(&b, i, j->attr[i]);
		if (b.full) {	/* left out rather than cut */
			b.n = before;
			b.full = false;
		}
	}
	if (b.n == 0)
		return RC_NONE;
	return chat_put(&s->chat, "XFORWARD%.*s", SPAN_ARG(buf_span(&b)));
}
