/* Handing over a shift, on both stores: what is shown, who may answer, words that pass on, one at a time. */
#include "web/testing.h"

#include <math.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/handover/handover.h"
#include "core/actor/duty.h"
#include "core/journal/journal.h"
#include "core/place/place.h"

extern const struct capability cap_account, cap_handover;
static const struct capability *const list[] = {&cap_account, &cap_handover, NULL};

#define PASSWORD "Four-plain-words-7"

static struct site site;
static struct world {
	struct str town, grid, next_town;
	int64_t center, day, night, other, clerk;
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
	w.day = site_staff(tx, "day", w.hash, "dispatcher", w.town, w.center);
	w.night = site_staff(tx, "night", w.hash, "dispatcher", w.town, w.center);
	w.other = site_staff(tx, "other", w.hash, "dispatcher", w.next_town, 0);
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
	struct browser b = browser_as(&site, login, PASSWORD);

	browser_get(&b, "/handover");
	return b;
}

static int post(struct browser *b, const char *path, const char *fields)
{
	browser_get(b, "/handover");
	return browser_post(b, path, fields)->status;
}

static const char *with(const char *fmt, int64_t id)
{
	return arena_printf(&site.arena, fmt, (long long)id).p;
}

static int64_t offer(void)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct handover h;

	assert_int_equal(OK, handover_offered(c, &site.arena, w.town, &h));
	db_read_end(c);
	return h.id;
}

static int journalled(const char *kind, struct str *data)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct journal_entry *v;
	size_t n;
	int found = 0;

	assert_int_equal(OK, journal_read(c, &site.arena, 0, 1000, &v, &n));
	db_read_end(c);
	for (size_t i = 0; i < n; i++)
		if (str_eqz(v[i].kind, kind)) {
			found++;
			*data = v[i].data;
		}
	return found;
}

/* ---- the page ---- */

static void test_shows_the_work(void **state)
{
	struct browser d, k;

	(void)state;
	file(w.grid, "今晚要看的一件，请打 13812345678");
	file(w.next_town, "隔壁镇街的一件");
	d = as("day");
	assert_int_equal(200, d.last.status);
	assert_true(browser_has(&d, "交接班") && browser_has(&d, "大石坝街道") && browser_has(&d, "今晚要看的一件") && browser_has(&d, "前卫社区"));
	assert_false(browser_has(&d, "13812345678"));
	assert_false(browser_has(&d, "隔壁镇街的一件"));
	assert_true(browser_has(&d, "<dt>收到</dt><dd>1</dd>")); /* what happened, by what was done */
	k = as("clerk");
	assert_int_equal(403, k.last.status);
	assert_int_equal(403, browser_get(&d, "/handover?at=500105006")->status);
	assert_int_equal(200, browser_get(&d, "/handover?at=500105004")->status);
}

static void test_morning(void **state)
{
	int64_t day = time_day_start(time_day_of(clock_now(), TIME_CHINA), TIME_CHINA), half_past_eight = 8 * MS_HOUR + 30 * MS_MINUTE;

	(void)state;
	assert_int_equal(handover_morning(day + 22 * MS_HOUR), day + MS_DAY + half_past_eight);
	assert_int_equal(handover_morning(day + 3 * MS_HOUR), day + half_past_eight);
	assert_int_equal(handover_morning(day + half_past_eight), day + MS_DAY + half_past_eight);
}

/* ---- words and hands ---- */

static bool on_duty(struct str name)
{
	struct db_conn *c = db_read_begin(site.app->db);
	struct duty *v;
	size_t n;

	assert_int_equal(OK, duty_at(c, &site.arena, w.town, place_after(&site.arena, w.town), "matter.dispatch", 10, &v, &n));
	db_read_end(c);
	return n == 1 && v[0].since && str_eq(v[0].name, name);
}

