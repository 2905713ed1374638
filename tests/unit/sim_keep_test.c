/*
 * sim_keep_test.c - files that outlive a crash are simulated as port.h promises
 * them; what is left of them after a power cut is sim_disk_test.c.
 */
#include <string.h>

#include "../sim/sim.h"

static int
create(const char *path, const char *text)
{
	int fd = -1;

	assert_int_equal(port_create(path, 0600, &fd), RC_OK);
	assert_int_equal(port_append(fd, span_of(text)), RC_OK);
	return fd;
}

static void
assert_text(const char *path, const char *text)
{
	const char *data;
	size_t n;

	assert_true(sim_file_read(path, &data, &n));
	assert_string_equal(data, text);
	assert_int_equal(n, strlen(text));
}

SIM_TEST(a_name_is_created_once)
{
	int fd = create("/tmp/a", "one");

	assert_int_equal(port_write_at(fd, SPAN("O"), 0), RC_OK);
	port_close(fd);
	assert_int_equal(port_create("/tmp/a", 0600, &fd), RC_DENY);
	assert_int_equal(port_create("/none/a", 0600, &fd), RC_OS);
	assert_true(port_error_is_missing());
	sim_folder("/ro", false);
	assert_int_equal(port_create("/ro/a", 0600, &fd), RC_OS);
	assert_text("/tmp/a", "One");
	assert_string_equal(sim_ls("/tmp"), "a\n");
	assert_int_equal(sim_written(), 4);
}

SIM_TEST(a_file_is_updated_in_place)
{
	char text[8];
	size_t got;
	int fd;

	assert_int_equal(port_open_update("/tmp/a", &fd), RC_NONE);
	sim_file("/tmp/a", "012345");
	assert_int_equal(port_open_update("/tmp/a", &fd), RC_OK);
	assert_int_equal(port_write_at(fd, SPAN("xy"), 4), RC_OK);
	assert_int_equal(port_pread(fd, text, 8, 3, &got), RC_OK);
	assert_memory_equal(text, "3xy", 3);
	assert_int_equal(got, 3);
	port_close(fd);
	assert_text("/tmp/a", "0123xy");
}

SIM_TEST(only_regular_files_of_strangers_are_opened)
{
	struct port_stat st;
	int fd;

	sim_file("/tmp/a", "text");
	sim_symlink("/tmp/l", "/tmp/a");
	sim_fifo("/tmp/f");
	sim_hard_link("/tmp/b", "/tmp/a");
	assert_int_equal(port_open_strange("/tmp/none", &fd), RC_NONE);
	assert_int_equal(port_open_strange("/tmp/l", &fd), RC_DENY);
	assert_int_equal(port_open_strange("/tmp/f", &fd), RC_DENY);
	assert_int_equal(port_open_strange("/tmp", &fd), RC_DENY);
	assert_int_equal(port_open_strange("/tmp/a", &fd), RC_OK);
	assert_int_equal(port_stat_fd(fd, &st), RC_OK);
	assert_int_equal(st.links, 2);
	sim_file_remove("/tmp/b");
	assert_int_equal(port_stat_fd(fd, &st), RC_OK);
	assert_int_equal(st.links, 1);
	port_close(fd);
	assert_int_equal(port_open("/tmp/l", &fd), RC_OK);
	port_close(fd);
}

SIM_TEST(a_rename_replaces_and_a_removed_file_stays_for_who_has_it)
{
	struct port_stat a, b;
	char text[8];
	size_t got;
	int fd = create("/tmp/a", "new");

	sim_file("/tmp/b", "old");
	assert_true(sim_file_stat("/tmp/a", &a));
	assert_int_equal(port_rename("/tmp/none", "/tmp/b"), RC_NONE);
	assert_int_equal(port_rename("/tmp/a", "/tmp/b"), RC_OK);
	assert_true(sim_file_stat("/tmp/b", &b));
	assert_int_equal(a.inode, b.inode);
	assert_int_equal(b.links, 1);
	assert_text("/tmp/b", "new");
	assert_false(sim_file_exists("/tmp/a"));
	assert_int_equal(port_remove("/tmp/b"), RC_OK);
	assert_int_equal(port_remove("/tmp/b"), RC_NONE);
	assert_int_equal(sim_count("/tmp"), 0);
	assert_int_equal(port_pread(fd, text, 8, 0, &got), RC_OK);
	assert_memory_equal(text, "new", 3);
	assert_int_equal(port_stat_fd(fd, &b), RC_OK);
	assert_int_equal(b.links, 0);
	port_close(fd);
}

