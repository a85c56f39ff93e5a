/* The desk at work on both stores: several at once, saved filters, what is new, conditions as chips. */
#include "web/testing.h"

#include <math.h>

#include "base/clock.h"
#include "cap/cases/bulk.h"
#include "core/place/place.h"

extern const struct capability cap_account, cap_cases;
static const struct capability *const list[] = {&cap_account, &cap_cases, NULL};

#define PASSWORD "Four-plain-words-7"

static struct site site;
static struct world {
	struct str town, grid, next_town;
	int64_t center, helper, dispatcher, colleague, clerk;
	struct str hash;
} w;

static enum err make_world(struct tx *tx, void *arg)
{
	struct str p = site_place(&site, tx, STR(""), "50", "重庆市", PLACE_PROVINCE), c = site_place(&site, tx, p, "5001", "市辖区", PLACE_CITY);
	struct str district = site_place(&site, tx, c, "500105", "江北区", PLACE_DISTRICT);

	(void)arg;
	w.town = site_place(&site, tx, district, "500105004", "大石坝街道", PLACE_TOWN);
	w.grid = site_place(&site, tx, site_place(&site, tx, w.town, "500105004002", "前卫社区", PLACE_COMMUNITY), "500105004002001", "第一网格", PLACE_GRID);
	w.next_town = site_place(&site, tx, district, "500105006", "观音桥街道", PLACE_TOWN);
	assert_int_equal(OK, actor_org_add(tx, &(struct actor_org){.name = STR("指挥中心"), .kind = STR("unit"), .place = w.town}, &w.center));
	assert_int_equal(OK, actor_org_add(tx, &(struct actor_org){.name = STR("协办的板块"), .kind = STR("board"), .place = w.town}, &w.helper));
	w.dispatcher = site_staff(tx, "dispatcher", w.hash, "dispatcher", w.town, w.center);
	w.colleague = site_staff(tx, "colleague", w.hash, "dispatcher", w.town, w.center);
	w.clerk = site_staff(tx, "clerk", w.hash, "dept_clerk", w.town, w.center);
	return OK;
}

static int setup(void **state)
{
	return site_world(&site, state, list, PASSWORD, &w.hash, make_world);
}

static int teardown(void **state)
{
	return site_teardown(&site, state);
}

static int64_t file(struct str place, const char *what)
{
	return site_report_of(&site, place, what);
}

static struct browser as(const char *login)
{
	return browser_as(&site, login, PASSWORD);
}

static const char *says(const char *fmt, int64_t x, int64_t y)
{
	return arena_printf(&site.arena, fmt, (long long)x, (long long)y).p;
}

static void state_is(int64_t id, const char *state)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct matter m;

	assert_int_equal(OK, matter_get(c, &site.arena, id, &m));
	db_read_end(c);
	if (!str_eqz(m.state, state))
		fail_msg("state is %.*s, not %s", STR_ARG(m.state), state);
}

static void act_as(int64_t who, int64_t id, const char *action)
{
	struct actor_session s;
	struct matter_act act = {.id = id, .version = -1, .action = str_from(action), .by = {.who = &s}, .arena = &site.arena};
	struct db_conn *c = db_read_begin(site.app->db);

	assert_int_equal(OK, actor_load(c, &site.arena, who, &s));
	db_read_end(c);
	if (db_write(site.app->db, matter_do, &act) != OK)
		fail_msg("%s: %.*s", action, STR_ARG(act.why));
}

/* ---- several at once ---- */

