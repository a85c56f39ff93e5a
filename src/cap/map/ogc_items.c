/* Features of a collection, a page at a time, and one by its id. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/map/map.sql.h"
#include "cap/map/ogc.h"
#include "core/place/place.h"
#include "geo/points_by_id.h"
#include "web/url.h"

static const char *const page_params[] = {"bbox", "bbox-crs", "crs", "datetime", "limit", "after", "f", NULL};
static const char *const set_params[] = {"bbox", "bbox-crs", "crs", "datetime", "limit", "after", "name", "kind", "place", NULL};
static const char *const item_params[] = {"crs", NULL};

/* ---- reading the question ---- */

static enum err read_crs(struct rq *rq, const char *name, enum crs *out)
{
	struct str s = rq_query(rq, name);

	*out = CRS_84;
	if (s.n && !crs_of(s, out))
		return rq_fail_field(rq, ERR_INPUT, name, N_("不认识这个坐标系；可用的见数据集的 crs。"));
	return OK;
}

static bool numbers(struct str text, double v[6], int *n)
{
	struct str part;

	for (*n = 0; str_split(&text, ',', &part); ++*n)
		if (*n == 6 || !str_f64(str_trim(part), &v[*n]) || !isfinite(v[*n]))
			return false;
	return *n == 4 || *n == 6;
}

static enum err read_bbox(struct ogc_ask *a)
{
	struct str text = rq_query(a->rq, "bbox");
	double v[6];
	enum crs crs;
	int n;
	enum err e = read_crs(a->rq, "bbox-crs", &crs);

	if (e != OK || str_empty(text))
		return e;
	a->boxed = true;
	/* six numbers have heights, which nothing here has */
	if (!numbers(text, v, &n) || !crs_read(crs, v[0], v[1], &a->west, &a->south) ||
	    !crs_read(crs, v[n / 2], v[n / 2 + 1], &a->east, &a->north) || a->south > a->north)
		return rq_fail_field(a->rq, ERR_INPUT, "bbox", N_("bbox 要有 4 个数：西、南、东、北，按坐标系的轴序；南不能在北的北边。"));
	return OK;
}

static enum err read_limit(struct ogc_ask *a)
{
	struct str limit = rq_query(a->rq, "limit"), after = rq_query(a->rq, "after");

	a->limit = OGC_LIMIT;
	if (limit.n && (!str_i64(limit, &a->limit) || a->limit < 1))
		return rq_fail_field(a->rq, ERR_INPUT, "limit", N_("limit 要是 1 到 %d 的整数。"), OGC_LIMIT_MAX);
	if (a->limit > OGC_LIMIT_MAX)
		a->limit = OGC_LIMIT_MAX;
	a->after_unlocated = a->c.set == NULL && !a->c.areas && !a->c.ground && str_starts(after, "u");
	if (after.n && (!str_i64(str_sub(after, a->after_unlocated, after.n), &a->after) || a->after < 0))
		return rq_fail_field(a->rq, ERR_INPUT, "after", N_("after 只能用返回的下一页地址里的值。"));
	return OK;
}

static enum err read_ask(struct rq *rq, struct ogc_ask *a)
{
	enum err e;

	*a = (struct ogc_ask){.rq = rq};
	e = ogc_find(rq, rq_param(rq, "id"), &a->c);
	if (e == OK)
		e = read_crs(rq, "crs", &a->crs);
	if (e == OK)
		e = read_bbox(a);
	if (e == OK)
		e = ogc_read_datetime(a);
	return e == OK ? read_limit(a) : e;
}

/* ---- writing ---- */

void ogc_page_begin(struct ogc *o, const struct ogc_ask *a)
{
	ogc_begin(o, a->rq);
	json_obj(&o->j);
	json_key(&o->j, "type"), json_strz(&o->j, "FeatureCollection");
	json_key(&o->j, "features");
	json_arr(&o->j);
}

struct str ogc_after(struct rq *rq, int64_t number)
{
	return number ? arena_printf(rq->arena, "%lld", (long long)number) : STR("");
}

enum err ogc_page_end(struct ogc *o, const struct ogc_ask *a, int64_t matched, size_t returned, struct str next)
{
	struct rq *rq = a->rq;

