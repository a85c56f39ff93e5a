/* Handlers of the portal, named by the route table in portal_api.c. */
#ifndef CAP_PORTAL_PAGES_H
#define CAP_PORTAL_PAGES_H

#include "cap/portal/portal_view.h"

enum err portal_root(struct rq *rq);
enum err portal_town(struct rq *rq);
enum err portal_report_form(struct rq *rq);
enum err portal_report_send(struct rq *rq);
enum err portal_feedback_form(struct rq *rq);
enum err portal_feedback_send(struct rq *rq);
enum err portal_help(struct rq *rq);
enum err portal_lookup_form(struct rq *rq);
enum err portal_lookup(struct rq *rq);
enum err portal_receipt(struct rq *rq);
enum err portal_status(struct rq *rq);
enum err portal_act(struct rq *rq);
enum err portal_photo(struct rq *rq);
enum err portal_open_page(struct rq *rq);

/* ---- shared with portal_api.c ---- */
enum err portal_load_town(struct rq *rq, struct portal_town *t);
/* The matter with the code in the address or form, with headers that keep the address secret, and words for the error page. */
enum err portal_find_for(struct rq *rq, struct str typed, struct matter *m);
void portal_keep_secret(struct rq *rq);
/* The window of the open page from ?days=: 30, 90 or 365. */
int portal_open_days(struct rq *rq);

int portal_import_channels(int argc, char **argv);

#endif
