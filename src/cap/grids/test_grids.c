#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cap/grids/grids.h"
#include "core/journal/testing.h"
#include "core/matter/list.h"
#include "core/place/testing.h"
#include "core/rule/rule.h"
#include "crypto/crypto.h"
#include "geo/shape_testing.h"
#include "geo/shape_ops.h"

static void forget(void)
{
	scenario_forget();
}

/* A village of 0.02 by 0.01 degrees with two grids, west and east; `third` has no area and no point. */
struct town {
	struct arena *a;
	struct str town, village, west, east;
};

static struct str add(struct town *t, struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level, double lon)
{
	return place_made(tx, t->a, parent, code, name, level, lon, 29.505);
}

static void area(struct tx *tx, struct str key, double w, double s, double e, double n)
{
	struct place_area x = {.place = key, .shape = shape_box_made(tx->arena, w, s, e, n), .source = STR("测试")};

	assert_int_equal(OK, place_area_set(tx, &x, NULL));
}

static enum err make(struct tx *tx, void *arg)
{
	struct town *t = arg;
	struct str p = add(t, tx, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN), c = add(t, tx, p, "5001", "市辖区", PLACE_CITY, NAN);
	struct str d = add(t, tx, c, "500105", "江北区", PLACE_DISTRICT, NAN);

	t->town = add(t, tx, d, "500105004", "大石坝街道", PLACE_TOWN, NAN);
	t->village = add(t, tx, t->town, "500105004001", "石门社区", PLACE_COMMUNITY, NAN);
	t->west = add(t, tx, t->village, "500105004001001", "第一网格", PLACE_GRID, 106.505);
	t->east = add(t, tx, t->village, "500105004001002", "第二网格", PLACE_GRID, 106.515);
	area(tx, t->village, 106.50, 29.50, 106.52, 29.51);
	return OK;
}

static struct town prepare(struct unit *u)
{
	struct town t = {.a = u->a};
	struct str why = STR_NULL;

	testing_journal(u);
	rule_register_all();
	matter_init();
	place_where_forget();
	if (scenario_load_dir(u->db, "scenarios", u->a, &why) != OK)
		fail_msg("scenarios: %.*s", STR_ARG(why));
	assert_int_equal(OK, db_write(u->db, make, &t));
	return t;
}

static int64_t file(struct unit *u, struct str place, double lon, double lat)
{
	struct matter_value what = {STR("what"), STR("路灯不亮，请来修")};
	struct matter_new *m = arena_new(u->a, struct matter_new);

	*m = (struct matter_new){.scenario = scenario_current(STR("resident-report")), .values = &what, .nvalues = 1, .place = place, .lon = lon,
				 .lat = lat, .channel = STR("portal"), .is_public = true};
	assert_int_equal(OK, matter_prepare(u->a, m, clock_now()));
	assert_int_equal(OK, db_write(u->db, matter_file, m));
	return m->id;
}

static struct grids_plan load(struct unit *u, struct str key)
{
	struct db_conn *c = db_read_begin(u->db);
	struct grids_plan p;

	assert_int_equal(OK, grids_load(c, u->a, key, &p));
	db_read_end(c);
	return p;
}

static void start(struct unit *u, struct town *t)
{
	struct grids_plan p = load(u, t->village);
	struct db_conn *c = db_read_begin(u->db);

	assert_int_equal(OK, grids_start(c, u->a, &p, true, 0));
	db_read_end(c);
	assert_true(p.uncovered < 1);
	assert_int_equal(OK, db_write(u->db, grids_save, &p));
}

static struct str place_of(struct unit *u, int64_t id)
{
	struct db_conn *c = db_read_begin(u->db);
	struct matter m;

	assert_int_equal(OK, matter_get(c, u->a, id, &m));
	db_read_end(c);
	return m.place;
}

/* Two areas of the village never overlap, and none leaves it. */
static void check_fit(const struct grids_plan *p, struct arena *a)
{
	for (size_t i = 0; i < p->n; i++) {
		struct shape out;

		if (!p->v[i].before.nrings)
			continue;
		assert_int_equal(OK, shape_op(a, SHAPE_SUBTRACT, &p->v[i].before, &p->outline, &out));
		assert_true(!out.nrings || shape_area(&out) < 1);
		for (size_t k = i + 1; k < p->n; k++) {
			if (!p->v[k].before.nrings)
				continue;
			assert_int_equal(OK, shape_op(a, SHAPE_COMMON, &p->v[i].before, &p->v[k].before, &out));
			assert_true(!out.nrings || shape_area(&out) < 1);
		}
	}
}

