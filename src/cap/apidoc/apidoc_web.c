#include <stdio.h>

#include "base/opt.h"
#include "cap/apidoc/apidoc.h"
#include "cap/apidoc/apidoc.html.h"
#include "web/serve.h"
#include "web/web.h"

#define MAX_MARKDOWN ((size_t)4 * 1024 * 1024)

/* The server's own routes and those of all capabilities. */
static struct apidoc_view everything(struct arena *a)
{
	const struct capability **all;
	size_t n = 0;

	while (capabilities[n])
		n++;
	all = arena_array(a, const struct capability *, n + 2);
	for (size_t i = 0; i < n; i++)
		all[i] = capabilities[i];
	all[n] = &web_builtin;
	return apidoc_collect(a, all);
}

static enum err show(struct rq *rq)
{
	struct apidoc_view v = everything(rq->arena);

	return rq_page(rq, html_apidoc_page, &v);
}

static int print(int argc, char **argv)
{
	static const struct opt_command cmd = {
		.name = "api", .zh = "输出接口说明（Markdown）。", .en = "Prints the description of the API (Markdown).",
	};
	int status = opt_parse(&cmd, &argc, &argv);
	struct apidoc_view v;
	struct arena a;
	struct buf b;

	if (status >= 0)
		return status;
	arena_init(&a, 0);
	buf_init(&b, MAX_MARKDOWN);
	v = everything(&a);
	apidoc_markdown(&b, &v);
	status = buf_check(&b) == OK && fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0 ? 0 : 1;
	buf_release(&b);
	arena_release(&a);
	return status;
}

static const struct route routes[] = {
	{"GET", "/api", show, NULL, R_PUBLIC, N_("本系统的全部接口"), 0},
	{0},
};

static const struct subcommand subcommands[] = {
	{"api", "", N_("输出接口说明（Markdown）"), print},
	{0},
};

const struct capability cap_apidoc = {
	.name = "apidoc",
	.title = N_("接口说明"),
	.routes = routes,
	.subcommands = subcommands,
};
