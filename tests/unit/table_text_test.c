/*
 * table_text_test.c - tables that are text, and what stands for one.
 */
#include "table_world.h"

TABLE_TEST(static_has_one_answer)
{
	tables("static:a");
	FINDS("x", "a");
	tables("static:{ a b }");
	FINDS("", "a b");
	tables("static:{a b}, static:c");
	FINDS("x", "a b");
	says_nothing();
}

TABLE_TEST(braces_that_do_not_match_make_a_table_fail)
{
	tables("static:{a}b");
	FINDS("x", "?");
	tables("inline:{a=b}b");
	FINDS("a", "?");
	tables("inline:{{a=b}b}");
	FINDS("a", "?");
	tables("unionmap:static:a");
	FINDS("a", "?");
}

TABLE_TEST(inline_takes_pairs_with_and_without_braces)
{
	tables("inline:{a=b, { c = d e } {F=G}, \"x\"=q {\"y z\" = q=r}}");
	FINDS("a", "b");
	FINDS("A", "b");
	FINDS("c", "d e");
	FINDS("f", "G");
	FINDS("x", "-");
	FINDS("\"x\"", "q");
	FINDS("\"y z\"", "q=r");
	says_nothing();
	tables("inline:{a={b c}}");
	FINDS("a", "{b c}");
}

TABLE_TEST(inline_keeps_the_last_of_two)
{
	tables("inline:{a=b, A=c}");
	FINDS("a", "c");
}

TABLE_TEST(inline_that_cannot_be_read_fails)
{
	static const char *const bad[] = {
		"inline:{}", "inline:a=b", "inline:{ a = b }", "inline:{x}",
		"inline:{{a b=c}}", "inline:{a=b"
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		tables(bad[i]);
		FINDS("a", "?");
	}
}

TABLE_TEST(empty_value_is_a_failure)
{
	tables("inline:{a=}, static:b");
	FINDS("a", "?");
	says("the value is empty");
	FINDS("b", "b");
}

TABLE_TEST(texthash_reads_keys_and_values)
{
	sim_file("/t", "# comment\n"
	    "Key1  v1  with  blanks \n"
	    "key2\n"
	    "\tv2\n"
	    " # comment inside\n"
	    "\n"
	    "  more\n"
	    "\"a b\"@x v3\r\n"
	    "#key4 v4\n"
	    "key5\tv5");
	tables("texthash:/t");
	FINDS("key1", "v1  with  blanks");
	FINDS("KEY1", "v1  with  blanks");
	FINDS("key2", "v2  more");
	FINDS("\"a b\"@x", "v3");
	FINDS("a b@x", "-");
	FINDS("key4", "-");
	FINDS("#key4", "-");
	FINDS("key5", "v5");
	FINDS("", "-");
	says_nothing();
}

TABLE_TEST(case_counts_where_the_setting_says_so)
{
	sim_file("/t", "Key v\n");
	assert_int_equal(tables_flags("texthash:/t, inline:{Kex=w}",
	    TABLE_KEEP_CASE), RC_OK);
	FINDS("Key", "v");
	FINDS("key", "-");
	FINDS("Kex", "w");
	FINDS("kex", "-");
}

TABLE_TEST(bad_lines_are_left_out_and_told_once)
{
	sim_file("/t", "  indented x\nonlykey\n\"open x\ngood g\n");
	tables("texthash:/t");
	FINDS("good", "g");
	FINDS("indented", "-");
	FINDS("onlykey", "-");
	assert_string_equal(sim_err(),
	    "postern/test[4711]: warning: x_maps: texthash:/t: line 1 is left "
	    "out: a blank at the beginning, and no line before to continue\n"
	    "postern/test[4711]: warning: x_maps: texthash:/t: line 2 is left "
	    "out: a key without a value\n"
	    "postern/test[4711]: warning: x_maps: texthash:/t: line 3 is left "
	    "out: unbalanced '\"'\n");
}

TABLE_TEST(key_that_stands_twice_has_no_value)
{
	sim_file("/t", "a 1\nb 2\nA 1\n");
	tables("texthash:/t");
	FINDS("a", "?");
	says("line 3: has the key of line 1 once more");
	FINDS("b", "2");
}

TABLE_TEST(file_of_any_size_is_read_in_pieces)
{
	static char text[200000];
	char key[32];
	size_t n = 0;

	for (int i = 0; n < sizeof(text) - 64; i++)
		n += (size_t)snprintf(text + n, 64, "key%d value%d\n", i, i);
	sim_file_bytes("/t", text, n);
	tables("texthash:/t");
	for (int i = 0; i < 7000; i += 487) {
		char value[32];

		snprintf(key, sizeof(key), "key%d", i);
		snprintf(value, sizeof(value), "value%d", i);
		FINDS(key, value);
	}
	assert_int_equal(sim_memory_used(), 0);
}

