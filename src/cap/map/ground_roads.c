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
#define ROADS_MAX 1000000
#define PAGE 4096

struct named { struct str name; size_t feature; };

struct sample { struct lonlat at; size_t stretch; };

struct stretch { struct str place; double lon, lat; size_t n, nearest; double reach; };

struct roads {
	struct db_conn *c;
	const struct ground_draft *d;
	struct arena *out, one;      /* one: of the name that is being looked at */
	struct ground_road *v; size_t n, cap;
	struct sample *samples; size_t nsamples;
	struct stretch *stretches; size_t nstretches;
	struct map known;            /* place -> number of its stretch + 1 */
};

/* ---- walking along ---- */

static enum err look(struct roads *r, struct lonlat at)
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
static enum err walk(struct roads *r, const struct ground_feature *f)
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

static void find_nearest(struct roads *r)
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

static void give(struct roads *r, struct str name)
{
	name = arena_str(r->out, name);
	find_nearest(r);
	for (size_t i = 0; i < r->nstretches && r->n < ROADS_MAX; i++) {
		const struct stretch *s = &r->stretches[i];
		struct lonlat at = r->samples[s->nearest].at;

		if (r->n == r->cap) {
			r->cap = r->cap ? r->cap * 2 : 1024;
			r->v = realloc(r->v, r->cap * sizeof(*r->v));
			if (r->v == NULL)
				BUG("out of memory");
		}
		r->v[r->n++] = (struct ground_road){arena_str(r->out, s->place), name, at.lon, at.lat, ceil(s->reach + STEP / 2)};
	}
}

static enum err one_name(struct roads *r, const struct named *v, size_t n)
{
	struct ground_feature f;
	enum err e = OK;

	arena_reset(&r->one);
	map_init(&r->known, &r->one);
	r->nsamples = r->nstretches = 0;
	for (size_t i = 0; e == OK && i < n; i++) {
		ground_draft_get(r->d, v[i].feature, &r->one, &f);
		e = walk(r, &f);
	}
	if (e == OK)
		give(r, v[0].name);
	return e;
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

enum err ground_roads(struct db_conn *c, struct arena *a, const struct ground_draft *d, bool (*progress)(void *arg, int64_t done, int64_t of), void *arg,
		      struct ground_road **out, size_t *nout)
{
	struct roads r = {.c = c, .d = d, .out = a};
	size_t n;
	struct named *v = list_named(d, &n);
	enum err e = OK;

	r.samples = malloc(SAMPLES * sizeof(*r.samples));
	r.stretches = malloc(SAMPLES * sizeof(*r.stretches));
	if (r.samples == NULL || r.stretches == NULL)
		BUG("out of memory");
	arena_init(&r.one, (size_t)1 << 30);
	for (size_t i = 0, k; e == OK && i < n; i = k) {
		for (k = i + 1; k < n && str_eq(v[k].name, v[i].name); k++)
			;
		e = one_name(&r, v + i, k - i);
		if (e == OK && progress && !progress(arg, (int64_t)k, (int64_t)n))
			e = ERR_BUSY;
	}
	*out = arena_array(a, struct ground_road, r.n + 1);
	if (r.n)
		memcpy(*out, r.v, r.n * sizeof(*r.v));
	*nout = r.n;
	arena_release(&r.one);
	free(r.samples);
	free(r.stretches);
	free(r.v);
	free(v);
	return e;
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
