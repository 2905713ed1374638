/*
 * smtp_login_test.c - AUTH dialogues: each mechanism, right and wrong; that no
 * password is ever logged, and nothing sent without one where there is one.
 */
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"

#define HELLO(words)	"S: 220 hi\nC: EHLO *  S: 250-hi\n" \
	"S: 250-ENHANCEDSTATUSCODES\nS: 250 " words "\n"
#define MAIL	"C: MAIL *  S: 250 ok\nC: RCPT *  S: 250 ok\n" \
	"C: DATA  S: 354 go\nbody\nS: 250 taken\nC: QUIT\n"
#define PLAIN	"C: AUTH PLAIN AHVzZXIAc2VjcmV0\n"
#define OK	"S: 235 2.7.0 in\n"

/* One try, with debugging of this server on, and this text for a table. */
static struct sim_job *
job(const char *passwords)
{
	struct sim_job *j = sim_job();

	sim_file("/pw", passwords);
	sim_file_mode("/pw", SIM_UID, 0600);
	j->settings[0] = "smtp_sasl_auth_enable=yes";
	j->settings[1] = "smtp_sasl_password_maps=texthash:/pw";
	j->settings[2] = "smtp_sasl_security_options=noanonymous";
	j->settings[3] = "debug_peer_list=0.0.0.0/0";
	SIM_TO(j, "b@dest.example");
	return j;
}

static void
set(struct sim_job *j, const char *text)
{
	size_t i = 0;

	while (j->settings[i] != NULL)
		i++;
	j->settings[i] = text;
}

/* In no line, at no level, in no form that tells it. */
static void
keeps_secrets(void)
{
	static const char *const secrets[] = { "secret", "c2VjcmV0",
	    "AHVzZXIAc2VjcmV0", "tanstaaf", "dGFuc3RhYWZ0YW5zdGFhZg" };

	for (size_t i = 0; i < COUNT(secrets); i++)
		if (strstr(sim_err(), secrets[i]) != NULL ||
		    strstr(sim_syslog(), secrets[i]) != NULL)
			sim_fail("the log has %s", secrets[i]);
	assert_non_null(strstr(sim_err(), "> EHLO"));
}

static void
sent(struct sim_job *j)
{
	sim_deliver(j);
	assert_int_equal(j->rc, RC_OK);
	assert_int_equal(j->verdict[0].fate, FATE_SENT);
	keeps_secrets();
}

static void
kept(struct sim_job *j, const char *dsn, const char *text)
{
	sim_deliver(j);
	assert_int_equal(j->rc, RC_OK);
	assert_int_equal(j->verdict[0].fate, dsn[0] == '5' ? FATE_NEVER :
	    FATE_LATER);
	assert_string_equal(j->verdict[0].dsn, dsn);
	if (strstr(j->verdict[0].text, text) == NULL)
		sim_fail("`%s` lacks `%s`", j->verdict[0].text, text);
	for (unsigned i = 0; i < sim_conns(); i++)
		assert_null(strstr(sim_sent(i), "MAIL FROM"));
	keeps_secrets();
}

/* ---- mechanisms ---------------------------------------------------------- */

SIM_TEST(plain_says_all_on_the_auth_line)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN OK MAIL);
	sent(j);
	assert_non_null(strstr(sim_err(), "> AUTH PLAIN ***"));
}

/* 1 + 4 + 1 + 369 octets: 500 in base64. */
SIM_TEST(plain_waits_to_be_asked_for_what_the_line_cannot_take)
{
	static char table[500], script[1000];
	struct sim_job *j;

	strcpy(table, "192.0.2.1 user:");
	for (size_t i = 0; i < 369; i += 3)
		strcat(table, "abc");
	strcat(table, "\n");
	j = job(table);
	strcpy(script, HELLO("AUTH PLAIN")
	    "C: AUTH PLAIN\nS: 334\nC: AHVzZXIA");
	for (size_t i = 0; i < 369; i += 3)
		strcat(script, "YWJj");
	strcat(script, "\n" OK MAIL);
	sim_play("192.0.2.1:25", script);
	sent(j);
	assert_non_null(strstr(sim_err(), "> AUTH PLAIN\n"));
	assert_null(strstr(sim_err(), "YWJj"));
	assert_null(strstr(sim_err(), "abc"));
}

