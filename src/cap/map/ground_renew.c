/*
 * Names of roads belong to communities, and communities change: borders are imported, places are added, moved, merged, ended. A pass looks for every named road
 * of the ground in force again and writes what differs, name by name: pieces of one short reading and one small job. Whoever begins a pass leaves his number in
 * map_ground.places; a piece of anybody else is refused from then on, so that two of them never write from what they have read. A pass that was killed is begun
 * anew: what it has written is found right, and only looking is done twice. When the places change meanwhile the pass goes on, and another one follows it.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/id.h"
#include "base/log.h"
#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "core/place/find.h"
#include "web/web.h"

#define PARTS 16                 /* a page: two megabytes */
#define ROWS 4096                /* a page */
#define NAMES 200                /* a piece: so long one state of the store is held ... */
#define CHANGES 500              /* ... and so many rows at most, or one name's, are written at once */
#define JOB_MS 1000              /* of work a round */
#define PATIENCE 12              /* rounds: after so many it begins although the places do not come to rest */

struct old {
	struct str name, place;
	double lon, lat, reach;
	int64_t number;
};

struct ground_renew {
	struct db *db;
	int64_t changed;
	/* a pass */
	bool under_way, none;
	bool told;                   /* names that a pass before has written may not be known yet */
	int64_t edition, parts, token, version;
	struct arena a;
	struct ground_draft *draft;
	struct ground_walk *walk;
	struct old *old; size_t nold, old_cap, at;
	int64_t next;                /* number of the next new row */
	int64_t wrote;
	/* a piece */
	struct arena piece;
	int64_t *gone; size_t ngone, gone_cap;
	struct ground_road *come; size_t ncome, come_cap;
};

/* ---- beginning ---- */

static void end_pass(struct ground_renew *r)
{
	ground_walk_end(r->walk);
	ground_draft_free(r->draft);
	r->walk = NULL;
	r->draft = NULL;
	r->nold = r->at = r->ngone = r->ncome = 0;
	r->under_way = false;
	arena_reset(&r->a);
}

/* id 0: none. */
static enum err in_force(struct db_conn *c, struct arena *a, struct map_grounds_row *out)
{
	struct map_grounds_rows rows;
	enum err e = q_map_grounds(c, a, &rows);

	*out = (struct map_grounds_row){0};
	for (size_t i = 0; e == OK && i < rows.n; i++)
		if (rows.v[i].in_force)
			*out = rows.v[i];
	return e;
}

/* Is there something to do? */
static enum err is_behind(struct db_conn *c, struct arena *a, bool *behind, int64_t *version)
{
	struct map_grounds_row row = {0};
	enum err e = in_force(c, a, &row);

	if (e == OK)
		e = place_area_version(c, version);
	*behind = e == OK && row.id && row.places != *version;
	return e;
}

static enum err claim(struct tx *tx, void *arg)
{
	struct ground_renew *r = arg;
	struct map_grounds_row row = {0};
	enum err e = db_lock(tx, GROUND_LOCK);

	if (e == OK)
		e = in_force(tx->c, tx->arena, &row);
	if (e == OK)
		e = place_area_version(tx->c, &r->version);
	r->none = e != OK || row.id == 0 || row.places == r->version;
	if (r->none)
		return e;
	r->edition = row.id;
	r->parts = row.parts;
	r->told = row.places < 0;
	r->token = id_new(tx->now);
	return q_map_ground_places(tx->c, r->edition, -r->token, NULL);
}

/* ---- reading what there is ---- */

static enum err keep_named(struct ground_renew *r, struct arena *page, struct str part)
{
	struct ground_feature f;
	enum err e = OK;

	while (e == OK && part.n) {
		if (!ground_decode(page, &part, &f)) {
			log_error("map: a part of the ground is damaged; import the extract again");
			return ERR_INPUT;
		}
		if (f.kind == GROUND_ROAD && f.name.n)
			e = ground_draft_add(r->draft, &f);
	}
	return e;
}

static enum err read_parts(struct ground_renew *r)
{
	struct map_ground_parts_page_rows rows = {0};
	struct arena page;
	int64_t after = -1, seen = 0;
	enum err e;

	arena_init(&page, 0);
	do {
		struct db_conn *c = db_read_begin(r->db);

		arena_reset(&page);
		e = q_map_ground_parts_page(c, &page, r->edition, after, PARTS, &rows);
		db_read_end(c);
		for (size_t i = 0; e == OK && i < rows.n; i++, seen++) {
			after = rows.v[i].number;
			e = keep_named(r, &page, rows.v[i].body);
		}
	} while (e == OK && rows.n == PARTS);
	arena_release(&page);
	return e == OK && seen != r->parts ? ERR_CONFLICT : e;
}

