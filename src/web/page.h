/* Lists by keyset: a page is "the rows before this one"; its cost does not grow with its depth. */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "web/web.h"

struct page {
	int64_t before;    /* rows with id < before; INT64_MAX on the first page. From ?before= */
	int64_t limit;     /* rows shown */
	int64_t ask;       /* limit + 1: what to ask the store for; the extra row says that there is a next page */
	bool first;
	struct str next;   /* address of the next page; empty on the last */
	struct str start;  /* address of the first page; empty on it */
};

/* limit from ?n= (10..200), `preset` otherwise. */
struct page page_of(struct rq *rq, int64_t preset);
/* Behind the query: `got` rows came, last_id(limit - 1) is the id of the last row shown. Cuts *got to the limit. */
void page_end(struct rq *rq, struct page *p, size_t *got, int64_t last_shown_id);

#endif
