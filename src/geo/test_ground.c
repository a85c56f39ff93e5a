/* The ground in memory: tiles of it say what lies there, at each zoom what it can show, and are the same along their borders. */
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

#include "geo/ground_map.h"
#include "geo/mvt.h"

#include "tests/arena.h"

static void line(struct ground_draft *d, enum ground_kind kind, uint8_t rank, const char *name, const double (*v)[2], size_t n)
{
	struct shape_point *p = arena_array(&a, struct shape_point, n);
	uint32_t end = (uint32_t)n;

	for (size_t i = 0; i < n; i++)
		p[i] = shape_point_of(v[i][0], v[i][1]);
	assert_int_equal(OK, ground_draft_add(d, &(struct ground_feature){kind, rank, 0, str_from(name), p, &end, 1}));
}

static struct ground_map *map_of(struct ground_draft *d)
{
	struct ground_map *m = ground_map_new();
	size_t next = 0;
	struct buf b;

	ground_draft_sort(d);
	buf_init(&b, 64 << 20);
	while (ground_draft_part(d, &next, &b)) {
		assert_true(ground_map_add(m, buf_str(&b)));
		buf_clear(&b);
	}
	buf_release(&b);
	ground_draft_free(d);
	ground_map_done(m);
	return m;
}

/* 江北: a motorway, a street, a path, a river, a lake with an island, a park. */
static struct ground_map *town(void)
{
	static const double motorway[][2] = {{106.40, 29.57}, {106.60, 29.67}}, street[][2] = {{106.500, 29.600}, {106.505, 29.601}},
		street_on[][2] = {{106.507, 29.601}, {106.509, 29.602}}, path[][2] = {{106.501, 29.600}, {106.501, 29.602}},
		river[][2] = {{106.45, 29.60}, {106.50, 29.61}, {106.56, 29.60}}, park[][2] = {{106.51, 29.60}, {106.52, 29.60}, {106.52, 29.61}};
	struct ground_draft *d = ground_draft_new();
	struct shape_point lake[7] = {{1064900000, 296000000}, {1064950000, 296000000}, {1064950000, 296050000}, {1064900000, 296050000},
		{1064910000, 296010000}, {1064920000, 296010000}, {1064920000, 296020000}};
	static const uint32_t ends[] = {4, 7};

	line(d, GROUND_ROAD, 5, "红石路", street, 2);
	line(d, GROUND_ROAD, 5, "红石路", street_on, 2);
	line(d, GROUND_ROAD, 1, "内环快速", motorway, 2);
	line(d, GROUND_ROAD, 6, "", path, 2);
	line(d, GROUND_WATERWAY, 1, "嘉陵江", river, 3);
	line(d, GROUND_GREEN, 1, "石门公园", park, 3);
	assert_int_equal(OK, ground_draft_add(d, &(struct ground_feature){GROUND_WATER, 1, 0, STR("大湖"), lake, ends, 2}));
	return map_of(d);
}

struct tile { struct mvt_read_layer *v; size_t n; };

static struct tile tile_at(const struct ground_map *m, int z, double lon, double lat)
{
	struct mercator at = mercator_from(lon, lat);
	struct tile t = {0};
	const char *why = NULL;
	struct buf b;

	buf_init(&b, 4 << 20);
	assert_int_equal(OK, ground_tile(m, z, z ? at.x >> (32 - z) : 0, z ? at.y >> (32 - z) : 0, &b));
	if (b.n && mvt_read(arena_str(&a, buf_str(&b)), &a, &t.v, &t.n, &why) != OK)
		fail_msg("zoom %d: %s", z, why);
	buf_release(&b);
	return t;
}

static const struct mvt_read_layer *layer(const struct tile *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eqz(t->v[i].name, name))
			return &t->v[i];
	return NULL;
}

