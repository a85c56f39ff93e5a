/* role list, show, add, grant, revoke: which permissions a role has, in a store that has its own list of roles. */
#include <stdio.h>

#include "base/file.h"
#include "cap/admin/admin.h"
#include "core/matter/yaml.h"
#include "web/capability.h"
#include "web/i18n.h"

#define ROLES_BYTES ((size_t)1 << 20)

/* ---- what there is ---- */

enum err admin_shipped_roles(struct cli *cli, struct actor_role **v, size_t *n, struct str *why)
{
	struct str text;
	enum err e = file_read(&cli->arena, cli_data_file(cli, "roles.csv").p, ROLES_BYTES, &text, why);

	*n = 0;
	return e == OK ? actor_roles_read(&cli->arena, text, v, n, why) : e;
}

bool admin_role_has(const struct actor_role *r, struct str permission)
{
	for (size_t i = 0; i < r->npermissions; i++)
		if (str_eq(r->permissions[i], permission))
			return true;
	return false;
}

const struct actor_role *admin_role_named(const struct actor_role *v, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].name, name))
			return &v[i];
	return NULL;
}

/* Its Chinese title; NULL: no part of this program asks for it. */
static const char *title_of(struct str permission)
{
	for (const struct capability *const *c = capabilities; *c; c++)
		for (const struct permission *p = (*c)->permissions; p && p->name; p++)
			if (str_eqz(permission, p->name))
				return p->title;
	return NULL;
}

struct known { struct str *v; size_t n; };

static void know(struct known *k, struct str name)
{
	for (size_t i = 0; i < k->n; i++)
		if (str_eq(k->v[i], name))
			return;
	k->v[k->n++] = name;
}

/* What the capabilities declare, and what the shipped list names for those to come. */
static struct known known_permissions(struct cli *cli)
{
	struct actor_role *shipped = NULL;
	struct str why = STR_NULL;
	struct known k = {0};
	size_t n = 0, most = 0;

	if (admin_shipped_roles(cli, &shipped, &n, &why) != OK)
		n = 0; /* without the file what the program itself declares must do */
	for (size_t i = 0; i < n; i++)
		most += shipped[i].npermissions;
	for (const struct capability *const *c = capabilities; *c; c++)
		for (const struct permission *p = (*c)->permissions; p && p->name; p++)
			most++;
	k.v = arena_array(&cli->arena, struct str, most + 1);
	for (const struct capability *const *c = capabilities; *c; c++)
		for (const struct permission *p = (*c)->permissions; p && p->name; p++)
			know(&k, str_from(p->name));
	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < shipped[i].npermissions; m++)
			know(&k, shipped[i].permissions[m]);
	return k;
}

/* Names what is near: the likeliest, and those of the same kind, "matter.". */
static int unknown(struct cli *cli, const struct known *k, struct str typed)
{
	struct nearest near = {.typed = typed};
	ptrdiff_t dot = str_chr(typed, '.');
	struct str list = STR("");

	for (size_t i = 0; i < k->n; i++) {
		nearest_try(&near, k->v[i]);
		if (dot > 0 && str_starts(k->v[i], arena_strz(&cli->arena, str_sub(typed, 0, (size_t)dot + 1))))
			list = arena_printf(&cli->arena, "%.*s %.*s", STR_ARG(list), STR_ARG(k->v[i]));
	}
	if (near.best.p)
		return cli_fail(arena_printf(&cli->arena, "没有权限 %.*s；是否想写 %.*s？ (no such permission; did you mean %.*s?)", STR_ARG(typed),
					     STR_ARG(near.best), STR_ARG(near.best)));
	if (list.n == 0)
		for (size_t i = 0; i < k->n; i++)
			list = arena_printf(&cli->arena, "%.*s %.*s", STR_ARG(list), STR_ARG(k->v[i]));
	return cli_fail(arena_printf(&cli->arena, "没有权限 %.*s，可用的有 (no such permission; there are):%.*s", STR_ARG(typed), STR_ARG(list)));
}