SIM_TEST(times_modes_and_owners_are_set)
{
	struct port_stat st;

	assert_int_equal(port_set_mtime("/tmp/a", 1), RC_NONE);
	assert_int_equal(port_set_mode("/tmp/a", 1), RC_NONE);
	assert_int_equal(port_set_owner("/tmp/a", 1), RC_NONE);
	sim_file("/tmp/a", "");
	assert_int_equal(port_set_mtime("/tmp/a", SIM_WALL + 77), RC_OK);
	assert_int_equal(port_set_mode("/tmp/a", 0400), RC_OK);
	assert_int_equal(port_set_owner("/tmp/a", 1), RC_OS);
	sim_uid(0);
	assert_int_equal(port_set_owner("/tmp/a", 1), RC_OK);
	assert_int_equal(port_stat_path("/tmp/a", &st), RC_OK);
	assert_int_equal(st.mtime_s, SIM_WALL + 77);
	assert_int_equal(st.mode, 0400);
	assert_int_equal(st.uid, 1);
	assert_string_equal(sim_ls_all("/tmp"), "/tmp/a 0 400 1 1767225677\n");
}

SIM_TEST(a_write_sets_the_time)
{
	struct port_stat st;
	int fd = create("/tmp/a", "x");

	assert_int_equal(port_set_mtime("/tmp/a", 5), RC_OK);
	port_sleep(port_now() + 9 * SECOND);
	assert_int_equal(port_write_at(fd, SPAN("y"), 0), RC_OK);
	assert_int_equal(port_stat_fd(fd, &st), RC_OK);
	assert_int_equal(st.mtime_s, SIM_WALL + 9);
	port_close(fd);
}

SIM_TEST(folders_are_made_one_by_one)
{
	assert_int_equal(port_folder_make("/tmp/q/in", 0700), RC_OS);
	assert_int_equal(port_folder_make("/tmp/q", 0700), RC_OK);
	assert_int_equal(port_folder_make("/tmp/q", 0700), RC_DENY);
	assert_int_equal(port_folder_make("/tmp/q/in", 0700), RC_OK);
	assert_int_equal(port_sync_folder("/tmp/q"), RC_OK);
	assert_int_equal(port_sync_folder("/tmp/none"), RC_OS);
	port_close(create("/tmp/q/in/a", "x"));
	assert_int_equal(port_remove("/tmp/q"), RC_OS);
	assert_string_equal(sim_ls("/tmp/q"), "in\n");
}

/* The names that a list tells, each followed by a blank, in their order. */
static void
list_rest(struct port_list *l, char *out, size_t room)
{
	char name[20];
	struct buf b;
	enum rc rc;

	for (out[0] = '\0';;) {
		b = BUF(name);
		rc = port_list_next(l, &b);
		if (rc == RC_NONE)
			return;
		assert_int_equal(rc, RC_OK);
		assert_true(strlen(out) + b.n + 2 < room);
		strcat(strcat(out, buf_text(&b)), " ");
	}
}

SIM_TEST(a_list_tells_each_name_once_in_no_order)
{
	struct port_list l;
	char all[40];
	unsigned i, sorted = 0;

	assert_int_equal(port_list_open(&l, "/tmp/none"), RC_NONE);
	port_list_close(&l);
	sim_file("/tmp/a", "");
	sim_file("/tmp/b", "");
	for (i = 0; i < 40; i++) {
		assert_int_equal(port_list_open(&l, "/tmp"), RC_OK);
		list_rest(&l, all, sizeof(all));
		port_list_close(&l);
		assert_int_equal(strlen(all), 4);
		assert_true(strchr(all, 'a') && strchr(all, 'b'));
		sorted += all[0] == 'a';
	}
	assert_in_range(sorted, 1, 39);
	assert_int_equal(sim_open_fds(), 0);
}

