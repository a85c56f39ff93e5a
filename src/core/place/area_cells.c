/* Cells 示意: what children without an area get of their parent's. */
#include "core/place/area_world.h"
#include "geo/shape_ops.h"

/* Areas of the children that have one; *rest becomes what is left of the parent. */
static enum err real_areas(const struct world *w, struct arena *a, struct place_cell *v, size_t n, struct shape *rest)
{
	const struct shape **taken = arena_array(a, const struct shape *, n + 1);
	struct shape all;
	size_t ntaken = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		const struct kept_area *area = world_area_of(w, v[i].place.key);

		if (!area)
			continue;
		v[i].shape = area->ready.shape;
		v[i].real = true;
		v[i].rough = area->rough;
		taken[ntaken++] = &v[i].shape;
	}
	if (ntaken == 0 || ntaken == n || rest->nrings == 0)
		return OK;
	e = shape_unite(a, taken, ntaken, &all);
	return e == OK ? shape_op(a, SHAPE_SUBTRACT, rest, &all, rest) : e;
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

enum err place_cells_in(struct world *w, struct db_conn *c, struct arena *a, struct str parent, const struct shape *outline,
			struct place_cell **v, size_t *n, bool *complete)
{
	struct shape rest = outline ? *outline : (struct shape){0};
	struct place *kids;
	enum err e = place_children(c, a, parent, &kids, n);

	*complete = false;
	*v = NULL;
	if (e != OK)
		return e;
	*v = arena_array(a, struct place_cell, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*v)[i].place = kids[i];
	e = real_areas(w, a, *v, *n, &rest);
	return e == OK ? make_cells(a, *v, *n, &rest, complete) : e;
}

static enum err outline_in(struct world *w, struct db_conn *c, struct arena *a, struct str key, struct shape *out, bool *real);

/* Areas of the world are copied: the caller's live in his arena. */
static void own(struct arena *a, struct shape *s)
{
	struct shape_point *points = arena_array(a, struct shape_point, s->npoints + 1);
	struct shape_ring *rings = arena_array(a, struct shape_ring, s->nrings + 1);

	if (s->nrings == 0)
		return;
	memcpy(points, s->points, s->npoints * sizeof(*points));
	memcpy(rings, s->rings, s->nrings * sizeof(*rings));
	s->points = points;
	s->rings = rings;
}

enum err place_cells(struct db_conn *c, struct arena *a, struct str parent, struct place_cell **v, size_t *n, bool *complete)
{
	struct shape outline;
	struct world *w;
	bool real;
	enum err e = world_get(c, &w);

	if (e != OK)
		return e;
	e = outline_in(w, c, a, parent, &outline, &real);
	if (e == OK || e == ERR_NOT_FOUND)
		e = place_cells_in(w, c, a, parent, e == OK ? &outline : NULL, v, n, complete);
	for (size_t i = 0; e == OK && i < *n; i++)
		if ((*v)[i].real)
			own(a, &(*v)[i].shape);
	world_put(w);
	return e;
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

static enum err outline_in(struct world *w, struct db_conn *c, struct arena *a, struct str key, struct shape *out, bool *real)
{
	const struct kept_area *area = world_area_of(w, key);
	struct place_cell *v;
	struct shape above;
	struct str parent;
	size_t n;
	bool complete;
	enum err e;

	*real = area != NULL;
	if (area) {
		*out = area->ready.shape;
		return OK;
	}
	parent = shown_parent(c, a, key);
	if (!parent.p)
		return ERR_NOT_FOUND;
	e = outline_in(w, c, a, parent, &above, &complete);
	if (e == OK)
		e = place_cells_in(w, c, a, parent, &above, &v, &n, &complete);
	for (size_t i = 0; e == OK && i < n; i++)
		if (str_eq(v[i].place.key, key) && v[i].shape.nrings) {
			*out = v[i].shape;
			return OK;
		}
	return e == OK ? ERR_NOT_FOUND : e;
}

enum err place_outline(struct db_conn *c, struct arena *a, struct str key, struct shape *out, bool *real)
{
	struct world *w;
	enum err e = world_get(c, &w);

	if (e != OK)
		return e;
	e = outline_in(w, c, a, key, out, real);
	if (e == OK && *real)
		own(a, out);
	world_put(w);
	return e;
}
