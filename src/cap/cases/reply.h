/*
 * Replies to residents: texts that save typing (reply_template), and how a reply will read before it is sent.
 */
#ifndef CAP_CASES_REPLY_H
#define CAP_CASES_REPLY_H

#include "cap/cases/cases.h"
#include "cap/cases/view.h"

#define REPLY_TITLE_MOST 40   /* characters */
#define REPLY_BODY_MOST 1000

struct reply_template {
	int64_t id;
	struct str place;           /* key: holds in its subtree */
	int64_t org;                /* 0: of every organisation */
	struct str scenario, category; /* "": any */
	struct str title, body;
	int64_t updated, updated_by;
};

/* Those that fit the matter and the reader's organisations, by title. */
CHECKED enum err reply_fitting(struct rq *rq, const struct matter *m, struct reply_template **v, size_t *n);
/* The text with {标题} {地点} {单位} {日期} put in. */
struct str reply_fill(struct rq *rq, const struct matter *m, struct str body);
/* Offers them in the form of an answer; the one named by ?template= is filled in. */
CHECKED enum err reply_offer(struct rq *rq, const struct matter *m, struct cases_action_view *a);
/* The answer in the form as its reader will see it; what could be said more plainly. */
const struct cases_preview *reply_preview(struct rq *rq, const struct matter *m, const struct scenario_action *a, const struct matter_value *v, size_t n);
/* What in a text is officialese or long-winded: Chinese hints for the reader's language; at most `max`. */
size_t reply_hints(struct rq *rq, struct str text, struct str *out, size_t max);

/* When a place gets another key. */
void reply_init(void);

#endif
