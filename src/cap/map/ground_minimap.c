/* The ground for the small maps that are drawn on the server (web/minimap.h): a few paths, the important first, in some six kilobytes. */
#include <math.h>
#include <stdlib.h>

#include "cap/map/ground.h"
#include "geo/ground_line.h"
#include "web/minimap.h"

#define BYTES 6000               /* of all paths together */
#define NAMES 16                 /* offered: web/minimap.c takes those that lie over nothing else */
#define NAME_APART 40            /* units between two */
#define NAME_EDGE 30
#define METRES_ROUND 40075016.7  /* around the equator */
#define FINER 4                  /* lines are made in units that many times finer, and rounded at last */

struct drawing {
	struct rq *rq;
	struct ground_frame frame;
	double x0, y0, unit;         /* Mercator units of the left upper corner; units of the drawing a Mercator unit */
	enum minimap_ground want;
	struct buf path;
	struct mvt_xy *xy; size_t cap;
	size_t left;                 /* bytes that may still be written */
	struct minimap_under *out;
};

static enum minimap_ground kind_of(const struct ground_seen *s)
{
	switch (s->kind) {
	case GROUND_GREEN: return MINIMAP_GREEN;
	case GROUND_WATER: return MINIMAP_WATER;
	case GROUND_WATERWAY: return MINIMAP_STREAM;
	case GROUND_RAIL: return MINIMAP_RAIL;
	default: return s->rank <= 3 ? MINIMAP_ROAD : MINIMAP_STREET;
	}
}

/* ---- paths ---- */

static struct mvt_xy place(const struct drawing *d, struct mvt_xy p)
{
	double step = ldexp(1, d->frame.shift);
	double x = (d->frame.origin.x + (p.x + 0.5) * step - d->x0) * d->unit, y = (d->frame.origin.y + (p.y + 0.5) * step - d->y0) * d->unit;

	return (struct mvt_xy){(int32_t)lround(fmax(-2000, fmin(2000, x))), (int32_t)lround(fmax(-2000, fmin(2000, y)))};
}

/* Steps from point to point, which are shorter than places. */
static void put_part(struct drawing *d, size_t n, bool closed)
{
	struct mvt_xy last = place(d, d->xy[0]);
	size_t put = 0;

	buf_printf(&d->path, "M%d %d", last.x, last.y);
	for (size_t i = 1; i < n; i++) {
		struct mvt_xy p = place(d, d->xy[i]);

		if (p.x == last.x && p.y == last.y)
			continue;
		buf_printf(&d->path, "%s%d%s%d", put ? (p.x < last.x ? "" : " ") : "l", p.x - last.x, p.y < last.y ? "" : " ", p.y - last.y);
		last = p;
		put++;
	}
	if (closed)
		buf_addc(&d->path, 'z');
}

static struct mvt_xy *room(struct drawing *d, size_t n)
{
	if (n > d->cap) {
		free(d->xy);
		d->xy = malloc(n * sizeof(*d->xy));
		d->cap = n;
		if (d->xy == NULL)
			BUG("out of memory");
	}
	return d->xy;
}

/* ---- names ---- */

static bool is_free(const struct drawing *d, int x, int y, struct str name)
{
	if (x < NAME_EDGE || x > MINIMAP_WIDTH - NAME_EDGE || y < NAME_EDGE / 2 || y > MINIMAP_HEIGHT - NAME_EDGE / 2)
		return false;
	for (size_t i = 0; i < d->out->nnames; i++)
		if (str_eq(d->out->names[i].name, name) || hypot(x - d->out->names[i].x, y - d->out->names[i].y) < NAME_APART)
			return false;
	return true;
}

/* On the longest piece of the road, along it. */
static void put_name(struct drawing *d, const struct ground_seen *s, size_t n)
{
	struct minimap_way_name *to = &d->out->names[d->out->nnames];
	double most = 12;
	bool any = false;

	if (s->kind != GROUND_ROAD || str_empty(s->name) || d->out->nnames == NAMES)
		return;
	for (size_t i = 1; i < n; i++) {
		struct mvt_xy a = place(d, d->xy[i - 1]), b = place(d, d->xy[i]);
		double length = hypot(b.x - a.x, b.y - a.y), angle = atan2(b.y - a.y, b.x - a.x) * 180 / M_PI;
		int x = (a.x + b.x) / 2, y = (a.y + b.y) / 2;

		if (length <= most || !is_free(d, x, y, s->name))
			continue;
		/* read from the left, or from below */
		angle = angle > 90 ? angle - 180 : angle <= -90 ? angle + 180 : angle;
		*to = (struct minimap_way_name){x, y, (int)lround(angle), arena_str(d->rq->arena, s->name)};
		most = length;
		any = true;
	}
	d->out->nnames += any;
}

