/*
 * /map/pick: the matters in a box or inside a line drawn by hand, as rows of a list. /map/around: what lies around a spot: where that is, who could take
 * something there and how much each has in hand (help for the dispatcher, no ranking: by distance of their territory), and the things of the layers.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cap/map/children.h"
#include "cap/map/codes.h"
#include "cap/map/map.sql.h"
#include "cap/map/pages.h"
#include "cap/map/screen.h"
#include "core/matter/matter.h"
#include "core/place/place.h"

#define PICKED_MAX 200
#define CORNERS_MAX 400
#define AROUND_METRES 1000
#define AROUND_MOST 12

/* "106.5,29.6": one corner. */
static bool corner(struct str s, struct mercator *m)
{
	struct str lon;
	double x, y;

	if (!str_split(&s, ',', &lon) || !str_f64(str_trim(lon), &x) || !str_f64(str_trim(s), &y) || fabs(x) > 180 || fabs(y) > 90)
		return false;
	*m = mercator_from(x, y);
	return true;
}

static enum err read_line(struct rq *rq, struct str text, struct mercator **v, size_t *n)
{
	struct str one;

	*v = arena_array(rq->arena, struct mercator, CORNERS_MAX);
	*n = 0;
	while (str_split(&text, ';', &one))
		if (*n == CORNERS_MAX || !corner(one, &(*v)[(*n)++]))
			return rq_fail_field(rq, ERR_INPUT, "poly", N_("poly 要写成“经度,纬度;经度,纬度;…”，3 到 %d 个点。"), CORNERS_MAX);
	if (*n < 3)
		return rq_fail_field(rq, ERR_INPUT, "poly", N_("poly 要写成“经度,纬度;经度,纬度;…”，3 到 %d 个点。"), CORNERS_MAX);
	return OK;
}

/* "west,south,east,north" */
static enum err read_box(struct rq *rq, struct str text, struct points_box *box)
{
	double d[4];
	struct str one;
	int n = 0;

	while (n < 4 && str_split(&text, ',', &one) && str_f64(str_trim(one), &d[n]))
		n++;
	if (n < 4 || text.n || fabs(d[0]) > 180 || fabs(d[2]) > 180 || fabs(d[1]) > 90 || fabs(d[3]) > 90 || d[0] > d[2] || d[1] > d[3])
		return rq_fail_field(rq, ERR_INPUT, "bbox", N_("bbox 要写成“西,南,东,北”四个经纬度。"));
	box->min = mercator_from(d[0], d[3]);
	box->max = mercator_from(d[2], d[1]);
	return OK;
}

static enum err find(struct rq *rq, const struct look *l, const struct points_filter *f, struct point **v, size_t *n, bool *more)
{
	struct str poly = rq_query(rq, "poly");
	struct points_box box;
	struct mercator *ring;
	size_t corners;
	enum err e;

	if (poly.n) {
		e = read_line(rq, poly, &ring, &corners);
		return e != OK ? e : points_in_polygon(l->view, f, ring, &corners, 1, rq->arena, PICKED_MAX, v, n, more);
	}
	e = read_box(rq, rq_query(rq, "bbox"), &box);
	return e != OK ? e : points_in_box(l->view, f, &box, rq->arena, PICKED_MAX, v, n, more);
}

static void put_row(struct rq *rq, struct json *j, const struct look *l, const struct set_item *top, const struct map_matters_told_row *r,
		    const struct point *p)
{
	struct lonlat at = mercator_to(p->at);

	json_obj(j);
	json_key(j, "id"), json_id(j, r->id);
	json_key(j, "title"), json_str(j, matter_mask(rq->arena, r->title));
	json_key(j, "state"), json_str(j, name_of_state(rq, r->scenario, r->state));
	json_key(j, "place"), json_str(j, place_told(rq->arena, l->tree, r->place, top));
	json_key(j, "created"), json_i64(j, r->created);
	json_key(j, "colour"), json_i64(j, point_colour(p, l->now));
	json_key(j, "lon"), json_f64(j, round(at.lon * 1e6) / 1e6);
	json_key(j, "lat"), json_f64(j, round(at.lat * 1e6) / 1e6);
	json_end(j);
}

static enum err put_picked(struct rq *rq, const struct look *l, const struct set_item *top, const struct point *v, size_t n, bool more)
{
	struct json j;
	struct map_matters_told_rows rows = {0};
	int64_t *ids = arena_array(rq->arena, int64_t, n + 1);
	enum err e;

	for (size_t i = 0; i < n; i++)
		ids[i] = v[i].id;
	e = q_map_matters_told(rq_conn(rq), rq->arena, ids, n, &rows);
	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "more"), json_bool(&j, more);
	json_key(&j, "rows");
	json_arr(&j);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < rows.n; k++)
			if (rows.v[k].id == ids[i])
				put_row(rq, &j, l, top, &rows.v[k], &v[i]);
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err map_pick(struct rq *rq)
{
	static const char *const also[] = {"poly", "bbox", "by", NULL};
	struct look l;
	struct query q;
	struct point *v;
	size_t n;
	bool more;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = query_read(rq, &l, also, &q);
	if (e == OK && q.is_public)
		e = rq_fail(rq, ERR_FORBIDDEN, N_("只有有事项查看权限的人可以在图上点选事项。"));
	if (e == OK)
		e = find(rq, &l, &q.f, &v, &n, &more);
	if (e == OK)
		e = put_picked(rq, &l, query_top(&q, l.tree), v, n, more);
	query_age(rq, &l);
	look_end(&l);
	return e;
}

/* ---- around a spot ---- */

