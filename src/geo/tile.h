/*
 * Vector tiles (MVT 2.1) from points. One layer. Where a tile holds more rows than asked for, 64 × 64 cells, one feature for each that is not empty:
 *
 *	id = the member with the smallest place on the curve, at the mean position (points_cells.h says how exact); properties n = rows, and with by != TILE_PLAIN one
 *	property a class that occurs ("s3": 17, or the names given)
 *
 * else the rows themselves: id, properties category, state (codes), colour, scenario, with TILE_BY_COLOUR also the property a cell of one would have, and
 * unless public_only "id" as text (a browser's numbers do not hold all of it). The sum of n over the features is the exact count of the tile:
 * a row belongs to one cell of one tile of a zoom.
 *
 * With filter.public_only no exact place leaves: cells stand at the middle of the tile's or the declared coarse cell, whichever is larger, rows at the
 * middle of the coarse cell.
 */
#ifndef GEO_TILE_H
#define GEO_TILE_H

#include "base/buf.h"
#include "geo/points.h"

#define TILE_ZOOM_MAX 22
#define TILE_CLASSES 16
#define TILE_BYTES_MAX ((size_t)4 << 20)

enum tile_by { TILE_PLAIN, TILE_BY_STATE, TILE_BY_COLOUR };

struct tile_ask {
	int z; uint32_t x, y;
	const char *layer;                  /* NULL: "matters" */
	size_t rows_max;                    /* up to so many rows are given as themselves; 0: always cells */
	enum tile_by by;                    /* what cells count beside n */
	const uint8_t *class_of;            /* 256 entries, state -> class < TILE_CLASSES; NULL: the code, 15 and above together */
	const char *const *class_names;     /* TILE_CLASSES names, NULL: "s0".. or "none", "intime", "soon", "late" for colours */
};

struct tile_got { int64_t rows; size_t features; bool cells; };

/* ERR_INPUT: no such tile. Appends to the buffer; an empty tile is no bytes. `got` may be NULL. */
CHECKED enum err tile_make(const struct points_view *v, const struct points_filter *f, const struct tile_ask *t, struct buf *to, struct tile_got *got);

#endif
