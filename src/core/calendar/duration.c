#include "core/calendar/calendar.h"

static const struct {
	const char *suffix, *zh, *en;
} units[] = {
	[CLOCK_MINUTES] = {"m", "分钟", "minute"},
	[CLOCK_HOURS] = {"h", "小时", "hour"},
	[CLOCK_WORK_HOURS] = {"wh", "个工作时", "working hour"},
	[CLOCK_WORK_DAYS] = {"wd", "个工作日", "working day"},
	[CLOCK_DAYS] = {"d", "天", "day"},
};

enum err duration_parse(struct str s, struct duration *out)
{
	size_t digits = 0;
	struct str unit;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (digits == 0 || digits > 4 || !str_i64(str_sub(s, 0, digits), &out->n) || out->n < 1)
		return ERR_INPUT;
	unit = str_sub(s, digits, s.n);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (str_eqz(unit, units[i].suffix)) {
			out->unit = (enum clock_unit)i;
			return OK;
		}
	return ERR_INPUT;
}

struct str duration_text(struct arena *a, struct duration d, int english)
{
	if (english)
		return arena_printf(a, "%lld %s%s", (long long)d.n, units[d.unit].en, d.n == 1 ? "" : "s");
	return arena_printf(a, "%lld %s", (long long)d.n, units[d.unit].zh);
}
