/* Giving and taking roles. */
#include "base/id.h"
#include "core/actor/actor.sql.h"
#include "core/actor/api_key.h"
#include "core/actor/inner.h"

/*
 * 三权分离 (GB/T 22239-2019): whoever runs the system does not hand out rights, and neither of the two keeps the audit. The
 * roles that do so carry a duty in roles.csv; nobody gets roles with two different duties, whatever the place.
 */
static enum err check_duties(struct tx *tx, int64_t actor, struct str duty, struct str *why)
{
	struct actor_duties_of_rows have;
	bool service = false;
	enum err e = q_actor_duties_of(tx->c, tx->arena, actor, &have);

	if (e != OK || duty.n == 0)
		return e;
	e = actor_is_service(tx->c, tx->arena, actor, &service);
	if (e == OK && service) {
		*why = STR("系统、安全、审计三员须由人担任，不能给程序的账号");
		return ERR_RULE;
	}
	if (e != OK)
		return e;
	for (size_t i = 0; i < have.n; i++) {
		if (str_eq(have.v[i].duty, duty))
			continue;
		*why = STR("系统、安全、审计三员分设，同一人不能兼任（GB/T 22239-2019）：请先撤销此人已有的那个角色，或换人");
		return ERR_RULE;
	}
	return OK;
}

static enum err check_post(struct tx *tx, int64_t org, int64_t post, struct str *why)
{
	struct actor_org_get_row o;
	struct actor_post_get_row p;
	enum err e = OK;

	if (org)
		e = q_actor_org_get(tx->c, tx->arena, org, &o);
	if (e == OK && post)
		e = q_actor_post_get(tx->c, tx->arena, post, &p);
	if (e == ERR_NOT_FOUND || (e == OK && post && p.org != org)) {
		*why = STR("没有这个组织或岗位，或岗位不属于这个组织");
		return ERR_INPUT;
	}
	return e;
}

static enum err check_grant(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t org, int64_t post, struct str *why)
{
	struct actor_account_get_row account;
	struct actor_role_get_row r;
	enum err e;

	if (!actor_place_ok(place)) {
		*why = STR("地点不对");
		return ERR_INPUT;
	}
	e = q_actor_account_get(tx->c, tx->arena, actor, &account);
	if (e == ERR_NOT_FOUND)
		*why = STR("没有这个账号");
	if (e != OK)
		return e;
	e = q_actor_role_get(tx->c, tx->arena, role, &r);
	if (e == ERR_NOT_FOUND)
		*why = STR("没有这个角色，现有角色见 roles.csv");
	if (e == OK)
		e = check_post(tx, org, post, why);
	return e == OK ? check_duties(tx, actor, r.duty, why) : e;
}

enum err actor_grant(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t org, int64_t post, int64_t by, struct str *why)
{
	struct str at = place.p ? place : STR("");
	struct actor_grant_add_args row;
	int64_t changed;
	enum err e = db_lock(tx, actor); /* two grants at once must see each other */

	*why = STR_NULL;
	if (e == OK)
		e = check_grant(tx, actor, role, at, org, post, why);
	if (e != OK)
		return e;
	row = (struct actor_grant_add_args){.id = id_new(tx->now), .account = actor, .role = role, .place = at, .org = org, .post = post,
					    .since = tx->now, .by_account = by};
	e = q_actor_grant_add(tx->c, &row, &changed);
	if (e == OK && changed == 0) {
		*why = STR("此人在这个地点已有这个角色");
		return ERR_CONFLICT;
	}
	if (e == OK)
		e = q_actor_account_rights_changed(tx->c, actor, NULL);
	if (e != OK)
		return e;
	return actor_note(tx, by, "role.grant", actor, at, "{\"role\":\"%.*s\",\"org\":\"%lld\",\"post\":\"%lld\"}", STR_ARG(role),
			  (long long)org, (long long)post);
}

enum err actor_revoke(struct tx *tx, int64_t actor, struct str role, struct str place, int64_t by, struct str *why)
{
	struct str at = place.p ? place : STR("");
	int64_t changed = 0;
	enum err e;

	*why = STR_NULL;
	e = keep_last(tx, STR_NULL, &(struct actor_loss){.role = role, .account = actor, .place = at}, why);
	if (e == OK)
		e = q_actor_grant_remove(tx->c, actor, role, at, &changed);

	if (e == OK && changed == 0)
		return ERR_NOT_FOUND;
	if (e == OK)
		e = q_actor_account_rights_changed(tx->c, actor, NULL);
	return e == OK ? actor_note(tx, by, "role.revoke", actor, at, "{\"role\":\"%.*s\"}", STR_ARG(role)) : e;
}
