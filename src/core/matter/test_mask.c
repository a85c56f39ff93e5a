#include "core/matter/matter.h"
#include "tests/unit.h"

static const struct { const char *in, *out; } cases[] = {
	{"", ""},
	{"没有号码", "没有号码"},
	{"打13812345678找我", "打138****5678找我"},
	{"138 1234 5678", "138****5678"},
	{"138-1234-5678。", "138****5678。"},
	{"１３８１２３４５６７８", "１３８****５６７８"},
	{"+86 13812345678", "+86138****5678"},
	{"+8613812345678", "+86138****5678"},
	{"电话 3 13812345678", "电话 3 138****5678"},
	{"13812345678 13912345678", "138****5678 139****5678"},
	{"身份证500105199001011234", "身份证500***********1234"},
	{"50010519900101123X", "500***********123X"},
	{"500105 19900101 123x,", "500***********123x,"},
	{"500105900101123", "500********1123"},
	{"023-67891234", "0236*****34"},
	{"座机67891234", "座机67****34"},
	{"2026-11-22 14:02 处理", "2026-11-22 14:02 处理"},
	{"罚款200元，3号楼2单元", "罚款200元，3号楼2单元"},
	{"120", "120"},
	{"发到 zhang.san@example.cn 吧", "发到 z***@example.cn 吧"},
	{"a@b.cn,12345678@qq.com;", "a***@b.cn,1***@qq.com;"},
	{"QQ：13812345678@qq.com", "QQ：1***@qq.com"},
	{"3@5 元，@所有人，x@y", "3@5 元，@所有人，x@y"},
	{"王@163.com", "王@163.com"},
	{"门牌1234567890123456789012345", "门牌1234567890123456789012345"},
};

static void test_mask(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str got = matter_mask(&a, str_from(cases[i].in));

		if (!str_eqz(got, cases[i].out))
			fail_msg("“%s”: wanted “%s”, got “%.*s”", cases[i].in, cases[i].out, STR_ARG(got));
		if (!str_eq(matter_mask(&a, got), got))
			fail_msg("masking twice changed “%.*s”", STR_ARG(got));
	}
	assert_null(matter_mask(&a, STR_NULL).p);
	arena_release(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_mask)};
	return UNIT_MAIN(tests);
}
