/*
 * table_source.c - the text of tables as logical lines, and what is in a line.
 */
#include <string.h>

#include "port.h"
#include "table_int.h"

void
source_start(struct source *s, int fd, struct span text)
{
	s->warns = NULL;
	s->text = text;
	s->fd = fd;
	s->is_stream = false;
	s->at = 0;
	s->from = s->n = 0;
	s->line = 0;
	s->next = 1;
}

enum rc
source_fails(const struct table *t)
{
	table_warn(t, "cannot be read: %s", port_error());
	return RC_OS;
}

/*
 * Written within these seconds, a file may be half written: an editor empties
 * it first, and an empty file is not one without the key.
 */
#define UNSETTLED_S	2

enum rc
source_of(struct source *s, struct table *t)
{
	struct port_stat now;
	int64_t age_s;

	source_start(s, t->fd, t->text);
	if (t->fd < 0)
		return RC_OK;
	if (port_stat_fd(t->fd, &now) != RC_OK)
		return source_fails(t);
	if (now.size == t->size && now.mtime_s == t->mtime_s)
		return RC_OK;
	age_s = port_wall() - now.mtime_s;
	if (age_s >= 0 && age_s < UNSETTLED_S) {
		table_warn(t, "is being changed; try again");
		return RC_OS;
	}
	t->size = now.size;
	t->mtime_s = now.mtime_s;
	t->is_checked = false;
	return RC_OK;
}

/* More into the window, which is empty.  RC_NONE: there is no more. */
static enum rc
load(struct source *s)
{
	enum rc rc = RC_OK;

	s->from = s->n = 0;
	if (s->fd < 0) {
		struct span part = span_part(s->text, (size_t)s->at,
			sizeof(s->chunk));

		s->n = part.n;
		if (part.n > 0)
			memcpy(s->chunk, part.p, part.n);
	} else if (s->is_stream) {
		rc = port_read(s->fd, s->chunk, sizeof(s->chunk), MS_NEVER,
			&s->n);
		if (rc == RC_GONE && port_error_is_end())
			return RC_NONE;
	} else {
		rc = port_pread(s->fd, s->chunk, sizeof(s->chunk), s->at,
			&s->n);
	}
	if (rc != RC_OK)
		return RC_OS;
	s->at += (int64_t)s->n;
	return s->n > 0 ? RC_OK : RC_NONE;
}

/* What is in the window; never empty on RC_OK. */
static enum rc
window(struct source *s, struct span *out)
{
	if (s->from == s->n)
		TRY(load(s));
	*out = (struct span){ s->chunk + s->from, s->n - s->from };
	return RC_OK;
}

/* Adds one line of the file, without its end.  RC_NONE: there was none. */
static enum rc
take_line(struct source *s, struct buf *out)
{
	struct span w;
	size_t before = out->n;
	const char *end = NULL;
	enum rc rc = window(s, &w);

	if (rc != RC_OK)
		return rc;
	while (rc == RC_OK && end == NULL) {
		end = memchr(w.p, '\n', w.n);
		if (end != NULL)
			w.n = (size_t)(end - w.p);
		if (w.n > out->cap - 1 - out->n)
			out->full = true;
		buf_put_cut(out, w);
		s->from += w.n + (end != NULL);
		if (end == NULL)
			rc = window(s, &w);
	}
	if (rc == RC_OS)
		return rc;
	s->next++;
	if (out->n > before && out->p[out->n - 1] == '\r')
		out->n--;
	return RC_OK;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes one line of the file, if it belongs to the logical line in out. */
static enum rc
take_part(struct source *s, struct buf *out, bool is_first)
{
	struct buf before = *out;
	unsigned line = s->next;
	struct span w, text;
	bool goes_on;

	TRY(window(s, &w));
	goes_on = is_blank(w.p[0]);
	if (!is_first && !goes_on && w.p[0] != '#' && w.p[0] != '\n')
		return RC_NONE;
	TRY(take_line(s, out));
	text = span_trim(span_tail(buf_span(out), before.n));
	if (text.n == 0 || text.p[0] == '#') {
		*out = before;
	} else if (is_first && goes_on) {
		*out = before;
		if (s->warns != NULL)
			table_warn_line(s->warns, line, "a blank at the "
			    "beginning, and no line before to continue");
	} else if (is_first) {
		s->line = line;
	}
	return RC_OK;
}

enum rc
source_line(struct source *s, struct buf *out)
{
	enum rc rc;

	buf_clear(out);
	s->line = 0;
	do
		rc = take_part(s, out, s->line == 0);
	while (rc == RC_OK);
	if (rc != RC_NONE)
		return rc;
	if (s->line == 0)
		return RC_NONE;
	return out->full ? RC_FULL : RC_OK;
}

enum rc
source_word(struct source *s, struct buf *out)
{
	buf_clear(out);
	TRY(take_line(s, out));
	return out->full ? RC_FULL : RC_OK;
}

/* Where the first word ends; quotes keep blanks in it.  n + 1: unbalanced. */
static size_t
word_end(struct span s)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.n && (quoted || !is_blank(s.p[i])); i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (quoted && s.p[i] == '\\' && i + 1 < s.n)
			i++;
	}
	return quoted ? s.n + 1 : i;
}

const char *
source_entry(struct span line, struct span *key, struct span *value)
{
	size_t n;

	line = span_trim(line);
	n = word_end(line);
	if (n > line.n)
		return "unbalanced '\"'";
	*key = span_head(line, n);
	*value = span_trim(span_tail(line, n));
	return value->n > 0 ? NULL : "a key without a value";
}

/*
 * The name in front of a colon, without quotes and backslashes; where it ends
 * in line->p, which is written anew.  line->n: there is no colon.
 */
static size_t
take_name(struct buf *line, size_t *name_bytes, bool *has_at)
{
	bool quoted = false;
	size_t i, n = 0;

	*has_at = false;
	for (i = 0; i < line->n && (quoted || line->p[i] != ':'); i++) {
		if (line->p[i] == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && line->p[i] == '\\' && i + 1 < line->n)
			i++;
		*has_at |= !quoted && line->p[i] == '@';
		line->p[n++] = line->p[i];
	}
	*name_bytes = n;
	return i;
}

const char *
source_alias(struct buf *line, struct span *key, struct span *value)
{
	bool has_at;
	size_t n, colon = take_name(line, &n, &has_at);

	*key = span_trim((struct span){ line->p, n });
	*value = span_trim(span_tail(buf_span(line), colon + 1));
	if (key->n == 0 || value->n == 0)
		return "it should read name: value";
	return has_at ? "the name of an alias has no domain" : NULL;
}