	json_end(&o->j);
	json_key(&o->j, "numberMatched"), json_i64(&o->j, matched);
	json_key(&o->j, "numberReturned"), json_i64(&o->j, (int64_t)returned);
	json_key(&o->j, "timeStamp"), json_time(&o->j, rq->now);
	json_key(&o->j, "links");
	json_arr(&o->j);
	ogc_link(o, "self", "application/geo+json", NULL, "%.*s%.*s", STR_ARG(web_url_base(rq)), STR_ARG(web_url_here(rq)));
	ogc_link(o, "collection", "application/json", NULL, "/collections/%.*s", STR_ARG(a->c.id));
	if (next.n) {
		struct str address = web_url_with(rq, "after", arena_strz(rq->arena, next));

		ogc_link(o, "next", "application/geo+json", N_("下一页"), "%.*s%.*s", STR_ARG(web_url_base(rq)), STR_ARG(address));
	}
	json_end(&o->j);
	http_header_set(rq->http, "Content-Crs", arena_printf(rq->arena, "<%s>", crs_uri(a->crs)));
	return ogc_end(o, "application/geo+json");
}

/* ---- matters ---- */

size_t ogc_boxes(const struct ogc_ask *a, struct points_box out[2])
{
	struct mercator nw = mercator_from(a->west, a->north), se = mercator_from(a->east, a->south);

	if (!a->boxed)
		return 0;
	if (a->west <= a->east) {
		out[0] = (struct points_box){nw, se};
		return 1;
	}
	out[0] = (struct points_box){nw, {UINT32_MAX, se.y}};
	out[1] = (struct points_box){{0, nw.y}, se};
	return 2;
}

