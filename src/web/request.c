/* One request: route, limits, token, session and right are checked here, before any handler runs. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/error.h"
#include "web/inner.h"
#include "web/session.h"
#include "web/url.h"
#include "web/web.html.h"

#define BODY_DEFAULT (64 * 1024)
#define FILES_DEFAULT (64 * 1024 * 1024)

static bool is_write(enum http_method m)
{
	return m == HTTP_POST || m == HTTP_PUT || m == HTTP_DELETE;
}

static bool is_static(const struct route *r)
{
	return r && str_starts(str_from(r->path), "/static/");
}

/* Somebody on this machine: the operator, a test, a proxy that has not been named as trusted. Not counted. */
static bool this_machine(struct str peer)
{
	return str_starts(peer, "127.") || str_eqz(peer, "::1") || str_starts(peer, "unix") || str_empty(peer);
}

static bool too_often(struct web *web, const char *purpose, struct str who, int64_t per_minute, int64_t now,
		      int64_t *wait)
{
	if (rate_take(web->rate, purpose, who, per_minute, now, wait))
		return false;
	atomic_fetch_add_explicit(&web->metrics.rate_refused, 1, memory_order_relaxed);
	return true;
}

/* ---- before the body ---- */

struct http_admit web_admit(const struct http_req *head, void *arg)
{
	struct web *web = arg;
	struct route_match m;
	struct http_admit a = {.max_body = BODY_DEFAULT};
	const struct config *c = web->app.config;

	if (!atomic_load(&web->ready)) {
		a.status = 503;
		return a;
	}
	router_find(web->router, head->method, head->path, head->arena, &m);
	if (m.route == NULL) {
		a.status = m.allow.p ? 405 : 404;
		return a;
	}
	if (!is_static(m.route) && !this_machine(head->peer) &&
	    too_often(web, "request", head->peer, c->requests, head->now, NULL)) {
		a.status = 429;
		return a;
	}
	if (m.route->flags & R_FILES) {
		a.max_body = FILES_DEFAULT;
		a.max_files = (int)c->max_files;
		a.max_file = c->max_file;
	}
	if (m.route->max_body)
		a.max_body = m.route->max_body;
	a.inline_ok = is_static(m.route);
	return a;
}

static struct rq *make(struct web *web, struct http_req *r)
{
	struct rq *rq = arena_new(r->arena, struct rq);
	struct rq_impl *im = arena_new(r->arena, struct rq_impl);
	struct str accept = http_pair_get(&r->headers, "Accept");

	im->web = web;
	*rq = (struct rq){.http = r, .arena = r->arena, .app = &web->app, .now = r->now, .impl = im};
	router_find(web->router, r->method, r->path, r->arena, &im->match);
	rq->route = im->match.route;
	rq->params = im->match.params;
	im->wants_json = (rq->route && (rq->route->flags & R_JSON)) || str_starts(accept, "application/json");
	r->user = rq;
	visitor_begin(rq);
	return rq;
}

static enum err err_of_status(int status)
{
	for (enum err e = ERR_INPUT; e < ERR__MAX; e++)
		if (err_http_status(e) == status)
			return e;
	return status >= 500 ? ERR_IO : ERR_INPUT;
}

void web_refused(struct http_req *r, int status, const char *why, void *arg)
{
	struct rq *rq = make(arg, r);

	log_debug("refused status=%d why=%s", status, why ? why : "-");
	rq->route = NULL; /* the page belongs to none */
	if (status == 405)
		rq->reason = str_from(tr(rq->lang, N_("这个地址不接受这种请求方式。")));
	answer_error(rq, status == 405 || status == 408 ? ERR_INPUT : err_of_status(status));
	answer_headers(rq);
	r->resp->status = status;
}

/* ---- guards ---- */

