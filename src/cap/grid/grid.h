/*
 * grid 网格: the pages of whoever walks a grid. What is new there, what is assigned to him, a finding in one line, a report on
 * behalf of a person (代办); usable in a stairwell without signal. Nothing here counts, places or times the worker.
 */
#ifndef CAP_GRID_H
#define CAP_GRID_H

#include "core/matter/list.h"
#include "core/place/place.h"
#include "web/web.h"

#define GRID_FINDING "patrol-finding"
#define GRID_PROXY "resident-report"
#define GRID_PLACES 300          /* most places in a choice */
#define GRID_SOURCE "grid"       /* matters filed from these pages carry it, with the key of the form: filed once, whenever it arrives */

/*
 * The places that one works in, from the subtrees of a right: the grids themselves; of a community its grids and itself; of
 * anything wider its communities. One place: nobody is asked for it.
 */
CHECKED enum err grid_places(struct db_conn *c, struct arena *a, const struct str *subtrees, size_t n, struct place **v, size_t *out);
/* The place meant by a form: the chosen one if it lies in one of the places, the only one when nothing was chosen. Empty: none. */
struct str grid_place_of(const struct place *v, size_t n, struct str chosen);

/*
 * What can be done with a matter in one tap: the steps that its scenario allows this person now and that ask nothing but words. Those
 * of second thought stand last. Indexes into the actions of the scenario.
 */
CHECKED enum err grid_steps(struct arena *a, const struct matter *m, const struct actor_session *who, int64_t now, int **v, size_t *n);
/* The same for a matter that is about to be filed there. */
CHECKED enum err grid_first_steps(struct arena *a, const struct scenario *s, struct str place, const struct actor_session *who, int64_t now,
				  int **v, size_t *n);
/* One line as the answer to all words that the step asks for; none when the line is empty. False: the step needs words. */
bool grid_say(struct arena *a, const struct scenario *s, const struct scenario_action *act, struct str line, struct matter_value **v,
	      size_t *n);

/* A filing with what is done about it at once: one job, both or neither. */
struct grid_filing {
	struct matter_new m;
	struct matter_file files[12]; size_t nfiles;
	struct matter_act act;         /* act.action empty: only filed */
};
/*
 * Job. ERR_CONFLICT: the same form has been filed before; m.id and m.code are then those of the first. act.why says why the step was refused.
 */
enum err grid_file(struct tx *tx, void *filing);

#endif
