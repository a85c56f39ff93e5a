#include "cap/cases/map.h"

#include <math.h>

#include "core/place/find.h"
#include "web/minimap.h"

#define AROUND_METRES 600.0
#define ROUGH_METRES 1000.0
#define MOST 16

static bool is_alike(int64_t id, const struct matter_similar *alike, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (alike[i].id == id)
			return true;
	return false;
}

static void add(struct rq *rq, struct minimap_point *to, int64_t id, struct str title, struct str code, double lon, double lat,
		enum minimap_kind kind)
{
	*to = (struct minimap_point){{lon, lat}, kind, str_empty(title) ? matter_code_head(code) : matter_mask(rq->arena, title),
				     arena_printf(rq->arena, "/cases/%lld", (long long)id)};
}

/*
 * Nobody has said where exactly, but the address names a road: the middle of the road in that community, with how far the road goes from there. Worked out for
 * the eye; the matter itself stays without a position.
 */
static enum err by_words(struct rq *rq, const struct matter *m, struct minimap *map)
{
	struct str within = place_level_of_key(m->place) > PLACE_COMMUNITY ? place_up(m->place, PLACE_COMMUNITY) : m->place;
	struct place_found road;
	enum err e = ERR_NOT_FOUND;

	for (size_t i = 0; isnan(m->lon) && i < m->nvalues; i++)
		if (str_eqz(m->values[i].field, "address") && m->values[i].value.n)
			e = place_in_words(rq_conn(rq), rq->arena, m->values[i].value, within, PLACE_COMMUNITY, &road);
	if (e == OK && road.kind == GAZETTEER_ROAD && road.reach > 0 && road.reach <= ROUGH_METRES) {
		map->at = (struct lonlat){road.lon, road.lat};
		map->accuracy = road.reach;
		map->by = road.name;
	}
	return e == ERR_NOT_FOUND ? OK : e;
}

/* Likely duplicates first: their numbers are then those of the list beside the map. */
enum err cases_map_matter(struct rq *rq, const struct matter *m, const struct matter_similar *alike, size_t nalike,
			  const struct minimap_view **out)
{
	struct minimap map = {.at = {m->lon, m->lat}, .at_title = str_from(_("这件事"))};
	struct minimap_point *p = arena_array(rq->arena, struct minimap_point, nalike + MOST + 1);
	struct matter_near *near;
	size_t n;
	enum err e;

	*out = NULL;
	e = by_words(rq, m, &map);
	if (e != OK)
		return e;
	if (!minimap_places(rq, m->place, &map))
		return OK;
	map.frame_only = map.accuracy > ROUGH_METRES; /* somewhere in the town: a pin would say more than is known */
	e = matter_near(rq_conn(rq), rq->arena, m, map.at.lon, map.at.lat, AROUND_METRES, MOST, &near, &n);
	if (e != OK)
		return e;
	map.points = p;
	for (size_t i = 0; i < nalike; i++)
		if (!isnan(alike[i].lon) && rq_may_at(rq, "matter.read", alike[i].place))
			add(rq, &p[map.npoints++], alike[i].id, alike[i].title, alike[i].code, alike[i].lon, alike[i].lat, MINIMAP_ALIKE);
	for (size_t i = 0; i < n; i++)
		if (!is_alike(near[i].id, alike, nalike) && rq_may_at(rq, "matter.read", near[i].place))
			add(rq, &p[map.npoints++], near[i].id, near[i].title, near[i].code, near[i].lon, near[i].lat,
			    near[i].kind >= STATE_CLOSED ? MINIMAP_CLOSED : MINIMAP_OPEN);
	*out = minimap_draw(rq, &map);
	return OK;
}

const struct minimap_view *cases_map_place(struct rq *rq, struct str place)
{
	struct minimap map = {.at = {NAN, NAN}, .frame_only = true, .half = 1200};

	if (!minimap_places(rq, place, &map))
		return NULL;
	map.accuracy = 0;
	return minimap_draw(rq, &map);
}
