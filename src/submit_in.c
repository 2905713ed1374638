/*
 * submit_in.c - lines of standard input, in pieces.
 *
 * It is read to the line of a single dot and not beyond: a program may hold
 * its end of the pipe open and wait for us.  Only a line that does not fit is
 * given out in parts, however little a read brings: the first piece of a line
 * holds a field's name, or is all of the line.
 */
#include <string.h>

#include "port.h"
#include "submit.h"

void
submit_in_start(struct submit_in *in, int ends, bool dot_ends)
{
	in->ends = ends;
	in->dot_ends = dot_ends;
	in->crlf_ends = ends == ENDINGS_ALWAYS;
	in->is_over = in->in_line = in->later_line = false;
	in->from = in->n = 0;
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
	rc = port_read(PORT_STDIN, in->data + left, sizeof(in->data) - left,
		MS_NEVER, &got);
	if (rc == RC_GONE && port_error_is_end())
		in->is_over = true;
	else if (rc != RC_OK)
		return RC_OS;
	in->n += got;
	return RC_OK;
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
	if (has_cr && has_lf && in->crlf_ends)
		line.n--;
	if (in->dot_ends && !in->in_line && span_is(line, ".")) {
		in->is_over = true;
		in->from = in->n;
		return RC_NONE;
	}
	in->from += n + (has_lf ? 1 : 0);
	in->in_line = false;
	*piece = line;
	*last = true;
	return RC_OK;
}

enum rc
submit_in_piece(struct submit_in *in, struct span *piece, bool *last)
{
	for (;;) {
		struct span left = { in->data + in->from, in->n - in->from };
		size_t lf = span_find(left, '\n');

		if (lf < left.n)
			return end_line(in, lf, piece, last);
		if (in->is_over && left.n == 0 && !in->in_line)
			return RC_NONE;
		if (in->is_over)
			return end_line(in, left.n, piece, last);
		if (left.n < sizeof(in->data)) {
			TRY(load(in));
			continue;
		}
		if (left.p[left.n - 1] == '\r')
			left.n--;	/* an LF may follow */
		in->from += left.n;
		in->in_line = true;
		*piece = left;
		*last = false;
		return RC_OK;
	}
}
