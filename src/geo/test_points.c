#include "tests/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "geo/mvt.h"
#include "geo/points_by_id.h"
#include "geo/points_file.h"
#include "geo/tile.h"

/* ---- chance, the same each time ---- */

static uint64_t seed;

static uint64_t chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(chance() >> 32) % n;
}

/* ---- the model: an array, and everything found by looking at all of it ---- */

#define NOW 29500000u
#define COARSE 18

struct model { struct point *v; size_t n; };   /* id 0: gone; id i + 1 at i */

static struct point any_point(int64_t id)
{
	uint32_t spread = below(4) ? 1u << 24 : 1u << 18;
	struct point p = {
		.id = id, .at = mercator_from(106.55, 29.56), .created = NOW - below(3 * 365 * 1440), .place = below(20) ? 1000 + below(800) : POINTS_PLACE_NONE,
		.tags = below(3) ? 0 : 1u << below(32), .category = (uint16_t)(below(10) ? below(20) : 250 + below(600)), .department = (uint16_t)below(300),
		.state = (uint8_t)below(below(3) ? 6 : 30), .scenario = (uint8_t)below(4), .channel = (uint8_t)below(9),
		.flags = (uint8_t)((below(3) ? POINT_PUBLIC : 0) | (below(50) ? 0 : POINT_UNLOCATED)),
	};

	p.at.x += below(spread) - spread / 2;
	p.at.y += below(spread) - spread / 2;
	if (below(40) == 0) /* many on one place */
		p.at = mercator_from(106.5, 29.5);
	if (below(200) == 0)
		p.at = (struct mercator){below(2) ? UINT32_MAX : 0, below(2) ? UINT32_MAX : 0};
	if (below(25) == 0) /* in the future, by another clock */
		p.created = NOW + below(200000);
	if (below(3) == 0) {
		p.closed = below(12) ? p.created + below(20000) : p.created - below(90000); /* another clock: before it was created */
		p.flags |= below(2) ? POINT_LATE : 0;
	} else if (below(4)) {
		p.due = NOW - 20000 + below(60000);
		p.soon = p.due - below(20000);
	}
	return p;
}

static bool in8(const uint8_t *v, size_t n, unsigned code)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == code)
			return true;
	return n == 0;
}

static bool in16(const uint16_t *v, size_t n, unsigned code)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == code)
			return true;
	return n == 0;
}

static bool in_range(struct points_range r, uint32_t t)
{
	return t >= r.from && (r.to == 0 || t < r.to);
}

static bool in_places(const struct points_range *v, size_t n, uint32_t place)
{
	for (size_t i = 0; i < n; i++)
		if (place >= v[i].from && place < v[i].to)
			return true;
	return false;
}

static bool passes(const struct points_filter *f, const struct point *p)
{
	unsigned flags = p->flags | (p->closed ? POINT_CLOSED : 0);
	struct point open = *p;

	if (p->closed)
		open.due = open.soon = 0;
	return p->id && in8(f->scenarios, f->nscenarios, p->scenario) && in16(f->categories, f->ncategories, p->category) &&
	       in8(f->states, f->nstates, p->state) && in8(f->channels, f->nchannels, p->channel) && in16(f->departments, f->ndepartments, p->department) &&
	       (f->tags == 0 || (p->tags & f->tags)) && in_range(f->created, p->created) &&
	       ((f->closed.from == 0 && f->closed.to == 0) || (p->closed && in_range(f->closed, p->closed))) &&
	       (!(f->colours & 15) || f->colours >> point_colour(&open, f->now) & 1) &&
	       (!(f->scoped || f->nplaces) || in_places(f->places, f->nplaces, p->place)) && (!f->nwithin || in_places(f->within, f->nwithin, p->place)) &&
	       (flags & f->flags) == f->flags_want && (!f->public_only || flags & POINT_PUBLIC);
}

static bool located(const struct point *p)
{
	return !(p->flags & POINT_UNLOCATED);
}

static uint64_t spread(uint32_t v)
{
	uint64_t out = 0;

	for (int i = 0; i < 32; i++)
		out |= (uint64_t)(v >> i & 1) << 2 * i;
	return out;
}

static uint64_t key_of(struct mercator m)
{
	uint64_t k = spread(m.x) | spread(m.y) << 1;

	return k == UINT64_MAX ? k - 1 : k;
}

static struct mercator real_place(const struct point *p)
{
	struct mercator m = p->at;

	if (m.x == UINT32_MAX && m.y == UINT32_MAX)
		m.x--;
	return m;
}

static struct mercator snapped(struct mercator m, int zoom)
{
	uint32_t half = 1u << (31 - zoom), mask = half * 2 - 1;

	return (struct mercator){(m.x & ~mask) + half, (m.y & ~mask) + half};
}

/* ---- filters ---- */

struct any_filter {
	struct points_filter f;
	uint8_t scenarios[3], states[4], channels[5];
	uint16_t categories[12], departments[40];
	struct points_range places[9], within[3];
};

