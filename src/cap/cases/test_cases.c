/* The desk's pages on both stores: who sees what, masking and revealing, filters, export. */
#include "web/testing.h"

#include <math.h>

#include "base/clock.h"
#include "cap/cases/cases.h"
#include "core/place/place.h"

extern const struct capability cap_account, cap_cases;
static const struct capability *const list[] = {&cap_account, &cap_cases, NULL};

#define PASSWORD "Four-plain-words-7"

static struct site site;
static struct world {
	struct str town, grid, next_town, district;
	int64_t org, dispatcher, neighbour, clerk, stranger;
	struct str hash;
} w;

static enum err make_world(struct tx *tx, void *arg)
{
	struct str p = site_place(&site, tx, STR(""), "50", "重庆市", PLACE_PROVINCE), c = site_place(&site, tx, p, "5001", "市辖区", PLACE_CITY);
	struct str there = site_place(&site, tx, c, "500103", "渝中区", PLACE_DISTRICT);

	(void)arg;
	w.district = site_place(&site, tx, c, "500105", "江北区", PLACE_DISTRICT);
	w.town = site_place(&site, tx, w.district, "500105004", "大石坝街道", PLACE_TOWN);
	w.grid = site_place(&site, tx, site_place(&site, tx, w.town, "500105004002", "前卫社区", PLACE_COMMUNITY), "500105004002001", "第一网格", PLACE_GRID);
	w.next_town = site_place(&site, tx, w.district, "500105006", "观音桥街道", PLACE_TOWN);
	assert_int_equal(OK, actor_org_add(tx, &(struct actor_org){.name = STR("渝中区城管局"), .kind = STR("department"), .place = there}, &w.org));
	w.dispatcher = site_staff(tx, "dispatcher", w.hash, "dispatcher", w.town, 0);
	w.neighbour = site_staff(tx, "neighbour", w.hash, "dispatcher", w.next_town, 0);
	w.clerk = site_staff(tx, "clerk", w.hash, "dept_clerk", there, w.org);
	w.stranger = site_staff(tx, "stranger", w.hash, "steward", w.town, 0);
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

static int64_t file(struct str place, const char *what, const char *phone)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}, {STR("phone"), str_from(phone)}};

	return site_report(&site, (struct matter_new){.values = v, .nvalues = phone ? 2 : 1, .place = place});
}

static struct browser as(const char *login)
{
	return browser_as(&site, login, PASSWORD);
}

static const char *page_of(int64_t id)
{
	return arena_printf(&site.arena, "/cases/%lld", (long long)id).p;
}

static void give_to_org(int64_t id)
{
	struct actor_session who;
	struct matter_value v = {STR("lead"), arena_printf(&site.arena, "%lld", (long long)w.org)};
	struct matter_act act = {.id = id, .version = -1, .action = STR("dispatch"), .by = {.who = &who}, .values = &v, .nvalues = 1,
				 .arena = &site.arena};
	struct db_conn *c = db_read_begin(site.app->db);

	assert_int_equal(OK, actor_load(c, &site.arena, w.dispatcher, &who));
	db_read_end(c);
	if (db_write(site.app->db, matter_do, &act) != OK)
		fail_msg("dispatch: %.*s", STR_ARG(act.why));
}

/* ---- who sees what ---- */

static void test_visible_by_place_and_holder(void **state)
{
	int64_t id = file(w.grid, "只属于大石坝的一件", NULL);
	struct browser d = as("dispatcher"), n = as("neighbour"), c = as("clerk"), s = as("stranger");

	(void)state;
	assert_int_equal(200, browser_get(&d, page_of(id))->status);
	assert_int_equal(404, browser_get(&n, page_of(id))->status);
	assert_false(browser_has(&n, "只属于大石坝"));
	assert_int_equal(404, browser_get(&c, page_of(id))->status);
	assert_int_equal(404, browser_get(&s, page_of(id))->status); /* no matter.read, though at the place */
	assert_int_equal(403, browser_get(&s, "/cases")->status);
	give_to_org(id);
	assert_int_equal(200, browser_get(&c, page_of(id))->status); /* in the hands of the clerk's organisation */
	assert_int_equal(404, browser_get(&n, page_of(id))->status);
	assert_int_equal(404, browser_get(&d, "/cases/12345")->status);
	browser_get(&n, "/cases");
	assert_false(browser_has(&n, "只属于大石坝"));
	browser_get(&d, "/cases");
	assert_true(browser_has(&d, "只属于大石坝"));
}

static void test_strangers_cannot_act(void **state)
{
	int64_t id = file(w.grid, "别人的一件", NULL);
	struct browser n = as("neighbour"), nobody = {.site = &site};
	const char *path = arena_printf(&site.arena, "/cases/%lld/do", (long long)id).p;

	(void)state;
	browser_get(&n, "/inbox");
	browser_get(&n, "/cases/file/patrol-finding"); /* for its token */
	assert_int_equal(404, browser_post(&n, path, "action=accept&version=1")->status);
	assert_int_equal(303, browser_get(&nobody, page_of(id))->status); /* to the login */
	assert_true(str_starts(reply_header(&nobody.last, "Location"), "/login"));
}

/* ---- masking ---- */

static int reveals(int64_t id, const char *purpose)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct journal_entry *v;
	size_t n;
	int found = 0;

	assert_int_equal(OK, journal_read(c, &site.arena, 0, 1000, &v, &n));
	db_read_end(c);
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i].kind, "matter.reveal") && v[i].subject == id) {
			found++;
			assert_true(v[i].actor == w.dispatcher);
			assert_true(str_find(v[i].data, str_from(purpose)) >= 0);
			assert_true(str_find(v[i].data, STR("13812345678")) < 0);
		}
	return found;
}

