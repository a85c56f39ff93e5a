/*
 * gongzhi import channels FILE.csv: the counters and telephones of towns, columns town,kind,name,name_en,phone,address,hours (town
 * is the official code). A town named in the file gets exactly the lines of the file; other towns keep theirs.
 */
#include <stdio.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cap/portal/portal.sql.h"
#include "cap/portal/portal_pages.h"
#include "web/cli.h"

enum { C_TOWN, C_KIND, C_NAME, C_NAME_EN, C_PHONE, C_ADDRESS, C_HOURS, COLUMNS };
static const char *const titles[COLUMNS] = {"town", "kind", "name", "name_en", "phone", "address", "hours"};

struct line {
	int64_t number;         /* of the file */
	struct str v[COLUMNS];
	struct str place;       /* key of the town */
};
struct table {
	struct line *v;
	size_t n;
};

static enum err complain(struct arena *a, struct str *why, int64_t line, const char *text)
{
	*why = arena_printf(a, "第 %lld 行 (line %lld): %s", (long long)line, (long long)line, text);
	return ERR_INPUT;
}

static enum err read_line(struct arena *a, const struct csv_row *row, const int *at, struct line *out, struct str *why)
{
	out->number = row->line;
	for (int i = 0; i < COLUMNS; i++) {
		out->v[i] = at[i] >= 0 && (size_t)at[i] < row->n ? arena_str(a, str_trim(row->v[at[i]])) : STR("");
		if (out->v[i].n > 400 || !utf8_plain(out->v[i], false))
			return complain(a, why, row->line, "太长或有控制字符 (too long, or control characters)");
	}
	for (size_t i = 0; i < out->v[C_PHONE].n; i++)
		if (!strchr("0123456789-+ ", out->v[C_PHONE].p[i]))
			return complain(a, why, row->line, "电话只写数字、+ 和 - (a telephone number has digits, + and - only)");
	if (str_empty(out->v[C_NAME]))
		return complain(a, why, row->line, "缺少名称 (the name is missing)");
	return OK;
}

static enum err read_table(struct arena *a, struct csv *csv, struct table *t, struct str *why)
{
	struct csv_row row;
	enum csv_got got = csv_next(csv, &row);
	int at[COLUMNS];
	size_t cap = 4096;
	enum err e = OK;

	if (got != CSV_ROW)
		return complain(a, why, 1, "文件是空的 (the file is empty)");
	for (int i = 0; i < COLUMNS; i++)
		at[i] = csv_column(&row, titles[i]);
	if (at[C_TOWN] < 0 || at[C_NAME] < 0)
		return complain(a, why, 1, "第一行要有 town 和 name 两列 (the first line must name the columns town and name)");
	t->v = arena_array(a, struct line, cap);
	while (e == OK && (got = csv_next(csv, &row)) != CSV_END) {
		if (got == CSV_BAD)
			e = complain(a, why, row.line, row.why);
		else if (t->n == cap)
			e = complain(a, why, row.line, "超过 4096 行，请分成几个文件 (more than 4096 lines; please split the file)");
		else
			e = read_line(a, &row, at, &t->v[t->n++], why);
	}
	return e;
}

static enum err find_towns(struct db *db, struct arena *a, struct table *t, struct str *why)
{
	struct db_conn *c = db_read_begin(db);
	enum err e = OK;

	for (size_t i = 0; e == OK && i < t->n; i++) {
		struct place p;

		e = place_by_code(c, a, t->v[i].v[C_TOWN], 0, &p);
		if (e == ERR_NOT_FOUND || (e == OK && p.level != PLACE_TOWN))
			e = complain(a, why, t->v[i].number, "没有这个代码的镇街 (there is no town with this code)");
		else if (e == OK)
			t->v[i].place = p.key;
	}
	db_read_end(c);
	return e;
}

static enum err store(struct tx *tx, void *arg)
{
	struct table *t = arg;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < t->n; i++)
		e = q_portal_channels_clear(tx->c, t->v[i].place, NULL);
	for (size_t i = 0; e == OK && i < t->n; i++) {
		const struct line *l = &t->v[i];
		const struct portal_channel_add_args row = {
			.place = l->place, .number = l->number, .kind = l->v[C_KIND], .name = l->v[C_NAME], .name_en = l->v[C_NAME_EN],
			.phone = l->v[C_PHONE], .address = l->v[C_ADDRESS], .hours = l->v[C_HOURS]};

		e = q_portal_channel_add(tx->c, &row, NULL);
	}
	return e;
}

CHECKED enum err portal_channels_import(struct db *db, struct arena *a, struct str csv_text, size_t *rows, struct str *why)
{
	struct table t = {0};
	struct csv *csv;
	enum err e = csv_open_text(&csv, csv_text, NULL, a, why);

	if (e != OK)
		return e;
	e = read_table(a, csv, &t, why);
	csv_close(csv);
	if (e == OK)
		e = find_towns(db, a, &t, why);
	if (e == OK)
		e = db_write(db, store, &t);
	*rows = t.n;
	return e;
}

int portal_import_channels(int argc, char **argv)
{
	static const struct opt_command cmd = {
		.name = "import channels", .usage = "FILE.csv", .zh = "导入各镇街的窗口和电话。", .opts = {cli_options},
		.en = "Imports the counters and telephones of towns.", .min_args = 1, .max_args = 1,
		.more = "列 columns: town,kind,name,name_en,phone,address,hours"};
	int status = opt_parse(&cmd, &argc, &argv);
	struct str text, why = STR("");
	struct cli cli;
	size_t rows;

	if (status >= 0)
		return status;
	status = cli_open(&cli, 0);
	if (status < 0) {
		enum err e = file_read(&cli.arena, argv[0], (size_t)4 << 20, &text, &why);

		if (e == OK)
			e = portal_channels_import(cli.db, &cli.arena, text, &rows, &why);
		if (e == OK)
			printf("已导入 %zu 行 (%zu lines imported)\n", rows, rows);
		status = e == OK ? 0 : cli_fail(str_empty(why) ? str_from(err_name(e)) : why);
	}
	cli_close(&cli);
	return status;
}
