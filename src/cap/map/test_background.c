/*
 * The ground from an OpenStreetMap extract, on both stores: put in force as a whole, the same file changes nothing, an interruption loses nothing, a broken file
 * changes nothing; tiles over HTTP, names of roads as names of places, and a running server that takes over what was imported.
 */
#include "core/place/testing.h"
#include "web/testing.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cap/map/feed.h"
#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "core/actor/actor.h"
#include "core/journal/journal.h"
#include "core/matter/matter.h"
#include "core/matter/scenario.h"
#include "core/place/area.h"
#include "core/place/find.h"
#include "db/raw.h"
#include "geo/mvt.h"
#include "geo/osm_testing.h"

/* ---- two towns side by side, and extracts of them ---- */

static struct str add(struct tx *tx, struct str parent, const char *code, const char *name, enum place_level level, double lon)
{
	return place_made(tx, tx->arena, parent, code, name, level, lon, 29.55);
}

static enum err make_places(struct tx *tx, void *arg)
{
	struct str p = add(tx, STR(""), "50", "重庆市", PLACE_PROVINCE, NAN), c = add(tx, p, "5001", "市辖区", PLACE_CITY, NAN);
	struct str d = add(tx, c, "500105", "江北区", PLACE_DISTRICT, NAN), t;

	(void)arg;
	t = add(tx, d, "500105004", "大石坝街道", PLACE_TOWN, 106.5);
	add(tx, t, "500105004001", "石门社区", PLACE_COMMUNITY, 106.50);
	t = add(tx, d, "500105005", "石马河街道", PLACE_TOWN, 106.53);
	add(tx, t, "500105005001", "盘溪社区", PLACE_COMMUNITY, 106.53);
	return OK;
}

#define NODES "<osm><node id='1' lat='29.55' lon='106.500'/><node id='2' lat='29.55' lon='106.504'/><node id='3' lat='29.55' lon='106.528'/>" \
	"<node id='4' lat='29.55' lon='106.532'/><node id='5' lat='29.552' lon='106.532'/>"
#define ROAD(id, a, b, name) "<way id='" #id "'><nd ref='" #a "'/><nd ref='" #b "'/><tag k='highway' v='primary'/><tag k='name' v='" name "'/></way>"
/* 红石路 runs in one community, 长安路 in both */
#define TOWN NODES ROAD(1, 1, 2, "红石路") ROAD(2, 2, 3, "长安路") \
	"<way id='3'><nd ref='3'/><nd ref='4'/><nd ref='5'/><nd ref='3'/><tag k='natural' v='water'/></way></osm>"

static const char *file_of(const char *text)
{
	static int n;
	static char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/extract-%d.osm", unit_tmp(), n++);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(strlen(text), fwrite(text, 1, strlen(text), f));
	assert_int_equal(0, fclose(f));
	return path;
}

static struct ground_import import(struct db *db, struct arena *a, const char *path)
{
	struct ground_import im = {.path = path, .source = STR("测试 2026-11-20")};
	struct str why = STR("");

	if (ground_import(db, &im, a, &why) != OK)
		fail_msg("%s: %.*s", path, STR_ARG(why));
	return im;
}

static struct map_grounds_rows grounds(struct db *db, struct arena *a)
{
	struct db_conn *c = db_read_begin(db);
	struct map_grounds_rows rows;

	assert_int_equal(OK, q_map_grounds(c, a, &rows));
	db_read_end(c);
	return rows;
}

static int64_t entries(struct db *db)
{
	struct db_conn *c = db_read_begin(db);
	int64_t seq;

	assert_int_equal(OK, journal_last(c, &seq));
	db_read_end(c);
	return seq;
}

static int64_t count(struct db *db, struct arena *a, int64_t edition)
{
	struct db_conn *c = db_read_begin(db);
	struct map_ground_parts_count_row p;
	struct map_roads_count_row r;

	assert_int_equal(OK, q_map_ground_parts_count(c, a, edition, &p));
	assert_int_equal(OK, q_map_roads_count(c, a, edition, &r));
	db_read_end(c);
	return p.n * 1000 + r.n;
}

