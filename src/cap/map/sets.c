#include "cap/map/sets.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "cap/map/layer.h"
#include "cap/map/map.sql.h"
#include "core/place/place.h"
#include "geo/coord.h"

#define PAGE 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct set **sets;
static size_t nsets;
static atomic_long changes;

/* ---- the words of levels ---- */

static const char *const words[] = {"", "province", "city", "district", "town", "community", "grid", "microgrid"};

const char *level_word(int level)
{
	return level >= 0 && (size_t)level < ARRAY_LEN(words) ? words[level] : "";
}

int level_of_word(struct str word)
{
	for (size_t i = 1; i < ARRAY_LEN(words); i++)
		if (str_eqz(word, words[i]))
			return (int)i;
	return -1;
}

/* ---- making ---- */

static struct set *set_new(void)
{
	struct set *s = calloc(1, sizeof(*s));

	if (s == NULL)
		BUG("out of memory");
	atomic_init(&s->refs, 1);
	s->west = s->south = INFINITY;
	s->east = s->north = -INFINITY;
	arena_init(&s->arena, (size_t)1 << 30);
	return s;
}

void set_unref(void *set)
{
	struct set *s = set;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	arena_release(&s->arena);
	free(s->v);
	free(s);
}

static struct set_item *add(struct set *s, size_t *cap, double lon, double lat)
{
	if (s->n == *cap) {
		*cap = *cap ? *cap * 2 : 256;
		s->v = realloc(s->v, *cap * sizeof(*s->v));
		if (s->v == NULL)
			BUG("out of memory");
	}
	s->west = fmin(s->west, lon); /* of two, the one that is a number */
	s->east = fmax(s->east, lon);
	s->south = fmin(s->south, lat);
	s->north = fmax(s->north, lat);
	s->v[s->n] = (struct set_item){.lon = lon, .lat = lat};
	return &s->v[s->n++];
}

/* Keys of places that have moved since the import. `known`: what has been found out, by key. */
static enum err key_now(struct db_conn *c, struct set *s, struct map *known, struct str key, struct str *out)
{
	struct str *now = str_empty(key) ? NULL : map_get(known, key);
	enum err e = OK;

	*out = STR("");
	if (str_empty(key))
		return OK;
	if (now == NULL) {
		now = arena_new(&s->arena, struct str);
		e = place_current_key(c, &s->arena, arena_str(&s->arena, key), now);
		map_put(known, key, now);
	}
	*out = *now;
	return e;
}

static void index_codes(struct set *s)
{
	map_init(&s->by_fid, &s->arena);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].fid.n && (!s->v[i].ended || !map_has(&s->by_fid, s->v[i].fid)))
			map_put(&s->by_fid, s->v[i].fid, &s->v[i]);
}

static enum err read_layer(struct db_conn *c, const struct map_layers_row *row, struct set **out)
{
	struct set *s = set_new();
	struct arena page;
	size_t cap = 0;
	int64_t after = 0;
	struct map known;
	enum err e = OK;

	map_init(&known, NULL);
	s->name = arena_str(&s->arena, row->name);
	s->title = arena_str(&s->arena, row->title);
	s->permission = arena_str(&s->arena, row->permission);
	s->source = arena_str(&s->arena, row->source);
	s->version = row->version;
	s->updated = row->updated;
	arena_init(&page, 0);
	while (e == OK) {
		struct map_features_page_rows rows;

		e = q_map_features_page(c, &page, s->name, after, PAGE, &rows);
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			const struct map_features_page_row *r = &rows.v[i];
			struct set_item *it = add(s, &cap, r->lon, r->lat);

			it->id = after = r->id;
			it->fid = arena_str(&s->arena, r->fid);
			it->name = arena_str(&s->arena, r->name);
			it->kind = arena_str(&s->arena, r->kind);
			e = key_now(c, s, &known, r->place, &it->place);
		}
		if (e == OK && rows.n < PAGE)
			break;
		arena_reset(&page);
	}
	index_codes(s);
	arena_release(&page);
	map_release(&known);
	*out = s;
	return e;
}

struct reading {
	struct set *s;
	size_t cap;
};

static enum err take_place(void *arg, const struct place *p)
{
	struct reading *r = arg;
	struct set_item *it;

	bool located = !p->hidden && !p->until && coord_valid(p->lon, p->lat);