/* The browser itself says where a post comes from; old ones say nothing, then the token decides alone. */
static bool from_another_site(struct rq *rq)
{
	struct str site = http_pair_get(&rq->http->headers, "Sec-Fetch-Site");
	struct str origin = http_pair_get(&rq->http->headers, "Origin");
	ptrdiff_t at;

	if (site.p && !str_eqz(site, "same-origin") && !str_eqz(site, "none"))
		return true;
	/* "null": what browsers send under Referrer-Policy: no-referrer */
	if (origin.p == NULL || str_eqz(origin, "null"))
		return false;
	at = str_find(origin, STR("://"));
	return at < 0 || !str_eq(str_sub(origin, (size_t)at + 3, origin.n), rq->http->host);
}

static enum err check_token(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct str token = rq_form(rq, "_csrf");

	/* no browser puts a key into a request by itself: what comes with one needs no token */
	if (!is_write(rq->http->method) || im->bearer.p)
		return OK;
	if (rq->route->flags & R_NO_CSRF)
		return rq_fail(rq, ERR_LOGIN, N_("这个地址只接受带密钥的程序：请用 Authorization: Bearer 密钥。"));
	if (str_empty(token))
		token = http_pair_get(&rq->http->headers, "X-CSRF-Token");
	im->cross_site = from_another_site(rq);
	im->csrf_bad = im->cross_site || !visitor_token_ok(rq, token);
	if (!im->csrf_bad)
		return OK;
	atomic_fetch_add_explicit(&im->web->metrics.csrf_refused, 1, memory_order_relaxed);
	return rq_fail(rq, ERR_FORBIDDEN, im->cross_site ?
		       N_("这次提交来自别的网站，为了您的安全已被拒绝。") :
		       N_("这个页面打开太久，已经过期。请回到表单，刷新页面后再提交。"));
}

static bool too_often_id(struct rq *rq, const char *purpose, int64_t id, int64_t per_minute, int64_t *wait)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", id);
	return too_often(impl_of(rq)->web, purpose, str_from(text), per_minute, rq->now, wait);
}

static enum err too_many(struct rq *rq, int64_t wait)
{
	struct rq_impl *im = impl_of(rq);

	im->retry_after = wait / 1000 + 1;
	return rq_fail(rq, ERR_RATE, N_("一分钟内请求的次数太多，请 %ld 秒后再试。"), im->retry_after);
}

/* A key is counted by itself, whatever address it comes from; wrong ones like tries to log in. */
static enum err check_key(struct rq *rq, enum err loaded)
{
	struct rq_impl *im = impl_of(rq);
	const struct config *c = rq->app->config;
	int64_t wait = 0;

	if (im->bearer.p == NULL || (loaded != OK && loaded != ERR_LOGIN))
		return loaded;
	if (loaded == ERR_LOGIN)
		return !this_machine(rq->http->peer) && too_often(im->web, "login", rq->http->peer, c->logins, rq->now, &wait) ?
		       too_many(rq, wait) : loaded;
	return too_often_id(rq, "key", rq->who.key, c->key_requests, &wait) ? too_many(rq, wait) : OK;
}

static enum err check_rate(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	const struct config *c = rq->app->config;
	int64_t wait = 0;
	bool refused;

	if (!is_write(rq->http->method))
		return OK;
	if (rq->who.id) {
		refused = too_often_id(rq, "account", rq->who.id, c->account_posts, &wait);
	} else if (this_machine(rq->http->peer)) {
		return OK;
	} else if ((str_eqz(rq->http->path, "/login") || str_eqz(rq->http->path, "/login/code"))) {
		refused = too_often(im->web, "login", rq->http->peer, c->logins, rq->now, &wait);
	} else {
		refused = too_often(im->web, "post", rq->http->peer, c->posts, rq->now, &wait);
	}
	if (!refused)
		return OK;
	im->retry_after = wait / 1000 + 1;
	return rq_fail(rq, ERR_RATE, N_("一分钟内提交的次数太多，请 %ld 秒后再试。"), im->retry_after);
}

static enum err check_right(struct rq *rq)
{
	if (rq->route->flags & R_PUBLIC)
		return OK;
	if (rq->who.id == 0)
		return ERR_LOGIN;
	if (rq->route->needs && !rq_may(rq, rq->route->needs))
		return ERR_FORBIDDEN;
	return OK;
}