static const struct mvt_value *attr(const struct mvt_read_feature *f, const char *name)
{
	for (size_t i = 0; i < f->nattrs; i++)
		if (str_eqz(f->attrs[i].key, name))
			return &f->attrs[i].value;
	return NULL;
}

static void what_a_zoom_shows(void **state)
{
	struct ground_map *m = town();
	struct tile t = tile_at(m, 15, 106.5005, 29.6005);
	const struct mvt_read_layer *road = layer(&t, "road");

	(void)state;
	assert_int_equal(7, ground_map_count(m));
	assert_non_null(road);
	/* the street and the path; two pieces of one name would be one feature, but the other lies in the next tile */
	assert_int_equal(2, road->n);
	assert_true(attr(&road->v[0], "rank")->i == 5 && str_eqz(attr(&road->v[0], "name")->text, "红石路"));
	assert_true(attr(&road->v[1], "rank")->i == 6 && !attr(&road->v[1], "name"));
	t = tile_at(m, 12, 106.502, 29.6005);
	assert_int_equal(1, layer(&t, "road")->n);   /* the motorway alone */
	assert_true(layer(&t, "water")->n == 1 && layer(&t, "water")->v[0].nparts == 2 && layer(&t, "green")->n == 1 && layer(&t, "waterway")->n == 1);
	t = tile_at(m, 5, 106.5, 29.6);
	assert_true(t.n == 1 && layer(&t, "road")->n == 1 && !attr(&layer(&t, "road")->v[0], "name"));
	t = tile_at(m, 2, 106.5, 29.6);
	assert_int_equal(0, t.n);
	t = tile_at(m, 15, 100, 20);
	assert_int_equal(0, t.n);
	ground_map_free(m);
}

static void no_such_tile(void **state)
{
	struct ground_map *m = town();
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	assert_int_equal(ERR_INPUT, ground_tile(m, 23, 0, 0, &b));
	assert_int_equal(ERR_INPUT, ground_tile(m, -1, 0, 0, &b));
	assert_int_equal(ERR_INPUT, ground_tile(m, 3, 8, 0, &b));
	assert_int_equal(0, b.n);
	buf_release(&b);
	ground_map_free(m);
}

static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

/* Streets anywhere: every tile has those whose box reaches into it, as looking at each one says. */
static void every_street_is_found(void **state)
{
	struct ground_draft *d = ground_draft_new();
	struct ground_map *m;
	double (*all)[2][2] = calloc(3000, sizeof(*all));
	uint32_t x = 7;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		for (int k = 0; k < 2; k++) {
			all[i][k][0] = 106.4 + next(&x) % 200000 / 1e6;
			all[i][k][1] = 29.5 + next(&x) % 200000 / 1e6;
		}
		if (i % 3) {   /* most are short */
			all[i][1][0] = all[i][0][0] + 0.001;
			all[i][1][1] = all[i][0][1] + 0.0005;
		}
		line(d, GROUND_ROAD, (uint8_t)(1 + i % 6), arena_printf(&a, "路%d", i).p, (const double (*)[2])all[i], 2);
	}
	m = map_of(d);
	for (int i = 0; i < 40; i++) {
		struct tile t = tile_at(m, 15, all[i][0][0], all[i][0][1]);
		struct mercator at = mercator_from(all[i][0][0], all[i][0][1]);
		const uint32_t west = at.x >> 17 << 17, north = at.y >> 17 << 17;
		const struct mvt_read_layer *road = layer(&t, "road");
		size_t inside = 0, found = 0;

		for (int k = 0; k < 3000; k++) {
			struct mercator p = mercator_from(all[k][0][0], all[k][0][1]);
			const char *name = arena_printf(&a, "路%d", k).p;

			/* its beginning lies in the tile: then it must be there */
			if (p.x < west || p.y < north || p.x - west >= 1u << 17 || p.y - north >= 1u << 17)
				continue;
			inside++;
			for (size_t f = 0; f < road->n; f++)
				found += str_eqz(attr(&road->v[f], "name")->text, name);
		}
		assert_true(inside > 0 && found == inside);
	}
	free(all);
	ground_map_free(m);
}

