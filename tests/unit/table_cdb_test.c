/*
 * table_cdb_test.c - compiled tables, made by tinycdb's own writer.
 */
#include <stdlib.h>
#include <unistd.h>

#include <cdb.h>

#include "table_world.h"

#define FILE_MAX	65536

static unsigned char file[FILE_MAX];
static size_t file_n;

/* Pairs of texts, NULL at the end; `nul` octets of NUL behind each. */
static void
make(const char *const *pair, unsigned nul)
{
	char name[] = "/tmp/table_cdb_test.XXXXXX";
	int fd = mkstemp(name);
	struct cdb_make m;
	ssize_t n;

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(cdb_make_start(&m, fd), 0);
	for (; *pair != NULL; pair += 2)
		assert_int_equal(cdb_make_add(&m, pair[0],
			(unsigned)strlen(pair[0]) + nul, pair[1],
			(unsigned)strlen(pair[1]) + nul), 0);
	assert_int_equal(cdb_make_finish(&m), 0);
	n = pread(fd, file, sizeof(file), 0);
	assert_true(n > 0 && n < FILE_MAX);
	file_n = (size_t)n;
	close(fd);
	sim_file_bytes("/t.cdb", file, file_n);
}

static const char *const pairs[] = {
	"one", "1", "two", "22", "", "empty key", "empty", "", NULL
};

TABLE_TEST(keys_are_found)
{
	make(pairs, 0);
	tables("cdb:/t");
	FINDS("one", "1");
	FINDS("ONE", "1");
	FINDS("two", "22");
	FINDS("", "empty key");
	FINDS("three", "-");
	says_nothing();
	FINDS("empty", "?");
	says("the value is empty");
}

TABLE_TEST(keys_with_nul_are_found_without)
{
	make(pairs, 1);
	tables("cdb:/t");
	FINDS("three", "-");
	FINDS("one", "1");
	FINDS("two", "22");
	FINDS("three", "-");
	assert_string_equal(look_up_kinds(SPAN("one\0"), TABLE_ANY), "-");
}

TABLE_TEST(table_without_entries_has_nothing)
{
	make(pairs + 8, 0);
	tables("cdb:/t");
	FINDS("one", "-");
	says_nothing();
}

TABLE_TEST(missing_file_says_how_to_make_it)
{
	sim_file("/t", "one 1\n");
	tables("cdb:/t");
	FINDS("one", "?");
	says("cdb:/t: there is no compiled form of it: run postmap");
}

TABLE_TEST(file_that_was_cut_off_is_a_failure)
{
	make(pairs, 0);
	for (size_t n = 0; n < file_n; n += n < 2040 ? 255 : 1) {
		sim_file_bytes("/t.cdb", file, n);
		tables("cdb:/t");
		FINDS("one", "?");
		FINDS("three", "?");
	}
}

/* What a changed octet does: never another table's memory, never a crash. */
TABLE_TEST(damage_is_a_failure_or_harmless)
{
	size_t failures = 0;

	make(pairs, 0);
	for (size_t i = 0; i < file_n; i++) {
		unsigned char was = file[i];

		file[i] ^= 0x80;
		sim_file_bytes("/t.cdb", file, file_n);
		tables("cdb:/t");
		failures += strcmp(look_up("one"), "?") == 0;
		failures += strcmp(look_up("three"), "?") == 0;
		file[i] = was;
	}
	assert_true(failures > 1000);
}

TABLE_TEST(length_that_leaves_the_file_is_a_failure)
{
	make(pairs, 0);
	file[2048 + 4] = 0xff;		/* of the value of `one` */
	file[2048 + 5] = 0xff;
	sim_file_bytes("/t.cdb", file, file_n);
	tables("cdb:/t");
	FINDS("two", "22");
	FINDS("one", "?");
	says("the file is damaged: run postmap");
}

TABLE_TEST(older_than_its_source_is_told_and_used)
{
	make(pairs, 0);
	sim_file("/t", "one 11\n");
	sim_file_mtime("/t.cdb", SIM_WALL - 1);
	tables("cdb:/t");
	FINDS("one", "1");
	says("/t is newer than its compiled form: postmap cdb:/t");
}