/* One name goes, another comes, a third is renamed. */
static unsigned
list_while_it_changes(void)
{
	struct port_list l;
	char all[40];
	int fd;

	sim_file("/tmp/goes", "");
	sim_file("/tmp/old", "");
	assert_int_equal(port_list_open(&l, "/tmp"), RC_OK);
	assert_int_equal(port_remove("/tmp/goes"), RC_OK);
	assert_int_equal(port_create("/tmp/comes", 0600, &fd), RC_OK);
	assert_int_equal(port_rename("/tmp/old", "/tmp/new"), RC_OK);
	list_rest(&l, all, sizeof(all));
	port_list_close(&l);
	port_close(fd);
	return (strstr(all, "goes") ? 1 : 0) | (strstr(all, "comes") ? 2 : 0) |
	    (strstr(all, "old") ? 4 : 0) | (strstr(all, "new") ? 8 : 0);
}

SIM_TEST(what_comes_or_goes_during_a_list_may_be_told_or_not)
{
	unsigned seen = 0, not_seen = 0, i, told;

	for (i = 0; i < 50; i++) {
		sim_begin_nth(i);
		told = list_while_it_changes();
		seen |= told;
		not_seen |= ~told;
	}
	assert_int_equal(seen, 15);
	assert_int_equal(not_seen & 15, 15);
}

SIM_TEST(space_is_what_is_left)
{
	struct port_space s;
	int fd;

	sim_folder("/run", true);
	sim_volatile("/run");
	sim_disk_free(10);
	assert_int_equal(port_space("/tmp", &s), RC_OK);
	assert_int_equal(s.free_bytes, 10);
	assert_false(s.is_volatile);
	fd = create("/run/a", "12345678");
	assert_int_equal(port_append(fd, SPAN("abc")), RC_OS);
	assert_string_equal(port_error(), "No space left on device");
	assert_int_equal(port_write_at(fd, SPAN("abc"), 0), RC_OK);
	assert_int_equal(port_remove("/run/a"), RC_OK);
	assert_int_equal(port_space("/run", &s), RC_OK);
	assert_int_equal(s.free_bytes, 2);
	assert_true(s.is_volatile);
	port_close(fd);
	assert_int_equal(port_space("/run", &s), RC_OK);
	assert_int_equal(s.free_bytes, 10);
	assert_int_equal(port_space("/none", &s), RC_NONE);
}

SIM_TEST(a_lock_is_held_until_it_is_closed)
{
	int fd, other = -1;

	assert_int_equal(port_lock("/tmp/lock", &fd), RC_OK);
	assert_true(sim_file_exists("/tmp/lock"));
	assert_int_equal(port_lock("/tmp/lock", &other), RC_DENY);
	assert_int_equal(other, -1);
	port_close(fd);
	assert_int_equal(port_lock("/tmp/lock", &fd), RC_OK);
	port_close(fd);
	assert_int_equal(port_lock("/none/lock", &fd), RC_OS);
}

SIM_TEST(permissions_count_once_a_test_says_who_we_are)
{
	struct port_list l;
	int fd;

	sim_file("/tmp/a", "root's");
	sim_file_mode("/tmp/a", 0, 0640);
	assert_int_equal(port_open("/tmp/a", &fd), RC_OK);
	port_close(fd);
	sim_folder("/drop", true);
	sim_file_mode("/drop", 5321, 01733);
	sim_file("/drop/b", "");
	sim_file_mode("/drop/b", 1001, 0600);
	sim_uid(1002);
	assert_int_equal(port_open("/tmp/a", &fd), RC_OS);
	assert_int_equal(port_remove("/tmp/a"), RC_OS);
	assert_int_equal(port_list_open(&l, "/drop"), RC_OS);
	assert_int_equal(port_open_strange("/drop/b", &fd), RC_OS);
	assert_int_equal(port_rename("/drop/b", "/drop/c"), RC_OS);
	assert_int_equal(port_set_mtime("/drop/b", 1), RC_OS);
	assert_int_equal(port_create("/drop/d", 0400, &fd), RC_OK);
	port_close(fd);
	assert_int_equal(port_open_update("/drop/d", &fd), RC_OS);
	sim_uid(5321);
	assert_int_equal(port_uid(), 5321);
	assert_int_equal(port_list_open(&l, "/drop"), RC_OK);
	port_list_close(&l);
	assert_int_equal(port_remove("/drop/b"), RC_OK);
	assert_int_equal(port_open("/drop/d", &fd), RC_OS);
	sim_uid(0);
	assert_int_equal(port_open("/drop/d", &fd), RC_OK);
	port_close(fd);
}

