/* What the files of this folder share; nobody else includes it. */
#ifndef WEB_INNER_H
#define WEB_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "core/job/job.h"
#include "core/job/node.h"
#include "core/journal/journal.h"
#include "web/config.h"
#include "web/metrics.h"
#include "web/rate.h"
#include "web/route.h"
#include "web/web.h"

#define MAX_SUBSCRIBERS 64
#define COOKIE_SESSION "gz"
#define COOKIE_VISITOR "gz_v"
#define COOKIE_FLASH "gz_flash"
#define COOKIE_LANG "gz_lang"
#define COOKIE_ELDER "gz_elder"
#define COOKIE_DRAFT "gz_draft"

/* The running program with what only web knows; struct app is its first member. */
struct web {
	struct app app;
	struct arena arena;          /* lives as long as the server */
	struct router *router;
	struct rate *rate;
	struct metrics metrics;
	unsigned char csrf_key[32], flash_key[32], once_key[32];
	struct web_menu_source *menu;
	size_t nmenu;
	atomic_bool ready;           /* everything has started */
	pthread_mutex_t once_lock;
	struct map once;             /* posts on their way, by key: struct rq * of the first */
	struct job_runner *jobs;
	struct node *node;           /* the number we serve under */
	struct tail {
		const struct subscriber *s;
		struct web *web;
		struct journal_tailer *t;
	} tails[MAX_SUBSCRIBERS];
	size_t ntails;
	struct journal_tailer *matter_tails[2];
	struct job {
		const struct job_entry *entry;
		struct web *web;
	} *job_args;
	size_t started;              /* capabilities whose start() has run */
	struct asset_copy *assets;
};

static inline struct web *web_of(struct app *app)
{
	return (struct web *)app;
}

struct answer {
	int status;                  /* 0: not known */
	struct str location, flash, type, body;
};

struct rq_impl {
	struct web *web;
	struct route_match match;
	bool cross_site;             /* the browser says that the post comes from another site */
	bool csrf_bad;               /* the token is missing or wrong */
	bool wants_json;
	struct str bearer;           /* the key of a program, as sent; p NULL: none. Cookies are then not looked at */
	/* the visitor's token, from which the forms' tokens come: of the session, or of the cookie of a passing visitor */
	struct str visitor;
	int64_t screen;              /* session of a screen on a wall, at a route that does not know such; 0: none */
	bool visitor_new;            /* the cookie must be set when a form is shown */
	struct str flash;            /* for the next page */
	bool flash_shown, flash_pending;
	int64_t retry_after;         /* seconds, with ERR_RATE */
	/* write.c */
	bool pending, repeatable;
	db_job job;
	rq_done done;
	void *arg;
	enum err result;
	bool ended;                  /* result is there */
	struct str once;             /* key of the post, STR_NULL: none */
	int64_t once_born;
	bool once_first;             /* stands in web->once */
	bool once_used;              /* its row is in the store: further writes of this request go without */
	bool replayed;
	struct answer answer;        /* what a repeat gets */
	struct rq *next_waiting;
};

static inline struct rq_impl *impl_of(struct rq *rq)
{
	return rq->impl;
}

/* request.c: one request from its head to its answer */
struct http_admit web_admit(const struct http_req *head, void *web);
enum http_next web_handle(struct http_req *r, void *web);
void web_finished(struct http_req *r, int64_t micros, void *web);
void web_refused(struct http_req *r, int status, const char *why, void *web);
/* After handler or done: writes the answer, or hands the write on. True when the answer is complete. */
bool web_finish(struct rq *rq, enum err e);

/* visitor.c: language, elder mode, session, tokens of forms */
void visitor_begin(struct rq *rq);
CHECKED enum err visitor_load(struct rq *rq);       /* the session's account */
bool visitor_token_ok(struct rq *rq, struct str token);
void visitor_form_shown(struct rq *rq);

/* answer.c */
void answer_error(struct rq *rq, enum err e);
void answer_headers(struct rq *rq);
void answer_reset(struct rq *rq);

/* write.c */
void write_begin(struct rq *rq);
CHECKED enum err write_clean(struct app *app, int64_t now);

/* draft.c */
CHECKED enum err draft_keep(struct rq *rq);         /* queues the write that keeps the posted fields, then to the login page */
CHECKED enum err draft_clean(struct app *app, int64_t now);

/* The capabilities served: the generated list; tests put their own here before web_start. */
extern const struct capability *const *web_capabilities;

/* shell.c */
void menu_collect(struct web *web);

/* house.c */
extern const struct job_entry house_jobs[];

/* builtin.c */
extern const struct capability web_builtin;
void assets_prepare(struct web *web);

#endif
