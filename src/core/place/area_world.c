#include "core/place/area_world.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "core/place/place.sql.h"

/* At most so many parents are remembered between two changes; past it they are asked for again. */
#define MAX_PARENTS 100000

static struct {
	pthread_mutex_t lock;
	struct world *now;
	struct map parents;       /* key -> struct siblings in `arena`, of `now` */
	struct arena arena;
	bool has_parents;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- life ---- */

static void area_put(struct kept_area *area)
{
	if (--area->refs > 0)
		return;
	arena_release(&area->arena);
	free(area);
}

static void forget_parents(void)
{
	if (!kept.has_parents)
		return;
	map_release(&kept.parents);
	arena_release(&kept.arena);
	kept.has_parents = false;
}

/* With the lock held: worlds and areas count their users under it. */
static void world_drop(struct world *w)
{
	if (!w || --w->refs > 0)
		return;
	for (int l = 0; l <= PLACE_MICROGRID; l++) {
		for (size_t i = 0; i < w->layers[l].n; i++)
			area_put(w->layers[l].v[i]);
		free(w->layers[l].v);
		shape_index_free(w->layers[l].index);
	}
	free(w);
}

void world_put(struct world *w)
{
	pthread_mutex_lock(&kept.lock);
	world_drop(w);
	pthread_mutex_unlock(&kept.lock);
}

struct world *world_ref(struct world *w)
{
	pthread_mutex_lock(&kept.lock);
	w->refs++;
	pthread_mutex_unlock(&kept.lock);
	return w;
}

void place_where_forget(void)
{
	place_tile_forget();
	pthread_mutex_lock(&kept.lock);
	forget_parents();
	world_drop(kept.now);
	kept.now = NULL;
	pthread_mutex_unlock(&kept.lock);
}

/* ---- making ---- */

struct making {
	struct imap areas;     /* id -> struct kept_area, each with a reference of ours */
	enum err e;
};

static void replace(struct making *m, int64_t id, struct kept_area *area)
{
	struct kept_area *had = area ? imap_put(&m->areas, id, area) : imap_remove(&m->areas, id);

	if (had)
		area_put(had);
}

static enum err take_row(void *arg, const struct place_areas_since_row *r)
{
	struct making *m = arg;
	struct kept_area *area;
	struct shape s;

	if (r->until) {
		replace(m, r->id, NULL);
		return OK;
	}
	area = calloc(1, sizeof(*area));
	if (!area)
		BUG("out of memory");
	arena_init(&area->arena, 0);
	area->refs = 1;
	if (!shape_decode(&area->arena, r->area, &s)) {
		area_put(area);
		return ERR_DB;
	}
	area->key = arena_str(&area->arena, r->place);
	area->id = r->id;
	area->level = (enum place_level)r->level;
	area->rough = r->rough;
	shape_get_ready(&area->arena, &s, &area->ready);
	replace(m, r->id, area);
	return OK;
}

static int by_key(const void *a, const void *b)
{
	return str_cmp((*(struct kept_area *const *)a)->key, (*(struct kept_area *const *)b)->key);
}

static void index_layer(struct world_layer *layer)
{
	struct shape_box *boxes = calloc(layer->n + 1, sizeof(*boxes));

	if (!boxes)
		BUG("out of memory");
	qsort(layer->v, layer->n, sizeof(struct kept_area *), by_key);
	for (size_t i = 0; i < layer->n; i++)
		boxes[i] = layer->v[i]->ready.shape.box;
	layer->index = shape_index_make(boxes, layer->n);
	free(boxes);
}

/* Hands the references of the map over to the world. */
static struct world *world_of(struct making *m, struct db *db, int64_t origin, int64_t version)
{
	struct world *w = calloc(1, sizeof(*w));
	size_t counts[PLACE_MICROGRID + 1] = {0}, at = 0;
	int64_t id;
	void *value;

	if (!w)
		BUG("out of memory");
	w->db = db;
	w->origin = origin;
	w->version = version;
	w->refs = 1;
	while (imap_each(&m->areas, &at, &id, &value))
		counts[((struct kept_area *)value)->level]++;
	for (int l = 0; l <= PLACE_MICROGRID; l++) {
		w->layers[l].v = calloc(counts[l] + 1, sizeof(struct kept_area *));
		if (!w->layers[l].v)
			BUG("out of memory");
	}
	at = 0;
	while (imap_each(&m->areas, &at, &id, &value)) {
		struct world_layer *layer = &w->layers[((struct kept_area *)value)->level];

		layer->v[layer->n++] = value;
	}
	for (int l = 0; l <= PLACE_MICROGRID; l++)
		index_layer(&w->layers[l]);
	return w;
}

static void begin_with(struct making *m, struct world *old)
{
	imap_init(&m->areas, NULL);
	for (int l = 0; old && l <= PLACE_MICROGRID; l++)
		for (size_t i = 0; i < old->layers[l].n; i++) {
			struct kept_area *area = old->layers[l].v[i];

			area->refs++;
			imap_put(&m->areas, area->id, area);
		}
}

static enum err make(struct db_conn *c, int64_t origin, int64_t version)
{
	struct world *old = kept.now;
	struct making m;
	int64_t id;
	void *value;
	size_t at = 0;
	enum err e;

