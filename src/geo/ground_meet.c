/* Does a feature of the ground reach into a box? In whole numbers, so that what touches the edge does. */
#include "geo/edge.h"
#include "geo/ground_map.h"

static struct edge_end end_at(struct mercator m)
{
	return (struct edge_end){m.x, m.y};
}

/* Does the ray from p to the east cross the edge? Half open, so that a corner counts once. */
static bool is_crossed(struct mercator a, struct mercator b, struct mercator p)
{
	struct mercator low = a.y < b.y ? a : b, high = a.y < b.y ? b : a;

	return low.y <= p.y && p.y < high.y && edge_side(end_at(low), end_at(high), end_at(p)) > 0;
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
			if (edge_meets_rect(end_at(s->points[i]), end_at(s->points[next]), end_at(min), end_at(max)))
				return true;
			inside ^= area && is_crossed(s->points[i], s->points[next], min);
		}
	/* no edge in the box: it lies inside, in a hole, or outside as a whole */
	return inside;
}
