/*
 * smtp_filter_test.c - what an administrator's tables make of replies, status
 * and words; and what happens when they cannot tell.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"

#define HELLO	"S: 220 hi\nC: EHLO *  S: 250-hi\nS: 250-DSN\nS: 250 8BITMIME\n"
#define UP_TO_RCPT HELLO "C: MAIL *  S: 250 2.1.0 ok\nC: RCPT *\n"
#define BODY	"C: DATA  S: 354 go\nbody\n"

static struct sim_job *
job(const char *setting, const char *table)
{
	struct sim_job *j = sim_job();

	sim_file("/map", table);
	j->settings[0] = setting;
	SIM_TO(j, "b@dest.example");
	return j;
}

static void
ends(struct sim_job *j, const char *fate, const char *dsn, const char *text)
{
	const struct sim_verdict *v = &j->verdict[0];

	sim_deliver(j);
	assert_int_equal(j->rc, RC_OK);
	assert_int_equal(v->times, 1);
	assert_string_equal(sim_fate_name(v->fate), fate);
	assert_string_equal(v->dsn, dsn);
	if (strstr(v->text, text) == NULL)
		sim_fail("`%s` lacks `%s`", v->text, text);
}

/* ---- replies ------------------------------------------------------------- */

SIM_TEST(reply_filter_changes_a_refusal_into_a_delay_and_back)
{
	struct sim_job *j = job("smtp_reply_filter=regexp:/map",
	    "/^550 5(.1.1 .*)/ 450 4$1\n/^4(52 )4(.*)/ 5${1}5$2\n");

	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 550 5.1.1 who\n"
	    "C: RSET  S: 250 ok\nC: QUIT\n");
	ends(j, "later", "4.1.1", "450 4.1.1 who");
	j = job("smtp_reply_filter=regexp:/map",
	    "/^4(52 )4(.*)/ 5${1}5$2\n");
	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 452 4.2.2 full\n"
	    "C: RSET  S: 250 ok\nC: QUIT\n");
	ends(j, "never", "5.2.2", "552 5.2.2 full");
}

SIM_TEST(reply_filter_that_cannot_tell_keeps_the_mail)
{
	struct sim_job *j = job("smtp_reply_filter=fail:always", "");

	sim_play("192.0.2.1:25", "loose\nS: 220 hi\nrest\n");
	ends(j, "later", "4.3.0", "local data error");
}

/* ---- status -------------------------------------------------------------- */

SIM_TEST(status_filter_replaces_code_and_text)
{
	struct sim_job *j = job("smtp_delivery_status_filter=regexp:/map",
	    "/^5\\.7\\.1 .*spam/ 4.7.1 try again\n");

	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 550 5.7.1 spam\n"
	    "C: RSET  S: 250 ok\nC: QUIT\n");
	ends(j, "later", "4.7.1", "try again");
	assert_string_equal(j->verdict[0].text, "try again");
}

SIM_TEST(status_filter_makes_an_end_of_a_delay)
{
	struct sim_job *j = job("smtp_delivery_status_filter=regexp:/map",
	    "/^4\\.4\\.1/ 5.4.1 enough\n");

	sim_dial("192.0.2.1:25", SIM_REFUSED, 0);
	ends(j, "never", "5.4.1", "enough");
}

SIM_TEST(status_filter_does_not_undo_soft_bounce)
{
	struct sim_job *j = job("smtp_delivery_status_filter=regexp:/map",
	    "/^5\\.1\\.1/ 5.9.9 no\n");

	j->settings[1] = "soft_bounce=yes";
	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 550 5.1.1 who\n"
	    "C: RSET  S: 250 ok\nC: QUIT\n");
	ends(j, "later", "4.9.9", "no");
}

SIM_TEST(success_and_failure_never_change_places)
{
	struct sim_job *j = job("smtp_delivery_status_filter=regexp:/map",
	    "/^2/ 5.0.0 no\n");

	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 250 ok\n" BODY
	    "S: 250 2.6.0 taken\nC: QUIT\n");
	ends(j, "sent", "2.6.0", "taken");
	assert_non_null(strstr(sim_err(), "is no status that may stand for"));
	j = job("smtp_delivery_status_filter=regexp:/map", "/^5/ 2.0.0 yes\n");
	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 550 5.1.1 who\n"
	    "C: RSET  S: 250 ok\nC: QUIT\n");
	ends(j, "never", "5.1.1", "who");
}

