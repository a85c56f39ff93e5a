/* What has changed since somebody last said "seen": one place in the journal an account, told to nobody else. */
#ifndef CAP_CASES_SEEN_H
#define CAP_CASES_SEEN_H

#include "cap/cases/cases.h"
#include "cap/cases/view.h"

/* Marks rows that are new or were changed by others since then, and tells the page where "now" is. */
CHECKED enum err seen_mark(struct rq *rq, struct cases_page_view *page);
/* POST /cases/seen: everything up to the number the page was made at. */
enum err cases_seen_post(struct rq *rq);

#endif
