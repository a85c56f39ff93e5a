/* The list of all matters: filters, chips, tabs. */
#include "cap/cases/cases.html.h"
#include "cap/cases/filter.h"
#include "cap/cases/pages.h"
#include "cap/cases/seen.h"
#include "cap/cases/views.h"
#include "core/matter/category.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "web/looks.h"

#define PAGE 50
#define COUNT_CAP 999
#define PLACES_MOST 2048

/* ---- what may be chosen ---- */

static void option(struct cases_option *v, size_t *n, struct str value, struct str title, struct str chosen)
{
	v[(*n)++] = (struct cases_option){value, title, chosen.n && str_eq(value, chosen)};
}

static void state_options(struct rq *rq, const struct filter *f, struct cases_list_view *v)
{
	const struct scenario *all[64];
	size_t n = scenario_list(all, ARRAY_LEN(all)), room = 2;

	for (size_t i = 0; i < n; i++)
		room += all[i]->nstates;
	v->states = arena_array(rq->arena, struct cases_option, room);
	v->scenarios = arena_array(rq->arena, struct cases_option, n + 1);
	option(v->states, &v->nstates, STR("open"), str_from(_("没有办结的")), f->v[F_STATE]);
	for (size_t i = 0; i < n; i++) {
		option(v->scenarios, &v->nscenarios, all[i]->id, looks_text(rq, all[i]->title), f->v[F_SCENARIO]);
		for (size_t k = 0; k < all[i]->nstates; k++) {
			bool there = false;

			for (size_t j = 0; j < v->nstates; j++)
				there = there || str_eq(v->states[j].value, all[i]->states[k].id);
			if (!there)
				option(v->states, &v->nstates, all[i]->states[k].id, looks_text(rq, all[i]->states[k].title), f->v[F_STATE]);
		}
	}
}

static void fixed_options(struct rq *rq, const struct filter *f, struct cases_list_view *v)
{
	static const char *const channels[] = {"portal", "proxy", "desk", "grid", "hotline", "phone", "import"};
	const struct category *cat;
	size_t n = category_list(&cat);

	v->colours = arena_array(rq->arena, struct cases_option, 3);
	option(v->colours, &v->ncolours, STR("late"), str_from(_("已超期")), f->v[F_COLOUR]);
	option(v->colours, &v->ncolours, STR("soon"), str_from(_("快到期")), f->v[F_COLOUR]);
	option(v->colours, &v->ncolours, STR("ok"), str_from(_("在期内")), f->v[F_COLOUR]);
	v->helds = arena_array(rq->arena, struct cases_option, 2);
	option(v->helds, &v->nhelds, STR("me"), str_from(_("我")), f->v[F_HELD]);
	option(v->helds, &v->nhelds, STR("org"), str_from(_("我的单位")), f->v[F_HELD]);
	v->channels = arena_array(rq->arena, struct cases_option, ARRAY_LEN(channels));
	for (size_t i = 0; i < ARRAY_LEN(channels); i++)
		option(v->channels, &v->nchannels, str_from(channels[i]), fill_channel(rq, str_from(channels[i])), f->v[F_CHANNEL]);
	v->categories = arena_array(rq->arena, struct cases_option, n + 1);
	for (size_t i = 0; i < n; i++)
		option(v->categories, &v->ncategories, cat[i].id,
		       str_empty(cat[i].parent) ? looks_text(rq, cat[i].title)
						: arena_cat(rq->arena, STR("　"), looks_text(rq, cat[i].title)),
		       f->v[F_CATEGORY]);
}

static bool offered(const struct cases_list_view *v, struct str code)
{
	for (size_t i = 0; i < v->nplaces; i++)
		if (str_eq(v->places[i].value, code))
			return true;
	return false;
}

static enum err places_below(struct rq *rq, struct str key, const char *indent, const struct filter *f, struct cases_list_view *v)
{
	struct place *below;
	size_t n;
	enum err e = place_children(rq_conn(rq), rq->arena, key, &below, &n);

	for (size_t k = 0; e == OK && k < n && v->nplaces < PLACES_MOST; k++)
		if (below[k].code.n && !offered(v, below[k].code))
			option(v->places, &v->nplaces, below[k].code, arena_cat(rq->arena, str_from(indent), below[k].name), f->v[F_PLACE]);
	return e;
}

/*
 * What lies one level below each subtree the reader may see, and, level by level, below the place that was chosen: so a grid is two choices away. Codes,
 * since keys are nobody's business outside.
 */
