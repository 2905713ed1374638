/*
 * table_mapped.c - compiled tables, and those that may have been compiled: how
 * they are opened, and told as a whole.  Lookups are table_cdb.c's.
 */
#include <string.h>

#include "port.h"
#include "table_int.h"

/* An older one still counts; mail should not wait for its compiler. */
static void
look_at_source(const struct table *t, const char *path,
	const struct port_stat *compiled)
{
	struct port_stat source;

	if (port_stat_path(path, &source) != RC_OK)
		return;
	if (source.mtime_s > compiled->mtime_s)
		table_warn(t, "%s is newer than its compiled form: "
		    "postmap %.*s", path, SPAN_ARG(t->name));
	if (t->flags & TABLE_SECRET && source.mode & 06)
		table_warn(t, "its source is not for everybody: chmod 600 %s",
		    path);
}

enum rc
mapped_open(struct table *t, struct span arg)
{
	char *path = text_path(t, arg);
	struct port_stat st;
	enum rc rc;

	if (path == NULL)
		return RC_FULL;
	t->path = path;
	memcpy(path + arg.n, ".cdb", sizeof(".cdb"));
	rc = port_stat_path(path, &st);
	if (rc == RC_OK)
		rc = port_map(path, &t->cdb);
	if (rc == RC_NONE)
		return table_broken(t, "there is no compiled form of it: "
		    "run postmap");
	if (rc != RC_OK)
		return table_broken(t, port_error());
	if (table_cdb_check(t->cdb) != RC_OK)
		return table_broken(t, "the file is damaged: run postmap");
	TRY(table_guard(t, path, st.mode));
	path[arg.n] = '\0';
	look_at_source(t, path, &st);
	return RC_OK;
}

static struct span
without_nul(struct span s)
{
	return s.n > 0 && s.p[s.n - 1] == '\0' ?
		span_head(s, s.n - 1) : s;
}

enum rc
mapped_each(struct table *t, table_see *see, void *arg)
{
	struct span key, value;
	size_t at = 0;
	enum rc rc;

	while ((rc = table_cdb_next(t->cdb, &at, &key, &value)) == RC_OK)
		if (!see(arg, without_nul(key), without_nul(value)))
			return RC_OK;
	return rc == RC_NONE ? RC_OK :
		table_fails(t, "the file is damaged: run postmap");
}

/* ---- types that others compile in another way ---------------------------- */

enum rc
either_open(struct table *t, struct span arg)
{
	char *path = text_path(t, arg);
	struct port_stat text, compiled;
	enum rc text_rc, compiled_rc;
	bool is_current;

	if (path == NULL)
		return RC_FULL;
	text_rc = port_stat_path(path, &text);
	memcpy(path + arg.n, ".cdb", sizeof(".cdb"));
	compiled_rc = port_stat_path(path, &compiled);
	path[arg.n] = '\0';
	is_current = compiled_rc == RC_OK && (text_rc == RC_NONE ||
	    (text_rc == RC_OK && compiled.mtime_s >= text.mtime_s));
	/* For who asks by hand; not with each mail. */
	log_line(t->log, t->setting == NULL ? LOG_INFO : LOG_DEBUG,
		"%.*s is read as %s:%s", SPAN_ARG(t->name),
		is_current ? "cdb" : "texthash", path);
	return is_current ? mapped_open(t, arg) : text_open_file(t, path);
}

enum rc
either_find(struct table *t, struct span key, struct buf *value)
{
	return t->cdb.n > 0 ? mapped_find(t, key, value) :
		text_hash_find(t, key, value);
}

enum rc
either_each(struct table *t, table_see *see, void *arg)
{
	return t->cdb.n > 0 ? mapped_each(t, see, arg) :
		text_hash_each(t, see, arg);
}
