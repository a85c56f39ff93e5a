/*
 * minimap: a small map drawn as SVG on the server: no script, no WebGL, nothing fetched from outside, at most some 10 KB. It shows one
 * point (a matter, a pin), what lies around it, the names of places and, where they are known, boundaries; below it stands the same in
 * words, so nobody needs the picture.
 *
 * Coordinates are CGCS2000 degrees (geo/coord.h); inside, Web Mercator. All text is arena text of the caller; the view lives in rq->arena.
 *
 *	struct minimap m = {.at = {106.49, 29.57}, .at_title = STR("这件事"), .points = p, .npoints = n};
 *	v.map = minimap_draw(rq, &m);                 NULL when there is no point to stand on
 *	{{use "web/minimap.h"}} … {{if v->map}}{{call web_minimap(v->map)}}{{end}}      in a template; its .c needs web/web.html.h too
 */
#ifndef WEB_MINIMAP_H
#define WEB_MINIMAP_H

#include "base/json.h"
#include "geo/coord.h"
#include "web/web.h"

#define MINIMAP_MOST 30      /* points, names: what comes after is left out */
#define MINIMAP_WIDTH 360    /* of the drawing, in its own units */
#define MINIMAP_HEIGHT 250
#define MINIMAP_PIN_WIDTH 324  /* CSS px of a map on which a pin can be set: fixed, or a click would mean another place */
#define MINIMAP_PIN_HEIGHT 225

/* Each has a shape of its own; colour only repeats it. */
enum minimap_kind { MINIMAP_OPEN, MINIMAP_CLOSED, MINIMAP_ALIKE /* likely the same thing */, MINIMAP_FACILITY };

struct minimap_point {
	struct lonlat at;
	enum minimap_kind kind;
	struct str title;    /* already masked, already in the reader's language */
	struct str href;     /* may be absent */
};
struct minimap_name {
	struct lonlat at;
	struct str name;     /* on the map: "第一网格" */
	struct str full;     /* in the words below it: "石门社区第一网格"; absent: name */
};
struct minimap_area {
	const struct lonlat *v; size_t n; /* a ring; closed or not */
	struct str name;     /* may be absent */
	bool indicative;     /* derived, not surveyed: labelled 示意 */
};
struct minimap {
	struct lonlat at;    /* centre, and the point itself unless `frame_only`; lon NAN: the middle of the points */
	bool frame_only;     /* only a centre (of a town): no pin is drawn */
	double accuracy;     /* metres around the point; 0: taken as exact */
	struct str by;       /* where the position is a guess: the name it rests on, "红石路"; may be absent */
	struct str at_title; /* what stands there, "这件事" */
	struct str near;     /* in words, where that is: "石门社区"; may be absent */
	double half;         /* metres from the centre to the left edge; 0: as needed, 150 to 1500 */
	const struct minimap_point *points; size_t npoints;
	const struct minimap_name *names; size_t nnames;
	const struct minimap_area *areas; size_t nareas;
	/*
	 * Name of form fields, or NULL. With it the picture is an <input type=image>: a click posts NAME.x, NAME.y and NAME_frame with the
	 * form, without script; minimap_pin reads them. Pressing Enter in a field presses a form's first button: put one before the map.
	 */
	const char *pin;
};

/* ---- beneath it: streets, water, green ---- */

enum minimap_ground { MINIMAP_GREEN, MINIMAP_WATER, MINIMAP_STREAM, MINIMAP_RAIL, MINIMAP_STREET, MINIMAP_ROAD, MINIMAP_GROUNDS };
struct minimap_way_name { int x, y, angle; struct str name; };
/* Each path may be absent; units of the drawing. Together some 6 KB at most. */
struct minimap_under {
	struct str path[MINIMAP_GROUNDS];
	struct minimap_way_name *names; size_t nnames;
	struct str credit, href;     /* whose it is, and where that is explained: shown with the map */
};
/* Who has such a ground registers, once, at start: what lies within `half` metres to both sides of the centre. False: nothing. */
const char *minimap_ground_css(size_t kind);
/* The same for other drawings, in units of a small map of MINIMAP_WIDTH × MINIMAP_HEIGHT; with a few names. False: nothing. */
CHECKED bool minimap_ground(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out);
void minimap_ground_source(bool (*fn)(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out));

/* ---- what the template web_minimap reads ---- */
struct minimap_mark { int x, y, number; const char *css, *shape; struct str title, where, href; };
struct minimap_label { int x, y; struct str name; };
struct minimap_line { struct str path; struct str name; int x, y; bool indicative; };
struct minimap_view {
	int x, y, reach;                 /* the point; circle of its accuracy, 0: none */
	bool has_point;
	struct str at_title, summary, scale, frame;
	int bar;                         /* length of the scale bar */
	const struct minimap_under *under;           /* NULL: none */
	struct minimap_mark *marks; size_t nmarks;
	struct minimap_label *labels; size_t nlabels;
	struct minimap_line *lines; size_t nlines;
	struct minimap_mark *legend; size_t nlegend;
	struct minimap_label *words; size_t nwords;  /* all names, with distance and direction */
	bool indicative;
	const char *pin;
};

const struct minimap_view *minimap_draw(struct rq *rq, const struct minimap *m);

/* ---- a place in a form as a pin (template part web_pin_field, web/js/pin.js) ---- */

struct minimap_pin_view {
	struct str lon, lat;             /* as the form has them; "" no pin */
	struct str spot;                 /* the place around it in words; "" nobody knows */
	const struct minimap_view *map;  /* NULL: nobody knows where the place is; then only the device's position can be taken */
	bool pinned;                     /* shown again because the map was clicked, without script */
};
/* The map of such a form, around the pin; lon NAN: not put yet, the frame is that of the place. NULL: nobody knows where that is. */
const struct minimap_view *minimap_pin_draw(struct rq *rq, struct str place_key, double lon, double lat);
/* For the script, into an open object: the keys "map" (absent: none) and "spot". */
CHECKED enum err minimap_pin_json(struct rq *rq, struct json *j, struct str place_key, double lon, double lat, struct str spot);

/* Where the reader clicked (see `pin`). False: no click, one by the keyboard (0, 0), or not a frame of ours. */
bool minimap_pin(struct rq *rq, const char *name, struct lonlat *out);

/*
 * What the tree of places knows about the spot, put into m: `at` (when it is not known: the point of the place, of the one it lies in, or the
 * middle of those in it, with the accuracy of that level), `near`, and the names of communities and grids around. False: nobody knows.
 */
bool minimap_places(struct rq *rq, struct str place_key, struct minimap *m);

/* How far and in which direction `to` lies from `from`: "东北 120 米", "北 1.2 公里", "同一处". */
struct str minimap_where(struct rq *rq, struct lonlat from, struct lonlat to);

#endif
