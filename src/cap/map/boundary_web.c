/*
 * /tiles/boundaries/{z}/{x}/{y}.mvt?level=: the areas of one level of places, simplified for the zoom without gaps; where none is known, cells 示意. Layer
 * `boundaries`: code, name, level, rough (示意), cell (derived from points). Borders are no secret: everybody may read them.
 */
#include "cap/map/cache.h"
#include "cap/map/pages.h"
#include "cap/map/sets.h"
#include "core/place/area_tile.h"
#include "geo/mvt.h"
#include "geo/tile.h"

#define TYPE "application/vnd.mapbox-vector-tile"
#define EXTENT 4096
#define MARGIN 64
#define TOLERANCE 6 /* steps of the extent: less than half a pixel */

struct writing {
	struct rq *rq;
	struct mvt m;
};

/* Far off the districts, near by the grids. */
static enum place_level level_of_zoom(int64_t z)
{
	return z < 5 ? PLACE_PROVINCE : z < 9 ? PLACE_DISTRICT : z < 12 ? PLACE_TOWN : z < 14 ? PLACE_COMMUNITY : PLACE_GRID;
}

static enum err read_level(struct rq *rq, int64_t z, enum place_level *level)
{
	struct str word = rq_query(rq, "level");

	*level = level_of_zoom(z);
	if (str_empty(word))
		return OK;
	if (level_of_word(word) >= PLACE_PROVINCE) {
		*level = (enum place_level)level_of_word(word);
		return OK;
	}
	return rq_fail_field(rq, ERR_INPUT, "level", N_("level 只能是 province、city、district、town、community、grid 或 microgrid。"));
}

/* A number that stays the same while the place does. */
static uint64_t number_of(struct str key)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 1099511628211u;
	return h >> 11; /* 53 bits: whole in JavaScript */
}

static enum err write_one(void *arg, const struct place_drawn *d)
{
	struct writing *w = arg;
	const struct shape *s = d->shape;
	struct mvt_xy *v = arena_array(w->rq->arena, struct mvt_xy, s->npoints + 1);
	size_t *ends = arena_array(w->rq->arena, size_t, s->nrings + 1);
	struct place p;
	enum err e = place_by_key(rq_conn(w->rq), w->rq->arena, d->key, &p);

	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	mvt_feature(&w->m, number_of(d->key));
	mvt_text(&w->m, "code", p.code.p ? p.code : STR(""));
	mvt_text(&w->m, "name", place_short_name(p.name));
	mvt_text(&w->m, "level", str_from(level_word((int)p.level)));
	mvt_bool(&w->m, "rough", d->rough);
	mvt_bool(&w->m, "cell", !d->real);
	for (size_t r = 0; r < s->nrings;) {
		size_t n = 0, rings = 0;

		do {
			for (uint32_t i = 0; i < s->rings[r].n; i++, n++)
				v[n] = (struct mvt_xy){s->points[s->rings[r].start + i].x, s->points[s->rings[r].start + i].y};
			ends[rings++] = n;
			r++;
		} while (r < s->nrings && s->rings[r].hole);
		mvt_polygon(&w->m, v, ends, rings, MARGIN);
	}
	return OK;
}

enum err boundary_tile(struct rq *rq, int64_t z, int64_t x, int64_t y)
{
	const struct shape_tile_ask ask = {
		.z = (int)z, .x = (uint32_t)x, .y = (uint32_t)y, .extent = EXTENT, .margin = MARGIN, .tolerance = TOLERANCE};
	struct writing w = {.rq = rq};
	struct cache_stamp stamp = {0};
	enum place_level level;
	int64_t version;
	struct str key;
	struct buf b;
	enum err e = read_level(rq, z, &level), wrote;

	if (e == OK)
		e = place_area_version(rq_conn(rq), &version);
	if (e != OK)
		return e;
	stamp.version = (uint64_t)version;
	key = arena_printf(rq->arena, "boundaries/%d/%d/%d/%d", (int)level, (int)z, (int)x, (int)y);
	if (cache_send(rq->http, key, stamp))
		return OK;
	buf_init(&b, TILE_BYTES_MAX);
	mvt_begin(&w.m, &b, "boundaries", EXTENT);
	e = place_tile_each(rq_conn(rq), level, &ask, &version, write_one, &w);
	stamp.version = (uint64_t)version;
	wrote = mvt_end(&w.m);
	if (e == OK)
		e = wrote;
	if (e == OK)
		cache_put_send(rq->http, key, stamp, buf_str(&b), TYPE);
	buf_release(&b);
	return e;
}