/* As postmap does: then it is said which file is read. */
static void
by_hand(struct span text)
{
	table_close(&tw.list);
	assert_int_equal(table_open(&tw.list, &tw.env, NULL, text, 0), RC_OK);
}

TABLE_TEST(other_compiled_types_mean_cdb_if_it_is_current)
{
	make(pairs, 0);
	sim_file("/t", "one text\n");
	tables("hash:/t");
	FINDS("one", "1");
	assert_null(strstr(sim_syslog(), "is read as"));
	by_hand(SPAN("hash:/t"));
	assert_non_null(strstr(sim_syslog(),
	    ": hash:/t is read as cdb:/t\n"));
	sim_file_mtime("/t.cdb", SIM_WALL - 1);
	tables("btree:/t");
	FINDS("one", "text");
	by_hand(SPAN("btree:/t"));
	assert_non_null(strstr(sim_syslog(),
	    ": btree:/t is read as texthash:/t\n"));
	sim_file_remove("/t.cdb");
	tables("proxy:lmdb:/t");
	FINDS("one", "text");
	make(pairs, 0);
	sim_file_remove("/t");
	tables("dbm:/t");
	FINDS("one", "1");
	says_nothing();
	sim_file_remove("/t.cdb");
	tables("sdbm:/t");
	FINDS("one", "?");
}

TABLE_TEST(secrets_that_others_can_read_are_told)
{
	make(pairs, 0);
	sim_file("/t", "one 1\n");
	sim_file_mode("/t", 0, 0600);
	sim_file_mode("/t.cdb", 0, 0640);
	assert_int_equal(tables_flags("cdb:/t", TABLE_SECRET), RC_OK);
	says_nothing();
	sim_file_mode("/t.cdb", 0, 0644);
	assert_int_equal(tables_flags("cdb:/t", TABLE_SECRET), RC_OK);
	says("chmod 600 /t.cdb");
	FINDS("one", "1");
	sim_file_mode("/t", 0, 0604);
	assert_int_equal(tables_flags("hash:/t", TABLE_SECRET), RC_OK);
	says("chmod 600 /t\n");
}

TABLE_TEST(secrets_that_others_can_write_are_refused)
{
	make(pairs, 0);
	sim_file("/t", "one 1\n");
	sim_file_mode("/t.cdb", 0, 0602);
	assert_int_equal(tables_flags("cdb:/t", TABLE_SECRET), RC_DENY);
	says("chmod 600 /t.cdb");
	sim_file_mode("/t", 0, 0666);
	assert_int_equal(tables_flags("texthash:/t", TABLE_SECRET), RC_DENY);
	assert_int_equal(tables_flags("inline:{a=b} texthash:/t",
	    TABLE_SECRET), RC_DENY);
	assert_int_equal(tables_flags("texthash:/t", 0), RC_OK);
}

TABLE_TEST(lookups_take_no_memory_and_no_descriptor)
{
	make(pairs, 0);
	tables("cdb:/t");
	assert_int_equal(sim_open_fds(), 0);
	for (int i = 0; i < 1000; i++)
		FINDS("one", "1");
	assert_int_equal(sim_memory_used(), 0);
	assert_int_equal(sim_calls(), 2 + 1);	/* stat twice, map */
}

TABLE_TEST(entries_come_in_their_order_and_keys_may_repeat)
{
	static const char *const twice[] = {
		"a", "1", "b", "2", "a", "3", NULL
	};
	struct span f, key, value;
	size_t at = 0;

	make(twice, 0);
	f = (struct span){ (const char *)file, file_n };
	assert_int_equal(table_cdb_check(f), RC_OK);
	assert_int_equal(table_cdb_find(f, SPAN("a"), 0, &value), RC_OK);
	assert_true(span_is(value, "1"));
	assert_int_equal(table_cdb_find(f, SPAN("a"), 1, &value), RC_OK);
	assert_true(span_is(value, "3"));
	assert_int_equal(table_cdb_find(f, SPAN("a"), 2, &value), RC_NONE);
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_OK);
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_OK);
	assert_true(span_is(key, "b") && span_is(value, "2"));
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_OK);
	assert_true(span_is(key, "a") && span_is(value, "3"));
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_NONE);
}

