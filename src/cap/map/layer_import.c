/* Layers into the store: a job for some hundred rows, then what the file no longer has goes. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/map.h"
#include "cap/map/layer.h"
#include "cap/map/map.sql.h"
#include "core/journal/journal.h"
#include "core/place/find.h"
#include "core/place/place.h"
#include "web/cli_file.h"

#define BATCH 500

bool layer_name_ok(struct str name)
{
	static const char *const taken[] = {"matters", "places", "boundaries", "background", "background-lines", "background-areas"};

	for (size_t i = 0; i < name.n; i++)
		if (!((name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= '0' && name.p[i] <= '9') || (name.p[i] == '-' && i)))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (str_eqz(name, taken[i]))
			return false;
	return name.n > 0 && name.n <= LAYER_NAME_MAX;
}

/* ---- rows ---- */

struct load {
	struct layer_import *im;
	struct layer_row v[BATCH];
	size_t n;
	int64_t run, id;
	int64_t wrong[BATCH];   /* numbers of the rows whose place is unknown */
	size_t nwrong;
};

static enum err place_key(struct tx *tx, struct str code, struct str *key)
{
	struct place p;
	enum err e;

	*key = STR("");
	if (str_empty(code))
		return OK;
	e = place_by_code(tx->c, tx->arena, code, 0, &p);
	if (e == OK)
		*key = p.key;
	return e;
}

static enum err put_rows(struct tx *tx, void *arg)
{
	struct load *l = arg;
	struct map_feature_put_row got;
	enum err e = OK;

	l->nwrong = 0;
	for (size_t i = 0; e == OK && i < l->n; i++) {
		const struct layer_row *r = &l->v[i];
		struct str key;

		e = place_key(tx, r->place, &key);
		if (e == ERR_NOT_FOUND) {
			l->wrong[l->nwrong++] = r->number;
			e = OK;
			continue;
		}
		if (e == OK)
			e = q_map_feature_put(tx->c, tx->arena, &(struct map_feature_put_args){
				.id = id_new(tx->now), .layer = l->im->name, .fid = r->fid, .place = key, .name = r->name, .kind = r->kind,
				.lon = r->lon, .lat = r->lat, .props = r->props, .run = l->run}, &got);
	}
	return e;
}

static enum err flush(struct db *db, struct load *l, struct arena *rows)
{
	enum err e = l->n ? db_write(db, put_rows, l) : OK;

	for (size_t i = 0; e == OK && i < l->nwrong; i++) {
		l->im->faulty++;
		l->im->rows--;
		if (l->im->bad)
			l->im->bad(l->im->arg, l->wrong[i], STR("没有这个代码的地点 (there is no place with this code)"));
	}
	l->n = l->nwrong = 0;
	arena_reset(rows);
	return e;
}

static enum err too_many(struct arena *a, struct str *why)
{
	*why = arena_printf(a, "超过 %d 个点，请分成几个图层 (more points than a layer may have; please split the file)", LAYER_FEATURES_MAX);
	return ERR_TOO_MUCH;
}

static enum err put_all(struct db *db, struct layer_file *f, struct load *l, struct arena *a, struct str *why)
{
	struct layer_import *im = l->im;
	enum layer_got got = LAYER_ROW;
	struct str bad;
	struct arena rows;
	enum err e = OK;

	arena_init(&rows, 0);
	while (e == OK && !im->stopped && (got = layer_next(f, &rows, &l->v[l->n], &bad)) != LAYER_END) {
		if (got == LAYER_BAD) {
			im->faulty++;
			if (im->bad)
				im->bad(im->arg, l->v[l->n].number, bad);
			continue;
		}
		if (++im->rows > LAYER_FEATURES_MAX)
			e = too_many(a, why);
		else if (++l->n == BATCH)
			e = flush(db, l, &rows);
		if (im->progress)
			im->progress(im->arg, layer_position(f), layer_size(f));
		im->stopped = l->n == 0 && im->stop && im->stop(im->arg);
	}
	if (e == OK && !im->stopped)
		e = flush(db, l, &rows);
	arena_release(&rows);
	return e;
}

/* ---- the layer itself ---- */

static enum err tell_journal(struct tx *tx, const char *kind, int64_t id, struct str name, const struct layer_import *im)
{
	struct journal_entry entry = {.at = tx->now, .kind = str_from(kind), .subject = id, .place = STR("")};
	struct journal_data d;
	struct json *j = journal_data_begin(&d);

