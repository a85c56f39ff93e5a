/* Requests through a real server: tokens, posts sent twice, sessions, languages, errors, headers. */
#include "web/testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "web/session.h"
#include "web/shell.h"
#include "web/tpl.h"
#include "web/url.h"
#include "web/web.sql.h"

static atomic_int runs;

/* ---- a capability of our own ---- */

static enum err form(struct rq *rq)
{
	http_header_set(rq->http, "Content-Type", STR("text/html; charset=utf-8"));
	buf_addz(&rq->http->resp->body, rq->who.id ? "in " : "out ");
	tpl_put_str(&rq->http->resp->body, web_flash_take(rq).text);
	tpl_csrf(&rq->http->resp->body, rq);
	return OK;
}

static enum err put_row(struct tx *tx, void *arg)
{
	const int *number = arg;

	return q_web_draft_put(tx->c, arena_printf(tx->arena, "row-%d", *number), tx->now, STR("x"), NULL);
}

static enum err counted(struct rq *rq, void *arg, enum err result)
{
	if (result != OK)
		return result;
	rq_flash(rq, N_("请先登录"));
	return rq_redirect(rq, arena_printf(rq->arena, "/x/row/%d", *(int *)arg));
}

static enum err once(struct rq *rq)
{
	int *number = arena_new(rq->arena, int);

	*number = atomic_fetch_add(&runs, 1);
	return rq_write(rq, put_row, counted, number);
}

static enum err known(struct rq *rq)
{
	int *number = arena_new(rq->arena, int);
	enum err e;

	*number = atomic_fetch_add(&runs, 1);
	rq_flash(rq, N_("请先登录"));
	e = rq_redirect(rq, arena_printf(rq->arena, "/x/row/%d", *number));
	return e == OK ? rq_write(rq, put_row, NULL, number) : e;
}

static enum err two_jobs_second(struct rq *rq, void *arg, enum err result)
{
	int *number = arena_new(rq->arena, int);

	(void)arg;
	if (result != OK)
		return result;
	*number = atomic_fetch_add(&runs, 1);
	return rq_write(rq, put_row, counted, number);
}

static enum err two_jobs(struct rq *rq)
{
	int *number = arena_new(rq->arena, int);

	*number = atomic_fetch_add(&runs, 1);
	return rq_write(rq, put_row, two_jobs_second, number);
}

static enum err refuse_job(struct tx *tx, void *arg)
{
	int zero = 0;

	(void)arg;
	return put_row(tx, &zero) == OK ? ERR_CONFLICT : ERR_DB;
}

static enum err refuse(struct rq *rq)
{
	return rq_write(rq, refuse_job, NULL, NULL);
}

static enum err input(struct rq *rq)
{
	return rq_fail_field(rq, ERR_INPUT, "what", N_("没有这条通知。"));
}

static enum err whoami(struct rq *rq)
{
	return rq_text(rq, "text/plain", rq->who.id ? rq->who.login : STR("nobody"));
}

/* What a configured background makes of the policy; an address that could smuggle something in makes nothing of it. */
static enum err pictures(struct rq *rq)
{
	rq->pictures_from = rq_query(rq, "from");
	return rq_text(rq, "text/plain", STR("ok"));
}

static const struct route routes[] = {
	{"GET", "/x/form", form, NULL, R_PUBLIC, "form", 0},
	{"GET", "/x/pictures", pictures, NULL, R_PUBLIC, "pictures from outside", 0},
	{"POST", "/x/once", once, NULL, R_PUBLIC, "once", 0},
	{"POST", "/x/known", known, NULL, R_PUBLIC, "known", 0},
	{"POST", "/x/two", two_jobs, NULL, R_PUBLIC, "two writes", 0},
	{"POST", "/x/refuse", refuse, NULL, R_PUBLIC, "refuse", 0},
	{"GET", "/x/input", input, NULL, R_PUBLIC, "input", 0},
	{"GET", "/x/input.json", input, NULL, R_PUBLIC | R_JSON, "input", 0},
	{"GET", "/x/who", whoami, NULL, R_LOGIN, "who", 0},
	{"POST", "/x/save", once, NULL, R_LOGIN, "save", 0},
	{"GET", "/x/admin", whoami, "x.admin", R_LOGIN, "admin", 0},
	{0},
};
static const struct capability cap_x = {.name = "x", .title = "x", .routes = routes};
extern const struct capability cap_account;
static const struct capability *const list[] = {&cap_account, &cap_x, NULL};

