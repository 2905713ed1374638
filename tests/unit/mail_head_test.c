/*
 * mail_head_test.c - fields and address lists, as programs write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail_head.h"

static void
add(struct buf *b, const struct mail_list *l)
{
	buf_putc(b, '{');
	if (l->is_bad)
		buf_putc(b, '!');
	buf_put(b, l->addr);
	if (!l->has_domain)
		buf_putc(b, '~');
	buf_putc(b, '}');
}

/* The addresses of a field that comes in pieces of `step` octets. */
static void
read_list(struct buf *b, struct span text, size_t step)
{
	struct mail_list l;

	mail_list_start(&l);
	while (text.n > 0) {
		struct span s = span_head(text, step);

		text = span_tail(text, step);
		while (s.n > 0) {
			s = span_tail(s, mail_list_feed(&l, s));
			if (l.is_ready)
				add(b, &l);
		}
	}
	if (mail_list_end(&l))
		add(b, &l);
}

/* `~` marks an address without domain, `!` a bad one. */
static void
expect(const char *text, const char *addresses)
{
	for (size_t step = 1; step < 40; step++) {
		char seen[4096];
		struct buf b = BUF(seen);

		read_list(&b, span_of(text), step);
		assert_string_equal(buf_text(&b), addresses);
	}
}

static void
plain_addresses_are_divided_by_commas(void **state)
{
	(void)state;
	expect("a@b.example", "{a@b.example}");
	expect(" a@b.example , c@d.example,e",
		"{a@b.example}{c@d.example}{e~}");
	expect(",, ,", "");
	expect("", "");
	expect("a @ b . example", "{a@b.example}");
	expect("root", "{root~}");
}

static void
names_comments_and_routes_are_dropped(void **state)
{
	(void)state;
	expect("Ann B. <a@b.example>", "{a@b.example}");
	expect("\"Ann, B\" <a@b.example>, C <c@d>", "{a@b.example}{c@d}");
	expect("a@b (Ann (the, first)), c@d", "{a@b}{c@d}");
	expect("<@r.example,@s.example:a@b>", "{a@b}");
	expect("a@b.example <a@b.example>", "{a@b.example}");
	expect("J\xC3\xB6rg <j@b>", "{j@b}");
	expect("<>", "");
	expect("=?UTF-8?Q?J=C3=B6rg?= <j@b>", "{j@b}");
}

static void
groups_give_their_members(void **state)
{
	(void)state;
	expect("undisclosed-recipients:;", "");
	expect("All of us: a@b, c@d;, e@f", "{a@b}{c@d}{e@f}");
	expect("x:;", "");
}

static void
quoted_local_parts_lose_their_quotes(void **state)
{
	(void)state;
	expect("\"a b\"@c.example", "{a b@c.example}");
	expect("\"a@b\"", "{a@b~}");
	expect("\"a\\\"b\"@c", "{a\"b@c}");
	expect("a\\,b@c", "{a,b@c}");
	expect("u@[192.0.2.1]", "{u@[192.0.2.1]}");
	expect("u@[IPv6:2001:db8::1], v@w", "{u@[IPv6:2001:db8::1]}{v@w}");
	expect("j\xC3\xB6rg@b\xC3\xBC.example",
		"{j\xC3\xB6rg@b\xC3\xBC.example}");
}

static void
a_missing_comma_ahead_of_an_angle_is_seen(void **state)
{
	(void)state;
	expect("<a@b> <c@d>", "{a@b}{c@d}");
	expect("A <a@b> C <c@d>", "{a@b}{c@d}");
	expect("<> <c@d>", "{c@d}");
}

