#include "cap/map/children.h"

#include <math.h>

#include "core/place/place.h"

#define CELL_ZOOM 12
#define CELLS 4096
#define NAMES_TOLD 3
#define AROUND 0.015  /* degrees around a single point */

/* Items of the subtree: from index `from` up to `to`. */
static void span(const struct set *tree, const struct set_item *top, size_t *from, size_t *to)
{
	*from = 0;
	*to = tree->n;
	if (top == NULL)
		return;
	*from = *to = (size_t)(top - tree->v);
	while (*to < tree->n && place_within(tree->v[*to].place, top->place))
		++*to;
}

static void begin(struct arena *a, const struct set *tree, struct groups *g)
{
	g->codes = tree->n;
	g->of = arena_array(a, uint32_t, tree->n + 1);
	for (size_t i = 0; i < tree->n; i++)
		g->of[i] = POINTS_NO_GROUP;
	g->v = arena_array(a, const struct set_item *, tree->n + 1);
	g->n = 0;
}

/* The subtree that begins at i belongs to a new group; returns its end. */
static size_t take(struct groups *g, const struct set *tree, size_t i)
{
	struct str top = tree->v[i].place;

	g->v[g->n] = &tree->v[i];
	for (; i < tree->n && place_within(tree->v[i].place, top); i++)
		g->of[i] = (uint32_t)g->n;
	g->n++;
	return i;
}

void children_of(struct arena *a, const struct set *tree, const struct set_item *top, struct groups *out)
{
	size_t i, to;

	begin(a, tree, out);
	span(tree, top, &i, &to);
	if (top)
		i++;
	while (i < to) {
		if (tree->v[i].hidden)
			i++; /* its children stand in for it */
		else
			i = take(out, tree, i);
	}
}

void level_below(struct arena *a, const struct set *tree, const struct set_item *top, int level, struct groups *out)
{
	size_t i, to;

	begin(a, tree, out);
	span(tree, top, &i, &to);
	while (i < to) {
		if ((int)place_level_of_key(tree->v[i].place) == level && !tree->v[i].hidden)
			i = take(out, tree, i);
		else
			i++;
	}
}

bool place_bounds(const struct set *tree, const struct set_item *top, double box[4])
{
	size_t i, to;

	box[0] = box[1] = INFINITY;
	box[2] = box[3] = -INFINITY;
	span(tree, top, &i, &to);
	for (; i < to; i++) {
		if (isnan(tree->v[i].lon))
			continue;
		box[0] = fmin(box[0], tree->v[i].lon - AROUND);
		box[1] = fmin(box[1], tree->v[i].lat - AROUND);
		box[2] = fmax(box[2], tree->v[i].lon + AROUND);
		box[3] = fmax(box[3], tree->v[i].lat + AROUND);
	}
	return box[0] <= box[2];
}

struct str place_told(struct arena *a, const struct set *tree, struct str key, const struct set_item *top)
{
	const struct set_item *own = set_by_key(tree, key);
	struct str all = STR("");
	int said = 0;

	for (int l = top ? (int)place_level_of_key(top->place) + 1 : PLACE_PROVINCE; l <= PLACE_MICROGRID && said < NAMES_TOLD; l++) {
		const struct set_item *up = set_by_key(tree, place_up(key, (enum place_level)l));

		if (up == NULL || up->hidden || (int)place_level_of_key(up->place) != l || str_empty(up->name))
			continue;
		all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), said++ ? " " : "", STR_ARG(place_short_name(up->name)));
	}
	return said || own == NULL ? all : place_short_name(own->name);
}

/* By cells of some 10 km, else (they are all over the world) of some 600 km. */
static bool matters_bounds(struct arena *a, const struct look *l, const struct points_filter *f, double box[4])
{
	const struct points_box world = {{0, 0}, {UINT32_MAX, UINT32_MAX}};
	struct points_cell *v;
	size_t n = 0;
	int zoom = CELL_ZOOM;
	enum err e = points_density(l->view, f, &world, zoom, a, CELLS, &v, &n);

	if (e == ERR_TOO_MUCH)
		e = points_density(l->view, f, &world, zoom = CELL_ZOOM / 2, a, CELLS, &v, &n);
	for (size_t i = 0; e == OK && i < n; i++) {
		uint32_t size = 1u << (32 - zoom), x = v[i].x << (32 - zoom), y = v[i].y << (32 - zoom);
		struct lonlat from = mercator_to((struct mercator){x, y + (size - 1)}), to = mercator_to((struct mercator){x + (size - 1), y});

		box[0] = fmin(box[0], from.lon);
		box[1] = fmin(box[1], from.lat);
		box[2] = fmax(box[2], to.lon);
		box[3] = fmax(box[3], to.lat);
	}
	return box[0] <= box[2];
}

bool shown_bounds(struct arena *a, const struct look *l, const struct set_item *top, const struct points_filter *f, double box[4])
{
	return place_bounds(l->tree, top, box) || matters_bounds(a, l, f, box);
}