/* ---- import ---- */

static void begin(struct unit *u)
{
	struct str why;

	site_keys();
	assert_int_equal(OK, journal_init(u->db, NULL, u->a, &why));
	assert_int_equal(OK, db_write(u->db, make_places, NULL));
	place_where_forget();
}

static void whole_and_once(void **state)
{
	struct unit *u = *state;
	struct ground_import im;
	struct map_grounds_rows rows;
	const char *path;
	int64_t seq, first;

	begin(u);
	path = file_of(TOWN);
	im = import(u->db, u->a, path);
	/* two communities on 长安路, one on 红石路 */
	assert_true(im.features == 3 && im.roads == 3 && !im.same);
	rows = grounds(u->db, u->a);
	assert_true(rows.n == 1 && rows.v[0].in_force && rows.v[0].parts == 1 && rows.v[0].features == 3 && str_eqz(rows.v[0].source, "测试 2026-11-20"));
	first = rows.v[0].id;
	seq = entries(u->db);
	/* the same once more: not a row, not an entry */
	im = import(u->db, u->a, path);
	assert_true(im.same);
	rows = grounds(u->db, u->a);
	assert_true(rows.n == 1 && rows.v[0].id == first && entries(u->db) == seq);
	/* another file replaces it, and nothing of the old one stays */
	im = import(u->db, u->a, file_of(NODES ROAD(1, 1, 2, "红石路") "</osm>"));
	rows = grounds(u->db, u->a);
	assert_true(rows.n == 1 && rows.v[0].id != first && rows.v[0].features == 1 && entries(u->db) == seq + 1);
	assert_int_equal(0, count(u->db, u->a, first));
	assert_int_equal(1001, count(u->db, u->a, rows.v[0].id));
	assert_int_equal(OK, ground_drop(u->db));
	assert_int_equal(0, grounds(u->db, u->a).n);
	assert_int_equal(ERR_NOT_FOUND, ground_drop(u->db));
	journal_end(u->db);
}

/* After new places the same file changes nothing but in which communities the roads lie (test_renew.c). */
static enum err one_more(struct tx *tx, void *arg)
{
	struct place town;

	(void)arg;
	assert_int_equal(OK, place_by_code(tx->c, tx->arena, STR("500105004"), 0, &town));
	add(tx, town.key, "500105004002", "大庆村社区", PLACE_COMMUNITY, 106.504);
	return place_changed(tx);
}

static void new_places(void **state)
{
	struct unit *u = *state;
	struct ground_import im;
	const char *path;

	begin(u);
	path = file_of(TOWN);
	assert_int_equal(3, import(u->db, u->a, path).roads);
	assert_int_equal(OK, db_write(u->db, one_more, NULL));
	assert_true(import(u->db, u->a, path).renewed > 0);
	assert_int_equal(1004, count(u->db, u->a, grounds(u->db, u->a).v[0].id));
	assert_int_equal(1, grounds(u->db, u->a).n);
	im = import(u->db, u->a, path);
	assert_true(im.same && im.renewed == 0);
	journal_end(u->db);
}

