/*
 * Ways are pieces: a street is cut wherever its limit of speed changes, a shore line is dozens of ways. Here pieces of one group that meet at a node become
 * chains again, in time n log n whatever the file says.
 */
#ifndef GEO_OSM_CHAIN_H
#define GEO_OSM_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct osm_piece {
	uint64_t group;          /* only pieces of the same group are joined */
	uint32_t first, last;    /* the nodes at its ends */
};

struct osm_step { uint32_t piece; bool backwards; };

/*
 * Calls fn once for each chain; closed: it ends where it begins. Where more than two ends meet, `pairs` decides: false leaves them apart (a crossing of
 * streets), true joins them two by two (rings that touch).
 */
void osm_chain(const struct osm_piece *v, size_t n, bool pairs, void (*fn)(void *arg, const struct osm_step *steps, size_t n, bool closed), void *arg);

#endif
