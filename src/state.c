/*
 * state.c - small files of our own making.
 */
#include "port.h"
#include "state.h"

#define PATH_LONGEST	512
#define DAMAGED		".damaged"

struct span
state_path(struct span value)
{
	struct span path = { 0 };
	size_t colon;

	(void)span_word(&value, LIST_DIVIDERS, &path);
	if (span_starts_case(path, "proxy:"))
		span_skip(&path, 6);
	colon = span_find(path, ':');
	return colon == path.n ? path : span_tail(path, colon + 1);
}

void
state_give_up(struct state *s, const char *why)
{
	if (!s->is_off)
		log_line(s->log, LOG_WARNING, "%s_%s: %.*s %s; %s",
		    s->protocol, s->setting, SPAN_ARG(s->path), why,
		    s->effect);
	s->is_off = true;
}

/* Empty, which nothing is called: it is too long. */
static const char *
path_text(struct state *s, struct buf *room)
{
	buf_put(room, s->path);
	return room->full ? "" : buf_text(room);
}

/* NULL: it is ours alone, and was read. */
static const char *
read_all(int fd, struct buf *out)
{
	struct port_stat st;
	size_t got;

	if (port_stat_fd(fd, &st) != RC_OK)
		return port_error();
	if (!st.is_file)
		return "is no file";
	if (st.uid != port_uid())
		return "belongs to another user";
	if ((st.mode & 077) != 0)
		return "can be read or written by others (chmod 600)";
	do {
		if (port_pread(fd, out->p + out->n, out->cap - out->n,
		    (int64_t)out->n, &got) != RC_OK)
			return port_error();
		out->n += got;
		if (out->n == out->cap)
			return "is too long";
	} while (got > 0);
	return NULL;
}

bool
state_load(struct state *s, struct buf *out)
{
	char room[PATH_LONGEST];
	struct buf b = BUF(room);
	const char *why;
	enum rc rc;
	int fd;

	if (s->is_off)
		return false;
	rc = port_open(path_text(s, &b), &fd);
	if (rc == RC_NONE)
		return false;
	if (rc != RC_OK) {
		why = port_error();
	} else {
		why = read_all(fd, out);
		port_close(fd);
	}
	if (why != NULL)
		state_give_up(s, why);
	return why == NULL && out->n > 0;
}

void
state_save(struct state *s, struct span all)
{
	char room[PATH_LONGEST];
	struct buf b = BUF(room);

	if (port_replace(path_text(s, &b), all, 0600) != RC_OK)
		state_give_up(s, port_error());
}

void
state_set_aside(struct state *s, struct span all)
{
	char room[PATH_LONGEST + sizeof(DAMAGED)];
	struct buf b = BUF(room);

	buf_fmt(&b, "%.*s" DAMAGED, SPAN_ARG(s->path));
	if (b.full || port_replace(buf_text(&b), all, 0600) != RC_OK)
		state_give_up(s, "is not ours, and cannot be set aside");
	else
		log_line(s->log, LOG_WARNING, "%s_%s: %.*s is damaged, or no "
		    "file of %s; it was set aside as %s, and a new one begun",
		    s->protocol, s->setting, SPAN_ARG(s->path), s->what,
		    buf_text(&b));
}
