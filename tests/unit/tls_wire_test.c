/*
 * tls_wire_test.c - a connection under TLS, and what servers do to it.
 */
#include "tls_world.h"

/* Handshake failed, for that reason. */
static void
fails_with(enum rc rc, const char *why)
{
	assert_int_equal(start(), rc);
	assert_string_equal(buf_text(&w.why), why);
}

static void
say(const char *text)
{
	size_t put = 0, n = strlen(text);

	assert_int_equal(tls_wire_write(w.wire, text, n, port_now() + SECOND,
	    &put), RC_OK);
	assert_int_equal(put, n);
}

/* Reads exactly that, in whatever pieces. */
static void
hear(const char *text)
{
	char room[5000];
	size_t n = strlen(text), got = 0, some;

	assert_true(n < sizeof(room));
	while (got < n) {
		assert_int_equal(tls_wire_read(w.wire, room + got, n - got,
		    port_now() + 10 * SECOND, &some), RC_OK);
		assert_true(some > 0);
		got += some;
	}
	assert_memory_equal(room, text, n);
}

static enum rc
read_one(void)
{
	char c;
	size_t got;

	return tls_wire_read(w.wire, &c, 1, port_now() + 10 * SECOND, &got);
}

/* ---- what goes well ----------------------------------------------------- */

SIM_TEST(what_is_said_inside_is_heard_on_the_other_side)
{
	char room[100];
	struct buf b = BUF(room);

	begin();
	sim_play(WHERE, "tls  C: EHLO *  S: 250 hi  C: QUIT  S: 221 bye  eof");
	start_well();
	tls_wire_about(w.wire, &b);
	assert_non_null(strstr(buf_text(&b), " TLSv1.2 ECDHE-ECDSA-"));
	say("EHLO here.example\r\n");
	hear("250 hi\r\n");
	say("QUIT\r\n");
	hear("221 bye\r\n");
	assert_null(strstr(sim_sent(0), "EHLO"));
	assert_string_equal(sim_inside(0), "EHLO here.example\r\nQUIT\r\n");
	end();
}

SIM_TEST(servers_with_rsa_and_older_versions_are_talked_to)
{
	static const char *const words[] = {
		"tls rsa", "tls rsa 1.0", "tls 1.1", "tls 1.0",
		"tls suite=C02C", "tls suite=CCA9", "tls suite=C009",
		"tls rsa suite=002F", "tls rsa suite=C030", "tls expired",
		"tls self", "tls ask"
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		struct sim_text_ { char p[200]; } script;
		struct buf b;

		sim_begin();
		sim_note("%s", words[i]);
		begin();
		buf_init(&b, script.p, sizeof(script.p));
		buf_fmt(&b, "%s  S: 220 hi  C: QUIT  eof", words[i]);
		sim_play(WHERE, buf_text(&b));
		start_well();
		hear("220 hi\r\n");
		say("QUIT\r\n");
		end();
		sim_end();
	}
}

SIM_TEST(the_first_words_after_finished_are_not_lost)
{
	begin();
	sim_play(WHERE, "tls  S: 220 early  S: 250 bird  eof");
	start_well();
	assert_true(tls_wire_readable(w.wire));
	hear("220 early\r\n250 bird\r\n");
	assert_false(tls_wire_readable(w.wire));
	end();
}

SIM_TEST(a_record_that_was_read_ahead_is_there)
{
	begin();
	sim_play(WHERE, "tls  S: 220 early  S: 250 bird  hole");
	start_well();
	sim_advance(SECOND);
	hear("220 early\r\n");
	assert_true(tls_wire_readable(w.wire));
	hear("250 bird\r\n");
	assert_false(tls_wire_readable(w.wire));
	tls_wire_drop(w.wire);
	port_close(w.fd);
}

SIM_TEST(octets_may_come_and_go_one_by_one)
{
	begin();
	sim_chop(1);
	sim_play(WHERE, "drip 10ms  sip 10ms  tls  C: EHLO *  S: 250 hi  eof");
	start_well();
	say("EHLO here.example\r\n");
	hear("250 hi\r\n");
	end();
}

