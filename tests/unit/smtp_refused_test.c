/*
 * smtp_refused_test.c - logins that were refused are not tried again, until the
 * password or the time is another.
 */
#include <stdio.h>
#include <string.h>

#include "../sim/sim.h"
#include "../sim/sim_job.h"

#define HELLO	"S: 220 hi\nC: EHLO *  S: 250-hi\nS: 250 AUTH PLAIN\n"
#define TRIED	HELLO "C: AUTH PLAIN *  S: 535 5.7.8 wrong\nC: QUIT\n"
#define UNTRIED	HELLO "C: QUIT\n"
#define FILE_NAME "/data/refused"
#define MARK	"postern refused logins 1\n"

static struct sim_job *
job(const char *entry)
{
	struct sim_job *j = sim_job();
	char line[100];

	snprintf(line, sizeof(line), "192.0.2.1 %s\n", entry);
	sim_folder("/data", true);
	sim_file("/pw", line);
	sim_file_mode("/pw", SIM_UID, 0600);
	j->settings[0] = "smtp_sasl_auth_enable=yes";
	j->settings[1] = "smtp_sasl_password_maps=texthash:/pw";
	j->settings[2] = "smtp_sasl_security_options=noanonymous";
	j->settings[3] = "smtp_sasl_auth_cache_name=proxy:btree:/data/refused";
	SIM_TO(j, "b@dest.example");
	return j;
}

/* One delivery that comes to nothing, by this script. */
static void
fails(struct sim_job *j, const char *script)
{
	unsigned conns = sim_conns();

	sim_play("192.0.2.1:25", script);
	sim_deliver(j);
	assert_int_equal(j->rc, RC_OK);
	assert_int_equal(j->verdict[0].fate, FATE_LATER);
	assert_int_equal(sim_conns(), conns + 1);
}

static const char *
file(void)
{
	const char *data;
	size_t n;

	return sim_file_read(FILE_NAME, &data, &n) ? data : "";
}

static void
says(const char *text)
{
	if (strstr(sim_err(), text) == NULL)
		sim_fail("the log lacks: %s", text);
}

SIM_TEST(refused_login_is_told_again_without_a_try)
{
	struct sim_job *j = job("user:secret");

	fails(j, TRIED);
	assert_null(strstr(j->verdict[0].text, "CACHED"));
	j = job("user:secret");
	fails(j, UNTRIED);
	assert_string_equal(j->verdict[0].dsn, "4.7.8");
	assert_non_null(strstr(j->verdict[0].text, "[CACHED]"));
	assert_non_null(strstr(j->verdict[0].text, "535 5.7.8 wrong"));
}

SIM_TEST(next_address_of_the_same_host_is_not_tried_either)
{
	struct sim_job *j = job("x:x");

	sim_file("/pw", "mx.example user:secret\n");
	sim_zone("dest.example MX 10 mx.example\nmx.example A 192.0.2.1\n"
	    "mx.example A 192.0.2.2\n");
	j->nexthop = "dest.example";
	j->settings[4] = "smtp_randomize_addresses=no";
	sim_play("192.0.2.1:25", TRIED);
	sim_play("192.0.2.2:25", UNTRIED);
	sim_deliver(j);
	assert_int_equal(sim_conns(), 2);
}

SIM_TEST(another_user_or_password_is_another_login)
{
	fails(job("user:secret"), TRIED);
	fails(job("user:other"), TRIED);
	fails(job("users:ecret"), TRIED);
	fails(job("user:secret"), UNTRIED);
	fails(job("user:other"), UNTRIED);
}

SIM_TEST(hard_refusals_are_remembered_as_such)
{
	struct sim_job *j = job("user:secret");

	fails(j, TRIED);
	j = job("user:secret");
	j->settings[4] = "smtp_sasl_auth_soft_bounce=no";
	sim_play("192.0.2.1:25", UNTRIED);
	sim_deliver(j);
	assert_int_equal(j->verdict[0].fate, FATE_NEVER);
	assert_string_equal(j->verdict[0].dsn, "5.7.8");
}

SIM_TEST(only_535_is_about_the_password)
{
	fails(job("user:secret"), HELLO "C: AUTH PLAIN *  "
	    "S: 454 4.7.0 later\nC: QUIT\n");
	fails(job("user:secret"), HELLO "C: AUTH PLAIN *  "
	    "S: 534 5.7.9 weak\nC: QUIT\n");
	assert_string_equal(file(), "");
	fails(job("user:secret"), TRIED);
}

