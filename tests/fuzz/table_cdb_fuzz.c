/*
 * table_cdb_fuzz.c - any octets as a compiled table: a key, and the file behind
 * the first line; and what we compile from text, read again.
 *
 * The first octet says which call of the system fails, the second one what is
 * done: a file as it is, or the text of one (bits as below).
 *
 * covers: cdb/table_cdb.c
 * covers: cdb/table_mapped.c
 * covers: cdb/table_make.c
 * covers: cdb/table_compile.c
 */
#include "fuzz_table.h"

#define ROOM	(64 * 1024)

enum { IS_TEXT = 1, IS_ALIAS = 2, LAST = 4, NUL = 8, ADDED = 16, REMOVED = 32,
	KEEP_CASE = 64, OLDER = 128 };

static bool
is_inside(struct span file, struct span s)
{
	return s.n == 0 || (s.p >= file.p && s.p + s.n <= file.p + file.n);
}

static bool
see(void *arg, struct span key, struct span value)
{
	size_t *n = arg;

	return key.n + value.n > 0 && ++*n < 50;
}

static void
ask(const char *name, struct span key, unsigned what)
{
	static char room[ROOM], value[ROOM];
	struct buf b = BUF(value);
	struct arena arena;
	struct log log;
	const struct table_env env = { .arena = &arena, .log = &log };
	struct table_list l;
	size_t n = 0;
	enum rc rc;

	log_init(&log, SPAN("fuzz"));
	arena_init(&arena, room, sizeof(room));
	rc = table_open(&l, &env, "x_maps", span_of(name),
		what & KEEP_CASE ? TABLE_KEEP_CASE : TABLE_SECRET);
	if (rc == RC_OK) {
		rc = table_find(&l, key, TABLE_ANY, &b);
		HOLDS((rc == RC_OK) == (b.n > 0));
		(void)!table_find(&l, key, TABLE_ANY, &b);
		(void)!table_each(&l, see, &n);
	}
	table_close(&l);
}

/* Each record is in the file, and the first of its key is found. */
static void
look_at(struct span file)
{
	struct span key, value, found;
	size_t at = 0, n = 0;

	if (table_cdb_check(file) != RC_OK)
		return;
	while (table_cdb_next(file, &at, &key, &value) == RC_OK && n++ < 200) {
		HOLDS(is_inside(file, key) && is_inside(file, value));
		if (table_cdb_find(file, key, 0, &found) == RC_OK)
			HOLDS(is_inside(file, found));
		(void)!table_cdb_find(file, key, 2, &found);
	}
}

/* In what we made, each key stands once and is found. */
static void
check_ours(void)
{
	struct span file = { fuzz_file[FUZZ_CDB].p, fuzz_file[FUZZ_CDB].n };
	struct span key, value, found;
	size_t at = 0;
	enum rc rc;

	HOLDS(table_cdb_check(file) == RC_OK);
	while ((rc = table_cdb_next(file, &at, &key, &value)) == RC_OK) {
		HOLDS(table_cdb_find(file, key, 0, &found) == RC_OK);
		HOLDS(found.p == value.p && found.n == value.n);
		HOLDS(table_cdb_find(file, key, 1, &found) == RC_NONE);
	}
	HOLDS(rc == RC_NONE);
}

static void
compile(struct span text, struct span key, unsigned what)
{
	struct log log;
	struct table_job j = {
		.log = &log,
		.path = "/t",
		.flags = (what & KEEP_CASE ? TABLE_KEEP_CASE : 0) |
			(what & IS_ALIAS ? TABLE_ALIASES : 0),
		.with_nul = what & NUL,
		.takes_last = what & LAST,
		.is_silent = what & OLDER,
	};

	log_init(&log, SPAN("fuzz"));
	fuzz_put(FUZZ_TEXT, "/t", text);
	if (table_compile(&j) != RC_OK)
		return;
	check_ours();
	if (what & ADDED) {
		fuzz_put(FUZZ_STDIN, "-", text);
		j.is_added = true;
		if (table_compile(&j) == RC_OK)
			check_ours();
	}
	if (what & REMOVED) {
		fuzz_stdin_at = 0;
		fuzz_put(FUZZ_STDIN, "-", text);
		if (table_remove(&j, key) == RC_OK)
			check_ours();
	}
	ask("cdb:/t", key, what);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = { (const char *)data, n }, key;
	struct span file;
	unsigned what;

	if (n < 2)
		return 0;
	fuzz_begin(data[0]);
	what = data[1];
	in = span_tail(in, 2);
	if (!span_line(&in, &key))
		return 0;
	if (what & IS_TEXT) {
		compile(in, key, what);
		return 0;
	}
	fuzz_put(FUZZ_CDB, "/t.cdb", in);
	file = (struct span){ fuzz_file[FUZZ_CDB].p, in.n };
	look_at(file);
	if (what & ADDED) {
		fuzz_put(FUZZ_TEXT, "/t", key);
		fuzz_file[FUZZ_TEXT].mtime_s = what & OLDER ? 7 : 0;
	}
	ask(what & REMOVED ? "hash:/t" : "cdb:/t", key, what);
	if (what & ADDED && what & LAST)
		compile(key, key, what | ADDED);
	return 0;
}
