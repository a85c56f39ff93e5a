/*
 * A filter made ready, and what it means for one segment: which tests all its rows pass, which none do, and which must look at a column. For the
 * files points_*.c and tile.c only.
 */
#ifndef GEO_POINTS_PLAN_H
#define GEO_POINTS_PLAN_H

#include "geo/points_colour.h"
#include "geo/points_view.h"

#define STRIPE 64u            /* blocks of 64 rows that are worked on at a time: their masks and columns stay in the nearest cache */
#define PLAN_RANGES 8u        /* up to so many ranges of places are compared, more looked up in a bitmap */
#define PLAN_FEW 8u           /* categories for which the second order of a segment is tried */

enum step_kind { STEP_STATE, STEP_CATEGORY, STEP_SCENARIO, STEP_CHANNEL, STEP_FLAGS, STEP_CREATED, STEP_PLACES, STEP_WITHIN, STEP_DEPARTMENT, STEP_TAGS,
		 STEP_CLOSED, STEP_COLOUR, STEP_KINDS };

struct step_places { unsigned n; uint16_t low[PLAN_RANGES], high[PLAN_RANGES]; bool bitmap; uint64_t bits[SEG_MAX / 64]; };

struct plan {
	const struct points_filter *f;
	const struct kernels *k;
	bool none;                                /* nothing can pass */
	bool all;                                 /* everything passes */
	struct byte_set state, scenario, channel, category_low;
	int state_one, scenario_one, channel_one, category_one;   /* the only value wanted, or -1 */
	uint64_t *category_bits, *department_bits;                /* 65536 bits each, or NULL */
	uint32_t created_low, created_high, closed_low, closed_high;
	uint8_t flags, flags_want;
	bool by_colour;                           /* set by whoever counts colours: plan->colours is wanted whatever the filter */
	/* for the segment that is being looked at */
	const struct seg *colours_of; const struct colours *colours;   /* NULL: of each row by its deadline */
	enum step_kind steps[STEP_KINDS]; unsigned nsteps;
	struct step_places places[2];
};

enum plan_fit { PLAN_NONE, PLAN_SOME, PLAN_ALL };

void plan_init(struct plan *p, const struct points_filter *f);
void plan_release(struct plan *p);
/* For another thread: the filter is shared, so the first must outlive it; what is said of a segment is not. */
void plan_share(struct plan *to, const struct plan *from);
void plan_unshare(struct plan *p);
/* Sets the steps for this segment. */
enum plan_fit plan_segment(struct plan *p, struct seg *s);
/* Masks of the rows from..to-1 that pass, for the blocks from / 64 onwards; at most STRIPE blocks. Returns how many blocks. Only after PLAN_SOME or PLAN_ALL. */
size_t plan_masks(struct plan *p, const struct seg *s, uint32_t from, uint32_t to, uint64_t *masks);
/* Codes of deadlines (points_seg.h: clock): below *now_code they have passed, above *soon_code nothing is soon yet, between them `when` must be looked at. */
static inline void plan_clock(const struct seg *s, uint32_t now, uint8_t *now_code, uint8_t *soon_code)
{
	*now_code = seg_clock(s, now);
	*soon_code = seg_clock(s, now > UINT32_MAX - s->lead_max ? UINT32_MAX : now + s->lead_max);
}
/* Leaves the rows of those colours (bit 1 << enum point_colour) in the masks of the blocks from row `first` on; at most STRIPE blocks. */
void plan_colours(const struct kernels *k, const struct seg *s, uint32_t first, uint64_t *m, size_t blocks, unsigned colours, uint32_t now);
/* Ones for the rows from..to-1, whatever the filter; at most STRIPE blocks. Returns how many. */
size_t plan_edges(uint32_t from, uint32_t to, uint64_t *masks);
/* Codes below 256 only, both of the segment and of the filter: the low byte of a category says it all. */
bool plan_low_is_enough(const struct plan *p, const struct seg *s);

/* points_few.c: rows that pass, in any order, found through the second order of the segment. */
#define FEW_ROWS (SEG_MAX / 16)
struct few { uint32_t n; uint16_t rows[FEW_ROWS + LIST_ROOM]; };
/* When the filter names few categories and they leave few rows. False: not worth it, or the segment has no such order. Only after PLAN_SOME. */
bool plan_few(const struct plan *p, const struct seg *s, uint32_t from, uint32_t to, struct few *out);

#endif
