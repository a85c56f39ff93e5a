#include "geo/points_kernel.h"

#include <endian.h>
#include <stdatomic.h>

#include "geo/points_seg.h"

/* ---- plain C ---- */

/* Bytes of 0 and 1 as bits: the multiplication brings byte i of eight to bit 56 + i, and nothing else there. */
static inline uint64_t bits_of(const uint8_t t[64])
{
	uint64_t bits = 0, eight;

	for (unsigned k = 0; k < 8; k++) {
		memcpy(&eight, t + k * 8, 8);
		bits |= (htole64(eight) * 0x0102040810204080u >> 56) << k * 8;
	}
	return bits;
}

/* Answers are collected as bytes first: such a loop the compiler turns into one over whatever wide registers there are. */
#define EACH_BLOCK(m, blocks, condition) \
	for (size_t b = 0; b < (blocks); b++) { \
		uint8_t answers[64]; \
		if ((m)[b] == 0) \
			continue; \
		for (unsigned k = 0; k < 64; k++) { \
			size_t i = b * 64 + k; \
			answers[k] = (condition); \
		} \
		(m)[b] &= bits_of(answers); \
	}

static void eq8(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v)
{
	EACH_BLOCK(m, blocks, c[i] == v)
}

static void set8(uint64_t *m, const uint8_t *c, size_t blocks, const struct byte_set *set)
{
	EACH_BLOCK(m, blocks, set->bits[c[i] >> 6] >> (c[i] & 63) & 1)
}

static void bits8(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t mask, uint8_t want)
{
	EACH_BLOCK(m, blocks, (c[i] & mask) == want)
}

static void range8(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t low, uint8_t high)
{
	EACH_BLOCK(m, blocks, c[i] >= low && c[i] <= high)
	for (size_t b = 0; b < blocks; b++)
		edge[b] = m[b];
	EACH_BLOCK(edge, blocks, c[i] == low || c[i] == high)
}

static void range16(uint64_t *to, const uint64_t *m, const uint16_t *c, size_t blocks, uint16_t low, uint16_t high)
{
	for (size_t b = 0; b < blocks; b++) {
		uint8_t answers[64];

		if (m[b] == 0)
			continue;
		for (unsigned k = 0; k < 64; k++)
			answers[k] = c[b * 64 + k] >= low && c[b * 64 + k] <= high;
		to[b] |= bits_of(answers) & m[b];
	}
}

static void range32(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t low, uint32_t high)
{
	EACH_BLOCK(m, blocks, c[i] >= low && c[i] <= high)
}

static void any32(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t bits)
{
	EACH_BLOCK(m, blocks, (c[i] & bits) != 0)
}

static inline unsigned colour_of(uint32_t when, uint16_t lead, uint8_t flags, uint32_t now)
{
	if (when == 0 || (flags & POINT_CLOSED))
		return POINT_NO_CLOCK;
	return now >= when ? POINT_OVERDUE : when - now <= lead ? POINT_SOON : POINT_IN_TIME;
}

static void colour(uint64_t *m, const uint32_t *when, const uint16_t *lead, const uint8_t *flags, size_t blocks, unsigned colours, uint32_t now)
{
	EACH_BLOCK(m, blocks, colours >> colour_of(when[i], lead[i], flags[i], now) & 1)
}

static void clock8(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t now, uint8_t soon, unsigned colours)
{
	uint8_t none = colours >> POINT_NO_CLOCK & 1, late = colours >> POINT_OVERDUE & 1, in_time = colours >> POINT_IN_TIME & 1;

	memcpy(edge, m, blocks * sizeof(*m));
	EACH_BLOCK(edge, blocks, c[i] >= now && c[i] <= soon)
	EACH_BLOCK(m, blocks, c[i] == 0 ? none : c[i] < now ? late : c[i] > soon ? in_time : 1)
}

static uint64_t count(const uint64_t *m, size_t blocks)
{
	uint64_t n = 0;

	for (size_t b = 0; b < blocks; b++)
		n += m[b] == UINT64_MAX ? 64 : m[b] ? (uint64_t)__builtin_popcountll(m[b]) : 0;
	return n;
}

static uint64_t count_eq8(const uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v)
{
	uint64_t n = 0;

	for (size_t b = 0; b < blocks; b++) {
		uint64_t one = m[b];

		eq8(&one, c + b * 64, 1, v);
		n += one ? (uint64_t)__builtin_popcountll(one) : 0;
	}
	return n;
}

