/* Pages of the desk: inbox and list. The page of one matter is in show_web.c, filing in file_web.c. */
#include "base/time.h"
#include "cap/cases/cases.html.h"
#include "cap/cases/pages.h"
#include "core/matter/category.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "web/looks.h"

#define PAGE 50
#define COUNT_CAP 999

/* ---- inbox ---- */

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

static int64_t query_i64(struct rq *rq, const char *name)
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
	in.after_due = query_i64(rq, "due");
	in.after_id = query_i64(rq, "after");
	e = matter_inbox_page(rq_conn(rq), rq->arena, &in, &page);
	if (e == OK)
		e = matter_inbox_count(rq_conn(rq), rq->arena, &in, rq->now, &counts);
	if (e != OK)
		return e;
	if (page.more)
		v.page.next = arena_printf(rq->arena, "/inbox?due=%lld&after=%lld", (long long)page.next_key, (long long)page.next_id);
	v.page.further = page.bounded;
	if (in.after_id)
		v.page.first = STR("/inbox");
	fill_rows(rq, page.v, page.n, &v.page);
	v.late = counts.late;
	v.soon = counts.soon;
	v.in_time = counts.in_time;
	v.no_clock = counts.no_clock;
	file_buttons(rq, &v);
	return rq_page(rq, html_cases_inbox, &v);
}

/* ---- list ---- */

static struct cases_option *option(struct cases_option **v, size_t *n, struct str value, struct str title, struct str chosen)
{
	struct cases_option *o = &(*v)[(*n)++];

	*o = (struct cases_option){value, title, chosen.n && str_eq(value, chosen)};
	return o;
}

static void state_options(struct rq *rq, struct cases_list_view *v)
{
	const struct scenario *all[64];
	size_t n = scenario_list(all, ARRAY_LEN(all)), room = 2;
	struct str chosen = rq_query(rq, "state"), only = rq_query(rq, "scenario");

	for (size_t i = 0; i < n; i++)
		room += all[i]->nstates;
	v->states = arena_array(rq->arena, struct cases_option, room);
	v->scenarios = arena_array(rq->arena, struct cases_option, n + 1);
	option(&v->states, &v->nstates, STR("open"), str_from(_("没有办结的")), chosen);
	for (size_t i = 0; i < n; i++) {
		option(&v->scenarios, &v->nscenarios, all[i]->id, looks_text(rq, all[i]->title), only);
		for (size_t k = 0; k < all[i]->nstates; k++) {
			bool there = false;

			for (size_t j = 0; j < v->nstates; j++)
				there = there || str_eq(v->states[j].value, all[i]->states[k].id);
			if (!there)
				option(&v->states, &v->nstates, all[i]->states[k].id, looks_text(rq, all[i]->states[k].title), chosen);
		}
	}
}

static void fixed_options(struct rq *rq, struct cases_list_view *v)
{
	static const char *const channels[] = {"portal", "proxy", "desk", "grid", "hotline", "phone", "import"};
	const struct category *cat;
	size_t n = category_list(&cat);

	v->colours = arena_array(rq->arena, struct cases_option, 3);
	option(&v->colours, &v->ncolours, STR("late"), str_from(_("已超期")), rq_query(rq, "colour"));
	option(&v->colours, &v->ncolours, STR("soon"), str_from(_("快到期")), rq_query(rq, "colour"));
	option(&v->colours, &v->ncolours, STR("ok"), str_from(_("在期内")), rq_query(rq, "colour"));
	v->channels = arena_array(rq->arena, struct cases_option, ARRAY_LEN(channels));
	for (size_t i = 0; i < ARRAY_LEN(channels); i++)
		option(&v->channels, &v->nchannels, str_from(channels[i]), fill_channel(rq, str_from(channels[i])), rq_query(rq, "channel"));
	v->categories = arena_array(rq->arena, struct cases_option, n + 1);
	for (size_t i = 0; i < n; i++)
		option(&v->categories, &v->ncategories, cat[i].id,
		       str_empty(cat[i].parent) ? looks_text(rq, cat[i].title)
						: arena_cat(rq->arena, STR("　"), looks_text(rq, cat[i].title)),
		       rq_query(rq, "category"));
}

/* What lies one level below each subtree the reader may see; codes, since keys are nobody's business outside. */
static enum err place_options(struct rq *rq, const struct matter_scope *s, struct cases_list_view *v)
{
	struct str chosen = rq_query(rq, "place");

	v->places = arena_array(rq->arena, struct cases_option, 2048);
	for (size_t i = 0; i < s->n; i++) {
		struct place self, *below;
		size_t n;
		enum err e = place_by_key(rq_conn(rq), rq->arena, s->from[i], &self);

		if (e == OK && self.code.n && v->nplaces < 1024)
			option(&v->places, &v->nplaces, self.code, self.name, chosen);
		e = place_children(rq_conn(rq), rq->arena, s->from[i], &below, &n);
		if (e != OK)
			return e;
		for (size_t k = 0; k < n && v->nplaces < 2048; k++)
			if (below[k].code.n)
				option(&v->places, &v->nplaces, below[k].code, arena_cat(rq->arena, STR("　"), below[k].name), chosen);
	}
	return OK;
}

static enum err day_start(struct rq *rq, const char *name, int64_t add, int64_t *out)
{
	struct str s = rq_query(rq, name);
	int64_t day;