/* ---- list, show ---- */

static void print_head(const struct actor_role *r)
{
	printf("%-20.*s %.*s (%.*s)", STR_ARG(r->name), STR_ARG(r->title), STR_ARG(r->title_en));
	if (r->duty.n)
		printf("  三员 duty: %.*s", STR_ARG(r->duty));
	putchar('\n');
}

static void print_permission(struct cli *cli, struct str name)
{
	const char *title = title_of(name);
	struct str both = title ? admin_both(&cli->arena, title) : STR("还没有功能用它 (nothing asks for it yet)");

	printf("    %-18.*s %.*s\n", STR_ARG(name), STR_ARG(both));
}

static enum err print_role(struct cli *cli, struct db_conn *c, const struct actor_role *r)
{
	int64_t held;
	enum err e = actor_role_held(c, &cli->arena, r->name, &held);

	if (e != OK)
		return e;
	print_head(r);
	printf("    担任 (granted): %lld\n", (long long)held);
	for (size_t i = 0; i < r->npermissions; i++)
		print_permission(cli, r->permissions[i]);
	return OK;
}

static void print_list(const struct actor_role *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		print_head(&v[i]);
		printf("   ");
		for (size_t k = 0; k < v[i].npermissions; k++)
			printf(" %.*s", STR_ARG(v[i].permissions[k]));
		putchar('\n');
	}
}

static int no_role(struct cli *cli, const struct actor_role *v, size_t n, struct str name)
{
	struct nearest near = {.typed = name};

	for (size_t i = 0; i < n; i++)
		nearest_try(&near, v[i].name);
	if (near.best.p)
		return cli_fail(arena_printf(&cli->arena, "没有角色 %.*s；是否想写 %.*s？ (no such role; did you mean %.*s?)", STR_ARG(name), STR_ARG(near.best),
					     STR_ARG(near.best)));
	return cli_fail(arena_printf(&cli->arena, "没有角色 %.*s：gongzhi role list 列出全部 (no such role: gongzhi role list names them)", STR_ARG(name)));
}

/* name NULL: all. */
static int print_roles(struct cli *cli, const char *name)
{
	struct db_conn *c = db_read_begin(cli->db);
	const struct actor_role *r = NULL;
	struct actor_role *v;
	size_t n;
	int status = 0;
	enum err e = actor_roles_whole(c, &cli->arena, &v, &n);

	if (e == OK && name)
		r = admin_role_named(v, n, str_from(name));
	if (e == OK && name && !r)
		status = no_role(cli, v, n, str_from(name));
	else if (e == OK && name)
		e = print_role(cli, c, r);
	else if (e == OK)
		print_list(v, n);
	db_read_end(c);
	return e == OK ? status : cli_fail(str_from(err_name(e)));
}

static int with_store(const struct opt_command *cmd, int argc, char **argv)
{
	struct cli cli;
	int status = opt_parse(cmd, &argc, &argv);

	if (status >= 0)
		return status;
	status = cli_open(&cli, CLI_READ_ONLY | CLI_NO_KEYS);
	if (status < 0)
		status = print_roles(&cli, argc ? argv[0] : NULL);
	cli_close(&cli);
	return status;
}

int admin_role_list(int argc, char **argv)
{
	const struct opt_command cmd = {.name = "role list", .opts = {cli_options}, .max_args = 0,
					.zh = "列出角色和各自的权限。", .en = "Lists the roles and what each may do."};

	return with_store(&cmd, argc, argv);
}

int admin_role_show(int argc, char **argv)
{
	const struct opt_command cmd = {.name = "role show", .usage = "ROLE", .opts = {cli_options}, .min_args = 1, .max_args = 1,
					.zh = "一个角色：中英文名称、担任的人次、每项权限是什么。",
					.en = "One role: its names, how often it is granted, what each of its permissions is."};

	return with_store(&cmd, argc, argv);
}

/* ---- add, grant, revoke ---- */