static void broken_files(void **state)
{
	struct unit *u = *state;
	static const char *const bad[] = {"", "<osm>", "hello", "<osm></osm>", NODES "<way id='1'>"};
	int64_t before;

	begin(u);
	import(u->db, u->a, file_of(TOWN));
	before = grounds(u->db, u->a).v[0].id;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ground_import im = {.path = file_of(bad[i])};
		struct str why = STR("");
		struct map_grounds_rows rows;

		assert_int_equal(ERR_INPUT, ground_import(u->db, &im, u->a, &why));
		assert_true(why.n > 0);
		rows = grounds(u->db, u->a);
		assert_true(rows.n >= 1 && rows.v[0].id == before && rows.v[0].in_force);
	}
	{
		struct ground_import im = {.path = file_of(TOWN), .source = STR("一行\n又一行")};
		struct str why = STR("");

		assert_int_equal(ERR_INPUT, ground_import(u->db, &im, u->a, &why));
		assert_true(str_find(why, STR("来源")) >= 0);
	}
	/* what the refused ones have left is cleared away by the next that is taken */
	import(u->db, u->a, file_of(NODES ROAD(1, 1, 2, "红石路") "</osm>"));
	assert_int_equal(1, grounds(u->db, u->a).n);
	journal_end(u->db);
}

/* ---- an interruption at any moment ---- */

static bool enough(void *arg)
{
	return --*(int *)arg <= 0;
}

static void interrupted(void **state)
{
	struct unit *u = *state;
	const char *town, *next;
	int64_t before;
	int times = 0;

	begin(u);
	town = arena_strz(u->a, str_from(file_of(TOWN)));
	import(u->db, u->a, town);
	before = grounds(u->db, u->a).v[0].id;
	next = arena_strz(u->a, str_from(file_of(NODES ROAD(1, 1, 2, "红石路") ROAD(2, 1, 4, "北滨路") "</osm>")));
	for (bool stopped = true; stopped;) {
		int left = ++times;
		struct ground_import im = {.path = next, .stop = enough, .arg = &left};
		struct str why = STR("");
		struct map_grounds_rows rows;

		assert_int_equal(OK, ground_import(u->db, &im, u->a, &why));
		stopped = im.stopped;
		rows = grounds(u->db, u->a);
		assert_true(rows.n <= 2);
		for (size_t i = 0; i < rows.n; i++)
			if (rows.v[i].in_force)
				assert_true(stopped == (rows.v[i].id == before));
		assert_true(stopped || (rows.n == 1 && count(u->db, u->a, rows.v[0].id) == 1003));
	}
	assert_true(times > 4);
	journal_end(u->db);
}

/* ---- large enough for several jobs and pages ---- */

#define STREETS 400
#define NODES_A_STREET 1000

static const char *large_file(void)
{
	static char path[4096];
	struct buf file, block, group, ids, lats, lons, refs, way;
	uint32_t x = 7;
	int fd;

	buf_init(&file, 64 << 20), buf_init(&block, 32 << 20), buf_init(&group, 32 << 20), buf_init(&ids, 8 << 20), buf_init(&lats, 8 << 20);
	buf_init(&lons, 8 << 20), buf_init(&refs, 8 << 20), buf_init(&way, 8 << 20);
	pb_bytes(&block, 4, STR("OsmSchema-V0.6"));
	pb_block(&file, "OSMHeader", buf_str(&block), NULL);
	/* no two steps alike, so that nothing is shorter than it has to be */
	for (int64_t i = 0, lon = 0, lat = 0; i < STREETS * NODES_A_STREET; i++) {
		int64_t to_lon = 1064000000 + (x = x * 1664525u + 1013904223u) % 2000000, to_lat = 295000000 + (x = x * 1664525u + 1013904223u) % 2000000;

		pb_signed(&ids, 1), pb_signed(&lons, to_lon - lon), pb_signed(&lats, to_lat - lat);
		lon = to_lon, lat = to_lat;
	}
	buf_clear(&block);
	pb_bytes(&block, 1, buf_str(&ids)), pb_bytes(&block, 8, buf_str(&lats)), pb_bytes(&block, 9, buf_str(&lons));
	pb_bytes(&group, 2, buf_str(&block));
	for (int64_t i = 0; i < STREETS; i++) {
		buf_clear(&refs), buf_clear(&way);
		for (int64_t k = 0; k < NODES_A_STREET; k++)
			pb_signed(&refs, k ? 1 : i * NODES_A_STREET + 1);
		pb_number(&way, 1, (uint64_t)i + 1);
		pb_bytes(&way, 2, STR("\1")), pb_bytes(&way, 3, STR("\2")), pb_bytes(&way, 8, buf_str(&refs));
		pb_bytes(&group, 3, buf_str(&way));
	}
	buf_clear(&block), buf_clear(&way);
	pb_bytes(&way, 1, STR("")), pb_bytes(&way, 1, STR("highway")), pb_bytes(&way, 1, STR("primary"));
	pb_bytes(&block, 1, buf_str(&way));
	pb_bytes(&block, 2, buf_str(&group));
	pb_block(&file, "OSMData", buf_str(&block), NULL);
	snprintf(path, sizeof(path), "%s/large.osm.pbf", unit_tmp());
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	assert_int_equal(file.n, write(fd, file.p, file.n));
	close(fd);
	buf_release(&file), buf_release(&block), buf_release(&group), buf_release(&ids), buf_release(&lats), buf_release(&lons);
	buf_release(&refs), buf_release(&way);
	return path;
}

