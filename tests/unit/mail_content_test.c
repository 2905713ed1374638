/*
 * mail_content_test.c - whole messages: what is changed, and that all else
 * stays to the octet.
 */
#include <stdlib.h>

#include "mail_world.h"

#define WIDE	"Content-Transfer-Encoding: 8bit\n"
#define QP	"Content-Transfer-Encoding: quoted-printable\n"
#define NARROW	"Content-Transfer-Encoding: 7bit\n"

static char *
repeated(const char *head, const char *text, size_t times, const char *tail)
{
	size_t n = strlen(text);
	char *p = malloc(strlen(head) + n * times + strlen(tail) + 1), *to = p;

	ASSERT(p != NULL);
	to = stpcpy(to, head);
	while (times-- > 0)
		to = stpcpy(to, text);
	strcpy(to, tail);
	return p;
}

MAIL_TEST(without_a_change_it_is_the_message)
{
	assert_false(mail_change_is_any(&mw.change));
	STAYS("Subject : x\n\nbody\n");
	STAYS("From me\n");
	BECOMES("no end", "no end\n");
	BECOMES("", "");
}

static void
expect_whole(void)
{
	STAYS("Subject: x\nTo: a,\n b\n\nbody\n\n.\n");
	STAYS("\nbody alone\n");
	STAYS("Subject: header alone\n");
	STAYS("Subject: header alone\n\n");
	STAYS("\n");
	BECOMES("", "");
	BECOMES("Subject: x", "Subject: x\n");
	BECOMES("Subject: x\n\nbody", "Subject: x\n\nbody\n");
	STAYS("X:\nY: \n\n \n\t\nbody\n");
}

MAIL_TEST(what_no_change_concerns_stays_to_the_octet)
{
	mw.change.to_7bit = true;
	expect_whole();
	mw.change.to_7bit = false;
	patterns(&mw.body, "/body", "/^nowhere$/ IGNORE\n");
	expect_whole();
	generic("inline:{no@where=x@y}");
	expect_whole();
}

MAIL_TEST(blank_ahead_of_a_colon_goes)
{
	mw.change.to_7bit = true;
	BECOMES("Subject \t: x\n\nb\n", "Subject: x\n\nb\n");
}

MAIL_TEST(line_that_is_no_field_ends_the_header)
{
	mw.change.to_7bit = true;
	BECOMES("Subject: x\nno field\nTo: y\n",
	    "Subject: x\n\nno field\nTo: y\n");
	BECOMES("text alone\n", "\ntext alone\n");
	BECOMES(" folded: from what?\n", "\n folded: from what?\n");
}

MAIL_TEST(mailbox_line_in_front_stays_in_front)
{
	generic("inline:{a@b=c@d}");
	BECOMES("From a@b Thu Jan  1 00:00:00 2026\nFrom: a@b\n\nx\n",
	    "From a@b Thu Jan  1 00:00:00 2026\nFrom: c@d\n\nx\n");
	BECOMES(">From a@b\n\tand more\nTo: a@b\n\nFrom x\n",
	    ">From a@b\n\tand more\nTo: c@d\n\nFrom x\n");
	BECOMES("To: a@b\nFrom a\nCc: a@b\n",
	    "To: c@d\n\nFrom a\nCc: a@b\n");
}

MAIL_TEST(mailbox_line_is_known_behind_our_own_trace)
{
	mw.change.to_7bit = true;
	mw.lead = SPAN("Delivered-To: x@y\nX-Original-To: z\n");
	BECOMES("From a@b Thu\nSubject: x\n\nbody\n",
	    "Delivered-To: x@y\nX-Original-To: z\nFrom a@b Thu\n"
	    "Subject: x\n\nbody\n");
	BECOMES("\nbody\n", "Delivered-To: x@y\nX-Original-To: z\n\nbody\n");
	BECOMES("", "Delivered-To: x@y\nX-Original-To: z\n");
}