static struct site site;

static int setup(void **state)
{
	if (unit_setup(state) != 0)
		return 1;
	web_capabilities = list;
	atomic_store(&runs, 0);
	site_start(&site, *state);
	return 0;
}

static int teardown(void **state)
{
	clock_set(0);
	site_stop(&site);
	return unit_teardown(state);
}

static bool has(struct str s, const char *what)
{
	return str_find(s, str_from(what)) >= 0;
}

/* ---- tokens ---- */

static void test_csrf(void **state)
{
	struct browser b = {.site = &site}, other = {.site = &site};
	struct arena *a = &site.arena;

	(void)state;
	assert_int_equal(403, browser_send(&b, "POST", "/x/once", STR("a=1"), NULL)->status);
	browser_get(&b, "/x/form");
	assert_int_equal(303, browser_post(&b, "/x/once", "a=1")->status);
	/* the token of another browser */
	browser_get(&other, "/x/form");
	browser_get(&b, "/x/form");
	other.last = b.last;
	assert_int_equal(403, browser_post(&other, "/x/once", "a=1")->status);
	/* a token changed in one sign */
	browser_get(&b, "/x/form");
	assert_int_equal(403, browser_send(&b, "POST", "/x/once",
					   arena_printf(a, "_csrf=%c%s", *browser_hidden(&b, "_csrf") == 'A' ? 'B' : 'A',
							browser_hidden(&b, "_csrf") + 1), NULL)->status);
	/* in a header, for scripts */
	browser_get(&b, "/x/form");
	b.extra = arena_printf(a, "X-CSRF-Token: %s\r\n", browser_hidden(&b, "_csrf"));
	assert_int_equal(303, browser_send(&b, "POST", "/x/once", STR("a=1"), NULL)->status);
	assert_int_equal(3, atomic_load(&runs) + 1);
}

static void test_other_site(void **state)
{
	static const struct {
		const char *header;
		int status;
	} cases[] = {
		{"Sec-Fetch-Site: cross-site\r\n", 403}, {"Sec-Fetch-Site: same-site\r\n", 403},
		{"Sec-Fetch-Site: same-origin\r\n", 303}, {"Origin: https://evil.example\r\n", 403},
		{"Origin: null\r\n", 303}, {"Origin: nonsense\r\n", 403},
	};
	struct browser b = {.site = &site};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		b.extra = STR_NULL;
		browser_get(&b, "/x/form");
		b.extra = str_from(cases[i].header);
		assert_int_equal(cases[i].status, browser_post(&b, "/x/once", "a=1")->status);
	}
	b.extra = STR_NULL;
	browser_get(&b, "/x/form");
	b.extra = arena_printf(&site.arena, "Origin: http://localhost:%d\r\n", site.port);
	assert_int_equal(303, browser_post(&b, "/x/once", "a=1")->status);
}

/* A form that is only too old comes back with what was typed, when the browser vouches for it. */
static void test_old_form(void **state)
{
	struct browser b = {.site = &site, .extra = STR("Sec-Fetch-Site: same-origin\r\n")};

	(void)state;
	browser_send(&b, "POST", "/x/once", STR("_csrf=x&what=%3Cb%3Elamp&password=secret"), NULL);
	assert_int_equal(403, b.last.status);
	assert_true(has(b.last.body, "&lt;b&gt;lamp"));
	assert_false(has(b.last.body, "secret"));
	assert_int_equal(303, browser_post(&b, "/x/once", "what=lamp")->status);
	assert_int_equal(1, atomic_load(&runs));
}

/* ---- once ---- */

