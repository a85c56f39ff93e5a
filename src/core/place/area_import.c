#include "core/place/area_import.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "core/place/key.h"
#include "core/place/place.sql.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "geo/shape_fix.h"

#define BATCH 64            /* features a job */
#define BATCH_POINTS 200000 /* of all of them */

static char ambiguous;      /* value of a name that several places have */

struct one {
	int64_t feature;
	struct place_area area;
	struct str name;
	bool changed, kept;
};

struct reading {
	struct area_import *im;
	struct db *db;
	struct arena *a;            /* until the end */
	struct arena batch;
	struct one v[BATCH];
	size_t n, points;
	int64_t done;               /* features behind this batch */
	struct str digest;
	struct map names;           /* name -> key, or &ambiguous */
	bool has_names;
	struct map parents;         /* of what was set, for the check */
};

const char *area_told_name(enum area_told t)
{
	static const char *const names[] = {"faulty", "unmatched", "kept", "mended", "overlap", "gap", "outside"};

	return names[t];
}

static void tell(struct area_import *im, enum area_told kind, int64_t feature, struct str what, struct str text)
{
	im->tolds[kind]++;
	if (im->told)
		im->told(im->arg, kind, feature, what, text);
}

/* ---- which place ---- */

static struct str usual(const struct geojson_feature *f, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str v = geojson_property(f, names[i]);

		if (v.n)
			return str_trim(v);
	}
	return STR_NULL;
}

static struct str code_of(const struct reading *r, const struct geojson_feature *f)
{
	static const char *const names[] = {"code", "adcode", "gb", "CODE", "ADCODE", "GB", "代码", "区划代码", "id"};
	struct str v;

	if (r->im->code_property)
		return str_trim(geojson_property(f, r->im->code_property));
	v = usual(f, names, ARRAY_LEN(names));
	return v.n ? v : f->id;
}

static struct str name_of(const struct reading *r, const struct geojson_feature *f)
{
	static const char *const names[] = {"name", "NAME", "Name", "fullname", "名称", "地名", "XZQMC"};

	return r->im->name_property ? str_trim(geojson_property(f, r->im->name_property)) : usual(f, names, ARRAY_LEN(names));
}

/* The code as we have it: without "156" (China) in front and without zeros for the levels below. */
static enum err by_code(const struct reading *r, struct db_conn *c, struct str code, struct place *out)
{
	static const size_t lengths[] = {18, 15, 12, 9, 6, 4, 2};
	enum err e = place_level_of_code(code) == PLACE_ROOT ? ERR_NOT_FOUND : place_by_code(c, r->a, code, 0, out);

	if (e == ERR_NOT_FOUND && code.n == 9 && str_starts(code, "156"))
		return by_code(r, c, str_sub(code, 3, code.n), out);
	for (size_t i = 0; e == ERR_NOT_FOUND && i < ARRAY_LEN(lengths); i++) {
		struct str cut = str_sub(code, 0, lengths[i]), zeros = str_sub(code, lengths[i], code.n);

		if (zeros.n == 0 || place_level_of_code(cut) == PLACE_ROOT)
			continue;
		for (size_t k = 0; k < zeros.n; k++)
			if (zeros.p[k] != '0')
				return ERR_NOT_FOUND;
		e = place_by_code(c, r->a, cut, 0, out);
	}
	return e;
}

static void add_name(struct reading *r, struct str name, struct str key)
{
	struct str *value = arena_new(r->a, struct str);
	void *had = map_get(&r->names, name);

	*value = arena_str(r->a, key);
	map_put(&r->names, name, had ? (void *)&ambiguous : value);
}

/* 梁平县 became 梁平区: without the word for what it is, both are 梁平. Marked, so that no whole name is met by it. */
static struct str stem(struct arena *a, struct str name)
{
	static const char *const words[] = {"自治县", "街道", "区", "县", "市", "镇", "乡"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_ends(name, words[i]) && name.n >= strlen(words[i]) + 6)
			return arena_printf(a, "~%.*s", (int)(name.n - strlen(words[i])), name.p);
	return STR_NULL;
}