MAIL_TEST(wide_text_is_encoded_and_its_label_goes_last)
{
	mw.change.to_7bit = true;
	BECOMES("Subject: x\n" WIDE "MIME-Version: 1.0\n\n\xC3\xA4 =\n.\n",
	    "Subject: x\nMIME-Version: 1.0\n" QP "\n=C3=A4 =3D\n.\n");
	BECOMES(WIDE "\nno end", QP "\nno end\n");
	BECOMES(WIDE, QP);
	BECOMES(WIDE "\n", QP "\n");
}

MAIL_TEST(leaves_of_a_multipart_are_encoded_one_by_one)
{
	mw.change.to_7bit = true;
	BECOMES(WIDE "Content-Type: multipart/mixed; boundary=b\n\n"
	    "pre\xE4mble\n--b\n" WIDE "\n\xE4\n--b\n\n\xE4\n--b\n"
	    "Content-Transfer-Encoding: base64\n\n4A==\n--b--\nepi=\xE4\n",
	    "Content-Type: multipart/mixed; boundary=b\n" NARROW "\n"
	    "pre\xE4mble\n--b\n" QP "\n=E4\n--b\n\n\xE4\n--b\n"
	    "Content-Transfer-Encoding: base64\n\n4A==\n--b--\nepi=\xE4\n");
}

MAIL_TEST(part_may_end_with_its_header)
{
	mw.change.to_7bit = true;
	STAYS("Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n"
	    "Content-Type: text/plain\n--b--\n");
	BECOMES("Content-Type: multipart/mixed; boundary=b\n--b\n" WIDE
	    "--b\n", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	    QP "--b\n");
}

MAIL_TEST(message_inside_has_a_header_of_its_own)
{
	mw.change.to_7bit = true;
	BECOMES("Content-Type: message/rfc822\n" WIDE "\nSubject: in\n" WIDE
	    "\n\xE4\n", "Content-Type: message/rfc822\n" NARROW
	    "\nSubject: in\n" QP "\n=E4\n");
	BECOMES("Content-Type: message/rfc822\n" WIDE "\n",
	    "Content-Type: message/rfc822\n" NARROW "\n");
	BECOMES("Content-Type: message/rfc822\n\nSubject: in\n" WIDE,
	    "Content-Type: message/rfc822\n\nSubject: in\n" QP);
}

MAIL_TEST(signed_content_stays_to_the_octet_with_one_warning)
{
	mw.change.to_7bit = true;
	STAYS("Content-Type: multipart/signed; boundary=s\n\n--s\n"
	    "Subject : odd\n" WIDE "\n\xE4=\n--s\n" WIDE "--s\nX: y\n--s--\n");
	assert_int_equal(times_said("stays 8bit, as it is signed"), 1);
	assert_int_equal(times_said("warning"), 1);
}

MAIL_TEST(signed_content_of_ascii_is_no_reason_to_warn)
{
	mw.change.to_7bit = true;
	STAYS("Content-Type: multipart/signed; boundary=s\n\n--s\n\n"
	    "x\n--s\n\ny\n--s--\n");
	assert_string_equal(sim_err(), "");
}

MAIL_TEST(what_must_not_be_encoded_goes_out_whole_with_a_warning)
{
	mw.change.to_7bit = true;
	BECOMES(WIDE "Content-Type: message/partial\n\n\xE4 =\n",
	    "Content-Type: message/partial\n" WIDE "\n\xE4 =\n");
	assert_int_equal(times_said("content message/partial stays 8bit, as it "
	    "must not be encoded"), 1);
	BECOMES(WIDE "Content-Type: multipart/mixed\n\n--\n\xE4 =\n",
	    "Content-Type: multipart/mixed\n" WIDE "\n--\n\xE4 =\n");
	assert_int_equal(times_said("stays 8bit"), 2);
}

