#include "core/place/area_tile.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "core/place/area_world.h"

/* Cells are made for so many parents at most: an entire country is drawn by its real areas. */
#define MAX_CELL_PARENTS 50000

struct item {
	struct str key;
	const struct shape *shape;   /* of the world, or a cell in the arena */
	bool real, rough;
};

struct place_drawn_level {
	struct world *world;
	struct arena arena;
	struct item *v;              /* by key */
	size_t n, cap;
	struct shape_index *index;
	struct shape_topo *topo;
	int refs;
};

static struct place_drawn_level *drawn[PLACE_MICROGRID + 1];
/* one is made at a time: the second who asks waits for it instead of making it again */
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

void place_drawn_put(struct place_drawn_level *d)
{
	bool last;

	if (!d)
		return;
	pthread_mutex_lock(&counting);
	last = --d->refs == 0;
	pthread_mutex_unlock(&counting);
	if (!last)
		return;
	shape_topo_free(d->topo);
	shape_index_free(d->index);
	if (d->world)
		world_put(d->world);
	free(d->v);
	arena_release(&d->arena);
	free(d);
}

struct place_drawn_level *place_drawn_ref(struct place_drawn_level *d)
{
	pthread_mutex_lock(&counting);
	d->refs++;
	pthread_mutex_unlock(&counting);
	return d;
}

void place_tile_forget(void)
{
	pthread_mutex_lock(&making);
	for (int l = 0; l <= PLACE_MICROGRID; l++) {
		place_drawn_put(drawn[l]);
		drawn[l] = NULL;
	}
	pthread_mutex_unlock(&making);
}

static void add(struct place_drawn_level *d, struct str key, const struct shape *shape, bool real, bool rough)
{
	if (d->n == d->cap) {
		size_t more = d->cap ? d->cap * 2 : 64;
		struct item *grown = realloc(d->v, more * sizeof(*grown));

		if (!grown)
			BUG("out of memory");
		d->v = grown;
		d->cap = more;
	}
	d->v[d->n++] = (struct item){key, shape, real, rough};
}

static struct shape *copy_shape(struct arena *a, const struct shape *s)
{
	struct shape *c = arena_new(a, struct shape);

	*c = *s;
	c->points = arena_array(a, struct shape_point, s->npoints + 1);
	c->rings = arena_array(a, struct shape_ring, s->nrings + 1);
	memcpy(c->points, s->points, s->npoints * sizeof(*c->points));
	memcpy(c->rings, s->rings, s->nrings * sizeof(*c->rings));
	return c;
}

/* Cells of the children of one parent that has an outline. */
static enum err add_cells(struct place_drawn_level *d, struct db_conn *c, const struct item *parent, enum place_level level)
{
	struct place_cell *v;
	size_t n, wanting = 0, located = 0;
	struct arena a;
	bool complete;
	enum err e;

	arena_init(&a, 0);
	e = place_cells_in(d->world, c, &a, parent->key, parent->shape, &v, &n, &complete);
	for (size_t i = 0; e == OK && i < n; i++)
		if (!v[i].real) {
			wanting++;
			located += v[i].shape.nrings > 0;
		}
	for (size_t i = 0; e == OK && located * 2 >= wanting && i < n; i++)
		if (!v[i].real && v[i].shape.nrings && v[i].place.level == level)
			add(d, arena_str(&d->arena, v[i].place.key), copy_shape(&d->arena, &v[i].shape), false, true);
	arena_release(&a);
	return e;
}

static enum err get(struct db_conn *c, struct world *w, enum place_level level, struct place_drawn_level **out);

/* Children hang under the level above, or under the one above that where the codes have a level of their own (市辖区). */
static enum err add_all_cells(struct place_drawn_level *d, struct db_conn *c, enum place_level level)
{
	enum err e = OK;

	for (int up = (int)level - 1; e == OK && up >= (int)level - 2 && up >= PLACE_PROVINCE; up--) {
		struct place_drawn_level *parents;

		e = get(c, d->world, (enum place_level)up, &parents);
		for (size_t i = 0; e == OK && parents->n <= MAX_CELL_PARENTS && i < parents->n; i++)
			e = add_cells(d, c, &parents->v[i], level);
		if (e == OK)
			place_drawn_put(parents);
	}
	return e;
}

static int by_key(const void *a, const void *b)
{
	return str_cmp(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static void prepare(struct place_drawn_level *d)
{
	const struct shape **shapes = calloc(d->n + 1, sizeof(*shapes));
	struct shape_box *boxes = calloc(d->n + 1, sizeof(*boxes));

	if (!shapes || !boxes)
		BUG("out of memory");
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), by_key);
	for (size_t i = 0; i < d->n; i++) {
		shapes[i] = d->v[i].shape;
		boxes[i] = d->v[i].shape->box;
	}
	d->topo = shape_topo_make(shapes, d->n);
	d->index = shape_index_make(boxes, d->n);
	free(shapes);
	free(boxes);
}

