#include "tests/unit.h"

#include <stdlib.h>

#include "geo/mvt.h"

static uint64_t seed = 42;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

struct tile { struct arena a; struct buf b; struct mvt m; struct mvt_read_layer *l; size_t n; };

static void start(struct tile *t)
{
	arena_init(&t->a, 0);
	buf_init(&t->b, 1 << 22);
	mvt_begin(&t->m, &t->b, "areas", 4096);
}

/* Ends the layer, and reads it again. */
static void end(struct tile *t)
{
	const char *why = "";

	assert_int_equal(mvt_end(&t->m), OK);
	if (mvt_read(buf_str(&t->b), &t->a, &t->l, &t->n, &why) != OK)
		fail_msg("%s", why);
}

static void done(struct tile *t)
{
	buf_release(&t->b);
	arena_release(&t->a);
}

/* The example of the specification, 4.3.5.1 to 4.3.5.5: the numbers of its geometries. */
static void examples(void **state)
{
	static const struct mvt_xy point[] = {{25, 17}}, points[] = {{5, 7}, {3, 2}}, line[] = {{2, 2}, {2, 10}, {10, 10}}, ring[] = {{3, 6}, {8, 12}, {20, 34}};
	static const size_t three = 3;
	static const struct { uint8_t v[12]; size_t n; } want[] = {
		{{9, 50, 34}, 3}, {{17, 10, 14, 3, 9}, 5}, {{9, 4, 4, 18, 0, 16, 16, 0}, 8}, {{9, 6, 12, 18, 10, 12, 24, 44, 15}, 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct tile t;

		start(&t);
		mvt_feature(&t.m, i);
		if (i < 2)
			mvt_points(&t.m, i ? points : point, i + 1);
		else if (i == 2)
			mvt_lines(&t.m, line, &three, 1, 0);
		else
			mvt_polygon(&t.m, ring, &three, 1, 0);
		assert_int_equal(t.m.geometry.n, want[i].n);
		assert_memory_equal(t.m.geometry.p, want[i].v, want[i].n);
		end(&t);
		assert_int_equal(t.n, 1);
		assert_int_equal(t.l[0].n, 1);
		done(&t);
	}
}

static void attributes(void **state)
{
	static const struct mvt_xy p = {1, 2};
	struct tile t;

	(void)state;
	start(&t);
	for (int i = 0; i < 100; i++) {
		mvt_feature(&t.m, (uint64_t)1 << 60);
		mvt_points(&t.m, &p, 1);
		mvt_text(&t.m, "name", STR("江北区"));
		mvt_int(&t.m, "n", i % 3 ? 7 : -7);
		mvt_int(&t.m, "low", INT64_MIN);
		mvt_double(&t.m, "area", 2.5);
		mvt_bool(&t.m, "open", true);
	}
	end(&t);
	assert_int_equal(t.l[0].n, 100);
	for (size_t i = 0; i < 100; i++) {
		const struct mvt_read_feature *f = &t.l[0].v[i];

		assert_true(f->id == (uint64_t)1 << 60 && f->has_id && f->nattrs == 5);
		assert_true(str_eqz(f->attrs[0].value.text, "江北区") && str_eqz(f->attrs[0].key, "name"));
		assert_int_equal(f->attrs[1].value.i, i % 3 ? 7 : -7);
		assert_true(f->attrs[2].value.i == INT64_MIN && f->attrs[3].value.number == 2.5 && f->attrs[4].value.u == 1);
	}
	/* each value stands in the table once */
	assert_true(t.b.n < 100 * 40);
	done(&t);
}

static int64_t area2(const struct mvt_xy *v, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (int64_t)v[i].x * v[(i + 1) % n].y - (int64_t)v[(i + 1) % n].x * v[i].y;
	return sum;
}

/* Whatever way a ring runs, the outer one comes out with positive area and the hole with negative. */
static void winding(void **state)
{
	static const struct mvt_xy both[4][8] = {
		{{0, 0}, {100, 0}, {100, 100}, {0, 100}, {20, 20}, {40, 20}, {40, 40}, {20, 40}},
		{{0, 100}, {100, 100}, {100, 0}, {0, 0}, {20, 20}, {40, 20}, {40, 40}, {20, 40}},
		{{0, 0}, {100, 0}, {100, 100}, {0, 100}, {20, 40}, {40, 40}, {40, 20}, {20, 20}},
		{{0, 100}, {100, 100}, {100, 0}, {0, 0}, {20, 40}, {40, 40}, {40, 20}, {20, 20}},
	};
	static const size_t ends[] = {4, 8};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct tile t;
		const struct mvt_read_feature *f;

		start(&t);
		mvt_feature(&t.m, 1);
		mvt_polygon(&t.m, both[i], ends, 2, 64);
		end(&t);
		f = &t.l[0].v[0];
		assert_int_equal(f->nparts, 2);
		assert_int_equal(area2(f->xy, f->ends[0]), 2 * 100 * 100);
		assert_int_equal(area2(f->xy + f->ends[0], f->ends[1] - f->ends[0]), -2 * 20 * 20);
		done(&t);
	}
}

