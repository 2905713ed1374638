/*
 * port_replace_test.c - new content and new links under names in use.
 *
 * port_replace.c is built in once more, over calls that keep a record of what
 * reaches the disk when, and of a disk that fails.
 */
#include "port_test_int.h"

static int test_fsync(int);
static int test_rename(const char *, const char *);
#define fsync		test_fsync
#define rename		test_rename
#define port_sync	tested_sync
#define port_sync_folder	tested_sync_folder
#define port_replace	tested_replace
#define port_link	tested_link
#define port_write_at	tested_write_at
#define port_draft_open	tested_draft_open
#define port_draft_drop	tested_draft_drop
#define port_draft_publish	tested_draft_publish
enum rc tested_sync(int);
enum rc tested_sync_folder(const char *);
enum rc tested_replace(const char *, struct span, unsigned);
enum rc tested_link(const char *, const char *);
enum rc tested_write_at(int, struct span, int64_t);
enum rc tested_draft_open(const char *, struct port_draft *);
void tested_draft_drop(struct port_draft *);
enum rc tested_draft_publish(struct port_draft *, const char *, unsigned, int);
#include "../../port/port_replace.c"
#include "../../port/port_sync.c"
#undef fsync
#undef rename
#undef port_sync
#undef port_sync_folder
#undef port_replace
#undef port_link
#undef port_write_at
#undef port_draft_open
#undef port_draft_drop
#undef port_draft_publish

static char record[64];		/* file, folder, rename: one letter each */
static int file_sync_fails, folder_sync_fails;		/* errno, or 0 */

static int
test_fsync(int fd)
{
	struct stat s;

	assert_int_equal(fstat(fd, &s), 0);
	strcat(record, S_ISDIR(s.st_mode) ? "D" : "F");
	errno = S_ISDIR(s.st_mode) ? folder_sync_fails : file_sync_fails;
	return errno != 0 ? -1 : 0;
}

static int
test_rename(const char *from, const char *to)
{
	strcat(record, "R");
	return rename(from, to);
}

static unsigned
mode_of(const char *path)
{
	struct stat s;

	assert_int_equal(stat(path, &s), 0);
	return s.st_mode & 07777;
}

static void
assert_link(const char *path, const char *target)
{
	char text[256];
	ssize_t n = readlink(path, text, sizeof text - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, target);
}

static void
a_new_file_gets_the_mode_it_was_given(void **state)
{
	mode_t before = umask(077);

	(void)state;
	assert_int_equal(port_replace(in_folder("new"), SPAN("one\n"), 0644),
		RC_OK);
	umask(before);
	assert_content(in_folder("new"), "one\n");
	assert_int_equal(mode_of(in_folder("new")), 0644);
}

static void
an_old_file_keeps_its_mode(void **state)
{
	(void)state;
	write_file(in_folder("old"), "a longer content\n");
	assert_int_equal(chmod(in_folder("old"), 0604), 0);
	assert_int_equal(port_replace(in_folder("old"), SPAN("x"), 0644),
		RC_OK);
	assert_content(in_folder("old"), "x");
	assert_int_equal(mode_of(in_folder("old")), 0604);
}

static void
who_reads_the_old_one_keeps_it(void **state)
{
	char text[8];
	size_t n;
	int fd;

	(void)state;
	write_file(in_folder("kept"), "before");
	assert_int_equal(port_open(in_folder("kept"), &fd), RC_OK);
	assert_int_equal(port_replace(in_folder("kept"), SPAN("after"), 0600),
		RC_OK);
	assert_int_equal(port_pread(fd, text, 8, 0, &n), RC_OK);
	assert_int_equal(n, 6);
	assert_memory_equal(text, "before", 6);
	port_close(fd);
}

static void
a_failure_leaves_nothing_behind(void **state)
{
	size_t before = files_in_folder();

	(void)state;
	assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
	assert_int_equal(port_replace(in_folder("dir"), SPAN("x"), 0600),
		RC_OS);
	assert_string_equal(port_error(), "Is a directory");
	assert_int_equal(port_replace(in_folder("none/x"), SPAN("x"), 0600),
		RC_OS);
	assert_true(port_error_is_missing());
	assert_int_equal(rmdir(in_folder("dir")), 0);
	assert_int_equal(files_in_folder(), before);
}

