/* Any bytes as a table: records stay inside their limits, lines grow, and what is written can be read again. */
#include "base/csv.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(const struct csv_row *row, int64_t *line, const struct csv_options *o)
{
	if (row->line < *line || row->n > o->max_columns)
		BUG("line %lld after %lld, %zu columns", (long long)row->line, (long long)*line, row->n);
	*line = row->line;
	for (size_t i = 0; i < row->n; i++)
		if (row->v[i].n > o->max_field || !utf8_valid(row->v[i]))
			BUG("cell %zu of line %lld", i, (long long)row->line);
}

static void read_back(const struct csv_row *row, struct arena *a)
{
	static const struct csv_options o = {.separator = ','};
	struct csv_row again;
	struct csv_out w;
	struct buf b;
	struct csv *c;
	struct str why;

	buf_init(&b, 1 << 20);
	csv_begin(&w, &b, true);
	for (size_t i = 0; i < row->n; i++)
		csv_cell(&w, row->v[i]);
	csv_end_row(&w);
	if (csv_open_text(&c, buf_str(&b), &o, a, &why) != OK)
		BUG("cannot be opened again");
	if (row->n > 1 && (csv_next(c, &again) != CSV_ROW || again.n != row->n))
		BUG("%zu columns came back as %zu", row->n, again.n);
	for (size_t i = 0; row->n > 1 && i < row->n; i++) {
		bool guarded = again.v[i].n == row->v[i].n + 1 && again.v[i].p[0] == '\'';

		if (!str_eq(guarded ? str_sub(again.v[i], 1, again.v[i].n) : again.v[i], row->v[i]))
			BUG("cell %zu is not what was written", i);
	}
	csv_close(c);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct csv_options o = {.max_row = 4096, .max_field = 512, .max_columns = 16};
	struct csv_row row;
	struct arena a;
	struct csv *c;
	struct str why;
	enum csv_got got;
	int64_t line = 0;
	int rows = 0;

	arena_init(&a, 0);
	if (csv_open_text(&c, (struct str){(const char *)data, size}, &o, &a, &why) == OK) {
		while ((got = csv_next(c, &row)) != CSV_END) {
			check_row(&row, &line, &o);
			if (got == CSV_ROW && rows++ < 4)
				read_back(&row, &a);
		}
		csv_close(c);
	}
	arena_release(&a);
	return 0;
}
