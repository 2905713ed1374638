/*
 * mail_dsn_test.c - the text of notices.
 */
#include <string.h>

#include "../sim/sim.h"
#include "mail_dsn.h"

static char text[16384];
static struct buf out;
static size_t room;		/* `put` fails beyond it */

static enum rc
take(void *arg, struct span s)
{
	(void)arg;
	if (out.n + s.n > room)
		return RC_FULL;
	buf_put(&out, s);
	return RC_OK;
}

static struct mail_dsn
notice(enum mail_dsn_kind kind)
{
	out = BUF(text);
	room = sizeof(text) - 1;
	return (struct mail_dsn){
		.kind = kind,
		.host = SPAN("here.example"),
		.product = SPAN("Mail Tool"),
		.from = SPAN("MAILER-DAEMON@here.example"),
		.to = SPAN("a@here.example"),
		.id = SPAN("1A2B"),
		.notice_id = SPAN("3C4D"),
		.sender = SPAN("a@here.example"),
		.now_s = SIM_WALL + 60,
		.arrived_s = SIM_WALL,
		.until_s = SIM_WALL + 432000,
		.put = take,
	};
}

static const struct mail_dsn_rcpt refused = {
	.addr = { "b@dest.example", 14 },
	.orcpt = { "rfc822;bee@dest.example", 23 },
	.dsn = { "5.1.1", 5 },
	.relay = { "mx.dest.example[192.0.2.1]:25", 29 },
	.text = { "host mx.dest.example[192.0.2.1] said: 550 5.1.1 no such "
	    "user here (in reply to RCPT TO command)", 95 },
};

static const char *
whole(struct mail_dsn *d, const struct mail_dsn_rcpt *r, const char *original)
{
	mail_dsn_start(d);
	mail_dsn_tell(d, r);
	mail_dsn_status(d);
	mail_dsn_fields(d, r);
	mail_dsn_original(d);
	if (d->rc == RC_OK)
		d->rc = take(NULL, span_of(original));
	mail_dsn_end(d);
	return buf_text(&out);
}

static void
assert_has(const char *haystack, const char *needle)
{
	if (strstr(haystack, needle) == NULL)
		sim_fail("`%s` is not in:\n%s", needle, haystack);
}

static void
assert_lacks(const char *haystack, const char *needle)
{
	if (strstr(haystack, needle) != NULL)
		sim_fail("`%s` is in:\n%s", needle, haystack);
}

SIM_TEST(a_failure_has_three_parts_and_the_words_of_the_server)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	const char *s;

	d.whole = true;
	s = whole(&d, &refused, "Subject: x\n\nbody\n");
	assert_int_equal(d.rc, RC_OK);
	assert_memory_equal(s, "Date: Thu, 01 Jan 2026 00:01:00 +0000\n"
	    "From: Mail Delivery System <MAILER-DAEMON@here.example>\n"
	    "To: a@here.example\n", 113);
	assert_has(s, "Auto-Submitted: auto-replied\n");
	assert_has(s, "multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"3C4D.1767225660/here.example\"\n");
	assert_has(s, "\n<b@dest.example>:\n    host mx.dest.example"
	    "[192.0.2.1] said: 550 5.1.1 no such user here\n    (in reply to "
	    "RCPT TO command)\n");
	assert_has(s, "Content-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; here.example\n"
	    "X-Mail-Tool-Queue-ID: 1A2B\n"
	    "X-Mail-Tool-Sender: rfc822; a@here.example\n"
	    "Arrival-Date: Thu, 01 Jan 2026 00:00:00 +0000\n\n"
	    "Final-Recipient: rfc822; b@dest.example\n"
	    "Original-Recipient: rfc822;bee@dest.example\n"
	    "Action: failed\nStatus: 5.1.1\n"
	    "Remote-MTA: dns; mx.dest.example\n"
	    "Diagnostic-Code: smtp;\n    550 5.1.1 no such user here\n");
	assert_has(s, "Content-Type: message/rfc822\n\nSubject: x\n\nbody\n"
	    "\n--3C4D.1767225660/here.example--\n");
}

SIM_TEST(reasons_of_our_own_are_no_words_of_a_server)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	struct mail_dsn_rcpt r = refused;
	const char *s;

	r.relay = SPAN("none");
	r.text = SPAN("Host or domain name not found");
	s = whole(&d, &r, "");
	assert_has(s, "Diagnostic-Code: X-Mail-Tool;\n"
	    "    Host or domain name not found\n");
	assert_lacks(s, "Remote-MTA");
	assert_has(s, "Content-Type: text/rfc822-headers\n");
}

SIM_TEST(a_delay_says_until_when_it_will_be_tried)
{
	struct mail_dsn d = notice(MAIL_DSN_DELAYED);
	const char *s = whole(&d, &refused, "");

	assert_has(s, "will be tried until\n"
	    "Tue, 06 Jan 2026 00:00:00 +0000.\n");
	assert_has(s, "Action: delayed\n");
	assert_has(s, "Will-Retry-Until: Tue, 06 Jan 2026 00:00:00 +0000\n");
}

