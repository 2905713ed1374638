/*
 * tls_session_test.c - sessions remembered: for whom, how long, and in what
 * file.
 */
#include "tls_world.h"

#define CACHE	"/tmp/scache"

static void
begin_cache(void)
{
	begin();
	w.set.tls_session_cache_database = SPAN("btree:" CACHE);
	w.set.tls_session_cache_timeout = HOUR;
}

/* One connection in good order; was its session an old one? */
static bool
talk(void)
{
	unsigned number = sim_conns();

	sim_play(WHERE, "tls keep  S: 220 hi  rest");
	start_well();
	end();
	/* A handshake that shows the certificate is longer. */
	return sim_heard_bytes(number) < 300;
}

static size_t
file_bytes(void)
{
	const char *data;
	size_t n;

	return sim_file_read(CACHE, &data, &n) ? n : 0;
}

static bool
log_has(const char *text)
{
	return strstr(sim_syslog(), text) != NULL;
}

/* ---- when --------------------------------------------------------------- */

SIM_TEST(a_session_is_taken_up_again)
{
	begin_cache();
	assert_false(talk());
	assert_true(talk());
	assert_true(talk());
}

SIM_TEST(another_worker_takes_it_up_from_the_file)
{
	begin_cache();
	assert_false(talk());
	begin_worker();
	assert_true(talk());
	assert_int_equal(file_bytes() > 0, true);
}

SIM_TEST(without_a_database_each_handshake_is_a_full_one)
{
	begin_cache();
	w.set.tls_session_cache_database.n = 0;
	assert_false(talk());
	assert_false(talk());
	assert_int_equal(file_bytes(), 0);
}

SIM_TEST(without_a_lifetime_nothing_is_kept)
{
	begin_cache();
	w.set.tls_session_cache_timeout = -SECOND;
	assert_false(talk());
	assert_false(talk());
	assert_int_equal(file_bytes(), 0);
}

SIM_TEST(an_old_session_is_not_used)
{
	begin_cache();
	assert_false(talk());
	sim_advance(HOUR - SECOND);
	assert_true(talk());		/* which does not renew it */
	sim_advance(SECOND);
	assert_false(talk());
	begin_worker();
	assert_true(talk());
	sim_advance(HOUR);
	begin_worker();
	assert_false(talk());
}

SIM_TEST(a_lifetime_is_two_minutes_at_least)
{
	begin_cache();
	w.set.tls_session_cache_timeout = SECOND;
	assert_false(talk());
	sim_advance(119 * SECOND);
	assert_true(talk());
	sim_advance(SECOND);
	assert_false(talk());
}

SIM_TEST(a_lifetime_is_a_hundred_days_at_most)
{
	begin_cache();
	sim_bound(200 * DAY, 0);
	w.set.tls_session_cache_timeout = 1000 * DAY;
	assert_false(talk());
	sim_wall_jump(100 * DAY / SECOND - 1);
	assert_true(talk());
	sim_wall_jump(1);
	assert_false(talk());
}

SIM_TEST(a_session_of_the_future_is_not_used)
{
	begin_cache();
	assert_false(talk());
	sim_wall_jump(-10);
	assert_false(talk());
}

SIM_TEST(times_without_sense_are_no_times)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, INT64_MAX };
	char room[SESSION_ROOM];
	struct session s = { .ssl.session_id_len = 1 }, got;

	begin_cache();
	assert_true(session_is_wanted(&w.tls));
	for (size_t i = 0; i < COUNT(times); i++) {
		s.made_s = times[i];
		session_keep(&w.tls, &s, room);
		assert_false(session_find(&w.tls, s.key, room, &got));
	}
}

SIM_TEST(a_lost_connection_is_not_remembered)
{
	begin_cache();
	sim_play(WHERE, "tls keep  S: 220 hi  rest");
	start_well();
	tls_wire_drop(w.wire);
	port_close(w.fd);
	assert_int_equal(file_bytes(), 0);
	assert_false(talk());
}

SIM_TEST(a_connection_that_broke_is_not_remembered)
{
	char c;
	size_t got;

	begin_cache();
	sim_play(WHERE, "tls keep  tls-damage  S: 220 hi  loose");
	start_well();
	assert_int_equal(tls_wire_read(w.wire, &c, 1, port_now() + SECOND,
	    &got), RC_WIRE);
	end();
	assert_false(talk());
}

