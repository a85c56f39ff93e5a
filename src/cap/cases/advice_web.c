#include "cap/cases/advice.h"

#include <math.h>

#include "cap/cases/fill.h"
#include "cap/cases/map.h"
#include "cap/cases/pick.h"
#include "core/matter/category.h"
#include "core/matter/similar.h"
#include "core/rule/duty.h"
#include "web/looks.h"

#define MOST 5

/* Which of the actions that this reader may take now give the matter to somebody, and which put it to another one. */
struct ways {
	struct cases_action_view *assign, *merge;
};

static struct ways ways_of(const struct scenario *s, struct cases_show_view *v)
{
	struct ways w = {0};

	for (size_t i = 0; i < v->nactions; i++) {
		int index = scenario_action(s, v->actions[i].id);

		if (index >= 0 && str_eqz(s->actions[index].effect, "assign"))
			w.assign = &v->actions[i];
		if (index >= 0 && str_eqz(s->actions[index].effect, "merge"))
			w.merge = &v->actions[i];
	}
	return w;
}

static struct cases_field_view *field_of(struct cases_action_view *a, const char *name)
{
	for (size_t i = 0; a && i < a->nfields; i++)
		if (str_eqz(a->fields[i].name, name))
			return &a->fields[i];
	return NULL;
}

/* ---- the same thing? ---- */

static struct str where(struct rq *rq, const struct matter_similar *x)
{
	switch (x->near) {
	case NEAR_GRID:
		return str_from(_("同一网格"));
	case NEAR_POINT:
		return arena_printf(rq->arena, _("相距约 %d 米"), (int)lround(x->metres));
	case NEAR_COMMUNITY:
		return str_from(_("同一村社"));
	case NEAR_TOWN:
		break;
	}
	return str_from(_("同一镇街"));
}

static enum err advise_similar(struct rq *rq, const struct matter *m, const struct ways *w, struct cases_show_view *v, struct cases_advice *out)
{
	struct matter_similar *x;
	size_t n;
	enum err e = matter_similar(rq_conn(rq), rq->arena, m, MOST, &x, &n);

	if (e != OK)
		return e;
	out->similar = arena_array(rq->arena, struct cases_similar, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct cases_similar *to = &out->similar[out->nsimilar];
		const struct scenario *s = scenario_current(x[i].scenario);

		if (!rq_may_at(rq, "matter.read", x[i].place))
			continue;
		out->nsimilar++;
		to->id = x[i].id;
		to->title = matter_mask(rq->arena, str_empty(x[i].title) ? matter_code_head(x[i].code) : x[i].title);
		to->state = fill_state(rq, s, x[i].state);
		to->state_css = fill_state_css(s, x[i].state);
		to->why = arena_printf(rq->arena, _("相同的词 %d%% · %s · %s收到"), x[i].percent, where(rq, &x[i]).p, looks_when(rq, x[i].created).p);
		if (w->merge)
			to->merge = arena_printf(rq->arena, "/cases/%lld?into=%lld#do-%.*s", (long long)m->id, (long long)x[i].id,
						 STR_ARG(w->merge->id));
	}
	return cases_map_matter(rq, m, x, n, &v->map); /* again: now with what may be the same */
}

/* The link of a likely duplicate leads back here with its number: the form of the merge is then open and filled in. */
static void fill_into(struct rq *rq, const struct ways *w, struct cases_show_view *v)
{
	struct cases_field_view *f = field_of(w->merge, "f_into");
	int64_t id;

	if (f == NULL || !str_i64(rq_query(rq, "into"), &id) || id <= 0)
		return;
	f->value = arena_printf(rq->arena, "%lld", (long long)id);
	for (size_t i = 0; i < v->nactions; i++)
		v->actions[i].open = &v->actions[i] == w->merge;
}

/* ---- what kind of thing, and who could take it ---- */

static struct str found_words(struct rq *rq, const struct category *c, struct str text)
{
	struct str all = STR("");

	for (size_t i = 0, n = 0; i < c->nwords && n < 5; i++)
		if (c->words[i].n && str_find(text, c->words[i]) >= 0) {
			all = arena_printf(rq->arena, "%.*s%s%.*s", STR_ARG(all), all.n ? _("、") : "", STR_ARG(c->words[i]));
			n++;
		}
	return all;
}

static struct str words_of(struct rq *rq, const struct matter *m)
{
	const struct scenario *s = matter_scenario(m);
	struct str all = m->title;

	for (size_t i = 0; i < m->nvalues; i++) {
		const struct scenario_field *d = scenario_field(s, m->values[i].field);

		if (d && !d->personal && d->type == FIELD_TEXT)
			all = arena_printf(rq->arena, "%.*s\n%.*s", STR_ARG(all), STR_ARG(m->values[i].value));
	}
	return all;
}

/* The category the advice on the lead goes by: the one given, else the one guessed. */
static struct str advise_category(struct rq *rq, const struct matter *m, struct cases_advice *out)
{
	struct str text = words_of(rq, m);
	struct category_guess guess;

	if (category_suggest(rq->arena, text, &guess, 1) == 0 || str_eq(guess.category->id, m->category))
		return m->category;
	out->category = looks_text(rq, guess.category->title);
	out->category_why = arena_printf(rq->arena, _("文中有：%s"), found_words(rq, guess.category, text).p);
	return str_empty(m->category) ? guess.category->id : m->category;
}

