/*
 * The list as a table: one maker of rows for CSV and XLSX. Headings and values are Chinese whoever exports, so that the same
 * file means the same everywhere and data/mappings/gongzhi-export.yaml can read it back.
 */
#ifndef CAP_CASES_EXPORT_ROWS_H
#define CAP_CASES_EXPORT_ROWS_H

#include "base/csv.h"
#include "core/matter/list.h"
#include "docgen/xlsx_write.h"

#define EXPORT_COLUMNS 16
/* Most rows of an XLSX: what Excel opens without a long wait, and what a worker may be busy with. CSV has no such end. */
#define EXPORT_XLSX_MOST 100000

/* The values of one matter; arena text. Title masked; nothing personal, and not the code, whose holder may judge. */
void export_cells(struct db_conn *c, struct arena *a, const struct matter_row *r, struct xlsx_cell out[static EXPORT_COLUMNS]);
void export_csv_head(struct csv_out *w);
void export_csv_row(struct csv_out *w, struct arena *a, const struct xlsx_cell cells[static EXPORT_COLUMNS]);
/* The whole list of one snapshot into a file. ERR_TOO_MUCH behind EXPORT_XLSX_MOST rows; the file is then of no use. */
CHECKED enum err export_xlsx(struct db_conn *c, struct arena *a, const struct matter_scope *s, const struct matter_filter *f, int64_t now,
			     const char *path);

#endif
