/* The two screens of staff: the wall of the command centre and the map beside the list. What the templates read. */
#ifndef CAP_MAP_SCREEN_H
#define CAP_MAP_SCREEN_H

#include "web/web.h"

/* What both ask of a page with a map on it. */
struct screen {
	bool has_map;              /* the bundle was built in (make web) */
	bool boundaries;           /* there are polygons to draw */
	struct str background;     /* address of an outside background, "" none ([map] background) */
	struct str credit;         /* whose it is */
	struct str ground;         /* edition of the imported ground, "" none: its credit is shown then */
	struct str ground_source;  /* who made the extract, and of which day; may be empty */
};

/* Sets rq->pictures_from when a background is configured. */
struct screen screen_of(struct rq *rq);

/* What a name leads to. */
struct find_row {
	struct str name, full, kind;   /* kind: "社区", "道路" ... */
	struct str code;               /* of the place, or of the one it lies in; "" */
	struct str href;
	bool sound;
};
struct find_view {
	struct str typed;
	bool wall;                     /* for the wall: rows lead there */
	struct find_row *rows; size_t nrows;
};

struct wall_place {
	struct str code, name;
	int64_t open, late;
};
struct wall_view {
	struct screen s;
	struct find_view find;
	struct str code;           /* place shown, "" all that the reader may see */
	struct wall_place *path; size_t npath;
	struct wall_place *children; size_t nchildren;
	int64_t open, late, soon, ok, none, in, done, late_today;
};

struct desk_option { struct str value, title; bool chosen; };
struct desk_mark { const char *css, *title; };
struct desk_view {
	struct screen s;
	struct find_view find;
	struct desk_option *places, *states, *colours, *categories, *layers;
	size_t nplaces, nstates, ncolours, ncategories, nlayers;
	struct str from, to;       /* as given */
	struct desk_option *hidden; size_t nhidden; /* filters without a field: title is the name */
	struct str query;          /* the filter as an address has it */
	struct str bounds;         /* "[west,south,east,north]", "" unknown */
	struct str at;             /* "lon,lat" to begin at, "" none */
	struct str title;          /* of a picture: what is shown */
	struct str list_href, geojson_href, csv_href, wall_href;
	struct str scenario;       /* what staff file here */
	int64_t total, unplaced;
	const struct desk_mark *legend; size_t nlegend;
};

/* wall_web.c */
enum err map_wall(struct rq *rq);
enum err map_wall_screen(struct rq *rq);
/* desk_web.c */
enum err map_desk(struct rq *rq);
/* find_web.c: names to places, as a page and as JSON */
enum err map_find(struct rq *rq);
enum err map_find_json(struct rq *rq);
/* pick_web.c: rows in a box or inside a line, and what lies around a spot; JSON */
enum err map_pick(struct rq *rq);
enum err map_around(struct rq *rq);

#endif
