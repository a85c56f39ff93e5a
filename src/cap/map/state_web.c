/*
 * /map/state: all that the wall of a place shows, in one answer. What is counted comes from memory; titles, boards and people on duty from the store.
 * When the store is away the numbers still come, and "stale" says for how long.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/map/cache.h"
#include "cap/map/children.h"
#include "cap/map/codes.h"
#include "cap/map/map.sql.h"
#include "cap/map/pages.h"
#include "core/actor/duty.h"
#include "core/matter/category.h"
#include "core/matter/matter.h"
#include "core/place/place.h"

#define LISTED 12
#define URGENT 20
#define URGENT_DAYS 30
#define DUTY 24
#define BOARDS 64
#define TURNED_MAX 100000
#define SCOPES_MAX 16

struct wall {
	struct rq *rq;
	struct look *l;
	struct query *q;
	struct json *j;
	int64_t today;             /* when it began */
	struct scope ranges[SCOPES_MAX]; /* of places, for the store: the place asked for inside the reader's */
	size_t nranges;
};

/* ---- from memory ---- */

static int64_t total(const struct wall *w, struct points_filter f)
{
	return points_total(w->l->view, &f);
}

static struct points_filter open_ones(const struct wall *w)
{
	struct points_filter f = w->q->f;

	f.flags |= POINT_CLOSED;
	return f;
}

static void put_open(struct wall *w)
{
	json_key(w->j, "open");
	json_obj(w->j);
	for (int c = POINT_NO_CLOCK; c <= POINT_OVERDUE; c++) {
		struct points_filter f = open_ones(w);

		f.colours = 1u << c;
		json_key(w->j, colour_word((enum point_colour)c));
		json_i64(w->j, total(w, f));
	}
	json_end(w->j);
}

static int64_t turned_late(struct wall *w)
{
	int64_t sum = 0;

	for (size_t i = 0; i < w->nranges; i++) {
		struct map_turned_late_row row;

		if (q_map_turned_late(rq_conn(w->rq), w->rq->arena, &(struct map_turned_late_args){
			.since = w->today, .now = w->l->at, .place_from = w->ranges[i].from, .place_to = w->ranges[i].to, .n = TURNED_MAX}, &row) == OK)
			sum += row.n;
	}
	return sum;
}

static void put_today(struct wall *w)
{
	struct points_filter in = w->q->f, done = w->q->f, unplaced = open_ones(w);

	in.created.from = done.closed.from = (uint32_t)(w->today / MS_MINUTE);
	in.created.to = done.closed.to = UINT32_MAX;
	json_key(w->j, "today");
	json_obj(w->j);
	json_key(w->j, "in"), json_i64(w->j, total(w, in));
	json_key(w->j, "done"), json_i64(w->j, total(w, done));
	json_key(w->j, "late"), json_i64(w->j, turned_late(w));
	json_end(w->j);
	unplaced.flags |= POINT_UNLOCATED;
	unplaced.flags_want |= POINT_UNLOCATED;
	json_key(w->j, "unplaced"), json_i64(w->j, total(w, unplaced));
}

static void put_hours(struct wall *w)
{
	uint32_t at[25];
	int64_t in[24] = {0}, done[24] = {0};
	struct points_by by = {.nperiod = 24, .period_at = at};
	int hours = (int)((w->l->at - w->today) / MS_HOUR) + 1;

	for (int h = 0; h <= 24; h++)
		at[h] = (uint32_t)((w->today + h * MS_HOUR) / MS_MINUTE);
	if (points_count(w->l->view, &w->q->f, &by, in) != OK)
		return;
	by.by_closed = true;
	if (points_count(w->l->view, &w->q->f, &by, done) != OK)
		return;
	json_key(w->j, "hours");
	json_arr(w->j);
	for (int h = 0; h < hours && h < 24; h++) {
		json_obj(w->j);
		json_key(w->j, "h"), json_i64(w->j, h);
		json_key(w->j, "in"), json_i64(w->j, in[h]);
		json_key(w->j, "done"), json_i64(w->j, done[h]);
		json_end(w->j);
	}
	json_end(w->j);
}

