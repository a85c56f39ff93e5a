/* backup, restore. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/time.h"
#include "cap/admin/admin.h"
#include "crypto/bundle.h"
#include "db/backup.h"

struct copying {
	struct progress bar;
};

/* What both commands may be told. */
struct choices {
	bool no_files, with_keys;
	const char *passphrase_file;
};

static bool show(void *arg, const char *table, int64_t done)
{
	struct copying *c = arg;

	(void)table;
	progress_to(&c->bar, done);
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

static const char *in_var(struct cli *cli, const char *folder)
{
	return arena_printf(&cli->arena, "%s/%s", cli->config.var, folder).p;
}

/* From the file given, or from the terminal or a pipe. -1: it was read. */
static int read_passphrase(struct cli *cli, const struct choices *o, bool twice, struct str *word)
{
	struct str text, why;

	if (!o->passphrase_file)
		return admin_ask_secret(&cli->arena, "备份的口令短语 (passphrase of the backup): ", twice, word);
	if (file_read(&cli->arena, o->passphrase_file, 1024, &text, &why) != OK)
		return cli_fail(why);
	if (!str_split(&text, '\n', word) || word->n == 0)
		return cli_fail(STR("口令短语文件的第一行是空的 (the first line of the file of the passphrase is empty)"));
	*word = str_trim(*word);
	return -1;
}

/* ---- backup ---- */

/* "gongzhi-20261122-1402.backup" in the folder we stand in. */
static const char *usual_name(struct arena *a)
{
	struct civil c;

	time_civil(clock_now(), TIME_CHINA, &c);
	return arena_printf(a, "gongzhi-%04d%02d%02d-%02d%02d.backup", c.year, c.month, c.day, c.hour, c.minute).p;
}

static int seal_keys(struct cli *cli, const struct choices *o, struct str *sealed)
{
	struct str word, why = STR_NULL;
	const char *weak;
	int status = read_passphrase(cli, o, true, &word);

	if (status >= 0)
		return status;
	weak = bundle_weakness(word);
	if (weak)
		return cli_fail(admin_both(&cli->arena, weak));
	return keys_bundle(in_var(cli, "keys"), cli->config.suite, word, &cli->arena, sealed, &why) == OK ? -1 : cli_fail(why);
}

static void say_what_is_missing(struct cli *cli, const struct choices *o)
{
	if (!o->with_keys)
		fprintf(stderr,
			"密钥不在备份里：请另行妥善保存 %s，没有它备份中的密文打不开（或加 --with-keys，用口令短语封存在备份里）。\n"
			"The keys are not in it: keep %s elsewhere, sealed values cannot be read without them (or add --with-keys: sealed by a passphrase).\n",
			in_var(cli, "keys"), in_var(cli, "keys"));
	if (o->no_files)
		fprintf(stderr, "附件不在备份里：请另行复制 %s。\nThe attachments are not in it: copy %s too.\n", in_var(cli, "files"),
			in_var(cli, "files"));
}

static int backup(struct cli *cli, const char *file, const struct choices *o)
{
	struct backup_extra extra = {.files = o->no_files ? NULL : in_var(cli, "files")};
	struct copying c;
	struct backup_info info;
	struct str why = STR_NULL;
	int status = o->with_keys ? seal_keys(cli, o, &extra.keys) : -1;
	enum err e;

	if (status >= 0)
		return status;
	progress_begin(&c.bar, "备份 backup", 0);
	e = backup_write(cli->db, file, &extra, show, &c, &cli->arena, &why);
	if (e == OK)
		e = backup_check(file, &info, &cli->arena, &why);
	progress_end(&c.bar, e == OK ? arena_printf(&cli->arena, "%" PRId64 " 行 rows, %d 表 tables, %" PRId64 " 个附件 attachments, 已校验 checked",
						    info.rows, info.tables, info.files).p : "未完成 not finished");
	if (e != OK)
		return failed(e, why);
	printf("%s\n", file);
	say_what_is_missing(cli, o);
	return 0;
}

#define CHOICES(o, files_zh, files_en, keys_zh, keys_en) \
	{.name = "no-files", .flag = &(o).no_files, .zh = files_zh, .en = files_en}, \
	{.name = "with-keys", .flag = &(o).with_keys, .zh = keys_zh, .en = keys_en}, \
	{.name = "passphrase-file", .arg = "FILE", .text = &(o).passphrase_file, .zh = "口令短语在这个文件的第一行（默认在终端问，或读标准输入）", \
	 .en = "the passphrase is the first line of this file (default: asked for, or one line of standard input)"}

int admin_backup(int argc, char **argv)
{
	struct choices o = {0};
	const struct opt opts[] = {
		CHOICES(o, "不含附件（附件另行复制）", "without the attachments (copied by other means)",
			"也含密钥，用口令短语封存", "with the keys too, sealed by a passphrase"),
		{0},
	};
	const struct opt_command cmd = {
		.name = "backup", .usage = "[FILE]", .opts = {cli_options, opts}, .max_args = 1,
		.zh = "服务运行时也可备份整个数据库和附件到一个文件，SQLite 与 PostgreSQL 通用。",
		.en = "Writes the whole store and the attachments to one file while the server runs; SQLite and PostgreSQL read each other's."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	cli_catch_signals();
	status = cli_open(&cli, CLI_READ_ONLY | CLI_NO_KEYS);
	if (status < 0)
		status = backup(&cli, argc ? argv[0] : usual_name(&cli.arena), &o);
	cli_close(&cli);
	return status;
}

/* ---- restore ---- */

/* First of all, so that a wrong passphrase or keys that are there already stop it before anything is loaded. */
static int open_keys(struct cli *cli, const char *file, const struct choices *o)
{
	struct str sealed, word, why = STR_NULL;
	enum err e = backup_keys(file, &sealed, &cli->arena, &why);
	int status;

	if (e != OK)
		return cli_fail(why);
	status = read_passphrase(cli, o, false, &word);
	if (status >= 0)
		return status;
	e = keys_unbundle(sealed, word, in_var(cli, "keys"), &cli->arena, &why);
	return e == OK ? -1 : cli_fail(why);
}

static void say_what_to_do(struct cli *cli, const struct choices *o, const struct backup_info *info)
{
	if (!o->with_keys && info->keys)
		fprintf(stderr, "备份里有封存的密钥，没有取出：要取出请用 --with-keys。\nThe backup holds sealed keys, which were left: --with-keys takes them.\n");
	if (!o->with_keys)
		fprintf(stderr, "请把备份时的密钥放进 %s。\nPut the keys of that time into %s.\n", in_var(cli, "keys"), in_var(cli, "keys"));
	if (o->no_files || info->files == 0)
		fprintf(stderr, "没有恢复附件：备份时如有，请放进 %s。\nNo attachment was restored: if there were any, put them into %s.\n",
			in_var(cli, "files"), in_var(cli, "files"));
	fprintf(stderr, "然后运行 gongzhi doctor --full\nThen run gongzhi doctor --full\n");
}

static int restore(struct cli *cli, const char *file, const struct choices *o)
{
	struct copying c;
	struct backup_info info;
	struct str why = STR_NULL;
	enum err e = backup_check(file, &info, &cli->arena, &why);
	int status;

	if (e != OK)
		return failed(e, why);
	status = o->with_keys ? open_keys(cli, file, o) : -1;
	if (status >= 0)
		return status;
	progress_begin(&c.bar, "恢复 restore", info.rows + info.files);
	e = backup_restore(cli->db, file, o->no_files ? NULL : in_var(cli, "files"), show, &c, &cli->arena, &why);
	progress_end(&c.bar, e == OK ? arena_printf(&cli->arena, "%" PRId64 " 行 rows, %" PRId64 " 个附件 attachments", info.rows,
						    o->no_files ? 0 : info.files).p : "未完成 not finished");
	if (e != OK)
		return failed(e, why);
	say_what_to_do(cli, o, &info);
	return 0;
}

int admin_restore(int argc, char **argv)
{
	struct choices o = {0};
	const struct opt opts[] = {
		CHOICES(o, "不恢复附件", "leaves the attachments out", "也恢复密钥（备份时用了 --with-keys）",
			"the keys too (the backup was made --with-keys)"),
		{0},
	};
	const struct opt_command cmd = {
		.name = "restore", .usage = "FILE", .opts = {cli_options, opts}, .min_args = 1, .max_args = 1,
		.zh = "把备份装进一个空数据库，附件放回数据目录。", .en = "Loads a backup into an empty store and puts the attachments back into the data folder."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	cli_catch_signals();
	status = cli_open(&cli, CLI_MAY_LACK_SCHEMA | CLI_NO_KEYS);
	if (status < 0)
		status = restore(&cli, argv[0], &o);
	cli_close(&cli);
	return status;
}
