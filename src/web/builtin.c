/* Routes of the house itself: embedded files, health, metrics. In the same kind of table as those of the capabilities. */
#include <libdeflate.h>

#include "web/asset.h"
#include "web/inner.h"
#include "web/kept.h"
#include "web/photo.h"

/* One embedded file as it is sent: under its own name, and under the name with the hash. */
struct asset_copy {
	struct http_static plain, hashed;
	struct str hashed_name;
};

static size_t count_assets(void)
{
	size_t n = 0;

	while (assets[n].name)
		n++;
	return n;
}

static struct str gzip(struct arena *a, struct str body)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(12);
	size_t bound, n;
	char *to;

	if (c == NULL)
		return STR_NULL;
	bound = libdeflate_gzip_compress_bound(c, body.n);
	to = arena_alloc(a, bound);
	n = libdeflate_gzip_compress(c, body.p, body.n, to, bound);
	libdeflate_free_compressor(c);
	return n > 0 && n < body.n - body.n / 10 ? (struct str){to, n} : STR_NULL;
}

/* Large files come with a twin that was compressed when they were built, so that no start waits for it. */
static struct str gzip_twin(struct arena *a, const struct asset *f)
{
	const struct asset *twin = asset_find(arena_printf(a, "%s.gz", f->name));

	return twin ? (struct str){(const char *)twin->bytes, twin->n} : gzip(a, (struct str){(const char *)f->bytes, f->n});
}

void assets_prepare(struct web *web)
{
	size_t n = count_assets();
	struct arena *a = &web->arena;

	web->assets = arena_array(a, struct asset_copy, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct asset *f = &assets[i];
		struct str body = {(const char *)f->bytes, f->n};
		const char *dot = strrchr(f->name, '.');
		struct http_static s = {.body = body, .gz = gzip_twin(a, f), .type = str_from(f->type),
					.etag = arena_printf(a, "\"%s\"", f->hash)};

		web->assets[i].plain = s;
		s.immutable = true;
		web->assets[i].hashed = s;
		web->assets[i].hashed_name =
			arena_printf(a, "%.*s.%s%s", (int)(dot - f->name), f->name, f->hash, dot ? dot : "");
	}
}

static enum err static_file(struct rq *rq)
{
	struct web *web = web_of(rq->app);
	struct str name = rq_param(rq, "file");

	for (size_t i = 0; assets[i].name; i++) {
		bool hashed = str_eq(name, web->assets[i].hashed_name);

		if (!hashed && !str_eqz(name, assets[i].name))
			continue;
		http_header_set(rq->http, "Cache-Control",
				hashed ? STR("public, max-age=31536000, immutable") : STR("public, max-age=300"));
		http_send_static(rq->http, hashed ? &web->assets[i].hashed : &web->assets[i].plain);
		return OK;
	}
	return ERR_NOT_FOUND;
}

static enum err healthz(struct rq *rq)
{
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	(void)rq_conn(rq); /* waits when all readers are busy: then we are not well */
	return rq_text(rq, "text/plain; charset=utf-8", STR("ok\n"));
}

static bool loopback(struct str peer)
{
	return str_starts(peer, "127.") || str_eqz(peer, "::1") || str_starts(peer, "unix");
}

static enum err metrics(struct rq *rq)
{
	struct web *web = web_of(rq->app);

	if (!loopback(rq->http->peer))
		return ERR_NOT_FOUND;
	http_header_set(rq->http, "Content-Type", STR("text/plain; version=0.0.4; charset=utf-8"));
	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	metrics_write(&web->metrics, rq->app->http, rq->now, &rq->http->resp->body);
	return buf_check(&rq->http->resp->body);
}

static enum err kept_photo(struct rq *rq)
{
	struct photo p;
	enum err e = photo_find(rq->app, rq->arena, rq_param(rq, "token"), &p);

	http_header_set(rq->http, "Cache-Control", STR("no-store"));
	return e == OK ? photo_send(rq, photo_path(rq->app, rq->arena, p.token, true)) : e;
}

static const struct route routes[] = {
	{"GET", "/photo/:token", kept_photo, NULL, R_PUBLIC, N_("表单里暂存的照片，凭 256 位随机数查看，保留一天"), 0},
	{"GET", "/static/*file", static_file, NULL, R_PUBLIC, N_("样式、脚本和图片"), 0},
	{"GET", "/drafts", kept_page, NULL, R_LOGIN, N_("我的草稿：写了一半没有提交的内容"), 0},
	{"GET", "/drafts/kept", kept_get, NULL, R_LOGIN | R_JSON, N_("几张表单（form）各自的草稿，由页面脚本恢复"), 0},
	{"POST", "/drafts", kept_put, NULL, R_LOGIN | R_JSON, N_("保存一张表单（form）的草稿；没有内容就删去"), 0},
	{"POST", "/drafts/drop", kept_drop, NULL, R_LOGIN, N_("删去一份草稿"), 0},
	{"GET", "/healthz", healthz, NULL, R_PUBLIC, N_("存活检查：正常时回答 ok"), 0},
	{"GET", "/metrics", metrics, NULL, R_PUBLIC, N_("Prometheus 指标，仅限本机"), 0},
	{0},
};

const struct capability web_builtin = {
	.name = "web",
	.title = N_("平台"),
	.routes = routes,
	.jobs = house_jobs,
};
