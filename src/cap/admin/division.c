/* place move, place merge: changes of the divisions, with all that belongs to them. */
#include <stdio.h>

#include "base/progress.h"
#include "cap/admin/admin.h"

struct change {
	struct cli *cli;
	struct place a, b;
	struct str reason;
	struct progress bar;
};

static int find(struct cli *cli, const char *code, struct place *p)
{
	struct db_conn *c = db_read_begin(cli->db);
	enum err e = place_by_code(c, &cli->arena, str_from(code), 0, p);

	db_read_end(c);
	if (e == OK && !p->until)
		return -1;
	return cli_fail(arena_printf(&cli->arena, "没有代码为 %s 的现行地区 (no place in force has the code %s)", code, code));
}

static int refused(struct cli *cli, enum err e)
{
	if (e == ERR_INPUT)
		return cli_fail(STR("不能这样调整：层级不对，或已经撤销 (the levels do not fit, or one of them has ended)"));
	return cli_fail(arena_printf(&cli->arena, "没有改动 (nothing was changed): %s", err_name(e)));
}

static void show(void *arg, int64_t done, int64_t of)
{
	struct change *ch = arg;

	ch->bar.total = of;
	progress_to(&ch->bar, done);
}

static int move(struct change *ch)
{
	struct str key;
	enum err e;

	progress_begin(&ch->bar, "移动 move", 1);
	e = place_move_large(ch->cli->db, &ch->cli->arena, ch->a.key, ch->b.key, 0, ch->reason, show, ch, &key);
	progress_end(&ch->bar, e == OK ? "完成 done" : "未完成，再次运行即继续 not finished: run it again");
	return e == OK ? 0 : refused(ch->cli, e);
}

static enum err merge_job(struct tx *tx, void *arg)
{
	const struct change *ch = arg;

	return place_merge(tx, ch->a.key, ch->b.key, 0, ch->reason);
}

static int merge(struct change *ch)
{
	enum err e = db_write(ch->cli->db, merge_job, ch);

	return e == OK ? 0 : refused(ch->cli, e);
}

static int run(const struct opt_command *base, int (*work)(struct change *), int argc, char **argv)
{
	const char *reason = "";
	const struct opt opts[] = {
		{.name = "reason", .arg = "TEXT", .text = &reason, .zh = "依据，如批复文号", .en = "the ground, such as the number of the decision"},
		{0},
	};
	struct opt_command cmd = *base;
	struct cli cli;
	struct change ch = {.cli = &cli};
	int status;

	cmd.opts[0] = cli_options;
	cmd.opts[1] = opts;
	cmd.min_args = cmd.max_args = 2;
	status = opt_parse(&cmd, &argc, &argv);
	if (status >= 0)
		return status;
	ch.reason = str_from(reason);
	status = cli_open(&cli, 0);
	if (status < 0)
		status = find(&cli, argv[0], &ch.a);
	if (status < 0)
		status = find(&cli, argv[1], &ch.b);
	if (status < 0)
		status = work(&ch);
	cli_close(&cli);
	return status;
}

int admin_place_move(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "place move", .usage = "CODE NEW-PARENT-CODE",
		.zh = "把一个地区连同下级、事项、账号和组织划归另一个上级；历史保留，旧代码仍可查到。",
		.en = "Moves a place under another one, with all below it, its matters, accounts and organisations; history stays."};

	return run(&cmd, move, argc, argv);
}

int admin_place_merge(int argc, char **argv)
{
	const struct opt_command cmd = {
		.name = "place merge", .usage = "CODE INTO-CODE",
		.zh = "把一个地区并入同级的另一个；原地区撤销，历史保留。",
		.en = "Merges a place into another one of its level; the first one ends, its history stays."};

	return run(&cmd, merge, argc, argv);
}
