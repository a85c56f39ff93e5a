#include "web/rate.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/err.h"
#include "crypto/crypto.h"

#define SHARDS 16
#define SETS 1024
#define WAYS 4

/* GCRA: `full_at` is the moment at which the bucket would be full again if nothing more came. */
struct bucket {
	uint64_t key;
	int64_t full_at;
};

struct rate {
	uint64_t seed;
	struct shard {
		pthread_mutex_t lock;
		struct bucket v[SETS][WAYS];
	} shard[SHARDS];
};

struct rate *rate_new(void)
{
	struct rate *r = calloc(1, sizeof(*r));

	if (r == NULL)
		BUG("out of memory");
	random_bytes(&r->seed, sizeof(r->seed));
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&r->shard[i].lock, NULL);
	return r;
}

void rate_free(struct rate *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_destroy(&r->shard[i].lock);
	free(r);
}

static uint64_t mix(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	h ^= h >> 32;
	return h * 0x9e3779b97f4a7c15u;
}

/* The bucket of that key, or the one that is emptiest of its set, taken over. */
static struct bucket *find(struct bucket *set, uint64_t key)
{
	struct bucket *least = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_at < least->full_at)
			least = &set[i];
	}
	*least = (struct bucket){.key = key};
	return least;
}

bool rate_take(struct rate *r, const char *purpose, struct str who, int64_t per_minute, int64_t now, int64_t *wait_ms)
{
	uint64_t key;
	struct shard *s;
	struct bucket *b;
	int64_t step, at;
	bool ok;

	if (wait_ms)
		*wait_ms = 0;
	if (per_minute <= 0)
		return true;
	/* microseconds, so that many a minute can be counted too */
	step = 60000000 / per_minute;
	now *= 1000;
	key = mix(mix(r->seed, str_from(purpose)), who) | 1;
	s = &r->shard[key >> 60];
	pthread_mutex_lock(&s->lock);
	b = find(s->v[(key >> 40) % SETS], key);
	at = b->full_at > now ? b->full_at : now;
	ok = at - now <= step * (per_minute - 1);
	if (ok)
		b->full_at = at + step;
	else if (wait_ms)
		*wait_ms = (at - now - step * (per_minute - 1) + 999) / 1000;
	pthread_mutex_unlock(&s->lock);
	return ok;
}