SIM_TEST(four_kib_are_one_record_and_leave_at_once)
{
	static char data[4096];
	size_t put, before;

	begin();
	memset(data, 'x', sizeof(data));
	sim_play(WHERE, "tls  rest");
	start_well();
	before = sim_sent_bytes(0);
	assert_int_equal(tls_wire_write(w.wire, data, sizeof(data),
	    port_now() + SECOND, &put), RC_OK);
	assert_int_equal(put, sizeof(data));
	assert_int_equal(sim_sent_write(0, before),
	    sim_sent_write(0, sim_sent_bytes(0) - 1));
	assert_in_range(sim_sent_bytes(0) - before, 4096, 4096 + 40);
	end();
}

SIM_TEST(x25519_is_offered_first)
{
	const char *hello, *curves = NULL;
	size_t i, n;

	begin();
	sim_play(WHERE, "tls  eof");
	start_well();
	hello = sim_sent(0);
	n = sim_sent_bytes(0);
	for (i = 0; i + 8 < n && curves == NULL; i++)
		if (memcmp(hello + i, "\0\x0a\0\x0a\0\x08\0", 7) == 0)
			curves = hello + i;
	assert_non_null(curves);
	assert_memory_equal(curves + 6, "\0\x1d\0\x17\0\x18\0\x19", 8);
	end();
}

static bool
sent_name(const char *name)
{
	size_t n = strlen(name), i;

	for (i = 0; i + n < sim_sent_bytes(0); i++)
		if (memcmp(sim_sent(0) + i, name, n) == 0)
			return true;
	return false;
}

SIM_TEST(the_server_name_is_the_policy_s)
{
	begin();
	sim_play(WHERE, "tls  eof");
	w.policy.servername = SPAN("other.example");
	start_well();
	assert_true(sent_name("other.example"));
	assert_false(sent_name("mx.example"));
	end();
}

SIM_TEST(without_a_server_name_none_is_sent)
{
	begin();
	sim_play(WHERE, "tls  eof");
	w.policy.servername.n = 0;
	start_well();
	assert_false(sent_name("example"));
	end();
}

SIM_TEST(a_server_that_wants_another_handshake_is_refused)
{
	begin();
	sim_play(WHERE, "tls  S: 220 a  tls-again  C: EHLO *  S: 250 b  eof");
	start_well();
	hear("220 a\r\n");
	say("EHLO here.example\r\n");
	hear("250 b\r\n");
	end();
}

SIM_TEST(the_refusal_leaves_while_nobody_writes)
{
	begin();
	sim_play(WHERE, "tls  tls-again  wait 1s  S: 220 a  S: 220 b  eof");
	start_well();
	assert_false(tls_wire_readable(w.wire));
	hear("220 a\r\n220 b\r\n");
	end();
}

/* ---- ends --------------------------------------------------------------- */

SIM_TEST(a_goodbye_is_the_end)
{
	begin();
	sim_play(WHERE, "tls  S: 421 bye  tls-end  rest");
	start_well();
	hear("421 bye\r\n");
	assert_int_equal(read_one(), RC_GONE);
	assert_true(tls_wire_readable(w.wire));
	assert_int_equal(read_one(), RC_GONE);
	end();
}

SIM_TEST(an_end_without_goodbye_is_the_end_too)
{
	begin();
	sim_play(WHERE, "tls  S: 421 bye  close");
	start_well();
	hear("421 bye\r\n");
	assert_int_equal(read_one(), RC_GONE);
	tls_wire_drop(w.wire);
	port_close(w.fd);
}

SIM_TEST(what_came_before_a_reset_is_read)
{
	size_t put;

	begin();
	sim_play(WHERE, "tls  S: 554 no  reset");
	start_well();
	assert_int_equal(tls_wire_write(w.wire, "EHLO\r\n", 6,
	    port_now() + SECOND, &put), RC_GONE);
	hear("554 no\r\n");
	assert_int_equal(read_one(), RC_GONE);
	assert_int_equal(tls_wire_write(w.wire, "EHLO\r\n", 6,
	    port_now() + SECOND, &put), RC_GONE);
	end();
}

