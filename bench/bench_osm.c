/*
 * The ground from an OpenStreetMap extract. The extract is made here as real ones are: dense nodes, most of which no street needs, ways of ten nodes with a class and now
 * and then a name, blocks of 8,000 packed with zlib.
 *   map/osm-read     the file to lines and areas, in megabytes of the file a second, against
 *                    inflate: reading the same file once and unpacking its blocks, nothing else
 *   map/osm-import   the same with everything: digest, store (SQLite), roads to communities, in force
 *   map/osm-load     features in the store to the map in memory
 *   map/background-tile  a tile made (median of 300 over the town, z 11 to 16), against pack: compressing the same bytes at level 1
 * OSM_WAYS (60,000) streets; a municipality of thirty million people has some 400,000.
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cap/map/ground.h"
#include "cap/map/map.sql.h"
#include "common.h"
#include "geo/osm_ground.h"
#include "geo/osm_testing.h"
#include "geo/tile.h"

#define A_BLOCK 8000
#define A_WAY 10
#define ROUNDS 5
#define TILES 300

static uint32_t seed = 7;

static int dice(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

static struct arena a;

static struct str packed(struct str s)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t most = libdeflate_zlib_compress_bound(c, s.n);
	char *to = arena_alloc(&a, most);
	struct str out = {to, libdeflate_zlib_compress(c, s.p, s.n, to, most)};

	libdeflate_free_compressor(c);
	return out;
}

/* ---- the extract ---- */

static void data(struct buf *file, struct buf *group, const char *const *strings, size_t n)
{
	struct buf block, table;

	buf_init(&block, 64 << 20);
	buf_init(&table, 64 << 20);
	for (size_t i = 0; i < n; i++)
		pb_bytes(&table, 1, str_from(strings[i]));
	pb_bytes(&block, 1, buf_str(&table));
	pb_bytes(&block, 2, buf_str(group));
	pb_block(file, "OSMData", buf_str(&block), packed);
	arena_reset(&a);
	buf_clear(group);
	buf_release(&block);
	buf_release(&table);
}

/* Two nodes in three belong to nothing that is drawn: houses, lamps. */
static void nodes(struct buf *file, int64_t n)
{
	static const char *const none[] = {""};
	struct buf group, dense, ids, lats, lons;
	int64_t lat = 295600000, lon = 1065500000, last_lat = 0, last_lon = 0, last_id = 0;

	buf_init(&group, 64 << 20), buf_init(&dense, 64 << 20), buf_init(&ids, 64 << 20), buf_init(&lats, 64 << 20), buf_init(&lons, 64 << 20);
	for (int64_t i = 0; i < n; i++) {
		if (i % A_WAY == 0) {
			lat = 295000000 + dice(2000000);
			lon = 1064500000 + dice(2000000);
		}
		lat += dice(4000) - 1500;
		lon += dice(4000) - 1500;
		pb_signed(&ids, i + 1 - last_id), pb_signed(&lats, lat - last_lat), pb_signed(&lons, lon - last_lon);
		last_id = i + 1, last_lat = lat, last_lon = lon;
		if (i % A_BLOCK < A_BLOCK - 1 && i < n - 1)
			continue;
		pb_bytes(&dense, 1, buf_str(&ids)), pb_bytes(&dense, 8, buf_str(&lats)), pb_bytes(&dense, 9, buf_str(&lons));
		pb_bytes(&group, 2, buf_str(&dense));
		data(file, &group, none, 1);
		buf_clear(&dense), buf_clear(&ids), buf_clear(&lats), buf_clear(&lons);
		last_id = last_lat = last_lon = 0;
	}
	buf_release(&group), buf_release(&dense), buf_release(&ids), buf_release(&lats), buf_release(&lons);
}

