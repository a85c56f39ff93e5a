#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cap/grid/grid.h"
#include "core/journal/testing.h"
#include "core/place/testing.h"
#include "core/rule/rule.h"
#include "crypto/crypto.h"

static void forget(void)
{
	scenario_forget();
}

struct town {
	struct arena *a; /* keys outlive the job that made them */
	struct str town, community, grids[2];
	int64_t worker;
};

static struct str add(struct town *t, struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level)
{
	return place_made(tx, t->a, parent, code, name, level, NAN, NAN);
}

static enum err make(struct tx *tx, void *arg)
{
	struct town *t = arg;
	struct str p = add(t, tx, STR(""), "50", "重庆市", PLACE_PROVINCE), why = STR_NULL;
	struct str c = add(t, tx, p, "5001", "市辖区", PLACE_CITY), d = add(t, tx, c, "500105", "江北区", PLACE_DISTRICT);

	t->town = add(t, tx, d, "500105004", "大石坝街道", PLACE_TOWN);
	t->community = add(t, tx, t->town, "500105004001", "石门社区", PLACE_COMMUNITY);
	t->grids[0] = add(t, tx, t->community, "500105004001001", "第一网格", PLACE_GRID);
	t->grids[1] = add(t, tx, t->community, "500105004001002", "第二网格", PLACE_GRID);
	assert_int_equal(OK, actor_load_roles(tx, STR("role,title,title_en,duty,permissions\n"
						      "grid_worker,网格员,Grid worker,,grid.work matter.file matter.read matter.handle\n"), &why));
	assert_int_equal(OK, actor_create(tx, STR("walker"), STR("网格员"), STR("$argon2id$v=19$m=1,t=1,p=1$x$x"), &t->worker));
	return actor_grant(tx, t->worker, STR("grid_worker"), t->grids[0], 0, 0, 0, &why);
}

static struct town prepare(struct unit *u)
{
	struct town t = {.a = u->a};
	struct str why = STR_NULL;

	testing_journal(u);
	rule_register_all();
	if (scenario_load_dir(u->db, "scenarios", u->a, &why) != OK)
		fail_msg("scenarios: %.*s", STR_ARG(why));
	assert_int_equal(OK, db_write(u->db, make, &t));
	return t;
}

static void test_places(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	struct db_conn *c = db_read_begin(u->db);
	struct str tops[] = {t.grids[0], t.grids[0], STR("nowhere")};
	struct place *v;
	size_t n;

	assert_int_equal(OK, grid_places(c, u->a, tops, 3, &v, &n)); /* held twice, counted once; what is gone is passed over */
	assert_int_equal(1, n);
	assert_true(str_eq(t.grids[0], grid_place_of(v, n, STR(""))));
	assert_true(str_empty(grid_place_of(v, n, t.grids[1]))); /* not his */
	assert_int_equal(OK, grid_places(c, u->a, &t.community, 1, &v, &n));
	assert_int_equal(3, n);
	assert_true(str_empty(grid_place_of(v, n, STR("")))); /* several: it must be said which */
	assert_true(str_eq(t.grids[1], grid_place_of(v, n, t.grids[1])));
	assert_int_equal(OK, grid_places(c, u->a, &t.town, 1, &v, &n));
	assert_int_equal(1, n);
	assert_true(str_eq(t.community, v[0].key));
	db_read_end(c);
}

static void test_first_steps(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	const struct scenario *s = scenario_current(STR(GRID_FINDING));
	struct db_conn *c = db_read_begin(u->db);
	struct actor_session who;
	struct matter_value *values;
	int *v;
	size_t n, nv;

	assert_int_equal(OK, actor_load(c, u->a, t.worker, &who));
	db_read_end(c);
	assert_int_equal(OK, grid_first_steps(u->a, s, t.grids[0], &who, clock_now(), &v, &n));
	assert_true(n >= 4); /* settle, pass, help, look: whatever the scenario gives */
	for (size_t i = 0; i < n; i++)
		assert_false(s->actions[v[i]].danger);
	assert_true(grid_say(u->a, s, &s->actions[v[0]], STR(""), &values, &nv));
	assert_int_equal(0, nv);
	assert_true(grid_say(u->a, s, &s->actions[v[0]], STR("已搬走"), &values, &nv));
	assert_int_equal(1, nv);
	assert_false(grid_say(u->a, s, &s->actions[scenario_action(s, STR("dismiss"))], STR(""), &values, &nv)); /* a reason is needed */
	assert_int_equal(OK, grid_first_steps(u->a, s, t.grids[1], &who, clock_now(), &v, &n));
	assert_int_equal(0, n); /* not his grid */
}

/* A form that arrives again, also days later under another key of the web, is one matter; a step that is refused leaves nothing. */
static void test_filed_once(void **state)
{
	struct unit *u = *state;
	struct town t = prepare(u);
	struct db_conn *c = db_read_begin(u->db);
	struct actor_session who;
	struct matter_value what = {STR("what"), STR("楼道里的旧沙发")};
	struct grid_filing f[3];
	struct matter m;

	assert_int_equal(OK, actor_load(c, u->a, t.worker, &who));
	db_read_end(c);
	for (int i = 0; i < 3; i++) {
		f[i] = (struct grid_filing){.m = {.scenario = scenario_current(STR(GRID_FINDING)), .values = &what, .nvalues = 1,
						  .place = t.grids[i == 2], .channel = STR("grid"), .filed_by = t.worker, .reporter = t.worker,
						  .lon = NAN, .lat = NAN, .source = STR(GRID_SOURCE),
						  .source_id = i == 2 ? STR("1-another-key-of-a-form") : STR("1-0123456789abcdef")},
					    .act = {.action = STR("settle"), .by = {.who = &who}, .arena = u->a}};
		assert_int_equal(OK, matter_prepare(u->a, &f[i].m, clock_now() + i * 10 * MS_DAY));
	}
	assert_int_equal(OK, db_write(u->db, grid_file, &f[0]));
	assert_int_equal(ERR_CONFLICT, db_write(u->db, grid_file, &f[1]));
	assert_int_equal(f[0].m.id, f[1].m.id);
	assert_true(str_eq(f[0].m.code, f[1].m.code));
	c = db_read_begin(u->db);
	assert_int_equal(OK, matter_get(c, u->a, f[0].m.id, &m));
	db_read_end(c);
	assert_int_equal(STATE_CLOSED, m.kind);
	assert_int_equal(t.worker, m.handler);
	assert_int_equal(ERR_FORBIDDEN, db_write(u->db, grid_file, &f[2])); /* another's grid: neither filed nor settled */
	c = db_read_begin(u->db);
	assert_int_equal(ERR_NOT_FOUND, matter_get(c, u->a, f[2].m.id, &m));
	db_read_end(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_places),
		UNIT_BOTH(test_first_steps),
		UNIT_BOTH(test_filed_once),
	};

	atexit(forget);
	return UNIT_MAIN(tests);
}
