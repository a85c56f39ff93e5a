/* Importing: real files of three systems where they are present, and every kind of bad table. */
#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/time.h"
#include "cap/importer/importer.h"
#include "core/journal/testing.h"
#include "core/matter/list.h"
#include "core/matter/matter.h"
#include "core/place/place.h"
#include "crypto/crypto.h"

#define MAPPING_HEAD "mapping: t\nscenario: resident-report\nsource: test\nplace: {code: \"990300000\", name: 测试镇, level: 4}\n"
#define SMALL_MAPPING MAPPING_HEAD "id: 编号\ncreated: 时间\nfields: {what: 内容}\n"

static struct str why;

static const char *folder(void)
{
	static const char *dir;

	if (dir == NULL)
		dir = unit_tmp();
	return dir;
}

static void forget(void)
{
	scenario_forget();
}

static void begin(struct unit *u)
{
	struct str w = STR("");

	crypto_init();
	matter_init();
	testing_journal(u);
	scenario_forget();
	if (scenario_load_dir(u->db, "scenarios", u->a, &w) != OK)
		fail_msg("%.*s", STR_ARG(w));
}

static const char *put_file(struct unit *u, const char *name, struct str text)
{
	const char *path = arena_printf(u->a, "%s/%s", folder(), name).p;
	struct str w;

	assert_int_equal(file_write(u->a, path, text, 0600, &w), OK);
	return path;
}

static struct mapping *mapping(struct unit *u, const char *text)
{
	struct mapping *m;

	if (mapping_parse(u->a, STR("test.yaml"), str_from(text), &m, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	return m;
}

static enum err run_with(struct unit *u, const char *file, const char *map_text, bool dry, struct import_result *r)
{
	struct import_options o = {.file = file, .mapping = mapping(u, map_text), .quiet = true, .dry_run = dry,
				   .rejects = arena_printf(u->a, "%s/rejects.csv", folder()).p};

	unlink(o.rejects);
	why = STR("");
	return importer_run(u->db, u->a, &o, r, &why);
}

static struct str rejects(struct unit *u)
{
	struct str s = STR(""), w;

	(void)!file_read(u->a, arena_printf(u->a, "%s/rejects.csv", folder()).p, 1 << 20, &s, &w);
	return s;
}

static void test_bad_rows_are_told_and_the_rest_goes_on(void **state)
{
	struct unit *u = *state;
	struct import_result r;
	const char *file;

	begin(u);
	file = put_file(u, "rows.csv", STR("\xef\xbb\xbf编号,时间,内容\r\n"
					   "1,2026-01-05 08:00:00,路灯不亮\r\n"
					   "2,昨天,垃圾没人收\r\n"
					   "3,2026-02-30 08:00:00,日子不存在\r\n"
					   "4,2026-01-06 08:00:00,\r\n"
					   "5,2026-01-07 08:00:00,\"楼道\n堆物\"\r\n"
					   "6,,没有时间\r\n"));
	assert_int_equal(run_with(u, file, SMALL_MAPPING, false, &r), OK);
	assert_int_equal(r.rows, 6);
	assert_int_equal(r.filed, 2);
	assert_int_equal(r.rejected, 4);
		assert_true(str_find(rejects(u), STR("昨天")) > 0);
	assert_true(str_find(rejects(u), STR("\n4,")) > 0);
	/* the same again: nothing is filed twice */
	assert_int_equal(run_with(u, file, SMALL_MAPPING, false, &r), OK);
	assert_int_equal(r.filed, 0);
}

static void test_repeating_by_id_and_resuming(void **state)
{
	struct unit *u = *state;
	struct import_result r;

	begin(u);
	assert_int_equal(run_with(u, put_file(u, "a.csv", STR("编号,时间,内容\n1,2026-01-05 08:00:00,甲\n2,2026-01-05 08:00:00,乙\n")),
				  SMALL_MAPPING, false, &r), OK);
	assert_int_equal(r.filed, 2);
	/* a longer file of the same source: only what is new */
	assert_int_equal(run_with(u, put_file(u, "b.csv", STR("编号,时间,内容\n1,2026-01-05 08:00:00,甲\n2,2026-01-05 08:00:00,乙\n"
							      "3,2026-01-05 08:00:00,丙\n")),
				  SMALL_MAPPING, false, &r), OK);
	assert_int_equal(r.filed, 1);
	assert_int_equal(r.already, 2);
}

static int rows_until_stop;

static bool stop_soon(void)
{
	return rows_until_stop-- <= 0;
}

static void test_interrupted_import_goes_on(void **state)
{
	struct unit *u = *state;
	struct buf b;
	struct import_result r;
	struct import_options o = {.quiet = true, .stop = stop_soon};
	int64_t filed = 0;

	begin(u);
	buf_init(&b, 1 << 20);
	buf_addz(&b, "编号,时间,内容\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,2026-01-05 08:00:00,第%d件事\n", i, i);
	o.file = put_file(u, "long.csv", buf_str(&b));
	buf_release(&b);
	for (int round = 0; round < 10; round++) {
		o.mapping = mapping(u, SMALL_MAPPING);
		rows_until_stop = 300 + (int)filed;
		assert_int_equal(importer_run(u->db, u->a, &o, &r, &why), OK);
		assert_int_equal(r.resumed, filed);
		assert_int_equal(r.already, 0);
		filed += r.filed;
		if (!r.stopped)
			break;
	}
	assert_int_equal(filed, 1000);
}

static void test_gb18030_and_workbooks(void **state)
{
	struct unit *u = *state;
	struct import_result r;
	/* 编号,时间,内容 / 1,...,路灯不亮 in GB18030 */
	static const char gb[] = "\xb1\xe0\xba\xc5,\xca\xb1\xbc\xe4,\xc4\xda\xc8\xdd\n7,2026-01-05 08:00:00,\xc2\xb7\xb5\xc6\xb2\xbb\xc1\xc1\n";
	const char *book = arena_printf(u->a, "%s/book.xlsx", folder()).p;
	lxw_datetime at = {2026, 1, 5, 8, 0, 0};
	lxw_workbook *w;
	lxw_worksheet *s;
	lxw_format *f;

	begin(u);
	assert_int_equal(run_with(u, put_file(u, "gb.csv", (struct str){gb, sizeof(gb) - 1}), SMALL_MAPPING, false, &r), OK);
	assert_int_equal(r.filed, 1);
	w = workbook_new(book);
	s = workbook_add_worksheet(w, NULL);
	f = workbook_add_format(w);
	format_set_num_format(f, "yyyy-mm-dd hh:mm:ss");
	worksheet_write_string(s, 0, 0, "编号", NULL);
	worksheet_write_string(s, 0, 1, "时间", NULL);
	worksheet_write_string(s, 0, 2, "内容", NULL);
	worksheet_write_number(s, 1, 0, 8, NULL);
	worksheet_write_datetime(s, 1, 1, &at, f);
	worksheet_write_string(s, 1, 2, "电梯停运", NULL);
	assert_int_equal(workbook_close(w), LXW_NO_ERROR);
	assert_int_equal(run_with(u, book, SMALL_MAPPING, false, &r), OK);
	assert_int_equal(r.filed, 1);
	assert_int_equal(r.rejected, 0);
}

static void test_mistakes_of_the_mapping(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"scenario: resident-report\n", "source"},
		{MAPPING_HEAD "fields: {what: 内容}\ncolour: red\n", "test.yaml:6"},
		{MAPPING_HEAD "fields: {what: {columns: [a, b], glue: x}}\n", "glue"},
		{MAPPING_HEAD "fields: [what]\n", "fields"},
		{MAPPING_HEAD "public: perhaps\nfields: {what: a}\n", "test.yaml:5"},
		{"mapping: [", "YAML"},
	};
	struct unit *u = *state;
	struct mapping *m;
	struct import_result r;
	const char *file = put_file(u, "x.csv", STR("编号,时间,内容\n1,2026-01-05 08:00:00,甲\n"));

