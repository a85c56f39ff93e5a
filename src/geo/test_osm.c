/* Extracts of OpenStreetMap: both kinds of file say the same, pieces become lines and areas, and hostile files end with a reason. */
#include "tests/unit.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

#include "geo/osm_ground.h"
#include "geo/osm_testing.h"

#include "tests/arena.h"

/* ---- a town: a street of three pieces, one of them turned round; a lake of two ways with an island; a brook; a park; and what does not belong ---- */

static const char town[] =
	"<?xml version='1.0' encoding='UTF-8'?>\n<osm version='0.6' generator='by hand'>\n"
	"<bounds minlat='29' minlon='106' maxlat='30' maxlon='107'/>\n"
	"<node id='1' lat='29.5000000' lon='106.5000000'/><node id='2' lat='29.5000000' lon='106.5010000'><tag k='highway' v='crossing'/></node>\n"
	"<node id='3' lat='29.5000000' lon='106.5020000'/><node id='4' lat='29.5000000' lon='106.5030000'/>\n"
	"<node id='11' lat='29.51' lon='106.51'/><node id='12' lat='29.51' lon='106.52'/><node id='13' lat='29.52' lon='106.52'/>"
	"<node id='14' lat='29.52' lon='106.51'/>\n"
	"<node id='21' lat='29.513' lon='106.513'/><node id='22' lat='29.513' lon='106.515'/><node id='23' lat='29.515' lon='106.514'/>\n"
	"<way id='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='residential'/><tag k='name' v='红石路 A &amp; B'/></way>\n"
	"<way id='2'><nd ref='3'/><nd ref='2'/><tag k='highway' v='residential'/><tag k='name' v='红石路 A &amp; B'/></way>\n"
	"<way id='3'><nd ref='3'/><nd ref='4'/><tag k='highway' v='residential'/><tag k='name' v='红石路 A &amp; B'/></way>\n"
	"<way id='4'><nd ref='1'/><nd ref='99'/><nd ref='3'/><nd ref='4'/><tag k='waterway' v='stream'/><tag k='tunnel' v='culvert'/></way>\n"
	"<way id='5'><nd ref='11'/><nd ref='12'/><nd ref='13'/></way><way id='6'><nd ref='11'/><nd ref='14'/><nd ref='13'/></way>\n"
	"<way id='7'><nd ref='21'/><nd ref='22'/><nd ref='23'/><nd ref='21'/></way>\n"
	"<way id='8'><nd ref='1'/><nd ref='2'/><nd ref='11'/><nd ref='1'/><tag k='leisure' v='park'/><tag k='name' v='石门公园'/></way>\n"
	"<way id='9'><nd ref='1'/><nd ref='2'/><tag k='power' v='line'/></way>\n"
	"<relation id='1'><member type='way' ref='5' role='outer'/><member type='way' ref='6' role=''/><member type='way' ref='7' role='inner'/>"
	"<member type='node' ref='1' role='label'/><tag k='type' v='multipolygon'/><tag k='natural' v='water'/><tag k='name' v='大湖'/></relation>\n"
	"<relation id='2'><member type='way' ref='1' role='x'/><tag k='type' v='route'/></relation>\n</osm>\n";

struct read { struct ground_draft *draft; struct osm_ground g; struct str why; enum err e; };

static struct read read_bytes(struct str bytes, size_t refs)
{
	struct read r = {.g = {.refs = refs}};
	int fd = osm_file_of(bytes);
	struct osm *o;

	r.e = osm_open(&o, fd, &a, &r.why);
	if (r.e == OK)
		r.e = osm_ground_read(o, &r.g, &r.draft, &a, &r.why);
	osm_close(o);
	close(fd);
	return r;
}

