/* Answers: pages, redirects, JSON, texts, errors in the visitor's language, and the headers that all of them carry. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/id.h"
#include "crypto/crypto.h"
#include "web/error.h"
#include "web/inner.h"
#include "web/url.h"
#include "web/web.html.h"

#define PAGE_MAX (8 << 20)
#define FLASH_MAX 600

/* ---- pages ---- */

enum err rq_page_status(struct rq *rq, int status, html_fn fn, const void *view)
{
	struct http_resp *resp = rq->http->resp;

	resp->status = status;
	http_header_set(rq->http, "Content-Type", STR("text/html; charset=utf-8"));
	buf_clear(&resp->body);
	fn(&resp->body, rq, view);
	return buf_check(&resp->body);
}

enum err rq_page_(struct rq *rq, html_fn fn, const void *view)
{
	return rq_page_status(rq, 200, fn, view);
}

enum err rq_redirect(struct rq *rq, struct str path)
{
	if (!web_url_local(path))
		BUG("redirect away from this site");
	rq->http->resp->status = 303;
	http_header_set(rq->http, "Location", path);
	return OK;
}

enum err rq_json(struct rq *rq, int status)
{
	rq->http->resp->status = status;
	http_header_set(rq->http, "Content-Type", STR("application/json"));
	return buf_check(&rq->http->resp->body);
}

enum err rq_text(struct rq *rq, const char *type, struct str body)
{
	http_header_set(rq->http, "Content-Type", str_from(type));
	buf_adds(&rq->http->resp->body, body);
	return buf_check(&rq->http->resp->body);
}

void rq_flash(struct rq *rq, const char *zh_fmt, ...)
{
	struct rq_impl *im = impl_of(rq);
	va_list ap;

	va_start(ap, zh_fmt);
	im->flash = arena_vprintf(rq->arena, tr(rq->lang, zh_fmt), ap);
	va_end(ap);
	im->flash_pending = true;
}

/* ---- failing ---- */

static enum err fail(struct rq *rq, enum err e, const char *field, const char *zh_fmt, va_list ap)
{
	rq->reason = arena_vprintf(rq->arena, tr(rq->lang, zh_fmt), ap);
	rq->reason_field = str_from(field);
	return e;
}

enum err rq_fail(struct rq *rq, enum err e, const char *zh_fmt, ...)
{
	va_list ap;

	va_start(ap, zh_fmt);
	e = fail(rq, e, NULL, zh_fmt, ap);
	va_end(ap);
	return e;
}

enum err rq_fail_field(struct rq *rq, enum err e, const char *field, const char *zh_fmt, ...)
{
	va_list ap;

	va_start(ap, zh_fmt);
	e = fail(rq, e, field, zh_fmt, ap);
	va_end(ap);
	return e;
}

static const struct {
	const char *title, *todo;
} texts[ERR__MAX] = {
	[ERR_INPUT] = {N_("提交的内容无法使用"), N_("请用浏览器的“后退”回到刚才的页面，改正后再提交。")},
	[ERR_LOGIN] = {N_("请先登录"), N_("这个页面需要登录后才能打开。")},
	[ERR_FORBIDDEN] = {N_("没有权限"), N_("您的账号不能打开这个页面或做这件事。如确需办理，请联系本单位的管理员。")},
	[ERR_NOT_FOUND] = {N_("没有找到"), N_("这个地址没有内容：可能输错了，或者内容已经移走。请检查地址，或从首页重新进入。")},
	[ERR_CONFLICT] = {N_("情况已经变化"), N_("别人刚刚做了修改，或者当前状态不允许这样做。请刷新页面，看看最新情况再决定。")},
	[ERR_TOO_MUCH] = {N_("内容太大"), N_("提交的内容超过了上限。请减少文字或附件后再试。")},
	[ERR_RULE] = {N_("按规定不能这样办"), N_("请按上面的提示处理。")},
	[ERR_RATE] = {N_("操作太频繁"), N_("请稍等片刻再试。")},
	[ERR_BUSY] = {N_("系统繁忙"), N_("请稍后再试；您的内容没有丢失，可用“后退”回到刚才的页面重新提交。")},
	[ERR_DB] = {N_("系统出错了"), N_("这是系统的问题，不是您的问题。请稍后再试；如仍不行，请把编号告诉管理员。")},
	[ERR_IO] = {N_("系统出错了"), N_("服务器的磁盘或网络出了故障，这次没有保存。请稍后再试；如仍不行，请把编号告诉管理员。")},
};

/* Drops all cookies, or everything else. */
static void keep_headers(struct rq *rq, bool cookies)
{
	struct http_resp *resp = rq->http->resp;
	size_t kept = 0;

	for (size_t i = 0; i < resp->headers.n; i++)
		if (str_ieqz(resp->headers.v[i].name, "Set-Cookie") == cookies)
			resp->headers.v[kept++] = resp->headers.v[i];
	resp->headers.n = kept;
}

void answer_reset(struct rq *rq)
{
	struct http_resp *resp = rq->http->resp;

	/* cookies stay: the choice of a language holds on an error page too */
	keep_headers(rq, true);
	resp->status = 200;
	buf_clear(&resp->body);
}

static void error_json(struct rq *rq, enum err e, const struct web_error_view *v)
{
	struct json j;

	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "error");
	json_obj(&j);
	json_key(&j, "code");
	json_strz(&j, err_name(e));
	json_key(&j, "title");
	json_strz(&j, tr(rq->lang, v->title));
	json_key(&j, "message");
	json_str(&j, v->reason.n ? v->reason : str_from(tr(rq->lang, v->todo)));
	if (rq->reason_field.p) {
		json_key(&j, "field");
		json_str(&j, rq->reason_field);
	}
	if (v->id.n) {
		json_key(&j, "id");
		json_str(&j, v->id);
	}
	json_end(&j);
	json_end(&j);
	json_done(&j);
	http_header_set(rq->http, "Content-Type", STR("application/json"));
}

