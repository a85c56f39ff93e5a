#include "core/place/place.h"

#include <math.h>

#include "base/clock.h"
#include "core/place/key.h"
#include "core/place/known.h"
#include "core/place/place.sql.h"
#include "geo/coord.h"

/* Rows of different queries have the same columns, but each its own struct. */
#define FILL(out, row) \
	(*(out) = (struct place){ \
		.key = (row)->key, .code = (row)->code, .name = (row)->name, .level = (enum place_level)(row)->level, \
		.lon = (row)->lon_null ? NAN : (row)->lon, .lat = (row)->lat_null ? NAN : (row)->lat, \
		.since = (row)->since, .until = (row)->until, .hidden = (row)->hidden})

enum err place_by_key(struct db_conn *c, struct arena *a, struct str key, struct place *out)
{
	struct place_get_row r;
	enum err e = q_place_get(c, a, key, &r);

	if (e == OK)
		FILL(out, &r);
	return e;
}

static bool in_force(int64_t since, int64_t until, int64_t at)
{
	return at == 0 ? until == 0 : since <= at && (until == 0 || at < until);
}

/* A code that somebody had: the place that had it at `at`, or the last one. */
static enum err by_past_code(struct db_conn *c, struct arena *a, struct str code, int64_t at, struct place *out)
{
	struct place_of_past_code_rows past;
	enum err e = q_place_of_past_code(c, a, code, &past);

	if (e != OK)
		return e;
	for (size_t i = 0; i < past.n; i++) {
		struct str key;

		if (at && !in_force(past.v[i].since, past.v[i].until, at))
			continue;
		e = place_current_key(c, a, past.v[i].key, &key);
		return e == OK ? place_by_key(c, a, key, out) : e;
	}
	return ERR_NOT_FOUND;
}

enum err place_by_code(struct db_conn *c, struct arena *a, struct str code, int64_t at, struct place *out)
{
	struct place_of_code_rows rows;
	const struct place_of_code_row *best = NULL;
	enum err e = q_place_of_code(c, a, code, &rows);

	if (e != OK)
		return e;
	for (size_t i = 0; i < rows.n; i++)
		if (in_force(rows.v[i].since, rows.v[i].until, at))
			best = &rows.v[i];
	if (!best) {
		e = by_past_code(c, a, code, at, out);
		if (e != ERR_NOT_FOUND || at)
			return e;
		/* Nobody has it now: whoever had it last. */
		for (size_t i = 0; i < rows.n; i++)
			if (!best || rows.v[i].until > best->until)
				best = &rows.v[i];
		if (!best)
			return ERR_NOT_FOUND;
	}
	FILL(out, best);
	return OK;
}

/* Appends the children of `key` to v; those of hidden nodes stand in for them. */
static enum err add_children(struct db_conn *c, struct arena *a, struct str key, struct place **v, size_t *n, size_t *cap)
{
	struct place_kids_rows rows;
	enum err e = q_place_kids(c, a, key, &rows);

	for (size_t i = 0; e == OK && i < rows.n; i++) {
		if (rows.v[i].hidden) {
			e = add_children(c, a, rows.v[i].key, v, n, cap);
			continue;
		}
		if (*n == *cap) {
			size_t more = *cap ? *cap * 2 : rows.n + 8;
			struct place *grown = arena_array(a, struct place, more);

			if (*n)
				memcpy(grown, *v, *n * sizeof(**v));
			*v = grown;
			*cap = more;
		}
		FILL(&(*v)[*n], &rows.v[i]);
		(*n)++;
	}
	return e;
}

enum err place_children(struct db_conn *c, struct arena *a, struct str key, struct place **v, size_t *n)
{
	size_t cap = 0;

	*v = NULL;
	*n = 0;
	return add_children(c, a, key, v, n, &cap);
}

/* The keys of a place and of all above it, the root left out. */
static size_t lineage(struct str key, struct str keys[static PLACE_MICROGRID])
{
	size_t n = 0;

	for (int l = PLACE_PROVINCE; l <= PLACE_MICROGRID; l++) {
		struct str k = place_up(key, (enum place_level)l);

		if (k.n)
			keys[n++] = k;
	}
	return n;
}

