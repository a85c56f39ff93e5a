#include "docgen/xlsx_write.h"

#include <stdlib.h>
#include <xlsxwriter.h>

#include "base/time.h"
#include "base/utf8.h"

#define MOST_CHARS 32767
#define MOST_ROWS 1048576

struct xlsx_out {
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *head, *time;
	lxw_row_t row;
	int offset;
	struct arena arena; /* of the row */
};

enum err xlsx_out_open(struct xlsx_out **out, const char *path, const char *sheet, int offset_minutes)
{
	lxw_workbook_options o = {.constant_memory = LXW_TRUE};
	struct xlsx_out *x = calloc(1, sizeof(*x));

	if (x == NULL)
		BUG("out of memory");
	arena_init(&x->arena, 0);
	x->offset = offset_minutes;
	x->book = workbook_new_opt(path, &o);
	x->sheet = x->book ? workbook_add_worksheet(x->book, sheet) : NULL;
	if (x->sheet == NULL) {
		if (x->book)
			(void)workbook_close(x->book);
		free(x);
		return ERR_IO;
	}
	x->head = workbook_add_format(x->book);
	format_set_bold(x->head);
	format_set_bottom(x->head, LXW_BORDER_THIN);
	x->time = workbook_add_format(x->book);
	format_set_num_format(x->time, "yyyy-mm-dd hh:mm");
	format_set_align(x->time, LXW_ALIGN_LEFT);
	*out = x;
	return OK;
}

void xlsx_out_head(struct xlsx_out *x, const char *const *titles, const unsigned char *widths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		worksheet_set_column(x->sheet, (lxw_col_t)i, (lxw_col_t)i, widths[i], NULL);
		worksheet_write_string(x->sheet, 0, (lxw_col_t)i, titles[i], x->head);
	}
	worksheet_freeze_panes(x->sheet, 1, 0);
	if (n)
		worksheet_autofilter(x->sheet, 0, 0, 0, (lxw_col_t)(n - 1));
	x->row = 1;
}

static void write_time(struct xlsx_out *x, lxw_col_t col, int64_t at)
{
	struct civil c;
	lxw_datetime t;

	time_civil(at, x->offset, &c);
	t = (lxw_datetime){c.year, c.month, c.day, c.hour, c.minute, c.second};
	worksheet_write_datetime(x->sheet, x->row, col, &t, x->time);
}

static void write_text(struct xlsx_out *x, lxw_col_t col, struct str s)
{
	if (!str_empty(s))
		worksheet_write_string(x->sheet, x->row, col, arena_strz(&x->arena, utf8_cut(s, MOST_CHARS)), NULL);
}

enum err xlsx_out_row(struct xlsx_out *x, const struct xlsx_cell *cells, size_t n)
{
	if (x->row >= MOST_ROWS)
		return ERR_TOO_MUCH;
	for (size_t i = 0; i < n; i++) {
		lxw_col_t col = (lxw_col_t)i;

		switch (cells[i].kind) {
		case XLSX_TEXT:
			write_text(x, col, cells[i].text);
			break;
		case XLSX_NUMBER:
			worksheet_write_number(x->sheet, x->row, col, cells[i].number, NULL);
			break;
		case XLSX_TIME:
			if (cells[i].at)
				write_time(x, col, cells[i].at);
			break;
		}
	}
	x->row++;
	arena_reset(&x->arena);
	return OK;
}

enum err xlsx_out_close(struct xlsx_out *x)
{
	lxw_error e = workbook_close(x->book);

	arena_release(&x->arena);
	free(x);
	return e == LXW_NO_ERROR ? OK : ERR_IO;
}
