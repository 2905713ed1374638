/*
 * table_make_test.c - from text to cdb, and changes to one.
 */
#include <cdb.h>

#include "table_world.h"

static struct log logs;

static enum rc
compile_as(struct table_job j)
{
	log_init(&logs, SPAN("postern/test"));
	j.log = &logs;
	j.path = "/t";
	return table_compile(&j);
}

#define COMPILE(...)	compile_as((struct table_job){ __VA_ARGS__ })

static enum rc
remove_as(const char *key, struct table_job j)
{
	log_init(&logs, SPAN("postern/test"));
	j.log = &logs;
	j.path = "/t";
	return table_remove(&j, span_of(key));
}

/* All entries in the order of the file, a line each, NUL as \0. */
static const char *
entries(void)
{
	static char text[4096];
	struct buf b = BUF(text);
	struct span f, key, value;
	size_t at = 0;
	enum rc rc;

	if (!sim_file_read("/t.cdb", &f.p, &f.n))
		return "no file";
	assert_int_equal(table_cdb_check(f), RC_OK);
	while ((rc = table_cdb_next(f, &at, &key, &value)) == RC_OK) {
		struct span parts[] = { key, SPAN("="), value, SPAN("\n") };

		for (size_t i = 0; i < COUNT(parts); i++)
			for (size_t k = 0; k < parts[i].n; k++)
				if (parts[i].p[k] == '\0')
					buf_puts(&b, "\\0");
				else
					buf_putc(&b, parts[i].p[k]);
	}
	assert_int_equal(rc, RC_NONE);
	return buf_text(&b);
}

static const char text[] = "# comment\nKey1 v1\nkey2\n  v2  x \n\"a b\" v3\n";

SIM_TEST(text_becomes_a_file_beside_it)
{
	sim_file("/t", text);
	assert_int_equal(COMPILE(0), RC_OK);
	assert_string_equal(entries(), "key1=v1\nkey2=v2  x\n\"a b\"=v3\n");
	assert_string_equal(sim_err(), "");
	assert_int_equal(sim_open_fds(), 0);
	assert_int_equal(COMPILE(.flags = TABLE_KEEP_CASE), RC_OK);
	assert_string_equal(entries(), "Key1=v1\nkey2=v2  x\n\"a b\"=v3\n");
	sim_file("/t", "");
	assert_int_equal(COMPILE(0), RC_OK);
	assert_string_equal(entries(), "");
}

SIM_TEST(nul_stands_behind_keys_and_values_if_wanted)
{
	sim_file("/t", "a b\n");
	assert_int_equal(COMPILE(.with_nul = true), RC_OK);
	assert_string_equal(entries(), "a\\0=b\\0\n");
}

SIM_TEST(tinycdb_reads_what_was_made)
{
	static char lines[100000];
	const char *p;
	struct cdb c = { .cdb_fd = -1 };
	size_t n = 0, size;
	char key[32];

	for (int i = 0; i < 5000; i++)
		n += (size_t)snprintf(lines + n, 32, "k%d v%d\n", i, i * 7);
	sim_file("/t", lines);
	assert_int_equal(COMPILE(0), RC_OK);
	assert_true(sim_file_read("/t.cdb", &p, &size));
	c.cdb_mem = (const unsigned char *)p;
	c.cdb_fsize = (unsigned)size;
	c.cdb_dend = cdb_unpack(c.cdb_mem);
	for (int i = 0; i < 5000; i++) {
		char value[32];
		int m = snprintf(key, sizeof(key), "k%d", i);

		assert_int_equal(cdb_find(&c, key, (unsigned)m), 1);
		m = snprintf(value, sizeof(value), "v%d", i * 7);
		assert_int_equal(cdb_datalen(&c), m);
		assert_memory_equal(p + cdb_datapos(&c), value, m);
	}
	assert_int_equal(cdb_find(&c, "k5000", 5), 0);
	assert_int_equal(size, 2048 + 5000 * 24 +
	    (n - 5000 * 2));		/* blank and line end are not there */
}

SIM_TEST(first_of_two_stays_and_the_other_is_told)
{
	sim_file("/t", "a 1\nb 2\nA 3\n");
	assert_int_equal(COMPILE(0), RC_OK);
	assert_string_equal(entries(), "a=1\nb=2\n");
	assert_string_equal(sim_err(), "postern/test[4711]: warning: /t: "
	    "line 3: duplicate entry: \"A\"\n");
}

