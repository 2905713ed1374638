/*
 * sim_disk_test.c - what a power cut leaves: all that was synced, and of the
 * rest each outcome that port.h allows, for some seed.
 */
#include <string.h>

#include "../sim/sim.h"

#define SEEDS	300

static int
create(const char *path, const char *text)
{
	int fd = -1;

	assert_int_equal(port_create(path, 0600, &fd), RC_OK);
	assert_int_equal(port_append(fd, span_of(text)), RC_OK);
	return fd;
}

/* On the disk, with its name. */
static void
publish(const char *path, const char *text)
{
	int fd = create(path, text);

	assert_int_equal(port_sync(fd), RC_OK);
	port_close(fd);
	assert_int_equal(port_sync_folder("/tmp"), RC_OK);
}

/* NULL: it is not there. */
static const char *
text_of(const char *path)
{
	const char *data;
	size_t n;

	return sim_file_read(path, &data, &n) ? data : NULL;
}

static bool
text_is(const char *path, const char *text)
{
	const char *have = text_of(path);

	return have != NULL && strcmp(have, text) == 0;
}

SIM_TEST(what_was_synced_survives_a_power_cut)
{
	unsigned i;
	int fd;

	for (i = 0; i < SEEDS; i++) {
		sim_begin_nth(i);
		publish("/tmp/a", "text");
		assert_int_equal(port_replace("/tmp/b", SPAN("more"), 0600),
		    RC_OK);
		assert_int_equal(port_open_update("/tmp/a", &fd), RC_OK);
		assert_int_equal(port_write_at(fd, SPAN("T"), 0), RC_OK);
		assert_int_equal(port_set_mtime("/tmp/a", 77), RC_OK);
		assert_int_equal(port_sync(fd), RC_OK);
		port_close(fd);
		sim_power_cut();
		assert_string_equal(sim_ls_all("/tmp"),
		    "/tmp/a 4 600 1000 77\n/tmp/b 4 600 1000 1767225600\n");
		assert_true(text_is("/tmp/a", "Text"));
	}
}

/* Sorts each outcome of many seeds into a bit; all of `want` must come. */
static void
outcomes(unsigned (*world)(void), unsigned want)
{
	unsigned seen = 0, i;

	for (i = 0; i < SEEDS; i++) {
		sim_begin_nth(i);
		seen |= 1u << world();
	}
	if (seen != want)
		sim_fail("outcomes %#x, and not %#x", seen, want);
}

static unsigned
lose_a_write(void)
{
	int fd;

	publish("/tmp/a", "0000");
	assert_int_equal(port_open_update("/tmp/a", &fd), RC_OK);
	assert_int_equal(port_write_at(fd, SPAN("1"), 1), RC_OK);
	assert_int_equal(port_write_at(fd, SPAN("1"), 2), RC_OK);
	sim_power_cut();
	return text_is("/tmp/a", "0000") ? 0 : text_is("/tmp/a", "0100") ? 1 :
	    text_is("/tmp/a", "0110") ? 2 : 3;
}

SIM_TEST(what_was_not_synced_may_be_lost_at_a_power_cut)
{
	outcomes(lose_a_write, 7);
}

static bool
is_all(const char *p, size_t n, char c)
{
	while (n > 0 && p[n - 1] == c)
		n--;
	return n == 0;
}

/* 1: a part of the first sector; 2: the last, and not the first; 3: none. */
static unsigned
tear_sectors(void)
{
	static char text[3 * 512 + 1];
	const char *data;
	size_t n;

	memset(text, 'x', sizeof(text) - 1);
	port_close(create("/tmp/a", text));
	assert_int_equal(port_sync_folder("/tmp"), RC_OK);
	sim_power_cut();
	assert_true(sim_file_read("/tmp/a", &data, &n));
	if (n == 0)
		return 3;
	if (is_all(data, n, 'x'))
		return n % 512 != 0 ? 1 : 0;
	assert_int_equal(n % 512, 0);
	assert_true(is_all(data, 512, 'x') || is_all(data, 512, '\0'));
	return n == 1536 && data[0] == '\0' && data[1535] == 'x' ? 2 : 0;
}

