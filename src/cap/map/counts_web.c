/*
 * /map/counts, /map/series, /map/density: numbers by place × category × state × period, over time, and where they lie. All from memory.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/map/children.h"
#include "cap/map/codes.h"
#include "cap/map/pages.h"

#define ROWS_MAX 100000
#define PERIODS_MAX 4000
#define DENSITY_MAX 20000

enum step { STEP_NONE, STEP_HOUR, STEP_DAY, STEP_MONTH };

struct counting {
	struct rq *rq;
	struct look *l;
	struct query *q;
	bool place, category, group, state, colour;
	enum step step;
	struct groups places;
	uint32_t *group_of;       /* category -> group */
	struct str *group_names;
	size_t ngroups;
	uint32_t *at;             /* periods */
	size_t nperiods;
	struct points_by by;
};

/* ---- periods ---- */

static int64_t next_period(enum step s, int64_t at)
{
	struct civil c;
	int64_t next = at;

	if (s == STEP_HOUR)
		return at + MS_HOUR;
	if (s == STEP_DAY)
		return at + MS_DAY;
	time_civil(at, TIME_CHINA, &c);
	c = (struct civil){.year = c.month == 12 ? c.year + 1 : c.year, .month = c.month == 12 ? 1 : c.month + 1, .day = 1};
	if (!time_from_civil(&c, TIME_CHINA, &next))
		return at + 31 * MS_DAY;
	return next;
}

static int64_t period_start(enum step s, int64_t at)
{
	struct civil c;
	int64_t start = at;

	if (s == STEP_HOUR)
		return at - at % MS_HOUR;
	if (s == STEP_DAY)
		return time_day_start(time_day_of(at, TIME_CHINA), TIME_CHINA);
	time_civil(at, TIME_CHINA, &c);
	c = (struct civil){.year = c.year, .month = c.month, .day = 1};
	if (!time_from_civil(&c, TIME_CHINA, &start))
		return at;
	return start;
}

static enum err make_periods(struct rq *rq, enum step s, const struct query *q, int64_t now, uint32_t **out, size_t *n)
{
	static const int64_t back[] = {[STEP_HOUR] = 2 * MS_DAY, [STEP_DAY] = 30 * MS_DAY, [STEP_MONTH] = 365 * MS_DAY};
	int64_t from = q->f.created.from * MS_MINUTE, to = q->f.created.to ? q->f.created.to * MS_MINUTE : now + 1;
	uint32_t *v = arena_array(rq->arena, uint32_t, PERIODS_MAX + 2);

	if (from == 0)
		from = to - back[s];
	*n = 0;
	for (int64_t at = period_start(s, from); at < to; at = next_period(s, at)) {
		if (*n == PERIODS_MAX)
			return rq_fail(rq, ERR_INPUT, N_("时段太多，最多 %d 个；请缩短时间或改用更大的单位。"), PERIODS_MAX);
		v[(*n)++] = (uint32_t)(at / MS_MINUTE);
		v[*n] = (uint32_t)(next_period(s, at) / MS_MINUTE);
	}
	*out = v;
	return OK;
}

static struct str period_name(struct arena *a, enum step s, uint32_t minute)
{
	struct str text = time_text(a, minute * MS_MINUTE, TIME_CHINA);

	return str_sub(text, 0, s == STEP_HOUR ? 13 : s == STEP_DAY ? 10 : 7);
}

/* ---- what is asked ---- */

static enum err read_by(struct counting *c)
{
	struct str by = rq_query(c->rq, "by"), word;
	struct { const char *word; bool *flag; } flags[] = {
		{"place", &c->place}, {"category", &c->category}, {"group", &c->group}, {"state", &c->state}, {"colour", &c->colour}};
	static const char *const steps[] = {[STEP_HOUR] = "hour", [STEP_DAY] = "day", [STEP_MONTH] = "month"};

