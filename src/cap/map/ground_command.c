/* gongzhi import osm */
#include <stdio.h>

#include "base/progress.h"
#include "cap/map/ground.h"
#include "web/cli.h"

struct shown {
	struct progress bar;
	const char *step;
};

static void show(void *arg, const char *step, int64_t done, int64_t of)
{
	struct shown *s = arg;

	if (s->step != step) {
		if (s->step)
			progress_end(&s->bar, "完成 done");
		progress_begin(&s->bar, step, of);
		s->step = step;
	}
	progress_to(&s->bar, done);
}

static bool stopped(void *arg)
{
	(void)arg;
	return cli_interrupted();
}

static int run_drop(struct cli *cli)
{
	enum err e = ground_drop(cli->db);

	if (e != OK)
		return cli_fail(e == ERR_NOT_FOUND ? STR("没有导入过底图 (no ground map has been imported)") : str_from(err_name(e)));
	printf("底图已删除 (the ground map is gone)\n");
	return 0;
}

static int run_import(struct cli *cli, const char *path, const char *source)
{
	static struct shown s;
	struct ground_import im = {.path = path, .source = str_from(source), .progress = show, .stop = stopped, .arg = &s};
	struct str why = STR("");
	enum err e;

	cli_catch_signals();
	e = ground_import(cli->db, &im, &cli->arena, &why);
	if (s.step)
		progress_end(&s.bar, "完成 done");
	if (e != OK)
		return cli_fail(arena_printf(&cli->arena, "%s: %.*s", path, STR_ARG(str_empty(why) ? str_from(err_name(e)) : why)));
	if (im.stopped) {
		fprintf(stderr, "已中断，再次运行即接着导入 (interrupted: run it again to go on)\n");
		return 130;
	}
	if (im.same) {
		printf("已经是这个文件，没有改动 (this file is in force already, nothing was changed)\n");
		if (im.renewed)
			printf("地点有变化，路名重新对到社区：改了 %lld 段 (the places have changed: %lld stretches of roads lie elsewhere now)\n",
			       (long long)im.renewed, (long long)im.renewed);
		return 0;
	}
	printf("底图：%lld 条线和面，%lld 个点，%lld 段有名字的道路，去掉不完整的 %lld 个 (ground map: %lld lines and areas, %lld points, %lld stretches of named "
	       "roads, %lld incomplete ones left out)\n地图上注明：%s\n", (long long)im.features, (long long)im.points, (long long)im.roads,
	       (long long)im.left_out, (long long)im.features, (long long)im.points, (long long)im.roads, (long long)im.left_out, GROUND_CREDIT);
	if (im.roads == 0)
		fprintf(stderr, "没有一条有名字的道路在已知的地点里：请看看是不是本地区的数据，地点有没有位置 "
			"(no named road lies in a known place: is this the extract of your area, and do its places have positions?)\n");
	return 0;
}

int ground_import_command(int argc, char **argv)
{
	static const char *source;
	static bool drop;
	static const struct opt opts[] = {
		{.name = "source", .arg = "TEXT", .text = &source, .zh = "数据从哪里、哪一天取得，例如 \"Geofabrik 2026-11-20\"",
		 .en = "where the extract comes from, and of which day"},
		{.name = "drop", .flag = &drop, .zh = "删除底图，不需要文件", .en = "removes the ground map; no file is needed"},
		{0},
	};
	static const struct opt_command cmd = {
		.name = "import osm", .usage = "FILE", .opts = {cli_options, opts}, .max_args = 1,
		.zh = "从 OpenStreetMap 数据（.osm.pbf 或 .osm）导入底图：道路、铁路、水面、绿地和路名。整体替换原来的底图；中断后再次运行即接着导入。",
		.en = "Imports the ground map (roads, railways, water, green, names of roads) from an OpenStreetMap extract, .osm.pbf or .osm. It replaces "
		      "the one before as a whole; interrupted, it is run again and goes on.",
		.more = "数据 © OpenStreetMap contributors，ODbL 许可；凡显示底图的地图都注明来源 (every map that shows it says so)。\n"
			"边界、地点改变以后，运行中的服务自己把路名重新对到社区 (when borders or places change, the running server assigns roads anew by itself)。"};
	int status = opt_parse(&cmd, &argc, &argv);
	struct cli cli;

	if (status >= 0)
		return status;
	if (drop == (argc == 1)) {
		fprintf(stderr, "gongzhi: 要写明一个文件，或者 --drop (name a file, or --drop)\n");
		return 2;
	}
	status = cli_open(&cli, 0);
	if (status < 0)
		status = drop ? run_drop(&cli) : run_import(&cli, argv[0], source);
	cli_close(&cli);
	return status;
}
