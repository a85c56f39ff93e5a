/* Likely duplicates and who had such things lately. */
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "core/journal/testing.h"
#include "core/matter/category.h"
#include "core/matter/similar.h"
#include "core/place/place.h"
#include "crypto/crypto.h"

#define DAY ((int64_t)86400000)

static void forget(void)
{
	scenario_forget();
	category_forget();
}

struct world {
	struct unit *u;
	struct str grid, far, elsewhere;
	struct journal_tailer *tailers[2];
};

static enum err make_places(struct tx *tx, void *arg)
{
	static const struct { const char *code, *name; enum place_level level; } way[] = {
		{"50", "重庆市", PLACE_PROVINCE}, {"5001", "市辖区", PLACE_CITY}, {"500105", "江北区", PLACE_DISTRICT},
		{"500105004", "大石坝街道", PLACE_TOWN}, {"500105004001", "石门社区", PLACE_COMMUNITY}, {"500105004001003", "第三网格", PLACE_GRID}};
	struct world *w = arg;
	struct str key = STR(""), district = STR(""), town = STR("");
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(way); i++) {
		struct place p = {.code = str_from(way[i].code), .name = str_from(way[i].name), .level = way[i].level, .lon = NAN, .lat = NAN, .since = 1};

		e = place_add(tx, key, &p, &key);
		district = way[i].level == PLACE_DISTRICT ? key : district;
		town = way[i].level == PLACE_TOWN ? key : town;
	}
	w->grid = key;
	if (e == OK)
		e = place_add(tx, town, &(struct place){.code = STR("500105004002"), .name = STR("东原社区"), .level = PLACE_COMMUNITY, .lon = NAN,
							.lat = NAN, .since = 1}, &w->far);
	if (e == OK)
		e = place_add(tx, district, &(struct place){.code = STR("500105006"), .name = STR("观音桥街道"), .level = PLACE_TOWN, .lon = NAN,
							    .lat = NAN, .since = 1}, &w->elsewhere);
	/* the job's memory ends with it */
	w->grid = arena_str(w->u->a, w->grid);
	w->far = arena_str(w->u->a, w->far);
	w->elsewhere = arena_str(w->u->a, w->elsewhere);
	return e;
}

static void begin(struct world *w, struct unit *u)
{
	struct str why = STR("");

	*w = (struct world){.u = u};
	crypto_init();
	matter_init();
	testing_journal(u);
	scenario_forget();
	assert_int_equal(scenario_load_dir(u->db, "scenarios", u->a, &why), OK);
	assert_int_equal(db_write(u->db, make_places, w), OK);
	assert_int_equal(matter_tailers(u->db, w->tailers), OK);
}

static void end(struct world *w)
{
	journal_tail_stop(w->tailers[0]);
	journal_tail_stop(w->tailers[1]);
}

static int64_t file(struct world *w, const char *what, struct str place, int64_t days_ago)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = place,
			       .channel = STR("web"), .category = STR("public.lamp"), .lon = NAN, .lat = NAN};

	if (days_ago) {
		m.created = clock_now() - days_ago * DAY;
		m.source = STR("old");
		m.source_id = arena_printf(w->u->a, "%lld", (long long)days_ago);
	}
	if (matter_prepare(w->u->a, &m, clock_now()) != OK)
		fail_msg("%s: %.*s: %.*s", what, STR_ARG(m.why_field), STR_ARG(m.why));
	assert_int_equal(db_write(w->u->db, matter_file, &m), OK);
	return m.id;
}

static size_t similar(struct world *w, int64_t id, struct matter_similar **v)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter m;
	size_t n;

	assert_int_equal(matter_get(c, w->u->a, id, &m), OK);
	assert_int_equal(matter_similar(c, w->u->a, &m, 5, v, &n), OK);
	db_read_end(c);
	return n;
}

static void test_the_same_thing_is_found(void **state)
{
	struct world w;
	struct matter_similar *v;
	int64_t first, far, mine;

	begin(&w, *state);
	first = file(&w, "3栋前面的路灯坏了好几天，晚上看不见", w.grid, 0);
	far = file(&w, "小区3栋前面的路灯坏了好几天没人修", w.far, 0);
	file(&w, "楼下烧烤摊油烟太大，请管一管", w.grid, 0);
	file(&w, "3栋前面的路灯坏了好几天，晚上看不见", w.elsewhere, 0);  /* another town */
	file(&w, "3栋前面的路灯坏了好几天，晚上看不见", w.grid, SIMILAR_DAYS + 2); /* long ago */
	mine = file(&w, "3栋前面路灯坏了，好几天了晚上看不见路", w.grid, 0);
	journal_tail_drain(w.tailers[0]);
	journal_tail_drain(w.tailers[1]);
	assert_int_equal(similar(&w, mine, &v), 2);
	assert_int_equal(v[0].id, first);
	assert_int_equal(v[0].near, NEAR_GRID);
	assert_true(v[0].percent > 40 && v[0].percent < 100);
	assert_int_equal(v[1].id, far);
	assert_int_equal(v[1].near, NEAR_TOWN);
	end(&w);
}

