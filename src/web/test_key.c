/* Programs at the door: Authorization: Bearer, on both stores. */
#include "web/testing.h"

#include "base/clock.h"
#include "core/actor/api_key.h"

#define FRESH (30 * MS_DAY)

static enum err put_row(struct tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return OK;
}

static enum err save(struct rq *rq)
{
	enum err e;

	rq_flash(rq, N_("请先登录"));
	e = rq_redirect(rq, STR("/x/who"));
	return e == OK ? rq_write(rq, put_row, NULL, NULL) : e;
}

static enum err whoami(struct rq *rq)
{
	return rq_text(rq, "text/plain", rq->who.id ? rq->who.login : STR("nobody"));
}

static const struct route routes[] = {
	{"GET", "/x/open", whoami, NULL, R_PUBLIC, "open", 0},
	{"GET", "/x/who", whoami, NULL, R_LOGIN, "who", 0},
	{"GET", "/x/read", whoami, "matter.read", 0, "read", 0},
	{"GET", "/x/export", whoami, "matter.dispatch", 0, "dispatch", 0},
	{"POST", "/x/save", save, NULL, R_LOGIN, "save", 0},
	{"POST", "/x/hook", save, NULL, R_LOGIN | R_NO_CSRF | R_JSON, "programs", 0},
	{0},
};
static const struct capability cap_x = {.name = "x", .title = "x", .routes = routes};
extern const struct capability cap_account;
static const struct capability *const list[] = {&cap_account, &cap_x, NULL};

static struct site site;

struct program {
	struct str name, key, why, roles;
	int64_t id, expires;
};

static enum err make_program(struct tx *tx, void *arg)
{
	struct program *p = arg;
	int64_t key;
	enum err e = actor_load_roles(tx, p->roles, &p->why);

	if (e == OK)
		e = actor_create_service(tx, STR("robot"), STR("地图程序"), &p->id);
	if (e == OK)
		e = actor_grant(tx, p->id, STR("supervisor"), STR(""), 0, 0, 0, &p->why);
	return e == OK ? actor_key_add(tx, p->id, STR("a"), p->key, p->expires, 0, &key, &p->why) : e;
}

static enum err take_back(struct tx *tx, void *arg)
{
	return actor_key_revoke(tx, ((struct program *)arg)->id, STR("a"), 0);
}

static int setup(void **state)
{
	if (unit_setup(state) != 0)
		return 1;
	web_capabilities = list;
	site_start(&site, *state);
	return 0;
}

static int teardown(void **state)
{
	clock_set(0);
	site_stop(&site);
	return unit_teardown(state);
}

static struct program program(struct browser *b)
{
	struct program p = {.key = actor_key_new(&site.arena), .expires = clock_now() + FRESH};

	assert_int_equal(OK, file_read(&site.arena, "data/roles.csv", 65536, &p.roles, &p.why));
	assert_int_equal(OK, db_write(site.app->db, make_program, &p));
	b->extra = arena_printf(&site.arena, "Authorization: Bearer %.*s\r\n", STR_ARG(p.key));
	return p;
}

static bool has(struct str s, const char *what)
{
	return str_find(s, str_from(what)) >= 0;
}

static void test_rights(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	program(&b);
	assert_true(str_eqz(browser_get(&b, "/x/who")->body, "robot"));
	assert_true(str_eqz(browser_get(&b, "/x/open")->body, "robot"));
	assert_int_equal(200, browser_get(&b, "/x/read")->status);
	assert_int_equal(403, browser_get(&b, "/x/export")->status);
	assert_true(str_starts(reply_header(&b.last, "Content-Type"), "application/json"));
	assert_true(str_eqz(reply_header(&b.last, "Cache-Control"), "no-store"));
	/* in the address it is nothing */
	b.extra = str_sub(b.extra, 22, b.extra.n - 2);
	browser_get(&b, arena_printf(&site.arena, "/x/open?key=%.*s&access_token=%.*s", STR_ARG(b.extra), STR_ARG(b.extra)).p);
	b.extra = STR_NULL;
	assert_int_equal(303, browser_get(&b, "/x/who")->status);
}

