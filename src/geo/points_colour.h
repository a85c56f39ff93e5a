/*
 * The deadline colours of a segment's rows at a moment, as bits and sums. Colours change by themselves, as time goes by, but few in a day: so they are kept as they
 * are at a moment, with a list of the rows that turn in the day after it. Made when they are first asked for, and again when that day is over.
 * For the files points_*.c only.
 */
#ifndef GEO_POINTS_COLOUR_H
#define GEO_POINTS_COLOUR_H

#include "geo/points_seg.h"

struct turn { uint32_t at; uint16_t row; uint8_t from, to; };

struct colours {
	atomic_int refs;
	uint32_t from, until;          /* right for from <= now < until */
	size_t bytes;
	struct turn *turns; uint32_t nturns;   /* in the order of rows, those of one row in the order of time */
	struct colour_block v[];       /* one more than there are blocks, for the sums */
};

/*
 * Those of the segment at that moment, with a reference of the caller's, or NULL where making them does not pay: for segments that are merged soon. Made in the
 * caller's time (some twenty microseconds) where what there is is of another day.
 */
const struct colours *colours_hold(struct seg *s, uint32_t now);
void colours_drop(const struct colours *c);   /* NULL is nothing */
/* Makes them now, unless what there is is right for the next so many minutes. */
void colours_renew(struct seg *s, uint32_t now, uint32_t minutes);
/* Memory of what the segment keeps of them now. */
size_t colours_bytes(struct seg *s);

enum point_colour colours_row(const struct colours *c, const struct seg *s, uint32_t row, uint32_t now);
/* Leaves the rows of those colours (bit 1 << enum point_colour) in the masks of the blocks from row `first` on. */
void colours_keep(const struct colours *c, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks, unsigned wanted, uint32_t now);
/* Adds sign times the number of rows of each colour: of those in the masks, and of the rows from..to-1. */
void colours_count(const struct colours *c, const struct seg *s, uint32_t first, const uint64_t *m, size_t blocks, uint32_t now, int sign, int32_t n[4]);
void colours_range(const struct colours *c, uint32_t from, uint32_t to, uint32_t now, int sign, int32_t n[4]);

#endif
