/*
 * Many areas simplified together, so that neighbours stay neighbours at every zoom. Rings are cut at the points where the company changes (junctions)
 * into arcs; a border between two areas is one arc, simplified once and used by both, so no gap and no overlap opens. For each point of an arc the
 * coarsest tolerance at which it still stands is worked out once (Douglas and Peucker, made monotonous); a zoom is then a matter of comparing.
 *
 * Works in the plane of web maps: steps of 2^-30 of the world (3.7 cm at the equator), y from the north pole's edge downwards.
 */
#ifndef GEO_SHAPE_TOPO_H
#define GEO_SHAPE_TOPO_H

#include "geo/shape.h"

#define SHAPE_WORLD_BITS 30

struct shape_topo;

/* Copies what it needs; owned by malloc. */
struct shape_topo *shape_topo_make(const struct shape *const *v, size_t n);
void shape_topo_free(struct shape_topo *t);
/* Arcs, how many of them two rings share, and points of all arcs. */
void shape_topo_count(const struct shape_topo *t, size_t *arcs, size_t *shared, size_t *points);

struct shape_tile_ask {
	int z;              /* 0..22 */
	uint32_t x, y;
	int32_t extent;     /* 4096 */
	int32_t margin;     /* in steps of the extent */
	double tolerance;   /* in steps of the extent; 0: everything */
};

/* Longitudes and latitudes of a tile with its margin. False: no such tile. */
CHECKED bool shape_tile_box(const struct shape_tile_ask *ask, struct shape_box *out);

/*
 * Area number i in the coordinates of the tile (x to the east, y to the south, 0..extent), simplified and clipped to the tile and its margin. Rings as in
 * geo/shape.h: each outer ring followed by its holes, not closed. nrings 0: nothing of it is there.
 */
void shape_topo_tile(const struct shape_topo *t, size_t i, const struct shape_tile_ask *ask, struct arena *a, struct shape *out);

#endif
