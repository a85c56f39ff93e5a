#include "tests/unit.h"

#include "base/opt.h"

static bool loud;
static const char *name;
static int64_t count;

static const struct opt common[] = {
	{.name = "loud", .letter = 'l', .flag = &loud, .zh = "大声", .en = "loud"},
	{0},
};
static const struct opt own[] = {
	{.name = "name", .arg = "NAME", .text = &name, .zh = "名字", .en = "name"},
	{.name = "count", .letter = 'n', .arg = "N", .number = &count, .zh = "个数", .en = "how many"},
	{0},
};
static const struct opt_command cmd = {
	.name = "try", .usage = "FILE...", .zh = "试。", .en = "Tries.", .opts = {common, own}, .min_args = 1, .max_args = 2};

static int parse(int *argc, char ***argv)
{
	loud = false;
	name = NULL;
	count = -1;
	return opt_parse(&cmd, argc, argv);
}

#define TRY(...) \
	char *words[] = {"try", __VA_ARGS__, NULL}; \
	char **argv = words; \
	int argc = (int)ARRAY_LEN(words) - 1, got = parse(&argc, &argv)

static void takes_both_forms(void **state)
{
	TRY("a", "--name=x=y", "-l", "--count", "12", "b");

	(void)state;
	assert_int_equal(got, -1);
	assert_true(loud);
	assert_string_equal(name, "x=y");
	assert_int_equal(count, 12);
	assert_int_equal(argc, 2);
	assert_string_equal(argv[0], "a");
	assert_string_equal(argv[1], "b");
}

static void two_hyphens_end_the_options(void **state)
{
	TRY("--", "--loud", "-");

	(void)state;
	assert_int_equal(got, -1);
	assert_false(loud);
	assert_int_equal(argc, 2);
	assert_string_equal(argv[0], "--loud");
}

static void unknown_option(void **state)
{
	TRY("a", "--nonsense");

	(void)state;
	assert_int_equal(got, 2);
}

static void missing_value(void **state)
{
	TRY("a", "--name");

	(void)state;
	assert_int_equal(got, 2);
}

static void value_on_a_flag(void **state)
{
	TRY("a", "--loud=yes");

	(void)state;
	assert_int_equal(got, 2);
}

static void bad_number(void **state)
{
	TRY("a", "-n", "-3");

	(void)state;
	assert_int_equal(got, 2);
}

static void wrong_number_of_arguments(void **state)
{
	TRY("-l");
	char *three[] = {"try", "a", "b", "c", NULL};
	char **more = three;
	int n = 4;

	(void)state;
	assert_int_equal(got, 2);
	assert_int_equal(parse(&n, &more), 2);
}

static void help_ends_well(void **state)
{
	TRY("--help");

	(void)state;
	assert_int_equal(got, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_both_forms),      cmocka_unit_test(two_hyphens_end_the_options),
		cmocka_unit_test(unknown_option),        cmocka_unit_test(missing_value),
		cmocka_unit_test(value_on_a_flag),       cmocka_unit_test(bad_number),
		cmocka_unit_test(wrong_number_of_arguments), cmocka_unit_test(help_ends_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
