#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "core/calendar/calendar.h"
#include "tests/unit.h"

static int64_t sh(const char *text)
{
	int64_t at;

	assert_true(time_parse(str_from(text), 480, &at));
	return at;
}

static struct duration dur(const char *text)
{
	struct duration d;

	assert_int_equal(OK, duration_parse(str_from(text), &d));
	return d;
}

/* The calendar of the year's end 2025/26 and of National Day 2025, as published. */
static struct calendar *some_calendar(void)
{
	static const char *const holidays[] = {"2025-10-01", "2025-10-02", "2025-10-03", "2025-10-06", "2025-10-07", "2025-10-08",
					       "2026-01-01", "2026-01-02"};
	struct calendar *cal = calendar_weekends_only(480);

	for (size_t i = 0; i < ARRAY_LEN(holidays); i++)
		assert_int_equal(OK, calendar_mark(cal, str_from(holidays[i]), CALENDAR_HOLIDAY));
	assert_int_equal(OK, calendar_mark(cal, STR("2025-09-28"), CALENDAR_WORKDAY));
	assert_int_equal(OK, calendar_mark(cal, STR("2025-10-11"), CALENDAR_WORKDAY));
	assert_int_equal(OK, calendar_mark(cal, STR("2026-01-04"), CALENDAR_WORKDAY));
	return cal;
}

static void check(const struct calendar *cal, const char *from, const char *d, const char *want)
{
	int64_t got = calendar_add(cal, sh(from), dur(d), NULL);

	if (got != sh(want))
		fail_msg("%s + %s: %lld ms away from %s", from, d, (long long)(got - sh(want)), want);
}

static void test_add(void **state)
{
	struct calendar *cal = some_calendar();

	(void)state;
	check(cal, "2025-09-30 10:00", "30m", "2025-09-30 10:30");
	check(cal, "2025-09-30 23:00", "2h", "2025-10-01 01:00");
	check(cal, "2025-09-30 10:00", "1wd", "2025-10-09 18:00"); /* over the whole of the holidays */
	check(cal, "2025-09-30 23:59", "1wd", "2025-10-09 18:00"); /* the minute before midnight belongs to its day */
	check(cal, "2025-10-01 00:00", "1wd", "2025-10-09 18:00");
	check(cal, "2025-10-10 09:00", "1wd", "2025-10-11 18:00"); /* a Saturday that is worked */
	check(cal, "2025-09-26 09:00", "1wd", "2025-09-28 18:00"); /* a Sunday that is worked */
	check(cal, "2025-12-31 09:00", "1wd", "2026-01-04 18:00"); /* over the year's end */
	check(cal, "2025-12-31 17:00", "2wh", "2026-01-04 10:00");
	check(cal, "2025-12-31 11:00", "2wh", "2025-12-31 15:00"); /* over noon */
	check(cal, "2025-12-31 12:30", "1wh", "2025-12-31 15:00");
	check(cal, "2025-12-31 11:00", "1wh", "2025-12-31 12:00"); /* until noon exactly */
	check(cal, "2025-12-31 09:00", "7wh", "2025-12-31 18:00"); /* a whole day */
	check(cal, "2025-12-31 08:00", "14wh", "2026-01-04 18:00");
	check(cal, "2025-12-31 09:00", "1d", "2026-01-05 00:00"); /* ends on a day off: the next working day's end */
	check(cal, "2025-12-29 09:00", "1d", "2025-12-31 00:00");
	calendar_free(cal);
}

static void test_unsure(void **state)
{
	struct calendar *cal = some_calendar();
	bool unsure = false;

	(void)state;
	calendar_add(cal, sh("2025-12-31 09:00"), dur("1wd"), &unsure);
	assert_false(unsure);
	calendar_add(cal, sh("2026-12-31 09:00"), dur("1wd"), &unsure);
	assert_true(unsure); /* 2027 has no table: weekends only */
	assert_int_equal(calendar_add(cal, sh("2026-12-31 09:00"), dur("1wd"), NULL), sh("2027-01-01 18:00"));
	calendar_free(cal);
}

