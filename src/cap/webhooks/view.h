/* What the pages of webhooks show; handlers. */
#ifndef CAP_WEBHOOKS_VIEW_H
#define CAP_WEBHOOKS_VIEW_H

#include "cap/webhooks/webhooks.h"
#include "web/web.h"

struct webhook_option { struct str value, title; bool chosen; };
struct webhook_line {
	const struct webhook *w;
	struct str owner, place, what;    /* what: the filters in words */
	const char *status, *css;         /* N_(), class of its tag */
	int64_t waiting;
};
struct webhooks_view {
	struct webhook_line *v; size_t n;
	bool all;                         /* of everybody; programs are named */
	struct webhook_option *scenarios, *categories; size_t nscenarios, ncategories;
	struct str account, name, url, place, state, action;  /* as typed */
	bool titles;
	struct str error, field;
};
struct webhook_view {
	struct webhook_line line;
	struct str secret;                /* shown when it has just been made; "" */
	struct webhook_attempt *tries; size_t ntries;
	bool can_pause, can_resume, mine;
	bool plain;                       /* http: can be read on the way */
};

/* pages.c */
enum err webhooks_page(struct rq *rq);
enum err webhooks_post(struct rq *rq);
enum err webhook_page(struct rq *rq);
enum err webhook_post(struct rq *rq);
/* api.c */
enum err webhooks_json(struct rq *rq);
enum err webhooks_json_post(struct rq *rq);
enum err webhook_json(struct rq *rq);
enum err webhook_json_post(struct rq *rq);

/* ---- shared (pages.c) ---- */

/* Whoever runs the installation sees all of them, everybody else his own. */
bool webhook_sees_all(struct rq *rq);
/* The one in the address; ERR_NOT_FOUND also for another's. */
CHECKED enum err webhook_asked(struct rq *rq, struct webhook *out);
/* Secret and whole address are for whose it is and for whoever made it. */
bool webhook_is_mine(struct rq *rq, const struct webhook *w);
/* What is to be made, from texts: fills owner and place, checks. A reason is set on errors. */
struct webhook_texts { struct str account, name, url, place, scenario, category, state, action; bool titles; };
CHECKED enum err webhook_read_new(struct rq *rq, const struct webhook_texts *t, struct webhook_new *out);

#endif
