/*
 * mail_addr_test.c - bare and quoted addresses.
 */
#include <string.h>

#include "../sim/sim.h"
#include "mail.h"

SIM_TEST(the_last_at_sign_divides)
{
	struct span a = SPAN("a@b@dest.example");

	assert_true(span_is(mail_addr_local(a), "a@b"));
	assert_true(span_is(mail_addr_domain(a), "dest.example"));
	assert_true(mail_addr_has_domain(a));
	assert_true(span_is(mail_addr_local(SPAN("postmaster")),
	    "postmaster"));
	assert_int_equal(mail_addr_domain(SPAN("postmaster")).n, 0);
	assert_false(mail_addr_has_domain(SPAN("postmaster")));
	assert_false(mail_addr_has_domain(SPAN("a@")));
	assert_int_equal(mail_addr_local(SPAN("@x")).n, 0);
	assert_false(mail_addr_has_domain(SPAN("")));
}

typedef void writer(struct buf *b, struct span addr);

static void
check_write(writer *write, struct span addr, const char *expected)
{
	char room[200];
	struct buf b = BUF(room);

	write(&b, addr);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), expected);
	if (b.n == 0)
		return;
	buf_init(&b, room, strlen(expected));
	write(&b, addr);
	assert_true(b.full);
	assert_int_equal(b.n, 0);
}

SIM_TEST(plain_local_parts_get_no_quotes)
{
	static const char *const plain[] = {
		"!#$%&'*+-/=?^_`{|}~@dest.example", "user+tag@dest.example",
		"a.b.c@dest.example", "user%other@dest.example",
		"UsEr@DeSt.ExAmPlE", "o'neil@dest.example", "postmaster",
		"jos\xc3\xa9@dest.example", "jos\xe9@dest.example",
		"user@[127.0.0.2]", "user@[IPv6:::1]", "user@de st.example",
		"user@a..example", "user@\"q\".example", "user@dest_x.example"
	};

	for (size_t i = 0; i < COUNT(plain); i++) {
		check_write(mail_addr_quote, span_of(plain[i]), plain[i]);
		check_write(mail_addr_show, span_of(plain[i]), plain[i]);
	}
}

SIM_TEST(odd_local_parts_get_quotes)
{
	static const char *const pairs[][2] = {
		{ "a b@x", "\"a b\"@x" },
		{ "a\"b@x", "\"a\\\"b\"@x" },
		{ "a\\b@x", "\"a\\\\b\"@x" },
		{ "a,b@x", "\"a,b\"@x" },
		{ ".dot@x", "\".dot\"@x" },
		{ "dot.@x", "\"dot.\"@x" },
		{ "two..dots@x", "\"two..dots\"@x" },
		{ "a@b@x", "\"a@b\"@x" },
		{ "<a>@x", "\"<a>\"@x" },
		{ "(a)@x", "\"(a)\"@x" },
		{ "a;b:c@x", "\"a;b:c\"@x" },
		{ "[a]@x", "\"[a]\"@x" },
		{ ".@x", "\".\"@x" },
		{ "\"q\"@x", "\"\\\"q\\\"\"@x" },
		{ "a\tb@x", "\"a\tb\"@x" },
		{ "a\177b@x", "\"a\177b\"@x" },
		{ "a\001b@x", "\"a\001b\"@x" },
		{ "jos\xc3\xa9 b@x", "\"jos\xc3\xa9 b\"@x" },
		{ "@x", "\"\"@x" },
		{ "two words", "\"two words\"" },
		{ "a@", "a@" },
	};

	for (size_t i = 0; i < COUNT(pairs); i++) {
		check_write(mail_addr_quote, span_of(pairs[i][0]),
		    pairs[i][1]);
		check_write(mail_addr_show, span_of(pairs[i][0]),
		    pairs[i][1]);
	}
}

SIM_TEST(the_null_sender_is_no_text_at_all)
{
	check_write(mail_addr_quote, SPAN(""), "");
	check_write(mail_addr_show, SPAN(""), "");
}

