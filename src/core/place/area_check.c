/* Do the areas of children fit each other and their parent? Differences of the width of a line in a coarse map are told as what they are: areas. */
#include <math.h>

#include "core/place/area_import.h"
#include "geo/shape_ops.h"

struct child {
	struct place place;
	struct shape shape;      /* nrings 0: it has no area */
	double area;
};

struct checking {
	struct area_import *im;
	struct arena *a;
	struct child *v;
	size_t n;
	bool all;                /* every child has an area */
};

#define LEAST 100.0         /* square metres that are worth a word */
#define SHARE 0.0005        /* of the smaller area */

static bool matters(double area, double of)
{
	return area > LEAST && area > of * SHARE;
}

static struct str words(struct arena *a, double area)
{
	if (area < 100000)
		return arena_printf(a, "%.0f 平方米 (m²)", area);
	return arena_printf(a, "%.2f 平方公里 (km²)", area / 1e6);
}

static void tell(struct checking *x, enum area_told kind, struct str what, const char *zh, const struct shape *where)
{
	struct lonlat p = shape_lonlat(shape_inside(where));

	x->im->tolds[kind]++;
	if (x->im->told)
		x->im->told(x->im->arg, kind, 0, what,
			    arena_printf(x->a, "%s %.*s，在 %.5f,%.5f 附近 (near it)", zh, STR_ARG(words(x->a, shape_area(where))), p.lon, p.lat));
}

static enum err load(struct checking *x, struct db_conn *c, struct str parent)
{
	struct place *kids;
	enum err e = place_children(c, x->a, parent, &kids, &x->n);

	if (e != OK)
		return e;
	x->all = x->n > 0;
	x->v = arena_array(x->a, struct child, x->n + 1);
	for (size_t i = 0; i < x->n; i++) {
		struct place_area area;

		x->v[i].place = kids[i];
		e = place_area_get(c, x->a, kids[i].key, &area);
		if (e == ERR_NOT_FOUND) {
			x->all = false;
			continue;
		}
		if (e != OK)
			return e;
		x->v[i].shape = area.shape;
		x->v[i].area = shape_area(&area.shape);
	}
	return OK;
}

static enum err overlaps(struct checking *x)
{
	enum err e = OK;

	for (size_t i = 0; i < x->n; i++)
		for (size_t k = i + 1; e == OK && k < x->n; k++) {
			const struct child *a = &x->v[i], *b = &x->v[k];
			struct shape both;

			if (!a->shape.nrings || !b->shape.nrings || !shape_boxes_meet(&a->shape.box, &b->shape.box))
				continue;
			e = shape_op(x->a, SHAPE_COMMON, &a->shape, &b->shape, &both);
			if (e == OK && both.nrings && matters(shape_area(&both), fmin(a->area, b->area)))
				tell(x, AREA_OVERLAP, arena_printf(x->a, "%.*s、%.*s", STR_ARG(a->place.name), STR_ARG(b->place.name)),
				     "互相重叠 (overlap)", &both);
		}
	return e;
}

static enum err outside(struct checking *x, const struct shape *parent)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < x->n; i++) {
		struct shape out;

		if (!x->v[i].shape.nrings)
			continue;
		e = shape_op(x->a, SHAPE_SUBTRACT, &x->v[i].shape, parent, &out);
		if (e == OK && out.nrings && matters(shape_area(&out), x->v[i].area))
			tell(x, AREA_OUTSIDE, x->v[i].place.name, "超出上级边界 (reaches out of its parent)", &out);
	}
	return e;
}

/* What no child covers. Without an area of the parent only holes between the children can be told. */
static enum err gaps(struct checking *x, const struct shape *parent, struct str name)
{
	const struct shape **v = arena_array(x->a, const struct shape *, x->n + 1);
	struct shape all, rest, *pieces;
	size_t n = 0, npieces;
	double total;
	enum err e;

	for (size_t i = 0; i < x->n; i++)
		if (x->v[i].shape.nrings)
			v[n++] = &x->v[i].shape;
	e = shape_unite(x->a, v, n, &all);
	if (e != OK)
		return e;
	total = shape_area(&all);
	if (parent) {
		e = shape_op(x->a, SHAPE_SUBTRACT, parent, &all, &rest);
	} else {
		struct shape filled = all;
		size_t kept = 0;

		filled.rings = arena_array(x->a, struct shape_ring, all.nrings + 1);
		for (size_t i = 0; i < all.nrings; i++)
			if (!all.rings[i].hole)
				filled.rings[kept++] = all.rings[i];
		filled.nrings = kept;
		e = shape_op(x->a, SHAPE_SUBTRACT, &filled, &all, &rest);
	}
	if (e != OK)
		return e;
	shape_pieces(x->a, &rest, &pieces, &npieces);
	for (size_t i = 0; i < npieces; i++)
		if (matters(shape_area(&pieces[i]), total / (double)(n + 1)))
			tell(x, AREA_GAP, name, "没有下级覆盖 (no child covers)", &pieces[i]);
	return OK;
}

enum err area_check(struct db_conn *c, struct str parent, struct area_import *im)
{
	struct checking x = {.im = im};
	struct place_area area;
	struct place p;
	struct arena a;
	bool has_area;
	enum err e;

	arena_init(&a, (size_t)2 << 30);
	x.a = &a;
	e = place_by_key(c, &a, parent, &p);
	if (e == OK)
		e = load(&x, c, parent);
	if (e == OK)
		e = overlaps(&x);
	if (e == OK) {
		e = place_area_get(c, &a, parent, &area);
		has_area = e == OK;
		e = e == ERR_NOT_FOUND ? OK : e;
		if (e == OK && has_area)
			e = outside(&x, &area.shape);
		if (e == OK && x.all)
			e = gaps(&x, has_area ? &area.shape : NULL, p.name);
	}
	arena_release(&a);
	return e;
}
