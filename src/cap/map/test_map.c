/* The map over HTTP on both stores: what tiles and counts say is what the store says, for every filter and every kind of reader; changes, moves, bad input. */
#include "web/testing.h"

#include <jansson.h>
#include <math.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/time.h"
#include "cap/map/codes.h"
#include "cap/map/feed.h"
#include "cap/map/layer.h"
#include "cap/map/snapshot.h"
#include "cap/map/map.sql.h"
#include "core/matter/category.h"
#include "core/matter/matter.h"
#include "core/place/place.h"
#include "db/raw.h"
#include "geo/mvt.h"

#define MATTERS 240
#define PASSWORD "Four-plain-words-7"

static const char *const states[] = {"filed", "handling", "closed", "judged"};
static const char *const categories[] = {"city.garbage", "city.green", "street.noise", "public.lamp"};
static const char *const channels[] = {"portal", "grid", "hotline"};

struct world {
	struct site s;
	struct str town[2], grid[4];
	int64_t begun;
	int64_t ids[MATTERS + 1];
	struct browser all, one, nobody;   /* who sees everything, the first town, what is public */
};

/* ---- two towns with matters ---- */

static enum err add_place(struct tx *tx, struct arena *a, struct str parent, const char *code, enum place_level level, double lon, double lat,
			  struct str *key)
{
	struct place p = {.code = str_from(code), .name = str_from(code), .level = level, .lon = lon, .lat = lat, .since = 1};
	enum err e = place_add(tx, parent, &p, key);

	*key = arena_str(a, *key);
	return e;
}

static enum err make_places(struct tx *tx, void *arg)
{
	static const char *const grids[] = {"500105004001001", "500105004001002", "500105005001001", "500105005001002"};
	static const char *const towns[] = {"500105004", "500105005"}, *const communities[] = {"500105004001", "500105005001"};
	struct world *w = arg;
	struct arena *a = &w->s.arena;
	struct str p, c, d, com;
	enum err e = add_place(tx, a, STR(""), "50", PLACE_PROVINCE, NAN, NAN, &p);

	if (e == OK)
		e = add_place(tx, a, p, "5001", PLACE_CITY, NAN, NAN, &c);
	if (e == OK)
		e = add_place(tx, a, c, "500105", PLACE_DISTRICT, 106.55, 29.6, &d);
	for (int t = 0; e == OK && t < 2; t++) {
		e = add_place(tx, a, d, towns[t], PLACE_TOWN, 106.5 + t * 0.1, 29.6, &w->town[t]);
		if (e == OK)
			e = add_place(tx, a, w->town[t], communities[t], PLACE_COMMUNITY, 106.5 + t * 0.1, 29.6, &com);
		for (int g = 2 * t; e == OK && g < 2 * t + 2; g++)
			e = add_place(tx, a, com, grids[g], PLACE_GRID, 106.5 + g * 0.05, 29.6, &w->grid[g]);
	}
	return e;
}

/* The same numbers in each run, spread enough. */
static uint32_t number(uint32_t i, uint32_t salt)
{
	uint32_t x = (i + 1) * 2654435761u ^ salt * 40503u;

	x ^= x >> 15;
	x *= 0x2c1b3c6du;
	return x ^ x >> 12;
}

static void file_one(struct world *w, int i)
{
	uint32_t r = number((uint32_t)i, 1);
	struct matter_value v[] = {{STR("what"), STR("路灯不亮，打 13812345678")}};
	bool located = i % 8 != 7;
	struct matter_new m = {
		.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = w->grid[r % 4],
		.category = str_from(categories[(r >> 3) % ARRAY_LEN(categories)]), .channel = str_from(channels[(r >> 6) % ARRAY_LEN(channels)]),
		.lon = located ? 106.4 + (number((uint32_t)i, 2) % 400000) * 1e-6 : i % 16 == 7 ? 0 : NAN,
		.lat = located ? 29.4 + (number((uint32_t)i, 3) % 400000) * 1e-6 : i % 16 == 7 ? 0 : NAN, .is_public = (r >> 9) % 3 != 0,
		.created = w->begun - (int64_t)(r >> 12 & 63) * MS_DAY - (int64_t)(number((uint32_t)i, 4) % 80000) * 1000,
		.source = STR("test"), .source_id = arena_printf(&w->s.arena, "%d", i), .state = str_from(states[(r >> 20) % ARRAY_LEN(states)])};

	if (i == 0)
		m.is_public = false;
	if (str_eqz(m.state, "closed") || str_eqz(m.state, "judged"))
		m.closed = m.created + MS_HOUR;
	assert_int_equal(OK, matter_prepare(&w->s.arena, &m, w->begun));
	assert_int_equal(OK, db_write(w->s.app->db, matter_file, &m));
	w->ids[i] = m.id;
}

static enum err load_roles(struct tx *tx, void *arg)
{
	struct str why = STR_NULL;

	return actor_load_roles(tx, *(struct str *)arg, &why);
}

struct grant { int64_t account; const char *role; struct str place; };

static enum err give(struct tx *tx, void *arg)
{
	const struct grant *g = arg;
	struct str why = STR_NULL;

	return actor_grant(tx, g->account, str_from(g->role), g->place, 0, 0, 0, &why);
}

static struct browser reader(struct world *w, const char *login, struct str place)
{
	struct browser b = {.site = &w->s};
	struct grant g = {site_account(&w->s, login, NULL, PASSWORD), "dispatcher", place};

	assert_int_equal(OK, db_write(w->s.app->db, give, &g));
	browser_login(&b, login, PASSWORD);
	return b;
}

static void begin(struct world *w, struct unit *u)
{
	struct str roles, why = STR_NULL;

	*w = (struct world){0};
	site_start(&w->s, u);
	w->begun = clock_now();
	assert_int_equal(OK, file_read(&w->s.arena, "data/roles.csv", 1 << 20, &roles, &why));
	assert_int_equal(OK, db_write(w->s.app->db, load_roles, &roles));
	assert_int_equal(OK, db_write(w->s.app->db, make_places, w));
	for (int i = 0; i < MATTERS; i++)
		file_one(w, i);
	feed_settle();
	w->all = reader(w, "all", STR(""));
	w->one = reader(w, "one", w->town[0]);
	w->nobody = (struct browser){.site = &w->s};
}

static void end(struct world *w)
{
	site_stop(&w->s);
	scenario_forget();
	category_forget();
}

/* ---- asking ---- */

static json_t *ask(struct browser *b, const char *path)
{
	struct str why = STR_NULL;
	json_t *j;

	if (browser_get(b, path)->status != 200)
		fail_msg("%s: %d %.*s", path, b->last.status, STR_ARG(b->last.body));
	if (json_parse(&b->site->arena, b->last.body, &(struct json_limits){.bytes = 8 << 20, .values = 1000000}, &j, &why) != OK)
		fail_msg("%s: %.*s", path, STR_ARG(why));
	return j;
}

static int64_t member(const json_t *j, const char *name)
{
	int64_t v = -1;

	assert_true(json_get_i64(j, name, &v));
	return v;
}

