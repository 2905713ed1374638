/*
 * table_names_test.c - lists of names and addresses.
 */
#include "table_world.h"

static struct table_names names;

static enum rc
open_list(const char *text, unsigned flags)
{
	log_init(&tw.log, SPAN("postern/test"));
	arena_init(&tw.arena, tw.room, sizeof(tw.room));
	tw.env = (struct table_env){ .arena = &tw.arena, .log = &tw.log };
	return table_names_open(&names, &tw.env, "x_list", span_of(text),
		flags);
}

static void
list(const char *text, unsigned flags)
{
	assert_int_equal(open_list(text, flags), RC_OK);
}

/* "name" or "name 192.0.2.1"; `-` stands for no name. */
static enum rc
has(const char *text)
{
	struct span rest = span_of(text), name, addr;
	struct ip ip;

	assert_true(span_word(&rest, " ", &name));
	if (span_is(name, "-"))
		name.n = 0;
	if (!span_word(&rest, " ", &addr))
		return table_names_has(&names, name, NULL);
	assert_true(ip_parse(addr, &ip));
	return table_names_has(&names, name, &ip);
}

#define YES(text)	assert_int_equal(has(text), RC_OK)
#define NO(text)	assert_int_equal(has(text), RC_NONE)

static void
unknown(const char *text)
{
	enum rc rc = has(text);

	assert_true(rc == RC_OS || rc == RC_WIRE);
}

SIM_TEST(words_are_compared_without_case)
{
	list("plain, LOGIN\tcram-md5", 0);
	YES("PLAIN");
	YES("login");
	YES("CRAM-MD5");
	NO("xoauth2");
	NO("plai");
	NO("plain.x");
	list("", 0);
	NO("plain");
}

SIM_TEST(first_match_decides_and_an_exclamation_mark_is_no)
{
	list("!a.example, !!b.example .example", TABLE_LIST_DOMAIN);
	NO("a.example");
	YES("b.example");
	YES("c.example");
	NO("example");
	list("x !x", 0);
	YES("x");
	list("!x x", 0);
	NO("x");
}

SIM_TEST(parents_match_in_the_form_that_the_list_has)
{
	list(".a.example b.example", TABLE_LIST_DOMAIN);
	YES("x.a.example");
	YES("x.y.A.example");
	NO("a.example");
	NO("xa.example");
	YES("b.example");
	NO("x.b.example");
	list(".a.example b.example", TABLE_LIST_PARENT);
	NO("x.a.example");
	YES("b.example");
	YES("x.b.example");
	NO("xb.example");
	list(".a.example", 0);
	NO("x.a.example");
}

SIM_TEST(addresses_and_networks_match)
{
	list("192.0.2.1, 198.51.100.0/24 [2001:db8::]/32 fe80::1",
	    TABLE_LIST_ADDRESS);
	YES("- 192.0.2.1");
	NO("- 192.0.2.2");
	YES("host 198.51.100.77");
	NO("- 198.51.101.1");
	YES("- 2001:db8:1::1");
	NO("- 2001:db9::1");
	YES("- fe80::1");
	NO("-");
	list("192.0.2.0/23 host", TABLE_LIST_ADDRESS | TABLE_LIST_DOMAIN);
	YES("- 192.0.3.1");
	YES("host 192.0.4.1");
	NO("other 192.0.4.1");
}

SIM_TEST(host_bits_match_nothing)
{
	list("192.0.2.1/24", TABLE_LIST_ADDRESS);
	NO("- 192.0.2.1");
}

SIM_TEST(files_hold_words)
{
	sim_file("/f", "# comment\na b,\n  c\n!d /g\ninline:{k=v}\n");
	sim_file("/g", "e\n");
	list("/f !x", 0);
	YES("a");
	YES("b");
	YES("c");
	NO("d");
	YES("e");
	YES("k");
	NO("x");
	list("!/f a e", 0);
	NO("a");
	NO("e");
	YES("d");
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(file_that_cannot_be_read_leaves_it_open)
{
	list("a /none b", 0);
	YES("a");
	unknown("b");
	unknown("c");
	says("x_list: /none: No such file or directory");
	sim_file("/g", "d\ne\n");
	sim_file_broken("/g", 2);
	list("/g", 0);
	unknown("f");
}

SIM_TEST(file_that_names_itself_ends)
{
	sim_file("/f", "a /f /f b\n");
	list("/f", 0);
	YES("a");
	unknown("b");
	assert_int_equal(sim_open_fds(), 0);
}

SIM_TEST(tables_have_keys)
{
	sim_file("/r", "/^x.*example$/ y\n");
	list("inline:{a=1,{.b=2}, 192.0.2.1=3} !static:x",
	    TABLE_LIST_DOMAIN);
	YES("A");
	YES("x.y.b");
	NO("b");
	YES("- 192.0.2.1");
	list("inline:{{b=2}}", TABLE_LIST_PARENT);
	YES("x.y.b");
	YES("b");
	NO("xb");
	list("inline:{{.b=2}}", 0);
	NO("x.b");
	list("regexp:/r", TABLE_LIST_DOMAIN);
	YES("x.example");
	NO("a.x.example");
	table_names_close(&names);
	list("fail:x a", 0);
	unknown("a");
	list("nonsense:x a", 0);
	unknown("a");
	assert_int_equal(open_list("nonsense: a", 0), RC_DENY);
}

SIM_TEST(value_of_any_length_is_a_key_that_is_there)
{
	static char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "k ", 2);
	sim_file("/t", text);
	list("texthash:/t", 0);
	YES("k");
	table_names_close(&names);
	list("inline:{k=}", 0);
	YES("k");
}

SIM_TEST(arena_that_is_full_is_said)
{
	static char text[70000];
	size_t n = 0;

	while (n < sizeof(text) - 8)
		n += (size_t)snprintf(text + n, 8, "w ");
	assert_int_equal(open_list(text, 0), RC_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(words_are_compared_without_case),
		SIM_RUN(first_match_decides_and_an_exclamation_mark_is_no),
		SIM_RUN(parents_match_in_the_form_that_the_list_has),
		SIM_RUN(addresses_and_networks_match),
		SIM_RUN(host_bits_match_nothing),
		SIM_RUN(files_hold_words),
		SIM_RUN(file_that_cannot_be_read_leaves_it_open),
		SIM_RUN(file_that_names_itself_ends),
		SIM_RUN(tables_have_keys),
		SIM_RUN(value_of_any_length_is_a_key_that_is_there),
		SIM_RUN(arena_that_is_full_is_said),
	};
	return sim_main(tests, COUNT(tests));
}
