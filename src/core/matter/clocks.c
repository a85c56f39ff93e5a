/* Deadlines: of the state, and the time promised for the whole; escalation when the first has passed. */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/journal/journal.h"
#include "core/matter/inner.h"
#include "core/notify/notify.h"

#define AT_ONCE 200

/* Once a year that is missing, not once a matter. */
static void warn_unsure(int64_t due)
{
	static _Atomic int64_t warned;
	int64_t year = due / (365 * MS_DAY);

	if (atomic_exchange(&warned, year) != year)
		log_warn("deadlines counted by weekends only: holidays of a year are not loaded due=%lld", (long long)due);
}

int64_t state_due(const struct scenario *s, const struct scenario_state *st, struct str by_value, int64_t at)
{
	const struct duration *d = scenario_state_clock(st, by_value);
	bool unsure = false;
	int64_t due;

	(void)s;
	if (d == NULL)
		return NO_DUE;
	due = calendar_add(calendar_current(), at, *d, &unsure);
	if (unsure)
		warn_unsure(due);
	return due;
}

enum clock_unit state_unit(const struct scenario_state *st, struct str by_value)
{
	const struct duration *d = scenario_state_clock(st, by_value);

	return d ? d->unit : CLOCK_HOURS;
}

static const struct duration *whole_clock(const struct scenario *s, struct str by_value)
{
	for (size_t i = 0; i < s->ntotals; i++)
		if (str_eq(s->totals[i].value, by_value))
			return &s->totals[i].d;
	return s->has_total ? &s->total : NULL;
}

int64_t whole_due(const struct scenario *s, struct str by_value, int64_t at)
{
	const struct duration *d = whole_clock(s, by_value);

	return d ? calendar_add(calendar_current(), at, *d, NULL) : 0;
}

enum clock_unit whole_unit(const struct scenario *s, struct str by_value)
{
	const struct duration *d = whole_clock(s, by_value);

	return d ? d->unit : CLOCK_HOURS;
}

struct str clock_value(struct arena *a, struct str fields, struct str by)
{
	struct matter_value *v;
	size_t n;

	if (by.n == 0 || values_read(a, fields, &v, &n) != OK)
		return STR("");
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].field, by))
			return v[i].value;
	return STR("");
}

int matter_clock_colour(const struct matter *m, int64_t now)
{
	if (m->due == 0 || m->suspended_since || m->kind >= STATE_CLOSED)
		return 0;
	if (now >= m->due)
		return 3;
	return (m->due - now) * 5 < m->due - m->state_since ? 2 : 1;
}

/* ---- escalation ---- */

struct escalation {
	int64_t id, due;
	bool told;
};

static enum err append(struct tx *tx, const struct matter *m)
{
	struct str data = arena_printf(tx->arena, "{\"state\":\"%.*s\",\"due\":%lld}", STR_ARG(m->state), (long long)m->due);

	return journal_append(tx, &(struct journal_entry){
		.at = tx->now, .kind = STR("matter.late"), .subject = m->id, .place = m->place, .data = data});
}

static enum err escalate(struct tx *tx, void *arg)
{
	struct escalation *x = arg;
	const struct scenario_state *st;
	struct notice note = {.kind = STR("matter.late"), .subject = x->id, .at = tx->now, .class = NOTICE_LATE};
	struct matter m;
	int64_t changed;
	enum err e = db_lock(tx, x->id); /* an act that reads the matter now would write the old `escalated` back */

	x->told = false;
	if (e == OK)
		e = q_matter_escalate(tx->c, x->id, x->due, &changed);
	if (e || changed == 0)
		return e; /* somebody acted, or another node was first */
	e = matter_get(tx->c, tx->arena, x->id, &m);
	if (e == OK)
		e = append(tx, &m);
	if (e)
		return e;
	x->told = true;
	st = matter_state(&m);
	if (st->escalate_to.n == 0)
		return OK;
	note.title = notify_two(tx->arena, arena_printf(tx->arena, "超过时限：%.*s", STR_ARG(m.title)),
				arena_printf(tx->arena, "Past its time: %.*s", STR_ARG(m.title)));
	note.body = notify_two(tx->arena, arena_printf(tx->arena, "“%.*s”环节已到时限。", STR_ARG(st->title.zh)),
			       arena_printf(tx->arena, "The step \"%.*s\" has reached its time.", STR_ARG(st->title.en)));
	note.link = arena_printf(tx->arena, "/cases/%lld", (long long)m.id);
	note.place = m.place;
	return notify_role(tx, st->escalate_to, m.place, 0, &note);
}

enum err matter_run_clocks(struct db *db, int64_t now, int *escalated)
{
	int64_t due = 0, id = 0;
	struct arena a;
	enum err e = OK;
	bool more = true;

	*escalated = 0;
	arena_init(&a, 0);
	while (e == OK && more) {
		struct matter_overdue_rows rows;
		struct db_conn *c = db_read_begin(db);

		e = q_matter_overdue(c, &a, due, id, now, AT_ONCE, &rows);
		db_read_end(c);
		more = e == OK && rows.n == AT_ONCE;
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			struct escalation x = {.id = rows.v[i].id, .due = rows.v[i].due};

			due = x.due;
			id = x.id;
			if (rows.v[i].escalated == x.due)
				continue;
			e = db_write(db, escalate, &x);
			*escalated += e == OK && x.told;
		}
		arena_reset(&a);
	}
	arena_release(&a);
	return e;
}
