/*
 * table_regexp_test.c - rules of regular expressions.
 */
#include "table_world.h"

static void
rules(const char *text)
{
	sim_file("/r", text);
	tables("regexp:/r");
}

TABLE_TEST(first_pattern_that_fits_decides)
{
	rules("# comment\n"
	    "/^one@old\\.example$/ first\n"
	    "/^ONE@/ second\n"
	    "/^t/\n\tthird\n"
	    "/two/ fourth\n");
	FINDS("one@old.example", "first");
	FINDS("oNe@OLD.example", "first");
	FINDS("one@other", "second");
	FINDS("two", "third");
	FINDS("atwo", "fourth");
	FINDS("none", "-");
	FINDS("", "-");
	says_nothing();
}

TABLE_TEST(any_character_divides_and_may_be_quoted)
{
	rules("|^a| 1\n/^b\\/c/ 2\n,^d,\t3\n");
	FINDS("a", "1");
	FINDS("b/c", "2");
	FINDS("d", "3");
	FINDS("b\\/c", "-");
}

TABLE_TEST(flags_switch)
{
	rules("/^one/i small\n/^ONE/i big\n/^one/ mixed\n"
	    "/^a+$/x plus\n/^\\(b\\)\\{2\\}/x group-$1\n"
	    "/^c.*^d/m lines\n/^c.*d/ line\n/^E/iixx e\n");
	FINDS("one", "small");
	FINDS("ONE", "big");
	FINDS("One", "mixed");
	FINDS("a+", "plus");
	FINDS("aa", "-");
	FINDS("bb", "group-b");
	FINDS("c\nd", "line");
	FINDS("c1\n2d", "line");
	FINDS("e", "e");
}

TABLE_TEST(newline_is_matched_as_any_octet_but_with_m)
{
	rules("/^a.b$/ dot\n/^c$/m line\n/^d.e/m never\n");
	FINDS("a\nb", "dot");
	FINDS("x\nc\ny", "line");
	FINDS("d\ne", "-");
}

TABLE_TEST(groups_go_into_the_result)
{
	rules("/^a(.)(.)?(x)?/ $1-${2}$(3)-$$1-$2,.\n"
	    "/^(b)(((c)))/ $01$4${2}x\n");
	FINDS("ab", "b--$1-,.");
	FINDS("abC", "b-C-$1-C,.");
	FINDS("abcx", "b-cx-$1-c,.");
	FINDS("bc", "bccx");
	says_nothing();
}

TABLE_TEST(results_that_make_no_sense_leave_the_rule_out)
{
	rules("/^(one)/ $1x\n"
	    "/^one/ next-$1\n"
	    "/^(one)/ $0\n"
	    "/^(one)/ ${1\n"
	    "/^(one)/ $\n"
	    "/^(one)/ $-1\n"
	    "/^(one)/ $99999999999999999999\n"
	    "!/^(two)/ not-$1\n"
	    "/^one/ $$1\n");
	FINDS("one", "$1");
	says("line 1 is left out");
	says("line 2 is left out: the result wants a group that the pattern "
	    "lacks");
	for (int i = 3; i < 9; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d is left out", i);
		says(line);
	}
}

TABLE_TEST(exclamation_mark_turns_a_pattern_round)
{
	rules("!/@old$/ outside\n! /^a/ not-a$$\n!!/^ab/ twice\n");
	FINDS("a@old", "-");
	FINDS("b@old", "not-a$");
	FINDS("a@other", "outside");
	FINDS("ab@old", "twice");
}

TABLE_TEST(rules_between_if_and_endif_hold_inside)
{
	rules("if /@old$/\n"
	    "/^one@/ one\n"
	    "if !/^two@/\n"
	    "/^t/ t\n"
	    "endif\n"
	    "/^two@/ two\n"
	    "ENDIF\n"
	    "/^one@/ one-else\n"
	    "if/^never/\n"
	    "if /./\n"
	    "/./ never\n"
	    "endif\n"
	    "/./ never\n"
	    "endif\n"
	    "/^last/ last\n");
	FINDS("one@old", "one");
	FINDS("two@old", "two");
	FINDS("three@old", "t");
	FINDS("four@old", "-");
	FINDS("one@other", "one-else");
	FINDS("two@other", "-");
	FINDS("last", "last");
	FINDS("never", "never");
	says_nothing();
}

