/* Organisations that help (协办): asked with the dispatch, each adds its part, the one that leads closes for all. */
#include "core/matter/act.h"

#define N_(zh) zh

#define MOST_PARTS 16

/* Those named beside the one that leads; the lead itself does not help itself. */
enum err parts_assign(struct acting *x)
{
	struct str rest = value_of(x->v, x->n, "cohandlers"), one;
	const struct scenario_field *f = scenario_ask(x->s, STR("cohandlers"));
	int64_t id;

	x->is.parts = arena_array(x->tx->arena, struct matter_part, MOST_PARTS);
	x->is.nparts = 0;
	if (f == NULL || f->type != FIELD_ORGS)
		return OK; /* of a scenario in which they were a line of text */
	while (rest.n && str_split(&rest, ',', &one)) {
		struct actor_org org;

		if (!str_i64(one, &id) || id == x->is.holder_org || x->is.nparts == MOST_PARTS)
			continue;
		if (actor_org_get(x->tx->c, x->tx->arena, id, &org) != OK)
			return act_refuse0(x, ERR_INPUT, "cohandlers", N_("请从列出的单位或人里选"));
		x->is.parts[x->is.nparts++] = (struct matter_part){.org = id, .asked = x->tx->now, .open = true};
	}
	return OK;
}

static bool works_in(const struct actor_session *who, int64_t org)
{
	for (size_t i = 0; who && i < who->nrights; i++)
		if (who->rights[i].org == org)
			return true;
	return false;
}

enum err parts_add(struct acting *x)
{
	struct matter_part *v = arena_array(x->tx->arena, struct matter_part, x->is.nparts + 1);
	bool any = false;

	for (size_t i = 0; i < x->is.nparts; i++) {
		v[i] = x->was.parts[i];
		if (!v[i].open || !works_in(x->act->by.who, v[i].org))
			continue;
		v[i].open = false;
		v[i].done = x->tx->now;
		v[i].done_by = x->actor;
		any = true;
	}
	x->is.parts = v;
	return any ? OK : act_refuse0(x, ERR_CONFLICT, "", N_("您的单位没有要协办的，或者已经交过了"));
}

/* Does anybody still wait for the parts: the matter is in hand. */
static bool live(const struct matter *m)
{
	return m->kind < STATE_DONE && m->holder_org > 0;
}

static enum err store_new(struct acting *x, int64_t due)
{
	enum err e = x->was.nparts ? q_matter_parts_drop(x->tx->c, x->is.id, NULL) : OK;

	for (size_t i = 0; e == OK && i < x->is.nparts; i++)
		e = q_matter_part_put(x->tx->c, x->is.id, x->is.parts[i].org, x->tx->now, due, NULL);
	return e;
}

enum err parts_store(struct acting *x)
{
	int64_t due = x->is.due ? x->is.due : NO_DUE;
	enum err e = OK;

	if (str_eqz(x->action->effect, "assign"))
		return store_new(x, due);
	if (x->is.nparts == 0)
		return OK;
	for (size_t i = 0; e == OK && i < x->is.nparts; i++)
		if (x->is.parts[i].done == x->tx->now && x->was.parts[i].done == 0)
			e = q_matter_part_done(x->tx->c, x->is.id, x->is.parts[i].org, x->tx->now, x->actor, NULL);
	return e ? e : q_matter_parts_follow(x->tx->c, x->is.id, due, live(&x->is), NULL);
}