MAIL_TEST(label_that_stays_is_shown_to_the_table_it_belongs_to)
{
	mw.change.to_7bit = true;
	patterns(&mw.mime, "/mime", "/^Content-Transfer/ PREPEND X-Mime: y\n");
	patterns(&mw.header, "/head", "/^Content-Transfer/ PREPEND X-H: y\n");
	BECOMES(WIDE "Content-Type: message/partial\n\nx\n",
	    "Content-Type: message/partial\nX-Mime: y\n" WIDE "\nx\n");
	BECOMES(WIDE "\nx\n", "X-H: y\n" QP "\nx\n");
}

/* ---- fields of any length ------------------------------------------------ */

MAIL_TEST(field_above_the_limit_is_whole_and_its_rest_unseen)
{
	char *in = repeated("X-Long: begin\n", " one two three\n", 5000,
	    " end\nX-After: z\n\nbody\n");

	patterns(&mw.header, "/head", "/ end$/ IGNORE\n/^X-After/ IGNORE\n");
	mw.change.header_max = 1000;
	assert_non_null(strstr(pass(in), " end\n\nbody\n"));
	assert_int_equal(mw.n, strlen(in) - strlen("X-After: z\n"));
	assert_memory_equal(mw.out, in, mw.n - strlen("\nbody\n"));
	assert_int_equal(times_said("longer than header_size_limit"), 1);
	mw.change.header_max = 102400;
	BECOMES(in, "\nbody\n");
	free(in);
}

MAIL_TEST(field_of_one_endless_line_is_whole)
{
	char *in = repeated("X: ", "0123456789", 100000, "\n\nbody\n");

	patterns(&mw.header, "/head", "/^Y/ IGNORE\n");
	STAYS(in);
	patterns(&mw.header, "/head", "/^X/ IGNORE\n");
	BECOMES(in, "\nbody\n");
	patterns(&mw.header, "/head", "/^X/ REPLACE Y: z\n");
	BECOMES(in, "Y: z\n\nbody\n");
	free(in);
}

MAIL_TEST(any_limit_will_do)
{
	const int64_t limits[] = { 1, 2, 100, 4096, 4097, 102400,
	    (int64_t)1 << 31, (int64_t)1 << 60, INT64_MAX };
	char *in = repeated("Subject: a\n", " and more of it, and more\n",
	    30000, "To: x@y\n\nbody\n");

	for (size_t i = 0; i < COUNT(limits); i++) {
		sim_note("header_size_limit = %lld", (long long)limits[i]);
		mw.change.header_max = limits[i];
		patterns(&mw.header, "/head", "/nothing/ IGNORE\n");
		STAYS(in);
	}
	assert_true(sim_memory_used() < (size_t)12 * 1024 * 1024);
	free(in);
}

MAIL_TEST(room_taken_once_serves_settings_that_came_later)
{
	char *in = repeated("Subject: a\n", " and more of it, and more\n",
	    30000, "To: x@y\n\nbody\n");

	mw.content = port_memory(mail_content_bytes());
	patterns(&mw.header, "/head", "/nothing/ IGNORE\n");
	mw.change.header_max = 10;
	STAYS(in);
	mw.change.header_max = 1 << 20;
	STAYS(in);
	mw.change.header_max = 10;
	STAYS(in);
	free(in);
}

MAIL_TEST(content_type_that_is_cut_makes_nothing_of_the_body)
{
	mw.change.to_7bit = true;
	mw.change.header_max = 40;
	BECOMES(WIDE "Content-Type: multipart/mixed; x=1234567890;\n"
	    "\ty=z;\n\tboundary=b\n\n--b\n\xE4\n--b--\n",
	    "Content-Type: multipart/mixed; x=1234567890;\n"
	    "\ty=z;\n\tboundary=b\n" WIDE "\n--b\n\xE4\n--b--\n");
	says("content multipart/mixed stays 8bit, as it must not be encoded");
}

MAIL_TEST(no_memory_is_a_reason_to_wait)
{
	sim_memory_limit(mail_content_bytes());
	mw.change.to_7bit = true;
	pass_bytes("x", 1);
	assert_int_equal(mw.rc, RC_OS);
}