static int by_name(const void *x, const void *y)
{
	const struct old *a = x, *b = y;
	int by = str_cmp(a->name, b->name);

	return by ? by : (a->number > b->number) - (a->number < b->number);
}

static enum err read_roads(struct ground_renew *r)
{
	struct map_roads_page_rows rows = {0};
	struct arena page;
	int64_t after = -1;
	enum err e;

	arena_init(&page, 0);
	do {
		struct db_conn *c = db_read_begin(r->db);

		arena_reset(&page);
		e = q_map_roads_page(c, &page, r->edition, after, ROWS, &rows);
		db_read_end(c);
		for (size_t i = 0; e == OK && i < rows.n; i++) {
			const struct map_roads_page_row *v = &rows.v[i];

			r->old = grown(r->old, &r->old_cap, r->nold + 1, sizeof(*r->old));
			r->old[r->nold++] = (struct old){arena_str(&r->a, v->name), arena_str(&r->a, v->place), v->lon, v->lat, v->reach, v->number};
			after = v->number;
		}
	} while (e == OK && rows.n == ROWS);
	arena_release(&page);
	r->next = after + 1;
	if (r->nold)
		qsort(r->old, r->nold, sizeof(*r->old), by_name);
	return e;
}

static enum err begin_pass(struct ground_renew *r, bool *done)
{
	struct db_conn *c = db_read_begin(r->db);
	bool behind;
	enum err e = is_behind(c, &r->piece, &behind, &r->version);

	db_read_end(c);
	arena_reset(&r->piece);
	*done = e == OK && !behind;
	if (e != OK || *done)
		return e;
	e = db_write(r->db, claim, r);
	*done = e == OK && r->none;
	if (e != OK || r->none)
		return e;
	r->under_way = true;
	r->wrote = 0;
	r->draft = ground_draft_new();
	e = read_parts(r);
	if (e == OK)
		e = read_roads(r);
	r->walk = ground_walk_begin(r->draft);
	return e;
}

/* ---- pieces ---- */

static void take_away(struct ground_renew *r, const struct old *o)
{
	r->gone = grown(r->gone, &r->gone_cap, r->ngone + 1, sizeof(*r->gone));
	r->gone[r->ngone++] = o->number;
}

static bool is_same(const struct old *o, const struct ground_road *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_eq(o[i].place, v[i].place) || o[i].lon != v[i].lon || o[i].lat != v[i].lat || o[i].reach != v[i].reach)
			return false;
	return true;
}

static enum err one_name(struct ground_renew *r, struct db_conn *c)
{
	struct ground_road *v;
	struct str name;
	size_t n, had = 0;
	enum err e = ground_walk_next(r->walk, c, &r->piece, &name, &v, &n);

	while (r->at < r->nold && (e == ERR_NOT_FOUND || (e == OK && str_cmp(r->old[r->at].name, name) < 0)))
		take_away(r, &r->old[r->at++]);
	if (e != OK)
		return e;
	while (r->at + had < r->nold && str_eq(r->old[r->at + had].name, name))
		had++;
	if (had != n || !is_same(r->old + r->at, v, n)) {
		for (size_t i = 0; i < had; i++)
			take_away(r, &r->old[r->at + i]);
		r->come = grown(r->come, &r->come_cap, r->ncome + n, sizeof(*r->come));
		if (n)
			memcpy(r->come + r->ncome, v, n * sizeof(*v));
		r->ncome += n;
	}
	r->at += had;
	return OK;
}

/* Ours still? */
static enum err check_token(struct tx *tx, const struct ground_renew *r)
{
	struct map_grounds_row row = {0};
	enum err e = db_lock(tx, GROUND_LOCK);

	if (e == OK)
		e = in_force(tx->c, tx->arena, &row);
	return e == OK && (row.id != r->edition || row.places != -r->token) ? ERR_CONFLICT : e;
}

static enum err put_piece(struct tx *tx, void *arg)
{
	const struct ground_renew *r = arg;
	enum err e = check_token(tx, r);

	for (size_t i = 0; e == OK && i < r->ngone; i++)
		e = q_map_road_drop(tx->c, r->edition, r->gone[i], NULL);
	for (size_t i = 0; e == OK && i < r->ncome; i++) {
		const struct ground_road *v = &r->come[i];

		e = q_map_road_put(tx->c, &(struct map_road_put_args){.edition = r->edition, .number = r->next + (int64_t)i, .place = v->place, .name = v->name,
									.lon = v->lon, .lat = v->lat, .reach = v->reach}, NULL);
	}
	return e;
}

