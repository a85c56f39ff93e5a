#include "cap/cases/seen.h"

#include "cap/cases/cases.sql.h"
#include "core/journal/journal.h"
#include "web/url.h"

enum err seen_mark(struct rq *rq, struct cases_page_view *page)
{
	/* looking is no news, and nothing on the page says where the reporter's mail goes */
	static const struct str quiet[] = {{"matter.reveal", 13}, {"reporter.mail", 13}};
	int64_t *ids = arena_array(rq->arena, int64_t, page->n + 1), *changed;
	struct cases_seen_get_rows mine;
	size_t n;
	enum err e = q_cases_seen_get(rq_conn(rq), rq->arena, rq->who.id, &mine);

	if (e == OK)
		e = journal_last(rq_conn(rq), &page->upto);
	page->back = web_url_here(rq);
	if (e != OK || mine.n == 0)
		return e;
	page->marks = true;
	for (size_t i = 0; i < page->n; i++)
		ids[i] = page->rows[i].id;
	e = journal_changed(rq_conn(rq), rq->arena, ids, page->n, mine.v[0].seq, rq->who.id, quiet, ARRAY_LEN(quiet), &changed, &n);
	for (size_t i = 0; e == OK && i < page->n; i++)
		for (size_t k = 0; k < n; k++)
			if (page->rows[i].id == changed[k])
				page->rows[i].fresh = page->rows[i].created > mine.v[0].at ? CASES_NEW : CASES_CHANGED;
	return e;
}

struct seeing {
	int64_t account, seq, at;
};

static enum err see(struct tx *tx, void *arg)
{
	const struct seeing *s = arg;
	int64_t last;
	enum err e = journal_last(tx->c, &last);

	/* a number or a time from the future would hide what is to come */
	return e == OK ? q_cases_seen_put(tx->c, s->account, s->seq < last ? s->seq : last, s->at < tx->now ? s->at : tx->now, NULL) : e;
}

enum err cases_seen_post(struct rq *rq)
{
	struct seeing *s = arena_new(rq->arena, struct seeing);
	struct str back = rq_form(rq, "back");
	enum err e;

	s->account = rq->who.id;
	if (!str_i64(rq_form(rq, "upto"), &s->seq) || !str_i64(rq_form(rq, "at"), &s->at) || s->seq < 0)
		return rq_fail(rq, ERR_INPUT, _("请回到列表，刷新后再标为已看"));
	e = rq_redirect(rq, web_url_local(back) ? back : STR("/inbox"));
	return e == OK ? rq_write(rq, see, NULL, s) : e;
}