MAIL_TEST(unreadable_message_is_an_error)
{
	mw.change.to_7bit = true;
	mw.broken_at = 100;
	pass_bytes(mw.room, 5000);
	assert_int_equal(mw.rc, RC_OS);
}

/* ---- body ---------------------------------------------------------------- */

MAIL_TEST(body_checks_see_lines_of_any_body)
{
	patterns(&mw.body, "/body", "/^bad/ IGNORE\n/^old/ REPLACE new\n"
	    "/^first/ PREPEND zeroth\n");
	BECOMES("S: x\n\nbad one\nold one\nfirst\nlast",
	    "S: x\n\nnew\nzeroth\nfirst\nlast\n");
	BECOMES("Content-Type: multipart/mixed; boundary=b\n\nold\n--b\n"
	    "bad: x\n\nbad\n--b--\nold\n", "Content-Type: multipart/mixed; "
	    "boundary=b\n\nnew\n--b\nbad: x\n\n--b--\nnew\n");
}

MAIL_TEST(long_line_is_looked_at_in_pieces_and_keeps_its_end)
{
	char *in = repeated("\n", "0123456789abcdef", 200, "tail\nnext\n");
	char *cut = repeated("\n", "0123456789abcdef", 128, "\nnext\n");

	patterns(&mw.body, "/body", "/^[^t]*tail$/ IGNORE\n");
	BECOMES(in, cut);
	patterns(&mw.body, "/body", "/tail$/ PREPEND x\n");
	STAYS(in);
	patterns(&mw.body, "/body", "/^0123/ IGNORE\n");
	BECOMES(in, "\nnext\n");
	free(in);
	free(cut);
}

MAIL_TEST(long_texts_for_every_encoded_line_are_given_out)
{
	char *in = repeated(WIDE "\n", "\xE4", 4000, "\nlast\n");
	char *map = repeated("/^=/ REPLACE ", "x", 3000, "\n");

	mw.change.to_7bit = true;
	mw.change.header_max = 1;
	patterns(&mw.body, "/body", map);
	pass(in);
	/* 24 octets of 3 and the soft break, that is 25 a line. */
	assert_int_equal(mw.n, strlen(QP "\nlast\n") + 4000 / 25 * 3001);
	free(in);
	free(map);
}

MAIL_TEST(checks_of_the_body_see_encoded_lines)
{
	mw.change.to_7bit = true;
	patterns(&mw.body, "/body", "/^=E4$/ REPLACE \xC3\xBC\n");
	BECOMES(WIDE "\n\xE4\n\xE4 x\n", QP "\n\xC3\xBC\n=E4 x\n");
}

MAIL_TEST(table_that_cannot_tell_ends_it)
{
	assert_int_equal(table_open(&mw.body, &mw.env, "x",
	    SPAN("fail:always"), 0), RC_OK);
	pass_bytes("\nx\n", 3);
	assert_int_equal(mw.rc, RC_DENY);
	table_close(&mw.body);
	assert_int_equal(table_open(&mw.header, &mw.env, "x",
	    SPAN("fail:always"), 0), RC_OK);
	pass_bytes("S: x\n", 5);
	assert_int_equal(mw.rc, RC_DENY);
	table_close(&mw.header);
	generic("fail:always");
	pass_bytes("Subject: x\nTo: a@b\n\n", 21);
	assert_int_equal(mw.rc, RC_DENY);
}

/* ---- which table --------------------------------------------------------- */

MAIL_TEST(each_header_has_its_table)
{
	patterns(&mw.header, "/head", "/./ PREPEND X-H: y\n");
	patterns(&mw.mime, "/mime", "/./ PREPEND X-M: y\n");
	patterns(&mw.nested, "/nest", "/./ PREPEND X-N: y\n");
	BECOMES("Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nFoo: x\n\nbody\n--b\nContent-Type: message/rfc822\n\n"
	    "Subject: in\nMIME-Version: 1.0\n\nx\n--b--\n",
	    "X-H: y\nSubject: s\nX-M: y\nContent-Type: multipart/mixed; "
	    "boundary=b\n\n--b\nX-M: y\nFoo: x\n\nbody\n--b\n"
	    "X-M: y\nContent-Type: message/rfc822\n\n"
	    "X-N: y\nSubject: in\nX-M: y\nMIME-Version: 1.0\n\nx\n--b--\n");
}

