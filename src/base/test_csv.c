#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file_kind.h"

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

/* The whole table as text: cells in <>, each record with its line, bad ones with !. */
static const char *table(struct csv *c)
{
	struct buf b;
	struct csv_row row;
	enum csv_got got;
	struct str s;

	buf_init(&b, 1 << 20);
	while ((got = csv_next(c, &row)) != CSV_END) {
		buf_printf(&b, "%lld%s", (long long)row.line, got == CSV_BAD ? "!" : "");
		for (size_t i = 0; got == CSV_ROW && i < row.n; i++)
			buf_printf(&b, "<%.*s>", STR_ARG(row.v[i]));
		assert_true((row.why != NULL) == (got == CSV_BAD));
		buf_addc(&b, ' ');
	}
	s = arena_str(&arena, buf_str(&b));
	buf_release(&b);
	csv_close(c);
	return s.p;
}

static struct csv *open_text(struct str text, const struct csv_options *o)
{
	struct csv *c = NULL;
	struct str why;

	assert_int_equal(csv_open_text(&c, text, o, &arena, &why), OK);
	return c;
}

#define assert_table(text, want) assert_string_equal(table(open_text(STR(text), NULL)), want)

static void plain(void **state)
{
	(void)state;
	assert_table("a,b\r\nc,d\r\n", "1<a><b> 2<c><d> ");
	assert_table("a,b\nc,d", "1<a><b> 2<c><d> ");
	assert_table("a,b\rc,d\r", "1<a><b> 2<c><d> ");
	assert_table("\xef\xbb\xbf" "a,\n\n\r\n,b\n", "1<a><> 4<><b> ");
	assert_table("", "");
	assert_table("\n\n", "");
	assert_table("a", "1<a> ");
	assert_table("a;b,c;d\n1;2;3", "1<a><b,c><d> 2<1><2><3> ");
	assert_table("a\tb\n\"x\ty\"\tz\n", "1<a><b> 2<x\ty><z> ");
	assert_table("5\" pipe,b\n", "1<5\" pipe><b> ");
}

static void quotes(void **state)
{
	(void)state;
	assert_table("\"a,\"\"b\"\"\r\nc\",d\ne", "1<a,\"b\"\r\nc><d> 3<e> ");
	assert_table("\"\",\"\"\nx", "1<><> 2<x> ");
	assert_table("\"a\" ,b", "1<a><b> ");
	assert_table("\"a\"b,c\nd,e\n", "1! 2<d><e> ");
}

/* One forgotten quote costs one line, not the rest of the file. */
static void open_quote(void **state)
{
	(void)state;
	assert_table("a,b\nc,\"d\ne,f\ng,h\n", "1<a><b> 2! 3<e><f> 4<g><h> ");
	assert_table("\"", "1! ");
}

static void damaged(void **state)
{
	(void)state;
	assert_table("路灯不亮楼道堆放,好\n坏\xff,x\n井盖,y\n", "1<路灯不亮楼道堆放><好> 2! 3<井盖><y> ");
	assert_table("a,b\nc\0,d\ne,f\n", "1<a><b> 2! 3<e><f> ");
}

static struct str convert(const char *to, struct str utf8)
{
	iconv_t cd = iconv_open(to, "UTF-8");
	char *in = arena_strz(&arena, utf8), *p = arena_alloc(&arena, utf8.n * 4), *end = p;
	size_t in_left = utf8.n, out_left = utf8.n * 4;

	assert_true(cd != (iconv_t)-1);
	assert_int_equal(iconv(cd, &in, &in_left, &end, &out_left), 0);
	iconv_close(cd);
	return (struct str){p, (size_t)(end - p)};
}

static void encodings(void **state)
{
	static const struct str utf8 = STR("编号,留言主题\n1,\"小区，楼道\"\n2,㐀𠀀\n");
	static const char want[] = "1<编号><留言主题> 2<1><小区，楼道> 3<2><㐀𠀀> ";
	static const char *const names[] = {"GB18030", "UTF-16LE", "UTF-16BE", "UTF-8"};
	static const char *const marks[] = {"", "\xff\xfe", "\xfe\xff", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str text = arena_cat(&arena, str_from(marks[i]), convert(names[i], utf8));
		struct csv *c = open_text(text, NULL);

		assert_string_equal(csv_encoding(c), names[i]);
		assert_string_equal(table(c), want);
	}
}

