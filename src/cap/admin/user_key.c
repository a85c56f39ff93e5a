/* user key add, list, revoke: keys with which programs come in. */
#include <stdio.h>

#include "base/clock.h"
#include "base/time.h"
#include "cap/admin/admin.h"
#include "core/actor/api_key.h"
#include "web/i18n.h"

#define DAYS 365 /* 示例 */

struct key_job {
	struct arena *arena;
	struct str login, name, key, why;
	int64_t id, expires;
};

struct str admin_both(struct arena *a, const char *zh)
{
	const char *en = i18n_english(zh);

	return en ? arena_printf(a, "%s (%s)", zh, en) : str_from(zh);
}

static enum err find(struct db_conn *c, struct key_job *j)
{
	enum err e = actor_by_login(c, j->arena, j->login, &j->id);

	if (e == ERR_NOT_FOUND)
		j->why = arena_printf(j->arena, "没有账号 %.*s (there is no account %.*s)", STR_ARG(j->login), STR_ARG(j->login));
	return e;
}

static enum err add_job(struct tx *tx, void *arg)
{
	struct key_job *j = arg;
	struct str why = STR_NULL;
	int64_t key;
	enum err e = find(tx->c, j);

	if (e != OK)
		return e;
	e = actor_key_add(tx, j->id, j->name, j->key, j->expires, 0, &key, &why);
	if (why.p)
		j->why = admin_both(j->arena, arena_strz(j->arena, why));
	return e;
}

static enum err revoke_job(struct tx *tx, void *arg)
{
	struct key_job *j = arg;
	enum err e = find(tx->c, j);

	if (e != OK)
		return e;
	e = actor_key_revoke(tx, j->id, j->name, 0);
	if (e == ERR_NOT_FOUND)
		j->why = arena_printf(j->arena, "账号 %.*s 没有名为 %.*s 的有效密钥，见 gongzhi user key list %.*s (the account has no key of that name in "
				      "force)", STR_ARG(j->login), STR_ARG(j->name), STR_ARG(j->login));
	return e;
}

static int failed(const struct key_job *j, enum err e)
{
	return cli_fail(j->why.p ? j->why : str_from(err_name(e)));
}

int admin_user_key_add(int argc, char **argv)
{
	const char *name = NULL;
	int64_t days = DAYS;
	const struct opt opts[] = {
		{.name = "name", .arg = "NAME", .text = &name, .zh = "密钥的名字，如用在哪里（默认 default）",
		 .en = "name of the key, such as where it is used (default: default)"},
		{.name = "days", .arg = "N", .number = &days, .zh = "有效天数，1 到 1096（默认 365，示例）",
		 .en = "days it is good for, 1 to 1096 (default 365)"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "user key add", .usage = "LOGIN", .opts = {cli_options, opts}, .min_args = 1, .max_args = 1,
		.zh = "给程序的账号（user add --service）发一把密钥。只显示这一次，写在标准输出；用法：Authorization: Bearer 密钥。",
		.en = "Makes a key for a program's account (user add --service). It is shown this once, on standard output; sent as Authorization: Bearer KEY."};
	struct key_job j = {0};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, 0);
	if (status < 0) {
		enum err e;

		j = (struct key_job){.arena = &cli.arena, .login = str_from(argv[0]), .name = str_from(name ? name : "default"),
				     .key = actor_key_new(&cli.arena),
				     .expires = days < 0 || days > ACTOR_KEY_DAYS_MAX ? 0 : clock_now() + days * MS_DAY};
		e = db_write(cli.db, add_job, &j);
		status = e == OK ? 0 : failed(&j, e);
		if (e == OK) {
			fprintf(stderr, "密钥只显示这一次，有效到 %.*s，请立即保存 (shown this once, good until then: keep it now)\n",
				STR_ARG(time_date(&cli.arena, j.expires, TIME_CHINA)));
			printf("%.*s\n", STR_ARG(j.key));
		}
	}
	cli_close(&cli);
	return status;
}

int admin_user_key_revoke(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "user key revoke", .usage = "LOGIN NAME", .opts = {cli_options}, .min_args = 2, .max_args = 2,
		.zh = "停用一把密钥，立即生效。", .en = "Revokes a key, at once."};
	struct key_job j = {0};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, 0);
	if (status < 0) {
		enum err e;

		j = (struct key_job){.arena = &cli.arena, .login = str_from(argv[0]), .name = str_from(argv[1])};
		e = db_write(cli.db, revoke_job, &j);
		status = e == OK ? 0 : failed(&j, e);
		if (e == OK)
			fprintf(stderr, "已停用 (revoked): %s %s\n", argv[0], argv[1]);
	}
	cli_close(&cli);
	return status;
}

static void print_key(struct arena *a, const struct actor_key *k, int64_t now)
{
	struct str used = k->used_day ? time_date(a, time_day_start(k->used_day, TIME_CHINA), TIME_CHINA) : STR("-");
	const char *state = k->revoked ? "已停用 revoked" : k->expires <= now ? "已过期 expired" : "有效 in force";

	printf("%-20.*s  %s  %.*s  %.*s  %-10.*s\n", STR_ARG(k->name), state, STR_ARG(time_date(a, k->created, TIME_CHINA)),
	       STR_ARG(time_date(a, k->expires, TIME_CHINA)), STR_ARG(used));
}

int admin_user_key_list(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "user key list", .usage = "LOGIN", .opts = {cli_options}, .min_args = 1, .max_args = 1,
		.zh = "列出账号的密钥：名字、状态、发放、到期、最近使用的日子。", .en = "Lists the keys of an account: name, state, made, end, day of last use."};
	struct key_job j = {0};
	struct actor_key *v;
	struct db_conn *c;
	struct cli cli;
	size_t n = 0;
	enum err e;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_READ_ONLY | CLI_NO_KEYS);
	if (status < 0) {
		j = (struct key_job){.arena = &cli.arena, .login = str_from(argv[0])};
		c = db_read_begin(cli.db);
		e = find(c, &j);
		if (e == OK)
			e = actor_keys(c, &cli.arena, j.id, &v, &n);
		db_read_end(c);
		for (size_t i = 0; e == OK && i < n; i++)
			print_key(&cli.arena, &v[i], clock_now());
		status = e == OK ? 0 : failed(&j, e);
	}
	cli_close(&cli);
	return status;
}