struct role_job {
	struct arena *arena;
	struct actor_role role;
	struct str *permissions; size_t n;
	bool take;
	struct str why;
	struct str done;  /* " matter.read matter.file": what was changed */
};

static enum err told(struct role_job *j, struct str why, enum err e)
{
	if (why.p)
		j->why = arena_str(j->arena, why);
	return e;
}

/* With the permissions that are given to it at once: a shipped one's. */
static enum err add_job(struct tx *tx, void *arg)
{
	struct role_job *j = arg;
	struct str why = STR_NULL;
	enum err e = actor_role_add(tx, &j->role, &why);

	for (size_t i = 0; e == OK && i < j->role.npermissions; i++) {
		bool changed;

		e = actor_role_grant(tx, j->role.name, j->role.permissions[i], &changed, &why);
	}
	return told(j, why, e);
}

/* -1: the role is as roles.csv has it. */
static int shipped_role(struct cli *cli, const char *name, struct actor_role *out)
{
	const struct actor_role *r;
	struct actor_role *v;
	struct str why = STR_NULL;
	size_t n;

	if (admin_shipped_roles(cli, &v, &n, &why) != OK)
		return cli_fail(why.p ? why : STR("读不了 roles.csv (roles.csv cannot be read)"));
	r = admin_role_named(v, n, str_from(name));
	if (r == NULL)
		return cli_fail(arena_printf(&cli->arena, "随附的 roles.csv 里没有角色 %s；自己的角色用 --title、--title-en 建 (roles.csv has no such role: make one of your "
					     "own with --title and --title-en)", name));
	*out = *r;
	return -1;
}

static enum err change_job(struct tx *tx, void *arg)
{
	struct role_job *j = arg;
	struct str why = STR_NULL;
	enum err e = OK;

	j->done = STR("");
	for (size_t i = 0; e == OK && i < j->n; i++) {
		bool changed;

		e = j->take ? actor_role_revoke(tx, j->role.name, j->permissions[i], &changed, &why) :
			      actor_role_grant(tx, j->role.name, j->permissions[i], &changed, &why);
		if (e == OK && changed)
			j->done = arena_printf(j->arena, "%.*s %.*s", STR_ARG(j->done), STR_ARG(j->permissions[i]));
	}
	return told(j, why, e);
}

int admin_role_add(int argc, char **argv)
{
	const char *title = NULL, *title_en = NULL, *duty = NULL;
	bool shipped = false;
	const struct opt opts[] = {
		{.name = "shipped", .flag = &shipped, .zh = "照随附的 roles.csv 建：名称、三员、权限都用它的",
		 .en = "as the shipped roles.csv has it: its titles, its duty, its permissions"},
		{.name = "title", .arg = "TEXT", .text = &title, .zh = "中文名", .en = "title in Chinese"},
		{.name = "title-en", .arg = "TEXT", .text = &title_en, .zh = "英文名", .en = "title in English"},
		{.name = "duty", .arg = "DUTY", .text = &duty, .zh = "三员之一：system、security、audit；一般角色不写",
		 .en = "one of the three administrators: system, security, audit; others go without"},
		{0},
	};
	const struct opt_command cmd = {.name = "role add", .usage = "ROLE", .opts = {cli_options, opts}, .min_args = 1, .max_args = 1,
					.zh = "建一个还没有权限的角色，再用 role grant 给权限，用 user grant 授予人；--shipped 照随附的建。",
					.en = "Makes a role without permissions: role grant gives it some, user grant gives it to people; --shipped makes it as shipped."};
	struct role_job j = {0};
	struct cli cli;
	enum err e;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	if (shipped && (title || title_en || duty)) {
		fprintf(stderr, "gongzhi role add: 用了 --shipped 就不写 --title、--title-en、--duty (--shipped goes without --title, --title-en, --duty)\n");
		return 2;
	}
	j.role = (struct actor_role){.name = str_from(argv[0]), .title = str_from(title ? title : ""), .title_en = str_from(title_en ? title_en : ""),
				     .duty = str_from(duty ? duty : "")};
	status = cli_open(&cli, 0);
	if (status < 0 && shipped)
		status = shipped_role(&cli, argv[0], &j.role);
	if (status < 0) {
		j.arena = &cli.arena;
		e = db_write(cli.db, add_job, &j);
		status = e == OK ? 0 : cli_fail(j.why.p ? j.why : str_from(err_name(e)));
		if (e == OK)
			fprintf(stderr, "已建角色 (role made): %s\n", argv[0]);
	}
	cli_close(&cli);
	return status;
}

