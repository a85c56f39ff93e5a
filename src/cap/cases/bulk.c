#include "cap/cases/bulk.h"

#include "base/clock.h"
#include "cap/cases/cases.sql.h"
#include "core/place/place.h"
#include "web/looks.h"

#define KEPT (2 * MS_DAY)

/* ---- which steps ---- */

static bool same_questions(const struct scenario *s, const struct scenario_action *x, const struct scenario *t, const struct scenario_action *y)
{
	if (!str_eq(x->title.zh, y->title.zh) || x->nasks != y->nasks)
		return false;
	for (size_t i = 0; i < x->nasks; i++) {
		const struct scenario_field *f = scenario_ask(s, x->asks[i].field), *g = scenario_ask(t, y->asks[i].field);

		if (!f || !g || !str_eq(f->id, g->id) || f->type != g->type || f->nchoices != g->nchoices || x->asks[i].required != y->asks[i].required)
			return false;
		for (size_t k = 0; k < f->nchoices; k++)
			if (!str_eq(f->choices[k].id, g->choices[k].id))
				return false;
	}
	return true;
}

/* Photographs belong to one matter; a merge names another one. Neither is asked for many. */
static bool for_many(const struct scenario *s, const struct scenario_action *ac)
{
	if (str_eqz(ac->effect, "merge"))
		return false;
	for (size_t i = 0; i < ac->nasks; i++) {
		const struct scenario_field *f = scenario_ask(s, ac->asks[i].field);

		if (f == NULL || (f->type == FIELD_IMAGE && ac->asks[i].required))
			return false;
	}
	return true;
}

static bool allows(const struct scenario *s, const int *index, size_t n, const struct bulk_action *wanted)
{
	const struct scenario_action *ac = &wanted->s->actions[wanted->index];

	for (size_t i = 0; i < n; i++)
		if (str_eq(s->actions[index[i]].id, ac->id))
			return same_questions(wanted->s, ac, s, &s->actions[index[i]]);
	return false;
}

enum err bulk_actions(struct arena *a, const struct actor_session *who, const struct matter *v, size_t nv, int64_t now,
		      struct bulk_action **out, size_t *n)
{
	struct matter_actor by = {.who = who};

	*n = 0;
	*out = NULL;
	for (size_t m = 0; m < nv; m++) {
		const struct scenario *s = matter_scenario(&v[m]);
		size_t ni, kept = 0;
		int *index;
		enum err e = matter_actions(&v[m], &by, now, a, &index, &ni);

		if (e != OK)
			return e;
		if (m == 0) {
			*out = arena_array(a, struct bulk_action, ni + 1);
			for (size_t i = 0; i < ni; i++)
				if (for_many(s, &s->actions[index[i]]))
					(*out)[(*n)++] = (struct bulk_action){s, index[i]};
			continue;
		}
		for (size_t i = 0; i < *n; i++)
			if (allows(s, index, ni, &(*out)[i]))
				(*out)[kept++] = (*out)[i];
		*n = kept;
	}
	return OK;
}

struct str bulk_place(const struct matter *v, size_t n)
{
	struct str place = n ? v[0].place : STR("");
	enum place_level level = place_level_of_key(place);

	for (size_t i = 1; i < n; i++)
		while (level > PLACE_ROOT && !place_within(v[i].place, place)) {
			level--;
			place = level > PLACE_ROOT ? place_up(place, level) : STR("");
		}
	return place;
}

/* ---- rules that a reason lets pass ---- */

static bool store_failed(enum err e)
{
	return e == ERR_DB || e == ERR_BUSY || e == ERR_IO;
}

static bool stops(const struct rule_outcome *o)
{
	return o->verdict == RULE_FAIL && o->rule->strength != RULE_WARN && !o->overridden;
}

/* Is there something to give a reason for, and nothing that no reason helps? */
static bool may_pass(const struct matter_act *act)
{
	bool any = false;

	for (size_t i = 0; i < act->noutcomes; i++) {
		if (stops(&act->outcomes[i]) && act->outcomes[i].rule->strength != RULE_SHOULD)
			return false;
		any |= stops(&act->outcomes[i]);
	}
	return any;
}

static void block(struct arena *a, struct bulk_run *r, const struct rule *rule, const struct matter *m)
{
	size_t i = 0;

	while (i < r->nblocks && r->blocks[i].rule != rule)
		i++;
	if (i == BULK_RULES)
		return;
	if (i == r->nblocks) {
		r->blocks[i] = (struct bulk_block){.rule = rule, .v = arena_array(a, const struct matter *, BULK_MOST), .reason = STR("")};
		r->nblocks++;
	}
	r->blocks[i].v[r->blocks[i].n++] = m;
}

