/*
 * An extract into the store: read whole, written part by part as an edition that nobody sees, and put in force in one job. What was in force before goes
 * afterwards, in small jobs. An import that was interrupted goes on with the parts it has; one that gives what is in force already changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/id.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "core/journal/journal.h"
#include "core/place/find.h"
#include "crypto/hash.h"
#include "geo/osm_ground.h"

#define RULES 1                  /* grows when what is kept of a file, or how, changes: the same file is another edition then */
#define PARTS 8                  /* a job: one megabyte */
#define ROADS 500                /* a job */
#define ROADS_MAX 1000000
#define RENEW_MS 500             /* between two looks at whether to stop */
#define SOURCE_MAX 200           /* bytes: it stands on the map */
#define CHUNK ((size_t)1 << 20)
#define ROADS_STEP "路名对到社区 roads"

struct work {
	struct db *db;
	struct ground_import *im;
	struct arena *a;
	struct str *why, file, digest;
	int64_t edition, places;
	int64_t have;                /* parts that an interrupted import has left */
	int64_t parts, roads;        /* of this edition, when it is whole */
	struct ground_draft *draft;
	/* a batch */
	int64_t first;
	size_t n;
	struct str body[PARTS];
	const struct ground_road *road;
	int64_t below;
	bool none;
};

/* ---- which file it is ---- */

static bool told(struct work *w, const char *step, int64_t done, int64_t of)
{
	struct ground_import *im = w->im;

	if (im->progress)
		im->progress(im->arg, step, done, of);
	im->stopped = im->stopped || (im->stop && im->stop(im->arg));
	return !im->stopped;
}

static enum err cannot(struct work *w)
{
	*w->why = arena_printf(w->a, "读不了：%s (cannot be read: %s)", strerror(errno), strerror(errno));
	return ERR_IO;
}

static enum err digest_of(struct work *w, int fd)
{
	struct hash_state h;
	unsigned char out[HASH_SIZE];
	char *chunk = arena_alloc(w->a, CHUNK);
	int64_t size = lseek(fd, 0, SEEK_END), at = 0;
	ssize_t n = 1;

	hash_begin(&h, HASH_SHA256);
	while (n != 0 && told(w, "核对文件 checking", at, size)) {
		n = pread(fd, chunk, CHUNK, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		hash_add(&h, chunk, (size_t)n);
		at += n;
	}
	hash_end(&h, out);
	if (n < 0)
		return cannot(w);
	w->digest = arena_printf(w->a, "%s/%d", hex(w->a, out, sizeof(out)).p, RULES);
	return w->im->stopped ? ERR_BUSY : OK;
}

/* ---- jobs ---- */

/* What is there already: all of it, or a beginning of this file. */
static enum err begin(struct tx *tx, void *arg)
{
	struct work *w = arg;
	struct map_grounds_rows rows;
	struct map_ground_parts_count_row count;
	enum err e = db_lock(tx, GROUND_LOCK);

	w->edition = w->have = 0;
	w->im->same = false;
	if (e == OK)
		e = q_map_grounds(tx->c, tx->arena, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		if (!str_eq(rows.v[i].digest, w->digest))
			continue;
		if (!rows.v[i].in_force)
			w->edition = rows.v[i].id;
		else
			w->im->same = str_empty(w->im->source) || str_eq(rows.v[i].source, w->im->source);
	}
	if (e != OK || w->im->same)
		return e;
	if (w->edition) {
		e = q_map_ground_parts_count(tx->c, tx->arena, w->edition, &count);
		w->have = count.n;
		return e;
	}
	w->edition = id_new(tx->now);
	return q_map_ground_new(tx->c, &(struct map_ground_new_args){.id = w->edition, .digest = w->digest, .file = w->file, .source = w->im->source,
								    .updated = tx->now}, NULL);
}

static enum err put_parts(struct tx *tx, void *arg)
{
	struct work *w = arg;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < w->n; i++)
		e = q_map_ground_part_put(tx->c, w->edition, w->first + (int64_t)i, w->body[i], NULL);
	return e;
}

