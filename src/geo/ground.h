/*
 * The ground under a map: streets, railways, water and green as lines and areas, each with a kind, a rank inside it and perhaps a name. Here: what one feature
 * is, how it is written into bytes (parts of some 128 KiB, which the store keeps), and the draft in which an import gathers and orders them. How they are drawn:
 * geo/ground_map.h.
 */
#ifndef GEO_GROUND_H
#define GEO_GROUND_H

#include "base/arena.h"
#include "base/buf.h"
#include "geo/shape.h"

enum ground_kind { GROUND_GREEN, GROUND_WATER, GROUND_WATERWAY, GROUND_RAIL, GROUND_ROAD, GROUND_KINDS };
/* Ranks, 1 the most important. Roads: motorways and trunk roads, primary, secondary, tertiary, streets, ways on foot and service roads. Waterways: rivers,
 * canals, streams. The others have few. */
#define GROUND_RANKS 7           /* 0 is no rank */
#define GROUND_TUNNEL 1u         /* a flag: it runs below the ground */
#define GROUND_NAME_MAX 200u     /* bytes */
#define GROUND_POINTS_MAX (64u << 20)
#define GROUND_PART_BYTES (128u << 10)

static inline bool ground_is_area(enum ground_kind k)
{
	return k == GROUND_GREEN || k == GROUND_WATER;
}

/* A line has one part; an area one ring, then its holes; rings are not closed. ends[i]: number of points up to the end of part i. */
struct ground_feature {
	enum ground_kind kind;
	uint8_t rank, flags;
	struct str name;
	const struct shape_point *points;
	const uint32_t *ends;
	size_t nparts;
};

/* ---- bytes ---- */

void ground_encode(struct buf *to, const struct ground_feature *f);
/* Takes one feature from the front of *rest; points and ends are arena memory, the name is a view. False: not what ground_encode writes. */
CHECKED bool ground_decode(struct arena *a, struct str *rest, struct ground_feature *out);

/* ---- a draft ---- */

struct ground_draft;

struct ground_draft *ground_draft_new(void);
/* Copies. ERR_TOO_MUCH beyond GROUND_POINTS_MAX points. */
CHECKED enum err ground_draft_add(struct ground_draft *d, const struct ground_feature *f);
/* Puts them in the order in which they are kept: kind, rank, then along a curve, so that what lies together stands together. */
void ground_draft_sort(struct ground_draft *d);
size_t ground_draft_count(const struct ground_draft *d);
size_t ground_draft_points(const struct ground_draft *d);
/* After sorting. Appends the features from *next on, as many as make a part, and moves *next; false when there are none. */
bool ground_draft_part(const struct ground_draft *d, size_t *next, struct buf *to);
/* The i-th feature after sorting, as ground_decode gives it. */
void ground_draft_get(const struct ground_draft *d, size_t i, struct arena *a, struct ground_feature *out);
void ground_draft_free(struct ground_draft *d);  /* NULL is fine */

#endif
