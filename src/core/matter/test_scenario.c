#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/matter/category.h"
#include "core/matter/matter.h"
#include "tests/unit.h"

#define HEAD "scenario: x\ntitle: {zh: 一, en: One}\nroles:\n  clerk: {zh: 员, en: Clerk}\n"
#define FIELDS "fields:\n  - {id: what, type: text, title: {zh: 事, en: What}}\n"
#define ASKS "asks:\n  - {id: note, type: text, title: {zh: 说明, en: Note}}\n"
#define STATES "states:\n  open: {title: {zh: 开, en: Open}, plain: {zh: 开, en: Open}, actors: [clerk], clock: 2h}\n" \
	"  shut: {title: {zh: 关, en: Shut}, plain: {zh: 关, en: Shut}, kind: closed}\n"
#define ACTIONS "actions:\n  shut: {title: {zh: 关, en: Shut}, done: {zh: 关, en: Shut}, from: open, to: shut, by: clerk, asks: [note]}\n"
#define ACTION(more) "actions:\n  shut: {title: {zh: 关, en: Shut}, done: {zh: 关, en: Shut}, " more "}\n"

/* A file with a mistake, its line, and words the answer must hold. */
static const struct { const char *text; int line; const char *says; } bad[] = {
	{"", 1, "文件是空的"},
	{"a: [1, 2", 2, "读不懂"},
	{"a: &x 1\n", 1, "锚点"},
	{"a: 1\nb: *x\n", 2, "引用"},
	{"a: !!python/object 1\n", 1, "标签"},
	{"a: 1\na: 2\n", 2, "写了两次"},
	{"a: 1\n---\nb: 2\n", 2, "一个文件只写一份"},
	{"- a\n", 1, "应当写成"},
	{HEAD "fileds: []\n" FIELDS ASKS STATES ACTIONS, 5, "是否想写“fields”"},
	{HEAD FIELDS ASKS STATES ACTION("from: opne, to: shut, by: clerk"), 13, "状态“opne”没有定义；是否想写“open”？ / state “opne” is not defined; did you mean “open”?"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: shut, by: clrek"), 13, "角色“clrek”没有在 roles 里定义；是否想写“clerk”？"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: shut, by: clerk, asks: [ntoe]"), 13, "是否想写“note”"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: shut, by: clerk, rules: [dispatch-gaurd]"), 13, "是否想写“dispatch-guard”"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: shut, by: clerk, effect: asign"), 13, "是否想写“assign”"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: shut, by: clerk, effect: judge"), 13, "需要必答的“score”"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: shut, by: clerk, danger: maybe"), 13, "只能写 true 或 false"},
	{HEAD FIELDS ASKS STATES ACTION("to: shut, by: clerk"), 13, "要写 from"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: same, by: clerk"), 10, "进得去出不来"},
	{HEAD FIELDS ASKS STATES ACTION("from: open, to: same, by: clerk"), 11, "没有动作能走到状态“shut”"},
	{HEAD "fields:\n  - {id: p, type: image, title: {zh: 照片, en: Photo}, required: true}\n" ASKS STATES ACTIONS, 6, "不能设为必填"},
	{HEAD "fields:\n  - {id: checkin, type: text, title: {zh: 事, en: What}}\n" ASKS STATES ACTIONS, 6, "12号"},
	{HEAD "fields:\n  - {id: what, type: text, title: {zh: 巡查轨迹, en: What}}\n" ASKS STATES ACTIONS, 6, "轨迹"},
	{HEAD "fields:\n  - {id: what, type: text, title: {zh: 本月积分, en: What}}\n" ASKS STATES ACTIONS, 6, "积分"},
	{HEAD "fields:\n  - {id: what, type: txet, title: {zh: 事, en: What}}\n" ASKS STATES ACTIONS, 6, "是否想写“text”"},
	{HEAD "fields:\n  - {id: What, type: text, title: {zh: 事, en: What}}\n" ASKS STATES ACTIONS, 6, "不合格"},
	{HEAD "fields:\n  - {id: what, type: text, title: {zh: 事}}\n" ASKS STATES ACTIONS, 6, "英文"},
	{HEAD "fields:\n  - {id: k, type: choice, title: {zh: 事, en: What}}\n" ASKS STATES ACTIONS, 6, "choices 列表"},
	{HEAD "total: 5wx\n" FIELDS ASKS STATES ACTIONS, 5, "5wd（工作日）"},
	{HEAD "total: {by: kind, else: 5wd}\n" FIELDS ASKS STATES ACTIONS, 1, "fields 里没有这个 choice 项"},
};

