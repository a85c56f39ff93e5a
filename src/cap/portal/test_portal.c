#include "tests/unit.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jpeglib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "cap/portal/portal.h"
#include "core/journal/testing.h"
#include "core/place/find.h"
#include "core/place/testing.h"
#include "core/rule/rule.h"
#include "crypto/crypto.h"
#include "docgen/image.h"

static void forget(void)
{
	scenario_forget();
	category_forget();
}

/* ---- a town ---- */

struct town {
	struct str town, community, grid, elsewhere;
	struct arena *keep; /* what a job allocates dies with its batch */
};

static struct str add(struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level, double lon, double lat)
{
	return place_made(tx, tx->arena, parent, code, name, level, lon, lat);
}

static enum err make_places(struct tx *tx, void *arg)
{
	struct town *t = arg;
	struct str p = add(tx, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN, NAN);
	struct str c = add(tx, p, "5001", "市辖区", PLACE_CITY, NAN, NAN);
	struct str d = add(tx, c, "500105", "江北区", PLACE_DISTRICT, NAN, NAN);

	t->town = add(tx, d, "500105004", "大石坝街道", PLACE_TOWN, 106.48, 29.57);
	t->community = add(tx, t->town, "500105004001", "石门社区", PLACE_COMMUNITY, 106.48, 29.57);
	t->grid = add(tx, t->community, "500105004001003", "第三网格", PLACE_GRID, 106.4801, 29.5701);
	t->elsewhere = add(tx, d, "500105006", "观音桥街道", PLACE_TOWN, 106.53, 29.58);
	for (struct str *key[] = {&t->town, &t->community, &t->grid, &t->elsewhere}, **k = key; k < key + 4; k++)
		**k = arena_str(t->keep, **k);
	return OK;
}

static struct town prepare(struct unit *u)
{
	struct town t = {.keep = u->a};
	struct str why = STR_NULL;

	testing_journal(u);
	rule_register_all();
	if (scenario_load_dir(u->db, "scenarios", u->a, &why) != OK)
		fail_msg("scenarios: %.*s", STR_ARG(why));
	assert_int_equal(OK, db_write(u->db, make_places, &t));
	portal_limit_reset();
	return t;
}

static struct portal_town town_of(struct unit *u, const char *code)
{
	struct db_conn *c = db_read_begin(u->db);
	struct portal_town t;

	assert_int_equal(OK, portal_town_load(c, u->a, str_from(code), &t));
	db_read_end(c);
	return t;
}

static void test_town(void **state)
{
	struct unit *u = *state;
	struct town keys_of = prepare(u);
	struct portal_town t = town_of(u, "500105004001003"), none;
	struct db_conn *c;

	assert_true(str_eqz(t.place.name, "大石坝街道"));
	assert_true(str_eqz(t.asked.name, "第三网格"));
	assert_true(str_starts(t.above, "重庆市"));
	assert_true(str_ends(t.above, "江北区"));
	c = db_read_begin(u->db);
	assert_int_equal(ERR_NOT_FOUND, portal_town_load(c, u->a, STR("500105"), &none)); /* a district is no town */
	assert_int_equal(ERR_NOT_FOUND, portal_town_load(c, u->a, STR("999999999"), &none));
	assert_int_equal(ERR_NOT_FOUND, portal_town_load(c, u->a, STR("5' OR 1=1"), &none));
	db_read_end(c);
	assert_true(str_eq(t.place.key, keys_of.town));
}

static enum err add_org(struct tx *tx, void *arg)
{
	struct town *t = arg;
	struct actor_org o = {.name = STR("民生服务板块"), .kind = STR("board"), .place = t->community};
	int64_t id;

	return actor_org_add(tx, &o, &id);
}

