/* Saved filters: a name for a narrowed list, of one account or shared with an organisation; tabs over inbox and list. */
#ifndef CAP_CASES_VIEWS_H
#define CAP_CASES_VIEWS_H

#include "cap/cases/filter.h"
#include "cap/cases/view.h"

#define VIEWS_MOST 30      /* of one account */
#define VIEW_NAME_MOST 60  /* bytes: twenty characters */
#define TABS_MOST 12       /* saved filters over a list */
#define TABS_COUNTED 6     /* of them with a number: each costs a bounded look */
#define TAB_COUNT_CAP 99
#define INBOX_COUNT_CAP 999

/* `now`: what the page shows (NULL: the inbox). Own filters first, then those shared with the reader's organisations. */
CHECKED enum err views_tabs(struct rq *rq, const struct filter *now, const struct matter_inbox_counts *inbox, struct cases_tabs *out);
/* Has the reader a tab for exactly this? */
bool views_has(struct rq *rq, const struct filter *f);

enum err cases_views_page(struct rq *rq);
enum err cases_views_post(struct rq *rq);
enum err cases_views_drop(struct rq *rq);

#endif
