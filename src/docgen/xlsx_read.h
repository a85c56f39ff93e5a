/*
 * Reads an XLSX workbook row by row in bounded memory: libzip for the container, libxml2's streaming reader for the
 * sheets. A cell comes as text, the way a CSV of the sheet would hold it; cells formatted as dates come as
 * "2026-01-02" or "2026-01-02 03:04:05". Meant for the command line and helper processes: the parsers see hostile input.
 * Source: ECMA-376 Part 1, 18.3 (worksheets), 18.4 (shared strings), 18.8.30 (number formats).
 */
#ifndef DOCGEN_XLSX_READ_H
#define DOCGEN_XLSX_READ_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct xlsx;

/* Opens the first sheet (or the one named). *out is freed by xlsx_close. On error *why says what is wrong with the file. */
CHECKED enum err xlsx_open(const char *path, const char *sheet, struct xlsx **out, struct arena *a, struct str *why);
/* Next row that holds anything; cells are valid until the next call. ERR_NOT_FOUND after the last. *number is the row's
 * in the sheet; the caller sets it to 0 before the first call. */
CHECKED enum err xlsx_next(struct xlsx *x, struct str **cells, size_t *n, int64_t *number, struct arena *a, struct str *why);
void xlsx_close(struct xlsx *x);

/* Does the file begin like a ZIP container? */
bool xlsx_looks_like(struct str head);

#endif
