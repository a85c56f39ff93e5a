/*
 * cases 事项办理: the desk's pages over core/matter: inbox, list, the page of one matter with its actions, filing by
 * staff, export. Knows no state of any scenario by name.
 */
#ifndef CAP_CASES_H
#define CAP_CASES_H

#include "core/matter/list.h"
#include "web/web.h"

/* Has this reader a right to see the matter: matter.read at its place, or it lies in the hands of an organisation of his. */
bool cases_may_see(const struct actor_session *who, const struct matter *m);
/* What the reader may see in lists, from rq_scope. */
CHECKED enum err cases_scope(struct rq *rq, struct matter_scope *out);
/* Who reads an inbox: roles with their places and organisations. */
void cases_inbox_of(struct arena *a, const struct actor_session *who, struct matter_inbox *out);

#endif
