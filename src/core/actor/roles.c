/* The list of roles, from data/roles.csv. */
#include "base/csv.h"
#include "core/actor/actor.sql.h"
#include "core/actor/inner.h"

#define ROLES_MAX 200

struct role_line {
	struct str name, title, title_en, duty, permissions;
	int64_t line;
};

struct roles {
	struct role_line v[ROLES_MAX];
	size_t n;
	struct arena *a;
	struct str *why;
};

static const char *const duties[] = {"system", "security", "audit"};
/* Whoever holds one of these holds the duty, whatever a file says. */
static const struct {
	const char *permission, *duty;
} bound[] = {{"system.manage", "system"}, {"security.manage", "security"}, {"account.manage", "security"}, {"audit.read", "audit"}};

bool role_word_ok(struct str s, bool dots)
{
	if (s.n == 0 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || (dots && s.p[i] == '.')))
			return false;
	return true;
}

static enum err wrong(struct roles *r, int64_t line, const char *zh, const char *en)
{
	*r->why = arena_printf(r->a, "roles.csv 第 %lld 行：%s；line %lld: %s", (long long)line, zh, (long long)line, en);
	return ERR_INPUT;
}

bool role_duty_ok(struct str d)
{
	for (size_t i = 0; i < ARRAY_LEN(duties); i++)
		if (str_eqz(d, duties[i]))
			return true;
	return d.n == 0;
}

const char *role_bound(size_t i)
{
	return i < ARRAY_LEN(bound) ? bound[i].permission : NULL;
}

const char *role_duty_of(struct str permission)
{
	for (size_t i = 0; i < ARRAY_LEN(bound); i++)
		if (str_eqz(permission, bound[i].permission))
			return bound[i].duty;
	return NULL;
}

static enum err check_permissions(struct roles *r, const struct role_line *l)
{
	struct str rest = l->permissions, p;

	while (str_split(&rest, ' ', &p)) {
		const char *duty = role_duty_of(p);

		if (p.n == 0)
			continue;
		if (!role_word_ok(p, true))
			return wrong(r, l->line, "权限名不对，应像 matter.read", "a permission is not a name like matter.read");
		if (duty && !str_eqz(l->duty, duty))
			return wrong(r, l->line, "三员分设：此权限只能给 duty 相应的角色（system、security、audit）",
				     "this permission needs the matching duty (system, security, audit)");
	}
	return OK;
}

static enum err add_line(struct roles *r, const struct csv_row *row)
{
	struct role_line *l = &r->v[r->n];

	if (row->n != 5)
		return wrong(r, row->line, "应有 5 列：role,title,title_en,duty,permissions", "5 columns expected");
	if (r->n == ROLES_MAX)
		return wrong(r, row->line, "角色太多", "too many roles");
	*l = (struct role_line){.name = arena_str(r->a, str_trim(row->v[0])), .title = arena_str(r->a, str_trim(row->v[1])),
				.title_en = arena_str(r->a, str_trim(row->v[2])), .duty = arena_str(r->a, str_trim(row->v[3])),
				.permissions = arena_str(r->a, str_trim(row->v[4])), .line = row->line};
	if (!role_word_ok(l->name, false) || l->title.n == 0 || l->title_en.n == 0)
		return wrong(r, row->line, "角色名（小写字母）、中文名、英文名都要有", "name (lower case), title and English title are needed");
	if (!role_duty_ok(l->duty))
		return wrong(r, row->line, "duty 只能是 system、security、audit 或空", "duty must be system, security, audit or empty");
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->v[i].name, l->name))
			return wrong(r, row->line, "角色重复", "this role was there already");
	r->n++;
	return check_permissions(r, l);
}

static enum err read_roles(struct roles *r, struct str text)
{
	struct csv *c;
	struct csv_row row;
	enum csv_got got;
	bool titles = false;
	enum err e = csv_open_text(&c, text, &(struct csv_options){.separator = ','}, r->a, r->why);

	if (e != OK)
		return e;
	while (e == OK && (got = csv_next(c, &row)) != CSV_END) {
		if (got == CSV_BAD)
			e = wrong(r, row.line, row.why, row.why);
		else if (row.n && str_starts(row.v[0], "#"))
			continue;
		else if (!titles)
			titles = true;
		else
			e = add_line(r, &row);
	}
	csv_close(c);
	if (e == OK && r->n == 0)
		e = wrong(r, 1, "一个角色也没有", "there is no role");
	return e;
}

/* ---- comparing with what the store has ---- */

static bool line_same(const struct role_line *l, const struct actor_role_all_rows *have, const struct actor_role_permission_all_rows *perm)
{
	const struct actor_role_all_row *h = NULL;
	struct str rest = l->permissions, p;
	size_t want = 0, got = 0, found = 0;

	for (size_t i = 0; i < have->n; i++)
		if (str_eq(have->v[i].name, l->name))
			h = &have->v[i];
	if (h == NULL || !str_eq(h->title, l->title) || !str_eq(h->title_en, l->title_en) || !str_eq(h->duty, l->duty))
		return false;
	for (size_t i = 0; i < perm->n; i++)
		got += str_eq(perm->v[i].role, l->name);
	while (str_split(&rest, ' ', &p)) {
		want += p.n > 0;
		for (size_t i = 0; i < perm->n; i++)
			found += p.n && str_eq(perm->v[i].role, l->name) && str_eq(perm->v[i].permission, p);
	}
	return want == got && found == got;
}