static void post_twice(const char *path)
{
	struct browser b = {.site = &site};
	struct reply first, second, form_page;

	browser_get(&b, "/x/form");
	form_page = b.last;
	first = *browser_post(&b, path, "a=1");
	assert_int_equal(303, first.status);
	assert_true(has(browser_get(&b, "/x/form")->body, "请先登录"));
	assert_false(has(browser_get(&b, "/x/form")->body, "请先登录"));
	for (int i = 0; i < 100; i++) { /* the answer of /x/once is kept a moment after the first has it */
		b.last = form_page;
		second = *browser_post(&b, path, "a=1");
		if (second.status == 303)
			break;
		usleep(20000);
	}
	assert_int_equal(303, second.status);
	assert_true(str_eq(reply_header(&first, "Location"), reply_header(&second, "Location")));
	assert_true(has(browser_get(&b, "/x/form")->body, "请先登录"));
}

static void test_once(void **state)
{
	(void)state;
	post_twice("/x/once");
	post_twice("/x/known");
	post_twice("/x/two");
}

static void test_other_form_other_post(void **state)
{
	struct browser b = {.site = &site};
	struct str first;

	(void)state;
	browser_get(&b, "/x/form");
	first = reply_header(browser_post(&b, "/x/once", ""), "Location");
	browser_get(&b, "/x/form");
	assert_false(str_eq(first, reply_header(browser_post(&b, "/x/once", ""), "Location")));
}

static void *one_of_many(void *arg)
{
	struct browser *b = arg;

	return (void *)(intptr_t)browser_post(b, "/x/once", "a=1")->status;
}

/* Many at the same moment: one runs, all get its answer. Each thread has its own arena, the site's is not shared. */
static void test_once_together(void **state)
{
	enum { N = 12 };
	struct browser b = {.site = &site}, many[N];
	struct site sites[N];
	pthread_t t[N];

	(void)state;
	browser_get(&b, "/x/form");
	for (int i = 0; i < N; i++) {
		sites[i] = site;
		arena_init(&sites[i].arena, 0);
		many[i] = b;
		many[i].site = &sites[i];
	}
	for (int i = 0; i < N; i++)
		assert_int_equal(0, pthread_create(&t[i], NULL, one_of_many, &many[i]));
	for (int i = 0; i < N; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < N; i++) {
		/* a repeat that falls between commit and kept answer is told that it was received */
		assert_true(many[i].last.status == 303 || many[i].last.status == 409);
		if (many[i].last.status == 303)
			assert_true(str_eq(reply_header(&many[i].last, "Location"), reply_header(&many[0].last, "Location")) ||
				    many[0].last.status == 409);
	}
	{
		struct web_draft_get_row row;
		struct db_conn *c = db_read_begin(site.app->db);
		int rows = 0;

		for (int i = 0; i < N; i++)
			rows += q_web_draft_get(c, &site.arena, arena_printf(&site.arena, "row-%d", i), 0, &row) == OK;
		db_read_end(c);
		assert_int_equal(1, rows);
	}
	for (int i = 0; i < N; i++)
		arena_release(&sites[i].arena);
}

/* A post that failed may be sent again: its key is not used up. */
static void test_refused_job(void **state)
{
	struct browser b = {.site = &site};
	struct reply form_page;

	(void)state;
	form_page = *browser_get(&b, "/x/form");
	assert_int_equal(409, browser_post(&b, "/x/refuse", "")->status);
	assert_true(has(b.last.body, "情况已经变化"));
	b.last = form_page;
	assert_int_equal(409, browser_post(&b, "/x/refuse", "")->status);
	assert_false(has(b.last.body, "已经提交过"));
}

static void test_once_is_forgotten(void **state)
{
	struct browser b = {.site = &site};
	struct reply form_page;
	struct str first;

	(void)state;
	form_page = *browser_get(&b, "/x/form");
	first = reply_header(browser_post(&b, "/x/known", ""), "Location");
	assert_int_equal(OK, write_clean(site.app, clock_now() + 10 * MS_HOUR));
	b.last = form_page;
	assert_true(str_eq(first, reply_header(browser_post(&b, "/x/known", ""), "Location")));
	assert_int_equal(OK, write_clean(site.app, clock_now() + 5 * MS_DAY));
	b.last = form_page;
	assert_false(str_eq(first, reply_header(browser_post(&b, "/x/known", ""), "Location")));
}

