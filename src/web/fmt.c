#include "web/fmt.h"

#include <time.h>

#include "base/clock.h"

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static struct tm local(int64_t ms)
{
	int64_t shifted = ms + FMT_ZONE_MS;
	/* round towards the past, also before 1970 */
	time_t t = (time_t)(shifted >= 0 ? shifted / 1000 : -((-shifted + 999) / 1000));
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	return tm;
}

void fmt_date(struct buf *o, enum lang l, int64_t ms)
{
	struct tm tm = local(ms);

	if (ms == 0)
		return;
	if (l == LANG_EN)
		buf_printf(o, "%d %s %d", tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900);
	else
		buf_printf(o, "%d年%d月%d日", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void fmt_clock(struct buf *o, int64_t ms)
{
	struct tm tm = local(ms);

	if (ms != 0)
		buf_printf(o, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

void fmt_time(struct buf *o, enum lang l, int64_t ms)
{
	if (ms == 0)
		return;
	fmt_date(o, l, ms);
	buf_addz(o, l == LANG_EN ? ", " : " ");
	fmt_clock(o, ms);
}

void fmt_iso_date(struct buf *o, int64_t ms)
{
	struct tm tm = local(ms);

	if (ms != 0)
		buf_printf(o, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void fmt_iso(struct buf *o, int64_t ms)
{
	struct tm tm = local(ms);

	if (ms == 0)
		return;
	fmt_iso_date(o, ms);
	buf_printf(o, "T%02d:%02d:%02d+08:00", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void span_part(struct buf *o, enum lang l, int64_t n, const char *zh, const char *en)
{
	if (l == LANG_EN)
		buf_printf(o, "%ld %s%s", n, en, n == 1 ? "" : "s");
	else
		buf_printf(o, "%ld %s", n, zh);
}

void fmt_span(struct buf *o, enum lang l, int64_t ms)
{
	int64_t days = ms / MS_DAY, hours = ms % MS_DAY / MS_HOUR, minutes = ms % MS_HOUR / MS_MINUTE;

	if (ms < 0)
		days = hours = minutes = 0;
	if (days > 0) {
		span_part(o, l, days, "天", "day");
		if (hours > 0) {
			buf_addc(o, ' ');
			span_part(o, l, hours, "小时", "hour");
		}
	} else if (hours > 0) {
		span_part(o, l, hours, "小时", "hour");
		if (minutes > 0) {
			buf_addc(o, ' ');
			span_part(o, l, minutes, "分钟", "minute");
		}
	} else {
		span_part(o, l, minutes, "分钟", "minute");
	}
}