static enum err read_name(void *arg, const struct place *p)
{
	struct reading *r = arg;
	struct str shorter;

	if (p->level != r->im->level || p->until || p->hidden)
		return OK;
	add_name(r, p->name, p->key);
	if (!str_eq(place_short_name(p->name), p->name))
		add_name(r, place_short_name(p->name), p->key);
	shorter = stem(r->a, p->name);
	if (shorter.p)
		add_name(r, shorter, p->key);
	return OK;
}

static enum err by_name(struct reading *r, struct db_conn *c, struct str name, struct place *out, struct str *why)
{
	struct str *key;
	struct str shorter;
	enum err e = OK;

	if (r->im->level == PLACE_ROOT) {
		*why = STR("代码找不到；要按名称找，请用 --level 指定层级 (its code is not known; to match by name, give --level)");
		return ERR_NOT_FOUND;
	}
	if (!r->has_names) {
		map_init(&r->names, r->a);
		e = place_each(c, r->im->parent, read_name, r);
		r->has_names = e == OK;
	}
	if (e != OK)
		return e;
	key = map_get(&r->names, name);
	if (!key && (shorter = stem(r->a, name)).p)
		key = map_get(&r->names, shorter);
	if (!key || (void *)key == (void *)&ambiguous) {
		*why = key ? STR("有几个地方叫这个名字，请用 --parent 缩小范围 (several places have this name: narrow it with --parent)") :
			     STR("没有这个代码或名称的地方 (no place has this code or name)");
		return ERR_NOT_FOUND;
	}
	return place_by_key(c, r->a, *key, out);
}

static enum err match(struct reading *r, struct db_conn *c, const struct geojson_feature *f, struct place *out, struct str *why)
{
	struct str code = code_of(r, f), name = name_of(r, f);
	enum err e = code.n ? by_code(r, c, code, out) : ERR_NOT_FOUND;

	*why = STR("没有代码，也没有名称 (neither code nor name)");
	if (e == ERR_NOT_FOUND && code.n)
		*why = STR("没有这个代码的地方 (no place has this code)");
	if (e == ERR_NOT_FOUND && name.n)
		e = by_name(r, c, name, out, why);
	if (e == OK && (out->until || (r->im->level != PLACE_ROOT && out->level != r->im->level))) {
		*why = out->until ? STR("这个地方已经撤销 (this place has ended)") : STR("不是指定的层级 (not of the level asked for)");
		e = ERR_NOT_FOUND;
	}
	if (e == OK && !place_within(out->key, r->im->parent)) {
		*why = STR("不在指定的上级之内 (not under the parent asked for)");
		e = ERR_NOT_FOUND;
	}
	return e;
}

/* ---- a job ---- */

static enum err write_batch(struct tx *tx, void *arg)
{
	struct reading *r = arg;
	enum err e = db_lock(tx, PLACE_LOCK);

	for (size_t i = 0; e == OK && i < r->n; i++) {
		struct place_area had;

		r->v[i].changed = r->v[i].kept = false;
		if (r->im->rough) {
			e = place_area_get(tx->c, tx->arena, r->v[i].area.place, &had);
			r->v[i].kept = e == OK && !had.rough;
			e = e == ERR_NOT_FOUND ? OK : e;
		}
		if (e == OK && !r->v[i].kept)
			e = place_area_set(tx, &r->v[i].area, &r->v[i].changed);
	}
	/* behind the first feature that found no place nothing counts as done, so that it is tried again */
	if (e == OK && r->im->tolds[AREA_FAULTY] + r->im->tolds[AREA_UNMATCHED] == 0)
		e = q_place_import_set(tx->c, r->digest, r->done, tx->now, NULL);
	return e;
}

