#include "cap/map/feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cap/map/codes.h"
#include "cap/map/follow.h"
#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "cap/map/snapshot.h"
#include "core/place/area_tile.h"
#include "core/place/place.h"
#include "web/web.h"

#define PAGE 8192
#define TICK_MS 100
#define CHECK_MS 2000         /* how often the store is asked whether it is still there */
#define RETRY_MS 200
#define SNAPSHOT_MS (15 * MS_MINUTE)
#define BATCH 500             /* entries that come in one call */

static struct feed {
	struct app *app;
	struct db *db;
	const char *var;
	struct points *points;
	struct defaults *defaults;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, stop;           /* under lock */
	/*
	 * The tree whose ordinals the points have. While they are renumbered both are kept: views up to the version `split` belong to `tree_was`.
	 */
	struct set *tree, *tree_was;  /* under lock */
	uint64_t split;
	atomic_bool ready;
	_Atomic int64_t seq;          /* the points are true up to here ... */
	_Atomic int64_t confirmed;    /* ... and at this moment (ms) nothing was behind it */
	struct journal_tailer *tail;
	/* only the thread that follows: matters at places that the tree does not know yet */
	int64_t *strays;
	size_t nstrays, strays_cap;
	int64_t load_ms;
	bool from_snapshot;
	int64_t saved_at;             /* clock_mono of the last snapshot, and the points' version in it */
	uint64_t saved_version;
	enum place_level warm;        /* the next level whose boundaries are made ready after the start */
	int64_t warm_ms;
} feed = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static bool stopping(void)
{
	bool stop;

	pthread_mutex_lock(&feed.lock);
	stop = feed.stop;
	pthread_mutex_unlock(&feed.lock);
	return stop;
}

/* True when it is time to stop. */
static bool rest(int64_t ms)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&feed.lock);
	if (!feed.stop)
		pthread_cond_timedwait(&feed.wake, &feed.lock, &until);
	stop = feed.stop;
	pthread_mutex_unlock(&feed.lock);
	return stop;
}

/* ---- places ---- */

