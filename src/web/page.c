#include "web/page.h"

#include <inttypes.h>
#include <stdio.h>

#include "web/url.h"

struct page page_of(struct rq *rq, int64_t preset)
{
	struct page p = {.before = INT64_MAX, .limit = preset, .first = true};
	int64_t v;

	if (str_i64(rq_query(rq, "before"), &v) && v > 0) {
		p.before = v;
		p.first = false;
		p.start = web_url_with(rq, "before", NULL);
	}
	if (str_i64(rq_query(rq, "n"), &v) && v >= 10 && v <= 200)
		p.limit = v;
	p.ask = p.limit + 1;
	return p;
}

void page_end(struct rq *rq, struct page *p, size_t *got, int64_t last_shown_id)
{
	char id[32];

	if (*got <= (size_t)p->limit)
		return;
	*got = (size_t)p->limit;
	snprintf(id, sizeof(id), "%" PRId64, last_shown_id);
	p->next = web_url_with(rq, "before", id);
}
