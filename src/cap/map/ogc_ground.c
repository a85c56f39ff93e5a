/*
 * The collection `background`: the streets, railways, water and green that an OpenStreetMap extract has brought, as features; its tiles are those of
 * /tiles/background. Two more hold its lines and its areas apart, for programs in which a layer has one kind of geometry. Everybody may read them, as the tiles;
 * nothing is listed before an extract is imported. An id names the edition too: what another extract has under the same number is another thing.
 */
#include "base/id.h"
#include "cap/map/ground.h"
#include "cap/map/ogc.h"

#define ALL ((1u << GROUND_KINDS) - 1)
#define AREAS (1u << GROUND_GREEN | 1u << GROUND_WATER)

static const char *const words[GROUND_KINDS] = {"green", "water", "waterway", "rail", "road"};
/* By rank; what the extract's tags are made of stands in geo/osm_class.c. */
static const char *const kinds[GROUND_KINDS][GROUND_RANKS] = {
	[GROUND_GREEN] = {"", "park", "wood"}, [GROUND_WATER] = {"", "water"}, [GROUND_WATERWAY] = {"", "river", "canal", "stream"},
	[GROUND_RAIL] = {"", "rail", "urban"}, [GROUND_ROAD] = {"", "trunk", "primary", "secondary", "tertiary", "street", "path"}};

static const struct grounds {
	const char *id, *title;
	unsigned kinds;
} grounds[OGC_GROUNDS] = {
	{"background", N_("底图：道路、铁路、水面、绿地"), ALL},
	{"background-lines", N_("底图的线：道路、铁路、河流"), ALL & ~AREAS},
	{"background-areas", N_("底图的面：水面、绿地"), AREAS},
};

struct writing {
	struct ogc o;
	const struct ogc_ask *a;
	const struct ground_held *g;
	struct points_box boxes[2];
	size_t nboxes, n;
	unsigned kinds;
	struct str name;             /* wanted; "" any */
	int64_t matched, next;       /* next: number of the first that did not fit; 0: all did */
	bool full;
};

/* ---- collections ---- */

bool ogc_ground_is(struct str id)
{
	for (size_t i = 0; i < OGC_GROUNDS; i++)
		if (str_eqz(id, grounds[i].id))
			return true;
	return false;
}

size_t ogc_ground_collections(struct rq *rq, struct ogc_collection out[OGC_GROUNDS])
{
	const struct ground_held *g = ground_ref(rq->arena, NULL);
	struct lonlat sw, ne;

	if (g == NULL || !ground_map_bounds(g->map, &sw, &ne))
		return 0;
	for (size_t i = 0; i < OGC_GROUNDS; i++)
		out[i] = (struct ogc_collection){
			.id = str_from(grounds[i].id), .title = str_from(_(grounds[i].title)), .ground = grounds[i].kinds, .no_tiles = i > 0,
			.description = arena_printf(rq->arena, "%s%s%.*s", GROUND_CREDIT, g->source.n ? " · " : "", STR_ARG(g->source)),
			.box = {sw.lon, sw.lat, ne.lon, ne.lat}, .has_box = true};
	return OGC_GROUNDS;
}

/* ---- writing ---- */

/* Twice the area, in the order of the points; y grows to the south. */
static double turn(const struct mercator *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		const struct mercator *a = &v[i], *b = &v[i + 1 < n ? i + 1 : 0];

		sum += ((double)a->x - v[0].x) * ((double)b->y - v[0].y) - ((double)b->x - v[0].x) * ((double)a->y - v[0].y);
	}
	return sum;
}

static void put_point(struct json *j, struct mercator p, enum crs crs)
{
	struct lonlat at = mercator_to(p);

	crs_write(j, crs, at.lon, at.lat);
}

/* Closed, and turning as RFC 7946 wants it: outer rings against the clock, holes with it. */
static void put_ring(struct json *j, const struct mercator *v, size_t n, bool hole, enum crs crs)
{
	bool back = (turn(v, n) > 0) != hole;

	json_arr(j);
	for (size_t i = 0; i <= n; i++)
		put_point(j, v[(back ? n - i : i) % n], crs);
	json_end(j);
}

static void put_line(struct json *j, const struct mercator *v, size_t n, enum crs crs)
{
	json_arr(j);
	for (size_t i = 0; i < n; i++)
		put_point(j, v[i], crs);
	json_end(j);
}

static void put_geometry(struct json *j, const struct ground_seen *s, enum crs crs)
{
	bool area = ground_is_area(s->kind);

	json_key(j, "geometry");
	json_obj(j);
	json_key(j, "type"), json_strz(j, area ? "Polygon" : "LineString");
	json_key(j, "coordinates");
	if (area) {
		json_arr(j);
		for (size_t r = 0, from = 0; r < s->nparts; from = s->ends[r++])
			put_ring(j, s->points + from, s->ends[r] - from, r > 0, crs);
		json_end(j);
	} else {
		put_line(j, s->points, s->ends[0], crs);
	}
	json_end(j);
}

