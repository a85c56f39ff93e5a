#include "geo/shape_ops.h"

#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

struct ops {
	GEOSContextHandle_t g;
	char message[160];
};

static void keep_message(const char *message, void *arg)
{
	struct ops *o = arg;

	snprintf(o->message, sizeof(o->message), "%s", message);
}

static void ops_begin(struct ops *o)
{
	o->message[0] = '\0';
	o->g = GEOS_init_r();
	if (!o->g)
		BUG("out of memory");
	GEOSContext_setErrorMessageHandler_r(o->g, keep_message, o);
	GEOSContext_setNoticeMessageHandler_r(o->g, NULL, NULL);
}

static enum err ops_end(struct ops *o, enum err e)
{
	if (e == ERR_IO)
		log_warn("geos: %s", o->message);
	GEOS_finish_r(o->g);
	return e;
}

/* ---- in ---- */

static GEOSGeometry *ring_of(struct ops *o, const struct shape_point *v, size_t n)
{
	GEOSCoordSequence *s = GEOSCoordSeq_create_r(o->g, (unsigned)n + 1, 2);

	for (size_t i = 0; s && i <= n; i++)
		GEOSCoordSeq_setXY_r(o->g, s, (unsigned)i, v[i % n].x, v[i % n].y);
	return s ? GEOSGeom_createLinearRing_r(o->g, s) : NULL;
}

/* Takes the parts. */
static GEOSGeometry *collect(struct ops *o, int type, GEOSGeometry **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i]) {
			for (size_t k = 0; k < n; k++)
				GEOSGeom_destroy_r(o->g, v[k]);
			return NULL;
		}
	return GEOSGeom_createCollection_r(o->g, type, v, (unsigned)n);
}

static GEOSGeometry *polygon(struct ops *o, GEOSGeometry *outer, GEOSGeometry **holes, size_t n)
{
	bool whole = outer != NULL;

	for (size_t i = 0; i < n; i++)
		whole = whole && holes[i];
	if (whole)
		return GEOSGeom_createPolygon_r(o->g, outer, holes, (unsigned)n);
	GEOSGeom_destroy_r(o->g, outer);
	for (size_t i = 0; i < n; i++)
		GEOSGeom_destroy_r(o->g, holes[i]);
	return NULL;
}

static GEOSGeometry *shape_in(struct ops *o, struct arena *a, const struct shape *s)
{
	GEOSGeometry **polygons = arena_array(a, GEOSGeometry *, s->nrings + 1), **holes = arena_array(a, GEOSGeometry *, s->nrings + 1);
	size_t n = 0;

	for (size_t r = 0; r < s->nrings;) {
		GEOSGeometry *outer = ring_of(o, s->points + s->rings[r].start, s->rings[r].n);
		size_t nholes = 0;

		for (r++; r < s->nrings && s->rings[r].hole; r++)
			holes[nholes++] = ring_of(o, s->points + s->rings[r].start, s->rings[r].n);
		polygons[n++] = polygon(o, outer, holes, nholes);
	}
	return collect(o, GEOS_MULTIPOLYGON, polygons, n);
}

/* ---- out ---- */

struct out {
	struct shape *s;
	double shift;   /* added to x */
};

/* Polygons of a geometry of any type: rings and points. */
static void count(struct ops *o, const GEOSGeometry *g, size_t *nrings, size_t *npoints)
{
	int type = GEOSGeomTypeId_r(o->g, g);

	if (type == GEOS_POLYGON) {
		if (GEOSisEmpty_r(o->g, g))
			return;
		*nrings += (size_t)GEOSGetNumInteriorRings_r(o->g, g) + 1;
		*npoints += (size_t)GEOSGetNumCoordinates_r(o->g, g);
	} else if (type > GEOS_POLYGON) {
		for (int i = 0; i < GEOSGetNumGeometries_r(o->g, g); i++)
			count(o, GEOSGetGeometryN_r(o->g, g, i), nrings, npoints);
	}
}

static void put_ring(struct ops *o, const GEOSGeometry *ring, bool hole, struct out *to)
{
	const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(o->g, ring);
	struct shape_ring *r = &to->s->rings[to->s->nrings];
	struct shape_point *v = to->s->points + to->s->npoints;
	char ccw = 1;
	unsigned n = 0;

	GEOSCoordSeq_getSize_r(o->g, seq, &n);
	GEOSCoordSeq_isCCW_r(o->g, seq, &ccw);
	*r = (struct shape_ring){(uint32_t)to->s->npoints, 0, hole};
	for (unsigned i = 0; i + 1 < n; i++) {
		unsigned k = (ccw == 1) != hole ? i : n - 1 - i;
		struct shape_point p;
		double x, y;

		GEOSCoordSeq_getXY_r(o->g, seq, k, &x, &y);
		p = (struct shape_point){(int32_t)lround(x + to->shift), (int32_t)lround(y)};
		if (r->n && v[r->n - 1].x == p.x && v[r->n - 1].y == p.y)
			continue;
		v[r->n++] = p;
	}
	if (r->n < 3) {
		r->n = 0;
		return;
	}
	to->s->npoints += r->n;
	to->s->nrings++;
}

