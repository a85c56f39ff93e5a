/* The second factor: asked behind the password, set up and given up on one's own pages. */
#include "base/clock.h"
#include "base/log.h"
#include "cap/account/account.h"
#include "cap/account/account.html.h"
#include "crypto/crypto.h"
#include "web/config.h"
#include "web/session.h"
#include "web/url.h"

#define PENDING_MS (5 * MS_MINUTE) /* 示例: between password and code */

/* ---- between password and code: nobody is logged in, the page carries who may go on ---- */

static enum err sign_pending(struct str text, unsigned char out[32])
{
	unsigned char key[32];
	enum err e = key_for("login-second", key);

	if (e == OK)
		mac(key, text, out);
	return e;
}

static enum err pending_new(struct rq *rq, int64_t account, struct str *out)
{
	struct str text = arena_printf(rq->arena, "%lld.%lld", (long long)account, (long long)(rq->now + PENDING_MS));
	unsigned char h[32];
	enum err e = sign_pending(text, h);

	*out = arena_printf(rq->arena, "%.*s.%.*s", STR_ARG(text), STR_ARG(hex(rq->arena, h, 16)));
	return e;
}

static bool pending_read(struct rq *rq, struct str given, int64_t *account)
{
	struct str rest = given, id, until;
	unsigned char h[32];
	int64_t end;

	if (given.n > 100 || !str_split(&rest, '.', &id) || !str_split(&rest, '.', &until) || !str_i64(id, account) || !str_i64(until, &end) ||
	    end < rq->now || sign_pending(str_sub(given, 0, id.n + 1 + until.n), h) != OK || rest.n != 32)
		return false;
	return equal_const_time(hex(rq->arena, h, 16).p, rest.p, 32);
}

/* ---- who must ---- */

static bool named(const char *list, struct str role)
{
	struct str rest = str_from(list), one;

	while (str_split(&rest, ' ', &one))
		if (one.n && str_eq(one, role))
			return true;
	return false;
}

static bool required(struct rq *rq, const struct actor_session *who)
{
	const char *roles = rq->app->config ? rq->app->config->second_factor : "";

	for (size_t i = 0; *roles && i < who->nrights; i++)
		if (named(roles, who->rights[i].role))
			return true;
	return false;
}

/* ---- setting up: the same picture at the door and on one's own page ---- */

static enum err fill_secret(struct rq *rq, int64_t account, struct str login, struct account_second_view *v)
{
	struct str secret;
	enum err e = second_secret(rq_conn(rq), rq->arena, account, &secret);

	if (e != OK)
		return e;
	v->secret = STR("");
	for (size_t i = 0; i < secret.n; i += 4)
		v->secret = arena_printf(rq->arena, "%.*s%s%.*s", STR_ARG(v->secret), i ? " " : "", STR_ARG(str_sub(secret, i, 4)));
	return qr_make(rq->arena, arena_printf(rq->arena, "otpauth://totp/%%E5%%85%%B1%%E6%%B2%%BB:%.*s?secret=%.*s&issuer=%%E5%%85%%B1%%E6%%B2%%BB",
					       STR_ARG(web_url_encode(rq->arena, login)), STR_ARG(secret)), &v->qr);
}

static void no_store(struct rq *rq)
{
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
}

static enum err recovery_page(struct rq *rq, const struct second_try *t, struct str next)
{
	struct account_codes_view v = {.v = t->codes, .n = SECOND_RECOVERY, .next = next};

	no_store(rq);
	return rq_page(rq, html_account_codes, &v);
}

/* ---- at the door ---- */

struct entering {
	struct second_try t;
	struct actor_session who;
	int64_t session;
	struct str token, hash, next, pending;
};

static enum err door_page(struct rq *rq, int status, const struct entering *x, const char *zh_error)
{
	struct account_second_view v = {.pending = x->pending, .next = x->next, .error = str_from(zh_error ? _(zh_error) : ""), .login = x->who.login,
					.setup = x->t.confirm};
	enum err e = x->t.confirm ? fill_secret(rq, x->t.account, x->who.login, &v) : OK;

	no_store(rq);
	return e == OK ? rq_page_status(rq, status, html_account_second_door, &v) : e;
}

static enum err setup_begun(struct rq *rq, void *arg, enum err result)
{
	return result == OK ? door_page(rq, 200, arg, NULL) : result;
}

static enum err begin_for(struct tx *tx, void *arg)
{
	const struct entering *x = arg;
	struct second_begin b = {x->t.account};

	return second_begin_job(tx, &b);
}

enum err account_second_asked(struct rq *rq, int64_t account, struct str next, bool *asked)
{
	struct entering *x = arena_new(rq->arena, struct entering);
	struct second_state s;
	enum err e = second_get(rq_conn(rq), rq->arena, account, &s);

	*asked = false;
	if (e == OK)
		e = actor_load(rq_conn(rq), rq->arena, account, &x->who);
	if (e != OK || (!s.on && !required(rq, &x->who)))
		return e;
	*asked = true;
	x->t = (struct second_try){.account = account, .confirm = !s.on, .arena = rq->arena};
	x->next = next;
	e = pending_new(rq, account, &x->pending);
	if (e != OK || s.on)
		return e == OK ? door_page(rq, 200, x, NULL) : e;
	rq_repeatable(rq); /* the page holds a secret: it is not kept for a second post */
	return rq_write(rq, begin_for, setup_begun, x);
}

static enum err enter_job(struct tx *tx, void *arg)
{
	struct entering *x = arg;
	enum err e = second_try_job(tx, &x->t);

