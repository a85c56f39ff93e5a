/* Parts of web that need no server: router, limits, configuration, addresses, times, escaping. */
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "web/config.h"
#include "web/fmt.h"
#include "web/rate.h"
#include "web/route.h"
#include "web/tpl.h"
#include "web/url.h"

#include "tests/arena.h"

/* ---- router ---- */

static enum err nothing(struct rq *rq)
{
	(void)rq;
	return OK;
}

#define GET(path) {"GET", path, nothing, NULL, R_PUBLIC, "x", 0}
#define POST(path) {"POST", path, nothing, NULL, R_PUBLIC, "x", 0}

static struct router *router_of(const struct route *routes, struct str *why)
{
	struct capability cap = {.name = "t", .routes = routes};
	struct capability *kept = arena_new(&a, struct capability);
	const struct capability **caps = arena_array(&a, const struct capability *, 2);
	struct router *r;

	*kept = cap;
	caps[0] = kept;
	*why = STR_NULL;
	return router_build(caps, &a, &r, why) == OK ? r : NULL;
}

static const char *found(struct router *r, enum http_method m, const char *path, struct route_match *out)
{
	router_find(r, m, str_from(path), &a, out);
	return out->route ? out->route->path : "none";
}

static void test_router(void **state)
{
	static const struct route routes[] = {
		GET("/:any"), GET("/cases/:id"), GET("/cases/new"), GET("/"), GET("/files/*rest"), POST("/cases/:id"),
		GET("/cases/:id/files/:file"), GET("/files/list"), GET("/:a/:b/:c/last"), {0},
	};
	struct route_match m;
	struct str why;
	struct router *r = router_of(routes, &why);

	(void)state;
	assert_non_null(r);
	assert_string_equal("/", found(r, HTTP_GET, "/", &m));
	assert_string_equal("/cases/new", found(r, HTTP_GET, "/cases/new", &m));
	assert_string_equal("/cases/:id", found(r, HTTP_GET, "/cases/12", &m));
	assert_true(m.nparams == 1 && str_eqz(m.params[0], "12"));
	assert_int_equal(0, route_param(m.route, "id"));
	assert_int_equal(-1, route_param(m.route, "x"));
	assert_string_equal("/cases/:id", found(r, HTTP_HEAD, "/cases/12", &m));
	assert_string_equal("/cases/:id/files/:file", found(r, HTTP_GET, "/cases/1/files/2", &m));
	assert_true(m.nparams == 2 && str_eqz(m.params[1], "2"));
	assert_string_equal("/files/list", found(r, HTTP_GET, "/files/list", &m));
	assert_string_equal("/files/*rest", found(r, HTTP_GET, "/files/a/b/c", &m));
	assert_true(str_eqz(m.params[0], "a/b/c"));
	assert_string_equal("/:any", found(r, HTTP_GET, "/cases", &m));
	assert_string_equal("/:a/:b/:c/last", found(r, HTTP_GET, "/cases/2/3/last", &m));
	assert_string_equal("none", found(r, HTTP_POST, "/cases/new/x/y/z", &m));
	assert_null(m.allow.p);
	assert_string_equal("none", found(r, HTTP_DELETE, "/cases/12", &m));
	assert_true(str_find(m.allow, STR("GET, HEAD")) >= 0 && str_find(m.allow, STR("POST")) >= 0);
	assert_string_equal("none", found(r, HTTP_GET, "", &m));
	assert_string_equal("none", found(r, HTTP_GET, "//", &m));
	/* longer than any route can be */
	assert_string_equal("none", found(r, HTTP_GET, "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", &m));
	assert_string_equal("/files/*rest", found(r, HTTP_GET, "/files/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", &m));
	assert_true(str_eqz(m.params[0], "2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"));
}

static void test_router_refuses(void **state)
{
	static const struct route bad[][3] = {
		{GET("/a/:id"), GET("/a/:other"), {0}},
		{GET("/a"), GET("/a"), {0}},
		{{"PATCH", "/a", nothing, NULL, R_PUBLIC, "x", 0}, {0}},
		{{"GET", "a", nothing, NULL, R_PUBLIC, "x", 0}, {0}},
		{{"GET", "/a", NULL, NULL, R_PUBLIC, "x", 0}, {0}},
		{{"GET", "/a", nothing, NULL, R_PUBLIC, "", 0}, {0}},
		{{"GET", "/a", nothing, "x.y", R_PUBLIC, "x", 0}, {0}},
		{{"GET", "/a", nothing, NULL, 0, "x", 0}, {0}},
		{{"GET", "/a", nothing, NULL, R_PUBLIC | R_FILES, "x", 0}, {0}},
		{{"GET", "/a/*rest/b", nothing, NULL, R_PUBLIC, "x", 0}, {0}},
		{{"GET", "/a//b", nothing, NULL, R_PUBLIC, "x", 0}, {0}},
		{{"GET", "/a/:", nothing, NULL, R_PUBLIC, "x", 0}, {0}},
		{{"GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13", nothing, NULL, R_PUBLIC, "x", 0}, {0}},
	};
	struct str why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (router_of(bad[i], &why))
			fail_msg("route table %zu was accepted", i);
		assert_true(str_find(why, str_from(bad[i][0].path)) >= 0);
	}
}

