/* The pages: which villages there are, one village with its grids, what a change would do, saving it. */
#include <jansson.h>
#include <math.h>

#include "base/file.h"
#include "base/json.h"
#include "cap/grids/grids.html.h"
#include "cap/grids/view.h"
#include "core/journal/journal.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define MATTERS_SHOWN 20

/* ---- the list ---- */

static enum err count_units(struct rq *rq, struct grids_list_row *r)
{
	struct place *kids;
	size_t n;
	enum err e = place_children(rq_conn(rq), rq->arena, r->place.key, &kids, &n);

	for (size_t i = 0; e == OK && i < n; i++) {
		struct place_area area;

		e = place_area_get(rq_conn(rq), rq->arena, kids[i].key, &area);
		r->drawn += e == OK;
		e = e == ERR_NOT_FOUND ? OK : e;
	}
	r->units = n;
	return e;
}

static enum err fill_list(struct rq *rq, struct grids_list_view *v, const struct place *kids, size_t n)
{
	enum err e = OK;

	v->v = arena_array(rq->arena, struct grids_list_row, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct grids_list_row *r = &v->v[v->n++];

		r->place = kids[i];
		r->village = kids[i].level == PLACE_COMMUNITY;
		if (r->village)
			e = count_units(rq, r);
	}
	return e;
}

/* Where somebody begins: the one place of the right, or the places of several. */
static enum err list_tops(struct rq *rq, struct grids_list_view *v)
{
	struct scope *scopes;
	struct place *tops, *kids;
	size_t n, ntops = 0;
	enum err e = rq_scope(rq, "place.manage", &scopes, &n);

	tops = arena_array(rq->arena, struct place, n + 1);
	for (size_t i = 0; e == OK && i < n; i++)
		e = place_by_key(rq_conn(rq), rq->arena, scopes[i].from, &tops[ntops++]);
	if (e != OK)
		return e;
	v->title = str_from(_(N_("网格划分")));
	if (ntops != 1 || tops[0].level >= PLACE_COMMUNITY)
		return fill_list(rq, v, tops, ntops);
	v->title = tops[0].level == PLACE_ROOT ? v->title : tops[0].name;
	e = place_children(rq_conn(rq), rq->arena, tops[0].key, &kids, &n);
	return e == OK ? fill_list(rq, v, kids, n) : e;
}

static enum err grids_list(struct rq *rq)
{
	struct grids_list_view v = {0};
	struct str key = rq_query(rq, "place");
	struct place at, *kids;
	size_t n;
	enum err e;

	if (str_empty(key)) {
		e = list_tops(rq, &v);
		return e == OK ? rq_page(rq, html_grids_list, &v) : e;
	}
	if (!rq_may_at(rq, "place.manage", key))
		return rq_fail(rq, ERR_FORBIDDEN, N_("您不管理这个地方的网格"));
	e = place_by_key(rq_conn(rq), rq->arena, key, &at);
	if (e == OK)
		e = place_children(rq_conn(rq), rq->arena, key, &kids, &n);
	if (e == OK)
		e = fill_list(rq, &v, kids, n);
	if (e != OK)
		return e;
	v.title = at.name;
	v.up = STR("/grids");
	return rq_page(rq, html_grids_list, &v);
}

/* ---- one village ---- */

static enum err load(struct rq *rq, struct grids_plan *p)
{
	struct str key = rq_param(rq, "place");
	enum err e;

	if (!rq_may_at(rq, "place.manage", key))
		return rq_fail(rq, ERR_FORBIDDEN, N_("您不管理这个地方的网格"));
	e = grids_load(rq_conn(rq), rq->arena, key, p);
	if (e == ERR_TOO_MUCH)
		return rq_fail(rq, ERR_TOO_MUCH, N_("这个地方的网格太多，请先合并"));
	return e;
}