static bool all_same(const struct roles *r, const struct actor_role_all_rows *have, const struct actor_role_permission_all_rows *perm)
{
	if (have->n != r->n)
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!line_same(&r->v[i], have, perm))
			return false;
	return true;
}

/* ---- writing ---- */

static enum err put_line(struct tx *tx, const struct role_line *l)
{
	struct str rest = l->permissions, p;
	enum err e = q_actor_role_put(tx->c, l->name, l->title, l->title_en, l->duty, NULL);

	if (e == OK)
		e = q_actor_role_permissions_clear(tx->c, l->name, NULL);
	while (e == OK && str_split(&rest, ' ', &p))
		if (p.n)
			e = q_actor_role_permission_add(tx->c, l->name, p, NULL);
	return e;
}

static bool in_file(const struct roles *r, struct str name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->v[i].name, name))
			return true;
	return false;
}

static enum err drop_role(struct tx *tx, struct roles *r, struct str name)
{
	struct actor_role_holders_row held;
	enum err e = q_actor_role_holders(tx->c, tx->arena, name, &held);

	if (e == OK && held.n) {
		*r->why = arena_printf(r->a, "roles.csv 里没有角色 %.*s，但还有人担任；role %.*s is not in the file but somebody still holds it",
				       STR_ARG(name), STR_ARG(name));
		return ERR_CONFLICT;
	}
	if (e == OK)
		e = q_actor_role_permissions_clear(tx->c, name, NULL);
	return e == OK ? q_actor_role_remove(tx->c, name, NULL) : e;
}

static enum err check_clash(struct tx *tx, struct roles *r)
{
	struct actor_duty_clash_rows clash;
	enum err e = q_actor_duty_clash(tx->c, tx->arena, &clash);

	if (e == OK && clash.n) {
		*r->why = arena_printf(r->a, "按新的 roles.csv，账号 %lld 会兼任三员中的两员；account %lld would hold two of the three duties",
				       (long long)clash.v[0].account, (long long)clash.v[0].account);
		return ERR_RULE;
	}
	return e;
}

static enum err replace(struct tx *tx, struct roles *r, const struct actor_role_all_rows *have)
{
	enum err e = OK;

	for (size_t i = 0; i < r->n && e == OK; i++)
		e = put_line(tx, &r->v[i]);
	for (size_t i = 0; i < have->n && e == OK; i++)
		if (!in_file(r, have->v[i].name))
			e = drop_role(tx, r, have->v[i].name);
	if (e == OK)
		e = check_clash(tx, r);
	if (e == OK)
		e = q_actor_account_all_rights_changed(tx->c, NULL);
	return e == OK ? actor_note(tx, 0, "roles.load", 0, STR(""), "{\"roles\":%zu}", r->n) : e;
}

enum err actor_load_roles(struct tx *tx, struct str csv, struct str *why)
{
	struct roles *r = arena_new(tx->arena, struct roles);
	struct actor_role_all_rows have;
	struct actor_role_permission_all_rows perm;
	enum err e;

	r->a = tx->arena;
	r->why = why;
	e = read_roles(r, csv);
	if (e == OK)
		e = q_actor_role_all(tx->c, tx->arena, &have);
	if (e == OK)
		e = q_actor_role_permission_all(tx->c, tx->arena, &perm);
	if (e != OK || all_same(r, &have, &perm))
		return e;
	return replace(tx, r, &have);
}

enum err actor_roles(struct db_conn *c, struct arena *a, struct actor_role **v, size_t *n)
{
	struct actor_role_all_rows r;
	enum err e = q_actor_role_all(c, a, &r);

	if (e != OK)
		return e;
	*v = arena_array(a, struct actor_role, r.n);
	*n = r.n;
	for (size_t i = 0; i < r.n; i++)
		(*v)[i] = (struct actor_role){.name = r.v[i].name, .title = r.v[i].title, .title_en = r.v[i].title_en, .duty = r.v[i].duty};
	return OK;
}

enum err actor_roles_whole(struct db_conn *c, struct arena *a, struct actor_role **v, size_t *n)
{
	struct actor_role_permission_all_rows p;
	enum err e = actor_roles(c, a, v, n);

	if (e == OK)
		e = q_actor_role_permission_all(c, a, &p);
	for (size_t i = 0; e == OK && i < *n; i++) {
		struct actor_role *r = &(*v)[i];

		r->permissions = arena_array(a, struct str, p.n + 1);
		for (size_t k = 0; k < p.n; k++)
			if (str_eq(p.v[k].role, r->name))
				r->permissions[r->npermissions++] = p.v[k].permission;
	}
	return e;
}

enum err actor_roles_read(struct arena *a, struct str csv, struct actor_role **v, size_t *n, struct str *why)
{
	struct roles *r = arena_new(a, struct roles);
	enum err e;

	r->a = a;
	r->why = why;
	e = read_roles(r, csv);
	*n = e == OK ? r->n : 0;
	*v = arena_array(a, struct actor_role, *n + 1);
	for (size_t i = 0; i < *n; i++) {
		const struct role_line *l = &r->v[i];
		struct str rest = l->permissions, p;

		(*v)[i] = (struct actor_role){.name = l->name, .title = l->title, .title_en = l->title_en, .duty = l->duty,
					      .permissions = arena_array(a, struct str, l->permissions.n + 1)};
		while (str_split(&rest, ' ', &p))
			if (p.n)
				(*v)[i].permissions[(*v)[i].npermissions++] = p;
	}
	return e;
}