SIM_TEST(duplicates_may_be_passed_over_silently)
{
	sim_file("/t", "a 1\nb 2\nA 3\n");
	assert_int_equal(COMPILE(.is_silent = true), RC_OK);
	assert_string_equal(entries(), "a=1\nb=2\n");
	assert_string_equal(sim_err(), "");
}

SIM_TEST(last_of_two_may_take_the_place)
{
	sim_file("/t", "a 1\nb 2\nA 3\nc 4\na 5\n");
	assert_int_equal(COMPILE(.takes_last = true), RC_OK);
	assert_string_equal(entries(), "b=2\nc=4\na=5\n");
	assert_string_equal(sim_err(), "");
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(bad_lines_are_told_and_left_out)
{
	sim_file("/t", " x y\na 1\nonly\n\"open x\nname: z\nother: z\n");
	assert_int_equal(COMPILE(0), RC_OK);
	assert_string_equal(entries(), "a=1\nname:=z\nother:=z\n");
	says("/t: line 1 is left out: a blank");
	says("/t: line 3 is left out: a key without a value");
	says("/t: line 4 is left out: unbalanced");
	says("/t: line 5: the key ends with a colon; is this a file for "
	    "postalias?");
	assert_null(strstr(sim_err(), "line 6"));
}

SIM_TEST(alias_files_are_compiled)
{
	sim_file("/t", "root: me\n\"c D\": e,\n f\nx\n");
	assert_int_equal(COMPILE(.flags = TABLE_ALIASES), RC_OK);
	assert_string_equal(entries(), "root=me\nc d=e, f\n");
	says("/t: line 4 is left out: it should read name: value");
}

SIM_TEST(values_may_be_longer_than_a_text_table_can_have)
{
	static char big[100000];
	struct span f, value;

	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "k ", 2);
	sim_file("/t", big);
	assert_int_equal(COMPILE(0), RC_OK);
	assert_true(sim_file_read("/t.cdb", &f.p, &f.n));
	assert_int_equal(table_cdb_find(f, SPAN("k"), 0, &value), RC_OK);
	assert_int_equal(value.n, sizeof(big) - 3);
}

SIM_TEST(keys_are_compared_across_the_buffer)
{
	static char lines[400000];
	size_t n = 0;

	for (int i = 0; i < 3000; i++)
		n += (size_t)snprintf(lines + n, 64,
		    "%0*d %0*d\n", i % 37 + 1, i % 1500, i % 29 + 1, i);
	sim_file("/t", lines);
	assert_int_equal(COMPILE(.is_silent = true), RC_OK);
	tables("cdb:/t");
	FINDS("0", "0");
	FINDS("01", "01");
}

static uint32_t
mode_and_owner(const char *path, uint32_t *uid)
{
	struct port_stat st;

	assert_int_equal(port_stat_path(path, &st), RC_OK);
	*uid = st.uid;
	return st.mode;
}

SIM_TEST(who_may_read_the_text_may_read_the_result)
{
	uint32_t uid;

	sim_file("/t", text);
	sim_file_mode("/t", 77, 0640);
	assert_int_equal(COMPILE(0), RC_OK);
	assert_int_equal(mode_and_owner("/t.cdb", &uid), 0640);
	assert_int_equal(uid, 77);
	sim_file_mode("/t", 77, 0600);
	assert_int_equal(COMPILE(0), RC_OK);
	assert_int_equal(mode_and_owner("/t.cdb", &uid), 0600);
	sim_file_mode("/t", 77, 0466);
	assert_int_equal(COMPILE(.keeps_owner = true), RC_OK);
	assert_int_equal(mode_and_owner("/t.cdb", &uid), 0644);
	assert_int_equal(uid, 1000);
	sim_file_mode("/t", 77, 0600);
	assert_int_equal(COMPILE(.is_public = true), RC_OK);
	assert_int_equal(mode_and_owner("/t.cdb", &uid), 0644);
}

SIM_TEST(entries_are_added_to_what_is_there)
{
	uint32_t uid;

	sim_file("/t", text);
	sim_file_mode("/t", 1000, 0604);
	assert_int_equal(COMPILE(0), RC_OK);
	sim_stdin("new 1\nkey1 other\n", 17);
	assert_int_equal(COMPILE(.is_added = true), RC_OK);
	assert_string_equal(entries(),
	    "key1=v1\nkey2=v2  x\n\"a b\"=v3\nnew=1\n");
	says("line 2: duplicate entry: \"key1\"");
	assert_int_equal(mode_and_owner("/t.cdb", &uid), 0604);
	sim_stdin_pipe("key1 other\n", 11, 1, 0);
	assert_int_equal(COMPILE(.is_added = true, .takes_last = true),
	    RC_OK);
	assert_string_equal(entries(),
	    "key2=v2  x\n\"a b\"=v3\nnew=1\nkey1=other\n");
	sim_file_remove("/t.cdb");
	sim_stdin("a 1\n", 4);
	assert_int_equal(COMPILE(.is_added = true), RC_OK);
	assert_string_equal(entries(), "a=1\n");
}

