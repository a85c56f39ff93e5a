/*
 * Names of roads as names to find places by: each named road, once for each community it runs through, with the point of it that lies nearest to the middle of
 * that stretch and the distance from there to its farther end. That distance is what "somewhere on that road" is worth.
 */
#include <math.h>
#include <stdlib.h>

#include "base/map.h"
#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "core/place/area.h"

#define STEP 100.0               /* metres between two looks at where the road is */
#define SAMPLES 20000            /* of one name: two thousand kilometres */
#define PAGE 4096

struct named { struct str name; size_t feature; };

struct sample { struct lonlat at; size_t stretch; };

struct stretch { struct str place; double lon, lat; size_t n, nearest; double reach; };

struct ground_walk {
	const struct ground_draft *d;
	struct named *v; size_t n, at;
	struct db_conn *c;           /* of this call */
	struct arena one;            /* of the name that is being looked at */
	struct sample *samples; size_t nsamples;
	struct stretch *stretches; size_t nstretches;
	struct map known;            /* place -> number of its stretch + 1 */
};

/* ---- walking along ---- */

static enum err look(struct ground_walk *r, struct lonlat at)
{
	struct place_hit hit;
	uintptr_t number;
	enum err e;

	if (r->nsamples == SAMPLES)
		return OK;
	e = place_where(r->c, &r->one, at.lon, at.lat, PLACE_COMMUNITY, PLACE_TOWN, &hit);
	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	number = (uintptr_t)map_get(&r->known, hit.place.key);
	if (number == 0) {
		number = ++r->nstretches;
		r->stretches[number - 1] = (struct stretch){.place = arena_str(&r->one, hit.place.key)};
		map_put(&r->known, hit.place.key, (void *)number);
	}
	r->stretches[number - 1].lon += at.lon;
	r->stretches[number - 1].lat += at.lat;
	r->stretches[number - 1].n++;
	r->samples[r->nsamples++] = (struct sample){at, number - 1};
	return OK;
}

/* Every STEP metres, and at both ends. */
static enum err walk(struct ground_walk *r, const struct ground_feature *f)
{
	struct lonlat last = shape_lonlat(f->points[0]);
	double left = STEP;
	enum err e = look(r, last);

	for (uint32_t i = 1; e == OK && i < f->ends[0]; i++) {
		struct lonlat to = shape_lonlat(f->points[i]);
		double metres = coord_metres(last, to);

		/* over the edge of the map nobody looks for a road */
		for (double at = left; e == OK && at < metres && metres < 1e6 && r->nsamples < SAMPLES; at += STEP) {
			e = look(r, (struct lonlat){last.lon + (to.lon - last.lon) * at / metres, last.lat + (to.lat - last.lat) * at / metres});
			left = at + STEP;
		}
		left = left > metres ? left - metres : STEP;
		last = to;
	}
	return e == OK ? look(r, last) : e;
}

/* ---- one name ---- */

static void find_nearest(struct ground_walk *r)
{
	double *best = arena_array(&r->one, double, r->nstretches + 1);

	for (size_t i = 0; i < r->nstretches; i++) {
		r->stretches[i].lon /= (double)r->stretches[i].n;
		r->stretches[i].lat /= (double)r->stretches[i].n;
		best[i] = INFINITY;
	}
	for (size_t i = 0; i < r->nsamples; i++) {
		struct stretch *s = &r->stretches[r->samples[i].stretch];
		double metres = coord_metres(r->samples[i].at, (struct lonlat){s->lon, s->lat});

		if (metres < best[r->samples[i].stretch]) {
			best[r->samples[i].stretch] = metres;
			s->nearest = i;
		}
	}
	for (size_t i = 0; i < r->nsamples; i++) {
		struct stretch *s = &r->stretches[r->samples[i].stretch];

		s->reach = fmax(s->reach, coord_metres(r->samples[i].at, r->samples[s->nearest].at));
	}
}

static size_t give(struct ground_walk *r, struct arena *a, struct ground_road **out)
{
	struct ground_road *v = arena_array(a, struct ground_road, r->nstretches + 1);

	find_nearest(r);
	for (size_t i = 0; i < r->nstretches; i++) {
		const struct stretch *s = &r->stretches[i];
		struct lonlat at = r->samples[s->nearest].at;

		v[i] = (struct ground_road){arena_str(a, s->place), r->v[r->at].name, at.lon, at.lat, ceil(s->reach + STEP / 2)};
	}
	*out = v;
	return r->nstretches;
}

/* ---- all of them ---- */

