/*
 * The inner loops, chosen at run time: AVX-512 (BW, VL), AVX2, or plain C, which is right on any processor. Each looks at blocks of 64 rows of one column
 * and takes bits out of the block's mask; a block whose mask is 0 already is passed over. Columns are padded to whole blocks.
 */
#ifndef GEO_POINTS_KERNEL_H
#define GEO_POINTS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A set of bytes, as bits and as two tables of 16 that a shuffle looks up: bit h & 7 of (h < 8 ? low8 : high8)[l] says whether h << 4 | l is in it (h, l: high
 * and low half byte).
 */
struct byte_set { uint64_t bits[4]; uint8_t low8[16], high8[16]; };
static inline void byte_set_add(struct byte_set *s, uint8_t v)
{
	s->bits[v >> 6] |= (uint64_t)1 << (v & 63);
	(v & 128 ? s->high8 : s->low8)[v & 15] |= (uint8_t)(1u << (v >> 4 & 7));
}

/*
 * Of a block of 64 rows: the mean x and y, and beside it (`spread`) the number of low bits in which its first key and the next block's differ, so that the
 * block lies in one square of the curve of 2^spread keys. Neighbours on the curve are neighbours on the map: where that square is small the mean says where
 * each of the rows is, and neither the keys nor anything else of the rows need be read.
 */
struct mean { uint32_t x, y; };
/* Where rows are: in which cell each, and there where. The room behind is written to and means nothing. */
#define PLACED_MAX 256u
#define LIST_ROOM 16u
struct placed { uint32_t row[PLACED_MAX + LIST_ROOM], cell[PLACED_MAX + LIST_ROOM], x[PLACED_MAX + LIST_ROOM], y[PLACED_MAX + LIST_ROOM]; };

/*
 * The deadline colours of a block's rows at some moment (points_colour.h): in time are those with none of the first three bits. `turning`: what must be looked
 * at. `before`: rows of each colour in the blocks before.
 */
struct colour_block { uint64_t none, soon, late, turning; uint16_t before[4]; };

struct kernels {
	const char *name;
	void (*eq8)(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v);
	void (*set8)(uint64_t *m, const uint8_t *c, size_t blocks, const struct byte_set *set);
	void (*bits8)(uint64_t *m, const uint8_t *c, size_t blocks, uint8_t mask, uint8_t want);
	/* low <= v <= high stays; *edge are those of them with v == low or v == high */
	void (*range8)(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t low, uint8_t high);
	/* low <= v <= high, added to `to` where m has a bit */
	void (*range16)(uint64_t *to, const uint64_t *m, const uint16_t *c, size_t blocks, uint16_t low, uint16_t high);
	void (*range32)(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t low, uint32_t high);
	void (*any32)(uint64_t *m, const uint32_t *c, size_t blocks, uint32_t bits);
	/* colours of open rows with a deadline, of those whose flags have not `closed`: see point_colour */
	void (*colour)(uint64_t *m, const uint32_t *when, const uint16_t *lead, const uint8_t *flags, size_t blocks, unsigned colours, uint32_t now);
	/*
	 * The same by the codes of deadlines (points_seg.h: clock), `now` being the code of this moment and `soon` that of the last at which anything can be
	 * soon. What stays for certain, and, also in *edge, what must be looked at: the codes from now to soon.
	 */
	void (*clock8)(uint64_t *m, uint64_t *edge, const uint8_t *c, size_t blocks, uint8_t now, uint8_t soon, unsigned colours);
	/* how many rows the masks have */
	uint64_t (*count)(const uint64_t *m, size_t blocks);
	/* the same of those with that value */
	uint64_t (*count_eq8)(const uint64_t *m, const uint8_t *c, size_t blocks, uint8_t v);
	/*
	 * How many rows the masks have, adding their x and y to the sums: the block's mean for each, where its spread is at most `near`, else the exact ones.
	 */
	uint64_t (*sum)(const uint64_t *m, const uint64_t *key, const uint8_t *spread, const struct mean *mean, size_t blocks, int near, uint64_t *x,
			uint64_t *y);
	/* how many rows of each colour the masks have, added to n; the bits of turning mean nothing here */
	void (*colours)(const uint64_t *m, const struct colour_block *v, size_t blocks, uint32_t n[4]);
	/* of n keys that ascend, how many are below `end`: a look at each, for some dozens of them that is faster than halving, which the processor cannot guess */
	uint32_t (*below)(const uint64_t *key, uint32_t n, uint64_t end);
	/* sums of x and y of the rows from..to-1 */
	void (*sum_rows)(const uint64_t *key, uint32_t from, uint32_t to, uint64_t *x, uint64_t *y);
	/*
	 * Where n <= PLACED_MAX rows are, in and out in any order, as by `sum`: each with the cell (key - first) >> shift it is in; shift < 64, near <= shift. `key`,
	 * `spread` and `mean` are of the whole segment.
	 */
	void (*place_list)(const uint64_t *key, const uint8_t *spread, const struct mean *mean, const uint16_t *rows, uint32_t n, uint64_t first, int shift,
			   int near, struct placed *out);
	/* Of n rows those with low <= column[row] <= high, in their order, and how many; `out` has room for n + LIST_ROOM. */
	uint32_t (*list32)(const uint32_t *column, const uint16_t *rows, uint32_t n, uint32_t low, uint32_t high, uint16_t *out);
	/* of rows with a bit: counts[place[row]]++ */
	void (*tally16)(const uint64_t *m, const uint16_t *c, size_t blocks, uint32_t *counts);
};

const struct kernels *kernels(void);

/* The sets, for those who want one by name; NULL when this processor cannot. */
extern const struct kernels kernels_scalar;
const struct kernels *kernels_avx2(void);
const struct kernels *kernels_avx512(void);

#endif
