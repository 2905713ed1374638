/*
 * table_many_test.c - several tables: lists, unions, pipes; and ranges of
 * addresses.
 */
#include "table_world.h"

TABLE_TEST(tables_are_asked_in_their_order)
{
	tables("inline:{a=1}, inline:{a=2,b=2} static:3");
	FINDS("a", "1");
	FINDS("b", "2");
	FINDS("c", "3");
	tables("");
	FINDS("a", "-");
	tables("static:x, fail:y");
	FINDS("a", "x");
	tables("inline:{a=1}, fail:y, static:z");
	FINDS("a", "1");
	FINDS("b", "?");
}

TABLE_TEST(unknown_type_is_told_once_and_fails)
{
	size_t said;

	tables("nonsense:/x");
	says("x_maps: nonsense:/x: there is no such type of table here");
	said = strlen(sim_err());
	FINDS("a", "?");
	assert_true(strlen(sim_err()) > said);
	tables("pcre:/x");
	FINDS("a", "?");
	tables("nis:aliases");
	FINDS("a", "?");
}

TABLE_TEST(word_without_a_type_is_refused)
{
	assert_int_equal(tables_flags("/etc/x", 0), RC_DENY);
	says("x_maps: /etc/x: this is not of the form type:name");
	assert_int_equal(tables_flags("static:", 0), RC_DENY);
	assert_int_equal(tables_flags("inline:{a=b} proxy:x", 0), RC_DENY);
}

TABLE_TEST(proxy_in_front_is_dropped)
{
	tables("proxy:inline:{a=1} proxy:proxy:static:b");
	FINDS("a", "1");
	FINDS("c", "b");
	says_nothing();
}

TABLE_TEST(union_joins_what_its_members_find)
{
	tables("unionmap:{inline:{a=1}, inline:{b=2},static:{3 4}}");
	FINDS("a", "1,3 4");
	FINDS("c", "3 4");
	tables("unionmap:{inline:{a=1} inline:{b=2}}");
	FINDS("c", "-");
	tables("unionmap:{inline:{a=} inline:{b=2} static:{}}");
	FINDS("a", "-");
	FINDS("b", "2");
	tables("unionmap:{static:1, fail:x}");
	FINDS("a", "?");
	tables("unionmap:{fail:x, static:1}");
	FINDS("a", "?");
	tables("unionmap:{}");
	FINDS("a", "?");
	tables("unionmap:{{static:a}}");
	FINDS("a", "?");
}

TABLE_TEST(pipe_hands_on_what_it_finds)
{
	tables("pipemap:{inline:{a=B}, inline:{b=c,d=e}}");
	FINDS("a", "c");
	FINDS("d", "-");
	FINDS("b", "-");
	tables("pipemap:{inline:{a=b}, fail:x}");
	FINDS("a", "?");
	FINDS("c", "-");
	tables("pipemap:{}");
	FINDS("a", "?");
}

TABLE_TEST(rand_takes_one_of_several)
{
	unsigned seen = 0;

	tables("randmap:{a b,{c d}}");
	for (int i = 0; i < 200; i++) {
		const char *v = look_up("x");

		seen |= strcmp(v, "a") == 0 ? 1 : strcmp(v, "b") == 0 ? 2 :
			strcmp(v, "{c d}") == 0 ? 4 : 8;
	}
	assert_int_equal(seen, 7);
	tables("randmap:{}");
	FINDS("x", "?");
}

TABLE_TEST(nesting_is_bounded)
{
	tables("unionmap:{pipemap:{unionmap:{static:a}}}");
	FINDS("x", "a");
	tables("unionmap:{unionmap:{unionmap:{unionmap:{unionmap:{"
	    "static:a}}}}}");
	FINDS("x", "?");
	says("tables inside tables");
}

TABLE_TEST(union_with_patterns_is_one_of_patterns)
{
	tables("unionmap:{static:a, regexp:{{/./ b}}} unionmap:{static:c}");
	assert_string_equal(look_up_kinds(SPAN("x"), TABLE_FIXED), "c");
	FINDS("x", "a,b");
}

TABLE_TEST(value_goes_into_the_room_that_there_is)
{
	char room[4];
	struct buf b = BUF(room);

	tables("inline:{a=123,b=1234}, unionmap:{static:12,static:4}");
	assert_int_equal(table_find(&tw.list, SPAN("a"), TABLE_ANY, &b),
	    RC_OK);
	assert_string_equal(buf_text(&b), "123");
	buf_clear(&b);
	assert_int_equal(table_find(&tw.list, SPAN("b"), TABLE_ANY, &b),
	    RC_FULL);
	assert_int_equal(b.n, 0);
	assert_int_equal(table_find(&tw.list, SPAN("c"), TABLE_ANY, &b),
	    RC_FULL);
	assert_int_equal(b.n, 0);
	assert_false(b.full);
}

static void
ranges(const char *text)
{
	sim_file("/c", text);
	tables("cidr:/c");
}

