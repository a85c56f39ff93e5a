#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/journal/testing.h"
#include "core/place/find.h"
#include "core/place/testing.h"
#include "crypto/crypto.h"

struct town {
	struct arena *a;
	struct str town, village;
};

static struct str add(struct town *t, struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level, double lon)
{
	return place_made(tx, t->a, parent, code, name, level, lon, 29.505);
}

static enum err make(struct tx *tx, void *arg)
{
	struct town *t = arg;
	struct str p = add(t, tx, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN), c = add(t, tx, p, "5001", "市辖区", PLACE_CITY, NAN);
	struct str d = add(t, tx, c, "500105", "江北区", PLACE_DISTRICT, 106.5);

	t->town = add(t, tx, d, "500105004", "大石坝街道", PLACE_TOWN, 106.5);
	t->village = add(t, tx, t->town, "500105004009", "石门社区居民委员会", PLACE_COMMUNITY, 106.505);
	add(t, tx, t->town, "500105004008", "石油社区居民委员会", PLACE_COMMUNITY, 106.515);
	return OK;
}

static enum err rename_village(struct tx *tx, void *arg)
{
	struct town *t = arg;

	return place_change(tx, t->village, STR("新名社区"), STR_NULL, 0, STR("改名"));
}

/* A layer of points of somebody else. */
static enum err market(struct db_conn *c, struct gazetteer *g)
{
	(void)c;
	gazetteer_add(g, &(struct gazetteer_entry){.place = STR("faabafaaeaaj"), .name = STR("旧书市场"), .kind = GAZETTEER_POINT, .lon = 106.506,
						   .lat = 29.505, .id = 7});
	gazetteer_add(g, &(struct gazetteer_entry){.place = STR("faabafaaeaaj"), .name = STR("旧书市场"), .kind = GAZETTEER_POINT, .lon = 106.507,
						   .lat = 29.505, .id = 8, .needs = STR("risk.read")});
	return OK;
}

static bool holds_risk(void *arg, const struct gazetteer_entry *e)
{
	(void)arg;
	return e->needs.n == 0 || str_eqz(e->needs, "risk.read");
}

/* What is proposed while somebody types, and what is asked when a name stands for several. */
static void proposals(struct unit *u, struct db_conn *c, const struct town *t)
{
	const struct gazetteer_scope town = {.within = t->town}, risk = {.within = t->town, .may = holds_risk};
	struct place_found v[5];
	size_t n;

	assert_int_equal(OK, place_suggest(c, u->a, STR("实门"), &town, PLACE_COMMUNITY, v, 5, &n));
	assert_true(n >= 1 && str_eq(v[0].key, t->village) && v[0].sound && !v[0].in_words && v[0].level == PLACE_COMMUNITY);
	assert_int_equal(OK, place_suggest(c, u->a, STR("shiyou"), &town, PLACE_COMMUNITY, v, 5, &n));
	assert_true(n == 1 && str_eqz(v[0].name, "石油社区"));
	assert_int_equal(OK, place_suggest(c, u->a, STR("大石坝石门社区3栋"), &town, PLACE_ROOT, v, 5, &n));
	assert_true(n == 2 && str_eq(v[0].key, t->village) && v[0].in_words && v[0].score > v[1].score && v[1].level == PLACE_TOWN);
	assert_int_equal(OK, place_suggest(c, u->a, STR("大石坝石门社区3栋"), &town, PLACE_COMMUNITY, v, 5, &n));
	assert_int_equal(1, n); /* the town is too wide */
	assert_int_equal(OK, place_suggest(c, u->a, STR("石"), &town, PLACE_COMMUNITY, v, 1, &n));
	assert_int_equal(1, n);
	/* of two markets of one name neither is guessed; the closed one is known to those alone who may */
	assert_int_equal(OK, place_which(c, u->a, STR("旧书市场门口"), &town, PLACE_COMMUNITY, v, 5, &n));
	assert_int_equal(0, n);
	assert_int_equal(OK, place_which(c, u->a, STR("旧书市场门口"), &risk, PLACE_COMMUNITY, v, 5, &n));
	assert_true(n == 2 && v[0].id + v[1].id == 15 && v[0].kind == GAZETTEER_POINT);
	assert_int_equal(OK, place_which(c, u->a, STR("石门社区"), &risk, PLACE_COMMUNITY, v, 5, &n));
	assert_int_equal(0, n);
	assert_int_equal(OK, place_which(c, u->a, STR("路口"), &risk, PLACE_COMMUNITY, v, 5, &n));
	assert_int_equal(0, n);
}

static void words_and_places(void **state)
{
	struct unit *u = *state;
	struct town t = {.a = u->a};
	struct str text;
	struct place_found v[5], one;
	struct db_conn *c;
	size_t n;

	testing_journal(u);
	place_find_source(market);
	place_where_forget();
	place_find_forget();
	place_forget_names();
	assert_int_equal(OK, db_write(u->db, make, &t));
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_find(c, u->a, STR("shimen"), t.town, v, 5, &n));
	assert_true(n >= 1 && str_eq(v[0].key, t.village) && str_eqz(v[0].name, "石门社区") && str_eqz(v[0].full, "江北区大石坝街道石门社区居民委员会"));
	assert_int_equal(OK, place_in_words(c, u->a, STR("大石坝石门社区3栋"), t.town, PLACE_COMMUNITY, &one));
	assert_true(str_eq(one.key, t.village) && !one.sound);
	assert_int_equal(ERR_NOT_FOUND, place_in_words(c, u->a, STR("大石坝街道"), STR(""), PLACE_COMMUNITY, &one));
	assert_int_equal(ERR_NOT_FOUND, place_in_words(c, u->a, STR("路口"), t.town, PLACE_COMMUNITY, &one));
	assert_int_equal(OK, place_in_words(c, u->a, STR("旧书市场门口"), t.town, PLACE_COMMUNITY, &one));
	assert_true(one.id == 7 && one.kind == GAZETTEER_POINT && str_eq(one.key, t.village));
	proposals(u, c, &t);
	assert_int_equal(OK, place_words(c, u->a, 106.5052, 29.5049, &text));
	assert_true(str_find(text, STR("大石坝街道石门社区")) > 0);
	assert_int_equal(ERR_NOT_FOUND, place_words(c, u->a, 10, 10, &text));
	db_read_end(c);
	/* a new name is found at once, the old one no more */
	assert_int_equal(OK, db_write(u->db, rename_village, &t));
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_in_words(c, u->a, STR("新名社区3栋"), t.town, PLACE_COMMUNITY, &one));
	assert_true(str_eq(one.key, t.village));
	assert_int_equal(ERR_NOT_FOUND, place_in_words(c, u->a, STR("石门社区3栋"), t.town, PLACE_COMMUNITY, &one));
	db_read_end(c);
	place_find_forget();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {UNIT_BOTH(words_and_places)};

	return UNIT_MAIN(tests);
}