static void load_rules(void)
{
	rule_register_all();
}

static void test_bad(void **state)
{
	struct arena a;

	(void)state;
	load_rules();
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct scenario *s = NULL;
		struct str why, line;
		bool found = false;
		char at[32];

		assert_int_equal(ERR_INPUT, scenario_parse(STR("x.yaml"), str_from(bad[i].text), &s, &a, &why));
		snprintf(at, sizeof(at), "x.yaml:%d: ", bad[i].line);
		for (struct str rest = why; str_split(&rest, '\n', &line);)
			found |= str_starts(line, at) && str_find(line, str_from(bad[i].says)) >= 0 && str_find(line, STR(" / ")) > 0;
		if (!found)
			fail_msg("case %zu: wanted line %d “%s”, got:\n%.*s", i, bad[i].line, bad[i].says, STR_ARG(why));
	}
	arena_release(&a);
}

static void test_all_faults(void **state)
{
	struct arena a;
	struct scenario *s;
	struct str why;

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(ERR_INPUT, scenario_parse(STR("x.yaml"), STR(HEAD "colour: red\n" FIELDS ASKS STATES
		ACTION("from: opne, to: shtu, by: clrek, dangre: true")), &s, &a, &why));
	assert_true(str_find(why, STR("colour")) >= 0 && str_find(why, STR("opne")) >= 0 && str_find(why, STR("shtu")) >= 0 &&
		    str_find(why, STR("clrek")) >= 0 && str_find(why, STR("dangre")) >= 0);
	arena_release(&a);
}