static void put(struct ops *o, const GEOSGeometry *g, struct out *to)
{
	int type = GEOSGeomTypeId_r(o->g, g);

	if (type == GEOS_POLYGON) {
		size_t before = to->s->nrings;

		if (GEOSisEmpty_r(o->g, g))
			return;
		put_ring(o, GEOSGetExteriorRing_r(o->g, g), false, to);
		for (int i = 0; to->s->nrings > before && i < GEOSGetNumInteriorRings_r(o->g, g); i++)
			put_ring(o, GEOSGetInteriorRingN_r(o->g, g, i), true, to);
	} else if (type > GEOS_POLYGON) {
		for (int i = 0; i < GEOSGetNumGeometries_r(o->g, g); i++)
			put(o, GEOSGetGeometryN_r(o->g, g, i), to);
	}
}

/* Adds what g has of area to a shape with room for it. */
static void room_for(struct arena *a, struct shape *s, size_t nrings, size_t npoints)
{
	*s = (struct shape){.rings = arena_array(a, struct shape_ring, nrings + 1), .points = arena_array(a, struct shape_point, npoints + 1)};
}

static enum err shape_out(struct ops *o, struct arena *a, const GEOSGeometry *g, struct shape *out)
{
	size_t nrings = 0, npoints = 0;
	struct out to = {out, 0};

	*out = (struct shape){0};
	if (!g)
		return ERR_IO;
	count(o, g, &nrings, &npoints);
	if (npoints > SHAPE_MAX_POINTS)
		return ERR_TOO_MUCH;
	room_for(a, out, nrings, npoints);
	put(o, g, &to);
	shape_set_box(out);
	return OK;
}

/* ---- making sound ---- */

static GEOSGeometry *raw_ring(struct ops *o, const struct shape_raw_ring *r)
{
	GEOSCoordSequence *s = GEOSCoordSeq_create_r(o->g, (unsigned)r->n, 2);

	for (size_t i = 0; s && i < r->n; i++)
		GEOSCoordSeq_setXY_r(o->g, s, (unsigned)i, r->v[i][0], r->v[i][1]);
	return s ? GEOSGeom_createLinearRing_r(o->g, s) : NULL;
}

static GEOSGeometry *raw_in(struct ops *o, struct arena *a, const struct shape_raw_ring *rings, size_t n)
{
	GEOSGeometry **polygons = arena_array(a, GEOSGeometry *, n + 1), **holes = arena_array(a, GEOSGeometry *, n + 1);
	size_t np = 0;

	for (size_t r = 0; r < n;) {
		GEOSGeometry *outer = raw_ring(o, &rings[r]);
		size_t nholes = 0, p = rings[r].polygon;

		for (r++; r < n && rings[r].polygon == p; r++)
			holes[nholes++] = raw_ring(o, &rings[r]);
		polygons[np++] = polygon(o, outer, holes, nholes);
	}
	return collect(o, GEOS_MULTIPOLYGON, polygons, np);
}

static enum shape_fault fault_of(const char *reason)
{
	if (strstr(reason, "Ring Self-intersection") || strstr(reason, "Interior is disconnected"))
		return SHAPE_TOUCHING;
	return strstr(reason, "Self-intersection") ? SHAPE_CROSSING : SHAPE_TANGLED;
}

/* Replaces *g by a sound one if it is not; false when GEOS refuses. */
static bool mend(struct ops *o, GEOSGeometry **g, enum shape_fault *fault, double where[2])
{
	char *reason = NULL;
	GEOSGeometry *spot = NULL, *good, *rounded = NULL;
	GEOSMakeValidParams *params;
	char valid = GEOSisValidDetail_r(o->g, *g, 0, &reason, &spot);

	if (valid == 0) {
		*fault = fault_of(reason ? reason : "");
		if (spot) {
			GEOSGeomGetX_r(o->g, spot, &where[0]);
			GEOSGeomGetY_r(o->g, spot, &where[1]);
		}
	}
	GEOSFree_r(o->g, reason);
	GEOSGeom_destroy_r(o->g, spot);
	if (valid == 1)
		return true;
	params = GEOSMakeValidParams_create_r(o->g);
	GEOSMakeValidParams_setMethod_r(o->g, params, GEOS_MAKE_VALID_STRUCTURE);
	GEOSMakeValidParams_setKeepCollapsed_r(o->g, params, 0);
	good = GEOSMakeValidWithParams_r(o->g, *g, params);
	GEOSMakeValidParams_destroy_r(o->g, params);
	if (good) /* crossings lie between the steps of the grid */
		rounded = GEOSGeom_setPrecision_r(o->g, good, 1, 0);
	GEOSGeom_destroy_r(o->g, good);
	if (!rounded)
		return false;
	GEOSGeom_destroy_r(o->g, *g);
	*g = rounded;
	return true;
}

