#include "web/minimap.h"

#include <math.h>
#include <stdlib.h>

#define EARTH 6378137.0      /* metres: radius of Web Mercator (EPSG:3857) */
#define LEAST_HALF 150.0
#define MOST_HALF 1500.0
#define FREE_HALF 400.0      /* nothing around: so far one walks in five minutes */
#define FARTHEST 2000        /* units: what lies further out is cut there, so numbers stay short */
#define MOST_CORNERS 600
#define LABEL_HEIGHT 14
#define WAYS_NAMED 5

/* ---- projection ---- */

struct frame {
	struct lonlat centre;
	double half;         /* metres on the ground */
	double x0, y0, unit; /* Mercator metres of the centre; units a metre of them */
};

static double mercator_x(double lon)
{
	return EARTH * lon * M_PI / 180;
}

static double mercator_y(double lat)
{
	return EARTH * log(tan(M_PI / 4 + lat * M_PI / 360));
}

static struct frame frame_of(struct lonlat centre, double half)
{
	return (struct frame){centre, half, mercator_x(centre.lon), mercator_y(centre.lat),
			      MINIMAP_WIDTH / 2.0 / (half / cos(centre.lat * M_PI / 180))};
}

static int clamp(double v)
{
	return (int)lround(fmax(-FARTHEST, fmin(FARTHEST, v)));
}

static int frame_x(const struct frame *f, struct lonlat p)
{
	return clamp(MINIMAP_WIDTH / 2.0 + (mercator_x(p.lon) - f->x0) * f->unit);
}

static int frame_y(const struct frame *f, struct lonlat p)
{
	return clamp(MINIMAP_HEIGHT / 2.0 - (mercator_y(p.lat) - f->y0) * f->unit);
}

static bool inside(int x, int y)
{
	return x >= 0 && x <= MINIMAP_WIDTH && y >= 0 && y <= MINIMAP_HEIGHT;
}

static bool known(struct lonlat p)
{
	return coord_valid(p.lon, p.lat) && fabs(p.lat) < 85;
}

/* ---- words ---- */

static struct str metres(struct rq *rq, double m)
{
	if (m < 1000)
		return arena_printf(rq->arena, _("%d 米"), (int)lround(m < 100 ? m : m / 10) * (m < 100 ? 1 : 10));
	if (m < 10000)
		return arena_printf(rq->arena, _("%.1f 公里"), m / 1000);
	return arena_printf(rq->arena, _("%.0f 公里"), m / 1000);
}

struct str minimap_where(struct rq *rq, struct lonlat from, struct lonlat to)
{
	static const char *const winds[] = {N_("北"), N_("东北"), N_("东"), N_("东南"), N_("南"), N_("西南"), N_("西"), N_("西北")};
	double m = coord_metres(from, to), angle;

	if (m < 5)
		return str_from(_("同一处"));
	angle = atan2((to.lon - from.lon) * cos(from.lat * M_PI / 180), to.lat - from.lat);
	return arena_printf(rq->arena, _("%s %s"), _(winds[(int)lround(angle / (M_PI / 4) + 8) % 8]), metres(rq, m).p);
}

/* ---- how much to show ---- */

static bool centre_of(const struct minimap *m, struct lonlat *out)
{
	double lon = 0, lat = 0;
	size_t n = 0;

	*out = m->at;
	if (known(m->at))
		return true;
	for (size_t i = 0; i < m->npoints && i < MINIMAP_MOST; i++) {
		if (!known(m->points[i].at))
			continue;
		lon += m->points[i].at.lon;
		lat += m->points[i].at.lat;
		n++;
	}
	*out = (struct lonlat){n ? lon / (double)n : 0, n ? lat / (double)n : 0};
	return n > 0;
}

static double half_of(const struct minimap *m, struct lonlat centre)
{
	double half = m->half > 0 ? m->half : fmax(LEAST_HALF, m->accuracy * 1.8);
	bool any = m->accuracy > 0;

	if (m->half > 0)
		return fmin(half, 100000);
	for (size_t i = 0; i < m->npoints && i < MINIMAP_MOST; i++) {
		double d = known(m->points[i].at) ? coord_metres(centre, m->points[i].at) : INFINITY;

		/* the drawing is less high than wide */
		d *= 1.15 * MINIMAP_WIDTH / MINIMAP_HEIGHT;
		if (d > MOST_HALF)
			continue;
		any = true;
		half = fmax(half, d);
	}
	return any ? fmin(half, MOST_HALF) : FREE_HALF;
}