static struct points_range some_range(uint32_t low, uint32_t span)
{
	uint32_t a = low + below(span), b = a + below(span / 2) + 1;

	return (struct points_range){a, b};
}

static void make_filter(struct any_filter *a)
{
	struct points_filter *f = &a->f;
	uint32_t parts = below(3) ? below(1u << 12) & below(1u << 12) : below(1u << 12);

	*a = (struct any_filter){.f = {.now = below(3) ? NOW + below(1440) : NOW - 3000 + below(9000)}}; /* mostly of one day: colours are kept for that long */
	for (size_t i = 0; i < ARRAY_LEN(a->scenarios); i++)
		a->scenarios[i] = (uint8_t)below(4);
	for (size_t i = 0; i < ARRAY_LEN(a->states); i++)
		a->states[i] = (uint8_t)below(8);
	for (size_t i = 0; i < ARRAY_LEN(a->channels); i++)
		a->channels[i] = (uint8_t)below(9);
	for (size_t i = 0; i < ARRAY_LEN(a->categories); i++)
		a->categories[i] = (uint16_t)(below(3) ? below(20) : below(900));
	for (size_t i = 0; i < ARRAY_LEN(a->departments); i++)
		a->departments[i] = (uint16_t)below(300);
	for (size_t i = 0; i < ARRAY_LEN(a->places); i++)
		a->places[i] = some_range(900, 900);
	for (size_t i = 0; i < ARRAY_LEN(a->within); i++)
		a->within[i] = some_range(900, 900);
	f->scenarios = a->scenarios;
	f->categories = a->categories;
	f->states = a->states;
	f->channels = a->channels;
	f->departments = a->departments;
	f->places = a->places;
	f->within = a->within;
	f->nscenarios = parts & 1 ? 1 + below(3) : 0;
	f->ncategories = parts & 2 ? 1 + below(12) : 0;
	f->nstates = parts & 4 ? 1 + below(4) : 0;
	f->nchannels = parts & 8 ? 1 + below(5) : 0;
	f->ndepartments = parts & 16 ? 1 + below(40) : 0;
	f->tags = parts & 32 ? 1u << below(32) | 1u << below(32) : 0;
	if (parts & 64)
		f->created = (struct points_range){NOW - below(3 * 365 * 1440), below(2) ? NOW - below(400 * 1440) : 0};
	if (parts & 128)
		f->closed = (struct points_range){NOW - below(3 * 365 * 1440), below(2) ? NOW - below(400 * 1440) : 0};
	f->colours = parts & 256 ? 1 + below(15) : 0;
	if (parts & 512) {
		f->scoped = true;
		f->nplaces = below(10);
	}
	f->nwithin = parts & 1024 ? 1 + below(3) : 0;
	if (parts & 2048) {
		f->flags = POINT_LATE | POINT_PUBLIC;
		f->flags_want = (uint8_t)(below(2) ? POINT_LATE : POINT_PUBLIC);
	}
	f->public_only = below(4) == 0;
}

/* ---- checks of one view against the model ---- */

struct expect_cell { uint64_t key, first; int64_t n, id; uint64_t x, y; int64_t class[TILE_CLASSES]; };

static int by_cell(const void *x, const void *y)
{
	const struct expect_cell *a = x, *b = y;

	return a->key != b->key ? (a->key < b->key ? -1 : 1) : a->first != b->first ? (a->first < b->first ? -1 : 1) : a->id < b->id ? -1 : 1;
}

/* What a tile must hold: one entry a row, then joined. */
static size_t expect_tile(const struct model *m, const struct points_filter *f, const struct tile_ask *t, struct expect_cell *out)
{
	int zoom = t->z + 6;
	size_t n = 0, k = 0;

	if (f->public_only && zoom > COARSE)
		zoom = COARSE;
	for (size_t i = 0; i < m->n; i++) {
		const struct point *p = &m->v[i];
		struct mercator at = real_place(p), seen;
		struct point open = *p;
		unsigned class;

		if (!passes(f, p) || !located(p))
			continue;
		seen = f->public_only && t->z > COARSE ? snapped(at, COARSE) : at;
		if (t->z && (seen.x >> (32 - t->z) != t->x || seen.y >> (32 - t->z) != t->y))
			continue;
		if (p->closed)
			open.due = open.soon = 0;
		class = t->by == TILE_BY_COLOUR ? point_colour(&open, f->now) : t->class_of ? t->class_of[p->state] : p->state;
		out[n] = (struct expect_cell){.key = key_of(at) >> (64 - 2 * zoom), .first = key_of(at), .n = 1, .id = p->id, .x = at.x, .y = at.y};
		out[n++].class[class < TILE_CLASSES ? class : TILE_CLASSES - 1] = 1;
	}
	qsort(out, n, sizeof(*out), by_cell);
	for (size_t i = 0; i < n; i++) {
		if (k == 0 || out[k - 1].key != out[i].key) {
			out[k++] = out[i];
			continue;
		}
		out[k - 1].n++;
		out[k - 1].x += out[i].x;
		out[k - 1].y += out[i].y;
		for (int c = 0; c < TILE_CLASSES; c++)
			out[k - 1].class[c] += out[i].class[c];
	}
	for (size_t i = 0; i < k; i++) {
		struct mercator at = {(uint32_t)(out[i].x / (uint64_t)out[i].n), (uint32_t)(out[i].y / (uint64_t)out[i].n)};
		uint32_t mask = t->z ? UINT32_MAX >> t->z : UINT32_MAX;

		if (f->public_only) {
			struct point p = {.at = {0, 0}};

			for (int b = 0; b < 32; b++) {
				p.at.x |= (uint32_t)(out[i].first >> 2 * b & 1) << b;
				p.at.y |= (uint32_t)(out[i].first >> (2 * b + 1) & 1) << b;
			}
			at = snapped(p.at, zoom);
		}
		out[i].x = (uint64_t)(at.x & mask) * 4096 >> (32 - t->z);
		out[i].y = (uint64_t)(at.y & mask) * 4096 >> (32 - t->z);
	}
	return k;
}

