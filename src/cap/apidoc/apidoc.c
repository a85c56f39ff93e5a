#include "cap/apidoc/apidoc.h"

#include <stdlib.h>

#include "web/i18n.h"

static size_t count_routes(const struct capability *c)
{
	size_t n = 0;

	while (c->routes && c->routes[n].method)
		n++;
	return n;
}

static struct apidoc_route describe(const struct route *r)
{
	return (struct apidoc_route){
		.method = r->method, .path = r->path, .about = r->about ? r->about : "", .needs = r->needs,
		.open = r->flags & R_PUBLIC, .json = r->flags & R_JSON, .files = r->flags & R_FILES, .stream = r->flags & R_STREAM,
		.program = r->flags & R_NO_CSRF,
	};
}

static int by_name(const void *x, const void *y)
{
	const struct apidoc_part *a = x, *b = y;

	return strcmp(a->name, b->name);
}

struct apidoc_view apidoc_collect(struct arena *a, const struct capability *const *all)
{
	struct apidoc_part *parts;
	size_t n = 0, used = 0;

	while (all[n])
		n++;
	parts = arena_array(a, struct apidoc_part, n + 1);
	for (size_t i = 0; i < n; i++) {
		size_t count = count_routes(all[i]);
		struct apidoc_route *v = arena_array(a, struct apidoc_route, count + 1);

		if (count == 0)
			continue;
		for (size_t k = 0; k < count; k++)
			v[k] = describe(&all[i]->routes[k]);
		parts[used++] = (struct apidoc_part){all[i]->name, all[i]->title, v, count};
	}
	qsort(parts, used, sizeof(*parts), by_name);
	return (struct apidoc_view){parts, used};
}

static const char *english(const char *zh)
{
	const char *en = i18n_english(zh);

	return en ? en : zh;
}

/* What comes back, as far as flags and the ending of the path tell. */
static const char *answer_of(const struct apidoc_route *r)
{
	static const struct {
		const char *ending, *kind;
	} kinds[] = {{".json", "JSON"}, {".csv", "CSV"}, {".svg", "SVG"}, {"/healthz", "text"}, {"/metrics", "text"}, {"/*file", "file"}};

	if (r->stream)
		return "SSE";
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_ends(str_from(r->path), kinds[i].ending))
			return kinds[i].kind;
	return r->json ? "JSON" : "HTML";
}

/* A vertical bar would end the cell. */
static void cell(struct buf *out, const char *z)
{
	for (; *z; z++) {
		if (*z == '|')
			buf_addc(out, '\\');
		buf_addc(out, *z);
	}
}

static void route_line(struct buf *out, const struct apidoc_route *r)
{
	buf_printf(out, "| %s | `%s` | ", r->method, r->path);
	if (r->program)
		buf_addz(out, "程序 programs ");
	if (r->needs)
		buf_printf(out, "`%s`", r->needs);
	else if (!r->program)
		buf_addz(out, r->open ? "-" : "登录 login");
	buf_printf(out, " | %s%s | ", answer_of(r), r->files ? ", 文件 files" : "");
	cell(out, r->about);
	if (i18n_english(r->about)) {
		buf_addz(out, " · ");
		cell(out, english(r->about));
	}
	buf_addz(out, " |\n");
}

static const char preface[] =
	"# 接口 API\n\n"
	"本文由路由表生成，请勿手改：`make docs/api.md`。Made from the route tables; do not edit by hand.\n\n"
	"* 登录：会话 cookie；页面里的每个 POST 都带 `_csrf`。Login: session cookie; each POST of a page carries `_csrf`.\n"
	"* 程序：`Authorization: Bearer 密钥`（`gongzhi user key add`，见 operations.md 第 8 节），权限和地域同账号的角色；不用 cookie、不用 `_csrf`，"
	"密钥不写进网址。不对的密钥一律 401，说明原因。Programs: `Authorization: Bearer KEY` (`gongzhi user key add`, operations.md section 8) "
	"with the rights and places of the account's roles; no cookie, no `_csrf`, never in the address. A key that is not good gets 401 and the reason.\n"
	"* 标“程序 programs”的 POST 只接受带密钥的程序。A POST marked “程序 programs” takes programs with a key only.\n"
	"* `_key`（程序用请求头 `Idempotency-Key`）：同一个 POST 发两次只办一次，四十八小时内返回第一次的结果。With `_key` (programs: the header `Idempotency-Key`) "
	"the same POST sent twice runs once; for 48 hours the second gets the first's answer.\n"
	"* 出错：HTTP 状态码，加一页说明，或 `{\"error\":{\"code\",\"message\",\"field\"}}`。Errors: the HTTP status with a page, or that JSON.\n"
	"* 时间：UTC 毫秒或 ISO 8601；编号以字符串给出。Times: milliseconds UTC or ISO 8601; ids are strings.\n"
	"* 写明权限的，还按地域逐行核对。Where a permission is named, rows are checked by place as well.\n";

void apidoc_markdown(struct buf *out, const struct apidoc_view *v)
{
	buf_addz(out, preface);
	for (size_t i = 0; i < v->n; i++) {
		const struct apidoc_part *p = &v->parts[i];

		buf_printf(out, "\n## %s %s (`%s`)\n\n", p->title, english(p->title), p->name);
		buf_addz(out, "| 方法 method | 路径 path | 权限 permission | 回答 answer | 说明 about |\n|---|---|---|---|---|\n");
		for (size_t k = 0; k < p->n; k++)
			route_line(out, &p->routes[k]);
	}
}
