/*
 * The areas in force and the points of children, kept in the process as the store had them at one version of place_clock. Never changed once made: a new
 * version gets a new one, which shares what has not changed. For this folder only.
 */
#ifndef CORE_PLACE_AREA_WORLD_H
#define CORE_PLACE_AREA_WORLD_H

#include "core/place/area.h"
#include "geo/shape_index.h"

/* One area, shared by all worlds it is in force in. */
struct kept_area {
	struct arena arena;
	struct str key;
	int64_t id;
	enum place_level level;
	bool rough;
	int refs;
	struct shape_ready ready;
};

struct world_layer {
	struct kept_area **v;      /* by key */
	size_t n;
	struct shape_index *index; /* numbers are those of v */
};

/* The children of a place that have no area, by their points. */
struct siblings {
	size_t n;
	struct sibling {
		struct str key;
		struct shape_point point;
	} *v;
	bool complete;             /* every child has an area or a point of its own */
	double squeeze;            /* length of a degree of longitude beside one of latitude */
};

struct world {
	struct world_layer layers[PLACE_MICROGRID + 1];
	int64_t origin, version;
	struct db *db;
	int refs;
};

/* The world as the store is now; given back with world_put. */
CHECKED enum err world_get(struct db_conn *c, struct world **out);
void world_put(struct world *w);
/* The area of that level the point lies in, the lowest key first; NULL: none. */
const struct kept_area *world_area(const struct world *w, enum place_level level, struct shape_point p);
/* The area of that place; NULL: it has none. */
const struct kept_area *world_area_of(const struct world *w, struct str key);
struct world *world_ref(struct world *w);
/* place_cells, when the outline of the parent is known. Areas live as long as the world. */
CHECKED enum err place_cells_in(struct world *w, struct db_conn *c, struct arena *a, struct str parent, const struct shape *outline,
				struct place_cell **v, size_t *n, bool *complete);
/* Lets go of what is drawn (area_tile.c). */
void place_tile_forget(void);
/* Kept too; arena text is the caller's. */
CHECKED enum err world_siblings(struct world *w, struct db_conn *c, struct arena *a, struct str parent, struct siblings *out);

#endif