	*out = 0;
	if (str_empty(s))
		return OK;
	if (!time_parse_date(s, &day))
		return rq_fail_field(rq, ERR_INPUT, name, _("日期要写成 2026-11-22 这样"));
	*out = time_day_start(day + add, TIME_CHINA);
	return OK;
}

static enum err read_place(struct rq *rq, const struct matter_scope *s, struct matter_filter *f)
{
	struct str code = rq_query(rq, "place");
	struct place p;
	enum err e;

	if (str_empty(code))
		return OK;
	e = place_by_code(rq_conn(rq), rq->arena, code, 0, &p);
	if (e == ERR_NOT_FOUND)
		return rq_fail_field(rq, ERR_NOT_FOUND, "place", _("没有代码为这个的地点，请从列表里选"));
	if (e != OK)
		return e;
	for (size_t i = 0; i < s->n; i++)
		if (str_cmp(p.key, s->from[i]) >= 0 && str_cmp(p.key, s->to[i]) < 0) {
			f->place = p.key;
			return OK;
		}
	return rq_fail_field(rq, ERR_FORBIDDEN, "place", _("这个地点不在您的工作范围内"));
}

enum err cases_read_filter(struct rq *rq, const struct matter_scope *s, struct matter_filter *f)
{
	struct str colour = rq_query(rq, "colour"), state = rq_query(rq, "state");
	enum err e;

	*f = (struct matter_filter){.scenario = rq_query(rq, "scenario"), .category = rq_query(rq, "category"),
				    .channel = rq_query(rq, "channel"), .text = str_trim(rq_query(rq, "q")), .limit = PAGE};
	if (str_empty(f->scenario))
		f->scenario = STR_NULL;
	if (str_empty(f->category))
		f->category = STR_NULL;
	if (str_empty(f->channel))
		f->channel = STR_NULL;
	if (str_empty(f->text))
		f->text = STR_NULL;
	if (str_eqz(state, "open"))
		f->kind = -1;
	else if (!str_empty(state))
		f->state = state;
	f->colour = str_eqz(colour, "late") ? 3 : str_eqz(colour, "soon") ? 2 : str_eqz(colour, "ok") ? 1 : 0;
	f->before_key = query_i64(rq, "key");
	f->before_id = query_i64(rq, "before");
	if ((e = day_start(rq, "from", 0, &f->from)) != OK || (e = day_start(rq, "to", 1, &f->to)) != OK)
		return e;
	return read_place(rq, s, f);
}

static void add_arg(struct rq *rq, struct str *url, const char *name)
{
	struct str v = rq_query(rq, name);
	struct buf b;

	if (str_empty(v))
		return;
	buf_init(&b, 4096);
	tpl_segment_str(&b, v);
	*url = arena_printf(rq->arena, "%s%s%s=%s", url->p, str_chr(*url, '?') < 0 ? "?" : "&", name, buf_str(&b).p);
	buf_release(&b);
}

/* The same list, other page or other form. */
static struct str same_list(struct rq *rq, const char *path)
{
	static const char *const names[] = {"q", "place", "state", "colour", "category", "channel", "scenario", "from", "to"};
	struct str url = str_from(path);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_arg(rq, &url, names[i]);
	return url;
}

/* Somebody on the telephone reads out the whole code: it leads straight to the matter. */
static bool is_code(struct rq *rq, enum err *e)
{
	struct str code;
	struct matter m;

	if (!code_read(rq->arena, rq_query(rq, "q"), &code) || matter_by_code(rq_conn(rq), rq->arena, code, &m) != OK ||
	    !cases_may_see(&rq->who, &m))
		return false;
	*e = rq_redirect(rq, arena_printf(rq->arena, "/cases/%lld", (long long)m.id));
	return true;
}

enum err cases_list_page(struct rq *rq)
{
	struct cases_list_view v = {0};
	struct matter_scope s;
	struct matter_filter f;
	struct matter_page page;
	int count;
	bool more;
	enum err e;

	if (is_code(rq, &e))
		return e;
	if ((e = cases_scope(rq, &s)) != OK || (e = cases_read_filter(rq, &s, &f)) != OK)
		return e;
	if ((e = matter_list_page(rq_conn(rq), rq->arena, &s, &f, rq->now, &page)) != OK ||
	    (e = matter_count(rq_conn(rq), rq->arena, &s, &f, rq->now, COUNT_CAP, &count, &more)) != OK)
		return e;
	v.text = rq_query(rq, "q");
	v.from = rq_query(rq, "from");
	v.to = rq_query(rq, "to");
	v.filtered = rq->http->params.n > 0;
	v.count = arena_printf(rq->arena, more ? "%d+" : "%d", count);
	if (page.more) {
		struct str url = same_list(rq, "/cases");

		v.page.next = arena_printf(rq->arena, "%s%skey=%lld&before=%lld", url.p, str_chr(url, '?') < 0 ? "?" : "&",
					   (long long)page.next_key, (long long)page.next_id);
	}
	v.page.further = page.bounded;
	if (f.before_id)
		v.page.first = same_list(rq, "/cases");
	fill_rows(rq, page.v, page.n, &v.page);
	state_options(rq, &v);
	fixed_options(rq, &v);
	v.may_export = rq_may(rq, "matter.export");
	v.export_href = same_list(rq, "/cases.csv");
	v.xlsx_href = same_list(rq, "/cases.xlsx");
	e = place_options(rq, &s, &v);
	return e == OK ? rq_page(rq, html_cases_list, &v) : e;
}
