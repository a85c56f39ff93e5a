/*
 * Roads follow the places, on both stores: after a community is added, merged away, moved or gets a border the rows are what a fresh import would write, whatever
 * was interrupted, overtaken or done twice; and nothing is written where nothing differs.
 */
#include "core/place/testing.h"
#include "web/testing.h"

#include <math.h>
#include <stdlib.h>

#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "core/journal/journal.h"
#include "core/place/area.h"
#include "core/place/find.h"

#define ROADS 500                /* several pieces */

struct town { struct str district, town[2], community[3]; };
static struct town t;
static struct unit *u;

static enum err make_places(struct tx *tx, void *arg)
{
	struct str p = place_made(tx, u->a, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN, NAN), c = place_made(tx, u->a, p, "5001", "市辖区", PLACE_CITY, NAN, NAN);

	(void)arg;
	t.district = place_made(tx, u->a, c, "500105", "江北区", PLACE_DISTRICT, NAN, NAN);
	t.town[0] = place_made(tx, u->a, t.district, "500105004", "大石坝街道", PLACE_TOWN, 106.50, 29.55);
	t.town[1] = place_made(tx, u->a, t.district, "500105005", "石马河街道", PLACE_TOWN, 106.53, 29.55);
	t.community[0] = place_made(tx, u->a, t.town[0], "500105004001", "石门社区", PLACE_COMMUNITY, 106.50, 29.55);
	t.community[1] = place_made(tx, u->a, t.town[1], "500105005001", "盘溪社区", PLACE_COMMUNITY, 106.53, 29.55);
	return OK;
}

/* Short streets from west to east, one below the other, each with its name; the long one runs past both communities. */
static const char *extract(int first)
{
	static char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/roads-%d.osm", unit_tmp(), first);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "<osm>");
	for (int i = first; i < ROADS; i++) {
		double lat = 29.548 + i * 1e-5, east = i == 7 ? 106.530 : 106.503;

		fprintf(f, "<node id='%d' lat='%.7f' lon='106.5000'/><node id='%d' lat='%.7f' lon='%.7f'/>", 2 * i + 1, lat, 2 * i + 2, lat, east);
	}
	for (int i = first; i < ROADS; i++)
		fprintf(f, "<way id='%d'><nd ref='%d'/><nd ref='%d'/><tag k='highway' v='residential'/><tag k='name' v='第%d街'/></way>", i + 1, 2 * i + 1,
			2 * i + 2, i);
	fprintf(f, "</osm>");
	assert_int_equal(0, fclose(f));
	return path;
}

static struct ground_import import(const char *path)
{
	struct ground_import im = {.path = path, .source = STR("测试")};
	struct str why = STR("");

	if (ground_import(u->db, &im, u->a, &why) != OK)
		fail_msg("%.*s", STR_ARG(why));
	return im;
}

static void begin(void **state)
{
	struct str why;

	u = *state;
	site_keys();
	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why));
	assert_int_equal(OK, db_write(u->db, make_places, NULL));
	place_where_forget();
	place_find_forget();
	place_find_source(ground_names);
	assert_int_equal(ROADS + 1, import(extract(0)).roads);
}

static void end(void)
{
	journal_end(u->db);
}

/* ---- what is there ---- */

static struct map_grounds_row ground(void)
{
	struct db_conn *c = db_read_begin(u->db);
	struct map_grounds_rows rows;

	assert_int_equal(OK, q_map_grounds(c, u->a, &rows));
	db_read_end(c);
	assert_int_equal(1, rows.n);
	return rows.v[0];
}

