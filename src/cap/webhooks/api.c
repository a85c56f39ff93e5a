/* The same for programs, with a key; and the tables of the capability. */
#include "base/json.h"
#include "base/log.h"
#include "cap/webhooks/guard.h"
#include "cap/webhooks/view.h"
#include "cap/webhooks/webhooks.sql.h"
#include "core/place/place.h"
#include "web/config.h"

/* ---- out ---- */

static void put_time(struct json *j, const char *key, int64_t ms)
{
	json_key(j, key);
	if (ms)
		json_i64(j, ms);
	else
		json_nil(j);
}

static enum err put(struct rq *rq, struct json *j, const struct webhook *w, bool whole)
{
	static const char *const status[] = {"on", "paused", "stopped", "no-rights"};
	struct place p = {.code = STR("")};
	struct str secret;
	enum err e = str_empty(w->place) ? OK : place_by_key(rq_conn(rq), rq->arena, w->place, &p);

	json_obj(j);
	json_key(j, "id"), json_id(j, w->id);
	json_key(j, "name"), json_str(j, w->name);
	json_key(j, "host"), json_str(j, w->host);
	json_key(j, "owner"), json_id(j, w->owner);
	json_key(j, "place"), json_str(j, p.code.p ? p.code : STR(""));
	json_key(j, "scenario"), json_str(j, w->scenario);
	json_key(j, "category"), json_str(j, w->category);
	json_key(j, "state"), json_str(j, w->state);
	json_key(j, "action"), json_str(j, w->action);
	json_key(j, "titles"), json_bool(j, w->titles);
	json_key(j, "status"), json_strz(j, status[w->status]);
	json_key(j, "queued"), json_i64(j, w->queued);
	json_key(j, "delivered"), json_i64(j, w->done);
	json_key(j, "waiting"), json_i64(j, w->queued - w->done);
	json_key(j, "lost"), json_i64(j, w->lost);
	json_key(j, "tries"), json_i64(j, w->tries);
	put_time(j, "created", w->created);
	put_time(j, "last_ok", w->last_ok);
	put_time(j, "failing_since", w->failing_since);
	put_time(j, "next_at", w->tries ? w->next_at : 0);
	if (whole && (e == OK || e == ERR_NOT_FOUND)) {
		e = webhook_secret(rq->arena, w, &secret);
		json_key(j, "url"), json_str(j, w->url);
		json_key(j, "secret"), json_str(j, secret);
	}
	json_end(j);
	return e == ERR_NOT_FOUND ? OK : e;
}

static enum err answer(struct rq *rq, const struct webhook *w, int status)
{
	struct json j;
	enum err e;

	buf_clear(&rq->http->resp->body);
	json_init(&j, &rq->http->resp->body);
	e = put(rq, &j, w, webhook_is_mine(rq, w));
	if (e != OK)
		return e;
	json_done(&j);
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	return rq_json(rq, status);
}

