#include "tests/unit.h"

#include <math.h>

#include "base/json.h"
#include "geo/shape_ops.h"

#include "tests/arena.h"

/* The same numbers in every run. */
static uint32_t draw(void)
{
	static uint32_t state = 7;

	state = state * 1664525u + 1013904223u;
	return state >> 8;
}

/* A ring of so many points, given counter-clockwise, as a shape. */
static struct shape ring(size_t n, const int32_t (*v)[2])
{
	struct shape s = {.npoints = n, .nrings = 1};

	s.points = arena_array(&a, struct shape_point, n);
	s.rings = arena_array(&a, struct shape_ring, 1);
	s.rings[0] = (struct shape_ring){0, (uint32_t)n, false};
	for (size_t i = 0; i < n; i++)
		s.points[i] = (struct shape_point){v[i][0], v[i][1]};
	shape_set_box(&s);
	return s;
}

static struct shape square(int32_t x, int32_t y, int32_t size)
{
	const int32_t v[4][2] = {{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}};

	return ring(4, v);
}

/* A fan of triangles and a ring of squares around a centre: every point of a fine grid, borders and corners among them, lies in exactly one. */
static void each_point_in_one(void **state)
{
	static const int32_t corner[8][2] = {{100, 0}, {100, 100}, {0, 100}, {-100, 100}, {-100, 0}, {-100, -100}, {0, -100}, {100, -100}};
	struct shape v[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		const int32_t t[3][2] = {{7, 3}, {corner[i][0], corner[i][1]}, {corner[(i + 1) % 8][0], corner[(i + 1) % 8][1]}};

		v[i] = ring(3, t);
	}
	for (int32_t x = -100; x < 100; x++)
		for (int32_t y = -100; y < 100; y++) {
			int in = 0;

			for (int i = 0; i < 8; i++)
				in += shape_has(&v[i], (struct shape_point){x, y});
			assert_int_equal(1, in);
		}
	/* the outer border: west and south belong to the shape, east and north do not */
	assert_true(shape_has(&v[4], (struct shape_point){-100, -50}) && shape_has(&v[5], (struct shape_point){-50, -100}));
	for (int i = 0; i < 8; i++)
		assert_false(shape_has(&v[i], (struct shape_point){100, 50}) || shape_has(&v[i], (struct shape_point){50, 100}));
}

static void at_the_end_of_numbers(void **state)
{
	const int32_t v[3][2] = {{-1800000000, -900000000}, {1800000000, -900000000}, {1800000000, 900000000}};
	struct shape s = ring(3, v);

	(void)state;
	/* on the diagonal and one step beside it */
	assert_true(shape_has(&s, (struct shape_point){2, 0}) && shape_has(&s, (struct shape_point){1, 0}));
	assert_false(shape_has(&s, (struct shape_point){-1, 0}));
	assert_true(shape_has(&s, (struct shape_point){1799999999, 899999998}));
	assert_false(shape_has(&s, (struct shape_point){1799999996, 899999999}));
}

static void holes_and_bytes(void **state)
{
	struct shape outer = square(1065000000, 295000000, 1000000), inner = square(1065200000, 295200000, 300000), s, back, cut;
	struct shape_point p;
	struct str bytes;
	struct json j;
	struct buf b;

	(void)state;
	assert_int_equal(OK, shape_op(&a, SHAPE_SUBTRACT, &outer, &inner, &s));
	assert_true(s.nrings == 2 && s.rings[1].hole && s.npoints == 8);
	p = shape_inside(&s);
	assert_true(shape_has(&s, p) && !shape_has(&inner, p));
	bytes = shape_encode(&a, &s);
	assert_true(bytes.n < 60);
	assert_true(shape_decode(&a, bytes, &back));
	assert_true(back.nrings == 2 && back.npoints == 8 && memcmp(back.points, s.points, 8 * sizeof(*s.points)) == 0 && back.rings[1].hole);
	for (size_t n = 0; n < bytes.n; n++)
		assert_false(shape_decode(&a, str_sub(bytes, 0, n), &cut));
	buf_init(&b, 4096);
	json_init(&j, &b);
	shape_write(&j, &s);
	json_done(&j);
	assert_true(str_find(buf_str(&b), STR("\"coordinates\":[[[[")) > 0 && str_find(buf_str(&b), STR("[106.5000000,29.5000000]")) > 0);
	buf_release(&b);
}