static void check_town(struct read *r)
{
	struct ground_feature f;

	assert_int_equal(OK, r->e);
	assert_int_equal(4, ground_draft_count(r->draft));
	ground_draft_get(r->draft, 0, &a, &f);
	assert_true(f.kind == GROUND_GREEN && f.rank == 1 && f.nparts == 1 && f.ends[0] == 3 && str_eqz(f.name, "石门公园"));
	ground_draft_get(r->draft, 1, &a, &f);
	assert_true(f.kind == GROUND_WATER && f.nparts == 2 && f.ends[0] == 4 && f.ends[1] == 7 && str_eqz(f.name, "大湖"));
	/* the brook begins where the extract knows it */
	ground_draft_get(r->draft, 2, &a, &f);
	assert_true(f.kind == GROUND_WATERWAY && f.rank == 3 && f.flags == GROUND_TUNNEL && f.ends[0] == 2 && f.points[0].x == 1065020000);
	ground_draft_get(r->draft, 3, &a, &f);
	assert_true(f.kind == GROUND_ROAD && f.rank == 5 && f.flags == 0 && f.ends[0] == 4 && str_eqz(f.name, "红石路 A & B"));
	for (int i = 0; i < 4; i++)
		assert_true(f.points[i].y == 295000000 && (f.points[i].x == 1065000000 + i * 10000 || f.points[i].x == 1065030000 - i * 10000));
	assert_int_equal(1, r->g.count[GROUND_ROAD]);
	assert_int_equal(0, r->g.left_out);
	ground_draft_free(r->draft);
}

static void xml(void **state)
{
	struct read r = read_bytes(str_from(town), 0);

	(void)state;
	check_town(&r);
}

/* ---- the same as pbf ---- */

static const char *const strings[] = {"", "highway", "residential", "name", "红石路 A & B", "waterway", "stream", "tunnel", "culvert", "leisure", "park",
	"石门公园", "power", "line", "type", "multipolygon", "natural", "water", "大湖", "route", "outer", "inner", "label", "x"};

static void list(struct buf *to, unsigned field, const int64_t *v, size_t n, bool is_signed)
{
	struct buf b;
	int64_t last = 0;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		if (is_signed)
			pb_signed(&b, v[i] - last);
		else
			pb_varint(&b, (uint64_t)v[i]);
		last = v[i];
	}
	pb_bytes(to, field, buf_str(&b));
	buf_release(&b);
}

#define LIST(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static void way(struct buf *group, int64_t id, const int64_t *tags, size_t ntags, const int64_t *refs, size_t n)
{
	int64_t keys[8], values[8];
	struct buf b;

	for (size_t i = 0; i < ntags / 2; i++) {
		keys[i] = tags[2 * i];
		values[i] = tags[2 * i + 1];
	}
	buf_init(&b, 1 << 20);
	list(&b, 8, refs, n, true);
	pb_number(&b, 1, (uint64_t)id);
	list(&b, 2, keys, ntags / 2, false);
	list(&b, 3, values, ntags / 2, false);
	pb_bytes(group, 3, buf_str(&b));
	buf_release(&b);
}

static void relation(struct buf *group)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	pb_number(&b, 1, 1);
	list(&b, 2, LIST(14, 16, 3), false);
	list(&b, 3, LIST(15, 17, 18), false);
	list(&b, 8, LIST(20, 0, 21, 22), false);
	list(&b, 9, LIST(5, 6, 7, 1), true);
	list(&b, 10, LIST(1, 1, 1, 0), false);
	pb_bytes(group, 4, buf_str(&b));
	buf_release(&b);
}

static void ways(struct buf *group)
{
	way(group, 1, LIST(1, 2, 3, 4), LIST(1, 2));
	way(group, 2, LIST(1, 2, 3, 4), LIST(3, 2));
	way(group, 3, LIST(1, 2, 3, 4), LIST(3, 4));
	way(group, 4, LIST(5, 6, 7, 8), LIST(1, 99, 3, 4));
	way(group, 5, NULL, 0, LIST(11, 12, 13));
	way(group, 6, NULL, 0, LIST(11, 14, 13));
	way(group, 7, NULL, 0, LIST(21, 22, 23, 21));
	way(group, 8, LIST(9, 10, 3, 11), LIST(1, 2, 11, 1));
	way(group, 9, LIST(12, 13), LIST(1, 2));
}

