/*
 * .osm.pbf: blocks of at most 32 MiB, each inflated whole into a buffer that the next one uses again. The field numbers are those of fileformat.proto and
 * osmformat.proto as the OpenStreetMap wiki describes them.
 */
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <unistd.h>

#include "geo/osm_inner.h"
#include "geo/proto.h"

#define HEADER_MAX (64u << 10)   /* both limits are those of the format */
#define BLOCK_MAX (32u << 20)
#define STRINGS_MAX (1u << 20)   /* of a block; real ones have some thousands */
#define BLOCKS_MAX (4u << 20)

struct block {
	struct osm *o;
	int64_t at, number;      /* where it stands: for errors */
	size_t nstrings;
	int64_t granularity, lat0, lon0;
	unsigned kinds;          /* that were met */
	bool ended;              /* the sink has had enough */
};

/* ---- saying what is wrong ---- */

static enum err broken(const struct block *b, const char *zh, const char *en)
{
	*b->o->why = arena_printf(b->o->a, "第 %lld 块（从第 %lld 字节起）：%s (block %lld, from byte %lld on: %s)", (long long)b->number, (long long)b->at, zh,
				  (long long)b->number, (long long)b->at, en);
	return ERR_INPUT;
}

static enum err cut_off(const struct block *b)
{
	return broken(b, "数据不完整或已损坏，请重新下载", "cut off or damaged, please fetch it again");
}

/* ---- bytes of the file ---- */

static char *room(char **p, size_t *cap, size_t n)
{
	if (n > *cap) {
		free(*p);
		*p = malloc(n);
		*cap = n;
		if (*p == NULL)
			BUG("out of memory");
	}
	return *p;
}

static enum err get(const struct block *b, int64_t at, size_t n, char *to)
{
	for (size_t got = 0; got < n;) {
		ssize_t k = pread(b->o->fd, to + got, n - got, (off_t)at + (off_t)got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			*b->o->why = arena_printf(b->o->a, "读不了：%s (cannot be read: %s)", strerror(errno), strerror(errno));
			return ERR_IO;
		}
		if (k == 0)
			return cut_off(b);
		got += (size_t)k;
	}
	return OK;
}

/* The head of a block: its type and the length of what follows. *next: where that begins. */
static enum err read_head(const struct block *b, bool *is_data, bool *is_header, size_t *n, int64_t *next)
{
	char head[HEADER_MAX];
	struct proto p;
	struct proto_field f;
	unsigned char len[4];
	struct str type = STR("");
	size_t size;
	uint64_t data = 0;
	enum err e = get(b, b->at, 4, (char *)len);

	if (e != OK)
		return e;
	size = (size_t)len[0] << 24 | (size_t)len[1] << 16 | (size_t)len[2] << 8 | len[3];
	if (size == 0 || size > HEADER_MAX)
		return cut_off(b);
	e = get(b, b->at + 4, size, head);
	if (e != OK)
		return e;
	p = proto_of((struct str){head, size});
	while (proto_next(&p, &f)) {
		if (f.number == 1 && f.wire == PROTO_BYTES)
			type = f.bytes;
		else if (f.number == 3 && f.wire == PROTO_VARINT)
			data = f.value;
	}
	if (p.broken || data == 0)
		return cut_off(b);
	if (data > BLOCK_MAX)
		return broken(b, "数据块超过 32 MiB", "the block is larger than 32 MiB");
	*is_data = str_eqz(type, "OSMData");
	*is_header = str_eqz(type, "OSMHeader");
	*n = (size_t)data;
	*next = b->at + 4 + (int64_t)size;
	return OK;
}

static enum err inflate(const struct block *b, struct str packed, size_t size, struct str *out)
{
	struct osm *o = b->o;
	size_t got = 0;

	room(&o->plain, &o->plain_cap, size);
	if (libdeflate_zlib_decompress(o->inflater, packed.p, packed.n, o->plain, size, &got) != LIBDEFLATE_SUCCESS || got != size)
		return cut_off(b);
	*out = (struct str){o->plain, size};
	return OK;
}

/* The message inside the block. */
static enum err unpack(const struct block *b, int64_t at, size_t n, struct str *out)
{
	struct osm *o = b->o;
	struct proto_field f;
	struct proto p;
	struct str raw = STR_NULL, zlib = STR_NULL;
	uint64_t size = 0;
	bool other = false;
	enum err e = get(b, at, n, room(&o->packed, &o->packed_cap, n));

