/* The list as CSV, streamed page by page: memory does not depend on how many rows there are. */
#include <stdlib.h>

#include "base/csv.h"
#include "base/time.h"
#include "cap/cases/pages.h"
#include "core/place/place.h"
#include "web/looks.h"

#define CHUNK 200

struct export {
	struct rq *rq;
	struct matter_scope scope;
	struct matter_filter filter;
	struct arena arena;
	bool begun, over;
};

static void heading(struct rq *rq, struct csv_out *w)
{
	static const char *const titles[] = {N_("序号"), N_("种类"), N_("标题"), N_("状态"), N_("类别"), N_("地点"), N_("地点代码"), N_("来源"),
					     N_("收到"), N_("本步期限"), N_("承诺办结"), N_("办结"), N_("评价"), N_("是否解决"), N_("是否公开")};

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		csv_cell(w, str_from(_(titles[i])));
	csv_end_row(w);
}

static void time_cell(struct export *x, struct csv_out *w, int64_t at)
{
	csv_cell(w, at ? time_text(&x->arena, at, TIME_CHINA) : STR(""));
}

static void row(struct export *x, struct db_conn *c, struct csv_out *w, const struct matter_row *r)
{
	struct rq *rq = x->rq;
	const struct scenario *s = scenario_current(r->scenario);
	struct place p = {0};
	struct str name = STR("");

	if (place_by_key(c, &x->arena, r->place, &p) == OK && place_full_name(c, &x->arena, r->place, PLACE_TOWN, &name) != OK)
		name = p.name;
	csv_cell_i64(w, r->id);
	csv_cell(w, s ? looks_text(rq, s->title) : r->scenario);
	csv_cell(w, matter_mask(&x->arena, r->title));
	csv_cell(w, fill_state(rq, s, r->state));
	csv_cell(w, fill_category(rq, r->category));
	csv_cell(w, name);
	csv_cell(w, p.code.p ? p.code : STR(""));
	csv_cell(w, fill_channel(rq, r->channel));
	time_cell(x, w, r->created);
	time_cell(x, w, r->due);
	time_cell(x, w, r->total_due);
	time_cell(x, w, r->closed);
	if (r->judge_score)
		csv_cell_i64(w, r->judge_score);
	else
		csv_cell(w, STR(""));
	csv_cell(w, r->judge_solved > 0 ? str_from(_("是")) : r->judge_solved < 0 ? str_from(_("否")) : STR(""));
	csv_cell(w, str_from(r->is_public ? _("是") : _("否")));
	csv_end_row(w);
}

static enum err next(void *arg, struct buf *out)
{
	struct export *x = arg;
	struct csv_out w;
	struct db_conn *c;
	struct matter_row *v;
	size_t n;
	enum err e;

	csv_begin(&w, out, !x->begun);
	if (!x->begun) {
		heading(x->rq, &w);
		x->begun = true;
	}
	if (x->over)
		return OK;
	c = db_read_begin(x->rq->app->db);
	e = matter_list(c, &x->arena, &x->scope, &x->filter, x->rq->now, &v, &n);
	if (e == OK) {
		for (size_t i = 0; i < n; i++)
			row(x, c, &w, &v[i]);
		x->over = n < CHUNK;
		if (n) {
			x->filter.before_key = v[n - 1].key;
			x->filter.before_id = v[n - 1].id;
		}
	}
	db_read_end(c);
	arena_reset(&x->arena);
	return e;
}

static void end(void *arg)
{
	struct export *x = arg;

	arena_release(&x->arena);
	free(x);
}

enum err cases_export(struct rq *rq)
{
	struct export *x = calloc(1, sizeof(*x));
	enum err e;

	if (x == NULL)
		BUG("out of memory");
	x->rq = rq;
	arena_init(&x->arena, 0);
	if ((e = cases_scope(rq, &x->scope)) != OK || (e = cases_read_filter(rq, &x->scope, &x->filter)) != OK) {
		end(x);
		return e;
	}
	x->filter.limit = CHUNK;
	x->filter.before_key = x->filter.before_id = 0;
	http_header(rq->http, "Content-Type", STR("text/csv; charset=utf-8"));
	http_header(rq->http, "Content-Disposition", STR("attachment; filename=\"matters.csv\""));
	http_stream(rq->http, next, end, x);
	return OK;
}