static void same_totals(struct unit *u, struct str place)
{
	struct db_conn *c = db_read_begin(u->db);
	int64_t day = clock_now() / 86400000;
	struct matter_totals x, y;

	assert_int_equal(OK, matter_totals_get(c, u->a, place, day - 5, day + 5, &x));
	assert_int_equal(OK, matter_totals_recount(c, u->a, place, day - 5, day + 5, &y));
	assert_memory_equal(&x, &y, sizeof(x));
	db_read_end(c);
}

static void split_moves_matters(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	const struct shape_point line[2] = {{1065000000 - 5000, 295050000}, {1065110000, 295050000}};
	struct journal_tailer *tailers[2];
	struct grids_plan p, stale;
	struct db_conn *c;
	int64_t north, south, elsewhere, nowhere;
	struct place new;

	assert_int_equal(OK, matter_tailers(u->db, tailers));
	start(u, &t);
	north = file(u, t.west, 106.505, 29.508);
	south = file(u, t.west, 106.505, 29.502);
	elsewhere = file(u, t.west, 106.515, 29.508); /* somebody put it there though it lies in the east */
	nowhere = file(u, t.west, NAN, NAN);
	p = stale = load(u, t.village);
	check_fit(&p, u->a);
	assert_int_equal(OK, grids_split(u->a, &p, 0, line, 2, STR("第三网格")));
	c = db_read_begin(u->db);
	assert_int_equal(OK, grids_effect(c, u->a, &p));
	db_read_end(c);
	assert_true(p.n == 3 && p.nmoves == 1 && p.open_unlocated == 1);
	assert_true(p.v[0].open == 4 && p.v[0].leaves == 1 && p.v[2].comes == 1);
	p.reason = STR("人多");
	assert_int_equal(OK, db_write(u->db, grids_save, &p));
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_by_code(c, u->a, STR("500105004001003"), 0, &new));
	assert_true(str_eqz(new.name, "第三网格") && coord_valid(new.lon, new.lat));
	db_read_end(c);
	/* of two pieces the smaller is the new one; one of the two matters in it moved, the others stayed */
	assert_true(str_eq(place_of(u, north), new.key) != str_eq(place_of(u, south), new.key));
	assert_true(str_eq(place_of(u, elsewhere), t.west) && str_eq(place_of(u, nowhere), t.west));
	p = load(u, t.village);
	assert_true(p.n == 3 && p.v[2].before.nrings);
	check_fit(&p, u->a);
	journal_tail_drain(tailers[0]);
	journal_tail_drain(tailers[1]);
	same_totals(u, t.west);
	same_totals(u, new.key);
	same_totals(u, t.village);
	/* a plan made before that cannot be saved any more */
	assert_int_equal(OK, grids_split(u->a, &stale, 0, line, 2, STR("第四网格")));
	assert_int_equal(ERR_CONFLICT, db_write(u->db, grids_save, &stale));
	journal_tail_stop(tailers[0]);
	journal_tail_stop(tailers[1]);
}

static void border_and_merge(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	const struct shape_point line[2] = {{1065150000, 294990000}, {1065150000, 295110000}};
	struct grids_plan p;
	struct db_conn *c;
	int64_t id, west;

	start(u, &t);
	id = file(u, t.east, 106.513, 29.505);
	west = file(u, t.west, 106.503, 29.505);
	p = load(u, t.village);
	assert_int_equal(OK, grids_border(u->a, &p, 0, 1, line, 2));
	c = db_read_begin(u->db);
	assert_int_equal(OK, grids_effect(c, u->a, &p));
	db_read_end(c);
	assert_true(p.nmoves == 1 && p.v[0].comes == 1 && p.v[1].leaves == 1);
	assert_int_equal(OK, db_write(u->db, grids_save, &p));
	assert_true(str_eq(place_of(u, id), t.west) && str_eq(place_of(u, west), t.west));
	p = load(u, t.village);
	check_fit(&p, u->a);
	assert_true(fabs(shape_area(&p.v[0].before) / shape_area(&p.v[1].before) - 3) < 0.01);
	assert_int_equal(OK, grids_merge(u->a, &p, 0, 1));
	c = db_read_begin(u->db);
	assert_int_equal(OK, grids_effect(c, u->a, &p));
	db_read_end(c);
	assert_true(p.nmoves == 2 && p.v[1].comes == 2);
	assert_int_equal(OK, db_write(u->db, grids_save, &p));
	assert_true(str_eq(place_of(u, id), t.east) && str_eq(place_of(u, west), t.east));
	p = load(u, t.village);
	assert_true(p.n == 1 && fabs(shape_area(&p.v[0].before) / shape_area(&p.outline) - 1) < 1e-6);
}

