/* The last administrator: whatever is taken away, somebody who can log in keeps what the system's own administration rests on. */
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"

static enum err keep_one(struct tx *tx, struct str permission, const struct actor_loss *l, struct str *why)
{
	struct actor_permission_held_row held;
	enum err e = q_actor_permission_held(tx->c, tx->arena, permission, l->role, l->account ? &l->account : NULL, l->place, &held);

	if (e != OK || held.n == 0 || held.others > 0)
		return e;
	*why = arena_printf(tx->arena, "这样一来没有人再有 %.*s，系统就没人能管了：先把它给另一个有人担任的角色，或先把有它的角色授予另一个人 (nobody would hold %.*s any "
			    "more: give it first to another role that somebody holds, or its role to somebody else)", STR_ARG(permission), STR_ARG(permission));
	return ERR_RULE;
}

enum err keep_last(struct tx *tx, struct str permission, const struct actor_loss *l, struct str *why)
{
	enum err e = db_lock(tx, ROLES_LOCK); /* two who take it from two people must see each other */

	if (e != OK || permission.p)
		return e == OK && role_duty_of(permission) ? keep_one(tx, permission, l, why) : e;
	for (size_t i = 0; e == OK && role_bound(i); i++)
		e = keep_one(tx, str_from(role_bound(i)), l, why);
	return e;
}
