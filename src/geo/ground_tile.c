/* Vector tiles of the ground. */
#include <stdlib.h>

#include "base/map.h"
#include "geo/ground_line.h"
#include "geo/ground_map.h"
#include "geo/tile.h"

#define EXTENT 4096
#define EXTENT_BITS 12
#define MARGIN 64                /* a broad line reaches over the border */
#define REACH 512                /* beyond it, points that say nothing inside are passed over */
#define LEAST 16                 /* units: an area or line smaller than two pixels is not seen */
#define NAMED 500                /* an area gets its name when it is so wide: a name has to lie on it */
#define DEEPEST 15               /* tiles are stretched for higher zooms: there every unit counts */

struct pick {
	struct ground_seen s;
	bool named;
};

struct picking {
	struct pick *v;
	size_t n, cap, most;
	int z;
	uint32_t least, wide;        /* in units of struct mercator */
	size_t points;               /* of the largest feature */
};

/* ---- choosing ---- */

static bool has_name(const struct picking *p, const struct ground_seen *s)
{
	static const int road[GROUND_RANKS] = {0, 10, 11, 12, 13, 14, 15};

	if (str_empty(s->name))
		return false;
	if (s->kind == GROUND_ROAD)
		return p->z >= road[s->rank];
	if (s->kind == GROUND_WATERWAY)
		return p->z >= (s->rank == 1 ? 10 : 14);
	return ground_is_area(s->kind) && s->max.x - s->min.x >= p->wide;
}

static void pick(void *arg, const struct ground_seen *s)
{
	struct picking *p = arg;

	if (s->max.x - s->min.x < p->least && s->max.y - s->min.y < p->least)
		return;
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 1024;
		p->v = realloc(p->v, p->cap * sizeof(*p->v));
		if (p->v == NULL)
			BUG("out of memory");
	}
	p->points = s->ends[s->nparts - 1] > p->points ? s->ends[s->nparts - 1] : p->points;
	p->v[p->n++] = (struct pick){*s, has_name(p, s)};
}

/* A broad river is an area and the line in its middle: the line has the name, which runs along it, and it is not said twice. */
static void name_once(struct picking *p)
{
	struct map lines;

	map_init(&lines, NULL);
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].named && p->v[i].s.kind == GROUND_WATERWAY)
			map_put(&lines, p->v[i].s.name, p);
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].named && p->v[i].s.kind == GROUND_WATER && map_get(&lines, p->v[i].s.name))
			p->v[i].named = false;
	map_release(&lines);
}

/* Important first; what may be one feature of the tile stands together. */
static int by_feature(const void *x, const void *y)
{
	const struct pick *a = x, *b = y;

	if (a->s.kind != b->s.kind)
		return (a->s.kind > b->s.kind) - (a->s.kind < b->s.kind);
	if (a->s.rank != b->s.rank)
		return (a->s.rank > b->s.rank) - (a->s.rank < b->s.rank);
	if (a->s.flags != b->s.flags)
		return (a->s.flags > b->s.flags) - (a->s.flags < b->s.flags);
	if (a->named != b->named)
		return b->named - a->named;
	if (a->named && !str_eq(a->s.name, b->s.name))
		return str_cmp(a->s.name, b->s.name);
	return (a->s.points > b->s.points) - (a->s.points < b->s.points);
}

static bool is_same(const struct pick *a, const struct pick *b)
{
	return a->s.kind == b->s.kind && a->s.rank == b->s.rank && a->s.flags == b->s.flags && a->named == b->named &&
	       (!a->named || str_eq(a->s.name, b->s.name));
}

/* ---- writing ---- */

struct sheet {
	struct mvt m;
	struct ground_frame frame;
	struct mvt_xy *xy;
	size_t *ends;
};

static void write_line(struct sheet *t, const struct ground_seen *s)
{
	size_t n = ground_line(&t->frame, s->points, s->ends[0], t->xy);

	if (n)
		mvt_lines(&t->m, t->xy, &n, 1, MARGIN);
}

