/* What the layouts (html/layout.html) ask: menu, message of the last action, switches of language and elder mode. */
#ifndef WEB_SHELL_H
#define WEB_SHELL_H

#include "web/web.h"

struct web_menu_item {
	const char *title;     /* Chinese, to be translated */
	const char *path;
	bool here;             /* the page shown stands under this entry */
	int64_t (*count)(struct rq *rq);
};
struct web_menu {
	struct web_menu_item *v;
	size_t n;
};
/* Entries of all capabilities that this visitor may open, in order; empty for nobody. */
struct web_menu web_menu_of(struct rq *rq);

/* How many wait behind the entry; 0 also where it cannot be known now (the store is away), or the page outlives what is true now. */
int64_t web_menu_count(struct rq *rq, const struct web_menu_item *i);

struct web_flash {
	struct str text;       /* empty: nothing to say */
};
/* The message left by rq_flash; it is shown once. */
struct web_flash web_flash_take(struct rq *rq);

/* The present page's address with ?name=value put in (a GET), or /?name=value for pages that answer a POST. */
struct str web_switch_url(struct rq *rq, const char *name, const char *value);

#endif
