/* The inner loops for processors with AVX2 and BMI2, and with AVX-512 BW. Elsewhere there are none, and plain C runs. */
#include "geo/points_kernel.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "geo/points_seg.h"

#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,bmi,bmi2,popcnt")))
#define EVEN 0x5555555555555555u

/* ---- AVX-512 ---- */

AVX512 static void eq8_512(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v)
{
	__m512i want = _mm512_set1_epi8((char)v);

	for (size_t b = 0; b < blocks; b++)
		if (m[b])
			m[b] = _mm512_mask_cmpeq_epi8_mask(m[b], _mm512_loadu_si512(c + b * 64), want);
}

AVX512 static void set8_512(uint64_t *m, const uint8_t *c, size_t blocks, const struct byte_set *set)
{
	static const uint8_t bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	__m512i low, high, bits, nibble = _mm512_set1_epi8(15);

	low = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)set->low8));
	high = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)set->high8));
	bits = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)bit));
	for (size_t b = 0; b < blocks; b++) {
		__m512i v, h, l, row;

		if (m[b] == 0)
			continue;
		v = _mm512_loadu_si512(c + b * 64);
		l = _mm512_and_si512(v, nibble);
		h = _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble);
		row = _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(low, l), _mm512_movepi8_mask(v), high, l);
		m[b] = _mm512_mask_test_epi8_mask(m[b], row, _mm512_shuffle_epi8(bits, h));
	}
}

AVX512 static void bits8_512(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t mask, uint8_t want)
{
	__m512i a = _mm512_set1_epi8((char)mask), w = _mm512_set1_epi8((char)want);

	for (size_t b = 0; b < blocks; b++)
		if (m[b])
			m[b] = _mm512_mask_cmpeq_epi8_mask(m[b], _mm512_and_si512(_mm512_loadu_si512(c + b * 64), a), w);
}

AVX512 static void range8_512(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t low, uint8_t high)
{
	__m512i l = _mm512_set1_epi8((char)low), h = _mm512_set1_epi8((char)high);

	for (size_t b = 0; b < blocks; b++) {
		__m512i v;

		edge[b] = 0;
		if (m[b] == 0)
			continue;
		v = _mm512_loadu_si512(c + b * 64);
		m[b] = _mm512_mask_cmple_epu8_mask(_mm512_mask_cmpge_epu8_mask(m[b], v, l), v, h);
		edge[b] = m[b] & (_mm512_cmpeq_epi8_mask(v, l) | _mm512_cmpeq_epi8_mask(v, h));
	}
}

AVX512 static void range16_512(uint64_t *to, const uint64_t *m, const uint16_t *c, size_t blocks, uint16_t low, uint16_t high)
{
	__m512i l = _mm512_set1_epi16((short)low), span = _mm512_set1_epi16((short)(high - low));

	for (size_t b = 0; b < blocks; b++) {
		uint64_t x, y;

		if (m[b] == 0)
			continue;
		x = _mm512_cmple_epu16_mask(_mm512_sub_epi16(_mm512_loadu_si512(c + b * 64), l), span);
		y = _mm512_cmple_epu16_mask(_mm512_sub_epi16(_mm512_loadu_si512(c + b * 64 + 32), l), span);
		to[b] |= (x | y << 32) & m[b];
	}
}

AVX512 static void range32_512(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t low, uint32_t high)
{
	__m512i l = _mm512_set1_epi32((int)low), span = _mm512_set1_epi32((int)(high - low));

	for (size_t b = 0; b < blocks; b++) {
		uint64_t keep = 0;

		if (m[b] == 0)
			continue;
		for (unsigned k = 0; k < 4; k++)
			keep |= (uint64_t)_mm512_cmple_epu32_mask(_mm512_sub_epi32(_mm512_loadu_si512(c + b * 64 + k * 16), l), span) << k * 16;
		m[b] &= keep;
	}
}