static bool stored_some(void *arg)
{
	return *(bool *)arg;
}

static void storing(void *arg, const char *step, int64_t done, int64_t of)
{
	(void)of;
	*(bool *)arg = strstr(step, "storing") && done > STREETS / 2;
}

/* Stopped in the middle of the parts, it goes on behind them; and all of it is in memory afterwards. */
static void many_parts(void **state)
{
	struct site s;
	bool stop = false;
	struct ground_import im = {.path = large_file(), .stop = stored_some, .progress = storing, .arg = &stop};
	struct str why = STR("");
	struct map_grounds_rows rows;
	const struct ground_held *g;
	int64_t edition, parts;

	site_start(&s, *state);
	assert_int_equal(OK, ground_import(s.app->db, &im, &s.arena, &why));
	assert_true(im.stopped);
	rows = grounds(s.app->db, &s.arena);
	assert_true(rows.n == 1 && !rows.v[0].in_force);
	edition = rows.v[0].id;
	parts = count(s.app->db, &s.arena, edition) / 1000;
	assert_true(parts >= 8);
	ground_settle();
	assert_null(ground_ref(&s.arena, NULL));
	import(s.app->db, &s.arena, im.path);
	rows = grounds(s.app->db, &s.arena);
	assert_true(rows.n == 1 && rows.v[0].in_force && rows.v[0].id == edition && rows.v[0].parts > 16 && rows.v[0].parts > parts);
	feed_settle();
	ground_settle();
	g = ground_ref(&s.arena, NULL);
	assert_non_null(g);
	assert_int_equal(STREETS, ground_map_count(g->map));
	assert_true(rows.v[0].features == STREETS && rows.v[0].points == STREETS * NODES_A_STREET);
	site_stop(&s);
}

/* ---- over HTTP ---- */

static const char *tile(struct site *s, int z, const char *query)
{
	double n = ldexp(1, z), lat = 29.55 * M_PI / 180;

	return arena_printf(&s->arena, "/tiles/background/%d/%d/%d.mvt%s", z, (int)((106.502 + 180) / 360 * n),
			    (int)((1 - log(tan(lat) + 1 / cos(lat)) / M_PI) / 2 * n), query).p;
}

