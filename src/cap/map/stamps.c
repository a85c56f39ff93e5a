/*
 * Which tiles a change touches: a number for each tile of each zoom (several share one, by a hash), which grows after a change inside it has become
 * visible. A cached tile is good as long as its number is the one read before it was made.
 */
#include <stdatomic.h>

#include "cap/map/follow.h"

#define ZOOMS 17
#define SLOTS (1u << 14)

static _Atomic uint32_t stamps[ZOOMS][SLOTS];
static _Atomic uint32_t epoch, told;

static uint32_t slot(uint32_t x, uint32_t y)
{
	uint64_t h = ((uint64_t)x << 32 | y) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(h >> 50);
}

void stamps_touch(struct mercator at)
{
	for (int z = 0; z < ZOOMS; z++) {
		uint32_t x = z ? at.x >> (32 - z) : 0, y = z ? at.y >> (32 - z) : 0;

		atomic_fetch_add_explicit(&stamps[z][slot(x, y)], 1, memory_order_release);
	}
}

void stamps_touch_all(void)
{
	atomic_fetch_add(&epoch, 1);
}

void stamps_told(void)
{
	atomic_fetch_add(&told, 1);
}

uint32_t feed_told(void)
{
	return atomic_load(&told);
}

uint64_t feed_stamp(int z, uint32_t x, uint32_t y)
{
	int up = z < ZOOMS ? 0 : z - (ZOOMS - 1);

	return (uint64_t)atomic_load(&epoch) << 32 |
	       atomic_load_explicit(&stamps[z - up][slot(x >> up, y >> up)], memory_order_acquire);
}