/* A box meets a shape when they share a point: an edge that only passes, a box in the shape, a shape in the box; not a box in a hole. */
static void boxes(void **state)
{
	/* a triangle with a hole: (0,0) (100,0) (0,100), hole around (20,20) */
	struct shape_point p[] = {{0, 0}, {100, 0}, {0, 100}, {10, 10}, {10, 30}, {30, 30}, {30, 10}};
	struct shape_ring r[] = {{0, 3, false}, {3, 4, true}};
	struct shape s = {.points = p, .rings = r, .npoints = 7, .nrings = 2};
	static const struct { struct shape_box box; bool meets; } cases[] = {
		{{-10, -10, 200, 200}, true}, {{40, 10, 45, 15}, true}, {{15, 15, 25, 25}, false}, {{25, 25, 35, 35}, true}, {{60, 60, 90, 90}, false},
		{{49, 49, 90, 90}, true}, {{50, 50, 90, 90}, true}, {{51, 50, 90, 90}, false}, {{-20, 40, 200, 41}, true}, {{-20, -20, -1, 200}, false},
		{{100, 0, 300, 300}, true}, {{-5, 99, 0, 300}, true}, {{101, -5, 300, 300}, false},
		{{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX}, true},
	};

	(void)state;
	shape_set_box(&s);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (shape_meets_box(&s, &cases[i].box) != cases[i].meets)
			fail_msg("box %zu", i);
	s.nrings = 0;
	assert_false(shape_meets_box(&s, &cases[0].box));
}

static void operations(void **state)
{
	struct shape x = square(0, 0, 1000), y = square(1000, 0, 1000), z = square(500, 500, 1000), r, *pieces;
	const struct shape *both[2] = {&x, &y};
	const struct shape_point line[3] = {{-100, 300}, {500, 300}, {1100, 700}}, beside[2] = {{-100, 2000}, {1100, 2000}};
	bool yes;
	size_t n;

	(void)state;
	assert_int_equal(OK, shape_overlap(&x, &y, &yes));
	assert_false(yes);
	assert_int_equal(OK, shape_overlap(&x, &z, &yes));
	assert_true(yes);
	assert_int_equal(OK, shape_op(&a, SHAPE_COMMON, &x, &y, &r));
	assert_int_equal(0, r.nrings);
	assert_int_equal(OK, shape_unite(&a, both, 2, &r));
	assert_true(r.nrings == 1 && fabs(shape_area(&r) / shape_area(&x) - 2) < 1e-9);
	assert_int_equal(OK, shape_cut(&a, &x, line, 3, &pieces, &n));
	assert_int_equal(2, n);
	assert_true(fabs((shape_area(&pieces[0]) + shape_area(&pieces[1])) / shape_area(&x) - 1) < 1e-5);
	assert_int_equal(OK, shape_overlap(&pieces[0], &pieces[1], &yes));
	assert_false(yes);
	assert_int_equal(OK, shape_cut(&a, &x, beside, 2, &pieces, &n));
	assert_int_equal(1, n);
	assert_int_equal(OK, shape_op(&a, SHAPE_UNITE, &x, &z, &r));
	assert_int_equal(1, r.nrings);
	r = square(3000, 0, 10);
	assert_int_equal(OK, shape_op(&a, SHAPE_UNITE, &x, &r, &r));
	shape_pieces(&a, &r, &pieces, &n);
	assert_true(n == 2 && pieces[0].npoints == 4 && pieces[1].npoints == 4 && pieces[1].rings[0].start == 0);
}

/* Cells do not overlap, fill the area, and each point's is where the point is the nearest one. */
static void cells(void **state)
{
	struct shape area = square(1065000000, 295000000, 2000000), v[41], all;
	const struct shape *parts[41];
	struct shape_point p[41];
	double sum = 0;

	(void)state;
	for (int i = 0; i < 40; i++)
		p[i] = (struct shape_point){1065000000 + (int32_t)(draw() % 2000000), 295000000 + (int32_t)(draw() % 2000000)};
	p[40] = p[3];
	assert_int_equal(OK, shape_cells(&a, p, 41, &area, v));
	assert_int_equal(0, v[40].nrings);
	for (int i = 0; i < 40; i++) {
		assert_true(v[i].nrings == 1 && shape_has(&v[i], p[i]));
		sum += shape_area(&v[i]);
		parts[i] = &v[i];
	}
	assert_true(fabs(sum / shape_area(&area) - 1) < 1e-3); /* each at its own latitude */
	assert_int_equal(OK, shape_unite(&a, parts, 40, &all));
	assert_true(all.nrings == 1 && fabs(shape_area(&all) / shape_area(&area) - 1) < 1e-9);
	for (int k = 0; k < 2000; k++) {
		struct shape_point q = {1065000000 + (int32_t)(draw() % 2000000), 295000000 + (int32_t)(draw() % 2000000)};
		double best = 1e18, c = cos(29.6 * M_PI / 180);
		int nearest = 0, in = 0, owner = -1;

		for (int i = 0; i < 40; i++) {
			double d = hypot((q.x - p[i].x) * c, q.y - p[i].y);

			if (d < best) {
				best = d;
				nearest = i;
			}
			if (shape_has(&v[i], q)) {
				in++;
				owner = i;
			}
		}
		assert_int_equal(1, in);
		if (owner != nearest) /* only beside a border */
			assert_true(fabs(hypot((q.x - p[owner].x) * c, q.y - p[owner].y) - best) < 2000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_point_in_one),
		cmocka_unit_test(at_the_end_of_numbers),
		cmocka_unit_test(holes_and_bytes),
		cmocka_unit_test(boxes), cmocka_unit_test(operations),
		cmocka_unit_test(cells),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
