/*
 * port_clock.c - time: monotonic for deadlines, wall for dates, and waiting.
 *
 * The monotonic clock stands still while the machine sleeps.  That is wanted:
 * a peer must not time out because a lid was closed.
 */
#include <poll.h>
#include <time.h>

#include "port_int.h"

#define DAY_S	86400

static ms_t
clock_ms(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;		/* no such kernel is known */
	return (ms_t)t.tv_sec * SECOND + t.tv_nsec / 1000000;
}

ms_t
port_now(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t
port_wall(void)
{
	return clock_ms(CLOCK_REALTIME) / SECOND;
}

ms_t
port_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int
port_zone(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm local;

	if (localtime_r(&t, &local) == NULL || local.tm_gmtoff < -DAY_S ||
	    local.tm_gmtoff > DAY_S)
		return 0;		/* TZ names what is no time zone */
	return (int)local.tm_gmtoff;
}

void
port_pause(ms_t pause, ms_t until)
{
	ms_t now = port_now();

	port_sleep(until - now < pause ? until : now + pause);
}

void
port_sleep(ms_t until)
{
	while (port_now() < until)
		poll(NULL, 0, port_poll_ms(until));
}