AVX512 static void any32_512(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t bits)
{
	__m512i w = _mm512_set1_epi32((int)bits);

	for (size_t b = 0; b < blocks; b++) {
		uint64_t keep = 0;

		if (m[b] == 0)
			continue;
		for (unsigned k = 0; k < 4; k++)
			keep |= (uint64_t)_mm512_test_epi32_mask(_mm512_loadu_si512(c + b * 64 + k * 16), w) << k * 16;
		m[b] &= keep;
	}
}

AVX512 static void colour_512(uint64_t *m, const uint32_t *when, const uint16_t *lead, const uint8_t *flags, size_t blocks, unsigned colours, uint32_t now)
{
	__m512i n = _mm512_set1_epi32((int)now), closed = _mm512_set1_epi8(POINT_CLOSED);

	for (size_t b = 0; b < blocks; b++) {
		uint64_t clock = 0, late = 0, soon = 0, keep = 0;

		if (m[b] == 0)
			continue;
		for (unsigned k = 0; k < 4; k++) {
			__m512i w = _mm512_loadu_si512(when + b * 64 + k * 16);
			__m512i d = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(lead + b * 64 + k * 16)));
			uint64_t passed = _mm512_cmple_epu32_mask(w, n);

			clock |= (uint64_t)_mm512_test_epi32_mask(w, w) << k * 16;
			late |= passed << k * 16;
			soon |= (~passed & _mm512_cmple_epu32_mask(_mm512_sub_epi32(w, n), d)) << k * 16;
		}
		clock &= ~_mm512_test_epi8_mask(_mm512_loadu_si512(flags + b * 64), closed);
		late &= clock;
		soon &= clock;
		keep |= colours >> POINT_NO_CLOCK & 1 ? ~clock : 0;
		keep |= colours >> POINT_IN_TIME & 1 ? clock & ~late & ~soon : 0;
		keep |= colours >> POINT_SOON & 1 ? soon : 0;
		keep |= colours >> POINT_OVERDUE & 1 ? late : 0;
		m[b] &= keep;
	}
}

/* All ones or all zeros. */
static inline uint64_t wanted(unsigned colours, enum point_colour c)
{
	return -(uint64_t)(colours >> c & 1);
}

AVX512 static void clock8_512(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t now, uint8_t soon, unsigned colours)
{
	const uint64_t none = wanted(colours, POINT_NO_CLOCK), late = wanted(colours, POINT_OVERDUE), in_time = wanted(colours, POINT_IN_TIME);
	__m512i n = _mm512_set1_epi8((char)now), s = _mm512_set1_epi8((char)soon);

	for (size_t b = 0; b < blocks; b++) {
		uint64_t clock, before, behind;
		__m512i v;

		edge[b] = 0;
		if (m[b] == 0)
			continue;
		v = _mm512_loadu_si512(c + b * 64);
		clock = _mm512_test_epi8_mask(v, v);
		before = _mm512_cmplt_epu8_mask(v, n) & clock;
		behind = _mm512_cmpgt_epu8_mask(v, s);
		edge[b] = m[b] & clock & ~before & ~behind;
		m[b] &= (~clock & none) | (before & late) | (behind & in_time) | edge[b];
	}
}

/* ---- AVX2 ---- */

AVX2 static inline uint64_t bytes(__m256i a, __m256i b)
{
	return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

AVX2 static inline uint64_t eq_block(const uint8_t *c, __m256i want)
{
	return bytes(_mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)c), want),
		     _mm256_cmpeq_epi8(_mm256_loadu_si256((const void *)(c + 32)), want));
}

AVX2 static void eq8_2(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v)
{
	__m256i want = _mm256_set1_epi8((char)v);

	for (size_t b = 0; b < blocks; b++)
		if (m[b])
			m[b] &= eq_block(c + b * 64, want);
}

