/* Cells 示意: what children without an area get of their parent's. */
#include "core/place/area.h"
#include "geo/shape_ops.h"

/* Areas of the children that have one; *rest becomes what is left of the parent. */
static enum err real_areas(struct db_conn *c, struct arena *a, struct place_cell *v, size_t n, struct shape *rest)
{
	const struct shape **taken = arena_array(a, const struct shape *, n + 1);
	struct shape all;
	size_t ntaken = 0;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		struct place_area area;

		e = place_area_get(c, a, v[i].place.key, &area);
		if (e == ERR_NOT_FOUND) {
			e = OK;
			continue;
		}
		if (e != OK)
			return e;
		v[i].shape = area.shape;
		v[i].real = true;
		v[i].rough = area.rough;
		taken[ntaken++] = &v[i].shape;
	}
	if (e == OK && ntaken)
		e = shape_unite(a, taken, ntaken, &all);
	if (e == OK && ntaken)
		e = shape_op(a, SHAPE_SUBTRACT, rest, &all, rest);
	return e;
}

static enum err make_cells(struct arena *a, struct place_cell *v, size_t n, const struct shape *rest, bool *complete)
{
	struct shape_point *points = arena_array(a, struct shape_point, n + 1);
	struct shape *cells = arena_array(a, struct shape, n + 1);
	size_t *from = arena_array(a, size_t, n + 1), m = 0;
	enum err e;

	*complete = true;
	for (size_t i = 0; i < n; i++) {
		if (v[i].real)
			continue;
		if (!coord_valid(v[i].place.lon, v[i].place.lat) || (v[i].place.lon == 0 && v[i].place.lat == 0)) {
			*complete = false;
			continue;
		}
		points[m] = shape_point_of(v[i].place.lon, v[i].place.lat);
		from[m++] = i;
	}
	if (m == 0 || rest->nrings == 0)
		return OK;
	e = shape_cells(a, points, m, rest, cells);
	for (size_t i = 0; e == OK && i < m; i++) {
		v[from[i]].shape = cells[i];
		v[from[i]].rough = true;
		if (cells[i].nrings == 0)
			*complete = false;
	}
	return e;
}

enum err place_cells(struct db_conn *c, struct arena *a, struct str parent, struct place_cell **v, size_t *n, bool *complete)
{
	struct place *kids;
	struct shape rest;
	bool real;
	enum err e = place_children(c, a, parent, &kids, n);

	*complete = false;
	*v = NULL;
	if (e != OK)
		return e;
	*v = arena_array(a, struct place_cell, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*v)[i].place = kids[i];
	e = place_outline(c, a, parent, &rest, &real);
	if (e == ERR_NOT_FOUND) {
		rest = (struct shape){0};
		e = OK;
	}
	if (e == OK)
		e = real_areas(c, a, *v, *n, &rest);
	return e == OK ? make_cells(a, *v, *n, &rest, complete) : e;
}

/* The place above that is shown: nodes of the codes only have no area of their own. */
static struct str shown_parent(struct db_conn *c, struct arena *a, struct str key)
{
	for (int level = (int)place_level_of_key(key) - 1; level > PLACE_ROOT; level--) {
		struct str up = place_up(key, (enum place_level)level);
		struct place p;

		if (place_by_key(c, a, up, &p) == OK && !p.hidden)
			return up;
	}
	return STR_NULL;
}

enum err place_outline(struct db_conn *c, struct arena *a, struct str key, struct shape *out, bool *real)
{
	struct place_area area;
	struct place_cell *v;
	struct str parent;
	size_t n;
	bool complete;
	enum err e = place_area_get(c, a, key, &area);

	*real = e == OK;
	if (e == OK)
		*out = area.shape;
	if (e != ERR_NOT_FOUND)
		return e;
	parent = shown_parent(c, a, key);
	if (!parent.p)
		return ERR_NOT_FOUND;
	e = place_cells(c, a, parent, &v, &n, &complete);
	for (size_t i = 0; e == OK && i < n; i++)
		if (str_eq(v[i].place.key, key) && v[i].shape.nrings) {
			*out = v[i].shape;
			return OK;
		}
	return e == OK ? ERR_NOT_FOUND : e;
}
