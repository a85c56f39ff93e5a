/*
 * Areas of one level as they are drawn on a map: simplified for the zoom without gaps between neighbours (geo/shape_topo.h), clipped to the tile. Where
 * children have no area, their cells stand in (示意), if at least half of them have a point. Kept in the process until something changes.
 */
#ifndef CORE_PLACE_AREA_TILE_H
#define CORE_PLACE_AREA_TILE_H

#include "core/place/area.h"
#include "geo/shape_topo.h"

struct place_drawn {
	struct str key;
	bool real;                   /* false: a cell derived from points */
	bool rough;                  /* 示意 */
	const struct shape *shape;   /* in tile coordinates; lives until fn returns */
};

/* Calls fn for every area of that level that reaches into the tile, by key. *version: what place_area_version says of it. ERR_INPUT: no such tile. */
CHECKED enum err place_tile_each(struct db_conn *c, enum place_level level, const struct shape_tile_ask *ask, int64_t *version,
				 enum err (*fn)(void *arg, const struct place_drawn *d), void *arg);

/*
 * The same areas and cells whole and as exact as they are known (shape in steps of geo/shape.h), by key, held as they are at one moment: nobody waits, and
 * who holds the same one again has what he had. ERR_INPUT: no such level.
 */
struct place_drawn_level;
CHECKED enum err place_drawn_hold(struct db_conn *c, enum place_level level, struct place_drawn_level **out);
struct place_drawn_level *place_drawn_ref(struct place_drawn_level *d);
void place_drawn_put(struct place_drawn_level *d);   /* NULL does no harm */
size_t place_drawn_count(const struct place_drawn_level *d);
/* Numbered from 0. The shape lives as long as the level is held. */
struct place_drawn place_drawn_at(const struct place_drawn_level *d, size_t number);
/* False: that place is not drawn. */
CHECKED bool place_drawn_find(const struct place_drawn_level *d, struct str key, size_t *number);
/* Those whose own box meets the box, in no order, until fn returns false. */
void place_drawn_near(const struct place_drawn_level *d, const struct shape_box *box, bool (*fn)(void *arg, uint32_t number), void *arg);

/* Makes ready what the first tile of that level would wait for. */
CHECKED enum err place_tile_warm(struct db_conn *c, enum place_level level);

#endif
