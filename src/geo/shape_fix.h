/*
 * From what a file holds to a sound area, with a report of everything that had to be mended, so that nobody wonders why a border looks other than in
 * the file: unclosed rings, repeated points, wrong winding, points at 0,0, rings that cross or touch themselves, slivers, the antimeridian.
 */
#ifndef GEO_SHAPE_FIX_H
#define GEO_SHAPE_FIX_H

#include "geo/geojson.h"
#include "geo/shape_ops.h"

struct shape_report {
	int unclosed, repeated, winding, zero, dropped; /* rings, points, rings, points, rings */
	bool antimeridian;
	enum shape_fault fault;
	struct lonlat where;   /* of the fault */
};

bool shape_report_empty(const struct shape_report *r);
/* "有环自相交（106.53012,29.57341），已拆开 (…); …" in both languages; empty when nothing was mended. */
struct str shape_report_text(struct arena *a, const struct shape_report *r);

/* The areas of a feature, converted from its datum. ERR_INPUT: no area is left. */
CHECKED enum err shape_fix(struct arena *a, const struct geojson_feature *f, enum coord_datum datum, struct shape *out,
			   struct shape_report *report);

#endif
