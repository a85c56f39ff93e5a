#include "geo/ground_map.h"

#include <stdlib.h>

#include "base/grow.h"
#include "base/map.h"

#define BLOCK 32                 /* features that share a box in the index; they stand along a curve, so the box is small */

struct box { struct mercator min, max; };

struct item {
	struct box box;
	uint32_t point, npoints, end, nparts, name;
	uint8_t kind, rank, flags;
};

struct block {
	struct box box;
	uint32_t from, n;
	uint8_t kind, rank;
};

struct ground_map {
	struct item *v;           size_t n, cap;
	struct mercator *points;  size_t npoints, points_cap;
	uint32_t *ends;           size_t nends, ends_cap;
	struct str *names;        size_t nnames, names_cap;
	struct block *blocks;     size_t nblocks;
	struct map known;         /* names while it is filled -> number + 1 */
	struct arena texts, scratch;
	struct box box;
};

/* ---- filling ---- */

static void *shrunk(void *p, size_t n, size_t size)
{
	p = realloc(p, n ? n * size : size);
	if (p == NULL)
		BUG("out of memory");
	return p;
}

struct ground_map *ground_map_new(void)
{
	struct ground_map *m = calloc(1, sizeof(*m));

	if (m == NULL)
		BUG("out of memory");
	map_init(&m->known, NULL);
	arena_init(&m->texts, (size_t)1 << 30);
	arena_init(&m->scratch, (size_t)2 << 30);
	return m;
}

static uint32_t name_number(struct ground_map *m, struct str name)
{
	uintptr_t known = str_empty(name) ? 0 : (uintptr_t)map_get(&m->known, name);

	if (known || str_empty(name))
		return (uint32_t)known;
	m->names = grown(m->names, &m->names_cap, m->nnames + 1, sizeof(*m->names));
	m->names[m->nnames] = arena_str(&m->texts, name);
	map_put(&m->known, name, (void *)(uintptr_t)(m->nnames + 1));
	return (uint32_t)++m->nnames;
}

static void widen(struct box *b, const struct box *by, bool first)
{
	if (first) {
		*b = *by;
		return;
	}
	b->min.x = by->min.x < b->min.x ? by->min.x : b->min.x;
	b->min.y = by->min.y < b->min.y ? by->min.y : b->min.y;
	b->max.x = by->max.x > b->max.x ? by->max.x : b->max.x;
	b->max.y = by->max.y > b->max.y ? by->max.y : b->max.y;
}

static bool add(struct ground_map *m, const struct ground_feature *f)
{
	uint32_t n = f->ends[f->nparts - 1];
	struct item it = {.point = (uint32_t)m->npoints, .npoints = n, .end = (uint32_t)m->nends, .nparts = (uint32_t)f->nparts,
			  .name = name_number(m, f->name), .kind = (uint8_t)f->kind, .rank = f->rank, .flags = f->flags};

	if (n > GROUND_POINTS_MAX - m->npoints)
		return false;
	m->points = grown(m->points, &m->points_cap, m->npoints + n, sizeof(*m->points));
	m->ends = grown(m->ends, &m->ends_cap, m->nends + f->nparts, sizeof(*m->ends));
	m->v = grown(m->v, &m->cap, m->n + 1, sizeof(*m->v));
	for (uint32_t i = 0; i < n; i++) {
		struct lonlat at = shape_lonlat(f->points[i]);
		struct mercator p;

		if (!coord_valid(at.lon, at.lat))
			return false;
		p = mercator_from(at.lon, at.lat);
		m->points[m->npoints + i] = p;
		widen(&it.box, &(struct box){p, p}, i == 0);
	}
	memcpy(m->ends + m->nends, f->ends, f->nparts * sizeof(*f->ends));
	m->npoints += n;
	m->nends += f->nparts;
	widen(&m->box, &it.box, m->n == 0);
	m->v[m->n++] = it;
	return true;
}

bool ground_map_add(struct ground_map *m, struct str part)
{
	struct ground_feature f;
	bool ok = true;

	while (ok && part.n) {
		arena_reset(&m->scratch);
		ok = ground_decode(&m->scratch, &part, &f) && add(m, &f);
	}
	return ok;
}