/* Each is told what is the matter, in its language, and how to come in (RFC 6750). */
static void test_refused(void **state)
{
	static const char *const bad[] = {"gz_wrong", "x", "\xff\xfe", "gz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA AAAA"};
	struct browser b = {.site = &site};
	struct program p = program(&b);
	struct str good = b.extra;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		b.extra = arena_printf(&site.arena, "Authorization: bearer %s\r\n", bad[i]);
		browser_get(&b, "/x/open"); /* even where nobody need be known: a wrong key is a fault the caller wants to hear of */
		if (bad[i][0] == '\xff') { /* no UTF-8: src/http drops the header, nobody comes in */
			assert_true(str_eqz(b.last.body, "nobody"));
			continue;
		}
		assert_int_equal(401, b.last.status);
		assert_true(has(b.last.body, "密钥不对") && has(b.last.body, "\"code\":\"login\""));
		assert_true(has(reply_header(&b.last, "WWW-Authenticate"), "error=\"invalid_token\""));
	}
	b.extra = arena_cat(&site.arena, STR("Accept-Language: en\r\n"), good);
	clock_set(clock_now() + FRESH + 1);
	assert_int_equal(401, browser_get(&b, "/x/who")->status);
	assert_true(has(b.last.body, "The key has expired"));
	clock_set(0);
	assert_int_equal(200, browser_get(&b, "/x/who")->status);
	assert_int_equal(OK, db_write(site.app->db, take_back, &p));
	assert_int_equal(401, browser_get(&b, "/x/who")->status);
	assert_true(has(b.last.body, "The key was revoked"));
	/* another scheme is a proxy's affair */
	b.extra = STR("Authorization: Basic eDp5\r\n");
	assert_int_equal(200, browser_get(&b, "/x/open")->status);
}

static struct str basic(struct str key)
{
	struct str pair = arena_cat(&site.arena, STR("map-server:"), key), coded = base64url(&site.arena, pair.p, pair.n);
	char *v = arena_alloc(&site.arena, coded.n + 1);

	for (size_t i = 0; i < coded.n; i++)
		v[i] = coded.p[i] == '-' ? '+' : coded.p[i] == '_' ? '/' : coded.p[i];
	return arena_printf(&site.arena, "Authorization: Basic %.*s%.*s\r\n", (int)coded.n, v, (int)((4 - coded.n % 4) % 4), "==");
}

/* Programs that know names and passwords only send the key as the password, and may read. A password that is no key is a proxy's affair. */
static void test_basic(void **state)
{
	static const char *const others[] = {"Basic ", "Basic =", "Basic !!!!", "Basic eDp5", "Basic Z3pfeA==", "Basic Z3pf", "BasicZ3pf"};
	struct browser b = {.site = &site};
	struct program p = program(&b);

	(void)state;
	b.extra = basic(p.key);
	assert_true(str_eqz(browser_get(&b, "/x/who")->body, "robot"));
	assert_int_equal(200, browser_get(&b, "/x/read")->status);
	assert_int_equal(403, browser_get(&b, "/x/export")->status);
	/* a browser may repeat such a header by itself: nothing is written with it */
	assert_int_equal(403, browser_send(&b, "POST", "/x/save", STR("a=1"), NULL)->status);
	assert_int_equal(401, browser_send(&b, "POST", "/x/hook", STR("{\"a\":1}"), "application/json")->status);
	b.extra = basic(STR("gz_wrong"));
	assert_int_equal(401, browser_get(&b, "/x/open")->status);
	assert_true(has(b.last.body, "密钥不对"));
	b.extra = basic(STR("correct-horse-battery"));
	assert_true(str_eqz(browser_get(&b, "/x/open")->body, "nobody"));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		b.extra = arena_printf(&site.arena, "Authorization: %s\r\n", others[i]);
		assert_true(str_eqz(browser_get(&b, "/x/open")->body, "nobody"));
	}
}