/* A round number of metres whose bar is at most a quarter of the width. */
static void set_scale(struct rq *rq, const struct frame *f, struct minimap_view *v)
{
	static const double steps[] = {1, 2, 5};
	double metre = MINIMAP_WIDTH / 2.0 / f->half, best = 1;

	for (double ten = 1; ten <= 100000; ten *= 10)
		for (size_t i = 0; i < ARRAY_LEN(steps); i++)
			if (steps[i] * ten * metre <= MINIMAP_WIDTH / 4.0)
				best = steps[i] * ten;
	v->bar = (int)lround(best * metre);
	v->scale = metres(rq, best);
}

/* ---- marks ---- */

static const struct {
	const char *css, *shape, *title;
} kinds[] = {
	[MINIMAP_OPEN] = {"mk mk--open", "M0-10a10 10 0 1 0 .1 0z", N_("在办的事项")},
	[MINIMAP_CLOSED] = {"mk mk--closed", "M-9-9h18v18h-18z", N_("办结的事项")},
	[MINIMAP_ALIKE] = {"mk mk--alike", "M0-13 13 0 0 13-13 0z", N_("可能是同一件事")},
	[MINIMAP_FACILITY] = {"mk mk--facility", "M0-12 11 8h-22z", N_("设施")},
};

static void set_marks(struct rq *rq, const struct minimap *m, const struct frame *f, struct minimap_view *v)
{
	bool seen[ARRAY_LEN(kinds)] = {false};

	v->marks = arena_array(rq->arena, struct minimap_mark, MINIMAP_MOST + 1);
	v->legend = arena_array(rq->arena, struct minimap_mark, ARRAY_LEN(kinds));
	for (size_t i = 0; i < m->npoints && v->nmarks < MINIMAP_MOST; i++) {
		const struct minimap_point *p = &m->points[i];
		struct minimap_mark *k = &v->marks[v->nmarks];
		int x, y;

		if (!known(p->at))
			continue;
		x = frame_x(f, p->at);
		y = frame_y(f, p->at);
		*k = (struct minimap_mark){x, y, (int)++v->nmarks, kinds[p->kind].css, kinds[p->kind].shape, p->title,
					   minimap_where(rq, f->centre, p->at), p->href};
		if (!inside(x, y)) {
			k->shape = NULL; /* told in words only */
			k->where = arena_printf(rq->arena, _("%s（图外）"), k->where.p);
		}
		if (!seen[p->kind])
			v->legend[v->nlegend++] = (struct minimap_mark){.css = kinds[p->kind].css, .shape = kinds[p->kind].shape,
									.title = str_from(_(kinds[p->kind].title))};
		seen[p->kind] = true;
	}
}

/* ---- names ---- */

struct box { int x0, y0, x1, y1; };

static bool overlaps(const struct box *v, size_t n, struct box b)
{
	for (size_t i = 0; i < n; i++)
		if (b.x0 < v[i].x1 && v[i].x0 < b.x1 && b.y0 < v[i].y1 && v[i].y0 < b.y1)
			return true;
	return false;
}

/* Width in units: a Chinese character is as wide as it is high, a Latin one half. */
static int width_of(struct str s)
{
	int w = 0;

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x80)
			w += 7;
		else if ((unsigned char)s.p[i] >= 0xc0)
			w += 12;
	return w;
}

static void set_names(struct rq *rq, const struct minimap *m, const struct frame *f, struct minimap_view *v)
{
	struct box taken[2 * MINIMAP_MOST + 2];
	size_t n = 0;

	taken[n++] = (struct box){0, MINIMAP_HEIGHT - 30, MINIMAP_WIDTH / 4 + 20, MINIMAP_HEIGHT}; /* the scale */
	if (v->has_point)
		taken[n++] = (struct box){v->x - 12, v->y - 30, v->x + 12, v->y + 4};
	for (size_t i = 0; i < v->nmarks; i++)
		if (v->marks[i].shape)
			taken[n++] = (struct box){v->marks[i].x - 11, v->marks[i].y - 11, v->marks[i].x + 11, v->marks[i].y + 11};
	v->labels = arena_array(rq->arena, struct minimap_label, MINIMAP_MOST);
	v->words = arena_array(rq->arena, struct minimap_label, MINIMAP_MOST);
	for (size_t i = 0; i < m->nnames && v->nwords < MINIMAP_MOST; i++) {
		struct lonlat at = m->names[i].at;
		int x, y, w = width_of(m->names[i].name) / 2 + 2;
		struct box b;

		if (!known(at))
			continue;
		x = frame_x(f, at);
		y = frame_y(f, at);
		b = (struct box){x - w, y - 8, x + w, y + LABEL_HEIGHT};
		if (!inside(x, y))
			continue;
		v->words[v->nwords++] = (struct minimap_label){
			x, y, arena_printf(rq->arena, "%.*s %s", STR_ARG(m->names[i].full.n ? m->names[i].full : m->names[i].name),
					   minimap_where(rq, f->centre, at).p)};
		if (b.x0 < 0 || b.x1 > MINIMAP_WIDTH || overlaps(taken, n, b) || n == ARRAY_LEN(taken))
			continue;
		taken[n++] = b;
		v->labels[v->nlabels++] = (struct minimap_label){x, y, m->names[i].name};
	}
}

