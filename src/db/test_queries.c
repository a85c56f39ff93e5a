/*
 * Every query of every module, in every combination of its optional conditions, prepares on both engines; on SQLite its
 * plan neither scans a table nor sorts without an index, unless the .sql file says why it may.
 */
#include "tests/unit.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/inner.h"

struct look {
	struct unit *u;
	struct db_conn *c; /* for texts */
	sqlite3 *sqlite;
	PGconn *pg;
	int bad, seen;
};

static void complain(struct look *l, const struct db_query *q, uint64_t mask, const char *what)
{
	l->bad++;
	print_error("%s:%d: %s, optional parameters", q->file, q->line, q->name);
	for (int i = 0; i < q->nparams; i++)
		if (mask >> i & 1)
			print_error(" %d", i + 1);
	print_error("%s: %s\n", mask ? "" : " none", what);
}

static bool is_slow(const char *detail, const char *text)
{
	/* the first rows in the order of an index or of the key: stops after LIMIT rows, as nothing is filtered out */
	if (strncmp(detail, "SCAN ", 5) == 0 && strcasestr(text, "LIMIT") && !strcasestr(text, "WHERE"))
		return false;
	if (strncmp(detail, "USE TEMP B-TREE FOR ORDER BY", 28) == 0 || strncmp(detail, "USE TEMP B-TREE FOR RIGHT PART", 30) == 0)
		return true;
	if (strncmp(detail, "SCAN ", 5) != 0)
		return false;
	/* lists, search indexes, constants and results of sub-queries are no tables */
	return strstr(detail, "VIRTUAL TABLE") == NULL && strncmp(detail, "SCAN CONSTANT", 13) != 0 && strstr(detail, "CONSTANT ROW") == NULL &&
	       strncmp(detail, "SCAN (subquery", 14) != 0;
}

static void check_sqlite(struct look *l, const struct db_query *q, uint64_t mask)
{
	const char *text = db_query_text(l->c, q, mask);
	char what[700];
	sqlite3_stmt *st;
	char *explain;

	if (sqlite3_prepare_v2(l->sqlite, text, -1, &st, NULL) != SQLITE_OK) {
		snprintf(what, sizeof(what), "SQLite: %s", sqlite3_errmsg(l->sqlite));
		complain(l, q, mask, what);
		return;
	}
	if (sqlite3_column_count(st) != q->ncols) {
		snprintf(what, sizeof(what), "%d columns in the text, %d declared", sqlite3_column_count(st), q->ncols);
		complain(l, q, mask, what);
	}
	sqlite3_finalize(st);
	if (q->flags & DB_Q_MAY_SCAN)
		return;
	explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
	assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(l->sqlite, explain, -1, &st, NULL));
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(st, 3);

		if (!is_slow(detail, text))
			continue;
		snprintf(what, sizeof(what), "%s. Give it an index, or say -- may scan: reason", detail);
		complain(l, q, mask, what);
	}
	sqlite3_finalize(st);
	sqlite3_free(explain);
}

/* Declared types must fit what the server says; sums are numeric and read as i64 or f64 alike. */
static bool type_fits(enum db_type t, Oid oid)
{
	switch (oid) {
	case 16:
		return t == DB_BOOL;
	case 20: case 21: case 23:
		return t == DB_I64;
	case 700: case 701:
		return t == DB_F64;
	case 1700:
		return t == DB_I64 || t == DB_F64;
	case 17:
		return t == DB_BLOB;
	default:
		return t == DB_STR;
	}
}

static void check_pg(struct look *l, const struct db_query *q, uint64_t mask)
{
	static const Oid oids[] = {20, 701, 16, 25, 17, 1016, 1009};
	Oid types[64];
	char what[700];
	PGresult *r;

	for (int i = 0; i < q->nparams; i++)
		types[i] = oids[q->params[i]];
	r = PQprepare(l->pg, "", db_query_text(l->c, q, mask), q->nparams, types);
	if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		snprintf(what, sizeof(what), "PostgreSQL: %s", PQresultErrorMessage(r));
		complain(l, q, mask, what);
		PQclear(r);
		return;
	}
	PQclear(r);
	r = PQdescribePrepared(l->pg, "");
	if (PQnfields(r) != q->ncols) {
		snprintf(what, sizeof(what), "PostgreSQL: %d columns in the text, %d declared", PQnfields(r), q->ncols);
		complain(l, q, mask, what);
	}
	for (int i = 0; i < q->ncols && i < PQnfields(r); i++)
		if (!type_fits(q->cols[i], PQftype(r, i))) {
			snprintf(what, sizeof(what), "column %s is declared with another type than PostgreSQL gives (oid %u)", PQfname(r, i),
				 PQftype(r, i));
			complain(l, q, mask, what);
		}
	PQclear(r);
}

static void check_query(struct look *l, const struct db_query *q)
{
	uint64_t all = db_query_conditions(q), mask = 0;

	/* all subsets of the bits in `all` */
	do {
		if (l->sqlite)
			check_sqlite(l, q, mask);
		else
			check_pg(l, q, mask);
		l->seen++;
		mask = (mask - all) & all;
	} while (mask);
}

static void test_all(void **state)
{
	struct look l = {.u = *state};

	l.c = db_conn_new(l.u->db, false);
	if (l.u->engine == DB_PG) {
		l.pg = PQconnectdb(l.u->url);
	} else {
		assert_int_equal(OK, db_conn_ready(l.c));
		l.sqlite = l.c->h;
	}
	for (size_t m = 0; db_modules[m]; m++)
		for (size_t i = 0; db_modules[m]->queries[i]; i++)
			check_query(&l, db_modules[m]->queries[i]);
	PQfinish(l.pg);
	db_conn_free(l.c);
	assert_true(l.seen > 0);
	assert_int_equal(0, l.bad);
}

/* The check itself must see a scan. */
static void test_sees_scans(void **state)
{
	(void)state;
	assert_true(is_slow("SCAN matter", "SELECT a FROM b"));
	assert_true(is_slow("SCAN m USING INDEX matter_created", "SELECT a FROM b"));
	assert_true(is_slow("USE TEMP B-TREE FOR ORDER BY", "SELECT a FROM b"));
	assert_false(is_slow("SEARCH matter USING INTEGER PRIMARY KEY (rowid=?)", "SELECT a FROM b"));
	assert_false(is_slow("SCAN json_each VIRTUAL TABLE INDEX 1:", "SELECT a FROM b"));
	assert_false(is_slow("SCAN journal", "SELECT seq FROM journal ORDER BY seq DESC LIMIT 1"));
	assert_true(is_slow("SCAN journal", "SELECT seq FROM journal WHERE actor = ?1 ORDER BY seq DESC LIMIT 1"));
	assert_false(is_slow("SCAN CONSTANT ROW", "SELECT a FROM b"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {UNIT_BOTH(test_all), cmocka_unit_test(test_sees_scans)};

	return UNIT_MAIN(tests);
}