static void tiles(void **state)
{
	struct site s;
	struct browser b;
	struct mvt_read_layer *layers;
	const char *why = "";
	struct str etag, edition;
	size_t n;

	site_start(&s, *state);
	b = (struct browser){.site = &s};
	assert_int_equal(OK, db_write(s.app->db, make_places, NULL));
	place_where_forget();
	ground_settle();
	assert_int_equal(404, browser_get(&b, tile(&s, 14, ""))->status);
	assert_true(str_find(b.last.body, STR("gongzhi import osm")) >= 0);
	import(s.app->db, &s.arena, file_of(TOWN));
	feed_settle();
	ground_settle();
	assert_int_equal(200, browser_get(&b, tile(&s, 14, ""))->status);
	assert_int_equal(OK, mvt_read(b.last.body, &s.arena, &layers, &n, &why));
	assert_true(n == 1 && str_eqz(layers[0].name, "road") && layers[0].n == 2);
	assert_true(str_eqz(reply_header(&b.last, "Cache-Control"), "no-cache"));
	etag = arena_str(&s.arena, reply_header(&b.last, "ETag"));
	b.extra = arena_printf(&s.arena, "If-None-Match: %.*s\r\n", STR_ARG(etag));
	assert_int_equal(304, browser_get(&b, tile(&s, 14, ""))->status);
	b.extra = STR_NULL;
	edition = arena_printf(&s.arena, "?v=%lld", (long long)grounds(s.app->db, &s.arena).v[0].id);
	browser_get(&b, tile(&s, 14, edition.p));
	assert_true(str_eqz(reply_header(&b.last, "Cache-Control"), "public, max-age=86400"));
	browser_get(&b, tile(&s, 14, "?v=1"));
	assert_true(str_eqz(reply_header(&b.last, "Cache-Control"), "no-cache"));
	assert_int_equal(400, browser_get(&b, "/tiles/background/3/9/0.mvt")->status);
	/* and under the resident's small map, with whose it is */
	assert_int_equal(200, browser_get(&b, "/t/500105004/nearby?lon=106.502&lat=29.55&half=400")->status);
	assert_true(str_find(b.last.body, STR("gr gr--road")) >= 0 && str_find(b.last.body, STR("红石路</text>")) >= 0);
	assert_true(str_find(b.last.body, STR("© OpenStreetMap contributors (ODbL)")) >= 0);
	assert_int_equal(200, browser_get(&b, "/tiles/background/22/0/0.mvt")->status);
	assert_int_equal(0, b.last.body.n);
	/* another one in force: other tiles at once */
	import(s.app->db, &s.arena, file_of(NODES ROAD(1, 1, 2, "石门路") "</osm>"));
	feed_settle();
	ground_settle();
	b.extra = arena_printf(&s.arena, "If-None-Match: %.*s\r\n", STR_ARG(etag));
	assert_int_equal(200, browser_get(&b, tile(&s, 14, ""))->status);
	b.extra = STR_NULL;
	assert_int_equal(OK, mvt_read(b.last.body, &s.arena, &layers, &n, &why));
	assert_true(n == 1 && layers[0].n == 1);
	assert_int_equal(OK, ground_drop(s.app->db));
	feed_settle();
	ground_settle();
	assert_int_equal(404, browser_get(&b, tile(&s, 14, ""))->status);
	assert_int_equal(200, browser_get(&b, "/t/500105004/nearby?lon=106.502&lat=29.55&half=400")->status);
	assert_true(str_find(b.last.body, STR("OpenStreetMap")) < 0);
	site_stop(&s);
}

/* ---- as features, for other programs ---- */

#define BACKGROUND "/ogc/collections/background"

static const json_t *features(struct browser *b, const char *address, size_t n)
{
	struct str why = STR_NULL;
	json_t *j;

	if (browser_get(b, address)->status != 200)
		fail_msg("%s: %d %.*s", address, b->last.status, STR_ARG(b->last.body));
	assert_int_equal(OK, json_parse(&b->site->arena, b->last.body, NULL, &j, &why));
	if (json_array_size(json_get(j, "features")) != n)
		fail_msg("%s: %zu features, not %zu", address, json_array_size(json_get(j, "features")), n);
	return j;
}

static const char *word(const json_t *feature, const char *name)
{
	return json_string_value(json_get(json_get(feature, "properties"), name));
}

static double number(const json_t *array, size_t at)
{
	return json_number_value(json_array_get(array, at));
}

