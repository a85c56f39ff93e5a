/* The pages: subscriptions, a new one, one with its last tries. */
#include "cap/webhooks/view.h"
#include "cap/webhooks/webhooks.html.h"
#include "core/actor/api_key.h"
#include "core/matter/category.h"
#include "core/matter/scenario.h"
#include "core/place/place.h"
#include "web/looks.h"

#define SCENARIOS_MAX 64

bool webhook_sees_all(struct rq *rq)
{
	return rq_may(rq, "system.manage");
}

bool webhook_is_mine(struct rq *rq, const struct webhook *w)
{
	return w->owner == rq->who.id || w->made_by == rq->who.id;
}

enum err webhook_asked(struct rq *rq, struct webhook *out)
{
	int64_t id;
	enum err e = rq_param_i64(rq, "id", &id) ? webhook_load(rq_conn(rq), rq->arena, id, out) : ERR_NOT_FOUND;

	if (e == OK && !webhook_is_mine(rq, out) && !webhook_sees_all(rq))
		e = ERR_NOT_FOUND;
	return e == ERR_NOT_FOUND ? rq_fail(rq, e, N_("没有这个订阅。")) : e;
}

/* ---- a new one ---- */

/* Whoever runs the installation sees no matters himself: he makes it for a program, which was given its rights by others. */
static enum err owner_of(struct rq *rq, struct str login, int64_t *owner)
{
	bool program = false;
	enum err e;

	*owner = rq->who.id;
	if (!webhook_sees_all(rq))
		return OK;
	e = str_empty(login) ? ERR_NOT_FOUND : actor_by_login(rq_conn(rq), rq->arena, login, owner);
	if (e == OK)
		e = actor_is_service(rq_conn(rq), rq->arena, *owner, &program);
	if (e == ERR_NOT_FOUND || (e == OK && !program))
		return rq_fail_field(rq, ERR_INPUT, "account", N_("请写一个程序账号的登录名：事件按它的权限推送。"));
	return e;
}

static enum err place_of(struct rq *rq, int64_t owner, struct str code, struct str *key)
{
	struct actor_session s;
	struct place p;
	enum err e;

	if (code.n) {
		e = place_by_code(rq_conn(rq), rq->arena, code, 0, &p);
		*key = p.key;
		return e == ERR_NOT_FOUND ? rq_fail_field(rq, ERR_INPUT, "place", N_("没有这个区划代码。")) : e;
	}
	e = actor_load(rq_conn(rq), rq->arena, owner, &s);
	*key = STR("");
	for (size_t i = 0; e == OK && i < s.nrights; i++)
		for (size_t k = 0; k < s.rights[i].npermissions; k++)
			if (str_eqz(s.rights[i].permissions[k], "matter.read")) {
				*key = s.rights[i].place;
				return OK;
			}
	return e;
}

/* A field that is not there is an empty one. */
static struct str some(struct str s)
{
	return s.p ? s : STR("");
}

enum err webhook_read_new(struct rq *rq, const struct webhook_texts *t, struct webhook_new *out)
{
	struct webhook *w = &out->w;
	enum err e;

	*out = (struct webhook_new){.w = {.name = t->name, .url = t->url, .scenario = some(t->scenario), .category = some(t->category),
					  .state = some(t->state), .action = some(t->action), .titles = t->titles, .made_by = rq->who.id}};
	e = owner_of(rq, t->account, &w->owner);
	if (e == OK)
		e = place_of(rq, w->owner, t->place, &w->place);
	if (e == OK)
		e = webhook_check(rq_conn(rq), rq->arena, out, rq->now);
	if (e != OK && out->why)
		return rq_fail_field(rq, e, out->field, "%s", _(out->why));
	return e;
}

static struct webhook_texts texts_of(struct rq *rq)
{
	return (struct webhook_texts){rq_form(rq, "account"), rq_form(rq, "name"), rq_form(rq, "url"), rq_form(rq, "place"), rq_form(rq, "scenario"),
				      rq_form(rq, "category"), rq_form(rq, "state"), rq_form(rq, "action"), str_eqz(rq_form(rq, "titles"), "1")};
}

/* ---- showing ---- */

static void filter_words(struct rq *rq, const struct webhook *w, struct str *out)
{
	const struct { const char *title; struct str value; } parts[] = {
		{_("事项"), w->scenario}, {_("类别"), w->category}, {_("状态"), w->state}, {_("动作"), w->action}};

	*out = STR("");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].value.n)
			*out = arena_printf(rq->arena, "%.*s%s%s %.*s", STR_ARG(*out), out->n ? " · " : "", parts[i].title, STR_ARG(parts[i].value));
	if (out->n == 0)
		*out = str_from(_("全部事件"));
}

static enum err line_of(struct rq *rq, const struct webhook *w, struct webhook_line *l)
{
	static const char *const status[] = {N_("推送中"), N_("已暂停"), N_("送不到，已停止"), N_("账号没有权限，已停止")};
	static const char *const css[] = {"tag tag--ok", "tag", "tag tag--late", "tag tag--late"};
	bool failing = w->status == WEBHOOK_ON && w->tries > 0;
	enum err e;