static int64_t file_at(struct world *w, double metres_north, int64_t days_ago)
{
	struct matter_value v[] = {{STR("what"), STR("河边的栏杆断了一截，小孩容易掉下去")}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = w->grid, .channel = STR("web"),
			       .lon = 106.5, .lat = 29.5 + metres_north / 110850};

	if (days_ago) {
		m.created = clock_now() - days_ago * DAY;
		m.source = STR("far");
		m.source_id = arena_printf(w->u->a, "%lld-%d", (long long)days_ago, (int)metres_north);
	}
	assert_int_equal(matter_prepare(w->u->a, &m, clock_now()), OK);
	assert_int_equal(db_write(w->u->db, matter_file, &m), OK);
	return m.id;
}

/* The same words: what lies nearer and is more recent comes first. */
static void test_distance_and_time_weigh(void **state)
{
	struct world w;
	struct matter_similar *v;
	int64_t old, far, near, mine;

	begin(&w, *state);
	far = file_at(&w, 900, 1);
	old = file_at(&w, 20, 50);
	near = file_at(&w, 20, 1);
	mine = file_at(&w, 0, 0);
	journal_tail_drain(w.tailers[0]);
	journal_tail_drain(w.tailers[1]);
	assert_int_equal(similar(&w, mine, &v), 3);
	assert_int_equal(v[0].id, near);
	assert_int_equal(v[1].id, old);
	assert_int_equal(v[2].id, far);
	assert_true(v[0].days == 1 && v[1].days == 50 && fabs(v[2].metres - 900) < 20);
	end(&w);
}

/* Much came since, also long after an old one, and all of it about something else. */
static void test_the_same_thing_among_many(void **state)
{
	static const char *const others[] = {"楼下烧烤摊油烟太大，请管一管", "电梯停在六楼不动了", "消防通道停满了车", "小区门口的井盖松了", "下水道堵了，污水流到街上"};
	struct world w;
	struct matter_similar *v;
	int64_t old, first, mine;

	begin(&w, *state);
	old = file(&w, "公园里的秋千链条断了，孩子差点摔伤", w.grid, 30);
	first = file(&w, "公园里的秋千断了链条，小孩差点摔伤了", w.grid, 29);
	for (int i = 0; i < 200; i++)
		file(&w, arena_printf(w.u->a, "%s，%d号", others[i % 5], i).p, w.grid, 0);
	mine = file(&w, "公园的秋千链条断了，孩子差一点摔伤", w.grid, 0);
	journal_tail_drain(w.tailers[0]);
	journal_tail_drain(w.tailers[1]);
	assert_true(similar(&w, mine, &v) >= 2);
	assert_true((v[0].id == first && v[1].id == old) || (v[0].id == old && v[1].id == first));
	assert_true(similar(&w, old, &v) >= 2);
	assert_true(v[0].id == first || v[1].id == first);
	end(&w);
}

static void test_a_text_without_anything_to_compare(void **state)
{
	struct world w;
	struct matter_similar *v;

	begin(&w, *state);
	file(&w, "！！！", w.grid, 0);
	assert_int_equal(similar(&w, file(&w, "？？？", w.grid, 0), &v), 0);
	end(&w);
}

static void test_nobody_had_any_yet(void **state)
{
	struct world w;
	struct matter_lead lead;
	struct db_conn *c;

	begin(&w, *state);
	file(&w, "路灯不亮", w.grid, 0);
	c = db_read_begin(w.u->db);
	assert_int_equal(matter_lead_lately(c, w.u->a, w.grid, STR("public.lamp"), clock_now(), &lead), ERR_NOT_FOUND);
	db_read_end(c);
	end(&w);
}

static void test_texts(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_true(similar_texts(&a, STR("路灯不亮"), STR("路灯不亮")) > 0.99);
	assert_true(similar_texts(&a, STR("路灯不亮"), STR("垃圾没收")) < 0.01);
	assert_true(similar_texts(&a, STR(""), STR("")) < 0.01);
	arena_release(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_the_same_thing_is_found),
		UNIT_BOTH(test_distance_and_time_weigh),
		UNIT_BOTH(test_the_same_thing_among_many),
		UNIT_BOTH(test_a_text_without_anything_to_compare),
		UNIT_BOTH(test_nobody_had_any_yet),
		cmocka_unit_test(test_texts),
	};

	atexit(forget);
	return UNIT_MAIN(tests);
}
