#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "geo/points.h"
#include "geo/points_help.h"
#include "geo/tile.h"

/* ---- pieces of work ---- */

#define PIECES 3000u

struct tried { unsigned char done[PIECES]; unsigned in[HELP_WORKERS]; bool twice; };

static void try_piece(void *arg, unsigned worker, size_t i)
{
	struct tried *t = arg;

	if (worker >= HELP_WORKERS || __atomic_add_fetch(&t->in[worker], 1, __ATOMIC_SEQ_CST) != 1)
		__atomic_store_n(&t->twice, true, __ATOMIC_SEQ_CST);
	t->done[i]++;
	for (volatile int k = 0; k < 200; k++)
		;
	__atomic_sub_fetch(&t->in[worker], 1, __ATOMIC_SEQ_CST);
}

static void *ask(void *arg)
{
	bool *right = arg;
	struct tried *t = malloc(sizeof(*t));

	*right = true;
	for (int round = 0; round < 60; round++) {
		memset(t, 0, sizeof(*t));
		if (round % 3)
			help_run(PIECES, try_piece, t);
		else
			help_load(PIECES, try_piece, t);
		for (size_t i = 0; i < PIECES; i++)
			*right &= t->done[i] == 1;
		*right &= !t->twice;
	}
	free(t);
	return NULL;
}

static void each_piece_once_whoever_asks(void **state)
{
	pthread_t t[3];
	bool right[3];

	(void)state;
	help_run(0, try_piece, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask, &right[i]), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		assert_true(right[i]);
	}
}

/* ---- answers over so many rows that others help, each place a neighbourhood as in the world ---- */

#define ROWS 700000u
#define SIDE 64u               /* places in a row of the map */
#define TOWNS 50u
#define NOW 29500000u

static struct point *rows;

static struct point some_row(uint32_t i)
{
	uint64_t h = (i + 1) * 0x9e3779b97f4a7c15u;
	uint32_t u = (uint32_t)(h >> 44), v;      /* twenty bits */
	struct point p = {.id = (int64_t)i + 1};

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	v = (uint32_t)(h >> 44);
	p.at = (struct mercator){(200u << 24) + (u << 4), (100u << 24) + (v << 4)};
	p.place = (v >> 14) * SIDE + (u >> 14);
	if (h % 29 == 0) /* some of a neighbour */
		p.place = (p.place + 1) % (SIDE * SIDE);
	h = (h ^ h >> 31) * 0x94d049bb133111ebu;
	p.created = NOW - (uint32_t)(h >> 32) % 1500000;
	p.category = (uint16_t)(h % 20);
	p.state = (uint8_t)(h >> 8 & 7);
	p.channel = (uint8_t)(h >> 16 & 7);
	p.tags = h >> 20 & 3 ? 0 : 1u << (h >> 24 & 31);
	p.flags = h >> 11 & 1 ? POINT_PUBLIC : 0;
	if (h >> 13 & 1) {
		p.closed = p.created + (uint32_t)(h >> 40) % 30000;
	} else if (h >> 14 & 1) {
		p.due = p.created + (uint32_t)(h >> 36) % 2000000;
		p.soon = p.due - (uint32_t)(h >> 30) % 3000;
	}
	return p;
}

static bool passes(const struct points_filter *f, const struct point *p)
{
	bool in = f->nplaces == 0, state = f->nstates == 0;

	for (size_t i = 0; i < f->nplaces; i++)
		in |= p->place >= f->places[i].from && p->place < f->places[i].to;
	for (size_t i = 0; i < f->nstates; i++)
		state |= p->state == f->states[i];
	return in && state && (f->tags == 0 || (p->tags & f->tags)) && p->created >= f->created.from && (f->colours == 0 || f->colours >> point_colour(p, NOW) & 1) &&
	       (f->ncategories == 0 || p->category == f->categories[0]) && (!f->public_only || p->flags & POINT_PUBLIC);
}

static void same_counts(struct points_view *v, const struct points_filter *f, const struct points_by *by)
{
	int64_t *got = calloc(by->nplace, sizeof(*got)), *want = calloc(by->nplace, sizeof(*want)), all = 0;

	for (uint32_t i = 0; i < ROWS; i++)
		if (passes(f, &rows[i])) {
			all++;
			if (by->place_of[rows[i].place] < by->nplace)
				want[by->place_of[rows[i].place]]++;
		}
	for (unsigned helpers = 0; helpers < 4; helpers += 3) {
		points_helpers(helpers);
		assert_int_equal(points_count(v, f, by, got), OK);
		assert_memory_equal(got, want, by->nplace * sizeof(*got));
	}
	assert_int_equal(points_total(v, f), all);
	free(got);
	free(want);
}