static const char *const owners[] = {N_("部门这一级"), N_("镇街这一级"), N_("村社这一级"), N_("网格这一级")};

/* How deep an organisation stands, in the words of the duty list; -1: it says nothing about such. */
static int depth_of(struct str kind)
{
	if (str_eqz(kind, "board"))
		return 1;
	return duty_depth(kind);
}

static void choose_org(struct cases_field_view *f, struct rq *rq, int64_t org, struct str why)
{
	if (f == NULL)
		return;
	fill_choose(rq, f, arena_printf(rq->arena, "%lld", (long long)org));
	f->why = why;
}

/* Returned with a word on who should have it: that one, unless it has been dispatched since. */
static bool advise_returned(struct rq *rq, const struct scenario *s, const struct cases_show_view *v, struct cases_field_view *f,
			    struct cases_advice *out)
{
	for (size_t i = v->nraw; i-- > 0;) {
		const struct matter_step *st = &v->raw[i];
		int k = scenario_action(s, st->action);
		int64_t org;

		if (k < 0 || str_eqz(s->actions[k].effect, "assign"))
			return false;
		for (size_t j = 0; str_eqz(s->actions[k].effect, "return") && j < st->nvalues; j++) {
			if (!str_eqz(st->values[j].field, "suggest") || !str_i64(st->values[j].value, &org))
				continue;
			out->lead = pick_org_name(rq, org, 0);
			out->lead_why = arena_printf(rq->arena, _("%s退回时建议转给它"), arena_strz(rq->arena, st->actor_name));
			choose_org(f, rq, org, out->lead_why);
			return out->lead.n > 0;
		}
	}
	return false;
}

/* When the duty list names a depth at which only one organisation stands, that is the one. */
static int64_t only_one(struct rq *rq, struct str place, int depth)
{
	struct actor_org *v;
	int64_t id = 0;
	size_t n;

	if (actor_orgs_for(rq_conn(rq), rq->arena, place, &v, &n) != OK)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (depth_of(v[i].kind) != depth)
			continue;
		if (id)
			return 0;
		id = v[i].id;
	}
	return id;
}

static enum err advise_lead(struct rq *rq, const struct matter *m, struct str category, struct cases_field_view *f, struct cases_advice *out)
{
	struct duty duty;
	struct matter_lead lead = {0};
	struct actor_org org = {0};
	bool listed;
	enum err e = duty_find(rq_conn(rq), rq->arena, category, m->place, &duty);

	listed = e == OK && duty_depth(duty.owner) >= 0;
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	if (listed)
		out->duty = arena_printf(rq->arena, _("职责清单：“%s”由%s办理（%s）"), fill_category(rq, category).p, _(owners[duty_depth(duty.owner)]),
					 duty.source.p);
	e = matter_lead_lately(rq_conn(rq), rq->arena, m->place, category, rq->now, &lead);
	if (e == OK)
		e = actor_org_get(rq_conn(rq), rq->arena, lead.org, &org);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	if (e == OK && (!listed || depth_of(org.kind) == duty_depth(duty.owner))) {
		out->lead_why = arena_printf(rq->arena, _("最近 %d 天，本镇街“%s”%d 件里它办了 %d 件"), SIMILAR_LEAD_DAYS, fill_category(rq, category).p, lead.of,
					     lead.had);
	} else if (listed && (org.id = only_one(rq, m->place, duty_depth(duty.owner))) != 0) {
		if ((e = actor_org_get(rq_conn(rq), rq->arena, org.id, &org)) != OK)
			return e;
		out->lead_why = str_from(_("职责清单所说的这一级只有它"));
	} else {
		return OK;
	}
	out->lead = org.name;
	choose_org(f, rq, org.id, out->lead_why);
	return OK;
}

/* The guess stands in every form that asks for the category; whoever looks at it confirms or changes it. */
static void choose_category(struct rq *rq, struct cases_show_view *v, struct str category, const struct cases_advice *out)
{
	for (size_t i = 0; i < v->nactions; i++) {
		struct cases_field_view *f = field_of(&v->actions[i], "f_category");

		if (f == NULL)
			continue;
		fill_choose(rq, f, category);
		if (out->category.n)
			f->why = arena_printf(rq->arena, "%.*s（%.*s）", STR_ARG(out->category), STR_ARG(out->category_why));
	}
}

enum err cases_advise(struct rq *rq, const struct matter *m, struct cases_show_view *v)
{
	struct ways w = ways_of(matter_scenario(m), v);
	struct cases_advice *out = arena_new(rq->arena, struct cases_advice);
	struct str category;
	enum err e = OK;

	*out = (struct cases_advice){0};
	if (w.assign == NULL && w.merge == NULL)
		return OK;
	if (w.merge)
		e = advise_similar(rq, m, &w, v, out);
	fill_into(rq, &w, v);
	category = advise_category(rq, m, out);
	choose_category(rq, v, category, out);
	if (e == OK && w.assign && !advise_returned(rq, matter_scenario(m), v, field_of(w.assign, "f_lead"), out) && category.n)
		e = advise_lead(rq, m, category, field_of(w.assign, "f_lead"), out);
	if (e == OK && (out->nsimilar || out->category.n || out->lead.n || out->duty.n))
		v->advice = out;
	return e;
}