/* ---- limits ---- */

static void test_rate(void **state)
{
	struct rate *r = rate_new();
	int64_t now = 1000000, wait;
	int n = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		n += rate_take(r, "post", STR("1.2.3.4"), 6, now, NULL);
	assert_int_equal(6, n);
	assert_false(rate_take(r, "post", STR("1.2.3.4"), 6, now, &wait));
	assert_true(wait > 9000 && wait <= 10000);
	assert_true(rate_take(r, "post", STR("1.2.3.5"), 6, now, NULL));
	assert_true(rate_take(r, "login", STR("1.2.3.4"), 6, now, NULL));
	assert_true(rate_take(r, "post", STR("1.2.3.4"), 6, now + wait, NULL));
	assert_false(rate_take(r, "post", STR("1.2.3.4"), 6, now + wait, NULL));
	for (int i = 0; i < 1000; i++)
		assert_true(rate_take(r, "none", STR("x"), 0, now, NULL));
	/* one address does not lose its count because many others come */
	for (int i = 0; i < 2000; i++)
		rate_take(r, "post", arena_printf(&a, "10.0.%d.%d", i / 256, i % 256), 6, now + wait, NULL);
	assert_false(rate_take(r, "post", STR("1.2.3.4"), 6, now + wait, NULL));
	rate_free(r);
}

/* ---- configuration ---- */

static enum err load(struct config *c, const char *text, struct str *why)
{
	const char *file = arena_printf(&a, "%s/gongzhi.conf", unit_tmp()).p;

	assert_int_equal(OK, file_write(&a, file, str_from(text), 0600, why));
	return config_load(c, file, &a, why);
}

static void test_config(void **state)
{
	struct config c;
	struct str why;

	(void)state;
	assert_int_equal(OK, load(&c, "# note\n[server]\nlisten = [::]:80\ntrusted = 127.0.0.1  10.0.0.0/8\naccess_log = no\n"
				  "[limit]\nlogins=5\n", &why));
	assert_string_equal("[::]:80", c.listen);
	assert_string_equal("10.0.0.0/8", c.trusted[1]);
	assert_null(c.trusted[2]);
	assert_false(c.access_log);
	assert_int_equal(5, c.logins);
	assert_string_equal("sqlite:var/gongzhi.db", c.store);
	setenv("GONGZHI_LISTEN", "127.0.0.1:9", 1);
	setenv("GONGZHI_LIMIT_LOGINS", "7", 1);
	assert_int_equal(OK, load(&c, "[server]\nlisten = [::]:80\n", &why));
	assert_string_equal("127.0.0.1:9", c.listen);
	assert_int_equal(7, c.logins);
	setenv("GONGZHI_LIMIT_LOGINS", "many", 1);
	assert_int_equal(ERR_INPUT, load(&c, "", &why));
	assert_true(str_find(why, STR("GONGZHI_LIMIT_LOGINS")) >= 0);
	unsetenv("GONGZHI_LISTEN");
	unsetenv("GONGZHI_LIMIT_LOGINS");
	assert_int_equal(OK, config_set(&c, "server", "store", "postgresql:///x", &a, &why));
	assert_string_equal("postgresql:///x", c.store);
	assert_int_equal(ERR_INPUT, config_set(&c, "server", "shop", "x", &a, &why));
}

static void test_config_mistakes(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} bad[] = {
		{"[server]\n\nlisen = x\n", "gongzhi.conf:3:", "lisen"},
		{"[server]\nlisten = a\nlisten = b\n", "gongzhi.conf:3:", "twice"},
		{"[shop]\nx = 1\n", "gongzhi.conf:2:", "[shop]"},
		{"[limit]\nlogins = -1\n", "gongzhi.conf:2:", "logins"},
		{"[limit]\nlogins = 1x\n", "gongzhi.conf:2:", "1x"},
		{"[server]\naccess_log = maybe\n", "gongzhi.conf:2:", "yes"},
		{"[server]\nlisten\n", "gongzhi.conf:2:", "key = value"},
		{"listen = x\n", "gongzhi.conf:1:", "listen"},
	};
	struct config c;
	struct str why, wide;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ERR_INPUT, load(&c, bad[i].text, &why));
		if (str_find(why, str_from(bad[i].line)) < 0 || str_find(why, str_from(bad[i].says)) < 0)
			fail_msg("case %zu says: %.*s", i, STR_ARG(why));
	}
	wide = arena_printf(&a, "[server]\nlisten = %0400d\n", 1);
	assert_int_equal(ERR_INPUT, load(&c, wide.p, &why));
	assert_true(str_find(why, STR("gongzhi.conf:2:")) >= 0);
	assert_int_equal(ERR_NOT_FOUND, config_load(&c, "/nowhere/gongzhi.conf", &a, &why));
}