static int by_text(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* All rows but for their numbers, sorted. */
static struct str roads(void)
{
	struct db_conn *c = db_read_begin(u->db);
	struct map_roads_page_rows rows;
	struct str *lines, all = STR("");
	struct buf b;

	assert_int_equal(OK, q_map_roads_page(c, u->a, ground().id, -1, 10000, &rows));
	db_read_end(c);
	lines = arena_array(u->a, struct str, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		lines[i] = arena_printf(u->a, "%.*s %.*s %.7f %.7f %.0f\n", STR_ARG(rows.v[i].name), STR_ARG(rows.v[i].place), rows.v[i].lon, rows.v[i].lat,
					rows.v[i].reach);
	qsort(lines, rows.n, sizeof(*lines), by_text);
	buf_init(&b, 4 << 20);
	for (size_t i = 0; i < rows.n; i++)
		buf_adds(&b, lines[i]);
	all = arena_str(u->a, buf_str(&b));
	buf_release(&b);
	return all;
}

static int64_t version(void)
{
	struct db_conn *c = db_read_begin(u->db);
	int64_t v;

	assert_int_equal(OK, place_area_version(c, &v));
	db_read_end(c);
	return v;
}

static int64_t in_place(struct str key)
{
	struct str all = roads(), line;
	int64_t n = 0;

	while (str_split(&all, '\n', &line))
		n += str_find(line, arena_printf(u->a, " %.*s ", STR_ARG(key))) >= 0;
	return n;
}

/* Gone on with until nothing is left; how many rows were written. */
static int64_t renew(void)
{
	struct ground_renew *r = ground_renew_new(u->db);
	int64_t changed;
	bool done = false;

	for (int i = 0; !done; i++) {
		assert_true(i < 1000);
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	}
	changed = ground_renew_changed(r);
	ground_renew_free(r);
	assert_int_equal(version(), ground().places);
	return changed;
}

/* The same as if the extract had been imported now. */
static void as_if_new(void)
{
	struct str mine = roads();
	int64_t n = ground().roads;

	assert_int_equal(OK, ground_drop(u->db));
	assert_int_equal(n, import(extract(0)).roads);
	assert_true(str_eq(mine, roads()));
}

/* ---- changes of places ---- */

static enum err add_community(struct tx *tx, void *arg)
{
	(void)arg;
	t.community[2] = place_made(tx, u->a, t.town[0], "500105004002", "大庆村社区", PLACE_COMMUNITY, 106.503, 29.55);
	return OK;
}

static enum err merge(struct tx *tx, void *arg)
{
	(void)arg;
	return place_merge(tx, t.community[2], t.community[0], 1, STR("测试"));
}

static enum err move(struct tx *tx, void *arg)
{
	struct str key;
	enum err e = place_move(tx, t.community[0], t.town[1], 1, STR("测试"), &key);

	(void)arg;
	t.community[0] = arena_str(u->a, key);
	return e;
}

static enum err draw(struct tx *tx, void *arg)
{
	struct shape s = {.npoints = 4, .nrings = 1, .points = arena_array(tx->arena, struct shape_point, 4), .rings = arena_array(tx->arena, struct shape_ring, 1)};
	struct place_area area = {.place = t.community[1], .source = STR("测试"), .reason = STR("测试")};

	(void)arg;
	s.rings[0] = (struct shape_ring){0, 4, false};
	s.points[0] = shape_point_of(106.4995, 29.55);
	s.points[1] = shape_point_of(106.54, 29.55);
	s.points[2] = shape_point_of(106.54, 29.56);
	s.points[3] = shape_point_of(106.4995, 29.56);
	shape_set_box(&s);
	area.shape = s;
	return place_area_set(tx, &area, NULL);
}

static void places_change(void **state)
{
	struct str before;

	begin(state);
	before = roads();
	/* nothing to do: not a row, not a tick */
	assert_int_equal(0, renew());
	assert_int_equal(ROADS, in_place(t.community[0]));
	/* a community beside it has the eastern ends of all streets */
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	assert_true(ground().places != version());
	assert_true(renew() > ROADS);
	assert_int_equal(ROADS, in_place(t.community[2]));
	assert_int_equal(ground().roads, 2 * ROADS + 1);
	as_if_new();
	/* merged away: its streets are the other's again, each once, and nothing is left under its key */
	assert_int_equal(OK, db_write(u->db, merge, NULL));
	assert_true(renew() > 0);
	assert_int_equal(0, in_place(t.community[2]));
	assert_int_equal(ROADS, in_place(t.community[0]));
	assert_true(str_eq(before, roads()));
	/* moved to the other town: another key */
	assert_int_equal(OK, db_write(u->db, move, NULL));
	assert_true(place_within(t.community[0], t.town[1]));
	assert_true(renew() > 0);
	assert_int_equal(ROADS, in_place(t.community[0]));
	as_if_new();
	/* a border: what lies inside it is the neighbour's */
	assert_int_equal(OK, db_write(u->db, draw, NULL));
	assert_true(renew() > 0);
	assert_in_range(in_place(t.community[1]), ROADS / 2, ROADS - 1);
	as_if_new();
	end();
}

/* The name leads to the community in which the road lies now. */
static void names_lead_there(void **state)
{
	struct place_found f;
	struct db_conn *c;

	begin(state);
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_in_words(c, u->a, STR("第450街3号"), STR(""), PLACE_COMMUNITY, &f));
	assert_true(str_eq(f.key, t.community[0]));
	db_read_end(c);
	assert_int_equal(OK, db_write(u->db, draw, NULL));
	renew();
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_in_words(c, u->a, STR("第450街3号"), STR(""), PLACE_COMMUNITY, &f));
	assert_true(str_eq(f.key, t.community[1]));
	db_read_end(c);
	end();
}

static enum err tick(struct tx *tx, void *arg)
{
	(void)arg;
	return place_changed(tx);
}

/* A change that moves no road writes no row, and does not call everybody to read again. */
static void nothing_differs(void **state)
{
	struct str before;
	int64_t then;

	begin(state);
	before = roads();
	assert_int_equal(OK, db_write(u->db, tick, NULL));
	then = version();
	assert_int_equal(0, renew());
	assert_int_equal(then, version());
	assert_true(str_eq(before, roads()));
	end();
}

/* ---- interruptions ---- */

/* Killed after each of its steps; whoever comes next does the rest. */
static void killed(void **state)
{
	bool done = false;
	int most = 0;
	struct ground_renew *r;

	begin(state);
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	while (!done) {
		assert_true(++most < 100);
		r = ground_renew_new(u->db);
		for (int steps = 0; steps < most && !done; steps++)
			assert_int_equal(OK, ground_renew_some(r, 0, &done));
		ground_renew_free(r);
	}
	assert_true(most > 3);
	assert_int_equal(version(), ground().places);
	assert_int_equal(ground().roads, 2 * ROADS + 1);
	as_if_new();
	end();
}