/* ---- sessions ---- */

static void test_login(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	site_account(&site, "wang", NULL, "correct-horse-battery");
	assert_int_equal(303, browser_get(&b, "/x/who?a=%E8%B7%AF")->status);
	assert_true(str_eqz(reply_header(&b.last, "Location"), "/login?next=%2Fx%2Fwho%3Fa%3D%25E8%25B7%25AF"));
	browser_get(&b, "/login?next=%2Fx%2Fwho");
	assert_int_equal(401, browser_post(&b, "/login", "login=wang&password=wrong&next=/x/who")->status);
	assert_true(has(b.last.body, "账号或密码不对"));
	assert_int_equal(303, browser_post(&b, "/login", "login=wang&password=correct-horse-battery&next=/x/who")->status);
	assert_true(str_eqz(reply_header(&b.last, "Location"), "/x/who"));
	assert_true(has(reply_header(&b.last, "Set-Cookie"), "HttpOnly; SameSite=Lax"));
	assert_true(str_eqz(browser_get(&b, "/x/who")->body, "wang"));
	assert_true(str_eqz(reply_header(&b.last, "Cache-Control"), "no-store"));
	assert_int_equal(403, browser_get(&b, "/x/admin")->status);
	browser_get(&b, "/me");
	assert_int_equal(200, b.last.status);
	assert_int_equal(303, browser_post(&b, "/logout", "")->status);
	assert_int_equal(303, browser_get(&b, "/x/who")->status);
}

static void test_next_stays_here(void **state)
{
	static const char *const away[] = {"//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil", "%2Flogin", "", "x"};
	struct browser b = {.site = &site};

	(void)state;
	site_account(&site, "wang", NULL, "correct-horse-battery");
	for (size_t i = 0; i < ARRAY_LEN(away); i++) {
		memset(b.cookies, 0, sizeof(b.cookies));
		browser_get(&b, "/login");
		browser_post(&b, "/login",
			     arena_printf(&site.arena, "login=wang&password=correct-horse-battery&next=%s", away[i]).p);
		assert_int_equal(303, b.last.status);
		assert_true(str_eqz(reply_header(&b.last, "Location"), "/home"));
	}
}

static void test_lock_out(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	site_account(&site, "wang", NULL, "correct-horse-battery");
	for (int i = 0; i < 6; i++) {
		browser_get(&b, "/login");
		browser_post(&b, "/login", "login=wang&password=wrong");
	}
	assert_int_equal(429, b.last.status);
	assert_true(has(b.last.body, "暂时锁定"));
}

/* What was typed outlives the session. */
static void test_expired_in_a_form(void **state)
{
	struct browser b = {.site = &site}, stranger = {.site = &site};

	(void)state;
	site_account(&site, "wang", NULL, "correct-horse-battery");
	browser_login(&b, "wang", "correct-horse-battery");
	browser_get(&b, "/x/form");
	clock_set(clock_now() + 13 * MS_HOUR);
	browser_post(&b, "/x/save", "what=%E8%B7%AF%E7%81%AF%3Cx%3E&what=second&old_password=secret");
	assert_int_equal(303, b.last.status);
	assert_true(str_eqz(reply_header(&b.last, "Location"), "/login?next=%2Fcontinue"));
	assert_int_equal(0, atomic_load(&runs));
	assert_true(has(browser_get(&b, "/login?next=%2Fcontinue")->body, "登录已过期"));
	browser_post(&b, "/login", "login=wang&password=correct-horse-battery&next=%2Fcontinue");
	assert_true(str_eqz(reply_header(&b.last, "Location"), "/continue"));
	browser_get(&b, "/continue");
	assert_int_equal(200, b.last.status);
	assert_true(has(b.last.body, "路灯&lt;x&gt;") && has(b.last.body, "second") && has(b.last.body, "action=\"/x/save\""));
	assert_false(has(b.last.body, "secret"));
	assert_int_equal(303, browser_post(&b, "/x/save", "what=1")->status);
	assert_int_equal(1, atomic_load(&runs));
	/* another browser has nothing to continue */
	browser_login(&stranger, "wang", "correct-horse-battery");
	assert_int_equal(303, browser_get(&stranger, "/continue")->status);
	/* nor this one after an hour */
	clock_set(clock_now() + MS_HOUR + 1);
	assert_int_equal(303, browser_get(&b, "/continue")->status);
}