/* ---- times ---- */

static const char *written(void (*fn)(struct buf *, enum lang, int64_t), enum lang l, int64_t ms)
{
	struct buf b;
	const char *z;

	buf_init(&b, 1000);
	fn(&b, l, ms);
	z = arena_strz(&a, buf_str(&b));
	buf_release(&b);
	return z;
}

static void test_times(void **state)
{
	int64_t at = 1772690529000; /* 2026-03-05 06:02:09 UTC */

	(void)state;
	assert_string_equal("2026年3月5日 14:02", written(fmt_time, LANG_ZH, at));
	assert_string_equal("5 Mar 2026, 14:02", written(fmt_time, LANG_EN, at));
	assert_string_equal("2026年3月6日", written(fmt_date, LANG_ZH, at + 10 * MS_HOUR));
	assert_string_equal("", written(fmt_time, LANG_ZH, 0));
	assert_string_equal("1969年12月31日 23:59", written(fmt_time, LANG_ZH, -8 * MS_HOUR - 1));
	assert_string_equal("2 天 3 小时", written(fmt_span, LANG_ZH, 51 * MS_HOUR));
	assert_string_equal("1 day", written(fmt_span, LANG_EN, MS_DAY));
	assert_string_equal("1 hour 30 minutes", written(fmt_span, LANG_EN, 90 * MS_MINUTE));
	assert_string_equal("0 分钟", written(fmt_span, LANG_ZH, -5));
}

/* ---- escaping ---- */

static const char *of(struct buf *b)
{
	const char *z = arena_strz(&a, buf_str(b));

	buf_clear(b);
	return z;
}

static void test_escaping(void **state)
{
	struct buf b;
	struct str zero = {"a\0b", 3};

	(void)state;
	buf_init(&b, 10000);
	tpl_put(&b, "<a href=\"x\" title='y'>&amp;");
	assert_string_equal("&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;", of(&b));
	tpl_put(&b, zero);
	assert_string_equal("a\xef\xbf\xbd" "b", of(&b));
	tpl_put(&b, INT64_MIN);
	assert_string_equal("-9223372036854775808", of(&b));
	tpl_put(&b, (size_t)18446744073709551615u);
	assert_string_equal("18446744073709551615", of(&b));
	tpl_put(&b, (const char *)NULL);
	tpl_put(&b, STR_NULL);
	tpl_put(&b, 0.0 / 0.0);
	assert_string_equal("", of(&b));
	tpl_segment(&b, "a/b?c=d&e#路\"");
	assert_string_equal("a%2Fb%3Fc%3Dd%26e%23%E8%B7%AF%22", of(&b));
	tpl_segment(&b, "..");
	assert_string_equal("%2E%2E", of(&b));
	buf_release(&b);
}

static void test_url(void **state)
{
	static const char *const pairs[][2] = {
		{"/a?b=c&d=%E8%B7%AF", "/a?b=c&amp;d=%E8%B7%AF"}, {"https://x.cn/路", "https://x.cn/%E8%B7%AF"},
		{"javascript:alert(1)", "#"}, {"JaVaScRiPt:x", "#"}, {" javascript:x", "#"}, {"data:text/html,x", "#"},
		{"//evil.example", "#"}, {"/\\evil.example", "#"}, {"x", "#"}, {"mailto:a@b.cn", "mailto:a@b.cn"},
		{"/\"><script>", "/%22%3E%3Cscript%3E"}, {"#top", "#top"}, {"\tjavascript:x", "#"},
	};
	static const char *const away[] = {"", "x", "//e", "/\\e", "https://e", "/a b", "/a\nb", "/a\\b"};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		tpl_url(&b, pairs[i][0]);
		assert_string_equal(pairs[i][1], of(&b));
	}
	buf_release(&b);
	assert_true(web_url_local(STR("/a?b=c#d")));
	for (size_t i = 0; i < ARRAY_LEN(away); i++)
		assert_false(web_url_local(str_from(away[i])));
}

int main(void)
{
#define PART(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		PART(test_router), PART(test_router_refuses), PART(test_rate), PART(test_config), PART(test_config_mistakes),
		PART(test_times), PART(test_escaping), PART(test_url),
	};

	return UNIT_MAIN(tests);
}
