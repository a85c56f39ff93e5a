/*
 * What somebody of the staff has begun to type in a form: kept for the account, sealed, for a week (示例) or until the form was sent. The page's
 * script (web/js/draft.js) saves and brings back; the form then carries its name in `_draft`, and the write that does the form's job also drops it.
 */
#ifndef WEB_KEPT_H
#define WEB_KEPT_H

#include "web/web.h"

#define KEPT_MOST 50             /* forms of one account */
#define KEPT_BYTES (48 * 1024)   /* of one form */
#define KEPT_FORM 200            /* bytes of a form's name: "/cases/12/do#reply" */
#define KEPT_DAYS 7

/* Inside the job of a form that was sent: what was kept of it goes. Nothing to do when it carries no `_draft`. */
CHECKED enum err kept_sent(struct tx *tx, struct rq *rq);
/* For handlers that write by jobs of their own. */
CHECKED enum err kept_sent_now(struct rq *rq);

enum err kept_page(struct rq *rq);
enum err kept_get(struct rq *rq);
enum err kept_put(struct rq *rq);
enum err kept_drop(struct rq *rq);
CHECKED enum err kept_clean(struct app *app, int64_t now);

/* Job: one page under the newest sealing key. arg: struct reseal_page (crypto/reseal.h). */
CHECKED enum err web_kept_reseal_job(struct tx *tx, void *reseal_page);

struct kept_line { struct str form, href, name; int64_t at; };
struct kept_view { struct kept_line *v; size_t n; };

#endif
