/*
 * Many areas, asked which of them holds a point, or which reach into a box: an R-tree packed once (sort-tile-recursive), never changed. Areas of many
 * points are cut into bands of latitude, so that a point meets few edges.
 */
#ifndef GEO_SHAPE_INDEX_H
#define GEO_SHAPE_INDEX_H

#include "geo/shape.h"

/* An area made ready to be asked often. Owns nothing: shape and bands live in the arena. */
struct shape_ready {
	struct shape shape;
	uint32_t *band_start;  /* nbands + 1; NULL: few points, all edges are looked at */
	uint32_t *edges;       /* numbers of points whose edge (from the point before) meets the band */
	uint32_t *before;      /* number of the point before, for each point */
	uint32_t nbands;
};
void shape_get_ready(struct arena *a, const struct shape *s, struct shape_ready *out);
/* As shape_has. */
bool shape_ready_has(const struct shape_ready *r, struct shape_point p);

struct shape_index;
/* Boxes of n areas; owned by malloc. */
struct shape_index *shape_index_make(const struct shape_box *boxes, size_t n);
void shape_index_free(struct shape_index *x);
/* Numbers of the areas whose box meets the box, in no order; fn returns false to stop. */
void shape_index_find(const struct shape_index *x, const struct shape_box *box, bool (*fn)(void *arg, uint32_t number), void *arg);

#endif
