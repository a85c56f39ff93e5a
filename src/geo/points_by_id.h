/* Points in an order that stays: what lists that are read page by page need. */
#ifndef GEO_POINTS_BY_ID_H
#define GEO_POINTS_BY_ID_H

#include "geo/points.h"

/*
 * The order: those that stand on the map by id, then the unlocated by id. Programs take the kind of a layer's geometry from its first page, so what has none
 * comes last.
 */
struct points_after { int64_t id; bool unlocated; };
/*
 * The first `max` rows behind `after` that pass the filter, in that order; with boxes (at most 2 make sense) only those that stand on the map inside one of
 * them, without also the unlocated. *matched: how many pass, wherever they stand in the order. Public readers get coarsened places. Looks at every row that passes.
 */
CHECKED enum err points_by_id(const struct points_view *v, const struct points_filter *f, const struct points_box *boxes, size_t nboxes,
			      struct points_after after, size_t max, struct arena *a, struct point **out, size_t *n, int64_t *matched);

#endif
