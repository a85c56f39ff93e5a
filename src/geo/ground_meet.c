/* Does a feature of the ground reach into a box? In whole numbers, so that what touches the edge does. */
#include "geo/ground_map.h"

/* Which side of the line from a to b the point lies on. */
static int side_of(struct mercator a, struct mercator b, uint32_t x, uint32_t y)
{
	__int128 cross = (__int128)((int64_t)b.x - a.x) * ((int64_t)y - a.y) - (__int128)((int64_t)b.y - a.y) * ((int64_t)x - a.x);

	return (cross > 0) - (cross < 0);
}

/* Their boxes meet, and not all corners lie on one side of it. */
static bool edge_meets(struct mercator a, struct mercator b, struct mercator min, struct mercator max)
{
	const uint32_t xs[] = {min.x, max.x, min.x, max.x}, ys[] = {min.y, min.y, max.y, max.y};
	bool left = false, right = false;

	if ((a.x < min.x && b.x < min.x) || (a.x > max.x && b.x > max.x) || (a.y < min.y && b.y < min.y) || (a.y > max.y && b.y > max.y))
		return false;
	for (int i = 0; i < 4; i++) {
		int side = side_of(a, b, xs[i], ys[i]);

		left = left || side >= 0;
		right = right || side <= 0;
	}
	return left && right;
}

/* Does the ray from p to the east cross the edge? Half open, so that a corner counts once. */
static bool is_crossed(struct mercator a, struct mercator b, struct mercator p)
{
	struct mercator low = a.y < b.y ? a : b, high = a.y < b.y ? b : a;

	return low.y <= p.y && p.y < high.y && side_of(low, high, p.x, p.y) > 0;
}

bool ground_meets(const struct ground_seen *s, struct mercator min, struct mercator max)
{
	const bool area = ground_is_area(s->kind);
	bool inside = false;

	if (s->min.x > max.x || min.x > s->max.x || s->min.y > max.y || min.y > s->max.y)
		return false;
	if (min.x <= s->min.x && s->max.x <= max.x && min.y <= s->min.y && s->max.y <= max.y)
		return true;
	for (size_t r = 0, from = 0; r < s->nparts; from = s->ends[r++])
		for (size_t i = from; i < s->ends[r]; i++) {
			size_t next = i + 1 < s->ends[r] ? i + 1 : from;

			if (next == from && !area)
				continue;
			if (edge_meets(s->points[i], s->points[next], min, max))
				return true;
			inside ^= area && is_crossed(s->points[i], s->points[next], min);
		}
	/* no edge in the box: it lies inside, in a hole, or outside as a whole */
	return inside;
}