static size_t lower_bound(const struct set *tree, struct str key)
{
	size_t low = 0, high = tree->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (str_cmp(tree->v[mid].place, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct points_range tree_range(const struct set *tree, struct str from, struct str to)
{
	return (struct points_range){(uint32_t)lower_bound(tree, from), (uint32_t)lower_bound(tree, to)};
}

uint32_t tree_ordinal(const struct set *tree, struct str key, bool *exact)
{
	const struct set_item *it = set_by_key(tree, key);

	if (exact)
		*exact = it != NULL || str_empty(key);
	for (int l = (int)place_level_of_key(key) - 1; it == NULL && l > PLACE_ROOT; l--)
		it = set_by_key(tree, place_up(key, (enum place_level)l));
	return it ? (uint32_t)(it - tree->v) : POINTS_PLACE_NONE;
}

static enum err where_now(struct db_conn *c, struct arena *a, const struct set *was, const struct set *is, size_t i, uint32_t *to)
{
	const struct set_item *same = set_by_key(is, was->v[i].place);
	struct str key;
	enum err e = OK;

	if (same && !same->ended) { /* one that was merged into another stays, with its end */
		*to = tree_ordinal(is, was->v[i].place, NULL);
		return OK;
	}
	e = place_current_key(c, a, was->v[i].place, &key);
	*to = e == OK ? tree_ordinal(is, key, NULL) : POINTS_PLACE_NONE;
	return e;
}

/* Both trees are shown before the points change, so that whoever looks meanwhile finds the one that goes with what he sees. */
static void show_trees(struct set *is, uint64_t split)
{
	pthread_mutex_lock(&feed.lock);
	set_unref(feed.tree_was);
	feed.tree_was = feed.tree;
	feed.tree = is;
	feed.split = split;
	pthread_mutex_unlock(&feed.lock);
}

static enum err change_tree(struct arena *a)
{
	struct db_conn *c = db_read_begin(feed.db);
	struct set *was = feed.tree, *is = NULL; /* only this thread replaces it */
	uint32_t *to = arena_array(a, uint32_t, was->n + 1);
	struct points_stats st;
	enum err e = set_read_places(c, &is);

	for (size_t i = 0; e == OK && i < was->n; i++)
		e = where_now(c, a, was, is, i, &to[i]);
	db_read_end(c);
	if (e != OK) {
		set_unref(is);
		return e;
	}
	set_put(set_ref(is));
	points_stats(feed.points, &st);
	show_trees(is, st.version);
	e = points_renumber(feed.points, to, was->n);
	stamps_touch_all();
	return e;
}

/* ---- rows ---- */

static void stray(int64_t id)
{
	if (feed.nstrays == feed.strays_cap) {
		feed.strays_cap = feed.strays_cap ? feed.strays_cap * 2 : 256;
		feed.strays = realloc(feed.strays, feed.strays_cap * sizeof(*feed.strays));
		if (feed.strays == NULL)
			BUG("out of memory");
	}
	feed.strays[feed.nstrays++] = id;
}

/* The columns of both queries are the same. */
_Static_assert(sizeof(struct map_matters_of_row) == sizeof(struct map_matters_page_row), "both queries read the same columns");

static void make_point(const struct map_matters_of_row *r, struct point *out)
{
	bool exact;

	row_point(feed.tree, r, out, &exact);
	if (!exact)
		stray(r->id);
}

/* Matters that stood on a coordinate before so many others did that it cannot be true. */
static enum err mark_default(struct arena *a, struct mercator at)
{
	const struct points_box box = {at, at};
	const struct points_filter all = {0};
	struct points_view *v = points_view(feed.points);
	struct point *rows = NULL;
	size_t n = 0;
	bool more;
	enum err e = points_in_box(v, &all, &box, a, (size_t)2 * FEED_DEFAULT_AT, &rows, &n, &more);

	for (size_t i = 0; e == OK && i < n; i++)
		rows[i].flags |= POINT_UNLOCATED;
	points_view_end(v);
	log_warn("map: more than %d matters stand on one coordinate; they count as not located", FEED_DEFAULT_AT);
	stamps_touch(at);
	return e == OK && n ? points_apply(feed.points, rows, n, NULL, 0, feed.seq) : e;
}

/* ---- loading ---- */

static enum err load_rows(int64_t seq)
{
	struct mercator *crossed = NULL;
	size_t ncrossed = 0;
	struct arena a;
	int64_t after = 0;
	enum err e = OK;
	bool end = false;

	arena_init(&a, 0);
	points_load_begin(feed.points);
	while (e == OK && !end) {
		struct db_conn *c = db_read_begin(feed.db);
		struct map_matters_page_rows rows;
		struct point *v;

		arena_reset(&a);
		e = q_map_matters_page(c, &a, after, PAGE, &rows);
		db_read_end(c);
		if (e != OK)
			break;
		v = arena_array(&a, struct point, rows.n + 1);
		for (size_t i = 0; i < rows.n; i++) {
			bool now = false;

			make_point((const struct map_matters_of_row *)&rows.v[i], &v[i]);
			if (!(v[i].flags & POINT_UNLOCATED) && defaults_add(feed.defaults, v[i].at, &now))
				v[i].flags |= POINT_UNLOCATED;
			if (now) {
				crossed = realloc(crossed, (ncrossed + 1) * sizeof(*crossed));
				if (crossed == NULL)
					BUG("out of memory");
				crossed[ncrossed++] = v[i].at;
			}
			after = rows.v[i].id;
		}
		e = points_load_add(feed.points, v, rows.n);
		end = rows.n < PAGE;
		if (stopping())
			e = ERR_BUSY;
	}
	if (e == OK)
		e = points_load_end(feed.points, seq);
	for (size_t i = 0; e == OK && i < ncrossed; i++)
		e = mark_default(&a, crossed[i]);
	free(crossed);
	arena_release(&a);
	return e;
}

static enum err read_base(int64_t *seq)
{
	struct db_conn *c = db_read_begin(feed.db);
	struct set *tree = NULL;
	/* the sequence first: what is written after it is read again by whoever follows */
	enum err e = journal_last(c, seq);

	if (e == OK)
		e = set_read_places(c, &tree);
	db_read_end(c);
	if (e != OK) {
		set_unref(tree);
		return e;
	}
	set_put(set_ref(tree));
	show_trees(tree, 0);
	return sets_reload(feed.db, STR_NULL);
}

static enum err load(void)
{
	int64_t began = clock_mono(), seq, saved = 0;
	enum err e = read_base(&seq);

	if (e != OK)
		return e;
	feed.seq = seq;
	feed.saved_at = clock_mono();
	feed.saved_version = 0;
	feed.from_snapshot = feed.var && snapshot_restore(feed.db, feed.points, feed.defaults, feed.tree, feed.var, seq, &saved);
	if (feed.from_snapshot)
		feed.seq = saved;
	else
		e = load_rows(seq);
	feed.load_ms = clock_mono() - began;
	return e;
}

/* ---- following ---- */

struct todo {
	int64_t *ids;
	size_t nids;
	bool places;
	struct str layers[8];
	size_t nlayers;
	bool all_layers;
};

static int by_number(const void *x, const void *y)
{
	int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;

	return a < b ? -1 : a > b;
}

static void take_layer(struct todo *t, struct arena *a, struct str data)
{
	json_t *json;
	struct str name, why;

	if (t->nlayers == ARRAY_LEN(t->layers) || json_parse(a, data, NULL, &json, &why) != OK || !json_get_str(json, "layer", &name))
		t->all_layers = true;
	else
		t->layers[t->nlayers++] = name;
}

static void sort_out(struct todo *t, struct arena *a, const struct journal_entry *v, size_t n)
{
	size_t kept = 0;

	t->ids = arena_array(a, int64_t, n + feed.nstrays + 1);
	for (size_t i = 0; i < n; i++) {
		if (str_starts(v[i].kind, "matter.") && v[i].subject > 0 && !str_eqz(v[i].kind, "matter.reveal"))
			t->ids[t->nids++] = v[i].subject;
		else if (str_starts(v[i].kind, "place."))
			t->places = true;
		else if (str_starts(v[i].kind, "layer."))
			take_layer(t, a, v[i].data);
		else if (str_starts(v[i].kind, "ground."))
			ground_wake();
	}
	if (t->places && feed.nstrays) { /* their places may be known now */
		memcpy(t->ids + t->nids, feed.strays, feed.nstrays * sizeof(int64_t));
		t->nids += feed.nstrays;
		feed.nstrays = 0;
	}
	if (t->nids)
		qsort(t->ids, t->nids, sizeof(int64_t), by_number);
	for (size_t i = 0; i < t->nids; i++)
		if (kept == 0 || t->ids[kept - 1] != t->ids[i])
			t->ids[kept++] = t->ids[i];
	t->nids = kept;
}

static int by_id(const void *x, const void *y)
{
	int64_t a = ((const struct map_matters_of_row *)x)->id, b = ((const struct map_matters_of_row *)y)->id;

	return a < b ? -1 : a > b;
}

/* True: too many stand there now, so those that came before must be marked too. */
static bool place_point(struct change *c)
{
	bool crossed = false;

	if (c->is.flags & POINT_UNLOCATED)
		return false;
	if (c->had && c->was.at.x == c->is.at.x && c->was.at.y == c->is.at.y)
		c->is.flags |= defaults_has(feed.defaults, c->is.at) ? POINT_UNLOCATED : 0;
	else if (defaults_add(feed.defaults, c->is.at, &crossed))
		c->is.flags |= POINT_UNLOCATED;
	return crossed;
}

/* Nothing has changed but that somebody was told of its deadline: when thousands pass at once, kept tiles stay good. */
static bool only_told(const struct change *c)
{
	struct point was = c->was;

	_Static_assert(sizeof(was) == 48, "no gaps, whose bytes would be compared too");
	was.tags = (was.tags & ~(1u << TAG_ESCALATED)) | (c->is.tags & 1u << TAG_ESCALATED);
	return c->had && c->has && memcmp(&was, &c->is, sizeof(was)) == 0;
}

static void touch(const struct change *c)
{
	if (only_told(c)) {
		stamps_told();
		return;
	}
	if (c->had && !(c->was.flags & POINT_UNLOCATED))
		stamps_touch(c->was.at);
	if (c->has && !(c->is.flags & POINT_UNLOCATED))
		stamps_touch(c->is.at);
}

static enum err follow_matters(struct arena *a, const int64_t *ids, size_t n, int64_t seq)
{
	struct db_conn *c = db_read_begin(feed.db);
	struct change *changes = arena_array(a, struct change, n + 1);
	struct point *rows = arena_array(a, struct point, n + 1);
	int64_t *gone = arena_array(a, int64_t, n + 1);
	struct map_matters_of_rows got;
	struct mercator *crossed = arena_array(a, struct mercator, n + 1);
	size_t nrows = 0, ngone = 0, ncrossed = 0, at = 0;
	enum err e = q_map_matters_of(c, a, ids, n, &got);

	db_read_end(c);
	if (e != OK)
		return e;
	if (got.n)
		qsort(got.v, got.n, sizeof(*got.v), by_id);
	for (size_t i = 0; i < n; i++) {
		struct change *ch = &changes[i];

		ch->had = points_get(feed.points, ids[i], &ch->was);
		while (at < got.n && got.v[at].id < ids[i])
			at++;
		ch->has = at < got.n && got.v[at].id == ids[i];
		if (!ch->has) {
			gone[ngone++] = ids[i];
			continue;
		}
		make_point(&got.v[at], &ch->is);
		if (place_point(ch))
			crossed[ncrossed++] = ch->is.at;
		rows[nrows++] = ch->is;
	}
	e = points_apply(feed.points, rows, nrows, gone, ngone, seq);
	for (size_t i = 0; e == OK && i < ncrossed; i++)
		e = mark_default(a, crossed[i]);
	for (size_t i = 0; e == OK && i < n; i++)
		touch(&changes[i]);
	if (e == OK)
		live_changed(feed.tree, changes, n, seq);
	return e;
}

static enum err follow_sets(const struct todo *t, int64_t seq)
{
	enum err e = OK;

	if (t->all_layers || t->places)
		e = sets_reload(feed.db, STR_NULL);
	for (size_t i = 0; e == OK && !t->all_layers && !t->places && i < t->nlayers; i++)
		e = sets_reload(feed.db, t->layers[i]);
	if (e == OK && (t->all_layers || t->places || t->nlayers))
		live_refresh(t->places ? "places" : "layers", seq);
	return e;
}

static enum err follow_once(const struct journal_entry *v, size_t n)
{
	struct arena a;
	struct todo t = {0};
	int64_t seq = v[n - 1].seq;
	enum err e = OK;

	arena_init(&a, 0);
	sort_out(&t, &a, v, n);
	if (t.places)
		e = change_tree(&a);
	/* only with the last part are they true up to there */
	for (size_t at = 0; e == OK && at < t.nids; at += BATCH)
		e = follow_matters(&a, t.ids + at, t.nids - at < BATCH ? t.nids - at : BATCH,
				   t.nids - at <= BATCH ? seq : atomic_load(&feed.seq));
	if (e == OK)
		e = follow_sets(&t, seq);
	arena_release(&a);
	return e;
}

/* A batch is done when it is done: nothing behind it may be looked at before. */
static void follow(void *arg, const struct journal_entry *v, size_t n)
{
	enum err e;

	(void)arg;
	while ((e = follow_once(v, n)) != OK) {
		log_warn("map: changes up to seq=%lld could not be taken over: %s; trying again", (long long)v[n - 1].seq, err_name(e));
		if (rest(RETRY_MS))
			return;
	}
	atomic_store(&feed.seq, v[n - 1].seq);
	atomic_store(&feed.confirmed, clock_now());
}

/* ---- the thread ---- */

static void confirm(void)
{
	struct db_conn *c = db_read_begin(feed.db);
	int64_t last, at = clock_now();
	enum err e = journal_last(c, &last);

	db_read_end(c);
	if (e == OK && last <= atomic_load(&feed.seq))
		atomic_store(&feed.confirmed, at);
}

/* Every quarter of an hour, and at the end (INT64_MAX), when something has changed. */
static void keep_snapshot(int64_t mono)
{
	struct points_stats st;
	struct set *tree;

	points_stats(feed.points, &st);
	if (feed.var == NULL || st.rows < SNAPSHOT_ROWS || mono < feed.saved_at + SNAPSHOT_MS || st.version == feed.saved_version)
		return;
	pthread_mutex_lock(&feed.lock);
	tree = set_ref(feed.tree);
	pthread_mutex_unlock(&feed.lock);
	feed.saved_at = clock_mono();
	if (snapshot_save(feed.db, feed.points, feed.defaults, tree, feed.var))
		feed.saved_version = st.version;
	pthread_mutex_lock(&feed.lock);
	if (tree != feed.tree) /* renumbered while it was written */
		snapshot_drop(feed.var);
	pthread_mutex_unlock(&feed.lock);
	set_unref(tree);
}

/*
 * What the first boundary tiles after a start would wait for (simplifying every border once), done beforehand: a level at a time, between two rounds of
 * telling what changes, when the map answers already. A level that fails is made by the first tile, which then says why.
 */
static void warm_boundaries(void)
{
	enum place_level level = feed.warm;
	int64_t begun = clock_mono();
	struct db_conn *c;
	enum err e;

	if (level > PLACE_GRID)
		return;
	feed.warm = (enum place_level)(level + 1);
	c = db_read_begin(feed.db);
	e = place_tile_warm(c, level);
	db_read_end(c);
	if (e != OK)
		log_warn("map: boundaries of level %s were not made ready: %s", level_word((int)level), err_name(e));
	feed.warm_ms += clock_mono() - begun;
	if (level == PLACE_GRID)
		log_info("map: boundaries ready ms=%lld", (long long)feed.warm_ms);
}

#define COLOURS_MINUTES 60    /* so long before a segment's day of colours is over the next one is made */

/* Of what was merged since, and of everything once a day: nobody's tile waits for it. */
static void keep_colours(void)
{
	struct points_view *v = points_view(feed.points);

	points_colours_ready(v, (uint32_t)(clock_now() / MS_MINUTE), COLOURS_MINUTES);
	points_view_end(v);
}

static void *run(void *arg)
{
	int64_t checked = 0;
	enum err e;

	(void)arg;
	pthread_setname_np(pthread_self(), "map");
	while ((e = load()) != OK) {
		log_error("map: the matters could not be loaded: %s; trying again", err_name(e));
		if (rest(1000))
			return NULL;
	}
	atomic_store(&feed.confirmed, clock_now());
	if (journal_watch(feed.db, feed.seq, follow, NULL, &feed.tail) != OK)
		BUG("map: the journal cannot be followed");
	journal_tail_drain(feed.tail);
	keep_colours();
	atomic_store(&feed.ready, true);
	log_info("map: loaded ms=%lld snapshot=%d seq=%lld", (long long)feed.load_ms, feed.from_snapshot, (long long)feed.seq);
	while (!rest(TICK_MS)) {
		int64_t mono = clock_mono();

		live_tick(feed.app, mono);
		warm_boundaries();
		if (mono - checked < CHECK_MS)
			continue;
		checked = mono;
		confirm();
		keep_colours();
		keep_snapshot(mono);
	}
	return NULL;
}

enum err feed_start(struct app *app, struct db *db, const char *var)
{
	feed.app = app;
	feed.db = db;
	feed.var = var;
	feed.stop = false;
	feed.warm = PLACE_PROVINCE;
	feed.warm_ms = 0;
	feed.points = points_new(NULL);
	feed.defaults = defaults_new();
	feed.running = pthread_create(&feed.thread, NULL, run, NULL) == 0;
	return feed.running ? OK : ERR_IO;
}

void feed_stop(void)
{
	pthread_mutex_lock(&feed.lock);
	feed.stop = true;
	pthread_cond_broadcast(&feed.wake);
	pthread_mutex_unlock(&feed.lock);
	if (!feed.running)
		return;
	pthread_join(feed.thread, NULL);
	if (feed.tail)
		journal_tail_stop(feed.tail);
	if (atomic_load(&feed.ready))
		keep_snapshot(INT64_MAX);
	atomic_store(&feed.ready, false);
	live_forget();
	points_free(feed.points);
	defaults_free(feed.defaults);
	set_unref(feed.tree);
	set_unref(feed.tree_was);
	free(feed.strays);
	feed.strays = NULL;
	feed.nstrays = feed.strays_cap = 0;
	feed.tree = feed.tree_was = NULL;
	feed.points = NULL;
	feed.tail = NULL;
	feed.running = false;
	sets_free();
	codes_forget();
}

void feed_settle(void)
{
	while (!atomic_load(&feed.ready))
		rest(5);
	journal_tail_drain(feed.tail);
}

/* ---- looking ---- */

enum err look_begin(struct arena *a, int64_t now, struct look *out)
{
	struct set *tree;
	int64_t behind;

	*out = (struct look){.at = now, .now = (uint32_t)(now / MS_MINUTE)};
	if (!atomic_load(&feed.ready))
		return ERR_BUSY;
	pthread_mutex_lock(&feed.lock);
	out->view = points_view(feed.points);
	tree = feed.tree_was && points_view_version(out->view) <= feed.split ? feed.tree_was : feed.tree;
	out->tree = set_ref(tree);
	pthread_mutex_unlock(&feed.lock);
	arena_on_reset(a, set_unref, tree);
	out->seq = points_view_seq(out->view);
	behind = clock_now() - atomic_load(&feed.confirmed);
	out->behind = behind > 2 * CHECK_MS ? behind : 0;
	return OK;
}

int64_t feed_seq(void)
{
	return atomic_load(&feed.seq);
}

bool feed_get(int64_t id, struct point *out)
{
	return atomic_load(&feed.ready) && points_get(feed.points, id, out);
}

void look_end(struct look *l)
{
	if (l->view)
		points_view_end(l->view);
	l->view = NULL;
}

void feed_stats(struct feed_stats *out)
{
	*out = (struct feed_stats){.ready = atomic_load(&feed.ready)};
	if (!out->ready)
		return;
	out->load_ms = feed.load_ms;
	out->from_snapshot = feed.from_snapshot;
	defaults_all(feed.defaults, &out->defaults);
	points_stats(feed.points, &out->points);
}
