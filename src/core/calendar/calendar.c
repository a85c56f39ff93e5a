#include "core/calendar/calendar.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/time.h"
#include "core/calendar/calendar.sql.h"

#define FIRST_YEAR 1970
#define LAST_YEAR 2100
#define NYEARS (LAST_YEAR - FIRST_YEAR + 1)
#define NDAYS (NYEARS * 366)
#define SPANS 4

/*
 * Counting is a look-up: work_before[d] says how many working days lie before day d, so a subtraction counts the
 * working days between two days and a binary search finds the n-th one after a day.
 */
struct hours {
	struct { int64_t from, to; } span[SPANS]; /* ms since midnight */
	int n;
	int64_t all;                       /* ms of a whole day */
};

struct calendar {
	const struct zone *zone;
	int64_t last;                      /* last covered day */
	unsigned char kind[NDAYS];         /* 0: by the weekday */
	bool loaded[NYEARS];
	int work_before[NDAYS + 1];
	struct hours hours;
	struct calendar *former;           /* used before this one: somebody may still count with it */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool workday(const struct calendar *cal, int64_t day)
{
	int64_t weekday = (day + 3) % 7; /* 0 = Monday */

	if (cal->kind[day])
		return cal->kind[day] == CALENDAR_WORKDAY;
	return weekday < 5;
}

static void count(struct calendar *cal)
{
	for (int64_t d = 0; d <= cal->last; d++)
		cal->work_before[d + 1] = cal->work_before[d] + workday(cal, d);
}

static struct calendar *make(const struct zone *zone)
{
	struct calendar *cal = calloc(1, sizeof(*cal));

	if (cal == NULL)
		abort();
	cal->zone = zone;
	cal->last = time_days(LAST_YEAR, 12, 31);
	count(cal);
	if (calendar_set_hours(cal, STR("09:00-12:00,14:00-18:00")) != OK)
		BUG("default working hours");
	return cal;
}

struct calendar *calendar_weekends_only(int utc_offset_minutes)
{
	return make(zone_fixed(utc_offset_minutes));
}

enum err calendar_in_zone(struct str zone, struct calendar **out)
{
	const struct zone *z;

	if (zone_find(zone, &z) != OK)
		return ERR_INPUT;
	*out = make(z);
	return OK;
}

void calendar_free(struct calendar *cal)
{
	free(cal);
}

static void set_day(struct calendar *cal, int64_t day, enum calendar_kind kind)
{
	int y, m, d;

	if (day < 0 || day > cal->last)
		return;
	time_date_of_days(day, &y, &m, &d);
	cal->kind[day] = (unsigned char)kind;
	cal->loaded[y - FIRST_YEAR] = true;
}

enum err calendar_mark(struct calendar *cal, struct str day, enum calendar_kind kind)
{
	int64_t d;

	if (!time_parse_date(day, &d) || d < 0 || d > cal->last)
		return ERR_INPUT;
	set_day(cal, d, kind);
	count(cal);
	return OK;
}

enum err calendar_load(struct db_conn *c, struct calendar **out)
{
	struct calendar_days_rows rows;
	struct arena a;
	struct calendar *cal;
	enum err e;

	arena_init(&a, 0);
	e = q_calendar_days(c, &a, &rows);
	if (e == OK) {
		cal = make(zone_fixed(480));
		for (size_t i = 0; i < rows.n; i++)
			set_day(cal, rows.v[i].day, (enum calendar_kind)rows.v[i].kind);
		count(cal);
		*out = cal;
	}
	arena_release(&a);
	return e;
}

/* ---- working hours ---- */

static bool hour_minute(struct str s, int64_t *ms)
{
	int64_t h, m;

	s = str_trim(s);
	if (s.n != 5 || s.p[2] != ':' || !str_i64(str_sub(s, 0, 2), &h) || !str_i64(str_sub(s, 3, 2), &m) || h < 0 ||
	    m < 0 || m > 59 || h * 60 + m > 24 * 60)
		return false;
	*ms = h * MS_HOUR + m * MS_MINUTE;
	return true;
}

enum err calendar_set_hours(struct calendar *cal, struct str hours)
{
	struct hours h = {.n = 0};
	struct str part;
	int64_t end = -1;

