/* user add, password, grant, revoke, list, lock, unlock: accounts from the command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "cap/admin/admin.h"
#include "core/actor/second.h"
#include "core/actor/actor.h"
#include "core/actor/actor.sql.h"
#include "core/actor/api_key.h"
#include "crypto/crypto.h"

/* ---- passwords ---- */

static bool read_line(struct arena *a, struct str *out)
{
	char line[512];
	size_t n;

	if (!fgets(line, sizeof(line), stdin))
		return false;
	n = strcspn(line, "\r\n");
	*out = arena_str(a, (struct str){line, n});
	memset(line, 0, sizeof(line));
	return true;
}

static bool ask_hidden(struct arena *a, const char *question, struct str *out)
{
	struct termios was, quiet;
	bool ok;

	fprintf(stderr, "%s", question);
	if (tcgetattr(STDIN_FILENO, &was) != 0)
		return false;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	ok = read_line(a, out);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fprintf(stderr, "\n");
	return ok;
}

int admin_ask_secret(struct arena *a, const char *question, bool twice, struct str *out)
{
	struct str again = STR_NULL;

	if (!isatty(STDIN_FILENO))
		return read_line(a, out) ? -1 : cli_fail(STR("请从标准输入给出口令 (give the password on standard input)"));
	if (!ask_hidden(a, question, out) || (twice && !ask_hidden(a, "再输一次 (again): ", &again)))
		return cli_fail(STR("没有读到口令 (no password was read)"));
	return twice && !str_eq(*out, again) ? cli_fail(STR("两次不一样 (the two differ)")) : -1;
}

/* -1: *hash is made. */
static int new_password(struct arena *a, const char *login, struct str *hash)
{
	struct str word = STR_NULL;
	const char *weak;
	int status = admin_ask_secret(a, "口令 (password): ", true, &word);

	if (status >= 0)
		return status;
	weak = password_weakness(word, str_from(login));
	if (weak)
		return cli_fail(str_from(weak));
	return password_hash(a, word, hash) == OK ? -1 : cli_fail(STR("口令处理失败 (the password could not be hashed)"));
}

/* ---- jobs ---- */

struct user_job {
	struct arena *arena;
	struct str login, name, hash, role, place, why;
	int64_t id, org;
	bool first, active, service;
};

static enum err told(struct user_job *j, struct str why, enum err e)
{
	if (why.p)
		j->why = arena_str(j->arena, why);
	return e;
}

static enum err grant(struct tx *tx, struct user_job *j)
{
	struct str why = STR_NULL;
	enum err e = j->role.p ? actor_grant(tx, j->id, j->role, j->place, j->org, 0, 0, &why) : OK;

	return told(j, why, e);
}

static enum err find(struct tx *tx, struct user_job *j)
{
	enum err e = actor_by_login(tx->c, tx->arena, j->login, &j->id);

	if (e == ERR_NOT_FOUND)
		j->why = arena_printf(j->arena, "没有账号 %.*s (there is no account %.*s)", STR_ARG(j->login), STR_ARG(j->login));
	return e;
}

static enum err add_job(struct tx *tx, void *arg)
{
	struct user_job *j = arg;
	struct actor_account_list_rows any;
	enum err e = OK;

	if (j->first) {
		e = q_actor_account_list(tx->c, tx->arena, 0, 1, &any);
		if (e == OK && any.n) {
			j->why = STR("已经有账号，--first-admin 只用于空系统 (there are accounts: --first-admin is for an empty installation)");
			return ERR_CONFLICT;
		}
	}
	if (e == OK)
		e = j->service ? actor_create_service(tx, j->login, j->name, &j->id) : actor_create(tx, j->login, j->name, j->hash, &j->id);
	if (e == ERR_CONFLICT)
		j->why = arena_printf(j->arena, "账号 %.*s 已存在 (the account exists)", STR_ARG(j->login));
	if (e == ERR_INPUT)
		j->why = STR("登录名须为 2 到 64 个小写字母、数字或 . _ - @，姓名不超过 100 字节 (login: 2 to 64 of a-z 0-9 . _ - @; name: at "
			     "most 100 bytes)");
	return e == OK ? grant(tx, j) : e;
}

static enum err grant_job(struct tx *tx, void *arg)
{
	struct user_job *j = arg;
	enum err e = find(tx, j);

	return e == OK ? grant(tx, j) : e;
}

static enum err revoke_job(struct tx *tx, void *arg)
{
	struct user_job *j = arg;
	struct str why = STR_NULL;
	enum err e = find(tx, j);

	if (e != OK)
		return e;
	e = actor_revoke(tx, j->id, j->role, j->place, 0, &why);
	if (e == ERR_NOT_FOUND)
		why = STR("此人在这个地点没有这个角色：gongzhi user list 列出各人的角色 (the account has not this role there: gongzhi user list names them)");
	return told(j, why, e);
}

