/* The inbox: what waits for the reader, most urgent first. */
#include "cap/cases/cases.html.h"
#include "cap/cases/pages.h"
#include "cap/cases/seen.h"
#include "cap/cases/views.h"
#include "web/looks.h"

#define PAGE 50

static void file_buttons(struct rq *rq, struct cases_inbox_view *v)
{
	const struct scenario *all[64];
	size_t n = scenario_list(all, ARRAY_LEN(all));

	v->scenarios = arena_array(rq->arena, struct cases_option, n + 1);
	for (size_t i = 0; i < n; i++)
		if (cases_may_file(rq, all[i]))
			v->scenarios[v->nscenarios++] = (struct cases_option){
				all[i]->id, arena_printf(rq->arena, _("登记：%s"), looks_text(rq, all[i]->title).p), false};
}

int64_t cases_query_i64(struct rq *rq, const char *name)
{
	int64_t v;

	return str_i64(rq_query(rq, name), &v) ? v : 0;
}

enum err cases_inbox_page(struct rq *rq)
{
	struct cases_inbox_view v = {0};
	struct matter_inbox in;
	struct matter_inbox_counts counts;
	struct matter_page page;
	enum err e;

	cases_inbox_of(rq->arena, &rq->who, &in);
	in.limit = PAGE;
	in.after_due = cases_query_i64(rq, "due");
	in.after_id = cases_query_i64(rq, "after");
	e = matter_inbox_page(rq_conn(rq), rq->arena, &in, &page);
	if (e == OK)
		e = matter_inbox_count(rq_conn(rq), rq->arena, &in, rq->now, &counts);
	if (e != OK)
		return e;
	if (page.more)
		v.page.next = arena_printf(rq->arena, "/inbox?due=%lld&after=%lld", (long long)page.next_key, (long long)page.next_id);
	v.page.further = page.bounded;
	v.page.picks = true;
	if (in.after_id)
		v.page.first = STR("/inbox");
	fill_rows(rq, page.v, page.n, &v.page);
	v.late = counts.late;
	v.soon = counts.soon;
	v.in_time = counts.in_time;
	v.no_clock = counts.no_clock;
	file_buttons(rq, &v);
	if ((e = seen_mark(rq, &v.page)) != OK || (e = views_tabs(rq, NULL, &counts, &v.tabs)) != OK)
		return e;
	return rq_page(rq, html_cases_inbox, &v);
}
