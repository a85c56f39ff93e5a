/* Words of codes in the reader's language; what nobody declares is shown as it is. */
#include "cap/map/pages.h"
#include "core/matter/category.h"
#include "core/matter/scenario.h"
#include "web/looks.h"

#define SCENARIOS_MAX 64

static struct str text_in(struct rq *rq, struct text2 t)
{
	return rq ? looks_text(rq, t) : t.zh;
}

/* scenario NULL: whichever declares a state of that name. */
struct str name_of_state(struct rq *rq, struct str scenario, struct str state)
{
	const struct scenario *all[SCENARIOS_MAX];
	size_t n = scenario_list(all, ARRAY_LEN(all));

	for (size_t i = 0; i < n; i++) {
		int s = scenario.p && !str_eq(all[i]->id, scenario) ? -1 : scenario_state(all[i], state);

		if (s >= 0)
			return text_in(rq, all[i]->states[s].title);
	}
	return scenario.p ? name_of_state(rq, STR_NULL, state) : state;
}

struct str name_of_category(struct rq *rq, struct str category)
{
	const struct category *c = category_find(category);

	return c ? text_in(rq, c->title) : category;
}

struct str name_of_scenario(struct rq *rq, struct str scenario)
{
	const struct scenario *s = scenario_current(scenario);

	return s ? text_in(rq, s->title) : scenario;
}

const char *colour_word(enum point_colour c)
{
	static const char *const words[] = {[POINT_NO_CLOCK] = "none", [POINT_IN_TIME] = "ok", [POINT_SOON] = "soon", [POINT_OVERDUE] = "late"};

	return words[c];
}
