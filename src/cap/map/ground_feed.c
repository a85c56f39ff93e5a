/*
 * The ground in force, in memory. A thread of its own reads it, at start and when an import has put another one in force, so that neither matters nor requests
 * wait for it; whoever draws the old one keeps it until the end of his request.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "cap/map/follow.h"
#include "cap/map/ground.h"
#include "cap/map/map.sql.h"

#define PAGE 16                  /* parts: two megabytes */
#define RETRY_S 1

struct kept {
	struct ground_held held;
	atomic_int refs;
	struct arena a;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake, settled;
	pthread_t thread;
	struct db *db;
	struct kept *now;
	bool running, stop, asked, busy, loaded;
} ground = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .settled = PTHREAD_COND_INITIALIZER};

/* ---- keeping ---- */

static void unref(void *arg)
{
	struct kept *k = arg;

	if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	ground_map_free(k->held.map);
	arena_release(&k->a);
	free(k);
}

const struct ground_held *ground_ref(struct arena *a, bool *loading)
{
	struct kept *k;

	pthread_mutex_lock(&ground.lock);
	k = ground.now;
	if (k)
		atomic_fetch_add(&k->refs, 1);
	if (loading)
		*loading = ground.running && !ground.loaded;
	pthread_mutex_unlock(&ground.lock);
	if (k == NULL)
		return NULL;
	arena_on_reset(a, unref, k);
	return &k->held;
}

/* ---- reading ---- */

static enum err read_parts(struct db_conn *c, struct ground_map *m, const struct map_grounds_row *row)
{
	struct map_ground_parts_page_rows rows;
	struct arena page;
	int64_t after = -1, seen = 0;
	enum err e;

	arena_init(&page, 0);
	do {
		arena_reset(&page);
		e = q_map_ground_parts_page(c, &page, row->id, after, PAGE, &rows);
		for (size_t i = 0; e == OK && i < rows.n; i++, seen++) {
			after = rows.v[i].number;
			if (!ground_map_add(m, rows.v[i].body)) {
				log_error("map: part %lld of the ground is damaged; import the extract again", (long long)after);
				e = ERR_INPUT;
			}
		}
	} while (e == OK && rows.n == PAGE);
	arena_release(&page);
	/* another import has put its own in force and clears this one away: look again */
	return e == OK && seen != row->parts ? ERR_BUSY : e;
}

static enum err read_edition(struct db_conn *c, const struct map_grounds_row *row, struct kept **out)
{
	struct kept *k = calloc(1, sizeof(*k));
	enum err e;

	if (k == NULL)
		BUG("out of memory");
	atomic_init(&k->refs, 1);
	arena_init(&k->a, 0);
	k->held = (struct ground_held){ground_map_new(), row->id, row->updated, arena_str(&k->a, row->source)};
	e = read_parts(c, k->held.map, row);
	ground_map_done(k->held.map);
	if (e == OK)
		*out = k;
	else
		unref(k);
	return e;
}

/* *out NULL: there is none; *same: what is kept already. */
static enum err read_now(struct kept **out, bool *same)
{
	struct db_conn *c = db_read_begin(ground.db);
	struct map_grounds_rows rows;
	struct arena a;
	enum err e;

	*out = NULL;
	*same = false;
	arena_init(&a, 0);
	e = q_map_grounds(c, &a, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++) {
		if (!rows.v[i].in_force)
			continue;
		*same = ground.now && ground.now->held.edition == rows.v[i].id && ground.now->held.updated == rows.v[i].updated;
		if (!*same)
			e = read_edition(c, &rows.v[i], out);
		break;
	}
	db_read_end(c);
	arena_release(&a);
	return e;
}

/* ---- the thread ---- */

static void take_over(struct kept *k)
{
	struct kept *old;

	pthread_mutex_lock(&ground.lock);
	old = ground.now;
	ground.now = k;
	pthread_mutex_unlock(&ground.lock);
	unref(old);
}

static bool load(bool first)
{
	int64_t began = clock_mono();
	struct kept *k;
	bool same;
	enum err e = read_now(&k, &same);

	if (e != OK) {
		log_warn("map: the ground could not be loaded: %s", err_name(e));
		return e == ERR_INPUT;   /* damaged: trying again does not help */
	}
	if (same)
		return true;
	take_over(k);
	if (k)
		log_info("map: ground loaded features=%zu bytes=%zu ms=%lld", ground_map_count(k->held.map), ground_map_bytes(k->held.map),
			 (long long)(clock_mono() - began));
	if (!first)
		live_again("ground");
	return true;
}

/* With the lock held. */
static void rest_seconds(int s)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += s;
	(void)pthread_cond_timedwait(&ground.wake, &ground.lock, &until);
}

static void *run(void *arg)
{
	bool first = true;

	(void)arg;
	pthread_setname_np(pthread_self(), "ground");
	pthread_mutex_lock(&ground.lock);
	while (!ground.stop) {
		bool ok;

		if (!ground.asked) {
			ground.busy = false;
			ground.loaded = true;
			pthread_cond_broadcast(&ground.settled);
			pthread_cond_wait(&ground.wake, &ground.lock);
			continue;
		}
		ground.asked = false;
		ground.busy = true;
		pthread_mutex_unlock(&ground.lock);
		ok = load(first);
		pthread_mutex_lock(&ground.lock);
		first = first && !ok;
		if (!ok && !ground.stop) {
			ground.asked = true;
			rest_seconds(RETRY_S);
		}
	}
	pthread_mutex_unlock(&ground.lock);
	return NULL;
}

enum err ground_start(struct db *db)
{
	ground.db = db;
	ground.stop = ground.busy = ground.loaded = false;
	ground.asked = true;
	ground.running = pthread_create(&ground.thread, NULL, run, NULL) == 0;
	return ground.running ? OK : ERR_IO;
}

void ground_wake(void)
{
	pthread_mutex_lock(&ground.lock);
	ground.asked = true;
	pthread_cond_signal(&ground.wake);
	pthread_mutex_unlock(&ground.lock);
}

void ground_stop(void)
{
	if (!ground.running)
		return;
	pthread_mutex_lock(&ground.lock);
	ground.stop = true;
	pthread_cond_signal(&ground.wake);
	pthread_mutex_unlock(&ground.lock);
	pthread_join(ground.thread, NULL);
	unref(ground.now);
	ground.now = NULL;
	ground.running = false;
}

void ground_settle(void)
{
	pthread_mutex_lock(&ground.lock);
	while (ground.running && (ground.asked || ground.busy || !ground.loaded))
		pthread_cond_wait(&ground.settled, &ground.lock);
	pthread_mutex_unlock(&ground.lock);
}
