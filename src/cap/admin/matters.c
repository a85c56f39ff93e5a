/* export matters: a line a matter, telephone and identity numbers in the title masked, nothing personal besides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/time.h"
#include "cap/admin/admin.h"
#include "core/matter/list.h"

struct exporting {
	const char *scenario;    /* NULL: all */
	struct cli_out out;
	struct buf line;
	struct arena arena;      /* of one line */
	struct db_conn *places;  /* beside the one that reads the list */
	int64_t n;
};

/* What is written, in this order; text p NULL: a number. */
struct cell {
	const char *name;
	struct str text;
	int64_t number;
	bool time;
};

#define CELLS 17

static enum err fill(struct exporting *x, const struct matter_row *r, struct cell v[static CELLS])
{
	struct str name = STR("");
	struct place p = {.code = STR("")};
	enum err e = r->place.n ? place_full_name(x->places, &x->arena, r->place, PLACE_DISTRICT, &name) : OK;
	size_t n = 0;

	if (e == OK && r->place.n)
		e = place_by_key(x->places, &x->arena, r->place, &p);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	/* Not the code: whoever has it may judge and reopen in the reporter's place. */
	v[n++] = (struct cell){"id", arena_printf(&x->arena, "%lld", (long long)r->id), 0, false};
	v[n++] = (struct cell){"scenario", r->scenario, 0, false};
	v[n++] = (struct cell){"state", r->state, 0, false};
	v[n++] = (struct cell){"title", matter_mask(&x->arena, r->title), 0, false};
	v[n++] = (struct cell){"category", r->category, 0, false};
	v[n++] = (struct cell){"channel", r->channel, 0, false};
	v[n++] = (struct cell){"place_code", p.code.p ? p.code : STR(""), 0, false};
	v[n++] = (struct cell){"place", name, 0, false};
	v[n++] = (struct cell){"created", STR_NULL, r->created, true};
	v[n++] = (struct cell){"state_since", STR_NULL, r->state_since, true};
	v[n++] = (struct cell){"due", STR_NULL, r->due, true};
	v[n++] = (struct cell){"total_due", STR_NULL, r->total_due, true};
	v[n++] = (struct cell){"closed", STR_NULL, r->closed, true};
	v[n++] = (struct cell){"judge_score", STR_NULL, r->judge_score, false};
	v[n++] = (struct cell){"judge_solved", STR_NULL, r->judge_solved, false};
	v[n++] = (struct cell){"public", STR_NULL, r->is_public, false};
	v[n++] = (struct cell){"demo", STR_NULL, r->demo, false};
	return OK;
}

static void csv_line(struct exporting *x, const struct cell *v)
{
	struct csv_out w = {.out = &x->line};
	char iso[TIME_ISO_SIZE];

	for (size_t i = 0; i < CELLS; i++)
		if (v[i].text.p)
			csv_cell(&w, v[i].text);
		else if (v[i].time)
			csv_cell(&w, v[i].number ? time_iso(iso, v[i].number) : STR(""));
		else
			csv_cell_i64(&w, v[i].number);
	csv_end_row(&w);
}

static void json_line(struct exporting *x, const struct cell *v)
{
	struct json j;

	json_init(&j, &x->line);
	json_obj(&j);
	for (size_t i = 0; i < CELLS; i++) {
		json_key(&j, v[i].name);
		if (v[i].text.p)
			json_str(&j, v[i].text);
		else if (!v[i].time)
			json_i64(&j, v[i].number);
		else if (v[i].number)
			json_time(&j, v[i].number);
		else
			json_nil(&j);
	}
	json_end(&j);
	json_done(&j);
	buf_addc(&x->line, '\n');
}

static enum err export_row(void *arg, const struct matter_row *r)
{
	struct exporting *x = arg;
	struct cell v[CELLS];
	enum err e;

	if (cli_interrupted())
		return ERR_BUSY;
	e = fill(x, r, v);
	if (e != OK)
		return e;
	buf_clear(&x->line);
	if (x->n++ == 0 && !x->out.json) {
		struct csv_out w;

		csv_begin(&w, &x->line, true);
		for (size_t i = 0; i < CELLS; i++)
			csv_cell(&w, str_from(v[i].name));
		csv_end_row(&w);
	}
	if (x->out.json)
		json_line(x, v);
	else
		csv_line(x, v);
	arena_reset(&x->arena);
	return fwrite(x->line.p, 1, x->line.n, x->out.f) == x->line.n ? OK : ERR_IO;
}

static int export(struct cli *cli, void *arg, struct str top)
{
	struct exporting *x = arg;
	struct db_conn *c = db_read_begin(cli->db);
	struct matter_filter f = {.scenario = x->scenario ? str_from(x->scenario) : STR_NULL};
	struct str to = place_after(&cli->arena, top);
	struct matter_scope s = {.from = &top, .to = &to, .n = 1, .private_too = true};
	enum err e;

	buf_init(&x->line, 1 << 20);
	arena_init(&x->arena, 0);
	x->places = db_read_begin(cli->db);
	e = matter_each(c, &cli->arena, &s, &f, clock_now(), export_row, x);
	db_read_end(x->places);
	db_read_end(c);
	arena_release(&x->arena);
	buf_release(&x->line);
	return cli_out_result(cli, &x->out, e);
}

int admin_export_matters(int argc, char **argv)
{
	struct exporting x = {.out = {.format = "csv"}};
	const char *code = NULL;
	const struct opt opts[] = {
		{.name = "format", .arg = "csv|jsonl", .text = &x.out.format, .zh = "格式（默认 csv）", .en = "format (default csv)"},
		ADMIN_EXPORT_OPTIONS(x.out.path, code),
		{.name = "scenario", .arg = "ID", .text = &x.scenario, .zh = "只导出这一种", .en = "only those of this scenario"},
		{0},
	};
	const struct opt_command cmd = {
		.name = "export matters", .opts = {cli_options, opts}, .max_args = 0,
		.zh = "导出事项清单，不含个人信息；标题中的电话和证件号打码。",
		.en = "Exports the list of matters without personal data; numbers in titles are masked."};
	int status = opt_parse(&cmd, &argc, &argv);

	return status < 0 ? admin_export(cmd.name, &x.out, code, export, &x) : status;
}
