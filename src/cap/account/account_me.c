/* One's own account. */
#include "cap/account/account.h"
#include "cap/account/account.html.h"
#include "core/place/place.h"
#include "crypto/crypto.h"
#include "web/session.h"

/* ---- roles ---- */

static struct str role_title(struct rq *rq, const struct actor_role *roles, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(roles[i].name, name))
			return rq->lang == LANG_EN && roles[i].title_en.n ? roles[i].title_en : roles[i].title;
	return name;
}

static enum err load_roles(struct rq *rq, struct account_me_view *v)
{
	struct actor_role *roles;
	size_t n;
	enum err e = actor_roles(rq_conn(rq), rq->arena, &roles, &n);

	v->roles = arena_array(rq->arena, struct account_role_line, rq->who.nrights + 1);
	for (size_t i = 0; e == OK && i < rq->who.nrights; i++) {
		const struct actor_right *r = &rq->who.rights[i];
		struct account_role_line *l = &v->roles[v->nroles++];

		l->title = role_title(rq, roles, n, r->role);
		if (str_empty(r->place))
			l->place = str_from(_("全部地区"));
		else
			e = place_full_name(rq_conn(rq), rq->arena, r->place, PLACE_DISTRICT, &l->place);
		if (e == ERR_NOT_FOUND) {
			l->place = STR("");
			e = OK;
		}
	}
	return e;
}

enum err account_me(struct rq *rq)
{
	struct account_me_view v = {0};
	struct notice *notices;
	size_t n;
	enum err e = load_roles(rq, &v);

	if (e == OK)
		e = notify_unread(rq_conn(rq), rq->arena, rq->who.id, 1, &notices, &n, &v.unread);
	return e == OK ? rq_page(rq, html_account_me, &v) : e;
}

/* ---- password ---- */

struct change {
	int64_t actor, now, session;
	struct str hash, token, token_hash;
};

static enum err password_page(struct rq *rq, const char *field, const char *zh)
{
	struct account_password_view v = {.field = field ? field : "", .error = str_from(zh ? _(zh) : "")};

	return rq_page_status(rq, zh ? 422 : 200, html_account_password, &v);
}

enum err account_password_form(struct rq *rq)
{
	return password_page(rq, NULL, NULL);
}

/* All sessions end; this browser gets a new one, so that a stolen cookie is worth nothing. */
static enum err set_password(struct tx *tx, void *arg)
{
	struct change *c = arg;
	enum err e = actor_set_password(tx, c->actor, c->hash);

	return e == OK ? actor_session_start(tx, c->actor, c->token_hash, c->now, &c->session) : e;
}

static enum err password_set(struct rq *rq, void *arg, enum err result)
{
	struct change *c = arg;

	if (result != OK)
		return result;
	web_session_cookie(rq, c->token);
	rq_flash(rq, N_("密码已修改，其他设备上的登录已结束。"));
	return rq_redirect(rq, STR("/me"));
}

enum err account_password(struct rq *rq)
{
	struct str old = http_pair_get(&rq->http->form, "old_password");
	struct str fresh = http_pair_get(&rq->http->form, "new_password");
	struct str again = http_pair_get(&rq->http->form, "again_password"), why;
	struct change *c = arena_new(rq->arena, struct change);
	const char *weak;
	enum err e;

	if (!str_eq(fresh, again))
		return password_page(rq, "again_password", N_("两次输入的新密码不一样。"));
	weak = password_weakness(fresh, rq->who.login);
	if (weak)
		return password_page(rq, "new_password", weak);
	e = actor_check_password(rq->app->db, rq->arena, rq->who.login, old, rq->now, &c->actor, &why);
	if (e == ERR_LOGIN)
		return password_page(rq, "old_password", N_("现在的密码不对。"));
	if (e == ERR_RATE)
		return password_page(rq, "old_password", N_("密码错误次数太多，账号已暂时锁定。请约 15 分钟后再试，或找安全管理员重设密码。"));
	if (e == OK)
		e = password_hash(rq->arena, fresh, &c->hash);
	if (e != OK)
		return e;
	c->now = rq->now;
	c->token = token_new(rq->arena);
	c->token_hash = web_session_hash(rq->arena, c->token);
	rq_repeatable(rq);
	return rq_write(rq, set_password, password_set, c);
}

/* ---- sessions ---- */

enum err account_sessions(struct rq *rq)
{
	struct account_sessions_view v;
	enum err e = actor_sessions(rq_conn(rq), rq->arena, rq->who.id, rq->now, &v.v, &v.n);

	return e == OK ? rq_page(rq, html_account_sessions, &v) : e;
}

struct others {
	int64_t actor, keep; /* or the one that is meant */
};

static enum err end_own(struct tx *tx, void *arg)
{
	const struct others *o = arg;

	return actor_session_end_own(tx, o->actor, o->keep);
}

enum err account_end_one(struct rq *rq)
{
	struct others *o = arena_new(rq->arena, struct others);
	enum err e;

	*o = (struct others){.actor = rq->who.id};
	if (!str_i64(rq_form(rq, "session"), &o->keep))
		return rq_fail(rq, ERR_INPUT, N_("没有说明是哪一个登录，请从列表里选。"));
	rq_flash(rq, N_("这个登录已结束。"));
	e = rq_redirect(rq, STR("/me/sessions"));
	return e == OK ? rq_write(rq, end_own, NULL, o) : e;
}

static enum err end_others(struct tx *tx, void *arg)
{
	const struct others *o = arg;

	return actor_session_end_others(tx, o->actor, o->keep);
}

enum err account_end_others(struct rq *rq)
{
	struct others *o = arena_new(rq->arena, struct others);
	enum err e;

	*o = (struct others){rq->who.id, rq->who.session};
	rq_flash(rq, N_("其他设备上的登录已结束。"));
	e = rq_redirect(rq, STR("/me/sessions"));
	return e == OK ? rq_write(rq, end_others, NULL, o) : e;
}