SIM_TEST(keys_are_removed)
{
	sim_file("/t", text);
	assert_int_equal(COMPILE(0), RC_OK);
	assert_int_equal(remove_as("none", (struct table_job){ 0 }), RC_NONE);
	assert_int_equal(remove_as("KEY1", (struct table_job){ 0 }), RC_OK);
	assert_string_equal(entries(), "key2=v2  x\n\"a b\"=v3\n");
	sim_stdin("none\nkey2\r\n\"a b\"", 16);
	assert_int_equal(remove_as("-", (struct table_job){ 0 }), RC_OK);
	assert_string_equal(entries(), "");
	assert_int_equal(remove_as("key2", (struct table_job){ 0 }), RC_NONE);
	assert_int_equal(COMPILE(.with_nul = true), RC_OK);
	assert_int_equal(remove_as("key2", (struct table_job){ 0 }), RC_OK);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(what_cannot_be_read_or_written_is_said)
{
	assert_int_equal(COMPILE(0), RC_OS);
	says("error: /t: No such file or directory");
	sim_folder("/t", true);
	assert_int_equal(COMPILE(0), RC_OS);
	says("error: /t: Is a directory");
	assert_int_equal(remove_as("a", (struct table_job){ 0 }), RC_OS);
	says("error: /t.cdb: No such file or directory");
	sim_file("/t.cdb", "junk");
	assert_int_equal(remove_as("a", (struct table_job){ 0 }), RC_WIRE);
	says("error: /t.cdb: the file is damaged");
	sim_stdin("a 1\n", 4);
	assert_int_equal(COMPILE(.is_added = true), RC_WIRE);
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(full_disk_leaves_the_old_one)
{
	sim_file("/t", text);
	assert_int_equal(COMPILE(0), RC_OK);
	sim_file("/t", "other 1\n");
	sim_disk_limit(3000);
	assert_int_equal(COMPILE(0), RC_OS);
	says("/t.cdb: No space left on device");
	assert_string_equal(entries(), "key1=v1\nkey2=v2  x\n\"a b\"=v3\n");
	assert_int_equal(sim_open_fds(), 0);
}

/* The old one or the new one, and the exit says which. */
SIM_TEST(each_call_that_fails_leaves_the_old_one)
{
	for (unsigned n = 1; n < 100; n++) {
		uint64_t base;
		enum rc rc;

		sim_file("/t", "old 1\n");
		assert_int_equal(COMPILE(0), RC_OK);
		sim_file("/t", "new 1\na 2\nnew 3\n");
		base = sim_fallible();
		sim_fail_at(base + n);
		rc = COMPILE(.takes_last = true);
		if (sim_fallible() < base + n) {
			assert_int_equal(rc, RC_OK);
			assert_true(n > 12);
			return;
		}
		sim_note("call %u, %s", n, sim_failed_call());
		assert_int_not_equal(rc, RC_OK);
		assert_string_equal(entries(), "old=1\n");
		assert_int_equal(sim_open_fds(), 0);
		sim_fail_at(0);
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(text_becomes_a_file_beside_it),
		SIM_RUN(nul_stands_behind_keys_and_values_if_wanted),
		SIM_RUN(tinycdb_reads_what_was_made),
		SIM_RUN(first_of_two_stays_and_the_other_is_told),
		SIM_RUN(duplicates_may_be_passed_over_silently),
		SIM_RUN(last_of_two_may_take_the_place),
		SIM_RUN(bad_lines_are_told_and_left_out),
		SIM_RUN(alias_files_are_compiled),
		SIM_RUN(values_may_be_longer_than_a_text_table_can_have),
		SIM_RUN(keys_are_compared_across_the_buffer),
		SIM_RUN(who_may_read_the_text_may_read_the_result),
		SIM_RUN(entries_are_added_to_what_is_there),
		SIM_RUN(keys_are_removed),
		SIM_RUN(what_cannot_be_read_or_written_is_said),
		SIM_RUN(full_disk_leaves_the_old_one),
		SIM_RUN(each_call_that_fails_leaves_the_old_one),
	};
	return sim_main(tests, COUNT(tests));
}