SIM_TEST(a_delivery_is_relayed_where_the_server_tells_nobody)
{
	struct mail_dsn d = notice(MAIL_DSN_DONE);
	struct mail_dsn_rcpt r = refused;

	r.text = SPAN("250 2.0.0 Ok: queued as 77");
	assert_has(whole(&d, &r, ""), "Action: delivered\n");
	d = notice(MAIL_DSN_DONE);
	r.relayed = true;
	assert_has(whole(&d, &r, ""), "Action: relayed\nStatus: 5.1.1\n"
	    "Remote-MTA: dns; mx.dest.example\n"
	    "Diagnostic-Code: smtp;\n    250 2.0.0 Ok: queued as 77\n");
}

SIM_TEST(mail_with_utf8_addresses_gets_the_forms_of_rfc_6533)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	struct mail_dsn_rcpt r = refused;
	const char *s;

	d.is_utf8 = d.whole = true;
	r.addr = SPAN("b\xc3\xbc@dest.example");
	s = whole(&d, &r, "");
	assert_has(s, "Content-Type: message/global-delivery-status\n");
	assert_has(s, "Final-Recipient: utf-8; b\xc3\xbc@dest.example\n");
	assert_has(s, "Content-Type: message/global\n");
	assert_has(s, "charset=utf-8\n");
	assert_has(s, "X-Mail-Tool-Sender: rfc822; a@here.example\n");
}

SIM_TEST(without_utf8_nothing_above_ascii_is_written)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	struct mail_dsn_rcpt r = refused;
	const char *s;

	r.addr = SPAN("b\xc3\xbc@dest.example");
	r.text = SPAN("not \xff there\x80");
	d.sender = d.to = SPAN("\xe4@here.example");
	s = whole(&d, &r, "");
	for (const char *p = s; *p != '\0'; p++)
		if ((*p & 0x80) != 0)
			sim_fail("octet %zu of:\n%s", (size_t)(p - s), s);
	assert_has(s, "<b??@dest.example>:\n    not ? there?\n");
}

SIM_TEST(the_original_is_labelled_as_8bit_if_it_is)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	const char *s;

	assert_lacks(whole(&d, &refused, ""), "Content-Transfer-Encoding");
	d = notice(MAIL_DSN_FAILED);
	d.is_8bit = d.whole = true;
	s = whole(&d, &refused, "");
	assert_has(s, "/here.example\"\nContent-Transfer-Encoding: 8bit\n");
	assert_has(s, "message/rfc822\nContent-Transfer-Encoding: 8bit\n");
}

SIM_TEST(postmaster_is_told_whose_message_it_is)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	const char *s;

	d.to_postmaster = true;
	d.to = SPAN("postmaster@here.example");
	s = whole(&d, &refused, "");
	assert_has(s, "Subject: Mail could not be delivered\n");
	assert_has(s, "For the postmaster: a message of a@here.example\n");
	d = notice(MAIL_DSN_FAILED);
	d.to_postmaster = d.is_double = true;
	d.sender = SPAN("");
	s = whole(&d, &refused, "");
	assert_has(s, "Subject: Nobody was told: Mail could not be");
	assert_has(s, "a message of <>\n");
	assert_has(s, "X-Mail-Tool-Sender: rfc822; <>\n");
}

SIM_TEST(the_envelope_id_is_given_back)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);

	d.envid = SPAN("QQ=314 1");
	assert_has(whole(&d, &refused, ""),
	    "Original-Envelope-Id: QQ=314 1\n");
	d = notice(MAIL_DSN_FAILED);
	assert_lacks(whole(&d, &refused, ""), "Original-Envelope-Id");
}

SIM_TEST(an_arrival_under_a_wrong_clock_is_not_told)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);

	d.arrived_s = 0;
	assert_lacks(whole(&d, &refused, ""), "Arrival-Date");
}

SIM_TEST(the_first_failure_to_write_stays)
{
	struct mail_dsn d = notice(MAIL_DSN_FAILED);
	size_t all;

	whole(&d, &refused, "");
	all = out.n;
	for (size_t n = 0; n < all; n++) {
		d = notice(MAIL_DSN_FAILED);
		room = n;
		whole(&d, &refused, "");
		assert_int_equal(d.rc, RC_FULL);
		assert_true(out.n <= n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_failure_has_three_parts_and_the_words_of_the_server),
		SIM_RUN(reasons_of_our_own_are_no_words_of_a_server),
		SIM_RUN(a_delay_says_until_when_it_will_be_tried),
		SIM_RUN(a_delivery_is_relayed_where_the_server_tells_nobody),
		SIM_RUN(mail_with_utf8_addresses_gets_the_forms_of_rfc_6533),
		SIM_RUN(without_utf8_nothing_above_ascii_is_written),
		SIM_RUN(the_original_is_labelled_as_8bit_if_it_is),
		SIM_RUN(postmaster_is_told_whose_message_it_is),
		SIM_RUN(the_envelope_id_is_given_back),
		SIM_RUN(an_arrival_under_a_wrong_clock_is_not_told),
		SIM_RUN(the_first_failure_to_write_stays),
	};

	return sim_main(tests, COUNT(tests));
}
