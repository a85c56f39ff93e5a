/*
 * Mapbox Vector Tiles 2.1 (https://github.com/mapbox/vector-tile-spec/tree/master/2.1): writing, and a strict reader for tests and fuzzing.
 *
 *	struct mvt m;
 *	mvt_begin(&m, &buf, "districts", 4096);
 *	mvt_feature(&m, id);                              // then attributes and geometry, in any order
 *	mvt_text(&m, "name", STR("江北区"));
 *	mvt_polygon(&m, xy, ends, nrings, 64);            // clipped to the tile with a margin of 64
 *	mvt_end(&m);                                      // the layer; several may follow each other in one buffer
 *
 * Geometry is in tile coordinates (0..extent from the upper left), as int32. A feature whose geometry comes to nothing is left out.
 * Lines and polygons are clipped to the tile and a margin; clipped polygons are closed along the border. Outer rings come out clockwise as seen on the
 * screen (positive area by the surveyor's formula with y down), holes the other way, whatever way they came in; rings without area go.
 */
#ifndef GEO_MVT_H
#define GEO_MVT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"

enum mvt_kind { MVT_UNKNOWN, MVT_POINT, MVT_LINE, MVT_POLYGON };
struct mvt_xy { int32_t x, y; };

struct mvt {
	struct buf *to;
	struct buf body, geometry, tags, values;    /* body: features; values: the encoded table */
	struct arena a;
	struct map keys, seen;                      /* name -> index + 1, encoded value -> index + 1 */
	const char *layer;
	uint32_t extent;
	size_t features;
	uint64_t id;
	enum mvt_kind kind;
	int32_t x, y;                               /* where the last command ended */
	bool open;
};

void mvt_begin(struct mvt *m, struct buf *to, const char *layer, uint32_t extent);
/* Ends the feature before it. */
void mvt_feature(struct mvt *m, uint64_t id);
void mvt_text(struct mvt *m, const char *key, struct str value);
void mvt_int(struct mvt *m, const char *key, int64_t value);
void mvt_double(struct mvt *m, const char *key, double value);
void mvt_bool(struct mvt *m, const char *key, bool value);
void mvt_points(struct mvt *m, const struct mvt_xy *v, size_t n);               /* as they are: the caller chooses those of the tile */
void mvt_lines(struct mvt *m, const struct mvt_xy *v, const size_t *ends, size_t n, int32_t margin);
/* One polygon: the first ring is the outer one, the others are holes; rings may repeat their first point at the end or not. Called again: a multipolygon. */
void mvt_polygon(struct mvt *m, const struct mvt_xy *v, const size_t *ends, size_t nrings, int32_t margin);
/* Appends the layer to the buffer (nothing when it has no feature), releases. ERR_TOO_MUCH when it did not fit. Number of features in m->features. */
CHECKED enum err mvt_end(struct mvt *m);

/* Pieces for writers that know what they do (tile.c). */
size_t mvt_varint(uint8_t *to, uint64_t v);     /* at most 10 bytes */
static inline uint32_t mvt_zigzag(int32_t v)
{
	return ((uint32_t)v << 1) ^ (v < 0 ? UINT32_MAX : 0);
}

/* ---- the strict reader ---- */

struct mvt_value { enum { MVT_V_TEXT, MVT_V_DOUBLE, MVT_V_INT, MVT_V_UINT, MVT_V_BOOL } kind; struct str text; double number; int64_t i; uint64_t u; };
struct mvt_attr { struct str key; struct mvt_value value; };
struct mvt_read_feature {
	uint64_t id; bool has_id;
	enum mvt_kind kind;
	struct mvt_attr *attrs; size_t nattrs;
	struct mvt_xy *xy; size_t *ends; size_t nparts;   /* points: one part; polygons: rings, positive area begins a polygon */
};
struct mvt_read_layer { struct str name; uint32_t extent; struct mvt_read_feature *v; size_t n; };
/*
 * Everything the specification says MUST is demanded: version 2, a name, unique layer names, tags in pairs and inside the tables, known commands with whole
 * parameters, rings closed and with an area, an outer ring first. ERR_INPUT with a reason in English (for tests).
 */
CHECKED enum err mvt_read(struct str tile, struct arena *a, struct mvt_read_layer **v, size_t *n, const char **why);

#endif