static void test_hand_over(void **state)
{
	struct browser d = as("day"), n = as("night"), o = as("other");
	struct str data;
	int64_t id;

	(void)state;
	assert_int_equal(422, post(&d, "/handover/note", "text="));
	assert_int_equal(303, post(&d, "/handover/note", "text=water+main+burst,+call+13812345678"));
	assert_int_equal(1, journalled("handover.note", &data));
	assert_true(str_find(data, STR("13812345678")) < 0);
	browser_get(&n, "/handover");
	assert_true(browser_has(&n, "water main burst") && browser_has(&n, "138****5678"));
	assert_false(browser_has(&n, "13812345678"));
	browser_get(&o, "/handover");
	assert_false(browser_has(&o, "water main burst"));

	assert_int_equal(422, post(&d, "/handover/offer", with("to=%lld", w.clerk)));
	assert_int_equal(422, post(&d, "/handover/offer", with("to=%lld", w.day)));
	assert_int_equal(303, post(&d, "/handover/offer", with("to=%lld", w.night)));
	assert_int_equal(409, post(&n, "/handover/offer", with("to=%lld", w.day))); /* one at a time */
	assert_true(browser_has(&n, "等接班的人确认"));
	id = offer();
	assert_true(id > 0);
	browser_get(&n, "/me/notices");
	assert_true(browser_has(&n, "请您接班"));
	assert_int_equal(403, post(&d, "/handover/answer", with("answer=take&id=%lld", id)));
	assert_int_equal(403, post(&n, "/handover/answer", with("answer=withdraw&id=%lld", id)));
	assert_int_equal(409, post(&o, "/handover/answer", with("answer=take&id=%lld", id))); /* another desk has no such hand-over */
	assert_int_equal(400, post(&n, "/handover/answer", with("answer=perhaps&id=%lld", id)));
	assert_int_equal(303, post(&n, "/handover/answer", with("answer=take&id=%lld", id)));
	assert_int_equal(409, post(&n, "/handover/answer", with("answer=take&id=%lld", id)));
	assert_int_equal(1, journalled("handover.take", &data));
	browser_get(&n, "/me/notices");
	assert_false(browser_has(&n, "请您接班"));
	browser_get(&n, "/handover");
	assert_true(on_duty(STR("night")));
	assert_true(browser_has(&n, "上一班留下的话") && browser_has(&n, "water main burst") && browser_has(&n, "day 交给 night") && browser_has(&n, "还没有留话"));
}

static void test_withdraw(void **state)
{
	struct browser d = as("day");
	struct str data;

	(void)state;
	post(&d, "/handover/note", "text=still+mine");
	post(&d, "/handover/offer", with("to=%lld", w.night));
	assert_int_equal(303, post(&d, "/handover/answer", with("answer=withdraw&id=%lld", offer())));
	assert_int_equal(0, offer());
	assert_int_equal(1, journalled("handover.withdraw", &data));
	browser_get(&d, "/handover");
	assert_true(browser_has(&d, "still mine"));
	assert_false(browser_has(&d, "上一班留下的话"));
}

static void test_many_words(void **state)
{
	struct handover_note_new n = {.place = w.town, .author = w.day, .text = STR("x")};

	(void)state;
	for (int i = 0; i < HANDOVER_NOTES; i++)
		assert_int_equal(OK, db_write(site.app->db, handover_note_job, &n));
	assert_int_equal(ERR_TOO_MUCH, db_write(site.app->db, handover_note_job, &n));
}

/* ---- a place that moves ---- */

static enum err move(struct tx *tx, void *arg)
{
	struct str *key = arg, district = place_up(w.town, PLACE_CITY);
	struct place p = {.code = STR("500106"), .name = STR("沙坪坝区"), .level = PLACE_DISTRICT, .lon = NAN, .lat = NAN, .since = 1};
	struct str there;
	enum err e = place_add(tx, district, &p, &there);

	if (e == OK)
		e = place_move(tx, w.town, there, 0, STR("区划调整"), key);
	*key = arena_str(&site.arena, *key);
	return e;
}

static void test_follows_its_place(void **state)
{
	struct browser d = as("day");
	struct handover_note *v;
	struct db_conn *c;
	struct str key;
	size_t n;

	(void)state;
	post(&d, "/handover/note", "text=moves+along");
	assert_int_equal(OK, db_write(site.app->db, move, &key));
	c = db_read_begin(site.app->db);
	assert_int_equal(OK, handover_notes(c, &site.arena, key, 0, &v, &n));
	db_read_end(c);
	assert_int_equal(1, n);
}

int main(void)
{
#define ON(engine, f) {#f " " #engine, f, setup, teardown, (void *)(uintptr_t)(engine)}
#define BOTH(f) ON(DB_SQLITE, f), ON(DB_PG, f)
	static const struct CMUnitTest tests[] = {
		BOTH(test_shows_the_work), BOTH(test_hand_over), BOTH(test_withdraw), BOTH(test_many_words), BOTH(test_follows_its_place),
		cmocka_unit_test(test_morning),
	};

	return UNIT_MAIN(tests);
}
