/* /map: the map of whoever handles matters, with the filters of the list. Without script it is the filters, the number and the way to the list. */
#include <math.h>

#include "cap/map/children.h"
#include "cap/map/map.html.h"
#include "cap/map/pages.h"
#include "cap/map/screen.h"
#include "core/matter/category.h"
#include "core/matter/scenario.h"
#include "core/place/place.h"
#include "web/looks.h"
#include "web/url.h"

#define OPTIONS_MAX 400
#define SCENARIOS_MAX 64

/* The filters that the list of matters has too, so that one leads to the other. */
static const char *const shared[] = {"place", "state", "colour", "category", "channel", "scenario", "from", "to", NULL};
/* All there are: what the map shows, its files show too. */
static const char *const every[] = {"place", "state", "colour", "category", "channel", "scenario", "from", "to", "org", "tag", "closed_from", "closed_to",
				    "open", NULL};
/* Those of them for which the form has no field. */
static const char *const hidden[] = {"channel", "scenario", "org", "tag", "closed_from", "closed_to", "open"};

static void option(struct desk_option *v, size_t *n, struct str value, struct str title, struct str chosen)
{
	if (*n < OPTIONS_MAX)
		v[(*n)++] = (struct desk_option){value, title, str_eq(value, chosen)};
}

/* The way down to the place that is chosen, and what lies directly below it. */
static void fill_places(struct rq *rq, struct desk_view *v, const struct look *l, const struct set_item *top, struct str chosen)
{
	struct groups g;

	v->places = arena_array(rq->arena, struct desk_option, OPTIONS_MAX);
	for (int level = PLACE_PROVINCE; top && level <= (int)place_level_of_key(top->place); level++) {
		const struct set_item *up = set_by_key(l->tree, place_up(top->place, (enum place_level)level));

		if (up && !up->hidden && up->fid.n)
			option(v->places, &v->nplaces, up->fid, place_short_name(up->name), chosen);
	}
	children_of(rq->arena, l->tree, top, &g);
	for (size_t i = 0; i < g.n; i++)
		if (!g.v[i]->ended && g.v[i]->fid.n)
			option(v->places, &v->nplaces, g.v[i]->fid,
			       arena_printf(rq->arena, "— %.*s", STR_ARG(place_short_name(g.v[i]->name))), chosen);
}

static bool has_option(const struct desk_option *v, size_t n, struct str value)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].value, value))
			return true;
	return false;
}

static void fill_states(struct rq *rq, struct desk_view *v, struct str chosen)
{
	const struct scenario *all[SCENARIOS_MAX];
	size_t n = scenario_list(all, ARRAY_LEN(all));

	v->states = arena_array(rq->arena, struct desk_option, OPTIONS_MAX);
	option(v->states, &v->nstates, STR("open"), str_from(_("没有办结的")), chosen);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < all[i]->nstates; k++)
			if (!has_option(v->states, v->nstates, all[i]->states[k].id))
				option(v->states, &v->nstates, all[i]->states[k].id, looks_text(rq, all[i]->states[k].title), chosen);
}

static void fill_categories(struct rq *rq, struct desk_view *v, struct str chosen)
{
	const struct category *all;
	size_t n = category_list(&all);

	v->categories = arena_array(rq->arena, struct desk_option, OPTIONS_MAX);
	for (size_t i = 0; i < n; i++)
		option(v->categories, &v->ncategories, all[i].id, all[i].parent.n ?
		       arena_printf(rq->arena, "— %.*s", STR_ARG(looks_text(rq, all[i].title))) : looks_text(rq, all[i].title), chosen);
}

static void fill_colours(struct rq *rq, struct desk_view *v, struct str chosen)
{
	v->colours = arena_array(rq->arena, struct desk_option, 3);
	option(v->colours, &v->ncolours, STR("late"), str_from(_("超期")), chosen);
	option(v->colours, &v->ncolours, STR("soon"), str_from(_("将到期")), chosen);
	option(v->colours, &v->ncolours, STR("ok"), str_from(_("时限内")), chosen);
}

static void fill_layers(struct rq *rq, struct desk_view *v)
{
	const struct set **all;
	size_t n = sets_all(rq->arena, &all);

	v->layers = arena_array(rq->arena, struct desk_option, n + 1);
	for (size_t i = 0; i < n && i < OPTIONS_MAX; i++)
		if (query_may_see(rq, all[i]))
			option(v->layers, &v->nlayers, all[i]->name, str_eqz(all[i]->name, SET_PLACES) ? str_from(_("地名")) : all[i]->title, STR(""));
}