static enum err put_roads(struct tx *tx, void *arg)
{
	struct work *w = arg;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < w->n; i++) {
		const struct ground_road *r = &w->road[i];

		e = q_map_road_put(tx->c, &(struct map_road_put_args){.edition = w->edition, .number = w->first + (int64_t)i, .place = r->place, .name = r->name,
									.lon = r->lon, .lat = r->lat, .reach = r->reach}, NULL);
	}
	return e;
}

static enum err tell_journal(struct tx *tx, const char *kind, const struct work *w)
{
	struct journal_entry entry = {.at = tx->now, .kind = str_from(kind), .subject = w->edition, .place = STR("")};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	if (w->im) {
		json_key(j, "digest"), json_str(j, w->digest);
		json_key(j, "features"), json_i64(j, w->im->features);
		json_key(j, "roads"), json_i64(j, w->roads);
	}
	return journal_append_data(tx, &entry, &d);
}

/* Names of roads are names of places too: whoever keeps those reads them again. */
static enum err places_changed(struct tx *tx, int64_t *version)
{
	enum err e = place_changed(tx);

	return e == OK ? place_area_version(tx->c, version) : e;
}

static enum err enforce(struct tx *tx, void *arg)
{
	struct work *w = arg;
	struct map_ground_parts_count_row parts;
	struct map_roads_count_row roads;
	int64_t places, changed = 0;
	enum err e = db_lock(tx, GROUND_LOCK);

	if (e == OK)
		e = q_map_ground_parts_count(tx->c, tx->arena, w->edition, &parts);
	if (e == OK)
		e = q_map_roads_count(tx->c, tx->arena, w->edition, &roads);
	if (e == OK && (parts.n != w->parts || roads.n != w->roads))
		e = ERR_CONFLICT;    /* another import has cleared it away */
	if (e == OK)
		e = places_changed(tx, &places);
	if (e == OK)
		e = q_map_ground_retire(tx->c, NULL);
	if (e == OK)
		e = q_map_ground_enforce(tx->c, &(struct map_ground_enforce_args){
			.id = w->edition, .file = w->file, .source = w->im->source, .parts = w->parts, .features = w->im->features,
			.points = w->im->points, .roads = w->roads, .places = places, .updated = tx->now}, &changed);
	if (e == OK && changed != 1)
		e = ERR_CONFLICT;
	return e == OK ? tell_journal(tx, "ground.import", w) : e;
}

/* ---- clearing away ---- */

static enum err drop_parts(struct tx *tx, void *arg)
{
	const struct work *w = arg;

	return q_map_ground_parts_drop(tx->c, w->edition, w->below, NULL);
}

static enum err drop_roads(struct tx *tx, void *arg)
{
	const struct work *w = arg;

	return q_map_roads_drop(tx->c, w->edition, w->below, NULL);
}

static enum err forget(struct tx *tx, void *arg)
{
	return q_map_ground_forget(tx->c, ((const struct work *)arg)->edition, NULL);
}

static enum err drop_in_steps(struct db *db, db_job job, int64_t edition, int64_t n, int64_t step)
{
	struct work w = {.edition = edition};
	enum err e = OK;

	for (int64_t at = 0; e == OK && at < n; at += step) {
		w.below = at + step;
		e = db_write(db, job, &w);
	}
	return e;
}

static enum err count_of(struct db *db, struct arena *a, int64_t edition, int64_t *parts, int64_t *roads)
{
	struct db_conn *c = db_read_begin(db);
	struct map_ground_parts_count_row p = {0};
	struct map_roads_count_row r = {0};
	enum err e = q_map_ground_parts_count(c, a, edition, &p);

	if (e == OK)
		e = q_map_roads_count(c, a, edition, &r);
	db_read_end(c);
	*parts = p.n;
	*roads = r.n;
	return e;
}

static enum err clear_edition(struct db *db, struct arena *a, int64_t edition)
{
	struct work w = {.edition = edition};
	int64_t parts, roads;
	enum err e = count_of(db, a, edition, &parts, &roads);

