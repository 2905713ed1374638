/*
 * mail_rewrite_test.c - generic maps on addresses and on fields as RFC 5322
 * writes them.
 */
#include <stdlib.h>

#include "mail_world.h"

/* The field anew, or `-`: it stays, `?`: nobody can tell, `full`. */
static const char *
field(const char *text)
{
	static char room[64 * 1024];
	struct buf b = BUF(room);
	enum rc rc = mail_rewrite_field(&mw.change, span_of(text), &b);

	assert_true(rc == RC_OK || b.n == 0);
	return rc == RC_OK ? buf_text(&b) : rc == RC_NONE ? "-" :
	    rc == RC_DENY ? "?" : "full";
}

static const char *
address(const char *text)
{
	static char room[MAIL_PIECE_MAX];
	struct buf b = BUF(room);
	enum rc rc = mail_rewrite_addr(&mw.change, span_of(text), &b);

	assert_true(rc == RC_OK || b.n == 0);
	return rc == RC_OK ? buf_text(&b) : rc == RC_NONE ? "-" :
	    rc == RC_DENY ? "?" : "full";
}

#define FIELD(in, want)		assert_string_equal(field(in), (want))
#define ADDRESS(in, want)	assert_string_equal(address(in), (want))

/* ---- addresses ----------------------------------------------------------- */

MAIL_TEST(address_becomes_what_the_table_has_for_it)
{
	generic("inline:{a@b=c@d, @old.example=@new.example, u=U, "
	    "{name@x = Ann Other <ann@y> (she)}, {two@x=one@y, two@y}}");
	ADDRESS("a@b", "c@d");
	ADDRESS("A@B", "c@d");
	ADDRESS("x y@old.example", "x y@new.example");
	ADDRESS("u", "U@here.example");
	ADDRESS("name@x", "ann@y");
	ADDRESS("two@x", "one@y");
	ADDRESS("nobody@d", "-");
	ADDRESS("", "-");
}

MAIL_TEST(extension_is_kept_if_it_is_to_be)
{
	mw.map.delimiters = SPAN("+");
	generic("inline:{a@b=c@d, @old=@new}");
	ADDRESS("a+x@b", "c@d");
	ADDRESS("a+x@old", "a+x@new");
	mw.change.extension_stays = true;
	ADDRESS("a+x@b", "c+x@d");
	ADDRESS("a+x@old", "a+x@new");
}

MAIL_TEST(result_that_is_no_address_is_a_reason_to_wait)
{
	generic("inline:{a@b=<>, {c@d=, ,}, e@f=()}");
	ADDRESS("a@b", "?");
	ADDRESS("c@d", "?");
	ADDRESS("e@f", "?");
	generic("fail:always");
	ADDRESS("a@b", "?");
	ADDRESS("", "-");
}

MAIL_TEST(result_too_long_for_its_room_is_full)
{
	char room[2000] = "inline:{a@b=", small[4];
	struct buf b = BUF(small);

	memset(room + 12, 'x', 900);
	strcpy(room + 912, "@y}");
	generic(room);
	assert_int_equal(strlen(address("a@b")), 902);
	assert_int_equal(mail_rewrite_addr(&mw.change, SPAN("a@b"), &b),
	    RC_FULL);
	assert_int_equal(b.n, 0);
}

/* ---- fields -------------------------------------------------------------- */

MAIL_TEST(only_fields_of_addresses_are_looked_at)
{
	generic("static:x@y");
	FIELD("Subject: a@b", "-");
	FIELD("Received: from a@b", "-");
	FIELD("Message-ID: <a@b>", "-");
	FIELD("To:a@b", "To: x@y");
	FIELD("rEsEnT-fRoM: a@b", "rEsEnT-fRoM: x@y");
	FIELD("Disposition-Notification-To: a@b",
	    "Disposition-Notification-To: x@y");
}

MAIL_TEST(field_in_which_nothing_is_found_stays)
{
	generic("inline:{a@b=c@d}");
	FIELD("To:  x@y ,\n\tz", "-");
	FIELD("To:", "-");
	FIELD("To: ,,;", "-");
	FIELD("To: undisclosed-recipients:;", "-");
}