static GEOSGeometry *band(struct ops *o, double west, double east)
{
	const double pole = 90 * SHAPE_UNIT;

	return GEOSGeom_createRectangle_r(o->g, west * SHAPE_UNIT, -pole, east * SHAPE_UNIT, pole);
}

/* What lies east of 180 degrees goes to the other end of the map. */
static enum err cut_out(struct ops *o, struct arena *a, const GEOSGeometry *g, struct shape *out)
{
	GEOSGeometry *box[2] = {band(o, -180, 180), band(o, 180, 540)}, *half[2] = {NULL, NULL};
	size_t nrings = 0, npoints = 0;
	enum err e = OK;

	for (int i = 0; i < 2; i++) {
		half[i] = box[i] ? GEOSIntersectionPrec_r(o->g, g, box[i], 1) : NULL;
		if (half[i])
			count(o, half[i], &nrings, &npoints);
		else
			e = ERR_IO;
	}
	room_for(a, out, nrings, npoints);
	for (int i = 0; i < 2; i++) {
		struct out to = {out, i ? -360 * SHAPE_UNIT : 0};

		if (e == OK)
			put(o, half[i], &to);
		GEOSGeom_destroy_r(o->g, half[i]);
		GEOSGeom_destroy_r(o->g, box[i]);
	}
	shape_set_box(out);
	return e;
}

enum err shape_make(struct arena *a, const struct shape_raw_ring *rings, size_t n, bool cut, struct shape *out,
		    enum shape_fault *fault, double where[2])
{
	GEOSGeometry *g;
	struct ops o;
	enum err e = ERR_IO;

	*fault = SHAPE_SOUND;
	*out = (struct shape){0};
	ops_begin(&o);
	g = raw_in(&o, a, rings, n);
	if (g && mend(&o, &g, fault, where))
		e = cut ? cut_out(&o, a, g, out) : shape_out(&o, a, g, out);
	GEOSGeom_destroy_r(o.g, g);
	if (e == OK && out->nrings == 0)
		e = ERR_INPUT;
	return ops_end(&o, e);
}

/* ---- operations ---- */

enum err shape_op(struct arena *a, enum shape_op op, const struct shape *x, const struct shape *y, struct shape *out)
{
	GEOSGeometry *gx, *gy, *r = NULL;
	struct ops o;
	enum err e = ERR_IO;

	ops_begin(&o);
	gx = shape_in(&o, a, x);
	gy = shape_in(&o, a, y);
	if (gx && gy)
		r = op == SHAPE_COMMON ? GEOSIntersectionPrec_r(o.g, gx, gy, 1) :
		    op == SHAPE_UNITE ? GEOSUnionPrec_r(o.g, gx, gy, 1) : GEOSDifferencePrec_r(o.g, gx, gy, 1);
	e = shape_out(&o, a, r, out);
	GEOSGeom_destroy_r(o.g, r);
	GEOSGeom_destroy_r(o.g, gx);
	GEOSGeom_destroy_r(o.g, gy);
	return ops_end(&o, e);
}

enum err shape_unite(struct arena *a, const struct shape *const *v, size_t n, struct shape *out)
{
	GEOSGeometry **parts = arena_array(a, GEOSGeometry *, n + 1), *all, *r = NULL;
	struct ops o;
	enum err e;

	ops_begin(&o);
	for (size_t i = 0; i < n; i++)
		parts[i] = shape_in(&o, a, v[i]);
	all = collect(&o, GEOS_GEOMETRYCOLLECTION, parts, n);
	if (all)
		r = GEOSUnaryUnionPrec_r(o.g, all, 1);
	e = shape_out(&o, a, r, out);
	GEOSGeom_destroy_r(o.g, r);
	GEOSGeom_destroy_r(o.g, all);
	return ops_end(&o, e);
}

