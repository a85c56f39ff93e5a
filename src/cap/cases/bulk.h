/*
 * Several matters at once: which steps all of them allow, and doing one step on each. Each matter is a job of its own with its own version
 * check; the run and the matter together are its idempotency key, so the same form sent again goes on where it stopped and does nothing twice.
 */
#ifndef CAP_CASES_BULK_H
#define CAP_CASES_BULK_H

#include "cap/cases/cases.h"

#define BULK_MOST 50
#define BULK_RULES 8 /* that can be passed by a reason, in one form */

struct bulk_action {
	const struct scenario *s;
	int index; /* into s->actions */
};

/* Steps that every one of the matters allows to this person now, under one name and with the same questions. */
CHECKED enum err bulk_actions(struct arena *a, const struct actor_session *who, const struct matter *v, size_t nv, int64_t now,
			      struct bulk_action **out, size_t *n);
/* The smallest place in which all of them lie. */
struct str bulk_place(const struct matter *v, size_t n);

/* A rule of strength 一般 that stands in the way of some of the chosen. */
struct bulk_block {
	const struct rule *rule;
	const struct matter **v; size_t n;
	struct str reason;           /* why it is done all the same; empty: these are left */
};
struct bulk_run {
	struct str run;              /* names the form that was sent, 32 hex digits */
	struct str action;
	struct matter_value *values;
	size_t nvalues;
	struct bulk_block *blocks;   /* what stood in the way when it was looked at, with the reasons given since */
	size_t nblocks;
};
/*
 * Which of the chosen a rule stops that a reason lets pass, by rule. A matter that something else stops too is not named: no reason would help it.
 * Nothing is done.
 */
CHECKED enum err bulk_blocked(struct rq *rq, struct bulk_run *r, const struct matter *v, const int64_t *versions, size_t n);
/* The reasons given for the rules that stop this matter, in one text; empty when one of them has none. */
struct str bulk_reason(struct arena *a, const struct bulk_run *r, int64_t matter);
/*
 * Does the step on one matter as the reader saw it. What came of it is kept (cases_bulk_of). ERR_DB, ERR_BUSY, ERR_IO: the store could not, nothing
 * is kept, and the run can be sent again; OK otherwise, also when the step was refused.
 */
CHECKED enum err bulk_do(struct rq *rq, const struct bulk_run *r, int64_t id, int64_t version);
CHECKED enum err bulk_clean(struct app *app, int64_t now);

#endif
