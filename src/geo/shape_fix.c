#include "geo/shape_fix.h"

#include <math.h>

struct fixing {
	struct arena *a;
	enum coord_datum datum;
	struct shape_report *report;
	bool wraps;   /* the polygon in hand lies over the antimeridian */
};

/* Points at exactly 0,0 are what programs write when they know no place, unless the area does lie there. */
static bool lies_at_zero(const struct geojson_feature *f)
{
	for (size_t i = 0; i < f->npoints; i++)
		if ((f->points[i].lon != 0 || f->points[i].lat != 0) && fabs(f->points[i].lon) < 2 && fabs(f->points[i].lat) < 2)
			return true;
	return false;
}

static double ring_sum(const double (*v)[2], size_t n)
{
	double sum = 0;

	for (size_t i = 0; i + 1 < n; i++)
		sum += (v[i][0] - v[0][0]) * (v[i + 1][1] - v[0][1]) - (v[i + 1][0] - v[0][0]) * (v[i][1] - v[0][1]);
	return sum;
}

/* One ring on the grid, closed, without repeated points; false when it has no area. */
static bool fix_ring(struct fixing *x, const struct geojson_feature *f, const struct geojson_part *p, bool hole, bool drop_zero,
		     struct shape_raw_ring *out)
{
	double(*v)[2] = arena_alloc(x->a, (p->n + 1) * sizeof(*v)), sum;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct lonlat raw = f->points[p->start + i], c;
		double px, py;

		if (drop_zero && raw.lon == 0 && raw.lat == 0) {
			x->report->zero++;
			continue;
		}
		c = coord_from(x->datum, raw.lon, raw.lat);
		px = (double)llround(c.lon * SHAPE_UNIT) + (x->wraps && c.lon < 0 ? 360 * SHAPE_UNIT : 0);
		py = (double)llround(c.lat * SHAPE_UNIT);
		if (n && v[n - 1][0] == px && v[n - 1][1] == py) {
			x->report->repeated++;
			continue;
		}
		v[n][0] = px;
		v[n++][1] = py;
	}
	if (n && (v[0][0] != v[n - 1][0] || v[0][1] != v[n - 1][1])) {
		x->report->unclosed++;
		memcpy(v[n++], v[0], sizeof(*v));
	}
	sum = n >= 4 ? ring_sum((const double(*)[2])v, n) : 0;
	if (n < 4) {
		x->report->dropped++;
		return false;
	}
	/* RFC 7946: outer rings counter-clockwise, holes clockwise */
	if (sum != 0 && (sum < 0) != hole)
		x->report->winding++;
	*out = (struct shape_raw_ring){.v = (const double(*)[2])v, .n = n, .polygon = p->polygon};
	return true;
}

static bool ring_wraps(const struct geojson_feature *f, const struct geojson_part *p)
{
	for (size_t i = 1; i < p->n; i++)
		if (fabs(f->points[p->start + i].lon - f->points[p->start + i - 1].lon) > 180)
			return true;
	return false;
}

/* Rings of all polygons; a polygon whose outer ring is dropped is dropped whole. */
static size_t fix_rings(struct fixing *x, const struct geojson_feature *f, struct shape_raw_ring *rings)
{
	bool drop_zero = !lies_at_zero(f), kept = false;
	size_t n = 0;

	for (size_t i = 0; i < f->nparts; i++) {
		const struct geojson_part *p = &f->parts[i];
		bool hole = i && f->parts[i - 1].polygon == p->polygon;

		if (!hole) {
			x->wraps = false;
			for (size_t k = i; k < f->nparts && f->parts[k].polygon == p->polygon; k++)
				x->wraps = x->wraps || ring_wraps(f, &f->parts[k]);
			x->report->antimeridian = x->report->antimeridian || x->wraps;
			kept = fix_ring(x, f, p, false, drop_zero, &rings[n]);
			n += kept;
		} else if (kept) {
			n += fix_ring(x, f, p, true, drop_zero, &rings[n]);
		}
	}
	return n;
}

enum err shape_fix(struct arena *a, const struct geojson_feature *f, enum coord_datum datum, struct shape *out,
		   struct shape_report *report)
{
	struct fixing x = {.a = a, .datum = datum, .report = report};
	struct shape_raw_ring *rings = arena_array(a, struct shape_raw_ring, f->nparts + 1);
	double where[2] = {0, 0};
	enum err e;
	size_t n;

	*report = (struct shape_report){0};
	*out = (struct shape){0};
	if (f->kind != GEOJSON_AREAS || f->npoints > SHAPE_MAX_POINTS)
		return ERR_INPUT;
	n = fix_rings(&x, f, rings);
	if (n == 0)
		return ERR_INPUT;
	e = shape_make(a, rings, n, report->antimeridian, out, &report->fault, where);
	report->where = (struct lonlat){where[0] / SHAPE_UNIT, where[1] / SHAPE_UNIT};
	return e;
}

bool shape_report_empty(const struct shape_report *r)
{
	return !r->unclosed && !r->repeated && !r->winding && !r->zero && !r->dropped && !r->antimeridian && r->fault == SHAPE_SOUND;
}

static void say(struct arena *a, struct str *text, const char *zh, const char *en, int n)
{
	if (n)
		*text = arena_cat(a, *text, arena_printf(a, "%s%d %s (%d %s)", text->n ? "；" : "", n, zh, n, en));
}

struct str shape_report_text(struct arena *a, const struct shape_report *r)
{
	static const char *const faults[] = {
		[SHAPE_CROSSING] = "环自相交，已在交点拆开 (a ring crosses itself: taken apart there)",
		[SHAPE_TOUCHING] = "环自相接，已在接点拆开 (a ring touches itself: taken apart there)",
		[SHAPE_TANGLED] = "环互相重叠或洞在外面，已合并 (rings overlap or a hole lies outside: merged)",
	};
	struct str text = STR("");

	say(a, &text, "个环没有闭合，已闭合", "rings not closed: closed", r->unclosed);
	say(a, &text, "个重复点，已去掉", "repeated points: taken out", r->repeated);
	say(a, &text, "个环方向相反，已调转", "rings wound the wrong way: turned", r->winding);
	say(a, &text, "个点在 0,0，已去掉", "points at 0,0: taken out", r->zero);
	say(a, &text, "个环没有面积，已去掉", "rings without area: left out", r->dropped);
	if (r->antimeridian)
		text = arena_cat(a, text, arena_printf(a, "%s跨 180 度经线，已分成两半 (over the antimeridian: cut in two)", text.n ? "；" : ""));
	if (r->fault != SHAPE_SOUND)
		text = arena_cat(a, text, arena_printf(a, "%s%.6f,%.6f 处%s", text.n ? "；" : "", r->where.lon, r->where.lat,
						       faults[r->fault]));
	return text;
}