/* Sum of what the features of a tile stand for. */
static int64_t tile_sum(struct browser *b, const char *path)
{
	struct mvt_read_layer *layers;
	const char *why = "";
	size_t n;
	int64_t sum = 0;

	if (browser_get(b, path)->status != 200)
		fail_msg("%s: %d %.*s", path, b->last.status, STR_ARG(b->last.body));
	if (b->last.body.n == 0)
		return 0;
	if (mvt_read(b->last.body, &b->site->arena, &layers, &n, &why) != OK)
		fail_msg("%s: %s", path, why);
	assert_int_equal(1, n);
	for (size_t i = 0; i < layers[0].n; i++) {
		int64_t rows = 1;

		for (size_t k = 0; k < layers[0].v[i].nattrs; k++)
			if (str_eqz(layers[0].v[i].attrs[k].key, "n"))
				rows = (int64_t)layers[0].v[i].attrs[k].value.u + layers[0].v[i].attrs[k].value.i;
		sum += rows;
	}
	return sum;
}

struct filter {
	const char *query;
	struct map_recount_args args;
};

static int64_t by_sql(struct world *w, struct map_recount_args args)
{
	struct db_conn *c = db_read_begin(w->s.app->db);
	struct map_recount_row row;

	assert_int_equal(OK, q_map_recount(c, &w->s.arena, &args, &row));
	db_read_end(c);
	return row.n;
}

static double lat_of(int z, double y)
{
	return atan(sinh(M_PI * (1 - 2 * y / exp2(z)))) * 180 / M_PI;
}

/* Tiles of one zoom over the two towns against the store, and their sum against all that is located. */
static void compare_tiles(struct world *w, struct browser *b, const struct filter *f, int z)
{
	struct map_recount_args whole = f->args;
	double west = -180, ends = 180, south = -86, north = 86;
	int64_t sum = 0, x0 = (int64_t)((106.3 + 180) / 360 * exp2(z)), x1 = (int64_t)((106.9 + 180) / 360 * exp2(z));
	int64_t y0 = (int64_t)((1 - asinh(tan(29.9 * M_PI / 180)) / M_PI) / 2 * exp2(z));
	int64_t y1 = (int64_t)((1 - asinh(tan(29.3 * M_PI / 180)) / M_PI) / 2 * exp2(z));

	for (int64_t x = x0; x <= x1; x++)
		for (int64_t y = y0; y <= y1; y++) {
			struct map_recount_args in = f->args;
			double edge = (double)x / exp2(z) * 360 - 180;
			int64_t got = tile_sum(b, arena_printf(&w->s.arena, "/tiles/matters/%d/%ld/%ld.mvt?%s", z, x, y, f->query).p), want;

			in.west = &edge;
			in.east = (double)(x + 1) / exp2(z) * 360 - 180;
			in.south = lat_of(z, (double)(y + 1));
			in.north = lat_of(z, (double)y);
			want = by_sql(w, in);
			if (got != want)
				fail_msg("%d/%ld/%ld?%s: %ld instead of %ld", z, x, y, f->query, got, want);
			sum += got;
		}
	whole.west = &west;
	whole.east = ends;
	whole.south = south;
	whole.north = north;
	assert_int_equal(by_sql(w, whole), sum);
}

static void compare_all(struct world *w, struct browser *b, struct map_recount_args who, const struct filter *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct filter f = all[i];

		f.args.place_from = who.place_from;
		f.args.place_to = who.place_to;
		f.args.public_only = who.public_only;
		compare_tiles(w, b, &f, 9);
		compare_tiles(w, b, &f, 12);
		assert_int_equal(by_sql(w, f.args), member(ask(b, arena_printf(&w->s.arena, "/map/counts?%s", f.query).p), "total"));
	}
}

static void compare(struct world *w, struct browser *b, struct map_recount_args who)
{
	const struct filter all[] = {
		{"", who},
		{"category=city", {.category = STR("city"), .below_from = STR("city."), .below_to = STR("city/")}},
		{"category=public.lamp&state=handling", {.category = STR("public.lamp"), .below_from = STR("x"), .below_to = STR("x"), .state = STR("handling")}},
		{"state=filed", {.state = STR("filed")}},
		{"channel=grid&scenario=resident-report", {.channel = STR("grid"), .scenario = STR("resident-report")}},
		{"org=0", {.org = &(int64_t){0}}},
		{"state=closed&channel=portal", {.state = STR("closed"), .channel = STR("portal")}},
	};

	compare_all(w, b, who, all, ARRAY_LEN(all));
}

static void test_truth(void **state)
{
	struct world w;

	begin(&w, *state);
	compare(&w, &w.all, (struct map_recount_args){.place_from = STR(""), .place_to = STR("~")});
	compare(&w, &w.one, (struct map_recount_args){.place_from = w.town[0], .place_to = place_after(&w.s.arena, w.town[0])});
	compare(&w, &w.nobody, (struct map_recount_args){.place_from = STR(""), .place_to = STR("~"), .public_only = true});
	/* who sees everything may look as everybody does */
	assert_int_equal(member(ask(&w.nobody, "/map/counts"), "total"), member(ask(&w.all, "/map/counts?as=public"), "total"));
	end(&w);
}

/* ---- tags, and clocks that disagree ---- */

#define EMERGENCY "safety.fire"

/* Every tag on some; created tomorrow, or closed before it was created, as other systems' clocks have it. */
static enum err redress(struct tx *tx, void *arg)
{
	struct world *w = arg;
	enum err e = OK;

	for (int i = 0; e == OK && i < MATTERS; i++) {
		uint32_t r = number((uint32_t)i, 9);
		int64_t created = w->begun - (int64_t)(r >> 8 & 63) * MS_DAY, closed = r & 1 ? created + 5 * MS_DAY : 0;

		if (i % 10 == 3)
			created = w->begun + (1 + i % 7) * MS_DAY;
		if (i % 10 == 4)
			closed = created - 9 * MS_DAY;
		if (i % 10 == 5)
			closed = w->begun + 3 * MS_DAY;
		e = q_map_redress(tx->c, &(struct map_redress_args){
			.id = w->ids[i], .category = i % 9 == 2 ? STR(EMERGENCY) : STR("street.noise"), .created = created, .closed = closed, .demo = r >> 2 & 1,
			.reopened = r >> 3 & 1, .escalated = r >> 4 & 1 ? created + 1 : 0, .suspended_since = r >> 5 & 1 && !closed ? created + 2 : 0,
			.judge_solved = (int64_t)(r >> 14) % 3 - 1, .excluded = r >> 6 & 1, .merged_into = r >> 7 & 1 ? w->ids[0] : 0,
			.holder_org = r >> 16 & 1 ? 7 : 0}, NULL);
	}
	return e;
}

static const char *date_of(struct world *w, int64_t ms)
{
	return arena_strz(&w->s.arena, time_date(&w->s.arena, ms, TIME_CHINA));
}

