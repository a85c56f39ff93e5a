/* Who is to be told: the holders of a role nearest to a place. */
#include "core/actor/actor.h"
#include "core/actor/actor.sql.h"
#include "core/place/place.h"

static size_t way_up(struct str place, struct str v[static PLACE_MICROGRID + 1])
{
	size_t n = 0;

	v[n++] = STR("");
	for (int l = PLACE_PROVINCE; l <= PLACE_MICROGRID; l++) {
		struct str up = place_up(place, (enum place_level)l);

		if (up.n)
			v[n++] = up;
	}
	return n;
}

enum err actor_holders(struct db_conn *c, struct arena *a, struct str role, struct str place, int64_t org, int64_t **ids, size_t *n)
{
	struct str places[PLACE_MICROGRID + 1];
	size_t nplaces = way_up(place, places), deepest = 0;
	struct actor_holders_at_rows rows;
	enum err e = q_actor_holders_at(c, a, places, nplaces, role, org ? &org : NULL, &rows);

	if (e != OK)
		return e;
	*ids = arena_array(a, int64_t, rows.n + 1);
	*n = 0;
	for (size_t i = 0; i < rows.n; i++)
		if (rows.v[i].place.n > deepest)
			deepest = rows.v[i].place.n;
	/* An account may hold the role at one place once, so nobody is told twice. */
	for (size_t i = 0; i < rows.n; i++)
		if (rows.v[i].place.n == deepest)
			(*ids)[(*n)++] = rows.v[i].account;
	return OK;
}
