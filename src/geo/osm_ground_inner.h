/* Between the reading (osm_ground.c) and the making of lines and areas (osm_ground_make.c). */
#ifndef GEO_OSM_GROUND_INNER_H
#define GEO_OSM_GROUND_INNER_H

#include "base/map.h"
#include "geo/osm_class.h"
#include "geo/osm_ground.h"

#define NOWHERE UINT32_MAX       /* a node that the file does not have */

struct kept_way {
	int64_t id;
	size_t at;               /* of its refs */
	uint32_t n, name;
	struct osm_class is;
	bool bare;               /* only the piece of an area */
};

struct kept_member { int64_t way; bool inner; };

struct kept_area {
	size_t at;               /* of its members */
	uint32_t n, name;
	struct osm_class is;
};

struct gather {
	struct osm_ground *g;
	struct ground_draft *draft;
	struct kept_way *ways;       size_t nways, ways_cap;
	struct kept_area *areas;     size_t nareas, areas_cap;
	struct kept_member *members; size_t nmembers, members_cap;
	int64_t *refs;               size_t nrefs, refs_cap, refs_max;   /* ids of nodes; after the last pass numbers of nodes, or NOWHERE */
	int64_t *nodes;              size_t nnodes, cursor;              /* their ids, each once, in order */
	struct shape_point *places;                                      /* of the nodes; x INT32_MIN: not seen */
	int64_t *wanted;             size_t nwanted;                     /* second pass: ids of ways, in order */
	struct map names;            /* -> number + 1 */
	struct str *name;            size_t nnames, names_cap;
	struct arena texts;
	int64_t done, total;         /* of the passes before this one, and of all */
	bool full, stopped;
};

/* By id; NULL. */
const struct kept_way *gather_way(const struct gather *g, int64_t id);
/* Lines and areas of what has been gathered, into the draft. */
CHECKED enum err gather_make(struct gather *g);

#endif
