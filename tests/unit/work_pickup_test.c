/*
 * work_pickup_test.c - what lies in drop is taken in once, for whom it is, and
 * not believed.
 */
#include "submit_world.h"

struct said {
	unsigned index, flags;
	bool done;
	char log[4096];
};
static struct said said;

/* The manager's part: starts the child, hears it out. */
static int
manage(void *arg, int unused)
{
	static const struct queue_order order = { .task = QUEUE_PICKUP };
	char text[PORT_MESSAGE_MAX];
	struct buf b = BUF(text);
	struct queue_saying s;
	int fd, passed, code;
	unsigned pid;
	size_t n;

	(void)unused;
	if (port_spawn(work_pickup, arg, &pid, &fd) != RC_OK ||
	    queue_order_put(&b, &order) != RC_OK ||
	    port_send(fd, buf_span(&b), -1, MS_NEVER) != RC_OK)
		return 1;
	while (port_recv(fd, text, sizeof(text), MS_NEVER, &n, &passed) ==
	    RC_OK) {
		if (queue_saying_take((struct span){ text, n }, &s) != RC_OK)
			return 2;
		if (s.word == QUEUE_SAYS_LOG) {
			strncat(said.log, s.text.p, s.text.n);
			strcat(said.log, "\n");
		} else if (s.word == QUEUE_SAYS_DONE) {
			said.done = true;
			said.index = s.index;
			said.flags = s.flags;
		}
	}
	code = port_reap(pid, MS_NEVER);
	return code;
}

static struct work work;

static unsigned
begin_pickup(void)
{
	memset(&said, 0, sizeof(said));
	submit_load();
	work = (struct work){ .param = &sw.param, .log = &sw.log };
	sim_uid(0);
	return sim_process(manage, &work);
}

static void
pickup(void)
{
	assert_int_equal(sim_run_process(begin_pickup()), 0);
	assert_true(said.done);
	sim_note("it said: %s", said.log);
}

/* A message of a user, which he had sendmail put there. */
static void
leave(uint32_t uid, const char *message)
{
	sim_uid(uid);
	sim_stdin(message, strlen(message));
	assert_int_equal(SENDMAIL("-t", "-fme"), EXIT_OK);
	sim_uid(0);
}

#define MAIL	"Subject: x\nTo: root, u@dest.example\n\nx\n"

SIM_TEST(mail_in_drop_is_taken_as_mail_of_its_owner)
{
	char line[128];

	submit_world("mail_owner = 1000\nvirtual_alias_maps = inline:{{u@dest."
	    "example = v@dest.example}}\ncanonical_maps = inline:{{me@here."
	    "example = Me@corp.example}}\n");
	leave(2000, MAIL);
	pickup();
	assert_int_equal(sim_count(QUEUE "/drop"), 0);
	submit_read();
	assert_int_equal(sw.head.uid, 2000);
	SENDER("Me@corp.example");
	RCPTS("root@here.example root 0\n"
	    "v@dest.example u@dest.example 0\n");
	snprintf(line, sizeof(line), "Received: by here.example (Postfix, from"
	    " userid 2000)\n\tid %s; ", sw.id);
	assert_int_equal(strncmp(sw.content, line, strlen(line)), 0);
	assert_null(strstr(sw.content + 1, "Received"));
	HAS("\nFrom: A User <Me@corp.example>\n");
}

SIM_TEST(the_child_gives_up_root_before_it_reads)
{
	struct port_stat st;

	submit_world("");
	leave(2000, MAIL);
	pickup();
	submit_read();
	assert_true(sim_file_stat(QUEUE "/incoming", &st));
	snprintf(sw.rcpts, sizeof(sw.rcpts), QUEUE "/incoming/%s", sw.id);
	assert_true(sim_file_stat(sw.rcpts, &st));
	assert_int_equal(st.uid, SIM_UID);
}

/* The one file in drop, changed. */
static void
forge(size_t at, const char *text)
{
	char path[256];
	const char *data;
	char *copy;
	size_t n;

	snprintf(path, sizeof(path), QUEUE "/drop/%s", submit_only("drop"));
	assert_true(sim_file_read(path, &data, &n));
	assert_true(at + strlen(text) <= n);
	copy = malloc(n);
	memcpy(copy, data, n);
	memcpy(copy + at, text, strlen(text));
	sim_file_bytes(path, copy, n);
	sim_file_mode(path, 2000, 0600);
	free(copy);
}

SIM_TEST(the_head_of_a_file_is_not_believed)
{
	submit_world("");
	leave(2000, MAIL);
	forge(42, "0000000000");	/* uid */
	forge(34, "0000007");		/* tries */
	pickup();
	submit_read();
	assert_int_equal(sw.head.uid, 2000);
	assert_int_equal(sw.head.tries, 0);
}

SIM_TEST(what_is_no_message_is_set_aside_and_named)
{
	submit_world("");
	sim_file(QUEUE "/drop/AAA", "garbage");
	sim_file_mode(QUEUE "/drop/AAA", 2000, 0600);
	sim_fifo(QUEUE "/drop/BBB");
	sim_file("/etc/secret", "secret");
	sim_symlink(QUEUE "/drop/CCC", "/etc/secret");
	sim_hard_link(QUEUE "/drop/DDD", "/etc/secret");
	sim_file(QUEUE "/drop/E-E", "odd name");
	pickup();
	assert_int_equal(sim_count(QUEUE "/drop"), 0);
	assert_int_equal(sim_count(QUEUE "/corrupt"), 5);
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	for (const char *name = "ABCD"; *name != '\0'; name++) {
		char text[32];

		snprintf(text, sizeof(text), "drop/%c%c%c: ", *name, *name,
		    *name);
		assert_non_null(strstr(said.log, text));
	}
	assert_string_equal(sim_err(), "");
}