/* -1: each word is a permission. To take away what no part of the program knows any more is always possible. */
static int read_permissions(struct cli *cli, struct role_job *j, int argc, char **argv)
{
	struct known k = known_permissions(cli);

	j->permissions = arena_array(&cli->arena, struct str, (size_t)argc);
	for (int i = 0; i < argc; i++) {
		bool found = j->take;

		for (size_t m = 0; m < k.n && !found; m++)
			found = str_eqz(k.v[m], argv[i]);
		if (!found)
			return unknown(cli, &k, str_from(argv[i]));
		j->permissions[j->n++] = str_from(argv[i]);
	}
	return -1;
}

/* What was to be taken away and was not there: a slip of the pen is told, with what is near. */
static int nothing_done(struct cli *cli, const struct role_job *j)
{
	struct known k;

	if (!j->take) {
		fprintf(stderr, "%.*s 已经有了，没有改动 (it has them already: nothing was changed)\n", STR_ARG(j->role.name));
		return 0;
	}
	k = known_permissions(cli);
	for (size_t i = 0; i < j->n; i++) {
		bool found = false;

		for (size_t m = 0; m < k.n && !found; m++)
			found = str_eq(k.v[m], j->permissions[i]);
		if (!found)
			return unknown(cli, &k, j->permissions[i]);
	}
	fprintf(stderr, "%.*s 本来就没有，没有改动 (it has none of them: nothing was changed)\n", STR_ARG(j->role.name));
	return 0;
}

static int change(const struct opt_command *cmd, bool take, int argc, char **argv)
{
	struct role_job j = {.take = take};
	struct cli cli;
	enum err e;
	int status = opt_parse(cmd, &argc, &argv);

	if (status >= 0)
		return status;
	j.role.name = str_from(argv[0]);
	status = cli_open(&cli, 0);
	if (status < 0) {
		j.arena = &cli.arena;
		status = read_permissions(&cli, &j, argc - 1, argv + 1);
	}
	if (status < 0) {
		e = db_write(cli.db, change_job, &j);
		status = e != OK ? cli_fail(j.why.p ? j.why : str_from(err_name(e))) : j.done.n ? 0 : nothing_done(&cli, &j);
	}
	if (status == 0 && j.done.n)
		fprintf(stderr, "%s %s:%.*s。运行中的服务从下一次请求起生效 (in force with the next request)\n", take ? "已收回 (revoked)" : "已给 (granted)",
			argv[0], STR_ARG(j.done));
	cli_close(&cli);
	return status;
}

int admin_role_grant(int argc, char **argv)
{
	const struct opt_command cmd = {.name = "role grant", .usage = "ROLE PERMISSION...", .opts = {cli_options}, .min_args = 2, .max_args = 100,
					.zh = "给角色权限：担任它的人从下一次请求起就有，不用重启。记入日志。",
					.en = "Gives permissions to a role: whoever holds it has them with the next request, without a restart. Journalled."};

	return change(&cmd, false, argc, argv);
}

int admin_role_revoke(int argc, char **argv)
{
	const struct opt_command cmd = {.name = "role revoke", .usage = "ROLE PERMISSION...", .opts = {cli_options}, .min_args = 2, .max_args = 100,
					.zh = "收回角色的权限，从下一次请求起生效。三员的权限至少要留一个人有。记入日志。",
					.en = "Takes permissions from a role, with the next request. Of what the three administrators rest on somebody must keep each. "
					      "Journalled."};

	return change(&cmd, true, argc, argv);
}
