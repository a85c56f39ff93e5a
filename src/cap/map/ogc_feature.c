/* One feature as GeoJSON. */
#include <jansson.h>
#include <math.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/map/codes.h"
#include "cap/map/map.sql.h"
#include "cap/map/ogc.h"
#include "core/matter/matter.h"

static void begin(struct ogc *o, struct str id)
{
	json_obj(&o->j);
	json_key(&o->j, "type"), json_strz(&o->j, "Feature");
	json_key(&o->j, "id"), json_str(&o->j, id);
}

static void put_geometry(struct ogc *o, bool located, double lon, double lat, enum crs crs)
{
	json_key(&o->j, "geometry");
	if (!located) {
		json_nil(&o->j);
		return;
	}
	json_obj(&o->j);
	json_key(&o->j, "type"), json_strz(&o->j, "Point");
	json_key(&o->j, "coordinates"), crs_write(&o->j, crs, lon, lat);
	json_end(&o->j);
}

/* As clocks here show it, with the offset: programs that show the digits and pass over the zone (QGIS) are right then too. */
static void put_time(struct ogc *o, const char *key, int64_t ms)
{
	char utc[TIME_ISO_SIZE];

	json_key(&o->j, key);
	if (ms)
		json_str(&o->j, arena_printf(o->rq->arena, "%.*s+08:00", 23, time_iso(utc, ms + TIME_CHINA * MS_MINUTE).p));
	else
		json_nil(&o->j);
}

static void put_place(struct json *j, const struct set *tree, uint32_t ordinal)
{
	const struct set_item *it = ordinal < tree->n ? &tree->v[ordinal] : NULL;

	json_key(j, "place"), it && it->fid.n ? json_str(j, it->fid) : json_nil(j);
	json_key(j, "place_name"), it ? json_str(j, it->name) : json_nil(j);
}

void ogc_write_matter(struct ogc *o, const struct look *l, const struct point *p, const struct map_matters_told_row *told, enum crs crs, bool is_public)
{
	struct lonlat at = mercator_to(p->at);
	struct json *j = &o->j;

	begin(o, arena_printf(o->rq->arena, "%lld", (long long)p->id));
	put_geometry(o, !(p->flags & POINT_UNLOCATED), at.lon, at.lat, crs);
	json_key(j, "properties");
	json_obj(j);
	json_key(j, "scenario"), json_str(j, code_word(CODE_SCENARIO, p->scenario));
	json_key(j, "state"), json_str(j, code_word(CODE_STATE, p->state));
	json_key(j, "category"), json_str(j, code_word(CODE_CATEGORY, p->category));
	json_key(j, "channel"), json_str(j, code_word(CODE_CHANNEL, p->channel));
	json_key(j, "colour"), json_strz(j, colour_word(point_colour(p, l->now)));
	put_place(j, l->tree, p->place);
	put_time(o, "created", told ? told->created : (int64_t)p->created * MS_MINUTE);
	put_time(o, "due", (int64_t)p->due * MS_MINUTE);
	put_time(o, "closed", told ? told->closed : (int64_t)p->closed * MS_MINUTE);
	if (!is_public) {
		json_key(j, "org"), json_id(j, code_org(p->department));
		json_key(j, "public"), json_bool(j, p->flags & POINT_PUBLIC);
		put_time(o, "updated", told ? told->updated : 0);
		json_key(j, "title"), json_str(j, told ? matter_mask(o->rq->arena, told->title) : STR_NULL);
	}
	json_end(j);
	json_end(j);
}

/* The file's own properties, then ours; a name that stands twice is ours. */
static void put_props(struct ogc *o, struct str props)
{
	static const char *const ours[] = {"name", "kind", "place", "place_name"};
	struct str why;
	json_t *obj, *v;
	const char *key;

	if (str_empty(props) || json_parse(o->rq->arena, props, NULL, &obj, &why) != OK)
		return;
	json_object_foreach(obj, key, v) {
		bool taken = false;

		for (size_t i = 0; i < ARRAY_LEN(ours); i++)
			taken = taken || strcmp(key, ours[i]) == 0;
		if (taken)
			continue;
		json_key(&o->j, key);
		if (json_is_string(v))
			json_strz(&o->j, json_string_value(v));
		else if (json_is_integer(v))
			json_i64(&o->j, json_integer_value(v));
		else if (json_is_real(v))
			json_f64(&o->j, json_real_value(v));
		else if (json_is_boolean(v))
			json_bool(&o->j, json_is_true(v));
		else
			json_nil(&o->j);
	}
}

void ogc_write_item(struct ogc *o, const struct set *s, const struct set *tree, const struct set_item *it, struct str props, enum crs crs)
{
	struct json *j = &o->j;

	(void)s;
	begin(o, it->fid);
	put_geometry(o, !isnan(it->lon), it->lon, it->lat, crs);
	json_key(j, "properties");
	json_obj(j);
	json_key(j, "name"), json_str(j, it->name);
	json_key(j, "kind"), json_str(j, it->kind);
	put_place(j, tree, str_empty(it->place) ? POINTS_PLACE_NONE : tree_ordinal(tree, it->place, NULL));
	put_props(o, props);
	json_end(j);
	json_end(j);
}