/*
 * The roads are as the places were when the pass began, or newer. If these have changed since, the pass that follows finds out. Names of roads are names of
 * places too: whoever keeps those reads them again.
 */
static enum err finish(struct tx *tx, void *arg)
{
	const struct ground_renew *r = arg;
	struct map_roads_count_row count;
	int64_t places = r->version, now;
	enum err e = check_token(tx, r);

	if (e == OK && (r->wrote || r->told)) {
		e = place_changed(tx);
		if (e == OK)
			e = place_area_version(tx->c, &now);
		if (e == OK && now == r->version + 1)
			places = now;
	}
	if (e == OK)
		e = q_map_roads_count(tx->c, tx->arena, r->edition, &count);
	return e == OK ? q_map_ground_renewed(tx->c, r->edition, places, count.n, NULL) : e;
}

static enum err one_piece(struct ground_renew *r)
{
	struct db_conn *c = db_read_begin(r->db);
	enum err e = db_snapshot(c);

	arena_reset(&r->piece);
	r->ngone = r->ncome = 0;
	for (int i = 0; e == OK && i < NAMES && r->ngone + r->ncome < CHANGES; i++)
		e = one_name(r, c);
	db_read_end(c);
	if ((e == OK || e == ERR_NOT_FOUND) && r->ngone + r->ncome) {
		enum err wrote = db_write(r->db, put_piece, r);

		if (wrote != OK)
			return wrote;
		r->next += (int64_t)r->ncome;
		r->wrote += (int64_t)(r->ngone + r->ncome);
		r->changed += (int64_t)(r->ngone + r->ncome);
	}
	if (e != ERR_NOT_FOUND)
		return e;
	e = db_write(r->db, finish, r);
	if (e == OK) {
		log_info("map: roads follow the places changed=%lld", (long long)r->wrote);
		end_pass(r);
	}
	return e;
}

/* ---- for others ---- */

struct ground_renew *ground_renew_new(struct db *db)
{
	struct ground_renew *r = calloc(1, sizeof(*r));

	if (r == NULL)
		BUG("out of memory");
	r->db = db;
	arena_init(&r->a, (size_t)1 << 30);
	arena_init(&r->piece, (size_t)1 << 30);
	return r;
}

enum err ground_renew_some(struct ground_renew *r, int64_t ms, bool *done)
{
	int64_t until = clock_mono() + ms;
	enum err e = OK;

	*done = false;
	do {
		if (r->under_way)
			e = one_piece(r);
		else
			e = begin_pass(r, done);
	} while (e == OK && !*done && clock_mono() < until);
	if (e != OK)
		end_pass(r);
	return e == ERR_CONFLICT ? OK : e;
}

int64_t ground_renew_changed(const struct ground_renew *r)
{
	return r->changed;
}

void ground_renew_at(const struct ground_renew *r, int64_t *done, int64_t *of)
{
	*done = *of = 0;
	if (r->walk)
		ground_walk_at(r->walk, done, of);
}

void ground_renew_free(struct ground_renew *r)
{
	if (r == NULL)
		return;
	end_pass(r);
	arena_release(&r->a);
	arena_release(&r->piece);
	free(r->old);
	free(r->gone);
	free(r->come);
	free(r);
}

/* ---- the job ---- */

static struct {
	struct ground_renew *r;
	int64_t seen;
	int waited;
} job;

enum err ground_renew_job(struct app *app, int64_t now)
{
	struct db_conn *c;
	struct arena a;
	int64_t version = 0;
	bool behind = false, done;
	enum err e;

	(void)now;
	if (job.r == NULL)
		job.r = ground_renew_new(app->db);
	if (!job.r->under_way) {
		arena_init(&a, 0);
		c = db_read_begin(app->db);
		e = is_behind(c, &a, &behind, &version);
		db_read_end(c);
		arena_release(&a);
		/* an import of borders is many changes: not before it has come to rest */
		if (e != OK || !behind || (version != job.seen && job.waited++ < PATIENCE)) {
			job.seen = version;
			job.waited = behind ? job.waited : 0;
			return e;
		}
	}
	job.waited = 0;
	return ground_renew_some(job.r, JOB_MS, &done);
}

void ground_renew_stop(void)
{
	ground_renew_free(job.r);
	job.r = NULL;
	job.seen = job.waited = 0;
}
