/*
 * Reports of the demonstration: filed and acted upon through the same engine as real ones, in the order of time, each at its own time:
 * the clock of this process stands where the report stands.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/progress.h"
#include "base/time.h"
#include "cap/admin/demo.h"
#include "core/matter/matter.h"

#define MAX_STEPS 20
#define MAX_VALUES 16

struct step {
	size_t report;       /* row of reports.csv */
	ptrdiff_t track;     /* row of tracks.csv; -1: filing */
	int64_t at;
	size_t order;        /* of equal times */
};

struct reports {
	struct demo *d;
	struct demo_table reports, tracks;
	struct step *steps;
	size_t n;
	int64_t *matter;     /* ids, by row of reports.csv */
	struct str *code;
	bool *skip;          /* was there before: its steps have been done */
};

/* ---- when ---- */

static bool read_clock(struct str s, int64_t *minutes)
{
	struct str hours, rest = s;
	int64_t h, m;

	if (!str_split(&rest, ':', &hours) || !str_i64(hours, &h) || !str_i64(rest, &m) || h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*minutes = h * 60 + m;
	return true;
}

static bool read_span(struct str s, int64_t *ms)
{
	int64_t n, unit;

	if (s.n < 2 || !str_i64(str_sub(s, 0, s.n - 1), &n) || n < 0)
		return false;
	unit = s.p[s.n - 1] == 'm' ? MS_MINUTE : s.p[s.n - 1] == 'h' ? MS_HOUR : s.p[s.n - 1] == 'd' ? MS_DAY : 0;
	*ms = n * unit;
	return unit > 0;
}

/* Offices work by day: what would happen at night happens the next morning. */
static int64_t by_day(int64_t at)
{
	struct civil c;
	int64_t day;

	time_civil(at, TIME_CHINA, &c);
	if (c.hour >= 8 && c.hour < 20)
		return at;
	day = time_day_of(at, TIME_CHINA) + (c.hour >= 20 ? 1 : 0);
	return time_day_start(day, TIME_CHINA) + 8 * MS_HOUR + (30 + c.minute / 2) * MS_MINUTE;
}

static bool filed_at(struct reports *r, size_t row, int64_t *at)
{
	int64_t days, minutes;

	if (!str_i64(demo_cell(&r->reports, row, "days"), &days) || !read_clock(demo_cell(&r->reports, row, "time"), &minutes))
		return false;
	*at = days == 0 ? r->d->now - minutes * MS_MINUTE :
			  time_day_start(time_day_of(r->d->now, TIME_CHINA) - days, TIME_CHINA) + minutes * MS_MINUTE;
	return true;
}

static int by_time(const void *x, const void *y)
{
	const struct step *a = x, *b = y;

	return a->at != b->at ? (a->at < b->at ? -1 : 1) : a->order < b->order ? -1 : 1;
}

static bool plan_report(struct reports *r, size_t row)
{
	struct step *first = &r->steps[r->n];
	size_t count = 0;
	int64_t at;

	if (!filed_at(r, row, &at))
		return false;
	first[count++] = (struct step){.report = row, .track = -1, .at = at};
	for (size_t i = 0; i < r->tracks.n && count < MAX_STEPS; i++) {
		int64_t after;

		if (!str_eq(demo_cell(&r->tracks, i, "track"), demo_cell(&r->reports, row, "track")) ||
		    str_empty(demo_cell(&r->tracks, i, "action")))
			continue;
		if (!read_span(demo_cell(&r->tracks, i, "after"), &after))
			return false;
		at = str_eqz(demo_cell(&r->tracks, i, "by"), "reporter") ? at + after : by_day(at + after);
		first[count++] = (struct step){.report = row, .track = (ptrdiff_t)i, .at = at};
	}
	/* Nothing lies in the future: late steps are drawn together before now. */
	for (size_t k = 0; k < count; k++) {
		int64_t latest = r->d->now - (int64_t)(count - k) * 2 * MS_MINUTE;

		first[k].at = first[k].at < latest ? first[k].at : latest;
		first[k].order = r->n + k;
	}
	r->n += count;
	return true;
}

/* ---- what ---- */

static struct str fill_in(struct reports *r, size_t row, struct str s)
{
	static const struct { const char *hole, *column; } holes[] = {
		{"{reply}", "reply"}, {"{suggest}", "suggest"}, {"{handler}", "handler"},
	};
	struct arena *a = r->d->arena;

	for (size_t i = 0; i < ARRAY_LEN(holes); i++)
		if (str_eqz(s, holes[i].hole))
			return demo_cell(&r->reports, row, holes[i].column);
	if (str_eqz(s, "{lead}"))
		return arena_printf(a, "%lld", (long long)demo_id(r->d, "org", demo_cell(&r->reports, row, "lead")));
	if (str_starts(s, "@"))
		return arena_printf(a, "%lld", (long long)demo_id(r->d, "org", str_sub(s, 1, s.n)));
	if (str_eqz(s, "{into}"))
		for (size_t i = 0; i < r->reports.n; i++)
			if (str_eq(demo_cell(&r->reports, i, "id"), demo_cell(&r->reports, row, "suggest")))
				return r->code[i];
	return s;
}

static size_t read_values(struct reports *r, size_t row, struct str text, struct matter_value *v)
{
	struct str rest = text, part;
	size_t n = 0;

	while (n < MAX_VALUES && str_split(&rest, '|', &part)) {
		ptrdiff_t eq = str_chr(part, '=');

		if (eq > 0)
			v[n++] = (struct matter_value){str_sub(part, 0, (size_t)eq),
						       fill_in(r, row, str_sub(part, (size_t)eq + 1, part.n))};
	}
	return n;
}

static void complain(struct reports *r, size_t row, struct str what, struct str why, enum err e)
{
	struct str id = demo_cell(&r->reports, row, "id");

	r->d->faults++;
	fprintf(stderr, "demo %.*s %.*s: %.*s\n", STR_ARG(id), STR_ARG(what), STR_ARG(why.n ? why : str_from(err_name(e))));
}

static enum err place_of(struct reports *r, struct str code, struct place *p)
{
	struct db_conn *c = db_read_begin(r->d->cli->db);
	enum err e = place_by_code(c, r->d->arena, code, 0, p);

	db_read_end(c);
	return e;
}

static void file_report(struct reports *r, size_t row)
{
	struct matter_value values[MAX_VALUES];
	const struct demo_table *t = &r->reports;
	struct place p;
	struct matter_new m = {
		.scenario = scenario_current(demo_cell(t, row, "scenario")), .values = values, .category = demo_cell(t, row, "category"),
		.channel = demo_cell(t, row, "channel"), .lon = NAN, .lat = NAN, .demo = true,
		.is_public = str_eqz(demo_cell(t, row, "public"), "yes"), .source = STR("demo"), .source_id = demo_cell(t, row, "id")};
	enum err e = m.scenario ? place_of(r, demo_cell(t, row, "place"), &p) : ERR_NOT_FOUND;

	if (!str_f64(demo_cell(t, row, "lon"), &m.lon) || !str_f64(demo_cell(t, row, "lat"), &m.lat))
		m.lon = m.lat = NAN; /* some give no point */
	m.nvalues = read_values(r, row, demo_cell(t, row, "values"), values);
	if (!str_eqz(m.channel, "web")) /* somebody of the town typed it in */
		m.filed_by = demo_id(r->d, "account", demo_cell(t, row, "handler"));
	m.place = p.key;
	if (e == OK)
		e = matter_prepare(r->d->arena, &m, clock_now());
	if (e == OK)
		e = db_write(r->d->cli->db, matter_file, &m);
	r->matter[row] = m.id;
	r->code[row] = m.code;
	r->skip[row] = e != OK;
	if (e != OK && e != ERR_CONFLICT)
		complain(r, row, STR("file"), m.why, e);
}

struct doing {
	struct matter_act act;
	struct reports *r;
	int64_t account;
};

static enum err do_step(struct tx *tx, void *arg)
{
	struct doing *x = arg;
	struct actor_session who = {0};
	enum err e = OK;

	if (x->account) {
		e = actor_load(tx->c, tx->arena, x->account, &who);
		x->act.by.who = &who;
	}
	if (e == OK)
		e = matter_do(tx, &x->act);
	/* Its words die with the batch. */
	x->act.why = x->act.why.p ? arena_str(x->r->d->arena, x->act.why) : STR_NULL;
	x->act.by.who = NULL;
	return e;
}

static void act(struct reports *r, const struct step *s)
{
	struct matter_value values[MAX_VALUES];
	size_t track = (size_t)s->track;
	struct str by = fill_in(r, s->report, demo_cell(&r->tracks, track, "by"));
	struct doing x = {.r = r, .act = {.id = r->matter[s->report], .version = -1, .action = demo_cell(&r->tracks, track, "action"),
					  .values = values}};
	enum err e;

	x.act.by.reporter = str_eqz(by, "reporter");
	x.account = x.act.by.reporter ? 0 : demo_id(r->d, "account", by);
	x.act.nvalues = read_values(r, s->report, demo_cell(&r->tracks, track, "values"), values);
	e = db_write(r->d->cli->db, do_step, &x);
	if (e == OK)
		return;
	complain(r, s->report, x.act.action, x.act.why, e);
	r->skip[s->report] = true; /* what would follow makes no sense now */
}

/* A report that was filed before an interruption has been acted upon so far as its version says. */
static size_t steps_done(struct reports *r, size_t row)
{
	struct db_conn *c;
	struct matter m;
	enum err e;

	if (!r->matter[row])
		return MAX_STEPS;
	c = db_read_begin(r->d->cli->db);
	e = matter_get(c, r->d->arena, r->matter[row], &m);
	db_read_end(c);
	return e == OK ? (size_t)m.version - 1 : MAX_STEPS;
}

static int run_steps(struct reports *r)
{
	size_t *done = arena_array(r->d->arena, size_t, r->reports.n + 1), *seen = arena_array(r->d->arena, size_t, r->reports.n + 1);
	struct progress bar;

	progress_begin(&bar, "演示诉求 reports", (int64_t)r->n);
	for (size_t i = 0; i < r->n && !cli_interrupted(); i++) {
		const struct step *s = &r->steps[i];

		clock_set(s->at);
		if (s->track < 0) {
			file_report(r, s->report);
			if (r->skip[s->report] && r->matter[s->report]) {
				r->skip[s->report] = false;
				done[s->report] = steps_done(r, s->report);
			}
		} else if (!r->skip[s->report] && ++seen[s->report] > done[s->report]) {
			act(r, s);
		}
		progress_to(&bar, (int64_t)i + 1);
	}
	clock_set(0);
	progress_end(&bar, arena_printf(r->d->arena, "%zu", r->reports.n).p);
	if (cli_interrupted()) {
		fprintf(stderr, "已中断，再次运行即从此处继续 (interrupted: run it again to go on)\n");
		return 130;
	}
	return r->d->faults ? 1 : -1;
}

int demo_reports(struct demo *d)
{
	struct reports r = {.d = d};
	struct str why = STR_NULL;
	enum err e = demo_read(d, "reports", &r.reports, &why);

	if (e == OK)
		e = demo_read(d, "tracks", &r.tracks, &why);
	if (e != OK)
		return cli_fail(why);
	r.steps = arena_array(d->arena, struct step, r.reports.n * MAX_STEPS + 1);
	r.matter = arena_array(d->arena, int64_t, r.reports.n + 1);
	r.code = arena_array(d->arena, struct str, r.reports.n + 1);
	r.skip = arena_array(d->arena, bool, r.reports.n + 1);
	for (size_t i = 0; i < r.reports.n; i++)
		if (!plan_report(&r, i))
			return cli_fail(arena_printf(d->arena, "demo/reports.csv: %.*s: days, time 或 after 不对 (days, time or after is wrong)",
						     STR_ARG(demo_cell(&r.reports, i, "id"))));
	qsort(r.steps, r.n, sizeof(*r.steps), by_time);
	return run_steps(&r);
}
