/* Drafts of the staff: kept for their account, sealed, dropped with the write that does the form's job. */
#include "web/testing.h"

#include "base/clock.h"
#include "base/time.h"
#include "web/kept.h"
#include "web/tpl.h"
#include "web/web.sql.h"

#define PASSWORD "Four-plain-words-7"

static enum err form(struct rq *rq)
{
	http_header_set(rq->http, "Content-Type", STR("text/html; charset=utf-8"));
	tpl_csrf(&rq->http->resp->body, rq);
	return OK;
}

static enum err nothing(struct tx *tx, void *fails)
{
	(void)tx;
	return *(bool *)fails ? ERR_CONFLICT : OK;
}

static enum err done(struct rq *rq, void *arg, enum err result)
{
	(void)arg;
	return result == OK ? rq_redirect(rq, STR("/x/form")) : result;
}

static enum err act(struct rq *rq)
{
	bool *fails = arena_new(rq->arena, bool);

	*fails = str_eqz(rq_form(rq, "fails"), "1");
	return rq_write(rq, nothing, done, fails);
}

static const struct route routes[] = {
	{"GET", "/x/form", form, NULL, R_LOGIN, "x", 0},
	{"POST", "/x/act", act, NULL, R_LOGIN, "x", 0},
	{0},
};
static const struct capability cap_x = {.name = "x", .title = "x", .routes = routes};
extern const struct capability cap_account;
static const struct capability *const list[] = {&cap_x, &cap_account, NULL};

static struct site site;

static int setup(void **state)
{
	if (unit_setup(state) != 0)
		return 1;
	web_capabilities = list;
	site_start(&site, *state);
	site_account(&site, "zhang", NULL, PASSWORD);
	site_account(&site, "li", NULL, PASSWORD);
	return 0;
}

static int teardown(void **state)
{
	site_stop(&site);
	return unit_teardown(state);
}

static struct browser as(const char *login)
{
	struct browser b = {.site = &site};

	browser_login(&b, login, PASSWORD);
	browser_get(&b, "/x/form");
	return b;
}

static bool has(const struct browser *b, const char *what)
{
	return str_find(b->last.body, str_from(what)) >= 0;
}

static int post(struct browser *b, const char *path, const char *fields)
{
	browser_get(b, "/x/form");
	return browser_post(b, path, fields)->status;
}

#define ASK "/drafts/kept?form=%2Fcases%2F12%2Fdo%23reply"

static void test_kept_for_one(void **state)
{
	struct browser z = as("zhang"), l = as("li"), nobody = {.site = &site};

	(void)state;
	assert_int_equal(200, post(&z, "/drafts", "form=/cases/12/do%23reply&f_note=call+13812345678&password=secret&_draft=x"));
	assert_true(has(&z, "\"kept\":true"));
	assert_int_equal(200, browser_get(&z, ASK)->status);
	assert_true(has(&z, "call 13812345678") && has(&z, "f_note"));
	assert_false(has(&z, "secret"));
	browser_get(&l, ASK);
	assert_false(has(&l, "13812345678"));
	assert_int_equal(401, browser_get(&nobody, ASK)->status);
	assert_int_equal(400, post(&z, "/drafts", "form=elsewhere&f_note=x"));
	assert_int_equal(400, post(&z, "/drafts", "form=//elsewhere&f_note=x"));
	browser_get(&z, "/drafts");
	assert_true(has(&z, "href=\"/cases/12#do-reply\""));
	assert_false(has(&z, "13812345678"));
	/* typed again: one draft, the last text */
	post(&z, "/drafts", "form=/cases/12/do%23reply&f_note=later");
	browser_get(&z, ASK);
	assert_true(has(&z, "later"));
	assert_false(has(&z, "13812345678"));
	/* emptied: gone */
	post(&z, "/drafts", "form=/cases/12/do%23reply&f_note=");
	browser_get(&z, ASK);
	assert_false(has(&z, "later"));
}

static void test_sealed(void **state)
{
	struct browser z = as("zhang");
	struct web_kept_of_rows rows;
	struct db_conn *c;
	int64_t id;

	(void)state;
	post(&z, "/drafts", "form=/cases/12/do%23reply&f_note=personal");
	c = db_read_begin(site.app->db);
	assert_int_equal(OK, actor_by_login(c, &site.arena, STR("zhang"), &id));
	assert_int_equal(OK, q_web_kept_of(c, &site.arena, id, 10, &rows));
	db_read_end(c);
	assert_int_equal(rows.n, 1);
	assert_true(str_find(rows.v[0].sealed, STR("personal")) < 0);
	assert_true(str_find(rows.v[0].sealed, STR("f_note")) < 0);
}

static void test_goes_when_sent(void **state)
{
	struct browser z = as("zhang"), l = as("li");

	(void)state;
	post(&z, "/drafts", "form=/cases/12/do%23reply&f_note=mine");
	post(&l, "/drafts", "form=/cases/12/do%23reply&f_note=hers");
	assert_int_equal(409, post(&z, "/x/act", "fails=1&_draft=/cases/12/do%23reply"));
	browser_get(&z, ASK);
	assert_true(has(&z, "mine")); /* refused: what was typed is still there */
	assert_int_equal(303, post(&z, "/x/act", "_draft=/cases/12/do%23reply"));
	browser_get(&z, ASK);
	assert_false(has(&z, "mine"));
	browser_get(&l, ASK);
	assert_true(has(&l, "hers"));
	post(&l, "/drafts/drop", "form=/cases/12/do%23reply");
	browser_get(&l, ASK);
	assert_false(has(&l, "hers"));
}

static void test_bounded(void **state)
{
	struct browser z = as("zhang");
	struct buf big;

	(void)state;
	for (int i = 0; i < KEPT_MOST; i++)
		assert_int_equal(200, post(&z, "/drafts", arena_printf(&site.arena, "form=/cases/%d&f_note=x", i).p));
	assert_int_not_equal(200, post(&z, "/drafts", "form=/cases/one-more&f_note=x"));
	assert_int_equal(200, post(&z, "/drafts", "form=/cases/3&f_note=changed")); /* those there are go on */
	buf_init(&big, 1 << 20);
	buf_addz(&big, "form=/cases/3&f_note=");
	for (int i = 0; i < KEPT_BYTES + 100; i++)
		buf_addc(&big, 'x');
	assert_int_not_equal(200, post(&z, "/drafts", arena_strz(&site.arena, buf_str(&big))));
	buf_release(&big);
	/* a week later nothing is left */
	assert_int_equal(OK, kept_clean(site.app, clock_now() + (KEPT_DAYS + 1) * MS_DAY));
	browser_get(&z, "/drafts");
	assert_true(has(&z, "没有草稿"));
}

int main(void)
{
#define ON(engine, f) {#f " " #engine, f, setup, teardown, (void *)(uintptr_t)(engine)}
#define BOTH(f) ON(DB_SQLITE, f), ON(DB_PG, f)
	static const struct CMUnitTest tests[] = {BOTH(test_kept_for_one), BOTH(test_sealed), BOTH(test_goes_when_sent), BOTH(test_bounded)};

	return UNIT_MAIN(tests);
}