static void not_listed(struct browser *b)
{
	static const char *const none[] = {BACKGROUND, BACKGROUND "/items", BACKGROUND "-lines/items", BACKGROUND "/items/1.0", BACKGROUND "/tiles"};

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(404, browser_get(b, none[i])->status);
	assert_int_equal(200, browser_get(b, "/ogc/collections")->status);
	assert_int_equal(-1, str_find(b->last.body, STR("background")));
	assert_int_equal(200, browser_get(b, "/ogc/api")->status);
	assert_int_equal(-1, str_find(b->last.body, STR("background")));
}

static void one_kind_a_layer(struct browser *b)
{
	const json_t *f, *at;
	double area = 0;

	f = json_array_get(json_get(features(b, BACKGROUND "-lines/items", 2), "features"), 0);
	assert_string_equal("LineString", json_string_value(json_get(json_get(f, "geometry"), "type")));
	assert_string_equal("road", word(f, "class"));
	assert_string_equal("primary", word(f, "kind"));
	f = json_array_get(json_get(features(b, BACKGROUND "-areas/items", 1), "features"), 0);
	assert_string_equal("Polygon", json_string_value(json_get(json_get(f, "geometry"), "type")));
	assert_true(str_eqz(str_from(word(f, "class")), "water") && word(f, "name") == NULL);
	at = json_array_get(json_get(json_get(f, "geometry"), "coordinates"), 0);
	assert_int_equal(4, json_array_size(at));
	/* closed, against the clock */
	assert_true(number(json_array_get(at, 0), 0) == number(json_array_get(at, 3), 0));
	for (size_t i = 0; i < 3; i++)
		area += number(json_array_get(at, i), 0) * number(json_array_get(at, i + 1), 1) - number(json_array_get(at, i + 1), 0) * number(json_array_get(at, i), 1);
	assert_true(area > 0);
	assert_int_equal(404, browser_get(b, BACKGROUND "-lines/tiles")->status);
	assert_int_equal(404, browser_get(b, BACKGROUND "-areas/tiles/WebMercatorQuad")->status);
}