static int64_t attr(const struct mvt_read_feature *f, const char *key)
{
	for (size_t i = 0; i < f->nattrs; i++)
		if (str_eqz(f->attrs[i].key, key))
			return f->attrs[i].value.i;
	return 0;
}

/* Within a quarter of a cell (64 units of the tile wide), and in the same cell; to the unit where places are coarsened. */
static void same_place(int32_t got, uint64_t want, bool coarsened)
{
	if (coarsened)
		assert_int_equal(got, want);
	assert_int_equal(got / 64, want / 64);
	assert_in_range(got + 16 - (int64_t)want, 0, 32);
}

static void same_cells(const struct mvt_read_layer *l, const struct expect_cell *want, size_t n, const struct tile_ask *t, bool coarsened)
{
	static const char *const colours[] = {"none", "intime", "soon", "late"};

	assert_int_equal(l->n, n);
	for (size_t i = 0; i < n; i++) {
		const struct mvt_read_feature *f = &l->v[i];
		char name[16];

		assert_int_equal(attr(f, "n"), want[i].n);
		assert_int_equal(f->id, want[i].id);
		same_place(f->xy[0].x, want[i].x, coarsened);
		same_place(f->xy[0].y, want[i].y, coarsened);
		for (int c = 0; c < TILE_CLASSES && t->by != TILE_PLAIN; c++) {
			snprintf(name, sizeof(name), "s%d", c);
			assert_int_equal(attr(f, t->by == TILE_BY_STATE ? name : colours[c & 3]), t->by == TILE_BY_COLOUR && c > 3 ? attr(f, colours[c & 3]) : want[i].class[c]);
		}
	}
}

static void check_tile(struct points_view *v, const struct model *m, const struct points_filter *f, const struct tile_ask *t)
{
	struct expect_cell *want = calloc(m->n + 1, sizeof(*want));
	size_t n = expect_tile(m, f, t, want), layers;
	struct mvt_read_layer *l;
	struct tile_got got;
	struct arena a;
	struct buf b;
	const char *why;
	int64_t rows = 0;

	arena_init(&a, 0);
	buf_init(&b, TILE_BYTES_MAX);
	assert_int_equal(tile_make(v, f, t, &b, &got), OK);
	for (size_t i = 0; i < n; i++)
		rows += want[i].n;
	assert_int_equal(got.rows, rows);
	assert_int_equal(points_total_tile(v, f, t->z, t->x, t->y), rows);
	assert_int_equal(mvt_read(buf_str(&b), &a, &l, &layers, &why), OK);
	assert_int_equal(layers, rows ? 1 : 0);
	if (rows && (uint64_t)rows > t->rows_max)
		same_cells(&l[0], want, n, t, f->public_only);
	else if (rows)
		assert_int_equal(l[0].n, rows);
	buf_release(&b);
	arena_release(&a);
	free(want);
}

static void check_tiles(struct points_view *v, const struct model *m, const struct points_filter *f, int count)
{
	static uint8_t class_of[256];

	for (int i = 0; i < 256; i++)
		class_of[i] = (uint8_t)(i % 5);
	for (int i = 0; i < count; i++) {
		struct mercator c = mercator_from(106.55, 29.56);
		int z = (int)below(23);
		uint32_t jitter = below(2) ? 0 : below(1u << 23);
		struct tile_ask t = {.z = z, .by = (enum tile_by)below(3), .rows_max = below(3) ? 0 : below(200), .class_of = below(2) ? class_of : NULL};

		if (z) {
			t.x = (c.x + jitter) >> (32 - z);
			t.y = (c.y - jitter) >> (32 - z);
			if (below(12) == 0)
				t.x = t.y = (1u << z) - 1;  /* the corner of the world */
		}
		check_tile(v, m, f, &t);
	}
}