SIM_TEST(a_damaged_record_is_not_believed)
{
	begin();
	sim_play(WHERE, "tls  S: 250 good  tls-damage  S: 250 bad  loose");
	start_well();
	hear("250 good\r\n");
	assert_int_equal(read_one(), RC_WIRE);
	assert_int_equal(read_one(), RC_WIRE);
	end();
}

SIM_TEST(text_in_the_clear_is_not_believed)
{
	begin();
	sim_play(WHERE, "tls  clear: 250 2.0.0 ok\\r\\n  loose");
	start_well();
	assert_int_equal(read_one(), RC_WIRE);
	end();
}

SIM_TEST(reading_ends_at_its_deadline)
{
	ms_t from;
	char c;
	size_t got;

	begin();
	sim_play(WHERE, "tls  S: 220 hi  hole");
	start_well();
	assert_true(tls_wire_readable(w.wire));
	assert_int_equal(tls_wire_read(w.wire, &c, 1, port_now(), &got),
	    RC_TIME);		/* though it is there */
	hear("220 hi\r\n");
	from = port_now();
	assert_int_equal(tls_wire_read(w.wire, &c, 1, from + 5 * SECOND, &got),
	    RC_TIME);
	assert_int_equal(port_now(), from + 5 * SECOND);
	tls_wire_drop(w.wire);
	port_close(w.fd);
}

SIM_TEST(half_a_record_is_nothing_to_read)
{
	begin();
	sim_play(WHERE, "tls  drip 200ms  S: 220 hi  eof");
	start_well();
	sim_advance(2 * SECOND);
	assert_false(tls_wire_readable(w.wire));
	hear("220 hi\r\n");
	end();
}

SIM_TEST(a_write_that_does_not_leave_in_time_is_the_last)
{
	static char data[4096];
	size_t put, i;
	enum rc rc = RC_OK;

	begin();
	sim_play(WHERE, "window 5000 5000  tls  hole");
	start_well();
	for (i = 0; rc == RC_OK && i < 10; i++)
		rc = tls_wire_write(w.wire, data, sizeof(data),
		    port_now() + SECOND, &put);
	assert_int_equal(rc, RC_TIME);
	assert_int_equal(tls_wire_write(w.wire, data, 1, port_now() + SECOND,
	    &put), RC_GONE);
	tls_wire_drop(w.wire);
	port_close(w.fd);
}

SIM_TEST(we_say_goodbye_and_wait_only_if_told_to)
{
	size_t n;

	begin();
	sim_play(WHERE, "tls  S: 220 unread  wait 300ms  rest");
	start_well();
	n = sim_sent_bytes(0);
	end();
	assert_true(sim_sent_bytes(0) > n);
	sim_end();

	sim_begin();
	begin();
	w.set.tls_fast_shutdown_enable = false;
	sim_play(WHERE, "tls  S: 220 unread  wait 300ms  rest");
	start_well();
	tls_wire_close(w.wire, port_now() + 10 * SECOND);
	assert_in_range(port_now() - SIM_START, 300, 1000);
	port_close(w.fd);
}

SIM_TEST(waiting_for_a_goodbye_takes_its_time_and_no_more)
{
	begin();
	w.set.tls_fast_shutdown_enable = false;
	sim_play(WHERE, "tls  hole");
	start_well();
	tls_wire_close(w.wire, port_now() + 3 * SECOND);
	assert_int_equal(port_now(), SIM_START + 3 * SECOND);
	port_close(w.fd);
}

/* ---- handshakes that fail ----------------------------------------------- */

SIM_TEST(what_is_no_tls_is_called_so)
{
	begin();
	sim_play(WHERE, "raw: 454 TLS not available\\r\\n  loose");
	fails_with(RC_WIRE, "what the server sent is no TLS");
}

SIM_TEST(a_close_in_the_handshake_is_told)
{
	begin();
	sim_play(WHERE, "wait 1s  close");
	fails_with(RC_GONE, "the server closed the connection in the TLS "
	    "handshake (Connection closed)");
	sim_end();

	sim_begin();
	begin();
	sim_play(WHERE, "reset");
	fails_with(RC_GONE, "the server closed the connection in the TLS "
	    "handshake (Connection reset by peer)");
}