	while (str_split(&hours, ',', &part)) {
		ptrdiff_t dash = str_chr(part, '-');

		if (h.n == SPANS || dash < 0 || !hour_minute(str_sub(part, 0, (size_t)dash), &h.span[h.n].from) ||
		    !hour_minute(str_sub(part, (size_t)dash + 1, part.n), &h.span[h.n].to) || h.span[h.n].from < end ||
		    h.span[h.n].to <= h.span[h.n].from)
			return ERR_INPUT;
		end = h.span[h.n].to;
		h.all += end - h.span[h.n].from;
		h.n++;
	}
	if (h.n == 0)
		return ERR_INPUT;
	cal->hours = h;
	return OK;
}

/* Working time of a working day before `ms` since midnight. */
static int64_t worked_by(const struct calendar *cal, int64_t ms)
{
	int64_t sum = 0;

	for (int i = 0; i < cal->hours.n && ms > cal->hours.span[i].from; i++)
		sum += (ms < cal->hours.span[i].to ? ms : cal->hours.span[i].to) - cal->hours.span[i].from;
	return sum;
}

/* When so much working time of the day has passed (1 <= need <= work_ms). */
static int64_t time_of_work(const struct calendar *cal, int64_t need)
{
	for (int i = 0; i < cal->hours.n; i++) {
		int64_t len = cal->hours.span[i].to - cal->hours.span[i].from;

		if (need <= len)
			return cal->hours.span[i].from + need;
		need -= len;
	}
	return cal->hours.span[cal->hours.n - 1].to;
}

/* ---- days and instants ---- */

static int64_t clamp_day(const struct calendar *cal, int64_t day)
{
	return day < 0 ? 0 : day > cal->last ? cal->last : day;
}

/* Day of the instant, clamped; *ms: time since its midnight. */
static int64_t split(const struct calendar *cal, int64_t at, int64_t *ms)
{
	int64_t local = at + (int64_t)1000 * zone_offset_at(cal->zone, at);
	int64_t day = floor_div(local, MS_DAY), in = clamp_day(cal, day);

	if (ms)
		*ms = in > day ? 0 : in < day ? MS_DAY : local - day * MS_DAY;
	return in;
}

static int64_t join(const struct calendar *cal, int64_t day, int64_t ms)
{
	return zone_local(cal->zone, day * MS_DAY + ms);
}

bool calendar_is_workday(const struct calendar *cal, int64_t at)
{
	return workday(cal, split(cal, at, NULL));
}

int64_t calendar_day(const struct calendar *cal, int64_t at)
{
	return split(cal, at, NULL);
}

int64_t calendar_day_start(const struct calendar *cal, int64_t at)
{
	return join(cal, split(cal, at, NULL), 0);
}

/* The n-th working day after `day`. */
static int64_t workday_after(const struct calendar *cal, int64_t day, int64_t n)
{
	int64_t want = cal->work_before[day + 1] + n, lo = day + 1, hi = cal->last;

	while (lo < hi) {
		int64_t mid = (lo + hi) / 2;

		if (cal->work_before[mid + 1] >= want)
			hi = mid;
		else
			lo = mid + 1;
	}
	return clamp_day(cal, lo);
}

static int64_t end_of_hours(const struct calendar *cal, int64_t day)
{
	return join(cal, day, cal->hours.span[cal->hours.n - 1].to);
}

/* Instant at which `need` ms of working time have passed since `from`. */
static int64_t add_work(const struct calendar *cal, int64_t from, int64_t need)
{
	int64_t ms, day = split(cal, from, &ms);
	int64_t whole;

	if (need <= 0)
		return from;
	if (workday(cal, day))
		need += worked_by(cal, ms); /* count from this morning */
	else
		day = workday_after(cal, day, 1);
	whole = (need - 1) / cal->hours.all;
	if (whole > 0)
		day = workday_after(cal, day, whole);
	return join(cal, day, time_of_work(cal, need - whole * cal->hours.all));
}

int64_t calendar_work_between(const struct calendar *cal, int64_t from, int64_t to)
{
	int64_t ms0, ms1, d0, d1;

	if (to <= from)
		return 0;
	d0 = split(cal, from, &ms0);
	d1 = split(cal, to, &ms1);
	return (cal->work_before[d1] - cal->work_before[d0]) * cal->hours.all +
	       (workday(cal, d1) ? worked_by(cal, ms1) : 0) - (workday(cal, d0) ? worked_by(cal, ms0) : 0);
}

/* Midnight at the end of the day, or of the first working day after it when it is a day off. */
static int64_t end_of_day(const struct calendar *cal, int64_t day)
{
	day = clamp_day(cal, day);
	if (!workday(cal, day))
		day = workday_after(cal, day, 1);
	return join(cal, day + 1, 0);
}

static bool crosses_unknown(const struct calendar *cal, int64_t from, int64_t to)
{
	int y0, y1, m, d;

	time_date_of_days(split(cal, from, NULL), &y0, &m, &d);
	time_date_of_days(split(cal, to, NULL), &y1, &m, &d);
	for (int y = y0; y <= y1; y++)
		if (!cal->loaded[y - FIRST_YEAR])
			return true;
	return false;
}

int64_t calendar_add(const struct calendar *cal, int64_t from, struct duration d, bool *unsure)
{
	int64_t day = split(cal, from, NULL), at = from;

	switch (d.unit) {
	case CLOCK_MINUTES:
		return from + d.n * MS_MINUTE;
	case CLOCK_HOURS:
		return from + d.n * MS_HOUR;
	case CLOCK_WORK_HOURS:
		at = add_work(cal, from, d.n * MS_HOUR);
		break;
	case CLOCK_WORK_DAYS:
		at = end_of_hours(cal, workday_after(cal, day, d.n));
		break;
	case CLOCK_DAYS:
		at = end_of_day(cal, day + d.n);
		break;
	}
	if (unsure && crosses_unknown(cal, from, at))
		*unsure = true;
	return at;
}

int64_t calendar_shift(const struct calendar *cal, int64_t due, enum clock_unit unit, int64_t from, int64_t to)
{
	int64_t d0, d1, day;

	if (due <= from || to <= from)
		return due;
	d0 = split(cal, from, NULL);
	d1 = split(cal, to, NULL);
	day = split(cal, due - (unit == CLOCK_DAYS), NULL); /* midnight belongs to the day that ends */
	switch (unit) {
	case CLOCK_MINUTES:
	case CLOCK_HOURS:
		return due + (to - from);
	case CLOCK_WORK_HOURS:
		return add_work(cal, to, calendar_work_between(cal, from, due));
	case CLOCK_WORK_DAYS:
		d1 = cal->work_before[d1 + 1] - cal->work_before[d0 + 1];
		return d1 ? end_of_hours(cal, workday_after(cal, day, d1)) : due;
	case CLOCK_DAYS:
		return d1 > d0 ? end_of_day(cal, day + d1 - d0) : due;
	}
	return due;
}

/* ---- the calendar of the process ---- */

static _Atomic(struct calendar *) current;

void calendar_use(struct calendar *cal)
{
	/* the former one is not freed, see the header, but not lost either */
	if (cal != atomic_load(&current))
		cal->former = atomic_exchange(&current, cal);
}

const struct calendar *calendar_current(void)
{
	struct calendar *cal = atomic_load(&current), *none = NULL;

	if (cal)
		return cal;
	cal = calendar_weekends_only(480);
	if (atomic_compare_exchange_strong(&current, &none, cal))
		return cal;
	calendar_free(cal);
	return none;
}