enum err shape_overlap(const struct shape *x, const struct shape *y, bool *yes)
{
	GEOSGeometry *gx, *gy;
	struct arena a;
	struct ops o;
	char answer = 2;

	*yes = false;
	if (!shape_boxes_meet(&x->box, &y->box))
		return OK;
	arena_init(&a, 0);
	ops_begin(&o);
	gx = shape_in(&o, &a, x);
	gy = shape_in(&o, &a, y);
	/* the insides have an area in common */
	if (gx && gy)
		answer = GEOSRelatePattern_r(o.g, gx, gy, "2********");
	GEOSGeom_destroy_r(o.g, gx);
	GEOSGeom_destroy_r(o.g, gy);
	arena_release(&a);
	*yes = answer == 1;
	return ops_end(&o, answer == 2 ? ERR_IO : OK);
}

static int larger_first(const void *x, const void *y)
{
	double a = shape_area(x), b = shape_area(y);

	return (a < b) - (a > b);
}

static GEOSGeometry *line_in(struct ops *o, const struct shape_point *v, size_t n)
{
	GEOSCoordSequence *s = GEOSCoordSeq_create_r(o->g, (unsigned)n, 2);

	for (size_t i = 0; s && i < n; i++)
		GEOSCoordSeq_setXY_r(o->g, s, (unsigned)i, v[i].x, v[i].y);
	return s ? GEOSGeom_createLineString_r(o->g, s) : NULL;
}

/* Faces of the network of borders and line that lie in the shape. */
static enum err faces(struct ops *o, struct arena *a, const GEOSGeometry *lines, const struct shape *s, struct shape **pieces,
		      size_t *npieces)
{
	GEOSGeometry *net = GEOSUnaryUnionPrec_r(o->g, lines, 1);
	GEOSGeometry *all = net ? GEOSPolygonize_r(o->g, (const GEOSGeometry *const *)&net, 1) : NULL;
	int n = all ? GEOSGetNumGeometries_r(o->g, all) : 0;
	enum err e = all ? OK : ERR_IO;

	*npieces = 0;
	*pieces = arena_array(a, struct shape, (size_t)n + 1);
	for (int i = 0; e == OK && i < n; i++) {
		struct shape *piece = &(*pieces)[*npieces];

		e = shape_out(o, a, GEOSGetGeometryN_r(o->g, all, i), piece);
		if (e == OK && piece->nrings && shape_has(s, shape_inside(piece)))
			(*npieces)++;
	}
	GEOSGeom_destroy_r(o->g, all);
	GEOSGeom_destroy_r(o->g, net);
	return e;
}

enum err shape_cut(struct arena *a, const struct shape *s, const struct shape_point *line, size_t n, struct shape **pieces,
		   size_t *npieces)
{
	GEOSGeometry *parts[2], *area, *both;
	struct ops o;
	enum err e = ERR_IO;

	if (n < 2)
		return ERR_INPUT;
	ops_begin(&o);
	area = shape_in(&o, a, s);
	parts[0] = area ? GEOSBoundary_r(o.g, area) : NULL;
	parts[1] = line_in(&o, line, n);
	both = collect(&o, GEOS_GEOMETRYCOLLECTION, parts, 2);
	if (both)
		e = faces(&o, a, both, s, pieces, npieces);
	GEOSGeom_destroy_r(o.g, both);
	GEOSGeom_destroy_r(o.g, area);
	if (e == OK)
		qsort(*pieces, *npieces, sizeof(**pieces), larger_first);
	return ops_end(&o, e);
}

void shape_pieces(struct arena *a, const struct shape *s, struct shape **pieces, size_t *npieces)
{
	*npieces = 0;
	*pieces = arena_array(a, struct shape, s->nrings + 1);
	for (size_t r = 0; r < s->nrings;) {
		struct shape *p = &(*pieces)[(*npieces)++];
		size_t first = r;

		for (r++; r < s->nrings && s->rings[r].hole; r++)
			;
		*p = (struct shape){.points = s->points + s->rings[first].start, .nrings = r - first};
		p->rings = arena_array(a, struct shape_ring, p->nrings);
		for (size_t i = 0; i < p->nrings; i++) {
			p->rings[i] = s->rings[first + i];
			p->rings[i].start -= s->rings[first].start;
			p->npoints += p->rings[i].n;
		}
		shape_set_box(p);
	}
}

/* ---- cells ---- */

/* Degrees of longitude are shorter than those of latitude: nearer means nearer on the ground. */
static double squeeze(const struct shape_point *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i].y / SHAPE_UNIT;
	return cos(sum / (double)n * M_PI / 180);
}

struct grown {
	double k; /* to stretch by, or to squeeze */
};

