/*
 * mail_qp.c - quoted-printable, line by line (RFC 2045, 6.7).
 */
#include "mail_int.h"

/* Soft breaks come behind so many octets; the rule has 76 with the `=`. */
#define WIDTH	72

static void
soft_break(struct qp *q, struct buf *out)
{
	if (q->column <= WIDTH)
		return;
	buf_puts(out, "=\n");
	q->column = 0;
}

static void
put_quoted(struct qp *q, struct buf *out, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char o = (unsigned char)c;

	soft_break(q, out);
	buf_putc(out, '=');
	buf_putc(out, digits[o >> 4]);
	buf_putc(out, digits[o & 15]);
	q->column += 3;
}

static void
put_plain(struct qp *q, struct buf *out, char c)
{
	soft_break(q, out);
	buf_putc(out, c);
	q->column++;
}

static bool
is_plain(char c)
{
	return c >= 33 && c <= 126 && c != '=';
}

/* A blank is quoted only if nothing follows it on its line. */
static void
release(struct qp *q, struct buf *out, bool last)
{
	if (q->held != '\0' && last)
		put_quoted(q, out, q->held);
	else if (q->held != '\0')
		put_plain(q, out, q->held);
	q->held = '\0';
}

void
qp_put(struct qp *q, struct buf *out, struct span piece, bool last)
{
	size_t i;

	for (i = 0; i < piece.n; i++) {
		char c = piece.p[i];

		release(q, out, false);
		if (c == ' ' || c == '\t')
			q->held = c;
		else if (is_plain(c))
			put_plain(q, out, c);
		else
			put_quoted(q, out, c);
	}
	if (!last)
		return;
	release(q, out, true);
	buf_putc(out, '\n');
	q->column = 0;
}