/* ---- features ---- */

static void draw(void *arg, const struct ground_seen *s)
{
	struct drawing *d = arg;
	size_t before = d->path.n;

	if (kind_of(s) != d->want || (s->flags & GROUND_TUNNEL) || d->path.n >= d->left)
		return;
	for (size_t i = 0, at = 0; i < s->nparts; at = s->ends[i++]) {
		size_t n = ground_line(&d->frame, s->points + at, s->ends[i] - at, room(d, s->ends[i] - at));

		/* without its outer ring there is nothing for holes to lie in */
		if (n < (ground_is_area(s->kind) ? 3u : 2u)) {
			if (i == 0)
				break;
			continue;
		}
		put_part(d, n, ground_is_area(s->kind));
		if (i == 0)
			put_name(d, s, n);
	}
	/* a path is whole or not there: half a lake would be a lie */
	if (d->path.n > d->left)
		d->path.n = before;
}

/* The zoom at which a screen shows as much in as many points. */
static int zoom_of(struct lonlat centre, double half)
{
	double metres = half * 2 / MINIMAP_WIDTH;

	return (int)lround(log2(METRES_ROUND * cos(centre.lat * M_PI / 180) / 512 / metres));
}

static void set_frame(struct drawing *d, struct lonlat centre, double half, struct mercator *min, struct mercator *max)
{
	struct mercator at = mercator_from(centre.lon, centre.lat);
	double wide = half * mercator_units(at.y), high = wide * MINIMAP_HEIGHT / MINIMAP_WIDTH;

	d->x0 = at.x - wide;
	d->y0 = at.y - high;
	d->unit = MINIMAP_WIDTH / 2.0 / wide;
	*min = (struct mercator){(uint32_t)fmax(0, d->x0), (uint32_t)fmax(0, d->y0)};
	*max = (struct mercator){(uint32_t)fmin(UINT32_MAX, at.x + wide), (uint32_t)fmin(UINT32_MAX, at.y + high)};
	d->frame.origin = *min;
	d->frame.shift = (int)floor(log2(1 / d->unit / FINER));
	d->frame.size = (int32_t)(2 * wide / ldexp(1, d->frame.shift));
	d->frame.reach = d->frame.size / 10;
	d->frame.tolerance = FINER * 3 / 2;
}

bool ground_under(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out)
{
	/* what is drawn first lies below, but what matters most gets its bytes first */
	static const enum minimap_ground order[] = {MINIMAP_WATER, MINIMAP_ROAD, MINIMAP_STREAM, MINIMAP_STREET, MINIMAP_GREEN, MINIMAP_RAIL};
	const struct ground_held *g = ground_ref(rq->arena, NULL);
	struct drawing d = {.rq = rq, .left = BYTES, .out = out};
	struct mercator min, max;

	if (g == NULL || !(half > 1))
		return false;
	set_frame(&d, centre, half, &min, &max);
	out->names = arena_array(rq->arena, struct minimap_way_name, NAMES + 1);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		buf_init(&d.path, 64 << 10);
		d.want = order[i];
		ground_map_each(g->map, min, max, zoom_of(centre, half), draw, &d);
		if (d.path.n && buf_check(&d.path) == OK)
			out->path[d.want] = arena_str(rq->arena, buf_str(&d.path));
		d.left -= d.path.n < d.left ? d.path.n : d.left;
		buf_release(&d.path);
	}
	free(d.xy);
	out->credit = STR(GROUND_CREDIT);
	out->href = STR("https://www.openstreetmap.org/copyright");
	for (size_t i = 0; i < MINIMAP_GROUNDS; i++)
		if (out->path[i].n)
			return true;
	return false;
}
