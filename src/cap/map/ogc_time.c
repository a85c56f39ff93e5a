/* datetime of the open interfaces: when matters were filed, in what is asked and in what is told of the collection. */
#include <pthread.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/map/map.sql.h"
#include "cap/map/ogc.h"
#include "geo/points_by_id.h"

/* ---- reading ---- */

/* A moment before 1970, when nothing here had happened: as good as an open end. QGIS writes the year 0000 where it means one. */
static bool is_long_ago(struct rq *rq, struct str text)
{
	int64_t at;

	if (str_starts(text, "0000"))
		text = arena_cat(rq->arena, STR("0001"), str_sub(text, 4, text.n));
	return time_parse(text, TIME_CHINA, &at) && at < 0;
}

/* In an address + is a space, and who writes an offset by hand forgets it: 10:00:00 08:00 is 10:00:00+08:00. */
static struct str with_offset(struct rq *rq, struct str text)
{
	struct str zone = str_sub(text, text.n > 6 ? text.n - 6 : text.n, text.n);

	if (zone.n != 6 || zone.p[0] != ' ' || zone.p[3] != ':' || text.n < 17)
		return text;
	return arena_printf(rq->arena, "%.*s+%.*s", (int)(text.n - 6), text.p, 5, zone.p + 1);
}

/* How much time a text leaves open: a second without a fraction is all of it, as a day is (QGIS shows and asks for whole seconds). */
static int64_t width_of(struct str text)
{
	ptrdiff_t hour = str_chr(text, ':');
	struct str rest = hour < 0 ? STR("") : str_sub(text, (size_t)hour + 1, text.n);

	if (hour < 0)
		return 1;
	return str_chr(text, '.') >= 0 ? 1 : rest.n > 2 && rest.p[2] == ':' ? MS_SECOND : MS_MINUTE;
}

/* *at: the first millisecond, or with `end` the one behind the last. */
static bool read_moment(struct rq *rq, struct str text, bool end, int64_t *at)
{
	int64_t day;

	text = with_offset(rq, text);
	if (is_long_ago(rq, text)) {
		*at = end; /* an end long ago: before the first matter */
		return true;
	}
	if (!query_time(text, end, at))
		return false;
	if (end && !time_parse_date(text, &day))
		*at += width_of(text);
	return true;
}

static bool is_open(struct str end)
{
	return end.n == 0 || str_eqz(end, "..");
}

enum err ogc_read_datetime(struct ogc_ask *a)
{
	struct str text = rq_query(a->rq, "datetime"), from = text, to = text;
	ptrdiff_t slash = str_chr(text, '/');
	bool ok = true;

	if (str_empty(text))
		return OK;
	if (slash >= 0) {
		from.n = (size_t)slash;
		to = str_sub(text, (size_t)slash + 1, text.n);
	} else {
		ok = !is_open(text);
	}
	if (ok && !is_open(from))
		ok = read_moment(a->rq, from, false, &a->from);
	if (ok && !is_open(to))
		ok = read_moment(a->rq, to, true, &a->to);
	a->timed = a->from || a->to;
	if (!ok || (a->to && a->to <= a->from))
		return rq_fail_field(a->rq, ERR_INPUT, "datetime", N_("datetime 要写成 2026-11-01/2026-11-30 这样，或一个时刻；开放的一端写 ..。"));
	return OK;
}

/* ---- what came then ---- */

static struct points_range meet(struct points_range a, struct points_range b)
{
	a.from = b.from > a.from ? b.from : a.from;
	a.to = b.to && (a.to == 0 || b.to < a.to) ? b.to : a.to;
	if (a.to && a.to <= a.from) /* nothing: a period in which nobody can have come */
		a = (struct points_range){UINT32_MAX - 1, UINT32_MAX};
	return a;
}

static uint32_t minute_of(int64_t ms)
{
	return ms / MS_MINUTE < UINT32_MAX - 1 ? (uint32_t)(ms / MS_MINUTE) : UINT32_MAX - 1;
}

/* The public is shown whole minutes, so it is by these that its answers are right. */
void ogc_narrow(struct points_range *r, const struct ogc_ask *a, bool is_public)
{
	*r = meet(*r, (struct points_range){minute_of(a->from + (is_public ? MS_MINUTE - 1 : 0)), a->to ? minute_of(a->to + MS_MINUTE - 1) : 0});
}

/* Those of one minute that the store says came before or behind. */
static enum err outside_in(const struct ogc_ask *a, const struct look *l, const struct query *q, uint32_t minute, struct ogc_outside *out)
{
	struct points_filter f = q->f;
	struct map_matters_told_rows told;
	struct points_box boxes[2];
	size_t nboxes = ogc_boxes(a, boxes), n;
	struct point *v;
	int64_t *ids, matched;
	enum err e;

