#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define assert_str(s, z) do { \
		struct str s_ = (s); \
		assert_int_equal(s_.n, strlen(z)); \
		assert_memory_equal(s_.p, z, s_.n); \
	} while (0)

static void parts(void **state)
{
	struct str rest = STR("a,,b"), part;

	(void)state;
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_split(&rest, ',', &part));
	assert_str(str_sub(STR("abc"), 1, 99), "bc");
	assert_str(str_sub(STR("abc"), 9, 1), "");
	assert_null(str_sub(STR_NULL, 0, 1).p);
}

static void finding(void **state)
{
	(void)state;
	assert_int_equal(str_chr(STR("abc"), 'c'), 2);
	assert_int_equal(str_chr(STR("abc"), 'x'), -1);
	assert_int_equal(str_chr(STR_NULL, 'x'), -1);
	assert_int_equal(str_find(STR("楼道堆物"), STR("堆")), 6);
	assert_int_equal(str_find(STR("abc"), STR("")), 0);
	assert_int_equal(str_find(STR(""), STR("a")), -1);
	assert_true(str_starts(STR("abc"), "ab"));
	assert_false(str_starts(STR("a"), "ab"));
	assert_true(str_ends(STR("abc"), "bc"));
	assert_true(str_ieqz(STR("AbC"), "aBc"));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_int_equal(str_cmp(STR(""), STR_NULL), 0);
}

static void trimming(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\xe3\x80\x80\xef\xbb\xbf 张 三\r\n\xe3\x80\x80")), "张 三");
	assert_str(str_trim(STR("\xe3\x80\x80")), "");
}

static void numbers(void **state)
{
	int64_t i = 7;
	double f = 7;

	(void)state;
	assert_true(str_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_true(str_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
	assert_true(str_i64(STR("+0"), &i) && i == 0);
	i = 7;
	assert_false(str_i64(STR("9223372036854775808"), &i));
	assert_false(str_i64(STR("-9223372036854775809"), &i));
	assert_false(str_i64(STR(""), &i));
	assert_false(str_i64(STR("-"), &i));
	assert_false(str_i64(STR("1 "), &i));
	assert_false(str_i64(STR("0x1"), &i));
	assert_int_equal(i, 7);
	assert_true(str_f64(STR("-1.5e3"), &f) && f == -1500);
	assert_false(str_f64(STR("nan"), &f));
	assert_false(str_f64(STR("inf"), &f));
	assert_false(str_f64(STR("0x10"), &f));
	assert_false(str_f64(STR("1e999"), &f));
	assert_false(str_f64(STR("1.2.3"), &f));
	assert_false(str_f64(STR("1\0" "2"), &f));
	assert_false(str_f64(STR(""), &f));
}

static void growing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_str(buf_str(&b), "");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%d,", i % 10);
	assert_int_equal(b.n, 200);
	assert_int_equal(buf_str(&b).p[200], 0);
	assert_int_equal(buf_check(&b), OK);
	buf_clear(&b);
	buf_addz(&b, "x");
	assert_str(buf_str(&b), "x");
	buf_release(&b);
}

/* Every length around what is there and around the maximum, against a print of its own. */
static void printed(void **state)
{
	char want[4096];
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a, 0);
	for (int n = 0; n < 600; n++) {
		struct str s = arena_printf(&a, "%0*d|%s", n, 7, "灯");

		snprintf(want, sizeof(want), "%0*d|%s", n, 7, "灯");
		assert_string_equal(want, s.p);
		assert_int_equal(strlen(want), s.n);
		assert_int_equal(0, (uintptr_t)s.p % 16);
		buf_init(&b, 300);
		buf_addz(&b, "x");
		buf_printf(&b, "%0*d", n, 7);
		if (n < 300) {
			snprintf(want, sizeof(want), "x%0*d", n, 7);
			assert_str(buf_str(&b), want);
		}
		assert_int_equal(n < 300 ? OK : ERR_TOO_MUCH, buf_check(&b));
		buf_release(&b);
	}
	assert_string_equal("nothing of what came before is left", arena_printf(&a, "nothing of what came before is left").p);
	arena_release(&a);
	buf_init(&b, 100);
	buf_add_i64(&b, INT64_MIN);
	buf_add_i64(&b, 0);
	buf_add_i64(&b, -7);
	buf_add_i64(&b, INT64_MAX);
	assert_str(buf_str(&b), "-92233720368547758080-79223372036854775807");
	buf_release(&b);
}

static void full_stays_full(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_adds(&b, STR("abcd"));
	assert_int_equal(buf_check(&b), OK);
	buf_addc(&b, 'e');
	assert_int_equal(buf_check(&b), ERR_TOO_MUCH);
	buf_clear(&b);
	buf_add(&b, "abcde", 5);
	buf_addc(&b, 'x'); /* would fit, but something before it is missing */
	assert_int_equal(b.n, 0);
	assert_int_equal(buf_check(&b), ERR_TOO_MUCH);
	buf_release(&b);
}

static void count(void *arg)
{
	int *n = arg;

	++*n;
}

static void arena_life(void **state)
{
	struct arena a;
	int cleaned = 0;
	char *p;

	(void)state;
	arena_init(&a, 0);
	p = arena_alloc(&a, 1);
	assert_int_equal((uintptr_t)p % 16, 0);
	p = arena_alloc(&a, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 1, 100000);
	assert_str(arena_printf(&a, "%s-%d", "a", 5), "a-5");
	assert_str(arena_cat(&a, STR("楼"), STR("道")), "楼道");
	assert_null(arena_str(&a, STR_NULL).p);
	assert_int_equal(arena_str(&a, str_sub(STR("abc"), 0, 2)).p[2], 0);
	arena_on_reset(&a, count, &cleaned);
	arena_reset(&a);
	assert_int_equal(cleaned, 1);
	p = arena_alloc(&a, 64); /* memory used before is zero again */
	for (int i = 0; i < 64; i++)
		assert_int_equal(p[i], 0);
	arena_release(&a);
	assert_int_equal(cleaned, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),   cmocka_unit_test(finding), cmocka_unit_test(trimming),
		cmocka_unit_test(numbers), cmocka_unit_test(growing), cmocka_unit_test(printed), cmocka_unit_test(full_stays_full),
		cmocka_unit_test(arena_life),
	};

	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