static void check_counts(struct points_view *v, const struct model *m, const struct points_filter *f)
{
	static uint32_t place_of[1500], category_of[700], days[401];
	struct points_by by = {.nplace = below(3) ? 40 : 0, .place_of = place_of, .place_codes = 1500, .ncategory = below(2) ? 7 : 0, .category_of = category_of,
			       .category_codes = 700, .nstate = below(2) ? 9 : 0, .nperiod = below(2) ? 400 : 0, .period_at = days, .by_closed = below(2),
			       .located = below(2)};
	size_t n = (by.nplace ? by.nplace : 1) * (by.ncategory ? by.ncategory : 1) * (by.nstate ? by.nstate : 1) * (by.nperiod ? by.nperiod : 1);
	int64_t *got = calloc(n, sizeof(*got)), *want = calloc(n, sizeof(*want));

	for (uint32_t i = 0; i < ARRAY_LEN(place_of); i++)
		place_of[i] = i % 50;
	for (uint32_t i = 0; i < ARRAY_LEN(category_of); i++)
		category_of[i] = i % 8;
	for (uint32_t i = 0; i < ARRAY_LEN(days); i++)
		days[i] = NOW - 400 * 1440 + i * 1440 - (i % 7) * 60;
	for (size_t i = 0; i < m->n; i++) {
		const struct point *p = &m->v[i];
		size_t at = 0, g;
		uint32_t t = by.by_closed ? p->closed : p->created;

		if (!passes(f, p) || (by.located && !located(p)))
			continue;
		if (by.nplace) {
			if (p->place >= 1500 || place_of[p->place] >= 40)
				continue;
			at = place_of[p->place];
		}
		if (by.ncategory) {
			if (p->category >= 700 || category_of[p->category] >= 7)
				continue;
			at = at * 7 + category_of[p->category];
		}
		if (by.nstate) {
			if (p->state >= 9)
				continue;
			at = at * 9 + p->state;
		}
		if (by.nperiod) {
			if (by.by_closed && !p->closed)
				continue;
			for (g = 0; g < 400 && !(t >= days[g] && t < days[g + 1]);)
				g++;
			if (g == 400)
				continue;
			at = at * 400 + g;
		}
		want[at]++;
	}
	assert_int_equal(points_count(v, f, &by, got), OK);
	assert_memory_equal(got, want, n * sizeof(*got));
	free(got);
	free(want);
}

static int by_curve(const void *x, const void *y)
{
	const struct point *a = x, *b = y;
	uint64_t ka = key_of(real_place(a)), kb = key_of(real_place(b));

	return ka != kb ? (ka < kb ? -1 : 1) : a->id < b->id ? -1 : 1;
}