#define FEATURE(name, w, e, n) \
	"{\"type\":\"Feature\",\"properties\":{\"name\":\"" name "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" \
	w ",29.50],[" e ",29.50],[" e "," n "],[" w "," n "],[" w ",29.50]]]}}"
#define COLLECTION(f) "{\"type\":\"FeatureCollection\",\"features\":[" f "]}"

static const char *refused(struct unit *u, struct town *t, const char *text)
{
	struct grids_plan p = load(u, t->village);

	assert_int_equal(ERR_RULE, grids_file(u->a, &p, str_from(text), COORD_CGCS2000));
	return p.why;
}

static void files(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	struct grids_plan p = load(u, t.village);

	assert_string_equal("“%s”超出村社区边界 %s 平方米", refused(u, &t, COLLECTION(FEATURE("第一网格", "106.50", "106.53", "29.51"))));
	assert_string_equal("和“%s”重叠 %s 平方米",
			    refused(u, &t, COLLECTION(FEATURE("第一网格", "106.50", "106.512", "29.51") "," FEATURE("第二网格", "106.51", "106.52", "29.51"))));
	assert_string_equal("文件里“%s”出现了两次",
			    refused(u, &t, COLLECTION(FEATURE("第一网格", "106.50", "106.51", "29.51") "," FEATURE("第一网格", "106.51", "106.52", "29.51"))));
	assert_string_equal("文件读不懂：%s", refused(u, &t, "{\"type\":\"Featu"));
	assert_string_equal("文件有误：%s", refused(u, &t, COLLECTION(FEATURE("第一网格", "106.50", "306.51", "29.51"))));
	assert_non_null(refused(u, &t, COLLECTION("{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]}}")));
	/* a hand's breadth over the border is cut away; a new name is a new grid; what is left is told */
	assert_int_equal(OK, grids_file(u->a, &p, STR(COLLECTION(FEATURE("第一网格", "106.50", "106.51", "29.510001") ","
								   FEATURE("新格", "106.51", "106.52", "29.505"))), COORD_CGCS2000));
	assert_true(p.n == 3 && p.uncovered > 500000 && p.uncovered < 560000);
	assert_int_equal(OK, db_write(u->db, grids_save, &p));
	p = load(u, t.village);
	assert_true(p.n == 3 && p.v[0].before.nrings && !p.v[1].before.nrings && p.v[2].before.nrings);
	check_fit(&p, u->a);
}

static void what_is_refused(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	const struct shape_point beside[2] = {{10650000, 29500000}, {10660000, 29500000}};
	struct shape_point *v;
	struct grids_plan p = load(u, t.village);
	struct db_conn *c;
	size_t n;

	assert_int_equal(ERR_RULE, grids_split(u->a, &p, 0, beside, 2, STR("x"))); /* no border yet */
	start(u, &t);
	p = load(u, t.village);
	assert_int_equal(ERR_RULE, grids_split(u->a, &p, 0, beside, 2, STR("新")));
	assert_string_equal("这条线没有把它分开；请让线的两端都伸到边界外面", p.why);
	assert_int_equal(ERR_RULE, grids_split(u->a, &p, 0, beside, 2, STR("第二网格"))); /* the name is taken */
	assert_int_equal(ERR_RULE, grids_split(u->a, &p, 9, beside, 2, STR("新")));
	assert_int_equal(ERR_RULE, grids_merge(u->a, &p, 0, 0));
	assert_int_equal(ERR_RULE, grids_border(u->a, &p, 0, 0, beside, 2));
	c = db_read_begin(u->db);
	assert_int_equal(ERR_RULE, grids_start(c, u->a, &p, true, 0));
	assert_int_equal(ERR_NOT_FOUND, grids_load(c, u->a, t.town, &p));
	assert_int_equal(ERR_NOT_FOUND, grids_load(c, u->a, STR("none"), &p));
	db_read_end(c);
	assert_true(grids_read_line(u->a, STR(" 106.5,29.5\r\n106.6,29.6 ;106.7,29.7"), &v, &n) && n == 3 && v[1].x == 1066000000);
	assert_false(grids_read_line(u->a, STR("106.5"), &v, &n) || grids_read_line(u->a, STR("106.5,x"), &v, &n) ||
		     grids_read_line(u->a, STR("206.5,1"), &v, &n));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(split_moves_matters),
		UNIT_BOTH(border_and_merge),
		UNIT_BOTH(files),
		UNIT_BOTH(what_is_refused),
	};

	atexit(forget);
	return UNIT_MAIN(tests);
}