static void test_towns_that_have_begun(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	static int64_t now = 1; /* each look is later than the kept answer is good for */
	struct db_conn *c = db_read_begin(u->db);
	struct place *v;
	size_t n;

	assert_int_equal(OK, portal_towns_open(c, u->a, now += MS_DAY, &v, &n));
	assert_int_equal(0, n);
	db_read_end(c);
	assert_int_equal(OK, db_write(u->db, add_org, &k));
	c = db_read_begin(u->db);
	assert_int_equal(OK, portal_towns_open(c, u->a, now, &v, &n));
	assert_int_equal(0, n); /* kept */
	assert_int_equal(OK, portal_towns_open(c, u->a, now += MS_DAY, &v, &n));
	assert_int_equal(1, n);
	assert_true(str_eqz(v[0].name, "大石坝街道"));
	db_read_end(c);
}

static void test_choices_of_place(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_town t = town_of(u, "500105004");
	struct db_conn *c = db_read_begin(u->db);
	struct portal_community *v;
	size_t n;

	assert_int_equal(OK, portal_communities(c, u->a, &t, k.grid, &v, &n));
	db_read_end(c);
	assert_int_equal(1, n);
	assert_false(v[0].self.chosen);
	assert_int_equal(1, v[0].ngrids);
	assert_true(v[0].grids[0].chosen);
}

/* ---- the form ---- */

static enum err check(struct unit *u, const struct portal_form *f, struct portal_filing *out, struct portal_errors *errors)
{
	struct portal_town t = town_of(u, "500105004");
	struct portal_town *kept = arena_new(u->a, struct portal_town);
	struct db_conn *c = db_read_begin(u->db);
	enum err e;

	*kept = t;
	*errors = (struct portal_errors){0};
	e = portal_prepare(c, u->a, scenario_current(STR(PORTAL_REPORT)), kept, f, clock_now(), out, errors);
	db_read_end(c);
	return e;
}

static void test_faults_are_named(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_form f = {.phone = STR("not a number"), .place = k.elsewhere};
	struct portal_filing p;
	struct portal_errors errors;
	char *long_text = arena_alloc(u->a, 9001);

	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors));
	assert_non_null(portal_error_of(&errors, "what"));
	assert_non_null(portal_error_of(&errors, "phone"));
	assert_non_null(portal_error_of(&errors, "place")); /* another town's */
	assert_null(portal_error_of(&errors, "name"));

	f = (struct portal_form){.what = STR("路灯\x1b[31m不亮")};
	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors));
	assert_non_null(portal_error_of(&errors, "what"));

	memset(long_text, 'x', 9000);
	f = (struct portal_form){.what = {long_text, 9000}};
	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors));
	assert_non_null(portal_error_of(&errors, "what"));

	f = (struct portal_form){.what = STR("路灯不亮"), .lon = STR("106.48"), .lat = STR("north")};
	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors));
	assert_non_null(portal_error_of(&errors, "place"));
}

/* Two things of one name: asked, unless place or pin have been chosen; the answer is a place, or for a thing its point. Others are never told. */
static enum err two_shops(struct db_conn *c, struct gazetteer *g)
{
	struct place p;
	struct arena a;
	enum err e;

	arena_init(&a, 0);
	e = place_by_code(c, &a, STR("500105004001"), 0, &p);
	for (int i = 0; e == OK && i < 3; i++)
		gazetteer_add(g, &(struct gazetteer_entry){.place = p.key, .name = STR("李家豆花"), .kind = GAZETTEER_POINT, .lon = 106.4802 + i * 0.0001,
							   .lat = 29.5702, .id = i + 1, .needs = i == 2 ? STR("risk.read") : STR_NULL});
	arena_release(&a);
	return e == ERR_NOT_FOUND ? OK : e;
}

