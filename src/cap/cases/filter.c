#include "cap/cases/filter.h"

#include "base/time.h"
#include "cap/cases/fill.h"
#include "core/matter/category.h"
#include "core/place/place.h"
#include "web/looks.h"
#include "web/url.h"

static const struct {
	const char *name, *title;
} known[CASES_FILTERS] = {
	[F_TEXT] = {"q", N_("搜索")}, [F_PLACE] = {"place", N_("地点")}, [F_STATE] = {"state", N_("状态")},
	[F_COLOUR] = {"colour", N_("时限")}, [F_CATEGORY] = {"category", N_("类别")}, [F_CHANNEL] = {"channel", N_("来源")},
	[F_SCENARIO] = {"scenario", N_("事项种类")}, [F_HELD] = {"held", N_("在谁手里")}, [F_FROM] = {"from", N_("收到日期从")},
	[F_TO] = {"to", N_("到")},
};

/* ---- texts ---- */

static struct str given(struct str s)
{
	s = str_trim(s);
	return str_empty(s) ? STR_NULL : s;
}

void filter_of_query(struct rq *rq, struct filter *f)
{
	for (int i = 0; i < CASES_FILTERS; i++)
		f->v[i] = given(rq_query(rq, known[i].name));
}

void filter_of_form(struct rq *rq, struct filter *f)
{
	for (int i = 0; i < CASES_FILTERS; i++)
		f->v[i] = given(rq_form(rq, known[i].name));
}

bool filter_any(const struct filter *f)
{
	for (int i = 0; i < CASES_FILTERS; i++)
		if (f->v[i].n)
			return true;
	return false;
}

struct str filter_url(struct rq *rq, const char *path, const struct filter *f, int without)
{
	struct str url = str_from(path);
	char sep = '?';

	for (int i = 0; i < CASES_FILTERS; i++) {
		if (i == without || str_empty(f->v[i]))
			continue;
		url = arena_printf(rq->arena, "%.*s%c%s=%.*s", STR_ARG(url), sep, known[i].name, STR_ARG(web_url_encode(rq->arena, f->v[i])));
		sep = '&';
	}
	return url;
}

struct str filter_lines(struct arena *a, const struct filter *f)
{
	struct str all = STR("");

	for (int i = 0; i < CASES_FILTERS; i++)
		if (f->v[i].n && str_chr(f->v[i], '\n') < 0)
			all = arena_printf(a, "%.*s%s=%.*s\n", STR_ARG(all), known[i].name, STR_ARG(f->v[i]));
	return all;
}

void filter_parse(struct arena *a, struct str lines, struct filter *f)
{
	struct str line, name;

	*f = (struct filter){0};
	while (str_split(&lines, '\n', &line)) {
		if (!str_split(&line, '=', &name))
			continue;
		for (int i = 0; i < CASES_FILTERS; i++)
			if (str_eqz(name, known[i].name) && line.n)
				f->v[i] = arena_str(a, line);
	}
}

/* ---- against the reader's scope ---- */

static enum err day_start(struct rq *rq, const struct filter *t, int which, int64_t add, int64_t *out)
{
	int64_t day;

	*out = 0;
	if (str_empty(t->v[which]))
		return OK;
	if (!time_parse_date(t->v[which], &day))
		return rq_fail_field(rq, ERR_INPUT, known[which].name, _("日期要写成 2026-11-22 这样"));
	*out = time_day_start(day + add, TIME_CHINA);
	return OK;
}

static enum err read_place(struct rq *rq, struct str code, const struct matter_scope *s, struct matter_filter *f)
{
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

/* "me", or the organisation of the reader (the first one, for whoever works in several). */
static void read_held(struct rq *rq, struct str held, struct matter_filter *f)
{
	if (str_eqz(held, "me"))
		f->holder = rq->who.id;
	for (size_t i = 0; str_eqz(held, "org") && i < rq->who.nrights && !f->holder_org; i++)
		f->holder_org = rq->who.rights[i].org;
	if (str_eqz(held, "org") && !f->holder_org)
		f->holder = rq->who.id;
}

enum err filter_read(struct rq *rq, const struct filter *t, const struct matter_scope *s, struct matter_filter *f)
{
	struct str colour = t->v[F_COLOUR], state = t->v[F_STATE];
	enum err e;

	*f = (struct matter_filter){.scenario = t->v[F_SCENARIO], .category = t->v[F_CATEGORY], .channel = t->v[F_CHANNEL], .text = t->v[F_TEXT]};
	for (int i = 0; i < CASES_FILTERS; i++)
		if (t->v[i].n > FILTER_MOST)
			return rq_fail_field(rq, ERR_INPUT, known[i].name, _("“%s”太长，最多 %d 个字节"), _(known[i].title), FILTER_MOST);
	if (str_eqz(state, "open"))
		f->kind = -1;
	else
		f->state = state;
	f->colour = str_eqz(colour, "late") ? 3 : str_eqz(colour, "soon") ? 2 : str_eqz(colour, "ok") ? 1 : 0;
	read_held(rq, t->v[F_HELD], f);
	if ((e = day_start(rq, t, F_FROM, 0, &f->from)) != OK || (e = day_start(rq, t, F_TO, 1, &f->to)) != OK)
		return e;
	return read_place(rq, t->v[F_PLACE], s, f);
}

/* ---- words ---- */

static struct str scenario_says(struct rq *rq, struct str id)
{
	const struct scenario *s = scenario_current(id);

	return s ? looks_text(rq, s->title) : id;
}

/* The scenario of the filter, else the first one that has a state of that name, says its title. */
static struct str state_says(struct rq *rq, struct str state, const struct scenario *own)
{
	const struct scenario *all[64];
	size_t n = scenario_list(all, ARRAY_LEN(all));

	if (own && scenario_state(own, state) >= 0)
		return fill_state(rq, own, state);
	if (str_eqz(state, "open"))
		return str_from(_("没有办结的"));
	for (size_t i = 0; i < n; i++)
		if (scenario_state(all[i], state) >= 0)
			return fill_state(rq, all[i], state);
	return state;
}

static struct str value_says(struct rq *rq, const struct filter *f, int which)
{
	struct str v = f->v[which];
	struct place p;

	switch (which) {
	case F_PLACE:
		return place_by_code(rq_conn(rq), rq->arena, v, 0, &p) == OK ? p.name : v;
	case F_STATE:
		return state_says(rq, v, f->v[F_SCENARIO].n ? scenario_current(f->v[F_SCENARIO]) : NULL);
	case F_COLOUR:
		return str_eqz(v, "late") ? str_from(_("已超期")) : str_eqz(v, "soon") ? str_from(_("快到期")) :
		       str_eqz(v, "ok") ? str_from(_("在期内")) : v;
	case F_CATEGORY:
		return fill_category(rq, v);
	case F_CHANNEL:
		return fill_channel(rq, v);
	case F_SCENARIO:
		return scenario_says(rq, v);
	case F_HELD:
		return str_eqz(v, "me") ? str_from(_("我")) : str_eqz(v, "org") ? str_from(_("我的单位")) : v;
	default:
		return v;
	}
}

struct str filter_says(struct rq *rq, const struct filter *f, int which)
{
	return arena_printf(rq->arena, _("%s：%s"), _(known[which].title), arena_strz(rq->arena, value_says(rq, f, which)));
}