MAIL_TEST(examples_of_rfc_5322_a_1_and_a_5)
{
	generic("inline:{jdoe@machine.example=john@new, boss@nil.test=b@n, "
	    "jdoe@one.test=j@o, jdoe@test=j@t, pete@silly.test=p@s, "
	    "c@public.example=cc@p}");
	FIELD("From: John Doe <jdoe@machine.example>",
	    "From: John Doe <john@new>");
	FIELD("Cc: <boss@nil.test>, \"Giant; \\\"Big\\\" Box\" "
	    "<sysservices@example.net>",
	    "Cc: <b@n>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>");
	FIELD("To: Mary Smith <mary@x.test>, jdoe@one.test, Who? "
	    "<one@y.test>",
	    "To: Mary Smith <mary@x.test>, j@o, Who? <one@y.test>");
	FIELD("From: Pete(A nice \\) chap) <pete(his account)@silly.test"
	    "(his host)>",
	    "From: Pete <p@s> (A nice \\) chap) (his account) (his host)");
	FIELD("To:A Group(Some people)\n     :Chris Jones <c@(Chris's host.)"
	    "public.example>,\n         joe@example.org,\n  John <jdoe@one"
	    ".test> (my dear friend); (the end of the group)",
	    "To: A Group (Some people): Chris Jones <cc@p> (Chris's host.),"
	    "\n\tjoe@example.org, John <j@o> (my dear friend); (the end of "
	    "the group)");
}

MAIL_TEST(obsolete_forms_of_rfc_5322_a_6)
{
	generic("inline:{john.q.public@example.com=j@p, jdoe@test=j@t, "
	    "mary@example.net=m@n}");
	FIELD("From: Joe Q. Public <john.q.public@example.com>",
	    "From: Joe Q. Public <j@p>");
	FIELD("To: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . "
	    "example", "-");
	FIELD("To: Mary Smith <@node.test:mary@example.net>, , jdoe @ test",
	    "To: Mary Smith <@node.test:mary@example.net>,, j@t");
}

MAIL_TEST(quoted_local_parts_are_known_and_quoted_again)
{
	generic("inline:{{\"a b\"@c=\"x y\"@z}, d.e@f=g@h}");
	FIELD("To: \"a b\"@c", "To: \"x y\"@z");
	FIELD("To: \"a\\ b\"@c", "To: \"x y\"@z");
	FIELD("To: \"d.e\"@f", "To: g@h");
	FIELD("To: \"a@b\"@c, d.e@f", "To: \"a@b\"@c, g@h");
}

MAIL_TEST(names_in_encoded_words_stay)
{
	generic("inline:{a@b=c@d}");
	FIELD("From: =?UTF-8?Q?J=C3=B6rg_=28x=29=3B?= <a@b>",
	    "From: =?UTF-8?Q?J=C3=B6rg_=28x=29=3B?= <c@d>");
	FIELD("From: =?ISO-8859-1?B?SvZyZw==?=\n =?ISO-8859-1?B?eA==?= <a@b>",
	    "From: =?ISO-8859-1?B?SvZyZw==?= =?ISO-8859-1?B?eA==?= <c@d>");
	FIELD("From: a@b (=?UTF-8?Q?a=29?=)",
	    "From: c@d (=?UTF-8?Q?a=29?=)");
	FIELD("From: J\xC3\xB6rg <a@b>", "From: J\xC3\xB6rg <c@d>");
}

MAIL_TEST(domain_literals_stay_one_word)
{
	generic("inline:{a@[192.0.2.1]=b@c, @[IPv6:2001:db8::1]=@d}");
	FIELD("To: a@[192.0.2.1], x@[IPv6:2001:db8::1]", "To: b@c, x@d");
	FIELD("To: a@[192.0.2.1", "-");
}

MAIL_TEST(words_without_a_dot_between_are_no_address)
{
	generic("static:x@y");
	FIELD("To: undisclosed recipients", "-");
	FIELD("To: a@b c@d", "-");
	FIELD("To: a(x)b@c", "-");
	FIELD("To: <John Smith a@b>", "-");
	FIELD("To: <John Smith a@b>, c@d", "To: <John Smith a@b>, x@y");
	FIELD("To: a . b (x) @ c", "To: x@y (x)");
}

MAIL_TEST(brackets_that_do_not_match_lose_nothing)
{
	generic("inline:{a@b=c@d}");
	FIELD("To: <a@b", "-");
	FIELD("To: a@b>", "To: c@d>");
	FIELD("To: <x@y> z <q@r>, a@b", "To: <x@y> z <q@r>, c@d");
	FIELD("To: <x < a@b>, a@b", "To: <x <a@b>, c@d");
	FIELD("To: \"open, a@b", "-");
	FIELD("To: (open, a@b", "-");
	FIELD("To: a@b, (open", "To: c@d, (open");
	FIELD("To: a@b, \"open", "To: c@d, \"open");
	FIELD("To: a@b, x\\", "To: c@d, x\\");
	FIELD("To: a@b, <x \">\" y", "To: c@d, <x \">\" y");
}