static void test_tags_and_clocks(void **state)
{
	static const char *const tags[] = {"demo", "reopened", "escalated", "suspended", "solved", "not-solved", "excluded", "merged", "unassigned"};
	struct filter all[24];
	struct browser *who[3];
	struct world w;
	int64_t today, week, month, ahead;
	size_t n = 0;

	begin(&w, *state);
	assert_int_equal(OK, db_write(w.s.app->db, redress, &w));
	feed_stop();
	assert_int_equal(OK, feed_start(w.s.app, w.s.app->db, NULL));
	feed_settle();
	today = time_day_start(time_day_of(w.begun, TIME_CHINA), TIME_CHINA);
	week = today - 7 * MS_DAY;
	month = today - 30 * MS_DAY;
	ahead = today + 2 * MS_DAY;
#define QUERY(...) arena_printf(&w.s.arena, __VA_ARGS__).p
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		all[n++] = (struct filter){QUERY("tag=%s", tags[i]), {.tag = str_from(tags[i])}};
	all[n++] = (struct filter){"tag=emergency", {.category = STR(EMERGENCY), .below_from = STR("x"), .below_to = STR("x")}};
	all[n++] = (struct filter){QUERY("tag=merged&closed_from=%s", date_of(&w, month)), {.tag = STR("merged"), .closed_since = month}};
	all[n++] = (struct filter){QUERY("closed_from=%s&closed_to=%s", date_of(&w, month), date_of(&w, week - 1)), {.closed_since = month, .closed_until = week}};
	all[n++] = (struct filter){QUERY("closed_to=%s", date_of(&w, week - 1)), {.closed_until = week}};
	all[n++] = (struct filter){QUERY("closed_from=%s", date_of(&w, ahead)), {.closed_since = ahead}};
	all[n++] = (struct filter){QUERY("from=%s", date_of(&w, ahead)), {.since = ahead}};
	all[n++] = (struct filter){QUERY("from=%s&to=%s", date_of(&w, week), date_of(&w, ahead - 1)), {.since = week, .until = ahead}};
	all[n++] = (struct filter){QUERY("from=%s&closed_to=%s", date_of(&w, month), date_of(&w, month - 1)), {.since = month, .closed_until = month}};
#undef QUERY
	who[0] = &w.all;
	who[1] = &w.one;
	who[2] = &w.nobody;
	for (int i = 0; i < 3; i++)
		compare_all(&w, who[i], (struct map_recount_args){.place_from = i == 1 ? w.town[0] : STR(""),
			.place_to = i == 1 ? place_after(&w.s.arena, w.town[0]) : STR("~"), .public_only = i == 2}, all, n);
	for (size_t i = 0; i < n; i++) { /* none of them is empty, or the test says nothing */
		all[i].args.place_from = STR("");
		all[i].args.place_to = STR("~");
		if (by_sql(&w, all[i].args) == 0)
			fail_msg("nothing has %s", all[i].query);
	}
	/* either of two tags is enough, and a date before the first one is refused */
	assert_true(member(ask(&w.all, "/map/counts?tag=demo,merged"), "total") >= member(ask(&w.all, "/map/counts?tag=demo"), "total"));
	assert_int_equal(400, browser_get(&w.all, "/map/counts?closed_from=2026-02-02&closed_to=2026-02-01")->status);
	assert_int_equal(400, browser_get(&w.all, "/map/counts?tag=nothing")->status);
	end(&w);
}

/* ---- time and place ---- */

static int64_t sum_rows(json_t *j)
{
	json_t *rows = json_object_get(j, "rows"), *row;
	int64_t sum = 0;
	size_t i;

	json_array_foreach(rows, i, row)
		sum += member(row, "n");
	return sum;
}

static void test_counts(void **state)
{
	struct world w;
	struct map_recount_args all, town;
	int64_t since, until, day;
	json_t *j;

	begin(&w, *state);
	all = (struct map_recount_args){.place_from = STR(""), .place_to = STR("~")};
	town = (struct map_recount_args){.place_from = w.town[1], .place_to = place_after(&w.s.arena, w.town[1])};
	assert_int_equal(by_sql(&w, all), sum_rows(ask(&w.all, "/map/counts?by=place,category,state&level=grid")));
	assert_int_equal(by_sql(&w, town), member(ask(&w.all, "/map/counts?place=500105005"), "total"));
	assert_int_equal(by_sql(&w, all), sum_rows(ask(&w.all, "/map/counts?by=colour")));
	assert_int_equal(by_sql(&w, all), sum_rows(ask(&w.all, "/map/counts?by=group,place")));
	day = time_day_of(w.begun, TIME_CHINA) - 20;
	since = time_day_start(day, TIME_CHINA);
	until = time_day_start(day + 10, TIME_CHINA);
	all.since = since;
	all.until = until;
	j = ask(&w.all, arena_printf(&w.s.arena, "/map/counts?by=day&from=%.*s&to=%.*s", STR_ARG(time_date(&w.s.arena, since, TIME_CHINA)),
				     STR_ARG(time_date(&w.s.arena, until - 1, TIME_CHINA))).p);
	assert_true(by_sql(&w, all) > 0);
	assert_int_equal(by_sql(&w, all), sum_rows(j));
	assert_int_equal(by_sql(&w, all), member(j, "total"));
	/* what has no place on the map is counted beside */
	assert_int_equal(MATTERS / 8, member(ask(&w.all, "/map/counts"), "unlocated"));
	assert_int_equal(2, json_array_size(json_object_get(ask(&w.all, "/map/counts?by=place&level=town"), "rows")));
	end(&w);
}

static void test_rights(void **state)
{
	struct world w;
	struct browser *b;

	begin(&w, *state);
	assert_int_equal(403, browser_get(&w.one, "/map/counts?place=500105005")->status);
	assert_int_equal(200, browser_get(&w.one, "/map/counts?place=500105")->status);  /* the county: what of it is his */
	assert_int_equal(member(ask(&w.one, "/map/counts"), "total"), member(ask(&w.one, "/map/counts?place=500105"), "total"));
	assert_int_equal(401, browser_get(&w.nobody, "/map/state")->status);
	/* the first is not public: not in the list, and not by its number */
	b = &w.nobody;
	assert_int_equal(404, browser_get(b, arena_printf(&w.s.arena, "/ogc/collections/matters/items/%ld", w.ids[0]).p)->status);
	assert_int_equal(200, browser_get(&w.all, arena_printf(&w.s.arena, "/ogc/collections/matters/items/%ld", w.ids[0]).p)->status);
	assert_int_equal(200, browser_get(b, "/ogc/collections/matters/items?limit=1000")->status);
	assert_int_equal(-1, str_find(b->last.body, arena_printf(&w.s.arena, "%ld", w.ids[0])));
	assert_int_equal(-1, str_find(b->last.body, STR("路灯不亮")));
	end(&w);
}

/* No exact place leaves for the public: every location is the middle of a coarse cell. */
static void test_coarse(void **state)
{
	struct world w;
	json_t *features, *f;
	size_t i, located = 0;

	begin(&w, *state);
	features = json_object_get(ask(&w.nobody, "/ogc/collections/matters/items?limit=1000"), "features");
	json_array_foreach(features, i, f) {
		const json_t *at = json_get(json_get(f, "geometry"), "coordinates");
		struct mercator m;

		if (at == NULL)
			continue;
		m = mercator_from(json_number_value(json_array_get(at, 0)), json_number_value(json_array_get(at, 1)));
		/* the address has seven decimals, so within some units of the middle */
		assert_in_range((m.x & 0x3fff), 0x2000 - 16, 0x2000 + 16);
		assert_in_range((m.y & 0x3fff), 0x2000 - 16, 0x2000 + 16);
		located++;
	}
	assert_true(located > 50);
	end(&w);
}

