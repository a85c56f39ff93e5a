/*
 * Writes an XLSX workbook of one sheet, row by row in bounded memory (libxlsxwriter's constant memory mode). Excel and LibreOffice open it
 * without a warning: text is text (never a formula, whatever it begins with), times are real dates of the zone given, the heading row is frozen.
 */
#ifndef DOCGEN_XLSX_WRITE_H
#define DOCGEN_XLSX_WRITE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum xlsx_kind { XLSX_TEXT, XLSX_NUMBER, XLSX_TIME };

struct xlsx_cell {
	enum xlsx_kind kind;
	struct str text;     /* cut at 32,767 characters, which is what a cell can hold */
	double number;
	int64_t at;          /* ms UTC; 0: empty */
};

struct xlsx_out;

/* Makes (or empties) the file. `sheet`: its name, at most 31 characters. offset_minutes: zone of the times. */
CHECKED enum err xlsx_out_open(struct xlsx_out **out, const char *path, const char *sheet, int offset_minutes);
/* Headings with their widths in characters. First row, once. */
void xlsx_out_head(struct xlsx_out *x, const char *const *titles, const unsigned char *widths, size_t n);
/* ERR_TOO_MUCH behind row 1,048,576, the most a sheet can hold. */
CHECKED enum err xlsx_out_row(struct xlsx_out *x, const struct xlsx_cell *cells, size_t n);
/* Finishes the file; ERR_IO when it could not be written (a full disk). x is gone in any case. */
CHECKED enum err xlsx_out_close(struct xlsx_out *x);

#endif
