/*
 * port_rand.c - octets that nobody can guess.
 *
 * The kernel is asked without blocking: a router that has just booted may not
 * have gathered enough, and mail has a deadline while the pool has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#include "port_int.h"

/* Between two looks at a pool that is not ready; nobody tells when it is. */
enum { POOL_POLL_MS = 50 };
/* More in one call may be cut short by a signal. */
enum { GETRANDOM_WHOLE = 256 };

/*
 * Linux before 3.17 has no getrandom.  There /dev/urandom answers even before
 * the pool is ready, but /dev/random is readable only once there was something
 * in it.
 */
static enum rc
random_from_device(void *out, size_t n, ms_t until)
{
	struct buf b;
	enum rc rc;
	int fd;

	fd = open("/dev/random", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return port_failed();
	rc = port_await(fd, POLLIN, until);
	port_close(fd);
	TRY(rc);

	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return port_failed();
	b = (struct buf){ .p = out, .cap = n };
	while (rc == RC_OK && b.n < n) {
		size_t got;

		rc = port_read(fd, b.p + b.n, n - b.n, until, &got);
		if (rc == RC_OK)
			b.n += got;
	}
	port_close(fd);
	return rc;
}

enum rc
port_random(void *out, size_t n, ms_t until)
{
	unsigned char *p = out;

	while (n > 0) {
		size_t want = n < GETRANDOM_WHOLE ? n : GETRANDOM_WHOLE;
		ssize_t got = getrandom(p, want, GRND_NONBLOCK);

		if (got > 0) {
			p += got;
			n -= (size_t)got;
		} else if (got < 0 && errno == ENOSYS) {
			return random_from_device(p, n, until);
		} else if (got < 0 && errno == EAGAIN) {
			TRY(port_in_time(until));
			port_pause(POOL_POLL_MS, until);
		} else if (got < 0 && errno != EINTR) {
			return port_failed();
		}
	}
	return RC_OK;
}

/* The mixer of a 64-bit xorshift-multiply generator. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint32_t
port_random_u32(void)
{
	static uint64_t turn;
	uint32_t out;

	if (getrandom(&out, sizeof out, GRND_NONBLOCK) == sizeof out)
		return out;
	/* No pool yet: hosts still want an order, and ids must differ. */
	turn += (uint64_t)port_wall_ms() ^ (uint64_t)port_now() << 40 ^
		(uint64_t)port_pid() << 20;
	turn += 0x9e3779b97f4a7c15u;
	return (uint32_t)(mix(turn) >> 32);
}