/* A key needs no token, a browser's session never opens what is for programs, and cookies beside a key count for nothing. */
static void test_posts(void **state)
{
	struct browser b = {.site = &site}, person = {.site = &site};

	(void)state;
	program(&b);
	assert_int_equal(303, browser_send(&b, "POST", "/x/save", STR("a=1"), NULL)->status);
	assert_true(reply_header(&b.last, "Set-Cookie").p == NULL);
	assert_int_equal(303, browser_send(&b, "POST", "/x/hook", STR("{\"a\":1}"), "application/json")->status);
	site_account(&site, "wang", NULL, "correct-horse-battery");
	browser_login(&person, "wang", "correct-horse-battery");
	browser_get(&person, "/me");
	assert_int_equal(401, browser_post(&person, "/x/hook", "a=1")->status);
	assert_true(has(person.last.body, "Authorization: Bearer"));
	assert_true(str_eqz(reply_header(&person.last, "WWW-Authenticate"), "Bearer realm=\"gongzhi\""));
	person.extra = b.extra;
	assert_true(str_eqz(browser_get(&person, "/x/who")->body, "robot"));
	person.extra = STR("Authorization: Bearer gz_wrong\r\n");
	assert_int_equal(401, browser_send(&person, "POST", "/x/save", STR("a=1"), NULL)->status);
}

static void test_same_post_twice(void **state)
{
	struct browser b = {.site = &site};

	(void)state;
	program(&b);
	b.extra = arena_cat(&site.arena, b.extra, STR("Idempotency-Key: 0123456789abcdef-1\r\n"));
	assert_int_equal(303, browser_send(&b, "POST", "/x/save", STR("a=1"), NULL)->status);
	assert_int_equal(303, browser_send(&b, "POST", "/x/save", STR("a=1"), NULL)->status);
	assert_true(str_eqz(reply_header(&b.last, "Location"), "/x/who"));
}

static void test_rate(void **state)
{
	struct browser b = {.site = &site};
	int refused = 0;

	(void)state;
	program(&b);
	clock_set(clock_now());
	site.config.key_requests = 20;
	for (int i = 0; i < 25; i++)
		refused += browser_get(&b, "/x/who")->status == 429;
	assert_int_equal(5, refused);
	assert_true(reply_header(&b.last, "Retry-After").n > 0);
	assert_true(has(b.last.body, "秒后再试"));
}

/* Guessing from outside is slowed down like trying passwords. */
static void test_guessing(void **state)
{
	static const char *const trusted[] = {"127.0.0.1", NULL};
	struct browser b = {.site = &site, .extra = STR("Authorization: Bearer gz_wrong\r\nX-Forwarded-For: 203.0.113.9\r\n")};
	struct str why;
	int slow = 0;

	(void)state;
	web_stop(site.app);
	site.config.trusted = trusted;
	site.config.logins = 5;
	assert_int_equal(OK, web_start(&site.config, &site.app, &site.arena, &why));
	site.port = http_port(site.app->http);
	clock_set(clock_now());
	for (int i = 0; i < 8; i++)
		slow += browser_get(&b, "/x/open")->status == 429;
	assert_int_equal(3, slow);
}

int main(void)
{
#define BOTH(f) \
	{#f " SQLite", f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}, {#f " PG", f, setup, teardown, (void *)(uintptr_t)DB_PG}
#define ONE(f) {#f, f, setup, teardown, (void *)(uintptr_t)DB_SQLITE}
	static const struct CMUnitTest tests[] = {
		BOTH(test_rights), BOTH(test_refused), BOTH(test_basic), BOTH(test_posts), BOTH(test_same_post_twice), ONE(test_rate), ONE(test_guessing),
	};

	return UNIT_MAIN(tests);
}
