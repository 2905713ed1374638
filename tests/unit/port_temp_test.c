/*
 * port_temp_test.c - files without names, whatever the file system can do.
 *
 * port_temp.c is built in once more, over an open() that can be told to fail
 * as old kernels and simple file systems do.
 */
#include <sys/mman.h>

#include "port_test_int.h"

static int test_open(const char *path, int flags, ...);
#define open			test_open
#define port_temp		tested_temp
#define port_append		tested_append
#define port_scratch_name	tested_scratch_name
enum rc tested_temp(const char *, int *);
enum rc tested_append(int, struct span);
enum rc tested_scratch_name(struct buf *);
#include "../../port/port_temp.c"
#undef open

static int tmpfile_fails;	/* errno of O_TMPFILE, or 0 */
static int create_fails;	/* errno of O_CREAT, or 0 */
static int created;

static int
test_open(const char *path, int flags, ...)
{
	errno = 0;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		errno = tmpfile_fails;
	else if (flags & O_CREAT)
		errno = create_fails;
	if (errno != 0)
		return -1;
	created += (flags & O_CREAT) != 0;
	return open(path, flags, 0600);
}

static void
assert_is_nameless_file(int fd)
{
	struct port_stat s;
	struct stat full;
	char text[8];
	size_t n;

	assert_int_equal(port_append(fd, SPAN("abc")), RC_OK);
	assert_int_equal(port_append(fd, SPAN("def")), RC_OK);
	assert_int_equal(port_pread(fd, text, 8, 1, &n), RC_OK);
	assert_int_equal(n, 5);
	assert_memory_equal(text, "bcdef", 5);
	assert_int_equal(port_stat_fd(fd, &s), RC_OK);
	assert_true(s.is_file);
	assert_int_equal(s.size, 6);
	assert_int_equal(fstat(fd, &full), 0);
	assert_int_equal(full.st_nlink, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(files_in_folder(), 0);
}

static bool
is_in_folder(int fd)
{
	struct stat file, place;

	assert_int_equal(fstat(fd, &file), 0);
	assert_int_equal(stat(our_folder, &place), 0);
	return file.st_dev == place.st_dev;
}

static void
a_folder_gives_a_file(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(port_temp(our_folder, &fd), RC_OK);
	assert_true(is_in_folder(fd));
	assert_is_nameless_file(fd);
	port_close(fd);
}

static void
no_folder_means_the_usual_ones(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(port_temp(NULL, &fd), RC_OK);
	assert_is_nameless_file(fd);
	port_close(fd);
}

static void
without_tmpfile_a_name_is_made_and_removed(void **state)
{
	static const int codes[] = { EOPNOTSUPP, EISDIR, EINVAL };
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		tmpfile_fails = codes[i];
		created = 0;
		assert_int_equal(tested_temp(our_folder, &fd), RC_OK);
		assert_int_equal(created, 1);
		assert_true(is_in_folder(fd));
		assert_is_nameless_file(fd);
		port_close(fd);
	}
	tmpfile_fails = 0;
}

static void
where_no_folder_takes_it_memory_does(void **state)
{
	int fd;

	(void)state;
	tmpfile_fails = create_fails = EROFS;
	assert_int_equal(tested_temp(our_folder, &fd), RC_OK);
	assert_false(is_in_folder(fd));
	assert_is_nameless_file(fd);
	port_close(fd);
	assert_int_equal(tested_temp(NULL, &fd), RC_OK);
	assert_is_nameless_file(fd);
	port_close(fd);
	tmpfile_fails = create_fails = 0;
}

static void
a_missing_folder_is_no_obstacle(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(port_temp(in_folder("none"), &fd), RC_OK);
	assert_is_nameless_file(fd);
	port_close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_gives_a_file),
		cmocka_unit_test(no_folder_means_the_usual_ones),
		cmocka_unit_test(without_tmpfile_a_name_is_made_and_removed),
		cmocka_unit_test(where_no_folder_takes_it_memory_does),
		cmocka_unit_test(a_missing_folder_is_no_obstacle),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