	if (e != OK)
		return e;
	p = proto_of((struct str){o->packed, n});
	while (proto_next(&p, &f)) {
		if (f.number == 1 && f.wire == PROTO_BYTES)
			raw = f.bytes;
		else if (f.number == 2 && f.wire == PROTO_VARINT)
			size = f.value;
		else if (f.number == 3 && f.wire == PROTO_BYTES)
			zlib = f.bytes;
		else if (f.number >= 4 && f.number <= 7)
			other = true;
	}
	if (p.broken)
		return cut_off(b);
	if (raw.p) {
		*out = raw;
		return OK;
	}
	if (zlib.p && size > BLOCK_MAX)
		return broken(b, "数据块解开后超过 32 MiB", "the block unpacks to more than 32 MiB");
	if (zlib.p && size)
		return inflate(b, zlib, (size_t)size, out);
	return other ? broken(b, "压缩方式不是 zlib，请用 osmium cat 转成 zlib 的", "not packed with zlib: convert it with osmium cat") : cut_off(b);
}

/* ---- the header of the file ---- */

static enum err check_header(const struct block *b, struct str message)
{
	struct proto p = proto_of(message);
	struct proto_field f;

	while (proto_next(&p, &f)) {
		if (f.number != 4 || f.wire != PROTO_BYTES || str_eqz(f.bytes, "OsmSchema-V0.6") || str_eqz(f.bytes, "DenseNodes"))
			continue;
		if (str_eqz(f.bytes, "HistoricalInformation"))
			return broken(b, "这是带历史的数据，要现状数据", "this is a history file: an extract of the present is needed");
		return broken(b, "需要我们不认识的功能", "it demands a feature that is not known here");
	}
	return p.broken ? cut_off(b) : OK;
}

/* ---- strings and tags ---- */

static bool read_strings(struct block *b, struct str table)
{
	struct osm *o = b->o;
	struct proto p = proto_of(table);
	struct proto_field f;

	while (proto_next(&p, &f)) {
		if (f.number != 1 || f.wire != PROTO_BYTES)
			continue;
		if (b->nstrings == STRINGS_MAX)
			return false;
		if (b->nstrings == o->strings_cap) {
			o->strings_cap = o->strings_cap ? o->strings_cap * 2 : 4096;
			o->strings = realloc(o->strings, o->strings_cap * sizeof(*o->strings));
			if (o->strings == NULL)
				BUG("out of memory");
		}
		o->strings[b->nstrings++] = f.bytes;
	}
	return !p.broken;
}

/* False: numbers of strings that are not there, or not in pairs. More tags than any thing has are left out. */
static bool read_tags(const struct block *b, struct str keys, struct str values, struct osm_tags *out)
{
	struct proto k = proto_of(keys), v = proto_of(values);
	size_t n = 0;

	while (proto_more(&k) && proto_more(&v)) {
		uint64_t key = proto_varint(&k), value = proto_varint(&v);

		if (k.broken || v.broken || key >= b->nstrings || value >= b->nstrings)
			return false;
		if (n < OSM_TAGS_MAX)
			b->o->tags[n++] = (struct osm_tag){b->o->strings[key], b->o->strings[value]};
	}
	*out = (struct osm_tags){b->o->tags, n};
	return !proto_more(&k) && !proto_more(&v);
}

/* ---- things ---- */

/* 1e-9 degrees in the file, 1e-7 here; false: not on the globe. */
static bool degrees(const struct block *b, int64_t lon, int64_t lat, struct shape_point *out)
{
	int64_t x, y;

	if (__builtin_mul_overflow(lon, b->granularity, &x) || __builtin_add_overflow(x, b->lon0, &x) || __builtin_mul_overflow(lat, b->granularity, &y) ||
	    __builtin_add_overflow(y, b->lat0, &y))
		return false;
	if (x < -180000000000 || x > 180000000000 || y < -90000000000 || y > 90000000000)
		return false;
	*out = (struct shape_point){(int32_t)((x + (x < 0 ? -50 : 50)) / 100), (int32_t)((y + (y < 0 ? -50 : 50)) / 100)};
	return true;
}

static void give_node(struct block *b, int64_t id, int64_t lon, int64_t lat)
{
	struct shape_point at;

	if (!degrees(b, lon, lat, &at))
		b->o->left_out++;
	else if (!b->o->sink->node(b->o->sink->arg, id, at))
		b->ended = true;
}