TABLE_TEST(first_range_that_holds_an_address_decides)
{
	ranges("# comment\n127.0.0.3 one\n127.0.0.0/24\n  net\n"
	    "127.0.0.2 late\n128.0.0.0/1 high\n10.0.0.0/8 ten  ten\n");
	FINDS("127.0.0.3", "one");
	FINDS("127.0.0.2", "net");
	FINDS("127.0.1.2", "-");
	FINDS("255.1.1.1", "high");
	FINDS("10.255.0.1", "ten  ten");
	FINDS("host", "-");
	FINDS("[10.0.0.1]", "-");
	FINDS("", "-");
	says_nothing();
}

TABLE_TEST(families_are_apart)
{
	ranges("0.0.0.0/0 four\n!fd00::/64 not64\nFD00:0:0:0::0002/128 two\n"
	    "::/0 six\n");
	FINDS("1.2.3.4", "four");
	FINDS("fd00::2", "two");
	FINDS("fd00::3", "six");
	FINDS("fd00:1::", "not64");
}

TABLE_TEST(brackets_are_allowed_around_addresses)
{
	ranges("[fd00::2] a\n[fd00::]/64 b\n[fd01::/64] c\n"
	    "[1.2.3.0]/24 d\n");
	FINDS("fd00::2", "a");
	FINDS("fd00::3", "b");
	FINDS("fd01::3", "c");
	FINDS("1.2.3.9", "d");
}

TABLE_TEST(ranges_that_make_no_sense_are_left_out)
{
	ranges("127.0.0.2/24 a\n127.0.0.0/33 a\n127.0.0.300 a\nhost a\n"
	    "127.0.0.0/24\n127.0.0.0/ a\n010.0.0.1 a\nfe80::1%eth0 a\n"
	    "endif\n127.0.0.128/25x a\n127.0.0.0/25 good\n");
	FINDS("127.0.0.2", "good");
	for (int i = 1; i < 11; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d is left out", i);
		says(line);
	}
	assert_null(strstr(sim_err(), "line 11"));
}

TABLE_TEST(ranges_hold_inside_if)
{
	ranges("!1.2.3.5 not5\nif 10.0.0.0/8\n10.1.0.0/16 one\n"
	    "if !10.2.0.0/16\n10.0.0.0/8 other\nendif\nendif\n");
	FINDS("10.1.2.3", "not5");
	ranges("if 10.0.0.0/8\n10.1.0.0/16 one\n"
	    "if !10.2.0.0/16\n10.0.0.0/8 other\nendif\nendif\n"
	    "10.0.0.0/8 rest\n");
	FINDS("10.1.2.3", "one");
	FINDS("10.2.2.3", "rest");
	FINDS("10.3.2.3", "other");
	FINDS("11.0.0.1", "-");
	tables("cidr:{{ 10.0.0.0/8 x }, {if ::/0} {::1 y} {endif}}");
	FINDS("10.2.2.3", "x");
	FINDS("::1", "y");
	FINDS("::2", "-");
}

/* A table that can't be asked is never taken for one without the key. */
TABLE_TEST(failure_of_the_system_is_never_a_miss)
{
	sim_file("/t", "a b\n");
	sim_file("/r", "/a/ b\n");
	sim_file("/c", "1.2.3.4 b\n");
	for (unsigned n = 1; n < 40; n++) {
		uint64_t base;

		tables("texthash:/t, regexp:/r cidr:/c");
		base = sim_fallible();
		sim_fail_at(base + n);
		if (strcmp(look_up("1.2.3.5"), "?") != 0) {
			assert_true(sim_fallible() < base + n);
			assert_true(n > 6);
			return;
		}
	}
	fail();
}

TABLE_TEST(failure_while_opening_is_a_failure_of_lookups)
{
	sim_file("/t", "a b\n");
	sim_file("/t.cdb", "");
	for (unsigned n = 1; n < 10; n++) {
		uint64_t base = sim_fallible();

		sim_fail_at(base + n);
		tables("hash:/t");
		if (sim_fallible() < base + n) {
			assert_true(n > 3);
			return;
		}
		assert_true(strcmp(look_up("x"), "?") == 0 ||
		    strcmp(look_up("a"), "b") == 0);
	}
	fail();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(tables_are_asked_in_their_order),
		SIM_RUN(unknown_type_is_told_once_and_fails),
		SIM_RUN(word_without_a_type_is_refused),
		SIM_RUN(proxy_in_front_is_dropped),
		SIM_RUN(union_joins_what_its_members_find),
		SIM_RUN(pipe_hands_on_what_it_finds),
		SIM_RUN(rand_takes_one_of_several),
		SIM_RUN(nesting_is_bounded),
		SIM_RUN(union_with_patterns_is_one_of_patterns),
		SIM_RUN(value_goes_into_the_room_that_there_is),
		SIM_RUN(first_range_that_holds_an_address_decides),
		SIM_RUN(families_are_apart),
		SIM_RUN(brackets_are_allowed_around_addresses),
		SIM_RUN(ranges_that_make_no_sense_are_left_out),
		SIM_RUN(ranges_hold_inside_if),
		SIM_RUN(failure_of_the_system_is_never_a_miss),
		SIM_RUN(failure_while_opening_is_a_failure_of_lookups),
	};
	return sim_main(tests, COUNT(tests));
}