MAIL_TEST(members_stand_on_lines_of_some_seventy_octets)
{
	const char *p;
	size_t n;

	generic("inline:{a@b=c@d}");
	p = field("To: a@b, 1234567890@12345678, 1234567890@12345678, "
	    "1234567890@12345678, 1234567890@12345678, Long Name (comment) "
	    "<1234567890@12345678>");
	for (; *p != '\0'; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		assert_true(n <= 72);
		assert_true(*p == 'T' || *p == '\t');
	}
}

MAIL_TEST(empty_member_keeps_its_separator_at_a_lines_end)
{
	generic("inline:{a@b=c@d}");
	FIELD("To: a@b, 123456789012345678901234567890123456789@1234567890123"
	    "456789,;,x", "To: c@d, 123456789012345678901234567890123456789@"
	    "1234567890123456789,\n\t;, x");
	FIELD("To: a@b, 1234567890123456789012345678901234567890@12345678901234"
	    "567890,\n\t", "To: c@d,\n\t1234567890123456789012345678901234567"
	    "890@12345678901234567890,");
	FIELD("To: a@b, 123456789012345678901234567890123456789@12345678901234"
	    "56789, , ", "To: c@d, 123456789012345678901234567890123456789@"
	    "1234567890123456789,\n\t,");
}

MAIL_TEST(field_too_long_for_its_room_is_full)
{
	char room[7], text[MAIL_PIECE_MAX];
	struct buf b = BUF(room);

	generic("inline:{a@b=c@d}");
	assert_int_equal(mail_rewrite_field(&mw.change, SPAN("To: a@b"), &b),
	    RC_FULL);
	assert_int_equal(b.n, 0);
	b.cap = 4;
	assert_int_equal(mail_rewrite_field(&mw.change, SPAN("To: a@b"), &b),
	    RC_FULL);
	/* An address too long for anyone is nobody's. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "To: a@", 6);
	text[sizeof(text) - 1] = '\0';
	FIELD(text, "-");
}

MAIL_TEST(table_that_cannot_tell_is_told_of)
{
	generic("fail:always");
	FIELD("To: a@b", "?");
	FIELD("To: ", "-");
}

MAIL_TEST(time_does_not_grow_with_the_square_of_a_field)
{
	size_t n = 200000;
	char *text = malloc(n + 1), *room = malloc(4 * n);
	struct buf b = { .p = room, .cap = 4 * n };

	generic("inline:{a@b=c@d}");
	ASSERT(text != NULL && room != NULL);
	for (size_t i = 0; i < n; i++)
		text[i] = "<,"[i % 2];
	memcpy(text, "To: a@b,", 8);
	text[n] = '\0';
	assert_int_equal(mail_rewrite_field(&mw.change, span_of(text), &b),
	    RC_OK);
	assert_true(b.n >= n - 1);
	free(text);
	free(room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(address_becomes_what_the_table_has_for_it),
		SIM_RUN(extension_is_kept_if_it_is_to_be),
		SIM_RUN(result_that_is_no_address_is_a_reason_to_wait),
		SIM_RUN(result_too_long_for_its_room_is_full),
		SIM_RUN(only_fields_of_addresses_are_looked_at),
		SIM_RUN(field_in_which_nothing_is_found_stays),
		SIM_RUN(examples_of_rfc_5322_a_1_and_a_5),
		SIM_RUN(obsolete_forms_of_rfc_5322_a_6),
		SIM_RUN(quoted_local_parts_are_known_and_quoted_again),
		SIM_RUN(names_in_encoded_words_stay),
		SIM_RUN(domain_literals_stay_one_word),
		SIM_RUN(words_without_a_dot_between_are_no_address),
		SIM_RUN(brackets_that_do_not_match_lose_nothing),
		SIM_RUN(members_stand_on_lines_of_some_seventy_octets),
		SIM_RUN(empty_member_keeps_its_separator_at_a_lines_end),
		SIM_RUN(field_too_long_for_its_room_is_full),
		SIM_RUN(table_that_cannot_tell_is_told_of),
		SIM_RUN(time_does_not_grow_with_the_square_of_a_field),
	};

	return sim_main(tests, COUNT(tests));
}