/* What QGIS looks for: how long a page may be, ends of time as it writes them, and matters with a place before those without, page after page. */
static void test_programs(void **state)
{
	struct world w;
	const json_t *limit, *page, *f;
	struct str at;
	int64_t total, seen = 0;
	bool bare = false;
	size_t i;

	begin(&w, *state);
	limit = json_get(json_get(json_get(json_get(ask(&w.nobody, "/ogc/api"), "components"), "parameters"), "limit"), "schema");
	assert_true(member(limit, "maximum") == 10000 && member(limit, "default") == 100);
	total = member(ask(&w.all, "/map/counts"), "total");
	assert_int_equal(total, member(ask(&w.all, "/ogc/collections/matters/items?limit=1&datetime=0000-01-01T00:00:00Z/2100-01-01T00:00:00"), "numberMatched"));
	assert_int_equal(total, member(ask(&w.all, "/ogc/collections/matters/items?limit=1&datetime=1900-01-01/9999-12-31T00:00:00Z"), "numberMatched"));
	assert_int_equal(0, member(ask(&w.all, "/ogc/collections/matters/items?limit=1&datetime=0000-01-01T00:00:00Z/1950-01-01T00:00:00Z"), "numberMatched"));
	assert_int_equal(400, browser_get(&w.all, "/ogc/collections/matters/items?datetime=0000-13-01T00:00:00Z/..")->status);
	assert_int_equal(400, browser_get(&w.all, "/ogc/collections/matters/items?after=ux")->status);
	ask(&w.nobody, "/ogc/collections/matters/items?limit=10");
	assert_true(str_eqz(reply_header(&w.nobody.last, "Cache-Control"), "no-store"));
	page = ask(&w.nobody, "/ogc/collections/places/items?limit=5");
	assert_true(json_is_object(json_get(json_array_get(json_get(page, "features"), 0), "geometry")));
	page = ask(&w.nobody, "/ogc/collections/places/items?limit=1000");
	assert_true(json_is_null(json_get(json_array_get(json_get(page, "features"), (size_t)member(page, "numberReturned") - 1), "geometry")));
	for (const char *next = "/ogc/collections/matters/items?limit=17"; next;) {
		ptrdiff_t link;

		page = ask(&w.all, next);
		next = NULL;
		json_array_foreach(json_get(page, "features"), i, f) {
			bool none = json_is_null(json_get(f, "geometry"));

			assert_true(none >= bare);
			bare = none;
			seen++;
			assert_true(json_get_str(json_get(f, "properties"), "created", &at) && str_ends(at, "+08:00"));
			assert_int_equal(200, browser_get(&w.all, arena_printf(&w.s.arena, "/ogc/collections/matters/items/%s",
									      json_string_value(json_get(f, "id"))).p)->status);
		}
		json_array_foreach(json_get(page, "links"), i, f)
			if (json_get_str(f, "rel", &at) && str_eqz(at, "next") && json_get_str(f, "href", &at) && (link = str_find(at, STR("/ogc/"))) > 0)
				next = arena_strz(&w.s.arena, str_sub(at, (size_t)link, at.n));
	}
	assert_true(bare);
	assert_int_equal(total, seen);
	end(&w);
}

/* ---- changes ---- */

struct act { struct world *w; int64_t id; const char *action; struct actor_session who; };

static enum err withdraw(struct tx *tx, void *arg)
{
	struct act *a = arg;
	struct matter_act x = {.id = a->id, .version = -1, .action = str_from(a->action), .by = {.reporter = true}, .arena = tx->arena};

	return matter_do(tx, &x);
}

static enum err move_grid(struct tx *tx, void *arg)
{
	struct world *w = arg;
	struct str key;
	enum err e = place_move(tx, w->grid[0], place_up(w->grid[2], PLACE_COMMUNITY), 0, STR("test"), &key);

	if (e == OK)
		w->grid[0] = arena_str(&w->s.arena, key);
	return e;
}

static enum err merge_grids(struct tx *tx, void *arg)
{
	struct world *w = arg;

	return place_merge(tx, w->grid[2], w->grid[3], 0, STR("test"));
}

static int64_t in_town(struct world *w, int town)
{
	return by_sql(w, (struct map_recount_args){.place_from = w->town[town], .place_to = place_after(&w->s.arena, w->town[town])});
}

static void test_changes(void **state)
{
	struct world w;
	struct act a = {.w = &w, .action = "withdraw"};
	struct str tag;
	int64_t filed, seq;
	const char *tile = "/tiles/matters/6/50/26.mvt?state=filed";

	begin(&w, *state);
	filed = member(ask(&w.all, "/map/counts?state=filed"), "total");
	seq = member(ask(&w.all, "/map/counts"), "seq");
	tile_sum(&w.all, tile);
	tag = reply_header(&w.all.last, "ETag");
	w.all.extra = arena_printf(&w.s.arena, "If-None-Match: %.*s\r\n", STR_ARG(tag));
	assert_int_equal(304, browser_get(&w.all, tile)->status);
	for (int i = 0; i < MATTERS && a.id == 0; i++) {
		struct point p;

		if (feed_get(w.ids[i], &p) && str_eqz(code_word(CODE_STATE, p.state), "filed") && !(p.flags & POINT_UNLOCATED))
			a.id = w.ids[i];
	}
	assert_true(a.id > 0);
	assert_int_equal(OK, db_write(w.s.app->db, withdraw, &a));
	feed_settle();
	w.all.extra = STR("");
	assert_int_equal(filed - 1, member(ask(&w.all, "/map/counts?state=filed"), "total"));
	assert_true(member(ask(&w.all, "/map/counts"), "seq") > seq);
	tile_sum(&w.all, tile);
	assert_false(str_eq(tag, reply_header(&w.all.last, "ETag")));
	compare(&w, &w.all, (struct map_recount_args){.place_from = STR(""), .place_to = STR("~")});
	end(&w);
}

/* Hundreds of deadlines are told of: kept tiles stay good, but for those that ask for it. */
static void test_told(void **state)
{
	struct world w;
	struct str plain, tagged;
	const char *tile = "/tiles/matters/6/50/26.mvt", *late = "/tiles/matters/6/50/26.mvt?tag=escalated";
	int64_t before, sum, minute;
	int told;

	begin(&w, *state);
	minute = clock_now() / MS_MINUTE; /* single matters carry their colour, which depends on it */
	tile_sum(&w.all, tile);
	plain = reply_header(&w.all.last, "ETag");
	before = tile_sum(&w.all, late);
	tagged = reply_header(&w.all.last, "ETag");
	assert_int_equal(OK, matter_run_clocks(w.s.app->db, clock_now(), &told));
	assert_true(told > 20);
	feed_settle();
	sum = tile_sum(&w.all, late);
	assert_true(sum > before);
	assert_false(str_eq(tagged, reply_header(&w.all.last, "ETag")));
	tile_sum(&w.all, tile);
	if (clock_now() / MS_MINUTE == minute)
		assert_true(str_eq(plain, reply_header(&w.all.last, "ETag")));
	compare(&w, &w.all, (struct map_recount_args){.place_from = STR(""), .place_to = STR("~")});
	end(&w);
}