	ogc_narrow(&f.created, a, false);
	f.created = meet(f.created, (struct points_range){minute, minute + 1});
	e = points_by_id(l->view, &f, boxes, nboxes, (struct points_after){0}, (size_t)points_total(l->view, &f), a->rq->arena, &v, &n, &matched);
	if (e == OK)
		e = ogc_tell(a->rq, v, n, &told);
	if (e != OK)
		return e;
	ids = arena_array(a->rq->arena, int64_t, out->n + told.n + 1);
	if (out->n)
		memcpy(ids, out->ids, out->n * sizeof(*ids));
	out->ids = ids;
	for (size_t i = 0; i < told.n; i++)
		if (told.v[i].created < a->from || (a->to && told.v[i].created >= a->to))
			ids[out->n++] = told.v[i].id;
	return OK;
}

enum err ogc_outside(const struct ogc_ask *a, const struct look *l, const struct query *q, struct ogc_outside *out)
{
	uint32_t first = minute_of(a->from), last = minute_of(a->to);
	enum err e = OK;

	*out = (struct ogc_outside){0};
	if (q->is_public)
		return OK;
	if (a->from % MS_MINUTE)
		e = outside_in(a, l, q, first, out);
	if (e == OK && a->to % MS_MINUTE && !(a->from % MS_MINUTE && first == last))
		e = outside_in(a, l, q, last, out);
	return e;
}

/* ---- since when ---- */

/* The first of n periods in which somebody came; n: none. */
static size_t first_of(const struct look *l, const struct points_filter *f, const uint32_t *at, size_t n, struct arena *a)
{
	int64_t *counts = arena_array(a, int64_t, n + 1);
	const struct points_by by = {.nperiod = n, .period_at = at};
	size_t i = 0;

	if (points_count(l->view, f, &by, counts) != OK)
		return n;
	while (i < n && counts[i] == 0)
		i++;
	return i;
}

/* The minute of the first, by looking at all of them: some 10 ms a million. */
static bool find_oldest(const struct look *l, const struct query *q, struct arena *a, uint32_t *out)
{
	enum { MONTHS = 200 * 12, MINUTES = 31 * 24 * 60 };
	uint32_t *at = arena_array(a, uint32_t, MINUTES + 1), from;
	struct points_filter f = q->f;
	size_t month, minute;

	for (int m = 0; m <= MONTHS; m++)
		at[m] = (uint32_t)(time_day_start(time_days(1970 + m / 12, 1 + m % 12, 1), 0) / MS_MINUTE);
	month = first_of(l, &f, at, MONTHS, a);
	if (month == MONTHS)
		return false;
	from = at[month];
	for (uint32_t m = 0; m <= MINUTES; m++)
		at[m] = from + m;
	f.created = meet(f.created, (struct points_range){from, from + MINUTES});
	minute = first_of(l, &f, at, MINUTES, a);
	*out = from + (uint32_t)minute;
	return minute < MINUTES;
}

static bool any_in(const struct look *l, const struct query *q, uint32_t from, uint32_t to)
{
	struct points_filter f = q->f;

	f.created = meet(f.created, (struct points_range){from, to});
	return points_total(l->view, &f) > 0;
}

/* What was found for the last few kinds of readers. Nearly always still true, which is looked up in a tenth of the time: the first stays the first. */
static struct {
	pthread_mutex_t lock;
	struct { char key[64]; uint32_t minute; } v[4];
	unsigned next;
} found = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint32_t found_for(struct str key)
{
	uint32_t minute = 0;

	pthread_mutex_lock(&found.lock);
	for (size_t i = 0; i < ARRAY_LEN(found.v); i++)
		if (key.n < sizeof(found.v[i].key) && str_eqz(key, found.v[i].key))
			minute = found.v[i].minute;
	pthread_mutex_unlock(&found.lock);
	return minute;
}

static void find_again(struct str key, uint32_t minute)
{
	size_t i = 0;

	if (key.n == 0 || key.n >= sizeof(found.v[0].key))
		return;
	pthread_mutex_lock(&found.lock);
	while (i < ARRAY_LEN(found.v) && !str_eqz(key, found.v[i].key))
		i++;
	if (i == ARRAY_LEN(found.v))
		i = found.next++ % ARRAY_LEN(found.v);
	memcpy(found.v[i].key, key.p, key.n);
	found.v[i].key[key.n] = 0;
	found.v[i].minute = minute;
	pthread_mutex_unlock(&found.lock);
}

bool ogc_oldest(struct rq *rq, int64_t *ms)
{
	struct look l;
	struct query q;
	uint32_t minute = 0;
	bool is_there = false;

	if (look_begin(rq->arena, rq->now, &l) != OK)
		return false;
	if (query_class(rq, &l, &q) == OK) {
		minute = found_for(q.key);
		is_there = minute && any_in(&l, &q, minute, minute + 1) && !any_in(&l, &q, 0, minute);
		if (!is_there && (is_there = find_oldest(&l, &q, rq->arena, &minute)))
			find_again(q.key, minute);
	}
	look_end(&l);
	*ms = (int64_t)minute * MS_MINUTE;
	return is_there;
}