static void test_bombs(void **state)
{
	struct arena a;
	struct scenario *s;
	struct str why;
	char *deep = malloc(400000);

	(void)state;
	arena_init(&a, 0);
	memset(deep, '[', 100000);
	assert_int_equal(ERR_INPUT, scenario_parse(STR("x.yaml"), (struct str){deep, 100000}, &s, &a, &why));
	assert_true(str_find(why, STR("层次太深")) >= 0);
	memset(deep, ' ', 400000);
	assert_int_equal(ERR_INPUT, scenario_parse(STR("x.yaml"), (struct str){deep, 400000}, &s, &a, &why));
	assert_true(str_find(why, STR("文件太大")) >= 0);
	for (int i = 0; i < 100000; i += 4)
		memcpy(deep + i, "- 1\n", 4);
	assert_int_equal(ERR_INPUT, scenario_parse(STR("x.yaml"), (struct str){deep, 100000}, &s, &a, &why));
	assert_true(str_find(why, STR("条目太多")) >= 0);
	assert_int_equal(ERR_INPUT, scenario_parse(STR("x.yaml"), STR("a: \"\xff\"\n"), &s, &a, &why));
	assert_true(str_find(why, STR("UTF-8")) >= 0);
	free(deep);
	arena_release(&a);
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_versions(void **state)
{
	struct unit *u = *state;
	const char *dir = unit_tmp();
	const struct scenario *one, *two;
	struct str why;

	load_rules();
	scenario_forget();
	put_file(dir, "x.yaml", HEAD FIELDS ASKS STATES ACTIONS);
	assert_int_equal(OK, scenario_load_dir(u->db, dir, u->a, &why));
	one = scenario_current(STR("x"));
	assert_int_equal(one->version, 1);
	assert_int_equal(OK, scenario_load_dir(u->db, dir, u->a, &why)); /* the same text: the same version */
	assert_ptr_equal(one, scenario_current(STR("x")));
	put_file(dir, "x.yaml", HEAD FIELDS ASKS STATES ACTION("from: opne, to: shut, by: clerk"));
	put_file(dir, "y.yaml", "scenario: y\ntitle: {zh: 二, en: Two}\nroles: {clerk: {zh: 员, en: Clerk}}\n" FIELDS ASKS STATES ACTIONS);
	assert_int_equal(ERR_INPUT, scenario_load_dir(u->db, dir, u->a, &why)); /* the good file is taken, the old version stays */
	assert_true(str_find(why, STR("x.yaml:13:")) >= 0);
	assert_ptr_equal(one, scenario_current(STR("x")));
	assert_non_null(scenario_current(STR("y")));
	put_file(dir, "x.yaml", HEAD "total: 5wd\n" FIELDS ASKS STATES ACTIONS);
	assert_int_equal(OK, scenario_load_dir(u->db, dir, u->a, &why));
	two = scenario_current(STR("x"));
	assert_int_equal(two->version, 2);
	assert_ptr_equal(one, scenario_version(STR("x"), 1));
	scenario_forget(); /* as after a restart: old versions come from the store */
	assert_int_equal(OK, scenario_load_dir(u->db, dir, u->a, &why));
	assert_false(scenario_version(STR("x"), 1)->has_total);
	assert_true(scenario_version(STR("x"), 2)->has_total);
	scenario_forget();
}

static void test_shipped(void **state)
{
	struct unit *u = *state;
	const struct scenario *v[10];
	struct category_guess g[3];
	struct str why;

	load_rules();
	scenario_forget();
	if (scenario_load_dir(u->db, "scenarios", u->a, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	assert_true(scenario_list(v, 10) >= 2);
	assert_non_null(scenario_current(STR("resident-report")));
	assert_int_equal(1, category_suggest(u->a, STR("楼下下水道堵塞，污水返水到一楼"), g, 1));
	assert_true(str_eqz(g[0].category->id, "public.drain"));
	assert_true(category_suggest(u->a, STR("有人闻到煤气味，怀疑燃气泄漏"), g, 3) >= 1);
	assert_true(g[0].category->emergency && str_find(g[0].category->advice.zh, STR("119")) >= 0);
	assert_int_equal(0, category_suggest(u->a, STR("xyz"), g, 3));
	scenario_forget();
	category_forget();
}

/* The example of the guide is a scenario that works. */
static void test_guide(void **state)
{
	struct arena a;
	struct scenario *s = NULL;
	struct str text, why = STR("");
	char *p = calloc(1, 100000);
	FILE *f = fopen("docs/scenario-guide.md", "rb");
	ptrdiff_t from, end;

	(void)state;
	assert_non_null(f);
	text = (struct str){p, fread(p, 1, 99999, f)};
	fclose(f);
	load_rules();
	arena_init(&a, 0);
	from = str_find(text, STR("```yaml\n"));
	assert_true(from > 0);
	text = str_sub(text, (size_t)from + 8, text.n);
	end = str_find(text, STR("```"));
	assert_true(end > 0);
	if (scenario_parse(STR("room.yaml"), str_sub(text, 0, (size_t)end), &s, &a, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	assert_int_equal(s->nstates, 4);
	assert_int_equal(s->nactions, 3);
	scenario_free(s);
	arena_release(&a);
	free(p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad), cmocka_unit_test(test_all_faults), cmocka_unit_test(test_bombs), UNIT_BOTH(test_versions),
		UNIT_BOTH(test_shipped), cmocka_unit_test(test_guide),
	};
	return UNIT_MAIN(tests);
}