static void ask_where(struct unit *u, const struct town *k)
{
	struct portal_form f = {.what = STR("路灯不亮"), .address = STR("李家豆花门口")};
	struct portal_where v[PORTAL_WHICH];
	struct portal_errors errors;
	struct portal_filing p;
	struct portal_town t;
	struct db_conn *c;
	size_t n;

	place_find_source(two_shops);
	place_find_forget();
	assert_int_equal(OK, check(u, &f, &p, &errors));
	c = db_read_begin(u->db);
	assert_int_equal(OK, portal_town_of(c, u->a, k->town, &t));
	assert_int_equal(OK, portal_where_which(c, u->a, &t, &f, &p, v, PORTAL_WHICH, &n));
	assert_true(n == 2 && v[0].point && v[1].point && str_eqz(v[0].name, "李家豆花"));
	assert_int_equal(OK, portal_where_suggest(c, u->a, &t, STR("lijia"), v, PORTAL_WHICH, &n));
	assert_true(n == 2 && !v[0].in_words);
	db_read_end(c);
	f.where = STR("-");
	portal_where_take(u->a, &f);
	assert_true(str_empty(f.place) && str_empty(f.lon)); /* the words stay */
	f.where = v[0].where;
	portal_where_take(u->a, &f);
	assert_true(str_empty(f.place) && str_starts(f.lon, "106.480"));
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eq(p.m.place, k->grid));
	c = db_read_begin(u->db);
	assert_int_equal(OK, portal_where_which(c, u->a, &t, &f, &p, v, PORTAL_WHICH, &n));
	assert_int_equal(0, n);
	db_read_end(c);
	f = (struct portal_form){.what = STR("路灯不亮"), .where = k->community};
	portal_where_take(u->a, &f);
	assert_true(str_eq(f.place, k->community));
	f = (struct portal_form){.what = STR("路灯不亮"), .where = STR("zzzz 1e9 <b>")}; /* whatever somebody sends: an error of the form */
	portal_where_take(u->a, &f);
	assert_int_not_equal(OK, check(u, &f, &p, &errors));
	assert_true(errors.n == 1);
	place_find_forget();
}

static void test_grid_from_position(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_form f = {.what = STR("路灯不亮"), .lon = STR("106.4802"), .lat = STR("29.5702")};
	struct portal_filing p;
	struct portal_errors errors;

	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eq(p.m.place, k.grid));
	assert_true(fabs(p.m.lon - 106.4802) < 1e-9);

	f.lon = STR("121.47"), f.lat = STR("31.23"); /* far away: it stays with the town that was chosen */
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eq(p.m.place, k.town));
	/* nothing chosen and no pin: the address names a community of the town, also by its sound */
	f = (struct portal_form){.what = STR("路灯不亮"), .address = STR("实门社区3栋楼下")};
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eq(p.m.place, k.community));
	f.address = STR("7号楼下");
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eq(p.m.place, k.town));

	ask_where(u, &k);

	f = (struct portal_form){.what = STR("路灯不亮"), .nphotos = 1};
	f.photos[0] = (struct photo){.has_point = true, .lon = 106.4802, .lat = 29.5702};
	assert_int_equal(OK, check(u, &f, &p, &errors)); /* a photograph's place is not used unasked */
	assert_true(isnan(p.m.lon));
	f.photo_point = true;
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eq(p.m.place, k.grid));
}

static void test_emergency(void **state)
{
	struct unit *u = *state;

	prepare(u);
	assert_non_null(portal_emergency(u->a, STR("楼下厨房着火了快来人")));
	assert_null(portal_emergency(u->a, STR("小区门口的路灯不亮")));
}

/* ---- from filing to the judgement, by the code alone ---- */

static struct matter file_one(struct unit *u, const char *what, bool is_public)
{
	struct portal_form f = {.what = str_from(what), .phone = STR("１３８ 1234 5678"), .name = STR("王"), .is_public = is_public};
	struct portal_filing p;
	struct portal_errors errors;
	struct db_conn *c;
	struct matter m;

	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_int_equal(OK, db_write(u->db, portal_file, &p));
	c = db_read_begin(u->db);
	assert_int_equal(OK, portal_find(c, u->a, p.m.code, STR("10.0.0.1"), clock_now(), &m));
	db_read_end(c);
	return m;
}