SIM_TEST(a_route_is_local_part_in_commands_only)
{
	struct span a = SPAN("@one.example,@two.example:user@dest.example");

	check_write(mail_addr_quote, a,
	    "\"@one.example,@two.example:user\"@dest.example");
	check_write(mail_addr_show, a,
	    "@one.example,@two.example:user@dest.example");
	check_write(mail_addr_show, SPAN("@one:a b@dest"),
	    "@one:\"a b\"@dest");
	check_write(mail_addr_show, SPAN("x@one:a@dest"), "\"x@one:a\"@dest");
}

SIM_TEST(addresses_that_could_end_a_command_are_unsafe)
{
	assert_true(mail_addr_is_safe(SPAN("a\tb\x01\x7f\xff@x")));
	assert_true(mail_addr_is_safe(SPAN("")));
	assert_false(mail_addr_is_safe(SPAN("a\rb@x")));
	assert_false(mail_addr_is_safe(SPAN("a@x\n")));
	assert_false(mail_addr_is_safe(SPAN("a\0@x")));
	/* And should one get through, it does no harm. */
	check_write(mail_addr_quote, SPAN("a>\r\nDATA\r\n@x\r\ny\0z"),
	    "\"a>??DATA??\"@x??y?z");
	check_write(mail_addr_show, SPAN("@r\r\n:a@x\n"), "@r??:a@x?");
}

static void
check_unquote(struct span in, const char *expected)
{
	char room[100];
	struct buf b = BUF(room);

	assert_int_equal(mail_addr_unquote(&b, in), RC_OK);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), expected);
}

SIM_TEST(quotes_and_backslashes_go)
{
	check_unquote(SPAN("user@x"), "user@x");
	check_unquote(SPAN("\"a b\"@x"), "a b@x");
	check_unquote(SPAN("\"a@b\"@x"), "a@b@x");
	check_unquote(SPAN("\"a\\\"\\\\b\"@x"), "a\"\\b@x");
	check_unquote(SPAN("\"\"@x"), "@x");
	check_unquote(SPAN("a.\"b c\".d@x"), "a.b c.d@x");
	check_unquote(SPAN("a\\ b@x"), "a b@x");
	check_unquote(SPAN("\"two words\""), "two words");
	check_unquote(SPAN("user@\"q\".example"), "user@\"q\".example");
	check_unquote(SPAN(""), "");
}

SIM_TEST(quotes_without_partner_are_refused)
{
	static const char *const bad[] = { "\"a@x", "a\"@x", "a@x\"", "a\\",
		"\"a\\\"@x", "\"" };
	char room[100];
	struct buf b = BUF(room);

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(mail_addr_unquote(&b, span_of(bad[i])),
		    RC_WIRE);
	assert_int_equal(b.n, 0);
	buf_init(&b, room, 3);
	assert_int_equal(mail_addr_unquote(&b, SPAN("a@x")), RC_OK);
	assert_true(b.full);
	assert_int_equal(b.n, 0);
}

SIM_TEST(what_was_quoted_can_be_unquoted)
{
	static const char alphabet[] = "ab .@\"\\,:\x7f\xc3";
	char in[20], quoted[60], plain[40];

	for (unsigned round = 0; round < 50000; round++) {
		struct buf q = BUF(quoted), p = BUF(plain);
		struct span s = { in, 1 + sim_random(sizeof(in) - 4) };

		for (size_t i = 0; i < s.n; i++)
			in[i] = alphabet[sim_random(sizeof(alphabet) - 1)];
		memcpy(in + s.n, "@x", 2);
		s.n += 2;
		mail_addr_quote(&q, s);
		assert_false(q.full);
		assert_int_equal(mail_addr_unquote(&p, buf_span(&q)), RC_OK);
		assert_true(span_eq(buf_span(&p), s));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(the_last_at_sign_divides),
		SIM_RUN(plain_local_parts_get_no_quotes),
		SIM_RUN(odd_local_parts_get_quotes),
		SIM_RUN(the_null_sender_is_no_text_at_all),
		SIM_RUN(a_route_is_local_part_in_commands_only),
		SIM_RUN(addresses_that_could_end_a_command_are_unsafe),
		SIM_RUN(quotes_and_backslashes_go),
		SIM_RUN(quotes_without_partner_are_refused),
		SIM_RUN(what_was_quoted_can_be_unquoted),
	};
	return sim_main(tests, COUNT(tests));
}
