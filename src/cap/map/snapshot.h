/*
 * The points on disk, so that a start with millions of matters takes seconds (geo/points_file.h). Never stale: it is believed only when the words behind its
 * numbers, the tree of places and the journal's entry it ends with are those of the store, and what came after is read from the journal.
 */
#ifndef CAP_MAP_SNAPSHOT_H
#define CAP_MAP_SNAPSHOT_H

#include "cap/map/follow.h"

#define SNAPSHOT_ROWS 50000   /* fewer are read from the store as fast */

/* True when the points were taken from the file; *seq: what they are true for. `last`: of the journal now. */
bool snapshot_restore(struct db *db, struct points *p, struct defaults *d, const struct set *tree, const char *var, int64_t last, int64_t *seq);
/* Writes it. False when the tree or the words changed meanwhile, or nothing was to be written: then there is none. */
bool snapshot_save(struct db *db, struct points *p, const struct defaults *d, const struct set *tree, const char *var);
void snapshot_drop(const char *var);

#endif
