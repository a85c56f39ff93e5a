/* The open page and the same as data. */
#include "base/json.h"
#include "base/time.h"
#include "cap/portal/portal.html.h"
#include "cap/portal/portal_pages.h"

/* ---- what is asked ---- */

static int64_t number(struct rq *rq, const char *name)
{
	int64_t v;

	return str_i64(rq_query(rq, name), &v) && v > 0 ? v : 0;
}

/* ?place= names a community of the town by its code; so does the address itself (/t/COMMUNITY/open). What is finer counts as its community. */
static enum err ask_of(struct rq *rq, const struct portal_town *t, struct portal_open_ask *out)
{
	struct str code = rq_query(rq, "place"), key = t->asked.key;
	int64_t days = number(rq, "days");
	struct place p;
	enum err e;

	*out = (struct portal_open_ask){.days = days == 30 || days == 90 ? (int)days : 365, .place = STR(""),
					.before_key = number(rq, "key"), .before_id = number(rq, "id")};
	if (!str_empty(code)) {
		e = place_by_code(rq_conn(rq), rq->arena, code, 0, &p);
		if (e == ERR_NOT_FOUND || (e == OK && !place_within(p.key, t->place.key)))
			return rq_fail(rq, ERR_NOT_FOUND, N_("本镇街没有这个社区。请从公开页重新选。"));
		if (e != OK)
			return e;
		key = p.key;
	}
	if (place_level_of_key(key) > PLACE_TOWN)
		out->place = place_up(key, PLACE_COMMUNITY);
	return OK;
}

static enum err load(struct rq *rq, struct portal_town *t, struct portal_open *o)
{
	struct portal_open_ask ask;
	enum err e = portal_load_town(rq, t);

	if (e == OK)
		e = ask_of(rq, t, &ask);
	return e == OK ? portal_open_load(rq_conn(rq), rq->arena, t, &ask, rq->now, o) : e;
}

/* ---- the page ---- */

#define CHART_WIDTH 560
#define CHART_HEIGHT 120 /* of the tallest bar */

static void chart(struct rq *rq, struct portal_open_view *v)
{
	int width = v->o.nbars ? CHART_WIDTH / (int)v->o.nbars : 0;

	v->bars = arena_array(rq->arena, struct portal_bar, v->o.nbars + 1);
	for (size_t i = 0; i < v->o.nbars; i++) {
		const struct portal_open_bar *b = &v->o.bars[i];
		struct portal_bar *k = &v->bars[v->nbars++];

		k->x = (int)i * width + 3;
		k->width = width - 6;
		k->middle = k->x + k->width / 2;
		k->high = v->o.tallest ? (int)(b->filed * CHART_HEIGHT / v->o.tallest) : 0;
		k->done = b->filed ? (int)(b->closed * k->high / b->filed) : 0;
		k->top = 20 + CHART_HEIGHT - k->high;
		k->done_top = 20 + CHART_HEIGHT - k->done;
		k->from = looks_day(rq, time_day_start(b->day, TIME_CHINA));
		k->filed = b->filed;
		k->closed = b->closed;
		k->few = b->few;
	}
}

static enum err communities(struct rq *rq, struct portal_open_view *v)
{
	struct place *p;
	size_t n;
	enum err e = place_children(rq_conn(rq), rq->arena, v->town->place.key, &p, &n);

	if (e != OK)
		return e;
	v->places = arena_array(rq->arena, struct portal_choice, n + 1);
	for (size_t i = 0; i < n; i++)
		if (!str_empty(p[i].code))
			v->places[v->nplaces++] = (struct portal_choice){p[i].code, place_short_name(p[i].name), str_eq(p[i].key, v->o.ask.place)};
	return OK;
}

enum err portal_open_page(struct rq *rq)
{
	struct portal_town t;
	struct portal_open_view v = {.town = &t};
	enum err e = load(rq, &t, &v.o);

	if (e == OK)
		e = communities(rq, &v);
	if (e != OK)
		return e;
	chart(rq, &v);
	v.in_time = v.o.totals.closed ? (int)((v.o.totals.closed - v.o.totals.late_closed) * 100 / v.o.totals.closed) : 0;
	v.place = str_empty(v.o.ask.place) ? STR("") : v.o.place_code;
	if (v.o.more)
		v.next = arena_printf(rq->arena, "/t/%.*s/open?days=%d&place=%.*s&key=%lld&id=%lld#list", STR_ARG(t.place.code), v.o.ask.days,
				      STR_ARG(v.place), (long long)v.o.next_key, (long long)v.o.next_id);
	return rq_page(rq, html_portal_open, &v);
}