static int by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	int by = str_cmp(a->name, b->name);

	return by ? by : (a->feature > b->feature) - (a->feature < b->feature);
}

static struct named *list_named(const struct ground_draft *d, size_t *n)
{
	struct named *v = calloc(ground_draft_count(d) + 1, sizeof(*v));
	struct ground_feature f;
	struct arena a;

	if (v == NULL)
		BUG("out of memory");
	arena_init(&a, 0);
	*n = 0;
	for (size_t i = 0; i < ground_draft_count(d); i++) {
		arena_reset(&a);
		ground_draft_get(d, i, &a, &f);
		if (f.kind == GROUND_ROAD && f.name.n)
			v[(*n)++] = (struct named){f.name, i};   /* a view of the draft's bytes */
	}
	arena_release(&a);
	if (*n)
		qsort(v, *n, sizeof(*v), by_name);
	return v;
}

struct ground_walk *ground_walk_begin(const struct ground_draft *d)
{
	struct ground_walk *w = calloc(1, sizeof(*w));

	if (w == NULL)
		BUG("out of memory");
	w->d = d;
	w->v = list_named(d, &w->n);
	w->samples = malloc(SAMPLES * sizeof(*w->samples));
	w->stretches = malloc(SAMPLES * sizeof(*w->stretches));
	if (w->samples == NULL || w->stretches == NULL)
		BUG("out of memory");
	arena_init(&w->one, (size_t)1 << 30);
	return w;
}

enum err ground_walk_next(struct ground_walk *w, struct db_conn *c, struct arena *a, struct str *name, struct ground_road **v, size_t *n)
{
	struct ground_feature f;
	size_t end = w->at;
	enum err e = OK;

	*n = 0;
	if (w->at == w->n)
		return ERR_NOT_FOUND;
	w->c = c;
	arena_reset(&w->one);
	map_init(&w->known, &w->one);
	w->nsamples = w->nstretches = 0;
	*name = w->v[w->at].name;
	for (; e == OK && end < w->n && str_eq(w->v[end].name, *name); end++) {
		ground_draft_get(w->d, w->v[end].feature, &w->one, &f);
		e = walk(w, &f);
	}
	if (e != OK)
		return e;
	*n = give(w, a, v);
	w->at = end;
	return OK;
}

void ground_walk_at(const struct ground_walk *w, int64_t *done, int64_t *of)
{
	*done = (int64_t)w->at;
	*of = (int64_t)w->n;
}

void ground_walk_end(struct ground_walk *w)
{
	if (w == NULL)
		return;
	arena_release(&w->one);
	free(w->samples);
	free(w->stretches);
	free(w->v);
	free(w);
}

/* ---- for whoever looks for names ---- */

/* Where the place is now: keys of places that have moved since are followed, each once. */
static enum err key_now(struct db_conn *c, struct arena *a, struct map *known, struct str key, struct str *out)
{
	struct str *now = map_get(known, key);
	enum err e = OK;

	if (now == NULL) {
		now = arena_new(a, struct str);
		e = place_current_key(c, a, arena_str(a, key), now);
		map_put(known, key, now);
	}
	*out = *now;
	return e;
}

static enum err add_names(struct db_conn *c, struct gazetteer *g, int64_t edition, struct arena *a, struct map *known)
{
	struct map_roads_page_rows rows;
	struct arena page;
	int64_t after = -1;
	enum err e;

	arena_init(&page, 0);
	do {
		arena_reset(&page);
		e = q_map_roads_page(c, &page, edition, after, PAGE, &rows);
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			const struct map_roads_page_row *r = &rows.v[i];
			struct gazetteer_entry entry = {.name = r->name, .kind = GAZETTEER_ROAD, .lon = r->lon, .lat = r->lat, .reach = r->reach,
							.id = r->number};

			after = r->number;
			e = key_now(c, a, known, r->place, &entry.place);
			if (e == OK && entry.place.n)
				gazetteer_add(g, &entry);
			else if (e == ERR_NOT_FOUND)
				e = OK;
		}
	} while (e == OK && rows.n == PAGE);
	arena_release(&page);
	return e;
}

enum err ground_names(struct db_conn *c, struct gazetteer *g)
{
	struct map_grounds_rows rows;
	struct arena a;
	struct map known;
	enum err e;

	arena_init(&a, 0);
	map_init(&known, &a);
	e = q_map_grounds(c, &a, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++)
		if (rows.v[i].in_force)
			e = add_names(c, g, rows.v[i].id, &a, &known);
	arena_release(&a);
	return e;
}