/* Places move and merge: whoever may see the town sees what is in it now. */
static void test_moves(void **state)
{
	struct world w;
	int64_t before;

	begin(&w, *state);
	before = in_town(&w, 0);
	assert_int_equal(before, member(ask(&w.one, "/map/counts"), "total"));
	assert_int_equal(OK, db_write(w.s.app->db, move_grid, &w));
	feed_settle();
	assert_true(in_town(&w, 0) < before);
	assert_int_equal(in_town(&w, 0), member(ask(&w.one, "/map/counts"), "total"));
	assert_int_equal(in_town(&w, 1), member(ask(&w.all, "/map/counts?place=500105005"), "total"));
	assert_int_equal(OK, db_write(w.s.app->db, merge_grids, &w));
	feed_settle();
	assert_int_equal(in_town(&w, 1), member(ask(&w.all, "/map/counts?place=500105005"), "total"));
	assert_int_equal(by_sql(&w, (struct map_recount_args){.place_from = w.grid[3], .place_to = place_after(&w.s.arena, w.grid[3])}),
			 member(ask(&w.all, "/map/counts?place=500105005001002"), "total"));
	compare(&w, &w.one, (struct map_recount_args){.place_from = w.town[0], .place_to = place_after(&w.s.arena, w.town[0])});
	end(&w);
}

/* ---- a default coordinate ---- */

struct crowd { struct matter_new *v; size_t n; };

static enum err file_all(struct tx *tx, void *arg)
{
	struct crowd *c = arg;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < c->n; i++)
		e = matter_file(tx, &c->v[i]);
	return e;
}

/* An office without a position gives all its matters the same one: no hot spot, but counted. */
static void test_default(void **state)
{
	struct world w;
	struct matter_value v[] = {{STR("what"), STR("路灯不亮")}};
	struct crowd c = {.n = FEED_DEFAULT_AT + 20};
	int64_t unlocated, on_map;

	begin(&w, *state);
	unlocated = member(ask(&w.all, "/map/counts"), "unlocated");
	on_map = tile_sum(&w.all, "/tiles/matters/0/0/0.mvt");
	c.v = arena_array(&w.s.arena, struct matter_new, c.n);
	for (size_t i = 0; i < c.n; i++) {
		c.v[i] = (struct matter_new){.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = w.grid[1],
					     .category = STR("public.lamp"), .channel = STR("portal"), .lon = 106.6, .lat = 29.5, .is_public = true};
		assert_int_equal(OK, matter_prepare(&w.s.arena, &c.v[i], w.begun));
	}
	assert_int_equal(OK, db_write(w.s.app->db, file_all, &c));
	feed_settle();
	assert_int_equal(unlocated + (int64_t)c.n, member(ask(&w.all, "/map/counts"), "unlocated"));
	assert_int_equal(on_map, tile_sum(&w.all, "/tiles/matters/0/0/0.mvt"));
	assert_int_equal(MATTERS + c.n, member(ask(&w.all, "/map/counts"), "total"));
	end(&w);
}

/* ---- what makes no sense ---- */

/* Nobody can use up the numbers of organisations by asking. */
static void asks_for_strangers(struct world *w)
{
	size_t before = code_count(CODE_ORG);

	for (int i = 0; i < 50; i++)
		assert_int_equal(0, member(ask(&w->nobody, arena_printf(&w->s.arena, "/map/counts?org=%d", 900000 + i).p), "total"));
	assert_int_equal(before, code_count(CODE_ORG));
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"/tiles/matters/3/8/0.mvt", "/tiles/matters/3/0/-1.mvt", "/tiles/matters/23/0/0.mvt", "/tiles/matters/a/0/0.mvt",
		"/tiles/matters/99999999999999999999/0/0.mvt", "/tiles/matters/0/0/0.mvt?colour=red", "/tiles/matters/0/0/0.mvt?category=nothing.such",
		"/tiles/matters/0/0/0.mvt?state=nothing", "/tiles/matters/0/0/0.mvt?from=yesterday", "/tiles/matters/0/0/0.mvt?from=2026-02-30",
		"/tiles/matters/0/0/0.mvt?from=2026-03-01&to=2026-02-01", "/tiles/matters/0/0/0.mvt?place=42", "/tiles/matters/0/0/0.mvt?org=x",
		"/tiles/matters/0/0/0.mvt?tag=x", "/tiles/matters/0/0/0.mvt?color=late", "/tiles/matters/0/0/0.mvt?state=filed&state=closed",
		"/tiles/matters/0/0/0.mvt?by=x", "/tiles/matters/0/0/0.mvt?to=99999999999999999", "/map/counts?by=x", "/map/counts?by=place&level=x",
		"/map/counts?by=hour&from=2020-01-01", "/map/series?step=week", "/map/density?bbox=1,2,3", "/map/density?bbox=5,0,1,1", "/map/density?zoom=40",
		"/map/counts?as=god", "/map/live?category=city", "/ogc/collections/matters/items?bbox=1,2", "/ogc/collections/matters/items?limit=0",
		"/ogc/collections/matters/items?crs=EPSG:2154", "/ogc/collections/matters/items?datetime=x", "/ogc/collections/matters/items?unknown=1",
		"/ogc/collections/places/items?after=-1", "/ogc?x=1"};
	static const char *const none[] = {"/tiles/nothing/0/0/0.mvt", "/tiles/matters/0/0/0.png", "/ogc/collections/nothing", "/ogc/collections/matters/items/x",
					   "/ogc/collections/matters/items/99", "/ogc/collections/matters/tiles/Other", "/ogc/collections/matters/tiles/WebMercatorQuad/3/8/0"};
	struct world w;

	begin(&w, *state);
	asks_for_strangers(&w);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct str message;
		json_t *j;

		if (browser_get(&w.nobody, bad[i])->status != 400)
			fail_msg("%s: %d %.*s", bad[i], w.nobody.last.status, STR_ARG(w.nobody.last.body));
		if (strcmp(bad[i], "/map/live?category=city") == 0)
			continue; /* a stream: its error is a page */
		assert_int_equal(OK, json_parse(&w.s.arena, w.nobody.last.body, NULL, &j, &message));
		assert_true(json_get_str(json_get(j, "error"), "message", &message) && message.n > 10);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (browser_get(&w.nobody, none[i])->status != 404)
			fail_msg("%s: %d", none[i], w.nobody.last.status);
	end(&w);
}

/* ---- the wall ---- */