SIM_TEST(login_answers_two_challenges_whatever_they_say)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH LOGIN") "C: AUTH LOGIN\n"
	    "S: 334 VXNlciBOYW1lAA==\nC: dXNlcg==\n"
	    "S: 334\nC: c2VjcmV0\n" OK MAIL);
	sent(j);
}

SIM_TEST(cram_md5_answers_the_challenge_of_rfc_2195)
{
	struct sim_job *j = job("192.0.2.1 tim:tanstaaftanstaaf\n");

	sim_play("192.0.2.1:25", HELLO("AUTH CRAM-MD5 PLAIN")
	    "C: AUTH CRAM-MD5\nS: 334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2Uu"
	    "cmVzdG9uLm1jaS5uZXQ+\nC: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZl"
	    "NzMzNGQzODkw\n" OK MAIL);
	sent(j);
}

SIM_TEST(plain_names_whom_to_act_as_if_it_is_to)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	set(j, "send_cyrus_sasl_authzid=yes");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN")
	    "C: AUTH PLAIN dXNlcgB1c2VyAHNlY3JldA==\n" OK MAIL);
	sent(j);
}

SIM_TEST(password_may_be_missing_or_have_colons)
{
	struct sim_job *j = job("192.0.2.1 user\n");

	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN")
	    "C: AUTH PLAIN AHVzZXIA\n" OK MAIL);
	sent(j);
	j = job("192.0.2.1 user:a:b\n");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN")
	    "C: AUTH PLAIN AHVzZXIAYTpi\n" OK MAIL);
	sent(j);
}

SIM_TEST(several_lists_are_one_and_strange_words_do_no_harm)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", "S: 220 hi\nC: EHLO *  S: 250-hi\n"
	    "S: 250-AUTH=GSSAPI X-WHAT,ELSE\nS: 250-AUTH\n"
	    "S: 250 AUTH SCRAM-SHA-1 plain\n" PLAIN OK MAIL);
	sent(j);
}

SIM_TEST(list_too_long_for_its_room_does_no_harm)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");
	char script[4000] = HELLO("AUTH PLAIN");
	size_t n = strlen(script);

	script[n - 1] = ' ';
	for (; n < 1500; n++)
		script[n] = n % 20 == 0 ? ' ' : 'X';
	strcpy(script + n, "\n" PLAIN OK MAIL);
	sim_play("192.0.2.1:25", script);
	sent(j);
}

/* ---- what goes wrong ----------------------------------------------------- */

SIM_TEST(refusal_keeps_the_mail_and_never_goes_on_without)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN
	    "S: 535 5.7.8 wrong\nC: QUIT\n");
	kept(j, "4.7.8", "535 5.7.8 wrong");
	j = job("192.0.2.1 user:secret\n");
	set(j, "smtp_sasl_auth_soft_bounce=no");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN
	    "S: 535 5.7.8 wrong\nC: QUIT\n");
	kept(j, "5.7.8", "535 5.7.8 wrong");
}

SIM_TEST(login_and_cram_md5_may_be_refused_at_each_step)
{
	static const char *const scripts[] = {
		HELLO("AUTH LOGIN") "C: AUTH LOGIN\n"
		    "S: 535 5.7.8 no\nC: QUIT\n",
		HELLO("AUTH LOGIN") "C: AUTH LOGIN\nS: 334 VQ==\nC: dXNlcg==\n"
		    "S: 535 5.7.8 no\nC: QUIT\n",
		HELLO("AUTH LOGIN") "C: AUTH LOGIN\nS: 334 VQ==\nC: dXNlcg==\n"
		    "S: 334 UA==\nC: c2VjcmV0\nS: 535 5.7.8 no\nC: QUIT\n",
		HELLO("AUTH CRAM-MD5") "C: AUTH CRAM-MD5\n"
		    "S: 535 5.7.8 no\nC: QUIT\n",
		HELLO("AUTH CRAM-MD5") "C: AUTH CRAM-MD5\nS: 334 VQ==\nC: *\n"
		    "S: 535 5.7.8 no\nC: QUIT\n",
	};

	for (size_t i = 0; i < COUNT(scripts); i++) {
		sim_begin();
		sim_play("192.0.2.1:25", scripts[i]);
		kept(job("192.0.2.1 user:secret\n"), "4.7.8", "535 5.7.8 no");
		sim_end();
	}
}