SIM_TEST(writes_are_torn_anywhere_and_by_sectors)
{
	outcomes(tear_sectors, 15);
}

static unsigned
lose_a_name(void)
{
	int fd = create("/tmp/a", "text");

	assert_int_equal(port_sync(fd), RC_OK);
	port_close(fd);
	sim_power_cut();
	if (!sim_file_exists("/tmp/a"))
		return 0;
	return text_is("/tmp/a", "text") ? 1 : 2;
}

SIM_TEST(a_name_whose_folder_was_not_synced_may_be_lost)
{
	outcomes(lose_a_name, 3);
}

static unsigned
rename_over(void)
{
	publish("/tmp/a", "old");
	publish("/tmp/b", "new");
	assert_int_equal(port_rename("/tmp/b", "/tmp/a"), RC_OK);
	sim_power_cut();
	if (text_is("/tmp/a", "old") && text_is("/tmp/b", "new"))
		return 0;
	return text_is("/tmp/a", "new") && !sim_file_exists("/tmp/b") ? 1 : 2;
}

SIM_TEST(a_rename_in_a_folder_is_done_or_not)
{
	outcomes(rename_over, 3);
}

/* 0: both names gone; 1: the old one; 2: the new one; 3: both. */
static unsigned
rename_across(void)
{
	sim_folder("/new", true);
	publish("/tmp/a", "text");
	assert_int_equal(port_rename("/tmp/a", "/new/a"), RC_OK);
	sim_power_cut();
	return (text_is("/tmp/a", "text") ? 1 : 0) +
	    (text_is("/new/a", "text") ? 2 : 0);
}

static unsigned
rename_across_and_sync_new(void)
{
	sim_folder("/new", true);
	publish("/tmp/a", "text");
	assert_int_equal(port_rename("/tmp/a", "/new/a"), RC_OK);
	assert_int_equal(port_sync_folder("/new"), RC_OK);
	sim_power_cut();
	return (text_is("/tmp/a", "text") ? 1 : 0) +
	    (text_is("/new/a", "text") ? 2 : 0);
}

static unsigned
rename_across_and_sync_both(void)
{
	sim_folder("/new", true);
	publish("/tmp/a", "text");
	assert_int_equal(port_rename("/tmp/a", "/new/a"), RC_OK);
	assert_int_equal(port_sync_folder("/tmp"), RC_OK);
	assert_int_equal(port_sync_folder("/new"), RC_OK);
	sim_power_cut();
	return (text_is("/tmp/a", "text") ? 1 : 0) +
	    (text_is("/new/a", "text") ? 2 : 0);
}

SIM_TEST(a_rename_between_folders_never_loses_both_names)
{
	struct port_stat st;
	unsigned i;

	outcomes(rename_across, 1 << 1 | 1 << 2 | 1 << 3);
	outcomes(rename_across_and_sync_new, 1 << 2 | 1 << 3);
	outcomes(rename_across_and_sync_both, 1 << 2);
	for (i = 0; i < SEEDS; i++) {
		sim_begin_nth(i);
		if (rename_across() == 3) {
			assert_true(sim_file_stat("/new/a", &st));
			assert_int_equal(st.links, 2);
		}
	}
}

static unsigned
two_in_no_order(void)
{
	publish("/tmp/a", "");
	port_close(create("/tmp/b", ""));
	assert_int_equal(port_remove("/tmp/a"), RC_OK);
	sim_power_cut();
	return (sim_file_exists("/tmp/a") ? 1 : 0) +
	    (sim_file_exists("/tmp/b") ? 2 : 0);
}

SIM_TEST(changes_of_names_are_kept_in_no_order)
{
	outcomes(two_in_no_order, 15);
}

