/*
 * /t/CODE/nearby: what has been reported around here and where to go, for anybody. A picture drawn on the server, moved by ordinary links, and the same
 * as a list: it works without script and without WebGL, on an old phone. Only public matters, at coarsened places, with masked words.
 */
#include "cap/map/nearby.h"

#include <math.h>

#include "base/clock.h"
#include "cap/map/children.h"
#include "cap/map/map.html.h"
#include "cap/map/map.sql.h"
#include "cap/map/pages.h"
#include "core/matter/matter.h"
#include "core/matter/scenario.h"
#include "core/place/place.h"
#include "web/looks.h"

#define LISTED 20
#define LOOKED_AT 200
#define NEWEST_DAYS 365
#define HALF_LEAST 200
#define HALF_MOST 5000
#define METRES_A_DEGREE 111320.0

struct here { struct lonlat at; int half; };

static double east_of(struct lonlat at, double metres)
{
	return at.lon + metres / (METRES_A_DEGREE * cos(at.lat * M_PI / 180));
}

/* Where the reader has moved to; nonsense is read as "the middle of the place". */
static bool read_here(struct rq *rq, const struct set *tree, const struct set_item *place, struct here *h)
{
	double box[4];
	int64_t half;

	h->half = str_i64(rq_query(rq, "half"), &half) && half >= HALF_LEAST && half <= HALF_MOST ? (int)half : 1000;
	if (str_f64(rq_query(rq, "lon"), &h->at.lon) && str_f64(rq_query(rq, "lat"), &h->at.lat) && coord_valid(h->at.lon, h->at.lat))
		return true;
	h->at = (struct lonlat){place->lon, place->lat};
	/* a town whose own point nobody knows: the middle of what lies in it */
	if (isnan(h->at.lon) && place_bounds(tree, place, box))
		h->at = (struct lonlat){(box[0] + box[2]) / 2, (box[1] + box[3]) / 2};
	return !isnan(h->at.lon);
}

static struct str moved(struct rq *rq, struct str code, const struct here *h, double east, double north, double scale)
{
	double half = h->half * scale;

	half = half < HALF_LEAST ? HALF_LEAST : half > HALF_MOST ? HALF_MOST : half;
	return arena_printf(rq->arena, "/t/%.*s/nearby?lon=%.5f&lat=%.5f&half=%d", STR_ARG(code), east_of(h->at, east * h->half),
			    h->at.lat + north * h->half / METRES_A_DEGREE, (int)half);
}

static void fill_ways(struct rq *rq, struct nearby_view *v, const struct here *h)
{
	v->half = h->half;
	v->north = moved(rq, v->code, h, 0, 0.8, 1);
	v->south = moved(rq, v->code, h, 0, -0.8, 1);
	v->east = moved(rq, v->code, h, 1, 0, 1);
	v->west = moved(rq, v->code, h, -1, 0, 1);
	v->nearer = moved(rq, v->code, h, 0, 0, 0.5);
	v->farther = moved(rq, v->code, h, 0, 0, 2);
}

static struct points_box box_of(const struct here *h)
{
	double up = h->half * (double)MINIMAP_HEIGHT / MINIMAP_WIDTH / METRES_A_DEGREE;

	return (struct points_box){mercator_from(east_of(h->at, -h->half), h->at.lat + up), mercator_from(east_of(h->at, h->half), h->at.lat - up)};
}

/* ---- matters ---- */

static void add_matter(struct rq *rq, struct nearby_view *v, const struct look *l, const struct map_matters_told_row *r, struct lonlat at,
		       const struct here *h, struct minimap *m, struct minimap_point *p)
{
	const struct set_item *place = set_by_key(l->tree, place_up(r->place, PLACE_COMMUNITY));
	struct nearby_matter *n = &v->matters[v->nmatters++];

	*n = (struct nearby_matter){
		.title = matter_mask(rq->arena, r->title), .state = name_of_state(rq, r->scenario, r->state), .created = r->created,
		.place = place ? place_short_name(place->name) : STR(""), .where = minimap_where(rq, h->at, at), .ended = r->closed != 0};
	p[m->npoints++] = (struct minimap_point){at, n->ended ? MINIMAP_CLOSED : MINIMAP_OPEN, n->title, STR_NULL};
}