static void ways(struct buf *file, int64_t n)
{
	static const char *const strings[] = {"", "highway", "name", "primary", "secondary", "tertiary", "residential", "residential", "service", "footway",
		"红石路", "石门路", "大庆村路", "盘溪路", "building", "yes"};
	struct buf group, way, keys, values, refs;

	buf_init(&group, 64 << 20), buf_init(&way, 64 << 20), buf_init(&keys, 1024), buf_init(&values, 1024), buf_init(&refs, 1 << 20);
	for (int64_t i = 0; i < n; i++) {
		bool street = i % 3 == 0;   /* the others are houses */

		pb_varint(&keys, street ? 1 : 14), pb_varint(&values, street ? 3 + (uint64_t)dice(7) : 15);
		if (street && dice(3) == 0)
			pb_varint(&keys, 2), pb_varint(&values, 10 + (uint64_t)dice(4));
		pb_signed(&refs, i * A_WAY + 1);
		for (int k = 1; k < A_WAY; k++)
			pb_signed(&refs, 1);
		pb_number(&way, 1, (uint64_t)i + 1);
		pb_bytes(&way, 2, buf_str(&keys)), pb_bytes(&way, 3, buf_str(&values)), pb_bytes(&way, 8, buf_str(&refs));
		pb_bytes(&group, 3, buf_str(&way));
		buf_clear(&way), buf_clear(&keys), buf_clear(&values), buf_clear(&refs);
		if (i % A_BLOCK == A_BLOCK - 1 || i == n - 1)
			data(file, &group, strings, ARRAY_LEN(strings));
	}
	buf_release(&group), buf_release(&way), buf_release(&keys), buf_release(&values), buf_release(&refs);
}

static int make_file(int64_t streets)
{
	struct buf file, head;
	int fd;

	buf_init(&file, (size_t)2 << 30);
	buf_init(&head, 1024);
	pb_bytes(&head, 4, STR("OsmSchema-V0.6")), pb_bytes(&head, 4, STR("DenseNodes"));
	pb_block(&file, "OSMHeader", buf_str(&head), packed);
	nodes(&file, streets * 3 * A_WAY);
	ways(&file, streets * 3);
	fd = osm_file_of(buf_str(&file));
	buf_release(&file);
	buf_release(&head);
	return fd;
}

/* ---- what is measured ---- */

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static unsigned be32(const unsigned char *p)
{
	return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
}

/* A varint of a field whose number and kind are known to stand here. */
static size_t take(const unsigned char **p)
{
	size_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		v |= (size_t)(**p & 127) << shift;
		if (*(*p)++ < 128)
			return v;
	}
}

/* The least that any reader must do. Our own file: the fields stand in a known order. */
static double inflate_all(int fd, size_t size)
{
	unsigned char *file = malloc(size), *to = malloc(32 << 20);
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	double began = cpu();
	size_t sum = 0;

	if (pread(fd, file, size, 0) != (ssize_t)size)
		BUG("short file");
	for (const unsigned char *p = file; p < file + size;) {
		const unsigned char *head = p + 4;
		size_t n, raw, got, packed_n;

		p = head + be32(p);
		head += 1;
		head += take(&head);
		head += 1;
		n = take(&head);
		head = p + 1;
		raw = take(&head);
		head += 1;
		packed_n = take(&head);
		if (libdeflate_zlib_decompress(d, head, packed_n, to, raw, &got) != LIBDEFLATE_SUCCESS)
			BUG("not what was written");
		sum += got;
		p += n;
	}
	began = cpu() - began;
	if (sum < size)
		BUG("nothing was unpacked");
	libdeflate_free_decompressor(d);
	free(file);
	free(to);
	return began;
}

static double read_all(int fd, struct ground_draft **out)
{
	struct osm_ground g = {0};
	struct str why;
	struct osm *o;
	double began = cpu();

	if (osm_open(&o, fd, &a, &why) != OK || osm_ground_read(o, &g, out, &a, &why) != OK)
		BUG("%.*s", STR_ARG(why));
	osm_close(o);
	return cpu() - began;
}