static void clipping(void **state)
{
	static const struct mvt_xy large[] = {{-9000, -9000}, {9000, -9000}, {9000, 9000}, {-9000, 9000}};
	static const struct mvt_xy away[] = {{5000, 5000}, {6000, 5000}, {6000, 6000}};
	static const struct mvt_xy flat[] = {{10, 10}, {20, 20}, {30, 30}, {10, 10}};
	static const struct mvt_xy zigzag[] = {{-1000, 100}, {5000, 100}, {5000, 200}, {-1000, 200}};
	static const size_t four = 4, three = 3;
	struct tile t;

	(void)state;
	start(&t);
	mvt_feature(&t.m, 1);
	mvt_polygon(&t.m, large, &four, 1, 64);
	mvt_feature(&t.m, 2);
	mvt_polygon(&t.m, away, &three, 1, 64);
	mvt_feature(&t.m, 3);
	mvt_polygon(&t.m, flat, &four, 1, 64);
	mvt_feature(&t.m, 4);
	mvt_lines(&t.m, zigzag, &four, 1, 64);
	mvt_feature(&t.m, 5);
	mvt_lines(&t.m, away, &three, 1, 64);
	end(&t);
	assert_int_equal(t.l[0].n, 2); /* what is away or has no area is left out */
	assert_int_equal(area2(t.l[0].v[0].xy, 4), 2 * (int64_t)(4096 + 128) * (4096 + 128));
	assert_int_equal(t.l[0].v[1].id, 4);
	assert_int_equal(t.l[0].v[1].nparts, 2);
	assert_true(t.l[0].v[1].xy[0].x == -64 && t.l[0].v[1].xy[1].x == 4096 + 64);
	done(&t);
	start(&t);
	mvt_feature(&t.m, 5);
	mvt_lines(&t.m, away, &three, 1, 64);
	end(&t);
	assert_int_equal(t.b.n, 0); /* a layer without features is none */
	done(&t);
}

static bool covers(const struct mvt_read_feature *f, double x, double y)
{
	bool in = false;
	size_t from = 0;

	for (size_t r = 0; r < f->nparts; from = f->ends[r++])
		for (size_t i = from; i < f->ends[r]; i++) {
			struct mvt_xy a = f->xy[i], b = f->xy[i + 1 < f->ends[r] ? i + 1 : from];

			if ((a.y > y) != (b.y > y) && x < (double)(b.x - a.x) * (y - a.y) / (b.y - a.y) + a.x)
				in = !in;
		}
	return in;
}

static double side(struct mvt_xy a, struct mvt_xy b, double x, double y)
{
	return (double)(b.x - a.x) * (y - a.y) - (double)(b.y - a.y) * (x - a.x);
}

/* Random triangles: inside the tile the clipped one covers what the whole one covers, a border's width aside. */
static void clipped_triangles(void **state)
{
	static const size_t three = 3;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct mvt_xy v[3];
		struct tile t;

		for (int k = 0; k < 3; k++)
			v[k] = (struct mvt_xy){(int32_t)below(20000) - 8000, (int32_t)below(20000) - 8000};
		start(&t);
		mvt_feature(&t.m, 1);
		mvt_polygon(&t.m, v, &three, 1, 0);
		end(&t);
		for (int k = 0; k < 20; k++) {
			double x = below(4096) + 0.5, y = below(4096) + 0.5;
			double s[3] = {side(v[0], v[1], x, y), side(v[1], v[2], x, y), side(v[2], v[0], x, y)};
			bool in = (s[0] > 0 && s[1] > 0 && s[2] > 0) || (s[0] < 0 && s[1] < 0 && s[2] < 0), near = false;

			for (int e = 0; e < 3; e++) {
				double dx = v[(e + 1) % 3].x - v[e].x, dy = v[(e + 1) % 3].y - v[e].y;

				near |= s[e] * s[e] <= 9 * (dx * dx + dy * dy); /* within three units of a side */
			}
			if (!near)
				assert_int_equal(t.n ? covers(&t.l[0].v[0], x, y) : false, in);
		}
		for (size_t k = 0; t.n && k < t.l[0].v[0].ends[t.l[0].v[0].nparts - 1]; k++) {
			struct mvt_xy p = t.l[0].v[0].xy[k];

			assert_true(p.x >= 0 && p.x <= 4096 && p.y >= 0 && p.y <= 4096);
		}
		done(&t);
	}
}

/* What the specification forbids is refused, with a reason; cut anywhere, nothing is read beyond the end. */
static void refused(void **state)
{
	static const char *const bad[] = {
		"\x1a\x05\x0a\x01" "a\x78\x01",                                         /* version 1 */
		"\x1a\x02\x78\x02",                                                     /* no name */
		"\x1a\x0c\x0a\x01" "a\x12\x05\x18\x01\x22\x01\x09\x78\x02",             /* a command without parameters */
		"\x1a\x0e\x0a\x01" "a\x12\x07\x18\x03\x22\x03\x09\x02\x02\x78\x02",     /* a polygon of a move */
		"\x1a\x12\x0a\x01" "a\x12\x0b\x12\x02\x01\x01\x18\x01\x22\x03\x09\x02\x02\x78\x02", /* tags beyond the tables */
		"\x1a\x7f",
	};
	static const struct mvt_xy ring[] = {{0, 0}, {100, 0}, {100, 100}};
	static const size_t three = 3;
	struct mvt_read_layer *l;
	const char *why;
	struct arena a;
	struct tile t;
	size_t n;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(mvt_read(str_from(bad[i]), &a, &l, &n, &why), ERR_INPUT);
		assert_non_null(why);
	}
	start(&t);
	mvt_feature(&t.m, 9);
	mvt_text(&t.m, "name", STR("x"));
	mvt_polygon(&t.m, ring, &three, 1, 0);
	end(&t);
	for (size_t k = 1; k < t.b.n; k++) {
		char *part = malloc(k);

		memcpy(part, t.b.p, k);
		assert_int_equal(mvt_read((struct str){part, k}, &a, &l, &n, &why), ERR_INPUT);
		free(part);
	}
	done(&t);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples), cmocka_unit_test(attributes),        cmocka_unit_test(winding),
		cmocka_unit_test(clipping), cmocka_unit_test(clipped_triangles), cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
