/*
 * port_disk_test.c - files that outlive us: made, named, counted, locked.
 */
#include <sys/statfs.h>

#include "port_test_int.h"

static struct port_stat
stat_of(const char *path)
{
	struct port_stat s;

	assert_int_equal(port_stat_path(path, &s), RC_OK);
	return s;
}

static void
a_new_file_has_the_mode_asked_for(void **state)
{
	mode_t mask = umask(0777);
	char text[8];
	size_t n;
	int fd;

	(void)state;
	assert_int_equal(port_create(in_folder("new"), 0640, &fd), RC_OK);
	assert_int_equal(umask(mask), 0777);
	assert_int_equal(stat_of(in_folder("new")).mode, 0640);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(port_write_at(fd, SPAN("abc"), 0), RC_OK);
	assert_int_equal(port_pread(fd, text, sizeof text, 0, &n), RC_OK);
	assert_int_equal(n, 3);
	assert_int_equal(port_sync(fd), RC_OK);
	port_close(fd);
	assert_int_equal(port_sync_folder(our_folder), RC_OK);
}

static void
a_taken_name_is_not_made_again(void **state)
{
	int fd = -2;

	(void)state;
	write_file(in_folder("taken"), "text");
	assert_int_equal(port_create(in_folder("taken"), 0600, &fd), RC_DENY);
	assert_int_equal(fd, -2);
	assert_content(in_folder("taken"), "text");
	assert_int_equal(symlink("nowhere", in_folder("dangling")), 0);
	assert_int_equal(port_create(in_folder("dangling"), 0600, &fd),
		RC_DENY);
	assert_int_equal(port_create(in_folder("no/file"), 0600, &fd), RC_OS);
	assert_true(port_error_is_missing());
}

static void
a_file_is_updated_in_place(void **state)
{
	int fd;

	(void)state;
	write_file(in_folder("update"), "abcdef");
	assert_int_equal(port_open_update(in_folder("update"), &fd), RC_OK);
	assert_int_equal(port_write_at(fd, SPAN("X"), 2), RC_OK);
	port_close(fd);
	assert_content(in_folder("update"), "abXdef");
	assert_int_equal(port_open_update(in_folder("none"), &fd), RC_NONE);
	assert_int_equal(port_open_update(our_folder, &fd), RC_OS);
	assert_string_equal(port_error(), "Is a directory");
}

static void
names_move_over_others_and_go(void **state)
{
	(void)state;
	write_file(in_folder("one"), "1");
	write_file(in_folder("two"), "2");
	assert_int_equal(port_rename(in_folder("one"), in_folder("two")),
		RC_OK);
	assert_content(in_folder("two"), "1");
	assert_int_equal(port_rename(in_folder("one"), in_folder("two")),
		RC_NONE);
	assert_int_equal(port_remove(in_folder("two")), RC_OK);
	assert_int_equal(port_remove(in_folder("two")), RC_NONE);
	assert_int_equal(port_remove(our_folder), RC_OS);
}

static void
inode_and_links_are_told(void **state)
{
	struct port_stat s, other;

	(void)state;
	write_file(in_folder("linked"), "1");
	assert_int_equal(stat_of(in_folder("linked")).links, 1);
	assert_int_equal(link(in_folder("linked"), in_folder("again")), 0);
	s = stat_of(in_folder("linked"));
	other = stat_of(in_folder("again"));
	assert_int_equal(s.links, 2);
	assert_int_equal(s.inode, other.inode);
	write_file(in_folder("other"), "1");
	assert_int_not_equal(s.inode, stat_of(in_folder("other")).inode);
}

static void
dates_and_modes_can_be_set(void **state)
{
	const char *path = in_folder("dated");
	struct stat before, after;

	(void)state;
	write_file(path, "1");
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(port_set_mtime(path, 1234567890), RC_OK);
	assert_int_equal(stat_of(path).mtime_s, 1234567890);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_atim.tv_nsec, after.st_atim.tv_nsec);
	assert_int_equal(before.st_atim.tv_sec, after.st_atim.tv_sec);
	assert_int_equal(port_set_mode(path, 0700), RC_OK);
	assert_int_equal(stat_of(path).mode, 0700);
	assert_int_equal(port_set_mtime(in_folder("none"), 1), RC_NONE);
	assert_int_equal(port_set_mode(in_folder("none"), 0600), RC_NONE);
}