AVX2 static void set8_2(uint64_t *m, const uint8_t *c, size_t blocks, const struct byte_set *set)
{
	static const uint8_t bit[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
	__m256i low, high, bits, nibble = _mm256_set1_epi8(15), half[2];

	low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)set->low8));
	high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)set->high8));
	bits = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)bit));
	for (size_t b = 0; b < blocks; b++) {
		if (m[b] == 0)
			continue;
		for (int k = 0; k < 2; k++) {
			__m256i v = _mm256_loadu_si256((const void *)(c + b * 64 + k * 32));
			__m256i l = _mm256_and_si256(v, nibble), h = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
			__m256i row = _mm256_blendv_epi8(_mm256_shuffle_epi8(low, l), _mm256_shuffle_epi8(high, l), v);
			__m256i one = _mm256_shuffle_epi8(bits, h);

			half[k] = _mm256_cmpeq_epi8(_mm256_and_si256(row, one), one);
		}
		m[b] &= bytes(half[0], half[1]);
	}
}

AVX2 static void bits8_2(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t mask, uint8_t want)
{
	__m256i a = _mm256_set1_epi8((char)mask), w = _mm256_set1_epi8((char)want), half[2];

	for (size_t b = 0; b < blocks; b++) {
		if (m[b] == 0)
			continue;
		for (int k = 0; k < 2; k++)
			half[k] = _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_loadu_si256((const void *)(c + b * 64 + k * 32)), a), w);
		m[b] &= bytes(half[0], half[1]);
	}
}

AVX2 static void range8_2(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t low, uint8_t high)
{
	__m256i l = _mm256_set1_epi8((char)low), h = _mm256_set1_epi8((char)high), in[2], at[2];

	for (size_t b = 0; b < blocks; b++) {
		edge[b] = 0;
		if (m[b] == 0)
			continue;
		for (int k = 0; k < 2; k++) {
			__m256i v = _mm256_loadu_si256((const void *)(c + b * 64 + k * 32));

			in[k] = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(v, l), v), _mm256_cmpeq_epi8(_mm256_min_epu8(v, h), v));
			at[k] = _mm256_or_si256(_mm256_cmpeq_epi8(v, l), _mm256_cmpeq_epi8(v, h));
		}
		m[b] &= bytes(in[0], in[1]);
		edge[b] = m[b] & bytes(at[0], at[1]);
	}
}

AVX2 static inline __m256i in16(const uint16_t *c, __m256i l, __m256i h)
{
	__m256i v = _mm256_loadu_si256((const void *)c);

	return _mm256_and_si256(_mm256_cmpeq_epi16(_mm256_max_epu16(v, l), v), _mm256_cmpeq_epi16(_mm256_min_epu16(v, h), v));
}

AVX2 static void range16_2(uint64_t *to, const uint64_t *m, const uint16_t *c, size_t blocks, uint16_t low, uint16_t high)
{
	__m256i l = _mm256_set1_epi16((short)low), h = _mm256_set1_epi16((short)high), half[2];

	for (size_t b = 0; b < blocks; b++) {
		if (m[b] == 0)
			continue;
		for (int k = 0; k < 2; k++) /* packing interleaves the halves of 128 bits; the permutation undoes it */
			half[k] = _mm256_permute4x64_epi64(_mm256_packs_epi16(in16(c + b * 64 + k * 32, l, h), in16(c + b * 64 + k * 32 + 16, l, h)), 0xd8);
		to[b] |= bytes(half[0], half[1]) & m[b];
	}
}

AVX2 static void range32_2(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t low, uint32_t high)
{
	__m256i l = _mm256_set1_epi32((int)low), h = _mm256_set1_epi32((int)high);

	for (size_t b = 0; b < blocks; b++) {
		uint64_t keep = 0;

		if (m[b] == 0)
			continue;
		for (unsigned k = 0; k < 8; k++) {
			__m256i v = _mm256_loadu_si256((const void *)(c + b * 64 + k * 8));
			__m256i in = _mm256_and_si256(_mm256_cmpeq_epi32(_mm256_max_epu32(v, l), v), _mm256_cmpeq_epi32(_mm256_min_epu32(v, h), v));

			keep |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(in)) << k * 8;
		}
		m[b] &= keep;
	}
}

