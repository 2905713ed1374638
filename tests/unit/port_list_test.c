/*
 * port_list_test.c - the names in a folder.
 */
#include "port_test_int.h"

enum { FILES = 1000 };

static void
each_name_comes_once(void **state)
{
	static bool seen[FILES];
	char text[300], path[300];
	struct buf name = BUF(text);
	struct port_list l;
	unsigned n, count = 0;
	enum rc rc;

	(void)state;
	for (n = 0; n < FILES; n++) {
		snprintf(path, sizeof path, "%s/list/a-long-name-%u",
			our_folder, n);
		if (n == 0)
			assert_int_equal(mkdir(in_folder("list"), 0700), 0);
		write_file(path, "");
	}
	assert_int_equal(port_list_open(&l, in_folder("list")), RC_OK);
	while ((rc = port_list_next(&l, &name)) == RC_OK) {
		assert_int_equal(sscanf(buf_text(&name), "a-long-name-%u",
			&n), 1);
		assert_true(n < FILES && !seen[n]);
		seen[n] = true;
		count++;
		buf_clear(&name);
	}
	assert_int_equal(rc, RC_NONE);
	assert_int_equal(count, FILES);
	assert_int_equal(port_list_next(&l, &name), RC_NONE);
	port_list_close(&l);
	port_list_close(&l);		/* as one of all zero */
}

static void
a_folder_that_is_not_there_is_none(void **state)
{
	struct port_list l;

	(void)state;
	assert_int_equal(port_list_open(&l, in_folder("none")), RC_NONE);
	port_list_close(&l);
	write_file(in_folder("file"), "");
	assert_int_equal(port_list_open(&l, in_folder("file")), RC_NONE);
}

static void
a_name_without_room_is_passed_over(void **state)
{
	char text[8], longest[256];
	struct buf name = BUF(text);
	struct port_list l;
	unsigned full = 0, fit = 0;
	enum rc rc;

	(void)state;
	memset(longest, 'x', 255);
	longest[255] = '\0';
	assert_int_equal(mkdir(in_folder("names"), 0700), 0);
	assert_int_equal(chdir(in_folder("names")), 0);
	write_file(longest, "");
	write_file("short", "");
	assert_int_equal(port_list_open(&l, "."), RC_OK);
	while ((rc = port_list_next(&l, &name)) != RC_NONE) {
		if (rc == RC_OK)
			assert_string_equal(buf_text(&name), "short");
		fit += rc == RC_OK;
		full += rc == RC_FULL;
		buf_clear(&name);
	}
	port_list_close(&l);
	assert_int_equal(full, 1);
	assert_int_equal(fit, 1);
	assert_int_equal(chdir("/"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_name_comes_once),
		cmocka_unit_test(a_folder_that_is_not_there_is_none),
		cmocka_unit_test(a_name_without_room_is_passed_over),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