static void test_password_and_sessions(void **state)
{
	struct browser b = {.site = &site}, phone = {.site = &site};

	(void)state;
	site_account(&site, "wang", NULL, "correct-horse-battery");
	browser_login(&b, "wang", "correct-horse-battery");
	browser_login(&phone, "wang", "correct-horse-battery");
	browser_get(&b, "/me/sessions");
	assert_true(has(b.last.body, "本设备") && has(b.last.body, "结束其他设备上的登录"));
	assert_int_equal(303, browser_post(&b, "/me/sessions/end-others", "")->status);
	assert_int_equal(303, browser_get(&phone, "/x/who")->status);
	assert_int_equal(200, browser_get(&b, "/x/who")->status);
	browser_login(&phone, "wang", "correct-horse-battery");
	browser_get(&b, "/me/password");
	assert_int_equal(422, browser_post(&b, "/me/password", "old_password=correct-horse-battery&new_password=Tall-green-lamp-9&"
					   "again_password=other")->status);
	assert_int_equal(422, browser_post(&b, "/me/password", "old_password=wrong&new_password=Tall-green-lamp-9&"
					   "again_password=Tall-green-lamp-9")->status);
	assert_int_equal(422, browser_post(&b, "/me/password", "old_password=correct-horse-battery&new_password=12345678&"
					   "again_password=12345678")->status);
	assert_int_equal(303, browser_post(&b, "/me/password", "old_password=correct-horse-battery&new_password=Tall-green-lamp-9&"
					   "again_password=Tall-green-lamp-9")->status);
	assert_int_equal(200, browser_get(&b, "/x/who")->status);
	assert_int_equal(303, browser_get(&phone, "/x/who")->status);
	browser_login(&phone, "wang", "Tall-green-lamp-9");
}

/* ---- languages and errors ---- */

static void test_language(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	assert_int_equal(LANG_ZH, web_lang_accepted(STR_NULL));
	assert_int_equal(LANG_EN, web_lang_accepted(STR("en-GB,en;q=0.9,zh;q=0.8")));
	assert_int_equal(LANG_ZH, web_lang_accepted(STR("zh-CN,zh;q=0.9,en;q=0.8")));
	assert_int_equal(LANG_EN, web_lang_accepted(STR("fr, en;q=0.3, zh;q=0.2")));
	assert_int_equal(LANG_ZH, web_lang_accepted(STR("english;q=1, ;;;,q=,zh;q=x")));
	assert_true(has(browser_get(&b, "/x/input")->body, "没有这条通知。"));
	b.extra = STR("Accept-Language: en\r\n");
	assert_true(has(browser_get(&b, "/x/input")->body, "There is no such notice."));
	assert_true(has(browser_get(&b, "/x/input?lang=zh")->body, "没有这条通知。"));
	assert_true(has(browser_get(&b, "/x/input")->body, "没有这条通知。"));
	assert_true(has(browser_get(&b, "/x/input?elder=1")->body, "elder"));
	assert_true(has(browser_get(&b, "/x/input")->body, "class=\"elder\""));
	browser_get(&b, "/x/input?elder=0");
	assert_false(has(browser_get(&b, "/x/input")->body, "class=\"elder\""));
}

