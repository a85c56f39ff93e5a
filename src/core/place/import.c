#include "core/place/import.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/map.h"
#include "base/utf8.h"
#include "core/journal/journal.h"
#include "core/place/area.h"
#include "core/place/key.h"
#include "core/place/place.sql.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "geo/coord.h"

#define CHUNK 512 /* lines a job */

struct line {
	int64_t number;
	struct str code, name, source;
	double lon, lat;
	bool located;
	struct str key;                /* of the place, once known */
	const char *fault;
};

/* Lines of one job, with everything in an arena of their own. */
struct chunk {
	struct place_import *im;
	struct arena arena;
	struct line *v;
	size_t n;
	int64_t row, rows_before;      /* lines of the file behind and before this chunk */
	struct str digest;
	int64_t added, changed, same, located;
};

struct columns {
	int code, name, lon, lat, crs, source;
};

static struct str cell(const struct csv_row *row, int column)
{
	return column >= 0 && (size_t)column < row->n ? str_trim(row->v[column]) : STR_NULL;
}

static enum err file_digest(int fd, struct arena *a, struct str *out)
{
	unsigned char sum[32], block[65536];
	struct hash_state h;
	ssize_t n;

	hash_begin(&h, HASH_SHA256);
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		hash_add(&h, block, (size_t)n);
	}
	hash_end(&h, sum);
	*out = hex(a, sum, sizeof(sum));
	return lseek(fd, 0, SEEK_SET) == 0 ? OK : ERR_IO;
}

static bool read_columns(const struct csv_row *titles, struct columns *c)
{
	*c = (struct columns){
		.code = csv_column(titles, "code"), .name = csv_column(titles, "name"), .lon = csv_column(titles, "lon"),
		.lat = csv_column(titles, "lat"), .crs = csv_column(titles, "crs"), .source = csv_column(titles, "source")};
	return c->code >= 0 && (c->name >= 0 || (c->lon >= 0 && c->lat >= 0)) && (c->lon >= 0) == (c->lat >= 0);
}

static const char *read_point(const struct csv_row *row, const struct columns *c, struct line *l, struct arena *a)
{
	struct str lon = cell(row, c->lon), lat = cell(row, c->lat), crs = cell(row, c->crs);
	enum coord_datum datum = COORD_CGCS2000;
	struct lonlat p;

	if (str_empty(lon) && str_empty(lat))
		return NULL;
	if (!str_f64(lon, &l->lon) || !str_f64(lat, &l->lat) || !coord_valid(l->lon, l->lat))
		return "经纬度不是数字或超出范围 (lon and lat are not degrees)";
	if (!str_empty(crs) && !coord_datum_read(crs, &datum))
		return "坐标系未知，请写 gcj02、bd09、cgcs2000 或 wgs84 (unknown crs: write gcj02, bd09, cgcs2000 or wgs84)";
	p = coord_from(datum, l->lon, l->lat);
	l->lon = p.lon;
	l->lat = p.lat;
	l->located = true;
	l->source = arena_str(a, cell(row, c->source));
	return NULL;
}

/* What is wrong with the line by itself; NULL when nothing is. */
static const char *read_line(const struct csv_row *row, const struct columns *c, const struct place_import *im, struct line *l,
			     struct arena *a)
{
	enum place_level level;

	*l = (struct line){.number = row->line, .code = arena_str(a, cell(row, c->code)), .name = arena_str(a, cell(row, c->name)),
			   .lon = NAN, .lat = NAN};
	level = place_level_of_code(l->code);
	if (level == PLACE_ROOT)
		return "代码应为 2、4、6、9、12、15 或 18 位数字 (a code has 2, 4, 6, 9, 12, 15 or 18 digits)";
	if (im->level != PLACE_ROOT && level != im->level)
		return "代码的位数与指定的层级不符 (the code does not belong to the level asked for)";
	if (c->name >= 0 && (str_empty(l->name) || l->name.n > 200 || !utf8_plain(l->name, false)))
		return "名称为空、超过 200 字节或含控制字符 (the name is empty, longer than 200 bytes or holds control characters)";
	return c->lon >= 0 ? read_point(row, c, l, a) : NULL;
}

static void complain(struct place_import *im, int64_t line, const char *why)
{
	im->faulty++;
	if (im->bad)
		im->bad(im->arg, line, str_from(why));
}

/* ---- a job ---- */