static void put_place_name(struct json *j, const struct set_item *it)
{
	json_key(j, "code"), json_str(j, it->fid);
	json_key(j, "name"), json_str(j, place_short_name(it->name));
}

/* A place whose point nobody knows stands in the middle of what is known below it. */
static void put_point(struct wall *w, const struct set_item *it)
{
	double lon = it->lon, lat = it->lat, box[4];

	if (isnan(lon) && place_bounds(w->l->tree, it, box)) {
		lon = round((box[0] + box[2]) / 2 * 1e5) / 1e5;
		lat = round((box[1] + box[3]) / 2 * 1e5) / 1e5;
	}
	json_key(w->j, "lon"), json_f64(w->j, lon);
	json_key(w->j, "lat"), json_f64(w->j, lat);
}

static enum err put_children(struct wall *w)
{
	struct points_filter f = open_ones(w);
	struct groups g;
	struct points_by by;
	int64_t *open, *late;
	enum err e;

	children_of(w->rq->arena, w->l->tree, query_top(w->q, w->l->tree), &g);
	by = (struct points_by){.nplace = g.n, .place_of = g.of, .place_codes = g.codes};
	open = arena_array(w->rq->arena, int64_t, g.n + 1);
	late = arena_array(w->rq->arena, int64_t, g.n + 1);
	e = g.n ? points_count(w->l->view, &f, &by, open) : OK;
	f.colours = 1u << POINT_OVERDUE;
	if (e == OK && g.n)
		e = points_count(w->l->view, &f, &by, late);
	if (e != OK)
		return e;
	json_key(w->j, "children");
	json_arr(w->j);
	for (size_t i = 0; i < g.n; i++) {
		if (g.v[i]->ended || str_empty(g.v[i]->fid))
			continue;
		json_obj(w->j);
		put_place_name(w->j, g.v[i]);
		json_key(w->j, "level"), json_str(w->j, g.v[i]->kind);
		json_key(w->j, "open"), json_i64(w->j, open[i]);
		json_key(w->j, "late"), json_i64(w->j, late[i]);
		put_point(w, g.v[i]);
		json_end(w->j);
	}
	json_end(w->j);
	return OK;
}

static void put_place(struct wall *w)
{
	const struct set_item *top = query_top(w->q, w->l->tree);
	double box[4];

	json_key(w->j, "place");
	json_obj(w->j);
	json_key(w->j, "code"), json_str(w->j, top ? top->fid : STR(""));
	json_key(w->j, "name"), json_str(w->j, top ? place_short_name(top->name) : str_from(tr(w->rq->lang, N_("全部"))));
	json_key(w->j, "level"), json_str(w->j, top ? top->kind : STR(""));
	json_key(w->j, "path");
	json_arr(w->j);
	for (int l = PLACE_PROVINCE; top && l <= (int)place_level_of_key(top->place); l++) {
		const struct set_item *up = set_by_key(w->l->tree, place_up(top->place, (enum place_level)l));

		if (up == NULL || up->hidden || str_empty(up->fid) || (up != top && str_eq(up->name, top->name)))
			continue;
		json_obj(w->j);
		put_place_name(w->j, up);
		json_end(w->j);
	}
	json_end(w->j);
	if (shown_bounds(w->rq->arena, w->l, top, &w->q->f, box)) {
		json_key(w->j, "bounds");
		json_arr(w->j);
		for (int i = 0; i < 4; i++)
			json_f64(w->j, round(box[i] * 1e5) / 1e5);
		json_end(w->j);
	}
	json_end(w->j);
}

/* ---- from the store ---- */

struct found { int64_t id, created; };