static struct str distance(struct rq *rq, double metres)
{
	if (metres < 950)
		return arena_printf(rq->arena, _("%d 米"), (int)(round(metres / 10) * 10));
	return arena_printf(rq->arena, _("%.1f 公里"), metres / 1000);
}

static double metres_between(struct lonlat a, double lon, double lat)
{
	return coord_metres(a, (struct lonlat){lon, lat});
}

struct thing { const struct set *layer; const struct set_item *it; double metres; };

/* The nearest things of all layers the reader may see, nearest first: insertion into a short list. */
static size_t things(struct rq *rq, struct lonlat at, struct thing *best)
{
	const struct set **all;
	size_t nsets = sets_all(rq->arena, &all), n = 0;

	for (size_t s = 0; s < nsets; s++)
		for (size_t i = 0; !str_eqz(all[s]->name, SET_PLACES) && query_may_see(rq, all[s]) && i < all[s]->n; i++) {
			const struct set_item *it = &all[s]->v[i];
			struct thing t = {all[s], it, isnan(it->lon) ? INFINITY : metres_between(at, it->lon, it->lat)};
			size_t k;

			if (t.metres > AROUND_METRES || !query_may_see_item(rq, all[s], it) || (n == AROUND_MOST && t.metres >= best[n - 1].metres))
				continue;
			if (n < AROUND_MOST)
				n++;
			for (k = n - 1; k > 0 && best[k - 1].metres > t.metres; k--)
				best[k] = best[k - 1];
			best[k] = t;
		}
	return n;
}

static int64_t in_hand(const struct look *l, const struct query *q, int64_t org)
{
	struct points_filter f = q->f;
	unsigned code;
	uint16_t department;

	if (!code_find_org(org, &code))
		return 0;
	department = (uint16_t)code;
	f.departments = &department;
	f.ndepartments = 1;
	f.flags |= POINT_CLOSED;
	return points_total(l->view, &f);
}

struct taker { const struct actor_org *org; int64_t open; };

/* Those of the smallest territory first, then those with the least in hand. */
static int by_nearness(const void *x, const void *y)
{
	const struct taker *a = x, *b = y;

	if (a->org->place.n != b->org->place.n)
		return a->org->place.n > b->org->place.n ? -1 : 1;
	return a->open < b->open ? -1 : a->open > b->open;
}

static enum err put_orgs(struct rq *rq, struct json *j, const struct look *l, const struct query *q, struct str place)
{
	struct actor_org *v = NULL;
	struct taker *t;
	size_t n = 0;
	enum err e = place.n ? actor_orgs_for(rq_conn(rq), rq->arena, place, &v, &n) : OK;

	if (e != OK)
		return e;
	t = arena_array(rq->arena, struct taker, n + 1);
	for (size_t i = 0; i < n; i++)
		t[i] = (struct taker){&v[i], in_hand(l, q, v[i].id)};
	if (n)
		qsort(t, n, sizeof(*t), by_nearness);
	json_key(j, "orgs");
	json_arr(j);
	for (size_t i = 0; i < n && i < AROUND_MOST; i++) {
		json_obj(j);
		json_key(j, "id"), json_id(j, t[i].org->id);
		json_key(j, "name"), json_str(j, t[i].org->name);
		json_key(j, "open"), json_i64(j, t[i].open);
		json_end(j);
	}
	json_end(j);
	return OK;
}

static void put_things(struct rq *rq, struct json *j, struct lonlat at)
{
	struct thing v[AROUND_MOST];
	size_t n = things(rq, at, v);

	json_key(j, "features");
	json_arr(j);
	for (size_t i = 0; i < n; i++) {
		json_obj(j);
		json_key(j, "layer"), json_str(j, v[i].layer->title);
		json_key(j, "name"), json_str(j, v[i].it->name);
		json_key(j, "metres"), json_i64(j, (int64_t)v[i].metres);
		json_key(j, "distance"), json_str(j, distance(rq, v[i].metres));
		json_end(j);
	}
	json_end(j);
}

static enum err read_spot(struct rq *rq, struct lonlat *at)
{
	if (!str_f64(rq_query(rq, "lon"), &at->lon) || !str_f64(rq_query(rq, "lat"), &at->lat) || fabs(at->lon) > 180 || fabs(at->lat) > 90)
		return rq_fail(rq, ERR_INPUT, N_("lon、lat 要写成十进制经纬度，例如 lon=106.55&lat=29.56。"));
	return OK;
}

static enum err put_around(struct rq *rq, const struct look *l, const struct query *q, struct lonlat at)
{
	struct place p = {0};
	struct str where = STR("");
	struct json j;
	enum err e = place_near(rq_conn(rq), rq->arena, at.lon, at.lat, PLACE_COMMUNITY, 5000, &p);

	if (e == OK)
		e = place_full_name(rq_conn(rq), rq->arena, p.key, PLACE_TOWN, &where);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "where"), json_str(&j, where);
	e = put_orgs(rq, &j, l, q, p.key);
	if (e != OK)
		return e;
	put_things(rq, &j, at);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err map_around(struct rq *rq)
{
	struct look l;
	struct query q;
	struct lonlat at;
	enum err e = read_spot(rq, &at);

	if (e == OK)
		e = query_look(rq, &l);
	if (e != OK)
		return e;
	e = query_class(rq, &l, &q);
	if (e == OK && q.is_public)
		e = rq_fail(rq, ERR_FORBIDDEN, N_("只有有事项查看权限的人可以在图上点选事项。"));
	if (e == OK)
		e = put_around(rq, &l, &q, at);
	look_end(&l);
	return e;
}