/* Codes of the official tables that stand for no place: their children belong to the place above. */
static bool hidden_name(enum place_level level, struct str name)
{
	return level == PLACE_CITY && (str_eqz(name, "市辖区") || str_eqz(name, "县") || str_eqz(name, "省直辖县级行政区划") ||
				       str_eqz(name, "自治区直辖县级行政区划"));
}

/* Everything known of the codes and of the codes above them. */
static enum err look_up(struct tx *tx, const struct chunk *ch, struct map *known)
{
	struct str *codes = arena_array(tx->arena, struct str, ch->n * 2);
	struct map wanted;
	struct place_known_rows rows;
	size_t n = 0;
	enum err e;

	map_init(&wanted, tx->arena);
	for (size_t i = 0; i < ch->n; i++) {
		struct str pair[2] = {ch->v[i].code, place_parent_code(ch->v[i].code)};

		for (size_t k = 0; k < 2; k++)
			if (pair[k].n && !map_has(&wanted, pair[k])) {
				map_put(&wanted, pair[k], codes);
				codes[n++] = pair[k];
			}
	}
	e = q_place_known(tx->c, tx->arena, codes, n, &rows);
	for (size_t i = 0; e == OK && i < rows.n; i++)
		map_put(known, rows.v[i].code, &rows.v[i]);
	return e;
}

static enum err put_new(struct tx *tx, struct chunk *ch, struct line *l, struct map *known)
{
	enum place_level level = place_level_of_code(l->code);
	const struct place_known_row *up = NULL;
	struct place_known_row *row;
	struct place p = {.code = l->code, .name = l->name, .lon = l->lon, .lat = l->lat, .point_source = l->source,
			  .hidden = hidden_name(level, l->name)};
	enum err e;

	if (level != PLACE_PROVINCE) {
		up = map_get(known, place_parent_code(l->code));
		if (!up) {
			l->fault = "上级地区不存在，请先导入上级 (the place above is not there: import it first)";
			return OK;
		}
	}
	if (!p.name.p) {
		l->fault = "没有这个代码的地区 (no place has this code)";
		return OK;
	}
	e = place_put(tx, up ? up->key : STR(""), &p, &l->key);
	if (e != OK)
		return e;
	row = arena_new(tx->arena, struct place_known_row);
	*row = (struct place_known_row){.code = l->code, .key = l->key, .name = l->name, .lon_null = true, .lat_null = true};
	map_put(known, l->code, row);
	ch->added++;
	ch->located += l->located;
	return OK;
}

static enum err put_known(struct tx *tx, struct chunk *ch, struct line *l, const struct place_known_row *row)
{
	enum err e = OK;
	bool moved = l->located && (row->lon_null || fabs(row->lon - l->lon) > 1e-7 || fabs(row->lat - l->lat) > 1e-7);
	bool renamed = l->name.p && !str_eq(l->name, row->name);

	if (renamed)
		e = place_change(tx, row->key, l->name, STR_NULL, ch->im->who, STR("导入 import"));
	if (e == OK && moved)
		e = place_set_spot(tx, row->key, l->lon, l->lat, l->source);
	ch->located += moved;
	ch->changed += renamed;
	ch->same += !renamed && !moved;
	return e;
}

static enum err tell_journal(struct tx *tx, const struct chunk *ch)
{
	struct journal_entry entry = {.at = tx->now, .actor = ch->im->who, .kind = STR("place.import"), .place = STR("")};
	struct journal_data d;
	struct json *j;

	if (ch->added + ch->changed + ch->located == 0)
		return OK;
	j = journal_data_begin(&d);
	json_key(j, "file");
	json_str(j, ch->digest);
	json_key(j, "rows");
	json_i64(j, ch->row);
	json_key(j, "added");
	json_i64(j, ch->added);
	json_key(j, "changed");
	json_i64(j, ch->changed);
	json_key(j, "located");
	json_i64(j, ch->located);
	return journal_append_data(tx, &entry, &d);
}

static bool faulty(const struct chunk *ch)
{
	for (size_t i = 0; i < ch->n; i++)
		if (ch->v[i].fault)
			return true;
	return ch->im->faulty > 0;
}

static enum err write_chunk(struct tx *tx, void *arg)
{
	struct chunk *ch = arg;
	struct map known;
	enum err e;

