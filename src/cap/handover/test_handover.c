/* Handing over a shift, on both stores: what is shown, who may answer, words that pass on, one at a time. */
#include "web/testing.h"

#include <math.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/handover/handover.h"
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

static struct str add_place(struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level)
{
	struct place p = {.code = str_from(code), .name = str_from(name), .level = level, .lon = NAN, .lat = NAN, .since = 1};
	struct str key;

	assert_int_equal(OK, place_add(tx, parent, &p, &key));
	return arena_str(&site.arena, key);
}

static int64_t add_account(struct tx *tx, const char *login, const char *role, struct str place, int64_t org)
{
	struct str why = STR_NULL;
	int64_t id;

	assert_int_equal(OK, actor_create(tx, str_from(login), str_from(login), w.hash, &id));
	if (actor_grant(tx, id, str_from(role), place, org, 0, 0, &why) != OK)
		fail_msg("%s: %.*s", login, STR_ARG(why));
	return id;
}

static enum err make_world(struct tx *tx, void *arg)
{
	struct str p = add_place(tx, STR(""), "50", "重庆市", PLACE_PROVINCE), c = add_place(tx, p, "5001", "市辖区", PLACE_CITY), why = STR_NULL;
	struct str district = add_place(tx, c, "500105", "江北区", PLACE_DISTRICT);

	if (actor_load_roles(tx, *(struct str *)arg, &why) != OK)
		fail_msg("roles: %.*s", STR_ARG(why));
	w.town = add_place(tx, district, "500105004", "大石坝街道", PLACE_TOWN);
	w.grid = add_place(tx, add_place(tx, w.town, "500105004002", "前卫社区", PLACE_COMMUNITY), "500105004002001", "第一网格", PLACE_GRID);
	w.next_town = add_place(tx, district, "500105006", "观音桥街道", PLACE_TOWN);
	assert_int_equal(OK, actor_org_add(tx, &(struct actor_org){.name = STR("指挥中心"), .kind = STR("unit"), .place = w.town}, &w.center));
	w.day = add_account(tx, "day", "dispatcher", w.town, w.center);
	w.night = add_account(tx, "night", "dispatcher", w.town, w.center);
	w.other = add_account(tx, "other", "dispatcher", w.next_town, 0);
	w.clerk = add_account(tx, "clerk", "dept_clerk", w.town, w.center);
	return OK;
}

static int setup(void **state)
{
	struct str roles, why;

	if (unit_setup(state) != 0)
		return 1;
	web_capabilities = list;
	site_start(&site, *state);
	if (file_read(&site.arena, "data/roles.csv", 1 << 20, &roles, &why) != OK || password_hash(&site.arena, STR(PASSWORD), &w.hash) != OK)
		return 1;
	return db_write(site.app->db, make_world, &roles) == OK ? 0 : 1;
}

static int teardown(void **state)
{
	site_stop(&site);
	return unit_teardown(state);
}

static int64_t file(struct str place, const char *what)
{
	struct matter_value v = {STR("what"), str_from(what)};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = &v, .nvalues = 1, .place = place,
			       .channel = STR("portal"), .lon = NAN, .lat = NAN};

	assert_non_null(m.scenario);
	assert_int_equal(OK, matter_prepare(&site.arena, &m, clock_now()));
	assert_int_equal(OK, db_write(site.app->db, matter_file, &m));
	return m.id;
}

static struct browser as(const char *login)
{
	struct browser b = {.site = &site};

	browser_login(&b, login, PASSWORD);
	browser_get(&b, "/handover");
	return b;
}

static bool has(const struct browser *b, const char *what)
{
	return str_find(b->last.body, str_from(what)) >= 0;
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
	assert_true(has(&d, "交接班") && has(&d, "大石坝街道") && has(&d, "今晚要看的一件") && has(&d, "前卫社区"));
	assert_false(has(&d, "13812345678"));
	assert_false(has(&d, "隔壁镇街的一件"));
	assert_true(has(&d, "<dt>收到</dt><dd>1</dd>")); /* what happened, by what was done */
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
	assert_true(has(&n, "water main burst") && has(&n, "138****5678"));
	assert_false(has(&n, "13812345678"));
	browser_get(&o, "/handover");
	assert_false(has(&o, "water main burst"));

	assert_int_equal(422, post(&d, "/handover/offer", with("to=%lld", w.clerk)));
	assert_int_equal(422, post(&d, "/handover/offer", with("to=%lld", w.day)));
	assert_int_equal(303, post(&d, "/handover/offer", with("to=%lld", w.night)));
	assert_int_equal(409, post(&n, "/handover/offer", with("to=%lld", w.day))); /* one at a time */
	assert_true(has(&n, "等接班的人确认"));
	id = offer();
	assert_true(id > 0);
	browser_get(&n, "/me/notices");
	assert_true(has(&n, "请您接班"));
	assert_int_equal(403, post(&d, "/handover/answer", with("answer=take&id=%lld", id)));
	assert_int_equal(403, post(&n, "/handover/answer", with("answer=withdraw&id=%lld", id)));
	assert_int_equal(409, post(&o, "/handover/answer", with("answer=take&id=%lld", id))); /* another desk has no such hand-over */
	assert_int_equal(400, post(&n, "/handover/answer", with("answer=perhaps&id=%lld", id)));
	assert_int_equal(303, post(&n, "/handover/answer", with("answer=take&id=%lld", id)));
	assert_int_equal(409, post(&n, "/handover/answer", with("answer=take&id=%lld", id)));
	assert_int_equal(1, journalled("handover.take", &data));
	browser_get(&n, "/me/notices");
	assert_false(has(&n, "请您接班"));
	browser_get(&n, "/handover");
	assert_true(has(&n, "上一班留下的话") && has(&n, "water main burst") && has(&n, "day 交给 night") && has(&n, "还没有留话"));
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
	assert_true(has(&d, "still mine"));
	assert_false(has(&d, "上一班留下的话"));
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
