#include "base/id.h"

#include <stdatomic.h>

#define EPOCH 1577836800000 /* 2020-01-01T00:00:00Z */

static unsigned node_number;
static _Atomic uint64_t last; /* milliseconds << 13 | counter */

void id_set_node(unsigned node)
{
	node_number = node & 0xff;
}

int64_t id_new(int64_t now)
{
	uint64_t want = (uint64_t)(now > EPOCH ? now - EPOCH : 0) << 13;
	uint64_t old = atomic_load(&last);
	uint64_t next;

	do {
		next = want > old ? want : old + 1;
	} while (!atomic_compare_exchange_weak(&last, &old, next));
	return (int64_t)((next >> 13) << 21 | (uint64_t)node_number << 13 | (next & 0x1fff));
}
