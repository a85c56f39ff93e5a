/* For tests: an area in one line. */
#ifndef GEO_SHAPE_TESTING_H
#define GEO_SHAPE_TESTING_H

#include "geo/shape.h"

/* A rectangle of degrees, its corners in the arena. */
static inline struct shape shape_box_made(struct arena *a, double w, double s, double e, double n)
{
	struct shape x = {.npoints = 4, .nrings = 1};

	x.points = arena_array(a, struct shape_point, 4);
	x.rings = arena_array(a, struct shape_ring, 1);
	x.rings[0] = (struct shape_ring){0, 4, false};
	x.points[0] = shape_point_of(w, s);
	x.points[1] = shape_point_of(e, s);
	x.points[2] = shape_point_of(e, n);
	x.points[3] = shape_point_of(w, n);
	shape_set_box(&x);
	return x;
}

#endif
