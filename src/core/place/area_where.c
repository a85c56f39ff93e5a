/* Which place a point lies in. */
#include "core/place/area_world.h"

struct search {
	struct world *w;
	struct db_conn *c;
	struct arena *a;
	double lon, lat;
	struct shape_point p;
	enum place_level deepest, least;
};

/* How far the point of a place of that level may be, metres; 0: nearness says nothing. */
static double reach(enum place_level level)
{
	static const double metres[] = {
		[PLACE_DISTRICT] = 60000, [PLACE_TOWN] = 10000, [PLACE_COMMUNITY] = 2000, [PLACE_GRID] = 500, [PLACE_MICROGRID] = 200};

	return (size_t)level < ARRAY_LEN(metres) ? metres[level] : 0;
}

/* The child whose point is the nearest, by the measure that also makes the cells (geo/shape_ops.h); of two as near the lower key. */
static struct str nearest(const struct siblings *s, struct shape_point p)
{
	double best = 0;
	size_t at = s->n;

	for (size_t i = 0; i < s->n; i++) {
		double x = ((double)s->v[i].point.x - p.x) * s->squeeze, y = (double)s->v[i].point.y - p.y, d = x * x + y * y;

		if (at < s->n && (d > best || (d == best && str_cmp(s->v[i].key, s->v[at].key) > 0)))
			continue;
		best = d;
		at = i;
	}
	return at < s->n ? s->v[at].key : STR_NULL;
}

/* Goes down from a place by cells as far as they decide. */
static enum err go_down(const struct search *q, struct str *key)
{
	while (place_level_of_key(*key) < q->deepest) {
		struct siblings s;
		struct str next;
		enum err e = world_siblings(q->w, q->c, q->a, *key, &s);

		if (e != OK)
			return e;
		next = s.complete ? nearest(&s, q->p) : STR_NULL;
		if (!next.p || place_level_of_key(next) > q->deepest)
			return OK;
		*key = next;
	}
	return OK;
}

/* Nearest known point of the deepest level that has one near enough; inside the area we know the point to be in, unless that is rough. */
static enum err by_point(const struct search *q, const struct kept_area *within, struct place_hit *out)
{
	for (int level = q->deepest; level >= (int)q->least; level--) {
		double metres = reach((enum place_level)level);
		enum err e;

		if (metres == 0)
			continue;
		e = place_near(q->c, q->a, q->lon, q->lat, (enum place_level)level, metres, &out->place);
		if (e == ERR_NOT_FOUND || (e == OK && within && !within->rough && !place_within(out->place.key, within->key)))
			continue;
		out->how = PLACE_BY_POINT;
		out->rough = true;
		return e;
	}
	return ERR_NOT_FOUND;
}

static enum err search(const struct search *q, struct place_hit *out)
{
	const struct kept_area *area = NULL;
	struct str key;
	enum err e;

	for (int level = q->deepest; level > PLACE_ROOT && !area; level--)
		area = world_area(q->w, (enum place_level)level, q->p);
	if (!area)
		return by_point(q, NULL, out);
	key = arena_str(q->a, area->key);
	e = go_down(q, &key);
	if (e != OK)
		return e;
	if (place_level_of_key(key) < q->least)
		return by_point(q, area, out);
	out->how = str_eq(key, area->key) ? PLACE_BY_AREA : PLACE_BY_CELL;
	out->rough = area->rough || out->how == PLACE_BY_CELL;
	return place_by_key(q->c, q->a, key, &out->place);
}

enum err place_where(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level deepest, enum place_level least,
		     struct place_hit *out)
{
	struct search q = {.c = c, .a = a, .lon = lon, .lat = lat, .deepest = deepest, .least = least};
	enum err e;

	*out = (struct place_hit){0};
	if (!coord_valid(lon, lat) || least > deepest || deepest > PLACE_MICROGRID || least == PLACE_ROOT)
		return ERR_INPUT;
	q.p = shape_point_of(lon, lat);
	e = world_get(c, &q.w);
	if (e != OK)
		return e;
	e = search(&q, out);
	world_put(q.w);
	return e;
}
