/*
 * A segment: up to 48 K rows as columns, in the order of (Morton key, id), with what is derived from them. Immutable once made, shared by reference count.
 * Only for the files points_*.c and tile.c.
 */
#ifndef GEO_POINTS_SEG_H
#define GEO_POINTS_SEG_H

#include <stdatomic.h>

#include "geo/points.h"
#include "geo/points_kernel.h"

#define SEG_MAX 49152u             /* a row number + 1 fits 16 bits, also in the hash of ids at three quarters of 65536 */
#define SEG_FILL 47104u            /* of a bulk load: some two megabytes, and room for some more rows before it is split */
#define KEY_UNLOCATED UINT64_MAX   /* behind everything that is on the map */
#define SUM_ROWS 32u               /* a prefix sum of x and y every so many rows */
#define STATE_ROWS 64u             /* prefix counts of states every so many rows */
#define STATE_SLOTS 16u            /* states 15 and above share the last */
#define PERIOD_MINUTES 11520u      /* of the column "period": eight days, so that five and a half years have numbers of their own */

/* One row of a segment, and the form in which rows travel. No padding: compared by memcmp. */
struct row {
	uint64_t key;
	int64_t id;
	uint32_t created, when;    /* when: closing time of a closed row, deadline of an open one */
	uint32_t place, tags;
	uint16_t lead;             /* minutes between "soon" and the deadline */
	uint16_t category, department;
	uint8_t state, scenario, channel, flags;
	uint8_t zero[6];
};
_Static_assert(sizeof(struct row) == 48, "rows are compared byte by byte");

struct run_start { uint16_t code, start; };        /* of the second order: category << 8 | period, and where its rows begin */

struct colours;

struct seg {
	atomic_int refs;
	uint32_t n, nlocated;      /* unlocated rows are the last */
	size_t bytes;
	/* columns, each padded with zeros to whole blocks of 64 rows */
	uint64_t *key;
	int64_t *id;
	uint32_t *created, *when, *tags;
	uint16_t *place, *department, *lead;               /* place: index into places */
	uint8_t *category, *category_high, *state, *scenario, *channel, *flags, *period;  /* category_high is NULL where all codes are below 256 */
	uint8_t *clock;                                    /* of the deadline: 0 where no clock runs, else 1 + its period from clock0 on, at most 255 */
	uint32_t *places; uint32_t nplaces;                /* ordinals that occur, ascending */
	uint16_t *place_rows;                              /* rows of each */
	/* derived */
	/* of blocks of 64 rows, each in memory of its own, since most questions need one of them only */
	uint64_t *block_key;                               /* the first key; behind them that of the last row */
	uint8_t *spread; struct mean *mean;                /* points_kernel.h */
	uint64_t *sumx, *sumy;                             /* of the rows before row SUM_ROWS * i */
	uint16_t *place_low, *place_high;                  /* least and greatest place of each block of 64 rows: neighbours on the curve are of few places */
	uint16_t *state_rows;                              /* [block of STATE_ROWS][STATE_SLOTS] */
	uint16_t *hash; uint32_t hash_mask;                /* id -> row + 1, or NULL */
	uint16_t *order; struct run_start *starts; uint32_t nstarts;  /* rows by (category, period, row), or NULL */
	uint16_t *category_start;                          /* [257]: of each category (low byte) the first in `starts` */
	/* what occurs */
	uint32_t created_min, created_max, period0, clock0;
	uint16_t lead_max;
	uint64_t has_category[4], has_state[4], has_scenario[4], has_channel[4];
	uint8_t flags_or, flags_and;
	void *memory;
	struct colours *colours;                           /* points_colour.h: what is known of this day; NULL: not asked for yet. With its lock */
};