/* Answered without the store, when all of it is known. */
static bool path_known(struct db_conn *c, struct arena *a, const struct str *keys, size_t nkeys, struct place *v, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < nkeys; i++) {
		if (!place_known(c, a, keys[i], &v[*n])) {
			*n = 0;
			return false;
		}
		*n += !v[*n].hidden;
	}
	return true;
}

enum err place_path(struct db_conn *c, struct arena *a, struct str key, struct place **v, size_t *n)
{
	struct str keys[PLACE_MICROGRID];
	size_t nkeys = lineage(key, keys);
	struct place_many_rows rows;
	enum err e;

	*v = arena_array(a, struct place, PLACE_MICROGRID);
	*n = 0;
	if (nkeys == 0 || path_known(c, a, keys, nkeys, *v, n))
		return OK;
	e = q_place_many(c, a, keys, nkeys, &rows);
	if (e != OK)
		return e;
	for (size_t k = 0; k < nkeys; k++)
		for (size_t i = 0; i < rows.n; i++)
			if (str_eq(rows.v[i].key, keys[k])) {
				struct place p;

				FILL(&p, &rows.v[i]);
				place_keep(c, &p);
				if (!p.hidden)
					(*v)[(*n)++] = p;
				break;
			}
	return OK;
}

/* ---- names ---- */

enum err place_full_name(struct db_conn *c, struct arena *a, struct str key, enum place_level from, struct str *out)
{
	struct place *path;
	size_t n;
	enum err e;

	if (place_name_known(c, a, key, from, out))
		return OK;
	e = place_path(c, a, key, &path, &n);
	if (e != OK)
		return e;
	*out = STR("");
	for (size_t i = 0; i < n; i++)
		if (path[i].level >= from)
			*out = arena_cat(a, *out, path[i].name);
	if (n && str_eq(path[n - 1].key, key))
		place_name_keep(c, key, from, *out);
	return OK;
}

/* ---- near ---- */

#define CELL_DEG 0.02
#define CELLS_A_ROW 18000

int64_t place_cell(double lon, double lat)
{
	int64_t x = (int64_t)floor((lon + 180) / CELL_DEG), y = (int64_t)floor((lat + 90) / CELL_DEG);

	return y * CELLS_A_ROW + (x < CELLS_A_ROW ? x : CELLS_A_ROW - 1);
}

/* The nearest within `metres`, looked for row by row of cells. */
static enum err near_within(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level level, double metres,
			    struct place *out)
{
	double dlat = metres / 111000, dlon = dlat / fmax(0.01, cos(lat * M_PI / 180)), best = metres;
	double west = fmax(-180, lon - dlon), east = fmin(180, lon + dlon);
	enum err found = ERR_NOT_FOUND;

	for (double y = floor((lat - dlat + 90) / CELL_DEG); y <= floor((lat + dlat + 90) / CELL_DEG); y++) {
		double row = (y + 0.5) * CELL_DEG - 90;
		struct place_in_cells_rows rows;
		enum err e = q_place_in_cells(c, a, level, place_cell(west, row), place_cell(east, row), &rows);

		if (e != OK)
			return e;
		for (size_t i = 0; i < rows.n; i++) {
			double d = coord_metres((struct lonlat){lon, lat}, (struct lonlat){rows.v[i].lon, rows.v[i].lat});

			if (d > best)
				continue;
			best = d;
			found = OK;
			FILL(out, &rows.v[i]);
		}
	}
	return found;
}

enum err place_near(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level level, double metres,
		    struct place *out)
{
	const double farthest = 200000;

	if (!coord_valid(lon, lat) || !(metres > 0))
		return ERR_INPUT;
	if (metres > farthest)
		metres = farthest;
	/* Towns are dense where people are: nearly always the first round answers. */
	for (double r = 2000;; r *= 3) {
		double within = fmin(r, metres);
		enum err e = near_within(c, a, lon, lat, level, within, out);

		if (e != ERR_NOT_FOUND || within >= metres)
			return e;
	}
}

struct around { double metres; struct place p; };

/* Sorted, the nearest first; what falls off the end is forgotten. */
static void keep_near(struct around *v, size_t *n, size_t max, const struct around *x)
{
	size_t at = *n;

	while (at > 0 && v[at - 1].metres > x->metres)
		at--;
	if (at == max)
		return;
	*n += *n < max;
	for (size_t k = *n - 1; k > at; k--)
		v[k] = v[k - 1];
	v[at] = *x;
}

