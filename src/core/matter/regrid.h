/*
 * A matter that comes to another grid, because a border moved: it keeps its state, its clocks and who holds it; only where it counts changes. Closed
 * matters stay in the grid they were settled in.
 */
#ifndef CORE_MATTER_REGRID_H
#define CORE_MATTER_REGRID_H

#include "core/matter/matter.h"

struct matter_open_at {
	int64_t id;
	struct str place, title;
	double lon, lat;    /* NAN: not located */
};

/* Open matters in a subtree inside one town, oldest first. */
CHECKED enum err matter_open_in(struct db_conn *c, struct arena *a, struct str place, struct matter_open_at **v, size_t *n);
/* Job. Leaves the old place and comes to the new one, two lines in the journal, so that totals follow. */
CHECKED enum err matter_regrid(struct tx *tx, int64_t id, struct str place, int64_t who);

#endif
