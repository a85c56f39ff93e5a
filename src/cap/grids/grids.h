/*
 * grids 网格划分: dividing a village or community into grids (and a grid into micro-grids). Every change is a *plan*: what each unit's area is now and would be,
 * and which open matters would change hands. A plan is looked at, then saved as it was looked at, or refused because something changed meanwhile.
 *
 * Whatever the way a plan was made (a line drawn, two units put together, a file), in the end no unit overlaps another or leaves its village.
 */
#ifndef CAP_GRIDS_GRIDS_H
#define CAP_GRIDS_GRIDS_H

#include "core/matter/regrid.h"
#include "core/place/area.h"

#define GRIDS_MOST 200         /* units of one village */
#define GRIDS_LINE_MOST 500    /* points of a drawn line */
#define GRIDS_NAME_MAX 60      /* bytes */

struct grids_unit {
	struct place place;        /* key absent: a new one, with its name */
	struct shape before, after;/* nrings 0: none */
	int open;                  /* open matters now, with or without a point */
	int leaves, comes;         /* of them, by this plan */
	bool gone;                 /* put together with `into` */
	size_t into;
};

struct grids_move {
	struct matter_open_at matter;
	size_t from, to;           /* units; from == n: the village itself, in no unit */
};

enum grids_op { GRIDS_LOOK, GRIDS_START, GRIDS_SPLIT, GRIDS_BORDER, GRIDS_MERGE, GRIDS_FILE };

struct grids_plan {
	struct place village;      /* a community, or a grid that is divided into micro-grids */
	struct str town;           /* "江北区大石坝街道" */
	struct shape outline;      /* nrings 0: nothing known, nothing can be drawn */
	bool outline_real;         /* false: a cell, 示意 */
	bool rough;                /* the units are 示意: made of points */
	struct grids_unit *v;
	size_t n;
	struct grids_move *moves;
	size_t nmoves;
	int open_unlocated;        /* open matters without a point: they stay */
	double uncovered;          /* m² of the village in no unit, by this plan */
	int64_t version;           /* of all areas, when the plan was made */
	enum grids_op op;
	struct str reason;
	int64_t who;
	/* why not, with what goes into it (N_() format with up to two %s) */
	const char *why;
	struct str why_v[2];
};

/* What is there now. ERR_NOT_FOUND: no such place, or none that is divided into grids. */
CHECKED enum err grids_load(struct db_conn *c, struct arena *a, struct str key, struct grids_plan *out);

/* Each changes `after` of what grids_load gave. ERR_RULE: p->why. */
/* First areas: cells around the points of the units 示意 (by_points), or the whole village for one of them. */
CHECKED enum err grids_start(struct db_conn *c, struct arena *a, struct grids_plan *p, bool by_points, size_t unit);
/* Cuts a unit along a line; the smaller piece becomes a new unit of that name. */
CHECKED enum err grids_split(struct arena *a, struct grids_plan *p, size_t unit, const struct shape_point *line, size_t n, struct str name);
/* Draws the border between two neighbours anew. */
CHECKED enum err grids_border(struct arena *a, struct grids_plan *p, size_t x, size_t y, const struct shape_point *line, size_t n);
CHECKED enum err grids_merge(struct arena *a, struct grids_plan *p, size_t from, size_t into);
/* Areas of a GeoJSON text in that datum, matched by code or name; an unknown name is a new unit. */
CHECKED enum err grids_file(struct arena *a, struct grids_plan *p, struct str geojson, enum coord_datum datum);

/* Which open matters change their unit. */
CHECKED enum err grids_effect(struct db_conn *c, struct arena *a, struct grids_plan *p);
/* Job: arg is the plan. ERR_CONFLICT: something about places changed since p->version. */
enum err grids_save(struct tx *tx, void *plan);

/* "lon,lat" a line, or all in one line with blanks between: false, and where, when it is none. */
CHECKED bool grids_read_line(struct arena *a, struct str text, struct shape_point **v, size_t *n);

#endif
