#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/time.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* Counts through four centuries by hand and compares each day. */
static void every_day(void **state)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t day = time_days(1800, 1, 1);
	int weekday = 3; /* it was a Wednesday */

	(void)state;
	for (int y = 1800; y < 2210; y++) {
		bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

		for (int m = 1; m <= 12; m++) {
			for (int d = 1; d <= length[m - 1] + (m == 2 && leap); d++, day++) {
				int gy, gm, gd;

				assert_int_equal(time_days(y, m, d), day);
				time_date_of_days(day, &gy, &gm, &gd);
				assert_true(gy == y && gm == m && gd == d);
				assert_int_equal(time_weekday(day), weekday);
				weekday = weekday % 7 + 1;
			}
		}
	}
	assert_int_equal(time_days(1970, 1, 1), 0);
}

static void zones(void **state)
{
	struct civil c;
	int64_t at = 1795327323004; /* 2026-11-22T06:02:03.004Z */

	(void)state;
	time_civil(at, TIME_CHINA, &c);
	assert_int_equal(c.year, 2026);
	assert_int_equal(c.month, 11);
	assert_int_equal(c.day, 22);
	assert_int_equal(c.hour, 14);
	assert_int_equal(c.minute, 2);
	assert_int_equal(c.second, 3);
	assert_int_equal(c.ms, 4);
	assert_int_equal(c.weekday, 7);
	assert_int_equal(time_day_of(time_day_start(20000, TIME_CHINA), TIME_CHINA), 20000);
	assert_int_equal(time_day_of(time_day_start(20000, TIME_CHINA) - 1, TIME_CHINA), 19999);
	assert_int_equal(time_day_of(-1, 0), -1);
	assert_int_equal(time_day_of(-1, 1), 0);
	time_civil(INT64_MAX, TIME_CHINA, &c);
	assert_int_equal(c.year, 9999);
	time_civil(INT64_MIN, TIME_CHINA, &c);
	assert_int_equal(c.year, 1);
}

static void parsing(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
		{"2026-11-22", "2026-11-21T16:00:00.000Z"},
		{"2026/1/2 3:04", "2026-01-01T19:04:00.000Z"},
		{"2026-11-22 14:02:03", "2026-11-22T06:02:03.000Z"},
		{"2026-11-22T14:02:03.5Z", "2026-11-22T14:02:03.500Z"},
		{"2026-11-22T14:02:03.123456789Z", "2026-11-22T14:02:03.123Z"},
		{"2026-11-22 14:02-05:00", "2026-11-22T19:02:00.000Z"},
		{"2026-11-22 14:02 +0530", "2026-11-22T08:32:00.000Z"},
		{"2026-11-22 14:02+08", "2026-11-22T06:02:00.000Z"},
		{"2024-02-29", "2024-02-28T16:00:00.000Z"},
		{"2025-02-29", NULL},
		{"2026-13-01", NULL},
		{"2026-00-01", NULL},
		{"2026-04-31", NULL},
		{"2026-11-22 24:00", NULL},
		{"2026-11-22 23:60", NULL},
		{"2026-11-22 14", NULL},
		{"2026-11/22", NULL},
		{"2026-11-22x", NULL},
		{"2026-11-22 14:02+25:00", NULL},
		{"2026-11-22 14:02:03.", NULL},
		{"26-11-22", NULL},
		{"0000-01-01", NULL},
		{"", NULL},
	};
	char iso[TIME_ISO_SIZE];
	int64_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool good = time_parse(str_from(cases[i].text), TIME_CHINA, &at);

		assert_int_equal(good, cases[i].want != NULL);
		if (good)
			assert_string_equal(time_iso(iso, at).p, cases[i].want);
	}
	assert_true(time_parse_date(STR("2026-10-01"), &at) && at == time_days(2026, 10, 1));
	assert_false(time_parse_date(STR("2026-10-01 10:00"), &at));
}

static void printing(void **state)
{
	int64_t at = time_day_start(time_days(2026, 11, 22), TIME_CHINA) + 14 * MS_HOUR + 2 * MS_MINUTE;

	(void)state;
	assert_string_equal(time_text(&arena, at, TIME_CHINA).p, "2026-11-22 14:02");
	assert_string_equal(time_date(&arena, at, TIME_CHINA).p, "2026-11-22");
	assert_string_equal(time_text(&arena, -1, 0).p, "1969-12-31 23:59");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day), cmocka_unit_test(zones), cmocka_unit_test(parsing), cmocka_unit_test(printing),
	};

	return cmocka_run_group_tests_name("base/time", tests, setup, teardown);
}