static void test_bulk_done_and_refused(void **state)
{
	int64_t a = file(w.grid, "路灯不亮甲"), b = file(w.town, "路灯不亮乙"), other = file(w.next_town, "隔壁镇街的路灯");
	struct browser d = as("dispatcher");
	struct str key, body;
	const char *ids;

	(void)state;
	assert_int_equal(200, browser_get(&d, says("/cases/bulk?m=%lld&m=%lld", a, b))->status);
	assert_true(browser_has(&d, "路灯不亮甲") && browser_has(&d, "id=\"do-accept\"") && browser_has(&d, "id=\"do-dispatch\""));
	assert_false(browser_has(&d, "id=\"do-merge\"")); /* names another matter: not for many */
	browser_get(&d, says("/cases/bulk?m=%lld&m=%lld", a, other));
	assert_false(browser_has(&d, "隔壁镇街的路灯"));
	assert_true(browser_has(&d, "有 1 件不存在"));

	/* somebody else is first with one of them: the other is done all the same, and both are told */
	browser_get(&d, says("/cases/bulk?m=%lld&m=%lld", a, b));
	ids = says("action=accept&m=%lld.1,%lld.1", a, b);
	key = arena_str(&site.arena, str_from(browser_hidden(&d, "_key")));
	act_as(w.colleague, b, "accept");
	assert_int_equal(303, browser_post(&d, "/cases/bulk", ids)->status);
	body = arena_str(&site.arena, reply_header(&d.last, "Location"));
	state_is(a, "accepted");
	state_is(b, "accepted");
	browser_get(&d, arena_strz(&site.arena, body));
	assert_true(browser_has(&d, "办了 1 件") && browser_has(&d, "没有办 1 件"));
	assert_true(browser_has(&d, "colleague已经先办了“受理”"));
	assert_true(browser_has(&d, says("/cases/bulk?m=%lld", b, 0)));

	/* the same form again changes nothing and leads to the same answer */
	browser_get(&d, "/inbox");
	browser_send(&d, "POST", "/cases/bulk",
		     arena_printf(&site.arena, "_csrf=%s&_key=%.*s&%s", browser_hidden(&d, "_csrf"), STR_ARG(key), ids), NULL);
	assert_int_equal(303, d.last.status);
	assert_true(str_eq(body, reply_header(&d.last, "Location")));
	browser_get(&d, arena_strz(&site.arena, body));
	assert_true(browser_has(&d, "办了 1 件") && browser_has(&d, "没有办 1 件"));
	/* nobody else sees it */
	d = as("colleague");
	assert_int_equal(404, browser_get(&d, arena_strz(&site.arena, body))->status);
}

static void test_bulk_asks_once(void **state)
{
	int64_t a = file(w.grid, "要分拨的甲"), b = file(w.town, "要分拨的乙");
	struct browser d = as("dispatcher");

	(void)state;
	browser_get(&d, says("/cases/bulk?m=%lld&m=%lld", a, b));
	assert_int_equal(422, browser_post(&d, "/cases/bulk", says("action=refuse&m=%lld.1,%lld.1&f_reason=no", a, b))->status);
	assert_true(browser_has(&d, "一件都还没有办"));
	state_is(a, "filed");
	assert_int_equal(303, browser_post(&d, "/cases/bulk", arena_printf(&site.arena, "action=dispatch&m=%lld.1,%lld.1&f_lead=%lld",
									   (long long)a, (long long)b, (long long)w.center).p)->status);
	state_is(a, "dispatched");
	state_is(b, "dispatched");
	browser_get(&d, "/inbox");
	assert_int_equal(400, browser_post(&d, "/cases/bulk", says("action=no-such-step&m=%lld.1", a, 0))->status);
	browser_get(&d, "/inbox");
	assert_int_equal(400, browser_post(&d, "/cases/bulk", "action=accept")->status);
}

static void handed(int64_t id, bool helped)
{
	struct actor_session s;
	struct matter_value v[] = {{STR("lead"), arena_printf(&site.arena, "%lld", (long long)w.center)},
				   {STR("cohandlers"), arena_printf(&site.arena, "%lld", (long long)w.helper)}};
	struct matter_act act = {.id = id, .version = -1, .action = STR("dispatch"), .by = {.who = &s}, .arena = &site.arena, .values = v,
				 .nvalues = helped ? 2 : 1};
	struct db_conn *c = db_read_begin(site.app->db);

	assert_int_equal(OK, actor_load(c, &site.arena, w.dispatcher, &s));
	db_read_end(c);
	if (db_write(site.app->db, matter_do, &act) != OK)
		fail_msg("dispatch: %.*s", STR_ARG(act.why));
	act_as(w.clerk, id, "sign");
}

static struct str override_of(int64_t id)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct matter_step *steps;
	struct matter m;
	struct str reason = STR("");
	size_t n;

	assert_int_equal(OK, matter_get(c, &site.arena, id, &m));
	assert_int_equal(OK, matter_timeline(c, &site.arena, &m, &steps, &n));
	db_read_end(c);
	for (size_t i = 0; i < steps[n - 1].nvalues; i++)
		if (str_eqz(steps[n - 1].values[i].field, MATTER_OVERRIDE))
			reason = steps[n - 1].values[i].value;
	return reason;
}

