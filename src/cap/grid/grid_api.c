/* What the pages' script asks for, the service worker, and the tables of the capability. */
#include "base/json.h"
#include "cap/grid/grid_pages.h"
#include "web/asset.h"

enum err grid_token(struct rq *rq)
{
	struct json j;

	json_init(&j, &rq->http->resp->body);
	json_obj(&j);
	json_key(&j, "csrf"), json_str(&j, rq->csrf);
	json_key(&j, "who"), json_str(&j, arena_printf(rq->arena, "%lld", (long long)rq->who.id));
	json_end(&j);
	json_done(&j);
	return rq_json(rq, 200);
}

/* What the worker keeps: the addresses change with the content, and so does the worker, which makes the browser fetch them anew. */
static void shell_files(struct buf *o)
{
	static const char *const names[] = {"css/gongzhi.css", "js/grid.js", "img/mark.svg"};

	buf_addz(o, "const FILES = [");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_addz(o, i ? ", \"" : "\"");
		tpl_asset(o, names[i]);
		buf_addz(o, "\"");
	}
	buf_addz(o, ", \"/static/js/shrink.js\"];\n");
}

/* Under /grid, so that it sees these pages and no others. */
enum err grid_worker_js(struct rq *rq)
{
	const struct asset *a = asset_find(STR("js/grid-worker.js"));
	struct buf *o = &rq->http->resp->body;

	if (a == NULL)
		return ERR_NOT_FOUND;
	shell_files(o);
	buf_add(o, (const char *)a->bytes, a->n);
	http_header_set(rq->http, "Content-Type", STR("text/javascript; charset=utf-8"));
	http_header_set(rq->http, "Service-Worker-Allowed", STR("/grid"));
	http_header_set(rq->http, "Cache-Control", STR("no-cache"));
	return OK;
}

static const struct route routes[] = {
	{"GET", "/grid", grid_home, "grid.work", R_LOGIN, N_("我的网格：交给我办的、新来的、随手记一件"), 0},
	{"POST", "/grid", grid_found_post, "grid.work", R_LOGIN | R_FILES, N_("网格里发现的一件事，连同当场怎么办的"), 0},
	{"GET", "/grid/proxy", grid_proxy_page, "grid.work", R_LOGIN, N_("代群众登记的表单"), 0},
	{"POST", "/grid/proxy", grid_proxy_post, "grid.work", R_LOGIN | R_FILES, N_("代群众登记"), 0},
	{"POST", "/grid/step/:id", grid_step, "grid.work", R_LOGIN, N_("在列表里一步办完"), 0},
	{"GET", "/grid/offline", grid_shell, "grid.work", R_LOGIN, N_("没有信号时用的表单，由浏览器保存"), 0},
	{"GET", "/grid/token.json", grid_token, "grid.work", R_LOGIN | R_JSON, N_("表单令牌：排队的表单发送前取一个新的"), 0},
	{"POST", "/grid/send.json", grid_send, "grid.work", R_LOGIN | R_FILES | R_JSON,
	 N_("浏览器里排队的表单有信号后发到这里；同一份只登记一次"), 0},
	{"GET", "/grid/worker.js", grid_worker_js, NULL, R_PUBLIC, N_("网格页面的离线脚本"), 0},
	{0},
};

static const struct permission permissions[] = {
	{"grid.work", N_("在网格里工作：我的网格、代办、当场办")},
	{0},
};

static const struct menu_entry menu[] = {
	{N_("我的网格"), "/grid", "grid.work", 5, NULL},
	{0},
};

const struct capability cap_grid = {
	.name = "grid",
	.title = N_("网格"),
	.routes = routes,
	.permissions = permissions,
	.menu = menu,
};
