#include "tests/unit.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "geo/geojson.h"
#include "geo/shape_fix.h"

#include "tests/arena.h"

static enum geojson_got one(const char *text, struct geojson **g, struct geojson_feature *f)
{
	*g = geojson_open_text(str_from(text), NULL);
	return geojson_next(*g, f);
}

static void a_collection(void **state)
{
	static const char text[] =
		"{\"type\": \"FeatureCollection\", \"name\": \"x\", \"crs\": {\"type\":\"name\",\"properties\":{\"name\":"
		"\"urn:ogc:def:crs:OGC:1.3:CRS84\"}},\n \"features\": [\n"
		"{\"id\": 500105, \"type\": \"Feature\", \"properties\": {\"name\": \"江北\\u533a\", \"n\": 1.5e2, \"cp\": [1, {\"a\": 2}], \"no\": null},\n"
		" \"geometry\": {\"coordinates\": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1,1],[1,2],[2,2],[1,1]]], \"type\": \"Polygon\"}},\n"
		"{\"type\": \"Feature\", \"geometry\": {\"type\": \"MultiPolygon\", \"coordinates\": [[[[0,0,3],[1,0,3],[1,1,3],[0,0,3]]],"
		"[[[5,5],[6,5],[6,6],[5,5]]]]}, \"properties\": null},\n"
		"{\"type\": \"Feature\", \"geometry\": null, \"properties\": {}},\n"
		"{\"type\": \"Feature\", \"geometry\": {\"type\": \"Point\", \"coordinates\": [106.5, 29.5]}}\n"
		"], \"after\": [1, 2]}\n";
	struct geojson *g;
	struct geojson_feature f;

	(void)state;
	assert_int_equal(GEOJSON_FEATURE, one(text, &g, &f));
	assert_true(f.number == 1 && f.line == 3 && f.kind == GEOJSON_AREAS && f.nparts == 2 && f.npoints == 9);
	assert_true(f.parts[0].n == 5 && f.parts[1].start == 5 && f.parts[1].n == 4 && f.parts[1].polygon == 0);
	assert_true(str_eqz(f.id, "500105") && str_eqz(geojson_property(&f, "name"), "江北区"));
	assert_true(str_eqz(geojson_property(&f, "n"), "1.5e2") && !geojson_property(&f, "cp").p && !geojson_property(&f, "no").p);
	assert_int_equal(GEOJSON_FEATURE, geojson_next(g, &f));
	assert_true(f.nparts == 2 && f.parts[1].polygon == 1 && f.points[4].lon == 5 && f.nproperties == 0 && !f.id.p);
	assert_int_equal(GEOJSON_FEATURE, geojson_next(g, &f));
	assert_int_equal(GEOJSON_NOTHING, f.kind);
	assert_int_equal(GEOJSON_FEATURE, geojson_next(g, &f));
	assert_true(f.kind == GEOJSON_POINTS && f.nparts == 1 && f.points[0].lat == 29.5 && f.line == 7);
	assert_int_equal(GEOJSON_END, geojson_next(g, &f));
	assert_int_equal(GEOJSON_END, geojson_next(g, &f));
	geojson_close(g);
}

static void other_ways_to_write_it(void **state)
{
	struct geojson *g;
	struct geojson_feature f;

	(void)state;
	/* the outline of Chongqing is published as one feature; members in any order */
	assert_int_equal(GEOJSON_FEATURE, one("{\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]},\"crs\":null,\"type\":\"Feature\"}", &g, &f));
	assert_true(f.kind == GEOJSON_LINES && f.nparts == 1 && f.parts[0].n == 2);
	assert_int_equal(GEOJSON_END, geojson_next(g, &f));
	geojson_close(g);
	assert_int_equal(GEOJSON_FEATURE, one("\xef\xbb\xbf{\"coordinates\":[[1,2],[3,4]],\"type\":\"MultiPoint\"}", &g, &f));
	assert_true(f.kind == GEOJSON_POINTS && f.npoints == 2);
	geojson_close(g);
	/* RFC 8142 */
	assert_int_equal(GEOJSON_FEATURE, one("\x1e{\"type\":\"Feature\",\"geometry\":null}\n\x1e{\"type\":\"Feature\",\"geometry\":null}\n", &g, &f));
	assert_int_equal(GEOJSON_FEATURE, geojson_next(g, &f));
	assert_int_equal(GEOJSON_END, geojson_next(g, &f));
	geojson_close(g);
	assert_int_equal(GEOJSON_END, one("{\"type\":\"FeatureCollection\",\"features\":[]}", &g, &f));
	geojson_close(g);
}

