#include "cap/cases/export_rows.h"

#include "base/time.h"
#include "core/matter/category.h"
#include "core/place/place.h"

static const char *const titles[EXPORT_COLUMNS] = {
	"序号", "种类", "标题", "状态", "类别", "类别代码", "地点", "地点代码", "来源", "收到", "本步期限", "承诺办结", "办结", "评价", "是否解决", "是否公开",
};
static const unsigned char widths[EXPORT_COLUMNS] = {20, 14, 40, 14, 14, 16, 36, 20, 12, 18, 18, 18, 18, 8, 10, 10};

static struct xlsx_cell text(struct str s)
{
	return (struct xlsx_cell){.kind = XLSX_TEXT, .text = s.p ? s : STR("")};
}

static struct xlsx_cell when(int64_t at)
{
	return (struct xlsx_cell){.kind = XLSX_TIME, .at = at};
}

static struct str state_title(const struct scenario *s, struct str state)
{
	int i = s ? scenario_state(s, state) : -1;

	return i < 0 ? state : s->states[i].title.zh;
}

/* A grid may have no code of its own: then that of what it lies in. */
static struct str code_of(struct db_conn *c, struct arena *a, struct str key)
{
	struct place *v;
	struct str code = STR("");
	size_t n;

	if (str_empty(key) || place_path(c, a, key, &v, &n) != OK)
		return code;
	for (size_t i = 0; i < n; i++)
		if (v[i].code.n)
			code = v[i].code;
	return code;
}

void export_cells(struct db_conn *c, struct arena *a, const struct matter_row *r, struct xlsx_cell out[static EXPORT_COLUMNS])
{
	const struct scenario *s = scenario_current(r->scenario);
	const struct category *cat = str_empty(r->category) ? NULL : category_find(r->category);
	struct str name = STR("");
	size_t n = 0;

	if (r->place.n && place_full_name(c, a, r->place, PLACE_TOWN, &name) != OK)
		name = STR("");
	/* as text: Excel keeps 15 digits of a number */
	out[n++] = text(arena_printf(a, "%lld", (long long)r->id));
	out[n++] = text(s ? s->title.zh : r->scenario);
	out[n++] = text(matter_mask(a, r->title));
	out[n++] = text(state_title(s, r->state));
	out[n++] = text(cat ? cat->title.zh : r->category);
	out[n++] = text(r->category);
	out[n++] = text(name);
	out[n++] = text(code_of(c, a, r->place));
	out[n++] = text(r->channel);
	out[n++] = when(r->created);
	out[n++] = when(r->due);
	out[n++] = when(r->total_due);
	out[n++] = when(r->closed);
	out[n++] = r->judge_score ? (struct xlsx_cell){.kind = XLSX_NUMBER, .number = r->judge_score} : text(STR(""));
	out[n++] = text(r->judge_solved > 0 ? STR("是") : r->judge_solved < 0 ? STR("否") : STR(""));
	out[n++] = text(r->is_public ? STR("是") : STR("否"));
}

void export_csv_head(struct csv_out *w)
{
	for (size_t i = 0; i < EXPORT_COLUMNS; i++)
		csv_cell(w, str_from(titles[i]));
	csv_end_row(w);
}

void export_csv_row(struct csv_out *w, struct arena *a, const struct xlsx_cell cells[static EXPORT_COLUMNS])
{
	for (size_t i = 0; i < EXPORT_COLUMNS; i++)
		if (cells[i].kind == XLSX_NUMBER)
			csv_cell_i64(w, (int64_t)cells[i].number);
		else if (cells[i].kind == XLSX_TIME)
			csv_cell(w, cells[i].at ? time_text(a, cells[i].at, TIME_CHINA) : STR(""));
		else
			csv_cell_code(w, cells[i].text);
	csv_end_row(w);
}

struct writing {
	struct xlsx_out *x;
	struct db_conn *c;
	struct arena arena; /* of one row */
	int64_t n;
};

static enum err write_row(void *arg, const struct matter_row *r)
{
	struct writing *w = arg;
	struct xlsx_cell cells[EXPORT_COLUMNS];
	enum err e;

	if (w->n++ == EXPORT_XLSX_MOST)
		return ERR_TOO_MUCH;
	export_cells(w->c, &w->arena, r, cells);
	e = xlsx_out_row(w->x, cells, EXPORT_COLUMNS);
	arena_reset(&w->arena);
	return e;
}

enum err export_xlsx(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now, const char *path)
{
	struct writing w = {.c = c};
	enum err e = xlsx_out_open(&w.x, path, "事项", TIME_CHINA), closed;

	if (e != OK)
		return e;
	xlsx_out_head(w.x, titles, widths, EXPORT_COLUMNS);
	arena_init(&w.arena, 0);
	e = matter_each(c, a, s, f, now, write_row, &w);
	arena_release(&w.arena);
	closed = xlsx_out_close(w.x);
	return e != OK ? e : closed;
}
