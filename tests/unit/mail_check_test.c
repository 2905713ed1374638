/*
 * mail_check_test.c - actions of header and body checks, and what they say.
 */
#include "mail_world.h"

/* One text against one table with that action; what it comes to. */
static char
ask(const char *action, bool is_field, const char *text, char *more)
{
	static const char marks[] = { 'p', 'd', 'r', '+' };
	struct check_of of = { &mw.change, "header", is_field };
	char room[TABLE_VALUE_MAX];
	struct buf b = BUF(room), map = BUF(mw.room);
	enum check act;

	arena_init(&mw.arena, mw.room + sizeof(mw.room) / 2,
	    sizeof(mw.room) / 2);
	buf_fmt(&map, "/x/ %s\n", action);
	patterns(&mw.header, "/map", buf_text(&map));
	assert_int_equal(check_text(&of, &mw.header, span_of(text), &act, &b),
	    RC_OK);
	strcpy(more, buf_text(&b));
	return marks[act];
}

static void
expect(const char *action, char mark, const char *more)
{
	char room[TABLE_VALUE_MAX];

	assert_int_equal(ask(action, true, "Subject: x", room), mark);
	assert_string_equal(room, more);
}

MAIL_TEST(actions_have_the_names_of_header_checks_in_any_case)
{
	expect("DUNNO", 'p', "");
	expect("ok", 'p', "");
	expect("Ignore", 'd', "");
	expect("STRIP", 'd', "");
	expect("INFO hi", 'p', "");
	expect("warn", 'p', "");
	expect("REPLACE Y: z", 'r', "Y: z");
	expect("prepend\tY: z \t", '+', "Y: z");
}

MAIL_TEST(text_that_is_not_in_the_table_passes)
{
	char room[TABLE_VALUE_MAX];

	assert_int_equal(ask("IGNORE", true, "Subject: y", room), 'p');
	assert_string_equal(sim_err(), "");
}

MAIL_TEST(without_a_table_all_passes)
{
	struct check_of of = { &mw.change, "body", false };
	struct buf b = BUF(mw.room);
	enum check act = CHECK_DROP;

	assert_int_equal(check_text(&of, NULL, SPAN("x"), &act, &b), RC_OK);
	assert_int_equal(act, CHECK_PASS);
	assert_int_equal(check_text(&of, &mw.body, SPAN("x"), &act, &b),
	    RC_OK);
	assert_int_equal(act, CHECK_PASS);
}

MAIL_TEST(actions_of_servers_do_nothing_but_a_warning)
{
	const char *const actions[] = { "REJECT no", "HOLD", "DISCARD",
	    "REDIRECT a@b", "FILTER x:y", "BCC a@b", "DELAY 5s", "ACCEPT",
	    "REPLACEMENT Y: z" };

	for (size_t i = 0; i < COUNT(actions); i++)
		expect(actions[i], 'p', "");
	assert_int_equal(times_said("unusable action in header checks"),
	    COUNT(actions));
}

MAIL_TEST(field_is_replaced_by_a_field_alone)
{
	expect("REPLACE", 'p', "");
	expect("REPLACE no field", 'p', "");
	expect("REPLACE no field: here", 'p', "");
	expect("REPLACE : x", 'p', "");
	expect("PREPEND \xC3\xA4: x", 'p', "");
	expect("REPLACE Y:", 'r', "Y:");
	assert_int_equal(times_said("is ignored"), 5);
}

MAIL_TEST(line_is_replaced_by_anything_but_nothing)
{
	char room[TABLE_VALUE_MAX];

	assert_int_equal(ask("REPLACE no field", false, "x", room), 'r');
	assert_string_equal(room, "no field");
	assert_int_equal(ask("REPLACE", false, "x", room), 'p');
}

MAIL_TEST(what_is_done_is_told_with_the_text_and_its_place)
{
	mw.change.log_id = SPAN("4ABC: ");
	expect("WARN look here", 'p', "");
	says("warning: 4ABC: warn: header Subject: x: look here\n");
	expect("STRIP", 'd', "");
	says("]: 4ABC: strip: header Subject: x\n");
	expect("REPLACE Y: z", 'r', "Y: z");
	says("4ABC: replace: header Subject: x: Y: z\n");
}

MAIL_TEST(quiet_actions_say_nothing)
{
	expect("IGNORE", 'd', "");
	expect("DUNNO", 'p', "");
	assert_string_equal(sim_err(), "");
}

MAIL_TEST(what_a_line_holds_does_no_harm_to_the_log)
{
	char text[3000], room[TABLE_VALUE_MAX];

	memset(text, 'x', sizeof(text));
	strcpy(text, "x\n\x1b[31m\r\xFF");
	assert_int_equal(ask("INFO", false, text, room), 'p');
	says("info: header x??[31m??");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ask("INFO", false, text, room), 'p');
	assert_true(strlen(sim_err()) < 400);
}

MAIL_TEST(nobody_can_tell_is_no_pass)
{
	struct check_of of = { &mw.change, "body", false };
	struct buf b = BUF(mw.room);
	enum check act;

	assert_int_equal(table_open(&mw.body, &mw.env, "x",
	    SPAN("fail:always"), 0), RC_OK);
	assert_int_equal(check_text(&of, &mw.body, SPAN("x"), &act, &b),
	    RC_DENY);
}

MAIL_TEST(folded_parts_that_are_put_in_stay_folded)
{
	patterns(&mw.header, "/map", "/^Subject: a(.*)b/ REPLACE X:${1}c\n");
	BECOMES("Subject: a\n one\n\ttwo b\n\n", "X:\n one\n\ttwo c\n\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(actions_have_the_names_of_header_checks_in_any_case),
		SIM_RUN(text_that_is_not_in_the_table_passes),
		SIM_RUN(without_a_table_all_passes),
		SIM_RUN(actions_of_servers_do_nothing_but_a_warning),
		SIM_RUN(field_is_replaced_by_a_field_alone),
		SIM_RUN(line_is_replaced_by_anything_but_nothing),
		SIM_RUN(what_is_done_is_told_with_the_text_and_its_place),
		SIM_RUN(quiet_actions_say_nothing),
		SIM_RUN(what_a_line_holds_does_no_harm_to_the_log),
		SIM_RUN(nobody_can_tell_is_no_pass),
		SIM_RUN(folded_parts_that_are_put_in_stay_folded),
	};

	return sim_main(tests, COUNT(tests));
}