/* The last changes here, from the journal. */
static enum err events(struct rq *rq, struct grids_show_view *v)
{
	static const struct { const char *kind, *zh; } words[] = {
		{"place.area", N_("边界改了")}, {"place.area-end", N_("边界撤了")}, {"place.add", N_("新网格")}, {"place.merge", N_("合并")},
		{"place.name", N_("改名")}, {"place.code", N_("改代码")},
	};
	struct journal_filter f = {.kind = STR("place"), .place = v->p->village.key, .limit = 20};
	struct journal_entry *rows;
	int64_t next;
	size_t n;
	enum err e = journal_search(rq_conn(rq), rq->arena, &f, &rows, &n, &next);

	if (e != OK)
		return e;
	v->events = arena_array(rq->arena, struct grids_event, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct grids_event *x = &v->events[v->nevents];
		struct place at;
		struct str why;
		json_t *data;

		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			if (str_eqz(rows[i].kind, words[k].kind))
				x->what = str_from(_(words[k].zh));
		if (!x->what.n)
			continue;
		if (place_by_key(rq_conn(rq), rq->arena, rows[i].place, &at) == OK)
			x->what = arena_printf(rq->arena, "%.*s · %.*s", STR_ARG(at.name), STR_ARG(x->what));
		x->at = rows[i].at;
		if (json_parse(rq->arena, rows[i].data, NULL, &data, &why) == OK)
			(void)json_get_str(data, "reason", &x->reason);
		v->nevents++;
	}
	return OK;
}

static enum err show(struct rq *rq, const struct grids_plan *p, const struct grids_typed *typed, struct str error)
{
	struct grids_show_view v = {.p = p, .now = grids_draw(rq, p, false), .error = error, .all_located = p->n > 0};
	enum err e = events(rq, &v);

	if (e != OK)
		return e;
	if (typed)
		v.typed = *typed;
	v.parent = place_up(p->village.key, p->village.level - 1);
	v.choices = arena_array(rq->arena, struct grids_choice, p->n + 1);
	for (size_t i = 0; i < p->n; i++) {
		if (!p->v[i].place.key.p)
			continue;
		v.choices[v.nchoices++] = (struct grids_choice){p->v[i].place.key, p->v[i].place.name, str_eq(p->v[i].place.key, v.typed.unit),
								str_eq(p->v[i].place.key, v.typed.other)};
		v.any_drawn = v.any_drawn || p->v[i].before.nrings;
		v.all_located = v.all_located && coord_valid(p->v[i].place.lon, p->v[i].place.lat);
	}
	return rq_page_status(rq, error.n ? 422 : 200, html_grids_show, &v);
}

static enum err grids_show(struct rq *rq)
{
	struct grids_plan p;
	enum err e = load(rq, &p);

	return e == OK ? show(rq, &p, NULL, STR("")) : e;
}

/* ---- making a plan of what was posted ---- */

static size_t unit_at(const struct grids_plan *p, struct str key)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].place.key.p && str_eq(p->v[i].place.key, key))
			return i;
	return GRIDS_MOST * 2;
}

/* The file of the form, or what the preview carries on. */
static enum err read_upload(struct rq *rq, struct grids_typed *t)
{
	struct str why;

	for (size_t i = 0; i < rq->http->nuploads; i++)
		if (str_eqz(rq->http->uploads[i].field, "file"))
			return file_read(rq->arena, arena_strz(rq->arena, rq->http->uploads[i].path), FILE_MAX_BYTES, &t->geojson, &why);
	return OK;
}

static enum err refused(struct grids_plan *p, const char *why)
{
	p->why = why;
	return ERR_RULE;
}

static enum err plan(struct rq *rq, const struct grids_typed *t, struct grids_plan *p)
{
	struct shape_point *line = NULL;
	size_t n = 0, x = unit_at(p, t->unit), y = unit_at(p, t->other);
	enum coord_datum datum;