void ground_map_done(struct ground_map *m)
{
	struct block *b = NULL;

	m->blocks = calloc(m->n + 1, sizeof(*m->blocks));
	if (m->blocks == NULL)
		BUG("out of memory");
	for (size_t i = 0; i < m->n; i++) {
		const struct item *it = &m->v[i];

		if (b == NULL || b->n == BLOCK || b->kind != it->kind || b->rank != it->rank) {
			b = &m->blocks[m->nblocks++];
			*b = (struct block){.from = (uint32_t)i, .kind = it->kind, .rank = it->rank};
		}
		widen(&b->box, &it->box, b->n == 0);
		b->n++;
	}
	m->blocks = shrunk(m->blocks, m->nblocks, sizeof(*m->blocks));
	m->v = shrunk(m->v, m->n, sizeof(*m->v));
	m->points = shrunk(m->points, m->npoints, sizeof(*m->points));
	m->ends = shrunk(m->ends, m->nends, sizeof(*m->ends));
	map_release(&m->known);
	map_init(&m->known, NULL);
	arena_release(&m->scratch);
}

void ground_map_free(struct ground_map *m)
{
	if (m == NULL)
		return;
	free(m->v);
	free(m->points);
	free(m->ends);
	free(m->names);
	free(m->blocks);
	map_release(&m->known);
	arena_release(&m->texts);
	arena_release(&m->scratch);
	free(m);
}

size_t ground_map_count(const struct ground_map *m)
{
	return m->n;
}

size_t ground_map_bytes(const struct ground_map *m)
{
	return m->n * sizeof(*m->v) + m->npoints * sizeof(*m->points) + m->nends * sizeof(*m->ends) + m->nblocks * sizeof(*m->blocks) +
	       m->nnames * sizeof(*m->names) + m->texts.total;
}

bool ground_map_bounds(const struct ground_map *m, struct lonlat *south_west, struct lonlat *north_east)
{
	if (m->n == 0)
		return false;
	*south_west = mercator_to((struct mercator){m->box.min.x, m->box.max.y});
	*north_east = mercator_to((struct mercator){m->box.max.x, m->box.min.y});
	return true;
}

/* ---- looking ---- */

/* From which zoom on a rank is shown. */
static bool is_shown(uint8_t kind, uint8_t rank, int zoom)
{
	static const int from[GROUND_KINDS][GROUND_RANKS] = {
		[GROUND_GREEN] = {0, 11, 10, 12, 12, 12, 12}, [GROUND_WATER] = {0, 4, 6, 8, 8, 8, 8},
		[GROUND_WATERWAY] = {0, 8, 11, 13, 13, 13, 13}, [GROUND_RAIL] = {0, 8, 11, 12, 12, 12, 12}, [GROUND_ROAD] = {0, 5, 8, 10, 11, 13, 15}};

	return zoom >= from[kind][rank];
}

static bool meet(const struct box *b, struct mercator min, struct mercator max)
{
	return b->min.x <= max.x && min.x <= b->max.x && b->min.y <= max.y && min.y <= b->max.y;
}

static struct ground_seen seen(const struct ground_map *m, uint32_t i)
{
	const struct item *it = &m->v[i];

	return (struct ground_seen){i, (enum ground_kind)it->kind, it->rank, it->flags, it->name ? m->names[it->name - 1] : STR(""), m->points + it->point,
				    m->ends + it->end, it->nparts, it->box.min, it->box.max};
}

bool ground_map_get(const struct ground_map *m, uint32_t number, struct ground_seen *out)
{
	if (number >= m->n)
		return false;
	*out = seen(m, number);
	return true;
}

void ground_map_each(const struct ground_map *m, struct mercator min, struct mercator max, int zoom, void (*fn)(void *arg, const struct ground_seen *s),
		     void *arg)
{
	for (size_t b = 0; b < m->nblocks; b++) {
		const struct block *block = &m->blocks[b];

		if (!is_shown(block->kind, block->rank, zoom) || !meet(&block->box, min, max))
			continue;
		for (uint32_t i = block->from; i < block->from + block->n; i++) {
			struct ground_seen s;

			if (!meet(&m->v[i].box, min, max))
				continue;
			s = seen(m, i);
			fn(arg, &s);
		}
	}
}
