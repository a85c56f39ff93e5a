/* The picture of a village and its grids. */
#include <math.h>

#include "base/buf.h"
#include "cap/grids/view.h"
#include "core/matter/regrid.h"

#define WIDTH 720
#define HEIGHT 520
#define EDGE 40            /* room around, so that a line can begin outside */
#define METRES_A_DEGREE 111320.0
#define DOT 4
#define PATH_MAX_BYTES ((size_t)512 << 10)

struct scale {
	double west, north, sx, sy; /* degrees a unit */
};

static struct scale scale_of(const struct shape_box *b, int *height)
{
	double lon = ((double)b->east - b->west) / SHAPE_UNIT, lat = ((double)b->north - b->south) / SHAPE_UNIT;
	double k = cos(((double)b->north + b->south) / 2 / SHAPE_UNIT * M_PI / 180), room_x = WIDTH - 2 * EDGE, room_y = HEIGHT - 2 * EDGE;
	double sy = fmax(fmax(lon * k / room_x, lat / room_y), 1e-7), sx = sy / k;

	*height = (int)ceil(lat / sy) + 2 * EDGE;
	return (struct scale){b->west / SHAPE_UNIT - (WIDTH - lon / sx) / 2 * sx, b->north / SHAPE_UNIT + EDGE * sy, sx, sy};
}

static void to_units(const struct scale *s, struct shape_point p, double *x, double *y)
{
	*x = (p.x / SHAPE_UNIT - s->west) / s->sx;
	*y = (s->north - p.y / SHAPE_UNIT) / s->sy;
}

static struct str path(struct rq *rq, const struct scale *s, const struct shape *shape)
{
	struct buf b;
	struct str out;
	double x, y;

	buf_init(&b, PATH_MAX_BYTES);
	for (size_t r = 0; r < shape->nrings; r++) {
		int last_x = -1, last_y = -1;

		for (uint32_t i = 0; i < shape->rings[r].n; i++) {
			to_units(s, shape->points[shape->rings[r].start + i], &x, &y);
			/* points of the same unit are one to the eye */
			if (i && (int)lround(x) == last_x && (int)lround(y) == last_y)
				continue;
			last_x = (int)lround(x);
			last_y = (int)lround(y);
			buf_printf(&b, "%c%d %d", i ? 'L' : 'M', last_x, last_y);
		}
		buf_addc(&b, 'Z');
	}
	out = arena_str(rq->arena, b.full ? STR("") : buf_str(&b));
	buf_release(&b);
	return out;
}

static struct grids_path item(struct rq *rq, const struct scale *s, const struct shape *shape, struct str name, const char *css)
{
	struct grids_path p = {.d = path(rq, s, shape), .name = name, .css = css};
	double x, y;

	to_units(s, shape_inside(shape), &x, &y);
	p.x = (int)lround(x);
	p.y = (int)lround(y) + 5;
	return p;
}

/* Streets and water of the imported extract: a border follows a street, not a picture without one. */
static void draw_under(struct rq *rq, const struct scale *s, struct grids_picture *pic)
{
	struct minimap_under *u = arena_new(rq->arena, struct minimap_under);
	double unit = s->sy * METRES_A_DEGREE, half = unit * fmax(WIDTH / 2.0, pic->height / 2.0 * MINIMAP_WIDTH / MINIMAP_HEIGHT);
	double k = half / (MINIMAP_WIDTH / 2.0) / unit;
	struct lonlat centre = {s->west + WIDTH / 2.0 * s->sx, s->north - pic->height / 2.0 * s->sy};

	if (!minimap_ground(rq, centre, half, u))
		return;
	pic->under = u;
	pic->under_at = arena_printf(rq->arena, "translate(%.1f %.1f) scale(%.4f)", WIDTH / 2.0 - MINIMAP_WIDTH / 2.0 * k,
				     pic->height / 2.0 - MINIMAP_HEIGHT / 2.0 * k, k);
}

/* What is open there: whoever draws a border sees whom it divides. */
static void draw_dots(struct rq *rq, const struct scale *s, const struct grids_plan *p, struct grids_picture *pic)
{
	struct matter_open_at *v;
	struct buf b;
	size_t n;

	if (matter_open_in(rq_conn(rq), rq->arena, p->village.key, &v, &n) != OK)
		return;
	buf_init(&b, PATH_MAX_BYTES);
	for (size_t i = 0; i < n; i++) {
		double x = (v[i].lon - s->west) / s->sx, y = (s->north - v[i].lat) / s->sy;

		if (isnan(v[i].lon) || x < 0 || y < 0 || x > WIDTH || y > pic->height)
			continue;
		buf_printf(&b, "M%d %da%d %d 0 1 0 %d 0a%d %d 0 1 0 %d 0", (int)lround(x) - DOT, (int)lround(y), DOT, DOT, 2 * DOT, DOT, DOT, -2 * DOT);
	}
	pic->dots = arena_str(rq->arena, b.full ? STR("") : buf_str(&b));
	buf_release(&b);
}

/* The roundest length of at most a quarter of the width. */
static void draw_scale(struct rq *rq, const struct scale *s, struct grids_picture *pic)
{
	static const int steps[] = {5000, 2000, 1000, 500, 200, 100, 50, 20, 10};
	double unit = s->sy * METRES_A_DEGREE;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(steps) && steps[i] / unit > WIDTH / 4.0)
		i++;
	pic->bar = (int)lround(steps[i] / unit);
	pic->scale = steps[i] < 1000 ? arena_printf(rq->arena, _(N_("%d 米")), steps[i]) : arena_printf(rq->arena, _(N_("%d 公里")), steps[i] / 1000);
}

const struct grids_picture *grids_draw(struct rq *rq, const struct grids_plan *p, bool after)
{
	struct grids_picture *pic = arena_new(rq->arena, struct grids_picture);
	struct scale s;

	if (!p->outline.nrings)
		return NULL;
	s = scale_of(&p->outline.box, &pic->height);
	pic->width = WIDTH;
	pic->box = arena_printf(rq->arena, "0 0 %d %d", WIDTH, pic->height);
	pic->west = arena_printf(rq->arena, "%.7f", s.west);
	pic->north = arena_printf(rq->arena, "%.7f", s.north);
	pic->sx = arena_printf(rq->arena, "%.12f", s.sx);
	pic->sy = arena_printf(rq->arena, "%.12f", s.sy);
	pic->title = after ? str_from(_(N_("改后"))) : str_from(_(N_("现在")));
	pic->v = arena_array(rq->arena, struct grids_path, p->n + 2);
	for (size_t i = 0; i < p->n; i++) {
		const struct shape *shape = after ? &p->v[i].after : &p->v[i].before;
		const char *css = i % 4 == 0 ? "unit unit--a" : i % 4 == 1 ? "unit unit--b" : i % 4 == 2 ? "unit unit--c" : "unit unit--d";

		if (shape->nrings)
			pic->v[pic->n++] = item(rq, &s, shape, p->v[i].place.name, css);
	}
	pic->v[pic->n++] = item(rq, &s, &p->outline, STR(""), "village");
	draw_under(rq, &s, pic);
	draw_dots(rq, &s, p, pic);
	draw_scale(rq, &s, pic);
	return pic;
}