/* A rule of strength 一般 stops two of three: it is said with its source before anything is done; with a reason they are done and it is kept. */
static void test_bulk_rule_passed_by_reason(void **state)
{
	int64_t a = file(w.grid, "有协办的甲"), b = file(w.grid, "没有协办的乙"), c = file(w.grid, "有协办的丙"), d = file(w.grid, "有协办的丁");
	struct browser x = as("clerk");
	const char *three = arena_printf(&site.arena, "action=reply&m=%lld.3,%lld.3,%lld.3&f_verdict=solved&f_note=done", (long long)a, (long long)b,
					 (long long)c).p;

	(void)state;
	handed(a, true), handed(b, false), handed(c, true), handed(d, true);
	browser_get(&x, arena_printf(&site.arena, "/cases/bulk?m=%lld&m=%lld&m=%lld", (long long)a, (long long)b, (long long)c).p);
	assert_false(browser_has(&x, "why_parts-done"));
	assert_int_equal(422, browser_post(&x, "/cases/bulk", three)->status);
	assert_true(browser_has(&x, "一件都还没有办") && browser_has(&x, "name=\"why_parts-done\"") && browser_has(&x, "拦住了 2 件"));
	state_is(a, "signed");
	state_is(b, "signed");
	assert_int_equal(303, browser_post(&x, "/cases/bulk", arena_printf(&site.arena, "%s&rules_seen=1&why_parts-done=urgent", three).p)->status);
	state_is(a, "replied");
	state_is(b, "replied");
	state_is(c, "replied");
	assert_true(str_eqz(override_of(a), "urgent") && str_eqz(override_of(c), "urgent"));
	assert_true(str_empty(override_of(b)));
	browser_get(&x, says("/cases/%lld", a, 0));
	assert_true(browser_has(&x, "仍要办理的理由") && browser_has(&x, "urgent"));
	/* without a reason the second time it is left, and told */
	browser_get(&x, says("/cases/bulk?m=%lld", d, 0));
	assert_int_equal(303, browser_post(&x, "/cases/bulk", says("action=reply&m=%lld.3&f_verdict=solved&f_note=done&rules_seen=1", d, 0))->status);
	state_is(d, "signed");
	browser_get(&x, arena_strz(&site.arena, arena_str(&site.arena, reply_header(&x.last, "Location"))));
	assert_true(browser_has(&x, "没有办 1 件"));
	/* what no reason helps is not asked for one */
	browser_get(&x, says("/cases/bulk?m=%lld", d, 0));
	assert_int_equal(303, browser_post(&x, "/cases/bulk", says("action=reply&m=%lld.3&f_verdict=cannot&f_note=no", d, 0))->status);
	state_is(d, "signed");
}

static void test_bulk_many(void **state)
{
	struct browser d = as("dispatcher");
	struct buf q;
	int64_t ids[60];

	(void)state;
	buf_init(&q, 8192);
	buf_addz(&q, "/cases/bulk?m=");
	for (int i = 0; i < 60; i++) {
		ids[i] = file(w.grid, "很多件里的一件");
		buf_addz(&q, says(i ? ",%lld" : "%lld", ids[i], 0));
	}
	assert_int_equal(200, browser_get(&d, arena_strz(&site.arena, buf_str(&q)))->status);
	assert_true(browser_has(&d, "一次最多 50 件") && browser_has(&d, "选中的 50 件"));
	buf_release(&q);
	/* different states have only some steps in common */
	act_as(w.dispatcher, ids[0], "accept");
	browser_get(&d, says("/cases/bulk?m=%lld&m=%lld", ids[0], ids[1]));
	assert_true(browser_has(&d, "id=\"do-dispatch\""));
	assert_false(browser_has(&d, "id=\"do-accept\""));
	browser_get(&d, "/cases/bulk?m=x&m=-3&m=");
	assert_true(browser_has(&d, "没有选中事项"));
}

/* ---- saved filters ---- */

static void test_views(void **state)
{
	struct browser d = as("dispatcher"), c = as("colleague"), k = as("clerk");
	struct str id;
	ptrdiff_t at;

	(void)state;
	file(w.grid, "待受理的一件");
	browser_get(&d, "/cases?state=filed&place=500105004002&scenario=resident-report");
	assert_true(browser_has(&d, "状态：待受理") && browser_has(&d, "地点：前卫社区") && browser_has(&d, "href=\"/cases?state=filed&amp;scenario=resident-report\""));
	browser_get(&d, "/cases/views?state=filed&place=500105004002");
	assert_int_equal(422, browser_post(&d, "/cases/views", "state=filed&name=")->status);
	assert_int_equal(422, browser_post(&d, "/cases/views", "name=nothing")->status);
	assert_int_equal(404, browser_post(&d, "/cases/views", "name=x&place=777777")->status);
	browser_get(&d, "/cases/views?state=filed");
	assert_int_equal(303, browser_post(&d, "/cases/views", arena_printf(&site.arena,
		"state=filed&place=500105004002&name=morning&org=%lld", (long long)w.center).p)->status);
	browser_get(&d, "/inbox");
	assert_true(browser_has(&d, "morning <span class=\"tag\">1</span>"));
	browser_get(&c, "/cases?place=500105004002&state=filed");
	assert_true(browser_has(&c, "morning") && browser_has(&c, "共用"));
	assert_false(browser_has(&c, "存为标签")); /* there is a tab for exactly this */
	/* whoever does not distribute work there cannot share */
	browser_get(&k, "/cases/views?state=filed");
	assert_int_equal(403, browser_post(&k, "/cases/views", arena_printf(&site.arena, "state=filed&name=z&org=%lld", (long long)w.center).p)->status);
	/* only its owner drops it */
	browser_get(&d, "/cases/views");
	at = str_find(d.last.body, STR("/cases/views/"));
	assert_true(at > 0);
	id = str_sub(d.last.body, (size_t)at, (size_t)at + 60);
	id = str_sub(id, 0, (size_t)str_chr(id, '"'));
	browser_get(&c, "/cases/views");
	assert_false(browser_has(&c, "/drop\""));
	browser_post(&c, arena_strz(&site.arena, id), "");
	browser_get(&c, "/inbox");
	assert_true(browser_has(&c, "morning"));
	browser_post(&d, arena_strz(&site.arena, id), "");
	browser_get(&c, "/inbox");
	assert_false(browser_has(&c, "morning"));
}

