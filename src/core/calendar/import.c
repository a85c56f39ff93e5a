#include "base/buf.h"
#include "base/time.h"
#include "core/calendar/calendar.h"
#include "core/calendar/calendar.sql.h"

#define MOST_FAULTS 20

struct row {
	int64_t day, kind;
	struct str name;
};

static const char *read_row(struct str line, struct row *r)
{
	struct str date, type;

	if (!str_split(&line, ',', &date) || !str_split(&line, ',', &type))
		return "要有三列：date,type,name";
	if (!time_parse_date(str_trim(date), &r->day))
		return "日期写成 2026-10-01 这样，且须真有这一天";
	type = str_trim(type);
	if (str_eqz(type, "holiday"))
		r->kind = CALENDAR_HOLIDAY;
	else if (str_eqz(type, "makeup_workday"))
		r->kind = CALENDAR_WORKDAY;
	else
		return "第二列写 holiday（放假）或 makeup_workday（调休上班）";
	r->name = str_trim(line);
	return r->name.n > 200 ? "名称不超过 200 字节" : NULL;
}

enum err calendar_import_csv(struct tx *tx, struct str csv, size_t *rows, struct arena *a, struct str *why)
{
	struct str rest = str_trim(csv), line;
	struct buf faults;
	int number = 0, bad = 0;
	enum err e = OK;

	*rows = 0;
	buf_init(&faults, 16 * 1024);
	while (e == OK && str_split(&rest, '\n', &line)) {
		struct row r;
		const char *fault;

		number++;
		line = str_trim(line);
		if (line.n == 0 || (number == 1 && str_starts(line, "date,")))
			continue;
		fault = read_row(line, &r);
		if (fault && bad++ < MOST_FAULTS)
			buf_printf(&faults, "第 %d 行：%s\n", number, fault);
		else if (!fault && bad == 0)
			e = q_calendar_put(tx->c, r.day, r.kind, r.name, NULL);
		if (!fault)
			(*rows)++;
	}
	if (e == OK && bad) {
		*why = arena_str(a, str_trim(buf_str(&faults)));
		e = ERR_INPUT; /* the job's savepoint takes back what was put */
	}
	buf_release(&faults);
	return e;
}
