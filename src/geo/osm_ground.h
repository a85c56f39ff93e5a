/*
 * An extract becomes the ground: three passes over the file. The first takes the ways and areas that belong to it, the second the ways that areas are made of
 * and that have no tags of their own (left out when there are none), the third the places of just those nodes.
 *
 * Memory: the file itself costs one block of it. What is kept costs at most 24 bytes for each node of a kept way while reading, and some 10 bytes for each point
 * of the result; `refs` bounds the first, GROUND_POINTS_MAX the second.
 */
#ifndef GEO_OSM_GROUND_H
#define GEO_OSM_GROUND_H

#include "geo/ground.h"
#include "geo/osm.h"

#define OSM_GROUND_REFS ((size_t)48 << 20)   /* some 1.1 GiB at most; a province */

struct osm_ground {
	size_t refs;             /* 0: OSM_GROUND_REFS */
	/* done and of: bytes of all passes together. May be NULL; false ends it (ERR_BUSY). */
	bool (*progress)(void *arg, int64_t done, int64_t of);
	void *arg;
	/* out */
	int64_t count[GROUND_KINDS];
	int64_t left_out;        /* larger than any real thing, rings that do not close, places that the file does not have */
};

/* The caller has *out, sorted. ERR_INPUT, ERR_TOO_MUCH, ERR_BUSY, ERR_IO as osm_pass, with *why in both languages. */
CHECKED enum err osm_ground_read(struct osm *o, struct osm_ground *g, struct ground_draft **out, struct arena *a, struct str *why);

#endif