	if ((str_eqz(t->op, "split") || str_eqz(t->op, "border")) && !grids_read_line(rq->arena, t->line, &line, &n))
		return refused(p, N_("线读不懂：每行一个点，写成 经度,纬度"));
	if (str_eqz(t->op, "split"))
		return grids_split(rq->arena, p, x, line, n, t->name);
	if (str_eqz(t->op, "border"))
		return grids_border(rq->arena, p, x, y, line, n);
	if (str_eqz(t->op, "merge"))
		return grids_merge(rq->arena, p, x, y);
	if (str_eqz(t->op, "start-points"))
		return grids_start(rq_conn(rq), rq->arena, p, true, 0);
	if (str_eqz(t->op, "start-whole"))
		return grids_start(rq_conn(rq), rq->arena, p, false, x);
	if (!str_eqz(t->op, "file"))
		return refused(p, N_("请选一种改法"));
	if (str_empty(t->geojson))
		return refused(p, N_("请选一个 GeoJSON 文件，不超过 1 MB"));
	if (!coord_datum_read(t->datum, &datum))
		return refused(p, N_("请选文件的坐标系"));
	return grids_file(rq->arena, p, t->geojson, datum);
}

static struct str reason_text(struct rq *rq, const struct grids_plan *p)
{
	int holes = 0;

	for (const char *s = p->why ? _(p->why) : ""; *s; s++)
		holes += s[0] == '%' && s[1] == 's';
	if (!p->why)
		return STR("");
	/* the formats are ours; what goes in has been counted */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	struct str out = holes == 2 ? arena_printf(rq->arena, _(p->why), p->why_v[0].p, p->why_v[1].p) :
			 holes == 1 ? arena_printf(rq->arena, _(p->why), p->why_v[0].p) : str_from(_(p->why));
#pragma GCC diagnostic pop
	return out;
}

/* ---- the preview ---- */

static struct str size_text(struct rq *rq, const struct shape *s)
{
	double m = s->nrings ? shape_area(s) : 0;

	if (m == 0)
		return STR("—");
	return m < 100000 ? arena_printf(rq->arena, _(N_("%.0f 平方米")), m) : arena_printf(rq->arena, _(N_("%.2f 平方公里")), m / 1e6);
}

static void fill_rows(struct rq *rq, const struct grids_plan *p, struct grids_preview_view *v)
{
	v->rows = arena_array(rq->arena, struct grids_row, p->n + 1);
	for (size_t i = 0; i < p->n; i++) {
		const struct grids_unit *u = &p->v[i];
		struct grids_row *r = &v->rows[v->nrows++];

		*r = (struct grids_row){.name = u->place.name, .before = size_text(rq, &u->before), .after = size_text(rq, &u->after), .open = u->open,
					.leaves = u->leaves, .comes = u->comes, .note = STR("")};
		if (!u->place.key.p)
			r->note = str_from(_(N_("新设")));
		if (u->gone)
			r->note = arena_printf(rq->arena, _(N_("并入%s")), p->v[u->into].place.name.p);
	}
}

static struct str unit_name(const struct grids_plan *p, size_t i)
{
	return i < p->n ? p->v[i].place.name : p->village.name;
}

static enum err preview(struct rq *rq, struct grids_plan *p, const struct grids_typed *t, struct str notice)
{
	struct grids_preview_view v = {.p = p, .typed = *t, .notice = notice};
	enum err e = grids_effect(rq_conn(rq), rq->arena, p);

	if (e != OK)
		return e;
	v.typed.version = arena_printf(rq->arena, "%lld", (long long)p->version);
	v.now = grids_draw(rq, p, false);
	v.then = grids_draw(rq, p, true);
	fill_rows(rq, p, &v);
	v.matters = arena_array(rq->arena, struct grids_matter, MATTERS_SHOWN);
	for (size_t i = 0; i < p->nmoves && i < MATTERS_SHOWN; i++)
		v.matters[v.nmatters++] = (struct grids_matter){p->moves[i].matter.id, matter_mask(rq->arena, p->moves[i].matter.title),
								unit_name(p, p->moves[i].from), unit_name(p, p->moves[i].to)};
	v.nmore = p->nmoves - v.nmatters;
	if (p->uncovered > 100 && p->op != GRIDS_MERGE)
		v.uncovered = arena_printf(rq->arena, "%.0f", p->uncovered);
	return rq_page(rq, html_grids_preview, &v);
}

