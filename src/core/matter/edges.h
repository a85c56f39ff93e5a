/*
 * How far a bounded walk over an index leads, known for a few seconds (list.c). It only says where a page stops looking, so an answer
 * that is some seconds old is as good: rows that came since are newer than it, and none is left out. Without it every page of a list
 * would step over thousands of entries of each index that it might walk, and again to count.
 */
#ifndef CORE_MATTER_EDGES_H
#define CORE_MATTER_EDGES_H

#include <stdbool.h>
#include <stdint.h>

/* key: a hash of all that the answer depends on. there: the index goes on behind the walk, and (created, id) is where it ended. */
bool edge_known(uint64_t key, bool *there, int64_t *created, int64_t *id);
void edge_keep(uint64_t key, bool there, int64_t created, int64_t id);

#endif
