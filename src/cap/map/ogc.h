/*
 * The open interfaces: OGC API - Features 1.0 (17-069r4: core, GeoJSON, OpenAPI 3.0), part 2 (18-058r1: coordinate systems), part 3 (19-079r2:
 * queryables, as query parameters; no filter language), part 5 (23-058: schemas), OGC API - Tiles (20-057: tilesets of collections). Collections:
 * the matters, the areas of places, the ground, each layer, the places. For the files ogc_*.c only.
 */
#ifndef CAP_MAP_OGC_H
#define CAP_MAP_OGC_H

#include "cap/map/crs.h"
#include "cap/map/pages.h"

#define OGC_LIMIT 100
#define OGC_LIMIT_MAX 10000
#define OGC_PAGE_BYTES (4 << 20)  /* a page of lines or areas ends early when it is so large */

struct ogc {
	struct rq *rq;
	struct str base;            /* "https://host/ogc" */
	struct json j;
};

/* A collection somebody asked for. */
struct ogc_collection {
	struct str id, title, description;
	const struct set *set;      /* NULL: the matters, the areas of places, or the ground */
	bool areas;
	unsigned ground;            /* which kinds of the ground, a bit each; 0: none */
	bool no_tiles;
	double box[4];
	bool has_box;
};

/* What is asked of the features of a collection. */
struct ogc_ask {
	struct rq *rq;
	struct ogc_collection c;
	enum crs crs;
	bool boxed;
	double west, south, east, north;  /* west > east: over the antimeridian */
	bool timed;
	int64_t from, to;                 /* ms; to exclusive, 0: open; both 0: any time */
	int64_t limit, after;             /* after: id of a matter, number of items passed over, or number of the first of the ground */
	bool after_unlocated;             /* among the matters without a place, which come last */
};

void ogc_begin(struct ogc *o, struct rq *rq);
/* The same for a document that takes no parameters, with its object open. ERR_INPUT: there is one. */
CHECKED enum err ogc_open(struct ogc *o, struct rq *rq);
/* {"href":…,"rel":…,"type":…,"title":…}; href below the base, or a whole address. */
void ogc_link(struct ogc *o, const char *rel, const char *type, const char *title, const char *fmt, ...) PRINTF(5, 6);
/* Only f=json and what is named ("f": f=html too); ERR_INPUT (as the standard wants it) for any other parameter. */
CHECKED enum err ogc_only(struct rq *rq, const char *const *names);
/* ERR_NOT_FOUND also for what the reader may not see; ERR_BUSY while it is being loaded. */
CHECKED enum err ogc_find(struct rq *rq, struct str id, struct ogc_collection *out);
size_t ogc_collections_of(struct rq *rq, struct ogc_collection **out);
/* Below the collection's object, for all that have a link with that relation. */
#define OGC_REL "http://www.opengis.net/def/rel/ogc/1.0/"
/* Ends the document and answers. */
CHECKED enum err ogc_end(struct ogc *o, const char *type);

enum err ogc_landing(struct rq *rq);
enum err ogc_conformance(struct rq *rq);
enum err ogc_collections(struct rq *rq);
enum err ogc_collection(struct rq *rq);
enum err ogc_schema(struct rq *rq);
enum err ogc_queryables(struct rq *rq);
enum err ogc_feature_schema(struct rq *rq);
enum err ogc_items(struct rq *rq);
enum err ogc_item(struct rq *rq);
enum err ogc_api(struct rq *rq);
enum err ogc_tilesets(struct rq *rq);
enum err ogc_tileset(struct rq *rq);
enum err ogc_tile(struct rq *rq);
enum err ogc_matrix_sets(struct rq *rq);
enum err ogc_matrix_set(struct rq *rq);