	json_key(j, "layer"), json_str(j, name);
	if (im) {
		json_key(j, "features"), json_i64(j, im->total);
		json_key(j, "gone"), json_i64(j, im->gone);
	}
	return journal_append_data(tx, &entry, &d);
}

static enum err end_import(struct tx *tx, void *arg)
{
	struct load *l = arg;
	struct layer_import *im = l->im;
	struct map_layer_get_rows old;
	struct map_features_count_row count;
	enum err e = place_changed(tx); /* its names are looked for with those of the places */

	if (e == OK)
		e = q_map_layer_get(tx->c, tx->arena, im->name, &old);
	if (e == OK && !im->keep)
		e = q_map_features_old(tx->c, im->name, l->run, &im->gone);
	if (e == OK)
		e = q_map_features_count(tx->c, tx->arena, im->name, &count);
	if (e != OK)
		return e;
	im->total = count.n;
	l->id = old.n ? old.v[0].id : id_new(tx->now);
	e = q_map_layer_put(tx->c, &(struct map_layer_put_args){
		.id = l->id, .name = im->name, .title = im->title.n ? im->title : old.n ? old.v[0].title : im->name,
		.permission = im->permission.p ? im->permission : old.n ? old.v[0].permission : STR("place.read"),
		.source = im->source.p ? im->source : old.n ? old.v[0].source : STR(""),
		.version = old.n ? old.v[0].version + 1 : 1, .updated = tx->now}, NULL);
	return e == OK ? tell_journal(tx, "layer.import", l->id, im->name, im) : e;
}

enum err layer_import(struct db *db, struct layer_file *f, struct layer_import *im, struct arena *a, struct str *why)
{
	struct load *l = arena_new(a, struct load);
	enum err e;

	if (!layer_name_ok(im->name)) {
		*why = STR("图层名只用小写字母、数字和连字符，不能叫 matters、places、boundaries、background "
			   "(a layer's name has a-z 0-9 and -, and is not matters, places, boundaries or background)");
		return ERR_INPUT;
	}
	l->im = im;
	l->run = id_new(clock_now());
	e = put_all(db, f, l, a, why);
	if (e == OK && !im->stopped && im->rows == 0) {
		*why = STR("没有一行可用，图层没有改动 (no row is usable; the layer was not changed)");
		return ERR_INPUT;
	}
	return e == OK && !im->stopped ? db_write(db, end_import, l) : e;
}

enum err layer_drop(struct tx *tx, void *name)
{
	struct str layer = *(struct str *)name;
	struct map_layer_get_rows old;
	enum err e = q_map_layer_get(tx->c, tx->arena, layer, &old);

	if (e == OK && old.n == 0)
		return ERR_NOT_FOUND;
	if (e == OK)
		e = place_changed(tx);
	if (e == OK)
		e = q_map_features_old(tx->c, layer, 0, NULL);
	if (e == OK)
		e = q_map_layer_drop(tx->c, layer, NULL);
	return e == OK ? tell_journal(tx, "layer.drop", old.v[0].id, layer, NULL) : e;
}

/* ---- the command ---- */

static struct str result_of(const struct layer_import *im, struct arena *a)
{
	return arena_printf(a, "图层 %.*s：%lld 个点，去掉 %lld 个，坏行 %lld 行 (layer: %lld points, %lld gone, %lld faulty rows)", STR_ARG(im->name),
			    (long long)im->total, (long long)im->gone, (long long)im->faulty, (long long)im->total, (long long)im->gone,
			    (long long)im->faulty);
}

static int import_from(struct cli *cli, enum coord_datum datum, const struct layer_columns *columns, struct layer_import *im, struct cli_loading *l)
{
	struct layer_file *f;
	struct str why = STR("");
	enum err e = layer_open(&f, l->file, datum, columns, &cli->arena, &why);

	im->bad = cli_loading_fault;
	im->progress = cli_loading_progress;
	im->stop = cli_loading_stop;
	im->arg = l;
	if (e == OK) {
		cli_catch_signals();
		e = layer_import(cli->db, f, im, &cli->arena, &why);
		layer_close(f);
		cli_loading_end(l, e == OK && !im->stopped ? result_of(im, &cli->arena) : str_from(l->file), im->stopped);
	}
	if (e != OK)
		return cli_fail(arena_printf(&cli->arena, "%s: %.*s", l->file, STR_ARG(str_empty(why) ? str_from(err_name(e)) : why)));
	return im->stopped ? 130 : im->faulty ? 3 : 0;
}

