/* For tests of matters: a town with people, and filing and acting in one line. */
#ifndef CORE_MATTER_TESTING_H
#define CORE_MATTER_TESTING_H

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/time.h"
#include "core/journal/testing.h"
#include "core/matter/category.h"
#include "core/matter/list.h"
#include "core/matter/matter.h"
#include "core/place/place.h"
#include "core/rule/duty.h"
#include "crypto/crypto.h"
#include "tests/unit.h"

#define GRID "500105004001003"

struct world {
	struct unit *u;
	struct str town, grid, other_town;
	int64_t dispatcher, handler, verifier, commander, stranger, worker, org, other_org, dept, district, clerk;
	struct actor_session who[9]; /* in that order, from 1 */
};

/* ---- a town with posts ---- */

static inline enum err make_places(struct tx *tx, struct world *w)
{
	static const struct { const char *code, *name; enum place_level level; } v[] = {
		{"50", "重庆市", PLACE_PROVINCE}, {"5001", "市辖区", PLACE_CITY}, {"500105", "江北区", PLACE_DISTRICT},
		{"500105004", "大石坝街道", PLACE_TOWN}, {"500105004001", "某社区", PLACE_COMMUNITY}, {GRID, "第三网格", PLACE_GRID},
	};
	struct str key = STR("");
	enum err e = OK;

	for (size_t i = 0; e == OK && i < ARRAY_LEN(v); i++) {
		struct place p = {.code = str_from(v[i].code), .name = str_from(v[i].name), .level = v[i].level};
		struct str parent = key;

		e = place_add(tx, parent, &p, &key);
		key = arena_str(w->u->a, key);
		if (v[i].level == PLACE_TOWN)
			w->town = key;
		if (v[i].level == PLACE_GRID)
			w->grid = key;
	}
	if (e == OK)
		e = place_add(tx, place_up(w->town, PLACE_DISTRICT), &(struct place){.code = STR("500105005"), .name = STR("别的街道"), .level = PLACE_TOWN},
			      &w->other_town);
	w->other_town = arena_str(w->u->a, w->other_town);
	return e;
}

static inline enum err make_actor(struct tx *tx, const char *login, const char *role, struct str place, int64_t org, int64_t *id)
{
	struct str why;
	enum err e = actor_create(tx, str_from(login), str_from(login), STR("x"), id);

	return e ? e : actor_grant(tx, *id, str_from(role), place, org, 0, 0, &why);
}

static inline enum err make_world(struct tx *tx, void *arg)
{
	static const char roles[] = "role,title,title_en,duty,permissions\ndispatcher,岗,Dispatcher,,matter.read\nhandler,岗,Handler,,matter.read\n"
				    "verifier,岗,Verifier,,matter.read\ncommander,岗,Commander,,matter.read\ngrid_worker,岗,Grid worker,,matter.read\n"
				    "district_dispatcher,岗,District,,matter.read\ndept_clerk,岗,Clerk,,matter.read\n";
	struct world *w = arg;
	struct str why;
	enum err e = actor_load_roles(tx, str_from(roles), &why);

	if (e == OK)
		e = make_places(tx, w);
	if (e == OK)
		e = actor_org_add(tx, &(struct actor_org){.name = STR("民生服务板块"), .kind = STR("board"), .place = w->town}, &w->org);
	if (e == OK)
		e = actor_org_add(tx, &(struct actor_org){.name = STR("平安法治板块"), .kind = STR("board"), .place = w->town}, &w->other_org);
	if (e == OK)
		e = actor_org_add(tx, &(struct actor_org){.name = STR("区城管局"), .kind = STR("department"), .place = place_up(w->town, PLACE_DISTRICT)}, &w->dept);
	if (e == OK)
		e = make_actor(tx, "dispatcher", "dispatcher", w->town, 0, &w->dispatcher);
	if (e == OK)
		e = make_actor(tx, "handler", "handler", w->town, w->org, &w->handler);
	if (e == OK)
		e = make_actor(tx, "verifier", "verifier", w->town, 0, &w->verifier);
	if (e == OK)
		e = make_actor(tx, "commander", "commander", w->town, 0, &w->commander);
	if (e == OK)
		e = make_actor(tx, "worker", "grid_worker", w->grid, 0, &w->worker);
	if (e == OK)
		e = make_actor(tx, "district", "district_dispatcher", place_up(w->town, PLACE_DISTRICT), 0, &w->district);
	if (e == OK)
		e = make_actor(tx, "clerk", "dept_clerk", place_up(w->town, PLACE_DISTRICT), w->dept, &w->clerk);
	return e ? e : make_actor(tx, "stranger", "handler", w->town, w->other_org, &w->stranger);
}

