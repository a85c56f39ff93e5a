/*
 * The ground in memory, and vector tiles of it. Filled once from the parts an import has made (geo/ground.h), then only read, by any number of threads.
 *
 * Memory: 8 bytes a point and some 50 a feature; a town has a megabyte, a municipality of thirty million some hundred.
 *
 * A tile has up to five layers (Mapbox Vector Tiles 2.1): green, water (areas), waterway, rail, road (lines). Features have `rank` (1 the most important),
 * `tunnel` where it is true, and from some zoom on `name`. What a zoom cannot show is left out: ranks by zoom, areas smaller than two pixels, points that lie
 * within half a pixel of the line without them.
 */
#ifndef GEO_GROUND_MAP_H
#define GEO_GROUND_MAP_H

#include "geo/ground.h"
#include "geo/points.h"

#define GROUND_TILE_BYTES ((size_t)768 << 10)  /* beyond it the least important is left out */

struct ground_map;

struct ground_map *ground_map_new(void);
/* False: not what ground_encode writes, or more than GROUND_POINTS_MAX points; what was added before stays. */
CHECKED bool ground_map_add(struct ground_map *m, struct str part);
/* Nothing is added any more. */
void ground_map_done(struct ground_map *m);
void ground_map_free(struct ground_map *m);  /* NULL is fine */
size_t ground_map_count(const struct ground_map *m);
size_t ground_map_bytes(const struct ground_map *m);
/* Degrees; false when it is empty. */
bool ground_map_bounds(const struct ground_map *m, struct lonlat *south_west, struct lonlat *north_east);

/* ERR_INPUT: no such tile. Appends; an empty tile is no bytes. */
CHECKED enum err ground_tile(const struct ground_map *m, int z, uint32_t x, uint32_t y, struct buf *to);

struct ground_seen {
	uint32_t number;                 /* in the order of the parts; the same extract read by the same rules has the same numbers */
	enum ground_kind kind;
	uint8_t rank, flags;
	struct str name;
	const struct mercator *points;   /* ends as in struct ground_feature */
	const uint32_t *ends;
	size_t nparts;
	struct mercator min, max;        /* its box */
};
/* What reaches into the box and is shown at that zoom: kind by kind in the order of enum ground_kind, important ranks first. */
void ground_map_each(const struct ground_map *m, struct mercator min, struct mercator max, int zoom, void (*fn)(void *arg, const struct ground_seen *s),
		     void *arg);
#define GROUND_EVERYTHING 22         /* a zoom that leaves nothing out */
/* False: there is no such feature. */
CHECKED bool ground_map_get(const struct ground_map *m, uint32_t number, struct ground_seen *out);
/* Have the line, or the area without its holes, and the box a point in common? Exactly; touching is enough (ground_meet.c). */
bool ground_meets(const struct ground_seen *s, struct mercator min, struct mercator max);

#endif