static bool in_polygon(const struct mercator *v, size_t n, struct mercator m)
{
	bool in = false;

	for (size_t i = 0; i < n; i++) {
		double ax = v[i].x, ay = v[i].y, bx = v[(i + 1) % n].x, by = v[(i + 1) % n].y, x = m.x, y = m.y;

		if ((ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax)
			in = !in;
	}
	return in;
}

static void check_lists(struct points_view *v, const struct model *m, const struct points_filter *f)
{
	struct mercator c = mercator_from(106.55, 29.56);
	uint32_t r = 1u << (14 + below(10));
	struct points_box box = {{c.x - r, c.y - r / 2}, {c.x + r / 3, c.y + r}};
	const struct mercator star[] = {{c.x - r, c.y}, {c.x, c.y - r}, {c.x + r / 2, c.y - r / 9}, {c.x + r, c.y + r}, {c.x, c.y + r / 3}, {c.x - r / 2, c.y + r}};
	struct point *want = calloc(m->n + 1, sizeof(*want)), *got, *all;
	struct points_near *near;
	size_t n = 0, k, ends = ARRAY_LEN(star), poly = 0;
	struct arena a;
	bool more;

	arena_init(&a, 0);
	for (size_t i = 0; i < m->n; i++) {
		struct mercator at = real_place(&m->v[i]);

		if (!passes(f, &m->v[i]) || !located(&m->v[i]))
			continue;
		at = f->public_only ? snapped(at, COARSE) : at;
		poly += in_polygon(star, ends, at);
		if (at.x < box.min.x || at.x > box.max.x || at.y < box.min.y || at.y > box.max.y)
			continue;
		want[n++] = m->v[i];
	}
	qsort(want, n, sizeof(*want), by_curve);
	assert_int_equal(points_in_box(v, f, &box, &a, m->n, &got, &k, &more), OK);
	assert_int_equal(k, n);
	assert_false(more);
	for (size_t i = 0; i < n; i++) {
		struct mercator at = f->public_only ? snapped(real_place(&want[i]), COARSE) : real_place(&want[i]);

		assert_int_equal(got[i].id, want[i].id);
		assert_int_equal(got[i].at.x, at.x);
		assert_int_equal(got[i].at.y, at.y);
		assert_int_equal(got[i].category, want[i].category);
		assert_int_equal(got[i].place, want[i].place);
	}
	assert_int_equal(points_in_box(v, f, &box, &a, n / 2, &got, &k, &more), OK);
	assert_true(k == n / 2 && more == (n > n / 2));
	assert_int_equal(points_sample(v, f, 1, &a, m->n, &all, &n, &more), OK);
	assert_int_equal(points_sample(v, f, 3, &a, m->n, &got, &k, &more), OK);
	assert_int_equal(k, (n + 2) / 3);
	for (size_t i = 0; i < k; i++)
		assert_int_equal(got[i].id, all[3 * i].id);
	assert_int_equal(points_sample(v, f, 0, &a, m->n, &got, &k, &more), ERR_INPUT);
	assert_int_equal(points_in_polygon(v, f, star, &ends, 1, &a, m->n, &got, &k, &more), OK);
	assert_int_equal(k, poly);
	assert_int_equal(points_nearest(v, f, c, 5, 3000, &a, &near, &k), OK);
	for (size_t i = 0, better = 0; i < m->n && k; i++, better = 0) {
		struct mercator at = f->public_only ? snapped(real_place(&m->v[i]), COARSE) : real_place(&m->v[i]);
		double d = coord_metres(mercator_to(c), mercator_to(at));

		for (size_t j = 0; j < k; j++)
			better += near[j].p.id == m->v[i].id;
		if (!better && passes(f, &m->v[i]) && located(&m->v[i]))
			assert_true(d >= near[k - 1].metres - 1e-6 && (k == 5 || d > 3000));
	}
	arena_release(&a);
	free(want);
}

static void check_density(struct points_view *v, const struct model *m, const struct points_filter *f)
{
	struct mercator c = mercator_from(106.55, 29.56);
	struct points_box box = {{c.x - (1u << 21), c.y - (1u << 21)}, {c.x + (1u << 21), c.y + (1u << 20)}};
	int zoom = (int)below(15), down = 32 - zoom;
	struct points_cell *cells;
	struct arena a;
	size_t n;

	arena_init(&a, 0);
	assert_int_equal(points_density(v, f, &box, zoom, &a, 100000, &cells, &n), OK);
	for (size_t i = 0; i < n; i++) {
		int64_t want = 0;

		for (size_t k = 0; k < m->n; k++) {
			struct mercator at = real_place(&m->v[k]);

			want += passes(f, &m->v[k]) && located(&m->v[k]) && (zoom == 0 || (at.x >> down == cells[i].x && at.y >> down == cells[i].y));
		}
		assert_int_equal(cells[i].n, want);
		if (i == 20)
			break;
	}
	arena_release(&a);
}

/* Pages together are what passes, those on the map first, each part by id. */
static void check_pages(struct points_view *v, const struct model *m, const struct points_filter *f)
{
	int64_t *want = calloc(m->n + 1, sizeof(*want)), matched;
	struct points_after after = {0};
	size_t all = 0, seen = 0, n;
	struct point *got;
	struct arena a;

	arena_init(&a, 0);
	for (int there = 1; there >= 0; there--)
		for (size_t i = 0; i < m->n; i++)
			if (passes(f, &m->v[i]) && located(&m->v[i]) == there)
				want[all++] = m->v[i].id;
	do {
		assert_int_equal(OK, points_by_id(v, f, NULL, 0, after, all / 3 + 1, &a, &got, &n, &matched));
		assert_int_equal(matched, all);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(want[seen++], got[i].id);
		if (n)
			after = (struct points_after){got[n - 1].id, !located(&got[n - 1])};
	} while (n);
	assert_int_equal(seen, all);
	arena_release(&a);
	free(want);
}

static void check_all(struct points *p, const struct model *m, int filters)
{
	struct points_view *v = points_view(p);
	struct any_filter f;

	if (filters % 2 == 0)
		points_colours_ready(v, NOW, 60);
	for (int i = 0; i < filters; i++) {
		int64_t n = 0;

		make_filter(&f);
		if (i == 0)
			f.f = (struct points_filter){.now = NOW};
		for (size_t k = 0; k < m->n; k++)
			n += passes(&f.f, &m->v[k]);
		assert_int_equal(points_total(v, &f.f), n);
		check_tiles(v, m, &f.f, 3);
		check_counts(v, m, &f.f);
		check_lists(v, m, &f.f);
		check_density(v, m, &f.f);
		check_pages(v, m, &f.f);
	}
	points_view_end(v);
}

/* ---- changes ---- */

static void change(struct points *p, struct model *m, size_t n)
{
	struct point *rows = calloc(n + 1, sizeof(*rows));
	int64_t *gone = calloc(n + 1, sizeof(*gone)), seq;
	size_t nrows = 0, ngone = 0;
	struct points_stats s;

	points_stats(p, &s);
	seq = s.seq + 1;
	for (size_t i = 0; i < n; i++) {
		size_t at = below((uint32_t)m->n);

		if (below(10)) {
			struct point q = any_point((int64_t)at + 1);

			if (m->v[at].id && below(2)) { /* the same place, another state */
				q = m->v[at];
				q.state = (uint8_t)below(6);
				q.closed = q.created + 5;
			}
			rows[nrows++] = q;
			m->v[at] = q;
		}
	}
	for (size_t i = 0; i < n / 10; i++) {
		size_t at = below((uint32_t)m->n);

		gone[ngone++] = (int64_t)at + 1;
		m->v[at].id = 0;
	}
	assert_int_equal(points_apply(p, rows, nrows, gone, ngone, seq), OK);
	points_stats(p, &s);
	assert_int_equal(s.seq, seq);
	free(rows);
	free(gone);
}

static int64_t alive(const struct model *m)
{
	int64_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->v[i].id != 0;
	return n;
}

static void check_rows(struct points *p, const struct model *m)
{
	struct points_stats s;

	points_stats(p, &s);
	assert_int_equal(s.rows, alive(m));
	for (size_t i = 0; i < m->n; i += 1 + below(20)) {
		struct point q;

		assert_int_equal(points_get(p, (int64_t)i + 1, &q), m->v[i].id != 0);
		if (m->v[i].id)
			assert_true(q.state == m->v[i].state && q.created == m->v[i].created && q.place == m->v[i].place && q.category == m->v[i].category);
	}
}

static struct model some_model(size_t n, size_t filled)
{
	struct model m = {calloc(n, sizeof(*m.v)), n};

	for (size_t i = 0; i < filled; i++)
		m.v[i] = any_point((int64_t)i + 1);
	return m;
}

static void against_naive(void **state)
{
	static const char *const names[] = {"scalar", "avx2", "avx512"};
	const char *best = points_kernels();

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(names); k++) {
		struct points *p = points_new(&(struct points_options){.no_thread = true});
		struct model m;

		if (!points_kernels_use(names[k])) {
			print_message("%s: not on this processor\n", names[k]);
			points_free(p);
			continue;
		}
		seed = 0x9e3779b97f4a7c15u;
		m = some_model(50000, 45000);
		assert_int_equal(points_load(p, m.v, 45000, 7), OK);
		check_all(p, &m, 8);
		for (int round = 0; round < 6; round++) {
			static const size_t sizes[] = {1, 30, 3000, 9000, 1, 15000};

			for (int i = 0; i < 12; i++)
				change(p, &m, sizes[round] / 12 + 1);
			check_rows(p, &m);
			check_all(p, &m, 4);
		}
		points_settle(p);
		check_rows(p, &m);
		check_all(p, &m, 8);
		points_free(p);
		free(m.v);
	}
	points_kernels_use(best);
}