	while (str_split(&by, ',', &word)) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(flags); i++)
			if (str_eqz(word, flags[i].word))
				known = *flags[i].flag = true;
		for (int s = STEP_HOUR; s <= STEP_MONTH; s++)
			if (str_eqz(word, steps[s])) {
				known = true;
				c->step = (enum step)s;
			}
		if (!known)
			return rq_fail_field(c->rq, ERR_INPUT, "by", N_("by 里可以写 place、category、group、state、colour、hour、day、month，用逗号分开。"));
	}
	if (c->category && c->group)
		return rq_fail_field(c->rq, ERR_INPUT, "by", N_("by 里 category 和 group 只能选一个。"));
	return OK;
}

static enum err find_places(struct counting *c)
{
	struct str level = rq_query(c->rq, "level");
	int l = level.n ? level_of_word(level) : 0;

	if (!c->place)
		return OK;
	if (l < 0)
		return rq_fail_field(c->rq, ERR_INPUT, "level", N_("level 只能是 district、town、community、grid 或 microgrid。"));
	if (l)
		level_below(c->rq->arena, c->l->tree, c->q->place, l, &c->places);
	else
		children_of(c->rq->arena, c->l->tree, c->q->place, &c->places);
	c->by.nplace = c->places.n;
	c->by.place_of = c->places.of;
	c->by.place_codes = c->places.codes;
	return OK;
}

/* "city.garbage" belongs to "city". */
static void find_groups(struct counting *c)
{
	size_t n = code_count(CODE_CATEGORY);

	c->group_of = arena_array(c->rq->arena, uint32_t, n + 1);
	c->group_names = arena_array(c->rq->arena, struct str, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct str word = code_word(CODE_CATEGORY, (unsigned)i), rest = word, top = word;
		size_t k = 0;

		if (c->group && str_split(&rest, '.', &top))
			word = top;
		while (k < c->ngroups && !str_eq(c->group_names[k], word))
			k++;
		if (k == c->ngroups)
			c->group_names[c->ngroups++] = word;
		c->group_of[i] = (uint32_t)k;
	}
	c->by.ncategory = c->ngroups;
	c->by.category_of = c->group_of;
	c->by.category_codes = n;
}

/* ---- the answer ---- */

static void put_row(struct counting *c, struct json *j, size_t p, size_t g, size_t s, size_t t, const char *colour, int64_t n)
{
	json_obj(j);
	if (c->place) {
		json_key(j, "place"), json_str(j, c->places.v[p]->fid);
		json_key(j, "name"), json_str(j, c->places.v[p]->name);
	}
	if (c->category || c->group)
		json_key(j, c->group ? "group" : "category"), json_str(j, c->group_names[g]);
	if (c->state)
		json_key(j, "state"), json_str(j, code_word(CODE_STATE, (unsigned)s));
	if (c->step)
		json_key(j, c->step == STEP_HOUR ? "hour" : c->step == STEP_DAY ? "day" : "month"),
			json_str(j, period_name(c->rq->arena, c->step, c->at[t]));
	if (colour)
		json_key(j, "colour"), json_strz(j, colour);
	json_key(j, "n"), json_i64(j, n);
	json_end(j);
}

static size_t at_least_1(size_t n)
{
	return n ? n : 1;
}

static enum err put_rows(struct counting *c, struct json *j, const struct points_filter *f, const char *colour, size_t *rows)
{
	size_t np = at_least_1(c->by.nplace), ng = at_least_1(c->by.ncategory), ns = at_least_1(c->by.nstate), nt = at_least_1(c->by.nperiod);
	int64_t *counts;
	enum err e;

	if (np > POINTS_CELLS_MAX / ng / ns / nt)
		return rq_fail(c->rq, ERR_INPUT, N_("这样分组太细，请少选一个维度、选大一级的地点或缩短时间。"));
	counts = arena_array(c->rq->arena, int64_t, np * ng * ns * nt);
	e = points_count(c->l->view, f, &c->by, counts);
	for (size_t i = 0; e == OK && i < np * ng * ns * nt; i++) {
		if (counts[i] == 0)
			continue;
		if (++*rows > ROWS_MAX)
			return rq_fail(c->rq, ERR_INPUT, N_("这样分组太细，请少选一个维度、选大一级的地点或缩短时间。"));
		put_row(c, j, i / nt / ns / ng, i / nt / ns % ng, i / nt % ns, i % nt, colour, counts[i]);
	}
	return e;
}

