/* The small map beside a matter. */
#ifndef CAP_CASES_MAP_H
#define CAP_CASES_MAP_H

#include "cap/cases/cases.h"
#include "cap/cases/view.h"
#include "core/matter/similar.h"

/* The matter, what lies around it within the reader's rights, and which of it may be the same thing (`alike`, may be none). */
CHECKED enum err cases_map_matter(struct rq *rq, const struct matter *m, const struct matter_similar *alike, size_t nalike,
				  const struct minimap_view **out);
/* A place with the names around it; NULL when it has no point. */
const struct minimap_view *cases_map_place(struct rq *rq, struct str place);

#endif
