/* At the door: login, logout, the first page, what was typed before. */
#include "base/clock.h"
#include "base/log.h"
#include "cap/account/account.h"
#include "cap/account/account.html.h"
#include "crypto/crypto.h"
#include "web/draft.h"
#include "web/session.h"
#include "web/shell.h"
#include "web/url.h"
#include "web/web.html.h"

#define LOGIN_MAX 128
#define PASSWORD_MAX 512

struct str account_next_of(struct str given)
{
	if (!web_url_local(given) || str_starts(given, "/login") || str_starts(given, "/logout"))
		return STR("/home");
	return given;
}

static enum err show_login(struct rq *rq, int status, struct str login, struct str next, const char *zh_error)
{
	struct account_login_view v = {.login = login, .next = next, .error = str_from(zh_error ? _(zh_error) : "")};

	return rq_page_status(rq, status, html_account_login, &v);
}

enum err account_login_form(struct rq *rq)
{
	struct str next = account_next_of(rq_query(rq, "next"));

	if (rq->who.id)
		return rq_redirect(rq, next);
	return show_login(rq, 200, STR(""), next, web_session_screen(rq) ? N_("这块屏幕只看不办。要办理请登录；登录以后，它不再一直开着。") :
			  web_session_had(rq) ? N_("登录已过期，请重新登录。") : NULL);
}

struct login {
	int64_t actor, now, session;
	int64_t screen; /* what this browser was before */
	struct str token, hash, next;
};

static enum err start_session(struct tx *tx, void *arg)
{
	struct login *l = arg;
	enum err e = l->screen ? actor_session_end(tx, l->screen) : OK;

	return e == OK ? actor_session_start(tx, l->actor, l->hash, l->now, &l->session) : e;
}

static enum err logged_in(struct rq *rq, void *arg, enum err result)
{
	struct login *l = arg;

	if (result != OK)
		return result;
	web_session_cookie(rq, l->token);
	return rq_redirect(rq, l->next);
}

enum err account_login(struct rq *rq)
{
	struct str login = rq_form(rq, "login"), next = account_next_of(rq_form(rq, "next")), why = STR_NULL;
	struct str password = http_pair_get(&rq->http->form, "password"); /* blanks may belong to it */
	struct login *l = arena_new(rq->arena, struct login);
	bool asked;
	enum err e;

	if (str_empty(login) || str_empty(password))
		return show_login(rq, 422, login, next, N_("请填写账号和密码。"));
	if (login.n > LOGIN_MAX || password.n > PASSWORD_MAX)
		return show_login(rq, 422, STR(""), next, N_("账号或密码不对，请检查后再试。"));
	e = actor_check_password(rq->app->db, rq->arena, login, password, rq->now, &l->actor, &why);
	if (e == ERR_LOGIN || e == ERR_RATE)
		log_warn("login refused reason=%s peer=%.*s", err_name(e), STR_ARG(rq->http->peer));
	if (e == ERR_LOGIN)
		return show_login(rq, 401, login, next, N_("账号或密码不对，请检查后再试。"));
	if (e == ERR_RATE)
		return show_login(rq, 429, login, next, N_("密码错误次数太多，账号已暂时锁定。请约 15 分钟后再试，或找安全管理员重设密码。"));
	if (e == OK)
		e = account_second_asked(rq, l->actor, next, &asked);
	if (e != OK || asked)
		return e;
	l->now = rq->now;
	l->screen = web_session_screen(rq);
	l->next = next;
	l->token = token_new(rq->arena);
	l->hash = web_session_hash(rq->arena, l->token);
	rq_repeatable(rq);
	return rq_write(rq, start_session, logged_in, l);
}

static enum err end_session(struct tx *tx, void *session)
{
	return actor_session_end(tx, *(int64_t *)session);
}

static enum err logged_out(struct rq *rq, void *arg, enum err result)
{
	(void)arg;
	if (result != OK && result != ERR_NOT_FOUND)
		return result;
	web_session_cookie(rq, STR_NULL);
	web_draft_leave(rq);
	/* what pages kept in this browser (drafts, forms that wait for a line) must not be found by the next person at it */
	http_header_set(rq->http, "Clear-Site-Data", STR("\"storage\""));
	rq_flash(rq, N_("已退出登录。"));
	return rq_redirect(rq, STR("/"));
}

enum err account_logout(struct rq *rq)
{
	int64_t *session = arena_new(rq->arena, int64_t);

	if (rq->who.session == 0)
		return logged_out(rq, NULL, OK);
	*session = rq->who.session;
	rq_repeatable(rq);
	return rq_write(rq, end_session, logged_out, session);
}

enum err account_home(struct rq *rq)
{
	struct web_menu m = web_menu_of(rq);

	return rq_redirect(rq, m.n ? str_from(m.v[0].path) : STR("/me"));
}

enum err account_continue(struct rq *rq)
{
	struct web_carry_view v;
	enum err e = web_draft_load(rq, &v);

	if (e == ERR_NOT_FOUND || e == ERR_INPUT)
		return rq_redirect(rq, STR("/home"));
	return e == OK ? rq_page(rq, html_web_carry, &v) : e;
}
