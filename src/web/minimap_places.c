/* What the tree of places knows, for a small map. */
#include <math.h>

#include "core/place/place.h"
#include "web/minimap.h"

#define NAMES_WITHIN 2000.0

/* How far from the point of a place something in it may lie, as a rule; 示例. */
static double reach_of(enum place_level l)
{
	switch (l) {
	case PLACE_MICROGRID:
		return 60;
	case PLACE_GRID:
		return 150;
	case PLACE_COMMUNITY:
		return 400;
	case PLACE_TOWN:
		return 1500;
	default:
		return 0; /* a district's point says nothing about a street */
	}
}

/* The deepest place on the way down that has a point. */
static void stand_on(const struct place *path, size_t n, struct minimap *m)
{
	for (size_t i = n; i-- > 0;) {
		double reach = reach_of(path[i].level);

		if (isnan(path[i].lon) || isnan(path[i].lat) || reach == 0)
			continue;
		m->at = (struct lonlat){path[i].lon, path[i].lat};
		m->accuracy = reach;
		return;
	}
}

/* Nobody has said where the town is, but where some of its communities are. */
static void stand_amid(struct rq *rq, const struct place *top, struct minimap *m)
{
	double lon = 0, lat = 0;
	size_t n, found = 0;
	struct place *v;

	if (top->level < PLACE_TOWN || place_children(rq_conn(rq), rq->arena, top->key, &v, &n) != OK)
		return;
	for (size_t i = 0; i < n; i++) {
		if (isnan(v[i].lon) || isnan(v[i].lat))
			continue;
		lon += v[i].lon;
		lat += v[i].lat;
		found++;
	}
	if (found == 0)
		return;
	m->at = (struct lonlat){lon / (double)found, lat / (double)found};
	m->accuracy = reach_of(top->level);
}

/* "第一网格" of 第一网格（演示）: what stands in brackets is left to the words. */
static struct str on_map(struct str name)
{
	ptrdiff_t at = str_find(name, STR("（"));

	return place_short_name(at > 0 ? str_sub(name, 0, (size_t)at) : name);
}

static struct str in_words(struct rq *rq, const struct place *p)
{
	struct place above;

	if (p->level <= PLACE_COMMUNITY || place_by_key(rq_conn(rq), rq->arena, place_up(p->key, PLACE_COMMUNITY), &above) != OK)
		return place_short_name(p->name);
	return arena_cat(rq->arena, place_short_name(above.name), p->name);
}

static void add_names(struct rq *rq, enum place_level level, struct minimap_name *names, struct minimap *m)
{
	struct place *v;
	size_t n;

	if (place_around(rq_conn(rq), rq->arena, m->at.lon, m->at.lat, level, NAMES_WITHIN, MINIMAP_MOST / 2, &v, &n) != OK)
		return;
	for (size_t i = 0; i < n; i++)
		names[m->nnames++] = (struct minimap_name){{v[i].lon, v[i].lat}, on_map(v[i].name), in_words(rq, &v[i])};
}

bool minimap_places(struct rq *rq, struct str place_key, struct minimap *m)
{
	struct minimap_name *names = arena_array(rq->arena, struct minimap_name, MINIMAP_MOST);
	struct place *path;
	size_t n = 0;

	if (place_path(rq_conn(rq), rq->arena, place_key, &path, &n) != OK)
		n = 0;
	if (!coord_valid(m->at.lon, m->at.lat))
		stand_on(path, n, m);
	for (size_t i = n; i-- > 0 && !coord_valid(m->at.lon, m->at.lat);)
		stand_amid(rq, &path[i], m);
	if (!coord_valid(m->at.lon, m->at.lat))
		return false;
	for (size_t i = 0; i < n; i++)
		if (path[i].level >= PLACE_TOWN && path[i].level <= PLACE_COMMUNITY)
			m->near = place_short_name(path[i].name);
	m->nnames = 0;
	add_names(rq, PLACE_COMMUNITY, names, m);
	add_names(rq, PLACE_GRID, names, m);
	m->names = names;
	return true;
}