/* Coordinates in steps of 1000 of the format's 1e-9 degrees, beside an offset. */
static void nodes(struct buf *group)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	list(&b, 1, LIST(1, 2, 3, 4, 11, 12, 13, 14, 21, 22), true);
	list(&b, 8, LIST(500000, 500000, 500000, 500000, 510000, 510000, 520000, 520000, 513000, 513000), true);
	list(&b, 9, LIST(500000, 501000, 502000, 503000, 510000, 520000, 520000, 510000, 513000, 515000), true);
	list(&b, 10, LIST(0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0), false);
	pb_bytes(group, 2, buf_str(&b));
	buf_clear(&b);
	pb_varint(&b, 1 << 3);
	pb_signed(&b, 23);
	pb_varint(&b, 8 << 3);
	pb_signed(&b, 515000);
	pb_varint(&b, 9 << 3);
	pb_signed(&b, 514000);
	pb_bytes(group, 1, buf_str(&b));
	buf_release(&b);
}

static void data(struct buf *file, void (*fill)(struct buf *), struct str (*pack)(struct str))
{
	struct buf group, block, table;

	buf_init(&group, 1 << 20);
	buf_init(&block, 1 << 20);
	buf_init(&table, 1 << 20);
	fill(&group);
	/* strings and scales behind what needs them: the order of fields is free */
	pb_bytes(&block, 2, buf_str(&group));
	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		pb_bytes(&table, 1, str_from(strings[i]));
	pb_bytes(&block, 1, buf_str(&table));
	pb_number(&block, 17, 1000);
	pb_number(&block, 19, 29000000000u);
	pb_number(&block, 20, 106000000000u);
	pb_block(file, "OSMData", buf_str(&block), pack);
	buf_release(&group);
	buf_release(&block);
	buf_release(&table);
}

static void header(struct buf *file, const char *demands)
{
	struct buf b;

	buf_init(&b, 1024);
	pb_bytes(&b, 4, STR("OsmSchema-V0.6"));
	pb_bytes(&b, 4, str_from(demands));
	pb_block(file, "OSMHeader", buf_str(&b), NULL);
	buf_release(&b);
}

static struct str zlib(struct str s)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t most = libdeflate_zlib_compress_bound(c, s.n);
	char *to = arena_alloc(&a, most);
	struct str out = {to, libdeflate_zlib_compress(c, s.p, s.n, to, most)};

	libdeflate_free_compressor(c);
	return out;
}

static struct str town_pbf(struct str (*pack)(struct str))
{
	struct buf file;
	struct str out;

	buf_init(&file, 1 << 20);
	header(&file, "DenseNodes");
	data(&file, nodes, pack);
	data(&file, ways, pack);
	pb_block(&file, "Unknown", STR("whatever"), NULL);
	data(&file, relation, pack);
	out = arena_str(&a, buf_str(&file));
	buf_release(&file);
	return out;
}

static void pbf(void **state)
{
	struct read r = read_bytes(town_pbf(NULL), 0);

	(void)state;
	check_town(&r);
	r = read_bytes(town_pbf(zlib), 0);
	check_town(&r);
}

/* ---- what is wrong is said, with its place ---- */

static void refused(struct str bytes, const char *zh, const char *en)
{
	struct read r = read_bytes(bytes, 0);

	assert_int_equal(ERR_INPUT, r.e);
	assert_null(r.draft);
	if (str_find(r.why, str_from(zh)) < 0 || str_find(r.why, str_from(en)) < 0)
		fail_msg("'%.*s' has no '%s' or no '%s'", STR_ARG(r.why), zh, en);
}