/* A winding line of many points: no point of it lies further than half a pixel from what is drawn, with a fraction of the points. */
static void simplified_within_half_a_pixel(void **state)
{
	enum { N = 900 };
	static double v[N][2];
	struct ground_draft *d = ground_draft_new();
	struct ground_map *m;
	struct tile t;
	const struct mvt_read_feature *f;
	double worst = 0;
	struct mercator origin;

	(void)state;
	for (int i = 0; i < N; i++) {
		v[i][0] = 106.451 + i * 0.00008;
		v[i][1] = 29.60 + 0.002 * sin(i * 0.03) + 0.00002 * sin(i * 1.7);
	}
	line(d, GROUND_WATERWAY, 1, "", v, N);
	m = map_of(d);
	t = tile_at(m, 11, 106.46, 29.6);
	f = &layer(&t, "waterway")->v[0];
	assert_true(f->ends[0] > 10 && f->ends[0] < N / 4);
	origin = mercator_from(106.46, 29.6);
	origin = (struct mercator){origin.x >> 21 << 21, origin.y >> 21 << 21};
	for (int i = 0; i < N; i++) {
		struct mercator p = mercator_from(v[i][0], v[i][1]);
		double x = (p.x - (double)origin.x) / 512, y = (p.y - (double)origin.y) / 512, least = 1e9;

		if (x < 0 || x > 4096)
			continue;
		for (size_t k = 1; k < f->ends[0]; k++) {
			double ax = f->xy[k - 1].x, ay = f->xy[k - 1].y, bx = f->xy[k].x - ax, by = f->xy[k].y - ay;
			double u = fmax(0, fmin(1, ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by)));

			least = fmin(least, hypot(x - ax - u * bx, y - ay - u * by));
		}
		worst = fmax(worst, least);
	}
	assert_true(worst <= 4 + 1.5);
	ground_map_free(m);
}

/* More than a tile may hold: the important roads are there, the paths are what goes. */
static void a_full_tile(void **state)
{
	struct ground_draft *d = ground_draft_new();
	struct ground_map *m;
	struct tile t;
	const struct mvt_read_layer *road;
	size_t main_roads = 0;
	uint32_t x = 9;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		double v[2][2] = {{106.500 + next(&x) % 9000 / 1e6, 29.601 + next(&x) % 8000 / 1e6}, {0, 0}};

		v[1][0] = v[0][0] + 0.0002;
		v[1][1] = v[0][1] + 0.0001;
		line(d, GROUND_ROAD, i % 100 ? 6 : 2, arena_printf(&a, "%s%d", i % 100 ? "径" : "路", i).p, (const double (*)[2])v, 2);
	}
	m = map_of(d);
	t = tile_at(m, 15, 106.503, 29.604);
	road = layer(&t, "road");
	for (size_t i = 0; i < road->n; i++)
		main_roads += attr(&road->v[i], "rank")->i == 2;
	assert_true(main_roads > 300 && main_roads <= 600 && road->n < 60000);
	ground_map_free(m);
}