static const struct map_matters_told_row *told_of(const struct map_matters_told_rows *rows, int64_t id)
{
	for (size_t low = 0, high = rows->n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (rows->v[mid].id == id)
			return &rows->v[mid];
		if (rows->v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int by_id(const void *x, const void *y)
{
	int64_t a = ((const struct map_matters_told_row *)x)->id, b = ((const struct map_matters_told_row *)y)->id;

	return a < b ? -1 : a > b;
}

enum err ogc_tell(struct rq *rq, const struct point *v, size_t n, struct map_matters_told_rows *out)
{
	int64_t *ids = arena_array(rq->arena, int64_t, n + 1);
	struct map_matters_told_row *all = arena_array(rq->arena, struct map_matters_told_row, n + 1);
	enum err e = OK;

	*out = (struct map_matters_told_rows){.v = all};
	for (size_t i = 0; i < n; i++)
		ids[i] = v[i].id;
	for (size_t at = 0; e == OK && at < n; at += 2000) {
		struct map_matters_told_rows rows;

		e = q_map_matters_told(rq_conn(rq), rq->arena, ids + at, n - at < 2000 ? n - at : 2000, &rows);
		if (e == OK && rows.n)
			memcpy(all + out->n, rows.v, rows.n * sizeof(*all));
		out->n += e == OK ? rows.n : 0;
	}
	if (out->n)
		qsort(all, out->n, sizeof(*all), by_id);
	return e;
}

static int id_order(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return (a > b) - (a < b);
}

/* Takes out of a page what is among the ids. */
static size_t leave_out(struct point *v, size_t n, const int64_t *ids, size_t nids)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (nids == 0 || !bsearch(&v[i].id, ids, nids, sizeof(*ids), id_order))
			v[kept++] = v[i];
	return kept;
}

static enum err matters_page(struct ogc_ask *a, const struct look *l, struct query *q)
{
	struct ogc_outside out = {0};
	struct points_box boxes[2];
	size_t nboxes = ogc_boxes(a, boxes), n;
	struct map_matters_told_rows told = {0};
	struct point *v;
	int64_t matched;
	bool more;
	struct ogc o;
	enum err e = a->timed ? ogc_outside(a, l, q, &out) : OK;

	if (e != OK)
		return e;
	if (out.n)
		qsort(out.ids, out.n, sizeof(*out.ids), id_order);
	if (a->timed)
		ogc_narrow(&q->f.created, a, q->is_public);
	e = points_by_id(l->view, &q->f, boxes, nboxes, (struct points_after){a->after, a->after_unlocated}, (size_t)a->limit + 1 + out.n, a->rq->arena,
			 &v, &n, &matched);
	if (e != OK)
		return e;
	n = leave_out(v, n, out.ids, out.n);
	matched -= (int64_t)out.n;
	more = n > (size_t)a->limit;
	n = more ? (size_t)a->limit : n;
	if (!q->is_public)
		e = ogc_tell(a->rq, v, n, &told);
	if (e != OK)
		return e;
	ogc_page_begin(&o, a);
	for (size_t i = 0; i < n; i++)
		ogc_write_matter(&o, l, &v[i], told_of(&told, v[i].id), a->crs, q->is_public);
	return ogc_page_end(&o, a, matched, n, !more ? STR("") : arena_printf(a->rq->arena, "%s%lld", v[n - 1].flags & POINT_UNLOCATED ? "u" : "",
									      (long long)v[n - 1].id));
}

static enum err matters(struct ogc_ask *a)
{
	struct look l;
	struct query q;
	enum err e = query_look(a->rq, &l);

	if (e != OK)
		return e;
	e = query_read(a->rq, &l, page_params, &q);
	if (e == OK)
		e = matters_page(a, &l, &q);
	query_age(a->rq, &l);
	look_end(&l);
	return e;
}

/* ---- layers and places ---- */

static bool in_box(const struct ogc_ask *a, const struct set_item *it)
{
	if (!a->boxed)
		return true;
	if (isnan(it->lon) || it->lat < a->south || it->lat > a->north)
		return false;
	return a->west <= a->east ? it->lon >= a->west && it->lon <= a->east : it->lon >= a->west || it->lon <= a->east;
}

struct wanted {
	struct str name, kind, place; /* place: a key; p NULL: any */
};

enum err ogc_place(struct rq *rq, struct str *key)
{
	const struct set *tree = set_find(rq->arena, STR(SET_PLACES));
	struct str code = rq_query(rq, "place");
	const struct set_item *it;

	*key = STR_NULL;
	if (str_empty(code))
		return OK;
	it = tree ? set_by_fid(tree, code) : NULL;
	if (it == NULL)
		return rq_fail_field(rq, ERR_INPUT, "place", N_("没有代码为“%.40s”的地点。"), arena_strz(rq->arena, code));
	*key = it->place;
	return OK;
}

static enum err read_wanted(struct ogc_ask *a, struct wanted *w)
{
	*w = (struct wanted){rq_query(a->rq, "name"), rq_query(a->rq, "kind"), STR_NULL};
	return ogc_place(a->rq, &w->place);
}

static bool is_wanted(const struct ogc_ask *a, const struct wanted *w, const struct set_item *it)
{
	if (it->hidden || it->ended || str_empty(it->fid) || !in_box(a, it))
		return false;
	if ((w->name.n && !str_eq(it->name, w->name)) || (w->kind.n && !str_eq(it->kind, w->kind)))
		return false;
	if (w->place.p && (str_empty(it->place) || !place_within(it->place, w->place)))
		return false;
	return query_may_see_item(a->rq, a->c.set, it);
}

static enum err props_of(struct rq *rq, const struct set *s, const struct set_item *const *v, size_t n, struct str *out)
{
	int64_t *ids = arena_array(rq->arena, int64_t, n + 1);
	enum err e = OK;

	for (size_t i = 0; i < n; i++)
		ids[i] = v[i]->id;
	if (str_eqz(s->name, SET_PLACES))
		return OK;
	for (size_t at = 0; e == OK && at < n; at += 2000) {
		size_t part = n - at < 2000 ? n - at : 2000;
		struct map_features_props_rows rows;
		struct imap found;

		e = q_map_features_props(rq_conn(rq), rq->arena, ids + at, part, &rows);
		if (e != OK)
			return e;
		imap_init(&found, rq->arena);
		for (size_t i = 0; i < rows.n; i++)
			imap_put(&found, rows.v[i].id, &rows.v[i].props);
		for (size_t i = at; i < at + part; i++) {
			struct str *props = imap_get(&found, ids[i]);

			out[i] = props ? *props : STR("");
		}
	}
	return e;
}

static enum err items(struct ogc_ask *a)
{
	const struct set *s = a->c.set, *tree = set_find(a->rq->arena, STR(SET_PLACES));
	const struct set_item **v = arena_array(a->rq->arena, const struct set_item *, (size_t)a->limit + 1);
	struct str *props = arena_array(a->rq->arena, struct str, (size_t)a->limit + 1);
	struct wanted w;
	int64_t matched = 0;
	size_t n = 0;
	struct ogc o;
	enum err e = ogc_only(a->rq, set_params);

	if (e == OK)
		e = read_wanted(a, &w);
	if (e != OK)
		return e;
	/* what stands on the map first: programs take the kind of geometry from the first page */
	for (int bare = 0; bare <= 1; bare++)
		for (size_t i = 0; i < s->n; i++) {
			if ((bool)isnan(s->v[i].lon) != (bool)bare || !is_wanted(a, &w, &s->v[i]))
				continue;
			if (matched++ >= a->after && n < (size_t)a->limit)
				v[n++] = &s->v[i];
		}
	e = props_of(a->rq, s, v, n, props);
	if (e != OK)
		return e;
	ogc_page_begin(&o, a);
	for (size_t i = 0; i < n; i++)
		ogc_write_item(&o, s, tree ? tree : s, v[i], props[i], a->crs);
	return ogc_page_end(&o, a, matched, n, ogc_after(a->rq, n && a->after + (int64_t)n < matched ? a->after + (int64_t)n : 0));
}

enum err ogc_items(struct rq *rq)
{
	struct ogc_ask a;
	enum err e = read_ask(rq, &a);

	if (e != OK)
		return e;
	if (a.c.areas)
		return ogc_areas(&a);
	if (a.c.ground)
		return ogc_ground(&a);
	return a.c.set ? items(&a) : matters(&a);
}

/* ---- one ---- */

enum err ogc_feature_end(struct ogc *o, enum crs crs)
{
	json_done(&o->j);
	http_header_set(o->rq->http, "Content-Crs", arena_printf(o->rq->arena, "<%s>", crs_uri(crs)));
	http_header_set(o->rq->http, "Content-Type", STR("application/geo+json"));
	return buf_check(&o->rq->http->resp->body);
}

static enum err one_item(struct ogc_ask *a, struct str fid)
{
	const struct set *tree = set_find(a->rq->arena, STR(SET_PLACES));
	const struct set_item *it = set_by_fid(a->c.set, fid);
	const struct wanted any = {0};
	struct str props = STR("");
	struct ogc o;
	enum err e;

	if (it == NULL || !is_wanted(a, &any, it))
		return rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个编号的要素。"));
	e = props_of(a->rq, a->c.set, &it, 1, &props);
	if (e != OK)
		return e;
	ogc_begin(&o, a->rq);
	ogc_write_item(&o, a->c.set, tree ? tree : a->c.set, it, props, a->crs);
	return ogc_feature_end(&o, a->crs);
}

static enum err one_matter(struct ogc_ask *a, struct str fid)
{
	struct map_matters_told_rows told = {0};
	struct look l;
	struct query q;
	struct point *v;
	int64_t id, matched;
	size_t n = 0;
	struct ogc o;
	enum err e = query_look(a->rq, &l);

	if (e != OK)
		return e;
	e = query_class(a->rq, &l, &q);
	if (e == OK && (!str_i64(fid, &id) || id < 1))
		e = ERR_NOT_FOUND;
	/* the first from there on, inside the reader's rights; on the map or not */
	for (int unlocated = 0; e == OK && unlocated <= 1 && (n == 0 || v[0].id != id); unlocated++)
		e = points_by_id(l.view, &q.f, NULL, 0, (struct points_after){id - 1, unlocated}, 1, a->rq->arena, &v, &n, &matched);
	if (e == OK && (n == 0 || v[0].id != id))
		e = ERR_NOT_FOUND;
	if (e == OK && !q.is_public)
		e = ogc_tell(a->rq, v, 1, &told);
	if (e == OK) {
		ogc_begin(&o, a->rq);
		ogc_write_matter(&o, &l, v, told_of(&told, id), a->crs, q.is_public);
		e = ogc_feature_end(&o, a->crs);
	}
	look_end(&l);
	return e == ERR_NOT_FOUND ? rq_fail(a->rq, e, N_("没有这个编号的要素。")) : e;
}

enum err ogc_item(struct rq *rq)
{
	struct ogc_ask a = {.rq = rq};
	enum err e = ogc_only(rq, item_params);

	if (e == OK)
		e = ogc_find(rq, rq_param(rq, "id"), &a.c);
	if (e == OK)
		e = read_crs(rq, "crs", &a.crs);
	if (e != OK)
		return e;
	if (a.c.areas)
		return ogc_area(&a, rq_param(rq, "fid"));
	if (a.c.ground)
		return ogc_ground_one(&a, rq_param(rq, "fid"));
	return a.c.set ? one_item(&a, rq_param(rq, "fid")) : one_matter(&a, rq_param(rq, "fid"));
}