SIM_TEST(code_out_of_form_changes_nothing)
{
	static const char *const codes[] = { "5", "5.1", "5.1.", "5..1.1",
	    "5.1..1", ".5.1.1", "5.1.1.", "5.1.1.1", "5.1234.1", "55.1.1",
	    "3.1.1", "5.a.1", "5.1.1x", "text", "5.1.1: x", "4" };

	for (size_t i = 0; i < COUNT(codes); i++) {
		char table[100];
		struct buf b = BUF(table);
		struct sim_job *j;

		sim_begin();
		sim_note("code %s", codes[i]);
		buf_fmt(&b, "/^5/ %s new\n", codes[i]);
		j = job("smtp_delivery_status_filter=regexp:/map",
		    buf_text(&b));
		sim_play("192.0.2.1:25", UP_TO_RCPT "S: 550 5.7.7 old\n"
		    "C: RSET  S: 250 ok\nC: QUIT\n");
		ends(j, "never", "5.7.7", "old");
		sim_end();
	}
}

SIM_TEST(status_filter_that_cannot_tell_changes_nothing)
{
	struct sim_job *j = job("smtp_delivery_status_filter=fail:always", "");

	sim_play("192.0.2.1:25", UP_TO_RCPT "S: 550 5.1.1 who\n"
	    "C: RSET  S: 250 ok\nC: QUIT\n");
	ends(j, "never", "5.1.1", "who");
}

/* ---- words by address ---------------------------------------------------- */

SIM_TEST(keywords_are_discarded_by_the_servers_address)
{
	struct sim_job *j = job("smtp_discard_ehlo_keyword_address_maps="
	    "texthash:/map", "192.0.2.1 dsn\n");

	j->settings[1] = "smtp_discard_ehlo_keywords=8bitmime";
	j->envid = "abc";
	j->body = JOB_BODY_8BITMIME;
	sim_play("192.0.2.1:25", HELLO
	    "C: MAIL FROM:<a@here.example> BODY=8BITMIME  S: 250 ok\n"
	    "C: RCPT TO:<b@dest.example>  S: 250 ok\n" BODY
	    "S: 250 taken\nC: QUIT\n");
	ends(j, "sent", "2.0.0", "taken");
}

SIM_TEST(keywords_of_the_setting_hold_for_other_addresses)
{
	struct sim_job *j = job("smtp_discard_ehlo_keyword_address_maps="
	    "texthash:/map", "192.0.2.9 dsn\n");

	j->settings[1] = "smtp_discard_ehlo_keywords=8bitmime, dsn";
	j->envid = "abc";
	j->body = JOB_BODY_8BITMIME;
	sim_play("192.0.2.1:25", HELLO
	    "C: MAIL FROM:<a@here.example>  S: 250 ok\n"
	    "C: RCPT TO:<b@dest.example>  S: 250 ok\n" BODY
	    "S: 250 taken\nC: QUIT\n");
	ends(j, "sent", "2.0.0", "taken");
}

SIM_TEST(keywords_that_cannot_be_told_keep_the_mail)
{
	struct sim_job *j = job("smtp_discard_ehlo_keyword_address_maps="
	    "fail:always", "");

	sim_play("192.0.2.1:25", "loose\nS: 220 hi\nC: EHLO *  S: 250 hi\n"
	    "rest\n");
	ends(j, "later", "4.3.0", "local data error");
}

SIM_TEST(pix_words_that_cannot_be_told_are_those_of_the_setting)
{
	struct sim_job *j = job("smtp_pix_workaround_maps=fail:always", "");

	j->settings[1] = "smtp_pix_workarounds=disable_esmtp";
	sim_play("192.0.2.1:25", "S: 220 ****2******0\nC: HELO *  S: 250 hi\n"
	    "C: MAIL *  S: 250 ok\nC: RCPT *  S: 250 ok\n" BODY
	    "S: 250 taken\nC: QUIT\n");
	ends(j, "sent", "2.0.0", "taken");
}