SIM_TEST(challenge_without_sense_ends_it)
{
	static const char *const scripts[] = {
		HELLO("AUTH PLAIN") PLAIN "S: 334 \nC: QUIT\n",
		HELLO("AUTH LOGIN") "C: AUTH LOGIN\n"
		    "S: 334 Username:\nC: QUIT\n",
		HELLO("AUTH CRAM-MD5") "C: AUTH CRAM-MD5\n"
		    "S: 334 %%%\nC: QUIT\n",
		HELLO("AUTH CRAM-MD5") "C: AUTH CRAM-MD5\n"
		    "S: 334-VQ==\nS: 334 VQ==\nC: QUIT\n",
		HELLO("AUTH CRAM-MD5") "C: AUTH CRAM-MD5\n"
		    "S: 334 VQ==\nC: *\nS: 334 VQ==\nC: QUIT\n",
		HELLO("AUTH LOGIN") "C: AUTH LOGIN\nS: 334 VQ==\nC: dXNlcg==\n"
		    "S: 334 UA==\nC: c2VjcmV0\nS: 334 VQ==\nC: QUIT\n",
	};

	for (size_t i = 0; i < COUNT(scripts); i++) {
		sim_begin();
		sim_note("script %zu", i);
		sim_play("192.0.2.1:25", scripts[i]);
		kept(job("192.0.2.1 user:secret\n"), "4.7.0",
		    "makes no sense");
		sim_end();
	}
}

SIM_TEST(challenge_without_end_ends_it)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");
	static char script[8000];

	strcpy(script, HELLO("AUTH CRAM-MD5") "C: AUTH CRAM-MD5\nS: 334 ");
	memset(script + strlen(script), 'A', 4000);
	strcat(script, "\nC: QUIT\n");
	sim_play("192.0.2.1:25", script);
	kept(j, "4.7.0", "makes no sense");
}

SIM_TEST(server_that_goes_away_is_one_that_was_lost)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN "close\n");
	kept(j, "4.4.2", "performing the EHLO handshake");
	j = job("192.0.2.1 user:secret\n");
	sim_play("192.0.2.1:25", HELLO("AUTH LOGIN") "C: AUTH LOGIN\nhole\n");
	kept(j, "4.4.2", "timed out");
}

SIM_TEST(entry_without_mechanism_is_no_reason_to_go)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH GSSAPI") "C: QUIT\n");
	kept(j, "4.7.0", "no mechanism");
	j = job("192.0.2.1 user:secret\n");
	set(j, "smtp_sasl_mechanism_filter=login, !plain");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") "C: QUIT\n");
	kept(j, "4.7.0", "no mechanism");
}

SIM_TEST(default_options_without_tls_tell_which_line_to_write)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	j->settings[2] = "smtp_sasl_security_options=noplaintext, noanonymous";
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN LOGIN") "C: QUIT\n");
	kept(j, "4.7.0", "password not sent: no TLS; set "
	    "smtp_tls_security_level = secure");
}

SIM_TEST(lmtp_tells_its_own_line_to_write)
{
	struct sim_job *j = sim_job();

	sim_file("/pw", "192.0.2.1 user:secret\n");
	j->lmtp = true;
	j->settings[0] = "lmtp_sasl_auth_enable=yes";
	j->settings[1] = "lmtp_sasl_password_maps=texthash:/pw";
	j->settings[2] = "debug_peer_list=0.0.0.0/0";
	SIM_TO(j, "b@dest.example");
	sim_play("192.0.2.1:24", "S: 220 hi\nC: LHLO *  S: 250-hi\n"
	    "S: 250 AUTH PLAIN\nC: QUIT  S: 221 bye\n");
	sim_deliver(j);
	assert_non_null(strstr(j->verdict[0].text,
	    "set lmtp_tls_security_level = secure"));
}

SIM_TEST(filter_that_cannot_tell_is_a_reason_to_wait)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	set(j, "smtp_sasl_mechanism_filter=fail:always");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") "C: QUIT\n");
	kept(j, "4.3.0", "filter of mechanisms");
}