/* ---- boundaries ---- */

/* The ring as a path; corners closer than `step` units to the last one drawn are left out. Returns how many were drawn. */
static size_t ring_path(const struct frame *f, const struct minimap_area *a, int step, struct buf *b)
{
	int lx = 0, ly = 0;
	size_t drawn = 0;

	for (size_t i = 0; i < a->n; i++) {
		int x, y;

		if (!known(a->v[i]))
			continue;
		x = frame_x(f, a->v[i]);
		y = frame_y(f, a->v[i]);
		if (drawn && abs(x - lx) < step && abs(y - ly) < step)
			continue;
		buf_printf(b, "%c%d %d", drawn ? 'L' : 'M', x, y);
		drawn++;
		lx = x;
		ly = y;
	}
	buf_addc(b, 'z');
	return drawn;
}

static void set_areas(struct rq *rq, const struct minimap *m, const struct frame *f, struct minimap_view *v)
{
	size_t corners = 0;
	struct buf b;

	buf_init(&b, 64 << 10);
	v->lines = arena_array(rq->arena, struct minimap_line, m->nareas + 1);
	for (size_t i = 0; i < m->nareas && i < MINIMAP_MOST; i++) {
		const struct minimap_area *a = &m->areas[i];
		struct minimap_line *l = &v->lines[v->nlines];
		size_t drawn = 0;

		for (int step = 1; step <= 64; step *= 2) {
			buf_clear(&b);
			drawn = ring_path(f, a, step, &b);
			if (drawn <= 120)
				break;
		}
		if (drawn < 3 || (corners += drawn) > MOST_CORNERS || buf_check(&b) != OK)
			continue;
		*l = (struct minimap_line){.path = arena_str(rq->arena, buf_str(&b)), .name = a->name, .indicative = a->indicative};
		v->indicative = v->indicative || a->indicative;
		v->nlines++;
	}
	buf_release(&b);
}

/* ---- beneath ---- */

static bool (*ground_of)(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out);

void minimap_ground_source(bool (*fn)(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out))
{
	ground_of = fn;
}

const char *minimap_ground_css(size_t kind)
{
	static const char *const css[MINIMAP_GROUNDS] = {"gr gr--green", "gr gr--water", "gr gr--stream", "gr gr--rail", "gr gr--street", "gr gr--road"};

	return css[kind];
}

/* Names of streets only where nothing else stands. */
static void choose_names(const struct minimap_view *v, struct minimap_under *u)
{
	struct box taken[4 * MINIMAP_MOST];
	size_t n = 0, kept = 0;

	taken[n++] = (struct box){0, MINIMAP_HEIGHT - 40, v->bar + 30, MINIMAP_HEIGHT};
	if (v->has_point)
		taken[n++] = (struct box){v->x - 14, v->y - 34, v->x + 14, v->y + 4};
	for (size_t i = 0; i < v->nmarks; i++)
		if (v->marks[i].shape)
			taken[n++] = (struct box){v->marks[i].x - 12, v->marks[i].y - 12, v->marks[i].x + 12, v->marks[i].y + 12};
	for (size_t i = 0; i < v->nlabels; i++)
		taken[n++] = (struct box){v->labels[i].x - width_of(v->labels[i].name) / 2, v->labels[i].y - 8,
					  v->labels[i].x + width_of(v->labels[i].name) / 2, v->labels[i].y + LABEL_HEIGHT};
	for (size_t i = 0; i < u->nnames && kept < WAYS_NAMED; i++) {
		const struct minimap_way_name *w = &u->names[i];
		double half = width_of(w->name) / 2.0, turn = w->angle * M_PI / 180;
		int x = (int)(fabs(cos(turn)) * half + 6), y = (int)(fabs(sin(turn)) * half + 6);
		struct box b = {w->x - x, w->y - y, w->x + x, w->y + y};

		if (b.x0 < 0 || b.y0 < 0 || b.x1 > MINIMAP_WIDTH || b.y1 > MINIMAP_HEIGHT || overlaps(taken, n, b))
			continue;
		taken[n++] = b;
		u->names[kept++] = *w;
	}
	u->nnames = kept;
}