static void
a_full_disk_leaves_the_old_one(void **state)
{
	static char big[100000];
	struct span content = { big, sizeof big };
	size_t before;
	int status;
	pid_t child;

	(void)state;
	write_file(in_folder("safe"), "old");
	before = files_in_folder();
	child = fork();
	if (child == 0) {
		struct rlimit most = { 50000, 50000 };
		enum rc rc;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &most);
		rc = port_replace(in_folder("safe"), content, 0600);
		_exit(rc == RC_OS && strcmp(port_error(), "File too large") ==
			0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_content(in_folder("safe"), "old");
	assert_int_equal(files_in_folder(), before);
}

static void
what_is_renamed_is_on_the_disk(void **state)
{
	(void)state;
	record[0] = '\0';
	assert_int_equal(tested_replace(in_folder("synced"), SPAN("x"), 0600),
		RC_OK);
	assert_string_equal(record, "FRD");
}

static void
a_disk_that_fails_is_told(void **state)
{
	(void)state;
	write_file(in_folder("safe"), "old");
	record[0] = '\0';
	file_sync_fails = EIO;
	assert_int_equal(tested_replace(in_folder("safe"), SPAN("x"), 0600),
		RC_OS);
	assert_string_equal(port_error(), "Input/output error");
	assert_string_equal(record, "F");
	assert_content(in_folder("safe"), "old");
	file_sync_fails = 0;
	folder_sync_fails = EIO;
	assert_int_equal(tested_replace(in_folder("safe"), SPAN("x"), 0600),
		RC_OS);
	/* Some file systems cannot sync folders: nothing to be had there. */
	folder_sync_fails = EINVAL;
	assert_int_equal(tested_replace(in_folder("safe"), SPAN("y"), 0600),
		RC_OK);
	assert_content(in_folder("safe"), "y");
	folder_sync_fails = 0;
}

static void
a_draft_is_nobodys_until_it_is_published(void **state)
{
	struct port_draft d;
	char text[8];
	struct stat s;
	size_t n;

	(void)state;
	assert_int_equal(port_draft_open(in_folder("draft"), &d), RC_OK);
	assert_int_equal(stat(in_folder("draft"), &s), -1);
	assert_int_equal(mode_of(d.name), 0600);
	assert_int_equal(port_append(d.fd, SPAN("one two")), RC_OK);
	assert_int_equal(port_write_at(d.fd, SPAN("TW"), 4), RC_OK);
	assert_int_equal(port_pread(d.fd, text, 8, 3, &n), RC_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(text, " TWo", 4);
	assert_int_equal(port_draft_publish(&d, in_folder("draft"), 0640, -1),
		RC_OK);
	assert_content(in_folder("draft"), "one TWo");
	assert_int_equal(mode_of(in_folder("draft")), 0640);
	assert_int_equal(stat(d.name, &s), -1);
	assert_int_equal(d.fd, -1);
}

static void
a_draft_takes_the_place_with_the_mode_it_was_given(void **state)
{
	struct port_draft d;

	(void)state;
	write_file(in_folder("placed"), "old");
	assert_int_equal(chmod(in_folder("placed"), 0644), 0);
	assert_int_equal(port_draft_open(in_folder("placed"), &d), RC_OK);
	assert_int_equal(port_draft_publish(&d, in_folder("placed"), 0600, -1),
		RC_OK);
	assert_content(in_folder("placed"), "");
	assert_int_equal(mode_of(in_folder("placed")), 0600);
}

static void
a_draft_gets_the_owner_of_another_file(void **state)
{
	struct port_draft d;
	struct stat like, is;
	int fd;

	(void)state;
	write_file(in_folder("theirs"), "x");
	(void)!chown(in_folder("theirs"), 4711, 4712);	/* root may */
	assert_int_equal(stat(in_folder("theirs"), &like), 0);
	assert_int_equal(port_open(in_folder("theirs"), &fd), RC_OK);
	assert_int_equal(port_draft_open(in_folder("given"), &d), RC_OK);
	assert_int_equal(port_draft_publish(&d, in_folder("given"), 0600, fd),
		RC_OK);
	port_close(fd);
	assert_int_equal(stat(in_folder("given"), &is), 0);
	assert_int_equal(is.st_uid, like.st_uid);
	assert_int_equal(is.st_gid, like.st_gid);
}

static void
a_draft_that_was_dropped_leaves_nothing(void **state)
{
	size_t before = files_in_folder();
	struct port_draft d;

	(void)state;
	assert_int_equal(port_draft_open(in_folder("none/x"), &d), RC_OS);
	assert_int_equal(port_draft_open(in_folder("dropped"), &d), RC_OK);
	assert_int_equal(files_in_folder(), before + 1);
	port_draft_drop(&d);
	assert_int_equal(files_in_folder(), before);
	assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
	assert_int_equal(port_draft_open(in_folder("dir"), &d), RC_OK);
	assert_int_equal(port_draft_publish(&d, in_folder("dir"), 0600, -1),
		RC_OS);
	assert_int_equal(rmdir(in_folder("dir")), 0);
	assert_int_equal(files_in_folder(), before);
}

static void
a_draft_is_on_the_disk_before_its_name(void **state)
{
	struct port_draft d;

	(void)state;
	assert_int_equal(tested_draft_open(in_folder("synced"), &d), RC_OK);
	record[0] = '\0';
	assert_int_equal(tested_draft_publish(&d, in_folder("synced"), 0600,
		-1), RC_OK);
	assert_string_equal(record, "FRD");
}

static void
a_name_without_folder_is_in_the_current_one(void **state)
{
	char *back = getcwd(NULL, 0);

	(void)state;
	assert_int_equal(chdir(our_folder), 0);
	assert_int_equal(port_replace("plain", SPAN("x"), 0600), RC_OK);
	assert_int_equal(chdir(back), 0);
	free(back);
	assert_content(in_folder("plain"), "x");
}

static void
a_link_is_made_and_replaced(void **state)
{
	(void)state;
	assert_int_equal(port_link("one", in_folder("link")), RC_OK);
	assert_link(in_folder("link"), "one");
	assert_int_equal(port_link("two", in_folder("link")), RC_OK);
	assert_link(in_folder("link"), "two");
	assert_int_equal(port_link("two", in_folder("link")), RC_OK);
	assert_link(in_folder("link"), "two");
}

static void
what_is_no_link_is_left_alone(void **state)
{
	(void)state;
	write_file(in_folder("file"), "mine");
	assert_int_equal(port_link("x", in_folder("file")), RC_DENY);
	assert_content(in_folder("file"), "mine");
	assert_int_equal(port_link("x", in_folder("none/link")), RC_OS);
	assert_true(port_error_is_missing());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_gets_the_mode_it_was_given),
		cmocka_unit_test(an_old_file_keeps_its_mode),
		cmocka_unit_test(who_reads_the_old_one_keeps_it),
		cmocka_unit_test(a_failure_leaves_nothing_behind),
		cmocka_unit_test(a_full_disk_leaves_the_old_one),
		cmocka_unit_test(what_is_renamed_is_on_the_disk),
		cmocka_unit_test(a_disk_that_fails_is_told),
		cmocka_unit_test(a_draft_is_nobodys_until_it_is_published),
		cmocka_unit_test(
			a_draft_takes_the_place_with_the_mode_it_was_given),
		cmocka_unit_test(a_draft_gets_the_owner_of_another_file),
		cmocka_unit_test(a_draft_that_was_dropped_leaves_nothing),
		cmocka_unit_test(a_draft_is_on_the_disk_before_its_name),
		cmocka_unit_test(a_name_without_folder_is_in_the_current_one),
		cmocka_unit_test(a_link_is_made_and_replaced),
		cmocka_unit_test(what_is_no_link_is_left_alone),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