TABLE_TEST(if_without_endif_reaches_to_the_end)
{
	rules("if /^one/\n/./ inside\n");
	FINDS("one", "inside");
	FINDS("two", "-");
	says("an if without endif");
}

TABLE_TEST(broken_if_and_endif_are_left_out)
{
	rules("endif\nif /(/\n/a/ a\nendif\nif /x/\nif /[/\n/y/ y\nendif\n"
	    "/z/ z\n");
	FINDS("a", "a");
	FINDS("xy", "y");
	FINDS("z", "z");
	says("line 1 is left out: endif without if");
	says("line 2 is left out");
	says("line 4 is left out");
	says("line 6 is left out");
}

TABLE_TEST(broken_lines_are_left_out_and_told_once)
{
	size_t said;

	rules("  /a/ indented\n"
	    "/^(one@/ broken\n"
	    "^one@ nodelimiter\n"
	    "/^[one@/ broken\n"
	    "/^one@/q flag\n"
	    "one /one/ word\n"
	    "!\n"
	    "/one@\\/ broken\n"
	    "/^one@/ good\n");
	FINDS("one@old", "good");
	for (int i = 1; i < 9; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d is left out", i);
		says(line);
	}
	said = strlen(sim_err());
	FINDS("one@old", "good");
	assert_int_equal(strlen(sim_err()), said);
}

TABLE_TEST(back_reference_is_one_in_extended_expressions_too)
{
	rules("/(a|b)\\1/ back-$1\n/[\\1]x/ set\n/\\\\1w/ backslash\n"
	    "/\\(d\\)\\1/x basic\n/(e)\\2/ none\n");
	FINDS("cbb", "back-b");
	FINDS("a1", "-");
	FINDS("1x", "set");
	FINDS("\\1w", "backslash");
	FINDS("dd", "basic");
	says("line 5 is left out: the pattern refers to a group");
}