static struct str full_name(struct reading *r, struct str key, struct str or)
{
	struct db_conn *c = db_read_begin(r->db);
	struct str name;
	enum err e = place_full_name(c, r->a, key, PLACE_PROVINCE, &name);

	db_read_end(c);
	return e == OK ? name : or;
}

static enum err flush(struct reading *r)
{
	enum err e = r->n || !r->im->was_complete ? db_write(r->db, write_batch, r) : OK;

	for (size_t i = 0; e == OK && i < r->n; i++) {
		const struct one *o = &r->v[i];

		r->im->set += o->changed;
		r->im->same += !o->changed && !o->kept;
		if (o->kept)
			tell(r->im, AREA_KEPT, o->feature, full_name(r, o->area.place, o->name),
			     STR("已有更准确的边界，保留原有的 (it has a better border, which stays)"));
		else
			map_put(&r->parents, o->area.place, r);
	}
	arena_reset(&r->batch);
	r->n = r->points = 0;
	return e;
}

/* ---- features ---- */

static void take(struct reading *r, struct db_conn *c, const struct geojson_feature *f, enum err *e)
{
	struct one *o = &r->v[r->n];
	struct shape_report report;
	struct place p;
	struct str why, name = arena_str(&r->batch, name_of(r, f)), told = name.n ? name : code_of(r, f);

	*o = (struct one){.feature = f->number, .name = name};
	if (f->kind != GEOJSON_AREAS) {
		tell(r->im, AREA_FAULTY, f->number, told, STR("不是面 (not a polygon)"));
		return;
	}
	*e = match(r, c, f, &p, &why);
	if (*e == ERR_NOT_FOUND) {
		*e = OK;
		tell(r->im, AREA_UNMATCHED, f->number, told, why);
		return;
	}
	if (*e != OK)
		return;
	*e = shape_fix(&r->batch, f, r->im->datum, &o->area.shape, &report);
	if (*e == ERR_INPUT || *e == ERR_TOO_MUCH) {
		tell(r->im, AREA_FAULTY, f->number, told,
		     *e == ERR_INPUT ? STR("修补之后没有剩下面积 (nothing is left of it after mending)") : STR("点太多 (too many points)"));
		*e = OK;
		return;
	}
	if (*e != OK)
		return;
	if (!shape_report_empty(&report))
		tell(r->im, AREA_MENDED, f->number, told, shape_report_text(&r->batch, &report));
	o->area.place = arena_str(&r->batch, p.key);
	o->area.source = r->im->source;
	o->area.dated = r->im->dated;
	o->area.rough = r->im->rough;
	o->area.who = r->im->who;
	o->area.reason = STR("导入 import");
	r->points += o->area.shape.npoints;
	r->n++;
}

static enum err read_features(struct reading *r, struct geojson *g, int64_t skip, struct str *why)
{
	struct geojson_feature f;
	enum geojson_got got;
	enum err e = OK;

	while (e == OK && ((got = geojson_next(g, &f)) == GEOJSON_FEATURE || got == GEOJSON_FAULTY)) {
		struct db_conn *c;

		r->done = f.number;
		r->im->features++;
		if (f.number <= skip) {
			r->im->skipped++;
			continue;
		}
		if (got == GEOJSON_FAULTY) {
			struct str name = name_of(r, &f), code = code_of(r, &f);

			tell(r->im, AREA_FAULTY, f.number, name.n ? name : code.n ? code : STR(""), f.why);
			continue;
		}
		c = db_read_begin(r->db);
		take(r, c, &f, &e);
		db_read_end(c);
		if (e != OK || (r->n < BATCH && r->points < BATCH_POINTS))
			continue;
		e = flush(r);
		if (r->im->progress)
			r->im->progress(r->im->arg, geojson_position(g), r->im->size);
		if (e == OK && r->im->stop && r->im->stop(r->im->arg)) {
			r->im->stopped = true;
			return OK;
		}
	}
	if (e == OK && got == GEOJSON_BROKEN) {
		*why = arena_str(r->a, geojson_why(g));
		e = flush(r);
		return e == OK ? ERR_INPUT : e;
	}
	r->im->was_complete = skip > 0 && r->done <= skip;
	return e == OK ? flush(r) : e;
}