static void as_features(void **state)
{
	struct site s;
	struct browser b = {.site = &s};
	const json_t *j, *f;
	struct str id;
	int64_t v;

	site_start(&s, *state);
	assert_int_equal(OK, db_write(s.app->db, make_places, NULL));
	place_where_forget();
	ground_settle();
	not_listed(&b);
	import(s.app->db, &s.arena, file_of(TOWN));
	feed_settle();
	ground_settle();
	assert_int_equal(200, browser_get(&b, BACKGROUND)->status);
	assert_true(str_find(b.last.body, STR(GROUND_CREDIT)) > 0 && str_find(b.last.body, STR("测试 2026-11-20")) > 0 &&
		    str_find(b.last.body, STR("\"license\"")) > 0);
	j = features(&b, BACKGROUND "/items", 3);
	assert_true(json_get_i64(j, "numberMatched", &v) && v == 3);
	f = json_array_get(json_get(features(&b, BACKGROUND "/items?name=%E7%BA%A2%E7%9F%B3%E8%B7%AF", 1), "features"), 0);
	assert_string_equal("红石路", word(f, "name"));
	id = str_from(json_string_value(json_get(f, "id")));
	features(&b, BACKGROUND "/items?class=road", 2);
	features(&b, BACKGROUND "/items?class=water,road", 3);
	features(&b, BACKGROUND "-areas/items?class=road", 0);
	/* the second road passes through the box, the water's box touches it only */
	features(&b, BACKGROUND "/items?bbox=106.51,29.54,106.52,29.56", 1);
	features(&b, BACKGROUND "/items?bbox=29.54,106.51,29.56,106.52&bbox-crs=EPSG:4490", 1);
	features(&b, BACKGROUND "/items?bbox=106.528,29.5515,106.529,29.552", 0);
	features(&b, BACKGROUND "/items?bbox=106.51,29.54,-179,29.56", 2);
	features(&b, BACKGROUND "/items?bbox=179,-80,-179,80", 0);
	/* pages */
	j = features(&b, BACKGROUND "/items?limit=2", 2);
	assert_true(json_get_i64(j, "numberMatched", &v) && v == 3 && str_find(b.last.body, STR("after=2")) > 0);
	features(&b, BACKGROUND "/items?limit=2&after=2", 1);
	assert_int_equal(-1, str_find(b.last.body, STR("\"next\"")));
	features(&b, BACKGROUND "/items?limit=1&class=road&after=1", 1);
	assert_true(str_find(b.last.body, STR("after=2")) > 0);
	/* one, with latitude first; nothing under another edition's number */
	assert_int_equal(200, browser_get(&b, arena_printf(&s.arena, BACKGROUND "/items/%.*s?crs=EPSG:4490", STR_ARG(id)).p)->status);
	assert_true(str_find(b.last.body, STR("[[29.55,106.5],[29.55,106.504]]")) > 0);
	assert_int_equal(404, browser_get(&b, arena_printf(&s.arena, BACKGROUND "-areas/items/%.*s", STR_ARG(id)).p)->status);
	assert_int_equal(404, browser_get(&b, BACKGROUND "/items/1.0")->status);
	assert_int_equal(404, browser_get(&b, arena_printf(&s.arena, BACKGROUND "/items/%.*s9", STR_ARG(id)).p)->status);
	assert_int_equal(400, browser_get(&b, BACKGROUND "/items?class=moon")->status);
	assert_int_equal(400, browser_get(&b, BACKGROUND "/items?place=500105")->status);
	one_kind_a_layer(&b);
	assert_int_equal(200, browser_get(&b, BACKGROUND "/tiles/WebMercatorQuad")->status);
	assert_int_equal(200, browser_get(&b, BACKGROUND "/tiles/WebMercatorQuad/14/6783/13039")->status);
	assert_true(b.last.body.n > 0);
	/* another extract: the numbers of the old one are nothing any more */
	import(s.app->db, &s.arena, file_of(NODES ROAD(1, 1, 2, "石门路") "</osm>"));
	feed_settle();
	ground_settle();
	assert_int_equal(404, browser_get(&b, arena_printf(&s.arena, BACKGROUND "/items/%.*s", STR_ARG(id)).p)->status);
	assert_int_equal(OK, ground_drop(s.app->db));
	feed_settle();
	ground_settle();
	not_listed(&b);
	site_stop(&s);
}

/* ---- names ---- */

static void names_of_roads(void **state)
{
	struct site s;
	struct place_found f[4];
	struct db_conn *c;
	struct place town;
	size_t n;

	site_start(&s, *state);
	assert_int_equal(OK, db_write(s.app->db, make_places, NULL));
	place_where_forget();
	import(s.app->db, &s.arena, file_of(TOWN));
	c = db_read_begin(s.app->db);
	assert_int_equal(OK, place_by_code(c, &s.arena, STR("500105004"), 0, &town));
	/* one road of that name in the town: a community and a point on the road, and how exact that is */
	assert_int_equal(OK, place_in_words(c, &s.arena, STR("红石路12号附3号"), town.key, PLACE_COMMUNITY, &f[0]));
	assert_true(f[0].kind == GAZETTEER_ROAD && str_eqz(f[0].name, "红石路"));
	assert_true(fabs(f[0].lon - 106.502) < 0.0006 && fabs(f[0].lat - 29.55) < 0.0001);
	assert_true(f[0].reach > 190 && f[0].reach < 350);
	/* by its sound too */
	assert_int_equal(OK, place_find(c, &s.arena, STR("hongshilu"), STR(""), f, 4, &n));
	assert_true(n == 1 && f[0].sound);
	/* in two communities: which of them is not guessed, but in one town it is one of them */
	assert_int_equal(ERR_NOT_FOUND, place_in_words(c, &s.arena, STR("长安路"), STR(""), PLACE_COMMUNITY, &f[0]));
	assert_int_equal(OK, place_in_words(c, &s.arena, STR("长安路"), town.key, PLACE_COMMUNITY, &f[0]));
	assert_int_equal(OK, place_in_words(c, &s.arena, STR("盘溪社区长安路"), STR(""), PLACE_COMMUNITY, &f[0]));
	assert_true(f[0].lon > 106.515 && f[0].reach > 500);
	db_read_end(c);
	/* gone with the ground */
	assert_int_equal(OK, ground_drop(s.app->db));
	c = db_read_begin(s.app->db);
	assert_int_equal(OK, place_find(c, &s.arena, STR("红石路"), STR(""), f, 4, &n));
	assert_int_equal(0, n);
	db_read_end(c);
	site_stop(&s);
}

