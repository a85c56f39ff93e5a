#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <jansson.h>

#include "base/json.h"
#include "base/json_walk.h"

static struct arena arena;
static struct buf out;
static struct json j;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 0);
	buf_init(&out, 100000);
	json_init(&j, &out);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&out);
	arena_release(&arena);
	return 0;
}

static void assert_out(const char *z)
{
	json_done(&j);
	assert_string_equal(buf_str(&out).p, z);
}

static void structure(void **state)
{
	(void)state;
	json_obj(&j);
	json_key(&j, "a");
	json_arr(&j);
	json_arr(&j);
	json_end(&j);
	json_i64(&j, INT64_MIN);
	json_obj(&j);
	json_end(&j);
	json_end(&j);
	json_key(&j, "b");
	json_bool(&j, true);
	json_key(&j, "c");
	json_str(&j, STR_NULL);
	json_key(&j, "id");
	json_id(&j, 9007199254740993);
	json_key(&j, "at");
	json_time(&j, 0);
	json_key(&j, "raw");
	json_raw(&j, STR("[1]"));
	json_end(&j);
	assert_out("{\"a\":[[],-9223372036854775808,{}],\"b\":true,\"c\":null,\"id\":\"9007199254740993\","
		   "\"at\":\"1970-01-01T00:00:00.000Z\",\"raw\":[1]}");
}

static void escaping(void **state)
{
	(void)state;
	json_arr(&j);
	json_str(&j, STR("\"\\\n\x01</script>&\x7f"));
	json_str(&j, STR("楼\xff道\xef\xbf\xbd\xe2\x80\xa8"));
	json_str(&j, STR(""));
	json_str(&j, STR("a\0b"));
	json_end(&j);
	assert_out("[\"\\\"\\\\\\n\\u0001\\u003c/script\\u003e\\u0026\\u007f\",\"楼\\ufffd道\xef\xbf\xbd\\u2028\",\"\",\"a\\u0000b\"]");
}

static void numbers(void **state)
{
	(void)state;
	json_arr(&j);
	json_f64(&j, 0.1);
	json_f64(&j, 106.551643);
	json_f64(&j, 1.0 / 3);
	json_f64(&j, NAN);
	json_f64(&j, -INFINITY);
	json_f64(&j, 1e300);
	json_end(&j);
	assert_out("[0.1,106.551643,0.33333333333333331,null,null,1e+300]");
}

static json_t *parse(const char *z, enum err want, const struct json_limits *l, struct str *why)
{
	json_t *tree;

	*why = STR_NULL;
	assert_int_equal(json_parse(&arena, str_from(z), l, &tree, why), want);
	assert_true((tree != NULL) == (want == OK));
	assert_true((why->p != NULL) == (want != OK));
	return tree;
}

static void reading(void **state)
{
	struct str why, s;
	int64_t i;
	double f;
	bool b;
	json_t *t = parse("{\"s\":\"楼\",\"i\":9007199254740993,\"id\":\"42\",\"f\":1.5,\"b\":false}", OK, NULL, &why);

	(void)state;
	assert_true(json_get_str(t, "s", &s) && str_eqz(s, "楼"));
	assert_true(json_get_i64(t, "i", &i) && i == 9007199254740993);
	assert_true(json_get_i64(t, "id", &i) && i == 42);
	assert_false(json_get_i64(t, "s", &i));
	assert_true(json_get_f64(t, "f", &f) && f == 1.5);
	assert_true(json_get_bool(t, "b", &b) && !b);
	assert_false(json_get_bool(t, "none", &b));
	assert_false(json_get_str(t, "i", &s));
	assert_null(json_get(t, "none"));
}

static void strictness(void **state)
{
	static const char *const bad[] = {"",  "{", "{\"a\":1,\"a\":2}", "[1] x", "[\"\xff\"]", "[\"\\u0000\"]",
					  "[NaN]", "[01]", "{a:1}", "[1,]", "[\"\\ud800\"]", "'a'"};
	struct str why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		parse(bad[i], ERR_INPUT, NULL, &why);
	parse("{\n\"a\": 1,\n\"b\" 2}", ERR_INPUT, NULL, &why);
	assert_true(str_find(why, STR("第 3 行")) > 0);
	assert_true(str_find(why, STR("line 3")) > 0);
	parse("[\n\"楼\xff\"]", ERR_INPUT, NULL, &why);
	assert_true(str_find(why, STR("第 2 行第 3 列")) > 0);
}

static void limits(void **state)
{
	static const struct json_limits small = {.bytes = 40, .depth = 3, .values = 6};
	struct str why;

	(void)state;
	parse("[[[1]]]", OK, &small, &why);
	parse("[[[[1]]]]", ERR_TOO_MUCH, &small, &why);
	parse("[1,2,3,4]", OK, &small, &why);
	parse("[1,2,3,4,5,6,7]", ERR_TOO_MUCH, &small, &why);
	parse("[\"[[[[[[,,,,,,,,\\\"[[\"]", OK, &small, &why); /* inside a string nothing counts */
	parse("[                                        ]", ERR_TOO_MUCH, &small, &why);
}

/* ---- without a tree ---- */

static void walking(void **state)
{
	struct json_walk w;
	struct str key, raw, text;
	int64_t n = 0;

	(void)state;
	json_walk_begin(&w, STR(" { \"day\" : -7 ,\"a\\n\": [1,\"]\\\"\",{}], \"t\":\"楼\\u8def\\ud83d\\ude00\\/\",\"n\":null} "));
	assert_true(json_walk_next(&w, &arena, &key, &raw) && str_eqz(key, "day") && json_raw_i64(raw, &n) && n == -7);
	assert_false(json_raw_str(&arena, raw, &text));
	assert_true(json_walk_next(&w, &arena, &key, &raw) && str_eqz(key, "a\n") && str_eqz(raw, "[1,\"]\\\"\",{}]"));
	assert_true(json_walk_next(&w, &arena, &key, &raw) && json_raw_str(&arena, raw, &text) && str_eqz(text, "楼路😀/"));
	assert_true(json_walk_next(&w, &arena, &key, &raw) && str_eqz(raw, "null") && !json_raw_i64(raw, &n));
	assert_false(json_walk_next(&w, &arena, &key, &raw));
	assert_false(w.bad);
	json_walk_begin(&w, STR("[1, \"x\"]"));
	assert_true(json_walk_next(&w, &arena, &key, &raw) && key.p == NULL && str_eqz(raw, "1"));
	assert_true(json_walk_next(&w, &arena, &key, &raw) && json_raw_str(&arena, raw, &text) && str_eqz(text, "x"));
	assert_false(json_walk_next(&w, &arena, &key, &raw) || w.bad);
}

static void walking_over_broken_text(void **state)
{
	static const char *const bad[] = {"", "7", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\" 1}", "{\"a\":\"x}", "{\"a\":[1}",
					  "{a:1}", "{\"\\x\":1}", "{\"\\u12\":1}", "{\"\\ud800\":1}", "{\"a\":1 \"b\":2}", "{,}", "[1", "[\"\\"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct json_walk w;
		struct str key, raw;

		for (json_walk_begin(&w, str_from(bad[i])); json_walk_next(&w, &arena, &key, &raw);)
			;
		assert_true(w.bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(structure, setup, teardown),
		cmocka_unit_test_setup_teardown(escaping, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(reading, setup, teardown),
		cmocka_unit_test_setup_teardown(strictness, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(walking, setup, teardown),
		cmocka_unit_test_setup_teardown(walking_over_broken_text, setup, teardown),
	};

	return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