SIM_TEST(a_handshake_cut_anywhere_fails_and_never_hangs)
{
	static const enum sim_end how[] = { SIM_CLOSE, SIM_RESET, SIM_HOLE };
	static const enum rc rcs[] = { RC_GONE, RC_GONE, RC_TIME };
	size_t all, i;

	begin();
	sim_play(WHERE, "tls  eof");
	start_well();
	all = sim_heard_bytes(0);
	end();
	for (i = 0; i < 3 * all; i++) {
		sim_begin();
		sim_note("cut at %zu, way %zu", i / 3, i % 3);
		begin();
		sim_play(WHERE, "tls  eof");
		sim_cut(WHERE, 0, SIM_SENT, i / 3, how[i % 3]);
		assert_int_equal(start(), rcs[i % 3]);
		sim_end();
	}
}

SIM_TEST(a_server_that_never_answers_costs_the_limit)
{
	begin();
	sim_play(WHERE, "hole");
	fails_with(RC_TIME, "timed out in the TLS handshake");
	assert_int_equal(port_now(), SIM_START + 10 * SECOND);
}

SIM_TEST(a_server_that_drips_meets_the_end_of_all)
{
	begin();
	sim_play(WHERE, "loose  drip 5s  tls");
	fails_with(RC_TIME, "timed out in the TLS handshake");
	assert_int_equal(port_now(), SIM_START + MINUTE);
}

static size_t
endless(struct sim_conn *c, struct span bytes, void *arg)
{
	size_t i;

	(void)arg;
	if (sim_heard_bytes(sim_conn_number(c)) == 0)
		for (i = 0; i < 100000; i++)
			sim_put(c, "\x16\3\3\0\0", 5);	/* no octets */
	return bytes.n;
}

SIM_TEST(a_handshake_that_has_no_end_is_ended)
{
	static const struct sim_service svc = { .data = endless };

	begin();
	sim_serve(WHERE, &svc, NULL);
	fails_with(RC_WIRE, "the TLS handshake has no end");
}

SIM_TEST(without_a_shared_cipher_there_is_a_sentence)
{
	begin();
	sim_play(WHERE, "tls fails suite=CCA8");
	fails_with(RC_WIRE, "no shared cipher, only TLS 1.3, or a server key "
	    "of a kind that postern does not have (handshake failure alert)");
}

SIM_TEST(a_server_of_tls_1_3_alone_is_called_so)
{
	begin();
	sim_play(WHERE, "raw: \\x15\\x03\\x03\\0\\x02\\x02\\x46  loose");
	fails_with(RC_WIRE, "the server speaks only TLS 1.3, which postern "
	    "does not have (protocol version alert)");
}

SIM_TEST(words_that_mean_nothing_stop_before_the_first_octet)
{
	begin();
	sim_play(WHERE, "quiet  eof");
	w.policy.protocols = SPAN("bad");
	assert_int_equal(start(), RC_DENY);
	assert_true(w.why.n > 0);
	assert_int_equal(sim_sent_bytes(0), 0);
}

SIM_TEST(a_bound_that_does_nothing_is_a_warning)
{
	begin();
	w.policy.protocols = SPAN(">=0399");
	sim_play(WHERE, "tls fails suite=CCA8");
	fails_with(RC_WIRE, "no shared cipher, only TLS 1.3, or a server key "
	    "of a kind that postern does not have (handshake failure alert)");
	assert_non_null(strstr(sim_err(), "warning: smtp_tls_policy_maps, "
	    "entry for dest.example: protocols: a number is no version"));
}

SIM_TEST(without_entropy_nothing_is_sent)
{
	begin();
	sim_random_delay(HOUR);
	sim_play(WHERE, "quiet  eof");
	assert_int_equal(start(), RC_OS);
	assert_non_null(strstr(buf_text(&w.why), "no random numbers: "));
	assert_int_equal(sim_sent_bytes(0), 0);
}

static enum rc
whole_talk(void)
{
	enum rc rc = start();
	size_t n;
	char c;

	if (rc != RC_OK)
		return rc;
	rc = tls_wire_write(w.wire, "EHLO x\r\n", 8, port_now() + SECOND, &n);
	if (rc == RC_OK)
		rc = tls_wire_read(w.wire, &c, 1, port_now() + SECOND, &n);
	end();
	return rc;
}