/* ---- a matter whose address names a road ---- */

struct filing { struct site *s; const char *address, *code; int64_t id; };

static enum err file_one(struct site *s, struct filing *f)
{
	struct db_conn *c = db_read_begin(s->app->db);
	struct matter_value v[] = {{STR("what"), STR("路灯不亮")}, {STR("address"), str_from(f->address)}};
	struct matter_new m = {.scenario = scenario_current(STR("resident-report")), .values = v, .nvalues = 2, .channel = STR("portal"), .lon = NAN, .lat = NAN};
	struct place p;
	enum err e = place_by_code(c, &s->arena, str_from(f->code), 0, &p);

	db_read_end(c);
	m.place = p.key;
	if (e == OK)
		e = matter_prepare(&s->arena, &m, clock_now());
	if (e == OK)
		e = db_write(s->app->db, matter_file, &m);
	f->id = m.id;
	return e;
}

static enum err grant_all(struct tx *tx, void *arg)
{
	struct str roles, why = STR_NULL;
	enum err e = file_read(tx->arena, "data/roles.csv", 1 << 20, &roles, &why);

	if (e == OK)
		e = actor_load_roles(tx, roles, &why);
	return e == OK ? actor_grant(tx, *(int64_t *)arg, STR("dispatcher"), STR(""), 0, 0, 0, &why) : e;
}

static void estimated_position(void **state)
{
	static const char password[] = "Four-plain-words-7";
	struct site s;
	struct browser b;
	struct filing on_road = {.address = "红石路12号门口", .code = "500105004001"}, nowhere = {.address = "门口", .code = "500105004001"};
	int64_t id;

	site_start(&s, *state);
	b = (struct browser){.site = &s};
	assert_int_equal(OK, db_write(s.app->db, make_places, NULL));
	place_where_forget();
	import(s.app->db, &s.arena, file_of(TOWN));
	id = site_account(&s, "desk", NULL, password);
	assert_int_equal(OK, db_write(s.app->db, grant_all, &id));
	browser_login(&b, "desk", password);
	assert_int_equal(OK, file_one(&s, &on_road));
	assert_int_equal(OK, file_one(&s, &nowhere));
	assert_int_equal(200, browser_get(&b, arena_printf(&s.arena, "/cases/%lld", (long long)on_road.id).p)->status);
	assert_true(str_find(b.last.body, STR("按“红石路”估计的位置（误差约 250 米）")) >= 0);
	assert_int_equal(200, browser_get(&b, arena_printf(&s.arena, "/cases/%lld", (long long)nowhere.id).p)->status);
	assert_true(str_find(b.last.body, STR("估计的位置")) < 0 && str_find(b.last.body, STR("大致位置")) >= 0);
	site_stop(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(whole_and_once), UNIT_BOTH(new_places), UNIT_BOTH(broken_files), UNIT_BOTH(interrupted),
		UNIT_BOTH(many_parts), UNIT_BOTH(tiles), UNIT_BOTH(as_features), UNIT_BOTH(names_of_roads),
		UNIT_BOTH(estimated_position),
	};

	return UNIT_MAIN(tests);
}
