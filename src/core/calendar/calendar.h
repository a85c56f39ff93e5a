/*
 * Working time. Days off and make-up workdays come from tables loaded per year (data/holidays.csv); asking beyond the
 * loaded years counts weekends only and says so. All days are days of the installation's zone (Asia/Shanghai, UTC+8
 * without daylight saving); imports may compute in another zone through calendar_in_zone.
 *
 * A calendar is read-only once it is in use and may be shared between threads. It covers 1970 to 2100; instants
 * outside are moved to the nearest covered day and count as unsure.
 */
#ifndef CORE_CALENDAR_H
#define CORE_CALENDAR_H

#include "core/calendar/zone.h"
#include "db/db.h"

struct calendar;

CHECKED enum err calendar_load(struct db_conn *c, struct calendar **out); /* malloc'd; calendar_free */
struct calendar *calendar_weekends_only(int utc_offset_minutes);          /* without a store */
/* Weekends only, in a named zone with daylight saving (zone.h). ERR_INPUT: unknown zone. */
CHECKED enum err calendar_in_zone(struct str zone, struct calendar **out);
void calendar_free(struct calendar *cal);

/* Before first use: working hours "09:00-12:00,14:00-18:00" (the default, 示例), at most four spans in order. */
CHECKED enum err calendar_set_hours(struct calendar *cal, struct str hours);
/* Before first use: makes a day a holiday or a make-up workday ("2026-10-01"); its year counts as loaded. */
enum calendar_kind { CALENDAR_HOLIDAY = 1, CALENDAR_WORKDAY = 2 };
CHECKED enum err calendar_mark(struct calendar *cal, struct str day, enum calendar_kind kind);

/* The calendar of this process: main (and every reload of holidays) hands it over; never NULL (weekends only before
 * the first). Calendars handed over live until the process ends, because somebody may still be counting with one. */
void calendar_use(struct calendar *cal);
const struct calendar *calendar_current(void);

/* Adds days from CSV text "date,type,name" (type holiday | makeup_workday). All faults are named in *why, and then
 * nothing is stored. */
CHECKED enum err calendar_import_csv(struct tx *tx, struct str csv, size_t *rows, struct arena *a, struct str *why);

enum clock_unit { CLOCK_MINUTES, CLOCK_HOURS, CLOCK_WORK_HOURS, CLOCK_WORK_DAYS, CLOCK_DAYS };
struct duration {
	int64_t n;
	enum clock_unit unit;
};
/* "90m" "2h" "4wh" "5wd" "7d"; 1 to 9999 of a unit. */
CHECKED enum err duration_parse(struct str s, struct duration *out);
struct str duration_text(struct arena *a, struct duration d, int english);

bool calendar_is_workday(const struct calendar *cal, int64_t at);
/*
 * Instant when `d` has passed since `from`.
 * wd: the end of working hours of the n-th working day after the day of `from` (the day itself does not count, 民法典 §201).
 * d:  midnight at the end of the n-th day after that day, moved behind days off (民法典 §203).
 * wh: inside working hours. m, h: by the clock on the wall.
 * *unsure (may be NULL) is set when a year without tables was crossed.
 */
int64_t calendar_add(const struct calendar *cal, int64_t from, struct duration d, bool *unsure);
/* Working milliseconds between two instants, for reports; 0 when `to` is not later. */
int64_t calendar_work_between(const struct calendar *cal, int64_t from, int64_t to);
/*
 * Where a deadline lands when its clock stood still from `from` to `to`: as much of the unit remains as remained then.
 * A deadline that had passed already at `from` stays where it is.
 */
int64_t calendar_shift(const struct calendar *cal, int64_t due, enum clock_unit unit, int64_t from, int64_t to);
/* First instant of the day of `at`, and the day's number (days since 1970-01-01 in the calendar's zone). */
int64_t calendar_day_start(const struct calendar *cal, int64_t at);
int64_t calendar_day(const struct calendar *cal, int64_t at);

#endif