static int newest_first(const void *x, const void *y)
{
	int64_t a = ((const struct found *)x)->created, b = ((const struct found *)y)->created;

	return a > b ? -1 : a < b;
}

static int oldest_first(const void *x, const void *y)
{
	return newest_first(y, x);
}

/* Rows of all ranges, the first `most` in order; the columns of the queries are the same. */
#define COLLECT(rows, v, n, room) \
	do { \
		for (size_t k_ = 0; k_ < (rows).n && (n) < (room); k_++) \
			(v)[(n)++] = (struct found){(rows).v[k_].id, (rows).v[k_].created}; \
	} while (0)

/* top: what everybody who reads the list knows already, so that only the names below it are told. */
static enum err put_rows(struct wall *w, const char *name, const struct set_item *top, struct found *v, size_t n, size_t most)
{
	struct map_matters_told_rows rows;
	int64_t *ids = arena_array(w->rq->arena, int64_t, n + 1);
	enum err e;

	n = n < most ? n : most;
	for (size_t i = 0; i < n; i++)
		ids[i] = v[i].id;
	e = q_map_matters_told(rq_conn(w->rq), w->rq->arena, ids, n, &rows);
	if (e != OK)
		return e;
	json_key(w->j, name);
	json_arr(w->j);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < rows.n; k++) {
			const struct map_matters_told_row *r = &rows.v[k];
			const struct matter m = {.due = r->due == INT64_C(9007199254740991) ? 0 : r->due, .state_since = r->state_since,
						 .suspended_since = r->suspended_since, .closed = r->closed};

			if (r->id != ids[i])
				continue;
			json_obj(w->j);
			json_key(w->j, "id"), json_id(w->j, r->id);
			json_key(w->j, "title"), json_str(w->j, matter_mask(w->rq->arena, r->title));
			json_key(w->j, "state"), json_str(w->j, name_of_state(w->rq, r->scenario, r->state));
			json_key(w->j, "category"), json_str(w->j, name_of_category(w->rq, r->category));
			json_key(w->j, "place"), json_str(w->j, place_told(w->rq->arena, w->l->tree, r->place, top));
			json_key(w->j, "created"), json_i64(w->j, r->created);
			json_key(w->j, "due"), m.due ? json_i64(w->j, m.due) : json_nil(w->j);
			json_key(w->j, "colour"), json_i64(w->j, matter_clock_colour(&m, w->l->at));
			json_end(w->j);
		}
	json_end(w->j);
	return OK;
}

static enum err put_lists(struct wall *w)
{
	struct found *v = arena_array(w->rq->arena, struct found, (size_t)SCOPES_MAX * LISTED + 1);
	size_t n = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < w->nranges; i++) {
		struct map_newest_rows rows;

		e = q_map_newest(rq_conn(w->rq), w->rq->arena, w->ranges[i].from, w->ranges[i].to, LISTED, &rows);
		if (e == OK)
			COLLECT(rows, v, n, (size_t)SCOPES_MAX * LISTED);
	}
	qsort(v, n, sizeof(*v), newest_first);
	if (e == OK)
		e = put_rows(w, "newest", query_top(w->q, w->l->tree), v, n, LISTED);
	n = 0;
	for (size_t i = 0; e == OK && i < w->nranges; i++) {
		struct map_oldest_rows rows;

		e = q_map_oldest(rq_conn(w->rq), w->rq->arena, w->ranges[i].from, w->ranges[i].to, LISTED, &rows);
		if (e == OK)
			COLLECT(rows, v, n, (size_t)SCOPES_MAX * LISTED);
	}
	qsort(v, n, sizeof(*v), oldest_first);
	return e == OK ? put_rows(w, "oldest", query_top(w->q, w->l->tree), v, n, LISTED) : e;
}

