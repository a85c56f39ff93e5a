/*
 * A capability is one folder that exports one of these. From the tables come dispatch, permission and CSRF checks,
 * the API description, the menu, subcommands and generic tests. See docs/adding-a-capability.md.
 */
#ifndef WEB_CAPABILITY_H
#define WEB_CAPABILITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rq;
struct app;
struct journal_entry;
struct tx;

/* Text a person reads: Chinese, translated at output through the .po files of the rooms. N_ marks, _() translates. */
#define N_(zh) zh

enum {
	R_PUBLIC = 1,      /* no login needed; `needs` must be NULL */
	R_LOGIN = 2,       /* any logged-in account; `needs` may be NULL */
	R_JSON = 4,        /* errors as JSON; described in docs/api.md */
	R_NO_CSRF = 8,     /* a POST for programs: accepted only with an API key, never from a browser's session */
	R_FILES = 16,      /* takes multipart uploads */
	R_STREAM = 32,     /* SSE */
	R_SCREEN = 64,     /* a GET for a screen on a wall too, which may only look (docs/decisions/0027); elsewhere such a screen is nobody */
};

struct route {
	const char *method;    /* "GET" (serves HEAD too), "POST", "PUT", "DELETE" */
	const char *path;      /* "/cases/:id", one parameter a segment; last segment may be "*rest" */
	enum err (*handle)(struct rq *rq);
	const char *needs;     /* permission name, checked at some place; row scope is the handler's through rq_scope */
	unsigned flags;
	const char *about;     /* N_(): one line for the API description */
	int64_t max_body;      /* 0 = 64 KiB; with R_FILES 0 = 64 MiB */
};

struct permission {
	const char *name;      /* "cases.dispatch" */
	const char *title;     /* N_() */
};

struct subscriber {
	const char *name;      /* its cursor is kept under this name */
	/* Called with journal entries in order, in batches, inside a write job; must be idempotent. */
	enum err (*batch)(struct app *app, struct tx *tx, const struct journal_entry *v, size_t n);
};

struct job_entry {
	const char *name;
	int64_t every;         /* milliseconds */
	enum err (*run)(struct app *app, int64_t now);
};

struct menu_entry {
	const char *title;     /* N_() */
	const char *path;
	const char *needs;     /* permission; NULL: every logged-in account */
	int order;
	/* How many wait behind it, shown beside the title; 0: nothing is shown. Asked on every page of staff, so it must be cheap; may be NULL. */
	int64_t (*count)(struct rq *rq);
};

struct subcommand {
	const char *name;      /* "import matters": words of the command line */
	const char *usage;     /* after the name: "FILE --mapping M.yaml" */
	const char *about;     /* N_() */
	int (*run)(int argc, char **argv); /* argv[0] is the last word of the name; returns the exit status */
};

struct capability {
	const char *name;      /* folder name */
	const char *title;     /* N_() */
	const struct route *routes;           /* each table ends in a zero entry; NULL: none */
	const struct permission *permissions;
	const struct subscriber *subscribers;
	const struct job_entry *jobs;
	const struct menu_entry *menu;
	const struct subcommand *subcommands;
	/* Jobs that bring this capability's sealed values under the newest key, a page each (arg: struct reseal_page, crypto/reseal.h); ends in NULL. */
	enum err (*const *reseal)(struct tx *tx, void *reseal_page);
	enum err (*start)(struct app *app);   /* once, after migrations, before serving; may be NULL */
	void (*stop)(struct app *app);
};

extern const struct capability *const capabilities[]; /* generated from src/cap/, ends in NULL */

#endif