SIM_TEST(table_that_cannot_tell_is_a_reason_to_wait)
{
	struct sim_job *j = job("");

	j->settings[1] = "smtp_sasl_password_maps=fail:always";
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") "C: QUIT\n");
	kept(j, "4.3.0", "cannot tell");
}

SIM_TEST(entry_too_long_is_a_reason_to_wait)
{
	struct sim_job *j = job("");
	static char text[3000];

	for (size_t n = 1100; n < 3000; n += 800) {
		strcpy(text, "192.0.2.1 user:");
		memset(text + 15, 'x', n - 15);
		strcpy(text + n - 2, "\n");
		j = job(text);
		sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") "C: QUIT\n");
		kept(j, "4.3.0", "password");
	}
}

/* ---- whose password ------------------------------------------------------ */

SIM_TEST(without_entry_or_offer_mail_goes_without)
{
	struct sim_job *j = job("192.0.2.9 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") MAIL);
	sent(j);
	j = job("192.0.2.1 user:secret\n");
	sim_play("192.0.2.1:25", HELLO("HELP") MAIL);
	sent(j);
}

SIM_TEST(table_is_not_asked_where_nothing_is_offered)
{
	struct sim_job *j = job("");

	j->settings[1] = "smtp_sasl_password_maps=fail:always";
	sim_play("192.0.2.1:25", HELLO("HELP") MAIL);
	sent(j);
}

SIM_TEST(host_comes_before_the_next_hop_as_it_is_written)
{
	struct sim_job *j = job("mx.dest.example user:secret\n"
	    "dest.example:25 other:other\n");

	sim_zone("dest.example MX 10 mx.dest.example\n"
	    "mx.dest.example A 192.0.2.1\n");
	j->nexthop = "dest.example:25";
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN OK MAIL);
	sent(j);
	j = job("dest.example:25 user:secret\ndest.example other:other\n");
	j->nexthop = "dest.example:25";
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN OK MAIL);
	sent(j);
}

SIM_TEST(sender_comes_first_if_senders_have_passwords)
{
	static const char *const tables[] = {
		"a@here.example user:secret\n192.0.2.1 other:other\n",
		"@here.example user:secret\n192.0.2.1 other:other\n",
		"a@other.example other:other\n192.0.2.1 user:secret\n",
	};

	for (size_t i = 0; i < COUNT(tables); i++) {
		struct sim_job *j;

		sim_begin();
		j = job(tables[i]);
		set(j, "smtp_sender_dependent_authentication=yes");
		sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN OK MAIL);
		sent(j);
		sim_end();
	}
}

SIM_TEST(sender_is_no_key_if_senders_have_none)
{
	struct sim_job *j = job("a@here.example other:other\n"
	    "192.0.2.1 user:secret\n");

	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN OK MAIL);
	sent(j);
}

SIM_TEST(connection_of_a_senders_password_is_not_kept)
{
	struct sim_job *j = job("x@y user:secret\n");

	set(j, "smtp_sender_dependent_authentication=yes");
	j->jobs = 2;
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") MAIL);
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") MAIL);
	sent(j);
}

SIM_TEST(dummy_author_is_named_behind_a_login_alone)
{
	struct sim_job *j = job("192.0.2.1 user:secret\n");

	set(j, "smtp_send_dummy_mail_auth=yes");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN") PLAIN OK
	    "C: MAIL FROM:<a@here.example> AUTH=<>  S: 250 ok\n"
	    "C: RCPT *  S: 250 ok\nC: DATA  S: 354 go\nbody\nS: 250 taken\n"
	    "C: QUIT\n");
	sent(j);
	j = job("192.0.2.9 user:secret\n");
	set(j, "smtp_send_dummy_mail_auth=yes");
	sim_play("192.0.2.1:25", HELLO("AUTH PLAIN")
	    "C: MAIL FROM:<a@here.example>  S: 250 ok\n"
	    "C: RCPT *  S: 250 ok\nC: DATA  S: 354 go\nbody\nS: 250 taken\n"
	    "C: QUIT\n");
	sent(j);
}

/* ---- settings ------------------------------------------------------------ */