/* From nothing, by changes alone, down to nothing again. */
static void grown_from_nothing(void **state)
{
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct model m = some_model(60000, 0);
	struct points_stats s;

	(void)state;
	seed = 77;
	check_all(p, &m, 2);
	for (int i = 0; i < 40; i++)
		change(p, &m, 3000);
	check_rows(p, &m);
	check_all(p, &m, 3);
	for (size_t i = 0; i < m.n; i++) {
		int64_t id = (int64_t)i + 1;

		m.v[i].id = 0;
		if (i % 500 == 0)
			assert_int_equal(points_apply(p, NULL, 0, &id, 1, 1), OK);
	}
	for (size_t i = 0; i < m.n; i += 1000) {
		int64_t ids[1000];

		for (int k = 0; k < 1000; k++)
			ids[k] = (int64_t)i + k + 1;
		assert_int_equal(points_apply(p, NULL, 0, ids, 1000, 2), OK);
	}
	points_settle(p);
	points_stats(p, &s);
	assert_true(s.rows == 0 && s.segments == 0 && s.runs == 0 && s.pending == 0);
	check_all(p, &m, 3);
	for (int i = 0; i < 20; i++)
		change(p, &m, 2000);
	check_all(p, &m, 3);
	points_free(p);
	free(m.v);
}

/* One point changed again and again, there and back, in one batch and in many. */
static void one_point_often(void **state)
{
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct model m = some_model(3, 1);
	struct point forms[2];

	(void)state;
	seed = 5;
	forms[0] = any_point(1);
	forms[1] = forms[0];
	forms[0].flags &= (uint8_t)~POINT_UNLOCATED;
	forms[1].flags = forms[0].flags;
	forms[1].state = 3;
	for (int i = 0; i < 3000; i++) {
		m.v[0] = forms[i & 1];
		assert_int_equal(points_apply(p, m.v, 1, NULL, 0, i), OK);
		if (i % 700 == 0)
			points_settle(p);
		if (i % 97 == 0)
			check_all(p, &m, 1);
	}
	for (int i = 0; i < 9; i++) {
		const struct point v[3] = {forms[0], forms[1], forms[i & 1]};
		int64_t id = 1;

		assert_int_equal(points_apply(p, v, 3, &id, i % 3 == 0, i), OK);
		m.v[0] = forms[i & 1];
		m.v[0].id = i % 3 != 0;
		check_all(p, &m, 1);
	}
	points_free(p);
	free(m.v);
}

/* ---- edges ---- */

