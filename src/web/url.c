#include "web/url.h"

#include <stdio.h>

#include "web/inner.h"
#include "web/tpl.h"

struct str web_url_encode(struct arena *a, struct str s)
{
	struct buf b;
	struct str out;

	buf_init(&b, 3 * s.n + 1);
	tpl_segment_str(&b, s);
	out = arena_str(a, buf_str(&b));
	buf_release(&b);
	return out;
}

static void add_path(struct buf *b, struct str path)
{
	struct str rest = str_sub(path, 1, path.n), segment;

	buf_addc(b, '/');
	for (bool first = true; str_split(&rest, '/', &segment); first = false) {
		if (!first)
			buf_addc(b, '/');
		tpl_segment_str(b, segment);
	}
}

static void add_pair(struct buf *b, char *sep, struct str name, struct str value)
{
	buf_addc(b, *sep);
	*sep = '&';
	tpl_segment_str(b, name);
	buf_addc(b, '=');
	tpl_segment_str(b, value);
}

static bool answers_get(struct rq *rq)
{
	struct route_match m;

	if (rq->http->method == HTTP_GET || rq->http->method == HTTP_HEAD)
		return true;
	router_find(impl_of(rq)->web->router, HTTP_GET, rq->http->path, rq->arena, &m);
	return m.route != NULL;
}

struct str web_url_with(struct rq *rq, const char *name, const char *value)
{
	const struct http_pairs *q = &rq->http->params;
	struct buf b;
	struct str out;
	char sep = '?';

	buf_init(&b, 16384);
	if (answers_get(rq)) {
		add_path(&b, rq->http->path);
		for (size_t i = 0; i < q->n; i++)
			if (name == NULL || !str_eqz(q->v[i].name, name))
				add_pair(&b, &sep, q->v[i].name, q->v[i].value);
	} else {
		buf_addc(&b, '/');
	}
	if (name && value)
		add_pair(&b, &sep, str_from(name), str_from(value));
	out = b.full ? STR("/") : arena_str(rq->arena, buf_str(&b));
	buf_release(&b);
	return out;
}

struct str web_url_here(struct rq *rq)
{
	return web_url_with(rq, NULL, NULL);
}

bool web_url_local(struct str url)
{
	if (url.n == 0 || url.n > 2000 || url.p[0] != '/' || (url.n > 1 && (url.p[1] == '/' || url.p[1] == '\\')))
		return false;
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7f || url.p[i] == '\\')
			return false;
	return true;
}

struct str web_url_base(struct rq *rq)
{
	const char *fixed = rq->app->config ? rq->app->config->public_url : "";
	struct str host = rq->http->host;

	if (fixed && *fixed)
		return str_from(fixed);
	return arena_printf(rq->arena, "%s://%.*s", rq->http->secure ? "https" : "http", STR_ARG(host));
}

/* ---- cookies ---- */

void web_cookie_set(struct rq *rq, const char *name, struct str value, int64_t seconds)
{
	bool secure = rq->http->secure;
	char age[48] = "";

	if (seconds != 0)
		snprintf(age, sizeof(age), "; Max-Age=%ld", seconds > 0 ? seconds : 0);
	http_header(rq->http, "Set-Cookie",
		    arena_printf(rq->arena, "%s%s=%.*s; Path=/; HttpOnly; SameSite=Lax%s%s", secure ? "__Host-" : "", name,
				 STR_ARG(value), secure ? "; Secure" : "", age));
}

struct str web_cookie(struct rq *rq, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", rq->http->secure ? "__Host-" : "", name);
	return http_pair_get(&rq->http->cookies, full);
}