static void test_report_by_code(void **state)
{
	struct unit *u = *state;
	struct matter_actor reporter = {.reporter = true};
	struct matter m, again;
	struct db_conn *c;
	char small[32];
	int *which;
	size_t n;

	prepare(u);
	m = file_one(u, "请问居家养老助餐怎么申请", false);
	assert_true(str_eqz(m.channel, "portal"));
	assert_false(m.is_public);
	assert_non_null(strstr(m.fields.p, "enquiry")); /* the kind was taken from 请问 */
	assert_null(strstr(m.fields.p, "1381234"));     /* the number is no plain field */

	c = db_read_begin(u->db);
	snprintf(small, sizeof(small), " %.*s ", STR_ARG(m.code));
	for (char *p = small; *p; p++)
		*p = *p == '-' ? ' ' : *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	assert_int_equal(OK, portal_find(c, u->a, str_from(small), STR("10.0.0.1"), clock_now(), &again));
	assert_int_equal(m.id, again.id);
	assert_int_equal(OK, matter_actions(&m, &reporter, clock_now(), u->a, &which, &n));
	db_read_end(c);
	assert_true(n > 0); /* withdraw, urge ... whatever the scenario allows */
}

static void test_wrong_codes(void **state)
{
	struct unit *u = *state;
	struct str peer = STR("192.0.2.7");
	int64_t now = clock_now();
	struct db_conn *c;
	struct matter m, out;

	prepare(u);
	m = file_one(u, "路灯不亮", true);
	c = db_read_begin(u->db);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ERR_NOT_FOUND, portal_find(c, u->a, i & 1 ? STR("7QK2-M9XD-4T8P") : STR("' OR 1=1"), peer, now, &out));
	assert_int_equal(ERR_RATE, portal_find(c, u->a, STR("7QK2-M9XD-4T8P"), peer, now, &out));
	assert_int_equal(ERR_RATE, portal_find(c, u->a, m.code, peer, now, &out)); /* a guesser learns nothing from a hit either */
	assert_int_equal(OK, portal_find(c, u->a, m.code, STR("192.0.2.8"), now, &out));
	assert_int_equal(OK, portal_find(c, u->a, m.code, peer, now + 11 * MS_MINUTE, &out));
	assert_int_equal(OK, portal_find(c, u->a, m.code, peer, now - MS_DAY, &out)); /* a clock that jumped back locks nobody out */
	db_read_end(c);
}

static const char *form_text[8];
static struct str form_get(void *ctx, const char *name)
{
	(void)ctx;
	for (size_t i = 0; form_text[i]; i += 2)
		if (strcmp(form_text[i], name) == 0)
			return str_from(form_text[i + 1]);
	return STR("");
}

static void test_answers(void **state)
{
	struct unit *u = *state;
	const struct scenario *s;
	struct portal_errors errors = {0};
	struct matter_value *v;
	size_t n;
	int act;

	prepare(u);
	s = scenario_current(STR(PORTAL_FEEDBACK));
	assert_non_null(s);
	act = scenario_action(s, STR("judge"));
	assert_true(act >= 0);
	form_text[0] = NULL;
	assert_int_equal(ERR_INPUT, portal_answers(u->a, s, &s->actions[act], form_get, NULL, &v, &n, &errors));
	assert_int_equal(2, errors.n); /* score and solved; the note is optional */
	errors.n = 0;
	form_text[0] = "score", form_text[1] = "5", form_text[2] = "solved", form_text[3] = "perhaps", form_text[4] = NULL;
	assert_int_equal(ERR_INPUT, portal_answers(u->a, s, &s->actions[act], form_get, NULL, &v, &n, &errors));
	assert_non_null(portal_error_of(&errors, "solved"));
	errors.n = 0;
	form_text[3] = "no";
	assert_int_equal(OK, portal_answers(u->a, s, &s->actions[act], form_get, NULL, &v, &n, &errors));
	assert_int_equal(2, n);
}

static void test_plain(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_true(str_eqz(portal_plain(&a, STR("已经交给{holder}，{holder}正在办"), STR("民政办")), "已经交给民政办，民政办正在办"));
	assert_true(str_eqz(portal_plain(&a, STR("已经收到"), STR("x")), "已经收到"));
	assert_true(str_eqz(portal_plain(&a, STR("{holder}"), STR("{holder}")), "{holder}"));
	arena_release(&a);
}

/* ---- counters and telephones ---- */