static int scale(double *x, double *y, void *arg)
{
	(void)y;
	*x *= ((struct grown *)arg)->k;
	return 1;
}

static GEOSGeometry *cells_of(struct ops *o, struct arena *a, const struct shape_point *v, size_t n, const struct shape *within)
{
	double k = squeeze(v, n);
	struct grown back = {1 / k};
	GEOSGeometry **points = arena_array(a, GEOSGeometry *, n), *all, *frame, *cells = NULL, *stretched = NULL;

	for (size_t i = 0; i < n; i++)
		points[i] = GEOSGeom_createPointFromXY_r(o->g, v[i].x * k, v[i].y);
	all = collect(o, GEOS_MULTIPOINT, points, n);
	frame = GEOSGeom_createRectangle_r(o->g, within->box.west * k, within->box.south, within->box.east * k, within->box.north);
	if (all && frame)
		cells = GEOSVoronoiDiagram_r(o->g, all, frame, 0, 0);
	if (cells)
		stretched = GEOSGeom_transformXY_r(o->g, cells, scale, &back);
	GEOSGeom_destroy_r(o->g, cells);
	GEOSGeom_destroy_r(o->g, frame);
	GEOSGeom_destroy_r(o->g, all);
	return stretched;
}

static bool ring_has(const double (*ring)[2], unsigned n, double x, double y)
{
	bool inside = false;

	for (unsigned i = 0, k = n - 1; i < n; k = i++)
		if ((ring[i][1] > y) != (ring[k][1] > y) &&
		    x < ring[i][0] + (y - ring[i][1]) / (ring[k][1] - ring[i][1]) * (ring[k][0] - ring[i][0]))
			inside = !inside;
	return inside;
}

/* The number of the point a cell belongs to: the one in it; n when there is none. */
static size_t owner(struct ops *o, struct arena *a, const GEOSGeometry *cell, const struct shape_point *v, size_t n)
{
	const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(o->g, GEOSGetExteriorRing_r(o->g, cell));
	unsigned size = 0;
	double(*ring)[2];

	GEOSCoordSeq_getSize_r(o->g, seq, &size);
	ring = arena_alloc(a, (size + 1) * sizeof(*ring));
	for (unsigned i = 0; i < size; i++)
		GEOSCoordSeq_getXY_r(o->g, seq, i, &ring[i][0], &ring[i][1]);
	for (size_t i = 0; i < n; i++)
		if (ring_has(ring, size, v[i].x, v[i].y))
			return i;
	return n;
}

/* Points that no earlier one stands on. */
static size_t distinct(const struct shape_point *v, size_t n, struct shape_point *out, size_t *from)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < m && (out[k].x != v[i].x || out[k].y != v[i].y))
			k++;
		if (k < m)
			continue;
		from[m] = i;
		out[m++] = v[i];
	}
	return m;
}

static enum err put_cells(struct ops *o, struct arena *a, const GEOSGeometry *all, const struct shape_point *v, size_t n,
			  const struct shape *within, const size_t *from, struct shape *cells)
{
	GEOSGeometry *area = shape_in(o, a, within);
	enum err e = area && all ? OK : ERR_IO;

	for (int i = 0; e == OK && i < GEOSGetNumGeometries_r(o->g, all); i++) {
		const GEOSGeometry *cell = GEOSGetGeometryN_r(o->g, all, i);
		size_t at = owner(o, a, cell, v, n);
		GEOSGeometry *clipped;

		if (at == n)
			continue;
		clipped = GEOSIntersectionPrec_r(o->g, cell, area, 1);
		e = shape_out(o, a, clipped, &cells[from[at]]);
		GEOSGeom_destroy_r(o->g, clipped);
	}
	GEOSGeom_destroy_r(o->g, area);
	return e;
}

enum err shape_cells(struct arena *a, const struct shape_point *v, size_t n, const struct shape *within, struct shape *cells)
{
	struct shape_point *spots = arena_array(a, struct shape_point, n + 1);
	size_t *from = arena_array(a, size_t, n + 1), m = distinct(v, n, spots, from);
	GEOSGeometry *all;
	struct ops o;
	enum err e;

	memset(cells, 0, n * sizeof(*cells));
	if (m == 0)
		return OK;
	if (m == 1) { /* there is no diagram of one point: it has everything */
		cells[from[0]] = *within;
		return OK;
	}
	ops_begin(&o);
	all = cells_of(&o, a, spots, m, within);
	e = put_cells(&o, a, all, spots, m, within, from, cells);
	GEOSGeom_destroy_r(o.g, all);
	return ops_end(&o, e);
}
