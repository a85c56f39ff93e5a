/* Points in the order of their ids: what lists that are read page by page need. */
#ifndef GEO_POINTS_BY_ID_H
#define GEO_POINTS_BY_ID_H

#include "geo/points.h"

/*
 * The `max` rows with the smallest ids > after that pass the filter, ascending; with boxes (at most 2 make sense) only those that stand on the map inside one of
 * them, without also the unlocated. *matched: how many pass, whatever their id. Public readers get coarsened places. Looks at every row that passes.
 */
CHECKED enum err points_by_id(const struct points_view *v, const struct points_filter *f, const struct points_box *boxes, size_t nboxes, int64_t after, size_t max,
			      struct arena *a, struct point **out, size_t *n, int64_t *matched);

#endif
