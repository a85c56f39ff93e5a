/* The list as a table and back through the shipped mapping. */
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cap/cases/export_rows.h"
#include "cap/importer/importer.h" /* lint-ok: a test reads the export back as the importer does */
#include "core/journal/testing.h"
#include "core/matter/category.h"
#include "core/place/testing.h"
#include "crypto/crypto.h"

static void forget(void)
{
	scenario_forget();
	category_forget();
}

static void begin(struct unit *u)
{
	struct str why = STR("");

	crypto_init();
	matter_init();
	testing_journal(u);
	scenario_forget();
	assert_int_equal(scenario_load_dir(u->db, "scenarios", u->a, &why), OK);
}

struct world {
	struct arena *a;
	struct str community, grid;
	struct matter_new m[2];
};

static struct str add(struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level)
{
	return place_made(tx, tx->arena, parent, code, name, level, NAN, NAN);
}

static enum err make_places(struct tx *tx, void *arg)
{
	struct world *w = arg;
	struct str up = add(tx, STR(""), "50", "重庆市", PLACE_PROVINCE);

	up = add(tx, up, "5001", "市辖区", PLACE_CITY);
	up = add(tx, up, "500105", "江北区", PLACE_DISTRICT);
	up = add(tx, up, "500105004", "大石坝街道", PLACE_TOWN);
	/* the job's memory ends with it */
	w->community = arena_str(w->a, add(tx, up, "500105004001", "石门社区", PLACE_COMMUNITY));
	w->grid = arena_str(w->a, add(tx, w->community, "", "第三网格", PLACE_GRID)); /* without a code of its own */
	return OK;
}

static void file(struct unit *u, struct world *w, int i, struct str what, struct str place, bool is_public)
{
	struct matter_value *v = arena_array(u->a, struct matter_value, 1);

	v[0] = (struct matter_value){STR("what"), what};
	w->m[i] = (struct matter_new){.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = place,
				      .channel = STR("web"), .lon = NAN, .lat = NAN, .is_public = is_public};
	assert_int_equal(matter_prepare(u->a, &w->m[i], clock_now()), OK);
	assert_int_equal(db_write(u->db, matter_file, &w->m[i]), OK);
}

static void test_a_workbook_is_read_back(void **state)
{
	struct unit *u = *state;
	struct world w = {.a = u->a};
	struct str from = STR(""), to = STR("\xf4"), why = STR(""), text;
	struct matter_scope scope = {.from = &from, .to = &to, .n = 1, .private_too = true};
	struct matter_filter all = {0};
	struct import_options o = {.quiet = true, .dry_run = true};
	struct import_result r;
	struct db_conn *c;
	struct mapping *m;

	begin(u);
	assert_int_equal(db_write(u->db, make_places, &w), OK);
	file(u, &w, 0, STR("=1+1 路灯不亮，电话 13800005678"), w.grid, true);
	file(u, &w, 1, STR("楼道堆物，\"挡住\"了路"), w.community, false);
	o.file = arena_printf(u->a, "%s/list.xlsx", unit_tmp()).p;
	o.rejects = arena_printf(u->a, "%s/rejects.csv", unit_tmp()).p;
	c = db_read_begin(u->db);
	assert_int_equal(export_xlsx(c, u->a, &scope, &all, clock_now(), o.file), OK);
	db_read_end(c);
	assert_int_equal(file_read(u->a, "data/mappings/gongzhi-export.yaml", 1 << 16, &text, &why), OK);
	if (mapping_parse(u->a, STR("gongzhi-export.yaml"), text, &m, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	o.mapping = m;
	if (importer_run(u->db, u->a, &o, &r, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	assert_int_equal(r.rows, 2);
	assert_int_equal(r.rejected, 0);
	assert_int_equal(r.filed, 2);
}

static void test_cells_hide_numbers_and_know_the_place(void **state)
{
	struct unit *u = *state;
	struct world w = {.a = u->a};
	struct xlsx_cell cells[EXPORT_COLUMNS];
	struct matter_row row = {.id = 7, .scenario = STR("resident-report"), .state = STR("filed"), .title = STR("找 13800005678"),
				 .category = STR(""), .channel = STR("web"), .created = 1, .judge_solved = -1};
	struct db_conn *c;

	begin(u);
	assert_int_equal(db_write(u->db, make_places, &w), OK);
	row.place = w.grid;
	c = db_read_begin(u->db);
	export_cells(c, u->a, &row, cells);
	db_read_end(c);
	assert_true(str_eqz(cells[0].text, "7"));
	assert_true(str_eqz(cells[2].text, "找 138****5678"));
	assert_true(str_eqz(cells[3].text, "待受理"));
	assert_true(str_eqz(cells[7].text, "500105004001"));
	assert_true(str_eqz(cells[14].text, "否"));
	assert_true(str_eqz(cells[15].text, "否"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_a_workbook_is_read_back),
		UNIT_BOTH(test_cells_hide_numbers_and_know_the_place),
	};

	atexit(forget);
	return UNIT_MAIN(tests);
}
