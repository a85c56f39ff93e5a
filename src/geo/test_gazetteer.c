#include "tests/unit.h"

#include <math.h>

#include "geo/gazetteer.h"
#include "geo/pinyin.h"

#include "tests/arena.h"

static void readings(void **state)
{
	uint16_t r[PINYIN_READINGS], q[PINYIN_READINGS];
	char loose[64];

	(void)state;
	assert_int_equal(2, pinyin_of(0x91cd, r)); /* 重 */
	assert_string_equal("zhong", pinyin_text(r[0]));
	assert_string_equal("chong", pinyin_text(r[1]));
	assert_true(pinyin_of(0x77f3, r) >= 1 && pinyin_of(0x56db, q) >= 1); /* 石 四 */
	assert_true(r[0] != q[0] && pinyin_sound(r[0]) == pinyin_sound(q[0]));
	assert_true(pinyin_of(0x798f, r) >= 1 && pinyin_of(0x6e56, q) >= 1 && pinyin_sound(r[0]) == pinyin_sound(q[0])); /* 福 湖 */
	assert_int_equal(0, pinyin_of('a', r));
	assert_int_equal(0, pinyin_of(0x10ffff, r));
	pinyin_loosen("shimenshequ", loose, sizeof(loose));
	assert_string_equal("simensequ", loose);
	pinyin_loosen("jiangbei", loose, sizeof(loose));
	assert_string_equal("jianbei", loose);
	pinyin_loosen("nanan", loose, sizeof(loose));
	assert_int_equal('l', loose[0]);
}

static const struct { const char *place, *name; } names[] = {
	{"faaa", "江北区"}, {"faab", "南岸区"}, {"faaaaae", "大石坝街道"}, {"faaaaaf", "观音桥街道"}, {"faaaaaeaaa", "石门社区"},
	{"faaaaaeaab", "石油社区"}, {"faaaaaeaac", "正街社区"}, {"faaaaafaaa", "建新北路社区"}, {"faabaaaaaa", "石门社区"},
	{"faaaaaeaaaaaa", "第一网格"}, {"faaaaaeaabaaa", "第一网格"}, {"faaaaaeaad", "东方港湾社区"}, {"faaaaaeaae", "福康社区"},
};

static struct gazetteer *make(void)
{
	struct gazetteer *g = gazetteer_new();

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		gazetteer_add(g, &(struct gazetteer_entry){.place = str_from(names[i].place), .name = str_from(names[i].name), .lon = NAN, .lat = NAN});
	return g;
}

static struct gazetteer *g;

static const char *first(const char *typed, const char *within)
{
	struct gazetteer_hit v[5];
	size_t n = gazetteer_search(g, &a, str_from(typed), str_from(within), v, 5);

	return n ? v[0].entry->name.p : "";
}

static void searches(void **state)
{
	struct gazetteer_hit v[3];

	(void)state;
	g = make();
	assert_string_equal("石门社区", first("石门", ""));
	assert_string_equal("石门社区", first("实门社区", ""));     /* another sign of the same sound */
	assert_string_equal("石门社区", first("四门", ""));         /* s for sh */
	assert_string_equal("福康社区", first("胡康社区", ""));     /* h for f */
	assert_string_equal("南岸区", first("兰岸", ""));           /* l for n */
	assert_string_equal("大石坝街道", first("dashiba", ""));
	assert_string_equal("大石坝街道", first("DaSiBa", ""));
	assert_string_equal("大石坝街道", first("dsb", ""));
	assert_string_equal("观音桥街道", first("guanyinq", ""));
	assert_string_equal("建新北路社区", first("jianxinbei", "")); /* partial, with sounds that are told apart by few: jianxin, jiangxin */
	assert_string_equal("建新北路社区", first("jiangxin", ""));
	assert_string_equal("建新北路社区", first("北路", ""));
	assert_string_equal("建新北路社区", first("jxbl", ""));
	assert_string_equal("石门社区", first("石men", ""));           /* while an input method writes the second sign */
	assert_string_equal("石门社区", first("实m", ""));
	assert_string_equal("东方港湾社区", first("东方gangw", ""));
	assert_string_equal("", first("石zz", ""));
	assert_string_equal("", first("石门社区a", ""));
	assert_string_equal("东方港湾社区", first("东方港弯社区", ""));
	assert_string_equal("东方港湾社区", first("东方X湾社区", "")); /* one stranger in a longer name */
	assert_string_equal("", first("没有这个", ""));
	assert_string_equal("", first(" ", ""));
	/* the scope: the other 石门社区 lies in 南岸区 */
	assert_int_equal(3, gazetteer_search(g, &a, STR("石门社区"), STR(""), v, 3));
	assert_true(v[0].score == v[1].score && v[1].score > v[2].score && str_eqz(v[2].entry->name, "石油社区")); /* one stranger */
	assert_int_equal(1, gazetteer_search(g, &a, STR("石门社区"), STR("faab"), v, 3));
	assert_true(str_eqz(v[0].entry->place, "faabaaaaaa") && !v[0].sound);
	assert_int_equal(1, gazetteer_search(g, &a, STR("区"), STR(""), v, 1));
	gazetteer_free(g);
}

