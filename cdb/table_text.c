/*
 * table_text.c - tables that are text: inline, static, texthash; and those
 * that are none: environ, fail.
 */
#include <string.h>

#include "port.h"
#include "table_int.h"

char *
text_path(struct table *t, struct span arg)
{
	char *p = arena_take(t->arena, arg.n + sizeof(".cdb"));

	if (p != NULL && arg.n > 0)
		memcpy(p, arg.p, arg.n);
	return p;
}

enum rc
text_open_file(struct table *t, const char *path)
{
	struct port_stat st;
	enum rc rc = port_open(path, &t->fd);

	t->path = path;
	if (rc == RC_OK)
		rc = port_stat_fd(t->fd, &st);
	if (rc != RC_OK)
		return table_broken(t, port_error());
	if (!st.is_file)
		return table_broken(t, "not a regular file");
	t->size = st.size;
	t->mtime_s = st.mtime_s;
	return table_guard(t, path, st.mode);
}

enum rc
text_hash_open(struct table *t, struct span arg)
{
	const char *path = text_path(t, arg);

	return path != NULL ? text_open_file(t, path) : RC_FULL;
}

/* The entry in a line, if there is a good one. */
static bool
read_entry(const struct source *s, const struct table *t, struct buf *line,
	struct span *key, struct span *value)
{
	const char *why = t->flags & TABLE_ALIASES ?
		source_alias(line, key, value) :
		source_entry(buf_span(line), key, value);

	if (why != NULL && s->warns != NULL)
		table_warn_line(t, s->line, why);
	return why == NULL;
}

/*
 * The whole file is read, even if the key is found: a key that stands there
 * twice has no value that anybody meant.
 */
static enum rc
search(struct source *s, const struct table *t, struct span key,
	struct buf *value)
{
	char room[SOURCE_LINE_MAX];
	struct buf line = BUF(room);
	struct span own, found;
	unsigned at = 0;
	enum rc rc;

	while ((rc = source_line(s, &line)) == RC_OK || rc == RC_FULL) {
		if (!read_entry(s, t, &line, &own, &found) ||
		    !table_key_eq(t, own, key))
			continue;
		if (at != 0)
			break;
		at = s->line;
		buf_put(value, found);
		value->full |= rc == RC_FULL;
	}
	base_wipe(room, sizeof(room));
	if (rc == RC_OS)
		return source_fails(t);
	if (rc != RC_NONE) {
		table_warn(t, "line %u: has the key of line %u once more: "
		    "remove one of them", s->line, at);
		return RC_WIRE;
	}
	return at == 0 ? RC_NONE : RC_OK;
}

enum rc
text_hash_find(struct table *t, struct span key, struct buf *value)
{
	struct source s;
	enum rc rc;

	TRY(source_of(&s, t));
	if (!t->is_checked)
		s.warns = t;
	rc = search(&s, t, key, value);
	base_wipe(s.chunk, sizeof(s.chunk));
	t->is_checked |= rc == RC_OK || rc == RC_NONE;
	return rc;
}

enum rc
text_hash_each(struct table *t, table_see *see, void *arg)
{
	char room[SOURCE_LINE_MAX];
	struct buf line = BUF(room);
	struct span key, value;
	struct source s;
	enum rc rc;

	TRY(source_of(&s, t));
	s.warns = t;
	while ((rc = source_line(&s, &line)) == RC_OK || rc == RC_FULL) {
		if (rc == RC_FULL)
			table_warn_line(t, s.line, "too long");
		else if (read_entry(&s, t, &line, &key, &value) &&
		    !see(arg, key, value))
			return RC_OK;
	}
	return rc == RC_NONE ? RC_OK : source_fails(t);
}

/* ---- static -------------------------------------------------------------- */

enum rc
text_static_open(struct table *t, struct span arg)
{
	if (arg.p[0] == '{' && !table_inside(arg, &arg))
		return table_broken(t, "the braces do not match");
	t->text = arg;
	return RC_OK;
}

enum rc
text_static_find(struct table *t, struct span key, struct buf *value)
{
	(void)key;
	buf_put(value, t->text);
	return RC_OK;
}

/* ---- inline -------------------------------------------------------------- */

/* `key=value`, or `{ key = value }`.  NULL, or what is wrong. */
static const char *
pair(struct span item, struct span *key, struct span *value)
{
	bool quoted = false;
	size_t i, blanks = 0;

	if (item.p[0] == '{' && !table_inside(item, &item))
		return "the braces do not match";
	for (i = 0; i < item.n && (quoted || item.p[i] != '='); i++) {
		quoted ^= item.p[i] == '"';
		blanks += !quoted && (item.p[i] == ' ' || item.p[i] == '\t');
	}
	if (i == item.n)
		return "an entry without '='";
	*key = span_trim(span_head(item, i));
	*value = span_trim(span_tail(item, i + 1));
	if (blanks != i - key->n)
		return "a blank in a key";
	return NULL;
}

enum rc
text_inline_open(struct table *t, struct span arg)
{
	struct span rest, item, key, value;
	const char *why = NULL;
	size_t n = 0;

	if (!table_inside(arg, &rest))
		return table_broken(t, "needs the form inline:{key=value}");
	t->text = rest;
	for (; why == NULL && table_word(&rest, &item); n++)
		why = pair(item, &key, &value);
	if (why == NULL && n == 0)
		why = "it is empty";
	return why != NULL ? table_broken(t, why) : RC_OK;
}

/* Of two entries with one key the last one counts. */
enum rc
text_inline_find(struct table *t, struct span wanted, struct buf *value)
{
	struct span rest = t->text, item, key, found, last = { NULL, 0 };
	bool is_there = false;

	while (table_word(&rest, &item)) {
		if (pair(item, &key, &found) != NULL ||
		    !table_key_eq(t, key, wanted))
			continue;
		last = found;
		is_there = true;
	}
	if (!is_there)
		return RC_NONE;
	buf_put(value, last);
	return RC_OK;
}

enum rc
text_inline_each(struct table *t, table_see *see, void *arg)
{
	struct span rest = t->text, item, key, value;

	while (table_word(&rest, &item))
		if (pair(item, &key, &value) == NULL && !see(arg, key, value))
			break;
	return RC_OK;
}

/* ---- environ, fail ------------------------------------------------------- */

enum rc
text_environ_find(struct table *t, struct span key, struct buf *value)
{
	char room[256];
	struct buf name = BUF(room);
	const char *text;

	table_fold(t, key, &name);
	if (name.full || memchr(key.p, '\0', key.n) != NULL)
		return RC_NONE;
	text = port_getenv(buf_text(&name));
	if (text == NULL)
		return RC_NONE;
	buf_puts(value, text);
	return RC_OK;
}

enum rc
text_open_nothing(struct table *t, struct span arg)
{
	(void)t;
	(void)arg;
	return RC_OK;
}

enum rc
text_fail_find(struct table *t, struct span key, struct buf *value)
{
	(void)key;
	(void)value;
	return table_fails(t, "fails, as it is meant to");
}
