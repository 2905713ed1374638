/*
 * table_cdb.c - compiled tables: one mapped file, read by tinycdb.
 *
 * The file is mapped by the port and so never closed, and it may be damaged:
 * tinycdb compares every place in it with its length.
 */
#include <string.h>

#include <cdb.h>

#include "port.h"
#include "table_int.h"

#define CDB_HEAD	2048	/* octets: 256 places and lengths of tables */

/* What cdb_init() would do; the fields are those of tinycdb 0.78. */
static struct cdb
opened(struct span file)
{
	const unsigned char *p = (const unsigned char *)file.p;

	return (struct cdb){
		.cdb_fd = -1,
		.cdb_fsize = (unsigned)file.n,
		.cdb_dend = cdb_unpack(p),
		.cdb_mem = p,
	};
}

enum rc
table_cdb_check(struct span file)
{
	const unsigned char *p = (const unsigned char *)file.p;
	unsigned end;

	if (file.n < CDB_HEAD || file.n > UINT32_MAX)
		return RC_WIRE;
	end = cdb_unpack(p);
	if (end < CDB_HEAD)
		return RC_WIRE;
	for (size_t i = 0; i < CDB_HEAD; i += 8) {
		unsigned from = cdb_unpack(p + i), n = cdb_unpack(p + i + 4);

		if (from < end || from > file.n || n > (file.n - from) / 8)
			return RC_WIRE;
	}
	return RC_OK;
}

enum rc
table_cdb_find(struct span file, struct span key, size_t nth,
	struct span *value)
{
	struct cdb c = opened(file);
	struct cdb_find f;
	int n;

	if (key.n >= file.n)
		return RC_NONE;
	n = cdb_findinit(&f, &c, key.p, (unsigned)key.n);
	for (size_t i = 0; n > 0 && i <= nth; i++)
		n = cdb_findnext(&f);
	if (n <= 0)
		return n < 0 ? RC_WIRE : RC_NONE;
	*value = (struct span){ file.p + c.cdb_vpos, c.cdb_vlen };
	return RC_OK;
}

/* tinycdb's cdb_seqnext() believes lengths that are larger than the file. */
enum rc
table_cdb_next(struct span file, size_t *at, struct span *key,
	struct span *value)
{
	const unsigned char *p = (const unsigned char *)file.p;
	size_t end = cdb_unpack(p), from = *at > 0 ? *at : CDB_HEAD;
	size_t key_n, value_n;

	if (from == end)
		return RC_NONE;
	if (end - from < 8)
		return RC_WIRE;
	key_n = cdb_unpack(p + from);
	value_n = cdb_unpack(p + from + 4);
	from += 8;
	if (key_n > end - from || value_n > end - from - key_n)
		return RC_WIRE;
	*key = (struct span){ file.p + from, key_n };
	*value = (struct span){ file.p + from + key_n, value_n };
	*at = from + key_n + value_n;
	return RC_OK;
}

/* ---- as a table ---------------------------------------------------------- */

/* An older one still counts; mail should not wait for its compiler. */
static enum rc
look_at_source(const struct table *t, const char *path,
	const struct port_stat *compiled)
{
	struct port_stat source;

	if (port_stat_path(path, &source) != RC_OK)
		return RC_OK;
	if (source.mtime_s > compiled->mtime_s)
		table_warn(t, "%s is newer than its compiled form: "
		    "postmap %.*s", path, SPAN_ARG(t->name));
	if (t->flags & TABLE_SECRET && source.mode & 06)
		table_warn(t, "its source is not for everybody: chmod 600 %s",
		    path);
	return RC_OK;
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
	return look_at_source(t, path, &st);
}

/* Whether keys and values end with a NUL is the maker's choice. */
enum { NUL_UNKNOWN, NUL_NEVER, NUL_ALWAYS };

enum rc
mapped_find(struct table *t, struct span key, struct buf *value)
{
	char room[SOURCE_LINE_MAX];
	struct buf b = BUF(room);
	struct span found;
	enum rc rc = RC_NONE;

	table_fold(t, key, &b);
	if (b.full)
		return table_fails(t, "a key is too long");
	if (t->nul != NUL_ALWAYS)
		rc = table_cdb_find(t->cdb, buf_span(&b), 0, &found);
	if (rc == RC_OK)
		t->nul = NUL_NEVER;
	if (rc == RC_NONE && t->nul != NUL_NEVER) {
		b.p[b.n++] = '\0';	/* buf always has room for one */
		rc = table_cdb_find(t->cdb, buf_span(&b), 0, &found);
		if (rc == RC_OK)
			t->nul = NUL_ALWAYS;
	}
	if (rc == RC_WIRE)
		return table_fails(t, "the file is damaged: run postmap");
	if (rc != RC_OK)
		return rc;
	if (t->nul == NUL_ALWAYS && found.n > 0 && found.p[found.n - 1] == '\0')
		found.n--;
	buf_put(value, found);
	return RC_OK;
}

static struct span
without_nul(struct span s)
{
	return s.n > 0 && s.p[s.n - 1] == '\0' ?
		span_part(s, 0, s.n - 1) : s;
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
	log_line(t->log, LOG_INFO, "%s%s%.*s is read as %s:%s",
		t->setting != NULL ? t->setting : "",
		t->setting != NULL ? ": " : "", SPAN_ARG(t->name),
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
