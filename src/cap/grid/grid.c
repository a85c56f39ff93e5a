/* Rules of the grid's pages. No HTTP, no HTML. */
#include "cap/grid/grid.h"

/* ---- places ---- */

static void keep(struct place *v, size_t *n, const struct place *p)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(v[i].key, p->key))
			return;
	if (*n < GRID_PLACES)
		v[(*n)++] = *p;
}

/* Down to the grids of a community, or the communities of a town or district. */
static enum err below(struct db_conn *c, struct arena *a, const struct place *top, struct place *v, size_t *n)
{
	struct place *child;
	size_t count;
	enum err e = OK;

	if (top->level >= PLACE_GRID) {
		keep(v, n, top);
		return OK;
	}
	e = place_children(c, a, top->key, &child, &count);
	for (size_t i = 0; e == OK && i < count && *n < GRID_PLACES; i++) {
		if (child[i].level >= PLACE_COMMUNITY)
			keep(v, n, &child[i]);
		else
			e = below(c, a, &child[i], v, n);
	}
	if (e == OK && top->level == PLACE_COMMUNITY)
		keep(v, n, top);
	return e;
}

enum err grid_places(struct db_conn *c, struct arena *a, const struct str *subtrees, size_t n, struct place **v, size_t *out)
{
	*v = arena_array(a, struct place, GRID_PLACES);
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		struct place p;
		enum err e = place_by_key(c, a, subtrees[i], &p);

		if (e == OK)
			e = below(c, a, &p, *v, out);
		if (e != OK && e != ERR_NOT_FOUND)
			return e;
	}
	return OK;
}

struct str grid_place_of(const struct place *v, size_t n, struct str chosen)
{
	if (str_empty(chosen))
		return n == 1 ? v[0].key : STR("");
	for (size_t i = 0; i < n; i++)
		if (place_within(chosen, v[i].key))
			return chosen;
	return STR("");
}

/* ---- steps ---- */

static const struct scenario_field *asked(const struct scenario *s, const struct scenario_ask *k)
{
	return scenario_ask(s, k->field);
}

/* Asks for nothing, or for words only, of which one line can answer all. */
static bool takes_words(const struct scenario *s, const struct scenario_action *act)
{
	for (size_t i = 0; i < act->nasks; i++) {
		const struct scenario_field *f = asked(s, &act->asks[i]);

		if (f && f->type != FIELD_TEXT && act->asks[i].required)
			return false;
	}
	return true;
}

enum err grid_steps(struct arena *a, const struct matter *m, const struct actor_session *who, int64_t now, int **v, size_t *n)
{
	const struct scenario *s = matter_scenario(m);
	const struct matter_actor by = {.who = who};
	int *all;
	size_t count;
	enum err e = matter_actions(m, &by, now, a, &all, &count);

	*n = 0;
	*v = arena_array(a, int, count + 1);
	for (int danger = 0; e == OK && danger < 2; danger++)
		for (size_t i = 0; i < count; i++)
			if (s->actions[all[i]].danger == (danger == 1) && takes_words(s, &s->actions[all[i]]))
				(*v)[(*n)++] = all[i];
	return e;
}

enum err grid_first_steps(struct arena *a, const struct scenario *s, struct str place, const struct actor_session *who, int64_t now,
			  int **v, size_t *n)
{
	struct matter m = {.scenario = s->id, .scenario_version = s->version, .state = s->states[0].id, .kind = s->states[0].kind,
			   .place = place, .state_since = now};
	enum err e = grid_steps(a, &m, who, now, v, n);

	/* nobody writes down what he takes back in the same breath */
	while (e == OK && *n && s->actions[(*v)[*n - 1]].danger)
		(*n)--;
	return e;
}

bool grid_say(struct arena *a, const struct scenario *s, const struct scenario_action *act, struct str line, struct matter_value **v, size_t *n)
{
	*n = 0;
	*v = arena_array(a, struct matter_value, act->nasks + 1);
	for (size_t i = 0; i < act->nasks; i++) {
		const struct scenario_field *f = asked(s, &act->asks[i]);

		if (f == NULL || f->type != FIELD_TEXT)
			continue;
		if (str_empty(line)) {
			if (act->asks[i].required)
				return false;
			continue;
		}
		/* optional questions behind the first would only repeat the line */
		if (*n == 0 || act->asks[i].required)
			(*v)[(*n)++] = (struct matter_value){act->asks[i].field, line};
	}
	return true;
}

/* ---- filing ---- */

enum err grid_file(struct tx *tx, void *arg)
{
	struct grid_filing *f = arg;
	enum err e = matter_file(tx, &f->m);
	int64_t id;

	for (size_t i = 0; e == OK && i < f->nfiles; i++)
		e = matter_add_file(tx, f->m.id, &f->files[i], &id);
	if (e != OK || str_empty(f->act.action))
		return e;
	f->act.id = f->m.id;
	f->act.version = -1;
	e = matter_do(tx, &f->act);
	/* a step that is refused is no "filed before" */
	return e == ERR_CONFLICT ? ERR_RULE : e;
}
