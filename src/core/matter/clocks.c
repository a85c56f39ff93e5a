/* Deadlines: of the state, and the time promised for the whole; escalation when the first has passed. */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/job/job.h"
#include "core/journal/journal.h"
#include "core/matter/inner.h"
#include "core/notify/notify.h"

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

/* ---- escalation (docs/decisions/0032) ---- */

#define AT_ONCE 200
#define JOB_US 2000     /* a job of the writer tells so long: people's writes wait for it */
#define YIELD 9         /* while people write, they have the writer for so many times what a job took */
#define BROKEN_MAX 50   /* matters that cannot be told of; more in a run is a fault of the store */

static enum err append(struct tx *tx, const struct matter *m)
{
	struct str data = arena_printf(tx->arena, "{\"state\":\"%.*s\",\"due\":%lld}", STR_ARG(m->state), (long long)m->due);

	return journal_append(tx, &(struct journal_entry){
		.at = tx->now, .kind = STR("matter.late"), .subject = m->id, .place = m->place, .data = data});
}

static enum err tell_above(struct tx *tx, const struct matter *m)
{
	const struct scenario_state *st = matter_state(m);
	struct notice note = {.kind = STR("matter.late"), .subject = m->id, .at = tx->now, .class = NOTICE_LATE, .place = m->place};

	if (st->escalate_to.n == 0)
		return OK;
	note.title = notify_two(tx->arena, arena_printf(tx->arena, "超过时限：%.*s", STR_ARG(m->title)),
				arena_printf(tx->arena, "Past its time: %.*s", STR_ARG(m->title)));
	note.body = notify_two(tx->arena, arena_printf(tx->arena, "“%.*s”环节已到时限。", STR_ARG(st->title.zh)),
			       arena_printf(tx->arena, "The step \"%.*s\" has reached its time.", STR_ARG(st->title.en)));
	note.link = arena_printf(tx->arena, "/cases/%lld", (long long)m->id);
	return notify_role(tx, st->escalate_to, m->place, 0, &note);
}

static enum err escalate(struct tx *tx, int64_t id, int64_t due, int *told)
{
	struct matter m;
	int64_t changed;
	bool got;
	enum err e = db_lock_now(tx, id, &got); /* an act that reads the matter now would write the old `escalated` back */

	if (e || !got)
		return e; /* somebody is acting on it; the next run sees what became of it */
	e = q_matter_escalate(tx->c, id, due, &changed);
	if (e || changed == 0)
		return e; /* somebody acted, or another node was first */
	e = matter_get(tx->c, tx->arena, id, &m);
	if (e == OK)
		e = append(tx, &m);
	if (e == OK)
		e = tell_above(tx, &m);
	*told += e == OK;
	return e;
}

/* What one transaction tells of: as many as fit into JOB_US, or as there are. */
struct telling {
	const struct matter_untold_row *v;
	size_t n;
	size_t done;      /* looked at; when it failed: this one did it, or (n) the commit */
	int told;
	int64_t took_us;
};

static enum err tell_some(struct tx *tx, void *arg)
{
	struct telling *x = arg;
	int64_t begun = clock_mono_us();
	enum err e = OK;

	x->told = 0;
	x->took_us = 0;
	for (x->done = 0; x->done < x->n && x->took_us < JOB_US; x->done++) {
		e = escalate(tx, x->v[x->done].id, x->v[x->done].due, &x->told);
		if (e)
			return e;
		x->took_us = clock_mono_us() - begun;
	}
	return OK;
}

struct run {
	struct db *db;
	int told, broken;
	enum err e;       /* of the last one that could not be told of */
	bool stop;
};

/* True: the server stops. */
static bool leave_room(struct run *r, int64_t took_us)
{
	return job_rest(db_writer_asked(r->db) ? (YIELD * took_us + 999) / 1000 : 0);
}

/* One that cannot be told of (its scenario is damaged, say) must not keep the others from it: it is left out, alone. */
static enum err tell_page(struct run *r, const struct matter_untold_row *v, size_t n)
{
	size_t at = 0, end = n;

	while (at < n && !r->stop) {
		struct telling x = {.v = v + at, .n = end - at};
		enum err e = db_write(r->db, tell_some, &x);

		if (e == ERR_BUSY || e == ERR_IO)
			return e; /* the store is away: nothing is gained by trying the next */
		if (e == OK) {
			r->told += x.told;
			at += x.done;
			end = n;
		} else if (x.n > 1) {
			end = at + (x.done > 0 && x.done < x.n ? x.done : x.n / 2);
		} else {
			log_error("a deadline that has passed cannot be told of matter=%lld err=%s", (long long)v[at].id, err_name(e));
			r->e = e;
			if (++r->broken > BROKEN_MAX)
				return e;
			at++;
			end = n;
		}
		r->stop = leave_room(r, x.took_us);
	}
	return OK;
}

enum err matter_run_clocks(struct db *db, int64_t now, int *escalated)
{
	struct run r = {.db = db};
	struct matter_untold_rows rows = {0};
	int64_t due = 0, id = 0;
	struct arena a;
	enum err e = OK;

	arena_init(&a, 0);
	do {
		struct db_conn *c;

		arena_reset(&a);
		c = db_read_begin(db);
		e = q_matter_untold(c, &a, due, id, now, AT_ONCE, &rows);
		db_read_end(c);
		if (e != OK || rows.n == 0)
			break;
		due = rows.v[rows.n - 1].due;
		id = rows.v[rows.n - 1].id;
		e = tell_page(&r, rows.v, rows.n);
	} while (e == OK && !r.stop && rows.n == AT_ONCE);
	arena_release(&a);
	*escalated = r.told;
	return e ? e : r.e;
}