static void write_area(struct sheet *t, const struct ground_seen *s)
{
	size_t n = 0, rings = 0;

	for (size_t i = 0, at = 0; i < s->nparts; at = s->ends[i++]) {
		size_t k = ground_line(&t->frame, s->points + at, s->ends[i] - at, t->xy + n);

		/* without its outer ring there is nothing for holes to lie in */
		if (k < 3 && i == 0)
			return;
		if (k < 3)
			continue;
		n += k;
		t->ends[rings++] = n;
	}
	mvt_polygon(&t->m, t->xy, t->ends, rings, MARGIN);
}

static void write_one(struct sheet *t, const struct pick *p)
{
	if (ground_is_area(p->s.kind))
		write_area(t, &p->s);
	else
		write_line(t, &p->s);
}

static void begin_feature(struct sheet *t, const struct pick *p)
{
	mvt_feature(&t->m, t->m.features + 1);
	mvt_int(&t->m, "rank", p->s.rank);
	if (p->s.flags & GROUND_TUNNEL)
		mvt_bool(&t->m, "tunnel", true);
	if (p->named)
		mvt_text(&t->m, "name", p->s.name);
}

/* All of one kind, as a layer. */
static enum err write_layer(struct sheet *t, const struct pick *v, size_t n, struct buf *to)
{
	static const char *const names[GROUND_KINDS] = {"green", "water", "waterway", "rail", "road"};

	mvt_begin(&t->m, to, names[v[0].s.kind], EXTENT);
	for (size_t i = 0; i < n; i++) {
		/* lines of one street are one feature; areas stay apart, or a viewer would have to find out which ring is whose */
		if (i == 0 || ground_is_area(v[i].s.kind) || !is_same(&v[i - 1], &v[i])) {
			if (to->n + t->m.body.n > GROUND_TILE_BYTES)
				break;
			begin_feature(t, &v[i]);
		}
		write_one(t, &v[i]);
	}
	return mvt_end(&t->m);
}

/* Roads first, so that what is left out when a tile is full is not them. */
static enum err write_all(struct sheet *t, struct picking *p, struct buf *to)
{
	enum err e = OK;
	size_t end = p->n;

	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), by_feature);
	for (size_t i = p->n; e == OK && i > 0; i--)
		if (i == 1 || p->v[i - 2].s.kind != p->v[i - 1].s.kind) {
			e = write_layer(t, p->v + i - 1, end - (i - 1), to);
			end = i - 1;
		}
	return e;
}

enum err ground_tile(const struct ground_map *m, int z, uint32_t x, uint32_t y, struct buf *to)
{
	const int shift = 32 - EXTENT_BITS - z;          /* units of struct mercator in one of the tile, as a power of two */
	const uint64_t side = (uint64_t)1 << (32 - z), margin = side / EXTENT * MARGIN + 1;
	struct picking p = {.z = z};
	struct sheet t = {.frame = {.shift = shift, .size = EXTENT, .reach = REACH, .tolerance = z < DEEPEST ? LEAST / 4 : 0}};
	uint64_t left, top, right, bottom;
	enum err e;

	if (z < 0 || z > TILE_ZOOM_MAX || (uint64_t)x >= (uint64_t)1 << z || (uint64_t)y >= (uint64_t)1 << z)
		return ERR_INPUT;
	left = side * x;
	top = side * y;
	right = left + side - 1 + margin;
	bottom = top + side - 1 + margin;
	t.frame.origin = (struct mercator){(uint32_t)left, (uint32_t)top};
	p.least = z < DEEPEST ? (uint32_t)(side * LEAST / EXTENT) : 0;
	p.wide = (uint32_t)(side / EXTENT * NAMED);
	ground_map_each(m, (struct mercator){left < margin ? 0 : (uint32_t)(left - margin), top < margin ? 0 : (uint32_t)(top - margin)},
			(struct mercator){right > UINT32_MAX ? UINT32_MAX : (uint32_t)right, bottom > UINT32_MAX ? UINT32_MAX : (uint32_t)bottom}, z, pick, &p);
	name_once(&p);
	t.xy = malloc((p.points + 1) * sizeof(*t.xy));
	t.ends = malloc((p.points + 1) * sizeof(*t.ends));
	if (t.xy == NULL || t.ends == NULL)
		BUG("out of memory");
	e = write_all(&t, &p, to);
	free(t.xy);
	free(t.ends);
	free(p.v);
	return e;
}
