/*
 * Civil dates of an instant. Instants are int64_t milliseconds UTC everywhere; a zone is a fixed offset in minutes
 * (China has no daylight saving). Proleptic Gregorian calendar, years 1..9999.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define TIME_CHINA 480 /* minutes east of UTC */

struct civil {
	int year, month, day; /* 1.. */
	int hour, minute, second, ms;
	int weekday;          /* 1 = Monday .. 7 = Sunday; ignored on the way back */
};

/* Out of the years 1..9999 the result is clamped to their ends. */
void time_civil(int64_t at, int offset_minutes, struct civil *out);
/* False when it is not a real date or time (31 April, 24:00). */
CHECKED bool time_from_civil(const struct civil *c, int offset_minutes, int64_t *at);

/* Days since 1970-01-01 of a date, and back. */
int64_t time_days(int year, int month, int day);
void time_date_of_days(int64_t days, int *year, int *month, int *day);
/* The civil day (days since 1970-01-01) in which the instant lies, and the instant at which a day begins. */
int64_t time_day_of(int64_t at, int offset_minutes);
int64_t time_day_start(int64_t day, int offset_minutes);
int time_weekday(int64_t day); /* 1 = Monday .. 7 = Sunday */

/*
 * ISO 8601 and what people write: "2026-11-22", "2026/11/22", "2026-11-22 14:02", "2026-11-22T14:02:03.004", each with
 * "Z" or "+08:00" behind the time or without (then the offset given applies). Month, day and hour may have one digit.
 */
CHECKED bool time_parse(struct str s, int offset_minutes, int64_t *at);
/* "2026-11-22" only, as days since 1970-01-01. */
CHECKED bool time_parse_date(struct str s, int64_t *day);

#define TIME_ISO_SIZE 32
/* "2026-11-22T06:02:03.004Z", in the buffer given. */
struct str time_iso(char out[TIME_ISO_SIZE], int64_t at);
/* "2026-11-22 14:02"; "2026-11-22". */
struct str time_text(struct arena *a, int64_t at, int offset_minutes);
struct str time_date(struct arena *a, int64_t at, int offset_minutes);

#endif