	*l = (struct webhook_line){.w = w, .status = failing ? N_("送不到，还在试") : status[w->status], .css = failing ? "tag tag--soon" : css[w->status],
				   .waiting = w->queued - w->done};
	filter_words(rq, w, &l->what);
	e = actor_name(rq_conn(rq), rq->arena, w->owner, &l->owner);
	if (e == OK || e == ERR_NOT_FOUND)
		e = str_empty(w->place) ? OK : place_full_name(rq_conn(rq), rq->arena, w->place, PLACE_DISTRICT, &l->place);
	if (str_empty(l->place))
		l->place = str_from(_("全部地点"));
	return e == ERR_NOT_FOUND ? OK : e;
}

static void fill_choices(struct rq *rq, struct webhooks_view *v, struct str scenario, struct str category)
{
	const struct scenario *all[SCENARIOS_MAX];
	const struct category *c;
	size_t n = scenario_list(all, ARRAY_LEN(all)), nc = category_list(&c);

	v->scenarios = arena_array(rq->arena, struct webhook_option, n + 1);
	v->categories = arena_array(rq->arena, struct webhook_option, nc + 1);
	for (size_t i = 0; i < n; i++)
		v->scenarios[v->nscenarios++] = (struct webhook_option){all[i]->id, looks_text(rq, all[i]->title), str_eq(all[i]->id, scenario)};
	for (size_t i = 0; i < nc; i++)
		v->categories[v->ncategories++] = (struct webhook_option){
			c[i].id, c[i].parent.n ? arena_printf(rq->arena, "— %.*s", STR_ARG(looks_text(rq, c[i].title))) : looks_text(rq, c[i].title),
			str_eq(c[i].id, category)};
}

static enum err list_page(struct rq *rq, int status)
{
	struct webhook_texts t = texts_of(rq);
	struct webhooks_view v = {.all = webhook_sees_all(rq), .account = t.account, .name = t.name, .url = t.url, .place = t.place, .state = t.state,
				  .action = t.action, .titles = t.titles, .error = rq->reason, .field = rq->reason_field};
	struct webhook *w;
	enum err e = webhooks_of(rq_conn(rq), rq->arena, v.all ? 0 : rq->who.id, &w, &v.n);

	if (e != OK)
		return e;
	v.v = arena_array(rq->arena, struct webhook_line, v.n + 1);
	for (size_t i = 0; e == OK && i < v.n; i++)
		e = line_of(rq, &w[i], &v.v[i]);
	fill_choices(rq, &v, t.scenario, t.category);
	return e == OK ? rq_page_status(rq, status, html_webhooks_page, &v) : e;
}

enum err webhooks_page(struct rq *rq)
{
	return list_page(rq, 200);
}

enum err webhooks_post(struct rq *rq)
{
	struct webhook_new *n = arena_new(rq->arena, struct webhook_new);
	struct webhook_texts t = texts_of(rq);
	enum err e = webhook_read_new(rq, &t, n);

	if (e != OK)
		return rq->reason.n ? list_page(rq, err_http_status(e)) : e;
	rq_flash(rq, N_("已订阅。把签名密钥交给对方，再试推一次。"));
	e = rq_redirect(rq, arena_printf(rq->arena, "/webhooks/%lld?secret=1", (long long)n->w.id));
	return e == OK ? rq_write(rq, webhook_create_job, NULL, n) : e;
}

enum err webhook_page(struct rq *rq)
{
	struct webhook_view v = {0};
	struct webhook w;
	enum err e = webhook_asked(rq, &w);

	if (e == OK)
		e = line_of(rq, &w, &v.line);
	if (e == OK)
		e = webhook_attempts_of(rq_conn(rq), rq->arena, &w, &v.tries, &v.ntries);
	v.mine = e == OK && webhook_is_mine(rq, &w);
	/* whenever he wishes: it is derived, not kept */
	if (v.mine && str_eqz(rq_query(rq, "secret"), "1"))
		e = webhook_secret(rq->arena, &w, &v.secret);
	if (e != OK)
		return e;
	v.can_pause = w.status == WEBHOOK_ON;
	v.can_resume = !v.can_pause;
	v.plain = str_starts(w.url, "http://");
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	return rq_page(rq, html_webhooks_one, &v);
}

static enum err acted(struct rq *rq, void *arg, enum err result)
{
	const struct webhook_doing *d = arg;

	if (result == ERR_CONFLICT)
		return rq_fail(rq, result, N_("它现在的状态不能这样做。请退回去刷新再看。"));
	if (result != OK)
		return result;
	if (d->act == WEBHOOK_DELETE) {
		rq_flash(rq, N_("已删除。"));
		return rq_redirect(rq, STR("/webhooks"));
	}
	if (d->act == WEBHOOK_PING)
		rq_flash(rq, N_("已放进队列，几秒后看结果。"));
	return rq_redirect(rq, arena_printf(rq->arena, "/webhooks/%lld%s", (long long)d->id, d->act == WEBHOOK_SECRET ? "?secret=1" : ""));
}

enum err webhook_post(struct rq *rq)
{
	struct webhook_doing *d = arena_new(rq->arena, struct webhook_doing);
	int act = webhook_act_of(rq_form(rq, "act"));
	struct webhook w;
	enum err e = webhook_asked(rq, &w);

	if (e != OK)
		return e;
	if (act < 0)
		return rq_fail(rq, ERR_INPUT, N_("没有这个操作。"));
	*d = (struct webhook_doing){w.id, rq->who.id, (enum webhook_act)act};
	return rq_write(rq, webhook_act_job, acted, d);
}
