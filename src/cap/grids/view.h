/* What the pages of grids show. */
#ifndef CAP_GRIDS_VIEW_H
#define CAP_GRIDS_VIEW_H

#include "cap/grids/grids.h"
#include "web/minimap.h"
#include "web/web.h"

struct grids_path {
	struct str d, name;
	int x, y;               /* of the name */
	const char *css;
};

/* A drawing of the village: x to the east, y to the south, in units of which `west`, `north`, `sx`, `sy` give the degrees. */
struct grids_picture {
	struct str box;         /* viewBox */
	int width, height;
	struct str west, north, sx, sy, title;
	struct grids_path *v;
	size_t n;
	const struct minimap_under *under; /* streets and water beneath, NULL: none */
	struct str under_at;    /* transform of it */
	struct str dots;        /* open matters, one path; "" none */
	int bar;                /* length of the scale bar */
	struct str scale;
};

struct grids_choice { struct str key, name; bool x, y; };

struct grids_event { int64_t at; struct str what, reason; };

struct grids_list_row { struct place place; size_t units, drawn; bool village; };

struct grids_list_view {
	struct str title, up;
	struct grids_list_row *v;
	size_t n;
};

/* What was typed. */
struct grids_typed { struct str op, unit, other, line, name, geojson, datum, reason, version; };

struct grids_show_view {
	const struct grids_plan *p;
	const struct grids_picture *now;
	struct grids_choice *choices;
	size_t nchoices;
	struct grids_event *events;
	size_t nevents;
	bool any_drawn, all_located;
	struct str error, parent;
	struct grids_typed typed;
};

struct grids_row { struct str name, before, after, change, note; int open, leaves, comes; };
struct grids_matter { int64_t id; struct str title, from, to; };

struct grids_preview_view {
	const struct grids_plan *p;
	const struct grids_picture *now, *then;
	struct grids_row *rows;
	size_t nrows;
	struct grids_matter *matters;
	size_t nmatters, nmore;
	struct str uncovered, notice;
	struct grids_typed typed;
};

/* `after`: as it would be. Errors of the store leave the open matters out: a picture is no reason to fail. */
const struct grids_picture *grids_draw(struct rq *rq, const struct grids_plan *p, bool after);

#endif
