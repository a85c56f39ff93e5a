/* Parts of the map as ranges of keys, and the coarse cells of the public. For the files points_*.c and tile.c only. */
#ifndef GEO_POINTS_REGION_H
#define GEO_POINTS_REGION_H

#include "geo/points_cells.h"

struct key_range { uint64_t first, last; };

/* What a reader of this filter gets of a tile. Public readers see a row in the tile that holds the middle of its coarse cell. */
struct region {
	struct key_range keys;
	int cell_zoom;               /* rows are summed by the cells of this grid */
	bool snapped;                /* positions are the middles of those cells, or of the coarse ones where they are larger */
};

/* False: no such tile, or nothing can be in it. */
bool region_of_tile(struct region *r, const struct points_view *v, const struct points_filter *f, int z, uint32_t x, uint32_t y);
/* Middle of the square of that grid which holds the key. */
struct mercator middle_at(uint64_t key, int zoom);
struct mercator coarse_at(const struct points_view *v, uint64_t key);
/* A box so large that every coarse cell whose middle is in the old one is in it whole. */
void coarse_reach(const struct points_view *v, struct points_box *box);

/* Squares of the 2^zoom grid that touch a box, as ranges in ascending order, neighbours not joined. False: more than max. */
struct cover { struct key_range *v; size_t n; };
bool cover_box(struct cover *c, const struct points_box *box, int zoom, size_t max, struct arena *a);
/* A zoom at which a box touches at most 9 × 9 squares. */
int cover_zoom(const struct points_box *box);

#endif
