/*
 * The collection `boundaries`: areas of places as polygons, whole and exact, the same ones that the boundary tiles draw, cells 示意 too. Everybody may read them, as
 * those tiles. Order: by level, then by key; pages count what they pass over. A page ends early when it grows large: polygons are.
 */

#include "cap/map/ogc.h"
#include "core/place/area_tile.h"

struct writing {
	struct ogc o;
	const struct ogc_ask *a;
	const struct set *tree;
	struct shape_box boxes[2];
	int nboxes;
	struct str name, place, code;  /* wanted; p NULL: any */
	int64_t matched;
	size_t n;
	bool full;
};

/* ---- which ---- */

static struct shape_box box_of(double west, double south, double east, double north)
{
	struct shape_point sw = shape_point_of(west, south), ne = shape_point_of(east, north);

	return (struct shape_box){sw.x, sw.y, ne.x, ne.y};
}

static void read_boxes(struct writing *w)
{
	const struct ogc_ask *a = w->a;

	if (!a->boxed)
		return;
	if (a->west <= a->east) {
		w->boxes[w->nboxes++] = box_of(a->west, a->south, a->east, a->north);
		return;
	}
	w->boxes[w->nboxes++] = box_of(a->west, a->south, 180, a->north);
	w->boxes[w->nboxes++] = box_of(-180, a->south, a->east, a->north);
}

static bool is_wanted(const struct writing *w, const struct place_drawn *d, const struct set_item *it)
{
	bool inside = !w->a->boxed;

	if (it == NULL || it->hidden || it->ended || str_empty(it->fid))
		return false;
	if ((w->name.n && !str_eq(it->name, w->name)) || (w->code.p && !str_eq(it->fid, w->code)))
		return false;
	if (w->place.p && !place_within(it->place, w->place))
		return false;
	for (int i = 0; i < w->nboxes && !inside; i++)
		inside = shape_meets_box(d->shape, &w->boxes[i]);
	return inside;
}

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

static enum err take(void *arg, const struct place_drawn *d)
{
	struct writing *w = arg;
	const struct set_item *it = set_by_key(w->tree, d->key);

	if (!is_wanted(w, d, it))
		return OK;
	if (w->matched++ < w->a->after || w->full)
		return OK;
	put_feature(w, d, it);
	w->n++;
	w->full = (int64_t)w->n == w->a->limit || buf_str(&w->a->rq->http->resp->body).n >= OGC_PAGE_BYTES;
	return OK;
}

/* ---- asking ---- */

static enum err begin(struct writing *w, const struct ogc_ask *a)
{
	*w = (struct writing){.a = a, .tree = set_find(a->rq->arena, STR(SET_PLACES))};
	if (w->tree == NULL)
		return rq_fail(a->rq, ERR_BUSY, N_("地图数据正在装载，请稍候再试。"));
	return OK;
}

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

enum err ogc_areas(struct ogc_ask *a)
{
	static const char *const params[] = {"bbox", "bbox-crs", "crs", "datetime", "limit", "after", "name", "level", "place", NULL};
	struct writing w;
	int from, to;
	enum err e = ogc_only(a->rq, params);

	if (e == OK)
		e = begin(&w, a);
	if (e == OK)
		e = read_level(a->rq, &from, &to);
	if (e == OK)
		e = ogc_place(a->rq, &w.place);
	if (e != OK)
		return e;
	w.name = rq_query(a->rq, "name");
	read_boxes(&w);
	ogc_page_begin(&w.o, a);
	for (int level = from; e == OK && level <= to; level++)
		e = place_drawn_each(rq_conn(a->rq), (enum place_level)level, take, &w);
	if (e != OK) {
		buf_clear(&a->rq->http->resp->body);
		return e;
	}
	return ogc_page_end(&w.o, a, w.matched, w.n, ogc_after(a->rq, a->after + (int64_t)w.n < w.matched && w.n ? a->after + (int64_t)w.n : 0));
}

enum err ogc_area(struct ogc_ask *a, struct str code)
{
	struct writing w;
	const struct set_item *it;
	enum err e = begin(&w, a);

	if (e != OK)
		return e;
	it = set_by_fid(w.tree, code);
	if (it == NULL)
		return rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个编号的要素。"));
	w.code = code;
	a->limit = 1;
	ogc_begin(&w.o, a->rq);
	e = place_drawn_each(rq_conn(a->rq), place_level_of_key(it->place), take, &w);
	if (e == OK && w.n == 0) {
		buf_clear(&a->rq->http->resp->body);
		return rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个编号的要素。"));
	}
	return e == OK ? ogc_feature_end(&w.o, a->crs) : e;
}