	if (e == OK)
		e = drop_in_steps(db, drop_parts, edition, parts, 2 * PARTS);
	if (e == OK)
		e = drop_in_steps(db, drop_roads, edition, roads, 4 * ROADS);
	return e == OK ? db_write(db, forget, &w) : e;
}

/* All that is not in force. */
static enum err clear_others(struct db *db, struct arena *a)
{
	struct db_conn *c = db_read_begin(db);
	struct map_grounds_rows rows = {0};
	enum err e = q_map_grounds(c, a, &rows);

	db_read_end(c);
	for (size_t i = 0; e == OK && i < rows.n; i++)
		if (!rows.v[i].in_force)
			e = clear_edition(db, a, rows.v[i].id);
	return e;
}

static enum err retire(struct tx *tx, void *arg)
{
	struct work *w = arg;
	int64_t changed = 0, version;
	enum err e = db_lock(tx, GROUND_LOCK);

	if (e == OK)
		e = q_map_ground_retire(tx->c, &changed);
	w->none = changed == 0;
	if (e != OK || w->none)
		return e;
	e = places_changed(tx, &version);
	return e == OK ? tell_journal(tx, "ground.drop", w) : e;
}

enum err ground_drop(struct db *db)
{
	struct work w = {.db = db};
	struct arena a;
	enum err e = db_write(db, retire, &w);

	arena_init(&a, 0);
	if (e == OK)
		e = clear_others(db, &a);
	arena_release(&a);
	return e == OK && w.none ? ERR_NOT_FOUND : e;
}

/* ---- steps ---- */

static bool reading(void *arg, int64_t done, int64_t of)
{
	return told(arg, "读取 reading", done, of);
}

static enum err read_file(struct work *w, int fd)
{
	struct osm_ground g = {.progress = reading, .arg = w};
	struct osm *o;
	enum err e = osm_open(&o, fd, w->a, w->why);

	if (e == OK)
		e = osm_ground_read(o, &g, &w->draft, w->a, w->why);
	osm_close(o);
	if (e == OK && ground_draft_count(w->draft) == 0) {
		*w->why = STR("文件里没有道路、水面或绿地，底图没有改动 (there are no roads, water or green in the file; nothing was changed)");
		return ERR_INPUT;
	}
	w->im->left_out = g.left_out;
	return e;
}

static enum err flush_parts(struct work *w, struct buf *bodies)
{
	enum err e = OK;

	if (w->n)
		e = db_write(w->db, put_parts, w);
	for (size_t i = 0; i < w->n; i++)
		buf_clear(&bodies[i]);
	w->first += (int64_t)w->n;
	w->n = 0;
	return e;
}

static enum err write_parts(struct work *w)
{
	const size_t all = ground_draft_count(w->draft);
	struct buf bodies[PARTS];
	size_t next = 0;
	enum err e = OK;

	for (size_t i = 0; i < PARTS; i++)
		buf_init(&bodies[i], GROUND_PART_BYTES + ((size_t)GROUND_POINTS_MAX * 10));
	w->first = w->have;
	while (e == OK && ground_draft_part(w->draft, &next, &bodies[w->n])) {
		if (w->parts++ < w->have) {
			buf_clear(&bodies[w->n]);
			continue;
		}
		w->body[w->n] = buf_str(&bodies[w->n]);
		w->n++;
		if (w->n == PARTS)
			e = flush_parts(w, bodies);
		if (e == OK && !told(w, "写入 storing", (int64_t)next, (int64_t)all))
			e = ERR_BUSY;
	}
	if (e == OK)
		e = flush_parts(w, bodies);
	for (size_t i = 0; i < PARTS; i++)
		buf_release(&bodies[i]);
	return e;
}

/* By one state of the places. */
static enum err find_roads(struct work *w, struct db_conn *c, struct ground_road **out, size_t *nout)
{
	struct ground_walk *walk = ground_walk_begin(w->draft);
	struct ground_road *v = NULL, *more;
	size_t n = 0, cap = 0, nmore;
	int64_t done, of;
	struct str name;
	enum err e = db_snapshot(c);