TABLE_TEST(lines_of_any_length_fall_on_any_edge)
{
	static char text[4096];

	for (size_t pad = 900; pad < 1100; pad++) {
		memset(text, 'x', pad);
		strcpy(text + pad, " y\r\nk\r\n  v\r\n#\r\n w\r\nz z\r\n");
		sim_file("/t", text);
		tables("texthash:/t");
		FINDS("k", "v w");
		FINDS("z", "z");
	}
	says_nothing();
}

TABLE_TEST(value_that_is_too_long_is_full_and_never_cut)
{
	static char text[20000];

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "k ", 2);
	memcpy(text + 9000, "\nk2 v2\nk3 ", 10);
	sim_file("/t", text);
	tables("texthash:/t");
	FINDS("k", "full");
	FINDS("k2", "v2");
	FINDS("k3", "full");
	says("the value is too long");
}

TABLE_TEST(missing_file_is_logged_and_each_lookup_fails)
{
	tables("texthash:/none");
	assert_string_equal(sim_err(), "postern/test[4711]: warning: x_maps: "
	    "texthash:/none: No such file or directory\n");
	FINDS("a", "?");
	FINDS("a", "?");
}

TABLE_TEST(file_that_cannot_be_read_any_more_fails)
{
	sim_file("/t", "a b\nc d\n");
	tables("texthash:/t");
	sim_file_broken("/t", 4);
	FINDS("a", "?");
	FINDS("x", "?");
	says("cannot be read");
}

TABLE_TEST(folder_is_no_table)
{
	sim_folder("/t", true);
	tables("texthash:/t");
	FINDS("a", "?");
}

TABLE_TEST(change_in_place_is_seen_once_it_has_settled)
{
	sim_file("/t", "a 1\n");
	sim_file_mtime("/t", SIM_WALL - 100);
	tables("texthash:/t");
	FINDS("a", "1");
	sim_file("/t", "");
	sim_file_mtime("/t", SIM_WALL);
	FINDS("a", "?");
	says("is being changed");
	sim_file("/t", "a 2 new\n");
	sim_advance(3 * SECOND);
	FINDS("a", "2 new");
}

TABLE_TEST(environ_looks_for_folded_names)
{
	sim_env("abc", "1");
	sim_env("PATH", "2");
	tables("environ:x");
	FINDS("abc", "1");
	FINDS("ABC", "1");
	FINDS("PATH", "-");
	FINDS("nothing", "-");
	assert_int_equal(tables_flags("environ:x", TABLE_KEEP_CASE), RC_OK);
	FINDS("PATH", "2");
}

TABLE_TEST(fail_fails)
{
	tables("fail:x");
	FINDS("a", "?");
	says("x_maps: fail:x: fails, as it is meant to");
}

TABLE_TEST(alias_files_have_colons)
{
	sim_file("/a", "root: me\n\"c d\": e, f\nG :h\n\"i:\\\"j\": k\n\tl\n"
	    "q:\n: r\ns@t: u\nv\n\"w@x\": y\n");
	assert_int_equal(tables_flags("texthash:/a", TABLE_ALIASES), RC_OK);
	FINDS("root", "me");
	FINDS("c d", "e, f");
	FINDS("g", "h");
	FINDS("i:\"j", "k\tl");
	FINDS("q", "-");
	FINDS("s@t", "-");
	FINDS("v", "-");
	FINDS("w@x", "y");
	says("line 8 is left out: the name of an alias has no domain");
	says("line 9 is left out: it should read name: value");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(static_has_one_answer),
		SIM_RUN(braces_that_do_not_match_make_a_table_fail),
		SIM_RUN(inline_takes_pairs_with_and_without_braces),
		SIM_RUN(inline_keeps_the_last_of_two),
		SIM_RUN(inline_that_cannot_be_read_fails),
		SIM_RUN(empty_value_is_a_failure),
		SIM_RUN(texthash_reads_keys_and_values),
		SIM_RUN(case_counts_where_the_setting_says_so),
		SIM_RUN(bad_lines_are_left_out_and_told_once),
		SIM_RUN(key_that_stands_twice_has_no_value),
		SIM_RUN(file_of_any_size_is_read_in_pieces),
		SIM_RUN(lines_of_any_length_fall_on_any_edge),
		SIM_RUN(value_that_is_too_long_is_full_and_never_cut),
		SIM_RUN(missing_file_is_logged_and_each_lookup_fails),
		SIM_RUN(file_that_cannot_be_read_any_more_fails),
		SIM_RUN(folder_is_no_table),
		SIM_RUN(change_in_place_is_seen_once_it_has_settled),
		SIM_RUN(environ_looks_for_folded_names),
		SIM_RUN(fail_fails),
		SIM_RUN(alias_files_have_colons),
	};
	return sim_main(tests, COUNT(tests));
}
