/*
 * What tools/sqlc generates code against. Nobody else calls this; capabilities call the generated q_* functions.
 * Format of .sql files: docs/sql.md.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db/db.h"

enum db_type { DB_I64, DB_F64, DB_BOOL, DB_STR, DB_BLOB };

/* A query text is a list of parts; a part with a condition is left out when that optional parameter is absent. */
struct db_part {
	const char *sqlite, *pg; /* with ?N / $N */
	int when;                /* -1 always, else number (from 0) of the optional parameter */
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
	const struct db_part *parts; /* ends in NULL texts */
};

struct db_value {
	bool null;
	union {
		int64_t i;
		double f;
		bool b;
		struct str s;
	};
};

/* row(arg, values) for each row; stops at the first code that is not OK and returns it. Strings are valid during
 * the call only. changed may be NULL. */
CHECKED enum err db_run(struct db_conn *c, const struct db_query *q, const struct db_value *params,
			enum err (*row)(void *arg, const struct db_value *v), void *arg, int64_t *changed);

#endif