/* Wherever the reader looks just now: an emergency in the next community is not hidden from a wall that has gone down into this one. */
static enum err put_urgent(struct wall *w)
{
	const struct query everywhere = {.scopes = w->q->scopes, .nscopes = w->q->nscopes};
	const struct set_item *top = query_top(&everywhere, w->l->tree);
	const struct category *all;
	size_t ncats = category_list(&all), n = 0;
	struct found *v = arena_array(w->rq->arena, struct found, (size_t)URGENT * 64 + 1);
	struct points_filter f = open_ones(w);
	enum err e = OK;

	f.tags = 1u << TAG_EMERGENCY;
	f.within = NULL, f.nwithin = 0;
	if (total(w, f) == 0) { /* as it should be: nothing to ask the store */
		json_key(w->j, "urgent");
		json_arr(w->j);
		json_end(w->j);
		return OK;
	}
	for (size_t c = 0; c < ncats && e == OK; c++)
		for (size_t i = 0; all[c].emergency && e == OK && i < w->q->nscopes && i < SCOPES_MAX; i++) {
			struct map_urgent_rows rows;

			e = q_map_urgent(rq_conn(w->rq), w->rq->arena, &(struct map_urgent_args){
				.category = all[c].id, .since = w->l->at - URGENT_DAYS * MS_DAY, .place_from = w->q->scopes[i].from,
				.place_to = w->q->scopes[i].to, .n = URGENT}, &rows);
			if (e == OK)
				COLLECT(rows, v, n, (size_t)URGENT * 64);
		}
	qsort(v, n, sizeof(*v), newest_first);
	return e == OK ? put_rows(w, "urgent", top, v, n, URGENT) : e;
}

struct board {
	struct str name;
	uint16_t *codes;
	size_t n;
};

static int by_board(const void *x, const void *y)
{
	return str_cmp(((const struct map_boards_row *)x)->name, ((const struct map_boards_row *)y)->name);
}

/* Boards of the same name (each town has the four) are one. */
static enum err put_boards(struct wall *w)
{
	struct board *v = arena_array(w->rq->arena, struct board, BOARDS);
	size_t n = 0;
	enum err e = OK;

	for (size_t i = 0; i < w->nranges && e == OK; i++) {
		struct map_boards_rows rows;

		e = q_map_boards(rq_conn(w->rq), w->rq->arena, w->ranges[i].from, w->ranges[i].to, &rows);
		if (e != OK)
			return e;
		if (rows.n)
			qsort(rows.v, rows.n, sizeof(*rows.v), by_board);
		for (size_t k = 0; k < rows.n; k++) {
			unsigned code;

			if (n == 0 || !str_eq(v[n - 1].name, rows.v[k].name)) {
				if (n == BOARDS)
					break;
				v[n++] = (struct board){rows.v[k].name, arena_array(w->rq->arena, uint16_t, rows.n + 1), 0};
			}
			if (code_find_org(rows.v[k].id, &code))
				v[n - 1].codes[v[n - 1].n++] = (uint16_t)code;
		}
	}
	json_key(w->j, "boards");
	json_arr(w->j);
	for (size_t i = 0; i < n; i++) {
		struct points_filter f = open_ones(w);
		int64_t open, late;

		f.departments = v[i].codes;
		f.ndepartments = v[i].n;
		open = v[i].n ? total(w, f) : 0;
		f.colours = 1u << POINT_OVERDUE;
		late = v[i].n ? total(w, f) : 0;
		json_obj(w->j);
		json_key(w->j, "name"), json_str(w->j, v[i].name);
		json_key(w->j, "open"), json_i64(w->j, open);
		json_key(w->j, "late"), json_i64(w->j, late);
		json_end(w->j);
	}
	json_end(w->j);
	return OK;
}

static enum err put_duty(struct wall *w)
{
	size_t said = 0;
	enum err e = OK;