static void wrong_files(void **state)
{
	struct buf b;

	(void)state;
	refused(STR(""), "空的", "empty");
	refused(STR("hello"), "不是 OpenStreetMap 数据", "no OpenStreetMap extract");
	refused(STR("\x1f\x8b\x08........"), "gunzip", "packed with gzip");
	refused(STR("BZh91AY&SY......"), "bunzip2", "packed with bzip2");
	refused(STR("%PDF-1.7 "), "PDF", "a PDF file");
	refused(STR("<osmChange version='0.6'></osmChange>"), "改动文件", "changes");
	refused(STR("<osm>\n<node id='1'\n<"), "第 3 行", "line 3");
	refused(STR("<osm>\n<way id='x'/></osm>"), "第 2 行：缺编号", "line 2: an id");
	refused(STR("<osm><way id='1'><way id='2'/></way></osm"), "XML", "XML");
	refused(STR("<!DOCTYPE osm [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><osm><way id='1'><tag k='&b;' v=''/></way></osm>"), "DOCTYPE", "DOCTYPE");
	refused(STR("<x><osm/></x>"), "最外层", "outermost");
	refused(str_sub(STR("<osm><node id='1' lat='1' lon='1'/>"), 0, 30), "XML", "XML");
	buf_init(&b, 1 << 20);
	header(&b, "HistoricalInformation");
	refused(buf_str(&b), "带历史", "history");
	buf_clear(&b);
	header(&b, "LineZebra");
	refused(buf_str(&b), "不认识", "not known");
	buf_release(&b);
}

/* Cut anywhere, and with any byte changed: a reason or a result, never a fault (the sanitizers look on). */
static void damaged_files(void **state)
{
	struct str whole = town_pbf(zlib), raw = town_pbf(NULL);
	char *copy = arena_strz(&a, raw);
	size_t refusals = 0;

	(void)state;
	for (size_t n = 20; n < whole.n; n += 3) {
		struct read r = read_bytes(str_sub(whole, 0, n), 0);

		assert_true(r.e == OK || (r.e == ERR_INPUT && r.why.n));
		refusals += r.e != OK;
		ground_draft_free(r.draft);
	}
	assert_true(refusals > whole.n / 4);
	for (size_t i = 0; i < raw.n; i++) {
		struct read r;

		copy[i] = (char)(copy[i] ^ 0xff);
		r = read_bytes((struct str){copy, raw.n}, 0);
		copy[i] = (char)(copy[i] ^ 0xff);
		assert_true(r.e == OK || (r.e == ERR_INPUT && r.why.n));
		ground_draft_free(r.draft);
	}
}

static void limits(void **state)
{
	struct buf b;
	struct read r = read_bytes(str_from(town), 5);

	(void)state;
	assert_int_equal(ERR_TOO_MUCH, r.e);
	assert_true(str_find(r.why, STR("osmium extract")) >= 0);
	/* a block that says it unpacks to 4 GiB */
	buf_init(&b, 1 << 20);
	header(&b, "DenseNodes");
	{
		struct buf blob, head;

		buf_init(&blob, 1024);
		buf_init(&head, 1024);
		pb_number(&blob, 2, (uint64_t)4 << 30);
		pb_bytes(&blob, 3, zlib(STR("x")));
		pb_bytes(&head, 1, STR("OSMData"));
		pb_number(&head, 3, blob.n);
		buf_add(&b, "\0\0\0", 3);
		buf_addc(&b, (char)head.n);
		buf_adds(&b, buf_str(&head));
		buf_adds(&b, buf_str(&blob));
		buf_release(&blob);
		buf_release(&head);
	}
	refused(buf_str(&b), "超过 32 MiB", "block 1, from byte");
	buf_release(&b);
	/* a latitude of 91 costs the node, and the street its piece there */
	r = read_bytes(STR("<osm><node id='1' lat='91' lon='1'/><node id='2' lat='1' lon='1'/><node id='3' lat='1' lon='2'/>"
			   "<way id='1'><nd ref='1'/><nd ref='2'/><nd ref='3'/><tag k='highway' v='primary'/></way></osm>"), 0);
	assert_int_equal(OK, r.e);
	assert_true(r.g.left_out == 1 && ground_draft_points(r.draft) == 2);
	ground_draft_free(r.draft);
}

/* ---- joining ---- */

