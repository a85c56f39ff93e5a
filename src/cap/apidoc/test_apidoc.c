#include "tests/unit.h"

#include <string.h>

#include "cap/apidoc/apidoc.h"

static const struct route some[] = {
	{"GET", "/b/:id", NULL, "b.read", 0, "看一|件", 0},
	{"POST", "/b", NULL, NULL, R_LOGIN | R_JSON | R_FILES, "新建", 0},
	{0},
};
static const struct route open_routes[] = {{"GET", "/a", NULL, NULL, R_PUBLIC | R_STREAM, "公开的", 0}, {0}};
static const struct capability b = {.name = "b", .title = "乙", .routes = some};
static const struct capability a_ = {.name = "a", .title = "甲", .routes = open_routes};
static const struct capability silent = {.name = "c", .title = "丙"};
static const struct capability *const all[] = {&b, &silent, &a_, NULL};

static void collects(void **state)
{
	struct arena arena;
	struct apidoc_view v;

	(void)state;
	arena_init(&arena, 0);
	v = apidoc_collect(&arena, all);
	assert_int_equal(v.n, 2);
	assert_string_equal(v.parts[0].name, "a");
	assert_true(v.parts[0].routes[0].open && v.parts[0].routes[0].stream);
	assert_int_equal(v.parts[1].n, 2);
	assert_true(v.parts[1].routes[1].json && v.parts[1].routes[1].files && !v.parts[1].routes[1].open);
	arena_release(&arena);
}

static void writes(void **state)
{
	struct arena arena;
	struct apidoc_view v;
	struct buf out;
	const char *text;

	(void)state;
	arena_init(&arena, 0);
	buf_init(&out, 100000);
	v = apidoc_collect(&arena, all);
	apidoc_markdown(&out, &v);
	text = buf_str(&out).p;
	assert_non_null(strstr(text, "| GET | `/b/:id` | `b.read` | HTML | 看一\\|件 |\n"));
	assert_non_null(strstr(text, "| POST | `/b` | 登录 login | JSON, 文件 files | 新建 |\n"));
	assert_non_null(strstr(text, "| GET | `/a` | - | SSE | 公开的 |\n"));
	assert_true(strstr(text, "(`a`)") < strstr(text, "(`b`)"));
	assert_null(strstr(text, "(`c`)"));
	buf_release(&out);
	arena_release(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(collects), cmocka_unit_test(writes)};

	return UNIT_MAIN(tests);
}
