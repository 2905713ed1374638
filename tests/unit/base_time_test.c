/*
 * base_time_test.c - dates, beside the libc's.
 */
#include <string.h>
#include <time.h>

#include "../sim/sim.h"
#include "base.h"

static void
check_civil(int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct civil c;
	struct tm tm;

	assert_non_null(gmtime_r(&t, &tm));
	civil_of(unix_s, &c);
	assert_int_equal(c.year, tm.tm_year + 1900);
	assert_int_equal(c.month, tm.tm_mon + 1);
	assert_int_equal(c.day, tm.tm_mday);
	assert_int_equal(c.hour, tm.tm_hour);
	assert_int_equal(c.minute, tm.tm_min);
	assert_int_equal(c.second, tm.tm_sec);
	assert_int_equal(c.weekday, tm.tm_wday);
}

#define YEAR_2400	INT64_C(13569465600)

SIM_TEST(every_day_from_1970_to_2400_is_the_libcs)
{
	for (int64_t day = 0; day <= YEAR_2400 + 366 * 86400; day += 86400) {
		check_civil(day);
		check_civil(day + 86399);
		check_civil(day + (int64_t)sim_random(86400));
	}
}

SIM_TEST(days_before_1970_are_counted_backwards)
{
	check_civil(-1);
	check_civil(-86400);
	check_civil(-86401);
	for (int64_t s = INT64_C(-62135596800); s < 0; s += 86400 * 31 + 7)
		check_civil(s);
}

SIM_TEST(times_out_of_range_are_the_nearest)
{
	struct civil c;

	civil_of(INT64_MAX, &c);
	assert_int_equal(c.year, 9999);
	assert_int_equal(c.month, 12);
	assert_int_equal(c.second, 59);
	civil_of(INT64_MIN, &c);
	assert_int_equal(c.year, 0);
	assert_int_equal(c.month, 1);
	assert_int_equal(c.day, 1);
	assert_int_equal(c.second, 0);
}

static void
check_mail(int64_t unix_s, int zone_s, const char *expected)
{
	char room[40];
	struct buf b = BUF(room);

	civil_put_mail(&b, unix_s, zone_s);
	assert_false(b.full);
	assert_string_equal(buf_text(&b), expected);
}

SIM_TEST(date_of_mail_has_weekday_and_zone)
{
	check_mail(0, 0, "Thu, 01 Jan 1970 00:00:00 +0000");
	check_mail(1767225600, 0, "Thu, 01 Jan 2026 00:00:00 +0000");
	check_mail(1767225600, 3600, "Thu, 01 Jan 2026 01:00:00 +0100");
	check_mail(1767225600, -12600, "Wed, 31 Dec 2025 20:30:00 -0330");
	check_mail(1709210096, 20700, "Thu, 29 Feb 2024 18:19:56 +0545");
	check_mail(INT64_MAX, 3600, "Fri, 31 Dec 9999 23:59:59 +0100");
	check_mail(INT64_MIN, -3600, "Sat, 01 Jan 0000 00:00:00 -0100");
}

SIM_TEST(logs_have_forms_of_their_own)
{
	char text[64];
	struct buf b = BUF(text);

	civil_put_log(&b, 1767225600 + 9 * 86400 + 3661, 0);
	assert_string_equal(buf_text(&b), "Jan 10 01:01:01");
	buf_clear(&b);
	civil_put_log(&b, 1767225600, -1800);
	assert_string_equal(buf_text(&b), "Dec 31 23:30:00");
	buf_clear(&b);
	civil_put_iso(&b, 1767225600, -1800);
	assert_string_equal(buf_text(&b), "2025-12-31T23:30:00-00:30");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(every_day_from_1970_to_2400_is_the_libcs),
		SIM_RUN(days_before_1970_are_counted_backwards),
		SIM_RUN(times_out_of_range_are_the_nearest),
		SIM_RUN(date_of_mail_has_weekday_and_zone),
		SIM_RUN(logs_have_forms_of_their_own),
	};
	return sim_main(tests, COUNT(tests));
}