/* Rows in order of (key, id). `whole`: with the hash of ids and the second order, for the segments that are not merged soon. Starts with one reference. */
struct seg *seg_build(const struct row *rows, uint32_t n, bool whole);
/* Memory for free(), on large pages where it is large; NULL: there is none. */
void *large_alloc(size_t n);
/* For points_file.c: columns without content, and what follows from them once they are filled. */
struct seg *seg_alloc(uint32_t n, uint32_t nplaces, bool category_high);
void seg_derive(struct seg *s, bool whole);
/* Column i as a piece of memory, to read or write it; false behind the last. One that is not kept has no bytes. */
bool seg_column(const struct seg *s, int i, void **p, size_t *bytes);
/* The code in `clock` of a deadline at that time. */
static inline uint8_t seg_clock(const struct seg *s, uint32_t t)
{
	uint32_t period = t / PERIOD_MINUTES;

	return period < s->clock0 ? 1 : period - s->clock0 > 254 ? 255 : (uint8_t)(1 + period - s->clock0);
}
void seg_get(const struct seg *s, uint32_t i, struct row *out);
/* point_colour of a row, from the columns that say it. */
static inline enum point_colour seg_colour(const struct seg *s, uint32_t i, uint32_t now)
{
	if (s->when[i] == 0 || (s->flags[i] & POINT_CLOSED))
		return POINT_NO_CLOCK;
	return now >= s->when[i] ? POINT_OVERDUE : s->when[i] - now <= s->lead[i] ? POINT_SOON : POINT_IN_TIME;
}
/* Row of the id; s->n when it is not there. Needs the hash. */
uint32_t seg_find(const struct seg *s, int64_t id);
/* Asks for what stands in the segment's own structure. */
static inline void seg_prefetch_head(const struct seg *s)
{
	for (size_t at = 0; at < sizeof(*s); at += 64)
		__builtin_prefetch((const char *)s + at);
}
/* Asks for the memory that seg_find, and seg_get of a row, will touch. */
void seg_prefetch_find(const struct seg *s, int64_t id);
void seg_prefetch_row(const struct seg *s, uint32_t i);
/* First row at or behind (key, id). */
uint32_t seg_lower(const struct seg *s, uint32_t from, uint32_t to, uint64_t key, int64_t id);
/* First of the rows from..to-1 with a key >= key, else `to`; near ones are found sooner, and hardly any key is read. */
uint32_t seg_ahead(const struct seg *s, uint32_t from, uint32_t to, uint64_t key);
static inline struct seg *seg_hold(struct seg *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}
void seg_drop(struct seg *s);

static inline int row_cmp(const struct row *a, const struct row *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}
void row_from_point(struct row *r, const struct point *p);
void row_to_point(struct point *p, const struct row *r);

/* ---- the curve: bit 2i of a key is bit i of x, bit 2i+1 that of y ---- */

static inline uint64_t morton_spread(uint32_t v)
{
	uint64_t x = v;

	x = (x | x << 16) & 0x0000ffff0000ffffu;
	x = (x | x << 8) & 0x00ff00ff00ff00ffu;
	x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
	x = (x | x << 2) & 0x3333333333333333u;
	return (x | x << 1) & 0x5555555555555555u;
}
static inline uint32_t morton_pack(uint64_t x)
{
	x &= 0x5555555555555555u;
	x = (x | x >> 1) & 0x3333333333333333u;
	x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0fu;
	x = (x | x >> 4) & 0x00ff00ff00ff00ffu;
	x = (x | x >> 8) & 0x0000ffff0000ffffu;
	return (uint32_t)(x | x >> 16);
}
static inline uint64_t morton_key(struct mercator m)
{
	return morton_spread(m.x) | morton_spread(m.y) << 1;
}
static inline struct mercator morton_at(uint64_t key)
{
	return (struct mercator){morton_pack(key), morton_pack(key >> 1)};
}
/* Keys first <= k <= last of the square x, y of the 2^zoom grid; never the unlocated. */
static inline void morton_range(int zoom, uint32_t x, uint32_t y, uint64_t *first, uint64_t *last)
{
	int shift = 64 - 2 * zoom;

	*first = zoom == 0 ? 0 : morton_key((struct mercator){x, y}) << shift;
	*last = zoom == 32 ? *first : *first + ((zoom == 0 ? 0 : (uint64_t)1 << shift) - 1);
	if (*last == KEY_UNLOCATED)
		(*last)--;
}

#endif
