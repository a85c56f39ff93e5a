/*
 * Matters of another system into this one: from a CSV or XLSX table by a mapping (docs/import.md). A row that cannot be
 * taken is written to the rejects file with its line and reason, and the import goes on. Repeating an import files
 * nothing twice (source, id); an interrupted one goes on where it stopped.
 */
#ifndef CAP_IMPORTER_IMPORTER_H
#define CAP_IMPORTER_IMPORTER_H

#include <stdbool.h>

#include "cap/importer/mapping.h"
#include "db/db.h"

struct import_options {
	const char *file, *sheet;        /* sheet: NULL = the first */
	const char *rejects;             /* where bad rows go; NULL: FILE.rejected.csv */
	const struct mapping *mapping;   /* from mapping_parse; bound by the run */
	bool dry_run;                    /* checks every row, files nothing */
	bool quiet;                      /* no progress bar */
	bool (*stop)(void);              /* true: ends cleanly, to be resumed; may be NULL */
};

struct import_result {
	int64_t rows;      /* of the table, without the heading */
	int64_t filed, already, rejected, resumed;
	bool stopped;
};

/* Needs journal_init and the scenario loaded. ERR_INPUT when the table or the mapping cannot be used at all. */
CHECKED enum err importer_run(struct db *db, struct arena *a, const struct import_options *o, struct import_result *r, struct str *why);

#endif
