/*
 * Tables as text (RFC 4180), streamed: memory does not depend on the size of the file. Reads UTF-8 and GB18030 (told
 * apart by looking at the whole file first) and UTF-16 with a byte order mark, with or without BOM; separators comma, semicolon and TAB. A bad
 * record is reported with its line and reading goes on behind it.
 *
 *	struct csv_row row;
 *	enum csv_got got;
 *
 *	while ((got = csv_next(c, &row)) != CSV_END) {
 *		if (got == CSV_BAD)
 *			report(row.line, row.why);
 *		else ...
 *	}
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct csv_options {
	size_t max_row;     /* bytes of one record; 0 = 1 MiB */
	size_t max_field;   /* bytes of one field; 0 = 256 KiB */
	size_t max_columns; /* 0 = 512 */
	const char *reads;  /* what else the caller takes, for the words about a file that is no table: "CSV/XLSX"; NULL = "CSV" */
	char separator;     /* 0: whichever of , TAB ; the first line has most of */
};

struct csv_row {
	int64_t line;       /* on which the record begins, from 1 */
	struct str *v;      /* valid until the next csv_next; valid UTF-8 without NUL */
	size_t n;
	const char *why;    /* CSV_BAD: what is wrong and how to mend it, "中文 (English)" */
};

enum csv_got { CSV_ROW, CSV_BAD, CSV_END };

struct csv;

/* On error *why tells both languages. The descriptor must be a regular file; it stays the caller's. */
CHECKED enum err csv_open_fd(struct csv **out, int fd, const struct csv_options *o, struct arena *a, struct str *why);
/* The text must stay until csv_close. */
CHECKED enum err csv_open_text(struct csv **out, struct str text, const struct csv_options *o, struct arena *a,
			       struct str *why);
void csv_close(struct csv *c);

/* Empty lines are passed over. A file that cannot be read further gives CSV_BAD once, then CSV_END. */
enum csv_got csv_next(struct csv *c, struct csv_row *row);

const char *csv_encoding(const struct csv *c); /* "UTF-8", "GB18030", "UTF-16LE", "UTF-16BE" */
/* For progress: bytes of the file taken so far, and its size. */
int64_t csv_position(const struct csv *c);
int64_t csv_size(const struct csv *c);
/* Index of the column with that title (white space around it ignored), or -1. */
int csv_column(const struct csv_row *titles, const char *title);

/* ---- writing ---- */

/*
 * A cell that begins with = + - @ TAB or CR is run as a formula by spreadsheet programs: whoever files a report could run code on the
 * desk of whoever opens the export. Such text gets an apostrophe in front (numbers do not).
 */
struct csv_out {
	struct buf *out;
	bool inside; /* of a record */
};

/* bom: so that spreadsheet programs see that it is UTF-8. */
void csv_begin(struct csv_out *w, struct buf *out, bool bom);
void csv_cell(struct csv_out *w, struct str s);
void csv_cell_i64(struct csv_out *w, int64_t v);
/*
 * A code. Spreadsheet programs take one of digits for a number: zeros in front are gone, 12 digits are shown as 5.00105E+11, and what is behind the 15th
 * becomes 0. Such a code gets a TAB in front, inside quotes, which makes it text there; readers that trim see nothing of it.
 */
void csv_cell_code(struct csv_out *w, struct str code);
void csv_end_row(struct csv_out *w);

#endif
