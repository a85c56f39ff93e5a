#include "tests/unit.h"

#include <math.h>

#include "geo/shape_ops.h"
#include "geo/shape_topo.h"

#include "tests/arena.h"

#define SIDE 6
#define WEST 1060000000
#define SOUTH 290000000
#define STEP 1000000

/* A crinkled border between two corners of a grid of areas: the same points from whichever side. */
static void crinkle(struct shape_point from, struct shape_point to, struct shape_point *v, size_t *n)
{
	bool turn = from.x > to.x || (from.x == to.x && from.y > to.y);
	struct shape_point a0 = turn ? to : from, b0 = turn ? from : to;
	size_t first = *n;

	for (int i = 0; i < 40; i++) {
		double t = i / 40.0;
		int32_t off = (int32_t)(sin(t * 25 + a0.x % 7) * 20000 * sin(t * M_PI)) * (a0.y % 3 - 1 ? 1 : -1);
		struct shape_point p = {(int32_t)(a0.x + t * (b0.x - a0.x)), (int32_t)(a0.y + t * (b0.y - a0.y))};

		if (a0.x == b0.x)
			p.x += off;
		else
			p.y += off;
		v[(*n)++] = p;
	}
	if (!turn)
		return;
	/* from the far end, which belongs to this run, to just before the near one */
	v[first] = a0;
	for (size_t i = first, k = *n - 1; i < k; i++, k--) {
		struct shape_point p = v[i];

		v[i] = v[k];
		v[k] = p;
	}
	for (size_t k = *n - 1; k > first; k--)
		v[k] = v[k - 1];
	v[first] = from;
}

static struct shape area(int x, int y)
{
	struct shape s = {.nrings = 1};
	const struct shape_point c[5] = {
		{WEST + x * STEP, SOUTH + y * STEP}, {WEST + (x + 1) * STEP, SOUTH + y * STEP}, {WEST + (x + 1) * STEP, SOUTH + (y + 1) * STEP},
		{WEST + x * STEP, SOUTH + (y + 1) * STEP}, {WEST + x * STEP, SOUTH + y * STEP}};

	s.points = arena_array(&a, struct shape_point, 200);
	s.rings = arena_array(&a, struct shape_ring, 1);
	for (int i = 0; i < 4; i++)
		crinkle(c[i], c[i + 1], s.points, &s.npoints);
	s.rings[0] = (struct shape_ring){0, (uint32_t)s.npoints, false};
	shape_set_box(&s);
	return s;
}

static struct shape areas[SIDE * SIDE];

static struct shape_topo *grid_of_areas(void)
{
	const struct shape *v[SIDE * SIDE];

	for (int i = 0; i < SIDE * SIDE; i++) {
		areas[i] = area(i % SIDE, i / SIDE);
		v[i] = &areas[i];
	}
	return shape_topo_make(v, SIDE * SIDE);
}

static void borders_are_shared(void **state)
{
	struct shape_topo *t = grid_of_areas();
	size_t arcs, shared, points;

	(void)state;
	shape_topo_count(t, &arcs, &shared, &points);
	/* inner borders are arcs of two areas; the four outer corners are no junctions, so two outer sides are one arc there */
	assert_int_equal(2 * SIDE * (SIDE - 1), shared);
	assert_int_equal(shared + 4 * SIDE - 4, arcs);
	shape_topo_free(t);
}