MAIL_TEST(addresses_of_the_messages_own_header_are_mapped_alone)
{
	generic("inline:{a@b=c@d}");
	BECOMES("To: a@b\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nTo: a@b\n\nTo: a@b\n--b\nContent-Type: message/rfc822\n\n"
	    "To: a@b\n", "To: c@d\nContent-Type: multipart/mixed; "
	    "boundary=b\n\n--b\nTo: a@b\n\nTo: a@b\n--b\nContent-Type: "
	    "message/rfc822\n\nTo: a@b\n");
}

MAIL_TEST(replaced_field_is_mapped_and_not_looked_at_again)
{
	generic("inline:{a@b=c@d}");
	patterns(&mw.header, "/head", "/^X-To:(.*)/ REPLACE To:$1\n"
	    "/^To:/ IGNORE\n");
	BECOMES("X-To: a@b\nTo: a@b\n\n", "To: c@d\n\n");
}

MAIL_TEST(mapping_that_makes_a_field_endless_leaves_it)
{
	char *in = repeated("To: x", ",a", 49000, "\n\nbody\n");
	char *map = repeated("inline:{a=", "x", 60, "@y}");

	generic(map);
	STAYS(in);
	says("it stays as it is");
	free(in);
	free(map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(without_a_change_it_is_the_message),
		SIM_RUN(what_no_change_concerns_stays_to_the_octet),
		SIM_RUN(blank_ahead_of_a_colon_goes),
		SIM_RUN(line_that_is_no_field_ends_the_header),
		SIM_RUN(mailbox_line_in_front_stays_in_front),
		SIM_RUN(mailbox_line_is_known_behind_our_own_trace),
		SIM_RUN(wide_text_is_encoded_and_its_label_goes_last),
		SIM_RUN(leaves_of_a_multipart_are_encoded_one_by_one),
		SIM_RUN(part_may_end_with_its_header),
		SIM_RUN(message_inside_has_a_header_of_its_own),
		SIM_RUN(signed_content_stays_to_the_octet_with_one_warning),
		SIM_RUN(signed_content_of_ascii_is_no_reason_to_warn),
		SIM_RUN(what_must_not_be_encoded_goes_out_whole_with_a_warning),
		SIM_RUN(label_that_stays_is_shown_to_the_table_it_belongs_to),
		SIM_RUN(field_above_the_limit_is_whole_and_its_rest_unseen),
		SIM_RUN(field_of_one_endless_line_is_whole),
		SIM_RUN(any_limit_will_do),
		SIM_RUN(room_taken_once_serves_settings_that_came_later),
		SIM_RUN(content_type_that_is_cut_makes_nothing_of_the_body),
		SIM_RUN(no_memory_is_a_reason_to_wait),
		SIM_RUN(unreadable_message_is_an_error),
		SIM_RUN(body_checks_see_lines_of_any_body),
		SIM_RUN(long_line_is_looked_at_in_pieces_and_keeps_its_end),
		SIM_RUN(long_texts_for_every_encoded_line_are_given_out),
		SIM_RUN(checks_of_the_body_see_encoded_lines),
		SIM_RUN(table_that_cannot_tell_ends_it),
		SIM_RUN(each_header_has_its_table),
		SIM_RUN(addresses_of_the_messages_own_header_are_mapped_alone),
		SIM_RUN(replaced_field_is_mapped_and_not_looked_at_again),
		SIM_RUN(mapping_that_makes_a_field_endless_leaves_it),
	};

	return sim_main(tests, COUNT(tests));
}