static bool everything(void *arg, const struct gazetteer_entry *e)
{
	(*(int *)arg)++;
	assert_non_null(e->name.p);
	return true;
}

static bool nothing(void *arg, const struct gazetteer_entry *e)
{
	(void)arg, (void)e;
	return false;
}

/* What not everybody may be told of is found by those alone who may; it takes no place among the others' hits. */
static void rights(void **state)
{
	const struct gazetteer_entry depot = {.place = STR("faaaaae"), .name = STR("石门危化品仓库"), .kind = GAZETTEER_POINT, .needs = STR("risk.read"),
					      .lon = 106.5, .lat = 29.5};
	struct gazetteer_hit v[1];
	int asked = 0;
	struct gazetteer_scope all = {.within = STR(""), .may = everything, .arg = &asked}, none = {.within = STR(""), .may = nothing};

	(void)state;
	g = make();
	gazetteer_add(g, &depot);
	assert_int_equal(0, gazetteer_search(g, &a, STR("危化品仓库"), STR(""), v, 1));
	assert_int_equal(0, gazetteer_in_text(g, &a, STR("石门危化品仓库门口漏了"), STR("faaaaaeaab"), v, 1));
	assert_int_equal(1, gazetteer_in_text(g, &a, STR("石门危化品仓库门口"), STR(""), v, 1));
	assert_string_equal("石门社区", v[0].entry->name.p); /* its stem stands there too */
	assert_int_equal(1, gazetteer_search_for(g, &a, STR("weihuapin"), &all, v, 1));
	assert_string_equal("risk.read", v[0].entry->needs.p);
	assert_true(asked >= 1 && asked < 5); /* only what would be found is asked about */
	assert_int_equal(1, gazetteer_in_text_for(g, &a, STR("石门危化品仓库门口"), &all, v, 1));
	assert_true(str_eqz(v[0].entry->name, "石门危化品仓库"));
	assert_int_equal(0, gazetteer_search_for(g, &a, STR("石门"), &none, v, 1));
	gazetteer_free(g);
}

static const char *meant(const char *text, const char *within)
{
	struct gazetteer_hit v[2];
	size_t n = gazetteer_in_text(g, &a, str_from(text), str_from(within), v, 2);

	return n == 0 || (n > 1 && v[1].score >= v[0].score) ? "" : v[0].entry->place.p;
}

static void addresses(void **state)
{
	(void)state;
	g = make();
	assert_string_equal("faaaaaeaaa", meant("江北区大石坝街道石门社区3栋2单元", ""));
	assert_string_equal("faaaaaeaaa", meant("石门社区3栋", "faaaaae"));
	assert_string_equal("", meant("石门社区3栋", ""));                   /* two have this name: not guessed */
	assert_string_equal("faabaaaaaa", meant("南岸石门社区3栋", ""));
	assert_string_equal("faaaaaeaabaaa", meant("石油社区第一网格路口", "faaaaae"));
	assert_string_equal("", meant("第一网格路口", "faaaaae"));
	assert_string_equal("faaaaaeaab", meant("在石油那边的菜市场", "faaaaae")); /* without 社区 */
	assert_string_equal("faaaaaeaaa", meant("实门社区 门口", "faaaaae"));       /* by sound, when the whole name stands there */
	assert_string_equal("", meant("楼下的路灯坏了", "faaaaae"));
	gazetteer_free(g);
}

/* Hostile text stays inside its bounds; long names are cut. */
static void odd_text(void **state)
{
	struct gazetteer_hit v[3];
	char text[3000];

	(void)state;
	g = make();
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	gazetteer_add(g, &(struct gazetteer_entry){.place = STR("x"), .name = str_from(text), .lon = NAN, .lat = NAN});
	gazetteer_add(g, &(struct gazetteer_entry){.place = STR("x"), .name = STR(" ·"), .lon = NAN, .lat = NAN});
	assert_int_equal(ARRAY_LEN(names) + 1, gazetteer_count(g));
	(void)gazetteer_search(g, &a, str_from(text), STR(""), v, 3);
	(void)gazetteer_in_text(g, &a, str_from(text), STR(""), v, 3);
	assert_int_equal(0, gazetteer_search(g, &a, STR("\xff\xfe"), STR(""), v, 3));
	gazetteer_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings),
		cmocka_unit_test(searches),
		cmocka_unit_test(rights),
		cmocka_unit_test(addresses),
		cmocka_unit_test(odd_text),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