SIM_TEST(socket_is_known_by_its_path)
{
	struct sim_job *j = job("lmtp_discard_lhlo_keyword_address_maps="
	    "texthash:/map", "/run/lmtp dsn\n");

	j->lmtp = true;
	j->nexthop = "unix:/run/lmtp";
	j->envid = "abc";
	sim_play("/run/lmtp", "S: 220 hi\nC: LHLO *  S: 250-hi\nS: 250 DSN\n"
	    "C: MAIL FROM:<a@here.example>  S: 250 ok\nC: RCPT *  S: 250 ok\n"
	    BODY "S: 250 taken\nC: QUIT  S: 221 bye\n");
	ends(j, "sent", "2.0.0", "taken");
}

/* ---- watched peers ------------------------------------------------------- */

SIM_TEST(all_is_told_of_listed_peers_and_of_no_others)
{
	struct sim_job *j = job("debug_peer_list=192.0.2.1", "");

	sim_zone("dest.example MX 10 one.example\n"
	    "dest.example MX 20 two.example\n"
	    "one.example A 192.0.2.1\ntwo.example A 192.0.2.2\n");
	j->nexthop = "dest.example";
	sim_play("192.0.2.1:25", "S: 450 one\nC: QUIT\n");
	sim_play("192.0.2.2:25", "S: 450 two\nC: QUIT\n");
	ends(j, "later", "4.0.0", "two");
	assert_non_null(strstr(sim_err(), "< 450 one"));
	assert_null(strstr(sim_err(), "< 450 two"));
}

/* ---- generic maps in a dialogue ------------------------------------------ */

SIM_TEST(sender_that_cannot_be_told_is_kept)
{
	struct sim_job *j = job("smtp_generic_maps=fail:always", "");

	ends(j, "later", "4.3.0", "generic maps");
	assert_int_equal(sim_conns(), 0);
}

SIM_TEST(recipient_that_cannot_be_told_keeps_the_mail)
{
	struct sim_job *j = job("smtp_generic_maps=inline:{a@here.example="
	    "x@y},fail:always", "");

	sim_play("192.0.2.1:25", HELLO "C: MAIL FROM:<x@y>  S: 250 ok\n"
	    "C: QUIT\n");
	ends(j, "later", "4.3.0", "local data error");
}

SIM_TEST(header_that_cannot_be_told_is_cut_and_not_ended)
{
	struct sim_job *j = job("smtp_header_checks=fail:always", "");

	sim_play("192.0.2.1:25", HELLO "C: MAIL *  S: 250 ok\n"
	    "C: RCPT *  S: 250 ok\nC: DATA  S: 354 go\nrest\n");
	ends(j, "later", "4.3.0", "local data error");
	assert_null(strstr(sim_sent(0), "\r\n.\r\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(reply_filter_changes_a_refusal_into_a_delay_and_back),
		SIM_RUN(reply_filter_that_cannot_tell_keeps_the_mail),
		SIM_RUN(status_filter_replaces_code_and_text),
		SIM_RUN(status_filter_makes_an_end_of_a_delay),
		SIM_RUN(status_filter_does_not_undo_soft_bounce),
		SIM_RUN(success_and_failure_never_change_places),
		SIM_RUN(code_out_of_form_changes_nothing),
		SIM_RUN(status_filter_that_cannot_tell_changes_nothing),
		SIM_RUN(keywords_are_discarded_by_the_servers_address),
		SIM_RUN(keywords_of_the_setting_hold_for_other_addresses),
		SIM_RUN(keywords_that_cannot_be_told_keep_the_mail),
		SIM_RUN(pix_words_that_cannot_be_told_are_those_of_the_setting),
		SIM_RUN(socket_is_known_by_its_path),
		SIM_RUN(all_is_told_of_listed_peers_and_of_no_others),
		SIM_RUN(sender_that_cannot_be_told_is_kept),
		SIM_RUN(recipient_that_cannot_be_told_keeps_the_mail),
		SIM_RUN(header_that_cannot_be_told_is_cut_and_not_ended),
	};

	return sim_main(tests, COUNT(tests));
}
