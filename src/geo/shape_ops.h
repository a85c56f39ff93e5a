/*
 * What areas do to each other: union, difference, what is common, cutting, cells around points. The only file that knows GEOS (its C API, the _r
 * functions, a context a call). Everything goes in and comes out on the grid of geo/shape.h, so borders that were shared stay shared.
 *
 * ERR_INPUT: nothing is left; ERR_TOO_MUCH: more than the caller's arena may hold is never asked of GEOS, see SHAPE_MAX_POINTS; ERR_IO: GEOS refused,
 * which valid shapes never cause (logged).
 */
#ifndef GEO_SHAPE_OPS_H
#define GEO_SHAPE_OPS_H

#include "geo/shape.h"

#define SHAPE_MAX_POINTS 4000000u

/* A ring as it was read, in steps of the grid but perhaps beyond 180 degrees. */
struct shape_raw_ring {
	const double (*v)[2]; /* closed: first = last */
	size_t n;
	size_t polygon;       /* rings of one polygon follow each other, the outer first */
};

enum shape_fault { SHAPE_SOUND, SHAPE_CROSSING, SHAPE_TOUCHING, SHAPE_TANGLED };

/* Makes a sound shape of rings that may cross themselves, touch, lie in each other or over the antimeridian (cut = true). *fault and *where say what
 * was wrong first. */
CHECKED enum err shape_make(struct arena *a, const struct shape_raw_ring *rings, size_t n, bool cut, struct shape *out,
			    enum shape_fault *fault, double where[2]);

enum shape_op { SHAPE_COMMON, SHAPE_UNITE, SHAPE_SUBTRACT };
/* An empty result is OK with nrings 0. */
CHECKED enum err shape_op(struct arena *a, enum shape_op op, const struct shape *x, const struct shape *y, struct shape *out);
CHECKED enum err shape_unite(struct arena *a, const struct shape *const *v, size_t n, struct shape *out);
/* Do they have area in common? Exact; cheaper than SHAPE_COMMON. */
CHECKED enum err shape_overlap(const struct shape *x, const struct shape *y, bool *yes);

/* Cuts a shape along a line, which should begin and end outside: the pieces, largest first. */
CHECKED enum err shape_cut(struct arena *a, const struct shape *s, const struct shape_point *line, size_t n, struct shape **pieces,
			   size_t *npieces);
/* Each polygon of a shape as a shape of its own. */
void shape_pieces(struct arena *a, const struct shape *s, struct shape **pieces, size_t *npieces);

/* The cell of each point (what lies nearer to it than to any other) inside the area. Of points at the same spot the first has the cell, the others
 * nrings 0. */
CHECKED enum err shape_cells(struct arena *a, const struct shape_point *v, size_t n, const struct shape *within, struct shape *cells);

#endif