/* That a store or the map is busy is one state, not so many faults as there are requests: it is told once a second. */
static void tell_failed(const struct rq *rq, struct str id, enum err e)
{
	static _Atomic int64_t told;
	const char *path = rq->route ? rq->route->path : "-";
	int64_t now = clock_mono(), last = atomic_load(&told);

	if (e != ERR_BUSY)
		log_error("a request failed id=%.*s error=%s route=%s", STR_ARG(id), err_name(e), path);
	else if ((last == 0 || now - last >= MS_SECOND) && atomic_compare_exchange_strong(&told, &last, now))
		log_warn("a request failed, and perhaps others within the second id=%.*s error=busy route=%s", STR_ARG(id), path);
}

void answer_error(struct rq *rq, enum err e)
{
	struct rq_impl *im = impl_of(rq);
	struct web_error_view v = {.status = err_http_status(e), .reason = rq->reason, .back = STR("/")};
	enum err shown;

	v.title = texts[e].title;
	v.todo = texts[e].todo;
	answer_reset(rq);
	if (v.status >= 500) {
		v.id = arena_printf(rq->arena, "%lx", (unsigned long)id_new(rq->now));
		tell_failed(rq, v.id, e);
	}
	if (e == ERR_RATE || e == ERR_BUSY)
		http_header_set(rq->http, "Retry-After",
				arena_printf(rq->arena, "%ld", im->retry_after > 0 ? im->retry_after : 2));
	if (v.status == 401 && im->wants_json) /* RFC 6750, section 3 */
		http_header_set(rq->http, "WWW-Authenticate", im->bearer.p ? STR("Bearer realm=\"gongzhi\", error=\"invalid_token\"") :
				STR("Bearer realm=\"gongzhi\""));
	if (im->match.allow.p)
		http_header_set(rq->http, "Allow", im->match.allow);
	if (im->wants_json) {
		error_json(rq, e, &v);
	} else {
		shown = rq_page_status(rq, v.status, html_web_error, &v);
		if (shown != OK)
			log_error("the error page did not fit error=%s", err_name(shown));
	}
	rq->http->resp->status = v.status;
}

/* ---- headers of every answer ---- */

static void put_flash(struct rq *rq)
{
	struct rq_impl *im = impl_of(rq);
	unsigned char m[32];
	struct str text = str_sub(im->flash, 0, FLASH_MAX), value;

	if (!im->flash_pending) {
		if (im->flash_shown && web_cookie(rq, COOKIE_FLASH).p)
			web_cookie_set(rq, COOKIE_FLASH, STR(""), -1);
		return;
	}
	/* cut between two signs, not inside one */
	while (text.n < im->flash.n && text.n && ((unsigned char)im->flash.p[text.n] & 0xc0) == 0x80)
		text.n--;
	mac(im->web->flash_key, text, m);
	value = arena_printf(rq->arena, "%.*s.%.*s", STR_ARG(base64url(rq->arena, m, 12)),
			     STR_ARG(base64url(rq->arena, text.p, text.n)));
	web_cookie_set(rq, COOKIE_FLASH, value, 300);
}

/* Everything from here, and pictures and fetches from where the two parts say. */
#define CSP(pictures, fetches) \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:" pictures "; font-src 'self'; " \
	"connect-src 'self'" fetches "; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; " \
	"frame-ancestors 'none'"

static void security_headers(struct http_req *r)
{
	static const struct {
		const char *name, *value;
	} always[] = {
		{"Content-Security-Policy", CSP("", "")},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "geolocation=(self), camera=(), microphone=(), payment=(), usb=()"},
	};

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		http_header_set(r, always[i].name, str_from(always[i].value));
	if (r->secure)
		http_header_set(r, "Strict-Transport-Security", STR("max-age=31536000"));
}

/* "https://tiles.example.cn/{z}/…" -> "https://tiles.example.cn"; nothing that could end the source list. */
static struct str origin_of(struct str url)
{
	ptrdiff_t scheme = str_find(url, STR("://")), slash;

	if (!str_starts(url, "https://") && !str_starts(url, "http://"))
		return STR_NULL;
	slash = str_chr(str_sub(url, (size_t)scheme + 3, url.n), '/');
	url = str_sub(url, 0, slash < 0 ? url.n : (size_t)scheme + 3 + (size_t)slash);
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] == ';' || url.p[i] == ',' || url.p[i] == '\'')
			return STR_NULL;
	return url;
}

/* MapLibre fetches its pictures, hence connect-src too. */
static void allow_pictures(struct rq *rq)
{
	struct str from = origin_of(rq->pictures_from);

	if (from.n)
		http_header_set(rq->http, "Content-Security-Policy",
				arena_printf(rq->arena, CSP(" %.*s", " %.*s"), STR_ARG(from), STR_ARG(from)));
}

void answer_headers(struct rq *rq)
{
	struct http_req *r = rq->http;

	put_flash(rq);
	if (impl_of(rq)->bearer.p)
		keep_headers(rq, false); /* a program keeps none */
	security_headers(r);
	if (rq->pictures_from.n)
		allow_pictures(rq);
	if (http_pair_get(&r->resp->headers, "Cache-Control").p == NULL)
		http_header_set(r, "Cache-Control", rq->who.id || rq->head.secret || rq->route == NULL || r->method != HTTP_GET ?
				STR("no-store") : STR("private, no-cache"));
	if (http_pair_get(&r->resp->headers, "Content-Language").p == NULL)
		http_header_set(r, "Content-Language", rq->lang == LANG_EN ? STR("en") : STR("zh-CN"));
}
