/*
 * What tools/sqlc generates code against. Nobody else calls this; capabilities call the generated q_* functions.
 * Format of .sql files: docs/sql.md.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db/db.h"

enum db_type { DB_I64, DB_F64, DB_BOOL, DB_STR, DB_BLOB, DB_I64_LIST, DB_STR_LIST };

/* A query text is a list of parts; a part with a condition is left out when that optional parameter is absent. */
struct db_part {
	const char *sqlite, *pg; /* with ?N / $N */
	int when;                /* -1 always; n >= 0: only if parameter n (from 0) is present; -2 - n: only if absent */
};

#define DB_Q_MAY_SCAN 1u /* full scan or sort without index accepted, reason stands in the .sql file */
#define DB_Q_WRITE 2u

struct db_query {
	const char *name, *file;
	int line;
	unsigned flags;
	int nparams;
	const enum db_type *params;
	const char *optional; /* one char a parameter: '1' may be absent */
	int ncols;
	const enum db_type *cols;
	const char *nullable; /* one char a column */
	const struct db_part *parts; /* ends in NULL texts */
};

struct db_value {
	bool null;
	union {
		int64_t i;
		double f;
		bool b;
		struct str s;
		struct {
			const void *v; /* int64_t or struct str */
			size_t n;
		} list;
	};
};

/* At most so many values in a list, rows in one answer (use `each` for more). */
#define DB_MAX_LIST 4096
#define DB_MAX_ROWS 200000

/* row(arg, values) for each row; stops at the first code that is not OK and returns it. Strings are valid during
 * the call only. changed may be NULL. */
CHECKED enum err db_run(struct db_conn *c, const struct db_query *q, const struct db_value *params,
			enum err (*row)(void *arg, const struct db_value *v), void *arg, int64_t *changed);

/* Rows of `many` and `one`, gathered by generated code. */
struct db_rows {
	struct arena *a;
	void *v;
	size_t n, cap;
};
/* Room for one more row, zeroed; NULL past DB_MAX_ROWS. */
void *db_rows_add(struct db_rows *r, size_t size);
/* Copies the only row to out; ERR_NOT_FOUND when there is none, ERR_DB (logged) when there are several. */
CHECKED enum err db_rows_one(const struct db_query *q, const struct db_rows *r, void *out, size_t size);

#endif
