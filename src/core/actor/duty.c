#include "core/actor/duty.h"

#include "base/id.h"
#include "core/actor/actor.sql.h"

enum err duty_take(struct tx *tx, struct str place, int64_t account)
{
	enum err e = q_actor_duty_end(tx->c, place, NULL);

	return e == OK ? q_actor_duty_begin(tx->c, id_new(tx->now), place, account, tx->now, NULL) : e;
}

enum err duty_at(struct db_conn *c, struct arena *a, struct str from, struct str to, const char *permission, int limit, struct duty **v, size_t *n)
{
	struct actor_duty_at_rows rows;
	enum err e = q_actor_duty_at(c, a, from, to, str_from(permission), limit, &rows);

	if (e != OK)
		return e;
	*v = arena_array(a, struct duty, rows.n + 1);
	for (*n = 0; *n < rows.n; (*n)++) {
		const struct actor_duty_at_row *r = &rows.v[*n];

		(*v)[*n] = (struct duty){r->name, r->title, r->title_en, r->post, r->since};
	}
	return OK;
}
