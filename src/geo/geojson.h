/*
 * GeoJSON (RFC 7946) and sequences of it (RFC 8142, one feature behind the other), read feature by feature: a file of any size in the memory of
 * its largest feature. Strict about syntax and coordinates; what is wrong with one feature costs that feature, broken JSON ends the reading.
 *
 *	struct geojson *g = geojson_open_fd(fd, &limits);
 *	struct geojson_feature f;
 *
 *	while ((got = geojson_next(g, &f)) == GEOJSON_FEATURE || got == GEOJSON_FAULTY)
 *		...
 *	geojson_close(g);
 *
 * Coordinates come as they stand in the file: which datum they are in, the caller knows (geo/coord.h).
 */
#ifndef GEO_GEOJSON_H
#define GEO_GEOJSON_H

#include "base/arena.h"
#include "base/str.h"
#include "geo/coord.h"

struct geojson;

struct geojson_limits {
	size_t points;      /* of one feature; 0 = 2,000,000 */
	size_t parts;       /* rings or lines of one feature; 0 = 100,000 */
	size_t properties;  /* of one feature; 0 = 256 */
	size_t text;        /* bytes of one string; 0 = 65,536 */
	unsigned depth;     /* of objects and arrays in each other; 0 = 32 */
};

enum geojson_kind { GEOJSON_NOTHING, GEOJSON_POINTS, GEOJSON_LINES, GEOJSON_AREAS };

/* A run of points: a ring (first = last where the file closes it), a line, or all points of a MultiPoint. */
struct geojson_part {
	size_t start, n;
	size_t polygon;     /* areas: parts of one polygon follow each other, the outer ring first */
};

struct geojson_property {
	struct str name;
	struct str value;   /* text, or a number, true, false as written; NULL: null, an object or an array */
	bool is_text;       /* it stood in quotes: "007" is no number */
};

/* Everything lives until the next call. */
struct geojson_feature {
	int64_t number, line;       /* from 1; the line it begins in */
	struct str id;              /* NULL: none */
	const struct geojson_property *properties;
	size_t nproperties;
	enum geojson_kind kind;     /* GEOJSON_NOTHING: "geometry": null */
	const struct lonlat *points;
	size_t npoints;
	const struct geojson_part *parts;
	size_t nparts;
	struct str why;             /* GEOJSON_FAULTY: what is wrong, in both languages */
};

enum geojson_got {
	GEOJSON_FEATURE,
	GEOJSON_FAULTY,  /* this feature cannot be used; the next one can be asked for */
	GEOJSON_END,
	GEOJSON_BROKEN,  /* no JSON, no GeoJSON, or reading failed: geojson_why */
};

/* limits may be NULL. The descriptor stays the caller's; text must live until geojson_close. */
struct geojson *geojson_open_fd(int fd, const struct geojson_limits *limits);
struct geojson *geojson_open_text(struct str text, const struct geojson_limits *limits);
void geojson_close(struct geojson *g);

enum geojson_got geojson_next(struct geojson *g, struct geojson_feature *out);
/* Why it is broken: "第 12 行：… (line 12: ...)". Lives until geojson_close. */
struct str geojson_why(const struct geojson *g);
/* Bytes read so far (progress). */
int64_t geojson_position(const struct geojson *g);
/* Value of a property: NULL when absent. */
struct str geojson_property(const struct geojson_feature *f, const char *name);

#endif
