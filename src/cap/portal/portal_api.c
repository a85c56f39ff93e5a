/* What the portal gives to programs (JSON, receipts, QR codes), and its tables. */
#include "base/clock.h"
#include "base/json.h"
#include "base/time.h"
#include "cap/portal/portal_pages.h"
#include "core/journal/journal.h"
#include "web/config.h"
#include "web/qr.h"

/* ---- receipt and status as files ---- */

static enum err receipt_json(struct rq *rq)
{
	struct matter m;
	struct matter_step *steps;
	struct str json;
	size_t n;
	enum err e = portal_find_for(rq, rq_param(rq, "code"), &m);

	if (e == OK)
		e = matter_timeline(rq_conn(rq), rq->arena, &m, &steps, &n);
	if (e == OK)
		e = n ? OK : ERR_NOT_FOUND;
	if (e == OK)
		e = journal_receipt(rq->app->db, rq->arena, steps[0].seq, &json);
	if (e != OK)
		return e;
	http_header_set(rq->http, "Content-Disposition",
			arena_printf(rq->arena, "attachment; filename=\"receipt-%.*s.json\"", STR_ARG(m.code)));
	return rq_text(rq, "application/json", json);
}

static enum err status_json(struct rq *rq)
{
	struct matter m;
	bool follows;
	enum err e = portal_find_any_for(rq, rq_param(rq, "code"), &m, &follows);
	struct json j;

	if (e != OK)
		return e;
	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "code"), json_str(&j, m.code);
	json_key(&j, "state"), json_str(&j, m.state);
	json_key(&j, "title"), json_str(&j, matter_state(&m)->title.zh);
	json_key(&j, "filed"), json_time(&j, m.created);
	json_key(&j, "updated"), json_time(&j, m.updated);
	json_key(&j, "promised"), m.total_due ? json_time(&j, m.total_due) : json_nil(&j);
	json_key(&j, "closed"), m.closed ? json_time(&j, m.closed) : json_nil(&j);
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

/* ---- QR code of the status page ---- */

/* The browser's own name for us: only what a host name can be made of, since it comes from outside. */
static bool host_ok(struct str h)
{
	for (size_t i = 0; i < h.n; i++)
		if (!((h.p[i] >= 'a' && h.p[i] <= 'z') || (h.p[i] >= 'A' && h.p[i] <= 'Z') || (h.p[i] >= '0' && h.p[i] <= '9') ||
		      strchr(".-:[]", h.p[i])))
			return false;
	return h.n > 0 && h.n < 256;
}

static enum err qr(struct rq *rq)
{
	struct matter m;
	bool follows;
	enum err e = portal_find_any_for(rq, rq_param(rq, "code"), &m, &follows);
	struct str url;
	struct qr q;

	if (e != OK)
		return e;
	if (rq->app->config && *rq->app->config->public_url)
		url = str_from(rq->app->config->public_url);
	else if (host_ok(rq->http->host))
		url = arena_printf(rq->arena, "%s://%.*s", rq->http->secure ? "https" : "http", STR_ARG(rq->http->host));
	else
		return rq_fail(rq, ERR_INPUT, N_("浏览器没有说明本站的地址，无法做二维码。请直接记下编号。"));
	url = arena_printf(rq->arena, "%.*s/r/%.*s/status", STR_ARG(url), STR_ARG(m.code));
	e = qr_make(rq->arena, url, &q);
	if (e != OK)
		return e;
	buf_printf(&rq->http->resp->body, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
		   "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"%.*s\"/></svg>", q.side, q.side, q.side, q.side, STR_ARG(q.path));
	http_header_set(rq->http, "Content-Type", STR("image/svg+xml"));
	return OK;
}

/* ---- tables ---- */

static const struct route routes[] = {
	{"GET", "/", portal_root, NULL, R_PUBLIC, N_("首页：选择镇街"), 0},
	{"GET", "/t/:code", portal_town, NULL, R_PUBLIC, N_("一个镇街的居民首页"), 0},
	{"GET", "/t/:code/report", portal_report_form, NULL, R_PUBLIC, N_("反映问题的表单"), 0},
	{"POST", "/t/:code/report", portal_report_send, NULL, R_PUBLIC | R_FILES, N_("提交反映"), 0},
	{"POST", "/t/:code/hints.json", portal_hints, NULL, R_PUBLIC | R_JSON, N_("写的时候：像哪一类、位置在哪个网格、有没有人反映过（只有公开的）"), 0},
	{"POST", "/t/:code/places.json", portal_places, NULL, R_PUBLIC | R_JSON, N_("写地点的时候：可能是指哪个社区、网格、设施或道路"), 0},
	{"POST", "/t/:code/follow", portal_follow_post, NULL, R_PUBLIC | R_FILES, N_("不再反映一遍，关注已经有人反映的那一件；得到编号"), 0},
	{"GET", "/t/:code/open", portal_open_page, NULL, R_PUBLIC, N_("公开页：反映了什么、办得怎么样；?days=30|90|365，?place=社区代码"), 0},
	{"GET", "/t/:code/open.json", portal_open_json, NULL, R_PUBLIC | R_JSON, N_("公开页的数据"), 0},
	{"GET", "/r", portal_lookup_form, NULL, R_PUBLIC, N_("凭编号查进度"), 0},
	{"POST", "/r", portal_lookup, NULL, R_PUBLIC, N_("查编号；猜错多次的地址会被暂停"), 0},
	{"GET", "/r/:code", portal_receipt, NULL, R_PUBLIC, N_("回执：编号、二维码、回执文件"), 0},
	{"GET", "/r/:code/status", portal_status, NULL, R_PUBLIC, N_("一件事办到哪一步、由谁办、答应的时间"), 0},
	{"GET", "/r/:code/status.json", status_json, NULL, R_PUBLIC | R_JSON, N_("进度的数据"), 0},
	{"GET", "/r/:code/receipt.json", receipt_json, NULL, R_PUBLIC | R_JSON, N_("回执文件，可用 gongzhi verify 离线核对"), 0},
	{"GET", "/r/:code/qr.svg", qr, NULL, R_PUBLIC, N_("进度页的二维码"), 0},
	{"GET", "/r/:code/photo/:id", portal_photo, NULL, R_PUBLIC, N_("反映时附的照片"), 0},
	{"POST", "/r/:code/unfollow", portal_unfollow_post, NULL, R_PUBLIC, N_("不再关注"), 0},
	{"POST", "/r/:code/mail", portal_mail_post, NULL, R_PUBLIC, N_("反映人、关注的人留下、更换或删去电子邮件地址"), 0},
	{"POST", "/r/:code/do/:action", portal_act, NULL, R_PUBLIC, N_("反映人的操作：补充、回答、撤回、评价、重开，由流程文件规定"), 0},
	{"GET", "/help", portal_help, NULL, R_PUBLIC, N_("使用帮助"), 0},
	{"GET", "/feedback", portal_feedback_form, NULL, R_PUBLIC, N_("对平台本身的投诉建议（国办函〔2026〕12号）"), 0},
	{"POST", "/feedback", portal_feedback_send, NULL, R_PUBLIC, N_("提交对平台的投诉建议"), 0},
	{0},
};

static const struct subcommand subcommands[] = {
	{"import channels", "FILE.csv [--store URL]", N_("导入各镇街的窗口和电话"), portal_import_channels},
	{0},
};

static const struct subscriber subscribers[] = {
	{"portal-mail", portal_mail_batch},
	{0},
};

const struct capability cap_portal = {
	.name = "portal",
	.title = N_("居民门户"),
	.routes = routes,
	.subscribers = subscribers,
	.subcommands = subcommands,
};
