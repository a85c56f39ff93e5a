#include "geo/osm_class.h"

#include "base/utf8.h"

struct rule { const char *key, *value; enum ground_kind kind; uint8_t rank; };

static const struct rule lines[] = {
	{"highway", "motorway", GROUND_ROAD, 1}, {"highway", "motorway_link", GROUND_ROAD, 1}, {"highway", "trunk", GROUND_ROAD, 1},
	{"highway", "trunk_link", GROUND_ROAD, 1}, {"highway", "primary", GROUND_ROAD, 2}, {"highway", "primary_link", GROUND_ROAD, 2},
	{"highway", "secondary", GROUND_ROAD, 3}, {"highway", "secondary_link", GROUND_ROAD, 3}, {"highway", "tertiary", GROUND_ROAD, 4},
	{"highway", "tertiary_link", GROUND_ROAD, 4}, {"highway", "residential", GROUND_ROAD, 5}, {"highway", "unclassified", GROUND_ROAD, 5},
	{"highway", "living_street", GROUND_ROAD, 5}, {"highway", "pedestrian", GROUND_ROAD, 5}, {"highway", "road", GROUND_ROAD, 5},
	{"highway", "busway", GROUND_ROAD, 5}, {"highway", "service", GROUND_ROAD, 6}, {"highway", "track", GROUND_ROAD, 6},
	{"highway", "footway", GROUND_ROAD, 6}, {"highway", "path", GROUND_ROAD, 6}, {"highway", "steps", GROUND_ROAD, 6},
	{"highway", "cycleway", GROUND_ROAD, 6}, {"highway", "bridleway", GROUND_ROAD, 6},
	{"waterway", "river", GROUND_WATERWAY, 1}, {"waterway", "canal", GROUND_WATERWAY, 2}, {"waterway", "stream", GROUND_WATERWAY, 3},
	{"waterway", "ditch", GROUND_WATERWAY, 3}, {"waterway", "drain", GROUND_WATERWAY, 3},
	{"railway", "rail", GROUND_RAIL, 1}, {"railway", "light_rail", GROUND_RAIL, 2}, {"railway", "subway", GROUND_RAIL, 2},
	{"railway", "monorail", GROUND_RAIL, 2}, {"railway", "tram", GROUND_RAIL, 2},
};

static const struct rule areas[] = {
	{"natural", "water", GROUND_WATER, 1}, {"waterway", "riverbank", GROUND_WATER, 1}, {"waterway", "dock", GROUND_WATER, 1},
	{"landuse", "reservoir", GROUND_WATER, 1}, {"landuse", "basin", GROUND_WATER, 1},
	{"leisure", "park", GROUND_GREEN, 1}, {"leisure", "golf_course", GROUND_GREEN, 1}, {"landuse", "recreation_ground", GROUND_GREEN, 1},
	{"landuse", "village_green", GROUND_GREEN, 1}, {"landuse", "forest", GROUND_GREEN, 2}, {"natural", "wood", GROUND_GREEN, 2},
	{"landuse", "grass", GROUND_GREEN, 2}, {"landuse", "meadow", GROUND_GREEN, 2},
};

static bool find(const struct osm_tags *t, const struct rule *v, size_t n, struct osm_class *out)
{
	for (size_t i = 0; i < t->n; i++) {
		/* all keys of the tables have seven letters, but "waterway" */
		if (t->v[i].key.n != 7 && t->v[i].key.n != 8)
			continue;
		for (size_t k = 0; k < n; k++)
			if (t->v[i].key.p[0] == v[k].key[0] && str_eqz(t->v[i].key, v[k].key) && str_eqz(t->v[i].value, v[k].value)) {
				*out = (struct osm_class){v[k].kind, v[k].rank, 0};
				return true;
			}
	}
	return false;
}

static bool said(const struct osm_tags *t, const char *key, const char *no)
{
	struct str v = osm_tag(t, key);

	return v.n && !str_eqz(v, no);
}

/* Lanes of parks and yards, and the pavements beside a street that is there itself, would bury everything else. */
static bool is_clutter(const struct osm_tags *t)
{
	struct str service = osm_tag(t, "service"), footway = osm_tag(t, "footway");

	return str_eqz(service, "parking_aisle") || str_eqz(service, "driveway") || str_eqz(footway, "sidewalk") || str_eqz(footway, "crossing") ||
	       said(t, "indoor", "no");
}

bool osm_classify(const struct osm_tags *t, bool closed, struct osm_class *out)
{
	if (closed && find(t, areas, ARRAY_LEN(areas), out))
		return true;
	if (!find(t, lines, ARRAY_LEN(lines), out) || (closed && str_eqz(osm_tag(t, "area"), "yes")) || is_clutter(t))
		return false;
	if (said(t, "tunnel", "no") || (out->kind == GROUND_RAIL && str_eqz(osm_tag(t, "railway"), "subway") && !said(t, "bridge", "no")))
		out->flags |= GROUND_TUNNEL;
	return true;
}

struct str osm_name(const struct osm_tags *t)
{
	static const char *const keys[] = {"name:zh-Hans", "name:zh", "name"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct str name = str_trim(osm_tag(t, keys[i]));

		if (name.n && name.n <= GROUND_NAME_MAX && utf8_plain(name, false))
			return name;
	}
	return STR("");
}