#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define AREA(coordinates) "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":" coordinates "}}"
#define GOOD AREA("[[[1,1],[2,1],[2,2],[1,1]]]")

/* A faulty feature says what is wrong, and the next one is read. */
static void faulty_features(void **state)
{
	static const char *const faulty[] = {
		AREA("[[[1,1],[200,1],[2,2],[1,1]]]"), AREA("[[[1,1],[2,91],[2,2],[1,1]]]"), AREA("[[[1,1],[2,1e999],[2,2],[1,1]]]"),
		AREA("[[[1,1],[\"2\",1],[2,2],[1,1]]]"), AREA("[[[1,1],[2],[2,2],[1,1]]]"), AREA("[[[1,1],[2,null],[2,2],[1,1]]]"),
		AREA("[[1,1],[2,1],[2,2],[1,1]]"), AREA("[[[[1,1],[2,1],[2,2],[1,1]]]]"), AREA("[[[1,1],[[2,1]],[2,2],[1,1]]]"),
		AREA("[]"), AREA("[[]]"), AREA("{}"), AREA("[[[[[1,1]]]]]"), "7", "{\"type\":\"Feature\"}", "{\"type\":\"Thing\",\"geometry\":null}",
		"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Polygon\"}}", "{\"type\":\"Feature\",\"geometry\":[]}",
		"{\"type\":\"Feature\",\"geometry\":{\"type\":\"Circle\",\"coordinates\":[1,2]}}",
		"{\"type\":\"Feature\",\"geometry\":{\"type\":\"GeometryCollection\",\"geometries\":[]}}", "{}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faulty); i++) {
		char text[1024];
		struct geojson *g;
		struct geojson_feature f;

		snprintf(text, sizeof(text), COLLECTION("%s,%s"), faulty[i], GOOD);
		assert_int_equal(GEOJSON_FAULTY, one(text, &g, &f));
		assert_true(f.number == 1 && str_find(f.why, STR("第 1 个要素")) == 0 && str_find(f.why, STR("(")) > 0);
		assert_int_equal(GEOJSON_FEATURE, geojson_next(g, &f));
		assert_int_equal(2, f.number);
		assert_int_equal(GEOJSON_END, geojson_next(g, &f));
		geojson_close(g);
	}
}

static void broken_files(void **state)
{
	static const char *const broken[] = {
		"", " \n", "[]", "x", "{\"type\":", "{\"type\":\"FeatureCollection\",\"features\":[", COLLECTION(GOOD ",") , COLLECTION("{\"a\":01}"),
		COLLECTION("{\"a\":.5}"), COLLECTION("{\"a\":\"\\x\"}"), COLLECTION("{\"a\":\"\xff\"}"), COLLECTION("{\"a\":\"\\ud800x\"}"),
		COLLECTION("{\"a\":\"\n\"}"), COLLECTION("{'a':1}"), COLLECTION("{\"a\":nul}"), COLLECTION("{\"a\":+1}"),
		"{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::3857\"}},\"features\":[" GOOD "]}",
		"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct geojson *g;
		struct geojson_feature f;
		enum geojson_got got = one(broken[i], &g, &f);

		while (got == GEOJSON_FEATURE || got == GEOJSON_FAULTY)
			got = geojson_next(g, &f);
		assert_int_equal(GEOJSON_BROKEN, got);
		assert_true(str_find(geojson_why(g), STR("第 ")) == 0);
		assert_int_equal(GEOJSON_BROKEN, geojson_next(g, &f));
		geojson_close(g);
	}
}

