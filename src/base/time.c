#include "base/time.h"

#include <stdio.h>

#include "base/clock.h"

#define FIRST_DAY (-719162LL) /* 0001-01-01 */
#define LAST_DAY 2932896LL    /* 9999-12-31 */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Years begin in March here, so that the leap day is the last of its year; 400 years are 146,097 days. */
int64_t time_days(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void time_date_of_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = (days < FIRST_DAY ? FIRST_DAY : days > LAST_DAY ? LAST_DAY : days) + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

int64_t time_day_of(int64_t at, int offset_minutes)
{
	int64_t day = floor_div(at, MS_DAY);
	int64_t rest = at % MS_DAY;

	rest += (rest < 0 ? MS_DAY : 0) + offset_minutes * MS_MINUTE;
	return day + floor_div(rest, MS_DAY);
}

int64_t time_day_start(int64_t day, int offset_minutes)
{
	return day * MS_DAY - offset_minutes * MS_MINUTE;
}

int time_weekday(int64_t day)
{
	int64_t w = (day + 3) % 7; /* 1970-01-01 was a Thursday */

	return (int)(w < 0 ? w + 7 : w) + 1;
}

void time_civil(int64_t at, int offset_minutes, struct civil *out)
{
	int64_t day = time_day_of(at, offset_minutes);
	int64_t rest;

	if (day < FIRST_DAY || day > LAST_DAY) {
		at = day < FIRST_DAY ? time_day_start(FIRST_DAY, offset_minutes) : time_day_start(LAST_DAY + 1, offset_minutes) - 1;
		day = day < FIRST_DAY ? FIRST_DAY : LAST_DAY;
	}
	rest = at - time_day_start(day, offset_minutes);
	time_date_of_days(day, &out->year, &out->month, &out->day);
	out->weekday = time_weekday(day);
	out->hour = (int)(rest / MS_HOUR);
	out->minute = (int)(rest / MS_MINUTE % 60);
	out->second = (int)(rest / MS_SECOND % 60);
	out->ms = (int)(rest % 1000);
}

static int month_length(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool in(int v, int from, int to)
{
	return v >= from && v <= to;
}

bool time_from_civil(const struct civil *c, int offset_minutes, int64_t *at)
{
	if (!in(c->year, 1, 9999) || !in(c->month, 1, 12) || !in(c->day, 1, month_length(c->year, c->month)) ||
	    !in(c->hour, 0, 23) || !in(c->minute, 0, 59) || !in(c->second, 0, 59) || !in(c->ms, 0, 999))
		return false;
	*at = time_day_start(time_days(c->year, c->month, c->day), offset_minutes) + c->hour * MS_HOUR + c->minute * MS_MINUTE +
	      c->second * MS_SECOND + c->ms;
	return true;
}

/* Takes a number of `least` to `most` digits from the front. */
static bool take_number(struct str *s, int least, int most, int *out)
{
	int n = 0, v = 0;

	while (n < most && (size_t)n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		v = v * 10 + (s->p[n++] - '0');
	if (n < least)
		return false;
	*s = str_sub(*s, (size_t)n, s->n);
	*out = v;
	return true;
}

static bool take_char(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

static bool take_date(struct str *s, struct civil *c)
{
	char sep;

	if (!take_number(s, 4, 4, &c->year) || s->n == 0)
		return false;
	sep = s->p[0];
	return (sep == '-' || sep == '/') && take_char(s, sep) && take_number(s, 1, 2, &c->month) && take_char(s, sep) &&
	       take_number(s, 1, 2, &c->day);
}

static bool take_fraction(struct str *s, int *ms)
{
	int scale = 100, digits = 0;

	for (; s->n && s->p[0] >= '0' && s->p[0] <= '9'; digits++, scale /= 10) {
		*ms += (s->p[0] - '0') * scale;
		*s = str_sub(*s, 1, s->n);
	}
	return in(digits, 1, 9);
}

static bool take_time(struct str *s, struct civil *c)
{
	if (!take_number(s, 1, 2, &c->hour) || !take_char(s, ':') || !take_number(s, 2, 2, &c->minute))
		return false;
	if (!take_char(s, ':'))
		return true;
	if (!take_number(s, 2, 2, &c->second))
		return false;
	return !take_char(s, '.') || take_fraction(s, &c->ms);
}

static bool take_zone(struct str *s, int *offset)
{
	int sign, hours, minutes = 0;

	if (s->n == 0)
		return true;
	if (take_char(s, 'Z') || take_char(s, 'z')) {
		*offset = 0;
		return true;
	}
	sign = s->p[0] == '-' ? -1 : 1;
	if (!take_char(s, '+') && !take_char(s, '-'))
		return false;
	if (!take_number(s, 2, 2, &hours))
		return false;
	if (s->n) {
		take_char(s, ':');
		if (!take_number(s, 2, 2, &minutes))
			return false;
	}
	*offset = sign * (hours * 60 + minutes);
	return hours <= 14 && minutes <= 59;
}

bool time_parse(struct str s, int offset_minutes, int64_t *at)
{
	struct civil c = {0};

	if (!take_date(&s, &c))
		return false;
	if (s.n) {
		if (!take_char(&s, 'T') && !take_char(&s, ' '))
			return false;
		while (take_char(&s, ' '))
			;
		if (!take_time(&s, &c))
			return false;
		take_char(&s, ' ');
		if (!take_zone(&s, &offset_minutes))
			return false;
	}
	return s.n == 0 && time_from_civil(&c, offset_minutes, at);
}

bool time_parse_date(struct str s, int64_t *day)
{
	struct civil c = {0};
	int64_t at;

	if (!take_date(&s, &c) || s.n || !time_from_civil(&c, 0, &at))
		return false;
	*day = time_day_of(at, 0);
	return true;
}

struct str time_iso(char out[TIME_ISO_SIZE], int64_t at)
{
	struct civil c;
	int n;

	time_civil(at, 0, &c);
	n = snprintf(out, TIME_ISO_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year % 10000, c.month % 100, c.day % 100,
		     c.hour % 100, c.minute % 100, c.second % 100, c.ms % 1000);
	return (struct str){out, (size_t)n};
}

struct str time_text(struct arena *a, int64_t at, int offset_minutes)
{
	struct civil c;

	time_civil(at, offset_minutes, &c);
	return arena_printf(a, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

struct str time_date(struct arena *a, int64_t at, int offset_minutes)
{
	struct civil c;

	time_civil(at, offset_minutes, &c);
	return arena_printf(a, "%04d-%02d-%02d", c.year, c.month, c.day);
}