static void test_shift(void **state)
{
	struct calendar *cal = some_calendar();
	int64_t due = sh("2025-12-31 18:00");

	(void)state;
	/* Monday to Wednesday stood still: three working days more, around New Year */
	assert_int_equal(calendar_shift(cal, due, CLOCK_WORK_DAYS, sh("2025-12-26 10:00"), sh("2025-12-31 10:00")), sh("2026-01-06 18:00"));
	assert_int_equal(calendar_shift(cal, due, CLOCK_WORK_DAYS, sh("2025-12-31 10:00"), sh("2025-12-31 16:00")), due); /* same day */
	assert_int_equal(calendar_shift(cal, due, CLOCK_HOURS, sh("2025-12-31 10:00"), sh("2025-12-31 16:00")), due + 6 * MS_HOUR);
	assert_int_equal(calendar_shift(cal, due, CLOCK_WORK_HOURS, sh("2025-12-31 16:00"), sh("2026-01-04 09:00")), sh("2026-01-04 11:00"));
	assert_int_equal(calendar_shift(cal, due, CLOCK_WORK_DAYS, sh("2026-01-04 10:00"), sh("2026-01-06 10:00")), due); /* was late already */
	calendar_free(cal);
}

static int64_t next_random(uint64_t *s)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return (int64_t)(*s >> 33);
}

/* What was added is found between; more time never ends sooner; a later start never ends sooner. */
static void test_properties(void **state)
{
	struct calendar *cal = some_calendar();
	int64_t base = sh("2025-09-01 00:00");
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t from = base + next_random(&seed) % (200 * MS_DAY);
		struct duration d = {1 + next_random(&seed) % 60, CLOCK_WORK_HOURS}, w = {1 + next_random(&seed) % 30, CLOCK_WORK_DAYS};
		struct duration more = {w.n + 1, CLOCK_WORK_DAYS};
		int64_t end = calendar_add(cal, from, d, NULL), later = from + next_random(&seed) % MS_DAY;

		assert_int_equal(calendar_work_between(cal, from, end), d.n * MS_HOUR);
		assert_true(end > from && calendar_is_workday(cal, end - 1));
		assert_true(calendar_add(cal, later, d, NULL) >= end);
		assert_true(calendar_add(cal, from, more, NULL) > calendar_add(cal, from, w, NULL));
		assert_true(calendar_add(cal, later, w, NULL) >= calendar_add(cal, from, w, NULL));
		/* standing still from x to y and then from y to z is standing still from x to z */
		assert_int_equal(calendar_work_between(cal, from, end), calendar_work_between(cal, from, later < end ? later : end) +
				 (later < end ? calendar_work_between(cal, later, end) : 0));
	}
	calendar_free(cal);
}

static void test_hours(void **state)
{
	struct calendar *cal = some_calendar();
	static const char *const bad[] = {"", "9:00-12:00", "12:00-09:00", "09:00-12:00,11:00-13:00", "09:00-25:00", "a", "09:00"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ERR_INPUT, calendar_set_hours(cal, str_from(bad[i])));
	assert_int_equal(OK, calendar_set_hours(cal, STR("08:30-12:00,13:30-17:00")));
	check(cal, "2025-12-31 16:00", "2wh", "2026-01-04 09:30");
	check(cal, "2025-12-31 16:00", "1wd", "2026-01-04 17:00");
	calendar_free(cal);
}

static void test_duration(void **state)
{
	static const char *const bad[] = {"", "h", "0h", "2", "2x", "-1h", "99999h", "2 h", "1.5h", "２h"};
	struct duration d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ERR_INPUT, duration_parse(str_from(bad[i]), &d));
	d = dur("5wd");
	assert_true(d.n == 5 && d.unit == CLOCK_WORK_DAYS);
}

static int64_t boston(int y, int mo, int d, int h, int mi)
{
	int64_t at;

	assert_int_equal(OK, zone_to_utc(STR("America/New_York"), y, mo, d, h, mi, 0, &at));
	return at;
}