static int run_import(struct cli *cli, enum coord_datum datum, const struct layer_columns *columns, struct layer_import *im, struct cli_loading *l)
{
	int status = cli_loading_begin(cli, l, CLI_FAULT_HEADS);

	return cli_loading_close(cli, l, status < 0 ? import_from(cli, datum, columns, im, l) : status);
}

int layer_import_command(int argc, char **argv)
{
	static const char *datum, *title, *permission, *source;
	static struct layer_columns columns;
	static bool open_to_all, keep, drop;
	static struct cli_loading l = {.title = "导入图层 layer"};
	static const struct opt opts[] = {
		{.name = "datum", .arg = "DATUM", .text = &datum, .zh = "坐标系：" COORD_DATUM_NAMES, .en = "datum of the coordinates: " COORD_DATUM_NAMES},
		{.name = "title", .arg = "TITLE", .text = &title, .zh = "图层名称", .en = "title people see"},
		{.name = "public", .flag = &open_to_all, .zh = "公众可见", .en = "everybody may see it"},
		{.name = "permission", .arg = "NAME", .text = &permission, .zh = "有此权限的人可见，默认 place.read",
		 .en = "who may see it; place.read unless told"},
		{.name = "source", .arg = "TEXT", .text = &source, .zh = "数据来源", .en = "where the data come from"},
		{.name = "lon", .arg = "COLUMN", .text = &columns.lon, .zh = "经度列", .en = "column of the longitude"},
		{.name = "lat", .arg = "COLUMN", .text = &columns.lat, .zh = "纬度列", .en = "column of the latitude"},
		{.name = "id", .arg = "COLUMN", .text = &columns.id, .zh = "编号列", .en = "column of the identifier"},
		{.name = "name", .arg = "COLUMN", .text = &columns.name, .zh = "名称列", .en = "column of the name"},
		{.name = "kind", .arg = "COLUMN", .text = &columns.kind, .zh = "类别列", .en = "column of the kind"},
		{.name = "place", .arg = "COLUMN", .text = &columns.place, .zh = "地区代码列", .en = "column of the official code of the place"},
		{.name = "report", .arg = "FILE", .text = &l.report, .zh = "有误的行写入此 CSV 文件", .en = "faulty lines go to this CSV file"},
		{.name = "keep", .flag = &keep, .zh = "文件里没有的点留着", .en = "points that are not in the file stay"},
		{.name = "drop", .flag = &drop, .zh = "删除这个图层，不需要文件", .en = "removes the layer; no file is needed"},
		{0},
	};
	static const struct opt_command cmd = {
		.name = "import layer", .usage = "NAME FILE", .zh = "从 GeoJSON 或 CSV 导入点图层；再次导入即更新。", .opts = {cli_options, opts},
		.en = "Imports a layer of points from GeoJSON or CSV; importing again updates it.", .min_args = 1, .max_args = 2};
	int status = opt_parse(&cmd, &argc, &argv);
	enum coord_datum from = COORD_CGCS2000;
	struct layer_import im = {0};
	struct cli cli;

	if (status >= 0)
		return status;
	im.name = str_from(argv[0]);
	if ((drop && argc > 1) || (!drop && (argc < 2 || datum == NULL || !coord_datum_read(str_from(datum), &from)))) {
		fprintf(stderr, "gongzhi: 要写明文件，并用 --datum 说明坐标系，" COORD_DATUM_NAMES " 之一 "
			"(name the file, and its datum with --datum)\n");
		return 2;
	}
	im.title = str_from(title);
	im.permission = open_to_all ? STR("") : str_from(permission);
	im.source = str_from(source);
	im.keep = keep;
	status = cli_open(&cli, 0);
	if (status < 0 && drop) {
		enum err e = db_write(cli.db, layer_drop, &im.name);

		status = e == OK ? 0 : cli_fail(e == ERR_NOT_FOUND ? STR("没有这个图层 (there is no such layer)") : str_from(err_name(e)));
	} else if (status < 0) {
		l.file = argv[1];
		status = run_import(&cli, from, &columns, &im, &l);
	}
	cli_close(&cli);
	return status;
}
