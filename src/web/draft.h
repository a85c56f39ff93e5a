/* What somebody had typed when the session ended: kept for an hour, sealed, bound to a cookie of that browser. */
#ifndef WEB_DRAFT_H
#define WEB_DRAFT_H

#include "web/error.h"

/* ERR_NOT_FOUND when there is none (any more). */
CHECKED enum err web_draft_load(struct rq *rq, struct web_carry_view *out);
/* Job: forgets it; arg is a struct str * from web_draft_id. */
enum err web_draft_drop_job(struct tx *tx, void *id);
struct str web_draft_id(struct rq *rq);

#endif