	begin(u);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(mapping_parse(u->a, STR("test.yaml"), str_from(bad[i].text), &m, &why), ERR_INPUT);
		assert_true(str_find(why, str_from(bad[i].says)) >= 0);
	}
	assert_int_equal(run_with(u, file, MAPPING_HEAD "fields: {what: 没有这列}\n", false, &r), ERR_INPUT);
	assert_true(str_find(why, STR("没有这列")) >= 0);
	assert_int_equal(run_with(u, file, MAPPING_HEAD "fields: {nothing: 内容}\n", false, &r), ERR_INPUT);
	assert_true(str_find(why, STR("nothing")) >= 0);
	assert_int_equal(run_with(u, file, SMALL_MAPPING "zone: Mars/Olympus\n", false, &r), ERR_INPUT);
	assert_int_equal(run_with(u, file, SMALL_MAPPING "state: {value: nowhere}\n", true, &r), OK);
	assert_int_equal(r.rejected, 1);
}

/* ---- the real files ---- */

static const char *real(struct unit *u, const char *name)
{
	const char *dir = getenv("GONGZHI_REAL_DATA") ? getenv("GONGZHI_REAL_DATA") : "../shared/data";
	const char *path = arena_printf(u->a, "%s/%s", dir, name).p;

	if (access(path, R_OK) == 0)
		return path;
	printf("skipped: the real file %s is not here\n", name);
	return NULL;
}

static void import_real(struct unit *u, const char *file, const char *map, struct import_result *r)
{
	struct str text;

	assert_int_equal(file_read(u->a, map, 1 << 20, &text, &why), OK);
	if (run_with(u, file, text.p, false, r) != OK)
		fail_msg("%.*s", STR_ARG(why));
}

static int list_all(struct unit *u, struct str text, struct matter_row **v)
{
	struct str from = STR(""), to = STR("\x7f");
	struct matter_scope scope = {.from = &from, .to = &to, .n = 1, .private_too = true};
	struct matter_filter f = {.text = text, .limit = 200};
	struct db_conn *c = db_read_begin(u->db);
	size_t n;

	assert_int_equal(matter_list(c, u->a, &scope, &f, clock_now(), v, &n), OK);
	db_read_end(c);
	return (int)n;
}

