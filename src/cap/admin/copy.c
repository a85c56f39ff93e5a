/* backup, restore. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/progress.h"
#include "base/time.h"
#include "cap/admin/admin.h"
#include "db/backup.h"

struct copying {
	struct progress bar;
};

static bool show(void *arg, const char *table, int64_t rows)
{
	struct copying *c = arg;

	(void)table;
	progress_to(&c->bar, rows);
	return !cli_interrupted();
}

static int failed(enum err e, struct str why)
{
	if (cli_interrupted()) {
		cli_fail(STR("已中断 (interrupted)"));
		return 130;
	}
	return cli_fail(why.p ? why : str_from(err_name(e)));
}

/* "gongzhi-20261122-1402.backup" in the folder we stand in. */
static const char *usual_name(struct arena *a)
{
	struct civil c;

	time_civil(clock_now(), TIME_CHINA, &c);
	return arena_printf(a, "gongzhi-%04d%02d%02d-%02d%02d.backup", c.year, c.month, c.day, c.hour, c.minute).p;
}

static int backup(struct cli *cli, const char *file)
{
	struct copying c;
	struct backup_info info;
	struct str why = STR_NULL;
	enum err e;

	progress_begin(&c.bar, "备份 backup", 0);
	e = backup_write(cli->db, file, show, &c, &cli->arena, &why);
	if (e == OK)
		e = backup_check(file, &info, &cli->arena, &why);
	progress_end(&c.bar, e == OK ? arena_printf(&cli->arena, "%" PRId64 " 行 rows, %d 表 tables, 已校验 checked", info.rows, info.tables).p :
				       "未完成 not finished");
	if (e != OK)
		return failed(e, why);
	printf("%s\n", file);
	fprintf(stderr,
		"密钥不在备份里：请另行妥善保存 %s/keys，没有它备份中的密文打不开；附件在 %s/files，也要复制。\n"
		"The keys are not in it: keep %s/keys elsewhere, sealed values cannot be read without them; attachments are in %s/files, copy them too.\n",
		cli->config.var, cli->config.var, cli->config.var, cli->config.var);
	return 0;
}

int admin_backup(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "backup", .usage = "[FILE]", .opts = {cli_options}, .max_args = 1,
		.zh = "服务运行时也可备份整个数据库到一个文件，SQLite 与 PostgreSQL 通用。",
		.en = "Writes the whole store to one file while the server runs; SQLite and PostgreSQL read each other's."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	cli_catch_signals();
	status = cli_open(&cli, CLI_READ_ONLY | CLI_NO_KEYS);
	if (status < 0)
		status = backup(&cli, argc ? argv[0] : usual_name(&cli.arena));
	cli_close(&cli);
	return status;
}

static int restore(struct cli *cli, const char *file)
{
	struct copying c;
	struct backup_info info;
	struct str why = STR_NULL;
	enum err e = backup_check(file, &info, &cli->arena, &why);

	if (e != OK)
		return failed(e, why);
	progress_begin(&c.bar, "恢复 restore", info.rows);
	e = backup_restore(cli->db, file, show, &c, &cli->arena, &why);
	progress_end(&c.bar, e == OK ? arena_printf(&cli->arena, "%" PRId64 " 行 rows", info.rows).p : "未完成 not finished");
	if (e != OK)
		return failed(e, why);
	fprintf(stderr, "请把备份时的密钥和附件放进 %s/keys、%s/files，再运行 gongzhi doctor --full\n"
		"Put the keys and attachments of that time into %s/keys and %s/files, then run gongzhi doctor --full\n",
		cli->config.var, cli->config.var, cli->config.var, cli->config.var);
	return 0;
}

int admin_restore(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "restore", .usage = "FILE", .opts = {cli_options}, .min_args = 1, .max_args = 1,
		.zh = "把备份装进一个空数据库。", .en = "Loads a backup into an empty store."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	cli_catch_signals();
	status = cli_open(&cli, CLI_MAY_LACK_SCHEMA | CLI_NO_KEYS);
	if (status < 0)
		status = restore(&cli, argv[0]);
	cli_close(&cli);
	return status;
}