/* ---- the check ---- */

static struct str shown_parent(struct db_conn *c, struct arena *a, struct str key)
{
	for (int level = (int)place_level_of_key(key) - 1; level > PLACE_ROOT; level--) {
		struct str up = place_up(key, (enum place_level)level);
		struct place p;

		if (place_by_key(c, a, up, &p) == OK && !p.hidden)
			return up;
	}
	return STR_NULL;
}

/* Each parent once: of what was set, and what was set itself if it has children with areas. */
static enum err check(struct reading *r)
{
	struct db_conn *c = db_read_begin(r->db);
	struct map done;
	struct str key;
	void *value;
	size_t at = 0;
	enum err e = OK;

	map_init(&done, r->a);
	while (e == OK && map_each(&r->parents, &at, &key, &value)) {
		struct str both[2] = {shown_parent(c, r->a, key), key};

		for (int i = 0; e == OK && i < 2; i++) {
			if (!both[i].p || map_has(&done, both[i]))
				continue;
			map_put(&done, both[i], r);
			e = area_check(c, both[i], r->im);
		}
	}
	db_read_end(c);
	return e;
}

/* ---- the file ---- */

/* Of the file and of how it is to be read: another datum is another import. */
static enum err digest_of(const struct area_import *im, struct arena *a, struct str *out)
{
	unsigned char sum[32], block[65536];
	struct str how = arena_printf(a, "areas/%s/%.*s/%.*s/%d/%d/%.*s/%s/%s", coord_datum_name(im->datum), STR_ARG(im->source),
				      STR_ARG(im->dated), im->rough, (int)im->level, STR_ARG(im->parent),
				      im->code_property ? im->code_property : "", im->name_property ? im->name_property : "");
	struct hash_state h;
	ssize_t n;

	hash_begin(&h, HASH_SHA256);
	hash_add(&h, how.p, how.n);
	while ((n = read(im->fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		hash_add(&h, block, (size_t)n);
	}
	hash_end(&h, sum);
	*out = hex(a, sum, sizeof(sum));
	return lseek(im->fd, 0, SEEK_SET) == 0 ? OK : ERR_IO;
}

static enum err features_done(struct db *db, struct arena *a, struct str digest, int64_t *n)
{
	struct db_conn *c = db_read_begin(db);
	struct place_import_get_rows rows;
	enum err e = q_place_import_get(c, a, digest, &rows);

	db_read_end(c);
	*n = e == OK && rows.n ? rows.v[0].done_rows : 0;
	return e;
}

enum err area_import(struct db *db, struct area_import *im, struct arena *a, struct str *why)
{
	struct reading *r = arena_new(a, struct reading);
	struct geojson *g;
	int64_t skip = 0;
	enum err e = digest_of(im, a, &r->digest);

	if (e != OK) {
		*why = arena_printf(a, "文件读不了：%s (cannot read the file)", strerror(errno));
		return e;
	}
	r->im = im;
	r->db = db;
	r->a = a;
	if (!im->again)
		e = features_done(db, a, r->digest, &skip);
	if (e != OK)
		return e;
	arena_init(&r->batch, (size_t)1 << 30);
	map_init(&r->parents, a);
	g = geojson_open_fd(im->fd, NULL);
	e = read_features(r, g, skip, why);
	geojson_close(g);
	if (e == OK && !im->no_check)
		e = check(r);
	arena_release(&r->batch);
	if (e != OK && !why->p)
		*why = arena_printf(a, "数据库出错：%s (the store failed: %s)", err_name(e), err_name(e));
	return e;
}