	/* May be run a second time. */
	ch->added = ch->changed = ch->same = ch->located = 0;
	map_init(&known, tx->arena);
	e = db_lock(tx, PLACE_LOCK);
	if (e == OK)
		e = look_up(tx, ch, &known);
	for (size_t i = 0; e == OK && i < ch->n; i++) {
		const struct place_known_row *row = map_get(&known, ch->v[i].code);

		ch->v[i].fault = NULL;
		e = row ? put_known(tx, ch, &ch->v[i], row) : put_new(tx, ch, &ch->v[i], &known);
	}
	/* Behind the first faulty line nothing counts as done: whoever mends it (or what it needs) runs the import again. */
	if (e == OK && !faulty(ch))
		e = q_place_import_set(tx->c, ch->digest, ch->row, tx->now, NULL);
	if (e == OK && ch->added + ch->located)
		e = place_tick(tx, NULL);
	return e == OK ? tell_journal(tx, ch) : e;
}

static enum err flush(struct db *db, struct chunk *ch)
{
	enum err e = ch->n || ch->row > ch->rows_before ? db_write(db, write_chunk, ch) : OK;

	if (e == OK) {
		struct place_import *im = ch->im;

		im->added += ch->added;
		im->changed += ch->changed;
		im->same += ch->same;
		im->located += ch->located;
		for (size_t i = 0; i < ch->n; i++)
			if (ch->v[i].fault)
				complain(im, ch->v[i].number, ch->v[i].fault);
	}
	arena_reset(&ch->arena);
	ch->v = arena_array(&ch->arena, struct line, CHUNK);
	ch->n = 0;
	ch->rows_before = ch->row;
	return e;
}

/* ---- the file ---- */

static enum err rows_done(struct db *db, struct arena *a, struct str digest, int64_t *rows)
{
	struct db_conn *c = db_read_begin(db);
	struct place_import_get_rows r;
	enum err e = q_place_import_get(c, a, digest, &r);

	db_read_end(c);
	*rows = e == OK && r.n ? r.v[0].done_rows : 0;
	return e;
}

static enum err read_all(struct db *db, struct csv *csv, const struct columns *cols, struct chunk *ch, int64_t skip)
{
	struct place_import *im = ch->im;
	struct csv_row row;
	enum csv_got got;
	enum err e = OK;

	while (e == OK && (got = csv_next(csv, &row)) != CSV_END) {
		const char *fault = got == CSV_BAD ? row.why : NULL;

		if (++ch->row <= skip)
			continue;
		if (!fault)
			fault = read_line(&row, cols, im, &ch->v[ch->n], &ch->arena);
		if (fault)
			complain(im, row.line, fault);
		else
			ch->n++;
		if (ch->n < CHUNK)
			continue;
		e = flush(db, ch);
		if (im->progress)
			im->progress(im->arg, csv_position(csv), csv_size(csv));
		if (im->stop && im->stop(im->arg)) {
			im->stopped = true;
			return e;
		}
	}
	return e == OK ? flush(db, ch) : e;
}

static enum err import_open(struct db *db, struct place_import *im, struct csv *csv, struct chunk *ch, struct arena *a, struct str *why)
{
	struct csv_row titles;
	struct columns cols;
	int64_t skip = 0;
	enum err e;

	if (csv_next(csv, &titles) != CSV_ROW || !read_columns(&titles, &cols)) {
		*why = STR("第 1 行应是列名，至少有 code 和 name，或 code、lon 和 lat "
			   "(line 1 must hold the titles: at least code and name, or code, lon and lat)");
		return ERR_INPUT;
	}
	if (!im->again) {
		e = rows_done(db, a, ch->digest, &skip);
		if (e != OK)
			return e;
	}
	ch->v = arena_array(&ch->arena, struct line, CHUNK);
	ch->rows_before = skip;
	e = read_all(db, csv, &cols, ch, skip);
	im->was_complete = e == OK && skip > 0 && ch->row <= skip;
	return e;
}

enum err place_import(struct db *db, struct place_import *im, struct arena *a, struct str *why)
{
	struct chunk ch = {.im = im};
	struct csv *csv;
	enum err e = file_digest(im->fd, a, &ch.digest);

	if (e != OK) {
		*why = arena_printf(a, "文件读不了：%s (cannot read the file)", strerror(errno));
		return e;
	}
	e = csv_open_fd(&csv, im->fd, NULL, a, why);
	if (e != OK)
		return e;
	arena_init(&ch.arena, 0);
	e = import_open(db, im, csv, &ch, a, why);
	arena_release(&ch.arena);
	csv_close(csv);
	if (e != OK && !why->p)
		*why = arena_printf(a, "数据库出错：%s (the store failed: %s)", err_name(e), err_name(e));
	return e;
}