/* ---- what is new ---- */

static const char *mark(const char *path, struct browser *b)
{
	return arena_printf(&site.arena, "upto=%s&at=%s&back=%s", browser_hidden(b, "upto"), browser_hidden(b, "at"), path).p;
}

static void test_seen(void **state)
{
	int64_t old = file(w.grid, "早就在的一件"), fresh;
	struct browser d = as("dispatcher"), c = as("colleague");

	(void)state;
	browser_get(&d, "/inbox");
	assert_true(browser_has(&d, "从现在起标出变化"));
	assert_int_equal(303, browser_post(&d, "/cases/seen", mark("/inbox", &d))->status);
	browser_get(&d, "/inbox");
	assert_false(browser_has(&d, ">有变化<") || browser_has(&d, ">新<"));
	usleep(20 * 1000);
	fresh = file(w.grid, "刚到的一件");
	act_as(w.colleague, old, "accept");
	browser_get(&d, "/cases");
	assert_true(browser_has(&d, ">有变化<") && browser_has(&d, ">新<"));
	browser_get(&c, "/cases");
	assert_false(browser_has(&c, ">有变化<") || browser_has(&c, ">新<")); /* each for himself */
	/* one's own steps are no news */
	browser_get(&d, "/inbox");
	browser_post(&d, "/cases/seen", mark("//elsewhere.example", &d));
	assert_true(str_eqz(reply_header(&d.last, "Location"), "/inbox"));
	act_as(w.dispatcher, fresh, "accept");
	browser_get(&d, "/cases");
	assert_false(browser_has(&d, ">有变化<") || browser_has(&d, ">新<"));
	assert_int_equal(400, browser_post(&d, "/cases/seen", "upto=x&at=1")->status);
	/* a number from the future hides nothing */
	browser_get(&d, "/inbox");
	browser_post(&d, "/cases/seen", "upto=999999999&at=99999999999999&back=/inbox");
	act_as(w.colleague, fresh, "urge");
	browser_get(&d, "/cases");
	assert_true(browser_has(&d, ">有变化<"));
}

/* ---- conditions ---- */

static void test_conditions(void **state)
{
	struct browser d = as("dispatcher");
	struct str hundred = STR("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");

	(void)state;
	browser_get(&d, "/cases");
	assert_true(browser_has(&d, "还没有事项"));
	browser_get(&d, "/cases?held=me&colour=late");
	assert_true(browser_has(&d, "在谁手里：我") && browser_has(&d, "时限：已超期") && browser_has(&d, "没有符合条件的事项"));
	assert_true(browser_has(&d, "href=\"/cases?colour=late\"") && browser_has(&d, "href=\"/cases?held=me\""));
	/* a grid is two choices away: town, community, grid */
	browser_get(&d, "/cases");
	assert_false(browser_has(&d, "value=\"500105004002001\""));
	browser_get(&d, "/cases?place=500105004002");
	assert_true(browser_has(&d, "value=\"500105004002001\"") && browser_has(&d, "value=\"500105004002\" selected"));
	browser_get(&d, "/cases?state=%3Cscript%3E");
	assert_false(browser_has(&d, "<script>"));
	assert_int_equal(400, browser_get(&d, arena_printf(&site.arena, "/cases?category=%s%s%s", hundred.p, hundred.p, hundred.p).p)->status);
}

int main(void)
{
#define ON(engine, f) {#f " " #engine, f, setup, teardown, (void *)(uintptr_t)(engine)}
#define BOTH(f) ON(DB_SQLITE, f), ON(DB_PG, f)
	static const struct CMUnitTest tests[] = {
		BOTH(test_bulk_done_and_refused), BOTH(test_bulk_asks_once), BOTH(test_bulk_rule_passed_by_reason), BOTH(test_bulk_many), BOTH(test_views), BOTH(test_seen),
		BOTH(test_conditions),
	};

	return UNIT_MAIN(tests);
}