static void
what_could_go_astray_is_bad(void **state)
{
	(void)state;
	expect("a@b c@d", "{!a@b c@d}");
	expect("undisclosed recipients, a@b",
		"{!undisclosed recipients~}{a@b}");
	expect("<a@b", "{!a@b}");
	expect("\"a@b", "{!a@b~}");
	expect("a@, @b", "{!a@}{!@b}");
	expect("<a@b> c@d", "{!a@b}");
	expect("a@b>", "{!a@b}");
	expect("a\001b@c", "{!ab@c}");
	expect("(", "{!?~}");
	expect("<>@b", "{!?}");
	expect("<a@b, c@d>", "{!a@b, c@d}");
}

static void
an_address_beyond_the_bound_is_bad_and_ends(void **state)
{
	char text[MAIL_ADDR_MAX + 64];
	struct mail_list l;
	struct span s;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 5, ",a@b", 5);
	s = span_of(text);
	mail_list_start(&l);
	s = span_tail(s, mail_list_feed(&l, s));
	assert_true(l.is_ready && l.is_bad);
	assert_int_equal(l.addr.n, MAIL_ADDR_MAX);
	mail_list_feed(&l, s);
	assert_true(mail_list_end(&l));
	assert_true(span_is(l.addr, "a@b") && !l.is_bad);
}

static void
expect_name(const char *line, const char *name)
{
	assert_true(span_is(mail_field_name(span_of(line)), name));
}

static void
a_field_is_a_name_and_a_colon(void **state)
{
	(void)state;
	expect_name("Subject: x", "Subject");
	expect_name("To:", "To");
	expect_name("X-A \t: b", "X-A");
	expect_name("no field: here", "");
	expect_name(": x", "");
	expect_name(" folded: x", "");
	expect_name("", "");
	expect_name("Subject", "");
	expect_name("S\xC3\xBC: x", "");
}

static void
expect_phrase(const char *name, const char *phrase)
{
	char text[512];
	struct buf b = BUF(text);

	mail_phrase(&b, span_of(name));
	assert_string_equal(buf_text(&b), phrase);
}

static void
display_names_are_quoted_or_encoded_as_needed(void **state)
{
	(void)state;
	expect_phrase("Ann Other", "Ann Other");
	expect_phrase("Ann B. Other", "\"Ann B. Other\"");
	expect_phrase("a\"b\\c", "\"a\\\"b\\\\c\"");
	expect_phrase("50% off!", "\"50% off!\"");
	expect_phrase("J\xC3\xB6rg", "=?UTF-8?B?SsO2cmc=?=");
	expect_phrase("J\xF6rg", "=?ISO-8859-1?B?SvZyZw==?=");
	expect_phrase("a\r\nBcc: x", "\"a  Bcc: x\"");
}

static void
encoded_words_do_not_cut_a_character(void **state)
{
	char name[200], text[512];
	struct buf n = BUF(name), b = BUF(text);

	(void)state;
	buf_putc(&n, 'x');
	for (int i = 0; i < 40; i++)
		buf_puts(&n, "\xC3\xB6");
	mail_phrase(&b, buf_span(&n));
	/* 1 + 22 characters of two octets, then 18 of them. */
	assert_string_equal(buf_text(&b), "=?UTF-8?B?eMO2w7bDtsO2w7bDtsO2w7bDts"
		"O2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2?=\n =?UTF-8?B?w7bDtsO2w7bD"
		"tsO2w7bDtsO2w7bDtsO2w7bDtsO2w7bDtsO2?=");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_addresses_are_divided_by_commas),
		cmocka_unit_test(names_comments_and_routes_are_dropped),
		cmocka_unit_test(groups_give_their_members),
		cmocka_unit_test(quoted_local_parts_lose_their_quotes),
		cmocka_unit_test(a_missing_comma_ahead_of_an_angle_is_seen),
		cmocka_unit_test(what_could_go_astray_is_bad),
		cmocka_unit_test(an_address_beyond_the_bound_is_bad_and_ends),
		cmocka_unit_test(a_field_is_a_name_and_a_colon),
		cmocka_unit_test(display_names_are_quoted_or_encoded_as_needed),
		cmocka_unit_test(encoded_words_do_not_cut_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