static void broken_gb18030(void **state)
{
	struct str good = convert("GB18030", STR("第一行,好\n第三行,好\n"));
	struct str bad = arena_cat(&arena, arena_cat(&arena, str_sub(good, 0, 10), STR("\x81\xff,x\n")), str_sub(good, 10, 99));

	(void)state;
	assert_string_equal(table(open_text(bad, NULL)), "1<第一行><好> 2! 3<第三行><好> ");
	assert_string_equal(table(open_text(arena_cat(&arena, good, STR("\xb5")), NULL)), "1<第一行><好> 2<第三行><好> 3! ");
}

/* Every border of the read buffer cuts a character, a quote or a line end somewhere. */
static void borders(void **state)
{
	struct buf b;
	struct str gb;
	struct csv *c;
	struct csv_row row;
	int rows = 0;

	(void)state;
	buf_init(&b, 4 << 20);
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "%d,\"楼道%.*s\"\"堆\r\n放\",末\r\n", i, i % 7, "xxxxxxx");
	gb = convert("GB18030", buf_str(&b));
	for (int pass = 0; pass < 2; pass++) {
		c = open_text(pass ? gb : buf_str(&b), NULL);
		for (rows = 0; csv_next(c, &row) == CSV_ROW; rows++) {
			int64_t number;

			assert_int_equal(row.n, 3);
			assert_true(str_i64(row.v[0], &number) && number == rows);
			assert_int_equal(row.line, rows * 2 + 1);
			assert_int_equal(row.v[1].n, 6 + rows % 7 + 1 + 3 + 2 + 3);
			assert_true(str_eqz(row.v[2], "末"));
		}
		assert_int_equal(rows, 20000);
		assert_int_equal(csv_position(c), csv_size(c));
		csv_close(c);
	}
	buf_release(&b);
}

static void limits(void **state)
{
	static const struct csv_options o = {.max_row = 40, .max_field = 10, .max_columns = 3};

	(void)state;
	assert_string_equal(table(open_text(STR("a,b,c\na,b,c,d\nx,y\n"), &o)), "1<a><b><c> 2! 3<x><y> ");
	assert_string_equal(table(open_text(STR("01234567890,b\nx,y\n"), &o)), "1! 2<x><y> ");
	assert_string_equal(table(open_text(STR("0123456789,0123456789,0123456789              \nx\n"), &o)), "1! 2<x> ");
}

static void from_file(void **state)
{
	char path[] = "/tmp/csv-XXXXXX";
	int fd = mkstemp(path);
	struct csv *c;
	struct str why;
	int ends[2];

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, "a,b\nc,d\n", 8), 8);
	assert_int_equal(csv_open_fd(&c, fd, NULL, &arena, &why), OK);
	assert_int_equal(csv_size(c), 8);
	assert_string_equal(table(c), "1<a><b> 2<c><d> ");
	close(fd);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(csv_open_fd(&c, ends[0], NULL, &arena, &why), ERR_INPUT);
	close(ends[0]);
	close(ends[1]);
}

static void titles(void **state)
{
	struct csv *c = open_text(STR(" 编号 ,留言主题\n"), NULL);
	struct csv_row row;

	(void)state;
	assert_int_equal(csv_next(c, &row), CSV_ROW);
	assert_int_equal(csv_column(&row, "编号"), 0);
	assert_int_equal(csv_column(&row, "留言主题"), 1);
	assert_int_equal(csv_column(&row, "留言"), -1);
	csv_close(c);
}

static void writing(void **state)
{
	static const struct {
		const char *cell, *want;
	} cases[] = {
		{"楼道", "楼道"},   {"a,b", "\"a,b\""}, {"a\"b", "\"a\"\"b\""}, {"两\n行", "\"两\n行\""},
		{"=1+1", "'=1+1"},  {"-5", "-5"},       {"-5.5e3", "-5.5e3"},   {"+86 138", "'+86 138"},
		{"@x", "'@x"},      {"-x", "'-x"},      {"\ta", "\"'\ta\""},    {"=\"a\"", "\"'=\"\"a\"\"\""},
		{"", ""},           {" a", "\" a\""},
	};
	struct buf b;
	struct csv_out w;

	(void)state;
	buf_init(&b, 10000);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&b);
		csv_begin(&w, &b, false);
		csv_cell(&w, str_from(cases[i].cell));
		assert_string_equal(buf_str(&b).p, cases[i].want);
	}
	buf_clear(&b);
	csv_begin(&w, &b, true);
	csv_cell(&w, STR("a"));
	csv_cell_i64(&w, -5);
	csv_end_row(&w);
	csv_cell(&w, STR("b"));
	csv_end_row(&w);
	assert_string_equal(buf_str(&b).p, "\xef\xbb\xbf" "a,-5\r\nb\r\n");
	buf_release(&b);
}

