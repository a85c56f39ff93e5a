#include "cap/map/cache.h"

#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"

#define GZIP_FROM 2048     /* below, a packet is a packet */
#define GZIP_LEVEL 1
#define SHARDS 16

struct entry {
	atomic_int refs;
	struct cache_stamp stamp;
	struct str key;
	struct http_static plain, packed;
	_Atomic(struct http_static *) best;   /* packed once there is one */
	atomic_int asked;
	size_t bytes;
	uint64_t used;                        /* under the shard's lock: when it was last sent */
	char etag[40];
	char text[];                          /* key, body */
};

static struct shard {
	pthread_mutex_t lock;
	struct map entries;
	size_t bytes;
	uint64_t clock;
	bool ready;
} shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};

static atomic_long hits, misses, serial;
static int64_t began;   /* of this process: an old one's tags mean nothing */

static struct shard *shard_of(struct str key)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 16777619u;
	return &shards[h % SHARDS];
}

static void unref(void *arg)
{
	struct entry *e = arg;

	if (atomic_fetch_sub(&e->refs, 1) != 1)
		return;
	free((void *)(uintptr_t)e->packed.gz.p);
	free(e);
}

/* ---- compressing ---- */

static void pack(struct entry *e)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(GZIP_LEVEL);
	size_t bound = c ? libdeflate_gzip_compress_bound(c, e->plain.body.n) : 0, n = 0;
	char *to = bound ? malloc(bound) : NULL;

	if (to)
		n = libdeflate_gzip_compress(c, e->plain.body.p, e->plain.body.n, to, bound);
	if (c)
		libdeflate_free_compressor(c);
	if (n == 0 || n + n / 8 >= e->plain.body.n) {
		free(to);
		return;
	}
	e->packed = e->plain;
	e->packed.gz = (struct str){to, n};
	atomic_store_explicit(&e->best, &e->packed, memory_order_release);
}

static bool takes_gzip(const struct http_req *r)
{
	return str_find(http_pair_get(&r->headers, "Accept-Encoding"), STR("gzip")) >= 0;
}

static void send(struct http_req *r, struct entry *e)
{
	/* the second time, and only once: whoever comes meanwhile gets it plain */
	if (e->plain.body.n >= GZIP_FROM && takes_gzip(r) && atomic_fetch_add(&e->asked, 1) == 1)
		pack(e);
	http_send_static(r, atomic_load_explicit(&e->best, memory_order_acquire));
	http_header_set(r, "Vary", STR("Accept-Encoding, Cookie, Authorization"));
	arena_on_reset(r->arena, unref, e);
}

/* ---- keeping ---- */

static void drop_locked(struct shard *s, struct entry *e)
{
	map_remove(&s->entries, e->key);
	s->bytes -= e->bytes;
	unref(e);
}

/* The half that was not used for longest goes, when there is too much. */
static void make_room(struct shard *s)
{
	size_t at = 0;
	struct str key;
	void *v;
	uint64_t old = s->clock - s->entries.count / 2;

	if (s->bytes <= CACHE_BYTES / SHARDS)
		return;
	while (map_each(&s->entries, &at, &key, &v))
		if (((struct entry *)v)->used < old)
			drop_locked(s, v);
	at = 0;
	while (s->bytes > CACHE_BYTES / SHARDS && map_each(&s->entries, &at, &key, &v))
		drop_locked(s, v);
}

bool cache_send(struct http_req *r, struct str key, struct cache_stamp now)
{
	struct shard *s = shard_of(key);
	struct entry *e = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->ready)
		e = map_get(&s->entries, key);
	if (e && (e->stamp.version != now.version || e->stamp.told != now.told || (e->stamp.minute && e->stamp.minute != now.minute)))
		e = NULL;
	if (e) {
		atomic_fetch_add(&e->refs, 1);
		e->used = ++s->clock;
	}
	pthread_mutex_unlock(&s->lock);
	atomic_fetch_add_explicit(e ? &hits : &misses, 1, memory_order_relaxed);
	if (e)
		send(r, e);
	return e != NULL;
}

static struct entry *make(struct str key, struct cache_stamp stamp, struct str body, const char *type)
{
	struct entry *e = calloc(1, sizeof(*e) + key.n + body.n);

	if (e == NULL)
		BUG("out of memory");
	if (began == 0)
		began = clock_now();
	memcpy(e->text, key.p, key.n);
	if (body.n)
		memcpy(e->text + key.n, body.p, body.n);
	atomic_init(&e->refs, 2);
	e->stamp = stamp;
	e->key = (struct str){e->text, key.n};
	snprintf(e->etag, sizeof(e->etag), "\"%llx-%lx\"", (unsigned long long)began, atomic_fetch_add(&serial, 1));
	e->plain = (struct http_static){.body = {e->text + key.n, body.n}, .type = str_from(type), .etag = str_from(e->etag)};
	atomic_init(&e->best, &e->plain);
	atomic_init(&e->asked, 0);
	e->bytes = sizeof(*e) + key.n + 2 * body.n;
	return e;
}

void cache_put_send(struct http_req *r, struct str key, struct cache_stamp stamp, struct str body, const char *type)
{
	struct shard *s = shard_of(key);
	struct entry *e = make(key, stamp, body, type), *old;

	pthread_mutex_lock(&s->lock);
	if (!s->ready)
		map_init(&s->entries, NULL);
	s->ready = true;
	old = map_get(&s->entries, key);
	if (old)
		drop_locked(s, old);
	map_put(&s->entries, key, e);
	s->bytes += e->bytes;
	e->used = ++s->clock;
	make_room(s);
	pthread_mutex_unlock(&s->lock);
	send(r, e);
}

void cache_forget(void)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &shards[i];
		size_t at = 0;
		struct str key;
		void *v;

		pthread_mutex_lock(&s->lock);
		while (s->ready && map_each(&s->entries, &at, &key, &v))
			unref(v);
		if (s->ready)
			map_release(&s->entries);
		s->ready = false;
		s->bytes = 0;
		pthread_mutex_unlock(&s->lock);
	}
}

void cache_stats(struct cache_stats *out)
{
	*out = (struct cache_stats){.hits = atomic_load(&hits), .misses = atomic_load(&misses)};
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&shards[i].lock);
		out->bytes += shards[i].bytes;
		out->entries += shards[i].ready ? shards[i].entries.count : 0;
		pthread_mutex_unlock(&shards[i].lock);
	}
}