SIM_TEST(a_call_of_the_port_that_fails_is_a_result)
{
	static const char script[] = "loose  tls  C: EHLO x  S: 250 hi";
	uint64_t calls, i;

	begin();
	sim_play(WHERE, script);
	assert_int_equal(whole_talk(), RC_OK);
	calls = sim_fallible();
	assert_true(calls > 10);
	for (i = 1; i <= calls; i++) {
		sim_begin();
		begin();
		sim_note("call %llu fails", (unsigned long long)i);
		sim_play(WHERE, script);
		sim_fail_at(i);
		if (whole_talk() != RC_OK && i > 1 && w.wire == NULL)
			assert_true(w.why.n > 0);
		assert_int_equal(sim_open_fds(), 0);
	}
	sim_begin();
}

/* ---- words -------------------------------------------------------------- */

SIM_TEST(alerts_have_the_names_of_their_rfcs)
{
	static const struct {
		int number;
		const char *name;
	} names[] = {
		{ 10, "unexpected message" }, { 20, "bad record MAC" },
		{ 21, "decryption failed" }, { 22, "record overflow" },
		{ 30, "decompression failure" }, { 41, "no certificate" },
		{ 42, "bad certificate" }, { 43, "unsupported certificate" },
		{ 44, "certificate revoked" }, { 45, "certificate expired" },
		{ 46, "certificate unknown" }, { 47, "illegal parameter" },
		{ 48, "unknown CA" }, { 49, "access denied" },
		{ 50, "decode error" }, { 51, "decrypt error" },
		{ 60, "export restriction" }, { 71, "insufficient security" },
		{ 80, "internal error" }, { 86, "inappropriate fallback" },
		{ 90, "user canceled" }, { 100, "no renegotiation" },
		{ 109, "missing extension" },
		{ 110, "unsupported extension" },
		{ 112, "unrecognized name" }, { 115, "unknown PSK identity" },
		{ 116, "certificate required" },
		{ 120, "no application protocol" },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct fault f = { .error = 256 + names[i].number,
		    .min = BR_TLS10, .max = BR_TLS12 };
		char room[200], want[200];
		struct buf b = BUF(room), wb = BUF(want);

		fault_put(&b, &f);
		buf_fmt(&wb, "the server gave up (%s alert)", names[i].name);
		assert_string_equal(buf_text(&b), buf_text(&wb));
	}
}

static void
assert_fault(struct fault f, const char *text)
{
	char room[200];
	struct buf b = BUF(room);

	fault_put(&b, &f);
	assert_string_equal(buf_text(&b), text);
}

SIM_TEST(an_alert_means_what_went_before)
{
	struct fault f = { .error = 256 + 70, .min = BR_TLS10,
	    .max = BR_TLS11 };

	assert_fault(f, "the server has none of the versions TLSv1 to "
	    "TLSv1.1 (protocol version alert)");
	f = (struct fault){ .error = 256 + 40, .max = BR_TLS12,
	    .has_cert = true, .was_asked = true };
	assert_fault(f, "the server wants another client certificate, or one "
	    "at all (handshake failure alert)");
	f.was_asked = false;
	assert_fault(f, "the server gave up (handshake failure alert)");
	f.error = 256 + 77;
	assert_fault(f, "the server gave up (alert 77)");
}

SIM_TEST(errors_of_the_engine_have_words)
{
	struct fault f = { .error = BR_ERR_BAD_MAC };

	assert_fault(f, "the server sent a record that was tampered with "
	    "(bad MAC)");
	f.error = BR_ERR_BAD_CIPHER_SUITE;
	assert_fault(f, "the server sent a cipher that was not offered");
	f.error = BR_ERR_X509_UNSUPPORTED;
	assert_fault(f, "the server sent a certificate with a key of a kind "
	    "that postern does not have");
	f.error = BR_ERR_X509_WEAK_PUBLIC_KEY;
	assert_fault(f, "the server sent a certificate with a key that is too "
	    "short");
	f.error = BR_ERR_BAD_STATE;
	assert_fault(f, "TLS error 2");
	f = (struct fault){ .error = BR_ERR_UNSUPPORTED_VERSION,
	    .min = BR_TLS12, .max = BR_TLS12 };
	assert_fault(f, "the server chose a version outside TLSv1.2 to "
	    "TLSv1.2");
}