AVX2 static void any32_2(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t bits)
{
	__m256i w = _mm256_set1_epi32((int)bits), zero = _mm256_setzero_si256();

	for (size_t b = 0; b < blocks; b++) {
		uint64_t none = 0;

		if (m[b] == 0)
			continue;
		for (unsigned k = 0; k < 8; k++) {
			__m256i v = _mm256_and_si256(_mm256_loadu_si256((const void *)(c + b * 64 + k * 8)), w);

			none |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(v, zero))) << k * 8;
		}
		m[b] &= ~none;
	}
}

AVX2 static void clock8_2(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t now, uint8_t soon, unsigned colours)
{
	const uint64_t none = wanted(colours, POINT_NO_CLOCK), late = wanted(colours, POINT_OVERDUE), in_time = wanted(colours, POINT_IN_TIME);
	__m256i n = _mm256_set1_epi8((char)now), s = _mm256_set1_epi8((char)soon), zero = _mm256_setzero_si256();

	for (size_t b = 0; b < blocks; b++) {
		__m256i v, w;
		uint64_t clock, before, behind;

		edge[b] = 0;
		if (m[b] == 0)
			continue;
		v = _mm256_loadu_si256((const void *)(c + b * 64));
		w = _mm256_loadu_si256((const void *)(c + b * 64 + 32));
		clock = ~bytes(_mm256_cmpeq_epi8(v, zero), _mm256_cmpeq_epi8(w, zero));
		before = ~bytes(_mm256_cmpeq_epi8(_mm256_max_epu8(v, n), v), _mm256_cmpeq_epi8(_mm256_max_epu8(w, n), w)) & clock;
		behind = ~bytes(_mm256_cmpeq_epi8(_mm256_min_epu8(v, s), v), _mm256_cmpeq_epi8(_mm256_min_epu8(w, s), w));
		edge[b] = m[b] & clock & ~before & ~behind;
		m[b] &= (~clock & none) | (before & late) | (behind & in_time) | edge[b];
	}
}

AVX2 static uint64_t count_2(const uint64_t *m, size_t blocks)
{
	uint64_t n = 0;

	for (size_t b = 0; b < blocks; b++)
		n += (uint64_t)_mm_popcnt_u64(m[b]);
	return n;
}

AVX2 static uint64_t count_eq8_2(const uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v)
{
	__m256i want = _mm256_set1_epi8((char)v);
	uint64_t n = 0;

	for (size_t b = 0; b < blocks; b++)
		if (m[b])
			n += (uint64_t)_mm_popcnt_u64(m[b] & eq_block(c + b * 64, want));
	return n;
}

AVX512 static uint64_t count_eq8_512(const uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v)
{
	__m512i want = _mm512_set1_epi8((char)v);
	uint64_t n = 0;

	for (size_t b = 0; b < blocks; b++)
		if (m[b])
			n += (uint64_t)_mm_popcnt_u64(_mm512_mask_cmpeq_epi8_mask(m[b], _mm512_loadu_si512(c + b * 64), want));
	return n;
}

AVX2 static void colours_2(const uint64_t *m, const struct colour_block *v, size_t blocks, uint32_t n[4])
{
	uint64_t none = 0, soon = 0, late = 0, all = 0;

	for (size_t b = 0; b < blocks; b++) {
		none += (uint64_t)_mm_popcnt_u64(m[b] & v[b].none);
		soon += (uint64_t)_mm_popcnt_u64(m[b] & v[b].soon);
		late += (uint64_t)_mm_popcnt_u64(m[b] & v[b].late);
		all += (uint64_t)_mm_popcnt_u64(m[b]);
	}
	n[POINT_NO_CLOCK] += (uint32_t)none;
	n[POINT_SOON] += (uint32_t)soon;
	n[POINT_OVERDUE] += (uint32_t)late;
	n[POINT_IN_TIME] += (uint32_t)(all - none - soon - late);
}