static void test_state(void **state)
{
	struct world w;
	struct map_recount_args town;
	json_t *j, *child;
	int64_t open = 0, below = 0;
	size_t i;
	const char *name;
	json_t *v;

	begin(&w, *state);
	town = (struct map_recount_args){.place_from = w.town[0], .place_to = place_after(&w.s.arena, w.town[0])};
	j = ask(&w.one, "/map/state");
	json_object_foreach(json_get(j, "open"), name, v)
		open += json_integer_value(v);
	town.state = STR("filed");
	below = by_sql(&w, town);
	town.state = STR("handling");
	assert_int_equal(below + by_sql(&w, town), open);
	below = 0;
	json_array_foreach(json_get(j, "children"), i, child)
		below += member(child, "open");
	assert_int_equal(open, below);
	assert_int_equal(12, json_array_size(json_get(j, "newest")));
	assert_int_equal(12, json_array_size(json_get(j, "oldest")));
	assert_int_equal(1, json_array_size(json_get(j, "duty")));
	assert_int_equal(403, browser_get(&w.one, "/map/state?place=500105005")->status);
	assert_int_equal(403, browser_get(&w.one, "/map/stats")->status);
	site_account(&w.s, "root", "sysadmin", PASSWORD);
	browser_login(&w.nobody, "root", PASSWORD);
	assert_int_equal(MATTERS, member(ask(&w.nobody, "/map/stats"), "rows"));
	j = ask(&w.one, arena_printf(&w.s.arena, "/map/replay?from=%ld&to=%ld", w.begun - 30 * MS_DAY, w.begun).p);
	assert_true(json_array_size(json_get(j, "events")) > 10);
	json_array_foreach(json_get(j, "events"), i, child)
		if (i)
			assert_true(member(json_array_get(json_get(j, "events"), i - 1), "t") <= member(child, "t"));
	end(&w);
}

static void file_fire(struct world *w, struct str grid)
{
	struct matter_value v[] = {{STR("what"), STR("楼道里冒烟")}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 1, .place = grid, .category = STR("safety.fire"),
			       .channel = STR("portal"), .lon = 106.51, .lat = 29.6, .created = w->begun};

	assert_int_equal(OK, matter_prepare(&w->s.arena, &m, w->begun));
	assert_int_equal(OK, db_write(w->s.app->db, matter_file, &m));
}

/* What is urgent stands on the wall wherever it looks just now, within the rights of who looks. */
static void test_urgent(void **state)
{
	struct world w;

	begin(&w, *state);
	file_fire(&w, w.grid[0]);
	file_fire(&w, w.grid[3]);
	feed_settle();
	assert_int_equal(2, json_array_size(json_get(ask(&w.all, "/map/state"), "urgent")));
	assert_int_equal(2, json_array_size(json_get(ask(&w.all, "/map/state?place=500105004"), "urgent")));
	assert_int_equal(1, json_array_size(json_get(ask(&w.one, "/map/state"), "urgent")));
	end(&w);
}

/* Titles are texts of residents: what is said in one answer or another never holds a whole telephone number, and where it is stands in words. */
static void test_titles_masked(void **state)
{
	static const char *const all[] = {"/map/state", "/map/pick?bbox=106,29,107,30", "/ogc/collections/matters/items?limit=5", "/map/export.csv",
					  "/map/export.geojson"};
	struct world w;
	json_t *row;

	begin(&w, *state);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct str body = browser_get(&w.one, all[i])->body;

		if (str_find(body, STR("13812345678")) >= 0 || str_find(body, STR("138****5678")) < 0)
			fail_msg("%s", all[i]);
	}
	row = json_array_get(json_get(ask(&w.one, "/map/state"), "newest"), 0);
	assert_true(strchr(json_string_value(json_get(row, "place")), ' ') != NULL);
	end(&w);
}

/* ---- exports ---- */

/* A stream comes in chunks. */
static void dechunk(struct browser *b)
{
	struct str rest = b->last.body, size;
	struct buf all;

	buf_init(&all, 16 << 20);
	while (str_split(&rest, '\n', &size)) {
		size_t n = (size_t)strtol(arena_strz(&b->site->arena, size), NULL, 16);

		buf_adds(&all, str_sub(rest, 0, n));
		rest = str_sub(rest, n + 2, rest.n);
	}
	b->last.body = arena_str(&b->site->arena, buf_str(&all));
	buf_release(&all);
}

static size_t lines_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void test_export(void **state)
{
	struct world w;
	struct map_recount_args all = {.place_from = STR(""), .place_to = STR("~"), .state = STR("filed")};
	struct str why;
	json_t *j;

	begin(&w, *state);
	assert_int_equal(200, browser_get(&w.all, "/map/export.csv?state=filed")->status);
	dechunk(&w.all);
	assert_int_equal(by_sql(&w, all) + 1, lines_of(w.all.last.body));
	all.public_only = true;
	assert_int_equal(200, browser_get(&w.nobody, "/map/export.csv?state=filed")->status);
	dechunk(&w.nobody);
	assert_int_equal(by_sql(&w, all) + 1, lines_of(w.nobody.last.body));
	assert_int_equal(200, browser_get(&w.nobody, "/map/export.geojson?state=filed")->status);
	dechunk(&w.nobody);
	assert_int_equal(OK, json_parse(&w.s.arena, w.nobody.last.body, NULL, &j, &why));
	assert_int_equal(by_sql(&w, all), json_array_size(json_get(j, "features")));
	end(&w);
}

/* ---- the points on disk: believed only when they belong to this store ---- */

static enum err say(struct tx *tx, void *arg)
{
	struct journal_entry e = {.kind = str_from(arg), .subject = 1, .place = STR(""), .data = STR("{}")};

	return journal_append(tx, &e);
}

static int64_t last_entry(struct world *w)
{
	struct db_conn *c = db_read_begin(w->s.app->db);
	int64_t last;

	assert_int_equal(OK, journal_last(c, &last));
	db_read_end(c);
	return last;
}

static struct set *tree_of(struct world *w)
{
	struct db_conn *c = db_read_begin(w->s.app->db);
	struct set *tree = NULL;

	assert_int_equal(OK, set_read_places(c, &tree));
	db_read_end(c);
	return tree;
}

static bool comes_back(struct world *w, const char *var, struct set *tree, int64_t last, int64_t rows)
{
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct defaults *d = defaults_new();
	struct points_stats st;
	int64_t seq = 0;
	size_t n;
	bool ok;

	codes_forget();
	ok = snapshot_restore(w->s.app->db, p, d, tree, var, last, &seq);
	if (ok) {
		points_stats(p, &st);
		assert_int_equal(rows, st.rows);
		defaults_all(d, &n);
		assert_int_equal(1, n);
		assert_true(code_count(CODE_STATE) == 2 && str_eqz(code_word(CODE_STATE, 1), "closed"));
	}
	points_free(p);
	defaults_free(d);
	return ok;
}

static void test_snapshot(void **state)
{
	const struct point v[] = {{.id = 1, .at = {5, 6}, .state = 0}, {.id = 2, .at = {7, 8}, .state = 1}};
	struct world w;
	struct points *p = points_new(&(struct points_options){.no_thread = true});
	struct defaults *d = defaults_new();
	struct set *tree;
	const char *var;
	int64_t last;

	begin(&w, *state);
	var = arena_printf(&w.s.arena, "%s/snap", unit_tmp()).p;
	tree = tree_of(&w);
	last = last_entry(&w);
	codes_forget();
	assert_int_equal(0, code_of(CODE_STATE, STR("filed")));
	assert_int_equal(1, code_of(CODE_STATE, STR("closed")));
	defaults_put(d, (struct mercator){9, 9});
	assert_false(comes_back(&w, var, tree, last, 0)); /* there is none */
	codes_forget();
	code_of(CODE_STATE, STR("filed"));
	code_of(CODE_STATE, STR("closed"));
	assert_int_equal(OK, points_load(p, v, 2, last));
	assert_true(snapshot_save(w.s.app->db, p, d, tree, var));
	assert_true(comes_back(&w, var, tree, last, 2));
	assert_false(comes_back(&w, var, tree, last - 1, 2)); /* the store has been put back to before it */
	assert_int_equal(OK, db_write(w.s.app->db, say, (void *)(uintptr_t)"test.said"));
	assert_true(comes_back(&w, var, tree, last + 1, 2));   /* what came after is read from the journal */
	set_unref(tree);
	assert_int_equal(OK, db_write(w.s.app->db, merge_grids, &w));
	assert_int_equal(OK, db_write(w.s.app->db, move_grid, &w));
	tree = tree_of(&w);
	assert_false(comes_back(&w, var, tree, last_entry(&w), 2)); /* other places behind the ordinals */
	set_unref(tree);
	points_free(p);
	defaults_free(d);
	end(&w);
}