enum err webhooks_json(struct rq *rq)
{
	struct webhook *v;
	struct json j;
	size_t n;
	enum err e = webhooks_of(rq_conn(rq), rq->arena, webhook_sees_all(rq) ? 0 : rq->who.id, &v, &n);

	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "webhooks");
	json_arr(&j);
	for (size_t i = 0; e == OK && i < n; i++)
		e = put(rq, &j, &v[i], false);
	if (e != OK)
		return e;
	json_end(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

enum err webhook_json(struct rq *rq)
{
	struct webhook w;
	enum err e = webhook_asked(rq, &w);

	return e == OK ? answer(rq, &w, 200) : e;
}

/* ---- in ---- */

static enum err read_body(struct rq *rq, json_t **obj)
{
	struct str why = STR("");
	enum err e = json_parse(rq->arena, rq->http->body, &(struct json_limits){.bytes = 16384, .values = 100}, obj, &why);

	return e == OK ? OK : rq_fail(rq, ERR_INPUT, N_("请求体要是一个 JSON 对象：%s"), arena_strz(rq->arena, why));
}

static struct str text(const json_t *obj, const char *key)
{
	struct str s;

	return json_get_str(obj, key, &s) ? str_trim(s) : STR("");
}

static enum err created(struct rq *rq, void *arg, enum err result)
{
	const struct webhook_new *n = arg;

	return result == OK ? answer(rq, &n->w, 201) : result;
}

enum err webhooks_json_post(struct rq *rq)
{
	struct webhook_new *n = arena_new(rq->arena, struct webhook_new);
	struct webhook_texts t;
	json_t *obj;
	enum err e = read_body(rq, &obj);

	if (e != OK)
		return e;
	t = (struct webhook_texts){text(obj, "account"), text(obj, "name"), text(obj, "url"), text(obj, "place"), text(obj, "scenario"),
				   text(obj, "category"), text(obj, "state"), text(obj, "action"), false};
	(void)json_get_bool(obj, "titles", &t.titles);
	e = webhook_read_new(rq, &t, n);
	return e == OK ? rq_write(rq, webhook_create_job, created, n) : e;
}

static enum err acted(struct rq *rq, void *arg, enum err result)
{
	const struct webhook_doing *d = arg;
	struct webhook w;
	enum err e;

	if (result == ERR_CONFLICT)
		return rq_fail(rq, result, N_("它现在的状态不能这样做。请退回去刷新再看。"));
	if (result != OK)
		return result;
	if (d->act == WEBHOOK_DELETE) {
		buf_addz(&rq->http->resp->body, "{\"deleted\":true}");
		return rq_json(rq, 200);
	}
	e = webhook_load(rq_conn(rq), rq->arena, d->id, &w);
	return e == OK ? answer(rq, &w, 200) : e;
}

enum err webhook_json_post(struct rq *rq)
{
	struct webhook_doing *d = arena_new(rq->arena, struct webhook_doing);
	int act = webhook_act_of(rq_param(rq, "act"));
	struct webhook w;
	enum err e = webhook_asked(rq, &w);

	if (e != OK)
		return e;
	if (act < 0)
		return rq_fail(rq, ERR_NOT_FOUND, N_("没有这个操作。"));
	*d = (struct webhook_doing){w.id, rq->who.id, (enum webhook_act)act};
	return rq_write(rq, webhook_act_job, acted, d);
}

/* ---- the capability ---- */

static enum err follow_place(struct tx *tx, struct str old, struct str new_key)
{
	return q_webhooks_rename(tx->c, old, place_after(tx->arena, old), new_key, (int64_t)old.n + 1, NULL);
}

static enum err start(struct app *app)
{
	static bool registered;
	struct guard guard;
	const char *bad;
	struct arena a;
	enum err e;

	if (!registered)
		place_on_rename(follow_place);
	registered = true;
	arena_init(&a, 0);
	e = guard_read(&a, app->config ? app->config->webhook_allow : NULL, &guard, &bad);
	if (e != OK)
		log_error("[webhook] allow: 读不懂网段 %s，写成 10.20.0.0/16 这样 (not a network)", bad);
	arena_release(&a);
	return e;
}

static enum err (*const reseal[])(struct tx *tx, void *page) = {webhook_reseal_job, NULL};

static const struct route routes[] = {
	{"GET", "/webhooks", webhooks_page, "webhook.manage", R_LOGIN, N_("事件推送：谁订阅了什么，送到没有"), 0},
	{"POST", "/webhooks", webhooks_post, "webhook.manage", R_LOGIN, N_("新的订阅"), 0},
	{"GET", "/webhooks/:id", webhook_page, "webhook.manage", R_LOGIN, N_("一个订阅，最近几次推送和原因"), 0},
	{"POST", "/webhooks/:id", webhook_post, "webhook.manage", R_LOGIN, N_("暂停、恢复、换密钥、试推、删除"), 0},
	{"GET", "/api/webhooks", webhooks_json, "webhook.manage", R_LOGIN | R_JSON, N_("订阅的列表"), 0},
	{"POST", "/api/webhooks", webhooks_json_post, "webhook.manage", R_LOGIN | R_JSON | R_NO_CSRF, N_("程序订阅事件，见 docs/webhooks.md"), 0},
	{"GET", "/api/webhooks/:id", webhook_json, "webhook.manage", R_LOGIN | R_JSON, N_("一个订阅，连同地址和签名密钥"), 0},
	{"POST", "/api/webhooks/:id/:act", webhook_json_post, "webhook.manage", R_LOGIN | R_JSON | R_NO_CSRF,
	 N_("act：pause、resume、secret、ping、delete"), 0},
	{0},
};

static const struct permission permissions[] = {
	{"webhook.manage", N_("订阅事件推送")},
	{0},
};

static const struct subscriber subscribers[] = {
	{"webhooks", webhook_batch},
	{0},
};

static const struct job_entry jobs[] = {
	{"webhooks", 1000, webhook_send_job},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("事件推送"), "/webhooks", "webhook.manage", 70, NULL},
	{0},
};

extern const struct capability cap_webhooks;
const struct capability cap_webhooks = {
	.name = "webhooks",
	.title = N_("事件推送"),
	.routes = routes,
	.permissions = permissions,
	.subscribers = subscribers,
	.jobs = jobs,
	.menu = menu,
	.reseal = reseal,
	.start = start,
};
