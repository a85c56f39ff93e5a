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

enum err actor_posts(struct db_conn *c, struct arena *a, const int64_t *orgs, size_t norgs, struct actor_post **v, size_t *n)
{
	struct actor_posts_in_rows rows;
	enum err e = q_actor_posts_in(c, a, orgs, norgs, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_post, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*v)[(*n)++] = (struct actor_post){rows.v[i].id, rows.v[i].org, rows.v[i].name};
	return OK;
}

enum err actor_staff(struct db_conn *c, struct arena *a, const int64_t *orgs, size_t norgs, struct actor_staff **v, size_t *n)
{
	struct actor_staff_in_rows rows;
	enum err e = q_actor_staff_in(c, a, orgs, norgs, &rows);

	*n = 0;
	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_staff, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		(*v)[(*n)++] = (struct actor_staff){rows.v[i].org, rows.v[i].post, rows.v[i].account, rows.v[i].name};
	return OK;
}
