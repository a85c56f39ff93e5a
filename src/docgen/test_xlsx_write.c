#include "tests/unit.h"

#include <unistd.h>

#include "base/time.h"
#include "docgen/xlsx_read.h"
#include "docgen/xlsx_write.h"

static const char *const titles[] = {"编号", "收到", "评价"};
static const unsigned char widths[] = {16, 18, 8};

static void test_what_is_written_is_read(void **state)
{
	struct arena a;
	const char *path;
	struct xlsx_out *x;
	struct xlsx *in;
	struct str *c, why;
	size_t n;
	int64_t row = 0, at;

	(void)state;
	arena_init(&a, 0);
	path = arena_printf(&a, "%s/out.xlsx", unit_tmp()).p;
	assert_true(time_parse(STR("2026-11-22 14:05"), TIME_CHINA, &at));
	assert_int_equal(xlsx_out_open(&x, path, "诉求", TIME_CHINA), OK);
	xlsx_out_head(x, titles, widths, 3);
	assert_int_equal(xlsx_out_row(x, (struct xlsx_cell[]){{.text = STR("=1+1")}, {.kind = XLSX_TIME, .at = at},
							       {.kind = XLSX_NUMBER, .number = 5}}, 3), OK);
	assert_int_equal(xlsx_out_row(x, (struct xlsx_cell[]){{.text = STR("<b>&\"路灯\"")}, {.kind = XLSX_TIME}, {.text = STR("")}}, 3), OK);
	assert_int_equal(xlsx_out_close(x), OK);
	assert_int_equal(xlsx_open(path, "诉求", &in, &a, &why), OK);
	assert_int_equal(xlsx_next(in, &c, &n, &row, &a, &why), OK);
	assert_string_equal(c[1].p, "收到");
	assert_int_equal(xlsx_next(in, &c, &n, &row, &a, &why), OK);
	assert_string_equal(c[0].p, "=1+1"); /* text, not the value of a formula */
	assert_string_equal(c[1].p, "2026-11-22 14:05:00");
	assert_string_equal(c[2].p, "5");
	assert_int_equal(xlsx_next(in, &c, &n, &row, &a, &why), OK);
	assert_string_equal(c[0].p, "<b>&\"路灯\"");
	assert_int_equal(xlsx_next(in, &c, &n, &row, &a, &why), ERR_NOT_FOUND);
	xlsx_close(in);
	arena_release(&a);
}

static void test_a_folder_that_is_not_there(void **state)
{
	struct xlsx_out *x;
	enum err e;

	(void)state;
	e = xlsx_out_open(&x, "/nowhere/at/all.xlsx", "a", TIME_CHINA);
	if (e == OK)
		e = xlsx_out_close(x);
	assert_int_equal(e, ERR_IO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_a_folder_that_is_not_there),
	};

	return UNIT_MAIN(tests);
}