enum err bulk_blocked(struct rq *rq, struct bulk_run *r, const struct matter *v, const int64_t *versions, size_t n)
{
	r->blocks = arena_array(rq->arena, struct bulk_block, BULK_RULES);
	r->nblocks = 0;
	for (size_t i = 0; i < n; i++) {
		struct matter_act act = {.id = v[i].id, .version = versions[i], .action = r->action, .by = {.who = &rq->who}, .values = r->values,
					 .nvalues = r->nvalues, .arena = rq->arena};
		enum err e = matter_check(rq_conn(rq), rq->now, &act);

		if (store_failed(e))
			return e;
		for (size_t k = 0; e == ERR_RULE && may_pass(&act) && k < act.noutcomes; k++)
			if (stops(&act.outcomes[k]))
				block(rq->arena, r, act.outcomes[k].rule, &v[i]);
	}
	return OK;
}

struct str bulk_reason(struct arena *a, const struct bulk_run *r, int64_t matter)
{
	struct str all = STR("");

	for (size_t i = 0; i < r->nblocks; i++)
		for (size_t k = 0; k < r->blocks[i].n; k++) {
			if (r->blocks[i].v[k]->id != matter)
				continue;
			if (str_empty(r->blocks[i].reason))
				return STR("");
			all = all.n ? arena_printf(a, "%.*s；%.*s", STR_ARG(all), STR_ARG(r->blocks[i].reason)) : r->blocks[i].reason;
		}
	return all;
}

/* ---- one matter ---- */

struct one {
	const struct bulk_run *run;
	struct matter_act act;
	enum err result;
	struct str why, why_en;
};

static enum err keep(struct tx *tx, const struct one *x, int64_t *changed)
{
	return q_cases_bulk_put(tx->c, &(struct cases_bulk_put_args){
		.run = x->run->run, .matter = x->act.id, .actor = x->act.by.who->id, .at = tx->now, .action = x->run->action,
		.result = x->result, .why = x->why.p ? x->why : STR(""), .why_en = x->why_en.p ? x->why_en : STR("")}, changed);
}

/* The note that it was done and the step itself: both or neither. */
static enum err one_job(struct tx *tx, void *arg)
{
	struct one *x = arg;
	int64_t changed;
	enum err e = keep(tx, x, &changed);

	return e == OK && changed ? matter_do(tx, &x->act) : e;
}

static enum err refused_job(struct tx *tx, void *arg)
{
	return keep(tx, arg, NULL);
}

static struct str why_in(struct rq *rq, enum lang lang, const struct matter_act *act)
{
	enum lang own = rq->lang;
	struct str why;

	rq->lang = lang;
	why = looks_why(rq, act->why, &act->said);
	if (str_empty(why))
		why = str_from(_("没有办成，请打开这一件再试"));
	rq->lang = own;
	return why;
}

enum err bulk_do(struct rq *rq, const struct bulk_run *r, int64_t id, int64_t version)
{
	struct one *x = arena_new(rq->arena, struct one);
	struct matter m;
	enum err e = matter_get(rq_conn(rq), rq->arena, id, &m);

	*x = (struct one){.run = r};
	x->act = (struct matter_act){.id = id, .version = version, .action = r->action, .by = {.who = &rq->who}, .values = r->values,
				     .nvalues = r->nvalues, .arena = rq->arena, .override_reason = bulk_reason(rq->arena, r, id)};
	if (e == OK && !cases_may_see(&rq->who, &m))
		e = ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		x->act.said.fmt = N_("没有这件事项，或它不在您的工作范围内");
	if (e == OK)
		e = db_write(rq->app->db, one_job, x);
	if (e == OK || store_failed(e))
		return e;
	x->result = e;
	if (e == ERR_NOT_FOUND)
		x->act.why = STR("没有这件事项，或它不在您的工作范围内");
	x->why = why_in(rq, LANG_ZH, &x->act);
	x->why_en = why_in(rq, LANG_EN, &x->act);
	return db_write(rq->app->db, refused_job, x);
}

/* ---- cleaning ---- */

static enum err clean_job(struct tx *tx, void *arg)
{
	return q_cases_bulk_clean(tx->c, *(int64_t *)arg - KEPT, NULL);
}

enum err bulk_clean(struct app *app, int64_t now)
{
	return db_write(app->db, clean_job, &now);
}
