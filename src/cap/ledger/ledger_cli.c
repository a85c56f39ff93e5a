/* gongzhi verify */
#include <stdio.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/time.h"
#include "cap/ledger/ledger.h"
#include "web/cli.h"

#define KEY_FILE_MAX ((size_t)64 * 1024)

static const char *key_file;
static bool whole;

static const struct opt opts[] = {
	{.name = "key", .letter = 'k', .arg = "FILE", .text = &key_file, .zh = "平台的公钥（从 /.well-known/gongzhi.pub 取得）",
	 .en = "public key of the platform (from its /.well-known/gongzhi.pub)"},
	{.name = "all", .flag = &whole, .zh = "核对数据库里的整本日志", .en = "checks the whole journal in the store"},
	{0},
};

static const struct opt_command command = {
	.name = "verify",
	.usage = "[RECEIPT.json]",
	.zh = "离线核对回执，或用 --all 核对整本日志。通过返回 0，不通过返回 1。",
	.en = "Checks a receipt offline, or with --all the whole journal. Exit status 0: proved, 1: not.",
	.opts = {opts, cli_options},
	.min_args = 0,
	.max_args = 1,
};

/* ---- a receipt ---- */

void ledger_tell(FILE *out, struct arena *a, const struct receipt *r)
{
	const struct journal_entry *e = &r->entry;
	struct str at = time_text(a, e->at, TIME_CHINA), signed_at = time_text(a, r->head.at, TIME_CHINA);

	fprintf(out, "核对通过。这份回执证明：\n");
	if (e->actor)
		fprintf(out, "  谁：账号 %lld\n", (long long)e->actor);
	else
		fprintf(out, "  谁：没有账号的居民，或系统本身\n");
	fprintf(out, "  做了什么：%.*s，对象 %lld%s%.*s\n", STR_ARG(e->kind), (long long)e->subject, e->place.n ? "，地点 " : "", STR_ARG(e->place));
	fprintf(out, "  记下的内容：%.*s\n", STR_ARG(e->data));
	fprintf(out, "  什么时候：%.*s（北京时间，平台的钟）\n", STR_ARG(at));
	fprintf(out, "  在日志里的位置：第 %lld 条；平台 %.*s 签名认可前 %lld 条（日志 %.*s，密钥 %.*s）\n", (long long)e->seq, STR_ARG(signed_at),
		(long long)r->head.size, STR_ARG(r->log), STR_ARG(r->head.key_id));
	fprintf(out, "没有证明的：内容是否属实；平台有没有另给别人看一本不同的日志（与他人比对 /ledger 上的树头即可知道）；\n"
		     "公钥是不是真的出自该平台（请从平台网站或政府公告取得）。\n\n");
	fprintf(out, "Proved. This receipt shows:\n");
	if (e->actor)
		fprintf(out, "  who: account %lld\n", (long long)e->actor);
	else
		fprintf(out, "  who: a resident without account, or the system\n");
	fprintf(out, "  what: %.*s about %lld%s%.*s\n", STR_ARG(e->kind), (long long)e->subject, e->place.n ? ", place " : "", STR_ARG(e->place));
	fprintf(out, "  noted: %.*s\n", STR_ARG(e->data));
	fprintf(out, "  when: %.*s (UTC+8, the platform's clock)\n", STR_ARG(at));
	fprintf(out, "  position: entry %lld; at %.*s the platform signed the first %lld entries (log %.*s, key %.*s)\n", (long long)e->seq,
		STR_ARG(signed_at), (long long)r->head.size, STR_ARG(r->log), STR_ARG(r->head.key_id));
	fprintf(out, "Not proved: that the content is true; that the platform shows everybody the same journal (compare the heads at /ledger with\n"
		     "others); that the public key is really the platform's (take it from its site or a public notice).\n");
}

static int check_receipt(struct arena *a, const char *file)
{
	struct str json, pub, why = STR_NULL;
	struct receipt r;
	enum err e;

	if (key_file == NULL)
		return cli_fail(STR("请用 --key 给出平台的公钥文件；name the public key of the platform with --key FILE"));
	e = file_read(a, key_file, KEY_FILE_MAX, &pub, &why);
	if (e == OK)
		e = file_read(a, file, RECEIPT_MAX, &json, &why);
	if (e == OK)
		e = receipt_read(a, json, &r, &why);
	if (e == OK)
		e = receipt_prove(a, &r, pub, &why);
	if (e != OK) {
		fprintf(stderr, "核对不通过 NOT PROVED: %s: %.*s\n", file, STR_ARG(why));
		return 1;
	}
	ledger_tell(stdout, a, &r);
	return 0;
}

/* ---- the whole journal ---- */

struct shown {
	struct progress bar;
	bool begun;
};

static void show(void *arg, int64_t done, int64_t of)
{
	struct shown *s = arg;

	if (!s->begun)
		progress_begin(&s->bar, "核对日志 journal", of);
	s->begun = true;
	progress_to(&s->bar, done);
}

static enum err verify_store(struct cli *cli, struct str *why)
{
	struct shown s = {0};
	struct db_conn *c;
	enum err e = journal_init(cli->db, NULL, &cli->arena, why);

	if (e != OK)
		return e;
	c = db_read_begin(cli->db);
	e = journal_verify_all(c, &cli->arena, show, &s, why);
	db_read_end(c);
	if (s.begun)
		progress_end(&s.bar, e == OK ? "完好 whole" : "不符 NOT WHOLE");
	journal_end(cli->db);
	return e;
}

static int check_all(void)
{
	struct str why = STR_NULL;
	struct cli cli;
	int status = cli_open(&cli, CLI_READ_ONLY);

	if (status < 0) {
		enum err e = verify_store(&cli, &why);

		status = e == OK ? 0 : 1;
		fprintf(e == OK ? stdout : stderr, "%s%.*s\n", e == OK ? "" : "核对不通过 NOT PROVED: ", STR_ARG(why));
	}
	cli_close(&cli);
	return status;
}

int ledger_verify(int argc, char **argv)
{
	struct arena a;
	int status = opt_parse(&command, &argc, &argv);

	if (status >= 0)
		return status;
	if (whole == (argc == 1))
		return cli_fail(STR("请给出一份回执文件，或用 --all；name one receipt file, or use --all"));
	if (whole)
		return check_all();
	arena_init(&a, 0);
	status = check_receipt(&a, argv[0]);
	arena_release(&a);
	return status;
}
