/* The rows of one segment into the cells of a square. For points_cells.c only. */
#ifndef GEO_POINTS_FILL_H
#define GEO_POINTS_FILL_H

#include "geo/points_cells.h"

struct filling {
	struct cells *c;
	const struct cells_ask *a;
	struct plan *p;
	const struct seg *s;
	int sign;
	uint64_t rank;                 /* of a base segment: its number << 16, to which the row's is added; RANK_NONE: of a run */
	uint8_t clock_now, clock_soon; /* codes of deadlines that are looked at exactly, see plan_colours */
	uint64_t looked;               /* rows whose columns were looked at */
	bool slots;                    /* the prefix counts of states of the segment say enough */
	int whole;                     /* a cell has 2^whole keys */
	int near;                      /* of 2^near keys is a square a quarter as wide: where in it a row is does not matter */
	uint8_t classes[STATE_SLOTS];  /* states or colours that rows of the segment which pass can have */
	unsigned nclasses;
};

/* Empties a cell when it is used for the first time. */
static inline struct cell *cell_touch(const struct filling *f, uint32_t cell)
{
	struct cells *c = f->c;
	uint64_t bit = (uint64_t)1 << (cell & 63);

	if (c->touched[cell >> 6] & bit)
		return &c->v[cell];
	c->touched[cell >> 6] |= bit;
	c->v[cell] = (struct cell){.rank = RANK_NONE, .key = UINT64_MAX, .id = INT64_MAX};
	if (f->a->by != CELLS_PLAIN)
		memset(c->class_n[cell], 0, sizeof(c->class_n[cell]));
	return &c->v[cell];
}
/* First key behind the cell that holds the key. */
uint32_t cell_of(const struct cells_ask *a, uint64_t key, uint64_t *end);
/* Of the base in any order; of runs once the members that the base has are named. */
void fill_source(struct filling *f, const struct source *o);

#endif