static void test_zone(void **state)
{
	int64_t at;

	(void)state;
	assert_int_equal(boston(2024, 1, 15, 12, 0), sh("2024-01-16 01:00"));
	assert_int_equal(boston(2024, 7, 15, 12, 0), sh("2024-07-16 00:00"));
	/* 2024-03-10 02:30 does not exist: it moves to 03:30 of summer */
	assert_int_equal(boston(2024, 3, 10, 2, 30), boston(2024, 3, 10, 3, 30));
	assert_int_equal(boston(2024, 3, 10, 3, 0) - boston(2024, 3, 10, 1, 59), MS_MINUTE);
	/* 2024-11-03 01:30 exists twice: the first */
	assert_int_equal(boston(2024, 11, 3, 2, 0) - boston(2024, 11, 3, 1, 30), MS_HOUR + 30 * MS_MINUTE);
	assert_int_equal(OK, zone_to_utc(STR("EST5EDT,M3.2.0,M11.1.0"), 2030, 7, 1, 0, 0, 0, &at));
	assert_int_equal(at, boston(2030, 7, 1, 0, 0));
	assert_int_equal(OK, zone_to_utc(STR("Asia/Shanghai"), 2024, 2, 29, 8, 0, 0, &at));
	assert_int_equal(at, sh("2024-02-29 08:00"));
	assert_int_equal(OK, zone_to_utc(STR("-05:30"), 2024, 2, 29, 8, 0, 0, &at));
	assert_int_equal(at, sh("2024-02-29 21:30"));
	assert_int_equal(ERR_INPUT, zone_to_utc(STR("Asia/Shanghai"), 2023, 2, 29, 8, 0, 0, &at));
	assert_int_equal(ERR_INPUT, zone_to_utc(STR("Nowhere/Town"), 2023, 2, 28, 8, 0, 0, &at));
	assert_int_equal(ERR_INPUT, zone_to_utc(STR("../../etc/passwd"), 2023, 2, 28, 8, 0, 0, &at));
}

struct import { struct str csv, why; struct arena *a; size_t rows; };

static enum err import_job(struct tx *tx, void *arg)
{
	struct import *x = arg;

	return calendar_import_csv(tx, x->csv, &x->rows, x->a, &x->why);
}

static void test_store(void **state)
{
	struct unit *u = *state;
	struct import x = {.a = u->a, .csv = STR("date,type,name\n2026-02-30,holiday,x\n2026-01-01,party,y\n2026-01-02,holiday,元旦\n")};
	struct calendar *cal;
	struct db_conn *c;
	FILE *f = fopen("data/holidays.csv", "rb");
	char *text = arena_alloc(u->a, 200000);

	assert_int_equal(ERR_INPUT, db_write(u->db, import_job, &x));
	assert_true(str_find(x.why, STR("第 2 行")) >= 0 && str_find(x.why, STR("第 3 行")) >= 0);
	assert_non_null(f);
	x.csv = (struct str){text, fread(text, 1, 200000, f)};
	fclose(f);
	assert_int_equal(OK, db_write(u->db, import_job, &x));
	assert_int_equal(x.rows, 769);
	assert_int_equal(OK, db_write(u->db, import_job, &x)); /* again changes nothing */
	c = db_read_begin(u->db);
	assert_int_equal(OK, calendar_load(c, &cal));
	db_read_end(c);
	check(cal, "2025-09-30 10:00", "1wd", "2025-10-09 18:00");
	check(cal, "2025-12-31 09:00", "1wd", "2026-01-04 18:00");
	calendar_free(cal);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add), cmocka_unit_test(test_unsure), cmocka_unit_test(test_shift), cmocka_unit_test(test_properties),
		cmocka_unit_test(test_hours), cmocka_unit_test(test_duration), cmocka_unit_test(test_zone), UNIT_BOTH(test_store),
	};
	return UNIT_MAIN(tests);
}