static void test_channels(void **state)
{
	struct unit *u = *state;
	struct portal_town t;
	struct portal_channel *v;
	struct str why = STR_NULL;
	struct db_conn *c;
	size_t n, rows;

	prepare(u);
	assert_int_equal(OK, portal_channels_import(u->db, u->a,
		STR("town,kind,name,name_en,phone,address,hours\n500105004,counter,便民服务中心,Service centre,023-67001234,石门路 1 号,9:00-17:00\n"
		    "500105004,phone,值班电话,Duty phone,023-67005678,,\n"), &rows, &why));
	assert_int_equal(OK, portal_channels_import(u->db, u->a, STR("town,name,phone\n500105004,便民服务中心,023-1\n"), &rows, &why));
	t = town_of(u, "500105004");
	c = db_read_begin(u->db);
	assert_int_equal(OK, portal_channels(c, u->a, &t, &v, &n));
	db_read_end(c);
	assert_int_equal(1, n); /* the second file took the place of the first */
	assert_true(str_eqz(v[0].phone, "023-1"));
	assert_int_equal(ERR_INPUT, portal_channels_import(u->db, u->a, STR("town,name\n500105004,好\n123456789,没有\n"), &rows, &why));
	assert_true(str_find(why, STR("3")) >= 0); /* names the line */
	assert_int_equal(ERR_INPUT, portal_channels_import(u->db, u->a, STR("town,name,phone\n500105004,x,javascript:1\n"), &rows, &why));
}

/* ---- the open page ---- */

static void count(struct unit *u)
{
	struct journal_tailer *tails[2];

	assert_int_equal(OK, matter_tailers(u->db, tails));
	for (int i = 0; i < 2; i++) {
		journal_tail_drain(tails[i]);
		journal_tail_stop(tails[i]);
	}
}

static struct portal_open open_page(struct unit *u, struct portal_open_ask ask)
{
	struct portal_town t = town_of(u, "500105004");
	struct db_conn *c = db_read_begin(u->db);
	struct portal_open o;

	assert_int_equal(OK, portal_open_load(c, u->a, &t, &ask, clock_now(), &o));
	db_read_end(c);
	return o;
}

static void test_open_page(void **state)
{
	struct unit *u = *state;
	struct portal_open o;
	const char *text = "三号楼王建国电话13812345678家漏水";

	prepare(u);
	file_one(u, text, true);
	file_one(u, "不想公开的事", false);
	count(u);
	o = open_page(u, (struct portal_open_ask){.days = 30});
	assert_int_equal(1, o.nrows);
	assert_int_equal(1, o.totals.filed);
	assert_true(str_find(o.rows[0].title, STR("13812345678")) < 0);
	assert_true(str_eqz(o.rows[0].place, "大石坝街道"));
	assert_true(str_eqz(o.place_name, "大石坝街道"));
	assert_false(o.more);
	assert_int_equal(4, o.nbars); /* empty ones before the first are left out */
	assert_int_equal(0, o.tallest);     /* one matter in a week: not told by the week */
	assert_true(o.bars[3].few);
	assert_int_equal(0, o.nparts);      /* nor by category */
	assert_true(o.few_judged);
}

static void file_many(struct unit *u, struct str place, const char *what, int n)
{
	for (int i = 0; i < n; i++) {
		struct portal_form f = {.what = str_from(what), .place = place, .is_public = true};
		struct portal_filing p;
		struct portal_errors errors;

		assert_int_equal(OK, check(u, &f, &p, &errors));
		assert_int_equal(OK, db_write(u->db, portal_file, &p));
	}
}

static void file_finding(struct unit *u, struct str place, const char *what, bool is_public)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}};
	struct matter_new m = {.scenario = scenario_current(STR("patrol-finding")), .values = v, .nvalues = 1, .place = place, .channel = STR("grid"),
			       .lon = NAN, .lat = NAN, .is_public = is_public};

	assert_int_equal(OK, matter_prepare(u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(u->db, matter_file, &m));
}

