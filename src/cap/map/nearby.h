/* The resident's map: public matters around a spot and where help is to be had. What the template reads. */
#ifndef CAP_MAP_NEARBY_H
#define CAP_MAP_NEARBY_H

#include "web/minimap.h"
#include "web/web.h"

struct nearby_matter { struct str title, state, place, where; int64_t created; bool ended; };
struct nearby_thing { struct str name, layer, where, about; };
struct nearby_view {
	struct str code, town;                /* address and name of the town */
	const struct minimap_view *map;       /* NULL: nobody knows where the place is */
	struct nearby_matter *matters; size_t nmatters;
	struct nearby_thing *things; size_t nthings;
	bool more;                            /* further matters than are listed */
	struct str north, south, east, west, nearer, farther; /* addresses */
	int half;                             /* metres from the middle to the edge */
};

enum err map_nearby(struct rq *rq);

#endif