SIM_TEST(syncs_are_counted)
{
	int fd = create("/tmp/a", "x");

	assert_int_equal(port_sync(fd), RC_OK);
	assert_int_equal(port_sync_folder("/tmp"), RC_OK);
	assert_int_equal(sim_syncs(), 2);
	port_close(fd);
	assert_int_equal(port_replace("/tmp/b", SPAN("xyz"), 0600), RC_OK);
	assert_int_equal(sim_syncs(), 4);
	assert_int_equal(sim_written(), 4);
}

/* Each of them, as a step that can fail; the disk is as it was then. */
static unsigned
all_calls(void)
{
	struct port_list l;
	struct port_space s;
	char text[20];
	struct buf b = BUF(text);
	int fd = -1, update = -1, strange = -1, lock = -1;
	unsigned bad = 0;

	bad += port_create("/tmp/a", 0600, &fd) == RC_OS;
	bad += fd >= 0 && port_sync(fd) == RC_OS;
	bad += port_sync_folder("/tmp") == RC_OS;
	bad += port_open_update("/tmp/z", &update) == RC_OS;
	bad += port_open_strange("/tmp/z", &strange) == RC_OS;
	bad += port_set_mtime("/tmp/z", 1) == RC_OS;
	bad += port_set_mode("/tmp/z", 1) == RC_OS;
	bad += port_set_owner("/tmp/z", SIM_UID) == RC_OS;
	bad += port_folder_make("/tmp/f", 0700) == RC_OS;
	bad += port_rename("/tmp/z", "/tmp/y") == RC_OS;
	bad += port_remove("/tmp/y") == RC_OS;
	bad += port_list_open(&l, "/tmp") == RC_OS;
	bad += l.fd != 0 && port_list_next(&l, &b) == RC_OS;
	bad += port_space("/tmp", &s) == RC_OS;
	bad += port_lock("/tmp/lock", &lock) == RC_OS;
	port_list_close(&l);
	port_close(fd);
	port_close(update);
	port_close(strange);
	port_close(lock);
	return bad;
}

SIM_TEST(each_call_of_files_can_fail)
{
	uint64_t calls, n;

	sim_file("/tmp/z", "");
	assert_int_equal(all_calls(), 0);
	calls = sim_fallible();
	assert_int_equal(calls, 15);
	for (n = 1; n <= calls; n++) {
		sim_begin();
		sim_file("/tmp/z", "");
		sim_fail_at(n);
		assert_int_equal(all_calls(), 1);
		assert_int_equal(sim_open_fds(), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(a_name_is_created_once),
		SIM_RUN(a_file_is_updated_in_place),
		SIM_RUN(only_regular_files_of_strangers_are_opened),
		SIM_RUN(
		    a_rename_replaces_and_a_removed_file_stays_for_who_has_it),
		SIM_RUN(times_modes_and_owners_are_set),
		SIM_RUN(a_write_sets_the_time),
		SIM_RUN(folders_are_made_one_by_one),
		SIM_RUN(a_list_tells_each_name_once_in_no_order),
		SIM_RUN(what_comes_or_goes_during_a_list_may_be_told_or_not),
		SIM_RUN(space_is_what_is_left),
		SIM_RUN(a_lock_is_held_until_it_is_closed),
		SIM_RUN(permissions_count_once_a_test_says_who_we_are),
		SIM_RUN(syncs_are_counted),
		SIM_RUN(each_call_of_files_can_fail),
	};

	return sim_main(tests, COUNT(tests));
}