static void joining(void **state)
{
	/* three streets meet at node 2: they stay apart; two others of one name and class become one; a roundabout stays closed */
	struct read r = read_bytes(STR("<osm><node id='1' lat='1' lon='1'/><node id='2' lat='1' lon='2'/><node id='3' lat='1' lon='3'/>"
				       "<node id='4' lat='2' lon='2'/><node id='5' lat='5' lon='5'/><node id='6' lat='5' lon='6'/><node id='7' lat='6' lon='6'/>"
				       "<way id='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='primary'/></way>"
				       "<way id='2'><nd ref='2'/><nd ref='3'/><tag k='highway' v='primary'/></way>"
				       "<way id='3'><nd ref='2'/><nd ref='4'/><tag k='highway' v='primary'/></way>"
				       "<way id='4'><nd ref='1'/><nd ref='4'/><tag k='highway' v='secondary'/></way>"
				       "<way id='5'><nd ref='4'/><nd ref='3'/><tag k='highway' v='secondary_link'/></way>"
				       "<way id='6'><nd ref='5'/><nd ref='6'/><nd ref='7'/><nd ref='5'/><tag k='highway' v='tertiary'/></way></osm>"), 0);
	struct ground_feature f;

	(void)state;
	assert_int_equal(OK, r.e);
	assert_int_equal(5, ground_draft_count(r.draft));
	ground_draft_get(r.draft, 3, &a, &f);
	assert_true(f.rank == 3 && f.ends[0] == 3);
	ground_draft_get(r.draft, 4, &a, &f);
	assert_true(f.rank == 4 && f.ends[0] == 4 && f.points[0].x == f.points[3].x);
	ground_draft_free(r.draft);
}

/* A river of 5,000 pieces in any order is joined, and cut into lines that a tile can look at. */
static void a_long_river(void **state)
{
	struct buf b;
	struct read r;
	struct ground_feature f;
	size_t points = 0;

	(void)state;
	buf_init(&b, 4 << 20);
	buf_addz(&b, "<osm>");
	for (int i = 0; i <= 5000; i++)
		buf_printf(&b, "<node id='%d' lat='29' lon='%.4f'/>", i + 1, 106 + i * 0.0001);
	for (int i = 0; i < 5000; i++) {
		int k = (int)((int64_t)i * 1237 % 5000);

		buf_printf(&b, "<way id='%d'><nd ref='%d'/><nd ref='%d'/><tag k='waterway' v='river'/></way>", i + 1, k + 1 + (i & 1), k + 2 - (i & 1));
	}
	buf_addz(&b, "</osm>");
	r = read_bytes(buf_str(&b), 0);
	buf_release(&b);
	assert_int_equal(OK, r.e);
	assert_int_equal(6, ground_draft_count(r.draft));
	for (size_t i = 0; i < 6; i++) {
		ground_draft_get(r.draft, i, &a, &f);
		points += f.ends[0] - 1;
	}
	assert_int_equal(5000, points);
	ground_draft_free(r.draft);
}

static bool enough(void *arg, int64_t done, int64_t of)
{
	assert_true(done >= 0 && done <= of);
	return --*(int *)arg > 0;
}

/* Ctrl-C: wherever it comes, it ends with ERR_BUSY and nothing is left behind. */
static void stopping(void **state)
{
	struct str bytes = town_pbf(zlib), why;

	(void)state;
	for (int times = 1; times < 8; times++) {
		int left = times, fd = osm_file_of(bytes);
		struct osm_ground g = {.progress = enough, .arg = &left};
		struct ground_draft *d;
		struct osm *o;

		assert_int_equal(OK, osm_open(&o, fd, &a, &why));
		assert_int_equal(ERR_BUSY, osm_ground_read(o, &g, &d, &a, &why));
		assert_null(d);
		osm_close(o);
		close(fd);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(xml, setup, teardown), cmocka_unit_test_setup_teardown(pbf, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_files, setup, teardown), cmocka_unit_test_setup_teardown(damaged_files, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown), cmocka_unit_test_setup_teardown(joining, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_river, setup, teardown), cmocka_unit_test_setup_teardown(stopping, setup, teardown),
	};
	return UNIT_MAIN(tests);
}