static void test_mask_and_reveal(void **state)
{
	int64_t id = file(w.grid, "请打 13998765432 联系我", "13812345678");
	struct browser d = as("dispatcher");
	const char *path = arena_printf(&site.arena, "/cases/%lld/reveal", (long long)id).p;

	(void)state;
	browser_get(&d, page_of(id));
	assert_false(browser_has(&d, "13812345678"));
	assert_false(browser_has(&d, "13998765432"));
	assert_true(browser_has(&d, "138****5678"));
	assert_int_equal(400, browser_post(&d, path, "purpose=x")->status); /* no purpose, nothing shown, nothing noted */
	assert_false(browser_has(&d, "13812345678"));
	assert_int_equal(0, reveals(id, ""));
	assert_int_equal(200, browser_post(&d, path, "purpose=call-about-the-place")->status);
	assert_true(browser_has(&d, "13812345678"));
	assert_true(browser_has(&d, "13998765432"));
	assert_int_equal(1, reveals(id, "call-about-the-place"));
	assert_true(str_find(reply_header(&d.last, "Cache-Control"), STR("no-store")) >= 0);
	browser_get(&d, page_of(id));
	assert_false(browser_has(&d, "13812345678")); /* one look, not a switch */
}

/* ---- filters ---- */

static void test_filters(void **state)
{
	struct browser d = as("dispatcher");
	int64_t accepted = file(w.grid, "已经受理的那件", NULL);

	(void)state;
	file(w.town, "垃圾堆在巷口", NULL);
	file(w.next_town, "隔壁镇街的垃圾", NULL);
	give_to_org(accepted);
	browser_get(&d, "/cases?state=dispatched");
	assert_true(browser_has(&d, "已经受理的那件"));
	assert_false(browser_has(&d, "垃圾堆在巷口"));
	browser_get(&d, "/cases?place=500105004002001");
	assert_true(browser_has(&d, "已经受理的那件"));
	assert_false(browser_has(&d, "垃圾堆在巷口"));
	assert_int_equal(403, browser_get(&d, "/cases?place=500105006")->status);
	assert_int_equal(404, browser_get(&d, "/cases?place=999999")->status);
	assert_int_equal(400, browser_get(&d, "/cases?from=yesterday")->status);
	browser_get(&d, "/cases?channel=hotline");
	assert_false(browser_has(&d, "垃圾堆在巷口"));
	browser_get(&d, "/cases?scenario=patrol-finding");
	assert_false(browser_has(&d, "垃圾堆在巷口"));
	for (int i = 0; i < 100; i++) { /* search follows the journal */
		browser_get(&d, "/cases?q=%E5%9E%83%E5%9C%BE");
		if (browser_has(&d, "垃圾堆在巷口"))
			break;
		usleep(50 * 1000);
	}
	assert_true(browser_has(&d, "垃圾堆在巷口"));
	assert_false(browser_has(&d, "已经受理的那件"));
	assert_false(browser_has(&d, "隔壁镇街"));
}

/* ---- export ---- */

/* The body of an answer that came in pieces. */
static struct str whole(struct browser *b)
{
	struct str rest = b->last.body, line, all = STR("");

	while (str_split(&rest, '\n', &line)) {
		size_t n = strtoul(arena_strz(&site.arena, line), NULL, 16);

		if (n == 0 || n > rest.n)
			break;
		all = arena_cat(&site.arena, all, str_sub(rest, 0, n));
		rest = str_sub(rest, n + 2, rest.n);
	}
	return all;
}

static void test_export(void **state)
{
	struct browser d = as("dispatcher"), c = as("clerk");
	struct str rest, line;
	int rows = 0;

	(void)state;
	for (int i = 0; i < 450; i++) /* more than two pages of the stream */
		file(w.grid, arena_printf(&site.arena, "第 %03d 件", i).p, NULL);
	file(w.town, "=HYPERLINK(\"http://x\") 打 13812345678", NULL);
	file(w.next_town, "隔壁镇街的一件", NULL);
	assert_int_equal(403, browser_get(&c, "/cases.csv")->status);
	assert_int_equal(200, browser_get(&d, "/cases.csv")->status);
	assert_true(str_starts(reply_header(&d.last, "Content-Type"), "text/csv"));
	d.last.body = rest = whole(&d);
	while (str_split(&rest, '\n', &line))
		rows += str_find(line, STR("resident")) >= 0 || str_find(line, STR("群众诉求")) >= 0;
	assert_int_equal(451, rows);
	for (int i = 0; i < 450; i += 37)
		assert_true(browser_has(&d, arena_printf(&site.arena, "第 %03d 件", i).p));
	assert_false(browser_has(&d, "隔壁镇街"));
	assert_false(browser_has(&d, "13812345678"));
	assert_false(browser_has(&d, ",=HYPERLINK"));
	assert_false(browser_has(&d, ",\"=HYPERLINK"));
	assert_true(browser_has(&d, "HYPERLINK"));
	browser_get(&d, "/cases.csv?place=500105004002001");
	assert_false(browser_has(&d, "HYPERLINK"));
}

int main(void)
{
#define ON(engine, f) {#f " " #engine, f, setup, teardown, (void *)(uintptr_t)(engine)}
#define BOTH(f) ON(DB_SQLITE, f), ON(DB_PG, f)
	static const struct CMUnitTest tests[] = {
		BOTH(test_visible_by_place_and_holder), BOTH(test_strangers_cannot_act), BOTH(test_mask_and_reveal),
		BOTH(test_filters), BOTH(test_export),
	};

	return UNIT_MAIN(tests);
}
