/* An edge and a rectangle in whole numbers of any unit below 2^40, so that what touches does: for shapes and for the ground. */
#ifndef GEO_EDGE_H
#define GEO_EDGE_H

#include <stdbool.h>
#include <stdint.h>

struct edge_end { int64_t x, y; };

/* Which side of the line from a to b the point lies on: > 0 left of it where y grows upwards, 0 on it. */
static inline int edge_side(struct edge_end a, struct edge_end b, struct edge_end p)
{
	__int128 cross = (__int128)(b.x - a.x) * (p.y - a.y) - (__int128)(b.y - a.y) * (p.x - a.x);

	return (cross > 0) - (cross < 0);
}

/* Their boxes meet, and not all corners of the rectangle lie on one side of the edge: then the edge goes through it. */
static inline bool edge_meets_rect(struct edge_end a, struct edge_end b, struct edge_end min, struct edge_end max)
{
	const struct edge_end corners[] = {min, {max.x, min.y}, {min.x, max.y}, max};
	bool left = false, right = false;

	if ((a.x < min.x && b.x < min.x) || (a.x > max.x && b.x > max.x) || (a.y < min.y && b.y < min.y) || (a.y > max.y && b.y > max.y))
		return false;
	for (int i = 0; i < 4; i++) {
		int side = edge_side(a, b, corners[i]);

		left = left || side >= 0;
		right = right || side <= 0;
	}
	return left && right;
}

#endif