static enum err password_job(struct tx *tx, void *arg)
{
	struct user_job *j = arg;
	enum err e = find(tx, j);

	if (e == OK)
		e = actor_set_password(tx, j->id, j->hash);
	if (e == ERR_RULE)
		j->why = STR("这是程序的账号，没有口令；密钥见 gongzhi user key (this is a program's account: it has no password but keys)");
	return e;
}

static enum err factor_job(struct tx *tx, void *arg)
{
	struct user_job *j = arg;
	enum err e = find(tx, j);

	if (e != OK)
		return e;
	e = second_drop(tx, j->id, 0);
	if (e == ERR_NOT_FOUND)
		j->why = STR("这个账号没有第二因素 (this account has no second factor)");
	return e == OK ? actor_session_end_others(tx, j->id, 0) : e;
}

static enum err active_job(struct tx *tx, void *arg)
{
	struct user_job *j = arg;
	struct str why = STR_NULL;
	enum err e = find(tx, j);

	if (e == OK)
		e = actor_set_active(tx, j->id, j->active, 0, &why);
	return told(j, why, e);
}

static int run(struct cli *cli, db_job job, struct user_job *j, const char *done)
{
	enum err e;

	j->arena = &cli->arena;
	e = db_write(cli->db, job, j);
	if (e != OK)
		return cli_fail(j->why.p ? j->why : str_from(err_name(e)));
	fprintf(stderr, "%s: %.*s\n", done, STR_ARG(j->login));
	return 0;
}

/* Key of a place by its code; "" without one: everywhere. */
static int place_key(struct cli *cli, const char *code, struct str *key)
{
	struct place p;
	int status = admin_find_place(cli, code && strcmp(code, "all") != 0 ? code : NULL, &p);

	*key = p.key;
	return status;
}

/* ---- subcommands ---- */

#define ROLE_OPTIONS(role, place) \
	{.name = "role", .arg = "ROLE", .text = &(role), .zh = "角色，如 dispatcher（见 data/roles.csv）", \
	 .en = "role, such as dispatcher (see data/roles.csv)"}, \
	{.name = "place", .arg = "CODE", .text = &(place), .zh = "在哪个地区（代码；默认全部）", .en = "in which place (code; default everywhere)"}

int admin_user_add(int argc, char **argv)
{
	const char *name = NULL, *role = NULL, *code = NULL;
	bool first = false, service = false;
	const struct opt opts[] = {
		{.name = "name", .arg = "NAME", .text = &name, .zh = "姓名", .en = "name of the person"},
		ROLE_OPTIONS(role, code),
		{.name = "first-admin", .flag = &first, .zh = "空系统的第一个管理员（系统管理员）",
		 .en = "the first administrator of an empty installation (system administrator)"},
		{.name = "service", .flag = &service, .zh = "程序的账号：没有口令，只用密钥（user key add）",
		 .en = "an account for a program: no password, only keys (user key add)"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "user add", .usage = "LOGIN", .opts = {cli_options, opts}, .min_args = 1, .max_args = 1,
		.zh = "建账号。口令在终端输入两次，或从标准输入给一行。",
		.en = "Makes an account. The password is asked for twice on a terminal, or read as one line from standard input."};
	struct user_job j = {0};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	if (first && service) {
		fprintf(stderr, "gongzhi user add: 第一个管理员是人，不能是程序 (the first administrator is a person, not a program)\n");
		return 2;
	}
	j.login = str_from(argv[0]);
	j.name = str_from(name ? name : argv[0]);
	j.first = first;
	j.service = service;
	j.role = first ? STR("sysadmin") : role ? str_from(role) : STR_NULL;
	status = cli_open(&cli, 0);
	if (status < 0)
		status = place_key(&cli, code, &j.place);
	if (status < 0 && !service)
		status = new_password(&cli.arena, argv[0], &j.hash);
	if (status < 0)
		status = run(&cli, add_job, &j, "已建账号 (account made)");
	cli_close(&cli);
	if (status == 0 && first)
		fprintf(stderr,
			"三员分设：另建安全管理员（管账号）和审计管理员，同一人不能兼任。\n"
			"Three offices nobody holds together: now make the security administrator (who manages accounts) and the auditor:\n"
			"  gongzhi user add LOGIN --role secadmin\n  gongzhi user add LOGIN --role auditor\n");
	return status;
}

int admin_user_password(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "user password", .usage = "LOGIN", .opts = {cli_options}, .min_args = 1, .max_args = 1,
		.zh = "改口令，并结束该账号的全部会话。", .en = "Sets a new password and ends all sessions of the account."};
	struct user_job j = {0};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	j.login = str_from(argv[0]);
	status = cli_open(&cli, 0);
	if (status < 0)
		status = new_password(&cli.arena, argv[0], &j.hash);
	if (status < 0)
		status = run(&cli, password_job, &j, "口令已改 (password set)");
	cli_close(&cli);
	return status;
}