static void put_feature(struct writing *w, const struct ground_seen *s)
{
	struct json *j = &w->o.j;

	json_obj(j);
	json_key(j, "type"), json_strz(j, "Feature");
	json_key(j, "id"), json_str(j, arena_printf(w->a->rq->arena, "%lld.%u", (long long)w->g->edition, s->number));
	put_geometry(j, s, w->a->crs);
	json_key(j, "properties");
	json_obj(j);
	json_key(j, "name"), s->name.n ? json_str(j, s->name) : json_nil(j);
	json_key(j, "class"), json_strz(j, words[s->kind]);
	json_key(j, "kind"), json_strz(j, kinds[s->kind][s->rank] ? kinds[s->kind][s->rank] : "");
	json_key(j, "rank"), json_i64(j, s->rank);
	json_key(j, "tunnel"), json_bool(j, s->flags & GROUND_TUNNEL);
	json_end(j);
	json_end(j);
}

/* ---- which ---- */

static bool is_wanted(const struct writing *w, const struct ground_seen *s)
{
	bool inside = w->nboxes == 0;

	if (!(w->kinds >> s->kind & 1) || (w->name.n && !str_eq(s->name, w->name)))
		return false;
	for (size_t i = 0; i < w->nboxes && !inside; i++)
		inside = ground_meets(s, w->boxes[i].min, w->boxes[i].max);
	return inside;
}

static void take(void *arg, const struct ground_seen *s)
{
	struct writing *w = arg;

	if (!is_wanted(w, s))
		return;
	w->matched++;
	if (s->number < w->a->after)
		return;
	if (w->full) {
		w->next = w->next ? w->next : s->number;
		return;
	}
	put_feature(w, s);
	w->n++;
	w->full = (int64_t)w->n == w->a->limit || w->a->rq->http->resp->body.n >= OGC_PAGE_BYTES;
}

/* class=road,rail */
static enum err read_class(struct rq *rq, unsigned *out)
{
	struct str text = rq_query(rq, "class"), part;
	unsigned asked = 0;

	if (str_empty(text))
		return OK;
	while (str_split(&text, ',', &part)) {
		size_t k = 0;

		while (k < GROUND_KINDS && !str_eqz(part, words[k]))
			k++;
		if (k == GROUND_KINDS)
			return rq_fail_field(rq, ERR_INPUT, "class", N_("class 只能是 road、rail、waterway、water 或 green，几个用逗号分开。"));
		asked |= 1u << k;
	}
	*out &= asked;
	return OK;
}

/* ---- asking ---- */

static enum err begin(struct writing *w, const struct ogc_ask *a)
{
	*w = (struct writing){.a = a, .g = ground_ref(a->rq->arena, NULL), .kinds = a->c.ground, .name = STR("")};
	/* taken away since the collection was found */
	return w->g ? OK : rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个数据集，或者您看不到它；有哪些见 /ogc/collections。"));
}

enum err ogc_ground(struct ogc_ask *a)
{
	static const char *const params[] = {"bbox", "bbox-crs", "crs", "datetime", "limit", "after", "name", "class", NULL};
	const struct mercator most = {UINT32_MAX, UINT32_MAX};
	struct points_box all = {{0, 0}, most};
	struct writing w;
	enum err e = ogc_only(a->rq, params);

	if (e == OK)
		e = begin(&w, a);
	if (e == OK)
		e = read_class(a->rq, &w.kinds);
	if (e != OK)
		return e;
	w.name = rq_query(a->rq, "name");
	w.nboxes = ogc_boxes(a, w.boxes);
	if (w.nboxes == 1)
		all = w.boxes[0];
	ogc_page_begin(&w.o, a);
	ground_map_each(w.g->map, all.min, all.max, GROUND_EVERYTHING, take, &w);
	return ogc_page_end(&w.o, a, w.matched, w.n, ogc_after(a->rq, w.next));
}

enum err ogc_ground_one(struct ogc_ask *a, struct str id)
{
	struct ground_seen s;
	struct writing w;
	struct str edition;
	int64_t number;
	enum err e = begin(&w, a);

	if (e != OK)
		return e;
	edition = arena_printf(a->rq->arena, "%lld.", (long long)w.g->edition);
	if (!str_starts(id, edition.p) || !str_i64(str_sub(id, edition.n, id.n), &number) || number < 0 || number > UINT32_MAX ||
	    !ground_map_get(w.g->map, (uint32_t)number, &s) || !is_wanted(&w, &s))
		return rq_fail(a->rq, ERR_NOT_FOUND, N_("没有这个编号的要素。"));
	ogc_begin(&w.o, a->rq);
	put_feature(&w, &s);
	return ogc_feature_end(&w.o, a->crs);
}
