/*
 * Which areas a question for the collection `boundaries` finds, in the order of its pages. The last few answers are kept, as long as neither the areas nor the
 * names of places have changed: a program that reads all of it asks the same a hundred times.
 */
#ifndef CAP_MAP_OGC_AREAS_LIST_H
#define CAP_MAP_OGC_AREAS_LIST_H

#include "cap/map/ogc.h"
#include "core/place/area_tile.h"

struct areas_ask {
	int from, to;                 /* levels, both included */
	struct str name, place;       /* "" any name; place: a key, p NULL any */
	struct shape_box boxes[2];
	int nboxes;                   /* 0: anywhere */
};
struct shape_box areas_box(double west, double south, double east, double north);

struct areas_list;
/* Kept until the request's arena is reset. */
CHECKED enum err areas_list(struct rq *rq, const struct set *tree, const struct areas_ask *q, const struct areas_list **out);
size_t areas_count(const struct areas_list *l);
struct place_drawn areas_at(const struct areas_list *l, size_t i);
/* When the server stops. */
void areas_forget(void);

#endif