	/* what another store, or this one at a later version (restored from a copy), had is of no use */
	if (old && (old->db != db_of(c) || old->origin != origin || old->version > version || origin == 0))
		old = NULL;
	begin_with(&m, old);
	e = q_place_areas_since(c, old ? old->version : -1, take_row, &m);
	if (e != OK) {
		while (imap_each(&m.areas, &at, &id, &value))
			area_put(value);
		imap_release(&m.areas);
		return e;
	}
	world_drop(kept.now);
	forget_parents();
	kept.now = world_of(&m, db_of(c), origin, version);
	imap_release(&m.areas);
	return OK;
}

enum err world_get(struct db_conn *c, struct world **out)
{
	struct place_clock_row clock;
	struct arena a;
	enum err e;

	*out = NULL;
	arena_init(&a, 0);
	e = q_place_clock(c, &a, &clock);
	arena_release(&a);
	if (e != OK)
		return e;
	pthread_mutex_lock(&kept.lock);
	if (!kept.now || kept.now->db != db_of(c) || kept.now->origin != clock.origin || kept.now->version != clock.version ||
	    clock.origin == 0)
		e = make(c, clock.origin, clock.version);
	if (e == OK) {
		*out = kept.now;
		kept.now->refs++;
	}
	pthread_mutex_unlock(&kept.lock);
	return e;
}

enum err place_area_version(struct db_conn *c, int64_t *version)
{
	struct place_clock_row clock;
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = q_place_clock(c, &a, &clock);
	arena_release(&a);
	*version = e == OK ? clock.version : 0;
	return e;
}

/* ---- asking ---- */

struct asking {
	const struct world_layer *layer;
	struct shape_point p;
	const struct kept_area *found;
};

static bool look(void *arg, uint32_t number)
{
	struct asking *q = arg;
	const struct kept_area *area = q->layer->v[number];

	if ((!q->found || str_cmp(area->key, q->found->key) < 0) && shape_ready_has(&area->ready, q->p))
		q->found = area;
	return true;
}

const struct kept_area *world_area(const struct world *w, enum place_level level, struct shape_point p)
{
	struct asking q = {.layer = &w->layers[level], .p = p};
	const struct shape_box box = {p.x, p.y, p.x, p.y};

	shape_index_find(q.layer->index, &box, look, &q);
	return q.found;
}

const struct kept_area *world_area_of(const struct world *w, struct str key)
{
	const struct world_layer *layer = &w->layers[place_level_of_key(key)];
	size_t from = 0, to = layer->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int c = str_cmp(layer->v[mid]->key, key);

		if (c == 0)
			return layer->v[mid];
		if (c < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

/* ---- siblings ---- */

static bool same_spot(const struct siblings *s, struct shape_point p)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].point.x == p.x && s->v[i].point.y == p.y)
			return true;
	return false;
}

static enum err read_siblings(const struct world *w, struct db_conn *c, struct arena *a, struct str parent, struct siblings *out)
{
	struct place *kids;
	size_t n;
	double sum = 0;
	enum err e = place_children(c, a, parent, &kids, &n);

	if (e != OK)
		return e;
	*out = (struct siblings){.complete = true, .squeeze = 1, .v = arena_array(a, struct sibling, n + 1)};
	for (size_t i = 0; i < n; i++) {
		struct shape_point p;

		if (world_area_of(w, kids[i].key))
			continue;
		p = coord_valid(kids[i].lon, kids[i].lat) ? shape_point_of(kids[i].lon, kids[i].lat) : (struct shape_point){0, 0};
		/* 0,0 and a spot that another child has too are what stands where nobody knew */
		if ((p.x == 0 && p.y == 0) || same_spot(out, p)) {
			out->complete = false;
			continue;
		}
		out->v[out->n++] = (struct sibling){kids[i].key, p};
		sum += kids[i].lat;
	}
	if (out->n)
		out->squeeze = cos(sum / (double)out->n * M_PI / 180);
	return OK;
}

static void copy_siblings(struct arena *a, const struct siblings *from, struct siblings *to)
{
	*to = *from;
	to->v = arena_array(a, struct sibling, from->n + 1);
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = (struct sibling){arena_str(a, from->v[i].key), from->v[i].point};
}

static void keep_siblings(const struct world *w, struct str parent, const struct siblings *s)
{
	struct siblings *mine;

	if (kept.now != w || w->origin == 0)
		return;
	if (kept.has_parents && kept.parents.count >= MAX_PARENTS)
		forget_parents();
	if (!kept.has_parents) {
		arena_init(&kept.arena, (size_t)1 << 30);
		map_init(&kept.parents, NULL);
		kept.has_parents = true;
	}
	mine = arena_new(&kept.arena, struct siblings);
	copy_siblings(&kept.arena, s, mine);
	map_put(&kept.parents, parent, mine);
}

enum err world_siblings(struct world *w, struct db_conn *c, struct arena *a, struct str parent, struct siblings *out)
{
	const struct siblings *known = NULL;
	enum err e;

	pthread_mutex_lock(&kept.lock);
	if (kept.now == w && kept.has_parents)
		known = map_get(&kept.parents, parent);
	if (known)
		copy_siblings(a, known, out);
	pthread_mutex_unlock(&kept.lock);
	if (known)
		return OK;
	e = read_siblings(w, c, a, parent, out);
	if (e != OK)
		return e;
	pthread_mutex_lock(&kept.lock);
	keep_siblings(w, parent, out);
	pthread_mutex_unlock(&kept.lock);
	return OK;
}