/* What is no table is told by what it is, whatever its name; text is taken, also when it looks odd. */
#define H(s) {s, sizeof(s) - 1}
static void codes(void **state)
{
	static const struct { const char *code, *written; } v[] = {
		{"500105001002", "\"\t500105001002\""}, {"007", "\"\t007\""}, {"0", "0"}, {"", ""}, {"500105", "500105"},
		{"13812345678", "13812345678"}, {"5001A", "5001A"}, {"=1", "'=1"}, {"00,1", "\"00,1\""}};
	struct buf out;
	struct csv_out w;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		buf_clear(&out);
		csv_begin(&w, &out, false);
		csv_cell_code(&w, str_from(v[i].code));
		if (!str_eqz(buf_str(&out), v[i].written))
			fail_msg("%s: %.*s", v[i].code, STR_ARG(buf_str(&out)));
	}
	buf_release(&out);
}

static void other_kinds(void **state)
{
	static const struct {
		struct str head;
		const char *zh, *en;
	} v[] = {
		{H("\x1f\x8b\x08\0\0\0"), "gzip 压缩文件，不是 CSV：先解开（gunzip）", "packed with gzip, not CSV"},
		{H("BZh91AY&SY\x01"), "bunzip2", "bzip2"},
		{H("\xfd" "7zXZ\0\0"), "unxz", "xz"},
		{H("\x28\xb5\x2f\xfd"), "unzstd", "zstd"},
		{H("7z\xbc\xaf\x27\x1c"), "7z x", "7z archive"},
		{H("Rar!\x1a\x07\x01"), "unrar x", "RAR"},
		{H("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "旧版 Excel（.xls）或加了密码的工作簿，不是 CSV：用 Excel 或 LibreOffice 打开，另存为 CSV", "old Excel file"},
		{H("PK\x03\x04..........................[Content_Types].xml"), "另存为 CSV", "Office file"},
		{H("PK\x03\x04..........................mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "ODS", "OpenDocument"},
		{H("PK\x03\x04..........................a.csv"), "ZIP 压缩包，不是 CSV：先解开（unzip）", "ZIP archive"},
		{H("%PDF-1.4\n"), "PDF", "PDF"},
		{H("\x89PNG\r\n\x1a\n"), "PNG", "picture"},
		{H("\xff\xd8\xff\xe1"), "JPEG", "picture"},
		{H("SQLite format 3\0"), "SQLite", "SQLite"},
		{H("\xef\xbb\xbf\n <!DOCTYPE HTML><table>"), "网页", "web page"},
		{H("<HTML xmlns:x="), "网页", "web page"},
		{H("<?xml version=\"1.0\"?>"), "XML", "XML file"},
	};
	static const char *const tables[] = {"BZh,PK\n1,2\n", "PK,a\n1,2\n", "Rar!,7z\n1,2\n", "%,PDF-\n1,2\n", "GIF,8\n1,2\n"};
	struct csv *c;
	struct str why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		assert_int_equal(csv_open_text(&c, v[i].head, NULL, &arena, &why), ERR_INPUT);
		if (str_find(why, str_from(v[i].zh)) < 0 || str_find(why, str_from(v[i].en)) < 0)
			fail_msg("%zu: %.*s", i, STR_ARG(why));
		/* cut anywhere, it is read as text or told; never beyond its end */
		for (size_t n = 0; n < v[i].head.n; n++) {
			char *cut = malloc(n + 1);

			memcpy(cut, v[i].head.p, n);
			(void)file_kind_fault(&arena, (struct str){cut, n}, "CSV");
			(void)file_kind_other_zip((struct str){cut, n});
			free(cut);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct csv_row row;

		c = open_text(str_from(tables[i]), NULL);
		assert_int_equal(csv_next(c, &row), CSV_ROW);
		assert_int_equal(row.n, 2);
		csv_close(c);
	}
	assert_true(file_kind_other_zip(v[8].head) && !file_kind_other_zip(v[7].head) && !file_kind_other_zip(v[9].head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),    cmocka_unit_test(quotes),    cmocka_unit_test(open_quote),
		cmocka_unit_test(damaged),  cmocka_unit_test(encodings), cmocka_unit_test(broken_gb18030),
		cmocka_unit_test(borders),  cmocka_unit_test(limits),    cmocka_unit_test(from_file),
		cmocka_unit_test(titles),   cmocka_unit_test(writing),   cmocka_unit_test(other_kinds),
		cmocka_unit_test(codes),
	};

	return cmocka_run_group_tests_name("base/csv", tests, setup, teardown);
}