/* Adds without the undefined overflow of hostile differences. */
static int64_t plus(int64_t a, struct proto *p)
{
	return (int64_t)((uint64_t)a + (uint64_t)proto_zigzag(proto_varint(p)));
}

static bool read_dense(struct block *b, struct str message)
{
	struct proto p = proto_of(message), ids = {0}, lats = {0}, lons = {0};
	int64_t id = 0, lat = 0, lon = 0;
	struct proto_field f;

	while (proto_next(&p, &f)) {
		if (f.wire != PROTO_BYTES)
			continue;
		if (f.number == 1)
			ids = proto_of(f.bytes);
		else if (f.number == 8)
			lats = proto_of(f.bytes);
		else if (f.number == 9)
			lons = proto_of(f.bytes);
	}
	while (!b->ended && proto_more(&ids) && proto_more(&lats) && proto_more(&lons)) {
		id = plus(id, &ids);
		lat = plus(lat, &lats);
		lon = plus(lon, &lons);
		if (ids.broken || lats.broken || lons.broken)
			return false;
		give_node(b, id, lon, lat);
	}
	return !p.broken && (b->ended || (!proto_more(&ids) && !proto_more(&lats) && !proto_more(&lons)));
}

static bool read_node(struct block *b, struct str message)
{
	struct proto p = proto_of(message);
	int64_t id = 0, lat = 0, lon = 0;
	struct proto_field f;

	while (proto_next(&p, &f)) {
		if (f.wire != PROTO_VARINT)
			continue;
		if (f.number == 1)
			id = proto_zigzag(f.value);
		else if (f.number == 8)
			lat = proto_zigzag(f.value);
		else if (f.number == 9)
			lon = proto_zigzag(f.value);
	}
	if (!p.broken)
		give_node(b, id, lon, lat);
	return !p.broken;
}

/* What ways and relations have alike. */
struct thing { int64_t id; struct str keys, values, v8, v9, v10; };

static bool read_thing(struct str message, struct thing *t)
{
	struct proto p = proto_of(message);
	struct proto_field f;

	*t = (struct thing){0};
	while (proto_next(&p, &f)) {
		if (f.number == 1 && f.wire == PROTO_VARINT)
			t->id = (int64_t)f.value;
		if (f.wire != PROTO_BYTES)
			continue;
		*(f.number == 2 ? &t->keys : f.number == 3 ? &t->values : f.number == 8 ? &t->v8 : f.number == 9 ? &t->v9 : f.number == 10 ? &t->v10 :
		  &(struct str){0}) = f.bytes;
	}
	return !p.broken;
}

static bool read_way(struct block *b, struct str message)
{
	struct osm_way w = {.refs = b->o->refs};
	struct thing t;
	struct proto refs;
	int64_t ref = 0;

	if (!read_thing(message, &t) || !read_tags(b, t.keys, t.values, &w.tags))
		return false;
	refs = proto_of(t.v8);
	while (proto_more(&refs) && w.n < OSM_REFS_MAX) {
		ref = plus(ref, &refs);
		b->o->refs[w.n++] = ref;
	}
	w.id = t.id;
	if (proto_more(&refs))
		b->o->left_out++;
	else if (!refs.broken && !b->o->sink->way(b->o->sink->arg, &w))
		b->ended = true;
	return !refs.broken;
}

static bool read_relation(struct block *b, struct str message)
{
	static const enum osm_kind kinds[] = {OSM_NODE, OSM_WAY, OSM_RELATION};
	struct osm_relation r = {.v = b->o->members};
	struct thing t;
	struct proto roles, refs, types;
	int64_t ref = 0;

	if (!read_thing(message, &t) || !read_tags(b, t.keys, t.values, &r.tags))
		return false;
	roles = proto_of(t.v8);
	refs = proto_of(t.v9);
	types = proto_of(t.v10);
	while (proto_more(&roles) && proto_more(&refs) && proto_more(&types) && r.n < OSM_REFS_MAX) {
		uint64_t role = proto_varint(&roles), type = proto_varint(&types);

		ref = plus(ref, &refs);
		if (roles.broken || refs.broken || types.broken || role >= b->nstrings || type > 2)
			return false;
		b->o->members[r.n++] = (struct osm_member){ref, kinds[type], b->o->strings[role]};
	}
	r.id = t.id;
	if (r.n == OSM_REFS_MAX && proto_more(&refs)) {
		b->o->left_out++;
		return true;
	}
	if (proto_more(&roles) || proto_more(&refs) || proto_more(&types))
		return false;
	if (!b->o->sink->relation(b->o->sink->arg, &r))
		b->ended = true;
	return true;
}

