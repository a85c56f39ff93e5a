/* Advice beside a matter for whoever may dispatch or merge it: likely duplicates, category and lead, each with its reason. */
#ifndef CAP_CASES_ADVICE_H
#define CAP_CASES_ADVICE_H

#include "cap/cases/cases.h"
#include "cap/cases/view.h"

/* Fills v->advice and, in a page that is opened (not sent back), the answers that are suggested: changeable, never decided. */
CHECKED enum err cases_advise(struct rq *rq, const struct matter *m, struct cases_show_view *v);

#endif