/* ---- the store is gone: what is known is told, with its age ---- */

static void test_store_gone(void **state)
{
	struct unit *u = *state;
	struct str url = str_from(u->url), name, rest = url, server, why = STR("");
	struct world w;
	ptrdiff_t slash, mark;
	int64_t total;

	begin(&w, u);
	total = member(ask(&w.nobody, "/map/counts"), "total");
	slash = str_find(url, STR(":///"));
	mark = str_chr(url, '?');
	assert_true(slash > 0 && mark > slash);
	name = str_sub(url, (size_t)slash + 4, (size_t)mark - (size_t)slash - 4);
	server = arena_printf(&w.s.arena, "%.*spostgres%.*s", (int)slash + 4, rest.p, (int)(url.n - (size_t)mark), rest.p + mark);
	assert_int_equal(OK, raw_pg_exec(server.p, arena_printf(&w.s.arena, "ALTER DATABASE %.*s ALLOW_CONNECTIONS false", STR_ARG(name)).p, &w.s.arena,
					 &why));
	assert_int_equal(OK, raw_pg_exec(server.p, arena_printf(&w.s.arena, "DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM "
								"pg_stat_activity WHERE datname = '%.*s'; END $$", STR_ARG(name)).p, &w.s.arena, &why));
	assert_int_equal(total, member(ask(&w.nobody, "/map/counts"), "total"));
	assert_true(tile_sum(&w.nobody, "/tiles/matters/6/50/26.mvt") > 0);
	assert_int_equal(200, browser_get(&w.nobody, "/ogc/collections/matters/items")->status);
	assert_true(browser_get(&w.all, "/map/counts")->status >= 500); /* rights cannot be checked: nothing is shown on trust */
	for (int i = 0; i < 100 && reply_header(&w.nobody.last, "X-Data-Age").p == NULL; i++) {
		usleep(100000);
		browser_get(&w.nobody, "/map/counts");
	}
	assert_true(reply_header(&w.nobody.last, "X-Data-Age").n > 0);
	assert_int_equal(OK, raw_pg_exec(server.p, arena_printf(&w.s.arena, "ALTER DATABASE %.*s ALLOW_CONNECTIONS true", STR_ARG(name)).p, &w.s.arena,
					 &why));
	/* and when it is back, the age goes */
	for (int i = 0; i < 200 && reply_header(&w.nobody.last, "X-Data-Age").p; i++) {
		usleep(100000);
		browser_get(&w.nobody, "/map/counts");
	}
	assert_null(reply_header(&w.nobody.last, "X-Data-Age").p);
	end(&w);
}

/* ---- the screens ---- */

/* How many rows of the answer stand where they were asked for; every one of them is the reader's. */
static int64_t picked(struct world *w, struct browser *b, const char *path, struct str from, struct str to)
{
	json_t *rows = json_get(ask(b, path), "rows"), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		double lon = json_real_value(json_get(row, "lon")), lat = json_real_value(json_get(row, "lat"));
		struct db_conn *c = db_read_begin(w->s.app->db);
		struct matter m;
		int64_t id;

		assert_true(lon >= 106.45 && lon <= 106.65 && lat >= 29.45 && lat <= 29.65);
		assert_true(str_i64(str_from(json_string_value(json_get(row, "id"))), &id));
		assert_int_equal(OK, matter_get(c, &w->s.arena, id, &m));
		db_read_end(c);
		assert_true(str_cmp(m.place, from) >= 0 && str_cmp(m.place, to) < 0);
	}
	return (int64_t)json_array_size(rows);
}

static void test_pick(void **state)
{
	static const char box[] = "bbox=106.45,29.45,106.65,29.65";
	static const char ring[] = "poly=106.45,29.45;106.65,29.45;106.65,29.65;106.45,29.65";
	struct world w;
	struct str town, behind;
	int64_t all, one;

	begin(&w, *state);
	town = w.town[0];
	behind = place_after(&w.s.arena, town);
	all = picked(&w, &w.all, arena_printf(&w.s.arena, "/map/pick?%s", box).p, STR(""), STR("\x7f"));
	one = picked(&w, &w.one, arena_printf(&w.s.arena, "/map/pick?%s", box).p, town, behind);
	assert_true(one > 5 && one < all);
	/* the same area drawn as a line, and as a line with a filter */
	assert_int_equal(one, picked(&w, &w.one, arena_printf(&w.s.arena, "/map/pick?%s", ring).p, town, behind));
	assert_int_equal(one, picked(&w, &w.one, arena_printf(&w.s.arena, "/map/pick?%s&state=open", ring).p, town, behind) +
				      picked(&w, &w.one, arena_printf(&w.s.arena, "/map/pick?%s&state=ended", ring).p, town, behind));
	assert_int_equal(400, browser_get(&w.one, "/map/pick?bbox=106.65,29.45,106.45,29.65")->status);
	assert_int_equal(400, browser_get(&w.one, "/map/pick?bbox=1,2,3")->status);
	assert_int_equal(400, browser_get(&w.one, "/map/pick?poly=106.4,29.4;106.5,29.4")->status);
	assert_int_equal(400, browser_get(&w.one, "/map/pick?poly=a,b;c,d;e,f")->status);
	assert_int_equal(403, browser_get(&w.one, "/map/pick?place=500105005&bbox=106,29,107,30")->status);
	assert_int_not_equal(200, browser_get(&w.nobody, "/map/pick?bbox=106,29,107,30")->status);
	assert_int_equal(400, browser_get(&w.one, "/map/around?lon=200&lat=29")->status);
	assert_true(str_find(str_from(json_string_value(json_get(ask(&w.one, "/map/around?lon=106.5&lat=29.6"), "where"))), STR("500105004001")) >= 0);
	end(&w);
}