/* What a killed pass has written is known to nobody yet: the next one tells, though it finds nothing to write. */
static void told_at_last(void **state)
{
	struct ground_renew *r;
	int64_t then;
	bool done = false;

	begin(state);
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	then = version();
	r = ground_renew_new(u->db);
	while (ground_renew_changed(r) < 2 * ROADS)
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	assert_true(!done && version() == then);
	ground_renew_free(r);
	assert_in_range(renew(), 1, 2 * ROADS);
	assert_int_equal(then + 1, version());
	as_if_new();
	end();
}

/* Two at once, as when a node loses its lease while it works: no row twice, none lost. */
static void two_at_once(void **state)
{
	struct ground_renew *r[2];
	bool done[2] = {false, false};

	begin(state);
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	for (int i = 0; i < 2; i++)
		r[i] = ground_renew_new(u->db);
	/* each takes it from the other after one, then two pieces, and so on */
	for (int round = 0; !done[0] || !done[1]; round++) {
		assert_true(round < 100);
		for (int k = 0; k <= round / 2 + 1; k++)
			assert_int_equal(OK, ground_renew_some(r[round % 2], 0, &done[round % 2]));
	}
	for (int i = 0; i < 2; i++)
		ground_renew_free(r[i]);
	assert_int_equal(ground().roads, 2 * ROADS + 1);
	as_if_new();
	end();
}

/* The places change again while it is at work: it goes on, and another pass follows. */
static void changed_meanwhile(void **state)
{
	struct ground_renew *r;
	bool done = false;

	begin(state);
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	r = ground_renew_new(u->db);
	for (int i = 0; i < 3; i++)
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	assert_int_equal(OK, db_write(u->db, merge, NULL));
	for (int i = 0; !done; i++) {
		assert_true(i < 100);
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	}
	ground_renew_free(r);
	assert_int_equal(0, in_place(t.community[2]));
	assert_int_equal(ROADS + 1, ground().roads);
	as_if_new();
	end();
}

/* Another extract comes, or the ground goes, while it is at work: it leaves off, and nothing of the old is written. */
static void ground_changes_meanwhile(void **state)
{
	struct ground_renew *r;
	bool done = false;
	int64_t n;

	begin(state);
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	r = ground_renew_new(u->db);
	for (int i = 0; i < 2; i++)
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	n = import(extract(100)).roads;
	assert_int_equal(2 * (ROADS - 100), n);
	for (int i = 0; !done; i++) {
		assert_true(i < 100);
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	}
	assert_int_equal(n, ground().roads);
	assert_int_equal(n, in_place(t.community[0]) + in_place(t.community[2]));
	assert_int_equal(OK, db_write(u->db, merge, NULL));
	assert_int_equal(OK, ground_renew_some(r, 0, &done));
	assert_false(done);
	assert_int_equal(OK, ground_drop(u->db));
	while (!done)
		assert_int_equal(OK, ground_renew_some(r, 0, &done));
	ground_renew_free(r);
	end();
}

/* Without a server: the same file once more. */
static void by_import(void **state)
{
	struct ground_import im;

	begin(state);
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	im = import(extract(0));
	assert_true(im.same && im.renewed > ROADS);
	assert_int_equal(2 * ROADS + 1, ground().roads);
	im = import(extract(0));
	assert_true(im.same && im.renewed == 0);
	end();
}

/* The server's job waits until the places have come to rest for a round, but not for ever. */
static void the_job(void **state)
{
	struct app app = {0};
	int rounds = 0;

	begin(state);
	app.db = u->db;
	assert_int_equal(OK, ground_renew_job(&app, 0));
	assert_int_equal(OK, db_write(u->db, add_community, NULL));
	assert_int_equal(OK, ground_renew_job(&app, 0));
	assert_int_equal(0, in_place(t.community[2]));
	for (; ground().places != version(); rounds++) {
		assert_true(rounds < 30);
		assert_int_equal(OK, ground_renew_job(&app, 0));
	}
	assert_int_equal(ROADS, in_place(t.community[2]));
	assert_int_equal(OK, db_write(u->db, merge, NULL));
	for (rounds = 0; in_place(t.community[2]) > 0; rounds++) {
		assert_true(rounds < 60);
		assert_int_equal(OK, db_write(u->db, tick, NULL));
		assert_int_equal(OK, ground_renew_job(&app, 0));
	}
	assert_true(rounds > 5);
	ground_renew_stop();
	end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(places_change), UNIT_BOTH(names_lead_there), UNIT_BOTH(nothing_differs), UNIT_BOTH(killed), UNIT_BOTH(told_at_last),
		UNIT_BOTH(two_at_once), UNIT_BOTH(changed_meanwhile), UNIT_BOTH(ground_changes_meanwhile), UNIT_BOTH(by_import),
		UNIT_BOTH(the_job),
	};

	return UNIT_MAIN(tests);
}