static void test_real_hot_issues(void **state)
{
	struct unit *u = *state;
	const char *file = real(u, "complaints/att3_hot_issue_messages.csv");
	struct journal_tailer *t[2];
	struct import_result r;
	struct matter_row *v;

	if (file == NULL)
		skip();
	begin(u);
	import_real(u, file, "data/mappings/complaints-att3.yaml", &r);
	assert_int_equal(r.rows, 4326);
	assert_int_equal(r.filed, 4326);
	import_real(u, file, "data/mappings/complaints-att3.yaml", &r);
	assert_int_equal(r.filed, 0);
	assert_int_equal(matter_tailers(u->db, t), OK);
	journal_tail_drain(t[0]);
	journal_tail_drain(t[1]);
	assert_true(list_all(u, STR("违建"), &v) > 10);
	for (int i = 0; i < 2; i++)
		journal_tail_stop(t[i]);
}

static void test_real_replies(void **state)
{
	struct unit *u = *state;
	const char *file = real(u, "complaints/att4_messages_with_replies_dev.csv");
	struct import_result r;
	struct matter_row *v;
	struct matter_step *steps;
	struct matter m;
	struct db_conn *c;
	size_t n;

	if (file == NULL)
		skip();
	begin(u);
	import_real(u, file, "data/mappings/complaints-att4.yaml", &r);
	assert_int_equal(r.filed, 1400);
	assert_int_equal(list_all(u, STR_NULL, &v), 200);
	c = db_read_begin(u->db);
	assert_int_equal(matter_get(c, u->a, v[0].id, &m), OK);
	assert_true(m.closed > m.created);
	assert_int_equal(matter_timeline(c, u->a, &m, &steps, &n), OK);
	assert_true(n >= 1);
	assert_true(steps[n - 1].note.n > 0);
	assert_int_equal(steps[n - 1].at, m.closed);
	assert_int_equal(journal_verify_all(c, u->a, NULL, NULL, &why), OK);
	db_read_end(c);
}

/* Every case of Boston's third quarter of 2011 that had a target: late by our clock exactly where the city says OVERDUE. */
static void compare_with_boston(struct unit *u, struct csv *csv, int64_t *compared)
{
	struct csv_row row, titles;
	struct db_conn *c = db_read_begin(u->db);
	int id, ontime, target;
	enum csv_got got;

	assert_int_equal(csv_next(csv, &titles), CSV_ROW);
	id = csv_column(&titles, "case_enquiry_id");
	ontime = csv_column(&titles, "ontime");
	target = csv_column(&titles, "target_dt");
	while ((got = csv_next(csv, &row)) != CSV_END) {
		struct arena a;
		struct matter m;
		struct str code;

		if (got == CSV_BAD || str_empty(row.v[target]) || str_empty(row.v[ontime]))
			continue;
		if (u->engine == DB_PG && ++*compared % 8) /* the clock is the same code: a sample shows that the store is too */
			continue;
		arena_init(&a, 0);
		code = row.v[id];
		assert_int_equal(matter_by_source(c, &a, STR("boston311"), code, &m), OK);
		if (matter_is_late(&m, clock_now()) != str_eqz(row.v[ontime], "OVERDUE"))
			fail_msg("case %.*s: ours and the city's clock differ", STR_ARG(code));
		*compared += u->engine == DB_SQLITE;
		arena_release(&a);
	}
	db_read_end(c);
}

static void test_real_boston(void **state)
{
	struct unit *u = *state;
	const char *gz = real(u, "boston311/boston311_2011Q3.csv.gz");
	const char *file = arena_printf(u->a, "%s/boston.csv", folder()).p;
	struct import_result r;
	struct csv *csv;
	struct str text;
	int64_t compared = 0;

	if (gz == NULL)
		skip();
	begin(u);
	assert_int_equal(unit_run((const char *const[]){"/bin/sh", "-c", "gzip -dc \"$0\" > \"$1\"", gz, file, NULL}), 0);
	import_real(u, file, "data/mappings/boston311.yaml", &r);
	assert_true(r.filed > 29000);
	assert_int_equal(r.filed + r.rejected, r.rows);
	assert_int_equal(file_read(u->a, file, 64 << 20, &text, &why), OK);
	assert_int_equal(csv_open_text(&csv, text, &(struct csv_options){0}, u->a, &why), OK);
	compare_with_boston(u, csv, &compared);
	csv_close(csv);
	assert_true(compared > 20000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_bad_rows_are_told_and_the_rest_goes_on),
		UNIT_BOTH(test_repeating_by_id_and_resuming),
		UNIT_BOTH(test_interrupted_import_goes_on),
		UNIT_BOTH(test_gb18030_and_workbooks),
		UNIT_BOTH(test_mistakes_of_the_mapping),
		UNIT_BOTH(test_real_hot_issues),
		UNIT_BOTH(test_real_replies),
		UNIT_BOTH(test_real_boston),
	};

	atexit(forget);
	return UNIT_MAIN(tests);
}
