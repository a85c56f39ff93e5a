#include "base/id.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>

#define EPOCH 1577836800000 /* 2020-01-01T00:00:00Z */

static unsigned node_number;
static _Atomic uint64_t last; /* milliseconds << 13 | counter */
static uint64_t first;        /* counter with which a millisecond begins, of this process */
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static void choose_first(void)
{
	uint16_t r = 0;

	if (getrandom(&r, sizeof(r), 0) == sizeof(r))
		first = r & 0xfff; /* the other half of the counter is left for one millisecond's ids */
}

void id_set_node(unsigned node)
{
	node_number = node & 0xff;
}

int64_t id_new(int64_t now)
{
	uint64_t old = atomic_load(&last);
	uint64_t want, next;

	pthread_once(&chosen, choose_first);
	want = (uint64_t)(now > EPOCH ? now - EPOCH : 0) << 13 | first;
	do {
		next = want > old ? want : old + 1;
	} while (!atomic_compare_exchange_weak(&last, &old, next));
	return (int64_t)((next >> 13) << 21 | (uint64_t)node_number << 13 | (next & 0x1fff));
}

void id_not_before(int64_t at)
{
	uint64_t want = (uint64_t)(at > EPOCH ? at - EPOCH : 0) << 13;
	uint64_t old = atomic_load(&last);

	while (old < want && !atomic_compare_exchange_weak(&last, &old, want))
		;
}