static enum err place_options(struct rq *rq, const struct matter_scope *s, const struct filter *f, struct str chosen, struct cases_list_view *v)
{
	struct place self;
	enum err e = OK;

	v->places = arena_array(rq->arena, struct cases_option, PLACES_MOST + 2);
	if (chosen.p && place_by_key(rq_conn(rq), rq->arena, chosen, &self) == OK) {
		option(v->places, &v->nplaces, self.code, self.name, f->v[F_PLACE]);
		e = places_below(rq, chosen, "　", f, v);
	}
	for (size_t i = 0; e == OK && i < s->n; i++) {
		if (place_by_key(rq_conn(rq), rq->arena, s->from[i], &self) == OK && self.code.n && v->nplaces < PLACES_MOST && !offered(v, self.code))
			option(v->places, &v->nplaces, self.code, self.name, f->v[F_PLACE]);
		e = places_below(rq, s->from[i], "　", f, v);
	}
	return e;
}

static void fill_chips(struct rq *rq, const struct filter *f, struct cases_list_view *v)
{
	v->chips = arena_array(rq->arena, struct cases_chip, CASES_FILTERS);
	for (int i = 0; i < CASES_FILTERS; i++)
		if (f->v[i].n)
			v->chips[v->nchips++] = (struct cases_chip){filter_says(rq, f, i), filter_url(rq, "/cases", f, i)};
}

/* ---- pages of the list ---- */

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

static enum err fill_page(struct rq *rq, const struct matter_scope *s, const struct filter *f, struct matter_filter *want, struct cases_list_view *v)
{
	struct matter_page page;
	int count;
	bool more;
	enum err e = matter_list_counted(rq_conn(rq), rq->arena, s, want, rq->now, COUNT_CAP, &page, &count, &more);

	if (e != OK)
		return e;
	v->count = arena_printf(rq->arena, more ? "%d+" : "%d", count);
	if (page.more) {
		struct str url = filter_url(rq, "/cases", f, -1);

		v->page.next = arena_printf(rq->arena, "%.*s%skey=%lld&before=%lld", STR_ARG(url), str_chr(url, '?') < 0 ? "?" : "&",
					    (long long)page.next_key, (long long)page.next_id);
	}
	v->page.further = page.bounded;
	v->page.picks = true;
	if (want->before_id)
		v->page.first = filter_url(rq, "/cases", f, -1);
	fill_rows(rq, page.v, page.n, &v->page);
	return seen_mark(rq, &v->page);
}

enum err cases_read_filter(struct rq *rq, const struct matter_scope *s, struct matter_filter *f)
{
	struct filter t;
	enum err e;

	filter_of_query(rq, &t);
	e = filter_read(rq, &t, s, f);
	f->limit = PAGE;
	f->before_key = cases_query_i64(rq, "key");
	f->before_id = cases_query_i64(rq, "before");
	return e;
}

/* The same list on the map, which knows all of its conditions but words and hands. */
static struct str on_map(struct rq *rq, struct filter f)
{
	f.v[F_TEXT] = f.v[F_HELD] = STR_NULL;
	return filter_url(rq, "/map", &f, -1);
}

enum err cases_list_page(struct rq *rq)
{
	struct cases_list_view v = {0};
	struct matter_filter want;
	struct matter_scope s;
	struct filter f;
	enum err e;

	if (is_code(rq, &e))
		return e;
	filter_of_query(rq, &f);
	if ((e = cases_scope(rq, &s)) != OK || (e = cases_read_filter(rq, &s, &want)) != OK || (e = fill_page(rq, &s, &f, &want, &v)) != OK ||
	    (e = views_tabs(rq, &f, NULL, &v.tabs)) != OK)
		return e;
	v.text = f.v[F_TEXT].p ? f.v[F_TEXT] : STR("");
	v.from = f.v[F_FROM].p ? f.v[F_FROM] : STR("");
	v.to = f.v[F_TO].p ? f.v[F_TO] : STR("");
	v.filtered = filter_any(&f);
	fill_chips(rq, &f, &v);
	v.save_href = v.filtered && !views_has(rq, &f) ? filter_url(rq, "/cases/views", &f, -1) : STR("");
	state_options(rq, &f, &v);
	fixed_options(rq, &f, &v);
	v.may_export = rq_may(rq, "matter.export");
	v.export_href = filter_url(rq, "/cases.csv", &f, -1);
	v.map_href = on_map(rq, f);
	v.xlsx_href = filter_url(rq, "/cases.xlsx", &f, -1);
	e = place_options(rq, &s, &f, want.place, &v);
	return e == OK ? rq_page(rq, html_cases_list, &v) : e;
}