static void test_errors(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	assert_int_equal(404, browser_get(&b, "/nowhere")->status);
	assert_true(has(b.last.body, "没有找到"));
	assert_int_equal(405, browser_send(&b, "DELETE", "/x/form", STR_NULL, NULL)->status);
	assert_true(str_eqz(reply_header(&b.last, "Allow"), "GET, HEAD"));
	assert_int_equal(400, browser_get(&b, "/x/input.json")->status);
	assert_true(str_starts(reply_header(&b.last, "Content-Type"), "application/json"));
	assert_true(has(b.last.body, "{\"error\":{\"code\":\"input\"") && has(b.last.body, "\"field\":\"what\""));
	b.extra = STR("Accept: application/json\r\n");
	assert_int_equal(404, browser_get(&b, "/nowhere")->status);
	assert_true(has(b.last.body, "\"code\":\"not_found\""));
	assert_int_equal(401, browser_get(&b, "/x/who")->status);
}

static void test_headers(void **state)
{
	static const char *const paths[] = {"/x/form", "/nowhere", "/x/input", "/healthz", "/x/input.json"};
	struct browser b = {.site = &site};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct reply *r = browser_get(&b, paths[i]);

		assert_true(has(reply_header(r, "Content-Security-Policy"), "default-src 'none'; script-src 'self'"));
		assert_true(str_eqz(reply_header(r, "X-Content-Type-Options"), "nosniff"));
		assert_true(str_eqz(reply_header(r, "Referrer-Policy"), "no-referrer"));
		assert_true(reply_header(r, "Permissions-Policy").n > 0);
		assert_true(reply_header(r, "Cache-Control").n > 0);
	}
	browser_get(&b, "/x/pictures?from=https://tiles.example.cn:8443/a/{z}/{x}/{y}.png");
	assert_true(has(reply_header(&b.last, "Content-Security-Policy"), "img-src 'self' data: blob: https://tiles.example.cn:8443;"));
	assert_true(has(reply_header(&b.last, "Content-Security-Policy"), "connect-src 'self' https://tiles.example.cn:8443;"));
	browser_get(&b, "/x/pictures?from=https://tiles.example.cn%3B%20script-src%20*/a");
	assert_false(has(reply_header(&b.last, "Content-Security-Policy"), "example"));
	browser_get(&b, "/x/pictures?from=javascript:alert(1)//tiles.example.cn/");
	assert_false(has(reply_header(&b.last, "Content-Security-Policy"), "example"));
	assert_true(str_eqz(browser_get(&b, "/healthz")->body, "ok\n"));
	browser_get(&b, "/metrics");
	assert_true(has(b.last.body, "gongzhi_http_requests_total{code=\"4xx\"}"));
}

static void test_static(void **state)
{
	struct browser b = {.site = &site};
	struct str page, address;
	ptrdiff_t at;

	(void)state;
	page = browser_get(&b, "/login")->body;
	at = str_find(page, STR("/static/css/"));
	assert_true(at > 0);
	page = str_sub(page, (size_t)at, page.n);
	assert_true(str_split(&page, '"', &address));
	browser_get(&b, arena_strz(&site.arena, address));
	assert_int_equal(200, b.last.status);
	assert_true(has(reply_header(&b.last, "Cache-Control"), "immutable"));
	assert_true(has(reply_header(&b.last, "Content-Type"), "text/css"));
	assert_int_equal(404, browser_get(&b, "/static/css/none.css")->status);
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, teardown, (void *)(uintptr_t)DB_PG}
#define ONE(f) {#f, f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}
	static const struct CMUnitTest tests[] = {
		ONE(test_csrf), ONE(test_other_site), BOTH(test_old_form), BOTH(test_once), ONE(test_other_form_other_post),
		BOTH(test_once_together), BOTH(test_refused_job), BOTH(test_once_is_forgotten), BOTH(test_login),
		ONE(test_next_stays_here), ONE(test_lock_out), BOTH(test_expired_in_a_form), BOTH(test_password_and_sessions),
		ONE(test_language), ONE(test_errors), ONE(test_headers), ONE(test_static),
	};

	return UNIT_MAIN(tests);
}
