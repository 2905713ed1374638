/*
 * base_time.c - from seconds since 1970 to a date.
 *
 * The libc's functions have time zones and static state; ours counts days from
 * 1 March of the year 0, so that the odd day of a leap year is the last one.
 */
#include "base.h"

#define DAY_S		86400
#define YEAR_9999_END	INT64_C(253402300799)
#define YEAR_0_START	INT64_C(-62167219200)

/* Days from 0000-03-01 to 1970-01-01, and in 400, 100, 4 years and 1. */
#define DAYS_TO_1970	719468
#define DAYS_400	146097
#define DAYS_100	36524
#define DAYS_4		1461
#define DAYS_1		365

static void
date_of(int64_t days, struct civil *out)
{
	int era, day, year;

	days += DAYS_TO_1970 + DAYS_400;	/* 400 years more: positive */
	era = (int)(days / DAYS_400);
	day = (int)(days % DAYS_400);
	year = (day - day / (DAYS_4 - 1) + day / DAYS_100
	    - day / (DAYS_400 - 1)) / DAYS_1;
	day -= DAYS_1 * year + year / 4 - year / 100;

	/* From March on months alternate in fives: 153 days each five. */
	out->month = (5 * day + 2) / 153;
	out->day = day - (153 * out->month + 2) / 5 + 1;
	out->month += out->month < 10 ? 3 : -9;
	out->year = year + 400 * (era - 1) + (out->month <= 2);
}

static int64_t
clamped(int64_t unix_s)
{
	if (unix_s < YEAR_0_START)
		return YEAR_0_START;
	return unix_s > YEAR_9999_END ? YEAR_9999_END : unix_s;
}

void
civil_of(int64_t unix_s, struct civil *out)
{
	int64_t days;
	int second;

	unix_s = clamped(unix_s);
	days = unix_s / DAY_S;
	second = (int)(unix_s % DAY_S);
	if (second < 0) {
		second += DAY_S;
		days--;
	}
	date_of(days, out);
	out->hour = second / 3600;
	out->minute = second / 60 % 60;
	out->second = second % 60;
	/* 1970-01-01 was a Thursday; 7 * 200000 days reach below the year 0. */
	out->weekday = (int)((days + 4 + 7 * 200000) % 7);
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void
civil_put_mail(struct buf *b, int64_t unix_s, int zone_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	int ahead = (zone_s < 0 ? -zone_s : zone_s) / 60;
	struct civil c;

	civil_of(clamped(unix_s) + zone_s, &c);
	buf_fmt(b, "%.*s, %02d %.*s %04d %02d:%02d:%02d %c%02d%02d",
	    3, days + 3 * c.weekday, c.day, 3, months + 3 * (c.month - 1),
	    c.year, c.hour, c.minute, c.second, zone_s < 0 ? '-' : '+',
	    ahead / 60, ahead % 60);
}

void
civil_put_log(struct buf *b, int64_t unix_s, int zone_s)
{
	struct civil c;

	civil_of(clamped(unix_s) + zone_s, &c);
	buf_fmt(b, "%.*s %2d %02d:%02d:%02d", 3, months + 3 * (c.month - 1),
	    c.day, c.hour, c.minute, c.second);
}

void
civil_put_iso(struct buf *b, int64_t unix_s, int zone_s)
{
	int ahead = (zone_s < 0 ? -zone_s : zone_s) / 60;
	struct civil c;

	civil_of(clamped(unix_s) + zone_s, &c);
	buf_fmt(b, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year, c.month,
	    c.day, c.hour, c.minute, c.second, zone_s < 0 ? '-' : '+',
	    ahead / 60, ahead % 60);
}
