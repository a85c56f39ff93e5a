/* What somebody had typed when the session ended: kept for an hour, sealed, bound to a cookie of that browser. */
#ifndef WEB_DRAFT_H
#define WEB_DRAFT_H

#include "web/error.h"

/* ERR_NOT_FOUND when there is none (any more). */
CHECKED enum err web_draft_load(struct rq *rq, struct web_carry_view *out);
/* This browser leaves what it had kept behind (logout): the next person at it must not find it. */
void web_draft_leave(struct rq *rq);

/* Job: one page under the newest sealing key. arg: struct reseal_page (crypto/reseal.h). */
CHECKED enum err web_draft_reseal_job(struct tx *tx, void *reseal_page);

#endif