SIM_TEST(a_peer_that_was_not_the_right_one_is_not_remembered)
{
	begin_cache();
	w.policy.level = LEVEL_VERIFY;
	assert_false(talk());
	assert_int_equal(file_bytes(), 0);
	assert_false(talk());
}

SIM_TEST(after_a_failed_resumption_comes_a_full_handshake)
{
	begin_cache();
	assert_false(talk());
	sim_play(WHERE, "wait 1s  close");
	assert_int_equal(start(), RC_GONE);
	assert_false(talk());
	assert_true(talk());
	sim_play(WHERE, "wait 1s  close");
	assert_int_equal(start(), RC_GONE);
	begin_worker();
	assert_false(talk());
}

SIM_TEST(a_server_that_forgot_gets_a_new_session)
{
	begin_cache();
	assert_false(talk());
	sim_play(WHERE, "tls  S: 220 hi  rest");	/* another machine */
	start_well();
	end();
	begin_worker();
	assert_false(talk());	/* that one gave no id that lasts */
	assert_true(talk());
}

/* ---- for whom ----------------------------------------------------------- */

static unsigned char key[2][SESSION_KEY];

static void
make_key(unsigned i)
{
	struct suites s = { .min = BR_TLS10, .max = BR_TLS12, .n = 2,
	    .suite = { 1, 2 } };

	session_key(&w.tls, &w.policy, &s, key[i]);
}

