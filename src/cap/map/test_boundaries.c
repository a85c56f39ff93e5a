/* Tiles of areas over HTTP: what is drawn, sound by the specification, the cells where nothing is known, tags, bad input. */
#include "web/testing.h"

#include <jansson.h>
#include <math.h>

#include "base/json.h"
#include "cap/map/feed.h"
#include "core/place/area.h"
#include "core/place/testing.h"
#include "geo/shape_testing.h"
#include "geo/mvt.h"

static struct str add(struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level, double lon)
{
	return place_made(tx, tx->arena, parent, code, name, level, lon, 29.55);
}

static enum err make(struct tx *tx, void *arg)
{
	struct str p = add(tx, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN), c = add(tx, p, "5001", "市辖区", PLACE_CITY, NAN);
	struct str d = add(tx, c, "500105", "江北区", PLACE_DISTRICT, NAN);
	struct place_area area = {.place = d, .shape = shape_box_made(tx->arena, 106.4, 29.4, 106.8, 29.7), .source = STR("测试"), .rough = arg != NULL};

	add(tx, d, "500105004", "大石坝街道", PLACE_TOWN, 106.5);
	add(tx, d, "500105005", "石马河街道", PLACE_TOWN, 106.7);
	return place_area_set(tx, &area, NULL);
}

/* z/x/y of the tile over the middle. */
static const char *tile(struct site *s, int z, const char *query)
{
	double n = ldexp(1, z), lat = 29.55 * M_PI / 180;

	return arena_printf(&s->arena, "/tiles/boundaries/%d/%d/%d.mvt%s", z, (int)((106.6 + 180) / 360 * n),
			    (int)((1 - log(tan(lat) + 1 / cos(lat)) / M_PI) / 2 * n), query).p;
}

static const struct mvt_read_layer *get(struct browser *b, const char *path)
{
	struct mvt_read_layer *layers;
	const char *why = "";
	size_t n;

	if (browser_get(b, path)->status != 200)
		fail_msg("%s: %d %.*s", path, b->last.status, STR_ARG(b->last.body));
	if (mvt_read(b->last.body, &b->site->arena, &layers, &n, &why) != OK || n != 1)
		fail_msg("%s: %zu layers, %s", path, n, why);
	assert_true(str_eqz(layers[0].name, "boundaries"));
	return &layers[0];
}

static struct str text(const struct mvt_read_feature *f, const char *key)
{
	for (size_t i = 0; i < f->nattrs; i++)
		if (str_eqz(f->attrs[i].key, key))
			return f->attrs[i].value.text;
	return STR_NULL;
}

static bool yes(const struct mvt_read_feature *f, const char *key)
{
	for (size_t i = 0; i < f->nattrs; i++)
		if (str_eqz(f->attrs[i].key, key))
			return f->attrs[i].value.u || f->attrs[i].value.i;
	fail_msg("no %s", key);
	return false;
}

static void areas_in_tiles(void **state)
{
	struct unit *u = *state;
	struct site s;
	struct browser b;
	const struct mvt_read_layer *l;

	site_start(&s, u);
	b = (struct browser){.site = &s};
	place_where_forget();
	assert_int_equal(OK, db_write(s.app->db, make, NULL));
	l = get(&b, tile(&s, 7, ""));
	assert_true(l->n == 1 && l->v[0].kind == MVT_POLYGON && l->v[0].nparts == 1);
	assert_true(str_eqz(text(&l->v[0], "name"), "江北区") && str_eqz(text(&l->v[0], "code"), "500105") && str_eqz(text(&l->v[0], "level"), "district"));
	assert_false(yes(&l->v[0], "rough") || yes(&l->v[0], "cell"));
	l = get(&b, tile(&s, 7, "?level=town"));
	assert_true(l->n == 2 && yes(&l->v[0], "rough") && yes(&l->v[0], "cell"));
	/* by itself a nearer zoom shows the towns */
	assert_int_equal(2, get(&b, tile(&s, 9, ""))->n);
	assert_int_equal(400, browser_get(&b, tile(&s, 9, "?level=moon"))->status);
	assert_int_equal(400, browser_get(&b, "/tiles/boundaries/3/9/0.mvt")->status);
	assert_int_equal(200, browser_get(&b, "/tiles/boundaries/9/0/0.mvt")->status);
	assert_int_equal(0, b.last.body.n);
	site_stop(&s);
}