TABLE_TEST(what_takes_too_long_to_find_out_is_a_failure)
{
	rules("/^(.*)*(.*)*(.*)*\\1x$/ found\n");
	FINDS("aax", "found");
	FINDS("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "?");
	says("too many ways");
}

TABLE_TEST(patterns_work_on_octets)
{
	rules("/^j\xc3\xb6rg@/ joerg\n/^.@/ one octet\n");
	FINDS("j\xc3\xb6rg@x", "joerg");
	FINDS("\xc3\xb6@x", "-");
	FINDS("\xff@x", "one octet");
}

TABLE_TEST(pattern_without_result_is_a_failure)
{
	rules("/^127/\n/./ dsn\n");
	FINDS("127.0.0.1", "?");
	FINDS("x", "dsn");
	says("the value is empty");
}

TABLE_TEST(tables_of_patterns_are_left_out_for_parts_of_names)
{
	sim_file("/r", "/./ pattern\n");
	tables("regexp:/r, inline:{a=b}");
	FINDS("a", "pattern");
	assert_string_equal(look_up_kinds(SPAN("a"), TABLE_FIXED), "b");
	assert_string_equal(look_up_kinds(SPAN("b"), TABLE_FIXED), "-");
	assert_string_equal(look_up_kinds(SPAN("b"), TABLE_PATTERN),
	    "pattern");
}

TABLE_TEST(rules_may_stand_in_the_setting)
{
	tables("regexp:{{/^a(.)/ x$1}, { !/b/ not b },{if /b/} {/c/ c}}");
	FINDS("ab", "xb");
	FINDS("z", "not b");
	FINDS("bc", "c");
	tables("regexp:{/a/ b}");
	FINDS("a", "?");
	tables("regexp:{{/a/ b}");
	FINDS("a", "?");
	tables("regexp:{}");
	FINDS("a", "-");
}

/* Of five thousand words of patterns each, none is kept twice. */
TABLE_TEST(patterns_without_room_are_compiled_each_time)
{
	static char text[8192];
	size_t n = 0;

	for (int i = 0; i < 200; i++)
		n += (size_t)snprintf(text + n, 40,
		    "/^k%d(.)(z{99})?$/ v%d$1\n", i, i);
	rules(text);
	for (int round = 0; round < 2; round++) {
		FINDS("k0x", "v0x");
		FINDS("k47x", "v47x");
		FINDS("k199x", "v199x");
		FINDS("k200x", "-");
	}
	says_nothing();
}

TABLE_TEST(pattern_that_is_too_large_is_left_out)
{
	rules("/(a{250}){250}/ large\n/b/ b\n");
	FINDS("b", "b");
	says("line 1 is left out: the pattern is too large");
}

TABLE_TEST(long_keys_are_looked_at_whole)
{
	static char key[50000];
	struct span k = { key, sizeof(key) };

	rules("/^x*y$/ found\n");
	memset(key, 'x', sizeof(key));
	key[sizeof(key) - 1] = 'y';
	assert_string_equal(look_up_kinds(k, TABLE_ANY), "found");
	FINDS("xx", "-");
	k.n--;
	assert_string_equal(look_up_kinds(k, TABLE_ANY), "-");
}

TABLE_TEST(octet_of_zero_is_one_like_others)
{
	rules("/^a.b$/ found\n");
	assert_string_equal(look_up_kinds(SPAN("a\0b"), TABLE_ANY), "found");
	assert_string_equal(look_up_kinds(SPAN("a\0"), TABLE_ANY), "-");
}

TABLE_TEST(table_without_memory_for_patterns_fails)
{
	sim_memory_limit(1000);
	rules("/a/ a\n");
	FINDS("a", "?");
	says("no memory for its rules");
	sim_memory_limit(SIZE_MAX);
	FINDS("a", "a");
}

TABLE_TEST(rules_are_bounded)
{
	static char text[33000 * 4];

	for (size_t i = 0; i < 33000; i++)
		memcpy(text + i * 4, "/a/\n", 4);
	text[sizeof(text) - 1] = '\0';
	rules(text);
	FINDS("bb", "?");
	says("line 32769 is left out: too many rules");
}

TABLE_TEST(edited_rules_are_read_anew)
{
	rules("/a/ 1\n/b/ 2\n");
	sim_file_mtime("/r", SIM_WALL - 100);
	tables("regexp:/r");
	FINDS("b", "2");
	sim_file("/r", "/(/ 0\n/b/ 3\n/c/ 4\n/d/ 5\n");
	FINDS("b", "3");
	FINDS("d", "5");
	says("line 1 is left out");
	sim_file("/r", "/b/ 6\n");
	FINDS("b", "6");
	FINDS("d", "-");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(first_pattern_that_fits_decides),
		SIM_RUN(any_character_divides_and_may_be_quoted),
		SIM_RUN(flags_switch),
		SIM_RUN(newline_is_matched_as_any_octet_but_with_m),
		SIM_RUN(groups_go_into_the_result),
		SIM_RUN(results_that_make_no_sense_leave_the_rule_out),
		SIM_RUN(exclamation_mark_turns_a_pattern_round),
		SIM_RUN(rules_between_if_and_endif_hold_inside),
		SIM_RUN(if_without_endif_reaches_to_the_end),
		SIM_RUN(broken_if_and_endif_are_left_out),
		SIM_RUN(broken_lines_are_left_out_and_told_once),
		SIM_RUN(back_reference_is_one_in_extended_expressions_too),
		SIM_RUN(what_takes_too_long_to_find_out_is_a_failure),
		SIM_RUN(patterns_work_on_octets),
		SIM_RUN(pattern_without_result_is_a_failure),
		SIM_RUN(tables_of_patterns_are_left_out_for_parts_of_names),
		SIM_RUN(rules_may_stand_in_the_setting),
		SIM_RUN(patterns_without_room_are_compiled_each_time),
		SIM_RUN(pattern_that_is_too_large_is_left_out),
		SIM_RUN(long_keys_are_looked_at_whole),
		SIM_RUN(octet_of_zero_is_one_like_others),
		SIM_RUN(table_without_memory_for_patterns_fails),
		SIM_RUN(rules_are_bounded),
		SIM_RUN(edited_rules_are_read_anew),
	};
	return sim_main(tests, COUNT(tests));
}