/* What was changed since make_key(0) makes another key. */
#define OTHER(change) \
	do { \
		begin_cache(); \
		w.policy.tlsa = &set; \
		change; \
		make_key(1); \
		sim_note("%s", #change); \
		if (memcmp(key[0], key[1], SESSION_KEY) == 0) \
			sim_fail("the same key"); \
	} while (0)

SIM_TEST(a_session_is_for_one_site_and_one_policy)
{
	static struct tlsa one, two;
	static struct tlsa_set set, more;
	static unsigned char own_der[3] = "own";
	static br_x509_certificate own = { own_der, 3 };
	struct suites s = { .min = BR_TLS10, .max = BR_TLS12, .n = 2,
	    .suite = { 1, 3 } };

	one = two = (struct tlsa){ .usage = 3, .selector = 1,
	    .digest = DIGEST_SHA256, .data = SPAN("digest") };
	set = (struct tlsa_set){ .record = &one, .n = 1 };
	more = (struct tlsa_set){ .record = &two, .n = 1 };
	begin_cache();
	w.policy.tlsa = &set;
	make_key(0);
	begin_cache();
	w.policy.tlsa = &set;
	make_key(1);
	assert_memory_equal(key[0], key[1], SESSION_KEY);

	OTHER(w.site.nexthop = SPAN("[dest.example]"));
	OTHER(w.site.domain = SPAN("other.example"));
	OTHER(w.site.domain_target = SPAN("x.example"));
	OTHER(w.site.host = SPAN("mx2.example"));
	OTHER(w.site.asked = SPAN("mx2.example"));
	OTHER(w.site.target = SPAN("mx2.example"));
	OTHER(w.site.ip.b[3] = 9);
	OTHER(w.site.ip.family = IP_NONE);
	OTHER(w.site.port = 587);
	OTHER(w.policy.level = LEVEL_VERIFY);
	OTHER(w.policy.half_dane = true);
	OTHER(w.policy.match = SPAN("nexthop"));
	OTHER(w.policy.tafile = SPAN("/ta.pem"));
	OTHER(w.policy.servername = SPAN("x.example"));
	OTHER(w.policy.servername.n = 0);
	OTHER(w.policy.tlsa = NULL);
	OTHER(w.set.tls_CAfile = SPAN("/ca.pem"));
	OTHER(w.set.tls_CApath = SPAN("/ca"));
	OTHER(w.set.tls_scert_verifydepth = 1);
	OTHER(w.set.tls_fingerprint_digest = SPAN("sha1"));
	OTHER(w.set.tls_append_default_CA = true);
	OTHER(w.policy.tlsa = &more; two.usage = 2);
	OTHER(w.policy.tlsa = &more; two = one; two.data = SPAN("digesT"));
	more.n = 0;
	OTHER(w.policy.tlsa = &more);
	OTHER(w.tls.keys.rsa = ((struct own_key){ .is_set = true,
	    .chain = { own }, .chain_n = 1 }));

	/* Parts don't run into each other. */
	OTHER(w.site.domain = SPAN("dest.exampl");
	    w.site.domain_target = SPAN("e"));

	begin_cache();
	w.policy.tlsa = &set;
	session_key(&w.tls, &w.policy, &s, key[1]);
	assert_memory_not_equal(key[0], key[1], SESSION_KEY);
	s.suite[1] = 2;
	s.min = BR_TLS11;
	session_key(&w.tls, &w.policy, &s, key[1]);
	assert_memory_not_equal(key[0], key[1], SESSION_KEY);
}

SIM_TEST(a_changed_file_of_anchors_makes_another_key)
{
	begin_cache();
	sim_file("/ca.pem", "one");
	sim_file("/ta.pem", "one");
	w.set.tls_CAfile = SPAN("/ca.pem");
	w.policy.tafile = SPAN("/no.pem, /ta.pem");
	make_key(0);
	sim_file_mtime("/ca.pem", SIM_WALL + 1);
	make_key(1);
	assert_memory_not_equal(key[0], key[1], SESSION_KEY);
	make_key(0);
	assert_memory_equal(key[0], key[1], SESSION_KEY);
	sim_file("/ta.pem", "other");
	make_key(1);
	assert_memory_not_equal(key[0], key[1], SESSION_KEY);
}

SIM_TEST(a_worker_holds_sessions_of_several_hosts)
{
	static const char *const hosts[] = { "a", "b", "c", "d", "e" };
	char room[SESSION_ROOM];
	struct session s = { .ssl.session_id_len = 1 }, got;
	size_t i;

	begin_cache();
	w.set.tls_session_cache_database = SPAN("btree:/nowhere/at/all");
	assert_true(session_is_wanted(&w.tls));
	s.made_s = port_wall();
	for (i = 0; i < COUNT(hosts); i++) {
		memset(s.key, hosts[i][0], sizeof(s.key));
		session_keep(&w.tls, &s, room);
	}
	for (i = 0; i < COUNT(hosts); i++) {
		memset(s.key, hosts[i][0], sizeof(s.key));
		assert_int_equal(session_find(&w.tls, s.key, room, &got),
		    i > 0);
	}
}

/* ---- the file ----------------------------------------------------------- */

SIM_TEST(the_file_is_ours_alone)
{
	struct port_stat s;

	begin_cache();
	assert_false(talk());
	assert_int_equal(port_stat_path(CACHE, &s), RC_OK);
	assert_int_equal(s.mode, 0600);
}

SIM_TEST(a_file_that_others_can_read_or_write_is_refused)
{
	static const uint32_t modes[] = { 0640, 0604, 0620, 0602, 0660 };

	for (size_t i = 0; i < COUNT(modes); i++) {
		size_t n;

		sim_begin();
		begin_cache();
		assert_false(talk());
		n = file_bytes();
		sim_file_mode(CACHE, SIM_UID, modes[i]);
		begin_worker();
		assert_false(talk());
		assert_true(log_has("warning: smtp_tls_session_cache_database:"
		    " " CACHE " can be read or written by others"));
		assert_int_equal(file_bytes(), n);
		assert_true(talk());	/* the worker's own memory */
		sim_end();
	}
}

SIM_TEST(a_file_of_another_user_is_refused)
{
	begin_cache();
	assert_false(talk());
	sim_file_mode(CACHE, SIM_UID + 1, 0600);
	begin_worker();
	assert_false(talk());
	assert_true(log_has("belongs to another user"));
}

SIM_TEST(a_damaged_file_is_set_aside)
{
	const char *data;
	size_t n;

	begin_cache();
	sim_file(CACHE, "something else\n");
	sim_file_mode(CACHE, SIM_UID, 0600);
	assert_false(talk());
	assert_true(log_has("it was set aside as " CACHE ".damaged"));
	assert_true(sim_file_read(CACHE ".damaged", &data, &n));
	assert_string_equal(data, "something else\n");
	begin_worker();
	assert_true(talk());
}

SIM_TEST(a_file_too_large_for_a_cache_is_left_alone)
{
	static char big[20000];
	const char *data;
	size_t n;

	begin_cache();
	sim_file_bytes(CACHE, big, sizeof(big));
	sim_file_mode(CACHE, SIM_UID, 0600);
	assert_false(talk());
	assert_int_equal(file_bytes(), sizeof(big));
	assert_false(sim_file_read(CACHE ".damaged", &data, &n));
	assert_true(log_has("is too long"));
}

SIM_TEST(a_bit_that_flipped_anywhere_is_noticed)
{
	static char copy[1000];
	char room[SESSION_ROOM];
	struct session got;
	const char *data;
	size_t n, i;

	begin_cache();
	make_key(0);
	assert_false(talk());
	assert_true(sim_file_read(CACHE, &data, &n));
	assert_true(n < sizeof(copy));
	memcpy(copy, data, n);
	memcpy(key[0], copy + 19 + 32, SESSION_KEY);
	for (i = 0; i <= 2 * n; i++) {
		begin_worker();
		assert_true(session_is_wanted(&w.tls));
		sim_note("octet %zu", i);
		if (i < n)
			copy[i] ^= 1;
		sim_file_bytes(CACHE, copy, i <= n ? n : i - n - 1);
		sim_file_mode(CACHE, SIM_UID, 0600);
		assert_int_equal(session_find(&w.tls, key[0], room, &got),
		    i == n);
		if (i < n)
			copy[i] ^= 1;
	}
}

SIM_TEST(an_empty_file_is_filled)
{
	begin_cache();
	sim_file(CACHE, "");
	sim_file_mode(CACHE, SIM_UID, 0600);
	assert_false(talk());
	begin_worker();
	assert_true(talk());
	assert_false(log_has("warning"));
}

SIM_TEST(the_file_has_a_bound_and_the_oldest_make_room)
{
	char room[SESSION_ROOM];
	struct session s = { .ssl.session_id_len = 32 }, got;
	unsigned i;

	begin_cache();
	assert_true(session_is_wanted(&w.tls));
	s.made_s = port_wall();
	for (i = 0; i < 300; i++) {
		memcpy(s.key, &i, sizeof(i));
		session_keep(&w.tls, &s, room);
		assert_true(file_bytes() < SESSION_ROOM);
	}
	begin_worker();
	assert_true(session_is_wanted(&w.tls));
	for (i = 0; i < 300; i++) {
		memcpy(s.key, &i, sizeof(i));
		assert_int_equal(session_find(&w.tls, s.key, room, &got),
		    i >= 180);
	}
}

SIM_TEST(two_workers_keep_each_other_s_sessions)
{
	char room[SESSION_ROOM];
	struct session s = { .ssl.session_id_len = 32 }, got;
	struct tls one;

	begin_cache();
	assert_true(session_is_wanted(&w.tls));
	one = w.tls;
	s.made_s = port_wall();
	memset(s.key, 1, SESSION_KEY);
	session_keep(&one, &s, room);
	memset(s.key, 2, SESSION_KEY);
	session_keep(&w.tls, &s, room);
	assert_true(session_find(&one, s.key, room, &got));
	memset(s.key, 1, SESSION_KEY);
	assert_true(session_find(&w.tls, s.key, room, &got));
	session_forget(&w.tls, s.key, room);
	begin_worker();
	assert_true(session_is_wanted(&w.tls));
	assert_false(session_find(&w.tls, s.key, room, &got));
	memset(s.key, 2, SESSION_KEY);
	assert_true(session_find(&w.tls, s.key, room, &got));
}

SIM_TEST(all_of_a_session_comes_back)
{
	char room[SESSION_ROOM];
	struct session s = { .trust = TLS_VERIFIED, .ssl = {
	    .session_id_len = 31, .version = 0x303, .cipher_suite = 0xc02c } },
	    got;

	begin_cache();
	assert_true(session_is_wanted(&w.tls));
	s.made_s = port_wall();
	memset(s.key, 0xee, SESSION_KEY);
	memset(s.ssl.session_id, 0xdd, sizeof(s.ssl.session_id));
	memset(s.ssl.master_secret, 0xcc, sizeof(s.ssl.master_secret));
	session_keep(&w.tls, &s, room);
	begin_worker();
	assert_true(session_is_wanted(&w.tls));
	assert_true(session_find(&w.tls, s.key, room, &got));
	assert_int_equal(got.trust, TLS_VERIFIED);
	assert_int_equal(got.made_s, s.made_s);
	assert_int_equal(got.ssl.version, 0x303);
	assert_int_equal(got.ssl.cipher_suite, 0xc02c);
	assert_int_equal(got.ssl.session_id_len, 31);
	assert_memory_equal(got.ssl.session_id, s.ssl.session_id, 32);
	assert_memory_equal(got.ssl.master_secret, s.ssl.master_secret, 48);
}

SIM_TEST(no_secret_stays_in_the_scratch)
{
	char room[SESSION_ROOM];
	struct session s = { .ssl.session_id_len = 32 }, got;

	begin_cache();
	assert_true(session_is_wanted(&w.tls));
	s.made_s = port_wall();
	memset(s.ssl.master_secret, 0xcc, sizeof(s.ssl.master_secret));
	memset(room, 0, sizeof(room));
	session_keep(&w.tls, &s, room);
	assert_null(memchr(room, 0xcc, sizeof(room)));
	begin_worker();
	assert_true(session_is_wanted(&w.tls));
	assert_true(session_find(&w.tls, s.key, room, &got));
	assert_null(memchr(room, 0xcc, sizeof(room)));
	session_forget(&w.tls, s.key, room);
	assert_null(memchr(room, 0xcc, sizeof(room)));
}

SIM_TEST(a_disk_that_takes_nothing_costs_a_warning)
{
	begin_cache();
	sim_disk_limit(0);
	assert_false(talk());
	assert_true(log_has("warning: smtp_tls_session_cache_database: " CACHE
	    " No space left on device; no TLS sessions are kept there"));
	assert_true(talk());
}

SIM_TEST(a_folder_that_is_missing_costs_one_warning)
{
	const char *hit;

	begin_cache();
	w.set.tls_session_cache_database = SPAN("btree:/var/lib/no/scache");
	w.tls.is_lmtp = true;
	assert_false(talk());
	hit = strstr(sim_syslog(), "warning: lmtp_tls_session_cache_database");
	assert_non_null(hit);
	w.policy.servername = SPAN("x.example");
	assert_false(talk());
	assert_null(strstr(hit + 1, "warning"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_session_is_taken_up_again),
		SIM_RUN(another_worker_takes_it_up_from_the_file),
		SIM_RUN(without_a_database_each_handshake_is_a_full_one),
		SIM_RUN(without_a_lifetime_nothing_is_kept),
		SIM_RUN(an_old_session_is_not_used),
		SIM_RUN(a_lifetime_is_two_minutes_at_least),
		SIM_RUN(a_lifetime_is_a_hundred_days_at_most),
		SIM_RUN(a_session_of_the_future_is_not_used),
		SIM_RUN(times_without_sense_are_no_times),
		SIM_RUN(a_lost_connection_is_not_remembered),
		SIM_RUN(a_connection_that_broke_is_not_remembered),
		SIM_RUN(a_peer_that_was_not_the_right_one_is_not_remembered),
		SIM_RUN(after_a_failed_resumption_comes_a_full_handshake),
		SIM_RUN(a_server_that_forgot_gets_a_new_session),
		SIM_RUN(a_session_is_for_one_site_and_one_policy),
		SIM_RUN(a_changed_file_of_anchors_makes_another_key),
		SIM_RUN(a_worker_holds_sessions_of_several_hosts),
		SIM_RUN(the_file_is_ours_alone),
		SIM_RUN(a_file_that_others_can_read_or_write_is_refused),
		SIM_RUN(a_file_of_another_user_is_refused),
		SIM_RUN(a_damaged_file_is_set_aside),
		SIM_RUN(a_file_too_large_for_a_cache_is_left_alone),
		SIM_RUN(a_bit_that_flipped_anywhere_is_noticed),
		SIM_RUN(an_empty_file_is_filled),
		SIM_RUN(the_file_has_a_bound_and_the_oldest_make_room),
		SIM_RUN(two_workers_keep_each_other_s_sessions),
		SIM_RUN(all_of_a_session_comes_back),
		SIM_RUN(no_secret_stays_in_the_scratch),
		SIM_RUN(a_disk_that_takes_nothing_costs_a_warning),
		SIM_RUN(a_folder_that_is_missing_costs_one_warning),
	};

	return sim_main(tests, COUNT(tests));
}