	json_key(w->j, "duty");
	json_arr(w->j);
	for (size_t i = 0; e == OK && i < w->nranges && said < DUTY; i++) {
		struct duty *v;
		size_t n;

		e = duty_at(rq_conn(w->rq), w->rq->arena, w->ranges[i].from, w->ranges[i].to, "matter.dispatch", DUTY, &v, &n);
		for (size_t k = 0; e == OK && k < n && said < DUTY; k++, said++) {
			const struct duty *d = &v[k];

			json_obj(w->j);
			json_key(w->j, "post");
			json_str(w->j, d->post.n ? d->post : w->rq->lang == LANG_EN && d->role_en.n ? d->role_en : d->role);
			json_key(w->j, "name"), json_str(w->j, d->name);
			json_key(w->j, "since"), json_i64(w->j, d->since);
			json_end(w->j);
		}
	}
	json_end(w->j);
	return e;
}

/* ---- all of it ---- */

static void find_ranges(struct wall *w)
{
	struct str from = w->q->place ? w->q->place->place : STR(""), to;

	to = place_after(w->rq->arena, from);
	for (size_t i = 0; i < w->q->nscopes && w->nranges < SCOPES_MAX; i++) {
		struct scope s = w->q->scopes[i];

		if (str_cmp(s.from, from) < 0)
			s.from = from;
		if (str_cmp(s.to, to) > 0)
			s.to = to;
		if (str_cmp(s.from, s.to) < 0)
			w->ranges[w->nranges++] = s;
	}
}

static enum err put_stored(struct wall *w)
{
	enum err e = put_lists(w);

	if (e == OK)
		e = put_urgent(w);
	if (e == OK)
		e = put_boards(w);
	return e == OK ? put_duty(w) : e;
}

static enum err build(struct wall *w)
{
	enum err e;

	json_obj(w->j);
	json_key(w->j, "seq"), json_i64(w->j, w->l->seq);
	json_key(w->j, "now"), json_i64(w->j, w->l->at);
	if (w->l->behind)
		json_key(w->j, "stale"), json_i64(w->j, w->l->behind / 1000);
	put_place(w);
	put_open(w);
	put_today(w);
	put_hours(w);
	e = put_children(w);
	if (e == OK)
		e = put_stored(w);
	if (e != OK)
		return e;
	json_end(w->j);
	json_done(w->j);
	return OK;
}

int64_t state_turned_late(struct rq *rq, const struct look *l, const struct query *q)
{
	struct look look = *l;
	struct query query = *q;
	struct wall w = {.rq = rq, .l = &look, .q = &query, .today = time_day_start(time_day_of(l->at, TIME_CHINA), TIME_CHINA)};

	find_ranges(&w);
	return turned_late(&w);
}

enum err map_state(struct rq *rq)
{
	struct look l;
	struct query q;
	struct json j;
	struct buf b;
	struct wall w = {.rq = rq, .l = &l, .q = &q, .j = &j};
	struct cache_stamp stamp;
	struct str key;
	int64_t epoch = live_epoch(); /* before looking: what is seen is at least as new */
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = query_read(rq, &l, NULL, &q);
	if (e == OK && q.is_public)
		e = rq_fail(rq, ERR_FORBIDDEN, N_("大屏只给有事项查看权限的人看。"));
	if (e != OK) {
		look_end(&l);
		return e;
	}
	w.today = time_day_start(time_day_of(l.at, TIME_CHINA), TIME_CHINA);
	find_ranges(&w);
	stamp = (struct cache_stamp){.version = (uint64_t)epoch, .minute = l.now};
	key = arena_printf(rq->arena, "state/%d?%.*s", (int)rq->lang, STR_ARG(q.key));
	if (!cache_send(rq->http, key, stamp)) {
		buf_init(&b, 4 << 20);
		json_init(&j, &b);
		e = build(&w);
		if (e == OK && (e = buf_check(&b)) == OK)
			cache_put_send(rq->http, key, stamp, buf_str(&b), "application/json");
		buf_release(&b);
	}
	http_header_set(rq->http, "Cache-Control", STR("private, no-cache"));
	look_end(&l);
	return e;
}