static double import_all(struct bench *b, int fd)
{
	struct ground_import im = {.path = arena_printf(&a, "/proc/self/fd/%d", fd).p};
	struct str why = STR("");
	double began = cpu();

	if (ground_import(b->u->db, &im, &a, &why) != OK)
		BUG("%.*s", STR_ARG(why));
	return cpu() - began;
}

static struct ground_map *load(const struct ground_draft *d, double *seconds)
{
	struct ground_map *m = ground_map_new();
	size_t next = 0;
	struct buf part;
	double began = cpu();

	buf_init(&part, 1 << 28);
	while (ground_draft_part(d, &next, &part)) {
		if (!ground_map_add(m, buf_str(&part)))
			BUG("a part that is none");
		buf_clear(&part);
	}
	ground_map_done(m);
	*seconds = cpu() - began;
	buf_release(&part);
	return m;
}

static int by_size(const void *x, const void *y)
{
	double p = *(const double *)x, q = *(const double *)y;

	return (p > q) - (p < q);
}

static void tiles(const struct ground_map *m)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(1);
	double made[TILES], pack[TILES];
	char *to = malloc(TILE_BYTES_MAX);
	struct buf b;

	buf_init(&b, TILE_BYTES_MAX);
	for (int i = 0; i < TILES; i++) {
		struct mercator at = mercator_from(106.45 + dice(200000) / 1e6, 29.5 + dice(200000) / 1e6);
		int z = 11 + i % 6;
		double began = cpu();

		buf_clear(&b);
		if (ground_tile(m, z, at.x >> (32 - z), at.y >> (32 - z), &b) != OK)
			BUG("no tile");
		made[i] = cpu() - began;
		began = cpu();
		(void)libdeflate_gzip_compress(c, b.p, b.n, to, TILE_BYTES_MAX);
		pack[i] = cpu() - began;
	}
	qsort(made, TILES, sizeof(*made), by_size);
	qsort(pack, TILES, sizeof(*pack), by_size);
	bench_line("map/background-tile", made[TILES / 2] * 1e6, "us", "pack", pack[TILES / 2] / made[TILES / 2]);
	bench_line("map/background-tile-p99", made[TILES * 99 / 100] * 1e6, "us", "pack", pack[TILES * 99 / 100] / made[TILES * 99 / 100]);
	buf_release(&b);
	free(to);
	libdeflate_free_compressor(c);
}

int main(void)
{
	double inflate = 1e9, reading = 1e9, importing, loading, mb;
	struct ground_draft *draft = NULL;
	struct ground_map *m;
	struct bench b;
	off_t size;
	int fd;

	bench_begin();
	arena_init(&a, (size_t)2 << 30);
	fd = make_file(bench_env("OSM_WAYS", 60000));
	size = lseek(fd, 0, SEEK_END);
	mb = (double)size / 1e6;
	for (int i = 0; i < ROUNDS; i++) {
		ground_draft_free(draft);
		inflate = fmin(inflate, inflate_all(fd, (size_t)size));
		reading = fmin(reading, read_all(fd, &draft));
	}
	bench_line("map/osm-read", mb / reading, "MB/s", "inflate", inflate / reading);
	bench_open(&b, bench_env("OSM_PG", 0) ? DB_PG : DB_SQLITE, NULL);
	importing = import_all(&b, fd);
	bench_close(&b);
	bench_line("map/osm-import", mb / importing, "MB/s", "inflate", inflate / importing);
	m = load(draft, &loading);
	printf("# %.1f MB, %zu features, %zu points, %.1f MB in memory\n", mb, ground_draft_count(draft), ground_draft_points(draft),
	       (double)ground_map_bytes(m) / 1e6);
	bench_line("map/osm-load", (double)ground_draft_points(draft) / loading / 1e6, "Mpoints/s", "inflate", inflate / loading);
	tiles(m);
	ground_map_free(m);
	ground_draft_free(draft);
	close(fd);
	return 0;
}
