#include "cap/programs/programs.h"

#include "base/time.h"
#include "cap/programs/programs.html.h"
#include "core/place/place.h"
#include "web/capability.h"

bool programs_mine(struct rq *rq, const struct actor_session *program)
{
	for (size_t i = 0; i < program->nrights; i++)
		if (!rq_may_at(rq, "account.manage", program->rights[i].place))
			return false;
	return program->nrights > 0 || rq_may_at(rq, "account.manage", STR(""));
}

/* ---- the list ---- */

static struct str right_said(struct rq *rq, const struct actor_right *r, const struct actor_role *roles, size_t n)
{
	struct str title = r->role, place = str_from(_("全部地区"));

	for (size_t i = 0; i < n; i++)
		if (str_eq(roles[i].name, r->role))
			title = rq->lang == LANG_EN ? roles[i].title_en : roles[i].title;
	if (r->place.n && place_full_name(rq_conn(rq), rq->arena, r->place, PLACE_DISTRICT, &place) != OK)
		place = r->place;
	return arena_printf(rq->arena, "%.*s · %.*s", STR_ARG(title), STR_ARG(place));
}

static void fill_key(struct rq *rq, const struct actor_key *k, struct programs_key *out)
{
	*out = (struct programs_key){.name = k->name, .created = k->created, .expires = k->expires, .state = N_("有效"), .css = "tag tag--ok", .in_force = true};
	out->used = k->used_day ? time_date(rq->arena, time_day_start(k->used_day, TIME_CHINA), TIME_CHINA) : STR("");
	if (k->revoked) {
		out->state = N_("已停用");
		out->css = "tag";
		out->in_force = false;
	} else if (k->expires <= rq->now) {
		out->state = N_("已过期");
		out->css = "tag tag--late";
		out->in_force = false;
	}
}

static enum err fill_line(struct rq *rq, const struct actor_program *p, const struct actor_session *who, const struct actor_role *roles, size_t nroles,
			  struct programs_line *out)
{
	struct actor_key *keys;
	size_t n;
	enum err e = actor_keys(rq_conn(rq), rq->arena, p->id, &keys, &n);

	*out = (struct programs_line){.id = p->id, .login = p->login, .name = p->name, .active = p->active};
	if (e != OK)
		return e;
	out->rights = arena_array(rq->arena, struct str, who->nrights + 1);
	for (; out->nrights < who->nrights; out->nrights++)
		out->rights[out->nrights] = right_said(rq, &who->rights[out->nrights], roles, nroles);
	out->keys = arena_array(rq->arena, struct programs_key, n + 1);
	for (; out->nkeys < n; out->nkeys++)
		fill_key(rq, &keys[out->nkeys], &out->keys[out->nkeys]);
	return OK;
}

enum err programs_list(struct rq *rq)
{
	struct programs_view v = {0};
	struct actor_program *all;
	struct actor_role *roles;
	size_t n, nroles;
	enum err e = actor_programs(rq_conn(rq), rq->arena, PROGRAMS_MOST, &all, &n);

	if (e == OK)
		e = actor_roles(rq_conn(rq), rq->arena, &roles, &nroles);
	if (e != OK)
		return e;
	v.v = arena_array(rq->arena, struct programs_line, n + 1);
	for (size_t i = 0; e == OK && i < n; i++) {
		struct actor_session who;

		e = actor_load(rq_conn(rq), rq->arena, all[i].id, &who);
		if (e == OK && programs_mine(rq, &who))
			e = fill_line(rq, &all[i], &who, roles, nroles, &v.v[v.n++]);
	}
	return e == OK ? rq_page(rq, html_programs_list, &v) : e;
}

/* ---- taking a key back ---- */

struct revoking {
	int64_t account, by;
	struct str name;
};

static enum err revoke_job(struct tx *tx, void *arg)
{
	const struct revoking *r = arg;

	return actor_key_revoke(tx, r->account, r->name, r->by);
}

static enum err revoked(struct rq *rq, void *arg, enum err result)
{
	(void)arg;
	if (result == ERR_NOT_FOUND)
		rq_flash(rq, N_("这把密钥已经停用了。"));
	else if (result != OK)
		return result;
	else
		rq_flash(rq, N_("已停用，立即生效。"));
	return rq_redirect(rq, STR("/programs"));
}

enum err programs_revoke(struct rq *rq)
{
	struct revoking *r = arena_new(rq->arena, struct revoking);
	struct actor_session who;
	bool program = false;
	enum err e = str_i64(rq_form(rq, "program"), &r->account) ? actor_is_service(rq_conn(rq), rq->arena, r->account, &program) : ERR_NOT_FOUND;

	if (e == OK && program)
		e = actor_load(rq_conn(rq), rq->arena, r->account, &who);
	if (e == ERR_NOT_FOUND || (e == OK && (!program || !programs_mine(rq, &who))))
		return rq_fail(rq, ERR_NOT_FOUND, N_("没有这个程序，或它不在您管理的范围内。"));
	if (e != OK)
		return e;
	r->name = rq_form(rq, "key");
	r->by = rq->who.id;
	return rq_write(rq, revoke_job, revoked, r);
}

/* ---- tables ---- */

static const struct route routes[] = {
	{"GET", "/programs", programs_list, "account.manage", R_LOGIN, N_("程序和它们的密钥：能做什么、到什么时候、最近哪天用过"), 0},
	{"GET", "/programs/new", programs_form, "account.manage", R_LOGIN, N_("发一把密钥的表单"), 0},
	{"POST", "/programs/new", programs_make, "account.manage", R_LOGIN, N_("发一把密钥，可以同时建程序；密钥只显示这一次"), 0},
	{"POST", "/programs/revoke", programs_revoke, "account.manage", R_LOGIN, N_("停用一把密钥，立即生效"), 0},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("程序密钥"), "/programs", "account.manage", 610, NULL},
	{0},
};

static const struct permission permissions[] = {
	{"account.manage", N_("管理账号、程序和密钥")},
	{0},
};

extern const struct capability cap_programs;
const struct capability cap_programs = {
	.name = "programs",
	.title = N_("程序密钥"),
	.routes = routes,
	.permissions = permissions,
	.menu = menu,
};
