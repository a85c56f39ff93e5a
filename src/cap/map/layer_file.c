/* Points from CSV and GeoJSON files. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cap/map/layer.h"
#include "crypto/crypto.h"
#include "geo/coord.h"
#include "geo/geojson.h"

#define FILE_MAX ((int64_t)2 << 30)
#define TEXT_MAX 300
#define PROPS_MAX 64
#define PROPS_BYTES 8192

enum column { C_LON, C_LAT, C_ID, C_NAME, C_KIND, C_PLACE, COLUMNS };

struct layer_file {
	enum coord_datum datum;
	const char *wanted[COLUMNS];
	int fd;
	struct csv *csv;             /* NULL: GeoJSON */
	int at[COLUMNS];
	struct str *titles;
	size_t ntitles;
	struct geojson *geo;
	bool broken;                 /* its rest cannot be read */
	int64_t size;
};

static const char *const usual[COLUMNS][6] = {
	{"lon", "lng", "longitude", "经度", "x"}, {"lat", "latitude", "纬度", "y"}, {"id", "fid", "编号", "uid"},
	{"name", "名称", "title", "station", "标题"}, {"kind", "type", "类别", "类型", "category"}, {"place", "地区代码", "town"},
};

/* ---- opening ---- */

static bool is_column(const struct layer_file *f, enum column c, struct str title)
{
	title = str_trim(title);
	if (f->wanted[c])
		return str_eqz(title, f->wanted[c]);
	for (size_t i = 0; i < ARRAY_LEN(usual[c]) && usual[c][i]; i++)
		if (str_ieqz(title, usual[c][i]))
			return true;
	return false;
}

static enum err open_csv(struct layer_file *f, struct arena *a, struct str *why)
{
	struct csv_row row;
	enum err e = csv_open_fd(&f->csv, f->fd, NULL, a, why);

	if (e != OK)
		return e;
	if (csv_next(f->csv, &row) != CSV_ROW) {
		*why = STR("文件是空的 (the file is empty)");
		return ERR_INPUT;
	}
	f->titles = arena_array(a, struct str, row.n + 1);
	f->ntitles = row.n;
	for (int c = 0; c < COLUMNS; c++)
		f->at[c] = -1;
	for (size_t i = 0; i < row.n; i++) {
		f->titles[i] = arena_str(a, str_trim(row.v[i]));
		for (int c = 0; c < COLUMNS; c++)
			if (f->at[c] < 0 && is_column(f, (enum column)c, row.v[i]))
				f->at[c] = (int)i;
	}
	for (int c = 0; c < COLUMNS; c++)
		if (f->at[c] < 0 && (c == C_LON || c == C_LAT || f->wanted[c])) {
			*why = arena_printf(a, "第一行没有 %s 这一列，请用 --%s 指明列名 (the first line has no column %s)",
					    f->wanted[c] ? f->wanted[c] : usual[c][0], usual[c][0], f->wanted[c] ? f->wanted[c] : usual[c][0]);
			return ERR_INPUT;
		}
	return OK;
}

static bool is_csv(const char *path)
{
	return str_ends(str_from(path), ".csv") || str_ends(str_from(path), ".CSV") || str_ends(str_from(path), ".tsv");
}

enum err layer_open(struct layer_file **out, const char *path, enum coord_datum datum, const struct layer_columns *columns,
		    struct arena *a, struct str *why)
{
	struct layer_file *f = calloc(1, sizeof(*f));
	struct stat st;
	enum err e = OK;