static enum err put_counts(struct counting *c, struct json *j)
{
	struct points_filter unlocated = c->q->f;
	size_t rows = 0;
	enum err e = OK;

	unlocated.flags |= POINT_UNLOCATED;
	unlocated.flags_want |= POINT_UNLOCATED;
	json_obj(j);
	json_key(j, "seq"), json_i64(j, c->l->seq);
	json_key(j, "now"), json_i64(j, c->l->at);
	json_key(j, "total"), json_i64(j, points_total(c->l->view, &c->q->f));
	json_key(j, "unlocated"), json_i64(j, points_total(c->l->view, &unlocated));
	json_key(j, "rows");
	json_arr(j);
	for (int k = POINT_NO_CLOCK; c->colour && e == OK && k <= POINT_OVERDUE; k++) {
		struct points_filter f = c->q->f;

		if (f.colours && !(f.colours & 1u << k))
			continue;
		f.colours = 1u << k;
		e = put_rows(c, j, &f, colour_word((enum point_colour)k), &rows);
	}
	if (!c->colour && (c->place || c->category || c->group || c->state || c->step))
		e = put_rows(c, j, &c->q->f, NULL, &rows);
	json_end(j);
	json_end(j);
	return e;
}

static enum err count(struct counting *c)
{
	struct json j;
	enum err e = read_by(c);

	if (e == OK)
		e = find_places(c);
	if (e == OK && (c->category || c->group))
		find_groups(c);
	if (c->state)
		c->by.nstate = at_least_1(code_count(CODE_STATE));
	if (e == OK && c->step)
		e = make_periods(c->rq, c->step, c->q, c->l->at, &c->at, &c->nperiods);
	if (e != OK)
		return e;
	c->by.nperiod = c->nperiods;
	c->by.period_at = c->at;
	json_init(&j, &c->rq->http->resp->body);
	e = put_counts(c, &j);
	return e == OK ? rq_json(c->rq, 200) : e;
}

enum err map_counts(struct rq *rq)
{
	static const char *const also[] = {"by", "level", NULL};
	struct look l;
	struct query q;
	struct counting c = {.rq = rq, .l = &l, .q = &q};
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = query_read(rq, &l, also, &q);
	if (e == OK)
		e = count(&c);
	query_age(rq, &l);
	look_end(&l);
	return e;
}

/* ---- over time ---- */

static enum err step_of(struct rq *rq, enum step *out)
{
	struct str s = rq_query(rq, "step");

	*out = str_empty(s) || str_eqz(s, "day") ? STEP_DAY : str_eqz(s, "hour") ? STEP_HOUR : str_eqz(s, "month") ? STEP_MONTH : STEP_NONE;
	return *out ? OK : rq_fail_field(rq, ERR_INPUT, "step", N_("step 只能是 hour、day 或 month。"));
}

static void put_numbers(struct json *j, const char *name, const int64_t *v, size_t n)
{
	json_key(j, name);
	json_arr(j);
	for (size_t i = 0; i < n; i++)
		json_i64(j, v[i]);
	json_end(j);
}

static enum err put_series(struct rq *rq, const struct look *l, struct query *q, enum step step)
{
	struct points_by by = {0};
	uint32_t *at;
	int64_t *in, *done;
	struct json j;
	enum err e = make_periods(rq, step, q, l->at, &at, &by.nperiod);