/* Every step of the tile inside the square of areas lies in exactly one simplified area, at every zoom. */
static void no_gap_at_any_zoom(void **state)
{
	struct shape_topo *t = grid_of_areas();

	(void)state;
	for (int z = 5; z <= 11; z++) {
		double n = ldexp(1, z), lat = 29.3 * M_PI / 180;
		struct shape_tile_ask ask = {.z = z, .extent = 4096, .margin = 64, .tolerance = 12,
					     .x = (uint32_t)((106.3 + 180) / 360 * n),
					     .y = (uint32_t)((1 - log(tan(lat) + 1 / cos(lat)) / M_PI) / 2 * n)};
		struct shape tile[SIDE * SIDE], box = {0};
		size_t total = 0, all = 0;

		for (int i = 0; i < SIDE * SIDE; i++) {
			shape_topo_tile(t, (size_t)i, &ask, &a, &tile[i]);
			total += tile[i].npoints;
			all += areas[i].npoints;
			if (tile[i].nrings && !box.nrings) {
				box = tile[i];
			} else if (tile[i].nrings) {
				box.box.west = tile[i].box.west < box.box.west ? tile[i].box.west : box.box.west;
				box.box.east = tile[i].box.east > box.box.east ? tile[i].box.east : box.box.east;
				box.box.south = tile[i].box.south < box.box.south ? tile[i].box.south : box.box.south;
				box.box.north = tile[i].box.north > box.box.north ? tile[i].box.north : box.box.north;
			}
		}
		assert_true(box.nrings && total > 0 && total < all);
		assert_true(box.box.west >= -65 && box.box.east <= 4096 + 65 && box.box.south >= -65 && box.box.north <= 4096 + 65);
		/* inside the outer border, which is crinkled too */
		int32_t w = box.box.east - box.box.west, h = box.box.north - box.box.south, edge = 40 + w / 12;

		for (int k = 0; k < 3000; k++) {
			struct shape_point p = {box.box.west + edge + (k * 7919) % (w - 2 * edge > 0 ? w - 2 * edge : 1),
						box.box.south + edge + (k * 104729) % (h - 2 * edge > 0 ? h - 2 * edge : 1)};
			int in = 0;

			if (w <= 2 * edge || h <= 2 * edge)
				break;
			for (int i = 0; i < SIDE * SIDE; i++)
				in += tile[i].nrings && shape_has(&tile[i], p);
			assert_int_equal(1, in);
		}
	}
	shape_topo_free(t);
}

static void islands_and_deep_zooms(void **state)
{
	const int32_t outer[4][2] = {{0, 0}, {9000, 0}, {9000, 9000}, {0, 9000}}, inner[4][2] = {{3000, 3000}, {6000, 3000}, {6000, 6000}, {3000, 6000}};
	struct shape big = {.npoints = 8, .nrings = 2}, island = {.npoints = 4, .nrings = 1}, out;
	const struct shape *v[2] = {&big, &island};
	struct shape_topo *t;
	struct shape_tile_ask ask = {.z = 22, .extent = 4096, .margin = 64};
	struct shape_box box;
	size_t arcs, shared, points;

	(void)state;
	big.points = arena_array(&a, struct shape_point, 8);
	big.rings = arena_array(&a, struct shape_ring, 2);
	island.points = arena_array(&a, struct shape_point, 4);
	island.rings = arena_array(&a, struct shape_ring, 1);
	for (int i = 0; i < 4; i++) {
		big.points[i] = (struct shape_point){1060000000 + outer[i][0], 290000000 + outer[i][1]};
		big.points[4 + i] = (struct shape_point){1060000000 + inner[3 - i][0], 290000000 + inner[3 - i][1]};
		island.points[i] = (struct shape_point){1060000000 + inner[(i + 2) % 4][0], 290000000 + inner[(i + 2) % 4][1]};
	}
	big.rings[0] = (struct shape_ring){0, 4, false};
	big.rings[1] = (struct shape_ring){4, 4, true};
	island.rings[0] = (struct shape_ring){0, 4, false};
	shape_set_box(&big);
	shape_set_box(&island);
	t = shape_topo_make(v, 2);
	shape_topo_count(t, &arcs, &shared, &points);
	/* the island and the hole are one closed border */
	assert_true(arcs == 2 && shared == 1);
	/* a tile of 9 m in the middle of the island */
	ask.x = (uint32_t)((106.00045 + 180) / 360 * ldexp(1, 22));
	ask.y = (uint32_t)((1 - log(tan(29.00045 * M_PI / 180) + 1 / cos(29.00045 * M_PI / 180)) / M_PI) / 2 * ldexp(1, 22));
	assert_true(shape_tile_box(&ask, &box) && shape_box_has(&box, (struct shape_point){1060004500, 290004500}));
	shape_topo_tile(t, 1, &ask, &a, &out);
	assert_true(out.nrings == 1 && out.npoints == 4 && out.box.west == -64 && out.box.north == 4160);
	shape_topo_tile(t, 0, &ask, &a, &out);
	/* all around the tile, but nothing in it: the outer ring and the hole are the same square, which holds no step of the tile */
	assert_false(shape_has(&out, (struct shape_point){2048, 2048}));
	ask.z = 23;
	assert_false(shape_tile_box(&ask, &box));
	ask.z = 3;
	ask.x = 8;
	assert_false(shape_tile_box(&ask, &box));
	shape_topo_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders_are_shared),
		cmocka_unit_test(no_gap_at_any_zoom),
		cmocka_unit_test(islands_and_deep_zooms),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