static unsigned
lose_time(void)
{
	struct port_stat st;
	int fd;

	publish("/tmp/a", "");
	assert_int_equal(port_set_mtime("/tmp/a", 99), RC_OK);
	sim_power_cut();
	assert_true(sim_file_stat("/tmp/a", &st));
	assert_int_equal(port_open("/tmp/a", &fd), RC_OK);
	port_close(fd);
	return st.mtime_s == 99 ? 1 : st.mtime_s == SIM_WALL ? 0 : 2;
}

SIM_TEST(a_time_that_was_set_may_be_lost)
{
	outcomes(lose_time, 3);
}

static unsigned
lose_a_folder(void)
{
	assert_int_equal(port_folder_make("/tmp/q", 0700), RC_OK);
	port_close(create("/tmp/q/a", ""));
	assert_int_equal(port_sync_folder("/tmp/q"), RC_OK);
	sim_power_cut();
	assert_int_equal(sim_file_exists("/tmp/q"),
	    sim_file_exists("/tmp/q/a"));
	return sim_file_exists("/tmp/q") ? 1 : 0;
}

SIM_TEST(what_is_in_a_lost_folder_is_lost)
{
	outcomes(lose_a_folder, 3);
}

SIM_TEST(what_is_kept_in_memory_is_lost)
{
	unsigned i;

	for (i = 0; i < 20; i++) {
		sim_begin_nth(i);
		sim_folder("/run", true);
		sim_volatile("/run");
		sim_folder("/run/q", true);
		port_close(create("/run/q/a", "x"));
		assert_int_equal(port_sync_folder("/run/q"), RC_OK);
		publish("/tmp/a", "x");
		sim_power_cut();
		assert_string_equal(sim_ls_all("/"),
		    "/run 0 755 1000 1767225600\n"
		    "/tmp 0 1777 0 1767225600\n"
		    "/tmp/a 1 600 1000 1767225600\n");
	}
}

/* A second cut changes nothing: what was found is on the disk. */
SIM_TEST(what_was_found_after_a_cut_stays)
{
	char before[200];
	unsigned i;

	for (i = 0; i < SEEDS; i++) {
		sim_begin_nth(i);
		publish("/tmp/a", "0123");
		port_close(create("/tmp/b", "0123"));
		assert_int_equal(port_rename("/tmp/a", "/tmp/c"), RC_OK);
		assert_int_equal(port_set_mtime("/tmp/c", 5), RC_OK);
		sim_power_cut();
		assert_true(strlen(sim_ls_all("/tmp")) < sizeof(before));
		strcpy(before, sim_ls_all("/tmp"));
		sim_power_cut();
		assert_string_equal(sim_ls_all("/tmp"), before);
	}
}

/* ---- the world restarts -------------------------------------------------- */

static int
work(void *arg, int fd)
{
	(void)arg;
	if (port_lock("/tmp/lock", &fd) != RC_OK)	/* call 1 */
		return 1;
	port_sleep(port_now() + HOUR);			/* calls 2, 3 */
	fd = create("/tmp/a", "0123456789");		/* calls 4, 5 */
	if (port_sync(fd) != RC_OK)
		return 1;
	port_close(fd);
	return port_sync_folder("/tmp") == RC_OK ? 0 : 1;
}

SIM_TEST(a_power_cut_ends_all_and_starts_the_clock_again)
{
	unsigned pid = sim_process(work, NULL), other;
	int fd;

	other = sim_process(work, NULL);
	assert_int_equal(port_links(&fd), RC_OK);
	assert_int_equal(sim_run(SIM_START + MINUTE), SIM_RAN_TIME);
	sim_power_cut();
	assert_int_equal(port_now(), SIM_START);
	assert_int_equal(port_wall(), SIM_WALL + 60);
	sim_wall_jump(-60);
	assert_int_equal(port_wall(), SIM_WALL);
	assert_int_equal(sim_processes(), 0);
	assert_true(sim_status(pid) == SIM_POWERLESS ||
	    sim_status(other) == SIM_POWERLESS);
	assert_int_equal(sim_open_fds(), 0);
	assert_int_equal(port_lock("/tmp/lock", &fd), RC_OK);
	port_close(fd);
}