/* What was asked, as an address: empty fields of the form left out. */
static struct str address(struct rq *rq, const char *path, const char *first, const char *const *names)
{
	struct str url = arena_printf(rq->arena, "%s", path);
	const char *sep = first;

	for (; *names; names++) {
		struct str s = rq_query(rq, *names);

		if (str_empty(s))
			continue;
		url = arena_printf(rq->arena, "%.*s%s%s=%.*s", STR_ARG(url), sep, *names, STR_ARG(web_url_encode(rq->arena, s)));
		sep = "&";
	}
	return url;
}

static void fill_hidden(struct rq *rq, struct desk_view *v)
{
	v->hidden = arena_array(rq->arena, struct desk_option, ARRAY_LEN(hidden));
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (rq_query(rq, hidden[i]).n)
			v->hidden[v->nhidden++] = (struct desk_option){rq_query(rq, hidden[i]), str_from(hidden[i]), false};
}

static void fill_counts(struct desk_view *v, const struct look *l, const struct query *q)
{
	struct points_filter off = q->f;

	off.now = l->now;
	v->total = points_total(l->view, &off);
	off.flags |= POINT_UNLOCATED;
	off.flags_want |= POINT_UNLOCATED;
	v->unplaced = points_total(l->view, &off);
}

/* at=lon,lat: where somebody came from a search without script. */
static enum err read_at(struct rq *rq, struct desk_view *v)
{
	struct str at = rq_query(rq, "at"), lon;
	double x, y;

	if (str_empty(at))
		return OK;
	if (!str_split(&at, ',', &lon) || !str_f64(lon, &x) || !str_f64(at, &y) || fabs(x) > 180 || fabs(y) > 90)
		return rq_fail_field(rq, ERR_INPUT, "at", N_("at 要写成“经度,纬度”，例如 at=106.55,29.56。"));
	v->at = arena_printf(rq->arena, "%.6f,%.6f", x, y);
	return OK;
}

static enum err fill(struct rq *rq, struct desk_view *v, const struct look *l)
{
	static const struct desk_mark legend[] = {
		{"clock clock--late", N_("超期")}, {"clock clock--soon", N_("将到期")}, {"clock clock--ok", N_("时限内")}, {"clock", N_("不计时或已办结")}};
	static const char *const also[] = {"at", NULL};
	const struct set_item *top;
	double box[4];
	struct query q;
	enum err e = query_read(rq, l, also, &q);

	if (e == OK)
		e = read_at(rq, v);
	if (e != OK)
		return e;
	if (q.is_public)
		return rq_fail(rq, ERR_FORBIDDEN, N_("办事地图只给有事项查看权限的人看。"));
	top = query_top(&q, l->tree);
	fill_places(rq, v, l, top, rq_query(rq, "place"));
	fill_states(rq, v, rq_query(rq, "state"));
	fill_categories(rq, v, rq_query(rq, "category"));
	fill_colours(rq, v, rq_query(rq, "colour"));
	fill_layers(rq, v);
	fill_counts(v, l, &q);
	fill_hidden(rq, v);
	v->from = rq_query(rq, "from");
	v->to = rq_query(rq, "to");
	v->query = address(rq, "", "", every);
	v->list_href = address(rq, "/cases", "?", shared);
	v->geojson_href = address(rq, "/map/export.geojson", "?", every);
	v->csv_href = address(rq, "/map/export.csv", "?", every);
	v->wall_href = top ? arena_printf(rq->arena, "/wall?place=%.*s", STR_ARG(top->fid)) : STR("/wall");
	v->title = top ? place_short_name(top->name) : str_from(_("全部地点"));
	if (shown_bounds(rq->arena, l, top, &q.f, box))
		v->bounds = arena_printf(rq->arena, "[%.5f,%.5f,%.5f,%.5f]", box[0], box[1], box[2], box[3]);
	v->scenario = STR("resident-report");
	v->legend = legend;
	v->nlegend = ARRAY_LEN(legend);
	return OK;
}

enum err map_desk(struct rq *rq)
{
	struct desk_view v = {.s = screen_of(rq)};
	struct look l;
	enum err e = query_look(rq, &l);

	if (e != OK)
		return e;
	e = fill(rq, &v, &l);
	query_age(rq, &l);
	look_end(&l);
	return e == OK ? rq_page(rq, html_map_desk, &v) : e;
}
