/*
 * port_lines.c - the lines of a system file, one by one: /etc/services has
 * half a megabyte on some machines, and we have one kilobyte.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "port_int.h"

enum rc
lines_open(struct lines *l, const char *path)
{
	l->n = 0;
	l->at = 0;
	return port_open(path, &l->fd);
}

void
lines_close(struct lines *l)
{
	port_close(l->fd);
	l->fd = -1;
}

/* Makes room, and adds what the file has next; false at its end. */
static bool
refill(struct lines *l)
{
	ssize_t got;

	if (l->fd < 0)
		return false;
	memmove(l->text, l->text + l->at, l->n - l->at);
	l->n -= l->at;
	l->at = 0;
	do
		got = read(l->fd, l->text + l->n, sizeof l->text - l->n);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		lines_close(l);
		return false;
	}
	l->n += (size_t)got;
	return true;
}

bool
lines_next(struct lines *l, struct span *line)
{
	bool is_too_long = false;

	for (;;) {
		struct span rest = { l->text + l->at, l->n - l->at };
		size_t end = span_find(rest, '\n');

		if (end < rest.n || (l->fd < 0 && rest.n > 0)) {
			*line = span_head(rest, end);
			l->at += end < rest.n ? end + 1 : end;
			if (!is_too_long)
				return true;
			is_too_long = false;	/* that was its tail */
		} else {
			if (rest.n == sizeof l->text) {
				is_too_long = true;
				l->at = l->n;
			}
			if (!refill(l) && l->at == l->n)
				return false;
		}
	}
}