	if (f == NULL)
		BUG("out of memory");
	*out = f;
	f->datum = datum;
	if (columns) {
		const char *const wanted[COLUMNS] = {columns->lon, columns->lat, columns->id, columns->name, columns->kind, columns->place};

		memcpy(f->wanted, wanted, sizeof(wanted));
	}
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		*why = arena_printf(a, "%s: %s", path, strerror(errno));
		e = ERR_IO;
	} else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		*why = arena_printf(a, "%s: 不是普通文件，或超过 2 GiB (no regular file, or more than 2 GiB)", path);
		e = ERR_TOO_MUCH;
	} else {
		f->size = st.st_size;
		if (is_csv(path))
			e = open_csv(f, a, why);
		else
			f->geo = geojson_open_fd(f->fd, NULL);
	}
	if (e != OK) {
		layer_close(f);
		*out = NULL;
	}
	return e;
}

void layer_close(struct layer_file *f)
{
	if (f == NULL)
		return;
	if (f->csv)
		csv_close(f->csv);
	if (f->geo)
		geojson_close(f->geo);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

int64_t layer_position(const struct layer_file *f)
{
	return f->csv ? csv_position(f->csv) : geojson_position(f->geo);
}

int64_t layer_size(const struct layer_file *f)
{
	return f->size;
}

/* ---- a row, whatever it came from ---- */

static struct str cut(struct arena *a, struct str s)
{
	s = str_trim(s);
	if (s.n > TEXT_MAX)
		s.n = TEXT_MAX;
	while (s.n && !utf8_valid(s))
		s.n--;
	return s.n && utf8_plain(s, false) ? arena_str(a, s) : STR("");
}

/* The same thing gets the same name in every import. */
static struct str made_fid(struct arena *a, const struct layer_row *r)
{
	struct str all = arena_printf(a, "%.*s|%.*s|%.7f|%.7f", STR_ARG(r->name), STR_ARG(r->kind), r->lon, r->lat);
	unsigned char h[32];

	hash_bytes(HASH_SHA256, all.p, all.n, h);
	return hex(a, h, 8);
}

static enum layer_got finish(struct layer_file *f, struct arena *a, struct layer_row *r, struct str *why)
{
	struct lonlat at;

	if (!coord_valid(r->lon, r->lat)) {
		*why = STR("坐标不是经纬度（度） (the coordinates are no longitude and latitude in degrees)");
		return LAYER_BAD;
	}
	if (r->lon == 0 && r->lat == 0) {
		*why = STR("坐标是 0,0，即没有定位 (the coordinates are 0,0: not located)");
		return LAYER_BAD;
	}
	at = coord_from(f->datum, r->lon, r->lat);
	r->lon = at.lon;
	r->lat = at.lat;
	if (str_empty(r->fid))
		r->fid = made_fid(a, r);
	return LAYER_ROW;
}

/* ---- CSV ---- */

static struct str cell(const struct layer_file *f, const struct csv_row *row, enum column c)
{
	return f->at[c] >= 0 && (size_t)f->at[c] < row->n ? str_trim(row->v[f->at[c]]) : STR("");
}

static struct str csv_props(struct layer_file *f, struct arena *a, const struct csv_row *row)
{
	struct buf b;
	struct json j;
	struct str s;

	buf_init(&b, 1 << 20);
	json_init(&j, &b);
	json_obj(&j);
	for (size_t i = 0, n = 0; i < row->n && i < f->ntitles && n < PROPS_MAX && b.n < PROPS_BYTES; i++) {
		bool used = str_empty(f->titles[i]) || str_empty(str_trim(row->v[i]));

		for (int c = 0; c < COLUMNS; c++)
			used = used || f->at[c] == (int)i;
		if (used)
			continue;
		json_key_str(&j, f->titles[i]);
		json_str(&j, cut(a, row->v[i]));
		n++;
	}
	json_end(&j);
	json_done(&j);
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static enum layer_got next_csv(struct layer_file *f, struct arena *a, struct layer_row *r, struct str *why)
{
	struct csv_row row;
	enum csv_got got = csv_next(f->csv, &row);

	if (got == CSV_END)
		return LAYER_END;
	r->number = row.line;
	if (got == CSV_BAD) {
		*why = str_from(row.why);
		return LAYER_BAD;
	}
	if (!str_f64(cell(f, &row, C_LON), &r->lon) || !str_f64(cell(f, &row, C_LAT), &r->lat))
		r->lon = r->lat = NAN;
	r->fid = cut(a, cell(f, &row, C_ID));
	r->name = cut(a, cell(f, &row, C_NAME));
	r->kind = cut(a, cell(f, &row, C_KIND));
	r->place = cut(a, cell(f, &row, C_PLACE));
	r->props = csv_props(f, a, &row);
	return finish(f, a, r, why);
}

/* ---- GeoJSON ---- */

/* As JSON writes one: 007 and +1 are none, and would make the whole of the properties unreadable. */
static bool is_number(struct str s)
{
	struct str digits = str_starts(s, "-") ? str_sub(s, 1, s.n) : s;
	double v;

	if (digits.n == 0 || digits.p[0] < '0' || digits.p[0] > '9' || (digits.n > 1 && digits.p[0] == '0' && digits.p[1] >= '0' && digits.p[1] <= '9'))
		return false;
	return s.p[s.n - 1] != '.' && str_chr(s, 'x') < 0 && str_chr(s, 'X') < 0 && str_f64(s, &v);
}

static void take_props(struct layer_file *f, struct arena *a, const struct geojson_feature *g, struct layer_row *r)
{
	struct str *const to[COLUMNS] = {NULL, NULL, &r->fid, &r->name, &r->kind, &r->place};
	bool have[COLUMNS] = {0};
	struct buf b;
	struct json j;

	buf_init(&b, 1 << 20);
	json_init(&j, &b);
	json_obj(&j);
	for (size_t i = 0, n = 0; i < g->nproperties; i++) {
		const struct geojson_property *p = &g->properties[i];
		int c = C_ID;

		if (p->value.p == NULL)
			continue;
		while (c < COLUMNS && (have[c] || !is_column(f, (enum column)c, p->name)))
			c++;
		if (c < COLUMNS) {
			have[c] = true;
			*to[c] = cut(a, p->value);
		} else if (n++ < PROPS_MAX && b.n < PROPS_BYTES && p->name.n <= TEXT_MAX) {
			json_key_str(&j, p->name);
			if (!p->is_text && (is_number(p->value) || str_eqz(p->value, "true") || str_eqz(p->value, "false")))
				json_raw(&j, p->value);
			else
				json_str(&j, cut(a, p->value));
		}
	}
	json_end(&j);
	json_done(&j);
	r->props = arena_str(a, buf_str(&b));
	buf_release(&b);
}

static enum layer_got next_geojson(struct layer_file *f, struct arena *a, struct layer_row *r, struct str *why)
{
	struct geojson_feature g;
	enum geojson_got got = geojson_next(f->geo, &g);

	if (got == GEOJSON_END || f->broken)
		return LAYER_END;
	r->number = g.number;
	f->broken = got == GEOJSON_BROKEN;
	if (got != GEOJSON_FEATURE) {
		*why = got == GEOJSON_BROKEN ? geojson_why(f->geo) : g.why;
		return LAYER_BAD;
	}
	if (g.kind != GEOJSON_POINTS || g.npoints != 1) {
		*why = STR("这里只收点；面请用边界导入 (only points are taken here; areas are imported as boundaries)");
		return LAYER_BAD;
	}
	r->lon = g.points[0].lon;
	r->lat = g.points[0].lat;
	r->fid = r->name = r->kind = r->place = STR("");
	take_props(f, a, &g, r);
	if (g.id.p)
		r->fid = cut(a, g.id);
	return finish(f, a, r, why);
}

enum layer_got layer_next(struct layer_file *f, struct arena *a, struct layer_row *row, struct str *why)
{
	*row = (struct layer_row){0};
	return f->csv ? next_csv(f, a, row, why) : next_geojson(f, a, row, why);
}