static void colours(const uint64_t *m, const struct colour_block *v, size_t blocks, uint32_t n[4])
{
	for (size_t b = 0; b < blocks; b++) {
		uint64_t none = m[b] & v[b].none, soon = m[b] & v[b].soon, late = m[b] & v[b].late;

		n[POINT_NO_CLOCK] += (uint32_t)__builtin_popcountll(none);
		n[POINT_SOON] += (uint32_t)__builtin_popcountll(soon);
		n[POINT_OVERDUE] += (uint32_t)__builtin_popcountll(late);
		n[POINT_IN_TIME] += (uint32_t)__builtin_popcountll(m[b] & ~(none | soon | late));
	}
}

static uint64_t sum(const uint64_t *m, const uint64_t *key, const uint8_t *spread, const struct mean *mean, size_t blocks, int near, uint64_t *x, uint64_t *y)
{
	for (size_t b = 0; b < blocks; b++) {
		if (m[b] && spread[b] <= near) {
			uint64_t n = (uint64_t)__builtin_popcountll(m[b]);

			*x += n * mean[b].x;
			*y += n * mean[b].y;
			continue;
		}
		for (uint64_t w = m[b]; w; w &= w - 1) {
			uint64_t k = key[b * 64 + (size_t)__builtin_ctzll(w)];

			*x += morton_pack(k);
			*y += morton_pack(k >> 1);
		}
	}
	return count(m, blocks);
}

static uint32_t below(const uint64_t *key, uint32_t n, uint64_t end)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n; i++)
		count += key[i] < end;
	return count;
}

static void sum_rows(const uint64_t *key, uint32_t from, uint32_t to, uint64_t *x, uint64_t *y)
{
	for (uint32_t i = from; i < to; i++) {
		*x += morton_pack(key[i]);
		*y += morton_pack(key[i] >> 1);
	}
}

static void place_list(const uint64_t *key, const uint8_t *spread, const struct mean *mean, const uint16_t *rows, uint32_t n, uint64_t first, int shift, int near,
		       struct placed *out)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = rows[i];
		struct mercator at;
		uint64_t k;

		if (spread[row / 64] <= near) {
			at = (struct mercator){mean[row / 64].x, mean[row / 64].y};
			k = morton_key(at);
		} else {
			k = key[row];
			at = morton_at(k);
		}
		out->row[i] = row;
		out->cell[i] = (uint32_t)((k - first) >> shift);
		out->x[i] = at.x;
		out->y[i] = at.y;
	}
}

/* Without a jump that depends on the answer: the processor cannot guess it. */
static uint32_t list32(const uint32_t *column, const uint16_t *rows, uint32_t n, uint32_t low, uint32_t high, uint16_t *out)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t v = column[rows[i]];

		out[kept] = rows[i];
		kept += v >= low && v <= high;
	}
	return kept;
}

static void tally16(const uint64_t *m, const uint16_t *c, size_t blocks, uint32_t *counts)
{
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t w = m[b]; w; w &= w - 1)
			counts[c[b * 64 + (size_t)__builtin_ctzll(w)]]++;
}

const struct kernels kernels_scalar = {"scalar", eq8, set8, bits8, range8, range16, range32, any32, colour, clock8, count, count_eq8, sum, colours, below, sum_rows,
				       place_list, list32, tally16};

/* ---- choice ---- */

static _Atomic(const struct kernels *) chosen;

const struct kernels *kernels(void)
{
	const struct kernels *k = atomic_load_explicit(&chosen, memory_order_relaxed);

	if (k)
		return k;
	k = kernels_avx512();
	if (k == NULL)
		k = kernels_avx2();
	if (k == NULL)
		k = &kernels_scalar;
	atomic_store_explicit(&chosen, k, memory_order_relaxed);
	return k;
}

const char *points_kernels(void)
{
	return kernels()->name;
}

bool points_kernels_use(const char *name)
{
	const struct kernels *all[] = {kernels_avx512(), kernels_avx2(), &kernels_scalar};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i] && strcmp(all[i]->name, name) == 0) {
			atomic_store_explicit(&chosen, all[i], memory_order_relaxed);
			return true;
		}
	return false;
}
