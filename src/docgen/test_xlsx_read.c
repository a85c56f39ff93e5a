#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>
#include <zip.h>

#include "docgen/xlsx_read.h"

static char file[64];
static struct arena arena;
static struct str why;

static int setup(void **state)
{
	int fd;

	(void)state;
	snprintf(file, sizeof(file), "%s/xlsx-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
	fd = mkstemp(file);
	assert_true(fd >= 0);
	close(fd);
	arena_init(&arena, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(file);
	arena_release(&arena);
	return 0;
}

/* A workbook of the real writer: shared strings, dates, a gap of rows and columns. */
static void write_book(bool constant_memory)
{
	lxw_workbook_options o = {.constant_memory = constant_memory};
	lxw_workbook *b = workbook_new_opt(file, &o);
	lxw_worksheet *s = workbook_add_worksheet(b, "诉求");
	lxw_format *date = workbook_add_format(b), *time = workbook_add_format(b);
	lxw_datetime at = {2026, 11, 22, 14, 5, 9};

	format_set_num_format(date, "yyyy-mm-dd");
	format_set_num_format(time, "yyyy\"年\"m\"月\"d\"日\" hh:mm:ss");
	worksheet_write_string(s, 0, 0, "编号", NULL);
	worksheet_write_string(s, 0, 1, "内容", NULL);
	worksheet_write_number(s, 2, 0, 42, NULL);
	worksheet_write_string(s, 2, 1, "路灯 <坏了> & \"急\"", NULL);
	worksheet_write_datetime(s, 2, 3, &at, time);
	worksheet_write_datetime(s, 3, 0, &at, date);
	worksheet_write_boolean(s, 3, 2, 1, NULL);
	assert_int_equal(workbook_close(b), LXW_NO_ERROR);
}

static void check_book(bool constant_memory)
{
	struct xlsx *x;
	struct str *c;
	size_t n;
	int64_t row = 0;

	write_book(constant_memory);
	assert_int_equal(xlsx_open(file, NULL, &x, &arena, &why), OK);
	assert_int_equal(xlsx_next(x, &c, &n, &row, &arena, &why), OK);
	assert_int_equal(row, 1);
	assert_int_equal(n, 2);
	assert_string_equal(c[0].p, "编号");
	assert_int_equal(xlsx_next(x, &c, &n, &row, &arena, &why), OK);
	assert_int_equal(row, 3);
	assert_int_equal(n, 4);
	assert_string_equal(c[0].p, "42");
	assert_string_equal(c[1].p, "路灯 <坏了> & \"急\"");
	assert_string_equal(c[2].p, "");
	assert_string_equal(c[3].p, "2026-11-22 14:05:09");
	assert_int_equal(xlsx_next(x, &c, &n, &row, &arena, &why), OK);
	assert_string_equal(c[0].p, "2026-11-22 14:05:09"); /* a date format does not lose the time that is there */
	assert_string_equal(c[2].p, "TRUE");
	assert_int_equal(xlsx_next(x, &c, &n, &row, &arena, &why), ERR_NOT_FOUND);
	xlsx_close(x);
}

static void test_reads_what_the_writer_wrote(void **state)
{
	(void)state;
	check_book(false);
	check_book(true);
}

static void test_named_sheet(void **state)
{
	struct xlsx *x;

	(void)state;
	write_book(false);
	assert_int_equal(xlsx_open(file, "诉求", &x, &arena, &why), OK);
	xlsx_close(x);
	assert_int_equal(xlsx_open(file, "没有", &x, &arena, &why), ERR_INPUT);
	assert_non_null(strstr(why.p, "工作表"));
}

static void add_part(zip_t *z, const char *name, const char *text)
{
	zip_source_t *src = zip_source_buffer(z, text, strlen(text), 0);

	assert_true(zip_file_add(z, name, src, ZIP_FL_OVERWRITE) >= 0);
}

#define BOOK                                                                                                          \
	"<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" "                              \
	"xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><workbookPr/><sheets>"       \
	"<sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
#define RELS                                                                                                          \
	"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"                      \
	"<Relationship Id=\"rId1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"

static void write_parts(const char *sheet)
{
	zip_t *z = zip_open(file, ZIP_CREATE | ZIP_TRUNCATE, NULL);

	assert_non_null(z);
	add_part(z, "xl/workbook.xml", BOOK);
	add_part(z, "xl/_rels/workbook.xml.rels", RELS);
	add_part(z, "xl/worksheets/sheet1.xml", sheet);
	assert_int_equal(zip_close(z), 0);
}

static enum err read_all(const char *sheet)
{
	struct xlsx *x;
	struct str *c;
	size_t n;
	int64_t row = 0;
	enum err e;

	write_parts(sheet);
	e = xlsx_open(file, NULL, &x, &arena, &why);
	if (e != OK)
		return e;
	while ((e = xlsx_next(x, &c, &n, &row, &arena, &why)) == OK)
		;
	xlsx_close(x);
	return e;
}

static void test_hostile(void **state)
{
	FILE *f;
	struct xlsx *x;

	(void)state;
	assert_int_equal(read_all("<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData></worksheet>"),
			 ERR_NOT_FOUND);
	/* a string number that is not there; a column past the limit; half a file; an entity bomb */
	assert_int_equal(read_all("<worksheet><sheetData><row><c t=\"s\"><v>7</v></c></row></sheetData></worksheet>"), ERR_INPUT);
	assert_int_equal(read_all("<worksheet><sheetData><row><c r=\"ZZZZ1\"><v>7</v></c></row></sheetData></worksheet>"), ERR_INPUT);
	assert_int_equal(read_all("<worksheet><sheetData><row><c r=\"A1\"><v>7"), ERR_INPUT);
	assert_int_equal(read_all("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><worksheet><sheetData>"
				  "<row><c><v>&b;</v></c></row></sheetData></worksheet>"),
			 ERR_INPUT);
	f = fopen(file, "w");
	fputs("not a zip", f);
	fclose(f);
	assert_int_equal(xlsx_open(file, NULL, &x, &arena, &why), ERR_INPUT);
}

/* A ZIP that is something else says what it is, and what to do; no name out of it that a terminal would obey. */
static void test_other_zips(void **state)
{
	static const struct { const char *parts[2], *says, *says_not; } v[] = {
		{{"照片/1.jpg", "事项.csv"}, "2 个文件（如 事项.csv），不是 CSV/XLSX：先解开", "XLSX 文件读不了"},
		{{"a.txt", NULL}, "如 a.txt", "XLSX 文件读不了"},
		{{"\xca\xc2\xcf\xee.csv", NULL}, "1 个文件，不是 CSV/XLSX：先解开", "如"},
		{{"\x1b[2J.csv", NULL}, "1 个文件，不是", "\x1b"},
		{{"[Content_Types].xml", "word/document.xml"}, "Word 文档", "解开"},
		{{"[Content_Types].xml", "xl/workbook.bin"}, "XLSB", "解开"},
		{{"[Content_Types].xml", NULL}, "没有工作表", "ZIP"},
	};
	struct xlsx *x;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		zip_t *z = zip_open(file, ZIP_CREATE | ZIP_TRUNCATE, NULL);

		for (int k = 0; k < 2 && v[i].parts[k]; k++)
			assert_true(zip_file_add(z, v[i].parts[k], zip_source_buffer(z, "x", 1, 0), ZIP_FL_ENC_RAW) >= 0);
		assert_int_equal(zip_close(z), 0);
		assert_int_equal(xlsx_open(file, i % 2 ? "a" : NULL, &x, &arena, &why), ERR_INPUT);
		if (!strstr(why.p, v[i].says) || strstr(why.p, v[i].says_not))
			fail_msg("%zu: %s", i, why.p);
	}
}

static void test_bomb(void **state)
{
	size_t n = 64u << 20;
	char *zeros = malloc(n + 1);
	struct xlsx *x;

	(void)state;
	memset(zeros, ' ', n);
	zeros[n] = 0;
	write_parts(zeros);
	assert_int_equal(xlsx_open(file, NULL, &x, &arena, &why), ERR_INPUT);
	assert_non_null(strstr(why.p, "500"));
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads_what_the_writer_wrote, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named_sheet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_zips, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bomb, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