AVX2 static uint64_t sum_2(const uint64_t *m, const uint64_t *key, const uint8_t *spread, const struct mean *mean, size_t blocks, int near, uint64_t *x,
			   uint64_t *y)
{
	uint64_t sx = 0, sy = 0, n = 0;

	for (size_t b = 0; b < blocks; b++) {
		uint64_t rows = (uint64_t)_mm_popcnt_u64(m[b]);

		if (rows == 0)
			continue;
		n += rows;
		if (spread[b] <= near) {
			sx += rows * mean[b].x;
			sy += rows * mean[b].y;
			continue;
		}
		for (uint64_t w = m[b]; w; w = _blsr_u64(w)) {
			uint64_t k = key[b * 64 + _tzcnt_u64(w)];

			sx += _pext_u64(k, EVEN);
			sy += _pext_u64(k, ~(uint64_t)EVEN);
		}
	}
	*x += sx;
	*y += sy;
	return n;
}

AVX512 static uint32_t below_512(const uint64_t *key, uint32_t n, uint64_t end)
{
	__m512i e = _mm512_set1_epi64((int64_t)end);
	uint32_t count = 0;

	for (; n >= 8; n -= 8, key += 8)
		count += (uint32_t)_mm_popcnt_u32(_mm512_cmplt_epu64_mask(_mm512_loadu_si512(key), e));
	if (n) {
		__mmask8 rest = (__mmask8)((1u << n) - 1);

		count += (uint32_t)_mm_popcnt_u32(_mm512_mask_cmplt_epu64_mask(rest, _mm512_maskz_loadu_epi64(rest, key), e));
	}
	return count;
}

/* Compared with a sign: the highest bits of both turned round. */
AVX2 static uint32_t below_2(const uint64_t *key, uint32_t n, uint64_t end)
{
	__m256i top = _mm256_set1_epi64x(INT64_MIN), e = _mm256_xor_si256(_mm256_set1_epi64x((int64_t)end), top), counts = _mm256_setzero_si256();
	uint64_t four[4];
	uint32_t count;

	for (; n >= 4; n -= 4, key += 4)
		counts = _mm256_sub_epi64(counts, _mm256_cmpgt_epi64(e, _mm256_xor_si256(_mm256_loadu_si256((const void *)key), top)));
	_mm256_storeu_si256((void *)four, counts);
	count = (uint32_t)(four[0] + four[1] + four[2] + four[3]);
	for (uint32_t i = 0; i < n; i++)
		count += key[i] < end;
	return count;
}

AVX2 static void sum_rows_2(const uint64_t *key, uint32_t from, uint32_t to, uint64_t *x, uint64_t *y)
{
	uint64_t sx = 0, sy = 0;

	for (uint32_t i = from; i < to; i++) {
		sx += _pext_u64(key[i], EVEN);
		sy += _pext_u64(key[i], ~(uint64_t)EVEN);
	}
	*x += sx;
	*y += sy;
}

/* Rows whose own place is to be read. */
AVX2 static void place_far(const uint64_t *key, const uint16_t *rows, uint32_t n, uint64_t first, int shift, struct placed *out, uint32_t at)
{
	for (uint32_t i = 0; i < n; i++, at++) {
		uint64_t k = key[rows[i]];

		out->row[at] = rows[i];
		out->cell[at] = (uint32_t)((k - first) >> shift);
		out->x[at] = (uint32_t)_pext_u64(k, EVEN);
		out->y[at] = (uint32_t)_pext_u64(k, ~(uint64_t)EVEN);
	}
}