enum err place_around(struct db_conn *c, struct arena *a, double lon, double lat, enum place_level level, double metres, size_t max,
		      struct place **v, size_t *n)
{
	double dlat = metres / 111000, dlon = dlat / fmax(0.01, cos(lat * M_PI / 180));
	double west = fmax(-180, lon - dlon), east = fmin(180, lon + dlon);
	struct around near[64];
	enum err e = OK;

	*n = 0;
	if (!coord_valid(lon, lat) || !(metres > 0 && metres <= 20000) || max > ARRAY_LEN(near))
		return ERR_INPUT;
	for (double y = floor((lat - dlat + 90) / CELL_DEG); e == OK && y <= floor((lat + dlat + 90) / CELL_DEG); y++) {
		double row = (y + 0.5) * CELL_DEG - 90;
		struct place_in_cells_rows rows;

		e = q_place_in_cells(c, a, level, place_cell(west, row), place_cell(east, row), &rows);
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			struct around x = {.metres = coord_metres((struct lonlat){lon, lat}, (struct lonlat){rows.v[i].lon, rows.v[i].lat})};

			FILL(&x.p, &rows.v[i]);
			if (x.metres <= metres)
				keep_near(near, n, max, &x);
		}
	}
	*v = arena_array(a, struct place, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*v)[i] = near[i].p;
	return e;
}

/* ---- history ---- */

enum err place_current_key(struct db_conn *c, struct arena *a, struct str old_key, struct str *out)
{
	struct str key = old_key;

	/* Keys are never used twice, so the chain of moves has no circle; the bound is for a broken store. */
	for (int step = 0; step < 100; step++) {
		struct str keys[PLACE_MICROGRID];
		size_t nkeys = lineage(key, keys);
		struct place_moved_rows rows;
		const struct place_moved_row *deepest = NULL;
		enum err e;

		*out = key;
		if (nkeys == 0)
			return OK;
		e = q_place_moved(c, a, keys, nkeys, &rows);
		if (e != OK)
			return e;
		for (size_t i = 0; i < rows.n; i++)
			if (!deepest || rows.v[i].key_old.n > deepest->key_old.n)
				deepest = &rows.v[i];
		if (!deepest)
			return OK;
		key = arena_cat(a, deepest->key_new, str_sub(key, deepest->key_old.n, key.n));
	}
	BUG("the moves of place %.*s form a circle", STR_ARG(old_key));
}

enum err place_events(struct db_conn *c, struct arena *a, struct str key, struct place_event **v, size_t *n)
{
	struct place_history_of_rows rows;
	enum err e = q_place_history_of(c, a, key, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct place_event, rows.n + 1);
	*n = rows.n;
	for (size_t i = 0; i < rows.n; i++)
		(*v)[i] = (struct place_event){
			.kind = rows.v[i].kind, .key_old = rows.v[i].key_old, .key_new = rows.v[i].key_new,
			.value_old = rows.v[i].value_old, .value_new = rows.v[i].value_new, .reason = rows.v[i].reason,
			.at = rows.v[i].at, .who = rows.v[i].who};
	return OK;
}

struct each {
	enum err (*fn)(void *arg, const struct place *p);
	void *arg;
};

static enum err each_row(void *arg, const struct place_each_row *r)
{
	struct each *each = arg;
	struct place p;

	FILL(&p, r);
	p.point_source = r->point_source;
	return each->fn(each->arg, &p);
}

enum err place_each(struct db_conn *c, struct str top, enum err (*fn)(void *arg, const struct place *p), void *arg)
{
	struct each each = {fn, arg};
	struct arena a;
	struct place p;
	enum err e = OK;

	arena_init(&a, 0);
	if (top.n) {
		e = place_by_key(c, &a, top, &p);
		if (e == OK)
			e = fn(arg, &p);
	}
	if (e == OK)
		e = q_place_each(c, top, place_after(&a, top), each_row, &each);
	arena_release(&a);
	return e;
}

enum err place_count(struct db_conn *c, enum place_level level, int64_t *n)
{
	struct arena a;
	struct place_count_row r;
	enum err e;

	arena_init(&a, 0);
	e = q_place_count(c, &a, level, &r);
	*n = e == OK ? r.n : 0;
	arena_release(&a);
	return e;
}
