/* Sums over the cells of a square of the map: at most 4096 of them, 64 × 64 in the order of the curve. For the files points_*.c and tile.c only. */
#ifndef GEO_POINTS_CELLS_H
#define GEO_POINTS_CELLS_H

#include "base/buf.h"
#include "geo/points_walk.h"

#define CELLS 4096u
#define CELL_CLASSES 16u

enum cells_class { CELLS_PLAIN, CELLS_BY_STATE, CELLS_BY_COLOUR };

/*
 * Sums. A row counts with its own place or, where the whole block of 64 rows it stands in lies in a square a quarter of a cell wide, with the mean of the block:
 * what is far out is exact, what is crowded is not read row by row. So a mean is off by less than a quarter of a cell, mostly by hundredths; while a cell has
 * more rows that runs have taken away than rows, by more: whoever uses it keeps it inside the cell.
 */
struct cell {
	uint64_t x, y;
	uint64_t rank;                         /* the first member in the base: number of its segment << 16 | row; neither its key nor its id is read until the end */
	uint64_t key; int64_t id;              /* the member with the smallest (key, id) */
	int32_t n;
};
#define RANK_NONE UINT64_MAX

struct cells {
	uint64_t touched[CELLS / 64];          /* cells whose entries below mean something */
	uint64_t contested[CELLS / 64];        /* whose member may have been taken away */
	int64_t total;
	struct cell v[CELLS];
	int32_t class_n[CELLS][CELL_CLASSES];  /* unless they are not asked for */
	/* for tile.c: where in the table of values a number stands */
	uint32_t value_at[CELLS];
	struct large_value { int64_t v; uint32_t at; } *large; uint32_t large_size;
	struct buf features, values;           /* of the layer; their memory stays */
};

struct cells_ask {
	uint64_t first, last;                  /* keys */
	int shift;                             /* cell = (key - first) >> shift */
	enum cells_class by;
	uint8_t class_of[256];                 /* of states */
	bool sums, members;
};

/* From a small store of used ones: half a megabyte each. */
struct cells *cells_take(void);
void cells_give(struct cells *c);
void cells_fill(struct cells *c, const struct points_view *v, struct plan *p, const struct cells_ask *a);

#endif