bool minimap_ground(struct rq *rq, struct lonlat centre, double half, struct minimap_under *out)
{
	static const struct minimap_view nothing;

	if (!ground_of || !ground_of(rq, centre, half, out))
		return false;
	choose_names(&nothing, out);
	return true;
}

static void set_under(struct rq *rq, const struct frame *f, struct minimap_view *v)
{
	struct minimap_under *u = arena_new(rq->arena, struct minimap_under);

	if (!ground_of || !ground_of(rq, f->centre, f->half, u))
		return;
	choose_names(v, u);
	v->under = u;
}

/* ---- the whole ---- */

static struct str summary(struct rq *rq, const struct minimap *m, const struct frame *f)
{
	const char *wide = metres(rq, 2 * f->half).p;

	if (m->accuracy > 0 && m->by.n)
		return arena_printf(rq->arena, _("按“%s”估计的位置（误差约 %s）；图宽约 %s，上为北"), arena_strz(rq->arena, m->by),
				    metres(rq, m->accuracy).p, wide);
	if (m->accuracy > 0)
		return arena_printf(rq->arena, _("大致位置（误差约 %s）；图宽约 %s，上为北"), metres(rq, m->accuracy).p, wide);
	if (m->near.n)
		return arena_printf(rq->arena, _("%s一带；图宽约 %s，上为北"), arena_strz(rq->arena, m->near), wide);
	return arena_printf(rq->arena, _("图宽约 %s，上为北"), wide);
}

const struct minimap_view *minimap_draw(struct rq *rq, const struct minimap *m)
{
	struct minimap_view *v = arena_new(rq->arena, struct minimap_view);
	struct lonlat centre;
	struct frame f;

	if (!centre_of(m, &centre))
		return NULL;
	f = frame_of(centre, half_of(m, centre));
	v->has_point = known(m->at) && !m->frame_only;
	v->x = MINIMAP_WIDTH / 2;
	v->y = MINIMAP_HEIGHT / 2;
	v->reach = m->accuracy > 0 ? clamp(m->accuracy * MINIMAP_WIDTH / 2 / f.half) : 0;
	v->at_title = m->at_title;
	v->pin = m->pin;
	v->frame = arena_printf(rq->arena, "%.6f %.6f %.1f", centre.lon, centre.lat, f.half);
	v->summary = summary(rq, m, &f);
	set_scale(rq, &f, v);
	set_areas(rq, m, &f, v);
	set_marks(rq, m, &f, v);
	set_names(rq, m, &f, v);
	set_under(rq, &f, v);
	return v;
}

/* ---- a click ---- */

bool minimap_pin(struct rq *rq, const char *name, struct lonlat *out)
{
	struct str rest = rq_form(rq, arena_printf(rq->arena, "%s_frame", name).p), lon, lat;
	struct str sx = rq_form(rq, arena_printf(rq->arena, "%s.x", name).p), sy = rq_form(rq, arena_printf(rq->arena, "%s.y", name).p);
	double half, x, y;
	struct lonlat centre;
	struct frame f;

	if (!str_f64(sx, &x) || !str_f64(sy, &y) || (x == 0 && y == 0) || x < 0 || y < 0 || x > MINIMAP_PIN_WIDTH || y > MINIMAP_PIN_HEIGHT)
		return false;
	if (!str_split(&rest, ' ', &lon) || !str_split(&rest, ' ', &lat) || !str_f64(lon, &centre.lon) || !str_f64(lat, &centre.lat) ||
	    !str_f64(rest, &half) || !known(centre) || !(half >= 1 && half <= 100000))
		return false;
	f = frame_of(centre, half);
	x = f.x0 + (x / MINIMAP_PIN_WIDTH - 0.5) * MINIMAP_WIDTH / f.unit;
	y = f.y0 + (0.5 - y / MINIMAP_PIN_HEIGHT) * MINIMAP_HEIGHT / f.unit;
	*out = (struct lonlat){x / EARTH * 180 / M_PI, (2 * atan(exp(y / EARTH)) - M_PI / 2) * 180 / M_PI};
	return known(*out);
}
