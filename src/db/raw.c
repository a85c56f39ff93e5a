#include "db/raw.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "db/inner.h"

struct raw_query {
	sqlite3 *h;
	sqlite3_stmt *st;
};

enum err raw_query_open(struct raw_query **out, const char *file, const char *sql, struct arena *a, struct str *why)
{
	struct raw_query *q = calloc(1, sizeof(*q));

	if (q == NULL)
		BUG("out of memory");
	if (sqlite3_open_v2(file, &q->h, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK || db_fts_register(q->h) != SQLITE_OK ||
	    sqlite3_prepare_v2(q->h, sql, -1, &q->st, NULL) != SQLITE_OK) {
		*why = arena_str(a, str_from(sqlite3_errmsg(q->h)));
		raw_query_close(q);
		return ERR_DB;
	}
	*out = q;
	return OK;
}

int64_t raw_query_count(struct raw_query *q, const char *text)
{
	int64_t n = 0;

	sqlite3_bind_text(q->st, 1, text, -1, SQLITE_STATIC);
	while (sqlite3_step(q->st) == SQLITE_ROW)
		n += sqlite3_column_int64(q->st, 0) != 0;
	sqlite3_reset(q->st);
	return n;
}

void raw_query_close(struct raw_query *q)
{
	if (q == NULL)
		return;
	sqlite3_finalize(q->st);
	sqlite3_close(q->h);
	free(q);
}

enum err raw_pg_exec(const char *url, const char *sql, struct arena *a, struct str *why)
{
	PGconn *c = PQconnectdb(url);
	PGresult *r = PQexec(c, sql);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;

	if (!ok)
		*why = arena_str(a, str_from(PQerrorMessage(c)));
	PQclear(r);
	PQfinish(c);
	return ok ? OK : ERR_DB;
}
