/* keys list, rotate, reseal, public. */
#include <inttypes.h>
#include <stdio.h>

#include "base/progress.h"
#include "cap/admin/admin.h"
#include "core/actor/second.h"
#include "core/matter/follow.h"
#include "core/matter/reseal.h"
#include "core/notify/notify.h"
#include "crypto/keyring.h"
#include "crypto/reseal.h"
#include "web/capability.h"
#include "web/draft.h"
#include "web/kept.h"

int admin_keys_rotate(int argc, char **argv)
{
	const char *suite = NULL;
	const struct opt opts[] = {
		{.name = "suite", .arg = "sm|intl", .text = &suite, .zh = "新密钥的算法（默认同配置）", .en = "algorithms of the new keys (default: as configured)"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "keys rotate", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "加一把新的加密密钥和签名密钥；旧的留着解密和验签。重启服务后生效。",
		.en = "Adds a new sealing key and a new signing key; the old ones stay to read and to verify. In force after a restart."};
	struct str why = STR_NULL;
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_NO_STORE);
	if (status < 0) {
		const char *dir = arena_printf(&cli.arena, "%s/keys", cli.config.var).p;

		if (keyring_rotate(dir, suite ? suite : cli.config.suite, &cli.arena, &why) == OK) {
			fprintf(stderr, "新密钥在 %s：请备份密钥目录，然后重启服务 (new keys are there: copy the folder, then restart)\n", dir);
			status = 0;
		} else {
			status = cli_fail(why);
		}
	}
	cli_close(&cli);
	return status;
}

int admin_keys_public(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "keys public", .opts = {cli_options}, .max_args = 0,
		.zh = "输出公钥（回执离线核对用）。", .en = "Prints the public keys, with which receipts are checked offline."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_NO_STORE);
	if (status < 0) {
		printf("%.*s", STR_ARG(sign_public_key(&cli.arena)));
		status = 0;
	}
	cli_close(&cli);
	return status;
}

/* ---- list ---- */

static void print_keys(const struct keyring *k, const char *dir)
{
	static const char *const seals[] = {"sm4-gcm", "aes256-gcm"}, *const signs[] = {"sm2-sm3", "ed25519"};

	printf("%s/derive.key  hmac-sha256  导出，不轮换 (derives, never rotated)\n", dir);
	for (size_t i = 0; i < k->nseals; i++)
		printf("%s/seal-%" PRId64 ".key  %s  %s\n", dir, k->seals[i].number, seals[k->seals[i].alg],
		       i + 1 == k->nseals ? "正在加密 (seals)" : "只解密 (opens only)");
	for (size_t i = 0; i < k->nsigns; i++)
		printf("%s/sign-%" PRId64 ".key  %s  %s  %s\n", dir, k->signs[i].number, signs[k->signs[i].alg], k->signs[i].id,
		       i + 1 == k->nsigns ? "正在签名 (signs)" : "只验签 (verifies only)");
}

int admin_keys_list(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "keys list", .opts = {cli_options}, .max_args = 0,
		.zh = "列出密钥：文件、算法、用途。不输出密钥本身。", .en = "Lists the keys: file, algorithm, use. The keys themselves are not shown."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_NO_STORE);
	if (status < 0) {
		print_keys(cli.keys, arena_printf(&cli.arena, "%s/keys", cli.config.var).p);
		status = 0;
	}
	cli_close(&cli);
	return status;
}

/* ---- reseal ---- */

struct resealing {
	struct cli *cli;
	struct progress bar;
	int64_t seen, changed;
};

static enum err reseal_table(struct resealing *r, db_job job)
{
	struct reseal_page page = {.more = true};
	enum err e = OK;

	while (e == OK && page.more && !cli_interrupted()) {
		e = db_write(r->cli->db, job, &page);
		progress_to(&r->bar, r->seen + page.seen);
	}
	r->seen += page.seen;
	r->changed += page.changed;
	return e;
}

static enum err reseal(struct resealing *r)
{
	static const db_job tables[] = {matter_reseal_job,	 notify_reseal_job,    second_reseal_job,   matter_follow_reseal_job,
					notify_queue_reseal_job, web_draft_reseal_job, web_kept_reseal_job};
	enum err e = OK;

	progress_begin(&r->bar, "重新加密 reseal", 0);
	for (size_t i = 0; e == OK && i < ARRAY_LEN(tables); i++)
		e = reseal_table(r, tables[i]);
	for (const struct capability *const *c = capabilities; e == OK && *c; c++)
		for (size_t i = 0; e == OK && (*c)->reseal && (*c)->reseal[i]; i++)
			e = reseal_table(r, (*c)->reseal[i]);
	progress_end(&r->bar, e != OK ? "未完成 not finished" : cli_interrupted() ? "已中断，再运行即继续 interrupted: run it again" : "完成 done");
	return e;
}

int admin_keys_reseal(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "keys reseal", .opts = {cli_options}, .max_args = 0,
		.zh = "轮换密钥并重启服务以后，把已存的个人信息、地址、草稿、交接班留言和待发的邮件改用新密钥加密。服务不必停，可中断，再运行即继续。",
		.en = "After keys rotate and a restart: seals stored personal values, addresses, drafts, hand-over notes and waiting mail with the new key. "
		      "The server may run; may be interrupted and run again."};
	struct cli cli;
	struct resealing r = {.cli = &cli};
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	cli_catch_signals();
	status = cli_open(&cli, 0);
	if (status < 0) {
		enum err e = reseal(&r);

		status = e != OK ? cli_fail(arena_printf(&cli.arena, "停在第 %" PRId64 " 个值：%s；已改的保留，再运行即继续 (stopped at that value; what was done "
							 "stays, run it again)", r.seen, err_name(e))) : cli_interrupted() ? 130 : 0;
		printf("%" PRId64 " 个值，重新加密 %" PRId64 " 个 (values, sealed anew)\n", r.seen, r.changed);
	}
	cli_close(&cli);
	return status;
}