/* A broad river is an area and a line with one name: it stands once, on the line; a lake beside it keeps its own. */
static void a_river_named_once(void **state)
{
	static const double middle[][2] = {{106.50, 29.600}, {106.52, 29.600}}, banks[][2] = {{106.50, 29.599}, {106.52, 29.599}, {106.52, 29.601}, {106.50, 29.601}},
		lake[][2] = {{106.505, 29.602}, {106.515, 29.602}, {106.515, 29.606}};
	struct ground_draft *d = ground_draft_new();
	const struct mvt_read_layer *water, *river;
	struct ground_map *m;
	struct tile t;

	(void)state;
	line(d, GROUND_WATERWAY, 1, "嘉陵江", middle, 2);
	line(d, GROUND_WATER, 1, "嘉陵江", banks, 4);
	line(d, GROUND_WATER, 1, "大湖", lake, 3);
	m = map_of(d);
	t = tile_at(m, 14, 106.510, 29.600);
	water = layer(&t, "water");
	river = layer(&t, "waterway");
	assert_true(water->n == 2 && river->n == 1 && str_eqz(attr(&river->v[0], "name")->text, "嘉陵江"));
	for (size_t i = 0; i < 2; i++)
		assert_true(attr(&water->v[i], "name") == NULL || str_eqz(attr(&water->v[i], "name")->text, "大湖"));
	assert_true(attr(&water->v[0], "name") || attr(&water->v[1], "name"));
	ground_map_free(m);
}

static bool reaches(const struct ground_seen *s, double west, double south, double east, double north)
{
	return ground_meets(s, mercator_from(west, north), mercator_from(east, south));
}

/* Lines and areas and boxes: through it, beside it though their boxes meet, around it, in a hole of it. */
static void what_meets_a_box(void **state)
{
	struct ground_map *m = town();
	struct ground_seen s;
	uint32_t i = 0;

	(void)state;
	assert_false(ground_map_get(m, 7, &s));
	for (; ground_map_get(m, i, &s); i++) {
		assert_int_equal(i, s.number);
		assert_true(reaches(&s, -180, -85, 180, 85));
		if (str_eqz(s.name, "内环快速")) {
			assert_true(reaches(&s, 106.49, 29.61, 106.51, 29.63));
			assert_false(reaches(&s, 106.41, 29.63, 106.44, 29.66));
			assert_true(reaches(&s, 106.40, 29.57, 106.40, 29.57));   /* a point: the end of it */
			assert_false(reaches(&s, 106.60, 29.57, 106.61, 29.58));
		} else if (str_eqz(s.name, "大湖")) {
			assert_true(reaches(&s, 106.493, 29.6035, 106.494, 29.604));  /* all around it is water */
			assert_false(reaches(&s, 106.4914, 29.6011, 106.4917, 29.6013)); /* the island */
			assert_true(reaches(&s, 106.4914, 29.6011, 106.4930, 29.6013)); /* its shore */
			assert_false(reaches(&s, 106.496, 29.60, 106.50, 29.61));
		}
	}
	assert_int_equal(7, i);
	ground_map_free(m);
}

static void damaged_parts(void **state)
{
	struct ground_draft *d = ground_draft_new();
	static const double v[][2] = {{106.5, 29.5}, {106.6, 29.5}};
	struct ground_map *m = ground_map_new();
	size_t from = 0;
	struct buf b;

	(void)state;
	line(d, GROUND_ROAD, 1, "路", v, 2);
	buf_init(&b, 1024);
	ground_draft_sort(d);
	assert_true(ground_draft_part(d, &from, &b));
	for (size_t n = 1; n < b.n; n++)
		assert_false(ground_map_add(m, str_sub(buf_str(&b), 0, n)));
	assert_true(ground_map_add(m, buf_str(&b)));
	b.p[0] = 99;
	assert_false(ground_map_add(m, buf_str(&b)));
	ground_map_done(m);
	assert_int_equal(1, ground_map_count(m));
	ground_map_free(m);
	buf_release(&b);
	ground_draft_free(d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_zoom_shows, setup, teardown), cmocka_unit_test_setup_teardown(no_such_tile, setup, teardown),
		cmocka_unit_test_setup_teardown(every_street_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(simplified_within_half_a_pixel, setup, teardown),
		cmocka_unit_test_setup_teardown(what_meets_a_box, setup, teardown),
		cmocka_unit_test_setup_teardown(a_river_named_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_tile, setup, teardown), cmocka_unit_test_setup_teardown(damaged_parts, setup, teardown),
	};
	return UNIT_MAIN(tests);
}