/* ---- open data ---- */

static void totals_json(struct json *j, const struct portal_open *o)
{
	const struct matter_totals *t = &o->totals;

	if (o->few) {
		json_nil(j);
		return;
	}
	json_obj(j);
	json_key(j, "filed"), json_i64(j, t->filed);
	json_key(j, "open"), json_i64(j, t->open);
	json_key(j, "answered"), json_i64(j, t->answered);
	json_key(j, "closed"), json_i64(j, t->closed);
	json_key(j, "closed_late"), json_i64(j, t->late_closed);
	json_key(j, "refused"), json_i64(j, t->refused);
	json_key(j, "judged"), json_i64(j, t->judged);
	json_key(j, "solved"), json_i64(j, t->solved);
	json_key(j, "not_solved"), json_i64(j, t->not_solved);
	json_key(j, "scores");
	json_arr(j);
	for (int i = 1; i <= 5 && !o->few_judged; i++)
		json_i64(j, t->score[i]);
	json_end(j);
	json_key(j, "close_hours_mean"), json_f64(j, (double)t->close_ms_mean / 3600e3);
	json_key(j, "close_hours_median"), json_f64(j, (double)t->close_ms_median / 3600e3);
	json_key(j, "close_hours_p90"), json_f64(j, (double)t->close_ms_p90 / 3600e3);
	json_end(j);
}

static void row_json(struct json *j, const struct portal_open_row *r)
{
	json_obj(j);
	json_key(j, "title"), json_str(j, r->title);
	json_key(j, "scenario"), r->scenario.zh.n ? json_str(j, r->scenario.zh) : json_nil(j); /* null: a resident's report */
	json_key(j, "category"), json_str(j, r->category);
	json_key(j, "place"), json_str(j, r->place);
	json_key(j, "filed"), json_time(j, r->created);
	json_key(j, "state"), json_str(j, r->state.zh);
	json_key(j, "closed"), r->closed ? json_time(j, r->closed) : json_nil(j);
	json_key(j, "score"), r->score ? json_i64(j, r->score) : json_nil(j);
	json_key(j, "solved"), r->solved ? json_bool(j, r->solved > 0) : json_nil(j);
	json_end(j);
}

/* What is too small to be told is null; a category null: several small ones together. */
static void part_json(struct json *j, const struct portal_open_part *p)
{
	json_obj(j);
	json_key(j, "category"), p->rest ? json_nil(j) : json_str(j, p->name);
	json_key(j, "filed"), json_i64(j, p->filed);
	json_key(j, "closed"), json_i64(j, p->closed);
	json_key(j, "open"), json_i64(j, p->open);
	json_end(j);
}

static void bar_json(struct json *j, const struct portal_open_bar *b, int span)
{
	json_obj(j);
	json_key(j, "from"), json_time(j, time_day_start(b->day, TIME_CHINA));
	json_key(j, "days"), json_i64(j, span);
	json_key(j, "filed"), b->few ? json_nil(j) : json_i64(j, b->filed);
	json_key(j, "closed"), b->few ? json_nil(j) : json_i64(j, b->closed);
	json_end(j);
}

enum err portal_open_json(struct rq *rq)
{
	struct portal_town t;
	struct portal_open o;
	struct json j;
	enum err e = load(rq, &t, &o);

	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "town"), json_str(&j, t.place.name);
	json_key(&j, "code"), json_str(&j, t.place.code);
	json_key(&j, "days"), json_i64(&j, o.ask.days);
	json_key(&j, "place"), json_str(&j, o.place_name);
	json_key(&j, "few_below"), json_i64(&j, PORTAL_FEW);
	json_key(&j, "at"), json_time(&j, rq->now);
	json_key(&j, "totals"), totals_json(&j, &o);
	json_key(&j, "categories");
	json_arr(&j);
	for (size_t i = 0; i < o.nparts; i++)
		part_json(&j, &o.parts[i]);
	json_end(&j);
	json_key(&j, "series");
	json_arr(&j);
	for (size_t i = 0; !o.few && i < o.nbars; i++)
		bar_json(&j, &o.bars[i], o.span);
	json_end(&j);
	json_key(&j, "newest");
	json_arr(&j);
	for (size_t i = 0; i < o.nrows; i++)
		row_json(&j, &o.rows[i]);
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

