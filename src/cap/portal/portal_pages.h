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
enum err portal_open_json(struct rq *rq);
enum err portal_hints(struct rq *rq);
enum err portal_places(struct rq *rq);
enum err portal_follow_post(struct rq *rq);
enum err portal_unfollow_post(struct rq *rq);
enum err portal_mail_post(struct rq *rq);

/* ---- shared with portal_api.c ---- */
enum err portal_load_town(struct rq *rq, struct portal_town *t);
/* The matter with the code in the address or form, with headers that keep the address secret, and words for the error page. */
enum err portal_find_for(struct rq *rq, struct str typed, struct matter *m);
/* Also a follower's: m->code is then his. */
enum err portal_find_any_for(struct rq *rq, struct str typed, struct matter *m, bool *follows);
void portal_keep_secret(struct rq *rq);
/* What a follower sees instead of the status page; the address he typed and what is wrong with it, or "" and NULL. */
enum err portal_followed_page(struct rq *rq, int status, const struct matter *m, struct str typed, const char *error);
/* The status page of the reporter, likewise. */
enum err portal_status_page(struct rq *rq, int status, struct matter *m, struct str typed, const char *error);
/* An address as typed, full-width signs folded; some type it into the field of the telephone. The language of whoever reads the page: "en", "zh". */
struct str portal_mail_typed(struct rq *rq);
struct str portal_lang(const struct rq *rq);
/* How another person's matter goes, in the reader's language. */
CHECKED enum err portal_other(struct rq *rq, const struct matter *m, struct portal_other_view **out);
/* "大石坝街道石门社区第三网格"; the organisation that has it, else the town. */
CHECKED enum err portal_place_name(struct rq *rq, struct str key, struct str *out);
CHECKED enum err portal_holder(struct rq *rq, int64_t holder_org, struct str *out);

int portal_import_channels(int argc, char **argv);

#endif
