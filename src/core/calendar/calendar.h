/*
 * Working time. Days off and make-up workdays come from tables loaded per year (data/holidays.csv); asking beyond the
 * loaded years counts weekends only and says so. All days are days of the installation's zone (Asia/Shanghai, UTC+8
 * without daylight saving); imports may compute in another zone through calendar_in_zone.
 */
#ifndef CORE_CALENDAR_H
#define CORE_CALENDAR_H

#include "db/db.h"

struct calendar; /* read-only once loaded; shared between threads */

CHECKED enum err calendar_load(struct db_conn *c, struct calendar **out); /* malloc'd; calendar_free */
struct calendar *calendar_weekends_only(int utc_offset_minutes);          /* without a store */
void calendar_free(struct calendar *cal);
/* Adds days from CSV text "date,type,name" (type holiday | makeup_workday). */
CHECKED enum err calendar_import_csv(struct tx *tx, struct str csv, size_t *rows, struct arena *a, struct str *why);

enum clock_unit { CLOCK_MINUTES, CLOCK_HOURS, CLOCK_WORK_HOURS, CLOCK_WORK_DAYS, CLOCK_DAYS };
struct duration {
	int64_t n;
	enum clock_unit unit;
};
/* "90m" "2h" "4wh" "5wd" "7d". */
CHECKED enum err duration_parse(struct str s, struct duration *out);
struct str duration_text(struct arena *a, struct duration d, int english);

bool calendar_is_workday(const struct calendar *cal, int64_t at);
/* Instant when `d` has passed since `from`. wd: the end of working hours of the n-th working day after the day of
 * `from` (the day itself does not count, 民法典 §201); wh: inside working hours 09:00-12:00, 14:00-18:00 (示例, configurable).
 * *unsure is set when a year without tables was crossed. */
int64_t calendar_add(const struct calendar *cal, int64_t from, struct duration d, bool *unsure);
/* Working milliseconds between two instants, for reports. */
int64_t calendar_work_between(const struct calendar *cal, int64_t from, int64_t to);

#endif
