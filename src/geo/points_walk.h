/*
 * Rows that pass a plan and have a key first <= k <= last, one after another in the order of (key, id), whatever runs they stand in; what is taken away by a
 * run does not appear. For the files points_*.c and tile.c only.
 */
#ifndef GEO_POINTS_WALK_H
#define GEO_POINTS_WALK_H

#include "geo/points_plan.h"

struct cursor {
	uint32_t source, behind;    /* sources of the view that it goes through */
	uint32_t row, to;           /* where the masks begin; end of the range in this source */
	uint32_t block; size_t blocks;
	uint64_t masks[STRIPE];
	bool minus, ready;
	uint32_t at;                /* the row it stands on, when ready */
};

struct walk {
	const struct points_view *v;
	struct plan *p;
	uint64_t first, last;
	struct cursor *c; size_t n;
};

void walk_begin(struct walk *w, const struct points_view *v, struct plan *p, uint64_t first, uint64_t last);
bool walk_next(struct walk *w, struct row *out);
void walk_end(struct walk *w);
/* Rows of the source inside the keys: from <= i < to. */
void source_range(const struct source *o, uint64_t first, uint64_t last, uint32_t *from, uint32_t *to);

#endif