	while (e == OK && n < ROADS_MAX) {
		e = ground_walk_next(walk, c, w->a, &name, &more, &nmore);
		v = grown(v, &cap, n + nmore, sizeof(*v));
		if (e == OK && nmore)
			memcpy(v + n, more, nmore * sizeof(*v));
		n += e == OK ? nmore : 0;
		ground_walk_at(walk, &done, &of);
		if (e == OK && !told(w, ROADS_STEP, done, of))
			e = ERR_BUSY;
	}
	ground_walk_end(walk);
	*out = v;
	*nout = n;
	return e == ERR_NOT_FOUND ? OK : e;
}

/* Those of an import that was interrupted are made anew: in which places they lie may have changed since. */
static enum err write_roads(struct work *w)
{
	struct db_conn *c;
	struct ground_road *v = NULL;
	int64_t parts, old;
	size_t n = 0;
	enum err e = count_of(w->db, w->a, w->edition, &parts, &old);

	if (e == OK)
		e = drop_in_steps(w->db, drop_roads, w->edition, old, 4 * ROADS);
	if (e != OK)
		return e;
	c = db_read_begin(w->db);
	e = find_roads(w, c, &v, &n);
	db_read_end(c);
	w->roads = (int64_t)n;
	for (w->first = 0; e == OK && w->first < (int64_t)n; w->first += (int64_t)w->n) {
		w->n = n - (size_t)w->first < ROADS ? n - (size_t)w->first : ROADS;
		w->road = v + w->first;
		e = db_write(w->db, put_roads, w);
	}
	free(v);
	return e;
}

/* The file is in force already; the places may have changed since. */
static enum err renew_roads(struct work *w)
{
	struct ground_renew *r = ground_renew_new(w->db);
	bool done = false;
	int64_t at, of;
	enum err e = OK;

	while (e == OK && !done) {
		e = ground_renew_some(r, RENEW_MS, &done);
		ground_renew_at(r, &at, &of);
		if (e == OK && !done && !told(w, ROADS_STEP, at, of))
			e = ERR_BUSY;
	}
	w->im->renewed = ground_renew_changed(r);
	ground_renew_free(r);
	return e;
}

static enum err steps(struct work *w, int fd)
{
	enum err e = digest_of(w, fd);

	if (e == OK)
		e = db_write(w->db, begin, w);
	if (e == OK && w->im->same)
		return renew_roads(w);
	if (e != OK)
		return e;
	e = read_file(w, fd);
	if (e == OK)
		e = write_parts(w);
	if (e == OK)
		e = write_roads(w);
	if (e != OK)
		return e;
	w->im->features = (int64_t)ground_draft_count(w->draft);
	w->im->points = (int64_t)ground_draft_points(w->draft);
	w->im->roads = w->roads;
	e = db_write(w->db, enforce, w);
	if (e == ERR_CONFLICT)
		*w->why = STR("同时有另一个导入在进行，请等它完了再运行 (another import is running: run this one again when it is done)");
	return e == OK ? clear_others(w->db, w->a) : e;
}

static struct str base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return str_sub(str_from(slash ? slash + 1 : path), 0, 200);
}

enum err ground_import(struct db *db, struct ground_import *im, struct arena *a, struct str *why)
{
	struct work w = {.db = db, .im = im, .a = a, .why = why, .file = base_name(im->path)};
	int fd = open(im->path, O_RDONLY | O_CLOEXEC);
	enum err e;

	im->stopped = im->same = false;
	im->renewed = 0;
	if (im->source.p == NULL)
		im->source = STR("");
	if (fd < 0)
		return cannot(&w);
	if (im->source.n > SOURCE_MAX || !utf8_plain(im->source, false)) {
		close(fd);
		*why = arena_printf(a, "来源要写成一行文字，最多 %d 字节 (the source is one line of plain text, at most %d bytes)", SOURCE_MAX, SOURCE_MAX);
		return ERR_INPUT;
	}
	e = steps(&w, fd);
	ground_draft_free(w.draft);
	close(fd);
	return e == ERR_BUSY && im->stopped ? OK : e;
}
