/*
 * The collection `boundaries`: areas of places as polygons, whole and exact, the same ones that the boundary tiles draw, cells 示意 too. Everybody may read
 * them, as those tiles. Order: by level, then by key. A page ends early when it grows large: polygons are. What was found for a question is kept
 * (ogc_areas_list.c), so that its next page begins where this one ended.
 */
#include "cap/map/ogc_areas_list.h"

struct writing {
	struct ogc o;
	const struct ogc_ask *a;
	const struct set *tree;
	size_t n;
	bool full;
};

/* ---- writing ---- */

static void put_ring(struct json *j, const struct shape *s, const struct shape_ring *r, enum crs crs)
{
	json_arr(j);
	for (uint32_t i = 0; i <= r->n; i++) {
		struct lonlat at = shape_lonlat(s->points[r->start + (i < r->n ? i : 0)]);

		crs_write(j, crs, at.lon, at.lat);
	}
	json_end(j);
}

/* Always a MultiPolygon: programs want one type for a column. */
static void put_shape(struct json *j, const struct shape *s, enum crs crs)
{
	json_key(j, "geometry");
	json_obj(j);
	json_key(j, "type"), json_strz(j, "MultiPolygon");
	json_key(j, "coordinates");
	json_arr(j);
	for (size_t r = 0; r < s->nrings;) {
		json_arr(j);
		do
			put_ring(j, s, &s->rings[r++], crs);
		while (r < s->nrings && s->rings[r].hole);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void put_feature(struct writing *w, const struct place_drawn *d, const struct set_item *it)
{
	struct json *j = &w->o.j;
	const struct set_item *up = NULL;

	/* the nearest above it that people know: nodes of the codes alone are passed over */
	for (int level = (int)place_level_of_key(it->place) - 1; level > PLACE_ROOT && up == NULL; level--) {
		const struct set_item *at = set_by_key(w->tree, place_up(it->place, (enum place_level)level));

		up = at && !at->hidden && at->fid.n ? at : NULL;
	}
	json_obj(j);
	json_key(j, "type"), json_strz(j, "Feature");
	json_key(j, "id"), json_str(j, it->fid);
	put_shape(j, d->shape, w->a->crs);
	json_key(j, "properties");
	json_obj(j);
	json_key(j, "code"), json_str(j, it->fid);
	json_key(j, "name"), json_str(j, it->name);
	json_key(j, "level"), json_str(j, it->kind);
	json_key(j, "parent"), up ? json_str(j, up->fid) : json_nil(j);
	json_key(j, "parent_name"), up ? json_str(j, up->name) : json_nil(j);
	json_key(j, "rough"), json_bool(j, d->rough);
	json_key(j, "cell"), json_bool(j, !d->real);
	json_end(j);
	json_end(j);
}

/* ---- asking ---- */

static enum err read_level(struct rq *rq, int *from, int *to)
{
	struct str word = rq_query(rq, "level");

	*from = PLACE_PROVINCE;
	*to = PLACE_MICROGRID;
	if (str_empty(word))
		return OK;
	*from = *to = level_of_word(word);
	if (*from >= PLACE_PROVINCE)
		return OK;
	return rq_fail_field(rq, ERR_INPUT, "level", N_("level 只能是 province、city、district、town、community、grid 或 microgrid。"));
}

static void read_boxes(const struct ogc_ask *a, struct areas_ask *q)
{
	static const double whole = 180;

	if (!a->boxed)
		return;
	if (a->west <= a->east) {
		q->boxes[q->nboxes++] = areas_box(a->west, a->south, a->east, a->north);
		return;
	}
	q->boxes[q->nboxes++] = areas_box(a->west, a->south, whole, a->north);
	q->boxes[q->nboxes++] = areas_box(-whole, a->south, a->east, a->north);
}

static const struct set *places(struct rq *rq, enum err *e)
{
	const struct set *tree = set_find(rq->arena, STR(SET_PLACES));

	*e = tree ? OK : rq_fail(rq, ERR_BUSY, N_("地图数据正在装载，请稍候再试。"));
	return tree;
}

enum err ogc_areas(struct ogc_ask *a)
{
	static const char *const params[] = {"bbox", "bbox-crs", "crs", "datetime", "limit", "after", "name", "level", "place", NULL};
	struct areas_ask q = {0};
	const struct areas_list *list;
	struct writing w = {.a = a};
	size_t at;
	enum err e = ogc_only(a->rq, params);

	if (e == OK)
		w.tree = places(a->rq, &e);
	if (e == OK)
		e = read_level(a->rq, &q.from, &q.to);
	if (e == OK)
		e = ogc_place(a->rq, &q.place);
	if (e != OK)
		return e;
	q.name = rq_query(a->rq, "name");
	read_boxes(a, &q);
	e = areas_list(a->rq, w.tree, &q, &list);
	if (e != OK)
		return e;
	ogc_page_begin(&w.o, a);
	for (at = (size_t)a->after; at < areas_count(list) && !w.full; at++) {
		struct place_drawn d = areas_at(list, at);

		put_feature(&w, &d, set_by_key(w.tree, d.key));
		w.n++;
		w.full = (int64_t)w.n == a->limit || buf_str(&a->rq->http->resp->body).n >= OGC_PAGE_BYTES;
	}
	return ogc_page_end(&w.o, a, (int64_t)areas_count(list), w.n, ogc_after(a->rq, w.n && at < areas_count(list) ? (int64_t)at : 0));
}

enum err ogc_area(struct ogc_ask *a, struct str code)
{
	struct place_drawn_level *level;
	struct writing w = {.a = a};
	const struct set_item *it;
	struct place_drawn d;
	size_t number;
	enum err e;

	w.tree = places(a->rq, &e);
	if (e != OK)
		return e;
	it = set_by_fid(w.tree, code);
	if (it == NULL || it->hidden || it->ended || str_empty(it->fid))
		return rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个编号的要素。"));
	e = place_drawn_hold(rq_conn(a->rq), place_level_of_key(it->place), &level);
	if (e != OK)
		return e;
	if (place_drawn_find(level, it->place, &number)) {
		ogc_begin(&w.o, a->rq);
		d = place_drawn_at(level, number);
		put_feature(&w, &d, it);
		e = ogc_feature_end(&w.o, a->crs);
	} else {
		e = rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个编号的要素。"));
	}
	place_drawn_put(level);
	return e;
}