static int grant_or_revoke(const char *name, const char *zh, const char *en, const char *done, db_job job, int argc, char **argv)
{
	const char *role = NULL, *code = NULL;
	const struct opt opts[] = {ROLE_OPTIONS(role, code), {0}};
	const struct opt_command cmd = {.name = name, .usage = "LOGIN", .opts = {cli_options, opts}, .min_args = 1, .max_args = 1,
					.zh = zh, .en = en};
	struct user_job j = {0};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	if (!role) {
		fprintf(stderr, "gongzhi %s: 请用 --role 给出角色 (name the role with --role)\n", name);
		return 2;
	}
	j.login = str_from(argv[0]);
	j.role = str_from(role);
	status = cli_open(&cli, 0);
	if (status < 0)
		status = place_key(&cli, code, &j.place);
	if (status < 0)
		status = run(&cli, job, &j, done);
	cli_close(&cli);
	return status;
}

int admin_user_grant(int argc, char **argv)
{
	return grant_or_revoke("user grant", "授予角色。", "Gives a role.", "已授予 (granted)", grant_job, argc, argv);
}

int admin_user_revoke(int argc, char **argv)
{
	return grant_or_revoke("user revoke", "收回角色。", "Takes a role back.", "已收回 (revoked)", revoke_job, argc, argv);
}

/* The commands that take a login and nothing else. */
static int with_login(const char *name, const char *zh, const char *en, const char *done, db_job job, struct user_job j, int argc, char **argv)
{
	const struct opt_command cmd = {.name = name, .usage = "LOGIN", .opts = {cli_options}, .min_args = 1, .max_args = 1, .zh = zh,
					.en = en};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	j.login = str_from(argv[0]);
	status = cli_open(&cli, 0);
	if (status < 0)
		status = run(&cli, job, &j, done);
	cli_close(&cli);
	return status;
}

int admin_user_factor_reset(int argc, char **argv)
{
	return with_login("user factor reset", "去掉账号的第二因素和恢复码（手机丢了），并结束全部会话；本人下次登录可重新设置。",
			  "Takes the second factor and the recovery codes away (a lost telephone) and ends all sessions; it can be set up anew at the next login.",
			  "已去掉 (taken away)", factor_job, (struct user_job){0}, argc, argv);
}

int admin_user_lock(int argc, char **argv)
{
	return with_login("user lock", "停用账号，立即生效；历史保留。", "Locks an account at once; its history stays.", "已停用 (locked)",
			  active_job, (struct user_job){.active = false}, argc, argv);
}

int admin_user_unlock(int argc, char **argv)
{
	return with_login("user unlock", "恢复账号。", "Unlocks an account.", "已恢复 (unlocked)",
			  active_job, (struct user_job){.active = true}, argc, argv);
}

/* ---- list ---- */

static enum err print_account(struct db_conn *c, struct arena *a, const struct actor_account_list_row *row)
{
	struct actor_session who;
	enum err e = actor_load(c, a, row->id, &who);

	if (e != OK)
		return e;
	printf("%-20.*s  %-4s  %.*s", STR_ARG(row->login), row->active ? "" : "停用 locked", STR_ARG(row->name));
	if (row->service)
		printf("  程序 program");
	for (size_t i = 0; i < who.nrights; i++) {
		struct str place = STR("全部 everywhere");

		if (who.rights[i].place.n)
			e = place_full_name(c, a, who.rights[i].place, PLACE_DISTRICT, &place);
		printf("%s %.*s @ %.*s", i ? ";" : "  ", STR_ARG(who.rights[i].role), STR_ARG(place));
	}
	printf("\n");
	return e;
}

int admin_user_list(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "user list", .opts = {cli_options}, .max_args = 0,
		.zh = "列出账号及其角色。", .en = "Lists the accounts and their roles."};
	struct actor_account_list_rows rows = {.n = 1};
	struct db_conn *c;
	struct cli cli;
	int64_t after = 0;
	enum err e = OK;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_READ_ONLY | CLI_NO_KEYS);
	if (status < 0) {
		c = db_read_begin(cli.db);
		while (e == OK && rows.n) {
			e = q_actor_account_list(c, &cli.arena, after, 200, &rows);
			for (size_t i = 0; e == OK && i < rows.n; i++) {
				after = rows.v[i].id;
				e = print_account(c, &cli.arena, &rows.v[i]);
			}
		}
		db_read_end(c);
		status = e == OK ? 0 : cli_fail(str_from(err_name(e)));
	}
	cli_close(&cli);
	return status;
}
