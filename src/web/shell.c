#include "web/shell.h"

#include <stdlib.h>

#include "crypto/crypto.h"
#include "web/inner.h"
#include "web/url.h"

struct web_menu_source {
	const struct menu_entry *entry;
};

static int by_order(const void *x, const void *y)
{
	const struct menu_entry *a = ((const struct web_menu_source *)x)->entry;
	const struct menu_entry *b = ((const struct web_menu_source *)y)->entry;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return strcmp(a->path, b->path);
}

void menu_collect(struct web *web)
{
	size_t n = 0;

	for (const struct capability *const *c = web_capabilities; *c; c++)
		for (const struct menu_entry *m = (*c)->menu; m && m->path; m++)
			n++;
	web->menu = arena_array(&web->arena, struct web_menu_source, n + 1);
	for (const struct capability *const *c = web_capabilities; *c; c++)
		for (const struct menu_entry *m = (*c)->menu; m && m->path; m++)
			web->menu[web->nmenu++].entry = m;
	qsort(web->menu, web->nmenu, sizeof(*web->menu), by_order);
}

/* /cases/12 stands under /cases, /casestudy does not. */
static bool under(struct str path, const char *entry)
{
	size_t n = strlen(entry);

	return str_starts(path, entry) && (path.n == n || path.p[n] == '/' || entry[n - 1] == '/');
}

struct web_menu web_menu_of(struct rq *rq)
{
	struct web *web = impl_of(rq)->web;
	struct web_menu m = {0};
	struct web_menu_item *here = NULL;

	if (rq->who.id == 0)
		return m;
	m.v = arena_array(rq->arena, struct web_menu_item, web->nmenu + 1);
	for (size_t i = 0; i < web->nmenu; i++) {
		const struct menu_entry *e = web->menu[i].entry;
		struct web_menu_item *item;

		if (e->needs && !rq_may(rq, e->needs))
			continue;
		item = &m.v[m.n++];
		*item = (struct web_menu_item){.title = e->title, .path = e->path, .count = e->count};
		if (under(rq->http->path, e->path) && (here == NULL || strlen(e->path) > strlen(here->path)))
			here = item;
	}
	if (here)
		here->here = true;
	return m;
}

int64_t web_menu_count(struct rq *rq, const struct web_menu_item *i)
{
	return i->count && !rq->head.kept && rq->http->resp->status < 500 ? i->count(rq) : 0;
}

struct web_flash web_flash_take(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct str cookie = web_cookie(rq, COOKIE_FLASH), mac_part, given, text;
	unsigned char m[32];

	im->flash_shown = true;
	if (im->flash_pending) { /* left by this very request, which renders a page itself */
		im->flash_pending = false;
		return (struct web_flash){im->flash};
	}
	if (cookie.n == 0 || cookie.n > 2048 || !str_split(&cookie, '.', &mac_part) ||
	    !unbase64url(rq->arena, mac_part, &given) || !unbase64url(rq->arena, cookie, &text) || given.n != 12)
		return (struct web_flash){0};
	mac(im->web->flash_key, text, m);
	return (struct web_flash){equal_const_time(m, given.p, 12) ? text : STR_NULL};
}

struct str web_switch_url(struct rq *rq, const char *name, const char *value)
{
	return web_url_with(rq, name, value);
}
