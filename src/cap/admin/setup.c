/* serve, init, migrate: an installation comes to life. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "cap/admin/admin.h"
#include "core/actor/actor.h"
#include "core/calendar/calendar.h"
#include "core/journal/journal.h"
#include "core/rule/duty.h"
#include "web/serve.h"

#define MAX_FACTS ((size_t)16 << 20)

/* ---- serve ---- */

int admin_serve(int argc, char **argv)
{
	const char *address = NULL;
	const struct opt opts[] = {
		{.name = "listen", .arg = "ADDRESS:PORT", .text = &address, .zh = "监听地址（默认 127.0.0.1:8141）",
		 .en = "address to listen on (default 127.0.0.1:8141)"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "serve", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "启动服务，直到收到 SIGTERM 或 SIGINT；正在处理的请求先做完。",
		.en = "Runs the server until SIGTERM or SIGINT; requests under way are finished first."};
	struct str why = STR_NULL;
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_NO_KEYS | CLI_NO_STORE);
	if (status < 0 && address && config_set(&cli.config, "server", "listen", address, &cli.arena, &why) != OK)
		status = cli_fail(why);
	if (status < 0) {
		cli.config.scenarios = cli_scenarios(&cli).p;
		status = web_serve(&cli.config);
	}
	cli_close(&cli);
	return status;
}

/* ---- migrate ---- */

static void tell_step(void *arg, const char *step)
{
	(void)arg;
	fprintf(stderr, "  %s\n", step);
}

static int migrate(struct cli *cli)
{
	int missing = db_migrations_missing(cli->db);
	struct str why = STR_NULL;

	if (missing == 0)
		return -1;
	if (missing > 0)
		fprintf(stderr, "更新数据库结构 (bringing the schema forward): %d\n", missing);
	return db_migrate(cli->db, tell_step, NULL, &cli->arena, &why) == OK ? -1 : cli_fail(why);
}

int admin_migrate(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "migrate", .opts = {cli_options}, .max_args = 0,
		.zh = "把数据库结构更新到本程序的版本。先备份。",
		.en = "Brings the schema of the store to the version of this program. Make a backup first."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_MAY_LACK_SCHEMA | CLI_NO_KEYS);
	if (status < 0)
		status = migrate(&cli);
	if (status < 0) {
		fprintf(stderr, "数据库结构是最新的 (the schema is current)\n");
		status = 0;
	}
	cli_close(&cli);
	return status;
}

/* ---- init ---- */

struct facts {
	struct str text, why;
	struct arena *arena;
	size_t rows;
};

static enum err load_calendar(struct tx *tx, void *arg)
{
	struct facts *f = arg;

	return calendar_import_csv(tx, f->text, &f->rows, f->arena, &f->why);
}

static enum err load_roles(struct tx *tx, void *arg)
{
	struct facts *f = arg;

	return actor_load_roles(tx, f->text, &f->why);
}

static enum err load_duties(struct tx *tx, void *arg)
{
	struct facts *f = arg;

	return duty_import_csv(tx, f->text, STR(""), &f->rows, f->arena, &f->why);
}

static int load_facts(struct cli *cli, const char *name, db_job job)
{
	struct facts f = {.arena = &cli->arena};
	struct str path = cli_data_file(cli, name);
	enum err e = file_read(&cli->arena, path.p, MAX_FACTS, &f.text, &f.why);

	if (e == OK)
		e = db_write(cli->db, job, &f);
	if (e == OK)
		return -1;
	return cli_fail(arena_printf(&cli->arena, "%s: %.*s", path.p, STR_ARG(f.why.p ? f.why : str_from(err_name(e)))));
}

/* Roles and duties belong to the county once it has changed them: only an installation without any gets the shipped ones. */
static int load_example_values(struct cli *cli)
{
	struct db_conn *c = db_read_begin(cli->db);
	struct actor_role *roles;
	size_t n = 0;
	enum err e = actor_roles(c, &cli->arena, &roles, &n);
	int status = -1;

	db_read_end(c);
	if (e != OK)
		return cli_fail(str_from(err_name(e)));
	if (n == 0)
		status = load_facts(cli, "roles.csv", load_roles);
	if (n == 0 && status < 0)
		status = load_facts(cli, "duties.csv", load_duties);
	return status;
}

static int load_shipped_places(struct cli *cli)
{
	static const char *const files[] = {"places/chongqing.csv", "places/chongqing_points.csv"};
	int status = 0;

	for (size_t i = 0; i < ARRAY_LEN(files) && status == 0; i++)
		status = admin_load_places(cli, cli_data_file(cli, files[i]).p, PLACE_ROOT, false, NULL);
	if (status == 0)
		status = admin_load_shipped_areas(cli, cli_data_file(cli, "places/chongqing_areas.geojson").p);
	return status == 0 ? -1 : status;
}

static int make_folders(struct cli *cli)
{
	struct str why = STR_NULL;
	enum err e = file_make_dirs(&cli->arena, cli->config.var, 0700, &why);

	return e == OK ? -1 : cli_fail(why);
}

static int init_steps(struct cli *cli, bool no_places)
{
	struct str why = STR_NULL;
	int status = migrate(cli);

	if (status < 0 && journal_init(cli->db, NULL, &cli->arena, &why) != OK)
		status = cli_fail(why);
	if (status < 0)
		status = load_example_values(cli);
	if (status < 0)
		status = load_facts(cli, "holidays.csv", load_calendar);
	if (status < 0 && !no_places)
		status = load_shipped_places(cli);
	return status;
}

int admin_init(int argc, char **argv)
{
	bool no_places = false;
	const char *suite = NULL;
	const struct opt opts[] = {
		{.name = "no-places", .flag = &no_places, .zh = "不装入随附的重庆区划", .en = "leaves out the shipped divisions of Chongqing"},
		{.name = "suite", .arg = "sm|intl", .text = &suite, .zh = "密钥的算法：国密 sm（默认）或 intl",
		 .en = "algorithms of the keys: sm (SM2/SM3/SM4, default) or intl"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "init", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "建立数据目录、密钥和数据库，装入节假日、角色示例和重庆区划。可重复运行，已有的不动。",
		.en = "Makes data folder, keys and store; loads holidays, example roles and the divisions of Chongqing. May be repeated: "
		      "what is there stays."};
	struct str why = STR_NULL;
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	cli_catch_signals();
	/* The folder comes first: keys and the SQLite file go into it. */
	status = cli_open(&cli, CLI_NO_KEYS | CLI_NO_STORE);
	if (status < 0 && suite && config_set(&cli.config, "server", "suite", suite, &cli.arena, &why) != OK)
		status = cli_fail(why);
	if (status < 0)
		status = make_folders(&cli);
	if (status < 0)
		status = cli_open_more(&cli, CLI_MAKE_KEYS | CLI_MAY_LACK_SCHEMA);
	if (status < 0)
		status = init_steps(&cli, no_places);
	if (status < 0) {
		fprintf(stderr, "就绪 (ready): %s\n", cli.config.var);
		status = 0;
	}
	cli_close(&cli);
	return status;
}
