/*
 * mail_map_test.c - by which of its forms a table knows an address.
 */
#include "mail_world.h"

/* The value, `-` or `?`, and behind it the extension that was left out. */
static const char *
find(const char *addr)
{
	static char room[TABLE_VALUE_MAX];
	struct buf b = BUF(room);
	struct span ext;
	enum rc rc = mail_map_find(&mw.map, span_of(addr), &b, &ext);

	if (rc != RC_OK)
		return rc == RC_NONE ? "-" : "?";
	if (ext.n > 0)
		buf_fmt(&b, " %.*s", SPAN_ARG(ext));
	return buf_text(&b);
}

#define FINDS(addr, want)	assert_string_equal(find(addr), (want))

MAIL_TEST(whole_address_comes_before_its_parts)
{
	mw.map.delimiters = SPAN("+");
	generic("inline:{u+x@here.example=1, u@here.example=2, u+x=3, u=4, "
	    "@here.example=5}");
	FINDS("u+x@here.example", "1");
	generic("inline:{u@here.example=2, u+x=3, u=4, @here.example=5}");
	FINDS("u+x@here.example", "2 +x");
	generic("inline:{u+x=3, u=4, @here.example=5}");
	FINDS("u+x@here.example", "3");
	generic("inline:{u=4, @here.example=5}");
	FINDS("u+x@here.example", "4 +x");
	generic("inline:{@here.example=5}");
	FINDS("u+x@here.example", "5");
	generic("inline:{here.example=6}");
	FINDS("u+x@here.example", "-");
}

MAIL_TEST(local_part_alone_is_a_key_for_our_own_addresses)
{
	struct table_names local;

	generic("inline:{u=4}");
	FINDS("u@here.example", "4");
	FINDS("u@HERE.example", "4");
	FINDS("u@there.example", "-");
	FINDS("u", "4");
	assert_int_equal(table_names_open(&local, &mw.env, "mydestination",
	    SPAN("there.example"), 0), RC_OK);
	mw.map.local = &local;
	FINDS("u@there.example", "4");
	FINDS("u@elsewhere.example", "-");
	table_names_close(&local);
}

MAIL_TEST(list_of_our_domains_that_cannot_tell_is_an_error)
{
	struct table_names local;

	generic("inline:{u=4}");
	assert_int_equal(table_names_open(&local, &mw.env, "mydestination",
	    SPAN("fail:always"), 0), RC_OK);
	mw.map.local = &local;
	FINDS("u@there.example", "?");
	FINDS("u@here.example", "4");
	table_names_close(&local);
}

MAIL_TEST(patterns_see_the_whole_address_alone)
{
	char room[100];

	patterns(&mw.generic, "/map", "/^(.*)$/ saw-$1\n");
	FINDS("u+x@here.example", "saw-u+x@here.example");
	patterns(&mw.generic, "/map", "/^u$/ no\n/^@/ no\n/^u@here/ no\n");
	mw.map.delimiters = SPAN("+");
	FINDS("u+x@here.example", "-");
	strcpy(room, find(""));
	assert_string_equal(room, "-");
}

MAIL_TEST(address_is_tried_quoted_and_as_it_is)
{
	generic("inline:{{\"a b\"@c=1}}");
	FINDS("a b@c", "1");
	sim_file("/map", "a:b@c 2\n");
	generic("texthash:/map");
	FINDS("a:b@c", "2");
}

MAIL_TEST(null_address_is_no_key)
{
	generic("static:x");
	FINDS("", "-");
	FINDS("a@", "-");
	FINDS("a@b@", "-");
}

MAIL_TEST(table_that_cannot_tell_is_not_one_that_lacks_the_key)
{
	generic("fail:always");
	FINDS("a@b", "?");
	generic("inline:{a@b=1}, fail:always");
	FINDS("a@b", "1");
	FINDS("x@y", "?");
}

MAIL_TEST(address_too_long_for_a_key_is_not_there)
{
	static char addr[5000];

	memset(addr, 'x', sizeof(addr) - 1);
	generic("inline:{a=1}");
	FINDS(addr, "-");
}

static void
expect_split(const char *local, const char *delimiters, const char *ext)
{
	assert_true(span_is(mail_map_split(span_of(local),
	    span_of(delimiters)), ext));
}

MAIL_TEST(extension_begins_at_the_first_delimiter)
{
	expect_split("user+a+b", "+", "+a+b");
	expect_split("user-a+b", "+-", "-a+b");
	expect_split("user", "+", "");
	expect_split("user+", "+", "+");
	expect_split("+user", "+", "");
	expect_split("user+a", "", "");
	expect_split("", "+", "");
}

MAIL_TEST(names_that_mail_needs_have_no_extension)
{
	expect_split("MAILER-DAEMON", "-", "");
	expect_split("double-bounce", "-", "");
	expect_split("owner-list", "-", "");
	expect_split("list-request", "-", "");
	expect_split("owner+list", "+", "+list");
	expect_split("list-requests", "-", "-requests");
	expect_split("request", "-", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(whole_address_comes_before_its_parts),
		SIM_RUN(local_part_alone_is_a_key_for_our_own_addresses),
		SIM_RUN(list_of_our_domains_that_cannot_tell_is_an_error),
		SIM_RUN(patterns_see_the_whole_address_alone),
		SIM_RUN(address_is_tried_quoted_and_as_it_is),
		SIM_RUN(null_address_is_no_key),
		SIM_RUN(table_that_cannot_tell_is_not_one_that_lacks_the_key),
		SIM_RUN(address_too_long_for_a_key_is_not_there),
		SIM_RUN(extension_begins_at_the_first_delimiter),
		SIM_RUN(names_that_mail_needs_have_no_extension),
	};

	return sim_main(tests, COUNT(tests));
}
