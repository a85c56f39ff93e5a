/* Tiles of areas over HTTP: what is drawn, sound by the specification, the cells where nothing is known, tags, bad input. */
#include "web/testing.h"

#include <math.h>

#include "core/place/area.h"
#include "geo/mvt.h"

static struct shape box(struct arena *a, double w, double s, double e, double n)
{
	struct shape x = {.npoints = 4, .nrings = 1};

	x.points = arena_array(a, struct shape_point, 4);
	x.rings = arena_array(a, struct shape_ring, 1);
	x.rings[0] = (struct shape_ring){0, 4, false};
	x.points[0] = shape_point_of(w, s);
	x.points[1] = shape_point_of(e, s);
	x.points[2] = shape_point_of(e, n);
	x.points[3] = shape_point_of(w, n);
	shape_set_box(&x);
	return x;
}

static struct str add(struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level, double lon)
{
	struct place p = {.code = str_from(code), .name = str_from(name), .level = level, .lon = lon, .lat = 29.55, .since = 1};
	struct str key;

	assert_int_equal(OK, place_add(tx, parent, &p, &key));
	return key;
}

static enum err make(struct tx *tx, void *arg)
{
	struct str p = add(tx, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN), c = add(tx, p, "5001", "市辖区", PLACE_CITY, NAN);
	struct str d = add(tx, c, "500105", "江北区", PLACE_DISTRICT, NAN);
	struct place_area area = {.place = d, .shape = box(tx->arena, 106.4, 29.4, 106.8, 29.7), .source = STR("测试"), .rough = arg != NULL};

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

int main(void)
{
	static const struct CMUnitTest tests[] = {UNIT_BOTH(areas_in_tiles)};

	return UNIT_MAIN(tests);
}