	if (e != OK)
		return e;
	q->f.created = (struct points_range){0, 0}; /* the periods say it; what came in before may end inside */
	by.period_at = at;
	in = arena_array(rq->arena, int64_t, by.nperiod + 1);
	done = arena_array(rq->arena, int64_t, by.nperiod + 1);
	e = points_count(l->view, &q->f, &by, in);
	by.by_closed = true;
	if (e == OK)
		e = points_count(l->view, &q->f, &by, done);
	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "seq"), json_i64(&j, l->seq);
	json_key(&j, "now"), json_i64(&j, l->at);
	json_key(&j, "at");
	json_arr(&j);
	for (size_t i = 0; i < by.nperiod; i++)
		json_str(&j, period_name(rq->arena, step, at[i]));
	json_end(&j);
	put_numbers(&j, "in", in, by.nperiod);
	put_numbers(&j, "done", done, by.nperiod);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err map_series(struct rq *rq)
{
	static const char *const also[] = {"step", NULL};
	struct look l;
	struct query q;
	enum step step;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = query_read(rq, &l, also, &q);
	if (e == OK)
		e = step_of(rq, &step);
	if (e == OK)
		e = put_series(rq, &l, &q, step);
	query_age(rq, &l);
	look_end(&l);
	return e;
}

/* ---- where they lie ---- */

enum err query_box(struct rq *rq, struct str text, double box[4])
{
	struct str part;
	int n = 0;

	while (str_split(&text, ',', &part)) {
		if (n == 4 || !str_f64(str_trim(part), &box[n]) || !isfinite(box[n]))
			n = 9;
		if (n++ > 4)
			break;
	}
	if (n != 4 || box[0] < -180 || box[2] > 180 || box[1] < -90 || box[3] > 90 || box[1] > box[3] || box[0] > box[2])
		return rq_fail_field(rq, ERR_INPUT, "bbox", N_("bbox 要写成：西,南,东,北（度）。"));
	return OK;
}

static enum err put_density(struct rq *rq, const struct look *l, const struct query *q)
{
	struct str box_text = rq_query(rq, "bbox"), zoom_text = rq_query(rq, "zoom");
	double box[4] = {-180, -85, 180, 85};
	int64_t zoom = 12;
	struct points_box b;
	struct points_cell *v;
	struct json j;
	size_t n;
	enum err e = str_empty(box_text) ? OK : query_box(rq, box_text, box);

	if (e == OK && zoom_text.n && (!str_i64(zoom_text, &zoom) || zoom < 0 || zoom > (q->is_public ? 18 : 22)))
		e = rq_fail_field(rq, ERR_INPUT, "zoom", N_("zoom 太大、太小，或不是整数。"));
	if (e != OK)
		return e;
	b = (struct points_box){mercator_from(box[0], box[3]), mercator_from(box[2], box[1])};
	e = points_density(l->view, &q->f, &b, (int)zoom, rq->arena, DENSITY_MAX, &v, &n);
	if (e == ERR_TOO_MUCH)
		return rq_fail(rq, ERR_INPUT, N_("格子太多，最多 %d 个；请缩小 bbox 或 zoom。"), DENSITY_MAX);
	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "seq"), json_i64(&j, l->seq);
	json_key(&j, "zoom"), json_i64(&j, zoom);
	json_key(&j, "cells");
	json_arr(&j);
	for (size_t i = 0; i < n; i++) {
		uint32_t shift = (uint32_t)(32 - zoom), half = zoom ? 1u << (shift - 1) : 1u << 31;
		struct lonlat p = mercator_to((struct mercator){zoom ? v[i].x << shift | half : half, zoom ? v[i].y << shift | half : half});

		json_arr(&j);
		json_f64(&j, round(p.lon * 1e5) / 1e5);
		json_f64(&j, round(p.lat * 1e5) / 1e5);
		json_i64(&j, v[i].n);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err map_density(struct rq *rq)
{
	static const char *const also[] = {"bbox", "zoom", NULL};
	struct look l;
	struct query q;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = query_read(rq, &l, also, &q);
	if (e == OK)
		e = put_density(rq, &l, &q);
	query_age(rq, &l);
	look_end(&l);
	return e;
}