static void test_screens(void **state)
{
	static const char *const staff[] = {"/wall", "/wall?place=500105004001", "/map", "/map?state=open&colour=&category=city&from=&to="};
	struct world w;
	json_t *j;

	begin(&w, *state);
	for (size_t i = 0; i < ARRAY_LEN(staff); i++) {
		if (browser_get(&w.one, staff[i])->status != 200)
			fail_msg("%s: %d %.*s", staff[i], w.one.last.status, STR_ARG(w.one.last.body));
		assert_int_not_equal(200, browser_get(&w.nobody, staff[i])->status);
	}
	/* what stands in the page before any script is what the wall's data say */
	j = ask(&w.one, "/map/state");
	browser_get(&w.one, "/wall");
	assert_true(str_find(w.one.last.body, arena_printf(&w.s.arena, "id=\"open-late\">%ld<", member(json_get(j, "open"), "late"))) >= 0);
	assert_true(str_find(w.one.last.body, arena_printf(&w.s.arena, "id=\"today-in\">%ld<", member(json_get(j, "today"), "in"))) >= 0);
	assert_int_equal(403, browser_get(&w.one, "/wall?place=500105005")->status);
	assert_int_equal(400, browser_get(&w.one, "/map?state=nonsense")->status);
	browser_get(&w.one, "/map?state=open");
	assert_true(str_find(w.one.last.body, STR("data-query=\"state=open\"")) >= 0);
	assert_true(str_find(w.one.last.body, STR("href=\"/cases?state=open\"")) >= 0);
	end(&w);
}

static void import_csv(struct world *w, const char *name, struct str permission, const char *csv)
{
	struct layer_import im = {.name = str_from(name), .title = STR("层"), .permission = permission};
	struct str path = arena_printf(&w->s.arena, "%s/layer.csv", unit_tmp()), why = STR("");
	struct layer_columns columns = {0};
	struct layer_file *f;
	FILE *out = fopen(path.p, "w");

	assert_non_null(out);
	fputs(csv, out);
	fclose(out);
	assert_int_equal(OK, layer_open(&f, path.p, COORD_CGCS2000, &columns, &w->s.arena, &why));
	assert_int_equal(OK, layer_import(w->s.app->db, f, &im, &w->s.arena, &why));
	layer_close(f);
	assert_int_equal(0, im.faulty);
}

static size_t rows_of(struct browser *b, const char *typed)
{
	return json_array_size(json_get(ask(b, arena_printf(&b->site->arena, "/map/find.json?q=%s", typed).p), "rows"));
}

/* Names lead to places and to things of layers: those of the reader's own area, and of layers he may see. A change is seen at once. */
static void test_find(void **state)
{
	struct world w;
	struct str name = STR("market");
	json_t *row;

	begin(&w, *state);
	import_csv(&w, "market", STR(""), "id,name,lon,lat,place\n1,旧书市场,106.5,29.6,500105004001\n"
					 "2,旧书市场,106.6,29.6,500105005001\n");
	import_csv(&w, "store", STR("system.manage"), "id,name,lon,lat,place\n1,旧书仓库,106.5,29.6,500105004001\n");
	assert_int_equal(2, rows_of(&w.all, "jiushu"));
	assert_int_equal(1, rows_of(&w.one, "jiushu"));   /* the other market is another town's, the store nobody's without the right */
	assert_int_equal(0, rows_of(&w.one, "cangku"));
	assert_int_equal(401, browser_get(&w.nobody, "/map/find.json?q=jiushu")->status);
	row = json_array_get(json_get(ask(&w.one, "/map/find.json?q=jiushu"), "rows"), 0);
	assert_string_equal("point", json_string_value(json_get(row, "kind")));
	assert_string_equal("500105004001", json_string_value(json_get(row, "code")));
	assert_string_equal("/map?place=500105004001&at=106.500000,29.600000", json_string_value(json_get(row, "href")));
	assert_int_equal(200, browser_get(&w.one, json_string_value(json_get(row, "href")))->status);
	assert_true(str_find(w.one.last.body, STR("data-at=\"106.500000,29.600000\"")) >= 0);
	assert_int_equal(400, browser_get(&w.one, "/map?at=1,200")->status);
	row = json_array_get(json_get(ask(&w.one, "/map/find.json?q=500105004001"), "rows"), 0);
	assert_int_equal(4, json_array_size(json_get(row, "box")));
	assert_int_equal(200, browser_get(&w.one, "/map/find?q=jiushu&to=wall")->status);
	assert_true(str_find(w.one.last.body, STR("/wall?place=500105004001")) >= 0);
	assert_int_equal(OK, db_write(w.s.app->db, layer_drop, &name));
	assert_int_equal(0, rows_of(&w.one, "jiushu"));
	end(&w);
}

/* Anybody's map says what is public and nothing else, at the middle of cells. */
static void test_nearby(void **state)
{
	struct world w;
	struct str body;

	begin(&w, *state);
	assert_int_equal(200, browser_get(&w.nobody, "/t/500105004/nearby?lon=106.55&lat=29.6&half=5000")->status);
	body = w.nobody.last.body;
	assert_true(str_find(body, STR("<svg")) >= 0);
	assert_true(str_find(body, STR("路灯不亮")) >= 0);
	assert_true(str_find(body, STR("/cases/")) < 0);
	for (int i = 0; i < MATTERS; i++)
		assert_true(str_find(body, arena_printf(&w.s.arena, "%lld", (long long)w.ids[i])) < 0);
	assert_int_equal(404, browser_get(&w.nobody, "/t/999999999/nearby")->status);
	assert_int_equal(404, browser_get(&w.nobody, "/t/500105/nearby")->status);
	assert_int_equal(200, browser_get(&w.nobody, "/t/500105004001/nearby?lon=x&lat=1e9&half=-4")->status);
	end(&w);
}

/* An answer is compressed when it is asked for again, is the same then, and goes away without harm when something has changed. */
static void test_kept_answers(void **state)
{
	struct world w;
	struct str plain;
	size_t packed;

	begin(&w, *state);
	browser_get(&w.all, "/map/state");
	plain = arena_str(&w.s.arena, w.all.last.body);
	w.all.extra = STR("Accept-Encoding: gzip\r\n");
	browser_get(&w.all, "/map/state");
	browser_get(&w.all, "/map/state");
	packed = w.all.last.body.n;
	assert_true(str_eqz(reply_header(&w.all.last, "Content-Encoding"), "gzip"));
	assert_true(packed < plain.n);
	browser_get(&w.all, "/map/state");
	assert_int_equal(packed, w.all.last.body.n);
	file_one(&w, MATTERS);
	feed_settle();
	w.all.extra = STR_NULL;
	/* the wall's state is made anew at most four times a second */
	for (int i = 0; i < 100 && (i == 0 || str_eq(plain, w.all.last.body)); i++) {
		if (i)
			usleep(50000);
		assert_int_equal(200, browser_get(&w.all, "/map/state")->status);
	}
	assert_false(str_eq(plain, w.all.last.body));
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(test_truth), UNIT_BOTH(test_tags_and_clocks), UNIT_BOTH(test_counts), UNIT_BOTH(test_rights), UNIT_BOTH(test_coarse),
		UNIT_BOTH(test_programs), UNIT_BOTH(test_changes), UNIT_BOTH(test_told),
		UNIT_BOTH(test_moves), UNIT_BOTH(test_default), UNIT_BOTH(test_bad), UNIT_BOTH(test_state), UNIT_BOTH(test_titles_masked),
		UNIT_BOTH(test_urgent), UNIT_BOTH(test_export),
		UNIT_BOTH(test_snapshot), UNIT_ON(DB_PG, test_store_gone), UNIT_BOTH(test_pick), UNIT_BOTH(test_screens), UNIT_BOTH(test_nearby),
		UNIT_BOTH(test_kept_answers), UNIT_BOTH(test_find),
	};

	return UNIT_MAIN(tests);
}
