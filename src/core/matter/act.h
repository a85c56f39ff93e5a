/* Private: one act while it runs. */
#ifndef CORE_MATTER_ACT_H
#define CORE_MATTER_ACT_H

#include "core/matter/inner.h"

struct acting {
	struct tx *tx;
	struct matter_act *act;
	const struct scenario *s;
	const struct scenario_action *action;
	struct matter was, is;
	struct matter_value *v; /* answers in their normal form */
	size_t n;
	int64_t actor, step;
	struct str note, vals;
};

/* effect.c: makes x->is from x->was: effect, state, clocks. */
CHECKED enum err effect_apply(struct acting *x);

#endif