SIM_TEST(refusal_is_forgotten_in_time)
{
	struct sim_job *j = job("user:secret");

	j->settings[4] = "smtp_sasl_auth_cache_time=2d";
	fails(j, TRIED);
	sim_wall_jump(2 * DAY / SECOND - 100);
	j = job("user:secret");
	j->settings[4] = "smtp_sasl_auth_cache_time=2d";
	fails(j, UNTRIED);
	sim_wall_jump(200);
	j = job("user:secret");
	j->settings[4] = "smtp_sasl_auth_cache_time=2d";
	fails(j, TRIED);
	/* The old one is gone from the file. */
	assert_null(strchr(strchr(file() + strlen(MARK), '\n') + 1, '\n'));
}

SIM_TEST(refusal_of_the_future_is_none)
{
	fails(job("user:secret"), TRIED);
	sim_wall_jump(-10000);
	fails(job("user:secret"), TRIED);
}

SIM_TEST(time_of_nothing_or_no_name_remembers_nothing)
{
	struct sim_job *j = job("user:secret");

	j->settings[4] = "smtp_sasl_auth_cache_time=0";
	fails(j, TRIED);
	j = job("user:secret");
	j->settings[3] = "smtp_sasl_auth_cache_name=";
	fails(j, TRIED);
	assert_string_equal(file(), "");
}

SIM_TEST(file_is_ours_alone_and_tells_nothing)
{
	struct port_stat st;

	fails(job("user:secret"), TRIED);
	assert_int_equal(port_stat_path(FILE_NAME, &st), RC_OK);
	assert_int_equal(st.mode, 0600);
	assert_int_equal(strncmp(file(), MARK, strlen(MARK)), 0);
	assert_null(strstr(file(), "user"));
	assert_null(strstr(file(), "secret"));
	assert_null(strstr(file(), "192.0.2.1"));
}

SIM_TEST(two_files_of_the_same_login_are_not_alike)
{
	char first[400];

	fails(job("user:secret"), TRIED);
	snprintf(first, sizeof(first), "%s", file());
	sim_file_remove(FILE_NAME);
	fails(job("user:secret"), TRIED);
	assert_memory_not_equal(first + strlen(MARK), file() + strlen(MARK),
	    32);
	assert_memory_not_equal(first + strlen(MARK) + 33,
	    file() + strlen(MARK) + 33, 64);
}

SIM_TEST(damaged_file_is_set_aside_and_a_new_one_begun)
{
	static const char *const texts[] = { "some mail\n", MARK "x y\n",
	    "postern refused logins 2\n", MARK "00 11 22 5.7.8 535 no\n",
	    MARK "\n", "\n" };

	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *data;
		size_t n;

		sim_begin();
		sim_note("text %zu", i);
		sim_folder("/data", true);
		sim_file(FILE_NAME, texts[i]);
		sim_file_mode(FILE_NAME, SIM_UID, 0600);
		fails(job("user:secret"), TRIED);
		says("was set aside as /data/refused.damaged");
		assert_true(sim_file_read(FILE_NAME ".damaged", &data, &n));
		assert_true(span_is((struct span){ data, n }, texts[i]));
		fails(job("user:secret"), UNTRIED);
		sim_end();
	}
}

SIM_TEST(file_cut_anywhere_is_damaged_or_says_less)
{
	char whole[2000];
	size_t n;

	fails(job("user:secret"), TRIED);
	fails(job("user:other"), TRIED);
	n = (size_t)snprintf(whole, sizeof(whole), "%s", file());
	for (size_t cut = 1; cut < n; cut++) {
		sim_begin();
		sim_note("cut at %zu", cut);
		sim_folder("/data", true);
		sim_file_bytes(FILE_NAME, whole, cut);
		sim_file_mode(FILE_NAME, SIM_UID, 0600);
		fails(job("user:secret"), TRIED);
		sim_end();
	}
}

