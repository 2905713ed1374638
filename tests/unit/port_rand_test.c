/*
 * port_rand_test.c - entropy, from a pool that is not always ready.
 *
 * port_rand.c is built in once more, over a getrandom() that can be told to
 * behave as early in a boot, or as on an old kernel.
 */
#include <sys/random.h>

#include "port_test_int.h"

static ssize_t test_getrandom(void *, size_t, unsigned);
#define getrandom	test_getrandom
#define port_random	tested_random
#define port_random_u32	tested_random_u32
enum rc tested_random(void *, size_t, ms_t);
uint32_t tested_random_u32(void);
#include "../../port/port_rand.c"
#undef getrandom

static int fails_with;		/* errno */
static int fails_times;
static int calls;

static ssize_t
test_getrandom(void *out, size_t n, unsigned flags)
{
	calls++;
	assert_int_equal(flags, GRND_NONBLOCK);
	assert_true(n <= 256);
	if (fails_times == 0)
		return getrandom(out, n, flags);
	fails_times--;
	errno = fails_with;
	return -1;
}

static void
pool_fails(int code, int times)
{
	fails_with = code;
	fails_times = times;
	calls = 0;
}

/* All of it was written: twice the same octet is chance, ten times not. */
static void
assert_filled(enum rc (*random)(void *, size_t, ms_t))
{
	unsigned char a[1000] = { 0 };
	unsigned differ[1000] = { 0 };

	for (int turn = 0; turn < 10; turn++) {
		unsigned char b[1000];

		memset(b, 0, sizeof b);
		assert_int_equal(random(b, sizeof b, SOON), RC_OK);
		for (size_t i = 0; i < sizeof b; i++)
			differ[i] += a[i] != b[i];
		memcpy(a, b, sizeof a);
	}
	for (size_t i = 0; i < sizeof a; i++)
		assert_true(differ[i] > 3);
}

static void
every_octet_is_drawn(void **state)
{
	(void)state;
	assert_filled(port_random);
	pool_fails(0, 0);
	assert_filled(tested_random);
}

static void
a_pool_that_is_not_ready_meets_the_deadline(void **state)
{
	char out[32];

	(void)state;
	pool_fails(EAGAIN, 1000000);
	assert_int_equal(tested_random(out, sizeof out, BRIEFLY), RC_TIME);
	assert_true(calls > 1);
}

static void
a_pool_that_becomes_ready_is_waited_for(void **state)
{
	char out[32];

	(void)state;
	pool_fails(EAGAIN, 2);
	assert_int_equal(tested_random(out, sizeof out, SOON), RC_OK);
	assert_int_equal(calls, 3);
	pool_fails(EINTR, 2);
	assert_int_equal(tested_random(out, sizeof out, SOON), RC_OK);
}

static void
old_kernels_have_a_device(void **state)
{
	(void)state;
	pool_fails(ENOSYS, 1000000);
	assert_filled(tested_random);
}

static void
small_numbers_never_fail(void **state)
{
	uint32_t seen[64];

	(void)state;
	pool_fails(EAGAIN, 1000000);
	for (size_t i = 0; i < COUNT(seen); i++) {
		seen[i] = tested_random_u32();
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
	pool_fails(0, 0);
	assert_true(port_random_u32() != port_random_u32() ||
		port_random_u32() != port_random_u32());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_is_drawn),
		cmocka_unit_test(a_pool_that_is_not_ready_meets_the_deadline),
		cmocka_unit_test(a_pool_that_becomes_ready_is_waited_for),
		cmocka_unit_test(old_kernels_have_a_device),
		cmocka_unit_test(small_numbers_never_fail),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