/* Enough entries that announcing keys does something. */
TABLE_TEST(announced_keys_are_found_in_any_order_and_number)
{
	static char text[20000][2][16];
	static unsigned char room[2 << 20];
	char name[] = "/tmp/table_cdb_test.XXXXXX";
	struct span soon[TABLE_SOON_MAX];
	int fd = mkstemp(name);
	struct cdb_make m;
	ssize_t n;

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(cdb_make_start(&m, fd), 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(text[i][0], 16, "key%d", i);
		snprintf(text[i][1], 16, "v%d", i);
		assert_int_equal(cdb_make_add(&m, text[i][0],
			(unsigned)strlen(text[i][0]), text[i][1],
			(unsigned)strlen(text[i][1])), 0);
	}
	assert_int_equal(cdb_make_finish(&m), 0);
	n = pread(fd, room, sizeof(room), 0);
	close(fd);
	assert_true(n > 256 << 10);
	sim_file_bytes("/t.cdb", room, (size_t)n);
	tables("cdb:/t");
	for (int round = 0; round < 300; round++) {
		size_t count = sim_random(TABLE_SOON_MAX) + 1;
		int at[TABLE_SOON_MAX];

		for (size_t i = 0; i < count; i++) {
			at[i] = (int)sim_random(20000);
			soon[i] = span_of(text[at[i]][0]);
		}
		soon[0] = round % 3 == 0 ? SPAN("none") : soon[0];
		table_soon(&tw.list, soon, count);
		for (size_t i = 0; i < count; i++) {
			/* Sometimes another one is asked. */
			int k = sim_random(5) == 0 ? at[0] : at[i];

			FINDS(text[k][0], text[k][1]);
		}
		FINDS("none", "-");
	}
	soon[0] = (struct span){ (const char *)room, 5000 };
	soon[1] = SPAN("KEY77");
	table_soon(&tw.list, soon, 2);
	FINDS("x", "-");
	FINDS("KEY77", "v77");
	FINDS("KEY77", "v77");
}

/* tinycdb's own walk takes these for lengths that fit. */
TABLE_TEST(lengths_beyond_the_file_end_the_walk)
{
	struct span f, key, value;
	size_t at = 0;

	make(pairs, 0);
	memset(file + 2048, 0xff, 4);
	f = (struct span){ (const char *)file, file_n };
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_WIRE);
	make(pairs, 0);
	memset(file + 2048 + 4, 0xff, 4);
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_WIRE);
	make(pairs + 8, 0);
	file[0] = 1;		/* the records end behind an octet */
	f.n = file_n;
	assert_int_equal(table_cdb_next(f, &at, &key, &value), RC_WIRE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(keys_are_found),
		SIM_RUN(keys_with_nul_are_found_without),
		SIM_RUN(table_without_entries_has_nothing),
		SIM_RUN(missing_file_says_how_to_make_it),
		SIM_RUN(file_that_was_cut_off_is_a_failure),
		SIM_RUN(damage_is_a_failure_or_harmless),
		SIM_RUN(length_that_leaves_the_file_is_a_failure),
		SIM_RUN(older_than_its_source_is_told_and_used),
		SIM_RUN(other_compiled_types_mean_cdb_if_it_is_current),
		SIM_RUN(secrets_that_others_can_read_are_told),
		SIM_RUN(secrets_that_others_can_write_are_refused),
		SIM_RUN(lookups_take_no_memory_and_no_descriptor),
		SIM_RUN(announced_keys_are_found_in_any_order_and_number),
		SIM_RUN(lengths_beyond_the_file_end_the_walk),
		SIM_RUN(entries_come_in_their_order_and_keys_may_repeat),
	};
	return sim_main(tests, COUNT(tests));
}