static void limits_of_a_feature(void **state)
{
	static const struct geojson_limits few = {.points = 3};
	struct geojson *g = geojson_open_text(STR(COLLECTION(GOOD "," GOOD)), &few);
	struct geojson_feature f;

	(void)state;
	assert_int_equal(GEOJSON_FAULTY, geojson_next(g, &f));
	assert_true(str_find(f.why, STR("点太多")) >= 0);
	assert_int_equal(GEOJSON_FAULTY, geojson_next(g, &f));
	assert_int_equal(GEOJSON_END, geojson_next(g, &f));
	geojson_close(g);
}

/* A file far larger than what reading it takes. GONGZHI_TEST_HUGE=500 writes so many megabytes. */
static void a_large_file(void **state)
{
	const char *huge = getenv("GONGZHI_TEST_HUGE");
	int64_t want = (huge ? strtoll(huge, NULL, 10) : 24) << 20;
	char *path = NULL;
	struct geojson *g;
	struct geojson_feature f;
	struct rusage before, after;
	enum geojson_got got;
	int64_t written = 0, read = 0;
	FILE *out;
	int fd;

	(void)state;
	assert_true(asprintf(&path, "%s/large.geojson", unit_tmp()) > 0);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs("{\"type\":\"FeatureCollection\",\"features\":[\n", out);
	for (int i = 0; ftell(out) < want; i++, written++) {
		fprintf(out, "%s{\"type\":\"Feature\",\"properties\":{\"code\":\"%d\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[", i ? ",\n" : "", i);
		for (int k = 0; k <= 500; k++)
			fprintf(out, "%s[%.6f,%.6f]", k ? "," : "", 106 + cos(k % 500 * M_PI / 250) / 10, 29 + sin(k % 500 * M_PI / 250) / 10);
		fputs("]]}}", out);
	}
	fputs("]}\n", out);
	fclose(out);
	getrusage(RUSAGE_SELF, &before);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	g = geojson_open_fd(fd, NULL);
	while ((got = geojson_next(g, &f)) == GEOJSON_FEATURE) {
		assert_true(f.npoints == 501 && f.number == ++read);
	}
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(GEOJSON_END, got);
	assert_int_equal(written, read);
	assert_true(geojson_position(g) >= want);
	assert_true(after.ru_maxrss - before.ru_maxrss < 8 * 1024);
	printf("%lld MB in %.2f s\n", (long long)(want >> 20),
	       (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec) + (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1e6);
	geojson_close(g);
	close(fd);
	unlink(path);
	free(path);
}

/* ---- repair ---- */

static struct shape fix(const char *coordinates, const char *type, struct shape_report *r)
{
	char text[2048];
	struct geojson *g;
	struct geojson_feature f;
	struct shape s;

	snprintf(text, sizeof(text), "{\"type\":\"%s\",\"coordinates\":%s}", type, coordinates);
	assert_int_equal(GEOJSON_FEATURE, one(text, &g, &f));
	assert_int_equal(OK, shape_fix(&a, &f, COORD_CGCS2000, &s, r));
	geojson_close(g);
	return s;
}

static void sound_stays(void **state)
{
	struct shape_report r;
	struct shape s = fix("[[[106,29],[107,29],[107,30],[106,30],[106,29]],[[106.2,29.2],[106.2,29.4],[106.4,29.4],[106.4,29.2],[106.2,29.2]]]",
			     "Polygon", &r);

	(void)state;
	assert_true(shape_report_empty(&r) && shape_report_text(&a, &r).n == 0);
	assert_true(s.nrings == 2 && s.npoints == 8 && !s.rings[0].hole && s.rings[1].hole);
	assert_true(shape_has(&s, shape_point_of(106.1, 29.1)) && !shape_has(&s, shape_point_of(106.3, 29.3)));
	/* one degree by one less a fifth by a fifth, at latitude 29.5 */
	assert_true(fabs(shape_area(&s) / (0.96 * 111195.08 * 111195.08 * cos(29.5 * M_PI / 180)) - 1) < 0.001);
}

static void what_is_mended_is_told(void **state)
{
	struct shape_report r;
	struct shape s;

	(void)state;
	s = fix("[[[106,29],[107,29],[107,30],[106,30]]]", "Polygon", &r);
	assert_true(r.unclosed == 1 && s.npoints == 4);
	s = fix("[[[106,29],[106,29],[107,29],[107,30],[106,30],[106,29]]]", "Polygon", &r);
	assert_true(r.repeated == 1 && s.npoints == 4);
	s = fix("[[[106,29],[106,30],[107,30],[107,29],[106,29]]]", "Polygon", &r);
	assert_true(r.winding == 1 && s.npoints == 4 && shape_has(&s, shape_point_of(106.5, 29.5)));
	s = fix("[[[106,29],[0,0],[107,29],[107,30],[106,30],[106,29]]]", "Polygon", &r);
	assert_true(r.zero == 1 && s.npoints == 4);
	/* a bow tie: both halves are kept */
	s = fix("[[[106,29],[107,30],[107,29],[106,30],[106,29]]]", "Polygon", &r);
	assert_true(r.fault == SHAPE_CROSSING && fabs(r.where.lon - 106.5) < 1e-6 && s.nrings == 2);
	assert_true(shape_has(&s, shape_point_of(106.1, 29.5)) && shape_has(&s, shape_point_of(106.9, 29.5)) &&
		    !shape_has(&s, shape_point_of(106.5, 29.9)));
	assert_true(str_find(shape_report_text(&a, &r), STR("自相交")) > 0);
	/* touches itself in one point: two areas */
	s = fix("[[[106,29],[107,29],[106.5,29.5],[107,30],[106,30],[106.5,29.5],[106,29]]]", "Polygon", &r);
	assert_true(r.fault == SHAPE_TOUCHING && s.nrings == 2);
	/* polygons over each other are one */
	s = fix("[[[[106,29],[107,29],[107,30],[106,30],[106,29]]],[[[106.5,29.5],[107.5,29.5],[107.5,30.5],[106.5,30.5],[106.5,29.5]]]]",
		"MultiPolygon", &r);
	assert_true(r.fault != SHAPE_SOUND && s.nrings == 1 && shape_has(&s, shape_point_of(107.2, 30.2)));
	/* a sliver of no area among good ones */
	s = fix("[[[[106,29],[107,29],[107,30],[106,30],[106,29]]],[[[108,29],[109,29],[108,29]]]]", "MultiPolygon", &r);
	assert_true(r.dropped == 1 && s.nrings == 1);
}

static void over_the_antimeridian(void **state)
{
	struct shape_report r;
	struct shape s = fix("[[[179,10],[-179,10],[-179,11],[179,11],[179,10]]]", "Polygon", &r);

	(void)state;
	assert_true(r.antimeridian && s.nrings == 2);
	assert_true(shape_has(&s, shape_point_of(179.5, 10.5)) && shape_has(&s, shape_point_of(-179.5, 10.5)));
	assert_false(shape_has(&s, shape_point_of(0, 10.5)));
}

static void nothing_left(void **state)
{
	struct geojson *g;
	struct geojson_feature f;
	struct shape s;
	struct shape_report r;

	(void)state;
	assert_int_equal(GEOJSON_FEATURE, one("{\"type\":\"Polygon\",\"coordinates\":[[[1,1],[2,2],[3,3],[1,1]]]}", &g, &f));
	assert_int_equal(ERR_INPUT, shape_fix(&a, &f, COORD_CGCS2000, &s, &r));
	geojson_close(g);
	assert_int_equal(GEOJSON_FEATURE, one("{\"type\":\"Point\",\"coordinates\":[1,1]}", &g, &f));
	assert_int_equal(ERR_INPUT, shape_fix(&a, &f, COORD_CGCS2000, &s, &r));
	geojson_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collection),
		cmocka_unit_test(other_ways_to_write_it),
		cmocka_unit_test(faulty_features),
		cmocka_unit_test(broken_files),
		cmocka_unit_test(limits_of_a_feature),
		cmocka_unit_test(a_large_file),
		cmocka_unit_test(sound_stays),
		cmocka_unit_test(what_is_mended_is_told),
		cmocka_unit_test(over_the_antimeridian),
		cmocka_unit_test(nothing_left),
	};

	unit_begin();
	return cmocka_run_group_tests(tests, setup, teardown);
}
