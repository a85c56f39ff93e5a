#include "core/matter/edges.h"

#include <pthread.h>

#include "base/clock.h"

#define SLOTS 2048u
#define KEPT_MS 5000

struct edge {
	uint64_t key;
	int64_t until, created, id;
	bool there;
};

static struct edge edges[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool edge_known(uint64_t key, bool *there, int64_t *created, int64_t *id)
{
	const struct edge *x = &edges[key % SLOTS];
	bool known;

	pthread_mutex_lock(&lock);
	known = x->key == key && x->until > clock_mono();
	if (known) {
		*there = x->there;
		*created = x->created;
		*id = x->id;
	}
	pthread_mutex_unlock(&lock);
	return known;
}

void edge_keep(uint64_t key, bool there, int64_t created, int64_t id)
{
	pthread_mutex_lock(&lock);
	edges[key % SLOTS] = (struct edge){key, clock_mono() + KEPT_MS, created, id, there};
	pthread_mutex_unlock(&lock);
}