	it = add(r->s, &r->cap, located ? p->lon : NAN, located ? p->lat : NAN);
	it->fid = p->code.p ? arena_str(&r->s->arena, p->code) : STR("");
	it->hidden = p->hidden;
	it->ended = p->until != 0;
	it->name = arena_str(&r->s->arena, p->name);
	it->kind = str_from(level_word(p->level));
	it->place = arena_str(&r->s->arena, p->key);
	return OK;
}

enum err set_read_places(struct db_conn *c, struct set **out)
{
	struct reading r = {.s = set_new()};
	enum err e;

	r.s->name = STR(SET_PLACES);
	r.s->title = STR("地点");
	r.s->permission = r.s->source = STR("");
	r.s->version = atomic_load(&changes) + 1;
	*out = r.s;
	e = place_each(c, STR(""), take_place, &r);
	index_codes(r.s);
	return e;
}

/* ---- keeping ---- */

static int by_name(const void *x, const void *y)
{
	return str_cmp((*(struct set *const *)x)->name, (*(struct set *const *)y)->name);
}

/* Takes the reference. */
static void put(struct str name, struct set *s)
{
	size_t i = 0;

	pthread_mutex_lock(&lock);
	while (i < nsets && !str_eq(sets[i]->name, name))
		i++;
	if (i < nsets) {
		set_unref(sets[i]);
		sets[i] = s;
	} else {
		sets = realloc(sets, (nsets + 1) * sizeof(struct set *));
		if (sets == NULL)
			BUG("out of memory");
		sets[nsets++] = s;
	}
	qsort(sets, nsets, sizeof(struct set *), by_name);
	atomic_fetch_add(&changes, 1);
	pthread_mutex_unlock(&lock);
}

/* Layers that are no longer in the store. */
static void drop_absent(const struct map_layers_rows *rows, struct str only)
{
	pthread_mutex_lock(&lock);
	for (size_t i = nsets; i-- > 0;) {
		bool there = str_eqz(sets[i]->name, SET_PLACES) || (only.p && !str_eq(only, sets[i]->name));

		for (size_t k = 0; k < rows->n; k++)
			there = there || str_eq(rows->v[k].name, sets[i]->name);
		if (there)
			continue;
		set_unref(sets[i]);
		memmove(&sets[i], &sets[i + 1], (--nsets - i) * sizeof(struct set *));
		atomic_fetch_add(&changes, 1);
	}
	pthread_mutex_unlock(&lock);
}

static enum err load_layers(struct db_conn *c, struct arena *a, struct str only)
{
	struct map_layers_rows rows;
	struct set *s;
	enum err e = q_map_layers(c, a, &rows);

	if (e == OK)
		drop_absent(&rows, only);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		if (only.p && !str_eq(only, rows.v[i].name))
			continue;
		e = read_layer(c, &rows.v[i], &s);
		if (e == OK)
			put(s->name, s);
		else
			set_unref(s);
	}
	return e;
}

struct set *set_ref(struct set *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void set_put(struct set *s)
{
	put(s->name, s);
}

enum err sets_reload(struct db *db, struct str name)
{
	struct db_conn *c = db_read_begin(db);
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = load_layers(c, &a, name);
	arena_release(&a);
	db_read_end(c);
	return e;
}

void sets_free(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nsets; i++)
		set_unref(sets[i]);
	free(sets);
	sets = NULL;
	nsets = 0;
	pthread_mutex_unlock(&lock);
}

/* ---- asking ---- */

const struct set *set_find(struct arena *a, struct str name)
{
	struct set *found = NULL;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nsets && !found; i++)
		if (str_eq(sets[i]->name, name))
			found = sets[i];
	if (found)
		atomic_fetch_add(&found->refs, 1);
	pthread_mutex_unlock(&lock);
	if (found)
		arena_on_reset(a, set_unref, found);
	return found;
}

size_t sets_all(struct arena *a, const struct set ***v)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = nsets;
	*v = arena_array(a, const struct set *, n + 1);
	for (size_t i = 0; i < n; i++) {
		atomic_fetch_add(&sets[i]->refs, 1);
		arena_on_reset(a, set_unref, sets[i]);
		(*v)[i] = sets[i];
	}
	pthread_mutex_unlock(&lock);
	return n;
}

const struct set_item *set_by_fid(const struct set *s, struct str fid)
{
	return map_get(&s->by_fid, fid);
}

const struct set_item *set_by_key(const struct set *places, struct str key)
{
	size_t low = 0, high = places->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = str_cmp(places->v[mid].place, key);

		if (order == 0)
			return &places->v[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

int64_t sets_version(void)
{
	return atomic_load(&changes);
}
