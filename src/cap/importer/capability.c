#include <stdio.h>

#include "base/file.h"
#include "cap/importer/importer.h"
#include "core/matter/matter.h"
#include "web/capability.h"
#include "web/cli.h"

#define MAX_MAPPING ((size_t)256 * 1024)

static const char *mapping_file, *rejects_file, *sheet, *place_code;
static bool dry_run;

static const struct opt opts[] = {
	{.name = "mapping", .letter = 'm', .arg = "FILE", .text = &mapping_file, .zh = "映射文件（见 docs/import.md）",
	 .en = "the mapping (see docs/import.md)"},
	{.name = "sheet", .arg = "NAME", .text = &sheet, .zh = "XLSX 的工作表，默认第一张", .en = "sheet of a workbook, the first by default"},
	{.name = "place", .arg = "CODE", .text = &place_code, .zh = "代替映射里的 place.code", .en = "instead of place.code of the mapping"},
	{.name = "rejects", .arg = "FILE", .text = &rejects_file, .zh = "坏行写到这里，默认 文件.rejected.csv",
	 .en = "where bad rows go, FILE.rejected.csv by default"},
	{.name = "dry-run", .flag = &dry_run, .zh = "只检查，不写入", .en = "checks every row, files nothing"},
	{0},
};

static const struct opt_command command = {
	.name = "import matters",
	.usage = "FILE",
	.zh = "按映射导入别的系统的事项（CSV 或 XLSX）。可以中断后再运行，也可以重复运行。",
	.en = "Imports matters of another system by a mapping (CSV or XLSX). It can be interrupted and repeated.",
	.opts = {opts, cli_options},
	.min_args = 1,
	.max_args = 1,
};

static enum err read_mapping(struct arena *a, struct mapping **m, struct str *why)
{
	struct str text;
	enum err e = file_read(a, mapping_file, MAX_MAPPING, &text, why);

	if (e == OK)
		e = mapping_parse(a, str_from(mapping_file), text, m, why);
	if (e == OK && place_code) {
		(*m)->place.code = str_from(place_code);
		(*m)->place.name = STR_NULL;
		(*m)->place_code.set = false;
	}
	return e;
}

static void report(const struct import_result *r)
{
	printf("读入 %lld 行：新增 %lld，早已有 %lld，断点之前 %lld，坏行 %lld\n"
	       "%lld rows: %lld filed, %lld already here, %lld done before, %lld bad\n",
	       (long long)r->rows, (long long)r->filed, (long long)r->already, (long long)r->resumed, (long long)r->rejected,
	       (long long)r->rows, (long long)r->filed, (long long)r->already, (long long)r->resumed, (long long)r->rejected);
	if (r->rejected)
		printf("坏行及原因 / bad rows and why: %s\n", rejects_file);
	if (r->stopped)
		printf("已中断；再运行同一命令即可继续 / interrupted; run the same command again to go on\n");
}

static bool interrupted(void)
{
	return cli_interrupted();
}

static int import(struct cli *cli, const char *file)
{
	struct import_options o = {.file = file, .sheet = sheet, .dry_run = dry_run, .stop = interrupted};
	struct import_result r;
	struct mapping *m;
	struct str why = STR_NULL;
	enum err e = read_mapping(&cli->arena, &m, &why);

	if (e != OK)
		return cli_fail(why);
	if (rejects_file == NULL)
		rejects_file = arena_printf(&cli->arena, "%s.rejected.csv", file).p;
	o.rejects = rejects_file;
	o.mapping = m;
	cli_catch_signals();
	e = importer_run(cli->db, &cli->arena, &o, &r, &why);
	report(&r);
	return e == OK ? (r.stopped ? 130 : 0) : cli_fail(why);
}

static int import_matters(int argc, char **argv)
{
	struct cli cli;
	struct str why;
	int status = opt_parse(&command, &argc, &argv);

	if (status >= 0)
		return status;
	if (mapping_file == NULL)
		return cli_fail(STR("请用 --mapping 给出映射文件 / name the mapping with --mapping"));
	status = cli_open(&cli, 0);
	if (status < 0) {
		matter_init();
		/* other scenario files may be faulty; the one the mapping names is checked when it is used */
		if (scenario_load_dir(cli.db, cli_scenarios(&cli).p, &cli.arena, &why) != OK)
			fprintf(stderr, "%.*s\n", STR_ARG(why));
		status = import(&cli, argv[0]);
	}
	cli_close(&cli);
	return status;
}

static const struct subcommand subcommands[] = {
	{"import matters", "FILE --mapping M.yaml", N_("按映射导入别的系统的事项"), import_matters},
	{0},
};

const struct capability cap_importer = {
	.name = "importer",
	.title = N_("事项导入"),
	.subcommands = subcommands,
};
