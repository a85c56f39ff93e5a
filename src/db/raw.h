/*
 * Straight to the libraries, past pool, writer and cache. Only for the raw limits of benchmarks and for the harness of the unit tests,
 * which makes and drops databases: nothing of the program calls it.
 */
#ifndef DB_RAW_H
#define DB_RAW_H

#include "base/arena.h"
#include "base/err.h"

/* One statement on an SQLite file that is only read. On error *why is the library's message. raw_query_close takes NULL too. */
struct raw_query;
CHECKED enum err raw_query_open(struct raw_query **out, const char *file, const char *sql, struct arena *a, struct str *why);
/* Runs it with `text` as ?1; how many rows had a first column that is not 0. */
int64_t raw_query_count(struct raw_query *q, const char *text);
void raw_query_close(struct raw_query *q);

/* One command on a PostgreSQL connection of its own. On error *why is the server's message. */
CHECKED enum err raw_pg_exec(const char *url, const char *sql, struct arena *a, struct str *why);

#endif