/* ---- the log ------------------------------------------------------------ */

SIM_TEST(the_log_tells_as_much_as_it_is_asked_to)
{
	static const char secret[] = "AUTH PLAIN AGEAYg==\r\n";
	size_t lines[6] = { 0 };

	for (int level = 0; level <= 5; level++) {
		const char *p;

		sim_begin();
		begin();
		w.set.tls_loglevel = level;
		sim_play(WHERE, "tls  C: AUTH *  S: 235 ok  eof");
		start_well();
		say(secret);
		hear("235 ok\r\n");
		end();
		for (p = sim_syslog(); *p != '\0'; p++)
			lines[level] += *p == '\n';
		assert_null(strstr(sim_syslog(), "AGEAYg"));
		assert_null(strstr(sim_syslog(), "41474541596"));
		sim_end();
	}
	assert_int_equal(lines[0], 0);
	assert_int_equal(lines[1], 0);
	assert_true(lines[2] > 5);
	assert_true(lines[3] > lines[2]);
	assert_true(lines[4] > lines[3]);
	assert_int_equal(lines[5], lines[4]);
	sim_begin();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(what_is_said_inside_is_heard_on_the_other_side),
		SIM_RUN(servers_with_rsa_and_older_versions_are_talked_to),
		SIM_RUN(the_first_words_after_finished_are_not_lost),
		SIM_RUN(a_record_that_was_read_ahead_is_there),
		SIM_RUN(octets_may_come_and_go_one_by_one),
		SIM_RUN(four_kib_are_one_record_and_leave_at_once),
		SIM_RUN(x25519_is_offered_first),
		SIM_RUN(the_server_name_is_the_policy_s),
		SIM_RUN(without_a_server_name_none_is_sent),
		SIM_RUN(a_server_that_wants_another_handshake_is_refused),
		SIM_RUN(the_refusal_leaves_while_nobody_writes),
		SIM_RUN(a_goodbye_is_the_end),
		SIM_RUN(an_end_without_goodbye_is_the_end_too),
		SIM_RUN(what_came_before_a_reset_is_read),
		SIM_RUN(a_damaged_record_is_not_believed),
		SIM_RUN(text_in_the_clear_is_not_believed),
		SIM_RUN(reading_ends_at_its_deadline),
		SIM_RUN(half_a_record_is_nothing_to_read),
		SIM_RUN(a_write_that_does_not_leave_in_time_is_the_last),
		SIM_RUN(we_say_goodbye_and_wait_only_if_told_to),
		SIM_RUN(waiting_for_a_goodbye_takes_its_time_and_no_more),
		SIM_RUN(what_is_no_tls_is_called_so),
		SIM_RUN(a_close_in_the_handshake_is_told),
		SIM_RUN(a_handshake_cut_anywhere_fails_and_never_hangs),
		SIM_RUN(a_server_that_never_answers_costs_the_limit),
		SIM_RUN(a_server_that_drips_meets_the_end_of_all),
		SIM_RUN(a_handshake_that_has_no_end_is_ended),
		SIM_RUN(without_a_shared_cipher_there_is_a_sentence),
		SIM_RUN(a_server_of_tls_1_3_alone_is_called_so),
		SIM_RUN(words_that_mean_nothing_stop_before_the_first_octet),
		SIM_RUN(a_bound_that_does_nothing_is_a_warning),
		SIM_RUN(without_entropy_nothing_is_sent),
		SIM_RUN(a_call_of_the_port_that_fails_is_a_result),
		SIM_RUN(alerts_have_the_names_of_their_rfcs),
		SIM_RUN(an_alert_means_what_went_before),
		SIM_RUN(errors_of_the_engine_have_words),
		SIM_RUN(the_log_tells_as_much_as_it_is_asked_to),
	};

	return sim_main(tests, COUNT(tests));
}