/* ogc_fields.c: what the features of a collection have, and what may be asked of them; each list ends with a name NULL */
struct ogc_type {
	const char *type;        /* of JSON Schema; NULL: a geometry */
	const char *format;      /* "date-time", "geometry-point" ...; may be NULL */
	const char *words;       /* all there can be, with commas; may be NULL */
	bool large;              /* whole numbers beyond 32 bits */
};
struct ogc_field {
	const char *name;
	struct ogc_type is;
	const char *title;       /* N_() */
	const char *role;        /* x-ogc-role: "id", "primary-geometry", "primary-instant"; may be NULL */
};
struct ogc_filter {
	const char *name;
	struct ogc_type is;
	const char *title;       /* N_() */
	const char *about;       /* N_() */
	bool is_range;           /* of an interval, which is no property: not among the queryables */
};
/* The reader's: others have more of a matter than the public. A layer's own properties are looked for in the store. */
CHECKED enum err ogc_fields(struct rq *rq, const struct ogc_collection *c, const struct ogc_field **out);
const struct ogc_filter *ogc_filters(const struct ogc_collection *c);
void ogc_fields_forget(void);
/* "type", "format" and "enum", as members of the open object. */
void ogc_put_type(struct json *j, const struct ogc_type *t);

/* ogc_time.c: datetime, and when what there is began */
CHECKED enum err ogc_read_datetime(struct ogc_ask *a);
/* The time asked for, inside the filter's; in whole minutes, which for those who are told exact times may have too much at both ends. */
void ogc_narrow(struct points_range *r, const struct ogc_ask *a, bool is_public);
/* What narrowed that way came outside the time asked for after all. */
struct ogc_outside { int64_t *ids; size_t n; };
CHECKED enum err ogc_outside(const struct ogc_ask *a, const struct look *l, const struct query *q, struct ogc_outside *out);
/* When the first of the reader's matters was filed, ms; false: he has none, or they are being loaded. */
bool ogc_oldest(struct rq *rq, int64_t *ms);

/* ogc_items.c: a page of features, between them whoever writes them */
struct map_matters_told_row;
struct map_matters_told_rows;
/* Titles and exact times, in order of ids; the public's answers need neither. */
CHECKED enum err ogc_tell(struct rq *rq, const struct point *v, size_t n, struct map_matters_told_rows *out);
void ogc_page_begin(struct ogc *o, const struct ogc_ask *a);
/* next: what the next page comes after; "" there is none. */
CHECKED enum err ogc_page_end(struct ogc *o, const struct ogc_ask *a, int64_t matched, size_t returned, struct str next);
/* "" for 0. */
struct str ogc_after(struct rq *rq, int64_t number);
/* One feature, written: headers and end. */
CHECKED enum err ogc_feature_end(struct ogc *o, enum crs crs);
/* Key of the place asked for with place=CODE; p NULL: none. */
CHECKED enum err ogc_place(struct rq *rq, struct str *key);
/* What is asked for with bbox: none, one, or two over the antimeridian. */
size_t ogc_boxes(const struct ogc_ask *a, struct points_box out[2]);

/* ogc_areas.c: the areas of places */
CHECKED enum err ogc_areas(struct ogc_ask *a);
CHECKED enum err ogc_area(struct ogc_ask *a, struct str code);

/* ogc_ground.c: streets, water, green, when an extract was imported */
#define OGC_GROUNDS 3
size_t ogc_ground_collections(struct rq *rq, struct ogc_collection out[OGC_GROUNDS]);
bool ogc_ground_is(struct str id);
CHECKED enum err ogc_ground(struct ogc_ask *a);
CHECKED enum err ogc_ground_one(struct ogc_ask *a, struct str id);

/* ogc_feature.c: one feature, with its properties; told: rows of the store in order of ids. */
void ogc_write_matter(struct ogc *o, const struct look *l, const struct point *p, const struct map_matters_told_row *told, enum crs crs, bool is_public);
void ogc_write_item(struct ogc *o, const struct set *s, const struct set *tree, const struct set_item *it, struct str props, enum crs crs);

#endif
