#include "core/place/find.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/place/place.sql.h"

#define SOURCES 8

struct kept {
	struct gazetteer *g;
	struct db *db;
	int64_t origin, version;
	int refs;
};

static struct kept *now;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum err (*sources[SOURCES])(struct db_conn *c, struct gazetteer *g);
static size_t nsources;

void place_find_source(enum err (*fn)(struct db_conn *c, struct gazetteer *g))
{
	for (size_t i = 0; i < nsources; i++)
		if (sources[i] == fn)
			return;
	if (nsources == SOURCES)
		BUG("more than %d sources of names", SOURCES);
	sources[nsources++] = fn;
}

enum err place_changed(struct tx *tx)
{
	return place_tick(tx, NULL);
}

/* With the lock held. */
static void drop(struct kept *k)
{
	if (!k || --k->refs > 0)
		return;
	gazetteer_free(k->g);
	free(k);
}

static void put(struct kept *k)
{
	pthread_mutex_lock(&lock);
	drop(k);
	pthread_mutex_unlock(&lock);
}

void place_find_forget(void)
{
	pthread_mutex_lock(&lock);
	drop(now);
	now = NULL;
	pthread_mutex_unlock(&lock);
}

static enum err add_place(void *arg, const struct place *p)
{
	if (p->level == PLACE_ROOT || p->until || p->hidden)
		return OK;
	gazetteer_add(arg, &(struct gazetteer_entry){.place = p->key, .name = place_short_name(p->name), .kind = GAZETTEER_PLACE, .level = p->level,
						     .lon = p->lon, .lat = p->lat});
	return OK;
}

static enum err make(struct db_conn *c, const struct place_clock_row *clock)
{
	struct kept *k = calloc(1, sizeof(*k));
	enum err e;

	if (!k)
		BUG("out of memory");
	*k = (struct kept){.g = gazetteer_new(), .db = db_of(c), .origin = clock->origin, .version = clock->version, .refs = 1};
	e = place_each(c, STR(""), add_place, k->g);
	for (size_t i = 0; e == OK && i < nsources; i++)
		e = sources[i](c, k->g);
	if (e != OK) {
		drop(k);
		return e;
	}
	drop(now);
	now = k;
	return OK;
}

static enum err get(struct db_conn *c, struct arena *a, struct kept **out)
{
	struct place_clock_row clock;
	enum err e = q_place_clock(c, a, &clock);

	if (e != OK)
		return e;
	pthread_mutex_lock(&lock);
	if (!now || now->db != db_of(c) || now->origin != clock.origin || now->version != clock.version || clock.origin == 0)
		e = make(c, &clock);
	if (e == OK) {
		*out = now;
		now->refs++;
	}
	pthread_mutex_unlock(&lock);
	return e;
}

static enum err found(struct db_conn *c, struct arena *a, const struct gazetteer_hit *hit, struct place_found *out)
{
	const struct gazetteer_entry *x = hit->entry;

	*out = (struct place_found){.key = arena_str(a, x->place), .name = arena_str(a, x->name), .kind = x->kind, .lon = x->lon, .lat = x->lat,
				    .reach = x->reach, .id = x->id, .sound = hit->sound, .level = x->level, .score = hit->score};
	out->full = STR("");
	return place_full_name(c, a, out->key, PLACE_DISTRICT, &out->full);
}

enum err place_find(struct db_conn *c, struct arena *a, struct str typed, struct str within, struct place_found *v, size_t max, size_t *n)
{
	struct gazetteer_hit *hits = arena_array(a, struct gazetteer_hit, max + 1);
	struct kept *k;
	enum err e = get(c, a, &k);

	*n = 0;
	if (e != OK)
		return e;
	max = gazetteer_search(k->g, a, typed, within, hits, max);
	while (e == OK && *n < max) {
		e = found(c, a, &hits[*n], &v[*n]);
		(*n)++;
	}
	put(k);
	return e;
}

#define LOOKED_AT 32 /* of them some are left out */

struct suggesting {
	struct db_conn *c;
	struct arena *a;
	enum place_level least;
	struct place_found *v;
	size_t max, n;
};

static bool same_thing(const struct place_found *f, const struct gazetteer_entry *e)
{
	return f->kind == e->kind && f->id == e->id && str_eq(f->key, e->place) && str_eq(f->name, e->name);
}

static enum err take(struct suggesting *s, const struct gazetteer_hit *hits, size_t n, bool in_words)
{
	size_t before = s->n;

	for (size_t i = 0; i < n && s->n < s->max; i++) {
		bool known = place_level_of_key(hits[i].entry->place) < s->least;
		enum err e;

		for (size_t k = 0; k < before && !known; k++)
			known = same_thing(&s->v[k], hits[i].entry);
		if (known)
			continue;
		e = found(s->c, s->a, &hits[i], &s->v[s->n]);
		if (e != OK)
			return e;
		s->v[s->n++].in_words = in_words;
	}
	return OK;
}

enum err place_suggest(struct db_conn *c, struct arena *a, struct str typed, const struct gazetteer_scope *scope, enum place_level least,
		       struct place_found *v, size_t max, size_t *n)
{
	struct suggesting s = {.c = c, .a = a, .least = least, .v = v, .max = max};
	struct gazetteer_hit hits[LOOKED_AT];
	struct kept *k;
	enum err e = get(c, a, &k);

	*n = 0;
	if (e != OK)
		return e;
	e = take(&s, hits, gazetteer_search_for(k->g, a, typed, scope, hits, LOOKED_AT), false);
	if (e == OK && s.n < max)
		e = take(&s, hits, gazetteer_in_text_for(k->g, a, typed, scope, hits, LOOKED_AT), true);
	*n = s.n;
	put(k);
	return e;
}

enum err place_which(struct db_conn *c, struct arena *a, struct str address, const struct gazetteer_scope *scope, enum place_level least,
		     struct place_found *v, size_t max, size_t *n)
{
	struct suggesting s = {.c = c, .a = a, .least = least, .v = v, .max = max};
	struct gazetteer_hit hits[LOOKED_AT];
	size_t all, best = 0;
	struct kept *k;
	enum err e = get(c, a, &k);

	*n = 0;
	if (e != OK)
		return e;
	all = gazetteer_in_text_for(k->g, a, address, scope, hits, LOOKED_AT);
	while (best < all && hits[best].score >= hits[0].score)
		best++;
	if (best > 1)
		e = take(&s, hits, best, true);
	*n = s.n > 1 ? s.n : 0;
	put(k);
	return e;
}

enum err place_in_words(struct db_conn *c, struct arena *a, struct str address, struct str within, enum place_level least,
			struct place_found *out)
{
	struct gazetteer_hit hits[2];
	struct kept *k;
	size_t n;
	enum err e = get(c, a, &k);

	if (e != OK)
		return e;
	n = gazetteer_in_text(k->g, a, address, within, hits, ARRAY_LEN(hits));
	if (n == 0 || (n > 1 && hits[1].score >= hits[0].score) || place_level_of_key(hits[0].entry->place) < least)
		e = ERR_NOT_FOUND;
	else
		e = found(c, a, &hits[0], out);
	put(k);
	return e;
}

enum err place_words(struct db_conn *c, struct arena *a, double lon, double lat, struct str *out)
{
	struct place_hit hit;
	enum err e = place_where(c, a, lon, lat, PLACE_GRID, PLACE_DISTRICT, &hit);

	return e == OK ? place_full_name(c, a, hit.place.key, PLACE_DISTRICT, out) : e;
}
