/*
 * mail_read.c - a stored message as lines, with or without CRs at their ends.
 *
 * A CR at the end of what is loaded is never given out, as the octet behind it
 * decides what it is; so CR and LF of one line end always meet in `data`.
 */
#include <string.h>

#include "base.h"
#include "mail.h"
#include "port.h"

void
mail_read_start(struct mail_reader *r, const struct mail_source *src)
{
	r->src = *src;
	r->at = 0;
	r->from = 0;
	r->n = 0;
	r->ends_known = src->ends != MAIL_ENDS_STRICT;
	r->crlf_ends = src->ends == MAIL_ENDS_ALWAYS;
	r->in_line = false;
}

/* Puts more behind what is loaded.  Only if there is room, and more to come. */
static enum rc
load(struct mail_reader *r)
{
	size_t room = sizeof(r->data) - r->n, got;
	int64_t left = r->src.size - r->at;

	if (r->from > 0) {
		memmove(r->data, r->data + r->from, r->n);
		r->from = 0;
	}
	if (left < (int64_t)room)
		room = (size_t)left;
	TRY(port_pread(r->src.fd, r->data + r->n, room, r->src.start + r->at,
	    &got));
	if (got == 0)		/* somebody cut it: not the message we took */
		return RC_OS;
	r->at += (int64_t)got;
	r->n += got;
	return RC_OK;
}

/* Gives out n octets, and lets `over` more vanish. */
static enum rc
give(struct mail_reader *r, size_t n, size_t over, struct span *piece)
{
	char *p = r->data + r->from, *end = p + n, *cr = p;

	*piece = (struct span){ p, n };
	r->from += n + over;
	r->n -= n + over;
	if (!r->src.replace_stray)
		return RC_OK;
	while (cr < end && (cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL)
		*cr++ = ' ';
	return RC_OK;
}

/* The line whose LF is the octet at `lf`. */
static enum rc
give_line(struct mail_reader *r, size_t lf, struct span *piece)
{
	bool has_cr = lf > 0 && r->data[r->from + lf - 1] == '\r';

	if (!r->ends_known) {
		r->ends_known = true;
		r->crlf_ends = has_cr;
	}
	if (has_cr && r->crlf_ends)
		return give(r, lf - 1, 2, piece);
	return give(r, lf, 1, piece);
}

enum rc
mail_read(struct mail_reader *r, struct span *piece, bool *last)
{
	for (;;) {
		struct span have = { r->data + r->from, r->n };
		const char *lf = have.n > 0 ? memchr(have.p, '\n', have.n)
		    : NULL;

		*last = true;
		if (lf != NULL) {
			r->in_line = false;
			return give_line(r, (size_t)(lf - have.p), piece);
		}
		if (r->at >= r->src.size) {
			if (have.n == 0 && !r->in_line)
				return RC_NONE;
			r->in_line = false;
			return give(r, have.n, 0, piece);
		}
		if (have.n == sizeof(r->data)) {
			*last = false;
			r->in_line = true;
			return give(r, have.n - (have.p[have.n - 1] == '\r'),
			    0, piece);
		}
		TRY(load(r));
	}
}