/* The two kinds apart first, without a jump: which kind a row is of the processor cannot guess. */
AVX2 static void place_list_2(const uint64_t *key, const uint8_t *spread, const struct mean *mean, const uint16_t *rows, uint32_t n, uint64_t first, int shift,
			      int near, struct placed *out)
{
	uint16_t far[PLACED_MAX + 1], close[PLACED_MAX + 1];
	uint32_t nfar = 0, nclose = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool is_close = spread[rows[i] / 64] <= near;

		close[nclose] = far[nfar] = rows[i];
		nclose += is_close;
		nfar += !is_close;
	}
	for (uint32_t i = 0; i < nclose; i++) {
		struct mean at = mean[close[i] / 64];
		uint64_t k = _pdep_u64(at.x, EVEN) | _pdep_u64(at.y, ~(uint64_t)EVEN);

		out->row[i] = close[i];
		out->cell[i] = (uint32_t)((k - first) >> shift);
		out->x[i] = at.x;
		out->y[i] = at.y;
	}
	place_far(key, far, nfar, first, shift, out, nclose);
}

/* The bits of a number below 64 with one between each two. */
static const uint16_t spread6[64] = {
#define SPREAD3(v) ((v) & 1) | ((v) & 2) << 1 | ((v) & 4) << 2
#define SPREAD6(v) (SPREAD3(v)) | (SPREAD3((v) >> 3)) << 6
#define SPREAD8(v) SPREAD6(v), SPREAD6(v + 1), SPREAD6(v + 2), SPREAD6(v + 3), SPREAD6(v + 4), SPREAD6(v + 5), SPREAD6(v + 6), SPREAD6(v + 7)
	SPREAD8(0), SPREAD8(8), SPREAD8(16), SPREAD8(24), SPREAD8(32), SPREAD8(40), SPREAD8(48), SPREAD8(56),
#undef SPREAD3
#undef SPREAD6
#undef SPREAD8
};

/* Those of v that are wanted, one behind the other, at `to`, where there is room for 16. */
AVX512 static void list_store(uint32_t *to, __mmask16 wanted, __m512i v)
{
	_mm512_storeu_si512(to, _mm512_maskz_compress_epi32(wanted, v));
}

AVX512 static void list_store16(uint16_t *to, __mmask16 wanted, __m512i v)
{
	_mm256_storeu_si256((void *)to, _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(wanted, v)));
}

AVX512 static __m512i list_rows(const uint16_t *rows, uint32_t left, __mmask16 *lanes)
{
	*lanes = left < 16 ? (__mmask16)((1u << left) - 1) : (__mmask16)0xffff;
	return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(*lanes, rows));
}

/* Sixteen at a time. A cell's number from those of its column and line: 64 of each, the shift being even. */
AVX512 static void place_list_512(const uint64_t *key, const uint8_t *spread, const struct mean *mean, const uint16_t *rows, uint32_t n, uint64_t first, int shift,
				  int near, struct placed *out)
{
	const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), one = _mm512_set1_epi32(1);
	const __m512i odd = _mm512_add_epi32(even, one), low = _mm512_loadu_si512(spread6), high = _mm512_loadu_si512(spread6 + 32);
	const __m512i x0 = _mm512_set1_epi32((int32_t)_pext_u64(first, EVEN)), y0 = _mm512_set1_epi32((int32_t)_pext_u64(first, ~(uint64_t)EVEN));
	const __m512i limit = _mm512_set1_epi32(near), byte = _mm512_set1_epi32(255), zero = _mm512_setzero_si512();
	const __m128i down = _mm_cvtsi32_si128(shift / 2);
	uint16_t far[PLACED_MAX + LIST_ROOM];
	uint32_t nfar = 0, at = 0;

	if (shift & 1) {
		place_list_2(key, spread, mean, rows, n, first, shift, near, out);
		return;
	}
	for (uint32_t i = 0; i < n; i += 16) {
		__mmask16 lanes, close;
		__m512i row = list_rows(rows + i, n - i, &lanes), block = _mm512_srli_epi32(row, 6), a, b, x, y, cell;

		a = _mm512_mask_i32gather_epi32(zero, lanes, block, (const int *)(const void *)spread, 1);
		close = _mm512_mask_cmple_epu32_mask(lanes, _mm512_and_si512(a, byte), limit);
		a = _mm512_mask_i32gather_epi64(zero, (__mmask8)close, _mm512_castsi512_si256(block), (const void *)mean, 8);
		b = _mm512_mask_i32gather_epi64(zero, (__mmask8)(close >> 8), _mm512_extracti64x4_epi64(block, 1), (const void *)mean, 8);
		x = _mm512_permutex2var_epi32(a, even, b);
		y = _mm512_permutex2var_epi32(a, odd, b);
		a = _mm512_permutex2var_epi16(low, _mm512_srl_epi32(_mm512_sub_epi32(x, x0), down), high);
		b = _mm512_permutex2var_epi16(low, _mm512_srl_epi32(_mm512_sub_epi32(y, y0), down), high);
		cell = _mm512_or_si512(a, _mm512_slli_epi32(b, 1));
		list_store(out->row + at, close, row);
		list_store(out->cell + at, close, cell);
		list_store(out->x + at, close, x);
		list_store(out->y + at, close, y);
		list_store16(far + nfar, (__mmask16)(lanes & ~close), row);
		at += (uint32_t)_mm_popcnt_u32(close);
		nfar += (uint32_t)_mm_popcnt_u32((uint32_t)lanes & ~(uint32_t)close);
	}
	place_far(key, far, nfar, first, shift, out, at);
}

