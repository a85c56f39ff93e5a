/*
 * How often an address may ask for a code that does not exist. Only failures count, so a counter that looks up a
 * hundred good codes a day is never stopped. A fixed table: an attacker with many addresses pushes out old entries, he never
 * grows the process.
 */
#include <pthread.h>

#include "base/clock.h"
#include "cap/portal/portal.h"
#include "crypto/crypto.h"

#define SLOTS 4096
#define FAILURES 20 /* 示例 */
#define WINDOW (10 * MS_MINUTE)

static struct slot {
	uint64_t peer; /* 0: free */
	int64_t since;
	int failures;
} slots[SLOTS];
static unsigned char seed[32]; /* nobody outside can choose addresses that share a slot */
static bool seeded;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t peer_hash(struct str peer)
{
	unsigned char out[32];
	uint64_t h;

	if (!seeded) {
		random_bytes(seed, sizeof(seed));
		seeded = true;
	}
	mac(seed, peer, out);
	memcpy(&h, out, sizeof(h));
	return h | 1;
}

static bool in_window(const struct slot *s, int64_t now)
{
	return now >= s->since && now - s->since < WINDOW;
}

bool portal_limited(struct str peer, int64_t now)
{
	bool limited;

	pthread_mutex_lock(&lock);
	uint64_t h = peer_hash(peer);
	const struct slot *s = &slots[h % SLOTS];

	limited = s->peer == h && in_window(s, now) && s->failures >= FAILURES;
	pthread_mutex_unlock(&lock);
	return limited;
}

void portal_limit_failed(struct str peer, int64_t now)
{
	pthread_mutex_lock(&lock);
	uint64_t h = peer_hash(peer);
	struct slot *s = &slots[h % SLOTS];

	if (s->peer != h || !in_window(s, now))
		*s = (struct slot){.peer = h, .since = now};
	s->failures++;
	pthread_mutex_unlock(&lock);
}

void portal_limit_reset(void)
{
	pthread_mutex_lock(&lock);
	memset(slots, 0, sizeof(slots));
	pthread_mutex_unlock(&lock);
}
