/* The list of roles, changed role by role: what an operator does in a store that has its own list. */
#include "base/utf8.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"

#define TITLE_MAX 100

static bool title_ok(struct str s)
{
	return s.n > 0 && s.n <= TITLE_MAX && utf8_valid(s) && utf8_plain(s, false);
}

enum err actor_role_add(struct tx *tx, const struct actor_role *r, struct str *why)
{
	int64_t added = 0;
	enum err e;

	if (!role_word_ok(r->name, false))
		*why = STR("角色名用小写字母、数字和下划线，最多 64 个 (a role's name: a-z 0-9 _, at most 64)");
	else if (!title_ok(r->title) || !title_ok(r->title_en))
		*why = STR("中文名、英文名都要有，各不超过 100 字节 (a title and an English title are needed, at most 100 bytes each)");
	else if (!role_duty_ok(r->duty))
		*why = STR("duty 只能是 system、security、audit 或不写 (duty must be system, security, audit or left out)");
	else
		*why = STR_NULL;
	if (why->p)
		return ERR_INPUT;
	e = q_actor_role_new(tx->c, r->name, r->title, r->title_en, r->duty, &added);
	if (e == OK && added == 0) {
		*why = arena_printf(tx->arena, "角色 %.*s 已经有了 (the role exists)", STR_ARG(r->name));
		return ERR_CONFLICT;
	}
	return e == OK ? actor_note(tx, 0, "roles.add", 0, STR(""), "{\"role\":\"%.*s\",\"duty\":\"%.*s\"}", STR_ARG(r->name), STR_ARG(r->duty)) : e;
}

static enum err load(struct tx *tx, struct str name, struct actor_role_get_row *r, struct str *why)
{
	enum err e = db_lock(tx, ROLES_LOCK); /* two who take the same permission from two roles must see each other */

	*why = STR_NULL;
	if (e == OK)
		e = q_actor_role_get(tx->c, tx->arena, name, r);
	if (e == ERR_NOT_FOUND)
		*why = arena_printf(tx->arena, "没有角色 %.*s：gongzhi role list 列出全部 (no such role: gongzhi role list names them)", STR_ARG(name));
	return e;
}

static enum err changed_role(struct tx *tx, const char *kind, struct str role, struct str permission)
{
	enum err e = q_actor_role_rights_changed(tx->c, role, NULL);

	return e == OK ? actor_note(tx, 0, kind, 0, STR(""), "{\"role\":\"%.*s\",\"permission\":\"%.*s\"}", STR_ARG(role), STR_ARG(permission)) : e;
}

enum err actor_role_grant(struct tx *tx, struct str role, struct str permission, bool *changed, struct str *why)
{
	const char *duty = role_duty_of(permission);
	struct actor_role_get_row r;
	int64_t added = 0;
	enum err e = load(tx, role, &r, why);

	*changed = false;
	if (e != OK)
		return e;
	if (!role_word_ok(permission, true)) {
		*why = STR("权限名不对，应像 matter.read (a permission is a name like matter.read)");
		return ERR_INPUT;
	}
	if (duty && !str_eqz(r.duty, duty)) {
		*why = arena_printf(tx->arena, "三员分设：%.*s 只能给 duty 为 %s 的角色，%.*s 不是 (this permission needs a role with the duty %s)",
				    STR_ARG(permission), duty, STR_ARG(role), duty);
		return ERR_RULE;
	}
	e = q_actor_role_permission_add(tx->c, role, permission, &added);
	*changed = added > 0;
	return e == OK && *changed ? changed_role(tx, "roles.grant", role, permission) : e;
}

enum err actor_role_revoke(struct tx *tx, struct str role, struct str permission, bool *changed, struct str *why)
{
	struct actor_role_get_row r;
	int64_t dropped = 0;
	enum err e = load(tx, role, &r, why);

	*changed = false;
	if (e == OK)
		e = keep_last(tx, permission, &(struct actor_loss){.role = role}, why);
	if (e == OK)
		e = q_actor_role_permission_drop(tx->c, role, permission, &dropped);
	*changed = dropped > 0;
	return e == OK && *changed ? changed_role(tx, "roles.revoke", role, permission) : e;
}

enum err actor_role_held(struct db_conn *c, struct arena *a, struct str role, int64_t *n)
{
	struct actor_role_holders_row row = {0};
	enum err e = q_actor_role_holders(c, a, role, &row);

	*n = row.n;
	return e;
}
