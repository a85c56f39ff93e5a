#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cjk.h"
#include "base/utf8.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void assert_text(struct str s, const char *z)
{
	assert_string_equal(arena_strz(&arena, s), z);
}

static void valid(void **state)
{
	static const struct {
		struct str s;
		size_t good;
	} cases[] = {
		{STR(""), 0},
		{STR("abcdefgh楼道é😀"), 20},
		{STR("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), 10},
		{STR("a\xc0\x80"), 1},             /* overlong NUL */
		{STR("\xe0\x9f\xbf"), 0},          /* overlong */
		{STR("\xf0\x8f\xbf\xbf"), 0},
		{STR("ab\xed\xa0\x80"), 2},        /* surrogate */
		{STR("\xf4\x90\x80\x80"), 0},      /* past U+10FFFF */
		{STR("楼\xe9\x81"), 3},            /* cut off */
		{STR("\x80"), 0},
		{STR("12345678\xff"), 8},
		{STR("1234567\xff"), 7},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(utf8_good(cases[i].s), cases[i].good);
		assert_int_equal(utf8_valid(cases[i].s), cases[i].good == cases[i].s.n);
	}
}

static void every_character(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		char out[4];
		struct str s = {out, utf8_put(out, c)};
		bool surrogate = c >= 0xd800 && c < 0xe000;

		assert_true(utf8_valid(s));
		assert_int_equal(utf8_next(&s), surrogate ? UTF8_BAD : c);
		assert_int_equal(s.n, 0);
	}
}

static void counting(void **state)
{
	(void)state;
	assert_int_equal(utf8_count(STR("大石坝街道 5 楼")), 9);
	assert_int_equal(utf8_count(STR("a\xff\xfe")), 3);
	assert_text(utf8_cut(STR("大石坝"), 2), "大石");
	assert_text(utf8_cut(STR("大石坝"), 9), "大石坝");
	assert_text(utf8_cut(STR("大石坝"), 0), "");
	assert_text(utf8_ellipsis(&arena, STR("大石坝街道"), 3), "大石…");
	assert_text(utf8_ellipsis(&arena, STR("大石坝"), 3), "大石坝");
}

static void folding(void **state)
{
	(void)state;
	assert_text(utf8_fold(&arena, STR("Ａ１２　（＠）楼")), "A12 (@)楼");
	assert_text(utf8_fold(&arena, STR("a\xff")), "a\xef\xbf\xbd");
	assert_null(utf8_fold(&arena, STR_NULL).p);
}

static void plain(void **state)
{
	(void)state;
	assert_true(utf8_plain(STR("楼道\t堆物"), false));
	assert_false(utf8_plain(STR("两\n行"), false));
	assert_true(utf8_plain(STR("两\r\n行"), true));
	assert_false(utf8_plain(STR("a\0b"), true));
	assert_false(utf8_plain(STR("a\x1b[0m"), true));
	assert_false(utf8_plain(STR("a\xc2\x9b"), true));          /* C1 */
	assert_false(utf8_plain(STR("a\xe2\x80\xae" "cba"), true)); /* right-to-left override */
}

static const char *tokens(struct str text, enum cjk_mode mode)
{
	struct buf b;
	struct str s;

	buf_init(&b, 4096);
	cjk_bigrams(&b, text, mode);
	s = arena_str(&arena, buf_str(&b));
	buf_release(&b);
	return s.p;
}

static void bigrams(void **state)
{
	(void)state;
	assert_string_equal(tokens(STR("楼道堆放"), CJK_INDEX), "楼道 道堆 堆放 放");
	assert_string_equal(tokens(STR("楼道堆放"), CJK_QUERY), "楼道 道堆 堆放");
	assert_string_equal(tokens(STR("井"), CJK_INDEX), "井");
	assert_string_equal(tokens(STR("井"), CJK_QUERY), "井");
	assert_string_equal(tokens(STR("路灯，不亮！"), CJK_INDEX), "路灯 灯 不亮 亮");
	assert_string_equal(tokens(STR("路灯，不亮！"), CJK_QUERY), "路灯 灯 不亮");
	assert_string_equal(tokens(STR("３号楼B座 Tel：１３８"), CJK_INDEX), "3 号楼 楼 b 座 tel 138");
	assert_string_equal(tokens(STR("Ünlü ǚ ÉCOLE Привет"), CJK_INDEX), "ünlü ǚ école привет");
	assert_string_equal(tokens(STR(" 。\xff!"), CJK_INDEX), "");
	assert_string_equal(tokens(STR(""), CJK_QUERY), "");
	assert_string_equal(tokens(STR("𠀀𠀁"), CJK_INDEX), "𠀀𠀁 𠀁"); /* beyond the first plane */
}

/* What makes the search right: a text is found by each part of it that begins and ends inside its runs. */
static bool phrase_in(struct str query, struct str text)
{
	const char *q = tokens(query, CJK_QUERY), *d = tokens(text, CJK_INDEX);
	size_t n = strlen(q);
	struct cjk_iter it;
	struct cjk_token last;

	for (cjk_begin(&it, query, CJK_QUERY); cjk_next(&it, &last);)
		;

	for (const char *at = d; *at; at++) {
		if ((at != d && at[-1] != ' ') || strncmp(at, q, n) != 0)
			continue;
		if (last.kind == CJK_SINGLE || at[n] == 0 || at[n] == ' ')
			return true;
	}
	return false;
}

static void substrings_are_found(void **state)
{
	static const struct str text = STR("小区3号楼，楼道堆放");
	struct str outer = text;

	(void)state;
	while (outer.n) {
		for (size_t n = 1; n <= utf8_count(outer); n++) {
			struct str query = utf8_cut(outer, n);

			if (*tokens(query, CJK_QUERY))
				assert_true(phrase_in(query, text));
		}
		utf8_next(&outer);
	}
	assert_false(phrase_in(STR("道楼"), text));
	assert_false(phrase_in(STR("号楼道"), text));
}

static void covers(void **state)
{
	struct cjk_iter it;
	struct cjk_token t;
	char longest[200];

	(void)state;
	cjk_begin(&it, STR("，Ａb楼道"), CJK_INDEX);
	assert_true(cjk_next(&it, &t));
	assert_text(t.text, "ab");
	assert_int_equal(t.from, 3);
	assert_int_equal(t.to, 7);
	assert_int_equal(t.kind, CJK_WORD);
	assert_true(cjk_next(&it, &t));
	assert_int_equal(t.from, 7);
	assert_int_equal(t.to, 13);
	assert_int_equal(t.kind, CJK_PAIR);
	assert_true(cjk_next(&it, &t));
	assert_int_equal(t.from, 10);
	assert_int_equal(t.to, 13);
	assert_int_equal(t.position, 2);
	assert_int_equal(t.kind, CJK_SINGLE);
	assert_false(cjk_next(&it, &t));
	memset(longest, 'x', sizeof(longest));
	cjk_begin(&it, (struct str){longest, sizeof(longest)}, CJK_QUERY);
	while (cjk_next(&it, &t))
		assert_true(t.text.n <= CJK_WORD_MAX);
	assert_int_equal(t.to, sizeof(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),   cmocka_unit_test(every_character), cmocka_unit_test(counting),
		cmocka_unit_test(folding), cmocka_unit_test(plain),           cmocka_unit_test(bigrams),
		cmocka_unit_test(covers),  cmocka_unit_test(substrings_are_found),
	};

	return cmocka_run_group_tests_name("base/utf8", tests, setup, teardown);
}
