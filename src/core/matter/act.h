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
	bool preview;           /* nothing will be done: rules are not to write */
	struct arena *out;      /* for what the caller reads after the job */
};

/* Notes why it is refused: fmt as in struct matter_why. Returns e. */
enum err act_refuse(struct acting *x, enum err e, const char *field, const char *fmt, struct text2 a, struct text2 b);
#define act_refuse0(x, e, field, fmt) act_refuse((x), (e), (field), (fmt), (struct text2){0}, (struct text2){0})

/* parts.c: who helps. assign and add make x->is.parts, store writes them behind the matter. */
CHECKED enum err parts_assign(struct acting *x);
CHECKED enum err parts_add(struct acting *x);
CHECKED enum err parts_store(struct acting *x);

/* effect.c: makes x->is from x->was: effect, state, clocks. */
CHECKED enum err effect_apply(struct acting *x);

#endif