/* The totals, a full recount and the pages of the list tell of the same matters, whatever their scenario. */
static void test_list_and_totals_agree(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_open_ask ask = {.days = 30};
	struct matter_totals anew;
	int64_t today, listed = 0, findings = 0;
	struct portal_open o;
	struct db_conn *c;

	file_many(u, k.grid, "路灯不亮", 37);
	for (int i = 0; i < 9; i++)
		file_finding(u, k.grid, "井盖松动", i % 3 != 0);
	file_one(u, "不想公开的事", false);
	count(u);
	do {
		o = open_page(u, ask);
		listed += (int64_t)o.nrows;
		for (size_t i = 0; i < o.nrows; i++)
			findings += str_eqz(o.rows[i].scenario.zh, "网格发现");
		ask.before_key = o.next_key;
		ask.before_id = o.next_id;
	} while (o.more);
	today = time_day_of(clock_now(), TIME_CHINA) + 1;
	c = db_read_begin(u->db);
	assert_int_equal(OK, matter_totals_recount(c, u->a, k.town, today - 30, today, &anew));
	db_read_end(c);
	assert_int_equal(43, anew.filed);
	assert_int_equal(43, o.totals.filed);
	assert_int_equal(43, listed);
	assert_int_equal(6, findings);
}

/* What is told of the whole and of its parts must not tell the part that is kept back. */
static void test_small_numbers(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_open o;
	int64_t told = 0;

	file_many(u, k.grid, "路灯不亮", 7);
	file_many(u, k.town, "乱停乱放占道停车", 6);
	file_many(u, k.town, "垃圾没人清运", 2);
	count(u);
	o = open_page(u, (struct portal_open_ask){.days = 30});
	assert_int_equal(15, o.totals.filed);
	for (size_t i = 0; i < o.nparts; i++) {
		assert_true(o.parts[i].filed >= PORTAL_FEW);
		told += o.parts[i].filed;
	}
	assert_int_equal(15, told);
	assert_int_equal(2, o.nparts); /* the two took the six in: nobody can subtract them */
	assert_true(o.parts[1].rest);
	assert_int_equal(8, o.parts[1].filed);
	assert_int_equal(15, o.tallest);
	assert_int_equal(15, o.bars[o.nbars - 1].filed);

	o = open_page(u, (struct portal_open_ask){.days = 365, .place = k.community});
	assert_false(o.few);
	assert_int_equal(7, o.totals.filed);
	assert_int_equal(7, o.nrows);
	assert_true(str_eqz(o.rows[0].place, "石门社区")); /* not the grid */
	assert_int_equal(30, o.span);
}

static void test_community_with_few(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_open o;

	file_many(u, k.community, "路灯不亮", 4);
	count(u);
	o = open_page(u, (struct portal_open_ask){.days = 90, .place = k.community});
	assert_true(o.few);
	assert_int_equal(0, o.totals.filed);
	assert_int_equal(0, o.nparts);
}

/* ---- photographs ---- */

static void write_jpeg(const char *path)
{
	struct jpeg_compress_struct j;
	struct jpeg_error_mgr errors;
	unsigned char row[64 * 3] = {0};
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	j.err = jpeg_std_error(&errors);
	jpeg_create_compress(&j);
	jpeg_stdio_dest(&j, f);
	j.image_width = j.image_height = 64;
	j.input_components = 3;
	j.in_color_space = JCS_RGB;
	jpeg_set_defaults(&j);
	jpeg_start_compress(&j, TRUE);
	for (int y = 0; y < 64; y++) {
		JSAMPROW rows[1] = {row};

		memset(row, y * 4, sizeof(row));
		jpeg_write_scanlines(&j, rows, 1);
	}
	jpeg_finish_compress(&j);
	jpeg_destroy_compress(&j);
	fclose(f);
}