AVX512 static uint32_t list32_512(const uint32_t *column, const uint16_t *rows, uint32_t n, uint32_t low, uint32_t high, uint16_t *out)
{
	const __m512i l = _mm512_set1_epi32((int32_t)low), h = _mm512_set1_epi32((int32_t)high), zero = _mm512_setzero_si512();
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i += 16) {
		__mmask16 lanes;
		__m512i row = list_rows(rows + i, n - i, &lanes), v = _mm512_mask_i32gather_epi32(zero, lanes, row, (const void *)column, 4);

		lanes = _mm512_mask_cmpge_epu32_mask(lanes, v, l);
		lanes = _mm512_mask_cmple_epu32_mask(lanes, v, h);
		list_store16(out + kept, lanes, row);
		kept += (uint32_t)_mm_popcnt_u32(lanes);
	}
	return kept;
}

static uint32_t list32_2(const uint32_t *column, const uint16_t *rows, uint32_t n, uint32_t low, uint32_t high, uint16_t *out)
{
	return kernels_scalar.list32(column, rows, n, low, high, out);
}

AVX2 static void tally16_2(const uint64_t *m, const uint16_t *c, size_t blocks, uint32_t *counts)
{
	for (size_t b = 0; b < blocks; b++)
		for (uint64_t w = m[b]; w; w = _blsr_u64(w))
			counts[c[b * 64 + _tzcnt_u64(w)]]++;
}

/* Few rows need it: without AVX-512 plain C looks at them. */
static void colour_2(uint64_t *m, const uint32_t *when, const uint16_t *lead, const uint8_t *flags, size_t blocks, unsigned colours, uint32_t now)
{
	kernels_scalar.colour(m, when, lead, flags, blocks, colours, now);
}

/* What the wider registers do not make faster is the same function in both. */
static const struct kernels avx2 = {"avx2", eq8_2, set8_2, bits8_2, range8_2, range16_2, range32_2, any32_2, colour_2, clock8_2, count_2, count_eq8_2, sum_2,
				    colours_2, below_2, sum_rows_2, place_list_2, list32_2, tally16_2};
static const struct kernels avx512 = {"avx512", eq8_512, set8_512, bits8_512, range8_512, range16_512, range32_512, any32_512, colour_512, clock8_512, count_2,
				      count_eq8_512, sum_2, colours_2, below_512, sum_rows_2, place_list_512, list32_512, tally16_2};

const struct kernels *kernels_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? &avx2 : NULL;
}

const struct kernels *kernels_avx512(void)
{
	return kernels_avx2() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") ? &avx512 : NULL;
}

#else

const struct kernels *kernels_avx2(void)
{
	return NULL;
}

const struct kernels *kernels_avx512(void)
{
	return NULL;
}

#endif