static void
an_owner_is_set_by_root_alone_and_not_through_links(void **state)
{
	(void)state;
	write_file(in_folder("owned"), "1");
	assert_int_equal(symlink("owned", in_folder("to-owned")), 0);
	if (geteuid() != 0) {
		assert_int_equal(port_set_owner(in_folder("owned"), 0),
			RC_OS);
		return;
	}
	assert_int_equal(port_set_owner(in_folder("to-owned"), 7), RC_OK);
	assert_int_equal(stat_of(in_folder("owned")).uid, 0);
	assert_int_equal(port_set_owner(in_folder("owned"), 7), RC_OK);
	assert_int_equal(stat_of(in_folder("owned")).uid, 7);
}

static void
a_folder_is_made_once_with_its_mode(void **state)
{
	mode_t mask = umask(077);

	(void)state;
	assert_int_equal(port_folder_make(in_folder("drop"), 01733), RC_OK);
	umask(mask);
	assert_int_equal(stat_of(in_folder("drop")).mode, 01733);
	assert_int_equal(port_folder_make(in_folder("drop"), 0700), RC_DENY);
	assert_int_equal(port_folder_make(in_folder("a/b"), 0700), RC_OS);
	assert_int_equal(rmdir(in_folder("drop")), 0);
}

static void
strange_folders_give_regular_files_only(void **state)
{
	char text[8];
	size_t n;
	int fd;

	(void)state;
	write_file(in_folder("plain"), "abc");
	assert_int_equal(port_open_strange(in_folder("plain"), &fd), RC_OK);
	assert_int_equal(port_pread(fd, text, sizeof text, 0, &n), RC_OK);
	assert_int_equal(n, 3);
	port_close(fd);
	assert_int_equal(symlink("plain", in_folder("to-plain")), 0);
	assert_int_equal(port_open_strange(in_folder("to-plain"), &fd),
		RC_DENY);
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	assert_int_equal(port_open_strange(in_folder("pipe"), &fd), RC_DENY);
	assert_int_equal(port_open_strange(our_folder, &fd), RC_DENY);
	assert_int_equal(port_open_strange("/dev/null", &fd), RC_DENY);
	assert_int_equal(port_open_strange(in_folder("none"), &fd), RC_NONE);
}

static void
room_on_the_disk_is_told(void **state)
{
	struct port_space space;
	struct statfs s;
	int64_t is;

	(void)state;
	assert_int_equal(statfs(our_folder, &s), 0);
	assert_int_equal(port_space(our_folder, &space), RC_OK);
	is = (int64_t)s.f_bavail * s.f_bsize;
	/* Others write there as well. */
	assert_true(space.free_bytes > is / 2 && space.free_bytes / 2 < is);
	assert_int_equal(space.is_volatile, s.f_type == 0x01021994);
	assert_int_equal(port_space(in_folder("none"), &space), RC_NONE);
	assert_int_equal(port_space("/proc", &space), RC_OK);
	assert_int_equal(space.free_bytes, INT64_MAX);
	assert_false(space.is_volatile);
	if (statfs("/dev/shm", &s) == 0 && s.f_type == 0x01021994) {
		assert_int_equal(port_space("/dev/shm", &space), RC_OK);
		assert_true(space.is_volatile);
	}
}

static int
may_lock(void)
{
	int status, fd;
	pid_t child = fork();

	if (child == 0)
		_exit((int)port_lock(in_folder("lock"), &fd));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
a_lock_is_held_until_it_is_closed(void **state)
{
	int fd, other;

	(void)state;
	assert_int_equal(port_lock(in_folder("lock"), &fd), RC_OK);
	assert_int_equal(stat_of(in_folder("lock")).mode, 0600);
	assert_int_equal(may_lock(), RC_DENY);
	other = dup(fd);		/* as one that was given away */
	port_close(fd);
	assert_int_equal(may_lock(), RC_DENY);
	port_close(other);
	assert_int_equal(may_lock(), RC_OK);
	assert_int_equal(may_lock(), RC_OK);	/* its holder has gone */
	assert_int_equal(port_lock(in_folder("no/lock"), &fd), RC_OS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_has_the_mode_asked_for),
		cmocka_unit_test(a_taken_name_is_not_made_again),
		cmocka_unit_test(a_file_is_updated_in_place),
		cmocka_unit_test(names_move_over_others_and_go),
		cmocka_unit_test(inode_and_links_are_told),
		cmocka_unit_test(dates_and_modes_can_be_set),
		cmocka_unit_test(
		    an_owner_is_set_by_root_alone_and_not_through_links),
		cmocka_unit_test(a_folder_is_made_once_with_its_mode),
		cmocka_unit_test(strange_folders_give_regular_files_only),
		cmocka_unit_test(room_on_the_disk_is_told),
		cmocka_unit_test(a_lock_is_held_until_it_is_closed),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