static void
refused_with(const char *a, const char *b, const char *c, const char *text)
{
	struct sim_job *j = sim_job();

	sim_begin();
	SIM_TO(j, "b@dest.example");
	j->settings[0] = "smtp_sasl_auth_enable=yes";
	j->settings[1] = a;
	j->settings[2] = b;
	j->settings[3] = c;
	sim_deliver(j);
	assert_int_equal(j->rc, RC_DENY);
	assert_false(j->tried);
	if (strstr(sim_err(), text) == NULL)
		sim_fail("the log lacks: %s", text);
	sim_end();
}

SIM_TEST(settings_that_cannot_be_obeyed_stop_it_with_the_remedy)
{
	refused_with(NULL, NULL, NULL, "needs smtp_sasl_password_maps");
	refused_with("smtp_sasl_password_maps=inline:{a=b}",
	    "smtp_sasl_type=dovecot", NULL, "smtp_sasl_type = dovecot");
	refused_with("smtp_sasl_password_maps=inline:{a=b}",
	    "smtp_sasl_security_options=noplain", NULL,
	    "unknown word noplain");
	refused_with("smtp_sasl_password_maps=inline:{a=b}",
	    "smtp_sasl_tls_security_options=x", NULL, "unknown word x");
	refused_with("smtp_sasl_password_maps=inline:{a=b}",
	    "smtp_sasl_security_options=noanonymous",
	    "smtp_sasl_tls_verified_security_options=y", "unknown word y");
}

SIM_TEST(every_failure_of_the_system_keeps_the_mail)
{
	uint64_t n, most = 0;

	for (n = 0; n <= most; n++) {
		struct sim_job *j;

		sim_begin();
		if (n > 0)
			sim_fail_at(n);
		j = job("192.0.2.1 user:secret\n");
		sim_play("192.0.2.1:25", "loose\n" HELLO("AUTH LOGIN")
		    "C: AUTH LOGIN\nS: 334 VXNlcg==\nC: dXNlcg==\n"
		    "S: 334 UA==\nC: c2VjcmV0\n" OK MAIL);
		sim_deliver(j);
		most = sim_fallible() > most ? sim_fallible() : most;
		if (sim_conns() > 0 && strstr(sim_sent(0), "MAIL") != NULL)
			assert_non_null(strstr(sim_sent(0), "c2VjcmV0"));
	}
	assert_true(most > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(plain_says_all_on_the_auth_line),
		SIM_RUN(plain_waits_to_be_asked_for_what_the_line_cannot_take),
		SIM_RUN(login_answers_two_challenges_whatever_they_say),
		SIM_RUN(cram_md5_answers_the_challenge_of_rfc_2195),
		SIM_RUN(plain_names_whom_to_act_as_if_it_is_to),
		SIM_RUN(password_may_be_missing_or_have_colons),
		SIM_RUN(several_lists_are_one_and_strange_words_do_no_harm),
		SIM_RUN(list_too_long_for_its_room_does_no_harm),
		SIM_RUN(refusal_keeps_the_mail_and_never_goes_on_without),
		SIM_RUN(login_and_cram_md5_may_be_refused_at_each_step),
		SIM_RUN(challenge_without_sense_ends_it),
		SIM_RUN(challenge_without_end_ends_it),
		SIM_RUN(server_that_goes_away_is_one_that_was_lost),
		SIM_RUN(entry_without_mechanism_is_no_reason_to_go),
		SIM_RUN(default_options_without_tls_tell_which_line_to_write),
		SIM_RUN(lmtp_tells_its_own_line_to_write),
		SIM_RUN(filter_that_cannot_tell_is_a_reason_to_wait),
		SIM_RUN(table_that_cannot_tell_is_a_reason_to_wait),
		SIM_RUN(entry_too_long_is_a_reason_to_wait),
		SIM_RUN(without_entry_or_offer_mail_goes_without),
		SIM_RUN(table_is_not_asked_where_nothing_is_offered),
		SIM_RUN(host_comes_before_the_next_hop_as_it_is_written),
		SIM_RUN(sender_comes_first_if_senders_have_passwords),
		SIM_RUN(sender_is_no_key_if_senders_have_none),
		SIM_RUN(connection_of_a_senders_password_is_not_kept),
		SIM_RUN(dummy_author_is_named_behind_a_login_alone),
		SIM_RUN(settings_that_cannot_be_obeyed_stop_it_with_the_remedy),
		SIM_RUN(every_failure_of_the_system_keeps_the_mail),
	};

	return sim_main(tests, COUNT(tests));
}
