/* A table to import: CSV (UTF-8, GB18030, UTF-16) or the first sheet of an XLSX workbook, told apart by content. */
#ifndef CAP_IMPORTER_TABLE_H
#define CAP_IMPORTER_TABLE_H

#include "base/arena.h"
#include "base/csv.h"

struct table;

CHECKED enum err table_open(const char *path, const char *sheet, struct table **out, struct arena *a, struct str *why);
void table_close(struct table *t);
/* As csv_next: cells are valid until the next call; a bad row tells its line and why. */
enum csv_got table_next(struct table *t, struct csv_row *row);
/* How far reading has come, of table_size (for progress). */
int64_t table_position(const struct table *t);
int64_t table_size(const struct table *t);

#endif