static const json_t *items(struct browser *b, const char *query, size_t n)
{
	struct str why = STR_NULL;
	json_t *j;

	if (browser_get(b, arena_printf(&b->site->arena, "/ogc/collections/boundaries/items%s", query).p)->status != 200)
		fail_msg("%s: %d %.*s", query, b->last.status, STR_ARG(b->last.body));
	assert_int_equal(OK, json_parse(&b->site->arena, b->last.body, &(struct json_limits){.bytes = 8 << 20, .values = 100000}, &j, &why));
	assert_int_equal(n, json_array_size(json_get(j, "features")));
	return j;
}

static double number(const json_t *array, size_t at)
{
	return json_number_value(json_array_get(array, at));
}

/* The same areas as features, for everybody: levels, boxes, pages, axes. */
static void areas_as_features(void **state)
{
	struct site s;
	struct browser b = {.site = &s};
	const json_t *j, *f, *ring;
	int64_t v;

	site_start(&s, *state);
	place_where_forget();
	assert_int_equal(OK, db_write(s.app->db, make, NULL));
	feed_settle();
	j = items(&b, "", 3); /* the nodes of the codes have no area; district, then towns */
	assert_true(json_get_i64(j, "numberMatched", &v) && v == 3);
	f = json_array_get(json_get(j, "features"), 0);
	assert_string_equal("500105", json_string_value(json_get(f, "id")));
	assert_string_equal("district", json_string_value(json_get(json_get(f, "properties"), "level")));
	assert_string_equal("5001", json_string_value(json_get(json_get(f, "properties"), "parent")));
	assert_false(json_is_true(json_get(json_get(f, "properties"), "cell")));
	assert_string_equal("MultiPolygon", json_string_value(json_get(json_get(f, "geometry"), "type")));
	ring = json_array_get(json_array_get(json_get(json_get(f, "geometry"), "coordinates"), 0), 0);
	assert_int_equal(5, json_array_size(ring)); /* closed */
	assert_true(number(json_array_get(ring, 0), 0) == 106.4 && number(json_array_get(ring, 4), 1) == 29.4);
	f = json_array_get(json_get(items(&b, "?level=town", 2), "features"), 1);
	assert_true(json_is_true(json_get(json_get(f, "properties"), "cell")) && json_is_true(json_get(json_get(f, "properties"), "rough")));
	/* the cells meet in the middle, at 106.6 */
	items(&b, "?level=town&bbox=106.41,29.5,106.42,29.51", 1);
	items(&b, "?level=town&bbox=106.59,29.5,106.61,29.51", 2);
	items(&b, "?bbox=106.41,29.5,106.42,29.51", 2);
	items(&b, "?bbox=29.5,106.41,29.51,106.42&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4490", 2);
	items(&b, "?bbox=10,10,11,11", 0);
	items(&b, "?bbox=179,-80,-179,80", 0);
	items(&b, "?place=500105004", 1);
	items(&b, "?place=500105", 3);
	items(&b, "?name=%E6%B1%9F%E5%8C%97%E5%8C%BA", 1);
	j = items(&b, "?limit=2", 2);
	assert_true(json_get_i64(j, "numberMatched", &v) && v == 3 && str_find(b.last.body, STR("after=2")) > 0);
	items(&b, "?limit=2&after=2", 1);
	assert_int_equal(-1, str_find(b.last.body, STR("\"next\"")));
	items(&b, "?after=50", 0);
	assert_int_equal(200, browser_get(&b, "/ogc/collections/boundaries/items/500105004?crs=http://www.opengis.net/def/crs/EPSG/0/4490")->status);
	assert_true(str_find(b.last.body, STR("[[[[29.4")) > 0); /* latitude first */
	assert_int_equal(404, browser_get(&b, "/ogc/collections/boundaries/items/50")->status);
	assert_int_equal(404, browser_get(&b, "/ogc/collections/boundaries/items/nobody")->status);
	assert_int_equal(400, browser_get(&b, "/ogc/collections/boundaries/items?level=moon")->status);
	assert_int_equal(400, browser_get(&b, "/ogc/collections/boundaries/items?kind=town")->status);
	assert_int_equal(200, browser_get(&b, "/ogc/collections/boundaries/tiles/WebMercatorQuad/7/53/101?level=town")->status);
	site_stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {UNIT_BOTH(areas_in_tiles), UNIT_BOTH(areas_as_features)};

	return UNIT_MAIN(tests);
}