static inline const struct actor_session *load_actor(struct world *w, int i, int64_t id)
{
	struct db_conn *c = db_read_begin(w->u->db);

	assert_int_equal(OK, actor_load(c, w->u->a, id, &w->who[i]));
	db_read_end(c);
	return &w->who[i];
}

static inline void begin(struct world *w, struct unit *u)
{
	struct str why;

	*w = (struct world){.u = u};
	matter_init();
	testing_journal(u);
	scenario_forget();
	if (scenario_load_dir(u->db, "scenarios", u->a, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	assert_int_equal(OK, db_write(u->db, make_world, w));
	load_actor(w, 1, w->dispatcher);
	load_actor(w, 2, w->handler);
	load_actor(w, 3, w->verifier);
	load_actor(w, 4, w->commander);
	load_actor(w, 5, w->stranger);
	load_actor(w, 6, w->worker);
	load_actor(w, 7, w->district);
	load_actor(w, 8, w->clerk);
}

static inline void end(struct world *w)
{
	journal_end(w->u->db);
	scenario_forget();
	category_forget();
	clock_set(0);
}

static inline void at(const char *text)
{
	int64_t t;

	assert_true(time_parse(str_from(text), 480, &t));
	clock_set(t);
}

static inline int64_t ms(const char *text)
{
	int64_t t;

	assert_true(time_parse(str_from(text), 480, &t));
	return t;
}

/* ---- filing and acting in one line ---- */

static inline int64_t file(struct world *w, const char *what, const char *kind, const char *category)
{
	struct matter_value v[] = {{STR("what"), str_from(what)}, {STR("kind"), str_from(kind)}, {STR("phone"), STR("138 1234 5678")}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 3, .place = w->grid,
			       .category = str_from(category), .channel = STR("web"), .lon = 106.5, .lat = 29.6, .is_public = true};

	assert_int_equal(OK, matter_prepare(w->u->a, &m, clock_now()));
	assert_int_equal(OK, db_write(w->u->db, matter_file, &m));
	return m.id;
}

static inline struct matter get(struct world *w, int64_t id)
{
	struct db_conn *c = db_read_begin(w->u->db);
	struct matter m;

	assert_int_equal(OK, matter_get(c, w->u->a, id, &m));
	db_read_end(c);
	return m;
}

/* answers: "lead=12;note=…" */
static inline struct matter_act act(struct world *w, int64_t id, int who, const char *action, const char *answers, enum err want)
{
	static struct matter_value v[10];
	struct matter_act x = {.id = id, .version = -1, .action = str_from(action), .values = v, .arena = w->u->a};
	struct str rest = str_from(answers), one, field;
	enum err e;

	x.by.who = who ? &w->who[who] : NULL;
	x.by.reporter = who == 0;
	while (str_split(&rest, ';', &one))
		if (one.n && str_split(&one, '=', &field))
			v[x.nvalues++] = (struct matter_value){field, one};
	e = db_write(w->u->db, matter_do, &x);
	if (e != want)
		fail_msg("%s by %d: %s instead of %s", action, who, err_name(e), err_name(want));
	return x;
}

static inline const char *lead(struct world *w, int64_t org)
{
	return arena_printf(w->u->a, "lead=%lld", (long long)org).p;
}

static inline void state_is(struct world *w, int64_t id, const char *state)
{
	struct matter m = get(w, id);

	if (!str_eqz(m.state, state))
		fail_msg("state is %.*s, not %s", STR_ARG(m.state), state);
}

#endif
