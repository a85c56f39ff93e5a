/*
 * Which coordinates are nobody's: an office that has no position gives every matter the same one. How many stand on a coordinate is counted in a sketch
 * (count-min: two rows of counters, never too few), so that eight million need no more than some megabytes; a crowd of a thousand on one and the same
 * centimetre stands out of what else falls into a counter.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cap/map/follow.h"

#define COUNTERS (1u << 20)
#define DEFAULTS_MAX 4096

struct defaults {
	uint16_t rows[2][COUNTERS];
	struct mercator v[DEFAULTS_MAX];
	size_t n;
};

struct defaults *defaults_new(void)
{
	struct defaults *d = calloc(1, sizeof(*d));

	if (d == NULL)
		BUG("out of memory");
	return d;
}

void defaults_free(struct defaults *d)
{
	free(d);
}

static uint32_t counter(struct mercator at, uint64_t seed)
{
	uint64_t h = ((uint64_t)at.x << 32 | at.y) * seed;

	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 44);
}

bool defaults_has(const struct defaults *d, struct mercator at)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].x == at.x && d->v[i].y == at.y)
			return true;
	return false;
}

bool defaults_add(struct defaults *d, struct mercator at, bool *crossed)
{
	uint16_t *a = &d->rows[0][counter(at, 0xff51afd7ed558ccdu)], *b = &d->rows[1][counter(at, 0xc4ceb9fe1a85ec53u)];

	*crossed = false;
	if (defaults_has(d, at))
		return true;
	if (*a < UINT16_MAX)
		++*a;
	if (*b < UINT16_MAX)
		++*b;
	if (*a < FEED_DEFAULT_AT || *b < FEED_DEFAULT_AT)
		return false;
	if (d->n == DEFAULTS_MAX)
		return false;
	d->v[d->n++] = at;
	*crossed = true;
	return true;
}

const struct mercator *defaults_all(const struct defaults *d, size_t *n)
{
	*n = d->n;
	return d->v;
}

void defaults_put(struct defaults *d, struct mercator at)
{
	if (d->n < DEFAULTS_MAX && !defaults_has(d, at))
		d->v[d->n++] = at;
}

void defaults_clear(struct defaults *d)
{
	memset(d, 0, sizeof(*d));
}