/* ---- what an error becomes ---- */

static enum err to_login(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	struct str here = web_url_here(rq);

	atomic_fetch_add_explicit(&im->web->metrics.login_needed, 1, memory_order_relaxed);
	/* the token was right, so this browser had the form from us: keep what was typed until after the login */
	if (is_write(rq->http->method) && rq->http->form.n > 0)
		return draft_keep(rq);
	if (is_write(rq->http->method))
		here = STR("/");
	answer_reset(rq);
	return rq_redirect(rq, arena_printf(rq->arena, "/login?next=%.*s", STR_ARG(web_url_encode(rq->arena, here))));
}

/* A form of ours that is only too old: offered again at once, with a fresh token. The browser vouches for the site. */
static enum err offer_again(struct rq *rq)
{
	struct web_carry_view v = {.path = rq->http->path, .files = rq->http->nuploads > 0};

	v.v = arena_array(rq->arena, struct http_pair, rq->http->form.n + 1);
	for (size_t i = 0; i < rq->http->form.n; i++) {
		struct http_pair f = rq->http->form.v[i];

		if (str_eqz(f.name, "_csrf") || str_eqz(f.name, "_key") || str_find(f.name, STR("password")) >= 0)
			continue;
		v.v[v.n++] = f;
	}
	answer_reset(rq);
	return rq_page_status(rq, 403, html_web_carry, &v);
}

static bool may_offer_again(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);

	return im->csrf_bad && !im->cross_site && !im->wants_json && rq->http->form.n > 0 &&
	       str_eqz(http_pair_get(&rq->http->headers, "Sec-Fetch-Site"), "same-origin");
}

static void give_back_reader(struct rq *rq)
{
	if (rq->conn)
		db_read_end(rq->conn);
	rq->conn = NULL;
}

bool web_finish(struct rq *rq, enum err e)
{
	struct rq_impl *im = impl_of(rq);

	if (e == ERR_LOGIN && !im->wants_json && !(rq->route->flags & R_PUBLIC))
		e = to_login(rq);
	else if (e == ERR_FORBIDDEN && may_offer_again(rq))
		e = offer_again(rq);
	if (e == OK && im->pending) {
		give_back_reader(rq);
		write_begin(rq);
		return false;
	}
	if (e != OK)
		answer_error(rq, e);
	answer_headers(rq);
	give_back_reader(rq);
	return true;
}

enum http_next web_handle(struct http_req *r, void *arg)
{
	struct rq *rq = make(arg, r);
	enum err e = OK;

	if (rq->route == NULL) {
		answer_error(rq, ERR_NOT_FOUND);
		answer_headers(rq);
		return HTTP_DONE;
	}
	if (is_static(rq->route)) { /* on the event thread: nothing here may block */
		e = rq->route->handle(rq);
		if (e != OK)
			answer_error(rq, e);
		answer_headers(rq);
		return HTTP_DONE;
	}
	e = check_token(rq);
	if (e == OK || !impl_of(rq)->cross_site) {
		enum err loaded = check_key(rq, visitor_load(rq));

		if (e == OK)
			e = loaded;
	}
	if (e == OK)
		e = check_rate(rq);
	if (e == OK)
		e = check_right(rq);
	if (e == OK)
		e = rq->route->handle(rq);
	return web_finish(rq, e) ? HTTP_DONE : HTTP_PENDING;
}

/* ---- afterwards ---- */

void web_finished(struct http_req *r, int64_t micros, void *arg)
{
	struct web *web = arg;
	struct rq *rq = r->user;
	const struct route *route = rq ? rq->route : NULL;

	metrics_request(&web->metrics, r->resp->status, micros);
	if (!web->app.config->access_log)
		return;
	/* the route and not the path: paths and queries may hold codes of residents */
	log_info("request method=%s route=%s status=%d us=%ld bytes=%zu actor=%ld peer=%.*s",
		 route ? route->method : "-", route ? route->path : "-", r->resp->status, micros, r->resp->body.n,
		 rq ? rq->who.id : 0, STR_ARG(r->peer));
}