SIM_TEST(torn_and_cut_files_are_set_aside)
{
	char path[256];
	const char *data;
	size_t n;
	char *whole;

	submit_world("");
	leave(2000, MAIL);
	snprintf(path, sizeof(path), QUEUE "/drop/%s", submit_only("drop"));
	assert_true(sim_file_read(path, &data, &n));
	whole = malloc(n);
	memcpy(whole, data, n);
	for (size_t cut = 0; cut < n; cut += 37) {
		sim_begin();
		sim_note("cut at %zu", cut);
		submit_world("");
		sim_file_bytes(QUEUE "/drop/ABC", whole, cut);
		sim_file_mode(QUEUE "/drop/ABC", 2000, 0600);
		pickup();
		assert_int_equal(sim_count(QUEUE "/drop"), 0);
		assert_int_equal(sim_count(QUEUE "/incoming"), 0);
		assert_int_equal(sim_count(QUEUE "/corrupt"), 1);
	}
	free(whole);
}

SIM_TEST(drafts_stay_until_they_are_forgotten)
{
	submit_world("");
	sim_file(QUEUE "/drop/.new", "x");
	sim_file_mode(QUEUE "/drop/.new", 2000, 0600);
	sim_file_mtime(QUEUE "/drop/.new", SIM_WALL - 3600);
	sim_file(QUEUE "/drop/.old", "x");
	sim_file_mode(QUEUE "/drop/.old", 2000, 0600);
	sim_file_mtime(QUEUE "/drop/.old", SIM_WALL - 40 * 3600);
	pickup();
	assert_string_equal(sim_ls(QUEUE "/drop"), ".new\n");
}

SIM_TEST(one_users_flood_does_not_keep_out_others)
{
	submit_world("");
	for (unsigned i = 0; i < 40; i++)
		leave(2000, MAIL);
	leave(3000, MAIL);
	pickup();
	assert_int_equal(sim_count(QUEUE "/drop"), 24);
	assert_int_equal(said.index, 24);
	pickup();
	assert_int_equal(said.index, 8);
	pickup();
	assert_int_equal(said.index, 0);
	assert_int_equal(sim_count(QUEUE "/incoming"), 41);
}

SIM_TEST(users_who_may_not_send_are_asked_again)
{
	submit_world("");
	leave(2000, MAIL);
	submit_config("authorized_submit_users = !#2000, !2000\n");
	pickup();
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	assert_int_equal(sim_count(QUEUE "/corrupt"), 1);
	assert_non_null(strstr(said.log, "authorized_submit_users"));
}

SIM_TEST(a_message_too_long_is_set_aside)
{
	submit_world("");
	leave(2000, MAIL);
	submit_config("message_size_limit = 200\n");
	pickup();
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	assert_int_equal(sim_count(QUEUE "/corrupt"), 1);
}

SIM_TEST(mail_stays_in_drop_as_long_as_a_table_cannot_tell)
{
	submit_world("alias_maps = hash:/etc/gone\n");
	sim_uid(0);
	TAKES(SMALL, "root");
	pickup();
	assert_int_equal(sim_count(QUEUE "/drop"), 1);
	assert_int_equal(sim_count(QUEUE "/incoming"), 0);
	assert_int_equal(said.index, 0);
	sim_file("/etc/gone", "root: ops@dest.example\n");
	pickup();
	assert_int_equal(sim_count(QUEUE "/drop"), 0);
	submit_read();
	RCPTS("ops@dest.example root 0\n");
}

/* A crash may repeat a message, and never loses one. */
SIM_TEST(whoever_dies_in_between_loses_nothing)
{
	uint64_t last, first;

	submit_world("");
	leave(2000, MAIL);
	first = sim_process_calls();
	pickup();
	last = sim_process_calls();
	assert_true(last - first > 40);
	for (uint64_t at = first + 1; at <= last; at++) {
		sim_begin();
		submit_world("");
		leave(2000, MAIL);
		/* What real disks do with a file's own sync. */
		assert_int_equal(port_sync_folder(QUEUE "/drop"), RC_OK);
		sim_kill_at(at);
		(void)sim_run_process(begin_pickup());
		sim_kill_at(0);
		sim_note("died at %s", sim_died_at());
		sim_power_cut();
		if (sim_count(QUEUE "/drop") == 0)
			submit_read();
		else
			assert_int_equal(sim_count(QUEUE "/corrupt"), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(mail_in_drop_is_taken_as_mail_of_its_owner),
		SIM_RUN(the_child_gives_up_root_before_it_reads),
		SIM_RUN(the_head_of_a_file_is_not_believed),
		SIM_RUN(what_is_no_message_is_set_aside_and_named),
		SIM_RUN(torn_and_cut_files_are_set_aside),
		SIM_RUN(drafts_stay_until_they_are_forgotten),
		SIM_RUN(one_users_flood_does_not_keep_out_others),
		SIM_RUN(users_who_may_not_send_are_asked_again),
		SIM_RUN(a_message_too_long_is_set_aside),
		SIM_RUN(mail_stays_in_drop_as_long_as_a_table_cannot_tell),
		SIM_RUN(whoever_dies_in_between_loses_nothing),
	};

	return sim_main(tests, COUNT(tests));
}
