/*
 * dns_lines.c - files of lines, read in pieces.
 *
 * Not mapped into memory: such files are edited in place, and one that gets
 * shorter under a map kills its reader.
 */
#include <string.h>

#include "dns_int.h"

enum rc
dns_lines_open(struct dns_lines *f, const char *path, void *memory, size_t cap)
{
	*f = (struct dns_lines){ .p = memory, .cap = cap };
	return port_open(path, &f->fd);
}

/* Takes what was given out off the memory, and fills it again. */
static enum rc
refill(struct dns_lines *f)
{
	size_t got;

	memmove(f->p, f->p + f->given, f->n - f->given);
	f->n -= f->given;
	f->given = 0;
	while (f->n < f->cap) {
		TRY(port_pread(f->fd, f->p + f->n, f->cap - f->n, f->at,
		    &got));
		if (got == 0)
			break;
		f->n += got;
		f->at += (int64_t)got;
	}
	return RC_OK;
}

enum rc
dns_lines_next(struct dns_lines *f, struct span *lines)
{
	struct span held;
	size_t from, end;

	for (;;) {
		TRY(refill(f));
		if (f->n == 0)
			return RC_NONE;
		held = (struct span){ f->p, f->n };
		/* Memory that isn't full holds the end of the file. */
		end = f->n < f->cap ? f->n : span_find_last(held, '\n') + 1;
		f->given = end <= f->n ? end : f->n;
		if (end <= f->n)
			break;
		f->is_long = true;
	}
	/* The rest of a line whose beginning is gone must not pass for one. */
	from = f->is_long ? span_find(held, '\n') + 1 : 0;
	f->is_long = false;
	held = span_head(held, f->given);
	*lines = span_tail(held, from);
	return RC_OK;
}

void
dns_lines_close(struct dns_lines *f)
{
	port_close(f->fd);
}
