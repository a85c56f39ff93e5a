#include "core/actor/actor.h"
#include "core/actor/actor.sql.h"

enum err actor_bearers(struct db_conn *c, struct arena *a, const char *permission, struct str place, int limit, struct actor_bearer **v, size_t *n)
{
	struct actor_bearers_rows rows;
	enum err e = q_actor_bearers(c, a, place, str_from(permission), limit, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_bearer, rows.n + 1);
	for (*n = 0; *n < rows.n; (*n)++)
		(*v)[*n] = (struct actor_bearer){rows.v[*n].account, rows.v[*n].name};
	return OK;
}