/* ---- groups and blocks ---- */

static bool read_group(struct block *b, struct str message)
{
	static const unsigned kinds[] = {0, OSM_NODE, OSM_NODE, OSM_WAY, OSM_RELATION};
	static bool (*const how[])(struct block *, struct str) = {NULL, read_node, read_dense, read_way, read_relation};
	struct proto p = proto_of(message);
	struct proto_field f;

	while (!b->ended && proto_next(&p, &f)) {
		if (f.number >= ARRAY_LEN(how) || f.wire != PROTO_BYTES)
			continue;
		b->kinds |= kinds[f.number];
		if ((kinds[f.number] & b->o->sink->kinds) && !how[f.number](b, f.bytes))
			return false;
	}
	return !p.broken;
}

/* Strings and scales may stand behind the groups that need them: two walks. */
static enum err read_data(struct block *b, struct str message)
{
	struct proto p = proto_of(message);
	struct proto_field f;
	bool ok = true;

	b->granularity = 100;
	while (ok && proto_next(&p, &f)) {
		if (f.number == 1 && f.wire == PROTO_BYTES)
			ok = read_strings(b, f.bytes);
		else if (f.number == 17 && f.wire == PROTO_VARINT)
			b->granularity = (int64_t)f.value;
		else if (f.number == 19 && f.wire == PROTO_VARINT)
			b->lat0 = (int64_t)f.value;
		else if (f.number == 20 && f.wire == PROTO_VARINT)
			b->lon0 = (int64_t)f.value;
	}
	ok = ok && !p.broken && b->granularity > 0;
	p = proto_of(message);
	while (ok && !b->ended && proto_next(&p, &f))
		if (f.number == 2 && f.wire == PROTO_BYTES)
			ok = read_group(b, f.bytes);
	if (!ok)
		return cut_off(b);
	return b->ended ? ERR_BUSY : OK;
}

static enum err keep_block(struct osm *o, const struct block *b)
{
	if (o->indexed)
		return OK;
	if (o->nblocks == BLOCKS_MAX)
		return broken(b, "数据块太多", "there are too many blocks");
	if (o->nblocks == o->blocks_cap) {
		o->blocks_cap = o->blocks_cap ? o->blocks_cap * 2 : 1024;
		o->blocks = realloc(o->blocks, o->blocks_cap * sizeof(*o->blocks));
		if (o->blocks == NULL)
			BUG("out of memory");
	}
	o->blocks[o->nblocks++] = (struct osm_block){b->at, b->kinds};
	return OK;
}

/* Is there nothing in it that this pass wants? */
static bool is_skipped(const struct osm *o, int64_t number)
{
	return o->indexed && number > 0 && (size_t)number < o->nblocks && (o->blocks[number].kinds & o->sink->kinds) == 0;
}

static enum err read_block(struct block *b, int64_t *next)
{
	bool is_data, is_header;
	struct str message;
	size_t n;
	enum err e = read_head(b, &is_data, &is_header, &n, next);

	if (e == OK && b->number == 0 && !is_header)
		e = cut_off(b);
	if (e == OK && (is_data || is_header) && !is_skipped(b->o, b->number)) {
		e = unpack(b, *next, n, &message);
		if (e == OK)
			e = is_header ? check_header(b, message) : read_data(b, message);
	}
	*next += (int64_t)n;
	return e;
}

enum err osm_pass_pbf(struct osm *o)
{
	int64_t at = 0, next;
	enum err e = OK;

	for (int64_t number = 0; e == OK && at < o->size; number++, at = next) {
		struct block b = {.o = o, .at = at, .number = number};

		next = at;
		e = read_block(&b, &next);
		if (e == OK)
			e = keep_block(o, &b);
		if (e == OK && o->sink->progress && !o->sink->progress(o->sink->arg, next))
			e = ERR_BUSY;
	}
	if (e == OK)
		o->indexed = true;
	else if (!o->indexed)
		o->nblocks = 0;
	return e;
}
