/* Places below a place, and the numbers by place. */
#ifndef CAP_MAP_CHILDREN_H
#define CAP_MAP_CHILDREN_H

#include "cap/map/query.h"

/* Groups of ordinals: the table that points_by wants, and which place each group is. */
struct groups {
	uint32_t *of;                   /* by ordinal */
	size_t codes;                   /* entries of it */
	const struct set_item **v;
	size_t n;
};

/* The places directly below `top` (NULL: the top of the tree), nodes of the codes only passed over. */
void children_of(struct arena *a, const struct set *tree, const struct set_item *top, struct groups *out);
/* The places of that level below `top`. */
void level_below(struct arena *a, const struct set *tree, const struct set_item *top, int level, struct groups *out);
/* Smallest box around all known points of the subtree; false when there is none. */
CHECKED bool place_bounds(const struct set *tree, const struct set_item *top, double box[4]);

/* Where something is, in words for a row: the names below `top` down to the place, three at most: "前卫社区 第一网格". */
struct str place_told(struct arena *a, const struct set *tree, struct str key, const struct set_item *top);

/* Where to look: that box, else (a place whose points nobody knows) the one around the matters of the filter. */
CHECKED bool shown_bounds(struct arena *a, const struct look *l, const struct set_item *top, const struct points_filter *f, double box[4]);

#endif
