/*
 * port_user_test.c - users by number and by name.
 *
 * port_user.c is built in once more, over a passwd file of the test's own.
 */
#include "port_test_int.h"

#include "../../port/port_int.h"

static enum rc test_lines_open(struct lines *, const char *);
#define lines_open	test_lines_open
#define port_user	tested_user
#define port_user_full	tested_user_full
#define port_uid	tested_uid
#define port_login	tested_login
#define port_account	tested_account
#define port_group	tested_group
void tested_user(struct buf *);
void tested_user_full(struct buf *);
uint32_t tested_uid(void);
enum rc tested_login(uint32_t, struct buf *);
enum rc tested_account(struct span, uint32_t *);
bool tested_group(uint32_t, uint32_t *);
#include "../../port/port_user.c"
#undef lines_open

static enum rc
test_lines_open(struct lines *l, const char *path)
{
	assert_string_equal(path, "/etc/passwd");
	return lines_open(l, in_folder("passwd"));
}

static void
passwd_is(const char *text)
{
	write_file(in_folder("passwd"), text);
}

static const char common[] =
	"broken\n"
	":x:7:7:no name::\n"
	"huge:x:4294967295:1::/:\n"
	"groupless:x:8::::\n"
	"mail:x:8:12:mail:/var/mail:/bin/false\n"
	"second:x:8:13:::\n"
	"10:x:99:98:::\n";

static void
assert_login(uint32_t uid, enum rc rc, const char *name)
{
	char text[64];
	struct buf b = BUF(text);

	assert_int_equal(tested_login(uid, &b), rc);
	assert_string_equal(buf_text(&b), name);
}

static void
a_number_has_its_first_name(void **state)
{
	(void)state;
	passwd_is(common);
	assert_login(8, RC_OK, "mail");
	assert_login(99, RC_OK, "10");
	assert_login(7, RC_NONE, "7");
	assert_login(UINT32_MAX, RC_NONE, "4294967295");
	assert_int_equal(unlink(in_folder("passwd")), 0);
	assert_login(8, RC_NONE, "8");
}

static void
an_account_is_a_name_or_digits(void **state)
{
	uint32_t uid = 1;

	(void)state;
	passwd_is(common);
	assert_int_equal(tested_account(SPAN("second"), &uid), RC_OK);
	assert_int_equal(uid, 8);
	assert_int_equal(tested_account(SPAN("5321"), &uid), RC_OK);
	assert_int_equal(uid, 5321);
	/* A name of digits is a name first. */
	assert_int_equal(tested_account(SPAN("10"), &uid), RC_OK);
	assert_int_equal(uid, 99);
	assert_int_equal(tested_account(SPAN("none"), &uid), RC_NONE);
	assert_int_equal(tested_account(SPAN("MAIL"), &uid), RC_NONE);
	assert_int_equal(tested_account(SPAN(""), &uid), RC_NONE);
	assert_int_equal(tested_account(SPAN("huge"), &uid), RC_NONE);
	assert_int_equal(tested_account(SPAN("4294967295"), &uid), RC_NONE);
	assert_int_equal(tested_account(SPAN("-1"), &uid), RC_NONE);
	assert_int_equal(uid, 99);
}

static void
an_account_has_a_group(void **state)
{
	uint32_t gid = 1;

	(void)state;
	passwd_is(common);
	assert_true(tested_group(8, &gid));
	assert_int_equal(gid, 12);
	assert_false(tested_group(5321, &gid));
	assert_int_equal(gid, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_has_its_first_name),
		cmocka_unit_test(an_account_is_a_name_or_digits),
		cmocka_unit_test(an_account_has_a_group),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
