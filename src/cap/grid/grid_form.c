/* The two forms of the grid: what was found, and what a person asked to have reported. */
#include "base/utf8.h"
#include "cap/grid/grid_pages.h"

enum err grid_mine(struct rq *rq, struct place **v, size_t *n)
{
	struct scope *scope;
	struct str *top;
	size_t count;
	enum err e = rq_scope(rq, "grid.work", &scope, &count);

	*n = 0;
	if (e != OK)
		return e;
	top = arena_array(rq->arena, struct str, count + 1);
	for (size_t i = 0; i < count; i++)
		top[i] = scope[i].from;
	return grid_places(rq_conn(rq), rq->arena, top, count, v, n);
}

static enum err name_of(struct rq *rq, const struct place *p, struct str *out)
{
	struct str community = place_up(p->key, PLACE_COMMUNITY);
	struct place above;
	enum err e;

	*out = place_short_name(p->name);
	if (p->level <= PLACE_COMMUNITY || str_empty(community))
		return OK;
	e = place_by_key(rq_conn(rq), rq->arena, community, &above);
	if (e == OK)
		*out = arena_cat(rq->arena, place_short_name(above.name), p->name);
	return e == ERR_NOT_FOUND ? OK : e;
}

struct str grid_names(struct rq *rq, const struct place *v, size_t n)
{
	struct str name;

	if (n == 0)
		return STR("");
	if (name_of(rq, &v[0], &name) != OK)
		return STR("");
	return n == 1 ? name : arena_printf(rq->arena, _("%s等 %d 处"), name.p ? arena_strz(rq->arena, name) : "", (int)n);
}

static enum err places_of(struct rq *rq, const struct place *v, size_t n, struct grid_form *f)
{
	struct str chosen = rq_form(rq, "place");
	enum err e = OK;

	f->places = arena_array(rq->arena, struct grid_choice, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct grid_choice *k = &f->places[f->nplaces++];

		k->value = v[i].key;
		k->chosen = str_eq(v[i].key, chosen);
		e = name_of(rq, &v[i], &k->title);
	}
	if (f->nplaces == 1)
		f->place_name = f->places[0].title;
	return e;
}

/* What is done at once. The first step is chosen beforehand: what is settled on the spot needs no further tap. */
static enum err steps_of(struct rq *rq, const struct scenario *s, struct str place, bool posted, struct grid_form *f)
{
	struct str chosen = rq_form(rq, "step");
	int *which;
	size_t n;
	enum err e = grid_first_steps(rq->arena, s, place, &rq->who, rq->now, &which, &n);

	f->steps = arena_array(rq->arena, struct grid_choice, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		const struct scenario_action *act = &s->actions[which[i]];

		f->steps[f->nsteps++] = (struct grid_choice){act->id, looks_text(rq, act->title),
							     posted && chosen.n ? str_eq(act->id, chosen) : i == 0};
	}
	return e;
}

/* Choices that the scenario would like to know and does not insist on. */
static void selects_of(struct rq *rq, const struct scenario *s, struct grid_form *f)
{
	f->selects = arena_array(rq->arena, struct grid_select, s->nfields + 1);
	for (size_t i = 0; i < s->nfields; i++) {
		const struct scenario_field *d = &s->fields[i];
		struct grid_select *k = &f->selects[f->nselects];

		if (d->type != FIELD_CHOICE)
			continue;
		f->nselects++;
		*k = (struct grid_select){d->id, looks_text(rq, d->title), arena_array(rq->arena, struct grid_choice, d->nchoices + 1), 0};
		for (size_t c = 0; c < d->nchoices; c++)
			k->v[k->n++] = (struct grid_choice){d->choices[c].id, looks_text(rq, d->choices[c].title),
							    str_eq(d->choices[c].id, rq_form(rq, arena_strz(rq->arena, d->id)))};
	}
}

/* The scenarios call the exact spot by different names; the form has one field for it. */
static struct str spot_field(const struct scenario *s)
{
	return scenario_field(s, STR("spot")) ? STR("spot") : STR("address");
}

enum err grid_form_make(struct rq *rq, const char *kind, bool posted, struct grid_form **out)
{
	const struct scenario *s = scenario_current(str_from(strcmp(kind, "found") == 0 ? GRID_FINDING : GRID_PROXY));
	struct grid_form *f = arena_new(rq->arena, struct grid_form);
	struct place *v;
	size_t n;
	enum err e = grid_mine(rq, &v, &n);

	*out = f;
	f->kind = kind;
	if (e == OK && s == NULL)
		return rq_fail(rq, ERR_NOT_FOUND, N_("这一种事项还没有开通，请告诉系统管理员。"));
	if (e == OK)
		e = places_of(rq, v, n, f);
	if (e == OK && n && strcmp(kind, "found") == 0)
		e = steps_of(rq, s, v[0].key, posted, f);
	if (e != OK)
		return e;
	if (strcmp(kind, "found") == 0)
		selects_of(rq, s, f);
	f->spot_name = spot_field(s);
	if (!posted)
		return OK;
	f->what = rq_form(rq, "what");
	f->spot = rq_form(rq, "spot");
	f->note = rq_form(rq, "note");
	f->name = rq_form(rq, "name");
	f->phone = rq_form(rq, "phone");
	f->email = rq_form(rq, "email");
	f->no_contact = str_eqz(rq_form(rq, "no_contact"), "1");
	f->is_public = str_eqz(rq_form(rq, "public"), "1");
	return OK;
}
