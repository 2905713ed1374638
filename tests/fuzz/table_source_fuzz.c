/*
 * table_source_fuzz.c - any octets as a setting, a key and the text of a table.
 *
 * The first octet says which call of the system fails, the first line is the
 * setting (tables, or a list of names with `!` before it), the second one the
 * key; the rest is the file /t.
 *
 * covers: cdb/table.c
 * covers: cdb/table_source.c
 * covers: cdb/table_text.c
 * covers: cdb/table_match.c
 * covers: cdb/table_regexp.c
 * covers: cdb/table_cidr.c
 * covers: cdb/table_many.c
 * covers: cdb/table_names.c
 */
#include "fuzz_table.h"

#define ROOM	(256 * 1024)

static bool
see(void *arg, struct span key, struct span value)
{
	size_t *n = arg;

	HOLDS(key.n < ROOM && value.n < ROOM);
	return ++*n < 50;
}

static void
ask(const struct table_list *l, struct span key, unsigned kinds)
{
	char room[TABLE_VALUE_MAX];
	struct buf b = BUF(room);
	enum rc rc;

	buf_puts(&b, "kept");
	rc = table_find(l, key, kinds, &b);
	HOLDS(rc == RC_OK || b.n == 4);
	HOLDS(rc != RC_OK || b.n > 4);
	HOLDS(!b.full && memcmp(b.p, "kept", 4) == 0);
	HOLDS(rc == RC_OK || rc == RC_NONE || rc == RC_FULL || rc == RC_OS ||
		rc == RC_WIRE);
}

static void
try_tables(const struct table_env *env, struct span setting, struct span key,
	unsigned flags)
{
	struct table_list l;
	size_t n = 0;

	if (table_open(&l, env, flags & 8 ? NULL : "x_maps", setting, flags) ==
	    RC_OK) {
		ask(&l, key, TABLE_ANY);
		ask(&l, key, TABLE_FIXED);
		if (flags & 16)		/* it changes, and has settled */
			fuzz_file[FUZZ_TEXT].mtime_s = 5;
		if (flags & 32)		/* it changes just now */
			fuzz_file[FUZZ_TEXT].mtime_s = port_wall();
		ask(&l, key, TABLE_ANY);
		(void)!table_each(&l, see, &n);
	}
	table_close(&l);
}

static void
try_names(const struct table_env *env, struct span setting, struct span key,
	unsigned flags)
{
	struct table_names l;
	struct ip ip;
	bool is_ip = ip_parse(key, &ip);

	if (table_names_open(&l, env, "x_list", setting, flags) == RC_OK) {
		(void)!table_names_has(&l, key, NULL);
		if (is_ip)
			(void)!table_names_has(&l, key, &ip);
	}
	table_names_close(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char room[ROOM];
	struct span in = { (const char *)data, n }, setting, key;
	struct arena arena;
	struct log log;
	const struct table_env env = { .arena = &arena, .log = &log };
	unsigned flags;

	if (n < 2)
		return 0;
	fuzz_begin(data[0]);
	flags = data[1];
	in = span_tail(in, 2);
	log_init(&log, SPAN("fuzz"));
	arena_init(&arena, room, sizeof(room));
	if (!span_line(&in, &setting))
		return 0;
	key = (struct span){ "", 0 };
	(void)span_line(&in, &key);
	fuzz_put(FUZZ_TEXT, "/t", in);
	if (setting.n > 0 && setting.p[0] == '@')
		try_names(&env, span_tail(setting, 1), key, flags);
	else
		try_tables(&env, setting, key, flags);
	return 0;
}
