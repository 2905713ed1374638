/*
 * report.c - the line that tells what became of a recipient, in the form that
 * mail log tools have read for decades.
 */
#include "base.h"
#include "port.h"
#include "report.h"

/* Milliseconds in a unit of the last decimal that may be shown. */
static ms_t
resolution(int digits)
{
	static const ms_t units[] = { 1000, 100, 10 };

	return digits >= 0 && (size_t)digits < COUNT(units) ? units[digits]
	    : 1;
}

/*
 * Seconds with two significant digits, but none beyond the resolution and all
 * ahead of the point; zeros at the end go.
 */
static void
put_delay(struct buf *b, ms_t t, int digits)
{
	ms_t unit = resolution(digits), rest;

	if (t < 0)		/* the wall clock was set back */
		t = 0;
	while (unit < 1000 && t >= 100 * unit)
		unit *= 10;
	t += unit / 2;
	t -= t % unit;
	buf_fmt(b, "%lld", (long long)(t / 1000));
	rest = t % 1000;
	if (rest > 0)
		buf_putc(b, '.');
	for (; rest > 0; rest = rest * 10 % 1000)
		buf_putc(b, (char)('0' + rest / 100));
}

/*
 * delay= counts from arrival; delays= are, one after the other: until the work
 * began, waiting for a connection (we never do), making one, sending.
 */
static void
put_delays(struct buf *b, const struct report_form *f, const struct job *j,
	const struct verdict *v)
{
	ms_t now = port_now();
	ms_t since = now - j->started;
	ms_t total = port_wall_ms() - j->arrived_ms;
	ms_t sending = v->sending > 0 ? now - v->sending : 0;

	if (total < since)	/* a clock that was set cannot undo work */
		total = since;
	buf_puts(b, "delay=");
	put_delay(b, total, f->digits);
	buf_puts(b, ", delays=");
	put_delay(b, total - since, f->digits);
	buf_puts(b, "/0/");
	put_delay(b, since - sending, f->digits);
	buf_putc(b, '/');
	put_delay(b, sending, f->digits);
}

static const char *
status_of(const struct job *j, const struct verdict *v)
{
	if (j->probe)
		return v->fate == FATE_SENT ? "deliverable" : "undeliverable";
	if (v->fate == FATE_SENT)
		return "sent";
	if (v->fate == FATE_NEVER)
		return "bounced";
	return v->softened ? "SOFTBOUNCE" : "deferred";
}

/* What is left of the text when the closing parenthesis has its place. */
static void
put_text(struct buf *b, struct span text)
{
	struct buf inner = *b;

	if (inner.cap > 0)
		inner.cap--;
	buf_put_cut(&inner, text);
	b->n = inner.n;
	buf_putc(b, ')');
}

static void
ascii_only(struct buf *b, size_t from)
{
	for (size_t i = from; i < b->n; i++)
		if ((unsigned char)b->p[i] > 127)
			b->p[i] = '?';
}

static void
put_addr(struct buf *b, const struct report_form *f, const char *name,
	struct span addr)
{
	buf_fmt(b, "%s=<", name);
	if (f->external)
		mail_addr_show(b, addr);
	else
		buf_put(b, addr);
	buf_puts(b, ">, ");
}

struct report_form
report_form_of(const struct settings *set)
{
	return (struct report_form){
		.external = set->info_log_address_format == FORMAT_EXTERNAL,
		.ascii_only = !set->smtputf8_enable,
		.digits = set->delay_logging_resolution_limit,
	};
}

void
report_line(struct buf *b, const struct report_form *f, const struct job *j,
	const struct rcpt *to, const struct verdict *v)
{
	size_t from = b->n;

	put_addr(b, f, "to", to->addr);
	if (to->given.n > 0)
		put_addr(b, f, "orig_to", to->given);
	buf_fmt(b, "relay=%.*s, ", SPAN_ARG(v->relay));
	if (v->conn_use > 1)
		buf_fmt(b, "conn_use=%u, ", v->conn_use);
	put_delays(b, f, j, v);
	buf_fmt(b, ", dsn=%s, status=%s (", v->dsn, status_of(j, v));
	put_text(b, v->text);
	if (f->ascii_only)
		ascii_only(b, from);
	text_mask(b, from);
}