	return e == OK && x->t.right ? actor_session_start(tx, x->t.account, x->hash, tx->now, &x->session) : e;
}

static enum err entered(struct rq *rq, void *arg, enum err result)
{
	struct entering *x = arg;

	if (result == ERR_CONFLICT)
		return rq_redirect(rq, STR("/login"));
	if (result != OK)
		return result;
	if (x->t.locked || !x->t.right) {
		log_warn("second factor refused locked=%d peer=%.*s", x->t.locked, STR_ARG(rq->http->peer));
		return door_page(rq, x->t.locked ? 429 : 401, x, x->t.locked ? N_("验证码错误次数太多，已暂时锁定。请约 15 分钟后再试，或找系统管理员重设。") :
									      N_("验证码不对，或已经用过。请看手机上现在的 6 位数字。"));
	}
	web_session_cookie(rq, x->token);
	if (x->t.confirm)
		return recovery_page(rq, &x->t, x->next);
	if (x->t.recovered)
		rq_flash(rq, N_("用恢复码登录了，这个恢复码已作废。"));
	return rq_redirect(rq, x->next);
}

enum err account_login_code(struct rq *rq)
{
	struct entering *x = arena_new(rq->arena, struct entering);
	struct second_state s;
	enum err e;

	x->pending = rq_form(rq, "pending");
	x->next = account_next_of(rq_form(rq, "next"));
	if (!pending_read(rq, x->pending, &x->t.account))
		return rq_redirect(rq, arena_printf(rq->arena, "/login?next=%.*s", STR_ARG(web_url_encode(rq->arena, x->next))));
	e = second_get(rq_conn(rq), rq->arena, x->t.account, &s);
	if (e == OK)
		e = actor_load(rq_conn(rq), rq->arena, x->t.account, &x->who);
	if (e != OK)
		return e;
	x->t.confirm = !s.on;
	x->t.arena = rq->arena;
	x->t.typed = rq_form(rq, "code");
	if (str_empty(x->t.typed))
		return door_page(rq, 422, x, N_("请输入验证码。"));
	x->token = token_new(rq->arena);
	x->hash = web_session_hash(rq->arena, x->token);
	rq_repeatable(rq);
	return rq_write(rq, enter_job, entered, x);
}

/* ---- one's own page ---- */

static enum err own_page(struct rq *rq, int status, const char *zh_error)
{
	struct account_second_view v = {.error = str_from(zh_error ? _(zh_error) : ""), .login = rq->who.login, .must = required(rq, &rq->who)};
	enum err e = second_get(rq_conn(rq), rq->arena, rq->who.id, &v.state);

	if (e == OK && v.state.begun)
		e = fill_secret(rq, rq->who.id, rq->who.login, &v);
	no_store(rq);
	return e == OK ? rq_page_status(rq, status, html_account_second, &v) : e;
}

enum err account_second(struct rq *rq)
{
	return own_page(rq, 200, NULL);
}

enum err account_second_begin(struct rq *rq)
{
	struct second_begin *b = arena_new(rq->arena, struct second_begin);
	enum err e = rq_redirect(rq, STR("/me/second"));

	b->account = rq->who.id;
	return e == OK ? rq_write(rq, second_begin_job, NULL, b) : e;
}

static const char *why_not(const struct second_try *t)
{
	return t->locked ? N_("验证码错误次数太多，已暂时锁定。请约 15 分钟后再试，或找系统管理员重设。") :
			   N_("验证码不对，或已经用过。请看手机上现在的 6 位数字。");
}

static enum err confirmed(struct rq *rq, void *arg, enum err result)
{
	const struct second_try *t = arg;

	if (result == ERR_CONFLICT)
		return rq_redirect(rq, STR("/me/second"));
	if (result != OK)
		return result;
	return t->right ? recovery_page(rq, t, STR("/me/second")) : own_page(rq, t->locked ? 429 : 422, why_not(t));
}

enum err account_second_confirm(struct rq *rq)
{
	struct second_try *t = arena_new(rq->arena, struct second_try);

	*t = (struct second_try){.account = rq->who.id, .typed = rq_form(rq, "code"), .confirm = true, .arena = rq->arena};
	rq_repeatable(rq); /* the answer holds the recovery codes: it is not kept for a second post */
	return rq_write(rq, second_try_job, confirmed, t);
}

static enum err off_job(struct tx *tx, void *arg)
{
	struct second_try *t = arg;
	enum err e = second_try_job(tx, t);

	return e == OK && t->right ? second_drop(tx, t->account, t->account) : e;
}

static enum err turned_off(struct rq *rq, void *arg, enum err result)
{
	const struct second_try *t = arg;

	if (result != OK && result != ERR_CONFLICT)
		return result;
	if (result == OK && !t->right)
		return own_page(rq, t->locked ? 429 : 422, why_not(t));
	rq_flash(rq, N_("第二因素已关闭。"));
	return rq_redirect(rq, STR("/me/second"));
}

enum err account_second_off(struct rq *rq)
{
	struct second_try *t = arena_new(rq->arena, struct second_try);

	if (required(rq, &rq->who))
		return own_page(rq, 422, N_("您的职责要求用第二因素登录，不能关闭。换手机请先找系统管理员重设。"));
	*t = (struct second_try){.account = rq->who.id, .typed = rq_form(rq, "code"), .arena = rq->arena};
	rq_repeatable(rq);
	return rq_write(rq, off_job, turned_off, t);
}
