/*
 * submit_in.c - lines of the input, in pieces.
 *
 * It is read to the line of a single dot and not beyond: a program may hold
 * its end of the pipe open and wait for us.  Only a line that does not fit is
 * given out in parts, however little a read brings: the first piece of a line
 * holds a field's name, or is all of the line.
 *
 * In SMTP a client whose DATA ended in CR LF ends every line so, and its
 * message with CR LF . CR LF: a bare LF in it is no line end, or what a program
 * passes on for somebody else could end the message early (RFC 5321, 2.3.8).
 * One that knows nothing but LF, as shells do, is understood as well.
 */
#include <string.h>

#include "port.h"
#include "submit.h"

void
submit_in_start(struct submit_in *in, int ends, bool dot_ends)
{
	size_t rest = offsetof(struct submit_in, data);

	memset(in, 0, rest);
	in->fd = PORT_STDIN;
	in->at = in->end = -1;
	in->ends = ends;
	in->dot_ends = dot_ends;
	in->crlf_ends = ends == ENDINGS_ALWAYS;
}

static enum rc
read_more(struct submit_in *in, char *to, size_t room, size_t *got)
{
	if (in->at < 0)
		return port_read(in->fd, to, room, MS_NEVER, got);
	if (in->end - in->at < (int64_t)room)
		room = (size_t)(in->end - in->at);
	TRY(port_pread(in->fd, to, room, in->at, got));
	in->at += (int64_t)*got;
	in->is_over = *got == 0;
	return RC_OK;
}

/* More of the input, behind what has not been given out. */
static enum rc
load(struct submit_in *in)
{
	size_t left = in->n - in->from, got = 0;
	enum rc rc;

	memmove(in->data, in->data + in->from, left);
	in->from = 0;
	in->n = left;
	rc = read_more(in, in->data + left, sizeof(in->data) - left, &got);
	if (rc == RC_GONE && port_error_is_end())
		in->is_over = true;
	else if (rc != RC_OK)
		return RC_OS;
	in->n += got;
	return RC_OK;
}

/* A piece is given out: as it is kept. */
static void
give(const struct submit_in *in, char *p, size_t n, struct span *piece)
{
	if (in->is_smtp && in->dot_ends && !in->in_line && n > 0 &&
	    p[0] == '.') {
		p++;	/* it was doubled: RFC 5321, 4.5.2 */
		n--;
	}
	for (size_t i = 0; in->replace_stray && i < n; i++)
		if (p[i] == '\r')
			p[i] = ' ';
	*piece = (struct span){ p, n };
}

/* The rest of a line is here, `n` octets of it, its LF not counted. */
static enum rc
end_line(struct submit_in *in, size_t n, struct span *piece, bool *last)
{
	struct span line = { in->data + in->from, n };
	bool has_cr = n > 0 && line.p[n - 1] == '\r';
	bool has_lf = in->from + n < in->n;

	if (!in->later_line && in->ends == ENDINGS_STRICT)
		in->crlf_ends = has_cr && has_lf;
	in->later_line = true;
	in->had_cr = has_cr && has_lf;
	if (in->had_cr && in->crlf_ends)
		line.n--;
	in->saw_dot = in->dot_ends && !in->in_line && span_is(line, ".") &&
		(has_lf || !in->is_smtp);
	if (in->saw_dot) {
		in->is_over = true;
		in->from = in->is_smtp ? in->from + n + 1 : in->n;
		return RC_NONE;
	}
	give(in, in->data + in->from, line.n, piece);
	in->from += n + (has_lf ? 1 : 0);
	in->in_line = false;
	*last = true;
	return RC_OK;
}

/* The end of the present line in what is loaded, or all of it. */
static size_t
find_end(const struct submit_in *in, char *p, size_t n)
{
	size_t lf = 0;

	for (;;) {
		lf += span_find((struct span){ p + lf, n - lf }, '\n');
		if (lf == n || !in->wants_crlf || (lf > 0 && p[lf - 1] == '\r'))
			return lf;
		if (in->replace_stray)
			p[lf] = ' ';
		lf++;
	}
}

enum rc
submit_in_piece(struct submit_in *in, struct span *piece, bool *last)
{
	for (;;) {
		char *p = in->data + in->from;
		size_t n = in->n - in->from, lf = find_end(in, p, n);

		if (lf < n)
			return end_line(in, lf, piece, last);
		if (in->is_over && n == 0 && !in->in_line)
			return RC_NONE;
		if (in->is_over)
			return end_line(in, n, piece, last);
		if (n < sizeof(in->data)) {
			TRY(load(in));
			continue;
		}
		if (p[n - 1] == '\r')
			n--;	/* an LF may follow */
		in->from += n;
		give(in, p, n, piece);
		in->in_line = true;
		*last = false;
		return RC_OK;
	}
}