static void edges(void **state)
{
	struct points *p = points_new(NULL);
	struct points_view *v = points_view(p);
	struct points_filter f = {.now = NOW};
	struct point far[4] = {{.id = 1, .at = {0, 0}}, {.id = 2, .at = {UINT32_MAX, UINT32_MAX}}, {.id = 3, .at = {UINT32_MAX, 0}}, {.id = 4, .at = {0, UINT32_MAX}}};
	struct tile_ask t = {.z = 0};
	struct buf b;
	int64_t n;

	(void)state;
	buf_init(&b, 1 << 20);
	assert_int_equal(tile_make(v, &f, &t, &b, NULL), OK);
	assert_int_equal(b.n, 0);
	t = (struct tile_ask){.z = 3, .x = 8};
	assert_int_equal(tile_make(v, &f, &t, &b, NULL), ERR_INPUT);
	t = (struct tile_ask){.z = 23};
	assert_int_equal(tile_make(v, &f, &t, &b, NULL), ERR_INPUT);
	t = (struct tile_ask){.z = -1};
	assert_int_equal(tile_make(v, &f, &t, &b, NULL), ERR_INPUT);
	points_view_end(v);
	assert_int_equal(points_load(p, far, 4, 1), OK);
	v = points_view(p);
	for (int z = 1; z < 23; z++) {
		uint32_t last = (1u << z) - 1;

		assert_int_equal(points_total_tile(v, &f, z, 0, 0), 1);
		assert_int_equal(points_total_tile(v, &f, z, last, last), 1);
		assert_int_equal(points_total_tile(v, &f, z, last, 0), 1);
		assert_int_equal(points_total_tile(v, &f, z, 0, last), 1);
	}
	assert_int_equal(points_total_tile(v, &f, 0, 0, 0), 4);
	f.scoped = true; /* a reader without any place sees nothing */
	assert_int_equal(points_total(v, &f), 0);
	points_view_end(v);
	far[0].id = 0;
	assert_int_equal(points_load(p, far, 4, 2), ERR_INPUT);
	assert_int_equal(points_apply(p, far, 1, NULL, 0, 2), ERR_INPUT);
	v = points_view(p);
	n = points_view_rows(v);
	assert_int_equal(n, 4);
	assert_int_equal(points_view_seq(v), 1);
	points_view_end(v);
	buf_release(&b);
	points_free(p);
}

/* More rows on one place than a segment holds; they are one cell, and the tile that holds them says how many. */
static void all_on_one_place(void **state)
{
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct model m = some_model(100000, 100000);

	(void)state;
	seed = 3;
	for (size_t i = 0; i < m.n; i++) {
		m.v[i].at = mercator_from(106.5, 29.5);
		m.v[i].flags &= (uint8_t)~POINT_UNLOCATED;
	}
	assert_int_equal(points_load(p, m.v, m.n, 1), OK);
	check_all(p, &m, 2);
	for (size_t i = 0; i < m.n; i += 3)
		m.v[i].state = 1;
	assert_int_equal(points_apply(p, m.v, m.n, NULL, 0, 2), OK);
	check_all(p, &m, 2);
	points_settle(p);
	check_all(p, &m, 2);
	points_free(p);
	free(m.v);
}

static void a_row_twice(void **state)
{
	struct points *p = points_new(NULL);
	struct model m = some_model(3000, 3000);
	struct point *twice = calloc(6000, sizeof(*twice));

	(void)state;
	seed = 11;
	for (size_t i = 0; i < 3000; i++)
		twice[i] = any_point((int64_t)(below(3000) + 1));
	memcpy(twice + 3000, m.v, 3000 * sizeof(*twice));
	assert_int_equal(points_load(p, twice, 6000, 1), OK);
	check_rows(p, &m);
	check_all(p, &m, 2);
	free(twice);
	points_free(p);
	free(m.v);
}

static void renumbered(void **state)
{
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct model m = some_model(45000, 45000);
	uint32_t to[1800];

	(void)state;
	seed = 12;
	assert_int_equal(points_load(p, m.v, m.n, 1), OK);
	change(p, &m, 2000);
	for (uint32_t i = 0; i < 1800; i++)
		to[i] = i < 1000 ? i : 2799 - i;  /* turned round */
	assert_int_equal(points_renumber(p, to, 1800), OK);
	for (size_t i = 0; i < m.n; i++)
		if (m.v[i].place != POINTS_PLACE_NONE)
			m.v[i].place = to[m.v[i].place];
	check_rows(p, &m);
	check_all(p, &m, 3);
	change(p, &m, 2000);
	points_settle(p);
	check_rows(p, &m);
	check_all(p, &m, 3);
	points_free(p);
	free(m.v);
}