static void same_tiles(struct points_view *v, const struct points_filter *f)
{
	static const struct { int z; uint32_t x, y; } tiles[] = {{0, 0, 0}, {8, 200, 100}, {9, 401, 200}};
	struct buf alone, helped;
	struct tile_got a, b;

	buf_init(&alone, TILE_BYTES_MAX);
	buf_init(&helped, TILE_BYTES_MAX);
	for (size_t i = 0; i < ARRAY_LEN(tiles) * 3; i++) {
		const struct tile_ask t = {.z = tiles[i / 3].z, .x = tiles[i / 3].x, .y = tiles[i / 3].y, .by = (enum tile_by)(i % 3)};

		buf_clear(&alone);
		buf_clear(&helped);
		points_helpers(0);
		assert_int_equal(tile_make(v, f, &t, &alone, &a), OK);
		points_helpers(3);
		assert_int_equal(tile_make(v, f, &t, &helped, &b), OK);
		assert_int_equal(a.rows, b.rows);
		assert_int_equal(a.rows, points_total_tile(v, f, t.z, t.x, t.y));
		assert_int_equal(alone.n, helped.n);
		assert_memory_equal(alone.p, helped.p, alone.n);
	}
	buf_release(&alone);
	buf_release(&helped);
}

static void helped_or_alone(void **state)
{
	static const uint16_t category[] = {7};
	static const uint8_t states[] = {1, 4, 6};
	static const struct points_range near[] = {{100, 900}, {2000, 2001}}, many[] = {{0, 64}, {130, 190}, {256, 257}, {300, 420}, {500, 510}, {600, 777},
		{1000, 1001}, {1200, 1300}, {1500, 1900}, {2500, 4000}};
	const struct points_filter filters[] = {
		{.now = NOW}, {.now = NOW, .states = states, .nstates = 3}, {.now = NOW, .places = near, .nplaces = 2},
		{.now = NOW, .places = many, .nplaces = ARRAY_LEN(many)}, {.now = NOW, .colours = 1 << POINT_SOON | 1 << POINT_OVERDUE},
		{.now = NOW, .colours = 1 << POINT_IN_TIME, .created.from = NOW - 700000}, {.now = NOW, .tags = 0xf0f0, .public_only = true},
		{.now = NOW, .categories = category, .ncategories = 1, .created.from = NOW - 43200},
	};
	static uint32_t town_of[SIDE * SIDE], scattered[SIDE * SIDE];
	const struct points_by towns = {.nplace = TOWNS, .place_of = town_of, .place_codes = SIDE * SIDE},
			       odd = {.nplace = TOWNS, .place_of = scattered, .place_codes = SIDE * SIDE};
	const char *best = points_kernels();
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct points_view *v;

	(void)state;
	for (uint32_t i = 0; i < SIDE * SIDE; i++) { /* places of a town follow each other; or they do not, and some are of none */
		town_of[i] = i * TOWNS / (SIDE * SIDE);
		scattered[i] = i * 7919 % (TOWNS + 5);
	}
	rows = malloc(ROWS * sizeof(*rows));
	for (uint32_t i = 0; i < ROWS; i++)
		rows[i] = some_row(i);
	assert_int_equal(points_load(p, rows, ROWS, 1), OK);
	for (uint32_t i = 0; i < ROWS; i += 997) { /* and some in runs */
		rows[i].state = 1;
		rows[i].place = 2000;
		assert_int_equal(points_apply(p, &rows[i], 1, NULL, 0, i), OK);
	}
	v = points_view(p);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		static const char *const names[] = {"avx512", "avx2", "scalar"};

		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (points_kernels_use(names[k])) {
				same_counts(v, &filters[i], &towns);
				same_tiles(v, &filters[i]);
			}
		points_kernels_use(best);
		same_counts(v, &filters[i], &odd);
	}
	points_view_end(v);
	points_free(p);
	free(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_piece_once_whoever_asks), cmocka_unit_test(helped_or_alone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