static unsigned
cut_while_it_writes(void)
{
	const char *text;

	sim_power_at(5);
	sim_process(work, NULL);
	assert_int_equal(sim_run(MS_NEVER), SIM_RAN_POWER);
	assert_string_equal(sim_died_at(), "4712 work: port_append");
	text = text_of("/tmp/a");
	if (text != NULL && strlen(text) == 10 && text[0] != '\0')
		return 3;
	return text == NULL ? 0 : text[0] == '\0' ? 1 : 2;
}

SIM_TEST(the_power_may_be_cut_at_any_call)
{
	uint64_t calls, n;
	int status;

	outcomes(cut_while_it_writes, 15);
	sim_begin();
	status = sim_run_process(sim_process(work, NULL));
	assert_int_equal(status, 0);
	calls = sim_process_calls();
	assert_int_equal(calls, 8);
	for (n = 1; n <= calls; n++) {
		sim_begin();
		sim_power_at(n);
		status = sim_run_process(sim_process(work, NULL));
		assert_int_equal(status, SIM_POWERLESS);
		status = sim_run_process(sim_process(work, NULL));
		assert_true(status == 0 || sim_file_exists("/tmp/a"));
	}
	assert_true(text_is("/tmp/a", "0123456789"));
}

static int
wait_at(void *arg, int fd)
{
	struct port_addr to = { .port = 25 };
	char c;
	size_t got;

	(void)arg;
	if (!ip_parse(SPAN("192.0.2.1"), &to.ip) ||
	    port_dial(&to, NULL, 0, MS_NEVER, &fd) != RC_OK)
		return 1;
	return (int)port_read(fd, &c, 1, MS_NEVER, &got);
}

SIM_TEST(peers_of_who_lost_power_hear_nothing_more)
{
	sim_play("192.0.2.1:25", "wait 1h    S: 220 hi    C: EHLO*");
	sim_process(wait_at, NULL);
	assert_int_equal(sim_run(SIM_START + MINUTE), SIM_RAN_TIME);
	sim_power_cut();
	assert_int_equal(sim_run(SIM_START + DAY), SIM_RAN_TIME);
	assert_int_equal(sim_heard_bytes(0), 0);
}

/* The test itself stands in a call meanwhile. */
SIM_TEST(a_test_that_waits_sees_the_end_of_its_child)
{
	char text[10];
	unsigned pid;
	size_t got;
	int fd, passed;

	sim_power_at(4);
	assert_int_equal(port_spawn(work, NULL, &pid, &fd), RC_OK);
	assert_int_equal(port_recv(fd, text, 10, MS_NEVER, &got, &passed),
	    RC_GONE);
	assert_int_equal(sim_status(pid), SIM_POWERLESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(what_was_synced_survives_a_power_cut),
		SIM_RUN(what_was_not_synced_may_be_lost_at_a_power_cut),
		SIM_RUN(writes_are_torn_anywhere_and_by_sectors),
		SIM_RUN(a_name_whose_folder_was_not_synced_may_be_lost),
		SIM_RUN(a_rename_in_a_folder_is_done_or_not),
		SIM_RUN(a_rename_between_folders_never_loses_both_names),
		SIM_RUN(changes_of_names_are_kept_in_no_order),
		SIM_RUN(a_time_that_was_set_may_be_lost),
		SIM_RUN(what_is_in_a_lost_folder_is_lost),
		SIM_RUN(what_is_kept_in_memory_is_lost),
		SIM_RUN(what_was_found_after_a_cut_stays),
		SIM_RUN(a_power_cut_ends_all_and_starts_the_clock_again),
		SIM_RUN(the_power_may_be_cut_at_any_call),
		SIM_RUN(peers_of_who_lost_power_hear_nothing_more),
		SIM_RUN(a_test_that_waits_sees_the_end_of_its_child),
	};

	return sim_main(tests, COUNT(tests));
}