SIM_TEST(file_of_others_is_not_believed_nor_touched)
{
	for (unsigned i = 0; i < 3; i++) {
		sim_begin();
		sim_folder("/data", true);
		sim_file(FILE_NAME, MARK);
		sim_file_mode(FILE_NAME, i == 0 ? SIM_UID + 1 : SIM_UID,
		    i == 1 ? 0640 : i == 2 ? 0602 : 0600);
		fails(job("user:secret"), TRIED);
		says("refused logins are not remembered");
		assert_string_equal(file(), MARK);
		sim_end();
	}
}

SIM_TEST(file_too_long_is_left_alone)
{
	static char text[9000];

	memset(text, 'x', sizeof(text) - 1);
	sim_folder("/data", true);
	sim_file(FILE_NAME, text);
	sim_file_mode(FILE_NAME, SIM_UID, 0600);
	fails(job("user:secret"), TRIED);
	says("is too long");
	assert_string_equal(file(), text);
}

SIM_TEST(folder_that_cannot_be_written_is_told_of_once)
{
	struct sim_job *j = job("user:secret");

	j->jobs = 2;
	j->settings[3] = "smtp_sasl_auth_cache_name=btree:/gone/refused";
	sim_play("192.0.2.1:25", TRIED);
	sim_play("192.0.2.1:25", TRIED);
	sim_deliver(j);
	says("/gone/refused");
	assert_null(strstr(strstr(sim_err(), "are not remembered") + 1,
	    "are not remembered"));
}

SIM_TEST(file_is_bounded_and_the_oldest_make_room)
{
	char entry[40];

	for (unsigned i = 0; i < 60; i++) {
		snprintf(entry, sizeof(entry), "user%u:secret", i);
		fails(job(entry), TRIED);
		assert_true(strlen(file()) < 6000);
	}
	fails(job("user59:secret"), UNTRIED);
	fails(job("user50:secret"), UNTRIED);
	fails(job("user0:secret"), TRIED);
}

SIM_TEST(reply_of_any_length_and_kind_is_remembered_as_a_line)
{
	static char script[6000];

	strcpy(script, HELLO
	    "C: AUTH PLAIN *  S: 535-5.7.8 one\nS: 535 5.7.8 ");
	memset(script + strlen(script), 'x', 1500);
	strcat(script, "\nC: QUIT\n");
	fails(job("user:secret"), script);
	fails(job("user:secret"), UNTRIED);
	fails(job("user:other"), HELLO "C: AUTH PLAIN *  S: 535\nC: QUIT\n");
	fails(job("user:other"), UNTRIED);
}

SIM_TEST(every_failure_of_the_system_costs_a_try_at_most)
{
	uint64_t n, most = 0;

	for (n = 0; n <= most; n++) {
		struct sim_job *j;

		sim_begin();
		if (n > 0)
			sim_fail_at(n);
		j = job("user:secret");
		sim_play("192.0.2.1:25", "loose\n" TRIED);
		sim_deliver(j);
		most = sim_fallible() > most ? sim_fallible() : most;
		assert_true(j->rc != RC_OK || j->verdict[0].fate ==
		    FATE_LATER);
	}
	assert_true(most > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(refused_login_is_told_again_without_a_try),
		SIM_RUN(next_address_of_the_same_host_is_not_tried_either),
		SIM_RUN(another_user_or_password_is_another_login),
		SIM_RUN(hard_refusals_are_remembered_as_such),
		SIM_RUN(only_535_is_about_the_password),
		SIM_RUN(refusal_is_forgotten_in_time),
		SIM_RUN(refusal_of_the_future_is_none),
		SIM_RUN(time_of_nothing_or_no_name_remembers_nothing),
		SIM_RUN(file_is_ours_alone_and_tells_nothing),
		SIM_RUN(two_files_of_the_same_login_are_not_alike),
		SIM_RUN(damaged_file_is_set_aside_and_a_new_one_begun),
		SIM_RUN(file_cut_anywhere_is_damaged_or_says_less),
		SIM_RUN(file_of_others_is_not_believed_nor_touched),
		SIM_RUN(file_too_long_is_left_alone),
		SIM_RUN(folder_that_cannot_be_written_is_told_of_once),
		SIM_RUN(file_is_bounded_and_the_oldest_make_room),
		SIM_RUN(reply_of_any_length_and_kind_is_remembered_as_a_line),
		SIM_RUN(every_failure_of_the_system_costs_a_try_at_most),
	};

	return sim_main(tests, COUNT(tests));
}