static void test_photographs(void **state)
{
	struct arena a;
	struct app app = {.var = unit_tmp()};
	struct photo p, found;
	struct portal_filing filing = {.nfiles = 1};
	const char *why = NULL;
	struct str path, note = STR("just text"), trouble;

	(void)state;
	arena_init(&a, 0);
	path = arena_printf(&a, "%s/upload.jpg", app.var);
	write_jpeg(path.p);
	assert_int_equal(OK, photo_keep(&app, &a, path, STR("C:\\photos\\灯.jpg"), &p, &why));
	assert_true(str_eqz(p.name, "灯.jpg"));
	assert_int_equal(64, p.width);
	assert_int_equal(OK, photo_find(&app, &a, p.token, &found));
	assert_int_equal(64, found.height);
	assert_int_equal(ERR_NOT_FOUND, photo_find(&app, &a, STR("../keys/x"), &found));
	assert_int_equal(ERR_NOT_FOUND, photo_find(&app, &a, token_new(&a), &found));

	assert_int_equal(OK, photo_take(&app, &a, &p, &filing.files[0]));
	assert_int_equal(ERR_NOT_FOUND, photo_find(&app, &a, p.token, &found));
	assert_int_equal(0, access(photo_stored(&app, &a, filing.files[0].path).p, R_OK));
	photos_undo(&app, filing.files, 1);
	assert_int_equal(-1, access(photo_stored(&app, &a, filing.files[0].thumb).p, R_OK));

	assert_int_equal(OK, photo_keep(&app, &a, path, STR("x.jpg"), &p, &why));
	assert_int_equal(OK, photo_sweep(&app, clock_now()));
	assert_int_equal(OK, photo_find(&app, &a, p.token, &found));
	assert_int_equal(OK, photo_sweep(&app, clock_now() + 2 * MS_DAY));
	assert_int_equal(ERR_NOT_FOUND, photo_find(&app, &a, p.token, &found));

	assert_int_equal(OK, file_write(&a, path.p, note, 0600, &trouble));
	assert_int_equal(ERR_INPUT, photo_keep(&app, &a, path, STR("x.jpg"), &p, &why));
	assert_non_null(why);
	arena_release(&a);
}

/* ---- category, contact ---- */

static void test_category_and_contact(void **state)
{
	struct unit *u = *state;
	struct portal_form f = {.what = STR("老板拖欠工资三个月")};
	struct portal_filing p;
	struct portal_errors errors;

	prepare(u);
	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors)); /* such a thing needs a telephone */
	assert_non_null(portal_error_of(&errors, "phone"));
	f.category = STR(PORTAL_UNSURE); /* nobody is forced */
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_empty(p.m.category));
	f.category = STR("public.lamp"); /* what was chosen stands before what the text says */
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eqz(p.m.category, "public.lamp"));
	f.category = STR("people.wages"), f.phone = STR("13812345678");
	assert_int_equal(OK, check(u, &f, &p, &errors));
	f.phone = STR(""), f.email = STR("wang@example.cn"); /* an e-mail address does as well */
	assert_int_equal(OK, check(u, &f, &p, &errors));
	f.phone = STR("wang＠example.cn"), f.email = STR(""); /* in the wrong field it is understood */
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_true(str_eqz(p.m.values[p.m.nvalues - 1].field, "email") && str_eqz(p.m.values[p.m.nvalues - 1].value, "wang@example.cn"));
	f.phone = STR(""), f.email = STR("wang at example");
	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors));
	assert_non_null(portal_error_of(&errors, "email"));
	f.email = STR("");
	f.category = STR("no.such");
	assert_int_equal(ERR_INPUT, check(u, &f, &p, &errors));
	assert_non_null(portal_error_of(&errors, "category"));
	f = (struct portal_form){.what = STR("消防通道被堆满了杂物")};
	assert_int_equal(OK, check(u, &f, &p, &errors));
	assert_null(portal_emergency(u->a, f.what)); /* a hazard is no fire */
}

/* ---- followed instead of reported again ---- */

static size_t alike(struct unit *u, const char *what, struct str place, struct portal_alike *v)
{
	struct portal_town t = town_of(u, "500105004");
	struct matter_new like = {.place = place, .lon = NAN, .lat = NAN};
	struct db_conn *c = db_read_begin(u->db);
	size_t n;

	assert_int_equal(OK, portal_alike(c, u->a, &t, &like, str_from(what), clock_now(), v, &n));
	db_read_end(c);
	return n;
}

static enum err act(struct unit *u, int64_t id, const char *action)
{
	struct matter_act a = {.id = id, .version = -1, .action = str_from(action), .by = {.reporter = true}, .arena = u->a};

	return db_write(u->db, matter_do, &a);
}