/* The same content gives the same bytes, however it came about. */
static void deterministic(void **state)
{
	struct points *p[2] = {points_new(&(struct points_options){.no_thread = true}), points_new(&(struct points_options){.no_thread = true})};
	struct model m = some_model(30000, 30000);
	struct mercator c = mercator_from(106.55, 29.56);
	struct points_view *v[2];
	struct buf b[2];

	(void)state;
	seed = 13;
	assert_int_equal(points_load(p[0], m.v, m.n, 1), OK);
	for (int i = 0; i < 30; i++)
		change(p[0], &m, 300);
	for (size_t i = 0; i < m.n; i++)
		if (m.v[i].id)
			assert_int_equal(points_apply(p[1], &m.v[i], 1, NULL, 0, 1), OK);
	for (int k = 0; k < 2; k++) {
		buf_init(&b[k], TILE_BYTES_MAX);
		v[k] = points_view(p[k]);
	}
	for (int z = 0; z < 20; z++) {
		struct points_filter f = {.now = NOW};
		struct tile_ask t = {.z = z, .x = z ? c.x >> (32 - z) : 0, .y = z ? c.y >> (32 - z) : 0, .by = (enum tile_by)(z % 3), .rows_max = 100};

		for (int k = 0; k < 2; k++) {
			buf_clear(&b[k]);
			assert_int_equal(tile_make(v[k], &f, &t, &b[k], NULL), OK);
		}
		assert_true(str_eq(buf_str(&b[0]), buf_str(&b[1])));
	}
	for (int k = 0; k < 2; k++) {
		points_view_end(v[k]);
		points_free(p[k]);
		buf_release(&b[k]);
	}
	free(m.v);
}

/* ---- readers beside a writer ---- */

struct reader { struct points *p; atomic_bool *stop; int64_t looks; };

/* Every batch keeps the number of rows in the square: whoever looks must always see exactly that many, in whatever colours, on whatever day. */
static void *read_on(void *arg)
{
	struct reader *r = arg;
	struct points_filter f = {.now = NOW};
	struct buf b;

	buf_init(&b, TILE_BYTES_MAX);
	while (!atomic_load(r->stop) || r->looks == 0) {
		struct points_view *v = points_view(r->p);
		struct tile_got got;
		struct tile_ask t = {.z = 0, .by = r->looks % 2 ? TILE_BY_COLOUR : TILE_BY_STATE};
		int64_t n = 0;

		buf_clear(&b);
		f.now = NOW + (uint32_t)(r->looks % 7) * 700;
		for (int i = 0; i < 4; i++) {
			f.colours = 1u << i;
			n += points_total(v, &f);
		}
		f.colours = 0;
		if (n != 50000)
			BUG("a reader saw %lld rows of all colours", (long long)n);
		if (tile_make(v, &f, &t, &b, &got) != OK || got.rows != 50000 || points_view_rows(v) != 50000 || points_total(v, &f) != 50000)
			BUG("a reader saw %lld rows", (long long)got.rows);
		points_view_end(v);
		r->looks++;
	}
	buf_release(&b);
	return NULL;
}

static void readers_beside_a_writer(void **state)
{
	struct points *p = points_new(NULL);
	struct model m = some_model(50000, 50000);
	atomic_bool stop = false;
	struct reader r[2] = {{p, &stop, 0}, {p, &stop, 0}};
	struct point *rows = calloc(2000, sizeof(*rows));
	pthread_t t[2];

	(void)state;
	seed = 21;
	for (size_t i = 0; i < m.n; i++)
		m.v[i].flags &= (uint8_t)~POINT_UNLOCATED;
	assert_int_equal(points_load(p, m.v, m.n, 1), OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, read_on, &r[i]), 0);
	for (int round = 0; round < 120; round++) {
		size_t n = 1 + below(1999);

		for (size_t i = 0; i < n; i++) {
			rows[i] = any_point((int64_t)below(50000) + 1);
			rows[i].flags &= (uint8_t)~POINT_UNLOCATED;
			m.v[rows[i].id - 1] = rows[i];
		}
		assert_int_equal(points_apply(p, rows, n, NULL, 0, round), OK);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	check_rows(p, &m);
	check_all(p, &m, 2);
	points_settle(p);
	check_rows(p, &m);
	check_all(p, &m, 2);
	points_free(p);
	free(rows);
	free(m.v);
}

static void places_on_the_map(void **state)
{
	static const struct { double lon, lat; uint32_t x, y; } known[] = {
		{0, 0, 1u << 31, 1u << 31}, {-180, 85.0511287798066, 0, 0}, {-180, 89, 0, 0}, {180, -89, UINT32_MAX, UINT32_MAX}, {90, 0, 3u << 30, 1u << 31},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct mercator m = mercator_from(known[i].lon, known[i].lat);

		assert_true(llabs((long long)m.x - known[i].x) <= 1 && llabs((long long)m.y - known[i].y) <= 1);
	}
	for (double lon = 105; lon < 111; lon += 0.61)
		for (double lat = 28; lat < 33; lat += 0.57) {
			struct lonlat l = mercator_to(mercator_from(lon, lat));

			assert_true(coord_metres(l, (struct lonlat){lon, lat}) < 0.02);
		}
	assert_true(fabs(1 / mercator_units(1u << 31) - 40075016.68 / 4294967296.0) < 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_on_the_map), cmocka_unit_test(edges),         cmocka_unit_test(a_row_twice),
		cmocka_unit_test(against_naive),     cmocka_unit_test(grown_from_nothing), cmocka_unit_test(one_point_often),
		cmocka_unit_test(all_on_one_place),  cmocka_unit_test(renumbered),    cmocka_unit_test(deterministic),
		cmocka_unit_test(readers_beside_a_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
