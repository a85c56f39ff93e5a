/* demo: what the subcommand does, step by step. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/file.h"
#include "cap/admin/admin.sql.h"
#include "cap/admin/demo.h"
#include "core/actor/actor.h"
#include "core/matter/matter.h"
#include "crypto/crypto.h"

#define MAX_ROWS 2000

/* ---- tables ---- */

static struct str *copy_row(struct arena *a, const struct csv_row *row, size_t columns)
{
	struct str *v = arena_array(a, struct str, columns);

	for (size_t i = 0; i < columns; i++)
		v[i] = i < row->n ? arena_str(a, str_trim(row->v[i])) : STR("");
	return v;
}

static enum err read_rows(struct csv *csv, struct demo_table *t, struct arena *a, struct str *why)
{
	struct csv_row row;
	enum csv_got got;

	t->rows = arena_array(a, struct str *, MAX_ROWS);
	while ((got = csv_next(csv, &row)) != CSV_END) {
		if (got == CSV_BAD) {
			*why = arena_printf(a, "%s:%lld: %s", t->file, (long long)row.line, row.why);
			return ERR_INPUT;
		}
		if (row.n && str_starts(row.v[0], "#"))
			continue;
		if (!t->titles) {
			t->columns = row.n;
			t->titles = copy_row(a, &row, row.n);
		} else if (row.n > t->columns || t->n == MAX_ROWS) {
			*why = arena_printf(a, "%s:%lld: 列或行太多 (too many columns or rows)", t->file, (long long)row.line);
			return ERR_INPUT;
		} else {
			t->rows[t->n++] = copy_row(a, &row, t->columns);
		}
	}
	return OK;
}

enum err demo_read(struct demo *d, const char *name, struct demo_table *out, struct str *why)
{
	struct csv *csv;
	struct str text;
	enum err e;

	*out = (struct demo_table){.file = cli_data_file(d->cli, arena_printf(d->arena, "demo/%s.csv", name).p).p};
	e = file_read(d->arena, out->file, (size_t)4 << 20, &text, why);
	if (e != OK)
		return e;
	e = csv_open_text(&csv, text, &(struct csv_options){.separator = ','}, d->arena, why);
	if (e != OK)
		return e;
	e = read_rows(csv, out, d->arena, why);
	csv_close(csv);
	return e;
}

struct str demo_cell(const struct demo_table *t, size_t row, const char *title)
{
	for (size_t i = 0; i < t->columns; i++)
		if (str_eqz(t->titles[i], title))
			return t->rows[row][i];
	BUG("%s has no column %s", t->file, title);
}

int64_t demo_id(const struct demo *d, const char *kind, struct str key)
{
	const int64_t *id = str_empty(key) ? NULL : map_get(&d->ids, arena_printf(d->arena, "%s.%.*s", kind, STR_ARG(key)));

	return id ? *id : 0;
}

/* ---- how far we are ---- */

static enum err get_state(struct demo *d, const char *name, struct str *value)
{
	struct db_conn *c = db_read_begin(d->cli->db);
	struct admin_state_get_rows rows;
	enum err e = q_admin_state_get(c, d->arena, str_from(name), &rows);

	db_read_end(c);
	*value = e == OK && rows.n ? rows.v[0].value : STR_NULL;
	return e;
}

static enum err finish_job(struct tx *tx, void *arg)
{
	(void)arg;
	return q_admin_state_set(tx->c, STR("demo"), STR("complete"), NULL);
}

/* ---- accounts for people to read ---- */

static struct str role_title(const struct actor_role *roles, size_t n, struct str role)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(roles[i].name, role))
			return roles[i].title;
	return role;
}

static enum err write_accounts(struct demo *d, const char *file, struct str *why)
{
	struct db_conn *c = db_read_begin(d->cli->db);
	struct actor_role *roles;
	struct demo_table t;
	struct buf b;
	size_t n = 0;
	enum err e = actor_roles(c, d->arena, &roles, &n);