static void test_alike_and_followed(void **state)
{
	struct unit *u = *state;
	struct town k = prepare(u);
	struct portal_town t = town_of(u, "500105004"), other = t;
	struct matter open = file_one(u, "滨江步道的木地板塌了一块，电话13912345678", true);
	struct matter secret = file_one(u, "滨江步道的木地板塌了一块，我家住五楼", false);
	struct portal_alike v[PORTAL_ALIKE];
	struct matter_follower f, none;
	struct portal_progress progress;
	struct matter m, last;
	struct db_conn *c;
	bool follows;
	int64_t n;

	assert_int_equal(1, alike(u, "滨江步道的木地板塌了一块", k.town, v)); /* the private one is not told */
	assert_true(v[0].id == open.id);
	assert_true(str_find(v[0].title, STR("13912345678")) < 0);
	assert_int_equal(0, alike(u, "公交车晚点太久", k.town, v));

	c = db_read_begin(u->db);
	assert_int_equal(ERR_NOT_FOUND, portal_follow_prepare(c, u->a, &t, secret.id, &none));
	assert_int_equal(ERR_NOT_FOUND, portal_follow_prepare(c, u->a, &t, 12345, &none));
	other.place.key = k.elsewhere;
	assert_int_equal(ERR_NOT_FOUND, portal_follow_prepare(c, u->a, &other, open.id, &none));
	assert_int_equal(OK, portal_follow_prepare(c, u->a, &t, open.id, &f));
	db_read_end(c);
	assert_int_equal(OK, db_write(u->db, portal_follow, &f));

	c = db_read_begin(u->db);
	assert_int_equal(OK, portal_find_any(c, u->a, f.code, STR("10.0.0.9"), clock_now(), &m, &follows));
	assert_true(follows);
	assert_true(m.id == open.id);
	assert_true(str_eq(m.code, f.code)); /* never the reporter's */
	assert_int_equal(ERR_NOT_FOUND, portal_find(c, u->a, f.code, STR("10.0.0.9"), clock_now(), &last)); /* nothing can be done with it */
	assert_int_equal(OK, matter_followers(c, u->a, open.id, &n));
	assert_int_equal(1, n);
	assert_int_equal(OK, portal_progress_of(c, u->a, &m, &progress));
	assert_int_equal(1, progress.nsteps);
	assert_true(str_find(progress.title, STR("13912345678")) < 0);
	assert_int_equal(OK, portal_progress_of(c, u->a, &secret, &progress));
	assert_true(str_empty(progress.title)); /* of a private matter only how it goes */
	db_read_end(c);

	assert_int_equal(OK, act(u, open.id, "withdraw"));
	assert_int_equal(0, alike(u, "滨江步道的木地板塌了一块", k.town, v)); /* nobody is at it any more */
	assert_int_equal(OK, db_write(u->db, portal_unfollow, &f));
	c = db_read_begin(u->db);
	assert_int_equal(ERR_NOT_FOUND, portal_find_any(c, u->a, f.code, STR("10.0.0.9"), clock_now(), &m, &follows));
	db_read_end(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_photographs),
		cmocka_unit_test(test_plain),
		UNIT_BOTH(test_town),
		UNIT_BOTH(test_towns_that_have_begun),
		UNIT_BOTH(test_choices_of_place),
		UNIT_BOTH(test_faults_are_named),
		UNIT_BOTH(test_grid_from_position),
		UNIT_BOTH(test_emergency),
		UNIT_BOTH(test_report_by_code),
		UNIT_BOTH(test_wrong_codes),
		UNIT_BOTH(test_category_and_contact),
		UNIT_BOTH(test_alike_and_followed),
		UNIT_BOTH(test_answers),
		UNIT_BOTH(test_channels),
		UNIT_BOTH(test_open_page),
		UNIT_BOTH(test_list_and_totals_agree),
		UNIT_BOTH(test_small_numbers),
		UNIT_BOTH(test_community_with_few),
	};
	int status;

	if (image_service_start() != OK) /* before there are threads */
		return 1;
	atexit(forget);
	status = UNIT_MAIN(tests);
	image_service_stop();
	return status;
}
