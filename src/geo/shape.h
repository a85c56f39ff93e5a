/*
 * Areas: polygons with holes on a grid of 1e-7 degrees (about a centimetre), CGCS2000. Whole numbers, so that a point is inside or outside exactly,
 * on every machine alike, and neighbours that share a border share it to the last digit.
 *
 * Rings are not closed (the last point is not the first again); outer rings run counter-clockwise, holes clockwise, and each outer ring is followed by
 * its holes. The border rule is half-open: a point on a shared border lies in exactly one of the two areas.
 */
#ifndef GEO_SHAPE_H
#define GEO_SHAPE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "geo/coord.h"

#define SHAPE_UNIT 1e7 /* steps of the grid in a degree */

struct shape_point {
	int32_t x, y;
};

struct shape_box {
	int32_t west, south, east, north;
};

struct shape_ring {
	uint32_t start, n; /* of the points of the shape */
	bool hole;
};

struct shape {
	struct shape_point *points;
	struct shape_ring *rings;
	size_t npoints, nrings;
	struct shape_box box;
};

/* Nearest step of the grid; lon and lat must be on the globe. */
struct shape_point shape_point_of(double lon, double lat);
struct lonlat shape_lonlat(struct shape_point p);

void shape_set_box(struct shape *s);
static inline bool shape_box_has(const struct shape_box *b, struct shape_point p)
{
	return p.x >= b->west && p.x <= b->east && p.y >= b->south && p.y <= b->north;
}
static inline bool shape_boxes_meet(const struct shape_box *a, const struct shape_box *b)
{
	return a->west <= b->east && b->west <= a->east && a->south <= b->north && b->south <= a->north;
}

/* Does the edge from a to b cross the ray from p to the east? It owns its southern end, not its northern one, and the ray begins just east of p. */
bool shape_edge_crossed(struct shape_point a, struct shape_point b, struct shape_point p);
/* Inside, by the half-open rule, exactly. */
bool shape_has(const struct shape *s, struct shape_point p);
/* Do they have a point in common? Exactly; touching is enough. */
bool shape_meets_box(const struct shape *s, const struct shape_box *b);
/* Square metres, good to a percent at the size of a county. */
double shape_area(const struct shape *s);
/* A point well inside: for labels, and to ask what lies where the shape is. */
struct shape_point shape_inside(const struct shape *s);

/* Compact bytes (differences of 7 bits a byte, about 4 bytes a point), and back: false when they are not what shape_encode writes. */
struct str shape_encode(struct arena *a, const struct shape *s);
CHECKED bool shape_decode(struct arena *a, struct str bytes, struct shape *out);

/* The geometry object of GeoJSON, rings closed. */
struct json;
void shape_write(struct json *j, const struct shape *s);

#endif