	db_read_end(c);
	if (e == OK)
		e = demo_read(d, "accounts", &t, why);
	if (e != OK)
		return e;
	buf_init(&b, 1 << 16);
	buf_addz(&b, "  演示账号 (demonstration accounts; login, password, role):\n\n");
	for (size_t i = 0; i < t.n; i++) {
		if (i && str_eq(demo_cell(&t, i, "login"), demo_cell(&t, i - 1, "login")))
			continue;
		buf_printf(&b, "  %-16.*s %.*s  %.*s\n", STR_ARG(demo_cell(&t, i, "login")), STR_ARG(d->password),
			   STR_ARG(role_title(roles, n, demo_cell(&t, i, "role"))));
	}
	e = buf_check(&b);
	if (e == OK && file)
		e = file_write(d->arena, file, buf_str(&b), 0600, why);
	else if (e == OK)
		fwrite(b.p, 1, b.n, stdout);
	buf_release(&b);
	return e;
}

/* ---- the subcommand ---- */

static int set_up(struct demo *d, const char *accounts_file)
{
	struct str why = STR_NULL, state;
	int status = admin_load_places(d->cli, cli_data_file(d->cli, "demo/grids.csv").p, PLACE_ROOT, false, NULL);

	if (status == 0)
		status = admin_load_demo_areas(d->cli, cli_data_file(d->cli, "demo/areas.geojson").p);
	if (status != 0)
		return status;
	status = demo_people(d);
	if (status >= 0)
		return status;
	/* Passwords are known only now: said before the reports, so that an interruption does not lose them. */
	if (d->password.p && write_accounts(d, accounts_file, &why) != OK)
		return cli_fail(why);
	status = demo_reports(d);
	clock_set(0);
	if (status >= 0)
		return status;
	if (get_state(d, "demo", &state) != OK || db_write(d->cli->db, finish_job, NULL) != OK)
		return cli_fail(STR("数据库出错 (the store failed)"));
	return 0;
}

static int run(struct cli *cli, const char *accounts_file, const char *password)
{
	struct demo d = {.cli = cli, .arena = &cli->arena, .now = clock_now(), .password = str_from(password)};
	struct str state, why = STR_NULL;

	if (get_state(&d, "demo", &state) != OK)
		return cli_fail(STR("数据库出错 (the store failed)"));
	if (str_eqz(state, "complete")) {
		fprintf(stderr, "演示数据已在，未改动 (the demonstration is there; nothing was changed)\n");
		return 0;
	}
	if (scenario_load_dir(cli->db, cli_scenarios(cli).p, &cli->arena, &why) != OK)
		return cli_fail(why);
	map_init(&d.ids, d.arena);
	return set_up(&d, accounts_file);
}

int admin_demo(int argc, char **argv)
{
	const char *file = NULL, *password = NULL;
	const struct opt opts[] = {
		{.name = "accounts-file", .arg = "FILE", .text = &file, .zh = "账号和口令写入这个文件（默认打印出来）",
		 .en = "accounts and password go to this file (default: printed)"},
		{.name = "password", .arg = "WORD", .text = &password, .zh = "全部演示账号的口令（默认随机）",
		 .en = "password of all demonstration accounts (default: random)"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "demo", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "建立演示镇街：重庆市江北区大石坝街道的网格、组织、账号和几十件诉求，全部标明演示。只用于试用，不要用于正式系统。",
		.en = "Sets up the demonstration town: grids, organisations, accounts and some dozens of reports of 大石坝街道, 江北区, 重庆市, all "
		      "labelled as demonstration. For trying out, never in a real installation."};
	struct cli cli;
	int status = opt_parse(&cmd, &argc, &argv);

	if (status >= 0)
		return status;
	if (password && password_weakness(str_from(password), STR(""))) {
		fprintf(stderr, "gongzhi demo: --password: %s\n", password_weakness(str_from(password), STR("")));
		return 2;
	}
	cli_catch_signals();
	status = cli_open(&cli, 0);
	if (status < 0)
		status = run(&cli, file, password);
	cli_close(&cli);
	return status;
}