/* ---- saving ---- */

struct saving {
	struct grids_plan p;
	struct grids_typed typed;
};

static enum err saved(struct rq *rq, void *arg, enum err result)
{
	struct saving *s = arg;
	struct grids_plan fresh;

	if (result == OK) {
		rq_flash(rq, N_("已保存"));
		return rq_redirect(rq, arena_printf(rq->arena, "/grids/%.*s", STR_ARG(s->p.village.key)));
	}
	if (result != ERR_CONFLICT)
		return result;
	/* somebody was faster: the same change on what is there now, to be looked at again */
	result = grids_load(rq_conn(rq), rq->arena, s->p.village.key, &fresh);
	if (result == OK)
		result = plan(rq, &s->typed, &fresh);
	if (result == ERR_RULE)
		return show(rq, &fresh, &s->typed, reason_text(rq, &fresh));
	return result == OK ? preview(rq, &fresh, &s->typed, str_from(_(N_("刚才有人改了边界，请按现在的样子再看一遍")))) : result;
}

static enum err save(struct rq *rq, struct grids_plan *p, const struct grids_typed *t)
{
	struct saving *s = arena_new(rq->arena, struct saving);

	*s = (struct saving){*p, *t};
	s->p.reason = t->reason;
	s->p.who = rq->who.id;
	if (!str_i64(t->version, &s->p.version))
		s->p.version = -1;
	return rq_write(rq, grids_save, saved, s);
}

static enum err grids_change(struct rq *rq)
{
	struct grids_typed t = {
		.op = rq_form(rq, "op"), .unit = rq_form(rq, "unit"), .other = rq_form(rq, "other"), .line = rq_form(rq, "line"),
		.name = rq_form(rq, "name"), .geojson = rq_form(rq, "geojson"), .datum = rq_form(rq, "datum"), .reason = rq_form(rq, "reason"),
		.version = rq_form(rq, "version")};
	struct grids_plan p, look;
	enum err e = load(rq, &p);

	if (e != OK)
		return e;
	look = p;
	e = read_upload(rq, &t);
	if (e == ERR_TOO_MUCH) {
		p.why = N_("文件太大，不能超过 1 MB");
		e = ERR_RULE;
	} else if (e == OK && t.reason.n > 600) {
		p.why = N_("原因太长");
		e = ERR_RULE;
	} else if (e == OK) {
		e = plan(rq, &t, &p);
	}
	if (e == ERR_RULE)
		return show(rq, &look, &t, reason_text(rq, &p));
	if (e != OK)
		return e;
	return str_eqz(rq_form(rq, "save"), "1") ? save(rq, &p, &t) : preview(rq, &p, &t, STR(""));
}

static const struct route routes[] = {
	{"GET", "/grids", grids_list, "place.manage", R_LOGIN, N_("要划分网格的村社区"), 0},
	{"GET", "/grids/:place", grids_show, "place.manage", R_LOGIN, N_("一个村社区的网格和边界"), 0},
	{"POST", "/grids/:place", grids_change, "place.manage", R_LOGIN | R_FILES, N_("切分、合并、改界、上传：先看影响，再保存"), (int64_t)3 << 20},
	{0},
};

static const struct permission permissions[] = {
	{"place.manage", N_("划分网格")},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("网格划分"), "/grids", "place.manage", 600, NULL},
	{0},
};

extern const struct capability cap_grids;
const struct capability cap_grids = {
	.name = "grids",
	.title = N_("网格划分"),
	.routes = routes,
	.permissions = permissions,
	.menu = menu,
};
