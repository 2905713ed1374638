/*
 * port_file_test.c - reading files and looking at them.
 */
#include "port_test_int.h"

static void
a_file_is_slurped_behind_what_is_there(void **state)
{
	char text[32];
	struct buf b = BUF(text);

	(void)state;
	write_file(in_folder("f"), "hello\n");
	buf_puts(&b, "> ");
	assert_int_equal(port_slurp(in_folder("f"), &b), RC_OK);
	assert_string_equal(buf_text(&b), "> hello\n");
}

static void
a_file_that_just_fits_is_slurped(void **state)
{
	char text[6];
	struct buf b = BUF(text);

	(void)state;
	write_file(in_folder("f"), "12345");
	assert_int_equal(port_slurp(in_folder("f"), &b), RC_OK);
	assert_string_equal(buf_text(&b), "12345");
}

static void
a_longer_file_leaves_the_buffer_alone(void **state)
{
	char text[6];
	struct buf b = BUF(text);

	(void)state;
	write_file(in_folder("f"), "12345");
	buf_putc(&b, 'x');
	assert_int_equal(port_slurp(in_folder("f"), &b), RC_FULL);
	assert_string_equal(buf_text(&b), "x");
	assert_int_equal(port_slurp("/dev/zero", &b), RC_FULL);
}

static void
what_is_missing_is_none(void **state)
{
	char text[8];
	struct buf b = BUF(text);
	struct port_stat s;
	struct span m;
	int fd;

	(void)state;
	write_file(in_folder("f"), "x");
	assert_int_equal(port_slurp(in_folder("none"), &b), RC_NONE);
	assert_int_equal(port_open(in_folder("none"), &fd), RC_NONE);
	assert_int_equal(port_map(in_folder("none"), &m), RC_NONE);
	assert_int_equal(port_stat_path(in_folder("none"), &s), RC_NONE);
	assert_int_equal(port_stat_path(in_folder("f/g"), &s), RC_NONE);
	assert_int_equal(port_slurp(our_folder, &b), RC_OS);
	assert_string_equal(port_error(), "Is a directory");
}

static void
a_place_in_a_file_is_read(void **state)
{
	char text[8];
	size_t n;
	int fd;

	(void)state;
	write_file(in_folder("f"), "0123456789");
	assert_int_equal(port_open(in_folder("f"), &fd), RC_OK);
	assert_int_equal(port_pread(fd, text, 4, 8, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_memory_equal(text, "89", 2);
	assert_int_equal(port_pread(fd, text, 4, 10, &n), RC_OK);
	assert_int_equal(n, 0);
	port_close(fd);
}

static void
a_map_is_the_file(void **state)
{
	struct span m = { NULL, 1 };

	(void)state;
	write_file(in_folder("f"), "mapped");
	assert_int_equal(port_map(in_folder("f"), &m), RC_OK);
	assert_true(span_is(m, "mapped"));
	write_file(in_folder("g"), "");
	assert_int_equal(port_map(in_folder("g"), &m), RC_OK);
	assert_int_equal(m.n, 0);
	assert_int_equal(port_map(our_folder, &m), RC_OS);
	assert_string_equal(port_error(), "Is a directory");
}

static void
stat_tells_kinds_apart(void **state)
{
	struct port_stat s;
	int fds[2];

	(void)state;
	write_file(in_folder("f"), "12345");
	assert_int_equal(chmod(in_folder("f"), 0640), 0);
	assert_int_equal(port_stat_path(in_folder("f"), &s), RC_OK);
	assert_true(s.is_file && !s.is_folder && !s.is_pipe);
	assert_int_equal(s.size, 5);
	assert_int_equal(s.mode, 0640);
	assert_int_equal(s.uid, getuid());
	assert_true(s.mtime_s > 0);
	assert_int_equal(port_stat_path(our_folder, &s), RC_OK);
	assert_true(!s.is_file && s.is_folder && !s.is_pipe);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(port_stat_fd(fds[0], &s), RC_OK);
	assert_true(!s.is_file && !s.is_folder && s.is_pipe);
	close(fds[0]);
	close(fds[1]);
}

static void
folders_that_take_files_are_known(void **state)
{
	(void)state;
	write_file(in_folder("f"), "");
	assert_true(port_folder_is_writable(our_folder));
	assert_false(port_folder_is_writable(in_folder("f")));
	assert_string_equal(port_error(), "Not a directory");
	assert_false(port_folder_is_writable(in_folder("none")));
	assert_true(port_error_is_missing());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_slurped_behind_what_is_there),
		cmocka_unit_test(a_file_that_just_fits_is_slurped),
		cmocka_unit_test(a_longer_file_leaves_the_buffer_alone),
		cmocka_unit_test(what_is_missing_is_none),
		cmocka_unit_test(a_place_in_a_file_is_read),
		cmocka_unit_test(a_map_is_the_file),
		cmocka_unit_test(stat_tells_kinds_apart),
		cmocka_unit_test(folders_that_take_files_are_known),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