/* With `making` held. */
static enum err get(struct db_conn *c, struct world *w, enum place_level level, struct place_drawn_level **out)
{
	struct place_drawn_level *d = drawn[level];
	enum err e;

	if (d && d->world == w) {
		*out = place_drawn_ref(d);
		return OK;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		BUG("out of memory");
	d->refs = 1;
	arena_init(&d->arena, (size_t)2 << 30);
	d->world = world_ref(w);
	for (size_t i = 0; i < w->layers[level].n; i++) {
		const struct kept_area *area = w->layers[level].v[i];

		add(d, area->key, &area->ready.shape, true, area->rough);
	}
	e = level > PLACE_PROVINCE ? add_all_cells(d, c, level) : OK;
	if (e != OK) {
		place_drawn_put(d);
		return e;
	}
	prepare(d);
	place_drawn_put(drawn[level]);
	drawn[level] = d;
	*out = place_drawn_ref(d);
	return OK;
}

/* ---- tiles ---- */

struct found {
	uint32_t *v;
	size_t n, cap;
};

static bool note(void *arg, uint32_t number)
{
	struct found *f = arg;

	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		f->v = realloc(f->v, f->cap * sizeof(*f->v));
		if (!f->v)
			BUG("out of memory");
	}
	f->v[f->n++] = number;
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum err each(const struct place_drawn_level *d, const struct shape_tile_ask *ask, const struct shape_box *box,
		     enum err (*fn)(void *arg, const struct place_drawn *), void *arg)
{
	struct found f = {0};
	struct arena a;
	enum err e = OK;

	arena_init(&a, 0);
	shape_index_find(d->index, box, note, &f);
	if (f.n)
		qsort(f.v, f.n, sizeof(*f.v), by_number);
	for (size_t i = 0; e == OK && i < f.n; i++) {
		const struct item *item = &d->v[f.v[i]];
		struct shape s;

		arena_reset(&a);
		shape_topo_tile(d->topo, f.v[i], ask, &a, &s);
		if (s.nrings)
			e = fn(arg, &(struct place_drawn){item->key, item->real, item->rough, &s});
	}
	free(f.v);
	arena_release(&a);
	return e;
}

static enum err level_get(struct db_conn *c, enum place_level level, struct place_drawn_level **out)
{
	struct world *w;
	enum err e;

	if (level <= PLACE_ROOT || level > PLACE_MICROGRID)
		return ERR_INPUT;
	e = world_get(c, &w);
	if (e != OK)
		return e;
	pthread_mutex_lock(&making);
	e = get(c, w, level, out);
	pthread_mutex_unlock(&making);
	world_put(w);
	return e;
}

enum err place_drawn_hold(struct db_conn *c, enum place_level level, struct place_drawn_level **out)
{
	return level_get(c, level, out);
}

size_t place_drawn_count(const struct place_drawn_level *d)
{
	return d->n;
}

struct place_drawn place_drawn_at(const struct place_drawn_level *d, size_t number)
{
	return (struct place_drawn){d->v[number].key, d->v[number].real, d->v[number].rough, d->v[number].shape};
}

bool place_drawn_find(const struct place_drawn_level *d, struct str key, size_t *number)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (str_cmp(d->v[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*number = low;
	return low < d->n && str_eq(d->v[low].key, key);
}

void place_drawn_near(const struct place_drawn_level *d, const struct shape_box *box, bool (*fn)(void *arg, uint32_t number), void *arg)
{
	shape_index_find(d->index, box, fn, arg);
}

enum err place_tile_warm(struct db_conn *c, enum place_level level)
{
	struct place_drawn_level *d;
	enum err e = level_get(c, level, &d);

	if (e == OK)
		place_drawn_put(d);
	return e;
}

enum err place_tile_each(struct db_conn *c, enum place_level level, const struct shape_tile_ask *ask, int64_t *version,
			 enum err (*fn)(void *arg, const struct place_drawn *d), void *arg)
{
	struct shape_box box;
	struct place_drawn_level *d;
	struct world *w;
	enum err e;

	if (level <= PLACE_ROOT || level > PLACE_MICROGRID || !shape_tile_box(ask, &box))
		return ERR_INPUT;
	e = world_get(c, &w);
	if (e != OK)
		return e;
	if (version)
		*version = w->version;
	pthread_mutex_lock(&making);
	e = get(c, w, level, &d);
	pthread_mutex_unlock(&making);
	if (e == OK) {
		e = each(d, ask, &box, fn, arg);
		place_drawn_put(d);
	}
	world_put(w);
	return e;
}