static enum err fill_matters(struct rq *rq, struct nearby_view *v, const struct look *l, const struct here *h, struct minimap *m, struct minimap_point *p)
{
	const struct points_filter f = {.public_only = true, .created = {(uint32_t)((l->at - NEWEST_DAYS * MS_DAY) / MS_MINUTE), UINT32_MAX}};
	const struct points_box box = box_of(h);
	struct map_matters_told_rows rows;
	struct points_near *found;
	int64_t ids[LISTED];
	size_t n, used = 0;
	enum err e = points_nearest(l->view, &f, mercator_from(h->at.lon, h->at.lat), LOOKED_AT, h->half * 1.5, rq->arena, &found, &n);

	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (found[i].p.at.x < box.min.x || found[i].p.at.x > box.max.x || found[i].p.at.y < box.min.y || found[i].p.at.y > box.max.y)
			continue;
		if (used == LISTED) {
			v->more = true;
			break;
		}
		found[used] = found[i];
		ids[used++] = found[i].p.id;
	}
	e = q_map_matters_told(rq_conn(rq), rq->arena, ids, used, &rows);
	for (size_t i = 0; e == OK && i < used; i++)
		for (size_t k = 0; k < rows.n; k++)
			/* what has stopped being public since the points were told is not shown */
			if (rows.v[k].id == ids[i] && rows.v[k].is_public)
				add_matter(rq, v, l, &rows.v[k], mercator_to(found[i].p.at), h, m, p);
	return e;
}

/* ---- things of the public layers ---- */

static void fill_things(struct rq *rq, struct nearby_view *v, const struct here *h, struct minimap *m, struct minimap_point *p)
{
	const struct set **all;
	size_t nsets = sets_all(rq->arena, &all);
	const struct points_box box = box_of(h);

	for (size_t s = 0; s < nsets; s++)
		for (size_t i = 0; all[s]->permission.n == 0 && !str_eqz(all[s]->name, SET_PLACES) && i < all[s]->n && v->nthings < LISTED; i++) {
			const struct set_item *it = &all[s]->v[i];
			struct lonlat at = {it->lon, it->lat};
			struct mercator where;

			if (isnan(it->lon))
				continue;
			where = mercator_from(it->lon, it->lat);
			if (where.x < box.min.x || where.x > box.max.x || where.y < box.min.y || where.y > box.max.y)
				continue;
			v->things[v->nthings++] = (struct nearby_thing){it->name, all[s]->title, minimap_where(rq, h->at, at), it->kind};
			p[m->npoints++] = (struct minimap_point){at, MINIMAP_FACILITY, it->name, STR_NULL};
		}
}

static enum err fill(struct rq *rq, struct nearby_view *v, const struct look *l, const struct set_item *place)
{
	struct minimap m = {.frame_only = true, .at_title = place_short_name(place->name)};
	struct minimap_point *p = arena_array(rq->arena, struct minimap_point, 2 * LISTED + 1);
	struct here h;
	enum err e;

	v->matters = arena_array(rq->arena, struct nearby_matter, LISTED);
	v->things = arena_array(rq->arena, struct nearby_thing, LISTED);
	if (!read_here(rq, l->tree, place, &h))
		return OK;
	m.at = h.at;
	m.half = h.half;
	m.points = p;
	e = fill_matters(rq, v, l, &h, &m, p);
	if (e != OK)
		return e;
	fill_things(rq, v, &h, &m, p);
	fill_ways(rq, v, &h);
	(void)minimap_places(rq, place->place, &m);
	m.at = h.at;
	m.accuracy = 0;
	m.half = h.half;
	v->map = minimap_draw(rq, &m);
	return OK;
}

/* "重庆市江北区" in the head, as on the other pages of the town. */
static void above(struct rq *rq, const struct set *tree, const struct set_item *place)
{
	for (int level = PLACE_PROVINCE; level < (int)place_level_of_key(place->place); level++) {
		const struct set_item *up = set_by_key(tree, place_up(place->place, (enum place_level)level));

		if (up && !up->hidden)
			rq->head.above = arena_cat(rq->arena, rq->head.above, place_short_name(up->name));
	}
}

enum err map_nearby(struct rq *rq)
{
	struct nearby_view v = {.code = rq_param(rq, "code")};
	const struct set_item *place;
	struct look l;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	place = set_by_fid(l.tree, v.code);
	if (place == NULL || place->ended || place_level_of_key(place->place) < PLACE_TOWN)
		e = rq_fail(rq, ERR_NOT_FOUND, N_("没有这个镇街或社区。请从首页选。"));
	if (e == OK) {
		v.town = place_short_name(place->name);
		rq->head.name = v.town;
		above(rq, l.tree, place);
		rq->head.home = arena_printf(rq->arena, "/t/%.*s", STR_ARG(v.code));
		e = fill(rq, &v, &l, place);
	}
	query_age(rq, &l);
	look_end(&l);
	return e == OK ? rq_page(rq, html_map_nearby, &v) : e;
}
